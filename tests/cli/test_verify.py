"""The verb `verify`: what it takes, what it refuses, and what stays beside what was written."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.cli.verbs import run
from ytxdata.emulator import Emulator
from ytxdata.pages import html_report

pytestmark = pytest.mark.usefixtures("drawn_once")


def reporting(archive: Path, out: Path, forms: str) -> tuple[str, ...]:
    return ("report", "--archive", str(archive), "--out", str(out), "--format", forms)


@pytest.fixture(scope="module")
def made_once(server: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of the account, and a report about it."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.env.items():
            patch.setenv(name, value)
        assert run("sync", "--archive", str(folder / "m.archive")) == 0
    return folder


@pytest.fixture(scope="module")
def reported_once(made_once: Path) -> Path:
    """A report about that archive, in every form."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html_report, "SIZES", html_report.SIZES[:1])
        assert run(*reporting(made_once / "m.archive", made_once / "out", "csv,parquet,html,excel")) == 0
    return made_once / "out"


@pytest.fixture
def synced(made_once: Path, account: Emulator, tmp_path: Path) -> Path:
    """An archive of the account, for each test its own."""
    return Path(shutil.copytree(made_once / "m.archive", tmp_path / "m.archive"))


@pytest.fixture
def reported(reported_once: Path, tmp_path: Path) -> Path:
    """The report, for each test its own."""
    return Path(shutil.copytree(reported_once, tmp_path / "out"))


def without(out: Path, *forms: str) -> Path:
    """Take files of these forms, and what is said of them, out of a report."""
    for path in [path for form in forms for path in out.glob(f"*.{form}*")]:
        path.unlink()
    return out


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


@pytest.mark.slow
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
def test_a_folder_of_tables_says_how_each_was_checked(reported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That a SHA-256 of 0 agrees read as if something had been checked."""
    out = without(reported, "xlsx")
    assert run("--lang", "en", "verify", str(out)) == 0
    [said] = [line for line in capsys.readouterr().out.splitlines() if "that it lists are there" in line]
    n = len([*out.glob("*.csv"), *out.glob("*.parquet")])
    assert said.endswith(f"all {n} files that it lists are there; {n} are checked by descriptions of their own")
    package = json.loads((out / "datapackage.json").read_text("utf-8"))
    for one in package["resources"]:
        one.pop("hash", None)
    without(out, "about.json")
    (out / "datapackage.json").write_text(json.dumps(package))
    assert run("--lang", "en", "verify", str(out)) == 0
    assert f"of {n} it tells no SHA-256: what they hold was not checked" in capsys.readouterr().out


@pytest.mark.parametrize("edited", ["table", "its verdict", "the folder's of it", "the folder's"])
def test_descriptions_of_one_table_must_say_the_same(
    reported: Path, edited: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Last month's table with its description passed in this month's folder, and so did a verdict that one raised."""
    out = without(reported, "xlsx")
    table, beside, folder = (out / name for name in ("usage.csv", "usage.about.json", "datapackage.json"))
    its, package = (json.loads(path.read_text("utf-8")) for path in (beside, folder))
    of_it = next(one for one in package["resources"] if one["path"] == table.name)
    assert its["completeness"]["verdict"] == of_it["completeness"]["verdict"] != "PROVEN"
    if edited == "table":
        table.write_bytes(table.read_bytes().replace(b"2026", b"2025"))
        its["sha256"] = hashlib.sha256(table.read_bytes()).hexdigest()
    for name, told in (("its verdict", its), ("the folder's of it", of_it), ("the folder's", package)):
        if name == edited:
            told["completeness"]["verdict"] = "PROVEN"
    beside.write_text(json.dumps(its), "utf-8")
    folder.write_text(json.dumps(package), "utf-8")
    assert run("--lang", "en", "verify", str(out)) == 5
    what = "SHA-256" if edited == "table" else "completeness"
    name = folder.name if edited == "the folder's" else beside.name
    assert f"the {what} that {name} tells is not that of datapackage.json" in capsys.readouterr().err


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
    said = capsys.readouterr()
    assert "earlier report" not in said.err
    first, second, beside = said.out.splitlines()
    assert first.startswith("not read yet: Of the meetings from 2036-01-01")
    n = len(list((tmp_path / "out").glob("*.csv"))) + 2
    assert second == f"→ {tmp_path / 'out'}/: {n} files, begin with report.html, usage.csv"
    assert "about.json" in beside


@pytest.mark.slow
def test_files_of_an_earlier_report_that_stay_are_named(
    synced: Path, reported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Last month's page beside this month's tables would be handed on as theirs."""
    out = without(reported, "xlsx", "parquet")
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
def test_a_report_that_lacks_a_table_is_not_whole(reported: Path) -> None:
    assert run("verify", str(reported)) == 0
    for path in reported.glob("usage.parquet*"):
        path.unlink()
    assert run("verify", str(reported)) == 5
