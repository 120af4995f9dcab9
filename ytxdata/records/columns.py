"""From objects to columns: which key of each object is taken, and what its values become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from ytxdata.records.aliases import COMPANIONS, Match, plain
from ytxdata.records.decode import as_json
from ytxdata.records.schema import ARROW_TYPES, Column
from ytxdata.records.values import Values, convert, is_blank

Lookup = Callable[[str], Match | None]


class Trouble(NamedTuple):
    """Something about one value: index of its object, column, reason key, the value as given."""

    at: int
    column: str
    reason: str
    raw_value: str


class Filled(NamedTuple):
    """A typed array for each column, and what was wrong with single values."""

    arrays: dict[str, pa.Array]
    troubles: list[Trouble]


def fill(columns: Sequence[Column], objects: Sequence[dict[str, Any]], lookup: Lookup) -> Filled:
    """Return the columns that have candidate keys, filled from the objects.

    Where an object has several keys of one column, the first that says something counts; another one that says
    something else is a trouble, unless it is known to mean something else. A key with a prefix counts only where
    no exact one speaks.
    """
    arrays: dict[str, pa.Array] = {}
    troubles: list[Trouble] = []
    found = keys_by_column(objects, lookup)
    for column in columns:
        if not column.keys:
            continue
        if column.name not in found:
            arrays[column.name] = pa.nulls(len(objects), ARROW_TYPES[column.type])
            continue
        values = choose(objects, found[column.name], column.name, troubles)
        arrays[column.name], reasons = convert(column.type, values)
        troubles += (Trouble(i, column.name, reason, as_json(values[i])) for i, reason in reasons.items())
    return Filled(arrays, troubles)


def keys_by_column(objects: Sequence[dict[str, Any]], lookup: Lookup) -> dict[str, list[tuple[tuple[int, int], str]]]:
    """Return for each column the keys that occur, with their rank, preferred ones first."""
    found: dict[str, list[tuple[tuple[int, int], str]]] = {}
    for key in {key for layout in set(map(tuple, objects)) for key in layout}:
        match = lookup(key)
        if match:
            found.setdefault(match.column, []).append((match.rank, key))
    return {column: sorted(keys) for column, keys in found.items()}


def choose(
    objects: Sequence[dict[str, Any]],
    keys: list[tuple[tuple[int, int], str]],
    column: str,
    troubles: list[Trouble],
) -> Values:
    """Return one value for each object, and add a trouble where another key says something else."""
    if len(keys) == 1:
        only = keys[0][1]
        return [one.get(only) for one in objects]
    values: Values = []
    for i, one in enumerate(objects):
        speaking = [(rank, key) for rank, key in keys if not is_blank(one.get(key))]
        if not speaking:
            values.append(next((one[key] for _, key in keys if one.get(key) is not None), None))
            continue
        (tier, _), chosen = speaking[0]
        values.append(one[chosen])
        if len(speaking) > 1:
            taken = as_json(one[chosen])
            troubles += (
                Trouble(i, column, "other_value", f"{key}={as_json(one[key])}")
                for rank, key in speaking[1:]
                if rank[0] == tier and plain(key) not in COMPANIONS and as_json(one[key]) != taken
            )
    return values
