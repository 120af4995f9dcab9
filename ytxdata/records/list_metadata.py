"""What frameworks put beside a list to describe it (links, columns, facets, sums) and the question that it answers: it
tells of no meeting, by all that it says.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from ytxdata.records.aliases import PARTIES, bare, column_of, plain
from ytxdata.records.json_values import decoded, read_object, read_value, scalar
from ytxdata.records.paging import DATED, MESSAGE_KEYS, PAGE_KEYS, as_word, says_nothing, totals
from ytxdata.records.signs import EVIDENCE, QUESTION_KEYS, Signs, objects_inside
from ytxdata.records.spans import Found, Member, is_blank, members_of
from ytxdata.records.values import convert
from ytxdata.times import BEIJING, parse_instant, written_out

_PARTS = frozenset({"links", "link", "actions", "orders", "orderby", "sort", "sortby", "navigatepagenums", "errors"})
"""Keys under which frameworks list what describes a page, plain."""

_LINKS = frozenset({"self", "first", "prev", "previous", "next", "last", "firstpage", "lastpage"})
"""Keys of links, plain: each an object, or a list of such ones."""

_PART_WORDS = frozenset({
    "url", "uri", "label", "active", "page", "rel", "relation", "class", "name", "prompt", "render", "href", "hreflang", "media", "type", "title", "templated",
    "method", "profile", "deprecation", "column", "asc", "property", "direction", "ignorecase", "nullhandling", "ascending",
    "descending", "code", "message", "msg", "field", "reason"
})  # fmt: skip
"""All that the entries of such lists say, plain."""

_OF_WORDS = frozenset({"rel", "class"})
"""Those of them under which Siren has a list of words."""

_TABLE_KEYS = frozenset({
    "headers", "header", "columns", "titles", "labels", "schema", "fields", "fieldmap", "fieldnames", "mapping",
    "orderby", "sort", "sortby", "order"
})  # fmt: skip
"""Keys under which an object says of each column what it is called, of which type it is, or how rows are sorted, plain.
Its words are read as the values of a meeting otherwise: one whose id is `asc`.
"""

_COLUMN_WORDS = frozenset({
    "key", "title", "label", "name", "field", "type", "datatype", "width", "align", "prop", "dataindex", "sortable",
    "hidden", "visible", "format", "text", "description", "index", "fixed", "unit"
})  # fmt: skip
_BUCKET_WORDS = frozenset({
    "key", "keyasstring", "doccount", "from", "to", "fromasstring", "toasstring", "doccounterrorupperbound",
    "sumotherdoccount"
})  # fmt: skip
_NOTICE_WORDS = frozenset(
    {"title", "time", "date", "content", "text", "message", "level", "url", "link", "publishtime"}
)
_ASIDE_WORDS = {
    **dict.fromkeys(_TABLE_KEYS, _COLUMN_WORDS),
    **dict.fromkeys(("facets", "facet"), frozenset({"value", "count", "label", "name", "key", "term", "selected"})),
    **dict.fromkeys(("aggregations", "aggs", "buckets"), _BUCKET_WORDS),
    **dict.fromkeys(("notices", "notice", "announcements", "公告", "通知"), _NOTICE_WORDS),
    "hydra:mapping": frozenset({"type", "variable", "property", "required"}),
}
"""What frameworks list beside records, plain, and all that its entries say: one with any other word is told."""

_SUMS = frozenset({"合计", "总计", "小计", "平均", "total", "totals", "sum", "subtotal", "average"})
_OTHERS = frozenset(
    {"users", "user", "people", "person", "accounts", "account", "organizations", "departments", "tags"}
)
"""What a row of a table's foot calls itself, and of which types JSON:API includes what records refer to."""

_OF_FILES = frozenset({"creator", "created_at", "duration_s"})
"""What a recording, an invoice or a note of a deletion says too: it has who made it, when, and how long it is."""

_DELETED = re.compile("delet|remov|cancel|trash|recycl|purge|revok|discard|删除|移除|取消|作废|撤销|回收站")

_LIST_KEYS = frozenset({
    "list", "rows", "records", "record", "data", "datas", "datalist", "items", "item", "result", "results",
    "resultlist", "resultset", "return", "response", "body", "content", "elements", "edges", "nodes", "values",
    "value", "meetings", "meeting", "meetinglist", "meetinginfo", "meetingrecords", "conferences", "conferencelist",
    "confs", "conflist", "cdr", "cdrs", "cdrlist", "recordlist", "outdata", "docs", "documents", "hydra:member", "列表",
    "数据", "记录", "会议"
})  # fmt: skip
"""Keys under which a wrapper has its list, plain: an empty one there holds no meeting, whatever stands beside it."""

_DIGIT, _FEW = re.compile(r"\d"), re.compile(rb"\d{1,4}")
_CLOCK = re.compile(rb"\d\d:\d\d|\d{13}")
_LONGEST_TAG = 100

_OF_ROOM = frozenset({"meeting_id", "name", "app_id", "state", "creator", "created_at", "started_at", "ended_at"})
"""Columns that a room or a repeated question fills too."""

_POINTS = ("started_at", "ended_at", "booked_at")
_DAY, _SECONDS_OFF, _ABOUT_NOW = timedelta(days=1), 60, timedelta(seconds=5)
_ZERO = frozenset({"0", "0.0", "0.00"})

_LISTS_OBJECTS = re.compile(rb'"?\s*\[\s*\\*"?\s*[{\[]|"?\s*\{[^{\[]*\{')
"""How a list or a map of parties begins that are described; those of a question are words."""

SHORTEST_ID = 12
"""What is shorter may be any number, whatever form it has."""

_NUMBER_OF_ONE = re.compile("(?:meet(?:ing)?|conf(?:erence)?|call|session|会议)?(?:id|no|num(?:ber)?|code|sn|编?号)")
_SHORTEST_CREATOR = 4
"""What is no longer is a flag: it was created."""

_ANY_VALUE = re.compile(rb"\d{4}|[\[{]")
"""What a word of such an object never has, and a time, a phone and nearly every id do; nor does it hold an object."""


def is_aside(signs: Signs, member: Member, members: Sequence[Member]) -> bool:
    """Return whether a member only describes the list beside it: its columns and order, or the question that it
    answers, with no parties, no duration and no amount. The period that was asked for passed for a meeting of days.
    """
    if is_part(member.key, member.raw):
        return True
    if member.raw[:1] == b"[" and b"{" not in member.raw and announces_deletion(member.key):
        return True  # ids alone: how many is told
    is_flat = member.raw[:1] == b"{" and b"{" not in member.raw[1:]
    if not is_flat or plain(member.key) not in QUESTION_KEYS:
        return False
    has_list = any(plain(one.key) == "data" or is_empty_list(one) for one in members)
    said = members_of(member.raw)
    is_more = signs.columns(said) & {PARTIES, "duration_s", "amount_yuan"} or is_whole(signs, member.key, said)
    return has_list and not is_more


def is_part(key: str, raw: bytes) -> bool:
    """Return whether a member is what frameworks give with each page: links, orders, numbers of pages, columns."""
    name = bare(key)
    if raw[:1] == b"{" and name in _TABLE_KEYS and not _ANY_VALUE.search(raw, 1):
        return name != "header" or not totals(members_of(raw))  # of an answer, and not of its columns
    if raw[:1] == b'"':
        return name == "etag" and len(raw) < _LONGEST_TAG
    is_listed = name in _ASIDE_WORDS or name in ("footer", "included")
    is_link = name in _LINKS and raw[:1] in (b"{", b"[")
    may_be = is_link or (name in _PARTS and raw[:1] == b"[")
    if not is_listed and not may_be:
        return False
    read = read_value(raw)
    if read is None or (is_listed and _lists_only_that(name, read.value, raw)):
        return read is not None
    entries = read.value if isinstance(read.value, list) else [read.value]
    return may_be and all(_is_entry(one) and (isinstance(one, dict) or not is_link) for one in entries)


def _lists_only_that(name: str, value: Any, raw: bytes) -> bool:
    """Return whether what stands under a key of what is listed beside records is that, and can be no record."""
    entries = value if isinstance(value, list) else [value]
    if name == "footer":
        # The sums of a table have its columns, and no time.
        return not DATED.search(raw) and all(isinstance(one, dict) and _SUMS & _words_of(one) for one in entries)
    if name == "included":
        is_known = all(isinstance(one, dict) and str(one.get("type")).casefold() in _OTHERS for one in entries)
        return is_known and not _CLOCK.search(raw)  # a person's meetings may stand in it
    return not (name in _TABLE_KEYS and DATED.search(raw)) and _says_only(value, _ASIDE_WORDS[name])


def _words_of(value: dict[str, Any]) -> set[str]:
    return {one.strip().casefold() for one in value.values() if isinstance(one, str)}


def _says_only(value: Any, words: frozenset[str]) -> bool:
    """Return whether all that objects say, at any depth, stands under some words."""
    # A stack, not recursion: text made to hurt is nested as deep as its sender likes.
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, (list, dict)):
            return False
        if isinstance(one, list):
            waiting += one
            continue
        waiting += (inner for inner in one.values() if isinstance(inner, (list, dict)))
        if not {bare(key) for key, inner in one.items() if not isinstance(inner, (list, dict))} <= words:
            return False
    return True


def _is_entry(value: Any) -> bool:
    """Return whether a value says only what links and orders say: neither a time nor a long number, as records do."""
    if isinstance(value, dict):
        is_flat = not any(isinstance(inner, (dict, list)) for key, inner in value.items() if bare(key) not in _OF_WORDS)
        return is_flat and {bare(name) for name in value} <= _PART_WORDS
    if isinstance(value, list) and len(value) == 2 and str(value[1]).casefold() in ("asc", "desc"):
        value = value[0]  # a column and the way it is sorted
    return not (isinstance(value, list) or DATED.search(str(value).encode()))


def has_own_list(key: str, members: Sequence[Member]) -> bool:
    """Return whether an object under a key has a list that is its own, though nothing came out of it."""
    return plain(key) not in PAGE_KEYS and any(one.raw[:1] == b"[" and not is_part(one.key, one.raw) for one in members)


def is_empty_list(member: Member) -> bool:
    """Return whether a member of which no record came is the empty list of a wrapper, or says that there is none."""
    key = bare(member.key)
    if key in MESSAGE_KEYS:
        return not is_blank(member.raw) and says_nothing(member.raw)
    return (key in _LIST_KEYS and member.raw[:1] in (b"[", b"{")) or (key == "page" and b"[" in member.raw)


def announces_deletion(key: str) -> bool:
    """Return whether what is listed under a key is said to be deleted or cancelled.

    Examples
    --------
    >>> announces_deletion("deletedMeetings"), announces_deletion("已取消"), announces_deletion("list")
    (True, True, False)
    """
    return _DELETED.search(plain(key)) is not None


def only_named(
    signs: Signs, lists: Sequence[tuple[Member, list[Found]]], *, has_empty_list: bool, is_map: bool
) -> list[list[Found]]:
    """Return of each list of objects with ids those that only name a meeting (`deleted`, `recordings`, `pinned`): they
    say less than the list of the meetings beside them, and nothing of when or with whom.

    Each made a meeting of its own, without a start, and took the place of the whole one that was archived. The usual
    key of a list says that it is one of meetings; alone, or beside others that say no more, ids are all there is. What
    says another word of a meeting that stands beside it is a part of that; and in a map by id an object is one by its
    key.
    """
    told = [_most_told(signs, items) for _, items in lists]
    most = max([int(has_empty_list), *told])
    says_less = [
        n < most and not (is_usual_list(member.key) or (is_map and member.raw[:1] == b"{"))
        for (member, _), n in zip(lists, told, strict=True)
    ]
    main = [one for (_, items), less in zip(lists, says_less, strict=True) if not less for one in items]
    known = signs.ids_of_all(main) if any(says_less) else set()
    named: list[list[Found]] = []
    for (member, items), less in zip(lists, says_less, strict=True):
        if announces_deletion(member.key):
            named.append([one for one in items if _tells(signs, one) < _WHEN_OR_WHOM])
        else:
            named.append([one for one in items if less and not _adds_to_known(signs, one, known)])
    return named


_WHEN_OR_WHOM = 2


def _most_told(signs: Signs, items: Sequence[Found]) -> int:
    """Return the most that any of some objects says; the first that says when or with whom is enough."""
    most = 0
    for one in items:
        most = max(most, _tells(signs, one))
        if most == _WHEN_OR_WHOM:
            break
    return most


def _tells(signs: Signs, item: Found) -> int:
    """Return whether an object says when or with whom a meeting was, at any depth, (2) or as much as a file (1)."""
    if item.raw[:1] != b"{" or signs.names_escaped_word(item.raw):
        return _WHEN_OR_WHOM
    value = read_object(item.raw, signs.aliases).value or {}
    columns = {column for one in (value, *objects_inside(value)) for column in signs.said(one)}
    is_sure = columns & (EVIDENCE - _OF_FILES) or signs.is_party(item.raw)
    return _WHEN_OR_WHOM if is_sure else int(bool(columns & EVIDENCE))


def _adds_to_known(signs: Signs, item: Found, known: set[bytes]) -> bool:
    """Return whether an object says more than its id of a meeting that is known."""
    members = members_of(item.raw)
    return signs.ids(members) <= known and len(signs.columns(members)) > 1


def is_usual_list(key: str) -> bool:
    """Return whether lists of records usually stand under a key."""
    return is_empty_list(Member(key, b"[]"))


def is_empty_room(signs: Signs, raw: bytes, keys: Container[str]) -> bool:
    """Return whether an element of a list is a room without meetings: it has an id, says nothing that only a meeting
    does, and has an empty list under a key that names meetings, or under which its neighbours have theirs.
    """
    if not _EMPTY.search(raw):
        return False
    members = members_of(raw)
    columns = signs.columns(members)
    if "meeting_id" not in columns or columns & (EVIDENCE - _OF_ROOM) or took_place(signs, members):
        return False
    return any(
        _EMPTY.fullmatch(one.raw)
        and (one.key in keys or (is_empty_list(one) and _LISTS_MEETINGS.search(plain(one.key))))
        for one in members
    )


_EMPTY = re.compile(rb"\[\s*\]|\{\s*\}")
_LISTS_MEETINGS = re.compile("meetings|meetinglist|conferences|conferencelist|confs|conflist|会议")


def is_held(signs: Signs, raw: bytes) -> bool:
    """Return whether an object is a record whatever stands in it: with an id and parties of its own it took place."""
    members = members_of(raw)
    return bool(signs.ids(members)) and _has_parties(signs, members)


def _has_parties(signs: Signs, members: list[Member]) -> bool:
    """Return whether an object has parties; how many they are says nobody's number."""
    parties = (one for one in members if signs.is_parties(one.key))
    return any(not (is_blank(one.raw) or _EMPTY.fullmatch(one.raw) or _FEW.fullmatch(one.raw)) for one in parties)


def took_place(signs: Signs, members: list[Member]) -> bool:
    """Return whether an object says of itself that it took place: it has parties, or a time that no question has.

    A period that was asked for is of whole days or longer than one. Who convened, when it was created and a sum of
    durations a room says too. Each made a meeting of what holds the meetings: one of 31 days. What lasted just from its
    start to its end, or from one odd second to another, is its own: a watch of 25 hours vanished behind sub-meetings.
    """
    if _has_parties(signs, members):
        return True
    said = {fed.column: one.raw for one in members if (fed := signs.aliases.meeting(one.key)) and not is_blank(one.raw)}
    points = {column: _instant(said[column]) for column in _POINTS if column in said}
    return _is_no_period(points, said.get("duration_s"))


def _is_no_period(points: Mapping[str, datetime | None], duration: bytes | None) -> bool:
    begun, ended = points.get("started_at"), points.get("ended_at")
    is_long = False
    if begun is not None and ended is not None:
        if _lasted(duration, ended - begun) or _is_nobodys_question(begun, ended):
            return True
        is_long = ended - begun >= _DAY
    return not is_long and not all(one is not None and _is_edge_of_day(one) for one in points.values())


def is_whole(signs: Signs, key: str, members: list[Member], *, is_of_others: bool = False) -> bool:
    """Return whether an object without an id that stands beside the meetings is one all the same, whatever its key: it
    lists who came, or says when it was, and which, called what or by whom. Under `page`, `query` and `current` such
    were envelope, and PROVEN without them.

    Parameters
    ----------
    is_of_others
        It stands among parties, or under a key of other things: each of these has a name.

    Notes
    -----
    A question has a name, a creator and times, too, but neither parties that are described nor odd seconds; a program
    has a name and a start.
    """
    said = {fed: it.raw for it in members if not is_blank(it.raw) and (fed := column_of(it.key, signs.aliases))}
    if "meeting_id" in said and plain(key) not in QUESTION_KEYS:
        return False
    is_sure = any(signs.aliases.is_name_of_meeting(one.key) and not is_blank(one.raw) for one in members)
    is_convened = len(said.get("creator", b"")) > _SHORTEST_CREATOR
    points: dict[str, datetime | None]
    points = {it: at for it in _POINTS[:2] if it in said and (at := _instant(said[it]))}
    if any(signs.is_parties(one.key) and _LISTS_OBJECTS.match(one.raw) for one in members):
        return is_sure or is_convened or bool(points)
    begun, ended = points.get("started_at"), points.get("ended_at")
    if begun is None or signs.has_phone(members) or not _is_no_period(points, said.get("duration_s")):
        return False
    if plain(key) in QUESTION_KEYS:
        is_its_own = ended is not None and (_is_nobodys_question(begun, ended) or "duration_s" in said)
        return is_its_own and bool({"name", "meeting_id"} & said.keys() or is_convened)
    numbers = (as_word(it.raw) for it in members if _NUMBER_OF_ONE.fullmatch(plain(it.key)))
    is_named = "name" in said or any(len(it) >= SHORTEST_ID and it.isdecimal() for it in numbers)
    return is_sure or (ended is not None and (is_convened or (is_named and not is_of_others)))


def _is_nobodys_question(begun: datetime, ended: datetime) -> bool:
    """Return whether a period is from an odd second to an odd second: people ask from minute to minute, programs for
    whole days up to now."""
    is_whole = (ended - begun + _ABOUT_NOW) % _DAY <= 2 * _ABOUT_NOW
    return ended > begun and not is_whole and not {begun.second, ended.second} & {0, 59}


def _lasted(raw: bytes | None, span: timedelta) -> bool:
    """Return whether a duration, in seconds, minutes or milliseconds, is that of a span, but for a minute."""
    read = read_value(raw) if raw is not None and span > timedelta() else None
    seconds = convert("seconds", [scalar(read.value)]).array.to_pylist()[0] if read else None
    return seconds is not None and any(
        abs(seconds * unit - span.total_seconds()) < _SECONDS_OFF for unit in (1, 60, 0.001)
    )


def _instant(raw: bytes) -> datetime | None:
    read = read_value(raw)
    value = scalar(read.value) if read else None
    return parse_instant(written_out(value) or str(value))


def _is_edge_of_day(instant: datetime) -> bool:
    local = instant.astimezone(BEIJING)
    return (local.hour, local.minute) == (23, 59) or local.time() == time()


def asks_only(signs: Signs, members: list[Member]) -> bool:
    """Return whether an object says no more of itself than a question or a room does; a sum of nothing is 0."""
    told = [one for one in members if as_word(one.raw) not in _ZERO]
    has_id = "meeting_id" in signs.columns(members)
    columns = signs.columns(told) if has_id else signs.filled(told)
    return columns <= _OF_ROOM and not took_place(signs, members)


def has_empty_list(members: Sequence[Member]) -> bool:
    """Return whether a member of which no record came is the list of a wrapper, or stands for one of 0 records."""
    return any(map(is_empty_list, members)) or (
        0 in totals(members) and any(is_usual_list(one.key) and is_blank(one.raw) for one in members)
    )


def may_wrap(signs: Signs, raw: bytes, members: list[Member]) -> bool:
    """Return whether an object with an id that says something of a meeting only wraps meetings, or an empty list of
    them: it did not take place itself.
    """
    if took_place(signs, members):
        return False
    is_empty = not _ENTRY.search(raw) and has_empty_list(members) and asks_only(signs, members)
    return is_empty or lists_meetings(signs, raw)


_ENTRY = re.compile(rb"\[\s*[^\]\s]")


def lists_meetings(signs: Signs, raw: bytes) -> bool:
    """Return whether an object lists meetings, each told for itself: under a usual key such as have ids of their own,
    or parties and a start; under any key such as tell in full of its own id.
    """
    value = read_object(raw, signs.aliases).value or {}
    own = signs.ids_of(value)
    waiting: list[tuple[Any, bool]] = [(value, False)]
    while waiting:
        one, is_list = waiting.pop()
        # A map by id is a list whose keys are the ids, also where nothing else is.
        keyed = ((key, it) for key, it in one.items()) if isinstance(one, dict) else (("", it) for it in one)
        entries = [
            {**it, "meid": key} if _DIGIT.search(key) and not signs.ids_of(it) else it
            for key, it in keyed
            if isinstance(it, dict)
        ]
        is_of_parties = any(map(signs.aliases.has_phone, entries))
        if is_list and not is_of_parties and any(_is_listed(signs, it, own) for it in entries):
            return True
        if isinstance(one, dict):
            inside = (decoded(inner) for key, inner in one.items() if is_usual_list(key))
            waiting += ((inner, True) for inner in inside if isinstance(inner, (dict, list)))
    return signs.are_tellings([*value.values()], own)


def _is_listed(signs: Signs, value: dict[str, Any], own: set[str]) -> bool:
    """Return whether an element of a list is a meeting: another than the object around it, or one in a room's own id."""
    if signs.ids_of(value) - own:
        return signs.is_another(value, own)
    return bool(signs.ids_of(value)) and signs.said(value) >= {"started_at", PARTIES}
