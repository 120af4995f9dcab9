"""Archives that earlier releases wrote: each opens, verifies and syncs, and says what it said."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ytxdata import times
from ytxdata.archive import Archive

FIXTURES = Path(__file__).with_name("fixtures")
VIEWS = ("meetings", "legs", "rejects", "problems", "pulls", "changes")


@pytest.fixture(params=sorted(FIXTURES.glob("layout-*.zip")), ids=lambda path: path.stem)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with an archive of an older layout, and the frames it gave when it was written."""
    with zipfile.ZipFile(request.param) as packed:
        packed.extractall(tmp_path)
    return tmp_path


def frames_of(folder: Path) -> dict[str, pd.DataFrame]:
    """The frames that the release which wrote the archive gave."""
    return {name: pd.read_parquet(folder / "frames" / f"{name}.parquet") for name in VIEWS}


def same(now: pd.DataFrame, then: pd.DataFrame) -> bool:
    """Whether a frame says in its old columns what it said then."""
    kept = io.BytesIO(now[list(then.columns)].reset_index(drop=True).to_parquet())
    return pd.read_parquet(kept).equals(then.reset_index(drop=True))


def test_it_opens_and_verifies_before_anybody_synced_it(older: Path) -> None:
    archive = Archive(older / "m.archive")
    assert archive.verify().is_sound
    for name, then in frames_of(older).items():
        assert same(getattr(archive, name)(), then), name
    for pull_id in archive.pulls()["pull_id"]:
        assert archive.answer(pull_id)


def test_it_syncs_and_keeps_every_row_it_had(older: Path, platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(older / "m.archive")
    then = frames_of(older)
    answers = {pull_id: archive.answer(pull_id) for pull_id in then["pulls"]["pull_id"]}
    now = datetime(2026, 1, 4, tzinfo=UTC)
    monkeypatch.setattr(times, "now", lambda: now)
    platform.clock = now
    platform.records = [platform.record(i) for i in range(300, 422)][::-1]
    archive.sync(platform)
    assert archive.verify().is_sound
    meetings = archive.meetings()
    assert set(then["meetings"]["meeting_id"]) <= set(meetings["meeting_id"])
    assert len(meetings) >= len(then["meetings"]) + 1
    ledger = archive.changes()
    kept = ledger[ledger["meeting_id"].isin(then["changes"]["meeting_id"])]
    assert same(kept, then["changes"])
    assert same(archive.rejects(), then["rejects"])
    for pull_id, raw in answers.items():
        assert archive.answer(pull_id) == raw
