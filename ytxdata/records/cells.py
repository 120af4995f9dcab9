"""Cells of Arrow tables as plain Python values, at the pace of the other columns also for instants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

import pyarrow as pa


def rows(table: pa.Table, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield some columns of a table row by row; instants are datetimes in UTC."""
    return zip(*(_values(table[name]) for name in columns), strict=True)


def _values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    # `to_pylist` looks the zone up anew for every cell, which takes twenty times as long
    naive = column.cast(pa.timestamp("us")).to_numpy().astype(object)
    return [value if value is None else value.replace(tzinfo=UTC) for value in naive]
