"""An id is what one sees of it: without unseen edges, never nothing, and told with the key it stood under."""

from __future__ import annotations

import json

import pytest

from tests.records.test_unread_parties import meeting, tables
from ytxdata.records.answer import read_answer
from ytxdata.records.merge import merge_answers

EDGES = [" ", "\n", "\u00a0", "\ufeff", "\u200b", "\u200e", "\0", "\u3000", "\u00ad \t"]


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("n_padded", [1, 6])
def test_what_nobody_sees_at_the_edges_of_an_id_makes_no_second_meeting(edge: str, n_padded: int) -> None:
    plain = [meeting(i) for i in range(6)]
    for form in ("{0}{1}", "{1}{0}", "{0}{1}{0}"):
        padded = [
            {**one, "meid": form.format(edge, one["meid"])} if i < n_padded else one for i, one in enumerate(plain)
        ]
        answers = [read_answer(json.dumps({"statusCode": "0", "data": data}).encode()) for data in (plain, padded)]
        found = merge_answers(answers)
        assert found.meetings["meeting_id"].to_pylist() == [one["meid"] for one in plain]
        assert set(found.legs["meeting_id"].to_pylist()) == {one["meid"] for one in plain}


@pytest.mark.parametrize("edge", EDGES)
def test_unseen_edges_of_a_key_that_is_an_id_are_no_other_meeting(edge: str) -> None:
    inner = {key: value for key, value in meeting(1).items() if key != "meid"}
    data = [{key: inner} for key in ("20260105090000000001", f"20260105090000000001{edge}")]
    found = merge_answers([read_answer(json.dumps({"statusCode": "0", "data": one}).encode()) for one in data])
    assert found.meetings["meeting_id"].to_pylist() == ["20260105090000000001"]


def test_an_id_of_nothing_that_is_seen_is_none() -> None:
    found = tables(meeting(0), meeting(1, meid="\u200b\ufeff"))
    assert (found.meetings.num_rows, found.rejects["reason"].to_pylist()) == (1, ["no_id"])


def test_records_in_a_list_under_an_id_name_the_key_they_stood_under() -> None:
    one = {"creator": "15400000001", "starttime": "2026-01-05 10:00:00"}
    data = {"2025030110000000001": [one, {**one, "duration": 5}], "2025030110000000002": [one]}
    found = merge_answers([read_answer(json.dumps({"statusCode": "0", "data": data}).encode())])
    assert found.rejects["reason"].to_pylist() == ["no_id"] * 3
    assert [detail.split(" (")[1] for detail in found.rejects["detail"].to_pylist()] == [
        "$.data.2025030110000000001[0])",
        "$.data.2025030110000000001[1])",
        "$.data.2025030110000000002[0])",
    ]
