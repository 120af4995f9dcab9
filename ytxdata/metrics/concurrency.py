"""How many at once: peaks, when and how often, minutes above the purchased lines, lines that would have sufficed.

Counted in two levels, so that no raw row meets all others: inside each day the count runs from 0, and only a
histogram of it is kept (for each day and count, how long, since when, how often); what the earlier days left over is
added to that small table. A `lane` is one count that runs by itself: legs or meetings of one group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Unpack

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import DAY, By, bounds
from ytxdata.metrics.facts import touching, whole
from ytxdata.metrics.groups import Book, Group, GroupOf
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report, evidence
from ytxdata.metrics.source import Lazy, ReportSource, Where
from ytxdata.metrics.sums import distinct, minutes, steps
from ytxdata.times import Instant

KINDS = ("legs", "meetings")
T = TypeVar("T")


@register(place=90, rows=62)
def concurrency(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    group: Group | None = None, book: Book | None = None, group_of: GroupOf = "creator",
    lines: int | None = None, p: float = 99, min_parties: int = 1, **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Find how many legs and meetings there were at once, and how many lines that takes.

    One row is a period in which somebody was connected. Every moment of `[start, end)` counts, also of meetings begun
    before it.

    Parameters
    ----------
    source, start, end, by, min_parties
        As in `usage`.
    group, book, group_of
        As in `usage`: each group has peaks of its own, which do not add up. With `group_of="leg"` there are no peaks
        of meetings.
    lines
        Purchased lines; `minutes_above` is null without.
    p
        Share of the busy time [%] for which `lines_sufficient` is to suffice.

    Returns
    -------
    Report
        `period peak_legs peak_legs_at peak_legs_times peak_meetings peak_meetings_at peak_meetings_times busy_minutes
        minutes_above lines_sufficient is_partial covered_pct`, sorted by period. `metrics.peak_stretches` lists every
        stretch at the peak.

    Raises
    ------
    UsageError
        As in `usage`; or `lines` is no whole number or negative, or `p` not within 0 … 100.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> report = ytx.metrics.concurrency(history, by="total", lines=10)
    >>> report.frame["peak_legs"].tolist()
    [53]
    """
    lines = None if lines is None else whole("lines", lines)
    given: object = p
    if not isinstance(given, int | float) or not 0 <= given <= 100:
        raise UsageError(Text(f"p 不能是 {p!r}", f"p cannot be {p!r}"), remedy=Text("0 ≤ p ≤ 100", "0 ≤ p ≤ 100"))
    asked: dict[str, Any] = {"group": group, "book": book, "group_of": group_of, "min_parties": min_parties}
    rows = Breakdown.of(source, start, end, by, **asked)
    held = histogram(rows)
    busy = held.filter(nw.col("kind") == 0)
    above = nw.when(nw.col("level") > (lines or 0)).then(nw.col("s")).otherwise(0)
    times = (
        busy.with_columns(above_s=above)
        .group_by("row")
        .agg(nw.col("s").sum().alias("busy_s"), nw.col("above_s").sum())
        .with_columns(nw.col("busy_s", "above_s").cast(nw.Int64))
    )
    kinds = KINDS[:1] if rows.of_legs else KINDS
    shown = times
    for name in kinds:
        shown = shown.join(_peak(rows, held.filter(nw.col("kind") == KINDS.index(name)), name), on="row", how="left")
    shown = shown.join(_sufficient(busy, times, p), on="row", how="left").with_columns(
        busy_minutes=minutes("busy_s"),
        minutes_above=minutes("above_s") if lines is not None else nw.lit(None, nw.Float64),
    )
    columns = (
        *(f"peak_{kind}{what}" for kind in kinds for what in ("", "_at", "_times")),
        *("busy_minutes", "minutes_above", "lines_sufficient"),
    )
    return rows.report(
        "concurrency", Text("并发", "Concurrency"), shown, columns, lambda row, column: at_peak(rows, row, column),
        days=days_of(rows), instants=tuple(f"peak_{kind}_at" for kind in kinds), lines=lines, p=p,
    )  # fmt: skip


@register(place=100)
def peak_stretches(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    group: Group | None = None, book: Book | None = None, group_of: GroupOf = "creator", min_parties: int = 1,
    **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """List every stretch of time during which the peak was reached.

    One row is a stretch `[starts_at, ends_at)` of a period, for legs and for meetings; a leave and a join in the same
    second do not end it.

    Parameters
    ----------
    source, start, end, by, group, book, group_of, min_parties
        As in `concurrency`.

    Returns
    -------
    Report
        `period kind level starts_at ends_at is_partial covered_pct`, sorted by period, kind and time.

    Raises
    ------
    UsageError
        As in `usage`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> ytx.metrics.peak_stretches(history).arrow.column_names[:3]
    ['period', 'kind', 'level']
    """
    asked: dict[str, Any] = {"group": group, "book": book, "group_of": group_of, "min_parties": min_parties}
    rows = Breakdown.of(source, start, end, by, **asked)
    highest = histogram(rows).group_by("kind", "row").agg(nw.col("level").max())
    moments = at_level(rows, highest)
    numbered = moments.with_columns(nth=nw.col("begins").cum_sum().over("kind", "row", order_by="t"))
    each = numbered.group_by("row", "kind", "nth").agg(
        nw.col("level").max(), nw.col("t").min().alias("starts_at"), nw.col("until").max().alias("ends_at")
    )
    words = pa.table({"place": pa.array(range(len(KINDS)), pa.int64()), "word": pa.array(KINDS)})
    each = each.with_columns(place=nw.col("kind")).drop("kind")
    shown = each.join(rows.source.engine.small(words), on="place", how="inner").with_columns(kind=nw.col("word"))
    return rows.report(
        "peak_stretches", Text("并发峰值区间", "Stretches at the peak"), shown, ("kind", "level", "starts_at", "ends_at"),
        lambda row, _column: at_peak(rows, row, f"peak_{row['kind']}"),
        days=days_of(rows), then=("place", "starts_at"), instants=("starts_at", "ends_at"),
    )  # fmt: skip


def _peak(rows: Breakdown, held: Lazy, name: str) -> Lazy:
    """Return per row the peak of one kind, its first second, and in how many separate stretches it was reached."""
    begins_row = nw.col("day") == nw.col("row") // rows.n_groups
    grouped = (
        _at_peak(held)
        .with_columns(times=nw.col("begins") + nw.when(begins_row).then(nw.col("continues")).otherwise(0))
        .group_by("row")
        .agg(nw.col("level").max(), nw.col("at").min(), nw.col("times").sum())
    )
    return grouped.select(
        "row",
        nw.col("level").alias(f"peak_{name}"),
        nw.col("at").alias(f"peak_{name}_at"),
        nw.col("times").cast(nw.Int64).alias(f"peak_{name}_times"),
    )


def _at_peak(held: Lazy) -> Lazy:
    peak = held.group_by("row").agg(nw.col("level").max().alias("peak"))
    return held.join(peak, on="row", how="inner").filter(nw.col("level") == nw.col("peak"))


def _sufficient(busy: Lazy, times: Lazy, p: float) -> Lazy:
    """Return per row the smallest level that is not exceeded for p % of the busy seconds."""
    share = round(p * 1000)
    spent = busy.group_by("row", "level").agg(nw.col("s").sum()).with_columns(nw.col("s").cast(nw.Int64))
    so_far = spent.with_columns(so_far=nw.col("s").cum_sum().over("row", order_by="level"))
    enough = so_far.join(times, on="row", how="left").filter(nw.col("so_far") * 100_000 >= nw.col("busy_s") * share)
    return enough.group_by("row").agg(nw.col("level").min().alias("lines_sufficient"))


def peaks(rows: Breakdown) -> Lazy:
    """Return `row peak_legs peak_meetings` for the rows in which anything was connected."""
    split = histogram(rows).with_columns(
        peak_legs=nw.when(nw.col("kind") == 0).then(nw.col("level")),
        peak_meetings=nw.when(nw.col("kind") == 1).then(nw.col("level")),
    )
    return split.group_by("row").agg(nw.col("peak_legs").max(), nw.col("peak_meetings").max())


def at_peak(rows: Breakdown, cells: Mapping[str, Any], column: str | None) -> Lazy:
    """Return the records that were connected when the peak of a row was first reached; if `column` is about meetings,
    all records of those that were going on.
    """
    kind = KINDS.index("meetings") if column and column.startswith("peak_meetings") else KINDS.index("legs")
    edges = bounds(cells["period"], rows.by or "total")
    row = 0 if edges is None else edges[0] // DAY
    if rows.groups is not None:
        row = row * rows.n_groups + rows.groups.labels.index(cells["group"])
    top = _at_peak(histogram(rows).filter((nw.col("kind") == kind) & (nw.col("row") == row)))
    second = rows.source.rows(top.select(nw.col("at").min()))[0]["at"]
    records = evidence(touching(rows.known))
    if rows.groups is not None:
        records = rows.in_group(cells, records)
    if second is None:
        return records.filter(nw.col("at").is_null())
    if kind == KINDS.index("meetings"):  # one goes on while nobody is connected: all of its legs make it what it is
        return records.filter((nw.col("first") <= second) & (nw.col("last") > second))
    return records.filter((nw.col("j") <= second) & (nw.col("end") > second))


def histogram(rows: Breakdown) -> Lazy:
    """Return how long there were how many at once on each day: `kind day row level s at begins continues`.

    During `s` seconds of the day there were `level`, first at `at`, in `begins` stretches that began on that day and
    `continues` (0 or 1) that came over from the day before. Levels of 0 are left out.
    """
    return _kept(rows, f"histogram by {rows.by}", lambda: _histogram(rows))


def _histogram(rows: Breakdown) -> Lazy:
    level = _daily(rows).join(_left_over(rows), on=["lane", "day"], how="inner")
    level = level.with_columns(level=nw.col("carry") + nw.col("risen")).filter(nw.col("level") > 0)
    return _in_row(rows, level).drop("risen", "carry", "step")


def at_level(rows: Breakdown, wanted: Lazy) -> Lazy:
    """Return the moments at which a wanted level (`kind row level`) was held: `kind row level t until begins`."""
    # of a month it is a day or two: the others are not swept again
    days = histogram(rows).join(wanted, on=["kind", "row", "level"], how="semi")
    lane = nw.col("row") % rows.n_groups * len(KINDS) + nw.col("kind")
    slots = distinct(days.select(slot=nw.col("day") * (rows.n_groups * len(KINDS)) + lane), "slot")
    level = _inside(rows, slots).join(_left_over(rows), on=["lane", "day"], how="inner")
    level = _in_row(rows, level.with_columns(level=nw.col("carry") + nw.col("risen")))
    begins = (nw.col("step") != 0) | (nw.col("t") == nw.col("row") // rows.n_groups * DAY)
    return level.join(wanted, on=["kind", "row", "level"], how="inner").select(
        "kind", "row", "level", "t", "until", begins=begins.cast(nw.Int64)
    )


def _in_row(rows: Breakdown, daily: Lazy) -> Lazy:
    """Turn the lane of something of a day into `kind` and `row`."""
    of_day = daily.join(rows.source.engine.small(rows.calendar(days_of(rows))), on="day", how="inner")
    return of_day.with_columns(
        kind=nw.col("lane") % len(KINDS), row=nw.col("row") * rows.n_groups + nw.col("lane") // len(KINDS)
    ).drop("lane")


def days_of(rows: Breakdown) -> tuple[int, ...]:
    """Return the days on which anything may have been connected: those that occur, and those between two that one
    interval spans.

    Not all from the first to the last: that is as many as one wrong clock makes it.
    """
    return _kept(rows, "days", lambda: _days(rows))


def _days(rows: Breakdown) -> tuple[int, ...]:
    ends = _spans(rows).select(first=nw.col("a") // DAY, last=nw.col("b") // DAY)
    pairs = rows.source.rows(distinct(ends, "first", "last"))
    return tuple(sorted({day for pair in pairs for day in range(int(pair["first"]), int(pair["last"]) + 1)}))


def _kept(rows: Breakdown, what: str, make: Callable[[], T]) -> T:
    held: dict[Any, Any] = rows.known.held
    key = (what, id(rows.groups))  # the source keeps its groups, so that an id stays what it is
    if key not in held:
        held[key] = make()
    found: T = held[key]
    return found


def _spans(rows: Breakdown) -> Lazy:
    """Return the intervals `[a, b)` of each `lane`, cut to the period."""
    return _kept(rows, "spans", lambda: _cut(rows))


def _cut(rows: Breakdown) -> Lazy:
    wide = touching(rows.known)
    start, end = rows.known.scope.edges
    meetings = wide.counted if rows.of_legs else rows.grouped(wide.counted)
    if rows.of_legs:
        legs = rows.grouped(wide.joined)
    elif rows.groups is not None:
        legs = wide.legs.join(meetings.select("key", "g"), on="key", how="inner")
    elif rows.known.scope.min_parties <= 1:  # whoever joined makes the meeting count
        legs = wide.legs.with_columns(g=nw.lit(0, nw.Int64))
    else:
        legs = wide.joined.with_columns(g=nw.lit(0, nw.Int64))
    lane = nw.col("g") * len(KINDS)
    both = legs.filter(nw.col("len_s") > 0).select(lane=lane, a=nw.col("j"), b=nw.col("end"))
    if not rows.of_legs:
        timed = meetings.filter(nw.col("meeting_s") > 0)
        both = nw.concat([both, timed.select(lane=lane + 1, a=nw.col("first"), b=nw.col("last"))])
    if start is not None:
        both = both.with_columns(a=nw.max_horizontal(nw.col("a"), nw.lit(start, nw.Int64)))
    if end is not None:
        both = both.with_columns(b=nw.min_horizontal(nw.col("b"), nw.lit(end, nw.Int64)))
    return both if start is None and end is None else both.filter(nw.col("a") < nw.col("b"))


def _inside(rows: Breakdown, slots: Lazy | None = None) -> Lazy:
    """Return the steps of each day, or of some (`slot`: lane and day in one number), `lane day t until step risen`:
    `risen` is the count since midnight.

    Joins and leaves of one second are one step and do not show; every midnight is a step, if only of 0.
    """
    n_lanes = rows.n_groups * len(KINDS)
    midnights = [(lane, day * DAY) for lane in range(n_lanes) for day in days_of(rows)]
    silent = rows.source.engine.small(
        pa.table({
            "lane": pa.array([lane for lane, _ in midnights], pa.int64()),
            "t": pa.array([second for _, second in midnights], pa.int64()),
            "step": pa.array([0 for _ in midnights], pa.int64()),
        })
    )  # fmt: skip
    both = steps(_spans(rows), rows.source.engine.signs, "lane", begins="a", ends="b")
    # as floats, exact for these numbers: DuckDB's running sum of integers was measured to take nearly twice as long,
    # and pandas fails to put nulls into a column of its own integers
    all_steps = nw.concat([both, silent.select("lane", "step", "t")]).select(
        "t", nw.col("step").cast(nw.Float64), slot=nw.col("t") // DAY * n_lanes + nw.col("lane")
    )
    wanted = all_steps if slots is None else all_steps.join(slots, on="slot", how="semi")
    changes = wanted.group_by("slot", "t").agg(nw.col("step").sum())
    running = changes.with_columns(
        risen=nw.col("step").cum_sum().over("slot", order_by="t"),
        until=nw.col("t").cast(nw.Float64).shift(-1).over("slot", order_by="t"),
    )
    day = nw.col("slot") // n_lanes
    return running.select(
        "t",
        nw.col("step", "risen").cast(nw.Int64),
        lane=nw.col("slot") % n_lanes,
        day=day,
        until=nw.coalesce(nw.col("until").cast(nw.Int64), (day + 1) * DAY),
    )


def _daily(rows: Breakdown) -> Lazy:
    """Return the histogram of each day by itself, computed once."""
    return _kept(rows, "daily", lambda: rows.source.engine.hold(_risen(rows)))


def _risen(rows: Breakdown) -> Lazy:
    """Return `lane day risen s at begins continues step`: the histogram of each day by itself."""
    is_still = nw.col("step") == 0
    parts = _inside(rows).select(
        "lane", "day", "risen", "step",
        s=nw.col("until") - nw.col("t"),
        at=nw.col("t"),
        begins=(~is_still).cast(nw.Int64),
        continues=(is_still & (nw.col("t") == nw.col("day") * DAY)).cast(nw.Int64),
    )  # fmt: skip
    sums = ("s", "begins", "continues", "step")
    grouped = parts.group_by("lane", "day", "risen").agg(nw.col("at").min(), *(nw.col(name).sum() for name in sums))
    return grouped.with_columns(nw.col(*sums).cast(nw.Int64))


def _left_over(rows: Breakdown) -> Lazy:
    """Return `lane day carry`: how many each day begins with."""
    return _kept(rows, "left over", lambda: _carried(_daily(rows)))


def _carried(risen: Lazy) -> Lazy:
    daily = (
        risen.group_by("lane", "day").agg(nw.col("step").sum().alias("net")).with_columns(nw.col("net").cast(nw.Int64))
    )
    total = nw.col("net").cum_sum().over("lane", order_by="day").cast(nw.Int64)
    return daily.with_columns(total=total).select("lane", "day", carry=nw.col("total") - nw.col("net"))
