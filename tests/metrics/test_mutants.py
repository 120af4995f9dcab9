"""Numbers that only one rule can give: each test fails when its rule is left out."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.metrics.offices import EDGES, ENGINES, rows
from tests.metrics.oracle import Leg, Meeting, Office
from ytxdata import metrics
from ytxdata.times import instant_of


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_a_price_that_60_does_not_divide_is_rounded_to_the_nearest_billionth(engine: str) -> None:
    """41 s at 0.1 yuan a minute are 0.06833…; 31 s at the same price 0.051666…, rounded up in the last place."""
    for seconds, expected in ((41, "0.068333333"), (31, "0.051666667")):
        start = EDGES[2]
        office = Office(
            [Meeting("m", None, start, start + seconds, 1)], [Leg("m", 1, "+8613900000000", start, start + seconds)]
        )
        tariff = metrics.Tariff(step_s=1, prices={"default": "0.1"})
        assert [row["cost"] for row in rows(metrics.cost(ENGINES[engine](office), tariff, by="line"))] == [
            Decimal(expected)
        ]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_a_leg_without_an_end_reaches_into_the_period(engine: str) -> None:
    """It may still be connected at its meeting's end, long after the begin of the period."""
    start = EDGES[0] - 3600
    legs = [Leg("m", 1, "+8613900000000", start, None), Leg("m", 2, "+8613900000001", start, start + 60)]
    office = Office([Meeting("m", None, start, EDGES[0] + 600, 2)], legs)
    found = rows(metrics.concurrency(ENGINES[engine](office), instant_of(EDGES[0]), by="total"))
    assert [(row["peak_legs"], row["busy_minutes"], row["peak_legs_at"]) for row in found] == [(1, 10.0, EDGES[0])]
    only_the_leg = Office(
        [Meeting("m", None, start, None, 2)], [legs[1], Leg("m", 1, "+8613900000000", start, EDGES[0] + 600)]
    )
    found = rows(metrics.concurrency(ENGINES[engine](only_the_leg), instant_of(EDGES[0]), by="total"))
    assert [row["busy_minutes"] for row in found] == [10.0]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_a_meeting_that_is_still_running_reaches_into_the_period(engine: str) -> None:
    start = EDGES[0] - 3600
    running = Office([Meeting("m", None, start, None, None)], [])
    assert rows(metrics.concurrency(ENGINES[engine](running), instant_of(EDGES[0]), by="total")) == []
    joined = [Leg("m", 1, "+8613900000000", EDGES[0] + 5, EDGES[0] + 65), Leg("m", 2, None, start, start + 5)]
    office = Office([Meeting("m", None, start, None, 2)], joined)
    found = rows(metrics.concurrency(ENGINES[engine](office), instant_of(EDGES[0]), by="total"))
    assert [(row["peak_legs"], row["peak_meetings"], row["busy_minutes"]) for row in found] == [(1, 1, 1.0)]
