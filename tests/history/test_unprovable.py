"""Spans of time that no later answer may prove: what a sync could not speak for, however short the next answers are."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from tests.history.one_answer import (
    DAY,
    EVERYTHING,
    HOUR,
    NOW,
    TAIL,
    judged,
    land_of,
    meeting,
    pull,
    reason_at,
    seen,
)
from tests.history.simulator_archive import MemoryLand
from ytxdata.history.proof.answer_facts import pull_facts, unread
from ytxdata.history.proof.categories import suspected
from ytxdata.history.proof.certificate import certify
from ytxdata.history.proof.evidence import Evidence, Known, Seen
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import Reading
from ytxdata.history.proof.unprovable import MOST_SPANS, barred, bars, merged
from ytxdata.history.proof.window import Sighting
from ytxdata.records.answer import read_answer
from ytxdata.records.normalize import normalize
from ytxdata.times import EARLIEST, next_second

JOINED = Evidence(joins_at=NOW - 2 * DAY)
SECOND = NOW.replace(microsecond=0)


def test_the_time_of_a_record_that_was_not_understood_is_not_proven_by_the_next_answer() -> None:
    rejected = judged(TAIL, n_rejected=1, unread=(("x",),))
    span = (NOW - 2 * DAY, next_second(NOW))
    assert rejected.evidence.rejected == (span,)
    assert barred(rejected.evidence, [seen(TAIL, n_rejected=1, unread=(("x",),))]).rejected == (span,), (
        "it is the same one"
    )
    later = judged(TAIL).evidence
    assert reason_at(judged(TAIL), 30) == "anchored"
    both = certify(replace(later, rejected=rejected.evidence.rejected), DEFAULT_POLICY)
    at = NOW - 30 * HOUR
    assert next(one.reason_key for one in both.periods if one.start <= at < one.end) == "rejected"
    assert Evidence.from_dict(rejected.evidence.to_dict()) == rejected.evidence


@pytest.mark.parametrize(
    ("listed", "is_cut", "is_same"),
    [
        ("c a ? b", False, True),
        ("c a ?", True, True),  # the tail ends there
        ("c ? a b", False, False),  # gone, and another in its words
        ("? c a b", False, False),
        ("c a ? ? b", False, False),
        ("a b ?", False, False),
    ],
)
def test_a_record_that_was_not_understood_is_known_again_by_its_place_and_not_by_its_words(
    listed: str, *, is_cut: bool, is_same: bool
) -> None:
    def answer(listed: str, *, is_cut: bool = False) -> Sighting:
        names = unread([(one, one != "?") for one in listed.split()], is_cut=is_cut)
        return seen(TAIL, n_rejected=listed.count("?"), unread=names)

    before = replace(barred(JOINED, [answer("a ? b")]), joins_at=NOW - DAY)
    assert before.rejected
    later = replace(before, rejected=())
    assert (not barred(later, [answer(listed, is_cut=is_cut)]).rejected) is is_same


def test_above_all_others_a_record_that_was_not_understood_has_no_place() -> None:
    """What takes its place there, above the newest that was understood, began since."""
    first = barred(JOINED, [seen(TAIL, n_rejected=1, unread=unread([("?", False), ("a", True)], is_cut=True))])
    above = unread([("b", True), ("?", False), ("a", True)], is_cut=True)
    assert barred(replace(first, rejected=()), [seen(TAIL, n_rejected=1, unread=above)]).rejected


LATER = timedelta(seconds=30)
"""The platform's `Date` is kept in whole minutes."""


@pytest.mark.parametrize("is_told", [True, False])
def test_a_span_that_a_clock_ahead_left_ends_soon_after_now_once_the_date_of_the_platform_says_that_it_was(
    *, is_told: bool
) -> None:
    """Without it no clock is surer than the other: the span stays, and where its time may truly be is barred, too."""
    ahead = NOW + 400 * DAY
    before = Evidence(
        n_syncs=5, last_asked_at=ahead, joins_at=ahead - DAY, uppers=(NOW - 3 * DAY, ahead - DAY),
        rejected=((ahead - 2 * DAY, ahead),), suspects_hide=(("creator", 999, EARLIEST, ahead),),
    )  # fmt: skip
    reading = Reading(land_of(EVERYTHING), before, NOW)
    reading.take(pull(TAIL, clock_skew=timedelta(0) if is_told else None))
    after = reading.result().evidence
    last = next_second(NOW + DAY + (LATER if is_told else timedelta(0)))
    assert after.rejected == ((NOW - 3 * DAY, last), *(() if is_told else before.rejected))
    assert ("creator", 999, EARLIEST, last if is_told else ahead) in after.suspects_hide


@pytest.mark.parametrize("days", [9, 60, 400])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_clock_that_is_behind_neither_shortens_nor_moves_what_is_barred(*, days: int, is_told: bool) -> None:
    """What was not understood two days ago is PROVEN, else, by whoever sets the clock back."""
    behind, span = NOW - days * DAY, (NOW - 3 * DAY, NOW - DAY)
    before = Evidence(
        n_syncs=5, last_asked_at=NOW - DAY, joins_at=NOW - 2 * DAY, uppers=(NOW - 3 * DAY, NOW - 2 * DAY),
        hidden=(span,), rejected=(span,), suspects_hide=(("creator", 999, *span),),
    )  # fmt: skip
    land = land_of(EVERYTHING, archived=NOW - DAY)
    reading = Reading(land, before, behind)
    reading.take(pull(TAIL, at=behind, clock_skew=-days * DAY if is_told else None))
    after = reading.result().evidence
    assert (after.hidden, after.rejected) == ((span,), (span,))
    assert ("creator", 999, *span) in after.suspects_hide


@pytest.mark.parametrize("is_told", [True, False])
def test_a_record_that_is_not_understood_while_the_clock_is_behind_bars_up_to_when_that_was(*, is_told: bool) -> None:
    """By the clock the span ended days before the record began, and the next answer proved its time."""
    behind, last = NOW - 25 * DAY, NOW - DAY
    before = Evidence(n_syncs=5, last_asked_at=last, joins_at=last - DAY, uppers=(last - 2 * DAY, last - DAY))
    reading = Reading(land_of(EVERYTHING), before, behind)
    reading.take(pull(TAIL, at=behind, n_rejected=1, clock_skew=behind - NOW if is_told else None))
    ((start, end),) = reading.result().evidence.rejected
    assert end > NOW
    if is_told:
        assert (start, end) == (last - DAY, next_second(NOW + LATER)), "what was proven before stays"


def test_of_too_many_spans_those_are_joined_that_lie_nearest_to_each_other() -> None:
    """By age the oldest became one with all that was proven between them, months of it, and no word of it."""
    spans = [(NOW + n * 10 * DAY, NOW + (n * 10 + 1) * DAY) for n in range(MOST_SPANS)]
    near = (NOW + 52 * DAY, NOW + 53 * DAY)
    assert merged([*spans, near]) == (*spans[:5], (spans[5][0], near[1]), *spans[6:])


def test_what_is_booked_says_nothing_of_a_clock() -> None:
    booked = meeting(-24 * 90)._replace(kind="booked")
    ((_, end),) = judged([booked, *TAIL], n_rejected=1).evidence.rejected
    assert end == next_second(NOW)


def test_between_the_starts_that_one_answer_tells_of_a_meeting_another_may_be_missing() -> None:
    twice = [meeting(5)._replace(meeting_id="m9", record_hash="other", ended_at=NOW), *TAIL]
    told = [one._replace(ended_at=NOW) if one.meeting_id == "m9" else one for one in twice]
    answer = seen(told)
    assert [meeting_id for meeting_id, _ in answer.contradictions] == ["m9"]
    span = (SECOND - 9 * HOUR, next_second(SECOND - 5 * HOUR))
    assert barred(JOINED, [answer]).contradiction == (span,)
    assert bars(barred(JOINED, [answer])) == [(*span, "contradiction")]


def test_an_earlier_meeting_that_is_told_twice_bars_the_time_between_its_starts_and_so_does_a_first_answer() -> None:
    """The sync before had seen one of the two records, and a first sync has none before it."""
    twice = [meeting(5)._replace(meeting_id="m9", record_hash="other", ended_at=NOW), *TAIL]
    told = [one._replace(ended_at=NOW) if one.meeting_id == "m9" else one for one in twice]
    span = (SECOND - 9 * HOUR, next_second(SECOND - 5 * HOUR))
    assert barred(Evidence(joins_at=NOW - 2 * HOUR), [seen(told)]).contradiction == (span,)
    assert barred(Evidence(), [seen(told, MemoryLand(), Evidence())]).contradiction == (span,)


def of_creators(*sizes: int) -> list[Seen]:
    """Meetings two days old and older, those of the first creator the youngest."""
    creators = [f"c{i}" for i, size in enumerate(sizes) for _ in range(size)]
    return [meeting(n, creator=creator) for n, creator in enumerate(creators, start=49)]


def test_what_a_limit_may_have_hidden_before_the_first_sync_is_not_proven_when_a_full_one_has_lost_a_record() -> None:
    first = seen(of_creators(5, 5, 5, 1), MemoryLand(), Evidence(), asked_n=500)
    before = replace(Evidence(), suspected=suspected(Evidence(), [first]))
    assert before.suspected == (("creator", 5),)
    before = replace(barred(before, [first]), joins_at=NOW - DAY)
    ((start, end, reason),) = bars(before)
    assert (start, reason) == (EARLIEST, "hidden")
    assert end > NOW - 53 * HOUR
    # of the first creator, whose bound is the latest, one was deleted: no answer shows it full any more
    second = seen(of_creators(5, 5, 5, 1)[1:], land_of(of_creators(5, 5, 5, 1)), asked_n=500)
    after = barred(replace(before, suspected=suspected(before, [second])), [second])
    assert bars(after) == [(EARLIEST, end, "hidden")]
    assert Evidence.from_dict(after.to_dict()) == after
    third = seen(of_creators(6, 5, 5, 1), land_of(of_creators(5, 5, 5, 1)), asked_n=500)
    refuted = barred(replace(after, suspected=suspected(after, [third])), [third])
    assert bars(refuted) == [], "an answer that shows more says that it was no limit"


def test_a_limit_that_is_seen_at_work_later_bars_what_the_first_answer_could_not_show_under_it() -> None:
    """Of a single creator that is full nobody can tell, and it has lost a record when the limit shows."""
    first = seen(of_creators(20, 4, 3), MemoryLand(), Evidence(), asked_n=500)
    before = replace(barred(Evidence(), [first]), joins_at=NOW - DAY)
    assert bars(before) == []
    second = seen(of_creators(20, 4, 3)[1:], land_of(of_creators(20, 4, 3)), asked_n=500)
    limit = ("creator", 20)
    after = barred(replace(before, limits=(limit,)), [second], [limit])
    ((start, end),) = after.hidden
    assert start == EARLIEST
    assert NOW - 66 * HOUR < end <= NOW
    assert barred(replace(before, limits=(("creator", 30),)), [second]).hidden == ()


@pytest.mark.parametrize("is_told", [True, False])
def test_a_room_that_is_listed_once_may_hide_what_it_held_since_the_sync_before(*, is_told: bool) -> None:
    """Where the earlier meeting is told beside the later one, each has its row and none took the place of another."""
    before = meeting(60)._replace(meeting_id="room", record_hash="first")
    answer = seen(
        [meeting(4)._replace(meeting_id="room"), *TAIL, *([before] if is_told else [])], land_of([before, *EVERYTHING])
    )
    assert [one.old.meeting_id for one in answer.replaced] == ([] if is_told else ["room"])
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
    assert answer.moved == (((("room", began), (began, next_second(SECOND - 50 * HOUR))),) if is_moved else ())


def test_an_earlier_head_tells_of_no_spans_and_up_to_when_it_told_of_none() -> None:
    new = ("hidden", "suspects_hide", "rejected", "contradiction", "collision", "unread", "barred_since", "barred_by")
    told = judged(TAIL).evidence
    earlier = {name: value for name, value in told.to_dict().items() if name not in new}
    assert Evidence.from_dict(earlier) == replace(told, barred_since=NOW, suspects_hide=())
    assert Evidence.from_dict(Evidence.from_dict(earlier).to_dict()).barred_since == NOW


def test_the_time_of_a_record_that_may_tell_of_more_meetings_is_not_proven() -> None:
    one = TAIL[1]
    assert one.started_at
    again = one.started_at + 3 * HOUR
    told = judged(TAIL, several=((one, (again,)),))
    assert told.evidence.collision == ((one.started_at, next_second(again)),)
    assert any(note.key == "several" and note.meeting_ids == (one.meeting_id,) for note in told.notes)
    silent = judged(TAIL, several=((one, ()),)).evidence.collision
    assert silent[0][0] <= one.started_at
    assert silent[0][1] >= one.started_at
    assert not judged(TAIL).evidence.collision


@pytest.mark.parametrize("text", ["2026-01-05 10:00:00 2026/1/5 12:00", "2026-01-05 10:00:00 cut…", ""])
def test_what_a_record_says_of_other_meetings_gives_their_times(text: str) -> None:
    record = json.dumps({"meid": "m1", "starttime": "2026-01-05 09:00:00"})
    answer = read_answer(f'{{"statusCode":"0","data":[{record}]}}'.encode())
    normal = normalize(answer.records)
    told = {"reason": "meeting_in_text", "row": 0, "raw_value": text}
    problems = pa.Table.from_pylist([told, {**told, "reason": "other_value"}], schema=normal.problems.schema)
    ((one, times),) = pull_facts(answer, normal.meetings, 0, problems).several
    assert one.meeting_id == "m1"
    assert len(times) == (2 if "/" in text else 0)


def test_what_stands_beside_the_list_and_may_be_a_meeting_bars_its_time_once() -> None:
    """It is known again by its text: kept in every answer, it would bar all time to come."""
    told = judged(TAIL, unread=(("x",),))
    span = (NOW - 2 * DAY, next_second(NOW))
    assert told.evidence.rejected == (span,)
    assert barred(told.evidence, [seen(TAIL, unread=(("x",),))]).rejected == (span,)
    assert len(barred(replace(told.evidence, rejected=()), [seen(TAIL, unread=(("x",), ("y",)))]).rejected) == 1
    assert reason_at(told, 30) == "rejected"


def test_the_facts_of_an_answer_name_what_may_be_a_meeting() -> None:
    rows = [{"meid": f"m{i}", "starttime": "2026-03-05 10:00:00", "endtime": "2026-03-05 11:00:00"} for i in range(3)]
    body = {
        "statusCode": "0",
        "data": {"list": rows, "old": [{"meid": "m9", "creator": "15400000001", "duration": 60}]},
    }
    answer = read_answer(json.dumps(body).encode())
    normal = normalize(answer.records)
    facts = [pull_facts(answer, normal.meetings, 0, normal.problems).unread for _ in range(2)]
    assert len(facts[0]) == 1
    assert facts[0] == facts[1] == tuple((one,) for one in answer.unsure)
