"""Several answers in one text: JSON lines, answers one after another, printed dictionaries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, islice

from ytxdata.records.aliases import DEFAULT
from ytxdata.records.encoding import as_utf8, decode, is_literal
from ytxdata.records.signs import Signs
from ytxdata.records.spans import first_document, past_blanks

# Inside a damaged line a bracket may open anything: only where a line begins another text is looked for.
_LINE = re.compile(rb"\n(?=[{\[])")
_PRINTED = re.compile(rb"\s*\[?\s*\{\s*'")
# Behind a sound text these stand only if a bracket was lost or doubled inside it: both are one damaged answer.
_IS_TORN = re.compile(rb"\s*[\]},:]")
_OF_ANSWERS = re.compile(rb"\"(?:status_?code|status_?msg|request_?id|data)\"\s*:", re.IGNORECASE)

_BEGINNING = 2000
"""How much of a damaged text is looked at to tell whether it was an answer [bytes]."""

_MOST_LINES = 64
"""How many lines behind damage are tried as the beginning of the next answer: beyond that it is read as one damaged text."""


def split_answers(raw: bytes) -> list[bytes]:
    """Return the answers in a text that somebody saved; records on lines of their own stay together as one.

    A damaged answer ends where on a line of its own a sound one begins, so that it costs only itself.

    Examples
    --------
    >>> split_answers(b'{"statusCode":"0","data":[]}\\n{"statusCode":"0","da\\n{"data":[{"meid":"1"}]}')
    [b'{"statusCode":"0","data":[]}', b'{"statusCode":"0","da', b'{"data":[{"meid":"1"}]}']
    >>> split_answers(b'{"meid":"1"}\\n{"meid":"2"}\\n')
    [b'{"meid":"1"}\\n{"meid":"2"}\\n']
    """
    decoded = decode(raw)
    is_printed = decoded.encoding == "python"
    text = as_utf8(raw, "utf-8") if is_printed else decoded.text
    if text.lstrip()[:1] not in (b"{", b"[") or (is_printed and is_literal(raw)):
        return [raw]
    groups = [list(group) for _, group in groupby(_documents(text), key=lambda one: _part(text, *one))]
    if len(groups) <= 1:
        # The bytes as they came: a single answer keeps its encoding and its hash.
        return [raw]
    return [text[group[0][0] : group[-1][1]].rstrip() for group in groups]


def _documents(text: bytes) -> Iterator[tuple[int, int]]:
    at = past_blanks(text, 0)
    while at < len(text):
        end = _end(text, at)
        yield at, end
        at = past_blanks(text, end)


def _end(text: bytes, at: int) -> int:
    """Return where the text that begins there ends: strictly, else where a sound one begins on a line of its own."""
    end = _sound_end(text, at)
    if end is not None:
        return end
    is_printed = _PRINTED.match(text, at) is not None
    for line in islice(_LINE.finditer(text, at), _MOST_LINES):
        if _PRINTED.match(text, line.end()) if is_printed else _sound_end(text, line.end()) is not None:
            return line.end()
    return len(text)


def _sound_end(text: bytes, at: int) -> int | None:
    length = first_document(text, at) if text[at : at + 1] in (b"{", b"[") else None
    return None if length is None or _IS_TORN.match(text, at + length) else at + length


def _part(text: bytes, start: int, end: int) -> int:
    """Return a key that is the same for records on lines of their own, and another one for each answer."""
    beginning = text[start : min(end, start + _BEGINNING)]
    is_record = text[start : start + 1] == b"{" and not _OF_ANSWERS.search(beginning) and not _PRINTED.match(beginning)
    # The status may stand behind all records: a record is only what has none anywhere.
    return -1 if is_record and not _SIGNS.has_status(text[start:end]) else start


_SIGNS = Signs(DEFAULT)
