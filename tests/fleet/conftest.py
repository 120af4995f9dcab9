"""Fleets of the emulator: three companies, an archive each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ytxdata import Fleet
from ytxdata.emulator import Emulator

LABELS = {"account-1": {"company": "A"}, "account-2": {"company": "B"}, "account-3": {"company": "A"}}

COMPANY: dict[str, Any] = {"meetings": 60, "until": "2026-03-04T15:30"}


def entries_of(server: Emulator) -> dict[str, dict[str, Any]]:
    """The accounts of an emulator as a fleet knows them, with labels."""
    return {name: {**entry, "labels": LABELS.get(name, {})} for name, entry in server.fleet.items()}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., tuple[Emulator, Fleet]]]:
    """Start an emulator with some accounts, and the fleet of them."""
    with ExitStack() as running:

        def start(accounts: int = 3, **options: Any) -> tuple[Emulator, Fleet]:
            server = running.enter_context(Emulator(accounts=accounts, **{**COMPANY, **options}))
            return server, Fleet(entries_of(server), folder=tmp_path)

        yield start


@pytest.fixture(scope="session")
def synced_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, Any]], Path]:
    """Three accounts, the third of which lists a meeting of the first under the same id, with the same people; and the
    folder of their archives.
    """
    folder = tmp_path_factory.mktemp("synced")
    with Emulator(accounts=3, **COMPANY) as server:
        accounts = entries_of(server)
        server.backends["account-3"].add(server.backends["account-1"].entries[-1].first)
        assert Fleet(accounts, folder=folder).sync().exit_code == 0
    return accounts, folder


@pytest.fixture
def synced(synced_once: tuple[dict[str, dict[str, Any]], Path], tmp_path: Path) -> Fleet:
    """A copy of them for each test; their platform is gone."""
    accounts, folder = synced_once
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return Fleet(accounts, folder=tmp_path)
