"""What an earlier report hid: which of its rows, of when and of whom, and what a later one must not tell for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ytxdata.errors import UsageError
from ytxdata.files import json_of, read_plain
from ytxdata.labels import Text
from ytxdata.metrics.calendar import counterpart
from ytxdata.metrics.registry import REPORTS
from ytxdata.metrics.report import Report
from ytxdata.pages.collection import RECORDS
from ytxdata.plots.over_time import Span, spans
from ytxdata.selection import SELECTED
from ytxdata.tables.csv import read_csv
from ytxdata.tables.described import Described, about_path
from ytxdata.tables.masking import Privacy
from ytxdata.tables.suppression import ROW_NAMES, Key
from ytxdata.times import BEIJING

KEYS = ("period", "group")
"""Columns that name the rows of a breakdown; tables with the same ones are hidden together, for their figures are sums of each other."""

PAGES = ("report.html", "report.pdf", "report.xlsx", "02_usage_report.html")
"""What people open first, and what an earlier report, without this rule, may have left where this one is written."""

EVER: Span = (datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001  wall time, as rows have it
"""Where a time begins and ends of which nobody said so."""

Group = tuple[tuple[str, str], str]
"""What groups are called, and one of them."""


class ReportRow(NamedTuple):
    """A row of a report: from when to when it is (None: for ever), of which group (None: of all), and what the groups
    are. Of an earlier report also what time that is about, and of a row it hid, whether other groups hide it within its
    own period: a row of that period is shown, so that hiding ended before nothing was left, or the report was about
    that period alone, and was made. Then the total of the period is no secret.
    """

    span: Span | None
    group: str | None
    groups: tuple[str, str]
    whole: Span | None = None
    is_covered: bool = False


class Earlier(NamedTuple):
    """An earlier report: the rows it hid, and those it showed; what time it is about, and what it was compared with;
    which meetings it counts, and of which accounts, in words as they left; and where it lies.
    """

    hidden: list[ReportRow]
    shown: list[ReportRow]
    whole: Span | None
    compared: Span | None
    only: frozenset[str]
    place: str = ""

    @property
    def spans(self) -> set[Span | None]:
        """Of which times it told a figure."""
        return {row.span for row in (*self.hidden, *self.shown)} | ({self.compared} if self.compared else set())

    def tells_of(self, span: Span | None) -> bool:
        """Tell whether it told a figure of any part of a time."""
        return any(touch(span, one) for one in (self.whole, *self.spans))


def read_earlier(folder: Path, names: Iterable[str]) -> Earlier:
    """Return what an earlier report told."""
    tables = {name: path for name in names if (path := folder / f"{name}.csv").is_file()}
    if not tables:
        raise UsageError(
            Text(f"{folder} 中没有此前的报告（CSV）", f"there is no earlier report (CSV) in {folder}"),
            remedy=Text("给出此前 report --format csv 的目录", "give the directory of an earlier report --format csv"),
        )
    frames = {path: read_csv(path) for path in tables.values()}
    keys = max(([key for key in KEYS if key in frame] for frame in frames.values()), key=len)
    hidden: dict[ReportRow, None] = {}
    shown: dict[ReportRow, None] = {}
    whole, compared, only = None, None, frozenset[str]()
    for path, frame in frames.items():
        told = json_of(read_plain(about_path(path)))
        words = next(((one["zh"], one["en"]) for one in told["columns"] if one["key"] == "group"), ("", ""))
        edges = told["period"] and tuple(datetime.fromisoformat(told["period"][edge]) for edge in ("start", "end"))
        about = None if edges is None else (_wall(edges[0]), _wall(edges[1]))
        whole, compared = about or whole, compared if edges is None else compared_with(*edges)
        only |= selection_in(note["en"] for note in told["notes"])
        if [key for key in KEYS if key in frame] != keys:
            continue  # groups in total are sums of the rows of the others, and hidden where one of these is
        rows = [
            (one._replace(whole=about), is_blank)
            for one, is_blank in zip(_rows(frame, edges, words), _is_blank(frame), strict=True)
        ]
        spans_shown = {row.span for row, is_blank in rows if not is_blank and row.group is not None}
        hidden |= dict.fromkeys(
            row._replace(is_covered=row.span in spans_shown or row.span == about) for row, is_blank in rows if is_blank
        )
        shown |= dict.fromkeys(row for row, is_blank in rows if not is_blank)
    return Earlier(list(hidden), list(shown), whole, compared, only, str(folder))


def compared_with(start: datetime, end: datetime) -> Span:
    """Return the period that one was compared with, on a page that its tables do not show."""
    first, last = counterpart(start, end)
    return _wall(first), _wall(last)


def selection_in(notes: Iterable[str]) -> frozenset[str]:
    """Return what notes say of the meetings, and the accounts of a fleet, that alone were counted."""
    return frozenset(note for note in notes if note.startswith(SELECTED))


def selection_of(report: Report, privacy: Privacy) -> frozenset[str]:
    """Return what a report says of the meetings that alone were counted, as it leaves: so earlier ones say it."""
    told = privacy.masked(replace(report, frame=report.arrow.slice(0, 0)))
    return selection_in(note.en for note in told.notes)


def _is_blank(frame: pd.DataFrame) -> list[bool]:
    figures = frame.select_dtypes("number").drop(columns=[*ROW_NAMES], errors="ignore")
    blank: list[bool] = figures.isna().all(axis=1).tolist()
    return [False] * len(frame) if figures.empty else blank


def _rows(frame: pd.DataFrame, edges: tuple[datetime, datetime] | None, groups: tuple[str, str]) -> list[ReportRow]:
    """Return when each row of a table is, and of whom."""
    whole: Span | None = None if edges is None else (_wall(edges[0]), _wall(edges[1]))
    dated: Sequence[Span | None] = [whole] * len(frame)
    if "period" in frame:
        periods = frame["period"].astype(str).tolist()
        # twice, for one Monday alone would be taken for a day: as a week it hides more
        dated = [_cut(one, whole) for one in (spans([*periods, *periods]) or dated)[: len(frame)]]
    labels = frame["group"].astype(str).tolist() if "group" in frame else [None] * len(frame)
    named = groups if "group" in frame else ("", "")
    return [ReportRow(span, label, named) for span, label in zip(dated, labels, strict=True)]


def _cut(span: Span | None, whole: Span | None) -> Span | None:
    """Return of a period what a report is about: its first week may have begun before."""
    return span and whole and (max(span[0], whole[0]), min(span[1], whole[1]))


def _wall(instant: datetime) -> datetime:
    return instant.astimezone(BEIJING).replace(tzinfo=None)


class ToldBefore(NamedTuple):
    """What earlier reports told of a row: that it was shown, that it was hidden among others of its period (which hide
    it again), that it shares time, and people, with another row that was hidden: a part of it, or of what it is part.
    """

    is_shown: bool
    is_hidden: bool
    is_shared: bool


def told_before(rows: Iterable[ReportRow], earlier: Sequence[Earlier]) -> list[ToldBefore]:
    """Tell of each row what earlier reports told."""
    hidden = [row for one in earlier for row in one.hidden]
    shown = {row[:3] for one in earlier for row in one.shown}
    # months that hid each other do so again: a report is refused that does not hold all of them
    covered = {row[:3] for row in hidden if row.is_covered or row.group is None}
    rest = [row for row in hidden if row[:3] not in covered]
    return [
        ToldBefore(
            row[:3] in shown - covered,
            row[:3] in covered,
            any(_share(row, one) for one in (rest if row[:3] in covered else hidden)),
        )
        for row in rows
    ]


def tells_of_them(
    start: datetime | None, end: datetime | None, before: Sequence[ReportRow], groups: Collection[Group] = ()
) -> bool:
    """Tell whether what is said of a whole time, such as its number of meetings, is news of rows that were hidden; an
    edge that is None is where all that was ever read begins or ends.

    What cuts a row tells a part of it. What all that a report hid lies in says no more of it than the report's own
    total; a time with some of it, less what was shown, is what the others were, but for those that other groups hide
    within their own period. So is what some of the groups were: nobody can see whether a report without a group's row
    is about all of them or about one account, one department, so that all must be among its `groups`.
    """
    first, last = (ever if edge is None else _wall(edge) for edge, ever in zip((start, end), EVER, strict=True))
    near = [one for one in before if touch(one.span, (first, last))]
    if any((one.groups, one.group) not in groups for one in near if one.group is not None):
        return True
    reports = {one.whole for one in near}
    alone = (one for one in before if not one.is_covered and one.whole in reports)
    return not all(one.span and first <= one.span[0] and one.span[1] <= last for one in (*near, *alone))


def are_comparable(rows: Sequence[ReportRow], only: frozenset[str], earlier: Earlier, *, is_open: bool = False) -> bool:
    """Tell whether what two reports say of one time are the same rows: of a row less a part of it, or of the whole less
    what was chosen, the rest is about whoever is left. Of an open period the last row may have grown: what came since
    is no secret that was kept.
    """
    spans = earlier.spans
    near = [(row.span, span) for row in rows for span in spans if touch(row.span, span)]
    return (only == earlier.only or not near) and all(
        one == other or (is_open and _has_grown(one, other, earlier.whole)) for one, other in near
    )


def _has_grown(row: Span | None, before: Span | None, whole: Span | None) -> bool:
    if not row or not before or not whole:
        return False
    return row[0] == before[0] and before[1] == whole[1] <= row[1]


def is_told_in_all(span: tuple[datetime, datetime], only: frozenset[str], earlier: Earlier) -> bool:
    """Tell whether an earlier report told the total of a period of the same meetings, or nothing of any part of it."""
    wall = _wall(span[0]), _wall(span[1])
    is_total = only == earlier.only and wall in {earlier.whole, *earlier.spans}
    return is_total or not any(touch(wall, one) for one in earlier.spans)


def key_columns(table: Described) -> Key:
    """Return the columns that name the rows of a table."""
    return tuple(name for name in KEYS if name in table.arrow.column_names)


def keys_of(table: Described) -> list[Key]:
    """Return what names each row of a table."""
    columns = [map(str, table.arrow.column(name).to_pylist()) for name in key_columns(table)]
    return list(zip(*columns, strict=True)) if columns else [()] * table.arrow.num_rows


def rows_of(report: Report) -> list[ReportRow]:
    """Return when each row of a report is, and of whom."""
    known = report.definition("group")
    return _rows(report.arrow.select(key_columns(report)).to_pandas(), report.period, (known.zh, known.en))


def _share(row: ReportRow, other: ReportRow) -> bool:
    are_others = row.groups == other.groups and None not in (row.group, other.group) and row.group != other.group
    return touch(row.span, other.span) and not are_others


def touch(one: Span | None, other: Span | None) -> bool:
    """Tell whether two times have any in common; one that is unknown may."""
    return not one or not other or (one[0] < other[1] and other[0] < one[1])


def leftovers(out: str | Path, written: Iterable[str]) -> list[str]:
    """Return which files of an earlier report stay beside those that are written: they would go along. What people
    hand on comes first: tables would push it behind the end of what is told.
    """
    tables = sorted(f"{name}.{end}" for name in (*RECORDS, *REPORTS) for end in ("csv", "parquet", "xlsx"))
    there = {path.name for path in Path(out).glob("*")} - {*written}
    return [name for name in (*PAGES, *tables) if name in there]


def refuse_leftovers(out: str | Path, written: Iterable[str]) -> None:
    """Raise UsageError when files of an earlier report would stay beside those that are written."""
    if left := leftovers(out, written):
        listed = ", ".join(left)
        raise UsageError(
            Text(f"{out} 中有此前写出的文件：{listed}", f"{out} holds files of an earlier report: {listed}"),
            remedy=Text("用 --out 另选一个空目录", "choose an empty directory with --out"),
        )
