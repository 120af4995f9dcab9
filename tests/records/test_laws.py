"""Whatever comes, nothing is lost and nothing raises but the errors that say so."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.effort import examples
from ytxdata.errors import AnswerError
from ytxdata.records import schema
from ytxdata.records.answer import read_answer
from ytxdata.records.merge import merge_answers
from ytxdata.records.normalize import normalize
from ytxdata.records.profile import drift, profile
from ytxdata.records.schema import to_pandas

T0 = datetime(2026, 1, 5, tzinfo=UTC)
KEYS = [
    *("meid", "confId", "name", "meetingname", "creator", "starttime", "endTime", "createtime", "duration", "status"),
    *(
        "bookmeeting",
        "oriamount",
        "tapesurl",
        "shownumber",
        "parties",
        "memberList",
        "phone",
        "memberJoinTime",
        "data",
        "list",
        "x",
    ),
]
WORDS = [
    "",
    " ",
    "m1",
    "m2",
    "15400000001",
    "010-00000003",
    "2026-01-05 10:00:00",
    "2026-13-05",
    "0",
    "NoTapes",
    "[",
    '{"a":1}',
    "\ud800",
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**9, 10**14)
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=6)
        | inner.map(json.dumps)
    ),
    max_leaves=30,
)
MEETING = st.fixed_dictionaries(
    {"meid": st.sampled_from(["m1", "m2", "m3"]) | SCALARS},
    optional={key: VALUES for key in KEYS if key != "meid"},
)


def check(bodies: list[bytes]) -> None:
    answers = [read_answer(body, asked_at=T0) for body in bodies]
    table = merge_answers(answers)
    counts = table.counts
    assert counts.received == sum(len(answer.records) for answer in answers)
    assert counts.received == counts.meetings + counts.rejected + counts.duplicates
    assert (table.meetings.num_rows, table.rejects.num_rows) == (counts.meetings, counts.rejected)
    assert table.meetings["meeting_id"].null_count == 0
    assert set(table.rejects["reason"].to_pylist()) <= set(schema.REJECT_REASONS)
    assert set(table.problems["reason"].to_pylist()) <= set(schema.PROBLEM_REASONS)
    assert set(table.legs["meeting_id"].to_pylist()) <= set(table.meetings["meeting_id"].to_pylist())
    for frame in table[:4]:
        to_pandas(frame)
    for answer in answers:
        answer._repr_html_()
        assert answer.data is None or answer.records is not None


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.slow
@given(st.lists(VALUES, min_size=1, max_size=3))
def test_any_json_in_data(values: list[Any]) -> None:
    check([dumps({"statusCode": "0", "data": value}).encode("utf-8", "surrogatepass") for value in values])


@pytest.mark.slow
@settings(max_examples=examples(50, 20))
@given(st.lists(st.lists(MEETING, max_size=5), min_size=1, max_size=3), st.sampled_from(["utf-8", "gb18030"]))
def test_anything_in_a_meeting(pulls: list[list[dict[str, Any]]], encoding: str) -> None:
    check([dumps({"statusCode": "0", "data": pull}).encode(encoding, "replace") for pull in pulls])


@pytest.mark.slow
@settings(max_examples=examples(50, 20))
@given(st.lists(MEETING, min_size=1, max_size=4), st.data())
def test_any_bytes_changed(records: list[dict[str, Any]], data: st.DataObject) -> None:
    body = bytearray(dumps({"statusCode": "0", "data": records}).encode("utf-8", "surrogatepass"))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(
            st.integers(0, 255) | st.sampled_from(list(b'{}[]",:\\ '))
        )
    with suppress(AnswerError):
        check([bytes(body)])


@pytest.mark.slow
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ 0a', max_size=60).map(str.encode))
@example(b"{")
@example(b'{"data":[{"meid":"1"},')
@example(b"[" * 50_000)
@example(b'{"data":' + b'{"a":' * 20_000)
@example(b'{"data":"' + b"\\" * 30_001 + b'"}')
@example(b'{"data":[' + b'{"a":"},' * 5_000 + b"]}")
@example(b'{"data":[' + b'{"meid":1,' * 20_000)
def test_any_bytes_at_all(body: bytes) -> None:
    with suppress(AnswerError):
        check([body])


@pytest.mark.slow
@given(st.lists(MEETING.map(dumps) | VALUES.map(dumps) | st.text(max_size=20), max_size=6))
def test_every_record_is_a_meeting_or_a_reject(texts: list[str]) -> None:
    raws = [text.encode("utf-8", "surrogatepass") for text in texts]
    tables = normalize(raws)
    assert sorted(tables.meetings["row"].to_pylist() + tables.rejects["row"].to_pylist()) == list(range(len(raws)))


@pytest.mark.slow
@settings(max_examples=examples(50, 15))
@given(st.lists(MEETING.map(dumps), max_size=6), st.lists(MEETING.map(dumps), max_size=6))
def test_any_records_can_be_profiled(before: list[str], after: list[str]) -> None:
    old, new = (profile([text.encode("utf-8", "surrogatepass") for text in texts]) for texts in (before, after))
    assert drift(old, old) == ()
    drift(old, new)
    assert json.loads(json.dumps(old.to_dict()))["n_records"] == len(before)
    assert old.to_markdown().encode("utf-8")
    assert old._repr_html_()
