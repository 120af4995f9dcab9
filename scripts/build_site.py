"""Build the documentation in both languages: English at the top, Chinese under `zh/`, each page linked to its twin.

Usage: python scripts/build_site.py [FOLDER]
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LANGUAGES = ("en", "zh")
ALTERNATES = [{"name": "English", "lang": "en"}, {"name": "中文", "lang": "zh"}]
DESCRIPTION = {
    "en": "Conference history of a telephone-meeting platform, fetched whole, kept for good, counted once, reported honestly",
    "zh": "电话会议平台的会议历史：完整获取、永久存档、统一口径、如实报告",
}
SEARCH_IN_CHINESE = {
    '"Search"': '"搜索"',
    '"Search results"': '"搜索结果"',
    '"No results"': '"没有结果"',
    '"Filters"': '"筛选"',
    '"Tags"': '"标签"',
    '"Close search"': '"关闭搜索"',
    '"Search is unavailable. Reload the page to try again."': '"搜索暂不可用，请重新加载页面。"',
    '${i===1?"result":"results"}': "条结果",
}
"""What the generator's search box says in every language, as its script spells it; its other texts it translates itself."""
SIGNATURE_AND_EXAMPLES = {
    f"show_docstring_{part}": part == "examples"
    for part in ("attributes", "description", "examples", "other_parameters", "parameters", "raises", "receives",
                 "returns", "warns", "yields", "functions", "classes", "modules")
}  # fmt: skip
"""What a Chinese page takes from a docstring, whose prose is English: the page itself says what a thing is for."""


def menu(language: str) -> list[dict[str, Any]]:
    """Return the menu of one language; a row without a Chinese title is a page that exists in English alone."""
    place = LANGUAGES.index(language) + 1
    return [
        {part["title"][place - 1]: [{row[place]: row[0]} for row in part["pages"] if len(row) > place]}
        for part in tomllib.loads((DOCS / "menu.toml").read_text("utf-8"))["section"]
    ]


def settings(language: str) -> dict[str, Any]:
    """Return what the generator is told: the look, and what differs between the languages."""
    project: dict[str, Any] = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    theme = project["theme"] | {"language": language, "custom_dir": str(DOCS / "theme")}
    python = project["plugins"]["mkdocstrings"]["handlers"]["python"]
    python["paths"] = [str(ROOT)]
    if language == "zh":
        python["options"] |= SIGNATURE_AND_EXAMPLES
        project["plugins"]["mkdocstrings"]["locale"] = "zh"
    extra = {"alternate": ALTERNATES, "to_root": {"en": "", "zh": "../"}[language], "generator": False}
    told = {"docs_dir": "docs", "site_dir": "site", "nav": menu(language), "theme": theme, "extra": extra}
    return project | told | {"site_description": DESCRIPTION[language]}


def pages(language: str, folder: Path) -> None:
    """Copy the pages of one language, names in full; what a Chinese page links to in English is the page of the English site beside it."""
    source = DOCS if language == "en" else DOCS / "zh"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("zh", "theme", "menu.toml"))
    for page in folder.rglob("*.md"):
        text = re.sub(r"^::: ytx\.", "::: ytxdata.", page.read_text("utf-8"), flags=re.M)
        if language == "zh":
            up = "../" * len(page.relative_to(folder).parts)
            text = re.sub(rf"\]\({re.escape(up)}([\w/-]+)\.md", rf"]({up}\1.html", text)
        page.write_text(text, "utf-8")


def build(site: Path) -> None:
    """Build both languages into a folder; a link that leads nowhere ends it."""
    shutil.rmtree(site, ignore_errors=True)
    for language, target in zip(LANGUAGES, (site, site / "zh"), strict=True):
        with tempfile.TemporaryDirectory() as folder:
            desk = Path(folder)
            pages(language, desk / "docs")
            (desk / "mkdocs.yml").write_text(json.dumps(settings(language)), "utf-8")
            subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=desk, check=True)
            shutil.copytree(desk / "site", target)
    (script,) = (site / "zh" / "assets" / "javascripts").glob("bundle.*.min.js")
    text = script.read_text("utf-8")
    for english, chinese in SEARCH_IN_CHINESE.items():
        if english not in text:  # another version of the generator: its new words would pass unseen
            raise SystemExit(f"the search box no longer says {english}: look at it, and mend SEARCH_IN_CHINESE")
        text = text.replace(english, chinese)
    script.write_text(text, "utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site").resolve())
