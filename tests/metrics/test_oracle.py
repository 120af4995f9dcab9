"""A brute-force oracle, second by second, agrees with every number on every engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from itertools import pairwise
from typing import Any

import chinese_calendar
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.metrics import oracle
from tests.metrics.offices import EDGES, ENGINES, difficult, offices, rows, several, streamed
from tests.metrics.oracle import Office
from ytxdata import metrics
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.source import Source
from ytxdata.phones import number_class

Make = Callable[[Office], Source]

PRICES = {"mobile": Decimal("0.12"), "fixed": Decimal("0.1"), "default": Decimal("0.355")}
TARIFF = metrics.Tariff(step_s=6, minimum_s=12, connection_fee="0.05", prices=PRICES)
FRACTIONS = {name: Fraction(price) for name, price in PRICES.items()}
START, END = EDGES[0] - 20, EDGES[0] + 40

random_offices = settings(
    max_examples=2,  # the first is that of nothing
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def instant(second: int) -> str:
    return f"{oracle.wall(second)}+08:00"


@pytest.fixture(params=(*ENGINES, "duckdb, streamed"))
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Make:
    if request.param == "duckdb, streamed":  # as of ten million meetings: some days and some meetings after the others
        monkeypatch.setattr(import_module("ytxdata.metrics.concurrency"), "_AT_ONCE", 4)
        monkeypatch.setattr("ytxdata.metrics.facts._AT_ONCE", 2)
        return streamed
    return lambda office: resolve(ENGINES[request.param](office))  # facts are shared, as `ytxdata report` shares them


def check_usage(frames: Source, office: Office) -> None:
    for by in ("week", "total"):  # by day in `test_ties`
        assert rows(metrics.usage(frames, by=by)) == oracle.usage(office, by)
    cut = metrics.usage(frames, instant(START), instant(END), by="month")
    assert rows(cut) == oracle.usage(office, "month", START, END)
    strict = metrics.usage(frames, by="day", min_parties=2, day_of="ends")
    assert rows(strict) == oracle.usage(office, "day", min_parties=2, day_of="ends")


def check_people(frames: Source, office: Office) -> None:
    found = rows(metrics.creators(frames))
    assert {row.pop("creator"): row for row in found} == oracle.creators(office)
    presence = {
        (row["meeting_id"], row["number"], row["leg"]): (row["legs"], row["presence"], row["presence_pct"])
        for row in rows(metrics.presence(frames))
    }
    assert presence == oracle.presence(office)
    people = {
        row["number"]: (row["meetings"], row["legs"], row["leg_minutes"], row["presence"])
        for row in rows(metrics.people(frames))
    }
    assert people == oracle.people(office)


def check_times(frames: Source, office: Office) -> None:
    cells = {(row["weekday"], row["hour"]): row["heatmap"] for row in rows(metrics.heatmap(frames))}
    assert cells == oracle.heatmap(office)
    split = {
        row["period"]: (round(row["meeting_minutes"] * 60), round(row["inside_minutes"] * 60))
        for row in rows(metrics.working_hours(frames, by="day"))
    }
    assert split == oracle.working_hours(office, "day", chinese_calendar.is_workday, 9 * 3600, 18 * 3600)
    whole = rows(metrics.concurrency(frames, by="day", lines=1, p=75))
    assert whole == oracle.concurrency(office, "day", None, None, 1, 75)
    cut = rows(metrics.concurrency(frames, instant(START), instant(END), by="total", lines=1, p=75))
    assert cut == oracle.concurrency(office, "total", START, END, 1, 75)
    stretches = rows(metrics.peak_stretches(frames, by="day"))
    for kind in ("legs", "meetings"):
        mine = [row for row in stretches if row["kind"] == kind]
        at = {row["period"]: (row[f"peak_{kind}"], row[f"peak_{kind}_times"]) for row in whole if row[f"peak_{kind}"]}
        for period, (level, times) in at.items():
            here = [row for row in mine if row["period"] == period]
            assert [row["level"] for row in here] == [level] * times
            levels = oracle.connected(oracle.facts(office))[kind == "meetings"]
            assert all(levels[t] == level for row in here for t in range(row["starts_at"], row["ends_at"]))


def check_money(frames: Source, office: Office) -> None:
    lines = rows(metrics.cost(frames, TARIFF, by="line"))
    total = sum((row["cost"] for row in lines), Decimal(0))
    months = rows(metrics.cost(frames, TARIFF, by="month"))
    assert sum((row["cost"] for row in months), Decimal(0)) == total
    assert Fraction(total) == oracle.cost(office, FRACTIONS, number_class, 6, 12, Fraction("0.05"))
    lonely = {row["meeting_id"]: row for row in rows(metrics.lonely(frames, tariff=TARIFF))}
    costs = oracle.lonely_cost(office, FRACTIONS, number_class)
    assert set(lonely) == set(costs)
    for meeting_id, yuan in costs.items():
        assert abs(Fraction(lonely[meeting_id]["lonely_cost"]) - yuan) <= Fraction(1, 2 * 10**9)
    by_fact = {fact.meeting.meeting_id: fact.lonely for fact in oracle.within(office)}
    assert all(row["lonely_minutes"] * 60 == pytest.approx(by_fact[key]) for key, row in lonely.items())


def check_classes(frames: Source, office: Office) -> None:
    found = oracle.within(office)
    sizes = {row["size_bucket"]: row["meetings"] for row in rows(metrics.sizes(frames))}
    bounds = {
        "1": (1, 1),
        "2": (2, 2),
        "3–5": (3, 5),
        "6–10": (6, 10),
        "11–15": (11, 15),
        "16–25": (16, 25),
        "26–50": (26, 50),
    }
    expected = {name: sum(low <= (fact.size or 0) <= high for fact in found) for name, (low, high) in bounds.items()}
    assert sizes == expected | {"> 50": sum((fact.size or 0) > 50 for fact in found)}
    durations = {row["duration_class"]: row["meetings"] for row in rows(metrics.durations(frames))}
    limits = (0, 1, 5, 15, 30, 60, 120, 240, math.inf)
    spent = [fact.seconds / 60 for fact in found if fact.seconds is not None]
    assert list(durations.values()) == [sum(low <= value < high for value in spent) for low, high in pairwise(limits)]
    shares = rows(metrics.concentration(frames))
    n, share, gini = oracle.concentration(office)
    got = (shares[0]["creators"], shares[0]["concentration"], shares[0]["gini"]) if shares else (0, None, None)
    assert got[0] == n
    assert got[1:] == (share, gini) or got[1:] == pytest.approx((share, gini))
    google = rows(metrics.compare_definitions(frames))[1]
    meetings, overlap, calls = oracle.google(office)
    assert (google["meetings"], google["meeting_minutes"], google["participants"]) == (
        meetings,
        oracle.minutes(overlap),
        calls,
    )


CHECKS: tuple[Callable[[Source, Office], None], ...] = (
    check_usage,
    check_people,
    check_times,
    check_money,
    check_classes,
)


def check_all(make: Make, office: Office) -> None:
    frames = make(office)
    for check in CHECKS:
        check(frames, office)


@pytest.mark.slow
@random_offices
@given(office=several(offices(), 4))
def test_random_offices_agree_on_every_engine(make: Make, office: Office) -> None:
    if office.meetings:
        check_all(make, office)


@pytest.mark.slow
@pytest.mark.parametrize("make", ["polars", "duckdb, streamed"], indirect=True)
def test_difficult_cases_agree(make: Make) -> None:
    """What Polars says of them, and of nothing, the other engines say too: `test_engines`."""
    check_all(make, difficult())


@pytest.mark.slow
@pytest.mark.parametrize("make", ["polars"], indirect=True)
def test_an_empty_office_agrees(make: Make) -> None:
    check_all(make, Office([], []))


def test_the_oracle_is_not_the_package() -> None:
    """The oracle imports nothing of the package, and knows a number worked out by hand."""
    assert "ytxdata" not in oracle.__dict__
    day: dict[str, Any] = oracle.usage(difficult(), "day")[1]
    assert (day["period"], day["meetings"], day["talk_minutes"]) == ("2026-03-31", 3, (2 + 700 + 800) / 60)
    assert isinstance(date.fromisoformat(day["period"]), date)
    assert oracle.wall(EDGES[0]).isoformat() == "2026-04-01T00:00:00"
