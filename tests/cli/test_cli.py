"""The verbs as a person types them, against the served platform: what they print, write, and end with."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ytxdata as ytx
from tests.cli.verbs import run
from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.phones import mask


def test_fetch_writes_a_csv_that_excel_opens_as_it_should(
    account: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.csv"
    assert run("--lang", "en", "fetch", "--count", "20", "--csv", str(path)) == 0
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == 21
    assert "20 meetings" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.about.json").read_text("utf-8"))


@pytest.mark.slow
def test_a_line_of_a_book_that_cannot_be_used_stops_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Someone without a telephone stands in every staff list; Python and audits went on, and the command line refused."""
    from openpyxl import Workbook

    sheet: Any = (book := Workbook()).active
    for row in (
        ("手机", "姓名", "部门"),
        (13900000000, "安娜", "市场部"),
        (None, "李雷", "研发部"),
        ("13900000000", "安娜", "研发部"),
    ):
        sheet.append(row)
    book.save(path := tmp_path / "staff.xlsx")
    asked = ("report", "--archive", str(ytx.sample("archive").path), "--from", "2026-03", "--to", "2026-04")
    options = ("--group", "department", "--book", str(path), "--format", "csv", "--out", str(tmp_path / "o"))
    assert run("--lang", "en", *asked, *options) == 0
    said = capsys.readouterr().err
    assert "address book: 2 lines not used: line 3: no telephone number" in said
    assert "line 4: it has the same number as line 2, which is used (department 市场部, not 研发部)" in said
    assert (tmp_path / "o" / "usage.csv").is_file()


@pytest.mark.slow
def test_a_row_is_found_by_what_the_report_prints_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    archive = ytx.sample("archive")
    creators = ytx.metrics.creators(archive).arrow["creator"].to_pylist()
    masks = [mask(one) for one in creators]
    place = next(i for i, one in enumerate(masks) if masks.count(one) == 1 and creators[i].startswith("+86"))
    asked = ("--lang", "en", "explain", "--archive", str(archive.path), "--report", "creators")
    said = []
    for shown in (masks[place], creators[place], creators[place].removeprefix("+86")):
        assert run(*asked, "--where", f"creator={shown}") == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == said[2]
    assert f"creator: {masks[place]}" in said[0]
    assert re.search(r"^mean size: [\d.]+ people$", said[0], re.MULTILINE), "a number alone says nothing"
    assert run(*asked, "--where", "creator=15412340000") == 2


@pytest.mark.slow
def test_a_column_that_a_report_has_not_is_named_with_those_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    archive = str(ytx.sample("archive").path)
    assert run("--lang", "en", "explain", "--archive", archive, "--where", "perod=2026-03") == 2
    said = capsys.readouterr().err
    assert "the report usage has no column perod" in said
    assert "choose of period, meetings" in said


def test_fetch_masks_phones_unless_asked(account: Emulator, tmp_path: Path) -> None:
    phones = {leg["phone"] for leg in account.truth()["legs"] if re.fullmatch(r"1\d{10}", leg["phone"] or "")}
    for extra, is_shown in (([], False), (["--show-phones"], True)):
        path = tmp_path / f"{is_shown}.csv"
        assert run("fetch", "--count", "50", "--legs-csv", str(path), *extra) == 0
        text = path.read_text("utf-8-sig")
        assert any(phone in text for phone in phones) is is_shown


def test_fetch_of_one_meeting_as_json(account: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = account.truth()["meetings"][0]["meeting_id"]
    assert run("fetch", "--confid", wanted, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [meeting["meeting_id"] for meeting in found["meetings"]] == [wanted]
    assert {leg["meeting_id"] for leg in found["legs"]} == {wanted}


def test_raw_answers_are_kept_when_asked(account: Emulator, tmp_path: Path) -> None:
    assert run("fetch", "--count", "5", "--raw", str(tmp_path / "raw")) == 0
    (saved,) = (tmp_path / "raw").iterdir()
    assert json.loads(saved.read_bytes())["statusCode"] == "0"


def test_an_error_names_the_same_path_in_words_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "20260711T003533.655370Z-f7f6e63c4cc5ca0c"
    run("verify", str(tmp_path / name), "--json")
    told = capsys.readouterr()
    assert name in told.err
    assert name in json.loads(told.out)["error"]["en"]


@pytest.mark.skipif(os.name != "posix", reason="modes of files differ there")
def test_raw_answers_are_for_their_owner_alone(account: Emulator, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    before = os.umask(0)
    try:
        assert run("fetch", "--count", "5", "--raw", str(raw)) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(raw.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in raw.iterdir()} == {0o600}


def test_a_meeting_that_is_not_there_ends_with_6_and_says_so_as_json(
    account: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fetch", "--confid", "0" * 29, "--json") == 6
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["kind"] == "MeetingNotFoundError"
    assert "0" * 29 in told.err


@pytest.mark.slow
def test_no_way_to_the_platform_ends_with_4(monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(meetings=0) as server:
        env = server.env
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert run("fetch", "--count", "1") == 4


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A platform that answers once and then no more; the reader loses patience half a second later."""
    with Emulator(meetings=5000, faults=["hang,after=1"]) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)

        def lose_patience() -> None:
            while len(server.requests) < 2 and not is_over.wait(0.02):
                pass
            if not is_over.is_set():
                signal.pthread_kill(main_thread, signal.SIGINT)

        main_thread, is_over = threading.get_ident(), threading.Event()
        thread = threading.Thread(target=lose_patience)
        thread.start()
        yield server
        is_over.set()
        thread.join()


@pytest.mark.slow
def test_a_report_says_when_its_book_knows_nobody_and_groups_by_one_that_does(
    account: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    people = account.truth()["roster"]
    (tmp_path / "own.csv").write_text(
        "phone,name,department\n"
        + "".join(f"{one['phone']},{one['name']},{one['department']}\n" for one in people if one["phone"].isdigit())
    )
    (tmp_path / "other.csv").write_text("phone,name,department\n15400000001,Somebody,Elsewhere\n")
    assert run("sync") == 0
    report = ("--lang", "en", "report", "--out")
    assert run(*report, "r1", "--book", "other.csv") == 0
    assert "the book knows none of the numbers" in capsys.readouterr().err
    assert run(*report, "r4", "--book", "other.csv", "--group", "department") == 0
    assert capsys.readouterr().err.count("the numbers") == 1, "one fact, one message"
    assert run(*report, "r2", "--book", "own.csv", "--group", "department") == 0
    assert "knows none" not in capsys.readouterr().err
    usage = (tmp_path / "r2" / "usage.csv").read_text("utf-8-sig")
    assert "销售部" in usage
    assert '"group"' in usage.splitlines()[0]
    assert run(*report, "r3", "--group", "department") == 2
    assert "book" in capsys.readouterr().err


@pytest.mark.slow
def test_an_interrupted_fetch_says_that_nothing_was_kept(
    hanging: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.csv"
    assert run("--lang", "en", "fetch", "--csv", str(path)) == 130
    assert "nothing was written (1 answers received" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.slow
def test_an_interrupted_fetch_keeps_the_raw_answers_it_was_asked_to_keep(
    hanging: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "raw"
    assert run("--lang", "en", "fetch", "--raw", str(raw)) == 130
    assert f"the 1 answers received so far are kept in {raw}" in capsys.readouterr().err
    (saved,) = raw.iterdir()
    assert json.loads(saved.read_bytes())["statusCode"] == "0"


@pytest.mark.slow
def test_an_interrupted_sync_says_how_the_archive_is(
    hanging: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = str(tmp_path / "m.archive")
    assert run("--lang", "en", "sync", "--archive", archive) == 130
    told = capsys.readouterr().err
    assert "interrupted" in told
    assert "nothing is claimed" in told
    assert run("verify", archive) == 0
    assert len(Archive(archive).pulls()) == 1
    assert len(Archive(archive).meetings()) == 1000


def test_the_limits_of_a_call_are_options_of_every_verb_that_asks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Emulator(meetings=3, faults=["hang"]) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        for verb in (["fetch"], ["doctor"], ["sync", "--archive", str(tmp_path / "m.archive")]):
            assert run("--lang", "en", *verb, "--total-timeout", "0.2") == 4
            told = capsys.readouterr()
            assert "within its total limit of 0.2 s" in told.out + told.err
    assert run("--lang", "en", "fetch", "--timeout", "0") == 2
    assert "above 0" in capsys.readouterr().err


def test_a_file_that_is_there_is_replaced_only_when_told(account: Emulator, tmp_path: Path) -> None:
    n_before = len(account.requests)
    for option in ("--csv", "--legs-csv"):
        path = tmp_path / f"{option[2:]}.csv"
        path.write_text("last month's")
        assert run("fetch", "--count", "5", option, str(path)) == 2
        assert path.read_text() == "last month's"
        assert len(account.requests) == n_before
        assert run("fetch", "--count", "5", option, str(path), "--force") == 0
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        n_before = len(account.requests)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize(
    ("mode", "folder_mode", "said"),
    [
        (0o644, 0o755, "other users can read or change it; run chmod 600 {path}"),
        (0o600, 0o777, "other users can write {folder} and put another file in its place; run chmod go-w {folder}"),
        (0o600, 0o1777, ""),
        (0o600, 0o755, ""),
    ],
    ids=["an open file", "an open folder", "an open folder that is sticky", "neither"],
)
def test_a_settings_file_that_others_can_reach_is_told_as_one_line(
    account: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    mode: int,
    folder_mode: int,
    said: str,
) -> None:
    warnings.simplefilter("always")
    folder = tmp_path / "shared"
    (folder / "inside").mkdir(parents=True)
    path = folder / "inside" / "my.toml"
    path.write_text("".join(f'{name[4:].lower()} = "{value}"\n' for name, value in account.env.items()))
    path.chmod(mode)
    folder.chmod(folder_mode)
    for name in account.env:
        monkeypatch.delenv(name)
    monkeypatch.setenv("YTX_CONFIG", str(path))
    assert run("--lang", "en", "fetch", "--count", "2") == 0
    told = f"the configuration file {path} holds the auth token, and {said.format(folder=folder, path=path)}"
    assert capsys.readouterr().err.strip() == (told if said else "")
    assert run("--lang", "en", "doctor") == (2 if said else 0)
    remedy = f"chmod 600 {path}" if mode != 0o600 else f"chmod go-w {folder}"
    assert (remedy in capsys.readouterr().out) == bool(said)


@pytest.mark.slow
def test_fetch_says_of_which_period_its_verdict_is(account: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """A bare PROBABLE after three records was read as said of the whole history."""
    assert run("--lang", "en", "fetch", "--count", "3") == 0
    line, sentence = capsys.readouterr().out.splitlines()
    assert line.endswith("; PROBABLE")
    assert "(Beijing time) are probably complete" in sentence
    assert run("fetch", "--count", "1", "--json") == 0
    meeting = json.loads(capsys.readouterr().out)["meetings"][0]["meeting_id"]
    assert run("--lang", "en", "fetch", "--confid", meeting) == 0
    assert "Beijing time" not in capsys.readouterr().out


def test_who_gives_explain_a_meeting_is_led_to_what_shows_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--lang", "en", "explain", "20260301001", "--archive", "nowhere") == 2
    assert "explain -h' shows the help" in capsys.readouterr().err
    assert run("--lang", "en", "explain", "-h") == 0
    assert "A single meeting is shown by ytxdata sql" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_sync_twice_prints_one_line_each_and_brings_nothing_new(
    account: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = str(tmp_path / "m.archive")
    assert run("--lang", "en", "sync", "--archive", archive) == 0
    assert run("--lang", "en", "sync", "--archive", archive) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "300 new" in first
    assert " 0 new" in second
    assert "calls: 1" in second
    assert run("verify", archive) == 0
    assert run("archive", "coverage", "--archive", archive) == 0
    assert "PROBABLE" in capsys.readouterr().out
    assert run("archive", "coverage", "--archive", str(tmp_path / "nope.archive")) == 2
    assert run("archive", "rebuild", "--archive", archive) == 0


@pytest.mark.slow
def test_an_answer_is_written_as_its_file_is_called(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--lang", "en", "sql", "select meeting_id, creator from meetings limit 3")
    archive = ("--archive", str(ytx.sample("archive").path))
    for name, begins in (("a.csv", b"\xef\xbb\xbf"), ("a.json", b"["), ("a.parquet", b"PAR1"), ("a.XLSX", b"PK")):
        assert run(*asked, *archive, "--out", str(tmp_path / name)) == 0
        assert (tmp_path / name).read_bytes().startswith(begins)
    capsys.readouterr()
    assert run(*asked, *archive, "--out", str(tmp_path / "a.txt")) == 2
    assert "choose one of" in capsys.readouterr().err
    assert run(*asked, *archive, "--format", "xlsx") == 2
    assert "xlsx needs --out" in capsys.readouterr().err


@pytest.mark.slow
def test_a_new_archive_is_announced(account: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that was mistyped would else read like the archive of every day."""
    archive = str(tmp_path / "m.archive")
    assert run("--lang", "en", "sync", "--archive", archive) == 0
    assert f"a new archive was made: {archive}" in capsys.readouterr().err
    assert run("--lang", "en", "sync", "--archive", archive) == 0
    assert "new archive" not in capsys.readouterr().err
