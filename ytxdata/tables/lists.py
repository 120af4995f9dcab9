"""Lists that people keep in spreadsheets, read with suspicion: every line is used as it was meant, or skipped and named."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from narwhals.typing import IntoFrame

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.tables.csv import unescape
from ytxdata.tables.plain import to_arrow

Listed: TypeAlias = str | Path | IntoFrame
"""A list as people have it: the path of a CSV, or a frame of any engine."""

MAX_BYTES = 256 * 1024 * 1024
"""The largest list that is read; larger than one line for each of two million meetings."""

_AS_TEXT = re.compile(r'="([^"]*)"')
_FORMULA = re.compile(r"[=@＝＠]|[+\-＋－].*[^\d\s().\-－+＋]")
_SCIENTIFIC = re.compile(r"[+-]?\d{1,17}(\.\d*)?[eE][+-]?\d{1,3}")  # an id of 32 hexadecimal digits is longer
_WHOLE = re.compile(r"(\d+)\.0+")


class Skipped(NamedTuple):
    """A line of a list that was not used: its number in the file (or row of the frame, from 1), and why."""

    line: int
    why: Text


class SheetLine(NamedTuple):
    """One line: its number, and its cells by our own names for the columns."""

    number: int
    cells: Mapping[str, str]


FORMULA = Text("单元格是公式", "a cell is a formula")
SCIENTIFIC = Text(
    "号码被存成科学计数法，末位已丢失", "a number was saved in scientific notation, its last digits are lost"
)
WIDTH = Text("列数与标题行不同", "it has another number of cells than the header")


def exact(cell: str) -> str | Text:
    """Return the text a cell of an id or a phone was meant to be, or why nobody can tell.

    Examples
    --------
    >>> exact(' ="013800000000" '), exact("13800000000.0"), exact("1.38E+10").en, exact("=1+1").en
    ('013800000000', '13800000000', 'a number was saved in scientific notation, its last digits are lost', 'a cell is a formula')
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


def read_lines(
    given: Listed,
    what: Text,
    names: Mapping[str, tuple[str, ...]],
    required: tuple[str, ...],
    columns: Mapping[str, str],
    skipped: list[Skipped],
    *,
    keep_others: bool = False,
) -> Iterator[SheetLine]:
    """Yield the lines of a CSV or a frame by our names for its columns; lines of another width are added to `skipped`.

    Parameters
    ----------
    given
        A path, or a frame of any engine.
    what
        What the list is called.
    names
        Our name → what the column may be called; compared without case, blanks, `_` and `-`.
    columns
        Our name → what the column is called here; wins.
    keep_others
        Also yield the cells of columns that are none of these, by their own names.

    Raises
    ------
    UsageError
        It cannot be read, is empty, too large, or lacks a column.
    """
    rows = _rows_of_file(Path(given), what) if isinstance(given, str | Path) else _rows_of_frame(given)
    _, header = next(rows, (0, []))
    if not any(cell.strip() for cell in header):
        raise _unusable(
            what, Text("是空的", "is empty"), Text("第一行应为列名", "its first line must name the columns")
        )
    places = _places(header, what, names, required, columns)
    if keep_others:
        taken = set(places.values())
        places |= {cell.strip(): place for place, cell in enumerate(header) if place not in taken and cell.strip()}
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            skipped.append(Skipped(number, WIDTH))
            continue
        yield SheetLine(number, {name: row[place] for name, place in places.items()})


def _rows_of_file(path: Path, what: Text) -> Iterator[tuple[int, list[str]]]:
    text = _text_of(path, what)
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",\t;", key=head.count)
    csv.field_size_limit(MAX_BYTES)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        while True:
            number = reader.line_num + 1
            yield number, [unescape(cell) for cell in next(reader)]
    except StopIteration:
        return
    except csv.Error as error:
        raise _unusable(
            what,
            Text(f"第 {number} 行读不懂：{error}", f"cannot be read at line {number}: {error}"),
            Text("请另存为 UTF-8 编码的 CSV", "save it as CSV in UTF-8"),
        ) from None


def _text_of(path: Path, what: Text) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _unusable(
                what,
                Text(
                    f"过大（{size:,} 字节，上限 {MAX_BYTES:,}）",
                    f"is too large ({size:,} bytes, at most {MAX_BYTES:,})",
                ),
                Text("请只保留需要的列，或按月拆分", "keep the columns that are needed, or split it by month"),
            )
        raw = path.read_bytes()
    except OSError as error:
        raise _unusable(
            what,
            Text(f"读不了：{error.strerror}", f"cannot be read: {error.strerror}"),
            Text("检查路径", "check the path"),
        ) from None
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            at = raw[: error.start].count(b"\n") + 1
            continue
        if "\0" not in text:
            return text
        at = text[: text.index("\0")].count("\n") + 1
        break
    raise _unusable(
        what,
        Text(f"第 {at} 行不是 UTF-8 或 GB 18030 文本", f"is no text in UTF-8 or GB 18030 at line {at}"),
        Text("请另存为 UTF-8 编码的 CSV，不要直接给 .xlsx", "save it as CSV in UTF-8; an .xlsx file is none"),
    )


def _rows_of_frame(frame: IntoFrame) -> Iterator[tuple[int, list[str]]]:
    table = to_arrow(frame)
    yield 0, list(table.column_names)
    number = 0
    for batch in table.to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield number, ["" if cell is None or cell != cell else _plain(cell) for cell in row]


def _plain(cell: Any) -> str:
    return f"{cell:.1f}" if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53 else str(cell)


def _places(
    header: list[str],
    what: Text,
    names: Mapping[str, tuple[str, ...]],
    required: tuple[str, ...],
    columns: Mapping[str, str],
) -> dict[str, int]:
    strange = [name for name in columns if name not in names]
    if strange:
        raise _unusable(
            what,
            Text(f"没有列 {strange[0]}", f"has no column {strange[0]}"),
            Text("可用：" + "、".join(names), "known: " + ", ".join(names)),
        )
    found = [_bare(cell) for cell in header]
    places: dict[str, int] = {}
    for name, others in names.items():
        wanted = [_bare(columns[name])] if name in columns else [_bare(one) for one in (name, *others)]
        place = next((found.index(one) for one in wanted if one in found), None)
        if place is not None:
            places[name] = place
    missing = [name for name in required if name not in places]
    if missing:
        raise _unusable(
            what,
            Text(
                f"缺少列 {'、'.join(missing)}；标题行是 {header}",
                f"has no column {', '.join(missing)}; its header is {header}",
            ),
            Text("改列名，或用 columns= 指明哪一列", "rename the column, or say which one it is with columns="),
        )
    return places


def _bare(text: str) -> str:
    return re.sub(r"[\s_\-\ufeff]", "", text).casefold()


def none_left(what: Text, skipped: list[Skipped]) -> UsageError:
    """Return the error for a list of which no line could be used."""
    return _unusable(
        what,
        Text("没有一行可用", "has no line that can be used"),
        Text(
            "；".join(f"第 {one.line} 行：{one.why.zh}" for one in skipped[:5]) or "第一行之后写数据",
            "; ".join(f"line {one.line}: {one.why.en}" for one in skipped[:5]) or "write the data below the first line",
        ),
    )


def skipped_note(what: Text, skipped: list[Skipped]) -> Text:
    """Return one sentence about the lines that were not used."""
    shown, rest = skipped[:10], len(skipped) - 10
    more = Text(f"，另有 {rest} 行", f", and {rest} more") if rest > 0 else Text("", "")
    return Text(
        f"{what.zh}有 {len(skipped)} 行未采用："
        + "；".join(f"第 {one.line} 行 {one.why.zh}" for one in shown)
        + more.zh,
        f"{what.en}: {len(skipped)} lines not used: "
        + "; ".join(f"line {one.line}: {one.why.en}" for one in shown)
        + more.en,
    )


def _unusable(what: Text, why: Text, remedy: Text) -> UsageError:
    return UsageError(Text(f"{what.zh}{why.zh}", f"the {what.en} {why.en}"), remedy=remedy)
