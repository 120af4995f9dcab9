"""Days, weeks, months and working days: numbers of days since 1970-01-01, in small tables that every engine can join with.

Working days are those of the Chinese calendar with its make-up days, then one's own exceptions; weekends where it knows nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, get_args

import chinese_calendar
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


def days_table(days: range, by: By) -> pa.Table:
    """Return `day row` for some days: `row` is the first day of the period."""
    rows = [first_day(day, by) for day in days]
    return pa.table({"day": pa.array(days, pa.int64()), "row": pa.array(rows, pa.int64())})


def periods_table(days: range, by: By) -> pa.Table:
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


class Workdays(NamedTuple):
    """Whether each of some days is a working day, and the years for which only weekends are known."""

    is_working: dict[date, bool]
    unknown_years: tuple[int, ...]

    @property
    def notes(self) -> tuple[Text, ...]:
        """What the reader must know about the calendar."""
        if not self.unknown_years:
            return ()
        years = ", ".join(str(year) for year in self.unknown_years)
        return (
            Text(
                f"{years} 年的节假日安排未知，按周一至周五为工作日计算（不含调休）",
                f"the holidays of {years} are not known: Monday to Friday are taken for working days, without make-up days",
            ),
        )


def workdays(
    days: Collection[date], holidays: Collection[date | str] = (), extra_workdays: Collection[date | str] = ()
) -> Workdays:
    """Judge some days: one's own `holidays` and `extra_workdays` first, then the Chinese calendar, else Monday to Friday.

    Examples
    --------
    >>> found = workdays([date(2024, 2, 18), date(2024, 2, 19), date(1999, 1, 3)])  # a Sunday made up for Spring Festival
    >>> list(found.is_working.values()), found.unknown_years
    ([True, True, False], (1999,))
    """
    free, extra = _dates("holidays", holidays), _dates("extra_workdays", extra_workdays)
    both = free & extra
    if both:
        raise UsageError(
            Text(f"{min(both)} 同时是假日和工作日", f"{min(both)} is both a holiday and a working day"),
            remedy=Text("请从 holidays 或 extra_workdays 中去掉一个", "take it out of holidays or of extra_workdays"),
        )
    judged, unknown = {}, set()
    for day in days:
        if day in free or day in extra:
            judged[day] = day in extra
            continue
        try:
            judged[day] = bool(chinese_calendar.is_workday(day))
        except NotImplementedError:  # how the package says that it does not know the year
            unknown.add(day.year)
            judged[day] = day.weekday() < 5
    return Workdays(judged, tuple(sorted(unknown)))


def _dates(name: str, given: Collection[date | str]) -> set[date]:
    """Return dates as dates: a text or an instant would equal none, and be passed over in silence."""
    try:
        days = [
            date.fromisoformat(day) if isinstance(day, str) else day
            for day in ([given] if isinstance(given, str) else given)
        ]
        return {day.date() if isinstance(day, datetime) else date(day.year, day.month, day.day) for day in days}
    except (TypeError, ValueError, AttributeError):
        raise UsageError(
            Text(f"{name} 中有的不是日期：{given!r}", f"{name} holds something that is no date: {given!r}"),
            remedy=Text('请给日期的列表，如 ["2026-05-01"]', 'give a list of dates such as ["2026-05-01"]'),
        ) from None


def seconds_of_day(text: str) -> int:
    """Return a time of day `HH:MM` (up to 24:00) in seconds.

    Raises
    ------
    UsageError
        It is no time of day.

    Examples
    --------
    >>> seconds_of_day("09:30"), seconds_of_day("24:00")
    (34200, 86400)
    """
    hour, _, minute = text.partition(":")
    if hour.isdecimal() and minute.isdecimal() and len(minute) == 2:
        second = int(hour) * 3600 + int(minute) * 60
        if int(minute) < 60 and second <= 86_400:
            return second
    raise UsageError(
        Text(f"不是一天中的时刻：{text!r}", f"no time of day: {text!r}"),
        remedy=Text("请写成 09:00", "write it as 09:00"),
    )
