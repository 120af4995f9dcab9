"""`ytxdata fleet`: many accounts as one, from a `fleet.toml`: sync them all, see how they stand, audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ytxdata.cli.shared_options import (
    From,
    Json,
    Language,
    SettleHours,
    To,
    chosen,
    conclude,
    echo,
    emit,
    note,
    say,
    wrote,
)
from ytxdata.errors import UsageError, YtxError, cannot_be
from ytxdata.files import refuse_archive
from ytxdata.labels import Text, aligned
from ytxdata.times import beijing_text

if TYPE_CHECKING:
    from ytxdata.fleet import Fleet, FleetSync
    from ytxdata.fleet.sync_all import Line
    from ytxdata.tables.described import Definition
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


def worst_exit(fleet: Fleet) -> int:
    """Return the exit code for the worst that is wrong with any archive; 0 where all can be read."""
    return max((error.exit_code for error in fleet.damage.values()), default=0)


def opened(fleet: Path | None, accounts: list[str] | None, labels: list[str] | None) -> Fleet:
    """Return the accounts that were asked for."""
    return _asked(_whole(fleet), accounts, labels)


def _whole(fleet: Path | None) -> Fleet:
    from ytxdata.fleet import Fleet

    return Fleet.found_here() if fleet is None else Fleet(fleet)


def _asked(whole: Fleet, accounts: list[str] | None, labels: list[str] | None) -> Fleet:
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

    from ytxdata.fleet.sync_all import RESULTS

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
        emit({"exit_code": done.exit_code, "line": done.line._asdict(), "accounts": _rows(done, RESULTS)})
    else:
        _tell(done)
    raise typer.Exit(done.exit_code)


def _rows(table: Table, results: Sequence[Definition]) -> list[dict[str, Any]]:
    """Return the rows for machines: labels, which everybody calls as they like, in a place of their own."""
    rows = []
    _, *labels = table.masked().definitions[: -len(results)]
    for row in table.to_dicts():  # masks by itself: a mask that is masked again is another name of the account
        own = {one.zh: text for one in labels if (text := row.pop(one.key)) is not None}
        rows.append({"account": row.pop("account"), "labels": own} | row)
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
    """Print a table with a line for each account, called as in files and reports: whoever reads it may hand it on. What
    is said of one account beside it, to whoever runs this, calls it as the list does.
    """
    table = table.masked()
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
    from ytxdata.fleet.standing import STATUS

    asked = opened(fleet, account, where).still()
    table = asked.status()
    verdict = table.masked().certificate
    assert verdict is not None
    if as_json:
        emit({"verdict": verdict.worst, "completeness": verdict.sentence._asdict(), "accounts": _rows(table, STATUS)})
    else:
        other = "problem_en" if chosen.lang == "zh" else "problem_zh"
        _show(table, leave_out=(other,))
        conclude(verdict)
    raise typer.Exit(worst_exit(asked))


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
    from ytxdata.fleet.standing import audited, file_names

    if fail_on not in (None, "warn", "crit"):
        raise cannot_be("--fail-on", fail_on, Text("warn 或 crit", "warn or crit"))
    if out is not None:
        refuse_archive(out)
    whole, told = _whole(fleet), read_config(config) if config else None
    asked = _asked(whole, account, where)
    rows, written, damage, files = [], [], asked.damage, file_names(whole.names)
    for name in asked.names:
        row: dict[str, Any] = {"exit_code": 0}
        try:
            if name in damage:
                raise damage[name]
            found = run(asked[name], start=start, end=end, config=told)
            counts = found.summary().arrow
            row |= {key: sum(counts.column(key).to_pylist()) for key in ("crit", "warn", "new")}
            row["verdict"] = found.certificate.worst if found.certificate else None
            row["exit_code"] = 1 if fail_on and found.at_least(fail_on) else 0  # type: ignore[arg-type]  # one of the two
            if out is not None:
                written.append(found.to_csv(out / f"{files[name]}.findings.csv"))
        except YtxError as error:
            row["exit_code"] = error.exit_code
            _complain(name, error.cause, error.remedy)
        rows.append(row)
    table, code = audited(asked.accounts, rows, whole.accounts), max(row["exit_code"] for row in rows)
    if as_json:
        emit({"exit_code": code, "accounts": table.to_dicts()})
    else:
        _show(table)
        wrote(*written)
    raise typer.Exit(code)
