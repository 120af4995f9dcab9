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
    archive: Annotated[
        Path, typer.Argument(help="存档目录或证据包 ZIP / archive directory, or ZIP of an evidence pack")
    ],
    as_json: Json = False,
    _lang: Language = None,
) -> None:
    """核对存档或证据包 / Check an archive or a pack.

    核对存档里的每个校验和与每条约束，或证据包里的每项主张；损坏时退出码为 5。

    Check every hash and every law of an archive, or every claim of an evidence pack; exit code 5 when something is damaged.

    Example: ytxdata verify meetings.archive
    """
    if archive.is_file():
        _verify_pack(archive, as_json)
        return
    from ytxdata.archive import Archive

    found = Archive(archive).verify()
    if as_json:
        emit(found.to_dict())
    else:
        say(str(found))


def _verify_pack(path: Path, as_json: bool) -> None:
    from ytxdata.audit import verify_pack

    lines = verify_pack(path)
    if as_json:
        emit({"is_sound": True, "checked": lines})
    else:
        say("\n".join(lines))
