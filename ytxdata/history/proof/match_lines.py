"""Which meeting of an archive, or connection, each line of a list is: one to one, by id, else by number and time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from operator import attrgetter, itemgetter
from typing import Any, Literal, NamedTuple

from ytxdata.history.proof.line_lengths import UNKNOWN, Form, Lengths, form_of
from ytxdata.history.proof.witness import Witness, WitnessLine
from ytxdata.times import BEIJING

TOLERANCE = timedelta(seconds=120)
"""How far two clocks may say of one call that it began: an invoice is cut to the minute, and rings before it is answered."""

NEIGHBOUR = timedelta(hours=12)
"""How far beyond its day a meeting may have begun, and the line not be missing: it proves nothing then."""


MOST_PAIRS = 1_000_000
"""Up to how many pairs of a line without a day and a meeting are looked at under one id. Of a room that met for years a
file of 200 KB took a quarter of an hour, at each sync and for each auditor; of more nobody can say which is which."""


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


def clock_of(witness: Witness, held: Sequence[Archived]) -> Clock:
    """Return by which of the clocks most of the lines that say a day are found, in the period if they can be.

    One clock made the whole list. Were each line a day off by itself, of a room that meets every night whatever is
    missing could be made up for by a night at the edge, which is on the list of another month.
    """
    who = attrgetter("meeting_id", "number") if witness.by_connection else attrgetter("meeting_id")
    told = Counter((who(line), line.day) for line in witness.lines if line.started_at is None and line.day is not None)
    came = [(who(one), one) for one in held if not one.is_silent] if told else []
    inside = [(key, one) for key, one in came if is_inside(witness, one)]

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


def is_inside(witness: Witness, one: Archived) -> bool:
    """Say whether it began in the period that a list covers."""
    return one.about is not None and witness.start <= one.about < witness.end


def never_was(line: WitnessLine, one: Archived) -> bool:
    """Whether a line charges for what the archive knows nobody to have been connected to: of it, the line is not.

    A room that is used twice a day holds in the morning whoever only comes in the afternoon, and a first try that
    fails is told a minute before the second.
    """
    return bool(one.is_silent) and line.is_charged


def find(witness: Witness, held: Sequence[Archived], clock: Clock) -> tuple[dict[int, str], set[int]]:
    """Return line → what it is in the archive, and the lines of which nobody can say which of too many they are."""
    rooms, numbers = _grouped(held, attrgetter("meeting_id")), _grouped(held, attrgetter("number"))
    crowded = _crowded(witness.lines, rooms)
    unsure = {line.line for line in witness.lines if line.edges is None and line.meeting_id in crowded}
    form = form_of([*_told_in(witness.lines, rooms, "meeting_id"), *_told_in(witness.lines, numbers, "number")])
    found = _by_id(witness, rooms, clock, form, unsure)
    return found | _by_instant(witness.lines, numbers, rooms, form, found), unsure


def _grouped(held: Iterable[Archived], key: Callable[[Archived], Hashable]) -> dict[Any, list[Archived]]:
    groups: dict[Any, list[Archived]] = defaultdict(list)
    for one in held:
        groups[key(one)].append(one)
    return groups


def _crowded(lines: Iterable[WitnessLine], rooms: Mapping[str, Sequence[Archived]]) -> set[str]:
    """Return the ids under which there are too many meetings for the lines that say no day."""
    n_lines = Counter(line.meeting_id for line in lines if line.edges is None and line.meeting_id in rooms)
    return {room for room, n in n_lines.items() if room is not None and n * len(rooms[room]) > MOST_PAIRS}


def _told_in(
    lines: Iterable[WitnessLine], groups: Mapping[Any, Sequence[Archived]], key: Literal["meeting_id", "number"]
) -> Iterator[tuple[list[Decimal], list[Lengths]]]:
    """Yield the lengths told and known of each id, or number, of which no time tells which is which: lines without one
    by id, and what begins together, as on two devices of one person.
    """
    begun = {name: sorted(one.started_at for one in some if one.started_at) for name, some in groups.items()}
    together = {name for name, at in begun.items() if any(b - a <= TOLERANCE for a, b in pairwise(at))}
    told: dict[Any, list[Decimal]] = defaultdict(list)
    for line in lines:
        name = getattr(line, key)
        is_timeless = line.started_at is None and key == "meeting_id" and name in groups
        if line.length_s is not None and (is_timeless or name in together):
            told[name].append(line.length_s)
    return ((seconds, [one.lengths for one in groups[name]]) for name, seconds in told.items())


_REACH = timedelta(days=3)
"""How far from the midnight of a line's day its meeting begins: a day, one more for whoever counts ends, and half a day
each for a clock and `NEIGHBOUR`."""


def _near(some: Iterable[Archived]) -> Callable[[WitnessLine], Iterable[Archived]]:
    """Return what finds what may be a line's: a room, or a number, of ten years is not looked through for each line."""
    rest: list[Archived] = []  # what has no time, or ran for days, may be any line's
    timed: list[tuple[datetime, int, Archived]] = []
    for place, one in enumerate(some):
        if one.about is None or (one.ended_at or one.about) - one.about > timedelta(days=1):
            rest.append(one)
        else:
            timed.append((one.about, place, one))
    timed.sort(key=itemgetter(0, 1))
    begun = [at for at, *_ in timed]

    def near(line: WitnessLine) -> Iterable[Archived]:
        if line.edges is None:
            return [*rest, *(one for *_, one in timed)]
        reach = _REACH if line.started_at is None else NEIGHBOUR
        first, last = bisect_left(begun, line.edges[0] - reach), bisect_right(begun, line.edges[0] + reach)
        return [*rest, *(one for *_, one in timed[first:last])]

    return near


_Pair = tuple[int, timedelta, int, int, str]
"""How badly a line and what it may be in the archive go together, and which they are."""


def _by_id(
    witness: Witness, rooms: Mapping[str, Sequence[Archived]], clock: Clock, form: Form, unsure: Container[int]
) -> dict[int, str]:
    """Return line → what it is in the archive, for lines whose id is known there: the same number first, then the nearest."""
    is_strict = witness.by_connection  # two parties of one meeting are not each other
    near = cache(lambda room: _near(rooms[room]))
    return _one_to_one(
        (*_rank(witness, line, one, clock, form), line.line, one.key)
        for line in witness.lines
        if line.meeting_id in rooms and line.line not in unsure
        for one in near(line.meeting_id)(line)
        if not is_strict or line.number == one.number
        # An id is used again: a line of last week is not the meeting of today.
        if _may_be(line, one, clock)
    )


def _may_be(line: WitnessLine, one: Archived, clock: Clock) -> bool:
    apart, near = clock.apart(line, one), line.apart(one.about)
    if line.started_at is not None and one.started_at is not None:
        return apart is not None and apart <= TOLERANCE
    if line.started_at is not None and never_was(line, one):
        return False
    is_near = near is not None and near <= NEIGHBOUR
    return not apart or (is_near and not (one.is_silent and (one.started_at or line.is_charged)))


def _rank(witness: Witness, line: WitnessLine, one: Archived, clock: Clock, form: Form) -> tuple[int, timedelta, int]:
    """Return what makes another meeting of its id a better match than this one."""
    apart = clock.apart(line, one)
    # A line that does not say when it was is the meeting of the period, of its own day, to which somebody came.
    is_far = line.started_at is None and (not is_inside(witness, one) or bool(apart))
    is_silent = bool(one.is_silent) and (line.started_at is None or line.is_charged)
    misfit = _misfit(line, one, form)
    # a room that meets often is told from itself by how long it met, where no time tells
    score = 12 * is_far + 6 * is_silent + 3 * (line.number != one.number) + misfit * (line.started_at is None)
    return score, timedelta.max if apart is None else apart, misfit


def _misfit(line: WitnessLine, one: Archived, form: Form) -> int:
    return 0 if line.length_s is None else form.misfit(line.length_s, one.lengths)


def _by_instant(
    lines: Sequence[WitnessLine],
    numbers: Mapping[str | None, Sequence[Archived]],
    rooms: Container[str | None],
    form: Form,
    found: Mapping[int, str],
) -> dict[int, str]:
    """Return line → what it is in the archive, by number and instant, for lines without an id that is known there."""
    taken = set(found.values())
    near = cache(lambda number: _near(one for one in numbers[number] if one.started_at and one.key not in taken))
    return _one_to_one(
        (0, abs(line.started_at - one.started_at), _misfit(line, one, form), line.line, one.key)
        for line in lines
        # Without a number an instant alone would match any meeting of a busy minute.
        if line.line not in found and line.number in numbers and line.number is not None
        # An id that the archive knows has had its chance: it does not become another meeting's line.
        if line.started_at is not None and line.meeting_id not in rooms
        for one in near(line.number)(line)
        if one.started_at is not None and abs(line.started_at - one.started_at) <= TOLERANCE
        if not never_was(line, one)
    )


def unnamed(
    witness: Witness,
    held: Sequence[Archived],
    found: Mapping[int, str],
    unsure: Collection[int],
    clock: Clock,
    nobodys: Collection[str],
) -> tuple[dict[int, str], dict[int, str]]:
    """Return line → the connection that it is, and line → one that it may be, for lines that were not found and do not
    say whose they are.

    It *is* one that is nobody's in the archive too, began within two seconds of it and lasted as long to the second:
    else no month in which one party withheld its number could be proven. To deceive, a list had to lack such a
    connection just where another one is missing. It *may be* one of its meeting of which nobody knows whose it is, or
    one as long at that instant: of a list of a whole month one party that withheld its number was called missing. Those
    that are `unsure` stay so: each with each they took seconds at every sync.
    """
    withheld = {None, *nobodys}
    known = {*found, *unsure}
    lines = [one for one in witness.lines if one.line not in known and one.number in withheld]
    if not lines or not witness.by_connection:
        return {}, {}
    of_key, taken = {one.key: one for one in held}, {*found.values()}
    form = form_of(
        ([told], [of_key[found[one.line]].lengths])
        for one in witness.lines
        if one.line in found and (told := one.length_s) is not None
    )
    rooms, free = _grouped(held, attrgetter("meeting_id")), [one for one in held if one.key not in taken]
    at_all = _near(one for one in free if one.started_at)
    in_room = cache(lambda room: _near(one for one in rooms[room] if one.key not in taken))

    def is_like(line: WitnessLine, one: Archived) -> bool:
        if one.number in withheld and line.meeting_id == one.meeting_id and _may_be(line, one, clock):
            return True
        if line.started_at is None or one.started_at is None or abs(line.started_at - one.started_at) > TOLERANCE:
            return False
        is_unknown = one.number in withheld and form.says(one.lengths) is None
        return is_unknown or _misfit(line, one, form) < 2

    alike = _one_to_one(
        (
            int(one.number not in withheld),
            clock.apart(line, one) or timedelta(0),
            _misfit(line, one, form),
            line.line,
            one.key,
        )
        for line in lines
        if line.meeting_id in rooms or line.started_at is not None
        for one in (in_room(line.meeting_id) if line.meeting_id in rooms else at_all)(line)
        if not never_was(line, one) and is_like(line, one)
    )
    sure = {
        line.line: one.key
        for line in lines
        if (one := of_key.get(alike.get(line.line, ""))) and one.number in withheld and _is_one_call(line, one)
    }
    return sure, {line: key for line, key in alike.items() if line not in sure}


_ONE_CALL = timedelta(seconds=2)


def _is_one_call(line: WitnessLine, one: Archived) -> bool:
    if line.started_at is None or one.started_at is None or line.duration_s is None:
        return False
    return line.duration_s == one.lengths.length_s and abs(line.started_at - one.started_at) <= _ONE_CALL


def _one_to_one(pairs: Iterable[_Pair]) -> dict[int, str]:
    """Return line → key, each of both once, the best pairs first."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for *_, line, key in sorted(pairs):
        if line not in found and key not in taken:
            found[line] = key
            taken.add(key)
    return found
