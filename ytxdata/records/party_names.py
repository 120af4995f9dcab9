"""Whose name a party has: its own, that of the person whose sittings or devices are listed, or the key it stands under;
and by which names a record says that its list of parties is not whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.json_values import as_json, read_object
from ytxdata.records.paging import totals
from ytxdata.records.spans import members_of
from ytxdata.records.values import is_blank

Party = dict[str, Any]

_WHO = "(?:part(?:y|ies)|(?:participant|member|user)s?)"
_WHO_CAME = "(?:名单|成员|(?:参会|与会|参与|出席|入会|到会|实到)(?:人员?|者|方)?)"
_MORE = re.compile(
    f"(?:has|is|there(?:is|are))?more{_WHO}(?:flag)?|(?:是否)?(?:更多|还?有更多|还有(?:(?:其[他它]|未显示|未返回)的?)?){_WHO_CAME}"
)
_HOW_MANY = re.compile(
    f"{_WHO}(?:list)?(?:total)?(?:count|cnt|qty|total|num)|(?:total|n(?:um(?:ber)?|b)?(?:of)?|countof){_WHO}(?:count|cnt|num)?"
    f"|(?:实际|总|共)*{_WHO_CAME}(?:列表|名单)?(?:总|人)*(?:数量?|个数)"
)
"""Keys, plain, with which a meeting says beside its list that there are more parties, and how many, in the words of the
list itself: `attendeeCount` may be of those invited, of whom a history says 邀请人数 or 应到人数 and not 参会人数."""
_SIZE = re.compile(rf"{_HOW_MANY.pattern}|attendees?(?:count|total|num)|(?:参会|与会)?(?:总?人数|总数)")
"""Keys, plain, with which a meeting says how many it had, where it has no list: those invited were rows of it too."""

_OF_LIST = re.compile(
    f"(?:(?:participant|member|user)s|parties|{_WHO}list|{_WHO}(?=(?:is|has)?(?:more|truncated)|(?:has)?next(?:page|cursor))"
    f"|{_WHO_CAME}(?:列表|名单)?)(?:的)?(?!remain|rest|left|剩余)"
)
"""In front of a word of pages, what says that it is of the list of parties (`membersTruncated`, 成员是否完整); those who
remain are still in the meeting."""

_ZEROS = re.compile(r"(?<=\d)\.0*$")
"""Behind a flag that is a number of JSON: a column of them has its 1 with zeros."""

DEEPEST = 8
"""How deep parties are looked for; what goes on below may hold some, and is told as it stands."""

WHOLE = re.compile(r"(\d{1,9})(?:\.0*)?\s*(?:[个名位]?人|[个名位方]|people|persons?)?")
"""A number of people, also as one reads it: of `50人` only 50 was heard."""

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


def number_text(value: Any) -> str:
    """Return a value as text, a number as it was written: read in bulk, it is an amount of many decimals (`0E-38`).

    Examples
    --------
    >>> number_text(Decimal("0E-38")), number_text(Decimal("50.000")), number_text("50"), number_text(True)
    ('0', '50', '50', 'True')
    """
    return _ZEROS.sub("", f"{value:f}" if isinstance(value, Decimal) else str(value))


def says_more(key: str, value: Any, n: int) -> bool:
    """Return whether a member of a meeting says that more than `n` parties are listed elsewhere.

    Examples
    --------
    >>> says_more("participantCount", 50, 2), says_more("hasMoreParticipants", True, 2), says_more("memberCount", 2, 2)
    (True, True, False)
    >>> says_more("成员总数", 50, 2), says_more("membersNextPage", 2, 2), says_more("membersTruncated", False, 2)
    (True, True, False)
    """
    name, text = plain(key), number_text(value).strip().casefold()
    if _MORE.fullmatch(name):
        return text in ("true", "1", "yes", "y", "是", "有")
    if _HOW_MANY.fullmatch(name):
        number = WHOLE.fullmatch(text)
        return number is not None and int(number[1]) > n
    front = _OF_LIST.match(name)
    # of a list of people 0 is no place: no next page, and not complete
    said = False if text == "0" else text if isinstance(value, (float, Decimal)) else value
    return front is not None and None in totals(members_of(as_json({name[front.end() :]: said}).encode()))


def n_said(raw: bytes, aliases: Aliases) -> int:
    """Return how many parties a record says its meeting had, in a number beside its list or in place of it; 0 for none.

    Examples
    --------
    >>> n_said(b'{"meid": "m1", "membernum": "12"}', Aliases()), n_said(b'{"meid": "m1", "parties": 5}', Aliases())
    (12, 5)
    """
    said, waiting = [0], [read_object(raw, aliases).value or {}]
    while waiting:
        for key, one in waiting.pop().items():
            if isinstance(one, dict):
                waiting.append(one)
            elif number := WHOLE.fullmatch(str(one).strip()):
                match = aliases.meeting(key)
                is_size = match.column == PARTIES if match else _SIZE.fullmatch(plain(key))
                said += [int(number[1])] if is_size else []
    return max(said)


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
