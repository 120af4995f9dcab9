"""Whose name a party has: its own, that of the person whose sittings or devices are listed, or the key it stands under;
and which keys and values tell when a party came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial, reduce
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.records.aliases import PARTIES, Aliases, plain
from ytxdata.records.json_values import as_json, decoded
from ytxdata.records.values import Values, as_list, is_blank, rows_where
from ytxdata.times import BEIJING_OFFSET, SEVERAL_TIMES, looks_like_instant, parse_instant

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

_NO_SITTINGS = re.compile("mute|hands?up|raise|network|quality|qos|packet|jitter|静音|举手|网络|质量|丢包")
"""In plain keys under which a party lists times at which it neither came nor went: told of each leg of every meeting,
these hid the others."""

_OTHER_TIMES = re.compile(
    "invit|call|ring|dial|alert|wait|queue|request|respon|reject|refus|declin|miss|(?:no|not|un)answer|fail|cancel"
    "|delet|remov|mute|hand|oper|creat|insert|add(?!r)|updat|modif|change|sync|record|book|plan|sched"
    "|expect|work|heartbeat|birth|meeting|conf|notif|remind|sms|send|sent|expir|valid|regist|last|seen"
    "|(?:id|no|num|number|code|sn|serial|key|token)$"
    "|邀请|呼叫|拨打|振铃|响铃|等待|排队|请求|拒|未接|失败|取消|删除|移除|静音|举手|操作|创建|新增|添加|更新|修改|变更|同步"
    "|预约|预计|计划|工作|会议|通知|提醒|短信|发送|过期|有效|注册|最近|[编序工]?号$|[编代]?码$"
)
"""In plain keys under which a party that never joined has a time: it was called, written down, or declined then; and
a number is no time. Told of each who was absent, these would hide the others."""

_COMES_OR_GOES = re.compile(
    "join|enter|leav|left|exit|quit|connect|(?<!no)(?<!not)(?<!un)answer"
    "|(?:call|dial)in(?=$|[^a-z]|time|at$|date|start|end)|加入|进入|离开|退出|接入|(?<!未)接通|断开|入会|离会"
)
_OF_MEETING = re.compile("meeting|conf(?:erence|(?!irm))|call|dial|last|会议|呼叫|最近")
"""In plain keys of when a party came or went, and what stands there beside that and means no other time."""

_AGAIN = re.compile(
    "(?<!p)re-?(?:join|enter|connect|leav|exit|login)|again|^second(?!s)|(?:second|2nd|^next)(?:join|enter|leav|exit)"
    "|再次|重新|二次|第[二三四五2-9]次"
)
"""In plain keys of when a party came or went again; at the end of one, a second is what a time is counted in."""

_SITS = re.compile("^(?:on|off)line|session|sitting|visit|stay|会话|时段|在线|离线")
"""In plain keys of when a person was there, beside those of coming and going."""

_HOST = re.compile("creator|host|moderator|chair|organi[sz]er|owner|主持|发起人|主席|主叫")
"""In plain keys of who convened a meeting."""

_HOURS = re.compile(r"(?<!\d)\d{1,2}[:：]\d\d(?:[:：]\d\d)?\s*(?:[-~–—～至到]|to|,)+\s*\d{1,2}[:：]\d\d")
"""From a time of day to another."""

MAY_TELL_WHEN = r"\d[:：时点]|\d{9}|^\s*[\[{]"
"""What every text has that tells when, or is JSON of one."""

_MAY_BE_SITTINGS = (
    rf"{SEVERAL_TIMES.pattern}|\d[:：]\d\d.*\d[:：]\d\d.*\d[:：]\d\d.*\d[:：]\d\d|^\s*[\[{{].*(?:\d:\d|\d{{9}})"
)

_A_MINUTE = 60
"""So much what a session says of a sitting may be off what its leg does [s]."""

_A_DAY = 86_400
"""What is further from a meeting is a contract's or a birthday's, and was told of each leg [s]."""

_POINT = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[ T]*\d{1,2}[:：时点][\d:：分秒.]*(?:Z|\+\d\d:?\d\d)?|\d{9,}(?:\.\d+)?"
)
"""One of the points in time in a text of several."""

_DIGITS = re.compile(r"[\d.]+")
_NUMBER_DIALLED = re.compile("(?:call|dial)in")

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


@lru_cache(maxsize=4096)
def is_no_sitting(key: str) -> bool:
    """Return whether a party lists under a key when it was muted or heard badly, and not when it came.

    Examples
    --------
    >>> [is_no_sitting(key) for key in ("muteRecords", "networkQuality", "网络", "records", "handset", "sessions")]
    [True, True, True, False, False, False]
    """
    return _NO_SITTINGS.search(plain(key)) is not None


@lru_cache(maxsize=4096)
def came_again(key: str) -> bool:
    """Return whether a key that feeds no column says when a party came or went another time.

    Examples
    --------
    >>> [came_again(key) for key in ("rejoinTime", "second", "再次加入时间", "secondsTalked", "secondInviteTime")]
    [True, True, True, False, False]
    """
    return _AGAIN.search(plain(key)) is not None and not is_of_another_time(key)


def may_say_it_came(key: str, aliases: Aliases) -> bool:
    """Return whether a key of a person may say when that came or went, under a word of parties or one like it.

    Examples
    --------
    >>> [may_say_it_came(key, Aliases()) for key in ("startTime", "online", "sessions", "入会", "createTime", "birthday")]
    [True, True, True, True, False, False]
    """
    match, said = aliases.leg(key), plain(key)
    is_word = _COMES_OR_GOES.search(said) or _SITS.search(said)
    return (match is not None and match.column in ("joined_at", "left_at")) or (
        is_word is not None and not is_of_another_time(key)
    )


def host_came(key: str) -> bool:
    """Return whether a key of a meeting says when who convened it came or went.

    Examples
    --------
    >>> [host_came(key) for key in ("hostJoinTime", "主持人入会时间", "creatorLeft", "hostInviteTime", "hostPhone")]
    [True, True, True, False, False]
    """
    said = _HOST.sub("", plain(key))
    return said != plain(key) and _COMES_OR_GOES.search(said) is not None and not is_of_another_time(said)


def several_hours(value: Any) -> bool:
    """Return whether a text goes from a time of day to another more than once.

    Examples
    --------
    >>> several_hours("10:00-10:20;10:40-10:55"), several_hours("10:00-10:20")
    (True, False)
    """
    return isinstance(value, str) and len(_HOURS.findall(value)) > 1


def tells_sittings(value: Any) -> bool:
    """Return whether a text names several points in time, or a list holds any: when a party came again, most likely.

    One alone may be when anything happened (`updateTime`).

    Examples
    --------
    >>> tells_sittings([["2026-01-05 10:00:00", ""]]), tells_sittings("1767578400~1767579000")
    (True, True)
    >>> tells_sittings("2026-01-05 10:00:00"), tells_sittings(["vip", 7])
    (False, False)
    """
    value = decoded(value)
    if isinstance(value, str):
        return SEVERAL_TIMES.search(value) is not None
    return isinstance(value, list) and tells_when(value)


@lru_cache(maxsize=4096)
def is_of_another_time(key: str) -> bool:
    """Return whether a key that feeds no column says which time it gives, and that it is not when a party came.

    Examples
    --------
    >>> [is_of_another_time(key) for key in ("inviteTime", "lastSeen", "time", "callAnswerTime", "login", "最近加入时间")]
    [True, True, False, False, False, False]
    """
    said = plain(key)
    if _COMES_OR_GOES.search(said):
        said = _OF_MEETING.sub("", said)
    return _OTHER_TIMES.search(said) is not None


def tells_when(value: Any, depth: int = 0) -> bool:
    """Return whether a value is or holds a point in time, or goes from a time of day to another; what goes on very deep
    is told like one.

    Examples
    --------
    >>> tells_when(1767578400), tells_when(["10:05-10:10"]), tells_when("2026-01-05"), tells_when("00:10:05")
    (True, True, False, False)
    """
    value = decoded(value)
    if not isinstance(value, (list, dict)):
        return looks_like_instant(value) or (isinstance(value, str) and _HOURS.search(value) is not None)
    inner = value.values() if isinstance(value, dict) else value
    return depth > DEEPEST or any(tells_when(one, depth + 1) for one in inner)


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


def points_in(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the points in time in a value, at any depth."""
    value = decoded(value)
    if isinstance(value, (list, dict)) and depth <= DEEPEST:
        for one in value.values() if isinstance(value, dict) else value:
            yield from points_in(one, depth + 1)
    elif isinstance(value, str) and SEVERAL_TIMES.search(value):
        yield from filter(looks_like_instant, _POINT.findall(value))
    elif looks_like_instant(value):
        yield value


def may_tell_when(values: Values, rows: list[int]) -> list[int]:
    """Return which of some values may tell when; of texts that are read in bulk few need a closer look."""
    if not isinstance(values, pa.Array) or not pa.types.is_string(values.type):
        return rows
    places = pa.array(rows, pa.int64())
    found: list[int] = places.filter(pc.match_substring_regex(values.take(places), MAY_TELL_WHEN)).to_pylist()
    return found


def times_inside(key: str, value: Any, depth: int = 0) -> Iterator[tuple[str, bool]]:
    """Yield the points in time at which an object of a party may say that it came or went, each with whether its key
    says that this was again."""
    value = decoded(value)
    if depth > DEEPEST or not isinstance(value, dict) or not _may_hold_sittings(key):
        return
    for name, one in value.items():
        one = decoded(one)
        is_again = came_again(name)
        if isinstance(one, dict):
            yield from times_inside(name, one, depth + 1)
        elif is_no_sitting(name) or is_of_another_time(name):
            continue
        elif is_again or tells_sittings(one) or (_sits(key) and looks_like_instant(one)):
            yield from ((str(it), is_again) for it in points_in(one))


@lru_cache(maxsize=4096)
def _sits(key: str) -> bool:
    return _SITS.search(plain(key)) is not None


@lru_cache(maxsize=4096)
def _may_hold_sittings(key: str) -> bool:
    return not is_no_sitting(key) and (_sits(key) or not is_of_another_time(key))


def may_tell_inside(key: str, values: pa.Array) -> pa.Array:
    """Return a mask of the objects of a column that may say when a party came again: by their keys, in lists, or in
    texts of several times or of JSON."""
    kind = values.type
    if came_again(key) or pa.types.is_list(kind) or (pa.types.is_struct(kind) and _sits(key)):
        return values.is_valid()
    if pa.types.is_string(kind):
        return pc.match_substring_regex(values, _MAY_BE_SITTINGS).fill_null(False)
    fields = enumerate(kind) if pa.types.is_struct(kind) and _may_hold_sittings(key) else ()
    inner = (may_tell_inside(one.name, pc.struct_field(values, [i])) for i, one in fields)
    return reduce(pc.or_, inner, pa.repeat(pa.scalar(False), len(values)))


class _Edges(NamedTuple):
    """The seconds at which legs came and left, -1 where nothing says it, whose they are (sorted), and their texts."""

    came: np.ndarray[Any, np.dtype[np.int64]]
    left: np.ndarray[Any, np.dtype[np.int64]]
    owners: np.ndarray[Any, np.dtype[np.int64]]
    texts: list[list[str | None]]


def _edges(arrays: Mapping[str, pa.Array], owner: pa.Array) -> _Edges:
    seconds = [arrays[name].cast(pa.timestamp("s", "UTC"), safe=False) for name in ("joined_at", "left_at")]
    came, left = (one.cast(pa.int64()).fill_null(-1).to_numpy() for one in seconds)
    beijing = (pc.add(one.cast(pa.timestamp("s")), pa.scalar(BEIJING_OFFSET, pa.duration("s"))) for one in seconds)
    return _Edges(came, left, owner.to_numpy(), [pc.strftime(one, "%Y-%m-%d %H:%M:%S").to_pylist() for one in beijing])


def _is_of_leg(said: str, row: int, edges: _Edges, *, is_again: bool) -> bool:
    """Return whether a point in time is one at which somebody of the meeting came or went, as the legs tell it; or,
    unless it is said to be of another sitting, lies in the party's own, or so far from the meeting that it is of none.
    """
    if any(said == texts[row] for texts in edges.texts):
        return True  # nearly always, and told without reading it
    instant = parse_instant(said)
    if instant is None:
        return True
    at = int(instant.timestamp())
    came, left = edges.came[row], edges.left[row]
    if not is_again and 0 <= came <= at + _A_MINUTE and (left < 0 or at <= left + _A_MINUTE):
        return True
    first, end = (np.searchsorted(edges.owners, edges.owners[row], side) for side in ("left", "right"))
    known = np.concatenate([edges.came[first:end], edges.left[first:end]])
    known = known[known >= 0]
    if not len(known) or (known == at).any():
        return len(known) > 0
    return not is_again and not known.min() - _A_DAY <= at <= known.max() + _A_DAY


def at_rows(values: Values, rows: list[int]) -> Sequence[Any]:
    """Return some of the values of a column."""
    if isinstance(values, pa.Array):
        return as_list(values.take(pa.array(rows, pa.int64())))
    return [values[i] for i in rows]


def unread_times(
    arrays: Mapping[str, pa.Array], owner: pa.Array, values_of: Callable[[str], Values], unknown: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Yield the times of a party under a key that nobody knows: several in a list or a text, any where the key says
    that it came again, what an object says of a sitting that is no leg, and of whoever never joined any, unless the key
    says what else that was. Who came twice would have come once, and who came never.
    """
    never, edges = rows_where(arrays["joined_at"].is_null()), cache(partial(_edges, arrays, owner))
    for key in unknown:
        values = values_of(key)
        is_other, is_dialled = is_of_another_time(key), _NUMBER_DIALLED.fullmatch(plain(key)) is not None
        absent = set() if is_other else set(may_tell_when(values, never))
        if came_again(key):
            absent = set(may_tell_when(values, [*range(len(values))]))
        if isinstance(values, pa.Array):
            is_open = pa.types.is_struct(values.type) or pa.types.is_string(values.type)
            rows = rows_where(may_tell_inside(key, values)) if is_open else []
        else:
            rows = [i for i, value in enumerate(values) if type(value) in (str, list, dict)]
        for i, value in zip(rows := sorted(absent.union(rows)), at_rows(values, rows), strict=True):
            are_sittings = tells_sittings(value) or (several_hours(value) and not is_other)
            is_when = i in absent and tells_when(value) and not (is_dialled and _DIGITS.fullmatch(str(value)))
            is_told = is_when or (are_sittings and not is_no_sitting(key))
            inside = () if is_told else times_inside(key, value)
            if is_told or any(not _is_of_leg(at, i, edges(), is_again=is_again) for at, is_again in inside):
                yield i, f"{key}: {as_json(value)}"
