"""Days, weeks and months as numbers of days since 1970-01-01, from a small calendar that every engine can join with."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, get_args

import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text

By = Literal["day", "week", "month", "total"]

DAY = 86_400
_EPOCH = date(1970, 1, 1)


def date_of(day: int) -> date:
    """Return the date of a day number.

    Examples
    --------
    >>> date_of(20_517)
    datetime.date(2026, 3, 5)
    """
    return _EPOCH + timedelta(days=day)


def first_day(day: int, by: By) -> int:
    """Return the number of the first day of the period a day lies in; 0 for the total.

    Examples
    --------
    >>> [date_of(first_day(20_517, by)).isoformat() for by in ("day", "week", "month")]
    ['2026-03-05', '2026-03-02', '2026-03-01']
    """
    then = date_of(day)
    return {"day": day, "week": day - then.weekday(), "month": day - then.day + 1, "total": 0}[by]


def label(row: int, by: By) -> str:
    """Return what a period is called, from the number of its first day."""
    text = date_of(row).isoformat()
    return {"day": text, "week": text, "month": text[:7], "total": "total"}[by]


def calendar(days: range, by: By) -> pa.Table:
    """Return `day row` for some days: `row` is the first day of the period."""
    rows = [first_day(day, by) for day in days]
    return pa.table({"day": pa.array(days, pa.int64()), "row": pa.array(rows, pa.int64())})


def labels(days: range, by: By) -> pa.Table:
    """Return `row period` for all periods that some days lie in."""
    rows = sorted({first_day(day, by) for day in days})
    return pa.table(
        {"row": pa.array(rows, pa.int64()), "period": pa.array([label(row, by) for row in rows], pa.string())}
    )


def seconds_of(period: str, by: By, days: range) -> tuple[int, int]:
    """Return the half-open range of local epoch seconds of a period within some days."""
    inside = [day for day in days if label(first_day(day, by), by) == period]
    return (inside[0] * DAY, (inside[-1] + 1) * DAY) if inside else (0, 0)


PERIODS: tuple[str, ...] = get_args(By)


def check_by(by: str, allowed: tuple[str, ...] = PERIODS) -> None:
    """Refuse a `by` that the report does not know.

    Raises
    ------
    UsageError
        It is none of those allowed.
    """
    if by not in allowed:
        raise UsageError(
            Text(f"by 不能是 {by!r}", f"by cannot be {by!r}"),
            remedy=Text(f"可选：{'、'.join(allowed)}", f"choose one of {', '.join(allowed)}"),
        )
