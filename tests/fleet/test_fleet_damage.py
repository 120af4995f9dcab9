"""One account whose data is damaged is left out and named; all others are reported on and audited."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ytxdata as ytx
from ytxdata import metrics
from ytxdata.cli import main
from ytxdata.errors import DamagedError, ForeignArchiveError

usage: Any = metrics.usage


def gone(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def other(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def turned(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)


def harm(fleet: ytx.Fleet, how: Callable[[Path], None], table: str = "derived/*/legs") -> None:
    (path,) = fleet["account-2"].path.glob(f"{table}/*.parquet")
    how(path)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["fleet", *arguments, "--lang", "en"])
    return int(str(ended.value))


def fleet_file(fleet: ytx.Fleet, tmp_path: Path) -> str:
    path = tmp_path / "fleet.toml"
    entries = [f"[accounts.{name}]\narchive = '{fleet[name].path}'\n" for name in fleet.names]
    path.write_text("".join(entries), encoding="utf-8")
    return str(path)


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize(
    ("how", "table"),
    [
        (gone, "derived/*/legs"), (cut, "derived/*/meetings"), (other, "pulls"), (turned, "observations"),
        (gone, "pulls"), (cut, "observations"), (other, "derived/*/legs"), (turned, "derived/*/meetings"),
    ],
)  # fmt: skip
def test_an_account_whose_data_file_is_not_what_was_written_is_left_out_named_and_a_gap(
    synced: ytx.Fleet, how: Callable[[Path], None], table: str
) -> None:
    harm(synced, how, table)
    sound = synced.where("account-1", "account-3")
    report = usage(synced, by="total")
    assert report.arrow["meetings"].to_pylist() == [len(sound.meetings())]
    assert any("account-2 are not among these: the archive is damaged" in one.en for one in report.notes)
    assert report.certificate.accounts["account-2"].worst == report.certificate.worst == "GAP"
    assert synced.status().frame["problem_en"].notna().tolist() == [False, True, False]
    assert set(usage(synced, by="total", group="account").arrow["group"].to_pylist()) == set(sound.names)
    assert len(synced.meetings()) == len(sound.meetings())
    assert isinstance(synced.damage["account-2"], DamagedError)


@pytest.mark.slow
@pytest.mark.parametrize("place", [4, 1000, -40, -12])
def test_one_byte_of_one_account_stops_no_other(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: int
) -> None:
    """The engine named no file, and all ended with its traceback; or it named none and gave other figures."""
    (path,) = synced["account-2"].path.glob("derived/*/legs/*.parquet")
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(data)
    file = fleet_file(synced, tmp_path)
    asked = ["report", file, "--report", "usage", "--by", "total", "--out", str(tmp_path / "out"), "--json"]
    assert run(*asked) == DamagedError.exit_code
    assert json.loads(capsys.readouterr().out)["rows"] == {"usage": 1}
    if place in (1000, -12):
        assert run("audit", file, "--json") == DamagedError.exit_code
        ended = [one["exit_code"] for one in json.loads(capsys.readouterr().out)["accounts"]]
        assert ended == [0, DamagedError.exit_code, 0]
    assert run("status", file, "--json") == DamagedError.exit_code
    assert "accounts" in json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize(
    ("how", "more"),
    [
        pytest.param(turned, ["--report", "usage"], id="added up"),
        pytest.param(cut, ["--report", "usage", "--group", "account"], id="side by side"),
        pytest.param(turned, ["--format", "html"], id="one page"),
    ],
)
def test_the_command_line_reports_on_the_others_and_ends_with_the_worst(
    synced: ytx.Fleet,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    how: Callable[[Path], None],
    more: list[str],
) -> None:
    harm(synced, how)
    asked = ["report", fleet_file(synced, tmp_path), "--out", str(tmp_path / "out"), *more]
    assert run(*asked, "--json") == DamagedError.exit_code
    said = capsys.readouterr()
    assert json.loads(said.out)["verdict"] == "GAP"
    assert json.loads(said.out)["files"]
    assert said.err.count("account-2 are not among these") == 1


@pytest.mark.slow
@pytest.mark.parametrize("how", [cut, other, turned])
def test_an_audit_goes_on_with_the_accounts_after_the_damaged_one(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: Callable[[Path], None]
) -> None:
    harm(synced, how)
    assert run("audit", fleet_file(synced, tmp_path), "--json") == DamagedError.exit_code
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert [row["exit_code"] for row in told["accounts"]] == [0, DamagedError.exit_code, 0]
    assert [row["verdict"] is None for row in told["accounts"]] == [False, True, False]
    assert "account-2: the archive is damaged" in said.err


def test_folders_that_changed_places_are_nobodys(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sync alone looked whose an archive is, and each account was reported on with the meetings of the other."""
    first, second = (synced[name].path for name in ("account-1", "account-2"))
    first.rename(tmp_path / "aside")
    second.rename(first)
    (tmp_path / "aside").rename(second)
    assert synced.status().frame["problem_en"].notna().tolist() == [True, True, False]
    assert all(isinstance(synced.damage[name], ForeignArchiveError) for name in ("account-1", "account-2"))
    report = usage(synced, by="total", group="account")
    assert report.arrow["group"].to_pylist() == ["account-3"]
    assert report.certificate.worst == "GAP"
    told = {one.name: {key: one.given[key] for key in ("account_sid", "app_id", "base_url")} for one in synced.accounts}
    lines = [f"accounts.{name}.{key} = '{value}'" for name, given in told.items() for key, value in given.items()]
    file = tmp_path / "fleet.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    for verb in (["status"], ["audit"], ["report", "--report", "usage", "--out", str(tmp_path / "out")]):
        assert run(verb[0], str(file), *verb[1:]) == ForeignArchiveError.exit_code
        said = capsys.readouterr()
        assert "belongs to another account" in said.out + said.err
