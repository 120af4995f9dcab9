"""The last lines of a bill, as three readers take them: what is shared is what is owed, a right bill is a proof, and an
audit finds nothing.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import Any

import pandas as pd
import pytest

from tests.metrics.billed import MEETINGS, archive_of, bill, saved, shared
from ytxdata.archive import Archive
from ytxdata.audit import Invoice
from ytxdata.errors import UsageError
from ytxdata.history.list_cells import called
from ytxdata.history.proof.witness import ASIDE
from ytxdata.list_totals import closing_of, no_meeting
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.source import Source


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return archive_of(tmp_path_factory.mktemp("closing") / "m.archive", [one[:4] for one in MEETINGS])


@pytest.fixture(scope="module")
def counted(archive: Archive) -> Source:
    """What is counted of it, once for all bills."""
    return resolve(archive)


CNY = "Amount (CNY)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "owed"),
    [
        (bill("应收金额", "优惠,,,-0.80", "合计,,5400,10.00", "余额抵扣,,,10.00", "应付金额,,,0.00"), "10.00"),
        (bill("价税合计", "税额,,,0.65", "价税合计,,,11.45"), "11.45"),
        (bill("金额（分）", "月租费,-,-,2000", "合计,-,5400,3080", "上期结余,-,-,5000", "本期充值,-,-,20000", digits=2), "30.80"),
        (bill("费用（厘）", "增值税6%,,,650", "合计,,5400,11450", "实收金额,,,11450", digits=3), "11.45"),
        (bill("含税金额", "冲减,,,−0.80", "抹零,,,-0.01", "应付总金额,,,9.99", "已付,,,9.99", "欠费,,,0.00"), "9.99"),
        (bill(CNY, "Subtotal,,5400,10.80", "VAT 6%,,,0.65", "Total,,,11.45", "Previous balance,,,50.00", "Payment received,,,-50.00", "Amount due,,,11.45"), "11.45"),
        (bill(CNY, "Service fee,,,5.00", "Refund,,,(0.80)", "Total charges,,,15.00"), "15.00"),
        (bill(CNY, "Late payment fee,,,1.20", "Total current charges,,,12.00", "Total amount due,,,62.00", first="Balance brought forward,,,50.00"), "12.00"),
        (bill(CNY, "Discount,N/A,N/A,0.80-", "Invoice total,N/A,5400,10.00", "Deposit,N/A,N/A,100.00"), "10.00"),
        *((bill("金额（元）", "合计,,5400,10.80", f"{word},,,10.80"), "10.80") for word in ("应付金额", "实收", "本期应缴", "Amount due")),
        *((bill("金额（元）", f"80010004,2026-03-31 23:45:00,,{back}", "合计,,5400,10.00"), "10.00") for back in ("(0.80)", "（0.80）", "−0.80", "(¥0.80)")),
        # payments are no charges, fees are, and a total with tax is a total
        *((bill("金额", "合计,,5400,10.80", f"{word},,,10.80"), "10.80") for word in ("付款", "已支付", "上期费用", "本期缴费", "银行扣款", "客户付款", "Direct debit")),
        *((bill("金额", f"{word},,,5.00", "合计,,5400,15.80"), "15.80") for word in ("充值服务费", "预付费通话费", "Payment processing fee")),
        (bill(CNY, "Total excl. VAT,,5400,10.80", "VAT 6%,,,0.65", "Total incl. VAT,,,11.45"), "11.45"),
        (bill("金額（元）", "合計,,5400,10.80", "增值稅,,,0.65", "合計含增值稅,,,11.45"), "11.45"),
        # what a charge is made of is no charge beside it, above a total or below
        (bill("金额（元）", "其中：国内,,,10.00", "其中：国际,,,0.80", "合计,,5400,10.80", "其中税额,,,0.65", "（其中：增值税）,,,0.65"), "10.80"),
        (bill(CNY, "Total,,5400,10.80", "of which VAT,,,0.65", "thereof domestic,,,10.00"), "10.80"),
        *((bill("金额（元）", f"月租费,{month},,5.00", "合计,,5400,15.80"), "15.80") for month in ("2026-03", "2026年3月", "202603")),
        # a rent, a balance and what is due may have a day
        (bill("金额（元）", "合计,,5400,10.80", "应付金额,2026-04-05,,61.45"), "10.80"),
        (bill("金额（元）", "税额,2026-03-31,,0.65", "合计,,5400,11.45", "上期余额,2026-03-01,,50.00", "本期充值,2026-03-15,,200.00", "应付金额,2026-03-31,,11.45"), "11.45"),
    ],
)  # fmt: skip
def test_three_readers_agree_on_the_last_lines_of_a_bill(
    archive: Archive, counted: Source, text: str, owed: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, text)
    for by in ("month", "total"):
        assert shared(counted, path, by)[0] == Decimal(owed)
    said = archive.witness(path, kind="invoice", start="2026-03", end="2026-04")
    archive.remove_witness(path.name)
    assert said.finding == "witnessed", said.text.en
    read = Invoice.read(path)
    assert {one.meeting_id for one in read.bills} == {one[0] for one in MEETINGS}
    assert not [one.why.en for one in read.skipped if "another than" in one.why.en or "no number" in one.why.en]


@pytest.mark.slow
def test_a_meeting_about_a_part_of_something_is_charged(counted: Source, tmp_path: Path) -> None:
    """其中一次评审 was taken for a part of the charge above it, and its money was not shared."""
    rows = [f"{one[0]},{one[1]},{one[3]},{one[4]}," for one in MEETINGS]
    part = f"{MEETINGS[0][0]},{MEETINGS[0][1]},,0.40,其中：国际"
    for column, word in (
        ("会议主题", "其中一次评审"),
        ("明细", "其中国际1方"),
        ("Details", "of which 2 minutes roaming"),
    ):
        head = f"会议编号,开始时间,时长(秒),金额,{column}"
        for tail in (
            (),
            (part,),
            (part.replace(MEETINGS[0][1], ""),),
            (",,,0.40,其中：国际",),
            (",2026-03-31,,0.40,其中",),
        ):
            text = "\n".join([head, *rows[:3], rows[3] + word, *tail, ""])
            assert shared(counted, saved(tmp_path, text))[0] == Decimal("10.80"), (word, tail)
    text = "\n".join(["会议编号,开始时间,时长(秒),金额", *(one[:-1] for one in rows)]).replace(
        MEETINGS[3][0], "其中一次"
    )
    assert shared(counted, saved(tmp_path, text))[0] == Decimal("10.80")


HEAD = "账期,项目,金额\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "owed"),
    [
        ("2026-03,通话费,100\n2026-03,月租费,20\n2026-03,税额,7.2\n2026-03,合计,127.20\n2026-03,上期余额,50\n2026-03,本期充值,200\n2026-03,期末余额,122.80\n", "127.20"),
        ("2026-03,calls,100\n2026-03,VAT 6%,6\n2026-03,total,106\n2026-03,paid,-106\n", "106"),
        ("2026-03,calls,100\n2026-03,VAT 6%,6\n2026-03,total,106\n2026-03,previous balance,30\n2026-03,amount due,136\n", "106"),
        ("2026-03,通话,10\n2026-03,录音,20\n2026-03,应缴,30\n", "30"),
        # each is a total of its own, and the last one of all
        ("2026-03,不含税金额,100\n2026-03,税额,6\n2026-03,价税合计,106\n", "106"),
        ("2026-03,通话费合计,100\n2026-03,月租费,20\n2026-03,税额,7.2\n2026-03,应付合计,127.20\n", "127.20"),
        ("2026-03,月租费,20\n2026-03,通话费合计,100\n2026-03,合计,120\n2026-03,税额,7.2\n2026-03,应付合计,127.20\n", "127.20"),
        ("2026-03,通话费合计,100\n2026-03,功能费合计,20\n2026-03,合计,120\n2026-03,本期应缴费用,120\n", "120"),
        ("2026-02,不含税金额,100\n2026-02,税额,6\n2026-02,价税合计,106\n2026-03,不含税金额,50\n2026-03,税额,3\n2026-03,价税合计,53\n,合计,159\n", "159"),
        ("2026-03,通话费,100\n2026-03,其中：国内,80\n2026-03,其中：国际,20\n2026-03,合计,100\n2026-03,其中税额,5.66\n", "100"),
        ("2026-03,上期未付,100\n2026-03,通话费,203.80\n2026-03,本期应付,303.80\n", "203.80"),
        ("2026-03,上期账单金额,150\n2026-03,已支付,-150\n2026-03,通话费,203.80\n2026-03,本期应付,203.80\n", "203.80"),
        ("2026-03,通话费,10\n2026-03,合计,10\n2026-03,录音,10\n2026-03,合计,10\n", "20"),
        ("2026-02,通话费,50\n2026-02,合计,50\n2026-03,通话费,203.80\n2026-03,合计,203.80\n", "253.80"),
        ("2026-02,上期余额,5\n2026-02,通话费,50\n2026-02,应付,55\n2026-03,上期欠费,55\n2026-03,通话费,20\n2026-03,应付,75\n,应付,75\n", "70"),
        ("2026-03,上期结转,100\n2026-03,本期费用,203.80\n2026-03,本期应付,303.80\n", "203.80"),
        # what is due is what is charged, where nothing else is
        ("2026-02,应付金额,100\n2026-03,应付金额,120\n", "220"),
        ("2026-03,应付通话费,100\n2026-03,应付月租,20\n2026-03,合计,120\n", "120"),
        ("2026-03,上期余额,50\n2026-03,通话费,100\n2026-03,本期缴费,200\n2026-03,本期余额,150\n", "100"),
        # names, and the state of a bill
        ("2026-03,充值中心,100\n2026-03,客户余额组,20\n", "120"),
        ("2026-03,预付费套餐,100\n2026-03,充值手续费,1\n", "101"),
    ],
)  # fmt: skip
def test_of_a_bill_by_period_what_is_owed_is_shared(counted: Source, text: str, owed: str, tmp_path: Path) -> None:
    found, notes = shared(counted, saved(tmp_path, HEAD + text))
    assert found == Decimal(owed)
    assert not [note for note in notes if note.startswith("warning")]


@pytest.mark.slow
@pytest.mark.parametrize("column", ["status", "状态", "是否支付", "备注"])
def test_that_a_bill_is_paid_is_no_payment(counted: Source, column: str, tmp_path: Path) -> None:
    text = f"period,amount,{column}\n2026-02,100,已付\n2026-03,106,paid\n"
    assert shared(counted, saved(tmp_path, text))[0] == 206


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "how"),
    [
        ("付费方式", "预付费"),
        ("计费方式", "预付费"),
        ("账户", "充值"),
        ("账户类型", "预付费"),
        ("扣款方式", "银行代扣"),
        ("缴纳方式", "银行代扣"),
        ("渠道", "转账"),
        ("扣款账户", "余额"),
        ("Settlement method", "Bank transfer"),
        ("payment method", "prepaid"),
        ("Account type", "prepaid"),
    ],
)
def test_how_a_line_is_paid_is_no_payment(counted: Source, column: str, how: str, tmp_path: Path) -> None:
    text = f"period,部门,{column},amount\n2026-02,A,后付费,100\n2026-02,B,{how},106\n"
    assert shared(counted, saved(tmp_path, text))[0] == 206


@pytest.mark.slow
@pytest.mark.parametrize("column", ["费用类型", "账户", "账户名称", "接入方式", "业务渠道", "交易方式"])
def test_what_a_line_is_of_may_stand_in_a_column_of_ways_that_are_none_to_pay(
    counted: Source, column: str, tmp_path: Path
) -> None:
    """Balances, what is due and counted totals were charged there."""
    foot = (
        "其中：税额6%,2026-03,3",
        "充值,2026-03,50",
        "上期余额,2026-03,50",
        "合计：2项,2026-03,53",
        "本期应付,2026-03,53",
    )
    text = "\n".join([f"{column},账期,金额", "甲,2026-03,33", "乙,2026-03,20", *foot, ""])
    found, notes = shared(counted, saved(tmp_path, text))
    assert found == 53
    assert not [note for note in notes if note.startswith("warning")]


@pytest.mark.slow
@pytest.mark.parametrize("column", ["会议方式", "付费方式", "计费方式", "收费方式", "账户"])
def test_a_rent_is_one_also_beside_how_meetings_are_charged(counted: Source, column: str, tmp_path: Path) -> None:
    rows = [f"{one[0]},{one[1]},{one[3]},按分钟,{one[4]}" for one in MEETINGS]
    text = "\n".join([f"会议编号,开始时间,时长(秒),{column},金额", *rows, ",,,月租费,20.00", ""])
    assert shared(counted, saved(tmp_path, text))[0] == Decimal("30.80")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("账户项目", "上期余额"),
        ("账户科目", "本期充值"),
        ("Account item", "Previous balance"),
        ("Accounting entry", "Payment"),
    ],
)
def test_a_balance_is_one_under_any_item_beside_who_pays(
    counted: Source, column: str, word: str, tmp_path: Path
) -> None:
    text = f"{column},部门,金额,账期\n会议费,甲,10.80,2026-03\n{word},甲,5.00,2026-03\n"
    assert shared(counted, saved(tmp_path, text))[0] == Decimal("10.80")


@pytest.mark.slow
@pytest.mark.parametrize(("column", "word"), [("状态", "已抵扣"), ("备注", "含手续费")])
def test_a_remark_left_of_its_item_makes_a_top_up_no_charge(
    counted: Source, column: str, word: str, tmp_path: Path
) -> None:
    text = f"{column},项目,金额,账期\n,会议费,10.80,2026-03\n{word},充值,5.00,2026-03\n"
    assert shared(counted, saved(tmp_path, text))[0] == Decimal("10.80")


@pytest.mark.slow
def test_what_is_set_aside_is_told_with_lines_and_sum(counted: Source, tmp_path: Path) -> None:
    text = f"{HEAD}2026-03,通话费,100\n2026-03,上期余额,50\n2026-03,本期充值,200\n2026-03,应付金额,100\n"
    _, notes = shared(counted, saved(tmp_path, text))
    assert any("not shared, 350 yuan together: lines 3 (50), 4 (200), 5 (100)" in note for note in notes)
    with pytest.raises(UsageError, match="line 2: a balance, top-up or payment"):
        shared(counted, saved(tmp_path, f"{HEAD}2026-03,本期充值,200\n"))


@pytest.mark.slow
def test_tax_without_a_day_is_of_the_one_month_that_a_bill_is_of(counted: Source, tmp_path: Path) -> None:
    found, notes = shared(counted, saved(tmp_path, bill("金额", "税额,,,0.65")))
    assert found == Decimal("11.45")
    assert any("1 lines of the bill charge for no meeting and have no date" in note for note in notes)
    found, notes = shared(counted, saved(tmp_path, bill("金额", "税额,,,0.65")), "day")
    assert found == Decimal("10.80")
    assert any(note.startswith("warning: 0.65 yuan") for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "invoice",
    [
        "账期,费用（厘）\n2026-03,123450\n",
        "账期,金额（分）\n2026-03,12345.0\n",
        pd.DataFrame({"账期": ["2026-03"], "金额（分）": [12345.0]}),
        {"2026-03": Decimal("123.450")},
    ],
)
def test_an_amount_is_whole_fen_by_its_value(counted: Source, invoice: Any, tmp_path: Path) -> None:
    given = saved(tmp_path, invoice) if isinstance(invoice, str) else invoice
    assert shared(counted, given)[0] == Decimal("123.45")


def test_an_amount_that_is_refused_is_told_as_it_is_written(counted: Source, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no amount in fen: 123456\n"):
        shared(counted, saved(tmp_path, "账期,费用（厘）\n2026-03,123456\n"))


@pytest.mark.slow
def test_a_rent_under_any_column_is_one_for_each_reader(archive: Archive, counted: Source, tmp_path: Path) -> None:
    rows = [f"{one[0]},{one[1]},{one[3]},会议通话费,{one[4]}" for one in MEETINGS]
    text = "\n".join(["会议编号,开始时间,时长(秒),项目,金额", *rows, ",,,月租费,5.00", "合计,,5400,,15.80", ""])
    path = saved(tmp_path, text)
    assert shared(counted, path)[0] == Decimal("15.80")
    assert archive.witness(path, kind="invoice", start="2026-03", end="2026-04").finding == "witnessed"
    archive.remove_witness(path.name)
    assert [one.why.en for one in Invoice.read(path).skipped] == [ASIDE["charge"].en, ASIDE["total"].en]


def test_of_several_columns_of_amounts_a_total_is_that_of_the_one_that_is_read(
    archive: Archive, tmp_path: Path
) -> None:
    rows = [f"{one[0]},{one[1]},{one[3]},{one[4]},{Decimal(one[4]) * 2}" for one in MEETINGS]
    text = "\n".join(["会议编号,开始时间,时长(秒),金额,价税合计", *rows, "合计,,5400,10.80,21.60", ""])
    path = saved(tmp_path, text)
    assert archive.witness(path, kind="invoice", start="2026-03", end="2026-04").finding == "witnessed"
    archive.remove_witness(path.name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("calls", "total"),
    [("通话费用", "总费用"), ("话费（元）", "总金额"), ("会议费用", "合计费用"), ("通话费", "应收金额")],
)
def test_records_are_held_against_what_calls_cost_and_the_sum_is_shared(
    archive: Archive, counted: Source, calls: str, total: str, tmp_path: Path
) -> None:
    """Beside a charge for functions each line of a right bill was mismatched."""
    rows = [f"{one[0]},{one[1]},{one[3]},{one[4]},0.50,{Decimal(one[4]) + Decimal('0.50')}" for one in MEETINGS]
    head, foot = f"会议编号,开始时间,时长(秒),{calls},功能费,{total}", "合计,,5400,10.80,2.00,12.80\n"
    path = saved(tmp_path, "\n".join([head, *rows, foot]))
    assert [str(one.amount_yuan) for one in Invoice.read(path).bills] == [one[4] for one in MEETINGS]
    assert archive.witness(path, kind="invoice", start="2026-03", end="2026-04").finding == "witnessed"
    archive.remove_witness(path.name)
    assert shared(counted, path)[0] == Decimal("12.80")


@pytest.mark.parametrize(("total", "is_off"), [("10.80", False), ("999.00", True)])
def test_a_total_is_held_wherever_its_word_stands(archive: Archive, total: str, is_off: bool, tmp_path: Path) -> None:
    rows = [f"{one[0]},{one[1]},{one[3]},{one[4]},会议通话费" for one in MEETINGS]
    path = saved(tmp_path, "\n".join(["会议编号,开始时间,时长(秒),金额,项目", *rows, f",,,{total},合计", ""]))
    assert ["another than" in one.why.en for one in Invoice.read(path).skipped] == [is_off]
    said = archive.witness(path, kind="invoice", start="2026-03", end="2026-04")
    archive.remove_witness(path.name)
    assert said.finding == ("total_differs" if is_off else "witnessed"), said.text.en


@pytest.mark.slow
@pytest.mark.parametrize(
    ("total", "is_off"), [("5401.6", False), ("5401", False), ("5400", False), ("5399", True), ("5403", True)]
)
def test_an_exact_total_of_lengths_with_decimals_holds(
    archive: Archive, total: str, is_off: bool, tmp_path: Path
) -> None:
    rows = [f"{one[0]},{one[1]},{one[3]}.4,{one[4]}" for one in MEETINGS]
    path = saved(tmp_path, "\n".join(["会议编号,开始时间,时长(秒),金额", *rows, f"合计,,{total},10.80", ""]))
    assert ["another than" in one.why.en for one in Invoice.read(path).skipped] == [is_off]
    said = archive.witness(path, kind="invoice", start="2026-03", end="2026-04")
    archive.remove_witness(path.name)
    assert said.finding == ("total_differs" if is_off else "witnessed"), said.text.en


@pytest.mark.slow
def test_words_between_the_lines_of_a_bill_are_no_meetings(archive: Archive, tmp_path: Path) -> None:
    """A right bill with titles of departments was a gap of the whole month."""
    rows = [f"{one[0]},{one[1]},{one[3]},{one[4]}" for one in MEETINGS]
    parts = ["市场部,,,", *rows[:2], "小计,,1800,3.60", "Sales,,,", *rows[2:], "小计,,3600,7.20"]
    words = [*parts, "合计,,5400,10.80", "本账单如有疑问请于7日内联系客户经理,,,", "2026年4月1日,,,"]
    room = [*parts[:3], "三楼会议室,,,", *parts[3:], "合计,,5400,10.80"]
    for text, n in ((words, 4), (room, 5)):
        path = saved(tmp_path, "\n".join(["会议编号,开始时间,时长(秒),金额", *text, ""]))
        assert len(Invoice.read(path).bills) == n
        said = archive.witness(path, kind="invoice", start="2026-03", end="2026-04")
        archive.remove_witness(path.name)
        assert said.finding == ("witnessed" if n == 4 else "lines_missing"), said.text.en


@pytest.mark.slow
@pytest.mark.parametrize("room", ["8001 0009", "三楼会议室", "Room 3"])
def test_a_room_with_a_topic_beside_it_is_no_title(archive: Archive, room: str, tmp_path: Path) -> None:
    """Of a list that named a meeting too many, all lines were called archived."""
    rows = [f"{n},{one[0]},周会,{one[1]},{one[3]}" for n, one in enumerate(MEETINGS, 1)]
    for title, finding in ((f"3,{room},晨会,,", "lines_missing"), ("二,研发部,,,", "witnessed")):
        text = [*rows[:2], ",小计,,,1800", title, *rows[2:], ",小计,,,3600", ",合计,,,5400"]
        path = saved(tmp_path, "\n".join(["序号,会议编号,会议主题,开始时间,时长(秒)", *text, ""]))
        said = archive.witness(path, kind="console", start="2026-03", end="2026-04")
        archive.remove_witness(path.name)
        assert said.finding == finding, said.text.en
        assert len(Invoice.read(path).bills) == 4 + (finding == "lines_missing")


@pytest.mark.parametrize("ids", ["8001 0001|8001 0002", "三楼会议室|四楼会议室"])
def test_below_a_total_on_top_are_meetings(ids: str, tmp_path: Path) -> None:
    """All of them were taken for its foot."""
    text = "\n".join(["会议编号,主题", "共2场,", *(f"{one}," for one in ids.split("|")), ""])
    assert len(Invoice.read(saved(tmp_path, text)).bills) == 2


NAMES = {
    "part": "其中：国内|其中税额|（其中：增值税）|其中 国际通话费合计|內含稅額|of which VAT|Thereof domestic",
    "total": (
        "合计|总计|共计|合 计|合计：|合计（元）|合计金额|合计费用|总金额|总额|总费用|总价|合计 85 场|合计费用247.285元|共 85 场会议|本月合计|3月合计|2026年3月合计|"
        "全部合计|应付总金额（元）|价税合计|含税总额|不含税金额|未税金额|税前金额|合计含增值税|合计（含税）|总计含税|税后合计|费用合计|通话费合计|应付合计|总时长：3600秒|总场次：31|"
        "总笔数|會議費用合計|（合计）|【合计】|—合计—|**合计**|（合计：12.00）|汇总|汇总：3.60元|合計|總計|總金額|總費用（元）|合計金額|合計：247.28|Ｔｏｔａｌ|Total|TOTAL|Totals|Sum|Grand Total|Invoice total|"
        "Total amount|Total charges|Total current charges|Total new charges|Total due|Total amount due|"
        "Total payable|Total cost|Total (excl. VAT)|Total (incl. VAT)|Total excl. VAT|Total incl. VAT|"
        "Total excluding tax|Total including tax|Total before tax|Total after tax|Total inc GST|"
        "Total with tax|Net amount|Gross amount|Amount excl. VAT|Amount including VAT|Total for March 2026|"
        "各中心合计|所有中心合计|各事业部合计|各小组合计|各项目组总计|全体小组合计|本月各中心合计|销售全部合计|全部中心合计|"
        "Total: 85 meetings|Total CNY 12.00|Net total"
    ),
    "subtotal": (
        "小计|（小计）|小 计|小計|本页小计|本页合计|第3页合计|市场部小计|市场部合计|客服中心总计|安全部合计|全国客服中心合计|各部门小计|Subtotal|Sub-total|Sub total|Page total|Sales subtotal|"
        "Subtotal excl. VAT"
    ),
    "charge": (
        "税额|稅額|税金|增值税|增值税6%|税额（6%）|附加税|印花税|月租|月租费|月租費|基本月租费|租费|功能费|服务费|技术服务费|平台服务费|会议服务费|手续费|充值手续费|充值服务费|"
        "转账手续费|预付费通话费|欠费停机费|滞纳金|滯納金|违约金|罚款|优惠|優惠|套餐优惠|减免|折扣|折让|抹零|尾差|抵扣|优惠抵扣|退费|退款|冲减|冲正|调账|最低消费|套餐|套餐费|录音费|"
        "线上月租费|网上月租费|当前月租费|线上年费|上月滞纳费|上月漏收费用|上月少计费用|短信费|组合计费用|违约扣款|VAT|VAT 6%|VAT (6%)|GST 10%|Tax|Sales tax|Rental|Monthly rental|Monthly fee|"
        "Service fee|Platform fee|Recording fee|Late fee|Late payment fee|Payment processing fee|"
        "Prepaid conference fee|Recharge service fee|Discount|Volume discount|Surcharge|Refund|Rebate|"
        "Credit note|Rounding|Adjustment|Subscription|Monthly charges"
    ),
    "balance": (
        "上期未付|上期未缴费用|上月应付金额|上期结转|结转|余额|餘額|上期余额|上月余额|本期余额|期初余额|期末余额|账户余额|2月余额|上期结余|上月结转余额|结余转入|充值|本期充值|账户充值|充值金额|充值费|话费充值|充值话费|预存|预存款|"
        "预存话费|预付|预付款|预付费|预收款|預收款|余额抵扣|余额支付|付款|本期付款|客户付款|收到付款|收款|本期收款|回款|汇款|缴费|本期缴费|本次缴费|本期繳費|缴款|银行扣款|自动扣款|"
        "銀行扣款|银行代扣|银行托收|微信转账|已付|已付金额|已付款|已付服务费|已收|已缴|已缴费|已缴金额|已交费|欠费|欠款|上期欠费|欠缴费用|押金|Balance|"
        "Previous balance|Opening balance|Closing balance|Balance brought forward|Balance b/f|"
        "Balance as of 2026-03-31|Deposit|Paid|Amount paid|Paid fees|Payment|Payments|Payment received|"
        "Payments received|Payment - thank you|Payment by bank transfer|Payment of fees|Prepayment|Top-up|"
        "Top up|Recharge|Receipts|Amount received|Cash received|Direct debit|Bank transfer|Arrears|"
        "Less payments|已支付|本期支付|微信支付|支付宝支付|现金支付|网银支付|对公支付|银行支付|支付金额|支付款项|上月少付费用|已支付金额|已支付服务费|上期账单|上期账单金额|上期费用|上月话费|上月通话费|"
        "上期金额|Previous bill|Last month's charges|Prior invoice"
    ),
    "due": (
        "应付|应付金额|應付金額|应付款|应收|应收金额|应收款|实收|實收金額|实收金额|实付金额|应缴|本期应缴|本期应缴费用|应付话费|应付通话费|待缴费|待付款|未付|未缴费|需付金额|"
        "Amount due|Balance due|Due|Payment due|Amount payable|Payable|Amount to pay|Unpaid|"
        "Amount outstanding|待支付|应支付金额|应支付款|需付款"
    ),
    "meeting": (
        "汇总会|（晨会）|—周会—|晨会|周会|财税部周会|税务例会|合计划组|总结会|总裁办公会|总部例会|共享会议室|余额宝项目|充值中心周会|付费用户访谈|收费站例会|税-7|tax-2026|Feedback|"
        "Total Energies|Totally new|Summit|Sumitomo|Page review|Discovery|Balanced scorecard|Due diligence|"
        "Taxi project|Paymaster|Vatican call|80010001|room 12|A-3|m0|预算会|缴税培训|月度例会|实施会|应急演练|场地协调|分享会|费曼小组|"
        "支付|移动支付|跨境支付|第三方支付|聚合支付|元旦活动|支付宝对接|移动支付周会|上月总结|上期复盘会|往年回顾|Last call"
    ),
}
"""How operators and ledgers call the lines below a bill, and what each is in the place of an id; anything else is a
meeting. Of 326, 82 were taken otherwise.
"""


def test_a_summary_of_something_is_what_a_meeting_is_about() -> None:
    """What it cost was not shared, nor what was below it held against the total."""
    told = {"amount_yuan": "5.00", "duration_s": "", "started_at": ""}
    for name in ("汇总：一季度复盘", "汇总2026年工作", "汇总：市场部", "汇总3月数据", "汇总会"):
        assert no_meeting(name, told) is None, name
    for name in (
        "汇总",
        "汇总：4场，10.80元",
        "汇总（元）：10.80",
        "本月汇总",
        "汇总金额：¥10.80",
        "汇总2026年3月",
        "（汇总）",
    ):
        assert no_meeting(name, told) == "total", name


@pytest.mark.parametrize("cell", ["-" * 20_000 + "x", "- " * 10_000 + "x", "汇总" + "元" * 10_000 + "x"])
def test_a_line_of_ornaments_is_read_at_once(cell: str) -> None:
    began = process_time()
    assert no_meeting(cell, {"amount_yuan": ""}) is None
    assert process_time() - began < 0.2


def test_what_lines_of_a_bill_are_called_says_what_they_are() -> None:
    told = {"amount_yuan": "5.00", "duration_s": "", "started_at": ""}
    found = {
        name: no_meeting(name, told) or closing_of(name, [], told) or "meeting"
        for names in NAMES.values()
        for name in names.split("|")
    }
    assert found == {name: kind for kind, names in NAMES.items() for name in names.split("|")}


COLUMNS_OF = {
    "duration_s": (
        "时长|时长（秒）|时长(s)|通话时长|通话时长（秒）|计费时长（秒）|会议时长(秒)|通话时长/秒|计费时长_秒|時長（秒）|通話時長|Duration|Duration (s)"
        "|Duration (sec)|duration (seconds)|duration_s|Duration, s|时长（分钟）|通话时长(分)|会议时长（min）"
    ),
    "amount_yuan": (
        "金额|金额（元）|金额(元)|金额/元|金额:元|金额（人民币）|金额（人民币元）|费用|费用（元）|费用合计（元）|合计金额（元）|合计费用（元）|价税合计（元）"
        "|含税金额（元）|应收金额（元）|应付金额(元)|实收金额（元）|实付金额（元）|通话费（元）|通话费用（元）|话费（元）|会议费用（元）|金额（分）|费用（厘）"
        "|應收金額（元）|金額（元）|总额（元）|合计（元）|Amount|Amount (CNY)|Amount (RMB)|Cost (CNY)|Cost (yuan)|Fee (CNY)|Fee [RMB]|cost, CNY"
        "|amount_yuan|amount_cny|amount (¥)|Total (CNY)"
    ),
    "": (
        "单价（元）|单价|税额（元）|优惠金额（元）|折扣（元）|计费分钟数|余额（元）|人数|费率（元/分钟）|开始时间（秒）|状态|备注|税率"
        "|Unit price (CNY)|Rate (CNY/min)|Discount (CNY)|Tax (CNY)|Minutes|Participants"
    ),
}
"""What columns of lengths and amounts are called, with their units; of 77, 37 were not read."""


def test_a_column_is_known_with_its_unit() -> None:
    found = {
        name: "".join(called([name], {}).keys() & {"duration_s", "amount_yuan"})
        for names in COLUMNS_OF.values()
        for name in names.split("|")
    }
    assert found == {name: ours for ours, names in COLUMNS_OF.items() for name in names.split("|")}


@pytest.mark.slow
def test_what_is_asked_for_is_shared_also_where_its_column_says_the_unit(counted: Source, tmp_path: Path) -> None:
    """The net was, and nothing said so."""
    found, notes = shared(counted, saved(tmp_path, "账期,金额（元）,税额（元）,价税合计（元）\n2026-03,100,6,106\n"))
    assert found == 106
    assert any("价税合计（元）) in 1 lines" in note for note in notes)
