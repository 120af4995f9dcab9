"""`ytxdata audit`: what is wrong in an archive, what is new since last time, and whether a nightly job should ring;
`ytxdata pack`: evidence that somebody who distrusts its maker can check.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ytxdata.cli.shared_options import ArchiveDir, From, Json, Language, ShowPhones, To, chosen, emit, note, say, wrote
from ytxdata.errors import UsageError, require_extra
from ytxdata.labels import Text, aligned

if TYPE_CHECKING:
    from ytxdata.audit import Findings
    from ytxdata.tables.table import Table

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
        typer.Option(
            "--fail-on",
            help="warn | crit：有未接受的此级发现则退出码为 1 / warn | crit: exit code 1 when a finding of that level is open",
        ),
    ] = None,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="只显示上次以来的变化 / show only what is new or resolved")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="列出全部发现，而不是每项检查 5 条 / list all findings, not five a check")
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

    Run every check; tell what was found and what could not run. The life of findings is kept beside the archive,
    which is not changed.

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
    failing = 0 if fail_on is None else len(found.at_least(fail_on))  # type: ignore[arg-type]  # one of the two
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
        _print(shown, tables[1:], show_phones, everything)
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


_SHOWN = 5
_MORE = Text("  ……还有 {n} 条：--check {check} --all", "  … and {n} more: --check {check} --all")
_COUNTED = ("crit", "warn", "new", "persisting", "resolved", "accepted")


def _print(shown: Findings, others: list[Table], show_phones: bool, everything: bool) -> None:
    """Tell the summary first, then the findings check by check: at most five of each, unless all are asked for."""
    summary, *more = others
    labels = {one.key: one.label.in_(chosen.lang) for one in summary.definitions}
    counted = [row for row in summary.arrow.to_pylist() if any(row[key] for key in _COUNTED)]
    counted.sort(key=lambda row: (-row["crit"], -row["new"], -row["warn"]))
    titles = {row["check"]: Text(row["title_zh"], row["title_en"]).in_(chosen.lang) for row in counted}
    if counted:
        heads = [labels["check"], "", *(labels[key] for key in _COUNTED)]
        say(aligned([heads, *([row["check"], titles[row["check"]], *_counts(row)] for row in counted)]))
    outgoing = shown.masked(show_phones=show_phones)
    found: dict[str, list[dict[str, Any]]] = {check: [] for check in titles}
    for row in outgoing.arrow.to_pylist():
        found.setdefault(row["check"], []).append(row)
    for check, rows in found.items():
        if not rows:
            continue
        say(f"\n{check}  {titles.get(check, '')}".rstrip())
        rows.sort(key=lambda row: (row["severity"] != "crit", row["status"] != "new"))
        for row in rows if everything else rows[:_SHOWN]:
            why = f" [{row['by']}: {row['reason']}]" if row["reason"] else ""
            text = Text(row["zh"], row["en"]).in_(chosen.lang)
            say(f"  {row['severity']:<4} {row['status']:<10} {row['finding_id']} {text}{why}")
        if not everything and len(rows) > _SHOWN:
            say(_MORE, n=len(rows) - _SHOWN, check=check)
    for row in more[0].arrow.to_pylist() if more else []:
        if "curve" in row:
            counts = f"{row['half']} · {row['same']} · {row['twice']}"
            say(f"  {row['curve']} {row['check']}.{row['parameter']} = {row['value']:g}: {counts}")
    for told in outgoing.notes:
        note(told)


def _counts(row: dict[str, Any]) -> list[str]:
    return [str(row[key] or "·") for key in _COUNTED]


def pack(
    path: Annotated[Path, typer.Argument(help="要写的 ZIP / the ZIP to write")] = Path("evidence.zip"),
    archive: ArchiveDir = Path("meetings.archive"),
    start: From = None,
    end: To = None,
    roster: RosterFile = None,
    invoice: InvoiceFile = None,
    config: ConfigFile = None,
    include_raw: Annotated[
        bool,
        typer.Option(
            "--include-raw", help="放入原始回答（有完整号码和姓名） / put the raw answers in: full of phones and names"
        ),
    ] = False,
    sign: Annotated[
        Path | None, typer.Option("--sign", help="ed25519 私钥（PEM） / private ed25519 key as PEM")
    ] = None,
    digest: Annotated[
        Path | None,
        typer.Option(
            "--digest", help="把 SHA-256 写入此文件，请存放到别处 / write the SHA-256 here; keep it elsewhere"
        ),
    ] = None,
    timestamp: Annotated[
        str | None,
        typer.Option(
            "--timestamp",
            help="RFC 3161 时间戳机构的地址，或其回答的文件 / address of an authority that is asked, or a file with its answer",
        ),
    ] = None,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """制作证据包 / Make an evidence pack.

    把查询链、证书、发现、表格和 verify.py 放进一个 ZIP；在另一台机器上运行 python3 -I verify.py 即可核对。

    Put the chain of pulls, certificate, findings, tables and verify.py into one ZIP; `python3 -I verify.py` checks it
    on any other machine.

    Example: ytxdata pack evidence.zip --archive meetings.archive --digest evidence.sha256
    """
    from ytxdata.archive import Archive
    from ytxdata.audit import pack as write
    from ytxdata.audit import read_config, run

    if sign is not None:
        require_extra("sign")
    source = Archive(archive)
    findings = run(
        source,
        start=start,
        end=end,
        roster=roster,
        invoice=invoice,
        config=read_config(config) if config else None,
        remember=False,
    )
    done = write(
        source,
        path,
        findings=findings,
        include_raw=include_raw,
        sign_with=sign,
        digest_file=digest,
        timestamp_from=timestamp,
    )
    if as_json:
        emit(
            {
                "path": str(done.path),
                "sha256": done.sha256,
                "files": done.n_files,
                "pulls": done.n_pulls,
                "manifest_sha256": done.manifest_sha256,
                "include_raw": done.include_raw,
                "public_key": done.public_key,
            }
        )
    else:
        say(done.text)
