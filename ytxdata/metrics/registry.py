"""Every report there is, as data: a metric is a function under `@register`, and is then a verb of the package, a page
and a file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

from ytxdata.errors import UsageError
from ytxdata.labels import NO_TEXT, Text, closest
from ytxdata.metrics.by_account import of_a_fleet, of_sources
from ytxdata.metrics.calendar import By, until
from ytxdata.metrics.definitions import add_definitions
from ytxdata.metrics.groups import Book, Group, GroupOf
from ytxdata.metrics.ids import ACCOUNT
from ytxdata.metrics.months import from_months
from ytxdata.metrics.report import Metric, Report, remembering
from ytxdata.metrics.source import OnEngine
from ytxdata.metrics.tariff import Tariff
from ytxdata.selection import BY_PARTIES, Selection, selected
from ytxdata.tables.described import Definition
from ytxdata.times import Instant

if TYPE_CHECKING:
    from ytxdata.metrics.source import ReportSource


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What is asked of all reports alike; each takes of it what it has a parameter for.

    Parameters
    ----------
    start, end
        Edges of the half-open period; None for all there is.
    by
        `day`, `week`, `month` or `total`, for the reports that go by time.
    tariff
        How connections are billed; without one there are no costs.
    lines
        Purchased lines, for concurrency.
    invoice
        What was invoiced, to be shared: an amount, or a list by period or by meeting.
    group, book, group_of
        Groups, the address book that knows them, and whose group counts, for the reports that have groups; `group_of`
        None leaves it to each.
    only
        Conditions of `only`: which meetings are left, or None for all.

    Examples
    --------
    >>> from ytxdata.metrics.registry import Ask
    >>> Ask(by="week", lines=20).by
    'week'
    """

    start: datetime | None = None
    end: datetime | None = None
    by: By = "month"
    tariff: Tariff | None = None
    lines: int | None = None
    invoice: Any = None
    group: Group | None = None
    book: Book | None = None
    group_of: GroupOf | None = None
    only: Mapping[str, tuple[str, ...]] | None = None

    @property
    def whole(self) -> Ask:
        """The same in total: without periods and groups."""
        return replace(self, by="total", group=None, group_of=None)

    def of(self, source: ReportSource) -> ReportSource:
        """Return the source, or the meetings of it that were asked for."""
        return selected(source, self.only, self.book) if self.only else source

    def before(self, last: datetime | None) -> Ask | None:
        """Return the same for the period it is compared with, cut as `compare` cuts it where there is data only until
        `last`; None when this one has no beginning or no end, or nothing of it is there yet.

        Examples
        --------
        >>> from datetime import UTC
        >>> ten_days = Ask(start=datetime(2026, 1, 11, tzinfo=UTC)).before(datetime(2026, 1, 21, tzinfo=UTC))
        >>> ten_days.start.astimezone(UTC).isoformat()
        '2026-01-01T00:00:00+00:00'
        """
        last = last or self.end
        if self.start is None or last is None or min(last, self.end or last) <= self.start:
            return None
        _, (start, end) = until(self.start, self.end, last)
        return replace(self, start=start, end=end)


_ASKED = frozenset(one.name for one in fields(Ask))


@dataclass(frozen=True)
class Registered:
    """A report that can be made by its name.

    Parameters
    ----------
    function
        The metric.
    place
        Where it stands on a page; one's own come last.
    rows
        How many rows a page shows of it; with 0 it is too long for a page and stands in the files only.
    is_folded
        Whether a page folds the rows away under the picture.
    is_personal
        Whether a row is one person or one meeting, so that nothing of it may be published of small groups.
    needs
        What must be given for it to be made: `tariff`, or one of several, `tariff|invoice`.
    takes
        The fields of an `Ask` that it has a parameter for.
    """

    function: Callable[..., Report]
    place: int
    rows: int = 0
    is_folded: bool = False
    is_personal: bool = False
    needs: tuple[str, ...] = ()
    takes: frozenset[str] = field(default_factory=frozenset)

    def is_possible(self, ask: Ask) -> bool:
        """Return whether everything it needs was given."""
        return not self.missing(ask)

    def missing(self, ask: Ask) -> list[str]:
        """Return what was not given of what it needs."""
        return [need for need in self.needs if all(getattr(ask, name) is None for name in need.split("|"))]


REPORTS: dict[str, Registered] = {}
"""Name → report, in the order of a page: those of the package, then one's own."""


def register(
    *, rows: int = 0, place: int = 1_000, folded: bool = False, personal: bool = False, needs: Iterable[str] = (),
    own: Iterable[str] = (), definitions: Iterable[Definition] = (),
) -> Callable[[Metric], Metric]:  # fmt: skip
    """Make a metric known by its name: it is then part of `ytxdata report`, of pages, workbooks and `ytxdata explain`.

    Its parameters say what it can be asked: `start`, `end`, `by`, `tariff`, `lines` are given to those that have them.

    Parameters
    ----------
    rows
        How many rows a page shows; with 0 it stands in the files only.
    place
        Where it stands on a page; by default behind those of the package.
    folded
        Fold the rows away under the picture. A picture is drawn by the function of the same name in `ytxdata.plots`,
        if there is one.
    personal
        A row is one person or one meeting: left out where small groups are hidden.
    needs
        What must be given for it to be made at all: `tariff`, or one of several, `tariff|invoice`.
    own
        Parameters that are called like those of all reports and mean something of its own.
    definitions
        Columns that no other report has: what they mean, in Chinese and English.

    Returns
    -------
    decorator
        It gives the function back; its reports remember what they were asked.

    Raises
    ------
    UsageError
        The package has a report of this name, a column of these already means something else, or `needs` names what
        is never asked.

    Examples
    --------
    The share of meetings under five minutes, by any period, on any engine, and explained like all others:

    >>> import narwhals as nw
    >>> from ytxdata import metrics
    >>> @metrics.register(
    ...     rows=12,
    ...     definitions=[metrics.Definition(key="short_pct", zh="短会占比", en="short meetings", unit="%",
    ...         formula=metrics.Text("不足 5 分钟的会议 × 100 ÷ 会议数", "meetings under 5 minutes × 100 ÷ meetings"))],
    ... )
    ... def short_meetings(source, start=None, end=None, by="month"):
    ...     rows = metrics.Breakdown.of(source, start, end, by)
    ...     timed = rows.meetings.filter(~nw.col("meeting_s").is_null())
    ...     sums = rows.add_up(timed.with_columns(short=(nw.col("meeting_s") < 300).cast(nw.Int64)), "short")
    ...     shown = sums.with_columns(meetings=nw.col("n"), short_pct=metrics.percent("short", "n"))
    ...     return rows.report("short_meetings", metrics.Text("短会", "Short meetings"), shown, ("meetings", "short_pct"))
    >>> list(metrics.REPORTS)[-1]
    'short_meetings'
    >>> del metrics.REPORTS["short_meetings"]  # and forgotten again
    """

    def keep(function: Metric) -> Metric:
        name, takes = function.__name__, _ASKED & set(inspect.signature(function).parameters) - set(own)
        before = REPORTS.get(name)
        # a cell of a notebook is run again and again: one's own may be replaced, never one of the package by one's own
        if before is not None and _is_ours(before.function) and not _is_ours(function):
            raise UsageError(
                Text(f"已有报表 {name}", f"there is a report {name}"),
                remedy=Text("请换一个函数名", "give the function another name"),
            )
        strange = ", ".join(sorted({name for need in needs for name in need.split("|")} - takes))
        if strange:
            raise UsageError(
                Text(f"报表 {name} 没有参数 {strange}", f"the report {name} has no parameter {strange}"),
                remedy=Text("needs 只能是它的参数", "needs names parameters of the function"),
            )
        add_definitions(definitions)
        kept = of_sources(remembering(of_periods(function)))
        found = {**REPORTS, name: Registered(kept, place, rows, folded, personal, tuple(needs), takes)}
        REPORTS.clear()
        REPORTS.update(sorted(found.items(), key=lambda item: item[1].place))
        return kept

    return keep


def of_periods(metric: Metric) -> Metric:
    """Return the metric, which now reads of an archive what the period it is asked about needs, and little else, and
    counts no month of it twice.
    """
    signature = inspect.signature(metric)
    if not {"start", "end"} <= set(signature.parameters):
        return metric
    named = next(iter(signature.parameters))

    @wraps(metric)
    def made(*args: Any, **kwargs: Any) -> Report:
        asked = signature.bind(*args, **kwargs)
        if (report := from_months(metric, asked)) is not None:
            return report
        given = asked.arguments
        given[named] = around(given[named], given.get("start"), given.get("end"))
        return metric(*asked.args, **asked.kwargs)

    return made  # type: ignore[return-value]  # the same parameters and the same kind of report


def around(source: Any, start: Instant | None, end: Instant | None) -> Any:
    """Return an archive, or what was selected of it, with what a period needs; anything else as it is."""
    # of meetings that reports only count as left out, not all parties are there to choose by
    if isinstance(source, Selection) and BY_PARTIES & set(source.conditions):
        return source
    if isinstance(source, Selection | OnEngine):
        return replace(source, source=around(source.source, start, end))
    is_bounded = (start is not None or end is not None) and hasattr(source, "around")
    return source.around(start, end) if is_bounded else source


def _is_ours(function: Callable[..., Report]) -> bool:
    return function.__module__.startswith("ytxdata.")


def registered(name: str, ask: Ask) -> Registered:
    """Return a report by its name that can be made.

    Raises
    ------
    UsageError
        There is none of this name, or what it needs was not given.

    Examples
    --------
    >>> from ytxdata.metrics.registry import Ask, registered
    >>> registered("usage", Ask()).place
    10
    """
    if name not in REPORTS:
        listed, meant = ", ".join(REPORTS), closest(name, REPORTS)
        near = Text(f"是不是 {meant}？", f"did you mean {meant}? ") if meant else NO_TEXT
        raise UsageError(
            Text(f"没有报表 {name!r}", f"there is no report {name!r}"),
            remedy=Text(f"{near.zh}可选：{listed}", f"{near.en}choose one of {listed}"),
        )
    report = REPORTS[name]
    missing = report.missing(ask)
    if missing:
        listed, options = ", ".join(missing), ", ".join(f"--{need.replace('|', ' / --')}" for need in missing)
        raise UsageError(
            Text(f"报表 {name} 需要 {listed}", f"the report {name} needs {listed}"),
            remedy=Text(f"用 {options} 指定；示例见 data/ 目录", f"give {options}; there are examples in data/"),
        )
    return report


def make(name: str, source: ReportSource, ask: Ask) -> Report:
    """Return one report by its name.

    Raises
    ------
    UsageError
        As `registered`.
    """
    report = registered(name, ask)
    # what was not asked is left to each report: groups of chargeback are departments unless others are wanted
    given = {name: getattr(ask, name) for name in report.takes}
    asked = {name: value for name, value in given.items() if value is not None}
    if ask.group == ACCOUNT and of_a_fleet(source):
        asked["group"] = ACCOUNT  # whose a row is can be said of every report of a fleet
    return report.function(source, **asked)
