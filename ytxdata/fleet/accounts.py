"""The accounts of a fleet as they are written down: in a `fleet.toml`, in a mapping, or as archives in a folder.

Whoever wrote an entry may say where the credentials that stand in it are sent, and no others: the rule of
`Settings.load`, for a file that names many accounts.
"""

from __future__ import annotations

import os
import posixpath
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from unicodedata import is_normalized
from urllib.parse import urlsplit

from pydantic import SecretStr

from ytxdata.archive.ownership import IDENTITY
from ytxdata.errors import SettingsError
from ytxdata.files import read_plain
from ytxdata.labels import Text, closest
from ytxdata.platform import setting_sources
from ytxdata.platform.settings import BASE_URLS, CREDENTIALS, HINT, Settings, origin_text
from ytxdata.redact import cut_secrets

FILE_NAME = "fleet.toml"
SUFFIX = ".archive"

GROUPS = frozenset(
    ("account", "department", "person", "creator", "number", "number_class", "size_class", "name", "period", "group")
)
"""What reports group by or call their columns already: a label of that name would stand for two things."""

_ASKED = ("account_sid", "app_id", "base_url", "environment")
_OWN = ("labels", "archive", "auth_token_env")
_KEYS = (*Settings.model_fields, *_OWN)
_LIMITS = ("timeout", "total_timeout")
# names are folders on every system, and columns of text of one width: no blank at either end, nothing that is not seen
_NAME = re.compile(r"[^\W_][\w.-]{0,63}")


class WrittenIn(NamedTuple):
    """Where entries were written, and whether the reader named that place or it merely lay there."""

    origin: str
    folder: Path
    is_named: bool = True


@dataclass(frozen=True)
class FleetAccount:
    """One account of a fleet: its name, its archive, what it is labelled with, and how it is asked.

    Parameters
    ----------
    name
        What it is called in every table.
    archive
        Its directory.
    labels
        Label → value, such as `company` or `region`.
    """

    name: str
    archive: Path
    labels: Mapping[str, str]
    place: WrittenIn = field(repr=False)
    given: Mapping[str, Any] = field(repr=False)
    token_from: str | None = field(default=None, repr=False)

    @property
    def question(self) -> tuple[str, ...]:
        """Whose meetings it asks for and where; nothing where the entry does not say it."""
        said = {key: str(self.given[key]).strip() for key in _ASKED if self.given.get(key)}
        if "account_sid" not in said or "app_id" not in said:
            return ()
        environment = said.get("environment", "production").casefold()
        return (
            said["account_sid"],
            said["app_id"],
            _address(said.get("base_url") or BASE_URLS.get(environment, environment)),
        )

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError(
            "an account of a fleet may hold the auth token and is not pickled: make the fleet where it is needed"
        )

    def settings(self, limits: Mapping[str, float | None] = MappingProxyType({})) -> Settings | SettingsError:
        """Return how it is asked, or what is wrong with that; nothing of `YTX_*` but limits of time is an account's.

        `limits` of time come before those that are written in the file.
        """
        layers: list[tuple[str, Mapping[str, Any]]] = [("argument", limits), (self.place.origin, self.given)]
        if self.token_from is not None:
            layers.append((f"environment {self.token_from}", {"auth_token": _secret(os.environ.get(self.token_from))}))
        missing = [name for name in CREDENTIALS if not any(layer.get(name) for _, layer in layers)]
        found = setting_sources.from_keyring(missing, self.name) if missing else {}
        layers.append(("keyring", {name: _secret(value) for name, value in found.items()}))
        lost = [name for name in missing if name not in found]
        if lost:
            return self._missing(lost)
        layers.append(("environment", setting_sources.from_environment(_LIMITS)))
        made = Settings.of_layers(layers)
        if isinstance(made, SettingsError):
            return made
        return self._misled(made) or made

    def _missing(self, names: list[str]) -> SettingsError:
        variable, listed = self.token_from, ", ".join(names)
        if names == ["auth_token"] and variable is not None:
            return _error(
                Text(f"环境变量 {variable} 未设置", f"the environment variable {variable} is not set"),
                Text(f"设好再运行：export {variable}=…", f"set it and run again: export {variable}=…"),
            )
        table = self.name if re.fullmatch(r"[\w-]+", self.name, re.ASCII) else f'"{self.name}"'
        return _error(
            Text(f"缺少 {listed}", f"{listed} missing"),
            Text(
                f"写在 [accounts.{table}] 下，令牌也可用 auth_token_env 指定环境变量，"
                f"或 keyring set ytxdata {self.name}.{names[0]}",
                f"write it under [accounts.{table}], name a variable for the token with auth_token_env, "
                f"or keyring set ytxdata {self.name}.{names[0]}",
            ),
        )

    def _misled(self, settings: Settings) -> SettingsError | None:
        """Refuse an address of a file that has no say over the credentials.

        A `fleet.toml` that merely lies in a directory where somebody works would otherwise be sent the signatures of
        whoever has a token in the environment or the keyring. One that the reader named may direct the variables that
        it names, but never `YTX_…`: those belong to the one account of this machine, and its address is `YTX_BASE_URL`.
        """
        origins = settings.sources()
        if origins["base_url"] != self.place.origin:
            return None
        foreign = [origins[name] for name in CREDENTIALS if origins[name] != self.place.origin]
        is_ours = self.token_from is not None and self.token_from.upper().startswith("YTX_")
        if not foreign or (self.place.is_named and not is_ours) or self.place.origin == "argument":
            return None
        said, held = origin_text(self.place.origin), origin_text(foreign[0])
        return _error(
            Text(
                f"平台地址 base_url（{said.zh}）与凭证（{held.zh}）来源不同：签名请求会发往 {settings.base_url}",
                f"base_url ({said.en}) and the credentials ({held.en}) come from different places: signed requests would go to {settings.base_url}",
            ),
            Text(
                "确认要用这个地址，就写出该文件的路径（ytxdata fleet sync fleet.toml），并且不用 YTX_ 开头的变量存放令牌",
                "if this address is meant, name the file (ytxdata fleet sync fleet.toml), and keep the token in a variable that does not begin with YTX_",
            ),
        )


def names_of(accounts: Iterable[FleetAccount]) -> tuple[str, ...]:
    """Return the names of some accounts, in their order."""
    return tuple(one.name for one in accounts)


def values_of(accounts: Sequence[FleetAccount]) -> dict[str, tuple[str, ...]]:
    """Return label → its values, in the order of the accounts."""
    labels = sorted({label for one in accounts for label in one.labels})
    return {
        label: tuple(dict.fromkeys(one.labels[label] for one in accounts if label in one.labels)) for label in labels
    }


def _secret(value: object) -> SecretStr | None:
    """Wrap the token at once, so that no frame of ours shows it."""
    return SecretStr(value.strip()) if isinstance(value, str) and value.strip() else None


def read_accounts(
    source: object, folder: Path | None, *, is_named: bool = True
) -> tuple[FleetAccount, ...] | SettingsError:
    """Return the accounts that a folder, a file or a mapping names, or what is wrong with it: raised here, the error
    would carry frames that hold tokens.
    """
    try:
        if isinstance(source, Mapping):
            return _checked(tuple(_accounts(source, WrittenIn("argument", folder or Path()))))
        path = Path(str(source)).expanduser() if isinstance(source, str | os.PathLike) else None
        if path is None:
            return _error(
                Text(f"不能由此得到多个账户：{type(source).__name__}", f"no fleet in a {type(source).__name__}"),
                Text("给出目录、fleet.toml 或映射", "give a folder, a fleet.toml or a mapping"),
            )
        if path.is_dir():
            if not (path / FILE_NAME).is_file():
                return _checked(tuple(_archives(path)))
            path /= FILE_NAME
        return _checked(tuple(_of_file(path, folder, is_named)))
    except SettingsError as error:
        return error.with_traceback(None)


def _archives(folder: Path) -> Iterator[FleetAccount]:
    """Yield the archives of a folder without a list: they can be read, and asked with what the keyring holds."""
    found = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and path.is_dir())
    if not found:
        raise _error(
            Text(f"{folder} 里没有 {FILE_NAME}，也没有 *{SUFFIX}", f"{folder} holds no {FILE_NAME} and no *{SUFFIX}"),
            Text(f"写一个 {FILE_NAME}，每个账户一张 [accounts.名称] 表", f"write a {FILE_NAME}: a table [accounts.NAME] each"),
        )  # fmt: skip
    for path in found:
        yield FleetAccount(_name(path.stem), path, {}, WrittenIn(f"file {folder}", folder), {})


def _of_file(path: Path, folder: Path | None, is_named: bool) -> Iterator[FleetAccount]:
    if not path.is_file():
        raise _error(
            Text(f"没有 {path}", f"there is no {path}"),
            Text("写出 fleet.toml 的路径，或一个含 *.archive 的目录", "name a fleet.toml, or a folder of *.archive"),
        )
    told = setting_sources.from_file(path)
    accounts = told.get("accounts")
    strange = cut_secrets(", ".join(sorted(set(told) - {"accounts"})))
    if strange or not isinstance(accounts, dict):
        raise _error(
            Text(f"{path} 里只能有 [accounts.名称] 表" + (f"，不能有 {strange}" if strange else ""),
                 f"{path} holds tables [accounts.NAME] and nothing else" + (f", not {strange}" if strange else "")),
            Text('[accounts.north] account_sid = "…"', '[accounts.north] account_sid = "…"'),
        )  # fmt: skip
    is_open = any("auth_token" in entry for entry in accounts.values() if isinstance(entry, dict))
    risk = setting_sources.open_to_others(path) if is_open else None
    if risk is not None:
        warnings.warn(setting_sources.risk_of(path, risk), stacklevel=2)
    yield from _accounts(accounts, WrittenIn(f"file {path}", folder or path.parent, is_named))


def _accounts(accounts: Mapping[Any, Any], place: WrittenIn) -> Iterator[FleetAccount]:
    for key, entry in accounts.items():
        name = _name(key)
        if not isinstance(entry, Mapping):
            raise _of(name, Text("应为一张表", "must be a table"))
        unknown = next((one for one in entry if one not in _KEYS), None)
        if unknown is not None:
            guess = closest(str(unknown).lower(), _KEYS, cutoff=0.5)
            unknown = cut_secrets(str(unknown))  # name and value may be swapped
            hint = HINT.format(guess=guess) if guess else Text("", "")
            raise _of(name, Text(f"{unknown} 不是已知的设置{hint.zh}", f"{unknown} is no known setting{hint.en}"))
        variable = entry.get("auth_token_env")
        if variable is not None and ("auth_token" in entry or not (isinstance(variable, str) and variable.strip())):
            raise _of(name, Text("auth_token_env 是环境变量名，并且不能与 auth_token 并用", "auth_token_env names a variable, and excludes auth_token"))  # fmt: skip
        given = {one: value for one, value in entry.items() if one not in _OWN}
        if "auth_token" in given:
            token = given["auth_token"]
            given["auth_token"] = token if isinstance(token, SecretStr) else SecretStr(token)
        archive = entry.get("archive", f"{name}{SUFFIX}")
        if not isinstance(archive, str | os.PathLike) or not str(archive).strip():
            raise _of(name, Text("archive 应为路径", "archive must be a path"))
        yield FleetAccount(
            name,
            place.folder / Path(archive).expanduser(),
            _labels(name, entry.get("labels", {})),
            place,
            given,
            variable.strip() if variable else None,
        )


def _name(key: object) -> str:
    if isinstance(key, str) and _NAME.fullmatch(key) and not key.endswith("."):
        return key
    is_composed = isinstance(key, str) and is_normalized("NFC", key)
    shown = cut_secrets(repr(key) if is_composed else ascii(key))  # an accent by itself looks like a letter that has it
    raise _error(
        Text(f"账户名称不可用：{shown}", f"no name for an account: {shown}"),
        Text(
            "以字母、数字或汉字开头，只含字母、数字、汉字和 . _ -，不超过 64 个字符",
            "begin with a letter or digit; letters, digits and . _ - only, no more than 64",
        ),
    )


def _labels(name: str, given: object) -> Mapping[str, str]:
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for pair in given.items() for one in pair):
        raise _of(name, Text('labels 应为文本表，例如 { company = "…" }', 'labels must be texts: { company = "…" }'))
    taken = next((one for one in given if one in GROUPS or not one.isidentifier()), None)
    if taken is not None:
        raise _of(name, Text(f"标签不能叫 {taken}：报表已有此名", f"a label cannot be called {taken}: reports have a word of that name, or it is none"))  # fmt: skip
    return dict(given)


def _checked(accounts: tuple[FleetAccount, ...]) -> tuple[FleetAccount, ...]:
    """Refuse two accounts of one archive or its copy, or two that ask for the same meetings: both would be counted twice."""
    places, owners, asked = dict[str, str](), dict[bytes, str](), dict[tuple[str, ...], str]()
    for account in accounts:
        # it holds a key of its own at random: where it is the same, a copy or a mirror lies beside the archive
        owner = b""
        with suppress(OSError):  # there is none yet, or it is not to be read: `status` says so, and the others are read
            owner = read_plain(account.archive / IDENTITY)
        # names that differ in case alone are one folder on half of all systems, and a link is what it points at
        place = os.path.realpath(account.archive).casefold()
        claims: tuple[tuple[Any, Any, Text], ...] = (
            (places, place, Text("与账户 {other} 同用存档 {archive}", "its archive {archive} is that of {other} too")),
            (owners, owner, Text("存档 {archive} 是账户 {other} 存档的副本：会议会计两次", "its archive {archive} is a copy of that of {other}: its meetings would count twice")),
            (asked, account.question, Text("与账户 {other} 的 account_sid、app_id 和地址相同：同一批会议会计两次", "account_sid, app_id and address are those of {other} too: its meetings would count twice")),
        )  # fmt: skip
        for taken, own, said in claims:
            if own in taken:
                raise _of(account.name, said.format(other=taken[own], archive=account.archive))
            if own:
                taken[own] = account.name
    for place, name in places.items():
        outer = next((places[str(one)] for one in Path(place).parents if str(one) in places), None)
        if outer is not None:
            raise _of(name, Text(f"存档在账户 {outer} 的存档里面", f"its archive lies inside of that of {outer}"))
    if not accounts:
        raise _error(Text("没有账户", "there are no accounts"), Text("每个账户一张 [accounts.名称] 表", "a table [accounts.NAME] each"))  # fmt: skip
    return accounts


def _address(url: str) -> str:
    """Return where an address leads, however it is written: one host may be asked with TLS or without, and this
    machine has three names.

    Examples
    --------
    >>> _address("HTTPS://Gateway.example:443/./"), _address("http://gateway.example")
    ('gateway.example:', 'gateway.example:')
    """
    with suppress(ValueError):  # of what is no address the settings say so
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".")
        host = "localhost" if host in ("127.0.0.1", "::1") else host
        port = "" if parts.port in (None, 80, 443) else parts.port
        return f"{host}:{port}{posixpath.normpath(parts.path or '/').rstrip('/')}".casefold()
    return url


def _of(name: str, problem: Text) -> SettingsError:
    return _error(Text(f"账户 {name}：{problem.zh}", f"account {name}: {problem.en}"), Text("改正后再运行", "mend it and run again"))  # fmt: skip


def _error(cause: Text, remedy: Text) -> SettingsError:
    return SettingsError(cause, remedy=remedy)
