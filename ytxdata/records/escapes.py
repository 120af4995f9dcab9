"""JSON text inside a JSON string: its escapes undone, and where each byte of it stands outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from ytxdata.records.json_values import STRICT_ERRORS
from ytxdata.records.spans import Found, Offsets

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
