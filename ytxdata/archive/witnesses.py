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
from ytxdata.archive.views import pieces, table
from ytxdata.archive.write_sync import Writer
from ytxdata.errors import UsageError
from ytxdata.files import sha256_of, write_whole
from ytxdata.history.proof.witness import (
    MOST_NAMED,
    UNREAD,
    UNREAD_BESIDE,
    Hearing,
    Missing,
    Totals,
    Witness,
    WitnessLine,
    named,
)
from ytxdata.history.witness_lists import read_witness
from ytxdata.labels import Text
from ytxdata.phones import normalize, number_class
from ytxdata.records.numbers import access_numbers

SLACK = timedelta(days=1)
"""How far beyond its period the archive is read, so that a line at its edge finds its meeting."""

TOLERANCE = timedelta(seconds=120)
"""How far two clocks may say of one call that it began: an invoice is cut to the minute, and rings before it is answered."""

_LEGS = "SELECT meeting_id, joined_at, number, duration_s, meeting_at FROM rows ORDER BY ALL"

FOREIGN = 0.5
"""A witness of which less than this share is found is of another account, or of another month: it says nothing here.

Were it believed, a mistaken file would call a whole month a gap.
"""

NEIGHBOUR = timedelta(hours=12)
"""How far beyond its day a meeting may have begun: bills are made in other zones, and by when a meeting ended."""

READING = 3
"""By which rules lists are read, as a number: what was heard by others is heard anew by the next sync, and till then
held against nothing.
"""


@dataclass(frozen=True, slots=True)
class Archived:
    """A meeting of the archive, or one party's connection to it, as a witness would know it.

    `is_silent` when nobody was connected: nothing was billed, and no witness need know of it. `meeting_at` is when the
    meeting of a connection began: about when the connection was, where nobody says.
    """

    key: str
    meeting_id: str
    started_at: datetime | None
    number: str | None = None
    is_silent: bool = False
    meeting_at: datetime | None = None

    @property
    def about(self) -> datetime | None:
        """When it was, as far as that is known."""
        return self.started_at or self.meeting_at


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
    totals = {key: None if value is None else str(value) for key, value in asdict(witness.given).items()}
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
    lines = (*witness.lines, *(one.line for one in witness.aside))
    ids = {one.meeting_id for one in lines if one.started_at is None and one.meeting_id}
    far = [one for one in _latest(snapshot, ids) if not (one.started_at and near[0] <= one.started_at < near[1])]
    if not witness.by_connection:
        columns = ("meeting_id", "started_at", "ended_at", "creator")
        listed = _cells(table(snapshot, "meetings", start=near[0], end=near[1]), columns)
        meetings = chain(listed, map(attrgetter(*columns), far))
        for place, (meeting_id, started_at, ended_at, creator) in enumerate(meetings):
            number = normalize(creator) if creator else None
            # a bill need not list a meeting in which nobody was connected: that it lacks one says nothing against it
            yield Archived(f"{place}", meeting_id, started_at, number, is_silent=ended_at == started_at)
        return
    # who came in by the account's own number is of no other class, as in every report
    own = (
        frozenset() if witness.number_class is None else access_numbers(read(snapshot, "meetings", ("display_number",)))
    )
    legs = pieces(snapshot, "legs", _LEGS, start=near[0], end=near[1])
    began = {one.obs: one.started_at for one in far}
    of_legs = ("meeting_id", "joined_at", "number", "duration_s", "obs")
    elsewhere = read(snapshot, "legs", of_legs, among("obs", np.array(sorted(began), dtype=np.int64)))
    told = chain(
        *(_cells(piece, piece.column_names) for piece in legs),
        ((*leg, began[obs]) for *leg, obs in _cells(elsewhere, of_legs)),
    )
    for place, (meeting_id, joined_at, number, duration_s, meeting_at) in enumerate(told):
        if witness.number_class in (None, number_class(number, own)):
            is_silent = joined_at is None or duration_s == 0
            yield Archived(f"{place}", meeting_id, joined_at, number, is_silent, meeting_at)


def _latest(snapshot: Snapshot, ids: Iterable[str]) -> list[Version]:
    """Return the latest version of every meeting of some ids."""
    wanted = sorted(ids)
    found = VersionIndex(snapshot).of(wanted)
    believed = ([one for one in twin if one.is_believed] for meeting_id in wanted for twin in found[meeting_id])
    return [versions[-1] for versions in believed if versions]


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
    found |= _in_order(witness, held, found)
    found |= _by_instant(witness.lines, held, found, tolerance)
    lacking = [one for one in witness.lines if one.line not in found]
    undated = _undated(witness, held, found)
    n_outside = sum(not _is_inside(witness, one) for _, one in undated)
    taken = set(found.values())
    more = [one for one in held if one.key not in taken and not one.is_silent and _is_inside(witness, one)]
    unread = [one.line for one in witness.aside if one.why in UNREAD]
    is_unread = any(one.why in (*UNREAD, *UNREAD_BESIDE) for one in witness.aside)
    adds_up = witness.totals.agree(witness.lines, witness.given)
    holds = {
        "empty": not witness.lines and not is_unread,
        "foreign": len(found) < FOREIGN * len(witness.lines),
        # Whoever asked about one month of a year's bill is told that first: the rest follows from it.
        "outside_period": n_outside > FOREIGN * len(witness.lines),
        "lines_missing": bool(lacking),
        "unread": is_unread,
        "total_differs": adds_up is False,
        "incomplete": bool(more),
        "undated": bool(undated),
        "no_total": adds_up is None,
        "part": witness.number_class is not None,
        "witnessed": True,
    }
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
        only_in_witness=() if holds["foreign"] else named([Missing.of(one) for one in lacking]),
        n_only_in_witness=len(lacking),
        only_in_archive=ids[:MOST_NAMED],
        n_only_in_archive=len(ids),
        finding=next(key for key, does in holds.items() if does),
        n_outside=n_outside,
        aside=tuple((one.line.line, one.why) for one in witness.aside[:MOST_NAMED]),
        n_aside=len(witness.aside),
        # the total of a list counts also what nobody could read of it
        differs=witness.totals.differing((*witness.lines, *unread), witness.given),
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
    return one.about is not None and witness.start <= one.about < witness.end


def _undated(
    witness: Witness, held: Sequence[Archived], found: Mapping[int, str]
) -> list[tuple[WitnessLine, Archived]]:
    """Return the lines for which a meeting stands that need not be theirs: no instants meet, and it was not in the
    period, or nobody came to it though the line says how long it was.
    """
    by_key = {one.key: one for one in held}
    pairs = ((line, by_key[found[line.line]]) for line in witness.lines if line.line in found)
    return [
        (line, one)
        for line, one in pairs
        if None in (line.started_at, one.started_at)
        if not _is_inside(witness, one) or (one.is_silent and one.started_at and line.duration_s)
    ]


def _by_id(witness: Witness, held: Sequence[Archived], tolerance: timedelta) -> dict[int, str]:
    """Return line → what it is in the archive, for lines whose id is known there: the same number first, then the nearest."""
    is_strict = witness.by_connection  # two parties of one meeting are not each other
    by_id: dict[str, list[Archived]] = defaultdict(list)
    for one in held:
        by_id[one.meeting_id].append(one)
    pairs = (
        (*_rank(witness, line, one), line.line, one.key)
        for line in witness.lines
        for one in (by_id.get(line.meeting_id, ()) if line.meeting_id else ())
        if not is_strict or line.number == one.number
        # An id is used again: a line of last week is not the meeting of today.
        if _may_be(line, one, tolerance)
    )
    return _one_to_one(sorted(pairs))


def _may_be(line: WitnessLine, one: Archived, tolerance: timedelta) -> bool:
    apart = line.apart(one.about)
    if line.started_at is not None and one.started_at is not None:
        return apart is not None and apart <= tolerance
    return not apart or (apart <= NEIGHBOUR and not (one.is_silent and one.started_at))


def _rank(witness: Witness, line: WitnessLine, one: Archived) -> tuple[int, timedelta]:
    """Return what makes another meeting of its id a better match than this one."""
    apart = line.apart(one.about)
    # A line that does not say when it was is the meeting of the period, of its own day, to which somebody came.
    is_far = line.started_at is None and (not _is_inside(witness, one) or bool(apart))
    is_silent = line.started_at is None and one.is_silent
    return 4 * is_far + 2 * is_silent + (line.number != one.number), timedelta.max if apart is None else apart


def _in_order(witness: Witness, held: Sequence[Archived], found: Mapping[int, str]) -> dict[int, str]:
    """Return line → what it is in the archive, for ids whose days find all their meetings of the period only in turn.

    Of a room that meets daily, a bill made in another zone has every night's meeting a day off, where another line has
    its own. Whatever is missing leaves one line too many, in any order.
    """
    who = attrgetter("meeting_id", "number") if witness.by_connection else attrgetter("meeting_id")
    days: dict[Any, list[WitnessLine]] = defaultdict(list)
    free: dict[Any, list[Archived]] = defaultdict(list)
    turns: dict[int, str] = {}
    for line in sorted(witness.lines, key=lambda line: str(line.day)):
        days[who(line)] += [line] if line.day else []
    taken = set(found.values()) - {found.get(line.line) for lines in days.values() for line in lines}
    for one in sorted(held, key=lambda one: str(one.about)):
        free[who(one)] += [one] if one.key not in taken and not one.is_silent and _is_inside(witness, one) else []
    for key, lines in days.items():
        pairs = list(zip(lines, free[key], strict=False))
        is_whole = len(lines) == len(free[key]) and any(line.line not in found for line in lines)
        if is_whole and all((line.apart(one.about) or timedelta(0)) <= NEIGHBOUR for line, one in pairs):
            turns |= {line.line: one.key for line, one in pairs}
    return turns


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
        (0, abs(line.started_at - one.started_at), line.line, one.key)
        for line in lines
        # Without a number an instant alone would match any meeting of a busy minute.
        if line.line not in found and line.number is not None and line.started_at is not None
        # An id that the archive knows has had its chance: it does not become another meeting's line.
        if line.meeting_id not in ids
        for one in by_number.get(line.number, ())
        if one.started_at is not None and abs(line.started_at - one.started_at) <= tolerance
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
