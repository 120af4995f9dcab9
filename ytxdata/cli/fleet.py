"""`ytxdata fleet`: many accounts as one, from a `fleet.toml`: sync them all, see how they stand, report, audit."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ytxdata.cli.account import SettleHours
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
    echo,
    emit,
    note,
    say,
    wrote,
)
from ytxdata.errors import DamagedError, UsageError, YtxError, require_extra
from ytxdata.labels import Text, aligned
from ytxdata.tables.numbers_in_text import hide_in_text
from ytxdata.times import beijing_text

if TYPE_CHECKING:
    from ytxdata.fleet import Fleet, FleetSync
    from ytxdata.fleet.sync_all import Line
    from ytxdata.metrics.registry import Ask
    from ytxdata.metrics.report import Report
    from ytxdata.tables.table import Table

FleetFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FLEET]",
        help="fleet.toml，或含它或 *.archive 的目录；默认为当前目录的 fleet.toml / a fleet.toml, or a folder with one or with *.archive; by default the fleet.toml here",
    ),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", help="只处理此账户，可重复 / only this account, may be repeated"),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--where", help="只处理带此标签的账户，如 company=甲 / only accounts with a label: company=A"),
]


def opened(fleet: Path | None, accounts: list[str] | None, labels: list[str] | None, **more: Any) -> Fleet:
    """Return the accounts that were asked for."""
    from ytxdata.fleet import Fleet

    whole = Fleet.found_here(**more) if fleet is None else Fleet(fleet, **more)
    pairs = [one.partition("=") for one in labels or []]
    if not all(sign and key for key, sign, _ in pairs):
        raise UsageError(
            Text("--where 应为 标签=值", "--where takes LABEL=VALUE"), remedy=Text("如 company=甲", "such as company=A")
        )
    chosen_by = {key: value for key, _, value in pairs}
    return whole.where(*(accounts or []), **chosen_by) if accounts or chosen_by else whole


_INTERRUPTED = Text(
    "已中断；已完成的账户都已保存，用 --resume 接着做其余的",
    "interrupted; the accounts that were done are kept: --resume goes on with the others",
)


def sync(
    fleet: FleetFile = None,
    account: Accounts = None,
    where: Labels = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="同时处理几个账户 / accounts at once")] = 4,
    per_host: Annotated[
        int | None, typer.Option("--per-host", min=1, help="同一主机同时几次调用 / calls at once to one host")
    ] = None,
    per_second: Annotated[
        float,
        typer.Option("--per-second", min=0, help="同一主机每秒几次，0 为不限 / calls a second to one host, 0 for any"),
    ] = 50.0,
    resume: Annotated[
        bool, typer.Option("--resume", help="跳过上一轮已完成的账户 / leave out what the last round has finished")
    ] = False,
    settle_hours: SettleHours = 24,
    timeout: Annotated[
        float | None, typer.Option(help="连接和静默的时限，秒 / seconds to connect, and of silence while reading")
    ] = None,
    total_timeout: Annotated[
        float | None, typer.Option(help="一次调用连同重试的总时限，秒 / seconds for a query with all its attempts")
    ] = None,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """同步全部账户 / Sync all accounts.

    把每个账户的新会议存入它的存档；一个账户被拒不影响其他账户，退出码取最坏的。

    Bring what is new of every account into its archive; one that is refused stops no other, and the exit code is that
    of the worst.

    Example: ytxdata fleet sync fleet.toml --workers 4
    """
    from tqdm import tqdm

    chosen.interrupted = _INTERRUPTED
    asked = opened(fleet, account, where)
    with tqdm(total=len(asked), disable=None, leave=False, unit="") as bar:

        def step(line: Line) -> None:
            bar.set_postfix_str(line.account.name)
            bar.update()

        done = asked.sync(
            workers=workers, per_host=per_host, per_second=per_second or None, settle=timedelta(hours=settle_hours),
            timeout=timeout, total_timeout=total_timeout, resume=resume, step=step,
        )  # fmt: skip
    if as_json:
        emit({"exit_code": done.exit_code, "line": done.line._asdict(), "accounts": _rows(asked, done)})
    else:
        _tell(done)
    raise typer.Exit(done.exit_code)


def _rows(fleet: Fleet, table: Table) -> list[dict[str, Any]]:
    """Return the rows for machines: labels, which everybody calls as they like, in a place of their own."""
    from ytxdata.redact import hide_credentials

    labels, rows = {key for told in fleet.labels.values() for key in told}, []
    for row in table.to_dicts():
        own = {key: hide_in_text(hide_credentials(one)) for key, one in fleet.labels[row["account"]].items()}
        others = {key: value for key, value in row.items() if key not in labels}
        rows.append({"account": row["account"], "labels": own} | others)
    return rows


def _tell(done: FleetSync) -> None:
    for line in done.lines:
        if line.problem is not None:
            _complain(line.account.name, line.problem, line.remedy)
        for warning in line.report.warnings if line.report else ():
            note(Text(f"{line.account.name}：{warning.zh}", f"{line.account.name}: {warning.en}"))
    _show(done, leave_out=("seconds", "bytes", "problem_zh", "problem_en"))
    say(done.line)


def _complain(name: str, cause: Text, remedy: Text | None) -> None:
    """Tell what is wrong with an account, and what to do about it."""
    note(Text(f"{name}：{cause.zh}", f"{name}: {cause.en}"))
    if remedy is not None:
        note(Text(f"→ {remedy.zh}", f"→ {remedy.en}"))


def _show(table: Table, leave_out: tuple[str, ...] = ()) -> None:
    """Print a table with a line for each account."""
    spoken = [one for one in table.definitions if one.key not in leave_out and one.key in table.arrow.column_names]
    rows = table.arrow.to_pylist()  # instants as they are: `to_dicts` writes them for machines
    heads = [one.label.in_(chosen.lang) for one in spoken]
    cells = [[_cell(one.words, row[one.key]) for one in spoken] for row in rows]
    echo(aligned([heads, *cells]))


def _cell(words: Any, value: object) -> str:
    if value in words:
        return str(words[value].in_(chosen.lang))
    if isinstance(value, datetime):
        return beijing_text(value)
    return "–" if value is None else str(value)


def status(
    fleet: FleetFile = None,
    account: Accounts = None,
    where: Labels = None,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """各账户的状态 / How the accounts stand.

    每个账户一行：会议数、最近同步、完整性。不联网。

    A line for each account: meetings, last sync, completeness. Asks nobody.

    Example: ytxdata fleet status fleet.toml
    """
    asked = opened(fleet, account, where)
    table = asked.status()
    verdict = table.masked().certificate
    assert verdict is not None
    if as_json:
        emit({"verdict": verdict.worst, "completeness": verdict.sentence._asdict(), "accounts": _rows(asked, table)})
        return
    other = "problem_en" if chosen.lang == "zh" else "problem_zh"
    _show(table, leave_out=(other,))
    say(Text(f"{verdict.worst}：{verdict.sentence.zh}", f"{verdict.worst}: {verdict.sentence.en}"))


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
        raise UsageError(Text(f"--format 不能是 {format_!r}", f"--format cannot be {format_!r}"), remedy=remedy)
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

    def made(still: Fleet) -> Made:
        if is_one:
            return _one_report(still, asked, out, format_, min_group, previous, show_phones)
        return _reports(still, asked, names, out, format_, show_phones)

    still = whole.still()
    try:
        verdict, counted, written = made(still)
    except DamagedError:
        thorough = whole.still(thorough=True)  # a file is as long as it was, and no more: only then is every one read
        if thorough.readable == still.readable:
            raise
        still = thorough
        verdict, counted, written = made(still)
    for left_out in still.left_out:
        note(left_out)
    verdict = verdict if show_phones else verdict.renamed(hide_in_text)
    if as_json:
        files = {name: str(path) for name, path in written.items()}
        emit({"verdict": verdict.worst, "completeness": verdict.sentence._asdict(), "rows": counted, "files": files})
    else:
        say(Text(f"{verdict.worst}：{verdict.sentence.zh}", f"{verdict.worst}: {verdict.sentence.en}"))
        wrote(*written.values())
    raise typer.Exit(max((error.exit_code for error in still.damage.values()), default=0))


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
        collected = without_small_groups(collected, least, previous=previous, privacy=privacy)
        refuse_leftovers(out, names_of(collected, {format_}))
    counted = {name: one.arrow.num_rows for name, one in collected.tables.items()}
    return collected.certificate, counted, write_files(collected, out, {format_}, lang=chosen.lang, privacy=privacy)


def _reports(whole: Fleet, asked: Ask, names: list[str] | None, out: Path, format_: str, show_phones: bool) -> Made:
    """Write a file for each report; return the verdict on the period, rows and files by report."""
    from ytxdata.metrics.groups import groups_of, resolve
    from ytxdata.metrics.registry import REPORTS, make
    from ytxdata.tables.masking import sharing_ends

    # sums share what is known of each meeting; side by side each account has its own
    source: Any = asked.of(whole) if asked.group == "account" else resolve(asked.of(whole))
    if asked.group not in (None, "account", "number"):
        groups_of(source, asked.group, asked.book)  # what is no group is told before anything is written
    possible = [name for name, entry in REPORTS.items() if entry.is_possible(asked)]
    strange = next((name for name in names or [] if name not in possible), None)
    if strange is not None:
        raise UsageError(
            Text(f"不能制作报表 {strange}", f"the report {strange} cannot be made"),
            remedy=Text(f"可选：{'、'.join(possible)}", f"choose one of {', '.join(possible)}"),
        )
    made: dict[str, Report] = {}
    failed: dict[str, YtxError] = {}
    for name in names or possible:
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


_HEADS = {
    "account": Text("账户", "account"), "crit": Text("严重", "crit"), "warn": Text("警告", "warn"),
    "new": Text("新增", "new"), "verdict": Text("完整性", "completeness"), "exit_code": Text("退出码", "exit code"),
}  # fmt: skip
"""What a person reads above the columns of an audit."""


def audit(
    fleet: FleetFile = None,
    account: Accounts = None,
    where: Labels = None,
    start: From = None,
    end: To = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="TOML：每个检查一张表 / TOML, one table per check")
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option("--fail-on", help="warn | crit：有未接受的此级发现则退出码为 1 / exit code 1 when one is open"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="每个账户的发现写入此目录 / write the findings of each account here")
    ] = None,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """审计全部账户 / Audit all accounts.

    逐个审计每个账户的存档；每个账户一行，退出码取最坏的。

    Audit the archive of each account; a line each, and the exit code is that of the worst.

    Example: ytxdata fleet audit fleet.toml --fail-on crit
    """
    from ytxdata.audit import read_config, run

    if fail_on not in (None, "warn", "crit"):
        raise UsageError(
            Text(f"--fail-on 不能是 {fail_on!r}", f"--fail-on cannot be {fail_on!r}"),
            remedy=Text("warn 或 crit", "warn or crit"),
        )
    asked, told = opened(fleet, account, where), read_config(config) if config else None
    rows, codes, written, damage = [], [0], [], asked.damage
    for name in asked.names:
        row: dict[str, Any] = {"account": name, **dict.fromkeys(("crit", "warn", "new", "verdict")), "exit_code": 0}
        try:
            if name in damage:
                raise damage[name]
            found = run(asked[name], start=start, end=end, config=told)
            counts = found.summary().arrow
            row |= {key: sum(counts.column(key).to_pylist()) for key in ("crit", "warn", "new")}
            row["verdict"] = found.certificate.worst if found.certificate else None
            row["exit_code"] = 1 if fail_on and found.at_least(fail_on) else 0  # type: ignore[arg-type]  # one of the two
            if out is not None:
                written.append(found.to_csv(out / f"{name}.findings.csv"))
        except YtxError as error:
            row["exit_code"] = error.exit_code
            _complain(name, error.cause, error.remedy)
        rows.append(row)
        codes.append(row["exit_code"])
    if as_json:
        emit({"exit_code": max(codes), "accounts": rows})
    else:
        heads = [_HEADS[key].in_(chosen.lang) for key in rows[0]]
        echo(aligned([heads, *([_cell({}, value) for value in row.values()] for row in rows)]))
        wrote(*written)
    raise typer.Exit(max(codes))
