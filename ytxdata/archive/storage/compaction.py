"""Merge many small files into few, by itself and rarely; what a reader may still hold open stays."""

from __future__ import annotations

from pathlib import Path

from deltalake import DeltaTable

from ytxdata.archive.storage.heads import all_heads, manifest
from ytxdata.archive.storage.snapshot import Snapshot, table_path
from ytxdata.archive.storage.stored_columns import SCHEMAS
from ytxdata.archive.storage.writer import QUIET, WRITER, Writer

MOST_FILES = 24
"""A table with more files is compacted: about every month when syncing daily, in a second or so."""

LOOK_EVERY = 16
"""How many changes of the archive pass before the number of files is looked at again."""

TARGET_BYTES = 64 * 2**20
"""Files of this size are left alone, so that a big archive is not written again and again."""


def compact_if_due(root: Path, snapshot: Snapshot) -> Snapshot:
    """Compact the tables that have become many small files; return the new state, or the same."""
    if snapshot.head.sequence % LOOK_EVERY:
        return snapshot
    due = [table for table in SCHEMAS if len(snapshot.files(table)) > MOST_FILES]
    if not due:
        return snapshot
    writer = Writer(root, snapshot)
    known = manifest(all_heads(root))
    for table in due:
        place = table_path(snapshot.head, table)
        used = {file.path.relative_to(root).as_posix() for file in snapshot.files(table)}
        data = {path for path in known if path.startswith(f"{place}/") and path.endswith(".parquet")}
        writer.dropped += sorted(path for path in data - used if "/_delta_log/" not in path)
        delta = DeltaTable(str(root / place), version=writer.tables[place])
        delta.optimize.compact(target_size=TARGET_BYTES, writer_properties=WRITER, post_commithook_properties=QUIET)
        if delta.version() > writer.tables[place]:
            writer.committed(place)
        writer.checkpoint(place)
    return writer.promote("compact")
