"""`ytxdata explain`: from a number back to the records it was made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import (
    ArchiveDir,
    BookFile,
    From,
    Granularity,
    GroupBy,
    Json,
    Language,
    Lines,
    ShowPhones,
    TariffFile,
    To,
    ask,
    chosen,
    emit,
    say,
    wrote,
)
from ytxdata.labels import Text

_SHOWN = 20
_MORE = Text(
    "……还有 {n} 行；--csv 写出全部，--json 给程序用", "… {n} more rows; --csv writes them all, --json is for machines"
)


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("explain")(explain)


def explain(
    report: Annotated[str, typer.Option("--report", help="报表，如 usage / which report, such as usage")] = "usage",
    row: Annotated[int, typer.Option("--row", min=0, help="第几行，从 0 数起 / which row, counted from 0")] = 0,
    column: Annotated[
        str | None, typer.Option("--column", help="哪一列，如 peak_legs / which column, such as peak_legs")
    ] = None,
    archive: ArchiveDir = Path("meetings.archive"),
    start: From = None,
    end: To = None,
    by: Granularity = "month",
    tariff: TariffFile = None,
    lines: Lines = None,
    group: GroupBy = None,
    book: BookFile = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="把记录写入此文件 / write the records to this file")] = None,
    show_phones: ShowPhones = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """解释一行 / Explain a row.

    列出报表的一行由哪些记录算出、排除了哪些及原因，并把数字代入公式。

    List the records that a row of a report was made of, those left out with the reason, and the formulas with their
    numbers put in.

    Example: ytxdata explain --archive meetings.archive --report usage --by month --row 0
    """
    from ytxdata.archive import Archive
    from ytxdata.pages.explanation import explanation

    told = explanation(Archive(archive), report, ask(start, end, by, tariff, lines, group, book), row, column)
    records = told.records
    if csv is not None:
        records.to_csv(csv, show_phones=show_phones)
    if as_json:
        emit(told.to_dict(show_phones=show_phones))
        return
    for label, value in told.cells(show_phones=show_phones):
        say(f"{label.in_(chosen.lang)}: {value}")
    for formula in told.formulas.values():
        say(f"= {formula.in_(chosen.lang)}")
    say(told.summary)
    if csv is None:
        say(told.rows(_SHOWN, chosen.lang))
        if records.arrow.num_rows > _SHOWN:
            say(_MORE, n=records.arrow.num_rows - _SHOWN)
    else:
        wrote(csv)
