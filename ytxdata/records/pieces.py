"""Take a JSON object or array apart into the exact texts of its members: strictly, and where that fails, tolerantly."""

from __future__ import annotations

from functools import partial

import msgspec

from ytxdata.records import scan
from ytxdata.records.aliases import Aliases
from ytxdata.records.decode import STRICT_ERRORS, read_value

Member = tuple[str, bytes]

_SMALL, _SPACES = 1 << 16, 1 << 10
"""Up to which size an object is searched for doubled keys whenever it could hold one, and how much else may be blanks [bytes]."""

_WRAPPERS = 8
"""How many objects around a damaged list are read member by member."""

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def members_of(raw: bytes, aliases: Aliases) -> list[Member]:
    """Return key and text of each member of an object; nothing for what is no object."""
    if raw[:1] != b"{":
        return []
    try:
        return [(key, bytes(value)) for key, value in _MEMBERS.decode(raw).items()]
    except STRICT_ERRORS:
        return _scanned_members(raw, aliases)


def all_members_of(raw: bytes, aliases: Aliases) -> list[Member]:
    """Return the members of an object, also those whose key stands twice (a strict parser drops the first in silence)."""
    members = members_of(raw, aliases)
    unexplained = len(raw) - sum(
        len(key.encode("utf-8", "replace")) + len(value) + len('"":,') for key, value in members
    )
    return _scanned_members(raw, aliases) if unexplained > (1 if len(raw) < _SMALL else _SPACES) else members


def elements_of(raw: bytes, aliases: Aliases) -> list[bytes]:
    """Return the text of each element of an array, broken ones included."""
    try:
        return [bytes(value) for value in _ELEMENTS.decode(raw)]
    except STRICT_ERRORS:
        text = scan.decode(raw)
        spans = scan.elements(text, 0, partial(_is_record, aliases), _is_whole)
        return [scan.encode(text[span.start : span.end]) for span in spans.values]


def split_at_end(body: bytes, aliases: Aliases) -> tuple[bytes, bytes] | None:
    """Return an object or array that is not strict JSON, and what stands behind its closing bracket; None: it comes to none."""
    text = scan.decode(body)
    if body[:1] == b"{":
        spans = scan.members(text, 0, partial(_value_end, aliases, _WRAPPERS))
    else:
        spans = scan.elements(text, 0, partial(_is_record, aliases), _is_whole)
    return (scan.encode(text[: spans.end]), scan.encode(text[spans.end :])) if spans.is_closed else None


def _scanned_members(raw: bytes, aliases: Aliases) -> list[Member]:
    text = scan.decode(raw)
    spans = scan.members(text, 0, partial(_value_end, aliases, _WRAPPERS))
    return [(_key(span.key), scan.encode(text[span.start : span.end])) for span in spans.values]


def _value_end(aliases: Aliases, n_wrappers: int, text: str, start: int) -> int:
    """Return the end of a member's value; a list, or an object whose brackets lie, is read piece by piece, so that it ends where it does."""
    first = text[start : start + 1]
    if first == "[":
        spans = scan.elements(text, start, partial(_is_record, aliases), _is_whole)
        return spans.end if spans.is_closed else -1
    end = scan.end_of(text, start)
    if first == "{" and n_wrappers and not scan.is_proper(text, end):
        spans = scan.members(text, start, partial(_value_end, aliases, n_wrappers - 1))
        return spans.end if spans.is_closed else -1
    return end


def _is_record(aliases: Aliases, text: str) -> bool:
    """Return whether a text is for certain one record: whole, and with a meeting id."""
    read = read_value(scan.encode(text))
    if read is None or not isinstance(read.value, dict):
        return False
    return any(match is not None and match.column == "meeting_id" for match in map(aliases.meeting, read.value))


def _is_whole(text: str) -> bool:
    """Return whether a text is one value that can at least leniently be read."""
    return read_value(scan.encode(text)) is not None


def _key(text: str) -> str:
    read = read_value(scan.encode(f'"{text}"'))
    return read.value if read is not None and isinstance(read.value, str) else text
