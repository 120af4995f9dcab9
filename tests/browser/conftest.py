"""A real browser, which must be there when `YTX_REQUIRE_BROWSER` is set, and pages that may ask nothing of the world."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOME = ("127.0.0.1", "localhost", "")
SCREENSHOTS = os.environ.get("YTX_SCREENSHOTS")
"""Where pictures of the pages are kept; by default only those of failures, with the test's other files."""
DESKTOP, PHONE = (1280, 900), (390, 844)

Open = Callable[..., AbstractContextManager[Any]]


def absent(what: str) -> None:
    """Skip, or fail where a browser is required."""
    if os.environ.get("YTX_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{what} is required here (YTX_REQUIRE_BROWSER=1) and not installed")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The machine's own Chromium, driven by Playwright."""
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        absent("Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Open:
    """Open a page by its address; leaving it checks that nothing left this machine and that the page had no error."""
    screenshots = Path(SCREENSHOTS or tmp_path)

    @contextmanager
    def opened(address: str, name: str, size: tuple[int, int] = DESKTOP, **context: Any) -> Iterator[Any]:
        width, height = size
        with chromium.new_context(viewport={"width": width, "height": height}, **context) as session:
            page = session.new_page()
            page.set_default_timeout(120_000)
            asked: list[str] = []
            errors: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(address)
            is_good = False
            try:
                yield page
                is_good = True
            finally:
                if SCREENSHOTS or not is_good:
                    screenshots.mkdir(parents=True, exist_ok=True)
                    page.screenshot(path=screenshots / f"{name}.png", full_page=True)
        assert [url for url in asked if (urlsplit(url).hostname or "") not in HOME] == []
        assert errors == []

    return opened


def serious(page: Any, impacts: tuple[str, ...] = ("serious", "critical")) -> list[str]:
    """Return what axe finds serious or worse about a page (or of the impacts given), as lines to read."""
    axe = import_module("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in impacts
        for node in one["nodes"]
    ]
