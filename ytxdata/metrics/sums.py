"""Sums that know null: a null is skipped, a row of nulls alone is null, and the division comes last."""

from __future__ import annotations

from typing import Any

import narwhals as nw

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


def count(frame: Lazy, by: tuple[str, ...], name: str) -> Lazy:
    """Return how many rows each group has."""
    return frame.group_by(*by).agg(nw.len().alias(name)).with_columns(nw.col(name).cast(nw.Int64))


def distinct(frame: Lazy, *columns: str) -> Lazy:
    """Return the distinct values of some columns: by groups, since narwhals numbers all rows of DuckDB to be rid of doubles."""
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
    """Return whole seconds as minutes: the one division."""
    return divide(nw.col(column), 60)


def percent(part: str, whole: str) -> nw.Expr:
    """Return a part of a whole in percent, null when the whole is 0."""
    return nw.when(nw.col(whole) > 0).then(divide(nw.col(part) * 100, nw.col(whole)))
