"""The store, read: Delta tables at the versions that the newest head names."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from ytxdata.archive.layout import check_layout
from ytxdata.archive.store_heads import Head, layout_of, read_head, sequences
from ytxdata.archive.store_schema import RAW_TABLES
from ytxdata.errors import DamagedError, YtxError
from ytxdata.labels import Text

BOUNDED = ("obs", "ordinal", "started_at")
"""Columns whose bounds tell which files to read."""


@contextlib.contextmanager
def telling_damage(what: str) -> Iterator[None]:
    """Turn a file that is gone or cannot be read into DamagedError."""
    try:
        yield
    except (OSError, DeltaError, pa.ArrowException, ValueError, KeyError) as error:
        if isinstance(error, YtxError):
            raise
        raise DamagedError(
            Text(f"存档已损坏，无法读取 {what}：{error}", f"the archive is damaged, {what} cannot be read: {error}"),
            remedy=Text(
                "运行 ytxdata verify 查看详情，并从备份恢复", "run ytxdata verify for details and restore from a backup"
            ),
        ) from None


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
