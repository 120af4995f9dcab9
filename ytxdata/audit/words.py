"""Small pieces of sentences: spans of time, instants, numbers, lists of ids."""

from __future__ import annotations

from collections.abc import Sequence

from ytxdata.audit.data import instant_of
from ytxdata.labels import Text
from ytxdata.times import beijing_text


def span(seconds: float) -> str:
    """Return a length of time as people read it.

    Examples
    --------
    >>> span(14400), span(6), span(-75)
    ('4:00:00', '0:00:06', '-0:01:15')
    """
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 else ""
    return f"{sign}{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def when(second: int | None) -> str:
    """Return a local epoch second as people read it; `—` when it is unknown."""
    return "—" if second is None else beijing_text(instant_of(second))


def those(ids: Sequence[str], most: int = 3) -> Text:
    """Return a few ids, and how many more there are.

    Examples
    --------
    >>> those(["1", "2", "3", "4"]).en
    '1, 2, 3 and 1 more'
    """
    rest = len(ids) - most
    zh, en = "、".join(ids[:most]), ", ".join(ids[:most])
    return Text(f"{zh} 等 {len(ids)} 场", f"{en} and {rest} more") if rest > 0 else Text(zh, en)
