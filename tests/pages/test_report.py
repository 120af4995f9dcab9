"""The HTML report as text: whole, self-contained, masked, honest about what it does not know, in every language."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.history.client import Client
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.labels import Lang, Text
from ytxdata.metrics.registry import REPORTS, Ask
from ytxdata.metrics.report import UNJUDGED
from ytxdata.pages import html_report
from ytxdata.pages.collection import Collection, collect
from ytxdata.pages.html_report import page, write_page, write_pdf
from ytxdata.pages.report_files import write_files
from ytxdata.plots import PICTURES
from ytxdata.tables.address_book import AddressBook, Entry
from ytxdata.tables.masking import Privacy, Pseudonyms
from ytxdata.version import __version__

pytestmark = pytest.mark.slow

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Keeps ids, links and what is still open."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.labels: list[str] = []
        self.open: list[str] = []
        self.resources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("href") or given.get("xlink:href"):
            self.links.append(str(given.get("href") or given.get("xlink:href")))
        if given.get("aria-labelledby"):
            self.labels.append(str(given["aria-labelledby"]))
        if tag in ("script", "link", "iframe", "object") or "src" in given:
            self.resources.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def both(collected: Collection) -> str:
    return page(collected, lang="both")


def test_it_is_well_formed_and_its_ids_are_unique_and_lead_somewhere(both: str) -> None:
    reader = read(both)
    assert len(reader.ids) == len(set(reader.ids))
    inside = [link.removeprefix("#") for link in reader.links if link.startswith("#")]
    assert set(inside) <= set(reader.ids)
    assert set(reader.labels) <= set(reader.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", both)) <= set(reader.ids)


def test_it_needs_nothing_from_elsewhere(both: str) -> None:
    reader = read(both)
    assert reader.resources == ["script"]  # our own, inside the page
    assert [link for link in reader.links if not link.startswith(("#", "data:"))] == []
    assert not re.search(r"https?://|@import|url\((?!#)", both)


@pytest.mark.parametrize(("lang", "has_zh", "has_en"), [("zh", True, False), ("en", False, True), ("both", True, True)])
def test_it_speaks_the_language_that_was_asked_for(
    lang: Lang, has_zh: bool, has_en: bool, both: str, collected: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_report, "SIZES", ())
    text = both if lang == "both" else page(collected, lang=lang)
    assert ("会议用量报告" in text) is has_zh
    assert ("Meeting usage report" in text) is has_en
    assert text.count('<article id="zh" lang="zh-CN">') == has_zh
    assert text.count('<article id="en" lang="en">') == has_en


def test_the_verdict_stands_first_and_every_report_has_its_section(both: str, collected: Collection) -> None:
    assert both.index('class="verdict') < both.index('class="figures"') < both.index("<table data-ask>")
    assert collected.certificate.sentence.en in both
    ids = set(read(both).ids)
    for name in collected.reports:
        assert (f"en-{name}" in ids) is bool(REPORTS[name].rows)
    for part in ("figures", "excluded", "definitions", "about"):
        assert f"zh-{part}" in ids
    assert isinstance(collected.certificate, Certificate)
    assert both.count("<svg") == 2 * 2 * (
        len(set(PICTURES) & {name for name in collected.reports if REPORTS[name].rows})
        + (len(collected.certificate.periods) > 1)
    )


def test_definitions_exclusions_zone_and_maker_are_said(both: str, collected: Collection) -> None:
    for report in collected.reports.values():
        if REPORTS[report.name].rows:
            for definition in report.definitions:
                assert f"<code>{definition.key}</code>" in both
            for text, count in report.excluded.values():
                assert f"{text.zh}：{count:,}" in both
                assert f"{text.en}: {count:,}" in both
    assert "Asia/Shanghai" in both
    assert f"ytxdata {__version__}" in both


def test_the_page_runs_one_script_that_its_policy_knows_by_hash(both: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", both, flags=re.S)
    assert len(script.encode()) < 30_000
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', both)
    assert [html.unescape(one) for one in policy] == [
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    ]
    assert not re.search(r"\son[a-z]+=", both)


def test_the_ids_behind_a_bar_are_there_without_a_script(both: str, collected: Collection) -> None:
    meetings = collected.records["meetings"].frame
    assert all(one in both for one in meetings["meeting_id"])
    for period in collected.reports["usage"].frame["period"]:
        assert f'data-ids="{period}"' in both
        assert f'id="en-usage-wide-bar-{period}"' in both


def test_figures_from_before_what_the_verdict_speaks_of_are_told_beside_it(tmp_path: Path) -> None:
    kept = Archive(tmp_path / "m.archive")
    with Emulator(meetings=1, seed=3) as server:
        kept.sync(Client(base_url=server.url, **server.credentials))
    made = collect(kept, Ask())
    assert made.period is not None
    begins = made.certificate.start
    assert begins is not None
    assert made.period[0] < begins
    told = page(made, lang="en")
    verdict, rest = told[told.index('<section class="verdict') :].split("</section>", 1)
    assert UNJUDGED.en in verdict
    assert UNJUDGED.en not in rest
    path = write_files(made, tmp_path, ("excel",), lang="en")["report.xlsx"]
    cells = [cell.value for row in openpyxl.load_workbook(path)["Overview"].iter_rows() for cell in row]
    assert [one for one in cells if UNJUDGED.en in str(one)]


def test_notes_of_one_section_are_not_said_again_under_the_next(collected: Collection) -> None:
    common, own, other = Text("分组一", "the first rule"), Text("分组二", "the second rule"), Text("其他", "of its own")
    said = {
        "usage": (common,),
        "heatmap": (common, other),
        "people": (own,),
        "sizes": (common,),
        "durations": (common,),
    }
    reports = {name: replace(report, notes=said.get(name, ())) for name, report in collected.reports.items()}
    told = page(replace(collected, reports=reports), lang="en")
    sections = dict(re.findall(r'<section id="en-(\w+)".*?>(.*?)</section>', told, re.DOTALL))
    found = {name: [one.en for one in (common, own, other) if one.en in text] for name, text in sections.items()}
    assert {name: those for name, those in found.items() if those} == {
        "usage": [common.en], "heatmap": [other.en], "people": [own.en], "sizes": [common.en],
    }  # fmt: skip


def test_a_pdf_needs_a_chromium_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="apt install chromium"):
        write_pdf(tmp_path / "a.html", tmp_path / "a.pdf")


def test_money_has_two_decimals_and_its_exact_value_in_the_title(both: str, collected: Collection) -> None:
    cost = next(one for one in collected.figures if one.definition.key == "cost")
    assert f'title="{cost.value:f}"'.rstrip('0"') in both
    assert re.search(r'<td class="ytx-n" title="\d+\.\d{3,}">[\d,]+\.\d\d</td>', both)


def test_colours_and_fonts_of_pictures_are_those_of_the_page(both: str) -> None:
    svg = "".join(re.findall(r"<svg.*?</svg>", both, flags=re.S))
    assert "font-family" not in svg
    assert "#ffffff" not in svg
    assert "var(--paper)" in svg
    assert "会议时长" in svg
    assert "<metadata" not in svg


def numbers(collected: Collection) -> set[str]:
    return {str(number).removeprefix("+86") for number in collected.reports["people"].frame["number"]}


def test_numbers_are_masked_unless_asked_for(both: str, collected: Collection) -> None:
    whole = numbers(collected)
    assert whole
    assert not [number for number in whole if number in both]
    shown = page(collected, lang="en", privacy=Privacy(show_phones=True))
    top = str(collected.reports["creators"].frame["creator"].iloc[0])
    assert shown.count(top) >= 3  # the table and both sizes of the picture
    assert "keep this file to yourself" in shown


@pytest.mark.usefixtures("drawn_once")
def test_pseudonyms_and_an_alias_book_take_the_place_of_numbers(collected: Collection) -> None:
    top = str(collected.reports["creators"].frame["creator"].iloc[0])
    keys = Pseudonyms(b"0123456789abcdef")
    assert page(collected, lang="en", privacy=Privacy(pseudonyms=keys)).count(keys.of_phone(top)) >= 2
    book = AddressBook.of({top: Entry("王小明 <b>", "市场部")})
    told = page(collected, lang="zh", privacy=Privacy(book=book))
    assert told.count("王小明 &lt;b&gt;") >= 2  # the table and the picture
    assert "市场部" in told


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_period_without_data_and_with_a_gap_still_renders_and_says_so(lang: Lang, nothing: Collection) -> None:
    assert nothing.period is not None
    assert nothing.before is not None
    start, end = nothing.period
    gap = Certificate.of([Period(start, end, "unreached")])
    text = page(replace(nothing, certificate=gap, before=(nothing.before[0], gap)), lang=lang)
    read(text)
    assert 'class="verdict GAP' in text
    assert gap.sentence.in_(lang) in text
    assert {"zh": "此期间没有会议", "en": "no meetings in this period"}[lang] in text
    assert {"zh": "此期间没有数据", "en": "no data in this period"}[lang] in text
    assert {"zh": "变化可能只是数据缺失", "en": "nothing but missing data"}[lang] in text


@pytest.mark.usefixtures("drawn_once")
def test_the_same_collection_gives_the_same_bytes(collected: Collection, tmp_path: Path) -> None:
    first = write_page(collected, tmp_path / "a.html").read_bytes()
    assert write_page(replace(collected), tmp_path / "b.html").read_bytes() == first
