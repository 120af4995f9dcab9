"""Sums that know null (a null is skipped, a row of nulls alone is null, the division comes last), and sweeps over
events: who was connected when.

Seconds during which a condition on a running count holds are summed without looking at the next event: each event at
`t` adds `t × (held before − holds after)`, and the sum over a count that begins and ends with 0 is the time it held.
Window functions only, so that every engine can run them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

if TYPE_CHECKING:
    from ytxdata.metrics.engines import Engine

Lazy = nw.LazyFrame[Any]

SECONDS = {
    "meeting_s": "meeting_minutes",
    "talk_s": "talk_minutes",
    "lonely_s": "lonely_minutes",
    "leg_s": "leg_minutes",
}


def add_up(frame: Lazy, by: tuple[str, ...], columns: tuple[str, ...]) -> Lazy:
    """Return one row per group: `n` rows in it, and the sum of each column, null when all its values are."""
    grouped = frame.group_by(*by).agg(
        nw.len().alias("n"),
        *(nw.col(name).sum() for name in columns),
        *(nw.col(name).count().alias(f"{name}__n") for name in columns),
    )
    return grouped.select(
        *by,
        nw.col("n").cast(nw.Int64),
        *(nw.when(nw.col(f"{name}__n") > 0).then(nw.col(name).cast(nw.Int64)).alias(name) for name in columns),
    )


def whole_sums(frame: Lazy, by: tuple[str, ...], *columns: str) -> Lazy:
    """Return one row per group with the sum of each column, as the whole numbers that they are: engines widen them."""
    return frame.group_by(*by).agg(nw.col(*columns).sum()).with_columns(nw.col(*columns).cast(nw.Int64))


def count(frame: Lazy, by: tuple[str, ...], name: str) -> Lazy:
    """Return how many rows each group has."""
    return frame.group_by(*by).agg(nw.len().alias(name)).with_columns(nw.col(name).cast(nw.Int64))


def distinct(frame: Lazy, *columns: str) -> Lazy:
    """Return the distinct values of some columns: by groups, since narwhals numbers all rows of DuckDB to be rid of
    doubles.
    """
    return frame.group_by(*columns).agg(nw.len().alias("n")).select(*columns)


def null_like(column: str) -> nw.Expr:
    """Return a column of nulls of the type of another: literals without a value lose their type on pandas."""
    value = nw.col(column)
    return nw.when(value != value).then(value)


def divide(numerator: nw.Expr, denominator: nw.Expr | int) -> nw.Expr:
    """Return the quotient of whole numbers, the same in the last digit on every engine.

    Row by row, that is: Polars multiplies by the reciprocal of what it knows to be one number for all rows.
    """
    return numerator / (numerator * 0 + denominator)


def minutes(column: str) -> nw.Expr:
    """Return whole seconds as minutes: the one division.

    Examples
    --------
    >>> from ytxdata.metrics import minutes
    >>> type(minutes("meeting_s")).__name__
    'Expr'
    """
    return divide(nw.col(column), 60)


def percent(part: str, whole: str) -> nw.Expr:
    """Return a part of a whole in percent, null when the whole is 0.

    Examples
    --------
    >>> from ytxdata.metrics import percent
    >>> import narwhals as nw
    >>> type(percent(nw.col("short"), nw.col("n"))).__name__
    'Then'
    """
    return nw.when(nw.col(whole) > 0).then(divide(nw.col(part) * 100, nw.col(whole)))


def _held(low: int, high: int | None = None) -> nw.Expr:
    """The part an event adds to the seconds with `low ≤ level ≤ high`."""

    def holds(level: nw.Expr) -> nw.Expr:
        inside = level >= low if high is None else (level >= low) & (level <= high)
        return inside.cast(nw.Int64)

    return nw.col("t") * (holds(nw.col("level") - nw.col("step")) - holds(nw.col("level")))


COMES_OR_GOES = ((nw.col("level") == 1) & (nw.col("step") == 1)) | ((nw.col("level") == 0) & (nw.col("step") == -1))
"""Of a person's running count of legs: the steps by which the person comes, or is gone."""


def presence_seconds(legs: Lazy, engine: Engine) -> Lazy:
    """Return per `key person` the seconds of the union of a person's intervals (`presence_s`)."""
    parts = _own(legs, engine).select("key", "person", presence_s=_held(1))
    return whole_sums(parts, ("key", "person"), "presence_s")


def talk_seconds(legs: Lazy, rejoined: Lazy, engine: Engine) -> Lazy:
    """Return per `key` the seconds with exactly one person (`lonely_s`) and with two or more (`talk_s`).

    `rejoined` has the `key` of each meeting in which anybody joined twice: in all others every leg is a person, and no
    person's intervals have to be united first.
    """
    closed = legs.filter(~nw.col("len_s").is_null())
    once, again = (closed.join(rejoined, on="key", how=how) for how in ("anti", "semi"))
    comings = _own(again, engine).filter(COMES_OR_GOES).select("key", "step", "place")
    people = engine.running(nw.concat([engine.steps(once, "key", begins="j", ends="end"), comings]), "key")
    return whole_sums(people.select("key", lonely_s=_held(1, 1), talk_s=_held(2)), ("key",), "lonely_s", "talk_s")


def _own(legs: Lazy, engine: Engine) -> Lazy:
    """Return the running count of legs of each person."""
    closed = legs.filter(~nw.col("len_s").is_null())
    return engine.running(engine.steps(closed, "key", "person", begins="j", ends="end"), "key", "person")


def overlap_seconds(legs: Lazy, engine: Engine) -> Lazy:
    """Return per `key` the seconds with two or more legs, whoever they belong to (`overlap_s`); `legs` has `key j
    end`.
    """
    swept = engine.running(engine.steps(legs, "key", begins="j", ends="end"), "key")
    return whole_sums(swept.select("key", overlap_s=_held(2)), ("key",), "overlap_s")


def cost_alone(legs: Lazy, engine: Engine) -> Lazy:
    """Return per `key` what being alone cost: `price_s` (price × seconds, of the person alone) and `unpriced`
    (seconds without a price).

    `legs` has `key person j end price`. While one person is there, the running sum of prices is that person's price.
    """
    priced = legs.with_columns(
        worth=nw.coalesce(nw.col("price"), nw.lit(0)), no_price=nw.col("price").is_null().cast(nw.Int64)
    )
    both = engine.steps(priced, "key", "person", "worth", "no_price", begins="j", ends="end")
    own = engine.running(both, "key", "person")
    comings = own.filter(COMES_OR_GOES).with_columns(
        gain=nw.col("worth") * nw.col("step"), lack=nw.col("no_price") * nw.col("step")
    )
    # One row per second before three sums run beside each other: among rows of one second each window of an engine
    # may take an order of
    # its own, and prices of those who come were then added to a count of those who leave (122.30 yuan for a minute of
    # 0.10 on DuckDB).
    seconds = comings.group_by("key", "t").agg(nw.col(name).sum() for name in ("step", "gain", "lack"))
    sums = seconds.with_columns(
        nw.col(name).cum_sum().over("key", order_by="t").cast(nw.Int64).alias(running)
        for name, running in (("step", "level"), ("gain", "worth"), ("lack", "missing"))
    )
    now = (nw.col("level") == 1).cast(nw.Int64)
    before = (nw.col("level") - nw.col("step") == 1).cast(nw.Int64)
    parts = sums.select(
        "key",
        price_s=nw.col("t") * (before * (nw.col("worth") - nw.col("gain")) - now * nw.col("worth")),
        unpriced=nw.col("t") * (before * (nw.col("missing") - nw.col("lack")) - now * nw.col("missing")),
    )
    return whole_sums(parts, ("key",), "price_s", "unpriced")
