"""What the platform changed after the fact, and by how much each monthly figure moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from ytxdata.archive import Archive
from ytxdata.audit.checks.records import GRAVE, kind_of
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.calendar import span_of
from ytxdata.metrics.in_memory import lighter
from ytxdata.metrics.source import Frames
from ytxdata.metrics.usage import plain_usage
from ytxdata.periods import period_of
from ytxdata.records.schema import CHANGES
from ytxdata.tables.described import Definition, to_arrow
from ytxdata.tables.table import Table, definition_of
from ytxdata.times import Instant, as_instant, beijing_text

_PHASES = {"after_close": Text("结束后", "after its end"), "running": Text("结束前", "before its end")}
_DEFINITIONS = (
    *(replace(definition_of("changes", column), words=_PHASES if column.name == "phase" else {}) for column in CHANGES),
    Definition(key="touches", zh="涉及", en="touches", unit="text", formula=Text("start、end、duration、people、money；都不涉及为空", "start, end, duration, people, money; null for none of these")),
    Definition(key="is_grave", zh="改变时间或金额", en="time or money", formula=Text("改动涉及分钟数或金额", "it moves minutes or money")),
)  # fmt: skip

_NUMBER = pa.decimal128(38, 6)
"""Money is exact, minutes are rounded to a millionth."""

FIGURES = ("meetings", "meeting_minutes", "leg_minutes", "legs", "people")
"""Figures of a monthly report that are compared; `amount_yuan` is added."""

_MOVED = (
    Definition(key="period", zh="月份", en="month", unit="text"),
    Definition(key="figure", zh="指标", en="figure", unit="text", formula=Text("用量报表的列；amount_yuan 为平台给出的金额之和", "a column of the usage report; amount_yuan is the sum of the platform's amounts")),
    Definition(key="as_of", zh="当时", en="as of", unit="time", formula=Text("该月结束后的第一次拉取（或所给的时刻）：最早可能出报表的时刻", "the first pull after the month had ended (or what was given): the earliest a report could be made")),
    Definition(key="then", zh="当时的数", en="then"),
    Definition(key="now", zh="现在的数", en="now"),
    Definition(key="difference", zh="差", en="difference", formula=Text("现在 − 当时", "now − then")),
)  # fmt: skip


def changes(archive: Archive, *, start: Instant | None = None, end: Instant | None = None) -> Table:
    """Return what the platform changed after meetings had ended, field by field.

    Parameters
    ----------
    archive
        The archive.
    start, end
        Only changes seen in `[start, end)`, Beijing time unless a zone is given.

    Returns
    -------
    Table
        `meeting_id version field old new phase old_seen_at new_seen_at old_pull_id new_pull_id touches is_grave`, in
        the order in which they were seen; the same columns when nothing changed.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> ytx.audit.changes(archive).arrow.column_names[:3]
    ['meeting_id', 'version', 'field']
    """
    first, last = period_of(start, end)
    ledger = archive.changes()
    mask = ledger["phase"] == "after_close"
    if first is not None:
        mask &= ledger["new_seen_at"] >= first
    if last is not None:
        mask &= ledger["new_seen_at"] < last
    found = ledger[mask].reset_index(drop=True)
    touches = pd.Series([kind_of(field) for field in found["field"]], dtype="string", index=found.index)
    grave = touches.isin(GRAVE).astype("boolean")
    notes = (
        Text(
            f"{found['meeting_id'].nunique()} 场会议的 {len(found)} 个字段在结束后被改，其中 {int(grave.sum())} 个涉及时间或金额",
            f"{len(found)} fields of {found['meeting_id'].nunique()} meetings changed after their end, {int(grave.sum())} of them touch time or money",
        ),
    )
    return Table(
        frame=found.assign(touches=touches, is_grave=grave), name="changes", title=Text("事后改动", "Changes after the fact"),
        definitions=_DEFINITIONS, notes=notes, certificate=archive.certificate(), secret=archive.secret,
    )  # fmt: skip


def moved(archive: Archive, *, as_of: Instant | None = None, all_figures: bool = False) -> Table:
    """Return by how much each monthly figure moved since a report of that month could first be made.

    Parameters
    ----------
    archive
        The archive.
    as_of
        Compare with what was known then, for every month; by default for each month with the first sync after it had
        ended.
    all_figures
        Also the figures that did not move.

    Returns
    -------
    Table
        `period figure as_of then now difference`, by month; no row when no figure moved. `then` is null for a month
        of which nothing was known; `now` is 0 for one that has no meetings any more.

    Raises
    ------
    UsageError
        `as_of` is no instant, or lies before the first pull.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> archive = ytx.sample("archive")
    >>> ytx.audit.moved(archive).arrow.column_names[:3]
    ['period', 'figure', 'as_of']
    """
    pulls = [one for one in to_arrow(archive.pulls()).to_pylist() if one["asked_at"] is not None]
    asked = [one["asked_at"] for one in pulls]
    # A sync may ask several times, and is judged with its last answer: between them nobody made a report, yet a first
    # sync of 1,300 meetings told that every month had moved.
    known = sorted([one["asked_at"] for one in pulls if one["verdict"] is not None] or asked[-1:])
    then = None if as_of is None else as_instant(as_of, name="as_of")
    if then is not None and (not asked or then < min(asked)):
        raise UsageError(
            Text("那时还没有任何拉取", "nothing had been pulled by then"),
            remedy=Text(
                f"第一次拉取在 {beijing_text(min(asked, default=None))}",
                f"the first pull was at {beijing_text(min(asked, default=None))}",
            ),
        )
    now = _figures(archive, None)
    reported: dict[datetime, list[str]] = {}
    for month in sorted(now.keys() | _ever(archive)):
        at = then or next((at for at in known if at >= span_of(month)[1]), None)
        if at is not None:
            reported.setdefault(at, []).append(month)
    rows = []
    for at, months in reported.items():
        before = _figures(archive, at)
        for month in (one for one in months if one in now or one in before):
            for figure in (*FIGURES, "amount_yuan"):
                old = before.get(month, {}).get(figure)
                # what was and is no more is nothing now: else a month that emptied was told by the gain of another
                value = now[month][figure] if month in now else old and Decimal(0)
                if all_figures or old != value:
                    rows.append((month, figure, at, old, value, None if old is None or value is None else value - old))
    return _moved_table(archive, sorted(rows, key=lambda row: (row[0], (*FIGURES, "amount_yuan").index(row[1]))))


def moved_note(months: int) -> Text:
    """Return the note that says of how many months the figures moved."""
    if not months:
        return Text("没有任何月度指标变动", "no monthly figure moved")
    return Text(f"{months} 个月的数与当时不同：那时发出的报表基于另一份数据", f"months that differ from what was known then: {months}; a report sent then was made of other data")  # fmt: skip


def _moved_table(archive: Archive, rows: Sequence[tuple[Any, ...]]) -> Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_MOVED)
    number = pd.ArrowDtype(_NUMBER)
    types: tuple[Any, ...] = ("string", "string", "datetime64[us, Asia/Shanghai]", number, number, number)
    frame = pd.DataFrame(
        {one.key: pd.Series(list(values), dtype=kind) for one, kind, values in zip(_MOVED, types, columns, strict=True)}
    )
    return Table(
        frame=frame, name="moved", title=Text("月度指标的变动", "How monthly figures moved"), definitions=_MOVED,
        notes=(moved_note(len(set(frame["period"]))),), certificate=archive.certificate(), secret=archive.secret,
    )  # fmt: skip


def _ever(archive: Archive) -> set[str]:
    """Return the months in which a meeting starts, or did by an earlier version of its record."""
    ledger, (meetings,) = archive.changes(), archive.scans("meetings", is_seen=False)
    replaced = {str(old)[:7] for old in ledger["old"][ledger["field"] == "started_at"].dropna()}
    return replaced | _by_month(meetings, "started_at IS NOT NULL", "count(*)").keys()


def _figures(archive: Archive, as_of: datetime | None) -> dict[str, dict[str, Decimal | None]]:
    """Return month → figure → value, as the archive knew it."""
    meetings, legs = archive.scans("meetings", "legs", as_of=as_of, is_keyed=True, is_seen=False)
    usage = plain_usage(Frames(*lighter((meetings, legs))), "month").arrow.to_pylist()
    rows: dict[str, Mapping[str, Any]] = {row["period"]: row for row in usage}
    sums = _by_month(meetings, "amount_yuan IS NOT NULL AND started_at IS NOT NULL", "sum(amount_yuan)")
    none = dict.fromkeys(FIGURES, 0)  # charged, and none of the meetings counts
    return {
        month: {
            name: _exact(value)
            for name, value in {
                **{one: rows.get(month, none)[one] for one in FIGURES},
                "amount_yuan": sums.get(month),
            }.items()
        }
        for month in rows.keys() | sums.keys()
    }


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.000001"))


def _by_month(meetings: nw.LazyFrame[Any], which: str, total: str) -> dict[str, Any]:
    relation: Any = meetings.to_native()
    month = "strftime(timezone('Asia/Shanghai', started_at), '%Y-%m')"
    return dict(relation.filter(which).aggregate(f"{month} AS period, {total} AS total").fetchall())
