"""The verbs put together, and how every run of one ends: its exit code and what is said on the way out, in both
languages.
"""

from __future__ import annotations

import gc
import inspect
import io
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cache
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from ytxdata.cli import fleet as of_fleets
from ytxdata.cli.account import asks, doctor, fetch, sync
from ytxdata.cli.archive import coverage, export, mirror, rebuild, sql, witness
from ytxdata.cli.audit import audit, pack, verify
from ytxdata.cli.fleet_report import report as report_of_fleets
from ytxdata.cli.practice import demo, emulator, notebooks
from ytxdata.cli.report import explain, report
from ytxdata.cli.shared_options import INTERRUPTED, chosen, echo, emit, hung, let_go, note, put, set_lang
from ytxdata.errors import SpokenWarning, YtxError
from ytxdata.labels import Lang, Text, lang_named
from ytxdata.redact import scrub
from ytxdata.version import __version__

WrongUsage: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)  # the common base of what the parser raises: typer brings its own click, or uses the one that is installed
"""What the parser raises."""

_CHINESE = r"[\u4e00-\u9fff]"

_IN_CHINESE = (
    (r"^Invalid value for (.+?): ", r"\1 的值不可用："),
    (r"^Invalid value: ", "值不可用："),
    (r"^No such option:? '?([^\s']+?)'?\.?(?=$| )", r"没有选项 \1"),
    (r"^No such command (.+?)\.(?=$| )", r"没有命令 \1"),
    (r"\s*\(Possible options: (.+)\)$", r"（您是想写 \1 吗？）"),
    (r"\s*\(?Did you mean (?:one of: )?(.+?)\?\)?$", r"（您是想写 \1 吗？）"),
    (r"^Option (\S+) requires an argument\.?", r"选项 \1 后面缺少值"),
    (r"^Option (\S+) requires (\d+) arguments\.?", r"选项 \1 后面需要 \2 个值"),
    (r"^Option (\S+) does not take a value\.?", r"选项 \1 不带值"),
    (r"^Got unexpected extra arguments?(?:\(s\))? \((.+)\)\.?", r"多余的参数：\1"),
    (r"^Missing command\.?", "缺少命令"),
    (r"^Missing argument (.+?)\.(?=$| )", r"缺少参数 \1"),
    (r"^Missing option (.+?)\.(?=$| )", r"缺少选项 \1"),
    (r"(?:'[^']*' is not a valid integer|Input should be a valid integer).*", "应为整数"),
    (r"(?:'[^']*' is not a valid float|Input should be a valid number).*", "应为数字"),
    (r"Input should be greater than or equal to (\S+)", r"至少为 \1"),
    (r"Input should be less than or equal to (\S+)", r"至多为 \1"),
    (r"(\S+) is not in the range (.+?)\.?$", r"\1 不在范围 \2 内"),
    (r"(?:file|path|directory) (.+) does not exist\.?", r"\1 不存在"),
    (r"(?:file|path|directory) (.+) is a directory\.?", r"\1 是目录，应为文件"),
    (r"(?:file|path|directory|dir) (.+) is a file\.?", r"\1 是文件，应为目录"),
    (r"(?:file|path|directory) (.+) is not readable\.?", r"\1 无法读取"),
)
"""What the parser says → the same in Chinese; a sentence of two parts is met by two lines."""

_PERIODS = frozenset({
    "--year", "--quarter", "--month", "--week", "--day", "--date", "--period", "--since", "--until", "--after", "--before",
    "--start", "--end", "--from", "--to",
})  # fmt: skip
"""Options that people try for the period."""

_NEWEST = Text("，平台只给最新的若干条", ": the platform gives the newest records and knows no dates")

_FRAME = Text(
    "{usage}\n'{command} -h' 显示帮助\n\n错误：{said}", "{usage}\n'{command} -h' shows the help\n\nError: {said}"
)


def in_both(said: str) -> Text:
    """Return what the parser says in both languages; what no line of the table knows stays English.

    Examples
    --------
    >>> in_both("No such option: --rwo").zh
    '没有选项 --rwo'
    """
    chinese = said
    for pattern, words in _IN_CHINESE:
        chinese = re.sub(pattern, words, chinese, flags=re.IGNORECASE | re.DOTALL)
    return Text(chinese, said)


def told(error: Exception, lang: Lang) -> str:
    """Return what a person reads of it: how the command is used, where its help is, what is wrong."""
    said = str(error.format_message())  # type: ignore[attr-defined]  # each of them has it
    context = getattr(error, "ctx", None)
    if context is None:
        return in_both(said).in_(lang, sep="\n")
    if said == context.get_help():
        return said
    usage, both = context.get_usage(), in_both(said)
    options = {name for one in context.command.params for name in one.opts}
    unknown = getattr(error, "option_name", None)
    if unknown == "--json" and "--format" in options:
        both = Text(f"{both.zh}（请用 --format json）", f"{both.en} (--format json does that)")
    elif unknown in _PERIODS and "--from" in options:  # what is spelled alike means something else
        both = Text(
            f"没有选项 {unknown}（期间用 --from 和 --to）",
            f"No such option: {unknown} (--from and --to give the period)",
        )
    elif unknown in _PERIODS:  # with --force as what was perhaps meant
        verb = context.command.name
        why = _NEWEST if "--total-timeout" in options else Text("", "")
        both = Text(
            f"没有选项 {unknown}（{verb} 不分期间{why.zh}；期间用 ytxdata report 的 --from 和 --to）",
            f"No such option: {unknown} ({verb} takes no period{why.en}; ytxdata report takes one, --from and --to)",
        )
    zh = _FRAME.zh.format(usage=_in_chinese(usage), command=context.command_path, said=both.zh)
    en = _FRAME.en.format(usage=usage, command=context.command_path, said=both.en)
    return Text(zh, en).in_(lang, sep="\n\n")


def lang_of(arguments: Sequence[str]) -> str | None:
    """Return what stands behind `--lang`: the parser shows help or stops at a mistake, perhaps before it gets there.

    Examples
    --------
    >>> lang_of(["sync", "--nonsense", "--lang", "zh"]), lang_of(["sync", "--lang=en"]), lang_of(["sync"])
    ('zh', 'en', None)
    """
    found = re.search(r"(?:^|\0)--lang[=\0](\w+)", "\0".join(arguments))
    return found[1] if found else None


_HELP = Text(
    "会议历史：完整获取、永久存档、统一口径、如实报告。",
    "Conference history: fetched whole, kept for good, counted once, reported honestly.",
)
_EXITS = Text(
    "退出码：0 正常 · 1 有发现，或证据包有未能核对之处 · 2 用法或输入有误 · 3 凭证、账户或应用被拒 · 4 平台或网络失败 · 5 存档或证据包损坏 · 6 没有这个会议",
    "Exit codes: 0 fine · 1 findings, or a pack of which something is left open · 2 wrong usage or input · 3 credentials, account or application refused · 4 platform or network failed · 5 archive or pack damaged · 6 no such meeting",
)

_SPOKEN = {
    "Usage: ": "用法：", "Arguments:": "参数：", "Options:": "选项：", "Commands:": "命令：", "Example: ": "示例：",
    "[required]": "[必填]", "[default: ": "[默认：", "[env var: ": "[环境变量：", "; required]": "；必填]", "[OPTIONS]": "[选项]",
    "Show this message and exit.": "显示帮助", "COMMAND [ARGS]...": "命令 [参数]...",
    "Install completion for the current shell.": "为当前 shell 安装命令补全",
    "Show completion for the current shell, to copy it or customize the installation.": "打印当前 shell 的补全脚本",
}  # fmt: skip
"""What the parser's own help says → the same in Chinese."""


def _in_chinese(said: str) -> str:
    """Return a text of the parser's help with its own words in Chinese."""
    for english, chinese in _SPOKEN.items():
        said = said.replace(english, chinese)
    return said


def in_language(text: str, lang: Lang) -> str:
    """Return the half of `中文 / English` in one language; what has but one is the same in both.

    Examples
    --------
    >>> in_language("存档目录 / archive directory [YTX_ARCHIVE]", "zh")
    '存档目录 [YTX_ARCHIVE]'
    """
    chinese, slash, english = text.partition(" / ")
    if not slash or lang == "both":
        return text
    if lang == "en":
        return english
    variable = re.search(r" \[\w+\]$", english)  # it is said once, at the end
    return chinese + (variable[0] if variable else "")


def help_in(text: str, lang: Lang) -> str:
    """Return a verb's help in one language: its title of two halves, and of the paragraphs those in it; examples stay."""
    if lang == "both":
        return text
    title, *paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text))
    said = [in_language(title.replace("\n", " "), lang)] if " / " in title else []
    for paragraph in paragraphs if said else (title, *paragraphs):
        if paragraph.startswith("Example: ") or bool(re.search(_CHINESE, paragraph)) == (lang == "zh"):
            said.append(paragraph)
    return "\n\n".join(said)


class _Speaking:
    """A verb whose help is in the language of the session."""

    help: str | None
    params: list[Any]

    def get_help(self, ctx: Any) -> str:
        """Return the help; what is written in both languages stays so in the verb itself, where the reference reads it."""
        spoken = copy(self)
        spoken.help = help_in(self.help or "", chosen.lang)
        spoken.params = [copy(one) for one in self.params]
        for one in spoken.params:
            one.help = in_language(one.help or "", chosen.lang)
            if chosen.lang == "zh":
                one.help = _SPOKEN.get(one.help, one.help)
        return self._framed(super(_Speaking, spoken).get_help(ctx))  # type: ignore[misc]  # the parser's own

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002  the parser's own signature
        """Return the title, as lists of verbs show it."""
        return in_language((self.help or "").strip().partition("\n")[0], chosen.lang)

    def _framed(self, said: str) -> str:
        if chosen.lang != "zh":
            return said
        said = _in_chinese(said)
        # the parser may have begun a new line there
        return re.sub(r";(?: |(\n +))default:(?: |(?=\n))", r"；\1默认：", said)


class Verb(_Speaking, TyperCommand):
    """One verb of the command line."""


class Verbs(_Speaking, TyperGroup):
    """Several verbs under one name."""


_INTERRUPT = 130

app = typer.Typer(
    name="ytxdata",
    cls=Verbs,
    help="\n\n".join((*_HELP, *_EXITS)),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_archive = typer.Typer(name="archive", cls=Verbs, no_args_is_help=True, help="照看存档 / look after an archive")
app.add_typer(_archive)
_fleet = typer.Typer(name="fleet", cls=Verbs, no_args_is_help=True, help="多个账户一起处理 / many accounts as one")
app.add_typer(_fleet)
_VERBS: dict[typer.Typer, tuple[Callable[..., None], ...]] = {
    _archive: (rebuild, coverage, mirror),
    _fleet: (of_fleets.sync, of_fleets.status, report_of_fleets, of_fleets.audit),
    app: (
        demo, asks(doctor), asks(fetch), asks(sync), witness, rebuild, report, explain, sql, export, audit, pack, verify,
        notebooks,
    ),
}  # fmt: skip
for _place, _verbs in _VERBS.items():
    for _verb in _verbs:
        _place.command(cls=Verb)(_verb)
# what stands behind the command of --run is the command's own, also where it looks like an option
app.command(cls=Verb, context_settings={"allow_interspersed_args": False})(emulator)


def _show_version(wanted: bool) -> None:
    if wanted:
        put(f"ytxdata {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    lang: Annotated[
        str | None, typer.Option("--lang", help="界面语言：zh、en、both / language: zh, en, both", envvar="YTX_LANG")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="显示版本 / show the version")
    ] = False,
) -> None:
    set_lang(lang)


@cache
def _parser() -> Callable[..., int | None]:
    """Return the verbs as what reads them: making it takes as long as reading a command, and a program may run many."""
    return get_command(app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code; a known error is told without a traceback."""
    _write_what_fits()
    given = sys.argv[1:] if arguments is None else arguments
    if lang_named((lang := lang_of(given)) or ""):  # before the parser: it shows help, and stops at the first mistake
        set_lang(lang)
    interrupts: list[int] = []
    chosen.interrupted = INTERRUPTED  # a program may run many verbs, and what one had begun to keep is no other's
    try:
        with warnings.catch_warnings(), _hearing(interrupts), _collecting_less():
            warnings.showwarning = _warner()
            # who asks Python to fail at warnings gets the run all the same
            warnings.simplefilter("always", SpokenWarning)
            code = _parser()(args=arguments, standalone_mode=False)
    except YtxError as error:
        if not interrupts:
            _tell(error)
        code = error.exit_code
    except WrongUsage as error:
        echo(told(error, chosen.lang), err=True)
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPT
    except SystemExit:
        code = 0  # the parser leaves so when nobody reads its help any more: that is no failure
    except Exception:
        if not interrupts:
            raise
        code = _INTERRUPT
    if code == _INTERRUPT or (code and interrupts):
        put(chosen.interrupted.in_(chosen.lang), err=True)
        code = _INTERRUPT
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        let_go(sys.stdout)
    sys.exit(code)


@contextmanager
def _collecting_less() -> Iterator[None]:
    """Look for garbage in circles every 100,000 objects, not every 700: a verb makes rows by the hundred thousand that
    are in none, and looking took up to a tenth of its time.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _hearing(interrupts: list[int]) -> Iterator[None]:
    """Note each Ctrl-C: DuckDB, interrupted, raises an error of its own, and what takes any error for damage would call
    a file damaged.
    """

    def hear(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        signal.default_int_handler(number, frame)

    before = signal.getsignal(signal.SIGINT)
    # a program that runs a verb may hear it otherwise, and a shell have it ignored; only the main thread may ask
    is_ours = before is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if is_ours:
        signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, before)


def _write_what_fits() -> None:
    """Replace, in what is printed, the characters that a code page or a pipe cannot hold: no run ends for want of a
    letter.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _warner() -> Callable[..., None]:
    """Return what tells a warning as a line for people, without the place in the code, and each of them once: every
    report of a book that knows nobody says so.
    """
    told: set[str] = set()

    def warn(message: Warning | str, *_: object, **__: object) -> None:
        line = message.text.in_(chosen.lang) if isinstance(message, SpokenWarning) else str(message)
        if line not in told:
            told.add(line)
            note(line)

    return warn


def _tell(error: YtxError) -> None:
    lines = [error.cause.in_(chosen.lang)]
    if error.request_id:
        lines.append(f"requestId: {error.request_id}")
    if error.remedy:
        lines.append(f"→ {error.remedy.in_(chosen.lang)}")
    lines += getattr(error, "__notes__", ())  # what was kept all the same
    echo(scrub("\n".join(map(hung, lines))), err=True)
    if chosen.json:
        from ytxdata.tables.value_units import evidence

        cause, remedy = error.cause, error.remedy
        said = {"zh": cause.zh, "en": cause.en, "remedy_zh": remedy and remedy.zh, "remedy_en": remedy and remedy.en}
        emit(
            {
                "error": {
                    "kind": type(error).__name__,
                    # a path with the id of a pull in it was another one here
                    **{key: text and evidence(text, None) for key, text in said.items()},
                    "status_code": error.status_code,
                    "request_id": error.request_id,
                    "exit_code": error.exit_code,
                }
            }
        )
