"""All tables of an archive for one period, of one moment, and its key figures: what files and pages are made from."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any, NamedTuple, Self

import pyarrow as pa

from ytxdata.archive import Archive
from ytxdata.archive.ownership import no_archive
from ytxdata.archive.views import table
from ytxdata.archive.witnesses import ends_kept
from ytxdata.exits.masked_tables import persons_kept
from ytxdata.fleet import Fleet, FleetCertificate
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.policy import VERDICTS
from ytxdata.labels import Text
from ytxdata.metrics.by_account import no_accounts
from ytxdata.metrics.compare import Side
from ytxdata.metrics.definitions import define
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.ids import ACCOUNT
from ytxdata.metrics.registry import REPORTS, Ask, around, make
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import ReportSource, Source, begin_of
from ytxdata.periods import period_of
from ytxdata.phones import NO_ENDS
from ytxdata.plots.canvas import pictured
from ytxdata.plots.over_time import usage_figures, with_colours
from ytxdata.records.aliases import names_chosen
from ytxdata.records.schema import TableName, to_pandas
from ytxdata.redact import kept_apart
from ytxdata.tables.described import Completeness, Definition, to_arrow, unit_of
from ytxdata.tables.html import number, shown
from ytxdata.tables.masking import Privacy, sharing_ends
from ytxdata.tables.table import Table, record_table
from ytxdata.times import BEIJING, beijing_text, instant_of, now

Value = int | float | Decimal | None

FIGURES = (
    ("usage", "meetings"),
    ("usage", "meeting_minutes"),
    ("usage", "people"),
    ("usage", "leg_minutes"),
    ("usage", "size_mean"),
    ("usage", "active_creators"),
    ("usage", "peak_legs"),
    ("usage", "lonely_minutes"),
    ("working_hours", "outside_pct"),
    ("concentration", "concentration"),
    ("cost", "cost"),
)
"""Report and column of each figure, counted over the whole period."""


class KeyFigure(NamedTuple):
    """One figure: what it means, its value, and its value in the period before; None is unknown."""

    definition: Definition
    value: Value
    before: Value

    @property
    def text(self) -> str:
        """The value as people read it."""
        return shown(self.value, self._decimals)

    @property
    def before_text(self) -> str:
        """The value of the period before as people read it."""
        return shown(self.before, self._decimals)

    @property
    def change(self) -> Text | None:
        """By how much it changed, in per cent, of a share in percentage points; None when that cannot be said.

        Examples
        --------
        >>> KeyFigure(Definition(key="meetings", zh="会议数", en="meetings", unit="meetings"), 30, 40).change.en
        '▼ 25.0 %'
        """
        if self.value is None or self.before is None:
            return None
        difference = float(self.value) - float(self.before)
        if self.definition.unit == "%":
            size = number(abs(difference), 1)
            unit = Text(" 个百分点", " points")
        elif self.before or not difference:
            size = number(abs(difference) * 100 / float(self.before or 1), 1)
            unit = Text(" %", " %")
        else:
            return None
        if size == "0.0":
            return Text("持平", "no change")
        mark = "▲" if difference > 0 else "▼"
        return Text(f"{mark} {size}{unit.zh}", f"{mark} {size}{unit.en}")

    def in_hours(self) -> KeyFigure:
        """Return the figure in hours where it is more than ten of them, as pictures show it: nobody pictures 96,728.8
        minutes.

        Examples
        --------
        >>> minutes = Definition(key="m", zh="会议时长（分钟）", en="meeting minutes", unit="min")
        >>> KeyFigure(minutes, 1200.0, 60.0).in_hours().text
        '20.0'
        """
        if self.definition.unit != "min" or max(self.value or 0, self.before or 0) < 600:
            return self
        zh = self.definition.zh.partition("（")[0].replace("分钟", "时长")
        known = replace(self.definition, unit="h", zh=zh, en=self.definition.en.replace(" minutes", " time"))
        return KeyFigure(known, *(None if value is None else float(value) / 60 for value in (self.value, self.before)))

    @property
    def label(self) -> Text:
        """Its name, without the unit in brackets that some have."""
        return Text(self.definition.zh.partition("（")[0], self.definition.en)

    @property
    def _decimals(self) -> int | None:
        if self.definition.unit in ("people", "yuan"):
            known = next((one for one in (self.value, self.before) if one is not None), None)
            return 2 if isinstance(known, float | Decimal) else 0
        return unit_of(self.definition.unit).decimals


def key_figures(
    source: Source, ask: Ask, earlier: Ask | None, whole: ReportSource | None = None
) -> tuple[KeyFigure, ...]:
    """Return the key figures of what is asked, by the rule of `compare`; those that need a tariff only with one.
    `whole` is what the source was taken from, where that is less than there is.
    """
    wanted = [(name, key) for name, key in FIGURES if REPORTS[name].is_possible(ask)]
    names = dict.fromkeys(name for name, _ in wanted)
    begin = begin_of(source if whole is None else whole, source)
    now, before = (
        {name: Side.of(source, make(name, source, one.whole), (one.start, one.end), begin) for name in names}
        if one is not None
        else {}
        for one in (ask, earlier)
    )
    return tuple(
        KeyFigure(
            now[name].total.definition(key), now[name].value(key), before[name].value(key) if before else None
        ).in_hours()
        for name, key in wanted
    )


RECORDS: tuple[TableName, ...] = ("meetings", "legs", "problems", "rejects")
"""The tables of records that stand beside the reports."""


class VerdictLine(NamedTuple):
    """One period, or one account of a fleet, with its badge and reason."""

    badge: str
    span: Text
    reason: Text


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
        The period before, with what is claimed about that; None when nothing can be compared.
    cut_at
        Until when there is data of a period that is not over: the period before is cut at the same place. None when
        both are whole.
    made_at
        When (UTC).
    notes
        What else a reader must know.
    """

    ask: Ask
    records: dict[str, Table]
    reports: dict[str, Report]
    coverage: Table
    figures: tuple[KeyFigure, ...]
    period: tuple[datetime, datetime] | None
    certificate: Certificate | FleetCertificate
    before: tuple[tuple[datetime, datetime], Certificate | FleetCertificate] | None
    cut_at: datetime | None
    made_at: datetime
    notes: tuple[Text, ...] = ()

    @property
    def verdicts(self) -> list[VerdictLine]:
        """The verdicts one by one: of each period, or of each account of a fleet, the worst on top. None where one
        verdict says all.
        """
        known = self.certificate
        if isinstance(known, FleetCertificate):
            ranked = sorted(known.accounts.items(), key=lambda one: -VERDICTS.index(one[1].worst))
            return [VerdictLine(one.badge, Text(name, name), one.sentence) for name, one in ranked]
        if len(known.periods) < 2:
            return []
        return [VerdictLine(part.badge, span_of((part.start, part.end)), part.told) for part in known.periods]

    @property
    def compared(self) -> Text | None:
        """With which days the key figures are compared, up to the verdict on those; None when nothing can be."""
        if self.before is None:
            return None
        said = Text("与上一期间相比：", "Compared with the period before, ")
        if self.cut_at is not None:
            at = beijing_text(self.cut_at)
            said = Text(
                f"本期的数据到 {at}，与上一期间的同样一段相比：",
                f"This period has data until {at} and is compared with as much of the one before, ",
            )
        span = span_of(self.before[0])
        return Text(f"{said.zh}{span.zh}，其数据：", f"{said.en}{span.en}; its data:")

    @property
    def tables(self) -> dict[str, Table]:
        """All tables by name, records first."""
        return {**self.records, **self.reports, "coverage": self.coverage}


@dataclass(frozen=True, kw_only=True)
class Leaving(Collection):
    """A collection as it may leave, every text of it masked once: pages and first sheets of workbooks are made of
    nothing else. What was selected stood there whole where each of their parts had to be masked by itself. Of records
    it holds the ids of meetings and when these began.

    Parameters
    ----------
    drawn
        The reports as pictures show them: whoever shares a mask apart, groups in their colours.
    privacy
        What a reader must know about how personal data was hidden.
    """

    drawn: dict[str, Report]
    privacy: Text

    @classmethod
    def of(cls, collected: Collection, privacy: Privacy) -> Self:
        """Mask a collection."""
        both = {name: privacy.leaving(report) for name, report in collected.reports.items()}
        groups, before = _palette(*both["usage"]), collected.before
        begun = {name: one for name, one in collected.records.items() if name == "meetings"}
        told = privacy.masked(replace(collected.coverage, notes=collected.notes, certificate=collected.certificate))
        return cls(
            ask=replace(collected.ask, only=None, book=None),
            records={name: privacy.masked(replace(one, frame=one.arrow.select(_BEGUN))) for name, one in begun.items()},
            reports={name: shown for name, (shown, _) in both.items()},
            coverage=told,
            figures=collected.figures,
            period=collected.period,
            certificate=_told(told.certificate),
            before=before and (before[0], _told(privacy.masked(replace(told, certificate=before[1])).certificate)),
            cut_at=collected.cut_at,
            made_at=collected.made_at,
            notes=told.notes,
            drawn={name: pictured(shown, own, groups) for name, (shown, own) in both.items()},
            privacy=privacy.sentence,
        )


def _told(certificate: Any) -> Certificate | FleetCertificate:
    return certificate  # type: ignore[no-any-return]  # a table's may be anybody's, and stays of its kind


_BEGUN = ["meeting_id", "started_at"]


def _palette(usage: Report, own: Report) -> tuple[str, ...]:
    """Return the groups that have colours in all pictures and charts of a report, in the order of these: those with
    the most meetings (legs, of groups of legs), by what they are called where they are read. By their own numbers the
    colours would tell the order of what is hidden.
    """
    if "group" not in usage.arrow.column_names:
        return ()
    rows = kept_apart(usage.arrow, own.arrow)
    (figure, *_), *_ = usage_figures(rows.column_names)
    back = dict(zip(rows["group"].to_pylist(), own.arrow["group"].to_pylist(), strict=True))
    return tuple(back[one] for one in with_colours(rows.select(["group", figure]).to_pydict(), figure))


def span_of(period: tuple[datetime, datetime] | None) -> Text:
    """Return a half-open period in words, in days where its edges are midnights."""
    if period is None:
        return Text("此期间没有会议", "no meetings in this period")
    edges = [instant.astimezone(BEIJING) for instant in period]
    form = "%Y-%m-%d" if all(edge.time() == time() for edge in edges) else "%Y-%m-%d %H:%M:%S"
    start, end = (edge.strftime(form) for edge in edges)
    return Text(f"{start} 至 {end}（不含）", f"{start} to {end} (not included)")


def collect(
    archive: Archive | Fleet, ask: Ask, *, without: Container[str] = (), step: Callable[[str], None] = lambda _: None
) -> Collection:
    """Make all reports of an archive, and the records they stand on; or of a fleet, all accounts added up.

    Parameters
    ----------
    archive
        The archive, or the fleet: of that there are no records, which stay with their archives.
    ask
        Period, granularity, tariff, lines.
    without
        Names of reports that nobody will see, and that are not made.
    step
        Called with the name of each table before it is made.

    Raises
    ------
    NotAnArchiveError
        There is no archive: check the path.
    UsageError
        The period is empty, or nothing can be read of any account.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> from ytxdata.metrics.registry import Ask
    >>> from ytxdata.pages.collection import collect
    >>> from ytxdata.times import as_instant
    >>> asked = Ask(start=as_instant("2024-03"), end=as_instant("2024-04"))
    >>> list(collect(archive, asked).reports)[:3]
    ['usage', 'heatmap', 'working_hours']
    """
    still = archive.still()
    names: list[Text] = []
    ends = persons = NO_ENDS
    if isinstance(still, Archive):
        if (snapshot := still.snapshot()) is None:
            raise no_archive(still.path)
        names = names_chosen(snapshot.aliases)
        # a title of one month tells what is masked in the report of another, and a text who had a name by then
        ends, persons = ends_kept(snapshot), persons_kept(snapshot)
    elif not still.readable:
        raise no_accounts()
    # the period, and the one it is compared with, wherever that is cut
    compared = ask.before(now())
    chosen = ask.of(still)
    source = resolve(around(chosen, compared.start if compared else ask.start, ask.end))
    reports: dict[str, Report] = {}
    for name, entry in REPORTS.items():
        if entry.is_possible(ask) and name not in without:
            step(name)
            reports[name] = make(name, source, ask)
    period = reports["usage"].period
    certificate = still.certificate(ask.start, ask.end)
    step("records")
    records: dict[str, Table] = {}
    secret = None
    if isinstance(still, Archive):
        # by the meeting and not by its id: of a room that keeps its own, people of other meetings would be handed on
        own = to_arrow(source.meetings.select(obs="id").to_native()) if ask.only else None
        records = {name: _records(still, name, ask, certificate, reports["usage"], own) for name in RECORDS}
        notes, secret = (*names, *_nothing(still, ask, records["meetings"])), still.secret
    else:
        empty = (_NOTHING_SELECTED,) if ask.only and not reports["usage"].arrow.num_rows else ()
        notes = (*still.names_chosen, *empty)
    coverage = record_table(certificate.frame, "coverage", period=period, certificate=certificate, secret=secret)
    if ACCOUNT in certificate.frame.columns:
        coverage = replace(
            coverage, definitions=(*define(ACCOUNT, accounts=source.accounts or ()), *coverage.definitions)
        )
    coverage = replace(coverage, ends=ends, persons=persons)
    coverage, *told = sharing_ends([coverage, *records.values(), *reports.values()])
    shared: dict[str, Any] = dict(zip((*records, *reports), told, strict=True))
    step("figures")
    last = instant_of(source.known_spans.last)
    earlier = ask.before(last)
    before = None
    if earlier is not None and earlier.start is not None and earlier.end is not None:
        span = (earlier.start, earlier.end)
        before = (span, still.certificate(*span))
        notes += source.known_spans.note([span, (ask.start or last, ask.end or last)])
    return Collection(
        ask=ask,
        records={name: shared[name] for name in records},
        reports={name: shared[name] for name in reports},
        coverage=coverage,
        figures=key_figures(source, ask, earlier, chosen),
        period=period,
        certificate=certificate,
        before=before,
        cut_at=last if before is not None and (ask.end is None or last < ask.end) else None,
        made_at=now(),
        notes=notes,
    )


_NOTHING_SELECTED = Text(
    "警告：所选期间没有符合 --only 条件的会议，下列各表为空；完整性结论说的是全部会议，不是所选",
    "warning: no meeting of the period is selected by --only, so the tables are empty; what is said of completeness is about all meetings, not these",
)
_NOTHING_THERE = Text(
    "警告：存档中的会议从 {first} 到 {last}，所选期间没有会议，下列各表为空",
    "warning: the meetings of this archive are from {first} to {last}, none of the period asked for, so the tables are empty",
)
_NEVER_ANY = Text("警告：存档中还没有任何会议，下列各表为空", "warning: there is no meeting in this archive yet, so the tables are empty")  # fmt: skip


def _nothing(archive: Archive, ask: Ask, meetings: Table) -> tuple[Text, ...]:
    """Return the warning that there is no meeting: a number mistyped reads like nobody having met, and so does a
    period of before the archive.
    """
    if meetings.arrow.num_rows:
        return ()
    if ask.only:
        return (_NOTHING_SELECTED,)
    known = archive.meetings()["started_at"].dropna()
    edges = {} if known.empty else {"first": f"{known.min():%Y-%m-%d}", "last": f"{known.max():%Y-%m-%d}"}
    return (_NOTHING_THERE.format(**edges) if edges else _NEVER_ANY,)


_REJECTS = Text("拒收的记录没有可靠的时间：不分期间，全部列出", "rejected records have no time to rely on: all are listed, whatever the period")  # fmt: skip
_REJECTS_LEFT_OUT = Text("拒收的记录有 {n} 条，无从得知是否属于所选会议，未列出", "{n} rejected records are not listed: nothing tells whether they are of the meetings selected")  # fmt: skip


def _records(
    archive: Archive, name: TableName, ask: Ask, certificate: Completeness, usage: Report, chosen: pa.Table | None
) -> Table:
    if name == "rejects":
        frame, note = archive.rejects(), _REJECTS
        if chosen is not None:  # whose they are nobody knows: they would tell of everybody
            frame, note = frame[:0], _REJECTS_LEFT_OUT.format(n=len(frame))
        return record_table(frame, name, certificate=certificate, notes=(note,), secret=archive.secret)
    start, end = period_of(ask.start, ask.end)
    frame = to_pandas(table(archive.snapshot(), name, start=start, end=end, chosen=chosen))
    gone = {key: told for key, told in usage.excluded.items() if key == "no_start" and (start or end)}
    return record_table(frame, name, period=usage.period, certificate=certificate, excluded=gone, secret=archive.secret)
