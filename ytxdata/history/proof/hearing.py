"""Hold a witness against the meetings of an archive, one to one: what both know, what only one of them knows, and what
a certificate is with that on top.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.heard import Hearing, Missing, named
from ytxdata.history.proof.lengths import UNKNOWN, Form, Lengths, form_of, hold
from ytxdata.history.proof.witness import MOST_NAMED, UNREAD, UNREAD_BESIDE, Witness, WitnessLine
from ytxdata.times import BEIJING

TOLERANCE = timedelta(seconds=120)
"""How far two clocks may say of one call that it began: an invoice is cut to the minute, and rings before it is answered."""

FOREIGN = 0.5
"""A witness of which less than this share is found is of another account, or of another month: it says nothing here.

Were it believed, a mistaken file would call a whole month a gap.
"""

NEIGHBOUR = timedelta(hours=12)
"""How far beyond its day a meeting may have begun, and the line not be missing: it proves nothing then."""


LEAST_CHARGED_S = 60
"""What bills charge at least, however short a connection was."""


RULES = 6
"""By which rules lists are read and held against an archive, as a number that is kept beside what came of it."""


@dataclass(frozen=True, slots=True)
class Archived:
    """A meeting of the archive, or one party's connection to it, as a witness would know it.

    `is_silent` when nobody was connected: nothing was billed, and no witness need know of it. None where nobody says
    whether somebody was: then neither follows. `meeting_at` is when the meeting of a connection began: about when the
    connection was, where nobody says. `ended_at` is when it ended, else when its meeting did.
    """

    key: str
    meeting_id: str
    started_at: datetime | None
    number: str | None = None
    is_silent: bool | None = False
    meeting_at: datetime | None = None
    ended_at: datetime | None = None
    lengths: Lengths = UNKNOWN

    @property
    def about(self) -> datetime | None:
        """When it was, as far as that is known."""
        return self.started_at or self.meeting_at


class Clock(NamedTuple):
    """By which days a list is made: of what begins, or of what ends, so far from Beijing."""

    is_of_ends: bool
    offset: timedelta

    def shows(self, one: Archived) -> datetime | None:
        """Return the instant whose day in Beijing a list by this clock gives."""
        at = (one.ended_at if self.is_of_ends else None) or one.about
        return None if at is None else at + self.offset

    def apart(self, line: WitnessLine, one: Archived) -> timedelta | None:
        """Return how far it is from when a line says it began, or from its day; None where either is not known."""
        return line.apart(one.about if line.started_at is not None else self.shows(one))


_OFFSETS = [
    timedelta(hours=hours) for hours in sorted(range(-12, 13), key=lambda hours: (hours not in (0, -8), abs(hours)))
]
CLOCKS = (
    *(Clock(is_of_ends, offset) for is_of_ends in (False, True) for offset in _OFFSETS[:2]),
    *(Clock(False, offset) for offset in _OFFSETS[2:]),
)
"""Beijing and UTC first, by beginning and by end; then the other zones, by beginning."""


def _clock_of(witness: Witness, held: Sequence[Archived]) -> Clock:
    """Return by which of the clocks most of the lines that say a day are found, in the period if they can be.

    One clock made the whole list. Were each line a day off by itself, of a room that meets every night whatever is
    missing could be made up for by a night at the edge, which is on the list of another month.
    """
    who = attrgetter("meeting_id", "number") if witness.by_connection else attrgetter("meeting_id")
    told = Counter((who(line), line.day) for line in witness.lines if line.started_at is None and line.day is not None)
    came = [(who(one), one) for one in held if not one.is_silent] if told else []
    inside = [(key, one) for key, one in came if _is_inside(witness, one)]

    def n_found(clock: Clock, some: Sequence[tuple[Any, Archived]]) -> int:
        shown = ((key, clock.shows(one)) for key, one in some)
        return (told & Counter((key, at.astimezone(BEIJING).date()) for key, at in shown if at is not None)).total()

    best, most = CLOCKS[0], (-1, -1)
    for clock in CLOCKS:
        n = (n_found(clock, came), n_found(clock, inside))
        if n > most:
            best, most = clock, n
        if most == (told.total(), told.total()):  # nearly always by the first
            break
    return best


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
    clock = _clock_of(witness, held)
    found = _by_id(witness, held, clock, tolerance)
    found |= _by_instant(witness.lines, held, found, tolerance)
    inside = {one.key for one in held if _is_inside(witness, one)}
    astray = {
        one.line
        for one in witness.lines
        if one.started_at and not witness.start <= one.started_at < witness.end and found.get(one.line) not in inside
    }
    lacking = [one for one in witness.lines if one.line not in found and one.line not in astray]
    taken = set(found.values())
    # a list that leaves out one to which nobody was connected leaves out all, also where its lines do not say how long
    is_of_all = all(one.key in taken for one in held if one.is_silent and _is_inside(witness, one))
    undated = _undated(witness, held, found, clock, tolerance, is_of_all=is_of_all)
    outside = astray | {line.line for line, one in undated if not _is_inside(witness, one)}
    n_outside = len(outside)
    more = [one for one in held if one.key not in taken and one.is_silent is False and _is_inside(witness, one)]
    unread = [one.line for one in witness.aside if one.why in UNREAD]
    is_unread = any(one.why in (*UNREAD, *UNREAD_BESIDE) for one in witness.aside)
    of_key = {one.key: one.lengths for one in held}
    off, unheld = hold([(one, of_key[found[one.line]]) for one in witness.lines if one.line in found])
    stated, beside = witness.stated, witness.beside
    unheld = tuple(of for of in unheld if of in stated.of_what(beside))
    adds_up = stated.agree(witness.lines, beside, unheld)
    is_foreign = len(found) < FOREIGN * len(witness.lines)
    holds = {
        "empty": not witness.lines and not is_unread,
        # Whoever asked about one month of a year's bill is told that first: the rest follows from it.
        "outside_period": bool(astray) or (not is_foreign and n_outside > FOREIGN * len(witness.lines)),
        "foreign": is_foreign,
        "lines_missing": bool(lacking),
        "unread": is_unread,
        "total_differs": adds_up is False,
        "incomplete": bool(more),
        "undated": bool(undated),
        "lines_differ": bool(off),
        "unheld": adds_up is None and bool(unheld),
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
        n_found=len(found.keys() - outside),
        only_in_witness=() if is_foreign or astray else named([Missing.of(one) for one in lacking]),
        n_only_in_witness=len(lacking),
        only_in_archive=ids[:MOST_NAMED],
        n_only_in_archive=len(ids),
        finding=next(key for key, does in holds.items() if does),
        n_outside=n_outside,
        aside=tuple((one.line.line, one.why) for one in witness.aside[:MOST_NAMED]),
        n_aside=len(witness.aside),
        # the total of a list counts also what nobody could read of it
        differs=stated.differing((*witness.lines, *unread), beside),
        by_connection=witness.by_connection,
        off=off[:MOST_NAMED],
        n_off=len(off),
        unheld=unheld,
        runs=witness.runs if astray else None,
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
    witness: Witness,
    held: Sequence[Archived],
    found: Mapping[int, str],
    clock: Clock,
    tolerance: timedelta,
    *,
    is_of_all: bool,
) -> list[tuple[WitnessLine, Archived]]:
    """Return the lines for which a meeting stands that need not be theirs: no instants meet, and it was not in the
    period, or of another day by the list's own clock, or far from where the line is; or nobody came to it though the
    line is of who did.
    """

    def is_doubtful(line: WitnessLine, one: Archived) -> bool:
        if line.started_at is not None and one.started_at is not None:
            # a minute is charged for a second, and its record may begin and end in one
            return _never_was(line, one) and (line.duration_s is None or line.duration_s > LEAST_CHARGED_S)
        is_empty = bool(one.is_silent) and (line.is_charged or (line.duration_s is None and not is_of_all))
        is_off = line.started_at is None and bool(clock.apart(line, one))
        return is_empty or is_off or not _is_inside(witness, one) or _is_far(line, one, tolerance)

    by_key = {one.key: one for one in held}
    pairs = ((line, by_key[found[line.line]]) for line in witness.lines if line.line in found)
    return [(line, one) for line, one in pairs if is_doubtful(line, one)]


def _is_far(line: WitnessLine, one: Archived, tolerance: timedelta) -> bool:
    """Whether a line says an instant at which the meeting of a connection that has none is known not to have run."""
    if line.started_at is None or one.meeting_at is None:
        return False
    until = one.ended_at or line.started_at
    return not one.meeting_at - tolerance <= line.started_at <= until + tolerance


def _by_id(witness: Witness, held: Sequence[Archived], clock: Clock, tolerance: timedelta) -> dict[int, str]:
    """Return line → what it is in the archive, for lines whose id is known there: the same number first, then the nearest."""
    is_strict = witness.by_connection  # two parties of one meeting are not each other
    by_id: dict[str, list[Archived]] = defaultdict(list)
    for one in held:
        by_id[one.meeting_id].append(one)
    # a room that meets often is told from itself by how long it met, where no time tells
    untimed: dict[str, list[int]] = defaultdict(list)
    for line in witness.lines:
        if line.started_at is None and line.duration_s is not None and line.meeting_id in by_id:
            untimed[line.meeting_id].append(line.duration_s)
    form = form_of((told, [one.lengths for one in by_id[room]]) for room, told in untimed.items())
    pairs = (
        (*_rank(witness, line, one, clock, form), line.line, one.key)
        for line in witness.lines
        for one in (by_id.get(line.meeting_id, ()) if line.meeting_id else ())
        if not is_strict or line.number == one.number
        # An id is used again: a line of last week is not the meeting of today.
        if _may_be(line, one, clock, tolerance)
    )
    return _one_to_one(sorted(pairs))


def _may_be(line: WitnessLine, one: Archived, clock: Clock, tolerance: timedelta) -> bool:
    apart, near = clock.apart(line, one), line.apart(one.about)
    if line.started_at is not None and one.started_at is not None:
        return apart is not None and apart <= tolerance
    if line.started_at is not None and _never_was(line, one):
        return False
    is_near = near is not None and near <= NEIGHBOUR
    return not apart or (is_near and not (one.is_silent and (one.started_at or line.is_charged)))


def _rank(witness: Witness, line: WitnessLine, one: Archived, clock: Clock, form: Form) -> tuple[int, timedelta]:
    """Return what makes another meeting of its id a better match than this one."""
    apart = clock.apart(line, one)
    # A line that does not say when it was is the meeting of the period, of its own day, to which somebody came.
    is_far = line.started_at is None and (not _is_inside(witness, one) or bool(apart))
    is_silent = bool(one.is_silent) and (line.started_at is None or line.is_charged)
    misfit = 0 if line.started_at is not None or line.duration_s is None else form.misfit(line.duration_s, one.lengths)
    score = 12 * is_far + 6 * is_silent + 3 * (line.number != one.number) + misfit
    return score, timedelta.max if apart is None else apart


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


def with_witnesses(certificate: Certificate, heard: Sequence[Hearing], settled: datetime) -> Certificate:
    """Return a certificate with what witnesses say on top: proof where they prove, a gap at each line that is not here.

    No list proves what is not `settled`: of days that nobody asked about, list and archive agree by holding nothing.
    What rests on a witness stands beside the rest and is never mixed with it: a witness that is removed takes back
    what rested on it, and nothing else.
    """
    for one in heard:
        if one.finding == "witnessed" and (end := min(one.end, settled)) > one.start:
            certificate = _painted_over(certificate, Period(one.start, end, "witnessed", (one.name,)))
    for one in heard:
        for line in one.only_in_witness:
            edges = (line.start or one.start, line.end or one.end)  # without an instant it may be at any of the period
            certificate = _painted_over(certificate, Period(*edges, "only_in_witness", (one.name,)))
    return certificate


def _painted_over(certificate: Certificate, period: Period) -> Certificate:
    first = min((certificate.start or period.start), period.start)
    last = max((certificate.end or period.end), period.end)
    before, after = certificate.over(first, period.start), certificate.over(period.end, last)
    return Certificate.of((*before.periods, period, *after.periods), certificate.outside)
