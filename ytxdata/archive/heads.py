"""Heads: one small file for each promoted change, chained by hash; the newest one is what readers see.

A sync writes its files first and its head last. Rows of a sync without a head do not exist for any reader, so a
killed sync is never seen half.

A head is two lines. The first says what the archive is: counts, evidence, certificate, the hashes of the line below and
of all heads before. The second lists every file that counts, with its size, SHA-256, rows and bounds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ytxdata.archive.stored_files import DERIVE_AGAIN, Bounds, Files, StoredFile
from ytxdata.errors import DamagedError
from ytxdata.files import write_whole
from ytxdata.labels import Text

HEADS = "heads"
GONE = re.compile(r"gone-(\d{12})-(\d{12})\.json")
"""Files that keep the hashes of heads that went: named by the first and the last of them."""


@dataclass(frozen=True)
class Head:
    """One state of the archive, as the first line of a head says it."""

    layout: int
    sequence: int
    previous_sha256: str
    identity_sha256: str
    kind: str
    written_at: str
    package_version: str
    generation: str
    past_sha256: str = ""
    files_sha256: str = ""
    parser: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    chain_sha256: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        """Return the head as canonical JSON that holds its own hash."""
        return sealed({one.name: getattr(self, one.name) for one in dataclasses.fields(self)})

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Head:
        """Return the head that the fields of its first line make; an older layout has others beside them."""
        names = {one.name for one in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in body.items() if name in names})


def canonical(body: object) -> bytes:
    """Return JSON that is the same for the same content."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sealed(body: Mapping[str, Any]) -> bytes:
    """Return canonical JSON of the fields and of their own hash, so that a flipped bit is known without the chain."""
    return canonical({**body, "sha256": hashlib.sha256(canonical(body)).hexdigest()})


def unsealed(data: bytes) -> dict[str, Any]:
    """Return the fields; ValueError unless they are byte for byte what was sealed."""
    body = json.loads(data)
    if not isinstance(body, dict):
        raise ValueError("not an object")
    del body["sha256"]
    if sealed(body) != data:
        raise ValueError("not what was sealed")
    return body


def files_to_line(files: Files) -> bytes:
    """Return the second line of a head."""
    columns = list(dict.fromkeys(file.columns for table in files.values() for file in table))
    tables = {
        name: [[*file[:4], _plain(file.bounds), columns.index(file.columns)] for file in table]
        for name, table in files.items()
        if table
    }
    return canonical({"columns": columns, "files": tables})


def files_of_line(line: bytes) -> Files:
    """Return what `files_to_line` wrote."""
    body = json.loads(line)
    columns = [tuple(names) for names in body["columns"]]
    return {
        name: tuple(
            StoredFile(path, size, sha256, rows, _bounds(bounds), columns[kind])
            for path, size, sha256, rows, bounds, kind in table
        )
        for name, table in body["files"].items()
    }


def _plain(bounds: Bounds) -> dict[str, list[Any] | None]:
    return {
        name: pair and [edge.isoformat() if isinstance(edge, datetime) else edge for edge in pair]
        for name, pair in bounds.items()
    }


def _bounds(plain: Mapping[str, list[Any] | None]) -> Bounds:
    def value(edge: Any) -> Any:
        return datetime.fromisoformat(edge) if isinstance(edge, str) else edge

    return {name: (value(pair[0]), value(pair[1])) if pair else None for name, pair in plain.items()}


def head_path(root: Path, sequence: int) -> Path:
    """Return where a head stands."""
    return root / HEADS / f"{sequence:012d}.json"


def sequences(root: Path) -> list[int]:
    """Return the numbers of all heads that are there, in order."""
    try:
        names = (path.name for path in (root / HEADS).iterdir())
        return sorted(int(name[:12]) for name in names if len(name) == 17 and name[:12].isdigit())
    except (FileNotFoundError, NotADirectoryError):
        return []


class RawHead(NamedTuple):
    """A head as it lies on the disk: the fields of its first line, the hash of that line, and the second line, if kept."""

    body: dict[str, Any]
    sha256: str
    list_line: bytes | None


def read_head(root: Path, sequence: int) -> RawHead:
    """Read one head of any layout.

    Raises
    ------
    DamagedError
        The file is gone or not what was written.
    """
    path = head_path(root, sequence)
    try:
        line, *rest = path.read_bytes().split(b"\n", 1)
        return RawHead(unsealed(line), hashlib.sha256(line).hexdigest(), rest[0] if rest else None)
    except (OSError, ValueError, KeyError, TypeError):
        raise damaged_head(path) from None


def layout_of(root: Path, sequence: int) -> object:
    """Return the layout a head says it has, whatever else it says, so that a newer one can be refused politely."""
    path = head_path(root, sequence)
    try:
        return json.loads(path.read_bytes().split(b"\n", 1)[0])["layout"]
    except (OSError, ValueError, KeyError, TypeError):
        raise damaged_head(path) from None


def damaged_head(path: Path) -> DamagedError:
    """Return the error for a head that cannot be read: the one before it can, and the tables are derived from it."""
    return DamagedError(
        Text(f"存档的控制文件已损坏：{path}", f"a control file of the archive is damaged: {path}"), remedy=DERIVE_AGAIN
    )


def write_head(root: Path, head: Head, files: Files) -> str:
    """Make a head the newest one; when this returns it survives a power cut, before that nobody sees it."""
    line = head.to_line()
    write_whole(head_path(root, head.sequence), line + b"\n" + files_to_line(files))
    return hashlib.sha256(line).hexdigest()


def link(past: str, sha256: str) -> str:
    """Return the hash of all heads up to one, from that of all before it and its own.

    It needs no more of a head than its hash: so the chain can be followed to the first head also where heads went.
    """
    return hashlib.sha256(f"{past}\n{sha256}".encode()).hexdigest()


def read_gone(path: Path) -> dict[int, str]:
    """Return the hashes of heads that went, by number, from one of the files that keep them.

    Raises
    ------
    DamagedError
        The file is not what was written.
    """
    try:
        return {int(number): sha256 for number, sha256 in unsealed(path.read_bytes())["hashes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise damaged_head(path) from None


def gone_files(root: Path) -> list[Path]:
    """Return the files that keep the hashes of heads that went, in order."""
    folder = root / HEADS
    return sorted(path for path in folder.iterdir() if GONE.fullmatch(path.name)) if folder.is_dir() else []


def write_gone(root: Path, hashes: Mapping[int, str]) -> None:
    """Keep the hashes of heads that are to go, and then let them go: whichever is seen, the chain is whole."""
    name = f"gone-{min(hashes):012d}-{max(hashes):012d}.json"
    write_whole(root / HEADS / name, sealed({"hashes": {str(number): one for number, one in hashes.items()}}))
    for number in hashes:
        head_path(root, number).unlink(missing_ok=True)


def past_of(root: Path, numbers: Iterable[int]) -> str:
    """Return the hash of all heads, of whatever layout, as `link` makes it."""
    past = ""
    for number in numbers:
        past = link(past, read_head(root, number).sha256)
    return past


def kept_lists(root: Path) -> Iterator[tuple[int, Files]]:
    """Yield the newest heads that still list their files, newest first; one whose list is damaged is passed over."""
    for number in reversed(sequences(root)):
        with suppress(DamagedError):
            raw = read_head(root, number)
            if raw.list_line is None:
                return
            yield number, listed_files(raw, head_path(root, number))


def listed_files(raw: RawHead, path: Path) -> Files:
    """Return the files that a head lists.

    Raises
    ------
    DamagedError
        The second line is gone, or not the one that the first speaks of.
    """
    if raw.list_line is None or hashlib.sha256(raw.list_line).hexdigest() != raw.body.get("files_sha256"):
        raise damaged_head(path)
    return files_of_line(raw.list_line)
