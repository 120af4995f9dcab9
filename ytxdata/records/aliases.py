"""Which key of a record feeds which column: data, matched without case, `_`, `-` and blanks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.records.schema import LEGS, MEETINGS, Column

PARTIES = "parties"
_PARTY_KEYS = ("parties", "members", "participants", "memberList", "users")

COMPANIONS = frozenset({"statedesc", "srcclid", "dstclid"})
"""Keys, plain, that say something of their own (a state in words, the number shown to either side): no contradiction
beside another."""

_MEETING_PREFIXES = ("meeting", "conference", "conf")
"""What may stand in front of a meeting's candidate key (`confStartTime`); in front of a party's key anything may."""

_SEPARATORS = re.compile(r"[\s_\-]+")

Table = tuple[tuple[str, tuple[str, ...]], ...]


# Bounded: keys are the sender's, and a map keyed by phone brings new ones with every record.
@lru_cache(maxsize=4096)
def plain(key: str) -> str:
    """Return a key without case, `_`, `-` and blanks.

    Examples
    --------
    >>> plain("Member_Join-Time")
    'memberjointime'
    """
    return _SEPARATORS.sub("", key).casefold()


class Match(NamedTuple):
    """The column a key feeds, and its rank among the keys of that column (lower wins)."""

    column: str
    rank: tuple[int, int]

    def with_prefix(self) -> Match:
        """Return the match of a key that has something in front: it ranks behind all exact ones."""
        return Match(self.column, (1, self.rank[1]))


def _table(columns: Sequence[Column]) -> dict[str, tuple[str, ...]]:
    return {column.name: column.keys for column in columns if column.keys}


_MEETING_TABLE = {**_table(MEETINGS), PARTIES: _PARTY_KEYS}
_LEG_TABLE = _table(LEGS)


@dataclass(frozen=True)
class Aliases:
    """The candidate keys of meetings and legs, in order of preference.

    Parameters
    ----------
    meetings
        Pairs of column and its candidate keys; `parties` is where the list of parties is.
    legs
        The same for one party.

    Examples
    --------
    >>> DEFAULT.meeting("MEETING_ID").column, DEFAULT.leg("memberJoinTime").column
    ('meeting_id', 'joined_at')
    >>> DEFAULT.with_extra({"meeting_id": ["room_no"]}).meeting("roomNo").column
    'meeting_id'
    """

    meetings: Table = tuple(_MEETING_TABLE.items())
    legs: Table = tuple(_LEG_TABLE.items())

    def with_extra(self, extra: Mapping[str, str | Sequence[str]] | None) -> Aliases:
        """Return aliases with more keys, preferred to those already known.

        Parameters
        ----------
        extra
            Column → key or keys. A party's column is written `legs.phone`; the list of parties is `parties`.

        Raises
        ------
        UsageError
            A column of that name takes no keys; the message lists those that do.
        """
        meetings, legs = dict(self.meetings), dict(self.legs)
        for name, given in (extra or {}).items():
            table, column = (legs, name.removeprefix("legs.")) if name.startswith("legs.") else (meetings, name)
            if column not in table:
                known = ", ".join([*meetings, *(f"legs.{leg}" for leg in legs)])
                raise UsageError(
                    Text(f"aliases 中没有名为 {name} 的列", f"aliases: no column is called {name}"),
                    remedy=Text(f"可用的列：{known}", f"use one of: {known}"),
                )
            keys = (given,) if isinstance(given, str) else tuple(given)
            table[column] = (*keys, *(key for key in table[column] if key not in keys))
        return Aliases(tuple(meetings.items()), tuple(legs.items()))

    def meeting(self, key: str) -> Match | None:
        """Return the meeting column a key feeds, if any: exactly, or with `meeting` or `conf` in front."""
        return self._meeting(plain(key))

    def leg(self, key: str) -> Match | None:
        """Return the leg column a party's key feeds, if any: exactly, or with any prefix in front."""
        return self._leg(plain(key))

    def ids(self) -> tuple[str, ...]:
        """Return the candidate keys of the meeting id, plain."""
        return tuple(plain(key) for key in dict(self.meetings)["meeting_id"])

    @cached_property
    def _meeting(self) -> Callable[[str], Match | None]:
        exact = _exact(self.meetings)

        @lru_cache(maxsize=4096)
        def look_up(key: str) -> Match | None:
            bare = (key.removeprefix(prefix) for prefix in _MEETING_PREFIXES if key.startswith(prefix))
            return exact.get(key) or next((exact[rest].with_prefix() for rest in bare if rest in exact), None)

        return look_up

    @cached_property
    def _leg(self) -> Callable[[str], Match | None]:
        exact, of_meetings = _exact(self.legs), _exact(self.meetings)

        @lru_cache(maxsize=4096)
        def look_up(key: str) -> Match | None:
            # What a meeting calls its own is no party's key with a word in front, whatever it ends with.
            if key in exact or key in of_meetings:
                return exact.get(key)
            endings = [known for known in exact if key.endswith(known)]
            return exact[max(endings, key=len)].with_prefix() if endings else None

        return look_up


DEFAULT = Aliases()
"""The candidate names known without any configuration."""


def _exact(table: Table) -> dict[str, Match]:
    found: dict[str, Match] = {}
    for column, keys in table:
        for rank, key in enumerate(keys):
            found.setdefault(plain(key), Match(column, (0, rank)))
    return found
