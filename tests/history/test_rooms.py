"""Rooms that keep their id: an honest account of them is proven like any other, and one that is written over is not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.history.one_answer import DAY, EVERYTHING, HOUR, NOW, TAIL, land_of, meeting, seen
from tests.history.simulator import draw_knobs, tell
from tests.history.simulator_account import Knobs
from tests.history.simulator_archive import MemoryLand
from ytxdata.history.proof.barred import barred, bars
from ytxdata.history.proof.categories import OVERWRITTEN, suspected
from ytxdata.history.proof.evidence import Evidence, Known
from ytxdata.history.proof.window import Before
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
@pytest.mark.by_chance(2)
@pytest.mark.parametrize("part", range(4))
def test_no_story_of_rooms_ends_with_a_false_proof(part: int) -> None:
    wrong = [seed for seed in range(part, 60, 4) if tell(seed, knobs=of_rooms(seed)).wrong]
    assert not wrong


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
    first = seen(TAIL, MemoryLand(), Before(), asked_n=500)
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


@pytest.mark.parametrize(("again", "is_barred"), [(47.9, True), (47.5, True), (48.3, False), (48, False)])
def test_a_room_that_runs_and_is_used_again_within_the_hour_is_no_one_meeting(again: float, *, is_barred: bool) -> None:
    """Who had joined before the later start was in no meeting that began then; a start that is put right is another
    matter, and so is one that is told as earlier.
    """
    land = land_of(EVERYTHING)
    land.put(replace(room(48), ended_at=None))
    land.ran.add("room")
    next_one = meeting(48)._replace(meeting_id="room", record_hash="next")
    start = NOW.replace(microsecond=0) - again * HOUR
    answer = seen([next_one._replace(started_at=start, ended_at=start + HOUR / 4), *TAIL], land)
    began = NOW.replace(microsecond=0) - 48 * HOUR
    assert [span for _, span in answer.moved] == ([(began, next_second(start))] if is_barred else [])
