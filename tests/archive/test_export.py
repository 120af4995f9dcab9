"""The present state as files: each meeting once, written again only where it changed, never torn."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from tests.archive.exported import MONTHS, TABLES
from tests.cli.verbs import run
from tests.effort import some
from ytxdata.archive import Archive
from ytxdata.errors import DamagedError, UsageError
from ytxdata.exits.export import export
from ytxdata.exits.export_files import Format, verify_folder


def written(folder: Path) -> dict[str, bytes]:
    """Every file of tables, by its place."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


@pytest.mark.slow
def test_each_meeting_stands_once_in_its_month_described_and_masked(kept: Archive, tmp_path: Path) -> None:
    done = kept.export(tmp_path / "out")
    assert set(done.written) == MONTHS | {"unknown"}
    assert done.rows["meetings"] == len(kept.meetings()) == 25
    assert done.rows["legs"] == len(kept.legs())
    months = {path.parent.name for path in (tmp_path / "out" / "meetings").rglob("*.parquet")}
    assert months == {f"month={month}" for month in MONTHS} | {"month=__HIVE_DEFAULT_PARTITION__"}
    for path in (tmp_path / "out").rglob("*.parquet"):
        text = pq.read_table(path, partitioning=None).to_pylist()
        assert "13800000000" not in str(text), path
        footer = pq.ParquetFile(path).metadata
        assert footer.num_rows == 0 or footer.row_group(0).column(0).compression == "ZSTD"
    march = pq.read_table(tmp_path / "out" / "meetings" / "month=2026-03" / "meetings.parquet", partitioning=None)
    starts = march["started_at"].to_pylist()
    assert starts == sorted(starts)
    told = json.loads((tmp_path / "out" / "datapackage.json").read_text("utf-8"))
    assert {one["month"] for one in told["partitions"]} == MONTHS | {None}
    assert all(
        one["certificate"]["verdict"] in ("PROVEN", "PROBABLE", "GAP") for one in told["partitions"] if one["month"]
    )
    (meetings,) = [one for one in told["resources"] if one["name"] == "meetings"]
    fields = {one["name"]: one for one in meetings["schema"]["fields"]}
    assert fields["meeting_id"]["type"] == "string"
    assert fields["duration_s"]["unit"] == "s"
    assert fields["started_at"]["title_zh"] == "开始时间"
    assert meetings["schema"]["primaryKey"] == ["meeting_key"]
    shown = kept.export(tmp_path / "shown", masked=False)
    assert shown.rows == done.rows
    assert "13800000000" in str(
        ds.dataset(sorted((tmp_path / "shown" / "meetings").rglob("*.parquet"))).to_table().to_pylist()
    )


def _rows_added(path: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    deltalake.write_deltalake(path, pa.table(deltalake.DeltaTable(path).to_pyarrow_table()), mode="append")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda f: next(f.glob("legs/month=*/*.parquet")).write_bytes(b"PAR1"), "the SHA-256 of legs/month="),
        (lambda f: next(f.glob("pulls/*.parquet")).unlink(), "pulls/.* is not there"),
        (lambda f: next(f.glob("meetings/_delta_log/*.json")).write_bytes(b"{}"), "the SHA-256 of meetings/_delta_log"),
        (lambda f: _rows_added(f / "legs"), "legs/_delta_log/.* is not listed"),
    ],
    ids=["a file changed", "a file gone", "the log changed", "rows added"],
)
def test_a_delta_export_that_was_changed_is_told(
    kept: Archive, exported: Callable[[Format], Path], forge: Callable[[Path], object], said: str
) -> None:
    pytest.importorskip("deltalake")
    folder = exported("delta")
    assert verify_folder(folder)
    forge(folder)
    with pytest.raises(DamagedError, match=said):
        verify_folder(folder)
    if said.startswith("the SHA-256 of legs"):  # the next run makes it whole
        assert len(kept.export(folder, "delta").written) == 1
        assert verify_folder(folder)


def test_a_delta_export_keeps_nothing_of_the_rows_it_replaced(
    kept: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is masked today stood whole in the file of before, and in its log as the least or the greatest text."""
    deltalake = pytest.importorskip("deltalake")
    folder = tmp_path / "export"
    kept.export(folder, "delta")
    place = folder / "meetings"
    rows = pa.table(deltalake.DeltaTable(place).to_pyarrow_table())
    told = pa.array(["88880000 的会议"] * rows.num_rows)
    deltalake.write_deltalake(
        place, rows.set_column(rows.schema.get_field_index("name"), "name", told), mode="overwrite"
    )
    monkeypatch.setattr("ytxdata.exits.export.RULES", 10**6)  # all months are masked anew
    kept.export(folder, "delta")
    verify_folder(folder)
    assert pa.table(deltalake.DeltaTable(place).to_pyarrow_table()).num_rows == rows.num_rows
    files = [path for path in place.rglob("*") if path.is_file()]
    assert not [path for path in files if "_delta_log" in path.parts and b"88880000" in path.read_bytes()]
    data = [path for path in files if path.suffix == ".parquet" and "_delta_log" not in path.parts]
    assert not any("88880000" in str(pq.ParquetFile(path).read(["name"])["name"].to_pylist()) for path in data)
    before = written(folder)
    kept.export(folder, "delta")
    assert written(folder) == before


@pytest.mark.parametrize("name", ["changes", "coverage", "pulls", "legs"])
def test_a_delta_export_forgets_earlier_versions_also_of_tables_that_it_does_not_write(
    kept: Archive, tmp_path: Path, name: str
) -> None:
    """An earlier ytxdata kept them, and so does a run that is killed behind its write."""
    deltalake = pytest.importorskip("deltalake")
    folder = tmp_path / "export"
    kept.export(folder, "delta")
    place = folder / name
    rows = pa.table(deltalake.DeltaTable(place).to_pyarrow_table())
    deltalake.write_deltalake(place, rows, mode="overwrite")
    kept.export(folder, "delta")
    verify_folder(folder)
    log = [path.name for path in (place / "_delta_log").glob("0*.json")]
    assert log == [f"{deltalake.DeltaTable(place).version():020d}.json"]
    assert sum(path.suffix == ".parquet" for path in place.rglob("part-*")) == len(
        deltalake.DeltaTable(place).file_uris()
    )
    again = written(folder)
    kept.export(folder, "delta")
    assert written(folder) == again


def a_month_planted(folder: Path, form: str) -> None:
    place = folder / "meetings" / "month=2026-09"
    place.mkdir()
    shutil.copy(next(folder.glob(f"meetings/month=2026-01/*.{form}")), place)


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (lambda f, form: shutil.copy(next(f.glob(f"meetings/month=2026-01/*.{form}")), f / f"meetings/month=2026-01/2026-09.{form}"), "meetings/month=2026-01/2026-09.* is not listed"),
        (a_month_planted, "meetings/month=2026-09/meetings.* is not listed"),
        (lambda f, form: shutil.copy(next(f.glob(f"pulls/*.{form}")), f / "pulls" / f".hidden.{form}"), "pulls/.hidden.* is not listed"),
        (lambda f, form: (f / "meetings" / "month=2026-08").symlink_to(f / "meetings" / "month=2026-01"), "meetings/month=2026-08 is not listed"),
        (lambda f, form: (f / "views.sql").write_text((f / "views.sql").read_text("utf-8") + "\n", "utf-8"), "the SHA-256 of views.sql"),
        (lambda f, form: (f / "views.sql").unlink(), "views.sql is listed in .* and is not there"),
    ],
    ids=["a file of a month", "a month", "a file of no month", "a link", "the views changed", "the views gone"],
)  # fmt: skip
def test_what_was_put_into_an_export_is_told(
    exported: Callable[[Format], Path], form: Format, plant: Callable[[Path, str], object], said: str
) -> None:
    out = exported(form)
    (out / "NOTES.txt").write_text("of the reader's own")
    (out / "mine").mkdir()
    (out / "mine" / f"copy.{form}").write_bytes(b"")
    assert verify_folder(out)
    plant(out, form)
    with pytest.raises(DamagedError, match=said):
        verify_folder(out)


@pytest.mark.slow
def test_an_export_that_months_left_is_whole(kept: Archive, platform: Any, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    kept.export(folder)
    planted = folder / "problems" / "month=2026-01"
    planted.mkdir(parents=True, exist_ok=True)
    (planted / "more.parquet").write_bytes(b"PAR1")
    with pytest.raises(DamagedError, match=r"problems/month=2026-01/more\.parquet is not listed"):
        verify_folder(folder)
    (planted / "more.parquet").unlink()
    platform.records = [one | {"starttime": "看不懂"} for one in platform.records if isinstance(one, dict)]
    kept.sync(platform)
    kept.export(folder)
    assert verify_folder(folder)


@pytest.mark.slow
def test_an_unchanged_month_is_not_written_again(kept: Archive, platform: Any, tmp_path: Path) -> None:
    tmp_path = tmp_path / "out"
    platform.records = platform.records[:8]  # what is listed again was seen again: only March is
    kept.sync(platform)
    kept.export(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    again = kept.export(tmp_path)
    assert (again.written, set(again.unchanged)) == ((), MONTHS | {"unknown"})
    monthly = [path for path in times if "month=" in str(path)]
    assert {path: path.stat().st_mtime_ns for path in monthly} == {path: times[path] for path in monthly}
    platform.records = [{**platform.records[1], "meetingname": "三月的会"}, *platform.records]
    kept.sync(platform)
    once_more = kept.export(tmp_path)
    assert "2026-03" in once_more.written
    assert {"2026-01", "2026-02"} <= set(once_more.unchanged)
    fresh = tmp_path.parent / "fresh"
    kept.export(fresh)
    assert written(fresh) == written(tmp_path), "step by step, or at once: the same files"


@pytest.mark.slow
def test_what_somebody_touched_is_written_again_and_other_folders_are_refused(kept: Archive, tmp_path: Path) -> None:
    out = tmp_path / "out"
    kept.export(out)
    meant = written(out)
    (out / "legs" / "month=2026-02" / "legs.parquet").write_bytes(b"touched")
    (out / "meetings" / "month=2026-01" / "meetings.parquet").unlink()
    assert set(kept.export(out).written) == {"2026-01", "2026-02"}
    assert written(out) == meant
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine", encoding="utf-8")
    for folder, options in ((tmp_path / "other", {}), (out, {"masked": False}), (out, {"format": "csv"})):
        with pytest.raises(UsageError):
            kept.export(folder, **options)
    with pytest.raises(UsageError):
        kept.export(tmp_path / "new", by="week")  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_whole_months_and_the_next_one_ends_it(
    kept: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    kept.export(out)
    before = written(out)
    platform.records = [{**one, "meetingname": f"新名 {i}"} for i, one in enumerate(platform.records[:-1])]
    kept.sync(platform)
    kept.export(tmp_path / "meant")
    after = written(tmp_path / "meant")
    real, trial = Path.replace, tmp_path / "trial"

    def killed(stop: int) -> int:
        """Export until so many files were moved to their places; return how many were."""
        moved = 0

        def kill(draft: Path, target: Path) -> Path:
            nonlocal moved
            if moved == stop:
                raise KeyboardInterrupt
            moved += 1
            return real(draft, target)

        with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
            patched.setattr(Path, "replace", kill)
            export(kept, trial)
        return moved

    shutil.copytree(out, trial)
    anew = killed(10**6)
    shutil.rmtree(trial)
    at_first = killed(10**6)
    shutil.rmtree(trial)
    stops = [(True, stop) for stop in some(range(2, anew, 7), 2)]
    stops += [(False, stop) for stop in some(range(1, at_first, 7), 2)]
    for has_begun, stop in stops:
        if has_begun:
            shutil.copytree(out, trial)
        assert killed(stop) == stop
        found = {path: data for path, data in written(trial).items() if not path.startswith(".")}
        assert all(name in (".lock", ".drafts") for name in (path.name for path in trial.rglob(".*")))
        there = before if has_begun else {}
        assert set(found) <= set(there) | set(after)
        assert all(data in (there.get(path), after.get(path)) for path, data in found.items()), "a torn file"
        kept.export(trial)
        assert written(trial) == after
        assert [path.name for path in trial.rglob(".*")] in ([".lock"], []), "no draft is left"
        shutil.rmtree(trial)


@pytest.mark.slow
def test_two_exports_of_one_folder_keep_out_of_each_others_way(kept: Archive, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"), pytest.raises(UsageError, match="another export"):
        kept.export(tmp_path / "out")
    assert kept.export(tmp_path / "out").rows["meetings"] == 25


@pytest.mark.slow
def test_frictionless_finds_no_fault(kept: Archive, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frictionless = pytest.importorskip("frictionless")
        kept.export(tmp_path / "csv", "csv")
        told = frictionless.validate(str(tmp_path / "csv" / "datapackage.json"))
        assert told.valid, told.flatten(["rowNumber", "fieldName", "type", "message"])[:5]
        # of several Parquet files it reads the first alone: here the description is judged, the files by other readers
        kept.export(tmp_path / "parquet")
        description = json.loads((tmp_path / "parquet" / "datapackage.json").read_text("utf-8"))
        assert len(frictionless.Package.from_descriptor(description).resources) == len(TABLES)
        broken = tmp_path / "csv" / "legs" / "month=2026-02" / "legs.csv"
        broken.write_text(broken.read_text("utf-8").replace('"1"', '"one"', 1), encoding="utf-8")
        assert not frictionless.validate(str(tmp_path / "csv" / "datapackage.json")).valid


@pytest.mark.slow
def test_the_verb_exports(kept: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in (((), "4 months written"), ((), "4 unchanged"), (("--json",), '"unchanged"')):
        assert run("export", str(tmp_path / "out"), "--archive", str(kept.path), "--lang", "en", *arguments) == 0
        assert told in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("format_", ["parquet", "csv", "delta"])
def test_an_export_with_numbers_is_its_owners_alone(format_: str, kept: Archive, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for folder in (tmp_path / "new", tmp_path / "above" / "there"):
            if folder.name == "there":
                folder.mkdir(parents=True)
            for _ in range(2 if folder.name == "new" else 1):
                kept.export(folder, format_, masked=False)  # type: ignore[arg-type]
            modes = {str(path): path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
            assert set(modes.values()) == {0o700, 0o600}, modes
            assert modes[str(folder)] == 0o700
        kept.export(tmp_path / "masked", format_)  # type: ignore[arg-type]
        assert (tmp_path / "masked").stat().st_mode & 0o777 == 0o755
    finally:
        os.umask(before)
