"""Write the docs page of all definitions from the table the code runs on: run it after changing a definition."""

from __future__ import annotations

from pathlib import Path

from ytxdata.metrics.definitions import definitions_page

PAGE = Path(__file__).parents[1] / "docs" / "definitions.md"

if __name__ == "__main__":
    PAGE.write_text(definitions_page(), encoding="utf-8")
