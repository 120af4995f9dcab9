"""How an answer counts and pages: how many records it says there are, and whether there are more."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
        "recordcount", "totalrow", "totalrows", "rowcount", "totalelements", "totalitems", "totalresults", "总数", "总条数",
        "总记录数"
    }
)  # fmt: skip
"""Keys with which a wrapper says how many records it holds, plain; a size may be that of a page."""

_OF_PAGE = frozenset({"count", "recordcount", "rowcount"})
"""Those of them that may count what is on the page alone."""

OTHER_THINGS = frozenset({"quota", "balance", "usage", "unread", "messages", "notices"})
"""Keys under which an object counts something else than the list beside it, plain."""

_MORE_KEYS = frozenset({"hasmore", "hasnext", "hasnextpage"})
_END_KEYS = frozenset({"isend", "islast", "islastpage"})
_NEXT_KEYS = frozenset({"nextcursor", "nextpage", "nexttoken", "nextpagetoken"})
_PAGING = frozenset(
    {
        "page", "pages", "pageno", "pagenum", "pagesize", "pagecount", "currentpage", "perpage", "totalpage",
        "totalpages", "hasprev", "hasprevious", "haspreviouspage", "isfirst", "isfirstpage", "prevpage", "prevcursor"
    }
).union(_MORE_KEYS, _END_KEYS, _NEXT_KEYS)  # fmt: skip
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

_PARTS = frozenset({"links", "orders", "sort", "navigatepagenums", "errors"})
"""Keys under which frameworks list what describes a page, plain."""

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

_DATED = re.compile(rb"\d{4}\D\d\d?\D\d\d?\D{1,2}\d\d:|\d{8}")
_ODD = re.compile(r"[@$#.]")

_YES = frozenset({"true", "1", "y", "yes", "是"})
_NO = frozenset({"false", "0", "-1", "n", "no", "none", "否"})

_NUMBER = re.compile(
    r"(?:共|约)?\s*(\d{1,3}(?:[,，]\d{3})+|\d{1,9})(?:\.0*)?\s*(?:[条场个项行笔次件](?:记录|会议|数据)?)?"
)


def total(key: str, raw: bytes) -> int | None:
    """Return how many records a member says there are, if it says that: a number in any usual form.

    Examples
    --------
    >>> [total("total", raw) for raw in (b"30", b"30.0", b'"1,234"', b"-1", b'{"value":30,"relation":"eq"}')]
    [30, 30, 1234, None, 30]
    """
    if plain(key) not in TOTAL_KEYS:
        return None
    read = read_value(raw)
    said = read.value if read else None
    if isinstance(said, dict):
        said = said.get("value")
    match = None if isinstance(said, (bool, list)) else _NUMBER.fullmatch(str(said).strip())
    return int(re.sub(r"\D", "", match[1])) if match else None


def totals(members: Sequence[Member]) -> list[int | None]:
    """Return what members say of the number of records: how many there are; None: more than are here."""
    plain_ones = [one for one in members if not is_blank(one.raw) and one.raw[:1] not in (b"[", b"{")]
    said = {plain(one.key): as_word(one.raw) for one in plain_ones}
    is_more = [(word in _YES) == (key in _MORE_KEYS) for key, word in said.items() if key in _MORE_KEYS | _END_KEYS]
    # A cursor may be given with the last page as well: where a flag says that it is the last, that counts.
    told = [(plain(key), number) for key, raw, *_ in members if (number := total(key, raw)) is not None]
    # The only page may name itself, or the page behind it, as the next; a total beside it says that this is all.
    has_total = any(number and key not in _OF_PAGE for key, number in told)
    leads_on = (
        key in _NEXT_KEYS and not (has_total and key == "nextpage") and word not in _NO for key, word in said.items()
    )
    more = any(is_more) or (not is_more and any(leads_on))
    numbers = [number for _, number in told]
    return [*numbers, None] if more else [*numbers]


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
    return as_word(word).rstrip("。.!！") in _NOTHING


def is_empty_list(member: Member) -> bool:
    """Return whether a member of which no record came is the empty list of a wrapper."""
    key = bare(member.key)
    return (key in _LIST_KEYS and member.raw[:1] in (b"[", b"{")) or (key == "page" and b"[" in member.raw)


def is_part(key: str, raw: bytes) -> bool:
    """Return whether a member is a list that frameworks give with each page: links, orders, numbers of pages."""
    if plain(key) not in _PARTS or raw[:1] != b"[":
        return False
    read = read_value(raw)
    return read is not None and all(
        {bare(name) for name in one} <= _PART_WORDS
        and not any(isinstance(inner, (dict, list)) for inner in one.values())
        if isinstance(one, dict)
        else not (isinstance(one, list) or _DATED.search(str(one).encode()))
        for one in read.value
    )


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
    return plain(key) in _PAGE_KEYS or all(map(is_count, members)) or any(plain(one.key) in _PAGING for one in members)
