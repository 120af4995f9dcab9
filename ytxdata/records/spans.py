"""Where each byte of an answer belongs: to one record, or to the envelope; and where values stand in JSON text.

The law: every byte that is not blank belongs to the envelope, to exactly one record, or to exactly one reject. A record
that cannot be a meeting becomes a reject when it is read, so here it is enough that each byte is in one record or in
none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from ytxdata.records.json_values import STRICT_ERRORS, end_of, read_value

Offsets = npt.NDArray[np.int64]


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
        Where it stood, as `$.data.list[3]`; `~` marks a step into a JSON string, `@` an offset where the answer is
        damaged.
    start, end
        Where it stands in `Answer.text` [bytes]; -1 when it was not found in an answer.
    """

    position: int
    raw: bytes
    path: str
    start: int = -1
    end: int = -1


class Found(NamedTuple):
    """A record that is being looked for: its text, its path, whether it carries a meeting id, and where it stands."""

    raw: bytes
    path: str
    has_id: bool
    start: int
    end: int


def shifted(found: list[Found], by: int) -> list[Found]:
    """Return what was found in a piece of text with its places in the text that the piece is of."""
    return [one._replace(start=one.start + by, end=one.end + by) for one in found] if by else found


class Span(NamedTuple):
    """A stretch of an answer's text [bytes]: one record with its position, or a piece of the envelope around them."""

    start: int
    end: int
    kind: Literal["record", "envelope"]
    position: int | None = None


def tiling(text: bytes, records: Sequence[RawRecord]) -> Iterator[Span]:
    """Yield records and what stands between them, in order: together they are the text, blanks at the ends of pieces aside."""
    at = 0
    for record in records:
        yield from _envelope(text, at, record.start)
        yield Span(record.start, record.end, "record", record.position)
        at = record.end
    yield from _envelope(text, at, len(text))


def _envelope(text: bytes, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    if piece.strip():
        yield Span(end - len(piece.lstrip()), start + len(piece.rstrip()), "envelope")


def check(text: bytes, records: Sequence[RawRecord], *, is_strict: bool) -> None:
    """Assert the law where an answer is read: no byte is in two records, and what is in none is an envelope.

    Where the answer is strict JSON, it must still be that with null in place of every record: an offset that is off
    by one byte, or a record left out of the middle, cannot pass. Costs a hundredth of reading the answer.
    """
    borders = [0, *(offset for record in records for offset in (record.start, record.end)), len(text)]
    assert all(start <= end for start, end in pairwise(borders)), "two records share bytes of the answer"
    if is_strict and records:
        fillers = [_filler(text, record) for record in records]
        gaps = [text[end:start] for end, start in zip(borders[::2], borders[1::2], strict=True)]
        skeleton = b"".join(part for pair in zip(gaps, [*fillers, b""], strict=True) for part in pair)
        try:
            _SKIP.decode(skeleton)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise AssertionError(f"the envelope of the answer is not what is left of it: {error}") from None


_SKIP = msgspec.json.Decoder(msgspec.Raw)
_TEXT = msgspec.json.Decoder(str)
_MEMBER = re.compile(rb'"(?:[^"\\]|\\.)*"\s*:', re.S)


def _filler(text: bytes, record: RawRecord) -> bytes:
    """Return what may stand in place of a record: a member where it takes its key along, a string where it may be a key itself."""
    if text[record.start : record.start + 1] != b'"':
        return b"null"
    return b'"":null' if _MEMBER.match(record.raw) else b'""'


class Member(NamedTuple):
    """A member of an object: key, text of its value, and where that and the key begin; -1 where nobody asked."""

    key: str
    raw: bytes
    start: int = -1
    key_start: int = -1


_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_GAP = re.compile(rb"[\s,]*")
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*', re.S)
_BLANKS = re.compile(rb"\s*")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_ANY_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(\\)')


def _nothing(_: Any) -> None:
    """Make no object: only where a value ends is asked."""


_ENDS = json.JSONDecoder(
    strict=False, object_pairs_hook=_nothing, parse_int=_nothing, parse_float=_nothing, parse_constant=_nothing
)


def structure(text: bytes) -> Literal["strict", "whole", "cut", "damaged"]:
    """Tell whether text is strict JSON; or at least whole: odd values (NaN, raw control characters, broken escapes) between
    brackets and quotes that are where they belong; or cut, the beginning of strict JSON to which only an end is
    missing; or damaged.
    """
    try:
        _SKIP.decode(text)
    except STRICT_ERRORS as error:
        # Only the parser knows whether it ran out of text or met damage, and it says so in words alone.
        if "truncated" in str(error):
            return "cut"
    else:
        return "strict"
    try:
        _ENDS.decode(view(text))
    except (ValueError, RecursionError):
        return "damaged"
    return "whole"


def first_document(text: bytes, start: int) -> int | None:
    """Return how long the strict JSON value is that begins there, or None; what follows it is not looked at."""
    # Strictly: where damaged text ends cannot be told from its beginning.
    rest = memoryview(text)[start:]
    try:
        _SKIP.decode(rest)
    except msgspec.DecodeError as error:
        behind = _TRAILING.search(str(error))
        return (
            len(bytes(rest[: int(behind[1]) - 1]).rstrip()) if behind else None
        )  # it names the byte behind the one it means
    except STRICT_ERRORS:
        return None
    return len(text.rstrip()) - start


def past_blanks(text: bytes, at: int) -> int:
    """Return where the next character that is not blank stands."""
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def view(text: bytes) -> str:
    """Return text as characters of one byte each, broken escapes made harmless: every offset stays what it is."""
    characters = text.decode("latin-1")
    return (
        _ANY_ESCAPE.sub(lambda escape: "/" if escape[1] else escape[0], characters)
        if "\\" in characters
        else characters
    )


def elements_of(raw: bytes) -> list[tuple[bytes, int]]:
    """Return text and start of each element of an array whose brackets are where they belong."""
    try:
        values = [bytes(value) for value in _ELEMENTS.decode(raw)]
    except STRICT_ERRORS:
        return _walked_elements(raw)
    lengths = list(map(len, values))
    if values and sum(lengths) + len(values) + 1 == len(raw):  # nothing but commas in between
        return list(zip(values, accumulate((length + 1 for length in lengths[:-1]), initial=1), strict=True))
    placed, at = [], 1
    for value in values:
        at = _past_gap(raw, at)
        placed.append((value, at))
        at += len(value)
    return placed


def members_of(raw: bytes) -> list[Member]:
    """Return key and text of each member of an object, of a doubled key the last; nothing for what is no object."""
    if raw[:1] != b"{":
        return []
    try:
        return [Member(key, bytes(value)) for key, value in _MEMBERS.decode(raw).items()]
    except STRICT_ERRORS:
        return _walked_members(raw)


def placed_members(raw: bytes) -> list[Member]:
    """Return the members of an object with their places, also those whose key stands twice (a strict parser drops the first in silence)."""
    try:
        values = _MEMBERS.decode(raw)
    except STRICT_ERRORS:
        return _walked_members(raw)
    placed: list[Member] = []
    at = 1
    for key, value in values.items():
        key_start = _past_gap(raw, at)
        match, text = _KEY.match(raw, key_start), bytes(value)
        # Fewer values than were written: a key stands twice, and both of its values may hold records.
        if match is None or not raw.startswith(text, match.end()):
            return _walked_members(raw)
        placed.append(Member(key, text, match.end(), key_start))
        at = match.end() + len(text)
    return placed if raw[_past_gap(raw, at) :].rstrip() == b"}" else _walked_members(raw)


def _past_gap(raw: bytes, at: int) -> int:
    match = _GAP.match(raw, at)
    return match.end() if match else at


def _walked_elements(raw: bytes) -> list[tuple[bytes, int]]:
    characters, at = view(raw), 1
    found: list[tuple[bytes, int]] = []
    while (start := _past_gap(raw, at)) < len(raw) and raw[start : start + 1] != b"]":
        at = _end(characters, start)
        found.append((raw[start:at], start))
    return found


def _walked_members(raw: bytes) -> list[Member]:
    characters, at = view(raw), 1
    found: list[Member] = []
    while match := _KEY.match(raw, _past_gap(raw, at)):
        at = _end(characters, match.end())
        found.append(Member(_key(match[1]), raw[match.end() : at], match.end(), match.start()))
    return found


def _end(characters: str, start: int) -> int:
    """Return where a value ends; what cannot be told goes to the end of the text, so that nothing is left out."""
    try:
        return _ENDS.raw_decode(characters, start)[1]
    except (ValueError, RecursionError):
        end = end_of(characters, start)
        return end if end > start else len(characters)


def _key(raw: bytes) -> str:
    read = read_value(b'"' + raw + b'"')
    return read.value if read is not None and isinstance(read.value, str) else raw.decode("utf-8", "replace")


class Unescaped(NamedTuple):
    """The text inside a JSON string, and how its offsets lead back into the text around it."""

    text: bytes
    inner_ends: Offsets
    outer_ends: Offsets

    def outer(self, offsets: Sequence[int]) -> list[int]:
        """Return where offsets of the inner text are in the text it was taken from."""
        inner = np.asarray(offsets, np.int64)
        nth = np.searchsorted(self.inner_ends, inner, side="right")
        gain = np.concatenate(([0], self.outer_ends - self.inner_ends))
        outer: list[int] = (inner + gain[nth]).tolist()
        return outer

    def placed(self, found: list[Found], at: int) -> list[Found]:
        """Return what was found in the inner text with its places in the text around, in which the string begins at `at`."""
        starts, ends = self.outer([one.start for one in found]), self.outer([one.end for one in found])
        return [
            one._replace(start=start + at, end=end + at) for one, start, end in zip(found, starts, ends, strict=True)
        ]


_HEX = np.full(256, -1, np.int64)
for _digit in b"0123456789abcdefABCDEF":
    _HEX[_digit] = int(chr(_digit), 16)

_PLAIN = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\"\\/bfnrt])|\\.", re.S
)


def unescape(raw: bytes) -> Unescaped:
    r"""Undo the escapes of JSON text inside a string, broken ones left as they are: a bad escape must not cost the records around it.

    Examples
    --------
    >>> inner = unescape(rb'[{\"n\":\"\u5f20\"}]')
    >>> inner.text.decode(), inner.outer([0, 7, 12])
    ('[{"n":"张"}]', [0, 10, 19])
    """
    try:  # what is sound is decoded at once, in a tenth of the time
        text = _TEXT.decode(b'"' + raw + b'"').encode()
    except STRICT_ERRORS:
        text = _ESCAPE.sub(_undone, raw)
    return Unescaped(text, *_ends(raw))


def may_be_escaped(text: bytes) -> bool:
    """Return whether any object of damaged text begins with an escaped quote."""
    return _ESCAPED_OPENING.search(text) is not None


_ESCAPED_OPENING = re.compile(rb'\{\s*\\+"')


def _undone(match: re.Match[bytes]) -> bytes:
    escape = match.group()
    if escape[1:2] != b"u" or len(escape) < 6:
        return _PLAIN.get(escape[1:], escape)
    # A lone surrogate keeps the three bytes that `_ends` counts, and texts that differ there stay two.
    units = b"".join(bytes.fromhex(part.decode()) for part in escape.split(b"\\u")[1:])
    return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")


def _ends(raw: bytes) -> tuple[Offsets, Offsets]:
    """Return where each escape ends, inside and outside: whole columns at a time, since every quote of the records is one."""
    codes = np.frombuffer(raw, np.uint8)
    slashes = np.flatnonzero(codes == ord("\\"))
    is_first = np.diff(slashes, prepend=-2) != 1
    run = slashes[is_first][np.cumsum(is_first) - 1] if len(slashes) else slashes
    starts = slashes[(slashes - run) % 2 == 0]  # of slashes in a row every second one is escaped itself
    starts = starts[starts + 1 < len(codes)]
    kind = codes[starts + 1]
    padded = np.concatenate((codes, np.zeros(6, np.uint8)))
    digits = _HEX[padded[starts[:, None] + np.arange(2, 6)]]
    is_unit = (kind == ord("u")) & (digits >= 0).all(axis=1)
    unit = digits @ np.array([4096, 256, 16, 1])
    is_plain = np.isin(kind, np.frombuffer(b'"\\/bfnrt', np.uint8))
    outside = np.where(is_unit, 6, 2)
    inside = np.where(is_unit, 1 + (unit >= 0x80) + (unit >= 0x800), np.where(is_plain, 1, 2))
    follows = np.diff(starts, append=-1) == 6
    is_high = is_unit & (unit >> 10 == 0xD800 >> 10)
    is_low = is_unit & (unit >> 10 == 0xDC00 >> 10)
    is_pair = is_high & follows & np.concatenate((is_low[1:], [False])) if len(starts) else is_high
    # Two escapes are one character here: all its bytes count at the first half, or an offset could fall inside it.
    inside = np.where(is_pair, 4, inside)
    if len(starts):
        inside[1:][is_pair[:-1]] = 0
    outer_ends = starts + outside
    return outer_ends - np.cumsum(outside - inside), outer_ends
