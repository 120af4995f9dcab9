"""A set of reports that may be handed on: no figure about fewer people than a minimum, and none that the others give
away.

A row of few people is hidden (first suppression). Where totals are published, one hidden row is the total less the
others; so more rows are hidden, the smallest that do, until what all hidden rows of a table add up to says little
about any of them (second suppression).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.registry import REPORTS
from ytxdata.metrics.report import Report
from ytxdata.pages.collection import RECORDS, Collection, KeyFigure
from ytxdata.plots.over_time import spans
from ytxdata.tables.csv import read_csv
from ytxdata.tables.described import Described
from ytxdata.tables.masking import Privacy, blanked

KEYS = ("period", "group")
"""Columns that name the rows of a breakdown; tables with the same ones are hidden together, for their figures are
sums of each other.
"""

SUMS = ("meetings", "legs", "min", "count", "yuan")
"""Units whose figures add up to a published total."""

NOT_SUMS = ("peak_", "size_", "lines_sufficient", "level", "minutes_above", "covered_")
"""Columns of these units that are no sums."""

OTHER_RULES = ("compare_definitions",)
"""Reports that count the whole period once more by other rules: what two rules disagree about is often one meeting."""

MARGIN = 0.1
"""A hidden figure must not be known better than to this share of itself: statistical offices call it the p % rule."""

Key = tuple[str, ...]

_NOTE = Text(
    "只涉及少于 {minimum} 人的行已隐去数字，另隐去若干行使其无法由合计推出；逐人、逐会议的表和口径对照已略去。与时段重叠的另一份报告相减仍可能推出：续发时请用 --previous",
    "figures of rows about fewer than {minimum} people are hidden, and more rows so that totals do not give them away; tables of single persons and meetings, and the comparison of definitions, are left out. Subtracting another report of an overlapping period may still do so: give that one with --previous",
)
_NO_COUNT = Text(
    "本表不含每行人数：各行未按人数隐去，整个期间不少于 {minimum} 人",
    "this table has no head count for each row: rows are not hidden one by one, the whole period has at least {minimum} people",
)


class Sums(NamedTuple):
    """The figures of one row that add up, column by column, and whether it has too few people itself."""

    figures: list[float]
    is_small: bool


def without_small_groups(
    collected: Collection, minimum: int, *, previous: str | Path | None = None, privacy: Privacy | None = None
) -> Collection:
    """Return the reports without figures about fewer than `minimum` people, and without those that would give them
    away.

    Rows that count people are judged by their own count, rows of a period by the people of that period in the usage
    report; a row whose count is unknown is hidden. Records, reports whose rows are single persons or meetings, whether
    by themselves or by the group that was asked for, and those that count by other rules are left out.

    Parameters
    ----------
    collected
        All reports.
    minimum
        From how many people a figure may be published.
    previous
        Folder of CSVs of an earlier report: what is hidden there, or overlaps it, is hidden here too.
    privacy
        How numbers leave, so that rows of the earlier report are found again.

    Raises
    ------
    UsageError
        The whole period has fewer people: nothing of it can be published; the groups that were asked for are single
        persons; or there is no earlier report.
    """
    counts = next(one for one in collected.figures if one.definition.key == "people")
    usage = collected.reports["usage"]
    if usage.arrow.num_rows and (counts.value or 0) < minimum:
        raise UsageError(
            Text(f"整个期间少于 {minimum} 人，没有可以公开的数字", f"the whole period has fewer than {minimum} people: no figure of it can be published"),
            remedy=Text("选更长的期间，或减小 --min-group", "choose a longer period, or a smaller --min-group"),
        )  # fmt: skip
    if _names_persons(usage):
        raise UsageError(
            Text("分组是单个的人，不能按人数公开", "the groups are single persons: they cannot be published by head count"),
            remedy=Text("换用 --group department 等分组", "choose other groups, such as --group department"),
        )  # fmt: skip
    kept = {name: report for name, report in collected.reports.items() if not _is_left_out(name, report)}
    before = {} if previous is None else _hidden_before(Path(previous))
    hidden = _hidden_rows(kept, usage, minimum, before, privacy or Privacy())
    is_before_large = (counts.before or 0) >= minimum
    return replace(
        collected,
        records={},
        reports={name: _without(report, hidden, minimum) for name, report in kept.items()},
        figures=tuple(
            one if is_before_large else KeyFigure(one.definition, one.value, None) for one in collected.figures
        ),
        notes=(*collected.notes, _NOTE.format(minimum=minimum)),
    )


def _is_left_out(name: str, report: Report) -> bool:
    return name in OTHER_RULES or REPORTS[name].is_personal or _names_persons(report)


def _names_persons(report: Report) -> bool:
    return any(report.definition(key).unit in ("phone", "person") for key in report.arrow.column_names)


def refuse_leftovers(out: str | Path) -> None:
    """Raise UsageError when tables of single persons or meetings lie where the others are to be written: they would go along."""
    personal = (name for name, report in REPORTS.items() if report.is_personal)
    names = (f"{name}{ending}" for name in (*RECORDS, *personal, *OTHER_RULES) for ending in (".csv", ".parquet"))
    left = [name for name in names if (Path(out) / name).exists()]
    if left:
        listed = ", ".join(left)
        raise UsageError(
            Text(f"{out} 中有此前写出的逐人、逐会议的表：{listed}", f"{out} holds tables of single persons and meetings from an earlier run: {listed}"),
            remedy=Text("用 --out 另选一个空目录", "choose an empty directory with --out"),
        )  # fmt: skip


def to_hide(rows: Mapping[Key, Sums]) -> set[Key]:
    """Return the rows to hide: those of few people, and the smallest others, until the hidden ones add up to enough
    in every column.

    Examples
    --------
    >>> rows = {("a",): Sums([5], True), ("b",): Sums([6], False), ("c",): Sums([90], False)}
    >>> sorted(to_hide(rows))
    [('a',), ('b',)]
    """
    hidden = {key for key, row in rows.items() if row.is_small}
    rest = sorted(rows.keys() - hidden, key=lambda key: (rows[key].figures, key))
    width = max((len(row.figures) for row in rows.values()), default=0)
    for key in rest:
        if not hidden or all(_is_safe(column, rows, hidden) for column in range(width)):
            break
        hidden.add(key)
    return hidden


def _is_safe(column: int, rows: Mapping[Key, Sums], hidden: Iterable[Key]) -> bool:
    """Tell whether a column's hidden total, which anybody can compute, leaves room around the figure of each row of
    few people.
    """
    values = {key: rows[key].figures[column] for key in hidden}
    total = sum(values.values())
    if not any(row.figures[column] for row in rows.values()):
        return True  # nothing of it in any row: the published 0 says so of each
    return total > 0 and all(total - value >= MARGIN * value for key, value in values.items() if rows[key].is_small)


def _hidden_rows(
    reports: Mapping[str, Report], usage: Report, minimum: int, before: Mapping[str, set[Key]], privacy: Privacy
) -> dict[Key, set[Key]]:
    """Return for each set of key columns the rows to hide, over all tables that have them."""
    people = {key: row.get("people") for key, row in zip(_keys(usage), usage.arrow.to_pylist(), strict=True)}
    families: dict[Key, list[Report]] = {}
    for report in reports.values():
        if columns := _key_columns(report):
            families.setdefault(columns, []).append(report)
    return {columns: to_hide(_family(those, people, minimum, before, privacy)) for columns, those in families.items()}


def _family(
    reports: list[Report], people: Mapping[Key, Any], minimum: int, before: Mapping[str, set[Key]], privacy: Privacy
) -> dict[Key, Sums]:
    """Return the rows of all tables that are named alike, their figures side by side."""
    rows: dict[Key, Sums] = {}
    width = 0
    for report in reports:
        table = report.arrow
        summed = [key for key in table.column_names if _adds_up(report, key)]
        earlier = _overlapping(_keys(privacy.masked(report)), before.get(report.name, set()))
        for key, row, was_hidden in zip(_keys(report), table.to_pylist(), earlier, strict=True):
            known = rows.get(key, Sums([0.0] * width, False))
            n_people = row["people"] if "people" in row else people.get(key, people.get(key[:1]))
            is_small = was_hidden or n_people is None or n_people < minimum
            figures = [*known.figures, *[0.0] * (width - len(known.figures)), *(float(row[one] or 0) for one in summed)]
            rows[key] = Sums(figures, known.is_small or is_small)
        width += len(summed)
    return {key: Sums([*row.figures, *[0.0] * (width - len(row.figures))], row.is_small) for key, row in rows.items()}


def _adds_up(table: Described, key: str) -> bool:
    return table.definition(key).unit in SUMS and not key.startswith(NOT_SUMS)


def _key_columns(table: Described) -> Key:
    return tuple(name for name in KEYS if name in table.arrow.column_names)


def _keys(table: Described) -> list[Key]:
    columns = [map(str, table.arrow.column(name).to_pylist()) for name in _key_columns(table)]
    return list(zip(*columns, strict=True)) if columns else [()] * table.arrow.num_rows


def _without(report: Report, hidden: Mapping[Key, set[Key]], minimum: int) -> Report:
    columns = _key_columns(report)
    if not columns:
        return replace(report, notes=(*report.notes, _NO_COUNT.format(minimum=minimum)))
    gone = pa.chunked_array([pa.array([key in hidden[columns] for key in _keys(report)], pa.bool_())])
    done = blanked(report, gone, minimum)
    return done if "period" in columns else _hidden_last(done, gone)


def _hidden_last(report: Report, is_hidden: pa.ChunkedArray) -> Report:
    """Return a ranking with the rows that lost their figures at its end, by name: their rank would tell about what
    they were.
    """
    rows = report.arrow
    last = rows.filter(is_hidden).sort_by(rows.column_names[0])
    return (
        replace(report, frame=pa.concat_tables([rows.filter(pc.invert(is_hidden)), last])) if last.num_rows else report
    )


def _hidden_before(folder: Path) -> dict[str, set[Key]]:
    """Return the rows that an earlier report hid, table by table."""
    tables = {path.stem: read_csv(path) for path in sorted(folder.glob("*.csv")) if path.stem in REPORTS}
    if not tables:
        raise UsageError(
            Text(f"{folder} 中没有此前的报告（CSV）", f"there is no earlier report (CSV) in {folder}"),
            remedy=Text("给出此前 report --format csv 的目录", "give the directory of an earlier report --format csv"),
        )
    return {name: set(_blank_rows(frame)) for name, frame in tables.items()}


def _blank_rows(frame: pd.DataFrame) -> Iterable[Key]:
    names = [name for name in KEYS if name in frame]
    figures = frame.select_dtypes("number")
    if names and not figures.empty:
        for row in frame.loc[figures.isna().all(axis=1), names].astype(str).itertuples(index=False):
            yield tuple(row)


def _overlapping(keys: list[Key], hidden: set[Key]) -> list[bool]:
    """Tell of each row whether it was hidden before, or its period shares a day with one that was, of whatever
    length.
    """
    if not hidden or not keys:
        return [key in hidden for key in keys]
    mine, theirs = spans([key[0] for key in keys]), spans(sorted({key[0] for key in hidden}))
    if mine is None or theirs is None:
        return [key in hidden for key in keys]
    return [
        key in hidden or any(start < last and first < end for first, last in theirs)
        for key, (start, end) in zip(keys, mine, strict=True)
    ]
