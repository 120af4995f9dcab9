"""What stands beside something in an object and is its own: beside the one meeting its parties, and its words where it
has only its id; beside a time its zone, and beside a phone its codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import pyarrow as pa

from ytxdata.phones import is_country_code, joined
from ytxdata.records.aliases import OWN, PARTIES, Aliases, plain
from ytxdata.records.json_values import as_json, decoded
from ytxdata.records.values import Values, as_list, is_blank
from ytxdata.times import ZONE_KEY, in_zone, zone_text

SPAN = frozenset({"started_at", "ended_at", "duration_s"})
"""Columns that are taken together: beside an actual start, the end of a booking would be shown for the end."""

_BESIDE_PARTIES = frozenset({"name", "creator", "amount_yuan"})

_OF_MEETING = re.compile(
    "(?:meet(?:ing)?|conf(?:erence)?|the|base|basics?|main|general|detail(?:s|ed)?|info(?:s|rmation)?|data|record|summary"
    "|result|actual|real|times?|timings?|会议|基本|基础|详情|详细|信息|数据|资料|记录|概要|摘要|实际|时间|的)+"
)
"""Plain keys under which a record describes its own meeting, or says when it was. What else it names (`recurrence`,
`poll`, `bill`, `file`) has times, a length and a name of its own: any list of such words had gaps, and a mail's
duration was the meeting's."""

_OF_ANOTHER = re.compile(
    "book|plan|orig|old|prev|last|next|template|series|room|before|history|预|原|旧|上一|下一|模板|系列|会议室", re.I
)
"""In keys under which a record describes what its meeting is not: what it was to be, its room, the one behind it."""

_ID_ALONE = frozenset({"$", "@attributes", "attributes", "_attributes", "key", "_key", "id", "_id"})
"""Keys under which what makes JSON of XML, and databases, put the id and leave the rest of the meeting beside it."""

_REST = frozenset(
    {
        "attributes", "source", "doc", "document", "fields", "properties", "value", "values", "current", "node", "item",
        "entity", "resource", "payload", "content", "body", "object", "entry"
    }
)  # fmt: skip
"""Plain keys under which frameworks put all of an object but its id (JSON:API, Elasticsearch, CouchDB, Airtable, Relay)."""

_EMBEDS = frozenset({"embedded", "innerhits", "expand", "expanded", "relations"})
"""Plain keys under which frameworks put the lists that belong to an object (HAL, Elasticsearch)."""


def holds_rest(key: str) -> bool:
    """Return whether all of a record but its id usually stands under a key.

    Examples
    --------
    >>> holds_rest("_source"), holds_rest("会议详情"), holds_rest("booking")
    (True, True, False)
    """
    return plain(key) in _REST or is_of_meeting(key)


def holds_lists(key: str) -> bool:
    """Return whether the lists that belong to a record usually stand under a key.

    Examples
    --------
    >>> holds_lists("_embedded"), holds_lists("invited")
    (True, False)
    """
    return plain(key) in _EMBEDS or holds_rest(key)


def is_of_meeting(path: str) -> bool:
    """Return whether keys, with dots between, all name the meeting itself.

    Examples
    --------
    >>> is_of_meeting("meetingInfo"), is_of_meeting("data.会议详情"), is_of_meeting("detail.poll")
    (True, True, False)
    """
    return all(_OF_MEETING.fullmatch(plain(key)) for key in path.split("."))


def is_of_another(key: str) -> bool:
    """Return whether a key says that what stands under it is not the meeting as it was.

    Examples
    --------
    >>> is_of_another("nextMeeting"), is_of_another("schedule")
    (True, False)
    """
    return _OF_ANOTHER.search(key) is not None


def names_zone(key: str) -> bool:
    """Return whether a key is that of a zone, also of a start's or an end's.

    Examples
    --------
    >>> [names_zone(key) for key in ("time_zone", "tz", "startTimeZone", "gmtOffset", "zoned", "offset")]
    [True, True, True, True, False, False]
    """
    return ZONE_KEY.fullmatch(plain(key)) is not None


_ANY_TIME = "2026-01-05 12:00:00"

_MAY_BE_A_CLOUDS = re.compile("zone(?:id|name|info)?")
_SURE_ZONE = re.compile(
    r"(?i)\(?(?:UTC|GMT)\b.*|[+-]\d.*|[A-Z]+/[A-Z_/]+|(?:[ECMPJK][SD]|MSK?|IS|BS|CE?ES|CE|EE|EES|AE[SD]|NZ[SD])T|.* Time|.*时间"
)
"""What is surely a zone under a plain key that may be a cloud's or a floor's (`zone: cn-hangzhou-b`)."""


def other_zone(key: str, value: Any, time: str = _ANY_TIME) -> str | None:
    """Return the zone under a key of one where a time is not known to be of it as it is read, in Beijing's; None for
    what is empty or no zone.

    Examples
    --------
    >>> [other_zone("timezone", one) for one in ("UTC", -5, "Mars", "GMT+8:00", 28800, "Asia/Hong_Kong", None)]
    ['UTC', '-5', 'Mars', None, None, None, None]
    >>> [other_zone("zone", one) for one in ("America/New_York", "cn-hangzhou-b", 3)]
    ['America/New_York', None, None]
    """
    if is_blank(value) or isinstance(value, (bool, list, dict)):
        return None
    said = zone_text(plain(key), value)
    if _MAY_BE_A_CLOUDS.fullmatch(plain(key)) and not _SURE_ZONE.fullmatch(said):
        return None
    return None if in_zone(time, said) == time else said


def as_one_meeting(value: dict[str, Any], aliases: Aliases) -> dict[str, Any] | None:
    """Return the one meeting in an object together with its parties and its words that stand beside it; None where
    that is not its form.

    Words are its own where it goes by the name of a meeting and says nothing of when, and they do: the times of a room
    beside its next meeting, or of a question, would be shown for its own.

    Examples
    --------
    >>> as_one_meeting({"conf": {"meid": "1"}, "members": ["15400000001"]}, Aliases())
    {'meid': '1', 'members': ['15400000001']}
    >>> as_one_meeting({"@attributes": {"meid": "1"}, "starttime": "2026-01-05 10:00"}, Aliases())
    {'meid': '1', 'starttime': '2026-01-05 10:00'}
    >>> as_one_meeting({"next": {"meid": "1"}, "starttime": "2026-01-05 10:00"}, Aliases())
    """
    fed = aliases.columns(value)
    if any(column == "meeting_id" and not isinstance(decoded(value[key]), dict) for key, column in fed.items()):
        return None  # nearly all say their id themselves
    parties = {key: value[key] for key, column in fed.items() if column == PARTIES}
    others = {key: decoded(one) for key, one in value.items() if key not in parties}
    meetings = [
        key for key, one in others.items() if isinstance(one, dict) and "meeting_id" in aliases.columns(one).values()
    ]
    if len(meetings) != 1 or any(column == "meeting_id" and key not in meetings for key, column in fed.items()):
        return None
    meeting = others.pop(meetings[0])
    inside = aliases.columns(meeting)
    said = {column for key, column in inside.items() if not is_blank(meeting[key])}
    may_be_own = not SPAN & said and (meetings[0] in _ID_ALONE or is_of_meeting(meetings[0]))
    words = {key: value[key] for key in others if key in fed and fed[key] not in said and not is_blank(value[key])}
    # A state or a creator alone may be the answer's.
    if not (may_be_own and any(fed[key] in SPAN for key in words)):
        # Whose parties stand there, his are the name and the creator too; when, may be said of a question.
        is_whole = bool(parties) and is_of_meeting(meetings[0])
        words = {key: one for key, one in words.items() if is_whole and fed[key] in _BESIDE_PARTIES}
    # What lists its parties is whole: beside it a question has times too.
    if not (parties or words) or PARTIES in inside.values():
        return None
    # What else stands beside them may be parties too, under a name nobody knows: that is told.
    unknown = {key: one for key, one in others.items() if key not in fed}
    return {**unknown, **meeting, **words, **parties}


_OF_PHONE = f"{OWN['phone'].pattern}(?:电话|手机|座机|固话|号码)?"
_OF_LINE = ("phone", "tel", "mobile", "电话", "手机", "座机", "固话")
_SURE = "|".join(("(?<!.)", *(f"(?<={word})" for word in _OF_LINE)))
_PARTS = tuple(
    (part, re.compile(f"({_OF_PHONE})(?:{keys})"), re.compile(values))
    for part, keys, values in (
        ("country", "(?:country|nation)(?:calling)?(?:code|no|num|prefix)|国家?代?码|国际区号", ".+"),
        ("country", "dial(?:ing)?code|phonecode|(?:calling|international|intl)code|国家区号", r"\+?\d{1,3}"),
        ("country", "mobilearea(?:code|no)|手机区号", r"\+?[1-9]\d{0,2}|00\d{1,3}"),
        ("area", f"(?:{_SURE})(?:area(?:code|no)|区号)", ".+"),
        ("area", "area(?:code|no)|区号", r"\+?\d{1,4}"),
        ("country", "(?:isd|idd)(?:code|prefix)|国际前缀", r"\+\d{1,3}|00[1-9]\d{0,2}|[2-9]\d{1,2}|[17]"),
        # one digit is dialled to get out of an office: with a 9 a mobile here was somebody's in India
        ("country", "(?:cell|mobile|phone|tel|dial)(?:code|prefix)", r"\+\d{1,3}|00[1-9]\d{0,2}|[2-9]\d{1,2}"),
        ("country", "prefix|statecode", r"\+\d{1,3}|00[1-9]\d{0,2}"),
        (
            "area",
            "area(?:number)?|citycode|(?:std|zone|trunk|phone|tel|dial)(?:code|prefix)|prefix|(?:长途|城市)区号",
            r"\+\d{1,3}|0\d{2,3}",
        ),
        ("extension", "ext(?:ension)?(?:no|num|number)?|分机号?码?", r".*\d.*"),
        ("region", "(?<!.)area", r"[1-9]\d{1,2}"),
    )
)
"""In plain keys of a party, behind words of its own, what stands beside its phone and is part of the number, the surest
first; of words that mean other things, too (a district, an SMS code), only what has the form of one."""


@lru_cache(maxsize=4096)
def _parts(key: str) -> tuple[tuple[tuple[bool, bool, int], str, re.Pattern[str]], ...]:
    """Return which part of a number a key may give, how sure that is (behind a line's word it is the phone's, with none
    it may be a district's, behind others of any line), and its form."""
    found = ((i, part, keys.fullmatch(plain(key)), form) for i, (part, keys, form) in enumerate(_PARTS))
    return tuple(((not it[1].endswith(_OF_LINE), it[1] != "", i), part, form) for i, part, it, form in found if it)


def _parts_in(number: Any, said: Iterable[tuple[str, Any]]) -> dict[str, list[str]]:
    """Return what keys and values give of a number beside it, codes and an extension: the surest, or those of them."""
    given = [(key, one) for key, one in said if not isinstance(one, (bool, list, dict, type(None)))]
    # read in bulk, a number is an amount of many decimals (`0E-38`)
    texts = ((key, f"{one:f}" if isinstance(one, Decimal) else str(one)) for key, one in given)
    # zeros say nothing: beside a whole mobile they were a country that makes no number
    said = ((key, text.partition(".")[0].strip()) for key, text in texts if text.strip("0. ") and text != str(number))
    forms = ((text, next((one for one in _parts(key) if one[2].fullmatch(text)), None)) for key, text in said)
    found = sorted((one[1], one[0], text) for text, one in forms if one)
    surest = {part: rank for part, rank, _ in reversed(found)}
    parts = {part: [text for of, rank, text in found if (of, rank) == (part, surest[part])] for part in surest}
    # the number of a region was the area of each party in it, whatever its `areaCode` said
    region = parts.pop("region", [""])
    return parts | ({"area": region} if not {"area", "country"} & parts.keys() and is_country_code(region[0]) else {})


def _whole(number: str, parts: Mapping[str, list[str]]) -> str | None:
    """Return a number with its parts; None where they make none, or several: the last in the alphabet won."""
    first = {part: texts[0] for part, texts in parts.items()}
    made = {joined(number, **first | {part: text}) for part, texts in parts.items() for text in texts}
    return made.pop() if len(made) == 1 else None


def with_own_parts(number: Any, said: Mapping[str, Any], front: str = "") -> Any:
    """Return a number with the codes and the extension that stand beside it in an object, under keys that begin with
    some words, or as it stands there where they make none.

    Examples
    --------
    >>> with_own_parts(88880000, {"hostAreaCode": "0755"}, "host"), with_own_parts("88880000", {"areaCode": "0755"})
    ('075588880000', '075588880000')
    """
    parts = [(short, said[key]) for key, short in _behind(front, said)]  # of nearly all none
    return (_whole(str(number), _parts_in(number, parts)) if parts else None) or number


def _behind(front: str, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys that give a part of a number behind some words, each with what is behind them."""
    return ((key, short) for key in keys if (short := _without(front, key)) is not None and _parts(short))


@lru_cache(maxsize=4096)
def _without(front: str, key: str) -> str | None:
    """Return what is behind some words in a plain key, None where it does not begin with them; without words the key."""
    short = re.sub(f"^(?:{front})", "", plain(key)) if front else key
    return None if front and short == plain(key) else short


def with_parts(
    texts: pa.Array, unknown: Sequence[str], values_of: Callable[[str], Values], front: str = ""
) -> tuple[pa.Array, list[tuple[int, str]]]:
    """Return phones with the codes and extensions beside them, under keys that begin with some words, and those that
    cannot be joined: without, 88880000 in Shenzhen and in Guangzhou are one person."""
    said = [(short, as_list(values_of(key))) for key, short in _behind(front, unknown)]
    found: list[str | None] = texts.to_pylist() if said else []
    told: list[tuple[int, str]] = []
    for i, text in enumerate(found):
        if text and (parts := _parts_in(text, ((key, one[i]) for key, one in said))):
            whole = _whole(text, parts)
            found[i] = whole or text
            given = {part: texts[0] if len(texts) == 1 else texts for part, texts in parts.items()}
            told += [] if whole else [(i, as_json({**given, "phone": text}))]
    return (pa.array(found, pa.string()) if said else texts), told
