"""One archive of the served company for all tests of pages, and what is collected from it once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client
from ytxdata.metrics import Tariff
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import Collection, collect

TARIFF = Tariff(step_s=60, connection_fee="0.02", prices={"mobile": "0.12", "default": "0.10"})


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    with Emulator(meetings=120, seed=5) as server:
        kept = Archive(tmp_path_factory.mktemp("pages") / "m.archive")
        kept.sync(Client(base_url=server.url, **server.credentials))
    return kept


@pytest.fixture(scope="session")
def middle(archive: Archive) -> datetime:
    """The midnight that has about half of the meetings before it."""
    starts = archive.meetings()["started_at"]
    found: datetime = starts.iloc[len(starts) // 2].normalize().to_pydatetime()
    return found


@pytest.fixture(scope="session")
def collected(archive: Archive, middle: datetime) -> Collection:
    return collect(archive, Ask(start=middle, by="week", tariff=TARIFF, lines=8))


@pytest.fixture(scope="session")
def nothing(archive: Archive, middle: datetime) -> Collection:
    """A period long before anything was kept: no meetings, and nobody can say that there were none."""
    return collect(archive, Ask(start=middle - timedelta(days=4000), end=middle - timedelta(days=3990)))
