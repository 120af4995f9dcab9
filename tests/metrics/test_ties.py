"""Many things in one second: what is asked again is answered the same, and as the oracle counts it."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.effort import examples
from tests.metrics import oracle
from tests.metrics.offices import EDGES, ENGINES, NUMBERS, rows, several
from tests.metrics.oracle import Leg, Meeting, Office
from tests.metrics.test_engines import REPORTS, comparable
from ytxdata import metrics
from ytxdata.metrics.groups import resolve
from ytxdata.phones import number_class

PRICES = {"mobile": Decimal("0.1"), "fixed": Decimal("0.07"), "default": Decimal("0.355")}
TARIFF = metrics.Tariff(prices=PRICES)
FRACTIONS = {name: Fraction(price) for name, price in PRICES.items()}
AGAIN = examples(3, 2)


def waiting_rooms(meetings: int, crowd: int) -> Office:
    """In each meeting one waits a minute; then a crowd of all classes joins in one second and leaves in another, one of them on two lines."""
    classes = ("+8613900000{n:03d}", "+86106552{n:04d}", "+1202555{n:04d}")
    shuffled = random.Random(3)
    held, legs = [], []
    for meeting in range(meetings):
        name, begin = f"m{meeting}", EDGES[2] + meeting * 7
        held.append(Meeting(name, "+8613900000000", begin, begin + 120, crowd + 2))
        numbers = [shuffled.choice(classes).format(n=n) for n in range(crowd)]
        legs.append(Leg(name, 0, "+8613900009999", begin, begin + 120))
        legs += [
            Leg(name, n, number, begin + 60, begin + 120) for n, number in enumerate([*numbers, numbers[0]], start=1)
        ]
    shuffled.shuffle(legs)
    return Office(held, legs)


@st.composite
def crowded(draw: st.DrawFn) -> Office:
    """Meetings of a few seconds, in which nearly everything happens at once."""
    meetings, legs = [], []
    for number in range(draw(st.integers(1, 3))):
        start = EDGES[0] + draw(st.integers(-2, 2))
        moment = st.integers(start, start + 4)
        listed = []
        for leg in range(draw(st.integers(1, 12))):
            join, leave = sorted((draw(moment), draw(moment)))
            listed.append(Leg(f"m{number}", leg, draw(st.sampled_from(NUMBERS)), join, leave))
        meetings.append(Meeting(f"m{number}", "+8613900000000", start, start + 5, len(listed)))
        legs += listed
    return Office(meetings, legs)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_one_waits_and_a_crowd_joins_in_one_second(engine: str) -> None:
    """A minute alone costs a minute, however the engine sorts those who come in one second; small tables it sorts by one thread."""
    office = waiting_rooms(3_000, 10)
    for _ in range(AGAIN):
        found = rows(metrics.lonely(ENGINES[engine](office), tariff=TARIFF))
        assert {row["lonely_cost"] for row in found} == {Decimal("0.1")}


@pytest.mark.slow
def test_every_report_asked_again_is_the_same() -> None:
    """Also by another engine, and where several threads share the work, as on pandas they do not."""
    office = waiting_rooms(3, 30)
    first, again = (
        {name: comparable(make(source)) for name, make in REPORTS.items()}
        for source in (resolve(ENGINES[engine](office)) for engine in ("polars", "duckdb"))
    )
    for name, report in first.items():
        assert again[name] == report, name


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ENGINES)
@settings(
    max_examples=2,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(office=several(crowded(), 12))
def test_whatever_happens_in_one_second(engine: str, office: Office) -> None:
    frames = resolve(ENGINES[engine](office))
    assert rows(metrics.usage(frames, by="day")) == oracle.usage(office, "day")
    assert rows(metrics.concurrency(frames, by="day", lines=2, p=75)) == oracle.concurrency(
        office, "day", None, None, 2, 75
    )
    costs = {row["meeting_id"]: row["lonely_cost"] for row in rows(metrics.lonely(frames, tariff=TARIFF))}
    expected = oracle.lonely_cost(office, FRACTIONS, number_class)
    assert set(costs) == set(expected)
    for meeting_id, yuan in expected.items():
        assert abs(Fraction(costs[meeting_id]) - yuan) <= Fraction(1, 2 * 10**9)
