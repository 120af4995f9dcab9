"""How unevenly meeting minutes are spread over creators."""

from __future__ import annotations

import narwhals as nw

from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import By
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report
from ytxdata.metrics.scope import DayOf
from ytxdata.metrics.source import ReportSource, with_creators
from ytxdata.metrics.sums import divide, percent
from ytxdata.times import Instant


@register(place=60, rows=62)
def concentration(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "total", *,
    min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Say which share of the meeting minutes the top tenth of creators has, and how uneven the rest is.

    One row is a period with at least one creator whose minutes are known.

    Parameters
    ----------
    source, start, end, by, min_parties, day_of
        As in `usage`.

    Returns
    -------
    Report
        `period creators top_creators concentration gini is_partial covered_pct`, sorted by period; both shares are null when there are 0 minutes.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    rows = Breakdown.of(source, start, end, by, min_parties=min_parties, day_of=day_of)
    named = with_creators(rows.source, rows.meetings.filter(~nw.col("meeting_s").is_null()))
    each = (
        named.filter(~nw.col("one").is_null())
        .group_by("row", "one")
        .agg(nw.col("meeting_s").sum().alias("s"))
        .with_columns(s=nw.col("s").cast(nw.Int64), one_each=nw.col("s").cast(nw.Int64) * 0 + 1)
    )
    ranked = each.with_columns(
        rank=nw.col("one_each").cum_sum().over("row", order_by=["s", "one"]).cast(nw.Int64),
        creators=nw.col("one_each").sum().over("row").cast(nw.Int64),
    )
    weighed = ranked.with_columns(
        top_s=nw.when(nw.col("rank") > nw.col("creators") - (nw.col("creators") + 9) // 10)
        .then(nw.col("s"))
        .otherwise(0),
        spread=(2 * nw.col("rank") - nw.col("creators") - 1) * nw.col("s"),
    )
    sums = weighed.group_by("row").agg(
        nw.col("creators").max(), nw.col("s").sum(), nw.col("top_s").sum(), nw.col("spread").sum()
    )
    whole = sums.with_columns(nw.col("creators", "s", "top_s", "spread").cast(nw.Int64))
    shown = whole.with_columns(
        top_creators=(nw.col("creators") + 9) // 10,
        concentration=percent("top_s", "s"),
        gini=nw.when(nw.col("s") > 0).then(divide(nw.col("spread"), nw.col("creators") * nw.col("s"))),
    )
    return rows.report(
        "concentration", Text("集中度", "Concentration"), shown, ("creators", "top_creators", "concentration", "gini"),
        lambda row, _column: rows.records(row).filter(~nw.col("creator").is_null()),
    )  # fmt: skip
