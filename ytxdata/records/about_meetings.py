"""Objects about meetings that another list of the same answer tells: who attended, fees, recordings, a person's last
meeting. They are no meetings; a room that met again is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import chain
from typing import Any, NamedTuple

from ytxdata.records.aliases import PARTIES, plain
from ytxdata.records.json_values import read_object, scalar
from ytxdata.records.numbers import mobiles_in
from ytxdata.records.signs import TOLD, Signs
from ytxdata.records.spans import Found, is_member, members_of
from ytxdata.times import BEIJING, looks_like_instant, parse_instant, written_out

_NEAR, _BESIDE, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_OF_ROW = re.compile("creat|updat|modif|upload|expir|generated|生成|上传|更新|创建|修改|过期")
"""In plain keys, a time that is of the row and not of the meeting."""


class KnownMeeting(NamedTuple):
    """A meeting of a list: its words, its length and cost, its columns without empty lists, from when to when it was,
    and its text."""

    words: dict[str, str]
    figures: dict[str, float]
    columns: set[str]
    started_at: datetime | None
    ended_at: datetime | None
    raw: bytes


def known_meetings(signs: Signs, found: Iterable[Found]) -> dict[str, list[KnownMeeting]]:
    """Return meetings by their ids."""
    known: dict[str, list[KnownMeeting]] = {}
    for one in found:
        value, columns = _value(signs, one), signs.filled(members_of(one.raw))
        span = (_instant_of(signs, value, "started_at"), _instant_of(signs, value, "ended_at"))
        for meeting_id in signs.ids_of(value):
            known.setdefault(meeting_id, []).append(
                KnownMeeting(_names(signs, value), _figures(signs, value), columns, *span, one.raw)
            )
    return known


def about_others(signs: Signs, lists: Sequence[Sequence[Found]]) -> list[list[Found]]:
    """Return of each list the objects about meetings of which another list tells more (attendance, fees, recordings).

    As records without a start, or counted twice, they made a gap of all the past.
    """
    ranks = [len(signs.said(_value(signs, items[0])) & TOLD) if items else 0 for items in lists]
    top = max(ranks, default=0)
    if all(rank == top for rank in ranks):
        return [[] for _ in lists]
    ranked = [*zip(lists, ranks, strict=True)]
    known = known_meetings(signs, chain(*(items for items, rank in ranked if rank == top)))
    return [
        [one for one in items if rank < top and is_about(signs, _value(signs, one), known)] for items, rank in ranked
    ]


def meetings_among(signs: Signs, found: Sequence[Found], known: Mapping[str, Sequence[KnownMeeting]]) -> list[Found]:
    """Return the meetings in what stands under a key of parties beside meetings that are known (`users[].meetings`): a
    party names its own, and has a phone; another meeting of which it says when it was is none that is known.
    """
    values = ((one, _value(signs, one)) for one in found if one.has_id)
    return [
        one
        for one, value in values
        if not is_about(signs, value, known)
        and (
            signs.is_another(value, set())
            or (signs.ids_of(value).isdisjoint(known) and "started_at" in signs.said(value))
            or is_member(one.raw)
        )
    ]


def is_about(signs: Signs, value: dict[str, Any], known: Mapping[str, Sequence[KnownMeeting]]) -> bool:
    """Return whether an object, by what it says, says nothing of a known meeting but what that says itself: of its id,
    with no time but in that of the meeting, no longer and no dearer, no other word and no party that it lacks. A room
    that met again says another time, and what is told in full once more is a duplicate.
    """
    said, ids = signs.said(value), signs.ids_of(value)
    meetings = known.get(min(ids), ()) if len(ids) == 1 else ()
    if not meetings or signs.is_no_party(value, ids):
        return False
    is_party = signs.aliases.has_phone(value)
    told = (said & TOLD) - ({"name"} if is_party else set()) | ({PARTIES} if is_party else set())
    words = {} if is_party else _names(signs, value)
    numbers = [number.removeprefix("+86").encode() for number in mobiles_in(value)]
    numbers += [str(one).encode() for key, one in value.items() if one and signs.aliases.has_phone([key])]
    point = next((column for column in ("started_at", "booked_at", "ended_at") if column in said), None)
    at = _instant_of(signs, value, point) if point else None
    others = (one for key, one in value.items() if looks_like_instant(one) and not _OF_ROW.search(plain(key)))
    times = [it for one in others if (it := parse_instant(written_out(one) or str(one)))]
    figures = {} if is_party else _figures(signs, value)
    return any(
        told <= meeting.columns | {"ended_at", "booked_at"}
        and words.items() <= meeting.words.items()
        and all(number in meeting.raw for number in numbers)
        and (point is None or (at is not None and _is_within(at, meeting, _NEAR)))
        and all(_is_within(it, meeting, _BESIDE) for it in times)
        and all(number <= meeting.figures.get(column, number) for column, number in figures.items())
        for meeting in meetings
    )


def _names(signs: Signs, value: dict[str, Any]) -> dict[str, str]:
    """Return what a meeting is called, and who convened it."""
    fed = signs.aliases.columns(value)
    return {column: str(value[key]) for key, column in fed.items() if column in ("name", "creator") and value[key]}


def _figures(signs: Signs, value: dict[str, Any]) -> dict[str, float]:
    """Return how long a meeting was and what it cost, of what is a mere number: a part of it is no longer and no dearer."""
    fed = signs.aliases.columns(value)
    said = ((column, str(value[key])) for key, column in fed.items() if column in ("duration_s", "amount_yuan"))
    return {column: float(text) for column, text in said if _FIGURE.fullmatch(text)}


_FIGURE = re.compile(r"\d{1,9}(?:\.\d{1,6})?")


def _is_within(at: datetime, known: KnownMeeting, near: timedelta) -> bool:
    begun, ended = known.started_at, known.ended_at or known.started_at
    if begun is None or ended is None:
        return False
    is_day = at.astimezone(BEIJING).time() == time()
    return begun - near <= at <= ended + near or (is_day and begun - _DAY < at <= ended)


def _instant_of(signs: Signs, value: dict[str, Any], column: str) -> datetime | None:
    said = (value[key] for key, fed in signs.aliases.columns(value).items() if fed == column)
    return next((at for one in said if (at := parse_instant(written_out(scalar(one)) or str(scalar(one))))), None)


def _value(signs: Signs, one: Found) -> dict[str, Any]:
    return read_object(one.raw, signs.aliases).value or {}
