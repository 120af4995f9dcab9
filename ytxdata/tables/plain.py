"""A frame of any engine, brought down to the few types that a file or a page can hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError
from ytxdata.labels import Text

Cell = str | bool | int | float | Decimal | datetime | date | None
"""What a cell of a plain table may be; an instant is the wall time of the table's zone."""

_BATCH = 4096


def to_arrow(frame: Any) -> pa.Table:
    """Return the rows of a frame as a PyArrow table; a lazy frame is computed.

    Raises
    ------
    UsageError
        A column holds things of several types, or text that is no text; clean it first.

    Examples
    --------
    >>> import pandas as pd
    >>> to_arrow(pd.DataFrame({"meetings": [1, 2]})).column_names
    ['meetings']
    """
    if isinstance(frame, pa.Table):
        return frame
    wrapped = nw.from_native(frame)
    try:
        return wrapped.collect("pyarrow").to_native() if isinstance(wrapped, nw.LazyFrame) else wrapped.to_arrow()
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
        raise UsageError(
            Text(f"表中有无法写出的值：{error}", f"the table holds values that cannot be written: {error}"),
            remedy=Text("请先把该列转换为单一类型", "bring the column to one type first"),
        ) from error


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
    return pa.chunked_array([pa.array([_json(value) for value in column.to_pylist()], pa.string())])


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


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


def decimal_text(value: Decimal) -> str:
    """Return a decimal without exponent and without zeros that say nothing.

    Examples
    --------
    >>> decimal_text(Decimal("12.500000000000000000")), decimal_text(Decimal("1E+3"))
    ('12.5', '1000')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def type_name(kind: pa.DataType) -> str:
    """Return what a plain column is called in a dictionary: `text`, `truth`, `integer`, `number`, `decimal(p,s)`, `date`, `instant`, `time`."""
    if pa.types.is_timestamp(kind):
        return "instant" if kind.tz else "time"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    names = {
        "is_string": "text",
        "is_boolean": "truth",
        "is_integer": "integer",
        "is_floating": "number",
        "is_date": "date",
    }
    return next(name for test, name in names.items() if getattr(pa.types, test)(kind))
