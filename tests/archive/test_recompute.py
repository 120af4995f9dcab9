"""What an archive claims can be judged again from its answers; a claim that was edited with its head is found."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.archive.conftest import Platform
from tests.archive.forged import rewritten
from ytxdata import audit, times
from ytxdata.archive import Archive, cleanup
from ytxdata.archive.claims import _kept_heads
from ytxdata.archive.heads import head_path, sequences, write_head
from ytxdata.archive.known_meetings import evidence_of, plain_periods
from ytxdata.archive.sync import sync
from ytxdata.archive.verify import verify
from ytxdata.cli import app
from ytxdata.errors import DamagedError
from ytxdata.files import that_may_be_lost
from ytxdata.history.proof.certificate import certify
from ytxdata.history.proof.policy import DEFAULT_POLICY, GAPS
from ytxdata.history.proof.rules import patient
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.normalize import parser_mark

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


def lived(archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Days of an account: new meetings and changed ones each day, some syncs interrupted, one clock set back."""
    rng = random.Random(seed)
    now = BEGIN
    platform.records = platform.newest_first(rng.choice([0, 30, 150]))
    for _ in range(7):
        now += timedelta(days=1) if rng.random() < 0.9 else -timedelta(hours=5)
        monkeypatch.setattr(times, "now", lambda now=now: now)
        platform.clock = now
        n_new = rng.randrange(20)
        for i in range(len(platform.records), len(platform.records) + n_new):
            start = now + timedelta(hours=8, minutes=3 * i % 600) - timedelta(days=1)
            ends = {
                "starttime": f"{start:%Y-%m-%d %H:%M:%S}",
                "endtime": f"{start + timedelta(minutes=9):%Y-%m-%d %H:%M:%S}",
            }
            platform.records.insert(0, platform.record(i, **ends))
        if platform.records and rng.random() < 0.2:
            platform.records[0] = {**platform.records[0], "meetingname": f"{now}"}
        platform.fail_at = len(platform.asked) + 2 if rng.random() < 0.3 else None
        with suppress(KeyboardInterrupt), that_may_be_lost():
            archive.sync(platform)


@pytest.fixture(scope="module")
def lived_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[Archive, Any]]:
    """Days that chance wrote, made once, and the platform after them; for tests that only read."""

    @cache
    def made(seed: int) -> tuple[Archive, Any]:
        archive, platform = Archive(tmp_path_factory.mktemp("lived") / "meetings.archive"), Platform([])
        with pytest.MonkeyPatch.context() as patch:
            lived(archive, platform, patch, seed)
        return archive, platform

    return made


@pytest.fixture
def lives(lived_once: Callable[[int], tuple[Archive, Any]], archive: Archive, platform: Any) -> Callable[[int], None]:
    """What puts such days into the test's own archive."""

    def lives(seed: int) -> None:
        once, after = lived_once(seed)
        shutil.copytree(once.path, archive.path)
        platform.records, platform.clock = [*after.records], after.clock

    return lives


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_claimed_follows_from_the_answers(lived_once: Callable[[int], tuple[Archive, Any]], seed: int) -> None:
    archive, _ = lived_once(seed)
    found = archive.verify(recompute=True)
    assert found.is_recomputed
    assert "what the rules say of the raw answers" in found.line.en
    assert seed > 1 or "not judged anew" in archive.verify().line.en


@pytest.mark.slow
@pytest.mark.parametrize("is_stored_so", [False, True])
def test_a_gap_has_no_size_of_the_answer_above_it(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, *, is_stored_so: bool
) -> None:
    """A rebuild gave it one, by the pull that both rest on: an honest archive was called damaged for ever."""
    for day in range(1, 4):
        now = BEGIN + timedelta(days=day)
        monkeypatch.setattr(times, "now", lambda now=now: now)
        platform.clock = now
        platform.records = platform.newest_first(60 + 144 * (day - 1))[:40]
        archive.sync(platform)
    archive.rebuild()
    assert "GAP" in set(archive.coverage()["verdict"])
    snapshot = archive.snapshot()
    assert snapshot is not None
    state = json.loads(json.dumps(snapshot.head.state))
    sizes = {one["pull_ids"][-1]: one for one in state["evidence"]["windows"] if one["size"]}
    gaps = [one for one in state["evidence"]["windows"] if not one["n_records"]]
    assert gaps
    assert not any(one["size"] or one["largest"] for one in gaps)
    if is_stored_so:
        for gap in gaps:
            above = sizes[gap["pull_ids"][-1]]
            gap |= {name: above[name] for name in ("size", "largest")}
        write_head(archive.path, dataclasses.replace(snapshot.head, state=state), snapshot.listed)
    archive.verify(recompute=True)
    archive.sync(platform)
    archive.verify(recompute=True)


def forged(archive: Archive, *, also_evidence: bool) -> None:
    """Let the newest head claim more, sealed with a hash of its own: hashes and chains agree."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    state = dict(snapshot.head.state)
    start, *rest = state["periods"][0]
    earlier = "2025-12-01T00:00:00+00:00"
    state["periods"] = [[earlier, *rest], *state["periods"][1:]]
    if also_evidence:
        windows = state["evidence"]["windows"]
        first = {**windows[0], **{name: earlier for name, value in windows[0].items() if value == start}}
        state["evidence"] = {**state["evidence"], "windows": [first, *windows[1:]]}
    write_head(archive.path, dataclasses.replace(snapshot.head, state=state), snapshot.listed)


@pytest.mark.slow
def test_a_certificate_that_was_edited_together_with_its_head_is_found(
    archive: Archive, lives: Callable[[int], None]
) -> None:
    lives(1)
    forged(archive, also_evidence=False)
    assert verify(archive.path, quick=True).is_sound, "hashes and chains alone do not show it"
    assert [(damage.kind, damage.name) for damage in verify(archive.path).damages] == [("claim", "certificate")]


@pytest.mark.slow
def test_evidence_that_was_edited_with_all_that_follows_from_it_is_found(
    archive: Archive, lives: Callable[[int], None]
) -> None:
    lives(1)
    forged(archive, also_evidence=True)
    assert verify(archive.path).is_sound, "certificate and evidence agree"
    found = verify(archive.path, recompute=True)
    assert {damage.kind for damage in found.damages} == {"claim"}
    assert not found.can_be_mended
    done = CliRunner().invoke(app, ["verify", "--recompute", str(archive.path)])
    assert isinstance(done.exception, DamagedError)
    assert "2025-12-01" in str(done.exception)


@pytest.mark.slow
def test_what_was_taken_in_of_a_lost_head_is_claimed_by_nothing_here_too(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, lives: Callable[[int], None]
) -> None:
    lives(2)
    head_path(archive.path, sequences(archive.path)[-1]).write_bytes(b"torn")
    archive.rebuild()
    assert archive.verify(recompute=True).is_sound
    platform.clock += timedelta(days=1)
    monkeypatch.setattr(times, "now", lambda: platform.clock)
    platform.fail_at = None
    archive.sync(platform)
    assert archive.verify(recompute=True).is_sound


def synced_daily(
    archive: Archive,
    platform: Any,
    monkeypatch: pytest.MonkeyPatch,
    ahead: dict[int, timedelta],
    *,
    sends_date: bool,
    per_day: int = 8,
    n_days: int = 8,
) -> None:
    """Days of an account with a sync each, this machine's clock ahead on some of them."""
    platform.records = []
    for day in range(n_days):
        right = BEGIN + timedelta(days=day)
        platform.clock = right + ahead.get(day, timedelta(0))
        platform.date = right if sends_date else None
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        for i in range(per_day * day, per_day * day + per_day):
            start = right + timedelta(hours=8, minutes=600 // per_day * (i % per_day) - 1440)
            ends = {
                "starttime": f"{start:%Y-%m-%d %H:%M:%S}",
                "endtime": f"{start + timedelta(minutes=9):%Y-%m-%d %H:%M:%S}",
            }
            platform.records.insert(0, platform.record(i, **ends))
        archive.sync(platform)


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize(
    ("minutes", "days", "sends_date"),
    [(-15, range(5), True), (1500, (1, 2, 4), True), (-1500, (4,), True), (1500, (2,), False)],
)
def test_an_archive_is_sound_though_the_clock_was_off_at_some_syncs(
    archive: Archive,
    platform: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    minutes: int,
    days: Any,
    *,
    sends_date: bool,
) -> None:
    ahead = dict.fromkeys(days, timedelta(minutes=minutes))
    synced_daily(archive, platform, monkeypatch, ahead, sends_date=sends_date, n_days=5)
    assert archive.verify(recompute=True).is_sound
    if minutes < 0:
        return  # of packs two are enough: with a Date, and without
    archive.rebuild()
    pack = audit.pack(archive, tmp_path / "evidence.zip", include_raw=True)
    lines = audit.verify_pack(pack.path, recompute=True)
    assert any("rest on that" in line for line in lines) == sends_date
    assert not [line for line in lines if line.startswith("FAIL")]


@pytest.mark.slow
def test_a_few_minutes_that_a_clock_is_off_are_judged_again_as_they_were_judged(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By three minutes an answer reaches a record less far: that may decide what is asked next."""
    offsets = (0, 0, 0, 3, None, 30, 0, 3, 30)
    minutes = (0, 207, 224, 431, 438, 445, 1892, 1899, 1916)
    held = (403, 423, 424, 444, 444, 444, 588, 588, 589)
    for offset, after, n in zip(offsets, minutes, held, strict=True):
        platform.clock = BEGIN + timedelta(days=1, hours=20, minutes=10 + after)
        platform.date = None if offset is None else platform.clock + timedelta(minutes=offset)
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        platform.records = platform.newest_first(n)
        archive.sync(platform)
    assert archive.verify(recompute=True).is_sound
    snapshot = archive.snapshot()
    assert snapshot is not None
    assert [ahead_s for _, ahead_s in snapshot.head.state["clocks"]] == [0, -180, None, -1800, 0, -180, -1800]


@pytest.mark.slow
def test_an_offset_that_was_edited_is_found_where_the_claims_do_not_follow_from_it(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced_daily(archive, platform, monkeypatch, {3: timedelta(hours=5)}, sends_date=True)
    snapshot = archive.snapshot()
    assert snapshot is not None
    steps = snapshot.head.state["clocks"]
    assert [round(ahead_s / 3600) for _, ahead_s in steps] == [0, 5, 0]
    for edited in ([], [steps[0]], [*steps[:2], [steps[2][0], 86_400]]):
        state = {**snapshot.head.state, "clocks": edited}
        write_head(archive.path, dataclasses.replace(snapshot.head, state=state), snapshot.listed)
        assert {damage.kind for damage in verify(archive.path, recompute=True).damages} == {"claim"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sends_date", "verdict", "reason"), [(True, "PROVEN", "anchored"), (False, "PROBABLE", "not_begun")]
)
def test_a_clock_that_is_set_back_while_reading_makes_no_gap(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, verdict: str, reason: str, *, sends_date: bool
) -> None:
    synced_daily(archive, platform, monkeypatch, {}, sends_date=sends_date)
    day = (BEGIN + timedelta(days=4), BEGIN + timedelta(days=5))
    assert archive.certificate(*day).worst == "PROVEN"
    monkeypatch.setattr(times, "now", lambda: BEGIN + timedelta(days=2))
    asked = archive.certificate(*day)
    assert (asked.worst, {one.reason_key for one in asked.periods}) == (verdict, {reason})


def left_by_bytes_alone(archive: Archive) -> None:
    """Let the newest head be one of an earlier version, which measured answers in bytes alone."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    state = snapshot.head.state
    windows = [
        {name: value for name, value in one.items() if name not in ("size", "largest")}
        | {"n_bytes": (one["size"] or [0])[0], "largest": (one["largest"] or [0])[0]}
        for one in state["evidence"]["windows"]
    ]
    parser = {**snapshot.head.parser, "version": 15}
    state = {**state, "evidence": {**state["evidence"], "windows": windows}}
    write_head(archive.path, dataclasses.replace(snapshot.head, state=state, parser=parser), snapshot.listed)


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("is_all_listed", [True, False])
def test_what_was_confirmed_by_bytes_alone_is_confirmed_anew(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, *, is_all_listed: bool
) -> None:
    """At once where the platform still lists everything; where it has forgotten, nothing can confirm the past."""
    synced_daily(archive, platform, monkeypatch, {}, sends_date=True, per_day=20)
    first, *_ = told = archive.certificate().periods
    assert first.reason_key == "matured"
    left_by_bytes_alone(archive)
    assert archive.verify().is_sound
    assert archive.certificate().periods == told, "a reader changes nothing"
    platform.clock += timedelta(days=1)
    platform.records = platform.records if is_all_listed else platform.records[:60]
    noticed = archive.sync(platform)
    assert "reopened" in {note.key for note in noticed.notes}
    periods = archive.certificate().periods
    assert periods[0].reason_key == ("matured" if is_all_listed else "full")
    assert [one.verdict for one in periods if one.reason_key == "anchored"] == ["PROVEN"]
    assert archive.verify().is_sound
    assert archive.verify(recompute=True).is_sound
    platform.clock += timedelta(days=1)
    assert "reopened" not in {note.key for note in archive.sync(platform).notes}


def with_a_gap(archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight days of daily syncs, and a pause in which more took place than the platform lists."""
    synced_daily(archive, platform, monkeypatch, {}, sends_date=True)
    for day in (40, 41):
        right = BEGIN + timedelta(days=day)
        platform.clock = platform.date = right
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        n = len(platform.records)
        for i in range(100):
            start = right - timedelta(hours=23) + timedelta(minutes=12 * i)
            ends = {
                "starttime": f"{start:%Y-%m-%d %H:%M:%S}",
                "endtime": f"{start + timedelta(minutes=3):%Y-%m-%d %H:%M:%S}",
            }
            platform.records.insert(0, platform.record(1000 * day + i, **ends))
        platform.records = platform.records[: 100 + 20 * (day - 40)]
        assert len(platform.records) <= n + 100
        archive.sync(platform)
    assert archive.certificate().worst == "GAP"


@pytest.mark.slow
def test_a_gap_that_was_taken_out_of_evidence_of_an_earlier_version_is_found(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_gap(archive, platform, monkeypatch)
    assert archive.verify(recompute=True).is_sound
    snapshot = archive.snapshot()
    assert snapshot is not None
    state = snapshot.head.state
    windows = [
        {**one, "reason": "full" if one["reason"] in GAPS else one["reason"]} for one in state["evidence"]["windows"]
    ]
    plain = {**state["evidence"], "windows": windows, "reopened_at": state["evidence"]["last_asked_at"]}
    evidence = evidence_of({"evidence": plain})
    state = {
        **state,
        "evidence": plain,
        "periods": plain_periods(certify(evidence, patient(DEFAULT_POLICY, evidence))),
    }
    write_head(archive.path, dataclasses.replace(snapshot.head, state=state), snapshot.listed)
    assert archive.certificate().worst != "GAP"
    assert verify(archive.path).is_sound, "certificate and evidence agree"
    damages = verify(archive.path, recompute=True).damages
    assert {damage.kind for damage in damages} == {"claim"}
    assert any("not called a gap" in damage.detail.en for damage in damages)


@pytest.mark.slow
def test_a_gap_of_an_earlier_version_is_a_gap_still(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_gap(archive, platform, monkeypatch)
    left_by_bytes_alone(archive)
    platform.clock += timedelta(days=1)
    platform.date = platform.clock
    archive.sync(platform)
    assert archive.certificate().worst == "GAP"
    assert archive.verify(recompute=True).is_sound


@pytest.mark.slow
def test_how_long_somebody_waits_is_told(archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    platform.clock = BEGIN + timedelta(days=9)
    monkeypatch.setattr(times, "now", lambda: platform.clock)
    archive.sync(platform, settle=timedelta(days=2))
    found = archive.verify(recompute=True)
    assert found.is_sound
    assert ["settled after 172800 s" in one.en for one in found.left_open] == [True]
    assert archive.verify().left_open == ()


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("lists_kept", [16, 2])
def test_more_patience_than_at_first_is_no_damage(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists_kept: int
) -> None:
    """Each sync is judged with the patience it had, which its own head tells, or what is left of an old one."""
    monkeypatch.setattr("ytxdata.archive.verify.LISTS_KEPT", lists_kept)
    platform.clock = BEGIN + timedelta(days=9)
    monkeypatch.setattr(times, "now", lambda: platform.clock)
    for days in (1, 1, 3, 1, 1):
        archive.sync(platform, settle=timedelta(days=days))
        platform.clock += timedelta(days=1)
    cleanup.let_files_go(archive.path, lists_kept)
    snapshot = archive.snapshot()
    assert snapshot is not None
    assert sum("evidence" in one.state for one in _kept_heads(snapshot)) == min(5, lists_kept)
    found = archive.verify(recompute=True)
    assert found.is_sound
    assert ["settled after 259200 s" in one.en for one in found.left_open] == [True]
    pack = audit.pack(archive, tmp_path / "evidence.zip", include_raw=True)
    lines = audit.verify_pack(pack.path, recompute=True)
    assert any("settled after 259200 s" in one for one in lines)


@pytest.mark.slow
@pytest.mark.usefixtures("no_word_of_patience")
def test_where_nothing_shows_since_when_there_was_more_patience_it_is_left_open(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.clock = BEGIN + timedelta(days=9)
    monkeypatch.setattr(times, "now", lambda: platform.clock)
    for days in (1, 3, 3):
        archive.sync(platform, settle=timedelta(days=days))
        platform.clock += timedelta(days=1)
    head_path(archive.path, sequences(archive.path)[0]).unlink()
    assert CliRunner().invoke(app, ["verify", "--repair", str(archive.path)]).exit_code == 0
    found = verify(archive.path, recompute=True)
    assert not found.damages, found.damages
    assert not found.is_sound
    assert any("nobody can tell at which sync" in one.en for one in found.left_open)


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("rebuilt_last", [False, True])
def test_fields_that_were_named_after_some_syncs_are_left_open_and_no_damage(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, *, rebuilt_last: bool
) -> None:
    """All syncs were judged anew by the names of the last: an honest archive, and each pack of it, was called damaged."""
    names = DEFAULT.with_extra({"ended_at": ["bis"]})
    for day, aliases in enumerate([None, names, None, names]):
        now = BEGIN + timedelta(days=day)
        monkeypatch.setattr(times, "now", lambda now=now: now)
        platform.clock = now
        records = [dict(one) for one in platform.newest_first(60 + 144 * day)[::12]]
        platform.records = [{**one, "bis": one.pop("endtime")} for one in records]
        with that_may_be_lost():
            sync(archive.path, platform, aliases or DEFAULT, 0, DEFAULT_POLICY)
    if rebuilt_last:
        archive.rebuild(aliases=DEFAULT)
    found = archive.verify(recompute=True)
    assert (found.is_sound, found.unlike) == (True, ())
    assert ["bis" in one.en for one in found.chosen] == [True]
    if not rebuilt_last:
        audit.pack(archive, archive.path.with_suffix(".zip"), include_raw=True)
        done = CliRunner().invoke(app, ["verify", "--recompute", str(archive.path.with_suffix(".zip"))])
        assert done.exit_code == 1, done.output
        return
    rewritten(archive, lambda state: state["names"]["steps"].pop(1))
    told = [one.detail.en for one in verify(archive.path, recompute=True).damages]
    assert any("other names of fields" in one for one in told)


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, 1])
def test_a_step_of_names_that_an_earlier_head_does_not_tell_is_damage(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """It had every answer before it left unjudged, and one more head is all it takes to tell of it."""
    for day in range(3):
        platform.clock = BEGIN + timedelta(days=day)
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        archive.sync(platform)
    mark, other = (parser_mark(one) for one in (DEFAULT, DEFAULT.with_extra({"ended_at": ["bis"]})))
    names = {"marks": [mark, other], "steps": [[0, 0], [at, 1], [3, 0]] if at else [[0, 1], [3, 0]]}
    rewritten(archive, lambda state: state.update(names=names))
    told = [one.detail.en for one in verify(archive.path, recompute=True).damages]
    assert any("other names of fields" in one for one in told)


@pytest.mark.slow
def test_names_of_before_that_no_head_tells_of_any_more_are_left_open(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named from the first sync on they are told of by no step: one more head, by other names, showed other creators."""
    for day in range(3):
        platform.clock = BEGIN + timedelta(days=day)
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        sync(archive.path, platform, DEFAULT.with_extra({"creator": ["host"]}), 0, DEFAULT_POLICY)
    archive.rebuild(aliases=DEFAULT)
    rewritten(archive, lambda state: state.pop("names"))
    found = verify(archive.path, recompute=True)
    assert (found.damages, found.is_sound) == ((), False)
    assert "went by other names" in found.unlike[0].en
    cleanup.let_files_go(archive.path, 1)
    cut = verify(archive.path, recompute=True)
    assert (cut.damages, cut.unlike) == ((), ()), "an honest repair may have let it go"
    assert any("have no second line" in one.en for one in cut.left_open)
