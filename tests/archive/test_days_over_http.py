"""Weeks of an account's life over real HTTP: whatever the platform does, nothing is called PROVEN that misses a meeting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ytxdata import times
from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client

DAYS = 9


def nothing(server: Emulator, day: int) -> None:
    """An honest platform."""


def lowered_cap(server: Emulator, day: int) -> None:
    server.options.cap = 150 if day < 3 else 6


def retention(server: Emulator, day: int) -> None:
    server.options.retention_days = 5


def large_ask(server: Emulator, day: int) -> None:
    server.options.large_ask = (100, 7)


def order_changes(server: Emulator, day: int) -> None:
    server.options.order = ("newest", "random", "oldest", "by_end", "by_change", "pinned")[day % 6]


def vanishing(server: Emulator, day: int) -> None:
    if day in (3, 6):
        listed = [one for one in server.truth()["meetings"] if not one["is_vanished"]]
        server.vanish(listed[5]["meeting_id"])


def absent_for_days(server: Emulator, day: int) -> None:
    server.options.cap = 15


Story = Callable[[Emulator, int], None]


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize(
    "story",
    [nothing, lowered_cap, retention, large_ask, order_changes, vanishing, absent_for_days],
    ids=lambda one: one.__name__,
)
def test_what_is_proven_misses_no_meeting(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(tmp_path / "m.archive")
    verdicts: list[str] = []
    with Emulator(meetings=60, seed=9, rate=8, until="2026-03-02", clock="company") as server:
        monkeypatch.setattr(times, "now", lambda: datetime.fromtimestamp(server.now, UTC))
        client = Client(base_url=server.url, **server.credentials)
        for day in range(DAYS):
            server.advance(days=1)
            story(server, day)
            if story is absent_for_days and 2 <= day < 6:
                continue
            archive.sync(client)
            if day % 2 == 0:
                continue
            known = set(archive.meetings()["meeting_id"])
            missing = [
                datetime.fromisoformat(one["started_at"])
                for one in server.truth()["meetings"]
                if one["started_at"] and one["meeting_id"] not in known
            ]
            for period in archive.certificate().periods:
                verdicts.append(period.verdict)
                lost = [start for start in missing if period.start <= start < period.end]
                assert period.verdict != "PROVEN" or not lost, f"day {day}: {period} misses {lost}"
    if story is nothing:
        assert "PROVEN" in verdicts
        assert "GAP" not in verdicts
    if story in (lowered_cap, absent_for_days):
        assert "GAP" in verdicts
    if story is order_changes:
        archive.verify()


def test_nothing_is_claimed_about_days_to_come_when_a_clock_was_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path / "m.archive")
    right = datetime(2026, 3, 2, tzinfo=UTC)
    with Emulator(meetings=40, seed=9, until=right, max_age_s=10**8) as server:
        client = Client(base_url=server.url, **server.credentials)
        monkeypatch.setattr(times, "now", lambda: right + timedelta(days=9))
        archive.sync(client)
        monkeypatch.setattr(times, "now", lambda: right)
        end = archive.certificate().end
    assert end is not None
    assert end <= right
