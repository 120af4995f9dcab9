"""`ytxdata archive`, `witness`, `rebuild`: look after what is kept; `ytxdata sql` and `export`: the archive in the
tools people already use.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ytxdata.cli.shared_options import (
    ArchiveDir,
    BookFile,
    Force,
    From,
    Json,
    Language,
    SettleHours,
    ShowPhones,
    To,
    address_book,
    chosen,
    echo,
    emit,
    note,
    put,
    refuse_existing,
    say,
    wrote,
)
from ytxdata.errors import UsageError, cannot_be
from ytxdata.labels import Text, aligned, in_one, printable
from ytxdata.times import beijing_text

if TYPE_CHECKING:
    from ytxdata.archive import Archive
    from ytxdata.history.proof.witness_result import Hearing
    from ytxdata.tables.table import Table

LINES_SHOWN = 20
"""How many lines that are not in the archive are shown; `--json` has more."""

_LACKING = Text("第 {line} 行：{at}  {meeting_id}", "line {line}: {at}  {meeting_id}")
_UNDATED = Text(
    "第 {line} 行：没有写时间，缺口为整个时段  {meeting_id}",
    "line {line}: it says no time, so the gap is the whole period  {meeting_id}",
)
_REST = Text("……还有 {n} 行", "… {n} more lines")
_REMOVED = Text(
    "已收回清单 {name}（{start} 至 {end}）：依据它得出的结论不再成立，原文仍保留在存档里；再次给出时立即核对，不必等下一次同步",
    "the list {name} ({start} to {end}) is taken back, and all that rested on it; its bytes stay in the archive; "
    "given again, it is held against the archive at once, without a sync",
)
_LIST = Text("；清单 {name}，收回用 {command}", "; the list {name}, taken back with {command}")
_NO_PERIOD = Text("缺少清单涵盖的时段", "the period that the list covers is missing")


def rebuild(
    archive: ArchiveDir = Path("meetings.archive"), settle_hours: SettleHours = 24, _lang: Language = None
) -> None:
    """重新生成表格 / Derive the tables anew.

    用当前的解析规则重新生成表格、索引和控制文件；原始记录不变。heads/ 全部丢失时，请给出同步时用过的 --settle-hours。

    Derive tables, index and heads anew with the present rules; raw records stay as they are. Where all heads were lost,
    give the --settle-hours that syncs were given.

    Example: ytxdata rebuild --archive meetings.archive

    Example: ytxdata archive rebuild --archive meetings.archive
    """
    from ytxdata.archive import Archive

    done = Archive(archive).rebuild(settle=timedelta(hours=settle_hours))
    for text in (*done.mended, done.line):
        say(text)


def coverage(archive: ArchiveDir = Path("meetings.archive"), as_json: Json = False, _lang: Language = None) -> None:
    """完整性一览 / Show what is proven.

    列出各时段的完整性结论和原因。

    List the verdict on each period, and why.

    Example: ytxdata archive coverage --archive meetings.archive
    """
    from ytxdata.archive import Archive
    from ytxdata.archive.ownership import no_archive
    from ytxdata.archive.witnesses import ends_kept
    from ytxdata.history.proof.witness_result import taking_back
    from ytxdata.tables.table import record_table

    kept = Archive(archive)
    if (snapshot := kept.snapshot()) is None:
        raise no_archive(kept.path)
    if as_json:
        shown = replace(record_table(kept.coverage(), "coverage", secret=kept.secret), ends=ends_kept(snapshot))
        rows = shown.masked().arrow.to_pylist()  # what goes into another program is masked, as in SQL and files
        emit(
            [
                {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
                for row in rows
            ]
        )
        return
    certificate = kept.certificate()
    for period in certificate.periods:
        told = period.told
        if period.reason_key == "only_in_witness":
            each = (_LIST.format(name=name, command=taking_back(name)) for name in period.pull_ids)
            told = in_one([told, *each], "", "")
        say(f"{beijing_text(period.start)} – {beijing_text(period.end)}  {period.verdict:<8}  {told.in_(chosen.lang)}")
    say(certificate.sentence)


def mirror(
    url: Annotated[str, typer.Argument(help="目录、file:// 或 s3://桶/前缀 / a folder, file:// or s3://bucket/prefix")],
    archive: ArchiveDir = Path("meetings.archive"),
    recheck: Annotated[
        bool, typer.Option("--recheck", help="已在的文件也读回核对 / read back what is there already, too")
    ] = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """把存档镜像到别处 / Mirror the archive.

    先传新文件、最后传最新状态，每个文件读回核对；读者任何时候都只看到完整的状态。全部原始数据（含完整号码）都会传出。凭证放在环境变量或 ~/.aws 中。

    Send new files first and the newest state last, each read back and compared: readers see whole states only. All raw
    data goes out, with full numbers. Credentials stand in the environment or in ~/.aws.

    Example: ytxdata archive mirror s3://bucket/meetings --archive meetings.archive

    Example: ytxdata report --archive s3://bucket/meetings --format html
    """
    from ytxdata.archive import Archive

    done = Archive(archive).mirror(url, recheck=recheck)
    if as_json:
        emit(done.to_dict())
    else:
        say(done.line)


def witness(
    source: Annotated[
        Path,
        typer.Argument(
            help="清单：CSV、XLSX 或 JSON；加 --remove 时为其名称 / the list: CSV, XLSX or JSON; its name with --remove"
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--kind", help="账单 invoice、控制台导出 console、话单 cdr / invoice, console export or call records"
        ),
    ] = "invoice",
    start: From = None,
    end: To = None,
    archive: ArchiveDir = Path("meetings.archive"),
    number_class: Annotated[
        str | None,
        typer.Option(
            "--number-class", help="清单只涵盖一类号码，如 mobile / the list covers one class of numbers only"
        ),
    ] = None,
    total_lines: Annotated[
        int | None,
        typer.Option("--total-lines", help="清单另页写明的行数 / how many lines it says it has, on another page"),
    ] = None,
    total_seconds: Annotated[
        int | None,
        typer.Option("--total-seconds", help="清单另页写明的总秒数 / how many seconds it says it comes to"),
    ] = None,
    total_yuan: Annotated[
        str | None,
        typer.Option("--total-yuan", help="清单另页写明的总金额（元） / how much it says it comes to [yuan]"),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="收回这份清单 / take this list back")] = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """用清单核对 / Prove with another list.

    用账单、控制台导出或话单逐行核对存档：缺的会议成为有名有姓的缺口；逐行相符且合计相符的时段为 PROVEN。
    有行不在存档里，或清单本身有问题（不完整、合计不符、有读不出的行、属于别的账户或时段、为空）时退出码为 1；只缺合计时为 0。

    Hold an invoice, a console export or call records against the archive: what lacks is a gap with its name; a period
    that agrees line by line and in its total is PROVEN. Exit code 1 when lines are not in the archive, or something is
    wrong with the list (incomplete, another total than its lines, lines that cannot be read, of another account or
    time, empty); 0 where it lacks nothing but a total.

    Example: ytxdata witness bill-2026-03.xlsx --kind invoice --from 2026-03 --to 2026-04 --archive meetings.archive

    Example: ytxdata witness bill-2026-03.xlsx --remove --archive meetings.archive
    """
    from ytxdata.archive import Archive

    kept = Archive(archive)
    if remove:
        gone = kept.remove_witness(source.name)
        if as_json:
            shown = _leaving(kept, gone)
            emit(shown.to_dict() | {"text": _removed(shown)._asdict()})
        else:
            say(_removed(gone))
        return
    if start is None or end is None:
        raise UsageError(_NO_PERIOD, remedy=Text("请给出 --from 和 --to", "give --from and --to"))
    totals = {"lines": total_lines, "seconds": total_seconds, "yuan": _yuan(total_yuan)}
    stated = {name: value for name, value in totals.items() if value is not None}
    said = kept.witness(source, kind=kind, start=start, end=end, totals=stated, number_class=number_class)
    if as_json:
        shown = _leaving(kept, said)
        emit(
            shown.to_dict()
            | {
                "proven": [[one.isoformat() for one in edges] for edges in shown.proven or ()],
                "text": shown.text._asdict(),
            }
        )
    else:
        from ytxdata.numbers_in_text import hide_in_text

        # ids stay, by which lines are found again; what a title says in words goes into logs of others' making
        for sentence in replace(said, words=tuple(map(hide_in_text, said.words))).told:
            say(sentence)
        for one in said.only_in_witness[:LINES_SHOWN]:
            form = _UNDATED if one.start is None else _LACKING
            say(form, line=one.line, at=beijing_text(one.start), meeting_id=one.meeting_id or "")
        if (rest := said.n_only_in_witness - LINES_SHOWN) > 0 and said.only_in_witness:
            say(_REST, n=rest)
    if not said.agrees:
        raise typer.Exit(1)


def _removed(gone: Hearing) -> Text:
    return _REMOVED.format(name=gone.name, start=beijing_text(gone.start), end=beijing_text(gone.end))


def _leaving(kept: Archive, said: Hearing) -> Hearing:
    """What goes into another program is masked, as in SQL and files."""
    from ytxdata.archive.witnesses import leaving

    return leaving(snapshot, [said], kept.secret)[0] if (snapshot := kept.snapshot()) else said


def _yuan(text: str | None) -> Decimal | None:
    from ytxdata.records.values import amount_text

    try:
        return None if text is None else Decimal(amount_text(text))
    except InvalidOperation:
        raise UsageError(
            Text(f"不是金额：{text}", f"this is no amount: {text}"),
            remedy=Text("例如 --total-yuan 1234.50", "for example --total-yuan 1234.50"),
        ) from None


ANSWERS = ("table", "csv", "json", "parquet", "xlsx")
ROWS_SHOWN = 100
"""How many rows a terminal is shown; `--format csv` has all."""

_MORE = Text("……还有 {n:,} 行；--format csv 有全部", "… {n:,} more rows; --format csv has them all")


def sql(
    query: Annotated[
        str, typer.Argument(help="一条 SELECT；- 为从标准输入读 / one SELECT; - reads it from standard input")
    ],
    archive: ArchiveDir = Path("meetings.archive"),
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table | csv | json | parquet | xlsx；默认看 --out 的扩展名，没有 --out 则为 table / table | csv | json | parquet | xlsx; by default what --out ends with, a table without --out",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="写入此文件 / write to this file")] = None,
    force: Force = False,
    show_phones: ShowPhones = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="只用到此时刻为止问到的 / only what had been asked up to this instant")
    ] = None,
    book: BookFile = None,
    timeout: Annotated[float, typer.Option("--timeout", help="最多多少秒 / seconds it may take at most")] = 60.0,
    memory: Annotated[int, typer.Option("--memory", help="最多多少 MB 内存 / MB of memory it may take at most")] = 1000,
    _lang: Language = None,
) -> None:
    """用 SQL 查询 / Ask in SQL.

    视图：meetings、legs、problems、changes、rejects、pulls、coverage、usage_daily，给出 --book 时还有 book；请按 meeting_key 连接。只读，不碰文件和网络，号码默认打码。

    Views: meetings, legs, problems, changes, rejects, pulls, coverage, usage_daily, and book with --book; join by
    meeting_key. Read-only, without files or network; phones are masked by default.

    Example: ytxdata sql "select name, count(*) as n from meetings group by name order by n desc limit 5" --archive meetings.archive
    """  # fmt: skip
    from ytxdata.archive import Archive

    format_ = format_ or ("table" if out is None else out.suffix.lower().lstrip("."))
    chosen.json = format_ == "json"
    if format_ not in ANSWERS:
        raise cannot_be("--format", format_, Text(f"可选：{', '.join(ANSWERS)}", f"choose one of {', '.join(ANSWERS)}"))
    if format_ in ("parquet", "xlsx") and out is None:
        raise UsageError(
            Text(f"{format_} 需要 --out", f"{format_} needs --out"), remedy=Text("加上 --out 文件", "add --out FILE")
        )
    refuse_existing(out, force=force)
    text = sys.stdin.read() if query == "-" else query
    answer = Archive(archive).sql(
        text, as_of=as_of, masked=not show_phones, book=address_book(book), timeout_s=timeout, memory_mb=memory
    )
    if out is None:
        _print(answer, format_, show_phones=show_phones)
    else:
        _write(answer, format_, out, show_phones=show_phones)
        wrote(out)
    if answer.certificate is not None:
        note(answer.certificate.sentence)


def _print(answer: Table, format_: str, *, show_phones: bool) -> None:
    from ytxdata.tables.html import shown

    if format_ == "json":
        emit(answer.to_dicts(show_phones=show_phones))
    elif format_ == "csv":
        with tempfile.TemporaryDirectory() as folder:
            path = answer.to_csv(Path(folder) / "sql.csv", dialect="machine", show_phones=show_phones)
            written = path.read_text(encoding="utf-8")
        # into a file or another program goes every character as it is; a terminal must not obey a name
        put(printable(written) if sys.stdout.isatty() else written, nl=False)
    else:
        rows = answer.masked(show_phones=show_phones).arrow
        cells = [[shown(value) for value in row.values()] for row in rows.slice(0, ROWS_SHOWN).to_pylist()]
        echo(aligned([rows.column_names, *cells]))
        if rows.num_rows > ROWS_SHOWN:
            note(_MORE, n=rows.num_rows - ROWS_SHOWN)


def _write(answer: Table, format_: str, out: Path, *, show_phones: bool) -> None:
    from ytxdata.files import replacing

    writers = {"csv": answer.to_csv, "parquet": answer.to_parquet, "xlsx": answer.to_excel}
    if format_ in writers:
        writers[format_](out, show_phones=show_phones)
    elif format_ == "json":
        with replacing(out, is_private=show_phones) as draft:
            told = json.dumps(answer.to_dicts(show_phones=show_phones), ensure_ascii=False, indent=1)
            draft.write_text(told + "\n", encoding="utf-8")
    else:
        raise UsageError(
            Text("table 只显示在屏幕上", "a table is for the screen"),
            remedy=Text(
                "写文件请用 --format csv、json、parquet 或 xlsx", "for a file use --format csv, json, parquet or xlsx"
            ),
        )


def export(
    folder: Annotated[Path, typer.Argument(help="输出目录 / where to write", file_okay=False)],
    archive: ArchiveDir = Path("meetings.archive"),
    format_: Annotated[str, typer.Option("--format", help="parquet | csv | delta")] = "parquet",
    by: Annotated[str, typer.Option("--by", help="month")] = "month",
    show_phones: ShowPhones = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """导出现状 / Export the present state.

    把每场会议的最新版本按月写成 Parquet、CSV 或 Delta，旁有 datapackage.json 和 views.sql；再次运行只重写有变化的月份。

    Write the latest version of every meeting as Parquet, CSV or Delta, month by month, with datapackage.json and
    views.sql; another run writes only the months that changed.

    Example: ytxdata export out --archive meetings.archive --format parquet
    """
    from ytxdata.archive import Archive

    done = Archive(archive).export(folder, format_, by, masked=not show_phones)  # type: ignore[arg-type]  # it checks what it is given
    if as_json:
        emit(done.to_dict())
        return
    say(done.line)
    say(f"→ {folder}")
