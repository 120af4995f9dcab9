"""What nobody would have read of a list is read, or told, and nothing is proven; nor by lines that say no time."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.effort import some
from tests.history.bills import BODY, END, HEAD, START, at, held, read, with_results
from tests.history.lists import CALLS, LOST, OWN, TIMES, daily, heard
from tests.history.simulator_account import DAY, Account, Knobs, instant
from ytxdata.audit import Invoice
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.line_lengths import Lengths
from ytxdata.history.proof.match_lines import Archived
from ytxdata.history.proof.witness import ASIDE, Difference, Totals, Witness, WitnessLine
from ytxdata.history.proof.witness_check import hear, with_witnesses
from ytxdata.times import BEIJING


def workbook(
    *sheets: Sequence[Sequence[object]], hidden: Sequence[int] = (), merged: str | Sequence[str] = ()
) -> bytes:
    from openpyxl import Workbook

    book, file = Workbook(), BytesIO()
    for place, rows in enumerate(sheets):
        sheet = book.active if place == 0 else book.create_sheet()
        assert sheet is not None
        for row in rows:
            sheet.append(list(row))
        if place in hidden:
            sheet.sheet_state = "hidden"
        for span in ([merged] if isinstance(merged, str) else merged) if place == 0 else ():
            sheet.merge_cells(span)
    book.save(file)
    return file.getvalue()


def grid(text: str) -> list[list[str | int]]:
    return [[int(cell) if cell.isdigit() else cell for cell in line.split(",")] for line in text.splitlines()]


def beside(left: str, right: str) -> str:
    return "".join(f"{a},{b}\n" for a, b in zip(left.splitlines(), right.splitlines(), strict=True))


def as_json(calls: str = CALLS) -> list[dict[str, object]]:
    return [
        dict(zip(("meetingid", "starttime", "duration"), line.split(","), strict=True)) for line in calls.splitlines()
    ]


OTHERS = CALLS.replace("m", "LOST")
PLAIN = grid(TIMES + CALLS + OWN)
HONEST: dict[str, str | bytes] = {
    "times": TIMES + CALLS + OWN,
    "days": (TIMES + CALLS + OWN).replace(" 08:00:00", ""),
    "days in Chinese": (TIMES + CALLS + OWN).replace("2026-03-", "2026年3月").replace(" 08:00:00", "日"),
    "days as their midnight": (TIMES + CALLS + OWN).replace("08:00:00", "00:00:00.000"),
    "days of their end": (TIMES + CALLS + OWN).replace("开始时间", "结束时间").replace(" 08:00:00", ""),
    "instants of their end": (TIMES + CALLS + OWN).replace("开始时间", "结束时间").replace("08:00:00", "08:10:00"),
    "no times": "会议编号,时长\n" + "".join(f"m{i},600\n" for i in range(20)) + "合计,12000\n",
    "UTC": (TIMES + CALLS + OWN).replace(" 08:00:00", "T00:00:00Z"),
    "GBK": (TIMES + CALLS + OWN).encode("gbk"),
    "semicolons": (TIMES + CALLS + OWN).replace(",", ";"),
    "subtotals": TIMES + CALLS.replace("m10,", "小计,,6000\nm10,") + "小计,,6000\n" + OWN,
    **{f"days above their lines, {day}": TIMES + "".join(f"{day.format(n + 1)},,\n{one}\n小计,,600\n" for n, one in enumerate(CALLS.split("\n")[:-1])) + OWN
       for day in ("2026-03-{:02}", "2026/3/{}", "2026.03.{:02}", "2026年3月{}日", "2026-03-{:02} 00:00:00")},
    **{f"days above their lines and no subtotals, {day}": TIMES
       + "".join(f"{day.format(n + 1)},,\n{one}\n" for n, one in enumerate(CALLS.split("\n")[:-1])) + OWN
       for day in ("2026-03-{:02}", "2026年03月{:02}日", "3月{}日", "2026-03-{:02} 星期一", "2026年3月{}日（星期一）", "2026/3/{}", "2026-03-{:02} 周日")},
    "a header on each page": TIMES + CALLS.replace("m10,", TIMES + "m10,") + OWN,
    "titles and notes": "2026年3月账单,,\n单位：某公司,,\n" + TIMES + CALLS + OWN + "制表人：张三,,\n",
    "its total on top": OWN + TIMES + CALLS,
    "its total on top, by names": "总场次：,20,总时长（秒）：,12000\n" + TIMES + CALLS,
    "its total on top, by names in cells that are others below": "总场次：,20,,总金额：,7.20\n"
    + (TIMES + CALLS).replace("时长", "时长,备注,费用").replace(",600", ",600,,0.36"),
    "notes over several cells": "某公司账单,,\n账期：,2026-03-01,至\n" + TIMES + CALLS + OWN,
    "a column of notes": (TIMES + CALLS).replace("\n", ",已核对 3 次\n").replace("时长,已核对 3 次", "时长,备注") + OWN,
    "a note behind": TIMES + CALLS + OWN + "制表人：张三,,,审核：李四 2026-04-01\n",
    "an index before": "".join(
        f"{'' if n == 0 else n},{one}\n" for n, one in enumerate((TIMES + CALLS).splitlines())
    )
    + "合计,,,12000\n",
    "two names of a meeting": (TIMES + CALLS).replace(",2026", ",8800,2026").replace("编号,", "编号,会议号,") + "合计,,,12000\n",
    "two times of a call": (TIMES + CALLS).replace(":00,", ":00,2026-03-02 08:00:10,").replace("时间,", "时间,接通时间,")
    + "合计,,,12000\n",
    "a column that is repeated as it is": beside(TIMES + CALLS + OWN, "会议编号\n" + "".join(f"m{i}\n" for i in range(20)) + "合计\n"),
    "a title of two lines": (TIMES + CALLS).replace("\n", ',"周会\n甲，乙"\n').replace('时长,"周会\n甲，乙"', "时长,会议名称") + OWN,
    "days beside clocks": ("会议编号,日期,开始时间,结束时间,时长\n" + CALLS.replace(" 08:00:00", ",8:00,08:10:00") + "合计,,,,12000\n"),
    "ends that are clocks": (TIMES + CALLS + "合计,,,12000\n").replace("开始时间", "开始时间,结束时间").replace(" 08:00:00", " 08:00:00,08:10"),
    "days in Chinese beside clocks over midnight": "会议编号,会议日期,开始时间,结束时间,时长\n"
    + "".join(f"m{i},2026年3月{i + 1}日,08:00,07:00,600\n" for i in range(20)) + "合计,,,,12000\n",
    "lengths in minutes": (TIMES + CALLS + OWN).replace("时长", "时长（分钟）").replace(",600", ",10").replace("12000", "200"),
    "lengths in parts of hours": (TIMES + CALLS + "合计,,3.3340\n").replace("时长", "会议时长(h)").replace(",600", ",0.1667"),
    "lengths on a clock": (TIMES + CALLS + OWN).replace("时长", "通话时长（时:分:秒）").replace(",600", ",00:10:00"),
    "lengths with their own units": (TIMES + CALLS + OWN).replace("时长", "时长(分)").replace(",600", ",10分0秒").replace("12000", "200分0秒"),
    "ends and amounts filled with what says nothing": "会议编号,开始时间,结束时间,时长,金额\n" + "".join(
        f"m{i},2026-03-{i + 1:02} 08:00:00,{end},600,{amount}\n" for i, (end, amount) in enumerate(zip(
            ["-", "—", "--", "/", "无", "N/A", "n/a", "null", "NULL", "None", "", " ", "0", "0000-00-00 00:00:00",
             "0001-01-01 00:00:00", "NaN", "NaT", "<NA>", "未结束", "进行中"],
            ["-", "—", "免费", "/", "无", "N/A", "#N/A", "null", "", " ", "0", "0.00", "￥0.00", "赠送", "Free", "nan", "None",
             "0元", "\\N", "未收费"], strict=True)))
    + "合计,,,12000,\n",
    "JSON": json.dumps({"code": 0, "page": {"total": 20, "more": []}, "errors": [], "cdr": as_json(), "total": 20}),
    "a column twice and short lines": (TIMES + CALLS).replace("\n", ",备注\n").replace("时长,备注", "时长,时长").replace("600,备注", "600,600")
    + "小计\n合计,,12000\n",
    "JSON with parties": json.dumps({"list": [one | {"parties": [{"phone": "1", "duration": 9}]} for one in as_json()], "total": 20}),
    "JSON with who joined while it ran, by number or name": json.dumps({"list": [
        one | {"parties": [{"phone": "1", "starttime": f"{str(one['starttime'])[:11]}0{7 + n % 2}:5{n % 2}:00", "duration": 9}],
               "guests": [{"name": "A", "starttime": one["starttime"]}, {"name": "B", "starttime": one["starttime"]}],
               "billing": {"duration": 600, "amount": "3.60"}}
        for n, one in enumerate(as_json())], "total": 20}),
    "JSON with parties that say when, and its meetings none": json.dumps({"list": [
        {"meetingid": one["meetingid"], "parties": [{"phone": str(n), "starttime": one["starttime"]} for n in range(2)]}
        for one in as_json()], "total": 20}),
    **{f"JSON with {name} of its own": json.dumps({"list": [one | {name: cell} for one in as_json()], "total": 20}) for name, cell in (
        ("booking", {"starttime": "2026-02-27 08:00:00", "duration": 3600}), ("creator", {"phone": "1", "date": "2025-08-01 08:00:00"}),
        ("reminders", ["2026-02-27 08:00:00", "2026-02-27 09:00:00"]), ("changedAt", ["2026-02-27 08:00:00", "2026-02-27 09:00:00"]),
        ("recordings", [{"duration": 300}, {"duration": 300}]), ("costs", [{"amount": "1.00"}, {"amount": "2.00"}]),
        ("parts", [{"duration": 300}, {"duration": 300}]), ("owner", {"phone": "1", "date": "2025-08-01"}))},
    "JSON by day with parties": json.dumps({"list": [
        one | {"starttime": str(one["starttime"])[:10], "parties": [{"phone": "1", "starttime": one["starttime"]}]}
        for one in as_json()], "total": 20}),
    "XLSX": workbook(PLAIN),
    "XLSX with a cover": workbook([["2026年3月账单"], ["客户", "某公司"], ["账期", "2026-03-01", "2026-03-31"], ["总时长", 12000]], PLAIN),
    "XLSX with an empty second sheet": workbook(PLAIN, []),
    "XLSX with a summary": workbook(PLAIN, [["部门", "场次", "金额"], ["销售部", 12, 345.6]]),
    "XLSX with numbers as text": workbook([[str(cell) for cell in row] for row in PLAIN]),
    "XLSX with a merged title": workbook([["2026年3月账单"], *PLAIN], merged="A1:C1"),
}  # fmt: skip


@pytest.mark.parametrize("form", HONEST)
def test_an_honest_list_of_a_usual_kind_proves_its_month(form: str) -> None:
    said = heard(HONEST[form])
    assert (said.finding, said.n_found, said.n_outside) == ("witnessed", 20, 0), said.text.en


FORGED: dict[str, tuple[str | bytes, str, int]] = {
    "the same columns beside": (beside(TIMES + OTHERS, TIMES + CALLS) + "合计,,24000,合计,,12000\n", "column", 4),
    "the same columns beside, numbered": (
        beside(TIMES + CALLS, "会议编号2,开始时间.1,时长(2)\n" + OTHERS) + OWN, "column", 4,
    ),
    "the columns beside by other names": (beside(TIMES + CALLS, "会议号,接通时间,计费时长\n" + OTHERS) + OWN, "column", 5),
    "cells behind": (TIMES + CALLS.replace("600\nm6", "600,LOST,2026-03-25 10:00:00,600\nm6") + OWN, "beyond", 7),
    "cells behind under blank names": (
        beside((TIMES + CALLS).replace("时长\n", "时长\n"), ",,\n" + OTHERS) + OWN, "beyond", 2,
    ),
    "cells before": (beside(",,\n" + OTHERS, TIMES + CALLS) + ",,,合计,,12000\n", "beyond", 2),
    "another table below": (TIMES + CALLS + OWN + "\n时长,会议号,开始时间\n600,LOST,2026-03-25 10:00:00\n", "table", 24),
    "a quote over lines": (
        TIMES.replace("\n", ",名称\n") + CALLS.replace("600\n", "600,周会\n").replace("周会\nm6", f'"周会\n{LOST.strip()},周会"\nm6') + OWN,
        "swallowed", 7,
    ),
    "another list": (json.dumps({"detail": as_json(), "more": as_json(LOST), "total": 20}), "list", 2),
    "another list, deep": (json.dumps({"detail": as_json(), "more": {"list": [["LOST", 600]]}, "total": 20}), "list", 2),
    "a list in a text": (json.dumps({"detail": as_json(), "more": json.dumps(as_json(LOST)), "total": 20}), "list", 2),
    "a meeting beside": (json.dumps({"detail": as_json(), "last": as_json(LOST)[0], "total": 20}), "list", 2),
    "a meeting inside": (
        json.dumps({"detail": [as_json()[0] | {"next": as_json(LOST)}, *as_json()[1:]], "total": 20}), "nested", 1,
    ),
    "sessions of a room": (
        json.dumps({"list": [{"meetingid": one["meetingid"], "sessions": [
            {name: one[name] for name in ("starttime", "duration")}]} for one in as_json()], "total": 20}), "nested", 1,
    ),
    "another session of a meeting": (
        json.dumps({"list": [as_json()[0] | {"held": {"topic": "A", "starttime": "2026-03-01 17:00:00"}}, *as_json()[1:]],
                    "total": 20}), "nested", 1,
    ),
    "sessions that say how long": (
        json.dumps({"list": [as_json()[0] | {"sessions": [{"duration": 300}, {"duration": 300}]}, *as_json()[1:]], "total": 20}),
        "nested", 1,
    ),
    "sessions that are times, of a meeting that says when and how long": (
        json.dumps({"list": [one | {"sessions": ["2026-03-02 08:00", "2026-03-25 10:00"]} for one in as_json()], "total": 20}),
        "nested", 1,
    ),
    "a booking that is another meeting": (
        json.dumps({"list": [one | {"booking": {"meetingid": "LOST"}} for one in as_json()], "total": 20}), "nested", 1,
    ),
    "sessions that are times": (
        json.dumps({"list": [{"meetingid": f"m{n}", "at": ["2026-03-02 08:00", "2026-03-25 10:00"]} for n in range(20)], "total": 20}),
        "nested", 1,
    ),
    "parties of several sessions": (
        json.dumps({"list": [{"meetingid": f"m{n}", "parties": [{"phone": "1", "starttime": f"2026-03-{day:02} 08:00"} for day in (n + 1, n + 4)]}
                             for n in range(20)], "total": 20}), "nested", 1,
    ),
    "a key in another case": (
        json.dumps({"detail": [one | {"meetingID": "LOST"} for one in as_json()], "total": 20}), "column", 4,
    ),
    "a meeting like a note above": ("会议室：三楼,2026-03-25 10:00:00,600\n" + TIMES + CALLS + OWN, "table", 2),
    "another worksheet": (workbook(PLAIN, grid(TIMES + LOST)), "worksheet", 2),
    "another worksheet without a header": (workbook(PLAIN, grid(LOST)), "worksheet", 2),
    "a hidden worksheet": (workbook(PLAIN, [], grid(TIMES + LOST), hidden=(2,)), "worksheet", 3),
    "a worksheet of days": (workbook(PLAIN, grid(LOST.replace(" 10:00:00", ""))), "worksheet", 2),
}  # fmt: skip


@pytest.mark.parametrize("form", FORGED)
def test_a_list_of_which_something_was_not_read_proves_nothing_and_says_where(form: str) -> None:
    raw, why, place = FORGED[form]
    said = heard(raw)
    assert said.finding in ("unread", "lines_missing", "foreign"), said.text.en
    assert (place, why) in said.aside
    assert ASIDE[why].en in said.text.en
    assert ASIDE[why].zh in said.text.zh


@pytest.mark.parametrize("one", ["2026-03-25,,600", "2026-03-25,2026-03-25 08:00,", "20260325,,", "8-25,,"])
def test_a_day_in_place_of_an_id_that_says_more_is_no_heading(one: str) -> None:
    said = heard(TIMES + CALLS.replace("m7,", f"{one}\nm7,") + OWN, totals=Totals(lines=21))
    assert (said.finding, said.n_only_in_witness) == ("lines_missing", 1), said.text.en


STRANGE_TIMES = (
    "17/10/2026 09:15", "10/17/26", "17.10.2026", "17-Oct-2026", "2026-10-17 09:15 noon", "10-17 09:15", "10月17日 09:15", "待定", "08:00",
    "1900-01-01 08:00:00",
)  # fmt: skip
FIVE = "会议编号,开始时间,结束时间,时长,金额\n"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("开始时间", one) for one in STRANGE_TIMES),
        *(("结束时间", one) for one in STRANGE_TIMES if one != "08:00"),  # on the day of its start
        *(("时长", one) for one in ("10:00", "一小时", "10 min.", "6oo", "约600")),
        *(("金额", one) for one in ("3.6O", "USD 3.60", "3,60", "叁元", "?")),
    ],
)
@pytest.mark.parametrize("n_odd", [1, 20])
def test_a_cell_that_is_not_understood_proves_nothing_and_is_named(column: str, cell: str, n_odd: int) -> None:
    names = FIVE.strip().split(",")
    rows = [[f"m{i}", f"2026-03-{i + 1:02} 08:00:00", "", "600", "3.60"] for i in range(20)]
    for row in rows[3 : 3 + n_odd]:
        row[names.index(column)] = f'"{cell}"'
    said = heard(FIVE + "".join(",".join(row) + "\n" for row in rows), totals=Totals(lines=20))
    why = {"开始时间": "started_at", "结束时间": "ended_at", "时长": "duration_s", "金额": "amount_yuan"}[column]
    assert (said.finding, said.n_found, said.aside[0]) == ("unread", 20, (5, why)), said.text.en
    assert ASIDE[why].en in said.text.en and ASIDE[why].zh in said.text.zh  # noqa: PT018 - two languages of one text


@pytest.mark.parametrize(
    "column", ["时长（分钟）", "通话时长(分)", "会议时长（min）", "Duration (minutes)", "计费时长_分钟"]
)
def test_a_length_is_held_also_where_its_column_is_called_with_minutes(column: str) -> None:
    raw = (TIMES + CALLS + OWN).replace("时长", column).replace(",600", ",10").replace("12000", "200")
    archived = [replace(one, lengths=Lengths(600)) for one in daily()]
    assert heard(raw, archived).finding == "witnessed"
    said = heard(raw.replace(",10\nm7", ",40\nm7").replace(",200", ",230"), archived)
    assert (said.finding, [one.line for one in said.off]) == ("lines_differ", [8])


def test_where_a_list_says_lengths_twice_those_in_seconds_are_read() -> None:
    raw = (TIMES + CALLS).replace("时长", "时长（分钟）,计费时长（秒）").replace(
        ",600", ",10,600"
    ) + "合计,,200,12000\n"
    assert read(raw.encode()).totals == Totals(seconds=12000)
    assert heard(raw).finding == "witnessed"


@pytest.mark.parametrize("days", [0.5, 1.397, 45.5, 59.9, 61.25, 100.25])
def test_a_length_of_days_in_the_format_of_a_clock_is_read(days: float) -> None:
    """Excel shows 33:32:13 as 9:32:13, and the file holds an instant of 1900."""
    from openpyxl import Workbook

    book, file = Workbook(), BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["会议编号", "开始时间", "时长"],
        ["m0", "2026-03-01 08:00", timedelta(days=days)],
        ["合计", None, timedelta(days=days)],
    ):
        sheet.append(row)
    for row_ in sheet.iter_rows(min_row=2, min_col=3, max_col=3):
        row_[0].number_format = "h:mm:ss"
    book.save(file)
    bill = read(file.getvalue())
    assert (bill.lines[0].duration_s, bill.totals.seconds) == (round(days * 86400), round(days * 86400))


def test_lines_that_are_hidden_in_a_workbook_or_lie_beyond_what_it_says_of_its_size_are_read() -> None:
    import zipfile

    import openpyxl

    book, file = openpyxl.load_workbook(BytesIO(workbook(grid(TIMES + CALLS + LOST + OWN)))), BytesIO()
    assert book.active is not None
    book.active.row_dimensions[22].hidden = True
    book.save(file)
    assert [one.meeting_id for one in heard(file.getvalue()).only_in_witness] == ["LOST"]
    cut = BytesIO()
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(cut, "w") as short:
        for name in whole.namelist():
            short.writestr(name, whole.read(name).replace(b'<dimension ref="A1:C23"', b'<dimension ref="A1:C21"'))
    assert cut.getvalue() != file.getvalue()
    assert [one.meeting_id for one in heard(cut.getvalue()).only_in_witness] == ["LOST"]


def test_a_formula_whose_value_was_not_kept_is_no_empty_cell() -> None:
    said = heard(workbook([*PLAIN[:-1], ['="LO"&"ST"', "=B2", "=C2"], PLAIN[-1]]))
    assert (said.finding, said.aside[0]) == ("unread", (22, "formula"))


def test_a_line_of_formulas_without_results_is_read_also_where_other_formulas_have_theirs() -> None:
    lost = ['="LO"&"ST"', '="2026-03-25 10:00:00"', "=300*2"]
    total = ["合计", None, "=SUM(C2:C21)"]
    raw = with_results(workbook([*PLAIN[:9], lost, *PLAIN[9:-1], total]), {"SUM(C2:C21)": "12000"})
    said = heard(raw)
    assert (said.finding, said.n_found) == ("unread", 20)
    assert (10, "formula") in said.aside


def test_a_worksheet_of_formulas_without_results_may_hold_meetings() -> None:
    said = heard(workbook(PLAIN, [['="LOST"', '="2026-03-25 10:00:00"', "=300*2"]]))
    assert (said.finding, (2, "worksheet") in said.aside) == ("unread", True)
    # a cover that counts the list is none
    assert heard(workbook(PLAIN, [["2026年3月账单"], ["总时长", "=SUM(Sheet!C2:C21)"]])).finding == "witnessed"


def test_what_formulas_came_to_is_believed_and_told() -> None:
    """Excel computes them again and may show another figure; a list with sums in it is honest all the same."""
    rows = [[*row[:2], f"={row[2]}*1"] if row[0] == "m3" else row for row in PLAIN[:-1]]
    raw = with_results(workbook([*rows, ["合计", None, "=SUM(C2:C21)"]]), {"600*1": "600", "SUM(C2:C21)": "12000"})
    said = heard(raw)
    assert said.finding == "witnessed"
    assert [one for one in said.aside if one[1] == "computed"] == [(3, "computed")]
    assert "column 3 (its formulas; their results were read as the file keeps them" in said.text.en
    plain = with_results(workbook([*PLAIN[:-1], ["合计", None, "=SUM(C2:C21)"]]), {"SUM(C2:C21)": "12000"})
    assert [why for _, why in heard(plain).aside] == ["total"]


def test_formulas_that_were_filled_down_and_came_to_nothing_are_blank() -> None:
    below = [['=IF(E23="","",E23)', '=IF(F23="","",F23)', '=IF(G23="","",G23)']]
    said = heard(with_results(workbook([*PLAIN, *below]), {one[1:]: None for one in below[0]}))
    assert said.finding == "witnessed"


@pytest.mark.parametrize(
    ("title", "finding"), [("2026年3月会议", "witnessed"), ("March 2026", "witnessed"), ("LOST", "unread")]
)
def test_above_a_list_of_nothing_but_ids_one_word_may_be_an_id(title: str, finding: str) -> None:
    ids = "".join(f"m{i}\n" for i in range(20))
    assert heard(f"{title}\n会议编号\n{ids}", totals=Totals(lines=20)).finding == finding


def test_a_key_that_stands_twice_in_an_object_hides_no_meeting() -> None:
    text = json.dumps({"cdr": as_json(), "total": 20}).replace(
        '"meetingid": "m3"', '"meetingid": "m3", "meetingid": "LOST"'
    )
    said = heard(text)
    assert (said.finding, [why for _, why in said.aside]) == ("unread", ["column"])


CUT = (
    "仅显示前 20 条记录", "第1页，共3页", "第1/3页", "页码：1/3", "Page 1 of 3", "本页 20 条，共 52 条", "其余 32 条未显示", "结果已截断",
    "显示第 1 到第 20 项结果，共 52 项", "Showing 1 to 20 of 52 entries", "Only the first 20 rows are shown",
    "第 1-20 条/总共 52 条", "第 21-40 条/总共 52 条", "1-20 of 52", "Rows 1-20 of 52", "20 of 52 rows", "应导出52条，实际导出20条", "成功20条，失败32条",
    "有32条未导出", "未显示 32 条", "32 rows not shown", "32 rows omitted", "另有32条记录见附表", "剩余32条", "第一页，共三页", "第二页，共十二页",
    "页数：1/3", "当前页：1，总页数：3", "部分数据未导出", "部分数据未导出，如需完整数据请联系客服", "未导出全部数据", "只导出了部分数据", "以下省略", "Row limit reached", "LIMIT 20", "incomplete list", "更多记录请查看附件二", "系统超时，导出中断",
    "List truncated to 20 rows", "Truncated at 20 rows", "Report truncated", "The list was truncated when the limit was reached",
    "When the limit was reached the list was truncated", "The list is truncated, if you need the rest ask us",
    "Only the first 20 rows are exported; see the console for more", "Showing the first 20 meetings of March", "前20条数据（按时间排序）",
    "本表为前 20 条记录，其他请查系统", "仅前20条被导出", "本页显示 20 条数据，系统中共有 52 条", "当前显示 20 条，符合条件的共 52 条",
    "导出 20 条，共查询到 52 条", "Showing 20 entries of total 52 entries", "其余会议从略", "其余省略", "剩余部分省略",
    "数据被截断（若需完整数据请联系客服）", "导出后请注意：部分数据未导出", "若干说明：结果已截断", "导出失败32条", "select * from cdr limit 20",
    "20 / 52 条", "20 条 / 共 52 条", "查询到 52 条，导出 20 条", "已加载 20 条，共 52 条", "未全部导出", "部分会议未导出", "32场会议未列出", "32 rows were omitted when exporting", "导出时被截断",
)  # fmt: skip


@pytest.mark.parametrize("words", ["接下一页", "转下页", "Continues on next page"])
def test_a_list_that_goes_on_behind_its_last_line_is_only_a_part(words: str) -> None:
    assert heard(TIMES + CALLS + OWN + f"{words},,\n").finding == "unread"
    assert heard(TIMES + CALLS.replace("m7,", f"{words},,\nm7,") + OWN).finding == "witnessed"


@pytest.mark.parametrize("words", ["1/3", "1 / 3", "- 1/3 -", "(1/3)", "20/52"])
def test_the_number_of_a_page_below_the_total_says_how_many_there_are(words: str) -> None:
    assert heard(TIMES + CALLS + OWN + f"{words},,\n").finding == "unread"
    assert heard(TIMES + CALLS + OWN + "1/1,,\n").finding == "witnessed"
    assert heard("3/31,,\n" + TIMES + CALLS + OWN).finding == "witnessed"


@pytest.mark.parametrize("words", CUT)
@pytest.mark.parametrize("own", [OWN, ""])
def test_a_list_that_says_in_words_that_it_is_only_a_part_proves_nothing(words: str, own: str) -> None:
    rows = grid(TIMES + CALLS + own)
    cell = f'"{words}"'
    for raw in (
        TIMES + CALLS + own + f"{cell},,\n",
        f"{cell},,\n" + TIMES + CALLS + own,
        TIMES + CALLS.replace("m7,", f"{cell},,\nm7,") + own,
        workbook(rows, [[words]]),
        json.dumps({"cdr": as_json(), "note": words}),
    ):
        said = heard(raw, totals=Totals(lines=20))
        assert (said.finding, said.n_only_in_witness) == ("unread", 0), said.text.en
        assert ASIDE["more"].en in said.text.en


@pytest.mark.parametrize(
    "words",
    ["第1页，共1页", "Page 1 of 1", "共3页", "最多显示 5,000 条", "本页 20 条，共 20 条", "Showing 1 to 20 of 20 entries", "前3场会议免费",
     "本次导出 20 场，共 312 人次", "显示 20 场会议，共 52 条接入", "如数据不全请联系客服", "没有更多记录", "未超出导出上限", "名称过长已截断",
     "本次导出20条，总时长（秒）：12000", "导出记录数：20，总时长(秒)：12000", "显示 20 条 / 每页 100 条", "当前页 20 条，总人次 320",
     "Exported 20 records, total seconds: 12000", "本次导出 20 条，总费用(元) 1200", "not truncated", "Names truncated to 20 characters",
     "会议主题过长时被截断显示", "若数据被截断，请联系客服", "记录不完整时请联系客服", "超过导出上限时请分批导出", "前20场免费", "First 20 meetings free",
     "其余费用略", "应导出20条，实际导出20条", "成功20条，失败0条", "0 条未导出", "另有 3 场免费", "第一页，共一页", "会议 3.1-3.31，参会 52 人",
     "导出成功 20 条，导出失败 0 条", "短信套餐剩余 200 条", "套餐剩余 30 场", "套餐 50 场，剩余 30 场", "短信发送失败 2 条", "呼叫失败：3条",
     "短信发送成功 20 条，失败 2 条", "Credit limit: 20", "The list is truncated if it has more than 5000 rows", "No rows were truncated",
     "Amounts are truncated to two decimals", "Contact us if the list is truncated", "若数据不全请联系客服", "数据被截断时请联系客服", "前20场按0.5元计费",
     "The first 20 meetings are billed at half price", "其余条款内容略", "本次导出 20 场，本年累计共 312 场", "导出 20 条，共通话 52 分钟"],
)  # fmt: skip
def test_words_that_tell_of_pages_or_limits_and_of_nothing_that_is_missing_are_notes(words: str) -> None:
    assert heard(TIMES + CALLS + OWN + f'"{words}",,\n').finding == "witnessed"
    assert heard(f'"{words}",,\n' + TIMES + CALLS + OWN).finding == "witnessed"


def test_pages_below_each_other_are_a_whole_list() -> None:
    whole = TIMES + CALLS.replace("m10,", f'"第1页，共2页",,\n转下页,,\n{TIMES}m10,') + "“第2页/共2页”,,\n" + OWN
    assert heard(whole).finding == "witnessed"
    assert heard(whole.replace("第2页/共2页", "第2页/共3页")).finding == "unread"


# ---- days, and lines without any time


DAY_NAMES = ("会议日期", "通话日期", "日期", "开始日期", "date", "Start Date")


@pytest.mark.parametrize("column", DAY_NAMES)
def test_a_column_of_days_is_the_day_of_its_line(column: str) -> None:
    raw = (TIMES + CALLS + OWN).replace("开始时间", column).replace(" 08:00:00", "")
    assert heard(raw).finding == "witnessed"
    assert heard(raw.replace("2026-03", "2026-01")).finding == "foreign"
    said = heard(raw.replace("2026-03-07", "2026-03-27"))
    assert [(one.line, one.start) for one in said.only_in_witness] == [(8, at(26 * 24 - 8))]


@pytest.mark.parametrize(
    "form", ["{}（周日）", "{} 星期日", "3月{d}日", "2026年3月{d}日", "2026-03", "2026年3月", "-", ""]
)
def test_days_as_people_write_them_prove_their_month(form: str) -> None:
    days = [form.format(f"2026-03-{day:02}", d=day) for day in range(1, 21)]
    raw = "会议编号,日期,时长\n" + "".join(f"m{i},{day},600\n" for i, day in enumerate(days)) + OWN
    assert heard(raw).finding == "witnessed"


@pytest.mark.parametrize("day", ["2026-02", "2026年1月", "17/10/2026", "待定", "10-17"])
def test_a_day_that_is_not_understood_proves_nothing_where_nothing_else_tells_when(day: str) -> None:
    raw = "会议编号,日期,时长\n" + "".join(f"m{i},{day},600\n" for i in range(20)) + OWN
    said = heard(raw)
    assert (said.finding, said.aside[0]) == ("unread", (2, "day")), said.text.en
    timed = (TIMES + CALLS + "合计,,,12000\n").replace("时间,", "时间,日期,").replace(":00,", f":00,{day},")
    assert heard(timed).finding == "witnessed"


def test_a_day_that_is_merged_over_the_meetings_of_that_day_is_that_of_each() -> None:
    rows = [[None if i % 2 else f"2026-03-{i // 2 + 1:02}", f"m{i}", "08:00", 600] for i in range(20)]
    spans = [f"A{2 * n + 2}:A{2 * n + 3}" for n in range(10)]
    archived = [Archived(f"d{i}", f"m{i}", at(24 * (i // 2))) for i in range(20)]
    raw = workbook([["日期", "会议编号", "开始时间", "时长"], *rows, ["合计", None, None, 12000]], merged=spans)
    assert heard(raw, archived).finding == "witnessed"
    assert heard(raw, [*archived[:3], replace(archived[3], started_at=at(72)), *archived[4:]]).n_only_in_witness == 1


def room(*days: float, **more: object) -> list[Archived]:
    return [*daily(), *(Archived(f"r{day}", "room", at(24 * (day - 1)), **more) for day in days)]  # type: ignore[arg-type]


def visits(*days: str) -> str:
    return TIMES + CALLS + "".join(f"room,{day},600\n" for day in days) + f"合计,,{600 * (20 + len(days))}\n"


@pytest.mark.parametrize("second", ["2026-03-17", "2026/3/17 00:00", "20260317"])
def test_a_day_is_compared_as_a_day(second: str) -> None:
    said = heard(visits("2026-03-03", second), room(-20, 3))
    (gap,) = said.only_in_witness
    assert (said.finding, gap.start, gap.end) == ("lines_missing", at(16 * 24 - 8), at(17 * 24 - 8))
    assert heard(visits("2026-03-03", second), room(3, 17)).finding == "witnessed"


@pytest.mark.parametrize(
    ("hours", "finding"),
    [(0, "witnessed"), (23.9, "witnessed"), (35.9, "witnessed"), (36.1, "lines_missing"), (-11.9, "witnessed"), (-12.1, "lines_missing")],
)  # fmt: skip
def test_a_bill_may_be_a_day_off_by_its_zone_or_by_the_end_of_a_meeting(hours: float, finding: str) -> None:
    """Counted from the midnight that begins the day in Beijing: its neighbours count within twelve hours of its edges."""
    held_then = [*daily(), Archived("r", "room", at(9 * 24 + hours - 8))]
    assert heard(visits("2026-03-10"), held_then).finding == finding


NIGHTS = {
    "the day of its end": (23.5, timedelta(hours=1)),
    "the day in UTC": (0.5, timedelta(hours=-8)),
    "the day in Tokyo": (23.5, timedelta(hours=1)),
}


@pytest.mark.parametrize("how", NIGHTS)
@pytest.mark.parametrize("lost", [None, 9, 20])
@pytest.mark.parametrize(("first", "last"), [(0, 30), (-3, 30), (0, 34), (-3, 34)])
def test_a_list_of_a_room_that_meets_every_night_is_made_by_one_clock(
    how: str, lost: int | None, first: int, last: int
) -> None:
    """What is missing is not made up for by a night at the edge, which is on the list of another month."""
    hour, later = NIGHTS[how]
    nights = [START + timedelta(days=day, hours=hour - 8) for day in range(first, last + 1)]
    held_then = [
        Archived(f"n{day}", "room", at, ended_at=at + timedelta(hours=1))
        for day, at in enumerate(nights, first)
        if day != lost and -1 <= day <= 31
    ]
    month = START - timedelta(hours=8), END - timedelta(hours=8)
    in_month = [at for at in nights if month[0] <= at < month[1]]
    dated = [at for at in nights if (at + later).astimezone(BEIJING).month == 3]
    for listed in (in_month, dated):
        lines = [WitnessLine(n, "room", day=(at + later).astimezone(BEIJING).date()) for n, at in enumerate(listed)]
        bill = Witness("l", "console", "", *month, tuple(lines), Totals(lines=len(lines)))
        said = hear(bill, held_then)
        if lost is not None:
            assert said.finding == "lines_missing"
            (gap,) = said.only_in_witness
            # of a room that meets at one hour nobody can tell by which clock, but for the edges
            assert gap.start
            assert abs(gap.start - nights[lost - first]) < timedelta(days=2)
        else:
            assert said.finding in ("witnessed", "incomplete", "undated")
            assert listed is dated or said.finding == "witnessed"


def test_a_day_that_is_off_by_itself_makes_no_gap_and_no_proof() -> None:
    lines = "".join(f"2026-03-{day:02d}," for day in range(1, 21)).split(",")[:-1]
    rooms = [Archived(f"r{n}", "room", at(24 * n - 7.8 + 23.6 * (n % 2))) for n in range(20)]
    moved = replace(rooms[9], started_at=at(24 * 10 - 7))  # after midnight, and billed to the day before
    assert heard(visits(*lines), [*daily(), *rooms]).finding == "witnessed"
    said = heard(visits(*lines), [*daily(), *rooms[:9], moved, *rooms[10:]])
    assert (said.finding, said.only_in_witness, said.n_outside) == ("undated", (), 0)
    assert "of another day" in said.text.en


def test_a_neighbour_of_a_day_is_nobodys_where_it_has_its_own_line_or_nobody_came() -> None:
    evenings = [12 / 24 + day for day in (9, 11)]
    said = heard(visits("2026-03-09", "2026-03-10", "2026-03-11"), room(*evenings))
    assert [one.line for one in said.only_in_witness] == [23]
    assert heard(visits("2026-03-10"), room(9.4, is_silent=True)).finding == "lines_missing"


def test_lines_that_only_meetings_outside_the_period_are_left_for_prove_nothing() -> None:
    undated = "会议编号,时长\n" + "".join(f"m{i},600\n" for i in range(20)) + "room,600\n合计,12600\n"
    unread = TIMES + CALLS + "room,下午三点,600\n合计,,12600\n"
    for raw, finding in ((undated, "undated"), (unread, "unread")):
        said = heard(raw, room(-20))
        assert (said.finding, said.n_outside, said.only_in_witness) == (finding, 1, ())
        assert "PROVEN" not in [one.verdict for one in with_witnesses(Certificate(), [said], END).periods]
        assert heard(undated, room(-20, 3)).finding == "witnessed"
    assert heard(TIMES + CALLS + "room,2026-03-01,600\n合计,,12600\n", room(0.5)).finding == "undated"


def test_a_line_without_an_instant_is_not_vouched_for_by_a_meeting_nobody_came_to_or_of_an_unknown_time() -> None:
    for day in ("2026-03-03", ""):
        assert heard(visits(day), room(3, is_silent=True)).finding == "undated"
        assert heard(visits(day), [*daily(), Archived("r", "room", None)]).finding == "undated"
        assert heard(visits(day), [*room(2.9, is_silent=True), *room(3)[20:]]).finding == "witnessed"


@pytest.mark.slow
@pytest.mark.parametrize(
    "form",
    ["nothing", *(pytest.param(form, marks=pytest.mark.slow) for form in ("day", "day in UTC", "day of its end"))],
)
def test_of_lived_months_without_times_no_lost_one_is_proven_and_every_honest_one_is(form: str) -> None:
    """Half of the meetings are in five rooms that keep their ids: at the edges of a month these are another month's."""
    said = Counter(_lived(form, seed, is_lost=False) for seed in some(range(6), 3))
    assert set(said) == {"witnessed"}, said
    lost = Counter(_lived(form, seed, is_lost=True) for seed in some(range(6), 3))
    assert set(lost) <= {"lines_missing", "undated", "incomplete"}, lost


def _lived(form: str, seed: int, *, is_lost: bool) -> str:
    rng = random.Random(seed)
    account = Account(Knobs(reuses_ids=rng.choice((0, 0.5))), rng)
    account.live(60 * DAY, rng.choice((1, 5, 20)))
    ends = [instant(min(one.end, one.start + 4 * 3600)) for one in account.meetings]
    whole = [
        Archived(str(n), rng.choice((one.id, f"room{rng.randrange(5)}")), instant(one.start), ended_at=end)
        for n, (one, end) in enumerate(zip(account.meetings, ends, strict=True))
    ]
    start = datetime.combine(instant(15 * DAY).astimezone(BEIJING), datetime.min.time(), BEIJING).astimezone(UTC)
    end = start + timedelta(days=30)
    month = [(one, at) for one in whole if (at := one.started_at) and start <= at < end]
    lines = tuple(
        WitnessLine(
            int(one.key),
            one.meeting_id,
            day={
                "day": at.astimezone(BEIJING).date(),
                "day in UTC": at.date(),
                "day of its end": ends[int(one.key)].astimezone(BEIJING).date(),
            }.get(form),
        )
        for one, at in month
    )
    lost = rng.choice(month)[0].key if is_lost else None
    bill = Witness("l", "console", "", start, end, lines, Totals(lines=len(lines)))
    return hear(bill, [one for one in whole if one.key != lost]).finding


# ---- totals


@pytest.mark.parametrize("given", [Totals(lines=20), Totals(20, 12_000), Totals(seconds=12_000)])
def test_a_total_that_is_given_hides_no_contradiction_of_the_lists_own(given: Totals) -> None:
    said = heard(TIMES + CALLS + "合计,,99999\n", totals=given)
    assert (said.finding, said.differs) == ("total_differs", (Difference("seconds", "99999", "12000"),))


NO_LENGTHS = (TIMES + CALLS).replace(",时长", "").replace(",600", "")


@pytest.mark.parametrize(
    ("raw", "given", "finding"),
    [
        (TIMES + CALLS + "合计：20场，99.00元,,\n", {}, "witnessed"),
        (TIMES + CALLS + '"Total: 20 meetings, 99.00 CNY",,\n', {}, "witnessed"),
        (json.dumps({"list": as_json(), "total": 20, "totalAmount": "99.00"}), {}, "witnessed"),
        (TIMES + CALLS, {"lines": 20, "yuan": Decimal("9")}, "witnessed"),
        (TIMES + CALLS, {"lines": 21, "yuan": Decimal("9")}, "total_differs"),
        (TIMES + CALLS, {"yuan": Decimal("9")}, "no_total"),
        (TIMES + CALLS + "合计：99.00元,,\n", {}, "no_total"),
        (TIMES + CALLS.replace(",600", ",0") + "合计：99.00元,,\n", {}, "no_total"),
        (NO_LENGTHS + "合计：9000秒,\n", {}, "no_total"),
        (TIMES + CALLS + "m1,,-600\n", {"lines": 21, "yuan": Decimal("9")}, "no_total"),
        ((TIMES + CALLS).replace("时长", "时长,金额") + "合计,,12000,\n", {}, "witnessed"),
        (
            (TIMES + CALLS.replace("600\n", "600,1\n")).replace("时长", "时长,金额") + "合计,,12000,99\n",
            {},
            "total_differs",
        ),
    ],
)
def test_a_total_in_a_unit_that_no_line_has_proves_nothing_by_itself_and_accuses_nobody(
    raw: str, given: dict[str, Any], finding: str
) -> None:
    said = heard(raw, totals=Totals(**given))
    assert said.finding == finding, said.text.en


@pytest.mark.parametrize(
    ("top", "finding"),
    [
        ("合计,,11400\n", "total_differs"),
        ("总场次：,21,\n", "total_differs"),
        ("账期：,2026-03,总场次：,22\n", "total_differs"),
        ("单位：,某公司,合计：,22场\n", "total_differs"),
        ("账期：,2026-03,合计,22场\n", "total_differs"),
        ("账期：,2026-03,总场次：,20\n", "witnessed"),
        ("单位：,某公司,合计：,20场\n", "witnessed"),
        ("某公司,总部,三楼\n", "no_total"),
        ("账单,2026-03,总时长（秒）：,12000\n", "witnessed"),
        ("账期：,2026-03,至,2026-03-31\n", "no_total"),
        ("总场次：,20,总时长（秒）：,11400\n", "total_differs"),
    ],
)
def test_a_wrong_total_on_top_is_held_against_the_lines(top: str, finding: str) -> None:
    assert heard(top + TIMES + CALLS).finding == finding


def test_an_invoice_is_read_below_its_total(tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text("总场次：,20,总时长（秒）：,12000\n" + TIMES + CALLS, encoding="utf-8")
    assert len(Invoice.read(tmp_path / "bill.csv").bills) == 20


def test_an_invoice_is_not_told_that_its_total_in_a_unit_of_no_line_is_another(tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text(TIMES + CALLS + "合计：20场，99.00元,,\n", encoding="utf-8")
    assert [one.why.en for one in Invoice.read(tmp_path / "bill.csv").skipped] == ["the list's own total"]


def test_a_total_that_is_given_must_hold_too_and_may_vouch_for_a_rounded_one() -> None:
    assert heard(TIMES + CALLS + OWN, totals=Totals(seconds=12_001)).finding == "total_differs"
    assert heard(TIMES + CALLS, totals=Totals(lines=20)).finding == "witnessed"
    rounded = f"{HEAD}{BODY}合计,,,3.01\n"
    assert heard(rounded, held(2), totals=Totals(lines=2)).finding == "witnessed"


def test_a_meeting_called_total_is_one_though_it_is_the_sum_of_the_others() -> None:
    calls = TIMES.replace("会议", "会议名称,会议") + "".join(f"周会,{one}\n" for one in CALLS.splitlines())
    said = heard(calls + "合计,LOST,2026-03-25 10:00:00,12000\n")
    assert [one.meeting_id for one in said.only_in_witness] == ["LOST"]


@pytest.mark.parametrize("name", ["手机号", "手机", "手机号码", "Phone Number", "参会号码"])
def test_a_list_of_who_attended_is_read_by_whatever_its_numbers_are_called(name: str) -> None:
    """A whole one was called that of another account."""
    people = [Archived(f"k{i}{j}", f"m{i}", at(i), f"+86138{i:07d}{j}") for i in range(4) for j in range(3)]
    rows = "".join(
        f"{one.meeting_id},甲,{(one.number or '')[3:]},{one.started_at:%Y-%m-%d %H:%M:%S}Z\n" for one in people
    )
    text = f"会议编号,姓名,{name},入会时间\n{rows.replace(' ', 'T').replace('甲T', '甲 ')}合计 12 条\n"
    assert hear(read(text.encode()), people).finding == "witnessed"


@pytest.mark.parametrize(("minutes", "finding"), [(-5, "witnessed"), (5, "witnessed"), (40, "unread"), (180, "unread")])
@pytest.mark.parametrize("key", ["attendees", "participants", "members", "parties"])
def test_who_joined_after_a_meeting_was_over_was_at_another_one(key: str, minutes: int, finding: str) -> None:
    def told(i: int) -> dict[str, object]:
        joined = at(i + 0.5) + timedelta(minutes=minutes)
        party = {"name": "甲", "phone": "15400000001", "joinTime": f"{joined:%Y-%m-%dT%H:%M:%SZ}"}
        edges = {"startTime": f"{at(i):%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{at(i + 0.5):%Y-%m-%dT%H:%M:%SZ}"}
        return {"meetingId": f"m{i}", **edges, key: [party]}

    raw = json.dumps({"total": 4, "list": [told(i) for i in range(4)]}).encode()
    assert hear(read(raw), held(4)).finding == finding
