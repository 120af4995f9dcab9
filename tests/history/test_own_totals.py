"""Each total that a list states must hold: one that differs, or cannot be read, is told and proves nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from tests.history.bills import BODY, HEAD, held, read, with_results
from ytxdata.errors import UsageError
from ytxdata.history.proof.witness import Totals
from ytxdata.history.proof.witness_check import hear

TRUE, MORE = "合计,,3600,3.00\n", "合计,,4200,4.50\n"
ROWS = [{"meeting_id": f"m{i}", "started_at": f"2026-03-01 0{8 + i}:00:00", "duration_s": 1800} for i in range(2)]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (f"{HEAD}{BODY}{TRUE}", "witnessed"),
        (f"{HEAD}{BODY}{TRUE}{TRUE}", "witnessed"),
        (f"{HEAD}{BODY}{MORE}{TRUE}", "total_differs"),
        (f"{HEAD}{BODY}{TRUE}{MORE}", "total_differs"),
        (f"{HEAD}{MORE}{BODY}{TRUE}", "total_differs"),
        (f"{HEAD}{TRUE}{BODY}", "witnessed"),
        (f"{HEAD}{BODY}{MORE.replace('合', '总')}{TRUE}", "total_differs"),
        (f"{HEAD}{BODY}合计 3 场,,3600,3.00\n", "total_differs"),
        (f"{HEAD}{BODY}合计,3 场,3600,3.00\n", "total_differs"),
        (f"{HEAD}{BODY}合计 3 场 2 行,,3600,3.00\n", "total_differs"),
        (f"合计 3 场,,,\n{HEAD}{BODY}{TRUE}", "total_differs"),
        (f"合计 2 场,,,\n{HEAD}{BODY}{TRUE}", "witnessed"),
        (f"{HEAD}{BODY}合计,,3600秒（另 600 秒）,3.00\n", "unread"),
        (f"{HEAD}{BODY}合计,,60分钟,3.00\n", "witnessed"),
        *(
            (f"{HEAD}{BODY}{told},,,\n", "witnessed")
            for told in (
                "合计¥3.00",
                "合计 ￥3.00",
                "合计人民币3.00元",
                "总计 RMB 3.00",
                "Total CNY 3.00",
                "Total meetings 2",
            )
        ),
        *((f"{HEAD}{BODY}{told},,,\n", "total_differs") for told in ("合计¥3.60", "Total CNY 9", "Total meetings 3")),
        (f"{HEAD}{BODY}合计 Total,,3600,3.00\n", "witnessed"),
        (f"{HEAD}{BODY}合计人民币叁元整,,,\n", "unread"),
        (f"{HEAD}{BODY}合计,,,1E+1\n", "total_differs"),
        # a credit is no meeting, and belongs to the total; a count may leave it out
        (f"{HEAD}{BODY}m1,2026/3/1 9:00,,-0.20\n合计 2 场,,,2.80\n", "witnessed"),
        (f"{HEAD}{BODY}冲减,,,-0.20\n合计 3 行,,,2.80\n", "witnessed"),
        (f"{HEAD}{BODY}冲减,,,-0.20\n合计 2 场,,,3.00\n", "total_differs"),
        (f"{HEAD}{BODY}冲减,,,-0.20\n小计,,3600,2.80\n合计,,3600,2.80\n", "witnessed"),
        (f"{HEAD}{BODY}冲减,,,(0.20)\n合计 2 场,,,2.80\n", "witnessed"),
        *(
            (f"{HEAD}{BODY}冲减,2026/3/1 9:00,{back},\n合计 2 场,,1800,3.00\n", "witnessed")
            for back in ("-1800", "(1800)", "-1800秒", "-00:30:00", "（30分钟）", "−1800")
        ),
        (f"{HEAD}{BODY}冲减,2026/3/1 9:00,-1800,\n合计 2 场,,3600,3.00\n", "total_differs"),
        # a word in front says what a figure counts; one of which nobody says it must be what lines come to
        *((f"{HEAD}{BODY}{told},,,\n", "witnessed") for told in ("合计金额：3.00", "費用合計（元）：3.00", "会议场次合计：2", "Total calls: 2", "合计费用3元", "2026年3月合计：2 笔", "Total incl. 6% VAT: 3.00")),
        *((f"{HEAD}{BODY}{told},,,\n", "total_differs") for told in ("合计金额：4.50", "合计（元）：4.50", "會議場次合計：3", "Total calls: 3", "合计，金额 4.50", "Total incl. VAT: 4.50", "合计费用4.50元")),
        *((f"{HEAD}{BODY}{told}\n合计 2 场,,,\n", "unread") for told in ("合计：4.50,,,", "Total: 5,,,", "合计,4.50,,", "合计,5,3600,3.00", "合计时长：1小时30分0秒,,,")),
        *((f"{HEAD}{BODY}{told}\n合计 2 场,,,\n", "witnessed") for told in ("合计：3.00,,,", "Total: 2,,,", "合计,2,3600,3.00", "合计时长：1小时0分0秒,,,", "参会人次合计：9,,,", "合计（1-31日）,,,", "Total for March 2026,,,")),
        (f"合计金额：4.50\n{HEAD}{BODY}合计 2 场,,,\n", "total_differs"),
        (f"合计：4.50\n{HEAD}{BODY}合计 2 场,,,\n", "unread"),
        (f"{HEAD}{BODY}VAT 6%,,,0.18\nTotal incl. VAT,,,3.18\n", "witnessed"),
        (f"{HEAD}{BODY}VAT 6%,,,0.18\nTotal incl. VAT,,,103.18\n合计 2 场,,,\n", "total_differs"),
        (f"{HEAD.replace('金额', '应收金额')}{BODY}合計,,,人民币3.00元\n", "witnessed"),
    ],
)  # fmt: skip
def test_each_total_of_a_list_must_hold(text: str, finding: str) -> None:
    said = hear(read(text.encode()), held(2))
    assert said.finding == finding, said.text.en
    assert said.differs or said.finding != "total_differs"


@pytest.mark.parametrize(
    ("beside", "finding"),
    [
        ({"total": 2}, "witnessed"),
        ({"total": 2, "count": 2, "totalDuration": 3600, "hasMore": False, "nextPage": None}, "witnessed"),
        ({"page": {"total": 2, "pageNo": 1, "pages": 1}}, "witnessed"),
        ({"total": 2, "totalCount": 3}, "total_differs"),
        ({"total": 2, "count": 3}, "total_differs"),
        ({"Total": 3, "total": 2}, "total_differs"),
        ({"total": "3 meetings", "totalDuration": 3600}, "total_differs"),
        ({"page": {"total": 3}, "totalDuration": 3600}, "total_differs"),
        ({"page": {"totalDuration": 4200}, "total": 2}, "total_differs"),
        ({"total": 2, "hasMore": True, "nextPage": 2}, "unread"),
    ],
)
@pytest.mark.parametrize("has_row", [False, True])
def test_each_total_beside_a_list_of_json_must_hold(beside: dict[str, object], finding: str, *, has_row: bool) -> None:
    rows = [*ROWS, *([{"meeting_id": "合计", "duration_s": 3600}] if has_row else [])]
    assert hear(read(json.dumps({**beside, "list": rows}).encode()), held(2)).finding == finding


@pytest.mark.parametrize(
    ("credit", "given", "finding"),
    [
        ("", {"lines": 2}, "witnessed"),
        ("", {"lines": 3}, "total_differs"),
        ("m1,2026/3/1 9:00,,-0.001", {"lines": 3}, "no_total"),
        ("退费,,-1,", {"lines": 3}, "no_total"),
        ("退费,,-1,", {"lines": 2}, "witnessed"),
        ("退费,,-600,", {"lines": 3, "seconds": 3000}, "witnessed"),
        ("退费,,-600,", {"lines": 3, "seconds": 3600}, "total_differs"),
        ("退费,,-600,\n合计 3 行,,3000,", {"lines": 3}, "no_total"),
        ("退费,,-600,\n合计 3 行,,3000,", {}, "witnessed"),
    ],
)
def test_a_credit_makes_up_for_no_line_that_is_lacking(credit: str, given: dict[str, int], finding: str) -> None:
    """The auditor's count was met by credits of nothing, while the line that the archive lacks had been dropped."""
    assert hear(read(f"{HEAD}{BODY}{credit}\n".encode(), totals=Totals.of(given)), held(2)).finding == finding


@pytest.mark.parametrize(
    ("tail", "finding"),
    [
        # tax, a balance, what is due or was paid, below the total and in the place of ids
        (f"{TRUE}税额,,,0.18\n价税合计,,,3.18\n", "witnessed"),
        ("不含税金额,,,3.00\n税额（6%）,,,0.18\n价税合计,,,3.18\n", "witnessed"),
        (f"{TRUE}增值税6%,,,0.18\n含税合计,,,3.18\n", "witnessed"),
        ("Subtotal,,3600,3.00\nVAT 6%,,,0.18\nTotal,,,3.18\n", "witnessed"),
        (f"{TRUE}上期余额,,,50.00\n本期充值,,,500.00\n本期余额,,,547.00\n", "witnessed"),
        (f"{TRUE}应付金额,,,3.0\n已付,,,3.00\n欠费,,,0.00\n实收金额,,,3.00\n滞纳金,,,0.10\n", "witnessed"),
        # a rent is a part of the total; a count may count it
        ("月租费,,,100.00\n合计,,3600,103.00\n", "witnessed"),
        ("月租费,2026-03-01,,100.00\n合计,,,103.00\n", "witnessed"),
        ("功能费,,0,100.00\nMonthly fee,,-,5\n合计 4 行,,,108.00\n上期余额,,,50.00\n", "witnessed"),
        ("月租费,,,100.00\n合计,,3600,103.02\n", "total_differs"),
        ("月租费,,,100.00\n上期余额,,,50.00\n合计,,3600,53.00\n", "total_differs"),
        (f"{TRUE}税额,,,0.18\n价税合计,,,3.20\n", "total_differs"),
        ("月租费,,,100.00\n合计 4 行,,,103.00\n", "total_differs"),
        # what may be a meeting is one, also beside a word that is usual
        ("晨会,,,1.50\n合计,,3600,4.50\n", "lines_missing"),
        ("税额,2026-03-05 09:00,,1.50\n合计,,3600,4.50\n", "lines_missing"),
        ("税额,,60,1.50\n合计,,3660,4.50\n", "lines_missing"),
        ("税-7,,,1.50\n合计,,3600,4.50\n", "lines_missing"),
        ("财税部周会,,,1.50\n合计,,3600,4.50\n", "lines_missing"),
        ("税额,下午,,1.50\n合计,,3600,4.50\n", "lines_missing"),
        (",,,1.50\n合计,,3600,4.50\n", "unread"),
        # what is given back needs no id
        (",月租费,,100.00\n合计,,3600,103.00\n", "witnessed"),
        (",,,-0.20\n合计,,3600,2.80\n", "witnessed"),
        (",,,-0.20\n合计,,3600,3.00\n", "total_differs"),
    ],
)
def test_a_charge_that_names_no_meeting_is_none_that_is_missing(tail: str, finding: str) -> None:
    """The last lines of every bill made a gap of a month of which each meeting was here."""
    said = hear(read(f"{HEAD}{BODY}{tail}".encode()), held(2))
    assert said.finding == finding, said.text.en


@pytest.mark.parametrize("line", ["月租费,,,,100.00", ",,,月租费,100.00", ",2026-03-01,,基本月租,100.00"])
def test_a_charge_without_an_id_is_called_one_in_any_column(line: str) -> None:
    head = "会议编号,开始时间,时长(秒),项目,金额\n"
    body = "m0,2026/3/1 8:00,1800,会议服务费,1.50\nm1,2026/3/1 9:00,1800,会议服务费,1.50\n"
    said = hear(read(f"{head}{body}{line}\n合计,,3600,,103.00\n".encode()), held(2))
    assert (said.finding, (4, "charge") in said.aside) == ("witnessed", True), said.text.en
    lost = hear(read(f"{head}{body},,,会议服务费,1.50\n合计,,3600,,4.50\n".encode()), held(2))
    assert lost.finding == "unread"


def test_a_room_that_is_called_like_a_charge_is_one() -> None:
    room = replace(held(1)[0], key="r", meeting_id="余额")
    said = hear(read(f"{HEAD}{BODY}余额,,,1.50\n合计,,,4.50\n".encode()), [*held(2), room])
    assert (said.finding, said.n_found) == ("witnessed", 3)


def test_a_charge_makes_up_for_no_line_that_is_lacking() -> None:
    """The auditor's sum is met by a charge of as much as a meeting that the archive lacks and somebody dropped."""
    for line, given, finding in (
        ("服务费,,,1.50", {"yuan": "4.50"}, "no_total"),
        ("服务费,,,1.50", {"lines": 3}, "no_total"),
        ("服务费,,,1.50", {"yuan": "3.00"}, "witnessed"),
        ("服务费,,,1.50", {"yuan": "4.50", "lines": 2}, "witnessed"),
        ("服务费,,,1.40", {"yuan": "4.50"}, "total_differs"),
    ):
        text = f"{HEAD}{BODY}{line}\n"
        assert hear(read(text.encode(), totals=Totals.of(given)), held(2)).finding == finding, (line, given)


def test_a_key_that_stands_twice_says_two_totals() -> None:
    raw = b'{"total":3,"total":2,"list":%s}' % json.dumps(ROWS).encode()
    assert hear(read(raw), held(2)).finding == "total_differs"


def test_a_note_with_a_figure_beside_a_line_is_named() -> None:
    text = f"{HEAD}{BODY.splitlines()[0]},备注：另计 M-EXTRA 2026-03-15 10:00 600 秒\n{BODY.splitlines()[1]}\n{TRUE}"
    assert (2, "beyond") in hear(read(text.encode()), held(2)).aside


def test_a_list_of_json_of_more_names_than_a_workbook_has_columns_is_refused_and_a_wide_one_is_read() -> None:
    """Each object with names of its own: lines times names filled the memory."""

    def made(n: int) -> bytes:
        return json.dumps([{"meeting_id": f"m{i}", **{f"c{i}_{j}": 1 for j in range(12)}} for i in range(n)]).encode()

    assert len(read(made(300)).lines) == 300
    for n in (1000, 2000):
        with pytest.raises(UsageError, match="names in"):
            read(made(n))


@pytest.mark.slow
def test_a_key_that_stands_ever_so_often_is_read() -> None:
    assert len(read(('{"list":[{"meeting_id":"m0"' + ',"a":1' * 16_000 + "}]}").encode()).lines) == 1


def test_totals_may_be_those_of_a_frame_and_what_is_none_is_told() -> None:
    assert Totals.of({"seconds": np.int64(3600), "yuan": np.float64(1.5)}) == Totals.of(
        {"seconds": 3600, "yuan": "1.50"}
    )
    for wrong in ({"lines": "x"}, {"seconds": 1.5}, {"yuan": float("nan")}):
        with pytest.raises(UsageError, match="no numbers"):
            Totals.of(wrong)


@pytest.mark.parametrize("flags", ["true, false", "false, true"])
def test_a_flag_that_stands_twice_is_heard_both_times(flags: str) -> None:
    first, second = flags.split(", ")
    body = f'{{"list": {json.dumps(ROWS)}, "hasMore": {first}, "total": 2, "hasMore": {second}}}'
    assert hear(read(body.encode()), held(2)).finding == "unread"


def test_a_sum_of_a_workbook_is_what_the_workbook_shows() -> None:
    """Kept as a double, 3.0000000000000004: a right bill was called a wrong one."""
    openpyxl = pytest.importorskip("openpyxl")
    book, made = openpyxl.Workbook(), BytesIO()
    body = [["m0", "2026-03-01 08:00", 1.5], ["m1", "2026-03-01 09:00", 1.5]]
    for row in (["会议编号", "开始时间", "金额"], *body, ["合计", None, "=SUM(C2:C3)"]):
        book.active.append(row)
    book.save(made)
    raw = with_results(made.getvalue(), {"SUM(C2:C3)": "3.0000000000000004"})
    assert hear(read(raw), held(2)).finding == "witnessed"


@pytest.mark.parametrize("total", ["合计：2场，3600秒，3.00元", "合计：2场，总时长1小时0分0秒，3.00元"])
def test_a_total_of_seconds_is_that_of_starts_and_ends_where_no_column_tells_lengths(total: str) -> None:
    raw = (
        "会议编号,开始时间,结束时间,金额\n"
        "m0,2026-03-01 08:00:00,2026-03-01 08:30:00,1.50\nm1,2026-03-01 09:00:00,2026-03-01 09:30:00,1.50\n"
    )
    assert hear(read(f"{raw}{total}\n".encode()), held(2)).finding == "witnessed"
    longer = total.replace("3600秒", "4200秒").replace("0分", "10分")
    assert hear(read(f"{raw}{longer}\n".encode()), held(2)).finding in ("total_differs", "unread")
