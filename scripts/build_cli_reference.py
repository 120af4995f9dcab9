"""Write the pages of the command line, in both languages, from the commands: they cannot say anything else.

Usage: python scripts/build_cli_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from ytxdata.cli.app import app, help_in, in_language
from ytxdata.labels import Lang, Text

DOCS = Path(__file__).parents[1] / "docs"
PAGES: dict[Lang, Path] = {"en": DOCS / "reference" / "cli.md", "zh": DOCS / "zh" / "reference" / "cli.md"}

HEAD = Text(
    """# 命令行

本页由命令本身生成。一个动词做一件事；`--help` 都带示例，`--json` 供程序使用，进度只在终端上写到 stderr。

| 退出码 | 含义 |
| --- | --- |
| 0 | 正常 |
| 1 | 有达到 `--fail-on` 的发现，或 `witness` 的清单与存档不符、本身有问题 |
| 2 | 用法或输入有误 |
| 3 | 凭证、账户或应用被拒 |
| 4 | 平台或网络失败 |
| 5 | 存档或证据包损坏 |
| 6 | 平台没有这个会议 |
""",
    """# Command line

This page is made from the commands themselves. A verb does one job; every `--help` has an example, `--json` is
for programs, and progress goes to stderr, on a terminal only.

| exit code | meaning |
| --- | --- |
| 0 | fine |
| 1 | findings at or above `--fail-on`, or a list of `witness` that differs from the archive or is wrong itself |
| 2 | wrong usage or bad input |
| 3 | credentials, account or application refused |
| 4 | platform or network failed |
| 5 | archive or pack damaged |
| 6 | the platform has no such meeting |
""",
)
COLUMNS = Text("| 选项 | 含义 | 默认 |", "| option | meaning | default |")
OF_THE_SHELL = {
    "install_completion": Text("为当前 shell 安装命令补全", "Install completion for the current shell."),
    "show_completion": Text("打印当前 shell 的补全脚本", "Show completion for the current shell, to copy it or customize the installation."),
}  # fmt: skip


def commands(group: Any, path: str = "ytxdata") -> Iterator[tuple[str, Any]]:
    """Yield every verb with its whole name, in the order of the command line."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def page(lang: Lang) -> str:
    """Return the page in one language."""
    root = get_command(app)
    parts = [HEAD.in_(lang), "## ytxdata\n", _options(root, lang)]
    for name, command in commands(root):
        parts += [f"## {name}\n", _help(command, lang), _options(command, lang)]
    return "\n".join(parts)


def _help(command: Any, lang: Lang) -> str:
    said = []
    for paragraph in help_in(command.help or "", lang).split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines()]
        if lines[0].startswith("Example: "):
            lines = ["```sh", *(line.removeprefix("Example: ") for line in lines), "```"]
        said.append("\n".join(lines))
    return "\n\n".join(said) + "\n"


def _options(command: Any, lang: Lang) -> str:
    rows = []
    for option in command.params:
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        if option.param_type_name == "argument":
            names = f"`{option.name.upper()}`"
        meaning = (
            OF_THE_SHELL[option.name].in_(lang) if option.name in OF_THE_SHELL else in_language(option.help or "", lang)
        )
        shown = "" if option.default in (None, False, [], ()) or callable(option.default) else f"`{option.default}`"
        variable = f" `{option.envvar}`" if option.envvar and option.envvar not in meaning else ""
        rows.append(f"| {names} | {meaning.replace('|', '&#124;')}{variable} | {shown} |")
    return f"{COLUMNS.in_(lang)}\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    for lang, path in PAGES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(lang), encoding="utf-8")
