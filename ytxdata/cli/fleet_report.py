"""`ytxdata fleet report`: all accounts in one report, also where one of them is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ytxdata.cli.fleet import Accounts, FleetFile, Labels, opened, worst_exit
from ytxdata.cli.shared_options import (
    BookFile,
    From,
    Granularity,
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
    emit,
    note,
    tell_left_out,
    wrote,
)
from ytxdata.errors import UsageError, YtxError, cannot_be, require_extra
from ytxdata.files import refuse_archive
from ytxdata.labels import Text
from ytxdata.numbers_in_text import hide_in_text

if TYPE_CHECKING:
    from ytxdata.fleet import Fleet
    from ytxdata.metrics.registry import Ask
    from ytxdata.metrics.report import Report


def report(
    fleet: FleetFile = None,
    account: Accounts = None,
    where: Labels = None,
    start: From = None,
    end: To = None,
    by: Granularity = "month",
    only: Only = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            help="account（各账户并列）、标签、department、number_class 等；默认各账户合计 / account (side by side), a label, department, number_class, …; by default sums over all accounts",
        ),
    ] = None,
    book: BookFile = None,
    same_people: Annotated[
        bool,
        typer.Option("--same-people", help="同一号码在各账户里算同一个人 / one number is one person in all accounts"),
    ] = False,
    names: Annotated[
        list[str] | None,
        typer.Option("--report", help="只写此报表，可重复；默认全部 / only this report; all by default"),
    ] = None,
    tariff: TariffFile = None,
    lines: Lines = None,
    out: Annotated[Path, typer.Option("--out", help="输出目录 / where to write")] = Path("report"),
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            help="csv | parquet | excel（也可写 xlsx；每报表一个文件）| html（一个网页） / csv, parquet or excel (or xlsx; a file a report), or html (one page)",
        ),
    ] = "csv",
    min_group: Annotated[
        int | None,
        typer.Option(
            "--min-group",
            min=2,
            help="隐去少于 N 人的行的数字，并略去逐人、逐会议的表；同一号码算一个人 / hide the figures of rows with fewer than N people, leave out tables of single persons and meetings; one number is one person",
        ),
    ] = None,
    previous: Previous = None,
    show_phones: ShowPhones = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """全部账户的报表 / Reports of all accounts.

    每个报表一个文件，或一个网页：各账户合计，或按账户、标签、部门分组；最坏的完整性结论写在最前。从未同步的账户算作缺口并注明。

    One file a report, or one page: sums over all accounts, or by account, label or department, and the worst verdict
    comes first. An account that was never synced is a gap, and is named.

    Example: ytxdata fleet report fleet.toml --from 2026-01 --to 2026-07 --group company --out report
    """
    format_ = "excel" if format_ == "xlsx" else format_
    if format_ not in ("csv", "parquet", "excel", "html"):
        remedy = Text("csv、parquet、excel 或 html", "csv, parquet, excel or html")
        raise cannot_be("--format", format_, remedy)
    refuse_archive(out)
    if format_ == "excel":
        require_extra("excel")
    is_one = min_group is not None or format_ == "html"
    if is_one and names:
        raise UsageError(
            Text("--report 不能与 --format html 或 --min-group 同时使用", "--report excludes --format html and --min-group"),
            remedy=Text("去掉 --report：网页和隐去小组的报告是一个整体", "leave --report out: a page, and a report that hides small groups, are one whole"),
        )  # fmt: skip
    if previous and min_group is None:
        raise UsageError(Text("--previous 须与 --min-group 合用", "--previous goes with --min-group"))
    asked = ask(start, end, by, tariff, lines, group, address_book(book), only=only)
    whole = opened(fleet, account, where)
    whole = whole.same_people() if same_people or min_group else whole
    still = whole.still()
    if is_one:
        verdict, counted, written = _one_report(still, asked, out, format_, min_group, previous, show_phones)
    else:
        verdict, counted, written = _reports(still, asked, names, out, format_, show_phones)
    for left_out in still.left_out:
        note(left_out)
    verdict = verdict if show_phones else verdict.renamed(hide_in_text)
    if as_json:
        files = {name: str(path) for name, path in written.items()}
        emit({"verdict": verdict.worst, "completeness": verdict.sentence._asdict(), "rows": counted, "files": files})
    else:
        conclude(verdict)
        wrote(*written.values())
    raise typer.Exit(worst_exit(still))


Made = tuple[Any, dict[str, int], dict[str, Path]]  # the verdict, and rows and files by report


def _one_report(
    whole: Fleet, asked: Ask, out: Path, format_: str, least: int | None, previous: list[Path] | None, show_phones: bool
) -> Made:
    """Write all reports as one; return its verdict (where groups are hidden, it tells less), rows and files."""
    from ytxdata.pages.collection import collect
    from ytxdata.pages.earlier_report import refuse_leftovers
    from ytxdata.pages.report_files import names_of, write_files
    from ytxdata.pages.small_groups import without_small_groups
    from ytxdata.tables.masking import Privacy

    collected, privacy = collect(whole, asked), Privacy(show_phones=show_phones)
    if least:
        made = collected.reports
        collected = without_small_groups(collected, least, previous=previous, privacy=privacy)
        tell_left_out(made, collected.reports)
        refuse_leftovers(out, names_of(collected, {format_}))
    counted = {name: one.arrow.num_rows for name, one in collected.tables.items()}
    return collected.certificate, counted, write_files(collected, out, {format_}, lang=chosen.lang, privacy=privacy)


def _reports(whole: Fleet, asked: Ask, names: list[str] | None, out: Path, format_: str, show_phones: bool) -> Made:
    """Write a file for each report; return the verdict on the period, rows and files by report."""
    from ytxdata.metrics.groups import groups_of, resolve
    from ytxdata.metrics.registry import REPORTS, make, registered
    from ytxdata.tables.masking import sharing_ends

    # sums share what is known of each meeting; side by side each account has its own
    source: Any = asked.of(whole) if asked.group == "account" else resolve(asked.of(whole))
    if asked.group not in (None, "account", "number"):
        groups_of(source, asked.group, asked.book)  # what is no group is told before anything is written
    for name in names or ():
        registered(name, asked)  # so is what cannot be made
    made: dict[str, Report] = {}
    failed: dict[str, YtxError] = {}
    for name in names or [name for name, entry in REPORTS.items() if entry.is_possible(asked)]:
        try:
            made[name] = make(name, source, asked)
        except Exception as error:  # one's own reports may raise anything, and end none of the others
            failed[name] = error if isinstance(error, YtxError) else _unexpected(name, error)
    written: dict[str, Path] = {}
    for name, one in zip(made, sharing_ends([*made.values()]), strict=True):
        path = out / f"{name}.{'xlsx' if format_ == 'excel' else format_}"
        written[name] = getattr(one, f"to_{format_}")(path, show_phones=show_phones)
    if failed:
        raise _not_all(failed, out)
    counted = {name: one.arrow.num_rows for name, one in made.items()}
    return whole.certificate(asked.start, asked.end), counted, written


def _unexpected(name: str, error: Exception) -> YtxError:
    kind = type(error).__name__  # nobody knows what stands in the words of an error that is none of ours
    return UsageError(
        Text(f"报表 {name} 出了意外的错误 {kind}", f"the report {name} ended with an unexpected {kind}"),
        remedy=Text("用 --report 只写其余报表；ytxdata 自带的报表请反馈", "write others with --report; if it is one of ytxdata, tell its authors"),
    )  # fmt: skip


def _not_all(failed: dict[str, YtxError], out: Path) -> YtxError:
    """Return the first error, which says what could not be made for whatever reason, and where all else is."""
    first, *others = dict.fromkeys(failed.values())
    told = dict.fromkeys(error.cause for error in others if error.cause != first.cause)
    names = ", ".join(failed)
    listed = Text(f"未能制作：{names}；其余报表在 {out}", f"not made: {names}; all other reports are in {out}")
    for text in (*told, listed):
        first.add_note(text.in_(chosen.lang))
    return first
