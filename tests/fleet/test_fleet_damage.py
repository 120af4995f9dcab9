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
from ytxdata.errors import DamagedError

usage: Any = metrics.usage


def gone(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def other(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


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


@pytest.mark.parametrize("how", [gone, cut])
@pytest.mark.parametrize("table", ["derived/*/legs", "derived/*/meetings", "pulls", "observations"])
def test_an_account_without_a_data_file_is_left_out_named_and_a_gap(
    synced: ytx.Fleet, how: Callable[[Path], None], table: str
) -> None:
    harm(synced, how, table)
    sound = synced.where("account-1", "account-3")
    report = usage(synced, by="total")
    assert report.arrow["meetings"].to_pylist() == usage(sound, by="total").arrow["meetings"].to_pylist()
    assert any("account-2 are not among these: the archive is damaged" in one.en for one in report.notes)
    assert report.certificate.accounts["account-2"].worst == report.certificate.worst == "GAP"
    assert synced.status().frame["problem_en"].notna().tolist() == [False, True, False]
    assert set(usage(synced, by="total", group="account").arrow["group"].to_pylist()) == set(sound.names)
    assert len(synced.meetings()) == len(sound.meetings())
    assert isinstance(synced.damage["account-2"], DamagedError)


def test_what_is_as_long_as_it_was_is_found_where_all_is_read(synced: ytx.Fleet) -> None:
    harm(synced, other)
    assert synced.still().readable == synced.names
    assert synced.still(thorough=True).readable == ["account-1", "account-3"]


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(["--report", "usage"], id="added up"),
        pytest.param(["--report", "usage", "--group", "account"], id="side by side"),
        pytest.param(["--format", "html"], id="one page", marks=pytest.mark.slow),
    ],
)
def test_the_command_line_reports_on_the_others_and_ends_with_the_worst(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    harm(synced, cut)
    asked = ["report", fleet_file(synced, tmp_path), "--out", str(tmp_path / "out"), *more]
    assert run(*asked, "--json") == DamagedError.exit_code
    said = capsys.readouterr()
    assert json.loads(said.out)["verdict"] == "GAP"
    assert json.loads(said.out)["files"]
    assert said.err.count("account-2 are not among these") == 1


@pytest.mark.parametrize("table", ["derived/*/legs", "derived/*/meetings"])
@pytest.mark.parametrize("more", [["--report", "usage"], ["--report", "usage", "--group", "account"]])
def test_an_account_that_turns_out_to_be_damaged_while_it_is_read_is_left_out(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, more: list[str]
) -> None:
    harm(synced, other, table)
    asked = ["report", fleet_file(synced, tmp_path), "--out", str(tmp_path / "out"), *more]
    assert run(*asked) == DamagedError.exit_code
    assert capsys.readouterr().err.count("account-2 are not among these: the archive is damaged") == 1
    assert (tmp_path / "out" / "usage.csv").exists()


@pytest.mark.parametrize("how", [cut, other])
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
