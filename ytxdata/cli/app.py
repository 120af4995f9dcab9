"""The verbs put together, and how every run of one ends: its exit code and what is said on the way out."""

from __future__ import annotations

import io
import json
import sys
import warnings
from typing import Annotated

import typer

from ytxdata.cli import (
    archive,
    audit,
    demo,
    doctor,
    emulator,
    explain,
    fetch,
    notebooks,
    pack,
    report,
    sync,
    usage_errors,
    verify,
)
from ytxdata.cli.shared_options import chosen, set_lang
from ytxdata.errors import RiskWarning, YtxError
from ytxdata.labels import LANGS, Text
from ytxdata.redact import scrub
from ytxdata.version import __version__

_HELP = Text(
    "会议历史：完整获取、永久存档、统一口径、如实报告。",
    "Conference history: fetched whole, kept for good, counted once, reported honestly.",
)
_EXITS = Text(
    "退出码：0 正常 · 1 有发现 · 2 用法或输入有误 · 3 凭证、账户或应用被拒 · 4 平台或网络失败 · 5 存档或证据包损坏 · 6 没有这个会议",
    "Exit codes: 0 fine · 1 findings · 2 wrong usage or input · 3 credentials, account or application refused · 4 platform or network failed · 5 archive or pack damaged · 6 no such meeting",
)

_INTERRUPT = 130

app = typer.Typer(
    name="ytxdata",
    help="\n\n".join((*_HELP, *_EXITS)),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (demo, doctor, fetch, sync, archive, report, explain, audit, pack, verify, notebooks, emulator):
    verb.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ytxdata {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    lang: Annotated[
        str | None, typer.Option("--lang", help="界面语言 / language: zh, en, both", envvar="YTX_LANG")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="显示版本 / show the version")
    ] = False,
) -> None:
    set_lang(lang)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code; a known error is told without a traceback."""
    _write_what_fits()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            code = app(args=arguments, standalone_mode=False)
        if code == _INTERRUPT:
            raise KeyboardInterrupt
    except YtxError as error:
        _tell(error)
        code = error.exit_code
    except usage_errors.WrongUsage as error:
        lang = usage_errors.lang_of(sys.argv[1:] if arguments is None else arguments)
        typer.echo(usage_errors.told(error, lang if lang in LANGS else chosen.lang), err=True)
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        typer.echo(chosen.interrupted.in_(chosen.lang), err=True)
        code = _INTERRUPT
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    sys.exit(code)


def _write_what_fits() -> None:
    """Replace, in what is printed, the characters that a code page or a pipe cannot hold: no run ends for want of a letter."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    """Tell a warning as a line for people, without the place in the code."""
    typer.echo(message.text.in_(chosen.lang) if isinstance(message, RiskWarning) else str(message), err=True)


def _tell(error: YtxError) -> None:
    lines = [error.cause.in_(chosen.lang)]
    if error.request_id:
        lines.append(f"requestId: {error.request_id}")
    if error.remedy:
        lines.append(f"→ {error.remedy.in_(chosen.lang)}")
    typer.echo(scrub("\n".join(lines)), err=True)
    if chosen.json:
        typer.echo(
            json.dumps(
                {
                    "error": {
                        "kind": type(error).__name__,
                        "zh": error.cause.zh,
                        "en": error.cause.en,
                        "remedy_zh": error.remedy.zh if error.remedy else None,
                        "remedy_en": error.remedy.en if error.remedy else None,
                        "status_code": error.status_code,
                        "request_id": error.request_id,
                        "exit_code": error.exit_code,
                    }
                },
                ensure_ascii=False,
            )
        )
