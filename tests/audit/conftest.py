"""What the tests of audits share: an office to write down, one check to run, a planted company in an archive."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.audit.office import NOW, Finder, Office, Rows, Story, tell
from ytxdata import Archive, audit


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def find() -> Finder:
    """Run one check and return the rows of what it found; a check that could not run fails the test."""

    def run(
        check: str, source: Any, *, roster: Any = None, invoice: Any = None, as_of: str = NOW, **parameters: Any
    ) -> Rows:
        if isinstance(source, Office):
            source = source.frames
        period = {edge: parameters.pop(edge) for edge in ("start", "end") if edge in parameters}
        config = {check: parameters} if parameters else None
        found = audit.run(source, roster=roster, invoice=invoice, as_of=as_of, checks=[check], config=config, **period)
        assert not found.not_run, found.not_run
        rows: Rows = found.frame.to_dict("records")
        return rows

    return run


@pytest.fixture(scope="session")
def planted_once(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return tell(1, tmp_path_factory.mktemp("planted"))


@pytest.fixture
def story(planted_once: Story, tmp_path: Path) -> Story:
    """The planted company, in an archive of this test's own."""
    place = tmp_path / "company.archive"
    shutil.copytree(planted_once.archive.path, place)
    return Story(Archive(place), planted_once.truth)
