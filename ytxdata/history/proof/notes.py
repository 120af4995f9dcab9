"""What a sync noticed, in sentences: said once where it would otherwise be said for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ytxdata.history.proof.evidence import Doubt, Evidence, Note, Window
from ytxdata.history.proof.reasons import FORGETTING, REASONS
from ytxdata.history.proof.window import Sighting
from ytxdata.labels import Text
from ytxdata.times import beijing_text

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
    "rejected": Text(
        "{n} 条记录无法识别，相应时段不能证实",
        "{n} records could not be understood; their period cannot be proven",
    ),
    "collision": Text(
        "{n} 个会议号各用于两场不同的会议",
        "{n} meeting ids each stand for two different meetings",
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


def _note(key: str, pull_id: str, ids: Sequence[str] = (), **values: object) -> Note:
    return Note(key, NOTES[key].format(**values), tuple(ids[:MOST_IDS]), pull_id)


def _because(key: str, reason: str, pull_id: str) -> Note:
    text, why = NOTES[key], REASONS[reason].text
    return Note(key, Text(text.zh.format(why=why.zh), text.en.format(why=why.en)), (), pull_id)
