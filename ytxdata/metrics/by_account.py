"""Reports of a fleet: of each account by itself, one below the other.

Ids of meetings and numbers of people are an account's own: nothing of two accounts is ever joined or counted as one.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.definitions import define
from ytxdata.metrics.ids import ACCOUNT
from ytxdata.metrics.report import Metric, Remake, Report, excluded_of
from ytxdata.metrics.source import ReportSource, Where, on_engine
from ytxdata.records.schema import to_pandas
from ytxdata.selection import Selection

_GROUP = Text("账户", "account")
_NOTE = Text(
    "各账户并列：同一号码在两个账户里算两个人，不同账户的会议互不合并",
    "accounts stand side by side: one number in two accounts is two people, and no meetings of two accounts are joined",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SideBySide(Report):
    """The reports of several accounts, one below the other; the column `group` says whose a row is, or `account` where
    rows have groups of their own.

    Parameters
    ----------
    parts
        Name of the account → its report.
    """

    parts: Mapping[str, Report] = field(default_factory=dict)

    def explain(self, row: int | Mapping[str, Any] | Any, column: str | None = None) -> Any:
        """Return the records of a row, as the report of its account does.

        Raises
        ------
        UsageError
            As there.
        """
        cells = self._row(row)
        whose = ACCOUNT if ACCOUNT in cells else "group"
        return self.parts[cells[whose]].explain({key: value for key, value in cells.items() if key != whose}, column)

    def with_source(self, source: ReportSource) -> Self:
        """Return the report with its way back to the records, after it was pickled.

        Parameters
        ----------
        source
            The fleet.

        Raises
        ------
        UsageError
            As of a report of one account.
        """
        accounts = dict(_accounts(source))
        return replace(self, parts={name: part.with_source(accounts[name]) for name, part in self.parts.items()})


def of_a_fleet(source: object) -> bool:
    """Return whether something is a fleet, or some meetings of one: it has accounts, and an archive of each."""
    if isinstance(source, Selection):
        source = source.source
    return hasattr(source, "names") and hasattr(source, "where") and hasattr(source, "__getitem__")


def _accounts(source: Any, where: Where | None = None) -> Iterator[tuple[str, Any]]:
    """Yield name and source of each account of a fleet, or of some meetings of it, of which anything can be read."""
    fleet = source.source if isinstance(source, Selection) else source
    for name in getattr(fleet, "readable", fleet.names):
        one = replace(source, source=fleet[name]) if isinstance(source, Selection) else fleet[name]
        yield name, on_engine(one, where or {})


def of_sources(metric: Metric) -> Metric:
    """Return the metric, which now can be asked on which engine it is counted, and takes fleets: with
    `group="account"` each account by itself.
    """
    known = inspect.signature(metric).parameters
    named = next(iter(known))
    takes_any = any(one.kind is one.VAR_KEYWORD for name, one in known.items() if name != "_where")

    def alone(*args: Any, **kwargs: Any) -> Report:
        # by this name a pickle finds it again: the metric inside of it has none
        report = metric(*args, **kwargs)
        return replace(report, made=report.made and report.made._replace(function=made))

    @wraps(metric)
    def made(*args: Any, **kwargs: Any) -> Report:
        where: Any = {key: kwargs.pop(key) for key in ("engine", "spark", "cache") if key in kwargs}
        source = args[0] if args else kwargs.get(named)
        rest = {key: value for key, value in kwargs.items() if key != named}
        fleet = source.source if isinstance(source, Selection) else source
        is_apart = of_a_fleet(fleet) and rest.get("group") == ACCOUNT
        if is_apart:
            if rest.get("invoice") is not None:
                # each would be given the whole of it
                raise UsageError(
                    Text("一张账单不能由每个账户各分一遍", "one invoice cannot be shared once by each account"),
                    remedy=Text("不用 group=\"account\"，或用 fleet[name] 给出该账户自己的账单", "leave group=\"account\" out, or share each account's own invoice with fleet[name]"),
                )  # fmt: skip
            del rest["group"]
            fleet = getattr(fleet, "still", lambda: fleet)()
            source = replace(source, source=fleet) if isinstance(source, Selection) else fleet
        strange = next((key for key in rest if key not in known or key == "_where"), None)
        if strange is not None and not takes_any:
            # `**_where` stands in the signature for editors: it must not swallow a word that was misspelt
            raise TypeError(f"{metric.__name__}() got an unexpected keyword argument {strange!r}")
        if not is_apart:
            return alone(on_engine(source, where), *args[1:], **rest) if args or named in kwargs else alone(**rest)
        parts = {name: alone(one, *args[1:], **rest) for name, one in _accounts(source, where)}
        if not parts:
            raise no_accounts()
        asked = {**next(iter(parts.values())).made.asked, "group": ACCOUNT}  # type: ignore[union-attr]  # made by its name
        return replace(_stacked(parts, fleet), made=Remake(made, named, asked))

    return made  # type: ignore[return-value]  # the same parameters and the same kind of report


def no_accounts() -> UsageError:
    """Return the error that nothing can be read of any account of a fleet."""
    return UsageError(
        Text("没有可读取的账户", "there is no account of which anything can be read"),
        remedy=Text("先运行 ytxdata fleet sync；fleet.status() 说明原因", "run ytxdata fleet sync first; fleet.status() says why"),
    )  # fmt: skip


def _stacked(parts: Mapping[str, Report], fleet: Any) -> SideBySide:
    first = next(iter(parts.values()))
    columns = first.arrow.column_names
    place = 1 if columns[:1] == ["period"] else 0
    whose = ACCOUNT if "group" in columns else "group"
    tables = [
        part.arrow.add_column(place, whose, pa.array([name] * part.arrow.num_rows, pa.string()))
        for name, part in parts.items()
    ]
    rows = pa.concat_tables(tables, promote_options="permissive")
    if place:
        # by period first, as every report that goes by time; the order of the accounts stays within each
        rows = rows.append_column("n", pa.array(range(rows.num_rows)))
        rows = rows.take(pc.sort_indices(rows, [("period", "ascending"), ("n", "ascending")])).drop_columns(["n"])
    told = replace(*define(whose), names=tuple(fleet.names))
    if whose != ACCOUNT:
        told = replace(told, zh=f"{told.zh}（{_GROUP.zh}）", en=f"{told.en} ({_GROUP.en})")
    periods = [part.period for part in parts.values() if part.period is not None]
    start, end = (min(one[0] for one in periods), max(one[1] for one in periods)) if periods else (None, None)
    definitions = {one.key: one for part in parts.values() for one in part.definitions}
    return SideBySide(
        frame=to_pandas(rows),
        name=first.name,
        title=first.title,
        by=first.by,
        definitions=(told, *definitions.values()),
        notes=(
            _NOTE,
            *getattr(fleet, "contents", ()),
            *dict.fromkeys(note for part in parts.values() for note in part.notes),
        ),
        period=None if start is None or end is None else (start, end),
        excluded=excluded_of(parts.values()),
        certificate=fleet.certificate(start, end) if periods else fleet.certificate(),
        parts=parts,
        order=(*columns[:place], whose, *(key for key in first.order if key not in columns[:place])),
    )
