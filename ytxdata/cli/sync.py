"""`ytxdata sync`: keep the history for good."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import (
    AccountSid,
    AppId,
    ArchiveDir,
    BaseUrl,
    Environment,
    Json,
    Language,
    emit,
    note,
    open_client,
    say,
)

SettleHours = Annotated[
    int,
    typer.Option(
        "--settle-hours",
        help="平台最迟多少小时后列出会议；存档沿用最长的一次 / how late the platform may list a meeting; the archive keeps to the longest [h]",
    ),
]


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("sync")(sync)


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
