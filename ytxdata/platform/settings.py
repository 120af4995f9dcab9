"""Settings of one account: who asks, with which application, where; what each may hold, and what people are told of it.

The only place, beside signing, that holds the token.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
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
from ytxdata.labels import Text, closest, in_lines
from ytxdata.platform import setting_sources
from ytxdata.platform.limits import LONGEST_S, is_loopback
from ytxdata.redact import cut_secrets, mask_id

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
    "timeout": Text("静默时限", "limit of silence"),
    "total_timeout": Text("总时限", "total limit"),
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
    "not_seconds": Text(
        "必须是大于 0、不超过一天（86400）的秒数", "must be a number of seconds above 0 and no more than a day (86400)"
    ),
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
WITHOUT_ACCOUNT = Text(
    "还没有账户时，可在模拟平台上试用：ytxdata emulator --run 命令",
    "without an account, try it on an emulated platform: ytxdata emulator --run COMMAND",
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
        _refuse("unknown_environment", guess=closest(name.lower(), BASE_URLS, cutoff=0.5))
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


def _seconds(value: object) -> float:
    try:
        seconds = float("nan" if isinstance(value, bool) else value)  # type: ignore[arg-type]  # refused below
    except (TypeError, ValueError):
        seconds = float("nan")
    if not 0 < seconds <= LONGEST_S:
        _refuse("not_seconds")
    return seconds


def _flat(value: object) -> object:
    """Write the table `[aliases.legs]`, or a bare key `legs.phone`, as the name `legs.phone`."""
    legs = value.get("legs") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(legs, Mapping):
        return value
    rest = {name: keys for name, keys in value.items() if name != "legs"}
    return {**rest, **{f"legs.{name}": keys for name, keys in legs.items()}}


_Trimmed = Annotated[str, StringConstraints(strip_whitespace=True)]

Pasted = Annotated[_Trimmed, AfterValidator(_pasted)]
Token = Annotated[SecretStr, BeforeValidator(_hidden)]
Environment = Annotated[_Trimmed, AfterValidator(_environment)]
BaseUrl = Annotated[_Trimmed, AfterValidator(_base_url)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
AliasTable = Annotated[dict[str, str | tuple[str, ...]], BeforeValidator(_flat)]


class Settings(BaseModel):
    """What a signed call needs. Build it with `Settings.load`, which looks in all four places.

    Its repr masks ids and hides the token; it refuses to be pickled, because a pickle would hold the token.

    Examples
    --------
    >>> sid = "abcdefghijklmnopqrstuvwxyz012345"
    >>> Settings.load(account_sid=sid, auth_token="x", app_id="app", environment="sandbox")
    Settings(base_url='http://sandbox.ytx.net', account_sid='abcd***2345', app_id='***', auth_token=***)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    account_sid: Pasted
    auth_token: Token
    app_id: Pasted
    environment: Environment = "production"
    base_url: BaseUrl = Field(default_factory=lambda known: BASE_URLS.get(known.get("environment", ""), ""))
    version: Pasted = "201612"
    func: Pasted = "call"
    fun_url: Pasted = "MeetingQuery.wx"
    timeout: Seconds | None = None
    total_timeout: Seconds | None = None
    aliases: AliasTable = {}

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def load(cls, **arguments: Any) -> Settings:
        """Return the settings from arguments > environment `YTX_*` > `ytxdata.toml` > keyring (if installed).

        An argument that is None or blank counts as not given. The file is the one `YTX_CONFIG` names, else
        `ytxdata.toml` in the working directory. The keyring (service `ytxdata`, one entry a setting) is asked only
        for what is still missing.

        An address that the code, the environment, the file or the keyring gives is good for credentials of the same
        place or of one that comes later; that of a file which merely lies in the working directory, for its own alone.

        Raises
        ------
        SettingsError
            Something is missing or cannot be right, or an address would be sent credentials that were not meant for
            it; the message names each setting, its environment variable, and where the console shows it.

        Warns
        -----
        RiskWarning
            The file that holds the token can be read or changed by other users of this machine.
        """
        arguments = {name: _shielded(name, value) for name, value in arguments.items()}
        made = _made(cls, arguments)
        del arguments  # a refused value may be the secret under a misspelt name: no frame keeps it
        if isinstance(made, SettingsError):
            raise made
        risk = made.open_file()
        if risk is not None:
            warnings.warn(setting_sources.risk_of(setting_sources.config_path(), risk), stacklevel=1)
        return made

    @classmethod
    def of_layers(cls, layers: Layers) -> Settings | SettingsError:
        """Return the settings of some layers and no others, or what is wrong with them: raised here, the error would
        carry frames that hold the token.

        Whose address may direct whose credentials is for the caller to judge, by `sources`.
        """
        return _validated(cls, *_laid(layers))

    @classmethod
    def is_set(cls) -> bool:
        """Tell whether any credential is set outside of the code, so that a real account is meant."""
        values, _ = _merge({})
        return any(name in values for name in CREDENTIALS)

    def sources(self) -> dict[str, str]:
        """Return where each setting came from: `argument`, `environment YTX_…`, `file …`, `keyring` or `default`."""
        return {name: self._origins.get(name, "default") for name in type(self).model_fields}

    def open_file(self) -> Text | None:
        """Say so when the file that the token came from is open to other users of this machine."""
        is_from_file = self._origins.get("auth_token", "").startswith("file ")
        return setting_sources.open_to_others(setting_sources.config_path()) if is_from_file else None

    def exposed(self) -> Text | None:
        """Say so when requests cross a network unencrypted, so that whoever sees the line can read records and
        signature.
        """
        parts = urlsplit(self.base_url)
        if parts.scheme == "https" or is_loopback(parts.hostname or ""):
            return None
        return Text(
            f"{self.base_url} 是未加密的 HTTP：途中的人能读到会议记录和有效十分钟的签名",
            f"{self.base_url} is plain HTTP: whoever is on the way reads the records, and a signature good for ten minutes",
        )

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


CREDENTIALS = ("account_sid", "auth_token", "app_id")
"""Without which nobody can be asked."""
_TEXTS = tuple(name for name in Settings.model_fields if name != "aliases")


def _shielded(name: str, value: Any) -> Any:
    """Wrap the token at once, whatever its type, so that no frame of ours shows it."""
    return SecretStr(value) if name == "auth_token" and not isinstance(value, SecretStr) else value


def _is_given(value: Any) -> bool:
    bare = value.get_secret_value() if isinstance(value, SecretStr) else value
    return bare is not None and not (isinstance(bare, str) and not bare.strip())


Layers = Sequence[tuple[str, Mapping[str, Any]]]
"""Where settings come from, and those that stand there; the first to name a setting wins."""


def _merge(arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Put the layers over each other, and note for every setting which one it came from."""
    path = setting_sources.config_path()
    layers = [
        ("argument", arguments),
        ("environment", setting_sources.from_environment(_TEXTS)),
        (f"file {path}", setting_sources.from_file(path)),
    ]
    missing = [name for name in CREDENTIALS if not any(_is_given(layer.get(name)) for _, layer in layers)]
    return _laid([*layers, ("keyring", setting_sources.from_keyring(missing))])


def _laid(layers: Layers) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        for name, value in layer.items():
            if name not in values and _is_given(value):
                values[name] = _shielded(name, value)
                origins[name] = f"{origin} {setting_sources.variable(name)}" if origin == "environment" else origin
    return values, origins


def _made(cls: type[Settings], arguments: dict[str, Any]) -> Settings | SettingsError:
    """Merge and validate; a refusal is returned, since raised here it would carry frames and errors that hold the
    input.
    """
    try:
        values, origins = _merge(arguments)
    except SettingsError as error:
        return error.with_traceback(None)
    made = _validated(cls, values, origins)
    return made if isinstance(made, SettingsError) else _misled(made) or made


def _validated(cls: type[Settings], values: dict[str, Any], origins: dict[str, str]) -> Settings | SettingsError:
    try:
        settings = cls.model_validate(values)
    except ValidationError as error:
        return _explain(error.errors(include_input=False, include_url=False), origins)
    settings._origins.update(origins)
    return settings


def _misled(settings: Settings) -> SettingsError | None:
    """Refuse an address that a place names which has no say over the credentials.

    An `ytxdata.toml` with nothing but a `base_url`, left in a directory where somebody works, would otherwise be sent
    the account SID and a valid signature of whoever has credentials in the environment or the keyring.
    """
    origins = settings.sources()
    place = origins["base_url"]
    lost = [name for name in ("account_sid", "auth_token") if not _may_direct(place, origins[name])]
    if place == "default" or not lost:
        return None
    said, held = origin_text(place), origin_text(origins[lost[-1]])
    variable = setting_sources.variable("base_url")
    zh, en = "从该文件删去 base_url", "take base_url out of that file"
    if not place.startswith("file"):
        zh, en = f"取消环境变量：unset {variable}", f"take the variable away: unset {variable}"
    return SettingsError(
        Text(
            f"平台地址 base_url（{said.zh}）与{NAMES[lost[-1]].zh}（{held.zh}）来源不同：签名请求会发往 {settings.base_url}",
            f"base_url ({said.en}) and the {NAMES[lost[-1]].en} ({held.en}) come from different places: signed requests would go to {settings.base_url}",
        ),
        remedy=Text(
            f"确认要用这个地址，就在凭证的同一处或更优先处给出它（参数 > {variable} > ytxdata.toml）；否则{zh}",
            f"if this address is meant, give it where the credentials are, or in a place that wins over it (argument > {variable} > ytxdata.toml); else {en}",
        ),
    )


def _may_direct(place: str, credential: str) -> bool:
    """Return whether a place may say where a credential is sent: its own, and those of places it wins over."""
    ranks = tuple(ORIGINS)
    here, there = (ranks.index(origin.partition(" ")[0]) for origin in (place, credential))
    return here == there or (here < there and (ranks[here] != "file" or setting_sources.is_named()))


def _explain(problems: list[ErrorDetails], origins: dict[str, str]) -> SettingsError:
    """Put all that is wrong into one error, a line each."""
    said = {str(p["loc"][0]): _sentence(p, origins) for p in problems if p["type"] != "default_factory_not_called"}
    lost = setting_sources.lost_file()
    if lost is not None:
        said[setting_sources.FILE_NAME] = lost
    steps = [*dict.fromkeys(WHERE[name] for name in said if name in WHERE), HOW_TO_SET]
    if {p["loc"][0] for p in problems if p["type"] == "missing"} >= {*CREDENTIALS}:
        steps.append(WITHOUT_ACCOUNT)
    return SettingsError(in_lines(said.values()), remedy=in_lines(steps))


def _sentence(problem: ErrorDetails, origins: dict[str, str]) -> Text:
    """Say which setting is wrong, where it came from (or which variable would set it), and how."""
    name, kind = str(problem["loc"][0]), problem["type"]
    guess = (
        closest(name.lower(), NAMES, cutoff=0.5) if kind == "extra_forbidden" else problem.get("ctx", {}).get("guess")
    )
    hint = HINT.format(guess=guess) if guess else Text("", "")
    words = ALIASES_FORM if name == "aliases" else PROBLEMS.get(kind, UNREADABLE)
    label = NAMES[name].zh if name in NAMES else ""
    shown = name if name in NAMES else cut_secrets(name)
    place = origin_text(origins.get(name) or setting_sources.variable(name))
    return Text(
        f"{label} {shown}（{place.zh}）{words.zh.format(hint=hint.zh)}".lstrip(),
        f"{shown} ({place.en}) {words.en.format(hint=hint.en)}",
    )
