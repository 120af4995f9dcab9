"""A table of numbers that can say which records they were made of."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property, wraps
from typing import Any, NamedTuple, Self, TypeVar

import narwhals as nw
import pandas as pd
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Lang, Text
from ytxdata.metrics.calendar import By
from ytxdata.metrics.definitions import REASONS, define, is_whole
from ytxdata.metrics.facts import Facts, outcome
from ytxdata.metrics.ids import inside, with_account
from ytxdata.metrics.source import ReportSource, Source
from ytxdata.metrics.sums import Lazy, null_like
from ytxdata.tables.described import Definition, in_words, to_arrow
from ytxdata.tables.table import Table
from ytxdata.times import ZONE_NAME, local_second

Trace = Callable[[Mapping[str, Any], str | None], Lazy]
"""From a row of a report, and a column or None, to its records: `meeting_id started_at leg pull_id used reason`."""

TRACED = ("meeting_id", "started_at", "leg", "pull_id", "used", "reason")

PARTIAL = ("is_partial", "covered_pct")
"""Columns of every report that goes by time: whether its period is cut short, and how much of it is covered. They say
how far the data reached when the report was made, not what was counted.
"""

Metric = TypeVar("Metric", bound=Callable[..., "Report"])
MoreReport = TypeVar("MoreReport", bound="Report")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Report(Table):
    """A Table whose numbers were counted by one definition each, and lead back to their records.

    Parameters
    ----------
    frame
        The rows: pandas of a History, an Archive or frames of pandas, as it is typed; else of the engine that came in.
    source
        What it was made from.
    trace
        How a row leads to its records.
    made
        How it is made again from another source.
    by
        What a period of it is (`day`, `week`, `month`, `total`); None of a report that does not go by time.

    Notes
    -----
    A pickle holds the rows and what is said of them, neither the records nor the archive's key; `with_source` gives it
    its records again.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> usage = ytx.metrics.usage(history, by="month")
    >>> len(usage.explain(0)) > 0
    True
    >>> usage.formula(0)["meetings"].en[:40]
    'meetings = 54 meetings: records with a s'
    """

    frame: pd.DataFrame
    source: Source | None = None
    trace: Trace | None = None
    made: Remake | None = None
    by: By | None = None

    @cached_property
    def arrow(self) -> pa.Table:
        """The rows as a PyArrow table, of the same types and zone whatever engine holds them."""
        table = to_arrow(self.frame)
        return table.cast(pa.schema([field.with_type(_alike(field.type)) for field in table.schema]))

    def explain(self, row: int | Mapping[str, Any] | Any, column: str | None = None) -> Any:
        """Return the records a row was made of, and those that were left out, with the reason.

        Parameters
        ----------
        row
            Position of the row in `.frame` (from 0), or the row itself (a mapping, or a pandas row), or as many of
            its values as tell it from the others (`{"period": "2026-03"}`).
        column
            A column whose records differ from those of the row: a peak is made of the legs connected at that moment.

        Returns
        -------
        frame
            One row per leg, or per meeting whose legs are unknown: `account` (of a fleet),
            `meeting_id`, `started_at`, `leg`, `pull_id`, `used`, `reason`
            (a key of `.excluded`, null when fully used); of the same kind as `.frame`, sorted by meeting and leg. A
            pandas frame carries the formula with its numbers in `.attrs["formula"]`; `formula(row)` gives it for all.

        Raises
        ------
        UsageError
            There is no such row or column, or the report was pickled and has lost its records: `with_source`.

        Notes
        -----
        Costs one more pass over the records of the row.
        """
        if self.source is None or self.trace is None:
            raise UsageError(
                Text(f"报表 {self.name} 没有带上记录", f"the report {self.name} came without its records"),
                remedy=Text(
                    "先用 report.with_source(archive) 接回存档", "connect it again: report.with_source(archive)"
                ),
            )
        cells = self._row(row)
        if column is not None and column not in cells:
            raise UsageError(
                Text(f"报表 {self.name} 没有列 {column!r}", f"report {self.name} has no column {column!r}"),
                remedy=Text(f"列：{'、'.join(cells)}", f"its columns are {', '.join(cells)}"),
            )
        records = self.trace(cells, column).sort("meeting_id", "at", "leg", nulls_last=True)
        records, columns = with_account(records, TRACED, self.source.own())
        frame = self.source.finish(records.select(*columns), ("started_at",), frozenset({"leg"}))
        if hasattr(frame, "attrs"):
            frame.attrs["formula"] = self.formula(cells)
        return frame

    def formula(self, row: int | Mapping[str, Any] | Any) -> dict[str, Text]:
        """Return for each number of a row its rule with the number put in.

        Raises
        ------
        UsageError
            There is no such row.
        """
        cells = self._row(row)
        numbers = (int, float, Decimal)  # and a yes or no is none of them
        known = {
            key: value for key, value in cells.items() if isinstance(value, numbers) and not isinstance(value, bool)
        }
        return {rule.key: _filled(rule, known[rule.key]) for rule in self.definitions if rule.key in known}

    def with_source(self, source: ReportSource) -> Self:
        """Return the report with its way back to the records, after it was pickled.

        Parameters
        ----------
        source
            What it was made from: the archive, the history.

        Returns
        -------
        Report
            The same rows. A row that comes out otherwise from this source is not explained, for its records would not
            add up to it; all others are.

        Raises
        ------
        UsageError
            It was not made by a report of `REPORTS` or `compare`, or the source cannot be used.

        Notes
        -----
        Makes the report once more.
        """
        if self.made is None:
            raise UsageError(
                Text(f"不知道报表 {self.name} 是如何制作的", f"how the report {self.name} was made is not known"),
                remedy=Text(
                    "请重新制作；自己的报表请用 @register", "make it anew; put @register on reports of your own"
                ),
            )
        return self._traced_as(self.made(source))

    def _traced_as(self, again: Report) -> Self:
        """Return the rows of this with the records of another one, and the same for the reports that belong to it."""
        rows, trace = [_counted(row) for row in again.arrow.to_pylist()], again.trace

        def checked(cells: Mapping[str, Any], column: str | None) -> Lazy:
            if _counted(cells) not in rows or trace is None:
                raise UsageError(
                    Text(f"报表 {self.name} 的这一行由此来源得出的数不同", f"this row of the report {self.name} has other numbers in this source"),
                    remedy=Text("数据在此之后有变化：请重新制作报表，或给当时的存档", "the data has changed since: make the report anew, or give the archive as it was"),
                )  # fmt: skip
            return trace(cells, column)

        inner = {one.name: getattr(self, one.name) for one in fields(self)}
        parts: dict[str, Any] = {
            name: part._traced_as(getattr(again, name)) for name, part in inner.items() if isinstance(part, Report)
        }
        return replace(self, source=again.source, trace=checked, **parts)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "source": None, "trace": None}

    def plot(self, lang: Lang | None = None, ax: Any = None) -> Any:
        """Draw the report with `ytxdata.plots` and return the axes.

        Parameters
        ----------
        lang
            Language of the labels; by default that of the session (`YTX_LANG`, else the system's), as for tables.
        ax
            Axes of matplotlib to draw on; by default new ones.

        Raises
        ------
        UsageError
            There is no picture of this report.
        """
        from ytxdata.plots import PICTURES

        picture = PICTURES.get(self.name)
        if picture is None:
            raise UsageError(
                Text(f"报表 {self.name} 没有图", f"there is no picture of the report {self.name}"),
                remedy=Text("请用 .frame 自行绘制", "draw .frame yourself"),
            )
        return picture.draw(self, lang=lang, ax=ax)

    def _row(self, row: Any) -> dict[str, Any]:
        cells: dict[str, Any]
        if hasattr(row, "__index__"):
            position = operator.index(row)
            if 0 <= position < self.arrow.num_rows:
                cells = self.arrow.slice(position, 1).to_pylist()[0]
                return cells
        elif hasattr(row, "keys"):
            cells = dict(row)
            if set(cells) >= set(self.arrow.column_names):
                return cells
            found: list[dict[str, Any]] = [
                each for each in self.arrow.to_pylist() if cells and cells.items() <= each.items()
            ]
            if len(found) == 1:
                return found[0]
        raise UsageError(
            Text(f"报表 {self.name} 没有这一行：{row!r}", f"report {self.name} has no row {row!r}"),
            remedy=Text(
                f"请给行号（共 {self.arrow.num_rows} 行，从 0 数起）、整行，或只属于一行的几个值",
                f"give its position (it has {self.arrow.num_rows} rows, counted from 0), the row itself, or values that only one row has",
            ),
        )


class Remake(NamedTuple):
    """How a report was made: by which function, what its source is called there, and what else it was asked."""

    function: Callable[..., Report]
    source: str
    asked: Mapping[str, Any]

    def __call__(self, source: ReportSource) -> Report:
        """Make it from another source."""
        return self.function(**{self.source: source}, **self.asked)


def remembering(function: Metric, source: str | None = None) -> Metric:
    """Return the function with reports that know how they were made.

    Parameters
    ----------
    source
        The parameter that is the source; the first one when not given.
    """
    signature = inspect.signature(function)
    named = source or next(iter(signature.parameters))
    rest = {one.name for one in signature.parameters.values() if one.kind is inspect.Parameter.VAR_KEYWORD}

    @wraps(function)
    def made(*args: Any, **kwargs: Any) -> Report:
        report = function(*args, **kwargs)
        told = signature.bind(*args, **kwargs).arguments
        asked = {name: value for name, value in told.items() if name not in rest and name != named}
        for name in rest:
            asked |= told.get(name, {})
        return replace(report, made=Remake(made, named, asked), notes=(*report.notes, *_unjudged(report)))

    return made  # type: ignore[return-value]  # the same parameters and the same kind of report


def _unjudged(report: Report) -> tuple[Text, ...]:
    """Return the note of a report that counts meetings from before the first claim: what was read first shows nothing
    of what it leaves out before itself, and a verdict must not be taken for one about figures that it says nothing of.
    """
    begins: datetime | None = getattr(report.certificate, "start", None)
    if report.period is None or begins is None or report.period[0] >= begins:
        return ()
    return (UNJUDGED,)


UNJUDGED = Text(
    "计入的会议始于完整性结论所述期间之前：此前结束的会议可能不全",
    "meetings are counted from before the period of the verdict on completeness: of those that ended before it, some may be missing",
)
"""What is said of figures from before the first claim."""


def _counted(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row that were counted, whatever its engine calls unknown."""
    # rows that users give may be those of pandas, which has three ways to say that nothing is known
    return {str(name): None if pd.isna(value) else value for name, value in row.items() if str(name) not in PARTIAL}


def _alike(kind: pa.DataType) -> pa.DataType:
    """DuckDB labels instants with the zone of its session, and Polars has texts of another size: the same values
    under other names.
    """
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return pa.timestamp("us", ZONE_NAME)
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


def _filled(rule: Definition, value: Any) -> Text:
    """The rule with its number put in: minutes as the whole seconds they were divided from."""

    def number(lang: Lang) -> str:
        plain = in_words(value, rule.unit, lang)
        return f"{in_words(round(value * 60), 's', lang)} ÷ 60 = {plain}" if rule.unit == "min" else plain

    told = "".join(f"; {name} = {setting}" for name, setting in rule.parameters.items())
    return Text(
        f"{rule.zh} = {number('zh')}：{rule.formula.zh}{told}", f"{rule.en} = {number('en')}: {rule.formula.en}{told}"
    )


def more_than(report: Report, kind: type[MoreReport], **more: Any) -> MoreReport:
    """Return a report as a kind of it that holds more."""
    return kind(**{one.name: getattr(report, one.name) for one in fields(report)}, **more)


def excluded_of(reports: Iterable[Report]) -> dict[str, tuple[Text, int]]:
    """Return what several reports together left out, by reason."""
    excluded: dict[str, tuple[Text, int]] = {}
    for reason, (text, n) in (one for report in reports for one in report.excluded.items()):
        excluded[reason] = text, n + excluded.get(reason, (text, 0))[1]
    return excluded


def build(
    facts: Facts, name: str, title: Text, frame: Lazy, columns: tuple[str, ...], trace: Trace, *,
    instants: tuple[str, ...] = (), excluded: Mapping[str, int] | None = None,
    notes: tuple[Text, ...] = (), own: tuple[str, ...] = (), **parameters: object,
) -> Report:  # fmt: skip
    """Return the report of some lazy rows: finished on their engine, with everything its reader must know.

    `excluded` adds reasons of its own. `own` are columns whose texts are an account's own, beside those that always
    are: rows then say whose they are.
    """
    own = facts.source.own(*own)
    frame, columns = with_account(frame, columns, own)
    counts = outcome(facts).excluded | dict(excluded or {})
    told = {"min_parties": facts.scope.min_parties, "day_of": facts.scope.day_of} | parameters
    return Report(
        frame=facts.source.finish(frame.select(*columns), instants, {key for key in columns if is_whole(key)}),
        name=name,
        title=title,
        definitions=define(*columns, accounts=facts.source.accounts or (), **told),
        notes=(*facts.source.notes, _day_note(facts), *notes),
        period=outcome(facts).period,
        excluded={reason: (REASONS[reason], n) for reason, n in counts.items() if n},
        certificate=_certificate(facts),
        source=facts.source,
        trace=lambda cells, column: trace(inside(cells, own), column),
    )


def _certificate(facts: Facts) -> Any:
    """What is claimed about the period the user asked for, whichever edge is open; about all there is when none was
    given.
    """
    certificate, scope = facts.source.certificate, facts.scope
    if callable(certificate):
        return certificate(scope.start, scope.end)
    narrow = getattr(certificate, "so_far", None)
    return certificate if narrow is None else narrow(scope.start, scope.end)


def _day_note(facts: Facts) -> Text:
    if facts.scope.day_of == "ends":
        return Text(
            "会议归入其结束所在的北京时间日；24:00 结束的归入当日",
            "a meeting belongs to the day of Beijing time on which it ends; an end at 24:00 closes its day",
        )
    return Text("会议归入其开始所在的北京时间日；周从星期一开始", "a meeting belongs to the day of Beijing time on which it starts; weeks begin on Monday")  # fmt: skip


def same_meeting(row: Mapping[str, Any]) -> nw.Expr:
    """Return which records are of the meeting of a row: its id alone may stand for several."""
    of_id: nw.Expr = nw.col("meeting_id") == row["meeting_id"]
    return of_id & (nw.col("started_at") == local_second(row["started_at"]))


def evidence(facts: Facts) -> Lazy:
    """Return one row per party listed, or per meeting without a list: what a trace filters.

    Columns: `meeting_id started_at leg pull_id used reason`, and what rows are made by: `key at creator name person
    number j end size is_known …`.
    """
    whole = facts.meetings.select(
        "key",
        "meeting_id",
        "pull_id",
        "at",
        "creator",
        "name",
        "size",
        "meeting_s",
        "counts",
        "is_known",
        "first",
        "last",
        "rows",
        started_at=nw.col("s"),
    )
    parties = facts.legs.join(whole, on="key", how="inner").select(
        *whole.collect_schema().names(), "leg", "person", "number", "j", "end",
        reason=nw.when(nw.col("j").is_null()).then(nw.lit("never_joined"))
        .otherwise(nw.when(~nw.col("counts")).then(nw.lit("too_few_people"))
        .otherwise(nw.when(nw.col("end").is_null()).then(nw.lit("leg_end_unknown")))),
    )  # fmt: skip
    unlisted = whole.filter(nw.coalesce(nw.col("rows"), nw.lit(0)) == 0).with_columns(
        leg=null_like("at"), person=null_like("meeting_id"), number=null_like("meeting_id"),
        j=null_like("at"), end=null_like("at"),
        reason=nw.when(~nw.col("counts")).then(nw.lit("too_few_people"))
        .otherwise(nw.when(~nw.col("is_known")).then(nw.lit("legs_unknown"))),
    )  # fmt: skip
    columns = parties.collect_schema().names()
    out = nw.col("reason").is_in(["never_joined", "too_few_people"])
    return nw.concat([parties, unlisted.select(*columns)]).with_columns(used=nw.col("reason").is_null() | ~out)
