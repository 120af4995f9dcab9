"""The examples of tutorial and how-tos, run as they stand, page by page, against the served platform."""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from ytxdata.archive import Archive
from ytxdata.cli import main
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["tutorial.md", *sorted(f"how-to/{path.name}" for path in (DOCS / "how-to").glob("*.md"))]
NEEDS_SPARK = "how-to/spark.md"


def examples(page: str) -> list[tuple[str, str]]:
    """Return language and text of the blocks that are meant to be run; `console` and `text` are only to be read."""
    text = (DOCS / page).read_text("utf-8")
    return [
        (one, block)
        for one, block in re.findall(r"^```(\w+)\n(.*?)^```", text, flags=re.M | re.S)
        if one in ("sh", "python")
    ]


def run(page: str, folder: Path, names: dict[str, Any]) -> None:
    for language, block in examples(page):
        if language == "python":
            exec(compile(block, page, "exec"), names)
            continue
        for line in block.splitlines():
            program, *arguments = shlex.split(line, comments=True)
            assert program == "ytxdata", line
            with pytest.raises(SystemExit) as ended:
                main(arguments)
            assert ended.value.code in (0, None), line


@pytest.fixture
def desk(server: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with the served account set and the files that a reader has: a book, a bill, a tariff."""
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    told = server.truth()
    lists = {
        "book.csv": (["phone", "name", "department"], told["roster"]),
        # without dates: the company has its meetings of late, and the page speaks of March
        "bill-2026-03.csv": (["meeting_id", "duration_s", "amount_yuan"], told["invoice"]),
    }
    for name, (columns, rows) in lists.items():
        with Path(name).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    shutil.copy(DOCS.parent / "data" / "tariff.toml", "tariff.toml")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page != NEEDS_SPARK])
def test_the_examples_of_a_page_run(page: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examples(page)
    run(page, desk, {})
    said = capsys.readouterr()
    assert "Traceback" not in said.err


def test_examples_speak_of_one_archive() -> None:
    for page in PAGES:
        for _, block in examples(page):
            assert "--archive" not in block or "--archive meetings.archive" in block


@pytest.mark.spark
@pytest.mark.slow
def test_the_examples_of_the_spark_page_run(desk: Path) -> None:
    if shutil.which("java") is None or find_spec("pyspark") is None:
        if os.environ.get("YTX_REQUIRE_SPARK") == "1":
            pytest.fail("Spark is required, and there is no Java or no pyspark")
        pytest.skip("Spark needs Java and pyspark")
    with Emulator(meetings=20) as small:
        Archive("meetings.archive").sync(Client(base_url=small.url, **small.credentials))
    blocks = [block for _, block in examples(NEEDS_SPARK)]
    # a process of its own, so that no other test meets this session
    done = subprocess.run([sys.executable, "-c", "\n".join(blocks)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pyspark")
    assert (desk / "sizes_spark.csv").exists()
