"""What is hidden cannot be computed: not from any shown figure and total, by whoever solves for it."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from tests.pages.conftest import FLAT, hidden_rows
from ytxdata.archive import Archive
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import Collection, collect
from ytxdata.pages.earlier_report import keys_of
from ytxdata.pages.small_groups import without_small_groups
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.suppression import Key, Sums, may_add_up, suppress, to_hide


class Cell(NamedTuple):
    """One figure of a published table."""

    table: str
    column: str
    row: Key


def _published(before: Collection, after: Collection, minimum: int) -> tuple[dict[Cell, float], set[Cell], set[Cell]]:
    """Every figure that adds up, those that are hidden, and those of rows of few people among them."""
    truth: dict[Cell, float] = {}
    hidden: set[Cell] = set()
    small: set[Cell] = set()
    people = dict(zip(keys_of(before.reports["usage"]), before.reports["usage"].frame["people"], strict=True))
    for name, report in after.reports.items():
        whole = before.reports[name]
        counts = (
            whole.frame["people"].tolist() if "people" in whole.frame else [people.get(key) for key in keys_of(whole)]
        )
        gone = set(keys_of(report)) & hidden_rows(report) if keys_of(report)[:1] != [()] else set()
        for column in whole.arrow.column_names:
            if not may_add_up(whole, column) or not keys_of(whole) or keys_of(whole)[0] == ():
                continue
            for key, value, count in zip(keys_of(whole), whole.frame[column].tolist(), counts, strict=True):
                cell = Cell(name, column, key)
                # a table by group alone has several rows of one key: what is hidden of them is their sum at least
                truth[cell] = truth.get(cell, 0.0) + (0.0 if pd.isna(value) else float(value))
                if key in gone:
                    hidden.add(cell)
                    if pd.isna(count) or count < minimum:
                        small.add(cell)
    return truth, hidden, small


def _bounds(truth: dict[Cell, float], hidden: set[Cell]) -> dict[Cell, tuple[float, float]]:
    """What somebody who knows every shown figure and every total can say of each hidden one: two linear programs a figure."""
    places = {cell: at for at, cell in enumerate(sorted(hidden))}
    equations: list[tuple[dict[int, float], float]] = []
    for table, column in sorted({cell[:2] for cell in hidden}):
        cells = [cell for cell in hidden if cell[:2] == (table, column)]
        equations.append(({places[cell]: 1.0 for cell in cells}, sum(truth[cell] for cell in cells)))
    for cell in hidden:  # the same figure in two tables; a whole and its parts
        for other in ("working_hours", "chargeback"):
            twin = Cell(other, cell.column, cell.row)
            if cell.table == "usage" and twin in places:
                equations.append(({places[cell]: 1.0, places[twin]: -1.0}, 0.0))
        if cell[:2] == ("working_hours", "meeting_minutes"):
            parts = {places[cell._replace(column=part)]: -1.0 for part in ("inside_minutes", "outside_minutes")}
            equations.append(({places[cell]: 1.0, **parts}, 0.0))
    for cell in [cell for cell in truth if cell.table in TOTALS and cell.column in TOTALS[cell.table]]:
        parts = {places[one]: 1.0 for one in hidden if one[:2] == ("usage", TOTALS[cell.table][cell.column]) and one.row[1:] == cell.row}  # fmt: skip
        if parts:  # a group in total is the sum of its periods, whether it is hidden itself or shown
            own = {places[cell]: -1.0} if cell in places else {}
            equations.append(({**parts, **own}, sum(truth[one] for one in hidden if places[one] in parts) - (truth[cell] if own else 0.0)))  # fmt: skip
    matrix = np.zeros((len(equations), len(places)))
    for line, (row, _) in enumerate(equations):
        matrix[line, list(row)] = list(row.values())
    right = [value for _, value in equations]
    found = {}
    for cell, at in places.items():
        aim = np.zeros(len(places))
        aim[at] = 1.0
        low, high = (linprog(sign * aim, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs") for sign in (1, -1))
        assert low.success
        assert high.success
        found[cell] = (low.fun, -high.fun)
    return found


TOTALS = {
    "heatmap": {"heatmap": "meeting_minutes"}, "sizes": {"meetings": "meetings"}, "durations": {"meetings": "meetings"},
}  # fmt: skip
"""Tables by group alone: column → the column of the usage report that adds up to the same."""


@pytest.mark.slow
@pytest.mark.by_chance(3)
@pytest.mark.parametrize(
    ("by", "share", "more"),
    [
        ("day", 0.3, {}),
        ("week", 0.2, {}),
        ("week", 0.6, {}),
        ("month", 0.5, {}),
        ("total", 0.1, {"group": "department"}),
        ("month", 0.3, {"group": "department", "only": {"min_minutes": (2.0,)}}),
        ("month", 0.3, {"group": "department", "group_of": "leg"}),
    ],
)
def test_no_hidden_figure_can_be_computed_from_the_shown_ones(
    by: Literal["day", "week", "month", "total"], share: float, more: dict[str, Any], archive: Archive,
    office: AddressBook, middle: datetime,
) -> None:  # fmt: skip
    """The key figures are totals of the whole period: the solver knows the total of every column, theirs among them."""
    begin = None if by in ("month", "total") else middle
    whole = collect(archive, Ask(start=begin, by=by, tariff=FLAT, lines=8, book=office, **more))
    minimum = max(2, int(whole.reports["usage"].frame["people"].quantile(share)) + 1)
    truth, hidden, small = _published(whole, without_small_groups(whole, minimum), minimum)
    assert small
    for cell, (low, high) in _bounds(truth, hidden).items():
        value = truth[cell]
        if value == 0:
            continue  # a share of nothing
        assert not (low >= 0.9 * value and high <= 1.1 * value), (cell, low, value, high)
        if cell in small:
            assert high >= 1.0999 * value, (cell, low, value, high)


def test_the_months_of_one_small_group_do_not_hide_their_sum() -> None:
    rows: dict[Key, Sums] = {(month, "board"): Sums([8.0], True, "board") for month in ("01", "02", "03")}
    rows |= {
        (month, name): Sums([n], False, name) for month in ("01", "02", "03") for name, n in (("a", 30.0), ("b", 90.0))
    }
    hidden = to_hide(rows)
    others = sum(rows[key].figures[0] for key in hidden if key[1] != "board")
    assert others >= 0.1 * 24, "the total less the shown rows would be the board's, exactly"
    assert {key for key in hidden if key[1] == "board"} == {key for key in rows if key[1] == "board"}


def test_the_total_less_the_others_is_what_is_prevented() -> None:
    rows: dict[Key, Sums] = {
        ("a",): Sums([3, 10], True),
        ("b",): Sums([20, 0], False),
        ("c",): Sums([30, 40], False),
        ("d",): Sums([50, 9], False),
    }
    assert to_hide(rows) == {
        ("a",),
        ("b",),
        ("c",),
    }  # the second column is still the total less the others with b alone
    assert to_hide({key: row._replace(is_small=False) for key, row in rows.items()}) == set()
    assert to_hide({("a",): Sums([3], True)}) == {("a",)}
    assert to_hide({("a",): Sums([100], True), ("b",): Sums([1], False), ("c",): Sums([200], False)}) == {
        ("a",),
        ("b",),
        ("c",),
    }


def test_two_blank_rows_that_come_to_two_meetings_are_one_each() -> None:
    """A row is there because of a meeting, unless it stands there whatever its group did."""
    rows: dict[Key, Sums] = {("board",): Sums([1], True), ("a",): Sums([1], False), ("b",): Sums([20], False)}
    assert to_hide(rows) == {*rows}
    none: dict[Key, Sums] = {**rows, ("board",): Sums([0], True, is_listed=True)}
    assert to_hide(none) == {*none}, "that it did not meet is hidden as it would be had it met"
    assert to_hide({**none, ("a",): Sums([2], False)}) == {("board",), ("a",)}


def test_what_some_have_nothing_of_nobody_is_known_to_have() -> None:
    """Of withheld numbers a meeting has none or one: taken for known, they hid all departments but the largest."""
    names = ["board", "a", "b", "c"]
    meetings, withheld = [3, 5, 40, 90], [1, 1, 0, 1]
    rows: dict[Key, Sums] = {
        (name,): Sums([float(n), float(none)], name == "board")
        for name, n, none in zip(names, meetings, withheld, strict=True)
    }
    assert to_hide(rows) == {("board",), ("a",)}


class Department(NamedTuple):
    """How many people it has, and how often it met on each day."""

    size: int
    meetings: list[int]


def test_of_no_small_company_a_hidden_figure_follows_from_the_number_of_blank_rows() -> None:
    """Each row that is not of a department of few is of one meeting at least; of those there is one, whatever it did."""
    blank = rows_in_all = 0
    for seed in range(300):
        rng = random.Random(seed)
        company = {
            f"d{n}": Department(rng.choice((2, 3, 6, 9)), [rng.choice((0, 1, 1, 2, 5, 20)) for _ in range(4)])
            for n in range(rng.randint(2, 6))
        }
        few = {name for name, one in company.items() if one.size < 5}
        rows: dict[tuple[str, ...], Sums] = {
            (f"{day}", name): Sums([float(n)], name in few, name, is_listed=name in few)
            for name, one in company.items()
            for day, n in enumerate(one.meetings)
            if n or name in few
        }
        done = suppress(rows, {0})
        if done.is_alone or not few:
            continue
        blank, rows_in_all = blank + len(done.rows), rows_in_all + len(rows)
        assert {key for key in rows if key[1] in few} <= done.rows
        everywhere = {key: row.figures[0] for key, row in rows.items() if key in done.rows}
        for name in few:
            met = sum(n for key, n in everywhere.items() if key[1] == name)
            others = sum(n - (key[1] not in few) for key, n in everywhere.items() if key[1] != name)
            assert others >= 0.1 * met, (seed, name, "its greatest is what it is")
            assert others > 0, (seed, name)
    assert blank < 0.9 * rows_in_all, "companies of two to six departments, some of few, by the day, are hard"
