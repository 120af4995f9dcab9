"""Check every byte, every record, every pull and every law of an archive against what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from ytxdata.archive.answers import raw_records
from ytxdata.archive.chain import COLUMNS, pull_sha256
from ytxdata.archive.envelope import Envelope, unfold
from ytxdata.archive.layout import IDENTITY, no_archive, read_identity
from ytxdata.archive.store import DataFile, Snapshot, newest
from ytxdata.archive.store_files import sha256_of
from ytxdata.archive.store_heads import Head, head_path, manifest, read_head, sequences
from ytxdata.archive.store_read import batches, read
from ytxdata.archive.store_schema import SCHEMAS
from ytxdata.archive.store_write import INDEX, PENDING, commit_path
from ytxdata.archive.verification import Damage, Kind, Verification
from ytxdata.errors import DamagedError, NotAnArchiveError
from ytxdata.labels import Text

TOGETHER = 100_000
"""Records put together at a time when raw answers are checked [records]."""

_GONE = Text("文件不见了", "the file is gone")
_CHANGED = Text("内容与写入时不一致", "its content is not what was written")
_UNREADABLE = Text("无法读取", "it cannot be read")


def verify(root: Path) -> Verification:
    """Return what an archive's verification finds; it takes no lock and changes nothing.

    Raises
    ------
    NotAnArchiveError
        There is no archive.
    FutureLayoutError
        A newer version of this package wrote it.
    """
    if not (root / IDENTITY).exists() and not sequences(root):
        raise no_archive(root)
    check = _Check(root)
    check.identity()
    heads = check.heads()
    check.files(heads)
    try:
        snapshot = newest(root)
        if snapshot is not None:
            check.tables(snapshot)
    except DamagedError as error:
        check.found("control", str(root), error.cause)
    return Verification(check.n_files, check.n_records, check.n_pulls, tuple(dict.fromkeys(check.damages)))


@dataclass
class _Check:
    """One verification in progress."""

    root: Path
    damages: list[Damage] = field(default_factory=list)
    n_files: int = 0
    n_records: int = 0
    n_pulls: int = 0

    def found(self, kind: Kind, name: str, detail: Text) -> None:
        self.damages.append(Damage(kind, name, detail))

    def identity(self) -> None:
        self.n_files += 1
        try:
            if read_identity(self.root) is None:
                self.found("control", IDENTITY, _GONE)
        except (DamagedError, NotAnArchiveError):
            self.found("control", IDENTITY, _CHANGED if (self.root / IDENTITY).exists() else _GONE)

    def heads(self) -> list[Head]:
        """Return every head that can be read; each must follow the one before it and name the same owner."""
        numbers = sequences(self.root)
        identity = self.root / IDENTITY
        owner = sha256_of(identity) if identity.exists() else ""
        readable: list[Head] = []
        previous: str | None = ""
        for number in range(1, max(numbers, default=0) + 1):
            path = head_path(self.root, number)
            name = path.relative_to(self.root).as_posix()
            self.n_files += 1
            if number not in numbers:
                self.found("control", name, _GONE)
                previous = None
                continue
            try:
                head = read_head(self.root, number)
            except DamagedError:
                self.found("control", name, _CHANGED)
                previous = None
                continue
            if previous is not None and head.previous_sha256 != previous:
                self.found(
                    "control", name, Text("与前一个控制文件不衔接", "it does not follow the control file before it")
                )
            if owner and head.identity_sha256 != owner:
                self.found(
                    "control", IDENTITY, Text("不是写入时的身份文件", "it is not the identity file of that time")
                )
            readable.append(head)
            previous = sha256_of(path)
        return readable

    def files(self, heads: list[Head]) -> None:
        """Check every file that a head names, Delta's log and the index included."""
        damaged = []
        for mark in manifest(iter(heads)).values():
            self.n_files += 1
            path = self.root / mark.path
            if not path.is_file():
                damaged.append(Damage(_kind(mark.path), mark.path, _GONE))
            elif path.stat().st_size != mark.size or sha256_of(path) != mark.sha256:
                damaged.append(Damage(_kind(mark.path), mark.path, _CHANGED))
        if damaged:  # a sync that ran meanwhile may have dropped files it compacted
            wanted = manifest(head for head in self._readable())
            damaged = [damage for damage in damaged if damage.name in wanted]
        self.damages += damaged
        if heads and not (self.root / PENDING).exists():
            for place, version in heads[-1].tables.items():
                commit = commit_path(place, version + 1)
                if (self.root / commit).exists() and not (
                    self.root / head_path(self.root, heads[-1].sequence + 1)
                ).exists():
                    self.found("commit", commit, Text("没有控制文件认领的提交", "a commit that no control file names"))

    def _readable(self) -> Iterator[Head]:
        for number in sequences(self.root):
            try:
                yield read_head(self.root, number)
            except DamagedError:
                continue

    def tables(self, snapshot: Snapshot) -> None:
        """Check the records one by one, then the pulls and the laws that hold between them."""
        for table in SCHEMAS:
            try:
                snapshot.files(table)
            except DamagedError as error:
                self.found("commit", table, error.cause)
                return
        numbers = [self._records(file) for file in snapshot.files("observations")]
        found = np.sort(np.concatenate([np.empty(0, np.int64), *numbers]))
        wanted = np.arange(snapshot.head.counts["observations"])
        missing = np.setdiff1d(wanted, found)
        if len(missing):
            self.found("record", _span(missing), _UNREADABLE)
        if len(found) != len(np.unique(found)):
            self.found("law", "observations", Text("有记录存了两次", "a record is stored twice"))
        self.n_records = len(found)
        self._derived(snapshot)
        self._pulls(snapshot)

    def _records(self, file: DataFile) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Check the records of a file; return the numbers of those that could be read."""
        read = [np.empty(0, np.int64)]
        try:
            with pq.ParquetFile(file.path) as parquet:
                for group in range(parquet.num_row_groups):
                    rows = parquet.read_row_group(group, columns=["obs", "record_hash", "raw"])
                    cells = zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True)
                    bad = [number for number, digest, raw in cells if hashlib.sha256(raw).digest() != digest]
                    for number in bad:
                        self.found("record", str(number), _CHANGED)
                    read.append(rows["obs"].to_numpy())
        except Exception:  # a damaged Parquet file can fail in any way
            self.found("data", file.path.relative_to(self.root).as_posix(), _UNREADABLE)
        return np.concatenate(read)

    def _derived(self, snapshot: Snapshot) -> None:
        """Every observation is in the meetings or in the rejects, once."""
        derived = sum(file.rows for table in ("meetings", "rejects") for file in snapshot.files(table))
        if derived != snapshot.head.counts["observations"]:
            self.found(
                "law",
                snapshot.head.generation,
                Text(
                    "会议与拒收之和不等于记录数；请运行 archive rebuild",
                    "meetings and rejects are not as many as the records; run archive rebuild",
                ),
            )

    def _pulls(self, snapshot: Snapshot) -> None:
        """Every pull follows the one before it, and its raw answer can be put together."""
        try:
            self._chain(snapshot)
            together: list[dict[str, Any]] = []
            size = 0
            for rows in batches(snapshot, "pulls", ("pull_id", "sha256", "form", "gaps", "numbers")):
                for row in rows.to_pylist():
                    together.append(row)
                    size += len(row["numbers"]) // 8
                    if size > TOGETHER:
                        self._answers(snapshot, together)
                        together, size = [], 0
            self._answers(snapshot, together)
        except Exception:  # as above
            self.found("data", "pulls", _UNREADABLE)

    def _chain(self, snapshot: Snapshot) -> None:
        previous = ""
        for row in read(snapshot, "pulls", ("ordinal", *COLUMNS)).sort_by("ordinal").to_pylist():
            self.n_pulls += 1
            if (row["previous_sha256"] or "") != previous:
                self.found("pull", row["pull_id"], Text("与前一次调用不衔接", "it does not follow the pull before it"))
            previous = pull_sha256(row)
        if previous != snapshot.head.chain_sha256 or self.n_pulls != snapshot.head.counts["pulls"]:
            self.found("pull", "pulls", Text("调用链的末端不符", "the chain of pulls does not end as it should"))

    def _answers(self, snapshot: Snapshot, pulls: list[dict[str, Any]]) -> None:
        """Put raw answers together and compare their hashes."""
        envelopes = [Envelope.from_cells(row["form"], row["gaps"], row["numbers"]) for row in pulls]
        numbers = np.unique(np.concatenate([np.empty(0, np.int64), *(one.numbers for one in envelopes)]))
        raws = raw_records(snapshot, numbers)
        for row, envelope in zip(pulls, envelopes, strict=True):
            digest = hashlib.sha256()
            try:
                for piece in unfold(envelope, [raws[number] for number in envelope.numbers.tolist()]):
                    digest.update(piece)
            except (KeyError, ValueError):
                self.found("pull", row["pull_id"], Text("其中的记录无法读取", "records of it cannot be read"))
                continue
            if digest.hexdigest() != row["sha256"]:
                self.found(
                    "pull", row["pull_id"], Text("原始回答与写入时不一致", "its raw answer is not what was written")
                )


def _kind(path: str) -> Kind:
    if "/_delta_log/" in path:
        return "commit"
    return "index" if path.startswith(f"{INDEX}/") else "data"


def _span(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    return f"{numbers[0]}–{numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
