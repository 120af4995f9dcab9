"""The verb `verify`: what it takes, what it refuses, and what stays beside what was written."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.cli.verbs import run
from ytxdata.emulator import Emulator

pytestmark = pytest.mark.usefixtures("drawn_once")


@pytest.fixture
def synced(account: Emulator, tmp_path: Path) -> Path:
    """An archive of the account."""
    archive = tmp_path / "m.archive"
    assert run("sync", "--archive", str(archive)) == 0
    return archive


def reporting(archive: Path, out: Path, forms: str) -> tuple[str, ...]:
    return ("report", "--archive", str(archive), "--out", str(out), "--format", forms)


def test_verify_ends_with_5_when_a_byte_was_changed(synced: Path) -> None:
    victim = max((path for path in synced.rglob("*.parquet")), key=lambda path: path.stat().st_size)
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.write_bytes(raw)
    assert run("verify", str(synced)) == 5


def test_verify_takes_a_file_that_came_by_mail(
    account: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.csv"
    assert run("fetch", "--count", "5", "--csv", str(path)) == 0
    assert run("verify", str(path)) == 0
    assert run("--lang", "zh", "verify", str(tmp_path)) == 0
    assert "说明文件不是签名" in capsys.readouterr().out
    assert run("verify", "--json", str(path)) == 0
    assert json.loads(capsys.readouterr().out)["is_sound"]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert run("--lang", "en", "verify", str(path)) == 5
    assert "rows: 4, should be 5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("letter.txt", 2, "a CSV, XLSX or Parquet file with its .about.json"),
        ("alone.csv", 2, "no description alone.about.json"),
        ("alone.xlsx", 2, "no description alone.xlsx.about.json"),
        ("pack.zip", 5, "not a zip file"),
    ],
)
def test_verify_says_what_it_takes(
    name: str, code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("hello", "utf-8")
    assert run("--lang", "en", "verify", str(tmp_path / name)) == code
    assert said in capsys.readouterr().err
    assert run("--lang", "en", "verify", str(tmp_path / "nothing")) == 2


def test_a_table_that_lies_in_an_archive_or_a_pack_is_not_all_that_is_checked(
    synced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"
    assert run("fetch", "--count", "5", "--csv", str(table)) == 0
    for path in (table, table.with_suffix(".about.json")):
        shutil.copy(path, synced)
    assert run("--lang", "en", "verify", "--recompute", str(synced)) == 0
    assert "what it claims is what the rules say" in capsys.readouterr().out
    (tmp_path / "heads").write_text("")
    assert run("verify", "--heads", str(tmp_path / "heads"), str(synced)) == 2
    (synced / "archive.json").unlink()
    assert run("verify", str(synced)) == 5
    for name in ("pulls.json", "certificate.json", "verify.py", "signature.json"):
        pack = tmp_path / f"{name} alone"
        pack.mkdir()
        for path in (table, table.with_suffix(".about.json")):
            shutil.copy(path, pack)
        (pack / name).write_text("{}")
        assert run("--lang", "en", "verify", str(pack)) == 5
        assert "manifest.json" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--recompute", "--quick", "--repair", "--heads=heads", "--public-key=key"])
def test_an_option_that_checks_nothing_of_a_table_is_refused(
    account: Emulator, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch", "--count", "5", "--csv", str(tmp_path / "out.csv")) == 0
    for path in (tmp_path, tmp_path / "out.csv"):
        assert run("--lang", "en", "verify", option, str(path)) == 2
        assert f"{option.partition('=')[0]} checks nothing of" in capsys.readouterr().err


@pytest.mark.slow
def test_a_folder_of_tables_says_how_each_was_checked(
    synced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That a SHA-256 of 0 agrees read as if something had been checked."""
    out = tmp_path / "out"
    assert run(*reporting(synced, out, "csv")) == 0
    assert run("--lang", "en", "verify", str(out)) == 0
    [said] = [line for line in capsys.readouterr().out.splitlines() if "that it lists are there" in line]
    n = len(list(out.glob("*.csv")))
    assert said.endswith(f"all {n} files that it lists are there; {n} are checked by descriptions of their own")
    package = json.loads((out / "datapackage.json").read_text("utf-8"))
    for one in package["resources"]:
        one.pop("hash", None)
        (out / one["path"]).with_suffix(".about.json").unlink()
    (out / "datapackage.json").write_text(json.dumps(package))
    assert run("--lang", "en", "verify", str(out)) == 0
    assert f"of {n} it tells no SHA-256: what they hold was not checked" in capsys.readouterr().out


@pytest.mark.slow
def test_an_archive_in_a_zip_is_no_pack_that_does_not_hold(
    synced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is mailed; its sender was accused."""
    (tmp_path / "zips").mkdir()
    for name, root, base in (("zips/inside.zip", synced.parent, synced.name), ("zips/plain.zip", synced, ".")):
        shutil.make_archive(str(tmp_path / name.removesuffix(".zip")), "zip", root, base)
        assert run("--lang", "en", "verify", str(tmp_path / name)) == 2
        assert (
            capsys.readouterr().err
            == f"{tmp_path / name} is an archive in a ZIP\n→ unpack it, and check the directory\n"
        )
    with zipfile.ZipFile(tmp_path / "zips/plain.zip", "a") as packed:
        packed.writestr("certificate.json", "{}")
    assert run("--lang", "en", "verify", str(tmp_path / "zips/plain.zip")) == 5


def test_a_folder_of_pages_alone_has_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.html").touch()
    assert run("--lang", "en", "verify", str(tmp_path)) == 2
    assert f"verify finds nothing that it checks in {tmp_path}" in capsys.readouterr().err
    assert run("--lang", "en", "report", "--archive", str(tmp_path)) == 2
    assert "to read an archive, name its directory" in capsys.readouterr().err


@pytest.mark.slow
def test_of_many_files_those_are_named_that_people_open(
    synced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run("--lang", "en", *reporting(synced, tmp_path / "out", "html,csv"), "--from", "2036-01", "--to", "2036-02")
        == 0
    )
    first, second, beside = capsys.readouterr().out.splitlines()
    assert first.startswith("not read yet: Of the meetings from 2036-01-01")
    n = len(list((tmp_path / "out").glob("*.csv"))) + 2
    assert second == f"→ {tmp_path / 'out'}/: {n} files, begin with report.html, usage.csv"
    assert "about.json" in beside


@pytest.mark.slow
def test_files_of_an_earlier_report_that_stay_are_named(
    synced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Last month's page beside this month's tables would be handed on as theirs."""
    out = tmp_path / "out"
    assert run(*reporting(synced, out, "html,csv")) == 0
    assert "earlier report" not in capsys.readouterr().err
    assert run("--lang", "en", *reporting(synced, out, "parquet")) == 0
    said = capsys.readouterr().err
    assert "files of an earlier report" in said
    assert "of this one: report.html, compare_definitions.csv, concentration.csv" in said
    assert run("--lang", "en", "report", "--archive", str(synced), "--out", str(out / "usage.csv")) == 2
    assert f"{out / 'usage.csv'} is a file" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_is_checked_by_what_its_folder_lists(
    synced: Path, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("export", str(out), "--archive", str(synced), "--format", form) == 0
    assert run("--lang", "en", "verify", str(out)) == 0
    assert "files that it lists are there" in capsys.readouterr().out
    victim = max(out.rglob(f"meetings/**/*.{form}"))
    whole = victim.read_bytes()
    victim.write_bytes(whole + b" ")
    assert run("--lang", "en", "verify", str(out)) == 5
    assert f"{victim.relative_to(out).as_posix()} is not what datapackage.json says" in capsys.readouterr().err
    victim.unlink()
    assert run("--lang", "en", "verify", str(out)) == 5
    assert "is not there" in capsys.readouterr().err
    for broken in ("nonsense", "[]", '{"resources": [1]}', '{"resources": [{"path": "../m.archive/archive.json"}]}'):
        (out / "datapackage.json").write_text(broken)
        assert run("--lang", "en", "verify", str(out)) == 5


@pytest.mark.slow
def test_a_report_that_lacks_a_table_is_not_whole(synced: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(*reporting(synced, out, "csv,parquet,html,excel")) == 0
    assert run("verify", str(out)) == 0
    for path in out.glob("usage.parquet*"):
        path.unlink()
    assert run("verify", str(out)) == 5
