"""Answers that hold no meeting: nothing is said of them, and an empty list hides none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.records.accounted import doubts
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.merge import merge_answers

WithData = Callable[[str], Answer]

SAID = {"code": 200, "msg": "查询成功"}
PAGED = {"startRow": 0, "endRow": 0, "prePage": 0, "navigatePages": 8, "navigatepageNums": [], "isLastPage": True}
SORTED = {"sorted": False, "unsorted": True, "empty": True}


@pytest.mark.parametrize(
    "body",
    [
        {"creator": "15400000001", "starttime": "2026-01-01 00:00:00", "endtime": "2026-02-01 00:00:00"},
        {"data": [], "creator": "15400000001", "starttime": "2026-01-01 00:00:00", "name": "技术部"},
        {"result": {"perDay": [3, 4, 5], "labels": ["2026-01-05", "20260106"]}},
        {"result": [], "hints": ["no such account"], "tags": ["a", "b"], "matrix": [[1, 2], [3, 4]]},
        {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "sign": "ab" * 64, "notice": "系统将于周五维护，" * 30},
        {"data": [], "token": "eyJhbGciOiJIUzI1NiJ9" * 12, "params": {"ids": ["15400000001"]}},
        {
            "stats": {"n": 3, "since": "2026-01-01 00:00:00"},
            "page": {"no": 1, "size": 20},
            "query": {"ids": ["123456789"]},
        },
    ],
)
def test_an_answer_that_holds_nothing_is_quiet(body: dict[str, Any]) -> None:
    answer = read_answer(json.dumps({"statusCode": "0", **body}).encode())
    assert (answer.records, doubts(answer), answer.is_doubtful) == ((), [], False)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"total": 0, "list": [], "pages": 0, **PAGED}},
        {"data": {"records": [], "total": 0, "orders": [], "optimizeCountSql": True, "searchCount": True}},
        {"data": {"content": [], "totalElements": 0, "sort": SORTED, "pageable": "INSTANCE", "empty": True}},
        {"data": {"content": [], "last": True, "pageable": {"sort": SORTED, "offset": 0, "paged": True}}},
        {
            "current_page": 1,
            "data": [],
            "links": [{"url": None, "label": "1", "active": True}],
            "path": "x",
            "total": 0,
        },
        {**SAID, "page": {"totalCount": 0, "currPage": 1, "list": []}},
        {**SAID, "rows": [], "total": 0},
        {**SAID, "result": {"records": [], "hitCount": False}},
        {"data": {"list": [], "queryTime": "2026-01-05 10:00:00"}},
        {"data": {"confid": "", "appid": "abc", "list": []}},
        {"data": {"accountSid": "abc", "meetings": []}},
        {"data": {"meetings": [], "members": []}},
        {"data": {"confid": "8001", "list": []}},
        {"data": {"confid": "8001", "name": "一号", "total": 0, "meetings": []}},
        {"data": {"list": {"@count": "0"}}},
        {"$id": "1", "data": {"$id": "2", "$values": []}},
        *({"data": nothing} for nothing in ("暂无数据", "None", "NULL", "-", False, 0, [None])),
    ],
)
def test_an_empty_list_is_nothing_whatever_a_framework_says_of_it(body: dict[str, Any]) -> None:
    for one in (body, {"statusCode": "0", **body}, {"statusCode": "0", "result": body}):
        answer = read_answer(json.dumps(one).encode())
        assert (answer.records, answer.warnings, answer.is_doubtful) == ((), (), False)


@pytest.mark.parametrize(
    ("data", "n_rejected"),
    [
        ({"conf_no": "8001", "opened": "2026-01-05 10:00:00", "attending": []}, 1),
        ({"starttime": "2026-01-05 10:00:00", "parties": []}, 1),
        ({"duration": 60, "list": []}, 1),
        ({"starttime": "2026-01-05 10:00:00", "list": []}, 1),
        ({"creator": "15400000001", "phones": [], "conf_no": "7"}, 1),
        ({"meid": "m1", "creator": "1", "duration": 60, "list": []}, 0),
        ({"meid": "m1", "creator": "1", "booktime": "2026-01-05 10:00:00", "list": []}, 0),
        ({"meid": "m1", "starttime": "2026-01-05 00:00:00", "endtime": "2026-01-05 00:40:00", "list": []}, 0),
        ({"meid": "m1", "creator": "1", "list": [], "parties": [{"phone": "15400000001"}]}, 0),
        ({"meid": "m1", "creator": "1", "recordings": []}, 0),
        ({"meid": "m1", "creator": "1", "parties": []}, 0),
        ({"list": [], "conf": {"roomNo": "1", "begin": "2026-01-05 10:00:00"}}, 1),
        ({"list": [], "page": {"roomNo": "1", "begin": "2026-01-05 10:00:00"}}, 1),
        ([{"conf_no": "8001", "list": []}], 1),
        ([None, None], 2),
        ("系统维护", 1),
        ({"meid": "m1", "parties": []}, 0),
        ({"meid": "m1", "opened": "2026-01-05 10:00:00", "records": []}, 0),
        ({"meid": "m1", "starttime": "2026-01-05 10:00:00", "list": []}, 0),
    ],
)
def test_an_empty_list_hides_no_meeting(answer_with: WithData, data: object, n_rejected: int) -> None:
    counts = merge_answers([answer_with(json.dumps(data))]).counts
    assert counts[:4] == (max(n_rejected, 1), not n_rejected, n_rejected, 0)
