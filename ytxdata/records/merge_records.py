"""What one record of a meeting gets from others that tell of it too: values and connections that only they have.

Of one answer's records, of several answers', and of an archive's observations alike.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from itertools import product
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa

from ytxdata import times
from ytxdata.records import schema
from ytxdata.records.aliases import PARTIES
from ytxdata.records.json_values import as_json
from ytxdata.records.schema import PROVENANCE
from ytxdata.records.values import rows_of

_COMPARED = [c.name for c in schema.MEETINGS if c.name not in (*PROVENANCE, "record_hash", "n_legs", "n_people")]
_ONE_LEG = ["name", "phone", "extension", "joined_at", "left_at"]
"""What is told of a connection."""

MEETING_COLUMNS = [*_COMPARED, "n_legs", "n_people"]
LEG_COLUMNS = ["leg", "number", *_ONE_LEG]
PROBLEM_COLUMNS = ["leg", "column", "reason", "raw_value"]


_OF_NOW = frozenset({"state", "recording_url"})
"""What is so when it is asked for: an address with a new signature in each answer would be told of every meeting."""

_GROWS = _OF_NOW | {"started_at", "ended_at", "duration_s", "amount_yuan", "is_booked", "booked_at"}
"""What goes on, or was a plan, while a meeting is not over."""

_WHOSE = frozenset({"started_at", "creator"})
"""What tells of another meeting perhaps where two answers differ in it; a name or an end may be mended later."""


class Joined(NamedTuple):
    """What a shown record gets from others: `legs` by (record, leg) → (shown record, its number there), its `cells`
    that they fill or change, and what is `told` of it: shown record, the other, column, reason, text."""

    legs: Mapping[tuple[int, int], tuple[int, int]]
    cells: Mapping[int, Mapping[str, Any]]
    told: Sequence[tuple[int, int, str, str, str]]


def join_records(
    beside: Mapping[int, Sequence[int]],
    shared: Container[int],
    meetings: pa.Table,
    legs: pa.Table,
    problems: pa.Table,
    record: str,
    apart: Mapping[int, int] = MappingProxyType({}),
) -> Joined:
    """Return what shown records get from those told beside them: one meeting may stand in several lists, its parties in
    another than its times, or in a row each. Where one says otherwise than the others it gives nothing, and is told.

    What other answers tell fills what the one shown does not say, unless it may be of another meeting. A list of
    parties is one answer's: from an earlier one's nobody joins another, for the platform may have mended it.

    Parameters
    ----------
    beside
        Record shown → the others, in the order in which their parties are to stand.
    shared
        Records shown whose id has several meetings: what has no start may be of any of them.
    meetings, legs, problems
        `MEETING_COLUMNS`, `LEG_COLUMNS` and `PROBLEM_COLUMNS` of all these records.
    record
        The column that numbers the records.
    apart
        Those told by other answers alone, and how many answers after the record shown (before it: less than 0).
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    cells: dict[int, dict[str, Any]] = {}
    told: list[tuple[int, int, str, str, str]] = []
    columns = [record, *MEETING_COLUMNS]
    facts = {values[0]: dict(zip(columns, values, strict=True)) for values in rows_of(meetings, columns)}
    listed: dict[int, list[_Leg]] = defaultdict(list)
    for row, *values in rows_of(legs, [record, *LEG_COLUMNS]):
        listed[row].append(tuple(values))
    odd: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for row, leg, *rest in rows_of(problems, [record, *PROBLEM_COLUMNS]):
        odd[row] += [(rest[0], rest[1], rest[2])] if leg is None else []
    for shown, others in beside.items():
        own, known = facts[shown], list(listed[shown])
        in_rows = [0 if len(known) == 1 else None] * len(known)
        more: dict[str, Any] = {}
        last = max((leg for leg, *_ in known), default=0)
        of_parties, earlier = None, set()
        for other in others:
            when = apart.get(other, 0)
            part = _part(own, facts[other], when, is_shared=shown in shared)
            row_of = when if len(listed[other]) == 1 else None
            in_row = [row_of is not None and row_of == one for one in in_rows]
            lacking, fuller = _lacking(known, listed[other], in_row)
            is_left_out = part.is_odd or (when < 0 and bool(known) and when != of_parties)
            left_out, lacking = (lacking, []) if is_left_out else ([], lacking)
            if when >= 0 or (not part.is_odd and (part.silent or lacking)):
                told += ((shown, other, *one) for one in odd[other] if one not in odd[shown])
            value, party = ("other_value", "unread_parties") if when >= 0 else ("earlier_value", "earlier_value")
            otherwise = [(name, value, f"{name}={_text(facts[other][name])}") for name in part.otherwise]
            otherwise += ((PARTIES, party, _text(leg)) for leg in left_out + fuller)
            # one value may stand in many earlier versions
            new = otherwise if when >= 0 else [one for one in dict.fromkeys(otherwise) if one not in earlier]
            told += ((shown, other, *one) for one in new)
            earlier.update(otherwise)
            if part.is_odd:
                continue
            filled = {name: facts[other][name] for name in part.silent}
            for leg in lacking:
                last += 1
                found[other, leg[0]] = (shown, last)
                known.append(leg)
                in_rows.append(row_of)
                of_parties = when
            if facts[other]["n_legs"] is not None and (lacking or own["n_legs"] is None):
                filled |= {"n_legs": len(known), "n_people": len({number for _, number, *_ in known} - {None})}
            own, more = {**own, **filled}, {**more, **filled}
        cells |= {shown: more} if more else {}
    return Joined(found, cells, told)


class _Part(NamedTuple):
    """What a record says of a meeting that the one shown does not, what it says otherwise or cannot give, and whether
    it may be of another meeting."""

    silent: list[str]
    otherwise: list[str]
    is_odd: bool


def _part(own: Mapping[str, Any], other: Mapping[str, Any], when: int, *, is_shared: bool) -> _Part:
    said = [name for name in _COMPARED if other[name] is not None]
    is_anybodys = is_shared and "started_at" not in said
    silent = [name for name in said if own[name] is None and not is_anybodys]
    differs = [name for name in said if own[name] != other[name] and name not in silent]
    is_odd = is_anybodys or bool(_WHOSE.intersection(differs) if when else differs)
    gone_on = () if when >= 0 else _GROWS if other["ended_at"] is None else _OF_NOW
    untold = said if is_odd else differs
    return _Part(silent, [name for name in untold if own[name] != other[name] and name not in gone_on], is_odd)


def _text(value: Any) -> str:
    """Return a cell, or a leg as its columns, as the text that tells of it."""
    if isinstance(value, tuple):
        leg = zip(_ONE_LEG, value[2:], strict=True)
        return as_json({name: _text(one) for name, one in leg if one is not None})
    return times.beijing_text(value) if isinstance(value, datetime) else str(value)


_Leg = tuple[Any, ...]
"""Cells of `LEG_COLUMNS`."""


_ANY = "*", "any"
"""In place of a name or a time: whatever it is."""
_LISTED = "*", "listed"
"""In place of an end: whatever it is, as another list says it."""


def _lacking(known: list[_Leg], more: Sequence[_Leg], in_row: Sequence[bool]) -> tuple[list[_Leg], list[_Leg]]:
    """Return the connections that are not known yet, and those of which less is known, which is known from then on;
    one that stands twice in either is two.

    Told running and over a connection is one, and in two lists it is one whatever its end, which one of them may round:
    twice it would be billed. Where a platform lists a row for each (`in_row`, by place in `known`), two with different
    ends are two, as they are in one list: two devices of one number, two callers who show none.
    """
    if known == more:  # most versions of a meeting differ in all but their parties
        return [], []
    # looked up and never compared in pairs: a number may be connected ten thousand times
    there: dict[Any, deque[int]] = defaultdict(deque)
    asked = {*map(_who, more)}
    for at, leg in enumerate(known):
        if _who(leg) not in asked:
            continue
        *cells, end = _may_lack(leg)
        ends: tuple[Any, ...] = (end, _ANY) if in_row[at] else (end, _ANY, _LISTED)
        for key in product(*((cell, _ANY) for cell in cells), ends):
            there[_who(leg), key].append(at)
    taken: set[int] = set()
    lacking: list[_Leg] = []
    fuller: list[_Leg] = []
    # the fullest first: what says little would take the place of another connection of the same number
    for leg in sorted(more, key=lambda one: (sum(cell is None for cell in one), one[0])):
        *cells, end = _may_lack(leg)
        ends = (None, _ANY) if end is None else (end, None, _LISTED)
        for key in product(*((None, _ANY) if cell is None else (cell, None) for cell in cells), ends):
            same = there[_who(leg), key]
            while same and same[0] in taken:
                same.popleft()
            if same:
                taken.add(same[0])
                less = known[same[0]]
                if any(
                    one is None and cell is not None for one, cell in zip(_may_lack(less), _may_lack(leg), strict=True)
                ):
                    fuller.append(leg)
                    # else two rows with an end each would both be the one that is told running
                    known[same[0]] = tuple(one if cell is None else cell for cell, one in zip(less, leg, strict=True))
                break
        else:
            lacking.append(leg)
    return sorted(lacking, key=itemgetter(0)), sorted(fuller, key=itemgetter(0))


def _who(leg: _Leg) -> Any:
    """Return who is connected: the number, however it is written; all that is known of whoever shows none."""
    _, number, _, phone, extension, *_ = leg
    return leg[2:-1] if number is None and phone is None else (number or phone, extension)


def _may_lack(leg: _Leg) -> tuple[Any, Any, Any]:
    """Return what a list may leave out of a connection: the name, when it was joined and when it was left."""
    return leg[2], leg[5], leg[6]


def with_joined(table: pa.Table, joined: Joined) -> pa.Table:
    """Return rows of legs (or of problems of legs), numbered by `row`, with those of joined parties once more behind
    them, under the record that shows them."""
    if not joined.legs:
        return table
    places = list(zip(table["row"].to_pylist(), table["leg"].to_pylist(), strict=True))
    taken = [(joined.legs[place], at) for at, place in enumerate(places) if place in joined.legs]
    taken.sort()
    more = table.take(pa.array([at for _, at in taken], pa.int64()))
    for name, at in (("row", 0), ("leg", 1)):
        column = pa.array([to[at] for to, _ in taken], pa.int64())
        more = more.set_column(more.schema.get_field_index(name), table.schema.field(name), column)
    return pa.concat_tables([table, more])
