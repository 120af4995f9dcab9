"""The sheets that explain the others in a workbook: completeness, definitions, data dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version

import pyarrow as pa

from ytxdata.labels import Text
from ytxdata.tables.definition import Definition, unit_of
from ytxdata.tables.described import Described
from ytxdata.tables.plain import type_name
from ytxdata.times import beijing_text, now

NAMES = ("完整性", "口径", "数据字典")

_COLUMNS = {
    "table": ("表", "table"),
    "topic": ("项目", "topic"),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
    "count": ("数量", "count"),
    "key": ("列", "column"),
    "unit": ("单位", "unit"),
    "rule_zh": ("口径", "rule in Chinese"),
    "rule_en": ("口径（英文）", "rule in English"),
    "parameters": ("参数", "parameters"),
    "origin": ("来源", "origin"),
    "type": ("类型", "type"),
    "empty": ("空值数", "unknown"),
}


def explaining(tables: Sequence[Described]) -> list[tuple[str, Described]]:
    """Return name and content of the three sheets for some masked tables."""
    first = tables[0]
    contents = (
        (Text("完整性", "Completeness"), ("table", "topic", "zh", "en", "count"), _completeness(tables)),
        (
            Text("口径", "Definitions"),
            ("key", "zh", "en", "unit", "rule_zh", "rule_en", "parameters", "origin"),
            _definitions(tables),
        ),
        (
            Text("数据字典", "Data dictionary"),
            ("table", "key", "zh", "en", "type", "unit", "empty"),
            _dictionary(tables),
        ),
    )
    return [(title.zh, _sheet(first, title, keys, list(rows))) for title, keys, rows in contents]


def _sheet(like: Described, title: Text, keys: Sequence[str], rows: list[tuple[str | int | None, ...]]) -> Described:
    columns = {
        key: pa.array([row[position] for row in rows], pa.int64() if key in ("count", "empty") else pa.string())
        for position, key in enumerate(keys)
    }
    definitions = tuple(
        Definition(
            key=key, zh=_COLUMNS[key][0], en=_COLUMNS[key][1], unit="count" if key in ("count", "empty") else "id"
        )
        for key in keys
    )
    return replace(
        like,
        frame=pa.table(columns),
        name=title.zh,
        title=title,
        definitions=definitions,
        notes=(),
        excluded={},
        certificate=None,
    )


def _completeness(tables: Sequence[Described]) -> Iterator[tuple[str | int | None, ...]]:
    for table in tables:
        yield table.name, "title", *table.title, table.arrow.num_rows
        if table.certificate is None:
            yield (
                table.name,
                "completeness",
                "未知：数据来源没有给出结论",
                "unknown: the source of the data gave no verdict",
                None,
            )
        else:
            yield table.name, table.certificate.worst, *table.certificate.sentence, None
        if table.period is not None:
            edges = " – ".join(beijing_text(instant) for instant in table.period)
            yield table.name, "period", f"[{edges})，含起不含止", f"[{edges}), start in, end out", None
        yield table.name, "zone", f"时间均为 {table.zone}", f"all times are {table.zone}", None
        for reason, (text, count) in table.excluded.items():
            yield table.name, f"excluded: {reason}", *text, count
        for note in table.notes:
            yield table.name, "note", *note, None
    made = f"{beijing_text(now())} · ytxdata {version('ytxdata')}"
    yield "", "made", f"制表：{made}", f"made: {made}", None


def _definitions(tables: Sequence[Described]) -> Iterator[tuple[str | int | None, ...]]:
    seen: set[tuple[str | int | None, ...]] = set()
    for table in tables:
        for known in table.definitions:
            parameters = ", ".join(f"{name} = {value}" for name, value in known.parameters.items())
            row = (
                known.key,
                known.zh,
                known.en,
                unit_of(known.unit).label.in_(),
                *known.formula,
                parameters,
                known.origin,
            )
            if row not in seen:
                seen.add(row)
                yield row


def _dictionary(tables: Sequence[Described]) -> Iterator[tuple[str | int | None, ...]]:
    for table in tables:
        for field in table.arrow.schema:
            known = table.definition(field.name)
            yield (
                table.name,
                field.name,
                known.zh,
                known.en,
                type_name(field.type),
                unit_of(known.unit).label.in_(),
                table.arrow.column(field.name).null_count,
            )
