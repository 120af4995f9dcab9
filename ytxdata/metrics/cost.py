"""What meetings cost by a tariff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import pyarrow as pa

from ytxdata.labels import Text
from ytxdata.metrics.calendar import DAY, PERIODS, check_by, days_table, periods_table, seconds_of
from ytxdata.metrics.facts import Facts, facts, outcome
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import DayOf, Scope
from ytxdata.metrics.source import resolve, with_looked_up
from ytxdata.metrics.sums import add_up, minutes, null_like
from ytxdata.metrics.tariff import Tariff, yuan
from ytxdata.phones import number_class
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]

_SUMS = ("lines_billed", "billed_minutes", "cost")


def cost(
    source: Any, tariff: Tariff | str | Path, start: Instant | None = None, end: Instant | None = None,
    by: Literal["day", "week", "month", "total", "line"] = "month", *, min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Say what meetings cost, in exact decimals.

    One row is a period, or with `by="line"` one billed leg (or meeting). Nothing is rounded to fen; a row is the sum of its lines.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.
    tariff
        A `Tariff`, or the path of a tariff file.
    by
        As in `usage`, or `line`.

    Returns
    -------
    Report
        `period lines_billed billed_minutes cost` [yuan, decimal], sorted by period; or `meeting_id leg number number_class
        billed_minutes cost`, sorted by meeting and leg (`leg` and `number` are null when meetings are billed).

    Raises
    ------
    UsageError
        As in `usage`, or the tariff cannot be used.

    Notes
    -----
    Amounts are whole billionths of a yuan inside: where a price per minute is not divisible into the billed seconds, a line is
    exact to half a billionth. Lines without a price, and legs whose end is unknown, are left out and counted.
    """
    check_by(by, (*PERIODS, "line"))
    told = tariff if isinstance(tariff, Tariff) else Tariff.load(tariff)
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of))
    lines = _lines(known, told)
    unpriced = known.source.rows(
        lines.select(no_price=nw.col("price").is_null().cast(nw.Int64)).select(nw.col("no_price").sum().cast(nw.Int64))
    )
    priced = lines.filter(~nw.col("price").is_null()).with_columns(
        billed_s=told.billed(nw.col("seconds"))
    ).with_columns(nano=told.cost(nw.col("billed_s"), nw.col("price")))  # fmt: skip
    days = outcome(known).days
    columns: tuple[str, ...]
    if by == "line":
        columns = ("meeting_id", "leg", "number", "number_class", "billed_minutes", "cost")
        rows = priced.sort("meeting_id", "at", "leg", nulls_last=True)
    else:
        columns = ("period", *_SUMS)
        small = known.source.engine.small
        in_row = priced.with_columns(day=nw.col("at") // DAY).join(small(days_table(days, by)), on="day", how="inner")
        sums = add_up(in_row, ("row",), ("billed_s", "nano")).with_columns(lines_billed=nw.col("n"))
        rows = sums.join(small(periods_table(days, by)), on="row", how="inner").sort("row")

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        if by == "line":
            same = nw.col("meeting_id") == row["meeting_id"]
            return evidence(known).filter(same if row["leg"] is None else same & (nw.col("leg") == row["leg"]))
        first, last = seconds_of(row["period"], by, days)
        return evidence(known).filter((nw.col("at") >= first) & (nw.col("at") < last))

    return build(
        known,
        "cost",
        Text("费用", "Cost"),
        rows.with_columns(billed_minutes=minutes("billed_s"), cost=yuan("nano")),
        columns,
        trace,
        excluded={"no_price": int(unpriced[0]["no_price"] or 0)},
        step_s=told.step_s,
        minimum_s=told.minimum_s,
    )


def _lines(known: Facts, tariff: Tariff) -> Lazy:
    """Return what is billed: `key meeting_id leg number number_class at seconds price`."""
    if tariff.per == "meeting":
        whole = known.counted.filter(~nw.col("meeting_s").is_null())
        price = tariff.nano("default")
        return whole.select(
            "key", "meeting_id", "at", leg=null_like("at"), number=null_like("meeting_id"), number_class=nw.lit("default"),
            seconds=nw.col("meeting_s"), price=null_like("at") if price is None else nw.lit(price, nw.Int64),
        )  # fmt: skip
    joined = known.legs.filter(~nw.col("len_s").is_null())
    legs = joined.join(known.counted.select("key", "meeting_id", "at"), on="key", how="inner")
    return with_prices(known, legs, tariff).with_columns(seconds=nw.col("len_s"))


def with_prices(known: Facts, legs: Lazy, tariff: Tariff) -> Lazy:
    """Add the `number_class` of each leg and its `price` in billionths of a yuan per minute."""
    functions: dict[str, tuple[pa.DataType, Callable[[str], Any]]] = {
        "number_class": (pa.string(), number_class),
        "price": (pa.int64(), lambda number: tariff.nano(number_class(number))),
    }
    priced = with_looked_up(known.source, legs, "number", functions)
    withheld, unknown = nw.col("number").is_null(), tariff.nano("unknown")
    known_price = nw.when(~withheld).then(nw.col("price"))
    return priced.with_columns(
        number_class=nw.when(withheld).then(nw.lit("unknown")).otherwise(nw.col("number_class")),
        price=known_price if unknown is None else known_price.otherwise(nw.lit(unknown, nw.Int64)),
    )
