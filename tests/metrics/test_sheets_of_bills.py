"""Columns, units and worksheets of a bill: which money is shared, and what of it is told that was not read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.audit.test_lists import workbook
from tests.metrics.billed import MEETINGS, archive_of, saved, shared
from ytxdata.archive import Archive
from ytxdata.audit import Invoice
from ytxdata.errors import UsageError
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.source import Source


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return archive_of(tmp_path_factory.mktemp("closing") / "m.archive", [one[:4] for one in MEETINGS])


@pytest.fixture(scope="module")
def counted(archive: Archive) -> Source:
    """What is counted of it, once for all bills."""
    return resolve(archive)


LINES: list[list[Any]] = [[one[0], one[1], one[3], float(one[4])] for one in MEETINGS]
FOUR = ["会议编号", "开始时间", "时长(秒)", "金额"]


@pytest.mark.slow
def test_a_worksheet_that_was_not_read_is_named_if_it_holds_figures(counted: Source, tmp_path: Path) -> None:
    """Half of a bill that went on there was taken for all of it."""
    path = workbook(
        tmp_path, [FOUR, *LINES[:2]], [["填表说明"], ["请勿改动", "谢谢"]], [*LINES[2:], ["合计", "", "", 10.8]]
    )
    assert any(
        "other worksheets with figures, which were not read (worksheets 3)" in one for one in shared(counted, path)[1]
    )
    assert "(worksheets 3)" in Invoice.read(path).notes[0].en


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "owed", "told"),
    [
        ("账期,通话费,月租费,短信费,单价,通话次数\n2026-03,200.00,3.00,0.80,0.06,40\n", "200.00", "月租费 (lines 2); 短信费 (lines 2)"),
        ("账期,金额,税率,税额\n2026-03,200.00,6%,3.80\n", "200.00", "税额 (lines 2)"),
        ("账期,金额,\n2026-03,200.00,3.80\n", "200.00", "3 (lines 2)"),
        ("账期,金额,,优惠\n2026-03,200.00,2,0.00\n", "200.00", ""),
        # what the amount holds, who pays, and a factor are no money beside it
        ("账期,不含税金额,税额,价税合计\n2026-03,192.26,11.54,203.80\n", "203.80", ""),
        ("账期,税额,优惠,应收金额（元）\n2026-03,11.54,5.00,203.80\n", "203.80", ""),
        ("账期,市话费,长途费,金额\n2026-03,200.00,3.80,203.80\n", "203.80", ""),
        *((f"账期,金额,{name}\n2026-03,203.80,10023\n", "203.80", "") for name in ("费用承担人", "付费方", "付款人（工号）", "缴费账户", "Fee payer")),
        *((f"账期,金额,折扣\n2026-03,203.80,{one}\n", "203.80", "") for one in ("0.95", "9.5")),
        *((f"账期,金额,{name}\n2026-03,203.80,-3.80\n", "203.80", name) for name in ("折扣", "折扣（元）", "三方费用", "服务费（人民币）")),
        # beside a discount and what is left, or arrears and what is due, the amount is another than what is owed
        ("账期,金额,优惠金额,折后金额\n2026-03,250.00,46.20,203.80\n", "250.00", "优惠金额 (lines 2); 折后金额 (lines 2)"),
        ("账期,上期欠费,本期费用,本期应付\n2026-03,50.00,203.80,253.80\n", "253.80", "上期欠费 (lines 2); 本期费用 (lines 2)"),
        ("账期,金额,优惠金额,折后金额\n2026-03,203.80,0.00,203.80\n", "203.80", ""),
        *((f"账期,通话费,月租费,{name}\n2026-03,200.00,3.80,203.80\n", "203.80", "月租费") for name in ("总费用", "总金额（元）", "本期应收", "应收费用", "Total amount")),
    ],
)  # fmt: skip
def test_money_is_shared_or_its_column_is_named(
    counted: Source, text: str, owed: str, told: str, tmp_path: Path
) -> None:
    found, notes = shared(counted, saved(tmp_path, text))
    assert found == Decimal(owed)
    assert any("columns of money that were not read" in one and told in one for one in notes) == bool(told)


@pytest.mark.slow
def test_a_remark_of_two_lines_is_no_lost_quote(counted: Source, tmp_path: Path) -> None:
    rows = [f'{one[0]},{one[1]},{one[4]},"甲,乙,丙,丁\n到会"' for one in MEETINGS]
    text = "\n".join(["会议编号,开始时间,金额,备注", *rows, ""])
    assert not [one for one in shared(counted, saved(tmp_path, text))[1] if "several lines" in one]
    lost = text.replace('"甲,乙,丙,丁\n到会"', '"到会', 1).replace('"甲,乙,丙,丁\n到会"', '到会"', 1)
    assert [one for one in shared(counted, saved(tmp_path, lost))[1] if "several lines" in one]


@pytest.mark.slow
def test_the_foot_of_a_tax_invoice_is_held_against_what_is_shared(counted: Source, tmp_path: Path) -> None:
    foot = "合计,200.00,,3.80\n价税合计（大写）,贰佰零叁元捌角,（小写）,203.80\n"
    _, notes = shared(counted, saved(tmp_path, f"项目,金额,税率,税额\n会议通话费,200.00,6%,3.80\n{foot}"), "total")
    assert any(one.startswith("warning") and "203.80 yuan, not 200.00" in one for one in notes)


@pytest.mark.parametrize("first", [["应付总额：", 999.0], ["合计：", "", "", 999.0]])
def test_a_total_above_the_names_of_columns_may_stand_in_several_cells(first: list[Any], tmp_path: Path) -> None:
    whys = [one.why.en for one in Invoice.read(workbook(tmp_path, [first, FOUR, *LINES])).skipped]
    assert ["another than" in one or "cannot be read" in one for one in whys] == [True]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "owed"),
    [
        ([["金额单位：分"], ["账期", "金额"], ["2026-03", 20380]], "203.80"),
        ([["金额单位：分"], ["账期", "金额（元）"], ["2026-03", 203.8]], "203.80"),
        ([["计费单位：分钟"], ["账期", "金额"], ["2026-03", 203.8]], "203.80"),
        ([["账期", "金额", "单位"], ["2026-03", 20380, "分"]], "203.80"),
        (
            [
                ["账期", "项目", "金额", "单位"],
                ["2026-03", "通话", 20000, "分"],
                ["2026-03", "月租", 380, ""],
                ["", "合计", 20380, ""],
            ],
            "203.80",
        ),
        ([["账期", "金额", "单位"], ["2026-03", 20000, "分"], ["2026-03", 3.8, ""]], "203.80"),
        # a blank below 分 is 分 too, unless yuan and fen stand there and whole fen above
        ([["账期", "金额", "单位"], ["2026-03", "10380", "分"], ["2026-03", "100.00", ""]], "203.80"),
        ([["账期", "金额", "单位"], ["2026-03", "10380.0", "分"], ["2026-03", "10000.0", ""]], "203.80"),
        ([["账期", "时长", "单位", "金额"], ["2026-03", 50, "分", 203.8]], "203.80"),
        ([["账期", "金额", "单位"], ["2026-03", 203.8, "元/分"]], "203.80"),
        ([["账期", "金额（元）", "单位"], ["2026-03", 203.8, "市场部分"]], "203.80"),
        ([["账期", "金额（元）", "单位"], ["2026-03", 203.8, "分"]], "203.80"),
        ([["账期", "amount_yuan", "金额单位"], ["2026-03", 203.8, "分"]], "203.80"),
        ([["计价单位：分，金额单位：元"], ["账期", "金额"], ["2026-03", 203.8]], "203.80"),
        ([["计价单位：分"], ["金额单位：人民币元"], ["账期", "金额"], ["2026-03", 203.8]], "203.80"),
        ([["费用单位：市场部，货币单位：人民币，计价单位：分"], ["账期", "金额"], ["2026-03", 20380]], "203.80"),
    ],
)
def test_the_unit_of_amounts_may_stand_above_or_beside_them(
    counted: Source, rows: list[list[Any]], owed: str, tmp_path: Path
) -> None:
    assert shared(counted, workbook(tmp_path, rows))[0] == Decimal(owed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["账期", "金额", "单位"], ["2026-03", 20.38, "万元"]], "than yuan, and its amounts were read as yuan: 万元 (lines 2)"),
        ([["账期", "金额", "币种"], ["2026-03", 20.38, "USD"]], "USD (lines 2)"),
        ([["金额单位：美元"], ["账期", "金额"], ["2026-03", 20.38]], "美元"),
        ([["金额单位：人民币万元（含税）"], ["账期", "金额"], ["2026-03", 20.38]], "人民币万元"),
        ([["付款单位：北京三角科技有限公司，使用单位：亿元科技"], ["账期", "金额"], ["2026-03", 20.38]], ""),
        ([["单位：元（不足1角按1角计）"], ["账期", "金额"], ["2026-03", 20.38]], ""),
        ([["金额单位：人民币元"], ["账期", "金额", "币种"], ["2026-03", 20.38, "CNY"]], ""),
        ([["账期", "金额", "单位"], ["2026-03", 20.38, "市场部"]], ""),
    ],
)  # fmt: skip
def test_amounts_in_another_unit_than_yuan_are_told(
    counted: Source, rows: list[list[Any]], told: str, tmp_path: Path
) -> None:
    notes = shared(counted, workbook(tmp_path, rows))[1]
    assert [told in one for one in notes if "unit or currency" in one] == [True][: len(told)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "told"),
    [
        # a discount without a sign was added
        *((f"通话费,250.00\n{word},46.20\n应付金额,203.80\n", "203.80 yuan, not 296.20") for word in ("优惠", "减：优惠", "套餐抵扣")),
        ("calls,250.00\nDiscount,46.20\nAmount due,203.80\n", "203.80 yuan, not 296.20"),
        ("通话费,100\n月租费,50\n应付金额,150\n实付金额,100\n未付,50\n", ""),
        ("通话费,100\n上期余额,50\n应付金额,70\n", ""),
        ("通话费,100\n合计,100\n应付金额,170\n", ""),
        # what the total holds already, and what is no money of this list
        *((f"通话费,200.00\n月租费,3.80\n合计,203.80\n{word},11.54\n", "line 5 (11.54)") for word in ("含税额", "去年同期费用", "本年累计")),
        ("通话费,200.00\n合计,200.00\n月租费,3.80\n合计,203.80\n", ""),
        ("通话费,200.00\n合计,200.00\n税额,3.80\n应付金额,203.80\n", ""),
    ],
)  # fmt: skip
def test_a_total_or_what_is_due_is_held_against_all_that_is_shared(
    counted: Source, rows: str, told: str, tmp_path: Path
) -> None:
    warned = [one for one in shared(counted, saved(tmp_path, f"项目,金额\n{rows}"), "total")[1] if one[:7] == "warning"]
    assert [told in one for one in warned] == [True][: len(told)]


@pytest.mark.slow
def test_the_one_total_is_that_of_all_lines(counted: Source, tmp_path: Path) -> None:
    """Beside a charge and what it is made of it was taken for that of the last lines."""
    text = "项目,金额\n通话费,203.80\n国内通话费,150.00\n国际通话费,53.80\n月租费,50.00\n总计,253.80\n"
    _, notes = shared(counted, saved(tmp_path, text), "total")
    assert any(one.startswith("warning") and "253.80 yuan, not 457.60" in one for one in notes)


@pytest.mark.slow
def test_a_total_of_a_workbook_without_fen_is_not_rounded(counted: Source, tmp_path: Path) -> None:
    path = workbook(tmp_path, [FOUR, *LINES, ["合计", "", "", 11.0]])
    assert "11 yuan, not 10.8" in Invoice.read(path).notes[0].en
    assert any("11 yuan, not 10.8" in one for one in shared(counted, path)[1])


@pytest.mark.slow
def test_an_id_is_what_it_was_meant_to_be_and_a_sign_is_one(counted: Source, tmp_path: Path) -> None:
    rows = "".join(f"{one[0]}.0,{one[4]}\n" for one in MEETINGS)
    assert shared(counted, saved(tmp_path, f"会议编号,金额\n{rows}"))[0] == Decimal("10.80")
    with pytest.raises(UsageError, match=r"--3\.80"):
        shared(counted, saved(tmp_path, "账期,金额\n2026-03,--3.80\n"))


@pytest.mark.slow
def test_a_line_within_a_quote_is_told(counted: Source, tmp_path: Path) -> None:
    text = '会议编号,主题,开始时间,金额\n1,"周会,2026-03-02,2.00\n2,周报",2026-03-03,2.80\n3,"一、\n二",2026-03-04,1\n'
    assert any("a quote has no other (lines 2)" in one for one in shared(counted, saved(tmp_path, text))[1])
