"""Spans of time that no later answer may prove: what a sync could not speak for, however short the next answers are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.history.one_answer import DAY, EVERYTHING, HOUR, NOW, TAIL, judged, land_of, meeting, reason_at, seen
from ytxdata.history.proof.barred import barred, bars
from ytxdata.history.proof.certificate import certify
from ytxdata.history.proof.evidence import Evidence, Known
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.times import next_second

JOINED = Evidence(joins_at=NOW - 2 * DAY)
SECOND = NOW.replace(microsecond=0)


def test_the_time_of_a_record_that_was_not_understood_is_not_proven_by_the_next_answer() -> None:
    rejected = judged(TAIL, n_rejected=1, unread=("x",))
    span = (NOW - 2 * DAY, next_second(NOW))
    assert rejected.evidence.rejected == (span,)
    assert barred(rejected.evidence, [seen(TAIL, n_rejected=1, unread=("x",))]).rejected == (span,), (
        "it is the same one"
    )
    later = judged(TAIL).evidence
    assert reason_at(judged(TAIL), 30) == "anchored"
    both = certify(replace(later, rejected=rejected.evidence.rejected), DEFAULT_POLICY)
    at = NOW - 30 * HOUR
    assert next(one.reason_key for one in both.periods if one.start <= at < one.end) == "rejected"
    assert Evidence.from_dict(rejected.evidence.to_dict()) == rejected.evidence


def test_between_the_starts_that_one_answer_tells_of_a_meeting_another_may_be_missing() -> None:
    twice = [meeting(5)._replace(meeting_id="m9", record_hash="other", ended_at=NOW), *TAIL]
    told = [one._replace(ended_at=NOW) if one.meeting_id == "m9" else one for one in twice]
    answer = seen(told)
    assert answer.contradictions == ("m9",)
    span = (SECOND - 9 * HOUR, next_second(SECOND - 5 * HOUR))
    assert barred(JOINED, [answer]).contradiction == (span,)
    assert bars(barred(JOINED, [answer])) == [(*span, "contradiction")]


@pytest.mark.parametrize("is_told", [True, False])
def test_a_room_that_is_listed_once_may_hide_what_it_held_since_the_sync_before(*, is_told: bool) -> None:
    """Where the earlier meeting is told beside the later one, each has its row and none took the place of another."""
    before = meeting(60)._replace(meeting_id="room", record_hash="first")
    answer = seen(
        [meeting(4)._replace(meeting_id="room"), *TAIL, *([before] if is_told else [])], land_of([before, *EVERYTHING])
    )
    assert answer.collisions == ("room",)
    span = (NOW - 2 * DAY, next_second(SECOND - 4 * HOUR))
    assert barred(JOINED, [answer]).collision == (() if is_told else (span,))


@pytest.mark.parametrize(("archived", "is_moved"), [(59.8, True), (58, False)])
def test_an_end_that_was_still_to_come_tells_no_more_of_a_room_that_ran_than_none(
    archived: float, *, is_moved: bool
) -> None:
    land = land_of(EVERYTHING)
    began = SECOND - 60 * HOUR
    land.put(Known("room", began, began + HOUR, "running", NOW - archived * HOUR))
    land.ran.add("room")
    again = meeting(50)._replace(meeting_id="room", record_hash="over")
    answer = seen([again, *TAIL], land)
    assert answer.moved == ((("room", (began, next_second(SECOND - 50 * HOUR))),) if is_moved else ())


def test_an_earlier_head_tells_of_no_spans_and_up_to_when_it_told_of_none() -> None:
    new = ("hidden", "suspects_hide", "rejected", "contradiction", "collision", "unread", "barred_since")
    told = judged(TAIL).evidence
    earlier = {name: value for name, value in told.to_dict().items() if name not in new}
    assert Evidence.from_dict(earlier) == replace(told, barred_since=NOW)
    assert Evidence.from_dict(Evidence.from_dict(earlier).to_dict()).barred_since == NOW
