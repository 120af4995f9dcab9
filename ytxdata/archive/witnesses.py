"""Witnesses of an archive: other lists of what took place, kept as raw evidence and held against it again after each sync."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ytxdata.archive.cleanup import heal, migrated
from ytxdata.archive.heads import Snapshot, among, newest, read
from ytxdata.archive.known_meetings import Version, VersionIndex
from ytxdata.archive.ownership import no_archive, read_identity, writing
from ytxdata.archive.stored_files import WITNESSES, StoredFile, check_whole, telling_damage, telling_write_errors
from ytxdata.archive.views import table
from ytxdata.archive.write_sync import Writer
from ytxdata.errors import UsageError
from ytxdata.files import sha256_of, write_whole
from ytxdata.history.proof.witness import UNREAD, Hearing, Missing, Totals, Witness, WitnessLine
from ytxdata.history.witness_lists import read_witness
from ytxdata.labels import Text
from ytxdata.phones import normalize, number_class
from ytxdata.records.numbers import access_numbers

SLACK = timedelta(days=1)
"""How far beyond its period the archive is read, so that a line at its edge finds its meeting."""

TOLERANCE = timedelta(seconds=120)
"""How far two clocks may say of one call that it began: an invoice is cut to the minute, and rings before it is answered."""

FOREIGN = 0.5
"""A witness of which less than this share is found is of another account, or of another month: it says nothing here.

Were it believed, a mistaken file would call a whole month a gap.
"""

MOST_NAMED = 200
"""How many lines that were not found are kept by name: each head of an archive holds them. The rest make one gap."""


READING = 2
"""By which rules lists are read, as a number: what was heard by others is heard anew by the next sync, and till then
held against nothing.
"""


@dataclass(frozen=True, slots=True)
class Archived:
    """A meeting of the archive, or one party's connection to it, as a witness would know it.

    `is_silent` when nobody was connected: nothing was billed, and no witness need know of it.
    """

    key: str
    meeting_id: str
    started_at: datetime | None
    number: str | None = None
    is_silent: bool = False


def add_witness(root: Path, raw: bytes, witness: Witness, columns: Mapping[str, str], wait_s: float) -> Hearing:
    """Keep a witness and hold it against the archive; one of the same name takes the place of the other."""
    with changing(root, wait_s) as (snapshot, writer):
        hearing = hear(witness, _archived(snapshot, witness), TOLERANCE)
        path = f"{WITNESSES}/{writer.head.sequence + 1:012d}.raw"
        # as it was handed in: what was read of it must stay open to a check, and is read anew after each sync
        write_whole(root / path, raw)
        file = StoredFile(path, len(raw), sha256_of(root / path), 0, {}, ())
        writer.files[WITNESSES] = (*writer.files.get(WITNESSES, ()), file)
        reading = _reading(witness, columns)
        entry = {"file": path, "rules": READING, "reading": reading, "hearing": hearing.to_dict()}
        # the entry goes, its file stays named: evidence that was once relied on is not let go
        kept = [one for one in entries(snapshot.head.state) if one["hearing"]["name"] != witness.name]
        state = {**snapshot.head.state, "witnesses": [*kept, entry]}
        writer.promote("witness", state=state)
    return hearings(state)[-1]


def remove_witness(root: Path, name: str, wait_s: float) -> Hearing:
    """Take back what rested on a witness, and return what that was; its bytes stay, as everything does."""
    with changing(root, wait_s) as (snapshot, writer):
        standing = {one["hearing"]["name"]: one for one in entries(snapshot.head.state)}
        removed = standing.pop(name, None)
        if removed is None:
            raise UsageError(
                Text(f"存档里没有清单 {name}", f"the archive has no list {name}"),
                remedy=Text(
                    f"存档里的清单：{'、'.join(standing) or '无'}。收回用 ytxdata witness 名称 --remove；archive.witnesses() 列出全部清单",
                    f"its lists: {', '.join(standing) or 'none'}. One is taken back with ytxdata witness NAME --remove; "
                    "archive.witnesses() lists them all",
                ),
            )
        writer.promote("witness", state={**snapshot.head.state, "witnesses": [*standing.values()]})
    return Hearing.from_dict(removed["hearing"])


@contextmanager
def changing(root: Path, wait_s: float) -> Iterator[tuple[Snapshot, Writer]]:
    """Hold the archive's lock; give its newest state and a change that is not begun.

    Raises
    ------
    NotAnArchiveError
        No sync has made an archive here.
    ArchiveWriteError
        The disk is full or may not be written.
    """
    if read_identity(root) is None:
        raise no_archive(root)
    with writing(root, wait_s), telling_write_errors(root):
        snapshot = newest(root)
        heal(root, snapshot)
        if snapshot is None:
            raise no_archive(root)
        snapshot = migrated(root, snapshot)
        yield snapshot, Writer(root, snapshot)


def entries(state: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return what is kept of each witness."""
    found: Sequence[Mapping[str, Any]] = state.get("witnesses", ())
    return found


def hearings(state: Mapping[str, Any]) -> list[Hearing]:
    """Return what each witness came to when the archive last changed, with the others that leave gaps in its period."""
    heard = [Hearing.from_dict(one["hearing"]) for one in entries(state)]
    return [replace(one, blocked_by=tuple(other.name for other in heard if _blocks(other, one))) for one in heard]


def _blocks(other: Hearing, one: Hearing) -> bool:
    gaps = [(gap.start or other.start, gap.end or other.end) for gap in other.only_in_witness]
    return other.name != one.name and any(start < one.end and end > one.start for start, end in gaps)


def heard_again(snapshot: Snapshot, state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is kept of each witness, held against the archive as it is now: a sync may have brought what lacked."""
    standing = entries(state)
    return [
        {**entry, "rules": READING, "hearing": hear(witness, _archived(snapshot, witness), TOLERANCE).to_dict()}
        for entry, raw in zip(standing, _bytes(snapshot, standing), strict=True)
        for witness, _ in [_read_again(raw, entry["reading"])]
    ]


def kept_witnesses(snapshot: Snapshot) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Yield how each witness is read, as plain JSON values, and its bytes as they were handed in."""
    standing = entries(snapshot.head.state)
    for entry, raw in zip(standing, _bytes(snapshot, standing), strict=True):
        yield entry["reading"], raw


def add_kept(root: Path, reading: Mapping[str, Any], raw: bytes, wait_s: float) -> Hearing:
    """Add a witness that another archive kept, read as it was read there."""
    witness, columns = _read_again(raw, reading)
    return add_witness(root, raw, witness, columns, wait_s)


def _bytes(snapshot: Snapshot, standing: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    listed = {file.path: file for file in snapshot.files(WITNESSES)}
    for entry in standing:
        with telling_damage(str(entry["file"])):
            # before it is read: a list that somebody completed since would make a proof of what proved nothing
            check_whole(snapshot.root, listed[entry["file"]])
            yield (snapshot.root / entry["file"]).read_bytes()


def _reading(witness: Witness, columns: Mapping[str, str]) -> dict[str, Any]:
    """Return how a witness is to be read, as plain JSON values."""
    totals = {key: None if value is None else str(value) for key, value in asdict(witness.totals).items()}
    return {
        "name": witness.name,
        "kind": witness.kind,
        "start": witness.start.isoformat(),
        "end": witness.end.isoformat(),
        "number_class": witness.number_class,
        "columns": dict(columns),
        "totals": totals,
    }


def _read_again(raw: bytes, how: Mapping[str, Any]) -> tuple[Witness, Mapping[str, str]]:
    witness = read_witness(
        raw,
        how["name"],
        how["kind"],
        datetime.fromisoformat(how["start"]),
        datetime.fromisoformat(how["end"]),
        columns=how["columns"],
        totals=Totals.of(how["totals"]),
        number_class=how["number_class"],
    )
    return witness, how["columns"]


def _archived(snapshot: Snapshot, witness: Witness) -> Iterator[Archived]:
    """Yield the meetings of the witness's period, or the connections where it lists connections.

    And those whose ids stand on lines that do not say when it was, whenever they were: found by the index, so that a
    year's bill of a month is not held against ten years at every sync.
    """
    near = (witness.start - SLACK, witness.end + SLACK)
    told = (*witness.lines, *(one.line for one in witness.aside))
    ids = {one.meeting_id for one in told if one.started_at is None and one.meeting_id}
    far = [one for one in _latest(snapshot, ids) if not _is_within(one.started_at, near)]
    if not witness.by_connection:
        columns = ("meeting_id", "started_at", "ended_at", "creator")
        meetings = chain(_rows(snapshot, "meetings", *near, columns), map(attrgetter(*columns), far))
        for place, (meeting_id, started_at, ended_at, creator) in enumerate(meetings):
            number = normalize(creator) if creator else None
            # a bill need not list a meeting in which nobody was connected: that it lacks one says nothing against it
            yield Archived(f"{place}", meeting_id, started_at, number, is_silent=ended_at == started_at)
        return
    # who came in by the account's own number is of no other class, as in every report
    own = (
        frozenset() if witness.number_class is None else access_numbers(read(snapshot, "meetings", ("display_number",)))
    )
    columns = ("meeting_id", "joined_at", "number", "duration_s")
    elsewhere = read(snapshot, "legs", columns, among("obs", np.array(sorted(one.obs for one in far), dtype=np.int64)))
    legs = chain(_rows(snapshot, "legs", *near, columns), _cells(elsewhere, columns))
    for place, (meeting_id, joined_at, number, duration_s) in enumerate(legs):
        if witness.number_class in (None, number_class(number, own)):
            is_silent = joined_at is None or duration_s == 0
            yield Archived(f"{place}", meeting_id, joined_at, number, is_silent=is_silent)


def _latest(snapshot: Snapshot, ids: Iterable[str]) -> list[Version]:
    """Return the latest version of every meeting of some ids."""
    wanted = sorted(ids)
    found = VersionIndex(snapshot).of(wanted)
    believed = ([one for one in twin if one.is_believed] for meeting_id in wanted for twin in found[meeting_id])
    return [versions[-1] for versions in believed if versions]


def _is_within(at: datetime | None, near: tuple[datetime, datetime]) -> bool:
    return at is not None and near[0] <= at < near[1]


def _rows(
    snapshot: Snapshot, view: str, start: datetime, end: datetime, columns: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    return _cells(table(snapshot, view, start=start, end=end, as_of=None), columns)


def _cells(rows: pa.Table, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(rows[name].to_pylist() for name in columns), strict=True)


def hear(witness: Witness, archived: Iterable[Archived], tolerance: timedelta = TOLERANCE) -> Hearing:
    """Hold a witness against the archive, one to one.

    Parameters
    ----------
    archived
        What the archive holds of the period, and of a tolerance on either side: meetings, or connections where the
        witness lists connections. And, at whatever time, those whose ids stand on lines without an instant: a line
        that cannot say when it was is missing only if its meeting is nowhere.
    tolerance
        How far two clocks may say of one call that it began.
    """
    held = list(archived)
    witness = _with_known(witness, held)
    found = _by_id(witness, held, tolerance)
    found |= _by_instant(witness.lines, held, found, tolerance)
    lacking = [one for one in witness.lines if one.line not in found]
    n_outside = _n_outside(witness, held, found)
    taken = set(found.values())
    more = [
        one
        for one in held
        if one.key not in taken
        and not one.is_silent
        and one.started_at
        and witness.start <= one.started_at < witness.end
    ]
    unread = [one.line for one in witness.aside if one.why in UNREAD]
    is_foreign = len(found) < FOREIGN * len(witness.lines)
    ids = tuple(dict.fromkeys(one.meeting_id for one in more))
    return Hearing(
        name=witness.name,
        kind=witness.kind,
        sha256=witness.sha256,
        start=witness.start,
        end=witness.end,
        number_class=witness.number_class,
        n_lines=len(witness.lines),
        n_found=len(found) - n_outside,
        only_in_witness=() if is_foreign else _named([_missing(one) for one in lacking]),
        n_only_in_witness=len(lacking),
        only_in_archive=ids[:MOST_NAMED],
        n_only_in_archive=len(ids),
        finding=_finding(witness, lacking, more, n_outside, is_foreign=is_foreign, is_unread=bool(unread)),
        n_outside=n_outside,
        aside=tuple((one.line.line, one.why) for one in witness.aside[:MOST_NAMED]),
        n_aside=len(witness.aside),
        # the total of a list counts also what nobody could read of it
        differs=witness.totals.differing((*witness.lines, *unread)),
    )


def _with_known(witness: Witness, held: Sequence[Archived]) -> Witness:
    """Return a witness of whose lines none is aside that the archive knows by id: what looks like a total or a note may
    be what a room is called.
    """
    known = {one.meeting_id for one in held}
    lines = [one.line for one in witness.aside if one.line.meeting_id in known]
    rest = tuple(one for one in witness.aside if one.line.meeting_id not in known)
    return replace(witness, lines=tuple(sorted((*witness.lines, *lines), key=lambda one: one.line)), aside=rest)


def _is_inside(witness: Witness, one: Archived) -> bool:
    return one.started_at is None or witness.start <= one.started_at < witness.end


def _n_outside(witness: Witness, held: Sequence[Archived], found: Mapping[int, str]) -> int:
    """Count the lines that found a meeting outside the period; one with an instant of its own is where that says."""
    outside = {one.key for one in held if not _is_inside(witness, one)}
    return sum(found.get(one.line) in outside for one in witness.lines if one.started_at is None)


def _finding(
    witness: Witness,
    lacking: Sequence[WitnessLine],
    more: Sequence[Archived],
    n_outside: int,
    *,
    is_foreign: bool,
    is_unread: bool,
) -> str:
    adds_up = witness.totals.agree(witness.lines)
    holds = {
        "empty": not witness.lines and not is_unread,
        "foreign": is_foreign,
        # Whoever asked about one month of a year's bill is told that first: the rest follows from it.
        "outside_period": n_outside > FOREIGN * len(witness.lines),
        "lines_missing": bool(lacking),
        "unread": is_unread,
        "total_differs": adds_up is False,
        "incomplete": bool(more),
        "no_total": adds_up is None,
        "part": witness.number_class is not None,
        "witnessed": True,
    }
    return next(key for key, does in holds.items() if does)


def _by_id(witness: Witness, held: Sequence[Archived], tolerance: timedelta) -> dict[int, str]:
    """Return line → what it is in the archive, for lines whose id is known there: the same number first, then the nearest."""
    is_strict = witness.by_connection  # two parties of one meeting are not each other
    by_id: dict[str, list[Archived]] = defaultdict(list)
    for one in held:
        by_id[one.meeting_id].append(one)
    pairs = (
        # Of two meetings of one id, a line that does not say when it was is the one of the period.
        (
            2 * (line.started_at is None and not _is_inside(witness, one)) + (line.number != one.number),
            _apart(line, one),
            line.line,
            one.key,
        )
        for line in witness.lines
        for one in (by_id.get(line.meeting_id, ()) if line.meeting_id else ())
        if not is_strict or line.number == one.number
        # An id is used again: a line of last week is not the meeting of today.
        if None in (line.started_at, one.started_at) or _apart(line, one) <= tolerance
    )
    return _one_to_one(sorted(pairs))


def _by_instant(
    lines: Sequence[WitnessLine], held: Sequence[Archived], found: Mapping[int, str], tolerance: timedelta
) -> dict[int, str]:
    """Return line → what it is in the archive, by number and instant, for lines without an id that is known there."""
    taken = set(found.values())
    ids = {one.meeting_id for one in held}
    by_number: dict[str | None, list[Archived]] = defaultdict(list)
    for one in held:
        if one.key not in taken and one.started_at is not None:
            by_number[one.number].append(one)
    pairs = (
        (0, _apart(line, one), line.line, one.key)
        for line in lines
        # Without a number an instant alone would match any meeting of a busy minute.
        if line.line not in found and line.number is not None and line.started_at is not None
        # An id that the archive knows has had its chance: it does not become another meeting's line.
        if line.meeting_id not in ids
        for one in by_number.get(line.number, ())
        if _apart(line, one) <= tolerance
    )
    return _one_to_one(sorted(pairs))


def _one_to_one(pairs: Iterable[tuple[int, timedelta, int, str]]) -> dict[int, str]:
    """Return line → key, each of both once, the best pairs first."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for _, _, line, key in pairs:
        if line not in found and key not in taken:
            found[line] = key
            taken.add(key)
    return found


def _apart(line: WitnessLine, one: Archived) -> timedelta:
    if line.started_at is None or one.started_at is None:
        return timedelta.max
    return abs(line.started_at - one.started_at)


def _named(missing: Sequence[Missing]) -> tuple[Missing, ...]:
    rest = missing[MOST_NAMED:]
    if not rest:
        return tuple(missing)
    edges = [(one.start, one.end) for one in rest if one.start and one.end]
    is_dated = len(edges) == len(rest)
    span = (min(start for start, _ in edges), max(end for _, end in edges)) if is_dated else (None, None)
    return (*missing[:MOST_NAMED], Missing(rest[0].line, None, *span))


def _missing(line: WitnessLine) -> Missing:
    """Return when a line that is not in the archive says that it was."""
    if line.started_at is None:
        return Missing(line.line, line.meeting_id, None, None)
    over = line.ended_at or line.started_at + timedelta(seconds=line.duration_s or 0)
    return Missing(line.line, line.meeting_id, line.started_at, max(over, line.started_at + timedelta(seconds=1)))
