"""Objects inside of others: which in a record are records of their own and which only describe it, and which beside
records lack their id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.json_values import HOLDING, decoded, n_written, read_object, read_value
from ytxdata.records.numbers_in_values import mobiles_in
from ytxdata.records.odd_records import that_may_hold_others
from ytxdata.records.paging import COUNT_KEYS
from ytxdata.records.parties import is_meeting_without_id, lists_parties
from ytxdata.records.siblings import as_one_meeting, holds_lists, holds_rest, is_of_another, is_of_meeting
from ytxdata.records.signs import ENVELOPE_KEYS, QUESTION_KEYS, TOLD, Signs, are_places, inside, signs_of
from ytxdata.records.spans import (
    Found,
    Member,
    RawRecord,
    elements_of,
    is_member,
    members_of,
    placed_members,
    value_at,
)
from ytxdata.records.unread_parties import is_link, unread_parties
from ytxdata.records.unrecognised import DEEPEST, as_rejects
from ytxdata.times import looks_like_instant

_ANSWERS_TOO = frozenset({"app_id", "state"})
"""Columns of a meeting whose words an answer may say of itself."""

_WHEN = frozenset({"started_at", "ended_at"})

_BY_WHOM_AND_WHEN = _WHEN | {"creator"}

_TOOK_PLACE = _WHEN | {"creator", "duration_s"}

_WHAT_OF_IT = frozenset({"duration_s", "amount_yuan", "state", "recording_url"})
"""Beside who convened it and who came, what makes an object without times more than a group of people."""

_OF_OTHERS = frozenset({"meeting_id", "creator", "started_at", PARTIES})
"""Columns of which an object in a record says one if it is a meeting, or may be one."""

_WORDS = re.compile(r"[a-z]{3,}(?:_[a-z]+|[A-Z][a-z]*)*|[\u4e00-\u9fff]+")
_DIGITS = re.compile(r"\d")
_LONG = re.compile(rb"\d{3}")
_CLOCK = re.compile(rb"\d\d:\d\d|\d{13}")


class Inside(NamedTuple):
    """Meetings that stand in records, each a record of its own; paths of those that took their key for their id, and of
    objects with times that may be meetings and were left where they are."""

    found: list[Found]
    keyed: list[str]
    left: list[str]


def meetings_inside(signs: Signs, found: Sequence[Found]) -> Inside:
    """Return the meetings inside of meetings; their bytes are no longer the outer one's."""
    inside = Inside([], [], [])
    for one in found:
        _InRecord(signs, one).gather(inside)
    return inside


def outer_ones(signs: Signs, found: Sequence[Found]) -> list[Found]:
    """Return those of the meetings that may hold others."""
    # Out of a JSON string places are not those of the text: there it is asked where the string is undone.
    here = [one for one in found if one.has_id and one.end - one.start == len(one.raw)]
    return [here[i] for i in that_may_hold_others(signs, [one.raw for one in here])]


def without_meetings(value: dict[str, Any], raw: bytes, aliases: Aliases) -> dict[str, Any]:
    """Return what a record's text says without the meetings in it, which are records of their own."""
    signs = signs_of(aliases)
    inside = meetings_inside(signs, outer_ones(signs, [Found(raw, "", True, 0, len(raw))]))
    others = {one.path for one in inside.found}
    return {key: _without(inner, others, f".{key}") for key, inner in value.items() if f".{key}" not in others}


def _without(value: Any, others: set[str], path: str) -> Any:
    if isinstance(value, dict):
        members = ((key, inner, f"{path}.{key}") for key, inner in value.items())
        return {key: _without(inner, others, at) for key, inner, at in members if at not in others}
    if isinstance(value, list):
        entries = ((inner, f"{path}[{place}]") for place, inner in enumerate(value))
        return [_without(inner, others, at) for inner, at in entries if at not in others]
    return value


def are_no_ids(keys: Sequence[str]) -> bool:
    """Return whether keys stand for no ids: they count what stands under them, or are words, as `running` and `last`,
    whose next meeting would be taken for a version of this one.

    Examples
    --------
    >>> are_no_ids(["0", "1"]), are_no_ids(["last"]), are_no_ids(["8001", "8002"]), are_no_ids(["M1", "b"])
    (True, True, False, False)
    """
    return are_places(keys) or (bool(keys) and all(map(_WORDS.fullmatch, keys)))


def parties_beside(signs: Signs, key: str, raw: bytes, found: Sequence[Found | RawRecord]) -> bool:
    """Return whether what stands beside records under a key that nobody knows looks like parties: by a mobile, by a
    phone and a time, or by parties of its own. Under the key of a question, a page or a word of a meeting it does where
    it describes some, and under another key in a page as anywhere.
    """
    name = plain(key)
    read = None if name in ENVELOPE_KEYS | {"data"} or not _LONG.search(raw) else read_value(raw)
    if read is None:
        return False
    value = decoded(read.value)
    if name in COUNT_KEYS | QUESTION_KEYS or signs.aliases.meeting(key) is not None:
        below = members_of(raw) if name in COUNT_KEYS else ()
        below = [it for it in below if b"{" in it.raw and plain(it.key) not in COUNT_KEYS]  # not however deep
        return _describes_parties(signs, value) or any(parties_beside(signs, it.key, it.raw, found) for it in below)
    if isinstance(value, dict) and any(signs.is_parties(one) and isinstance(value[one], (list, dict)) for one in value):
        return True
    if not any(unread_parties({key: value}, signs.aliases)):
        return False
    if _CLOCK.search(raw):
        return True
    # Whose account it is stands beside the meetings that are his; with a time it is somebody's connection.
    mobiles = {number.removeprefix("+86").encode() for number in mobiles_in(value)}
    is_known = all(any(mobile in one.raw for one in found) for mobile in mobiles)
    return not (mobiles and is_known)


def _describes_parties(signs: Signs, value: Any) -> bool:
    """Return whether parties stand in a value with their phones, or rows with a mobile and a time: no question has them."""
    for one in inside(value):
        parties = [decoded(it) for key, it in one.items() if signs.is_parties(key)] if isinstance(one, dict) else []
        listed = (
            some.values() if isinstance(some, dict) else some for some in parties if isinstance(some, (list, dict))
        )
        entries = chain(parties, *listed)
        rows = [it for it in one if isinstance(it, list)] if isinstance(one, list) else []
        are_rows = any(any(map(looks_like_instant, row)) and mobiles_in(row) for row in rows)
        if are_rows or any(isinstance(it, dict) and signs.aliases.has_phone(it) for it in entries):
            return True
    return False


def is_keyed(signs: Signs, one: tuple[Member, list[Found]]) -> bool:
    """Return whether a member is a record under its own id, or holds records under theirs."""
    member, found = one
    if any(item.has_id and is_member(item.raw) for item in found):
        return True
    ids = signs.ids(members_of(member.raw)) if member.raw[:1] == b"{" else set()
    return len(found) == 1 and found[0].has_id and member.key.encode("utf-8", "surrogatepass") in ids


def is_lost(signs: Signs, item: Found, *, is_beside_object: bool) -> bool:
    """Return whether what stands beside records is one itself: under its key, or without an id."""
    # A question that is repeated has times and a creator, and never those who came.
    if is_member(item.raw) or (is_beside_object and signs.lacks_id(item.raw) and not is_link(item.raw, signs)):
        return True
    members = members_of(item.raw) if item.raw[:1] == b"{" else []
    return PARTIES in signs.columns(members) and signs.tells_of_meeting(members)


def lost_head(signs: Signs, members: list[Member], whole: Found, found: Sequence[Found]) -> list[Found]:
    """Return members of a wrapper that give an id which none of its records has, and say more of that meeting: the
    head of a record that took another for a member of its own.

    The id alone repeats the question, also beside the account and a state. What has a list of records may be the room
    that they took place in.
    """
    if not any(item.path.rstrip("~") == f"{whole.path}.{one.key}" for item in found for one in members):
        return []
    plain_ones = [one for one in members if one.raw[:1] not in (b"[", b"{")]
    told = [one for one in plain_ones if (fed := signs.aliases.meeting(one.key)) and fed.column not in _ANSWERS_TOO]
    if all(signs.is_telling(one.key) for one in told):
        return []
    own = signs.ids(told)
    return as_rejects(told, whole) if own and not own & signs.ids_of_all(found) else []


class _Object(NamedTuple):
    """An object in a record: where it stands, its key in the object around it, whether that may be its id, and whether
    it is among the parties."""

    one: Found
    member: Member | None
    may_take_key: bool
    is_among_parties: bool


class _InRecord:
    """The search in one record."""

    def __init__(self, signs: Signs, whole: Found) -> None:
        self.signs = signs
        value = read_object(whole.raw, signs.aliases).value or {}
        lifted = as_one_meeting(value, signs.aliases)
        self.own = signs.ids_of(value if lifted is None else lifted)
        self.value = value
        # Its own meeting stands in it beside the parties, and is no other one.
        self.is_lifted = lifted is not None
        at = value_at(whole.raw)
        self.whole = whole._replace(raw=whole.raw[at:], start=whole.start + at)

    @cached_property
    def retold(self) -> dict[str, bool]:
        """The paths of what tells of its own meeting, and whether that may fill what it lacks."""
        return {f"{self.whole.path}.{one.path}": one.may_fill for one in own_tellings(self.value, self.signs)}

    @cached_property
    def columns(self) -> tuple[set[str], set[str]]:
        """The columns of meetings that objects in it say, and those that objects among its parties do."""
        keys: tuple[set[str], set[str]] = set(), set()
        waiting = [
            (one, self.signs.is_parties(key)) for key, one in self.value.items() if isinstance(one, (dict, list))
        ]
        n_keys = len(self.value)
        while waiting:
            one, is_party = waiting.pop()
            if isinstance(one, dict):
                n_keys += len(one)
                keys[is_party].update(one)
                if not HOLDING.isdisjoint(map(type, one.values())):  # most are of words alone
                    parts = [(key, inner) for key, inner in one.items() if isinstance(inner, (dict, list))]
                    waiting += [(inner, is_party or self.signs.is_parties(key)) for key, inner in parts]
            else:
                waiting += [(inner, is_party) for inner in one if isinstance(inner, (dict, list))]
        if n_keys != n_written(self.whole.raw):  # of a key that stands twice another value may say one
            return {*_OF_OTHERS}, {*_OF_OTHERS}
        others, of_parties = ({*self.signs.aliases.columns(some).values()} for some in keys)
        return others, of_parties

    @cached_property
    def names_party(self) -> bool:
        """Whether something among its parties has an id, or parties of its own."""
        return not self.columns[True].isdisjoint(("meeting_id", PARTIES))

    def gather(self, inside: Inside) -> None:
        """Add the meetings in it."""
        if not self.own and not self.signs.names_another(self.whole.raw):
            return  # no record: an object that was too deep to be looked into
        n_found, n_left = len(inside.found), len(inside.left)
        # What says no word of them is no meeting; its members with their places cost ten times as much.
        may_hold = self.names_party or not self.columns[False].isdisjoint(_OF_OTHERS)
        for item in self._objects(self.whole, 0, is_among_parties=False) if may_hold else ():
            if self._is_meeting(item):
                inside.found.append(self._record(item))
                inside.keyed.extend([item.one.path] * is_member(inside.found[-1].raw))
            elif self._may_be_meeting(item) and not self.retold.get(item.one.path):
                inside.left.append(item.one.path)
        told = {one.path for one in inside.found[n_found:]}.union(inside.left[n_left:])
        inside.left.extend(path for path in self._sittings(self.value, self.whole.path) if path not in told)

    def _objects(self, whole: Found, depth: int, *, is_among_parties: bool) -> Iterator[_Object]:
        """Yield the objects in an object or a list, at any depth."""
        members: list[Member | None] = []
        if whole.raw[:1] == b"{":
            placed = placed_members(whole.raw)
            # The keys of a meeting's own members are names of columns; an id only one that looks like the meeting's.
            is_map = depth > 0 and not self.signs.columns(placed)
            may_take_key = is_map and not are_no_ids([one.key for one in placed if one.raw[:1] == b"{"])
            members += placed
            parts = [(f"{whole.path}.{one.key}", one.raw, one.start) for one in placed]
        else:
            may_take_key = False
            raws, starts = elements_of(whole.raw)
            members += [None] * len(raws)
            parts = [(f"{whole.path}[{i}]", *one) for i, one in enumerate(zip(raws, starts, strict=True))]
        for member, (path, raw, start) in zip(members, parts, strict=True):
            at = whole.start + start
            one = Found(raw, path, True, at, at + len(raw))
            is_party = is_among_parties or (member is not None and self.signs.is_parties(member.key))
            if is_party and not self.names_party:
                continue  # among parties only what has an id is a meeting, and one by one they are most of a record
            if raw[:1] == b"{":
                takes_key = member is not None and (may_take_key or self._looks_like_id(member.key))
                yield _Object(one, member, takes_key, is_party)
            if raw[:1] in (b"{", b"[") and depth < DEEPEST and raw.find(b"{", 1) > 0:
                yield from self._objects(one, depth + 1, is_among_parties=is_party)

    def _is_meeting(self, item: _Object) -> bool:
        """Return whether an object is a meeting of its own, rather than a party or what describes the record."""
        value = read_object(item.one.raw, self.signs.aliases).value or {}
        if item.is_among_parties:
            return self.signs.is_no_party(value, self.own)
        if ids := self.signs.ids_of(value):
            # With the record's own id it tells of that meeting: as a record it took the place of the whole one.
            is_other = bool(ids - self.own) and self.signs.is_another(value, self.own)
            return is_other and not self._is_referred_to(item, value, ids)
        if self.is_lifted or item.one.path in self.retold:
            return False
        members = members_of(item.one.raw)
        if is_meeting_without_id(value, self.signs.aliases):
            return not self.signs.has_phone(members)
        is_entry = item.member is not None and self._looks_like_id(item.member.key)
        return is_entry and self._may_be_meeting(item)

    def _is_referred_to(self, item: _Object, value: dict[str, Any], ids: set[str]) -> bool:
        """Return whether an object with another id is a room, a template or another date that the record only names:
        by its key, unless it is all that an element of a list wraps (`history: [{room: …}]`), or as it says less than
        when something began and one thing more. None of them took place.
        """
        if item.member is None or lists_parties(value, self.signs.aliases):
            return False
        key = item.member.key
        if key in ids or self._looks_like_id(key):  # in a map from id to record
            return False
        columns = self.signs.said(value)
        around = item.one.path.removesuffix(f".{key}")
        if is_of_another(key) and not (around != self.whole.path and around.endswith("]")):
            return True
        return not ("started_at" in columns and len(columns & _TOOK_PLACE) > 1)

    def _may_be_meeting(self, item: _Object) -> bool:
        """Return whether an object has a start that may be a meeting's, or says who convened it, and when it ended or
        who came and what of it: a recording or a sitting has one too."""
        members = members_of(item.one.raw)
        is_doubtful = not (self.is_lifted or item.is_among_parties or self.signs.has_phone(members))
        ids = {one.decode("utf-8", "replace") for one in self.signs.ids(members)}
        columns = self.signs.columns(members)
        by_whom = "creator" in columns and (
            "ended_at" in columns or (PARTIES in columns and bool(columns & _WHAT_OF_IT))
        )
        return is_doubtful and ("started_at" in columns or by_whom) and not ids & self.own

    def _sittings(self, value: Any, path: str, depth: int = 0) -> Iterator[str]:
        """Yield where an element of a list has two points in time under words that nobody knows (`begin`, `finish`): a
        room's sittings may be told so. Parties are told elsewhere.
        """
        look_up = self.signs.aliases
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            if depth > DEEPEST or not isinstance(one, (dict, list)):
                continue
            if isinstance(key, str) and (fed := look_up.meeting(key)) and (depth == 0 or fed.column == PARTIES):
                continue
            here = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}"
            names, words = (one, one.values()) if isinstance(one, dict) else ((), one)
            has_phone = look_up.has_phone(names)
            if isinstance(value, list) and not has_phone and sum(map(looks_like_instant, words)) > 1:
                yield here
            else:
                yield from self._sittings(one, here, depth + 1)

    def _looks_like_id(self, key: str) -> bool:
        """Return whether a key looks like the id of the meeting around it: digits where that has digits."""
        form = _DIGITS.sub("0", key)
        return "0" in form and not are_places([key]) and form in {_DIGITS.sub("0", one) for one in self.own}

    def _record(self, item: _Object) -> Found:
        """Return the record that a meeting in a record is: with its key where that is its id, else without an id."""
        one, member = item.one, item.member
        if self.signs.ids(members_of(one.raw)):
            return one
        if member is None or not (item.may_take_key and self.signs.is_record_under_id(member)):
            return one._replace(has_id=False)
        at = one.start - (member.start - member.key_start)
        around = self.whole.raw[at - self.whole.start : one.end - self.whole.start]
        return one._replace(raw=around, start=at)


class Telling(NamedTuple):
    """An object in a record that tells of the record's own meeting, its path, and whether it may fill what that
    lacks."""

    path: str
    value: dict[str, Any]
    may_fill: bool


def own_tellings(value: dict[str, Any], signs: Signs) -> Iterator[Telling]:
    """Yield the objects in a decoded record that tell of its own meeting: by its id; by their name (`detail`, `time`);
    where the record itself says neither who convened nor when, as the member that does; and where it lists no parties,
    as the one that does.

    What is listed (`changes`, `takes`) or has any other name than the meeting (`booking`, `poll`) fills nothing; where
    a framework puts all of a record but its id, that is the meeting.
    """
    own = signs.ids_of(value)
    outer = signs.said(value)
    is_bare = not outer & {"creator", "duration_s", *_WHEN}
    # What stands among the parties took them from its neighbour, and is a record.
    around = {key: one for key, one in value.items() if isinstance(one, (dict, list)) and not signs.is_parties(key)}
    waiting: list[tuple[str, Any, int]] = [(key, one, 0) for key, one in around.items() if own]
    while waiting:
        path, one, depth = waiting.pop(0)
        if isinstance(one, dict) and (columns := signs.said(one)) & TOLD:
            is_rest = is_bare and depth == 0 and holds_rest(path)
            is_embedded = columns == {PARTIES} - outer and depth == 0 and holds_lists(path)
            is_embedded = is_embedded and lists_parties(one, signs.aliases)  # and not where they are to be had
            if ids := signs.ids_of(one):
                tells_of_it = ids <= own
            else:
                # Beside parties of the record's own, when alone may be when a recording began.
                tells_both = PARTIES in outer and is_bare and depth == 0 and "creator" in columns
                tells_more = PARTIES not in outer and is_rest and len(columns & {*_TOOK_PLACE, PARTIES}) > 1
                # What says who convened it and when, and has no id, is a record that lacks one.
                describes = is_of_meeting(path) and not (
                    PARTIES in columns or {"creator"} < columns & _BY_WHOM_AND_WHEN
                )
                tells_of_it = is_embedded or describes or ((tells_both or tells_more) and bool(columns & _WHEN))
            if tells_of_it and not signs.aliases.has_phone(one):
                yield Telling(path, one, is_rest or is_embedded or is_of_meeting(path))
        if depth < DEEPEST:
            is_object = isinstance(one, dict)
            waiting += [
                (f"{path}.{key}" if is_object else f"{path}[{key}]", inner, depth + 1)
                for key, inner in (one.items() if is_object else enumerate(one))
                if isinstance(inner, (dict, list))
            ]


def key_under(whole: Found, item: Found) -> str:
    """Return the key of an object under which a record stands in it, empty where it is that itself."""
    return re.split(r"[.\[~]", item.path[len(whole.path) :].removeprefix("."))[0]
