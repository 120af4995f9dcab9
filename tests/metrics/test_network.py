"""Who meets whom, second by second."""

from __future__ import annotations

from collections import Counter, defaultdict
from importlib import import_module
from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.metrics import oracle
from tests.metrics.offices import EDGES, ENGINES, difficult, offices, rows, several
from tests.metrics.oracle import Leg, Meeting, Office
from ytxdata import metrics
from ytxdata.errors import UsageError
from ytxdata.metrics.groups import resolve
from ytxdata.tables.address_book import AddressBook

HOME = {"+8613900000000": "市场部", "+8613900000001": "市场部", "+861065520000": "行政部"}
BOOK = AddressBook.read(pd.DataFrame({"phone": list(HOME), "department": list(HOME.values())}))


def by_hand(office: Office, unit: str) -> tuple[dict[tuple[str, str], tuple[int, int]], dict[str, tuple[int, int]]]:
    """Pair → meetings and shared seconds; unit → people and seconds with two or more of its people."""
    shared: Counter[tuple[str, str]] = Counter()
    meetings: dict[tuple[str, str], set[int]] = defaultdict(set)
    inside: Counter[str] = Counter()
    people: dict[str, set[str]] = defaultdict(set)
    for fact in oracle.within(office):
        for leg in fact.joined:
            if leg.number is not None:
                people[leg.number if unit == "person" else HOME.get(leg.number, "not in the book")].add(leg.number)
            elif unit == "department":
                people["not in the book"] |= set()
        for present in fact.there.values():
            units: Counter[str] = Counter()
            for kind, who in present:
                if unit == "department":
                    units[HOME.get(str(who), "not in the book") if kind == "number" else "not in the book"] += 1
                elif kind == "number":
                    units[str(who)] += 1
            for pair in combinations(sorted(units), 2):
                shared[pair] += 1
                meetings[pair].add(id(fact.meeting))
            inside.update(name for name, n in units.items() if n >= 2)
    edges = {pair: (len(meetings[pair]), shared[pair]) for pair in shared}
    return edges, {name: (len(numbers), inside[name]) for name, numbers in people.items()}


def check(engine: str, office: Office, unit: Any) -> None:
    edges, nodes = by_hand(office, unit)
    source = resolve(ENGINES[engine](office))
    found = metrics.network(source, unit=unit, book=BOOK)
    pairs = {
        tuple(sorted((row["a"], row["b"]))): (row["meetings"], round(row["shared_minutes"] * 60)) for row in rows(found)
    }
    assert pairs == edges
    often = metrics.network(source, unit=unit, book=BOOK, min_meetings=2)
    assert {tuple(sorted((row["a"], row["b"]))): row["meetings"] for row in rows(often)} == {
        pair: n for pair, (n, _) in edges.items() if n >= 2
    }
    assert found.nodes is not None
    units = {row["unit"]: row for row in rows(found.nodes)}
    assert {name: (row["people"], round(row["inside_shared"] * 60)) for name, row in units.items()} == nodes
    for name, row in units.items():
        mine = [shared for pair, (_, shared) in edges.items() if name in pair]
        assert (row["degree"], round(row["outside_shared"] * 60)) == (len(mine), sum(mine))
        whole = nodes[name][1] + sum(mine)
        assert row["inside_shared_pct"] == (pytest.approx(nodes[name][1] * 100 / whole) if whole else None)


@pytest.mark.slow
@pytest.mark.by_chance(3)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("unit", ["department", "person"])
@pytest.mark.filterwarnings("ignore:.*none of the numbers")
@settings(
    max_examples=2,  # the first is that of nothing
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(office=several(offices(), 4))
def test_random_offices(engine: str, unit: str, office: Office) -> None:
    check(engine, office, unit)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_the_difficult_office(engine: str) -> None:
    check(engine, difficult(), "department")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_re_joins_are_united_and_a_pair_leads_to_its_records(engine: str) -> None:
    a, b, c = HOME
    t = EDGES[0]
    legs = [
        Leg("x", 1, a, t, t + 100), Leg("x", 2, a, t + 50, t + 120), Leg("x", 3, c, t + 90, t + 200), Leg("x", 4, c, t + 100, t + 110),
        Leg("x", 5, b, t + 300, t + 310), Leg("y", 1, b, t, t + 60), Leg("y", 2, None, t, t + 60),
    ]  # fmt: skip
    office = Office([Meeting("x", a, t, t + 400, 5), Meeting("y", b, t, t + 60, 2)], legs)
    found = metrics.network(ENGINES[engine](office), book=BOOK)
    assert [({row["a"], row["b"]}, row["meetings"], row["shared_minutes"]) for row in rows(found)] == [
        ({"市场部", "not in the book"}, 1, 1.0), ({"市场部", "行政部"}, 1, 0.5),
    ]  # fmt: skip
    place = next(n for n, row in enumerate(rows(found)) if "行政部" in (row["a"], row["b"]))
    records = found.explain(place)
    table = records.df() if engine == "duckdb" else records
    assert set(table["meeting_id"].to_list()) == {"x"}
    assert len(table["leg"]) == 5
    assert rows(metrics.network(ENGINES[engine](office), book=BOOK, min_meetings=2)) == []
    few = metrics.network(ENGINES[engine](office), book=BOOK, min_group=2)
    assert rows(few) == []
    assert [row["unit"] for row in rows(few.nodes)] == ["市场部"]  # type: ignore[arg-type]
    assert any("2 units of too few people" in note.en for note in few.notes)


@pytest.mark.slow
def test_numbers_are_masked_and_what_cannot_be_is_refused() -> None:
    frames = ENGINES["polars"](difficult())
    found = metrics.network(frames, unit="person")
    assert "139****0000" in str(found.masked().arrow.to_pylist())
    assert "13900000000" not in str(found.masked().arrow.to_pylist())
    with pytest.raises(UsageError, match=r"address book \(book=, --book\), or ask by person: unit=\"person\"$"):
        metrics.network(frames)
    with pytest.raises(UsageError, match="department or person"):
        metrics.network(frames, unit="team")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "unit"), [("polars", "department"), ("polars", "person"), ("pandas", "person")])
def test_pairs_made_some_meetings_at_a_time_are_those_made_at_once(
    engine: str, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    t, (a, b, c) = EDGES[0], HOME
    legs = [Leg(f"m{n}", k, (a, b, c)[(n + k) % 3], t + n, t + n + 60) for n in range(7) for k in range(2)]
    office = Office([Meeting(f"m{n}", a, t + n, t + n + 90, 2) for n in range(7)], legs)
    at_once = rows(metrics.network(ENGINES[engine](office), unit=unit, book=BOOK))  # type: ignore[arg-type]
    monkeypatch.setattr(import_module("ytxdata.metrics.network"), "_AT_ONCE", 5)
    check(engine, office, unit)
    assert rows(metrics.network(ENGINES[engine](office), unit=unit, book=BOOK)) == at_once  # type: ignore[arg-type]
