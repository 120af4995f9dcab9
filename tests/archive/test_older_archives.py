"""Archives that earlier releases wrote: each opens, verifies and syncs, and says what it said."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.archive.forged import Rewritten
from tests.effort import examples, seed
from ytxdata import audit, times
from ytxdata.archive import Archive
from ytxdata.archive.verify import verify

KILLS = examples(1, 1, "YTX_TEST_KILLS")
WORKER = Path(__file__).with_name("worker.py")
FIXTURES = Path(__file__).with_name("fixtures")
VIEWS = ("meetings", "legs", "rejects", "problems", "pulls", "changes")


LAYOUTS = sorted(FIXTURES.glob("layout-*.zip"))


@pytest.fixture(params=LAYOUTS, ids=lambda path: path.stem)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with an archive of an older layout, and the frames it gave when it was written."""
    with zipfile.ZipFile(request.param) as packed:
        packed.extractall(tmp_path / request.param.stem)
    return Path(tmp_path, request.param.stem)


def frames_of(folder: Path) -> dict[str, pd.DataFrame]:
    """The frames that the release which wrote the archive gave."""
    return {name: pd.read_parquet(folder / "frames" / f"{name}.parquet") for name in VIEWS}


def same(now: pd.DataFrame, then: pd.DataFrame) -> bool:
    """Whether a frame says in its old columns what it said then; legs of namesakes stood in no order of their own, and
    an amount in the ledger had as many places as its column.
    """
    if "field" in then:
        then = then.assign(**{name: _without_idle_zeros(then, name) for name in ("old", "new")})
    rows = pd.read_parquet(io.BytesIO(now[list(then.columns)].reset_index(drop=True).to_parquet()))
    if "leg" in then:
        rows, then = (frame.sort_values(list(then.columns), ignore_index=True) for frame in (rows, then))
    return rows.equals(then.reset_index(drop=True))


def _without_idle_zeros(ledger: pd.DataFrame, name: str) -> pd.Series[str]:
    is_amount = ledger["field"] == "amount_yuan"
    return ledger[name].mask(is_amount, ledger[name].str.replace(r"(?<=\d\d)0+$", "", regex=True))


@pytest.mark.slow
def test_it_opens_and_verifies_before_anybody_synced_it(older: Path) -> None:
    archive = Archive(older / "m.archive")
    found = archive.verify()
    assert not found.damages
    # of namesakes, rows are numbered otherwise since then: no damage, and not proven before they are derived anew
    assert "parser 1 derived the tables" in found.left_open[0].en
    assert "twin" in found.left_open[0].en
    for name, then in frames_of(older).items():
        assert same(getattr(archive, name)(), then), name
    for pull_id in archive.pulls()["pull_id"]:
        assert archive.answer(pull_id)


@pytest.mark.slow
def test_what_it_claims_is_judged_anew_without_the_evidence_that_it_could_not_leave_yet(older: Path) -> None:
    archive = Archive(older / "m.archive")
    snapshot = archive.snapshot()
    assert snapshot is not None
    assert "limits" not in snapshot.head.state["evidence"]
    assert archive.verify(recompute=True).is_recomputed


@pytest.mark.slow
def test_it_syncs_and_keeps_every_row_it_had(older: Path, platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(older / "m.archive")
    then = frames_of(older)
    answers = {pull_id: archive.answer(pull_id) for pull_id in then["pulls"]["pull_id"]}
    now = datetime(2026, 1, 4, tzinfo=UTC)
    monkeypatch.setattr(times, "now", lambda: now)
    platform.clock = now
    platform.records = [platform.record(i) for i in range(300, 422)][::-1]
    told = " ".join(text.en for text in archive.sync(platform).warnings)
    assert archive.verify().is_sound
    meetings = archive.meetings()
    if older.name == "layout-2":  # one creator used an id twice, and the second was taken for a duplicate
        assert list(meetings["meeting_id"]).count(platform.record(40)["meid"]) == 2
        assert "1 records regained, 1 more meetings" in told
    assert set(then["meetings"]["meeting_id"]) <= set(meetings["meeting_id"])
    assert len(meetings) >= len(then["meetings"]) + 1
    ledger = archive.changes()
    kept = ledger[ledger["meeting_id"].isin(then["changes"]["meeting_id"])]
    assert same(kept, then["changes"])
    assert same(archive.rejects(), then["rejects"])
    for pull_id, raw in answers.items():
        assert archive.answer(pull_id) == raw


STEPS = ("write_sync.write_head", "write_sync.sync_all", "write_sync.Writer.promote", "cleanup.set_aside")


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize(
    ("older", "step"),
    [(layout, step) for n, step in enumerate(STEPS) for layout in LAYOUTS[n % 2 :: 2]],
    indirect=["older"],
    ids=lambda one: getattr(one, "stem", one),
)
def test_a_migration_that_is_cut_short_is_done_by_the_next_sync(
    older: Path, platform: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    archive = Archive(older / "m.archive")
    with monkeypatch.context() as patch:
        patch.setattr(f"ytxdata.archive.{step}", _killed)
        with pytest.raises(KeyboardInterrupt):
            archive.sync(platform)
    for name, then in frames_of(older).items():
        assert same(getattr(archive, name)(), then), name
    assert not archive.verify().damages
    archive.sync(platform)
    assert archive.verify().is_sound
    assert not [path for path in archive.path.rglob("_delta_log") if "interrupted" not in path.parts]
    assert set(frames_of(older)["meetings"]["meeting_id"]) <= set(archive.meetings()["meeting_id"])


@pytest.mark.slow
def test_kills_at_random_instants_of_a_migration_lose_nothing(older: Path, platform: Any, tmp_path: Path) -> None:
    begun = seed(5)
    rng = random.Random(begun)
    then = set(frames_of(older)["meetings"]["meeting_id"])
    platform.records = platform.newest_first(62)
    for turn in range(KILLS):
        archive = Archive(tmp_path / f"{turn}.archive")
        shutil.copytree(older / "m.archive", archive.path)
        command = [sys.executable, str(WORKER), str(archive.path), str(tmp_path / f"counter-{turn}"), "1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0, 0.5))
            worker.kill()
        assert then <= set(archive.meetings()["meeting_id"]), begun
        # killed early, its rows are of the parser of old still: no damage, and not proven
        assert not archive.verify().damages, begun
        archive.sync(platform)
        assert archive.verify().is_sound, begun
        assert then <= set(archive.meetings()["meeting_id"]), begun


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_an_answer_with_a_verdict_is_of_a_sync_that_came_to_its_end_and_lists_what_it_returned(older: Path) -> None:
    """It was kept as one of an interrupted sync of old, and what it had brought was known later, or not at all."""
    archive = Archive(older / "m.archive")
    archive.rebuild()
    raw = Rewritten(archive)
    pull = next(one for one in raw.pulls if one["verdict"] and one["returned_n"] and one["settle_s"] is None)
    raw.leave_whole(pull)
    pull["listed"] = []
    raw.seal()
    assert ("pull", pull["pull_id"]) in [(one.kind, one.name) for one in verify(archive.path).damages]


@pytest.mark.slow
@pytest.mark.by_chance(1)
def test_a_pack_of_it_holds(older: Path, platform: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its answers list no record that was regained from a later one, and the pack was called another than followed."""
    archive, now = Archive(older / "m.archive"), datetime(2026, 1, 4, tzinfo=UTC)
    monkeypatch.setattr(times, "now", lambda: now)
    platform.clock, platform.records = now, [platform.record(i) for i in range(300, 422)][::-1]
    archive.sync(platform)
    pack = audit.pack(archive, tmp_path / "evidence.zip", include_raw=True)
    lines = audit.verify_pack(pack.path, recompute=True)
    assert not [line for line in lines if line.startswith("FAIL")]
    assert any("cells follow from" in line for line in lines)
