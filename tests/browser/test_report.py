"""The HTML report in a real browser: whole at every width, in both languages, by day and night, and silent on the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import DESKTOP, PHONE, Open, serious
from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client
from ytxdata.labels import Lang
from ytxdata.metrics import Tariff
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import Collection, collect
from ytxdata.pages.html_report import write_page
from ytxdata.times import as_instant

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ALL = ("minor", "moderate", "serious", "critical")
TARIFF = Tariff(prices={"default": "0.12"})


@pytest.fixture(scope="module")
def collected(server: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Collection:
    archive = Archive(tmp_path_factory.mktemp("browser") / "m.archive")
    archive.sync(Client(base_url=server.url, **server.credentials))
    starts = archive.meetings()["started_at"]
    middle = starts.iloc[len(starts) // 2].date()
    return collect(archive, Ask(start=as_instant(middle), by="week", tariff=TARIFF, lines=8))


@pytest.fixture(scope="module")
def pages(collected: Collection, tmp_path_factory: pytest.TempPathFactory) -> dict[Lang, Path]:
    folder = tmp_path_factory.mktemp("pages")
    langs: tuple[Lang, ...] = ("zh", "en")
    return {lang: write_page(collected, folder / f"{lang}.html", lang=lang) for lang in langs}


@pytest.mark.parametrize(
    ("lang", "size", "scheme"),
    [("zh", DESKTOP, "light"), ("en", PHONE, "light"), ("en", DESKTOP, "dark"), ("zh", PHONE, "dark")],
)
def test_the_report_is_whole_accessible_and_silent(
    lang: Lang, size: tuple[int, int], scheme: str, pages: dict[Lang, Path], open_page: Open
) -> None:
    name = f"report-{lang}-{size[0]}-{scheme}"
    with open_page(pages[lang].as_uri(), name, size, color_scheme=scheme) as page:
        assert page.locator("h1").count() == 1
        assert page.locator("section.verdict").first.is_visible()
        assert page.locator("svg.chart:visible").count() >= 6
        assert page.locator("table:visible").count() >= 8
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], "the page itself must not scroll sideways"
        assert serious(page, ALL) == []


def test_the_verdict_comes_before_any_number(pages: dict[Lang, Path], open_page: Open) -> None:
    with open_page(pages["en"].as_uri(), "report-order") as page:
        verdict, figures = (page.locator(one).first.bounding_box()["y"] for one in (".verdict", ".figures"))
        assert verdict < figures


def test_text_of_a_picture_can_be_found_and_selected(pages: dict[Lang, Path], open_page: Open) -> None:
    with open_page(pages["zh"].as_uri(), "report-text") as page:
        text = page.locator("svg.chart:visible text", has_text="会议时长").first
        text.select_text()
        assert "会议时长" in page.evaluate("String(getSelection())")


def test_a_keyboard_reaches_the_report_and_its_wide_tables(pages: dict[Lang, Path], open_page: Open) -> None:
    with open_page(pages["en"].as_uri(), "report-keyboard") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.wait_for_function("location.hash === '#en'")
        page.locator(".ytx-scroll").first.focus()
        assert page.evaluate("document.activeElement.getAttribute('role')") == "region"


def test_the_page_can_be_asked(pages: dict[Lang, Path], collected: Collection, open_page: Open) -> None:
    with open_page(pages["en"].as_uri(), "report-asked") as page:
        table = page.locator("#en-usage table")
        meetings = [int(one.replace(",", "")) for one in table.locator("tbody td:nth-child(2)").all_inner_texts()]
        table.get_by_role("button", name="Sort by meetings", exact=True).click()
        again = [int(one.replace(",", "")) for one in table.locator("tbody td:nth-child(2)").all_inner_texts()]
        assert again == sorted(meetings, reverse=True)
        assert table.locator("th[aria-sort=descending]").count() == 1
        page.locator("#en-creators input[type=search]").fill("9999999")
        assert page.locator("#en-creators tbody tr:visible").count() == 0
        period = str(collected.reports["usage"].frame["period"].iloc[0])
        page.locator(".choose select").first.select_option(period)
        assert table.locator("tbody tr:visible").count() == 1
        assert page.locator("#en-working_hours tbody tr:visible").count() == 1
        bar = page.locator(f"#en-usage-wide-bar-{period}")
        bar.focus()
        page.keyboard.press("Enter")
        ids = page.locator(f"details[data-ids='{period}'] .ids")
        assert ids.is_visible()
        assert set(ids.inner_text().split()) <= set(collected.records["meetings"].frame["meeting_id"])
        page.locator("#en-usage").get_by_role("button", name="Copy table").click()
        page.get_by_text("Copied").first.wait_for()
        assert serious(page, ALL) == []


def test_no_control_is_there_without_a_script(pages: dict[Lang, Path], open_page: Open) -> None:
    with open_page(pages["zh"].as_uri(), "report-plain", java_script_enabled=False) as page:
        assert page.locator("button, input, select").count() == 0
        assert page.locator("table:visible").count() >= 8


def test_it_prints_on_a4_with_every_picture(pages: dict[Lang, Path], open_page: Open, tmp_path: Path) -> None:
    with open_page(pages["en"].as_uri(), "report-print") as page:
        page.emulate_media(media="print")
        assert page.locator("nav.contents").is_hidden()
        assert page.locator("svg.chart.wide:visible").count() >= 6
        # on 184 mm of A4 no table may be wider than the paper
        page.set_viewport_size({"width": 695, "height": 900})
        widths: list[Any] = page.eval_on_selector_all("table", "all => all.map(one => one.scrollWidth)")
        assert max(widths) <= 695
        pdf = page.pdf(format="A4", prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF")
