"""Workbooks, read with a reader other than the writer."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from ytxdata import metrics, sample
from ytxdata.errors import FileDiffersError, MissingExtraError, UsageError
from ytxdata.labels import Text
from ytxdata.tables import excel
from ytxdata.tables.described import Definition
from ytxdata.tables.excel import sheet_names, write_workbook
from ytxdata.tables.excel_sheet import MAX_TEXT, PRINTED, compare, in_cell
from ytxdata.tables.table import Table, record_table

NEW_YEAR = datetime.fromisoformat("2026-01-01")  # wall time


@pytest.fixture
def book(table: Table, tmp_path: Path) -> Iterator[openpyxl.Workbook]:
    opened = openpyxl.load_workbook(table.to_excel(tmp_path / "usage.xlsx", show_phones=True, lang="zh"))
    yield opened
    opened.close()


def sheet(book: openpyxl.Workbook, name: str) -> Worksheet:
    found = book[name]
    assert isinstance(found, Worksheet)
    return found


def test_cells_are_what_was_meant(book: openpyxl.Workbook) -> None:
    rows: list[tuple[Any, ...]] = [tuple(cell.value for cell in row) for row in sheet(book, "usage").iter_rows()]
    assert rows[0] == (
        "meeting_id",
        "creator",
        "name",
        "minutes",
        "cost",
        "started_at [Asia/Shanghai]",
        "day",
        "booked",
        "n",
    )
    assert rows[1] == (
        "00123",
        "13812345678",
        "=1+1",
        1234.5,
        1.1,
        NEW_YEAR,
        NEW_YEAR,
        True,
        7,
    )
    assert rows[2][:5] == (
        "+12345",
        "+86 138-1234-5678",
        "13812345678的<b>会议</b>",
        pytest.approx(1 / 3, rel=1e-15),
        "12345678901234567.123",
    )
    assert rows[2][6:] == ("1899-01-01", False, "1152921504606846976")
    assert rows[3] == ("12345678901234567890123456789", None, "\ta\nb\"c'", None, None, None, None, None, None)


def test_ids_and_numbers_are_text_cells(book: openpyxl.Workbook) -> None:
    for column in ("A", "B"):
        for line in (2, 3):
            cell = sheet(book, "usage")[f"{column}{line}"]
            assert cell.data_type == "s"
            assert cell.number_format == "@"


def test_whole_numbers_have_no_point_and_no_decimals(tmp_path: Path) -> None:
    people = tuple(Definition(key=key, zh=key, en=key, unit="people") for key in ("people", "mean"))
    frame = pa.table({"people": [90, 1234], "mean": [5.0, 4.79]})
    path = Table(frame=frame, name="sizes", title=Text("规模", "sizes"), definitions=people).to_excel(
        tmp_path / "s.xlsx"
    )
    sheet = openpyxl.load_workbook(path)["sizes"]
    assert [sheet[at].number_format for at in ("A2", "B2")] == ["#,##0", "#,##0.0#"]


def test_amounts_stand_with_all_their_digits_and_no_more(tmp_path: Path) -> None:
    """By way of a binary number 8.22 yuan became 8.220000000000001, and no workbook of that bill could be made."""
    amounts = [Decimal("8.22000"), Decimal("1.11"), Decimal("4.35")]
    table = Table(name="t", title=Text("", ""), frame=pa.table({"yuan": pa.array(amounts, pa.decimal128(20, 5))}))
    with zipfile.ZipFile(table.to_excel(tmp_path / "t.xlsx")) as package:
        written = package.read("xl/worksheets/sheet1.xml").decode()
    assert [Decimal(one) for one in re.findall(r"<v>(\d+\.\d+)</v>", written)] == amounts


def test_no_formula_and_no_link_anywhere(table: Table, tmp_path: Path) -> None:
    words = ["=1+1", "http://example.com", "mailto:a@b.c", "internal:Sheet1!A1", "@SUM(A1)", "external:c:\\x", "{=1}"]
    path = Table(frame=pa.table({"word": words}), name="words", title=Text("词", "words")).to_excel(tmp_path / "w.xlsx")
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            text = package.read(name).decode("utf-8")
            assert "<f>" not in text
            assert "hyperlink" not in text
            assert 'TargetMode="External"' not in text


def test_header_is_frozen_filtered_and_shown_as_names(book: openpyxl.Workbook) -> None:
    usage = sheet(book, "usage")
    assert usage.freeze_panes == "A2"
    assert usage.auto_filter.ref == "A1:I4"
    assert usage["D1"].number_format == ';;;"会议时长"'
    assert "Asia/Shanghai" in usage["F1"].number_format
    assert usage["D2"].number_format == "#,##0.0"
    assert usage["F2"].number_format == "yyyy-mm-dd hh:mm:ss"
    assert usage.column_dimensions["C"].width > 20


def test_sheets_explain_the_numbers(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == ["usage", "完整性", "口径", "数据字典"]
    complete = [[cell.value for cell in row] for row in sheet(book, "完整性").iter_rows(min_row=2)]
    assert ["usage", "PROBABLE", "很可能完整：最近一天可能还会变化。", None] in complete
    assert ["usage", "未计入: end_unknown", "结束未知的会议", 3] in complete
    rules = {row[0].value: [cell.value for cell in row] for row in sheet(book, "口径").iter_rows(min_row=2)}
    assert rules["minutes"] == ["minutes", "会议时长", "分钟", "秒数 ÷ 60", "min_parties = 1", "GAM"]
    kinds = {row[1].value: row[3].value for row in sheet(book, "数据字典").iter_rows(min_row=2)}
    assert kinds["cost"] == "小数(38,18)"


def test_phones_are_masked_unless_asked(table: Table, tmp_path: Path) -> None:
    with zipfile.ZipFile(table.to_excel(tmp_path / "a.xlsx")) as package:
        everything = "".join(package.read(name).decode("utf-8") for name in package.namelist())
    assert "1381234" not in everything
    assert "138****5678" in everything


@pytest.mark.slow
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="_")), max_size=4))
@settings(max_examples=25)
def test_any_text_reads_back_with_another_reader(values: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Table(
            frame=pa.table({"word": pa.array(values, pa.string())}), name="words", title=Text("", "")
        ).to_excel(Path(folder) / "w.xlsx", show_phones=True)
        opened = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    found = [row[0].value or "" for row in sheet(opened, "words").iter_rows(min_row=2)]
    found += [""] * (len(values) - len(found))
    assert found == [in_cell(value) for value in values]


def test_escapes_of_the_format_itself_are_kept(tmp_path: Path) -> None:
    table = Table(frame=pa.table({"word": ["_x0041_", " lead", "trail ", "a\nb"]}), name="words", title=Text("", ""))
    table.to_excel(tmp_path / "w.xlsx")  # the check reads it back


def test_what_is_too_long_for_a_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    cut = in_cell("𠮷" * 40_000)
    assert isinstance(cut, str)
    assert len(cut.encode("utf-16-le")) // 2 <= MAX_TEXT
    assert "40000 characters" in cut
    Table(frame=pa.table({"word": ["会" * 40_000]}), name="words", title=Text("", "")).to_excel(tmp_path / "w.xlsx")


def test_a_text_wider_than_its_column_goes_on_below_and_a_raw_record_stays_a_line(tmp_path: Path) -> None:
    texts = {
        "会议" * 14: False,
        "会议" * 15: True,
        "a" * 58: False,
        "a" * 59: True,
        "=" + "会" * 40: True,
        "a" * 9000: False,
    }
    table = Table(frame=pa.table({"word": list(texts)}), name="words", title=Text("", ""))
    opened = openpyxl.load_workbook(table.to_excel(tmp_path / "w.xlsx"))
    cells = [sheet(opened, "words").cell(row, 1) for row in range(2, 2 + len(texts))]
    opened.close()
    assert [bool(one.alignment.wrap_text) for one in cells] == list(texts.values())


def test_a_workbook_that_is_not_what_was_meant_names_the_cell(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table.to_excel(tmp_path / "a.xlsx", check=False)
    with pytest.raises(FileDiffersError, match="sheets"):
        compare(path, "a.xlsx", [("usage", [])])
    monkeypatch.setattr(excel, "_meant", lambda table: iter([["other"]]))
    with pytest.raises(FileDiffersError, match=r"line 1 · usage!'other'"):
        table.to_excel(tmp_path / "a.xlsx")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.xlsx", "a.xlsx.about.json"]


def test_several_tables_in_one_workbook(table: Table, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = write_workbook(
        [table, replace(table, name="Usage"), replace(table, name="a/b:c")],
        tmp_path / "all.xlsx",
        progress=lambda done, total: seen.append((done, total)),
        lang="en",
    )
    assert openpyxl.load_workbook(path).sheetnames == [
        "usage",
        "Usage (2)",
        "a-b-c",
        "Completeness",
        "Definitions",
        "Data dictionary",
    ]
    assert seen[-1][0] == seen[-1][1]


def test_sheet_names_are_acceptable() -> None:
    assert sheet_names(["History", "x" * 40, "x" * 40, "口径"], ["口径"]) == [
        "History (2)",
        "x" * 31,
        "x" * 25 + " (2)",
        "口径 (2)",
    ]


def test_too_many_rows_are_refused_with_a_remedy(tmp_path: Path) -> None:
    table = Table(frame=pa.table({"n": pa.nulls(1_048_576, pa.int64())}), name="many", title=Text("", ""))
    with pytest.raises(UsageError, match="1,048,576 rows") as caught:
        table.to_excel(tmp_path / "many.xlsx")
    assert "to_csv" in str(caught.value)
    assert not list(tmp_path.glob("*.xlsx"))


def test_missing_extra_is_named(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(MissingExtraError, match=r"extra `excel`(.|\n)*pip install 'xlsxwriter"):
        table.to_excel(tmp_path / "a.xlsx")


def test_empty_table_is_a_workbook(table: Table, tmp_path: Path) -> None:
    path = replace(table, frame=table.frame.slice(0, 0)).to_excel(tmp_path / "a.xlsx")
    assert openpyxl.load_workbook(path)["usage"].max_row == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_the_same(table: Table, tmp_path: Path) -> None:
    table.to_excel(tmp_path / "usage.xlsx", show_phones=True)
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"
    command = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        options,
        "--outdir",
        str(tmp_path),
        str(tmp_path / "usage.xlsx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    lines = (tmp_path / "usage-usage.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "meeting_id,creator,name,minutes,cost,started_at [Asia/Shanghai],day,booked,n"
    assert lines[1] == "00123,13812345678,=1+1,1234.5,1.1,2026-01-01 00:00:00,2026-01-01,TRUE,7"
    assert lines[2].startswith(
        "+12345,+86 138-1234-5678,13812345678的<b>会议</b>,0.333333333333333,12345678901234567.123,2026-01-01 09:02:03"
    )


def test_times_are_wall_time_of_the_zone(tmp_path: Path) -> None:
    frame = pa.table({"at": pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))})
    path = Table(frame=frame, name="t", title=Text("", ""), zone="Asia/Tokyo").to_excel(tmp_path / "t.xlsx")
    opened = openpyxl.load_workbook(path)["t"]
    assert [row[0].value for row in opened.iter_rows()] == [
        "at [Asia/Tokyo]",
        datetime.fromisoformat("2026-01-01T09:00"),
    ]


def test_text_that_begins_like_a_formula_is_marked_as_text_and_not_changed(tmp_path: Path) -> None:
    words = ["=1+1", "周会", "@x", "'=1"]
    table = Table(frame=pa.table({"word": words}), name="w", title=Text("", ""))
    opened = openpyxl.load_workbook(table.to_excel(tmp_path / "w.xlsx"))["w"]
    cells = [row[0] for row in opened.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == words
    assert [bool(cell.quotePrefix) for cell in cells] == [True, False, True, True]
    assert {cell.data_type for cell in cells} == {"s"}


def test_a_long_table_prints_its_first_rows_and_says_so(tmp_path: Path) -> None:
    table = Table(frame=pa.table({"n": list(range(500))}), name="n", title=Text("数", "Numbers"))
    opened: Any = openpyxl.load_workbook(table.to_excel(tmp_path / "n.xlsx", lang="en"))["n"]
    assert opened.print_area == f"'n'!$A$1:$A${PRINTED + 1}"
    assert f"the first {PRINTED} of 500 rows are printed" in str(opened.oddFooter.center.text)
    assert opened.print_title_rows == "$1:$1"
    assert opened.page_setup.orientation == "landscape"


def test_a_long_table_is_not_cut_inside_of_a_group(tmp_path: Path) -> None:
    rows = pa.table({"group": [f"g{at // 7}" for at in range(42)], "hour": list(range(42))})
    table = Table(frame=rows, name="n", title=Text("数", "Numbers"))
    opened: Any = openpyxl.load_workbook(table.to_excel(tmp_path / "n.xlsx", lang="en"))["n"]
    assert opened.print_area == "'n'!$A$1:$B$29"
    assert "the first 28 of 42 rows are printed" in str(opened.oddFooter.center.text)


def test_a_wide_table_goes_on_beside_and_repeats_its_first_column(tmp_path: Path) -> None:
    wide = pa.table({f"c{at:02d}": ["x" * 50] * 3 for at in range(8)})
    narrow = pa.table({f"c{at:02d}": [1 / 3] * 3 for at in range(20)})  # not as wide as all its digits
    for frame, across, repeated in ((wide, 2, "$A:$A"), (narrow, 1, None)):
        table = Table(frame=frame, name="n", title=Text("数", "Numbers"))
        opened: Any = openpyxl.load_workbook(table.to_excel(tmp_path / f"{across}.xlsx", lang="en"))["n"]
        assert (opened.page_setup.fitToWidth or 1) == across
        assert opened.print_title_cols == repeated


@pytest.mark.slow
def test_a_workbook_in_chinese_says_no_word_of_the_machine(tmp_path: Path) -> None:
    """Keys are never translated, in a CSV; people read sheets, and these name tables, types and reasons in words."""
    rows = pa.table(
        {"meeting_id": ["1"], "leg": [1], "column": ["phone"], "reason": ["not_a_phone"], "raw_value": ["x"]}
    )
    problems = record_table(rows, "problems")
    write_workbook([problems, metrics.peak_stretches(sample())], tmp_path / "t.xlsx", lang="zh", by_title=True)
    with (tmp_path / "t.xlsx").open("rb") as file:
        book = openpyxl.load_workbook(file)
    said = {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] for sheet in book}
    assert said["存疑的值"][0][2:4] == ["号码", "不是电话号码；保留原文"]
    assert {row[1] for row in said["并发峰值区间"]} == {"接入", "会议"}
    assert {row[0] for row in said["数据字典"][:-1]} == {"存疑的值", "并发峰值区间"}
    assert {row[3] for row in said["数据字典"][:-1]} <= {"文本", "整数", "时刻", "是否", "数"}
    assert {row[0] for row in said["完整性"]} >= {"存疑的值", "并发峰值区间"}
    assert "not_a_phone" in problems.to_csv(tmp_path / "p.csv").read_text("utf-8-sig")
