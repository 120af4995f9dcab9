"""The files of a collection: CSV, a workbook, the HTML report."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection as Several
from pathlib import Path

from ytxdata.labels import Lang
from ytxdata.pages.collection import Collection
from ytxdata.pages.html_report import write_page
from ytxdata.pages.workbook import write_report
from ytxdata.tables.excel import writer_for
from ytxdata.tables.masking import Privacy

FORMATS: dict[str, tuple[str, ...]] = {
    "csv": ("csv",),
    "excel": ("excel",),
    "html": ("html",),
    "all": ("csv", "excel", "html"),
}
"""What a user may ask for → what is written."""

_WORKBOOK, _PAGE = "report.xlsx", "report.html"


def write_files(
    collected: Collection,
    out: str | Path,
    formats: Several[str],
    *,
    lang: Lang = "zh",
    privacy: Privacy | None = None,
    check: bool = True,
    step: Callable[[str], None] = lambda _: None,
) -> dict[str, Path]:
    """Write one CSV a table, one workbook, one HTML report, as asked; return what was written, by table or file.

    Parameters
    ----------
    collected
        What is written.
    out
        The directory; it is made if need be, other files in it stay.
    formats
        Some of `csv`, `excel`, `html`.
    lang
        Language of the HTML report and the workbook; CSV has keys.
    privacy
        What is shown of telephone numbers.
    check
        Read each file back and compare.
    step
        Called with each file's name before it is written.

    Raises
    ------
    UsageError
        A file cannot be written; or a table has more rows than a sheet holds, then nothing is written at all.
    MissingExtraError
        xlsxwriter is not installed: `pip install "ytxdata[excel]"`; nothing is written.
    FileDiffersError
        A file, read back, is not what was meant; the message names the cell.
    """
    folder = Path(out)
    chosen = privacy or Privacy()
    files: dict[str, Path] = {}
    if "excel" in formats:
        writer_for(collected.tables.values())  # before anything is written: nothing half-done stays behind
    if "csv" in formats:
        for name, table in collected.tables.items():
            step(f"{name}.csv")
            files[name] = table.to_csv(folder / f"{name}.csv", check=check, **chosen.options)
    if "html" in formats:
        step(_PAGE)
        files[_PAGE] = write_page(collected, folder / _PAGE, lang=lang, privacy=chosen)
    if "excel" in formats:
        step(_WORKBOOK)
        files[_WORKBOOK] = write_report(collected, folder / _WORKBOOK, lang=lang, privacy=chosen, check=check)
    return files
