"""Heads: one small file for each promoted change, chained by hash; the newest one is what readers see.

A sync writes Delta commits first and its head last. Rows of a sync without a head do not exist for any
reader, so a killed sync is never seen half. Each head names the hash of every file that came with it, so the
chain covers every byte of the archive, Delta's own log included.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ytxdata.errors import DamagedError
from ytxdata.files import sha256_of, write_whole
from ytxdata.labels import Text

HEADS = "heads"


class FileMark(NamedTuple):
    """What a file of the archive must be: path below the archive, size [bytes], SHA-256 in hex."""

    path: str
    size: int
    sha256: str

    @classmethod
    def of(cls, root: Path, path: str) -> FileMark:
        """Return the mark of a file as it is now."""
        return cls(path, (root / path).stat().st_size, sha256_of(root / path))


@dataclass(frozen=True)
class Head:
    """One state of the archive: which version of each table counts, and what came since the state before."""

    layout: int
    sequence: int
    previous_sha256: str
    identity_sha256: str
    kind: str
    written_at: str
    package_version: str
    generation: str
    parser: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, int] = field(default_factory=dict)
    index: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    chain_sha256: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[FileMark, ...] = ()
    dropped: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the head as canonical JSON that ends with its own hash."""
        body = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return _canonical({**body, "sha256": hashlib.sha256(_canonical(body)).hexdigest()})

    @classmethod
    def from_bytes(cls, data: bytes) -> Head:
        """Read a head; ValueError unless it is byte for byte what was written."""
        body = json.loads(data)
        names = {f.name for f in dataclasses.fields(cls)}
        values = {name: value for name, value in body.items() if name in names}
        values["files"] = tuple(FileMark(*mark) for mark in body["files"])
        values["index"], values["dropped"] = tuple(body["index"]), tuple(body["dropped"])
        head = cls(**values)
        if head.to_bytes() != data:
            raise ValueError("not canonical")
        return head


def _canonical(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def head_path(root: Path, sequence: int) -> Path:
    """Return where a head stands."""
    return root / HEADS / f"{sequence:012d}.json"


def sequences(root: Path) -> list[int]:
    """Return the numbers of all heads, in order."""
    try:
        return sorted(
            int(path.stem) for path in (root / HEADS).iterdir() if path.suffix == ".json" and path.stem.isdigit()
        )
    except (FileNotFoundError, NotADirectoryError):
        return []


def layout_of(root: Path, sequence: int) -> object:
    """Return the layout a head says it has, whatever else it says, so that a newer one can be refused politely."""
    try:
        body = json.loads(head_path(root, sequence).read_bytes())
        return body["layout"]
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged(head_path(root, sequence)) from None


def read_head(root: Path, sequence: int) -> Head:
    """Read one head.

    Raises
    ------
    DamagedError
        The file is gone or not what was written.
    """
    path = head_path(root, sequence)
    try:
        return Head.from_bytes(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged(path) from None


def _damaged(path: Path) -> DamagedError:
    return DamagedError(
        Text(f"存档的控制文件已损坏：{path}", f"a control file of the archive is damaged: {path}"),
        remedy=Text(
            "运行 ytxdata verify 查看详情，并从备份恢复", "run ytxdata verify for details and restore from a backup"
        ),
    )


def promote(root: Path, head: Head) -> None:
    """Make a head the newest one; when this returns it survives a power cut, before that nobody sees it."""
    write_whole(head_path(root, head.sequence), head.to_bytes())


def all_heads(root: Path) -> Iterator[Head]:
    """Yield every head from the oldest on."""
    for sequence in sequences(root):
        yield read_head(root, sequence)


def manifest(heads: Iterator[Head]) -> dict[str, FileMark]:
    """Return what every file of the archive must be, by path."""
    marks: dict[str, FileMark] = {}
    for head in heads:
        marks.update((mark.path, mark) for mark in head.files)
        for path in head.dropped:
            marks.pop(path, None)
    return marks
