"""What the rules of completeness see of one answer: its records, and which meetings these are of.

Only here do they meet a table and raw bytes. One id may stand for several meetings: a room keeps its id from week to
week. The rules of completeness count meetings. Counted by id, an account in which each creator has a room of his own
was called out of order from its second week on: a week before, as many meetings were known as were missing now.

A platform may also keep one record for each room, and write the next meeting over the last: what a room held between
two syncs is lost then, and no answer shows it. So where a new meeting of an id is listed and the one before it is not,
the answer proves nothing (`replaced`), until two of one id have been listed beside each other. Where one should be
listed and is not, that is a limit of one by category, and one of more is seen like that of creators (`categories`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

import pyarrow as pa

from ytxdata.history.proof.evidence import Bulk, Key, Known, KnownLand, PullFacts, Remembered, Seen
from ytxdata.records.answer import Answer
from ytxdata.records.identity import assign
from ytxdata.records.party_names import n_said
from ytxdata.records.schema import SEVERAL
from ytxdata.records.values import rows_of
from ytxdata.times import clock_step, parse_instant

_KINDS = {None: None, True: "booked", False: "instant"}


def pull_facts(answer: Answer, meetings: pa.Table, n_rejected: int, problems: pa.Table | None = None) -> PullFacts:
    """Return the facts of one answer from its normalised meetings, every accepted record, doubled ones included, and
    from the problems of these."""
    columns = ("row", *Seen._fields[:5], "is_booked", "n_legs", "booked_at")
    seen = [
        Seen(key, start, end, digest, creator, _size(answer, row, n_legs), _KINDS[is_booked], booked_at)
        for row, key, start, end, digest, creator, is_booked, n_legs, booked_at in rows_of(meetings, columns)
    ]
    read = (
        dict(zip(meetings["row"].to_pylist(), meetings["record_hash"].to_pylist(), strict=True)) if n_rejected else {}
    )
    rows = ((read.get(row) or sha256(one.raw).hexdigest(), row in read) for row, one in enumerate(answer.records))
    rows_seen = dict(zip(meetings["row"].to_pylist(), seen, strict=True)) if problems else {}
    skew_s = clock_step(answer.server_date, answer.asked_at, answer.answered_at)
    return PullFacts(
        pull_id=answer.pull_id,
        asked_at=answer.asked_at,
        answered_at=answer.answered_at,
        asked_n=answer.asked_n,
        records=seen,
        n_rejected=n_rejected,
        size=Bulk(len(answer.raw), sum(one.size.n_characters for one in seen), sum(one.size.n_legs for one in seen)),
        clock_skew=None if skew_s is None else timedelta(seconds=skew_s),
        is_doubtful=answer.is_doubtful,
        unread=(
            *(unread(rows, is_cut=len(answer.records) == answer.asked_n) if n_rejected else ()),
            *((one,) for one in answer.unsure),  # it names a meeting, and is known by its text
        ),
        several=tuple(
            (rows_seen[row], _instants(text or ""))
            for reason, row, text in (rows_of(problems, ("reason", "row", "raw_value")) if problems else ())
            if reason in SEVERAL and row in rows_seen
        ),
    )


def _instants(text: str) -> tuple[datetime, ...]:
    """Return the times that a problem's text says, none of one that is cut: the next may be any."""
    found = () if text.endswith("…") else _INSTANT.findall(text)
    return tuple(at for one in found if (at := parse_instant(one)))


_INSTANT = re.compile(r"20\d\d[-/]\d\d?[-/]\d\d?[ T]\d\d?:\d\d(?::\d\d)?")


def unread(rows: Iterable[tuple[str, bool]], *, is_cut: bool) -> tuple[tuple[str, ...], ...]:
    """Return of each record that was not understood by what it is known again: its text, and between which it stands.

    Not by its text alone: all records that a platform fails to render may have one. What takes the place of one that
    went, between the same two records, began when that may have. Above all others, and below them in a whole answer,
    is no such place: the next record that is listed there is younger. Where our own number cut the answer, the upper
    neighbour must do.

    Parameters
    ----------
    rows
        Hash of each record in the order of the answer, and whether it was understood.
    is_cut
        Our own number ended the answer.

    Examples
    --------
    >>> [len(one) for one in unread([("x", False), ("a", True), ("x", False), ("b", True)], is_cut=False)]
    [0, 2]
    """
    found, waiting = list[tuple[str, ...]](), list[str]()
    above, same = "", Counter[str]()
    for digest, is_read in rows:
        if is_read:
            found += [_names(one, f"{one} {digest}") if above else () for one in waiting]
            above, same, waiting = digest, Counter(), []
        else:
            same[digest] += 1
            waiting.append(f"{digest} {same[digest]} {above}")
    return (*found, *(_names(one) if above and is_cut else () for one in waiting))


def _names(upper: str, both: str = "") -> tuple[str, ...]:
    return tuple(sha256(one.encode()).hexdigest()[:32] for one in (both, upper) if one)


def _size(answer: Answer, row: int, n_legs: int | None) -> Bulk:
    raw = answer.records[row].raw
    text = raw.decode("utf-8", "replace")  # an escaped character is one to whoever counts before it was escaped
    return Bulk(len(raw), len(text) - 5 * raw.count(b"\\u"), n_legs or n_said(raw, answer.aliases))


class Replaced(NamedTuple):
    """A known meeting that is not listed, the records of the next one of its id, and whether that was not known.

    `of_room` are all records of its id, `n_later` is how many later ones of it are listed, 0 where an earlier one is.
    """

    old: Known
    told: Sequence[Seen]
    is_new: bool
    of_room: Sequence[Seen]
    n_later: int


class ToldApart(NamedTuple):
    """The records of an answer by meeting.

    Parameters
    ----------
    records
        In the order of the answer; the key of a version of a known meeting is that meeting's.
    by_key
        The records of each meeting.
    found, kept
        Those meetings that are known, as finished syncs left them; as unfinished ones did since.
    replaced
        Known meetings that are not listed, though the next of their id is.
    rooms
        Ids that stand for several meetings, each with how many of them are listed beside each other.
    n_of_room
        How many are listed of one id, one where that is no sign that the platform lists more than one.
    """

    records: Sequence[Seen]
    by_key: Mapping[Key, Sequence[Seen]]
    found: Mapping[Key, Known]
    kept: Mapping[Key, Known]
    replaced: Sequence[Replaced]
    rooms: Mapping[str, int]
    n_of_room: int


def told_apart(pull: PullFacts, known: KnownLand) -> ToldApart:
    """Return the records of an answer by the meetings that they are of, as `records.identity` tells them apart."""
    by_id: dict[str, list[Seen]] = {}
    for record in pull.records:
        by_id.setdefault(record.meeting_id, []).append(record)
    land, named = known.meetings(list(by_id)), dict[int, Seen]()
    by_key, rooms = dict[Key, list[Seen]](), dict[str, list[_Listed]]()
    found, kept = dict[Key, Known](), dict[Key, Known]()
    for meeting_id, told in by_id.items():
        meetings = land.get(meeting_id, ())
        if len(told) == 1 and (not meetings or _is_as_it_was(meetings, told[0])):
            # nearly all: twenty thousand records that are listed again would each be laid beside itself
            by_key[key := told[0].key] = told
            if meetings and meetings[0].known:
                found[key] = meetings[0].known
            continue
        listed = _listed(meetings, told)
        for one in listed:
            if one.told:
                key = one.key
                by_key[key] = [record if record.key == key else record._replace(place=key[1]) for record in one.told]
                named |= {id(record): new for record, new in zip(one.told, by_key[key], strict=True)}
                if one.old and one.old.known:
                    found[key] = one.old.known
                if one.old and one.old.kept:
                    kept[key] = one.old.kept
        if len(listed) > 1:
            rooms[meeting_id] = listed
    return ToldApart(
        records=[named.get(id(record), record) for record in pull.records] if named else pull.records,
        by_key=by_key,
        found=found,
        kept=kept,
        replaced=[one for listed in rooms.values() for one in _replaced(listed)],
        rooms={meeting_id: sum(bool(one.told) for one in listed) for meeting_id, listed in rooms.items()},
        n_of_room=_n_of_room(rooms.values(), pull.asked_at),
    )


def _is_as_it_was(meetings: Sequence[Remembered], record: Seen) -> bool:
    known = meetings[0].known if len(meetings) == 1 else None
    return known is not None and known.record_hash == record.record_hash and meetings[0].kept is None


class _Listed(NamedTuple):
    """One meeting of a room: what is kept of it, None where it is new, and what the answer tells of it."""

    old: Remembered | None
    told: Sequence[Seen]

    @property
    def shown(self) -> Known | None:
        return self.old and (self.old.known or self.old.kept)

    @property
    def key(self) -> Key:
        if self.shown and self.shown.key[1]:
            return self.shown.key
        return min((one.key for one in self.told), key=lambda key: (key[1] is None, key[1]))

    @property
    def started_at(self) -> datetime | None:
        shown = self.told[-1] if self.told else self.shown
        return shown.started_at if shown else None


def _listed(meetings: Sequence[Remembered], told: Sequence[Seen]) -> list[_Listed]:
    """Return what an answer tells of each meeting of one id, those that are kept first."""
    homes = assign([one.versions for one in meetings], told)
    by_home: dict[int, list[Seen]] = {home: [] for home in (*range(len(meetings)), *sorted(set(homes)))}
    for one, home in zip(told, homes, strict=True):
        by_home[home].append(one)
    return [_Listed(meetings[home] if home < len(meetings) else None, some) for home, some in by_home.items()]


def _replaced(listed: Sequence[_Listed]) -> Iterator[Replaced]:
    by_start = sorted((one for one in listed if one.started_at), key=attrgetter("started_at"))
    told = [bool(one.told) for one in by_start]
    for at, (before, after) in enumerate(pairwise(by_start)):
        if after.told and not before.told and before.shown:
            n_later = 0 if any(told[:at]) else sum(told)
            of_room = [one for other in listed for one in other.told]
            yield Replaced(before.shown, after.told, not (after.old and after.old.known), of_room, n_later)


def _n_of_room(rooms: Iterable[Sequence[_Listed]], asked_at: datetime) -> int:
    """Return how many meetings of one room are listed, one where that is no sign that the platform lists more than one.

    Two of one creator that are over are a sign, and so are two such pairs of whomever: a room may be booked by another
    colleague each time. A single pair of two creators is none, one id has been seen with two by mistake; and plans tell
    nothing of what a room held before. A limit counts them all (`rooms`).
    """
    n_pairs, is_sign, most = 0, False, 1
    for listed in rooms:
        told = [one.told[-1] for one in listed if one.told]
        over = Counter(one.creator for one in told if one.started_at and one.ended_at and one.ended_at <= asked_at)
        n_pairs += max(over.total() - 1, 0)
        is_sign |= max(over.values(), default=0) > 1
        most = max(most, len(told)) if over.total() > 1 else most
    return most if is_sign or n_pairs > 1 else 1
