"""Rooms that keep their id: an honest account of them is proven like any other, and one that is written over is not."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.effort import some
from tests.history.one_answer import DAY, EVERYTHING, HOUR, NOW, TAIL, land_of, meeting, pull, seen
from tests.history.simulator import draw_knobs, tell
from tests.history.simulator_account import Knobs
from tests.history.simulator_archive import MemoryLand
from ytxdata.history.proof.categories import OVERWRITTEN, hidden_by, suspected
from ytxdata.history.proof.evidence import Evidence, Known, Seen
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import Reading
from ytxdata.history.proof.unprovable import barred, bars, unfinished
from ytxdata.times import EARLIEST, next_second


def of_rooms(seed: int) -> Knobs:
    """A platform, half of them with other tricks, that lists all meetings of a room or the newest few."""
    rng = random.Random(seed)
    knobs = draw_knobs(rng) if seed % 2 else Knobs()
    return replace(
        knobs,
        rooms=rng.choice((0.1, 0.5, 1.0)),
        per_room=rng.choice((None, 1, 2, 3, 5, 10)),
        n_creators=rng.choice((3, 8, 30)),
        counted_by=rng.choice(("start", "end", "change", "listed")),
    )


@pytest.mark.slow
def test_no_story_of_rooms_ends_with_a_false_proof() -> None:
    assert not [seed for seed in some(range(60), 12) if tell(seed, knobs=of_rooms(seed)).wrong]


@pytest.mark.slow
def test_rooms_of_which_each_meeting_is_listed_are_proven_like_meetings_with_ids_of_their_own() -> None:
    honest = Knobs(rooms=1.0, n_creators=30)
    stories = [(tell(seed, knobs=honest), tell(seed, knobs=replace(honest, rooms=0.0))) for seed in range(5, 11)]
    proven = [[one.verdicts["any proven"] for one in pair] for pair in stories]
    assert sum(rooms for rooms, _ in proven) >= 0.9 * sum(plain for _, plain in proven) > 0
    assert all(not rooms.verdicts["GAP"] or plain.verdicts["GAP"] for rooms, plain in stories)


def room(n: int, of: str = "room") -> Known:
    one = meeting(n)._replace(meeting_id=of, record_hash=f"{of}{n}")
    return Known(of, one.started_at, one.ended_at, one.record_hash, NOW - 2 * DAY, one.creator)


def test_where_a_meeting_of_a_room_should_be_listed_and_the_next_one_is_all_time_may_lack_some() -> None:
    """One record for each id: then any record may have taken the place of another, also before the first sync."""
    first = seen(TAIL, MemoryLand(), Evidence(), asked_n=500)
    evidence = replace(barred(Evidence(), [first]), joins_at=NOW - DAY)
    assert bars(evidence) == []
    land = land_of(EVERYTHING)
    land.put(room(60))
    again = meeting(20)._replace(meeting_id="room", record_hash="again")
    answer = seen([again, *TAIL], land)
    assert answer.full_rooms == {1}
    after = replace(evidence, suspected=suspected(evidence, [answer]))
    assert after.suspected == (OVERWRITTEN,)
    ((start, end, reason),) = bars(barred(after, [answer]))[:1]
    assert (start, reason) == (EARLIEST, "hidden")
    assert end > NOW - DAY - HOUR
    beside = seen([again, meeting(60)._replace(meeting_id="room", record_hash="room60"), *TAIL], land)
    assert not beside.full_rooms
    assert suspected(after, [beside]) == (), "two of a room beside each other: one deletion looked the same"


@pytest.mark.parametrize("lasted", [None, 1.0], ids=["runs", "over"])
@pytest.mark.parametrize(("again", "is_barred"), [(47.9, True), (47.5, True), (48.3, False), (48, False)])
def test_a_room_that_is_used_again_within_the_hour_is_no_one_meeting(
    again: float, lasted: float | None, *, is_barred: bool
) -> None:
    """Who had joined before the later start was in no meeting that began then; a start that is put right is another
    matter, and so is one that is told as earlier.
    """
    land = land_of(EVERYTHING)
    old = room(48)
    assert old.started_at
    land.put(replace(old, ended_at=None if lasted is None else old.started_at + lasted * HOUR))
    land.ran.add("room")
    next_one = meeting(48)._replace(meeting_id="room", record_hash="next")
    start = NOW.replace(microsecond=0) - again * HOUR
    answer = seen([next_one._replace(started_at=start, ended_at=start + HOUR / 4), *TAIL], land)
    began = NOW.replace(microsecond=0) - 48 * HOUR
    assert [span for _, span in answer.moved] == ([(began, next_second(start))] if is_barred else [])


BEGAN = NOW.replace(microsecond=0) - 60 * HOUR
PLAN = Known("room", BEGAN, None, "plan", NOW - 61 * HOUR, "c")


@pytest.mark.parametrize(
    ("old", "again", "is_barred"),
    [
        (PLAN, {}, True),  # its time has passed, and the room's one record tells of next week
        (replace(PLAN, started_at=None, booked_at=BEGAN), {"started_at": None, "booked_at": NOW + 5 * DAY}, True),
        (replace(PLAN, last_changed_at=NOW - 59 * HOUR), {}, True),  # it ran: nobody knows when who joined
        (replace(PLAN, started_at=NOW + DAY), {}, False),  # moved while it lay ahead
        (replace(PLAN, booked_at=BEGAN), {"started_at": BEGAN + 3 * HOUR, "booked_at": BEGAN}, False),  # began late
        (replace(PLAN, booked_at=BEGAN - 2 * HOUR), {"started_at": BEGAN + HOUR * 3, "booked_at": BEGAN - 2 * HOUR}, False),
        (replace(PLAN, booked_at=BEGAN - DAY, last_changed_at=NOW - 59 * HOUR), {"booked_at": BEGAN - DAY}, True),  # a series
        (replace(PLAN, booked_at=BEGAN, last_changed_at=NOW - 59 * HOUR), {"started_at": BEGAN + 3 * HOUR, "booked_at": BEGAN}, False),  # not begun yet
        (replace(PLAN, booked_at=BEGAN, last_changed_at=NOW - 59 * HOUR), {"started_at": BEGAN + DAY, "booked_at": BEGAN}, True),  # the next of a series
        (replace(PLAN, booked_at=BEGAN - 7 * DAY), {"booked_at": BEGAN - 7 * DAY}, True),  # of which only plans were seen
        (PLAN, {"started_at": BEGAN + HOUR / 2}, False),  # put right within the hour
        (replace(PLAN, last_changed_at=NOW - 59 * HOUR), {"started_at": BEGAN + HOUR / 2, "creator": "d"}, True),
        (replace(PLAN, last_changed_at=NOW, ended_at=BEGAN + 4 * HOUR), {"started_at": BEGAN + 3.5 * HOUR, "creator": "d"}, True),
        (replace(PLAN, started_at=datetime(1970, 1, 1, tzinfo=UTC)), {}, False),  # no start at all
    ],
)  # fmt: skip
def test_a_start_that_has_passed_and_is_told_no_more_may_have_been_another_meeting(
    old: Known, again: dict[str, Any], *, is_barred: bool
) -> None:
    """Up to when this answer was asked: what is lost had begun by then."""
    land = land_of(EVERYTHING)
    land.put(old)
    told = meeting(1)._replace(**{"meeting_id": "room", "started_at": NOW + 5 * DAY, "ended_at": None, **again})
    to = min(told.started_at or NOW + 5 * DAY, NOW)
    answer = seen([told, *TAIL], land)
    since = BEGAN if old.last_changed_at > BEGAN else BEGAN - HOUR  # what was planned may have begun early
    assert [span for _, span in answer.moved] == ([(since, next_second(to))] if is_barred else [])


@pytest.mark.parametrize("is_finished", [True, False])
def test_a_room_that_is_written_over_between_two_calls_of_one_sync_bars_that_time(*, is_finished: bool) -> None:
    start = NOW.replace(microsecond=0) - HOUR / 5
    first = meeting(1)._replace(meeting_id="room", record_hash="one", started_at=start, ended_at=None)
    second = first._replace(record_hash="two", started_at=start + HOUR / 10)
    pulls = [pull([one, *TAIL]) for one in (first, second)]
    if is_finished:
        reading = Reading(land_of(EVERYTHING), Evidence(), NOW)
        for one in pulls:
            reading.take(one)
        left = reading.result().evidence
    else:
        left = unfinished(land_of(EVERYTHING), Evidence(), pulls, DEFAULT_POLICY)
    assert left.moved == ((start, next_second(start + HOUR / 10)),)


def beside(*who: str, of: str = "room") -> list[Seen]:
    """Meetings of a room that are over, by these creators."""
    return [
        meeting(20 + 10 * n)._replace(meeting_id=of, record_hash=f"{of} {n}", creator=creator)
        for n, creator in enumerate(who)
    ]


def test_a_room_that_another_colleague_books_each_time_shows_that_no_meeting_takes_the_place_of_another() -> None:
    assert seen([*beside("c", "d"), *TAIL]).n_of_room == 1, "one id has been seen with two creators by mistake"
    assert seen([*beside("c", "c"), *TAIL]).n_of_room == 2
    assert seen([*beside("c", "d", "e"), *TAIL]).n_of_room == 3
    twice = [*beside("c", "d"), *beside("e", "f", of="other")]
    assert seen([*twice, *TAIL]).n_of_room == 2
    suspicion = Evidence(suspected=(OVERWRITTEN,))
    assert suspected(suspicion, [seen([*beside("c", "d"), *TAIL])]) == (OVERWRITTEN,)
    assert suspected(suspicion, [seen([*twice, *TAIL])]) == ()


def test_a_limit_of_rooms_counts_their_meetings_whoever_made_them() -> None:
    answer = seen([*beside("c", "d"), *TAIL])
    assert answer.rooms == {"room": 2}
    [until] = hidden_by(answer, [("meeting_id", 2)]).values()
    assert until > NOW - 30 * HOUR


def test_two_bookings_of_a_room_beside_the_one_that_runs_are_three_meetings_and_contradict_nothing() -> None:
    now = NOW.replace(microsecond=0)
    runs = meeting(0)._replace(meeting_id="room", record_hash="runs")
    plans = [
        runs._replace(record_hash=f"plan {weeks}", started_at=None, booked_at=now + weeks * 7 * DAY) for weeks in (1, 2)
    ]
    answer = seen([runs, *plans, *TAIL])
    assert not answer.contradictions
    assert answer.is_clean
    assert answer.rooms == {"room": 3}
