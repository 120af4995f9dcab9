"""`ytxdata notebooks`: the notebooks that come along, as files of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.shared_options import Json, Language, emit, say
from ytxdata.labels import Text


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("notebooks")(notebooks)


_STATES = {
    "copied": Text("→ {path}", "→ {path}"),
    "same": Text("= {path}（已在，未改动）", "= {path} (there already, unchanged)"),
    "kept": Text(
        "! {path}（已在，内容不同：保留你的文件；要新的请换一个目录）",
        "! {path} (there already and changed: yours is kept; for a new one name another directory)",
    ),
}


def notebooks(
    directory: Annotated[Path, typer.Argument(help="目标目录 / where to copy them")] = Path("notebooks"),
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """复制笔记本 / Copy the notebooks.

    把随包的笔记本复制到目录里，用 JupyterLab 打开即可运行；不会覆盖改过的文件。

    Copy the notebooks that come along to a directory, to be run in JupyterLab; a file that was changed is never
    replaced.

    Example: ytxdata notebooks my-notebooks
    """
    from ytxdata.pages.notebook import copy_all

    copies = copy_all(directory)
    if as_json:
        emit({"files": {str(path): state for path, state in copies}})
        return
    for path, state in copies:
        say(_STATES[state], path=path)
    say(f"jupyter lab {directory}")
