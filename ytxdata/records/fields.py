"""Every path that occurs in records: how often it says something, in which types and forms; examples name nobody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from ytxdata import phones
from ytxdata.labels import Text
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.records.aliases import PARTIES, Aliases, Match
from ytxdata.records.json_values import Number, as_json, read_value
from ytxdata.records.values import is_blank


class ValueForm(NamedTuple):
    """A way values are written: key, the texts that have it, and its name."""

    key: str
    pattern: str
    zh: str
    en: str


# The first that fits counts: narrow forms stand before those that would take their texts too.
FORMS: tuple[ValueForm, ...] = (
    ValueForm("wall_time", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss"),
    ValueForm("zero_time", r"0000-00-00.*", "全零日期", "all-zero date"),
    ValueForm("zoned_time", r"\d{4}-\d\d-\d\d[ T][\d:.]+ ?(Z|[+-]\d\d:?\d\d)", "带时区的时间", "time with a zone"),
    ValueForm("iso_time", r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d+)?)?", "ISO 时间", "ISO time"),
    ValueForm("slash_time", r"\d{4}[/.]\d{1,2}[/.]\d{1,2}.*", "yyyy/MM/dd 时间", "yyyy/MM/dd time"),
    ValueForm("compact_time", r"20\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d", "yyyyMMddHHmmss", "yyyyMMddHHmmss"),
    ValueForm("mobile", r"1[3-9]\d{9}", "手机号", "mobile number"),
    ValueForm("e164", r"(\+|00)\d{7,15}|86\d{11}", "带国家码的号码", "number with a country code"),
    ValueForm("fixed_line", r"\(?0\d{2,3}\)?[- ]?\d{7,8}", "固定电话", "fixed line"),
    ValueForm("epoch_ms", r"1\d{12}", "毫秒时间戳", "epoch milliseconds"),
    ValueForm("epoch_s", r"1\d{9}", "秒时间戳", "epoch seconds"),
    ValueForm("clock", r"\d+:[0-5]?\d:[0-5]?\d", "时:分:秒", "h:mm:ss"),
    ValueForm("long_digits", r"\d{16,}", "16 位以上数字", "16 digits or more"),
    ValueForm("digits", r"-?\d+", "整数", "whole number"),
    ValueForm("decimal", r"-?\d*\.\d+(e[+-]?\d+)?|-?\d+e[+-]?\d+", "小数", "number with a fraction"),
    ValueForm("hex_id", r"[0-9a-f]{32}", "32 位十六进制", "32 hex digits"),
    ValueForm("url", r"https?://.*", "网址", "web address"),
    ValueForm("json", r"\s*[\[{].*", "JSON 文本", "JSON text"),
    ValueForm("text", r"(?s:.*)", "文字", "text"),
)  # fmt: skip

FORM_TEXTS: dict[str, Text] = {form.key: Text(form.zh, form.en) for form in FORMS}

# One pattern of all: asked one after the other, forms took three times as long, in every sync that brings meetings.
_FORM = re.compile("|".join(f"(?P<{form.key}>{form.pattern})" for form in FORMS), re.IGNORECASE)

TYPE_TEXTS: dict[str, Text] = {
    "text": Text("文本", "text"),
    "int": Text("整数", "whole number"),
    "number": Text("小数", "number"),
    "bool": Text("布尔", "boolean"),
    "null": Text("空值", "null"),
    "object": Text("对象", "object"),
    "list": Text("数组", "list"),
}

# A profile is made to be shown to others: examples of these are masked, and unknown keys show a letter or two.
_PERSONAL = frozenset({"creator", "name", "phone", "number", "display_number", "recording_url"})
# A telephone number in the middle of a topic is as personal as one in its own field.
_LONG_DIGITS = re.compile(r"\+?\d[\d \-]{5,}\d")
_LONGEST = 40
_OF_PHONES = frozenset({"mobile", "e164", "fixed_line"})


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
    fitting = _FORM.fullmatch(as_json(value).strip())
    assert fitting  # the last form takes any text
    return str(fitting.lastgroup)


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
    >>> example("张三丰", ""), example("15412345678", "meetings.booked_at")
    ('张… (3)', '154****5678')
    """
    text = as_json(value)
    table, _, column = feeds.partition(".")
    if feeds and (column not in _PERSONAL or (table, column) == ("meetings", "name")):
        # an id and a time are long digits, too; what looks like a phone is one, whatever its key says
        is_shown = column.endswith(("_id", "_at")) and form_of(value) not in _OF_PHONES
        shown = text if is_shown else _LONG_DIGITS.sub(lambda match: phones.mask(match.group()), text)
        return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    if column in ("creator", "phone", "display_number"):
        return phones.mask(text)
    if column == "name":
        return f"{text[:1]}{'*' * min(len(text) - 1, 4)}"
    if column == "recording_url" and "://" not in text:
        return text[:_LONGEST]
    # of three signs two are most of a name, and of an extension
    return f"{text[: 2 if len(text) > 3 else 1]}… ({len(text)})" if len(text) > 1 else text


_FORMS_FROM = 1000
"""From how many values of a path its forms are told; types and fill are told from all."""

_MOST_KEYS = 200
"""With more keys than this, an object's keys are data (a map), not names."""

_DEEPEST = 6


class Field(NamedTuple):
    """One path of the records.

    Parameters
    ----------
    path
        Keys joined by `.`; `[]` is an element of a list, `~` what JSON text holds, `*` any key of a map.
    feeds
        The column it feeds, as `meetings.creator`; empty when none.
    n_parents, n_present, n_filled
        Objects that could have it, that have it, and in which it says something.
    types, forms
        Type → count, over all; form → count, over a sample of what says something.
    examples
        Up to three, masked.
    """

    path: str
    feeds: str
    n_parents: int
    n_present: int
    n_filled: int
    types: dict[str, int]
    forms: dict[str, int]
    examples: tuple[str, ...]

    @property
    def fill_rate(self) -> float:
        """Share of the objects in which it says something, 0 to 1."""
        return self.n_filled / self.n_parents if self.n_parents else 0.0

    @property
    def main_form(self) -> str:
        """The form most values have; empty when nothing is said."""
        return max(self.forms, key=lambda form: self.forms[form]) if self.forms else ""


def survey(objects: Sequence[dict[str, Any]], aliases: Aliases) -> tuple[Field, ...]:
    """Return every path of the records, in the order of first appearance at each level."""
    return tuple(_fields(objects, "", "meetings", aliases, 0))


def _fields(
    objects: Sequence[dict[str, Any]], prefix: str, table: str, aliases: Aliases, depth: int
) -> Iterable[Field]:
    look_up: dict[str, Callable[[str], Match | None]] = {"meetings": aliases.meeting, "legs": aliases.leg}
    keys = dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, objects))))
    # Parties keyed by phone would make every number a path, unmasked: also beside a `count`, and as `tel:…`. A day is a
    # number only among others.
    is_data = len(keys) > _MOST_KEYS or all(map(phones.normalize, keys))
    of_map = {"*", *(key for key in keys if is_data or hide_in_text(key) != key)}
    for key in dict.fromkeys("*" if key in of_map else key for key in keys):
        match = look_up[table](key) if table in look_up else None
        feeds = f"{table}.{match.column}" if match else ""
        is_map = key == "*"
        values = [
            one[name] for one in objects for name in (one if is_map else (key,)) if name in (of_map if is_map else one)
        ]
        path = f"{prefix}{key}"
        yield _field(path, feeds, len(values) if is_map else len(objects), values)
        if depth < _DEEPEST:
            inner = "legs" if feeds == f"meetings.{PARTIES}" or (is_map and table == "legs") else ""
            yield from _inside(values, path, inner, aliases, depth + 1)


def _inside(values: list[Any], path: str, table: str, aliases: Aliases, depth: int) -> Iterable[Field]:
    """Survey the objects that stand in values: directly, in lists, in JSON text."""
    texts = [value for value in values if isinstance(value, str) and value.lstrip()[:1] in ("[", "{")]
    read = [found.value for text in texts if (found := read_value(text.strip().encode("utf-8", "replace")))]
    for mark, group in (("", values), ("~", read)):
        objects = [value for value in group if isinstance(value, dict)]
        elements = [element for value in group if isinstance(value, list) for element in value]
        if objects:
            yield from _fields(objects, f"{path}{mark}.", table, aliases, depth)
        plain = [element for element in elements if not isinstance(element, dict)]
        if plain:
            yield _field(f"{path}{mark}[]", f"{table}.phone" if table == "legs" else "", len(elements), plain)
        parties = [element for element in elements if isinstance(element, dict)]
        if parties:
            yield from _fields(parties, f"{path}{mark}[].", table, aliases, depth)


def _field(path: str, feeds: str, n_parents: int, values: list[Any]) -> Field:
    filled = [value for value in values if not is_blank(value)]
    scalars = [value for value in filled if not isinstance(value, (dict, list))]
    sample = scalars[:: max(len(scalars) // _FORMS_FROM, 1)]
    kinds: Counter[str] = Counter()
    for kind, n in Counter(map(type, values)).items():
        kinds[type_of(next(value for value in values if type(value) is kind))] += n
    return Field(
        path,
        feeds,
        n_parents,
        len(values),
        len(filled),
        dict(kinds.most_common()),
        dict(Counter(map(form_of, sample)).most_common()),
        tuple(dict.fromkeys(example(value, feeds) for value in sample[:50]))[:3],
    )
