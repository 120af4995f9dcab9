"""The built documentation in a browser: search finds Chinese, which is cut into words there and nowhere else."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright import sync_api

from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHOWS = """word => [...document.querySelectorAll('*')]
  .flatMap(one => [...(one.shadowRoot?.querySelectorAll('[role=option]') ?? [])])
  .some(option => option.textContent.includes(word))"""


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that does not talk."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_search_finds_chinese_words_and_speaks_chinese(open_page: Open, site: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with open_page(f"http://127.0.0.1:{server.server_port}/zh/index.html", "search") as page:
            box = page.get_by_role("combobox")
            for _ in range(30):  # the keys are heard once the script of the search has run, which nothing tells
                page.keyboard.press("Control+k")
                try:
                    box.wait_for(timeout=2_000)
                    break
                except sync_api.TimeoutError:
                    page.keyboard.press("Escape")
            assert box.get_attribute("placeholder") == "搜索"
            for word in ("完整性", "审计", "存档", "旁证", "账单核对"):
                box.fill(word)
                page.wait_for_function(SHOWS, arg=word)
    finally:
        server.shutdown()
        server.server_close()
