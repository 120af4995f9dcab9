"""What notebooks show: escaped, complete, accessible, the same every time."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytxdata.labels import Lang, Text
from ytxdata.tables.html import number
from ytxdata.tables.table import Table
from ytxdata.templates import facts_card, render

GOLDEN = Path(__file__).with_name("golden")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_golden_fragment(table: Table, lang: Lang) -> None:
    page = re.sub(r"<style>.*?</style>", "", table.to_html(lang=lang), flags=re.S)
    assert page == (GOLDEN / f"usage_{lang}.html").read_text(encoding="utf-8")


def test_well_formed_with_headings_for_a_screen_reader(table: Table) -> None:
    page = table.to_html(lang="en")
    tags = _Tags()
    tags.feed(page)
    assert not tags.open
    assert '<th scope="col"' in page
    assert 'role="region" tabindex="0" aria-label="Usage"' in page
    assert 'lang="en"' in page
    assert "b" not in tags.seen


def test_a_list_is_shown_a_line_each_and_a_decimal_without_idle_zeros_with_its_exact_value() -> None:
    amounts = pa.array([Decimal("4.5"), Decimal("0E-9"), Decimal("969.733333333")], pa.decimal128(38, 9))
    frame = pa.table({"ids": [["1", "2"], ["3"], []], "now": amounts})
    page = Table(frame=frame, name="n", title=Text("数", "Numbers")).to_html(lang="en")
    cells = re.findall(r"<td([^>]*)>([^<]*)</td>", page)
    assert [text for _, text in cells] == ["1\n2", "4.50", "3", "0", "[]", "969.7333"]
    assert 'title="969.733333333"' in cells[-1][0]


def test_notebook_shows_few_rows_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_LANG", "en")
    table = Table(frame=pa.table({"n": list(range(1234))}), name="n", title=Text("数", "Numbers"))
    page = table._repr_html_()
    assert page.count("<tr><td") == 20
    assert "20 of 1,234 rows shown" in page
    assert table.to_html(lang="zh").count("<tr><td") == 1234


@given(st.text())
def test_no_text_can_be_markup(text: str) -> None:
    tags = _Tags()
    rows = [(Text(text, text), text)]
    tags.feed(render("facts.html", "zh", title=Text(text, text), rows=rows, note=Text(text, text), verdict=None))
    assert set(tags.seen) == {"style", "section", "p", "table", "tbody", "tr", "th", "td"}


def test_hostile_names_everywhere(table: Table) -> None:
    evil = Text("<script>alert(1)</script>", '"><img src=x>')
    page = replace(table, title=evil, notes=(evil,), excluded={"x": (evil, 1)}).to_html(lang="both")
    assert "<script" not in page
    assert "<img" not in page


def test_without_a_verdict_there_is_no_badge(table: Table) -> None:
    assert '<span class="ytx-badge' not in replace(table, certificate=None).to_html(lang="en")
    assert '<span class="ytx-badge ytx-PROBABLE">probably complete</span>' in table.to_html(lang="en")


def test_facts_card_says_what_it_is_told() -> None:
    page = facts_card(
        Text("历史", "History"), [(Text("会议", "meetings"), "<12>")], note=Text("注", "note"), verdict="GAP", lang="en"
    )
    assert '<th scope="row">meetings</th><td>&lt;12&gt;</td>' in page
    assert "has a gap" in page
    tags = _Tags()
    tags.feed(page)
    assert not tags.open


def test_no_outside_resource(table: Table) -> None:
    page = table.to_html(lang="both")
    assert "http" not in page
    assert "url(" not in page


@given(st.integers(0, 10**8), st.sampled_from((60, 3600)))
def test_a_page_rounds_as_a_spreadsheet_does(seconds: int, unit: int) -> None:
    """An auditor holds the page and the workbook side by side."""
    tenths = (20 * seconds + unit) // (2 * unit)  # exact, a half upwards
    assert number(seconds / unit, 1) == f"{tenths // 10:,}.{tenths % 10}"
    assert number(-seconds / unit, 1).lstrip("-") == number(seconds / unit, 1)
