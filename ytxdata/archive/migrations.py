"""Steps from an older layout to that of today, each with a name; an archive is migrated by its next sync."""

from __future__ import annotations

from pathlib import Path

from ytxdata.archive.rebuild import index_again
from ytxdata.archive.storage import delta_log
from ytxdata.archive.storage.cleanup import data_files, paths_of, set_aside
from ytxdata.archive.storage.heads import read_head
from ytxdata.archive.storage.layout import LAYOUT
from ytxdata.archive.storage.snapshot import Snapshot
from ytxdata.archive.storage.writer import PENDING, Writer


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
    marks = delta_log.manifest(root)
    listed = delta_log.files_of(root, body, marks)
    writer = Writer(root, Snapshot(root, snapshot.head, snapshot.sha256, listed))
    if snapshot.head.layout == 1:
        index_again(writer, writer.preview())
    after = writer.promote(f"migrate:{plain_parquet.__name__}", is_done=False)
    spent = set(data_files(root)) - paths_of(after.listed)
    set_aside(root, sorted(spent - marks.keys()))
    for name in spent & marks.keys():
        (root / name).unlink()
    for log in sorted(root.rglob("_delta_log")):
        log.rmdir()
    root.joinpath(PENDING).unlink()
    return after
