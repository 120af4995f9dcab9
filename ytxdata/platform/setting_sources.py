"""Where settings come from: environment, `ytxdata.toml`, keyring. Each layer is a plain dict; the first to name a
setting wins.

What a layer may decide depends on who could have written it: `Settings.load` sends credentials to no address of a
lower one.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ytxdata.errors import RiskWarning, SettingsError
from ytxdata.files import NotTomlError, read_toml
from ytxdata.labels import Text

FILE_NAME = "ytxdata.toml"
KEYRING_SERVICE = "ytxdata"


def variable(setting: str) -> str:
    """Return the environment variable of a setting."""
    return f"YTX_{setting.upper()}"


def from_environment(settings: Iterable[str]) -> dict[str, str]:
    """Return the settings that the environment names; a blank variable counts as not set."""
    found = {setting: os.environ.get(variable(setting), "") for setting in settings}
    return {setting: value for setting, value in found.items() if value.strip()}


def config_path() -> Path:
    """Return the configuration file: `YTX_CONFIG`, else `ytxdata.toml` in the working directory. It need not exist."""
    return Path(os.environ.get("YTX_CONFIG", "").strip() or FILE_NAME).expanduser()


def is_named() -> bool:
    """Return whether the reader named the file; one that merely lies in the working directory may be anybody's."""
    return bool(os.environ.get("YTX_CONFIG", "").strip())


def lost_file() -> Text | None:
    """Say so when `YTX_CONFIG` names a file that is not there."""
    path = config_path()
    if not is_named() or path.exists():
        return None
    return Text(f"YTX_CONFIG 指向的文件不存在：{path}", f"YTX_CONFIG names a file that does not exist: {path}")


def open_to_others(path: Path) -> Text | None:
    """Say so when others on this machine can read, change or replace the file; a system without modes cannot tell."""
    if os.name != "posix":
        return None
    if _is_open(path):
        return Text(
            f"配置文件 {path} 含有授权令牌，而其他用户可以读取或修改它",
            f"the configuration file {path} holds the auth token, and other users can read or change it",
        )
    if folder := _shared_folder(path):
        return Text(
            f"配置文件 {path} 含有授权令牌，而其他用户可以写入 {folder}，把它换成另一个文件",
            f"the configuration file {path} holds the auth token, and other users can write {folder} and put another file in its place",
        )
    return None


def closing(path: Path) -> Text:
    """Return the command that keeps others out of the file."""
    folder = None if _is_open(path) else _shared_folder(path)
    command = f"chmod go-w {shlex.quote(str(folder))}" if folder else f"chmod 600 {shlex.quote(str(path))}"
    return Text(f"运行 {command}", f"run {command}")


def risk_of(path: Path, risk: Text) -> RiskWarning:
    """Return the warning that a file is open to others, with the command that closes it."""
    remedy = closing(path)
    return RiskWarning(Text(f"{risk.zh}；{remedy.zh}", f"{risk.en}; {remedy.en}"))


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _shared_folder(path: Path) -> Path | None:
    """Return a folder on the way to the file in which others may rename what is not theirs: where it is sticky, as
    `/tmp` is, nobody may.
    """
    for folder in (*path.absolute().parents, *path.resolve().parents):
        found = folder.stat()
        others = 0o002 if _is_private(found.st_gid, found.st_uid) else 0o022
        if found.st_mode & others and not found.st_mode & stat.S_ISVTX:
            return folder
    return None


def _is_private(group: int, owner: int) -> bool:
    """Return whether a group is its owner's own: many systems make one for each user, and let it write by default."""
    import grp
    import pwd

    try:
        return grp.getgrgid(group).gr_name == pwd.getpwuid(owner).pw_name
    except KeyError:
        return False


def from_file(path: Path) -> dict[str, Any]:
    """Return the settings of a TOML file, none when there is no such file.

    Raises
    ------
    SettingsError
        The file cannot be read; correct it where the message says.
    """
    try:
        return read_toml(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except NotTomlError as error:
        why, remedy = error.why, error.remedy
    # raised here, not above: no frame of an error of ours holds the file's text
    raise SettingsError(
        Text(f"配置文件 {path} 无法读取：{why.zh}", f"the configuration file {path} cannot be read: {why.en}"),
        remedy=remedy,
    )


def from_keyring(settings: Iterable[str], account: str = "") -> dict[str, str]:
    """Return settings kept in the system's keyring (service `ytxdata`), none without the package or without a
    keyring. Those of an account of a fleet stand under its name: `north.auth_token`.
    """
    try:
        import keyring
    except ImportError:
        return {}
    found: dict[str, str] = {}
    for setting in settings:
        try:
            value = keyring.get_password(KEYRING_SERVICE, f"{account}.{setting}" if account else setting)
        except Exception:  # locked, refused, no keyring on this machine: each backend has errors of its own
            return found
        if value and value.strip():
            found[setting] = value
    return found
