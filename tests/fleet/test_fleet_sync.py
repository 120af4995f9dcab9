"""Many accounts synced together: all of them, in turn, and none stopped by another."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import ytxdata as ytx
from tests.cli.verbs import run
from ytxdata import times
from ytxdata.emulator import Emulator, write_fleet_file
from ytxdata.errors import UsageError
from ytxdata.files import IS_WINDOWS
from ytxdata.fleet import FleetCertificate
from ytxdata.fleet.sync_all import JOURNAL, Gate, Line

Begin = Callable[..., tuple[Emulator, ytx.Fleet]]


def refuse(server: Emulator, name: str) -> None:
    backend = server.backends[name]
    backend.options = replace(backend.options, account_state="suspended")


def admit(server: Emulator, name: str) -> None:
    server.backends[name].options = server.options


@pytest.mark.slow
def test_every_account_comes_into_its_own_archive(begin: Begin) -> None:
    server, fleet = begin()
    done = fleet.sync()
    assert (done.exit_code, done.frame["account"].tolist()) == (0, fleet.names)
    for name in fleet.names:
        truth = {meeting["meeting_id"] for meeting in server.backends[name].truth()["meetings"]}
        assert set(fleet[name].meetings()["meeting_id"]) == truth
    assert done.frame["company"].tolist() == ["A", "B", "A"]
    again = fleet.sync()
    assert again.frame["status"].tolist() == ["unchanged"] * 3
    assert again.line.en == "3 accounts: 3 unchanged; 0 new meetings, 0 changed, 3 calls"


@pytest.mark.slow
def test_one_that_is_refused_stops_no_other_and_is_told(begin: Begin) -> None:
    server, fleet = begin()
    refuse(server, "account-2")
    done = fleet.sync(workers=1)
    assert done.frame["status"].tolist() == ["synced", "refused", "synced"]
    assert done.frame["exit_code"].tolist() == [0, 3, 0]
    assert done.exit_code == 3
    assert "suspended" in done.frame["problem_en"][1]
    assert len(fleet["account-3"].meetings()) == 60


def test_an_account_that_cannot_be_asked_is_told_once_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NORTH_TOKEN", raising=False)
    given = 'account_sid = "abcdefghijklmnopqrstuvwxyz012345"\napp_id = "app"\n'
    path = tmp_path / "fleet.toml"
    path.write_text(f'[accounts.north]\n{given}auth_token_env = "NORTH_TOKEN"\n[accounts."南方"]\n', encoding="utf-8")
    assert cli("sync", str(path)) == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "north: the environment variable NORTH_TOKEN is not set",
        "→ set it and run again: export NORTH_TOKEN=…",
        "南方: account_sid, auth_token, app_id missing",
        '→ write it under [accounts."南方"], name a variable for the token with auth_token_env, '
        "or keyring set ytxdata 南方.account_sid",
    ]
    assert "2 accounts: 2 not asked" in said.out
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NORTH_TOKEN", "x")
    path.write_text(f'[accounts.north]\n{given}auth_token_env = "NORTH_TOKEN"\nbase_url = "http://127.0.0.1:1"\n')
    assert cli("sync") == 2
    cause, remedy = capsys.readouterr().err.splitlines()
    assert cause.startswith("north: base_url (")
    assert remedy.startswith("→ if this address is meant, name the file")


@pytest.mark.slow
def test_a_damaged_archive_hides_no_other_in_the_status(begin: Begin) -> None:
    _, fleet = begin(accounts=2)
    fleet.sync()
    head = max((fleet["account-1"].path / "heads").glob("*.json"))
    head.write_bytes(head.read_bytes()[:-9])
    status = fleet.status()
    assert status.frame["meetings"].tolist() == [0, 60]
    assert "damaged" in status.frame["problem_en"][0]
    assert fleet.certificate().accounts["account-1"].worst == "GAP"
    assert isinstance(status.certificate, FleetCertificate)
    assert status.certificate.accounts["account-2"].worst == fleet["account-2"].certificate().worst


@pytest.mark.slow
def test_what_is_damaged_or_foreign_or_unexpected_stops_no_other(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    _, fleet = begin(accounts=3)
    fleet.sync()
    head = max((fleet["account-1"].path / "heads").glob("*.json"))
    head.write_bytes(head.read_bytes()[:-9])
    shutil.rmtree(fleet["account-2"].path)
    shutil.copytree(fleet["account-3"].path, fleet["account-2"].path)
    done = fleet.sync()
    assert done.frame["status"].tolist() == ["damaged", "failed", "unchanged"]
    assert done.exit_code == 5

    def broken(self: ytx.Archive, *_: object, **__: object) -> None:
        raise RuntimeError("a word that may hold anything")

    monkeypatch.setattr(ytx.Archive, "sync", broken)
    done = fleet.sync()
    assert done.frame["problem_en"].tolist() == ["unexpected RuntimeError"] * 3


@pytest.mark.slow
def test_an_interrupted_round_is_taken_up_where_it_stopped(begin: Begin, tmp_path: Path) -> None:
    server, fleet = begin()

    def stop(line: Line) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fleet.sync(workers=1, step=stop)
    asked = len(server.requests)
    finished = (tmp_path / JOURNAL).read_text(encoding="utf-8").split()[::3]
    assert finished == [name for name in fleet.names if fleet[name].path.exists()]  # what had begun came to its end
    assert finished[0] == "account-1"
    assert IS_WINDOWS or (tmp_path / JOURNAL).stat().st_mode & 0o077 == 0
    done = fleet.sync(workers=1, resume=True)
    statuses = dict(zip(fleet.names, done.frame["status"], strict=True))
    assert [name for name in fleet.names if statuses[name] == "skipped"] == finished
    assert done.exit_code == 0
    assert not (tmp_path / JOURNAL).exists()
    sids = [server.accounts[name]["account_sid"] for name in finished]
    assert not [one for one in server.requests[asked:] if any(sid in one.path for sid in sids)]
    assert all(len(fleet[name].meetings()) == 60 for name in fleet.names)


@pytest.mark.slow
def test_a_round_with_failures_is_taken_up_with_those_alone(begin: Begin, tmp_path: Path) -> None:
    server, fleet = begin()
    refuse(server, "account-2")
    fleet.sync()
    admit(server, "account-2")
    done = fleet.sync(resume=True)
    assert done.frame["status"].tolist() == ["skipped", "synced", "skipped"]
    assert done.frame["meetings"].tolist() == [60, 60, 60]
    assert fleet.sync(resume=True).frame["status"].tolist() == ["unchanged"] * 3


@pytest.mark.slow
def test_whoever_always_resumes_asks_every_account_again_though_one_always_fails(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, fleet = begin(accounts=2)
    refuse(server, "account-2")
    assert fleet.sync(resume=True).frame["status"].tolist() == ["synced", "refused"]
    assert fleet.sync(resume=True).frame["status"].tolist() == ["skipped", "refused"]
    assert fleet.sync(resume=True).frame["status"].tolist() == ["unchanged", "refused"], "the round is over"
    tomorrow = times.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr("ytxdata.fleet.sync_all.now", lambda: tomorrow)
    assert fleet.sync(resume=True).frame["status"].tolist() == ["unchanged", "refused"], "what it finished is old"


@pytest.mark.slow
def test_a_round_leaves_out_what_it_finished_itself_and_nothing_of_another_list_in_the_folder(
    begin: Begin, tmp_path: Path
) -> None:
    server, _ = begin(accounts=4)
    one, two, three, four = server.fleet.values()
    first = ytx.Fleet({"head": {**one, "archive": "a"}, "east": {**two, "archive": "b"}}, folder=tmp_path)
    other = {"head": {**three, "archive": "c"}, "west": {**four, "archive": "d"}}
    refuse(server, "account-2")
    assert first.sync().exit_code == 3
    assert ytx.Fleet(other, folder=tmp_path).sync(resume=True).frame["status"].tolist() == ["synced", "synced"]
    journal = tmp_path / JOURNAL
    journal.write_text(f"head\n{journal.read_text('utf-8')}", "utf-8")  # by name alone, as earlier versions wrote it
    assert ytx.Fleet(other, folder=tmp_path).sync(resume=True).frame["status"].tolist() == ["unchanged", "unchanged"]
    admit(server, "account-2")
    assert first.sync(resume=True).frame["status"].tolist() == ["skipped", "synced"]
    assert not (tmp_path / JOURNAL).exists()


@pytest.mark.slow
@pytest.mark.parametrize("change", ["archive", "account", "lost"])
def test_what_was_finished_of_another_archive_or_account_is_not_left_out(
    begin: Begin, tmp_path: Path, change: str
) -> None:
    server, _ = begin(accounts=3)
    one, two, three = server.fleet.values()
    refuse(server, "account-2")
    assert ytx.Fleet({"head": one, "east": two}, folder=tmp_path).sync().exit_code == 3
    head = {**one, "archive": "elsewhere"} if change == "archive" else one
    if change == "account":
        head = three
    if change == "lost":
        shutil.rmtree(tmp_path / "head.archive")
    status = ytx.Fleet({"head": head, "east": two}, folder=tmp_path).sync(resume=True).frame["status"][0]
    # an archive of one account takes nothing of another's
    assert status == ("failed" if change == "account" else "synced")


def test_a_host_is_asked_so_often_and_by_so_many_at_once() -> None:
    gate, lock, inside, most, begun = Gate(2, 50.0), threading.Lock(), [0], [0], []

    def call() -> None:
        with gate.turn():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                begun.append(time.monotonic())
            time.sleep(0.03)
            with lock:
                inside[0] -= 1

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] <= 2
    # eight calls at even distances of a fiftieth of a second cannot begin within less than seven of them
    assert max(begun) - min(begun) >= 7 / 50 - 0.001


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"per_host": 0}, {"per_second": -1.0}])
def test_limits_below_one_are_refused(begin: Begin, wrong: dict[str, float]) -> None:
    _, fleet = begin()
    with pytest.raises(UsageError, match="must be above 0"):
        fleet.sync(**wrong)  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_state_of_a_fleet_is_a_line_an_account(begin: Begin) -> None:
    _, fleet = begin()
    assert fleet.status().frame["problem_en"].tolist() == ["not synced yet"] * 3
    assert fleet.certificate().worst == "GAP"
    fleet.where("account-1", "account-3").sync()
    status = fleet.status()
    assert status.frame["meetings"].tolist() == [60, 0, 60]
    assert status.frame["verdict"].tolist() == ["PROBABLE", "GAP", "PROBABLE"]
    assert fleet.certificate().worst == "GAP"
    assert fleet.where(company="A").certificate().worst == "PROBABLE"
    assert fleet.certificate().sentence.en.startswith("3 accounts: 1 GAP, 2 PROBABLE. account-2:")
    assert set(fleet.coverage()["account"]) >= {"account-1", "account-3"}
    with pytest.raises(UsageError, match="no such account: nobody"):
        fleet.where("nobody")
    with pytest.raises(UsageError, match="company = Z"):
        fleet.where(company="Z")


def cli(*arguments: str) -> int:
    return run("--lang", "en", "fleet", *arguments)


@pytest.mark.slow
def test_the_command_line_ends_with_the_worst(
    begin: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = begin()
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert cli("sync") == 2
    assert "there is no fleet.toml" in capsys.readouterr().err
    write_fleet_file(folder / "fleet.toml", server.fleet)
    assert cli("sync") == 0
    assert "3 accounts: 3 synced" in capsys.readouterr().out
    refuse(server, "account-2")
    assert cli("sync", "fleet.toml", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert [row["status"] for row in told["accounts"]] == ["unchanged", "refused", "unchanged"]
    assert cli("sync", "--resume", "--account", "account-2") == 3
    said = capsys.readouterr()
    assert "account-2: -201" in said.err
    assert "account-1" not in said.out
    assert cli("status", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["accounts"]) == 3
    assert cli("status") == 0
    assert re.search(r" \d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", capsys.readouterr().out), "as everywhere a person reads"
    assert cli("status", "--where", "company") == 2


@pytest.mark.slow
def test_all_archives_are_audited_and_the_worst_rings(
    begin: Begin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, fleet = begin(accounts=2, meetings=500, planted=True)
    fleet.sync()
    assert cli("audit", str(tmp_path), "--fail-on", "crit", "--json", "--out", str(tmp_path / "out")) == 1
    told = json.loads(capsys.readouterr().out)
    assert [row["account"] for row in told["accounts"]] == fleet.names
    assert told["accounts"][0]["crit"] > 0
    assert len(list((tmp_path / "out").glob("*.findings.csv"))) == 2
    assert "exit_code" in told["accounts"][1]
    head = max((fleet["account-1"].path / "heads").glob("*.json"))
    head.write_bytes(head.read_bytes()[:-9])
    assert cli("audit", str(tmp_path)) == 5
    said = capsys.readouterr()
    assert "account-1: the archive is damaged" in said.err
    assert "exit code" in said.out.splitlines()[0]
    assert "account-2" in said.out
