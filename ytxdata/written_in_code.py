"""Characters written in code, as they stand in addresses, in markup and in strings of programs: `%31`, `&#49;`,
`\\u0031`.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

_H = "[0-9A-Fa-f]"
_ENCODED = re.compile(
    rf"(?P<octets>(?:%{_H}{{2}})+)"
    rf"|(?P<markup>&(?:#[xX]{_H}{{1,7}}(?!{_H});?|#[0-9]{{1,9}}(?![0-9]);?|[A-Za-z]{{2,16}}[0-9]?;))"
    rf"|\\(?:u\{{(?P<braced>{_H}{{1,6}})\}}|u(?P<four>{_H}{{4}})|U(?P<eight>{_H}{{8}})|x(?P<two>{_H}{{2}})|(?P<octal>[0-7]{{3}}))"
)
"""How programs write a character where it cannot stand: in addresses, in markup, in strings."""
_OCTETS = (*((width, "utf-8") for width in (1, 2, 3, 4)), (2, "gb18030"), (1, "latin-1"))
_MOST_LAYERS = 4
"""`%2531` is `%31` in an address within an address; nobody packs deeper."""


MAY_BE_CODE = re.compile(r"[%&\\]")
"""How each of them begins: a text without is read as it stands."""


class Sign(NamedTuple):
    """A character as it is read, and from where to where it stands in the text."""

    read: str
    start: int
    end: int


def decoded(signs: list[Sign]) -> list[Sign]:
    """Return a text with every character that is written in code as that character; itself where none is."""
    for _ in range(_MOST_LAYERS):
        text = "".join(sign.read for sign in signs)
        read, done = [], 0
        for code in _ENCODED.finditer(text):
            start = code.start()
            read += signs[done:start]
            for character, width in _characters(code):
                read.append(Sign(character, signs[start].start, signs[start + width - 1].end))
                start += width
            done = code.end()
        if not done:
            break
        signs = [*read, *signs[done:]]
    return signs


def _characters(code: re.Match[str]) -> Iterator[tuple[str, int]]:
    """Yield what a code stands for, and how many characters of the text each takes."""
    kind, whole = code.lastgroup or "", code[0]
    if kind == "octets":
        octets = bytes.fromhex(whole.replace("%", ""))
        while octets:
            read, width = next(filter(None, (_first(octets, *form) for form in _OCTETS)))
            yield read, 3 * width
            octets = octets[width:]
    elif kind == "markup":
        read = html.unescape(whole)
        yield read if len(read) == 1 else "\ufffd", len(whole)
    else:
        value = int(code[kind], 8 if kind == "octal" else 16)
        yield chr(value) if value <= sys.maxunicode else "\ufffd", len(whole)


def _first(octets: bytes, width: int, encoding: str) -> tuple[str, int] | None:
    """Return the character that the first octets stand for in an encoding, None where they stand for none."""
    try:
        read = octets[:width].decode(encoding)
    except UnicodeDecodeError:
        return None
    return (read, width) if len(read) == 1 and width <= len(octets) else None
