"""A group that is hidden has the same rows whether or not it met: they are no diary of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.effort import some
from tests.pages.conftest import counted, hidden_rows
from tests.pages.test_earlier_reports import BOSS, STAFF, asked, meeting, synced
from ytxdata.archive import Archive
from ytxdata.metrics.registry import Ask
from ytxdata.pages.earlier_report import key_columns, keys_of
from ytxdata.pages.html_report import page
from ytxdata.pages.small_groups import without_small_groups
from ytxdata.tables.address_book import AddressBook, Entry
from ytxdata.times import BEIJING

pytestmark = pytest.mark.usefixtures("drawn_once", "made_once")

BOARD_DAYS = (3, 10, 18)
DAYS = range(2, 21)
BOOK = AddressBook({
    f"+86{number}": (Entry(number, name),)
    for number, name in {BOSS: "board", STAFF[29]: "board", **{one: "north" if n < 10 else "south" for n, one in enumerate(STAFF[:20])}}.items()
})  # fmt: skip


def company(board: tuple[int, ...]) -> list[dict[str, Any]]:
    """Two departments that meet every day, and a board of two that does on some."""
    begin = datetime(2026, 3, 1, 9, tzinfo=BEIJING)
    days = {day: begin + timedelta(days=day - 1) for day in DAYS}
    of_all = [
        meeting(at + timedelta(hours=hour), 30 + hour, crowd[day % 7], crowd)
        for day, at in days.items()
        for crowd, hours in ((STAFF[:8], (0, 1)), (STAFF[10:18], (2, 3, 4)))
        for hour in hours
    ]
    return of_all + [meeting(days[day] + timedelta(hours=6), 20, BOSS, [BOSS, *STAFF[:6]]) for day in board]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return synced(tmp_path_factory.mktemp("board") / "m.archive", company(BOARD_DAYS))


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("by", ["day", "month"])
def test_a_hidden_group_has_a_row_in_every_period(archive: Archive, by: Any) -> None:
    whole = counted(archive, asked(3, 4, by=by, group="department", book=BOOK))
    done = without_small_groups(whole, 5)
    hidden = set()
    for name, report in done.reports.items():
        rows = [key for key in keys_of(report) if key[-1:] == ("board",)]
        if key_columns(report) == ("period", "group"):
            periods = {key[0] for key in keys_of(report)}
            assert sorted(rows) == sorted({(period, "board") for period in periods}), name
            assert set(rows) <= hidden_rows(report), name
            hidden |= {frozenset(hidden_rows(report))}
            assert keys_of(report) == sorted(keys_of(report)), name
    assert len(hidden) == 1, "what is hidden in one table is shown in no other"
    usage = done.reports["usage"]
    shown = set(keys_of(usage)) - hidden_rows(usage)
    if by == "day":
        # who hides the board does so also on days on which it did not meet: else these would be its diary
        assert all(len([key for key in shown if key[0] == f"2026-03-{day:02d}"]) == 1 for day in DAYS)
    assert "<html" in page(done)


@pytest.mark.slow
def test_a_board_that_did_not_meet_looks_as_one_that_did(tmp_path: Path) -> None:
    looks = []
    for days in ((), BOARD_DAYS):
        archive = synced(tmp_path / f"{len(days)}.archive", company(days))
        done = without_small_groups(counted(archive, asked(3, 4, group="department", book=BOOK)), 5)
        looks.append({name: (keys_of(one), hidden_rows(one)) for name, one in done.reports.items() if keys_of(one)[:1] != [()]})  # fmt: skip
    assert looks[0] == looks[1]


@pytest.mark.slow
def test_where_no_group_is_small_nothing_is_added(archive: Archive) -> None:
    for ask in some((Ask(by="day", book=BOOK), asked(3, 4, by="day", group="number_class")), 1):
        whole = counted(archive, ask)
        done = without_small_groups(whole, 2)
        assert keys_of(done.reports["usage"]) == keys_of(whole.reports["usage"])


@pytest.mark.slow
def test_the_smallest_department_hides_a_board_in_every_month(tmp_path: Path) -> None:
    """By figures it was another one each month, and in a quiet one the largest."""
    large, small, board = STAFF[:14], STAFF[14:20], [BOSS, STAFF[29]]
    book = AddressBook({
        f"+86{number}": (Entry(number, name),)
        for name, people in (("large", large), ("small", small), ("board", board))
        for number in people
    })  # fmt: skip
    meetings = [
        meeting(datetime(2026, month, day, 9 + hour, tzinfo=BEIJING), 30, people[day % len(people)], people[:8])
        for month, quiet in ((3, large), (4, small))
        for day in range(2, 12)
        for people in (large, small, board)
        for hour in range(1 if people in (quiet, board) else 3)
    ]
    kept = synced(tmp_path / "m.archive", meetings)
    whole = counted(kept, asked(3, 5, by="month", group="department", book=book))
    months = {
        month: counted(kept, asked(month, month + 1, by="month", group="department", book=book)) for month in (3, 4)
    }
    hidden = hidden_rows(without_small_groups(whole, 3).reports["usage"])
    assert hidden == {(month, name) for month in ("2026-03", "2026-04") for name in ("board", "small")}
    for month, alone in months.items():
        told = hidden_rows(without_small_groups(alone, 3).reports["usage"])
        assert told == {key for key in hidden if key[0] == f"2026-{month:02}"}, "as the report of both hides it"
