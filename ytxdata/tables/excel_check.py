"""A workbook read back with the standard library alone, and compared cell by cell with what was meant."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

from ytxdata.tables.about import differs
from ytxdata.tables.plain import Cell

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ESCAPED = re.compile("_x([0-9A-F]{4})_")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  a workbook's wall time has no zone
_FORBIDDEN = ("f", "hyperlink")

Read = tuple[str, str]
"""Kind of a cell (`s` text, `b` truth, `n` number, empty for none) and its content."""


def compare(path: Path, name: str, meant: Sequence[tuple[str, Iterable[Sequence[Cell]]]]) -> None:
    """Raise FileDiffersError at the first cell that is not what was meant, and at any formula or link."""
    with zipfile.ZipFile(path) as package:
        found = _sheets(package)
        if [sheet for sheet, _ in meant] != list(found):
            raise differs(name, 0, "", f"sheets {list(found)}")
        for sheet, rows in meant:
            lines = _rows(package, found[sheet], name)
            line = 0
            for line, row in enumerate(rows, start=1):
                cells = next(lines, {})
                for position, value in enumerate(row):
                    if not _same(cells.pop(position, ("", "")), value):
                        raise differs(name, line, f"{sheet}!{row[position]!r}", f"column {position + 1}")
                if cells:
                    raise differs(name, line, sheet, "more cells than meant")
            if next(lines, None) is not None:
                raise differs(name, line + 1, sheet, "more rows than meant")


def _sheets(package: zipfile.ZipFile) -> dict[str, str]:
    targets = {}
    for relation in ET.fromstring(package.read("xl/_rels/workbook.xml.rels")):  # noqa: S314
        targets[relation.attrib["Id"]] = f"xl/{relation.attrib['Target']}"
    book = ET.fromstring(package.read("xl/workbook.xml"))  # noqa: S314
    return {sheet.attrib["name"]: targets[sheet.attrib[_LINK]] for sheet in book.iter(f"{_MAIN}sheet")}


def _rows(package: zipfile.ZipFile, part: str, name: str) -> Iterator[dict[int, Read]]:
    with package.open(part) as stream:
        for _, element in ET.iterparse(stream):  # noqa: S314
            tag = element.tag.removeprefix(_MAIN)
            if tag in _FORBIDDEN:
                raise differs(name, 0, part, f"a {tag}")
            if tag == "row":
                yield dict(_cell(cell) for cell in element)
                element.clear()


def _cell(cell: ET.Element) -> tuple[int, Read]:
    position = 0
    for letter in cell.attrib["r"].rstrip("0123456789"):
        position = position * 26 + ord(letter) - 64
    kind = cell.attrib.get("t", "n")
    if kind == "inlineStr":
        text = "".join(piece.text or "" for piece in cell.iter(f"{_MAIN}t"))
        return position - 1, ("s", _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))
    value = cell.findtext(f"{_MAIN}v")
    return position - 1, ("", "") if value is None else (kind, value)


def _same(found: Read, value: Cell) -> bool:
    kind, content = found
    if value is None:
        return kind == ""
    if isinstance(value, str):
        return (kind, content) == ("s", value) or (value == "" and kind == "")
    if isinstance(value, bool):
        return (kind, content) == ("b", str(int(value)))
    if kind != "n":
        return False
    if isinstance(value, datetime):
        return abs(_EPOCH + timedelta(days=float(content)) - value) < timedelta(milliseconds=1)
    if isinstance(value, date):
        return float(content) == (value - _EPOCH.date()).days
    if isinstance(value, float):
        return math.isclose(float(content), value, rel_tol=1e-15, abs_tol=0)  # a workbook holds 16 digits
    return Decimal(content) == value
