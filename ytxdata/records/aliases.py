"""Which keys of the platform feed which column: as data, in order of preference, and the rules by which a key is one of
them. Keys match without case, `_`, `-`, blanks and marks (`@`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.records.schema import LEGS, MEETINGS
from ytxdata.redact import cut_secrets

PARTIES = "parties"
_PARTY_KEYS = ("parties", "members", "participants", "memberList", "users")

_OWN_WORDS = {word for column in (*MEETINGS, *LEGS) for word in column.own_words}

COMPANIONS = frozenset({"statedesc", "srcclid", "dstclid"}) | _OWN_WORDS
"""Keys, plain, that say something of their own (a state in words, the number shown to either side): no contradiction
beside another."""

_MEETING_PREFIXES = ("meeting", "conference", "conf", "会议")
"""What may stand in front of a meeting's candidate key (`confStartTime`); of a party's, see `OWN`."""

_AS_IT_WAS = re.compile("(?:{0})?(?:actual|real|fact|true|talk)(?:{0})?(.+)".format("|".join(_MEETING_PREFIXES)))
_TIMED = ("started_at", "ended_at", "duration_s")
"""Columns whose keys may have such a word in front (`actualStartTime`, `realEnd`): the time that was, beside the booked
one. What is billed is rounded, and another thing.
"""

_WHOLE_KEYS = frozenset({"joined", "left"}) | _OWN_WORDS
"""Keys of a party with nothing in front: `hasLeft` says whether, and not when; a `noAnswerTime` is no join, a `部门名称`
nobody's name.
"""

_PERSON = (
    "member|user|party|partie|participa(?:nt|tor)|attend(?:ee|ant|er)?|join(?:er)?|guest|contact|caller|person(?:al)?|people"
    "|staff|employee|emp|customer|client|subscriber|login|self|own|my|actual|real|true|fact|full|first|last|final|current"
    "|参会(?:人|者|方)?|与会(?:人|者|方)?|参与(?:人|者|方)?|出席(?:人|者)?|成员|人员|用户|员工|客户|嘉宾|来宾|联系人|个人|本人|真实"
)
_LINE = (
    "tel|telephone|phone|mobile|cell|cellular|handset|landline|home|work|office|desk|contact|caller|callerid|calling|from"
    "|sip|voip|ext|extension|bound|bind|registered"
)
_SITTING = f"{_PERSON}|call|talk|session|connect(?:ion|ed)?|leg|online|participation|total"
OWN = {
    column: re.compile(rf"(?:str|sz|fld|[cfmpuv])?(?:(?:{words})s?[\W\d]*)*")
    for column, words in {
        "name": f"{_PERSON}|callerid|nick|friendly|display|screen|given|family|account|wechat|weixin|wx|chinese|cn|en",
        "phone": f"{_PERSON}|{_LINE}",
        "joined_at": f"{_SITTING}|meeting|conf|conference",
        "left_at": f"{_SITTING}|meeting|conf|conference",
        "duration_s": f"{_SITTING}|in|stay|meeting|conf|conference",
        "state": f"{_SITTING}|present",
    }.items()
}
"""What may stand in front of a key of a party, in words that all say it is the party's own, and in the marks of flat
tables (`strPhone`, `member.phone`).

Any word might, once: whoever dialled the same `accessNumber` was one person, an `inviterPhone` the party's, a
`departmentName` its name, and who was heard again at `muteEndTime` had left. Such words have no end; those of one's
own are few, and any other leaves its key unread: a phone there is told of whoever has none.
"""

OF_CREATOR = "creator|host|caller|发起人|主叫"
"""In front of plain keys, what says of a code or an extension that it belongs to the creator's number."""

_ROLE = (
    "organi[sz]er|initiator|moderator|chair(?:man|person)?|owner|inviter|invitee|callee|called|agent|operator|speaker"
    "|主持人|主席|组织者|组织人|邀请人|被邀请人|被叫|坐席|座席"
)
OF_PERSONS = f"{OF_CREATOR}|{_ROLE}|{_PERSON}|{_LINE}"
"""In front of plain keys, what says that something is anybody's: more than is read, for it is what is to be hidden."""

_LINES = re.compile(_LINE)
"""What must stand in front of `number` for it to be a telephone's: a `memberNumber` may be that of a card."""
_NUMBERED = re.compile(r"(.*[a-z])[_\-]?\d{1,2}", re.IGNORECASE)

OF_PAGES = {"start": "started_at", "startat": "started_at", "begin": "started_at"} | {
    "end": "ended_at", "endat": "ended_at", "finish": "ended_at"
}  # fmt: skip
"""Words, unfolded, of when a meeting was that a page of a list says of itself, too (`"start": 0`): no candidates, they
are read of what has an id and says a time there."""

_SEPARATORS = re.compile(r"[\s_\-@$#]+")

Table = tuple[tuple[str, tuple[str, ...]], ...]


# Bounded: keys are the sender's, and a map keyed by phone brings new ones with every record.
@lru_cache(maxsize=4096)
def plain(key: str) -> str:
    """Return a key without case, `_`, `-`, blanks and the marks that XML and OData put to it.

    Examples
    --------
    >>> plain("Member_Join-Time"), plain("@meid")
    ('memberjointime', 'meid')
    """
    return _SEPARATORS.sub("", key).casefold()


_UNSEEN = re.compile(r"^[\w.\-]+:(?=.)|\[\]$|:$|[\u00ad\u200b-\u200f\u2060\ufeff]")
"""In a key, unfolded: a namespace in front, the brackets of a form or a colon behind, and what nobody sees."""


@lru_cache(maxsize=4096)
def unfolded(key: str) -> str:
    """Return a key plain, as it would be typed: of usual width, and without what tools put around it.

    Examples
    --------
    >>> unfolded("ns2:startTime"), unfolded("starttime[]"), unfolded("\ufeff\uff53tart\u200btime\uff1a")
    ('starttime', 'starttime', 'starttime')
    """
    return plain(_UNSEEN.sub("", unicodedata.normalize("NFKC", key)))


_LONGEST_KEY = 80


def bare(key: str) -> str:
    """Return a key plain, and without points; a longer one than anybody writes is no word of an answer's at all: a
    pattern takes the square of `datadata…`.

    Examples
    --------
    >>> bare("@odata.count"), bare("$values"), bare("data" * 1000)
    ('odatacount', 'values', '…')
    """
    short = plain(key).replace(".", "")
    return short if len(short) <= _LONGEST_KEY else "…"


def named(key: str) -> str:
    """Return a bare key without the namespace in front of it.

    Examples
    --------
    >>> named("hydra:totalItems"), named("opensearch:startIndex")
    ('totalitems', 'startindex')
    """
    return bare(key).rpartition(":")[2]


_GIVE = ("返回", "加载", "显示", "列出", "获取", "拉取")
_IN_ENGLISH = {
    "没有": "no", "没": "not", "未": "not", "无": "no", "是否": "is", "有没有": "has", "还有没有": "hasmore", "还有": "hasmore",
    "尚有": "hasmore", "仍有": "hasmore", "有": "has", "还": "", "更多": "more", "下一": "next", "下一页": "nextpage", "后一页": "nextpage", "上一页": "prevpage", "前一页": "prevpage", "上页": "prevpage", "第一页": "firstpage", "首页": "firstpage",
    "下页": "nextpage", "剩余": "remaining", "剩下": "remaining", "还剩": "remaining", "余下": "remaining",
    "其余": "remaining", "未返回": "remaining", "未显示": "remaining", "未列出": "remaining", "未加载": "remaining",
    "当前": "current", "最后一页": "lastpage", "末页": "lastpage", "尾页": "lastpage", "页数": "pages",
    "页": "page", "页面": "page", "页码": "pageno", "码": "no", "分页": "paging", "最大": "max", "信息": "info", "批": "batch", "批次": "batch", "最后一批": "lastbatch", "末批": "lastbatch", "总": "total",
    "总计": "total", "全部": "all", "完全": "all", "条数": "count", "数量": "count", "数": "count", "记录": "record",
    "会议": "meeting", "数据": "data", "条目": "item", "结果": "result", "列表": "list", "游标": "cursor", "令牌": "token",
    "地址": "url", "链接": "link", "偏移": "offset", "偏移量": "offset", "超出": "exceed", "超过": "exceed", "达到": "reach", "达": "reach", "到": "reach", "了": "",
    "上限": "limit", "限制": "limit", "过多": "toomany", "太多": "toomany", "已": "", "已经": "", "被": "", "截断": "truncated",
    "完整": "complete", "不完整": "incomplete", "未完整": "incomplete", "不全": "incomplete", "部分": "partial",
    "完": "complete", "完毕": "complete", "取完": "complete", "完成": "completed", "未完成": "unfinished",
    "未完待续": "hasmore", "未完": "hasmore", "未取完": "notcomplete", "未返回完": "notcomplete", "未加载完": "notcomplete",
    "未全部": "notall", "未返回全部": "notgivenall", "结束": "finish", "末尾": "finish", "到底": "finish", "最后": "last",
    "后续": "next", "存在": "exist", "有无": "has", "查询": "query", "统计": "stats", "汇总": "summary",
    "概要": "summary", "概览": "summary", "摘要": "summary", "响应": "response", "应答": "response", "标志": "flag", "标识": "flag", "标记": "flag",
    **dict.fromkeys(_GIVE, "give"), **{f"已{word}": "given" for word in _GIVE},
}  # fmt: skip
"""The words of Chinese keys about pages, so that one set of forms hears both languages."""

_CHINESE = re.compile("|".join(sorted(_IN_ENGLISH, key=len, reverse=True)))


@lru_cache(maxsize=4096)
def in_english(key: str) -> str:
    """Return a bare key with its Chinese words about pages in English.

    Examples
    --------
    >>> [in_english(key) for key in ("totalpages", "总页数", "是否还有下一页", "剩余条数")]
    ['totalpages', 'totalpages', 'ishasmorenextpage', 'remainingcount']
    """
    return key if key.isascii() else _CHINESE.sub(lambda word: _IN_ENGLISH[word[0]], key)


class Match(NamedTuple):
    """The column a key feeds, and its rank among the keys of that column (lower wins)."""

    column: str
    rank: tuple[int, int]

    def with_prefix(self) -> Match:
        """Return the match of a key that has something in front: it ranks behind all exact ones."""
        return Match(self.column, (1, self.rank[1]))


_MEETING_TABLE = {column.name: column.candidates for column in MEETINGS if column.keys} | {PARTIES: _PARTY_KEYS}
_LEG_TABLE = {column.name: column.candidates for column in LEGS if column.keys}


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
                shown = cut_secrets(name)
                raise UsageError(
                    Text(f"aliases 中没有名为 {shown} 的列", f"aliases: no column is called {shown}"),
                    remedy=Text(f"可用的列：{known}", f"use one of: {known}"),
                )
            keys = (given,) if isinstance(given, str) else tuple(given)
            table[column] = (*keys, *(key for key in table[column] if key not in keys))
        return Aliases(tuple(meetings.items()), tuple(legs.items()))

    def columns(self, keys: Iterable[str]) -> dict[str, str]:
        """Return which column of a meeting each key feeds that feeds one.

        Examples
        --------
        >>> DEFAULT.columns(["meid", "weather", "startTime"])
        {'meid': 'meeting_id', 'startTime': 'started_at'}
        """
        return {key: match.column for key in keys if (match := self.meeting(key))}

    def has_phone(self, keys: Iterable[str]) -> bool:
        """Return whether any key is that of a party's phone."""
        return any((match := self.leg(key)) is not None and match.column == "phone" for key in keys)

    def is_numbered(self, key: str) -> bool:
        """Return whether a key is one of several that number the phones or times of parties (`jointime2`, `phone_1`)."""
        match = _NUMBERED.fullmatch(key) if key[-1:].isdigit() else None
        fed = self.leg(match[1]) if match else None
        return fed is not None and fed.column in ("phone", "joined_at", "left_at")

    def is_name_of_meeting(self, key: str) -> bool:
        """Return whether a key is that of a name that people, rooms and notices do not have.

        Examples
        --------
        >>> [DEFAULT.is_name_of_meeting(key) for key in ("meetingname", "topic", "title", "name")]
        [True, True, False, False]
        """
        fed = self.meeting(key)
        is_of_anything = self.leg(key) is not None or plain(key) in ("name", "title")
        return fed is not None and fed.column == "name" and not is_of_anything

    def is_word(self, key: str, *, of_leg: bool = True) -> bool:
        """Return whether a key feeds a column of meetings or, if asked for, of legs, in whose place no object stands."""
        fed = self.meeting(key) or (self.leg(key) if of_leg else None)
        return fed is not None and fed.column != PARTIES

    def ids(self) -> tuple[str, ...]:
        """Return the candidate keys of the meeting id, plain."""
        return tuple(plain(key) for key in dict(self.meetings)["meeting_id"])

    def __reduce__(self) -> tuple[object, ...]:
        return (Aliases, (self.meetings, self.legs))  # what it has looked up already stays here

    @cached_property
    def meeting(self) -> Callable[[str], Match | None]:
        """Look up the meeting column a key feeds, if any: exactly, or with `meeting` or `conf` in front, or `actual`."""
        exact = _exact(self.meetings)

        @lru_cache(maxsize=4096)
        def look_up(key: str) -> Match | None:
            if key.isdecimal() and key not in exact:
                return None  # of a map by id each key is another, and costs as much as a record
            if found := of_word(plain(key)):
                return found
            found = of_word(unfolded(key))
            # Ids are looked for in bytes, too, where such keys are not known: read as one here, it would be none there.
            return None if found and found.column == "meeting_id" else found

        def of_word(key: str) -> Match | None:
            bare = (key.removeprefix(prefix) for prefix in _MEETING_PREFIXES if key.startswith(prefix))
            if found := exact.get(key) or next((exact[rest].with_prefix() for rest in bare if rest in exact), None):
                return found
            was = _AS_IT_WAS.fullmatch(key)
            timed = was and (exact.get(was[1]) or exact.get(f"{was[1]}time"))
            return timed.with_prefix() if timed and timed.column in _TIMED else None

        return look_up

    @cached_property
    def leg(self) -> Callable[[str], Match | None]:
        """Look up the leg column a party's key feeds, if any: exactly, or with words of the party's own in front."""
        exact, of_meetings = _exact(self.legs), _exact(self.meetings)

        @lru_cache(maxsize=4096)
        def look_up(key: str) -> Match | None:
            if key.isdecimal() and key not in exact:
                return None
            return of_word(plain(key)) or of_word(unfolded(key))

        def of_word(key: str) -> Match | None:
            # What a meeting calls its own is no party's key with a word in front, whatever it ends with.
            if key in exact or key in of_meetings:
                return exact.get(key)
            endings = (known for known in exact if key.endswith(known) and known not in _WHOLE_KEYS)
            found = (known for known in endings if _is_own(key.removesuffix(known), known, exact[known].column))
            ending = max(found, key=len, default=None)
            return exact[ending].with_prefix() if ending else None

        return look_up

    def is_of_another(self, key: str) -> bool:
        """Return whether a key is called like that of a party's phone, and with words in front that are not its own.

        Examples
        --------
        >>> [DEFAULT.is_of_another(key) for key in ("inviterPhone", "userPhone", "wechat")]
        [True, False, False]
        """
        return self.leg(key) is None and plain(key).endswith(tuple(map(plain, dict(self.legs)["phone"])))


def column_of(key: str, aliases: Aliases) -> str | None:
    """Return the column of a meeting that a key feeds, be it one that is none of its candidates as pages say it too."""
    match = aliases.meeting(key)
    return match.column if match else OF_PAGES.get(unfolded(key))


def _is_own(front: str, ending: str, column: str) -> bool:
    if OWN[column].fullmatch(front) is None:
        return False
    return ending != "number" or not front[-1].isalpha() or _LINES.search(front) is not None


DEFAULT = Aliases()
"""The candidate names known without any configuration."""


def _exact(table: Table) -> dict[str, Match]:
    found: dict[str, Match] = {}
    for column, keys in table:
        for rank, key in enumerate(keys):
            found.setdefault(plain(key), Match(column, (0, rank)))
    return found


def of_today(earlier: Aliases) -> Aliases:
    """Return the aliases of an earlier version as they are today: what it read a column from by default was nobody's
    choice, and is what today's default begins with.

    Examples
    --------
    >>> earlier = Aliases((("name", ("meetingname", "name")), ("creator", ("host",))), ())
    >>> found = dict(of_today(earlier).meetings)
    >>> found["name"] == dict(DEFAULT.meetings)["name"], found["creator"]
    (True, ('host',))
    """
    meetings, legs = (
        tuple(
            (column, now[column] if keys and keys == now.get(column, ())[: len(keys)] else keys) for column, keys in was
        )
        for was, now in ((earlier.meetings, dict(DEFAULT.meetings)), (earlier.legs, dict(DEFAULT.legs)))
    )
    return Aliases(meetings, legs)


def names_chosen(aliases: Aliases) -> list[Text]:
    """Return which columns were read from other fields than by default, a sentence each: that is somebody's choice,
    and no answer says whether it is right.

    Examples
    --------
    >>> names_chosen(DEFAULT)
    []
    >>> [one.en[:42] for one in names_chosen(DEFAULT.with_extra({"creator": ["host"]}))]
    ['meetings.creator was read from the fields ']
    """
    found = []
    for kind in ("meetings", "legs"):
        known, given = dict(getattr(DEFAULT, kind)), getattr(aliases, kind)
        # pair by pair: a column that is named twice is read from either
        for column, keys in (*given, *((one, ()) for one in known if one not in dict(given))):
            if keys != known.get(column):
                name, read, usual = f"{kind}.{column}", list(keys), list(known.get(column, ()))
                zh = f"{name} 由字段 {read} 读出（默认为 {usual}），由制作者指定"
                en = f"{name} was read from the fields {read}, by default {usual}: the maker's choice"
                found.append(Text(zh, en))
    return found
