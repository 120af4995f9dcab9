"""What an answer says it could not give: errors, lists of what failed, parts of a store that did not reply; and what a
list that people keep says in words of being only a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ytxdata.labels import plain_words
from ytxdata.records.aliases import DEFAULT, bare, plain
from ytxdata.records.json_values import read_value
from ytxdata.records.paging import LONGEST_WORD, NO, UNIT, as_word, pages, says_nothing, totals
from ytxdata.records.siblings import is_of_meeting
from ytxdata.records.spans import Member
from ytxdata.times import parse_instant

LOST = -1
"""What says that some could not be given at all: an answer that is full proves nothing either."""

_FAILED_KEYS = re.compile("errors|failures|(fail(?:ed)?(?:ids?|list|items|records|meetings)?|失败(?:会议|列表)?)")
_BEGAN = re.compile("(?<!re)start|begin|开始|(?:meet(?:ing)?|conf(?:erence)?|会议)(?:time|时间)$")
_FAILURE = r"errors?|fail(?:ed|ures?|s)?|exceptions?|problems?|错误|失败|异常|报错|故障|问题"
_WENT_WELL = re.compile(
    "ok|success(?:ful(?:ly)?)?|succeeded|(?:操作|请求|查询|提交|处理|执行)?(?:成功|正常)|200"
    rf"|(?:no|none|无|没有|未(?:发现|出现|发生|见)?|0+)\s*(?:{_FAILURE})的?{UNIT}|0+\s*{UNIT}(?:\s*(?:{_FAILURE}))?"
)
"""All that stands among errors where there was none: with any other word beside it, something failed."""


def totals_and_losses(members: Sequence[Member]) -> list[int | None]:
    """Return what members say of the number of records, see `totals`, and `LOST` where some could not be given.

    Examples
    --------
    >>> said = {"total": b"30", "errors": b'["timeout"]'}
    >>> totals_and_losses([Member(key, raw, 0, 0) for key, raw in said.items()])
    [30, -1]
    """
    is_lost = any(_names_failure(bare(one.key), one.raw) or _has_failed_shards(one) for one in members)
    return [*totals(members), *([LOST] if is_lost else [])]


def _names_failure(key: str, raw: bytes) -> bool:
    """Return whether errors have any word but that all went well; meetings listed by how they ended tell a start."""
    found = _FAILED_KEYS.fullmatch(key)
    read = read_value(raw) if found and (len(raw) > 9 or raw.strip(b'"0123456789.')) else None
    waiting = [read.value] if read else []
    for one in waiting:  # it grows
        if isinstance(one, dict) and not (found and found[1] and _began(one)):
            # which page of them this is, is none of their ids; alone, it is what failed
            waiting += (it for k, it in one.items() if len(one) < 2 or not (pages(bare(k)) and str(it).isdecimal()))
        elif isinstance(one, list):
            waiting += [str(it) if type(it) is int else it for it in one]
        elif isinstance(one, str) and _is_failure(one):
            return True
    return False


def _began(failed: dict[str, Any]) -> bool:
    """Return whether what failed says when it began; inside, as a column of it, and beside no word of a failure."""
    if any(_BEGAN.search(plain(key)) for key in failed) or "started_at" in DEFAULT.columns(failed).values():
        return True
    inside = [it for key, it in failed.items() if isinstance(it, dict) and is_of_meeting(key)]
    words = (str(it or "") for own in (failed, *inside) for key, it in own.items() if re.search(_FAILURE, plain(key)))
    return any("started_at" in DEFAULT.columns(it).values() for it in inside) and not any(map(_is_failure, words))


def _is_failure(text: str) -> bool:
    """Return whether a text among errors is any but that there were none."""
    word = as_word(said := text.encode("utf-8", "replace")).rstrip("。.!！")
    return len(text) > LONGEST_WORD or not (word in NO or _WENT_WELL.fullmatch(word) or says_nothing(said))


def _has_failed_shards(member: Member) -> bool:
    """Return whether Elasticsearch says that it could not ask a part of what it holds."""
    read = read_value(member.raw) if bare(member.key) == "shards" else None
    return read is not None and isinstance(read.value, dict) and str(read.value.get("failed") or "0") != "0"


# ── lists that people keep ──
_COUNTED = r"(?:条|行|笔|场|项|(?:records?|rows?|entries|lines|results|items|meetings|calls|connections)\b)"
_PART = r"(?:页|部分)"
_PAGE = re.compile(
    rf"第\s*(?P<a>\d+)\s*{_PART}\W*(?:总?共|of)?\W*(?P<b>\d+)\s*{_PART}|(?P<c>\d+)\s*/\s*共?\s*(?P<d>\d+)\s*{_PART}"
    rf"|共\s*(?P<f>\d+)\s*{_PART}\W*(?:当前|本页|此为|这是)?\W*第\s*(?P<e>\d+)\s*{_PART}"
    r"|(?:页[码次]|\bpage|\bpart)\s*:?\s*(?P<g>\d+)\W*(?:/|of)\W*(?P<h>\d+)",
    re.IGNORECASE,
)
"""A page, and of how many it is one."""
_SHOWN = (
    r"本页|当前|本次|显示|导出|列出|展示|返回|\bshow(?:n|ing|s)?\b|\bdisplay(?:ed|ing|s)?\b|\bexported\b|\blisted\b"
)
_OF_MORE = re.compile(
    rf"(?:{_SHOWN})[^\d]{{0,12}}(?:\d+\s*(?:[-~]|至|到|to)\s*第?\s*)?(?P<n>\d+)\s*(?P<u>{_COUNTED})?[^\d]{{0,8}}?"
    rf"(?:共|总|全部|\bof\b|/)[^\d]{{0,8}}(?P<m>\d++)\s*+(?:(?P<v>{_COUNTED})|(?![\w.]))",
    re.IGNORECASE,
)
"""How many lines are shown, and of how many: meetings are not of connections."""
_FIRST = re.compile(
    rf"(?:[仅只]|最多|至多)[能可会限]?(?:{_SHOWN}|查询|保留|包含|提供)[^\d]{{0,10}}(\d+)\s*{_COUNTED}|前\s*(\d+)\s*{_COUNTED}"
    rf"|\b(?:only|first|top|latest|last|at most|up to|limited to)\s+(?:the\s+)?(?:first\s+|latest\s+|last\s+)?(\d+)\s+(?:\w+\s+)?{_COUNTED}",
    re.IGNORECASE,
)
"""A limit: it cuts a list that has as many lines."""
_MORE = re.compile(
    rf"(?:还有|另有|其余|余下|剩余)[^,。;]{{0,16}}(?:[未不]|没有?)能?(?:{_SHOWN}|加载)|(?:其余|余下|剩余)[^,。;]{{0,8}}略\W*$"
    r"|(?:数据|结果|清单|列表|记录)(?:已|被|已被)?截断|^\W*已?被?截断\W*$"
    r"|(?<!未)(?<!没有)(?:达到?|超[出过])[^,。;]{0,8}(?:导出|显示|查询|条数|行数|记录数?)[^,。;]{0,4}(?:上限|限制)"
    r"|^[^如若]*(?:数据|清单|列表|记录|明细)(?:并?不完整|不全|未全部)"
    rf"|\btruncated\b|\b\d+ more {_COUNTED}|\band \d+ more\b|\bpartial (?:list|data|results?|export)\b"
    rf"|\bnot all {_COUNTED} (?:are|were) (?:shown|listed|displayed|exported|included)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"未完待续|[转接续见]下页|下页续|to be continued|continued (?:on|over)", re.IGNORECASE)
"""That a page goes on: in a list of all pages the next one stands below."""


_FIGURE = re.compile(r"[\s\d.,:¥￥元-]*\d[\s\d.,:¥￥元-]*")


def is_of_cut(words: Sequence[str]) -> bool:
    """Say whether a line is words that tell of pages or of more, and holds neither a time nor a figure.

    Examples
    --------
    >>> is_of_cut(["第1页，共3页", ""]), is_of_cut(["8001", "2026-03-01 08:00", "第1页，共3页"]), is_of_cut(["三楼"])
    (True, False, False)
    """
    text = _as_read(" ".join(words))
    is_told = any(one.search(text) for one in (_PAGE, _OF_MORE, _FIRST, _MORE, _GOES_ON))
    return is_told and not any(parse_instant(one.strip()) or _FIGURE.fullmatch(one) for one in words)


def cut_at(notes: Sequence[tuple[int, str]], lines: Sequence[int], n_rows: int) -> list[int]:
    """Return the places of notes by which a list is only a part, of which nobody knows what is on the rest.

    All pages of a list may stand below each other, and a limit, or a number of all, that its lines reach or stay below
    leaves nothing out.

    Parameters
    ----------
    notes
        Each with its place: what stands above, below and between the lines.
    lines, n_rows
        The places of its lines, and how many there are with totals and notes.

    Examples
    --------
    >>> [cut_at([(9, one)], range(2, 9), 8) for one in ("第1页，共3页", "仅显示前 7 条记录", "本页 7 条，共 9 条", "转下页")]
    [[9], [9], [9], [9]]
    >>> [cut_at([(9, one)], range(2, 9), 8) for one in ("第1页，共1页", "最多显示 1,000 条", "本页 7 条，共 7 条", "共3页")]
    [[], [], [], []]
    >>> cut_at([(4, "Page 1 of 2"), (9, "Page 2 of 2")], range(2, 9), 8)
    []
    """
    texts = [(place, _as_read(text)) for place, text in notes]
    pages = [(place, *one) for place, text in texts for one in _pages(text)]
    told = {page for _, page, _ in pages}
    found = {place for place, _, n in pages if not {*range(1, min(n, len(told) + 1) + 1)} <= told}
    for place, text in texts:
        is_less = any(
            int(one["m"]) > max(len(lines), int(one["n"])) and len({one["u"], one["v"]} - {None}) == 1
            for one in _OF_MORE.finditer(text)
        )
        is_full = any(len(lines) <= int(next(filter(None, one.groups()))) <= n_rows for one in _FIRST.finditer(text))
        goes_on = _GOES_ON.search(text) and place >= max(lines, default=0)
        found |= {place} if is_less or is_full or goes_on or _MORE.search(text) else set()
    return sorted(found)


def _as_read(text: str) -> str:
    return re.sub(r"(?<=\d),(?=\d{3})", "", plain_words(text))


def _pages(text: str) -> Iterator[tuple[int, int]]:
    for one in _PAGE.finditer(text):
        page, n = (int(one[names[0]] or one[names[1]] or one[names[2]] or one[names[3]]) for names in ("aceg", "bdfh"))
        yield page, n
