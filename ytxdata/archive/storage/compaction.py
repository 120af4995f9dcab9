"""Merge small files into larger ones, by itself: so a table is few files however often it was added to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ytxdata.archive.storage.heads import StoredFile
from ytxdata.archive.storage.parquet_files import TARGET_BYTES
from ytxdata.archive.storage.snapshot import Snapshot
from ytxdata.archive.storage.stored_columns import SCHEMAS
from ytxdata.archive.storage.writer import Writer

FAN = 8
"""How many files of a like length become one, which then waits for its own like.

So each row is written again only once for every eightfold growth of its table: four times in a year of half-hourly
syncs. Merging all small files whenever there were many made the end of such a year twice as dear as its beginning.
"""


def files_to_merge(files: Sequence[StoredFile]) -> int:
    """Return how many of the last files of a table are to become one.

    Examples
    --------
    >>> files_to_merge([StoredFile("", 9, "", rows, {}, ()) for rows in (900, *[1] * 7)])
    0
    >>> files_to_merge([StoredFile("", 9, "", rows, {}, ()) for rows in (900, *[9] * 7, *[1] * 8)])
    15
    """
    small: list[int] = []
    for file in reversed(files):
        if file.size >= TARGET_BYTES:
            break
        small.append(file.rows)
    taken = 0
    while count := _alike(small):
        taken += count - bool(taken)
        small = [sum(small[:count]), *small[count:]]
    return taken


def _alike(newest_first: Sequence[int]) -> int:
    """Return how many of the newest files are at most of some power of eight rows, where they are enough to be merged."""
    levels = [(rows.bit_length() - 1) // 3 for rows in newest_first]
    for level in sorted(set(levels)):
        count = next((place for place, one in enumerate(levels) if one > level), len(levels))
        if count >= FAN:
            return count
    return 0


def compact_if_due(root: Path, snapshot: Snapshot) -> Snapshot:
    """Merge where it is time to; return the new state, or the same."""
    due = {table: count for table in SCHEMAS if (count := files_to_merge(snapshot.files(table)))}
    if not due:
        return snapshot
    writer = Writer(root, snapshot)
    for table, count in due.items():
        writer.merge(table, count)
    return writer.promote("compact")
