"""What one answer shows over the known land: every rule of the window and of the overlap, one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.history.one_answer import DAY, EVERYTHING, HOUR, JOINS, NOW, TAIL, judged, land_of, meeting, reason_at, seen
from tests.history.simulator_archive import MemoryLand
from ytxdata.history.proof.answer_facts import pull_facts
from ytxdata.history.proof.evidence import Bulk, Evidence, Known, Seen, Window
from ytxdata.history.proof.overlap import Overlap
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.verdict import has_outgrown
from ytxdata.history.proof.window import Sighting, anchored
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import read_answer
from ytxdata.records.normalize import normalize


def test_a_window_begins_after_the_second_of_the_oldest_start_and_after_the_earliest_end() -> None:
    assert seen(TAIL).lower == TAIL[-1].ended_at + timedelta(seconds=1)  # type: ignore[operator]
    endless = [one._replace(ended_at=None) for one in TAIL]
    assert seen(endless).lower == TAIL[-1].started_at + timedelta(seconds=1)  # type: ignore[operator]


def test_a_cap_inside_one_second_claims_nothing_of_that_second() -> None:
    burst = [meeting(5)._replace(meeting_id=f"b{n}", ended_at=None) for n in range(50)]
    sighting = seen(burst, MemoryLand(), Evidence())
    assert sighting.lower == burst[0].started_at + timedelta(seconds=1)  # type: ignore[operator]


def test_a_window_ends_at_the_whole_second_of_asking_less_settling_time_and_clock_skew() -> None:
    sighting = seen(TAIL, answered_at=NOW + HOUR, clock_skew=timedelta(minutes=7))
    assert sighting.upper == NOW.replace(microsecond=0) - DAY - timedelta(minutes=7)


def test_a_window_begins_after_the_newest_known_record_that_is_missing() -> None:
    lacking = [one for one in TAIL if one.meeting_id != "m100"]
    assert seen(lacking).lower > meeting(100).started_at  # type: ignore[operator]


def test_an_answer_that_ends_inside_known_land_is_anchored() -> None:
    sighting = seen(TAIL)
    assert anchored([sighting])
    assert sighting.anchored_by == NOW - 2 * DAY


@pytest.mark.parametrize(
    ("name", "records", "land", "earlier", "more"),
    [
        ("it stopped by itself", TAIL, None, JOINS, {"asked_n": 500}),
        ("nothing was read before", TAIL, None, Evidence(), {}),
        ("everything known came again", [meeting(n) for n in range(1, 400)], None, JOINS, {}),
        ("fewer than five known are left out", [meeting(n) for n in range(1, 396)], None, JOINS, {}),
        ("what was left out may be forgotten", TAIL, None, replace(JOINS, listed_from=meeting(160).started_at), {}),
        ("the overlap is not old enough", [meeting(n) for n in range(1, 75)], None, JOINS, {}),
        ("it does not reach the known land", [meeting(n) for n in range(1, 25)], None, JOINS, {}),
        ("the overlap changed", [*TAIL[:60], *(meeting(n, version="b") for n in range(61, 150))], None, JOINS, {}),
        (
            "the overlap has no end",
            [one._replace(ended_at=None) for one in TAIL],
            land_of(one._replace(ended_at=None) for one in EVERYTHING),
            JOINS,
            {},
        ),
        ("chance may show so small an overlap", TAIL, land_of(EVERYTHING[:125]), JOINS, {}),
        ("a tenth of the known came from below", [*TAIL[:80], *(meeting(n) for n in range(300, 310))], None, JOINS, {}),
        ("five rooms are pinned on top", [*TAIL, *(meeting(n) for n in range(300, 305))], None, JOINS, {}),
    ],
)
def test_an_answer_is_not_anchored_when(
    name: str, records: list[Seen], land: MemoryLand | None, earlier: Evidence, more: dict[str, object]
) -> None:
    assert not anchored([seen(records, land, earlier, None, **more)]), name


def test_four_rooms_pinned_on_top_do_not_unanchor() -> None:
    sighting = seen([*(meeting(n) for n in range(300, 304)), *TAIL])
    assert anchored([sighting])
    assert sighting.lower > meeting(150).started_at  # type: ignore[operator]


@pytest.mark.parametrize(("first", "last", "counts"), [(0, 0, False), (-1, 1, False), (-2, -1, True), (1, 2, True)])
def test_what_was_archived_while_the_clock_was_in_doubt_is_no_overlap(first: int, last: int, *, counts: bool) -> None:
    archived = NOW - 2 * DAY
    unsure = replace(JOINS, unsure_from=archived + first * HOUR, unsure_to=archived + last * HOUR)
    assert bool(anchored([seen(TAIL, earlier=unsure)])) == counts


def ids_of(meetings: Iterable[Known]) -> list[str]:
    return [one.meeting_id for one in meetings]


COUNTS = ("n_ids", "n_known", "n_inside", "n_left_out", "n_held_back", "n_missing", "n_gone", "n_without_start")
GONE = [one for one in TAIL if one.meeting_id not in ("m60", "m70")]


@pytest.mark.parametrize(
    ("name", "records", "exempt", "counts"),
    [
        ("as it should be", TAIL, [], (149, 120, 120, 250, 226, 0, 0, 0)),
        ("two rooms pinned on top, so that all above the lower one should have come", [meeting(350), meeting(390), *TAIL], [], (151, 122, 120, 248, 224, 239, 0, 0)),
        ("two are missing, and the window begins above the newer", GONE, [], (147, 118, 30, 252, 228, 2, 0, 0)),
        ("of two that are missing one is known to be", GONE, ["m60"], (147, 118, 39, 251, 227, 1, 1, 0)),
        ("two are known to be missing", GONE, ["m60", "m70"], (147, 118, 118, 250, 226, 0, 2, 0)),
        ("one of those left out is exempt", TAIL, ["m200"], (149, 120, 120, 249, 225, 0, 0, 0)),
        ("one came twice, one has no start", [*TAIL, TAIL[40], meeting(3)._replace(meeting_id="x", started_at=None)], [], (150, 120, 120, 250, 226, 0, 0, 1)),
        ("nothing came", [], [], (0, 0, 0, 0, 0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_every_record_of_the_answer_and_of_the_land_is_counted_where_it_belongs(
    name: str, records: list[Seen], exempt: list[str], counts: tuple[int, ...]
) -> None:
    land = land_of(EVERYTHING)
    for key in exempt:
        land.put(replace(land.of(key), is_exempt=True))
    sighting = seen(records, land)
    counted = {key: getattr(sighting.overlap if key in Overlap._fields else sighting, key) for key in COUNTS}
    assert counted == dict(zip(COUNTS, counts, strict=True)), name


def test_known_land_far_below_is_never_read_for_a_pinned_room() -> None:
    class Watched(MemoryLand):
        n_read = 0

        def since(self, at: datetime) -> Iterable[Known]:
            found = list(super().since(at))
            self.n_read += len(found)
            return found

    land = Watched()
    land.known = land_of(meeting(n) for n in range(30, 5000)).known
    sighting = seen([meeting(4000), *TAIL], land, replace(JOINS, listed_from=meeting(5000).started_at))
    assert anchored([sighting])
    assert land.n_read < 500


def test_an_answer_from_the_other_end_is_broken_and_read_cheaply() -> None:
    oldest = [meeting(n) for n in range(300, 400)]
    assert seen(oldest).is_broken
    assert not anchored([seen(oldest)])


def test_a_few_missing_amid_the_others_have_vanished_and_once_exempt_say_nothing_more() -> None:
    lacking = [one for one in TAIL if one.meeting_id != "m60"]
    sighting = seen(lacking)
    assert ids_of(sighting.vanished) == ["m60"]
    assert not anchored([sighting])
    land = land_of(EVERYTHING)
    land.put(replace(land.of("m60"), is_exempt=True))
    again = seen(lacking, land)
    assert anchored([again])
    assert not again.vanished


def test_of_a_small_account_one_may_vanish_and_two_are_too_many() -> None:
    small = [meeting(n) for n in range(30, 47)]
    before = Evidence(joins_at=NOW - 2 * DAY, listed_from=small[-1].started_at, listed_at=NOW - DAY)
    one = seen([each for each in small if each.meeting_id != "m33"], land_of(small), before)
    assert ids_of(one.vanished) == ["m33"]
    assert not one.is_broken
    two = seen([each for each in small if each.meeting_id not in ("m32", "m33")], land_of(small), before)
    assert not two.vanished
    assert two.is_broken


def test_a_vanished_record_that_comes_back_is_told() -> None:
    land = land_of(EVERYTHING)
    land.put(replace(land.of("m60"), is_exempt=True))
    assert ids_of(seen(TAIL, land).reappeared) == ["m60"]


@pytest.mark.parametrize("started", [40, 120])
def test_two_meetings_of_one_id_in_an_answer_are_two(started: int) -> None:
    """A room keeps its id: each meeting is counted, and none is missing for the other."""
    other = meeting(started)._replace(meeting_id="m100", record_hash="other")
    alone = seen(TAIL)
    both = seen([*TAIL, other])
    assert (both.n_ids, both.n_missing, both.n_of_room) == (alone.n_ids + 1, 0, 2)
    assert not both.replaced
    assert not both.contradictions
    assert both.is_clean


def test_two_meetings_of_one_id_and_two_creators_tell_nothing_of_rooms() -> None:
    other = meeting(40)._replace(meeting_id="m100", creator="d", record_hash="other")
    assert seen([*TAIL, other]).n_of_room == 1


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        (meeting(100)._replace(record_hash="another"), True),
        (meeting(40)._replace(meeting_id="m100", record_hash="another"), False),
        (meeting(100), False),
    ],
)
def test_a_meeting_told_in_two_records_at_once_is_told_and_proves_nothing_of_its_time(
    other: Seen, *, contradicts: bool
) -> None:
    assert len(seen([*TAIL, other]).contradictions) == contradicts
    assert len(seen([*TAIL, other], MemoryLand(), Evidence()).contradictions) == contradicts
    if contradicts:
        told = judged([*TAIL, other])
        assert [reason_at(told, hours) for hours in (36, 100)] == ["anchored", "contradiction"]
        untold = judged([*TAIL, other._replace(started_at=None)])
        assert reason_at(untold, 36) == "contradiction", "of one that tells no start nobody knows where it is missing"


@pytest.mark.parametrize("shown", [False, True])
def test_an_id_used_again_is_told_until_rooms_were_listed_with_all_their_meetings(*, shown: bool) -> None:
    again = meeting(3)._replace(meeting_id="m100", record_hash="again")
    listed = [one for one in TAIL if one.meeting_id != "m100"]
    answer = seen([again, *listed], earlier=replace(JOINS, n_of_room=1 + shown))
    assert ids_of(one.old for one in answer.replaced) == ([] if shown else ["m100"])
    assert ids_of(one for _, one in answer.absent) == ["m100"], "the one before it lacks all the same"


def test_of_a_room_only_the_meeting_before_a_new_one_must_be_listed() -> None:
    """Those before it are where the answer was cut; and what is listed alone again took nobody's place today."""
    week = [meeting(n)._replace(meeting_id="room", record_hash=f"room{n}") for n in (3, 120, 288, 456)]
    land = land_of([*EVERYTHING, *week[1:]])
    assert not seen([*week[:2], *TAIL], land).replaced
    assert ids_of(one.old for one in seen([week[0], *TAIL], land).replaced) == ["room"]
    assert not seen([week[1], *TAIL], land).replaced


def test_a_booking_that_was_moved_is_one_meeting() -> None:
    booked = meeting(40)._replace(ended_at=None)
    land = land_of([*EVERYTHING, booked._replace(meeting_id="booked", record_hash="before")])
    moved = meeting(-30)._replace(meeting_id="booked", record_hash="after")
    assert not seen([moved, *TAIL], land).replaced


def test_records_without_a_start_or_with_an_absurd_one_have_no_place() -> None:
    odd = [
        meeting(2)._replace(meeting_id="none", started_at=None),
        meeting(2)._replace(meeting_id="epoch", started_at=datetime(1970, 1, 1, tzinfo=UTC)),
        meeting(2)._replace(meeting_id="end of time", started_at=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ]
    sighting = seen([*odd, *TAIL])
    assert sighting.n_without_start == 3
    assert anchored([sighting])
    assert sighting.lower == seen(TAIL).lower


def test_a_booked_meeting_to_come_is_in_no_window_and_harms_none() -> None:
    sighting = seen([meeting(-48), *TAIL])
    assert anchored([sighting])
    assert sighting.upper < NOW


def reason(sightings: Sequence[Sighting], *lengths: int) -> str:
    """The reason for what answers may claim after earlier ones of some lengths, by a platform that has not shown its
    order.
    """
    from ytxdata.history.proof.evidence import Window
    from ytxdata.history.proof.verdict import reason_for

    windows = (Window("full", ("p0",), NOW - DAY, NOW - 20 * DAY, NOW - 2 * DAY, n_records=n) for n in lengths)
    return reason_for(sightings[-1], sightings, Evidence(windows=tuple(windows)), DEFAULT_POLICY)


def test_a_limit_is_suspected_only_where_old_ones_fell_off_and_the_number_stayed() -> None:
    stopped = seen(TAIL, asked_n=500)
    assert reason([stopped], 149) == "cap_equal"
    assert reason([stopped], 140, 149, 148) == "cap_equal"
    assert reason([stopped], 148) == "fell_off"
    nothing_new = seen([one for one in TAIL if one.started_at <= NOW - 30 * HOUR], asked_n=500)  # type: ignore[operator]
    assert reason([nothing_new], 120) == "fell_off"
    all_there_is = seen(TAIL, land_of(EVERYTHING[:120]), asked_n=500)
    assert reason([all_there_is], 149) == "full"


@pytest.mark.parametrize(
    ("n", "expected"), [(49, "full"), (50, "cap_round"), (128, "cap_round"), (149, "full"), (150, "cap_round")]
)
def test_a_round_number_of_records_looks_like_a_limit(n: int, expected: str) -> None:
    records = [meeting(at) for at in range(1, n + 1)]
    assert reason([seen(records, MemoryLand(), Evidence(), asked_n=500)]) == expected


@pytest.mark.parametrize(
    ("parties", "n_legs"),
    [
        ({"parties": [{"phone": "13800000001"}, {"phone": "13800000002"}]}, 2),
        ({"parties": [{"phone": "13800000001"}], "membernum": 60}, 1),  # what is listed is what a limit counts
        ({"membernum": 60}, 60),
        ({"memberNum": "60", "parties": []}, 60),
        ({"parties": 60}, 60),
        ({"detail": {"participant_count": 60.0}}, 60),
        ({"参会人数": "60"}, 60),
        ({"duration": 60, "membernum": "many", "users": None}, 0),
    ],
    ids=str,
)
def test_parties_that_are_told_as_a_number_are_counted_as_a_list_of_them_is(
    parties: dict[str, Any], n_legs: int
) -> None:
    record = {"meid": "m1", "starttime": "2026-03-05 09:00:00", **parties}
    answer = read_answer(json.dumps({"statusCode": "0", "data": [record, {**record, "meid": "m2"}]}).encode())
    facts = pull_facts(answer, normalize(answer.records, DEFAULT).meetings, 0)
    assert (facts.size.n_legs, facts.largest.n_legs) == (2 * n_legs, n_legs)


@pytest.mark.parametrize(("then", "is_longer"), [(100, True), (0, False)])
def test_an_answer_is_not_longer_by_parties_that_were_not_told_before(then: int, *, is_longer: bool) -> None:
    """Since then each record tells its parties: the limit that cut the first answer may still be met."""
    large, small = Bulk(10**6, 10**6, 1000), Bulk(10**5, 10**5, then)
    first = [meeting(n) for n in range(100, 400)]
    begun, ended = meeting(399).started_at, meeting(124).started_at
    assert begun
    assert ended
    before = Window(
        "full", ("p0",), NOW - 4 * DAY, begun, ended,
        oldest=begun, n_records=300, n_ids=300, size=small, largest=Bulk(500, 500, 3),
    )  # fmt: skip
    listed = [*TAIL[:99], *first]
    full = seen(listed, land_of(listed), asked_n=999, size=large)
    assert has_outgrown(before, full, DEFAULT_POLICY) is is_longer


def test_as_many_for_a_larger_question_is_the_end_and_fewer_is_a_limit() -> None:
    land = land_of(EVERYTHING[:120])
    same = [seen(TAIL, land, asked_n=n) for n in (200, 800)]
    assert reason(same) == "full"
    fewer = [same[0], seen(TAIL[:-1], land, asked_n=800)]
    assert reason(fewer) == "cap_fewer"


@pytest.mark.parametrize(("gone", "expected"), [(range(40, 46), "full"), (range(40, 80), "order_broken")])
def test_any_part_of_a_list_is_one_where_much_is_known_to_be_missing(gone: range, expected: str) -> None:
    land = land_of(EVERYTHING[:120])
    for n in gone:
        land.put(replace(land.of(f"m{n}"), is_exempt=True))
    here = [one for one in TAIL if one.meeting_id not in {f"m{n}" for n in gone}]
    assert reason([seen(here, land, asked_n=500)]) == expected


def test_a_window_goes_below_a_missing_record_only_when_the_sync_says_that_some_vanished() -> None:
    vanished = judged([one for one in TAIL if one.meeting_id != "m60"]).evidence.windows[-1]
    assert vanished.reason == "vanished"
    assert vanished.lower == meeting(149).started_at + timedelta(seconds=1)  # type: ignore[operator]
    unanchored = judged([one for one in TAIL[:60] if one.meeting_id != "m58"]).evidence.windows[-1]
    assert unanchored.reason == "unanchored"
    assert unanchored.lower > meeting(58).started_at  # type: ignore[operator]


def second(records: Sequence[Seen], at: datetime = NOW) -> Sighting:
    """A longer answer after one that held TAIL, in the same sync."""
    return seen(records, before=seen(TAIL), at=at)


@pytest.mark.parametrize(("n_hidden", "shows"), [(0, False), (1, False), (5, False), (14, False), (15, True)])
def test_a_longer_answer_shows_disorder_when_more_than_a_few_were_hidden_from_the_shorter(
    n_hidden: int, *, shows: bool
) -> None:
    hidden = [meeting(60)._replace(meeting_id=f"h{n}") for n in range(n_hidden)]
    sighting = second([*TAIL, *hidden, *(meeting(n) for n in range(150, 290))])
    assert sighting.comparison.shows_disorder == shows
    assert sighting.comparison.shows_order == (not n_hidden)


def test_what_is_young_for_either_answer_says_nothing_of_the_order() -> None:
    longer = [*TAIL, *(meeting(n) for n in range(150, 290))]
    young = meeting(20)._replace(meeting_id="young")
    assert second([young, *longer]).comparison.shows_order
    between = meeting(23)._replace(meeting_id="between")
    assert second([between, *longer], at=NOW + 3 * HOUR).comparison.shows_order
