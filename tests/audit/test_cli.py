"""The verbs audit, pack and verify as a nightly job and a person use them."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.authority import Authority
from tests.audit.office import Story
from tests.cli.verbs import run
from tests.effort import some
from ytxdata import audit
from ytxdata.emulator import Emulator


@pytest.fixture
def lists(story: Story, tmp_path: Path) -> dict[str, Path]:
    paths = {name: tmp_path / f"{name}.csv" for name in ("roster", "invoice")}
    story.roster.to_csv(paths["roster"], index=False, encoding="utf-8-sig")
    story.invoice.to_csv(paths["invoice"], index=False)
    return paths


QUICK = ("--check", "over_long", "--check", "duplicate_exact", "--check", "unknown_number")


@pytest.mark.slow
def test_a_nightly_job_rings_while_a_grave_finding_is_open(
    story: Story, lists: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    nightly = (
        "audit",
        "--archive",
        story.archive.path,
        "--roster",
        lists["roster"],
        *QUICK,
        "--fail-on",
        "crit",
        "--since-last",
        "--json",
    )
    assert run(*nightly) == 1
    first = json.loads(capsys.readouterr().out)
    grave = [row["finding_id"] for row in first["findings"] if row["severity"] == "crit"]
    assert len(grave) >= 3
    assert run(*nightly) == 1
    assert json.loads(capsys.readouterr().out)["findings"] == []
    for finding_id in grave:
        assert (
            run(
                "audit",
                "--archive",
                story.archive.path,
                *QUICK,
                "--accept",
                finding_id,
                "--reason",
                "已核实",
                "--by",
                "审计员",
            )
            == 0
        )
    capsys.readouterr()
    assert run(*nightly) == 0
    assert json.loads(capsys.readouterr().out)["exit_code"] == 0
    assert run(*nightly[:-4], "--fail-on", "warn") == 1


@pytest.mark.slow
def test_people_read_sentences_with_masked_numbers(
    story: Story, lists: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("audit", "--lang", "en", "--archive", story.archive.path, "--roster", lists["roster"], *QUICK)
    assert run(*command) == 0
    told = capsys.readouterr()
    summary, *checks = told.out.split("\n\n")
    assert summary.splitlines()[0].split() == ["check", "crit", "warn", "new", "persisting", "resolved", "accepted"]
    assert [check.split()[0] for check in checks] == [line.split()[0] for line in summary.splitlines()[1:]]
    assert "154****" in told.out
    assert "+86154" not in told.out
    assert "“now” is 2026-03-04 02:00:00" in told.err
    assert "at the latest (a ceiling" in told.err
    assert run(*command, "--show-phones") == 0
    assert "+86154" in capsys.readouterr().out


@pytest.mark.slow
def test_at_most_five_findings_of_a_check_are_listed_unless_all_are_asked_for(
    story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("audit", "--lang", "en", "--archive", story.archive.path, "--check", "off_hours")
    assert run(*command) == 0
    few = capsys.readouterr().out
    assert run(*command, "--all") == 0
    everything = capsys.readouterr().out
    listed = [sum(line.startswith("  warn") for line in text.splitlines()) for text in (few, everything)]
    assert listed[0] == 5 < listed[1]
    assert f"… and {listed[1] - 5} more: --check off_hours --all" in few
    assert "more:" not in everything
    assert run("audit", "--lang", "zh", *command[3:]) == 0
    told = capsys.readouterr().out
    assert "  警告  " in told
    assert not {"warn", "crit", "persisting"} & set(told.split("\n\n", 1)[1].split())


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="modes of files differ there")
def test_what_is_remembered_of_findings_is_for_its_owner_alone(story: Story) -> None:
    assert run("audit", "--archive", story.archive.path, *QUICK) == 0
    journal = Path(f"{story.archive.path}.audit.jsonl")
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    journal.chmod(0o644)  # as earlier versions left it
    finding = json.loads(journal.read_text("utf-8").splitlines()[0])["finding_id"]
    accept = ("--accept", finding, "--reason", "known", "--by", "me")
    assert run("audit", "--archive", story.archive.path, *QUICK, *accept) == 0
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a closed pipe is another error there")
def test_a_verdict_stands_when_nobody_reads_on(story: Story, tmp_path: Path) -> None:
    def unread(*arguments: object) -> int:
        ours, theirs = os.pipe()
        os.close(ours)
        program = [sys.executable, "-m", "ytxdata", *map(str, arguments)]
        try:
            return subprocess.run(program, stdout=theirs, stderr=theirs, check=False).returncode
        finally:
            os.close(theirs)

    damaged = tmp_path / "damaged.archive"
    shutil.copytree(story.archive.path, damaged)
    next(damaged.rglob("*.parquet")).write_bytes(b"nothing of it")
    audit = ("audit", "--archive", story.archive.path, *QUICK)
    heard = [((*audit, "--fail-on", "crit"), 1), (("verify", damaged), 5)]
    others: list[tuple[tuple[object, ...], int]] = [
        (audit, 0), (("verify", damaged, "--json"), 5), (("--help",), 0), (("nonsense",), 2),
    ]  # fmt: skip
    for arguments, code in (*heard, *some(others, 1)):
        assert unread(*arguments) == code, arguments


@pytest.mark.slow
def test_a_configuration_file_and_tables_on_disk(
    story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "audit.toml"
    config.write_text("[over_long]\nwarn_s = 90000\ncrit_s = 90000\n")
    out = tmp_path / "out"
    assert (
        run(
            "audit",
            "--archive",
            story.archive.path,
            "--check",
            "over_long",
            "--config",
            config,
            "--sensitivity",
            "--out",
            out,
            "--json",
        )
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["findings"] == []
    assert {row["parameter"] for row in told["sensitivity"]} == {"warn_s", "crit_s"}
    assert {path.name for path in out.glob("*.csv")} == {
        "findings.csv",
        "audit_summary.csv",
        "sensitivity.csv",
        "changes.csv",
        "moved.csv",
    }


@pytest.mark.slow
def test_what_accepting_takes_is_named_as_it_is_given(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--lang", "en", "audit", "--archive", story.archive.path, *QUICK, "--accept", "0", "--by", "me") == 2
    told = capsys.readouterr().err
    assert "--reason" in told
    assert "--by" in told


@pytest.mark.slow
def test_a_read_only_place_ends_an_audit_as_its_findings_do(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("ytxdata.audit.findings.append_lines", refused)
    assert run("--lang", "en", "audit", "--archive", story.archive.path, *QUICK, "--fail-on", "crit") == 1
    told = capsys.readouterr()
    assert "over_long" in told.out
    assert "Read-only file system" in told.err


@pytest.mark.slow
def test_of_a_bill_it_is_said_how_much_agrees_and_every_line_is_written(
    story: Story, lists: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("audit", "--archive", story.archive.path, "--invoice", lists["invoice"], "--check", "billing_mismatch")
    run("--lang", "en", *asked)
    assert "the bill and the records agree on " in capsys.readouterr().err
    run(*asked, "--out", tmp_path / "out", "--json")
    told = json.loads(capsys.readouterr().out)
    lines = audit.reconcile(story.archive, lists["invoice"])
    assert told["notes"][2] == lines.agreement._asdict()
    assert [row["state"] for row in told["reconciliation"]] == [*lines.frame["state"]]
    with (tmp_path / "out" / "reconciliation.csv").open(encoding="utf-8-sig") as file:
        assert len([*csv.DictReader(file)]) == len(lines.frame)
    about = json.loads((tmp_path / "out" / "reconciliation.about.json").read_text("utf-8"))
    assert about["notes"][0] == lines.agreement._asdict()
    number = next(one for one in story.archive.meetings()["creator"].dropna())
    assert number not in (tmp_path / "out" / "reconciliation.csv").read_text("utf-8-sig")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fail-on", "bad"),
        ("--roster", "nowhere.csv"),
        ("--config", "nowhere.toml"),
        ("--check", "nothing"),
        ("--from", "soon"),
        ("--accept", "0123456789abcdef", "--reason", "why", "--by", "me"),
    ],
)
def test_wrong_usage_ends_with_2(story: Story, arguments: tuple[str, ...]) -> None:
    quick = () if "--check" in arguments else QUICK
    assert run("audit", "--archive", story.archive.path, *quick, *arguments) == 2


def test_no_archive_is_no_clean_audit(tmp_path: Path) -> None:
    assert run("audit", "--archive", tmp_path / "nowhere") == 2
    assert run("pack", tmp_path / "p.zip", "--archive", tmp_path / "nowhere") == 2


@pytest.mark.slow
def test_pack_and_verify(story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, digest = tmp_path / "evidence.zip", tmp_path / "evidence.sha256"
    assert run("pack", path, "--archive", story.archive.path, "--digest", digest, "--json") == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == digest.read_text().split()[0]
    assert run("verify", path) == 0
    assert "chain" in capsys.readouterr().out
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    assert run("verify", path) == 5


def test_the_doctor_says_how_often_to_sync(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    run("doctor", "--lang", "en", "--archive", story.archive.path, "--base-url", "http://127.0.0.1:9")
    assert "at the latest (a ceiling" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("where", ["file", "address", "-"])
def test_a_sync_publishes_the_head_and_a_rewritten_disk_is_found_out(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, heads = tmp_path / "m.archive", tmp_path / "heads.jsonl"
    authority = Authority.make()
    with Emulator(meetings=5, seed=1) as server, authority.serving() as address:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        told = {"file": heads, "address": address}.get(where, "-")
        for _ in range(2):
            server.advance(days=1)
            assert run("sync", "--archive", kept, "--publish-head", told) == 0
        out = capsys.readouterr().out
        if where != "file":
            lines = [one.decode().strip() for one in authority.received] if where == "address" else out.splitlines()
            heads.write_text("\n".join(line for line in lines if "ytxdata-head/1" in line), encoding="utf-8")
        assert run("verify", kept, "--heads", heads) == 0
        published = [json.loads(line) for line in heads.read_text("utf-8").splitlines()]
        assert len(published) == 2
        assert published[0]["pulls"] < published[1]["pulls"]
        again = tmp_path / "again.archive"
        assert run("sync", "--archive", again) == 0
    capsys.readouterr()
    assert run("verify", again, "--heads", heads) == 5
    assert "rewritten after pull 0" in capsys.readouterr().err


@pytest.mark.slow
def test_a_head_that_nobody_takes_leaves_the_sync_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Emulator(meetings=3, seed=1) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        assert run("sync", "--archive", tmp_path / "a", "--publish-head", tmp_path / "none" / "heads") == 2
        assert run("sync", "--archive", tmp_path / "a", "--publish-head", "http://127.0.0.1:9/") == 2
    assert "not published" in capsys.readouterr().err
    assert run("verify", tmp_path / "a") == 0
