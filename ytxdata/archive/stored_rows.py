"""Rows of the tables that a head names, read without reading more: whole files, and groups of rows in them, are left
out by their bounds where they hold none that are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.archive.heads import Snapshot
from ytxdata.archive.stored_files import INSTANT, SCHEMAS, Numbers, StoredFile, filled_in, telling_damage
from ytxdata.archive.whole_files import known_whole

_FEW_ROWS = 4096
"""Rows that are read sooner than other threads have begun to."""


class Wanted(NamedTuple):
    """What rows are wanted: a column, whether a span of its values may hold any, and which rows of a table do."""

    column: str
    may_be_in: Callable[[Any, Any], bool]
    mask: Callable[[pa.Table], pa.Array]

    def may_be_in_file(self, file: StoredFile) -> bool:
        """Return whether a file may hold any, by its bounds."""
        bounds = file.bounds.get(self.column, ())
        if bounds is None or self.column not in file.columns:
            return False  # every value is null: a file without replaced versions is not even opened
        return not bounds or self.may_be_in(*bounds)


def among(column: str, numbers: Numbers) -> Wanted:
    """Rows whose `column` is one of some sorted numbers."""
    values = pa.array(numbers, pa.int64())

    def may_be_in(low: int, high: int) -> bool:
        return bool(np.searchsorted(numbers, low, "left") < np.searchsorted(numbers, high, "right"))

    return Wanted(column, may_be_in, lambda rows: pc.is_in(rows[column], value_set=values))


def not_before(column: str, instant: datetime) -> Wanted:
    """Rows whose `column` is at or after an instant."""
    edge = pa.scalar(instant, INSTANT)
    return Wanted(column, lambda _low, high: bool(high >= instant), lambda rows: pc.greater_equal(rows[column], edge))


def before(column: str, instant: datetime) -> Wanted:
    """Rows whose `column` is before an instant."""
    edge = pa.scalar(instant, INSTANT)
    return Wanted(column, lambda low, _high: bool(low < instant), lambda rows: pc.less(rows[column], edge))


def up_to(rows: pa.Table, column: str, instant: datetime | None) -> pa.Table:
    """Return rows whose `column` is not after an instant; all where none is given."""
    return rows if instant is None else rows.filter(pc.less_equal(rows[column], pa.scalar(instant, INSTANT)))


def filled(column: str) -> Wanted:
    """Rows whose `column` is not null."""
    return Wanted(column, lambda _low, _high: True, lambda rows: pc.is_valid(rows[column]))


def batches(snapshot: Snapshot, table: str, columns: Sequence[str], wanted: Wanted | None = None) -> Iterator[pa.Table]:
    """Yield rows of a table, one piece for each row group that may hold any, pulls in the order of the chain; columns
    that a file was written without are null: a later version of this package may know more of them.
    """
    # layout 2 merged pulls in any order; and stored first, the newest was said to have brought what others list
    ordinals = [one["ordinal"].to_numpy() for one in _pieces(snapshot, table, ["ordinal"])] if table == "pulls" else []
    if ordinals and (np.diff(np.concatenate(ordinals)) < 0).any():
        names = list(dict.fromkeys(["ordinal", *columns]))
        yield _as_one(table, names, _pieces(snapshot, table, names, wanted)).sort_by("ordinal").select(list(columns))
    else:
        yield from _pieces(snapshot, table, columns, wanted)


def _pieces(snapshot: Snapshot, table: str, columns: Sequence[str], wanted: Wanted | None = None) -> Iterator[pa.Table]:
    names = list(dict.fromkeys([*columns, *([wanted.column] if wanted else [])]))
    for file in snapshot.files(table):
        if wanted and not wanted.may_be_in_file(file):
            continue
        # who reads without hashing tells what is wrong row by row: a changed length alone stops neither verify nor sync
        path = known_whole(snapshot.root, file) if snapshot.is_hashed else snapshot.root / file.path
        with telling_damage(file.path, file.remedy), pq.ParquetFile(path) as parquet:
            there = [name for name in names if name in file.columns]
            # a group at a time: a look-up in an archive of ten years must not read, or hold, a whole file
            for group in range(parquet.num_row_groups):
                if wanted is None or _group_may_hold(parquet, group, wanted):
                    is_large = parquet.metadata.row_group(group).num_rows > _FEW_ROWS
                    rows = filled_in(parquet.read_row_group(group, columns=there, use_threads=is_large), table)
                    yield with_all_columns(rows.filter(wanted.mask(rows)) if wanted else rows, table, list(columns))


def with_all_columns(rows: pa.Table, table: str, names: Sequence[str]) -> pa.Table:
    """Return rows with these columns in this order; those that are not there are null."""
    schema = SCHEMAS[table]
    for name in names:
        if name not in rows.column_names:
            rows = rows.append_column(schema.field(name), pa.nulls(rows.num_rows, schema.field(name).type))
    return rows.select(list(names))


def _group_may_hold(parquet: pq.ParquetFile, group: int, wanted: Wanted) -> bool:
    chunk = parquet.metadata.row_group(group).column(parquet.schema_arrow.get_field_index(wanted.column))
    bounds = chunk.statistics
    # what is not known is never taken for not there: a version that is overlooked would be stored as a new meeting
    if bounds is None:
        return True
    if not bounds.has_min_max:
        return bool(bounds.null_count is None or bounds.null_count < chunk.num_values)
    return wanted.may_be_in(bounds.min, bounds.max)


def read(snapshot: Snapshot, table: str, columns: Sequence[str], wanted: Wanted | None = None) -> pa.Table:
    """Return rows of a table as one piece; the same columns when there are none."""
    return _as_one(table, columns, batches(snapshot, table, columns, wanted))


def _as_one(table: str, columns: Sequence[str], pieces: Iterable[pa.Table]) -> pa.Table:
    empty = pa.schema([SCHEMAS[table].field(name) for name in columns]).empty_table()
    return pa.concat_tables([empty, *(piece.cast(empty.schema) for piece in pieces)])
