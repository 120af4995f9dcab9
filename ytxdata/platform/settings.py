"""Settings of one account: who asks, with which application, where. The only place, beside signing, that holds the token."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from ytxdata.errors import SettingsError
from ytxdata.labels import Text, in_lines
from ytxdata.platform import layers
from ytxdata.platform.guidance import ALIASES_FORM, HINT, HOW_TO_SET, NAMES, PROBLEMS, UNREADABLE, WHERE, origin_text
from ytxdata.platform.values import BASE_URLS, AliasTable, BaseUrl, Environment, Pasted, Token, closest
from ytxdata.redact import mask_id


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
                origins[name] = f"{origin} {layers.variable(name)}" if origin == "environment" else origin

    lay("argument", arguments)
    lay("environment", layers.from_environment(_TEXTS))
    lay(f"file {layers.config_path()}", layers.from_file(layers.config_path()))
    lay("keyring", layers.from_keyring([name for name in _CREDENTIALS if name not in values]))
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
    lost = layers.lost_file()
    if lost is not None:
        said[layers.FILE_NAME] = lost
    steps = [*dict.fromkeys(WHERE[name] for name in said if name in WHERE), HOW_TO_SET]
    return SettingsError(in_lines(said.values()), remedy=in_lines(steps))


def _sentence(problem: ErrorDetails, origins: dict[str, str]) -> Text:
    """Say which setting is wrong, where it came from (or which variable would set it), and how."""
    name, kind = str(problem["loc"][0]), problem["type"]
    guess = closest(name, NAMES) if kind == "extra_forbidden" else problem.get("ctx", {}).get("guess")
    hint = HINT.format(guess=guess) if guess else Text("", "")
    words = ALIASES_FORM if name == "aliases" else PROBLEMS.get(kind, UNREADABLE)
    label = NAMES[name].zh if name in NAMES else ""
    place = origin_text(origins.get(name) or layers.variable(name))
    return Text(
        f"{label} {name}（{place.zh}）{words.zh.format(hint=hint.zh)}".lstrip(),
        f"{name} ({place.en}) {words.en.format(hint=hint.en)}",
    )
