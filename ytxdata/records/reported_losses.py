"""What an answer says it could not give: errors, lists of what failed, parts of a store that did not reply."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ytxdata.records.aliases import DEFAULT, bare, in_english, named, plain
from ytxdata.records.json_values import as_json, read_value
from ytxdata.records.paging import (
    LONGEST_WORD,
    NO,
    TOTAL,
    UNIT,
    YES,
    as_word,
    leads_nowhere,
    links_in,
    pages,
    says_more,
    says_nothing,
    totals,
    word_of,
)
from ytxdata.records.siblings import is_of_meeting
from ytxdata.records.spans import Member

_LONGEST_WARNINGS, _LONGEST_CLAUSE = 10_000, 300

LOST = -1
"""What says that some could not be given at all: an answer that is full proves nothing either."""

_OF_STORE_ZH = "节点|分片|分区|机房|区域|地区|服务器|数据源|查询|请求|页|批次"
_OF_STORE = (
    "region|zone|node|shard|partition|server|cluster|replica|source|tenant|quer(?:y|ie)|request|page|batch|chunk|segment"
    f"|{_OF_STORE_ZH}"
)
_LISTED = (
    "(?:meeting|conference|conf|record|cdr)(?:no|number)|id|record|row|item|result|entr(?:y|ie)|meeting|conference|conf"
    "|cdr|data|list|detail|会议号|编号|会议|记录|数据|结果|明细|详情|条目|列表"
)
_FAILED_KEYS = re.compile(
    rf"(?:partial|部分)?(?:(?:{_OF_STORE}|{_LISTED})s?)*(?:errors?|failures?|exceptions?)(?:lists?|items?|details?)?"
    rf"|((?:partial(?:ly)?)?fail(?:ed)?(?:(?:{_OF_STORE}|{_LISTED})s?)*"
    rf"|(?:部分|{_OF_STORE}|{_LISTED})*(?:错误|失败|异常|故障)的?(?:{_OF_STORE}|{_LISTED})*)"
)
"""Keys, bare, of what went wrong and of what failed, made of words for that and for what is listed or where it is kept:
`failedCalls`, `failedNumbers`, 异常通话 and 失败号 are nobody's meetings, and `errorMsg` is the state of the call."""

_BEGAN = re.compile("(?<!re)start|begin|开始|(?:meet(?:ing)?|conf(?:erence)?|会议)(?:time|时间)$")
_FAILURE = r"errors?|fail(?:ed|ures?|s)?|exceptions?|problems?|错误|失败|异常|报错|故障|问题"
_WELL_EN = "ok|okay|success(?:ful(?:ly)?)?|succeeded|normal|completed?|done"
_WELL_ZH = "成功|正常|完成|完毕"
_WENT_WELL = re.compile(
    f"(?:(?:s|err(?:or)?|status|all) )?ok|{_WELL_EN}|200|n/a"
    f"|(?!.*[未不没非无部半少仅只败错异超缺丢漏个条场])[一-鿿]{{0,12}}(?:{_WELL_ZH})"
    "|(?:暂|目前|当前)无"
    rf"|(?:暂时?|目前|当前)?(?:no|none|无|没有|未(?:发现|出现|发生|见)?|0+)\s*(?:any |任何)?(?:{_FAILURE})"
    rf"(?:的|信息|消息|内容|描述|原因|代?码|\s?(?:messages?|codes?|info))?{UNIT}"
    r"(?:\s(?:(?:has|have|was|were) )?(?:been )?(?:occurred|found|reported|detected))?"
    rf"|0+\s*{UNIT}(?:\s*(?:{_FAILURE}))?"
)
"""All that stands among errors where there was none: with any other word beside it, something failed."""

_CODE = re.compile(
    "(?:err(?:or)?|status|result|ret(?:urn)?|state|biz|sub)*(?:code|no|status|state)|(?:错误|状态|返回)?代?码"
)
_MESSAGE = re.compile(
    "(?:err(?:or)?|status|result|ret(?:urn)?)*(?:message|msg|desc(?:ription)?|text|info)|信息|消息|描述"
)
_WELL = re.compile("0+|200|null|none|无|")
"""Keys, plain, of a state and its words, and the numbers of one that went well: -1 is none."""

_WRONG = re.compile(r"-.*|[45]\d\d|e\W?\d.*|.*(?:err|fail|timeout|错|败).*")
"""Codes that no words make good; any other is a platform's own, and its words say better what it means (10000, A0000)."""

_OF_CALL = re.compile(
    "(?:request|req|trace|span|log|transaction|correlation|message|msg)(?:id|uuid|guid|no)"
    "|(?:server|response|request)?(?:time|timestamp|date)|took|cost|elapsed|version|(?:api)?ver|path|uri|url"
    "|method|level|locale|lang(?:uage)?"
)
"""Keys, plain, of which call it is and when, beside a state that is well: any other word there is what failed."""

_OF_WORDS = re.compile(
    rf"(?:err(?:or)?|status|sub|result|response|resp|ret(?:urn)?|data|list|query)*(?:(?:{_MESSAGE.pattern})s?"
    "(?:zh|cn|zhcn|en|enus|local|chinese)?|results?|prompts?|warn(?:ing)?s?|notes?|notices?|remarks?|tips?|hints?|alerts?|comments?|reason|details?|explanation|memo|status|state|completeness|(?<=.)type"
    "|警告|告警|提醒|提示|说明|备注|原因|注意(?:事项)?|状态|完整性)"
)
"""Keys, bare, under which an answer says something of itself in words."""

_BEFORE = dict.fromkeys(("hasprev", "hasprevious", "haspreviouspage", "hasprevpage"), YES) | dict.fromkeys(
    ("isfirst", "isfirstpage", "firstpage"), NO
)
"""Flags of a page that has others before it, bare, and what they say then; `first` is one where it is no number."""

_PREVIOUS = re.compile("(?:link|page)?prev(?:ious)?(?:page)?(?:link|url|uri|href)?")
_PREVIOUS_PLACE = re.compile("prev(?:ious)?(?:page)?(?:cursor|token|key|marker)")
_AN_ADDRESS = re.compile("https?:|/|\\?(?!\\d+$)|\\?\\d+=")
_NUMBER_OF_PAGE = re.compile("(?:current|cur|curr|this|now)?page(?:no|num|number|index|current)?|nopage")
_PLACE_OF_FIRST = re.compile(
    "(?:page|row|record|item|result|data)?(?:start|begin|first|from|skip|offset)(?:row|index|record|item|result|at|no|num|count)?s?"
)
"""Keys, bare and in English, of the page before this one, of the number of this one and of its first row."""

_OF_PARTS = re.compile(
    "(?:this|current|cur)?(?:batch|chunk|part|segment|slice|fragment|分片|分段|分块)(?:no|num|number|index)?"
)
_PART_OF_PARTS = re.compile(r"第?\s*(\d{1,4})\s*\w?\s*(?:/|of|，|,)\s*共?\s*(\d{1,4})\s*\w?")
_LATER_PAGE = re.compile(r"第\s*(?:[2-9]|[1-9]\d{1,4})\s*页|\bpage\s+(?:[2-9]|[1-9]\d{1,4})\b")
_ABOVE_ONE = re.compile(r"0*(?:[2-9]|[1-9]\d{1,6})")

_HARMLESS = re.compile(
    rf"(?:(?:第|page)\s*1\s*页?\s*(?:/|of)?\s*共?\s*1\s*页?|(?:{_WELL_EN}|found|return(?:ed)?|retrieved|fetched|loaded|processed|executed|finished|the|your|a|all|list|data|in|of"
    "|meetings?|conferences?|records?|rows?|items?|results?|history|query|queried|request|search|operation|call|api|http|get|got"
    "|fetch|read|was|were|is|has|have|been|status|code|total|with|and|for|no|none|true|false|null|n/a)\\b"
    rf"|{_WELL_ZH}|操作|查询|请求|获取|提交|处理|返回|调用|执行|响应|读取|加载|接口|会议|列表|历史|记录|数据|结果|信息|通话|状态"
    r"|总?共计?|合计|检索|找|(?:暂时?|目前)?(?:没有|无)更多|[到了已您的本次条场个]|\d|\W)*"
)
"""A clause made of these alone says that it went well, or how many there are."""

_COUNT = re.compile(
    r"(?<![\d:.-])\d{1,7}(?=\s*(?:[条场个笔]|rows?|records?|meetings?|conferences?|results?|items?|entries))"
    r"|(?:(?<=/)|(?<=of )|(?<=total )|(?<=total: )|(?<=[共计]))\d{1,7}(?![\d:.-])"
)
_A_WORD = re.compile("[一-鿿]{2}|[a-z]{3}")
_CLAUSE = re.compile(r'[，,。；;.!！\n"\[\]{}]')
_MERELY_IF = re.compile(
    r"(?<![例比])如(?!下)|若|万一|一旦|假如|将|届时|逾期|避免|以免|免得|防止|未(?:发现|出现|发生|见)|没有|并?无|不存在"
    r"|\b(?:if|when|in case|will|no|not|none|never|without)\b(?! all\b)"
)
_OF_MEETINGS_ZH = "会议|记录|数据|结果|列表|明细|条目"
_OTHERS_ZH = (
    "录音|录像|文件|头像|图片|地址|链接|短信|消息|字幕|号码|姓名|昵称|费用|账单|余额|纪要|转写|附件|视频|音频|回放|权限"
)
_NOT_GIVEN = re.compile(
    rf"(?=.*(?:{_OF_MEETINGS_ZH}|{_OF_STORE_ZH}|\d\s*[条场]|部分))(?!.*(?:{_OTHERS_ZH}))"
    rf".*?(?P<loss>未(?:能)?(?:全部|完全|完整)?(?:返回|加载|获取|取到|列出|响应)(?!的)"
    rf"|(?:{_OF_STORE_ZH}|接口|响应|读取|加载|获取|检索|数据库?)[^超]{{0,9}}超时(?![时设参阈上将会后则])"
    rf"|(?:{_OF_MEETINGS_ZH})(?:可能)?(?:不完整|不全|有?缺失|有?丢失))"
    r"|.*?(?P<lost>\b(?:quer(?:y|ies)|request|search|node|shard|region|zone|server|source|database|backend|upstream)s?\b.{0,30}"
    r"\btimed out"
    r"|partial (?:data|results?|list)|incomplete (?:data|results?|list)|not all (?:data|results|records|meetings)"
    r"|(?:data|results?|records?|meetings?) (?:(?:is|are|was|were) (?:incomplete|missing|truncated|omitted|not returned)"
    r"|could not be (?:returned|loaded|read)))"
)
"""What a clause of a warning says where meetings were not given; neither that none is missing, nor what to do if one
were, nor of a recording; 超时 alone ends meetings and sessions."""


def totals_and_losses(members: Sequence[Member]) -> list[int | None]:
    """Return what members say of the number of records, see `totals`, and `LOST` where some could not be given.

    Examples
    --------
    >>> said = {"total": b"30", "errors": b'["timeout"]'}
    >>> totals_and_losses([Member(key, raw, 0, 0) for key, raw in said.items()])
    [30, -1]
    """
    is_lost = any(
        _names_failure(bare(one.key), one.raw) or _has_failed_shards(one) or _warns_of_loss(one) or _is_behind(one)
        for one in members
    )
    return [*totals(members), *([LOST] if is_lost else [])]


def _names_failure(key: str, raw: bytes) -> bool:
    """Return whether errors have any word but that all went well; meetings listed by how they ended tell a start."""
    found = _FAILED_KEYS.fullmatch(key)
    read = read_value(raw) if found and (len(raw) > 9 or raw.strip(b'"0123456789.')) else None
    waiting = [read.value] if read else []
    for one in waiting:  # it grows
        if isinstance(one, dict) and not (found and found[1] and _began(one)):
            states = {k: _is_well(plain(k), it) for k, it in one.items()}
            is_well = True in states.values() and (False not in states.values() or _says_well(one, states))
            # beside a state that is well stands of what call it is, and how many came; what failed has an id, too
            is_beside = is_well and not (found and found[1])
            if (False in states.values() and not is_well) or (not is_beside and _counts_failures(one)):
                return True
            said = {k: it for k, it in one.items() if not is_beside or (states[k] is None and not _is_of_call(k, it))}
            # which page of them this is, is none of their ids; alone, it is what failed
            waiting += (it for k, it in said.items() if len(one) < 2 or not (pages(bare(k)) and str(it).isdecimal()))
        elif isinstance(one, list):
            waiting += [str(it) if type(it) is int else it for it in one]
        elif isinstance(one, str) and _is_failure(one):
            return True
    return False


def _is_well(key: str, value: Any) -> bool | None:
    """Return whether a state among errors, its code or its words, is that all went well; None of what is no state."""
    if isinstance(value, (bool, list, dict)) or value is None:
        return None
    text = str(value).strip().casefold().replace("_", " ")
    if _CODE.fullmatch(key):
        return len(text) <= LONGEST_WORD and (_WELL.fullmatch(text) or _WENT_WELL.fullmatch(text)) is not None
    return not _is_failure(text) if text and _MESSAGE.fullmatch(key) else None


def _says_well(said: dict[str, Any], states: Mapping[str, bool | None]) -> bool:
    """Return whether the words beside a code that nobody knows say that all went well."""
    wrong = {key: as_word(str(said[key]).encode("utf-8", "replace")) for key, is_well in states.items() if not is_well}
    of_codes = (
        _CODE.fullmatch(plain(key)) and not _WRONG.fullmatch(wrong[key]) for key in wrong if states[key] is False
    )
    return all(of_codes) and any(_MESSAGE.fullmatch(plain(key)) for key, is_well in states.items() if is_well)


def _is_of_call(key: str, value: Any) -> bool:
    return not isinstance(value, (dict, list)) and _OF_CALL.fullmatch(bare(key)) is not None


def _counts_failures(said: dict[str, Any]) -> bool:
    """Return whether an object among errors says nothing but how many there were, beside its state."""
    counts = [it for key, it in said.items() if plain(key) in ("count", "total", "num") or TOTAL.fullmatch(named(key))]
    is_flat = not any(isinstance(it, (dict, list)) for it in said.values())
    return is_flat and any(not isinstance(it, bool) and re.fullmatch(r"0*[1-9]\d{0,8}", str(it)) for it in counts)


def _is_behind(member: Member) -> bool:
    """Return whether a page says that others stand before it, which nobody gave: by a flag, a link, its number, or the
    row that it begins with.
    """
    if any(map(_PREVIOUS.fullmatch, links_in(member.raw))):
        return True
    key, word = in_english(named(member.key)), word_of(member) or ""
    if key in _BEFORE or (key == "first" and member.raw in _FLAGS):
        return word in _BEFORE.get(key, NO)
    if _PREVIOUS.fullmatch(key):
        return _AN_ADDRESS.match(word) is not None
    if _PREVIOUS_PLACE.fullmatch(key):
        return not leads_nowhere(word)
    if _OF_PARTS.fullmatch(key):
        part = _PART_OF_PARTS.fullmatch(word)
        return part is not None and int(part[2]) > 1
    is_number = _NUMBER_OF_PAGE.fullmatch(key) or _PLACE_OF_FIRST.fullmatch(key)
    return is_number is not None and _ABOVE_ONE.fullmatch(word) is not None


_FLAGS = frozenset({b"true", b"false", b'"true"', b'"false"'})


def _said_in_words(member: Member) -> Any:
    """Return what an answer says of itself in words; None of any other member."""
    key = bare(member.key)
    is_said = _OF_WORDS.fullmatch(key) is not None or says_more(key) is True
    read = read_value(member.raw) if is_said and len(member.raw) <= _LONGEST_WARNINGS else None
    return read.value if read else None


def _warns_of_loss(member: Member) -> bool:
    """Return whether a message says that meetings were not given, or that the list was cut."""
    said = _said_in_words(member)
    clauses = () if said is None else _CLAUSE.split(as_json(said).casefold())
    if any(_LATER_PAGE.search(one) or (len(one) > len("more") and says_more(one.strip())) for one in clauses):
        return True
    found = (_NOT_GIVEN.match(clause[:_LONGEST_CLAUSE]) for clause in clauses)
    return any(one and not _MERELY_IF.search(one.string[: one.start(one.lastgroup or 0)]) for one in found)


def other_words(member: Member) -> tuple[str, int | None] | None:
    """Return what an answer says of itself in words, where that is more than that all went well and there are no
    others, and the number of records it tells of (None where nobody knows what it says).

    Examples
    --------
    >>> import json
    >>> said = {"msg": "查询成功，仅返回最近30天数据", "message": "OK", "remark": "成功返回 20 条", "name": "周会 部分"}
    >>> [other_words(Member(key, json.dumps(text).encode(), 0, 0)) for key, text in said.items()]
    [('查询成功，仅返回最近30天数据', None), None, ('成功返回 20 条', 20), None]
    """
    said = _said_in_words(member)
    texts = [one for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)]
    if odd := next((one for one in texts if not all(map(_is_known, _CLAUSE.split(one.casefold())))), None):
        return odd, None
    counts = [(one, int(n)) for one in texts for n in _COUNT.findall(one)]
    return max(counts, key=lambda one: one[1], default=None)


def _is_known(clause: str) -> bool:
    said = clause.strip()
    is_end = said in YES | NO or says_nothing(said.encode("utf-8", "replace")) or says_more(said) is False
    is_well = _HARMLESS.fullmatch(said) or _WENT_WELL.fullmatch(said)
    return is_end or is_well is not None or not _A_WORD.search(said)


def _began(failed: dict[str, Any]) -> bool:
    """Return whether what failed says when it began; inside, as a column of it, and beside no word of a failure."""
    if any(_BEGAN.search(plain(key)) for key in failed) or "started_at" in DEFAULT.columns(failed).values():
        return True
    inside = [it for key, it in failed.items() if isinstance(it, dict) and is_of_meeting(key)]
    words = (str(it or "") for own in (failed, *inside) for key, it in own.items() if re.search(_FAILURE, plain(key)))
    return any("started_at" in DEFAULT.columns(it).values() for it in inside) and not any(map(_is_failure, words))


def _is_failure(text: str) -> bool:
    """Return whether a text among errors is any but that there were none."""
    word = as_word(said := text.encode("utf-8", "replace")).rstrip("。.!！").replace("_", " ")
    return len(text) > LONGEST_WORD or not (word in NO or _WENT_WELL.fullmatch(word) or says_nothing(said))


def _has_failed_shards(member: Member) -> bool:
    """Return whether Elasticsearch says that it could not ask a part of what it holds."""
    read = read_value(member.raw) if bare(member.key) == "shards" else None
    return read is not None and isinstance(read.value, dict) and str(read.value.get("failed") or "0") != "0"
