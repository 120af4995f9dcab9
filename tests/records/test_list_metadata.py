"""What describes the list beside it is no meeting, no doubt and no reject; what may be a record is never silent."""

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


@pytest.mark.parametrize("n", [0, 1, 3, 9])
@pytest.mark.parametrize(
    "said",
    [
        {"footer": [{"name": "合计", "duration": 22302}]},
        {"facets": {"state": [{"value": "已结束", "count": 9}]}},
        {"columns": [{"key": "meid", "title": "会议编号", "width": 120}]},
        {"notices": [{"title": "维护通知", "time": "2026-03-10 02:00:00"}]},
        {"aggregations": {"d": {"buckets": [{"key": 1772668800000, "key_as_string": "2026-03-05", "doc_count": 3}]}}},
        {"included": [{"type": "users", "id": "7", "attributes": {"name": "王芳"}}]},
        {"hydra:search": {"@type": "T", "hydra:mapping": [{"@type": "M", "variable": "page", "required": False}]}},
    ],
)
def test_what_frameworks_list_beside_meetings_is_no_reject(said: dict[str, Any], n: int) -> None:
    """Each was a reject with every answer, also of an account that had no meeting."""
    for body in ({"data": RECORDS[:n], **said}, {"data": {"list": RECORDS[:n], **said}}):
        assert counts({"statusCode": "0", **body}) == (n, 0, False)


@pytest.mark.parametrize(
    "said",
    [
        {"footer": [{"name": "合计", "begin": "2026-03-10 02:00:00"}]},
        {"facets": [{"roomNo": "20260305"}]},
        {"columns": [{"key": "会议编号", "value": "2026-03-10 02:00:00"}]},
        {"notices": [{"roomNo": "9", "time": "2026-03-10 02:00:00"}]},
        {"buckets": [{"roomNo": "9", "doc_count": 1}]},
        {"included": [{"type": "meetings", "id": "7", "begin": "2026-03-10 02:00:00"}]},
        {"included": [{"type": "users", "id": "7", "talks": [{"roomNo": "1", "begin": "2026-03-10 02:00:00"}]}]},
        {"included": [{"meid": "7", "parties": [{"phone": "15400000002"}]}]},
    ],
)
def test_what_may_be_a_meeting_in_such_a_list_is_told(said: dict[str, Any]) -> None:
    for n in (0, 3):
        meetings, rejects, _ = counts({"statusCode": "0", "data": RECORDS[:n], **said})
        assert meetings + rejects == n + 1


@pytest.mark.parametrize(
    "body",
    [
        {"responseHeader": {"status": 0, "QTime": 2, "params": {"q": "*:*"}}, "response": {"numFound": 0, "docs": []}},
        {"@id": "/m", "@type": "hydra:Collection", "hydra:totalItems": 0, "hydra:member": []},
        {"docs": [], "totalDocs": 0, "limit": 50, "page": 1, "totalPages": 1, "pagingCounter": 1, "hasNextPage": False},
        {"kind": "m#list", "etag": '"x"', "items": []},
        *(
            {"statusCode": "0", "data": said}
            for said in ("没有查询到会议记录", "No records found.", "未查询到相关数据")
        ),
        {"statusCode": "0", "data": {"message": "no records"}},
    ],
)
def test_an_account_without_meetings_has_no_reject(body: dict[str, Any]) -> None:
    assert counts(body) == (0, 0, False)


@pytest.mark.parametrize(
    "said", ["没有权限查询会议记录", "无法读取数据", "no records could be read", {"message": "系统维护"}]
)
def test_what_does_not_say_that_there_is_none_is_a_reject(said: Any) -> None:
    assert counts({"statusCode": "0", "data": said})[1] == 1
