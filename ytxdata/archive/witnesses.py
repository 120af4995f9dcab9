"""Witnesses of an archive: other lists of what took place, kept as raw evidence and held against it again after each sync."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ytxdata import times
from ytxdata.archive.cleanup import heal, migrated
from ytxdata.archive.heads import Snapshot, newest
from ytxdata.archive.known_meetings import Version, VersionIndex, certificate_of, present
from ytxdata.archive.ownership import identity_of, no_archive, writing
from ytxdata.archive.stored_files import WITNESSES, StoredFile, telling_damage, telling_write_errors
from ytxdata.archive.stored_rows import among, batches, read
from ytxdata.archive.views import pieces
from ytxdata.archive.whole_files import check_whole
from ytxdata.archive.write_sync import Writer
from ytxdata.errors import UsageError
from ytxdata.files import sha256_of, write_whole
from ytxdata.history.proof.line_lengths import Lengths
from ytxdata.history.proof.match_lines import Archived
from ytxdata.history.proof.witness import Totals, Witness
from ytxdata.history.proof.witness_check import as_kept, hear, standing
from ytxdata.history.proof.witness_result import Hearing, taking_back
from ytxdata.history.witness_lists import read_witness
from ytxdata.labels import Text
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.phones import NO_ENDS, ends_of, normalize, number_class
from ytxdata.records.numbers import access_numbers
from ytxdata.records.values import rows_of
from ytxdata.redact import keyed_hashes
from ytxdata.times import beijing_text

SLACK = timedelta(days=1)
"""How far beyond its period the archive is read, so that a line at its edge finds its meeting."""

_OF_MEETINGS = ("obs", "meeting_id", "started_at", "ended_at", "creator", "duration_s", "amount_yuan")
_OF_LEGS = ("meeting_id", "joined_at", "number", "left_at", "duration_s")
_STAY = ("obs", "joined_at", "left_at", "duration_s")
_MEETINGS = """
    SELECT meeting_key, meeting_id, started_at, ended_at, creator, duration_s, amount_yuan FROM rows ORDER BY ALL
"""
_STAYS = "SELECT meeting_key, joined_at, left_at, duration_s FROM rows ORDER BY ALL"
_LEGS = "SELECT meeting_id, joined_at, number, left_at, duration_s, meeting_at, meeting_key FROM rows ORDER BY ALL"
_ENDS = "SELECT meeting_key, ended_at FROM rows WHERE ended_at IS NOT NULL"


def add_witness(root: Path, raw: bytes, witness: Witness, columns: Mapping[str, str], wait_s: float) -> Hearing:
    """Keep a witness that is handed in now, and hold it against the archive; one of the same name takes the place of
    the other.
    """
    with changing(root, wait_s) as snapshot:
        given = replace(witness, given_at=present(snapshot.head.state, times.now()))
        hearing = _heard(snapshot, given)
        _refuse_to_displace(snapshot, hearing)
        kept, state = _keep(snapshot, raw, given, columns, hearing)
        certificate = certificate_of(state, times.now()).so_far(kept.start, kept.end)
    rest = next(((one.start, one.end, one.told) for one in certificate.periods if one.verdict != "PROVEN"), None)
    mine = (one for one in certificate.periods if one.reason_key == "witnessed" and kept.name in one.pull_ids)
    return replace(kept, covers=hearing.covers, proven=tuple((one.start, one.end) for one in mine), unproven=rest)


def _refuse_to_displace(snapshot: Snapshot, hearing: Hearing) -> None:
    """Refuse a list without a line in the period given where one of its name proves another: a slip took a proven month
    back.
    """
    same = [one for one in hearings(snapshot.head.state) if (one.name, one.finding) == (hearing.name, "witnessed")]
    if same and hearing.finding == "outside_period" and hearing.n_outside == hearing.n_lines:
        given, kept = (f"{beijing_text(one.start)} – {beijing_text(one.end)}" for one in (hearing, same[0]))
        zh, en = hearing.period_to_give
        raise UsageError(
            Text(
                f"{hearing.n_lines} 行全部在所给时段（{given}）之外；同名清单 {hearing.name} 已证实 {kept}，没有改动",
                f"all {hearing.n_lines} lines are outside the period given ({given}); the list {hearing.name}, which is "
                f"kept, proves {kept}: nothing was changed",
            ),
            remedy=Text(
                f"{zh}；若要收回：{taking_back(hearing.name)}", f"{en}; to take it back: {taking_back(hearing.name)}"
            ),
        )


def _keep(
    snapshot: Snapshot, raw: bytes, witness: Witness, columns: Mapping[str, str], hearing: Hearing
) -> tuple[Hearing, Mapping[str, Any]]:
    """Keep a list and what it comes to; return that, and what the head says now."""
    writer = Writer(snapshot.root, snapshot)
    path = f"{WITNESSES}/{writer.head.sequence + 1:012d}.raw"
    # as it was handed in: what was read of it must stay open to a check, and is read anew after each sync
    write_whole(snapshot.root / path, raw)
    file = StoredFile(path, len(raw), sha256_of(snapshot.root / path), 0, {}, ())
    writer.files[WITNESSES] = (*writer.files.get(WITNESSES, ()), file)
    entry = as_kept(hearing, file=path, reading=_reading(witness, columns))
    # the entry goes, its file stays named: evidence that was once relied on is not let go
    before = entries(snapshot.head.state)
    kept = [one for one in before if one["hearing"]["name"] != witness.name]
    same = [one for one in before if one["hearing"]["name"] == witness.name]
    # the same bytes for another month, or with another total, are another list
    gone = next((one for one, kept in zip(standing(same), same, strict=True) if _told(kept) != _told(entry)), None)
    state = {**snapshot.head.state, "witnesses": [*kept, entry]}
    writer.promote("witness", state=state)
    instead_of = (gone.start, gone.end, gone.n_only_in_witness) if gone else None
    return replace(hearings(state)[-1], instead_of=instead_of), state


def _told(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was handed in, whenever that was: a list, and how it was to be read."""
    reading = {name: one for name, one in entry["reading"].items() if name != "given_at"}
    return {**reading, "sha256": entry["hearing"]["sha256"]}


def remove_witness(root: Path, name: str, wait_s: float) -> Hearing:
    """Take back what rested on a witness, and return what that was; its bytes stay, as everything does."""
    with changing(root, wait_s) as snapshot:
        kept = {one["hearing"]["name"]: one for one in entries(snapshot.head.state)}
        removed = kept.pop(name, None)
        if removed is None:
            raise UsageError(
                Text(f"存档里没有清单 {name}", f"the archive has no list {name}"),
                remedy=Text(
                    f"存档里的清单：{'、'.join(kept) or '无'}。收回用 ytxdata witness 名称 --remove；archive.witnesses() 列出全部清单",
                    f"its lists: {', '.join(kept) or 'none'}. One is taken back with ytxdata witness NAME --remove; "
                    "archive.witnesses() lists them all",
                ),
            )
        Writer(root, snapshot).promote("witness", state={**snapshot.head.state, "witnesses": [*kept.values()]})
    return standing([removed])[0]


@contextmanager
def changing(root: Path, wait_s: float) -> Iterator[Snapshot]:
    """Hold the archive's lock; give its newest state, of which no change is begun.

    Raises
    ------
    NotAnArchiveError
        No sync has made an archive here.
    ArchiveWriteError
        The disk is full or may not be written.
    """
    identity_of(root)
    with writing(root, wait_s), telling_write_errors(root):
        snapshot = newest(root)
        heal(root, snapshot)
        if snapshot is None:
            raise no_archive(root)
        snapshot = migrated(root, snapshot)
        yield snapshot.hashed()


def entries(state: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return what is kept of each witness."""
    found: Sequence[Mapping[str, Any]] = state.get("witnesses", ())
    return found


def hearings(state: Mapping[str, Any]) -> list[Hearing]:
    """Return what each witness came to when the archive last changed, with the others that leave gaps in its period."""
    heard = standing(entries(state))
    return [replace(one, blocked_by=tuple(other.name for other in heard if _blocks(other, one))) for one in heard]


def leaving(snapshot: Snapshot, said: Sequence[Hearing], secret: bytes | None) -> list[Hearing]:
    """Return what witnesses came to as it may leave: names of lists, and what their lines say in place of ids, without
    numbers, also without the ends of those that the archive keeps, and each list's hash by its keyed name, for a bill
    may be of one line.
    """
    hide = partial(hide_in_text, ends=ends_kept(snapshot) if said else NO_ENDS)
    return [replace(one.renamed(hide), sha256=keyed_hashes(one.sha256, secret) if secret else "") for one in said]


def name_shown(path: Path, snapshot: Snapshot | None = None) -> str:
    """Return what an archive, or what was made of one, is called on a card, which is handed on with its notebook: a
    fleet's are called by numbers, and the folders above are this machine's.
    """
    name = path.absolute().name
    is_read = snapshot is not None and sum(map(str.isdigit, name)) >= _FEWEST_DIGITS
    return hide_in_text(name, ends=ends_kept(snapshot) if snapshot and is_read else NO_ENDS)


_FEWEST_DIGITS = 7
"""Of the end of a number; for fewer an archive need not be read."""


def ends_kept(snapshot: Snapshot) -> frozenset[str]:
    """Return the ends of all numbers that an archive keeps, of every version: reports of two months lie side by side."""
    return ends_of(values_kept(snapshot, {"meetings": ("creator", "display_number"), "legs": ("number",)}))


def values_kept(snapshot: Snapshot, where: Mapping[str, Sequence[str]]) -> set[str]:
    """Return all values that some columns of an archive's tables have."""
    pieces_of = (piece for name, columns in where.items() for piece in batches(snapshot, name, columns))
    return {one for piece in pieces_of for column in piece.columns for one in pc.unique(column).to_pylist() if one}


def _blocks(other: Hearing, one: Hearing) -> bool:
    gaps = [(gap.start or other.start, gap.end or other.end) for gap in other.only_in_witness]
    return other.name != one.name and any(start < one.end and end > one.start for start, end in gaps)


def _heard(snapshot: Snapshot, witness: Witness) -> Hearing:
    """Hold a witness against the archive. Whether lines without ids are meetings, by who called, or connections,
    nothing on them says: they are what more of them are found as.
    """
    said = _held(snapshot, witness)
    if witness.by_connection or (said.finding != "foreign" and any(one.meeting_id for one in witness.lines)):
        return said
    of_parties = replace(witness, is_of_parties=True)
    return max(said, _held(snapshot, of_parties), key=attrgetter("n_found"))


def _held(snapshot: Snapshot, witness: Witness) -> Hearing:
    own = access_numbers(read(snapshot, "meetings", ("display_number",))) if witness.by_connection else frozenset()
    return hear(witness, _archived(snapshot, witness, own), nobodys=own)


def heard_again(snapshot: Snapshot, state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is kept of each witness, held against the archive as it is now: a sync may have brought what lacked."""
    kept = entries(state)
    return [
        as_kept(_heard(snapshot, witness), file=entry["file"], reading=entry["reading"])
        for entry, raw in zip(kept, _bytes(snapshot, kept), strict=True)
        for witness, _ in [_read_again(raw, entry["reading"])]
    ]


def kept_witnesses(snapshot: Snapshot) -> Iterator[tuple[Mapping[str, Any], bytes]]:
    """Yield how each witness is read and by which rules it was heard, as plain JSON values, and its bytes as they were
    handed in.
    """
    kept = entries(snapshot.head.state)
    for entry, raw in zip(kept, _bytes(snapshot, kept), strict=True):
        yield {**entry["reading"], "rules": entry.get("rules")}, raw


def add_kept(root: Path, reading: Mapping[str, Any], raw: bytes, wait_s: float) -> None:
    """Add a witness that another archive kept, read as it was read there, and handed in when it was."""
    with changing(root, wait_s) as snapshot:
        witness, columns = _read_again(raw, reading)
        _keep(snapshot, raw, witness, columns, _heard(snapshot, witness))


def _bytes(snapshot: Snapshot, kept: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    listed = {file.path: file for file in snapshot.files(WITNESSES)}
    for entry in kept:
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
        "given_at": None if witness.given_at is None else witness.given_at.isoformat(),
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
    given_at = how.get("given_at")  # not kept before these rules
    return replace(witness, given_at=given_at and datetime.fromisoformat(given_at)), how["columns"]


def _archived(snapshot: Snapshot, witness: Witness, own: frozenset[str]) -> Iterator[Archived]:
    """Yield the meetings of the witness's period, or the connections where it lists connections. Who came in by the
    account's `own` number is of no other class, as in every report.

    And those whose ids stand on lines that do not say when it was, whenever they were: found by the index, so that a
    year's bill of a month is not held against ten years at every sync.
    """
    near = (witness.start - SLACK, witness.end + SLACK)
    lines = (*witness.lines, *(one.line for one in witness.aside))
    ids = {one.meeting_id for one in lines if one.started_at is None and one.meeting_id}
    far = [one for one in _latest(snapshot, ids) if not (one.started_at and near[0] <= one.started_at < near[1])]
    if not witness.by_connection:
        yield from _meetings(snapshot, near, far)
        return
    ended = dict(_rows_near(snapshot, near, "meetings", _ENDS))
    legs = list(_rows_near(snapshot, near, "legs", _LEGS))
    spans = {one.obs: (one.started_at, one.ended_at) for one in far}
    elsewhere = read(snapshot, "legs", (*_OF_LEGS, "obs"), among("obs", np.array(sorted(spans), dtype=np.int64)))
    told = [
        *((*leg, ended.get(key)) for *leg, key in legs),
        *((*leg, *spans[obs]) for *leg, obs in rows_of(elsewhere, (*_OF_LEGS, "obs"))),
    ]
    # where nobody says of anybody when or for how long, a leg without both is not of somebody who never joined
    is_told = any(joined_at is not None or duration_s for _, joined_at, _, _, duration_s, *_ in told)
    for place, (meeting_id, joined_at, number, left_at, duration_s, meeting_at, until) in enumerate(told):
        if witness.number_class in (None, number_class(number, own)):
            is_unknown = joined_at is None and duration_s is None and not is_told
            # who is not said to have left was there until the meeting ended, as in every report
            ended_at = left_at or until
            is_at_once = joined_at in (None, ended_at) if duration_s is None else duration_s <= 0
            is_silent = None if is_unknown else is_at_once
            lengths = None if is_unknown else _lengths([(joined_at, left_at, duration_s)], until)
            size = Lengths(lengths[0] if lengths else None, lengths)
            yield Archived(f"{place}", meeting_id, joined_at, number, is_silent, meeting_at, ended_at, size)


def _meetings(snapshot: Snapshot, near: tuple[datetime, datetime], far: Sequence[Version]) -> Iterator[Archived]:
    """Yield the meetings that began between two instants, and others; each with how long all were connected to it."""
    obs = among("obs", np.array(sorted(one.obs for one in far), dtype=np.int64))
    listed, stayed = (_rows_near(snapshot, near, *view) for view in (("meetings", _MEETINGS), ("legs", _STAYS)))
    of_far = [read(snapshot, name, columns, obs) for name, columns in (("meetings", _OF_MEETINGS), ("legs", _STAY))]
    stays: dict[Any, list[tuple[Any, Any, Any]]] = defaultdict(list)
    for key, joined_at, left_at, duration_s in chain(stayed, rows_of(of_far[1], _STAY)):
        stays[key].append((joined_at, left_at, duration_s))
    for place, row in enumerate(chain(listed, rows_of(of_far[0], _OF_MEETINGS))):
        key, meeting_id, started_at, ended_at, creator, duration_s, yuan = row
        number = normalize(creator) if creator else None
        # most platforms say when a meeting began and ended, and nothing else of how long it was
        length_s = _length(started_at, ended_at, duration_s, None) if started_at else duration_s
        size = Lengths(length_s, _lengths(stays.get(key, ()), ended_at), yuan)
        # a bill need not list a meeting in which nobody was connected: that it lacks one says nothing against it
        yield Archived(f"{place}", meeting_id, started_at, number, ended_at == started_at, None, ended_at, size)


def _rows_near(snapshot: Snapshot, near: tuple[datetime, datetime], name: str, sql: str) -> Iterator[tuple[Any, ...]]:
    for piece in pieces(snapshot, name, sql, start=near[0], end=near[1]):
        yield from rows_of(piece, piece.column_names)


def _lengths(stays: Sequence[tuple[Any, Any, Any]], until: datetime | None) -> tuple[int, ...] | None:
    """Return how long each connection to a meeting was; None where that is not known of all."""
    lengths = [_length(*stay, until) for stay in stays]
    known = tuple(one for one in lengths if one is not None)
    return known if known and len(known) == len(lengths) else None


def _length(
    joined_at: datetime | None, left_at: datetime | None, duration_s: int | None, until: datetime | None
) -> int | None:
    """Return how long somebody was connected, to the end of the meeting who is not said to have left."""
    if duration_s is not None:
        return duration_s
    over = left_at or until
    if joined_at is None or over is None:
        return 0 if joined_at is None and left_at is None else None
    return round((over - joined_at).total_seconds())


def _latest(snapshot: Snapshot, ids: Iterable[str]) -> list[Version]:
    """Return the latest version of every meeting of some ids."""
    wanted = sorted(ids)
    found = VersionIndex(snapshot).of(wanted)
    believed = ([one for one in twin if one.is_believed] for meeting_id in wanted for twin in found[meeting_id])
    return [versions[-1] for versions in believed if versions]
