"""Which records may be more than one: those of a list not read the quick way, those in whose texts another meeting
stands, and those that say they met again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ytxdata.records.aliases import OF_PAGES, Aliases, Match, plain
from ytxdata.records.json_values import as_json, decoded, read_value
from ytxdata.records.party_names import number_text
from ytxdata.records.signs import EVIDENCE, Signs, inside, objects_inside, sample
from ytxdata.records.values import Values, as_list, rows_where
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


_MOST_WRAPS = 3
"""How often JSON text in JSON text is undone to look for a meeting."""

_KEY = re.compile(rb'"([^"]{1,99})"\s*:')


def texts_with_meetings(signs: Signs, value: dict[str, Any], meeting_id: str | None) -> Iterator[str]:
    """Yield the texts in a decoded record that are JSON and hold another meeting, however often it was wrapped, or
    one without an id: the record's own parties and times would be overlooked there.

    The record's own meeting may itself stand in a text, beside a list of its parties: `meeting_id` is the one it
    was read as.
    """
    own = signs.ids_of(value) | ({meeting_id} if meeting_id else set())
    for key, member in value.items():
        # What the text of the parties says of them is read there.
        is_unread = not signs.is_parties(key)
        for text in _texts_inside({key: member}):
            inner = {"": _said(text)}
            if inner[""] is None and _is_told_in_part(signs, text, own):
                yield text
                continue
            for _ in range(_MOST_WRAPS):
                if any(_is_told(signs, one, own, is_unread=is_unread) for one in objects_inside(inner)):
                    yield text
                    break
                inner = {"": [_said(one) for one in _texts_inside(inner)]}


def _is_told(signs: Signs, value: dict[str, Any], own: set[str], *, is_unread: bool) -> bool:
    """Return whether a decoded object is another meeting, or has no id and parties or a creator and times."""
    if ids := signs.ids_of(value):
        return bool(ids - own) and signs.is_another(value, own)
    if not is_unread or signs.aliases.has_phone(value):
        return False
    columns = {fed.column for key, one in value.items() if one and (fed := signs.aliases.meeting(key))}
    has_parties = any(
        signs.is_parties(key) and isinstance(decoded(one), (list, dict)) for key, one in value.items() if one
    )
    return has_parties or ("creator" in columns and bool(columns & {"started_at", "ended_at"}))


def _is_told_in_part(signs: Signs, text: str, own: set[str]) -> bool:
    """Return whether text that cannot be read as JSON names another meeting and says something of it: a column of so
    many letters cut it, or a log put a word in front.
    """
    raw = text.encode("utf-8", "surrogatepass").replace(b"\\", b"")
    if not signs.ids_in(raw) - own:
        return False
    keys = [key.decode("utf-8", "replace") for key in _KEY.findall(raw)]
    return not EVIDENCE.isdisjoint(signs.aliases.columns(keys).values())


def _said(text: str) -> Any:
    """Return what a text says if it is JSON, which may be wrapped in quotes; else None."""
    is_json = text.lstrip()[:1] in ("{", "[", '"')
    read = read_value(text.strip().encode("utf-8", "surrogatepass")) if is_json else None
    return None if read is None else read.value


def _texts_inside(value: dict[str, Any]) -> Iterator[str]:
    """Yield the texts inside a decoded object, at any depth."""
    return (one for one in inside(value) if isinstance(one, str))


_AGAIN = re.compile("second|2nd|第?[二两三四五](?:[场次])|第[2-9][场次]|(?<!\\d)[2-9]$|s$")
"""In a plain key, what makes of a start that of another sitting, or several of them."""

_RESUMED = re.compile(
    "(?:meeting|conf(?:erence)?|会议)?(?:re(?:start|sum|open|conven|began|begin)|再次开|重新开|续会|复会)"
)
"""How a plain key begins that says when a meeting went on, whatever else stands in it."""

_SITTINGS = re.compile(
    "(?:sub|sit|meeting|conf(?:erence)?)*(?:session|sitting|round)s?(?:count|num|total|qty)"
    "|(?:n|num(?:ber)?|count|total)(?:of)?(?:session|sitting|round)s|(?:会议|召开|开会|分会)(?:场次|次)数|场次数"
)
_PARTS = re.compile(
    "(?:sub|child|part|merged)(?:from)?(?:meeting|conf(?:erence)?|session)s?(?:from|ids?|nos?|list)?|mergedfrom(?:ids?)?|子会议.*"
)
"""Plain keys of how many sittings there were, and of the meetings that one is made of."""

_BETWEEN_TIMES = re.compile(r"\s*[,;，；、|]\s*")


def several_starts(
    unknown: Sequence[str],
    values_of: Callable[[str], Values],
    look_up: Callable[[str], Match | None],
    starts: pa.Array,
) -> Iterator[tuple[int, str]]:
    """Yield the records that say when they began again, under a key that nobody reads (`secondStarttime`, `startTimes`,
    `resumeTime`), or that they are more than one (`sessionCount`, `subMeetingIds`), with that: the second sitting is in
    no row, and its time was PROVEN.
    """
    for key in unknown:
        short = plain(key)
        if _SITTINGS.fullmatch(short) or _PARTS.fullmatch(short):
            for i, value in enumerate(as_list(values_of(key))):
                if _are_several(decoded(value)):
                    yield i, f"{key}: {as_json(value) if isinstance(value, list) else number_text(value)}"
        elif _says_start(short, look_up):
            for i, value in enumerate(as_list(values_of(key))):
                listed = decoded(value)
                said = listed if isinstance(listed, list) else _BETWEEN_TIMES.split(str(listed))
                times = [str(one) for one in said if looks_like_instant(one)]
                if any(parse_instant(one) not in (None, starts[i].as_py()) for one in times):
                    yield i, f"{key}: {', '.join(times)}"


def meetings_among_parties(
    unknown: Sequence[str],
    values_of: Callable[[str], Values],
    arrays: Mapping[str, pa.Array],
    names: tuple[Any, Values],
    aliases: Aliases,
) -> Iterator[tuple[int, str]]:
    """Yield the legs that joined what is called otherwise than their meeting, by a key of a meeting's name, with that:
    one that lost its id in the list of another's parties was a leg of that. `names` are the meeting of each leg, and
    what meetings are called.
    """
    for key in filter(aliases.is_name_of_meeting, unknown):
        values, own = as_list(values_of(key)), as_list(names[1])
        for i in rows_where(arrays["joined_at"].is_valid()):
            if values[i] not in (None, "") and not (own and own[names[0][i]] == values[i]):
                yield i, f"{key}: {as_json(values[i])}"


def _says_start(key: str, look_up: Callable[[str], Match | None]) -> bool:
    """Return whether a plain key that nobody reads is of a start that was not the first, or of several."""
    if _RESUMED.match(key):
        return True
    start = _AGAIN.sub("", key, count=1)
    fed = look_up(start)
    return start != key and (fed.column if fed else OF_PAGES.get(start)) == "started_at"


def _are_several(value: object) -> bool:
    """Return whether a value is a number above one, or lists words."""
    if isinstance(value, list):
        return any(isinstance(one, (str, int)) and one != "" for one in value)
    return re.fullmatch(r"0*(?:[2-9]|[1-9]\d{1,3})(?:\.0*)?", str(value).strip()) is not None
