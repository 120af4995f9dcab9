"""Optional packages: what an extra brings, and one way to say that it is missing, before any work begins."""

from __future__ import annotations

import re
from importlib.metadata import requires
from importlib.util import find_spec

from ytxdata.errors import MissingExtraError
from ytxdata.labels import Text

_REQUIREMENT = re.compile(r"([\w.-]+)([^;]*);.*\bextra\s*==\s*['\"]([\w-]+)['\"]")


def packages_of(extra: str) -> dict[str, str]:
    """Return what an extra brings: package → the versions of it that will do, as the installed metadata says.

    Examples
    --------
    >>> sorted(packages_of("emulator"))
    ['starlette', 'uvicorn']
    """
    lines = (_REQUIREMENT.match(line) for line in requires("ytxdata") or ())
    return {line[1]: f"{line[1]}{line[2].strip()}" for line in lines if line is not None and line[3] == extra}


def require_extra(extra: str) -> None:
    """Return if everything an extra brings is installed.

    Raises
    ------
    MissingExtraError
        It is not; the message names the extra, and the command that brings what is missing.
    """
    missing = [wanted for name, wanted in packages_of(extra).items() if find_spec(name.replace("-", "_")) is None]
    if missing:
        # The packages by their own names: that works wherever this package itself was installed from.
        command = "pip install " + " ".join(f"'{wanted}'" for wanted in missing)
        raise MissingExtraError(
            Text(f"需要未安装的可选组件 {extra}", f"this needs the extra `{extra}`, which is not installed"),
            remedy=Text(
                f"运行 {command}；在克隆的目录里用 uv：--extra {extra}",
                f"run {command}; with uv in a clone: --extra {extra}",
            ),
        )
