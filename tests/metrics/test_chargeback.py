"""Shares of money: each within a fen of what is due, all of them together what was invoiced, on every engine."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import ytxdata as ytx
from tests.metrics import oracle
from tests.metrics.offices import EDGES, ENGINES, difficult, offices, rows, several
from tests.metrics.oracle import Leg, Meeting, Office
from tests.metrics.test_groups import BOOK_LINES, department
from tests.metrics.test_oracle import FRACTIONS, TARIFF
from ytxdata import metrics
from ytxdata.errors import UsageError
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.tariff import allocated, rounded
from ytxdata.phones import number_class
from ytxdata.tables.address_book import AddressBook, Entry


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> AddressBook:
    path = tmp_path_factory.mktemp("book") / "book.csv"
    path.write_text(BOOK_LINES.replace("2026/4/1", "2026/04/01"), encoding="utf-8-sig")
    return AddressBook.read(path)


def weights(office: Office, of: str, by: str, what: str) -> dict[str, dict[str, Fraction]]:
    """Period → department → seconds, joins, or yuan of legs, counted by hand."""
    found: dict[str, Counter[str]] = {}
    for fact in oracle.within(office):
        start = fact.meeting.start or 0
        here = found.setdefault(oracle.period_of(start, by), Counter())
        for leg in fact.joined:
            who = leg.number if of == "leg" else fact.meeting.creator
            spent = [end - join for one, join, end in fact.closed if one is leg]
            if what == "legs":
                worth: Any = 1
            elif what == "leg_minutes":
                worth = sum(spent)
            else:
                price = FRACTIONS.get(number_class(leg.number), FRACTIONS["default"])
                worth = sum(Fraction("0.05") + price * max(-(-s // 6) * 6, 12) / 60 for s in spent)
            here[department(who, start)] += worth
    return {period: {name: Fraction(one) for name, one in each.items()} for period, each in found.items()}


def check(engine: str, office: Office, book: AddressBook, of: Any, what: Any, amount: Decimal) -> None:
    expected = weights(office, of, "month", what)
    invoice = dict.fromkeys(["2019-12", *(period for period, each in expected.items() if each)], amount)
    report = metrics.chargeback(
        ENGINES[engine](office), book=book, invoice=invoice, group_of=of, share_by=what, tariff=TARIFF
    )
    for period in invoice:
        here = [row for row in rows(report) if row["period"] == period]
        assert sum((row["allocated"] for row in here), Decimal(0)) == amount
        if period == "2019-12":
            assert [(row["group"], row["allocated"]) for row in here] == [("unallocated", amount)]
            continue
        assert {row["group"] for row in here} == set(expected[period])
        whole = sum(expected[period].values(), Fraction(0))
        for row in here:
            share = expected[period][row["group"]] / whole if whole else Fraction(1, len(here))
            assert abs(Fraction(row["allocated"]) - Fraction(amount) * share) < Fraction(1, 100)
            assert row["weight_pct"] == (pytest.approx(float(share * 100)) if whole else None)


CASES = [
    *(("polars", of, what) for of in ("creator", "leg") for what in ("leg_minutes", "legs", "cost")),
    ("pandas", "leg", "cost"), ("pandas", "creator", "legs"), ("duckdb", "leg", "leg_minutes"), ("duckdb", "creator", "cost"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.by_chance(6)
@pytest.mark.parametrize(("engine", "of", "what"), CASES)
@pytest.mark.filterwarnings("ignore:.*none of the numbers")
@settings(
    max_examples=2,  # the first is that of nothing
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(office=several(offices(), 3), amount=st.decimals(0, 10**8, places=2))
def test_shares_of_random_offices(
    engine: str, of: str, what: str, book: AddressBook, office: Office, amount: Decimal
) -> None:
    check(engine, office, book, of, what, amount)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_the_difficult_office_pays_its_invoice(engine: str, book: AddressBook) -> None:
    for amount in (
        (Decimal("98765.43"), Decimal("0.01"), Decimal("-12.34")) if engine == "polars" else (Decimal("0.01"),)
    ):
        check(engine, difficult(), book, "leg", "leg_minutes", amount)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_without_an_invoice_the_tariff_says_what_there_is_to_share(engine: str, book: AddressBook) -> None:
    frames = ENGINES[engine](difficult())
    whole = sum((row["cost"] for row in rows(metrics.cost(frames, TARIFF, by="total"))), Decimal(0))
    found = rows(metrics.chargeback(frames, by="total", book=book, tariff=TARIFF))
    assert sum((row["allocated"] for row in found), Decimal(0)) == whole.quantize(Decimal("0.01"))


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "of", "what"), CASES)
def test_what_a_tariff_gives_is_shared_as_asked(engine: str, of: Any, what: Any, book: AddressBook) -> None:
    frames = resolve(ENGINES[engine](difficult()))
    asked: dict[str, Any] = {"by": "total", "book": book, "group_of": of}
    report = metrics.chargeback(frames, tariff=TARIFF, share_by=what, **asked)
    whole = sum((row["allocated"] for row in rows(report)), Decimal(0))
    assert whole == sum((row["cost"] for row in rows(metrics.cost(frames, TARIFF, by="total"))), Decimal(0)).quantize(
        Decimal("0.01")
    )
    invoiced = metrics.chargeback(frames, tariff=TARIFF, share_by=what, invoice=whole, **asked)
    assert rows(report) == rows(invoiced)
    assert any(f"shared by {what}" in note.en for note in report.notes)
    bills: tuple[tuple[str, dict[str, Any]], ...] = (("cost", {}), ("leg_minutes", {"invoice": whole}))
    for default, bill in bills:
        if what == default:
            assert rows(metrics.chargeback(frames, tariff=TARIFF, **bill, **asked)) == rows(report)


def _billed_by_meeting(engine: str, **asked: Any) -> tuple[list[tuple[Any, ...]], list[str]]:
    """The shares of an office of two departments, of which one convened a meeting whose parties nobody knows."""
    day, number, other = EDGES[2], "+8613900000000", "+8613900000001"
    listed = Meeting("1", number, day, day + 3600, 1)
    unlisted = [
        Meeting("2", other, day, day + 3600, None),
        Meeting("3", other, day - 40 * 86_400, day - 40 * 86_400 + 60, None),
    ]
    frames = ENGINES[engine](Office([listed, *unlisted], [Leg("1", 1, number, day, day + 3600)]))
    lines = {number: Entry("x", "sales"), other: Entry("y", "research")}
    tariff = metrics.Tariff(per="meeting", prices={"default": "0.50"})
    report = metrics.chargeback(frames, book=AddressBook.of(lines), tariff=tariff, **asked)
    cells = ("period", "group", "legs", "allocated")
    return [tuple(row[cell] for cell in cells) for row in rows(report)], [note.en for note in report.notes]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_who_is_billed_for_meetings_without_parties_has_a_share(engine: str) -> None:
    found, _ = _billed_by_meeting(engine)
    whole = [("2026-02", "research", None, Decimal("0.50"))]
    april = [("2026-04", "research", None, Decimal("30.00")), ("2026-04", "sales", 1, Decimal("30.00"))]
    assert found == whole + april
    found, _ = _billed_by_meeting(engine, share_by="cost", invoice={"2026-04": "100.00"})
    assert [row[3] for row in found] == [Decimal("50.00")] * 2


@pytest.mark.slow
def test_a_share_that_cannot_be_given_is_told_with_its_amount() -> None:
    found, notes = _billed_by_meeting("pandas", share_by="legs")
    assert found == [("2026-02", "unallocated", 0, Decimal("0.50")), ("2026-04", "sales", 1, Decimal("60.00"))]
    assert any("2 groups have no known legs" in note and "30.50 yuan" in note for note in notes)


@pytest.mark.slow
def test_a_share_leads_to_its_records_and_the_sheet_is_ready(book: AddressBook, tmp_path: Path) -> None:
    frames = ENGINES["pandas"](difficult())
    report = metrics.chargeback(frames, by="total", book=book, invoice="100", group_of="leg")
    for position, row in enumerate(rows(report)):
        records = report.explain(position)
        assert int(records["used"].sum()) == row["legs"]
    sheet = openpyxl.load_workbook(report.to_excel(tmp_path / "finance.xlsx"))["chargeback"]
    assert any("not in the book" in str(cell.value) for line in sheet.iter_rows() for cell in line)
    assert any("100" in note.en and "to the fen" in note.en for note in report.notes)


@pytest.mark.slow
@pytest.mark.parametrize("amount", [100.5, "100.50", Decimal("100.5"), "100.5"])
def test_one_amount_may_be_any_number_in_fen(amount: Any, book: AddressBook) -> None:
    found = rows(metrics.chargeback(ENGINES["pandas"](difficult()), by="total", book=book, invoice=amount))
    assert sum((row["allocated"] for row in found), Decimal(0)) == Decimal("100.50")


def test_an_invoice_may_be_a_list(book: AddressBook, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text('月份,金额\n2026-03,"1,000.00"\n2026-04,20.5\n2026-04,0.01\n', encoding="gbk")
    found = rows(metrics.chargeback(ENGINES["polars"](difficult()), book=book, invoice=path))
    sums: Counter[str] = Counter()
    for row in found:
        sums[row["period"]] += row["allocated"]
    assert sums == {"2026-03": Decimal("1000.00"), "2026-04": Decimal("20.51")}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "invoice"),
        ({"invoice": "100", "share_by": "cost", "by": "total"}, "tariff"),
        ({"invoice": "100"}, "cannot be shared among periods of by=month"),
        ({"invoice": {"2026-03": "1.234"}}, "no amount in fen"),
        ({"invoice": {"March": "1"}}, "March is no period of by=month"),
        ({"invoice": "1.005", "by": "total"}, "no amount in fen: 1.005"),
        ({"invoice": 1.005, "by": "total"}, "no amount in fen: 1.005"),
        ({"invoice": float("nan"), "by": "total"}, "no amount in fen: nan"),
        ({"invoice": "1e3", "by": "total"}, "no amount in fen: 1e3"),
        ({"invoice": "nowhere.csv"}, "there is no such file"),
        ({"invoice": "1", "by": "total", "share_by": "heads"}, "share_by"),
    ],
)
def test_invoices_that_cannot_be_shared_are_refused(asked: dict[str, Any], said: str, book: AddressBook) -> None:
    with pytest.raises(UsageError, match=said):
        metrics.chargeback(ENGINES["polars"](difficult()), book=book, **asked)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_a_bill_by_meeting_is_shared_by_its_months(engine: str, book: AddressBook, tmp_path: Path) -> None:
    """A line without a date has that of its record; totals, and what lies outside the period, are not shared."""
    office = difficult()
    known = next(meeting for meeting in office.meetings if meeting.start is not None)
    month = oracle.period_of(known.start or 0, "month")
    bill = tmp_path / "bill.csv"
    lines = [
        "meeting_id,started_at,amount_yuan",
        f"x1,{month}-03T09:00:00+08:00,10.005",
        f"x2,{month.replace('-', '年')}月28日 23:59:59,2.005",
        f"{known.meeting_id},,1.00",
        "nobody,,7.50",
        "x3,2031-01-01T00:00:00+08:00,3.335",
        "合计,,23.845",
    ]
    bill.write_text("\n".join(lines), encoding="utf-8")
    report = metrics.chargeback(ENGINES[engine](office), book=book, invoice=bill)
    sums: Counter[str] = Counter()
    for row in report.arrow.to_pylist():
        sums[row["period"]] += row["allocated"]
    assert set(sums) == {month, "2031-01"}
    assert sum(sums.values()) == Decimal("16.35"), "16.345 rounded once, halves up"
    assert abs(sums[month] - Decimal("13.01")) <= Decimal("0.01")
    assert any("7.5" in note.en and "warning" in note.en for note in report.notes)
    inside = metrics.chargeback(ENGINES[engine](office), end="2030-01-01", book=book, invoice=bill)
    assert sum(row["allocated"] for row in inside.arrow.to_pylist()) == Decimal("13.01")
    assert any("1 of them lie outside" in note.en for note in inside.notes)
    edges = pd.DataFrame({"started_at": [f"{month}-03", f"{month}-04"], "amount": ["3", "4"]})
    asked: dict[str, Any] = {"start": f"{month}-03", "end": f"{month}-04"}
    day = metrics.chargeback(ENGINES[engine](office), book=book, invoice=edges, **asked)
    assert sum(row["allocated"] for row in day.arrow.to_pylist()) in (0, 3)
    assert any("1 of them lie outside" in note.en for note in day.notes)


@pytest.mark.slow
def test_a_line_of_a_room_without_a_date_belongs_to_no_month_unless_all_its_meetings_do(book: AddressBook) -> None:
    months = ("01", "02", "02", "03")
    office = pd.DataFrame({
        "meeting_id": ["88001", "88002", "88002", "88001"],
        "started_at": [f"2026-{month}-{day:02} 10:00" for day, month in enumerate(months, 1)],
    })  # fmt: skip
    begun = pd.to_datetime(office["started_at"]).dt.tz_localize("Asia/Shanghai")
    meetings = office.assign(started_at=begun, ended_at=begun + pd.Timedelta("1h"), creator="13900000001")
    legs = office[["meeting_id"]].assign(
        leg=1, joined_at=begun, left_at=begun + pd.Timedelta("1h"), phone="13900000001"
    )
    bill = pd.DataFrame({"meeting_id": ["88001", "88002"], "amount": ["70", "5"]})
    report = metrics.chargeback(ytx.Frames(meetings, legs), book=book, invoice=bill)
    assert sum(row["allocated"] for row in report.arrow.to_pylist()) == 5
    assert any("70 yuan" in note.en and "several periods" in note.en for note in report.notes)


@pytest.mark.parametrize("amount", ["12,5", "0,12", "1,2345"])
def test_a_decimal_comma_is_no_amount(amount: str, book: AddressBook) -> None:
    with pytest.raises(UsageError, match="no amount"):
        metrics.chargeback(ENGINES["pandas"](difficult()), by="total", book=book, invoice=amount)


@pytest.mark.slow
def test_an_invoice_by_month_is_cut_to_the_period(book: AddressBook, tmp_path: Path) -> None:
    invoice = tmp_path / "invoice.csv"
    invoice.write_text("月份,金额\n2026-03,100.00\n2031-01,5.00\n合计,105.00\n", encoding="utf-8")
    report = metrics.chargeback(ENGINES["pandas"](difficult()), end="2031-01-01", book=book, invoice=invoice)
    rows = report.arrow.to_pylist()
    assert {row["period"] for row in rows} == {"2026-03"}
    assert sum(row["allocated"] for row in rows) == Decimal("100.00")
    assert any("2031-01" in note.en for note in report.notes)


@pytest.mark.slow
@pytest.mark.parametrize("is_list", [True, False])
def test_lines_of_one_month_are_added_and_that_is_said(is_list: bool, book: AddressBook, tmp_path: Path) -> None:
    path = tmp_path / "invoice.csv"
    path.write_text("月份,金额\n2026-03,100.00\n2026年3月,20.00\n2026-04,5.00\n", encoding="utf-8")
    invoice: Any = path if is_list else {"2026-03": "100.00", "2026年3月": "20.00", "2026-04": "5.00"}
    report = metrics.chargeback(ENGINES["pandas"](difficult()), book=book, invoice=invoice)
    assert sum(row["allocated"] for row in rows(report) if row["period"] == "2026-03") == Decimal("120.00")
    [said] = [note.en for note in report.notes if "added" in note.en]
    assert said == "the invoice has several lines of one period, whose amounts were added: 2026-03 (2)"


EXCEL_MONTHS = (
    "2026年3月",
    "2026年03月份",
    "2026/3",
    "2026-3",
    "2026/3/1",
    "2026年3月1日",
    "202603",
    "Mar-26",
    "March 2026",
)


@pytest.mark.slow
@pytest.mark.parametrize("month", EXCEL_MONTHS)
def test_months_and_amounts_are_read_as_spreadsheets_write_them(month: str, book: AddressBook, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    lines = ["费用汇总表,", ",", "期间,金额（元）", f'{month},"¥1,234.56"', '合计,"￥1,234.56"', "制表人：张三,"]
    path.write_text("\n".join(lines), encoding="gb18030")
    report = metrics.chargeback(ENGINES["pandas"](difficult()), book=book, invoice=path)
    found = rows(report)
    assert {row["period"] for row in found} == {"2026-03"}
    assert sum(row["allocated"] for row in found) == Decimal("1234.56")
    assert any("line 5: the list's own total; line 6: a note" in note.en for note in report.notes)


def test_a_total_of_an_invoice_that_is_another_and_a_second_column_of_money_are_told(
    book: AddressBook, tmp_path: Path
) -> None:
    path = tmp_path / "bill.csv"
    path.write_text("月份,金额,费用\n2026-03,100.00,120.00\n合计,999.00,\n", encoding="utf-8")
    report = metrics.chargeback(ENGINES["pandas"](difficult()), book=book, invoice=path)
    assert sum(row["allocated"] for row in rows(report)) == Decimal("100.00")
    [said] = [note.en for note in report.notes if "own total" in note.en]
    assert "another than that of its lines: 999.00 yuan, not 100.00" in said
    assert "says otherwise in column 3 (费用) than in column 2 (金额)" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("月份,金额\n2026-03,100\n2026年13月,1.00\n", "line 3: 2026年13月 is no period of by=month"),
        ("月份,金额\n2026-03,100\n2026-W23,1.00\n", "line 3: 2026-W23 is no period of by=month"),
        ("月份,金额\n2026-03,100\n2026/3/5,1.00\n", "line 3: 2026/3/5 is no period of by=month"),
        ("月份,金额\n2026-03,100\n,1.00\n", "line 3: it says no period"),
        ("月份,金额\n2026-03,1.234\n", "line 2: no amount in fen: 1.234"),
        ("金额\n100\n", "it has no column period"),
        ("月份,价格\n2026-03,100\n", "has no column amount; its header is .'月份', '价格'"),
        ("月份,金额\n2026-03,100\n2026-04\n", "line 3: it has another number of cells"),
        ("开始时间,金额\n2026-03-05,100\n5. March,1\n", "line 3: no date or time: 5. March"),
        ("开始时间,金额\n2026-03-05,100\n2026-03-06,much\n", "line 3: no amount: much"),
    ],
)
def test_what_a_list_lacks_is_told_with_its_line_and_no_word_of_python(
    text: str, said: str, book: AddressBook, tmp_path: Path
) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said) as caught:
        metrics.chargeback(ENGINES["pandas"](difficult()), book=book, invoice=path)
    assert caught.value.remedy
    assert not any(word in str(caught.value) for word in ("columns=", "{", "total is no period"))


@pytest.mark.slow
@given(
    amount=st.decimals(-(10**9), 10**9, places=2),
    weights=st.lists(st.fractions(0, 1000), min_size=1, max_size=40),
)
def test_shares_of_money_add_up_to_the_fen(amount: Decimal, weights: list[Fraction]) -> None:
    parts = allocated(amount, weights)
    assert sum(parts, Decimal(0)) == amount
    whole = sum(weights, Fraction(0))
    for part, weight in zip(parts, weights, strict=True):
        exact = Fraction(amount) * (weight / whole if whole else Fraction(1, len(weights)))
        assert abs(Fraction(part) - exact) < Fraction(1, 100)


@pytest.mark.slow
@given(parts=st.lists(st.fractions(-1000, 1000), max_size=30))
def test_rounded_parts_add_up_to_the_rounded_sum(parts: list[Fraction]) -> None:
    found = rounded(parts, 3)
    assert sum(found, Decimal(0)) == Decimal(round(sum(parts, Fraction(0)) * 1000)).scaleb(-3)
    assert all(abs(Fraction(one) - part) < Fraction(1, 1000) for one, part in zip(found, parts, strict=True))
