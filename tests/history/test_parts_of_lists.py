"""Words and keys by which a list is of some meetings only, and lists in JSON that stand in something else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.history.bills import BODY, END, HEAD, held, read
from ytxdata.errors import UsageError
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.witness_check import hear, with_witnesses
from ytxdata.times import beijing_text

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
    "raw", [f"节选\n{HEAD}{BODY}{OWN}".encode(), json.dumps({"list": ROWS, "total": 2, "hasMore": True}).encode()]
)
def test_what_says_so_beside_the_lines_is_not_called_a_line(raw: bytes) -> None:
    """A title was `value 0`, and a key beside a list in JSON whatever number there were of them."""
    said = hear(read(raw), held(2)).text
    assert ("beside its lines (the list says" in said.en, "各行之外（清单说" in said.zh) == (True, True)


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


def proven(raw: str) -> list[tuple[str, str]]:
    """From when until when a list of March proves, by its words and nothing else."""
    said = hear(replace(read(raw.encode()), given_at=END), held(2))
    assert said.finding == "witnessed", said.text.en
    assert all(beijing_text(one) in said.text.en for one in (said.told_start, said.told_end) if one)
    told = with_witnesses(Certificate(), [said], END).periods
    return [(beijing_text(one.start)[5:16], beijing_text(one.end)[5:16]) for one in told]


MARCH = [("03-01 00:00", "04-01 08:00")]


@pytest.mark.parametrize(
    ("words", "end"),
    [
        *((one, "03-21 00:00") for one in (
            "统计周期：2026-03-01 至 2026-03-20", "账期：2026年3月1日-20日", "时间范围：,2026-03-01 00:00:00,至,2026-03-20 23:59:59",
            "Period: 2026-03-01 to 2026-03-20", "3月1日至20日会议清单", "2026年3月1日-3月20日会议", "统计周期：20260301-20260320",
            "查询时间：2026-03-01 00:00 ~ 2026-03-20 23:59", "Report period: 03/01/2026 - 03/20/2026",
        )),
        *((one, "03-20 08:00") for one in ("导出时间：2026-03-21 08:00", "Exported at 2026-03-21 08:00", "打印时间：,2026/3/21 8:00")),
        *((one, "03-20 00:00") for one in ("打印日期：2026-03-21", "数据截至2026-03-20 23:59:59", "（截至2026年3月20日）", "As of 2026-03-20")),
    ],
)  # fmt: skip
def test_a_list_proves_nothing_after_its_own_period_or_after_it_was_made(words: str, end: str) -> None:
    """Of a month whose rest the archive had lost, a list of its first days had proved all."""
    assert proven(f"{words}\n{HEAD}{BODY}{OWN}") == [("03-01 00:00", end)]
    if "," not in words:
        assert proven(f"{HEAD}{BODY}{OWN}{words}\n") == [("03-01 00:00", end)]


def test_a_list_proves_nothing_before_its_own_period() -> None:
    later = BODY.replace("2026/3/1", "2026/3/11")
    raw = f"统计周期：2026-03-10 至 2026-04-02\n{HEAD}{later}{OWN}".encode()
    archived = [replace(one, started_at=one.started_at and one.started_at.replace(day=11)) for one in held(2)]
    said = hear(replace(read(raw), given_at=END), archived)
    (period,) = with_witnesses(Certificate(), [said], END).periods
    assert beijing_text(period.start) == "2026-03-10 00:00:00"
    assert type(said).from_dict(json.loads(json.dumps(said.to_dict()))) == said


@pytest.mark.parametrize(
    "words",
    ["统计周期：2026-03-01 至 2026-04-01", "账期：2026年2月26日-4月5日", "Report period: 03/01/2026 - 04/01/2026", "导出时间：2026-04-02 08:00",
     "付款期限：2026-03-05 至 2026-03-20", "上期：2026-02-01 至 2026-02-28", "请于3月10日-3月20日内缴费", "优惠活动时间：2026-03-01 至 2026-03-20",
     "打印日期：2026-04-02", "客服时间：9:00-18:00", "日报表 2026-03-01"],
)  # fmt: skip
def test_days_that_leave_nothing_of_the_month_out_change_nothing(words: str) -> None:
    assert proven(f"{words}\n{HEAD}{BODY}{OWN}") == MARCH
    assert proven(f"{HEAD}{BODY}{OWN}{words}\n") == MARCH


@pytest.mark.parametrize(
    ("beside", "end"),
    [
        ({"startDate": "2026-03-01", "endDate": "2026-03-20"}, "03-21 00:00"),
        ({"query": {"beginTime": "2026-03-01 00:00:00", "endTime": "2026-03-20 23:59:59"}}, "03-21 00:00"),
        ({"params": {"from": 1772294400000, "to": 1774022400000}}, "03-21 00:00"),
        ({"period": "2026-03-01 ~ 2026-03-20"}, "03-21 00:00"),
        ({"exportedAt": "2026-03-21T08:00:00+08:00"}, "03-20 08:00"),
        ({"startDate": "2026-03-01", "endDate": "2026-04-01", "exportedAt": "2026-04-02 08:00"}, "04-01 08:00"),
        ({"company": {"startDate": "2020-01-01", "endDate": "2026-03-20"}}, "04-01 08:00"),
    ],
)
def test_a_list_of_json_proves_nothing_outside_what_it_was_asked_for(beside: dict[str, Any], end: str) -> None:
    assert proven(json.dumps({"total": 2, "list": ROWS, **beside})) == [("03-01 00:00", end)]


ABOVE = (
    "客户编号,20038812", "客户名称,某某公司", "账期,2026-03", "导出时间,2026-04-02 10:22:31", "导出人,admin", "总条数,2", "上期余额,100.00",
    "时间范围,2026-03-01 00:00:00 ~ 2026-03-31 23:59:59",
)  # fmt: skip


@pytest.mark.parametrize("above", [ABOVE[:3], ABOVE[3:6], ABOVE[5:8], *((one,) for one in ABOVE)])
def test_names_and_what_they_are_above_the_columns_are_a_heading(above: tuple[str, ...]) -> None:
    raw = "".join(f"{one}\n" for one in above) + HEAD + BODY + OWN
    assert [(one.meeting_id, one.duration_s) for one in read(raw.encode()).lines] == [("m0", 1800), ("m1", 1800)]
    assert hear(replace(read(raw.encode()), given_at=END), held(2)).finding == "witnessed"


@pytest.mark.parametrize(
    "above",
    ["董事会,2026-03-13 20:10", "会议编号,8001", "会议室编号,8001", "8001,1800", "董事会,1.50", "例会,2026-03-13"],
)
def test_what_may_be_a_meeting_above_the_columns_is_no_heading(above: str) -> None:
    try:
        said = hear(replace(read(f"{above}\n{HEAD}{BODY}{OWN}".encode()), given_at=END), held(2))
    except UsageError:
        return
    assert said.finding != "witnessed", said.text.en
