"""Lists as offices lay them out: departments merged over their people, headers of two lines, titles above them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.history.bills import read, with_results
from ytxdata.audit import Invoice
from ytxdata.errors import UsageError
from ytxdata.tables.address_book import AddressBook
from ytxdata.times import BEIJING

PEOPLE = (
    ("部门", "姓名", "手机号"),
    ("销售部", "张三", "13900000001"),
    (None, "李四", "13900000002"),
    (None, "王五", "13900000003"),
    ("研发部", "赵六", "13900000004"),
    (None, "钱七", "13900000005"),
)


def workbook(folder: Path, rows: Sequence[Sequence[object]], *merged: str) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for area in merged:
        sheet.merge_cells(area)
    book.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def text_of(rows: Sequence[Sequence[object]]) -> bytes:
    return "".join(",".join("" if cell is None else str(cell) for cell in row) + "\r\n" for row in rows).encode(
        "gb18030"
    )


def csv(folder: Path, rows: Sequence[Sequence[object]]) -> Path:
    (folder / "list.csv").write_bytes(text_of(rows))
    return folder / "list.csv"


def departments(book: AddressBook) -> list[str]:
    return [entry.department for entry in book.entries.values()]


def test_a_department_that_is_merged_over_its_people_is_that_of_each(tmp_path: Path) -> None:
    book = AddressBook.read(workbook(tmp_path, PEOPLE, "A2:A4", "A5:A6"))
    assert departments(book) == ["销售部"] * 3 + ["研发部"] * 2
    assert book.skipped == ()


@pytest.mark.parametrize("columns", [(0, 1, 2), (1, 2, 0)], ids=["first", "last"])
@pytest.mark.parametrize("name", ["销售部", "4100", 301, 12.5], ids=str)
def test_a_merged_department_is_that_of_each_wherever_it_stands_and_whatever_it_is_called(
    tmp_path: Path, name: object, columns: tuple[int, ...]
) -> None:
    rows = [[row[place] for place in columns] for row in [PEOPLE[0], (name, *PEOPLE[1][1:]), *PEOPLE[2:5]]]
    book = AddressBook.read(workbook(tmp_path, rows, "ABC"[columns.index(0)] + "2:" + "ABC"[columns.index(0)] + "4"))
    assert departments(book) == [str(name)] * 3 + ["研发部"]


def test_blanks_that_are_not_merged_are_not_filled_and_are_told(tmp_path: Path) -> None:
    for path in (csv(tmp_path, PEOPLE), workbook(tmp_path, PEOPLE)):
        book = AddressBook.read(path)
        assert departments(book) == ["销售部", "", "", "研发部", ""]
        [note] = book.notes
        assert "3 lines without a department (line 3 for one)" in note.en
        assert "向下填充" in note.zh


@pytest.mark.parametrize("blank", [[2], [4], [0]])
def test_a_book_in_which_some_have_no_department_is_left_in_peace(tmp_path: Path, blank: list[int]) -> None:
    people = [
        ("" if n in blank else name, f"1390000000{n}")
        for n, name in enumerate(["销售部", "销售部", "研发部", "研发部", "研发部"])
    ]
    assert AddressBook.read(csv(tmp_path, [("部门", "手机"), *people])).notes == ()


def test_an_amount_that_is_merged_over_lines_is_counted_once(tmp_path: Path) -> None:
    rows = [("会议编号", "被叫", "金额"), ("88001234567", "13900000001", 3), (None, "13900000002", None)]
    bill = Invoice.read(workbook(tmp_path, rows, "A2:A3", "C2:C3"))
    assert [(one.meeting_id, one.amount_yuan) for one in bill.bills] == [
        ("88001234567", Decimal(3)),
        ("88001234567", None),
    ]


@pytest.mark.parametrize("stem", ["1", "800123", "8001234567890"])
def test_an_id_that_is_merged_over_its_parties_is_that_of_each_however_short(tmp_path: Path, stem: str) -> None:
    rows: list[tuple[object, ...]] = [("被叫", "时长", "会议编号")]
    for n in range(3):
        rows += [("13900000001", 60, f"{stem}{n}"), ("13900000002", 90, None)]
    path = workbook(tmp_path, rows, "C2:C3", "C4:C5", "C6:C7")
    ids = [f"{stem}{n // 2}" for n in range(6)]
    assert [(one.meeting_id, one.duration_s) for one in Invoice.read(path).bills] == list(
        zip(ids, [60, 90] * 3, strict=True)
    )
    assert [one.meeting_id for one in read(path.read_bytes()).lines] == ids


def test_a_header_with_merged_names_again_on_the_next_page_of_a_workbook_is_no_line(tmp_path: Path) -> None:
    rows = [*TWO_LINES[0], BODY[0], *TWO_LINES[0], BODY[1]]
    said = read(workbook(tmp_path, rows, "A1:A2", "B1:C1", "A4:A5", "B4:C4").read_bytes())
    assert ([one.meeting_id for one in said.lines], [one.why for one in said.aside]) == (["m0", "m1"], ["header"] * 2)


TWO_LINES = (
    (("会议编号", "时间", None, "费用"), (None, "开始", "结束", "元")),
    (("会议", "会议", None, "费用(元)"), ("编号", "开始时间", "结束时间", None)),
    (("会议", None, None, "金额"), ("编号", "开始时间", "结束时间", None)),
    (("基本信息", None, None, "结算"), ("会议编号", "开始时间", "结束时间", "金额")),
)
MERGED = (("A{0}:A{1}", "B{0}:C{0}"), ("B{0}:C{0}", "D{0}:D{1}"), ("A{0}:C{0}", "D{0}:D{1}"), ("A{0}:C{0}",))
TITLES = (
    (),
    (("2026年3月账单", None, None, None),),
    (("2026年3月账单", None, None, None), (None, "单位：元", None, None)),
)
BODY = (
    ("m0", "2026-03-01 08:00:00", "2026-03-01 08:30:00", "1.50"),
    ("m1", "2026-03-01 09:00:00", "2026-03-01 09:30:00", "1.50"),
)


@pytest.mark.parametrize("titles", TITLES, ids=len)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(("header", "merged"), list(zip(TWO_LINES, MERGED, strict=True)))
def test_a_header_of_two_lines_is_read_and_titles_above_it_are_told(
    tmp_path: Path,
    titles: tuple[tuple[object, ...], ...],
    kind: str,
    header: tuple[tuple[object, ...], ...],
    merged: tuple[str, ...],
) -> None:
    rows, n = (*titles, *header, *BODY), len(titles)
    areas = [area.format(n + 1, n + 2) for area in merged] + ["A1:D1"] * bool(titles)
    path = csv(tmp_path, rows) if kind == "csv" else workbook(tmp_path, rows, *areas)
    bill = Invoice.read(path)
    assert [(one.line, one.meeting_id, one.duration_s, one.amount_yuan) for one in bill.bills] == [
        (n + 3, "m0", 1800, Decimal("1.50")),
        (n + 4, "m1", 1800, Decimal("1.50")),
    ]
    assert [("titles above the names" in one.en) for one in bill.notes] == [True] * bool(titles)
    said = read(path.read_bytes())
    assert [(one.line, one.meeting_id, one.amount_yuan) for one in said.lines] == [
        (n + 3, "m0", Decimal("1.50")),
        (n + 4, "m1", Decimal("1.50")),
    ]
    assert [(one.line.line, one.why) for one in said.aside] == [(place + 1, "title") for place in range(n)]


OVER_SEVERAL = (
    (("会议编号", "开始时间", "费用", None), (None, None, "单价", "金额"), "0.10", Decimal("1.50")),
    (("会议编号", "开始时间", "费用", None), (None, None, "通话", "合计"), "0.10", Decimal("0.10")),
    (("会议编号", "开始时间", "费用", "费用"), (None, None, "单价", "元"), "0.10", Decimal("1.50")),
    (("会议编号", "开始时间", "费用", None), (None, None, "基本", "短信"), "0.10", None),
    (("会议编号", "开始时间", "费用", None), (None, None, "短信", "通话"), "0.10", Decimal("1.50")),
)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(("upper", "lower", "price", "amount"), OVER_SEVERAL)
def test_a_name_that_stands_over_several_columns_is_that_of_none_of_them(
    tmp_path: Path,
    kind: str,
    upper: tuple[object, ...],
    lower: tuple[object, ...],
    price: str,
    amount: Decimal | None,
) -> None:
    rows = [upper, lower, ("m0", "2026-03-01 08:00:00", price, "1.50")]
    path = csv(tmp_path, rows) if kind == "csv" else workbook(tmp_path, rows, "A1:A2", "B1:B2")
    assert [(one.line, one.amount_yuan) for one in Invoice.read(path).bills] == [(3, amount)]
    assert [(one.line, one.amount_yuan) for one in read(path.read_bytes()).lines] == [(3, amount)]


def test_seconds_beside_their_minutes_are_no_duration_by_themselves(tmp_path: Path) -> None:
    rows = [("会议编号", "时长", None), (None, "分", "秒"), ("m0", "10", "30")]
    assert [one.duration_s for one in Invoice.read(csv(tmp_path, rows)).bills] == [None]
    rows = [("会议编号", "时长", None), (None, "单位", "秒"), ("m0", "s", "30")]
    assert [one.duration_s for one in Invoice.read(csv(tmp_path, rows)).bills] == [30]


@pytest.mark.parametrize(
    "rows",
    [
        [("会议编号", "金额", "", ""), ("room-a", "", "甲", "乙"), ("m1", "1.50", "", "")],
        [("", "", "会议编号", "金额"), ("甲", "乙", "room-a", ""), ("", "", "m1", "1.50")],
    ],
)
def test_a_line_of_words_below_a_header_of_one_line_is_a_line(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    assert [one.meeting_id for one in Invoice.read(csv(tmp_path, rows)).bills] == ["room-a", "m1"]


@pytest.mark.parametrize("hours", [0.25, 24, 25.5, 1000])
def test_a_time_of_a_workbook_is_a_duration_however_long(tmp_path: Path, hours: float) -> None:
    path = workbook(tmp_path, [("会议编号", "时长"), ("m0", timedelta(hours=hours)), ("合计", timedelta(hours=hours))])
    bill = Invoice.read(path)
    assert [one.duration_s for one in bill.bills] == [hours * 3600]
    assert [one.why.en for one in bill.skipped] == ["the list's own total"]
    assert read(path.read_bytes()).totals.seconds == hours * 3600


def test_a_header_of_two_lines_again_on_the_next_page_is_no_line() -> None:
    said = read(text_of([*TWO_LINES[0], BODY[0], *TWO_LINES[0], BODY[1]]))
    assert ([one.meeting_id for one in said.lines], [one.why for one in said.aside]) == (["m0", "m1"], ["header"] * 2)


def test_a_book_with_groups_above_its_header(tmp_path: Path) -> None:
    rows = [("组织", None, "联系方式", None), ("部门", "楼层", "姓名", "手机"), ("销售部", "三", "张三", "13900000001")]
    book = AddressBook.read(csv(tmp_path, rows))
    [entry] = book.entries.values()
    assert (entry.department, entry.name, entry.cells) == ("销售部", "张三", {"组织楼层": "三"})


@pytest.mark.parametrize(
    "rows",
    [
        [("m0", "2026-03-01 08:00:00", "", "1.50"), ("会议编号", "开始时间", "结束时间", "金额"), BODY[1]],
        [("m0", "13900000001", "", ""), ("会议编号", "开始时间", "结束时间", "金额"), BODY[1]],
    ],
)
def test_a_line_above_the_header_is_no_part_of_it(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(UsageError, match="names its columns in line 2"):
        Invoice.read(csv(tmp_path, rows))
    said = read(text_of(rows))
    assert (said.lines, [one.why for one in said.aside]) == ((), ["table"])


def test_lines_below_a_header_stay_lines_whatever_they_say() -> None:
    rows = [
        ("会议编号", "开始时间", "时长", "备注"),
        ("m0", "", "60", "金额"),
        ("m1", "2026-03-01", "60", "被叫"),
    ]
    assert [one.meeting_id for one in read(text_of(rows)).lines] == ["m0", "m1"]


def test_what_formulas_of_a_bill_came_to_is_told_and_a_line_without_results_is_named(tmp_path: Path) -> None:
    rows = [
        ("会议编号", "时长", "金额"),
        ("m0", 60, "=B2*0.01"),
        ('="m1"', "=30*2", "=250*2"),
        ("m2", 90, 0.9),
        ("合计", "=SUM(B2:B4)", "=SUM(C2:C4)"),
    ]
    results = {"B2*0.01": "0.6", "SUM(B2:B4)": "150", "SUM(C2:C4)": "1.5"}
    path = workbook(tmp_path, rows)
    path.write_bytes(with_results(path.read_bytes(), results))
    bill = Invoice.read(path)
    assert [(one.meeting_id, one.amount_yuan) for one in bill.bills] == [("m0", Decimal("0.6")), ("m2", Decimal("0.9"))]
    assert [(one.line, one.why.en) for one in bill.skipped if one.line != 5] == [
        (
            0,
            "has cells that are formulas; their results were read as the file keeps them, and not computed again: 金额 (lines 2)",
        ),
        (3, "a cell is a formula"),
    ]


def test_a_bill_of_which_only_totals_are_formulas_is_told_nothing(tmp_path: Path) -> None:
    path = workbook(tmp_path, [("会议编号", "金额"), ("m0", 0.6), ("m1", 0.9), ("合计", "=SUM(B2:B3)")])
    path.write_bytes(with_results(path.read_bytes(), {"SUM(B2:B3)": "1.5"}))
    assert [(one.line, one.why.en) for one in Invoice.read(path).skipped] == [(4, "the list's own total")]


def test_starts_that_nobody_can_read_are_told_in_words(tmp_path: Path) -> None:
    note, *_ = Invoice.read(csv(tmp_path, [("会议编号", "开始时间"), ("m0", "soon")])).notes
    assert note.en == "invoice: the start of 1 lines is no date or time; they count as lines without one (lines 2)"
    assert note.zh == "账单：1 行的开始时间无法识别，按没有开始时间处理（第 2 行）"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_time_that_a_spreadsheet_saved_as_a_serial_number_is_that_time(tmp_path: Path, kind: str) -> None:
    save = csv if kind == "csv" else workbook
    rows = [
        ("会议编号", "开始时间", "时长"),
        ("m0", 46082.375, 46082),
        ("m1", 46083, 10),
        ("m2", 20260301, 10),
        ("m3", 12345, 10),
    ]
    starts = [
        datetime(2026, 3, 1, 9, tzinfo=BEIJING),
        datetime(2026, 3, 2, tzinfo=BEIJING),
        datetime(2026, 3, 1, tzinfo=BEIJING),
        None,
    ]
    path = save(tmp_path, rows)
    bill = Invoice.read(path)
    assert [one.started_at for one in bill.bills] == starts
    assert bill.bills[0].duration_s == 46082
    lines = read(path.read_bytes()).lines
    assert (lines[0].started_at, lines[1].day) == (starts[0], date(2026, 3, 2))
    people = [
        ("手机", "部门", "from", "入职日期"),
        ("13900000001", "销售部", 46082, None),
        ("13900000002", "销售部", None, 46083),
    ]
    [[first], [second]] = AddressBook.read(save(tmp_path, people)).lines.values()
    assert (first.first, second.first) == (date(2026, 3, 1), date(2026, 3, 2))
