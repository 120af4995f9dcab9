"""The main job from end to end: what it leaves is complete, fit for Excel, and holds no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ytxdata as ytx
from ytxdata.demo import STEPS, Demo, run
from ytxdata.emulator.backend import Account

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder: Path) -> Demo:
    steps: list[str] = []
    done = run(folder, meetings=200, seed=2, notebook=False, step=steps.append)
    assert steps == list(STEPS)
    return done


def test_every_meeting_of_the_company_arrives(demo: Demo, folder: Path) -> None:
    assert demo.n_meetings == 200
    assert demo.sync.new == 200
    meetings = ytx.read_csv(folder / "meetings.csv")
    assert len(meetings) == 200
    assert meetings["meeting_id"].str.len().min() == 29
    assert len(ytx.read_csv(folder / "legs.csv")) == demo.n_legs


def test_monthly_usage_adds_up_to_the_meetings(demo: Demo, folder: Path) -> None:
    usage = ytx.read_csv(folder / "usage_monthly.csv")
    assert usage["meetings"].sum() == 200
    about = json.loads((folder / "usage_monthly.about.json").read_text("utf-8"))
    assert about["completeness"]["verdict"] == demo.sync.certificate.worst
    assert {one["key"] for one in about["columns"]} >= set(usage.columns)


def test_the_pictures_are_pictures(demo: Demo) -> None:
    for key in ("usage_picture", "heatmap_picture"):
        assert demo.files[key].read_bytes().startswith(b"\x89PNG")


def test_a_second_run_costs_one_call_and_brings_nothing(demo: Demo, folder: Path) -> None:
    again = run(folder, meetings=200, seed=2, notebook=False)
    assert (again.sync.calls, again.sync.new, again.sync.changed) == (1, 0, 0)
    assert again.n_meetings == 200


def test_the_summary_names_every_file_in_both_languages(demo: Demo) -> None:
    for lang in ("zh", "en"):
        told = "\n".join(line.in_(lang) for line in demo.lines)
        assert all(str(path) in told for path in demo.files.values())


def test_no_file_holds_the_token_or_an_account_id(demo: Demo, folder: Path) -> None:
    account = Account.of(2)
    for path in (path for path in folder.rglob("*") if path.is_file()):
        raw = path.read_bytes()
        assert account.token.encode() not in raw, path
        assert account.sid.encode() not in raw, path
