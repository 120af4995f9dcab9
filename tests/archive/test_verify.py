"""A flipped byte anywhere in an archive is found and named."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from ytxdata import times
from ytxdata.archive import Archive, cleanup
from ytxdata.archive import verify as verify_module
from ytxdata.archive.heads import newest, sealed, unsealed, write_head
from ytxdata.archive.stored_files import described
from ytxdata.archive.verify import verify
from ytxdata.cli import app
from ytxdata.errors import DamagedError, NotAnArchiveError
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import collect
from ytxdata.records.aliases import DEFAULT, names_chosen
from ytxdata.records.normalize import PARSER_VERSION, aliases_of, parser_mark


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """An archive of three syncs with changes, rejects, twins and a rebuild."""
    return Archive(tmp_path_factory.mktemp("sound") / "a")


@pytest.fixture
def filled(sound: Archive, platform: Any, tmp_path: Path) -> Archive:
    """A copy of it."""
    if not sound.path.exists():
        platform.records += [7, platform.record(3, meid=platform.record(50)["meid"], creator="13800000008")]
        sound.sync(platform)
        platform.records[0] = platform.record(59, meetingname="改")
        sound.sync(platform)
        sound.rebuild()
        sound.sync(platform)
    shutil.copytree(sound.path, tmp_path / "copy")
    return Archive(tmp_path / "copy")


def files_of(archive: Archive) -> list[Path]:
    return sorted(p for p in archive.path.rglob("*") if p.is_file() and p.name != "lock")


def flip(path: Path, rng: random.Random) -> int:
    data = bytearray(path.read_bytes())
    place = rng.randrange(len(data))
    data[place] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return place


@pytest.mark.slow
def test_a_sound_archive_is_said_to_be_sound(filled: Archive) -> None:
    found = filled.verify()
    assert found.is_sound
    assert found.n_pulls == len(filled.pulls())
    assert found.n_files == len(files_of(filled))


def test_a_sync_that_begins_while_files_are_listed_leaves_no_damage(
    filled: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are there, its head is not, and its marker was looked for before: 7 of 93 sound archives were damaged."""
    listed, begun = cleanup.strays, filled.path / "pending"

    def begun_meanwhile(*given: Any) -> list[str]:
        (filled.path / "index" / "000000000099.run").touch()
        begun.touch()
        return listed(*given)

    monkeypatch.setattr(verify_module, "strays", begun_meanwhile)
    assert verify(filled.path, quick=True).is_sound
    monkeypatch.undo()
    begun.unlink()
    assert [one.kind for one in verify(filled.path, quick=True).damages] == ["stray"]


@pytest.mark.slow
def test_files_that_a_sync_lets_go_while_they_are_looked_at_are_no_damage(
    filled: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.sync(platform)
    found, went = newest, list[int]()

    def let_go_meanwhile(root: Path) -> Any:
        state = found(root)
        if not went:
            filled.rebuild()
            cleanup.let_files_go(root, 1)
            went.append(1)
        return state

    monkeypatch.setattr(verify_module, "newest", let_go_meanwhile)
    assert verify(filled.path).is_sound


@pytest.mark.slow
def test_what_lies_beside_an_archive_is_told_as_not_checked(filled: Archive) -> None:
    assert filled.verify().beside == ()
    (filled.path / "meetings.csv").write_text("meeting_id\n1\n")
    (filled.path / "legs").mkdir()
    found = filled.verify()
    assert found.is_sound
    assert found.beside == ("legs", "meetings.csv")
    assert "not checked: legs, meetings.csv" in found.line.en
    assert found.to_dict()["beside"] == ["legs", "meetings.csv"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_flipped_bit_in_any_file_is_found_and_its_file_named(filled: Archive, seed: int) -> None:
    rng = random.Random(seed)
    for path in files_of(filled):
        whole = path.read_bytes()
        place = flip(path, rng)
        found = verify(filled.path)
        names = [damage.name for damage in found.damages]
        assert path.relative_to(filled.path).as_posix() in names, f"{path} at {place}: {names}"
        path.write_bytes(whole)
    assert verify(filled.path).is_sound


@pytest.mark.slow
def test_every_file_that_is_gone_or_cut_short_is_named(filled: Archive) -> None:
    newest_head = max((filled.path / "heads").iterdir())
    for path in files_of(filled):
        whole = path.read_bytes()
        for remains in (None, whole[: len(whole) // 2]):
            path.unlink(missing_ok=True)
            if remains is not None:
                path.write_bytes(remains)
            found = verify(filled.path)
            if path != newest_head or remains is not None:
                assert path.relative_to(filled.path).as_posix() in [damage.name for damage in found.damages]
            assert not found.is_sound
        path.write_bytes(whole)


def test_a_damaged_record_is_named_with_the_pulls_it_is_part_of(filled: Archive) -> None:
    path = next(
        p for p in sorted((filled.path / "observations").glob("*.parquet")) if pq.read_metadata(p).num_rows == 1
    )
    rows = pq.read_table(path)
    number = rows["obs"][0].as_py()
    forged = rows.set_column(
        rows.schema.get_field_index("raw"), "raw", [[rows["raw"][0].as_py().replace("改".encode(), b"xyz")]]
    )
    pq.write_table(forged, path)
    with pytest.raises(DamagedError) as caught:
        filled.verify()
    kinds = {(damage.kind, damage.name) for damage in verify(filled.path).damages}
    assert ("record", str(number)) in kinds
    assert {name for kind, name in kinds if kind == "pull"} == set(filled.pulls()["pull_id"][1:])
    assert caught.value.exit_code == 5
    assert path.name in str(caught.value)
    with pytest.raises(DamagedError):
        filled.answer(filled.pulls()["pull_id"].iloc[-1])


def test_damage_reads_well(filled: Archive) -> None:
    path = max((filled.path / "index").iterdir())
    flip(path, random.Random(1))
    found = verify(filled.path)
    assert list(found.frame["kind"]) == ["index"]
    assert "\n" not in str(found)
    assert "index" in found._repr_html_()


def test_no_archive_is_told_from_a_sound_one(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchiveError):
        Archive(tmp_path / "nothing").verify()


def test_an_archive_without_its_folder_of_heads_is_judged_like_any_other(filled: Archive) -> None:
    shutil.rmtree(filled.path / "heads")
    data = [path.relative_to(filled.path).as_posix() for path in files_of(filled) if path.name != "archive.json"]
    (found,) = verify(filled.path).damages
    assert found.kind == "control"
    assert "no head" in found.detail.en
    for name in data:
        (filled.path / name).unlink()
    assert verify(filled.path).is_sound, "a first sync that was killed leaves no more"


@pytest.mark.slow
def test_heads_go_and_the_chain_is_still_followed_from_the_first_to_the_newest(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "STATES_KEPT", timedelta(days=3))
    monkeypatch.setattr(cleanup, "GO_TOGETHER", 16)
    begin = datetime(2026, 1, 3, tzinfo=UTC)
    for turn in range(44):
        now = begin + timedelta(hours=6 * turn)
        monkeypatch.setattr(times, "now", lambda now=now: now)
        platform.clock = now
        archive.sync(platform)
    heads = sorted((archive.path / "heads").glob("0*.json"))
    days = [json.loads(path.read_bytes().split(b"\n")[0])["written_at"][:10] for path in heads]
    assert len(heads) < 44
    assert days.count("2026-01-03") == days.count("2026-01-05") == 1, "one state a day stays"
    assert days.count("2026-01-13") >= 3, "all states of the last days stay"
    assert archive.verify().is_sound
    gone = min((archive.path / "heads").glob("gone-*.json"))
    for damage in (forged(gone), None):
        kept = gone.read_bytes()
        if damage is None:
            gone.unlink()
        else:
            gone.write_bytes(damage)
        assert any(one.kind == "control" for one in verify(archive.path).damages)
        gone.write_bytes(kept)
    forged_head = heads[0].read_bytes()
    body = unsealed(forged_head.split(b"\n")[0])
    heads[0].write_bytes(sealed({**body, "counts": {**body["counts"], "meetings": 7}}))
    assert not verify(archive.path).is_sound, "a state that is told anew does not fit the chain"


def forged(path: Path) -> bytes:
    """The hashes of heads that went, one of them another, and sealed as if it had been meant."""
    hashes = unsealed(path.read_bytes())["hashes"]
    return sealed({"hashes": {**hashes, min(hashes): "0" * 64}})


@pytest.mark.slow
def test_after_a_long_pause_no_head_goes_that_still_lists_files(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "FAN", 3)
    monkeypatch.setattr(cleanup, "GO_TOGETHER", 16)
    begin = datetime(2026, 1, 3, tzinfo=UTC)

    def sync_at(now: datetime) -> int:
        monkeypatch.setattr(times, "now", lambda: now)
        platform.clock = now
        platform.records.insert(0, platform.record(len(platform.records)))
        archive.sync(platform)
        return max(int(path.name[:12]) for path in (archive.path / "heads").glob("0*.json"))

    turn = 0
    while sync_at(begin + timedelta(minutes=30 * turn)) < 44:
        turn += 1
    for day in range(2):
        sync_at(begin + timedelta(days=200 + day))
    while sync_at(begin + timedelta(days=203, minutes=turn)) < 48:
        turn += 1
    assert archive.verify().is_sound


def forge(archive: Archive, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Put another file in the place of a table's last one, and let the newest head vouch for it: the two agree."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    *others, file = snapshot.files(table)
    rows = change(pq.read_table(archive.path / file.path))
    path = file.path.replace(".parquet", "-7.parquet")
    pq.write_table(rows, archive.path / path)
    listed = {**snapshot.listed, table: (*others, described(archive.path, path))}
    write_head(archive.path, snapshot.head, listed)


def with_column(name: str, value: Callable[[Any], Any]) -> Callable[[pa.Table], pa.Table]:
    def change(rows: pa.Table) -> pa.Table:
        at = rows.schema.get_field_index(name)
        first, *rest = rows[name].to_pylist()
        return rows.set_column(at, name, pa.array([value(first), *rest], rows.schema.field(at).type))

    return change


FORGERIES: dict[str, tuple[str, Callable[[pa.Table], pa.Table]]] = {
    "a name": ("meetings", with_column("name", lambda _: "别的会议")),
    "a length": ("meetings", with_column("duration_s", lambda _: 7)),
    "an instant of a leg": ("legs", with_column("name", lambda _: "丙")),
    "a leg that goes": ("legs", lambda rows: rows.slice(1)),
    "a leg that comes": ("legs", lambda rows: pa.concat_tables([rows.slice(0, 1), rows])),
    "a version that replaces": ("meetings", with_column("replaces", lambda _: 5)),
    "when it was known": ("observations", with_column("observed_at", lambda at: at - timedelta(days=9))),
    "which answer brought it": ("observations", with_column("position", lambda at: at + 1)),
    "the reason of a reject": ("rejects", with_column("reason", lambda _: "no_id")),
}


@pytest.mark.slow
@pytest.mark.every_case
@pytest.mark.parametrize("what", FORGERIES)
def test_a_table_that_was_edited_together_with_its_head_is_found(filled: Archive, what: str) -> None:
    table, change = FORGERIES[what]
    forge(filled, table, change)
    assert verify(filled.path, quick=True).is_sound, "hashes and chains alone do not show it"
    found = verify(filled.path)
    assert not found.is_sound
    if table != "observations":
        assert {damage.kind for damage in found.damages} <= {"row", "law"}
        filled.rebuild()
        assert filled.verify().is_sound


def test_an_index_that_leads_nowhere_is_found(filled: Archive) -> None:
    snapshot = filled.snapshot()
    assert snapshot is not None
    *others, run = snapshot.files("index")
    data = bytearray((filled.path / run.path).read_bytes())
    data[0] ^= 1
    path = run.path.replace(".run", ".7.run")
    (filled.path / path).write_bytes(data)
    forged = run._replace(path=path, sha256=hashlib.sha256(data).hexdigest())
    write_head(filled.path, snapshot.head, {**snapshot.listed, "index": (*others, forged)})
    assert verify(filled.path, quick=True).is_sound
    assert [damage.kind for damage in verify(filled.path).damages] == ["index"]


@pytest.mark.slow
def test_verification_says_how_many_rows_it_derived(filled: Archive) -> None:
    n = sum(len(frame) for frame in (filled.meetings(), filled.legs(), filled.rejects()))
    found = filled.verify()
    assert found.n_rows is not None
    assert found.n_rows >= n
    assert f"{found.n_rows} derived rows" in found.line.en
    assert "not derived" in filled.verify(quick=True).line.en


@pytest.mark.slow
def test_two_pulls_of_one_tick_of_the_clock_are_no_damage(archive: Archive, platform: Any) -> None:
    """A coarse clock and the same answer twice give two pulls of one id."""
    platform.records = platform.newest_first(1000)
    platform.clock = datetime(2026, 3, 20, 4, tzinfo=UTC)
    assert archive.sync(platform).calls > 1
    assert archive.pulls()["pull_id"].nunique() == 1
    assert "sound" in str(archive.verify())
    archive.verify(recompute=True).raise_if_damaged()


def of_another_parser(archive: Archive, version: int) -> None:
    """Let the newest head say that another version derived the tables."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    head = dataclasses.replace(snapshot.head, parser={**snapshot.head.parser, "version": version})
    write_head(archive.path, head, snapshot.listed)


@pytest.mark.slow
@pytest.mark.parametrize(("version", "recompute"), [(PARSER_VERSION - 1, True), (PARSER_VERSION + 1, False)])
def test_rows_of_another_parser_are_held_against_those_of_this_one(
    filled: Archive, version: int, *, recompute: bool
) -> None:
    """Whoever changes a table may as well change the number beside it."""
    of_another_parser(filled, version)
    assert verify(filled.path, recompute=recompute).is_sound, "what this version derives is proven, whoever derived it"
    forge(filled, "meetings", with_column("duration_s", lambda _: 7))
    found = verify(filled.path, recompute=recompute)
    assert not found.damages
    assert not found.is_sound
    assert found.n_rows is None
    [said] = found.left_open
    assert "duration_s" in said.en
    assert f"parser {version}" in said.en
    options = ["--recompute"] if recompute else []
    done = CliRunner().invoke(app, ["verify", str(filled.path), "--lang", "en", *options])
    assert done.exit_code == 1
    assert "sound" not in done.output
    assert "OPEN" in done.output
    told = CliRunner().invoke(app, ["verify", str(filled.path), "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["left_open"] == [said.en]
    mended = CliRunner().invoke(app, ["verify", "--repair", str(filled.path)])
    assert mended.exit_code == 0
    assert filled.verify().is_sound


@pytest.mark.slow
def test_fields_that_somebody_chose_are_told(filled: Archive) -> None:
    assert filled.verify().left_open == ()
    filled.rebuild(DEFAULT.with_extra({"creator": ["meetingname"], "legs.phone": ["name"]}))
    found = filled.verify(recompute=True)
    assert found.is_sound
    assert [one.en.split(" was")[0] for one in found.left_open] == ["meetings.creator", "legs.phone"]
    done = CliRunner().invoke(app, ["verify", str(filled.path), "--lang", "en"])
    assert done.exit_code == 1
    assert "OPEN  meetings.creator was read from the fields ['meetingname'" in done.output.replace("\n", " ")
    told = {note.en for note in collect(filled, Ask()).notes}
    assert {one.en for one in found.left_open} <= told
    parser = {**parser_mark(DEFAULT), "meetings": [["creator", ["name"]], *parser_mark(DEFAULT)["meetings"]]}
    assert len(names_chosen(aliases_of(parser))) == 1, "a column that is named twice is read from either"


OF_OTHERS = (
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    ".000000000004.parquet.Xa3f",
    "000000000002 2.parquet",
    "000000000002 (conflicted copy 2026-03-05).parquet",
    "000000000002.sync-conflict-20260305-101010-ABCDEFG.parquet",
    "000000000002.parquet~",
)


@pytest.mark.slow
def test_what_other_programs_leave_in_its_folders_lies_beside_an_archive(filled: Archive, platform: Any) -> None:
    folders = ("observations", "pulls", "derived", "derived/000001/meetings", "index", "heads")
    for folder in folders:
        (filled.path / folder).mkdir(parents=True, exist_ok=True)
        for name in OF_OTHERS:
            (filled.path / folder / name).write_bytes(b"x")
    found = filled.verify(recompute=True)
    assert found.is_sound
    assert set(found.beside) == {f"{folder}/{name}" for folder in folders for name in OF_OTHERS}
    assert "not checked" in found.line.en
    platform.records.insert(0, platform.record(70))
    assert filled.sync(platform).new >= 1
    filled.rebuild()
    assert filled.verify().is_sound
    for name in OF_OTHERS:
        assert (filled.path / "observations" / name).exists(), "it is somebody else's"
    shutil.copy2(
        max((filled.path / "observations").glob("0*.parquet")), filled.path / "observations/000000000099.parquet"
    )
    assert [damage.name for damage in verify(filled.path).damages] == ["observations/000000000099.parquet"]
    filled.rebuild()
    assert filled.verify().is_sound, "the remedy that is named helps"
