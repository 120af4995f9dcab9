"""`ytxdata doctor`: what is wrong when a call fails, and what this account's records look like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import AccountOptions, Json, Language, asks, chosen, emit, say, wrote
from ytxdata.labels import Text

_MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("doctor")(asks(doctor))


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
    as_json: Json = False,
    account: AccountOptions = AccountOptions(),  # noqa: B008  # frozen
    _lang: Language = None,
) -> None:
    """诊断失败的调用 / Find out why a call fails.

    检查设置、网络、时钟和一次调用，指出失败的原因和办法。

    Check the settings, the way to the platform, the clock and one call; name the cause of a failure and the remedy.

    Example: ytxdata doctor
    """
    from ytxdata.platform.doctor import examine, exit_code

    checks = examine(**account.settings)
    code = exit_code(checks)
    if schema and code == 0:
        _describe(page, as_json, account)
        return
    advice = _advice(archive) if archive else None
    if as_json:
        emit(
            {
                "exit_code": code,
                "cadence": advice._asdict() if advice else None,
                "checks": [
                    {
                        "key": check.key,
                        "state": check.state,
                        "zh": check.text.zh,
                        "en": check.text.en,
                        "remedy_zh": check.remedy.zh if check.remedy else None,
                        "remedy_en": check.remedy.en if check.remedy else None,
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
        page.write_text(found.to_markdown(), encoding="utf-8")
        wrote(page)
    elif as_json:
        emit(found.to_dict())
    else:
        say(found.to_markdown())
