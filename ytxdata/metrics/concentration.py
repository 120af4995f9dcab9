"""How unevenly meeting minutes are spread over creators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw

from ytxdata.labels import Text
from ytxdata.metrics.calendar import DAY, By, check_by, days_table, periods_table, seconds_of
from ytxdata.metrics.facts import facts, outcome
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import DayOf, Scope
from ytxdata.metrics.source import resolve, with_creators
from ytxdata.metrics.sums import divide, percent
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]


def concentration(
    source: Any, start: Instant | None = None, end: Instant | None = None, by: By = "total", *,
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
        `period creators top_creators concentration gini`, sorted by period; both shares are null when there are 0 minutes.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    check_by(by)
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of))
    days = outcome(known).days
    small = known.source.engine.small
    timed = known.counted.filter(~nw.col("meeting_s").is_null()).with_columns(day=nw.col("at") // DAY)
    named = with_creators(known.source, timed.join(small(days_table(days, by)), on="day", how="inner"))
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
    shown = whole.join(small(periods_table(days, by)), on="row", how="inner").sort("row").with_columns(
        top_creators=(nw.col("creators") + 9) // 10,
        concentration=percent("top_s", "s"),
        gini=nw.when(nw.col("s") > 0).then(divide(nw.col("spread"), nw.col("creators") * nw.col("s"))),
    )  # fmt: skip

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        first, last = seconds_of(row["period"], by, days)
        inside = (nw.col("at") >= first) & (nw.col("at") < last)
        return evidence(known).filter(inside & ~nw.col("creator").is_null())

    columns = ("period", "creators", "top_creators", "concentration", "gini")
    return build(known, "concentration", Text("集中度", "Concentration"), shown, columns, trace)
