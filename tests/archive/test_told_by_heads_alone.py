"""What heads alone tell: their kinds, the evidence of syncs, how lists are read. Whoever deletes heads, or seals them
anew, must not take anything back by it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from tests.archive.conftest import Platform
from ytxdata import audit, times
from ytxdata.archive import Archive
from ytxdata.archive.claims import _judged_anew, _kept_heads, _spans
from ytxdata.archive.heads import canonical, head_path, link, sealed, sequences, write_head
from ytxdata.archive.verify import verify
from ytxdata.archive.write_sync import Writer
from ytxdata.cli import app
from ytxdata.errors import DamagedError

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


def days(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, since: datetime = BEGIN
) -> Callable[[], None]:
    """Return what syncs on the next day, after one more meeting."""
    platform.records = platform.records if since > BEGIN else platform.newest_first(200)
    clock = [since]

    def next_day() -> None:
        n = 200 + (clock[0] - BEGIN).days
        platform.records.insert(0, platform.record(n, starttime=f"{clock[0] - timedelta(hours=1):%F %T}"))
        platform.clock = clock[0]
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        archive.sync(platform)
        clock[0] += timedelta(days=1)

    return next_day


@pytest.fixture
def day(archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return days(archive, platform, monkeypatch)


def unsteady(platform: Any, day: Callable[[], None]) -> str:
    """Nine days: on the sixth four meetings are listed no more, three of them again from the seventh on."""
    for _ in range(5):
        day()
    gone = [platform.records.pop(at) for at in (110, 100, 90, 80)]
    day()
    platform.records[80:80] = gone[:0:-1]
    for _ in range(3):
        day()
    return str(gone[0]["meid"])


def claims(archive: Archive) -> tuple[Any, list[str]]:
    named = audit.run(archive, checks=["vanished"], remember=False).frame["record_ids"].tolist()
    return archive.coverage()[["start", "end", "verdict"]].values.tolist(), [str(one) for one in named]


class Unsteady(NamedTuple):
    """An archive of the nine days, what the platform lists after them, what is gone, and what is claimed."""

    archive: Archive
    listed: list[Any]
    gone: str
    told: tuple[Any, list[str]]


@pytest.fixture(scope="module")
def unsteady_once(tmp_path_factory: pytest.TempPathFactory) -> Unsteady:
    archive, platform = Archive(tmp_path_factory.mktemp("unsteady") / "meetings.archive"), Platform([])
    with pytest.MonkeyPatch.context() as patch:
        gone = unsteady(platform, days(archive, platform, patch))
        return Unsteady(archive, platform.records, gone, claims(archive))


def all_gone(heads: Path) -> None:
    shutil.rmtree(heads)


def newest_four_gone(heads: Path) -> None:
    for path in sorted(heads.iterdir())[-4:]:
        path.unlink()


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("loss", [all_gone, newest_four_gone])
def test_what_vanished_and_what_is_not_to_be_trusted_outlives_the_heads(
    unsteady_once: Unsteady,
    archive: Archive,
    platform: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    loss: Callable[[Path], None],
) -> None:
    once, platform.records, gone, told = unsteady_once
    shutil.copytree(once.path, archive.path)
    platform.records = [*platform.records]
    day = days(archive, platform, monkeypatch, BEGIN + timedelta(days=9))
    assert "PROVEN" not in {verdict for *_, verdict in told[0]}
    assert gone in str(told[1])
    loss(archive.path / "heads")
    archive.rebuild()
    assert claims(archive) == told
    day()
    assert "PROVEN" not in set(archive.coverage()["verdict"])
    assert gone in str(claims(archive)[1])
    assert archive.verify(recompute=True).is_sound
    if loss is not all_gone:
        return  # a pack has no heads in it
    pack = audit.pack(archive, tmp_path / "evidence.zip", include_raw=True)
    assert not [line for line in audit.verify_pack(pack.path, recompute=True) if line.startswith("FAIL")]


def resealed(archive: Archive, edit: Callable[[int, dict[str, Any], dict[str, Any]], None]) -> None:
    """Edit heads, and seal all of them again: every hash and every link agrees."""
    previous = past = ""
    for number in sequences(archive.path):
        path = head_path(archive.path, number)
        first, second = (json.loads(line) for line in path.read_bytes().split(b"\n"))
        edit(number, first, second)
        del first["sha256"]
        below = canonical(second)
        first |= {"previous_sha256": previous, "past_sha256": past, "files_sha256": hashlib.sha256(below).hexdigest()}
        path.write_bytes(sealed(first) + b"\n" + below)
        previous = hashlib.sha256(sealed(first)).hexdigest()
        past = link(past, previous)


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize("kind", ["interrupted", "adopt", "anew", "strange"])
def test_a_sync_in_the_middle_is_not_hidden_by_what_its_head_is_called(
    unsteady_once: Unsteady, archive: Archive, kind: str
) -> None:
    """Its pulls bear a verdict, in the chain of pulls: no sync that came to no end writes one."""
    shutil.copytree(unsteady_once.archive.path, archive.path)
    number = sequences(archive.path)[5]

    def called(at: int, first: dict[str, Any], _: dict[str, Any]) -> None:
        first["kind"] = kind if at == number else first["kind"]

    resealed(archive, called)
    # what follows where the sync is not judged: the newest head is given all of it
    snapshot = archive.snapshot()
    assert snapshot is not None
    spans = [one._replace(has_verdict=False) for one in _spans(snapshot, list(_kept_heads(snapshot)))]
    derived, _ = _judged_anew(snapshot, spans)
    state = {**snapshot.head.state, **{name: derived[name] for name in ("evidence", "periods", "outside", "exempt")}}
    write_head(archive.path, dataclasses.replace(snapshot.head, state=state), snapshot.listed)
    assert kind == "anew" or "PROVEN" in set(archive.coverage()["verdict"])
    assert verify(archive.path).is_sound, "every hash and every link agrees"
    assert not verify(archive.path, recompute=True).is_sound


def published(archive: Archive, heads: Path) -> Any:
    """Return what `verify` says of an archive and of the heads that were published of it."""
    return CliRunner().invoke(app, ["verify", str(archive.path), "--heads", str(heads), "--lang", "en"])


@pytest.mark.slow
def test_a_published_head_covers_every_control_file_up_to_it(
    archive: Archive, platform: Any, day: Callable[[], None], tmp_path: Path
) -> None:
    """The total that somebody typed beside a list stands in no pull."""
    day()
    bill = json.dumps([{"meeting_id": platform.records[0]["meid"], "started_at": "2026-01-01 23:00:00"}]).encode()
    archive.witness(bill, kind="console", start="2026-01-01", end="2026-01-02", name="list", totals={"lines": 9})
    audit.publish_head(archive, str(tmp_path / "heads"))
    for _ in range(2):
        day()
    assert published(archive, tmp_path / "heads").exit_code == 0

    def typed(_: int, __: dict[str, Any], second: dict[str, Any]) -> None:
        for entry in second["state"].get("witnesses", ()):
            entry["reading"]["totals"]["lines"] = "1"

    resealed(archive, typed)
    done = published(archive, tmp_path / "heads")
    assert done.exit_code in (1, 5)
    agreed = audit.verify_heads(archive, tmp_path / "heads")
    assert "up to pull" in agreed.line.en
    assert ["other control files" in one.en for one in agreed.left_open] == [True]


@pytest.mark.slow
def test_control_files_that_went_are_covered_by_their_hashes(
    archive: Archive, day: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytxdata.archive.cleanup.LISTS_KEPT", 2)
    for _ in range(5):
        day()
        audit.publish_head(archive, str(tmp_path / "heads"))
    archive.rebuild()
    assert audit.verify_heads(archive, tmp_path / "heads").left_open == ()
    assert published(archive, tmp_path / "heads").exit_code == 0


@pytest.mark.slow
def test_control_files_made_anew_are_told_and_are_no_damage(
    archive: Archive, platform: Any, day: Callable[[], None], tmp_path: Path
) -> None:
    for _ in range(3):
        day()
        audit.publish_head(archive, str(tmp_path / "heads"))
    all_gone(archive.path / "heads")
    archive.rebuild()
    done = published(archive, tmp_path / "heads")
    assert done.exit_code == 1
    assert "OPEN  3 of 3 published heads" in done.output
    audit.publish_head(archive, str(tmp_path / "later"))
    assert published(archive, tmp_path / "later").exit_code == 0


def test_a_head_that_an_earlier_version_published_says_what_it_does_not_cover(
    archive: Archive, day: Callable[[], None], tmp_path: Path
) -> None:
    day()
    line = json.loads(audit.publish_head(archive, "-"))
    of_pulls = {name: value for name, value in line.items() if name not in ("head", "heads")}
    (tmp_path / "heads").write_bytes(canonical(of_pulls))
    (told,) = audit.verify_heads(archive, tmp_path / "heads").left_open
    assert "pulls alone" in told.en
    (tmp_path / "heads").write_bytes(canonical(of_pulls) + b"\n" + canonical(line))
    assert audit.verify_heads(archive, tmp_path / "heads").left_open == ()
    strange: Any
    for strange in (None, [], {}, 1e400, 2, "x"):
        (tmp_path / "heads").write_bytes(canonical({**line, "head": strange}))
        assert len(audit.verify_heads(archive, tmp_path / "heads").left_open) == 1


EDITED: dict[str, tuple[tuple[Any, ...], Any]] = {
    "a reason that is none": ((1, "state", "evidence", "windows", 0, "reason"), "x"),
    "no periods but a number": ((0, "state", "periods"), 0),
    "seconds without end": ((1, "state", "evidence", "settle_s"), 1e30),
    "no number at all": ((1, "state", "evidence", "settle_s"), float("nan")),
    "a column that is none": ((1, "parser", "meetings", 0, 0), "x"),
    "no columns": ((1, "parser", "legs"), []),
    "the end of time": ((1, "state", "evidence", "windows", 0, "oldest"), "9999-12-31T23:59:59+00:00"),
    "no count": ((0, "counts", "observations"), None),
    "a count for ever": ((0, "counts", "observations"), 10**30),
    "observations that are none": ((1, "state", "unjudged"), [[0, 2**62]]),
    "an instant of no place": ((1, "state", "evidence", "last_asked_at"), "2026-01-02T00:00:00"),
    "no window but a word": ((1, "state", "evidence", "windows"), ["x"]),
    "a clock off by for ever": ((1, "state", "clocks"), [["x", 1e300]]),
    "bounds of another kind": ((1, "files", "observations", 0, 4, "obs"), ["2026-01-02T00:00:00+00:00"] * 2),
    "columns of no list": ((1, "files", "observations", 0, 5), -1),
    "another size": ((1, "files", "observations", 0, 1), 0),
    "a generation elsewhere": ((0, "generation"), "../elsewhere"),
    "a witness that is none": ((1, "state", "witnesses"), [{"file": "x"}]),
}
"""What somebody who seals the newest head again may write: a value of another type, or out of range."""


@pytest.mark.parametrize("name", EDITED)
def test_a_value_that_none_of_its_readers_understands_is_damage_of_the_head(
    archive: Archive, day: Callable[[], None], name: str
) -> None:
    day()
    day()
    path, value = EDITED[name]
    last = sequences(archive.path)[-1]

    def edit(number: int, *lines: Any) -> None:
        if number == last:
            place: Any = lines
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = value

    resealed(archive, edit)
    for flags in ({}, {"recompute": True}, {"quick": True}):
        with pytest.raises(DamagedError):
            verify(archive.path, **flags).raise_if_damaged()


@pytest.mark.slow
def test_what_came_after_the_last_published_head_is_told(
    archive: Archive, platform: Any, day: Callable[[], None], tmp_path: Path
) -> None:
    """A total that an auditor typed was taken back by handing the list in once more: "11 published heads agree"."""
    bill = json.dumps([{"meeting_id": platform.records[0]["meid"], "started_at": "2026-01-01 23:00:00"}]).encode()
    about: dict[str, Any] = {"kind": "console", "start": "2026-01-01", "end": "2026-01-02"}
    day()
    archive.witness(bill, name="list", totals={"lines": 9}, **about)
    audit.publish_head(archive, str(tmp_path / "heads"))
    assert "came after" not in audit.verify_heads(archive, tmp_path / "heads").line.en
    archive.witness(bill, name="another", **about)
    day()
    agreed = audit.verify_heads(archive, tmp_path / "heads")
    assert "2 control files came after the last published one" in agreed.line.en
    assert agreed.left_open == (), "a list that stands beside those of then takes nothing back"
    archive.witness(bill, name="list", totals={"lines": 1}, **about)
    (told,) = audit.verify_heads(archive, tmp_path / "heads").left_open
    assert "lines 9" in told.en
    assert "lines 1" in told.en
    assert published(archive, tmp_path / "heads").exit_code == 1
    audit.publish_head(archive, str(tmp_path / "heads"))
    assert audit.verify_heads(archive, tmp_path / "heads").left_open == ()
    archive.remove_witness("list")
    (told,) = audit.verify_heads(archive, tmp_path / "heads").left_open
    assert "is – now" in told.en
    for path in sorted((archive.path / "heads").iterdir())[:-1]:
        path.write_bytes(path.read_bytes().split(b"\n")[0])
    (told,) = audit.verify_heads(archive, tmp_path / "heads").left_open
    assert "kept no more" in told.en
    assert published(archive, tmp_path / "heads").exit_code == 1


@pytest.mark.slow
def test_an_entry_of_a_list_is_the_one_that_was_published(
    archive: Archive, platform: Any, day: Callable[[], None], tmp_path: Path
) -> None:
    """It was told to be newer by the number of its file alone: the file of before, or a total typed by nobody, was not."""
    bill = json.dumps([{"meeting_id": platform.records[0]["meid"], "started_at": "2026-01-01 23:00:00"}]).encode()
    about: dict[str, Any] = {"kind": "console", "start": "2026-01-01", "end": "2026-01-02", "name": "list"}
    day()
    archive.witness(bill, totals={"lines": 1}, **about)
    snapshot = archive.snapshot()
    assert snapshot is not None
    (before,) = snapshot.head.state["witnesses"]
    archive.witness(bill + b"\n", totals={"lines": 9}, **about)
    audit.publish_head(archive, str(tmp_path / "heads"))
    (now,) = (snapshot := archive.snapshot() or snapshot).head.state["witnesses"]
    typed = {**now, "reading": {**now["reading"], "totals": {**now["reading"]["totals"], "lines": "1"}}}
    for entry in (before, typed, now):
        Writer(archive.path, archive.snapshot()).promote("compact", state={**snapshot.head.state, "witnesses": [entry]})
        left_open = audit.verify_heads(archive, tmp_path / "heads").left_open
        assert ["the list list was handed in again" in one.en for one in left_open] == [True] * (entry is not now)


def test_a_pull_that_says_it_was_asked_before_a_published_one_is_left_open(
    archive: Archive, platform: Any, day: Callable[[], None], tmp_path: Path
) -> None:
    day()
    audit.publish_head(archive, str(tmp_path / "heads"))
    day()
    assert audit.verify_heads(archive, tmp_path / "heads").left_open == ()
    platform.clock -= timedelta(days=9)
    archive.sync(platform)
    audit.publish_head(archive, str(tmp_path / "heads"))
    (told,) = audit.verify_heads(archive, tmp_path / "heads").left_open
    assert "the first is pull 3" in told.en
