"""Which records of one id are one meeting: one rule in three forms, and what it never does."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytxdata.records.identity import OneMeeting, apart_sql, are_apart, are_two_listed, assign, by_meeting

T0 = datetime(2026, 3, 5, 10, tzinfo=UTC)


class Record(NamedTuple):
    started_at: datetime | None
    ended_at: datetime | None
    record_hash: str
    booked_at: datetime | None = None


def hour(n: int | None) -> datetime | None:
    return None if n is None else T0 + timedelta(hours=n)


def record(start: int | None, end: int | None, text: str = "", booked: int | None = None) -> Record:
    return Record(hour(start), hour(end), f"{start} {end} {text} {booked}", hour(booked))


HOURS = st.none() | st.integers(0, 6)
"""Few hours, so that ties, spans without length and ends before starts are common."""
RECORDS = st.builds(record, HOURS, HOURS, st.sampled_from("ab"), HOURS)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ((0, 1), (168, 169), True),
        ((0, 1), (1, 2), True),
        ((0, 2), (1, 3), False),
        ((0, None), (168, 169), False),
        ((None, 1), (168, 169), False),
        ((0, 1), (None, 2), False),
        ((0, 0), (0, 1), False),
        ((0, 0), (1, 2), True),
        ((5, 1), (3, 6), False),
    ],
)
def test_two_records_are_apart_where_their_times_cannot_be_one(
    one: tuple[int | None, int | None], other: tuple[int | None, int | None], apart: bool
) -> None:
    assert are_apart(record(*one), record(*other)) is apart
    assert are_apart(record(*other), record(*one)) is apart


@pytest.mark.parametrize(
    ("held", "plan", "apart"),
    [
        ((0, 1, None), (None, None, 168), True),
        ((0, 1, 0), (None, None, 168), True),
        ((0, 1, 0), (None, None, 5), True),  # another meeting of the same day
        ((0, 1, 0), (None, None, 0), False),  # the start is withdrawn
        ((0, 1, None), (None, None, 2), False),  # held an hour early
        ((0, 1, 5), (None, None, 5), False),  # held long before it was to begin
        ((168, 169, None), (None, None, 0), False),  # a plan that was moved
        ((0, None, None), (None, None, 168), False),
        ((0, 1, None), (None, None, None), False),
        ((0, 1, None), (0, 1, 168), False),
    ],
)
def test_what_is_booked_for_when_another_was_long_over_is_another(
    held: tuple[int | None, ...], plan: tuple[int | None, ...], apart: bool
) -> None:
    one, other = (record(start, end, "", booked) for start, end, booked in (held, plan))
    assert are_apart(one, other) is are_apart(other, one) is apart


def test_a_room_is_booked_and_held_every_week_whenever_its_plans_are_listed() -> None:
    weeks = [record(168 * week, 168 * week + 1) for week in range(9)]
    plan = record(None, None, "", 168 * 9)
    assert assign([[one] for one in weeks], [plan]) == [9]
    known = [*([one] for one in weeks), [plan]]
    moved = record(None, None, "", 168 * 9 - 24)
    for start in (168 * 9 - 1, 168 * 9, 168 * 9 + 5):
        assert assign(known, [record(start, start + 1)]) == [9]
    assert assign(known, [moved]) == [9]
    assert assign([*known[:-1], [plan, moved]], [record(168 * 9 - 24, 168 * 9 - 23)]) == [9]
    assert assign([[weeks[0]], [plan]], [record(168 * 9, None), record(None, None, "", 168 * 10)]) == [1, 2]


@pytest.mark.slow
@given(st.lists(st.tuples(RECORDS, RECORDS), min_size=1, max_size=30))
def test_rows_and_sql_say_the_same(pairs: list[tuple[Record, Record]]) -> None:
    kind = pa.timestamp("us", tz="UTC")
    columns = {
        name: pa.array([getattr(pair[side], field) for pair in pairs], kind)
        for side, names in enumerate((("s", "e"), ("t", "f")))
        for name, field in zip(names, ("started_at", "ended_at"), strict=True)
    }
    table = pa.table({"i": range(len(pairs)), **columns})
    with duckdb.connect() as connection:
        connection.register("pairs", table)
        told = connection.sql(f"SELECT {apart_sql('s', 'e', 't', 'f')} FROM pairs ORDER BY i").fetchall()
    expected = [are_apart(one, other) and bool(one.started_at and other.started_at) for one, other in pairs]
    assert [is_apart for (is_apart,) in told] == expected


@pytest.mark.slow
@given(st.lists(st.lists(RECORDS, min_size=1, max_size=6), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_every_record_is_of_one_meeting_for_good_and_none_holds_two(
    answers: list[list[Record]], random: Random
) -> None:
    known: list[list[Record]] = []
    home: dict[str, int] = {}
    for answer in answers:
        groups = by_meeting(known, answer)
        assert groups == by_meeting(known, random.sample(answer, len(answer)))
        assert Counter(one for _, same, _ in groups for one in same) == Counter(answer)
        for at, same, best in groups:
            assert best == same[-1]
            if at == len(known):
                known.append([])
            known[at] += [one for one in same if one not in known[at]]
            for one in same:
                assert home.setdefault(one.record_hash, at) == at
    began = [[one for one in versions if one.started_at] for versions in known]
    assert not any(are_apart(*pair) for versions in began for pair in combinations(versions, 2))


@given(st.lists(RECORDS, min_size=1, max_size=8))
def test_records_none_of_which_are_apart_are_one_meeting(records: list[Record]) -> None:
    told: list[Record] = []
    for one in records:
        told += [] if any(are_apart(one, other) or are_two_listed(one, other) for other in told) else [one]
    assert set(assign([], told)) == {0}


@pytest.mark.parametrize(
    ("one", "other", "n"),
    [
        ((None, None, 168), (None, None, 336), 2),  # the next two bookings
        ((168, None, None), (336, None, None), 2),  # told by a start without an end
        ((0, None, None), (None, None, 168), 2),  # the room's meeting runs
        ((0, None, 0), (2, None, 0), 1),  # one booking, that began late
        ((0, None, None), (1, None, None), 1),  # a start is put right within the hour
        ((0, None, None), (168, 169, None), 1),  # may be that one's end: see `may_be_two`
        ((None, None, None), (None, None, 168), 1),
    ],
)
def test_what_one_answer_lists_of_a_room_before_any_of_it_is_over_is_as_many_meetings(
    one: tuple[int | None, ...], other: tuple[int | None, ...], n: int
) -> None:
    told = [record(start, end, "", booked) for start, end, booked in (one, other)]
    assert len(set(assign([], told))) == len(set(assign([], told[::-1]))) == n
    if n == 2 and one[0] is None:  # the next answer lists them again, and one more; what two answers tell was moved
        later = record(None, None, "", 504)
        assert assign([[told[0]], [told[1]]], [later, told[1]]) == [2, 1]
        assert assign([[told[0]], [told[1]]], [record(168, 169), told[1]]) == [0, 1]
        assert assign([[told[0]]], [told[1]]) == [0]


def test_a_room_that_is_used_every_week_has_a_meeting_each_week() -> None:
    weeks = [record(168 * week, 168 * week + 1) for week in range(50)]
    assert assign([], weeks[::-1]) == list(range(50))[::-1]
    running = record(168 * 50, None)
    known = [[one] for one in weeks]
    assert assign(known, [running, weeks[3]]) == [50, 3]
    over = record(168 * 50, 168 * 50 + 2)
    assert assign([*known, [running]], [record(168 * 51, None), over]) == [51, 50]


def test_what_one_answer_tells_twice_is_believed_where_it_is_fullest_whatever_the_order() -> None:
    running, over, longer = record(0, None), record(0, 1), record(0, 2)
    for order in ([running, over, longer], [longer, over, running]):
        ((_, same, best),) = by_meeting([], order)
        assert same == [running, over, longer]
        assert best == longer


def test_what_says_less_than_is_shown_is_told_beside_it_and_moves_no_meeting() -> None:
    weeks = [record(168 * week, 168 * week + 1) for week in range(4)]
    brief = record(None, None)
    assert by_meeting([[weeks[0]]], [brief], [weeks[0]]) == [OneMeeting(0, [brief], None)]
    assert by_meeting([[brief]], [weeks[0]], [brief]) == [OneMeeting(0, [weeks[0]], weeks[0])]
    assert by_meeting([[weeks[0]]], [brief, record(0, 2)], [weeks[0]])[0].best == record(0, 2)
    # the second week's was known first, and told without a start since: it keeps its place among the others
    known = [[weeks[1], brief], [weeks[0]], [weeks[3]]]
    assert assign(known, [record(168, 170)]) == [0]
    plan = record(None, None, booked=168 * 2)
    assert assign([[plan, brief]], [weeks[0]]) == [1]
