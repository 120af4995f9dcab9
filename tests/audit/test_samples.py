"""The sample lists belong to a company that can be served, and fit its records."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from ytxdata.audit import Invoice, Roster
from ytxdata.emulator import Options
from ytxdata.emulator.backend import Backend

DATA = Path(__file__).parents[2] / "data"


def test_the_samples_are_those_of_the_company_they_name() -> None:
    spec = importlib.util.spec_from_file_location("make_lists", DATA / "make_lists.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, text in module.lists().items():
        assert (DATA / name).read_text("utf-8") == text


@pytest.mark.slow
def test_the_roster_knows_the_company_that_the_emulator_serves() -> None:
    """The README's reports by department, tried on it, had the one group `not in the book`."""
    known = Roster.read(DATA / "roster.csv").entries
    people = Roster.read(pd.DataFrame(Backend(Options()).truth()["roster"])).entries
    assert len(people) > 100
    assert set(people) <= set(known)


@pytest.mark.slow
def test_the_samples_can_be_read() -> None:
    assert len(Roster.read(DATA / "roster.csv").entries) > 100
    assert len(Invoice.read(DATA / "invoice.csv").bills) > 600
    assert Roster.read(DATA / "roster.csv").skipped == Invoice.read(DATA / "invoice.csv").skipped == ()
