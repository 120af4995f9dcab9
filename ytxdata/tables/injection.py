"""Text that a spreadsheet would run as a formula, made harmless and brought back.

One apostrophe is put before a cell whose first visible character starts a formula (`= + - @`, also in full width, also after
blanks), or that begins with Tab, CR or LF. A cell that already has apostrophes before such a text gets one more, so that taking one
away always gives the original. All other text is left alone.
"""

from __future__ import annotations

import re

_BLANK = r"\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff"
_DANGEROUS = re.compile(rf"'*[{_BLANK}]*[=+\-@＝＋－＠﹦﹢﹣﹫−\t\r\n]")
_NUMBER = re.compile(r"\+?[0-9]{5,15}")


def escape(text: str, *, is_number: bool = False) -> str:
    """Return the text as it may stand in a cell of a CSV or a spreadsheet.

    Parameters
    ----------
    text
        The cell as it is meant.
    is_number
        The column holds telephone numbers or ids: a bare number such as `+8613812345678` is no formula and stays as it is.

    Examples
    --------
    >>> escape("=1+1"), escape("周会"), escape("+8613812345678", is_number=True), escape("'=1")
    ("'=1+1", '周会', '+8613812345678', "''=1")
    """
    if not _DANGEROUS.match(text) or (is_number and _NUMBER.fullmatch(text)):
        return text
    return f"'{text}"


def unescape(text: str) -> str:
    """Return the text as it was meant: what `escape` added is taken away.

    Examples
    --------
    >>> unescape("'=1+1"), unescape("'tis"), unescape(escape("'=1"))
    ('=1+1', "'tis", "'=1")
    """
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text
