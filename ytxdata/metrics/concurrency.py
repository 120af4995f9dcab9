"""How many at once: peaks, when and how often, minutes above the purchased lines, lines that would have sufficed.

Counted in two levels, so that no raw row meets all others: inside each day the count runs from 0, and only a histogram of it is kept (for
each day and count, how long, since when, how often); what the earlier days left over is added to that small table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.calendar import DAY, By, check_by, days_table, first_day, label, periods_table
from ytxdata.metrics.facts import Facts, facts, touching
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import Scope, whole
from ytxdata.metrics.source import resolve
from ytxdata.metrics.sums import minutes
from ytxdata.metrics.sweep import steps
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]

COLUMNS = (
    "period", "peak_legs", "peak_legs_at", "peak_legs_times", "peak_meetings", "peak_meetings_at", "peak_meetings_times",
    "busy_minutes", "minutes_above", "lines_sufficient",
)  # fmt: skip


def concurrency(
    source: Any, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    lines: int | None = None, p: float = 99, min_parties: int = 1,
) -> Report:  # fmt: skip
    """Find how many legs and meetings there were at once, and how many lines that takes.

    One row is a period in which somebody was connected. Every moment of `[start, end)` counts, also of meetings begun before it.

    Parameters
    ----------
    source, start, end, by, min_parties
        As in `usage`.
    lines
        Purchased lines; `minutes_above` is null without.
    p
        Share of the busy time [%] for which `lines_sufficient` is to suffice.

    Returns
    -------
    Report
        `period peak_legs peak_legs_at peak_legs_times peak_meetings peak_meetings_at peak_meetings_times busy_minutes
        minutes_above lines_sufficient`, sorted by period. `metrics.peak_stretches` lists every stretch at the peak.

    Raises
    ------
    UsageError
        As in `usage`; or `lines` is no whole number or negative, or `p` not within 0 … 100.
    """
    check_by(by)
    lines = None if lines is None else whole("lines", lines)
    given: object = p
    if not isinstance(given, int | float) or not 0 <= given <= 100:
        raise UsageError(Text(f"p 不能是 {p!r}", f"p cannot be {p!r}"), remedy=Text("0 ≤ p ≤ 100", "0 ≤ p ≤ 100"))
    known = facts(resolve(source), Scope.of(start, end, min_parties))
    small = known.source.engine.small
    held = histogram(known, by)
    busy = held.filter(nw.col("kind") == 0)
    above = nw.when(nw.col("level") > (lines or 0)).then(nw.col("s")).otherwise(0)
    rows = (
        busy.with_columns(above_s=above)
        .group_by("row")
        .agg(nw.col("s").sum().alias("busy_s"), nw.col("above_s").sum())
        .with_columns(nw.col("busy_s", "above_s").cast(nw.Int64))
    )
    sufficient = _sufficient(busy, rows, p)
    for kind, name in enumerate(KINDS):
        rows = rows.join(_peak(held.filter(nw.col("kind") == kind), name), on="row", how="left")
    rows = rows.join(sufficient, on="row", how="left").join(
        small(periods_table(days_of(known), by)), on="row", how="inner"
    )
    shown = rows.sort("row").with_columns(
        busy_minutes=minutes("busy_s"),
        minutes_above=minutes("above_s") if lines is not None else nw.lit(None, nw.Float64),
    )

    def trace(row: Mapping[str, Any], column: str | None) -> Lazy:
        return at_peak(known, by, row["period"], column)

    return build(
        known, "concurrency", Text("并发", "Concurrency"), shown, COLUMNS, trace,
        instants=("peak_legs_at", "peak_meetings_at"), lines=lines, p=p,
    )  # fmt: skip


def peak_stretches(
    source: Any, start: Instant | None = None, end: Instant | None = None, by: By = "month", *, min_parties: int = 1
) -> Report:
    """List every stretch of time during which the peak was reached.

    One row is a stretch `[starts_at, ends_at)` of a period, for legs and for meetings; a leave and a join in the same second do
    not end it.

    Parameters
    ----------
    source, start, end, by, min_parties
        As in `usage`.

    Returns
    -------
    Report
        `period kind level starts_at ends_at`, sorted by period, kind and time.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    check_by(by)
    known = facts(resolve(source), Scope.of(start, end, min_parties))
    held = histogram(known, by)
    peaks = held.group_by("kind", "row").agg(nw.col("level").max())
    moments = at_level(known, by, peaks)
    numbered = moments.with_columns(nth=nw.col("begins").cum_sum().over("kind", "row", order_by="t"))
    each = numbered.group_by("row", "kind", "nth").agg(
        nw.col("level").max(), nw.col("t").min().alias("starts_at"), nw.col("until").max().alias("ends_at")
    )
    small = known.source.engine.small
    words = small(pa.table({"kind": pa.array(range(len(KINDS)), pa.int64()), "word": pa.array(KINDS)}))
    shown = each.join(small(periods_table(days_of(known), by)), on="row", how="inner").join(
        words, on="kind", how="inner"
    )
    shown = shown.sort("row", "kind", "starts_at").select(
        "period", "level", "starts_at", "ends_at", kind=nw.col("word")
    )

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        return at_peak(known, by, row["period"], f"peak_{row['kind']}")

    return build(
        known,
        "peak_stretches",
        Text("并发峰值区间", "Stretches at the peak"),
        shown,
        ("period", "kind", "level", "starts_at", "ends_at"),
        trace,
        instants=("starts_at", "ends_at"),
    )


def _peak(held: Lazy, name: str) -> Lazy:
    """Return per row the peak of one kind, its first second, and in how many separate stretches it was reached."""
    continues = nw.when(nw.col("day") == nw.col("row")).then(nw.col("continues")).otherwise(0)
    grouped = (
        _at_peak(held)
        .with_columns(times=nw.col("begins") + continues)
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


def peaks(known: Facts, by: By) -> Lazy:
    """Return `row peak_legs peak_meetings` for the periods in which anything was connected."""
    split = histogram(known, by).with_columns(
        peak_legs=nw.when(nw.col("kind") == 0).then(nw.col("level")),
        peak_meetings=nw.when(nw.col("kind") == 1).then(nw.col("level")),
    )
    return split.group_by("row").agg(nw.col("peak_legs").max(), nw.col("peak_meetings").max())


def at_peak(known: Facts, by: By, period: str, column: str | None) -> Lazy:
    """Return the records that were connected when the peak of a period was first reached; of meetings if `column` is about them."""
    kind = KINDS.index("meetings") if column and column.startswith("peak_meetings") else KINDS.index("legs")
    row = next((first_day(day, by) for day in days_of(known) if label(first_day(day, by), by) == period), -1)
    top = _at_peak(histogram(known, by).filter((nw.col("kind") == kind) & (nw.col("row") == row)))
    second = known.source.rows(top.select(nw.col("at").min()))[0]["at"]
    records = evidence(touching(known))
    if second is None:
        return records.filter(nw.col("at").is_null())
    is_unlisted = nw.col("leg").is_null()
    began = nw.when(is_unlisted).then(nw.col("first")).otherwise(nw.col("j"))
    over = nw.when(is_unlisted).then(nw.col("last")).otherwise(nw.col("end"))
    return records.filter((began <= second) & (over > second))


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
    days = known.source.engine.small(days_table(days_of(known), by))
    return level.filter(nw.col("level") > 0).join(days, on="day", how="inner").drop("risen", "carry", "step")


def at_level(known: Facts, by: By, wanted: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the moments at which a wanted level (`kind row level`) was held: `kind row level t until begins`."""
    left = _left_over(_risen(known))
    days = known.source.engine.small(days_table(days_of(known), by))
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
