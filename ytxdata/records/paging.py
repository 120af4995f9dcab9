"""How an answer counts and pages: how many records it says there are, and whether there are more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ytxdata.records.json_values import read_value
from ytxdata.records.schema import plain
from ytxdata.records.spans import Member, is_blank

COUNT_KEYS = frozenset(
    {"total", "count", "size", "num", "page", "pagesize", "pageno", "pagenum", "pages", "totalcount"}
)
"""Keys with which a wrapper describes its list, plain: an object of these alone holds no record."""

TOTAL_KEYS = frozenset(
    {
        "total", "count", "totalcount", "totalnum", "totalsize", "totalrecord", "totalrecords", "recordstotal",
        "recordcount", "totalrow", "totalrows", "rowcount", "totalelements", "totalitems", "totalresults", "totalentries",
        "totalrecordcount", "totalmeetings", "itotalrecords", "odatacount", "allcount", "resultcount", "itemcount",
        "recordtotal", "meetingcount", "总数", "总条数", "总记录数"
    }
)  # fmt: skip
"""Keys with which a wrapper says how many records it holds, plain; a size may be that of a page."""

_OF_PAGE = frozenset({"count", "recordcount", "rowcount", "resultcount", "itemcount", "meetingcount"})
"""Those of them that may count what is on the page alone."""

_ASKED_KEYS = frozenset({"meetingcount"})
"""Those of them under which the question asks for a number, plain: an answer may repeat it."""

OTHER_THINGS = frozenset({"quota", "balance", "usage", "unread", "messages", "notices"})
"""Keys under which an object counts something else than the list beside it, plain."""

_MORE_KEYS = frozenset({"hasmore", "hasnext", "hasnextpage", "hasmorepages", "more", "istruncated"})
_END_KEYS = frozenset({"isend", "islast", "islastpage", "last"})
_NEXT_KEYS = frozenset(
    {
        "nextcursor", "nextpage", "nexttoken", "nextpagetoken", "nextpageurl", "nexturl", "nextlink", "odatanextlink",
        "nextmarker", "nextoffset", "continuationtoken", "lastevaluatedkey", "remaining", "next"
    }
)  # fmt: skip
_PAGES_KEYS = frozenset({"pages", "totalpage", "totalpages", "lastpage", "pagecount", "pagetotal"})
_CURRENT_KEYS = frozenset(
    {"page", "pageno", "pagenum", "pagenumber", "pageindex", "currentpage", "currpage", "curpage", "current", "number"}
)
_LEADING = re.compile(r"https?:|[/?]|\d+$")
"""What `next` says where it leads to a page: an address or a number; it may as well be a word."""
_PAGING = frozenset(
    {
        "page", "pages", "pageno", "pagenum", "pagesize", "pagecount", "currentpage", "perpage", "totalpage",
        "totalpages", "lastpage", "hasprev", "hasprevious", "haspreviouspage", "isfirst", "isfirstpage", "prevpage",
        "prevcursor"
    }
).union(_MORE_KEYS, _END_KEYS, _NEXT_KEYS) - {"more", "last", "next", "remaining"}  # fmt: skip
"""Keys that only a page has, plain."""

_COUNTING = (
    COUNT_KEYS | TOTAL_KEYS | _PAGING | frozenset({"current", "limit", "offset", "took", "value", "relation", "xsinil"})
)
"""Keys that hold no record where a word or a number stands under them, plain."""

_PAGE_KEYS = frozenset(
    {
        "page", "pageinfo", "paging", "pager", "pagination", "pageable", "paginator", "meta", "metadata", "分页", "sort",
        "links"
    }
)  # fmt: skip
"""Keys under which an object describes the list beside it, plain, whatever else it says."""

_PARTS = {
    **dict.fromkeys(("links", "orders", "sort", "navigatepagenums", "errors"), b"["),
    **dict.fromkeys(("self", "first", "prev", "previous", "next", "last"), b"{"),
}
"""Keys under which frameworks list what describes a page, plain, and links of their own, with their brackets."""

_PART_WORDS = frozenset(
    {
        "url", "label", "active", "page", "rel", "href", "hreflang", "media", "type", "title", "templated", "method",
        "profile", "deprecation", "column", "asc", "property", "direction", "ignorecase", "nullhandling", "ascending",
        "descending", "code", "message", "msg", "field", "reason"
    }
)  # fmt: skip
"""All that the entries of such lists say, plain."""

_LIST_KEYS = frozenset(
    {
        "list", "rows", "records", "record", "data", "datas", "datalist", "items", "item", "result", "results",
        "resultlist", "resultset", "return", "response", "body", "content", "elements", "edges", "nodes", "values",
        "value", "meetings", "meeting", "meetinglist", "meetinginfo", "meetingrecords", "conferences", "conferencelist",
        "confs", "conflist", "cdr", "cdrs", "cdrlist", "recordlist", "outdata", "列表", "数据", "记录", "会议"
    }
)  # fmt: skip
"""Keys under which a wrapper has its list, plain: an empty one there holds no meeting, whatever stands beside it."""

_NOTHING = frozenset(
    {
        "", "null", "none", "nil", "-", "--", "false", "0", "[null]", "no data", "nodata", "empty", "无", "空", "无数据",
        "暂无数据", "没有数据", "查无数据", "无记录", "暂无记录", "没有记录", "查无记录", "暂无会议", "没有会议", "无会议"
    }
)  # fmt: skip
"""Words that stand in place of records where there are none."""

_LONGEST_WORD = 60

_DATED = re.compile(rb"\d{4}\D\d\d?\D\d\d?\D{1,2}\d\d:|\d{8}")
_ODD = re.compile(r"[@$#.]")

_YES = frozenset({"true", "1", "y", "yes", "是"})
_NO = frozenset({"false", "0", "-1", "n", "no", "none", "否"})

_TEXT_KEYS = ("value", "#text", "$", "_text", "href", "url")
"""Under which an object has the one thing that it says."""

_NUMBER = re.compile(
    r"(?:共|约)?\s*(\d{1,3}(?:[,，]\d{3})+|\d{1,9})(?:\.0*)?\s*(?:[条场个项行笔次件](?:记录|会议|数据)?)?"
)


class AskedFor(int):
    """A number under a key of the question, which an answer may repeat."""


def total(key: str, raw: bytes) -> int | None:
    """Return how many records a member says there are, if it says that: a number in any usual form.

    Examples
    --------
    >>> [total("total", raw) for raw in (b"30", b"30.0", b'"1,234"', b"-1", b'{"value":30,"relation":"eq"}')]
    [30, 30, 1234, None, 30]
    """
    if bare(key) not in TOTAL_KEYS:
        return None
    read = read_value(raw)
    said = read.value if read else None
    if isinstance(said, dict):
        said = next((said[one] for one in _TEXT_KEYS if one in said), None)
    match = None if isinstance(said, (bool, list)) else _NUMBER.fullmatch(str(said).strip())
    return int(re.sub(r"\D", "", match[1])) if match else None


def totals(members: Sequence[Member]) -> list[int | None]:
    """Return what members say of the number of records: how many there are; None: more than are here."""
    said = {bare(one.key): _told(one) for one in members if not is_blank(one.raw) and one.raw[:1] != b"["}
    # Under `last` and `more` an address, a time or a number may stand: they are flags where they say yes or no.
    flags = {
        key: word in _YES
        for key, word in said.items()
        if key in _MORE_KEYS | _END_KEYS and (key not in ("last", "more") or word in ("true", "false"))
    }
    is_more = [is_yes == (key in _MORE_KEYS) for key, is_yes in flags.items()]
    # A cursor may be given with the last page as well: where a flag says that it is the last, that counts.
    told = [(bare(key), number) for key, raw, *_ in members if (number := total(key, raw)) is not None]
    # The only page may name itself, or the page behind it, as the next; a total beside it says that this is all.
    has_total = any(number and key not in _OF_PAGE for key, number in told)
    leads_on = (
        key in _NEXT_KEYS
        and not (has_total and key == "nextpage")
        and word not in _NO
        and (key != "next" or _LEADING.match(word) is not None)
        for key, word in said.items()
    )
    more = any(is_more) or (not is_more and any(leads_on)) or _is_one_of_many(said, has_total=has_total)
    # With `confid` beside it, the number is that of the question.
    has_question = any(bare(one.key) == "confid" for one in members)
    numbers = [
        AskedFor(number) if key in _ASKED_KEYS else number
        for key, number in told
        if not (key in _ASKED_KEYS and has_question)
    ]
    return [*numbers, None] if more else [*numbers]


def _told(member: Member) -> str:
    """Return what a member says as a word, also where an object holds it: a link, or a text of XML."""
    if member.raw[:1] != b"{":
        return as_word(member.raw)
    read = read_value(member.raw)
    value = read.value if read and isinstance(read.value, dict) else {}
    if bare(member.key) == "lastevaluatedkey" and value:
        return "true"
    return str(next((value[one] for one in _TEXT_KEYS if one in value), "")).casefold() or "no"


def _is_one_of_many(said: Mapping[str, str], *, has_total: bool) -> bool:
    """Return whether a page says that there are others; where pages are counted from 0, the first one is 0."""
    if not said.keys() & _CURRENT_KEYS:
        return False
    # `pageCount` may be how many records the page has: a total says better how many there are.
    pages = [
        int(word)
        for key, word in said.items()
        if key in _PAGES_KEYS and word.isdecimal() and not (has_total and key == "pagecount")
    ]
    return any(number > 1 for number in pages)


def as_word(raw: bytes) -> str:
    """Return a value that is no list and no object as a word without case."""
    return raw.strip(b'" \t\r\n').decode("utf-8", "replace").casefold()


def is_count(member: Member) -> bool:
    """Return whether a member only counts or pages, and holds no record."""
    key = bare(member.key)
    return key in COUNT_KEYS or (key in _COUNTING and member.raw[:1] not in (b"[", b"{"))


def bare(key: str) -> str:
    """Return a key plain, and without the marks that XML and OData put to it.

    Examples
    --------
    >>> bare("@odata.count"), bare("$values")
    ('odatacount', 'values')
    """
    return _ODD.sub("", plain(key))


def says_nothing(word: bytes) -> bool:
    """Return whether a value that stands in place of records says that there are none."""
    # Most values are lists of megabytes: only what is short is looked at.
    return len(word) <= _LONGEST_WORD and as_word(word).rstrip("。.!！") in _NOTHING


def is_empty_list(member: Member) -> bool:
    """Return whether a member of which no record came is the empty list of a wrapper."""
    key = bare(member.key)
    return (key in _LIST_KEYS and member.raw[:1] in (b"[", b"{")) or (key == "page" and b"[" in member.raw)


def is_part(key: str, raw: bytes) -> bool:
    """Return whether a member is what frameworks give with each page: links, orders, numbers of pages."""
    if raw[:1] != _PARTS.get(bare(key)):
        return False
    read = read_value(raw)
    return read is not None and all(map(_is_entry, read.value if isinstance(read.value, list) else [read.value]))


def _is_entry(value: Any) -> bool:
    """Return whether a value says only what links and orders say: neither a time nor a long number, as records do."""
    if isinstance(value, dict):
        is_flat = not any(isinstance(inner, (dict, list)) for inner in value.values())
        return is_flat and {bare(name) for name in value} <= _PART_WORDS
    return not (isinstance(value, list) or _DATED.search(str(value).encode()))


def describes_page(key: str, raw: bytes) -> bool:
    """Return whether an object that holds no record describes a page, by its key, and could be nothing else."""
    return plain(key) in _PAGE_KEYS and not _DATED.search(raw)


def has_own_list(key: str, members: Sequence[Member]) -> bool:
    """Return whether an object under a key has a list that is its own, though nothing came out of it."""
    return plain(key) not in _PAGE_KEYS and any(
        one.raw[:1] == b"[" and not is_part(one.key, one.raw) for one in members
    )


def is_page(key: str, members: Sequence[Member]) -> bool:
    """Return whether an object under a key describes the list around it. One that counts and does not page may count
    anything.
    """
    return (
        plain(key) in _PAGE_KEYS | {"data"}
        or all(map(is_count, members))
        or any(plain(one.key) in _PAGING for one in members)
    )
