"""The docs as a site: built strictly, complete, and saying of the command line and the API what these say themselves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest
from typer.main import get_command

import ytxdata as ytx
from ytxdata.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.slow
def test_the_site_builds_strictly_and_asks_nothing_of_the_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = [path.read_text("utf-8") for path in tmp_path.rglob("*.html")]
    assert len(pages) > 20
    for page in pages:
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\bsrc=\"([^\"]+)\"", page)
        loaded += re.findall(r"<link[^>]*\bhref=\"([^\"]+)\"", page)
        assert [address for address in loaded if address.startswith(("http", "//"))] == []


def test_the_page_of_the_command_line_is_up_to_date() -> None:
    made = run_path(str(ROOT / "scripts" / "build_cli_reference.py"))["page"]()
    kept = (DOCS / "reference" / "cli.md").read_text("utf-8")
    assert kept == made, "run: python scripts/build_cli_reference.py"


def test_every_verb_and_option_is_documented() -> None:
    page = (DOCS / "reference" / "cli.md").read_text("utf-8")
    commands = run_path(str(ROOT / "scripts" / "build_cli_reference.py"))["commands"]
    verbs = dict(commands(get_command(app)))
    assert {"ytxdata report", "ytxdata archive coverage"} <= set(verbs)
    for name, command in verbs.items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for option in command.params:
            assert option.help, f"{name} {option.name}"
            assert (option.opts[0] if option.opts[0].startswith("-") else option.name.upper()) in section


def test_every_public_name_is_in_the_reference() -> None:
    pages = "\n".join(path.read_text("utf-8") for path in (DOCS / "reference").glob("*.md"))
    told = {line.rpartition(".")[2] for line in re.findall(r"^::: (\S+)", pages, flags=re.M)}
    covered_by_a_module = {"YtxError", "__version__", "audit", "errors", "metrics", "plots"}
    assert set(ytx.__all__) - covered_by_a_module <= told
    assert set(ytx.metrics.__all__) - {"DEFINITIONS", "REPORTS", "By", "ReportSource"} <= told
    assert set(ytx.plots.__all__) - {"PICTURES"} <= told
    assert set(ytx.audit.__all__) - {"CHECKS"} <= told


def test_every_picture_of_the_docs_is_drawn_by_the_code_and_small() -> None:
    script = run_path(str(ROOT / "scripts" / "build_images.py"))
    drawn = {f"{name}.png" for name in (*script["PICTURES"], *script["PHOTOS"])}
    assert {path.name for path in (DOCS / "images").iterdir()} == drawn
    assert max(path.stat().st_size for path in (DOCS / "images").iterdir()) < 200_000
