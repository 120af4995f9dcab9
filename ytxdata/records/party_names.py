"""Whose name a party has: its own, that of the person whose sittings or devices are listed, or the key it stands under."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.json_values import as_json
from ytxdata.records.values import is_blank

Party = dict[str, Any]

_WHO = "(?:part(?:y|ies)|(?:participant|member|user)s?)"
MORE = re.compile(f"hasmore{_WHO}|more{_WHO}")
HOW_MANY = re.compile(f"{_WHO}(?:count|total|num)|total{_WHO}")
"""Keys, plain, with which a meeting says beside its list that there are more parties, and how many, in the words of the
list itself: `attendeeCount` may be of those invited."""

DEEPEST = 8
"""How deep parties are looked for; what goes on below may hold some, and is told as it stands."""

WHOLE = re.compile(r"(\d{1,9})(?:\.0*)?")

COUNTER = re.compile(r"[a-z]*[_\-]?\d+", re.IGNORECASE)
"""A key that numbers the parties (`p1`, `2`) and names nobody."""

PERSON = frozenset(
    {"user", "userinfo", "member", "memberinfo", "participant", "party", "attendee", "person", "contact"}
    | {"用户", "用户信息", "成员", "成员信息", "参会人", "参会者", "与会人", "联系人"}
)
"""Keys, plain, under which a party that has its times beside them says who it is; under `inviter` it is another."""

_SITTINGS = re.compile(
    "device|endpoint|terminal|client|session|sitting|connection|call|leg|line|login|visit|stay|period|终端|设备|通话|接入|会话|时段"
)
"""In plain keys under which a party lists how it came: what has a name there is a device, elsewhere a person."""

_GROUP = re.compile(
    "主持|主席|参会|与会|出席|嘉宾|来宾|观众|听众|代表|成员|人员|名单|列表|内|外|其他|员工|客户|用户|领导|同事|公司|团队|线"
    "|已|未|在|离|接|呼|[部组方区办处科院室班队系]$|中心$"
)
"""In keys of lists of parties that say which they are, and name nobody."""


def feeds(party: Party, columns: Sequence[str], aliases: Aliases) -> bool:
    """Return whether an object says something of one of the columns of legs."""
    return any(
        (match := aliases.leg(key)) is not None
        and match.column in columns
        and not (isinstance(value, (list, dict)) or is_blank(value))
        for key, value in party.items()
    )


def with_person(own: Party, aliases: Aliases) -> Party:
    """Return a party that has no name with that of the person described in it (`user: {name}`)."""
    if feeds(own, ("name",), aliases):
        return own
    people = [one for key, one in own.items() if plain(key) in PERSON and isinstance(one, dict)]
    return {**(names_in(people[0], aliases) if people else {}), **own}


def of_person(
    own: Party, legs: list[Party], key: str, aliases: Aliases, *, has_phone: bool = False
) -> tuple[list[Party], list[tuple[str, str]]]:
    """Return the legs that a party lists under a key with what it says of them all, its name above all, and what could
    not be placed: those of one person have that person's name, and a device's is told; those of several people are a
    group, whose name is nobody's.

    Examples
    --------
    >>> of_person({"name": "王芳"}, [{"phone": "15400000001", "name": "手机"}], "devices", Aliases())
    ([{'name': '王芳', 'phone': '15400000001'}], [('unread_parties', 'devices: {"name": "手机"}')])
    >>> of_person({"name": "销售部"}, [{"phone": "15400000001", "name": "王芳"}], "people", Aliases())
    ([{'phone': '15400000001', 'name': '王芳'}], [])
    """
    names = [str(name) for leg in legs for name in names_in(leg, aliases).values()]
    is_one = has_phone or _SITTINGS.search(plain(key)) or (not names and len(_phones(legs, aliases)) == 1)
    own_names = names_in(own, aliases)
    if is_one:
        others = [name for name in dict.fromkeys(names) if own_names and name not in map(str, own_names.values())]
        nameless = [{k: v for k, v in leg.items() if not (own_names and names_in({k: v}, aliases))} for leg in legs]
        said = f"{key}: {as_json({dict(aliases.legs)['name'][0]: ', '.join(others)})}"
        return [own | leg for leg in nameless], [("unread_parties", said)] if others else []
    has_times = any(feeds(leg, ("joined_at", "left_at"), aliases) for leg in legs)
    is_told = own_names and has_times and not (names or _is_parties(key, aliases))
    return legs, [("unread_parties", as_json(own_names))] if is_told else []


def _is_parties(key: str, aliases: Aliases) -> bool:
    match = aliases.meeting(key)
    return match is not None and match.column == PARTIES


def names_in(party: Party, aliases: Aliases) -> Party:
    """Return what of a party is its name, under its keys."""
    return {key: name for key, name in party.items() if feeds({key: name}, ("name",), aliases)}


def _phones(parties: list[Party], aliases: Aliases) -> set[str]:
    return {str(one) for party in parties for key, one in party.items() if feeds({key: one}, ("phone",), aliases)}


def with_names(opened: Party, aliases: Aliases) -> Party:
    """Return the members of an object of parties, each party that has no name with its key for one."""
    name_key = dict(aliases.legs)["name"][0]
    is_map = len(opened) > 1 and all(isinstance(one, dict) for one in opened.values())
    return {
        key: one | {name_key: key}
        if isinstance(one, dict)
        and (is_map or not key.isascii() or "*" in key)
        and not COUNTER.fullmatch(key)
        and feeds(one, ("phone", "joined_at", "left_at"), aliases)
        and not feeds(one, ("name",), aliases)
        else [it | {name_key: key} for it in one]
        if may_be_name(key, one, aliases) and len(_phones(one, aliases)) == 1
        else one
        for key, one in opened.items()
    }


def may_be_name(key: str, value: Any, aliases: Aliases) -> bool:
    """Return whether a list of parties without names stands under a key that may be a name: that of one person whose
    sittings these are, and of several people it is told.
    """
    is_word = not key.isascii() or "*" in key or " " in key.strip()
    if not is_word or _GROUP.search(key) or not isinstance(value, list):
        return False
    said = [isinstance(one, dict) and feeds(one, ("phone",), aliases) for one in value]
    return bool(said) and all(said) and not any(feeds(one, ("name",), aliases) for one in value)
