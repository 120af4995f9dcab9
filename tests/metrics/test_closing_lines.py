"""The last lines of a bill, as three readers take them: what is shared is what is owed, a right bill is a proof, and an
audit finds nothing.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.metrics.billed import BOOK, RESEARCH, SALES, archive_of
from ytxdata import metrics
from ytxdata.archive import Archive
from ytxdata.audit import Invoice
from ytxdata.errors import UsageError
from ytxdata.history.proof.witness import ASIDE

MEETINGS = (
    ("80010001", "2026-03-02 09:00:00", SALES, 600, "1.20"),
    ("80010002", "2026-03-03 10:00:00", RESEARCH, 1200, "2.40"),
    ("80010003", "2026-03-10 23:50:00", SALES, 1800, "3.60"),
    ("80010004", "2026-03-31 23:45:00", RESEARCH, 1800, "3.60"),
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return archive_of(tmp_path_factory.mktemp("closing") / "m.archive", [one[:4] for one in MEETINGS])


def shared(source: Archive, invoice: Any, by: str = "month") -> tuple[Decimal, list[str]]:
    """Return what is shared in all, and what was said."""
    report = metrics.chargeback(source, by=by, book=BOOK, invoice=invoice)  # type: ignore[arg-type]
    rows = report.arrow.to_pylist()
    return sum((row["allocated"] for row in rows), Decimal(0)), [note.en for note in report.notes]


def saved(folder: Path, text: str) -> Path:
    """Write a bill."""
    path = folder / "bill.csv"
    path.write_text(text, encoding="utf-8")
    return path


def bill(amount: str, *tail: str, digits: int = 0, first: str = "") -> str:
    """Return a bill of all meetings, with other lines above and below."""
    rows = [f"{one[0]},{one[1]},{one[3]},{Decimal(one[4]).scaleb(digits):f}" for one in MEETINGS]
    return "\n".join([f"会议编号,开始时间,时长(秒),{amount}", *filter(None, [first]), *rows, *tail, ""])


CNY = "Amount (CNY)"


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
        # a rent, a balance and what is due may have a day
        (bill("金额（元）", "合计,,5400,10.80", "应付金额,2026-04-05,,61.45"), "10.80"),
        (bill("金额（元）", "税额,2026-03-31,,0.65", "合计,,5400,11.45", "上期余额,2026-03-01,,50.00", "本期充值,2026-03-15,,200.00", "应付金额,2026-03-31,,11.45"), "11.45"),
    ],
)  # fmt: skip
def test_three_readers_agree_on_the_last_lines_of_a_bill(
    archive: Archive, text: str, owed: str, tmp_path: Path
) -> None:
    path = saved(tmp_path, text)
    for by in ("month", "total"):
        assert shared(archive, path, by)[0] == Decimal(owed)
    said = archive.witness(path, kind="invoice", start="2026-03", end="2026-04")
    archive.remove_witness(path.name)
    assert said.finding == "witnessed", said.text.en
    read = Invoice.read(path)
    assert {one.meeting_id for one in read.bills} == {one[0] for one in MEETINGS}
    assert not [one.why.en for one in read.skipped if "another than" in one.why.en or "no number" in one.why.en]


HEAD = "账期,项目,金额\n"


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
        # what is due is what is charged, where nothing else is
        ("2026-02,应付金额,100\n2026-03,应付金额,120\n", "220"),
        ("2026-03,应付通话费,100\n2026-03,应付月租,20\n2026-03,合计,120\n", "120"),
        # names, and the state of a bill
        ("2026-03,充值中心,100\n2026-03,客户余额组,20\n", "120"),
        ("2026-03,预付费套餐,100\n2026-03,充值手续费,1\n", "101"),
    ],
)  # fmt: skip
def test_of_a_bill_by_period_what_is_owed_is_shared(archive: Archive, text: str, owed: str, tmp_path: Path) -> None:
    found, notes = shared(archive, saved(tmp_path, HEAD + text))
    assert found == Decimal(owed)
    assert not [note for note in notes if note.startswith("warning")]


@pytest.mark.parametrize("column", ["status", "状态", "是否支付", "备注"])
def test_that_a_bill_is_paid_is_no_payment(archive: Archive, column: str, tmp_path: Path) -> None:
    text = f"period,amount,{column}\n2026-02,100,已付\n2026-03,106,paid\n"
    assert shared(archive, saved(tmp_path, text))[0] == 206


def test_what_is_set_aside_is_told_with_lines_and_sum(archive: Archive, tmp_path: Path) -> None:
    text = f"{HEAD}2026-03,通话费,100\n2026-03,上期余额,50\n2026-03,本期充值,200\n2026-03,应付金额,100\n"
    _, notes = shared(archive, saved(tmp_path, text))
    assert any("not shared, 350 yuan together: lines 3 (50), 4 (200), 5 (100)" in note for note in notes)
    with pytest.raises(UsageError, match="line 2: a balance, top-up or payment"):
        shared(archive, saved(tmp_path, f"{HEAD}2026-03,本期充值,200\n"))


def test_tax_without_a_day_is_of_the_one_month_that_a_bill_is_of(archive: Archive, tmp_path: Path) -> None:
    found, notes = shared(archive, saved(tmp_path, bill("金额", "税额,,,0.65")))
    assert found == Decimal("11.45")
    assert any("1 lines of the bill charge for no meeting and have no date" in note for note in notes)
    found, notes = shared(archive, saved(tmp_path, bill("金额", "税额,,,0.65")), "day")
    assert found == Decimal("10.80")
    assert any(note.startswith("warning: 0.65 yuan") for note in notes)


@pytest.mark.parametrize(
    "invoice",
    [
        "账期,费用（厘）\n2026-03,123450\n",
        "账期,金额（分）\n2026-03,12345.0\n",
        pd.DataFrame({"账期": ["2026-03"], "金额（分）": [12345.0]}),
        {"2026-03": Decimal("123.450")},
    ],
)
def test_an_amount_is_whole_fen_by_its_value(archive: Archive, invoice: Any, tmp_path: Path) -> None:
    given = saved(tmp_path, invoice) if isinstance(invoice, str) else invoice
    assert shared(archive, given)[0] == Decimal("123.45")


def test_an_amount_that_is_refused_is_told_as_it_is_written(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no amount in fen: 123456\n"):
        shared(archive, saved(tmp_path, "账期,费用（厘）\n2026-03,123456\n"))


def test_a_rent_under_any_column_is_one_for_each_reader(archive: Archive, tmp_path: Path) -> None:
    rows = [f"{one[0]},{one[1]},{one[3]},会议通话费,{one[4]}" for one in MEETINGS]
    text = "\n".join(["会议编号,开始时间,时长(秒),项目,金额", *rows, ",,,月租费,5.00", "合计,,5400,,15.80", ""])
    path = saved(tmp_path, text)
    assert shared(archive, path)[0] == Decimal("15.80")
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
