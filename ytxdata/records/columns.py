"""From objects to columns: which key of each object is taken, and what its values become."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import pyarrow as pa

from ytxdata.records.aliases import COMPANIONS, Match, plain
from ytxdata.records.decode import as_json
from ytxdata.records.schema import ARROW_TYPES, Column
from ytxdata.records.values import Values, as_list, convert, is_blank

Lookup = Callable[[str], Match | None]
Ranked = tuple[tuple[int, int], str]


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


class Sheet:
    """Objects seen as columns of values not yet understood.

    Parameters
    ----------
    n
        How many objects.
    keys
        Every key that any of them has.
    values
        Gives the values under one key, one for each object, None where it has no such key.
    look_up
        Tells which column a key feeds.
    """

    def __init__(self, n: int, keys: Iterable[str], values: Callable[[str], Values], look_up: Lookup) -> None:
        self.n = n
        self.values = values
        self.keys: dict[str, list[Ranked]] = {}
        for key in sorted(keys):
            match = look_up(key)
            if match:
                self.keys.setdefault(match.column, []).append((match.rank, key))

    @classmethod
    def of_objects(cls, objects: Sequence[dict[str, Any]], look_up: Lookup) -> Sheet:
        """See decoded objects as columns."""
        layouts = set(map(tuple, objects))
        keys = {key for layout in layouts for key in layout}
        if len(layouts) != 1:
            return cls(len(objects), keys, lambda key: [one.get(key) for one in objects], look_up)
        (layout,) = layouts  # nearly always: then one pass serves all keys
        flat = list(chain.from_iterable(map(dict.values, objects)))
        return cls(len(objects), keys, lambda key: flat[layout.index(key) :: len(layout)], look_up)

    @classmethod
    def of_arrays(cls, n: int, arrays: Mapping[str, pa.Array], look_up: Lookup) -> Sheet:
        """See arrays by key as columns."""
        return cls(n, arrays, arrays.__getitem__, look_up)

    def choose(self, column: str, troubles: list[Trouble]) -> Values | None:
        """Return one value of a column for each object, or None when no object has a key of it.

        Where an object has several keys of one column, the first that says something counts; another one that says
        something else is a trouble, unless it is known to mean something else. A key with a prefix counts only where
        no exact one speaks.
        """
        keys = sorted(self.keys.get(column, ()))
        if len(keys) < 2:
            return self.values(keys[0][1]) if keys else None
        chosen: list[Any] = []
        for i, given in enumerate(zip(*(as_list(self.values(key)) for _, key in keys), strict=True)):
            speaking = [
                (rank, key, value) for (rank, key), value in zip(keys, given, strict=True) if not is_blank(value)
            ]
            if not speaking:
                chosen.append(next((value for value in given if value is not None), None))
                continue
            (tier, _), _, taken = speaking[0]
            chosen.append(taken)
            troubles += (
                Trouble(i, column, "other_value", f"{key}={as_json(value)}")
                for rank, key, value in speaking[1:]
                if rank[0] == tier and plain(key) not in COMPANIONS and as_json(value) != as_json(taken)
            )
        return chosen


def fill(columns: Sequence[Column], sheet: Sheet) -> Filled:
    """Return those of the columns that have candidate keys, filled from the objects."""
    arrays: dict[str, pa.Array] = {}
    troubles: list[Trouble] = []
    for column in columns:
        if not column.keys:
            continue
        values = sheet.choose(column.name, troubles)
        if values is None:
            arrays[column.name] = pa.nulls(sheet.n, ARROW_TYPES[column.type])
            continue
        arrays[column.name], reasons = convert(column.type, values)
        troubles += (
            Trouble(i, column.name, reason, as_json(as_list(values[i : i + 1])[0])) for i, reason in reasons.items()
        )
    return Filled(arrays, troubles)
