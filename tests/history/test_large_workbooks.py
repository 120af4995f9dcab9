"""Workbooks that would take more memory than a list may, and usual ones with all that spreadsheets put into them."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ytxdata import workbooks
from ytxdata.errors import MissingExtraError, UsageError
from ytxdata.history import witness_lists
from ytxdata.labels import Text
from ytxdata.times import parse_instant

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD = f'<row r="1">{cell("A1", "meeting_id")}{cell("B1", "duration_s")}</row>'
ONE = f'<row r="2">{cell("A2", "A1")}{cell("B2", "10")}</row>'


def workbook(rows: str, before: str = "") -> bytes:
    """Return the smallest workbook with these rows: as no spreadsheet program would write them."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}">'
        '<sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, text in parts.items():
            whole.writestr(name, text)
    return made.getvalue()


def read(raw: bytes) -> list[str | None]:
    start, end = parse_instant("2026-03-01 00:00"), parse_instant("2026-04-01 00:00")
    assert start is not None
    assert end is not None
    return [one.meeting_id for one in witness_lists.read_witness(raw, "bill.xlsx", "invoice", start, end).lines]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (f'<row r="2000000000">{cell("A2000000000", "A2")}</row>', "a number that cannot be: 2000000000"),
        (f'<row r="1048577">{cell("A1048577", "A2")}</row>', "a number that cannot be: 1048577"),
        (f'<row r="3">{cell("XFE3", "A2")}</row>', "a number that cannot be: 16385"),
        (f'<row r="2">{cell("A2", "A2")}</row>', "a number that cannot be: 2"),
        (f'<row r="3">{cell("B3", "7")}{cell("A3", "A2")}</row>', "a number that cannot be: 1"),
        ("".join(f'<row r="{n}"><c r="XFD{n}"/></row>' for n in range(3, 700)), "too many cells"),
        (
            "".join(f'<row r="{n}">{cell(f"A{n}", "A")}</row>' for n in range(3, 700))
            + '</sheetData><mergeCells><mergeCell ref="XFD2:XFD700"/></mergeCells><sheetData>',
            "too many cells",
        ),
    ],
    ids=["far row", "row beyond", "column beyond", "row again", "cell again", "far columns", "far merge"],
)
def test_a_workbook_that_no_list_is_takes_no_memory(rows: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read(workbook(HEAD + ONE + rows))


def test_more_than_a_list_has_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="has a DOCTYPE"):
        read(workbook(HEAD + ONE, '<!DOCTYPE a [<!ENTITY b "c">]>'))
    for raw in (workbook(HEAD + "<row"), workbook(HEAD + ONE)[:-30]):
        with pytest.raises(UsageError, match="no whole workbook"):
            read(raw)
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 1000)
    with pytest.raises(UsageError, match="too large when unpacked"):
        read(workbook(HEAD + ONE))


@pytest.mark.slow
def test_lines_far_apart_and_blank_ones_without_end_are_read_as_they_stand() -> None:
    blank = "".join(f'<row r="{n}"><c r="A{n}"/></row>' for n in range(3, 20_000))
    far = f'<row r="1048576">{cell("A1048576", "A2")}{cell("B1048576", "7")}</row>'
    assert read(workbook(HEAD + ONE + blank + far)) == ["A1", "A2"]
    [sheet] = workbooks.sheets_of(workbook(HEAD + ONE + blank + far))
    assert [n for n, _ in sheet.lines] == [1, 2, 1048576]


def test_rows_and_cells_without_a_number_follow_each_other() -> None:
    plain = "<row><c><v>1</v></c><c><v>10</v></c></row>"
    assert read(workbook(HEAD + plain + plain.replace("1<", "2<"))) == ["1", "2"]


def test_all_that_spreadsheets_put_into_a_workbook_is_no_hindrance() -> None:
    from openpyxl import Workbook
    from openpyxl.chart import BarChart, Reference
    from openpyxl.comments import Comment

    book = Workbook()
    sheet: Any = book.active
    for row in (
        ["账单"],
        ["会议编号", "时长", "金额"],
        ["A1", 60, 0.1],
        ["A2", 90, 0.2],
        ["合计", "=SUM(B3:B4)", None],
    ):
        sheet.append(row)
    sheet["A3"].comment = Comment("核对过", "财务")
    sheet.merge_cells("A1:C1")
    sheet.auto_filter.ref = "A2:C4"
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=2, max_row=4), titles_from_data=True)
    sheet.add_chart(chart, "E2")
    book.create_sheet("说明")["A1"] = "单位：秒"
    file = BytesIO()
    book.save(file)
    assert read(file.getvalue()) == ["A1", "A2"]


def test_without_the_extra_one_message_says_so_in_one_language(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise MissingExtraError(Text("缺少组件", f"{name} is missing"))

    monkeypatch.setattr(workbooks, "require_extra", missing)
    with pytest.raises(MissingExtraError) as told:
        read(workbook(HEAD + ONE))
    assert told.value.cause.en == "xlsx is missing"
    assert "缺少" not in told.value.cause.en


def test_a_refusal_is_in_one_language_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        read(workbook(HEAD + '<row r="2000000000"/>'))
    assert not any("\u4e00" <= one <= "\u9fff" for one in told.value.cause.en)
    assert "编号不可用" in told.value.cause.zh
