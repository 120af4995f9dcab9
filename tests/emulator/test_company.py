"""The company is believable, clean, and the same for the same seed."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from itertools import islice, pairwise
from typing import Any

import pytest

from ytxdata.emulator.backend import Backend
from ytxdata.emulator.company import NASTY, Company
from ytxdata.emulator.meeting import TARIFF_MILLS, Meeting
from ytxdata.emulator.options import Options
from ytxdata.phones import normalize, number_class

CHINA = timezone(timedelta(hours=8))


def company(seed: int = 1, rate: float = 4.0) -> Company:
    return Company(seed, rate, "app")


@pytest.fixture(scope="module")
def two_years() -> list[Meeting]:
    return list(company(rate=8).between(*(int(datetime(y, 1, 1, tzinfo=CHINA).timestamp()) for y in (2024, 2026))))


def on(meetings: list[Meeting], *days: str) -> float:
    """The mean number of meetings that start on some days."""
    count = Counter(str(datetime.fromtimestamp(m.started_at, CHINA).date()) for m in meetings)
    return sum(count[day] for day in days) / len(days)


def test_a_day_depends_on_seed_rate_and_date_alone() -> None:
    day = date(2025, 6, 3)
    alone = company().day(day)
    whole = company()
    list(islice(whole.before(1_780_000_000), 200))
    assert whole.day(day) == alone
    assert company(seed=2).day(day) != alone
    assert company(rate=5).day(day) != alone


@pytest.mark.slow
def test_about_two_thousand_meetings_are_two_years() -> None:
    meetings = Backend(Options(until="2026-03-04")).truth()["meetings"]
    assert len(meetings) == 2026
    span = datetime(2026, 3, 4, tzinfo=CHINA) - datetime.fromisoformat(meetings[0]["started_at"])
    assert 650 < span.days < 810


@pytest.mark.slow
def test_many_meetings_are_two_years_of_a_larger_company() -> None:
    backend = Backend(Options(meetings=10_000, until="2026-03-04"))
    span = backend.now - backend.entries[0].first.started_at
    assert 600 < span / 86400 < 850
    assert len(backend.company.staff) > len(Backend(Options(meetings=1)).company.staff)


def test_the_week_has_its_rhythm(two_years: list[Meeting]) -> None:
    weekdays = Counter(datetime.fromtimestamp(m.started_at, CHINA).weekday() for m in two_years)
    assert min(weekdays[day] for day in range(5)) > 4 * max(weekdays[5], weekdays[6])


def test_holidays_are_quiet_and_make_up_days_are_worked(two_years: list[Meeting]) -> None:
    # National Day 2025 lasted from 1 to 8 October; Sunday 28 September and Saturday 11 October were worked instead.
    assert on(two_years, *[f"2025-10-0{day}" for day in range(1, 9)]) < 1.5
    makeup = ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2024-09-14", "2024-09-29"]
    assert on(two_years, *makeup) > 2.5


def test_hours_are_office_hours_with_some_nights(two_years: list[Meeting]) -> None:
    hours = Counter(datetime.fromtimestamp(m.started_at, CHINA).hour for m in two_years)
    assert sum(hours[hour] for hour in range(8, 20)) > 0.95 * len(two_years)
    assert 0 < sum(hours[hour] for hour in (20, 21, 22, 23)) < 0.05 * len(two_years)
    assert not any(hours[hour] for hour in range(7))


def test_life_happens(two_years: list[Meeting]) -> None:
    kinds = Counter(meeting.kind for meeting in two_years)
    for kind in ("recurring", "ad_hoc", "night", "all_hands", "forgotten", "brief", "nobody_answered"):
        assert kinds[kind] > 5, kind
    legs = [leg for meeting in two_years for leg in meeting.legs]
    assert 0.03 < sum(leg.joined_at is None for leg in legs) / len(legs) < 0.15
    assert any(leg.number is None for leg in legs)
    assert any(leg.line == "international" for leg in legs)
    rejoined = sum(
        max(Counter(leg.number for leg in m.legs if leg.number and leg.joined_at).values()) > 1 for m in two_years
    )
    assert 0.05 < rejoined / len(two_years) < 0.5
    assert {m.name for m in two_years} & set(NASTY)
    assert len({m.name for m in two_years if m.kind == "recurring"}) > 10


def test_forgotten_hang_ups_leave_one_party_alone(two_years: list[Meeting]) -> None:
    for meeting in two_years:
        if meeting.kind == "forgotten":
            ends = sorted(leg.left_at or 0 for leg in meeting.legs if leg.joined_at is not None)
            assert len(ends) == 1 or ends[-1] - ends[-2] >= 600


def test_times_and_money_agree(two_years: list[Meeting]) -> None:
    assert len({meeting.meeting_id for meeting in two_years}) == len(two_years)
    for meeting in two_years:
        assert meeting.ended_at is not None
        assert meeting.duration_s == meeting.ended_at - meeting.started_at > 0
        assert meeting.created_at < meeting.started_at
        cost = 0
        for leg in meeting.legs:
            assert leg.left_at is not None
            assert meeting.started_at <= leg.called_at <= leg.left_at <= meeting.ended_at
            if leg.joined_at is not None:
                assert leg.called_at <= leg.joined_at < leg.left_at
                cost += -(-(leg.left_at - leg.joined_at) // 60) * TARIFF_MILLS[leg.line]
        assert meeting.amount_mills == cost
        assert min(leg.joined_at for leg in meeting.legs if leg.joined_at is not None) == meeting.started_at


def overlaps(spans: list[tuple[int, int]]) -> int:
    spans.sort()
    return max((end - start for (_, end), (start, _) in pairwise(spans)), default=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 9))
def test_without_plants_there_is_nothing_an_audit_calls_critical(seed: int) -> None:
    backend = Backend(Options(meetings=1500, seed=seed, until="2026-03-04", rate=6))
    truth = backend.truth()
    legs = defaultdict(list)
    for leg in truth["legs"]:
        legs[leg["meeting_id"]].append(leg)
    assert len({row["meeting_id"] for row in truth["meetings"]}) == 1500
    persons: dict[str, list[tuple[int, int]]] = defaultdict(list)
    creators: dict[str, list[tuple[int, int]]] = defaultdict(list)
    facts = set()
    for row in truth["meetings"]:
        if row["is_running"]:
            continue
        start, end = (int(datetime.fromisoformat(row[name]).timestamp()) for name in ("started_at", "ended_at"))
        assert 10 <= end - start < 4 * 3600 - 10
        creators[row["creator"]].append((start, end))
        facts.add((row["creator"], start))
        for leg in legs[row["meeting_id"]]:
            if leg["number"] and leg["joined_at"]:
                joined, left = (int(datetime.fromisoformat(leg[name]).timestamp()) for name in ("joined_at", "left_at"))
                persons[leg["number"]].append((joined, left))
        numbers = sorted({int(leg["number"][1:]) for leg in legs[row["meeting_id"]] if leg["number"]})
        assert not any(b - a == 1 for a, b in pairwise(numbers))
    assert len(facts) + len(truth["running"]) == 1500
    assert max(overlaps(spans) for spans in persons.values()) <= 0
    assert max(overlaps(spans) for spans in creators.values()) <= 0
    for spans in creators.values():
        starts = sorted(start for start, _ in spans)
        assert not any(later - first <= 600 for first, later in zip(starts, starts[4:], strict=False))
    assert {line["meeting_id"]: line["amount_yuan"] for line in truth["invoice"]} == {
        row["meeting_id"]: row["amount_yuan"] for row in truth["meetings"] if not row["is_running"]
    }


@pytest.mark.slow
def test_no_number_can_be_dialled_and_all_are_read() -> None:
    backend = Backend(Options(meetings=2000, until="2026-03-04", planted=True))
    phones: dict[str, Any] = {leg["phone"]: leg for leg in backend.truth()["legs"] if leg["phone"]}
    classes: Counter[str] = Counter()
    for phone, leg in phones.items():
        assert normalize(phone) == leg["number"]
        if leg["number"] is None:
            assert phone in ("anonymous", "未知号码")
            continue
        fiction = ("154", "0100", "+1202555", "+1415555", "+1212555", "+442079460", "+447700900", "+449098790", "+8700")
        assert phone.startswith(fiction)
        assert leg["line"] == number_class(leg["number"])
        classes[leg["line"]] += 1
    assert set(classes) == {"mobile", "fixed", "international", "premium", "satellite"}
    phones_of_staff = [row["phone"] for row in backend.truth()["roster"]]
    assert len(phones_of_staff) == len(set(phones_of_staff))


def test_a_year_the_calendar_does_not_know_falls_back_to_weekends() -> None:
    sunday = date(2035, 3, 4)
    assert sum(len(company(rate=20).day(sunday + timedelta(days=back))) for back in (0, 7, 14)) < 10
    assert len(company(rate=20).day(sunday + timedelta(days=1))) > 10


@pytest.mark.slow
def test_an_ordinary_company_is_ready_within_a_second() -> None:
    begun = time.process_time()
    Backend(Options(until="2026-03-04"))
    assert time.process_time() - begun < 1
