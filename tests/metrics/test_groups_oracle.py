"""Every report by every kind of group: each group is what the oracle counts of its own meetings, or legs, alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import chinese_calendar
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import effort
from tests.metrics import oracle
from tests.metrics.offices import ENGINES, difficult, offices, several
from tests.metrics.oracle import Fact, Leg, Office
from tests.metrics.test_engines import spark_frames
from tests.metrics.test_groups import split
from tests.metrics.test_oracle import FRACTIONS, TARIFF
from ytxdata import metrics
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.source import Source
from ytxdata.phones import number_class
from ytxdata.tables.address_book import AddressBook

ANNA, BOBO, DESK = "+8613900000000", "+8613900000001", "+861065520000"
BOOK = AddressBook.read(
    pd.DataFrame({
        "number": [ANNA, ANNA, BOBO, DESK],
        "name": ["Anna", "Anna", "Bobo", "desk"],
        "department": ["market", "research", "research", "reception"],
        "from": ["", "2026-04-01", "", "2026-03-31"],
        "to": ["2026-03-31", "", "", "2026-03-31"],
        "floor": ["3", "5", "5", "1"],
    })
)  # fmt: skip
RULE = {"周会": "weekly", "(?i)WEEKLY": "weekly", "one": "pairs"}
LIMITS = (0, 60, 300, 900, 1800, 3600, 7200, 14400, math.inf)
SIZES = {"1": (1, 1), "2": (2, 2), "3–5": (3, 5), "6–10": (6, 10), "11–15": (11, 15), "16–25": (16, 25), "26–50": (26, 50), "> 50": (51, 10**9)}  # fmt: skip


def in_book(number: str | None, at: int, column: str) -> str:
    """The same book, read by hand."""
    day = oracle.wall(at).date()
    department, person, floor = ("not in the book",) * 3
    if number == ANNA:
        department, person, floor = ("market", "Anna", "3") if day <= date(2026, 3, 31) else ("research", "Anna", "5")
    if number == BOBO:
        department, person, floor = "research", "Bobo", "5"
    if number == DESK and day == date(2026, 3, 31):
        department, person, floor = "reception", "desk", "1"
    return {"department": department, "person": person, "floor": floor}[column]


def size_class(size: int | None) -> str:
    if size is None:
        return "unknown"
    return next((name for name, (low, high) in SIZES.items() if low <= size <= high), "0")


def series(name: str | None) -> str:
    if name is None:
        return "unknown"
    return {"周会 3 月": "weekly", "Sales weekly": "weekly", "one to one": "pairs"}[name]


def class_of(number: str | None) -> str:
    kinds = {ANNA: "mobile", BOBO: "mobile", "+8613900000002": "mobile", DESK: "fixed", "+12025550100": "international"}
    return "unknown" if number is None else kinds.get(number, "mobile")  # the crowd has mobiles


class Kind(NamedTuple):
    """What is asked for, and the group of a meeting and of a leg as the definition says it; None where there is none."""

    group: Any
    of_meeting: Callable[[Fact], str]
    of_leg: Callable[[Leg, Fact], str] | None = None


def by_book(column: str) -> Kind:
    return Kind(
        column,
        lambda fact: in_book(fact.meeting.creator, fact.meeting.start or 0, column),
        lambda leg, fact: in_book(leg.number, fact.meeting.start or 0, column),
    )


KINDS = {
    "department": by_book("department"),
    "person": by_book("person"),
    "floor": by_book("floor"),
    "creator": Kind("creator", lambda fact: fact.meeting.creator or "unknown"),
    "number_class": Kind(
        "number_class", lambda fact: class_of(fact.meeting.creator), lambda leg, _: class_of(leg.number)
    ),
    "size_class": Kind("size_class", lambda fact: size_class(fact.size)),
    "name": Kind("name", lambda fact: fact.meeting.name or "unknown"),
    "rule": Kind(RULE, lambda fact: series(fact.meeting.name)),
}


def parts_of(office: Office, kind: Kind) -> dict[str, Office]:
    """Group → its meetings with all their legs."""
    found: dict[str, Office] = {}
    for fact in oracle.facts(office, min_parties=0):
        part = found.setdefault(kind.of_meeting(fact), Office([], []))
        part.meetings.append(fact.meeting)
        part.legs.extend(fact.listed)
    return found


def some(found: dict[str, Any]) -> dict[str, Any]:
    """Only groups of which there is something to say."""
    return {name: part for name, part in found.items() if part}


def hours_of(part: Office) -> dict[str, tuple[int, int]]:
    return oracle.working_hours(part, "day", chinese_calendar.is_workday, 9 * 3600, 18 * 3600)


def check_meetings(source: Source, office: Office, kind: Kind) -> None:
    """The reports by groups of meetings."""
    asked: dict[str, Any] = {"group": kind.group, "book": BOOK}
    parts = parts_of(office, kind)
    facts = {name: oracle.within(part) for name, part in parts.items()}
    for by in ("day", "total"):
        assert split(metrics.usage(source, by=by, **asked)) == some({n: oracle.usage(p, by) for n, p in parts.items()})
    found = split(metrics.concurrency(source, by="day", lines=1, p=75, **asked))
    assert found == some({n: oracle.concurrency(p, "day", None, None, 1, 75) for n, p in parts.items()})
    check_stretches(split(metrics.peak_stretches(source, by="day", **asked)), parts)
    cells = {
        name: {(row["weekday"], row["hour"]): row["heatmap"] for row in part}
        for name, part in split(metrics.heatmap(source, **asked)).items()
    }
    timed = {name for name, here in facts.items() if any(fact.span is not None for fact in here)}
    assert cells == {name: oracle.heatmap(parts[name]) for name in timed}
    split_of = {
        name: {row["period"]: (round(row["meeting_minutes"] * 60), round(row["inside_minutes"] * 60)) for row in part}
        for name, part in split(metrics.working_hours(source, by="day", **asked)).items()
    }
    assert split_of == some({name: hours_of(part) for name, part in parts.items()})
    check_classes(source, facts, asked)
    people = {
        name: {row["number"]: (row["meetings"], row["legs"], row["leg_minutes"], row["presence"]) for row in part}
        for name, part in split(metrics.people(source, group_of="creator", **asked)).items()
    }
    assert people == some({name: oracle.people(part) for name, part in parts.items()})
    check_money(source, parts, asked)


def check_stretches(found: dict[str, list[dict[str, Any]]], parts: dict[str, Office]) -> None:
    for name, part in parts.items():
        for n, what in enumerate(("legs", "meetings")):
            levels = oracle.connected(oracle.facts(part))[n]
            tops = oracle.peak(levels, "day", None, None)
            mine = [row for row in found.get(name, []) if row["kind"] == what]
            assert Counter((row["period"], row["level"]) for row in mine) == {
                (period, level): times for period, (level, _, times) in tops.items()
            }
            assert all(levels[t] == row["level"] for row in mine for t in range(row["starts_at"], row["ends_at"]))


def check_classes(source: Source, facts: dict[str, list[Fact]], asked: dict[str, Any]) -> None:
    sizes = {
        name: {row["size_bucket"]: row["meetings"] for row in part}
        for name, part in split(metrics.sizes(source, **asked)).items()
    }
    durations = {
        name: [row["meetings"] for row in part] for name, part in split(metrics.durations(source, **asked)).items()
    }
    known = {name: [fact.size for fact in here if fact.size is not None] for name, here in facts.items()}
    assert sizes == {
        name: {one: sum(low <= size <= high for size in here) for one, (low, high) in SIZES.items()}
        for name, here in known.items()
        if here
    }
    spent = {name: [fact.seconds for fact in here if fact.seconds is not None] for name, here in facts.items()}
    assert durations == {
        name: [sum(low <= seconds < high for seconds in here) for low, high in pairwise(LIMITS)]
        for name, here in spent.items()
        if here
    }


def check_money(source: Source, parts: dict[str, Office], asked: dict[str, Any]) -> None:
    prices = {n: oracle.cost(p, FRACTIONS, number_class, 6, 12, Fraction("0.05")) for n, p in parts.items()}
    for by in ("total", "line"):
        found = split(metrics.cost(source, TARIFF, by=by, **asked))
        costs = {name: sum((Fraction(row["cost"]) for row in part), Fraction(0)) for name, part in found.items()}
        assert {**dict.fromkeys(prices, Fraction(0)), **costs} == prices
    lonely = split(metrics.lonely(source, by="total", tariff=TARIFF, **asked))
    each = split(metrics.lonely(source, by="meeting", **asked))
    for name, part in parts.items():
        alone = [fact.lonely for fact in oracle.within(part) if fact.lonely is not None]
        assert sorted(round(row["lonely_minutes"] * 60) for row in each.get(name, [])) == sorted(alone)
        if alone:
            (row,) = lonely[name]
            assert (row["meetings"], row["lonely_minutes"]) == (len(alone), sum(alone) / 60)
            yuan = sum(oracle.lonely_cost_each(part, FRACTIONS, number_class), Fraction(0))
            assert abs(Fraction(row["lonely_cost"]) - yuan) <= Fraction(len(alone), 2 * 10**9)
    assert set(lonely) == set(each)


def check_legs(source: Source, office: Office, kind: Kind) -> None:
    """The reports by groups of legs: each falls into that of its own number, on the day of its meeting."""
    assert kind.of_leg is not None
    asked: dict[str, Any] = {"group": kind.group, "book": BOOK, "group_of": "leg"}
    expected: dict[str, list[tuple[Leg, Fact]]] = {}
    for fact in oracle.within(office):
        for leg in fact.joined:
            expected.setdefault(kind.of_leg(leg, fact), []).append((leg, fact))
    usage = {name: part[0] for name, part in split(metrics.usage(source, by="total", **asked)).items()}
    assert set(usage) == set(expected)
    spans = {
        name: [(join, end, leg) for leg, fact in legs for one, join, end in fact.closed if one is leg]
        for name, legs in expected.items()
    }
    levels = {name: Counter(t for join, end, _ in here for t in range(join, end)) for name, here in spans.items()}
    for name, legs in expected.items():
        row = usage[name]
        assert (row["legs"], row["meetings_joined"]) == (len(legs), len({id(fact) for _, fact in legs}))
        assert row["people"] == len({leg.number for leg, _ in legs} - {None})
        assert row["withheld"] == sum(leg.number is None for leg, _ in legs)
        assert row["leg_minutes"] == oracle.minutes(oracle.add(end - join for join, end, _ in spans[name]))
        assert row["peak_legs"] == max(levels[name].values(), default=0)
    found = split(metrics.concurrency(source, by="day", lines=1, **asked))
    tops = some({name: oracle.peak(levels[name], "day", None, None) for name in expected})
    assert {
        name: {row["period"]: (row["peak_legs"], row["peak_legs_at"], row["peak_legs_times"]) for row in part}
        for name, part in found.items()
    } == tops
    stretches = split(metrics.peak_stretches(source, by="day", **asked))
    assert {name: Counter((row["period"], row["level"]) for row in part) for name, part in stretches.items()} == {
        name: {(period, top[0]): top[2] for period, top in periods.items()} for name, periods in tops.items()
    }
    people = {
        name: {row["number"]: row["legs"] for row in part}
        for name, part in split(metrics.people(source, **asked)).items()
    }
    assert people == some({
        name: dict(Counter(leg.number for leg, _ in legs if leg.number is not None)) for name, legs in expected.items()
    })  # fmt: skip
    costs = {
        name: Fraction(part[0]["cost"])
        for name, part in split(metrics.cost(source, TARIFF, by="total", **asked)).items()
    }
    assert some(costs) == some(
        {name: sum((price(*span) for span in here), Fraction(0)) for name, here in spans.items()}
    )


def price(join: int, end: int, leg: Leg) -> Fraction:
    per_minute = FRACTIONS.get(number_class(leg.number), FRACTIONS["default"])
    return Fraction("0.05") + per_minute * max(-(-(end - join) // 6) * 6, 12) / 60


def check(source: Source, office: Office, name: str) -> None:
    check_meetings(source, office, KINDS[name])
    if KINDS[name].of_leg is not None:
        check_legs(source, office, KINDS[name])


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.filterwarnings("ignore:.*none of the numbers")
@settings(
    max_examples=2,  # the first is that of nothing
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(office=several(offices() | offices(step=30), 4), name=st.sampled_from(list(KINDS)))
def test_random_offices_with_ties_and_unknowns(engine: str, office: Office, name: str) -> None:
    if office.meetings:
        check(resolve(ENGINES[engine](office)), office, name)


@pytest.fixture(scope="module")
def on_polars() -> Source:
    """Its facts are shared, as `ytxdata report` shares them."""
    return resolve(ENGINES["polars"](difficult()))


@pytest.mark.slow
@pytest.mark.by_chance(3)
@pytest.mark.parametrize("name", KINDS)
def test_the_difficult_office(name: str, on_polars: Source) -> None:
    check(on_polars, difficult(), name)


def check_sums(source: Source, office: Office, name: str) -> None:
    """Who belongs to which group, of which every report makes the same."""
    kind = KINDS[name]
    parts = {group: oracle.usage(part, "total") for group, part in parts_of(office, kind).items()}
    assert split(metrics.usage(source, by="total", group=kind.group, book=BOOK)) == some(parts), name


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_the_difficult_office_on_other_engines(engine: str) -> None:
    source = resolve(ENGINES[engine](difficult()))
    check(source, difficult(), "department")
    # a person and a floor are columns of the book like a department, and a name is a text as an id is: on Polars above
    for name in ("creator", "number_class", "size_class", "rule"):
        check_sums(source, difficult(), name)


@pytest.mark.slow
@pytest.mark.spark
def test_the_difficult_office_on_spark(spark: Any) -> None:
    """Each kind of group once: what every report does with its rows on Spark is held against pandas in `test_engines`."""
    source = resolve(spark_frames(spark, difficult()))
    # by facts, or by a text, which is looked up as a number is; `test_engines` goes by a book
    for name in effort.some(("size_class", "rule"), 1):
        check_sums(source, difficult(), name)
