"""A record that changed after its meeting had ended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.labels import Text
from ytxdata.times import beijing_text

FIELDS: dict[str, tuple[Text, re.Pattern[str]]] = {
    "start": (Text("开始", "start"), re.compile(r"started_at")),
    "end": (Text("结束", "end"), re.compile(r"ended_at")),
    "duration": (Text("时长", "duration"), re.compile(r"duration_s")),
    "people": (
        Text("参会方", "people"),
        re.compile(r"n_legs|n_people|legs\[\d+\]\.(phone|number|joined_at|left_at|duration_s)"),
    ),
    "money": (Text("金额", "money"), re.compile(r"amount_yuan")),
}
"""What counts as a change → what it is called, and the columns of the ledger that belong to it."""

GRAVE = ("start", "end", "duration", "money")


def kind_of(field: str) -> str | None:
    """Return which of `FIELDS` a column of the ledger belongs to, None when to none.

    Examples
    --------
    >>> kind_of("amount_yuan"), kind_of("legs[2].number"), kind_of("name")
    ('money', 'people', None)
    """
    return next((kind for kind, (_, columns) in FIELDS.items() if columns.fullmatch(field)), None)


@check(
    "mutated_after_close",
    "结束后被改",
    "changed after its end",
    severity=Text("crit：改动涉及时间或金额；否则 warn", "crit when it touches time or money, else warn"),
    origin="Graph keeps versions of call records; Teams overwrote attendance on re-join",
    needs=("archive",),
)
def mutated_after_close(data: Data, *, fields: Sequence[str] = tuple(FIELDS)) -> Iterator[Finding]:
    """A field of an ended meeting changed between two pulls."""
    assert data.archive is not None
    ledger = data.archive.changes(as_of=data.now)
    ledger = ledger[ledger["phase"] == "after_close"]
    wanted = [row for row in ledger.to_dict("records") if kind_of(row["field"]) in fields]
    wanted.sort(key=lambda row: (row["meeting_id"], row["new_seen_at"], row["version"], row["field"]))
    for (meeting_id, version, new_pull), group in groupby(
        wanted, key=lambda row: (row["meeting_id"], row["version"], row["new_pull_id"])
    ):
        rows = list(group)
        kinds = [kind for kind in FIELDS if any(kind_of(row["field"]) == kind for row in rows)]
        told = [row for row in rows if not row["field"].startswith("legs[")] or rows
        changes = "; ".join(f"{row['field']}: {_value(row['old'])} → {_value(row['new'])}" for row in told[:6])
        yield Finding(
            record_ids=(meeting_id,),
            severity="crit" if set(kinds) & set(GRAVE) else "warn",
            measured=len(rows),
            threshold=0,
            mark=(meeting_id, str(version), new_pull),
            pull_ids=(rows[0]["old_pull_id"], new_pull),
            text=Text(
                f"会议 {meeting_id} 结束后，平台改动了{'、'.join(FIELDS[kind][0].zh for kind in kinds)}（{_seen(rows[0])}）：{changes}",
                f"after meeting {meeting_id} had ended, the platform changed its {', '.join(FIELDS[kind][0].en for kind in kinds)} ({_seen(rows[0])}): {changes}",
            ),
        )


def _value(text: object) -> str:
    """A value of the ledger without the zeros that a decimal trails behind it."""
    if not isinstance(text, str):
        return "—"
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d{18}", text) else text


def _seen(row: Mapping[Any, Any]) -> str:
    return " → ".join(beijing_text(row[key]) for key in ("old_seen_at", "new_seen_at"))
