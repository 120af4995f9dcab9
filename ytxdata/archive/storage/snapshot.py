"""What readers see: the tables at the state that one head names, and rows of them by bounds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from ytxdata.archive.storage.disk_errors import telling_damage
from ytxdata.archive.storage.heads import Head, layout_of, read_head, sequences
from ytxdata.archive.storage.layout import check_layout
from ytxdata.archive.storage.stored_columns import RAW_TABLES, SCHEMAS

BOUNDED = ("obs", "ordinal", "started_at")
"""Columns whose bounds tell which files to read."""


@dataclasses.dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table, with the bounds Delta's log has for its columns."""

    path: Path
    rows: int
    bounds: Mapping[str, tuple[Any, Any]]


class Snapshot:
    """The archive as one head names it; it does not change while others write."""

    def __init__(self, root: Path, head: Head) -> None:
        self.root = root
        self.head = head
        self._files: dict[str, list[DataFile]] = {}
        self._logs: dict[str, DeltaTable] = {}

    def files(self, table: str) -> list[DataFile]:
        """Return the files of a table, oldest rows first; none when nothing was ever written to it."""
        if table not in self._files:
            self._files[table] = self._read_log(table)
        return self._files[table]

    def _read_log(self, table: str) -> list[DataFile]:
        place = table_path(self.head, table)
        if place not in self.head.tables:
            return []
        with telling_damage(place):
            log = self._logs[place] = DeltaTable(self.root / place, version=self.head.tables[place])
            actions = pa.table(log.get_add_actions(flatten=True))
            names = ["path", "num_records", *(f"{edge}.{name}" for name in BOUNDED for edge in ("min", "max"))]
            adds = actions.select([name for name in names if name in actions.column_names]).to_pylist()
        files = [
            DataFile(
                self.root / place / add["path"],
                add["num_records"],
                {name: (add.get(f"min.{name}"), add.get(f"max.{name}")) for name in BOUNDED},
            )
            for add in adds
        ]
        return sorted(files, key=lambda file: (file.bounds["obs"][0] or file.bounds["ordinal"][0] or 0, file.path))

    def hand_over(self, place: str) -> DeltaTable | None:
        """Give away the log of a table if it was opened: whoever appends moves it on, and opening costs as much as appending."""
        return self._logs.pop(place, None)

    @cached_property
    def runs(self) -> list[Path]:
        """The files of the index."""
        return [self.root / path for path in self.head.index]


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
    numbers = sequences(root)
    if not numbers:
        return None
    check_layout(layout_of(root, numbers[-1]), root)
    return Snapshot(root, read_head(root, numbers[-1]))


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
