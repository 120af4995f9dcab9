"""The columns of every table, the keys that feed them and the reasons in them, as data.

They serve the parser, the documentation and the dictionary. Whatever has these columns becomes a frame here.
"""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

import pandas as pd
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.times import ZONE_NAME

Kind = Literal["text", "phone", "url", "instant", "int", "seconds", "bool", "money"]


class Column(NamedTuple):
    """One column: its name, kind of value, unit, label in both languages, meaning, and the platform's candidate keys.

    `keys` stand in order of preference; they are compared without case, `_`, `-` and blanks. `example` is a value as a
    CSV holds it, `is_nullable` whether it may be unknown. `own_words` are keys behind all of these that mean something
    of their own (when a call was answered, a topic): beside one of `keys` they are no contradiction.
    """

    name: str
    type: Kind
    unit: str
    zh: str
    en: str
    meaning: Text
    keys: tuple[str, ...] = ()
    example: str = ""
    is_nullable: bool = True
    own_words: tuple[str, ...] = ()

    @property
    def candidates(self) -> tuple[str, ...]:
        """Every key of the platform that may feed it, in order of preference."""
        return (*self.keys, *self.own_words)


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


_HANDY_MONEY = pa.decimal128(16, 5)
"""Amounts that can be computed with: a product or a quotient of 38 digits has no place in Arrow's decimals."""


def _pandas_type(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    return pd.ArrowDtype(kind) if pa.types.is_decimal(kind) else _PANDAS_TYPES.get(kind)


_MEETING_ID = Text("平台给出的会议编号，文本，原样保留", "the platform's id of the meeting, text, exactly as given")
_PULL_ID = Text("带来此行的那次拉取", "the pull that brought this row")

MEETINGS: tuple[Column, ...] = (
    Column("meeting_id", "text", "", "会议编号", "meeting id", _MEETING_ID, ("meid", "confid", "meetingid", "conferenceid"), example="20260305085500123456789012345", is_nullable=False, own_words=("会议编号", "会议id")),
    Column("name", "text", "", "会议名称", "name", Text("会议名称", "name of the meeting"), ("meetingname", "name", "subject", "confname"), example="周例会", own_words=("会议名称", "会议主题", "会议标题", "会议名", "主题", "topic", "title")),
    Column("creator", "phone", "", "发起人", "creator", Text("发起人号码，平台原文", "the creator's number as the platform gave it"), ("creator", "caller", "host"), example="15400000001", own_words=("creatorphone", "creatornumber", "creatormobile", "hostphone", "hostnumber", "hostmobile", "发起人", "发起人号码", "发起人手机", "主叫号码")),
    Column("app_id", "text", "", "应用编号", "application", Text("所属应用", "the application it belongs to"), ("appid",), example="0f0e0d0c0b0a09080706050403020100"),
    Column("state", "text", "", "状态", "state", Text("会议状态，平台原文", "state in the platform's words"), ("status", "state", "stateDesc"), example="已结束"),
    Column("created_at", "instant", ZONE_NAME, "创建时间", "created", Text("会议被创建的时刻", "when it was set up"), ("createtime",), example="2026-03-05 08:55:00"),
    Column("booked_at", "instant", ZONE_NAME, "预约时间", "booked for", Text("预约的开始时刻", "the start it was booked for"), ("booktime",), example="2026-03-05 09:00:00"),
    Column("started_at", "instant", ZONE_NAME, "开始时间", "started", Text("会议开始的时刻", "when it began"), ("starttime", "stime", "begintime"), example="2026-03-05 09:00:12", own_words=("startedat", "startdatetime", "startedtime", "starttimestamp", "startts", "starttimeutc", "startime", "beginat", "beganat", "begindatetime", "datetimeconnect", "开始时间", "开始时刻", "起始时间")),
    Column("ended_at", "instant", ZONE_NAME, "结束时间", "ended", Text("会议结束的时刻；进行中为空", "when it ended; null while it runs"), ("endtime", "etime"), example="2026-03-05 09:41:30", own_words=("endedat", "enddatetime", "endedtime", "endtimestamp", "endts", "endtimeutc", "finishat", "finishedat", "finishtime", "stoptime", "stopat", "stoppedat", "datetimedisconnect", "结束时间", "结束时刻", "终止时间")),
    Column("duration_s", "seconds", "s", "时长", "duration", Text("平台给出的时长，按秒理解，不改动", "duration as the platform gave it, read as seconds, not corrected"), ("duration",), example="2478"),
    Column("is_booked", "bool", "", "是否预约", "booked", Text("预约会议为真，即时会议为假", "true when booked ahead, false when started at once"), ("bookmeeting",), example="true"),
    Column("n_legs", "int", "", "接入记录数", "legs listed", Text("名单中的接入记录数，含未接通者；平台未给名单时为空", "rows of `legs`, parties who never joined included; null when the platform gave no list"), example="5"),
    Column("n_people", "int", "", "参会号码数", "people listed", Text("名单中不同号码（规范化后）的个数；平台未给名单时为空", "distinct normalised numbers in the list; null when the platform gave no list"), example="4"),
    Column("amount_yuan", "money", "CNY", "金额", "amount", Text("平台给出的金额，十进制，不经浮点", "amount from the platform, exact decimal"), ("oriamount",), example="3.72"),
    Column("recording_url", "url", "", "录音地址", "recording", Text("录音地址；无录音（NoTapes）为空", "address of the recording; null when there is none (NoTapes)"), ("tapesurl",), example="https://recordings.example/20260305.mp3"),
    Column("display_number", "text", "", "显示号码", "display number", Text("呼出时显示的号码", "the number shown to those called"), ("shownumber", "srcclid", "dstclid"), example="01000000000"),
    Column("observed_at", "instant", ZONE_NAME, "首次见到", "first seen", Text("此版本第一次被拉取到的时刻", "when this version was first pulled"), example="2026-03-05 18:00:00", is_nullable=False),
    Column("last_seen_at", "instant", ZONE_NAME, "最近见到", "last seen", Text("此版本最近一次被拉取到的时刻", "when this version was last pulled"), example="2026-03-31 18:00:00", is_nullable=False),
    Column("pull_id", "text", "", "拉取编号", "pull", _PULL_ID, example="20260305T100000.000000Z-5f2b9c1e7a3d4e60", is_nullable=False),
    Column("version", "int", "", "版本", "version", Text("第几个不同的版本，从 1 起", "which distinct version it is, from 1"), example="1", is_nullable=False),
    Column("record_hash", "text", "", "记录指纹", "record hash", Text("原始记录的 SHA-256", "SHA-256 of the raw record"), example="69379a90152bd856daa827640573c32063ad4ccdd0a39008362e574bc0bbd024", is_nullable=False),
)  # fmt: skip

LEGS: tuple[Column, ...] = (
    Column("meeting_id", "text", "", "会议编号", "meeting id", _MEETING_ID, example="20260305085500123456789012345", is_nullable=False),
    Column("leg", "int", "", "序号", "leg", Text("在名单中的位置，从 1 起；重新加入是另一条", "position in the list, from 1; a re-join is another leg"), example="1", is_nullable=False),
    Column("name", "text", "", "姓名", "name", Text("参会方名称", "name of the party"), ("name", "姓名"), example="王芳", own_words=("名字", "名称", "昵称", "用户名", "用户昵称", "微信昵称", "用户名称", "参会人", "参会者", "与会人", "联系人")),
    Column("phone", "phone", "", "号码", "phone", Text("参会方号码，平台原文", "the party's number as the platform gave it"), ("phone", "mobile", "number", "tel", "telephone", "msisdn", "phoneno", "mobileno"), example="154-0000-0001"),
    Column("number", "text", "E.164", "规范号码", "number", Text("规范化号码（E.164，短号加 +86）；不成号码为空", "normalised number (E.164; +86 and the digits for a short service number); null when it is no telephone number"), example="+8615400000001"),
    Column("extension", "text", "", "分机号", "extension", Text("号码之后的分机号；没有为空", "the extension behind the number; null when there is none"), example="8012"),
    Column("joined_at", "instant", ZONE_NAME, "加入时间", "joined", Text("加入的时刻；未接通为空", "when the party joined; null when it never did"), ("jointime", "entertime", "starttime", "stime", "begintime", "joined"), example="2026-03-05 09:00:20", own_words=("joinat", "joinedat", "joinedtime", "enterat", "enteredat", "answertime", "answeredtime", "answerat", "answeredat", "connecttime", "connectedtime", "connectat", "connectedat", "datetimeconnect", "入会时间", "加入时间", "进入时间", "入会时刻", "加入时刻", "接通时间", "接听时间", "应答时间", "joinmeetingtime", "entermeetingtime", "joinconftime", "calledstime", "加入会议时间", "进入会议时间", "会议接入时间", "呼叫开始时间")),
    Column("left_at", "instant", ZONE_NAME, "离开时间", "left", Text("离开的时刻；仍在会中为空", "when the party left; null while connected"), ("leavetime", "exittime", "endtime", "etime", "left"), example="2026-03-05 09:41:30", own_words=("leaveat", "leftat", "lefttime", "exitat", "exitedat", "quittime", "quitat", "hanguptime", "hangupat", "hunguptime", "hungupat", "disconnecttime", "disconnectedtime", "disconnectat", "disconnectedat", "datetimedisconnect", "离会时间", "离开时间", "退会时间", "退出时间", "离会时刻", "离开时刻", "挂断时间", "挂机时间", "断开时间", "leavemeetingtime", "exitmeetingtime", "leaveconftime", "calledetime", "离开会议时间", "退出会议时间", "会议断开时间", "呼叫结束时间")),
    Column("duration_s", "seconds", "s", "时长", "duration", Text("平台给出的时长，按秒理解，不改动", "duration as the platform gave it, read as seconds, not corrected"), ("duration",), example="2470"),
    Column("is_creator", "bool", "", "是否发起人", "is creator", Text("与发起人号码相同为真；任一未知为空", "true when it is the creator's number; null when either is unknown"), example="true"),
    Column("state", "text", "", "状态", "state", Text("参会方状态，平台原文", "state in the platform's words"), ("status", "state", "stateDesc"), example="已离开"),
)  # fmt: skip

REJECTS: tuple[Column, ...] = (
    Column("pull_id", "text", "", "拉取编号", "pull", _PULL_ID, example="20260305T100000.000000Z-5f2b9c1e7a3d4e60"),
    Column("position", "int", "", "位置", "position", Text("在该次应答中的位置，从 0 起", "position in the answer, from 0"), example="17"),
    Column("reason", "text", "", "原因", "reason", Text("拒收原因（键）", "why it cannot be a meeting (a key)"), example="no_id", is_nullable=False),
    Column("detail", "text", "", "说明", "detail", Text("具体情形", "what was found"), example="meetingname"),
    Column("meeting_id", "text", "", "会议编号", "meeting id", Text("可辨认时的会议编号", "the meeting id where legible"), example="20260305085500123456789012345"),
    Column("raw", "text", "", "原文", "raw", Text("原始记录文本；不可解码的字节以 \\xNN 表示", "the raw record's text; bytes that are no text are shown as \\xNN"), example='{"meetingname":"周例会"}', is_nullable=False),
)  # fmt: skip

PROBLEMS: tuple[Column, ...] = (
    Column("meeting_id", "text", "", "会议编号", "meeting id", _MEETING_ID, example="20260305085500123456789012345", is_nullable=False),
    Column("leg", "int", "", "序号", "leg", Text("接入序号；会议级问题为空", "the leg; null when it is about the meeting"), example="2"),
    Column("column", "text", "", "列", "column", Text("有问题的列", "the column it is about"), example="left_at", is_nullable=False),
    Column("reason", "text", "", "原因", "reason", Text("问题种类（键）", "what is wrong (a key)"), example="end_before_start", is_nullable=False),
    Column("raw_value", "text", "", "原值", "raw value", Text("平台给出的原值", "the value as the platform gave it"), example="2026-03-05 08:59:00"),
)  # fmt: skip

PULLS: tuple[Column, ...] = (
    Column("pull_id", "text", "", "拉取编号", "pull", Text("由提问时刻与应答指纹得出，按时间可排序", "made of the asking time and the answer's hash; sorts by time"), example="20260305T100000.000000Z-5f2b9c1e7a3d4e60", is_nullable=False),
    Column("asked_at", "instant", ZONE_NAME, "提问时刻", "asked", Text("请求发出的时刻", "when the request was sent"), example="2026-03-05 18:00:00", is_nullable=False),
    Column("answered_at", "instant", ZONE_NAME, "应答时刻", "answered", Text("应答收完的时刻", "when the answer was whole"), example="2026-03-05 18:00:01", is_nullable=False),
    Column("asked_n", "int", "", "请求条数", "asked for", Text("请求的 meetingcount", "the meetingcount that was asked for"), example="200"),
    Column("returned_n", "int", "", "返回条数", "returned", Text("应答中的记录数", "records in the answer"), example="200", is_nullable=False),
    Column("confid", "text", "", "会议室编号", "confid", Text("请求的会议室；查询历史时为空", "the room that was asked for; null for a history"), example="20260305085500123456789012345"),
    Column("status_code", "text", "", "状态码", "status code", Text("平台状态码；缺失为空", "the platform's status code; null when missing"), example="0"),
    Column("request_id", "text", "", "请求编号", "request id", Text("平台给出的请求编号", "the platform's id of the request"), example="20260305100000000000000000001"),
    Column("attempts", "int", "", "尝试次数", "attempts", Text("包含重试的发送次数", "sends, retries included"), example="1", is_nullable=False),
    Column("bytes", "int", "B", "字节数", "bytes", Text("应答正文的字节数", "size of the answer's body"), example="611725", is_nullable=False),
    Column("encoding", "text", "", "编码", "encoding", Text("应答正文的编码", "encoding of the answer's body"), example="utf-8", is_nullable=False),
    Column("sha256", "text", "", "应答指纹", "sha256", Text("应答正文的 SHA-256", "SHA-256 of the answer's body"), example="92f749934e792597eba6d069b43263ca3055c14ba290e12c4eaa8273e65acf71", is_nullable=False),
    Column("previous_sha256", "text", "", "前一指纹", "previous sha256", Text("前一次拉取的指纹（链）", "hash of the pull before it (a chain)"), example="a2c95f9d5a991238f9c7d2a8468bcf07cbfc2e3c0eff2316e6a30d3c755019aa"),
    Column("verdict", "text", "", "结论", "verdict", Text("此次拉取的完整性结论", "what this pull proves"), example="PROVEN"),
    Column("package_version", "text", "", "软件版本", "package version", Text("拉取时的软件版本", "version of this package that pulled"), example="1.0.0", is_nullable=False),
)  # fmt: skip

CHANGES: tuple[Column, ...] = (
    Column("meeting_id", "text", "", "会议编号", "meeting id", Text("变化的会议", "the meeting that changed"), example="20260305085500123456789012345", is_nullable=False),
    Column("version", "int", "", "版本", "version", Text("变化后的版本号", "number of the version after the change"), example="2", is_nullable=False),
    Column("field", "text", "", "字段", "field", Text("变化的列；legs[n].列 为第 n 条接入记录，已不在名单的一方按旧名单的位置；raw.路径 为没有列反映的原始内容。只是次序或写法不同不算变化", "the column that changed; legs[n].column for the n-th leg, of a party that went as it stood in the list before; raw.path for what no column shows. Another order or writing of the same is no change"), example="ended_at", is_nullable=False),
    Column("old", "text", "", "旧值", "old value", Text("变化前的值；没有则为空", "value before; null when there was none"), example="2026-03-05 09:41:30"),
    Column("new", "text", "", "新值", "new value", Text("变化后的值；没有则为空", "value after; null when there is none"), example="2026-03-05 09:56:30"),
    Column("phase", "text", "", "时机", "phase", Text("after_close：会议此前已显示结束；running：此前仍在进行或尚未开始", "after_close: the meeting had been shown as ended; running: it had not"), example="after_close", is_nullable=False),
    Column("old_seen_at", "instant", ZONE_NAME, "旧值最后见到", "old last seen", Text("最后一次拉取到旧版本的时刻", "when the old version was last pulled"), example="2026-03-05 18:00:00", is_nullable=False),
    Column("new_seen_at", "instant", ZONE_NAME, "新值首次见到", "new first seen", Text("第一次拉取到新版本的时刻", "when the new version was first pulled"), example="2026-03-06 18:00:00", is_nullable=False),
    Column("old_pull_id", "text", "", "旧值拉取", "old pull", Text("最后一次拉取到旧版本的拉取", "the last pull that brought the old version"), example="20260305T100000.000000Z-5f2b9c1e7a3d4e60", is_nullable=False),
    Column("new_pull_id", "text", "", "新值拉取", "new pull", Text("第一次拉取到新版本的拉取", "the first pull that brought the new version"), example="20260306T100000.000000Z-0c4be8a1d2f39675", is_nullable=False),
)  # fmt: skip
"""The columns of the ledger: one row per field that changed from one version of a meeting to the next."""

COVERAGE: tuple[Column, ...] = (
    Column("start", "instant", ZONE_NAME, "起（含）", "from", Text("时段的起点", "the first instant of the period"), example="2026-03-01 00:00:00", is_nullable=False),
    Column("end", "instant", ZONE_NAME, "止（不含）", "to (not included)", Text("时段之后的第一刻", "the first instant after the period"), example="2026-03-31 18:00:00", is_nullable=False),
    Column("verdict", "text", "", "结论", "verdict", Text("PROVEN 已证实，PROBABLE 很可能，GAP 有缺口", "PROVEN, PROBABLE or GAP"), example="PROVEN", is_nullable=False),
    Column("reason", "text", "", "原因代码", "reason key", Text("得出该结论的理由（键）", "what gives the period its verdict (a key)"), example="overlap", is_nullable=False),
    Column("reason_zh", "text", "", "原因", "reason in Chinese", Text("理由，中文", "the reason in words, Chinese"), example="每次询问都与此前已知的会议相接", is_nullable=False),
    Column("reason_en", "text", "", "原因（英文）", "reason", Text("理由，英文", "the reason in words, English"), example="every question reached meetings that were known before", is_nullable=False),
    Column("pulls", "text", "", "依据的拉取", "pulls it rests on", Text("拉取编号，以空格分隔；没有为空文本", "ids of pulls with blanks between; an empty text for none"), example="20260305T100000.000000Z-5f2b9c1e7a3d4e60", is_nullable=False),
    Column("possible_zh", "text", "", "尚有可能", "still possible, in Chinese", Text("什么会使该时段不完整；已证实为空", "what would make it incomplete; null when proven"), example="平台可能有更小的上限"),
    Column("possible_en", "text", "", "尚有可能（英文）", "still possible", Text("什么会使该时段不完整；已证实为空", "what would make it incomplete; null when proven"), example="the platform may have a smaller cap"),
    Column("excluded_by_zh", "text", "", "如何排除", "excluded by, in Chinese", Text("怎样排除这种可能；已证实为空", "what would exclude that; null when proven"), example="再次同步"),
    Column("excluded_by_en", "text", "", "如何排除（英文）", "excluded by", Text("怎样排除这种可能；已证实为空", "what would exclude that; null when proven"), example="another sync"),
    Column("expected_at", "instant", ZONE_NAME, "预计何时", "expected", Text("按该账户的节奏预计何时可排除；无从得知为空", "when that may be, at the pace of the account; null when nobody can tell"), example="2026-04-01 18:00:00"),
)  # fmt: skip


class TableSchema(NamedTuple):
    """One table of records: what people call it, what a row is, and its columns."""

    title: Text
    row: Text
    columns: tuple[Column, ...]


TableName = Literal["meetings", "legs", "rejects", "problems", "pulls", "changes", "coverage"]

TABLES: dict[TableName, TableSchema] = {
    "meetings": TableSchema(Text("会议", "Meetings"), Text("一行是一场会议的最新版本", "a row is the latest version of one meeting"), MEETINGS),
    "legs": TableSchema(Text("接入", "Legs"), Text("一行是一方在一场会议中的一次接入", "a row is one party's connection to a meeting"), LEGS),
    "rejects": TableSchema(Text("拒收记录", "Rejected records"), Text("一行是一条不能成为会议的记录", "a row is one record that cannot be a meeting"), REJECTS),
    "problems": TableSchema(Text("存疑的值", "Values in doubt"), Text("一行是一个读不出或不可信的值；会议本身保留", "a row is one value that could not be read or believed; the meeting is kept"), PROBLEMS),
    "pulls": TableSchema(Text("拉取记录", "Pulls"), Text("一行是一次拉取：存档所保存的一次调用", "a row is one pull: a call as the archive keeps it"), PULLS),
    "changes": TableSchema(Text("变更账", "Changes"), Text("一行是一场会议的一个字段从一个版本到下一个版本的变化", "a row is one field of a meeting that differs between one version and the next"), CHANGES),
    "coverage": TableSchema(Text("各时段完整性", "Completeness by period"), Text("一行是一个时段及其结论", "a row is one period with its verdict"), COVERAGE),
}  # fmt: skip
"""Every table of records, as data: the dictionary, exports and files say of their columns what stands here."""

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

    An empty table gives the same columns and dtypes as a full one, unless an amount needs more than 5 decimals.
    Missing values are `NA` / `NaT`.

    Examples
    --------
    >>> to_pandas(empty(LEGS)).dtypes[["phone", "joined_at", "duration_s"]].astype(str).tolist()
    ['string', 'datetime64[us, Asia/Shanghai]', 'Int64']
    """
    shown = pa.schema([field.with_type(_shown_type(table[field.name])) for field in table.schema])
    frame: pd.DataFrame = table.cast(shown).to_pandas(types_mapper=_pandas_type)
    return frame


def _shown_type(column: pa.ChunkedArray) -> pa.DataType:
    if column.type != ARROW_TYPES["money"]:
        return pa.timestamp("us", tz=ZONE_NAME) if pa.types.is_timestamp(column.type) else column.type
    try:
        column.cast(_HANDY_MONEY)
    except pa.ArrowInvalid:
        return column.type
    return _HANDY_MONEY


def to_polars(table: pa.Table) -> Any:
    """Return a frame of Polars, which must be installed.

    Raises
    ------
    UsageError
        The process that forked this one has used it.
    """
    import polars as pl

    if _used_in.setdefault("polars", os.getpid()) != os.getpid():
        raise forked()
    return pl.from_arrow(table)


_used_in: dict[str, int] = {}


def forked() -> UsageError:
    """Return what is told of frames of Polars in a process that was forked of the one they were made in: its threads
    stayed behind, and whoever asks for them waits for ever, as a report of the parent did in a pool that forks.
    """
    return UsageError(
        Text("Polars 的线程留在分叉出本进程的进程里", "the threads of Polars stayed in the process that forked this one"),
        remedy=Text("请在本进程里重新制作报表，或用 spawn 启动进程", "make the report anew in this process, or start processes by spawn"),
    )  # fmt: skip


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
    "other_value": Text("另一候选键、记录中别处的词，或同一会议的另一条记录，给出不同的值，或不能确定说的是这场会议，未采用", "another candidate key, a word elsewhere in the record, or another record of the meeting, gives a different value, or may be of something else: not used"),
    "earlier_value": Text("较早的回答给出不同的值或参会方；显示较晚的，此处为较早的（存档中，曾是一个版本的见 changes()）", "an earlier answer gave another value or party: the later one is shown, here is the earlier (in an archive `changes()` tells it of what was a version)"),
    "wrong_type": Text("值的类型不对，已置空", "a value of the wrong type, set to null"),
    "inexact_number": Text("编号或号码以浮点数给出，可能已失真；保留原文", "an id or phone given as a floating number, perhaps already rounded; its text is kept"),
    "not_a_phone": Text("不是电话号码；保留原文", "it is no telephone number; its text is kept"),
    "unreadable_time": Text("无法读出时间，已置空", "a time that cannot be read, set to null"),
    "absurd_time": Text("时间早于 2000 年或晚于十年后，已置空", "a time before 2000 or more than ten years ahead, set to null"),
    "unreadable_duration": Text("无法读出时长，或达到百亿秒（可能是号码），已置空", "a duration that cannot be read, or of ten billion seconds and more (a number perhaps), set to null"),
    "negative_duration": Text("时长为负，已置空", "a negative duration, set to null"),
    "fractional_duration": Text("时长带小数，已取整秒", "a duration with a fraction, rounded to whole seconds"),
    "unreadable_flag": Text("无法读出是非值，已置空", "neither yes nor no, set to null"),
    "unreadable_amount": Text("无法读出金额，或达到百亿元（可能是号码），已置空", "an amount that cannot be read, or of ten billion yuan and more (a number perhaps), set to null"),
    "rounded_amount": Text("金额超过 18 位小数，已四舍五入", "an amount with more than 18 decimals, rounded"),
    "unreadable_parties": Text("无法读出参会名单，视为未知", "a list of parties that cannot be read, taken as unknown"),
    "not_a_party": Text("名单中的此项不是参会方，未计入", "an entry of the list that is no party, not counted"),
    "unread_parties": Text("名单之外疑似另有参会方，或带序号的字段（如 jointime2），或没有加入时间的一方在不认识的键下的时间，未计入；此处为路径与原文", "what looks like parties outside of the list, or a numbered field (jointime2), or, of a party without a time of joining, a time under a key that nobody knows: not counted; here are path and text"),
    "more_parties": Text("名单自称还有更多参会方，或总数多于所列；未列出者不详；此处为原文", "the list of parties says that there are more than it gives; those are unknown; here is its text"),
    "unread_phone": Text("不认识的键下，或没有号码的一方的姓名处，写有电话号码，未采用；此处为键与原文", "a phone stands under a key that nobody knows, or in place of the name of whoever has no number, and was not used; here are key and text"),
    "meeting_in_text": Text("记录的一段文本中写有另一场会议，未作为会议读取；此处为该文本", "a text of the record holds another meeting, which was not read as one; here is the text"),
    "several_meetings": Text("记录另写有一个或几个开始时间、场次数、子会议，或名单里混有会议，可能不止一场，只作为一场读取；此处为键与原文", "the record says under a key that nobody reads when it began again or of how many it is made, or one of its parties is called as a meeting is, and was read as one meeting; here are key and text"),
    "joined_after_end": Text("会议结束十分钟之后才加入：可能是同一记录写了再次召开的一场；此处为加入时间", "it joined more than ten minutes after the meeting's end: the record may tell of one that met again, too; here is when"),
    "left_before_start": Text("会议开始一小时之前就已离开：可能是同一记录写了更早的一场；此处为加入时间", "it had left more than an hour before the meeting's start: the record may tell of an earlier one, too; here is when it joined"),
    "end_before_start": Text("结束早于开始；两者都保留", "it ends before it starts; both are kept"),
    "joined_apart": Text("只有离开、没有加入，而同一号码的另一条接入有加入、没有离开：很可能是分成两条的同一次接入，未合并；此处为另一条及其加入时间", "it left and never joined, and another leg of its number joined and never left: most likely one sitting in two rows, kept apart; here are that leg and when it joined"),
    "duration_mismatch": Text("时长与 结束 − 开始 相差超过 2 秒（开始、结束或时长只写到分钟时，超过 60 秒；未给出离开时间的接入按会议结束计）；都保留", "its duration differs from end − start by more than 2 s, or by more than 60 s where one of the three is told to the minute (a leg without a leave time ends with its meeting); all are kept"),
    "same_id_again": Text("同一次应答中同一会议有不同的记录：只显示一条，此处为另一条的指纹（原文保留）；彼此不矛盾时，合并为一场：互补空缺，接入记录合并", "one answer tells a meeting in several records: one is shown, this names another by its hash (its text is kept); where they do not contradict each other they are joined: one fills what the other lacks, and all parties are listed"),
    "id_overlap": Text("同一编号的记录开始时间不同而时间重叠，可能是两场会议；按一场计，原文都保留", "records of one id that begin at different times and overlap may be two meetings; they count as one, and both texts are kept"),
    "id_collision": Text("同一编号用于两场不可能相同的会议，都保留；同一发起人一直使用的会议室编号，其各场会议合为一行", "one id for two meetings that cannot be the same, all kept; where one creator keeps the id of a room, one row stands for all of its meetings"),
}  # fmt: skip


SEVERAL = frozenset({"meeting_in_text", "several_meetings", "joined_after_end", "left_before_start"})
"""Reasons of problems by which a record may tell of more meetings than one."""

TOLERANCE_S = 2
"""How far a duration may be from end − start before it is told [s]."""


def leeway_s(start: float, end: float, duration: float) -> float:
    """Return how far a duration may be from end − start, all in seconds: a minute where one of them is told to the
    minute, or brought up to one, as many platforms write them. Every meeting would contradict itself.

    Examples
    --------
    >>> leeway_s(36_000, 37_801, 1_771), leeway_s(36_007, 37_805, 1_800), leeway_s(36_007, 37_805, 1_771)
    (60, 60, 2)
    """
    is_to_the_minute = 0 in (start % 60, end % 60) or (duration > 0 and duration % 60 == 0)
    return 60 if is_to_the_minute else TOLERANCE_S
