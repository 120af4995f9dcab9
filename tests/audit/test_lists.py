"""Rosters and invoices as people really send them: used as meant, or told line by line; never a wrong match."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from tests.history.bills import read as witnessed
from ytxdata.audit import Invoice, Roster
from ytxdata.errors import UsageError
from ytxdata.history.proof.witness import ASIDE
from ytxdata.tables import lists as sheets


def file(folder: Path, content: str | bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


ROSTER = "phone,name,department\n13900000001,安娜,销售部\n010-6552 0000,前台,行政部\n"
NUMBERS = {"+8613900000001", "+861065520000"}


@pytest.mark.parametrize(
    "content",
    [
        ROSTER.encode(),
        b"\xef\xbb\xbf" + ROSTER.encode(),
        ROSTER.encode("gbk"),
        ROSTER.encode("gb18030"),
        ROSTER.encode("utf-16"),
        ROSTER.replace(",", "\t").encode(),
        ROSTER.replace(",", ";").encode(),
        ROSTER.replace("\n", "\r\n").encode(),
        ROSTER.replace("phone", "手机号码").replace("name", "姓名").encode("gbk"),
        ROSTER.replace("13900000001", '"=""13900000001"""').encode(),
        ROSTER.replace("13900000001", "13900000001.0").encode(),
        ROSTER.replace("13900000001", "＋86 139 0000 0001").encode(),
        ROSTER.replace("安娜", '"安\n娜"').encode(),
        (ROSTER + "\n,,\n\n").encode(),
    ],
    ids=[
        "utf-8",
        "bom",
        "gbk",
        "gb18030",
        "utf-16",
        "tab",
        "semicolon",
        "crlf",
        "chinese header",
        "excel text",
        "float",
        "full width",
        "line end in a cell",
        "empty lines",
    ],
)
def test_a_roster_in_any_dress(tmp_path: Path, content: bytes) -> None:
    roster = Roster.read(file(tmp_path, content))
    assert set(roster.entries) == NUMBERS
    assert roster.skipped == ()
    assert roster.entries["+861065520000"].department == "行政部"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1.39E+10,安娜,销售部", "scientific"),
        ("1.3900000001E+10,安娜,销售部", "scientific"),
        ('"=HYPERLINK(""http://x.invalid"")",安娜,销售部', "formula"),
        ("=1+1,安娜,销售部", "formula"),
        ("@SUM(A1),安娜,销售部", "formula"),
        ("-2+3+cmd|' /C calc'!A0,安娜,销售部", "formula"),
        ("13900000001,又一个,研发部", "same number as line 2, which is used (department 销售部, not 研发部)"),
        ("+86 139-0000-0001,又一个,研发部", "same number as line 2"),
        (",无号码,研发部", "no telephone number"),
        ("无,无号码,研发部", "no telephone number"),
        ("13900000001,多一列,研发部,更多", "number of cells"),
        ("13900000009", "number of cells"),
    ],
)
def test_a_line_that_cannot_be_used_is_skipped_and_named(tmp_path: Path, line: str, why: str) -> None:
    roster = Roster.read(file(tmp_path, f"{ROSTER}{line}\n13900000007,卡,研发部\n"))
    assert [(one.line, why in one.why.en) for one in roster.skipped] == [(4, True)]
    assert set(roster.entries) == NUMBERS | {"+8613900000007"}
    assert "line 4" in roster.notes[0].en


def test_line_numbers_count_lines_of_the_file(tmp_path: Path) -> None:
    roster = Roster.read(file(tmp_path, 'phone,name\n13900000001,"一\n二\n三"\nnone,四\n'))
    assert [one.line for one in roster.skipped] == [5]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"phone,name\n", "no line that can be used"),
        (b"phone,name\n1.39E+10,x\n=1,y\n", "line 2: an id or a number was saved in scientific notation"),
        (b"name,department\nx,y\n", "no column phone"),
        (b"phone,name\n13900000001,\xff\xfe\xff\n", "line 2"),
        (b"phone,name\n139\x0000000001,x\n", "line 2"),
        (b'phone,name\n13900000001,"never closed\n', "line 2"),
        (b"PK\x03\x04\x14\x00\x00\x00", "no whole workbook"),
    ],
    ids=["empty", "blank", "header only", "nothing usable", "no phone", "no text", "nul", "open quote", "xlsx"],
)
def test_a_file_that_cannot_be_used_says_why_and_where(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Roster.read(file(tmp_path, content))


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as sparse:
        sparse.truncate(1_000_000_000)
    with pytest.raises(UsageError, match="too large"):
        Roster.read(path)
    assert path.stat().st_size > sheets.MAX_BYTES


def test_a_missing_file_and_an_unknown_column_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        Roster.read(tmp_path / "nowhere.csv")
    with pytest.raises(UsageError, match="telefon"):
        Roster.read(file(tmp_path, ROSTER), columns={"telefon": "phone"})
    with pytest.raises(UsageError, match="phone"):
        Roster.read(file(tmp_path, ROSTER), columns={"phone": "Mobil"})


def test_columns_are_called_what_one_says(tmp_path: Path) -> None:
    path = file(tmp_path, ROSTER.replace("phone", "Handy"))
    assert set(Roster.read(path, columns={"phone": "Handy"}).entries) == NUMBERS


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_frame_of_any_engine(make: type) -> None:
    frame = make({"phone": ["13900000001", None, "x"], "name": ["a", "b", "c"]})
    roster = Roster.read(frame)
    assert set(roster.entries) == {"+8613900000001"}
    assert [one.line for one in roster.skipped] == [2, 3]


def test_phones_that_pandas_made_numbers_of_are_exact_still() -> None:
    assert set(Roster.read(pd.DataFrame({"phone": [13900000001, 13900000003]})).entries) == {
        "+8613900000001",
        "+8613900000003",
    }
    assert set(Roster.read(pd.DataFrame({"phone": [13900000001.0, None]})).entries) == {"+8613900000001"}


INVOICE = "meeting_id,duration_s,amount_yuan\n20260303100000000000000000001,1800,1.80\n"


def test_an_invoice_line_is_exact(tmp_path: Path) -> None:
    (bill,) = Invoice.read(file(tmp_path, INVOICE)).bills
    assert bill[:4] == (2, "20260303100000000000000000001", 1800, Decimal("1.80"))


@pytest.mark.parametrize(
    ("cells", "seconds", "yuan"),
    [
        ('x,0:30:00,"¥1,234.50"', 1800, "1234.50"),
        ("x,,", None, None),
        ("x,1800.0,0.1", 1800, "0.1"),
        ("x,1800,1E+1", 1800, "10"),
        ("x,600秒,1.20", 600, "1.20"),
        ("x,10分钟,1.20", 600, "1.20"),
    ],
)
def test_how_durations_and_amounts_may_be_written(
    tmp_path: Path, cells: str, seconds: int | None, yuan: str | None
) -> None:
    (bill,) = Invoice.read(
        file(tmp_path, f"会议编号,时长(秒),金额（元）\n{cells}\n".replace("（", "(").replace("）", ")"))
    ).bills
    assert (bill.duration_s, bill.amount_yuan) == (seconds, None if yuan is None else Decimal(yuan))


@pytest.mark.parametrize(
    "cells",
    [
        "2.02603E+28,1800,1.8",
        "=A1,1800,1.8",
        ",1800,1.8",
        "x,half an hour,1.8",
        "x,1800,free",
        "x,-5,1.8",
        "x,1800,NaN",
        "x,1800,1e99",
        "x,1800",
    ],
)
def test_an_invoice_line_that_cannot_be_used_is_skipped_and_named(tmp_path: Path, cells: str) -> None:
    invoice = Invoice.read(file(tmp_path, f"{INVOICE}{cells}\n"))
    assert [one.line for one in invoice.skipped] == [3]
    assert len(invoice.bills) == 1


@pytest.mark.parametrize("cell", ["合计", "合计：", "Total"])
def test_the_own_total_of_an_invoice_is_no_meeting(tmp_path: Path, cell: str) -> None:
    invoice = Invoice.read(file(tmp_path, f"{INVOICE}{cell},1800,1.80\n"))
    assert (len(invoice.bills), [one.why.en for one in invoice.skipped]) == (1, ["the list's own total"])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("合计 1 场,,1800,1.80", "total"),
        ("小计,,1800,1.80", "subtotal"),
        ("本页小计：,,1800,1.80", "subtotal"),
        ("制表人：张三,,,", "footer"),
        ("合计,2026-03-05 09:00,1800,1.80", None),
        ("合计划会议室,,1800,1.80", None),
        ("会议室：三楼,2026-03-05 09:00,,", None),
        ("会议室：三楼,,1800,1.80", None),
    ],
)
def test_what_is_no_meeting_of_an_invoice_is_named_and_what_may_be_one_is_kept(
    tmp_path: Path, line: str, why: str | None
) -> None:
    text = f"2026年3月账单,,,\n会议编号,开始时间,时长（秒）,金额（元）\nx,,1800,￥1.80\n{line}\n"
    invoice = Invoice.read(file(tmp_path, text))
    assert [one.why for one in invoice.skipped if one.line] == ([] if why is None else [ASIDE[why]])
    assert [one.line for one in invoice.bills] == ([3, 4] if why is None else [3])
    assert invoice.bills[0].amount_yuan == Decimal("1.80")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["合计,1800,1.80", "合计,1800,11.80"], [False, True]),
        (["合计,1800,11.80", "合计,1800,1.80"], [True, False]),
        (["合计,1800,1.80（另加服务费 500.00 元）"], [True]),
        (["合计,1800,1.80", "y,600,0.60", "合计,600,0.60", "总计,2400,2.40"], [False, False, False]),
        (["合计,1800,1.80", "y,600,0.60", "合计,600,0.60", "总计,2400,2.50"], [False, False, True]),
        (["合计¥1.80,,"], [False]),
        (["Total CNY 11.80,,"], [True]),
        (["合计人民币壹元捌角,,"], [True]),
        (["合计人民币壹元捌角,1800,1.80"], [False]),
        (["合计,1800,1.80", "合计人民币（大写）：壹元捌角,,"], [False, False]),
        (["合计人民币（大写）：壹元捌角,,", "合计,1800,1.80"], [False, False]),
        (["合计,1800,2.80", "合计人民币（大写）：贰元捌角,,"], [True, False]),
        (["合计,,1E+1"], [True]),
    ],
)
def test_each_own_total_of_an_invoice_is_held_against_its_lines(
    tmp_path: Path, lines: list[str], told: list[bool]
) -> None:
    text = "meeting_id,duration_s,amount_yuan\nx,1800,1.80\n" + "\n".join(lines)
    invoice = Invoice.read(file(tmp_path, text))
    assert [one.why.en != "the list's own total" for one in invoice.skipped] == told


@pytest.mark.parametrize(
    ("foot", "n"),
    [
        ("人民币（大写）,壹元捌角,", 1),
        ("开户行,中国银行,", 1),
        ("制表人,张三,", 1),
        ("制表日期,2026-04-01,", 1),
        ("会议室三,晨会,", 1),
        ("m7,晨会,", 2),
        ("三楼会议室,2026-03-02,", 2),
        ("三楼会议室,,1.50", 2),
    ],
)
def test_words_alone_below_the_last_total_of_an_invoice_are_a_note(tmp_path: Path, foot: str, n: int) -> None:
    text = f"meeting_id,started_at,amount_yuan\nx,2026-03-01 08:00,1.80\n合计,,1.80\n{foot}\n"
    assert len(Invoice.read(file(tmp_path, text)).bills) == n


@pytest.mark.parametrize(("title", "is_told"), [("合计 11.80 元", True), ("合计 1.80 元", False)])
def test_a_total_above_the_header_of_an_invoice_is_held(tmp_path: Path, title: str, is_told: bool) -> None:
    text = f"2026年3月账单,,\n{title},,\nmeeting_id,duration_s,amount_yuan\nx,1800,1.80\n"
    whys = [one.why.en for one in Invoice.read(file(tmp_path, text)).skipped if one.line == 2]
    assert ["another" in one for one in whys] == [is_told]


def test_a_hexadecimal_id_is_no_number(tmp_path: Path) -> None:
    key = "1234567890123456789012345678e012"
    assert Invoice.read(file(tmp_path, INVOICE + f"{key},1,1\n")).bills[1].meeting_id == key


def workbook(folder: Path, *sheets: Sequence[Sequence[object]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    path = folder / "list.xlsx"
    book.save(path)
    return path


def test_a_list_may_be_a_workbook(tmp_path: Path) -> None:
    staff: list[list[object]] = [["通讯录"], [], ["姓名", "手机", "部门", "起", None], ["张伟", 13900000001, "销售部", date(2026, 3, 1)], ["李娜", "13900000002"]]  # fmt: skip
    book = Roster.read(workbook(tmp_path, [["说明"]], staff))
    entry = book.find("13900000001")
    assert entry is not None
    assert (entry.name, entry.department, entry.first, entry.line) == ("张伟", "销售部", date(2026, 3, 1), 4)
    assert book.name("13900000002") == "李娜"
    assert "titles above the names of its columns, which were not read (lines 1)" in book.notes[0].en
    bill: list[list[object]] = [
        ["会议编号", "时长", "金额"],
        ["A1", time(0, 10, 0), 0.6],
        ["A2", 90, None],
        ["合计", 690, 0.6],
    ]
    [one, two] = Invoice.read(workbook(tmp_path, bill)).bills
    assert (one.duration_s, one.amount_yuan, two.duration_s, two.amount_yuan) == (600, Decimal("0.6"), 90, None)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Excel 97-2003 workbook"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheetPK", "an OpenDocument spreadsheet"),
        (b"<html><table><tr><td>x", "a page or XML"),
        (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="x">', "a page or XML"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["bill.xls", "bill.xlsx", "bill.csv"])
def test_a_spreadsheet_of_another_kind_is_to_be_saved_as_xlsx(tmp_path: Path, raw: bytes, what: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    for read in (Invoice.read, Roster.read, lambda given: witnessed(given.read_bytes())):
        with pytest.raises(UsageError) as told:
            read(path)
        assert f"is {what}" in told.value.cause.en
        assert "save it as .xlsx" in told.value.cause.en
        assert "另存为 .xlsx" in told.value.cause.zh


def test_a_frame_is_read_as_the_workbook_it_was_read_from(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["三月账单"],
        ["会议编号", "开始时间", "金额"],
        ["8001", pd.Timestamp("2026-03-05 09:00"), 1.5],
        ["合计", "1 场", 1.5],
        ["制表：李四"],
    ]
    path = workbook(tmp_path, rows)
    from_file, from_frame = Invoice.read(path), Invoice.read(pd.read_excel(path, header=1))
    assert [one._replace(line=0) for one in from_frame.bills] == [one._replace(line=0) for one in from_file.bills]
    assert [one.why for one in from_frame.skipped] == [one.why for one in from_file.skipped if one.line]


def test_a_workbook_of_two_such_lists_is_refused(tmp_path: Path) -> None:
    one = [["手机", "部门"], ["13900000001", "销售部"]]
    with pytest.raises(UsageError, match=r"stands on 2 worksheets \(1, 3\)"):
        Roster.read(workbook(tmp_path, one, [["x"]], one))


BILL = "meeting_id,duration_s,amount_yuan"


def test_a_column_that_stands_twice_and_says_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"two columns of one name, 3 and 4 \(Amount-Yuan\), that differ in line 3"):
        Invoice.read(file(tmp_path, f"{BILL},Amount-Yuan\n1,60,0.10,0.10\n2,60,0.10,0.30\n"))
    with pytest.raises(UsageError, match="that differ in line 2"):
        Roster.read(file(tmp_path, "手机,部门,部门\n13900000001,销售部,研发部\n"))
    with pytest.raises(UsageError, match="that differ in line 1"):
        Invoice.read(pd.DataFrame({"meeting_id": ["1"], "amount_yuan": ["0.10"], "amount_yuan.1": ["0.30"]}))
    assert len(Invoice.read(file(tmp_path, f"{BILL},amount_yuan,amount_yuan\n1,60,0.10,0.10,\n")).bills) == 1


def test_a_second_column_of_another_usual_name_is_told(tmp_path: Path) -> None:
    """Bills usually have the time that was talked beside what is billed, and books a desk beside a mobile: one is read, and said."""
    bill = Invoice.read(file(tmp_path, f"{BILL},金额,通话时长\n1,60,0.10,0.30,60\n2,60,0.10,0.30,\n"))
    assert [one.amount_yuan for one in bill.bills] == [Decimal("0.10")] * 2
    [note] = bill.notes
    assert note.en == (
        "the invoice says otherwise in column 4 (金额) than in column 3 (amount_yuan) in 2 lines, line 2 for one; "
        "column 3 is used"
    )
    assert "第 4 列 金额 与第 3 列 amount_yuan 有 2 行不同" in note.zh
    chosen = Invoice.read(file(tmp_path, f"{BILL},金额\n1,60,0.10,0.30\n"), {"amount_yuan": "金额"})
    assert (chosen.bills[0].amount_yuan, chosen.notes) == (Decimal("0.30"), ())


def test_the_own_total_of_an_invoice_that_is_another_is_told(tmp_path: Path) -> None:
    lines = f"{BILL}\n1,60,0.104\n2,90,0.20\n"
    agreed = (
        "合计,150,0.30",
        "合计,,",
        "合计,2 场,0.304",
        "小计,60,0.1\n合计,150,0.30",
        "共 2 场会议",
        "Total: 2 meetings,150,",
    )
    for total in agreed:
        [note] = Invoice.read(file(tmp_path, f"{lines}{total}\n")).notes
        assert "another" not in note.en, total
    [note] = Invoice.read(file(tmp_path, f"{lines}合计,150,999999.00\n")).notes
    assert "line 4: the list's own total, which is another than that of its lines: 999999.00 yuan, not 0.304" in note.en
    assert "与各行之和不同：999999.00 元，各行之和为 0.304" in note.zh
    for total in ("合计 81 场,,", "共 81 场会议", "合计：81场，12.00元,,", "Total: 81 meetings"):
        [note] = Invoice.read(file(tmp_path, f"{lines}{total}\n")).notes
        assert "81 meetings, not 2" in note.en, total
        assert ("12.00 yuan, not 0.304" in note.en) == ("12.00" in total)


def test_the_meetings_of_a_bill_by_connection_are_counted_once(tmp_path: Path) -> None:
    text = "会议编号,被叫,时长\nm0,13800000001,60\nm0,13800000002,60\n共 {n} 场会议,,\n"
    for n, is_off in ((1, False), (2, False), (3, True)):
        note, silent = Invoice.read(file(tmp_path, text.format(n=n))).notes
        assert "no column of amounts" in silent.en
        assert ("another" in note.en) is is_off


def test_a_credit_is_called_one_and_belongs_to_the_total(tmp_path: Path) -> None:
    bill = Invoice.read(file(tmp_path, f"{BILL}\n1,60,3.00\n1,0,-1.00\n合计,60,2.00\n"))
    assert [one.amount_yuan for one in bill.bills] == [Decimal("3.00")]
    [note] = bill.notes
    assert "line 3: a credit, below zero, is held against no record; line 4: the list's own total" in note.en
    assert "another" not in note.en


def test_a_count_of_an_invoice_is_held_also_beside_credits(tmp_path: Path) -> None:
    for n, is_off in ((2, False), (1, False), (81, True)):
        for unit in "场行":
            [note] = Invoice.read(file(tmp_path, f"{BILL}\n1,60,3.00\n1,0,-1.00\n合计 {n} {unit},60,2.00\n")).notes
            assert ("another" in note.en) is is_off


@pytest.mark.parametrize(
    ("tail", "is_off"),
    [
        ("合计,1800,1.80\n税额,,0.11\n价税合计,,1.91\n", False),
        ("不含税金额,,1.80\nVAT 6%,,0.11\nTotal,,1.91\n", False),
        (",,-0.80\n月租费,,100\n合计 3 行,,101.00\n上期余额,,5\n", False),
        ("月租费,,100\n合计,,101.90\n", True),
        ("上期余额,,5\n月租费,,100\n合计,,101.80\n", False),
        ("上期余额,,5\n月租费,,100\n合计,,6.80\n", False),
        ("月租费,,100\n上期余额,,5\n合计,,6.80\n", True),
    ],
)
def test_a_charge_that_names_no_meeting_is_held_against_no_record(tmp_path: Path, tail: str, *, is_off: bool) -> None:
    invoice = Invoice.read(file(tmp_path, f"{BILL}\nx,1800,1.80\n{tail}"))
    assert [one.meeting_id for one in invoice.bills] == ["x"]
    assert any("another than" in one.why.en for one in invoice.skipped) is is_off
    assert ASIDE["charge"] in [one.why for one in invoice.skipped]


@pytest.mark.parametrize("head", ["序号", "会议名称"])
def test_a_total_may_be_called_so_in_any_column(tmp_path: Path, head: str) -> None:
    for total, is_off in (("1.80", False), ("103.60", True)):
        text = f"{head},会议编号,时长,金额\n1,x,1800,1.80\n合计,,1800,{total}\n"
        [note] = Invoice.read(file(tmp_path, text)).notes
        assert ("another than that of its lines" in note.en) is is_off
        assert "no meeting id" not in note.en
