"""One row of a report led back to its records, in words and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.ownership import no_archive
from ytxdata.errors import UsageError
from ytxdata.labels import Lang, Text, aligned, preferred_lang, printable
from ytxdata.metrics.definitions import REASONS, define
from ytxdata.metrics.registry import Ask, make
from ytxdata.metrics.report import Report
from ytxdata.tables.described import Definition, spoken
from ytxdata.tables.html import shown
from ytxdata.tables.table import Table

_COLUMNS = (
    *define("meeting_id", "leg"),
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
        outgoing = spoken(self.row.masked(show_phones=show_phones), preferred_lang())
        (values,) = outgoing.arrow.to_pylist()
        return [(outgoing.definition(key).label, printable(_said(value), line=True)) for key, value in values.items()]

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
        meetings = len({row["meeting_id"] for row in rows if row["used"]})
        reasons: dict[str, int] = {}
        for row in rows:
            if row["reason"] is not None:
                reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
        told = Text(
            f"{meetings:,} 场会议，{sum(row['used'] for row in rows):,} 次接入计入",
            f"{meetings:,} meetings, {sum(row['used'] for row in rows):,} legs used",
        )
        why = [Text(f"{REASONS[key].zh}：{count:,}", f"{REASONS[key].en}: {count:,}") for key, count in reasons.items()]
        return Text("；".join([told.zh, *(one.zh for one in why)]), "; ".join([told.en, *(one.en for one in why)]))

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
        Position of the row, from 0; or column → value, as a CSV or a page shows them, of as many columns as tell it
        from the others.
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
    report = make(name, ask.of(archive), ask)
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
        ),
        formulas=formulas,
    )


def _position(report: Report, wanted: Mapping[str, str]) -> int:
    """Return the place of the one row with some values, as they are or as people read them."""
    found = [
        place
        for place, cells in enumerate(report.arrow.to_pylist())
        if all(value in _readings(report, key, cells.get(key)) for key, value in wanted.items())
    ]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{key}={value}" for key, value in wanted.items())
    raise UsageError(
        Text(f"报表 {report.name} 有 {len(found)} 行符合 {listed}", f"{len(found)} rows of the report {report.name} have {listed}"),
        remedy=Text("给出只属于一行的值，或用 --row", "give values that one row alone has, or --row"),
    )  # fmt: skip


def _readings(report: Report, key: str, value: Any) -> set[str]:
    words = report.definition(key).words.get(value)
    return {shown(value), str(value), *(words or ())}
