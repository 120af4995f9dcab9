"""Archives of layouts 1 and 2, whose tables were listed by a Delta Lake log: read as the JSON and Parquet it is, and migrated by their next sync."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq

from ytxdata.archive.heads import read_head, sequences
from ytxdata.archive.ownership import LAYOUT
from ytxdata.archive.snapshot import Snapshot
from ytxdata.archive.stored_files import INDEX, Files, StoredFile, data_files, described, paths_of, set_aside
from ytxdata.archive.write_sync import PENDING, Writer, index_again

LAST_LAYOUT = 2
Marks = Mapping[str, tuple[int, str]]
"""Size and SHA-256 of files by their path."""


def files_of(root: Path, body: Mapping[str, Any], marks: Marks | None = None) -> Files:
    """Return the files that the head of an older layout names.

    Parameters
    ----------
    marks
        What each file must be; without them sizes and hashes are left out, which a reader can do without.
    """
    listed: dict[str, tuple[StoredFile, ...]] = {}
    for place, version in body["tables"].items():
        paths = [f"{place}/{name}" for name in live_files(root / place / "_delta_log", version)]
        files = [described(root, path, *(marks[path] if marks else (0, ""))) for path in paths]
        listed[place.rsplit("/", 1)[-1]] = tuple(sorted(files, key=_first))
    runs = ((path, *(marks[path] if marks else (0, ""))) for path in body["index"])
    listed[INDEX] = tuple(StoredFile(path, size, sha256, 0, {}, ()) for path, size, sha256 in runs)
    return listed


def _first(file: StoredFile) -> tuple[Any, str]:
    # a merged file stands last in Delta's log whatever rows it holds, and all readers count on the oldest rows first
    pair = file.bounds.get("obs") or file.bounds.get("ordinal")
    return (pair[0] if pair else 0, file.path)


def live_files(log: Path, version: int) -> list[str]:
    """Return the names of the data files that count at a version: the last sum before it, and the commits since."""
    # the log may go on beyond the head: commits of a sync that was killed before it wrote its own do not count
    sums = [path for path in log.glob("*.checkpoint.parquet") if int(path.name[:20]) <= version]
    live: dict[str, None] = {}
    first = 0
    if sums:
        last = max(sums)
        first = int(last.name[:20]) + 1
        adds = pq.read_table(last, columns=["add"])["add"].to_pylist()
        live.update((add["path"], None) for add in adds if add)
    for number in range(first, version + 1):
        for line in (log / f"{number:020d}.json").read_bytes().splitlines():
            action = json.loads(line)
            if add := action.get("add"):
                live[add["path"]] = None
            if remove := action.get("remove"):
                live.pop(remove["path"], None)
    return [unquote(path) for path in live]


def manifest(root: Path) -> dict[str, tuple[int, str]]:
    """Return what every file that the heads of older layouts named must be, the log included."""
    marks: dict[str, tuple[int, str]] = {}
    for number in sequences(root):
        body = read_head(root, number).body
        marks.update((path, (size, sha256)) for path, size, sha256 in body.get("files", ()))
        # what a sync let go on purpose is no damage
        for path in body.get("dropped", ()):
            marks.pop(path, None)
    return marks


def migrated(root: Path, snapshot: Snapshot) -> Snapshot:
    """Return the archive in the layout of today; the same when it is already."""
    if snapshot.head.layout == LAYOUT:
        return snapshot
    return plain_parquet(root, snapshot)


def plain_parquet(root: Path, snapshot: Snapshot) -> Snapshot:
    """Layouts 1 and 2 → 3: heads name the files themselves; Delta's log, which named them before, goes.

    No data file is written again or moved: the new head names those that are there, with the hashes of the day they
    were written, so that damage is not taken over as if it had been meant. Layout 1 had no index: it is made.
    """
    body = read_head(root, snapshot.head.sequence).body
    marks = manifest(root)
    listed = files_of(root, body, marks)
    writer = Writer(root, Snapshot(root, snapshot.head, snapshot.sha256, listed))
    if snapshot.head.layout == 1:
        index_again(writer, writer.preview())
    # the new head first, then the old log: killed in between, readers have the new state, and the marker that stays
    # tells the next sync to clear away the rest
    after = writer.promote(f"migrate:{plain_parquet.__name__}", is_done=False)
    spent = set(data_files(root)) - paths_of(after.listed)
    # no head vouches for these: rows of a killed sync, perhaps; what heads did name is merged or replaced, and may go
    set_aside(root, sorted(spent - marks.keys()))
    for name in spent & marks.keys():
        (root / name).unlink()
    for log in sorted(root.rglob("_delta_log")):
        log.rmdir()
    root.joinpath(PENDING).unlink()
    return after
