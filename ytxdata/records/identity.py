"""Which records are of one meeting: the only rule, for single records, for Arrow columns and for SQL.

The platform's meeting id is no key. A room keeps its id from week to week, and one id has been seen with two
creators, so whoever counts by id alone loses meetings without a word. What tells two meetings of one id apart is
time, and only time: a creator is written in more than one way, and one creator may well use an id twice.

Two records of one id are one meeting, told twice, unless their times cannot be one: one of them ended at or before
the other began, and began earlier. Hence

- what has not ended may go on, and is never apart from what comes later: a running meeting is told again at its end;
- what is not known tells nothing apart: a false second meeting would be billed and counted;
- what has no start yet and is booked for more than an hour after the other was over is a plan for another time, unless
  the other was booked for that very time: next week's booking of a room took the place of last week's meeting;
- what may be two meetings all the same, records of one id that overlap and begin at different times, is one row, and
  told (`may_be_two`): nobody can say which of both is wrong, and a meeting too many would be billed;
- what has no start, told later without a booking, is of the meeting that is known, and takes no place of it
  (`says_less`): it would be in no period. It is told beside it, as what one answer tells in several records;
- a record without length is not apart from one that starts with it: the platform lists a meeting with its end equal
  to its start before it knows the length;
- what one answer lists beside each other is more than what two tell: of two records there neither of which has ended,
  more than an hour apart and not of one booking, each is a meeting (`are_two_listed`): next week's booking of a room
  and that of the week after, or the meeting that runs there now. Told by two answers, a booking was moved.

The distinct records of one meeting are its versions. Every distinct record belongs to exactly one meeting.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeVar


class Timed(Protocol):
    """When a meeting began and ended, as one record tells it; None where it does not."""

    @property
    def started_at(self) -> datetime | None:
        """When it began."""

    @property
    def ended_at(self) -> datetime | None:
        """When it ended."""

    @property
    def booked_at(self) -> datetime | None:
        """When it was to begin."""


class Told(Timed, Protocol):
    """A record of a meeting: its span, and the hash of its text, which says whether two are the same."""

    @property
    def record_hash(self) -> str | bytes:
        """Hash of the raw record."""


R = TypeVar("R", bound=Told)


def are_apart(one: Timed, other: Timed) -> bool:
    """Return whether two records of one id cannot be the same meeting.

    Examples
    --------
    >>> from collections import namedtuple
    >>> Record = namedtuple("Record", "started_at ended_at booked_at", defaults=[None])
    >>> march = lambda day, hour: datetime(2026, 3, day, hour)
    >>> over, week_later = Record(march(5, 10), march(5, 11)), Record(march(12, 10), march(12, 11))
    >>> running = Record(march(5, 10), None)
    >>> are_apart(over, week_later), are_apart(over, running), are_apart(running, week_later)
    (True, False, False)
    >>> are_apart(over, Record(None, None, march(12, 10))), are_apart(over, Record(None, None, march(5, 10)))
    (True, False)
    """
    return _is_over_before(one, other) or _is_over_before(other, one)


def _is_over_before(one: Timed, other: Timed) -> bool:
    if one.started_at is None or one.ended_at is None:
        return False
    if other.started_at is None:
        if other.booked_at is None or other.booked_at == one.booked_at:
            return False
        return other.booked_at - max(one.started_at, one.ended_at) > A_LATE_START
    return one.ended_at <= other.started_at and one.started_at < other.started_at


A_LATE_START = timedelta(hours=1)
"""How much later than it was booked for a meeting may be told to have begun, and surely be the same one."""


def are_two_listed(one: Timed, other: Timed) -> bool:
    """Return whether two records of one id that one answer lists are of two meetings though neither has ended.

    Examples
    --------
    >>> from collections import namedtuple
    >>> Record = namedtuple("Record", "started_at ended_at booked_at")
    >>> march = lambda day: datetime(2026, 3, day, 10)
    >>> next_week, week_after = Record(None, None, march(12)), Record(None, None, march(19))
    >>> are_two_listed(next_week, week_after), are_two_listed(Record(march(5), None, None), next_week)
    (True, True)
    >>> are_two_listed(Record(march(5), None, march(12)), next_week)
    False
    """
    if one.ended_at is not None or other.ended_at is not None:
        return False
    at, other_at = one.started_at or one.booked_at, other.started_at or other.booked_at
    if at is None or other_at is None or (one.booked_at is not None and one.booked_at == other.booked_at):
        return False
    return abs(at - other_at) > A_LATE_START


def may_be_two(one: Timed, other: Timed) -> bool:
    """Return whether two records of one meeting may be of two: both are over and began at different times, or one runs
    on, since long before the other began.

    Examples
    --------
    >>> from collections import namedtuple
    >>> Record = namedtuple("Record", "started_at ended_at")
    >>> at = lambda hour: datetime(2026, 3, 5, hour)
    >>> may_be_two(Record(at(8), at(11)), Record(at(10), at(13)))
    True
    >>> may_be_two(Record(at(8), None), Record(at(15), at(16)))
    True
    >>> may_be_two(Record(at(8), None), Record(at(8), at(11)))
    False
    """
    if one.started_at is None or other.started_at is None or one.started_at == other.started_at:
        return False
    are_over = one.ended_at is not None and other.ended_at is not None
    return are_over or abs(one.started_at - other.started_at) > A_LATE_START


def may_be_two_sql(started: str, ended: str, other_started: str, other_ended: str) -> str:
    """Return `may_be_two` as SQL over four columns (or expressions), for DuckDB and Spark; it is never null.

    True for one of a pair's two orders: that in which the second began first.

    Examples
    --------
    >>> may_be_two_sql("a.s", "a.e", "b.s", "b.e")
    'coalesce(a.s > b.s AND ((a.e IS NOT NULL AND b.e IS NOT NULL) OR a.s > b.s + INTERVAL 3600 SECOND), FALSE)'
    """
    are_over = f"({ended} IS NOT NULL AND {other_ended} IS NOT NULL)"
    is_late = f"{started} > {other_started} + INTERVAL {A_LATE_START.total_seconds():.0f} SECOND"
    return f"coalesce({started} > {other_started} AND ({are_over} OR {is_late}), FALSE)"


def apart_sql(started: str, ended: str, other_started: str, other_ended: str) -> str:
    """Return `are_apart` as SQL over four columns (or expressions), for DuckDB and Spark; it is never null.

    Of meetings that began: what is only booked is a plan, and no finding.

    Examples
    --------
    >>> apart_sql("a.s", "a.e", "b.s", "b.e")
    'coalesce((a.e <= b.s AND a.s < b.s) OR (b.e <= a.s AND b.s < a.s), FALSE)'
    """
    return (
        f"coalesce(({ended} <= {other_started} AND {started} < {other_started})"
        f" OR ({other_ended} <= {started} AND {other_started} < {started}), FALSE)"
    )


def fullness(record: Told) -> Any:
    """Return by what the record to believe is the greatest of several that one answer gives for a meeting.

    What has a start can be found by it; what has ended says more than what runs, and a later end more than an earlier
    one. The hash decides the rest: the choice must not hang on the place in the list, or an answer sorted otherwise
    would look like a change.
    """
    return (*_knows(record), record.ended_at, record.record_hash)


def _knows(record: Timed) -> tuple[bool, bool]:
    return record.started_at is not None, record.ended_at is not None


def says_less(one: Timed, other: Timed) -> bool:
    """Return whether a record cannot take the place of another one of its meeting, though it was told later: it does
    not say when the meeting began, and would be in no period.

    A list of ids and states that was asked for last took the place of whole meetings. All else that a later record
    leaves out is a version of it, as an end that is taken back.

    Examples
    --------
    >>> from collections import namedtuple
    >>> Record = namedtuple("Record", "started_at ended_at")
    >>> brief, whole = Record(None, None), Record(datetime(2026, 3, 5, 8), datetime(2026, 3, 5, 9))
    >>> says_less(brief, whole), says_less(whole, brief), says_less(brief, brief)
    (True, False, False)
    """
    return one.started_at is None and other.started_at is not None


def assign(known: Sequence[Sequence[Told]], records: Sequence[Told]) -> list[int]:
    """Return which meeting each record of one id in one answer is of.

    A record that is known already stays where it is. Another one is of the meeting that begins with it; else of the
    one that began last before it, if that may still go on; else of the next one, if that begins before it ends; else
    it is another meeting. Only neighbours in time are looked at: an id that a room keeps for years costs no more than
    many ids.

    Parameters
    ----------
    known
        The meetings known under this id in the order in which they became known, each with its versions, the latest
        last.
    records
        The records of one answer under this id, in any order: the result does not depend on it.

    Returns
    -------
    list
        For each record an index into `known`; from `len(known)` on the new meetings, by start. Two records that are
        apart, or two by `are_two_listed`, never get one index, and a known one never another than it had.
    """
    if not known and len(records) == 1:
        return [0]
    home = {version.record_hash: at for at, versions in enumerate(known) for version in versions}
    if not all(record.record_hash in home for record in records):
        _place(known, records, home)
    return [home[record.record_hash] for record in records]


def _place(known: Sequence[Sequence[Told]], records: Sequence[Told], home: dict[str | bytes, int]) -> None:
    """Give every record that is not known a place in `home`, in order of start."""
    # By the latest that says when it was: one told since without a start would put it before all others of the id,
    # and its next version would be a meeting of its own.
    placing = [max(reversed(versions), key=_says_when) for versions in known]
    # All versions have a say, not the latest alone:
    # a meeting whose end was withdrawn for a day would swallow next week's.
    # Of plans only the latest: a booking that was moved twice is held where it was moved to last.
    members: list[list[Told]] = [
        [one for one in versions if one.started_at is not None or one is latest]
        for versions, latest in zip(known, placing, strict=True)
    ]
    order = sorted((_start(latest), at) for at, latest in enumerate(placing))
    listed: dict[int, list[Told]] = {}
    for record in records:
        if record.record_hash in home:
            listed.setdefault(home[record.record_hash], []).append(record)
    for record in sorted(records, key=lambda one: (_start(one), fullness(one))):
        if record.record_hash in home:
            continue
        at = next(_neighbours(order, record, members, listed), len(members))
        if at == len(members):
            members.append([])
            insort(order, (_start(record), at))
        members[at].append(record)
        listed.setdefault(at, []).append(record)
        home[record.record_hash] = at


def _neighbours(
    order: Sequence[tuple[Any, int]],
    record: Told,
    members: Sequence[Sequence[Told]],
    listed: Mapping[int, Sequence[Told]],
) -> Iterator[int]:
    """Yield the meetings beside a record in time that it may be of: those that begin with it, the one before, the one
    after; `listed` is what its own answer tells of each."""
    start = _start(record)
    first, behind = bisect_left(order, (start, 0)), bisect_left(order, (start, len(members)))
    for _, at in (*order[first:behind], *order[max(first - 1, 0) : first], *order[behind : behind + 1]):
        if any(are_apart(record, member) for member in members[at]):
            continue
        if not any(are_two_listed(record, other) for other in listed.get(at, ())):
            yield at


def _says_when(record: Timed) -> tuple[bool, bool]:
    return record.started_at is not None, record.booked_at is not None


def _start(record: Timed) -> Any:
    start = record.started_at or record.booked_at
    return (start is not None, start)


class OneMeeting(NamedTuple, Generic[R]):
    """What one answer tells of one meeting: `same` records, the one to believe last, and that one as `best`; None where
    all say less than is known, and are told beside the one shown.
    """

    at: int
    same: list[R]
    best: R | None


def by_meeting(
    known: Sequence[Sequence[Told]], records: Sequence[R], shown: Sequence[Told | None] = ()
) -> list[OneMeeting[R]]:
    """Return the records of one id in one answer by the meeting they are of, see `assign`.

    `shown` is the record that each known meeting shows. It stays where it is told again, unless it runs and another one
    has ended, or has no start: what stands beside it in one answer contradicts it, and came no later. And it stays
    where all that the answer tells says less (`says_less`).

    Examples
    --------
    >>> from collections import namedtuple
    >>> Record = namedtuple("Record", "record_hash started_at ended_at booked_at", defaults=[None, None, None])
    >>> brief, whole = Record("a"), Record("b", datetime(2026, 3, 5, 8), datetime(2026, 3, 5, 9))
    >>> [telling.best is whole for telling in by_meeting([], [whole, brief])]
    [True]
    >>> by_meeting([[whole]], [brief], [whole]) == [OneMeeting(0, [brief], None)]
    True
    """
    places = assign(known, records)
    groups: dict[int, list[R]] = {}
    for at, record in zip(places, records, strict=True):
        groups.setdefault(at, []).append(record)
    return [_telling(at, same, shown[at] if at < len(shown) else None) for at, same in sorted(groups.items())]


def _telling(at: int, same: list[R], shown: Told | None) -> OneMeeting[R]:
    if len(same) > 1:  # nearly always it is one, and for each meeting of every answer
        now = None if shown is None else shown.record_hash
        same = sorted(same, key=lambda one: (_knows(one), one.record_hash == now, fullness(one)))
    return OneMeeting(at, same, None if shown is not None and says_less(same[-1], shown) else same[-1])
