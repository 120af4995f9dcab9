"""What is still possible: why a period is not proven, what would exclude that, and when it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from ytxdata.history.proof.evidence import Evidence
from ytxdata.history.proof.policy import DEFAULT_POLICY, Policy
from ytxdata.history.proof.reasons import CONFIRMABLE
from ytxdata.history.proof.verdict import waiting
from ytxdata.labels import Text

FEWEST = 14
"""So many meetings a list must hold before cuts can exclude luck: 14! / 2⁶ is above 10⁹."""


class Possible(NamedTuple):
    """What would make a claim false, and what would exclude it."""

    hypothesis: Text
    excluded_by: Text


_WITNESS = Text("用另一份清单（账单、控制台导出、话单）核对", "another list (a bill, a console export, call records)")
_NEXT = Text("再同步一次", "the next sync")

POSSIBLE: Mapping[str, Possible] = {
    "limit": Possible(
        Text("平台有上限，在 {low} 到 {high} 之间，恰好截掉了更早的", "a limit of the platform between {low} and {high} that cut off older ones"),
        Text("再有约 {n} 场会议", "about {n} more meetings"),
    ),
    "limit_any": Possible(
        Text("平台有未公开的上限", "a limit of the platform that nobody told us of"),
        Text("有一次更长的完整回答", "a longer full answer"),
    ),
    "settling": Possible(
        Text("有会议晚些时候才列出", "a meeting that is listed later"),
        Text("届时再同步一次", "a sync after that time"),
    ),
    "empty_so_far": Possible(
        Text("有会议而平台没有列出", "meetings that the platform does not list"),
        Text("最初几场会议之后再同步几次", "syncs after the first meetings"),
    ),
    "overlap": Possible(
        Text("这一段的更早部分没有读全", "an older part of this period was not read whole"),
        Text("有一次得到证实的完整回答", "a full answer that is confirmed"),
    ),
    "round": Possible(
        Text("{n} 条是平台的上限", "{n} records are a limit of the platform"),
        Text("有一次更长的回答", "a longer answer"),
    ),
    "forgotten": Possible(
        Text("截掉的或已被忘记的会议", "meetings that were cut off, or that the platform has forgotten"),
        _WITNESS,
    ),
    "not_understood": Possible(
        Text("没看懂的记录正是缺的会议", "what was not understood is a meeting that is missing"),
        Text("读懂那些记录（archive.rejects()），或用另一份清单核对", "understanding those records (archive.rejects()), or another list"),
    ),
    "vanishing": Possible(
        Text("别的会议也从列表里消失了", "others are missing from the list too"),
        _NEXT,
    ),
    "late": Possible(
        Text("别的会议也列出得很晚", "others are listed as late"),
        Text("设更长的沉淀期（settle），或用另一份清单核对", "a longer settling time (`settle`), or another list"),
    ),
    "clock": Possible(
        Text("那时问的时刻有误", "the time of asking was wrong"),
        _NEXT,
    ),
    "unknown_question": Possible(
        Text("文件只含一部分", "the file holds a part only"),
        Text("同步到存档（sync）", "syncing into an archive"),
    ),
}  # fmt: skip
"""Key → what is still possible."""

_OF_REASON = {
    "settling": "settling",
    "empty_so_far": "empty_so_far",
    "unanchored": "overlap",
    "cap_round": "round",
    "cap_equal": "forgotten",
    "cap_fewer": "forgotten",
    "fell_off": "forgotten",
    "before_first": "forgotten",
    "incomplete": "forgotten",
    "doubtful": "not_understood",
    "rejected": "not_understood",
    "collision": "not_understood",
    "contradiction": "not_understood",
    "no_start": "not_understood",
    "vanished": "vanishing",
    "reappeared": "late",
    "unreliable": "late",
    "clock": "clock",
    "saved": "unknown_question",
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is still possible of a period that is not proven.

    Parameters
    ----------
    hypothesis
        What would make the claim false.
    excluded_by
        What would exclude it.
    expected_at
        When that may be, from the pace of the account; None when nobody can tell.
    """

    hypothesis: Text
    excluded_by: Text
    expected_at: datetime | None = None


def outlook_on(reason: str, end: datetime, evidence: Evidence, policy: Policy = DEFAULT_POLICY) -> Outlook | None:
    """Return what is still possible of a period that ends at an instant; None where nothing is open: proven, or a gap."""
    if reason in CONFIRMABLE:
        return _until_confirmed(evidence, policy)
    key = _OF_REASON.get(reason)
    if key is None:
        return None
    at, n = None, 0
    if key == "settling":
        at = end + timedelta(seconds=evidence.settle_s)
    elif key == "overlap":
        at = _until_confirmed(evidence, policy).expected_at
    elif key == "round":
        n = max((one.n_records for one in evidence.windows if one.reason == reason), default=0)
        at = _after(1, evidence)
    return _outlook(key, at, n=n)


def _until_confirmed(evidence: Evidence, policy: Policy) -> Outlook:
    """Return which limits a full answer leaves possible, and how many meetings more exclude them."""
    waits = [one for one in waiting(evidence.windows) if one.n_records]
    if evidence.has_forgotten:
        return _outlook("forgotten", None)
    if not waits:
        return _outlook("limit_any", None)
    first, last = waits[0], waits[-1]
    size = max(one.largest for one in waits)
    is_broken = evidence.order_broken_at is not None and not evidence.order_shown
    room = max(policy.giant, 2 * size) if is_broken else max(policy.large, min(size, policy.giant // 2))
    n_for_bytes = ceil((first.n_bytes + room - last.n_bytes) * last.n_records / max(1, last.n_bytes))
    n = max(1, n_for_bytes, FEWEST - last.n_records)
    pace = _pace(evidence)
    if pace and evidence.last_asked_at:  # some have come since, in answers that were not full
        n = max(1, n - int((evidence.last_asked_at - last.asked_at) / pace))
    return _outlook("limit", _after(n, evidence), low=_kib(last.n_bytes), high=_kib(first.n_bytes + room), n=n)


def _outlook(key: str, at: datetime | None, **values: object) -> Outlook:
    possible = POSSIBLE[key]
    return Outlook(possible.hypothesis.format(**values), possible.excluded_by.format(**values), at)


def _after(n: int, evidence: Evidence) -> datetime | None:
    """Return when so many more meetings may have been held and settled, at the pace of the account so far."""
    pace = _pace(evidence)
    if pace is None or evidence.last_asked_at is None:
        return None
    return evidence.last_asked_at + n * pace + timedelta(seconds=evidence.settle_s)


def _pace(evidence: Evidence) -> timedelta | None:
    """Return the time between two meetings: from how much longer full answers became, else from how many lie in one."""
    windows = [one for one in evidence.windows if one.reason in (*CONFIRMABLE, "cap_round") and one.n_records]
    if not windows:
        return None
    first, last = windows[0], windows[-1]
    if last.n_records > first.n_records and last.asked_at > first.asked_at:
        return (last.asked_at - first.asked_at) / (last.n_records - first.n_records)
    since = last.oldest or last.lower
    return (last.asked_at - since) / last.n_records if last.asked_at > since else None


def _kib(n: int) -> str:
    return f"{n / 1024:,.0f} KiB"
