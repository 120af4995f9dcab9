"""What a described table is: a frame of any engine in plain types, what its columns mean and in which unit, and the
JSON beside a file that says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import FileDiffersError, UsageError
from ytxdata.files import replacing, sha256_of
from ytxdata.labels import NO_TEXT, Lang, Text, decimal_text, half_up
from ytxdata.spark_sessions import check_runs
from ytxdata.times import ZONE_NAME, as_instant, now

Cell = str | bool | int | float | Decimal | datetime | date | None
"""What a cell of a plain table may be; an instant is the wall time of the table's zone."""

_BATCH = 4096


def to_arrow(frame: Any) -> pa.Table:
    """Return the rows of a frame as a PyArrow table; a lazy frame is computed.

    Raises
    ------
    UsageError
        A column holds things of several types, or text that is no text; or it is of a Spark that was stopped.

    Examples
    --------
    >>> import pandas as pd
    >>> to_arrow(pd.DataFrame({"meetings": [1, 2]})).column_names
    ['meetings']
    """
    if isinstance(frame, pa.Table):
        return frame
    wrapped = nw.from_native(frame)
    check_runs(wrapped)
    try:
        return wrapped.collect("pyarrow").to_native() if isinstance(wrapped, nw.LazyFrame) else wrapped.to_arrow()
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
        raise UsageError(
            Text(f"表中有无法写出的值：{error}", f"the table holds values that cannot be written: {error}"),
            remedy=Text("请先把该列转换为单一类型", "bring the column to one type first"),
        ) from error


def is_lazy(frame: Any) -> bool:
    """Return whether the rows of a frame are still to be computed, by an engine that cannot be copied or pickled."""
    return isinstance(nw.from_native(frame, pass_through=True), nw.LazyFrame)


def to_plain(table: pa.Table, zone: str) -> pa.Table:
    """Return the table with text, truth values, numbers, decimals, dates and instants of one zone only."""
    columns = [_plain(table.column(position), zone) for position in range(table.num_columns)]
    return pa.table(columns, names=table.column_names)


def _plain(column: pa.ChunkedArray, zone: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type), zone)
    if pa.types.is_timestamp(kind):
        exact = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
        return exact if kind.tz is None else exact.cast(pa.timestamp("us", tz=zone))
    if pa.types.is_date64(kind):
        return column.cast(pa.date32())
    if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    simple = (pa.types.is_string, pa.types.is_boolean, pa.types.is_integer, pa.types.is_decimal, pa.types.is_date)
    if any(is_simple(kind) for is_simple in simple):
        return column
    texts = [one if one is None else json.dumps(one, ensure_ascii=False, default=str) for one in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def cells(table: pa.Table) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows of a plain table, some at a time; an instant comes as the wall time of its zone."""
    for batch in table.to_batches(max_chunksize=_BATCH):
        columns = [
            pc.local_timestamp(column) if getattr(column.type, "tz", None) else column for column in batch.columns
        ]
        yield from zip(*(column.to_pylist() for column in columns), strict=True)


def as_text(value: Cell) -> str:
    """Return a cell as a file holds it: exact, the same in every language; an unknown value is empty.

    Examples
    --------
    >>> as_text(Decimal("1E+3")), as_text(0.1), as_text(True), as_text(None), as_text(datetime(2026, 1, 31, 9))
    ('1000', '0.1', 'true', '', '2026-01-31 09:00:00')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value.isoformat() if isinstance(value, date) else repr(value)


def type_name(kind: pa.DataType) -> str:
    """Return what a plain column is called in a dictionary: `text`, `truth`, `integer`, `number`, `decimal(p,s)`,
    `date`, `instant`, `time`.
    """
    if pa.types.is_timestamp(kind):
        return "instant" if kind.tz else "time"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    names = {"string": "text", "boolean": "truth", "integer": "integer", "floating": "number", "date": "date"}
    return next(name for test, name in names.items() if getattr(pa.types, f"is_{test}")(kind))


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One column: its key, what people call it, its unit and the rule it was made by.

    Parameters
    ----------
    key
        The name of the column in the frame; never translated.
    zh, en
        What people read.
    unit
        A key of `ytxdata.tables.described.UNITS`, such as `min`, `%`, `yuan`, `phone`, `person`, `id`; empty for
        none. It decides the number format and what is masked: `phone` is a telephone number, `person` somebody's
        name, `id` an identifier kept as it is.
    formula
        The rule in words.
    parameters
        Name → value of what the rule was told, such as `min_parties`.
    origin
        Where the choice comes from; of a column of records, what the platform calls it.
    example
        A value, as a CSV holds it.
    is_nullable
        Whether it may be unknown.
    words
        Value → what people read in its place; in the frame and in a CSV it stays the value, which programs compare.
    named_by
        Of values of other columns, as the old and new ones of a change: the columns that say of which, the last one
        its name. Each is hidden as that column hides its own.
    names
        Of a column that names accounts, or labels of them: all there are, so that two whose masks are alike leave
        apart, and in every table by the same name.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> from ytxdata.metrics import Text
    >>> ytx.metrics.Definition(key="n", zh="数量", en="count", unit="count", formula=Text("行数", "rows")).label.en
    'count'
    """

    key: str
    zh: str
    en: str
    unit: str = ""
    formula: Text = NO_TEXT
    parameters: Mapping[str, object] = field(default_factory=dict)
    origin: Text = NO_TEXT
    example: str = ""
    is_nullable: bool = True
    words: Mapping[str, Text] = field(default_factory=dict)
    named_by: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def label(self) -> Text:
        """The column's name in both languages."""
        return Text(self.zh, self.en)

    def to_dict(self) -> dict[str, object]:
        """Return the definition as plain data for JSON."""
        return {
            "key": self.key,
            "zh": self.zh,
            "en": self.en,
            "unit": self.unit,
            "formula": self.formula._asdict(),
            "parameters": {name: str(value) for name, value in self.parameters.items()},
            "origin": self.origin.in_(),
        }


class Unit(NamedTuple):
    """A unit: its name, the number format of a spreadsheet cell, and decimals on a page (None: as many as needed)."""

    label: Text
    excel: str
    decimals: int | None


UNITS: dict[str, Unit] = {
    "": Unit(Text("", ""), "General", None),
    "count": Unit(Text("个", "count"), "#,##0", 0),
    "meetings": Unit(Text("场", "meetings"), "#,##0", 0),
    "legs": Unit(Text("人次", "legs"), "#,##0", 0),
    "people": Unit(Text("人", "people"), "#,##0.0#", None),
    "s": Unit(Text("秒", "s"), "#,##0", 0),
    "min": Unit(Text("分钟", "min"), "#,##0.0", 1),
    "h": Unit(Text("小时", "h"), "#,##0.0", 1),
    "%": Unit(Text("%", "%"), "0.0", 1),
    "ratio": Unit(Text("比值", "ratio"), "0.000", 3),
    "yuan": Unit(Text("元", "yuan"), "#,##0.00", 2),
    "bytes": Unit(Text("字节", "bytes"), "#,##0", 0),
    "phone": Unit(Text("电话号码", "phone number"), "@", None),
    "extension": Unit(Text("分机号", "extension"), "@", None),
    "person": Unit(Text("姓名", "person"), "@", None),
    "title": Unit(Text("文本", "text"), "@", None),
    "url": Unit(Text("文本", "text"), "@", None),
    "id": Unit(Text("编号", "id"), "@", None),
    "hidden": Unit(Text("已隐藏", "hidden"), "@", None),
    "raw": Unit(Text("平台原文", "as the platform gave it"), "@", None),
    "text": Unit(Text("文本", "text"), "@", None),
    "time": Unit(Text("时间", "time"), "yyyy-mm-dd hh:mm:ss", None),
    "date": Unit(Text("日期", "date"), "yyyy-mm-dd", None),
}
"""Unit key → unit. `hidden` is what masking turns `phone`, `person` and `title` into."""

NUMBER_UNITS = ("phone", "id")
"""Units whose cells may be a bare number with `+`: no formula."""


def unit_of(key: str) -> Unit:
    """Return the unit, or one that is called by its key and looks like a plain value."""
    return UNITS.get(key) or Unit(Text(key, key), "General", None)


def in_words(value: Any, key: str, lang: Lang) -> str:
    """Return a value of a unit as a sentence says it: thousands apart, at most four decimals (money: all of them).

    Examples
    --------
    >>> in_words(12345.678912, "people", "en"), in_words(Decimal("65.3200"), "yuan", "zh"), in_words(None, "s", "zh")
    ('12,345.6789 people', '65.32 元', '未知')
    """
    if value is None:
        return Text("未知", "unknown").in_(lang)
    if isinstance(value, (float, Decimal)):
        digits = half_up(value, 4) if isinstance(value, float) else f"{value:,f}"
        text = digits.rstrip("0").rstrip(".") if "." in digits else digits
    else:
        text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return f"{text} {unit_of(key).label.in_(lang)}".strip()


class Completeness(Protocol):
    """What a table says about how complete the data under it is; a certificate of a History or an Archive fits."""

    @property
    def worst(self) -> str:
        """The worst verdict: `PROVEN`, `PROBABLE` or `GAP`."""

    @property
    def sentence(self) -> Text:
        """The verdict in words."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Described:
    """A frame with its definitions, notes, period, exclusions and verdict.

    Whatever leaves through `masked`, `to_csv`, `to_excel`, a notebook or a picture has its telephone numbers hidden;
    `frame` itself is as it was.

    Parameters
    ----------
    frame
        The rows, of any engine that narwhals knows (pandas, Polars, PyArrow, DuckDB, PySpark).
    name
        Key of the table, used for file and sheet names.
    title
        What people read above it.
    definitions
        One for each column; a column without one is shown by its key. Others (of words in the notes) are printed
        after them.
    notes
        Sentences below it.
    period
        The half-open period `[start, end)` it is about, or None for all there is.
    excluded
        Reason key → (reason in words, how many were left out).
    certificate
        How complete the data under it is, or None when nothing is known about that.
    zone
        Zone in which instants are shown.
    secret
        Key of the archive under which hashes of its raw text leave (`Archive.secret`); None: a key of this process,
        which nobody can ask again.
    ends
        Ends of the numbers that stand in tables which leave together with this one: hidden in its texts too.
    persons
        Names of people in those tables: under pseudonyms hidden in its texts too.
    is_open
        Whether numbers stand in it in full, as somebody asked: a file of it is for its owner alone.
    order
        Columns by which the rows are sorted, the first one first. Names that are hidden among them are sorted anew as
        they are shown: the order of the numbers would undo their masks. Without it rows stay as their owner has them.
    pairs
        Columns of which either may come first, such as the two who met: by what is shown.
    palette
        Groups in the order of their colours, as all tables that leave together have them: by what a picture itself
        shows, one department would have another colour in each.
    """

    frame: Any
    name: str
    title: Text
    definitions: tuple[Definition, ...] = ()
    notes: tuple[Text, ...] = ()
    period: tuple[datetime, datetime] | None = None
    excluded: Mapping[str, tuple[Text, int]] = field(default_factory=dict)
    certificate: Completeness | None = None
    zone: str = ZONE_NAME
    secret: bytes | None = field(default=None, repr=False)
    ends: frozenset[str] = field(default=frozenset(), repr=False)
    persons: frozenset[str] = field(default=frozenset(), repr=False)
    is_open: bool = False
    order: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    palette: tuple[str, ...] = ()

    @cached_property
    def arrow(self) -> pa.Table:
        """The rows as a PyArrow table, brought here once whatever engine holds them."""
        return to_arrow(self.frame)

    def definition(self, key: str) -> Definition:
        """Return the definition of a column, or one that calls it by its key."""
        known = next((definition for definition in self.definitions if definition.key == key), None)
        return known or Definition(key=key, zh=key, en=key)


T = TypeVar("T", bound=Described)


def spoken(table: T, lang: Lang) -> T:
    """Return a table for people, in their language: values that have words, such as `not in the book`, of twin columns (`title_zh`, `title_en`) one, and no key beside its words."""
    rows = table.arrow
    other = {"zh": "en", "en": "zh"}.get(lang, "")
    twins = {name for name in rows.column_names if name == other or name.endswith(f"_{other}")} if other else set()
    foreign = {name for name in twins if name.removesuffix(other) + lang in rows.column_names}
    if other:
        foreign |= {name for name in rows.column_names if {f"{name}_zh", f"{name}_en"} <= set(rows.column_names)}
    if foreign:
        rows = rows.drop_columns(sorted(foreign))
    for place, key in enumerate(rows.column_names):
        words = table.definition(key).words
        if words:
            said = [words[one].in_(lang) if one in words else one for one in rows.column(key).to_pylist()]
            rows = rows.set_column(place, key, pa.array(said, pa.string()))
    if rows is table.arrow:
        return table
    return replace(table, frame=rows, definitions=tuple(one for one in table.definitions if one.key not in foreign))


FORMAT = "ytxdata.about/1"
SUFFIX = ".about.json"
WHOLE_NAMED = (".xlsx", ".parquet")
"""Files whose descriptions keep the whole name before the suffix: they lie beside a CSV of the same stem."""


def about(table: Described) -> dict[str, Any]:
    """Return title, period, zone, verdict, exclusions, notes and the definition of every column as plain data for
    JSON.
    """
    keys = table.arrow.column_names
    return {
        "format": FORMAT,
        "name": table.name,
        "title": table.title._asdict(),
        "rows": table.arrow.num_rows,
        "zone": table.zone,
        "period": None
        if table.period is None
        else {
            edge: as_instant(instant).isoformat() for edge, instant in zip(("start", "end"), table.period, strict=True)
        },
        "completeness": None
        if table.certificate is None
        else {"verdict": table.certificate.worst, **table.certificate.sentence._asdict()},
        "excluded": [
            {"reason": reason, **text._asdict(), "count": count} for reason, (text, count) in table.excluded.items()
        ],
        "notes": [note._asdict() for note in table.notes],
        "columns": [
            {**table.definition(key).to_dict(), "type": type_name(table.arrow.schema.field(key).type)} for key in keys
        ],
        "definitions": [definition.to_dict() for definition in table.definitions if definition.key not in keys],
    }


def about_path(path: Path) -> Path:
    """Return where the description of a file lies: `usage.csv` → `usage.about.json`, `usage.xlsx` →
    `usage.xlsx.about.json`.
    """
    return path.with_name(path.name + SUFFIX) if path.suffix in WHOLE_NAMED else path.with_suffix(SUFFIX)


def write_about(data: Mapping[str, object], path: Path, *, written_at: datetime | None = None) -> Path:
    """Write the description of a file that is there beside it, with its size and SHA-256, and when and by which
    version it was written.
    """
    made = {
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "version": version("ytxdata"),
        "written_at": (written_at or now()).isoformat(timespec="seconds"),
    }
    target = about_path(path)
    is_private = not path.stat().st_mode & 0o077  # as the file is
    with replacing(target, is_private=is_private) as draft:
        draft.write_text(json.dumps({**data, **made}, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return target


def differs(file: str, line: int, column: str, difference: str) -> FileDiffersError:
    """Return the error that names the cell of a file that is not what was meant."""
    where = f" · {column}" if column else ""
    return FileDiffersError(
        Text(
            f"{file} 第 {line} 行{where} 与应写内容不一致：{difference}",
            f"{file}, line {line}{where} is not what was meant: {difference}",
        ),
        remedy=Text(
            "文件未保存；请检查磁盘后重试，并报告此问题",
            "the file was not kept; check the disk, try again, and report this",
        ),
    )
