"""Every path that occurs in records: how often it is there and says something, in which types and forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from ytxdata import phones
from ytxdata.records.aliases import PARTIES, Aliases, Match
from ytxdata.records.decode import read_value
from ytxdata.records.forms import example, form_of, type_of
from ytxdata.records.values import is_blank

_FORMS_FROM = 1000
"""From how many values of a path its forms are told; types and fill are told from all."""

_MOST_KEYS = 200
"""With more keys than this, an object's keys are data (a map), not names."""

_DEEPEST = 6


class Field(NamedTuple):
    """One path of the records.

    Parameters
    ----------
    path
        Keys joined by `.`; `[]` is an element of a list, `~` what JSON text holds, `*` any key of a map.
    feeds
        The column it feeds, as `meetings.creator`; empty when none.
    n_parents, n_present, n_filled
        Objects that could have it, that have it, and in which it says something.
    types, forms
        Type → count, over all; form → count, over a sample of what says something.
    examples
        Up to three, masked.
    """

    path: str
    feeds: str
    n_parents: int
    n_present: int
    n_filled: int
    types: dict[str, int]
    forms: dict[str, int]
    examples: tuple[str, ...]

    @property
    def fill_rate(self) -> float:
        """Share of the objects in which it says something, 0 to 1."""
        return self.n_filled / self.n_parents if self.n_parents else 0.0

    @property
    def main_form(self) -> str:
        """The form most values have; empty when nothing is said."""
        return max(self.forms, key=lambda form: self.forms[form]) if self.forms else ""


def survey(objects: Sequence[dict[str, Any]], aliases: Aliases) -> tuple[Field, ...]:
    """Return every path of the records, in the order of first appearance at each level."""
    return tuple(_fields(objects, "", "meetings", aliases, 0))


def _fields(
    objects: Sequence[dict[str, Any]], prefix: str, table: str, aliases: Aliases, depth: int
) -> Iterable[Field]:
    look_up: dict[str, Callable[[str], Match | None]] = {"meetings": aliases.meeting, "legs": aliases.leg}
    keys = dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, objects))))
    is_map = len(keys) > _MOST_KEYS or (bool(keys) and all(phones.normalize(key) for key in keys))
    if is_map:
        objects, keys = [{"*": value} for one in objects for value in one.values()], {"*": None}
    for key in keys:
        match = look_up[table](key) if table in look_up else None
        feeds = f"{table}.{match.column}" if match else ""
        values = [one[key] for one in objects if key in one]
        path = f"{prefix}{key}"
        yield _field(path, feeds, len(objects), values)
        if depth < _DEEPEST:
            inner = "legs" if feeds == f"meetings.{PARTIES}" or (is_map and table == "legs") else ""
            yield from _inside(values, path, inner, aliases, depth + 1)


def _inside(values: list[Any], path: str, table: str, aliases: Aliases, depth: int) -> Iterable[Field]:
    """Survey the objects that stand in values: directly, in lists, in JSON text."""
    texts = [value for value in values if isinstance(value, str) and value.lstrip()[:1] in ("[", "{")]
    read = [found.value for text in texts if (found := read_value(text.strip().encode("utf-8", "replace")))]
    for mark, group in (("", values), ("~", read)):
        objects = [value for value in group if isinstance(value, dict)]
        elements = [element for value in group if isinstance(value, list) for element in value]
        if objects:
            yield from _fields(objects, f"{path}{mark}.", table, aliases, depth)
        plain = [element for element in elements if not isinstance(element, dict)]
        if plain:
            yield _field(f"{path}{mark}[]", f"{table}.phone" if table == "legs" else "", len(elements), plain)
        parties = [element for element in elements if isinstance(element, dict)]
        if parties:
            yield from _fields(parties, f"{path}{mark}[].", table, aliases, depth)


def _field(path: str, feeds: str, n_parents: int, values: list[Any]) -> Field:
    filled = [value for value in values if not is_blank(value)]
    scalars = [value for value in filled if not isinstance(value, (dict, list))]
    sample = scalars[:: max(len(scalars) // _FORMS_FROM, 1)]
    kinds: Counter[str] = Counter()
    for kind, n in Counter(map(type, values)).items():
        kinds[type_of(next(value for value in values if type(value) is kind))] += n
    return Field(
        path,
        feeds,
        n_parents,
        len(values),
        len(filled),
        dict(kinds.most_common()),
        dict(Counter(map(form_of, sample)).most_common()),
        tuple(dict.fromkeys(example(value, feeds) for value in sample[:50]))[:3],
    )
