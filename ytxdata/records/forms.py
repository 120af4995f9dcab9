"""What values look like, as data; and how an example is shown without telling who it is about."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ytxdata import phones
from ytxdata.labels import Text
from ytxdata.records.decode import Number, as_json


class Form(NamedTuple):
    """A way values are written: key, the texts that have it, and its name."""

    key: str
    pattern: re.Pattern[str]
    text: Text


def _form(key: str, pattern: str, zh: str, en: str) -> Form:
    return Form(key, re.compile(pattern, re.IGNORECASE), Text(zh, en))


FORMS: tuple[Form, ...] = (
    _form("wall_time", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss"),
    _form("zero_time", r"0000-00-00.*", "全零日期", "all-zero date"),
    _form("zoned_time", r"\d{4}-\d\d-\d\d[ T][\d:.]+ ?(Z|[+-]\d\d:?\d\d)", "带时区的时间", "time with a zone"),
    _form("iso_time", r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d+)?)?", "ISO 时间", "ISO time"),
    _form("slash_time", r"\d{4}[/.]\d{1,2}[/.]\d{1,2}.*", "yyyy/MM/dd 时间", "yyyy/MM/dd time"),
    _form("compact_time", r"20\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d", "yyyyMMddHHmmss", "yyyyMMddHHmmss"),
    _form("mobile", r"1[3-9]\d{9}", "手机号", "mobile number"),
    _form("e164", r"(\+|00)\d{7,15}|86\d{11}", "带国家码的号码", "number with a country code"),
    _form("fixed_line", r"\(?0\d{2,3}\)?[- ]?\d{7,8}", "固定电话", "fixed line"),
    _form("epoch_ms", r"1\d{12}", "毫秒时间戳", "epoch milliseconds"),
    _form("epoch_s", r"1\d{9}", "秒时间戳", "epoch seconds"),
    _form("clock", r"\d+:[0-5]?\d:[0-5]?\d", "时:分:秒", "h:mm:ss"),
    _form("long_digits", r"\d{16,}", "16 位以上数字", "16 digits or more"),
    _form("digits", r"-?\d+", "整数", "whole number"),
    _form("decimal", r"-?\d*\.\d+(e[+-]?\d+)?|-?\d+e[+-]?\d+", "小数", "number with a fraction"),
    _form("hex_id", r"[0-9a-f]{32}", "32 位十六进制", "32 hex digits"),
    _form("url", r"https?://.*", "网址", "web address"),
    _form("json", r"\s*[\[{].*", "JSON 文本", "JSON text"),
    _form("text", r"(?s:.*)", "文字", "text"),
)  # fmt: skip

FORM_TEXTS: dict[str, Text] = {form.key: form.text for form in FORMS}

TYPE_TEXTS: dict[str, Text] = {
    "text": Text("文本", "text"),
    "int": Text("整数", "whole number"),
    "number": Text("小数", "number"),
    "bool": Text("布尔", "boolean"),
    "null": Text("空值", "null"),
    "object": Text("对象", "object"),
    "list": Text("数组", "list"),
}

_PERSONAL = frozenset({"creator", "name", "phone", "number", "display_number", "recording_url"})
_LONG_DIGITS = re.compile(r"\+?\d[\d \-]{5,}\d")
_LONGEST = 40


def type_of(value: Any) -> str:
    """Return the JSON type of a value, a key of `TYPE_TEXTS`."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case Number():
            return "number"
        case str():
            return "text"
        case dict():
            return "object"
    return "list"


def form_of(value: Any) -> str:
    """Return what a value looks like, a key of `FORM_TEXTS`.

    Examples
    --------
    >>> form_of("2026-01-05 10:00:00"), form_of(15400000000), form_of("1767578400")
    ('wall_time', 'mobile', 'epoch_s')
    """
    text = as_json(value).strip()
    return next(form.key for form in FORMS if form.pattern.fullmatch(text))


def example(value: Any, feeds: str) -> str:
    """Return a value as an example that names nobody: what may be about a person is masked.

    Parameters
    ----------
    feeds
        The column it feeds, as `legs.phone`; empty for an unknown key, whose values are shown by their beginning alone.

    Examples
    --------
    >>> example("15412345678", "legs.phone"), example("张三丰", "legs.name"), example("secret plan", "")
    ('154****5678', '张**', 'se… (11)')
    """
    text = as_json(value)
    table, _, column = feeds.partition(".")
    if feeds and (column not in _PERSONAL or (table, column) == ("meetings", "name")):
        shown = (
            text
            if column.endswith(("_id", "_at"))
            else _LONG_DIGITS.sub(lambda match: phones.mask(match.group()), text)
        )
        return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    if column in ("creator", "phone", "display_number"):
        return phones.mask(text)
    if column == "name":
        return f"{text[:1]}{'*' * min(len(text) - 1, 4)}"
    if column == "recording_url" and "://" not in text:
        return text[:_LONGEST]
    return f"{text[:2]}… ({len(text)})" if len(text) > 3 else text
