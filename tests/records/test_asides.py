"""What stands beside a list and describes it is no meeting, no doubt and no reject; what may be a record is never silent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ytxdata.records.answer import read_answer
from ytxdata.records.merge import merge_answers

RECORDS = [
    {
        "meid": f"20260305000{i}",
        "meetingname": "周例会",
        "creator": "15400000001",
        "starttime": f"2026-03-05 0{i}:00:12",
        "endtime": f"2026-03-05 0{i}:41:30",
        "duration": 2478,
        "parties": [],
    }
    for i in range(9)
]


def counts(body: dict[str, Any]) -> tuple[int, int, bool]:
    """Return how many meetings and rejects an answer gives, and whether it is doubtful."""
    answer = read_answer(json.dumps(body, ensure_ascii=False).encode())
    told = merge_answers([answer]).counts
    return told[1], told[2], answer.is_doubtful


@pytest.mark.parametrize("n", [0, 1, 3, 9])
@pytest.mark.parametrize(
    "said",
    [
        {"headers": {"meid": "会议编号", "meetingname": "会议名称", "starttime": "开始时间"}},
        {"labels": {"confid": "会议号", "confname": "会议名"}},
        {"orderBy": {"starttime": "desc", "meid": "asc"}},
        {"sort": {"starttime": -1, "meid": 1}},
        {"schema": {"meid": "varchar(64)", "starttime": "datetime", "duration": "int"}},
        {"request": {"confid": "8800", "meetingcount": 10, "creator": "15400000001"}},
        {"params": {"confid": "8800", "starttime": "2026-03-01 00:00:00", "endtime": "2026-03-31 00:00:00"}},
        {"filter": {"meid": "8800", "starttime": "2026-03-01 00:00:00", "states": [1, 2]}},
    ],
)
def test_words_of_columns_and_a_repeated_question_are_no_meeting(said: dict[str, Any], n: int) -> None:
    """Each gave a meeting: one of thirty days, one whose id was `asc`."""
    for body in ({"data": RECORDS[:n], **said}, {"data": {"list": RECORDS[:n], **said}}, {"rows": RECORDS[:n], **said}):
        assert counts({"statusCode": "0", **body}) == (n, 0, False)


@pytest.mark.parametrize(
    "body",
    [
        {"params": RECORDS[0]},
        {"data": RECORDS[1:3], "params": RECORDS[0]},
        {"data": [], "request": {**RECORDS[0], "parties": [{"phone": "15400000002"}]}},
        {"data": [], "query": {key: RECORDS[0][key] for key in ("meid", "starttime", "duration")}},
        {"data": [], "headers": {key: RECORDS[0][key] for key in ("meid", "starttime")}},
        {"data": [], "order": RECORDS[0]},
        {"data": [], "schema": {"meid": "m1", "parties": [{"phone": "15400000002"}]}},
        {"params": {key: RECORDS[0][key] for key in ("meid", "starttime", "endtime")}},
    ],
)
def test_a_meeting_under_such_a_word_is_one(body: dict[str, Any]) -> None:
    n_beside = len(body.get("data", []))
    assert counts({"statusCode": "0", **body})[0] == n_beside + 1


@pytest.mark.parametrize("n", [0, 1, 3, 9])
@pytest.mark.parametrize(
    "said",
    [
        {"errors": [{"code": 0, "message": "ok"}]},
        {"errors": {"code": "0", "msg": "成功"}},
        {"errors": [{"code": "SUCCESS", "message": "查询成功"}]},
        {"meta": {"totalItems": "N", "sortBy": [["startTime", "DESC"]]}},
        {"paging": {"count": 50, "total": "N", "page": 1, "pages": 1}},
        {"nextLink": "#"},
        {"next": "javascript:void(0)"},
        {"page": 1, "pages": 1, "nextPage": 2},
    ],
)
def test_what_says_that_all_is_well_is_no_doubt(said: dict[str, Any], n: int) -> None:
    said = json.loads(json.dumps(said).replace('"N"', str(n)))
    assert counts({"statusCode": "0", "data": RECORDS[:n], **said}) == (n, 0, False)


@pytest.mark.parametrize(
    "said",
    [
        {"errors": [{"code": 0, "message": "shard 3 timed out"}]},
        {"errors": [{"code": "0", "message": "ok"}, "未成功"]},
        {"meta": {"totalItems": 12, "sortBy": [["startTime", "DESC"]]}},
        {"paging": {"count": 50, "total": 12, "page": 1, "pages": 1}},
        {"count": 50, "total": 9},
        {"count": 50, "page": 1, "pages": 1},
        {"page": 1, "pages": 2, "nextPage": 2},
        {"nextPage": 2},
        {"nextLink": "/x#2"},
        {"remaining": 99},
        {"total": 9, "remaining": 99},
        {"page": 1, "pageCount": 1, "nextPage": 2},
        {"confCount": 99},
        {"finished": False},
    ],
)
def test_what_may_say_that_some_is_missing_is_a_doubt(said: dict[str, Any]) -> None:
    assert counts({"statusCode": "0", "data": RECORDS, **said}) == (9, 0, True)
