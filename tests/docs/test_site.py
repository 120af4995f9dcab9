"""The docs as a site: built strictly, complete, and saying of the command line and the API what these say themselves."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from runpy import run_path

import pytest
from typer.main import get_command

import ytxdata as ytx
from ytxdata.cli import app
from ytxdata.labels import Lang

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


LANGUAGES: tuple[Lang, ...] = ("en", "zh")
SITE = run_path(str(ROOT / "scripts" / "build_site.py"))


@pytest.mark.slow
def test_the_site_is_whole_and_asks_nothing_of_the_network(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        text = page.read_text("utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\bsrc=\"([^\"]+)\"", text)
        loaded += re.findall(r"<link[^>]*\bhref=\"([^\"]+)\"", text)
        assert [address for address in loaded if address.startswith(("http", "//"))] == []
        if page.name == "404.html":  # is shown at any address, so its own are those of the top
            continue
        led = [*loaded, *re.findall(r"<a[^>]*\bhref=\"([^\"]+)\"", text)]
        paths = {unescape(address.partition("#")[0]) for address in led if not re.match(r"\w+:|#", address)}
        assert [path for path in paths if path and not (page.parent / path).exists()] == [], page


@pytest.mark.slow
def test_each_page_leads_to_its_twin_in_the_other_language(site: Path) -> None:
    for page in site.rglob("*.html"):
        path = page.relative_to(site)
        if path.parts[0] in ("zh", "decisions") or path.name == "404.html":
            continue
        here, there = page.read_text("utf-8"), (site / "zh" / path).read_text("utf-8")
        assert '<html lang="en"' in here
        assert '<html lang="zh"' in there
        for page_of, text, language, target in (
            (path, here, "zh", site / "zh" / path),
            ("zh" / path, there, "en", page),
        ):
            switch = re.search(rf"<a href=\"([^\"]+)\" hreflang=\"{language}\"", text)
            assert switch
            assert ((site / page_of).parent / switch[1]).resolve() == target.resolve()


def test_every_page_stands_in_the_menu_and_has_a_twin() -> None:
    menus = {
        lang: [row for part in SITE["menu"](lang) for rows in part.values() for entry in rows for row in entry.values()]
        for lang in LANGUAGES
    }
    folders: tuple[tuple[Lang, Path], ...] = (("en", DOCS), ("zh", DOCS / "zh"))
    for lang, folder in folders:
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")}
        if lang == "en":
            there = {path for path in there if not path.startswith("zh/")}
        assert sorted(menus[lang]) == sorted(there)
    assert set(menus["en"]) - set(menus["zh"]) == {path for path in menus["en"] if path.startswith("decisions/")}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["build_cli_reference", "build_definitions", "build_performance"])
def test_pages_that_are_made_from_code_are_up_to_date(name: str, lang: Lang) -> None:
    script = run_path(str(ROOT / "scripts" / f"{name}.py"))
    assert script["PAGES"][lang].read_text("utf-8") == script["page"](lang), f"run: python scripts/{name}.py"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_verb_and_option_is_documented(lang: Lang) -> None:
    script = run_path(str(ROOT / "scripts" / "build_cli_reference.py"))
    page = script["PAGES"][lang].read_text("utf-8")
    verbs = dict(script["commands"](get_command(app)))
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


def test_every_picture_of_the_docs_is_drawn_by_the_code_in_both_languages_and_small() -> None:
    script = run_path(str(ROOT / "scripts" / "build_images.py"))
    drawn = {f"{name}.png" for name in (*script["PICTURES"], *script["PHOTOS"])}
    for folder in (DOCS / "images", DOCS / "zh" / "images"):
        assert {path.name for path in folder.iterdir()} == drawn
        assert max(path.stat().st_size for path in folder.iterdir()) < 200_000


@pytest.mark.parametrize("page", ["python.md", "metrics.md", "audit.md"])
def test_the_chinese_reference_has_every_name_and_says_in_chinese_what_it_is_for(page: str) -> None:
    english, chinese = (
        (DOCS / folder / "reference" / page).read_text("utf-8").split("\n::: ")[1:] for folder in ("", "zh")
    )
    assert [part.split()[0] for part in english] == [part.split()[0] for part in chinese]
    assert [part.split()[0] for part in chinese if not re.search("[\u4e00-\u9fff]", part)] == []
