"""How often to sync: the busiest time ever seen must fit between two answers, with a margin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytxdata.archive import Archive
from ytxdata.audit import advise, cadence_of
from ytxdata.audit.cadence import OVERLAP, REACH
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def hours(*offsets: float) -> list[datetime]:
    return [BEGIN + timedelta(hours=offset) for offset in offsets]


def test_nothing_known_is_a_week() -> None:
    found = advise([], 100)
    assert (found.every, found.shortest, found.per_day) == (timedelta(days=7), None, 0)
    assert "every 7 d at the latest (a ceiling" in found.text.en
    assert "最迟每 7 天同步一次（这是上限" in found.text.zh


def test_an_archive_that_holds_nothing_yet_is_told_so(tmp_path: Path) -> None:
    told = cadence_of(Archive(tmp_path / "nothing.archive")).text
    assert "nothing yet" in told.en
    assert "还没有" in told.zh


def test_a_steady_account() -> None:
    found = advise(hours(*range(24 * 30)), 49 + OVERLAP + 2 * 24)
    assert found.spare == 24
    assert (found.shortest, found.every) == (timedelta(hours=24), timedelta(days=1))
    assert round(found.per_day) == 24
    assert "at the latest (a ceiling" in found.text.en


def test_one_burst_decides() -> None:
    steady = hours(*range(0, 24 * 300, 24))
    burst = hours(*(1000 + minute / 60 for minute in range(60)))
    calm, busy = advise(steady, 200), advise([*steady, *burst], 200)
    assert calm.every == timedelta(days=7)
    assert busy.every is not None
    assert busy.every <= timedelta(days=2)
    assert busy.busiest is not None


def test_an_answer_too_small_for_the_overlap_makes_no_promise() -> None:
    found = advise(hours(*(i / 10 for i in range(500))), 100)
    assert found.every is None
    assert "no cadence is safe" in found.text.en


@pytest.mark.parametrize("margin", [1, 2, 4])
def test_a_larger_margin_never_allows_more_time(margin: float) -> None:
    starts = hours(*(i * 1.7 for i in range(800)))
    wide, narrow = advise(starts, 300, margin=margin), advise(starts, 300, margin=margin * 2)
    assert narrow.spare <= wide.spare
    assert (narrow.every or timedelta(0)) <= (wide.every or timedelta(0))


@given(st.lists(st.integers(0, 5000), max_size=120), st.integers(0, 150))
def test_between_two_syncs_nothing_can_fall_out_of_the_window(offsets: list[int], window: int) -> None:
    starts = hours(*offsets)
    found = advise(starts, window)
    assert advise(sorted(starts, reverse=True), window) == found
    if found.every is None:
        return
    for at in starts:
        since_last = sum(at <= one < at + found.every for one in starts)
        below = sum(at - REACH <= one < at for one in starts)
        assert since_last + below + OVERLAP <= window


@pytest.mark.parametrize("n", [0, 1])
def test_after_a_sync_that_brought_all_there_is_nobody_is_asked_for_one(n: int, tmp_path: Path) -> None:
    """An empty account was asked to sync once, forever; one of a single meeting to sync in full, which it had."""
    with Emulator(meetings=n) as server:
        kept = Archive(tmp_path / "m.archive")
        kept.sync(Client(base_url=server.url, **server.credentials))
    found = cadence_of(kept)
    assert found.is_whole
    assert f"the platform gave all it has, records: {n}," in found.text.en
    assert "sync once" not in found.text.en
    assert "in full" not in found.text.en
