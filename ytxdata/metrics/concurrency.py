"""How many at once: peaks, when and how often, minutes above the purchased lines, lines that would have sufficed.

Counted day by day, so that no raw row meets all others: each day begins with those who are connected over its
midnight, who are few and known before, and only a histogram of it is kept (for each day and count, how long). When a
peak was reached is looked up on the days that held it. A `lane` is one count that runs by itself: legs or meetings of
one group; a `slot` is one day of a lane, as one number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any, Unpack

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import cannot_be
from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import DAY, By, bounds
from ytxdata.metrics.facts import once, touching, whole
from ytxdata.metrics.groups import Book, Group, GroupOf
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report, evidence
from ytxdata.metrics.source import ReportSource, Where
from ytxdata.metrics.sums import Lazy, count, minutes, whole_sums
from ytxdata.times import Instant

KINDS = ("legs", "meetings")
Turn = tuple[int, int]
"""Days that are counted together: from which to which, this one not among them."""

_AT_ONCE = 8_000_000
"""Joins and leaves that DuckDB sorts at a time, or those of one day where they are more. Of all at once, ten times as
many took fifteen times as long.
"""


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
        raise cannot_be("p", p, Text("0 ≤ p ≤ 100", "0 ≤ p ≤ 100"))
    rows = Breakdown.of(source, start, end, by, group=group, book=book, group_of=group_of, min_parties=min_parties)
    busy = histogram(rows).filter(nw.col("kind") == 0)
    above = nw.when(nw.col("level") > (lines or 0)).then(nw.col("s")).otherwise(0)
    times = whole_sums(busy.with_columns(busy_s=nw.col("s"), above_s=above), ("row",), "busy_s", "above_s")
    kinds = KINDS[:1] if rows.of_legs else KINDS
    shown = times.join(_when(rows, kinds), on="row", how="left")
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
    rows = Breakdown.of(source, start, end, by, group=group, book=book, group_of=group_of, min_parties=min_parties)
    # reaching and leaving it take turns, so that the end of a stretch is the next row; as floats, since pandas puts no
    # null among its integers
    ends_at = nw.col("t").cast(nw.Float64).shift(-1).over("kind", "row", order_by="t")
    each = _turns(rows).with_columns(ends_at=ends_at).filter(nw.col("turn") == 1)
    each = each.select(
        "row", "level", starts_at=nw.col("t"), ends_at=nw.col("ends_at").cast(nw.Int64), place=nw.col("kind")
    )
    words = pa.table({"place": pa.array(range(len(KINDS)), pa.int64()), "word": pa.array(KINDS)})
    shown = each.join(rows.source.engine.small(words), on="place", how="inner").with_columns(kind=nw.col("word"))
    return rows.report(
        "peak_stretches", Text("并发峰值区间", "Stretches at the peak"), shown, ("kind", "level", "starts_at", "ends_at"),
        lambda row, _column: at_peak(rows, row, f"peak_{row['kind']}"),
        days=days_of(rows), then=("place", "starts_at"), instants=("starts_at", "ends_at"),
    )  # fmt: skip


def _when(rows: Breakdown, kinds: tuple[str, ...]) -> Lazy:
    """Return per row the peak of each kind, its first second, and in how many separate stretches it was reached."""
    reached = _turns(rows).filter(nw.col("turn") == 1)
    of = {f"peak_{name}": nw.when(nw.col("kind") == KINDS.index(name)) for name in kinds}
    split = reached.select(
        "row",
        *(kind.then(nw.col("level")).alias(name) for name, kind in of.items()),
        *(kind.then(nw.col("t")).alias(f"{name}_at") for name, kind in of.items()),
    )
    grouped = split.group_by("row").agg(
        *(nw.col(name).max() for name in of),
        *(nw.col(f"{name}_at").min() for name in of),
        *(nw.col(name).count().alias(f"{name}_times") for name in of),
    )
    times = [nw.col(f"{name}_times").cast(nw.Int64) for name in of]
    return grouped.with_columns(nw.when(n > 0).then(n) for n in times)


def _sufficient(busy: Lazy, times: Lazy, p: float) -> Lazy:
    """Return per row the smallest level that is not exceeded for p % of the busy seconds."""
    share = round(p * 1000)
    spent = whole_sums(busy, ("row", "level"), "s")
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
    reached = _turns(rows).filter((nw.col("kind") == kind) & (nw.col("row") == row) & (nw.col("turn") == 1))
    second = rows.source.rows(reached.select(nw.col("t").min()))[0]["t"]
    records = evidence(touching(rows.known))
    if rows.groups is not None:
        records = rows.in_group(cells, records)
    if second is None:
        return records.filter(nw.col("at").is_null())
    if kind == KINDS.index("meetings"):  # one goes on while nobody is connected: all of its legs make it what it is
        return records.filter((nw.col("first") <= second) & (nw.col("last") > second))
    return records.filter((nw.col("j") <= second) & (nw.col("end") > second))


@once("by")
def histogram(rows: Breakdown) -> Lazy:
    """Return for how many seconds of each day there were how many at once: `kind row slot level s`, without levels of
    0.
    """
    n_lanes = rows.n_groups * len(KINDS)
    of_day = (
        _daily(rows)
        .with_columns(day=nw.col("slot") // n_lanes, lane=nw.col("slot") % n_lanes)
        .join(rows.source.engine.small(rows.calendar(days_of(rows))), on="day", how="inner")
    )
    row = nw.col("row") * rows.n_groups + nw.col("lane") // len(KINDS)
    return of_day.select("slot", "level", "s", kind=nw.col("lane") % len(KINDS), row=row)


@once("by")
def _turns(rows: Breakdown) -> Lazy:
    """Return when the peak of each row, its `level`, was reached (`turn` 1) and left (−1), computed once: `kind row t
    level turn`.

    What is left and reached again in the same second was not left, also at midnight.
    """
    held = histogram(rows)
    peak = held.group_by("kind", "row").agg(nw.col("level").max().alias("peak"))
    days = held.join(peak, on=["kind", "row"], how="inner").filter(nw.col("level") == nw.col("peak"))
    levels = _levels(rows, days.select("kind", "row", "slot", "peak"))
    is_at, was_at = (
        (level == nw.col("peak")).cast(nw.Int64) for level in (nw.col("level"), nw.col("level") - nw.col("step"))
    )
    t = nw.col("slot") // (rows.n_groups * len(KINDS)) * DAY + nw.col("t")
    turns = levels.select("kind", "row", "peak", t=t, turn=is_at - was_at).filter(nw.col("turn") != 0)
    net = turns.group_by("kind", "row", "t").agg(nw.col("peak").max().alias("level"), nw.col("turn").sum())
    return rows.source.engine.hold(net.with_columns(nw.col("turn").cast(nw.Int64)).filter(nw.col("turn") != 0))


@once()
def days_of(rows: Breakdown) -> tuple[int, ...]:
    """Return the days on which anything may have been connected: those that occur, and those between two that one
    interval spans.

    Not all from the first to the last: that is as many as one wrong clock makes it.
    """
    return tuple(sorted({day for _, first, last, _ in _edges(rows) for day in range(first, last + 1)}))


@once()
def _edges(rows: Breakdown) -> list[tuple[int, int, int, int]]:
    """Return from which day to which intervals last: `(lane, first, last, n)`. All that end on the day on which they
    begin are of lane 0.
    """
    days = _spans(rows).select("lane", first=nw.col("a") // DAY, last=nw.col("b") // DAY)
    lane = nw.when(nw.col("first") < nw.col("last")).then(nw.col("lane")).otherwise(0)
    columns = ("lane", "first", "last")
    counted = rows.source.rows(count(days.with_columns(lane=lane), columns, "n"))
    return [(int(one["lane"]), int(one["first"]), int(one["last"]), int(one["n"])) for one in counted]


def _midnights(rows: Breakdown) -> pa.Table:
    """Return those who are connected over each midnight as steps: at the end of the one day and the begin of the other."""
    carried: Counter[tuple[int, int]] = Counter()
    for lane, first, last, n in _edges(rows):
        carried.update({(lane, day): n for day in range(first + 1, last + 1)})
    n_lanes = rows.n_groups * len(KINDS)
    steps = [
        (day * n_lanes + lane, step, second * 4 - 2)
        for (lane, night), n in carried.items()
        for day, step, second in ((night - 1, -n, DAY), (night, n, 0))
    ]
    columns = zip(*steps, strict=True) if steps else ((), (), ())
    return pa.table([pa.array(one, pa.int64()) for one in columns], names=["slot", "step", "place"])


@once()
def _spans(rows: Breakdown) -> Lazy:
    """Return the intervals `[a, b)` of each `lane`, cut to the period."""
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
    if start is None and end is None:
        return both
    return both.with_columns(nw.col("a", "b").clip(start, end)).filter(nw.col("a") < nw.col("b"))


def _levels(rows: Breakdown, days: Lazy | None = None, turn: Turn | None = None) -> Lazy:
    """Return how many there are after each join and leave of each day, or of some (by `slot`, or those of a turn),
    those who are there at midnight coming then and going at the next: `slot t step level`, `t` since midnight, and what
    else is said of the days.
    """
    engine, n_lanes, spans = rows.source.engine, rows.n_groups * len(KINDS), _spans(rows)
    if turn is not None:
        spans = spans.filter(nw.col("b") >= turn[0] * DAY, nw.col("a") < turn[1] * DAY)
    both = engine.steps(spans, "lane", begins="a", ends="b")
    day = (nw.col("place") + 1) // (4 * DAY)
    of_day = both.select("step", slot=day * n_lanes + nw.col("lane"), place=nw.col("place") - day * (4 * DAY))
    every = nw.concat([of_day.select("slot", "step", "place"), engine.small(_midnights(rows))])
    if turn is not None:  # who is there over midnight has a step in the one and a step in the other
        every = every.filter(nw.col("slot") >= turn[0] * n_lanes, nw.col("slot") < turn[1] * n_lanes)
    if days is not None:  # of a month it is a day or two: the others are not swept again
        every = every.join(days, on="slot", how="inner")
    return engine.running_sums(every, "slot")


@once()
def _daily(rows: Breakdown) -> Lazy:
    """Return the histogram of each day, computed once: `slot level s`."""
    return rows.source.engine.hold(*(_held(rows, turn) for turn in _some_days(rows)))


def _some_days(rows: Breakdown) -> list[Turn] | list[None]:
    """Return which days are counted at a time, those on which nobody comes or goes among them; None is for all."""
    n = Counter[int]()
    for _, first, last, many in _edges(rows) if rows.source.engine.is_ours else ():
        n.update({first: many})
        n.update({last: many})
    days, begins = sorted(n), dict[int, int]()
    for day, so_far in zip(days, accumulate(n[day] for day in days), strict=True):
        begins.setdefault(so_far // _AT_ONCE, day)
    return [None] if len(begins) < 2 else list(pairwise([*begins.values(), days[-1] + 1]))


def _held(rows: Breakdown, turn: Turn | None) -> Lazy:
    steps = _levels(rows, turn=turn).group_by("slot", "level", "step").agg(nw.col("t").sum())
    # a level is held for the seconds at which it was left less those at which it was reached
    both = steps.with_columns(to=nw.col("step")).drop("step").join(rows.source.engine.signs, how="cross")
    is_reached = nw.col("step") == 1
    held = both.select(
        "slot",
        level=nw.when(is_reached).then(nw.col("level")).otherwise(nw.col("level") - nw.col("to")),
        s=nw.when(is_reached).then(-nw.col("t")).otherwise(nw.col("t")),
    )
    return whole_sums(held, ("slot", "level"), "s").filter((nw.col("level") > 0) & (nw.col("s") > 0))
