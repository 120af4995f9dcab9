"""Why a period has its verdict: texts as data. The rules know only the keys: verdict and sentence cannot disagree."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ytxdata.labels import Text

Verdict = Literal["PROVEN", "PROBABLE", "GAP"]

VERDICTS: tuple[Verdict, ...] = ("PROVEN", "PROBABLE", "GAP")
"""From best to worst."""


class Reason(NamedTuple):
    """A verdict with the sentence that explains it."""

    verdict: Verdict
    text: Text


def _proven(zh: str, en: str) -> Reason:
    return Reason("PROVEN", Text(zh, en))


def _probable(zh: str, en: str) -> Reason:
    return Reason("PROBABLE", Text(zh, en))


def _gap(zh: str, en: str) -> Reason:
    return Reason("GAP", Text(zh, en))


REASONS: dict[str, Reason] = {
    "anchored": _proven(
        "平台按从新到旧返回，且与此前存档的记录首尾相接",
        "the platform listed newest first, and its answers join on to what was archived before",
    ),
    "matured": _proven(
        "后来的完整回答更长，且没有带来更早的未知会议",
        "a later, longer full answer brought no unknown meeting from before",
    ),
    "full": _probable(
        "平台自己停止返回：可能是全部，也可能有未公开的上限；以后的同步可以证实",
        "the platform stopped by itself: all there is, or a hidden limit; a later sync can prove it",
    ),
    "empty_so_far": _probable(
        "平台至今没有给出任何会议：账户可能是新的，也可能暂时没有会议",
        "the platform has shown no meeting so far: the account may be new, or have had none yet",
    ),
    "settling": _probable(
        "太新：会议可能结束后才列出，尚未稳定",
        "too young: meetings may be listed only after they end, so this may still settle",
    ),
    "unanchored": _probable(
        "平台给满了所要的条数，但没有与已知记录充分衔接",
        "the platform gave as many as asked for, without enough overlap with what is known",
    ),
    "cap_round": _probable(
        "返回条数恰为 50 的倍数或 2 的幂，疑似平台上限",
        "a round number of records came: a limit of the platform is suspected",
    ),
    "cap_equal": _probable(
        "新会议进来、旧会议掉出，条数却不变：疑似平台上限",
        "new meetings came and old ones fell off, yet the number stayed: a limit of the platform is suspected",
    ),
    "cap_fewer": _probable(
        "要得更多却返回更少：疑似平台上限",
        "a larger question brought fewer records: a limit of the platform is suspected",
    ),
    "fell_off": _probable(
        "旧会议已不在平台的列表里：平台不再保留，或有上限",
        "old meetings are no longer in the platform's list: they are not kept there, or there is a limit",
    ),
    "rejected": _probable(
        "回答里有无法识别的记录",
        "the answer holds records that could not be understood",
    ),
    "collision": _probable(
        "同一会议号用于两场不同的会议",
        "one meeting id stands for two different meetings",
    ),
    "no_start": _probable(
        "太多记录没有开始时间，无法判断属于哪一段",
        "too many records have no start, so that nobody can say which period they belong to",
    ),
    "vanished": _probable(
        "有已存档的会议不再出现在应有的位置",
        "archived meetings are missing where they should be listed",
    ),
    "reappeared": _probable(
        "曾经消失的会议又出现了：平台的列表不稳定",
        "meetings that had vanished came back: the platform's lists are unsteady",
    ),
    "order_full": _probable(
        "平台不按从新到旧返回；只有完整回答可信，尚待证实",
        "the platform does not list newest first; only full answers count, and this one is not yet confirmed",
    ),
    "incomplete": _probable(
        "后来出现了这次回答里没有的会议",
        "later a meeting turned up that this answer should have shown",
    ),
    "unreliable": _probable(
        "曾有会议很晚才出现，或消失后又出现：平台的列表不可靠（同步时延长 settle 可重新证实）",
        "a meeting was listed very late, or was gone for a while: the platform's lists are unreliable "
        "(a longer `settle` in sync can prove anew)",
    ),
    "clock": _probable(
        "本机时钟后来倒退，不知道当时究竟何时所问",
        "this machine's clock went back afterwards, so nobody can tell when that was asked",
    ),
    "saved": _probable(
        "回答来自文件，不知道当时要了多少条",
        "the answer comes from a file that does not say how many records were asked for",
    ),
    "before_first": _probable(
        "早于第一次读到的最旧会议：平台没有给出更早的，是否曾有不得而知",
        "before the oldest meeting of the first reading: the platform showed nothing older, "
        "and nobody can tell whether there was",
    ),
    "not_read": _gap(
        "更早的会议没有读到：只要了或只给了最新的若干条",
        "older meetings were not read: only the newest few were asked for or given",
    ),
    "unreached": _gap(
        "回答没有回溯到上次读完的时段，中间的会议可能已丢失",
        "the answer did not reach back to what was read before; meetings in between may be lost",
    ),
    "order_broken": _gap(
        "平台不按从新到旧返回，这段时间的会议可能没有给出",
        "the platform does not list newest first, and may not have given the meetings of this time",
    ),
    "empty": _gap(
        "平台什么也没有返回，而存档里有会议",
        "the platform gave nothing although the archive holds meetings",
    ),
    "not_asked": _gap(
        "此后还没有读过",
        "nothing has been read since",
    ),
}
"""Key → verdict and sentence. A period's verdict is that of its reason."""

CONFIRMABLE = ("full", "order_full")
"""Reasons of a window that a longer answer can confirm: the platform stopped, and nothing speaks against it."""

UNSUSPICIOUS = ("full", "order_full", "anchored")
"""What may stand above a gap without proof: nothing speaks against these answers.

Were a suspicious answer (a round number, a fall-off) enough, one cut by a limit would paint over what the limit
swallowed.
"""

BLOCKING = ("rejected", "collision", "no_start", "reappeared", "vanished")
"""Reasons that keep a window from being proven, though what it holds joins on: a few missing ones are no gap."""

FORGETTING = ("fell_off", "cap_equal")
"""Reasons that say the platform no longer lists old meetings."""


def is_gap(reason: str) -> bool:
    """Say whether what has this reason is a gap."""
    return REASONS[reason].verdict == "GAP"
