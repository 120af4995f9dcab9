"""Words and keys by which a list is of some meetings only, and lists in JSON that stand in something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.history.bills import BODY, HEAD, held, read
from ytxdata.errors import UsageError
from ytxdata.history.proof.witness_check import hear

OWN = "合计 2 场,,,\n"
ROWS: list[dict[str, Any]] = [
    {"meetingId": f"m{i}", "startTime": f"2026-03-01 {8 + i:02}:00:00", "duration": 1800} for i in range(2)
]


def finding(body: Any) -> str:
    return hear(read(json.dumps(body).encode()), held(2)).finding


@pytest.mark.parametrize(
    "words",
    ["本表不含内部会议", "不含免费会议", "其他会议详见附件2", "仅列示计费会议", "Internal meetings excluded", "Only billable meetings are listed",
     "会议清单（节选）", "筛选条件：部门=市场部", "Excerpt from meeting list", "Filtered by: host = 15400000001", "更多会议请分页导出"],
)  # fmt: skip
def test_a_list_that_says_it_is_of_some_meetings_proves_nothing(words: str) -> None:
    """With a total of its own lines beside that it proved the month of all."""
    assert hear(read(f"{HEAD}{BODY}{OWN}{words}\n".encode()), held(2)).finding == "unread"
    assert hear(read(f"{words}\n{HEAD}{BODY}{OWN}".encode()), held(2)).finding == "unread"


@pytest.mark.parametrize(
    "words",
    ["以上金额不含税", "不含会议室租金", "费用不含会议费", "筛选条件：日期=2026-03", "筛选条件：全部", "Filter: all", "Filtered by date: 2026-03-01 to 2026-03-31",
     "Fees exclude VAT", "如需其他会议明细请联系客服", "会议清单", "Only meetings of this account may be billed", "仅供内部使用", "本清单包含全部会议"],
)  # fmt: skip
def test_words_that_leave_no_meeting_out_are_notes(words: str) -> None:
    assert hear(read(f"{HEAD}{BODY}{OWN}{words}\n".encode()), held(2)).finding == "witnessed"
    assert hear(read(f"{words}\n{HEAD}{BODY}{OWN}".encode()), held(2)).finding == "witnessed"


@pytest.mark.parametrize(
    ("beside", "right"),
    [
        ({"omittedIds": ["c1"]}, "unread"),
        ({"filter": {"department": "市场部"}}, "unread"),
        ({"tip": "更多会议请分页导出"}, "unread"),
        ({"excluded": 2}, "unread"),
        ({"omittedIds": [], "filter": {"from": "2026-03-01", "to": "2026-03-31"}, "excluded": 0}, "witnessed"),
        ({"filter": None, "query": {"department": ""}, "columns": ["meetingId", "startTime"]}, "witnessed"),
        ({"filters": {"status": "all", "department": "全部"}}, "witnessed"),
    ],
)
def test_what_stands_beside_a_list_of_json_may_leave_meetings_out(beside: dict[str, Any], right: str) -> None:
    assert finding({"total": 2, "list": ROWS, **beside}) == right
    assert finding({"code": 0, "data": {"total": 2, "list": ROWS, **beside}}) == right


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({"code": 200, "message": "success", "data": {"total": 2, "pageNum": 1, "list": ROWS}}, "witnessed"),
        ({"code": 200, "data": {"total": 3, "list": ROWS}}, "total_differs"),
        ({"code": 200, "total": 3, "data": {"total": 2, "list": ROWS}}, "total_differs"),
        ({"result": {"data": {"total": 2, "items": ROWS}}}, "witnessed"),
        ({"data": {"total": 2, "list": ROWS, "more": ROWS[:1]}}, "unread"),
        ({"data": {"list": ROWS}}, "no_total"),
        ({"total": 2, "rooms": [{"roomId": f"r{i}", "meetings": [row]} for i, row in enumerate(ROWS)]}, "witnessed"),
        ({"total": 2, "rooms": [{"roomId": "r", "meetings": ROWS}, {"roomId": "s", "meetings": []}]}, "witnessed"),
        ({"total": 2, "rooms": [{"roomId": "r", "total": 3, "meetings": ROWS}]}, "unread"),
        ({"total": 3, "rooms": [{"roomId": "r", "meetings": ROWS}]}, "total_differs"),
        ({"total": 2, "days": {"2026-03-01": ROWS[:1], "2026-03-02": ROWS[1:]}}, "witnessed"),
        ({"total": 3, "days": {"2026-03-01": ROWS[:1], "2026-03-02": ROWS[1:]}}, "total_differs"),
        ({"total": 2, "days": [{"date": "2026-03-01", "meetings": ROWS}]}, "witnessed"),
    ],
)
def test_a_list_of_json_is_read_where_it_stands(body: Any, right: str) -> None:
    """An ordinary answer was refused as one without a list of objects."""
    assert finding(body) == right


def test_json_lines_are_a_list() -> None:
    raw = "\n".join(map(json.dumps, ROWS))
    assert hear(read(raw.encode()), held(2)).n_found == 2
    with pytest.raises(UsageError):
        read(f'{raw}\n{{"meetingId": '.encode())


def test_a_day_of_the_week_may_stand_before_the_clock() -> None:
    told = BODY.replace("2026/3/1 ", "2026-03-01（周日） ")
    assert hear(read(f"{HEAD.replace('会议编号', '会议室号')}{told}{OWN}".encode()), held(2)).finding == "witnessed"
