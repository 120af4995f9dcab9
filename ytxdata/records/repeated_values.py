"""What a record says of its own meeting in more places than one: the object around wins, an inner one fills what it
lacks, and what contradicts, or may be anybody's, is told and shown nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.records import bulk
from ytxdata.records.aliases import OF_PAGES, PARTIES, Aliases, column_of, plain, unfolded
from ytxdata.records.columns import Sheet, Trouble, as_told
from ytxdata.records.json_values import Problem, as_json, decoded
from ytxdata.records.nested import own_tellings
from ytxdata.records.party_names import PERSON
from ytxdata.records.party_times import (
    MAY_TELL_WHEN,
    are_said,
    is_clock,
    is_of_another_time,
    may_say_it_came,
    points_in,
    tells_when,
)
from ytxdata.records.schema import TOLERANCE_S
from ytxdata.records.siblings import SPAN, is_of_another, is_of_meeting, names_zone, other_zone, with_own_parts
from ytxdata.records.signs import QUESTION_KEYS, TOLD, signs_of
from ytxdata.records.unread_parties import is_row, own_leg, says_it_came
from ytxdata.records.unrecognised import DEEPEST
from ytxdata.records.values import as_list, as_phone, is_blank, phone_text, rows_where
from ytxdata.times import in_zone, is_time, looks_like_instant, written_out

_COMPARED = TOLD - {"created_at", "booked_at"}

LACKING = ("started_at", "ended_at", "creator", "name")
"""Columns that a row ought to have: where it does not, what else of the record may say them is told."""

_NAMES_MEETING = re.compile("meet|conf(?!irm)|会议")

_TIME = re.compile(
    "time|hour|clock|period|slot|span|range|interval|when|date|day|meet|conf(?!irm)|时|日期|钟点|起止|会议"
)
_OPEN = re.compile("office|business|service|opening|营业|办公|服务|客服")
"""In plain keys, what from one time of day to another may be when a meeting was, and what is when somebody is there."""


class Retold(NamedTuple):
    """The object of a meeting with what only inner ones say of it, and what they say otherwise."""

    value: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def retold(value: dict[str, Any], aliases: Aliases) -> Retold:
    """Return a record's object with what inner objects say of its own meeting, see `nested.own_tellings`.

    Of when a meeting was an inner object fills what fits: beside an actual start, the end of a booking would be shown
    for the end.

    Examples
    --------
    >>> retold({"meid": "1", "detail": {"meid": "1", "creator": "0", "name": "x"}, "parties": []}, Aliases()).value
    {'meid': '1', 'detail': {'meid': '1', 'creator': '0', 'name': 'x'}, 'parties': [], 'creator': '0', 'name': 'x'}
    >>> booked = {"meid": "1", "creator": "0", "duration": 90}
    >>> retold({"meid": "1", "duration": 60, "booking": booked}, Aliases()).problems
    (('creator', 'other_value', 'booking.creator=0'), ('duration', 'other_value', 'booking.duration=90'))
    """
    value = _with_words_of_pages(_as_meeting(value, aliases), aliases)
    problems = [*_sittings_of_creator(value, aliases)]
    value = _with_number_of_creator(value, aliases)
    others = {key for key, one in value.items() if isinstance(one, (dict, list)) and aliases.meeting(key) is None}
    if not others:
        return Retold(value, tuple(problems))  # nearly all: nothing stands in them but parties
    value = value | {
        key: _with_words_of_pages(one, aliases)
        for key in others
        if isinstance(one := value[key], dict) and is_of_meeting(key)
    }
    more: dict[str, Any] = {}
    for one in own_tellings(value, signs_of(aliases)):
        told = {**value, **more}
        by_column = _by_column(one.value, aliases)
        if _repeats(by_column, _by_column(told, aliases)):
            continue  # nearly always, and told without reading a value
        known = {column: said for column in {*by_column, *SPAN} if (said := as_told(told, column, aliases.meeting))}
        inner = {column: as_told(given, column, aliases.meeting) for column, given in by_column.items()}
        has_span = bool(SPAN & known.keys()) and not _is_same_span(known, inner)
        for column, given in by_column.items():
            is_free = column not in known and not (column in SPAN and has_span)
            if is_free and one.may_fill:
                more |= given
            elif column in _COMPARED and not _agree(known.get(column, {}), inner[column]):
                problems += ((key, "other_value", f"{one.path}.{key}={as_json(said)}") for key, said in given.items())
    return Retold({**value, **more}, tuple(problems)) if more or problems else Retold(value)


def _is_same_span(known: Mapping[str, Mapping[str, Any]], inner: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether what an inner object adds of when a meeting was fits what is known: nothing is said otherwise, and
    from start to end it is as long as is said. A start of its own beside an end may be a booking's, be it the same.
    """
    if "started_at" in inner and not {"started_at", "ended_at"} <= known.keys():
        return False
    if not all(_agree(known[column], inner[column]) for column in SPAN & known.keys() & inner.keys()):
        return False
    first = {column: next(iter(said.values())) for column, said in {**inner, **known}.items() if column in SPAN}
    try:
        lasted = first["ended_at"] - first["started_at"] - timedelta(seconds=int(first["duration_s"]))
    except (KeyError, TypeError, ValueError, OverflowError):  # one is missing, or a text that cannot be read
        return False
    return bool(abs(lasted) <= timedelta(seconds=TOLERANCE_S))


def beside(value: dict[str, Any], meeting: dict[str, Any], aliases: Aliases) -> Iterator[Problem]:
    """Yield the words beside the one meeting of a record that say something else than it does.

    Examples
    --------
    >>> [*beside({"conf": {"meid": "1"}, "topic": "a", "name": "b"}, {"meid": "1", "name": "b"}, Aliases())]
    [('topic', 'other_value', 'topic=a')]
    """
    for column, given in _by_column(value, aliases).items():
        known = as_told(meeting, column, aliases.meeting)
        if known and column in _COMPARED and not _agree(known, as_told(given, column, aliases.meeting)):
            others = (key for key in given if meeting.get(key) != given[key])
            yield from ((key, "other_value", f"{key}={as_json(given[key])}") for key in others)


def unread_words(value: dict[str, Any], own: str, lacking: set[str], aliases: Aliases) -> Iterator[tuple[str, str]]:
    """Yield what a record says anywhere of columns that its row lacks, each with the column: under a key of theirs, or
    when, under one that nobody knows. It may be a recording's, and is not read.

    Not told: what belongs to another meeting, a party or a question, and what was booked.

    Examples
    --------
    >>> said = {"meid": "1", "owner": {"creator": "5"}, "from": "2026-01-05 10:00:00", "room": {"name": "A"}}
    >>> [*unread_words(said, "1", {"creator", "started_at", "name"}, Aliases())]
    [('started_at', 'from=2026-01-05 10:00:00'), ('creator', 'owner.creator=5')]
    """
    signs = signs_of(aliases)
    party = own_leg(value, aliases)
    waiting: list[tuple[str, str, Any, int]] = [(key, key, one, 0) for key, one in value.items() if key not in party]
    while waiting:
        key, path, one, depth = waiting.pop(0)
        column = column_of(key, aliases) if key else None
        if column == PARTIES or is_of_another(key) or unfolded(key) in QUESTION_KEYS:
            continue
        one = decoded(one)
        if column:
            if column in lacking and not is_blank(one):
                is_own = depth == 0 and bool(as_told({key: one}, column, aliases.meeting))  # a zero says nothing
                if is_own or _is_surely(column, key, one):
                    yield column, f"{path}={as_json(one)}"
        elif isinstance(one, dict):
            if depth <= DEEPEST and not signs.ids_of(one) - {own} and not aliases.has_phone(one):
                waiting += [(inner, f"{path}.{inner}", it, depth + 1) for inner, it in one.items()]
        elif isinstance(one, list) and not _may_say_when(key, one):
            # Of a list that says when, an element may be anything that happened: a warning tells where it is a meeting.
            if depth <= DEEPEST and "started_at" in lacking:
                waiting += [("", f"{path}[{i}]", it, depth + 1) for i, it in enumerate(one) if isinstance(it, dict)]
        elif key and depth <= 1 and lacking & {"started_at", "ended_at"} and _may_say_when(key, one):
            yield "started_at" if "started_at" in lacking else "ended_at", f"{path}={as_json(one)}"


def other_zones(sheet: Sheet) -> Iterator[Trouble]:
    """Yield what records say beside a start without a zone of another zone than Beijing's, which it is read in: it may
    be that of the times, or where somebody was. It may stand in the object that says when (`time: {start, timezone}`).
    """
    zones = [(key, key, sheet.values(key)) for key in sheet.unknown if names_zone(key)]
    for key in filter(is_of_meeting, sheet.unknown):
        values = sheet.values(key)
        if isinstance(values, pa.Array) and not pa.types.is_struct(values.type):
            # what other records of the answer hold there tells no record's zone from its JSON text
            is_json = pa.types.is_string(values.type) and pc.any(pc.match_substring_regex(values, r"^\s*\{")).as_py()
            values = values if is_json else ()
        inner = [one if isinstance(one, dict) else {} for one in map(decoded, as_list(values))]
        names = dict.fromkeys(name for one in inner for name in one if names_zone(name))
        zones += [(name, f"{key}.{name}", [one.get(name) for one in inner]) for name in names]
    starts = (sheet.choose("started_at", []) if zones else None) or ()
    for key, path, values in zones:
        for i, (zone, start) in enumerate(zip(as_list(values), as_list(starts), strict=False)):
            if isinstance(start, str) and (said := other_zone(key, zone, start)) is not None:
                yield Trouble(i, "started_at", "other_value", f"{path}={said}")


_DAY = r"^\s*\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?\s*$"
_ENDS = re.compile("end(?!ar|er)|finish|结束")
_HOUR = re.compile("(?:start|begin|end)(?:hour|ofday)$|clock$|(?:开始|结束)(?:钟点|小时)$")
_CLOCKS = re.compile(
    rf"start|begin|开始|{_ENDS.pattern}|clock$|时刻|^(?:会议)?时间段?$"
    "|^(?:meeting|conf)?(?:time)?(?:time|when|hours|period|slot|range|span)$"
)
"""In plain keys of a meeting, under which an hour, and under which a time of day alone may be when it was."""


def clocks_apart(sheet: Sheet) -> Iterator[Trouble]:
    """Yield the time of day that stands in a field of its own beside a start or an end that is a day alone, and is held
    for its midnight."""
    for column in ("started_at", "ended_at"):
        days = sheet.choose(column, []) or ()
        if isinstance(days, pa.Array) and not pa.types.is_nested(days.type):
            rows = rows_where(pc.match_substring_regex(days.cast(pa.string()), _DAY).fill_null(False))
        else:
            rows = [i for i, day in enumerate(as_list(days)) if re.match(_DAY, as_json(day))]
        others = (key for _, key in sheet.keys.get(column, ()))
        for key in (*sheet.unknown, *others) if rows else ():
            if (_ENDS.search(plain(key)) is not None) == (column == "ended_at"):
                clocks = as_list(sheet.values(key))
                found = (i for i in rows if _is_clock(key, clocks[i]))
                yield from (Trouble(i, column, "other_value", f"{key}={as_json(clocks[i])}") for i in found)


def _is_clock(key: str, value: Any) -> bool:
    """Return whether a value is a time of day, or goes from one to another, under a key of when a meeting was."""
    may_be = _CLOCKS.search(plain(key)) is not None and not _is_of_another_time(key)
    is_hour = _HOUR.search(plain(key)) is not None and re.search("[1-9]", as_json(value)) is not None
    return may_be and (is_hour or is_clock(key, value))


def that_may_say(sheet: Sheet, lacking: Mapping[str, bulk.Flags], aliases: Aliases) -> list[int]:
    """Return in which rows that lack a column something may say it: of records that are read in bulk, what a key in
    the type of a nested value, JSON text or an instant does; of others all are looked at.
    """
    is_open = reduce(np.logical_or, lacking.values())
    if not is_open.any():
        return []
    if not isinstance(sheet.values(sheet.keys["meeting_id"][0][1]), pa.Array):
        return [int(row) for row in np.flatnonzero(is_open)]
    rows: set[int] = set()
    is_timeless = lacking["started_at"] | lacking["ended_at"]
    for key in sheet.unknown:
        values = sheet.values(key)
        assert isinstance(values, pa.Array), "of records that are read in bulk every key is a column"
        found = is_timeless & np.asarray(values.is_valid())
        if pa.types.is_nested(values.type):
            said = ((name, column_of(name, aliases)) for name in bulk.keys_in(values.type))
            more = [lacking[it] for name, it in said if it in LACKING and it and _may_be(it, name)]
            found |= reduce(np.logical_or, more, found) & np.asarray(values.is_valid())
        elif pa.types.is_string(values.type):
            is_json = np.asarray(pc.match_substring_regex(values, r"^\s*[\[{]").fill_null(False))
            says_when = np.asarray(pc.match_substring_regex(values, MAY_TELL_WHEN).fill_null(False))
            found = (is_open & is_json) | (found & says_when & (not _is_of_another_time(key)))
        elif _is_of_another_time(key):
            continue
        rows.update(int(row) for row in np.flatnonzero(found))
    return sorted(rows)


def _is_surely(column: str, key: str, value: Any) -> bool:
    """Return whether a word in an object of another name may be the meeting's: anything has a name, and what is no time
    says not when."""
    return _may_be(column, key) and (column in ("name", "creator") or isinstance(value, dict) or is_time(value))


def _may_be(column: str, key: str) -> bool:
    return column != "name" or _NAMES_MEETING.search(unfolded(key)) is not None


def _may_say_when(key: str, value: Any) -> bool:
    """Return whether a value under a key that nobody knows is an instant that may be when the meeting began or ended,
    a list of nothing else (`[start, end]`), or from a time of day to another, beside a day."""
    if isinstance(value, str) and (tells_when(value) or _is_clock(key, value)):
        is_of_time = looks_like_instant(value) or (_TIME.search(plain(key)) and not _OPEN.search(plain(key)))
        return bool(is_of_time) and not _is_of_another_time(key)
    given = [one for one in value if not is_blank(one)] if isinstance(value, list) else [value]
    is_when = bool(given) and (all(map(looks_like_instant, given)) or written_out(value) is not None)
    return is_when and not _is_of_another_time(key)


def _is_of_another_time(key: str) -> bool:
    return is_of_another(key) or is_of_another_time(_NAMES_MEETING.sub("", unfolded(key)))


def _with_words_of_pages(value: dict[str, Any], aliases: Aliases) -> dict[str, Any]:
    """Return a record with the start and the end that it says in words which a page of a list says of itself, too."""
    given = {key: column for key in value if (column := OF_PAGES.get(unfolded(key))) and aliases.meeting(key) is None}
    if not given:
        return value
    known = aliases.columns(key for key, one in value.items() if not is_blank(one)).values()
    keys = dict(aliases.meetings)
    more = {
        keys[column][0]: said
        for key, column in given.items()
        if column not in known and (said := _instant_in(value[key])) is not None
    }
    return {**value, **more}


def _with_number_of_creator(value: dict[str, Any], aliases: Aliases) -> dict[str, Any]:
    """Return a record whose creator is described by an object with the one telephone number in it for the creator:
    without it no meeting of such an account had one, nor a department.
    """
    described = {key: one for key, one in value.items() if isinstance(one, dict) and _is_creator(key, aliases)}
    numbers = {key: _number_of(one, aliases) for key, one in described.items()}
    return {**value, **{key: one for key, one in numbers.items() if one is not None}} if described else value


def _sittings_of_creator(value: dict[str, Any], aliases: Aliases) -> Iterator[Problem]:
    """Yield the object that describes a creator where it says when that came or went, and no list of parties does; what
    starts or was online may be the meeting, too.
    """
    for key, one in value.items():
        if isinstance(one, dict) and _is_creator(key, aliases):
            is_sure = says_it_came(one, aliases)
            others = [it for name, it in value.items() if name != key]
            listed = [it for name, it in value.items() if column_of(name, aliases) == PARTIES] if is_sure else others
            points = [
                at
                for name, it in one.items()
                if may_say_it_came(name, aliases)
                for at in ([it] if is_time(it) else points_in(it))
            ]
            # Who is listed with the same times may be somebody else.
            phones = [it for it in (_number_of(one, aliases), *_phones_of(one, aliases)) if is_sure and as_phone(it)]
            is_known = not phones or any(are_said([it], listed) for it in phones)
            if not is_known or not are_said(points, listed):
                yield PARTIES, "unread_parties", f"{key}: {as_json(one)}"


def _number_of(person: dict[str, Any], aliases: Aliases) -> Any:
    """Return the one telephone number in the description of a person, as it stands there, None where there is none or
    several: what a key calls a phone, and without such a key what is surely one, also in a `user` that it describes.
    """
    sure: list[Any] = []
    people = [person]
    while len(people) == 1 and not sure:
        (one,) = people
        said = {key: it for key, it in one.items() if not (is_blank(it) or isinstance(it, (dict, list)))}
        called = _phones_of(said, aliases)
        sure = [it for it in called if as_phone(it)] or called or [it for it in said.values() if phone_text(it)]
        people = [it for key, it in one.items() if plain(key) in PERSON and isinstance(it, dict)]
    by_number = {as_phone(one) or one: one for one in reversed(sure)}  # in two spellings (`phone`, `e164`) it is one
    if len(by_number) != 1:
        return None
    (number,) = by_number.values()
    return with_own_parts(number, said)


def _phones_of(person: dict[str, Any], aliases: Aliases) -> list[Any]:
    """Return what the description of a person says under keys of a phone, the surest first."""
    fed = sorted((match.rank, key) for key in person if (match := aliases.leg(key)) and match.column == "phone")
    return [person[key] for _, key in fed]


def _is_creator(key: str, aliases: Aliases) -> bool:
    match = aliases.meeting(key)
    return match is not None and match.column == "creator"


def _instant_in(value: Any) -> Any:
    """Return what a value says of when, also in an object with its zone (Microsoft Graph, Google); None for a number of
    a page."""
    if not isinstance(value, dict):
        return value if is_time(value) else None
    said = {unfolded(key): one for key, one in value.items() if not is_blank(one)}
    zone = next((said.pop(key) for key in [*said] if names_zone(key)), "")
    if len(said) != 1 or not {"datetime", "time", "value"} & said.keys():
        return value
    (one,) = said.values()
    zoned = in_zone(one, zone) if isinstance(one, str) else one
    return value if zoned is None else zoned


def _as_meeting(value: dict[str, Any], aliases: Aliases) -> dict[str, Any]:
    """Return the row of one party under the id of its meeting as a meeting that lists it, any other as it is."""
    if not is_row(value, aliases):
        return value
    own = {key: value[key] for key, column in aliases.columns(value).items() if column == "meeting_id"}
    return {**own, dict(aliases.meetings)[PARTIES][0]: [{key: one for key, one in value.items() if key not in own}]}


def _by_column(value: dict[str, Any], aliases: Aliases) -> dict[str, dict[str, Any]]:
    """Return what an object says of each column of a meeting but its id, by key."""
    found: dict[str, dict[str, Any]] = {}
    for key, column in aliases.columns(value).items():
        if column != "meeting_id" and not is_blank(value[key]):
            found.setdefault(column, {})[key] = value[key]
    return found


def _repeats(inner: Mapping[str, Mapping[str, Any]], outer: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether all that is said of each column is said in the same words elsewhere."""
    said = {column: [(type(one), one) for one in given.values()] for column, given in outer.items()}
    return all((type(one), one) in said.get(column, ()) for column, given in inner.items() for one in given.values())


def _agree(known: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one in known.values() for one in other.values())
