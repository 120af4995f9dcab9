"""The pages of the ways out: fifteen questions in SQL, each answered; recipes of other tools, run as far as they go without them."""

from __future__ import annotations

import ast
import configparser
import csv
import re
import shlex
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
from typer.main import get_command

from ytxdata.archive import Archive
from ytxdata.cli import app
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str = r"\w+") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text("utf-8"), flags=re.M | re.S)


def questions(page: str) -> list[str]:
    return blocks(page, "sql")


def test_both_languages_ask_the_same_fifteen_questions() -> None:
    english = questions("how-to/sql.md")
    assert english == [one.replace("reason_zh", "reason_en") for one in questions("zh/how-to/sql.md")]
    assert len(set(english)) == 15


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, Path]:
    """A company where things went wrong, synced before and after, and its address book."""
    folder = tmp_path_factory.mktemp("sql")
    archive = Archive(folder / "meetings.archive")
    with Emulator(meetings=400, seed=7, planted=True) as server:
        client = Client(base_url=server.url, **server.credentials)
        archive.sync(client)
        server.advance(hours=2)
        archive.sync(client)
        with (folder / "book.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, ["phone", "name", "department"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(server.truth()["roster"])
    return archive, folder / "book.csv"


ALWAYS = (1, 2, 3, 4, 5, 8, 9, 11, 12, 13, 14)
"""Questions to which this company has an answer of at least one row."""


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 16))
def test_a_question_is_answered(company: tuple[Archive, Path], number: int) -> None:
    archive, book = company
    rows = archive.sql(questions("how-to/sql.md")[number - 1], book=book).arrow
    assert rows.num_columns >= 2
    assert rows.num_rows >= (1 if number in ALWAYS else 0)
    if number == 1:
        dated = archive.meetings()["started_at"].notna().sum()
        assert sum(rows["meetings"].to_pylist()) == dated
    if number == 3:
        assert sum(rows["meetings"].to_pylist()) == len(archive.meetings())


RECIPES = "how-to/orchestrators.md"


def test_both_languages_have_the_same_recipes() -> None:
    assert blocks(RECIPES) == blocks(f"zh/{RECIPES}")


def parsed(command: str) -> str:
    """The verb of a command of ours whose options all exist."""
    _, verb, *arguments = shlex.split(command)
    get_command(app).commands[verb].make_context(verb, arguments)  # type: ignore[attr-defined]  # it is a group
    return verb


@pytest.mark.slow
def test_cron_and_systemd_name_commands_that_exist() -> None:
    (line,) = blocks(RECIPES, "text")
    assert len(line.split("  ")[0].split()) == 5
    commands = [part.split(">>")[0] for part in line.split("&&") if "ytxdata " in part]
    assert [parsed(command) for command in commands] == ["sync", "export"]
    service, timer = blocks(RECIPES, "ini")
    unit = configparser.RawConfigParser(strict=False)
    unit.read_string(timer)
    assert unit["Timer"]["OnCalendar"] == "*:0/30"
    assert [parsed(command) for command in re.findall(r"^ExecStart=(.*)$", service, flags=re.M)] == ["sync", "export"]


@pytest.mark.slow
def test_the_recipes_in_python_are_python_and_their_functions_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow, dagster = (ast.parse(block) for block in blocks(RECIPES, "py"))
    assert {node.name for node in dagster.body if isinstance(node, ast.FunctionDef)} >= {
        "meetings_archive",
        "meetings_export",
    }
    functions = ast.Module([node for node in airflow.body if isinstance(node, ast.FunctionDef)], [])
    names: dict[str, Any] = {}
    exec(compile(functions, RECIPES, "exec"), names)
    monkeypatch.chdir(tmp_path)
    with Emulator(meetings=30) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        assert names["sync_meetings"]("meetings.archive")["new"] == 30
    assert names["export_meetings"]("meetings.archive", "out")["rows"]["meetings"] == 30
    # what dbt does with source and model: each table is what `external_location` says, its name put in
    (sources,), (model,) = blocks(RECIPES, "yaml"), blocks(RECIPES, "jinja")
    location = re.search(r'external_location: "(.*)"', sources)
    assert location is not None
    text = jinja2.Template(model).render(source=lambda _, table: location[1].format(name=table))
    with duckdb.connect() as connection:
        assert sum(row[1] for row in connection.sql(text).fetchall()) == 30
