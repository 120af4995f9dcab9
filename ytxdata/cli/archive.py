"""`ytxdata archive`: look after what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import ArchiveDir, From, Json, Language, To, chosen, emit, say
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.times import beijing_text

SHOWN = 20
"""How many lines that are not in the archive are shown; `--json` has more."""

_LACKING = Text("第 {line} 行：{at}  {meeting_id}", "line {line}: {at}  {meeting_id}")
_NO_PERIOD = Text("缺少清单涵盖的时段", "the period that the list covers is missing")


def register(app: typer.Typer) -> None:
    """Put the verbs on the command line."""
    verbs = typer.Typer(name="archive", no_args_is_help=True, help="照看存档 / look after an archive")
    verbs.command("rebuild")(rebuild)
    verbs.command("coverage")(coverage)
    app.add_typer(verbs)
    app.command("witness")(witness)
    app.command("rebuild")(rebuild)


def rebuild(archive: ArchiveDir = Path("meetings.archive"), _lang: Language = None) -> None:
    """重新生成表格 / Derive the tables anew.

    用当前的解析规则重新生成表格、索引和控制文件；原始记录不变。

    Derive tables, index and heads anew with the present rules; raw records stay as they are.

    Example: ytxdata rebuild --archive meetings.archive

    Example: ytxdata archive rebuild --archive meetings.archive
    """
    from ytxdata.archive import Archive

    say(str(Archive(archive).rebuild()))


def coverage(archive: ArchiveDir = Path("meetings.archive"), as_json: Json = False, _lang: Language = None) -> None:
    """完整性一览 / Show what is proven.

    列出各时段的完整性结论和原因。

    List the verdict on each period, and why.

    Example: ytxdata archive coverage --archive meetings.archive
    """
    from ytxdata.archive import Archive
    from ytxdata.archive.ownership import no_archive

    kept = Archive(archive)
    if kept.snapshot() is None:
        raise no_archive(kept.path)
    if as_json:
        frame = kept.coverage()
        emit(frame.assign(start=frame["start"].astype(str), end=frame["end"].astype(str)).to_dict("records"))
        return
    certificate = kept.certificate()
    for period in certificate.periods:
        say(
            f"{beijing_text(period.start)} – {beijing_text(period.end)}  {period.verdict:<8}  {period.told.in_(chosen.lang)}"
        )
    say(certificate.sentence)


def witness(
    source: Annotated[
        Path, typer.Argument(help="清单：CSV、XLSX 或 JSON / the list: CSV, XLSX or JSON", exists=True, dir_okay=False)
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
    remove: Annotated[bool, typer.Option("--remove", help="收回这份清单 / take this list back")] = False,
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """用清单核对 / Prove with another list.

    用账单、控制台导出或话单逐行核对存档：缺的会议成为有名有姓的缺口；逐行相符且合计相符的时段为 PROVEN。

    Hold an invoice, a console export or call records against the archive: what lacks is a gap with its name; a period
    that agrees line by line and in its total is PROVEN. Exit code 1 when lines are not in the archive.

    Example: ytxdata witness bill-2026-03.xlsx --kind invoice --from 2026-03 --to 2026-04 --archive meetings.archive
    """
    from ytxdata.archive import Archive

    kept = Archive(archive)
    if remove:
        kept.remove_witness(source.name)
        return
    if start is None or end is None:
        raise UsageError(_NO_PERIOD, remedy=Text("请给出 --from 和 --to", "give --from and --to"))
    totals = None if total_lines is None else {"lines": total_lines}
    said = kept.witness(source, kind=kind, start=start, end=end, totals=totals, number_class=number_class)
    if as_json:
        emit(said.to_dict() | {"text": said.text._asdict()})
    else:
        say(said.text)
        for one in said.only_in_witness[:SHOWN]:
            say(_LACKING, line=one.line, at=beijing_text(one.start), meeting_id=one.meeting_id or "")
    if said.only_in_witness:
        raise typer.Exit(1)
