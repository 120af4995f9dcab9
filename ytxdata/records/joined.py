"""What one record of a meeting gets from others that tell of it too: values and connections that only they have.

Of one answer's records, and of an archive's observations alike.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple

import pyarrow as pa

from ytxdata import times
from ytxdata.records import schema
from ytxdata.records.aliases import PARTIES
from ytxdata.records.json_values import as_json
from ytxdata.records.schema import PROVENANCE
from ytxdata.records.values import rows_of

_COMPARED = [c.name for c in schema.MEETINGS if c.name not in (*PROVENANCE, "record_hash", "n_legs", "n_people")]
_ONE_LEG = ["name", "phone", "extension", "joined_at"]
"""What is told of a connection; not its end: told running and over it is one, and twice it would be billed."""

MEETING_COLUMNS = [*_COMPARED, "n_legs", "n_people"]
LEG_COLUMNS = ["leg", "number", *_ONE_LEG]
PROBLEM_COLUMNS = ["leg", "column", "reason", "raw_value"]


class Joined(NamedTuple):
    """What a shown record gets from others: `legs` by (record, leg) → (shown record, its number there), its `cells`
    that they fill or change, and what is `told` of it: shown record, column, reason, text."""

    legs: Mapping[tuple[int, int], tuple[int, int]]
    cells: Mapping[int, Mapping[str, Any]]
    told: Sequence[tuple[int, str, str, str]]


def join_records(
    beside: Mapping[int, Sequence[int]],
    shared: Container[int],
    meetings: pa.Table,
    legs: pa.Table,
    problems: pa.Table,
    record: str,
) -> Joined:
    """Return what shown records get from those told beside them: one meeting may stand in several lists, its parties in
    another than its times, or in a row each. Where one says otherwise than the others it gives nothing, and is told.

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
    """
    found: dict[tuple[int, int], tuple[int, int]] = {}
    cells: dict[int, dict[str, Any]] = {}
    told: list[tuple[int, str, str, str]] = []
    columns = [record, *MEETING_COLUMNS]
    facts = {values[0]: dict(zip(columns, values, strict=True)) for values in rows_of(meetings, columns)}
    listed: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row, *values in rows_of(legs, [record, *LEG_COLUMNS]):
        listed[row].append(tuple(values))
    odd: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    for row, leg, *rest in rows_of(problems, [record, *PROBLEM_COLUMNS]):
        odd[row] += [(rest[0], rest[1], rest[2])] if leg is None else []
    for shown, others in beside.items():
        own, known = facts[shown], list(listed[shown])
        more: dict[str, Any] = {}
        last = max((leg for leg, *_ in known), default=0)
        for other in others:
            said = {name: facts[other][name] for name in _COMPARED if facts[other][name] is not None}
            is_anybodys = shown in shared and "started_at" not in said
            silent = {name for name in said if own[name] is None and not is_anybodys}
            otherwise = [name for name, one in said.items() if own[name] != one and name not in silent]
            lacking, fuller = _lacking(known, listed[other])
            told += ((shown, *one) for one in odd[other] if one not in odd[shown])
            is_odd = bool(otherwise) or is_anybodys
            told += ((shown, name, "other_value", f"{name}={_text(said[name])}") for name in otherwise)
            told += ((shown, PARTIES, "unread_parties", _text(leg)) for leg in (lacking if is_odd else []) + fuller)
            if is_odd:
                continue
            more |= {name: said[name] for name in silent}
            own = {**own, **said}
            for leg in lacking:
                last += 1
                found[other, leg[0]] = (shown, last)
                known.append(leg)
            if facts[other]["n_legs"] is not None:
                more |= {"n_legs": len(known), "n_people": len({number for _, number, *_ in known} - {None})}
        cells |= {shown: more} if more else {}
    return Joined(found, cells, told)


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


def _lacking(known: Sequence[_Leg], more: Sequence[_Leg]) -> tuple[list[_Leg], list[_Leg]]:
    """Return the connections that are not known yet, and those of which less is known; one that stands twice in either
    is two."""
    # looked up and never compared in pairs: a number may be connected ten thousand times
    there: dict[Any, deque[int]] = defaultdict(deque)
    for at, leg in enumerate(known):
        for key in product(*((cell, _ANY) for cell in _may_lack(leg))):
            there[_who(leg), key].append(at)
    taken: set[int] = set()
    lacking: list[_Leg] = []
    fuller: list[_Leg] = []
    # the fullest first: what says little would take the place of another connection of the same number
    for leg in sorted(more, key=lambda one: (sum(cell is None for cell in one), one[0])):
        for key in product(*((None, _ANY) if cell is None else (cell, None) for cell in _may_lack(leg))):
            same = there[_who(leg), key]
            while same and same[0] in taken:
                same.popleft()
            if same:
                taken.add(same[0])
                less = _may_lack(known[same[0]])
                if any(one is None and cell is not None for one, cell in zip(less, _may_lack(leg), strict=True)):
                    fuller.append(leg)
                break
        else:
            lacking.append(leg)
    return sorted(lacking, key=itemgetter(0)), sorted(fuller, key=itemgetter(0))


def _who(leg: _Leg) -> Any:
    """Return who is connected: the number, however it is written; all that is known of whoever shows none."""
    _, number, _, phone, extension, _ = leg
    return leg[2:] if number is None and phone is None else (number or phone, extension)


def _may_lack(leg: _Leg) -> tuple[Any, Any]:
    """Return what a list may leave out of a connection: the name, and when it was joined."""
    return leg[2], leg[5]


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
