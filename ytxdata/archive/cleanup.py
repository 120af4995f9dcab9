"""Cleaning up before a change: what a killed sync left is set aside, small files are merged, older layouts migrated.

Layouts 1 and 2 were listed by a Delta Lake log: it is read as the JSON and Parquet it is, and goes with the next sync.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import takewhile
from pathlib import Path

from ytxdata import times
from ytxdata.archive.heads import (
    GONE,
    Snapshot,
    gone_files,
    head_path,
    is_head_name,
    kept_lists,
    names_in_heads,
    read_head,
    sequences,
    write_gone,
)
from ytxdata.archive.ownership import (
    BIRTH,
    HEADS,
    IDENTITY,
    LAYOUT,
    MARK,
    MIRRORING,
    MONTHS,
    PENDING,
    files_of,
    inside,
)
from ytxdata.archive.stored_files import (
    DERIVED,
    FOLDERS,
    INDEX,
    INTERRUPTED,
    SCHEMAS,
    TARGET_BYTES,
    StoredFile,
    data_files,
    paths_of,
    set_aside,
)
from ytxdata.archive.write_sync import Writer, index_again, unborn
from ytxdata.files import IS_WINDOWS, remove, sha256_of

LISTS_KEPT = 16
"""How many of the newest heads keep the list of their files, and so their files: whoever began to read one may go on.
"""

STATES_KEPT = timedelta(days=90)
"""How long every head stays; of older ones the last of each day stays."""

GO_TOGETHER = 512
"""Heads go once in so many changes: the hashes of all that go are then one file, which is never written again."""

ASIDE_KEPT = timedelta(days=30)
"""How long what a killed sync left stays in `interrupted/`, should a head have been lost by other means."""


def strays(root: Path, snapshot: Snapshot | None) -> list[str]:
    """Return the files of data that no head names which still lists its files; of older layouts no head at all."""
    named: set[str] = set()
    # a head of older layouts tells only what it adds: by the newest alone nearly all files would be strays
    if snapshot is not None:
        is_of_old = snapshot.head.layout < LAYOUT
        named = {*manifest(root)} if is_of_old else named.union(*(paths_of(files) for _, files in kept_lists(root)))
    return [path for path in data_files(root) if path not in named]


def beside(root: Path, layout: int) -> list[str]:
    """Return what lies in an archive's folders and is nothing of it by its name: a table there would be believed for
    the company it keeps. Of older layouts nothing is said.
    """
    own = {IDENTITY, HEADS, *FOLDERS, INTERRUPTED, *BIRTH, MARK, MIRRORING, MONTHS}
    if layout != LAYOUT:
        return []
    strange = [path.name for path in root.iterdir() if path.name not in own]
    strange += [f"{HEADS}/{name}" for name in names_in_heads(root) if not is_head_name(name.removesuffix(".draft"))]
    return sorted([*strange, *data_files(root, is_own=False)])


def heal(root: Path, snapshot: Snapshot | None, *, always: bool = False) -> int:
    """Set aside what an interrupted change left behind; return how many files of it are kept for good.

    Nothing that a head names is touched. What is set aside was never promoted, so no reader has seen it; it is
    moved and not deleted, and what does not follow from other files stays for good, lest a head lost by other means
    should cost data. The marker alone would not do: a power cut may take it and leave the files, whose names are those
    that the next change would use.
    """
    head = snapshot.head if snapshot else unborn()
    # any one file may be all that a power cut left, in a generation to be or of a name with a suffix, too:
    # a disk keeps what was not forced onto it in no order
    number = f"{head.sequence + 1:012d}"
    is_begun = any(name.rsplit("/", 1)[1].startswith(number) for name in data_files(root))
    if not root.joinpath(PENDING).exists() and not is_begun and not always:
        return 0
    n_kept = _put_away(root, strays(root, snapshot))
    remove(root / PENDING)
    return n_kept


def _put_away(root: Path, names: Sequence[str]) -> int:
    """Set aside files that no head names; return how many for good: raw data, and lists that somebody handed in, may
    be the only copy of what they hold, all else follows from raw data.
    """
    follows = (f"{DERIVED}/", f"{INDEX}/")
    set_aside(root, [name for name in names if name.startswith(follows)])
    only_copies = [name for name in names if not name.startswith(follows)]
    set_aside(root, only_copies, for_good=True)
    return len(only_copies)


def tidy(root: Path, before: int, after: int) -> None:
    """Let go what nobody needs: old lists and the files that only they name, heads of long ago, what was set aside.

    Each step may be cut short at any point: files go before the list that names them, and hashes are kept before
    their heads go.

    Parameters
    ----------
    before, after
        Numbers of the newest head before and after this sync: this is done once in `LISTS_KEPT` changes.
    """
    if before // LISTS_KEPT < after // LISTS_KEPT:
        let_files_go(root)
        _empty_interrupted(root, times.now())
    if before // GO_TOGETHER < after // GO_TOGETHER:
        _let_heads_go(root, times.now())


def let_files_go(root: Path, lists_kept: int = LISTS_KEPT) -> None:
    """Let go the lists of all but the newest heads, and the files that only they name."""
    lists = list(kept_lists(root))
    # oldest first, and of each list what none behind it names: wherever this is cut short, the heads that still have a
    # list are the newest, without a hole, and only the oldest of them names files that are gone (see `verify`);
    # files that the lists behind a hole name would be taken for strays
    for place in range(len(lists) - 1, lists_kept - 1, -1):
        number, files = lists[place]
        needed: set[str] = set().union(*(paths_of(newer) for _, newer in lists[:place]))
        for path in paths_of(files) - needed:
            if not remove(root / path):
                return  # somebody reads it: the next sync tries again, and until then its head keeps its list
            with suppress(OSError):  # a generation is gone with its last file
                (root / path).parent.rmdir()
                (root / path).parent.parent.rmdir()
        # cut short, not written again: the first line keeps its hash, and no moment has half a head
        head = head_path(root, number)
        os.truncate(head, head.read_bytes().index(b"\n"))


def let_damaged_lists_go(root: Path) -> None:
    """Let go the lists that name what is damaged and was made anew, and all before them; the others stay, for whoever
    reads a state before, and for the day on which the newest head is damaged: it had been the only one with a list.
    """
    newest, *before = [{file.path: file for table in files.values() for file in table} for _, files in kept_lists(root)]

    @cache
    def is_whole(path: str, sha256: str) -> bool:
        with suppress(OSError):
            return sha256_of(root / path) == sha256
        return False

    def holds(files: Mapping[str, StoredFile]) -> bool:
        # a list that is damaged itself names none
        return bool(files) and all(is_whole(path, file.sha256) for path, file in files.items() if path not in newest)

    let_files_go(root, min(LISTS_KEPT, 1 + len(list(takewhile(holds, before)))))


def _let_heads_go(root: Path, now: datetime) -> None:
    last_gone = max((int(match[2]) for path in gone_files(root) if (match := GONE.fullmatch(path.name))), default=0)
    old: dict[int, tuple[str, str]] = {}
    # after a long pause the newest are old, too: one that went with its list would leave files that nobody names
    for number in sequences(root)[:-LISTS_KEPT]:
        if number > last_gone:
            raw = read_head(root, number)
            # one dated ahead of its time, by a clock that was set wrong, holds back those behind it: they stay longer
            if datetime.fromisoformat(raw.body["written_at"]) > now - STATES_KEPT:
                break
            old[number] = (raw.body["written_at"][:10], raw.sha256)
    # one state a day: an auditor asks what was known at the end of a day, never at half past three
    last_of_day = set({day: number for number, (day, _) in old.items()}.values())
    going = {number: sha256 for number, (_, sha256) in old.items() if number not in last_of_day}
    if going:
        write_gone(root, going)


def _empty_interrupted(root: Path, now: datetime) -> None:
    folder = root / INTERRUPTED
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(ValueError):  # what somebody else put there is not ours to remove
            if datetime.strptime(path.name, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC) < now - ASIDE_KEPT:
                shutil.rmtree(path, ignore_errors=IS_WINDOWS)


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
    """Return how many of the newest files go up to some power of eight rows, where enough of them reach it to be
    merged.
    """
    levels = [(rows.bit_length() - 1) // 3 for rows in newest_first]
    for level in sorted(set(levels)):
        count = next((place for place, one in enumerate(levels) if one > level), len(levels))
        # as many of that very size: with smaller ones counted, a large file would be written anew for every few rows
        if levels[:count].count(level) >= FAN:
            return count
    return 0


def compact_if_due(root: Path, snapshot: Snapshot) -> Snapshot:
    """Merge where it is time to; return the new state, or the same."""
    due = {table: count for table in SCHEMAS if (count := files_to_merge(snapshot.files(table)))}
    if not due:
        return snapshot
    # a change of its own: a disk that is full for the merging alone fails no sync, whose head is written by then
    writer = Writer(root, snapshot)
    for table, count in due.items():
        writer.merge(table, count)
    return writer.promote("compact")


def manifest(root: Path) -> dict[str, tuple[int, str]]:
    """Return what every file that the heads of older layouts named must be, the log included."""
    marks: dict[str, tuple[int, str]] = {}
    for number in sequences(root):
        body = read_head(root, number).body
        marks.update((inside(path), (size, sha256)) for path, size, sha256 in body.get("files", ()))
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
    _put_away(root, sorted(spent - marks.keys()))
    for name in spent & marks.keys():
        remove(root / name)
    for log in sorted(root.rglob("_delta_log")):
        log.rmdir()
    remove(root / PENDING)
    return after
