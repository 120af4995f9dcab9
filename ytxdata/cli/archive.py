"""`ytxdata archive`: look after what is kept."""

from __future__ import annotations

from pathlib import Path

import typer

from ytxdata.cli.shared_options import ArchiveDir, Json, Language, chosen, emit, say
from ytxdata.times import beijing_text


def register(app: typer.Typer) -> None:
    """Put the verbs on the command line."""
    verbs = typer.Typer(name="archive", no_args_is_help=True, help="照看存档 / look after an archive")
    verbs.command("rebuild")(rebuild)
    verbs.command("coverage")(coverage)
    app.add_typer(verbs)


def rebuild(archive: ArchiveDir = Path("meetings.archive"), _lang: Language = None) -> None:
    """重新生成表格 / Derive the tables anew.

    用当前的解析规则重新生成表格；原始记录不变。

    Derive the tables anew with the present rules; raw records stay as they are.

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
            f"{beijing_text(period.start)} – {beijing_text(period.end)}  {period.verdict:<8}  {period.reason.in_(chosen.lang)}"
        )
    say(certificate.sentence)
