"""What is judged in bulk is judged as the rules would, one by one."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archive.conftest import body, record
from ytxdata.archive.changes import Intake
from ytxdata.archive.known_meetings import MeetingRecord, RejectIndex, Twins, VersionIndex
from ytxdata.archive.raw_answers import unfold
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer, read_answer

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


class OneByOne(Intake):
    """An intake that takes every record through the rules."""

    def _all_new(self, call: Answer, rows: list[MeetingRecord]) -> dict[int, int]:
        return {}

    def _at_a_glance(self, call: Answer, row: MeetingRecord, twins: Twins) -> int | None:
        return None


def told(i: int, hour: int, state: str) -> Any:
    """A record: its id, when it began, and whether it has ended, runs, or is none."""
    start = {"starttime": f"2026-01-05 {hour:02}:00:00"}
    end = {"endtime": f"2026-01-05 {hour:02}:50:00" if state == "ended" else ""}
    return b'{"no":%d}' % hour if state == "broken" else record(i, **start, **end)


RECORDS = st.builds(told, st.integers(0, 5), st.integers(8, 10), st.sampled_from(["ended", "ended", "runs", "broken"]))
ANSWERS = st.lists(st.tuples(st.integers(0, 3), st.lists(RECORDS, max_size=8)), min_size=1, max_size=4)
"""Answers of one sync, each with the day it was asked on: the clock may go back between two."""


def answer(day: int, records: list[Any]) -> Answer:
    return read_answer(body(records, "array"), asked_at=NOON + timedelta(days=day), asked_n=100)


def outcome(intake: Intake) -> tuple[Any, ...]:
    """What an intake comes to, told without the numbers of its observations: in which order they come is no judgement."""
    digests: dict[int | None, bytes] = {-1 - place: one.record_hash for place, one in enumerate(intake.fresh)}
    fresh = [
        (
            one.raw, one.record_hash, one.pull_id, one.position, one.asked_at,
            one.version and (*one.version[1:10], digests.get(one.version.replaces)),
            one.replaces and (digests[one.replaces.obs], one.replaces.is_believed),
        )
        for one in intake.fresh
    ]  # fmt: skip
    listed = [[digests[number] for number in taken.envelope.numbers.tolist()] for taken in intake.taken]
    rows = {
        name: sorted(str(row) for piece in pieces for row in _rows(piece)) for name, pieces in intake.derived.items()
    }
    return Counter(map(str, fresh)), intake.tally, listed, intake.is_late, rows


def _rows(piece: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = piece.drop_columns(["fresh"]).to_pylist()
    return rows


@pytest.mark.slow
@given(ANSWERS)
def test_in_bulk_and_one_by_one_come_to_the_same(asked: list[tuple[int, list[Any]]]) -> None:
    intakes = [kind(VersionIndex(None), RejectIndex(None), DEFAULT) for kind in (Intake, OneByOne)]
    for day, records in asked:
        one, other = (intake.take(answer(day, records)) for intake in intakes)
        assert one == other
    assert outcome(intakes[0]) == outcome(intakes[1])


@pytest.mark.slow
@given(ANSWERS)
def test_every_answer_can_be_put_together_again(asked: list[tuple[int, list[Any]]]) -> None:
    intake = Intake(VersionIndex(None), RejectIndex(None), DEFAULT)
    for day, records in asked:
        intake.take(answer(day, records))
        envelope = intake.taken[-1].envelope
        raws = [intake.fresh[-1 - number].raw for number in envelope.numbers.tolist()]
        assert b"".join(unfold(envelope, raws)) == answer(day, records).raw


@pytest.mark.parametrize("form", ["plain", "gb18030", "string", "string-ascii", "string-gb18030"])
def test_an_answer_is_kept_without_its_records_whatever_form_these_have(form: str) -> None:
    records = json.dumps([{"meid": f"m{i}", "meetingname": f"周会 😀 {i}"} for i in range(9)], ensure_ascii=False)
    data = json.dumps(records, ensure_ascii="ascii" in form) if form.startswith("string") else records
    raw = f'{{"statusCode":"0","data":{data}}}'.encode("gb18030" if form.endswith("gb18030") else "utf-8")
    intake = Intake(VersionIndex(None), RejectIndex(None), DEFAULT)
    intake.take(read_answer(raw, asked_at=NOON, asked_n=100))
    envelope = intake.taken[-1].envelope
    assert envelope.form == form
    assert len(envelope.numbers) == 9
    assert len(envelope.gaps) < 90
