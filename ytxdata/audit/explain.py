"""Why a finding or a figure is what it is: led back to the records behind it, and how much a threshold matters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from ytxdata.archive import Archive
from ytxdata.archive.known_meetings import VersionIndex
from ytxdata.archive.ownership import no_archive
from ytxdata.archive.raw_answers import raw_records
from ytxdata.audit.checking import SEVERITY_WORDS, STATUS_WORDS, Check
from ytxdata.audit.data import Auditable, Data
from ytxdata.errors import UsageError
from ytxdata.history.history import History
from ytxdata.labels import Lang, Text, aligned, decimal_text, in_one, preferred_lang, printable
from ytxdata.metrics.definitions import REASONS, define
from ytxdata.metrics.registry import Ask, make
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import Frames, on_engine
from ytxdata.phones import mask
from ytxdata.phones import normalize as as_number
from ytxdata.records.json_values import as_json, read_value
from ytxdata.records.normalize import normalize
from ytxdata.tables.described import Definition, spoken, to_arrow, unit_of
from ytxdata.tables.html import shown
from ytxdata.tables.masking import leaving
from ytxdata.tables.table import ORDER, Table

MOST = 20
"""Records shown side by side."""


class Shown(NamedTuple):
    """One version of a record: what stands above it, and its values as text by their path."""

    label: str
    values: dict[str, str]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FoundRecords(Table):
    """The raw records of a finding; its title, notes and headings say ids and creators as the finding does."""

    known_records: frozenset[str] = frozenset()
    creators: frozenset[str] = field(default=frozenset(), repr=False)


def explain(
    source: Auditable | None, row: Mapping[str, Any], check: Check | None, pulls: Sequence[str], told: Mapping[str, Any]
) -> FoundRecords:
    """Return one row per key of the raw records of a finding, one column per version of each record."""
    ids = list(row["record_ids"])
    shown = _records(source, ids)
    keys = list(dict.fromkeys(key for one in shown[:MOST] for key in one.values))
    columns: dict[str, pa.Array] = {"key": pa.array(keys, pa.string())}
    definitions = [Definition(key="key", zh="字段", en="key", unit="raw")]
    for place, one in enumerate(shown[:MOST], start=1):
        columns[f"record_{place}"] = pa.array([one.values.get(key) for key in keys], pa.string())
        definitions.append(Definition(key=f"record_{place}", zh=one.label, en=one.label, unit="raw", named_by=("key",)))
    return FoundRecords(
        frame=pa.table(columns).to_pandas(types_mapper={pa.string(): pd.StringDtype("pyarrow")}.get),
        name="evidence",
        title=Text(row["zh"], row["en"]),
        definitions=tuple(definitions),
        notes=tuple(_notes(row, check, pulls, told, len(shown))),
        secret=source.secret if isinstance(source, Archive) else None,
        known_records=frozenset(ids),
    )


def _notes(
    row: Mapping[str, Any], check: Check | None, pulls: Sequence[str], told: Mapping[str, Any], n: int
) -> list[Text]:
    severity, status = SEVERITY_WORDS[row["severity"]], STATUS_WORDS[row["status"]]
    notes = [Text(f"发现 {row['finding_id']}：测得 {row['measured']}，阈值 {row['threshold']}，{severity.zh}，{status.zh}", f"finding {row['finding_id']}: measured {row['measured']}, threshold {row['threshold']}, {severity.en}, {status.en}")]  # fmt: skip
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
        notes.append(Text(f"可由这些拉取证明：{listed}", f"proven by the pulls {listed}"))
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
    return [] if source is None else _of_frames(source, ids)


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


def _of_frames(frames: Frames, ids: Sequence[str]) -> list[Shown]:
    return [
        Shown(str(row["meeting_id"]), {name: _plain(value) for name, value in row.items() if value is not None})
        for row in to_arrow(frames.meetings).to_pylist()
        if row["meeting_id"] in set(ids)
    ]


def _leaves(raw: bytes) -> dict[str, str]:
    """Return every value of a raw record by its path, as text."""
    read = read_value(raw)
    return {} if read is None else dict(_walk(read.value, ""))


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value, start=1):
            yield from _walk(inner, f"{path}[{place}]")
    else:
        yield path, value if isinstance(value, str) else as_json(value)


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
            counts = [half, same, twice]
            rows.append((check.key, name, float(given[name]), *counts, curve(counts)))
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


_COLUMNS = (
    *define("meeting_id", "started_at", "leg"),
    Definition(key="pull_id", zh="拉取编号", en="pull id", unit="id"),
    Definition(key="used", zh="是否计入", en="used"),
    Definition(key="reason", zh="原因", en="reason", unit="id"),
)

_YES_NO = {True: Text("是", "yes"), False: Text("否", "no")}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a row of a report was made of.

    Parameters
    ----------
    row
        The report with that row alone.
    records
        One row per leg, or per meeting whose legs are unknown: whether it was used, and the reason if not, or not
        fully.
    formulas
        Column → its rule with the number put in.
    """

    row: Report
    records: Table
    formulas: Mapping[str, Text]

    def cells(self, *, show_phones: bool = False) -> list[tuple[Text, str]]:
        """Return name and value of each cell of the row, as people read them."""
        lang = preferred_lang()
        outgoing = spoken(self.row.masked(show_phones=show_phones), lang)
        (values,) = outgoing.arrow.to_pylist()
        told = []
        for key, value in values.items():
            known = outgoing.definition(key)
            unit = unit_of(known.unit).label.in_(lang)
            # `meetings: 86` and `meeting minutes: 14.5` have said of what; `covered: 14.48` has not
            is_told = unit in known.label.in_(lang) or isinstance(value, bool) or not isinstance(value, Number)
            told.append((known.label, printable(_said(value), line=True) + ("" if is_told else f" {unit}")))
        return told

    def rows(self, n: int, lang: Lang) -> str:
        """Return the first `n` records as lines of text, in words."""
        shown_rows = [
            [_in_words(key, value).in_(lang) for key, value in row.items()]
            for row in self.records.arrow.slice(0, n).to_pylist()
        ]
        heads = [self.records.definition(key).label.in_(lang) for key in self.records.arrow.column_names]
        return aligned([heads, *shown_rows])

    @property
    def summary(self) -> Text:
        """How many meetings and legs there are, and how many were left out for which reason."""
        rows = self.records.arrow.to_pylist()
        meetings = len({(row["meeting_id"], row["started_at"]) for row in rows if row["used"]})
        reasons = Counter(row["reason"] for row in rows if row["reason"] is not None)
        told = Text(
            f"{meetings:,} 场会议，{sum(row['used'] for row in rows):,} 次接入计入",
            f"{meetings:,} meetings, {sum(row['used'] for row in rows):,} legs used",
        )
        why = [Text(f"{REASONS[key].zh}：{count:,}", f"{REASONS[key].en}: {count:,}") for key, count in reasons.items()]
        return in_one([told, *why])

    def to_dict(self, *, show_phones: bool = False) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return {
            "report": self.row.name,
            "row": self.row.to_dicts(show_phones=show_phones)[0],
            "formulas": {key: text._asdict() for key, text in self.formulas.items()},
            "records": self.records.to_dicts(show_phones=show_phones),
        }


def _said(value: Any) -> str:
    return _YES_NO[value].in_(preferred_lang()) if isinstance(value, bool) else shown(value)


def _in_words(key: str, value: Any) -> Text:
    known = REASONS.get(value) if key == "reason" else None
    text = printable(shown(value), line=True)
    return known or Text(text, text)


def explanation(
    archive: Archive, name: str, ask: Ask, row: int | Mapping[str, str], column: str | None = None
) -> Explanation:
    """Explain a row of a report of an archive.

    Parameters
    ----------
    archive
        The archive.
    name
        Which report: a key of `REPORTS`.
    ask
        What the report was asked for.
    row
        Position of the row in a file with masked numbers, from 0; or column → value, as a CSV or a page shows them, of
        as many columns as tell it from the others.
    column
        A column whose records differ from those of the row, such as `peak_legs`; the formulas are then that column's
        alone.

    Raises
    ------
    NotAnArchiveError
        There is no archive: check the path.
    UsageError
        There is no such report, row or column.
    """
    if archive.snapshot() is None:
        raise no_archive(archive.path)
    _, report = leaving(make(name, on_engine(ask.of(archive), {"cache": False}), ask))
    if isinstance(row, Mapping):
        row = _position(report, row)
    records = report.explain(row, column)
    formulas = {key: text for key, text in report.formula(row).items() if column in (None, key)}
    return Explanation(
        row=replace(report, frame=report.arrow.slice(row, 1)),
        records=Table(
            frame=records,
            name=f"explain_{name}",
            title=Text(f"{report.title.zh}：组成第 {row} 行的记录", f"{report.title.en}: the records of row {row}"),
            definitions=_COLUMNS,
            period=report.period,
            certificate=report.certificate,
            secret=archive.secret,
            order=ORDER,
        ),
        formulas=formulas,
    )


def _position(report: Report, wanted: Mapping[str, str]) -> int:
    """Return the place of the one row with some values, as they are or as people read them."""
    strange = [key for key in wanted if key not in report.arrow.column_names]
    if strange:
        columns = report.arrow.column_names
        raise UsageError(
            Text(f"报表 {report.name} 没有列 {'、'.join(strange)}", f"the report {report.name} has no column {', '.join(strange)}"),
            remedy=Text(f"可选：{'、'.join(columns)}", f"choose of {', '.join(columns)}"),
        )  # fmt: skip
    found = [
        place
        for place, cells in enumerate(report.arrow.to_pylist())
        if all(_is_meant(report, key, cells.get(key), value) for key, value in wanted.items())
    ]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{key}={value}" for key, value in wanted.items())
    raise UsageError(
        Text(f"报表 {report.name} 有 {len(found)} 行符合 {listed}", f"{len(found)} rows of the report {report.name} have {listed}"),
        remedy=Text("给出只属于一行的值，或用 --row", "give values that one row alone has, or --row"),
    )  # fmt: skip


def _is_meant(report: Report, key: str, value: Any, wanted: str) -> bool:
    """Return whether a cell is what somebody wrote: as it is, as a page or a terminal shows it, a number in any
    writing.
    """
    definition = report.definition(key)
    is_number = definition.unit == "phone" and isinstance(value, str)
    if is_number and value in (wanted, as_number(wanted)):
        return True
    return (is_number and wanted == mask(value)) or wanted in {
        shown(value),
        _plain(value),
        *(definition.words.get(value) or ()),
    }


def _plain(value: Any) -> str:
    return decimal_text(value) if isinstance(value, Decimal) else str(value)
