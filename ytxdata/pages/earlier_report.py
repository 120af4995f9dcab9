"""What an earlier report hid: which of its rows, of when and of whom, and what a later one must not tell for it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.registry import REPORTS
from ytxdata.metrics.report import Report
from ytxdata.pages.collection import RECORDS
from ytxdata.plots.over_time import Span, spans
from ytxdata.tables.csv import read_csv
from ytxdata.tables.described import about_path
from ytxdata.tables.suppression import ROW_NAMES
from ytxdata.times import BEIJING

KEYS = ("period", "group")
"""Columns that name the rows of a breakdown; tables with the same ones are hidden together, for their figures are sums of each other."""

PAGES = ("report.xlsx", "report.html", "report.pdf", "02_usage_report.html")
"""What an earlier report, without this rule, may have left where this one is written."""

EVER: Span = (datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001  wall time, as rows have it
"""Where a time begins and ends of which nobody said so."""

Group = tuple[tuple[str, str], str]
"""What groups are called, and one of them."""


class Hidden(NamedTuple):
    """A row that an earlier report hid: from when to when it is (None: for ever), of which group (None: of all), what
    the groups are, what time the report is about, and whether other groups hide the row within its own period: a row
    of that period is shown, so that hiding ended before nothing was left. Then the total of the period is no secret.
    """

    span: Span | None
    group: str | None
    groups: tuple[str, str]
    whole: Span | None = None
    is_covered: bool = False


def read_earlier(folder: Path, names: Iterable[str]) -> tuple[list[Hidden], Span | None]:
    """Return the rows that an earlier report hid, and what time it is about."""
    tables = {name: path for name in names if (path := folder / f"{name}.csv").is_file()}
    if not tables:
        raise UsageError(
            Text(f"{folder} 中没有此前的报告（CSV）", f"there is no earlier report (CSV) in {folder}"),
            remedy=Text("给出此前 report --format csv 的目录", "give the directory of an earlier report --format csv"),
        )
    frames = {path: read_csv(path) for path in tables.values()}
    keys = max(([key for key in KEYS if key in frame] for frame in frames.values()), key=len)
    found: dict[Hidden, None] = {}
    whole: Span | None = None
    for path, frame in frames.items():
        told = json.loads(about_path(path).read_text("utf-8"))
        words = next(((one["zh"], one["en"]) for one in told["columns"] if one["key"] == "group"), ("", ""))
        edges = told["period"] and tuple(datetime.fromisoformat(told["period"][edge]) for edge in ("start", "end"))
        about = None if edges is None else (_wall(edges[0]), _wall(edges[1]))
        whole = about or whole
        if [key for key in KEYS if key in frame] != keys:
            continue  # groups in total are sums of the rows of the others, and hidden where one of these is
        rows = list(zip(_rows(frame, edges, words), _is_blank(frame), strict=True))
        shown = {row.span for row, is_blank in rows if not is_blank and row.group is not None}
        found |= dict.fromkeys(
            row._replace(whole=about, is_covered=row.span in shown) for row, is_blank in rows if is_blank
        )
    return list(found), whole


def _is_blank(frame: pd.DataFrame) -> list[bool]:
    figures = frame.select_dtypes("number").drop(columns=[*ROW_NAMES], errors="ignore")
    blank: list[bool] = figures.isna().all(axis=1).tolist()
    return [False] * len(frame) if figures.empty else blank


def _rows(frame: pd.DataFrame, edges: tuple[datetime, datetime] | None, groups: tuple[str, str]) -> list[Hidden]:
    """Return when each row of a table is, and of whom."""
    whole: Span | None = None if edges is None else (_wall(edges[0]), _wall(edges[1]))
    dated: Sequence[Span | None] = [whole] * len(frame)
    if "period" in frame:
        periods = frame["period"].astype(str).tolist()
        # twice, for one Monday alone would be taken for a day: as a week it hides more
        dated = [_cut(one, whole) for one in (spans([*periods, *periods]) or dated)[: len(frame)]]
    labels = frame["group"].astype(str).tolist() if "group" in frame else [None] * len(frame)
    return [Hidden(span, label, groups) for span, label in zip(dated, labels, strict=True)]


def _cut(span: Span | None, whole: Span | None) -> Span | None:
    """Return of a period what a report is about: its first week may have begun before."""
    return span and whole and (max(span[0], whole[0]), min(span[1], whole[1]))


def _wall(instant: datetime) -> datetime:
    return instant.astimezone(BEIJING).replace(tzinfo=None)


def hidden_before(rows: Iterable[Hidden], before: Sequence[Hidden]) -> list[tuple[bool, bool]]:
    """Tell of each row whether an earlier report hid it among others of its period, which hide it again, and whether it
    shares time, and people, with another row that one hid: as a part of it, or as what it is a part of.
    """
    same = {one[:3] for one in before if one.is_covered}
    others = [one for one in before if one[:3] not in same]
    return [(row[:3] in same, any(_share(row, one) for one in (others if row[:3] in same else before))) for row in rows]


def tells_of_them(
    start: datetime | None, end: datetime | None, before: Sequence[Hidden], groups: Collection[Group] = ()
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


def cut(rows: Iterable[Span | None], earlier: Iterable[Span]) -> bool:
    """Tell whether an earlier report began or ended within a row: the row less that report would be the days between."""
    edges = [edge for period in earlier for edge in period]
    return any(span[0] < edge < span[1] for span in rows if span is not None for edge in edges)


def rows_of(report: Report) -> list[Hidden]:
    """Return when each row of a report is, and of whom."""
    known = report.definition("group")
    columns = [name for name in KEYS if name in report.arrow.column_names]
    return _rows(report.arrow.select(columns).to_pandas(), report.period, (known.zh, known.en))


def _share(row: Hidden, other: Hidden) -> bool:
    are_others = row.groups == other.groups and None not in (row.group, other.group) and row.group != other.group
    return touch(row.span, other.span) and not are_others


def touch(one: Span | None, other: Span | None) -> bool:
    """Tell whether two times have any in common; one that is unknown may."""
    return not one or not other or (one[0] < other[1] and other[0] < one[1])


def refuse_leftovers(out: str | Path, written: Iterable[str]) -> None:
    """Raise UsageError when files of an earlier report would stay beside those that are written: they would go along."""
    known = {*(f"{name}.{end}" for name in (*RECORDS, *REPORTS) for end in ("csv", "parquet", "xlsx")), *PAGES}
    if left := sorted(path.name for path in Path(out).glob("*") if path.name in known - {*written}):
        listed = ", ".join(left)
        raise UsageError(
            Text(f"{out} 中有此前写出的文件：{listed}", f"{out} holds files of an earlier report: {listed}"),
            remedy=Text("用 --out 另选一个空目录", "choose an empty directory with --out"),
        )
