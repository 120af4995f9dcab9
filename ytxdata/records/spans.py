"""Where values begin and end in JSON text that is not quite JSON: by quotes and brackets alone, without recursion.

A strict parser gives up the whole answer for one bad byte. Here a broken record stays one element, and the
reading goes on behind it. Texts are `str` with surrogate escapes, so every slice goes back to its exact bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

_TOKEN = re.compile(r'[\[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)', re.S)
_CLOSING = {"[": "]", "{": "}"}
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.S)
_SCALAR = re.compile(r"[^,\[\]{}\s]+(?:[ \t]+[^,\[\]{}\s]+)*")
_SPACE = re.compile(r"[\s,]*")
_NEXT = re.compile(r"\s*[,\]}]")
_SEAM = re.compile(r"(?<!\s)\s*,\s*(?=\{)")
_TAIL = re.compile(r"\}\s*\]")
_COLON = re.compile(r"\s*:\s*")
_STRAY = re.compile(r"[\]}](\s*[\]}])*\s*,\s*\{|\}\s*\]")
"""A closing bracket too many inside a list: no list ends where another object follows, and none with a brace."""
_GARBAGE = re.compile(r"[^,\]}]*")

_RESYNC_WINDOW = 1 << 20
"""How far behind a broken record its end is looked for [characters]: keeps hostile input from costing quadratic time."""


_MOST_TAILS = 64
"""How many places are tried where a broken record, its list or its neighbour might end: as against hostile input."""


class Span(NamedTuple):
    """Where a value stands; for a member of an object also its key and where that begins."""

    start: int
    end: int
    key: str = ""
    key_start: int = -1


class Spans(NamedTuple):
    """The values inside one array or object, where it ends, whether it is closed, and whether all of it was legible."""

    values: list[Span]
    end: int
    is_closed: bool
    is_legible: bool = True


def decode(body: bytes) -> str:
    """Return bytes as text that can be sliced and turned back exactly."""
    return body.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Return the exact bytes of a slice; a lone surrogate that was written as an escape stays visible as one."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def end_of(text: str, start: int, limit: int | None = None) -> int:
    """Return where the value that starts at `start` ends, or -1 when the text ends first or its brackets do not match."""
    stop = len(text) if limit is None else min(len(text), limit)
    first = text[start : start + 1]
    if first == '"':
        match = _STRING.match(text, start, stop)
        return match.end() if match else -1
    if first not in ("[", "{"):
        match = _SCALAR.match(text, start, stop)
        return match.end() if match else start
    awaited: list[str] = []
    for token in _TOKEN.finditer(text, start, stop):
        mark = token.group()
        if mark in _CLOSING:
            awaited.append(_CLOSING[mark])
        elif mark in ("]", "}"):
            if mark != awaited.pop():
                return -1
            if not awaited:
                return token.end()
    return -1


def is_proper(text: str, end: int) -> bool:
    """Return whether a value that ends there ends where values inside an array or object do."""
    return end >= 0 and _NEXT.match(text, end) is not None


def elements(text: str, start: int, is_record: Callable[[str], bool], is_whole: Callable[[str], bool]) -> Spans:
    """Return the elements of the array that starts at `start`, broken ones included.

    Parameters
    ----------
    is_record
        Says whether a text is, for certain, one whole record: where a quote or bracket is missing, the next such text
        behind a seam `,{` is where reading goes on.
    is_whole
        Says whether a text can be read as one value.
    """
    read = _read_on(text, [], start + 1, is_record, is_whole)
    for _ in range(_MOST_TAILS):
        swallowed = None if read.is_closed else _last_swallowed(text, read.values, is_record)
        if swallowed is None:
            break
        i, seam = swallowed
        read = _read_on(text, [*read.values[:i], Span(read.values[i].start, seam)], seam, is_record, is_whole)
    return read


def _read_on(
    text: str, found: list[Span], position: int, is_record: Callable[[str], bool], is_whole: Callable[[str], bool]
) -> Spans:
    """Return the elements found and those that follow, to the bracket that seems to close the array."""
    while True:
        position = _space(text, position)
        if position >= len(text):
            return Spans(found, position, False)
        if _STRAY.match(text, position):
            position += 1
            continue
        if text[position] in "]}":
            return Spans(found, position + 1, text[position] == "]")
        end = _element_end(text, position, is_record, is_whole)
        if end < 0:
            return Spans([*found, Span(position, len(text.rstrip()))], len(text), False)
        found.append(Span(position, end))
        position = end


def _element_end(text: str, start: int, is_record: Callable[[str], bool], is_whole: Callable[[str], bool]) -> int:
    """Return the end of one element, garbage behind it included; -1 when the text ends first."""
    end = end_of(text, start)
    is_proper_end = is_proper(text, end)
    if is_proper_end and (text[start] != "{" or is_whole(text[start:end])):
        return end
    window = end if is_proper_end else min(len(text), start + _RESYNC_WINDOW)
    seam = _seam(text, start, window, is_record)
    if seam >= 0:
        return seam
    if end >= 0:
        match = _GARBAGE.match(text, end)
        return end if is_proper_end or match is None else match.end()
    for tail in islice(_TAIL.finditer(text, start, start + _RESYNC_WINDOW), _MOST_TAILS):
        if _is_rest_of_answer(text, tail.end()):
            return tail.start() + 1
    return -1


def _seam(text: str, start: int, stop: int, is_record: Callable[[str], bool]) -> int:
    """Return the first place where a whole record follows behind a comma, or -1."""
    n_endless = 0
    for seam in _SEAM.finditer(text, start, stop):
        following = end_of(text, seam.end(), stop)
        if following >= 0 and is_record(text[seam.end() : following]):
            return seam.start()
        n_endless += following < 0
        if n_endless > _MOST_TAILS:
            break
    return -1


def _last_swallowed(text: str, found: list[Span], is_record: Callable[[str], bool]) -> tuple[int, int] | None:
    """Return which of the last elements took in a record, and so perhaps the array's own bracket, and where that record's comma is."""
    for i in range(len(found) - 1, max(len(found) - 1 - _MOST_TAILS, -1), -1):
        seam = _seam(text, found[i].start, min(found[i].end, found[i].start + _RESYNC_WINDOW), is_record)
        if seam >= 0:
            return i, seam
    return None


def _is_rest_of_answer(text: str, position: int) -> bool:
    """Return whether nothing but members and closing brackets stand between a list's end and the text's."""
    n_closed = 0
    while position < len(text):
        if text[position] == "]":
            position = _space(text, position + 1)
            continue
        read = members(text, position - 1)
        if not (read.is_legible and read.is_closed):
            return False
        n_closed, position = n_closed + 1, _space(text, read.end)
    return n_closed > 0


def members(text: str, start: int, value_end: Callable[[str, int], int] = end_of) -> Spans:
    """Return the members of the object that starts at `start`; what has no key or no end is left out."""
    found: list[Span] = []
    is_legible = True
    position = start + 1
    while True:
        position = _space(text, position)
        if position >= len(text):
            return Spans(found, position, False, is_legible)
        if text[position] == "}":
            return Spans(found, position + 1, True, is_legible)
        key = _STRING.match(text, position)
        colon = _COLON.match(text, key.end()) if key else None
        if key is None or colon is None:
            is_legible = False
            position = max(position + 1, end_of(text, position))
            continue
        end = value_end(text, colon.end())
        if end < 0:
            return Spans(found, len(text), False)
        found.append(Span(colon.end(), end, key.group()[1:-1], position))
        position = max(end, colon.end())


def _space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
