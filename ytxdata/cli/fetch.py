"""`ytxdata fetch`: meetings of an account, once, to a file or a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ytxdata.cli.shared_options import AccountOptions, Json, Language, ShowPhones, asks, chosen, emit, note, say, wrote
from ytxdata.errors import UsageError
from ytxdata.labels import Text

if TYPE_CHECKING:
    from ytxdata.records.answer import Answer


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("fetch")(asks(fetch))


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
    force: Annotated[
        bool, typer.Option("--force", help="替换已有的文件 / replace files that are there already")
    ] = False,
    show_phones: ShowPhones = False,
    as_json: Json = False,
    account: AccountOptions = AccountOptions(),  # noqa: B008  # frozen
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

    refuse_existing([path for path in (csv, legs_csv) if path and not force])
    received: list[Answer] = []
    client = account.client(heard=received.append)
    try:
        if confid is not None:
            history = client.fetch_meeting(confid)
        else:
            history = client.fetch_history() if count is None else client.fetch_meetings(count)
    except KeyboardInterrupt:
        chosen.interrupted = _kept(received, raw)
        raise
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


def refuse_existing(paths: Iterable[Path]) -> None:
    """Raise if one of the files is there already: it may be last month's, and nothing else would tell."""
    for path in paths:
        if path.exists():
            raise UsageError(
                Text(f"{path} 已经存在", f"{path} is there already"),
                remedy=Text("换一个文件名，或用 --force 替换它", "name another file, or replace it with --force"),
            )


def _kept(received: list[Answer], raw: Path | None) -> Text:
    """Keep what was received before an interrupt, if raw answers were asked for, and say what became of it."""
    n = len(received)
    if raw is None or not received:
        return Text(
            f"已中断，什么也没有写出（已收到的 {n} 个回答已丢弃；加 --raw 目录 可以保留）",
            f"interrupted; nothing was written ({n} answers received so far are gone: --raw DIRECTORY would have kept them)",
        )
    from ytxdata.history.history import History

    History.from_answers(received).save_raw(raw)
    return Text(
        f"已中断；已收到的 {n} 个回答保存在 {raw}，没有写出表格",
        f"interrupted; the {n} answers received so far are kept in {raw}, no table was written",
    )
