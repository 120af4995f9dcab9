"""What each setting may hold: one check a kind of value. A refusal is a key of `guidance.PROBLEMS`; it never repeats the value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

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
