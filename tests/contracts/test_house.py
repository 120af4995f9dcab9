"""The house is small enough to be known: few files, none of them long, no name that stands for two things."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ytxdata"
MODULES = sorted(PACKAGE.rglob("*.py"))

MOST_FILES = 240
"""A ratchet: one more is one more to know, and comes only where no file here could say what it says."""


LONGEST_FILE = 450
LONGEST_LINE = 120

WHOLE = {"verifier.py": 1031}
"""What may be longer: a pack holds its verifier as one file, which nothing is beside."""

NAMED_AFTER_ANOTHER = ("cli", "plots")
"""Folders where a file bears the name of what it opens or draws: a verb of the command line, the report in a picture."""


def test_the_house_has_few_files() -> None:
    assert len(MODULES) <= MOST_FILES


def test_no_file_is_longer_than_one_reads_at_a_sitting() -> None:
    long = {
        str(path): n
        for path in MODULES
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > WHOLE.get(path.name, LONGEST_FILE)
    }
    assert not long


def test_a_file_name_leads_to_one_file() -> None:
    places = defaultdict(list)
    for path in MODULES:
        if path.parent.name not in NAMED_AFTER_ANOTHER and not path.stem.startswith("__"):
            places[path.stem].append(path.relative_to(PACKAGE).as_posix())
    shared = {name: where for name, where in places.items() if len(where) > 1}
    assert not shared


@pytest.mark.slow
def test_a_class_name_means_one_thing() -> None:
    places = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(PACKAGE).as_posix())
    shared = {name: where for name, where in places.items() if len(where) > 1}
    assert not shared


@pytest.mark.slow
def test_lines_are_short_but_in_tables_of_data() -> None:
    """A line may be long where it is nothing but one text for people, or where a table is kept out of the formatter."""
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("ytxdata", "tests", "benchmarks", "scripts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in _long_lines(path)
        if not re.fullmatch(r"""\s*(?:\w+=)?[frb]*(["']).*\1[,)]*""", line)
    ]
    assert not long


def _long_lines(path: Path) -> list[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    told = [_SUPPRESSED.sub("", line) for line in lines]
    long = [(n, line) for n, line in enumerate(told, 1) if len(line) > LONGEST_LINE]
    if not long:
        return []
    tables = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt | ast.Call)
        and node.end_lineno
        and lines[node.end_lineno - 1].endswith("# fmt: skip")
        for number in range(node.lineno, node.end_lineno + 1)
    }
    return [(n, line) for n, line in long if n not in tables]


_SUPPRESSED = re.compile(r"  # (?:type: ignore|noqa).*")
"""What a checker is told stands on the line it is about, however long that is."""


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests of all files")
def test_the_tests_of_a_file_share_a_process(request: pytest.FixtureRequest) -> None:
    """Without it each process makes what a file's tests share for itself, and starts a Spark of its own."""
    assert request.node.nodeid.endswith("@tests/contracts/test_house.py")


@pytest.mark.slow
def test_no_word_is_misspelt() -> None:
    """Stems that patterns look for are named in `pyproject.toml`: a dictionary of mistakes takes them for words."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no clone: nobody says which files are the house's")
    program = Path(sys.executable).with_name("codespell")
    files = listed.stdout.strip("\0").split("\0")
    done = subprocess.run([program, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stdout
