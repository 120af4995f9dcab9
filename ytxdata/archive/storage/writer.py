"""One change of the archive: tables and index grow unseen, a head comes last and shows it all at once."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from ytxdata import times
from ytxdata.archive.storage.heads import (
    Files,
    Head,
    StoredFile,
    files_to_line,
    link,
    past_of,
    sequences,
    write_head,
)
from ytxdata.archive.storage.index import Hashes, Numbers, merged, read_run, runs_to_merge
from ytxdata.archive.storage.layout import IDENTITY, LAYOUT
from ytxdata.archive.storage.parquet_files import TableWriter, read_pieces
from ytxdata.archive.storage.snapshot import Snapshot, table_path, with_all_columns
from ytxdata.archive.storage.stored_columns import DERIVED_TABLES, INDEX, SCHEMAS
from ytxdata.files import make_private_folder, sha256_of, sync_all, write_whole
from ytxdata.version import __version__

PENDING = "pending"
DERIVED = "derived"


class Writer:
    """One change of the archive.

    Only for the holder of the lock. A change that is not promoted is undone by `cleanup.heal`.
    """

    def __init__(self, root: Path, base: Snapshot | None) -> None:
        make_private_folder(root)
        self.root = root
        self.base = base
        self.head = base.head if base else unborn()
        self.files: dict[str, tuple[StoredFile, ...]] = dict(base.listed) if base else {}
        self._writing: dict[str, TableWriter] = {}
        self._begun: Counter[str] = Counter()
        self._made: set[str] = set()
        root.joinpath(PENDING).touch()

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table; called again, it goes on with the same file."""
        if not rows.num_rows:
            return
        if table not in self._writing:
            stem = file_stem(self.head, table) + f".{self._begun[table]}" * bool(self._begun[table])
            self._begun[table] += 1
            self._writing[table] = TableWriter(self.root, stem, table)
        self._writing[table].write(rows)

    def merge(self, table: str, last: int) -> None:
        """Put the rows of the last files of a table into one: only what is listed changes, no file is written again."""
        old = self.files[table][-last:]
        self.files[table] = self.files[table][:-last]
        for rows in read_pieces(self.root, old):
            self.append(table, with_all_columns(rows, table, SCHEMAS[table].names))

    def add_to_index(self, hashes: Hashes, numbers: Numbers) -> None:
        """Add which observations belong to which keys, merging runs that became alike in length."""
        if not len(numbers):
            return
        listed = self.files.get(INDEX, ())
        runs = [*(read_run(self.root / file.path) for file in listed), (hashes, numbers)]
        kept = len(runs) - runs_to_merge([len(run[1]) for run in runs])
        path = f"{INDEX}/{self.head.sequence + 1:012d}" + f".{self._begun[INDEX]}" * bool(self._begun[INDEX]) + ".run"
        self._begun[INDEX] += 1
        data = merged(runs[kept:])
        write_whole(self.root / path, data)
        self._made.add(path)
        run = StoredFile(path, len(data), sha256_of(self.root / path), len(data) // 16, {}, ())
        self.files[INDEX] = (*listed[:kept], run)

    def replace_index(self, hashes: Hashes, numbers: Numbers) -> None:
        """Put one new run in place of the whole index."""
        self.files[INDEX] = ()
        self.add_to_index(hashes, numbers)

    def next_generation(self) -> None:
        """Derive into new places from here on; what the last generation holds is read on by who holds its head."""
        number = int(self.head.generation.removeprefix(f"{DERIVED}/"))
        self.files = {table: files for table, files in self.files.items() if table not in DERIVED_TABLES}
        self.head = dataclasses.replace(self.head, generation=f"{DERIVED}/{number + 1:06d}")

    def preview(self) -> Snapshot:
        """Return what readers will see once this is promoted."""
        return Snapshot(self.root, self.head, "", self._finished())

    def _finished(self) -> Files:
        """Finish the files that are being written; later rows of a table begin another."""
        for table, writing in self._writing.items():
            self.files[table] = (*self.files.get(table, ()), *writing.close())
            self._made.update(writing.paths)
        self._writing = {}
        return dict(self.files)

    def promote(self, kind: str, *, is_done: bool = True, **changes: Any) -> Snapshot:
        """Make everything durable, then show it to readers; return the new state.

        With `is_done` false the marker stays: should the caller be killed now, the next sync cleans up after it.
        """
        listed = self._finished()
        counting = {file.path for files in listed.values() for file in files}
        for path in self._made - counting:  # rows that this very change wrote and then put others in place of
            (self.root / path).unlink()
        sync_all(self.root, [self.root / path for path in self._made & counting])
        head = dataclasses.replace(
            self.head,
            layout=LAYOUT,
            sequence=self.head.sequence + 1,
            previous_sha256=self.base.sha256 if self.base else "",
            past_sha256=self._past(),
            identity_sha256=sha256_of(self.root / IDENTITY),
            kind=kind,
            written_at=times.now().isoformat(),
            package_version=__version__,
            files_sha256=hashlib.sha256(files_to_line(listed)).hexdigest(),
            **changes,
        )
        sha256 = write_head(self.root, head, listed)
        if is_done:
            self.root.joinpath(PENDING).unlink(missing_ok=True)
        return Snapshot(self.root, head, sha256, listed)

    def _past(self) -> str:
        """Return the hash of all heads before this change; for an older layout it is made by reading them all, once."""
        if self.base is None:
            return ""
        if self.base.head.layout < LAYOUT:
            return past_of(self.root, sequences(self.root))
        return link(self.base.head.past_sha256, self.base.sha256)


def file_stem(head: Head, table: str) -> str:
    """Return where the change after a head begins to write a table, without the ending."""
    return f"{table_path(head, table)}/{head.sequence + 1:012d}"


def unborn() -> Head:
    """Return the head that stands before the first one."""
    return Head(LAYOUT, 0, "", "", "", "", __version__, f"{DERIVED}/000001")
