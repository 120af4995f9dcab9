"""Sample data in one line: the same on every machine, without a server, and with something in it to find."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import ytxdata as ytx
from ytxdata.demo import SAMPLE
from ytxdata.errors import UsageError


@pytest.mark.slow
def test_the_sample_is_a_history_of_two_years_without_a_server() -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.socket.bind = refuse\n"
        "import ytxdata as ytx\n"
        "history = ytx.sample()\n"
        "starts = history.meetings['started_at'].dropna()\n"
        "print(len(starts) > 1_000, starts.min().year, starts.max().year, history.counts.rejected)\n"
        "print(any(name.startswith(('ytxdata.emulator', 'starlette')) for name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "2024", "2025", "0", "False"]


@pytest.mark.slow
def test_the_sample_is_small_and_follows_from_its_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "scripts")
    made = import_module("build_sample")
    assert SAMPLE.stat().st_size < 400_000
    assert pq.read_table(SAMPLE).to_pylist() == list(made.rows())


def test_nobody_of_the_sample_can_be_dialled() -> None:
    history = ytx.sample()
    phones = [*history.legs["phone"].dropna(), *history.meetings["creator"].dropna()]
    chinese = {phone for phone in phones if phone.isdigit() and not phone.startswith("00")}
    assert chinese
    assert all(phone.removeprefix("86").startswith(("154", "0100")) for phone in chinese)


@pytest.mark.slow
def test_the_sample_archive_has_something_worth_looking_at() -> None:
    archive = ytx.sample("archive")
    coverage = archive.coverage()
    assert {"GAP", "PROBABLE", "PROVEN"} <= set(coverage["verdict"])
    assert {"witnessed", "unreached", "only_in_witness"} <= set(coverage["reason"])
    whole, holed = archive.witnesses()
    assert whole.finding == "witnessed"
    assert 0 < holed.n_only_in_witness < holed.n_lines
    changes = archive.changes()
    assert {"ended_at", "amount_yuan", "legs[3].phone"} <= set(changes["field"])
    assert archive.verify().is_sound
    assert len(archive.meetings()) < len(ytx.sample().meetings) + 10
    assert len(ytx.metrics.usage(archive)) == 24
    assert archive.path != ytx.sample("archive").path


def test_there_is_no_other_sample() -> None:
    with pytest.raises(UsageError, match="choose history or archive"):
        ytx.sample("everything")  # type: ignore[call-overload]  # refused
