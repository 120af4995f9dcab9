"""What a value becomes in a cell of a workbook, so that Excel shows it as it was meant."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

from ytxdata.tables import injection
from ytxdata.tables.plain import Cell, as_text

MAX_TEXT = 32_767
CUT = "…［共 {n} 字，全文见 CSV / {n} characters, whole in the CSV］"
_DIGITS = 15
_FIRST_DAY = date(1900, 3, 1)
_LINE_END = re.compile(r"\r\n?")
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def in_cell(value: Cell, *, is_number: bool = False) -> Cell:
    """Return what is written for a value: itself when a cell can hold it exactly, else its text.

    Text is escaped as in CSV, its line ends become those of a cell, control characters `�`, and what is too long is cut and says so.

    Examples
    --------
    >>> in_cell("=1+1"), in_cell(2**60), in_cell(Decimal("0.10"))
    ("'=1+1", '1152921504606846976', Decimal('0.10'))
    """
    if isinstance(value, str):
        return _cut(_UNSHOWABLE.sub("�", _LINE_END.sub("\n", injection.escape(value, is_number=is_number))))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return value if day >= _FIRST_DAY else as_text(value)
    return value if _is_exact(value) else as_text(value)


def number_format(kind: pa.DataType, wanted: str) -> str:
    """Return the number format of a column: what its unit wants, unless its type forbids it."""
    if pa.types.is_timestamp(kind):
        return "yyyy-mm-dd hh:mm:ss"
    if pa.types.is_date(kind):
        return "yyyy-mm-dd"
    return "@" if pa.types.is_string(kind) else "General" if wanted == "@" else wanted


def width(text: str) -> int:
    """Return how many columns the first line of a text takes; a Chinese character takes two.

    Examples
    --------
    >>> width("会议 42")
    7
    """
    first = text.partition("\n")[0][:80]
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in first)


def _is_exact(value: int | float | Decimal) -> bool:
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor no number
    return sum(character.isdigit() for character in as_text(value)) <= _DIGITS


def _cut(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MAX_TEXT:
        return text
    mark = CUT.format(n=len(text))
    return units[: 2 * (MAX_TEXT - len(mark))].decode("utf-16-le", errors="ignore") + mark
