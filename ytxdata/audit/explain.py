"""Why a finding was made: the raw records behind it side by side, and how much its threshold matters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from ytxdata.archive import Archive
from ytxdata.archive.known_meetings import VersionIndex
from ytxdata.archive.raw_answers import raw_records
from ytxdata.audit.checking import Check
from ytxdata.audit.data import Auditable, Data
from ytxdata.history.history import History
from ytxdata.labels import Text
from ytxdata.metrics.source import Frames
from ytxdata.records.json_values import as_json, read_value
from ytxdata.records.normalize import normalize
from ytxdata.tables.described import Definition, to_arrow
from ytxdata.tables.table import Table

MOST = 20
"""Records shown side by side."""


class Shown(NamedTuple):
    """One version of a record: what stands above it, and its values as text by their path."""

    label: str
    values: dict[str, str]


def explain(
    source: Auditable | None, row: Mapping[str, Any], check: Check | None, pulls: Sequence[str], told: Mapping[str, Any]
) -> Table:
    """Return one row per key of the raw records of a finding, one column per version of each record."""
    ids = list(row["record_ids"])
    shown = _records(source, ids)
    keys = list(dict.fromkeys(key for one in shown[:MOST] for key in one.values))
    columns: dict[str, pa.Array] = {"key": pa.array(keys, pa.string())}
    definitions = [Definition(key="key", zh="字段", en="key", unit="raw")]
    for place, one in enumerate(shown[:MOST], start=1):
        columns[f"record_{place}"] = pa.array([one.values.get(key) for key in keys], pa.string())
        definitions.append(Definition(key=f"record_{place}", zh=one.label, en=one.label, unit="raw"))
    return Table(
        frame=pa.table(columns).to_pandas(types_mapper=_strings),
        name="evidence",
        title=Text(row["zh"], row["en"]),
        definitions=tuple(definitions),
        notes=tuple(_notes(row, check, pulls, told, len(shown))),
        secret=source.secret if isinstance(source, Archive) else None,
    )


def _strings(kind: pa.DataType) -> Any:
    return pd.StringDtype("pyarrow") if pa.types.is_string(kind) else None


def _notes(
    row: Mapping[str, Any], check: Check | None, pulls: Sequence[str], told: Mapping[str, Any], n: int
) -> list[Text]:
    notes = [Text(f"发现 {row['finding_id']}：测得 {row['measured']}，阈值 {row['threshold']}，{row['severity']}，{row['status']}", f"finding {row['finding_id']}: measured {row['measured']}, threshold {row['threshold']}, {row['severity']}, {row['status']}")]  # fmt: skip
    if check is not None:
        told_text = json.dumps(told, ensure_ascii=False, default=str)
        notes.append(
            Text(
                f"检查 {check.title.zh}（{check.key}），参数 {told_text}，依据：{check.origin.zh}",
                f"check {check.title.en} ({check.key}), parameters {told_text}, origin: {check.origin.en}",
            )
        )
    if pulls:
        listed = ", ".join(pulls[:10]) + (" …" if len(pulls) > 10 else "")
        notes.append(Text(f"可由这些查询证明：{listed}", f"proven by the pulls {listed}"))
    if n > MOST:
        notes.append(
            Text(f"共 {n} 个记录版本，只列出前 {MOST} 个", f"{n} versions of records, the first {MOST} are shown")
        )
    return notes


def _records(source: Auditable | None, ids: Sequence[str]) -> list[Shown]:
    if isinstance(source, Archive):
        return _of_archive(source, ids)
    if isinstance(source, History):
        return _of_history(source, ids)
    return _of_frames(source, ids)


def _of_archive(archive: Archive, ids: Sequence[str]) -> list[Shown]:
    snapshot = archive.snapshot()
    if snapshot is None or not ids:
        return []
    known = VersionIndex(snapshot).of(ids)
    versions = [version for meeting_id in ids for twin in known[meeting_id] for version in twin]
    raws = raw_records(snapshot, np.unique(np.array([version.obs for version in versions], dtype=np.int64)))
    return [Shown(f"{one.meeting_id} v{one.version} · {one.pull_id}", _leaves(raws[one.obs])) for one in versions]


def _of_history(history: History, ids: Sequence[str]) -> list[Shown]:
    wanted, shown = set(ids), []
    for answer in history.answers:
        meetings = normalize(answer.records, history.aliases).meetings.select(["row", "meeting_id"]).to_pylist()
        for row in meetings:
            if row["meeting_id"] in wanted:
                shown.append(Shown(f"{row['meeting_id']} · {answer.pull_id}", _leaves(answer.records[row["row"]].raw)))
    return shown


def _of_frames(frames: Frames | None, ids: Sequence[str]) -> list[Shown]:
    if frames is None:
        return []
    rows = (row for row in to_arrow(frames.meetings).to_pylist() if row["meeting_id"] in set(ids))
    return [
        Shown(str(row["meeting_id"]), {name: str(value) for name, value in row.items() if value is not None})
        for row in rows
    ]


def _leaves(raw: bytes) -> dict[str, str]:
    """Return every value of a raw record by its path, as text."""
    read = read_value(raw)
    found: dict[str, str] = {}
    if read is not None:
        _walk(read.value, "", found)
    return found


def _walk(value: Any, path: str, found: dict[str, str]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _walk(inner, f"{path}.{key}" if path else key, found)
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value, start=1):
            _walk(inner, f"{path}[{place}]", found)
    else:
        found[path] = value if isinstance(value, str) else as_json(value)


# ── how much a threshold matters ──
_BARS = "▁▂▃▄▅▆▇█"

_SENSITIVITY = (
    Definition(key="check", zh="检查", en="check", unit="text"),
    Definition(key="parameter", zh="阈值", en="threshold", unit="text"),
    Definition(
        key="value",
        zh="当前值",
        en="value",
        formula=Text("单位见名称末尾：_s 秒，_pct %", "unit by the end of its name: _s seconds, _pct %"),
    ),
    Definition(key="half", zh="减半时的发现数", en="findings at half", unit="count"),
    Definition(key="same", zh="当前的发现数", en="findings as it is", unit="count"),
    Definition(key="twice", zh="加倍时的发现数", en="findings at twice", unit="count"),
    Definition(
        key="curve",
        zh="曲线",
        en="curve",
        unit="text",
        formula=Text("减半、当前、加倍的发现数之比", "findings at half, same and twice, in proportion"),
    ),
)


def sensitivity(data: Data, checks: Iterable[Check], told: Mapping[str, Mapping[str, Any]]) -> Table:
    """Run every check with a threshold at half, the same and twice its value; one row per threshold."""
    rows = []
    for check in checks:
        given = dict(told.get(check.key, check.parameters))
        same = _count(check, data, given) if check.thresholds else 0
        for name in check.thresholds:
            half, twice = (_count(check, data, given | {name: given[name] * factor}) for factor in (0.5, 2))
            counts = {"half": half, "same": same, "twice": twice}
            rows.append(
                {
                    "check": check.key,
                    "parameter": name,
                    "value": float(given[name]),
                    **counts,
                    "curve": curve(list(counts.values())),
                }
            )
    frame = pd.DataFrame(rows, columns=[column.key for column in _SENSITIVITY])
    title = Text("阈值敏感度", "Sensitivity of thresholds")
    return Table(frame=frame, name="sensitivity", title=title, definitions=_SENSITIVITY, certificate=data.certificate)


def _count(check: Check, data: Data, parameters: Mapping[str, Any]) -> int:
    return len({finding.id_in(check.key) for finding in check.function(data, **parameters)})


def curve(counts: list[int]) -> str:
    """Return counts as a small curve.

    Examples
    --------
    >>> curve([8, 4, 0])
    '█▅▁'
    """
    most = max(counts) or 1
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)
