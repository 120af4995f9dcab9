"""How many legs and meetings there were at once, in two levels, so that no raw row meets all others.

Inside each day the count runs from 0, and only a histogram of it is kept: for each day and count, how long, since when, how
often. What the earlier days left over is added to that small table. Everything about peaks follows from it.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.metrics.facts import Facts, touching
from ytxdata.metrics.periods import DAY, By, calendar
from ytxdata.metrics.sweep import steps

KINDS = ("legs", "meetings")


def histogram(known: Facts, by: By) -> nw.LazyFrame[Any]:
    """Return how long there were how many at once on each day: `kind day row level s at begins continues`.

    During `s` seconds of the day there were `level`, first at `at`, in `begins` stretches that began on that day and `continues`
    (0 or 1) that came over from the day before. `row` is the first day of the period. Levels of 0 are left out.
    """
    if "histogram" not in known.held:
        known.held["histogram"] = known.source.engine.hold(_risen(known))
    held: nw.LazyFrame[Any] = known.held["histogram"]
    left = _left_over(held)
    level = held.join(left, on=["kind", "day"], how="inner").with_columns(level=nw.col("carry") + nw.col("risen"))
    days = known.source.engine.small(calendar(days_of(known), by))
    return level.filter(nw.col("level") > 0).join(days, on="day", how="inner").drop("risen", "carry", "step")


def at_level(known: Facts, by: By, wanted: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the moments at which a wanted level (`kind row level`) was held: `kind row level t until begins`."""
    left = _left_over(_risen(known))
    days = known.source.engine.small(calendar(days_of(known), by))
    level = _inside(known).join(left, on=["kind", "day"], how="inner").join(days, on="day", how="inner")
    level = level.with_columns(level=nw.col("carry") + nw.col("risen"))
    begins = (nw.col("step") != 0) | (nw.col("t") == nw.col("row") * DAY)
    return level.join(wanted, on=["kind", "row", "level"], how="inner").select(
        "kind", "row", "level", "t", "until", begins=begins.cast(nw.Int64)
    )


def days_of(known: Facts) -> range:
    """Return the days on which anything may have been connected."""
    if "days" not in known.held:
        ends = touching(known).meetings.select(
            first=nw.min_horizontal("first", "s"), last=nw.max_horizontal("till", "s")
        )
        found = known.source.rows(ends.select(first=nw.col("first").min(), last=nw.col("last").max()))[0]
        start, end = known.scope.edges
        if found["first"] is None:
            known.held["days"] = range(0)
        else:
            first, last = int(found["first"]), int(found["last"])
            first, last = first if start is None else max(first, start), last if end is None else min(last, end)
            known.held["days"] = range(first // DAY, last // DAY + 1)
    days: range = known.held["days"]
    return days


def _spans(known: Facts) -> nw.LazyFrame[Any]:
    """Return the intervals `[a, b)` of legs (`kind` 0) and meetings (1), cut to the period."""
    wide = touching(known)
    start, end = known.scope.edges
    legs = wide.joined.filter(nw.col("len_s") > 0)
    if known.scope.min_parties <= 1:  # whoever joined makes the meeting count
        legs = wide.legs.filter(nw.col("len_s") > 0)
    meetings = wide.counted.filter(nw.col("meeting_s") > 0)
    both = nw.concat(
        [
            legs.select(kind=nw.lit(0, nw.Int64), a=nw.col("j"), b=nw.col("end")),
            meetings.select(kind=nw.lit(1, nw.Int64), a=nw.col("first"), b=nw.col("last")),
        ]
    )
    if start is not None:
        both = both.with_columns(a=nw.max_horizontal(nw.col("a"), nw.lit(start, nw.Int64)))
    if end is not None:
        both = both.with_columns(b=nw.min_horizontal(nw.col("b"), nw.lit(end, nw.Int64)))
    return both if start is None and end is None else both.filter(nw.col("a") < nw.col("b"))


def _inside(known: Facts) -> nw.LazyFrame[Any]:
    """Return the steps of each day, `kind day t until step risen`: `risen` is the count since midnight.

    Joins and leaves of one second are one step and do not show; every midnight is a step, if only of 0.
    """
    midnights = [(kind, day * DAY) for kind in range(len(KINDS)) for day in days_of(known)]
    silent = known.source.engine.small(
        pa.table({
            "kind": pa.array([kind for kind, _ in midnights], pa.int64()),
            "t": pa.array([second for _, second in midnights], pa.int64()),
            "step": pa.array([0 for _ in midnights], pa.int64()),
        })
    )  # fmt: skip
    both = steps(_spans(known), known.source.engine.signs, "kind", begins="a", ends="b")
    changes = (
        nw.concat([both, silent.select("kind", "step", "t")])
        # as floats, exact for these numbers: DuckDB's running sum of integers was measured to take nearly twice as long; and
        # pandas fails to put nulls into a column of its own integers
        .select("t", nw.col("step").cast(nw.Float64), slot=nw.col("t") // DAY * len(KINDS) + nw.col("kind"))
        .group_by("slot", "t")
        .agg(nw.col("step").sum())
    )
    running = changes.with_columns(
        risen=nw.col("step").cum_sum().over("slot", order_by="t"),
        until=nw.col("t").cast(nw.Float64).shift(-1).over("slot", order_by="t"),
    )
    day = nw.col("slot") // len(KINDS)
    return running.select(
        "t",
        nw.col("step", "risen").cast(nw.Int64),
        kind=nw.col("slot") % len(KINDS),
        day=day,
        until=nw.coalesce(nw.col("until").cast(nw.Int64), (day + 1) * DAY),
    )


def _risen(known: Facts) -> nw.LazyFrame[Any]:
    """Return `kind day risen s at begins continues step`: the histogram of each day by itself."""
    is_still = nw.col("step") == 0
    parts = _inside(known).select(
        "kind", "day", "risen", "step",
        s=nw.col("until") - nw.col("t"),
        at=nw.col("t"),
        begins=(~is_still).cast(nw.Int64),
        continues=(is_still & (nw.col("t") == nw.col("day") * DAY)).cast(nw.Int64),
    )  # fmt: skip
    sums = ("s", "begins", "continues", "step")
    grouped = parts.group_by("kind", "day", "risen").agg(nw.col("at").min(), *(nw.col(name).sum() for name in sums))
    return grouped.with_columns(nw.col(*sums).cast(nw.Int64))


def _left_over(risen: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return `kind day carry`: how many each day begins with."""
    daily = (
        risen.group_by("kind", "day").agg(nw.col("step").sum().alias("net")).with_columns(nw.col("net").cast(nw.Int64))
    )
    total = nw.col("net").cum_sum().over("kind", order_by="day").cast(nw.Int64)
    return daily.with_columns(total=total).select("kind", "day", carry=nw.col("total") - nw.col("net"))
