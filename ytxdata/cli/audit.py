"""`ytxdata audit`: what is wrong in an archive, what is new since last time, and whether a nightly job should ring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ytxdata.cli.shared_options import ArchiveDir, From, Json, Language, ShowPhones, To, chosen, emit, note, say, wrote
from ytxdata.errors import UsageError
from ytxdata.labels import Text

if TYPE_CHECKING:
    from ytxdata.audit import Findings
    from ytxdata.tables.table import Table


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("audit")(audit)


RosterFile = Annotated[Path | None, typer.Option("--roster", help="花名册 CSV（phone,name,department） / roster")]
InvoiceFile = Annotated[
    Path | None, typer.Option("--invoice", help="账单 CSV（meeting_id,duration_s,amount_yuan） / invoice")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="TOML：每个检查一张表，写与默认不同的参数 / TOML, one table per check")
]


def audit(
    archive: ArchiveDir = Path("meetings.archive"),
    start: From = None,
    end: To = None,
    roster: RosterFile = None,
    invoice: InvoiceFile = None,
    config: ConfigFile = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="以此刻为“现在”，只看不记 / what counts as now; only looks")
    ] = None,
    check: Annotated[list[str] | None, typer.Option("--check", help="只运行此检查，可重复 / only this check")] = None,
    fail_on: Annotated[
        str | None,
        typer.Option("--fail-on", help="warn | crit：有未接受的此级发现则退出码为 1 / exit 1 when any is open"),
    ] = None,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="只显示上次以来的变化 / show only what is new or resolved")
    ] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="阈值减半、加倍时的发现数 / findings at half and twice each threshold")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="写入 findings.csv 等到此目录 / write the tables to this directory")
    ] = None,
    accept: Annotated[str | None, typer.Option("--accept", help="接受这一条发现 / accept this finding, by id")] = None,
    reason: Annotated[str, typer.Option("--reason", help="接受的理由 / why it is accepted")] = "",
    by: Annotated[str, typer.Option("--by", help="由谁接受 / who accepts it")] = "",
    show_phones: ShowPhones = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """审计存档 / Audit an archive.

    运行全部检查，说明发现了什么、哪些没有运行；发现的状态记在存档旁边，存档本身不变。

    Run every check; tell what was found and what could not run. The life of findings is kept beside the archive, which is not changed.

    Example: ytxdata audit --archive meetings.archive --roster data/roster.csv --fail-on crit --since-last
    """  # fmt: skip
    from ytxdata.archive import Archive
    from ytxdata.audit import changes, moved, read_config, run

    if fail_on not in (None, "warn", "crit"):
        raise UsageError(
            Text(f"--fail-on 不能是 {fail_on!r}", f"--fail-on cannot be {fail_on!r}"),
            remedy=Text("warn 或 crit", "warn or crit"),
        )
    found = run(
        Archive(archive), start=start, end=end, roster=roster, invoice=invoice, as_of=as_of,
        config=read_config(config) if config else None, checks=check or None,
    )  # fmt: skip
    if accept is not None:
        found.accept(accept, reason, by)
    failing = len(found.at_least(fail_on)) if fail_on in ("warn", "crit") else 0  # type: ignore[arg-type]  # one of the two
    shown = found.changed() if since_last else found
    tables: list[Table] = [shown, found.summary()]
    if sensitivity:
        tables.append(found.sensitivity())
    written: list[Path] = []
    if out is not None:
        tables += [changes(Archive(archive)), moved(Archive(archive))]
        for table in tables:
            written.append(table.to_csv(out / f"{table.name}.csv", show_phones=show_phones))
    if as_json:
        _emit(shown, tables, show_phones, failing)
    else:
        _print(shown, tables[1:], show_phones)
        wrote(*written)
    raise typer.Exit(1 if failing else 0)


def _emit(shown: Findings, tables: list[Table], show_phones: bool, failing: int) -> None:
    emit(
        {
            "exit_code": 1 if failing else 0,
            "verdict": shown.certificate.worst if shown.certificate else None,
            "notes": [text._asdict() for text in shown.masked(show_phones=show_phones).notes],
            **{table.name: table.to_dicts(show_phones=show_phones) for table in tables},
        }
    )


def _print(shown: Findings, others: list[Table], show_phones: bool) -> None:
    for row in shown.masked(show_phones=show_phones).arrow.to_pylist():
        why = f" [{row['by']}: {row['reason']}]" if row["reason"] else ""
        text = Text(row["zh"], row["en"]).in_(chosen.lang)
        typer.echo(f"{row['severity']:<4} {row['status']:<10} {row['finding_id']} {row['check']}: {text}{why}")
    labels = {one.key: one.label for one in others[0].definitions}
    for row in others[0].arrow.to_pylist():
        counted = [key for key in ("crit", "warn", "new", "persisting", "resolved", "accepted") if row[key]]
        if counted:
            zh, en = (
                "，".join(f"{labels[key].zh} {row[key]}" for key in counted),
                " ".join(f"{key} {row[key]}" for key in counted),
            )
            say(
                Text(
                    f"  {row['title_zh']}（{row['check']}）：{zh}",
                    f"  {row['title_en']} ({row['check']}): {en}",
                )
            )
    for row in others[1].arrow.to_pylist() if len(others) > 1 else []:
        if "curve" in row:
            typer.echo(
                f"  {row['curve']} {row['check']}.{row['parameter']} = {row['value']:g}: {row['half']} · {row['same']} · {row['twice']}"
            )
    for told in shown.masked(show_phones=show_phones).notes:
        note(told)
