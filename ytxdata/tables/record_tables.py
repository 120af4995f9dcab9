"""The tables of records (meetings, legs, rejects, problems, pulls) as described tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from ytxdata.labels import Text
from ytxdata.records.schema import LEGS, MEETINGS, PROBLEMS, PULLS, REJECTS, Column
from ytxdata.tables.definition import Definition
from ytxdata.tables.table import Completeness, Table

Name = Literal["meetings", "legs", "rejects", "problems", "pulls"]

TABLES: dict[Name, tuple[Text, tuple[Column, ...]]] = {
    "meetings": (Text("会议", "Meetings"), MEETINGS),
    "legs": (Text("参会记录", "Legs"), LEGS),
    "rejects": (Text("未收记录", "Rejected records"), REJECTS),
    "problems": (Text("存疑的值", "Values in doubt"), PROBLEMS),
    "pulls": (Text("调用记录", "Pulls"), PULLS),
}
"""Table → what people call it, and its columns."""

_UNIT_OF_KIND = {
    "phone": "phone",
    "instant": "time",
    "seconds": "s",
    "money": "yuan",
    "text": "text",
    "url": "text",
    "int": "",
    "bool": "",
}
_IDS = ("meeting_id", "app_id", "pull_id", "record_hash", "confid", "request_id", "sha256", "previous_sha256")
_UNIT_OF_COLUMN = {
    "number": "phone",
    "display_number": "phone",
    "bytes": "bytes",
    "raw": "raw",
    "raw_value": "raw",
    "detail": "raw",
} | dict.fromkeys(_IDS, "id")


def record_table(
    frame: Any,
    name: Name,
    *,
    period: tuple[datetime, datetime] | None = None,
    certificate: Completeness | None = None,
    excluded: Mapping[str, tuple[Text, int]] | None = None,
    notes: tuple[Text, ...] = (),
    secret: bytes | None = None,
) -> Table:
    """Return records with the definitions of their columns, ready to be written.

    Parameters
    ----------
    frame
        The rows, of any engine.
    name
        Which of the tables it is: `meetings`, `legs`, `rejects`, `problems` or `pulls`.
    period, certificate, excluded, notes, secret
        As in `Table`.

    Examples
    --------
    >>> from ytxdata.records.schema import MEETINGS, empty
    >>> record_table(empty(MEETINGS), "meetings").definition("creator").unit
    'phone'
    """
    title, columns = TABLES[name]
    definitions = tuple(_definition(name, column) for column in columns)
    return Table(
        frame=frame,
        name=name,
        title=title,
        definitions=definitions,
        notes=notes,
        period=period,
        excluded=excluded or {},
        certificate=certificate,
        secret=secret,
    )


def _definition(table: Name, column: Column) -> Definition:
    unit = (
        "person"
        if (table, column.name) == ("legs", "name")
        else _UNIT_OF_COLUMN.get(column.name, _UNIT_OF_KIND[column.type])
    )
    return Definition(
        key=column.name, zh=column.zh, en=column.en, unit=unit, formula=column.meaning, origin=", ".join(column.keys)
    )
