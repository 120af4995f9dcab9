"""Fleets of the emulator: three companies, an archive each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ytxdata import Fleet
from ytxdata.emulator import Emulator

LABELS = {"account-1": {"company": "A"}, "account-2": {"company": "B"}, "account-3": {"company": "A"}}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., tuple[Emulator, Fleet]]]:
    """Start an emulator with some accounts, and the fleet of them."""
    with ExitStack() as running:

        def start(accounts: int = 3, **options: Any) -> tuple[Emulator, Fleet]:
            told = {"meetings": 60, "until": "2026-03-04T15:30", **options}
            server = running.enter_context(Emulator(accounts=accounts, **told))
            entries = {name: {**entry, "labels": LABELS.get(name, {})} for name, entry in server.fleet.items()}
            return server, Fleet(entries, folder=tmp_path)

        yield start


@pytest.fixture
def synced(begin: Callable[..., tuple[Emulator, Fleet]]) -> Fleet:
    """Three accounts, the third of which lists a meeting of the first under the same id, with the same people."""
    server, fleet = begin()
    shared = server.backends["account-1"].entries[-1].first
    server.backends["account-3"].add(shared)
    assert fleet.sync().exit_code == 0
    return fleet
