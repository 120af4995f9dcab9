"""Reports that follow each other, with all earlier ones told: what they say together gives no small group away.

The adversary knows of a company every figure that was shown and the total of every report, and solves for the rest.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pytest

from ytxdata.pages.earlier_report import Earlier, ReportRow, are_comparable, tells_of_them, told_before
from ytxdata.plots.over_time import Span
from ytxdata.tables.suppression import Key, Sums, suppress
from ytxdata.times import BEIJING

GROUPS = ("部门", "department")
FEW = 5
MONTHS = range(1, 7)


class Report(NamedTuple):
    """Months `[start, end)` by department, or in all; and the rows without figures."""

    start: int
    end: int
    is_grouped: bool
    hidden: frozenset[Key]


class Company:
    """Departments of so many people, some of which met in a month: how often, and with how many others."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.sizes = {f"d{n}": rng.choice((2, 3, 4, 5, 6, 8, 9)) for n in range(rng.randint(2, 6))}
        often = rng.choice((0.5, 0.8, 1))
        met = [(m, name) for m in MONTHS for name in self.sizes if rng.random() < often]
        self.meetings: dict[Key, int] = {(f"{m}", name): rng.randint(1, 4 * self.sizes[name]) for m, name in met}
        self.people = {key: rng.randint(1, self.sizes[key[1]] + 4) for key in self.meetings}
        self.is_small = {key: self.sizes[key[1]] < FEW or self.people[key] < FEW for key in self.meetings}

    def of(self, start: int, end: int) -> list[Key]:
        return [key for key in self.meetings if start <= int(key[0]) < end]


def first_of(month: int) -> datetime:
    return datetime(2025 + (month - 1) // 12, (month - 1) % 12 + 1, 1)  # noqa: DTZ001  wall time, as rows have it


def span_of(key: Key) -> Span:
    return first_of(int(key[0])), first_of(int(key[0]) + 1)


def told_of(company: Company, report: Report) -> Earlier:
    """What a later report reads of an earlier one."""
    keys, whole = company.of(report.start, report.end), (first_of(report.start), first_of(report.end))
    if not report.is_grouped:
        months = sorted({span_of(key) for key in keys})
        return Earlier([], [ReportRow(span, None, ("", ""), whole) for span in months], whole, None, frozenset())
    shown = {key[0] for key in keys if key not in report.hidden}
    rows = {key: ReportRow(span_of(key), key[1], GROUPS, whole) for key in sorted(keys)}
    hidden = [
        row._replace(is_covered=key[0] in shown or span_of(key) == whole)
        for key, row in rows.items()
        if key in report.hidden
    ]
    return Earlier(hidden, [row for key, row in rows.items() if key not in report.hidden], whole, None, frozenset())


def next_report(company: Company, start: int, end: int, is_grouped: bool, made: list[Report]) -> Report | None:
    """The report, or None where it is refused."""
    keys = company.of(start, end)
    earlier = [told_of(company, report) for report in made]
    hidden = [row for one in earlier for row in one.hidden]
    groups = {(GROUPS, key[1]) for key in keys} if is_grouped else set()
    rows = [ReportRow(span_of(key), key[1] if is_grouped else None, GROUPS if is_grouped else ("", "")) for key in keys]
    first, last = (first_of(month).replace(tzinfo=BEIJING) for month in (start, end))
    comparable = all(are_comparable(rows, frozenset(), one) for one in earlier)
    if not comparable or tells_of_them(first, last, hidden, groups):
        return None
    if not is_grouped:
        return Report(start, end, is_grouped, frozenset())
    sums = {
        key: Sums(
            [float(company.meetings[key])],
            company.is_small[key] or was.is_shared,
            key[1],
            was.is_hidden,
            was.is_shown,
        )
        for key, was in zip(keys, told_before(rows, earlier), strict=True)
    }
    known = {key[:1] for key in keys if any(one.tells_of(span_of(key)) for one in earlier)}
    done = suppress(sums, {0}, known)
    return None if done.is_alone else Report(start, end, is_grouped, frozenset(done.rows))


def published(company: Company, reports: list[Report]) -> np.ndarray:
    """One line an equation, one column a department in a month: what is shown, and what it all comes to."""
    places = {key: at for at, key in enumerate(company.meetings)}
    lines = []
    for report in reports:
        keys = company.of(report.start, report.end)
        months = {key[0] for key in keys}
        sums = [keys, *([key] for key in keys if key not in report.hidden)] if report.is_grouped else []
        # a table of months without departments
        sums += [] if report.is_grouped else [[key for key in keys if key[0] == month] for month in sorted(months)]
        for some in sums:
            lines.append(np.zeros(len(places)))
            lines[-1][[places[key] for key in some]] = 1
    return np.array(lines)


def given_away(company: Company, reports: list[Report]) -> Iterator[tuple[str, ...]]:
    """Yield rows of small groups, and what small departments did in a whole report, that follow from the rest."""
    grouped = [report for report in reports if report.is_grouped]
    if not grouped:
        return
    lines, keys = published(company, reports), list(company.meetings)
    rank = np.linalg.matrix_rank(lines)

    def is_known(some: list[Key]) -> bool:
        line = np.array([float(key in some) for key in keys])
        return bool(np.linalg.matrix_rank(np.vstack([lines, line])) == rank)

    for report in grouped:
        held = company.of(report.start, report.end)
        yield from (key for key in held if company.is_small[key] and is_known([key]))
        for name, size in company.sizes.items():
            some = [key for key in held if key[1] == name]
            if size < FEW and some and is_known(some):
                yield name, f"{report.start}..{report.end}"


def series(company: Company, asked: list[tuple[int, int, bool]], told: Counter[str]) -> list[Report]:
    made: list[Report] = []
    for start, end, is_grouped in asked:
        if company.of(start, end):
            report = next_report(company, start, end, is_grouped, made)
            kind = f"{end - start} {'grouped' if is_grouped else 'in all'}"
            told[f"{kind} {'refused' if report is None else 'made'}"] += 1
            if report is not None:
                told[f"{kind} rows"] += len(company.of(start, end))
                told[f"{kind} blank"] += len(report.hidden)
                made.append(report)
    return made


ONE_BY_ONE = [(month, month + 1, True) for month in MONTHS]
HONEST = {
    "months, quarters, the half year": (
        [*ONE_BY_ONE[:3], (1, 4, True), *ONE_BY_ONE[3:], (4, 7, True), (1, 7, True)],
        0.5,
    ),
    # a month in which every department is blank hides the others of its report: what lies in part of it tells
    "the half year, then its months": ([(1, 7, True), *ONE_BY_ONE], 0.8),
    "months in all, then by department": ([*((month, month + 1, False) for month in MONTHS), *ONE_BY_ONE], 0.2),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_series_gives_nobody_away_and_is_made(name: str) -> None:
    told: Counter[str] = Counter()
    asked, most_refused = HONEST[name]
    for seed in range(60):
        company = Company(seed)
        assert not list(given_away(company, series(company, asked, told))), seed
    made, refused = (sum(n for kind, n in told.items() if kind.endswith(end)) for end in ("made", "refused"))
    assert refused / (made + refused) < most_refused, told


@pytest.mark.slow
def test_whatever_is_asked_one_after_the_other_gives_nobody_away() -> None:
    told: Counter[str] = Counter()
    for seed in range(150):
        company, rng = Company(seed), random.Random(seed)
        starts = [rng.choice(MONTHS) for _ in range(6)]
        asked = [(start, rng.randint(start + 1, 7), rng.random() < 0.7) for start in starts]
        assert not list(given_away(company, series(company, asked, told))), (seed, asked)
    assert sum(n for kind, n in told.items() if kind.endswith("made")) > 200, told
