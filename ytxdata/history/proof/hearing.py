"""Hold a witness against the meetings of an archive, one to one: what both know, and what only one of them knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from ytxdata.history.proof.witness import (
    MOST_NAMED,
    UNREAD,
    UNREAD_BESIDE,
    Hearing,
    Missing,
    Witness,
    WitnessLine,
    named,
)

TOLERANCE = timedelta(seconds=120)
"""How far two clocks may say of one call that it began: an invoice is cut to the minute, and rings before it is answered."""

FOREIGN = 0.5
"""A witness of which less than this share is found is of another account, or of another month: it says nothing here.

Were it believed, a mistaken file would call a whole month a gap.
"""

NEIGHBOUR = timedelta(hours=12)
"""How far beyond its day a meeting may have begun: bills are made in other zones, and by when a meeting ended."""


LEAST_CHARGED_S = 60
"""What bills charge at least, however short a connection was."""


RULES = 4
"""By which rules lists are read and held against an archive, as a number that is kept beside what came of it."""


@dataclass(frozen=True, slots=True)
class Archived:
    """A meeting of the archive, or one party's connection to it, as a witness would know it.

    `is_silent` when nobody was connected: nothing was billed, and no witness need know of it. None where nobody says
    whether somebody was: then neither follows. `meeting_at` and `meeting_until` are when the meeting of a connection
    began and ended: about when the connection was, where nobody says.
    """

    key: str
    meeting_id: str
    started_at: datetime | None
    number: str | None = None
    is_silent: bool | None = False
    meeting_at: datetime | None = None
    meeting_until: datetime | None = None

    @property
    def about(self) -> datetime | None:
        """When it was, as far as that is known."""
        return self.started_at or self.meeting_at


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
    taken = set(found.values())
    # a list that leaves out one to which nobody was connected leaves out all, also where its lines do not say how long
    is_of_all = all(one.key in taken for one in held if one.is_silent and _is_inside(witness, one))
    undated = _undated(witness, held, found, tolerance, is_of_all=is_of_all)
    n_outside = sum(not _is_inside(witness, one) for _, one in undated)
    more = [one for one in held if one.key not in taken and one.is_silent is False and _is_inside(witness, one)]
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


def as_kept(hearing: Hearing, **how: Any) -> dict[str, Any]:
    """Return what an archive keeps of a witness, as plain JSON values: what it came to, by which rules, and `how` it is
    read.
    """
    return {**how, "rules": RULES, "hearing": hearing.to_dict()}


def standing(kept: Iterable[Mapping[str, Any]]) -> list[Hearing]:
    """Return what the witnesses of an archive came to. What was heard by other rules than these proves nothing until
    the next sync hears it again; the gaps that it tells stay.

    No check can follow rules that are no more: were they believed, whoever edits a head would name others than these.
    """
    heard = ((Hearing.from_dict(one["hearing"]), one.get("rules")) for one in kept)
    return [one if rules == RULES else replace(one, finding="other_rules") for one, rules in heard]


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


def _never_was(line: WitnessLine, one: Archived) -> bool:
    """Whether a line charges for what the archive knows nobody to have been connected to: of it, the line is not.

    A room that is used twice a day holds in the morning whoever only comes in the afternoon, and a first try that
    fails is told a minute before the second.
    """
    return bool(one.is_silent) and line.is_charged


def _undated(
    witness: Witness, held: Sequence[Archived], found: Mapping[int, str], tolerance: timedelta, *, is_of_all: bool
) -> list[tuple[WitnessLine, Archived]]:
    """Return the lines for which a meeting stands that need not be theirs: no instants meet, and it was not in the
    period, or far from where the line is; or nobody came to it though the line is of who did.
    """

    def is_doubtful(line: WitnessLine, one: Archived) -> bool:
        if line.started_at is not None and one.started_at is not None:
            # a minute is charged for a second, and its record may begin and end in one
            return _never_was(line, one) and (line.duration_s is None or line.duration_s > LEAST_CHARGED_S)
        is_empty = bool(one.is_silent) and (line.is_charged or (line.duration_s is None and not is_of_all))
        return is_empty or not _is_inside(witness, one) or _is_far(line, one, tolerance)

    by_key = {one.key: one for one in held}
    pairs = ((line, by_key[found[line.line]]) for line in witness.lines if line.line in found)
    return [(line, one) for line, one in pairs if is_doubtful(line, one)]


def _is_far(line: WitnessLine, one: Archived, tolerance: timedelta) -> bool:
    """Whether a line says an instant at which the meeting of a connection that has none is known not to have run."""
    if line.started_at is None or one.meeting_at is None:
        return False
    until = one.meeting_until or line.started_at
    return not one.meeting_at - tolerance <= line.started_at <= until + tolerance


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
    if line.started_at is not None and _never_was(line, one):
        return False
    return not apart or (apart <= NEIGHBOUR and not (one.is_silent and (one.started_at or line.is_charged)))


def _rank(witness: Witness, line: WitnessLine, one: Archived) -> tuple[int, timedelta]:
    """Return what makes another meeting of its id a better match than this one."""
    apart = line.apart(one.about)
    # A line that does not say when it was is the meeting of the period, of its own day, to which somebody came.
    is_far = line.started_at is None and (not _is_inside(witness, one) or bool(apart))
    is_silent = bool(one.is_silent) and (line.started_at is None or line.is_charged)
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
        if not _never_was(line, one)
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
