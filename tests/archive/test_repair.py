"""What follows from the raw data is mended by one command; what does not is not touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.archive.conftest import Platform, newest_first
from ytxdata import Fleet, metrics
from ytxdata.archive import Archive
from ytxdata.archive.heads import sealed, unsealed
from ytxdata.archive.stored_files import DERIVE_AGAIN
from ytxdata.archive.verify import verify
from ytxdata.cli import app
from ytxdata.errors import DamagedError, YtxError
from ytxdata.records.aliases import Aliases


def last(folder: Path) -> Path:
    return max(path for path in folder.rglob("*") if path.is_file())


def gone(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[min(100, len(data) // 2)] ^= 1
    path.write_bytes(data)


@pytest.fixture(scope="module")
def three_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, list[Any]]:
    archive, platform = Archive(tmp_path_factory.mktemp("three") / "meetings.archive"), Platform(newest_first(60))
    for i in range(60, 63):
        platform.records.insert(0, platform.record(i))
        platform.records[-1] = platform.record(0, meetingname=f"第 {i} 次")
        platform.records.append({"no": str(i)})
        archive.sync(platform)
    return archive, platform.records


@pytest.fixture
def three(three_once: tuple[Archive, list[Any]], archive: Archive, platform: Any) -> Archive:
    """An archive of three syncs with a change, a reject and a new meeting in each; each test's own."""
    shutil.copytree(three_once[0].path, archive.path)
    platform.records = [*three_once[1]]
    return archive


@pytest.mark.slow
@pytest.mark.by_chance(3)
@pytest.mark.parametrize(
    ("what", "damage"),
    [("index", gone), ("index", flipped), ("derived", empty), ("derived", flipped), ("heads", gone), ("heads", empty)],
)
def test_one_command_mends_what_follows_from_the_raw_data(
    three: Archive, platform: Any, what: str, damage: Callable[[Path], None]
) -> None:
    ids, answers = list(three.meetings()["meeting_id"]), list(three.pulls()["pull_id"])
    path = last(three.path / what)
    damage(path)
    assert not verify(three.path).is_sound
    done = CliRunner().invoke(app, ["verify", "--repair", str(three.path)])
    assert done.exit_code == 0, done.output
    assert list(three.meetings()["meeting_id"]) == ids
    assert list(three.pulls()["pull_id"]) == answers
    assert all(three.answer(pull_id) for pull_id in answers)
    assert three.sync(platform).new == 0
    assert three.verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize("damage", [gone, flipped])
def test_an_earlier_head_is_bridged_by_the_hash_that_the_next_one_holds(
    three: Archive, platform: Any, damage: Callable[[Path], None]
) -> None:
    damage(three.path / "heads" / "000000000002.json")
    assert not verify(three.path).is_sound
    assert "2" in str(three.rebuild())
    assert three.verify().is_sound
    three.sync(platform)
    assert three.verify().is_sound


@pytest.mark.slow
def test_an_error_over_what_can_be_mended_names_the_command(three: Archive, platform: Any) -> None:
    empty(last(three.path / "heads"))
    platform.records.insert(0, platform.record(70))
    with pytest.raises(DamagedError) as caught:
        three.sync(platform)
    assert "ytxdata rebuild" in str(caught.value)
    three.rebuild()
    assert three.sync(platform).new == 1


def test_raw_data_is_not_touched(three: Archive) -> None:
    flipped(last(three.path / "observations"))
    before = {path: path.read_bytes() for path in three.path.rglob("*") if path.is_file()}
    done = CliRunner().invoke(app, ["verify", "--repair", str(three.path)])
    assert done.exit_code != 0
    assert {path: path.read_bytes() for path in three.path.rglob("*") if path.is_file()} == before


def test_too_little_memory_or_a_folder_of_another_user_is_no_damage(
    three: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    for error in (
        duckdb.OutOfMemoryException("failed to allocate data of 1 GiB"),
        PermissionError(13, "Permission denied"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr("ytxdata.archive.views._asked", _raising(error))
            with pytest.raises(YtxError) as caught:
                three.meetings()
        assert not isinstance(caught.value, DamagedError)
        assert str(error.args[-1]) in str(caught.value)
        assert caught.value.remedy


@pytest.mark.slow
def test_whoever_meets_a_damaged_table_is_told_that_it_can_be_made_anew(three: Archive, platform: Any) -> None:
    for path in three.path.glob("derived/*/meetings/*.parquet"):
        path.write_bytes(bytes(path.stat().st_size))
    platform.records[0] = {**platform.records[0], "name": "another"}
    with pytest.raises(DamagedError) as caught:
        three.meetings()
    assert caught.value.remedy == DERIVE_AGAIN
    assert "damaged" in [note.key for note in three.sync(platform).notes], "it is: nothing must be kept out"
    assert three.verify().is_sound


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def other_pages(path: Path) -> None:
    """As long as it was, and no engine can read it."""
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(len(data) - 8) + data[-4:])


@pytest.mark.parametrize("damage", [gone, cut, other_pages])
@pytest.mark.parametrize("engine", ["duckdb", "pandas"])
def test_a_stored_file_that_cannot_be_read_is_named_by_every_reader(
    three: Archive, damage: Callable[[Path], None], engine: str
) -> None:
    """A report of one account, or of a fleet, ended with an error of DuckDB's own. A fleet leaves the account out."""
    damaged = max((three.path / "derived").rglob("legs/*.parquet"))
    damage(damaged)
    fleet = Fleet(three.path.parent)
    of_one: list[Callable[[], object]] = [
        three.legs,
        lambda: three.scan("legs", engine=engine).collect(),
        lambda: metrics.usage(three, by="total"),
        lambda: metrics.usage(three, by="total", start="2026-01-01", end="2026-02-01"),
    ]
    [left_out] = fleet.left_out
    assert damaged.relative_to(three.path).as_posix() in left_out.en
    assert (len(fleet.legs()), fleet.certificate().worst) == (0, "GAP")
    for reading in of_one:
        with pytest.raises(DamagedError) as caught:
            reading()
        assert damaged.relative_to(three.path).as_posix() in str(caught.value)
        assert "ytxdata" in str(caught.value)


def test_what_is_asked_wrongly_is_no_damage(three: Archive) -> None:
    with pytest.raises(Exception, match="creator") as caught:
        three.scan("meetings").select(nw.col("creator").cast(nw.Int8())).collect()
    assert not isinstance(caught.value, DamagedError)


def _raising(error: Exception) -> Callable[..., None]:
    def raising(*_: object, **__: object) -> None:
        raise error

    return raising


def repaired(archive: Archive) -> None:
    done = CliRunner().invoke(app, ["verify", "--repair", str(archive.path)])
    assert done.exit_code == 0, done.output
    assert archive.verify().is_sound


@pytest.mark.slow
def test_a_changed_table_is_not_merged_into_a_file_with_a_hash_of_its_own(
    three: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = three.meetings()
    path = last(three.path / "derived" / "000001" / "meetings")
    rows = pq.read_table(path)
    other = pa.array(["13811111111"] * rows.num_rows)
    pq.write_table(rows.set_column(rows.schema.get_field_index("creator"), "creator", other), path)
    monkeypatch.setattr("ytxdata.archive.cleanup.FAN", 2)
    platform.records.insert(0, platform.record(70))
    with pytest.raises(DamagedError) as caught:
        three.sync(platform)
    assert "ytxdata rebuild" in str(caught.value)
    assert not verify(three.path).is_sound
    repaired(three)
    assert three.meetings()["creator"].tolist()[: len(before)] == before["creator"].tolist()
    assert len(three.meetings()) == len(before) + 1, "what was asked for is kept: the sync was whole before the merging"


@pytest.mark.slow
def test_a_changed_run_of_the_index_is_not_merged_into_one_with_a_hash_of_its_own(
    three: Archive, platform: Any
) -> None:
    before = three.meetings()
    path = last(three.path / "index")
    data = bytearray(path.read_bytes())
    data[-8] ^= 1
    path.write_bytes(data)
    for i in range(70, 80):
        platform.records.insert(0, platform.record(i))
    with pytest.raises(DamagedError) as caught:
        three.sync(platform)
    assert "ytxdata rebuild" in str(caught.value)
    assert verify(three.path).is_sound, "what is derived was made anew"
    assert len(three.meetings()) == len(before) + 10, "and what was received is kept"
    three.sync(platform)
    assert len(three.meetings()) == len(before) + 10
    assert verify(three.path).is_sound


@pytest.mark.slow
def test_a_torn_file_that_no_head_names_is_set_aside_and_not_taken_in(three: Archive) -> None:
    head = int(last(three.path / "heads").name[:12])
    (three.path / "observations" / f"{head + 1:012d}.parquet").write_bytes(b"torn")
    three.rebuild()
    assert three.verify().is_sound
    assert any(path.read_bytes() == b"torn" for path in (three.path / "interrupted").rglob("*.parquet"))


@pytest.mark.slow
def test_two_lost_heads_are_taken_in_and_no_file_is_written_over(three: Archive, platform: Any) -> None:
    """The change that takes them in has the numbers of the lost ones, and so had their files."""
    platform.records.insert(0, platform.record(63))
    three.sync(platform)
    ids, pulls = set(three.meetings()["meeting_id"]), list(three.pulls()["pull_id"])
    answers = [three.answer(pull_id) for pull_id in pulls]
    for _ in range(2):
        last(three.path / "heads").unlink()
    three.rebuild()
    assert three.verify().is_sound
    platform.records.insert(0, platform.record(64))
    assert three.sync(platform).new == 1
    assert three.verify().is_sound
    assert set(three.meetings()["meeting_id"]) > ids
    assert [three.answer(pull_id) for pull_id in pulls] == answers


@pytest.mark.slow
@pytest.mark.parametrize("what", ["nothing", "another head", "that head"])
def test_a_head_that_says_it_is_the_last_of_all_is_not_counted_up_to(three: Archive, platform: Any, what: str) -> None:
    strange = three.path / "heads" / "999999999998.json"
    line, below = last(three.path / "heads").read_bytes().split(b"\n", 1)
    if what == "that head":
        line = sealed({**unsealed(line), "sequence": 999_999_999_998})
    strange.write_bytes(b"{}" if what == "nothing" else line + b"\n" + below)
    (three.path / "heads" / "²²²²²²²²²²²².json").write_bytes(b"{}")
    found = verify(three.path)
    assert ("control", "heads/000000000004.json–heads/999999999997.json") in {one[:2] for one in found.damages}
    assert len(found.damages) < 5
    assert found.can_be_mended
    three.rebuild()
    if what != "that head":
        assert three.verify().is_sound
        assert three.sync(platform).new == 0
        assert not strange.exists()


def copied(archive: Archive, order: Sequence[str], before: str, meanwhile: Callable[[], object]) -> Archive:
    """A copy of the folder, name by name; before one of them is copied something else takes place."""
    copy = Archive(archive.path.with_name("copy.archive"))
    copy.path.mkdir()
    for name in order:
        if name == before:
            meanwhile()
        place = archive.path / name
        (shutil.copytree if place.is_dir() else shutil.copy2)(place, copy.path / name)
    return copy


@pytest.mark.slow
@pytest.mark.by_chance(3)
@pytest.mark.parametrize(
    ("before", "n_syncs"), [("observations", 1), ("pulls", 2), ("derived", 1), ("index", 2), ("heads", 2)]
)
def test_a_copy_made_while_syncs_end_goes_back_to_the_last_state_that_is_there(
    three: Archive, platform: Any, before: str, n_syncs: int
) -> None:
    known = set(three.meetings()["meeting_id"])

    def meanwhile() -> None:
        for i in range(n_syncs):
            platform.records.insert(0, platform.record(80 + i))
            three.sync(platform)

    order = ("archive.json", "observations", "pulls", "derived", "index", "heads")
    copy = copied(three, order, before, meanwhile)
    if before != "observations":
        found = verify(copy.path)
        assert found.can_be_mended
        assert {damage.kind for damage in found.damages} <= {"control", "lacking"}
        raw = {path: path.read_bytes() for name in ("observations", "pulls") for path in (copy.path / name).iterdir()}
        done = CliRunner().invoke(app, ["verify", "--repair", str(copy.path), "--lang", "en"])
        assert done.exit_code == 0, done.output
        assert "head 000000000004" in done.output or "head 4" in done.output
        kept = {path.read_bytes() for path in copy.path.rglob("*.parquet")}
        assert set(raw.values()) <= kept, "no byte of raw data went"
    assert known <= set(copy.meetings()["meeting_id"])
    copy.sync(platform)
    copy.verify(recompute=True)
    assert set(copy.meetings()["meeting_id"]) == set(three.meetings()["meeting_id"])


def test_an_old_raw_file_that_went_is_no_reason_to_go_back(three: Archive) -> None:
    gone(min((three.path / "observations").iterdir()))
    found = verify(three.path)
    assert not found.can_be_mended
    with pytest.raises(DamagedError):
        three.rebuild()


def test_the_archive_of_an_account_that_was_empty_is_derived_anew(archive: Archive, platform: Any) -> None:
    """Syncs with another parser, so those after an upgrade too, ended before they asked."""
    records, platform.records = platform.records, []
    archive.sync(platform)
    archive.rebuild()
    shutil.rmtree(archive.path / "heads")
    archive.rebuild()
    assert len(archive.meetings()) == 0
    platform.records = records
    platform.aliases = Aliases().with_extra({"name": "called"})
    archive.sync(platform)
    assert len(archive.meetings()) == len(records)
    assert archive.verify(recompute=True).is_sound
