"""What an answer says beside its list: whose numbers count the meetings, whose count another thing, and which flags and
numbers nobody here reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ytxdata.records.aliases import PARTIES, bare, in_english, named, plain
from ytxdata.records.paging import (
    DATED,
    LONGEST_WORD,
    NO,
    NUMBER,
    PAGE_KEYS,
    TOTAL,
    YES,
    is_count,
    is_heard,
    pages,
    totals,
    word_of,
)
from ytxdata.records.signs import ENVELOPE_KEYS, QUESTION_KEYS
from ytxdata.records.spans import Found, Member, elements_of

_OTHER_THINGS = frozenset({"quota", "balance", "usage", "unread", "messages", "notices", "shards"})
"""Keys under which an object counts something else than the list beside it, plain."""

_OTHER_PAGES = frozenset({"next", "more", "prev", "previous", "first", "last"})
"""Keys, bare, under which an object says where another page is: what stands there is of that."""

_ANSWER = "page|paging|pager|pageable|paginat(?:ion|or)|result|response|resp|meta|head|header|envelope|reply"
_PLAIN = (
    "info|data|list|set|status|sum|summary|stats?|statistics|overview|totals?|counts?|query|search|hits|extra|ext|extend"
    "|extension|attr|attributes|params|options|props|body|content|out|output|root|common|base|basic|general|details?|view|of|all"
    "|records?|rows?|items?|meetings?|conferences?|confs?|entries|elements|documents|docs|objects"
)
_OF_ANSWER = re.compile(rf"(?=.*(?:{_ANSWER}))(?:{_ANSWER}|{_PLAIN})+")
_OF_NOTHING = re.compile(rf"[a-z]{{0,2}}|(?:{_ANSWER}|{_PLAIN})+")
_OF_LIST = re.compile(rf"(?=.*(?:sum|stat|overview|total|count|data))(?:{_ANSWER}|{_PLAIN})+")
"""Keys, bare and in English, of the answer itself, such as name nothing else to count, and of sums."""

_OTHERS = (
    "attend|participa|part(?:y|ies)|member|people|person|user|staff|employee|contact|hosts?$|speaker|guest|account|compan"
    "|dep(?:t|artment)|tags?$|rooms?$|device|terminal|(?<!on)lines?$|numbers$|phone|recording|file|video|audio|^media|storage"
    "|sms|mess?age|notice|notif|announce|mail|fee|bill|invoice|cost|price|amount|money|balance|quota|usage|licen[cs]e"
    "|concurren|duration|timing|minute|seconds?$|hour|login|logs?$|visit|(?<!over)views?$|download|vote|poll|chat|comment"
    "|task|orders?$|coupon|mainten|rates?$|tariff|series|维护|检修|资费|费率|系列|credit|unread|shard|人|员|部门|组织|会场|录音|录像|文件|账单|话单|订单|票|费|额(?!外)|钱|短信|消息|通知"
    "|公告|未读|并发|线路|专线|会议室|房间|号码|账号|电话|设备|终端|时长|小时|分钟|标签|热词|授权|许可|聊天|日志|登录|积分|任务|待办"
    "|vip|queue|trunk|webinar|dial|legs$|package|套餐|直播|地区"
)
_OF_OTHERS = re.compile(rf"{_OTHERS}|(?<![sui])s$|…")
"""In keys, bare, of objects that count another thing, by a word for it or any plural but a known one (results): all
others that only count are heard. `pageVO`, 翻页 and `collection` went unheard where only known words were."""

_COUNTS_OTHERS = re.compile(_OTHERS)
"""The same in keys of numbers: `omittedRows` is a plural, too."""

_LISTS_OTHERS = re.compile(
    rf"{_OTHERS}|stat(?:s|istics)?$|daily|monthly|banner|advert|menu|dict|统计|日报|月报|横幅|广告|字典"
)
"""The same in keys of lists beside the meetings."""

_OF_ITSELF = re.compile(
    "(?:status|error|err|result|ret)?(?:code|msg|message|desc)|success|ok|(?:request|trace|log)id|time|timestamp|servertime"
    "|took|cost|elapsed|sort|sortby|order|orderby"
)
"""What an answer says of itself beside such numbers, bare."""

_OF_MEETINGS = re.compile("meeting|conf|record|会议|记录|会(?=总?数)")
_MERE_WORDS = re.compile(rb'"(?:[^"\\{\[\d]|\d{1,5}(?!\d)|\\u[0-9a-fA-F]{4})*"')
"""A text in which neither an id nor an object stands."""

_ELSE = re.compile(
    "(?:code|status|state|errno|errors?|msg|message|reason|type|kind|level|version|ver|revision|time|timestamp|stamp|date|days?"
    "|year|month|week|hours?|minutes?|min|seconds?|secs?|ms|millis(?:econds)?|micros|nanos|took|cost|elapsed|duration|latency"
    "|ttl|timeout|expires?(?:in)?|zone|ids?|uuid|guid|no|seq|serial|token|sign|nonce|key|port|bytes|size|length|width|limit"
    "|max|min|quota|balance|points|credits|retry|retries|attempts?|interval|amount|fee|price|yuan|money|percent|pct|rate"
    "|ratio|score|floor|offset|index|depth|cache|cached|hit|success|successful|succ|succeed|succeeded|exceptions?|ok|ret|result|valid|enabled"
    "|encrypted|compressed|gzip|test|debug|sandbox|admin|vip|login|auth|authorized|online|maintenance|readonly"
    "|sortable|public|private|trace|cluster|node|channel|mode|region|tenant|platform|source"
    "|[码号序态息因明间期日时秒钟费额价元率比版本存功败误型类级区]|毫秒|分钟数?|耗时|时长)$"
    "|^(?:is)?(?:success|ok|error|fail|cache|debug|test|valid|enable|support|allow|can|need|should|use|with|include|show(?!n|ing)|auto"
    "|rate|api|server|client|user|account)"
    # of the usual frameworks: how a page is made, and how exactly was counted
    "|^(?:n|empty|sorted|unsorted|paged|unpaged|optimizecountsql|searchcount|optimizejoinofcountsql|exact|numfoundexact"
    "|exhaustivenbhits|exhaustive|resultsizeestimate|outof|searchcutoff|processedbymaster|draw|secho|navigatepages"
    "|navigate(?:first|last)page|(?:items|hits|records|rows|results|num)?perpage|max(?:records|results|rows|items|pages)"
    "|page(?:start|end)|unauthorizedrequest|abp|flag|reasonable|pagesizezero|orderbyonly|asc|desc|ascending|descending|reverse|deprecated"
    "|limitcount|每页.*|是否第一页|是否首页|isfirst.*|first|firstpage|data|(?:fail|error|失败|错误).*)$"
)
"""In plain keys of numbers and flags that say something else than how many meetings there are."""

_SURELY = re.compile(
    r"truncat|withheld|withhold|omit|skipped|capped|cut(?:off)?$|hidden|(?<!inte)rest$|missing|incomplete|denied|nopermission"
    r"|unreachable|unavailable|[a-z]failed$|隐藏|省略|跳过|缺失|无权限?$|未授权|不可达"
    r"|(?:over|above|beyond|exceed\w*|hit|reach\w*)(?:the)?(?:max|size|row|record|result|count)*limit$"
    r"|(?:has|have|any|with)\w*(?:errors?|fail(?:ed|ures?)?|exceptions?)$"
)
"""In plain keys, what means that some are lacking where it does not say no, whatever else stands there."""

_LIKE_FLAG = re.compile(
    "^(?:is|has|have|are|was|were|是否|有无|已|被|未)|(?:ed|held|hidden|lost|left|cut|given|shown|sent)$"
)
"""In plain keys, what makes of a 1 a yes."""

_WORDS = (YES | NO) - {"1", "0", "-1", "none", "无", "没有"}
_MOST = 9_999_999
_SAYS = re.compile(rb'[^\[{]|\{.{0,40}"value"')
"""How many there may be (what is longer is an instant, an id or a size), and what can say that, or a flag."""


def describes_page(key: str, raw: bytes, members: Sequence[Member], told: set[str]) -> bool:
    """Return whether an object that holds no record describes a page, by its key, and could be nothing else: with words
    of a meeting only one that pages."""
    if told & {"meeting_id", PARTIES} or not is_of_answer(key):
        return False
    is_sure = plain(key) in PAGE_KEYS or (bool(totals(members)) and all(map(_is_of_itself, members)))
    return is_sure and (any(pages(bare(one.key)) for one in members) or not (told or DATED.search(raw)))


def is_of_answer(key: str) -> bool:
    """Return whether a key names the answer or its page, and nothing that could be counted: `pageResult`, `head`."""
    return plain(key) in PAGE_KEYS or _OF_ANSWER.fullmatch(in_english(bare(key))) is not None


def is_telling(key: str, told: set[str]) -> bool:
    """Return whether its words of a meeting make an object a record: a page repeats the question, and says how long it
    took; so does what stands under a key of the answer, without an id."""
    return bool(told) and not (plain(key) in PAGE_KEYS or (is_of_answer(key) and "meeting_id" not in told))


def about_list(key: str, members: Sequence[Member]) -> list[Member]:
    """Return those members of an object under a key that speak of the list around it.

    What the key names is what a number in it counts: of the answer (`head`, `result`) and of what pages all is heard;
    of what only counts (`summary`, 翻页) unless it names another thing than meetings; of `participants` or 余额 nothing
    but what names the meetings itself.
    """
    if bare(key) in _OTHER_PAGES:
        return []
    if plain(key) in ("cursor", "cursors"):
        return [one._replace(key="nextcursor") if bare(one.key) == "next" else one for one in members]
    if plain(key) == "data" or is_of_answer(key) or any(pages(bare(one.key)) for one in members):
        return [*members]
    names_none = _OF_NOTHING.fullmatch(in_english(bare(key))) is not None
    is_counting = all(map(_is_of_itself, members))
    if is_counting and (names_none or not _OF_OTHERS.search(bare(key))):
        return [*members]
    heard = members if is_counting or names_none else ()
    return [one for one in heard if TOTAL.fullmatch(named(one.key)) and _OF_MEETINGS.search(plain(one.key))]


def _is_of_itself(member: Member) -> bool:
    return is_count(member) or _OF_ITSELF.fullmatch(bare(member.key)) is not None


def names_others(key: str) -> bool:
    """Return whether a key of a list names another thing than meetings: `rooms`, `departments`, `dailyStats`."""
    return _LISTS_OTHERS.search(bare(key)) is not None


def counts_others(key: str, found: Sequence[Found]) -> bool:
    """Return whether an object counts another thing than meetings, by its key and what it lists: `tags`, mere words."""
    names_none = is_of_answer(key) or _OF_NOTHING.fullmatch(in_english(bare(key))) is not None
    is_of_words = bool(found) and not names_none and all(_MERE_WORDS.fullmatch(one.raw) for one in found)
    return is_of_words or (plain(key) in QUESTION_KEYS | _OTHER_THINGS and not any(one.has_id for one in found))


def may_mean_more(member: Member) -> tuple[str, int | None] | None:
    """Return what a member says and how many that may be (None of a flag), where it is a flag or a number under a key
    that nothing is read from, and may be about how many meetings there are.

    There are as many words for that as platforms: each round of attacks found some that went unheard, and lists that
    were cut were PROVEN without a word. What nobody reads is told, in whatever form it is said.

    Examples
    --------
    >>> from ytxdata.records.spans import members_of
    >>> said = members_of(b'{"resultsWithheld": 1.0, "rowCap": "30", "costTime": 35, "id": "a1"}')
    >>> {one.key: told for one in said if (told := may_mean_more(one))}
    {'resultsWithheld': ('1', None), 'rowCap': ('30', 30)}
    """
    key = plain(member.key)
    if member.raw[:1] == b"[" and _SURELY.search(key) and elements_of(member.raw)[0]:
        return f"[{len(elements_of(member.raw)[0])}]", None
    word = word_of(member) if len(member.raw) <= LONGEST_WORD and _SAYS.match(member.raw) else None
    said = NUMBER.fullmatch(word) if word else None
    number = int(re.sub(r"\D", "", said[1])) if said else 0
    if (
        word is None
        or not (0 < number <= _MOST or word in _WORDS)
        or key in ENVELOPE_KEYS | QUESTION_KEYS
        or is_heard(member.key)
    ):
        return None
    if _SURELY.search(key):
        return None if word in NO else (word, None)
    if _ELSE.search(key) or (number and _COUNTS_OTHERS.search(key)):
        return None
    is_flag = not number or (word == "1" and _LIKE_FLAG.search(key) is not None)
    return word, None if is_flag else number


def tells_of_list(key: str, members: Sequence[Member], told: set[str]) -> bool:
    """Return whether what nobody reads in an object under a key may be about the list beside it: it is of the answer,
    or sums it up, and no record."""
    is_of_list = (
        _OF_LIST.fullmatch(in_english(bare(key))) or is_of_answer(key) or any(pages(bare(it.key)) for it in members)
    )
    return bool(is_of_list) and plain(key) not in QUESTION_KEYS | _OTHER_THINGS and not is_telling(key, told)
