"""Rows of a snapshot, reading only the files and row groups whose bounds may hold what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.archive.store import Snapshot, telling_damage
from ytxdata.archive.store_schema import SCHEMAS

Numbers = npt.NDArray[np.int64]
LOG_PRECISION = timedelta(milliseconds=1)
"""Delta's log keeps instants in whole milliseconds, so its bounds are taken a little wider."""


class Wanted(NamedTuple):
    """What rows are wanted: a column, whether a span of its values may hold any, and which rows of a table do."""

    column: str
    may_be_in: Callable[[Any, Any], bool]
    mask: Callable[[pa.Table], pa.Array]


def among(column: str, numbers: Numbers) -> Wanted:
    """Rows whose `column` is one of some sorted numbers."""
    values = pa.array(numbers, pa.int64())

    def may_be_in(low: int, high: int) -> bool:
        return bool(np.searchsorted(numbers, low, "left") < np.searchsorted(numbers, high, "right"))

    return Wanted(column, may_be_in, lambda rows: pc.is_in(rows[column], value_set=values))


def not_before(column: str, instant: datetime) -> Wanted:
    """Rows whose `column` is at or after an instant."""
    edge = pa.scalar(instant, pa.timestamp("us", tz="UTC"))
    return Wanted(
        column,
        lambda _low, high: bool(high + LOG_PRECISION >= instant),
        lambda rows: pc.greater_equal(rows[column], edge),
    )


def filled(column: str) -> Wanted:
    """Rows whose `column` is not null."""
    return Wanted(column, lambda _low, _high: True, lambda rows: pc.is_valid(rows[column]))


def batches(snapshot: Snapshot, table: str, columns: Sequence[str], wanted: Wanted | None = None) -> Iterator[pa.Table]:
    """Yield rows of a table, one piece for each row group that may hold any, in no promised order (compaction moves rows)."""
    names = list(dict.fromkeys([*columns, *([wanted.column] if wanted else [])]))
    for file in snapshot.files(table):
        low, high = file.bounds.get(wanted.column, (None, None)) if wanted else (None, None)
        if wanted and low is not None and high is not None and not wanted.may_be_in(low, high):
            continue
        with telling_damage(str(file.path)), pq.ParquetFile(file.path) as parquet:
            for group in range(parquet.num_row_groups):
                if wanted is None or _may_hold(parquet, group, wanted):
                    rows = parquet.read_row_group(group, columns=names)
                    yield (rows.filter(wanted.mask(rows)) if wanted else rows).select(list(columns))


def _may_hold(parquet: pq.ParquetFile, group: int, wanted: Wanted) -> bool:
    index = parquet.schema_arrow.get_field_index(wanted.column)
    chunk = parquet.metadata.row_group(group).column(index)
    bounds = chunk.statistics
    if bounds is None:
        return True
    if not bounds.has_min_max:
        return bool(bounds.null_count is None or bounds.null_count < chunk.num_values)
    return wanted.may_be_in(bounds.min, bounds.max)


def read(snapshot: Snapshot, table: str, columns: Sequence[str], wanted: Wanted | None = None) -> pa.Table:
    """Return rows of a table as one piece; the same columns when there are none."""
    schema = SCHEMAS[table]
    empty = pa.schema([schema.field(name) for name in columns]).empty_table()
    return pa.concat_tables([empty, *(piece.cast(empty.schema) for piece in batches(snapshot, table, columns, wanted))])
