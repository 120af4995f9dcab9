"""What readers see: the tables at the state that one head names, and rows of them by bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.archive.heads import Head, layout_of, read_head, sequences, whole_head
from ytxdata.archive.ownership import LAYOUT, check_layout
from ytxdata.archive.stored_files import INDEX, RAW_TABLES, SCHEMAS, Files, Numbers, StoredFile, telling_damage


class Snapshot:
    """The archive as one head names it; it does not change while others write.

    Parameters
    ----------
    sha256
        Hash of the head's first line: what the next head follows.
    """

    def __init__(self, root: Path, head: Head, sha256: str, listed: Files) -> None:
        self.root = root
        self.head = head
        self.sha256 = sha256
        self.listed = listed

    def files(self, table: str) -> tuple[StoredFile, ...]:
        """Return the files of a table, oldest rows first; none when nothing was ever written to it."""
        return self.listed.get(table, ())

    def paths(self, table: str) -> list[Path]:
        """Return where the files of a table are."""
        return [self.root / file.path for file in self.files(table)]

    @property
    def runs(self) -> list[Path]:
        """The files of the index."""
        return self.paths(INDEX)


def table_path(head: Head, table: str) -> str:
    """Return where a table stands below the archive; derived tables stand in their generation."""
    return table if table in RAW_TABLES else f"{head.generation}/{table}"


def newest(root: Path) -> Snapshot | None:
    """Return the archive's newest state, or None before the first one.

    Raises
    ------
    FutureLayoutError
        A newer version of this package wrote it.
    DamagedError
        Its control file is not what was written.
    """
    with telling_damage(str(root)):
        numbers = sequences(root)
    if not numbers:
        return None
    # before any other field: a newer version may have none of those of today, and must not be told to be damaged
    check_layout(layout_of(root, numbers[-1]), root)
    return at_head(root, numbers[-1])


def at_head(root: Path, sequence: int) -> Snapshot:
    """Return the state that one head names.

    Raises
    ------
    DamagedError
        The head is not what was written, or it no longer lists its files.
    """
    raw = read_head(root, sequence)
    if raw.body["layout"] < LAYOUT:
        from ytxdata.archive.older_layouts import files_of  # which writes, and so must know this module

        with telling_damage(str(root)):
            return Snapshot(root, Head.of(raw.body), raw.sha256, files_of(root, raw.body))
    head, listed = whole_head(root, sequence, raw)
    return Snapshot(root, head, raw.sha256, listed)


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
    return Wanted(column, lambda _low, high: bool(high >= instant), lambda rows: pc.greater_equal(rows[column], edge))


def filled(column: str) -> Wanted:
    """Rows whose `column` is not null."""
    return Wanted(column, lambda _low, _high: True, lambda rows: pc.is_valid(rows[column]))


def batches(snapshot: Snapshot, table: str, columns: Sequence[str], wanted: Wanted | None = None) -> Iterator[pa.Table]:
    """Yield rows of a table, one piece for each row group that may hold any.

    Columns that a file was written without are null: a later version of this package may know more of them.
    """
    names = list(dict.fromkeys([*columns, *([wanted.column] if wanted else [])]))
    for file in snapshot.files(table):
        if wanted and not _file_may_hold(file, wanted):
            continue
        with telling_damage(file.path), pq.ParquetFile(snapshot.root / file.path) as parquet:
            present = [name for name in names if name in file.columns]
            # a group at a time: a look-up in an archive of ten years must not read, or hold, a whole file
            for group in range(parquet.num_row_groups):
                if wanted is None or _group_may_hold(parquet, group, wanted):
                    rows = with_all_columns(parquet.read_row_group(group, columns=present), table, names)
                    yield (rows.filter(wanted.mask(rows)) if wanted else rows).select(list(columns))


def with_all_columns(rows: pa.Table, table: str, names: Sequence[str]) -> pa.Table:
    """Return rows with these columns in this order; those that are not there are null."""
    schema = SCHEMAS[table]
    for name in names:
        if name not in rows.column_names:
            rows = rows.append_column(schema.field(name), pa.nulls(rows.num_rows, schema.field(name).type))
    return rows.select(list(names))


def _file_may_hold(file: StoredFile, wanted: Wanted) -> bool:
    bounds = file.bounds.get(wanted.column, ())
    if bounds is None or wanted.column not in file.columns:
        return False  # every value is null: a file without replaced versions is not even opened
    return not bounds or wanted.may_be_in(*bounds)


def _group_may_hold(parquet: pq.ParquetFile, group: int, wanted: Wanted) -> bool:
    index = parquet.schema_arrow.get_field_index(wanted.column)
    chunk = parquet.metadata.row_group(group).column(index)
    bounds = chunk.statistics
    # what is not known is never taken for not there: a version that is overlooked would be stored as a new meeting
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
