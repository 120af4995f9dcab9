"""What `--json` prints is what its published schema says, for every verb that has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import jsonschema
import pytest
from typer.main import get_command

import ytxdata as ytx
from ytxdata.cli import app, main
from ytxdata.emulator import Emulator, write_fleet_file

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference" / "schemas"
MADE = run_path(str(ROOT / "scripts" / "build_schemas.py"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sample archive, a bill, and a report."""
    folder = tmp_path_factory.mktemp("desk")
    ytx.sample("archive").path.rename(folder / "sample.archive")
    with Emulator(meetings=60, seed=1) as server:
        ytx.Archive(folder / "plain.archive").sync(ytx.Client(base_url=server.url, **server.credentials))
    meetings = ytx.sample().meetings
    november = meetings[meetings["started_at"].dt.strftime("%Y-%m") == "2025-11"]
    columns = ["meeting_id", "started_at", "duration_s", "amount_yuan"]
    november[columns].dropna().to_csv(folder / "bill.csv", index=False)
    return folder


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with Emulator(meetings=60, seed=1, accounts=2) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        yield server


LOCAL = [
    [("archive-coverage", "archive coverage --archive sample.archive")],
    [("archive-mirror", "archive mirror mirrored --archive sample.archive")],
    [("witness", "witness bill.csv --kind invoice --from 2025-11-01 --to 2025-12-01 --archive sample.archive")],
    [("verify-archive", "verify sample.archive")],
    [("report", "report --archive sample.archive --out out --format csv"), ("verify-files", "verify out")],
    [("audit", "audit --archive sample.archive --sensitivity")],
    [("audit", "audit --archive sample.archive --from 2025-12-01 --to 2026-01-01 --out audit")],
    [("pack", "pack evidence.zip --archive plain.archive"), ("verify-files", "verify evidence.zip")],
    [("explain", "explain --archive sample.archive --report usage --row 3")],
    [("explain", "explain --archive sample.archive --report creators --row 0 --show-phones")],
    [("notebooks", "notebooks copies")],
    [("export", "export files --archive sample.archive")],
    [("error", "verify nothing.zip")],
    [("error", "report --archive nothing")],
]
"""Lines for the desk, those together that need one another: schema and line."""
ASKING = [
    [("doctor", "doctor")],
    [("doctor", "doctor --archive sample.archive")],
    [("doctor-schema", "doctor --schema")],
    [("fetch", "fetch")],
    [
        ("fleet-sync", "fleet sync fleet.toml"),
        ("fleet-status", "fleet status fleet.toml"),
        ("fleet-report", "fleet report fleet.toml --report usage --out out"),
        ("fleet-audit", "fleet audit fleet.toml"),
    ],
    [("sync", "sync --archive new.archive")],
    [("demo", "demo --out demo --meetings 60 --no-notebook")],
]


def printed(line: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(desk)
    with pytest.raises(SystemExit):
        main([*line.split(), "--json"])
    return json.loads(capsys.readouterr().out)


def check(name: str, value: Any) -> None:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(value)


@pytest.mark.slow
@pytest.mark.every_case
@pytest.mark.parametrize("lines", LOCAL, ids=lambda lines: lines[0][1])
def test_what_is_printed_is_what_was_published(
    lines: list[tuple[str, str]], desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, line in lines:
        check(name, printed(line, desk, monkeypatch, capsys))


@pytest.mark.slow
@pytest.mark.every_case
@pytest.mark.parametrize("lines", ASKING, ids=lambda lines: lines[0][1])
def test_what_verbs_that_ask_print_is_what_was_published(
    lines: list[tuple[str, str]],
    desk: Path,
    served: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_fleet_file(desk / "fleet.toml", served.fleet)
    for name, line in lines:
        check(name, printed(line, desk, monkeypatch, capsys))


@pytest.mark.slow
def test_rows_of_sql_are_what_was_published(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    with pytest.raises(SystemExit):
        main(["sql", "select * from meetings limit 3", "--archive", "sample.archive", "--format", "json"])
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 3
    check("sql", rows)


def test_every_verb_with_json_has_a_schema() -> None:
    def verbs(group: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from verbs(command, (*path, name))
            elif any("--json" in option.opts for option in command.params):
                yield " ".join((*path, name))

    tested = [line for lines in (*LOCAL, *ASKING) for _, line in lines]
    assert [verb for verb in verbs(get_command(app)) if not any(line.startswith(verb) for line in tested)] == []


def test_the_published_schemas_are_those_of_the_script() -> None:
    kept = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert kept == MADE["texts"](), "run: python scripts/build_schemas.py"


def test_a_schema_refuses_what_nobody_described() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("verify-files", {"is_sound": True, "checked": [], "more": 1})
