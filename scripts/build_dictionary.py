"""Write the pages that list every column of every table, in both languages, from the schema and the definitions.

Usage: python scripts/build_dictionary.py
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import ytxdata as ytx
from ytxdata.labels import Lang, Text
from ytxdata.metrics.registry import REPORTS, Ask, make
from ytxdata.records.schema import ARROW_TYPES, PROBLEM_REASONS, REJECT_REASONS, TABLES
from ytxdata.tables.described import Definition, as_text, type_name, unit_of
from ytxdata.tables.table import Table, definition_of

DOCS = Path(__file__).parents[1] / "docs"
PAGES: dict[Lang, Path] = {"en": DOCS / "reference/dictionary.md", "zh": DOCS / "zh/reference/dictionary.md"}

_HEAD = Text(
    """# 数据字典

每张表的每一列：类型、单位、可否为空、来源和例子。本页由代码所用的同一张表生成（`python scripts/build_dictionary.py`）。

- 编号和电话号码一律为文本；金额为十进制；时刻在文件中是北京时间，在 Parquet 中带时区。
- “可为空”为“否”的列总有值；空表示未知，绝不是 0 或空文本。
- 记录各列的来源是平台字段的候选名，按先后取用；不区分大小写、`_`、`-` 和空格。别的名称可写在 `ytxdata.toml` 的 `[aliases]` 中。
- SQL 的视图 `usage_daily` 的列与 `usage` 相同，每天一行。
- 命令行各 `--json` 输出的 JSON Schema 在 `docs/reference/schemas/` 中，每个命令一个文件。
- 例子都是虚构的。""",
    """# Data dictionary

Every column of every table: type, unit, whether it may be unknown, where it comes from, an example. This page is
generated from the table that the code runs on (`python scripts/build_dictionary.py`).

- Ids and telephone numbers are text, money is decimal; an instant is Beijing time in files and has its zone in Parquet.
- A column that may not be unknown has a value in every row; null means unknown, never 0 and never an empty text.
- Columns of records come from the platform's fields: the candidates stand in the order in which they are tried,
  compared without case, `_`, `-` and blanks. Other names go into `[aliases]` of `ytxdata.toml`.
- The view `usage_daily` of SQL has the columns of `usage`, a row a day.
- The JSON Schemas of what commands print with `--json` lie in `docs/reference/schemas/`, a file for each.
- All examples are invented.""",
)
_COLUMNS = (
    Text("列", "column"), Text("名称", "name"), Text("类型", "type"), Text("单位", "unit"), Text("可为空", "may be unknown"),
    Text("含义", "meaning"), Text("来源", "comes from"), Text("例子", "example"),
)  # fmt: skip
_KINDS = {
    "text": Text("文本", "text"), "truth": Text("是非", "truth"), "integer": Text("整数", "integer"), "number": Text("小数", "number"),
    "instant": Text("时刻", "instant"), "time": Text("时间", "time"), "date": Text("日期", "date"), "decimal": Text("十进制", "decimal"),
}  # fmt: skip

_OF = {"compare_usage": Text("一行是所比较报表的一个指标", "a row is one figure of the report that is compared")}
_PLAIN = ("text", "title", "url", "time", "raw")
"""Units that say no more than the type does."""


class _Section(NamedTuple):
    """One table of the page."""

    key: str
    title: Text
    row: Text
    columns: list[tuple[Definition, str]]


def sections() -> Iterator[_Section]:
    """Yield every table: those of records by the schema, those of reports as they come out of the sample."""
    for table, schema in TABLES.items():
        columns = [(definition_of(table, one), type_name(ARROW_TYPES[one.type])) for one in schema.columns]
        yield _Section(table, schema.title, schema.row, columns)
    history = ytx.sample()
    ask = Ask(tariff=ytx.metrics.Tariff.load(DOCS.parent / "data/tariff.toml"), lines=5, book=_book(history))
    for name, report in REPORTS.items():
        if report.function.__module__.startswith("ytxdata."):
            made = make(name, history, ask)
            yield _Section(name, made.title, Text("报表", "a report"), _columns(made))
    archive = ytx.sample("archive")
    findings = ytx.audit.run(archive)
    month = "2025-12"
    bill = history.meetings[history.meetings["started_at"].dt.strftime("%Y-%m") == month]
    for one in (
        ytx.metrics.compare(ytx.metrics.usage, history, month),
        findings,
        findings.summary(),
        ytx.audit.changes(archive),
        ytx.audit.moved(archive),
        ytx.audit.reconcile(
            history, bill[["meeting_id", "duration_s", "amount_yuan"]].dropna(), start=month, end="2026-01"
        ),
    ):
        yield _Section(one.name, one.title, _OF.get(one.name, Text("审计", "an audit")), _columns(one))


@cache  # for both languages: every report is made for it
def _sections() -> list[_Section]:
    return [*sections()]


def _book(history: ytx.History) -> pd.DataFrame:
    legs = history.legs[["phone", "name"]].dropna().drop_duplicates("phone")
    return legs.assign(department="销售部")


def _columns(table: Table) -> list[tuple[Definition, str]]:
    shown = table.masked()
    return [
        (_with_example(table.definition(name), shown), type_name(shown.arrow.schema.field(name).type))
        for name in shown.arrow.column_names
    ]


def _with_example(known: Definition, shown: Table) -> Definition:
    """Return the definition with an example: its own, else the first value there is."""
    given = next((value for value in shown.arrow[known.key].to_pylist() if value not in (None, "")), "")
    stable = "" if isinstance(given, datetime) else as_text(given)[:60]
    return known if known.example else replace(known, example=stable)


def page(lang: Lang) -> str:
    """Return the page in one language."""
    parts = [_HEAD.in_(lang)]
    for section in _sections():
        rows = [_row(definition, kind, lang) for definition, kind in section.columns]
        said = f"{section.row.in_(lang)}" + ("。" if lang == "zh" else ".")
        heading = f"## `{section.key}` {section.title.in_(lang)}"
        parts += [heading, said[0].upper() + said[1:], _table([name.in_(lang) for name in _COLUMNS], rows)]
    for title, reasons in (
        (Text("`rejects.reason`：拒收原因", "`rejects.reason`: why a record is rejected"), REJECT_REASONS),
        (Text("`problems.reason`：存疑原因", "`problems.reason`: why a value is in doubt"), PROBLEM_REASONS),
    ):
        names = [Text("键", "key").in_(lang), Text("含义", "meaning").in_(lang)]
        parts += [
            f"## {title.in_(lang)}",
            _table(names, [(f"`{key}`", text.in_(lang)) for key, text in reasons.items()]),
        ]
    return "\n\n".join(parts) + "\n"


def _row(known: Definition, kind: str, lang: Lang) -> tuple[str, ...]:
    name, _, size = kind.partition("(")
    unknown = Text("是", "yes") if known.is_nullable else Text("否", "no")
    rule = known.formula.in_(lang)
    told = "".join(f"; `{key}` = {value}" for key, value in known.parameters.items())
    return (
        f"`{known.key}`", known.label.in_(lang), _KINDS[name].in_(lang) + (f" ({size}" if size else ""),
        "" if known.unit in _PLAIN else unit_of(known.unit).label.in_(lang), unknown.in_(lang), rule + told, known.origin.in_(lang), f"`{known.example}`" if known.example else "",
    )  # fmt: skip


def _table(names: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = list(names)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    for language, path in PAGES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(language), encoding="utf-8")
