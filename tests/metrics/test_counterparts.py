"""Which period another is compared with: by the calendar, exactly, and as much of it as is over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytxdata.errors import UsageError
from ytxdata.metrics.calendar import counterpart, span_of, until
from ytxdata.times import as_instant


@pytest.mark.parametrize(
    ("period", "edges", "before", "year"),
    [
        ("2026-03", "2026-03-01 2026-04-01", "2026-02-01 2026-03-01", "2025-03-01 2025-04-01"),
        ("2026-Q1", "2026-01-01 2026-04-01", "2025-10-01 2026-01-01", "2025-01-01 2025-04-01"),
        ("2026", "2026-01-01 2027-01-01", "2025-01-01 2026-01-01", "2025-01-01 2026-01-01"),
        ("2026-W10", "2026-03-02 2026-03-09", "2026-02-23 2026-03-02", "2025-03-03 2025-03-10"),
        ("2025-W36", "2025-09-01 2025-09-08", "2025-08-25 2025-09-01", "2024-09-02 2024-09-09"),
        ("2024-W09", "2024-02-26 2024-03-04", "2024-02-19 2024-02-26", "2023-02-27 2023-03-06"),
        ("2025-W09", "2025-02-24 2025-03-03", "2025-02-17 2025-02-24", "2024-02-26 2024-03-04"),
        ("2020-W53", "2020-12-28 2021-01-04", "2020-12-21 2020-12-28", "2019-12-30 2020-01-06"),
        ("2021-W01", "2021-01-04 2021-01-11", "2020-12-28 2021-01-04", "2019-12-30 2020-01-06"),
        ("2026-03-01", "2026-03-01 2026-03-02", "2026-02-28 2026-03-01", "2025-03-01 2025-03-02"),
        ("2024-02-29", "2024-02-29 2024-03-01", "2024-02-28 2024-02-29", "2023-02-28 2023-03-01"),
        (("2025-03-01", "2025-03-31"), "2025-03-01 2025-03-31", "2025-01-30 2025-03-01", "2024-03-01 2024-03-31"),
        (("2026-02-01", "2026-03-21"), "2026-02-01 2026-03-21", "2025-12-15 2026-02-01", "2025-02-01 2025-03-21"),
        (("2024-02-29", "2024-03-07"), "2024-02-29 2024-03-07", "2024-02-22 2024-02-29", "2023-02-28 2023-03-07"),
    ],
)
def test_periods_by_the_calendar(period: Any, edges: str, before: str, year: str) -> None:
    start, end = span_of(period)

    def days(span: tuple[datetime, datetime]) -> str:
        return " ".join(edge.date().isoformat() for edge in span)

    assert days((start, end)) == edges
    assert days(counterpart(start, end)) == before
    assert days(counterpart(start, end, "year_before")) == year
    assert counterpart(start, end, (as_instant("2020-01"), as_instant("2020-02")))[0].year == 2020


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (("2024-02-29 08:00", "2024-02-29 12:00"), "2023-02-28 08 2023-02-28 12"),
        (("2024-02-28 08:00", "2024-02-29 12:00"), "2023-02-28 08 2023-03-01 12"),
        (("2025-02-28 08:00", "2025-03-01 12:00"), "2024-02-28 08 2024-02-29 12"),
        (("2024-02-29 20:00", "2024-03-01 04:00"), "2023-02-28 20 2023-03-01 04"),
    ],
)
def test_around_the_29th_of_february_a_year_before_keeps_length_and_time(period: Any, before: str) -> None:
    start, end = span_of(period)
    found = counterpart(start, end, "year_before")
    assert " ".join(f"{edge:%Y-%m-%d %H}" for edge in found) == before
    assert found[1] - found[0] == end - start


@given(
    monday=st.dates(date(1992, 1, 6), date(2100, 1, 1)).map(lambda day: day - timedelta(days=day.weekday())),
    gone=st.integers(1, 7 * 24 - 1),
)
def test_a_week_is_compared_with_seven_days_of_the_same_number(monday: date, gone: int) -> None:
    year, week, _ = monday.isocalendar()
    span = span_of(f"{year}-W{week:02}")
    before = counterpart(*span, "year_before")
    assert before[1] - before[0] == timedelta(days=7)
    assert (before[0].weekday(), before[0].hour) == (0, 0)
    same = (year - 1, week) if before[0].isocalendar()[1] == week else (year, 1)
    assert tuple(before[0].isocalendar())[:2] == same
    # a week that is not over: as many hours of the other
    (_, last), (first, cut) = until(*span, span[0] + timedelta(hours=gone), "year_before")
    assert (first, cut - first) == (before[0], last - span[0])


@pytest.mark.parametrize("wrong", ["2026-13", "March", "2026-Q5", "2026-W60", "", "2026-02-30", ("2026-03", "2026-03")])
def test_what_is_no_period_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="no period"):
        span_of(wrong)
    with pytest.raises(UsageError, match="year_before"):
        counterpart(*span_of("2026"), "last")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        ("2026-04", "2026-04-01 00:00 2026-04-20 12:00 2026-03-01 00:00 2026-03-20 12:00"),
        ("2026-04-02", "2026-04-02 00:00 2026-04-20 12:00 2026-03-14 12:00 2026-04-02 00:00"),
    ],
)
def test_what_is_open_at_its_end_is_a_month_where_it_begins_one(start: str, shown: str) -> None:
    spans = until(as_instant(start), None, as_instant("2026-04-20 12:00"))
    assert " ".join(f"{edge:%Y-%m-%d %H:%M}" for span in spans for edge in span) == shown
