"""Columns that nobody reads, by which a line of a list is several meetings or none the less one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.history.bills import at
from tests.history.lists import CALLS, OWN, TIMES, daily, heard
from ytxdata.history.proof.line_lengths import Lengths
from ytxdata.history.proof.match_lines import Archived


def columned(*columns: str, cells: dict[int, str] | None = None) -> str:
    """A list by room and its count, with more columns; `cells` of some lines, by their place."""
    rows = [f"m{n},{(cells or {}).get(n, (cells or {}).get(-1, ',' * (len(columns) - 1)))}\n" for n in range(20)]
    return f"会议室编号,{','.join(columns)}\n" + "".join(rows) + f"共 20 行{',' * len(columns)}\n"


DAYS = {n: ",".join("1" if day == n % 3 else "" for day in range(3)) for n in range(20)}
SEVERAL: dict[str, str] = {
    **{f"a column for each day, {one[1]}": columned(*one, cells=DAYS) for one in (
        ("2026-03-01", "2026-03-02", "2026-03-03"), ("1日", "2日", "3日"), ("3月1日", "3月2日", "3月3日（周二）"), ("1", "2", "3"),
        ("周一", "周二", "周三"), ("Mon", "Tue", "Wed"), ("03/01", "03/02", "03/03"), ("一月", "二月", "三月"), ("08:00", "09:00", "10:00"),
        ("3月1日次数", "3月2日次数", "3月3日次数"), ("1日时长", "2日时长", "3日时长"), ("Mar 1", "Mar 2", "Mar 3"), ("1st", "2nd", "3rd"),
    )},
    **{f"the second of two, {one}": columned(*one.split(), cells={0: "2026-03-01 08:00,2026-03-25 10:00"}) for one in (
        "第一场开始时间 第二场开始时间", "开始时间1 开始时间2", "第1次会议开始时间 第2次会议开始时间", "start1 start2",
        "first_start second_start", "Session1_start Session2_start", "上午开始时间 下午开始时间",
        "第一场 第二场", "上午场 下午场", "开始时间 开始时间（二）", "开始时间 再次开始时间", "场次1开始时间 场次2开始时间",
    )},
    **{f"how often a room met, {one}": columned(one, cells={-1: "1", 3: "2"}) for one in (
        "会议次数", "场次", "次数", "meetings", "count", "召开会议次数", "No. of meetings", "Meeting count", "会议（场）", "使用次数", "sessions",
        "会议召开次数", "会议场次（场）", "会议数（个）", "实际召开次数", "#Meetings", "Total Meetings",
    )},
    "several days in a cell": columned("召开日期", cells={-1: "2026-03-01", 3: "2026-03-01、2026-03-08"}),
    **{f"several days in a cell, {one}": columned("召开明细", cells={-1: "2026-03-01", 3: f'"{one}"'}) for one in (
        "2026-03-04 09:00-10:00；2026-03-16 09:00-10:00", "3月4日、16日", "3月4日(周一)、3月16日(周五)", "20260304,20260316",
        "2026-03-04 2026-03-16", "2026-03-04 and 2026-03-16",
    )},
    "several days in a cell, without years": columned("召开于", cells={3: "3月1日;3月8日"}),
    "in a column that is read, too": (TIMES + CALLS + OWN).replace("时长\n", "时长,会议次数\n").replace("600\n", "600,1\n").replace(
        "600,1\n", "600,2\n", 1),
    "another start of a line that says when and how long": (TIMES + CALLS + OWN).replace("时长\n", "时长,第二场开始时间\n").replace(
        "600\nm1,", "600,2026-03-25 10:00\nm1,"),
    "JSON": json.dumps({"list": [{"conferenceid": f"m{n}", "meetings": 1 + (n == 3)} for n in range(20)], "total": 20}),
}  # fmt: skip


@pytest.mark.parametrize("form", SEVERAL)
def test_a_line_that_is_several_meetings_by_a_column_that_nobody_read_proves_nothing(form: str) -> None:
    said = heard(SEVERAL[form], [replace(one, lengths=Lengths(600)) for one in daily()])
    assert (said.finding, said.n_found) == ("unread", 20), said.text.en
    assert "several" in {why for _, why in said.aside}


def whole(columns: str, cells: str) -> str:
    """A list of a line, a time and a length for each meeting, with more columns."""
    rows = [
        f"{one},{cells.format(n=n, nth=n % 2 + 1, day=one.split(',')[1][:10])}"
        for n, one in enumerate(CALLS.splitlines())
    ]
    return TIMES.replace("\n", f",{columns}\n") + "\n".join(rows) + "\n" + OWN


HARMLESS = {
    "lengths by access number": whole("4008100100,02161234567", "600,0"),
    "costs by service": whole("400,95", "1.20,2.40"),
    "how many the month had": whole("本月会议总次数", "20"),
    "calls beside compact times": whole("次数", "{nth}").replace("-", "").replace(" 08:00:00", "080000"),
    "JSON with epochs and a count of parties": json.dumps({"list": [
        {"meetingid": f"m{n}", "starttime": int(at(24 * n).timestamp() * 1000), "duration": 600, "count": n % 4 + 1} for n in range(20)],
        "total": 20}),
    "start and end in a cell": whole("起止时间", "{day} 08:00:00，{day} 08:10:00"),
    "when parties joined": whole("入会时间", "{day} 08:00:00;{day} 08:00:30"),
    "days of reminders": whole("提醒日期", "2026-02-01、2026-02-02"),
    "lengths by half of the day": whole("上午时长,下午时长", "600,0"),
    "a number of each line": columned("场次", cells={n: f"{n + 1}" for n in range(20)}),
    "each met once": columned("会议次数", cells={-1: "1"}),
    "people": columned("参会人数", "人次", "通话次数", cells={-1: "5,5,9"}),
    "when it was made": columned("创建时间", "预约时间", "预约开始时间", cells={-1: "2026-02-01 08:00,2026-02-02 08:00,2026-02-02 09:00"}),
    "from when until when": columned("起止时间", cells={-1: "2026-03-01 08:00 ~ 2026-03-01 09:00"}),
    "amounts with commas": columned("标准", cells={-1: '"1,234.50"'}),
    "notes": columned("备注", cells={3: "改期 2026-03-01、2026-03-08"}),
    "one day in a cell, with its clocks": columned("召开明细", cells={-1: "2026-03-04 09:00-10:00", 3: "3月4日(周一) 09:00"}),
    "rooms by number": columned("会议室1", "会议室2", "场地1", "场地2", cells={-1: "甲,乙,丙,丁"}),
    "topics of halves": columned("第一场", "第二场", cells={-1: "周会,例会"}),
    "an empty second": columned("开始时间", "第二场开始时间", cells={n: f"2026-03-{n + 1:02} 08:00," for n in range(20)}),
    "when the first joined": (TIMES + CALLS).replace("时长\n", "时长,第一次加入时间\n").replace("600\n", "600,2026-03-01 08:01\n") + OWN,
    "a count of anything": (TIMES + CALLS).replace("时长\n", "时长,count\n").replace("600\n", "600,5\n") + OWN,
    "columns of days with nothing in them": columned("1日", "2日", cells={-1: "0,0"}),
    "one column of a year": columned("2026", cells={-1: "x"}),
}  # fmt: skip


@pytest.mark.parametrize("form", HARMLESS)
def test_other_columns_that_nobody_reads_are_harmless(form: str) -> None:
    assert heard(HARMLESS[form], [replace(one, lengths=Lengths(600)) for one in daily()]).finding == "witnessed"


@pytest.mark.parametrize(
    ("counts", "finding"), [("12" * 10, "witnessed"), ("21" * 10, "witnessed"), ("2" * 20, "witnessed"), ("12" * 9 + "22", "unread")]
)  # fmt: skip
def test_which_of_its_day_a_meeting_is_is_no_number_of_meetings(counts: str, finding: str) -> None:
    lines = (f"m{n},2026-03-{n // 2 + 1:02} {8 + 12 * (n % 2):02}:00:00,600,{one}\n" for n, one in enumerate(counts))
    listed = "会议编号,开始时间,时长,会议场次\n" + "".join(lines) + OWN
    assert heard(listed, [Archived(f"d{n}", f"m{n}", at(12 * n)) for n in range(20)]).finding == finding


def one_cell(name: str, cell: str, rest: str = "") -> str:
    """A list of meetings that say when and how long, with one more column; one cell of it is another."""
    rows = "".join(f"{one},{cell if n == 5 else rest}\n" for n, one in enumerate(CALLS.splitlines()))
    return f"{TIMES.strip()},{name}\n{rows}合计 20 场,,,\n"


@pytest.mark.parametrize(
    ("name", "cell", "rest"),
    [("场数", "3", "1"), ("续会时间", "2026-03-06 23:10:00", ""), ("Restarted at", "2026-03-06 23:10:00", ""),
     ("下午场", "14:00-15:00", ""), ("子会议", "20261013999（20:10-20:20）", ""), ("备注", "当天22:00又开了一次，未单列", "")],
)  # fmt: skip
def test_a_line_that_says_when_is_several_meetings_by_a_word_of_another_one(name: str, cell: str, rest: str) -> None:
    assert heard(one_cell(name, cell, rest)).finding == "unread"


@pytest.mark.parametrize(
    ("name", "cell"),
    [("场数", "1"), ("次数", "1"), ("下午场", "08:00-08:10"), ("备注", "另开发票一张"), ("备注", "又名周会"), ("续会", "否"), ("子会议", "无"),
     ("备注", "本次会议再次召开情况说明"), ("是否再次预约", "是"), ("Resumed", "No")],
)  # fmt: skip
def test_a_line_with_a_usual_remark_is_one_meeting(name: str, cell: str) -> None:
    assert heard(one_cell(name, cell)).finding == "witnessed"
