"""Which days are worked in China, make-up days (调休) included."""

from __future__ import annotations

from datetime import date
from functools import cache

import chinese_calendar


@cache
def is_workday(day: date) -> bool:
    """Return whether a day is worked; a year the calendar does not know falls back to weekends."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def is_makeup_day(day: date) -> bool:
    """Return whether a Saturday or Sunday is worked in exchange for a holiday."""
    return day.weekday() >= 5 and is_workday(day)
