"""The store, written: tables grow unseen, a head comes last, and what an interruption left is set aside."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import ColumnProperties, DeltaTable, PostCommitHookProperties, WriterProperties, write_deltalake

from ytxdata import times
from ytxdata.archive.storage.heads import FileMark, Head, all_heads, head_path, manifest, promote
from ytxdata.archive.storage.index import Hashes, Numbers, merged, read_run, runs_to_merge
from ytxdata.archive.storage.layout import IDENTITY, LAYOUT
from ytxdata.archive.storage.snapshot import Snapshot, table_path
from ytxdata.files import sync_all, write_whole
from ytxdata.version import __version__

INDEX = "index"
PENDING = "pending"
DERIVED = "derived"
ROW_GROUP = 32_768
"""Rows of a Parquet row group: small enough that one month or one tail is a small part of a file."""

BULKY = ("raw", "gaps", "numbers")
"""Columns of long values: bounds of them would repeat whole values in the file's footer, a dictionary would be all of them."""

WRITER = WriterProperties(
    compression="ZSTD",
    compression_level=3,
    max_row_group_size=ROW_GROUP,
    column_properties={name: ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE") for name in BULKY},
)
SUM_UP_EVERY = 8
"""How many changes of the archive pass before Delta's logs are summed up: opening a table reads every commit since."""

QUIET = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
"""Delta writes no file on its own: every file must be in the manifest of a head."""


class Writer:
    """One change of the archive: tables and index grow unseen, `promote` shows it all at once.

    Only for the holder of the lock. A change that is not promoted is undone by `heal`.
    """

    def __init__(self, root: Path, base: Snapshot | None) -> None:
        self.root = root
        self.base = base
        self.head = base.head if base else unborn()
        self.tables = dict(self.head.tables)
        self.index = list(self.head.index)
        self.written: set[str] = set()
        self.dropped: list[str] = []
        root.joinpath(PENDING).touch()

    def append(self, table: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Append rows to a table, created by its first ones; after `heal` its newest version is the head's."""
        if not isinstance(rows, pa.RecordBatchReader) and not rows.num_rows:
            return
        place = table_path(self.head, table)
        path = self.root / place
        path.mkdir(parents=True, exist_ok=True)
        log = self.base.hand_over(place) if self.base else None
        write_deltalake(log or path, rows, mode="append", writer_properties=WRITER, post_commithook_properties=QUIET)
        self.committed(place)

    def committed(self, place: str) -> None:
        """Note one new Delta commit of a table and the files it brought."""
        version = self.tables.get(place, -1) + 1
        log = commit_path(place, version)
        self.tables[place] = version
        self.written.add(log)
        for line in (self.root / log).read_bytes().splitlines():
            if add := json.loads(line).get("add"):
                self.written.add(f"{place}/{add['path']}")

    def add_to_index(self, hashes: Hashes, numbers: Numbers) -> None:
        """Add which observations belong to which keys, merging runs that became alike in length."""
        if not len(numbers):
            return
        runs = [read_run(self.root / path) for path in self.index] + [(hashes, numbers)]
        kept = len(runs) - runs_to_merge([len(run[1]) for run in runs])
        path = f"{INDEX}/{self.head.sequence + 1:012d}-{len(self.written)}.run"
        write_whole(self.root / path, merged(runs[kept:]))
        self.written.add(path)
        self._drop(self.index[kept:])
        self.index = [*self.index[:kept], path]

    def _drop(self, paths: Sequence[str]) -> None:
        """Let files go with the promotion; those of this very change were never promoted and go unmentioned."""
        self.dropped += paths
        self.written.difference_update(paths)

    def replace_index(self, hashes: Hashes, numbers: Numbers) -> None:
        """Put one new run in place of the whole index."""
        self._drop(self.index)
        self.index = []
        self.add_to_index(hashes, numbers)

    def next_generation(self) -> None:
        """Derive into new places from here on; the tables of the generation before last are dropped, the last may be in use."""
        last = self.head.generation
        number = int(last.removeprefix(f"{DERIVED}/"))
        old = f"{DERIVED}/{number - 1:06d}/"
        self.dropped += [path for path in manifest(all_heads(self.root)) if path.startswith(old)]
        self.tables = {place: v for place, v in self.tables.items() if not place.startswith(f"{last}/")}
        self.head = dataclasses.replace(self.head, generation=f"{DERIVED}/{number + 1:06d}")

    def checkpoint(self, place: str) -> None:
        """Sum up Delta's log of a table, so that opening it does not read, nor list, every commit since its birth."""
        log = self.root / place / "_delta_log"
        before = sorted(log.glob("*.checkpoint*.parquet"))
        if before and before[-1].name.startswith(f"{self.tables[place]:020d}"):
            return  # nothing came since; no file of ours is ever written again
        DeltaTable(str(self.root / place), version=self.tables[place]).create_checkpoint()
        log.joinpath("_last_checkpoint").unlink(missing_ok=True)  # a hint that would be written again
        now = [path for path in sorted(log.glob("*.checkpoint*.parquet")) if path not in before]
        self.written.update(path.relative_to(self.root).as_posix() for path in now)
        if before:  # a reader may be at the last sum still; what that one sums up tells nothing more
            last = before[-1].name[:20]
            spent = [*before[:-1], *(path for path in sorted(log.glob("*.json")) if path.name[:20] < last)]
            self._drop([path.relative_to(self.root).as_posix() for path in spent])

    def preview(self) -> Snapshot:
        """Return what readers will see once this is promoted."""
        return Snapshot(self.root, dataclasses.replace(self.head, tables=dict(self.tables), index=tuple(self.index)))

    def promote(self, kind: str, **changes: Any) -> Snapshot:
        """Make everything durable, then show it to readers; return the new state."""
        if (self.head.sequence + 1) % SUM_UP_EVERY == 0:
            for place in self.tables:
                self.checkpoint(place)
        sync_all(self.root, [self.root / path for path in self.written])
        identity = self.root.joinpath(IDENTITY).read_bytes()
        head = dataclasses.replace(
            self.head,
            sequence=self.head.sequence + 1,
            previous_sha256=head_sha256(self.root, self.head.sequence),
            identity_sha256=hashlib.sha256(identity).hexdigest(),
            kind=kind,
            written_at=times.now().isoformat(),
            package_version=__version__,
            tables=self.tables,
            index=tuple(self.index),
            files=tuple(FileMark.of(self.root, path) for path in sorted(self.written)),
            dropped=tuple(self.dropped),
            **changes,
        )
        promote(self.root, head)
        for path in self.dropped:
            self.root.joinpath(path).unlink(missing_ok=True)
        self.root.joinpath(PENDING).unlink(missing_ok=True)
        return Snapshot(self.root, head)


def commit_path(place: str, version: int) -> str:
    """Return where Delta keeps a commit of a table."""
    return f"{place}/_delta_log/{version:020d}.json"


def head_sha256(root: Path, sequence: int) -> str:
    """Return the hash of a head's file; empty before the first."""
    return hashlib.sha256(head_path(root, sequence).read_bytes()).hexdigest() if sequence else ""


def unborn() -> Head:
    """Return the head that stands before the first one."""
    return Head(LAYOUT, 0, "", "", "", "", __version__, f"{DERIVED}/000001")
