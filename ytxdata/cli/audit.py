"""`ytxdata audit`: what is wrong in an archive, what is new since last time, and whether a nightly job should ring;
`ytxdata pack`: evidence that somebody who distrusts its maker can check; `ytxdata verify`: that check, of what came.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ytxdata.cli.shared_options import (
    ArchiveDir,
    Force,
    From,
    Json,
    Language,
    ShowPhones,
    To,
    chosen,
    echo,
    emit,
    note,
    refuse_existing,
    say,
    wrote,
)
from ytxdata.errors import UsageError, cannot_be, require_extra
from ytxdata.files import refuse_archive
from ytxdata.labels import Text, aligned

if TYPE_CHECKING:
    from ytxdata.audit import Findings
    from ytxdata.tables.table import Table

RosterFile = Annotated[
    Path | None, typer.Option("--roster", help="花名册 CSV 或 .xlsx（phone,name,department） / roster, CSV or .xlsx")
]
InvoiceFile = Annotated[
    Path | None,
    typer.Option("--invoice", help="账单 CSV 或 .xlsx（meeting_id,duration_s,amount_yuan） / invoice, CSV or .xlsx"),
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
    from ytxdata.tables.masking import sharing_ends

    if fail_on not in (None, "warn", "crit"):
        raise cannot_be("--fail-on", fail_on, Text("warn 或 crit", "warn or crit"))
    if out is not None:
        refuse_archive(out)
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
        tables += [found.reconciliation()] if invoice is not None else []
        tables = sharing_ends([*tables, changes(Archive(archive)), moved(Archive(archive))])
        written += [table.to_csv(out / f"{table.name}.csv", show_phones=show_phones) for table in tables]
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
        lines = [[row["check"], titles[row["check"]], *(str(row[key] or "·") for key in _COUNTED)] for row in counted]
        echo(aligned([heads, *lines]))
    outgoing = shown.masked(show_phones=show_phones)
    found: dict[str, list[dict[str, Any]]] = {check: [] for check in titles}
    for row in outgoing.arrow.to_pylist():
        found.setdefault(row["check"], []).append(row)
    for check, rows in found.items():
        if not rows:
            continue
        echo("")
        say(f"{check}  {titles.get(check, '')}".rstrip())
        rows.sort(key=lambda row: (row["severity"] != "crit", row["status"] != "new"))
        shown_rows = rows if everything else rows[:_SHOWN]
        marks = aligned([[_word(shown, key, row[key]) for key in ("severity", "status")] for row in shown_rows])
        for row, mark in zip(shown_rows, marks.splitlines(), strict=True):
            why = f" [{row['by']}: {row['reason']}]" if row["reason"] else ""
            text = Text(row["zh"], row["en"]).in_(chosen.lang)
            say(f"  {mark}  {row['finding_id']} {text}{why}")
        if not everything and len(rows) > _SHOWN:
            say(_MORE, n=len(rows) - _SHOWN, check=check)
    for row in more[0].arrow.to_pylist() if more else []:
        if "curve" in row:
            counts = f"{row['half']} · {row['same']} · {row['twice']}"
            say(f"  {row['curve']} {row['check']}.{row['parameter']} = {row['value']:g}: {counts}")
    for told in outgoing.notes:
        note(told)


def _word(table: Table, key: str, value: str) -> str:
    """Return what people read in place of a value such as `crit`."""
    words = table.definition(key).words
    return words[value].in_(chosen.lang) if value in words else value


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
    force: Force = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """制作证据包 / Make an evidence pack.

    把拉取链、证书、发现、表格和 verify.py 放进一个 ZIP；在另一台机器上运行 python3 -I verify.py 即可核对。

    Put the chain of pulls, certificate, findings, tables and verify.py into one ZIP; `python3 -I verify.py` checks it
    on any other machine.

    Example: ytxdata pack evidence.zip --archive meetings.archive --digest evidence.sha256
    """
    from ytxdata.archive import Archive
    from ytxdata.audit import pack as write
    from ytxdata.audit import read_config, run

    refuse_existing(path, digest, force=force)
    if sign is not None:
        require_extra("sign")
    source, told = Archive(archive), read_config(config) if config else None
    findings = run(source, start=start, end=end, roster=roster, invoice=invoice, config=told, remember=False)
    done = write(
        source, path, findings=findings, include_raw=include_raw, sign_with=sign, digest_file=digest, timestamp_from=timestamp
    )  # fmt: skip
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
        echo(done.text.in_(chosen.lang))


_TABLES = (".csv", ".xlsx", ".parquet", ".about.json")
_MARKS = {
    "archive": ("archive.json", "heads"),
    "pack": ("manifest.json", "pulls.json", "certificate.json", "verify.py", "signature.json"),
    "tables": ("*.about.json", "datapackage.json"),
}
_CHECKED_WITH = {
    "archive": ("--heads", "--recompute", "--quick", "--repair"),
    "pack": ("--heads", "--recompute", "--public-key", "--require-signature", "--authority"),
    "tables": (),
}
_CALLED = {
    "archive": Text("它不是证据包", "it is no evidence pack"),
    "pack": Text("它是证据包", "it is an evidence pack"),
    "tables": Text("它是表格，不是存档或证据包", "it holds tables, and is no archive or evidence pack"),
}


def verify(
    archive: Annotated[
        Path,
        typer.Argument(
            help="存档目录、证据包（ZIP 或解压后的目录），或报告或导出目录、CSV、XLSX、Parquet（旁边有 .about.json）"
            " / archive directory; evidence pack, as ZIP or unpacked; or a report's or export's directory, a CSV or an XLSX with its .about.json"
        ),
    ],
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="存档中可由原始数据重新生成的，重新生成；原始数据不动 / make anew what follows from an archive's raw data, which is not touched",
        ),
    ] = False,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key", help="证据包必须由此公钥签名（十六进制或 PEM） / the key a pack must be signed by"
        ),
    ] = None,
    require_signature: Annotated[
        bool, typer.Option("--require-signature", help="没有签名的证据包不成立 / refuse a pack without a signature")
    ] = False,
    heads: Annotated[
        Path | None,
        typer.Option("--heads", help="公布过的链首，见 sync --publish-head；存档或证据包 / heads that were published"),
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option("--authority", help="时间戳机构的根证书（PEM） / root certificate of the timestamp's authority"),
    ] = None,
    recompute: Annotated[
        bool,
        typer.Option(
            "--recompute",
            help="证据包：由原始回答重算每个单元格；存档：由原始回答重新判断完整性结论"
            " / of a pack: derive every cell anew from its raw answers; of an archive: judge anew what it claims",
        ),
    ] = False,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="只核对校验和与链，不由原始记录重新得出各行 / check hashes and chains alone, derive no rows anew from an archive's raw records",
        ),
    ] = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """核对存档、证据包或收到的文件 / Check an archive, a pack, or a file that was received.

    核对存档里的每个校验和与每条约束，证据包里的每项主张，或 CSV、XLSX 与其说明（.about.json）是否一致；损坏时退出码为 5，没有损坏但有未能核对之处（OPEN）时为 1。

    Check every hash and every law of an archive, every claim of an evidence pack, or a CSV or XLSX against its
    description (.about.json); exit code 5 when something is damaged, 1 when nothing is and something is left open.

    Example: ytxdata verify evidence.zip --public-key key.pub --recompute
    """  # fmt: skip
    kind = _kind_of(archive)
    given = {
        "--repair": repair, "--public-key": public_key, "--require-signature": require_signature, "--heads": heads,
        "--authority": authority, "--recompute": recompute, "--quick": quick,
    }  # fmt: skip
    _refuse_idle([name for name, value in given.items() if value and name not in _CHECKED_WITH[kind]], archive, kind)
    if kind == "pack":
        from ytxdata.audit import verify_pack
        from ytxdata.audit.pack_words import in_either

        lines = verify_pack(
            archive, public_key=public_key, require_signature=require_signature, heads=heads, authority=authority, recompute=recompute
        )  # fmt: skip
        left = [line for line in lines if line.startswith("OPEN ")]
        _tell(list(map(in_either, lines)), as_json, left)
        if left:
            raise typer.Exit(1)
    elif kind == "tables":
        from ytxdata.exits.export_files import NO_SEAL, verify_file, verify_folder

        _tell([*(verify_folder if archive.is_dir() else verify_file)(archive), NO_SEAL], as_json)
    else:
        _verify_archive(archive, heads, as_json, repair=repair, quick=quick, recompute=recompute)


def _kind_of(path: Path) -> str:
    """Return what is to be checked. A folder is told by what it holds, the strictest first: a table that lies in an
    archive or a pack must not be all that is looked at, nor a pack be less for the manifest that was taken out.
    """
    if path.is_dir():
        found = [kind for kind, marks in _MARKS.items() if any(next(path.glob(mark), None) for mark in marks)]
        # of an archive folders are left, whatever was lost
        if found or {one.is_dir() for one in path.iterdir()} != {False}:
            return (*found, "archive")[0]
    elif path.suffix.lower() == ".zip":
        from ytxdata.archive.ownership import refuse_zipped

        refuse_zipped(path, _MARKS["pack"])
        return "pack"
    elif path.name.lower().endswith(_TABLES):
        return "tables"
    elif not path.is_file():
        return "archive"
    raise UsageError(
        Text(f"verify 在 {path} 没有可核对的", f"verify finds nothing that it checks in {path}"),
        remedy=Text(
            "它接受存档目录、证据包 ZIP，或旁边有 .about.json 的 CSV、XLSX、Parquet",
            "it takes an archive directory, the ZIP of an evidence pack, or a CSV, XLSX or Parquet file with its .about.json",
        ),
    )


def _refuse_idle(idle: Sequence[str], path: Path, kind: str) -> None:
    """Who asks for a check must not read `sound` when it was not made."""
    if idle:
        names, (zh, en) = ", ".join(idle), _CALLED[kind]
        raise UsageError(
            Text(f"{names} 对 {path} 不起作用：{zh}", f"{names} checks nothing of {path}: {en}"),
            remedy=Text("去掉它，或给出它所核对的", "leave it out, or give what it is for"),
        )


def _verify_archive(
    path: Path, heads: Path | None, as_json: bool, *, repair: bool, quick: bool, recompute: bool
) -> None:
    from ytxdata.archive import Archive
    from ytxdata.archive.verify import verify as look
    from ytxdata.audit import verify_heads

    found = look(path.absolute(), quick=quick, recompute=recompute)
    if repair and found.can_be_mended and not found.is_sound:
        for damage in found.damages:
            note(Text(f"已损坏：{damage}", f"damaged: {damage}"))
        done = Archive(path).rebuild()
        for text in (*done.mended, done.line):
            note(text)
        found = look(path.absolute(), quick=quick, recompute=recompute)
    found.raise_if_damaged()
    agreed = None if heads is None else verify_heads(Archive(path), heads)
    left = (*found.left_open, *(agreed.left_open if agreed else ()))
    if as_json:
        told = {**found.to_dict(), "left_open": [text.en for text in left]}
        emit({**told, **({"heads": agreed.line._asdict()} if agreed else {})})
    else:
        say(str(found))
        if agreed is not None:
            say(agreed.line)
        for text in left:
            say(Text(f"OPEN  {text.zh}", f"OPEN  {text.en}"))
    if left:
        raise typer.Exit(1)


def _tell(lines: list[Text], as_json: bool, left: Sequence[str] = ()) -> None:
    if as_json:
        emit({"is_sound": True, "checked": [line.en for line in lines], "left_open": list(left)})
    else:
        for line in lines:
            # the closing words about a pack are ours, and several lines
            (echo if line.en.startswith("\n") else say)(line.in_(chosen.lang))
