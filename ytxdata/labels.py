"""Words in both languages, as data: keys are never translated, only what people read."""

from __future__ import annotations

import locale
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from difflib import get_close_matches
from itertools import accumulate
from typing import Literal, NamedTuple

Lang = Literal["zh", "en", "both"]

LANGS: tuple[Lang, ...] = ("zh", "en", "both")


HIDDEN = "***"
"""What stands in place of a secret."""


class Text(NamedTuple):
    """One sentence or label in Chinese and English.

    Examples
    --------
    >>> from ytxdata.metrics import Text
    >>> Text("会议", "meetings").in_("zh")
    '会议'
    """

    zh: str
    en: str

    def in_(self, lang: Lang = "both", *, sep: str = " / ") -> str:
        """Return the text in one language, or both joined by `sep`.

        Examples
        --------
        >>> Text("会议", "meetings").in_("en")
        'meetings'
        >>> Text("会议", "meetings").in_()
        '会议 / meetings'
        """
        if lang == "zh":
            return self.zh
        if lang == "en":
            return self.en
        return self.zh if self.zh == self.en else f"{self.zh}{sep}{self.en}"

    def format(self, **values: object) -> Text:
        """Return the text with `{name}` placeholders filled in, in both languages."""
        return Text(self.zh.format(**values), self.en.format(**values))


NO_TEXT = Text("", "")
"""Nothing to say."""

_LINE_END = re.compile(r"\r\n?|[\x85\u2028\u2029]")
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # an escape sequence repaints a terminal, C1 does so in one byte
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks of direction: they show `fdp.exe` as `exe.pdf`
    "\ud800-\udfff\ufffe\uffff]"  # what no UTF-8 file and no page may hold
)
"""Characters that are never shown as they are."""


def printable(text: str, *, line: bool = False) -> str:
    """Return a text that can only be read: control characters, marks of direction and what is no character shown as
    `�`.

    Everything that people wrote (names of meetings and people, file names, the platform's own messages) goes through
    here before a terminal, a page, a picture or a workbook shows it.

    Parameters
    ----------
    text
        What somebody wrote.
    line
        Line ends and tabs become blanks, for where a second line could pass for one of ours.

    Examples
    --------
    >>> printable("周会" + chr(27) + "[2J" + chr(0x202E)), printable("a" + chr(10) + "b", line=True)
    ('周会�[2J�', 'a b')
    """
    if text.isprintable():  # nearly all are, and to know it takes a tenth of the time
        return text
    shown = UNPRINTABLE.sub("�", _LINE_END.sub("\n", text))
    return re.sub(r"[\n\t]+", " ", shown) if line else shown


def counted(n: int, noun: str) -> str:
    """Return a number and its English noun.

    Examples
    --------
    >>> counted(1, "record"), counted(2026, "record")
    ('1 record', '2,026 records')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def decimal_text(value: Decimal) -> str:
    """Return a decimal without exponent and without zeros that say nothing; it is exact.

    Examples
    --------
    >>> decimal_text(Decimal("12.500000000000000000")), decimal_text(Decimal("1E+3")), decimal_text(Decimal("0E-9"))
    ('12.5', '1000', '0')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_ANY_SIZE = Context(prec=400)
"""A float has up to 309 digits before its point."""


def half_up(value: float | Decimal, decimals: int) -> str:
    """Return a number with thousands apart and so many decimals, rounded as a spreadsheet rounds what it shows: half
    away from zero, by the digits that the number is written with.

    Python rounds to even, and by a float's binary value: a page would show 2,235.2 where the workbook beside it has
    2,235.3.

    Examples
    --------
    >>> half_up(2235.25, 1), half_up(131.85, 1), half_up(Decimal("-0.05"), 1), half_up(-0.01, 1)
    ('2,235.3', '131.9', '-0.1', '0.0')
    """
    exact = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        return f"{value:,.{decimals}f}"
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _ANY_SIZE)
    return f"{rounded if rounded else abs(rounded):,f}"


def closest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known word that was probably meant.

    Examples
    --------
    >>> closest("compny", ["region", "company"])
    'company'
    """
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)


def in_one(texts: Iterable[Text], zh: str = "；", en: str = "; ") -> Text:
    """Return texts as one, with these signs between them.

    Examples
    --------
    >>> in_one([Text("一", "one"), Text("二", "two")])
    Text(zh='一；二', en='one; two')
    """
    listed = list(texts)
    return Text(zh.join(text.zh for text in listed), en.join(text.en for text in listed))


def in_lines(texts: Iterable[Text]) -> Text:
    """Return texts as one, a line each."""
    return in_one(texts, "\n", "\n")


_LOCALE = re.compile(r"(?P<lang>zh|en|both)(?![a-z]).*|(?P<zh>chinese).*|(?P<en>english).*", re.DOTALL)


def lang_named(name: str) -> Lang | None:
    """Return the language that a word says, or the name of a locale; None where it is neither of ours.

    Examples
    --------
    >>> [lang_named(one) for one in ("zh", "zh_CN.UTF-8", "EN", "Chinese (Simplified)_China.936", "french")]
    ['zh', 'zh', 'en', 'zh', None]
    """
    found = _LOCALE.fullmatch(name.strip().lower())
    if found is None:
        return None
    return next(lang for lang in LANGS if lang in (found["lang"], found.lastgroup))


def preferred_lang() -> Lang:
    """Return the reader's language: `YTX_LANG`, else `zh` on a Chinese locale, else `en`."""
    if chosen := lang_named(os.environ.get("YTX_LANG", "")):
        return chosen
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next((name for name in names if name), None) or locale.getlocale()[0] or ""
    return lang_named(name) or "en"


def aligned(rows: Iterable[Iterable[str]]) -> str:
    """Return rows of cells as lines whose columns stand below each other, a Chinese character taking two places; what a
    cell holds is one line.

    Examples
    --------
    >>> print(aligned([["检查", "n"], ["over_long", "12"]]))
    检查       n
    over_long  12
    """
    columns = list(zip(*([printable(cell, line=True) for cell in row] for row in rows), strict=True))
    widths = [max(map(_places, column)) for column in columns]
    padded = [
        [cell + " " * (most - _places(cell)) for cell in column] for column, most in zip(columns, widths, strict=True)
    ]
    return "\n".join("  ".join(line).rstrip() for line in zip(*padded, strict=True))


def fitting(rows: list[list[str]], width: int) -> tuple[list[list[str]], int]:
    """Return as many of the first columns as `aligned` puts on a line of that width, at least one, and how many are
    left.

    Examples
    --------
    >>> fitting([["period", "meetings"], ["2026-03", "86"]], 12)
    ([['period'], ['2026-03']], 1)
    """
    widths = [max(map(_places, column)) + 2 for column in zip(*rows, strict=True)]
    ends = accumulate(widths)
    n = max(1, sum(end - 2 <= width for end in ends))
    return [row[:n] for row in rows], len(widths) - n


def columns_of(text: str, wide: str = "WFA") -> int:
    """Return how many columns a text takes: a Chinese character two, and what Chinese fonts draw as wide (`·`, `…`); a
    terminal draws those narrow (`WF`).

    Examples
    --------
    >>> columns_of("会议 42")
    7
    """
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in wide else 1 for character in text)


def _places(text: str) -> int:
    return columns_of(text, "WF")


_NEVER_FIRST = "，。；：、！？）》”’"


def wrapped(text: str, room: int) -> list[str]:
    """Return a text in lines of at most `room` columns; a Chinese character takes two.

    Examples
    --------
    >>> wrapped("会议完整 all of it", 8)
    ['会议完整', 'all of', 'it']
    """
    lines, line, used = [], "", 0
    for word in _words(text):
        wide = columns_of(word)
        if used + wide > room and line.strip() and word not in _NEVER_FIRST:
            lines.append(line.strip())
            line, used = "", 0
        line += word
        used += wide
    return [*lines, line.strip()] if line.strip() else lines


def _words(text: str) -> Iterator[str]:
    word = ""
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            if word:
                yield word
            word = ""
            yield character
        else:
            word += character
            if character == " ":
                yield word
                word = ""
    if word:
        yield word


_TRADITIONAL = str.maketrans(
    "總計額費稅餘結儲繳應實預還條場筆數長幣減優違約滯納單賬帳頁當價調沖轉現購銀務項無備註審複經辦說導製電話時間開號碼會議編參貳陸萬億圓與類別戶讓補貼罰",
    "总计额费税余结储缴应实预还条场笔数长币减优违约滞纳单账账页当价调冲转现购银务项无备注审复经办说导制电话时间开号码会议编参贰陆万亿圆与类别户让补贴罚",
)


def plain_words(text: str) -> str:
    """Return words as they are compared: of usual width, and in simplified characters as far as bills write others.

    Examples
    --------
    >>> plain_words("Ｔｏｔａｌ"), plain_words("合計（元）"), plain_words("總費用")
    ('Total', '合计(元)', '总费用')
    """
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_TRADITIONAL)


_EMPTY = re.compile(r"[-—–−/\s]*|#?n/?a|无|null|none|\(null\)|\\n", re.IGNORECASE)


def filled(cell: str) -> str:
    """Return a cell without blanks around it; one of dashes, as people fill what is empty, or of what a database writes
    for it, says nothing.

    Examples
    --------
    >>> filled(" 税额 "), filled("--"), filled("N/A"), filled("null"), filled("-1")
    ('税额', '', '', '', '-1')
    """
    text = cell.strip()
    return "" if not text or _EMPTY.fullmatch(text) else text
