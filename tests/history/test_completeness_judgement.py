"""What is claimed after one answer: what it proves, leaves open, and takes back."""

from __future__ import annotations

from dataclasses import replace

from tests.history.one_answer import DAY, EVERYTHING, JOINS, NOW, TAIL, judged, land_of, meeting, pull, reason_at
from ytxdata.history.proof.evidence import Evidence
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import Reading


def test_an_anchored_answer_extends_what_was_proven_up_to_the_settling_time() -> None:
    judgement = judged(TAIL)
    assert [one.verdict for one in judgement.periods] == ["PROVEN", "PROBABLE"]
    assert judgement.periods[0].end == NOW.replace(microsecond=0) - DAY
    assert judgement.periods[1].reason_key == "settling"


def test_the_first_anchored_answer_is_followed_by_a_longer_one_that_shows_the_order() -> None:
    evidence = replace(judged(TAIL).evidence, order_shown=False, joins_at=JOINS.joins_at, last_asked_at=NOW - DAY)
    longer = [meeting(n) for n in range(1, 299)]
    for second, proves in ((longer, True), ([meeting(0), *longer[:40], meeting(-1000), *longer[41:]], False)):
        reading = Reading(land_of(EVERYTHING), evidence, NOW)
        reading.take(pull(TAIL))
        assert reading.ask == 2 * len(TAIL)
        assert "anchored" not in [one.reason for one in reading.result().evidence.windows[1:]]
        reading.take(pull(second, asked_n=2 * len(TAIL)))
        assert not reading.ask
        assert reading.result().evidence.order_shown == proves


def test_nothing_is_proven_over_a_rejected_record() -> None:
    assert reason_at(judged(TAIL, n_rejected=1, asked_n=len(TAIL) + 1), 36) == "rejected"


def test_nothing_is_proven_over_an_answer_that_says_it_holds_another_number() -> None:
    assert reason_at(judged(TAIL, is_doubtful=True), 36) == "doubtful"
    assert reason_at(judged(TAIL), 36) == "anchored"


def test_nothing_is_proven_where_a_new_meeting_of_an_id_is_listed_in_place_of_the_one_before() -> None:
    again = meeting(3)._replace(meeting_id="m300", record_hash="again")
    judgement = judged([*TAIL, again])
    assert reason_at(judgement, 36) == "collision"
    assert [note.meeting_ids for note in judgement.notes if note.key == "collision"] == [("m300",)]
    assert (
        reason_at(judged([*TAIL, again, meeting(200)._replace(meeting_id="m300", record_hash="other")]), 36)
        != "collision"
    )


def test_nothing_is_proven_when_many_records_have_no_start() -> None:
    odd = [meeting(2)._replace(meeting_id=f"x{n}", started_at=None) for n in range(30)]
    assert reason_at(judged([*odd, *TAIL]), 36) == "no_start"


def test_an_answer_that_does_not_reach_the_last_window_leaves_a_named_gap() -> None:
    judgement = judged([meeting(n) for n in range(1, 25)], asked_n=100)
    gap = next(one for one in judgement.periods if one.verdict == "GAP")
    assert gap.start == NOW - 2 * DAY
    assert gap.end > meeting(24).started_at  # type: ignore[operator]
    assert "gap" in [note.key for note in judgement.notes]


def test_an_empty_answer_over_a_full_archive_is_a_gap() -> None:
    judgement = judged([], asked_n=100)
    assert judgement.periods[-1].reason_key == "empty"
    assert judgement.periods[-1].end == NOW


def test_a_broken_order_is_a_gap_since_the_last_window() -> None:
    judgement = judged([meeting(n) for n in range(300, 400)])
    assert judgement.periods[-1].reason_key == "order_broken"
    assert "order" in [note.key for note in judgement.notes]


def test_a_late_arrival_in_a_proven_period_revokes_it_and_names_the_record() -> None:
    late = meeting(90)._replace(meeting_id="late", record_hash="late")
    judgement = judged([*TAIL, late])
    assert "PROVEN" not in [one.verdict for one in judgement.periods]
    assert reason_at(judgement, 200) == "unreliable"
    assert next(note.meeting_ids for note in judgement.notes if note.key == "late") == ("late",)


def test_a_longer_settling_time_than_the_latest_arrival_makes_lists_reliable_again() -> None:
    from ytxdata.history.proof.certificate import certify

    late = meeting(90)._replace(meeting_id="late", record_hash="late")
    evidence = judged([*TAIL, late]).evidence
    patient = replace(DEFAULT_POLICY, settle=4 * DAY)
    proven = [one for one in certify(evidence, patient).periods if one.verdict == "PROVEN"]
    assert proven[-1].end == NOW - 4 * DAY


def test_a_late_arrival_in_the_settling_time_is_no_alarm() -> None:
    late = meeting(40)._replace(meeting_id="late", record_hash="late")
    assert not judged([*TAIL, late]).evidence.doubts


def test_a_vanished_record_that_comes_back_makes_lists_unreliable() -> None:
    land = land_of([*TAIL, *EVERYTHING])
    land.put(replace(land.of("m120"), is_exempt=True))
    before = judged(TAIL).evidence
    reading = Reading(land, before, NOW)
    reading.take(pull(TAIL))
    result = reading.result()
    assert result.reappeared == ("m120",)
    assert "late" not in [note.key for note in result.notes]
    assert "PROVEN" not in [one.verdict for one in result.periods]


def test_evidence_survives_json_unchanged() -> None:
    import json

    late = meeting(90)._replace(meeting_id="late", record_hash="late")
    evidence = judged([*TAIL, late]).evidence
    assert Evidence.from_dict(json.loads(json.dumps(evidence.to_dict()))) == evidence
