"""From objects to the columns of meetings and of legs: which key of each object is taken, what its values become, and
which of them contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import times
from ytxdata.phones import read_phone
from ytxdata.records import schema
from ytxdata.records.aliases import COMPANIONS, OF_CREATOR, PARTIES, Aliases, Match, plain, unfolded
from ytxdata.records.json_values import as_json, decoded
from ytxdata.records.numbers import Numbers, n_distinct, read_numbers
from ytxdata.records.odd_records import meetings_among_parties
from ytxdata.records.parties import OddKeys, Parties, read_parties
from ytxdata.records.party_names import Party
from ytxdata.records.party_times import unread_times
from ytxdata.records.schema import ARROW_TYPES, Column
from ytxdata.records.siblings import with_parts
from ytxdata.records.unread_parties import unread_codes, unread_phones
from ytxdata.records.values import (
    Values,
    as_list,
    as_phone,
    as_texts,
    bare_id,
    bare_ids,
    convert,
    is_blank,
    rows_where,
)

Lookup = Callable[[str], Match | None]
Ranked = tuple[tuple[int, int], str]
Cells = Mapping[str, Any]
Difference = tuple[str, Any, Any]
"""A field, what it was, what it is."""


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
        self.unknown: list[str] = []
        for key in sorted(keys):
            match = look_up(key)
            if match:
                self.keys.setdefault(match.column, []).append((match.rank, key))
            else:
                self.unknown.append(key)

    @classmethod
    def of_objects(cls, objects: Sequence[dict[str, Any]], look_up: Lookup) -> Sheet:
        """See decoded objects as columns."""
        layouts = set(map(tuple, objects))
        keys = {key for layout in layouts for key in layout}
        if len(layouts) != 1:
            return cls(len(objects), keys, lambda key: [one.get(key) for one in objects], look_up)
        (layout,) = layouts  # nearly always: then one pass serves all keys
        places = {key: place for place, key in enumerate(layout)}
        flat = list(chain.from_iterable(map(dict.values, objects)))
        return cls(len(objects), keys, lambda key: flat[places[key] :: len(layout)], look_up)

    @classmethod
    def of_arrays(cls, n: int, arrays: Mapping[str, pa.Array], look_up: Lookup) -> Sheet:
        """See arrays by key as columns."""
        return cls(n, arrays, arrays.__getitem__, look_up)

    def choose(self, column: str, troubles: list[Trouble]) -> Values | None:
        """Return one value of a column for each object, or None when no object has a key of it.

        Where an object has several keys of one column, the first that says something counts; another one that says
        something else is a trouble, unless it is known to mean something else. A key with a prefix counts only where
        no exact one speaks, and contradicts an exact one only about times and parties: `emergencyPhone` is another
        phone, but of `endTime` and `actualLeaveTime` one is what the reports should count. Where the exact phone is no
        full number, a full one may be the party's own and is told; where a phone is no number at all, it is taken.
        """
        keys = sorted(self.keys.get(column, ()))
        columns = [_in_utc(key, self.values(key)) for _, key in keys]
        if len(keys) < 2:
            return columns[0] if keys else None
        texts = [text for text in map(as_texts, columns) if text is not None]
        if len(texts) == len(columns):
            chosen, doubtful = pc.coalesce(*texts), _doubtful(column, keys, texts)
            taken = [_choose(i, column, keys, [text[i].as_py() for text in texts], troubles) for i in doubtful]
            if not taken:
                return chosen
            mask = np.zeros(len(chosen), np.bool_)
            mask[doubtful] = True
            return pc.replace_with_mask(chosen, pa.array(mask), pa.array(taken, pa.string()))
        rows = enumerate(zip(*map(as_list, columns), strict=True))
        return [_choose(i, column, keys, given, troubles) for i, given in rows]


def _in_utc(key: str, values: Values) -> Values:
    """Return the values of a key, times with their zone where the key says that it is UTC (`startTimeUTC`)."""
    if not unfolded(key).endswith("utc"):
        return values
    told = (times.in_zone(one, "UTC") if isinstance(one, str) else one for one in as_list(values))
    return pa.array(told, values.type) if isinstance(values, pa.Array) else [*told]


_COUNTED = frozenset({"started_at", "ended_at", "joined_at", "left_at", "duration_s", PARTIES})
"""Columns that the reports add up: what another key says of them is told, whatever stands in front of it."""

_PHONES = frozenset(column.name for column in (*schema.MEETINGS, *schema.LEGS) if column.type == "phone")

_FULL_NUMBER = re.compile("([0-9][() -]*){8}")


def _choose(i: int, column: str, keys: Sequence[Ranked], given: Sequence[Any], troubles: list[Trouble]) -> Any:
    """Return the value of the first key that says something; tell of others that say something else."""
    speaking = [(rank, key, value) for (rank, key), value in zip(keys, given, strict=True) if not is_blank(value)]
    if not speaking:
        # Blank is not absent: an empty list of parties says that nobody is listed, null says nothing.
        return next((value for value in given if value is not None), None)
    if column in _PHONES and not _says_number(speaking[0][2]):  # `creator` may be a name beside `creatorphone`
        speaking.sort(key=lambda one: (one[0][0], as_phone(one[2]) is None))
    (tier, _), _, taken = speaking[0]
    said = as_json(decoded(taken))
    troubles += (
        Trouble(i, column, "other_value", f"{key}={as_json(value)}")
        for rank, key, value in speaking[1:]
        if (_counts_beside(taken, value, column) or rank[0] == tier)
        and (plain(key) not in COMPANIONS or (column in _PHONES and _counts_beside(taken, value, column)))
        and as_json(decoded(value)) != said
    )
    return taken


def _counts_beside(taken: Any, other: Any, column: str) -> bool:
    """Return whether a value under a longer key matters beside one under an exact key."""
    if column in _PHONES:
        return not _FULL_NUMBER.search(str(taken)) and as_phone(other) is not None
    is_how_many = column == PARTIES and str(other).isdigit() and not as_phone(other)
    return column in _COUNTED and not is_how_many


def _says_number(value: Any) -> bool:
    """Return whether a value is a number or an extension."""
    return not isinstance(value, (list, dict)) and any(read_phone(str(value)))


def _doubtful(column: str, keys: Sequence[Ranked], texts: Sequence[pa.Array]) -> list[int]:
    """Return in which rows one key may contradict another; where an exact key speaks, those with a prefix do so only
    about what is added up, and beside what may be no full number.
    """
    chosen = pc.coalesce(*texts)
    tiers = [rank[0] for rank, _ in keys]
    exact = pc.coalesce(*(text for tier, text in zip(tiers, texts, strict=True) if tier == tiers[0]))
    is_open = exact.is_null()
    if column in _PHONES:
        is_open = pc.or_kleene(is_open, pc.invert(pc.match_substring_regex(exact, _FULL_NUMBER.pattern)))
    doubts = pa.nulls(len(chosen), pa.bool_())
    for tier, (_, key), text in zip(tiers, keys, texts, strict=True):
        is_companion = plain(key) in COMPANIONS
        if not is_companion or column in _PHONES:
            counts = True if not is_companion and (tier == tiers[0] or column in _COUNTED) else is_open
            doubts = pc.or_kleene(doubts, pc.and_(pc.not_equal(text, chosen), counts))
    indices: list[int] = pc.indices_nonzero(doubts).to_pylist()
    return indices


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
        array, reasons = convert(column.type, values)
        if column.name == "creator":
            array, apart = with_parts(array, sheet.unknown, sheet.values, OF_CREATOR)
            troubles += (Trouble(i, column.name, "unread_phone", text) for i, text in apart)
        arrays[column.name] = bare_ids(array) if column.name == "meeting_id" else array
        troubles += (
            Trouble(i, column.name, reason, as_json(as_list(values[i : i + 1])[0])) for i, reason in reasons.items()
        )
    return Filled(arrays, troubles)


def no_numbers(column: str, texts: pa.Array, numbers: Numbers, troubles: Sequence[Trouble]) -> list[Trouble]:
    """Return where a phone is no number, but where something about it is told already."""
    told = {trouble.at for trouble in troubles if trouble.column == column}
    rows = rows_where(pc.and_(texts.is_valid(), numbers.says_nothing))
    return [Trouble(i, column, "not_a_phone", texts[i].as_py()) for i in rows if i not in told]


_BY_DURATION = "start+duration"
"""As a key of `ended_at` or `left_at`, plain: what tells no end lasts for its duration.

By request only: minutes would be wrong wherever durations are no seconds, and a proof must rest on what was told.
"""

_LONGEST_S = 31 * 86_400


def ends(arrays: Mapping[str, pa.Array], start: str, end: str, keys: Sequence[str]) -> pa.Array:
    """Return when each ended: as it says, else, where the keys of that column ask for it, a duration after its start."""
    if _BY_DURATION not in map(plain, keys):
        return arrays[end]
    # Zero is what a call has that still runs, and what would last for months is told in other units.
    is_told = pc.and_(pc.greater(arrays["duration_s"], 0), pc.less(arrays["duration_s"], _LONGEST_S))
    durations = pc.if_else(is_told, arrays["duration_s"], pa.scalar(None, pa.int64()))
    spans = pc.multiply(durations, 1_000_000).cast(pa.duration("us"))
    return pc.coalesce(arrays[end], pc.add(arrays[start], spans))


def contradictions(
    arrays: Mapping[str, pa.Array], start: str, end: str, ends_of_meetings: pa.Array | None = None
) -> list[Trouble]:
    """Return where the end is before the start, or the duration is not end − start (as exactly as they are told).

    What has no end of its own lasts until its meeting's, if these are given: so the reports count it, and a duration
    that says otherwise would be the only trace of an end that goes by another name.
    """
    starts, ends, durations = arrays[start], arrays[end], arrays["duration_s"]
    last = ends if ends_of_meetings is None else pc.coalesce(ends, ends_of_meetings)
    edges_us = starts.cast(pa.int64()), last.cast(pa.int64())
    span_us = pc.subtract(edges_us[1], edges_us[0])
    is_early = pc.and_(pc.less(span_us, 0), ends.is_valid())
    off_us = pc.abs(pc.subtract(pc.multiply(durations, 1_000_000), span_us))
    # Told once: where the end comes first no duration can agree.
    is_off = pc.and_(pc.greater(off_us, schema.TOLERANCE_S * 1_000_000), pc.invert(is_early))
    at = pc.indices_nonzero(is_off)
    found = zip(at.to_pylist(), *(one.take(at).to_pylist() for one in (off_us, *edges_us, durations)), strict=True)
    off = [i for i, by, first, final, lasts in found if by > 1e6 * schema.leeway_s(first / 1e6, final / 1e6, lasts)]
    return [
        *(Trouble(i, end, "end_before_start", times.beijing_text(ends[i].as_py())) for i in rows_where(is_early)),
        *(Trouble(i, "duration_s", "duration_mismatch", str(durations[i].as_py())) for i in off),
    ]


class Legs(NamedTuple):
    """The legs of a list of meetings.

    `owner` is the index of each leg's meeting, `arrays` the columns of legs but for the meeting id, `n_legs` and
    `n_people` belong to the meetings (null: unknown), as do the numbers of their `creators`, `n_keys` is how many keys
    the parties surely have, `troubles` are about single legs (their index), `list_troubles` about a meeting's list.
    """

    owner: pa.Array
    arrays: dict[str, pa.Array]
    n_legs: pa.Array
    n_people: pa.Array
    creators: Numbers
    n_keys: int
    troubles: list[Trouble]
    list_troubles: list[Trouble]


def read_legs(meetings: Sheet, creators: pa.Array, ended_at: pa.Array, aliases: Aliases) -> Legs:
    """Return the legs of meetings, with the creators as the platform gave them, and when each ended."""
    list_troubles: list[Trouble] = []
    lists = meetings.choose(PARTIES, list_troubles)
    ids = meetings.choose("meeting_id", [])
    n_keys = 0
    if isinstance(lists, pa.Array) and pa.types.is_list(lists.type):
        parties = lists.flatten()
        columns = dict(zip([field.name for field in parties.type], parties.flatten(), strict=True))
        sheet = Sheet.of_arrays(len(parties), columns, aliases.leg)
        sizes = lists.value_lengths()
    else:
        objects, given_sizes, n_keys = _flatten(
            [None] * meetings.n if lists is None else as_list(lists),
            [None] * meetings.n if ids is None else as_list(ids),
            aliases,
            list_troubles,
        )
        sheet, sizes = Sheet.of_objects(objects, aliases.leg), pa.array(given_sizes, pa.int64())

    # Unknown is not nobody: counted as 0, meetings without a list would pass for meetings nobody joined.
    is_unknown = sizes.is_null().to_numpy(zero_copy_only=False)
    counts = sizes.fill_null(0).to_numpy().astype(np.int64)
    owners = np.repeat(np.arange(meetings.n), counts)
    owner = pa.array(owners)
    arrays, troubles = fill(schema.LEGS, sheet)
    arrays["left_at"] = ends(arrays, "joined_at", "left_at", dict(aliases.legs)["left_at"])
    arrays["leg"] = pa.array(np.arange(sheet.n) - np.repeat(np.cumsum(counts) - counts, counts) + 1)
    calling = [key for (tier, _), key in sheet.keys.get("phone", ()) if tier]
    whole, apart = with_parts(arrays["phone"], [*sheet.unknown, *calling], sheet.values)  # `extensionNumber` is either
    codes, is_told = unread_codes(whole, owner, sheet.values, sheet.unknown), {i for i, _ in apart}
    apart += [one for one in codes if one[0] not in is_told] if sheet.unknown else []
    troubles += (Trouble(i, "phone", "unread_phone", text) for i, text in apart)
    creator_numbers, numbers = read_numbers(creators, whole)
    arrays |= {"number": numbers.number, "extension": numbers.extension}
    arrays["is_creator"] = _is_creator(numbers, creator_numbers, owner)
    troubles += no_numbers("phone", arrays["phone"], numbers, troubles)
    named = [key for _, key in sheet.keys.get("name", ())]
    troubles += (
        Trouble(i, "phone", "unread_phone", text)
        for i, text in unread_phones(numbers, owner, sheet.values, sheet.unknown, named, calling, aliases)
    )
    told = unread_times(arrays, owner, sheet.values, sheet.unknown)
    troubles += (Trouble(i, PARTIES, "unread_parties", text) for i, text in told)
    names = meetings.choose("name", [])
    among = meetings_among_parties(sheet.unknown, sheet.values, arrays, (owners, names or ()), aliases)
    troubles += (Trouble(i, "name", "several_meetings", text) for i, text in among)
    troubles += contradictions(arrays, "joined_at", "left_at", ended_at.take(owner))
    return Legs(
        owner,
        arrays,
        pa.array(counts, mask=is_unknown),
        pa.array(n_distinct(owners, numbers, meetings.n), mask=is_unknown),
        creator_numbers,
        n_keys,
        troubles,
        list_troubles,
    )


def _is_creator(numbers: Numbers, creators: Numbers, owner: pa.Array) -> pa.Array:
    """Return which legs have their creator's number; two extensions of one office are two people."""
    is_other = pc.not_equal(numbers.extension, creators.extension.take(owner))
    return pc.and_kleene(pc.equal(numbers.who, creators.who.take(owner)), pc.invert(pc.fill_null(is_other, False)))


def _flatten(
    lists: Values, ids: Values, aliases: Aliases, troubles: list[Trouble]
) -> tuple[list[Party], list[int | None], int]:
    """Return all parties in one list, how many each meeting has (None: unknown), and how many keys stand in plain
    lists of them."""
    parties: list[Party] = []
    sizes: list[int | None] = []
    n_keys = 0
    odd = OddKeys(aliases)
    for i, (given, meeting_id) in enumerate(zip(lists, ids, strict=True)):
        if odd.in_none_of(given):
            parties += given
            sizes.append(len(given))
            n_keys += sum(map(len, given))
            continue
        try:
            read = read_parties(given, aliases, "" if meeting_id is None else bare_id(str(meeting_id)))
        except RecursionError:  # how deep parties stand in parties is the sender's choice
            read = Parties(None, (("unreadable_parties", as_json(given)),))
        parties += read.parties or ()
        sizes.append(None if read.parties is None else len(read.parties))
        troubles += (Trouble(i, PARTIES, reason, text) for reason, text in read.problems)
    return parties, sizes, n_keys


_NUMBERS = ("creator", "phone", "display_number")
_KINDS = {column.name: column.type for column in (*schema.MEETINGS, *schema.LEGS)}


def differing(old: Cells, new: Cells, columns: Sequence[str]) -> list[Difference]:
    """Return which of the columns say something else, not which only write the same in another way."""
    triples = ((name, old.get(name), new.get(name)) for name in columns)
    return [(name, a, b) for name, a, b in triples if a != b and _normal(name, a) != _normal(name, b)]


def _normal(column: str, value: Any) -> Any:
    if isinstance(value, str) and column in _NUMBERS:
        phone = read_phone(value)
        return value if phone.number is None else (phone.number, phone.extension)
    # a float on the way leaves 3.0600000000000014 of 3.06: less than a hundred-thousandth of a fen nobody is charged
    return round(value, 7) if isinstance(value, Decimal) else value


def untold(old: Cells, new: Cells, look_up: Lookup, told: Set[str]) -> Iterator[Difference]:
    """Yield what differs under keys that feed no column, and under those whose column does not show what they say."""
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        match = look_up(key)
        if match is None:
            one, other = dict(_leaves(before, key)), dict(_leaves(after, key))
            paths = dict.fromkeys([*one, *other])
            yield from ((path, one.get(path), other.get(path)) for path in paths if one.get(path) != other.get(path))
        elif match.column not in told and before != after:
            # under another key of the column, what was said is said still
            was, now = as_told(old, match.column, look_up), as_told(new, match.column, look_up)
            is_lost, is_new = (key in a and a[key] not in b.values() for a, b in ((was, now), (now, was)))
            if is_lost or is_new:
                yield key, as_json(before) if is_lost else None, as_json(after) if is_new else None


def as_told(value: Cells, column: str, look_up: Lookup) -> Cells:
    """Return what each key of a column says, as the column would have it; its text where that cannot be read."""
    said: dict[str, Any] = {}
    for key, given in value.items():
        if is_blank(given) or not ((match := look_up(key)) and match.column == column):
            continue
        if column == PARTIES:
            said[key] = as_json(decoded(given))
        else:
            array, reasons = convert(_KINDS[column], _in_utc(key, [given]))
            said[key] = as_json(given) if reasons else _normal(column, array[0].as_py())
    return {key: one for key, one in said.items() if one is not None}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of each value that says something."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.[{place + 1}]")
    elif value is not None:
        yield path, as_json(value)
