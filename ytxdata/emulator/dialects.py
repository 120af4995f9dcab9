"""How an account writes records down: names of keys, forms of times and numbers, and the shape of `data` around them.

Each dialect and each shape is a row of data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from ytxdata.emulator.meeting import Leg, Meeting, yuan
from ytxdata.times import BEIJING

TimeForm = Literal["text", "compact", "epoch_s", "epoch_ms"]
Absent = Literal["empty", "null", "omit"]


@dataclass(frozen=True)
class Dialect:
    """One way to write records.

    Parameters
    ----------
    meeting, leg
        Key by fact, in the order in which they are written.
    times
        `yyyy-MM-dd HH:mm:ss`, `yyyyMMddHHmmss`, epoch seconds or epoch milliseconds.
    bare
        Numbers, times in digits and flags are JSON numbers, not text.
    bare_ids
        Ids made of digits are JSON numbers too (29 digits), and so are phones that begin with no 0 and no +.
    phones
        As dialled, or in E.164 form.
    float_money
        Money is the platform's binary sum of its legs, with the artefacts of that.
    absent
        How an unknown value is written.
    ascii
        Everything outside ASCII is escaped.
    extra
        Keys that mean nothing to us, and must be kept all the same.
    """

    name: str
    meeting: Mapping[str, str]
    leg: Mapping[str, str]
    times: TimeForm = "text"
    bare: bool = False
    bare_ids: bool = False
    phones: Literal["dialled", "e164"] = "dialled"
    float_money: bool = False
    absent: Absent = "empty"
    ascii: bool = False
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


_MEETING = {
    "meeting_id": ("meid", "meeting_id", "conferenceId", "CONFID"),
    "name": ("meetingname", "conf_name", "subject", "CONFNAME"),
    "creator": ("creator", "host", "caller", "CREATOR"),
    "app_id": ("appid", "app_id", "appId", "APPID"),
    "created_at": ("createtime", "create_time", "createTime", "CREATETIME"),
    "booked_at": ("booktime", "book_time", "bookTime", "BOOKTIME"),
    "started_at": ("starttime", "start_time", "beginTime", "STIME"),
    "ended_at": ("endtime", "end_time", "endTime", "ETIME"),
    "duration_s": ("duration", "duration", "duration", "DURATION"),
    "state": ("status", "state", "stateDesc", "STATE"),
    "is_booked": ("bookmeeting", "book_meeting", "bookMeeting", "BOOKMEETING"),
    "display_number": ("shownumber", "show_number", "showNumber", "SRCCLID"),
    "amount": ("oriamount", "ori_amount", "oriAmount", "ORIAMOUNT"),
    "recording_url": ("tapesurl", "tapes_url", "tapesUrl", "TAPESURL"),
    "legs": ("parties", "participants", "memberList", "USERS"),
}
_LEG = {
    "name": ("name", "name", "name", "NAME"),
    "phone": ("phone", "number", "mobile", "NUMBER"),
    "joined_at": ("jointime", "start_time", "enterTime", "MEMBERJOINTIME"),
    "left_at": ("leavetime", "end_time", "exitTime", "MEMBERLEAVETIME"),
    "duration_s": ("duration", "duration", "duration", "DURATION"),
    "state": ("stateDesc", "state", "stateDesc", "STATE"),
}
"""Fact → its key in the dialects `vendor`, `snake`, `camel` and `upper`."""


def _keys(table: Mapping[str, tuple[str, ...]], dialect: int, first: Sequence[str] = ()) -> dict[str, str]:
    """Return the keys of one dialect in the order of the table, but for those facts that it writes first."""
    return {fact: table[fact][dialect] for fact in (*first, *table)}


_VENDOR = Dialect(
    name="vendor",
    meeting=_keys(_MEETING, 0),
    leg=_keys(_LEG, 0),
    extra={"fid": "", "customParm": ""},
)

_SNAKE = Dialect(
    name="snake",
    meeting=_keys(_MEETING, 1, ("meeting_id", "name", "creator", "app_id", "state")),
    leg=_keys(_LEG, 1),
    times="compact",
    absent="null",
    extra={"region": {"code": "010", "path": [1, 2, {"深": "度"}]}},
)

_CAMEL = Dialect(
    name="camel",
    meeting=_keys(_MEETING, 2),
    leg=_keys(_LEG, 2),
    times="epoch_ms",
    bare=True,
    phones="e164",
    absent="omit",
)

_UPPER = Dialect(
    name="upper",
    meeting=_keys(_MEETING, 3),
    leg=_keys(_LEG, 3),
    times="epoch_s",
    ascii=True,
)

_BARE = Dialect(
    name="bare",
    meeting={**_VENDOR.meeting, "meeting_id": "meetingid", "name": "name", "legs": "members"},
    leg=_VENDOR.leg,
    times="compact",
    bare=True,
    bare_ids=True,
    float_money=True,
    absent="null",
    extra={"seq": 12345678901234567890123456789, "ratio": 1.0e-3, "flags": [True, False, None]},
)

DIALECTS: dict[str, Dialect] = {d.name: d for d in (_VENDOR, _SNAKE, _CAMEL, _UPPER, _BARE)}
"""Every dialect by its name."""


@dataclass(frozen=True)
class Shape:
    """How records are put into `data`.

    Parameters
    ----------
    opening, closing
        JSON text before and after the records.
    quoted
        The records stand inside a JSON string, so their text is escaped once more.
    single
        Opening and closing when there is exactly one record; None for the same as always.
    nothing
        The whole value when there is no record; None for opening and closing alone.
    keyed
        Each record is the value of a key, its meeting id.
    kind
        `records`, or one of the values that hold none: `fixed` (`nothing` is the value) and `absent` (no `data` at
        all).
    """

    opening: str = "["
    closing: str = "]"
    quoted: bool = False
    single: tuple[str, str] | None = None
    nothing: str | None = None
    keyed: bool = False
    kind: Literal["records", "fixed", "absent"] = "records"

    def frame(self, n: int) -> tuple[str, str]:
        """Return what stands before and after `n` records."""
        if n == 0 and self.nothing is not None:
            return self.nothing, ""
        if n == 1 and self.single is not None:
            return self.single
        return self.opening, self.closing

    def place(self, record: str, meeting_id: str) -> str:
        """Return a record's text as it stands in this shape."""
        text = f"{json.dumps(meeting_id)}:{record}" if self.keyed else record
        return json.dumps(text, ensure_ascii=False)[1:-1] if self.quoted else text


SHAPES: dict[str, Shape] = {
    "array": Shape(),
    "object": Shape(single=("", ""), nothing='""'),
    "string": Shape('"[', ']"', quoted=True),
    "object_string": Shape('"[', ']"', quoted=True, single=('"', '"'), nothing='""'),
    "wrapped": Shape('{"page":"1","list":[', "]}"),
    "wrapped_object": Shape('{"meeting":[', "]}", single=('{"meeting":', "}"), nothing="null"),
    "wrapped_string": Shape('"{\\"page\\":\\"1\\",\\"list\\":[', ']}"', quoted=True),
    "string_under_key": Shape('{"list":"[', ']"}', quoted=True),
    "keyed": Shape("{", "}", keyed=True),
    "null": Shape(nothing="null", kind="fixed"),
    "empty": Shape(nothing='""', kind="fixed"),
    "absent": Shape(kind="absent"),
}
"""Every shape by its name. The last three hold no record, whatever was asked."""


NO_TAPES = "NoTapes"


def write(meeting: Meeting, dialect: Dialect) -> str:
    """Return the JSON text of one record."""
    facts: dict[str, object] = {
        "meeting_id": _digits(meeting.meeting_id) if dialect.bare_ids else meeting.meeting_id,
        "name": meeting.name or None,
        "creator": _phone(meeting.creator, meeting.creator_number, dialect),
        "app_id": meeting.app_id,
        "created_at": _time(meeting.created_at, dialect),
        "booked_at": _time(meeting.booked_at, dialect),
        "started_at": _time(meeting.started_at, dialect),
        "ended_at": _time(meeting.ended_at, dialect),
        "duration_s": _number(meeting.duration_s, dialect),
        "state": meeting.state,
        "is_booked": _number(int(meeting.is_booked), dialect),
        "display_number": meeting.display_number,
        "amount": _money(meeting.amount_mills, dialect),
        "recording_url": meeting.recording_url or NO_TAPES,
        "legs": [_write_leg(leg, dialect) for leg in meeting.legs],
    }
    record = _named(facts, dialect.meeting, dialect.absent) | dict(dialect.extra)
    return json.dumps(record, ensure_ascii=dialect.ascii, separators=(",", ":"))


def _write_leg(leg: Leg, dialect: Dialect) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": leg.name,
        "phone": _phone(leg.phone, leg.number, dialect),
        "joined_at": _time(leg.joined_at, dialect),
        "left_at": _time(leg.left_at, dialect),
        "duration_s": _number(leg.duration_s, dialect),
        "state": leg.state,
    }
    return _named(facts, dialect.leg, dialect.absent)


def _named(facts: dict[str, object], keys: Mapping[str, str], absent: Absent) -> dict[str, object]:
    if absent == "omit":
        return {key: facts[fact] for fact, key in keys.items() if facts[fact] is not None}
    nothing = "" if absent == "empty" else None
    return {key: nothing if facts[fact] is None else facts[fact] for fact, key in keys.items()}


def _digits(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() and not text.startswith("0") else text


def _phone(phone: str | None, number: str | None, dialect: Dialect) -> object:
    shown = number if dialect.phones == "e164" and number is not None else phone
    return _digits(shown) if dialect.bare_ids and shown is not None else shown


def _number(value: int | None, dialect: Dialect) -> object:
    return value if value is None or dialect.bare else str(value)


def _time(instant: int | None, dialect: Dialect) -> object:
    if instant is None:
        return None
    if dialect.times in ("text", "compact"):
        pattern, colon = ("%Y-%m-%d %H", ":") if dialect.times == "text" else ("%Y%m%d%H", "")
        text = f"{_hour(instant // 3600, pattern)}{colon}{instant // 60 % 60:02d}{colon}{instant % 60:02d}"
    else:
        text = str(instant if dialect.times == "epoch_s" else instant * 1000)
    return int(text) if dialect.bare and dialect.times != "text" else text


@lru_cache(maxsize=65536)
def _hour(hour: int, pattern: str) -> str:
    """Return the day and hour in Beijing; hours are few, and formatting them is what takes the time."""
    return datetime.fromtimestamp(hour * 3600, BEIJING).strftime(pattern)


def _money(mills: int | None, dialect: Dialect) -> object:
    if mills is None:
        return None
    if dialect.float_money:
        # Adding up small amounts in binary is what leaves 0.30000000000000004 behind.
        return sum([0.1] * (mills // 100)) + (mills % 100) / 1000
    text = yuan(mills)
    return float(text) if dialect.bare and text else text
