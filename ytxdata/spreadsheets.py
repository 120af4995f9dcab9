"""Spreadsheets as people make and save them: in whatever encoding, with titles above the header and totals below, and
what a cell or a line of them was meant to be.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any, Literal, TypeAlias

from ytxdata.errors import require_extra
from ytxdata.labels import Text
from ytxdata.times import parse_instant

FORMULA = Text("单元格是公式", "a cell is a formula")
SCIENTIFIC = Text(
    "号码被存成科学计数法，末位已丢失", "a number was saved in scientific notation, its last digits are lost"
)
_AS_TEXT = re.compile(r'="([^"]*)"')
_FORMULA = re.compile(r"[=@＝＠]|[+\-＋－].*[^\d\s().\-－+＋]")
_SCIENTIFIC = re.compile(r"[+-]?\d{1,17}(\.\d*)?[eE][+-]?\d{1,3}")  # an id of 32 hexadecimal digits is longer
_WHOLE = re.compile(r"(\d+)\.0+")


def exact(cell: str) -> str | Text:
    """Return the text a cell of an id or a phone was meant to be, or why nobody can tell.

    Examples
    --------
    >>> exact(' ="013800000000" '), exact("13800000000.0"), exact("=1+1").en
    ('013800000000', '13800000000', 'a cell is a formula')
    """
    text = cell.strip().strip("\ufeff\u200b").strip()
    quoted = _AS_TEXT.fullmatch(text)
    if quoted:
        return quoted[1].strip()
    if _SCIENTIFIC.fullmatch(text):
        return SCIENTIFIC
    if _FORMULA.match(text):
        return FORMULA
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


Grid: TypeAlias = Sequence[tuple[int, Sequence[Any]]]
"""Lines of cells, each with its number."""

MOST_TITLES = 5
"""Below how many lines a header is looked for: titles, and blank lines, may stand above it."""


def csv_rows(raw: bytes) -> Grid:
    """Return the lines of a CSV in whatever encoding, each with the number of its first line in the file."""
    text = next(
        text for encoding in ("utf-8-sig", "gb18030", "utf-16") if (text := _decoded(raw, encoding)) is not None
    )
    rows = csv.reader(StringIO(text), delimiter=delimiter_of(text))
    return [(rows.line_num - sum(cell.count("\n") for cell in row), row) for row in rows]


def _decoded(raw: bytes, encoding: str) -> str | None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding != "utf-16":
        return None
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None if encoding != "utf-16" else raw.decode("latin-1")


def delimiter_of(text: str) -> str:
    """Return what parts the cells of a CSV: comma, tab or semicolon, by its first line that has any."""
    above = text.split("\n", MOST_TITLES + 1)[: MOST_TITLES + 1]
    first = next((line for line in above if set(line) & set(",\t;")), "")
    return max(",\t;", key=first.count)


def header_place(rows: Sequence[Sequence[str]], names_columns: Callable[[Sequence[str]], bool]) -> int:
    """Return which of the first rows is the header: above it stand only titles, which fill one cell at most."""
    for place, row in enumerate(rows[: MOST_TITLES + 1]):
        if names_columns(row):
            return place
        if sum(cell.strip() != "" for cell in row) > 1:
            break
    return 0


def xlsx_rows(raw: bytes) -> list[Grid]:
    """Return the lines of every worksheet, each with its number."""
    values, formulas = _cells(raw, is_value=True), _cells(raw, is_value=False)
    pairs = (pair for one in zip(values, formulas, strict=True) for pair in zip(*one, strict=False))
    cells = (cell for (_, known), (_, meant) in pairs for cell in zip(known, meant, strict=False))
    # a program that writes formulas without their results leaves these cells empty: whole lines would be none
    return values if any(known not in ("", meant) for known, meant in cells) else formulas


def _cells(raw: bytes, *, is_value: bool) -> list[Grid]:
    require_extra("xlsx")
    from openpyxl import load_workbook

    grids: list[Grid] = []
    for sheet in load_workbook(BytesIO(raw), read_only=True, data_only=is_value).worksheets:
        sheet.reset_dimensions()  # a size that a file states cuts off what lies beyond it
        grids.append([(n, [_text(cell) for cell in row]) for n, row in enumerate(sheet.iter_rows(values_only=True), 1)])
    return grids


def _text(cell: object) -> object:
    """Return a cell as a text that says the same: a time without zone is Beijing's, a whole number has no point."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:  # beyond, its last digits are lost
        return str(int(cell))
    return "" if cell is None else str(cell)


_PAGE = r"(?P<page>[本每]页|page)"
_SPAN = r"本[月期]|当月|全[月部]|(?:\d{4}年)?\d{1,2}月份?|grand"
_SUBTOTAL = r"(?P<part>小\s*计|sub[-\s]?total\b)"
_SUM = r"[合总共]\s*计|(?:total|sum)\b"
_UNITS = r"场次?|人?次|行数?|条数?|笔数?|秒数?|元|金额|费用|时长|数量|amount|cost|fee|duration|seconds|lines|of|for"
_BEHIND = rf"[\d:：(（\[【=,，、。;；/]|(?:{_UNITS})\b"
_TOTAL = re.compile(rf"(?:{_PAGE}|{_SPAN})?\s*(?:{_SUBTOTAL}|{_SUM})\s*(?:(?:{_BEHIND}).*)?", re.IGNORECASE | re.DOTALL)
"""A total as people write it; 合计划 and Total Energies are names."""

_NOTE_WORDS = "制表|制单|填表|填报|打印|导出|审核|复核|核对|批准|经办|备注|说明|注|prepared by|printed|approved by|note"
NOTE = re.compile(rf"\s*(?:{_NOTE_WORDS})[^:：]*[:：].*", re.IGNORECASE | re.DOTALL)
_LABELLED = re.compile(r"(?=[^:：]*[\u4e00-\u9fff\s])[^:：]*[:：].*", re.DOTALL)
"""What no id looks like: a word or several, and what they announce."""

NoMeeting = Literal["total", "subtotal", "footer"]


def is_total(cell: str) -> bool:
    """Say whether a line that begins with this cell is a list's own total or subtotal.

    Examples
    --------
    >>> [is_total(cell) for cell in ("合计", "本页小计：", "合计 85 场", "Total (yuan)", "合计划组", "Total Energies")]
    [True, True, True, True, False, False]
    """
    return _TOTAL.fullmatch(cell.strip()) is not None


def no_meeting(cell: str, told: Mapping[str, str]) -> NoMeeting | None:
    """Return what a line is that is no meeting; None where it may be one.

    Parameters
    ----------
    cell
        Its id, or whatever it begins with.
    told
        What it says under the list's columns `started_at`, `ended_at`, `duration_s`, `amount_yuan`, as far as there
        are such columns. A line with a time and a duration or an amount is a meeting, whatever it is called.
    """
    total = _TOTAL.fullmatch(cell.strip())
    # Of a list of nothing but ids, every line lacks all else: only what notes usually begin with is one.
    is_note = (_LABELLED if told else NOTE).fullmatch(cell) is not None
    if total is None and not is_note:
        return None
    is_timed = any(parse_instant(told.get(name, "").strip()) for name in ("started_at", "ended_at"))
    is_counted = any(_holds_a_number(told.get(name, "")) for name in ("duration_s", "amount_yuan"))
    if is_timed and is_counted:
        return None
    if total:
        return "subtotal" if total["page"] or total["part"] else "total"
    return None if is_timed or is_counted else "footer"


def _holds_a_number(cell: str) -> bool:
    # the foot of a sheet says who printed it when in whatever column there is room
    is_day = re.search(r"[-/年]", cell) is not None and parse_instant(cell.strip()) is not None
    return re.search(r"\d", cell) is not None and not is_day and _LABELLED.fullmatch(cell) is None
