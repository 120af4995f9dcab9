"""Every verb with its output redirected into a code page: no traceback, no lost exit code, the files as ever."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from ytxdata.cli import app, main
from ytxdata.emulator import Emulator
from ytxdata.pages import html_report

ENCODINGS = ("utf-8", "gbk", "cp1252", "ascii")  # cp936 is another name of gbk

Run = Callable[..., tuple[int, bytes]]


@pytest.fixture(scope="module")
def platform() -> Iterator[Emulator]:
    with Emulator(meetings=250, planted=True, until="2026-03-02") as server:
        server.advance(hours=2)
        yield server


@pytest.fixture
def run(platform: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(html_report, "SIZES", ())  # of pages only what is said of them is looked at
    for name, value in platform.env.items():
        monkeypatch.setenv(name, value)

    def verb(encoding: str, *arguments: str) -> tuple[int, bytes]:
        out, err = io.BytesIO(), io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding))
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding=encoding))
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        sys.stdout.flush()
        sys.stderr.flush()
        assert b"Traceback" not in err.getvalue()
        return int(ended.value.code or 0), out.getvalue()

    return verb


def helps() -> list[list[str]]:
    found = [["--help"]]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        subs = getattr(command, "commands", None)
        found += [[name, sub, "--help"] for sub in subs] if subs else [[name, "--help"]]
    return found


CHEAP = (
    (["--lang", "zh", "doctor"], 0),
    (["--lang", "both", "sync"], 0),
    (["--lang", "zh", "fetch", "--csv", "m.csv", "--legs-csv", "l.csv"], 0),
    (["fetch", "--count", "9", "--json"], 0),
    (["--lang", "zh", "archive", "coverage"], 0),
    (["--lang", "zh", "emulator", "--choices"], 0),
    (["--lang", "zh", "notebooks", "n"], 0),
    (["--lang", "zh", "fetch", "--count", "0"], 2),
    (["--lang", "zh", "fetch", "--confid", "404"], 6),
)
DEAR = (
    (["--lang", "both", "explain", "--report", "creators"], 0),
    (["--lang", "zh", "report", "--out", "r", "--format", "csv,html"], 0),
    (["--lang", "zh", "audit", "--fail-on", "warn"], 1),
    (["--lang", "zh", "pack", "e.zip"], 0),
    (["--lang", "zh", "verify", "e.zip"], 0),
    (["--lang", "zh", "verify", "r"], 0),
    (["--lang", "zh", "verify", "meetings.archive"], 0),
    (["--lang", "zh", "archive", "rebuild"], 0),
    (["--lang", "zh", "demo", "--no-notebook", "--meetings", "20", "--out", "d"], 0),
)
"""What takes more than a second: of one encoding that has Chinese, and of the one that has least."""


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_verb_ends_as_it_should_whatever_its_output_is_encoded_in(encoding: str, run: Run) -> None:
    for arguments, code in (*CHEAP, *(DEAR if encoding in ("gbk", "ascii") else ())):
        assert run(encoding, *arguments)[0] == code, arguments
    assert Path("m.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert re.search("[\u4e00-\u9fff]", Path("m.csv").read_text("utf-8-sig"))


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_help_is_shown_whatever_its_output_is_encoded_in(encoding: str, run: Run) -> None:
    for arguments in helps():
        code, said = run(encoding, *arguments)
        assert (code, b"Usage" in said) == (0, True), arguments


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_loses_no_character_to_an_encoding(encoding: str, run: Run, platform: Emulator) -> None:
    names = {meeting["name"] for meeting in platform.truth()["meetings"]}
    _, said = run(encoding, "fetch", "--json")
    told = json.loads(said.decode(encoding))
    assert {meeting["name"] for meeting in told["meetings"]} <= names
