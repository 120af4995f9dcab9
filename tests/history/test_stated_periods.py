"""Which period a list says that it is of, in whatever words and wherever it stands, and what it proves by that."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest

from tests.history.bills import BODY, END, HEAD, START, held, read
from tests.history.test_parts_of_lists import ABOVE, MARCH, OWN, ROWS, proven
from tests.history.test_unread_lists import workbook
from tests.history.test_words_beside_lists import TABLE, USUAL
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.witness_check import hear, with_witnesses
from ytxdata.history.proof.witness_result import Hearing
from ytxdata.history.witness_lists import read_witness
from ytxdata.times import BEIJING, beijing_text

PLAIN = HEAD + BODY + OWN

OF_MARCH = (
    "2026年3月账单", "账单月份：2026-03", "账期 2026/3", "计费周期：202603", "月份：2026年3月", "月份：3", "出账月：2026.03", "三月账单", "二〇二六年三月账单", "本账单所属月份为3月",
    "Billing period: March 2026", "Invoice for Mar 2026", "Invoice 2026-03", "Period: 1 Mar 2026 to 31 Mar 2026", "Statement period 03/01/2026 - 03/31/2026", "２０２６年３月会议清单",
    "2026年3月上旬、中旬、下旬", "2026年3月账单，应付日期：2026-04-15", "2026年3月1日（周日）至3月31日（周二）",
)  # fmt: skip
OF_HALF = (
    "自2026年3月1日起至3月15日止", "开始日期：2026-03-01 结束日期：2026-03-15", "本期：03/01～03/15", "2026年3月上半月账单", "Period: Mar 1 - Mar 15, 2026",
    "For the period 1-15 March 2026", "from 2026-03-01 through 2026-03-15", "Billing period ending 2026-03-15", "第一期（1日至15日）", "2026年3月1-15日账单", "三月上半月",
    "账期：20260301-20260315", "between 2026-03-01 and 2026-03-15", "March 1st to March 15th, 2026", "会议清单（3月1日至15日）", "账期起：2026-03-01，账期止：2026-03-15",
    "2026年3月账单（3月1日－3月15日）", "First half of March 2026", "会议 2026-03-01/2026-03-15", "15/03/2026止",
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "end"),
    [
        *((one, "04-01 00:00") for one in OF_MARCH),
        *((one, "03-16 00:00") for one in OF_HALF),
        *((one, "03-21 00:00") for one in ("3月上旬与中旬", "2026年3月上旬至中旬", "2026年3月上、中旬账单（上旬至中旬）")),
        *((one, "03-15 00:00") for one in ("截至2026年3月15日", "数据截止：2026-03-15", "Data through 15 March 2026")),
        *((one, "03-23 00:00") for one in ("2026年第9周至第12周", "2026-W09 to 2026-W12", "Week 9 - Week 12 of 2026")),
        ("2026年3月上旬", "03-11 00:00"),
        *((one, "03-16 00:00") for one in ("3.1-3.15", "2026.03.01-2026.03.15")),
    ],
)  # fmt: skip
def test_what_a_list_says_of_its_period_bounds_what_it_proves(words: str, end: str) -> None:
    """Only two days with years were read: a bill of half a month proved all of it."""
    assert proven(f'"{words}"\n{PLAIN}') == [("03-01 00:00", end)]
    if re.search(r"[^\W\d]", words):  # below the lines, figures alone may be the id of one
        assert proven(f'{PLAIN}"{words}"\n') == [("03-01 00:00", end)]


@pytest.mark.parametrize(
    ("rows", "end"),
    [
        ([["账期起", "2026-03-01"], ["账期止", "2026-03-15"]], "03-16 00:00"),
        ([["开始日期", datetime(2026, 3, 1)], ["结束日期", datetime(2026, 3, 15)]], "03-16 00:00"),  # noqa: DTZ001 - a cell has no zone
        ([["账期"], ["2026-03-01", "2026-03-15"]], "03-16 00:00"),
        ([["账期", "2026-03-01", "2026-03-15"]], "03-16 00:00"),
        ([["账期", "2026-03"]], "04-01 00:00"),
        ([["打印日期", "2026-04-02"], ["应付日期", "2026-04-15"]], "04-01 08:00"),
        ([["月份", "场次"], ["2月", 58], ["3月", 2], ["合计", 60]], "04-01 08:00"),
    ],
)
def test_a_cover_says_of_which_period_a_list_is(rows: list[list[object]], end: str) -> None:
    said = hear(replace(read(workbook(TABLE, rows)), given_at=END), held(2))
    (period,) = with_witnesses(Certificate(), [said], END).periods
    assert (said.finding, beijing_text(period.end)[5:16]) == ("witnessed", end)


@pytest.mark.parametrize("name", ["3.1-3.15", "3月上半月", "2026-03-01至2026-03-15", "202603上半月", "Mar 1-15"])
def test_so_does_the_name_of_a_worksheet(name: str) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book, file = openpyxl.load_workbook(BytesIO(workbook(TABLE, []))), BytesIO()
    book.active.title = name
    book.save(file)
    said = hear(replace(read(file.getvalue()), given_at=END), held(2))
    assert (said.finding, said.told_end and beijing_text(said.told_end)) == ("witnessed", "2026-03-16 00:00:00")


@pytest.mark.parametrize(
    ("beside", "end"),
    [
        ({"period": ["2026-03-01", "2026-03-15"]}, "03-16 00:00"),
        ({"month": "2026-03", "half": 1}, "03-16 00:00"),
        ({"query": {"year": 2026, "month": 3, "half": 1}}, "03-16 00:00"),
        ({"billing_month": "202603"}, "04-01 00:00"),
        ({"month": 3}, "04-01 00:00"),
        ({"year": 2026, "quarter": 1}, "04-01 00:00"),
        ({"endDate": "2026-03-15"}, "03-16 00:00"),
        ({"range": {"start": "20260301", "end": "20260315"}}, "03-16 00:00"),
        ({"title": "2026年3月上半月会议"}, "03-16 00:00"),
        (
            {"dataVersion": "2026.13", "period": "monthly", "serverTime": "2026-03-02 10:00:00", "until": 50},
            "04-01 08:00",
        ),
        ({"last": {"endTime": "2026-03-01 09:30:00"}}, "04-01 08:00"),
    ],
)
def test_so_do_the_keys_of_json(beside: dict[str, Any], end: str) -> None:
    assert proven(json.dumps({"total": 2, "list": ROWS, **beside})) == [("03-01 00:00", end)]


@pytest.mark.parametrize(
    "words",
    ["账期：2026年第3期", "统计周期：2026-13-01 至 2026-13-15", "统计周期：近30天", "Reporting period: FY2026 P03", "2026年3月1日至40日", "账期：2026-03-20 至 2026-03-01",
     "查询范围：最近7天", "Billing period: last 30 days", "2026-02-30 至 2026-03-15"],
)  # fmt: skip
def test_a_period_that_cannot_be_read_forbids_a_proof(words: str) -> None:
    for raw, line in ((f"{words}\n{PLAIN}", 0), (f"{PLAIN}{words}\n", 5)):
        said = hear(replace(read(raw.encode()), given_at=END), held(2))
        assert (said.finding, (line, "period") in said.aside, words in said.text.en) == ("unread", True, True)


HONEST = (
    "打印日期：2026-04-02", "应付日期：2026-04-15", "Invoice date: 2 Apr 2026", "due 2026-04-15", "Payment due by April 15, 2026", "电话：010-65520000", "客服热线 400-810-1234",
    "合同编号：HT-2026-0315", "合同期限：2026-03-05 至 2027-03-04", "计费周期：60秒", "账期：30天", "结算周期：T+1", "付款周期：每月1日至15日", "请于每月1日至15日缴费", "金额 2026.10元",
    "版本 1.5-2.5", "上期：2026-02", "Invoice no. 20260415", "自2026年3月5日起执行新资费", "会议费 3.1-5.2 元", "付款截止日期：2026-03-20", "有效期至2026-03-20", "出账月份：2026-04",
    "客服时间：9:00-18:00", "银行账号 6222 0212 0100 1234", "本页 1-2 条", "Contract valid from 2026-03-05", "3月15日前付款", "系统可查询最近6个月的记录", "第1/1页", "2026年度",
)  # fmt: skip


@pytest.mark.parametrize("words", HONEST)
def test_other_dates_and_figures_are_no_period(words: str) -> None:
    assert proven(f'"{words}"\n{PLAIN}') == MARCH
    assert proven(f'{PLAIN}"{words}"\n') == MARCH


def test_of_usual_titles_none_is_a_period_that_cannot_be_read() -> None:
    texts = [*USUAL, *ABOVE]
    told = [
        one
        for one in texts
        if any(why == "period" for _, why in hear(read(f'{PLAIN}"{one}"\n'.encode()), held(2)).aside)
    ]
    assert not told


# ── months in which a list has no line ──
def of_months(raw: str, first: int = 1) -> tuple[Hearing, list[tuple[str, str]]]:
    """From when until when a list of March proves that was handed in for the months from `first` on."""
    made = read_witness(
        raw.encode(),
        "bill.csv",
        "invoice",
        datetime(2026, first, 1, tzinfo=BEIJING),
        datetime(2026, 6, 1, tzinfo=BEIJING),
    )
    given_at = datetime(2026, 7, 1, tzinfo=BEIJING)
    said = hear(replace(made, given_at=given_at), held(2))
    assert Hearing.from_dict(json.loads(json.dumps(said.to_dict()))) == said
    told = with_witnesses(Certificate(), [said], given_at).periods
    return said, [
        (beijing_text(one.start)[:10], beijing_text(one.end)[:10]) for one in told if one.reason_key == "witnessed"
    ]


@pytest.mark.parametrize("words", ["", "2026年3月账单\n", "Invoice of the month before\n", "201603\n"])
def test_months_without_a_line_are_not_proven(words: str) -> None:
    """A bill of one month that was handed in for five proved them all, whatever it called its own."""
    said, told = of_months(f"{words}{PLAIN}")
    assert (said.finding, told) == ("witnessed", [("2026-03-01", "2026-04-01")])
    assert "2026-01 – 2026-02, 2026-04 – 2026-05" in said.text.en
    assert "2026-01 – 2026-02、2026-04 – 2026-05" in said.text.zh


def test_of_months_that_a_list_names_those_between_are_not_proven() -> None:
    said, told = of_months(f'"账期：2026年1月、3月和5月"\n{PLAIN}')
    months = [("2026-01-01", "2026-02-01"), ("2026-03-01", "2026-04-01"), ("2026-05-01", "2026-06-01")]
    assert (said.finding, told) == ("witnessed", months)


@pytest.mark.parametrize(
    "words", ["统计周期：2026-01-01 至 2026-05-31", "2026年1月至5月账单", "2026年度会议清单", "2026年上半年账单", "账期：2026年", "Period: Jan - May 2026"]
)  # fmt: skip
def test_but_where_it_says_that_it_is_of_them_they_are(words: str) -> None:
    said, told = of_months(f"{words}\n{PLAIN}")
    assert (said.finding, told) == ("witnessed", [("2026-01-01", "2026-06-01")])


def test_of_months_that_all_have_lines_all_are_proven() -> None:
    body = "".join(f"m{n},2026/{n + 1}/31 8:00,1800,1.50\n" for n in (0, 2, 4))
    archived = [
        replace(one, started_at=datetime(2026, n + 1, 31, 8, tzinfo=BEIJING))
        for n, one in enumerate(held(5))
        if n % 2 == 0
    ]
    made = read_witness(
        f"{HEAD}{body}合计 3 场,,,\n".encode(), "bill.csv", "invoice", START, datetime(2026, 6, 1, tzinfo=BEIJING)
    )
    said = hear(replace(made, start=datetime(2026, 1, 1, tzinfo=BEIJING), given_at=made.end), archived)
    assert [(beijing_text(begin)[:7], beijing_text(end)[:7]) for begin, end in said.blank] == [
        ("2026-02", "2026-03"),
        ("2026-04", "2026-05"),
    ]
