"""One archive of the served company for all tests of pages, and what is collected from it once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.fleet import Fleet
from ytxdata.history.client import Client
from ytxdata.metrics import Tariff
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import REPORTS, Ask, around, make
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import ReportSource, Source
from ytxdata.pages import collection
from ytxdata.pages.collection import Collection, collect
from ytxdata.pages.earlier_report import keys_of
from ytxdata.pages.small_groups import never_published
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.suppression import Key, may_add_up

TARIFF = Tariff(step_s=60, connection_fee="0.02", prices={"mobile": "0.12", "default": "0.10"})
FLAT = replace(TARIFF, prices={"default": "0.10"})
"""What may be published by head count: prices by class tell what few people of one called."""


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    with Emulator(meetings=120, seed=5) as server:
        kept = Archive(tmp_path_factory.mktemp("pages") / "m.archive")
        kept.sync(Client(base_url=server.url, **server.credentials))
    return kept


@pytest.fixture(scope="session")
def _made() -> dict[tuple[Any, ...], Any]:
    """What was read of the archive, and what was reported of that, by what was asked."""
    return {}


@pytest.fixture
def made_once(archive: Archive, _made: dict[tuple[Any, ...], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Collections of the archive share what is the same for them: what is read of it, and reports that are asked alike."""

    def read(chosen: ReportSource, start: datetime | None, end: datetime | None) -> ReportSource:
        if not isinstance(chosen, Archive) or chosen.path != archive.path:
            return around(chosen, start, end)  # type: ignore[no-any-return]
        key = str(archive.path), start, end
        if key not in _made:
            _made[key] = resolve(around(chosen, start, end))
        return _made[key]  # type: ignore[no-any-return]

    def reported(name: str, source: Source, ask: Ask) -> Report:
        if not any(source is one for one in _made.values()):
            return make(name, source, ask)
        values = [getattr(ask, one) for one in sorted(REPORTS[name].takes)]
        # a book or tariff is the same where it is the same object, which is kept for that
        key = name, id(source), *(one if isinstance(one, str | datetime | None) else id(one) for one in values)
        if key not in _made:
            _made[key] = values, make(name, source, ask)
        return _made[key][1]  # type: ignore[no-any-return]

    monkeypatch.setattr(collection, "around", read)
    monkeypatch.setattr(collection, "make", reported)


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


def counted(archive: Archive | Fleet, ask: Ask) -> Collection:
    """What a report of an archive is made of where small groups are hidden."""
    return collect(archive, ask, without=never_published())


def hidden_rows(report: Report) -> set[Key]:
    """The rows without figures."""
    figures = [name for name in report.arrow.column_names if may_add_up(report, name)] or ["concentration"]
    columns = [report.arrow.column(name).to_pylist() for name in figures if name in report.arrow.column_names]
    if not columns:
        columns = [report.arrow.column("level").to_pylist()]
    return {key for key, *values in zip(keys_of(report), *columns, strict=True) if all(one is None for one in values)}


@pytest.fixture(scope="session")
def office(archive: Archive) -> AddressBook:
    """Departments of some size, one of two persons who meet everybody, one of four."""
    legs = archive.legs()["number"].value_counts()
    places = enumerate(legs.index)
    lines = (f"{one},员工{at},{'board' if at < 2 else 'few' if at < 6 else f'dep{at % 3}'}" for at, one in places)
    return AddressBook.read(pd.DataFrame([line.split(",") for line in lines], columns=["number", "name", "department"]))
