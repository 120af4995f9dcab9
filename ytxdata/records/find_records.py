"""Find the records of an answer wherever its `data` hides them, each with its own raw text."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import lru_cache, partial
from typing import NamedTuple

import msgspec

from ytxdata.labels import Text
from ytxdata.records import spans as scan
from ytxdata.records.aliases import DEFAULT, PARTIES, Aliases, plain
from ytxdata.records.json_values import STRICT_ERRORS, is_meeting_with_parties_beside, read_value, without_cycle_search

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


ENVELOPE_KEYS = frozenset({"statuscode", "statusmsg", "requestid"})
"""Keys of the answer itself, plain: no record is looked for in them."""

COUNT_KEYS = frozenset(
    {"total", "count", "size", "num", "page", "pagesize", "pageno", "pagenum", "pages", "totalcount"}
)
"""Keys with which a wrapper describes its list, plain: an object of these alone holds no record."""

_EVIDENCE = frozenset({"creator", "created_at", "booked_at", "started_at", "ended_at", "duration_s", PARTIES})
"""Columns that make an object with a meeting id a meeting, rather than a wrapper that repeats the question."""

_PARTIES_BESIDE = Text(
    "会议旁另有参会名单（{keys}），无法归于某一场会议，未计入参会记录",
    "parties ({keys}) stand beside the meetings and belong to none of them for certain: they were not read as legs",
)
_EMPTY = re.compile(rb'\[\s*\]|\{\s*\}|"\s*"|"?null"?')

_DEEPEST = 8
_SURVEYED = 8
"""How many elements of a list are looked at closely before one that begins with an id is believed to be a record."""


class RawRecord(NamedTuple):
    """One record of an answer, not yet understood.

    Parameters
    ----------
    position
        Its place in the answer, from 0.
    raw
        Its own JSON text, byte for byte as UTF-8: of the answer, or of the inner text where `data` is a JSON string.
        In an object keyed by meeting id whose values carry no id, the key belongs to the record: `"m1": {…}`.
    path
        Where it stood, as `$.data.list[3]`; `~` marks a step into a JSON string.
    """

    position: int
    raw: bytes
    path: str


class Extracted(NamedTuple):
    """The records of an answer, what a reader should know about how they were found, and the answer's own members by plain key."""

    records: tuple[RawRecord, ...]
    warnings: tuple[Text, ...]
    envelope: dict[str, bytes]


class _Found(NamedTuple):
    raw: bytes
    path: str
    has_id: bool


def extract(body: bytes, aliases: Aliases = DEFAULT) -> Extracted:
    """Return every record of an answer's JSON text, in its order.

    `data` may be an object, an array, a JSON string of either, an object keyed by meeting id, or a wrapper that
    holds the list under any key; null, empty or absent gives no record. What is in a list of records and is none
    (a number, broken text) is returned too: later it is rejected by name. Records beside `data`, or in two lists, are all taken.
    An object that holds one meeting and, beside it, the parties is the record as a whole; of parties beside several meetings
    a warning tells.

    Parameters
    ----------
    body
        The answer's JSON text as UTF-8 bytes.
    aliases
        Tells what a meeting id is called.

    Notes
    -----
    One strict pass over the bytes; only where that fails the tolerant scanner reads quotes and brackets
    (about 20 times slower), so that one broken record never loses its neighbours.

    Examples
    --------
    >>> for record in extract(b'{"statusCode":"0","data":{"total":2,"rows":[{"meid":"1"}, {"meid":"2"}]}}').records:
    ...     print(record.position, record.path, record.raw.decode())
    0 $.data.rows[0] {"meid":"1"}
    1 $.data.rows[1] {"meid":"2"}
    """
    search = _Search(aliases)
    with without_cycle_search():
        found = search.answer(body.strip())
        records = tuple([RawRecord(position, raw, path) for position, (raw, path, _) in enumerate(found)])
    warnings = (_PARTIES_BESIDE.format(keys=", ".join(search.unread)),) if search.unread else ()
    return Extracted(records, warnings, search.envelope)


class _Search:
    """The search through one answer: what is a record, what only wraps records."""

    def __init__(self, aliases: Aliases) -> None:
        self.aliases = aliases
        self.unread: dict[str, None] = {}
        self.envelope: dict[str, bytes] = {}
        self.begins_with_id = _id_pattern(aliases.ids()).match
        self.holds_id = _id_pattern(aliases.ids()).search

    def answer(self, body: bytes) -> list[_Found]:
        """Return the records of a whole answer: those in `data`, then those beside it."""
        if body[:1] == b"[":
            return self.value(body, "$", 0)
        found: list[_Found] = []
        beside: list[_Found] = []
        read: set[str] = set()
        members = all_members_of(body, self.aliases)
        for key, raw in members:
            if plain(key) == "data":
                found += self.value(raw, f"$.{key}", 0)
            elif plain(key) in ENVELOPE_KEYS:
                self.envelope[plain(key)] = raw
            elif raw[:1] in (b"[", b"{", b'"'):
                inner = self.value(raw, f"$.{key}", 1)
                if any(item.has_id for item in inner):
                    beside += inner
                    read.add(key)
        if not (found or beside):
            return [_Found(body, "$", True)] if {"meeting_id"} < self.columns(members) else []
        self.tell_unread(members, read)
        return found + beside

    def value(self, raw: bytes, path: str, depth: int) -> list[_Found]:
        """Return the records in a value that stands where records are expected."""
        raw, path = _inner(raw, path)
        first = raw[:1]
        if _is_blank(raw):
            return []
        if depth > _DEEPEST:
            return [_Found(raw, path, self.holds_id(raw) is not None)]
        if first == b"[":
            return self.elements(raw, path, depth + 1)
        return self.object(raw, path, depth) if first == b"{" else [_Found(raw, path, False)]

    def elements(self, raw: bytes, path: str, depth: int) -> list[_Found]:
        """Return for each element of a list the record it is, or those wrapped in it; never nothing."""
        found: list[_Found] = []
        for i, element in enumerate(elements_of(raw, self.aliases)):
            here = f"{path}[{i}]"
            if i >= _SURVEYED and self.begins_with_id(element):
                found.append(_Found(element, here, True))
            else:
                found += self.value(element, here, depth) or [_Found(element, here, False)]
        return found

    def object(self, raw: bytes, path: str, depth: int) -> list[_Found]:
        """Return an object itself when it is a record, else the records it wraps."""
        members = members_of(raw, self.aliases)
        columns = self.columns(members)
        if "meeting_id" in columns and columns & _EVIDENCE:
            return [_Found(raw, path, True)]
        inside = {
            key: self.value(member, f"{path}.{key}", depth + 1)
            for key, member in members
            if _inner(member, "")[0][:1] in (b"[", b"{")
        }
        certain = {key: found for key, found in inside.items() if any(item.has_id for item in found)}
        lists = {key: found for key, found in certain.items() if not self.is_parties(key)} or certain
        if lists and not ("meeting_id" in columns and self.repeats_id(members, lists)):
            return self.wrapped(raw, path, members, lists)
        if columns & (_EVIDENCE | {"meeting_id"}):
            return [_Found(raw, path, "meeting_id" in columns)]
        return self.without_id(raw, path, members, inside)

    def wrapped(
        self, raw: bytes, path: str, members: list[tuple[str, bytes]], lists: dict[str, list[_Found]]
    ) -> list[_Found]:
        """Return the records that an object wraps, or itself when it is one meeting with its parties beside it."""
        found = [item for items in lists.values() for item in items]
        is_one = len(found) == 1 and found[0].path.rstrip("~") in {f"{path}.{key}" for key in lists}
        if is_one and PARTIES in self.columns(members) and is_meeting_with_parties_beside(raw, self.aliases):
            return [_Found(raw, path, True)]
        self.tell_unread(members, lists)
        return found

    def tell_unread(self, members: list[tuple[str, bytes]], read: Container[str]) -> None:
        """Note parties that stand beside records and are nobody's legs."""
        self.unread |= {
            key: None for key, raw in members if self.is_parties(key) and key not in read and not _EMPTY.fullmatch(raw)
        }

    def without_id(
        self, raw: bytes, path: str, members: list[tuple[str, bytes]], inside: dict[str, list[_Found]]
    ) -> list[_Found]:
        """Return the records of an object in which nothing carries a meeting id."""
        if members and all(
            member[:1] == b"{" and self.columns(members_of(member, self.aliases)) & _EVIDENCE for _, member in members
        ):
            return [_Found(text, f"{path}.{key}", False) for key, text in _member_texts(raw, members)]
        if all(key in inside or plain(key) in COUNT_KEYS or _is_blank(member) for key, member in members):
            return [item for found in inside.values() for item in found]
        lists = [
            found for key, found in inside.items() if dict(members)[key][:1] != b"{" and not self.are_parties(found)
        ]
        return [item for found in lists for item in found] if lists else [_Found(raw, path, False)]

    def columns(self, members: list[tuple[str, bytes]]) -> set[str]:
        """Return the meeting columns that an object's own members fill."""
        matches = ((self.aliases.meeting(key), raw) for key, raw in members)
        return {
            match.column
            for match, raw in matches
            if match and not _is_blank(raw) and (match.column == PARTIES or raw[:1] not in (b"[", b"{"))
        }

    def is_parties(self, key: str) -> bool:
        """Return whether parties are expected under a key."""
        match = self.aliases.meeting(key)
        return match is not None and match.column == PARTIES

    def are_parties(self, found: list[_Found]) -> bool:
        """Return whether a list holds parties by the look of its first element: a phone, and nothing of a meeting."""
        members = members_of(found[0].raw, self.aliases) if found and found[0].raw[:1] == b"{" else []
        legs = {match.column for key, _ in members if (match := self.aliases.leg(key))}
        return "phone" in legs and not self.columns(members) & {"creator", PARTIES}

    def repeats_id(self, members: list[tuple[str, bytes]], lists: dict[str, list[_Found]]) -> bool:
        """Return whether the ids inside are all the object's own: then these are its parties, not its meetings."""
        inner = {
            one for found in lists.values() for item in found for one in self.ids(members_of(item.raw, self.aliases))
        }
        return inner <= self.ids(members)

    def ids(self, members: list[tuple[str, bytes]]) -> set[bytes]:
        """Return the meeting ids an object carries."""
        matches = ((self.aliases.meeting(key), raw) for key, raw in members)
        return {
            raw.strip(b'"') for match, raw in matches if match and match.column == "meeting_id" and not _is_blank(raw)
        }


def _member_texts(raw: bytes, members: list[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Yield each member's own text, key included."""
    position = 1
    for key, value in members:
        end = raw.index(value, position) + len(value)
        yield key, raw[position:end].lstrip(b" \t\r\n,")
        position = end


def _inner(raw: bytes, path: str) -> tuple[bytes, str]:
    """Return what a JSON string holds when that looks like JSON again, however often it was wrapped."""
    while raw[:1] == b'"':
        read = read_value(raw)
        text = read.value.strip() if read is not None and isinstance(read.value, str) else None
        if text is None or (text[:1] not in ("", "[", "{", '"') and text != "null"):
            break
        raw, path = scan.encode(text), f"{path}~"
    return raw, path


def _is_blank(raw: bytes) -> bool:
    return raw.strip(b'" \t\r\n') in (b"", b"null")


@lru_cache(maxsize=64)
def _id_pattern(ids: tuple[str, ...]) -> re.Pattern[bytes]:
    """Match an object whose meeting id stands before anything nested: surely a record, told without decoding it."""
    spelled = b"|".join(rb"[\s_\-]*".join(re.escape(letter.encode()) for letter in key) for key in ids)
    return re.compile(rb'\{[^\[{]*?"(?:' + spelled + rb')"\s*:\s*(?!""|null|[\[{])', re.IGNORECASE)
