"""The two READMEs are one text in two languages: the same commands, headings, links and code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")


def blocks(text: str) -> list[str]:
    found = re.findall(r"```\w*\n(.*?)```", text, flags=re.S)
    return [re.sub(r"\s*#.*", "", block) for block in found]


def test_both_readmes_have_the_same_commands_and_code() -> None:
    assert blocks(ENGLISH) == blocks(CHINESE)
    assert any("uv run --extra demo ytxdata demo" in block for block in blocks(ENGLISH))
    assert any("uv run --group dev pytest" in block for block in blocks(ENGLISH))


def test_both_readmes_have_the_same_headings() -> None:
    levels = [
        re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.S), flags=re.M) for text in (ENGLISH, CHINESE)
    ]
    assert levels[0] == levels[1]
    assert len(levels[0]) >= 8


def test_both_readmes_link_to_the_same_files_and_each_file_exists() -> None:
    english, chinese = (
        set(re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)) - {"README.md", "README.zh.md"}
        for text in (ENGLISH, CHINESE)
    )
    assert english == {link.replace("docs/zh/", "docs/", 1) for link in chinese}
    for link in english | chinese:
        assert (ROOT / link).exists(), link


def test_both_readmes_name_the_same_settings_and_inline_code() -> None:
    names = [set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))) for text in (ENGLISH, CHINESE)]
    assert names[0] == names[1]
