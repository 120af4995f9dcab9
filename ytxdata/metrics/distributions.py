"""How meetings spread: over classes of size and length, over weekdays and hours, inside and outside working hours."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Unpack

import narwhals as nw
import pyarrow as pa

from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import DAY, WORKING_HOURS, By, worked
from ytxdata.metrics.facts import DayOf
from ytxdata.metrics.groups import SIZES, Book, Group
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import ReportSource, Where
from ytxdata.metrics.sums import Lazy, add_up, distinct, minutes, percent, whole_sums
from ytxdata.times import Instant

DURATIONS = (("< 1", 0), ("1–5", 60), ("5–15", 300), ("15–30", 900), ("30–60", 1800), ("60–120", 3600), ("120–240", 7200), ("≥ 240", 14400))  # fmt: skip
"""Duration class [min] and the fewest seconds in it; the next class's are no longer in it."""


@register(place=70, rows=8)
def sizes(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
    **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Count meetings by how many people they had (withheld legs included).

    One row is a class, also an empty one. Meetings whose legs are unknown are left out and counted.

    Parameters
    ----------
    source, start, end, group, book, min_parties, day_of
        As in `usage`; with groups each has a row of its own for every class, and shares are of the group.

    Returns
    -------
    Report
        `size_bucket meetings share_pct meeting_minutes`, always 8 rows (of each group), from small to large; with
        `min_parties=0` a ninth, `0`, comes first: meetings that nobody joined.

    Raises
    ------
    UsageError
        As in `usage`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> ytx.metrics.sizes(history).frame["size_bucket"].tolist()[:4]
    ['1', '2', '3–5', '6–10']
    """
    rows = Breakdown.of(source, start, end, group=group, book=book, min_parties=min_parties, day_of=day_of)
    classes = SIZES if min_parties else (("0", 0), *SIZES)
    return _classes(rows, "sizes", Text("会议规模", "Sizes"), "size_bucket", "size", classes)


@register(place=80, rows=8)
def durations(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
    **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Count meetings by how long they lasted.

    One row is a class `[a, b)` of minutes, also an empty one. Meetings whose end is unknown are left out and counted.

    Parameters
    ----------
    source, start, end, group, book, min_parties, day_of
        As in `usage`; with groups each has a row of its own for every class, and shares are of the group.

    Returns
    -------
    Report
        `duration_class meetings share_pct meeting_minutes`, always 8 rows (of each group), from short to long.

    Raises
    ------
    UsageError
        As in `usage`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> ytx.metrics.durations(history).frame["duration_class"].tolist()[:4]
    ['< 1', '1–5', '5–15', '15–30']
    """
    rows = Breakdown.of(source, start, end, group=group, book=book, min_parties=min_parties, day_of=day_of)
    return _classes(rows, "durations", Text("会议时长分布", "Durations"), "duration_class", "meeting_s", DURATIONS)


def _classes(
    rows: Breakdown, name: str, title: Text, key: str, column: str, classes: Sequence[tuple[str, int]]
) -> Report:
    place = sum(((nw.col(column) >= low).cast(nw.Int64) for _, low in classes[1:]), nw.lit(0, nw.Int64))
    known = rows.meetings.filter(~nw.col(column).is_null()).with_columns(place=place)
    sums = add_up(known, ("row", "place"), ("meeting_s",))
    labels = rows.source.engine.small(
        pa.table({"place": pa.array(range(len(classes)), pa.int64()), key: pa.array([text for text, _ in classes])})
    )
    every = rows.occurring(known).join(labels, how="cross").join(sums, on=["row", "place"], how="left")
    counted = every.with_columns(meetings=nw.coalesce(nw.col("n"), nw.lit(0)).cast(nw.Int64))
    shown = counted.with_columns(total=nw.col("meetings").sum().over("row")).with_columns(
        share_pct=percent("meetings", "total"),
        meeting_minutes=nw.when(nw.col("n") > 0).then(minutes("meeting_s")).otherwise(nw.lit(0.0)),
    )
    bounds = {text: (low, high) for (text, low), (_, high) in pairwise([*classes, ("", None)])}

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        low, high = bounds[row[key]]
        inside = nw.col(column) >= low
        return rows.records(row).filter(inside if high is None else inside & (nw.col(column) < high))

    columns = (key, "meetings", "share_pct", "meeting_minutes")
    return rows.report(name, title, shown, columns, trace, then=("place",))


HOUR, HOURS_OF_WEEK = 3600, 168
_MONDAY = 4 * 24 * HOUR
"""1970-01-05 00:00 in local epoch seconds: the first Monday."""


@register(place=20, rows=168, folded=True)
def heatmap(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
    **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Sum the minutes of meetings over weekday × hour, each meeting split across the hours it spans.

    One row is one of the 168 hours of the week; an hour without meetings has 0. Two meetings at once give two minutes
    a minute.

    Parameters
    ----------
    source, start, end, group, book, min_parties, day_of
        As in `usage`; a meeting that belongs to the period counts whole, so that the sum over all cells is
        `meeting_minutes`.

    Returns
    -------
    Report
        `weekday` (1 = Monday), `hour`, `heatmap` [min]; 168 rows (of each group), sorted, also without meetings.

    Raises
    ------
    UsageError
        As in `usage`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> len(ytx.metrics.heatmap(history)) == 7 * 24
    True
    """
    rows = Breakdown.of(source, start, end, group=group, book=book, min_parties=min_parties, day_of=day_of)
    ended = rows.meetings.filter(~nw.col("meeting_s").is_null())
    # Occupied seconds of a cell up to an instant = whole weeks × 3600 + what of the cell has passed in the running
    # week. A meeting is the
    # difference of two such instants; summed by the hour of the week they lie in, all cells follow from 168 rows.
    edges = nw.concat([_edge(ended, "last", 1), _edge(ended, "first", -1)])
    cells = rows.source.engine.small(pa.table({"slot": pa.array(range(HOURS_OF_WEEK), pa.int64())}))
    zero = nw.lit(0, nw.Int64)
    nothing = rows.occurring(ended).join(cells, how="cross").select("row", "slot", sign=zero, rest=zero, week=zero)
    by_slot = whole_sums(nw.concat([edges, nothing]), ("row", "slot"), "sign", "rest", "week")
    running = by_slot.with_columns(
        weeks=nw.col("week").sum().over("row").cast(nw.Int64),
        up_to=nw.col("sign").cum_sum().over("row", order_by="slot").cast(nw.Int64),
    )
    # the signs of all edges add up to 0: those in later slots are minus those up to here
    passed = running.with_columns(s=HOUR * (nw.col("weeks") - nw.col("up_to")) + nw.col("rest"))
    shown = passed.with_columns(weekday=nw.col("slot") // 24 + 1, hour=nw.col("slot") % 24, heatmap=minutes("s"))

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        slot = (int(row["weekday"]) - 1) * 24 + int(row["hour"])
        return rows.records(row).filter(_passed(nw.col("last"), slot) > _passed(nw.col("first"), slot))

    title = Text("会议时段分布", "Heat map")
    return rows.report("heatmap", title, shown, ("weekday", "hour", "heatmap"), trace, then=("slot",))


def _edge(meetings: Lazy, column: str, sign: int) -> Lazy:
    second = nw.col(column) - _MONDAY
    hour = second // HOUR
    return meetings.select(
        "row",
        slot=hour % HOURS_OF_WEEK,
        sign=nw.lit(sign, nw.Int64),
        rest=sign * (second % HOUR),
        week=sign * (hour // HOURS_OF_WEEK),
    )


def _passed(second: nw.Expr, slot: int) -> nw.Expr:
    """Seconds of one hour of the week that have passed up to a local epoch second."""
    since = second - _MONDAY
    week = HOURS_OF_WEEK * HOUR
    return since // week * HOUR + (since % week - slot * HOUR).clip(0, HOUR)


@register(place=30, rows=62)
def working_hours(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    hours: tuple[str, str] = WORKING_HOURS,
    holidays: Collection[date | str] = (), extra_workdays: Collection[date | str] = (),
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
    **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Split meeting minutes into those inside and those outside working hours.

    One row is a period; a meeting that crosses an edge of the working hours is split there. Working days are those of
    the Chinese calendar, with make-up days; a year it does not know falls back to Monday to Friday, and a note says
    so.

    Parameters
    ----------
    source, start, end, by, group, book, min_parties, day_of
        As in `usage`.
    hours
        Begin and end of the working hours, `HH:MM`, Beijing time. The usual hours of the audit (08:00–20:00), outside
        which a call is worth a look, are its own.
    holidays, extra_workdays
        Dates that are not, or are, working days whatever the calendar says; also as texts, `2026-05-01`.

    Returns
    -------
    Report
        `period meeting_minutes inside_minutes outside_minutes outside_pct is_partial covered_pct`, sorted by period.

    Raises
    ------
    UsageError
        As in `usage`; or `hours` are no two times of a day, or the second is not after the first; or a date is none.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> report = ytx.metrics.working_hours(history, by="total")
    >>> report.frame["outside_pct"].round(1).tolist()
    [9.0]
    """
    rows = Breakdown.of(source, start, end, by, group=group, book=book, min_parties=min_parties, day_of=day_of)
    timed = rows.meetings.filter(~nw.col("meeting_s").is_null())
    edges = rows.source.rows(distinct(timed.select(a=nw.col("first") // DAY, b=nw.col("last") // DAY), "a", "b"))
    calendar = worked({int(day) for edge in edges for day in edge.values()}, hours, holidays, extra_workdays)
    working = rows.source.engine.small(calendar.table)
    placed = timed.drop("day", strict=False)
    for edge in ("first", "last"):
        # working seconds up to an instant: whole working days before it, and what has passed of its own
        passed = (nw.col(edge) % DAY - calendar.opens).clip(0, calendar.closes - calendar.opens)
        placed = (
            placed.with_columns(day=nw.col(edge) // DAY)
            .join(working, on="day", how="inner")
            .with_columns((nw.col("before") + nw.col("works") * passed).alias(f"{edge}_s"))
            .drop("day", "before", "works")
        )
    sums = rows.add_up(placed.with_columns(inside_s=nw.col("last_s") - nw.col("first_s")), "meeting_s", "inside_s")
    shown = sums.with_columns(outside_s=nw.col("meeting_s") - nw.col("inside_s")).with_columns(
        meeting_minutes=minutes("meeting_s"),
        inside_minutes=minutes("inside_s"),
        outside_minutes=minutes("outside_s"),
        outside_pct=percent("outside_s", "meeting_s"),
    )
    columns = ("meeting_minutes", "inside_minutes", "outside_minutes", "outside_pct")
    title = Text("工作时间内外", "Working hours")
    told = "–".join(hours)
    note = Text(
        f"工作时间：工作日 {told}；审计所说的常规时段是另一设置",
        f"working hours: {told} of working days; the usual hours of the audit are another setting",
    )
    return rows.report("working_hours", title, shown, columns, notes=(note, *calendar.notes), hours=told)
