"""The legs of many meetings: one row for each party listed, in the order of the lists."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.records import schema
from ytxdata.records.aliases import PARTIES, Aliases
from ytxdata.records.columns import Sheet, Trouble, fill
from ytxdata.records.contradictions import contradictions
from ytxdata.records.parties import Party, read_parties
from ytxdata.records.values import Values, as_list, normal_numbers


class Legs(NamedTuple):
    """The legs of a list of meetings.

    `owner` is the index of each leg's meeting, `arrays` the columns of legs but for the meeting id, `n_legs` and `n_people` belong
    to the meetings (null: unknown), `n_keys` is how many keys the parties surely have, `troubles` are about single legs (their index), `list_troubles` about a meeting's list.
    """

    owner: pa.Array
    arrays: dict[str, pa.Array]
    n_legs: pa.Array
    n_people: pa.Array
    n_keys: int
    troubles: list[Trouble]
    list_troubles: list[Trouble]


def read_legs(meetings: Sheet, creators: pa.Array, aliases: Aliases) -> Legs:
    """Return the legs of meetings, with the creators as the platform gave them."""
    list_troubles: list[Trouble] = []
    lists = meetings.choose(PARTIES, list_troubles)
    n_keys = 0
    if isinstance(lists, pa.Array) and pa.types.is_list(lists.type):
        parties = lists.flatten()
        columns = dict(zip([field.name for field in parties.type], parties.flatten(), strict=True))
        sheet = Sheet.of_arrays(len(parties), columns, aliases.leg)
        sizes = lists.value_lengths()
    else:
        objects, given_sizes, n_keys = _flatten(
            [None] * meetings.n if lists is None else as_list(lists), aliases, list_troubles
        )
        sheet, sizes = Sheet.of_objects(objects, aliases.leg), pa.array(given_sizes, pa.int64())

    is_unknown = sizes.is_null().to_numpy(zero_copy_only=False)
    counts = sizes.fill_null(0).to_numpy().astype(np.int64)
    owner = np.repeat(np.arange(meetings.n), counts)
    arrays, troubles = fill(schema.LEGS, sheet)
    arrays["leg"] = pa.array(np.arange(sheet.n) - np.repeat(np.cumsum(counts) - counts, counts) + 1)
    arrays["number"] = normal_numbers(arrays["phone"])
    arrays["is_creator"] = pc.equal(
        pc.coalesce(arrays["number"], arrays["phone"]),
        pc.coalesce(normal_numbers(creators), creators).take(pa.array(owner)),
    )
    troubles += contradictions(arrays, "joined_at", "left_at")
    return Legs(
        pa.array(owner),
        arrays,
        pa.array(counts, mask=is_unknown),
        pa.array(_n_distinct(owner, arrays["number"], meetings.n), mask=is_unknown),
        n_keys,
        troubles,
        list_troubles,
    )


def _flatten(lists: Values, aliases: Aliases, troubles: list[Trouble]) -> tuple[list[Party], list[int | None], int]:
    """Return all parties in one list, how many each meeting has (None: unknown), and how many keys stand in plain lists of them."""
    parties: list[Party] = []
    sizes: list[int | None] = []
    n_keys = 0
    for i, given in enumerate(lists):
        if type(given) is list and set(map(type, given)) == {dict} and all(given):
            parties += given
            sizes.append(len(given))
            n_keys += sum(map(len, given))
            continue
        read = read_parties(given, aliases)
        parties += read.parties or ()
        sizes.append(None if read.parties is None else len(read.parties))
        troubles += (Trouble(i, PARTIES, reason, text) for reason, text in read.problems)
    return parties, sizes, n_keys


def _n_distinct(owner: np.ndarray[Any, Any], numbers: pa.Array, n_meetings: int) -> np.ndarray[Any, Any]:
    """Count the distinct numbers of each meeting; a leg without a number counts for nobody."""
    encoded = numbers.dictionary_encode()
    is_known = numbers.is_valid().to_numpy(zero_copy_only=False)
    codes = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    n_codes = max(len(encoded.dictionary), 1)
    pairs = np.sort(owner[is_known] * n_codes + codes[is_known])
    is_first = np.diff(pairs, prepend=-1) != 0
    return np.bincount(pairs[is_first] // n_codes, minlength=n_meetings)
