"""Why a period has its verdict, and what a sync noticed: texts as data. The rules know only the keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from ytxdata.history.proof.evidence import Doubt, Evidence, Note, Window
from ytxdata.history.proof.window import Sighting
from ytxdata.labels import Text
from ytxdata.times import beijing_text

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
    "witnessed": _proven(
        "另一份清单逐行相符，合计也相符",
        "another list of what took place agrees line by line, and its total adds up",
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
    "doubtful": _probable(
        "回答自称的条数与实际读到的不符，或结尾缺失",
        "the answer says that it holds another number of records than was read, or its end is missing",
    ),
    "rejected": _probable(
        "回答里有无法识别的记录",
        "the answer holds records that could not be understood",
    ),
    "collision": _probable(
        "同一会议号用于两场不同的会议",
        "one meeting id stands for two different meetings",
    ),
    "contradiction": _probable(
        "同一次应答中同一会议有不同的记录",
        "an answer tells one meeting in several different records",
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
    "only_in_witness": _gap(
        "另一份清单里有、存档里没有的会议",
        "another list of what took place names a meeting that is not here",
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

BLOCKING = ("doubtful", "rejected", "collision", "contradiction", "no_start", "reappeared", "vanished")
"""Reasons that keep a window from being proven, though what it holds joins on: a few missing ones are no gap."""

FORGETTING = ("fell_off", "cap_equal")
"""Reasons that say the platform no longer lists old meetings."""


def is_gap(reason: str) -> bool:
    """Say whether what has this reason is a gap."""
    return REASONS[reason].verdict == "GAP"


NOTES: dict[str, Text] = {
    "vanished": Text(
        "{n} 场已存档的会议从平台的列表里消失（存档保留它们，只报告一次）",
        "{n} archived meetings vanished from the platform's list (the archive keeps them; told once)",
    ),
    "reappeared": Text(
        "{n} 场曾经消失的会议又出现了",
        "{n} meetings that had vanished came back",
    ),
    "late": Text(
        "{n} 场会议出现在已证实的时段里：该结论已撤回，平台的列表不可靠",
        "{n} meetings appeared inside a period that had been proven: that claim is revoked, "
        "the platform's lists are unreliable",
    ),
    "forgotten": Text(
        "平台已不再列出 {n} 场旧会议（存档保留它们，只说一次）",
        "the platform no longer lists {n} old meetings (the archive keeps them; told once)",
    ),
    "gap": Text(
        "{start} 至 {end}（北京时间）的会议可能已丢失",
        "meetings from {start} to {end} (Beijing time) may be lost",
    ),
    "clock": Text(
        "本机时钟现在是 {now}，早于上次同步的 {last}：两者必有一错，"
        "{until} 之后的结论全部收回，重新读到才再成立；请校准本机时钟",
        "this machine's clock says {now}, earlier than at the last sync ({last}): one of the two was wrong, "
        "so nothing after {until} is claimed until it is read again; set the clock right",
    ),
    "order": Text(
        "平台没有按从新到旧返回",
        "the platform did not list newest first",
    ),
    "cap": Text(
        "疑似平台有上限或保留期：{why}",
        "the platform seems to have a limit or to keep meetings for a while only: {why}",
    ),
    "category": Text(
        "平台似乎对{of_zh}各只保留最新的 {n} 条：更早的可能被隐藏，不能证实",
        "the platform seems to keep only the newest {n} of each {of_en}: what began before may be hidden and is not proven",
    ),
    "rejected": Text(
        "{n} 条记录无法识别，相应时段不能证实",
        "{n} records could not be understood; their period cannot be proven",
    ),
    "collision": Text(
        "{n} 个会议号各用于两场不同的会议",
        "{n} meeting ids each stand for two different meetings",
    ),
    "contradiction": Text(
        "{n} 场会议在同一次应答中各有不同的记录：各显示一条，其余列在 problems（same_id_again），原文都保留",
        "{n} meetings each have several different records in one answer: one of each is shown, `problems` names the others (same_id_again), and all texts are kept",
    ),
    "no_start": Text(
        "{n} 场会议没有开始时间，不属于任何时段",
        "{n} meetings have no start and belong to no period",
    ),
}
"""Key → what a sync says about it."""

SUSPICIONS = ("cap_round", "cap_equal", "cap_fewer")
"""Reasons that are worth a note of their own: a limit of the platform costs meetings if nobody acts."""

MOST_IDS = 20
"""How many meetings a note names: the archive holds them all, and a note is read by people."""


def notes_on(
    best: Sighting,
    reasons: Sequence[str],
    gap: Window | None,
    doubts: Sequence[Doubt],
    earlier: Evidence,
    *,
    is_broken: bool,
) -> Iterator[Note]:
    """Yield what a sync noticed, from what its best answer shows."""
    pull_id = best.pull.pull_id
    late = [one.meeting_id for one in doubts if one.meeting_id not in best.reappeared]
    if gap is not None:
        yield _note("gap", pull_id, start=beijing_text(gap.lower), end=beijing_text(gap.upper))
    for key, ids in (
        ("late", late),
        ("vanished", best.vanished),
        ("reappeared", best.reappeared),
        ("collision", best.collisions),
        ("contradiction", best.contradictions),
    ):
        if ids:
            yield _note(key, pull_id, ids, n=len(ids))
    for key, n in (("rejected", best.pull.n_rejected), ("no_start", best.n_without_start)):
        if n:
            yield _note(key, pull_id, n=n)
    if is_broken:
        yield _note("order", pull_id)
    for reason in reasons:
        if reason in SUSPICIONS:
            yield _because("cap", reason, pull_id)
    if any(one in FORGETTING for one in reasons) and not earlier.has_forgotten:
        yield _note("forgotten", pull_id, n=best.overlap.n_left_out)


def clock_note(evidence: Evidence, cut: Evidence, now: datetime, pull_id: str) -> Note:
    """Return what is said when evidence was cut because this machine's clock went back."""
    instants = {"last": evidence.last_asked_at, "now": now, "until": cut.joins_at}
    return _note("clock", pull_id, **{key: beijing_text(at) for key, at in instants.items() if at is not None})


def limit_notes(limits: Sequence[tuple[str, int]], known: Sequence[tuple[str, int]], best: Sighting) -> Iterator[Note]:
    """Yield what is said of limits by category that were not known before."""
    words = {"creator": ("每个发起人", "creator"), "kind": ("每类会议", "kind of meeting")}
    for name, n in limits:
        if (name, n) not in known:
            zh, en = words[name]
            yield _note("category", best.pull.pull_id, n=n, of_zh=zh, of_en=en)


def _note(key: str, pull_id: str, ids: Sequence[str] = (), **values: object) -> Note:
    return Note(key, NOTES[key].format(**values), tuple(ids[:MOST_IDS]), pull_id)


def _because(key: str, reason: str, pull_id: str) -> Note:
    text, why = NOTES[key], REASONS[reason].text
    return Note(key, Text(text.zh.format(why=why.zh), text.en.format(why=why.en)), (), pull_id)
