"""The rules of completeness as data: their numbers, each with the attack it stands against; why a period has its
verdict, what a sync noticed, and what is still possible. The rules themselves know only the keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from ytxdata.labels import Text


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of the rules, in one place; every one may be made more cautious.

    Parameters
    ----------
    settle
        How late a meeting may be listed: the youngest part of a window, that long, is never PROVEN.
    reach
        How far below the last completed window an answer must reach before it may extend it.
    overlap
        How many closed, unchanged records known for long must come again, and how many older ones must stay out.
    jitter
        So much may this machine's clock go back without anybody minding.
    giant
        A record may be this large [bytes, characters]: only an answer longer by more shows that no limit was met.
    large, cuts
        Where a list was cut by us at so many places, and was strictly ordered at each, this will do.
    per_leg
        For a limit that counts parties: one is as much as so many bytes.
    most_cuts
        At how many places a short list is cut to exclude luck.
    strays
        Share of the known records that may stand outside their place: rooms pinned on top, records that vanished.
    chance
        An overlap counts only if a platform without order would show it less often than this.
    growth, first_ask, largest_ask, headroom, spare, max_calls
        How much to ask [records], and how often at most in one sync.
    full_every
        How often all there is is asked for, to find what arrived late.
    """

    # Some platforms list a meeting only when it ends, and a day is the longest that ordinary ones run. A platform
    # that is later than that is caught by the next overlap (or the monthly full reading), which revokes: see
    # `Evidence.doubts`.
    settle: timedelta = timedelta(hours=24)
    # A list kept by start but written at the end shows a meeting of twenty hours far down: an answer that reaches
    # only just to the last one would miss it.
    reach: timedelta = timedelta(hours=24)
    # Four records may stand out of their place for reasons of their own (rooms pinned on top, records listed anew),
    # the most the adversary tries, and must not be able to fake an overlap. More is safe too, and asks for more at
    # every sync.
    overlap: int = 5
    # NTP steps a clock by seconds. Of what rests on five minutes nothing is proven anyway: it still settles.
    jitter: timedelta = timedelta(minutes=5)
    # A limit on bytes, and a next record too large for the room that was left: later small ones make the answer
    # longer though it was cut. A record holds some two hundred bytes a party: this is one of well over a hundred
    # parties.
    giant: int = 32768
    # What a strict order leaves possible is rare already (see `verdict`), and must then be a record of forty parties
    # and more, the largest of all.
    large: int = 8192
    # A party with name, number and two times: the room for a large record is 64 parties, for a giant one 256.
    per_leg: int = 128
    # At three quarters, a half and a quarter: what is out of order must then end at all three places by accident.
    cuts: int = 3
    # Fourteen records cut at seven places are as unlikely to be in order by accident as twenty cut at three. Fewer
    # would take a call for every record.
    most_cuts: int = 7
    # A tenth is far above what is deleted by hand between two syncs, and far below what any other order than
    # newest-first leaves out of its place.
    strays: float = 0.1
    # A small archive and a platform without order: luck looks like overlap. A thousand accounts synced daily for ten
    # years make four million syncs, so that one in a billion is met by none of them.
    chance: float = 1e-9
    # Fourfold: a history of a million is read in six calls, and at most four times more is asked than there is.
    growth: int = 4
    # Enough for a small account in one call. Not too much: platforms refuse large questions.
    first_ask: int = 1000
    # A platform that never stops must not be asked for ever.
    largest_ask: int = 10_000_000
    # A quarter more than what is known, and 64: a day may be busier than any before it and the sync still costs one
    # call.
    headroom: float = 1.25
    spare: int = 64
    max_calls: int = 12
    # What is listed weeks late is found by nothing else. Monthly costs three per cent of the calls of daily syncs.
    full_every: timedelta = timedelta(days=30)


DEFAULT_POLICY = Policy()


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
        "返回条数恰为 50 的倍数或 2 的幂，可能是平台上限，也可能是巧合；有新会议后再同步即可分辨",
        "a round number of records came, by chance or by a limit of the platform: the next meetings will tell",
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
    "rejected": _probable("回答里有无法识别的记录", "the answer holds records that could not be understood"),
    "collision": _probable(
        "会议号只列出新的一场，或一条记录可能不止一场",
        "an id is listed with its next meeting, not the one before it, or a record may be several",
    ),
    "contradiction": _probable(
        "同一次应答中同一会议有不同的记录",
        "an answer tells one meeting in several different records",
    ),
    "hidden": _probable(
        "疑似每个发起人、会议号或每类会议只列出最新若干场：此段较早的会议可能没有列出",
        "the platform seems to list only the newest of each creator or kind, and of this period may have hidden some",
    ),
    "moved": _probable(
        "会议的开始时间已过，后来以另一开始时间列出：可能是两场，先前一场不在存档里",
        "a meeting whose start had passed was later listed with another one: there may have been two, and the first is "
        "not here",
    ),
    "no_start": _probable(
        "太多记录没有开始时间，无法判断属于哪一段",
        "too many records have no start, so that nobody can say which period they belong to",
    ),
    "vanished": _probable(
        "有已存档的会议不再出现在应有的位置",
        "archived meetings are missing where they should be listed",
    ),
    "retold": _probable(
        "已知的会议以另外的会议号列出，或时间全都差同样多：平台改了会议号，或其时钟、时区变了",
        "the answer lists known meetings under other ids, or all off by the same time: the platform, or its clock, changed",
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
        "早于第一次读取和当时列出的会议：平台没有给出更早的，是否曾有不得而知",
        "before the first reading and all that it listed: the platform showed nothing older, "
        "and nobody can tell whether there was",
    ),
    "not_begun": _probable("按本机时钟，这段时间还没有到来", "by this machine's clock, this time has not come yet"),
    "not_yet_read": _probable("刚开始不到一天，尚未读到", "it began less than a day ago and was not read yet"),
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
    "not_asked": _gap("此后还没有读过", "nothing has been read since"),
}
"""Key → verdict and sentence. A period's verdict is that of its reason."""

OWN_BADGES = {"not_begun": "UNREAD", "not_yet_read": "UNREAD", "before_first": "UNKNOWN"}
"""Reason → badge of a period into which no answer reaches: no gap, and nothing that speaks for it either."""

CONFIRMABLE = ("full", "order_full")
"""Reasons of a window that a longer answer can confirm: the platform stopped, and nothing speaks against it."""

UNSUSPICIOUS = ("full", "order_full", "anchored")
"""What may stand above a gap without proof: nothing speaks against these answers.

Were a suspicious answer (a round number, a fall-off) enough, one cut by a limit would paint over what the limit
swallowed.
"""

BLOCKING = ("doubtful", "rejected", "collision", "contradiction", "no_start", "retold", "reappeared", "vanished")
"""Reasons that keep a window from being proven, though what it holds joins on: a few missing ones are no gap."""

FORGETTING = ("fell_off", "cap_equal")
"""Reasons that say the platform no longer lists old meetings."""

GAPS = frozenset(key for key, reason in REASONS.items() if reason.verdict == "GAP")
"""Reasons of a gap."""

NOTES: dict[str, Text] = {
    "vanished": Text(
        "{n} 场已存档的会议从平台的列表里消失（存档保留它们，只报告一次）",
        "archived meetings that vanished from the platform's list: {n} (the archive keeps them; told once)",
    ),
    "renamed": Text(
        "{n} 场已知的会议改以另外的会议号列出，开始、结束和发起人都相同：平台似乎换了会议号。两份都留在存档里，合计会算两次；今后要合计，请另建存档",
        "{n} known meetings are listed under other ids, with the same start, end and creator: the platform seems to have changed its ids. Both stand in the archive, so totals count them twice; for totals from now on begin a new archive",
    ),
    "shifted": Text(
        "{n} 场已知的会议以同样的会议号和时长列出，开始时间却都差同样多（{shift}）：平台的时钟或时区在这次或上次回答里错了。两份都留在存档里，合计会算两次",
        "{n} known meetings are listed with the same id and length, and all starts off by the same time ({shift}): the platform's clock or zone was wrong in this answer or in one before. Both stand in the archive, so totals count them twice",
    ),
    "reappeared": Text("{n} 场曾经消失的会议又出现了", "{n} meetings that had vanished came back"),
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
    "order": Text("平台没有按从新到旧返回", "the platform did not list newest first"),
    "moved": Text(
        "{n} 场会议的开始时间已过，后来以另一开始时间列出：先前的可能是另一场，相应时段不能证实",
        "{n} meetings whose start had passed were listed with another one: there may have been two, and what lies between is not proven",
    ),
    "cap": Text(
        "疑似平台有上限或保留期：{zh}",
        "the platform seems to have a limit or to keep meetings for a while only: {en}",
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
        "{n} 个会议号列出了新的一场，却不再列出前一场",
        "{n} ids are listed with their next meeting, not with the one before it",
    ),
    "contradiction": Text(
        "{n} 场会议在同一次应答中各有不同的记录：各显示一条，其余列在 problems（same_id_again），原文都保留",
        "{n} meetings each have several different records in one answer: one of each is shown, `problems` names the others (same_id_again), and all texts are kept",
    ),
    "several": Text("{n} 条记录可能各是数场会议", "{n} records may be several meetings each (see `problems`)"),
    "no_start": Text("{n} 场会议没有开始时间，不属于任何时段", "{n} meetings have no start and belong to no period"),
}
"""Key → what a sync says about it."""


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


class Possible(NamedTuple):
    """What would make a claim false, and what would exclude it."""

    hypothesis: Text
    excluded_by: Text


_WITNESS = Text("用另一份清单（账单、控制台导出、话单）核对", "another list (a bill, a console export, call records)")
_NEXT = Text("再同步一次", "the next sync")

POSSIBLE: dict[str, Possible] = {
    "limit": Possible(
        Text("平台有上限，在 {limits_zh} 之间，恰好截掉了更早的", "a limit of the platform between {limits_en} that cut off older ones"),
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
    "unread": Possible(Text("有会议而尚未读到", "meetings that were not read yet"), _NEXT),
    "unknown_question": Possible(
        Text("文件只含一部分", "the file holds a part only"),
        Text("同步到存档（sync）", "syncing into an archive"),
    ),
}  # fmt: skip
"""Key → what is still possible."""

HYPOTHESES = {
    "settling": "settling",
    "empty_so_far": "empty_so_far",
    "unanchored": "overlap",
    "cap_round": "round",
    "cap_equal": "forgotten",
    "cap_fewer": "forgotten",
    "fell_off": "forgotten",
    "before_first": "forgotten",
    "incomplete": "forgotten",
    "hidden": "forgotten",
    **dict.fromkeys(
        ("doubtful", "rejected", "collision", "contradiction", "moved", "no_start", "retold"), "not_understood"
    ),
    "vanished": "vanishing",
    "reappeared": "late",
    "unreliable": "late",
    "clock": "clock",
    "saved": "unknown_question",
    **dict.fromkeys(("not_begun", "not_yet_read"), "unread"),
}
"""Reason → what is still possible under it."""
