"""Steps from an older layout to the next, each with a name; an archive is migrated by its next sync."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ytxdata.archive.rebuild import index_again
from ytxdata.archive.storage.snapshot import Snapshot
from ytxdata.archive.storage.writer import Writer


def add_index(writer: Writer) -> None:
    """1 → 2: look-ups by meeting id go through an index instead of a scan of all ids."""
    index_again(writer, writer.preview())


STEPS: dict[int, Callable[[Writer], None]] = {1: add_index}
"""The step that leads from each older layout to the next."""


def migrated(root: Path, snapshot: Snapshot) -> Snapshot:
    """Return the archive in the layout of today; the same when it is already."""
    while step := STEPS.get(snapshot.head.layout):
        writer = Writer(root, snapshot)
        step(writer)
        snapshot = writer.promote(f"migrate:{step.__name__}", layout=snapshot.head.layout + 1)
    return snapshot
