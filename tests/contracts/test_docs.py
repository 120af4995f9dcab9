"""The pages lead to what there is: public names in the reference, files in the prose."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ytxdata.records import schema

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMED = sorted({name for page in PAGES for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), flags=re.M)})


def described(name: str) -> Any:
    """What a name of the reference stands for."""
    parts = name.replace("ytx.", "ytxdata.", 1).split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise AssertionError(name)


@pytest.mark.parametrize("name", NAMED)
def test_what_the_reference_describes_is_there_with_an_example(name: str) -> None:
    found = described(name)
    if inspect.ismodule(found):
        return
    members = [vars(one).values() for one in found.__mro__[:-1]] if inspect.isclass(found) else []
    texts = [getattr(found, "__doc__", ""), *(getattr(one, "__doc__", "") for each in members for one in each)]
    # all of these run in the doctests of the whole package
    assert any(">>>" in (text or "") for text in texts), f"{name} shows no example"


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


def _told(node: ast.expr) -> str | None:
    """What a text in the code says; `{}` for what is filled in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in parts) or None


def _texts() -> list[tuple[str, str, str]]:
    """Every text of the package in both languages, with its place."""
    found = []
    for path in sorted((ROOT / "ytxdata").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text" and len(node.args) == 2:
                zh, en = map(_told, node.args)
                if zh and en:
                    found.append((f"{path.relative_to(ROOT)}:{node.lineno}", zh, re.sub(r"\w+\.pulls\(\)", "", en)))
    return found


@pytest.mark.slow
def test_a_pull_is_one_word_in_chinese() -> None:
    """拉取 is one call as the archive keeps it; 调用 any call, 查询 a question in SQL: mixed, a reader looks for three things."""
    texts = _texts()
    assert len(texts) > 1_000
    assert not [one for one in texts if bool(re.search(r"\bpull(s|ed)?\b", one[2], re.I)) != ("拉取" in one[1])]
    mixed = re.compile("(查询|调用)(编号|链)|各次(查询|调用)|前一次(查询|调用)|(旧值|新值)(查询|调用)")
    pages = [page for page in PAGES if re.search("[\u4e00-\u9fff]{20}", page.read_text("utf-8"))]
    assert not [(page.name, found[0]) for page in pages for found in mixed.finditer(page.read_text("utf-8"))]


_NO_PROSE = re.compile(r"^```.*?^```|`[^`\n]*`|<!--.*?-->|\]\([^)]*\)|https?://\S+|^:::.*$|^ {4}.*$", re.M | re.S)
"""What is no prose of a page: code, names, addresses."""
_ENGLISH = re.compile(r"(?:[A-Za-z][A-Za-z'-]* ){3,}[A-Za-z]+")
_CHINESE = re.compile("[\u4e00-\u9fff\uff0c\u3002\uff1b\uff1a\u3001]{6,}")
_KEYS = {key for column in (*schema.MEETINGS, *schema.LEGS) for key in column.candidates}
_TITLES = {"Meetings usage report terms and definitions", "SIL Open Font License", "not in the book", *_KEYS}
"""What others call their own things, keys of the platform among them, and a key of frames, is not translated."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_has_no_sentence_of_the_other_language(page: Path) -> None:
    if page.name in ("SECURITY.md", "glossary.md"):
        return  # one file in both languages
    prose = _NO_PROSE.sub(" ", page.read_text("utf-8"))
    is_chinese = "zh" in page.parts or page.name == "README.zh.md"
    found = {one[0] for one in (_ENGLISH if is_chinese else _CHINESE).finditer(prose)}
    assert not {one for one in found if not any(title in one or one in title for title in _TITLES)}
