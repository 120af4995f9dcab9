"""Which records of a list may be more than one: all others are read the quick way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ytxdata.records.signs import Signs, sample

_MOST_WORDS = 8
"""How many words that end like the key of an id are counted: each takes as long as the brackets of a record."""


def that_may_hold_others(signs: Signs, raws: Sequence[bytes]) -> list[int]:
    """Return which records must be looked at closely: they hold more than words and one list of parties, or name
    another meeting among these.
    """
    known: dict[bytes, bool] = {}
    looks = [_look(raw, signs, known) for raw in raws]
    naming = [i for i, look in enumerate(looks) if look is None]
    lists = [raws[i][raws[i].find(b"[") : raws[i].rfind(b"]")] for i in naming]
    # Looked for in every spelling in every record, this takes a third of the time of the parse: what is spelled like an
    # id in many records and is none (`userId`, a state `paid`) is subtracted.
    others = _like_ids(signs, sample(lists))
    named = [
        i
        for i, one in zip(naming, lists, strict=True)
        if sum(map(one.count, signs.id_ends)) > sum(map(one.count, others)) and signs.names_another(raws[i])
    ]
    return sorted({*named, *(i for i, look in enumerate(looks) if look is False)})


def _like_ids(signs: Signs, texts: Sequence[bytes]) -> list[bytes]:
    """Return the most frequent words of some texts that end like the key of an id and are none."""
    ends = re.compile(rb'"[^"\\]*(?:%b)' % b"|".join(map(re.escape, signs.id_ends)))
    words = Counter(word for text in texts for word in ends.findall(text) if not signs.id_keys(word + b":1"))
    return [word for word, _ in words.most_common(_MOST_WORDS)]


def _look(raw: bytes, signs: Signs, known: dict[bytes, bool]) -> bool | None:
    """Return whether a record holds nothing but words and one list of parties, as nearly all do; None where an id may
    stand among these. Told by its brackets, in a tenth of the time that it takes to decode, and of each alone: a
    meeting in a record's list was one at every third place of a list of records, and none elsewhere.
    """
    first = raw.find(b"[")
    if first < 0:
        return raw.count(b"{") <= 1
    last = raw.rfind(b"]")
    has_more = raw.find(b"[", first + 1) >= 0 or raw.find(b"{", last) >= 0
    if has_more or raw.find(b"{", raw.find(b"{") + 1, first) >= 0:
        return False
    # A list without objects holds no meeting, whatever its key.
    if raw.find(b"{", first) < 0:
        return True
    end = raw.rfind(b'"', 0, first)
    key = raw[raw.rfind(b'"', 0, end) + 1 : end]
    if key not in known:
        known[key] = signs.is_parties(key.decode("utf-8", "replace"))
    if not known[key]:
        return False
    for one in signs.id_ends:
        if raw.find(one, first, last) >= 0:
            return None
    return True
