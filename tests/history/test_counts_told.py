"""How many meetings or lines a list says that it has, wherever it says so: each must hold, and one that does is its
own total."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.history.bills import held, read
from tests.history.test_unread_lists import workbook
from ytxdata.history.proof.witness_check import hear

N = 6
HEAD = ["会议编号", "会议名称", "开始时间", "时长（秒）"]
BODY = [[f"m{i}", "周会", f"2026-03-01 {8 + i:02}:00:00", 1800] for i in range(N)]
TOTAL = [["合计 6 场"]]


def finding(*rows: Sequence[object]) -> str:
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    said = hear(read(text.encode()), held(N))
    return said.finding


STATED = (
    ["总记录数：{}"], ["记录数：", "{}"], ["会议总数", "{}"], ["会议场次：{}"], ["会议清单（共{}场）"], ["3月会议清单（本月共召开{}场）"],
    ["本月共有{}场会议"], ["以上共{}场"], ["本月共召开会议{}次"], ["Total meetings", "{}"], ["Number of meetings", "{}"], ["{} meetings"],
    ["Count", "{}"], ["Total rows: {}"], ["Meetings: {}"], ["2026年3月共召开{}场会议"], ["某公司3月共召开{}场会议，参会人数 180"],
)  # fmt: skip


@pytest.mark.parametrize("stated", STATED)
@pytest.mark.parametrize("n", [N, N + 2])
def test_a_count_in_the_title_or_the_foot_must_hold(stated: list[str], n: int) -> None:
    """A list of 60 lines with 合计 60 场 said in its title that 62 took place, and proved the month."""
    told = [one.format(n) for one in stated]
    right = {"witnessed"} if n == N else {"total_differs", "unread"}
    assert finding(HEAD, *BODY, *TOTAL, told) in right
    assert finding(told, HEAD, *BODY, *TOTAL) in right


@pytest.mark.parametrize("stated", [*STATED[:16], ["合计：", "{}"], ["Total", "{}"]])
def test_a_count_that_holds_is_the_own_total_of_a_list(stated: list[str]) -> None:
    assert finding(HEAD, *BODY, [one.format(N) for one in stated]) == "witnessed"
    assert finding(HEAD, *BODY, [one.format(N + 1) for one in stated]) in ("total_differs", "unread")


@pytest.mark.parametrize(
    "words",
    ["其中内部会议2场", "本月共召开6场，取消2场", "市场部2场、研发部4场", "上月共58场", "人均3场", "2月58场，3月6场", "本年累计共312场", "参会人次合计：180",
     "导出6条", "最多导出1000条", "平均每天2场，共6场", "2026年3月1日至3月31日共6场", "免费2场，计费4场", "第1页，共1页，共6条", "会议室共3个", "客服 4008，共6场"],
)  # fmt: skip
def test_what_counts_other_things_accuses_nobody(words: str) -> None:
    assert finding(HEAD, *BODY, *TOTAL, [words]) == "witnessed"
    assert finding([words], HEAD, *BODY, *TOTAL) == "witnessed"


@pytest.mark.parametrize(
    "words",
    [
        "另有2场待补录",
        "漏登2场",
        "3月15日的会议漏登2场",
        "备注：已删除的会议2场不在此列",
        "实际召开8场，列出6场",
        "2026年3月1日-31日共8场",
    ],
)
def test_meetings_that_are_counted_and_stand_in_no_line_forbid_a_proof(words: str) -> None:
    assert finding(HEAD, *BODY, *TOTAL, [words]) in ("total_differs", "unread")


def test_counts_above_each_day_and_below_each_part_are_of_these() -> None:
    days: Sequence[Sequence[object]] = [["2026-03-01 共 6 场"], ["2026年3月1日", "6 场"]]
    assert {finding(HEAD, day, *BODY, *TOTAL) for day in days} == {"witnessed"}
    assert finding(HEAD, *BODY[:2], ["以上共2场"], *BODY[2:], ["以上共4场"], *TOTAL) == "witnessed"


@pytest.mark.parametrize(
    ("sheet", "right"),
    [
        ([["项目", "数值"], ["会议总数", N]], "witnessed"),
        ([["项目", "数值"], ["会议总数", N + 3]], "total_differs"),
        ([["月份", "场次"], ["2月", "58场"], ["3月", "6场"]], "witnessed"),
        ([["导出时间", "2026-04-01 10:00"], ["操作人", "张三", "2026-04-01 10:00"]], "no_total"),
        ([["会议", "时间"], ["董事会", "2026-03-13 20:10"]], "unread"),
        ([["x", "y"], ["20260313201000999999999", "2026-03-13 20:10:00"]], "unread"),
    ],
)
def test_what_another_worksheet_says_is_heard(sheet: Sequence[Sequence[object]], right: str) -> None:
    pytest.importorskip("openpyxl")
    assert hear(read(workbook([HEAD, *BODY], sheet)), held(N)).finding == right
    both = {"no_total": "witnessed"}.get(right, right)
    assert hear(read(workbook([HEAD, *BODY, *TOTAL], sheet)), held(N)).finding == both


def test_a_meeting_that_was_called_off_is_none_that_is_missing() -> None:
    rows = [[*one, "已结束"] for one in BODY]
    head = [*HEAD, "状态"]
    assert finding(head, *rows, ["c1", "取消的会", "", "", "已取消"], *TOTAL) == "witnessed"
    assert finding(head, *rows, ["c1", "会", "2026-03-05 09:00:00", "1800", "已取消"], *TOTAL) == "lines_missing"
