"""Objects about meetings that another list of the same answer tells: who attended, fees, recordings, a person's last
meeting. They are no meetings; a room that met again is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import chain
from statistics import median_low
from typing import Any, NamedTuple

from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.json_values import read_object, scalar
from ytxdata.records.list_metadata import SHORTEST_ID, is_whole
from ytxdata.records.numbers_in_values import mobiles_in
from ytxdata.records.signs import EVIDENCE, TOLD, Signs, objects_inside
from ytxdata.records.spans import Found, is_member, members_of
from ytxdata.times import BEIJING, looks_like_instant, parse_instant, written_out

_NEAR, _BESIDE, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_OF_ROW = re.compile(
    "creat|updat|modif|upload|expir|generated|sent|send|invit|notif|publish|paid|bill"
    "|生成|上传|更新|创建|修改|过期|发送|邀请|通知|发布|支付|出账"
)
"""In plain keys, a time that is of the row and not of the meeting."""

_OF_SITTING = re.compile("session|instance|occurrence|sitting|场次")
"""In plain keys, which of several meetings of one id something is of."""

_IN_CHINESE = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})[日号]")
_A_DAY = re.compile(r"20\d\d([-/.]?)(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?:[ T]0?0:00(?::00)?)?")
_LONGEST_DAY = 20
_FIGURE = re.compile(r"\d{1,9}(?:\.\d{1,6})?")
_MASK, _BETWEEN_DIGITS = re.compile(r"[*xX]{2,}"), re.compile(rb"(?<=\d)[- ](?=\d)")
_FEWEST_DIGITS = 5
"""With fewer, whoever is called so may be anybody: a guest without a number stood in every text."""
_DIGIT, _POINTS = re.compile(r"\d"), ("started_at", "booked_at", "ended_at")
_LOOKED_AT = 8
"""At how many objects of a list is looked for how much they tell."""

_NAMES = frozenset({"meeting_id", "name", "app_id"})


class KnownMeeting(NamedTuple):
    """A meeting of a list: its words, its length and cost, its columns without empty lists, from when to when it was,
    and its text."""

    words: dict[str, str]
    figures: dict[str, float]
    columns: set[str]
    started_at: datetime | None
    ended_at: datetime | None
    raw: bytes


class KnownMeetings:
    """The meetings of a list by their ids; what one says is read where somebody asks for it.

    Parameters
    ----------
    signs, found
        What the words of an account mean, and the records.
    """

    def __init__(self, signs: Signs, found: Iterable[Found]) -> None:
        self._signs = signs
        self._found: dict[str, list[bytes]] = {}
        self._read: dict[str, list[KnownMeeting]] = {}
        for one in found:
            for meeting_id in signs.ids_of(_value(signs, one.raw)):
                self._found.setdefault(meeting_id, []).append(one.raw)

    def __contains__(self, meeting_id: str) -> bool:
        return meeting_id in self._found

    def of(self, meeting_id: str) -> Sequence[KnownMeeting]:
        """Return the meetings of an id."""
        if meeting_id not in self._read:
            self._read[meeting_id] = [_known(self._signs, raw) for raw in self._found.get(meeting_id, ())]
        return self._read[meeting_id]

    def is_like_id(self, text: str) -> bool:
        """Return whether a text has the form of some of the ids, and is none of them."""
        return text not in self._found and self.is_of_form(text)

    def is_of_form(self, text: str) -> bool:
        """Return whether a text has the form of some of the ids, and is too long for a number of anything."""
        return len(text) in self._lengths and _DIGIT.sub("0", text) in self._forms

    @cached_property
    def _lengths(self) -> set[int]:
        return {len(one) for one in self._found if len(one) >= SHORTEST_ID}

    @cached_property
    def _forms(self) -> set[str]:
        return {_DIGIT.sub("0", one) for one in self._found}


def _known(signs: Signs, raw: bytes) -> KnownMeeting:
    value = _value(signs, raw)
    layout = _layout(signs.aliases, tuple(value))
    columns = {column for key, column in layout.fed.items() if value[key] not in (None, "", [], {})}
    span = (_instant_of(value, layout, "started_at"), _instant_of(value, layout, "ended_at"))
    return KnownMeeting(_names(value, layout), _figures(value, layout), columns, *span, raw)


class _Layout(NamedTuple):
    """What the keys of an object are: which column of a meeting each feeds, which are of its id, of one point in time,
    of a phone, of when a party came or left, of a sitting, and which may say when the meeting was."""

    fed: dict[str, str]
    ids: tuple[str, ...]
    points: tuple[str, ...]
    phones: tuple[str, ...]
    came: tuple[str, ...]
    sittings: tuple[str, ...]
    may_say_when: tuple[str, ...]


@lru_cache(maxsize=1024)
def _layout(aliases: Aliases, keys: tuple[str, ...]) -> _Layout:
    legs = {key: match.column for key in keys if (match := aliases.leg(key))}
    fed = aliases.columns(keys)
    return _Layout(
        fed,
        tuple(key for key in keys if fed.get(key) == "meeting_id"),
        tuple(key for column in _POINTS for key in keys if fed.get(key) == column),
        tuple(key for key in keys if legs.get(key) == "phone"),
        tuple(key for key in keys if legs.get(key) in ("joined_at", "left_at")),
        tuple(key for key in keys if _OF_SITTING.search(plain(key))),
        tuple(key for key in keys if not _OF_ROW.search(plain(key))),
    )


def about_others(signs: Signs, lists: Sequence[Sequence[Found]]) -> tuple[KnownMeetings, list[list[Found]]]:
    """Return the meetings of the lists that tell most, and of each list the objects about meetings of which another one
    tells more (attendance, fees, recordings).

    As records without a start, or counted twice, they made a gap of all the past.
    """
    ranks = [
        median_low([_rank(signs, one) for one in items[:: len(items) // _LOOKED_AT + 1]] or [0]) for items in lists
    ]
    top = max(ranks, default=0)
    ranked = [*zip(lists, ranks, strict=True)]
    known = KnownMeetings(signs, chain(*(items for items, rank in ranked if rank == top)))
    about = [
        [one for one in items if rank < top and is_about(signs, _value(signs, one.raw), known)]
        for items, rank in ranked
    ]
    return known, about


def _rank(signs: Signs, one: Found) -> int:
    return len(signs.said(_value(signs, one.raw)) & TOLD)


def meetings_among(signs: Signs, found: Sequence[Found], known: KnownMeetings) -> list[Found]:
    """Return the meetings in what stands under a key of parties beside meetings that are known (`users[].meetings`): a
    party names its own, and has a phone; another meeting of which it says when it was is none that is known, nor is a
    whole one without an id.
    """
    return [
        one
        for one in found
        if (
            is_whole(signs, "", members_of(one.raw), is_of_others=True)
            if not one.has_id
            else _is_other(signs, one, known)
        )
    ]


def _is_other(signs: Signs, one: Found, known: KnownMeetings) -> bool:
    value = _value(signs, one.raw)
    return not is_about(signs, value, known) and (
        signs.is_another(value, set())
        or (not any(it in known for it in signs.ids_of(value)) and "started_at" in signs.said(value))
        or is_member(one.raw)
    )


def is_about(signs: Signs, value: dict[str, Any], known: KnownMeetings) -> bool:
    """Return whether an object, by what it says, says nothing of a known meeting but what that says itself: of its id,
    with no time but in that of the meeting, no longer and no dearer, no other word, and nobody who came and is not
    listed. A room that met again says another time, and what is told in full once more is a duplicate.
    """
    layout = _layout(signs.aliases, tuple(value))
    ids = signs.ids_of({key: value[key] for key in layout.ids})
    meetings = known.of(min(ids)) if len(ids) == 1 else ()
    if not meetings or (not layout.phones and signs.is_no_party(value, ids)):
        return False
    said = {column for key, column in layout.fed.items() if value[key] not in (None, "")}
    is_party = bool(layout.phones)
    # a document has a title, too: of whom and when it is, it says nothing
    is_named = not is_party and bool(said & _SURELY_OF_MEETING)
    told = (said & TOLD) - ({"name"} if is_party else set()) | ({PARTIES} if is_party else set())
    words = _names(value, layout) if is_named else {}
    has_come = not is_party or any(value[key] for key in layout.came)
    numbers = _numbers(value, layout) if has_come else []
    fits = _Fits(value, layout, ids, known)
    for meeting in meetings:
        is_told = told <= meeting.columns | _SPANNED and words.items() <= meeting.words.items()
        if is_told and all(_has_number(meeting.raw, one) for one in numbers) and fits.into(meeting):
            return True
    return False


_SPANNED = frozenset({"ended_at", "booked_at"})
_SURELY_OF_MEETING = EVIDENCE - {"created_at"}


def may_be_another(signs: Signs, one: Found, known: KnownMeetings) -> bool:
    """Return whether an object that only names a meeting may be another one than those that are known: it names none of
    them and says more than what it is called, or says of one another time, length, cost or sitting.
    """
    value = _value(signs, one.raw)
    ids = signs.ids_of(value)
    meetings = [it for meeting_id in ids for it in known.of(meeting_id)]
    if not meetings:
        said = {column for it in (value, *objects_inside(value)) for column in signs.said(it)}
        return bool(said - _NAMES) or any(_says_when(it) for key, it in value.items() if not _OF_ROW.search(plain(key)))
    return not any(map(_Fits(value, _layout(signs.aliases, tuple(value)), ids, known).into, meetings))


class _Fits:
    """What an object says by which it is of one meeting and of no other."""

    def __init__(self, value: dict[str, Any], layout: _Layout, ids: set[str], known: KnownMeetings) -> None:
        self.point = next((key for key in layout.points if value[key]), None)
        self.at = _instant(value[self.point]) if self.point else None
        self.figures = {} if layout.phones else _figures(value, layout)
        said = [value[key] for key in layout.may_say_when]
        self.times = [it for one in said if _says_when(one) and (it := _instant(one))]
        texts = [one for one in value.values() if type(one) is str]
        self.days = [day for one in texts if "月" in one and (day := _IN_CHINESE.match(one))]
        self.sittings = [str(value[key]) for key in layout.sittings if value[key]]
        self.names_other = any(map(known.is_like_id, texts)) and not any(map(known.is_of_form, ids))

    def into(self, known: KnownMeeting) -> bool:
        """Return whether all of it is within a meeting."""
        return (
            not self.names_other
            and (self.point is None or (self.at is not None and _is_within(self.at, known, _NEAR)))
            and all(_is_within(it, known, _BESIDE) for it in self.times)
            and all(_is_day_of(it, known) for it in self.days)
            and all(number <= known.figures.get(column, number) for column, number in self.figures.items())
            and all(one.encode("utf-8", "replace") in known.raw for one in self.sittings)
        )


@lru_cache(maxsize=4096)
def _is_when(text: str) -> bool:
    return (len(text) <= _LONGEST_DAY and _A_DAY.fullmatch(text) is not None) or looks_like_instant(text)


def _says_when(value: Any) -> bool:
    """Return whether a word says a time or a day, whatever its key."""
    return _is_when(value) if type(value) is str else looks_like_instant(value)


def _numbers(value: dict[str, Any], layout: _Layout) -> list[str]:
    """Return the numbers that an object says, as they are spelled."""
    if phones := [str(value[key]) for key in layout.phones if value[key]]:
        return phones
    return [*mobiles_in({key: one for key, one in value.items() if not _says_when(one)})]


def _has_number(raw: bytes, number: str) -> bool:
    """Return whether a number stands in a text, however either is spelled, be its middle masked."""
    if number.encode("utf-8", "replace") in raw:
        return True
    ends = [re.sub(r"\D", "", part) for part in _MASK.split(number)]
    ends[0] = re.sub("^(?:00)?86(?=1[3-9])", "", ends[0])
    if sum(map(len, ends)) < _FEWEST_DIGITS:
        return False
    digits = _BETWEEN_DIGITS.sub(b"", raw)
    return re.search(rb"\d+".join(re.escape(one.encode()) for one in ends), digits) is not None


def _names(value: dict[str, Any], layout: _Layout) -> dict[str, str]:
    """Return what a meeting is called, and who convened it."""
    return {
        column: str(value[key]) for key, column in layout.fed.items() if column in ("name", "creator") and value[key]
    }


def _figures(value: dict[str, Any], layout: _Layout) -> dict[str, float]:
    """Return how long a meeting was and what it cost, of what is a mere number: a part of it is no longer and no dearer."""
    said = [(column, str(value[key])) for key, column in layout.fed.items() if column in ("duration_s", "amount_yuan")]
    return {column: float(text) for column, text in said if _FIGURE.fullmatch(text)}


def _is_within(at: datetime, known: KnownMeeting, near: timedelta) -> bool:
    begun, ended = known.started_at, known.ended_at or known.started_at
    if begun is None or ended is None:
        return False
    is_day = at.astimezone(BEIJING).time() == time()
    return begun - near <= at <= ended + near or (is_day and begun - _DAY < at <= ended)


def _is_day_of(said: re.Match[str], known: KnownMeeting) -> bool:
    points = (one.astimezone(BEIJING) for one in (known.started_at, known.ended_at) if one)
    return any(
        (int(said[1] or one.year), int(said[2]), int(said[3])) == (one.year, one.month, one.day) for one in points
    )


def _instant_of(value: dict[str, Any], layout: _Layout, column: str) -> datetime | None:
    said = [value[key] for key, fed in layout.fed.items() if fed == column]
    return next((at for one in said if (at := _instant(one))), None)


def _instant(value: Any) -> datetime | None:
    return _read_instant(written_out(value) or str(scalar(value)) if isinstance(value, (dict, list)) else str(value))


_read_instant = lru_cache(maxsize=4096)(parse_instant)


def _value(signs: Signs, raw: bytes) -> dict[str, Any]:
    return read_object(raw, signs.aliases).value or {}
