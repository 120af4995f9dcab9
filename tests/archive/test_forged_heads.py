"""What somebody writes into the newest head who seals it again: found, or told as open."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from tests.archive.conftest import Platform, newest_first
from tests.archive.forged import Rewritten, rewritten
from ytxdata import times
from ytxdata.archive import Archive
from ytxdata.archive.claims import _judged_anew, _kept_heads, _spans
from ytxdata.archive.heads import at_head, sequences, write_head
from ytxdata.archive.stored_files import MEETINGS_STORED
from ytxdata.archive.stored_rows import read
from ytxdata.archive.verify import verify
from ytxdata.archive.write_sync import Writer
from ytxdata.cli import app

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


def with_one_that_vanished(archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Four days of an account, the clock an hour ahead; on the last of them a meeting is listed no more."""
    platform.records = platform.newest_first(60)
    for day in range(4):
        right = BEGIN + timedelta(days=day)
        platform.clock, platform.date = right + timedelta(hours=1), right
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        if day < 3:
            platform.records.insert(0, platform.record(60 + day, starttime=f"{right - timedelta(hours=1):%F %T}"))
        gone = platform.records.pop(30)["meid"] if day == 3 else ""
        archive.sync(platform)
    snapshot = archive.snapshot()
    assert snapshot is not None
    assert snapshot.head.state["exempt"] == [gone]
    return str(gone)


@pytest.fixture(scope="module")
def vanished_once(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = Archive(tmp_path_factory.mktemp("vanished") / "meetings.archive")
    with pytest.MonkeyPatch.context() as patch:
        with_one_that_vanished(archive, Platform([]), patch)
        assert archive.verify(recompute=True).is_sound
    return archive


@pytest.fixture
def vanished(vanished_once: Archive, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Four days with one that vanished, each test's own."""
    shutil.copytree(vanished_once.path, archive.path)
    monkeypatch.setattr(times, "now", lambda: BEGIN + timedelta(days=3, hours=1))
    return archive


def reopened(state: dict[str, Any]) -> dict[str, Any]:
    state["evidence"]["reopened_at"] = state["evidence"]["last_asked_at"]
    return state


def of_bytes(state: dict[str, Any]) -> dict[str, Any]:
    for window in state["evidence"]["windows"]:
        window["size"] = None
    return state


def outside(state: dict[str, Any]) -> dict[str, Any]:
    state["outside"] = state["evidence"]["outside"] = "anchored"
    return state


def none_exempt(state: dict[str, Any]) -> dict[str, Any]:
    state["exempt"] = []
    return state


FORGED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "outside": (outside, "outside is anchored"),
    "outside, reopened": (lambda state: reopened(outside(state)), "called PROVEN"),
    "outside, of bytes": (lambda state: of_bytes(outside(state)), "called PROVEN"),
    "exempt": (none_exempt, "exempt is []"),
    "exempt, reopened": (lambda state: reopened(none_exempt(state)), "vanished from an answer"),
    "exempt, of bytes": (lambda state: of_bytes(none_exempt(state)), "vanished from an answer"),
    "clocks of no pull": (lambda state: state["clocks"].append(["20270101T000000.000000Z-0", 0.0]), "clocks is"),
    "hidden from the rules": (lambda state: state.update(unjudged=[[10, 20]]), "unjudged is"),
}
"""What somebody who seals the newest head again may write → what is said of it."""


@pytest.mark.slow
@pytest.mark.every_case
@pytest.mark.parametrize("name", FORGED)
def test_no_word_of_the_newest_head_switches_a_comparison_off(vanished: Archive, name: str) -> None:
    change, said = FORGED[name]
    rewritten(vanished, change)
    damages = verify(vanished.path, recompute=True).damages
    assert {damage.kind for damage in damages} == {"claim"}
    assert any(said in damage.detail.en for damage in damages), damages


@pytest.mark.slow
@pytest.mark.every_case
@pytest.mark.parametrize(
    "name", ["reopened", "of bytes", "limits", "suspected", "moved", "hidden", "rejected", "uppers"]
)
def test_what_the_newest_head_alone_says_of_an_earlier_version_is_left_open(vanished: Archive, name: str) -> None:
    changes = {"reopened": reopened, "of bytes": of_bytes}
    rewritten(vanished, changes.get(name, lambda state: state["evidence"].pop(name)))
    found = vanished.verify(recompute=True)
    assert not found.is_sound
    assert "left open" in found.line.en
    said = "word of the newest head alone" if name in changes else f"lacks {name}"
    assert any(said in one.en for one in found.left_open)
    if name == "reopened":
        assert CliRunner().invoke(app, ["verify", "--recompute", str(vanished.path)]).exit_code == 1


@pytest.mark.slow
def test_evidence_that_was_taken_out_leaves_no_certificate(vanished: Archive) -> None:
    rewritten(vanished, lambda state: state.pop("evidence"))
    assert [(damage.kind, damage.name) for damage in verify(vanished.path).damages] == [("claim", "certificate")]


@pytest.mark.slow
def test_a_sync_is_not_hidden_by_a_head_that_calls_it_interrupted(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claimed by the state before it: what an interrupted sync leaves as well is missing, and the meeting that vanished
    is told nowhere.
    """
    with_one_that_vanished(archive, platform, monkeypatch)
    before = at_head(archive.path, sequences(archive.path)[-2]).head.state
    snapshot = archive.snapshot()
    assert snapshot is not None
    head = dataclasses.replace(snapshot.head, state=before, kind="interrupted")
    write_head(archive.path, head, snapshot.listed)
    found = verify(archive.path, recompute=True)
    assert [(one.kind, one.name) for one in found.damages] == [("claim", "certificate")]
    assert any("vanished meeting, that is not told" in one.en for one in found.left_open)
    platform.clock += timedelta(days=1)
    archive.sync(platform)
    assert archive.verify(recompute=True).is_sound


@pytest.mark.slow
def test_clocks_are_told_and_held_against_earlier_heads(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte of an answer tells an offset. So it is told, stands with its pull, and what was told once is for ever."""
    with_one_that_vanished(archive, platform, monkeypatch)
    found = archive.verify(recompute=True)
    assert found.is_sound
    assert ["3600 s ahead" in one.en for one in found.left_open] == [True]
    assert archive.verify().left_open == ()
    snapshot = archive.snapshot()
    assert snapshot is not None
    kept = list(_kept_heads(snapshot))
    clocks = [[name, 0.0] for name, _ in snapshot.head.state["clocks"]]
    rewritten(archive, lambda state: state.update(clocks=clocks))
    right = archive.snapshot()
    assert right is not None
    derived, _ = _judged_anew(right, list(_spans(right, kept)))
    rewritten(archive, lambda state: state.update({name: derived[name] for name in ("evidence", "periods", "outside")}))
    assert archive.certificate().end is not None
    damages = [one.detail.en for one in verify(archive.path, recompute=True).damages]
    assert any("other offsets of the clock" in one for one in damages), damages
    assert any("clocks" in one and "follows from the raw answers" in one for one in damages), "the pulls say otherwise"


def changed(raw: Rewritten) -> None:
    """One meeting moved, and the answer that brought it kept as one that fits no form."""
    raw.leave_whole(raw.pulls[0])
    raw.leave_whole(raw.pulls[1])
    raw.say(5, raw.observations[5]["raw"].replace(b"2026-", b"2025-"))


def invented(raw: Rewritten) -> None:
    raw.leave_whole(raw.pulls[1])
    raw.pulls[1]["listed"].append(raw.invent(raw.pulls[1], raw.observations[0]["raw"].replace(b"000", b"999")))
    raw.observations[-1]["position"] = len(raw.pulls[1]["listed"]) - 1


def dropped(raw: Rewritten) -> None:
    raw.let_drop(len(raw.observations) - 1)


def of_a_name(raw: Rewritten) -> None:
    raw.invent(raw.pulls[0], json.dumps(IN_A_NAME).encode())


def left_out(raw: Rewritten) -> None:
    """What both answers list is said to be of the second: the first is kept as if nobody had read it."""
    raw.leave_whole(raw.pulls[0])
    raw.pulls[0]["listed"] = []
    for one in raw.observations[:60]:
        pull = raw.pulls[1]
        one |= {"pull_id": pull["pull_id"], "observed_at": pull["asked_at"]}
        one["position"] = pull["listed"].index(one["obs"])


def first_seen_later(raw: Rewritten) -> None:
    pull = raw.pulls[1]
    raw.observations[7] |= {"pull_id": pull["pull_id"], "observed_at": pull["asked_at"]}
    raw.observations[7]["position"] = pull["listed"].index(7)


IN_A_NAME = {"meid": "9" * 29, "starttime": "2024-01-02 09:00:00", "endtime": "2024-01-02 18:00:00", "parties": []}

OF_ANSWERS = {
    "moved": (changed, "5 (it is not in"),
    "invented": (invented, "61 (it is not in"),
    "dropped": (dropped, "(read anew, its raw answer gives other"),
    "in a name": (of_a_name, "give, read anew, other records"),
    "left out": (left_out, "(read anew, its raw answer gives other"),
    "first seen later": (first_seen_later, "7 (it is not in"),
}
"""What somebody does to the raw rows who rewrites them below one more head → what is said of it."""


@pytest.fixture(scope="module")
def compacted_once(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = Archive(tmp_path_factory.mktemp("compacted") / "meetings.archive")
    platform = Platform(newest_first(60))
    platform.records[30]["meetingname"] = json.dumps(IN_A_NAME)
    archive.sync(platform)
    platform.records.insert(0, platform.record(60))
    archive.sync(platform)
    Rewritten(archive).seal()
    assert archive.verify(recompute=True).is_sound, "rewritten, and nothing edited: a compaction does the same"
    return archive


@pytest.mark.parametrize("name", OF_ANSWERS)
@pytest.mark.parametrize("version", [None, 1])
def test_each_answer_read_anew_gives_what_it_lists(
    compacted_once: Archive, archive: Archive, name: str, version: int | None
) -> None:
    """Which records an answer is made of is of no hash of the chain: any meeting could be invented, moved or lost."""
    change, said = OF_ANSWERS[name]
    shutil.copytree(compacted_once.path, archive.path)
    raw = Rewritten(archive)
    change(raw)
    raw.seal(**({} if version is None else {"parser": {**raw.snapshot.head.parser, "version": version}}))
    found = verify(archive.path)
    assert not found.is_sound
    # that an earlier parser read it is a word of the newest head alone
    told = [*(f"{one.name} ({one.detail.en})" for one in found.damages), *(one.en for one in found.left_open)]
    assert any(said in one for one in told), told


@pytest.mark.slow
@pytest.mark.parametrize("days", [["A", "B", "A", "A"], ["A", "AB", "B", "B"]])
def test_answers_that_are_said_to_list_an_observation_of_before_are_left_open(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, days: list[str]
) -> None:
    """A change, or the change back, had never been: a meeting of 60 minutes, as all later answers say, had lasted 10."""
    platform.records = platform.newest_first(10)
    texts = {"A": platform.records[4], "B": {**platform.records[4], "endtime": "2026-01-01 09:53:00"}}
    for day, told in enumerate(days):
        platform.clock = BEGIN + timedelta(days=day)
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        platform.records = [one for one in platform.records if one["meid"] != texts["A"]["meid"]]
        platform.records[4:4] = [texts[name] for name in told]
        archive.sync(platform)
    found = verify(archive.path)
    assert (found.is_sound, found.unlike) == (True, ())
    raw = Rewritten(archive)
    same = [one["obs"] for one in raw.observations if json.loads(one["raw"])["meid"] == texts["A"]["meid"]]
    last = same.pop()
    text = raw.observations.pop(last)["raw"]
    before = next(number for number in same if raw.observations[number]["raw"] == text)
    for one in raw.observations[last:]:
        one["obs"] -= 1
    for pull in raw.pulls:
        pull["listed"] = [before if number == last else number - (number > last) for number in pull["listed"]]
    state, mark = raw.snapshot.head.state, raw.snapshot.head.parser
    # as if names of fields had become known after the last answer, and were the same
    marks = [{**mark, "version": mark["version"] - 1}, mark]
    for named in ({}, {"names": {"marks": marks, "steps": [[0, 0], [len(days), 1]]}}):
        raw.seal(state={**state, **named})
        found = verify(archive.path)
        assert not found.is_sound
        assert "list another observation" in found.unlike[0].en
        raw = Rewritten(archive)


@pytest.mark.slow
def test_rows_count_in_the_order_of_their_numbers_however_they_are_stored(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Layout 2 merged rows in any order: such archives were called damaged for good, and a pack of them was refused."""
    for day in range(3):
        platform.clock = BEGIN + timedelta(days=day)
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        platform.records.insert(0, platform.record(60 + day))
        archive.sync(platform)
    frames = [getattr(archive, name)() for name in ("meetings", "changes", "pulls")]
    raw = Rewritten(archive)
    raw.pulls.insert(0, raw.pulls.pop())
    raw.observations.reverse()
    raw.seal()
    assert verify(archive.path, recompute=True).is_sound
    for name, then in zip(("meetings", "changes", "pulls"), frames, strict=True):
        assert getattr(archive, name)().equals(then), name
    # known since days, meetings were known since today
    raw = Rewritten(archive)
    raw.pulls.insert(0, newest := raw.pulls.pop())
    for one in raw.observations:
        if one["obs"] in newest["listed"]:
            place = newest["listed"].index(one["obs"])
            one |= {"pull_id": newest["pull_id"], "observed_at": newest["asked_at"], "position": place}
    raw.seal()
    assert "record" in [one.kind for one in verify(archive.path).damages]


@pytest.mark.slow
def test_a_row_beside_records_that_are_stored_in_another_order_is_compared(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    raw = Rewritten(archive)
    raw.observations.reverse()
    raw.seal()
    snapshot = archive.snapshot()
    assert snapshot is not None
    rows = read(snapshot, "meetings", MEETINGS_STORED.names)
    writer = Writer(archive.path, snapshot)
    writer.files["meetings"] = ()
    at = rows.column_names.index("name")
    writer.append("meetings", rows.set_column(at, rows.schema.field(at), pa.array(["another"] * rows.num_rows)))
    writer.promote("compact")
    assert "row" in [one.kind for one in verify(archive.path).damages]
