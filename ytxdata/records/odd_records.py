"""Which records may be more than one: those of a list not read the quick way, and those that say they met again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from ytxdata.records.aliases import Match, plain
from ytxdata.records.json_values import decoded
from ytxdata.records.signs import Signs, sample
from ytxdata.records.values import Values, as_list
from ytxdata.times import looks_like_instant, parse_instant

_MOST_WORDS = 8
"""How many words that end like the key of an id are counted: each takes as long as the brackets of a record."""


def that_may_hold_others(signs: Signs, raws: Sequence[bytes]) -> list[int]:
    """Return which records must be looked at closely: they hold more than words and one list of parties, or name
    another meeting among these.
    """
    looks = dict(_looks(signs, raws))
    naming = [i for i, is_odd in looks.items() if not is_odd]
    lists = [raws[i][raws[i].find(b"[") : raws[i].rfind(b"]")] for i in naming]
    # Looked for in every spelling in every record, this takes a third of the time of the parse: what is spelled like an
    # id in many records and is none (`userId`, a state `paid`) is subtracted.
    others = _like_ids(signs, sample(lists))
    named = [
        i
        for i, one in zip(naming, lists, strict=True)
        if sum(map(one.count, signs.id_ends)) > sum(map(one.count, others)) and signs.names_another(raws[i])
    ]
    return sorted([*named, *(i for i, is_odd in looks.items() if is_odd)])


def _like_ids(signs: Signs, texts: Sequence[bytes]) -> list[bytes]:
    """Return the most frequent words of some texts that end like the key of an id and are none."""
    ends = re.compile(rb'"[^"\\]*(?:%b)' % b"|".join(map(re.escape, signs.id_ends)))
    words = Counter(word for text in texts for word in ends.findall(text) if not signs.id_keys(word + b":1"))
    return [word for word, _ in words.most_common(_MOST_WORDS)]


def _looks(signs: Signs, raws: Sequence[bytes]) -> Iterator[tuple[int, bool]]:
    """Yield the records, hardly any, that hold more than words and one list of parties, and with False those in which
    an id may stand among these. Told by brackets, in a twentieth of the time that it takes to decode, and of each
    record alone: a meeting in a record's list was one at every third place of a list of records, and none elsewhere.
    """
    # one byte is found in a third of the time of a word, and few lists of parties have one of these: the last letter,
    # and of a Chinese one its middle, for they begin alike
    ends: dict[bytes, list[bytes]] = {}
    for word in signs.id_ends:
        at = 0 if word[:1] == b"\\" else len(word) - (2 if word.isascii() else 3)
        ends.setdefault(word[at : at + 1], []).append(word)
    before_parties = b"["
    for i, raw in enumerate(raws):
        first = raw.find(b"[")
        inner = raw.find(b"{", 1 if raw[:1] == b"{" else raw.find(b"{") + 1)
        if first < 0:
            if inner >= 0:
                yield i, True
            continue
        last = raw.rfind(b"]")
        if 0 <= inner < first or raw.find(b"[", first + 1) >= 0 or raw.find(b"{", last) >= 0:
            yield i, True
        elif inner >= 0:  # a list without objects holds no meeting, whatever its key
            if raw[first - len(before_parties) : first] != before_parties:
                end = raw.rfind(b'"', 0, first)
                start = raw.rfind(b'"', 0, end) + 1
                if not signs.is_parties(raw[start:end].decode("utf-8", "replace")):
                    yield i, True
                    continue
                before_parties = raw[start - 1 : first]
            for letter, words in ends.items():
                if raw.find(letter, first, last) >= 0 and any(raw.find(one, first, last) >= 0 for one in words):
                    yield i, False
                    break


_AGAIN = re.compile("second|2nd|第?[二两三四五](?:[场次])|第[2-9][场次]|(?<!\\d)[2-9]$|s$")
"""In a plain key, what makes of a start that of another sitting, or several of them."""


def several_starts(
    unknown: Sequence[str],
    values_of: Callable[[str], Values],
    look_up: Callable[[str], Match | None],
    starts: pa.Array,
) -> Iterator[tuple[int, str]]:
    """Yield the records that say when they began again, under a key that nobody reads (`secondStarttime`, `startTimes`)
    with that: the second sitting is in no row, and its time was PROVEN.
    """
    for key in unknown:
        short = plain(key)
        fed = look_up(_AGAIN.sub("", short, count=1)) if _AGAIN.search(short) else None
        if fed is None or fed.column != "started_at":
            continue
        for i, value in enumerate(as_list(values_of(key))):
            listed = decoded(value)
            said = listed if isinstance(listed, list) else [listed]
            times = [str(one) for one in said if looks_like_instant(one)]
            if any(parse_instant(one) not in (None, starts[i].as_py()) for one in times):
                yield i, f"{key}: {', '.join(times)}"
