"""`ytxdata fetch`: meetings of an account, once, to a file or a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import (
    AccountSid,
    AppId,
    BaseUrl,
    Environment,
    Json,
    Language,
    ShowPhones,
    emit,
    note,
    open_client,
    say,
    wrote,
)
from ytxdata.errors import UsageError
from ytxdata.labels import Text


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("fetch")(fetch)


def fetch(
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="最新 N 条；省略则取全部 / the newest N; all there is when left out"),
    ] = None,
    confid: Annotated[str | None, typer.Option("--confid", help="只查这一个会议号 / one meeting, by its id")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="写入会议表 / write the meetings to this file")] = None,
    legs_csv: Annotated[
        Path | None, typer.Option("--legs-csv", help="写入参会方表 / write the legs to this file")
    ] = None,
    raw: Annotated[
        Path | None, typer.Option("--raw", help="把原始回答存入此目录 / keep the raw answers in this directory")
    ] = None,
    show_phones: ShowPhones = False,
    as_json: Json = False,
    account_sid: AccountSid = None,
    app_id: AppId = None,
    environment: Environment = None,
    base_url: BaseUrl = None,
    _lang: Language = None,
) -> None:
    """取一次会议 / Fetch meetings once.

    从平台获取会议，写 CSV、JSON 或屏幕摘要。

    Fetch meetings from the platform: to CSV, JSON, or a summary on the screen.

    Example: ytxdata fetch --count 200 --csv out.csv
    """
    if count is not None and confid is not None:
        raise UsageError(Text("--count 与 --confid 不能同时使用", "--count and --confid exclude each other"))
    from ytxdata.tables.table import record_table

    client = open_client(account_sid, app_id, environment, base_url)
    if confid is not None:
        history = client.fetch_meeting(confid)
    else:
        history = client.fetch_history() if count is None else client.fetch_meetings(count)
    meetings = record_table(history.meetings, "meetings", certificate=history.certificate)
    legs = record_table(history.legs, "legs", certificate=history.certificate)
    if raw:
        history.save_raw(raw)
    if csv:
        meetings.to_csv(csv, show_phones=show_phones)
    if legs_csv:
        legs.to_csv(legs_csv, show_phones=show_phones)
    for warning in history.warnings:
        note(warning)
    if as_json:
        emit(
            {
                "counts": history.counts._asdict(),
                "verdict": history.certificate.worst,
                "completeness": history.certificate.sentence._asdict(),
                "meetings": meetings.to_dicts(show_phones=show_phones),
                "legs": legs.to_dicts(show_phones=show_phones),
                "rejects": len(history.rejects),
                "problems": len(history.problems),
            }
        )
        return
    say(history.line)
    wrote(csv, legs_csv, raw)
