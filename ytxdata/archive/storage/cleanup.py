"""Cleaning up after a killed sync: what no head names is set aside, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

from ytxdata import times
from ytxdata.archive.storage.heads import all_heads, manifest
from ytxdata.archive.storage.snapshot import Snapshot, table_path
from ytxdata.archive.storage.stored_columns import RAW_TABLES, SCHEMAS
from ytxdata.archive.storage.writer import DERIVED, INDEX, PENDING, commit_path, unborn

INTERRUPTED = "interrupted"


def heal(root: Path, snapshot: Snapshot | None) -> bool:
    """Set aside what an interrupted change left behind; return whether there was any.

    Nothing that a head names is touched. What is set aside was never promoted, so no reader has seen it; it is
    moved and not deleted, lest a head lost by other means should cost data.
    """
    head = snapshot.head if snapshot else unborn()
    places = [table_path(head, table) for table in SCHEMAS]
    begun = any((root / commit_path(place, head.tables.get(place, -1) + 1)).exists() for place in places)
    if not begun and not root.joinpath(PENDING).exists():
        return False
    known = manifest(all_heads(root))
    aside = root / INTERRUPTED / times.now().strftime("%Y%m%dT%H%M%S%f")
    for top in (*RAW_TABLES, DERIVED, INDEX):
        for path in sorted((root / top).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and name not in known:
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                path.rename(aside / name)
    root.joinpath(PENDING).unlink(missing_ok=True)
    return True
