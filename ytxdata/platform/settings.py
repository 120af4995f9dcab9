"""Settings of one account: who asks, with which application, where; what each may hold, and what people are told of it.

The only place, beside signing, that holds the token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, NoReturn
from urllib.parse import quote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from ytxdata.errors import SettingsError
from ytxdata.labels import Text, in_lines
from ytxdata.platform import setting_sources
from ytxdata.redact import mask_id

_ACCOUNT = Text(
    "账户 ID 与授权令牌在控制台：管理 → 控制台 → 开发者账号（或 管理 → 体验 → 接口体验 → 账号信息）",
    "account SID and auth token are in the console under 管理 → 控制台 → 开发者账号 (or 管理 → 体验 → 接口体验 → 账号信息)",
)

WHERE: dict[str, Text] = {
    "account_sid": _ACCOUNT,
    "auth_token": _ACCOUNT,
    "app_id": Text(
        "应用 ID 在控制台：正式环境 管理 → 应用管理 → 应用列表（应用上线后才有效）；沙箱 管理 → 体验 → 接口体验 → 测试应用",
        "the application id is in the console: for production under 管理 → 应用管理 → 应用列表 (valid once the app is online); for the sandbox under 管理 → 体验 → 接口体验 → 测试应用",
    ),
}
"""Where the platform's console shows a setting."""

NAMES: dict[str, Text] = {
    "account_sid": Text("账户 ID", "account SID"),
    "auth_token": Text("授权令牌", "auth token"),
    "app_id": Text("应用 ID", "application id"),
    "environment": Text("环境", "environment"),
    "base_url": Text("平台地址", "base URL"),
    "version": Text("接口版本", "API version"),
    "func": Text("功能分类", "function class"),
    "fun_url": Text("操作路径", "operation path"),
    "aliases": Text("字段别名", "field aliases"),
}
"""What each setting is called."""

ORIGINS: dict[str, Text] = {
    "argument": Text("参数", "argument"),
    "environment": Text("环境变量", "environment"),
    "file": Text("文件", "file"),
    "keyring": Text("系统钥匙串", "keyring"),
    "default": Text("默认值", "default"),
}
"""Where a setting may come from: the first word of what `Settings.sources` says of it."""


def origin_text(origin: str) -> Text:
    """Return in both languages where a setting came from; what is no origin stays as it is.

    Examples
    --------
    >>> origin_text("environment YTX_APP_ID").zh, origin_text("keyring").en, origin_text("YTX_APP_ID").zh
    ('环境变量 YTX_APP_ID', 'keyring', 'YTX_APP_ID')
    """
    kind, blank, place = origin.partition(" ")
    named = ORIGINS.get(kind, Text(kind, kind))
    return Text(f"{named.zh}{blank}{place}", f"{named.en}{blank}{place}")


PROBLEMS: dict[str, Text] = {
    "missing": Text("未设置", "is not set"),
    "blank": Text("是空的", "is blank"),
    "string_type": Text("必须是文本：请加引号", "must be text: put it in quotes"),
    "odd_characters": Text(
        "含有空格、全角或不可见字符，多半是复制时带入的",
        "holds blanks, full-width or invisible characters, most likely from copying",
    ),
    "unknown_environment": Text(
        "只能是 production（正式）或 sandbox（沙箱）{hint}", "must be production or sandbox{hint}"
    ),
    "url_in_environment": Text(
        "是一个地址：自定义地址请写在 base_url（YTX_BASE_URL）",
        "is an address: an address of your own belongs in base_url (YTX_BASE_URL)",
    ),
    "not_http": Text("必须以 http:// 或 https:// 开头", "must begin with http:// or https://"),
    "no_host": Text("缺少主机名，或端口无效", "has no host name, or its port is not valid"),
    "userinfo": Text("不能带用户名或密码", "must not carry a user name or password"),
    "query": Text("不能带 ? 或 # 之后的部分", "must not carry anything after ? or #"),
    "extra_forbidden": Text("不是已知的设置{hint}", "is no known setting{hint}"),
}
"""What can be wrong with a value, by the key of the check that found it."""

UNREADABLE = Text("形式不对", "has a wrong form")
ALIASES_FORM = Text(
    '应为 [aliases] 表，例如 meeting_id = ["room_no"]', 'must be a table [aliases], such as meeting_id = ["room_no"]'
)
HOW_TO_SET = Text(
    "用参数、环境变量、ytxdata.toml 或系统钥匙串设置",
    "set it by argument, environment variable, ytxdata.toml or the system's keyring",
)
HINT = Text("；您是想写 {guess} 吗？", "; did you mean {guess}?")


BASE_URLS = {"production": "http://api.ytx.net", "sandbox": "http://sandbox.ytx.net"}
"""The platform's two environments. Source: seed, 公共参数 请求地址."""


_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # a name or an IPv6 address


def _refuse(problem: str, **details: object) -> NoReturn:
    raise PydanticCustomError(problem, problem, details)


def _pasted(value: str) -> str:
    if not value:
        _refuse("blank")
    if not (value.isascii() and value.isprintable() and " " not in value):
        _refuse("odd_characters")
    return value


def _hidden(value: object) -> object:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return SecretStr(_pasted(text.strip())) if isinstance(text, str) else text


def _environment(value: str) -> str:
    name = value.lower()
    if "://" in name:
        _refuse("url_in_environment")
    if name not in BASE_URLS:
        _refuse("unknown_environment", guess=closest(name, BASE_URLS))
    return name


def _base_url(value: str) -> str:
    value = _pasted(value)
    if not value.lower().startswith(("http://", "https://")):
        _refuse("not_http")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        _refuse("no_host")
    if "@" in parts.netloc:
        _refuse("userinfo")
    if "?" in value or "#" in value:
        _refuse("query")
    if not _HOST.fullmatch(parts.hostname or "") or port == 0 or parts.netloc.endswith(":"):
        _refuse("no_host")
    return value.rstrip("/")


def _flat(value: object) -> object:
    """Write the table `[aliases.legs]`, or a bare key `legs.phone`, as the name `legs.phone`."""
    legs = value.get("legs") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(legs, Mapping):
        return value
    rest = {name: keys for name, keys in value.items() if name != "legs"}
    return {**rest, **{f"legs.{name}": keys for name, keys in legs.items()}}


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant."""
    return next(iter(get_close_matches(word.lower(), list(known), n=1, cutoff=0.5)), None)


_Trimmed = Annotated[str, StringConstraints(strip_whitespace=True)]

Pasted = Annotated[_Trimmed, AfterValidator(_pasted)]
Token = Annotated[SecretStr, BeforeValidator(_hidden)]
Environment = Annotated[_Trimmed, AfterValidator(_environment)]
BaseUrl = Annotated[_Trimmed, AfterValidator(_base_url)]
AliasTable = Annotated[dict[str, str | tuple[str, ...]], BeforeValidator(_flat)]


class Settings(BaseModel):
    """What a signed call needs. Build it with `Settings.load`, which looks in all four places.

    Its repr masks ids and hides the token; it refuses to be pickled, because a pickle would hold the token.

    Examples
    --------
    >>> Settings.load(account_sid="abcdefghijklmnopqrstuvwxyz012345", auth_token="x", app_id="app", environment="sandbox")
    Settings(base_url='http://sandbox.ytx.net', account_sid='abcd***2345', app_id='***', auth_token=***)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    account_sid: Pasted
    auth_token: Token
    app_id: Pasted
    environment: Environment = "production"
    base_url: BaseUrl = Field(default_factory=lambda known: BASE_URLS[known["environment"]])
    version: Pasted = "201612"
    func: Pasted = "call"
    fun_url: Pasted = "MeetingQuery.wx"
    aliases: AliasTable = {}

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def load(cls, **arguments: Any) -> Settings:
        """Return the settings from arguments > environment `YTX_*` > `ytxdata.toml` > keyring (if installed).

        An argument that is None or blank counts as not given. The file is the one `YTX_CONFIG` names, else
        `ytxdata.toml` in the working directory. The keyring (service `ytxdata`, one entry a setting) is asked only
        for what is still missing.

        Raises
        ------
        SettingsError
            Something is missing or cannot be right; the message names each setting, its environment variable, and
            where the console shows it.
        """
        arguments = {name: _shielded(name, value) for name, value in arguments.items()}
        made = _made(cls, arguments)
        del arguments  # a refused value may be the secret under a misspelt name: no frame keeps it
        if isinstance(made, SettingsError):
            raise made
        return made

    @classmethod
    def is_set(cls) -> bool:
        """Tell whether any credential is set outside of the code, so that a real account is meant."""
        values, _ = _merge({})
        return any(name in values for name in _CREDENTIALS)

    def sources(self) -> dict[str, str]:
        """Return where each setting came from: `argument`, `environment YTX_…`, `file …`, `keyring` or `default`."""
        return {name: self._origins.get(name, "default") for name in type(self).model_fields}

    def endpoint(self) -> str:
        """Return the address of the operation without its signature; it holds the account SID."""
        path = "/".join(
            quote(part, safe="") for part in (self.version, "sid", self.account_sid, self.func, self.fun_url)
        )
        return f"{self.base_url}/{path}"

    def __repr__(self) -> str:
        shown = f"account_sid={mask_id(self.account_sid)!r}, app_id={mask_id(self.app_id)!r}, auth_token=***"
        return f"Settings(base_url={self.base_url!r}, {shown})"

    __str__ = __repr__

    def __getstate__(self) -> dict[Any, Any]:
        raise TypeError("settings hold the auth token and are not pickled: load them where they are needed")


_CREDENTIALS = ("account_sid", "auth_token", "app_id")
_TEXTS = tuple(name for name in Settings.model_fields if name != "aliases")


def _shielded(name: str, value: Any) -> Any:
    """Wrap the token at once, whatever its type, so that no frame of ours shows it."""
    return SecretStr(value) if name == "auth_token" and not isinstance(value, SecretStr) else value


def _is_given(value: Any) -> bool:
    bare = value.get_secret_value() if isinstance(value, SecretStr) else value
    return bare is not None and not (isinstance(bare, str) and not bare.strip())


def _merge(arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Put the layers over each other, and note for every setting which one it came from."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def lay(origin: str, layer: dict[str, Any]) -> None:
        for name, value in layer.items():
            if name not in values and _is_given(value):
                values[name] = _shielded(name, value)
                origins[name] = f"{origin} {setting_sources.variable(name)}" if origin == "environment" else origin

    lay("argument", arguments)
    lay("environment", setting_sources.from_environment(_TEXTS))
    lay(f"file {setting_sources.config_path()}", setting_sources.from_file(setting_sources.config_path()))
    lay("keyring", setting_sources.from_keyring([name for name in _CREDENTIALS if name not in values]))
    return values, origins


def _made(cls: type[Settings], arguments: dict[str, Any]) -> Settings | SettingsError:
    """Merge and validate; a refusal is returned, since raised here it would carry frames and errors that hold the input."""
    try:
        values, origins = _merge(arguments)
    except SettingsError as error:
        return error.with_traceback(None)
    try:
        settings = cls.model_validate(values)
    except ValidationError as error:
        return _explain(error.errors(include_input=False, include_url=False), origins)
    settings._origins.update(origins)
    return settings


def _explain(problems: list[ErrorDetails], origins: dict[str, str]) -> SettingsError:
    """Put all that is wrong into one error, a line each."""
    said = {str(p["loc"][0]): _sentence(p, origins) for p in problems if p["type"] != "default_factory_not_called"}
    lost = setting_sources.lost_file()
    if lost is not None:
        said[setting_sources.FILE_NAME] = lost
    steps = [*dict.fromkeys(WHERE[name] for name in said if name in WHERE), HOW_TO_SET]
    return SettingsError(in_lines(said.values()), remedy=in_lines(steps))


def _sentence(problem: ErrorDetails, origins: dict[str, str]) -> Text:
    """Say which setting is wrong, where it came from (or which variable would set it), and how."""
    name, kind = str(problem["loc"][0]), problem["type"]
    guess = closest(name, NAMES) if kind == "extra_forbidden" else problem.get("ctx", {}).get("guess")
    hint = HINT.format(guess=guess) if guess else Text("", "")
    words = ALIASES_FORM if name == "aliases" else PROBLEMS.get(kind, UNREADABLE)
    label = NAMES[name].zh if name in NAMES else ""
    place = origin_text(origins.get(name) or setting_sources.variable(name))
    return Text(
        f"{label} {name}（{place.zh}）{words.zh.format(hint=hint.zh)}".lstrip(),
        f"{name} ({place.en}) {words.en.format(hint=hint.en)}",
    )
