"""Whatever is asked for in one language is in that language: pages, workbooks, pictures, audits; names in the data excepted."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Text

from ytxdata import audit
from ytxdata.archive import Archive
from ytxdata.audit.pack_words import in_either
from ytxdata.errors import DamagedError
from ytxdata.labels import Lang
from ytxdata.metrics.report import Report
from ytxdata.pages.collection import Collection
from ytxdata.pages.html_report import page, write_page
from ytxdata.pages.report_files import write_files
from ytxdata.pages.workbook import write_report
from ytxdata.plots import PICTURES
from ytxdata.records.profile import profile
from ytxdata.records.schema import LEGS, MEETINGS
from ytxdata.tables.table import Table

LANGUAGES: tuple[Lang, ...] = ("zh", "en")
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
ENGLISH = re.compile(r"(?:\b[A-Za-z]{2,}[ ,;:]+){3,}[A-Za-z]{2,}")
"""Four words in a row: less than that are names and keys, which have one form in both languages."""
KEYS = re.compile(r"^(excluded|note): |^[a-z_]+(, [a-z_]+)*$|^[\w.]+(?:(?: ?[|,] ?| )[\w.]+)*$")
OF_PLATFORM = sorted({key for one in (*MEETINGS, *LEGS) for key in one.candidates}, key=len, reverse=True)


@pytest.fixture(scope="module")
def names(archive: Archive) -> list[str]:
    """What people and the platform wrote, the longest first: it is in whatever language it is in."""
    meetings, legs = archive.meetings(), archive.legs()
    columns = [meetings["name"], meetings["state"], legs["name"], legs["state"], legs["phone"], meetings["creator"]]
    told = {text for column in columns for text in column.dropna()}
    return sorted(filter(None, told), key=len, reverse=True)


def foreign(texts: list[str], lang: Lang, names: list[str]) -> list[str]:
    """Return the texts that speak the other language."""
    found = []
    for text in texts:
        for name in [*names, *(OF_PLATFORM if KEYS.search(text) else ())]:
            text = text.replace(name, "")
        if (CHINESE if lang == "en" else ENGLISH).search(text) and not (lang == "zh" and KEYS.search(text)):
            found.append(text)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_speaks_one_language_also_in_its_pictures(
    collected: Collection, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    monkeypatch.setenv("YTX_LANG", lang)
    text = write_page(collected, tmp_path / "page.html").read_text("utf-8")
    text = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)
    texts = [*re.findall(r">([^<>]+)<", text), *re.findall(r"(?:title|aria-label|alt|label)=\"([^\"]+)\"", text)]
    assert len(texts) > 500
    assert foreign(sorted({unescape(text) for text in texts}), lang, names) == []


def test_no_public_name_has_a_language_of_its_own() -> None:
    """Whoever passes no `lang` is spoken to in the language of the session."""
    asked: list[Callable[..., Any]] = [
        write_page,
        write_report,
        write_files,
        page,
        Report.plot,
        Table.to_excel,
        Table.to_html,
    ]
    for function in (*asked, *(picture.draw for picture in PICTURES.values())):
        assert signature(function).parameters["lang"].default is None, function


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_workbook_speaks_one_language(
    collected: Collection, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    monkeypatch.setenv("YTX_LANG", lang)
    book = openpyxl.load_workbook(write_report(collected, tmp_path / "book.xlsx"))
    cells = {
        cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, str)
    }
    assert foreign([*book.sheetnames, *sorted(cells)], lang, names) == []


@pytest.fixture(scope="module")
def shown(archive: Archive, collected: Collection) -> list[Any]:
    """What cells of a notebook end with; made once, for the language is that of whoever looks at it."""
    findings = audit.run(archive, remember=False)
    audited = [findings, findings.summary(), findings.sensitivity(), archive.certificate()]
    return audited + [collected.reports[name] for name in ("usage", "creators", "compare_definitions", "lonely")]


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_notebook_shows_speaks_the_session_s_language(
    shown: list[Any], names: list[str], monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    monkeypatch.setenv("YTX_LANG", lang)
    text = re.sub(r"<style\b.*?</style>", "", "".join(one._repr_html_() for one in shown), flags=re.S)
    texts = re.findall(r">([^<>]+)<", text)
    assert foreign(sorted({unescape(text) for text in texts}), lang, names) == []


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_picture_speaks_the_session_s_language(
    collected: Collection, names: list[str], monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    monkeypatch.setenv("YTX_LANG", lang)
    for name in ("usage", "heatmap", "creators", "sizes", "durations", "concurrency"):
        axes = PICTURES[name].draw(collected.reports[name])
        texts = [text.get_text() for text in axes.figure.findobj(Text)]
        assert foreign(texts, lang, names) == []
        assert bool(CHINESE.search(" ".join(texts))) == (lang == "zh")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_profile_says_what_it_found_in_the_session_s_language(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    monkeypatch.setenv("YTX_LANG", lang)
    found = profile(archive)
    text = found._repr_html_()
    for one in found.findings:
        assert escape(one.text.in_(lang)) in text
        assert escape(one.text.in_()) not in text


@pytest.mark.slow
def test_a_pack_is_checked_in_one_language(archive: Archive, tmp_path: Path) -> None:
    packed = audit.pack(archive, tmp_path / "pack.zip", include_raw=True)
    lines = audit.verify_pack(packed.path, recompute=True)
    (tmp_path / "more.zip").write_bytes(packed.path.read_bytes() + b"x")
    with pytest.raises(DamagedError) as broken:
        audit.verify_pack(tmp_path / "more.zip")
    assert len(lines) > 8
    for lang in LANGUAGES:
        assert foreign([in_either(line).in_(lang) for line in lines], lang, []) == []
        assert foreign([broken.value.cause.in_(lang)], lang, [str(tmp_path)]) == []
