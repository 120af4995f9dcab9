"""Workbooks that Excel shows as they were meant: no formula, no link, ids and numbers as text, instants with their
zone.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import metadata, version
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from ytxdata.errors import UsageError, require_extra
from ytxdata.files import replacing
from ytxdata.labels import Lang, Text, preferred_lang
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.described import FORMAT, Cell, Definition, Described, cells, spoken, type_name, unit_of, write_about
from ytxdata.tables.excel_sheet import Formats, Progress, compare, heading, in_cell, write_sheet
from ytxdata.tables.masking import Pseudonyms, masked
from ytxdata.times import beijing_text, now

MAX_ROWS = 1_048_576


class FrontSheet(Protocol):
    """A first sheet that is made by hand: charts and figures over what the other sheets hold."""

    @property
    def name(self) -> str:
        """What the sheet is called."""

    @property
    def cells(self) -> Sequence[Sequence[Cell]]:
        """What was written, row by row, for the comparison."""

    def write(self, workbook: Any, sheet: Any, formats: Formats, places: Mapping[str, SheetPlace]) -> None:
        """Write it; `places` says where each table stands."""


class SheetPlace(NamedTuple):
    """Where a table stands in a workbook: its sheet, its columns from 0, its rows below the header."""

    sheet: str
    columns: tuple[str, ...]
    n_rows: int


def write_workbook(
    tables: Sequence[Described],
    path: str | Path,
    *,
    lang: Lang | None = None,
    front: FrontSheet | None = None,
    last: Sequence[Described] = (),
    by_title: bool = False,
    show_phones: bool = False,
    pseudonyms: Pseudonyms | None = None,
    book: AddressBook | None = None,
    check: bool = True,
    progress: Progress | None = None,
) -> Path:
    """Write one sheet for each table, and sheets that explain them: completeness (period, verdict, what was left
    out), definitions, data dictionary.

    Rows go to the file as they are made, so memory does not grow with them. The first row is frozen, has filters and
    holds the columns' keys, shown as their names. Ids, telephone numbers and figures of more than 15 digits are text.
    Text that begins like a formula is marked as text (`quotePrefix`). An instant is wall time, its zone stands in the
    header. A text longer than a cell may be is cut and says so. Of a long table the first rows are printed.
    `NAME.xlsx.about.json` beside it holds its SHA-256 and the rows of each sheet, for `ytxdata verify`.

    Parameters
    ----------
    tables
        What to write; two of one name get sheets `name` and `name (2)`.
    path
        The file; it appears when it is whole.
    lang
        Language of names and explanations; by default the reader's own.
    front
        A sheet before all others.
    last
        Tables behind the explanations: raw records.
    by_title
        Call sheets by the tables' titles, for people; by default by their keys.
    show_phones, pseudonyms, book
        As in `Table.masked`.
    check
        Read the file back and compare every cell.
    progress
        Called with rows done and rows in all.

    Raises
    ------
    MissingExtraError
        The extra `excel` is not installed.
    UsageError
        A table has more rows than a sheet holds (1,048,575 below the header): choose a period, or CSV.
    FileDiffersError
        The file, read back, is not what was meant; the message names the cell.
    """
    xlsxwriter = writer_for([*tables, *last])
    lang = lang or preferred_lang()
    hidden = (masked(one, show_phones=show_phones, pseudonyms=pseudonyms, book=book) for one in (*tables, *last))
    outgoing = [spoken(one, lang) for one in hidden]
    taken = [*(title.in_(_one(lang)) for title in GUIDES), *([front.name] if front else [])]
    called = (table.title.in_(_one(lang)) if by_title else table.name for table in outgoing)
    named = list(zip(sheet_names(called, taken), outgoing, strict=True))
    guides = explaining(named, lang)
    written = [*named[: len(tables)], *guides, *named[len(tables) :]]
    places = {
        table.name: SheetPlace(name, tuple(table.arrow.column_names), table.arrow.num_rows) for name, table in written
    }
    total = sum(table.arrow.num_rows for _, table in written)
    target = Path(path)
    with replacing(target, is_private=any(one.is_open for one in outgoing)) as draft:
        with _telling_disk(xlsxwriter), xlsxwriter.Workbook(draft, _OPTIONS) as workbook:
            said = " · ".join(table.title.in_(lang) for table in outgoing)[:255]
            workbook.set_properties({"title": said, "created": now().replace(tzinfo=None)})
            formats = Formats(workbook)
            if front is not None:
                front.write(workbook, workbook.add_worksheet(front.name), formats, places)
            done = 0
            for name, table in written:
                sheet = workbook.add_worksheet(name)
                is_guide = any(table is guide for _, guide in guides)
                done = write_sheet(sheet, table, formats, done, total, progress, lang=lang, wrap=is_guide)
        if check:
            first = [(front.name, front.cells)] if front is not None else []
            compare(draft, target.name, [*first, *((name, _meant(table)) for name, table in written)])
    listed = [{"name": name, "table": table.name, "rows": table.arrow.num_rows} for name, table in written]
    write_about({"format": FORMAT, "sheets": listed}, target)
    return target


_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@contextmanager
def _telling_disk(xlsxwriter: Any) -> Iterator[None]:
    """Tell what the disk met in Python's own error, which xlsxwriter wraps when it closes a workbook."""
    try:
        yield
    except xlsxwriter.exceptions.FileCreateError as error:
        met = error.args[0] if error.args else None
        raise (met if isinstance(met, OSError) else OSError(errno.EIO, str(error))) from None


def _one(lang: Lang) -> Lang:
    """A sheet has one name, also where all else is said in both languages."""
    return "en" if lang == "en" else "zh"


def writer_for(tables: Iterable[Described]) -> Any:
    """Return the package that writes workbooks, once nothing stands against writing these tables.

    Raises
    ------
    MissingExtraError
        The extra `excel` is not installed.
    UsageError
        A table has more rows than a sheet holds.
    """
    require_extra("excel")
    import xlsxwriter

    for table in tables:
        _refuse_too_long(table)
    return xlsxwriter


def sheet_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return names a workbook accepts: no forbidden character, at most 31 characters, no two alike.

    Examples
    --------
    >>> sheet_names(["usage", "Usage", "a/b"])
    ['usage', 'Usage (2)', 'a-b']
    """
    used = {name.casefold() for name in (*taken, "History")}  # Excel keeps the last for itself
    result = []
    for name in names:
        base = re.sub(r"[\[\]:*?/\\]", "-", name).strip("'")[:31] or "table"
        chosen, count = base, 1
        while chosen.casefold() in used:
            count += 1
            chosen = f"{base[:25]} ({count})"
        used.add(chosen.casefold())
        result.append(chosen)
    return result


def _meant(table: Described) -> Iterable[Sequence[Cell]]:
    keys = table.arrow.column_names
    yield [heading(table, key) for key in keys]
    for row in cells(table.arrow):
        yield [in_cell(value) for value in row]


def _refuse_too_long(table: Described) -> None:
    rows = table.arrow.num_rows
    if rows >= MAX_ROWS:
        raise UsageError(
            Text(
                f"表 {table.name} 有 {rows:,} 行，Excel 工作表最多 {MAX_ROWS - 1:,} 行（不含表头）",
                f"table {table.name} has {rows:,} rows, a sheet holds {MAX_ROWS - 1:,} below its header",
            ),
            remedy=Text(
                "缩短期间，或改用 CSV（to_csv、--format csv）", "choose a shorter period, or CSV (to_csv, --format csv)"
            ),
        )


GUIDES = (Text("完整性", "Completeness"), Text("口径", "Definitions"), Text("数据字典", "Data dictionary"))
"""Names of the sheets that explain the others."""

_COLUMNS = {
    "table": Text("表", "table"),
    "topic": Text("项目", "topic"),
    "text": Text("内容", "text"),
    "count": Text("数量", "count"),
    "key": Text("列", "column"),
    "name": Text("名称", "name"),
    "unit": Text("单位", "unit"),
    "rule": Text("口径", "rule"),
    "parameters": Text("参数", "parameters"),
    "origin": Text("来源", "origin"),
    "type": Text("类型", "type"),
    "empty": Text("空值数", "unknown"),
}

_TYPES = {
    "text": Text("文本", "text"), "truth": Text("是否", "truth"), "integer": Text("整数", "integer"),
    "number": Text("数", "number"), "decimal": Text("小数", "decimal"), "date": Text("日期", "date"),
    "instant": Text("时刻", "instant"), "time": Text("时间", "time"),
}  # fmt: skip
"""What plain columns are called (`type_name`)."""

GuideRow = tuple[str | int | None, ...]


Sheet = tuple[str, Described]
"""What a sheet is called, and its table."""


def explaining(sheets: Sequence[Sheet], lang: Lang) -> list[Sheet]:
    """Return name and content of the three sheets for some masked tables, each told by the name of its sheet."""
    tables = [table for _, table in sheets]
    contents: tuple[tuple[tuple[str, ...], Iterator[GuideRow]], ...] = (
        (("table", "topic", "text", "count"), _completeness(sheets, lang)),
        (("key", "name", "unit", "rule", "parameters", "origin"), _definitions(tables, lang)),
        (("table", "key", "name", "type", "unit", "empty"), _dictionary(sheets, lang)),
    )
    return [
        (title.in_(_one(lang)), _guide(tables[0], title, keys, list(rows)))
        for title, (keys, rows) in zip(GUIDES, contents, strict=True)
    ]


def _guide(like: Described, title: Text, keys: Sequence[str], rows: list[GuideRow]) -> Described:
    columns = {
        key: pa.array([row[position] for row in rows], pa.int64() if key in ("count", "empty") else pa.string())
        for position, key in enumerate(keys)
    }
    definitions = tuple(
        Definition(key=key, **_COLUMNS[key]._asdict(), unit="count" if key in ("count", "empty") else "id")
        for key in keys
    )
    return replace(
        like, frame=pa.table(columns), name=title.en, title=title, definitions=definitions, notes=(), excluded={}, certificate=None,
    )  # fmt: skip


_UNKNOWN = Text("未知：数据来源没有给出结论", "unknown: the source of the data gave no verdict")

_TOPICS = {
    "title": Text("标题", "title"), "completeness": Text("完整性", "completeness"), "period": Text("期间", "period"),
    "zone": Text("时区", "time zone"), "excluded": Text("未计入", "excluded"), "note": Text("说明", "note"),
    "made": Text("制表", "made"),
}  # fmt: skip
"""What an item of the sheet on completeness is called; a verdict is called by its own word."""


def _completeness(sheets: Sequence[Sheet], lang: Lang) -> Iterator[GuideRow]:
    """What must be known to trust the tables; what holds for several of them is said once."""
    said: dict[tuple[str, str, int | None], list[str]] = {}
    for sheet, table in sheets:
        for row in _claims(table, lang):
            said.setdefault(row, []).append(sheet)
    everything = Text("全部", "all").in_(lang)
    for (key, text, count), names in said.items():
        topic = _TOPICS[key].in_(lang) if key in _TOPICS else key
        yield everything if len(names) == len(sheets) > 1 else ", ".join(names), topic, text, count
    made = f"{beijing_text(now())} · ytxdata {version('ytxdata')}"
    yield "", _TOPICS["made"].in_(lang), made, None


def _claims(table: Described, lang: Lang) -> Iterator[tuple[str, str, int | None]]:
    yield "title", table.title.in_(lang), table.arrow.num_rows
    certificate = table.certificate
    topic, verdict = (certificate.worst, certificate.sentence) if certificate else ("completeness", _UNKNOWN)
    yield topic, verdict.in_(lang), None
    if table.period is not None:
        edges = " – ".join(beijing_text(instant) for instant in table.period)
        yield "period", Text(f"[{edges})，含起不含止", f"[{edges}), start in, end out").in_(lang), None
    yield "zone", Text(f"时间均为 {table.zone}", f"all times are {table.zone}").in_(lang), None
    for reason, (text, count) in table.excluded.items():
        yield f"{_TOPICS['excluded'].in_(lang)}: {reason}", text.in_(lang), count
    for note in table.notes:
        yield "note", note.in_(lang), None


def _definitions(tables: Sequence[Described], lang: Lang) -> Iterator[GuideRow]:
    seen: set[GuideRow] = set()
    for table in tables:
        for known in table.definitions:
            parameters = ", ".join(f"{name} = {value}" for name, value in known.parameters.items())
            unit = unit_of(known.unit).label.in_(lang)
            row = (known.key, known.label.in_(lang), unit, known.formula.in_(lang), parameters, known.origin.in_(lang))
            if row not in seen and known.formula.zh:  # what has no rule stands in the dictionary
                seen.add(row)
                yield row


def _dictionary(sheets: Sequence[Sheet], lang: Lang) -> Iterator[GuideRow]:
    for sheet, table in sheets:
        for field in table.arrow.schema:
            known = table.definition(field.name)
            unit = unit_of(known.unit).label.in_(lang)
            empty = table.arrow.column(field.name).null_count
            kind, _, size = type_name(field.type).partition("(")
            told = _TYPES[kind].in_(lang) + (f"({size}" if size else "")
            yield sheet, field.name, known.label.in_(lang), told, unit, empty
    yield None, None, _EVERYTHING.in_(lang).format(page=_page(_one(lang))), None, None, None


_EVERYTHING = Text(
    "所有表的每一列，含来源和例子：{page}", "every column of every table, with source and example: {page}"
)


def _page(lang: Lang) -> str:
    """The address of the data dictionary, below that of the documentation."""
    told = dict(url.split(", ", 1) for url in metadata("ytxdata").get_all("Project-URL") or ())
    return f"{told.get('Documentation', 'docs')}{'' if lang == 'en' else '/zh'}/reference/dictionary.md"
