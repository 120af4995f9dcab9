"""What stands beside the one meeting in an object and is its own: its parties, and its words where it has only its id."""

from __future__ import annotations

import re
from typing import Any

from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.json_values import decoded
from ytxdata.records.values import is_blank
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
