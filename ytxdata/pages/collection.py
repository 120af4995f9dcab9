"""All tables of an archive for one period, of one moment: what files and pages are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.storage.layout import no_archive
from ytxdata.archive.storage.snapshot import Snapshot
from ytxdata.history.proof.certificate import Certificate
from ytxdata.labels import Text
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import resolve
from ytxdata.pages.key_figures import Figure, key_figures
from ytxdata.pages.reports import REPORTS, Ask, make
from ytxdata.tables.definition import Definition
from ytxdata.tables.record_tables import Name, record_table
from ytxdata.tables.table import Table
from ytxdata.times import now

RECORDS: tuple[Name, ...] = ("meetings", "legs", "problems", "rejects")
"""The tables of records that stand beside the reports."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What was collected: tables by name, key figures, and what is claimed about the period and the one before.

    Parameters
    ----------
    ask
        What was asked for.
    records, reports
        Tables by name.
    coverage
        The verdicts as a table.
    figures
        Key figures of the period and of the one before.
    period
        The period that the reports are about; None when there are no meetings and none was asked for.
    certificate
        What is claimed about it.
    before
        The period of equal length before, with what is claimed about that; None when nothing can be compared.
    made_at
        When (UTC).
    notes
        What else a reader must know.
    """

    ask: Ask
    records: dict[str, Table]
    reports: dict[str, Report]
    coverage: Table
    figures: tuple[Figure, ...]
    period: tuple[datetime, datetime] | None
    certificate: Certificate
    before: tuple[tuple[datetime, datetime], Certificate] | None
    made_at: datetime
    notes: tuple[Text, ...] = ()

    @property
    def tables(self) -> dict[str, Table]:
        """All tables by name, records first."""
        return {**self.records, **self.reports, "coverage": self.coverage}


class _Still(Archive):
    """An archive as it was when the collecting began, whatever a sync brings meanwhile."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._kept = super().snapshot()

    def snapshot(self) -> Snapshot | None:
        """Return the state of that moment."""
        return self._kept


def collect(archive: Archive, ask: Ask, *, step: Callable[[str], None] = lambda _: None) -> Collection:
    """Make all reports of an archive, and the records they stand on.

    Parameters
    ----------
    archive
        The archive.
    ask
        Period, granularity, tariff, lines.
    step
        Called with the name of each table before it is made.

    Raises
    ------
    NotAnArchiveError
        There is no archive: check the path.
    UsageError
        The period is empty.
    """
    still = _Still(archive.path)
    if still.snapshot() is None:
        raise no_archive(still.path)
    source = resolve(still)
    reports: dict[str, Report] = {}
    for name, entry in REPORTS.items():
        if ask.tariff is not None or not entry.needs_tariff:
            step(name)
            reports[name] = make(name, source, ask)
    period = reports["usage"].period
    certificate = still.certificate(ask.start, ask.end)
    step("records")
    records: dict[str, Table] = {
        name: _records(still, name, ask, period, certificate, reports["usage"]) for name in RECORDS
    }
    step("figures")
    earlier = ask.before(period[1] if period else None)
    before = None
    if earlier is not None and earlier.start is not None and earlier.end is not None:
        before = ((earlier.start, earlier.end), still.certificate(earlier.start, earlier.end))
    return Collection(
        ask=ask,
        records=records,
        reports=reports,
        coverage=_coverage(certificate, period, still.secret),
        figures=key_figures(source, ask, earlier),
        period=period,
        certificate=certificate,
        before=before,
        made_at=now(),
    )


def _records(archive: Archive, name: Name, ask: Ask, period: Any, certificate: Certificate, usage: Report) -> Table:
    if name == "rejects":
        note = Text(
            "拒收的记录没有可靠的时间：不分期间，全部列出",
            "rejected records have no time to rely on: all are listed, whatever the period",
        )
        return record_table(archive.rejects(), name, certificate=certificate, notes=(note,), secret=archive.secret)
    frame = getattr(archive, name)(ask.start, ask.end)
    is_cut = ask.start is not None or ask.end is not None
    left_out = {key: told for key, told in usage.excluded.items() if key == "no_start" and is_cut}
    return record_table(frame, name, period=period, certificate=certificate, excluded=left_out, secret=archive.secret)


def _coverage(certificate: Certificate, period: Any, secret: bytes | None) -> Table:
    words = (
        ("start", "起（含）", "from", "time"), ("end", "止（不含）", "to (not included)", "time"), ("verdict", "结论", "verdict", "id"),
        ("reason", "原因代码", "reason key", "id"), ("reason_zh", "原因", "reason in Chinese", "text"), ("reason_en", "原因（英文）", "reason", "text"),
        ("pulls", "依据的调用", "pulls it rests on", "id"),
    )  # fmt: skip
    return Table(
        frame=certificate.frame,
        name="coverage",
        title=Text("数据完整性", "Completeness of the data"),
        definitions=tuple(Definition(key=key, zh=zh, en=en, unit=unit) for key, zh, en, unit in words),
        period=period,
        certificate=certificate,
        secret=secret,
    )
