"""What an answer says it could not give: errors, lists of what failed, parts of a store that did not reply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ytxdata.records.aliases import DEFAULT, bare, plain
from ytxdata.records.json_values import read_value
from ytxdata.records.paging import LONGEST_WORD, NO, UNIT, as_word, pages, says_nothing, totals
from ytxdata.records.siblings import is_of_meeting
from ytxdata.records.spans import Member

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
