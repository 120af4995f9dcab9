"""What a character is read as: one written in code, as in addresses, markup and strings of programs (`%31`, `&#49;`,
`\\u0031`), and one of another script or width; and the digits that stand side by side, with the days and times among
them.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
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


_READ_AS = {"（": "(", "）": ")", "＋": "+", "．": ".", "／": "/", "・": "·", "⁄": "/", "∙": "·", "⋅": "·", "‧": "·"}
_READ_AS |= dict.fromkeys("\u115f\u1160\u2800\u3164", "")  # fillers
CHINESE = {ord(digit): str(value) for value, digits in enumerate(("〇零", "一幺壹", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")) for digit in digits}  # fmt: skip


GROUP = re.compile(r"[0-9]+")
TIME = re.compile(r"(?:[01][0-9]|2[0-4])[0-5][0-9]")
_BETWEEN = re.compile(r"[ .·•()/-]{1,3}")  # three: `138 - 1234 - 5678`


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


def legible(text: str) -> str:
    """Return a text as it is read."""
    return "".join(plain(sign.read) for sign in decoded([Sign(one, 0, 0) for one in text]))


def plain(character: str) -> str:
    """Return one character as it is read: a digit, a dash or a blank of whatever script as the plain one, nothing for
    what cannot be seen.
    """
    if character.isascii() and character.isalnum():
        return character
    digit = unicodedata.digit(character, -1)  # with the circled, raised and lowered ones
    if digit >= 0:
        return str(digit)
    kind = unicodedata.category(character)
    if kind == "Zs" or character == "\t":
        return " "
    if kind == "Pd" or character in "−_‾˗⁃ー‐":
        return "-"
    # zero width, soft hyphens, marks set upon a letter, keycaps, private use, control characters, fillers
    if character != "\n" and kind in ("Cf", "Cc", "Co", "Mn", "Me", "Zl", "Zp"):
        return ""
    return _READ_AS.get(character, character)


def apart(written: str, read: str) -> str:
    """Return how a character is read, a circled, raised or lowered numeral as a letter: in front of a number it is a
    bullet, behind it a footnote.
    """
    return "ª" if read.isdigit() and unicodedata.decimal(written, -1) < 0 else read


class DigitGroup(NamedTuple):
    """Some digits side by side: their place in the text, and what stands between them and the group before."""

    start: int
    end: int
    digits: str
    gap: str


def chains(text: str) -> Iterator[list[DigitGroup]]:
    """Yield the groups of digits that have nothing but a little space and punctuation between them."""
    chain: list[DigitGroup] = []
    for found in GROUP.finditer(text):
        gap = text[chain[-1].end : found.start()] if chain else ""
        if chain and not _BETWEEN.fullmatch(gap):
            yield chain
            chain, gap = [], ""
        chain.append(DigitGroup(found.start(), found.end(), found[0], gap))
    if chain:
        yield chain


def holds_date(window: Sequence[DigitGroup]) -> bool:
    """Tell whether three neighbouring groups are year, month and day (or the other way round), or one is all of them."""
    texts = [group.digits.zfill(2) for group in window]
    triples = [texts[at : at + 3] for at in range(len(texts) - 2)]
    dates = [three for three in (*triples, *([*reversed(three)] for three in triples)) if len(three[0]) == 4]
    return any(map(is_date, (*texts, *map("".join, dates))))


def are_times(groups: Sequence[str]) -> bool:
    """Tell whether groups of digits are two times of day."""
    return len(groups) == 2 and all(map(TIME.fullmatch, groups))


def is_date(digits: str) -> bool:
    """Tell whether digits are a date, with or without a time, of the years 1950 to 2049: later ones are rather the
    local numbers that begin with 20.
    """
    form = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits))
    if form is None or not "1950" <= digits[:4] <= "2049":
        return False
    try:
        datetime.strptime(digits, form)  # noqa: DTZ007  only asked whether it is one
    except ValueError:
        return False
    return True
