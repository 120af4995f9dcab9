"""How many at once: peaks, when and how often, minutes above the purchased lines, lines that would have sufficed.

Running sums in two levels, so that no raw row meets all others: inside each day, on what the earlier days left over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.facts import Facts, facts, touching
from ytxdata.metrics.periods import DAY, By, calendar, check_by, first_day, label, labels
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import Scope
from ytxdata.metrics.source import resolve
from ytxdata.metrics.sums import minutes
from ytxdata.metrics.sweep import steps
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]

KINDS = ("legs", "meetings")

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
        As in `usage`; or `lines` is negative, or `p` not within 0 … 100.
    """
    check_by(by)
    if not 0 <= p <= 100 or (lines is not None and lines < 0):
        raise UsageError(
            Text(f"lines = {lines}、p = {p} 不可用", f"lines = {lines}, p = {p} cannot be used"),
            remedy=Text("lines ≥ 0，0 ≤ p ≤ 100", "lines ≥ 0 and 0 ≤ p ≤ 100"),
        )
    known = facts(resolve(source), Scope.of(start, end, min_parties))
    small = known.source.engine.small
    level, days = levels(known, by)
    legs = level.filter(nw.col("kind") == 0)
    busy = legs.filter(nw.col("level") > 0)
    above = nw.when(nw.col("level") > (lines or 0)).then(nw.col("s")).otherwise(0)
    times = (
        busy.with_columns(above_s=above)
        .group_by("row")
        .agg(nw.col("s").sum().alias("busy_s"), nw.col("above_s").sum())
        .with_columns(nw.col("busy_s", "above_s").cast(nw.Int64))
    )
    rows = times
    for kind in range(len(KINDS)):
        rows = rows.join(_peak(level, kind), on="row", how="left")
    shown = rows.join(_sufficient(busy, times, p), on="row", how="left").join(small(labels(days, by)), on="row", how="inner").sort("row").with_columns(
        busy_minutes=minutes("busy_s"),
        minutes_above=minutes("above_s") if lines is not None else nw.lit(None, nw.Float64),
    )  # fmt: skip

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
    level, days = levels(known, by)
    tops = [
        _at_peak(level.filter(nw.col("kind") == kind)).with_columns(begins=nw.col("begins").cast(nw.Int64))
        for kind in range(len(KINDS))
    ]
    numbered = nw.concat(tops).with_columns(nth=nw.col("begins").cum_sum().over("row", "kind", order_by="t"))
    each = numbered.group_by("row", "kind", "nth").agg(
        nw.col("level").max(), nw.col("t").min().alias("starts_at"), nw.col("until").max().alias("ends_at")
    )
    small = known.source.engine.small
    words = small(pa.table({"kind": pa.array(range(len(KINDS)), pa.int64()), "word": pa.array(KINDS)}))
    shown = each.join(small(labels(days, by)), on="row", how="inner").join(words, on="kind", how="inner")
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


def _peak(level: Lazy, kind: int) -> Lazy:
    """Return per row the peak of one kind, its first second, and in how many separate stretches it was reached."""
    name = KINDS[kind]
    top = _at_peak(level.filter(nw.col("kind") == kind))
    return (
        top.with_columns(begins=nw.col("begins").cast(nw.Int64))
        .group_by("row")
        .agg(
            nw.col("level").max().alias(f"peak_{name}"),
            nw.col("t").min().alias(f"peak_{name}_at"),
            nw.col("begins").sum().alias(f"peak_{name}_times"),
        )
        .with_columns(nw.col(f"peak_{name}_times").cast(nw.Int64))
    )


def _at_peak(level: Lazy) -> Lazy:
    """Return the moments at the peak of their row; `begins` marks the first of each stretch."""
    busy = level.filter(nw.col("level") > 0)
    peak = busy.group_by("row").agg(nw.col("level").max().alias("peak"))
    begins = (nw.col("before") != nw.col("peak")) | (nw.col("t") == nw.col("row") * DAY)
    return busy.join(peak, on="row", how="inner").filter(nw.col("level") == nw.col("peak")).with_columns(begins=begins)


def _sufficient(busy: Lazy, times: Lazy, p: float) -> Lazy:
    """Return per row the smallest level that is not exceeded for p % of the busy seconds."""
    share = round(p * 1000)
    spent = busy.group_by("row", "level").agg(nw.col("s").sum()).with_columns(nw.col("s").cast(nw.Int64))
    so_far = spent.with_columns(so_far=nw.col("s").cum_sum().over("row", order_by="level")).join(
        times, on="row", how="left"
    )
    enough = so_far.filter(nw.col("so_far") * 100_000 >= nw.col("busy_s") * share)
    return enough.group_by("row").agg(nw.col("level").min().alias("lines_sufficient"))


def peaks(known: Facts, by: By) -> Lazy:
    """Return `row peak_legs peak_meetings` for the periods in which anything was connected."""
    level, _ = levels(known, by)
    split = level.filter(nw.col("level") > 0).with_columns(
        peak_legs=nw.when(nw.col("kind") == 0).then(nw.col("level")),
        peak_meetings=nw.when(nw.col("kind") == 1).then(nw.col("level")),
    )
    return split.group_by("row").agg(nw.col("peak_legs").max(), nw.col("peak_meetings").max())


def spans(known: Facts) -> Lazy:
    """Return the intervals `[a, b)` of legs (`kind` 0) and meetings (1), cut to the period."""
    wide = touching(known)
    start, end = known.scope.edges
    legs = wide.joined.filter(nw.col("len_s") > 0)
    if known.scope.min_parties <= 1:  # whoever joined makes the meeting count
        legs = wide.legs.filter(nw.col("len_s") > 0)
    both = nw.concat(
        [
            legs.select(kind=nw.lit(0, nw.Int64), a=nw.col("j"), b=nw.col("end")),
            wide.counted.filter(nw.col("meeting_s") > 0).select(
                kind=nw.lit(1, nw.Int64), a=nw.col("first"), b=nw.col("last")
            ),
        ]
    )
    if start is not None:
        both = both.with_columns(a=nw.max_horizontal(nw.col("a"), nw.lit(start, nw.Int64)))
    if end is not None:
        both = both.with_columns(b=nw.min_horizontal(nw.col("b"), nw.lit(end, nw.Int64)))
    return both if start is None and end is None else both.filter(nw.col("a") < nw.col("b"))


def levels(known: Facts, by: By) -> tuple[Lazy, range]:
    """Return how many there were at once, and the days this covers.

    Rows `kind t until s before level row`: during the `s` seconds of `[t, until)` there were `level`, just before `before`; each
    day begins anew, so that a row lies in one period. Joins and leaves of one second are one step and do not show.
    """
    both = spans(known)
    edges = known.source.rows(both.select(first=nw.col("a").min(), last=nw.col("b").max()))[0]
    days = range(0) if edges["first"] is None else range(int(edges["first"]) // DAY, int(edges["last"]) // DAY + 1)
    small = known.source.engine.small
    midnights = [(kind, day * DAY) for kind in range(len(KINDS)) for day in days]
    silent = small(pa.table({
        "kind": pa.array([kind for kind, _ in midnights], pa.int64()),
        "t": pa.array([second for _, second in midnights], pa.int64()),
    }))  # fmt: skip
    changes = (
        nw.concat([steps(both, "kind", begins="a", ends="b"), silent.select("kind", "t", step=nw.lit(0, nw.Int64))])
        .group_by("kind", "t")
        .agg(nw.col("step").sum())
        .with_columns(nw.col("step").cast(nw.Int64), day=nw.col("t") // DAY)
    )
    daily = (
        changes.group_by("kind", "day")
        .agg(nw.col("step").sum().alias("net"))
        .with_columns(nw.col("net").cast(nw.Int64))
    )
    carried = daily.with_columns(total=nw.col("net").cum_sum().over("kind", order_by="day").cast(nw.Int64))
    inside = changes.with_columns(
        risen=nw.col("step").cum_sum().over("kind", "day", order_by="t").cast(nw.Int64),
        # as a float, exact for seconds: pandas fails to put nulls into a column of its own integers
        until=nw.col("t").cast(nw.Float64).shift(-1).over("kind", "day", order_by="t").cast(nw.Int64),
    )
    level = (
        inside.join(carried, on=["kind", "day"], how="inner")
        .with_columns(
            until=nw.coalesce(nw.col("until"), (nw.col("day") + 1) * DAY),
            level=nw.col("total") - nw.col("net") + nw.col("risen"),
        )
        .join(small(calendar(days, by)), on="day", how="inner")
    )
    return level.select(
        "kind", "t", "until", "level", "row", s=nw.col("until") - nw.col("t"), before=nw.col("level") - nw.col("step")
    ), days


def at_peak(known: Facts, by: By, period: str, column: str | None) -> Lazy:
    """Return the records that were connected when the peak of a period was first reached; of meetings if `column` is about them."""
    level, days = levels(known, by)
    kind = KINDS.index("meetings") if column and column.startswith("peak_meetings") else KINDS.index("legs")
    row = next((first_day(day, by) for day in days if label(first_day(day, by), by) == period), None)
    top = _at_peak(level.filter((nw.col("kind") == kind) & (nw.col("row") == (-1 if row is None else row))))
    second = known.source.rows(top.select(at=nw.col("t").min()))[0]["at"]
    records = evidence(touching(known))
    if second is None:
        return records.filter(nw.col("at").is_null())
    began, over = nw.coalesce("j", "first"), nw.coalesce("end", "last")
    is_there = nw.when(nw.col("j").is_null() & ~nw.col("leg").is_null()).then(nw.lit(False)).otherwise(began <= second)
    return records.filter(is_there & (over > second) & (nw.col("end").is_null() == nw.col("leg").is_null()))
