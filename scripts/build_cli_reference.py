"""Write `docs/reference/cli.md` from the command line itself, so that the page cannot say anything else.

Usage: python scripts/build_cli_reference.py
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from ytxdata.cli import app

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"

HEAD = """# 命令行 / Command line

本页由 `scripts/build_cli_reference.py` 从命令本身生成。/ This page is generated from the commands themselves.

一个动词一件事；`--help` 都带示例，`--json` 供程序使用，进度只在终端上写到 stderr。
One verb a job; every `--help` has an example, `--json` is for programs, progress goes to stderr and only on a terminal.

| 退出码 / exit code | 意义 | meaning |
| --- | --- | --- |
| 0 | 正常 | fine |
| 1 | 有达到 `--fail-on` 的发现 | findings at or above `--fail-on` |
| 2 | 用法或输入有误 | wrong usage or bad input |
| 3 | 凭证、账户或应用被拒 | credentials, account or application refused |
| 4 | 平台或网络失败 | platform or network failed |
| 5 | 存档或证据包损坏 | archive or pack damaged |
| 6 | 平台没有这个会议 | the platform has no such meeting |
"""


def commands(group: Any, path: str = "ytxdata") -> Iterator[tuple[str, Any]]:
    """Yield every verb with its whole name, in the order of the command line."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def page() -> str:
    """Return the page."""
    root = get_command(app)
    parts = [HEAD, "## ytxdata\n", _options(root)]
    for name, command in commands(root):
        said = [line.strip() for line in inspect.cleandoc(command.help or "").splitlines()]
        text = "\n".join(
            f"```sh\n{line.removeprefix('Example: ')}\n```" if line.startswith("Example: ") else line for line in said
        )
        parts += [f"## {name}\n", f"{text}\n", _options(command)]
    return "\n".join(parts)


def _options(command: Any) -> str:
    rows = []
    for option in command.params:
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        if option.param_type_name == "argument":
            names = f"`{option.name.upper()}`"
        shown = "" if option.default in (None, False, [], ()) or callable(option.default) else f"`{option.default}`"
        variable = f" `{option.envvar}`" if option.envvar else ""
        rows.append(f"| {names} | {(option.help or '').replace('|', '&#124;')}{variable} | {shown} |")
    return "| 选项 / option | 意义 / meaning | 默认 / default |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)  # noqa: T201
