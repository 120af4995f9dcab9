"""The columns of every table, the keys that feed them and the reasons in them, as data.

They serve the parser, the documentation and the data dictionary; keys match without case, `_`, `-` and blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

import pandas as pd
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.times import ZONE_NAME

Kind = Literal["text", "phone", "url", "instant", "int", "seconds", "bool", "money"]


class Column(NamedTuple):
    """One column: its name, kind of value, unit, label in both languages, meaning, and the platform's candidate keys.

    `keys` stand in order of preference; they are compared without case, `_`, `-` and blanks.
    """

    name: str
    type: Kind
    unit: str
    zh: str
    en: str
    meaning: Text
    keys: tuple[str, ...] = ()


ARROW_TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "phone": pa.string(),
    "url": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "int": pa.int64(),
    "seconds": pa.int64(),
    "bool": pa.bool_(),
    # 0.30000000000000004 is what somebody's float left: 18 decimals keep it as it was written.
    "money": pa.decimal128(38, 18),
}

_PANDAS_TYPES: dict[pa.DataType, pd.api.extensions.ExtensionDtype] = {
    pa.string(): pd.StringDtype("pyarrow"),
    pa.int64(): pd.Int64Dtype(),
    pa.large_string(): pd.StringDtype("pyarrow"),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def _pandas_type(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    return pd.ArrowDtype(kind) if pa.types.is_decimal(kind) else _PANDAS_TYPES.get(kind)


_MEETING_ID = Text("平台给出的会议编号，文本，原样保留", "the platform's id of the meeting, text, exactly as given")
_PULL_ID = Text("带来此行的那次调用", "the call that brought this row")

MEETINGS: tuple[Column, ...] = (
    Column("meeting_id", "text", "", "会议编号", "meeting id", _MEETING_ID, ("meid", "confid", "meetingid", "conferenceid")),
    Column("name", "text", "", "会议名称", "name", Text("会议名称", "name of the meeting"), ("meetingname", "name", "subject", "confname")),
    Column("creator", "phone", "", "发起人", "creator", Text("发起人号码，平台原文", "the creator's number as the platform gave it"), ("creator", "caller", "host")),
    Column("app_id", "text", "", "应用编号", "application", Text("所属应用", "the application it belongs to"), ("appid",)),
    Column("state", "text", "", "状态", "state", Text("会议状态，平台原文", "state in the platform's words"), ("status", "state", "stateDesc")),
    Column("created_at", "instant", ZONE_NAME, "创建时间", "created", Text("会议被创建的时刻", "when it was set up"), ("createtime",)),
    Column("booked_at", "instant", ZONE_NAME, "预约时间", "booked for", Text("预约的开始时刻", "the start it was booked for"), ("booktime",)),
    Column("started_at", "instant", ZONE_NAME, "开始时间", "started", Text("会议开始的时刻", "when it began"), ("starttime", "stime", "begintime")),
    Column("ended_at", "instant", ZONE_NAME, "结束时间", "ended", Text("会议结束的时刻；进行中为空", "when it ended; null while it runs"), ("endtime", "etime")),
    Column("duration_s", "seconds", "s", "时长", "duration", Text("平台给出的时长，按秒理解，不改动", "duration as the platform gave it, read as seconds, not corrected"), ("duration",)),
    Column("is_booked", "bool", "", "是否预约", "booked", Text("预约会议为真，即时会议为假", "true when booked ahead, false when started at once"), ("bookmeeting",)),
    Column("n_legs", "int", "", "参会记录数", "legs listed", Text("名单中的参会记录数，含未接通者；平台未给名单时为空", "rows of `legs`, parties who never joined included; null when the platform gave no list"), ()),
    Column("n_people", "int", "", "参会号码数", "people listed", Text("名单中不同号码（规范化后）的个数；平台未给名单时为空", "distinct normalised numbers in the list; null when the platform gave no list"), ()),
    Column("amount_yuan", "money", "CNY", "金额", "amount", Text("平台给出的金额，十进制，不经浮点", "amount from the platform, exact decimal"), ("oriamount",)),
    Column("recording_url", "url", "", "录音地址", "recording", Text("录音地址；无录音（NoTapes）为空", "address of the recording; null when there is none (NoTapes)"), ("tapesurl",)),
    Column("display_number", "text", "", "显示号码", "display number", Text("呼出时显示的号码", "the number shown to those called"), ("shownumber", "srcclid", "dstclid")),
    Column("observed_at", "instant", ZONE_NAME, "首次见到", "first seen", Text("此版本第一次被取到的时刻", "when this version was first pulled"), ()),
    Column("last_seen_at", "instant", ZONE_NAME, "最近见到", "last seen", Text("此版本最近一次被取到的时刻", "when this version was last pulled"), ()),
    Column("pull_id", "text", "", "调用编号", "pull", _PULL_ID, ()),
    Column("version", "int", "", "版本", "version", Text("第几个不同的版本，从 1 起", "which distinct version it is, from 1"), ()),
    Column("record_hash", "text", "", "记录指纹", "record hash", Text("原始记录的 SHA-256", "SHA-256 of the raw record"), ()),
)  # fmt: skip

LEGS: tuple[Column, ...] = (
    Column("meeting_id", "text", "", "会议编号", "meeting id", _MEETING_ID, ()),
    Column("leg", "int", "", "序号", "leg", Text("在名单中的位置，从 1 起；重新加入是另一条", "position in the list, from 1; a re-join is another leg"), ()),
    Column("name", "text", "", "姓名", "name", Text("参会方名称", "name of the party"), ("name",)),
    Column("phone", "phone", "", "号码", "phone", Text("参会方号码，平台原文", "the party's number as the platform gave it"), ("phone", "mobile", "number")),
    Column("number", "text", "E.164", "规范号码", "number", Text("规范化号码（E.164，短号加 +86）；不成号码为空", "normalised number (E.164; +86 and the digits for a short service number); null when it is no telephone number"), ()),
    Column("extension", "text", "", "分机号", "extension", Text("号码之后的分机号；没有为空", "the extension behind the number; null when there is none"), ()),
    Column("joined_at", "instant", ZONE_NAME, "加入时间", "joined", Text("加入的时刻；未接通为空", "when the party joined; null when it never did"), ("jointime", "entertime", "starttime", "stime", "begintime")),
    Column("left_at", "instant", ZONE_NAME, "离开时间", "left", Text("离开的时刻；仍在会中为空", "when the party left; null while connected"), ("leavetime", "exittime", "endtime", "etime")),
    Column("duration_s", "seconds", "s", "时长", "duration", Text("平台给出的时长，按秒理解，不改动", "duration as the platform gave it, read as seconds, not corrected"), ("duration",)),
    Column("is_creator", "bool", "", "是否发起人", "is creator", Text("与发起人号码相同为真；任一未知为空", "true when it is the creator's number; null when either is unknown"), ()),
    Column("state", "text", "", "状态", "state", Text("参会方状态，平台原文", "state in the platform's words"), ("status", "state", "stateDesc")),
)  # fmt: skip

REJECTS: tuple[Column, ...] = (
    Column("pull_id", "text", "", "调用编号", "pull", _PULL_ID, ()),
    Column("position", "int", "", "位置", "position", Text("在该次应答中的位置，从 0 起", "position in the answer, from 0"), ()),
    Column("reason", "text", "", "原因", "reason", Text("拒收原因（键）", "why it cannot be a meeting (a key)"), ()),
    Column("detail", "text", "", "说明", "detail", Text("具体情形", "what was found"), ()),
    Column("meeting_id", "text", "", "会议编号", "meeting id", Text("可辨认时的会议编号", "the meeting id where legible"), ()),
    Column("raw", "text", "", "原文", "raw", Text("原始记录文本；不可解码的字节以 \\xNN 表示", "the raw record's text; bytes that are no text are shown as \\xNN"), ()),
)  # fmt: skip

PROBLEMS: tuple[Column, ...] = (
    Column("meeting_id", "text", "", "会议编号", "meeting id", _MEETING_ID, ()),
    Column("leg", "int", "", "序号", "leg", Text("参会记录序号；会议级问题为空", "the leg; null when it is about the meeting"), ()),
    Column("column", "text", "", "列", "column", Text("有问题的列", "the column it is about"), ()),
    Column("reason", "text", "", "原因", "reason", Text("问题种类（键）", "what is wrong (a key)"), ()),
    Column("raw_value", "text", "", "原值", "raw value", Text("平台给出的原值", "the value as the platform gave it"), ()),
)  # fmt: skip

PULLS: tuple[Column, ...] = (
    Column("pull_id", "text", "", "调用编号", "pull", Text("由提问时刻与应答指纹得出，按时间可排序", "made of the asking time and the answer's hash; sorts by time"), ()),
    Column("asked_at", "instant", ZONE_NAME, "提问时刻", "asked", Text("请求发出的时刻", "when the request was sent"), ()),
    Column("answered_at", "instant", ZONE_NAME, "应答时刻", "answered", Text("应答收完的时刻", "when the answer was whole"), ()),
    Column("asked_n", "int", "", "请求条数", "asked for", Text("请求的 meetingcount", "the meetingcount that was asked for"), ()),
    Column("returned_n", "int", "", "返回条数", "returned", Text("应答中的记录数", "records in the answer"), ()),
    Column("confid", "text", "", "会议室编号", "confid", Text("请求的会议室；查询历史时为空", "the room that was asked for; null for a history"), ()),
    Column("status_code", "text", "", "状态码", "status code", Text("平台状态码；缺失为空", "the platform's status code; null when missing"), ()),
    Column("request_id", "text", "", "请求编号", "request id", Text("平台给出的请求编号", "the platform's id of the request"), ()),
    Column("attempts", "int", "", "尝试次数", "attempts", Text("包含重试的发送次数", "sends, retries included"), ()),
    Column("bytes", "int", "B", "字节数", "bytes", Text("应答正文的字节数", "size of the answer's body"), ()),
    Column("encoding", "text", "", "编码", "encoding", Text("应答正文的编码", "encoding of the answer's body"), ()),
    Column("sha256", "text", "", "应答指纹", "sha256", Text("应答正文的 SHA-256", "SHA-256 of the answer's body"), ()),
    Column("previous_sha256", "text", "", "前一指纹", "previous sha256", Text("前一次调用的指纹（链）", "hash of the pull before it (a chain)"), ()),
    Column("verdict", "text", "", "结论", "verdict", Text("此次调用的完整性结论", "what this pull proves"), ()),
    Column("package_version", "text", "", "软件版本", "package version", Text("取数时的软件版本", "version of this package that pulled"), ()),
)  # fmt: skip

PROVENANCE: tuple[str, ...] = ("observed_at", "last_seen_at", "pull_id", "version")
"""Columns that say when and by which pull a row was seen: a lone record does not know them."""


def arrow_schema(columns: tuple[Column, ...] | list[Column]) -> pa.Schema:
    """Return the Arrow schema of a list of columns (instants in UTC).

    Examples
    --------
    >>> arrow_schema(PROBLEMS).names
    ['meeting_id', 'leg', 'column', 'reason', 'raw_value']
    """
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in columns])


def empty(columns: tuple[Column, ...] | list[Column]) -> pa.Table:
    """Return a table without rows that has exactly these columns and types."""
    return arrow_schema(columns).empty_table()


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a typed pandas frame: Asia/Shanghai instants [us], `Int64`, `string`, `boolean`, exact decimals.

    An empty table gives the same columns and dtypes as a full one. Missing values are `NA` / `NaT`.

    Examples
    --------
    >>> to_pandas(empty(LEGS)).dtypes[["phone", "joined_at", "duration_s"]].astype(str).tolist()
    ['string', 'datetime64[us, Asia/Shanghai]', 'Int64']
    """
    beijing = pa.timestamp("us", tz=ZONE_NAME)
    shown = pa.schema(
        [field.with_type(beijing) if pa.types.is_timestamp(field.type) else field for field in table.schema]
    )
    frame: pd.DataFrame = table.cast(shown).to_pandas(types_mapper=_pandas_type)
    return frame


REJECT_REASONS: dict[str, Text] = {
    "broken_text": Text("文本损坏，无法按 JSON 读出", "its text is broken and cannot be read as JSON"),
    "not_object": Text("不是对象", "it is no object"),
    "no_id": Text("没有会议编号", "it has no meeting id"),
    "bad_id": Text("会议编号不是文本或整数", "its meeting id is neither text nor a whole number"),
}

PROBLEM_REASONS: dict[str, Text] = {
    "broken_text": Text("记录文本有损坏之处，已宽松读取", "the record's text is damaged and was read leniently"),
    "doubled_key": Text("同一对象中键重复，取最后一个；此处为被覆盖的值", "a key stands twice in one object and the last one counts; here is the other value"),
    "too_deep": Text("嵌套过深，未读取", "nested too deeply, not read"),
    "not_a_number": Text("NaN 或无穷不是合法的 JSON 数", "NaN or infinity is no JSON number"),
    "other_value": Text("另一候选键给出不同的值，未采用", "another candidate key gives a different value, not used"),
    "wrong_type": Text("值的类型不对，已置空", "a value of the wrong type, set to null"),
    "inexact_number": Text("编号或号码以浮点数给出，可能已失真；保留原文", "an id or phone given as a floating number, perhaps already rounded; its text is kept"),
    "not_a_phone": Text("不是电话号码；保留原文", "it is no telephone number; its text is kept"),
    "unreadable_time": Text("无法读出时间，已置空", "a time that cannot be read, set to null"),
    "absurd_time": Text("时间早于 2000 年或晚于十年后，已置空", "a time before 2000 or more than ten years ahead, set to null"),
    "unreadable_duration": Text("无法读出时长，已置空", "a duration that cannot be read, set to null"),
    "negative_duration": Text("时长为负，已置空", "a negative duration, set to null"),
    "fractional_duration": Text("时长带小数，已取整秒", "a duration with a fraction, rounded to whole seconds"),
    "unreadable_flag": Text("无法读出是非值，已置空", "neither yes nor no, set to null"),
    "unreadable_amount": Text("无法读出金额，已置空", "an amount that cannot be read, set to null"),
    "rounded_amount": Text("金额超过 18 位小数，已四舍五入", "an amount with more than 18 decimals, rounded"),
    "unreadable_parties": Text("无法读出参会名单，视为未知", "a list of parties that cannot be read, taken as unknown"),
    "not_a_party": Text("名单中的此项不是参会方，未计入", "an entry of the list that is no party, not counted"),
    "end_before_start": Text("结束早于开始；两者都保留", "it ends before it starts; both are kept"),
    "duration_mismatch": Text("时长与 结束 − 开始 相差超过 2 秒；都保留", "its duration differs from end − start by more than 2 s; all are kept"),
    "same_id_again": Text("同一次应答中同一会议有不同内容，取较全的一条", "one meeting with several contents in one answer; the fullest one counts"),
    "id_collision": Text("同一编号用于两场不可能相同的会议；两者都保留", "one id for two meetings that cannot be the same; both are kept"),
}  # fmt: skip


def rows_of(table: pa.Table, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield some columns of a table row by row; instants are datetimes in UTC."""
    return zip(*(_cells_of(table[name]) for name in columns), strict=True)


def _cells_of(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    # `to_pylist` looks the zone up anew for every cell, which takes twenty times as long
    naive = column.cast(pa.timestamp("us")).to_numpy().astype(object)
    return [value if value is None else value.replace(tzinfo=UTC) for value in naive]


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
