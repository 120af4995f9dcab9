"""The parties of a meeting, in whatever form the list of them comes: always a list of objects."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ytxdata.records.aliases import Aliases
from ytxdata.records.json_values import Number, as_json, decoded, read_value
from ytxdata.records.values import as_phone, is_blank

Party = dict[str, Any]

_LIST_MARKS = re.compile(r"[,;|，；、\s]+")
_PHONE_LIKE = re.compile(r"\+?[\d\-()]{3,20}")
_COUNTER = re.compile(r"[a-z]*[_\-]?\d+", re.IGNORECASE)
"""A key that numbers the parties (`p1`, `2`) and names nobody."""


class Parties(NamedTuple):
    """The parties of one meeting (None: unknown, as against nobody), and entries or lists that are none: reason and text."""

    parties: list[Party] | None
    problems: tuple[tuple[str, str], ...] = ()


def read_parties(value: Any, aliases: Aliases) -> Parties:
    """Return the parties of a meeting.

    The value may be a list of objects, of phones or of pairs of name and phone, one object, an object of parties keyed by
    phone, name or number, a wrapper that holds the list under one key, phones separated by commas, or JSON text of any of
    these. An empty list says that nobody is listed; null, an empty text and an absent key say nothing.

    Examples
    --------
    >>> read_parties("15400000000,15400000001", Aliases()).parties
    [{'phone': '15400000000'}, {'phone': '15400000001'}]
    >>> read_parties({"15400000000": {"name": "甲"}}, Aliases()).parties
    [{'phone': '15400000000', 'name': '甲'}]
    """
    phone_key, name_key = (dict(aliases.legs)[column][0] for column in ("phone", "name"))
    for _ in range(3):
        if not isinstance(value, str):
            break
        text = value.strip()
        if text[:1] not in ("[", "{", '"'):
            return _from_phones(text, phone_key)
        read = read_value(text.encode("utf-8", "surrogatepass"))
        if read is None:
            return Parties(None, (("unreadable_parties", text),))
        value = read.value
    match value:
        case None:
            return Parties(None)
        case list():
            return _from_list(value, phone_key, name_key)
        case dict():
            return _from_object(value, aliases, phone_key, name_key)
    return Parties(None, (("unreadable_parties", as_json(value)),))


def _from_phones(text: str, phone_key: str) -> Parties:
    words = [word for word in _LIST_MARKS.split(text) if word]
    if not words:
        return Parties(None)
    if not all(_PHONE_LIKE.fullmatch(word) for word in words):
        return Parties(None, (("unreadable_parties", text),))
    return Parties([{phone_key: word} for word in words])


def _from_list(entries: list[Any], phone_key: str, name_key: str) -> Parties:
    parties: list[Party] = []
    problems: list[tuple[str, str]] = []
    for entry in entries:
        inner = decoded(entry)
        if isinstance(inner, list):
            inner = _from_pair(inner, phone_key, name_key)
        if isinstance(inner, dict) and inner:
            parties.append(inner)
        elif isinstance(inner, (str, int, Number)) and not isinstance(inner, bool) and not is_blank(inner):
            parties.append({phone_key: inner})
        else:
            problems.append(("not_a_party", as_json(entry)))
    return Parties(parties, tuple(problems))


def _from_pair(pair: list[Any], phone_key: str, name_key: str) -> Party | None:
    """Return the party that a name and a phone make, in either order; None where it could be read in two ways."""
    phones = [value for value in pair if as_phone(value)]
    others = [value for value in pair if not as_phone(value)]
    return {phone_key: phones[0], name_key: others[0]} if len(phones) == len(others) == 1 else None


def _from_object(value: dict[str, Any], aliases: Aliases, phone_key: str, name_key: str) -> Parties:
    if not value:
        return Parties([])
    if any((match := aliases.leg(key)) and match.rank[0] == 0 for key in value):
        return Parties([value])
    if all(_PHONE_LIKE.fullmatch(key) for key in value):
        return Parties([_keyed(key, inner, phone_key, name_key) for key, inner in value.items()])
    if all(isinstance(inner, dict) and _has_phone(inner, aliases) for inner in value.values()):
        return Parties(list(value.values()))
    is_wrapper = len(value) == 1 and next(iter(value)).isascii()
    if all(as_phone(inner) for inner in value.values()) and not is_wrapper:
        return Parties([_named(key, inner, phone_key, name_key) for key, inner in value.items()])
    if len(value) == 1:
        return read_parties(next(iter(value.values())), aliases)
    lists = [inner for inner in value.values() if isinstance(inner, list)]
    if len(lists) == 1:
        return _from_list(lists[0], phone_key, name_key)
    return Parties(None, (("unreadable_parties", as_json(value)),))


def _keyed(key: str, inner: Any, phone_key: str, name_key: str) -> Party:
    if isinstance(inner, dict):
        return {phone_key: key, **inner}
    return {phone_key: key, name_key: inner}


def _named(key: str, phone: Any, phone_key: str, name_key: str) -> Party:
    return {phone_key: phone} if _COUNTER.fullmatch(key) else {phone_key: phone, name_key: key}


def _has_phone(party: Party, aliases: Aliases) -> bool:
    return any((match := aliases.leg(key)) is not None and match.column == "phone" for key in party)
