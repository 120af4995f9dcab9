"""Months that were counted before: rows by day or month, kept beside the archive by what they were counted from.

The law: a report made of kept months is equal, to the last bit, to one that is counted afresh. It holds because

- a row of these reports is a period inside of a month, and all it says follows from the meetings of which anything lies
  in that month, each with all its parties. Of these an archive has a mark *by value* (`KeptMonths.marks`). A month of
  the same mark has the same numbers, whichever files hold it and however often it was synced or rebuilt meanwhile: no
  month has to be declared over, and one that changes ten years later is counted anew.
- what else the numbers hang on is in the name they are kept under: the report, all it was asked, which numbers are the
  account's own, and the code that counts, by content.
- what is left out is kept by month only where months add up to what the report says of it. Certificate, coverage and
  notes are made afresh each time; where what is said beside the rows is not what was said when they were kept, or
  anything else is in doubt, all is counted.

The newest month is always counted, and so is all from the first whose mark has changed. What is kept is sealed with a
key of the archive. Packs, audits and explanations count for themselves (`cache=False`).
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.metrics.breakdown import partial_columns
from ytxdata.metrics.calendar import bounds, date_of
from ytxdata.metrics.definitions import REASONS
from ytxdata.metrics.facts import Scope, facts, outcome
from ytxdata.metrics.in_memory import FEW
from ytxdata.metrics.report import PARTIAL, TRACED, Report
from ytxdata.metrics.sums import Lazy
from ytxdata.metrics.tariff import Tariff
from ytxdata.records.schema import to_pandas
from ytxdata.tables.described import to_arrow
from ytxdata.times import BEIJING, instant_of
from ytxdata.version import __version__

OF_MONTHS = ("usage", "working_hours", "concurrency", "peak_stretches", "cost")
"""Reports whose rows follow from their month alone."""

_OF_NO_MONTH = {"no_start", "not_ended"}
"""Reasons of meetings that lie in no month: every report counts them of all there is."""

_PLAIN = (str, int, float, Decimal, date, type(None))


class Months(NamedTuple):
    """What is kept: the `rows` of all months without what is said of coverage; month → `marks` of what they were
    counted from; month → how many were `left_out`, by reason, beside the `first` and the `last` second of a meeting;
    and a hash of what was `said` beside the rows, and of their types.
    """

    rows: pa.Table
    marks: Mapping[str, str]
    left_out: Mapping[str, Mapping[str, int]]
    said: str

    def to_bytes(self) -> bytes:
        """Return them as Arrow IPC."""
        told = json.dumps({"marks": self.marks, "left_out": self.left_out, "said": self.said})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.rows.schema.with_metadata({"told": told})) as stream:
            stream.write_table(self.rows)
        return bytes(sink.getvalue())

    @classmethod
    def of(cls, content: bytes) -> Months:
        """Read them; the bytes are those that were sealed."""
        rows = pa.ipc.open_stream(content).read_all()
        return cls(rows.replace_schema_metadata(), **json.loads(rows.schema.metadata[b"told"]))

    def before(self, month: str) -> Months:
        """Return those of earlier months."""
        rows = self.rows.filter(pc.less(pc.utf8_slice_codeunits(self.rows["period"], 0, 7), month))
        marks = {key: mark for key, mark in self.marks.items() if key < month}
        left_out = {key: sums for key, sums in self.left_out.items() if key < month}
        return self._replace(rows=rows, marks=marks, left_out=left_out)

    def behind(self, earlier: Months) -> Months:
        """Return these behind some earlier ones."""
        rows = pa.concat_tables([earlier.rows, self.rows])
        marks, left_out = {**earlier.marks, **self.marks}, {**earlier.left_out, **self.left_out}
        return self._replace(rows=rows, marks=marks, left_out=left_out)


def from_months(metric: Callable[..., Report], asked: inspect.BoundArguments) -> Report | None:
    """Return the report of all of an archive, of which months that were counted before are not counted again; None
    where none are kept: the report is about less, its rows are no periods, or the archive is small.
    """
    archive, given = _taken(metric, asked)
    if archive is None or (code := _code()) is None:
        return None
    still = archive.still()
    beside = still.kept_months()
    if beside is None or beside.n_stored <= FEW:  # counting it takes no longer than looking
        return None
    whole, marks = still.around(None, None), beside.marks()
    asking = repr((metric.__name__, given, marks.shown, code))
    question = hashlib.sha256(asking.encode()).hexdigest()[:32]
    content = beside.kept(question)
    kept = None if content is None else Months.of(content)
    begin = None if kept is None else _first_to_count(marks.months, kept.marks)
    if kept is not None and begin is not None:
        start = datetime.fromisoformat(f"{begin}-01").replace(tzinfo=BEIJING)
        part = metric(still.around(start, None), **{**given, "start": start})
        newest = _months_of(part, marks.months, start, given)
        if newest is not None and newest.said == kept.said:
            months = newest.behind(kept.before(begin))
            if months.marks != kept.marks:
                beside.keep(question, months.to_bytes())
            return _put_together(part, months, given, lambda: metric(whole, **given))
        beside.forget(question)
    report = metric(whole, **given)
    all_months = _months_of(report, marks.months, None, given)
    if all_months is not None:
        beside.keep(question, all_months.to_bytes())
    return report


def _taken(metric: Callable[..., Report], asked: inspect.BoundArguments) -> tuple[Any, dict[str, Any]]:
    """Return the archive, and what else is asked; without an archive if it is nothing that months are kept of."""
    asked.apply_defaults()
    (_, source), *rest = asked.arguments.items()
    given = {name: value for name, value in rest if name != "_where"}
    if isinstance(given.get("tariff"), str | Path):
        given["tariff"] = Tariff.load(given["tariff"])
    is_whole = given.get("start") is None and given.get("end") is None and given.get("group") is None
    is_ours = metric.__module__.startswith("ytxdata.") and metric.__name__ in OF_MONTHS
    is_by_month = given.get("by") in ("day", "month") and given.get("definitions", "ours") == "ours"
    is_plain = all(
        # of a class of somebody's own nobody knows by its words what it counts
        isinstance(one, _PLAIN) or type(one) is Tariff
        for value in given.values()
        for one in (value if isinstance(value, tuple | list) else (value,))
    )
    is_known = is_ours and is_whole and is_by_month and is_plain and hasattr(source, "snapshot")
    return (source if is_known else None), given


_COUNTED_WITH = ("duckdb", "narwhals", "pandas", "chinesecalendar", "phonenumbers")
"""Libraries whose next version may count otherwise: some numbers of the world changed their class between two of
`phonenumbers`.
"""


@cache
def _code() -> str | None:
    """Return what the code says that counts: between two releases it may say otherwise, by the same version. None
    where it is installed without its text.
    """
    package = Path(__file__).parent.parent
    files = (*sorted(package.glob("metrics/*.py")), package / "phones.py", package / "records" / "numbers.py")
    try:
        told = hashlib.sha256(b"\n".join(path.read_bytes() for path in files)).hexdigest()
        return f"{__version__} {told} {[version(name) for name in _COUNTED_WITH]}"
    except (OSError, PackageNotFoundError):
        return None


def _first_to_count(marks: Mapping[str, str], kept: Mapping[str, str]) -> str | None:
    """Return the first month to count; None for all, also where a part would cost as much."""
    # also of months that have no mark any more: whose last meeting begins elsewhere now, it would be counted twice
    months = sorted({*marks, *kept})
    same = next((n for n, month in enumerate(months) if marks.get(month) != kept.get(month)), len(months))
    same = min(same, len(months) - 1)
    return months[same] if same * 2 > len(months) else None


def _months_of(
    report: Report, marks: Mapping[str, str], start: datetime | None, given: Mapping[str, Any]
) -> Months | None:
    """Return what is to be kept of a report; None where months do not add up to it."""
    assert report.source is not None  # it was made a moment ago
    scope = Scope.of(start, None, given.get("min_parties", 1), given.get("day_of", "starts"))
    found = outcome(facts(report.source, scope))
    rows = report.arrow.drop_columns(list(PARTIAL))
    reasons = report.excluded.keys() - _OF_NO_MONTH
    left_out: dict[str, dict[str, int]] = {}
    for one in found.by_day:
        sums = left_out.setdefault(date_of(one["day"]).isoformat()[:7], {"first": one["first"], "last": one["last"]})
        sums |= {"first": min(sums["first"], one["first"]), "last": max(sums["last"], one["last"])}
        sums |= {name: sums.get(name, 0) + n for name, n in one.items() if name in reasons and n}
    told = {reason: sum(sums.get(reason, 0) for sums in left_out.values()) for reason in reasons}
    occurring = left_out.keys() | {period[:7] for period in rows["period"].to_pylist()}
    if told != {reason: report.excluded[reason][1] for reason in reasons} or not occurring <= marks.keys():
        return None
    begun = {month: mark for month, mark in marks.items() if start is None or month >= f"{start:%Y-%m}"}
    said = hashlib.sha256(repr((report.title, report.notes, report.definitions, rows.schema)).encode()).hexdigest()
    return Months(rows, begun, left_out, said)


def _put_together(part: Report, months: Months, given: Mapping[str, Any], again: Callable[[], Report]) -> Report:
    """Return the report of all months, which looks like that of the last of them."""
    source = part.source
    assert source is not None  # it was made of an archive a moment ago
    assert callable(source.certificate)
    whole = cache(again)

    def trace(cells: Mapping[str, Any], column: str | None) -> Lazy:
        report = whole()
        assert report.trace is not None
        records = report.trace(cells, column).select(*TRACED, "at")
        return source.engine.small(to_arrow(records.to_native()))

    ever = (None, None)
    shares = [
        source.known_spans.share(bounds(period, given["by"]) or ever, ever)
        for period in months.rows["period"].to_pylist()
    ]
    rows = months.rows
    for name, values in partial_columns(shares).items():
        rows = rows.append_column(name, values)
    seconds = [one[edge] for one in months.left_out.values() for edge in ("first", "last")]
    sums = {reason: n for reason, (_, n) in part.excluded.items() if reason in _OF_NO_MONTH}
    sums |= {
        reason: sum(one.get(reason, 0) for one in months.left_out.values()) for reason in REASONS if reason not in sums
    }
    return replace(
        part,
        frame=to_pandas(rows),
        certificate=source.certificate(None, None),
        period=(instant_of(min(seconds)), instant_of(max(seconds) + 1)) if seconds else None,
        excluded={reason: (REASONS[reason], n) for reason, n in sums.items() if n},
        trace=trace,
    )
