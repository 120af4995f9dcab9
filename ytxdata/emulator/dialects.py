"""How an account writes a record down: key names, time forms, number forms. Each dialect is a row of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

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


_VENDOR = Dialect(
    name="vendor",
    meeting={
        "meeting_id": "meid",
        "name": "meetingname",
        "creator": "creator",
        "app_id": "appid",
        "created_at": "createtime",
        "booked_at": "booktime",
        "started_at": "starttime",
        "ended_at": "endtime",
        "duration_s": "duration",
        "state": "status",
        "is_booked": "bookmeeting",
        "display_number": "shownumber",
        "amount": "oriamount",
        "recording_url": "tapesurl",
        "legs": "parties",
    },
    leg={
        "name": "name",
        "phone": "phone",
        "joined_at": "jointime",
        "left_at": "leavetime",
        "duration_s": "duration",
        "state": "stateDesc",
    },
    extra={"fid": "", "customParm": ""},
)

_SNAKE = Dialect(
    name="snake",
    meeting={
        "meeting_id": "meeting_id",
        "name": "conf_name",
        "creator": "host",
        "app_id": "app_id",
        "state": "state",
        "created_at": "create_time",
        "booked_at": "book_time",
        "started_at": "start_time",
        "ended_at": "end_time",
        "duration_s": "duration",
        "is_booked": "book_meeting",
        "display_number": "show_number",
        "amount": "ori_amount",
        "recording_url": "tapes_url",
        "legs": "participants",
    },
    leg={
        "name": "name",
        "phone": "number",
        "joined_at": "start_time",
        "left_at": "end_time",
        "duration_s": "duration",
        "state": "state",
    },
    times="compact",
    absent="null",
    extra={"region": {"code": "010", "path": [1, 2, {"深": "度"}]}},
)

_CAMEL = Dialect(
    name="camel",
    meeting={
        "meeting_id": "conferenceId",
        "name": "subject",
        "creator": "caller",
        "app_id": "appId",
        "created_at": "createTime",
        "booked_at": "bookTime",
        "started_at": "beginTime",
        "ended_at": "endTime",
        "duration_s": "duration",
        "state": "stateDesc",
        "is_booked": "bookMeeting",
        "display_number": "showNumber",
        "amount": "oriAmount",
        "recording_url": "tapesUrl",
        "legs": "memberList",
    },
    leg={
        "name": "name",
        "phone": "mobile",
        "joined_at": "enterTime",
        "left_at": "exitTime",
        "duration_s": "duration",
        "state": "stateDesc",
    },
    times="epoch_ms",
    bare=True,
    phones="e164",
    absent="omit",
)

_UPPER = Dialect(
    name="upper",
    meeting={
        "meeting_id": "CONFID",
        "name": "CONFNAME",
        "creator": "CREATOR",
        "app_id": "APPID",
        "created_at": "CREATETIME",
        "booked_at": "BOOKTIME",
        "started_at": "STIME",
        "ended_at": "ETIME",
        "duration_s": "DURATION",
        "state": "STATE",
        "is_booked": "BOOKMEETING",
        "display_number": "SRCCLID",
        "amount": "ORIAMOUNT",
        "recording_url": "TAPESURL",
        "legs": "USERS",
    },
    leg={
        "name": "NAME",
        "phone": "NUMBER",
        "joined_at": "MEMBERJOINTIME",
        "left_at": "MEMBERLEAVETIME",
        "duration_s": "DURATION",
        "state": "STATE",
    },
    times="epoch_s",
    ascii=True,
)

_BARE = Dialect(
    name="bare",
    meeting=dict(_VENDOR.meeting) | {"meeting_id": "meetingid", "name": "name", "legs": "members"},
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
