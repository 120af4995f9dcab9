"""When a party came and went: which keys and values tell a sitting, and what they tell that is in no leg."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache, partial, reduce
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.records.aliases import Aliases, plain
from ytxdata.records.json_values import as_json, decoded
from ytxdata.records.party_names import DEEPEST
from ytxdata.records.values import Values, as_list, as_phone, rows_where
from ytxdata.times import BEIJING_OFFSET, SEVERAL_TIMES, beijing_text, floor_second, looks_like_instant, parse_instant

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

_CLOCK = re.compile(r"(?i)(?=.*[1-9])\s*(?:[上下]午)?\s*\d\d?[:：]\d\d(?:[:：]\d\d(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?\s*")
_LASTS = re.compile(
    "dura|len(?:gth|$)|span|lasted|elapsed|remain|timeleft|时长|用时|耗时|剩余"
    "|^(?!.*(?:(?<!re)start(?!up)|begin|(?<!att)(?<!ext)(?<!sp)(?<!week)end|开始|结束))"
    ".*(?:hours|total|count|seconds|minutes|总)"
)
"""A time of day alone, which zeros are not; and in plain keys, what makes of it how long something took: `startHours`
says when it began, and `accountStart` counts nothing."""

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


def is_clock(key: str, value: Any) -> bool:
    """Return whether a text is a time of day, and not how long its key says that something took, or goes from one to
    another.

    Examples
    --------
    >>> [is_clock("join", value) for value in ("09:00", "上午9:00", "09:00-10:00", "2026-01-05 09:00", 9, "00:00:00")]
    [True, True, True, False, False, False]
    >>> is_clock("timeSpan", "01:30:00"), is_clock("timeSpan", "09:00-10:30")
    (False, True)
    """
    text = value.strip() if isinstance(value, str) else ""
    is_one = _CLOCK.fullmatch(text) is not None and _LASTS.search(plain(key)) is None
    return is_one or _HOURS.match(text) is not None


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
        elif is_again or tells_sittings(one) or (_SITS.search(plain(key)) and looks_like_instant(one)):
            yield from ((str(it), is_again) for it in points_in(one))


def _may_hold_sittings(key: str) -> bool:
    return not is_no_sitting(key) and (_SITS.search(plain(key)) is not None or not is_of_another_time(key))


def may_tell_inside(key: str, values: pa.Array) -> pa.Array:
    """Return a mask of the objects of a column that may say when a party came again: by their keys, in lists, or in
    texts of several times or of JSON."""
    kind = values.type
    if came_again(key) or pa.types.is_list(kind) or (pa.types.is_struct(kind) and _SITS.search(plain(key))):
        return values.is_valid()
    if pa.types.is_string(kind):
        return pc.match_substring_regex(values, _MAY_BE_SITTINGS).fill_null(False)
    fields = enumerate(kind) if pa.types.is_struct(kind) and _may_hold_sittings(key) else ()
    inner = (may_tell_inside(one.name, pc.struct_field(values, [i])) for i, one in fields)
    return reduce(pc.or_, inner, pa.repeat(pa.scalar(False), len(values)))


class _Edges(NamedTuple):
    """The seconds at which legs came and left, -1 where nothing says it, whose they are (sorted), who that was by
    number and by name, and their texts."""

    came: np.ndarray[Any, np.dtype[np.int64]]
    left: np.ndarray[Any, np.dtype[np.int64]]
    owners: np.ndarray[Any, np.dtype[np.int64]]
    people: list[tuple[str | None, str | None]]
    texts: list[list[str | None]]


def _edges(arrays: Mapping[str, pa.Array], owner: pa.Array) -> _Edges:
    seconds = [arrays[name].cast(pa.timestamp("s", "UTC"), safe=False) for name in ("joined_at", "left_at")]
    came, left = (one.cast(pa.int64()).fill_null(-1).to_numpy() for one in seconds)
    beijing = (pc.add(one.cast(pa.timestamp("s")), pa.scalar(BEIJING_OFFSET, pa.duration("s"))) for one in seconds)
    people = list(zip(arrays["number"].to_pylist(), arrays["name"].to_pylist(), strict=True))
    texts = [pc.strftime(one, "%Y-%m-%d %H:%M:%S").to_pylist() for one in beijing]
    return _Edges(came, left, owner.to_numpy(), people, texts)


def _is_of_leg(said: str, row: int, edges: _Edges, *, is_again: bool) -> bool:
    """Return whether a point in time is one at which the party came or went, as the legs that may be its own tell it;
    or, unless it is said to be of another sitting, lies in its own, is where the meeting began or ended, or so far from
    it that it is of none: at any minute somebody else comes.
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
    both = np.stack([edges.came[first:end], edges.left[first:end]])
    if not len(known := both[both >= 0]):
        return False
    low, high = known.min(), known.max()
    if not is_again and (at in (low, high) or not low - _A_DAY <= at <= high + _A_DAY):
        return True
    others = first + np.flatnonzero((both == at).any(axis=0))
    return any(_may_be_one(*edges.people[row], *edges.people[other]) for other in others)


def _may_be_one(number: str | None, name: str | None, other_number: str | None, other_name: str | None) -> bool:
    """Return whether two legs may be one person's: of one name, also with more behind it, are one's devices; where no
    names can be compared, who has no number may be anybody."""
    if name and other_name and (number is None or number != other_number):
        return name.startswith(other_name) or other_name.startswith(name)
    return number is None or other_number in (None, number)


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
        has_clock = came_again(key) or (_COMES_OR_GOES.search(plain(key)) is not None and not is_other)
        asked = [*range(len(values))] if came_again(key) else [] if is_other else never
        absent = set(may_tell_when(values, asked))
        if isinstance(values, pa.Array):
            is_open = pa.types.is_struct(values.type) or pa.types.is_string(values.type)
            rows = rows_where(may_tell_inside(key, values)) if is_open else []
        else:
            rows = [i for i, value in enumerate(values) if type(value) in (str, list, dict)]
        for i, value in zip(rows := sorted(absent.union(rows)), at_rows(values, rows), strict=True):
            are_hours = not is_other and isinstance(value, str) and len(_HOURS.findall(value)) > 1
            is_number = is_dialled and _DIGITS.fullmatch(str(value)) is not None
            is_when = i in absent and ((tells_when(value) and not is_number) or (has_clock and is_clock(key, value)))
            is_told = is_when or ((are_hours or tells_sittings(value)) and not is_no_sitting(key))
            inside = () if is_told else times_inside(key, value)
            if is_told or any(not _is_of_leg(at, i, edges(), is_again=is_again) for at, is_again in inside):
                yield i, f"{key}: {as_json(value)}"


def are_said(wanted: Iterable[Any], value: Any) -> bool:
    """Return whether each of some texts and numbers stands in a value, however it is spelt there: a listed host whose
    time was in milliseconds was told on each record.
    """
    asked = [*wanted]
    text = as_json(value) if asked else ""
    return all(as_json(one) in text or _meaning_of(one) in _meanings_in(value) for one in asked)


def _meaning_of(value: Any) -> Hashable:
    """Return what a text or a number means however it is spelt: an instant to the second, a telephone number, or its
    text."""
    text = str(value).strip()
    if looks_like_instant(text):
        at = parse_instant(text)
        return floor_second(at) if at else text
    return (as_phone(text) if text[-1:].isdigit() else None) or text


def _meanings_in(value: Any, depth: int = 0) -> Iterator[Hashable]:
    """Yield what all texts, numbers and keys in a value mean, at any depth."""
    value = decoded(value)
    if not isinstance(value, (list, dict)):
        yield _meaning_of(value)
    elif depth <= DEEPEST:
        yield from map(_meaning_of, value if isinstance(value, dict) else ())
        for one in value.values() if isinstance(value, dict) else value:
            yield from _meanings_in(one, depth + 1)


_LATE_S = 600
"""How long after the end somebody may join whom clocks that differ, or a list that is kept late, bring there."""

_EARLY_S = 3_600
"""How long before the start somebody may have come and gone: people wait, try their line and come back."""

_ZONE_S, _MOST_ZONES_S = 1_800, 14 * 3_600


def apart_from_meeting(
    arrays: Mapping[str, pa.Array], owner: pa.Array, started_at: pa.Array, ended_at: pa.Array
) -> Iterator[tuple[int, str, str]]:
    """Yield the legs that were over long before their meeting's start, and those that joined long after its end, when
    all others had left, each with the reason and when it joined: a record of a room that met again told of both, and
    the time of the other was PROVEN.

    Nothing is said by a start or an end that is a day, by an end before the start, nor where all parties are apart from
    the meeting by hours: these are in another zone.
    """
    starts, ends, came, left = (
        one.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64()).fill_null(-1).to_numpy()
        for one in (started_at, ended_at, arrays["joined_at"], arrays["left_at"])
    )
    owners = owner.to_numpy()
    start_of, end_of = starts[owners], ends[owners]
    is_late = (end_of > start_of) & _is_no_day(end_of) & (came > end_of + _LATE_S)
    is_early = _is_no_day(start_of) & (came >= 0) & (left >= came) & (left < start_of - _EARLY_S)
    for meeting in np.unique(owners[is_late | is_early]):
        first, last = np.searchsorted(owners, [meeting, meeting + 1])
        legs = sorted((int(came[i]), int(left[i]), i) for i in range(first, last) if came[i] >= 0)
        start, reach = int(starts[meeting]), int(ends[meeting])
        off = legs[0][0] - start
        are_all_apart = (reach >= 0 and legs[0][0] > reach) or all(came <= gone < start for came, gone, _ in legs)
        if are_all_apart and abs(off) <= _MOST_ZONES_S and abs((off + 300) % _ZONE_S - 300) < 300 and start >= 0:
            continue
        for joined, gone, i in legs:
            told = beijing_text(datetime.fromtimestamp(joined, UTC))
            if is_early[i]:
                yield int(i), "left_before_start", told
            elif joined <= reach + _LATE_S:
                reach = max(reach, gone)
            elif is_late[i]:
                yield int(i), "joined_after_end", told


def _is_no_day(points: np.ndarray[Any, Any]) -> Any:
    return (points >= 0) & ((points + BEIJING_OFFSET.seconds) % 86_400 != 0)
