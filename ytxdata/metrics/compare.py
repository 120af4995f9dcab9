"""One period against another: what changed, by how much, and which groups drove it, adding up to the change exactly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import partial
from inspect import signature
from types import MappingProxyType
from typing import Any, NamedTuple

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.calendar import Against, Workdays, span_of, until
from ytxdata.metrics.concurrency import peak_stretches
from ytxdata.metrics.definitions import DEFINITIONS, accrues, adds_up, define, is_zero_of_nothing
from ytxdata.metrics.facts import Scope, facts, touching
from ytxdata.metrics.groups import Book, Group, resolve
from ytxdata.metrics.ids import MARK, inside, with_account
from ytxdata.metrics.report import PARTIAL, TRACED, Report, excluded_of, more_than, remembering
from ytxdata.metrics.source import ReportSource, Source, begin_of, on_engine
from ytxdata.metrics.sums import Lazy
from ytxdata.metrics.tariff import DECIMALS, rounded
from ytxdata.times import Instant, beijing_text, instant_of

FIGURES = ("figure", "now", "before", "change", "change_pct", "per_workday_pct")
DRIVERS = ("figure", "group", "now", "before", "change", "of_change_pct")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ComparedReport(Report):
    """What changed between two periods; one row is a figure of the report that was compared.

    Parameters
    ----------
    now, before
        The report of each period, in total.
    spans
        The two periods `[start, end)`, the later first.
    drivers
        The groups behind the change of each figure that adds up: `figure group now before change of_change_pct`, the
        largest change first; each of `now`, `before` and `change` adds up to that of the figure exactly, and is null
        where that is. None when the report has no groups.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> found = ytx.metrics.compare(ytx.metrics.usage, history, "2025-03", group="creator")
    >>> found.drivers.arrow.num_rows > 0
    True
    """

    now: Report | None = None
    before: Report | None = None
    spans: tuple[tuple[datetime, datetime], tuple[datetime, datetime]] | None = None
    drivers: Report | None = None


class Side(NamedTuple):
    """One period of what is compared: a report of it in total, and by group; whether it lies in what was pulled; and,
    where no meeting began in it, what was still running: figure → value, None where that is unknown.
    """

    total: Report
    is_known: bool
    running: Mapping[str, int | None] = MappingProxyType({})
    groups: Report | None = None

    @classmethod
    def of(
        cls, source: Source, total: Report, span: tuple[datetime | None, datetime | None], begin: datetime | None,
        *, min_parties: int = 1, groups: Report | None = None,
    ) -> Side:  # fmt: skip
        """Return a period `[start, end)` of data that begins at some instant (see `begin_of`); an edge that is None is
        where the data begins or ends.
        """
        start, end = span
        is_known = begin is not None and (end is None or end > begin)
        is_known = is_known and (start is None or start < instant_of(source.known_spans.last))
        needs = is_known and not total.arrow.num_rows and "peak_legs" in total.arrow.column_names
        return cls(total, is_known, _running(source, start, end, min_parties) if needs else {}, groups)

    def value(self, key: str) -> int | float | Decimal | None:
        """Return a figure. Where no meeting began there is no row, and yet its counts, minutes and money are known to
        be 0, and its peaks what they were.
        """
        if self.total.arrow.num_rows:
            cell: int | float | Decimal | None = self.total.arrow[key][0].as_py()
            return cell
        if not self.is_known:
            return None
        if key in self.running:
            return self.running[key]
        # a figure that lacks what it is counted by (`lines=None`) is unknown in every period
        if None in self.total.definition(key).parameters.values() or not is_zero_of_nothing(key):
            return None
        zero: int | float | Decimal = pa.scalar(0, self.total.arrow.schema.field(key).type).as_py()
        return zero

    def exact(self, key: str) -> Fraction | None:
        """Return the exact value of a figure to compare with; of a period that nothing was pulled of, none."""
        value = self.value(key) if self.is_known else None
        return None if value is None else _exact(value, self.total, key)

    def by_group(self, key: str) -> dict[str, Fraction] | None:
        """Return group → exact value of a figure; None where groups have none: what meetings are is not of groups of
        legs.
        """
        if self.groups is None or key not in self.groups.arrow.column_names:
            return None
        rows = self.groups.arrow.to_pylist() if self.is_known else []
        # a number of two accounts is two groups
        return {
            inside(row, ("group",)).get("group", ""): _exact(row[key], self.groups, key)
            for row in rows
            if row[key] is not None
        }


def _running(source: Source, start: datetime | None, end: datetime | None, min_parties: int) -> dict[str, int | None]:
    """Return the peaks of a period in which no meeting began, and in how many stretches they were reached: who began
    before may be at their peak in it.
    """
    reached: dict[str, list[int]] = {}
    for row in peak_stretches(source, start, end, "total", min_parties=min_parties).arrow.to_pylist():
        reached.setdefault(row["kind"], []).append(row["level"])
    found: dict[str, int | None] = {}
    for kind, levels in reached.items():
        found |= {f"peak_{kind}": max(levels), f"peak_{kind}_times": len(levels)}
    if "meetings" in reached and "legs" not in reached:
        meetings = touching(facts(source, Scope.of(start, end, min_parties=min_parties))).counted
        # either nobody was connected for a while, or who was is unknown
        if source.rows(meetings.select((~nw.col("is_known")).any().alias("is_unknown")))[0]["is_unknown"]:
            found |= dict.fromkeys(_OF_LEGS)
    return found


_OF_LEGS = ("peak_legs", "peak_legs_times", "busy_minutes", "minutes_above")
"""What goes by moments, and is unknown where nobody knows who was connected."""


@partial(remembering, source="source")
def compare(
    report: Callable[..., Report], source: ReportSource, period: str | tuple[Instant, Instant],
    against: Against | tuple[Instant, Instant] = "previous", *,
    group: Group | None = "creator", book: Book | None = None,
    holidays: Collection[date | str] = (), extra_workdays: Collection[date | str] = (), **asked: Any,
) -> ComparedReport:  # fmt: skip
    """Compare the figures of a report in one period with those in another, and say which groups drove the change.

    One row is a figure. Of a period that is not over yet, what is gone of it is compared with as much of the other one:
    a month, quarter or year to the same day and hour, a week to the same weekday.

    Parameters
    ----------
    report
        A report that goes by time: `metrics.usage`, `cost`, `working_hours`, `lonely`, `concentration`,
        `concurrency`, or one's own.
    source
        As in `usage`.
    period
        `2026-03`, `2026-Q1`, `2026`, `2026-W10`, `2026-03-05`, or two instants `(start, end)`.
    against
        `previous` (the month before a month, the quarter before a quarter, the week before a week; else as many days
        just before), `year_before` (an ISO week: that of the same number), or two instants.
    group, book
        Whose changes add up to the whole, as in `usage`; None for no drivers.
    holidays, extra_workdays
        As in `working_hours`, for changes per working day, and for the report itself where it takes them.
    asked
        What else the report is asked: `tariff=`, `min_parties=`, `engine=`, ….

    Returns
    -------
    ComparedReport
        `figure now before change change_pct per_workday_pct` (decimals of nine places; null where a figure is
        unknown; both percentages also where it was 0 before), in the order of the report; `.drivers` has the groups.
        Without meetings counts, minutes and costs are 0, means and shares null, peaks those of what still ran; of a
        period before the data begins or after it ends everything is null, in `.drivers` too, and a note says so.
        `explain(row)` leads to the records of both periods, `explain(row, "now")` and `explain(row, "before")` to
        those of one.

    Raises
    ------
    UsageError
        As in the report; or the period is none, has not begun, or the report does not go by time or has not one row
        of the whole.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> found = ytx.metrics.compare(ytx.metrics.usage, ytx.sample(), "2025-03")
    >>> changes = found.drivers.frame.groupby("figure")["change"].sum()
    >>> bool(changes["meetings"] == found.frame.set_index("figure")["change"]["meetings"])
    True
    """
    takes = signature(report).parameters
    if not {"start", "end", "by"} <= set(takes):
        raise _incomparable(report, Text("不按时段统计", "does not go by time"))
    if "group" in takes and takes["group"].default is not None:
        raise _incomparable(report, Text("只有各组的行，没有合计", "has rows of groups alone, none of the whole,"))
    where: Any = {key: asked.pop(key) for key in ("engine", "spark") if key in asked}
    source = on_engine(source, where)
    resolved = resolve(source, asked.get("day_of", "starts"))
    spans = _spans(resolved, period, against)
    by_group = None if group is None or "group" not in takes else {"group": group, "book": book}
    begin = begin_of(source, resolved)
    calendar = Workdays(holidays, extra_workdays)
    days = {"holidays": holidays, "extra_workdays": extra_workdays}
    asked |= {name: given for name, given in days.items() if given and name in takes}
    sides = []
    for start, end in spans:
        total = report(resolved, start=start, end=end, by="total", **asked)
        if total.arrow.num_rows > 1:  # which of them would be the figure?
            raise _incomparable(report, Text("一个时段有多行", "has several rows of one period"))
        groups = report(resolved, start=start, end=end, by="total", **by_group, **asked) if by_group else None
        least = asked.get("min_parties", 1)
        sides.append(Side.of(resolved, total, (start, end), begin, min_parties=least, groups=groups))
    # that it touches
    workdays = [
        calendar.count(start.date(), (end - timedelta.resolution).date() + timedelta(days=1)) for start, end in spans
    ]
    said = (
        *_not_asked(resolved, spans, sides, begin),
        *(note for span, side in zip(spans, sides, strict=True) for note in _not_whole(span, side, begin)),
        *resolved.known_spans.note(spans),
    )
    said += calendar.notes({edge.date() for span in spans for edge in span})
    return _comparison(resolved, spans, sides, workdays, said)


def _incomparable(report: Callable[..., Report], why: Text) -> UsageError:
    name = report.__name__
    return UsageError(
        Text(f"{name} {why.zh}，无法比较", f"{name} {why.en} and cannot be compared"),
        remedy=Text("例如 metrics.usage、cost、working_hours", "compare metrics.usage, cost or working_hours, for example"),
    )  # fmt: skip


def _spans(
    source: Source, period: str | tuple[Instant, Instant], against: Against | tuple[Instant, Instant]
) -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]]:
    start, end = span_of(period)
    last = instant_of(source.known_spans.last).astimezone(start.tzinfo)
    if last <= start:
        raise UsageError(
            Text(f"该时段尚未开始或尚未拉取：{period}", f"the period has not begun, or was not pulled yet: {period}"),
            remedy=Text(f"数据到 {beijing_text(last)} 为止", f"the data ends at {beijing_text(last)}"),
        )
    return until(start, end, last, against)


def _not_asked(
    source: Source, spans: Sequence[tuple[datetime, datetime]], sides: Sequence[Side], begin: datetime | None
) -> tuple[Text, ...]:
    if all(side.is_known for side in sides):
        return ()
    if begin is None:
        return (Text("没有任何数据：各项未知（空）", "there is no data at all: every figure is unknown (null)"),)
    last = beijing_text(instant_of(source.known_spans.last))
    zh, en = f"到 {last} 为止；在此之后", f"ends at {last}; of a period after that"
    if any(end <= begin for _, end in spans):
        zh, en = f"自 {beijing_text(begin)} 起；在此之前", f"begins at {beijing_text(begin)}; of a period before that"
    return (Text(f"数据{zh}的时段没有拉取，各项未知（空），不是 0", f"the data {en} nothing was pulled, and its figures are unknown (null), not 0"),)  # fmt: skip


def _not_whole(span: tuple[datetime, datetime], side: Side, begin: datetime | None) -> Iterator[Text]:
    """Yield that only a part of a period is there: a month of which the archive has ten days had grown by 200 % in the
    next, under the verdict of that one.
    """
    told, at = _span(span), beijing_text(begin)
    said = Text("警告：{zh}；变化可能仅由此而来", "warning: {en}; what changed may be that alone")
    if begin is not None and span[0] < begin < span[1]:
        yield said.format(zh=f"{told} 的数据自 {at} 才开始", en=f"of {told} there is data from {at} only")
    elif side.is_known and side.total.certificate is not None and side.total.certificate.worst == "GAP":
        yield said.format(zh=f"{told} 的数据有缺口", en=f"the data of {told} has a gap")


def _comparison(
    source: Source, spans: Any, sides: Sequence[Side], workdays: Sequence[int], said: tuple[Text, ...]
) -> ComparedReport:
    now, before = sides
    rows: list[dict[str, Any]] = []
    drivers: list[dict[str, Any]] = []
    for key in now.total.arrow.column_names:
        if key in PARTIAL or not _is_number(now.total.arrow.schema.field(key).type):
            continue
        values = [side.exact(key) for side in sides]
        shown = [_decimal(value) for value in values]
        # a mean, a share or a peak is none of so many days: a median of 4 in both months had fallen by 5 %
        daily = [
            None if value is None or not days or not accrues(key) else value / days
            for value, days in zip(values, workdays, strict=True)
        ]
        rows.append({
            "figure": key, "now": shown[0], "before": shown[1],
            "change": None if shown[0] is None or shown[1] is None else shown[0] - shown[1],
            "change_pct": _growth(*values), "per_workday_pct": _growth(*daily),
        })  # fmt: skip
        groups = [found for side in sides if adds_up(key) and (found := side.by_group(key)) is not None]
        if len(groups) == len(sides):
            drivers += _drivers(key, groups, values)
    notes = (
        Text(
            f"{_span(spans[0])}（{workdays[0]} 个工作日）与 {_span(spans[1])}（{workdays[1]} 个工作日）比较，北京时间，不含止日",
            f"{_span(spans[0])} ({workdays[0]} working days) against {_span(spans[1])} ({workdays[1]} working days), Beijing time, ends not included",
        ),
        *said,
        *(note for note in (now.groups or now.total).notes),
    )
    title = Text(f"{now.total.title.zh}：比较", f"{now.total.title.en}: compared")
    made = _report(source, f"compare_{now.total.name}", title, FIGURES, rows, notes, [side.total for side in sides])
    led = None
    if now.groups is not None:
        title = Text(f"{now.total.title.zh}：变化来自", f"{now.total.title.en}: what drove the change")
        groups_of = [side.groups for side in sides if side.groups is not None]
        led = _report(source, f"drivers_{now.total.name}", title, DRIVERS, drivers, notes, groups_of)
        unit = now.groups.definition("group")
        led = replace(led, definitions=tuple(unit if one.key == "group" else one for one in led.definitions))
    return more_than(made, ComparedReport, now=now.total, before=before.total, spans=spans, drivers=led)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _exact(value: float | Decimal, report: Report, key: str) -> Fraction:
    """Return a figure exactly; minutes are the whole seconds they were divided from."""
    return Fraction(round(value * 60), 60) if report.definition(key).unit == "min" else Fraction(value)


def _drivers(
    key: str, groups: Sequence[Mapping[str, Fraction]], totals: Sequence[Fraction | None]
) -> list[dict[str, Any]]:
    """Return the groups of one figure, the largest change first. Nothing was there is a change from 0; where the
    figure is unknown, so is it for every group.
    """
    names = sorted({name for side in groups for name in side})
    sides = [[side.get(name, Fraction(0)) for name in names] for side in groups]
    for parts, total in zip(sides, totals, strict=True):
        assert total is None or sum(parts, Fraction(0)) == total, f"groups of {key} do not add up"
    change = None if totals[0] is None or totals[1] is None else totals[0] - totals[1]
    # each side is rounded to add up to the whole of that side; so then do the differences, and every row is a
    # subtraction
    later, earlier = (
        [None] * len(names) if total is None else rounded(parts, DECIMALS)
        for parts, total in zip(sides, totals, strict=True)
    )
    found = [
        {
            "figure": key, "group": name, "now": one, "before": other,
            "change": None if one is None or other is None else one - other,
            "of_change_pct": float((exact - was) * 100 / change) if change else None,
        }
        for name, one, other, exact, was in zip(names, later, earlier, *sides, strict=True)
    ]  # fmt: skip
    return sorted(found, key=lambda row: (*(_size(row[one]) for one in _SIZES), row["group"]))


_SIZES = ("change", "now", "before")
"""By what drivers are sorted: the change, or what is known of it."""


def _size(value: Decimal | None) -> tuple[Decimal, Decimal]:
    return (Decimal(0), Decimal(0)) if value is None else (-abs(value), value)


def _decimal(value: Fraction | None) -> Decimal | None:
    if value is None:
        return None
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-DECIMALS), ROUND_HALF_EVEN)


def _growth(now: Fraction | None, before: Fraction | None) -> float | None:
    return None if now is None or not before else float((now - before) * 100 / before)


def _span(span: tuple[datetime, datetime]) -> str:
    return " – ".join(beijing_text(edge).removesuffix(" 00:00:00") for edge in span)


def _report(
    source: Source, name: str, title: Text, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]],
    notes: tuple[Text, ...], reports: Sequence[Report],
) -> Report:  # fmt: skip
    exact = [column for column in columns if column in ("now", "before", "change")]
    table = pa.table({
        "place": pa.array(range(len(rows)), pa.int64()),
        **{
            column: pa.array(
                [None if row[column] is None else str(row[column]) if column in exact else row[column] for row in rows],
                pa.float64() if column.endswith("_pct") else pa.string(),
            )
            for column in columns
        },
    })  # fmt: skip
    frame = source.engine.small(table).with_columns(nw.col(one).cast(nw.Decimal(38, DECIMALS)) for one in exact)
    own = ("group",) if any(MARK in row.get("group", "") for row in rows) else ()
    frame, columns = with_account(frame, columns, own)
    known = {one.key: one for report in reports for one in report.definitions}

    def trace(row: Mapping[str, Any], column: str | None) -> Lazy:
        wanted = {"now": reports[:1], "before": reports[1:]}.get(column or "", reports)
        cells = {"period": "total", **row}
        found = [report.trace(cells, row["figure"]) for report in wanted if report.trace is not None]
        return nw.concat([one.select(*TRACED, "at") for one in found])

    return Report(
        frame=source.finish(frame.sort("place").select(*columns)),
        name=name,
        title=title,
        definitions=(
            *define(*columns),
            *(known.get(row["figure"], DEFINITIONS[row["figure"]]) for row in rows if "group" not in row),
        ),
        notes=notes,
        period=reports[0].period,
        excluded=excluded_of(reports),
        certificate=reports[0].certificate,
        source=source,
        trace=trace,
        order=("figure", *_SIZES, "group"),
    )
