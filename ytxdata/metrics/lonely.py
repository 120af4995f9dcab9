"""The minutes somebody was alone in a meeting, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import narwhals as nw

from ytxdata.labels import Text
from ytxdata.metrics import sweep
from ytxdata.metrics.calendar import check_by
from ytxdata.metrics.cost import with_prices
from ytxdata.metrics.facts import facts
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import DayOf, Scope
from ytxdata.metrics.source import resolve, with_creators
from ytxdata.metrics.sums import add_up, minutes
from ytxdata.metrics.tariff import Tariff, yuan
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]


def lonely(
    source: Any, start: Instant | None = None, end: Instant | None = None, by: Literal["meeting", "creator"] = "meeting", *,
    tariff: Tariff | str | Path | None = None, min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Find the minutes somebody was alone in a meeting: waiting, left behind, or forgotten to hang up.

    One row is a meeting, or a creator. Meetings whose legs or end are unknown are left out and counted.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.
    by
        `meeting` or `creator`.
    tariff
        With a `Tariff` (or the path of one), also what those minutes cost by the class of the number that was alone.

    Returns
    -------
    Report
        `meeting_id creator lonely_minutes meeting_minutes`, or `creator meetings lonely_minutes meeting_minutes`; with a tariff
        also `lonely_cost` [yuan, decimal], null where the number has no price. Most lonely minutes first.

    Raises
    ------
    UsageError
        As in `usage`, or the tariff cannot be used.
    """
    check_by(by, ("meeting", "creator"))
    told = tariff if isinstance(tariff, Tariff) or tariff is None else Tariff.load(tariff)
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of), talk=True)
    alone = known.counted.filter(~nw.col("lonely_s").is_null())
    if told is not None:
        # seconds since the meeting began: small enough to be multiplied by a price
        closed = known.legs.filter(~nw.col("len_s").is_null()).join(alone.select("key", "first"), on="key", how="inner")
        closed = closed.with_columns(j=nw.col("j") - nw.col("first"), end=nw.col("end") - nw.col("first"))
        alone = alone.join(
            sweep.alone(with_prices(known, closed, told), known.source.engine.signs), on="key", how="left"
        ).with_columns(
            nano=nw.when(nw.coalesce(nw.col("unpriced"), nw.lit(0)) == 0).then(
                (nw.coalesce(nw.col("price_s"), nw.lit(0)) + 30) // 60
            )
        )
    named = with_creators(known.source, alone).with_columns(creator=nw.col("one"))
    money = () if told is None else ("nano",)
    if by == "creator":
        named = add_up(named.filter(~nw.col("creator").is_null()), ("creator",), ("lonely_s", "meeting_s", *money))
        named = named.with_columns(meetings=nw.col("n"))
    ties = ("creator",) if by == "creator" else ("meeting_id", "at")
    rows = named.sort("lonely_s", *ties, descending=[True, *(False for _ in ties)], nulls_last=True)
    rows = rows.with_columns(lonely_minutes=minutes("lonely_s"), meeting_minutes=minutes("meeting_s"))
    first = ("creator", "meetings") if by == "creator" else ("meeting_id", "creator")
    key = first[0]

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        found = with_creators(known.source, evidence(known)).with_columns(creator=nw.col("one"))
        return found.filter(nw.col(key) == row[key])

    return build(
        known,
        "lonely",
        Text("独自在线", "Alone in a meeting"),
        rows if told is None else rows.with_columns(lonely_cost=yuan("nano")),
        (*first, "lonely_minutes", "meeting_minutes", *(("lonely_cost",) if money else ())),
        trace,
    )
