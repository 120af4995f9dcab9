"""`ytxdata sync`: keep the history for good."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import AccountOptions, ArchiveDir, Json, Language, asks, chosen, emit, note, say
from ytxdata.labels import Text

SettleHours = Annotated[
    int,
    typer.Option(
        "--settle-hours",
        help="平台最迟多少小时后列出会议；存档沿用最长的一次 / how late the platform may list a meeting; the archive keeps to the longest [h]",
    ),
]


_INTERRUPTED = Text(
    "已中断；存档仍是上一次同步后的样子，再运行一次即可",
    "interrupted; the archive is as the last sync left it: run it again",
)


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("sync")(asks(sync))


def sync(
    archive: ArchiveDir = Path("meetings.archive"),
    settle_hours: SettleHours = 24,
    publish_head: Annotated[
        str | None,
        typer.Option(
            "--publish-head",
            help="同步后公布链首：追加到此文件，发给此地址（POST），或 - 打印 / publish the head: add it to a file, POST it to an address, or - to print it",
        ),
    ] = None,
    as_json: Json = False,
    account: AccountOptions = AccountOptions(),  # noqa: B008  # frozen
    _lang: Language = None,
) -> None:
    """同步到存档 / Sync into the archive.

    把平台上的新会议和变化存入存档；输出一行结果，适合 cron。

    Bring what is new or changed into the archive; one line of result, fit for cron.

    Example: ytxdata sync --archive meetings.archive
    """
    from ytxdata.archive import Archive
    from ytxdata.archive.sync import InterruptedSync

    chosen.interrupted = _INTERRUPTED
    kept = Archive(archive)
    try:
        done = kept.sync(account.client(), settle=timedelta(hours=settle_hours))
    except InterruptedSync as stop:
        chosen.interrupted = stop.text
        raise
    for warning in done.warnings:
        note(warning)
    if as_json:
        emit(done.to_dict())
    else:
        say(done.line)
    if publish_head is not None:
        from ytxdata.audit import publish_head as publish

        line = publish(kept, publish_head)
        if publish_head == "-":
            typer.echo(line)
