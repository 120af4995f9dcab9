"""The examples of all pages and READMEs, run as they stand, page by page, against the served platform.

A Chinese page holds the blocks of its English twin, but for comments and the language they ask for: what is run once is
true of both.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
import pytest

from ytxdata.archive import Archive
from ytxdata.audit import CHECKS
from ytxdata.cli import main
from ytxdata.emulator import Emulator, write_fleet_file
from ytxdata.history.client import Client
from ytxdata.metrics.definitions import DEFINITIONS
from ytxdata.metrics.registry import REPORTS
from ytxdata.pages import html_report, notebook

pytestmark = pytest.mark.usefixtures("drawn_once")

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NEEDS_SPARK = "docs/how-to/spark.md"
MADE_FROM_COMMANDS = "docs/reference/cli.md"
READ_ONLY = {"console", "text", "toml", "json", "sql", "yaml", "bash", "powershell", "ini", "py", "jinja"}
"""Languages of blocks that are only to be read: output, files, and what belongs to other programs; questions in SQL and
recipes of other tools are run in `test_exits_pages`."""


def texts() -> Iterator[str]:
    """Yield the pages in English by their path in the repository."""
    yield from ("README.md", "CONTRIBUTING.md")
    for path in sorted(DOCS.rglob("*.md")):
        if path.relative_to(DOCS).parts[0] not in ("zh", "decisions"):
            yield path.relative_to(ROOT).as_posix()


def blocks(page: str) -> list[tuple[str, str]]:
    """Return language and text of the blocks of a page."""
    text = (ROOT / page).read_text("utf-8")
    return re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.M | re.S)


def examples(page: str) -> list[tuple[str, str]]:
    """Return the blocks that are meant to be run."""
    return [(one, block) for one, block in blocks(page) if one not in READ_ONLY]


PAGES = [page for page in texts() if examples(page)]


def run(page: str, folder: Path, names: dict[str, Any]) -> None:
    for language, block in examples(page):
        assert language in ("sh", "python"), (
            f"{page}: a block of {language!r} is neither run nor known as only to be read"
        )
        if language == "python":
            exec(compile(block, page, "exec"), names)
            continue
        for line in block.splitlines():
            line = line.replace("python3 -m pip install uv && ", "")
            program, *arguments = shlex.split(line, comments=True)
            if program == "python3":
                assert_installable(arguments)
            else:
                assert program == "ytxdata", line
                run_command(arguments, line)


def run_command(arguments: list[str], line: str) -> None:
    """Run a line of the command line; what a reader would stay in (JupyterLab, a shell) is asked for its version."""
    if "--run" in arguments:
        place = arguments.index("--run") + 1
        program, *rest = arguments[place:]
        commands = {
            "ytxdata": [sys.executable, "-m", "ytxdata", *rest],
            "jupyter": [sys.executable, "-m", "jupyter", rest[0], "--version"] if rest else [],
            "bash": ["bash", "--version"],
        }
        arguments = [*arguments[:place], *commands[program]]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    # the company has its meetings of late, and the pages hold bills of March against them: something is wrong with that
    assert ended.value.code in ((0, None, 1) if arguments[0] == "witness" else (0, None)), line


def assert_installable(arguments: list[str]) -> None:
    """Assert of a line that would download what it installs: the extras, groups and commands it names are there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    told = " ".join(arguments)
    extras = [name for names in re.findall(r"\.\[([\w,]+)\]", told) for name in names.split(",")]
    extras += re.findall(r"--extra (\w+)", told)
    assert set(extras) <= set(project["project"]["optional-dependencies"])
    assert set(re.findall(r"--group (\w+)", told)) <= set(project["dependency-groups"])
    verb = re.search(r"ytxdata (\w+)$", told)
    if verb:
        with pytest.raises(SystemExit) as ended:
            main([verb[1], "--help"])
        assert ended.value.code in (0, None)
    assert extras or "--group" in told or "install" in told


@pytest.fixture(autouse=True)
def own_ones_go() -> Iterator[None]:
    """Forget checks and metrics of a reader's own with the page: other tests ask what the package has."""
    registries: tuple[dict[str, Any], ...] = (CHECKS, REPORTS, DEFINITIONS)
    before = [dict(one) for one in registries]
    yield
    for registry, was in zip(registries, before, strict=True):
        registry.clear()
        registry.update(was)


@pytest.fixture(scope="module")
def small() -> Iterator[Emulator]:
    """A platform with a company of a few weeks, of which reports are soon made."""
    with Emulator(meetings=40, seed=1) as running:
        yield running


@pytest.fixture
def desk(small: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with the served account set and the files that a reader has: books, a bill, a tariff."""
    for name, value in small.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    told = small.truth()
    lists = {
        "book.csv": (["phone", "name", "department"], told["roster"]),
        "data/roster.csv": (["phone", "name", "department"], told["roster"]),
        "data/invoice.csv": (["meeting_id", "duration_s", "amount_yuan"], told["invoice"]),
        # without dates: the company has its meetings of late, and the page speaks of March
        "bill-2026-03.csv": (["meeting_id", "duration_s", "amount_yuan"], told["invoice"]),
        "bill.csv": (["meeting_id", "duration_s", "amount_yuan"], told["invoice"]),
    }
    Path("data").mkdir()
    for name, (columns, rows) in lists.items():
        with Path(name).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    shutil.copy(ROOT / "data" / "tariff.toml", "tariff.toml")
    write_fleet_file(Path("fleet.toml"), small.fleet)
    with Path("fleet.toml").open("a", encoding="utf-8") as file:
        file.write('labels = { company = "Northern Trading", region = "north" }\n')
    return tmp_path


@pytest.mark.slow
@pytest.mark.every_case
@pytest.mark.parametrize("page", [page for page in PAGES if page not in (NEEDS_SPARK, MADE_FROM_COMMANDS)])
def test_the_examples_of_a_page_run(
    page: str, desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if page != "README.md":  # pages of reports have pictures there; elsewhere they took a third of the time
        monkeypatch.setattr(html_report, "SIZES", ())
        # the notebook of reports is run in `tests/pages`: here it is found, and written as a page
        monkeypatch.setattr(notebook, "execute", lambda path, **_: nbformat.read(path, as_version=4))
    run(page, desk, {})
    said = capsys.readouterr()
    assert "Traceback" not in said.err


def test_examples_speak_of_one_archive_and_its_mirrors() -> None:
    for page in PAGES:
        for _, block in examples(page):
            named = set(re.findall(r"--archive (\S+)", block))
            assert named <= {"meetings.archive", "s3://bucket/meetings", "backup/meetings"}


def twin(page: str) -> str:
    return "README.zh.md" if page == "README.md" else page.replace("docs/", "docs/zh/", 1)


def bare(language: str, block: str) -> list[str]:
    """Return the words of a block without what may differ between the languages: comments, and the language it asks for."""
    if language == "sh":
        return shlex.split(block, comments=True)
    tokens = tokenize.generate_tokens(io.StringIO(block).readline)
    words = [one.string for one in tokens if one.type not in (tokenize.COMMENT, tokenize.NL)]
    given = {after for word, after in zip(words, words[2:], strict=False) if word in ("lang", "reason", "by")}
    return ["…" if word in given or word in ("en", "zh") else word for word in words]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CONTRIBUTING.md"])
def test_a_chinese_page_has_the_examples_of_its_twin(page: str) -> None:
    pair = [[bare(*example) for example in examples(one)] for one in (page, twin(page))]
    assert pair[0] == pair[1]


@pytest.mark.spark
@pytest.mark.slow
def test_the_examples_of_the_spark_page_run(desk: Path) -> None:
    if shutil.which("java") is None or find_spec("pyspark") is None:
        if os.environ.get("YTX_REQUIRE_SPARK") == "1":
            pytest.fail("Spark is required, and there is no Java or no pyspark")
        pytest.skip("Spark needs Java and pyspark")
    Archive("meetings.archive").sync(Client())
    blocks = [block for _, block in examples(NEEDS_SPARK)]
    # a process of its own, so that no other test meets this session
    quick = {**os.environ, "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}  # it is over before it pays
    command = [sys.executable, "-c", "\n".join(blocks)]
    done = subprocess.run(command, env=quick, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pyspark")
    assert (desk / "sizes_spark.csv").exists()
