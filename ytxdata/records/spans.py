"""Where each byte of an answer belongs: to one record, or to the envelope; and where values stand in JSON text.

The law: every byte that is not blank belongs to the envelope, to exactly one record, or to exactly one reject. Which
record is a reject is known when it is read, so here it is enough that each byte is in one record or in none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
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
    """Yield records and what stands between them, in order: together they are the text, blanks at the ends aside.

    A record with another one inside it comes in pieces, before and behind that.
    """
    at = 0
    around: list[RawRecord] = []
    for record in (*records, None):
        while around and (record is None or around[-1].end <= record.start):
            yield from _piece(text, at, around[-1].end, around[-1])
            at = around.pop().end
        yield from _piece(text, at, len(text) if record is None else record.start, around[-1] if around else None)
        if record is not None:
            at = record.start
            around.append(record)


def _piece(text: bytes, start: int, end: int, record: RawRecord | None) -> Iterator[Span]:
    piece = text[start:end]
    if piece.strip():
        place = end - len(piece.lstrip()), start + len(piece.rstrip())
        yield Span(*place, "record", record.position) if record else Span(*place, "envelope")


class BrokenLawError(AssertionError):
    """What was read of an answer is not all of it, or some of it twice: a fault of the reading, not of the answer."""


def own_sizes(records: Sequence[RawRecord]) -> list[int]:
    """Return how many bytes each record has, without those of records inside it.

    Raises
    ------
    BrokenLawError
        Two records share bytes, and neither stands inside the other.
    """
    sizes = [record.end - record.start for record in records]
    around: list[int] = []
    for i, record in enumerate(records):
        while around and records[around[-1]].end <= record.start:
            around.pop()
        if around:
            if record.end > records[around[-1]].end:
                raise BrokenLawError("two records share bytes of the answer")
            sizes[around[-1]] -= sizes[i]
        around.append(i)
    return sizes


def check(text: bytes, records: Sequence[RawRecord], *, is_strict: bool) -> None:
    """Raise `BrokenLawError` where the law does not hold: no byte is in two records, what is in none is an envelope.

    Where the answer is strict JSON, it must still be that with null in place of every record: an offset that is off
    by one byte, or a record left out of the middle, cannot pass. Costs a hundredth of reading the answer.
    """
    starts, ends, gap_starts, gap_ends = _borders(text, records)
    if not (starts <= ends).all():
        raise BrokenLawError("a record ends before it begins")
    if not (gap_starts <= gap_ends).all():  # one stands inside another, or they share bytes
        if min(own_sizes(records)) < 0:
            raise BrokenLawError("a record has less bytes than those inside it")
        records = _outermost(records)
        starts, ends, gap_starts, gap_ends = _borders(text, records)
    if not (is_strict and records):
        return
    shown = _outside_of_runs(np.frombuffer(text, np.uint8), starts, ends)
    parts = [text[gap_starts[i] : gap_ends[i]] + _filler(text, records[i]) for i in shown]
    try:
        _SKIP.decode(b"".join([*parts, text[gap_starts[-1] :]]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenLawError(f"the envelope of the answer is not what is left of it: {error}") from None


def _outermost(records: Sequence[RawRecord]) -> list[RawRecord]:
    """Return the records that stand in no other one."""
    outermost: list[RawRecord] = []
    for record in records:
        if not outermost or record.start >= outermost[-1].end:
            outermost.append(record)
    return outermost


def _borders(text: bytes, records: Sequence[RawRecord | Found]) -> tuple[Offsets, Offsets, Offsets, Offsets]:
    """Return where records start and end, and where what stands before, between and behind them does."""
    columns = [*zip(*records, strict=True)][-2:] or [(), ()]
    starts, ends = (np.array(column, np.int64) for column in columns)
    return starts, ends, np.concatenate(([0], ends)), np.append(starts, len(text))


def wide_gaps(text: bytes, records: Sequence[Found], narrow: int) -> list[tuple[int, int]]:
    """Return where text outside of all records, which may share some, is longer than a separator."""
    _, _, starts, ends = _borders(text, records)
    # a reject that began in a string whose escapes were undone went on behind it: the rest was searched once more
    starts = np.maximum.accumulate(starts)
    return [(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True) if end - start > narrow]


def _outside_of_runs(codes: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets) -> list[int]:
    """Return the records but for objects between two neighbours with one comma on either side: where the first and the
    last of them are right, so are those.
    """
    is_comma = (starts[1:] - ends[:-1] == 1) & (codes[np.minimum(ends[:-1], len(codes) - 1)] == ord(","))
    is_shown = np.ones(len(starts), np.bool_)
    is_shown[1:-1] = ~(is_comma[:-1] & is_comma[1:] & (codes[starts[1:-1]] == ord("{")))
    shown: list[int] = np.flatnonzero(is_shown).tolist()
    return shown


_SKIP = msgspec.json.Decoder(msgspec.Raw)


def _filler(text: bytes, record: RawRecord) -> bytes:
    """Return what may stand in place of a record: a member where it has a key, a string where it may be one itself."""
    if text[record.start : record.start + 1] != b'"':
        return b"null"
    return b'"":null' if is_member(record.raw) else b'""'


def is_member(raw: bytes) -> bool:
    """Return whether the text of a record begins with its key, as in a map from id to record."""
    return value_at(raw) > 0


def value_at(raw: bytes) -> int:
    """Return where the value of a record's text begins: behind its key, where it has one."""
    match = _KEY.match(raw) if raw[:1] == b'"' else None
    return match.end() if match else 0


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
_ANY_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(\\)')


def _nothing(_: Any) -> None:
    """Make no object: only where a value ends is asked."""


_ENDS = json.JSONDecoder(
    strict=False, object_pairs_hook=_nothing, parse_int=_nothing, parse_float=_nothing, parse_constant=_nothing
)


def structure(text: bytes) -> Literal["strict", "whole", "cut", "damaged"]:
    """Tell whether text is strict JSON; or at least whole: odd values (NaN, raw control characters, broken escapes)
    between brackets and quotes that are where they belong; or cut, the beginning of strict JSON to which only an end
    is missing; or damaged.
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


def view(text: bytes) -> str:
    """Return text as characters of one byte each, broken escapes made harmless: every offset stays what it is."""
    characters = text.decode("latin-1")
    return (
        _ANY_ESCAPE.sub(lambda escape: "/" if escape[1] else escape[0], characters)
        if "\\" in characters
        else characters
    )


class Elements(NamedTuple):
    """The elements of an array, column by column: the text of each, and where it begins."""

    raws: list[bytes]
    starts: list[int]


def elements_of(raw: bytes) -> Elements:
    """Return text and start of each element of an array whose brackets are where they belong."""
    try:
        values = list(map(bytes, _ELEMENTS.decode(raw)))
    except STRICT_ERRORS:
        return _walked_elements(raw)
    sizes = np.fromiter(map(len, values), np.int64, len(values)) + 1
    if values and sizes.sum() + 1 == len(raw):  # nothing but commas in between
        return Elements(values, (np.cumsum(sizes) - sizes + 1).tolist())
    starts, at = [], 1
    for value in values:
        starts.append(_past_gap(raw, at))
        at = starts[-1] + len(value)
    return Elements(values, starts)


def members_of(raw: bytes) -> list[Member]:
    """Return key and text of each member of an object, of a doubled key the last; nothing for what is no object."""
    if raw[:1] != b"{":
        return []
    try:
        return [Member(key, bytes(value)) for key, value in _MEMBERS.decode(raw).items()]
    except STRICT_ERRORS:
        return _walked_members(raw)


def placed_members(raw: bytes) -> list[Member]:
    """Return the members of an object with their places, also of a key that stands twice: parsers drop the first."""
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


def _walked_elements(raw: bytes) -> Elements:
    characters, at = view(raw), 1
    found = Elements([], [])
    while (start := _past_gap(raw, at)) < len(raw) and raw[start : start + 1] != b"]":
        at = _end(characters, start)
        found.raws.append(raw[start:at])
        found.starts.append(start)
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


_TEXT = msgspec.json.Decoder(str)


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
        """Return what was found in the inner text with its places in the outer one, where the string begins at `at`."""
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
    r"""Undo the escapes of JSON text inside a string; broken ones stay, as they must not cost the records around them.

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
    """Return where each escape ends, inside and outside: all at once, since every quote of the records is one."""
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


def is_blank(raw: bytes) -> bool:
    """Return whether a value says nothing: null or empty, also as text."""
    return raw.strip(b'" \t\r\n') in (b"", b"null")
