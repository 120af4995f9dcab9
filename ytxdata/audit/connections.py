"""A bill by connection: a line for each party of a meeting. Its lines are added up before they are held against a record.

Held against it one by one, the first would be the meeting and all others a bill for what is billed already.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ytxdata.audit.pairing import FEW, InvoiceLine, Pair, Record, paired, within


class Leg(NamedTuple):
    """A party's connection: which meeting it came with, its number, and when and how long it was."""

    meeting: int
    number: str | None
    record: Record

    @classmethod
    def of(
        cls, meeting: int, number: str | None, n: int, start: int | None, seconds: int | None, in_scope: bool
    ) -> Leg:
        """Return the leg of that number `n` among all."""
        return cls(meeting, number, Record(n, start, seconds, None, in_scope))


class Group(NamedTuple):
    """The lines that are about one meeting, and its record."""

    lines: tuple[int, ...]
    pair: Pair


def is_by_connection(bills: Sequence[tuple[Sequence[InvoiceLine], Sequence[Record]]]) -> bool:
    """Say whether the lines of a bill are connections: an id has several numbers; or, where lines name none, most ids
    have more lines than meetings, which differ. One line twice is no sign of it.

    Examples
    --------
    >>> one, other = (InvoiceLine(n, 60, None, number=f"+861380000000{n}") for n in (1, 2))
    >>> is_by_connection([([one, other], [Record(1, 0, 60, None)])]), is_by_connection([([one, one], [])])
    (True, False)
    """
    if any(len({line.number for line in lines if line.number}) > 1 for lines, _ in bills):
        return True
    several = [len({line._replace(line=0) for line in lines}) > len(records) for lines, records in bills if records]
    return len(several) >= FEW and 2 * sum(several) > len(several)


def added_up(lines: Sequence[InvoiceLine], records: Sequence[Record], legs: Sequence[Leg]) -> list[Group]:
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
    by_meeting: dict[int | None, list[int]] = defaultdict(list)
    for line in lines:
        if line.line not in again:
            by_meeting[about.get(line.line)].append(line.line)
    n = len(records)
    groups = [Group(tuple(some), Pair(some[0], m, 0 if m is None else n)) for m, some in by_meeting.items()]
    return [*groups, *(Group((line,), Pair(line, None, n)) for line in again)]


def _of_legs(lines: Sequence[InvoiceLine], legs: Sequence[Leg]) -> dict[int, int]:
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
    begun = line.start

    def apart(one: Record) -> int:
        start = begun if one.start is None else one.start
        return max(start - begun, begun - start - (one.seconds or 0), 0)

    return min((one for _, one in within([line], records)), key=apart, default=None)


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
