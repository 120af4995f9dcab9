"""Draw the pictures of README and docs: real output of the code, on an invented company whose days never change.

Usage: python scripts/build_images.py [--report]

With `--report` the HTML report is photographed too, which needs Playwright and a Chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ytxdata import metrics, plots
from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client
from ytxdata.labels import Lang
from ytxdata.metrics import Tariff
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import collect
from ytxdata.pages.html_report import write_page
from ytxdata.times import as_instant

ROOT = Path(__file__).parents[1]
FOLDERS: dict[Lang, Path] = {"en": ROOT / "docs" / "images", "zh": ROOT / "docs" / "zh" / "images"}
PERIOD = ("2025-07", "2026-07")
LINES = 30

PICTURES: dict[str, Callable[[Archive], Any]] = {
    "usage": lambda archive: metrics.usage(archive, *PERIOD),
    "heatmap": lambda archive: metrics.heatmap(archive, *PERIOD),
    "creators": lambda archive: metrics.creators(archive, *PERIOD),
    "sizes": lambda archive: metrics.sizes(archive, *PERIOD),
    "concurrency": lambda archive: metrics.concurrency(archive, *PERIOD, lines=LINES),
    "coverage": lambda archive: archive.certificate(),
}
"""Name of a function of `ytxdata.plots` → what it draws."""

PHOTOS: dict[str, dict[str, Any]] = {
    "report": {"viewport": {"width": 1180, "height": 900}, "color_scheme": "light"},
    "report-phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


def main() -> None:
    """Draw all pictures, in both languages."""
    with tempfile.TemporaryDirectory() as folder, Emulator(meetings=1937, seed=1, until="2026-07-01") as server:
        archive = Archive(Path(folder) / "m.archive")
        archive.sync(Client(base_url=server.url, **server.credentials))
        for lang, target in FOLDERS.items():
            target.mkdir(parents=True, exist_ok=True)
            for name, make in PICTURES.items():
                axes = getattr(plots, name)(make(archive), lang=lang)
                print(plots.save(axes, target / f"{name}.png", dpi=120))  # noqa: T201
            if "--report" in sys.argv[1:]:
                _photograph(archive, Path(folder) / "report.html", lang, target)


def _photograph(archive: Archive, page: Path, lang: Lang, target: Path) -> None:
    from playwright.sync_api import sync_playwright

    tariff = Tariff.load(ROOT / "data" / "tariff.toml")
    start, end = (as_instant(edge) for edge in ("2026-01", "2026-07"))
    write_page(collect(archive, Ask(start=start, end=end, tariff=tariff, lines=LINES)), page, lang=lang)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for name, look in PHOTOS.items():
            view = browser.new_context(**look).new_page()
            view.goto(page.as_uri())
            view.screenshot(path=target / f"{name}.png")
            print(target / f"{name}.png")  # noqa: T201
        browser.close()


if __name__ == "__main__":
    main()
