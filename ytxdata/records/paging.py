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

_COUNTING = COUNT_KEYS | TOTAL_KEYS | _PAGING | frozenset({"current", "limit", "offset", "took", "value", "relation"})
"""Keys that hold no record where a word or a number stands under them, plain."""

_PAGE_KEYS = frozenset(
    {
        "page", "pageinfo", "paging", "pager", "pagination", "pageable", "paginator", "meta", "metadata", "分页"
    }
)  # fmt: skip
"""Keys under which an object describes the list beside it, plain, whatever else it says."""

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
    key = plain(member.key)
    return key in COUNT_KEYS or (key in _COUNTING and member.raw[:1] not in (b"[", b"{"))


def is_page(key: str, members: Sequence[Member]) -> bool:
    """Return whether an object under a key describes the list around it. One that counts and does not page may count
    anything.
    """
    return plain(key) in _PAGE_KEYS or all(map(is_count, members)) or any(plain(one.key) in _PAGING for one in members)
