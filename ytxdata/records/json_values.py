"""JSON values with every number exact, and the object a record's text stands for: strictly where the text allows it,
else leniently.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from ytxdata.records.aliases import Aliases

Problem = tuple[str, str, str]
"""Key or empty, reason, raw text: what a lenient reading had to overlook."""

STRICT_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)

# Python refuses to read more than 4,300 digits: attacked with 5,000 and 9,000 in one value.
_LONGEST_INT = 4000
"""Digits up to which a number is read as an integer; longer ones keep their text only."""

# `C:\x` and a lone `\ud800` end a strict reader: mended by one character each they cost one value, not a record.
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair of surrogates: one character
    r"|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r'|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
    r"|(?P<broken>\\)",
)
_DEEPEST = 8
"""How deep words are taken out of what wraps them."""

_SURROGATE = re.compile("[\ud800-\udfff]")

_TOKEN = re.compile(r'[\[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)', re.S)
_CLOSING = {"[": "]", "{": "}"}
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.S)
_SCALAR = re.compile(r"[^,\[\]{}\s]+(?:[ \t]+[^,\[\]{}\s]+)*")
_SPACE, _COLON = re.compile(r"[\s,]*", re.ASCII), re.compile(r"\s*:\s*", re.ASCII)

_WRAPS = frozenset({
    "#text", "$text", "_text", "__text", "$t", "_", "$", "#cdata-section", "_cdata", "@value", "$oid", "$symbol",
    "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal"
})  # fmt: skip
"""Keys under which what makes JSON of XML, and MongoDB, write a word or a number that is the whole of its object."""
# Attributes of XML stand beside the word, each so, or all in one object; the zone of a time is part of it.
_MARK = re.compile("(?!@(?:time_?)?zone$|@tz$)[@$].|_attributes$", re.IGNORECASE)
_MARKED = re.compile(rb'\{\s*"[@$#_][\w\-]*"\s*:')  # as one pattern with the next it takes six times as long
_ALONE = re.compile(rb'\[\s*(?:"[^"]*"|[^\[\]{}",]+)\s*\]')


class Number(Decimal):
    """A number that is written with a fraction or exponent: exact, and it remembers its own text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        """Make the number of its text; one out of all bounds is NaN with that text."""
        try:
            self = super().__new__(cls, text)
        except InvalidOperation:
            self = super().__new__(cls, "NaN")
        self.text = text
        return self


strict = msgspec.json.Decoder(float_hook=Number)
"""Decodes to Python values: integers of any length exact, other numbers as `Number`."""


class MemberPlace(NamedTuple):
    """Where a value stands; for a member of an object also its key, and where that begins."""

    start: int
    end: int
    key: str = ""
    key_start: int = -1


class Members(NamedTuple):
    """The members of one object as far as they are legible, where that ends, and whether the object is closed there."""

    values: list[MemberPlace]
    end: int
    is_closed: bool


class Read(NamedTuple):
    """A value, and what had to be overlooked to get it."""

    value: Any
    problems: tuple[Problem, ...] = ()


@contextmanager
def without_cycle_search() -> Iterator[None]:
    """Pause the search for cycles: what is decoded holds none, and looking through it takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_value(raw: bytes) -> Read | None:
    """Return the value of JSON text, strictly if it can be, else leniently, else None."""
    try:
        return Read(strict.decode(raw))
    except STRICT_ERRORS:
        return decode_leniently(raw)


def decoded(value: Any) -> Any:
    """Return a value that is the JSON text of an object or a list as what it says, any other as it is."""
    # A lone surrogate would end a strict encoding, and with it the reading of all other records.
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        read = read_value(value.strip().encode("utf-8", "surrogatepass"))
        return value if read is None else read.value
    return value


def scalar(value: Any) -> Any:
    """Return the one word or number that a list or an object only wraps; any other value as it is.

    Examples
    --------
    >>> scalar({"#text": "1", "@type": "x"}), scalar([{"_": 1}]), scalar({"$oid": "65f"}), scalar(["1", "2"])
    ('1', 1, '65f', ['1', '2'])
    """
    inner = value
    while isinstance(inner, (list, dict)):
        if isinstance(inner, dict):
            marks = {"$"} if isinstance(inner.get("$"), dict) else set()
            keys = {key for key in inner if key in _WRAPS or not _MARK.match(key)} - marks
            inner = [inner[key] for key in keys] if keys <= _WRAPS else []
        if len(inner) != 1:
            break
        inner = inner[0]
    return value if isinstance(inner, (list, dict)) else inner


def decode_leniently(raw: bytes) -> Read | None:
    """Return the value of nearly-JSON text, or None when nothing can be made of it.

    Overlooked, and named: bytes that are no UTF-8, broken escapes, lone surrogates, raw control characters,
    NaN and Infinity, a key given twice (the last one counts), a member that is too deep or cannot be read.
    """
    text = raw.decode("utf-8", "replace")
    problems: list[Problem] = []
    repaired = _SURROGATE.sub("\ufffd", _ESCAPE.sub(_mend, text))
    try:
        value = _decoder(problems).decode(repaired.strip())
    except (ValueError, RecursionError):
        return _by_member(repaired)
    if not problems:
        problems.append(("", "broken_text", _strict_complaint(raw)))
    return Read(value, tuple(problems))


def end_of(text: str, start: int, limit: int | None = None, deepest: int | None = None) -> int:
    """Return where the value that starts at `start` ends, or -1 when the text ends first or its brackets do not match.

    By quotes and brackets alone, without recursion: 10,000 brackets inside each other end a recursive reader. More than
    `deepest` objects inside each other are given up: who tries every one of them reads the text once for each.
    """
    stop = len(text) if limit is None else min(len(text), limit)
    first = text[start : start + 1]
    if first == '"':
        match = _STRING.match(text, start, stop)
        return match.end() if match else -1
    if first not in ("[", "{"):
        match = _SCALAR.match(text, start, stop)
        return match.end() if match else start
    awaited: list[str] = []
    n_objects = 0
    for token in _TOKEN.finditer(text, start, stop):
        mark = token.group()
        if mark in _CLOSING:
            awaited.append(_CLOSING[mark])
            n_objects += mark == "{"
            if deepest is not None and n_objects > deepest:
                return -1
        elif mark in ("]", "}"):
            if mark != awaited.pop():
                return -1
            n_objects -= mark == "}"
            if not awaited:
                return token.end()
    return -1


def members(text: str, start: int) -> Members:
    """Return the members of the object that starts at `start`, up to what has no key or no end."""
    found: list[MemberPlace] = []
    position = start + 1
    while True:
        position = _past_space(text, position)
        if position >= len(text):
            return Members(found, position, False)
        if text[position] == "}":
            return Members(found, position + 1, True)
        key = _STRING.match(text, position)
        colon = _COLON.match(text, key.end()) if key else None
        if key is None or colon is None:
            # Members that run into each other (a lost quote) may swap values: a wrong id is worse than none. Tried
            # further, 40,000 open brackets are each read to the end of the text.
            return Members(found, position, False)
        end = end_of(text, colon.end())
        if end < 0:
            return Members(found, len(text), False)
        found.append(MemberPlace(colon.end(), end, key.group()[1:-1], position))
        position = max(end, colon.end())


def _past_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def doubled_keys(raw: bytes) -> tuple[Problem, ...]:
    """Return a problem for each key that stands twice in one object of a JSON text; nothing when it is none."""
    problems: list[Problem] = []
    try:
        _decoder(problems).decode(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        return ()
    return tuple(problem for problem in problems if problem[1] == "doubled_key")


def read_inner(text: str) -> Read | None:
    """Return the value of JSON text that stands in a record, and each key that stands twice in it: of the record's own
    text the whole is nothing but a string."""
    raw = text.strip().encode("utf-8", "surrogatepass")
    read = read_value(raw)
    if read is None or read.problems or keeps_keys(raw, read.value):
        return read
    return read._replace(problems=doubled_keys(raw))


def keeps_keys(raw: bytes, value: Any) -> bool:
    """Return whether a value has as many keys as were written: then none was taken for another, and nothing need be
    decoded again."""
    return n_written(raw) == _n_keys([value])


def number(text: str) -> int | Number:
    """Return the integer a text stands for, or its text when it is too long to be one."""
    return int(text) if len(text) < _LONGEST_INT else Number(text)


def as_json(value: Any) -> str:
    """Return a value as the text people see in `problems`; numbers as they were written."""
    if isinstance(value, str):
        return value
    if isinstance(value, Number):
        return value.text
    if type(value) is Decimal:  # of a column, which gives all its numbers as many digits
        return f"{value.normalize():f}"
    # What tells of a problem must not be one: deep nesting and endless integers cannot be written out.
    try:
        return json.dumps(value, ensure_ascii=False, default=_in_text)
    except (ValueError, RecursionError):
        return "…"


def _in_text(value: Any) -> Any:
    is_of_column = type(value) is Decimal
    return int(value) if is_of_column and value == int(value) else as_json(value) if is_of_column else str(value)


def _mend(match: re.Match[str]) -> str:
    if match["lone"]:
        return "\\ufffd"
    return "\\\\" if match["broken"] else match.group()


def _decoder(problems: list[Problem]) -> json.JSONDecoder:
    def constant(name: str) -> Number:
        problems.append(("", "not_a_number", name))
        return Number(name)

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(members)
        # Of two values a dictionary keeps the last without a word: the other one is told, or it would be lost.
        if len(record) < len(members):
            seen: dict[str, Any] = {}
            for key, value in members:
                if key in seen:
                    problems.append((key, "doubled_key", as_json(seen[key])))
                seen[key] = value
        return record

    return json.JSONDecoder(
        # A raw newline in a name moves no bracket.
        strict=False,
        parse_int=number,
        parse_float=Number,
        parse_constant=constant,
        object_pairs_hook=pairs,
    )


def _by_member(text: str) -> Read | None:
    """Read an object member by member, leaving out those that cannot be read."""
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] != "{":
        return None
    # 10,000 brackets in one member end the decoder by recursion: without it, the rest is read all the same.
    inside = members(text, start)
    problems: list[Problem] = []
    record: dict[str, Any] = {}
    for span in inside.values:
        piece = text[span.start : span.end].strip()
        try:
            record[span.key] = _decoder(problems).decode(piece)
        except RecursionError:
            problems.append((span.key, "too_deep", piece))
        except ValueError:
            problems.append((span.key, "broken_text", piece))
    # What is not closed, or has something behind it, may hold members of a neighbour.
    if not record or not inside.is_closed or text[inside.end :].strip():
        return None
    return Read(record, tuple(problems) or (("", "broken_text", ""),))


def _strict_complaint(raw: bytes) -> str:
    try:
        strict.decode(raw)
    except STRICT_ERRORS as error:
        return str(error)
    return ""


# A blank before the colon is JSON too: not counted, it would cancel out a key that stands twice.
_KEY_END = re.compile(rb'"\s*:')


class Object(NamedTuple):
    """The object a record's text stands for, or None and the reason (a key of `reasons.REJECTS`)."""

    value: dict[str, Any] | None
    reject: str = ""
    problems: tuple[Problem, ...] = ()


def read_object(raw: bytes, aliases: Aliases) -> Object:
    """Read one record's text: strictly, else leniently; `"id": {…}` from an object keyed by meeting id gets its id.

    Examples
    --------
    >>> read_object(b'"m1": {"name": "x"}', Aliases()).value
    {'meid': 'm1', 'name': 'x'}
    >>> read_object(b"[1]", Aliases()).reject
    'not_object'
    """
    try:
        value = strict.decode(raw)
    except STRICT_ERRORS:
        return _read_leniently(raw, aliases)
    if type(value) is not dict:
        return Object(None, "not_object")
    return Object(_unwrapped(value, aliases) if _MARKED.search(raw) or _ALONE.search(raw) else value)


def _unwrapped(value: Any, aliases: Aliases, depth: int = 0) -> Any:
    """Return a value with the words that are wrapped in it under keys of columns as what they say."""
    if depth > _DEEPEST or not isinstance(value, (list, dict)):
        return value
    if isinstance(value, list):
        return [_unwrapped(one, aliases, depth + 1) for one in value]
    return {  # a list of one phone beside the parties is no word of the record
        key: scalar(one) if aliases.is_word(key, of_leg=depth > 0) else _unwrapped(one, aliases, depth + 1)
        for key, one in value.items()
    }


def with_doubled_keys(objects: Sequence[Object], raws: Sequence[bytes], n_inside: int) -> list[Object]:
    """Return the objects with a problem for each key that stands twice, which a strict decoder overlooks.

    `n_inside` is how many keys stand inside of them as far as the caller has seen: when as many more were written than
    they have themselves, nothing is looked at again.
    """
    # A name with `":` in it counts as a key here: that costs a second look and tells nothing wrong.
    written = [*map(n_written, raws)]
    if sum(written) == n_inside + sum(len(one.value or ()) for one in objects):
        return list(objects)
    return [
        one._replace(problems=(*one.problems, *doubled_keys(raw)))
        if one.value is not None and n != _n_keys(one.value)
        else one
        for one, raw, n in zip(objects, raws, written, strict=True)
    ]


def _read_leniently(raw: bytes, aliases: Aliases) -> Object:
    is_member = raw[:1] == b'"'
    read = decode_leniently(b"{" + raw + b"}" if is_member else raw)
    if read is None:
        return Object(None, "broken_text")
    value = _with_id(read.value, aliases) if is_member else read.value
    if not isinstance(value, dict):
        return Object(None, "not_object")
    problems = tuple(problem for problem in read.problems if not (is_member and problem[1:] == ("broken_text", "")))
    return Object(_unwrapped(value, aliases), problems=problems)


def _with_id(member: dict[str, Any], aliases: Aliases) -> Any:
    """Return a member's object with the member's key as its meeting id, unless it has one."""
    key, value = next(iter(member.items()))
    if len(member) > 1 or not isinstance(value, dict):
        return None if len(member) > 1 else value
    # An id that is null or empty says nothing: beside the key it would leave the record without one.
    said = {
        name: given
        for name, given in value.items()
        if given not in (None, "") or (match := aliases.meeting(name)) is None or match.column != "meeting_id"
    }
    return {dict(aliases.meetings)["meeting_id"][0]: key, **said}


def n_written(raw: bytes) -> int:
    """Count the keys that are written in JSON text; those in a text inside of it are none."""
    return len(_KEY_END.findall(raw.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in raw else raw))


HOLDING = frozenset({dict, list})
"""Types of values in which others stand: most objects have none, told sooner than by asking each."""


def _n_keys(value: dict[str, Any] | list[Any]) -> int:
    """Count the keys of a value and of all that is inside it, however deep."""
    n = 0
    # A stack, not recursion: how deep it goes is the sender's choice.
    inside: list[Any] = [value]
    while inside:
        one = inside.pop()
        if type(one) is dict:
            n += len(one)
            one = one.values()
        if not HOLDING.isdisjoint(map(type, one)):
            inside += [member for member in one if type(member) is dict or type(member) is list]
    return n
