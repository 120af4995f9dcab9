"""`ytxdata sync` and `ytxdata archive`: keep the history for good."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.options import (
    AccountSid,
    AppId,
    ArchiveDir,
    BaseUrl,
    Environment,
    Json,
    Language,
    chosen,
    emit,
    note,
    open_client,
    say,
)
from ytxdata.times import beijing_text

SettleHours = Annotated[
    int,
    typer.Option(
        "--settle-hours",
        help="平台最迟多少小时后列出会议；存档沿用最长的一次 / how late the platform may list a meeting; the archive keeps to the longest [h]",
    ),
]


def register(app: typer.Typer) -> None:
    """Put the verbs on the command line."""
    app.command("sync")(sync)
    archive = typer.Typer(name="archive", no_args_is_help=True, help="照看存档 / look after an archive")
    archive.command("rebuild")(rebuild)
    archive.command("coverage")(coverage)
    app.add_typer(archive)


def sync(
    archive: ArchiveDir = Path("meetings.archive"),
    settle_hours: SettleHours = 24,
    as_json: Json = False,
    account_sid: AccountSid = None,
    app_id: AppId = None,
    environment: Environment = None,
    base_url: BaseUrl = None,
    _lang: Language = None,
) -> None:
    """同步到存档 / Sync into the archive.

    把平台上的新会议和变化存入存档；输出一行结果，适合 cron。

    Bring what is new or changed into the archive; one line of result, fit for cron.

    Example: ytxdata sync --archive meetings.archive
    """
    from ytxdata.archive import Archive

    client = open_client(account_sid, app_id, environment, base_url)
    done = Archive(archive).sync(client, settle=timedelta(hours=settle_hours))
    for warning in done.warnings:
        note(warning)
    if as_json:
        emit(done.to_dict())
    else:
        say(done.line)


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
    from ytxdata.archive.layout import no_archive

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
