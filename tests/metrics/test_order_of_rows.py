"""The order of masked rows tells nothing of the numbers behind the masks: other numbers, the same rows in the same order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.metrics.offices import EDGES, polars_frames
from tests.metrics.oracle import Leg, Meeting, Office
from ytxdata import Table, metrics
from ytxdata.labels import Text
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import Ask, make
from ytxdata.plots.canvas import opened
from ytxdata.tables.described import Definition
from ytxdata.tables.masking import Pseudonyms

N, SHARING, DAY = 24, 6, 86_400
"""People; how many of them share each mask."""
TARIFF = metrics.Tariff(prices={"mobile": "0.12", "default": "0.3"})


@dataclass(frozen=True)
class Known(Pseudonyms):
    """Pseudonyms of persons: the same whatever their numbers, names and titles are."""

    people: dict[str, str] = field(default_factory=dict)

    def of_phone(self, phone: str) -> str:
        return self.people[phone]

    def of_person(self, name: str) -> str:
        return self.people[name]

    def of_title(self, title: str) -> str:
        return self.people[title]


class World:
    """One history, told with other numbers, names and titles each time, and yet with the same masks."""

    def __init__(self, seed: int) -> None:
        drawn = random.Random(seed)
        middles = drawn.sample(range(1000, 10_000), N)
        self.numbers = [f"+86138{middle}{one % (N // SHARING):04}" for one, middle in enumerate(middles)]
        self.names = [f"{name:03}" for name in drawn.sample(range(N), N)]
        self.titles = [f"{number[3:]}发起的会议" for number in self.numbers]
        called = random.Random(5).sample(range(100, 1000), N)
        everything = zip(called, self.numbers, self.names, self.titles, strict=True)
        people = {said: f"P-{name}" for name, *texts in everything for said in texts}
        self.pseudonyms = Known(b"0123456789abcdef", people)
        self.frames = resolve(polars_frames(self._office()))  # facts are shared, as `ytxdata report` shares them
        self.book = pd.DataFrame({
            "phone": self.numbers, "name": self.names, "department": [f"d{one % 3}" for one in range(N)]
        })  # fmt: skip

    def _office(self) -> Office:
        """Everybody convenes as much as everybody else, but for a few; who comes is drawn without the numbers."""
        drawn, meetings, legs = random.Random(7), [], []
        for place in range(3 * N + 5):
            convener, start = place % N, EDGES[2] + place // N * 31 * DAY + place % 3 * 600
            there = [convener, *drawn.sample(range(N), 2)]
            meeting = f"m{place:03}"
            meetings.append(
                Meeting(meeting, self.numbers[convener], start, start + 600, len(there), self.titles[convener])
            )
            legs += [
                Leg(meeting, leg, self.numbers[one], start, start + 600 - 60 * (leg > 2))
                for leg, one in enumerate(there, start=1)
            ]
        return Office(meetings, legs)

    def report(self, name: str, **asked: Any) -> metrics.Report:
        ask = Ask(book=self.book, tariff=TARIFF, lines=3, **asked)
        return make(name, self.frames, ask)


WORLDS = [World(seed) for seed in (1, 2)]
BY, GROUPS = ("total", "month"), (None, "creator", "person", "name")


def asked_of(place: int, takes: frozenset[str]) -> list[tuple[str, str | None]]:
    """Every group that a report has, by one period or the other, in every second report the other way round."""
    groups = GROUPS if "group" in takes else GROUPS[:1]
    asked = {(BY[(place + n) % 2] if "by" in takes else BY[0], group) for n, group in enumerate(groups)}
    return sorted(asked | {(by, groups[0]) for by in BY if "by" in takes}, key=str)


ASKED = [
    pytest.param(name, {"by": by, "group": group}, id=f"{name}-{by}-{group}")
    for place, (name, entry) in enumerate(metrics.REPORTS.items())
    for by, group in asked_of(place, entry.takes)
]
OTHERS: dict[str, Any] = {
    "cost by line": lambda world, group: metrics.cost(world.frames, TARIFF, by="line", group=group, book=world.book),
    "lonely by meeting": lambda world, group: metrics.lonely(world.frames, group=group, book=world.book),
    "lonely by creator": lambda world, group: metrics.lonely(world.frames, by="creator", group=group, book=world.book),
    "people by leg": lambda world, _: metrics.people(world.frames, group="person", book=world.book, group_of="leg"),
    "network of persons": lambda world, _: metrics.network(world.frames, unit="person"),
    "nodes of persons": lambda world, _: metrics.network(world.frames, unit="person").nodes,
    "drivers": lambda world, group: metrics.compare(
        metrics.usage, world.frames, "2026-05", group=group, book=world.book
    ).drivers,
}  # fmt: skip


def agree(tables: list[Table], *, is_named: bool) -> None:
    """Hold the tables of all worlds against each other; a mask leaves names of persons, so that these tell worlds apart."""
    named = [table.masked(pseudonyms=world.pseudonyms).arrow for world, table in zip(WORLDS, tables, strict=True)]
    for one, other in (named, *([] if is_named else [[table.masked().arrow for table in tables]])):
        assert one.num_rows
        assert one.to_pylist() == other.to_pylist()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "asked"), ASKED)
def test_other_numbers_leave_in_the_same_order(name: str, asked: dict[str, Any]) -> None:
    agree([world.report(name, **asked) for world in WORLDS], is_named=asked["group"] == "person")


@pytest.mark.slow
@pytest.mark.parametrize("group", ["creator", "person", "name"])
@pytest.mark.parametrize("other", OTHERS)
def test_other_numbers_leave_in_the_same_order_also_by_line_meeting_and_pair(other: str, group: str) -> None:
    agree([OTHERS[other](world, group) for world in WORLDS], is_named=group == "person" or other == "people by leg")


@pytest.mark.slow
def test_of_two_who_met_the_one_comes_first_that_is_shown_to_be_first() -> None:
    for world in WORLDS:
        report = metrics.network(world.frames, unit="person")
        for shown in (report.masked(), report.masked(pseudonyms=world.pseudonyms)):
            assert all(row["a"] <= row["b"] for row in shown.arrow.to_pylist())
            assert {frozenset(row) for row in zip(*map(list, (shown["a"], shown["b"])), strict=True)}


@pytest.mark.slow
def test_rows_stay_with_their_figures() -> None:
    for world in WORLDS:
        report = metrics.network(world.frames, unit="person")
        name = world.pseudonyms.of_phone
        own = {(frozenset((name(row["a"]), name(row["b"]))), row["shared_minutes"]) for row in report.arrow.to_pylist()}
        shown = report.masked(pseudonyms=world.pseudonyms).arrow.to_pylist()
        assert {(frozenset((row["a"], row["b"])), row["shared_minutes"]) for row in shown} == own


@pytest.mark.slow
def test_rankings_and_periods_keep_their_order_and_rows_of_one_number_stay_together() -> None:
    world = WORLDS[0]
    ranked = world.report("creators").masked().arrow["meeting_minutes"].to_pylist()
    assert ranked == sorted(ranked, reverse=True)
    usage = world.report("usage", by="month", group="creator").masked().arrow.to_pylist()
    assert usage == sorted(usage, key=lambda row: (row["period"], row["group"]))
    sizes = world.report("sizes", group="creator").masked().arrow["size_bucket"].to_pylist()
    assert sizes == sizes[:8] * N


@pytest.mark.slow
def test_pictures_and_cut_pages_follow_the_order_that_is_shown() -> None:
    drawn = [opened(world.report("usage", by="total", group="creator"), "en")[2] for world in WORLDS]
    assert drawn[0] == drawn[1]
    cut = [world.report("creators").to_html(max_rows=5, lang="en") for world in WORLDS]
    assert cut[0] == cut[1]
    assert len({repr(world.report("creators")) for world in WORLDS}) == 1


def test_a_table_of_ones_own_stays_as_it_is_unless_it_says_that_it_is_sorted_by_numbers() -> None:
    number = Definition(key="number", zh="号码", en="number", unit="phone")
    frame = pa.table({"number": ["+8613810000002", "+8613820000001"], "n": [1, 2]})
    told: dict[str, Any] = {"frame": frame, "name": "own", "title": Text("自", "own"), "definitions": (number,)}
    assert Table(**told).masked().arrow["n"].to_pylist() == [1, 2]
    assert Table(**told, order=("number",)).masked().arrow["n"].to_pylist() == [2, 1]
    assert Table(**told, order=("n", "number")).masked().arrow["n"].to_pylist() == [1, 2]
    assert Table(**told).masked(show_phones=True).arrow["n"].to_pylist() == [1, 2]
