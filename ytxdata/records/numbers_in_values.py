"""Telephone numbers in what a record says under other keys than a party's: those that a text lists, and the mobiles in
values of any shape, of which each is somebody.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import phones
from ytxdata.records.json_values import decoded
from ytxdata.records.values import Values, as_phone, phone_text, rows_where

# Chinese keyboards have a comma, a semicolon and an enumeration mark of their own.
_LIST_MARKS = re.compile(r"[,;|，；、\t\r\n]+")
# From three digits on: an office may list its people by extension (`801,8022`).
PHONE_LIKE = re.compile(r"\+?[\d\-()]{3,20}")

_MOST_NESTED = 8
"""How deep numbers are looked for in a value."""

_SHORTEST = 7
"""What is shorter is an extension or a group of digits, whatever plan it would fit."""


def listed_phones(text: str) -> list[str] | None:
    """Return the phones that a text lists, None where anything else stands in it.

    All or none: of a sentence with a number in it no word is a party for certain. A blank stands between two numbers
    only where either is whole by itself: one that is written in groups would be three parties.

    Examples
    --------
    >>> listed_phones("010 6552 0000,802"), listed_phones("15400000001 15400000002"), listed_phones("ask 15400000001")
    (['010 6552 0000', '802'], ['15400000001', '15400000002'], None)
    """
    listed: list[str] = []
    for part in filter(None, map(str.strip, _LIST_MARKS.split(text))):
        words = part.split()
        if len(words) > 1 and not all(map(_is_whole, words)):
            # `801 802 803` could be one number by its digits alone, `110 120` one with an extension.
            if phones.number_class(phones.normalize(part)) in ("unknown", "short"):
                return None
            words = [part]
        if not all(PHONE_LIKE.fullmatch("".join(word.split())) for word in words):
            return None
        listed += words
    return listed


def _is_whole(word: str) -> bool:
    """Return whether a word is a number by itself, as against an extension or a group of digits."""
    return len(word) >= _SHORTEST and phones.normalize(word) is not None


_BETWEEN = f"[{phones.SEPARATORS}]{{0,2}}"
_MOBILE = re.compile(f"1{_BETWEEN}[3-9](?:{_BETWEEN}[0-9]){{9}}")
_MAY_BE_SOMEBODY = rf"{_MOBILE.pattern}|0[1-9][0-9 -]{{8,10}}.{{1,40}}0[1-9][0-9 -]{{8}}"
_MOBILE_DIGITS = 11


def may_hold_mobiles(values: Values) -> list[int]:
    """Return which values may be or hold a mobile, or several fixed lines."""
    if not isinstance(values, pa.Array):
        return [i for i, one in enumerate(values) if _may_hold_mobile(one)]
    if pa.types.is_nested(values.type):
        return rows_where(values.is_valid())
    if pa.types.is_string(values.type):
        return rows_where(pc.match_substring_regex(values, _MAY_BE_SOMEBODY))
    if pa.types.is_integer(values.type) or pa.types.is_decimal(values.type):
        wide = values.cast(pa.float64())
        return rows_where(pc.and_(pc.greater_equal(wide, 1.3e10), pc.less(wide, 2e10)))
    return []


def _may_hold_mobile(one: Any) -> bool:
    if type(one) is str:
        return re.search(_MAY_BE_SOMEBODY, one) is not None
    return type(one) in (list, dict) or (type(one) is int and 13 * 10**9 <= one < 20 * 10**9)


def mobiles_in(value: Any, depth: int = 0) -> set[str]:
    """Return the mobiles in a value and the values in it, each a phone or phones between marks and nothing else: of a
    sentence no word is a party for certain, and numbers of other kinds may be those one dials to get in.

    Examples
    --------
    >>> sorted(mobiles_in({"absent": "13900000000,010 6552 0000", "note": "ask 13800000000", "n": 15400000001}))
    ['+8613900000000', '+8615400000001']
    """
    if isinstance(value, str) and len(value) < _MOBILE_DIGITS:
        return set()  # most texts of a record, which need not be taken apart
    value = decoded(value)
    if isinstance(value, (list, dict)):
        inner = value.values() if isinstance(value, dict) else value
        return set().union(*(mobiles_in(one, depth + 1) for one in inner)) if depth <= _MOST_NESTED else set()
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return set()
    text = value if isinstance(value, str) else phone_text(value) or ""
    listed = listed_phones(text) if len(text) >= _MOBILE_DIGITS else ()
    numbers = filter(None, map(as_phone, listed or ()))
    return {number for number in numbers if phones.number_class(number) == "mobile"}
