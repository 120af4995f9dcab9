"""The parties of one meeting, in whatever form the platform lists them; what is none is told with its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.json_values import Number, Read, as_json, decoded, read_inner
from ytxdata.records.numbers_in_values import PHONE_LIKE, listed_phones, mobiles_in
from ytxdata.records.party_names import (
    COUNTER,
    DEEPEST,
    PERSON,
    Party,
    feeds,
    may_be_name,
    of_person,
    with_names,
    with_person,
)
from ytxdata.records.party_times import is_no_sitting
from ytxdata.records.reported_losses import totals_and_losses
from ytxdata.records.signs import signs_of
from ytxdata.records.spans import members_of
from ytxdata.records.values import as_phone, is_blank, is_mere_number, says_more_than_counts
from ytxdata.times import is_time, looks_like_instant

_PAGING = re.compile("page|cursor|token|count|total|more|next|prev|links|href|offset|limit")
"""In plain keys that say how parties are paged."""

_SEVERAL = re.compile(r"\d{7}|[,，、;；]")


class Parties(NamedTuple):
    """The parties of one meeting (None: unknown, as against nobody), and entries or lists that are none: reason and
    text."""

    parties: list[Party] | None
    problems: tuple[tuple[str, str], ...] = ()


def numbered_fields(value: dict[str, Any], aliases: Aliases) -> str:
    """Return the numbered fields of a record or a party that say something, as text: which belong together nobody
    knows."""
    told = {key: one for key, one in value.items() if aliases.is_numbered(key) and (is_time(one) or as_phone(one))}
    return as_json(told) if told else ""


def lists_parties(value: dict[str, Any], aliases: Aliases) -> bool:
    """Return whether an object has parties of its own: a list, or an object that says of one who or when; a link to
    them, or how many there may be, is none.

    Examples
    --------
    >>> lists_parties({"members": []}, Aliases()), lists_parties({"members": {"phone": "15400000001"}}, Aliases())
    (True, True)
    >>> lists_parties({"members": {"href": "/m/1/members"}}, Aliases())
    False
    """
    listed = [one for key, one in value.items() if (fed := aliases.meeting(key)) and fed.column == PARTIES]
    return any(isinstance(one, list) or _says_party(one, aliases) for one in listed)


def is_meeting_without_id(value: dict[str, Any], aliases: Aliases) -> bool:
    """Return whether an object in a record that has no id is another meeting all the same: it says who convened it and
    when, and lists who came.

    Attendance, a poll, a group and a waiting room list people too, and a recording was made by somebody at some time:
    each was a reject, and no period of the account ever PROVEN.

    Examples
    --------
    >>> whole = {"creator": "15400000001", "starttime": "2026-01-05 10:00", "members": []}
    >>> is_meeting_without_id(whole, Aliases()), is_meeting_without_id({"name": "销售部", "members": []}, Aliases())
    (True, False)
    """
    said = (key for key, one in value.items() if one not in (None, ""))
    return {"creator", "started_at"} <= {*aliases.columns(said).values()} and lists_parties(value, aliases)


def read_parties(value: Any, aliases: Aliases, own_id: str = "") -> Parties:
    """Return the parties of a meeting.

    The value may be a list of objects, of phones or of pairs of name and phone, one object, an object of parties
    keyed by phone, name or number, a wrapper that holds the list under one key, phones separated by commas, or JSON
    text of any of these; an entry may hold more of them. An empty list says that nobody is listed; null, an empty text
    and an absent key say nothing. `own_id` tells another meeting in the list, which is nobody's leg, from a party.

    Examples
    --------
    >>> read_parties("15400000000,15400000001", Aliases()).parties
    [{'phone': '15400000000'}, {'phone': '15400000001'}]
    """
    # JSON text in JSON text is undone as often as that; the bound keeps hostile wrapping from going on.
    overlooked: tuple[tuple[str, str], ...] = ()
    for _ in range(3):
        if not isinstance(value, str):
            break
        text = value.strip()
        if text[:1] not in ("[", "{", '"'):
            return _from_phones(text, _keys(aliases)[0])
        read = read_inner(text)
        if read is None:
            return Parties(None, (("unreadable_parties", text),))
        value, overlooked = read.value, (*overlooked, *_overlooked(read))
    found = _from_value(value, aliases, own_id)
    return found._replace(problems=(*overlooked, *found.problems)) if overlooked else found


def _overlooked(read: Read | None) -> Iterator[tuple[str, str]]:
    """Yield what had to be overlooked in a JSON text of parties, each with its key."""
    for key, reason, text in read.problems if read else ():
        yield reason, f"{key}: {text}" if key else text


def _in_text(given: Any) -> Iterator[tuple[str, str]]:
    """Yield what had to be overlooked in a value that is itself JSON text."""
    if isinstance(given, str) and decoded(given) is not given:
        yield from _overlooked(read_inner(given))


def _from_value(value: Any, aliases: Aliases, own_id: str) -> Parties:
    match value:
        case None:
            return Parties(None)
        case list():
            return _from_list(value, aliases, own_id)
        case dict():
            return _from_object(value, aliases, own_id)
    return Parties(None, (("unreadable_parties", as_json(value)),))


def _from_phones(text: str, phone_key: str) -> Parties:
    listed = listed_phones(text)
    if listed is None:
        return Parties(None, (("unreadable_parties", text),))
    return Parties([{phone_key: phone} for phone in listed] or None)


def _from_list(entries: list[Any], aliases: Aliases, own_id: str) -> Parties:
    phone_key, *_ = _keys(aliases)
    odd = OddKeys(aliases)
    if odd.in_none_of(entries):
        return Parties(entries)
    parties: list[Party] = []
    problems: list[tuple[str, str]] = []
    for entry in entries:
        inner = decoded(entry)
        problems += _in_text(entry)
        if isinstance(inner, list):
            inner = _from_pair(inner, aliases)
            if inner and len(inner) == 1:  # a number beside it
                problems.append(("unread_parties", as_json(entry)))
        if isinstance(inner, dict) and inner:
            found = _from_entry(inner, aliases, own_id, odd)
            parties += found.parties or ()
            problems += found.problems
        elif isinstance(inner, (str, int, Number)) and not isinstance(inner, bool) and not is_blank(inner):
            parties.append({phone_key: inner})
        else:
            problems.append(("not_a_party", as_json(entry)))
    # What lists somebody whom nobody can read does not say that there was nobody.
    is_unknown = not parties and any(isinstance(one, dict) and one for one in entries)
    return Parties(None if is_unknown else parties, tuple(problems))


def _from_entry(entry: Party, aliases: Aliases, own_id: str, odd: OddKeys) -> Parties:
    """Return the party that an object in a list is, those that it wraps or has with it, or its connections one by
    one."""
    if not odd.among(entry):
        return Parties([entry])
    found = _from_odd_entry(entry, aliases, own_id)
    fields = numbered_fields(entry, aliases)
    return found._replace(problems=(*found.problems, ("unread_parties", fields))) if fields else found


def _from_odd_entry(entry: Party, aliases: Aliases, own_id: str) -> Parties:
    signs = signs_of(aliases)
    if signs.is_no_party(entry, {own_id}):
        return Parties([], (("not_a_party", as_json(entry)),))
    own: Party = {}
    inside: Party = {}
    for key, value in entry.items():
        inner = decoded(value)
        if (
            isinstance(inner, (list, dict))
            and _says_party(inner, aliases)
            and (not is_no_sitting(key) or mobiles_in(inner))
        ):
            inside[key] = inner
        else:
            own[key] = value  # as it is written: who is called `[]` has a name
    own = with_person(own, aliases)
    has_phone, has_times = (feeds(own, columns, aliases) for columns in (("phone",), ("joined_at", "left_at")))
    if not has_phone and len(inside) == 1 and _is_who(*next(iter(inside.items())), aliases):
        ((key, inner),) = inside.items()
        return Parties([inner | own], tuple(_in_text(entry[key])))
    if not (has_phone or has_times):
        return _from_wrapper(entry, own, inside, aliases, own_id)
    parties = [own]
    problems: list[tuple[str, str]] = []
    for key, inner in inside.items():
        problems += _in_text(entry[key])
        is_list = isinstance(inner, list) and all(isinstance(one, dict) for one in inner)
        if (is_list and all(aliases.has_phone(one) for one in inner)) or (
            signs.is_parties(key) and isinstance(inner, list) and are_phones(inner)
        ):
            found = _from_list(inner, aliases, own_id)
            parties += found.parties or ()
            problems += found.problems
        elif is_list and not has_times and parties == [own]:
            parties, told = of_person(own, inner, key, aliases, has_phone=has_phone)
            problems += told
        elif plain(key) in PERSON and not has_phone and parties == [own] and isinstance(inner, dict):
            parties = [inner | own]
        else:
            problems.append(("not_a_party", as_json(inner)))
    return Parties(parties, tuple(problems))


def _from_wrapper(entry: Party, own: Party, inside: Party, aliases: Aliases, own_id: str) -> Parties:
    """Return the parties, or the legs of one, in an entry that says nobody's phone or times itself."""
    if len(inside) == 1 and (numbered := _numbered(own, *next(iter(inside.items())), aliases)):
        return Parties(numbered)
    if not inside and feeds(own, ("name", "state", "duration_s"), aliases):
        return Parties([own])
    # Who the legs are of is said of each of them.
    listed = {key: one for key, one in entry.items() if key in inside or plain(key) not in PERSON}
    found = _from_object(listed, aliases, own_id, is_entry=True)
    # `{"userId":"1001"}` wraps no list of phones
    is_sure = bool(inside) or all(map(PHONE_LIKE.fullmatch, entry)) or all(map(mobiles_in, entry.values()))
    if not (is_sure and found.parties and all(aliases.has_phone(one) for one in found.parties)):
        return Parties([], (("not_a_party", as_json(entry)),))
    if len(inside) != 1:
        return found
    legs, told = of_person(own, found.parties, next(iter(inside)), aliases)
    return Parties(legs, (*found.problems, *told))


def _is_who(key: str, inner: Any, aliases: Aliases) -> bool:
    """Return whether an object in a party says its phone (`phone: {countryCode, number}`, `user: {name, phone}`)."""
    is_own = plain(key) in PERSON or ((match := aliases.leg(key)) is not None and match.column == "phone")
    return is_own and isinstance(inner, dict) and feeds(inner, ("phone",), aliases)


def _numbered(own: Party, key: str, inner: Any, aliases: Aliases) -> list[Party]:
    """Return the legs of one party that lists its phones (`phones`, `mobiles`), none where it lists others."""
    match = aliases.leg(key.rstrip("sS"))
    if match is None or match.column != "phone" or not isinstance(inner, list):
        return []
    if inner and all(isinstance(one, dict) and feeds(one, ("phone",), aliases) for one in inner):
        return [own | one for one in inner]
    return [{**own, _keys(aliases)[0]: phone} for phone in inner] if are_phones(inner) else []


class OddKeys(dict[str, bool | None]):
    """Whether a key of a party may name a meeting, another party or another sitting (None: it feeds nothing)."""

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases

    def __missing__(self, key: str) -> bool | None:
        match = self._aliases.meeting(key)
        names_meeting = match is not None and match.column == "meeting_id"
        is_odd = names_meeting or PHONE_LIKE.fullmatch(key) is not None or self._aliases.is_numbered(key)
        self[key] = is_odd or (None if self._aliases.leg(key) is None else False)
        return self[key]

    def in_none_of(self, parties: Any) -> bool:
        """Return whether all of a list are parties, and plain ones; what feeds no column of a leg is none."""
        is_of_objects = type(parties) is list and set(map(type, parties)) == {dict} and all(parties)
        return is_of_objects and not any(map(self.among, parties))

    def among(self, party: Party) -> bool:
        """Return whether a party has such a key, a value that may hold parties, or nothing that feeds a leg."""
        feeds = False
        for key, value in party.items():
            is_odd = self[key]
            feeds = feeds or is_odd is False  # also without a value: a phone that is withheld is somebody's
            if value in ("", None):
                continue
            if is_odd or type(value) is dict or type(value) is list or (type(value) is str and value[:1] in "[{"):
                return True
        return not feeds and not mobiles_in(party)  # a mobile under another key is told of its leg


def _says_party(value: Any, aliases: Aliases, depth: int = 0, *, is_listed: bool = False) -> bool:
    """Return whether a value holds an object with the phone or the times of a party, or under a phone for a key."""
    if depth > DEEPEST or not isinstance(value, (list, dict)):
        return bool(value) and isinstance(value, (list, dict))
    if isinstance(value, list):
        return are_phones(value) or any(_says_party(one, aliases, depth + 1, is_listed=True) for one in value)
    # A device may have a number too: outside of a list only what is surely a phone makes an object a party.
    sure = value if is_listed else {key: one for key, one in value.items() if as_phone(one)}
    if feeds(sure, ("phone",), aliases) or feeds(value, ("joined_at", "left_at"), aliases):
        return True
    return any(map(PHONE_LIKE.fullmatch, value)) or any(_says_party(one, aliases, depth + 1) for one in value.values())


def are_phones(values: list[Any]) -> bool:
    """Return whether a list holds nothing but phones."""
    return bool(values) and all(not isinstance(one, (list, dict)) and as_phone(one) for one in values)


def _keys(aliases: Aliases) -> tuple[str, str, str]:
    table = dict(aliases.legs)
    return table["phone"][0], table["name"][0], table["joined_at"][0]


def _from_pair(pair: list[Any], aliases: Aliases) -> Party | None:
    """Return the party that a phone and a name or a time make, in either order; None where it could be read in two
    ways."""
    phones = [value for value in pair if as_phone(value) and not looks_like_instant(value)]
    others = [value for value in pair if value not in phones]
    return _beside(phones[0], others[0], aliases) if len(phones) == len(others) == 1 else None


def _from_object(value: dict[str, Any], aliases: Aliases, own_id: str, *, is_entry: bool = False) -> Parties:
    phone_key, name_key, _ = _keys(aliases)
    if not value:
        return Parties([])
    # Exact keys only: with anything in front allowed, a wrapper's key could make it a party.
    if not (is_entry or _wraps_list(value, aliases)) and any(
        (match := aliases.leg(key)) and not (match.rank[0] or isinstance(inner, (list, dict)))
        for key, inner in value.items()
    ):
        return _from_entry(value, aliases, own_id, OddKeys(aliases))
    if all(PHONE_LIKE.fullmatch(key) for key in value):
        found = _from_list([_keyed(key, inner, aliases) for key, inner in value.items()], aliases, own_id)
        counts = [("unread_parties", f"{key}: {as_json(one)}") for key, one in value.items() if is_mere_number(one)]
        return found._replace(problems=(*chain.from_iterable(map(_in_text, value.values())), *found.problems, *counts))
    opened = with_names({key: decoded(inner) for key, inner in value.items()}, aliases)
    # Under the key of a name, it is hidden where names are.
    unnamed = [("unread_parties", as_json({name_key: key})) for key in opened if may_be_name(key, opened[key], aliases)]
    if all(isinstance(inner, dict) and aliases.has_phone(inner) for inner in value.values()):
        return _from_list(list(opened.values()), aliases, own_id)
    # A single Latin key may be `phones` as well as a name: the phone is a leg either way, and nobody is misnamed.
    is_wrapper = len(value) == 1 and next(iter(value)).isascii()
    if all(as_phone(inner) for inner in value.values()) and not is_wrapper:
        return Parties([_named(key, inner, phone_key, name_key) for key, inner in value.items()])
    if len(value) == 1:
        (one,), (given,) = opened.values(), value.values()
        found = read_parties(given if isinstance(given, str) else one, aliases, own_id)
        return found._replace(problems=(*found.problems, *unnamed))
    # How the list is paged is nobody; `totals` hears the same words of lists of meetings.
    pages = {key: one for key, one in opened.items() if _pages(key, one)}
    opened = {key: one for key, one in opened.items() if key not in pages}
    groups = [one for one in opened.values() if _says_party(one, aliases)]
    groups = groups or [one for one in opened.values() if isinstance(one, list)]
    if not groups or (len(groups) > 1 and not _says_party(groups, aliases)):
        return Parties(None, (("unreadable_parties", as_json(value)),))
    read = [read_parties(one, aliases, own_id) for one in groups]
    # What a group in a list is called is nobody; beside the lists of all parties, every word may be somebody.
    others = [
        (key, one)
        for key, one in opened.items()
        if one not in groups
        and says_more_than_counts(one)
        and not (is_entry and isinstance(one, str) and not _SEVERAL.search(one))
    ]
    parties = [party for one in read for party in one.parties or ()]
    inner = [one for one in pages.values() if isinstance(one, dict)]
    said = [number for one in (pages, *inner) for number in _totals(as_json(one))]
    is_part = any(number is None or number > len(parties) for number in said)
    return Parties(
        parties,
        (
            *(problem for one in read for problem in one.problems),
            *unnamed,
            *(("unread_parties", f"{key}: {as_json(one)}") for key, one in others),
            *((("more_parties", as_json(pages)),) if is_part else ()),
        ),
    )


@lru_cache(maxsize=1024)  # pages of parties say a few numbers, over and over
def _totals(text: str) -> tuple[int | None, ...]:
    return tuple(totals_and_losses(members_of(text.encode())))


def _wraps_list(value: dict[str, Any], aliases: Aliases) -> bool:
    """Return whether an object lists parties and is none: it says nobody's phone or name, and lists some who have one,
    or says nothing but counts. `number: 0` of a page, `joined: 2` and when all began were one more leg."""
    own = {key: one for key, one in value.items() if aliases.leg(key) and not isinstance(decoded(one), list)}
    if feeds(own, ("name",), aliases) or feeds({k: v for k, v in own.items() if as_phone(v)}, ("phone",), aliases):
        return False
    lists = [one for one in map(decoded, value.values()) if isinstance(one, list)]
    has_some = any(isinstance(one, dict) and aliases.has_phone(one) for one in chain(*lists))
    return has_some or (
        bool(lists) and not any(says_more_than_counts(v) or looks_like_instant(v) for v in own.values())
    )


def _pages(key: str, value: Any) -> bool:
    """Return whether a member of an object of parties only counts or pages them, or links to more."""
    keys = value if isinstance(value, dict) and value and plain(key) != "links" else (key,)
    if isinstance(value, list) or not all(_PAGING.search(plain(one)) for one in keys):
        return False
    return as_json(value).isascii() and not mobiles_in(value)


def _keyed(phone: str, said: Any, aliases: Aliases) -> Party:
    """Return the party that stands under its phone: its fields, or its sittings, time or name."""
    fields = decoded(said)
    if isinstance(said, dict) or (isinstance(fields, dict) and fields):  # who is called `{}` has a name
        return {_keys(aliases)[0]: phone, **fields}
    return _beside(phone, said, aliases)


def _beside(phone: Any, other: Any, aliases: Aliases) -> Party:
    """Return the party that a phone and a name make; a time for a name would be nobody's name, and no time."""
    phone_key, name_key, joined_key = _keys(aliases)
    is_instant = looks_like_instant(other)
    return (
        {phone_key: phone}
        if is_mere_number(other)
        else {phone_key: phone, joined_key if is_instant else name_key: other}
    )


def _named(key: str, phone: Any, phone_key: str, name_key: str) -> Party:
    return {phone_key: phone} if COUNTER.fullmatch(key) else {phone_key: phone, name_key: key}
