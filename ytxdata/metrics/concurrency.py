"""How many at once: peaks, when and how often, minutes above the purchased lines, lines that would have sufficed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.facts import Facts, facts, touching
from ytxdata.metrics.levels import KINDS, at_level, days_of, histogram
from ytxdata.metrics.periods import By, check_by, first_day, label, labels
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import Scope, whole
from ytxdata.metrics.source import resolve
from ytxdata.metrics.sums import minutes
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
    rows = rows.join(sufficient, on="row", how="left").join(small(labels(days_of(known), by)), on="row", how="inner")
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
    shown = each.join(small(labels(days_of(known), by)), on="row", how="inner").join(words, on="kind", how="inner")
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
