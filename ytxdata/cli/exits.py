"""`ytxdata sql` and `ytxdata export`: the archive in the tools people already use."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ytxdata.cli.shared_options import (
    ArchiveDir,
    BookFile,
    Json,
    Language,
    ShowPhones,
    chosen,
    echo,
    emit,
    note,
    say,
    wrote,
)
from ytxdata.errors import UsageError
from ytxdata.labels import Text, aligned, printable

if TYPE_CHECKING:
    from ytxdata.tables.table import Table

ANSWERS = ("table", "csv", "json", "parquet")
SHOWN = 100
"""How many rows a terminal is shown; `--format csv` has all."""

_MORE = Text("……还有 {n:,} 行；--format csv 有全部", "… {n:,} more rows; --format csv has them all")


def sql(
    query: Annotated[
        str, typer.Argument(help="一条 SELECT；- 为从标准输入读 / one SELECT; - reads it from standard input")
    ],
    archive: ArchiveDir = Path("meetings.archive"),
    format_: Annotated[str, typer.Option("--format", help="table | csv | json | parquet")] = "table",
    out: Annotated[Path | None, typer.Option("--out", help="写入此文件 / write to this file")] = None,
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

    chosen.json = format_ == "json"
    if format_ not in ANSWERS:
        raise UsageError(
            Text(f"--format 不能是 {format_!r}", f"--format cannot be {format_!r}"),
            remedy=Text(f"可选：{', '.join(ANSWERS)}", f"choose one of {', '.join(ANSWERS)}"),
        )
    if format_ == "parquet" and out is None:
        raise UsageError(
            Text("parquet 需要 --out", "parquet needs --out"), remedy=Text("加上 --out 文件", "add --out FILE")
        )
    text = sys.stdin.read() if query == "-" else query
    answer = Archive(archive).sql(
        text, as_of=as_of, masked=not show_phones, book=book, timeout_s=timeout, memory_mb=memory
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
        typer.echo(printable(written) if sys.stdout.isatty() else written, nl=False)
    else:
        rows = answer.masked(show_phones=show_phones).arrow
        cells = [
            [printable(shown(value), line=True) for value in row.values()] for row in rows.slice(0, SHOWN).to_pylist()
        ]
        echo(aligned([[printable(name, line=True) for name in rows.column_names], *cells]))
        if rows.num_rows > SHOWN:
            note(_MORE, n=rows.num_rows - SHOWN)


def _write(answer: Table, format_: str, out: Path, *, show_phones: bool) -> None:
    from ytxdata.files import replacing

    if format_ == "csv":
        answer.to_csv(out, show_phones=show_phones)
    elif format_ == "parquet":
        answer.to_parquet(out, show_phones=show_phones)
    elif format_ == "json":
        with replacing(out) as draft:
            told = json.dumps(answer.to_dicts(show_phones=show_phones), ensure_ascii=False, indent=1)
            draft.write_text(told + "\n", encoding="utf-8")
    else:
        raise UsageError(
            Text("table 只显示在屏幕上", "a table is for the screen"),
            remedy=Text("写文件请用 --format csv、json 或 parquet", "for a file use --format csv, json or parquet"),
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
