"""`ytxdata verify`: is every stored byte what was written?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ytxdata.cli.options import Json, Language, emit, say


def register(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command("verify")(verify)


def verify(
    archive: Annotated[Path, typer.Argument(help="存档目录 / archive directory")],
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """核对存档 / Check an archive.

    核对存档里的每个校验和与每条约束；损坏时退出码为 5。

    Check every hash and every law of an archive; exit code 5 when something is damaged.

    Example: ytxdata verify meetings.archive
    """
    from ytxdata.archive import Archive

    found = Archive(archive).verify()
    if as_json:
        emit(found.to_dict())
    else:
        say(str(found))
