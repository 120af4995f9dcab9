"""The archives of a fleet as one table: each row says whose it is, and only what is asked for is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import pytest

import ytxdata as ytx
from tests.fleet.conftest import COMPANY, entries_of
from ytxdata import metrics
from ytxdata.archive.scans import ENGINES, pruned
from ytxdata.archive.views import COLUMNS, ViewAsk
from ytxdata.emulator import Emulator

Begin = Callable[..., tuple[Emulator, ytx.Fleet]]


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> ytx.Fleet:
    """Two accounts of one company and one of another; one record of each has changed after the first sync."""
    with Emulator(accounts=3, **COMPANY) as server:
        fleet = ytx.Fleet(entries_of(server), folder=tmp_path_factory.mktemp("scanned"))
        fleet.sync()
        for name in fleet.names:
            meeting_id = str(fleet[name].meetings()["meeting_id"].iloc[-1])
            server.backends[name].mutate(meeting_id, name="renamed")
        fleet.sync()
    return fleet


@pytest.mark.slow
@pytest.mark.parametrize("view", ["meetings", "legs", "rejects", "problems", "pulls"])
def test_a_view_of_all_is_the_views_of_each(synced: ytx.Fleet, view: str) -> None:
    as_of = synced["account-1"].pulls()["asked_at"].iloc[0]
    for at in (None, as_of):
        whole = synced.scan(view, at).collect("pyarrow").to_native()
        assert whole.column_names == ["account", *(column.name for column in COLUMNS[view]), "company"]
        rows = whole.to_pylist()
        for name in synced.names:
            mine = [row for row in rows if row["account"] == name]
            assert {row.pop("company") for row in mine} <= set(synced.labels[name].values())
            alone = synced[name].scan(view, at).collect("pyarrow").to_native().to_pylist()
            assert sorted(map(repr, ({k: v for k, v in row.items() if k != "account"} for row in mine))) == sorted(
                map(repr, alone)
            )


@pytest.mark.slow
@pytest.mark.parametrize("engine", [one for one in ENGINES if one != "spark"])
def test_engines_read_the_same_rows(synced: ytx.Fleet, engine: str) -> None:
    rows = synced.scan("legs", engine=engine).filter(nw.col("account") == "account-2").collect("pyarrow").to_native()
    assert len(rows) == len(synced["account-2"].legs())
    assert (
        synced.scan("meetings", engine=engine)
        .filter(nw.col("company") == "A")
        .select("account")
        .collect("pyarrow")
        .to_native()["account"]
        .unique()
        .to_pylist()
        .__len__()
        == 2
    )


@pytest.mark.slow
def test_frames_of_all_accounts(synced: ytx.Fleet) -> None:
    meetings, legs = synced.meetings("2026-02", "2026-03"), synced.legs("2026-02", "2026-03")
    for name in synced.names:
        archive = synced[name]
        for whole, alone in (
            (meetings, archive.meetings("2026-02", "2026-03")),
            (legs, archive.legs("2026-02", "2026-03")),
        ):
            mine = whole[whole["account"] == name].drop(columns=["account", "company"]).reset_index(drop=True)
            assert mine.equals(alone)
    assert meetings["company"].tolist()[0] == "A"


@pytest.mark.slow
def test_a_label_that_is_called_like_a_column_is_told_from_it(synced: ytx.Fleet, tmp_path: Path) -> None:
    entry = {"archive": str(synced["account-1"].path), "labels": {"state": "north"}}
    fleet = ytx.Fleet({"one": entry}, folder=tmp_path)
    for rows in (fleet.meetings(), fleet.scan("meetings").collect("pandas").to_native()):
        assert set(rows["label_state"]) == {"north"}


@pytest.mark.slow
def test_files_of_other_months_are_not_read(begin: Begin) -> None:
    """By what the heads keep of each file; a later version counts wherever it begins."""
    server, fleet = begin(1, meetings=30)
    fleet.sync()
    archive = fleet["account-1"]
    first = archive.meetings()["started_at"]
    assert server.advance(days=20) > 0
    fleet.sync()
    snapshot = archive.snapshot()
    assert snapshot is not None
    last = first.max() + pd.Timedelta("1s")
    later = ViewAsk(start=last.to_pydatetime())
    assert later.start is not None
    kept = pruned(snapshot, "legs", later, is_joined=False)
    assert 0 < len(kept.files("legs")) < len(snapshot.files("legs"))
    assert len(pruned(snapshot, "legs", later, is_joined=True).files("legs")) == len(snapshot.files("legs"))
    for view in ("meetings", "legs"):
        inside = fleet.scan(view, start=last).collect("pyarrow").to_native()
        alone = archive.meetings(last) if view == "meetings" else archive.legs(last)
        assert len(inside) == len(alone) > 0


@pytest.mark.slow
def test_labels_that_look_alike_masked_are_called_in_a_period_as_in_all(synced: ytx.Fleet, tmp_path: Path) -> None:
    """Called anew by whose rows came first, the figures of one company stood under the name of the other."""
    companies = ("13956780000", "13912340000", "13900000000")
    entries = {
        name: {"archive": str(synced[name].path), "labels": {"company": one}}
        for name, one in zip(synced.names, companies, strict=True)
    }
    fleet = ytx.Fleet(entries, folder=tmp_path)
    usage: Any = metrics.usage
    whole, part = (
        usage(fleet, by="total", group="company", **asked).masked() for asked in ({}, {"start": "2020-01-01"})
    )
    assert whole.arrow.select(["group", "meetings", "legs"]) == part.arrow.select(["group", "meetings", "legs"])
