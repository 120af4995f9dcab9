"""The pages lead to what there is: public names in the reference, files in the prose."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMED = sorted({name for page in PAGES for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), flags=re.M)})


@pytest.mark.parametrize("name", NAMED)
def test_what_the_reference_describes_is_there(name: str) -> None:
    parts = name.replace("ytx.", "ytxdata.", 1).split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return
    raise AssertionError(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return
    text = page.read_text("utf-8")
    named = set(re.findall(r"`((?:ytxdata|tests|benchmarks|scripts|docs|data|notebooks)/[\w./-]+\.\w+)`", text))
    named |= {
        f"ytxdata/{inner}"
        for inner in re.findall(
            r"`((?:archive|audit|cli|emulator|history|metrics|pages|platform|plots|records|tables|templates)/[\w/]+\.py)`",
            text,
        )
    }
    assert not sorted(name for name in named if not (ROOT / name).exists())


def test_the_glossary_gives_each_word_one_meaning_in_both_languages() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and not line.startswith(("| word", "| ---"))
    ]
    words = [row[0].lower() for row in rows]
    assert words == sorted(set(words))
    assert all(len(row) == 3 and re.search("[\u4e00-\u9fff]", row[1]) and row[2] for row in rows)
    chinese = [row[1] for row in rows]
    assert sorted(chinese) == sorted(set(chinese))
