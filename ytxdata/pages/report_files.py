"""The files of a collection: CSV, Parquet, a workbook, the HTML report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Several
from dataclasses import replace
from pathlib import Path
from typing import Any

from ytxdata.errors import UsageError
from ytxdata.files import check_names
from ytxdata.labels import Lang, Text
from ytxdata.pages.collection import Collection
from ytxdata.pages.html_report import write_page
from ytxdata.pages.workbook import write_report
from ytxdata.tables import csv, open_formats
from ytxdata.tables.excel import writer_for
from ytxdata.tables.masking import Privacy

FORMATS: dict[str, tuple[str, ...]] = {
    "csv": ("csv",),
    "excel": ("excel",),
    "xlsx": ("excel",),
    "html": ("html",),
    "parquet": ("parquet",),
    "all": ("csv", "excel", "html", "parquet"),
}
"""What a user may ask for → what is written."""

_WORKBOOK, _PAGE = "report.xlsx", "report.html"
PRINTED = "report.pdf"


def names_of(collected: Collection, formats: Several[str], *, pdf: bool = False) -> list[str]:
    """Return the names of the files that are written of a collection."""
    endings = [ending for ending in ("csv", "parquet") if ending in formats]
    names = [f"{name}.{ending}" for name in collected.tables for ending in endings]
    more = {_PAGE: "html" in formats, _WORKBOOK: "excel" in formats, PRINTED: pdf}
    return [*names, *(name for name, is_written in more.items() if is_written)]


def formats_of(asked: Sequence[str]) -> set[str]:
    """Return what is to be written: names of formats, also several in one text with commas between.

    Raises
    ------
    UsageError
        One is unknown, or there is none.

    Examples
    --------
    >>> sorted(formats_of(["csv,xlsx", "parquet"]))
    ['csv', 'excel', 'parquet']
    """
    names = [name.strip() for text in asked for name in text.split(",")]
    for name in names or [""]:
        if name not in FORMATS:
            listed = ", ".join(FORMATS)
            raise UsageError(
                Text(f"没有格式 {name!r}", f"there is no format {name!r}"),
                remedy=Text(f"可选：{listed}，可用逗号并列", f"choose of {listed}; several with commas between"),
            )
    return {kind for name in names for kind in FORMATS[name]}


def write_files(
    collected: Collection,
    out: str | Path,
    formats: Several[str],
    *,
    lang: Lang | None = None,
    privacy: Privacy | None = None,
    check: bool = True,
    step: Callable[[str], None] = lambda _: None,
) -> dict[str, Path]:
    """Write one CSV or Parquet file a table, one workbook, one HTML report, as asked; return what was written, by
    table or file.

    Beside CSV and Parquet lies `datapackage.json`, which describes all of them.

    Parameters
    ----------
    collected
        What is written.
    out
        The directory; it is made if need be, other files in it stay.
    formats
        Some of `csv`, `excel`, `html`, `parquet`.
    lang
        Language of the HTML report and the workbook, by default the session's; CSV has keys.
    privacy
        What is shown of telephone numbers.
    check
        Read each file back and compare.
    step
        Called with each file's name before it is written.

    Raises
    ------
    UsageError
        A file cannot be written, or a report's name is none for a file; or a table has more rows than a sheet
        holds, then nothing is written at all.
    MissingExtraError
        xlsxwriter is not installed: `pip install "ytxdata[excel]"`; nothing is written.
    FileDiffersError
        A file, read back, is not what was meant; the message names the cell.

    Examples
    --------
    >>> import tempfile
    >>> import ytxdata as ytx
    >>> from ytxdata.metrics.registry import Ask
    >>> from ytxdata.pages.collection import collect
    >>> from ytxdata.times import as_instant
    >>> asked = Ask(start=as_instant("2024-03"), end=as_instant("2024-04"))
    >>> files = write_files(collect(ytx.sample("archive"), asked), tempfile.mkdtemp(), {"csv"})
    >>> files["usage"].name
    'usage.csv'
    """
    folder = Path(out)
    check_names(names_of(collected, formats))  # reports of one's own are called as one likes
    chosen = privacy or Privacy()
    files: dict[str, Path] = {}
    if "excel" in formats:
        writer_for(collected.tables.values())  # before anything is written: nothing half-done stays behind
    plain = {"csv", "parquet"} & set(formats)
    for name, table in collected.tables.items() if plain else ():
        shown = chosen.masked(table)
        if "csv" in plain:
            step(f"{name}.csv")
            files[name] = csv.write(shown, folder / f"{name}.csv", check=check)
        if "parquet" in plain:
            step(f"{name}.parquet")
            files[f"{name}.parquet"] = open_formats.write_parquet(shown, folder / f"{name}.parquet", check=check)
    if plain:
        step(open_formats.NAME)
        files[open_formats.NAME] = _described(collected, folder, files, chosen)
    if "html" in formats:
        step(_PAGE)
        files[_PAGE] = write_page(collected, folder / _PAGE, lang=lang, privacy=chosen)
    if "excel" in formats:
        step(_WORKBOOK)
        files[_WORKBOOK] = write_report(collected, folder / _WORKBOOK, lang=lang, privacy=chosen, check=check)
    return files


def _described(collected: Collection, folder: Path, files: Mapping[str, Path], privacy: Privacy) -> Path:
    """Write what lies in the folder, for tools that know nothing of us."""
    resources = []
    for name, table in collected.tables.items():
        columns = privacy.masked(replace(table, frame=table.arrow.slice(0, 0)))
        for form, path in (("csv", files.get(name)), ("parquet", files.get(f"{name}.parquet"))):
            if path is not None:
                told = open_formats.resource(
                    columns, [open_formats.file(folder, path)], form, encoding="utf-8", n_rows=table.arrow.num_rows
                )  # fmt: skip
                # one name for one resource: where both are there, the CSV keeps that of the table
                is_second = form == "parquet" and name in files
                resources.append({**told, "name": f"{name}-{form}"} if is_second else told)
    # as it leaves: an account may be called by a telephone number
    about: Any = privacy.masked(replace(collected.coverage, certificate=collected.certificate))
    package = open_formats.package(
        "report", Text("会议报告", "Report on meetings"), resources, privacy.sentence, about.certificate,
        collected.period or (None, None),
    )  # fmt: skip
    return open_formats.write(folder, package, is_private=privacy.show_phones)
