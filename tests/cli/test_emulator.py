"""The verb `emulator`: a process of its own, a command inside of it, and the bills it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.cli.verbs import PROGRAM, run
from ytxdata.emulator import write_env_file
from ytxdata.errors import UsageError


@pytest.mark.slow
def test_the_emulator_is_a_process_that_serves_and_writes_its_settings(tmp_path: Path) -> None:
    env_file = tmp_path / "emulator.env"
    command = [PROGRAM, "emulator", "--port", "0", "--env-file", str(env_file), "--meetings", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        settings = dict(line.split("=", 1) for line in env_file.read_text("utf-8").splitlines())
        env = {**os.environ, **settings}
        done = subprocess.run([PROGRAM, "fetch", "--json"], env=env, capture_output=True, text=True, check=True)
        process.terminate()
    assert settings["YTX_BASE_URL"] == url
    assert len(settings) == 5
    assert env_file.stat().st_mode & 0o077 == 0
    assert json.loads(done.stdout)["counts"]["meetings"] == 10
    assert done.stderr == ""


@pytest.mark.slow
def test_the_emulator_runs_a_command_and_stops_with_it(tmp_path: Path) -> None:
    serve = [PROGRAM, "emulator", "--meetings", "10", "--run"]
    done = subprocess.run([*serve, "ytxdata", "fetch", "--count", "4", "--json"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["counts"]["meetings"] == 4
    asks = [sys.executable, "-c", "import os; print(os.environ['YTX_BASE_URL']); raise SystemExit(7)"]
    done = subprocess.run([*serve, *asks], capture_output=True, text=True)
    assert done.returncode == 7
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(done.stdout.strip())


@pytest.mark.parametrize(
    "wrong", [["--run"], ["ytxdata"], ["--run", "no-such-command"], ["--env-file", "e", "--run", "ls"]]
)
def test_the_emulator_says_how_a_command_is_run(
    wrong: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert run("emulator", "--meetings", "1", *wrong) == 2
    assert list(here.iterdir()) == []


def test_the_emulator_writes_a_bill_whole_or_with_lines_left_out(tmp_path: Path) -> None:
    for without in (0, 3):
        bill = tmp_path / f"{without}.csv"
        asked = ["--meetings", "40", "--bill", str(bill), "--bill-without", str(without)]
        assert run("emulator", *asked, "--run", "true") == 0
        header, *lines, total = bill.read_text("utf-8").splitlines()
        assert (header, len(lines)) == ("meeting_id,started_at,duration_s,amount_yuan", 40 - without)
        assert total.split(",")[:3] == ["合计", "", str(sum(int(line.split(",")[2]) for line in lines))]
        assert run("emulator", *asked, "--run", "true") == 2


def test_the_emulator_replaces_its_own_settings_file_and_no_other(tmp_path: Path) -> None:
    own, other = tmp_path / "emulator.env", tmp_path / "notes.txt"
    write_env_file(own, {"YTX_APP_ID": "old"})
    write_env_file(own, {"YTX_APP_ID": "new"})
    assert own.read_text() == "YTX_APP_ID=new\n"
    other.write_text("YTX_APP_ID=mine\nand a note\n")
    with pytest.raises(UsageError, match="left as it is"):
        write_env_file(other, {"YTX_APP_ID": "new"})
    assert "a note" in other.read_text()
