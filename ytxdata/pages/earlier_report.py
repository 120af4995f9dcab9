"""What an earlier report hid: which of its rows, of when and of whom, and what a later one must not tell for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.report import Report
from ytxdata.plots.over_time import Span, spans
from ytxdata.tables.csv import read_csv
from ytxdata.tables.described import about_path
from ytxdata.tables.masking import ROW_NAMES
from ytxdata.times import BEIJING

KEYS = ("period", "group")
"""Columns that name the rows of a breakdown; tables with the same ones are hidden together, for their figures are sums of each other."""


class Hidden(NamedTuple):
    """A row that an earlier report hid: from when to when it is (None: for ever), of which group (None: of all), and what the groups are."""

    span: Span | None
    group: str | None
    groups: tuple[str, str]


def hidden_rows(folder: Path, names: Iterable[str]) -> list[Hidden]:
    """Return the rows that an earlier report hid."""
    tables = {name: path for name in names if (path := folder / f"{name}.csv").is_file()}
    if not tables:
        raise UsageError(
            Text(f"{folder} 中没有此前的报告（CSV）", f"there is no earlier report (CSV) in {folder}"),
            remedy=Text("给出此前 report --format csv 的目录", "give the directory of an earlier report --format csv"),
        )
    found: dict[Hidden, None] = {}
    for path in tables.values():
        frame, told = read_csv(path), json.loads(about_path(path).read_text("utf-8"))
        words = next(((one["zh"], one["en"]) for one in told["columns"] if one["key"] == "group"), ("", ""))
        edges = told["period"] and tuple(datetime.fromisoformat(told["period"][edge]) for edge in ("start", "end"))
        rows = _rows(frame, edges, words)
        found |= dict.fromkeys(row for row, is_blank in zip(rows, _is_blank(frame), strict=True) if is_blank)
    return list(found)


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


def overlapping(report: Report, before: Iterable[Hidden]) -> list[bool]:
    """Tell of each row whether it shares time, and people, with one that was hidden before."""
    if not before:
        return [False] * report.arrow.num_rows
    known = report.definition("group")
    rows = _rows(
        report.arrow.select([name for name in KEYS if name in report.arrow.column_names]).to_pandas(),
        report.period,
        (known.zh, known.en),
    )
    return [any(_share(row, one) for one in before) for row in rows]


def tells_of_them(start: datetime | None, end: datetime | None, before: Sequence[Hidden], *, is_part: bool) -> bool:
    """Tell whether what is said of a whole time, such as its number of meetings, is news of rows that were hidden; an
    edge that is None is where all that was ever read begins or ends.

    What all of them lie in says no more of them than the total of the earlier report. A time with some of them less
    what was shown is what the others were, and the meetings of one group (`is_part`) are that group's row.
    """
    first, last = (None if edge is None else _wall(edge) for edge in (start, end))
    near = [
        one
        for one in before
        if one.span is None or ((last is None or one.span[0] < last) and (first is None or first < one.span[1]))
    ]
    are_all_inside = all(
        one.span and (first is None or first <= one.span[0]) and (last is None or one.span[1] <= last) for one in before
    )
    return bool(near) and not (are_all_inside and not (is_part and any(one.group is not None for one in near)))


def _share(row: Hidden, other: Hidden) -> bool:
    is_apart = row.span and other.span and (row.span[1] <= other.span[0] or other.span[1] <= row.span[0])
    are_others = row.groups == other.groups and None not in (row.group, other.group) and row.group != other.group
    return not is_apart and not are_others
