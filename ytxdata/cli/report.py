"""`ytxdata report`: all reports of an archive for a period, as files that people open; `ytxdata explain`: from a number
back to the records it was made of.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Container
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ytxdata.cli.shared_options import (
    ArchiveDir,
    BookFile,
    Force,
    From,
    Granularity,
    GroupBy,
    GroupOfWhom,
    InvoiceGiven,
    Json,
    Language,
    Lines,
    Only,
    Previous,
    ShowPhones,
    TariffFile,
    To,
    address_book,
    ask,
    chosen,
    conclude,
    echo,
    emit,
    note,
    refuse_existing,
    say,
    tell_left_out,
    wrote,
)
from ytxdata.errors import SpokenWarning, UsageError, cannot_be, require_extra
from ytxdata.files import refuse_archive
from ytxdata.labels import Lang, Text

if TYPE_CHECKING:
    from ytxdata.metrics.registry import Ask
    from ytxdata.pages.collection import Collection
    from ytxdata.tables.address_book import AddressBook
    from ytxdata.tables.masking import Privacy

NOTEBOOK = "02_usage_report.ipynb"

_LEFT = Text(
    "注意：{out} 中还有 {n} 个以前写出的文件，不属于这次报告：{names}；转交前请删除，或用 --out 另选目录",
    "note: {out} still holds {n} files of an earlier report, which are not of this one: {names}; delete them before you hand the folder on, or choose another with --out",
)


def report(
    archive: ArchiveDir = Path("meetings.archive"),
    start: From = None,
    end: To = None,
    by: Granularity = "month",
    out: Annotated[Path, typer.Option("--out", help="输出目录 / where to write")] = Path("report"),
    format_: Annotated[
        list[str],
        typer.Option(
            "--format",
            help="csv | excel（也可写 xlsx） | parquet | html | all，可用逗号并列，可重复：每表一个 CSV 或 Parquet、一个工作簿、一个网页 / csv | excel (or xlsx) | parquet | html | all, several with commas between, may be repeated: one CSV or Parquet file a table, one workbook, one page",
        ),
    ] = ["csv"],  # noqa: B006 (the parser makes a new one each time)
    show_phones: ShowPhones = False,
    pseudonyms: Annotated[
        Path | None,
        typer.Option(
            "--pseudonyms",
            help="密钥文件：号码、姓名和会议名称换成稳定的化名；没有则新建 / key file: stable pseudonyms for numbers, names and titles; made if it is not there",
        ),
    ] = None,
    book: BookFile = None,
    group: GroupBy = None,
    group_of: GroupOfWhom = None,
    only: Only = None,
    invoice: InvoiceGiven = None,
    min_group: Annotated[
        int | None,
        typer.Option(
            "--min-group",
            min=2,
            help="隐去少于 N 人的行的数字，并略去逐人、逐会议的表 / hide the figures of rows with fewer than N people, leave out tables of single persons and meetings",
        ),
    ] = None,
    previous: Previous = None,
    tariff: TariffFile = None,
    lines: Lines = None,
    notebook: Annotated[
        bool,
        typer.Option(
            "--notebook", help="另外运行用量笔记本，写成网页 / also run the usage notebook and write it as a page"
        ),
    ] = False,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="写完后不回读核对 / do not read the files back to compare them")
    ] = False,
    pdf: Annotated[
        bool,
        typer.Option(
            "--pdf",
            help="另将网页打印为 PDF（需要本机的 Chromium） / also print the page to a PDF, with a Chromium of this machine",
        ),
    ] = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """写出报告 / Write the reports.

    从存档写出一个时段的全部报表：每表一个 CSV，或一个工作簿，或一个自成一体的网页；号码默认打码。

    Write all reports of an archive for a period: one CSV a table, one workbook, or one self-contained page; phones
    are masked by default.

    Example: ytxdata report --archive meetings.archive --from 2026-01 --to 2026-07 --format all --out report
    """  # fmt: skip
    from tqdm import tqdm

    from ytxdata.pages.earlier_report import leftovers, refuse_leftovers
    from ytxdata.pages.html_report import write_pdf
    from ytxdata.pages.report_files import formats_of, names_of, write_files
    from ytxdata.pages.small_groups import never_published, without_small_groups

    formats = formats_of(format_)
    refuse_archive(out)
    if "excel" in formats:
        require_extra("excel")
    if notebook:
        require_extra("notebooks")
    people = address_book(book)
    asked = ask(start, end, by, tariff, lines, group, people, invoice, group_of=group_of, only=only)
    if notebook and min_group:
        raise UsageError(
            Text("--notebook 与 --min-group 不能同时使用", "--notebook and --min-group exclude each other"),
            remedy=Text("笔记本会显示全部数字；去掉其中一个", "the notebook shows all figures: leave one of them out"),
        )
    if pseudonyms and (notebook or any(one.startswith("name=") for one in only or [])):
        raise UsageError(
            Text("--pseudonyms 不能与 --notebook 或 --only name= 同时使用", "--pseudonyms excludes --notebook and --only name="),
            remedy=Text("那里会写出会议名称；去掉其中一个", "titles of meetings would stand there: leave one of them out"),
        )  # fmt: skip
    if previous and not min_group:
        raise UsageError(
            Text("--previous 须与 --min-group 合用", "--previous goes with --min-group"),
            remedy=Text("加上 --min-group N", "add --min-group N"),
        )
    # pseudonyms and names exclude each other, pseudonyms and departments do not
    is_for_groups = group is not None or invoice is not None or asked.only is not None
    privacy = _privacy(show_phones, pseudonyms, None if pseudonyms and is_for_groups else people)
    with tqdm(disable=None, leave=False, bar_format="{desc} {elapsed}") as bar:
        # of a fleet all are made: what is masked in its texts is known by the numbers in its tables alone
        hidden = never_published() if min_group else ()
        collected = _collected(archive, asked, privacy, hidden, bar.set_description_str)
        formats |= {"html"} if pdf else set()
        if min_group:
            made = collected.reports
            collected = without_small_groups(collected, min_group, previous=previous, privacy=privacy)
            tell_left_out(made, collected.reports)
            refuse_leftovers(out, names_of(collected, formats, pdf=pdf))
        files = write_files(
            collected,
            out,
            formats,
            lang=chosen.lang,
            privacy=privacy,
            check=not no_check,
            step=bar.set_description_str,
        )
        if pdf:
            bar.set_description_str("report.pdf")
            files["report.pdf"] = write_pdf(files["report.html"], out / "report.pdf")
        if notebook:
            bar.set_description_str(NOTEBOOK)
            files["notebook"] = _run_notebook(archive, asked, tariff, book, out, chosen.lang)
    if left := leftovers(out, [path.name for path in files.values()]):
        note(_LEFT, out=out, n=len(left), names=", ".join(left[:4]) + (" …" if len(left) > 4 else ""))
    verdict = collected.certificate
    if as_json:
        emit(
            {
                "verdict": verdict.worst,
                "completeness": verdict.sentence._asdict(),
                "rows": {name: table.arrow.num_rows for name, table in collected.tables.items()},
                "files": {name: str(path) for name, path in files.items()},
            }
        )
        return
    conclude(verdict)
    wrote(*files.values())


def _collected(
    archive: Path, asked: Ask, privacy: Privacy, hidden: Container[str], step: Callable[[str], None]
) -> Collection:
    from ytxdata.archive import Archive
    from ytxdata.pages.collection import collect
    from ytxdata.tables.address_book import FOREIGN

    collected = collect(Archive(archive), asked, without=hidden, step=step)
    for told in collected.notes:
        note(told)
    if privacy.book is not None and not _knows_any(privacy.book, collected):
        warnings.warn(SpokenWarning(FOREIGN), stacklevel=1)  # the grouped tables have said so, where there are any
    return collected


def _knows_any(book: AddressBook, collected: Collection) -> bool:
    """Return whether any number of the records stands in the book; without records there is nothing to know."""
    met = set(collected.tables["legs"].arrow["number"].unique().to_pylist()) - {None}
    return not met or any(number in book.lines for number in met)


def _privacy(show_phones: bool, pseudonyms: Path | None, book: AddressBook | None) -> Privacy:
    from ytxdata.tables.masking import Privacy, Pseudonyms

    keys = None
    if pseudonyms is not None:
        keys = Pseudonyms.load(pseudonyms) if pseudonyms.exists() else Pseudonyms.create(pseudonyms)
    return Privacy(show_phones=show_phones, pseudonyms=keys, book=book)


def _run_notebook(archive: Path, asked: Ask, tariff: Path | None, book: Path | None, out: Path, lang: Lang) -> Path:
    """Run the usage notebook on what the other files are about, and write it as a page: one about all meetings beside
    tables of one department would hand it everybody else's.
    """
    from ytxdata.metrics.invoiced import is_amount
    from ytxdata.pages.notebook import write_page_of
    from ytxdata.times import BEIJING

    edges = {"start": asked.start, "end": asked.end}
    invoice = asked.invoice if asked.invoice is None or is_amount(asked.invoice) else Path(asked.invoice)
    given = {"archive_dir": archive, "tariff": tariff, "book": asked.book and book, "invoice": invoice}
    parameters = {
        **{name: "" if edge is None else edge.astimezone(BEIJING).isoformat() for name, edge in edges.items()},
        # the kernel runs in the folder of the report
        **{name: str(one.resolve() if isinstance(one, Path) else one or "") for name, one in given.items()},
        "by": asked.by,
        "lang": lang,
        "lines": asked.lines or 0,
        "only": {name: list(values) for name, values in (asked.only or {}).items()},
        "group": asked.group or "",
        "group_of": asked.group_of or "",
    }
    return write_page_of(NOTEBOOK, out, Text("用量报告", "Usage report"), lang, parameters=parameters)


_SHOWN = 20
_MORE = Text(
    "……还有 {n} 行；--csv 写出全部，--json 给程序用", "… {n} more rows; --csv writes them all, --json is for machines"
)


def explain(
    report: Annotated[str, typer.Option("--report", help="报表，如 usage / which report, such as usage")] = "usage",
    row: Annotated[int, typer.Option("--row", min=0, help="第几行，从 0 数起 / which row, counted from 0")] = 0,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            help="代替 --row：按值找行，如 period=2026-03，可重复 / in place of --row: the row by its values, such as period=2026-03 and group=…, may be repeated",
        ),
    ] = None,
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
    group_of: GroupOfWhom = None,
    only: Only = None,
    invoice: InvoiceGiven = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="把记录写入此文件 / write the records to this file")] = None,
    force: Force = False,
    show_phones: ShowPhones = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """解释一行 / Explain a row.

    列出报表的一行由哪些记录算出、排除了哪些及原因，并把数字代入公式。单独一场会议用 ytxdata sql 按编号查 meetings 和 legs。

    List the records that a row of a report was made of, those left out with the reason, and the formulas with their
    numbers put in. A single meeting is shown by ytxdata sql: ask meetings and legs for its meeting_id.

    Example: ytxdata explain --archive meetings.archive --report usage --by month --row 0

    Example: ytxdata explain --report chargeback --invoice 1200 --by total --book book.csv --where group=市场部
    """
    from ytxdata.archive import Archive
    from ytxdata.audit.explain import explanation

    refuse_existing(csv, force=force)
    people = address_book(book)
    asked = ask(start, end, by, tariff, lines, group, people, invoice, group_of=group_of, only=only)
    told = explanation(Archive(archive), report, asked, _values(where) if where else row, column)
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
        echo(told.rows(_SHOWN, chosen.lang))
        if records.arrow.num_rows > _SHOWN:
            say(_MORE, n=records.arrow.num_rows - _SHOWN)
    else:
        wrote(csv)


def _values(where: list[str]) -> dict[str, str]:
    """Return column → value of `NAME=VALUE`."""
    for text in where:
        if "=" not in text:
            raise cannot_be("--where", text, Text("写成 period=2026-03", "write it as period=2026-03"))
    return dict(text.split("=", 1) for text in where)
