"""How an answer counts and pages: how many records it says there are, and whether there are more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ytxdata.records.aliases import bare, in_english, named
from ytxdata.records.json_values import read_value, scalar
from ytxdata.records.spans import Member, is_blank

COUNT_KEYS = frozenset(
    {"total", "count", "size", "num", "page", "pagesize", "pageno", "pagenum", "pages", "totalcount"}
)
"""Keys with which a wrapper describes its list, plain: an object of these alone holds no record."""

_THINGS = (
    "(?:display)?(?:record|row|item|result|element|entry|entrie|meeting|conference|conf|cdr|hit|doc|document|object)s?"
    "|data|list|记录|会议|数据|结果|明细|条目"
)
_MEASURES = "条个场次笔件项份宗行"
_IN_PINYIN = (
    "(?:zong|gong|he|quanbu|leiji)(?:huiyi|jilu|shuju|tiao|chang|ci|bi|ge|jian|xiang)*(?:shu(?:liang|mu)?|ji|liang|ci)"
    "|(?:huiyi|jilu|shuju|tiao|chang|bi|ge|jian)+shu(?:liang|mu)?"
)
TOTAL = re.compile(
    r"(?=.*(?:total|count|cnt|qty|quantity|found|matched|总|合计|共|(?:全部|所有|累计).|数[量目]|会议场次"
    rf"|[条个场笔件项份宗]数|(?:场|记录|会议|数据|结果|明细|条目|匹配|命中)次?数)"
    rf"|(?:num|number|nb|noof)(?:of)?(?:{_THINGS})$|allnum(?:ber)?$|(?:meeting|conf|conference)snum(?:ber)?$"
    r"|(?:record|item|result|data)s?nums?$|recordsfiltered$)x?"
    # no word is made of others of these: `条数条数…` could be cut in a million ways
    rf"(?:totals?|counts?|cnt|qty|quantity|found|match(?:ed|es|ing)?|匹配|命中|(?:符合|满足)条件的?|{_THINGS}|i|odata|nb|noof|of|all|filtered|estimated|grand|overall"
    rf"|approx(?:imate)?|num|number|nums|size|全部|所有|累计|数目|[总合共计数量{_MEASURES}])+|{_IN_PINYIN}"
)
"""Keys, bare, with which a wrapper says how many records it holds: made of words for a number and for what is listed,
or for what that is counted by (总场次, 笔数). A size or a number alone is that of a page, a session's a 场次, a count of
anything else (`totalPages`, `memberCount`, 项目数, 通话总数) is no total."""

_OF_ALL = re.compile("total|all|found|match|匹配|命中|filtered|总|合|共|全部|所有|累计|zong")
"""What says that all are counted, and not those on the page alone."""

_ASKED_KEYS = frozenset({"meetingcount"})
"""Those of them under which the question asks for a number, plain: an answer may repeat it."""

_LISTED = f"(?:{_THINGS}|pages?|batch|batches|chunks?|segments?|sets?)"
_GIVEN = "(?:returned|loaded|fetched|given|shown|listed|displayed|retrieved)"
_GIVEN_ALL = (
    rf"(?:all{_LISTED}*(?:is|are|was|were)?(?:{_GIVEN}|give)(?:completed?)?|{_GIVEN}all{_LISTED}*|given?completed?)"
)
"""That all was given, or not: `give all` (返回全部) asks for it."""

_MORE = re.compile(
    rf"(?:microsoftdynamicscrm)?(?:is|has|have|are|there|any|exists?|needs?|may|can|could)*(?:load)?"
    rf"(?:more|additional|further|next|remain(?:ing|s)?|rest|continue[sd]?)+"
    rf"(?:{_LISTED}|available|exists?|left|to(?:come|follow|fetch|load|get)|follow(?:s|ing)?|coming|pending)*"
)
_SHORTENED = re.compile(
    rf"(?:is|has|have|are|any)*(?:{_LISTED}|response|output)*(?:(?:is|was|were|are)?(?:truncat(?:ed?|ion)|trunc)"
    rf"(?:{_LISTED})*|(?:is|was|were|are)cut(?:off)?|overflow(?:ed)?)"
)
CUT = re.compile(
    rf"(?:is|has|are|give|data|list|results?|records?)*(?:(?:incomplete|partial|notcomplete|toomany)(?:{_LISTED}|content)*"
    r"|timedout|terminatedearly"
    rf"|(?:(?:max|size|transfer|{_LISTED})*limit(?:is)?|max{_LISTED}+)(?:exceeded|reached|hit)"
    rf"|(?:exceed|reach|hit)(?:ed)?(?:the|max|size|count|transfer|{_LISTED})*limit"
    rf"|(?:exceed|reach|hit)(?:ed)?(?:the)?max(?:size|count|{_LISTED})*)"
    rf"|(?:is|has|are)?{_LISTED}*(?:toomany|not?(?:{_GIVEN_ALL}|giveall))"
)
_END = re.compile(
    rf"(?:is|has|at|reach(?:ed)?|list|data|query|result|records?|rows?)*(?:is)?(?:the)?(?:no(?:more|next){_LISTED}*|end(?:of{_LISTED})?|finish|finished|done"
    rf"|complete|completed|last{_LISTED}?|final{_LISTED}?|eof|exhausted)|(?:is|has|are)?{_LISTED}*{_GIVEN_ALL}"
)
_FLAG = re.compile("^(?:b(?=is|has)|flag)|(?:flag|yn|ind(?:icator)?)$")
"""What says of a bare key that it is a flag, whatever stands there: `moreFlag` and `bHasMore` went unheard."""

_NEXT = re.compile(
    r"(?:odata|iot)?(?:page|cursor|token|url|uri|link|href|marker|offset|key|id)*next(?:(?:page|record|row|item|result|entry)s?|data|list|cursor|token|url|uri|link|href|marker|offset"
    r"|scroll|pos|position|start|index|idx|key|id|max|min|no|num|number|batch|chunk|segment|set|from|since|skip|seq|path|query|params?)*|more(?:url|uri|link|href|cursor|token)?|(?:continu|resumpt?)(?:e|ation|ion)(?:token|key)?|marker"
    r"|lastevaluatedkey"
    rf"|(?:remaining{_LISTED}*|{_LISTED}+(?:remaining|left))(?:count|num|number|total)*"
)
"""Keys, bare, of flags that are true where there is more, where not all could be given, and at the end, and of what
leads on: made of words for that and for what is listed, so that `nextMeetingTime` and `hasMoreRights` are none."""

_NOT = re.compile(rf"^({_LISTED}*)(?:(?:is|was|were)?not(?:yet)?(?!runc)|no(?=trunc)|un(?:yet)?)")
"""How a word begins that says that another is not so."""

_STARTS = frozenset({"start", "from", "begin", "first", "offset", "skip", "startrow", "startat", "startindex"})
"""Beside one of them `end` is the place of the last, and no flag."""

_WORDS = frozenset({
    "more", "next", "remaining", "rest", "truncated", "incomplete", "partial", "end", "finish", "finished", "done",
    "complete", "completed", "last", "final", "eof", "exhausted", "continue", "marker", "additional", "further",
    "remain", "remains", "continues", "continued", "trunc", "overflow", "overflowed",
    "notcomplete", "toomany"
})  # fmt: skip
"""Those of them that are one word: a time, a number or a text may stand there, so they are flags where they say yes or
no, and not by a number but for those that count nothing; and an object with one of them may be anything."""

_PAGES = re.compile(
    "(?:total|all|last)(?:of)?pages?(?:count|num|number|total|no)?|maxpage(?:no|num|number)?|(?:num|number|nb|count)(?:of)?pages"
    "|pages?(?:total|count)+|pages"
)
"""Keys, bare, of how many pages there are, whatever page this is: `totalPages` alone went unheard, and led to PROVEN."""

_NUMBER_OF_PAGES = re.compile(r"(?:共\s*)?(\d+)(?:\.0*)?\s*页?")
_PAGE_OF_PAGES = re.compile(r"(?:第|page)?\s*\d+\s*页?\s*(?:[/,，]|of)?\s*(?:共)?\s*(?<!\d)(\d+)\s*页?")
"""A number of pages, and a page of so many."""

_REL_NEXT = re.compile(r"rel\s*=\s*\\?[\"']?(?:[^\"'\\;,]*[\s/:])?next")
_CURRENT_KEYS = frozenset({
    "page", "pageno", "pagenum", "pagenumber", "pageindex", "currentpage", "currpage", "curpage", "current", "number"
})  # fmt: skip
YES = frozenset({"true", "1", "y", "yes", "t", "on", "是", "有"})
NO = frozenset({"false", "0", "-1", "n", "no", "none", "f", "off", "否", "无", "没有"})
_PLACES = frozenset({"pageinfo", "pager", "paging", "pagination"})
"""Keys under which a text says which page this is, and of how many."""
_LEADING = re.compile(r"https?:|[/?]|[\w./-]+\?\w+=|\d{1,7}$")
"""What `next` says where it leads to a page: an address or a number; it may as well be a word, or a time."""

_LINKS = re.compile(rb'(?:\[\s*)?\{[^{}]*"[@_$]?rel(?:ation)?"\s*:', re.IGNORECASE)
"""How a list of links begins, or one alone (Spring, PayPal, FHIR, Atom, Siren): what each leads to is its `rel`, and no key."""

_LONGEST_LINKS, _LONGEST_WRAP = 10_000, 1_000
"""A longer list or object is that of the records, and is not decoded to hear of pages; nor wraps a list one word."""

_OF_STATES = re.compile(
    "(?:meeting|conference|conf)*(?:end|finish|complete|start|book|schedul|cancel|cancell|plann|clos)(?:ed)?"
    "|running|ongoing|active|live|inprogress|notstarted|upcoming|pending|waiting|已?(?:结束|完成|取消|预约|预定)|进行中|未开始|待开始"
)
"""Keys, bare, of numbers of meetings by their state, which add up to the total."""
_PAGING = frozenset({
    "page", "pageno", "pagenum", "pagesize", "currentpage", "perpage", "hasprev", "hasprevious", "haspreviouspage",
    "isfirst", "isfirstpage", "prevpage", "prevcursor"
})  # fmt: skip
"""Keys that only a page has, plain, beside those of flags and of what leads on."""

_COUNTING = COUNT_KEYS | _PAGING | {"records", "current", "limit", "offset", "took", "value", "relation", "xsinil"}
"""Keys that hold no record where a word or a number stands under them, plain."""

PAGE_KEYS = frozenset({
    "page", "pageinfo", "paging", "pager", "pagination", "pageable", "paginator", "meta", "metadata", "分页", "sort",
    "links", "navigation", "shards", "responseheader", "hydra:search", "hydra:view", "view"
})  # fmt: skip
"""Keys under which an object describes the list beside it, plain, whatever else it says."""

_NOTHING = frozenset({"", "null", "none", "nil", "-", "--", "false", "0", "[null]", "nodata", "empty", "无", "空"})
"""Words that stand in place of records where there are none."""

_SAYS_NONE = re.compile(
    r"(?:暂时?|目前)?(?:无|没有?|未|查无)(?:查询?到|找到|检索到|获取到|任何|相关|符合条件|满足条件|匹配|的)*(?:会议|通话|记录|数据|结果|信息)+"
    r"|(?:there (?:is|are) )?no (?:matching )?(?:meeting|conference|record|data|result|item|row)s?"
    r"(?: (?:were |was )?(?:found|available))?"
)  # fmt: skip
"""The same as a sentence: that nothing could be read, or may not be, is another one."""

MESSAGE_KEYS = frozenset({"message", "msg", "info", "tip", "tips", "提示"})
_SENTENCE_KEYS = MESSAGE_KEYS | {"statusmsg", "pager", "pageinfo", "range", "contentrange"}
_LISTED_ZH = "(?:[条场项行笔](?:会议|通话)?(?:记录|数据|结果)?|个会议|(?:会议|通话)?(?:记录|数据|结果))"
_LISTED_EN = "(?:record|row|item|meeting|conference|result|entrie)s"
_NO_OTHER = r"(?=\s*(?:$|[^\w\s]|显示|返回|本[页次]|当前|每页|已|其中|符合|满足))"
_SENTENCE = re.compile(
    rf"(?:总共|共计?|合计|总计|查询?到|找到|检索到)(?:\s|查询?到|找到|检索到|有|[:：])*(\d{{1,9}})\s*{_LISTED_ZH}{_NO_OTHER}"
    rf"|(?:总(?:条|场|笔|项|行|记录|会议|数据)+数|(?:记录|会议|数据)总数|\btotal\s(?:count|{_LISTED_EN}))\s*[:：=]\s*(\d{{1,9}})"
    rf"\s*{_LISTED_ZH}?{_NO_OTHER}"
    rf"|\bfound\s(\d{{1,9}})\s{_LISTED_EN}\b|(?<![\d.-])(\d{{1,9}})\s{_LISTED_EN}\s(?:were\s|was\s)?found\b"
    rf"|\b(?:returned|returning|showing|shown|loaded|displaying)(?:\sfirst)?\s\d{{1,9}}(?:\s{_LISTED_EN})?\s*(?:/|(?:out )?of)\s*"
    r"(\d{1,9})(?![\d-])"
    r"|(?<![\d/.:月-])\d{1,9}\s*(?:[-~～–至到]|to)\s*\d{1,9}\s*(?:/|(?:out )?of)\s*(\d{1,9})(?![\d/.-])",
    re.IGNORECASE,
)  # fmt: skip
"""A total in a sentence, or so many to so many of it: `1/3` is a page, `step 1 of 3` no list, 03/01 至 03/31 a month;
and 共 8 个会议室 or 共 3 条消息 counts what the noun says, which is not listed here."""

LONGEST_WORD = 80
"""A longer text is no number and no word that says that nothing is there."""

DATED = re.compile(rb"\d{4}\D\d\d?\D\d\d?\D{1,2}\d\d:|\d{8}")
"""What nearly every record has, and what describes a list hardly ever: a time, or a long number."""

_NOWHERE = frozenset({
    "#", "javascript:;", "javascript:void(0)", "javascript:void(0);", "undefined", "nan", "n/a", "na", "[]", "{}", "暂无"
})  # fmt: skip
"""Links of web pages that lead to where one is, and words of programs for nothing."""

_MAY_BE_TIME = frozenset({"next", "more", "nextstart", "remaining"})
"""Keys of what leads on that may as well be of the next meeting, or of bytes: a time there, or a long number, is none."""

_WHOLE = re.compile(r"(-?\d+)\.0+")
"""A whole number as Gson and Lua write it."""

_TEXT_KEYS = ("value", "$numberLong", "#text", "$", "_text", "href", "url", "uri", "link")
"""Under which an object has the one thing that it says."""

_PLACE_KEYS = ("after", "cursor", "token", "offset", "continue", "page", "pageNumber", "pageNo", "pageNum")
"""Under which an object that leads on says from where."""

UNIT = (
    rf"(?:(?:场次|[{_MEASURES}])?(?:会议|通话)?(?:记录|数据|结果)?|(?:record|row|item|meeting|result|entrie)s?|entry)"
)
NUMBER = re.compile(
    rf"(?:(?:(?:[a-z]+\s+|显示)?第?\s*\d+\s*{UNIT}\s*(?:(?:[-~–]|to|至|到)\s*第?\s*\d+\s*{UNIT})?\s*[,，]?\s*"
    rf"(?:/|of|out of|总?共))|总?共计?|约|总计)?\s*(\d{{1,3}}(?:[,，]\d{{3}})+|\d{{1,9}})(?:\.0*)?\s*{UNIT}"
    rf"(?:\s*[,，;；(（]\s*(?:显示|本页|当前|每页|返回|filtered from|showing)\D{{0,9}}[\d\s~–-]+{UNIT}\D{{0,16}})?",
    re.IGNORECASE,
)
"""A total as people read it: what the page shows of it may stand in front or behind."""
_AT_LEAST = re.compile(r"\d\s*\w*(?:\+|以上)|^\s*(?:[>≥]|超过|多于|more than|over|at least)", re.IGNORECASE)


class AskedFor(int):
    """A number under a key of the question, which an answer may repeat."""


class Announced(NamedTuple):
    """How many records an answer says it holds at some place (None: more than it gave), and how many were found there;
    whether that may be the number that was asked for."""

    told: int | None
    found: int
    may_repeat: bool = False


def total(key: str, raw: bytes) -> int | None:
    """Return how many records a member says there are, if it says that: a number in any usual form.

    Examples
    --------
    >>> [total("total", raw) for raw in (b"30", b"30.0", b'"1,234"', b"-1", b'{"value":30,"relation":"eq"}')]
    [30, 30, 1234, None, 30]
    """
    name = named(key)
    is_number = TOTAL.fullmatch(name) is not None
    said = _number_said(raw) if is_number or name in _SENTENCE_KEYS else None
    match = None if said is None else (is_number and NUMBER.fullmatch(said)) or _SENTENCE.search(said)
    return int(re.sub(r"\D", "", next(filter(None, match.groups())))) if match else None


def _number_said(raw: bytes) -> str | None:
    """Return the text of a number, also where an object holds it; None of what is a list or a flag, or no number by its
    length: patterns take the square of a long one, and Python refuses thousands of digits."""
    said = _decoded(raw)
    if isinstance(said, dict) and all(_OF_STATES.fullmatch(named(one)) for one in said):
        numbers = [_plainly(str(one)) for one in said.values() if not isinstance(one, bool)]
        said = sum(int(one[:9]) for one in numbers if one.isdecimal()) if said else None
    if isinstance(said, dict):
        # beside `low` a 64-bit number of JavaScript has a `high`; of two counts the larger one may be of legs
        counts = [str(one) for key, one in said.items() if key == "low" or re.fullmatch(_THINGS, named(key))]
        number = min(counts, key=lambda one: (len(one), one), default=None)
        number = next((said[one] for one in _TEXT_KEYS if one in said), None) if number is None else number
        said = f"{number}+" if str(said.get("relation")).casefold() in ("gt", "gte") else number
    text = None if isinstance(said, (bool, list)) else str(said).strip()
    return text if text is not None and len(text) <= LONGEST_WORD else None


def totals(members: Sequence[Member]) -> list[int | None]:
    """Return what members say of the number of records: how many there are; None: more than are here.

    Examples
    --------
    >>> said = {"totalRowsCount": b"30", "has_remaining": b"true", "memberCount": b"7"}
    >>> totals([Member(key, raw, 0, 0) for key, raw in said.items()])
    [30, None]
    """
    words = ((one.key, word_of(one)) for one in members if not is_blank(one.raw))
    # Nothing is said by what only holds something: `{已结束: [...], 进行中: [...]}` was heard as one that goes on.
    said = {in_english(named(key)): word for key, word in words if word is not None}
    said |= dict.fromkeys(
        ["nextlink"] * any(_NEXT.fullmatch(rel) for one in members for rel in links_in(one.raw)), "true"
    )
    told = [(named(key), number) for key, raw, *_ in members if (number := total(key, raw)) is not None]
    # jqGrid: `total` is of pages there, and `records` the total
    records = said.get("records", "")
    is_of_pages = "page" in said and records.isdecimal() and len(records) <= LONGEST_WORD
    if is_of_pages:
        told = [("records", int(records)), *(one for one in told if one[0] != "total")]
    is_place = bool(told or said.keys() & _STARTS)
    forms = [(_FLAG.sub("", key), key, word) for key, word in said.items()]
    read = [(form, _flag(form, word, is_place=is_place, is_named=form != key)) for form, key, word in forms]
    flags = [(form, is_yes) for form, is_yes in read if is_yes is not None]
    # That nothing was cut off says nothing of the next page.
    is_more = [is_yes == (_END.fullmatch(key) is None) for key, is_yes in flags if not _is_of_cut(key)]
    # The only page may name itself, or the page behind it, as the next, and where it ends; a total beside it says that
    # this is all.
    has_total = any(number and (_OF_ALL.search(key) or key == "records") for key, number in told)
    if said.keys() & _CURRENT_KEYS and any(_OF_ALL.search(key) for key, _ in told):
        told = [one for one in told if one[0] != "count"]  # how many a page may have, as Slack writes it
    is_only_page = has_total or any(said[key] == "1" and _PAGES.fullmatch(key) for key in said.keys() - {"pagecount"})
    leads_on = (
        _NEXT.fullmatch(key) is not None
        and not (is_only_page and (key in ("nextpage", "pagenext") or (word.isdecimal() and "next" in key)))
        and not leads_nowhere(word)
        and (key not in _MAY_BE_TIME or _LEADING.match(word) is not None or not DATED.search(word.encode()))
        and (key not in ("next", "more") or word == "true" or _LEADING.match(word) is not None)
        for key, word in said.items()
    )
    # A cursor may be given with the last page as well: where a flag says that it is the last, that counts.
    more = any(is_more) or (not is_more and any(leads_on)) or any(yes for key, yes in flags if _is_of_cut(key))
    numbers_said = (_number_said(raw) or "" for key, raw, *_ in members if TOTAL.fullmatch(named(key)))
    more = more or any(map(_AT_LEAST.search, numbers_said)) or bool(_REL_NEXT.search(said.get("link", "")))
    more = more or _is_one_of_many(said, has_total=has_total, is_of_pages=is_of_pages)
    keys = {bare(one.key) for one in members}
    # What MongoDB has not given yet stays behind a cursor.
    more = more or (not keys.isdisjoint(("firstbatch", "nextbatch")) and said.get("id", "0") != "0")
    # With `confid` beside it, the number is that of the question.
    told = [one for one in told if not ("confid" in keys and one[0] in _ASKED_KEYS)]
    numbers = [AskedFor(number) if key in _ASKED_KEYS else number for key, number in told]
    return [*numbers, *([None] if more else [])]


def _flag(key: str, word: str, *, is_place: bool, is_named: bool) -> bool | None:
    """Return what a flag about more pages says, as yes or no, a number or in words; None of what is none. `end` may be
    a place among all, unless its key names a flag."""
    if not any(form.fullmatch(key) for form in (_MORE, _SHORTENED, CUT, _END)):
        return None
    may_be = is_named or key.startswith(("is", "has", "have", "are", "no"))
    may_be = may_be or (key not in _WORDS and (key.startswith("more") or CUT.fullmatch(key) is not None))
    may_be = may_be or "truncated" in key
    if word in YES | NO:
        is_sure = not word.lstrip("-").isdecimal() or may_be or key == "eof" or (key == "end" and not is_place)
        return word in YES if is_sure else None
    if word.isdecimal():  # how many more there are
        return True if may_be and _MORE.fullmatch(key) and word.strip("0") else None
    is_more = None if key in _WORDS and not is_named else says_more(word)
    return None if is_more is None else is_more == (_END.fullmatch(key) is None)


@lru_cache(maxsize=1024)
def says_more(word: str) -> bool | None:
    """Return whether a word that stands under such a key says that there is more; None of one that says nothing of it.

    Examples
    --------
    >>> [says_more(word) for word in ("有更多", "未结束", "没有更多", "end", "eyJpZCI6")]
    [True, True, False, False, None]
    """
    said = in_english(re.sub(r"[\s。.!！_-]", "", word)) if len(word) <= LONGEST_WORD else ""
    other = _NOT.sub(r"\1", said)
    if _END.fullmatch(said) or (other != said and any(form.fullmatch(other) for form in (_MORE, _SHORTENED, CUT))):
        return False
    is_said = any(form.fullmatch(said) for form in (_MORE, _SHORTENED, CUT))
    return True if is_said or (other != said and _END.fullmatch(other)) else None


def _is_of_cut(key: str) -> bool:
    """Return whether a flag says that a list was cut: that it was not says nothing of the next page."""
    return CUT.fullmatch(key) is not None or _SHORTENED.fullmatch(key) is not None


def leads_nowhere(word: str) -> bool:
    """Return whether a word that stands where a link or a cursor does leads to no page."""
    return word in NO | _NOWHERE or says_nothing(word.encode("utf-8", "replace")) or says_more(word) is False


def _plainly(word: str) -> str:
    """Return a word as it is read, however it was written: without blanks around it, and a whole number without a
    point."""
    word = word.strip()
    whole = _WHOLE.fullmatch(word) if len(word) <= LONGEST_WORD else None
    return whole[1] if whole else word


def _decoded(raw: bytes) -> Any:
    """Return a value, also where a list or an object only wraps it; nothing of what is as long as the records."""
    read = read_value(raw) if len(raw) <= _LONGEST_LINKS else None
    value = scalar(read.value) if read else None
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def word_of(member: Member) -> str | None:
    """Return what a member says as a word, also where an object holds it: a link, or a text of XML; None of a list or
    an object that says no word."""
    if member.raw[:1] not in (b"[", b"{"):
        is_escaped = b"\\" in member.raw and len(member.raw) <= _LONGEST_LINKS
        text = _decoded(member.raw) if is_escaped else None
        return _plainly(text.casefold() if isinstance(text, str) else as_word(member.raw))
    value = _decoded(member.raw) if member.raw[:1] == b"{" or len(member.raw) <= _LONGEST_WRAP else None
    if not isinstance(value, dict):
        return None if value is None or isinstance(value, list) else _plainly(str(value).casefold())
    if value and bare(member.key) in ("lastevaluatedkey", "continue"):
        return "true"
    if place := next((value[one] for one in _PLACE_KEYS if value.get(one)), None):
        return f"?{place}"
    said = next((value[one] for one in (*_TEXT_KEYS, "code") if one in value), "")
    return _plainly(str(said).casefold()) or None


def links_in(raw: bytes) -> Iterator[str]:
    """Yield where each of a list of links leads, as its `rel` says, bare; nothing of those that lead nowhere."""
    read = read_value(raw) if len(raw) <= _LONGEST_LINKS and _LINKS.match(raw) else None
    links = read.value if read else ()
    for link in [links] if isinstance(links, dict) else links:
        said = {bare(key): one for key, one in link.items()} if isinstance(link, dict) else {}
        rels = said.get("rel", said.get("relation"))
        if any(said.get(one) for one in _TEXT_KEYS):
            words = " ".join(map(str, rels)) if isinstance(rels, list) else str(rels)
            yield from (bare(re.split("[/:]", word)[-1]) for word in words.split())


def _is_one_of_many(said: Mapping[str, str], *, has_total: bool, is_of_pages: bool) -> bool:
    """Return whether a page says that there are others; where pages are counted from 0, the first one is 0."""
    short = [one for one in said.items() if len(one[1]) <= LONGEST_WORD]
    # `pageCount` may be how many records the page has: a total says better how many there are.
    numbers = [
        _NUMBER_OF_PAGES.fullmatch(word)
        for key, word in short
        if (_PAGES.fullmatch(key) and not (has_total and key == "pagecount")) or (is_of_pages and key == "total")
    ]
    numbers += (_PAGE_OF_PAGES.fullmatch(word) for key, word in short if key in _CURRENT_KEYS | _PLACES)
    return any(number is not None and int(number[1]) > 1 for number in numbers)


def is_count(member: Member) -> bool:
    """Return whether a member only counts or pages, and holds no record."""
    key = named(member.key)
    is_counting = key in _COUNTING or TOTAL.fullmatch(key) is not None or pages(key)
    return key in COUNT_KEYS or (is_counting and member.raw[:1] not in (b"[", b"{"))


@lru_cache(maxsize=4096)
def pages(key: str) -> bool:
    """Return whether a bare key is one that only a page has."""
    key = in_english(key)
    flag = _FLAG.sub("", key)
    is_told = any(form.fullmatch(flag) for form in (_MORE, _SHORTENED, _END)) or any(
        form.fullmatch(key) for form in (_NEXT, _PAGES)
    )
    return key in _PAGING or (is_told and flag not in _WORDS)


def is_heard(key: str) -> bool:
    """Return whether something is read under a key of how many there are, whatever stands there."""
    names = {name := named(key), _FLAG.sub("", in_english(name))}
    forms = (TOTAL, _MORE, _SHORTENED, CUT, _END, _NEXT, _PAGES)
    known = _COUNTING | _CURRENT_KEYS | _STARTS
    return not known.isdisjoint(names) or any(form.fullmatch(one) for form in forms for one in names)


def as_word(raw: bytes) -> str:
    """Return a value that is no list and no object as a word without case."""
    return raw.strip(b'" \t\r\n').decode("utf-8", "replace").casefold()


def says_nothing(word: bytes) -> bool:
    """Return whether a value that stands in place of records says that there are none."""
    # Most values are lists of megabytes: only what is short is looked at.
    said = as_word(word).rstrip("。.!！") if len(word) <= LONGEST_WORD else "…"
    return said in _NOTHING or _SAYS_NONE.fullmatch(said) is not None
