"""The verbs that ask the platform in an account's name, and the options they share: `ytxdata doctor`, what is wrong
when a call fails; `ytxdata fetch`, meetings once; `ytxdata sync`, the history for good.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from ytxdata.cli.shared_options import (
    ArchiveDir,
    Force,
    Json,
    Language,
    SettleHours,
    ShowPhones,
    chosen,
    echo,
    emit,
    note,
    put,
    refuse_existing,
    say,
    wrote,
)
from ytxdata.errors import UsageError
from ytxdata.files import replacing
from ytxdata.labels import NO_TEXT, Text

if TYPE_CHECKING:
    from ytxdata.history.client import Client
    from ytxdata.records.answer import Answer


@dataclass(frozen=True)
class AccountOptions:
    """Whom a verb asks, and how long it waits, as the options say; the token is never an option."""

    account_sid: Annotated[str | None, typer.Option(help="账户 ID / account SID [YTX_ACCOUNT_SID]")] = None
    app_id: Annotated[str | None, typer.Option(help="应用 ID / application id [YTX_APP_ID]")] = None
    environment: Annotated[str | None, typer.Option(help="production | sandbox [YTX_ENVIRONMENT]")] = None
    base_url: Annotated[
        str | None, typer.Option(help="平台地址（优先） / address of the platform; wins [YTX_BASE_URL]")
    ] = None
    timeout: Annotated[
        float | None,
        typer.Option(help="连接和静默的时限，秒 / seconds to connect, and of silence while reading [YTX_TIMEOUT]"),
    ] = None
    total_timeout: Annotated[
        float | None,
        typer.Option(
            help="一次调用连同重试的总时限，秒 / seconds for a query with all its attempts [YTX_TOTAL_TIMEOUT]"
        ),
    ] = None

    def client(self, heard: Callable[[Answer], None] = lambda _: None) -> Client:
        """Return a client for the account that options, environment, file and keyring name; `heard` is told each
        answer.
        """
        from ytxdata.history.client import Client

        count = call_counter()

        def progress(answer: Answer) -> None:
            heard(answer)
            count(answer)

        return Client(**asdict(self), progress=progress)


def asks(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the options of an account, which reach it as its argument `account`."""
    names = [field.name for field in fields(AccountOptions)]
    hints = get_type_hints(verb, include_extras=True)
    options = get_type_hints(AccountOptions, include_extras=True)

    def with_account(**given: Any) -> None:
        verb(account=AccountOptions(**{name: given.pop(name) for name in names}), **given)

    named = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        one.replace(kind=named, annotation=hints[name])
        for name, one in inspect.signature(verb).parameters.items()
        if name != "account"
    ]
    parameters += [inspect.Parameter(name, named, default=None, annotation=options[name]) for name in names]
    with_account.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    with_account.__annotations__ = {one.name: one.annotation for one in parameters}
    with_account.__name__, with_account.__doc__ = verb.__name__, verb.__doc__
    return with_account


def call_counter() -> Callable[[Answer], None]:
    """Return a progress callback that counts calls and records on stderr, if that is a terminal."""
    from tqdm import tqdm

    bar = tqdm(desc=Text("平台调用", "calls").in_(chosen.lang), unit="", disable=None, leave=False)

    def step(answer: Answer) -> None:
        bar.set_postfix_str(f"{len(answer.records):,}")
        bar.update()

    return step


_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


def doctor(
    schema: Annotated[
        bool, typer.Option("--schema", help="描述此账户记录的实际结构 / describe what this account's records look like")
    ] = False,
    page: Annotated[
        Path | None,
        typer.Option("--page", help="把 --schema 的结果写成 Markdown / write what --schema found as Markdown"),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", help="另外说明此存档应多久同步一次 / also say how often to sync this archive"),
    ] = None,
    force: Force = False,
    as_json: Json = False,
    account: AccountOptions = AccountOptions(),  # frozen
    _lang: Language = None,
) -> None:
    """诊断失败的调用 / Find out why a call fails.

    检查设置、网络、时钟和一次调用，指出失败的原因和办法。

    Check the settings, the way to the platform, the clock and one call; name the cause of a failure and the remedy.

    Example: ytxdata doctor
    """
    from ytxdata.platform.doctor import examine, exit_code

    refuse_existing(page, force=force)
    checks = examine(**asdict(account))
    code = exit_code(checks)
    if schema and code == 0:
        _describe(page, as_json, account)
        return
    advice = _advice(archive) if archive else None
    if as_json:
        from ytxdata.numbers_in_text import hide_in_text

        # our own short form of an id (`3995***6134`) looks like a number that somebody masked
        ids = {
            one for check in checks if check.key == "settings" for one in re.findall(r"= (\w+\*{3}\w+)", check.text.en)
        }
        ours = re.compile(f"({'|'.join(map(re.escape, ids)) or '(?!)'})")

        def shown(text: Text | None) -> Text:  # the platform's words may name whose number it was
            return Text(
                *("".join(one if one in ids else hide_in_text(one) for one in ours.split(it)) for it in text or NO_TEXT)
            )

        emit(
            {
                "exit_code": code,
                "cadence": advice._asdict() if advice else None,
                "checks": [
                    {
                        "key": check.key,
                        "state": check.state,
                        **shown(check.text)._asdict(),
                        "remedy_zh": shown(check.remedy).zh or None,
                        "remedy_en": shown(check.remedy).en or None,
                    }
                    for check in checks
                ],
            }
        )
    else:
        for check in checks:
            _print(_MARKS[check.state], check.text.in_(chosen.lang, sep="\n"))
            if check.remedy and check.state != "ok":
                _print("→", check.remedy.in_(chosen.lang, sep="\n"))
        if advice:
            _print("→", advice.in_(chosen.lang, sep="\n"))
    raise typer.Exit(code)


def _advice(archive: Path) -> Text:
    """How often to sync an archive so that nothing can fall out of the platform's window, and what is not proven yet."""
    from ytxdata.archive import Archive
    from ytxdata.audit import cadence_of

    kept = Archive(archive)
    often = cadence_of(kept).text
    open_ = [one for one in kept.certificate().periods if one.outlook is not None and one.reason_key != "settling"]
    if not open_:
        return often
    told = open_[-1].told
    return Text(f"{often.zh}\n完整性：{told.zh}", f"{often.en}\ncompleteness: {told.en}")


def _print(mark: str, text: str) -> None:
    first, *rest = text.splitlines()
    say("\n".join([f"{mark} {first}", *(f"  {line}" for line in rest)]))


def _describe(page: Path | None, as_json: bool, account: AccountOptions) -> None:
    """Fetch all there is and tell what its records look like."""
    from ytxdata.records.profile import profile

    found = profile(account.client().fetch_history())
    if page is not None:
        with replacing(page) as draft:
            draft.write_text(found.to_markdown(), encoding="utf-8")
        wrote(page)
    elif as_json:
        emit(found.to_dict())
    else:
        echo(found.to_markdown())


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
    force: Force = False,
    show_phones: ShowPhones = False,
    as_json: Json = False,
    account: AccountOptions = AccountOptions(),  # frozen
    _lang: Language = None,
) -> None:
    """取一次会议 / Fetch meetings once.

    从平台获取会议，写 CSV、JSON 或屏幕摘要。

    Fetch meetings from the platform: to CSV, JSON, or a summary on the screen.

    Example: ytxdata fetch --count 200 --csv out.csv
    """
    if count is not None and confid is not None:
        raise UsageError(Text("--count 与 --confid 不能同时使用", "--count and --confid exclude each other"))
    from ytxdata.tables.csv import check_ending
    from ytxdata.tables.masking import sharing_ends
    from ytxdata.tables.table import record_table

    for path in filter(None, (csv, legs_csv)):
        check_ending(path)  # before the platform is asked
    refuse_existing(csv, legs_csv, force=force)
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
    meetings, legs = sharing_ends(
        [
            record_table(history.meetings, "meetings", certificate=history.certificate),
            record_table(history.legs, "legs", certificate=history.certificate),
        ]
    )
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
    if confid is None:
        say(history.certificate.sentence)  # a bare PROBABLE was read as said of the whole history
    wrote(csv, legs_csv, raw)


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


_INTERRUPTED = Text(
    "已中断；存档仍是上一次同步后的样子，再运行一次即可",
    "interrupted; the archive is as the last sync left it: run it again",
)


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
    account: AccountOptions = AccountOptions(),  # frozen
    _lang: Language = None,
) -> None:
    """同步到存档 / Sync into the archive.

    把平台上的新会议和变化存入存档；输出一行结果，适合 cron。

    Bring what is new or changed into the archive; one line of result, fit for cron.

    Example: ytxdata sync --archive meetings.archive
    """
    from ytxdata.archive import Archive
    from ytxdata.archive.kept_answers import InterruptedSync

    chosen.interrupted = _INTERRUPTED
    kept = Archive(archive)
    is_new = not kept.path.exists()
    try:
        done = kept.sync(account.client(), settle=timedelta(hours=settle_hours))
    except InterruptedSync as stop:
        chosen.interrupted = stop.text
        raise
    if is_new:
        note(Text(f"新建存档：{kept.path}", f"a new archive was made: {kept.path}"))
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
            put(line)
