"""No combination of options that are documented ends in a crash: every group, of whomever, by every period, in every
format.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from ytxdata.archive import Archive
from ytxdata.errors import UsageError
from ytxdata.metrics import Tariff
from ytxdata.metrics.calendar import By
from ytxdata.metrics.groups import GroupOf
from ytxdata.metrics.registry import REPORTS, Ask
from ytxdata.pages.collection import collect
from ytxdata.pages.report_files import names_of, write_files
from ytxdata.tables.address_book import AddressBook
from ytxdata.times import as_instant

pytestmark = pytest.mark.usefixtures("drawn_once", "made_once")

GROUPS = (None, "department", "person", "floor", "creator", "number", "number_class", "size_class", "name")
WHOSE = (None, *get_args(GroupOf))
OF_MEETINGS = {"creator", "size_class", "name"}
FORMATS = {"csv", "excel", "html"}
DRAWN = (None, "department", "number_class", "size_class")
"""A group of each kind: none, of a book, of connections, of meetings."""


def is_possible(group: str | None, whose: str | None) -> bool:
    """What the documentation offers: a leg has no creator, no size and no name; a meeting no number, and a page has
    reports of meetings in it, whoever is grouped.
    """
    return group != "number" and (whose != "leg" or group not in OF_MEETINGS)


def combinations(*, possible: bool) -> Iterator[tuple[str | None, str | None, str]]:
    """Every one, but for groups that nobody asked for, which are nobody's."""
    for group, whose in [(group, whose) for group in GROUPS for whose in WHOSE if group is not None or whose is None]:
        if is_possible(group, whose) == possible:
            yield from ((group, whose, by) for by in get_args(By))


@pytest.fixture(scope="module")
def book(archive: Archive) -> AddressBook:
    legs = archive.legs().dropna(subset=["number"]).drop_duplicates("number")
    places = range(len(legs))
    known = {
        "number": legs["number"], "name": [f"P{n}" for n in places], "department": [f"D{n % 7}" for n in places],
        "floor": [f"F{n % 2}" for n in places],
    }  # fmt: skip
    return AddressBook.read(pd.DataFrame(known))


def of_twelve_days(archive: Archive, book: AddressBook, group: str | None, whose: GroupOf | None, by: By) -> Ask:
    first = archive.meetings()["started_at"].iloc[40].normalize()
    return Ask(
        start=as_instant(first.to_pydatetime()), end=as_instant((first + pd.Timedelta(days=12)).to_pydatetime()), by=by,
        tariff=Tariff(prices={"default": "0.10"}), lines=3, group=group, group_of=whose, book=book,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.by_chance(6)
@pytest.mark.parametrize(("group", "whose", "by"), [*combinations(possible=False)])
def test_every_other_combination_ends_in_words(
    group: str | None, whose: GroupOf | None, by: By, archive: Archive, book: AddressBook
) -> None:
    with pytest.raises(UsageError):
        collect(archive, of_twelve_days(archive, book, group, whose, by))


def pairs() -> Iterator[tuple[str | None, str | None, str]]:
    """Of those that are possible so many that each group is asked by each period and of each whom, and each period of
    each whom.
    """
    for place, group in enumerate(GROUPS):
        whose = [one for one in WHOSE if is_possible(group, one) and (group is not None or one is None)]
        for at, by in enumerate(get_args(By)) if whose else ():
            yield group, whose[(place + at) % len(whose)], by


def formats_of(group: str | None, by: str) -> set[str]:
    """Every group is written by one period, each period of a group that is drawn: a page takes as long as all else."""
    if (GROUPS.index(group) + get_args(By).index(by)) % len(get_args(By)):
        return {"csv"}
    return FORMATS if group in DRAWN else {"csv", "excel"}


def test_pairs_are_all_there() -> None:
    for one in ((0, 1), (0, 2), (1, 2)):
        asked, known = (
            {tuple(map(case.__getitem__, one)) for case in cases} for cases in (pairs(), combinations(possible=True))
        )
        assert asked == known
    assert {case[2] for case in pairs() if formats_of(case[0], case[2]) == FORMATS} == {*get_args(By)}
    assert {case[1] for case in pairs() if formats_of(case[0], case[2]) == FORMATS} == {*WHOSE}
    assert {case[0] for case in pairs() if "excel" in formats_of(case[0], case[2])} == {*GROUPS} - {"number"}


@pytest.mark.slow
@pytest.mark.by_chance(4)
@pytest.mark.parametrize(("group", "whose", "by"), [*pairs()])
def test_every_pair_of_options_ends_in_files(
    group: str | None, whose: GroupOf | None, by: By, archive: Archive, book: AddressBook, tmp_path: Path
) -> None:  # fmt: skip
    asked = of_twelve_days(archive, book, group, whose, by)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collected = collect(archive, asked)
    assert set(collected.reports) == set(REPORTS)
    assert collected.reports["usage"].arrow.num_rows, "there is something to draw"
    formats = formats_of(group, by)
    write_files(collected, tmp_path, formats)
    assert all((tmp_path / name).stat().st_size for name in names_of(collected, formats))
