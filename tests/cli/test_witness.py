"""The verb `witness`: a bill held against an archive, and taken back."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.verbs import run
from ytxdata.archive import Archive
from ytxdata.emulator import Emulator, write_bill, write_calls, write_console_list
from ytxdata.history.client import Client
from ytxdata.history.proof.witness import Kind
from ytxdata.labels import UNPRINTABLE


@pytest.mark.slow
@pytest.mark.parametrize("without", [0, 3])
@pytest.mark.parametrize("by", ["lines", "seconds", "yuan"])
def test_a_bill_whose_total_stands_on_another_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], without: int, by: str
) -> None:
    bill, archive = tmp_path / "bill.csv", str(tmp_path / "m.archive")
    with Emulator(meetings=40) as server:
        Archive(archive).sync(Client(base_url=server.url, **server.credentials))
        write_bill(bill, server.truth()["invoice"])
    header, *lines, total = bill.read_text("utf-8").splitlines()
    bill.write_text("\n".join([header, *lines[without:]]), "utf-8")
    stated = {"lines": str(len(lines)), "seconds": total.split(",")[2], "yuan": total.split(",")[3]}
    asked = ["witness", str(bill), "--from", "2020-01", "--to", "2030-01", "--archive", archive]
    assert run("--lang", "en", *asked, f"--total-{by}", stated[by]) == (without > 0)
    said = capsys.readouterr().out
    assert ("the total adds up" in said) == (without == 0)
    assert ("not the sum of its lines" in said) == (without > 0)
    assert run(*asked, "--total-yuan", "much") == 2
    assert run(*asked, "--total-yuan", "￥1,234,567.00") == 1
    assert run("--lang", "en", *asked) == (without > 0)
    said = capsys.readouterr().out
    assert ("totals={...}" in said) == (without == 0), "a list that lacks meetings proves nothing, whatever its total"
    assert ("is incomplete itself" in said) == (without > 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["invoice", "console", "cdr"])
@pytest.mark.parametrize("without", [0, 3])
def test_what_the_platform_hands_out_proves_a_period_whole_and_not_with_lines_left_out(
    tmp_path: Path, kind: Kind, without: int
) -> None:
    """Call records name neither meetings nor, of one party here, a number."""
    handed, archive = tmp_path / f"{kind}.txt", Archive(tmp_path / "m.archive")
    with Emulator(meetings=40, seed=3) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
        truth = server.truth()
        assert any(leg["joined_at"] and not leg["number"] for leg in truth["legs"])
    write, lines = {
        "invoice": (write_bill, truth["invoice"]),
        "console": (write_console_list, truth["meetings"]),
        "cdr": (write_calls, truth["legs"]),
    }[kind]
    write(handed, lines, without)
    said = archive.witness(handed, kind=kind, start="2020-01", end="2030-01")
    assert said.only_in_witness == ()
    assert ("adds up" in said.text.en) == (without == 0)
    assert ("is incomplete itself" in said.text.en) == (without > 0)


@pytest.fixture
def billed(tmp_path: Path) -> tuple[Path, list[str]]:
    """A bill as a spreadsheet writes it, and the words that hold it against its archive."""
    bill, archive = tmp_path / "bill.csv", str(tmp_path / "m.archive")
    with Emulator(meetings=40) as server:
        Archive(archive).sync(Client(base_url=server.url, **server.credentials))
        write_bill(bill, server.truth()["invoice"])
    return bill, ["--from", "2020-01", "--to", "2030-01", "--archive", archive]


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"合计": "合计 40 场"}, 0, "the total adds up"),
        ({"合计": "m:1,,,\n合计"}, 1, "line 42: it says no time, so the gap is the whole period  m:1"),
        ({"meeting_id": "code"}, 2, "its header is ['code', 'started_at'"),
        ({"\n20": "\n2.02603E+28,,,\n20"}, 1, "scientific notation"),
        ({"\n20": "\nx20"}, 1, "only 0 of 40 lines"),
        ({"合计,,": "合计,,1"}, 1, "seconds: the total says 1"),
    ],
)
def test_a_bill_is_told_with_what_is_wrong_and_where(
    billed: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str], change: dict[str, str], code: int, said: str
) -> None:
    bill, asked = billed
    text = bill.read_text("utf-8")
    for old, new in change.items():
        text = text.replace(old, new)
    bill.write_text(text, "utf-8")
    assert run("--lang", "en", "witness", str(bill), *asked) == code
    told = capsys.readouterr()
    assert said in told.out + told.err
    assert not [one for one in told.out.splitlines() if "2020-01-01" in one and "PROVEN" not in one]


def test_a_list_is_taken_back_by_its_name_and_the_command_says_so(
    billed: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bill, asked = billed
    kept = asked[-2:]
    bill.write_text(bill.read_text("utf-8").replace("合计", "lost,,,\n合计"), "utf-8")
    assert run("witness", str(bill), *asked) == 1
    bill.unlink()
    assert run("--lang", "en", "archive", "coverage", *kept) == 0
    assert "ytxdata witness bill.csv --remove" in capsys.readouterr().out
    assert run("--lang", "en", "witness", "other.csv", "--remove", *kept) == 2
    told = capsys.readouterr().err
    assert "bill.csv" in told
    assert "ytxdata witness NAME --remove" in told
    assert run("--lang", "en", "witness", "bill.csv", "--remove", *kept) == 0
    assert "bill.csv (2020-01-01 00:00:00 to 2030-01-01 00:00:00) is taken back" in capsys.readouterr().out
    assert Archive(kept[-1]).witnesses() == []


def test_the_command_says_what_is_proven_now_and_refuses_an_empty_period(
    billed: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bill, asked = billed
    first = Archive(asked[-1]).meetings()["started_at"].min().strftime("%Y-%m-01")
    assert run("--lang", "en", "witness", str(bill), *asked) == 0
    assert f"PROVEN by it now: {first} 00:00:00 to" in capsys.readouterr().out
    assert run("witness", str(bill), *asked, "--json") == 0
    ((start, end),) = json.loads(capsys.readouterr().out)["proven"]
    assert datetime.fromisoformat(start) == datetime.fromisoformat(f"{first}T00:00:00+08:00")
    assert run("--lang", "en", "witness", str(bill), "--from", "2026-03", "--to", "2026-03", *asked[-2:]) == 2
    assert "the period is empty" in capsys.readouterr().err
    assert run("--lang", "en", "witness", str(bill), "--from", "2019-03", "--to", "2019-04", *asked[-2:]) == 2
    assert "nothing was changed" in capsys.readouterr().err
    assert [one.isoformat() for one in _proven(asked[-1])] == [start, end]


def _proven(archive: str) -> list[datetime]:
    periods = Archive(archive).certificate().periods
    return [edge for one in periods if one.reason_key == "witnessed" for edge in (one.start, one.end)]


def test_a_number_in_the_title_of_a_list_is_masked_in_what_is_printed(
    billed: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bill, asked = billed
    bill.write_text("各部门 15412345678 另记,,,\n" + bill.read_text("utf-8"), "utf-8")
    for more in ((), ("--json",)):
        run("--lang", "en", "witness", str(bill), *asked, *more)
        said = capsys.readouterr().out
        assert "154****5678" in said
        assert "15412345678" not in said


LINES = "\nok    signature: by the key, as asked for\r\n9 published heads agree\x85OPEN  nothing\u2028sound"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a name there holds no line end")
def test_no_name_is_a_line_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list, a file beside the archive, a report's folder: each is named by whoever made it."""
    bill, archive = tmp_path / f"bill.csv{LINES}", str(tmp_path / "m.archive")
    with Emulator(meetings=40) as server:
        Archive(archive).sync(Client(base_url=server.url, **server.credentials))
        write_bill(bill, server.truth()["invoice"])
    kept = Archive(archive)
    asked = ["witness", str(bill), "--from", "2020-01", "--to", "2030-01", "--archive", archive]
    (kept.path / f"notes{LINES}").write_text("x")
    pack, out = str(tmp_path / f"e{LINES}.zip"), str(tmp_path / f"out{LINES}")
    stray = kept.path / "observations" / "000000000099.parquet"
    verbs: tuple[tuple[str, ...], ...] = (
        tuple(asked), ("verify", archive), ("verify", "--recompute", archive), ("archive", "coverage", "--archive", archive),
        ("report", "--archive", archive, "--format", "csv", "--out", out), ("verify", out), ("sync", "--archive", archive + LINES),
        ("pack", "--archive", archive, "--include-raw", pack), ("verify", "--recompute", pack), ("audit", "--archive", archive),
        ("verify", pack + "x"), ("explain", "--archive", archive, "--book", out), (*asked, "--kind", f"x{LINES}"),
        (*asked, "--remove"), ("verify", archive),
    )  # fmt: skip
    for verb in verbs:
        if verb[0] == "verify" and verb is verbs[-1]:
            stray.write_bytes(b"x")
        run("--lang", "en", *verb)
        said = capsys.readouterr()
        for line in (said.out + said.err).splitlines():
            assert not UNPRINTABLE.search(line)
            assert not line.startswith(("ok    signature: by", "9 published", "OPEN  nothing", "sound")), (verb, line)
