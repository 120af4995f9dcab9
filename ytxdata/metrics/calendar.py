"""Days, weeks, months and working days: numbers of days since 1970-01-01, in small tables that every engine can join
with.

Working days are those of the Chinese calendar with its make-up days, then one's own exceptions; weekends where it
knows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple, get_args

import chinese_calendar
import pyarrow as pa

from ytxdata.errors import UsageError, cannot_be
from ytxdata.labels import Text
from ytxdata.times import BEIJING, Instant, as_instant

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


def day_number(day: date) -> int:
    """Return the number of a date: days since 1970-01-01."""
    return (day - _EPOCH).days


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


def bounds(period: str, by: By) -> tuple[int, int] | None:
    """Return the half-open range of local epoch seconds that a period's name stands for; None for the total, which
    has no edges.

    Examples
    --------
    >>> [second // DAY for second in bounds("2026-03", "month") or ()]
    [20513, 20544]
    """
    if by == "total":
        return None
    first = day_number(date.fromisoformat(f"{period}-01" if by == "month" else period))
    return first * DAY, next_period(first, by) * DAY


def next_period(row: int, by: By) -> int:
    """Return the number of the first day of the period after that which begins on day `row`."""
    if by == "month":
        return first_day(row + 31, "month")
    return row + {"day": 1, "week": 7, "total": 0}[by]


Against = Literal["previous", "year_before"]


def span_of(period: str | tuple[Instant, Instant]) -> tuple[datetime, datetime]:
    """Return the edges of a period that a user named: `2026-03`, `2026-Q1`, `2026`, `2026-W10`, `2026-03-05`, or two
    instants.

    Raises
    ------
    UsageError
        It is none of these, or empty.

    Examples
    --------
    >>> [edge.date().isoformat() for one in ("2026-Q1", "2026-W10", "2026年3月", "2026/3/5") for edge in span_of(one)]
    ['2026-01-01', '2026-04-01', '2026-03-02', '2026-03-09', '2026-03-01', '2026-04-01', '2026-03-05', '2026-03-06']
    """
    if not isinstance(period, str):
        start, end = (as_instant(edge, name="period") for edge in period)
        if end <= start:
            raise _no_period(period)
        return start.astimezone(BEIJING), end.astimezone(BEIJING)
    found = _PERIOD.fullmatch(period.strip())
    if found is None:
        raise _no_period(period)
    year, quarter, week, month, day = (None if part is None else int(part) for part in found.groups())
    try:
        if week is not None:
            first = date.fromisocalendar(year or 1, week, 1)
            last = first + timedelta(days=7)
        else:
            first = date(year or 1, quarter * 3 - 2 if quarter else month or 1, day or 1)
            last = first + timedelta(days=1) if day else _months_later(first, 1 if month else 3 if quarter else 12)
    except ValueError:
        raise _no_period(period) from None
    return _midnight(first), _midnight(last)


_PERIOD = re.compile(r"(\d{4})(?:-?Q([1-4])|-?W(\d\d)|[-/年](\d\d?)(?:月|[-/月](\d\d?)日?)?|年)?")


def counterpart(
    start: datetime, end: datetime, against: Against | tuple[Instant, Instant] = "previous"
) -> tuple[datetime, datetime]:
    """Return the period that another is compared with, by the calendar.

    Whole months, quarters and years are compared with as many whole ones; anything else (days, weeks) with the time of
    equal length just before. `year_before`: an ISO week with that of the same number (a 53rd that the year before lacks
    with the week 364 days earlier), anything else with what begins a year earlier at the same time, on 28 February for
    the 29th, and is as long.

    Raises
    ------
    UsageError
        `against` is none of these.

    Examples
    --------
    >>> def dates(*edges, **how):
    ...     return [edge.date().isoformat() for edge in counterpart(*map(as_instant, edges), **how)]
    >>> dates("2026-03-01", "2026-04-01"), dates("2026-03-01", "2026-03-18"), dates("2026-03-05", "2026-03-08")
    (['2026-02-01', '2026-03-01'], ['2026-02-12', '2026-03-01'], ['2026-03-02', '2026-03-05'])
    >>> dates("2026-03-30", "2026-04-06", against="year_before"), dates("2025-09-01", "2025-09-08")
    (['2025-03-31', '2025-04-07'], ['2025-08-25', '2025-09-01'])
    """
    if isinstance(against, tuple):
        return span_of(against)
    start, end = start.astimezone(BEIJING), end.astimezone(BEIJING)
    if against not in get_args(Against):
        how = Text("可选：previous、year_before，或两个时刻", "choose previous, year_before, or give two instants")
        raise cannot_be("against", against, how)
    months = _whole_months(start, end)
    if against == "year_before":
        before = _year_before(start, end)
        # the length is kept: with the end moved by itself, what touches 29 February lost a day or its clock time
        return before, _earlier(end, 12) if months else before + (end - start)
    return (_earlier(start, months) if months else start - (end - start)), start


def until(
    start: datetime, end: datetime | None, last: datetime, against: Against | tuple[Instant, Instant] = "previous"
) -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]]:
    """Return a period and that which it is compared with; of one that is not over at `last`, as much of both as there
    is.

    Three months of which half is gone are compared with the same half of the three before: against all of them, every
    figure would have fallen. Without an `end` the period is as many whole months as have begun, if it begins with one.

    Raises
    ------
    UsageError
        As in `counterpart`.

    Examples
    --------
    >>> spans = until(*span_of("2026-Q2"), as_instant("2026-05-20 12:00"))
    >>> [f"{edge:%m-%d %H:%M}" for span in spans for edge in span]
    ['04-01 00:00', '05-20 12:00', '01-01 00:00', '02-20 12:00']
    """
    start, last = start.astimezone(BEIJING), last.astimezone(BEIJING)
    if end is None:
        end = _midnight(_months_later(last.date().replace(day=1), 1)) if _begins_month(start) else last
    before = counterpart(start, end, against)
    if last >= end or last <= start:
        return (start, end), before
    months = _whole_months(start, end)
    if months and not isinstance(against, tuple):
        cut = _earlier(last, months if against == "previous" else 12)
    else:
        cut = before[0] + (last - start)
    return (start, last), (before[0], max(min(cut, before[1]), before[0] + timedelta(seconds=1)))


def _begins_month(instant: datetime) -> bool:
    return instant == _midnight(instant.date().replace(day=1))


def _whole_months(start: datetime, end: datetime) -> int:
    """Return how many months a period is; 0 for one that is not of whole months."""
    whole = _begins_month(start) and _begins_month(end)
    return (end.year - start.year) * 12 + end.month - start.month if whole else 0


def _year_before(start: datetime, end: datetime) -> datetime:
    if start == _midnight(start.date()) and start.weekday() == 0 and end - start == timedelta(weeks=1):
        before = start - timedelta(weeks=52)  # by its dates a week would begin on another weekday
        has_53 = before.isocalendar().week == start.isocalendar().week + 1
        return before - timedelta(weeks=1) if has_53 else before
    day = start - timedelta(days=1) if (start.month, start.day) == (2, 29) else start
    return day.replace(year=day.year - 1)


def _earlier(instant: datetime, months: int) -> datetime:
    """Return the same day and time some months before; of a shorter month its end."""
    day = instant.date()
    first = _months_later(day.replace(day=1), -months)
    following = _months_later(first, 1)
    moved = first + timedelta(days=day.day - 1)
    if moved >= following:
        return _midnight(following)
    return datetime.combine(moved, instant.timetz())


def _months_later(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, first.day)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


def _no_period(period: object) -> UsageError:
    return UsageError(
        Text(f"不是时段：{period!r}", f"no period: {period!r}"),
        remedy=Text(
            "请写成 2026-03、2026-Q1、2026、2026-W10、2026-03-05，或给两个时刻",
            "write 2026-03, 2026-Q1, 2026, 2026-W10 or 2026-03-05, or give two instants",
        ),
    )


PERIODS: tuple[str, ...] = get_args(By)


def check_by(by: str, allowed: tuple[str, ...] = PERIODS) -> None:
    """Refuse a `by` that the report does not know.

    Raises
    ------
    UsageError
        It is none of those allowed.
    """
    if by not in allowed:
        raise cannot_be("by", by, Text(f"可选：{'、'.join(allowed)}", f"choose one of {', '.join(allowed)}"))


WORKING_HOURS = ("09:00", "18:00")
USUAL_HOURS = ("08:00", "20:00")
"""On a working day, when people work (reports split minutes there) and when a call surprises nobody (for the audit)."""


class Workdays:
    """Which days are working days: one's own `holidays` and `extra_workdays` first, then the Chinese calendar, else
    Monday to Friday.

    Raises
    ------
    UsageError
        A date is none, or is both a holiday and a working day.

    Examples
    --------
    >>> calendar = Workdays()
    >>> calendar.is_working(date(2024, 2, 18)), calendar.is_working(date(2024, 2, 19))  # a Sunday made up
    (True, True)
    >>> calendar.count(date(2024, 2, 1), date(2024, 3, 1)), calendar.count(date(2026, 3, 1), date(2399, 1, 1)) > 90_000
    (18, True)
    """

    def __init__(self, holidays: Collection[date | str] = (), extra_workdays: Collection[date | str] = ()) -> None:
        self._free, self._extra = _dates("holidays", holidays), _dates("extra_workdays", extra_workdays)
        both = self._free & self._extra
        if both:
            raise UsageError(
                Text(f"{min(both)} 同时是假日和工作日", f"{min(both)} is both a holiday and a working day"),
                remedy=Text(
                    "请从 holidays 或 extra_workdays 中去掉一个", "take it out of holidays or of extra_workdays"
                ),
            )

    def is_working(self, day: date) -> bool:
        """Return whether a day is a working day."""
        if day in self._free or day in self._extra:
            return day in self._extra
        return bool(chinese_calendar.is_workday(day)) if _is_known(day.year) else day.weekday() < 5

    def count(self, first: date, end: date) -> int:
        """Return how many working days lie in `[first, end)`, in steps of years where only weekends are known: a
        record may say 2399.
        """
        total, day = 0, first
        while day < end:
            if _is_known(day.year):
                total += self.is_working(day)
                day += timedelta(days=1)
                continue
            stop = min(end, date(day.year + 1, 1, 1))
            weeks, rest = divmod((stop - day).days, 7)
            total += weeks * 5 + sum((day.weekday() + more) % 7 < 5 for more in range(rest))
            own = [one for one in self._free | self._extra if day <= one < stop]
            total += sum(self.is_working(one) - (one.weekday() < 5) for one in own)
            day = stop
        return total

    def notes(self, days: Iterable[date]) -> tuple[Text, ...]:
        """Return what the reader must know about the calendar of some days."""
        unknown = sorted({day.year for day in days if not _is_known(day.year)})
        if not unknown:
            return ()
        years = ", ".join(str(year) for year in unknown)
        return (
            Text(
                f"{years} 年的节假日安排未知，按周一至周五为工作日计算（不含调休）",
                f"the holidays of {years} are not known: Monday to Friday are taken for working days, without make-up days",
            ),
        )


@cache
def _is_known(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:  # how the package says that it does not know the year
        return False
    return True


class Worked(NamedTuple):
    """Working time by day, to be joined with: `opens closes` of each working day [seconds of the day], and what the
    reader must know.

    `table` has `day`, `before` (working seconds before that day, from the first of the days on) and `works` (1 on a
    working day, else 0). Working seconds up to a local epoch second are then `before + works × (what has passed
    between opens and closes)`.
    """

    table: pa.Table
    opens: int
    closes: int
    notes: tuple[Text, ...]


def worked(
    days: Collection[int], hours: Sequence[str] = WORKING_HOURS, holidays: Collection[date | str] = (),
    extra_workdays: Collection[date | str] = (),
) -> Worked:  # fmt: skip
    """Return the working time of some days, given by their numbers; only these days are in the table, whatever lies
    between them.

    Raises
    ------
    UsageError
        `hours` are no two times of a day, or the second is not after the first; or a date is none, or both free and
        not.

    Examples
    --------
    >>> found = worked([20_543, 20_546])  # Tuesday 2026-03-31 and Friday 2026-04-03
    >>> found.table["before"].to_pylist(), found.table["works"].to_pylist()
    ([0, 97200], [1, 1])
    """
    opens, closes = _hours(hours)
    calendar = Workdays(holidays, extra_workdays)
    dates = [date_of(day) for day in sorted(days)]
    before = accumulate((calendar.count(*pair) * (closes - opens) for pair in pairwise(dates)), initial=0)
    table = pa.table({
        "day": pa.array(sorted(days), pa.int64()),
        "before": pa.array(list(before)[: len(dates)], pa.int64()),
        "works": pa.array([int(calendar.is_working(day)) for day in dates], pa.int64()),
    })  # fmt: skip
    return Worked(table, opens, closes, calendar.notes(dates))


def _hours(hours: Sequence[str]) -> tuple[int, int]:
    given: object = hours
    edges = [seconds_of_day(text) for text in hours] if isinstance(given, tuple | list) else []
    if len(edges) != 2 or edges[1] <= edges[0]:
        raise UsageError(
            Text(f"工作时间不可用：{hours!r}", f"these cannot be working hours: {hours!r}"),
            remedy=Text("请给两个时刻，如 (\"09:00\", \"18:00\")，第二个晚于第一个", "give two times such as (\"09:00\", \"18:00\"), the second later than the first"),
        )  # fmt: skip
    return edges[0], edges[1]


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
