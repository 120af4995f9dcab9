"""What the parser of the command line says of a wrong option or argument, in both languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

import typer

from ytxdata.labels import Lang, Text

WrongUsage: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)  # the common base of what the parser raises: typer brings its own click, or uses the one that is installed
"""What the parser raises."""

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
    (r"(?:file|path|directory) (.+) is a file\.?", r"\1 是文件，应为目录"),
    (r"(?:file|path|directory) (.+) is not readable\.?", r"\1 无法读取"),
)
"""What the parser says → the same in Chinese; a sentence of two parts is met by two lines."""

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
    said, context = str(error.format_message()), getattr(error, "ctx", None)  # type: ignore[attr-defined]  # each of them has it
    if context is None:
        return in_both(said).in_(lang, sep="\n")
    if said == context.get_help():
        return said
    usage, both = context.get_usage(), in_both(said)
    zh = _FRAME.zh.format(usage=usage.replace("Usage:", "用法：", 1), command=context.command_path, said=both.zh)
    en = _FRAME.en.format(usage=usage, command=context.command_path, said=both.en)
    return Text(zh, en).in_(lang, sep="\n\n")


def lang_of(arguments: Sequence[str]) -> str | None:
    """Return what stands behind `--lang`: the parser stops at the first mistake, perhaps before it gets there.

    Examples
    --------
    >>> lang_of(["sync", "--nonsense", "--lang", "zh"]), lang_of(["sync", "--lang=en"]), lang_of(["sync"])
    ('zh', 'en', None)
    """
    found = re.search(r"(?:^|\0)--lang[=\0](\w+)", "\0".join(arguments))
    return found[1] if found else None
