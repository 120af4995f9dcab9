"""What a record says of its own meeting in more places than one: the object around wins, an inner one fills what it
lacks, and what contradicts is told and shown nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ytxdata.records.aliases import PARTIES, Aliases
from ytxdata.records.beside import SPAN
from ytxdata.records.columns import as_told
from ytxdata.records.json_values import Problem, as_json
from ytxdata.records.nested import own_tellings
from ytxdata.records.signs import Signs
from ytxdata.records.unread import is_row
from ytxdata.records.values import is_blank

_COMPARED = SPAN | {"name", "creator", "amount_yuan", PARTIES}
"""Columns that people and reports look at: what else an inner object says of them is told."""


class Retold(NamedTuple):
    """The object of a meeting with what only inner ones say of it, and what they say otherwise."""

    value: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def retold(value: dict[str, Any], aliases: Aliases) -> Retold:
    """Return a record's object with what inner objects say of its own meeting, see `nested.own_tellings`.

    Examples
    --------
    >>> retold({"meid": "1", "detail": {"meid": "1", "creator": "0", "name": "x"}, "parties": []}, Aliases()).value
    {'meid': '1', 'detail': {'meid': '1', 'creator': '0', 'name': 'x'}, 'parties': [], 'creator': '0', 'name': 'x'}
    >>> booked = {"meid": "1", "creator": "0", "duration": 90}
    >>> retold({"meid": "1", "duration": 60, "booking": booked}, Aliases()).problems
    (('creator', 'other_value', 'booking.creator=0'), ('duration', 'other_value', 'booking.duration=90'))
    """
    value = _as_meeting(value, aliases)
    if not any(isinstance(one, (dict, list)) and aliases.meeting(key) is None for key, one in value.items()):
        return Retold(value)  # nearly all: nothing stands in them but parties
    more: dict[str, Any] = {}
    problems: list[Problem] = []
    for one in own_tellings(value, Signs(aliases)):
        told = {**value, **more}
        known = {
            column: said
            for column in _by_column(one.value, aliases)
            if (said := as_told(told, column, aliases.meeting))
        }
        has_span = bool(SPAN & known.keys())
        for column, given in _by_column(one.value, aliases).items():
            is_free = column not in known and not (column in SPAN and has_span)
            if is_free and one.may_fill:
                more |= given
            elif column in _COMPARED and not _agree(known.get(column, {}), as_told(given, column, aliases.meeting)):
                problems += ((key, "other_value", f"{one.path}.{key}={as_json(said)}") for key, said in given.items())
    return Retold({**value, **more}, tuple(problems)) if more or problems else Retold(value)


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


def _agree(known: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one in known.values() for one in other.values())
