"""A table as a piece of HTML: what notebooks show and pages are built of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal

from ytxdata.labels import Lang, Text, preferred_lang
from ytxdata.tables.definition import Definition, unit_of
from ytxdata.tables.described import Described
from ytxdata.tables.plain import Cell, cells, decimal_text, type_name
from ytxdata.templates import badge, card, escape, frame_html
from ytxdata.times import beijing_text

NOTEBOOK_ROWS = 20
UNKNOWN = "—"
_RIGHT = ("integer", "number", "decimal")
_DEFINITION_HEAD = (
    Text("列", "column"),
    Text("名称", "name"),
    Text("单位", "unit"),
    Text("口径", "rule"),
    Text("参数", "parameters"),
    Text("来源", "origin"),
)


def render(table: Described, *, lang: Lang | None = None, n_rows: int | None = None) -> str:
    """Return a masked table as HTML: title, verdict, period and zone, rows, what was left out, notes, definitions."""
    lang = lang or preferred_lang()
    return card(
        table.title,
        verdict_line(table, lang),
        scope_line(table, lang),
        rows_html(table, lang, n_rows),
        _list(
            Text("未计入", "Left out"),
            [
                Text(f"{text.zh}：{count:,}", f"{text.en}: {count:,}")
                for text, count in table.excluded.values()
                if count
            ],
            lang,
        ),
        _list(Text("说明", "Notes"), table.notes, lang),
        definitions_html(table.definitions, lang),
        lang=lang,
    )


def verdict_line(table: Described, lang: Lang) -> str:
    """Return the badge and the sentence about completeness, or nothing when nothing is known."""
    if table.certificate is None:
        return ""
    return f"<p>{badge(table.certificate.worst, lang)} {escape(table.certificate.sentence.in_(lang))}</p>\n"


def scope_line(table: Described, lang: Lang) -> str:
    """Return one line about period and zone."""
    return f"<p>{escape(scope(table).in_(lang))}</p>\n"


def scope(table: Described) -> Text:
    """Return period and zone in words."""
    zone = Text(f"时区 {table.zone}", f"time zone {table.zone}")
    if table.period is None:
        return zone
    start, end = (beijing_text(instant) for instant in table.period)
    return Text(f"期间 [{start}, {end}) · {zone.zh}", f"period [{start}, {end}) · {zone.en}")


def rows_html(table: Described, lang: Lang, n_rows: int | None = None) -> str:
    """Return the rows of a masked table as an HTML table with readable numbers; `n_rows` is how many there are in all."""
    rows = table.arrow
    known = [table.definition(key) for key in rows.column_names]
    writers = [_writer(definition) for definition in known]
    body = ([write(value) for write, value in zip(writers, row, strict=True)] for row in cells(rows))
    return frame_html(
        [_head(definition, lang) for definition in known],
        body,
        label=table.title.in_(lang),
        numeric=[position for position, kind in enumerate(rows.schema.types) if type_name(kind).startswith(_RIGHT)],
        n_rows=rows.num_rows if n_rows is None else n_rows,
        lang=lang,
    )


def definitions_html(definitions: Iterable[Definition], lang: Lang) -> str:
    """Return the definitions as a block that opens on demand, or nothing when there are none."""
    rows = [
        (
            known.key,
            known.label.in_(lang),
            unit_of(known.unit).label.in_(lang),
            known.formula.in_(lang, sep="\n"),
            ", ".join(f"{name} = {value}" for name, value in known.parameters.items()),
            known.origin,
        )
        for known in definitions
    ]
    if not rows:
        return ""
    title = Text("口径", "Definitions").in_(lang)
    inside = frame_html([head.in_(lang) for head in _DEFINITION_HEAD], rows, label=title, lang=lang)
    return f"<details><summary>{escape(title)}</summary>\n{inside}</details>\n"


def number(value: int | float | Decimal, decimals: int | None) -> str:
    """Return a number as people read it: thousands apart, `decimals` places, or as many as it has (a decimal at least two, a float at most two).

    Examples
    --------
    >>> number(1234.56, 1), number(1234, None), number(Decimal("1234.500"), None), number(0.25, None)
    ('1,234.6', '1,234', '1,234.50', '0.25')
    """
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if isinstance(value, Decimal):
        places = len(decimal_text(value).partition(".")[2])
        return f"{value:,.{max(places, 2)}f}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.01 else f"{value:.2g}"


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


def _writer(definition: Definition) -> Callable[[Cell], str]:
    decimals = unit_of(definition.unit).decimals
    return lambda value: shown(value, decimals)


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


def _list(title: Text, texts: Iterable[Text], lang: Lang) -> str:
    items = "".join(f"<li>{escape(text.in_(lang))}</li>" for text in texts)
    return f"<p>{escape(title.in_(lang))}</p>\n<ul>{items}</ul>\n" if items else ""
