"""A table as a piece of HTML: what notebooks show and pages are built of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from ytxdata.labels import Lang, Text, decimal_text, half_up, preferred_lang
from ytxdata.tables.described import Cell, Definition, Described, cells, spoken, type_name, unit_of
from ytxdata.templates import render as fill
from ytxdata.times import beijing_text

NOTEBOOK_ROWS = 20
UNKNOWN = "—"
_RIGHT = ("integer", "number", "decimal")


class ShownCell(NamedTuple):
    """A cell as people read it, and its exact value where that says more."""

    text: str
    exact: str = ""


class Rows(NamedTuple):
    """The rows of a table as people read them: headers, cells, and the positions of numbers."""

    headers: list[str]
    cells: list[list[ShownCell]]
    right: frozenset[int]


def render(table: Described, *, lang: Lang | None = None, n_rows: int | None = None) -> str:
    """Return a masked table as HTML: title, verdict, period and zone, rows, what was left out, notes, definitions.

    Parameters
    ----------
    table
        What is shown.
    lang
        Language; by default the reader's own.
    n_rows
        How many rows there are in all, when not all are shown.
    """
    lang = lang or preferred_lang()
    table = spoken(table, lang)
    left_out = (
        Text(f"{text.zh}：{count:,}", f"{text.en}: {count:,}") for text, count in table.excluded.values() if count
    )
    filled = fill(
        "table.html",
        lang,
        title=table.title,
        certificate=table.certificate,
        scope=scope(table),
        rows=readable(table, lang),
        n_rows=n_rows,
        excluded=list(left_out),
        notes=table.notes,
        definitions=list(_rules(table.definitions, lang)),
    )
    return str(filled)


def scope(table: Described) -> Text:
    """Return period and zone in words."""
    zone = Text(f"时区 {table.zone}", f"time zone {table.zone}")
    if table.period is None:
        return zone
    start, end = (beijing_text(instant) for instant in table.period)
    return Text(f"期间 [{start}, {end}) · {zone.zh}", f"period [{start}, {end}) · {zone.en}")


def readable(table: Described, lang: Lang) -> Rows:
    """Return the rows of a masked table with readable numbers."""
    rows = spoken(table, lang).arrow
    known = [table.definition(key) for key in rows.column_names]
    decimals = [unit_of(definition.unit).decimals for definition in known]
    return Rows(
        [_head(definition, lang) for definition in known],
        [[_cell(value, places) for value, places in zip(row, decimals, strict=True)] for row in cells(rows)],
        frozenset(position for position, kind in enumerate(rows.schema.types) if type_name(kind).startswith(_RIGHT)),
    )


def _cell(value: Cell, places: int | None) -> ShownCell:
    exact = decimal_text(value) if isinstance(value, Decimal) else ""
    text = _listed(value) if isinstance(value, str) else shown(value, places)
    return ShownCell(text, exact if _places(exact) > _places(text) else "")


def _listed(text: str) -> str:
    """Return the texts of a list, which a plain table holds as JSON, a line each; any other text as it is."""
    if not (text.startswith('["') and text.endswith('"]')):
        return text
    with suppress(ValueError):
        return "\n".join(map(str, json.loads(text)))
    return text


def _places(digits: str) -> int:
    return len(digits.partition(".")[2])


def _rules(definitions: Iterable[Definition], lang: Lang) -> Iterable[list[ShownCell]]:
    for known in definitions:
        texts = (
            known.key,
            known.label.in_(lang),
            unit_of(known.unit).label.in_(lang),
            known.formula.in_(lang, sep="\n"),
            ", ".join(f"{name} = {value}" for name, value in known.parameters.items()),
            known.origin.in_(lang),
        )
        yield [ShownCell(text) for text in texts]


def number(value: int | float | Decimal, decimals: int | None) -> str:
    """Return a number as people read it: thousands apart, `decimals` places, or as many as it has (a decimal none or
    two to four, a float at most two).

    Examples
    --------
    >>> number(1234.56, 1), number(1234, None), number(Decimal("1234.500"), None), number(0.25, None)
    ('1,234.6', '1,234', '1,234.50', '0.25')
    >>> number(Decimal("55.000"), None), number(Decimal("0E-9"), None), number(Decimal("969.733333333"), None)
    ('55', '0', '969.7333')
    """
    if decimals is not None:
        return half_up(value, decimals)
    if isinstance(value, Decimal):
        places = _places(decimal_text(value))
        return half_up(value, min(max(places, 2), 4) if places else 0)
    if isinstance(value, int):
        return f"{value:,}"
    return half_up(value, 2).rstrip("0").rstrip(".") if abs(value) >= 0.01 else f"{value:.2g}"


def shown(value: Cell, decimals: int | None = None) -> str:
    """Return a cell as people read it; an unknown value is a dash."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str | date):
        return str(value)
    return number(value, decimals)


def _head(definition: Definition, lang: Lang) -> str:
    unit = unit_of(definition.unit)
    measured = definition.unit and unit.excel not in ("@", "General") and definition.unit not in ("time", "date")
    label = definition.label.in_(lang, sep="\n")
    if not measured or _names_unit(definition, unit.label, lang):
        return label
    return f"{label} [{unit.label.in_(lang)}]"


def _names_unit(definition: Definition, unit: Text, lang: Lang) -> bool:
    """Tell whether a column's name says its unit already, as `meeting minutes` does."""
    in_zh = unit.zh in definition.zh
    in_en = len(unit.en) > 1 and any(word.startswith(unit.en) for word in definition.en.split())
    return (in_zh or lang == "en") and (in_en or lang == "zh")
