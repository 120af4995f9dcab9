"""What a report without small groups says of time: nothing of an instant at which somebody met.

Of a person alone, or of a hidden group, the first instant that is claimed is when its oldest meeting ended; and what
is said of a day may be said of its one meeting.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa

from ytxdata.labels import Text, in_one
from ytxdata.metrics.breakdown import accounts_of
from ytxdata.metrics.calendar import bounds
from ytxdata.metrics.facts import Scope
from ytxdata.metrics.groups import groups_of
from ytxdata.metrics.registry import Ask
from ytxdata.metrics.report import PARTIAL, Report
from ytxdata.pages.collection import Collection
from ytxdata.times import BEIJING

Interval = tuple[datetime, datetime]

TWO_WEEKS = timedelta(days=14)
"""From how long a period on every weekday lies in several weeks, so that a heat map's weekdays are no days."""

_COVERED = PARTIAL[1]
_WHOLE_DAYS = Text("；只算整天", "; of days that are known whole alone")


def without_instants(collected: Collection) -> Collection:
    """Return the reports with one verdict (of a fleet: for each account), about whole months or, by the day, days.

    Of a person alone the first instant that is claimed, the size of answers and their pace told how many meetings there
    were, and when; and an edge that nobody chose is the first instant of somebody's meeting, or the last.
    """
    if collected.period is None:
        return collected
    period, before = widened(collected.period, collected.ask), collected.before
    plain = collected.certificate.about(*period)
    return replace(
        collected,
        period=period,
        certificate=plain,
        coverage=replace(collected.coverage, frame=plain.frame, period=period, certificate=plain),
        before=before and (before[0], before[1].about(*before[0])),
        reports={name: replace(report, certificate=plain, period=period) for name, report in collected.reports.items()},
    )


def widened(period: Interval, ask: Ask) -> Interval:
    """Return the period from the first instant of its first row to the last of its last, where nobody chose its edges."""
    start, last = period[0].astimezone(BEIJING), (period[1] - timedelta(microseconds=1)).astimezone(BEIJING)
    if ask.by == "day":
        edges = start, last + timedelta(days=1)
    else:
        edges = start.replace(day=1), last.replace(day=28) + timedelta(days=4)
        edges = edges[0], edges[1].replace(day=1)
    first, end = (edge.replace(hour=0, minute=0, second=0, microsecond=0) for edge in edges)
    return ask.start or first, ask.end or end


def whole_days_alone(report: Report, ask: Ask) -> Report:
    """Return a report whose shares of covered time are of whole days: to four digits of a month, or all digits of a
    Parquet file, they are the second at which what is claimed begins, the end of the oldest meeting there is.
    """
    rows, source = report.arrow, report.source
    if source is None or _COVERED not in rows.column_names:
        return report
    known, asked = source.known_spans.in_whole_days(), Scope.of(ask.start, ask.end).edges
    of: dict[str, frozenset[str]] = {}
    groups = [""] * rows.num_rows
    if ask.group is not None and "group" in rows.column_names:
        of = accounts_of(groups_of(source, ask.group, ask.book, ask.group_of or "creator"))
        groups = rows["group"].to_pylist()
    each = list(zip(rows["period"].to_pylist(), map(of.get, groups), strict=True))
    shares = {(one, its): known.of_accounts(its).share(bounds(one, ask.by) or asked, asked) for one, its in {*each}}
    covered = pa.array([shares[one] for one in each], pa.float64())
    return replace(
        report,
        frame=rows.set_column(rows.column_names.index(_COVERED), _COVERED, covered),
        definitions=tuple(
            replace(one, formula=in_one([one.formula, _WHOLE_DAYS], "", "")) if one.key == _COVERED else one
            for one in report.definitions
        ),
    )


def tells_days(report: Report, collected: Collection) -> bool:
    """Tell whether a table by weekday gives sums of days, of which one may be hidden."""
    if "weekday" not in report.arrow.column_names or collected.period is None or collected.ask.by == "total":
        return False
    start, end = collected.period
    return collected.ask.by == "day" or end - start < TWO_WEEKS
