"""Heads: one small file for each promoted change, chained by hash; the newest one is what readers see.

A sync writes its files first and its head last. Rows of a sync without a head do not exist for any reader, so a
killed sync is never seen half.

A head is two lines. The first says what the archive is: counts, certificate, the end of the chain of pulls, the hashes
of the line below and of all heads before. The second is for the next sync and readers of this state: every file that
counts with its size, SHA-256, rows and bounds, the evidence, the names of columns.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from ytxdata.archive.head_shape import check_first_line, check_line_below
from ytxdata.archive.ownership import HEADS, LAYOUT, check_layout, files_of, inside, without_heads
from ytxdata.archive.stored_files import (
    DERIVE_AGAIN,
    INDEX,
    RAW_TABLES,
    Bounds,
    Files,
    StoredFile,
    telling_damage,
)
from ytxdata.archive.whole_files import known_whole, present
from ytxdata.errors import DamagedError
from ytxdata.files import json_of, read_plain, remove, write_whole
from ytxdata.records.aliases import Aliases
from ytxdata.records.normalize import aliases_of

_HEAD = re.compile(r"([0-9]{12})\.json")
GONE = re.compile(r"gone-([0-9]{12})-([0-9]{12})\.json")
"""Files that keep the hashes of heads that went: named by the first and the last of them."""

CERTIFICATE = ("periods", "outside")
"""What of the state stands in the first line, which stays: what was claimed. The evidence for it is three times as long."""


@dataclass(frozen=True)
class Head:
    """One state of the archive."""

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
        """Return the first line: canonical JSON that holds its own hash."""
        # this line stays when the other goes: with aliases and evidence, ten years of it would be several times as long
        body = {one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.name != "parser"}
        return sealed({**body, "state": {name: value for name, value in self.state.items() if name in CERTIFICATE}})

    @classmethod
    def of(cls, body: Mapping[str, Any], below: Mapping[str, Any] | None = None) -> Head:
        """Return the head that the fields of its lines make; an older layout has other fields, and no second line."""
        known = {one.name for one in dataclasses.fields(cls)}
        fields = {name: value for name, value in body.items() if name in known}
        if below is not None:
            fields |= {"parser": below["parser"], "state": {**fields["state"], **below["state"]}}
        return cls(**fields)


def canonical(body: object) -> bytes:
    """Return JSON that is the same for the same content: a head that is read and sealed again gives the same bytes."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sealed(body: Mapping[str, Any]) -> bytes:
    """Return canonical JSON of the fields and of their own hash, so that a flipped bit is known without the chain."""
    return canonical({**body, "sha256": hashlib.sha256(canonical(body)).hexdigest()})


def unsealed(data: bytes) -> dict[str, Any]:
    """Return the fields; ValueError unless they are byte for byte what was sealed."""
    body = json_of(data)
    if not isinstance(body, dict):
        raise ValueError("not an object")
    del body["sha256"]
    # compared as bytes: a blank more, or a key told twice, changes no field, but it is not what the next head follows
    if sealed(body) != data:
        raise ValueError("not what was sealed")
    return body


def line_below(head: Head, files: Files) -> bytes:
    """Return the second line of a head."""
    # files point to their column names: told again for each file, names would be most of this line
    columns = list(dict.fromkeys(file.columns for table in files.values() for file in table))
    tables = {
        name: [[*file[:4], _plain(file.bounds), columns.index(file.columns)] for file in table]
        for name, table in files.items()
        if table
    }
    state = {name: value for name, value in head.state.items() if name not in CERTIFICATE}
    return canonical({"columns": columns, "files": tables, "parser": head.parser, "state": state})


def _plain(bounds: Bounds) -> dict[str, list[Any] | None]:
    return {
        name: pair and [edge.isoformat() if isinstance(edge, datetime) else edge for edge in pair]
        for name, pair in bounds.items()
    }


def _files_told(below: Mapping[str, Any]) -> Files:
    """Return the files that a second line lists."""
    columns = [tuple(names) for names in below["columns"]]
    return {
        name: tuple(
            StoredFile(inside(path), size, sha256, rows, _bounds(bounds), columns[kind])
            for path, size, sha256, rows, bounds, kind in table
        )
        for name, table in below["files"].items()
    }


def _bounds(plain: Mapping[str, list[Any] | None]) -> Bounds:
    def value(edge: Any) -> Any:
        return datetime.fromisoformat(edge) if isinstance(edge, str) else edge

    return {name: (value(pair[0]), value(pair[1])) if pair else None for name, pair in plain.items()}


def head_name(sequence: int) -> str:
    """Return where a head stands below its archive."""
    return f"{HEADS}/{sequence:012d}.json"


def head_path(root: Path, sequence: int) -> Path:
    """Return where a head stands."""
    return root / head_name(sequence)


def names_in_heads(root: Path) -> list[str]:
    """Return the names of all that stands in the folder of the heads; none where that is gone, or not there yet."""
    folder = root / HEADS
    # as texts: of half-hourly syncs there are 5,400, and a path made of each was a fifth of a sync after a year
    return sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208 (see above)


def sequences(root: Path) -> list[int]:
    """Return the numbers of all heads that are there, in order."""
    # drafts of a write that was killed, and the hashes of heads that went, stand in the same folder
    return [int(name[1]) for one in names_in_heads(root) if (name := _HEAD.fullmatch(one))]


def newest_sequence(root: Path) -> int | None:
    """Return the number of the newest head, or None where there is none."""
    return next((int(name[1]) for one in reversed(names_in_heads(root)) if (name := _HEAD.fullmatch(one))), None)


def is_head_name(name: str) -> bool:
    """Whether a file of the heads' folder may be one of ours by its name."""
    return bool(_HEAD.fullmatch(name) or GONE.fullmatch(name))


class RawHead(NamedTuple):
    """A head as it lies on the disk: the fields of its first line, the hash of that line, and the second line, if kept."""

    body: dict[str, Any]
    sha256: str
    line_below: bytes | None


def read_head(root: Path, sequence: int) -> RawHead:
    """Read one head of any layout.

    Raises
    ------
    DamagedError
        The file is gone or not what was written.
    """
    path = head_path(root, sequence)
    with telling_damage(str(path), DERIVE_AGAIN):
        line, *rest = read_plain(path).split(b"\n", 1)
        body = unsealed(line)
        inside(body["generation"])  # what is derived next is written below it
        if body["sequence"] != sequence:
            raise ValueError("it is another head")
        if body["layout"] == LAYOUT:
            check_first_line(body)
        return RawHead(body, hashlib.sha256(line).hexdigest(), rest[0] if rest else None)


def layout_of(root: Path, sequence: int) -> object:
    """Return the layout a head says it has, whatever else it says, so that a newer one can be refused politely."""
    path = head_path(root, sequence)
    with telling_damage(str(path), DERIVE_AGAIN):
        return json_of(read_plain(path).split(b"\n", 1)[0])["layout"]


def write_head(root: Path, head: Head, files: Files) -> tuple[Head, str]:
    """Make a head the newest one; when this returns it survives a power cut, before that nobody sees it. Return it with
    the hash of what stands below it, and the hash of its first line, which the next one follows.
    """
    below = line_below(head, files)
    head = dataclasses.replace(head, files_sha256=hashlib.sha256(below).hexdigest())
    line = head.to_line()
    # both lines in one write: a kill or a power cut leaves no head without its list
    write_whole(head_path(root, head.sequence), line + b"\n" + below)
    return head, hashlib.sha256(line).hexdigest()


def link(past: str, sha256: str) -> str:
    """Return the hash of all heads up to one, from that of all before it and its own.

    It needs no more of a head than its hash: so the chain can be followed to the first head also where heads went.
    """
    return hashlib.sha256(f"{past}\n{sha256}".encode()).hexdigest()


def read_gone(path: Path) -> dict[int, str]:
    """Return the hashes of heads that went, by number, from a file that keeps some; DamagedError where it was changed."""
    with telling_damage(str(path)):
        return {int(number): sha256 for number, sha256 in unsealed(read_plain(path))["hashes"].items()}


def gone_files(root: Path) -> list[Path]:
    """Return the files that keep the hashes of heads that went, in order."""
    return [root / HEADS / name for name in names_in_heads(root) if GONE.fullmatch(name)]


def write_gone(root: Path, hashes: Mapping[int, str]) -> None:
    """Keep the hashes of heads that are to go, and then let them go: whichever is seen, the chain is whole."""
    name = f"gone-{min(hashes):012d}-{max(hashes):012d}.json"
    write_whole(root / HEADS / name, sealed({"hashes": {str(number): one for number, one in hashes.items()}}))
    for number in hashes:
        remove(head_path(root, number))


def past_of(root: Path, numbers: Iterable[int]) -> str:
    """Return the hash of all heads, of whatever layout, as `link` makes it."""
    return reduce(lambda past, number: link(past, read_head(root, number).sha256), numbers, "")


def kept_lists(root: Path) -> Iterator[tuple[int, Files]]:
    """Yield the newest heads that still list their files, newest first; a damaged list names none."""
    for number in reversed(sequences(root)):
        # one torn head must not hide the lists of the others: their files would be taken for strays, and set aside
        with suppress(DamagedError):
            raw = read_head(root, number)
            if raw.line_below is None:
                return
            files: Files = {}
            with suppress(DamagedError):
                files = whole_head(root, number, raw)[1]
            yield number, files


def whole_head(root: Path, sequence: int, raw: RawHead) -> tuple[Head, Files]:
    """Return a head with all its fields, and the files it lists.

    Raises
    ------
    DamagedError
        The second line is gone, or not the one that the first speaks of.
    """
    with telling_damage(str(head_path(root, sequence)), DERIVE_AGAIN):
        # the second line holds no hash of its own: that of another head, put in its place, is sound JSON all the same
        if raw.line_below is None or hashlib.sha256(raw.line_below).hexdigest() != raw.body.get("files_sha256"):
            raise ValueError("its list of files is not what was written")
        below = json_of(raw.line_below)
        check_line_below(raw.body, below)
        return Head.of(raw.body, below), _files_told(below)


@dataclass(eq=False, repr=False)
class Snapshot:
    """The archive as one head names it; it does not change while others write.

    Parameters
    ----------
    sha256
        Hash of the head's first line: what the next head follows.
    """

    root: Path
    head: Head
    sha256: str
    listed: Files
    is_hashed: bool = False

    def hashed(self) -> Snapshot:
        """Return the same state for readers, of whose files none is read that is not, to the byte, what was written."""
        return dataclasses.replace(self, is_hashed=True)

    def files(self, table: str) -> tuple[StoredFile, ...]:
        """Return the files of a table, oldest rows first; none when nothing was ever written to it."""
        return self.listed.get(table, ())

    def paths(self, table: str) -> list[Path]:
        """Return where the files of a table are; a damaged one is told by name, whatever engine asks."""
        look = known_whole if self.is_hashed else present
        return [look(self.root, file) for file in self.files(table)]

    @property
    def aliases(self) -> Aliases:
        """The names of columns that the derived tables were read with."""
        with telling_damage(str(head_path(self.root, self.head.sequence))):
            return aliases_of(self.head.parser)

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
        Its control file is not what was written, or there is none.
    """
    with telling_damage(str(root)):
        number = newest_sequence(root)
        # looked for once more: a first sync may have ended while its files were looked at
        if number is None and (lost := without_heads(root)) and (number := newest_sequence(root)) is None:
            raise lost
    if number is None:
        return None
    # before any other field: a newer version may have none of those of today, and must not be told to be damaged
    check_layout(layout_of(root, number), root)
    return at_head(root, number)


def at_head(root: Path, sequence: int) -> Snapshot:
    """Return the state that one head names.

    Raises
    ------
    DamagedError
        The head is not what was written, or it no longer lists its files.
    """
    raw = read_head(root, sequence)
    if raw.body["layout"] < LAYOUT:
        with telling_damage(str(root)):
            return Snapshot(root, Head.of(raw.body), raw.sha256, files_of(root, raw.body))
    head, listed = whole_head(root, sequence, raw)
    return Snapshot(root, head, raw.sha256, listed)
