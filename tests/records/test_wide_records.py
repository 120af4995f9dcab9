"""A record of very many keys: each is looked for once."""

from __future__ import annotations

from ytxdata.records.columns import Sheet


class Key(str):
    """A key that counts how often it is held against another one."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Key.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_a_key_among_many_is_not_looked_for_among_all_others() -> None:
    """One record of 64,000 keys took eleven seconds."""
    keys = [Key(f"k{n}") for n in range(2000)]
    sheet = Sheet.of_objects([{key: n for n, key in enumerate(keys)}], lambda _: None)
    Key.compared = 0
    assert [sheet.values(key) for key in map(str, keys)] == [[n] for n in range(2000)]
    assert Key.compared < 10 * len(keys)
