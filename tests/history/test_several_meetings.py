"""Columns that nobody reads, by which a line of a list is several meetings or none the less one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.history.bills import at, held, read
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
    "from when until when": columned("起止时间", cells={n: f"2026-03-{n + 1:02} 08:00 ~ 2026-03-{n + 1:02} 09:00" for n in range(20)}),
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


def begun(name: str, start: str = "2026-03-25 10:00:00") -> str:
    """A list by id and one column of instants, of which that of one line is `start`."""
    rows = (TIMES + CALLS).replace("2026-03-05 08:00:00", start).replace("开始时间", name).splitlines()
    return "".join(f"{row.rsplit(',', 1)[0]}\n" for row in rows) + "共 20 行,\n"


@pytest.mark.parametrize(
    "name",
    [
        "会议时间", "召开时间", "实际开始时间", "会议开始", "起始时间", "Start Date/Time", "时间", "日期时间", "开会时间", "会议日期时间",
        "签到时间", "通话时间", "呼叫时间", "通话起始时间",
    ],
)  # fmt: skip
def test_starts_are_read_by_any_usual_name(name: str) -> None:
    assert heard(begun(name, "2026-03-05 08:00:00")).finding == "witnessed"
    assert heard(begun(name)).finding == "lines_missing"
    assert heard(begun(name, "2026-03-05 08:00-09:00")).finding == "witnessed"
    assert heard(begun(name, "2026-03-25 08:00-09:00")).finding == "lines_missing"


@pytest.mark.parametrize("cell", ["20", "00:20:00", "08:00-10:00", "20分"])
def test_a_length_or_clocks_by_a_name_of_starts_leave_a_list_whole(cell: str) -> None:
    rows = [f"m{n},2026-03-{n + 1:02},{cell}\n" for n in range(20)]
    assert heard("会议编号,日期,会议时间\n" + "".join(rows) + "共 20 行,,\n").finding == "witnessed"
    rows = [f"m{n},{cell}\n" for n in range(20)]
    assert heard("会议编号,会议时间\n" + "".join(rows) + "共 20 行,\n").finding == "witnessed"


@pytest.mark.parametrize("name", ["到会时刻", "when", "Attended at", "会议开始于", "time"])
def test_instants_that_nobody_read_beside_lines_without_a_start_prove_nothing(name: str) -> None:
    said = heard(begun(name))
    assert (said.finding, said.n_found) == ("unread", 20), said.text.en
    assert (2, "instants") in said.aside
    body = {"total": 20, "list": [{"conferenceid": f"m{n}", name: f"2026-03-{n + 1:02} 08:00"} for n in range(20)]}
    assert heard(json.dumps(body)).finding == "unread"
    beside = begun(name).replace("\n", ",2026-03-05\n").replace(f"{name},2026-03-05", f"{name},日期")
    assert heard(beside).finding != "witnessed"


@pytest.mark.parametrize(
    "name",
    [
        "创建时间", "预约时间", "预约开始时间", "导出时间", "打印时间", "更新时间", "结算时间", "会议结束时刻", "createdAt", "bookedAt",
        "meetingEndAt", "Record time",
    ],
)  # fmt: skip
def test_instants_that_are_surely_of_something_else_leave_a_list_whole(name: str) -> None:
    assert heard(begun(name)).finding == "witnessed"


@pytest.mark.parametrize("name", ["到会时刻", "when"])
def test_instants_beside_a_start_or_on_its_day_leave_a_list_whole(name: str) -> None:
    calls = CALLS.replace("\n", ",2026-02-28 10:00\n")
    assert heard(TIMES.replace("\n", f",{name}\n") + calls + OWN).finding == "witnessed"
    rows = [f"m{n},2026-03-{n + 1:02},2026-03-{n + 1:02} 08:00\n" for n in range(20)]
    assert heard(f"会议编号,日期,{name}\n" + "".join(rows) + "共 20 行,,\n").finding == "witnessed"


@pytest.mark.parametrize(
    ("phone", "length"),
    [
        ("联系电话", "参会时长"), ("联系方式", "入会时长"), ("用户号码", "在会时长"), ("参会人号码", "使用时长"), ("参会者电话", "连接时长"),
        ("Caller ID", "持续时间"), ("接入号码", "累计时长"), ("对方号码", "通信时长"),
    ],
)  # fmt: skip
def test_numbers_and_lengths_are_read_by_any_usual_name(phone: str, length: str) -> None:
    rows = "".join(f"m{n},+86138{n:08d},2026-03-01 0{8 + n}:00,600\n" for n in range(2))
    lines = read(f"会议编号,{phone},入会时间,{length}\n{rows}合计,,,1200\n".encode()).lines
    assert [(one.number, one.duration_s) for one in lines] == [(one.number, 600) for one in held(2)]
