"""Which line of an invoice is about which record, where one meeting id stands for several meetings or is billed
several times; and, of a bill with a line for each party, which lines are about one meeting.

A room keeps its id from week to week. Paired by rank of duration over all there is, a correct bill of one month is
held against the meetings of another: good lines are accused, and lines vanish. Held against a meeting one by one, the
lines of its parties would be a bill for what is billed already.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np

REACH_S = 12 * 3_600
"""So far a line's time may be from the start of its meeting [s]: bills in UTC are eight hours behind, and a daily
meeting is a day from the next."""

DAY_S = 86_400
_UTC_S = 8 * 3_600
"""So far into the next day a day of a bill in UTC goes on."""

FEW = 5
"""Of fewer ids nobody can say whether their dates are those of the bill, or whether its lines are connections."""

_TIE = 1e-6
"""A thousand yuan decide between durations that are alike, and weigh less than a second."""

_MOST_PAIRS = 25_000_000
"""More of one id are paired by rank alone: five thousand meetings of one room, and none of its lines with a time."""

Matrix: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"


class InvoiceLine(NamedTuple):
    """A line of an invoice: its number, seconds, yuan, when its meeting began [local epoch second], or on which day,
    and whose connection it is, where it says so.
    """

    line: int
    seconds: int | None
    yuan: Decimal | None
    start: int | None = None
    is_day: bool = False
    number: str | None = None


class Record(NamedTuple):
    """A record: its number, start [local epoch second], seconds, yuan, and whether it lies in the period."""

    m: int
    start: int | None
    seconds: int | None
    yuan: Decimal | None
    in_scope: bool = True


class Pair(NamedTuple):
    """A line, its record (None: there is none left) and how many records it could have been about."""

    line: int
    m: int | None
    n: int


_NEAR_S = 120
"""So far two clocks may be apart that say of one meeting when it began, or ended [s]."""
_SAME_S = 60
"""So far the length of a line may be from that of its meeting [s]: bills count whole minutes."""
_BOOKED_S = 900
"""So far a meeting may begin from when it was booked [s]: of a room used back to back that is when the one before ended."""
_CLOCKS = ((0, False), (_UTC_S, False), (0, True), (_UTC_S, True))
"""How far the times of a bill may be from Beijing [s], and whether they are those of ends."""


def by_one_clock(
    both: Mapping[str, tuple[Sequence[InvoiceLine], Sequence[Record]]],
) -> dict[str, tuple[Sequence[InvoiceLine], Sequence[Record]]]:
    """Return the lines of each id, and its records, with the times of all lines by one clock, as when meetings began.
    Of a room that is used twice a day, in UTC or by its end a line is nearer to another meeting than to its own.

    Examples
    --------
    >>> records = [Record(1, 0, 3600, None), Record(2, 5000, 60, None)]
    >>> [line.start for line in by_one_clock({"8001": ([InvoiceLine(7, 3600, None, 3600)], records)})["8001"][0]]
    [0]
    """

    def shown(clock: tuple[int, bool], records: Sequence[Record]) -> list[tuple[int, Record]]:
        off_s, is_end = clock
        told = ((one.start + (one.seconds or 0) * is_end - off_s, one) for one in records if one.start is not None)
        return sorted(told, key=itemgetter(0))

    def nearest(start: int, known: Sequence[tuple[int, Record]], reach_s: int) -> tuple[int, Record] | None:
        place = bisect_left(known, start, key=itemgetter(0))
        some = ((abs(at - start), one) for at, one in known[max(place - 1, 0) : place + 2])
        return min((one for one in some if one[0] <= reach_s), key=itemgetter(0), default=None)

    told = [
        (key, line, line.start)
        for key, (lines, _) in both.items()
        for line in lines
        if line.start is not None and not line.is_day
    ]
    found: dict[tuple[int, bool], dict[int, int]] = {}
    score: dict[tuple[int, bool], tuple[int, int]] = {}
    for clock in _CLOCKS:
        known = {key: shown(clock, records) for key, (_, records) in both.items()}
        reach_s = _BOOKED_S if clock == _CLOCKS[0] else _NEAR_S
        at = [(line, near) for key, line, start in told if (near := nearest(start, known[key], reach_s))]
        found[clock] = {line.line: one.start for line, (_, one) in at if one.start is not None}
        n_fit = sum(_difference(line.seconds, one.seconds) <= _SAME_S for line, (_, one) in at)
        score[clock] = len(at) + n_fit, -sum(apart for _, (apart, _) in at)
        if sum(apart <= _NEAR_S for _, (apart, _) in at) == len(told):  # nearly always by the first
            break
    best = max(found, key=lambda clock: score[clock])
    if best == _CLOCKS[0] or 2 * len(found[best]) <= len(told):
        return dict(both)

    off_s, is_end = best
    starts = {line.line: start + off_s - (line.seconds or 0) * is_end for _, line, start in told} | found[best]
    return {
        key: ([one._replace(start=starts.get(one.line, one.start)) for one in lines], records)
        for key, (lines, records) in both.items()
    }


def fit(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> tuple[int, int]:
    """Return whether the one meeting of an id is at the time that a line says, and whether there is such a line: of a
    room with several the one that is meant may be missing.
    """
    dated = [line for line in lines if line.start is not None]
    is_told = bool(dated) and len(records) == 1 and records[0].start is not None
    return int(is_told and bool(_within(dated, records))), int(is_told)


def paired(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> list[Pair]:
    """Return the record of each line, all of one meeting id, no record for two lines.

    A line that says when its meeting began is about the nearest meeting of that day or half a day around; of those
    that do not say, as many as there are meetings in the period are about these, and all together so that durations
    fit best.

    Examples
    --------
    >>> january, march = Record(1, 0, 3600, None, False), Record(2, 60 * 86400, 3600, None)
    >>> paired([InvoiceLine(7, 3600, None)], [january, march])
    [Pair(line=7, m=2, n=2)]
    >>> paired([InvoiceLine(7, 3600, None, 40), InvoiceLine(8, 3600, None, 40)], [january, march])
    [Pair(line=7, m=1, n=1), Pair(line=8, m=None, n=1)]
    """
    if len(lines) == len(records) == 1 and None in (lines[0].start, records[0].start):
        return [Pair(lines[0].line, records[0].m, 1)]
    found: dict[int, int] = {}
    taken: set[int] = set()
    near_enough = _within(lines, records)
    nearest = sorted((*_apart(line, record), line.line, record.m) for line, record in near_enough)
    for *_, number, m in nearest:
        if number not in found and m not in taken:
            found[number] = m
            taken.add(m)
    undated = [line for line in lines if line.start is None]
    for is_inside in (True, False):
        fitted = _fitted(
            [one for one in undated if one.line not in found],
            [one for one in records if one.in_scope is is_inside and one.m not in taken],
        )
        found |= fitted
        taken.update(fitted.values())
    near = {line.line: 0 for line in lines if line.start is not None}
    for line, _ in near_enough:
        near[line.line] += 1
    return [Pair(one.line, found.get(one.line), near.get(one.line, len(records))) for one in lines]


def _within(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> list[tuple[InvoiceLine, Record]]:
    """Return which records are near enough to each line that says when its meeting began; it may have meant its end."""
    dated = sorted((one.start, one.m, one) for one in records if one.start is not None)
    starts = [start for start, *_ in dated]
    longest = max((one.seconds or 0 for *_, one in dated), default=0)
    near = []
    for line in lines:
        if line.start is not None:
            first, behind = line.start - REACH_S, line.start + REACH_S + 1
            if line.is_day:
                first, behind = line.start, line.start + DAY_S + _UTC_S
            some = dated[bisect_left(starts, first - longest) : bisect_left(starts, behind)]
            near += [(line, one) for start, _, one in some if start + (one.seconds or 0) >= first]
    return near


def _apart(line: InvoiceLine, record: Record) -> tuple[float, float, float]:
    """Return how far a line is from a record: in time, in seconds, in yuan."""
    return _gap(line, record), _difference(line.seconds, record.seconds), _difference(line.yuan, record.yuan)


def _gap(line: InvoiceLine, record: Record) -> int:
    if line.start is None or record.start is None:
        return 0
    last = line.start + (DAY_S - 1 if line.is_day else 0)
    return max(line.start - record.start, record.start - last, 0)


def _difference(one: Decimal | int | None, other: Decimal | int | None) -> float:
    return 0.0 if one is None or other is None else abs(float(one) - float(other))


def _fitted(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> dict[int, int]:
    """Return the pairs of as many lines as there are records, or the reverse, whose durations differ least in all.

    Both in order of duration, two pairs never cross: a bill that rounds up keeps the order, and the nearest duration
    would be a neighbour's.
    """
    if not lines or not records:
        return {}
    ours = sorted(records, key=lambda one: (one.seconds or 0, one.yuan or 0, one.start or 0, one.m))
    theirs = sorted(lines, key=lambda one: (one.seconds or 0, one.yuan or 0, one.line))
    is_swapped = len(theirs) > len(ours)
    few, many = (len(ours), len(theirs)) if is_swapped else (len(theirs), len(ours))
    if few * many > _MOST_PAIRS:
        return {line.line: record.m for line, record in zip(theirs, ours, strict=False)}
    costs = _differences([one.seconds for one in theirs], [one.seconds for one in ours])
    yuan = _differences([one.yuan for one in theirs], [one.yuan for one in ours])
    costs += np.minimum(yuan, 1_000) * _TIE
    costs = costs.T if is_swapped else costs
    best = np.zeros(many + 1)
    takes = np.zeros((few, many), np.bool_)
    for i in range(few):
        with_it = best[:-1] + costs[i]
        best = np.concatenate(([np.inf], np.minimum.accumulate(with_it)))
        takes[i] = with_it < best[:-1]  # of lines that say the same the first is the one that is right
    found: dict[int, int] = {}
    j = many - 1
    for i in reversed(range(few)):
        while not takes[i, j]:
            j -= 1
        line, record = (theirs[j], ours[i]) if is_swapped else (theirs[i], ours[j])
        found[line.line] = record.m
        j -= 1
    return found


def _differences(ours: Sequence[Decimal | int | None], theirs: Sequence[Decimal | int | None]) -> Matrix:
    """Return how far each of the ones is from each of the others; 0 where one says nothing."""
    one, other = (
        np.array([np.nan if value is None else value for value in values], np.float64) for values in (ours, theirs)
    )
    return np.nan_to_num(np.abs(one[:, None] - other[None, :]))


# ── bills with a line for each party of a meeting ──
class ArchivedLeg(NamedTuple):
    """A party's connection: which meeting it came with, its number, and when and how long it was."""

    meeting: int
    number: str | None
    record: Record


class Group(NamedTuple):
    """The lines that are about one meeting, and its record."""

    lines: tuple[int, ...]
    pair: Pair


def is_by_connection(bills: Sequence[tuple[Sequence[InvoiceLine], Sequence[Record]]]) -> bool:
    """Say whether the lines of a bill are connections: an id has several numbers; or, where lines name none, most
    meetings have several lines, which differ. One line twice is no sign of it.

    Examples
    --------
    >>> one, other = (InvoiceLine(n, 60, None, number=f"+861380000000{n}") for n in (1, 2))
    >>> is_by_connection([([one, other], [Record(1, 0, 60, None)])]), is_by_connection([([one, one], [])])
    (True, False)
    """
    if any(len({line.number for line in lines if line.number}) > 1 for lines, _ in bills):
        return True
    several = [is_more for lines, records in bills for is_more in _are_more(lines, records)]
    return len(several) >= FEW and 2 * sum(several) > len(several)


def _are_more(lines: Sequence[InvoiceLine], records: Sequence[Record]) -> Iterator[bool]:
    """Yield whether there are more lines that differ than meetings: at the time of a meeting, on a day, or in all, as
    far as lines say when. Where an archive lacks a meeting, its line is at no other's time.
    """
    near: dict[int, list[Record]] = defaultdict(list)
    for line, record in _within(lines, records):
        near[line.line].append(record)
    known: dict[Any, int] = {}
    told: dict[Any, set[InvoiceLine]] = defaultdict(set)
    for line in lines:
        about = records if line.start is None else near[line.line]
        if about:
            is_instant = line.start is not None and not line.is_day
            when = min(about, key=partial(_from_run, line)) if is_instant else line.start
            known[when] = 1 if is_instant else len(about)
            told[when].add(line._replace(line=0))
    yield from (len(some) > known[when] for when, some in told.items())


def _from_run(line: InvoiceLine, record: Record) -> int:
    """Return how far a line is from the time in which a meeting ran."""
    if line.start is None or record.start is None:
        return 0
    return max(record.start - line.start, line.start - record.start - (record.seconds or 0), 0)


def added_up(lines: Sequence[InvoiceLine], records: Sequence[Record], legs: Sequence[ArchivedLeg]) -> list[Group]:
    """Return which lines of one id are about which of its meetings.

    A line is of the meeting in which its number was connected when it says, else of the one that ran then. One that
    says the same as another, and for which there is no connection more, is billed twice: it is added to nothing.
    """
    about = _of_legs(lines, legs)
    told = {leg.meeting for leg in legs}
    seen = Counter(line._replace(line=0) for line in lines if line.line in about)
    again: list[int] = []
    for line in lines:
        if line.line not in about and (record := _nearest(line, records)) is not None:
            alike = line._replace(line=0)
            seen[alike] += 1
            if seen[alike] > 1 and (line.number or record.m in told):
                again.append(line.line)
            else:
                about[line.line] = record.m
    groups: dict[tuple[int | None, int | None], list[int]] = defaultdict(list)
    for line in lines:
        if line.line not in again:
            m = about.get(line.line)
            day = None if line.start is None or m is not None else line.start // DAY_S
            groups[m, day].append(line.line)
    n = len(records)
    made = [Group(tuple(some), Pair(some[0], m, 0 if m is None else n)) for (m, _), some in groups.items()]
    return [*made, *(Group((line,), Pair(line, None, n)) for line in again)]


def _of_legs(lines: Sequence[InvoiceLine], legs: Sequence[ArchivedLeg]) -> dict[int, int]:
    """Return line → its meeting, for those that have a connection: of its number, or of any where it names none."""
    meetings: Mapping[int, int] = {leg.record.m: leg.meeting for leg in legs}
    found: dict[int, int] = {}
    left = list(legs)
    for number in [*sorted({line.number for line in lines if line.number}), None]:
        some = [line for line in lines if line.number == number]
        pairs = paired(some, [leg.record for leg in left if number in (None, leg.number)]) if some else []
        taken = {pair.line: pair.m for pair in pairs if pair.m is not None}
        found |= {line: meetings[m] for line, m in taken.items()}
        gone = set(taken.values())
        left = [leg for leg in left if leg.record.m not in gone]
    return found


def _nearest(line: InvoiceLine, records: Sequence[Record]) -> Record | None:
    """Return the meeting that ran when a line says, or was nearest to that; of a line that does not say, one of the period."""
    if line.start is None:
        return min(records, key=lambda one: (not one.in_scope, one.m), default=None)
    return min((one for _, one in _within([line], records)), key=partial(_from_run, line), default=None)


def summed(lines: Sequence[InvoiceLine]) -> InvoiceLine:
    """Return lines as one: the first's number, when the earliest began, and what all come to."""
    first = min(lines, key=lambda one: (one.start is None, one.start or 0))
    seconds, yuan = [one.seconds for one in lines], [one.yuan for one in lines]
    return first._replace(
        line=lines[0].line,
        # what a line does not say is not nothing
        seconds=None if None in seconds else sum(filter(None, seconds)),
        yuan=None if None in yuan else sum(filter(None, yuan), Decimal(0)),
    )
