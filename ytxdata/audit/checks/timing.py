"""When a meeting was and how long it lasted: impossible, too long, too short, cut off, at night."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np

from ytxdata.audit.checking import Finding, Severity, check, size_class, span, those, when
from ytxdata.audit.data import Data
from ytxdata.labels import NO_TEXT, Text
from ytxdata.metrics.calendar import USUAL_HOURS, worked
from ytxdata.records.schema import TOLERANCE_S, leeway_s


def _of(
    row: dict[str, Any], measured: float, threshold: float, text: Text, *mark: str, severity: Severity = "warn"
) -> Finding:
    """Return a finding about the one meeting of a row, marked by its id, its place among namesakes, and what else."""
    return Finding(
        record_ids=(row["id"],),
        severity=severity,
        measured=measured,
        threshold=threshold,
        mark=(row["id"], str(row["twin"]), *mark),
        text=text,
    )


@check(
    "missing_end",
    "没有结束",
    "missing end",
    origin=Text("Twilio 的会议最长 24 小时", "Twilio ends every conference after 24 h"),
    thresholds=("after_s",),
)
def missing_end(data: Data, *, after_s: float = 24 * 3600) -> Iterator[Finding]:
    """Started, never ended, older than `after_s`."""
    sql = "SELECT meeting_id AS id, s, twin, ? - s AS age FROM meetings WHERE e IS NULL AND ? - s > ? ORDER BY s, id"
    for row in data.rows(sql, data.now_s, data.now_s, after_s):
        text = Text(
            f"会议 {row['id']} 于 {when(row['s'])} 开始，{span(row['age'])} 后仍没有结束时间",
            f"meeting {row['id']} started {when(row['s'])} and has no end {span(row['age'])} later",
        )
        yield _of(row, row["age"], after_s, text)


@check(
    "missing_leave",
    "没有离开时间",
    "missing time of leaving",
    severity=Text("warn，全部合为一条", "warn, one for all"),
    origin=Text(
        "接口没有文档：没有读到的离开时间会使接入一直算到会议结束",
        "an undocumented interface: a time of leaving that nobody reads leaves a leg open to the end of its meeting",
    ),
    needs=("joins",),
    thresholds=("at_least_pct",),
)
def missing_leave(data: Data, *, at_least_pct: float = 5) -> Iterator[Finding]:
    """`at_least_pct` or more of the legs of meetings that have ended say when they joined, and not when they left."""
    (row,) = data.rows(
        "SELECT count(*) FILTER (l IS NULL) AS n, count(*) AS of FROM legs JOIN meetings USING (m) "
        "WHERE j IS NOT NULL AND e IS NOT NULL"
    )
    share = 100 * row["n"] / row["of"] if row["of"] else 0
    if row["n"] and share >= at_least_pct:
        yield Finding(
            record_ids=(),
            measured=share,
            threshold=at_least_pct,
            mark=("legs", size_class(share)),
            at=data.now,
            text=Text(
                f"{row['of']} 条接入中有 {row['n']} 条没有离开时间，在时长、峰值与费用中都算到会议结束；ytx.profile(archive) 列出没有读到的字段",
                f"{row['n']} of {row['of']} legs have no time of leaving: minutes, peaks and costs count them until the end of their meeting; ytx.profile(archive) lists the fields that nobody reads",
            ),
        )


UNITS = {
    1000.0: Text("毫秒", "milliseconds"),
    60.0: Text("六十分之一秒（多乘了 60）", "sixtieths of a second (multiplied by 60)"),
    1 / 60: Text("分钟", "minutes"),
    1 / 1000: Text("千秒（多除了 1000）", "thousands of seconds (divided by 1000)"),
}
"""duration ÷ (end − start) → the unit that would explain it."""


@check(
    "impossible_time",
    "时间不可能",
    "impossible time",
    origin=Text(
        "时长与（结束 − 开始）相差应在 2 秒以内；账户的开始、结束或时长只写到分钟时在 60 秒以内，合为一条",
        "duration against end − start within 2 s; within 60 s where an account tells starts, ends or durations to the minute, one for all",
    ),
    thresholds=("tolerance_s",),
)
def impossible_time(data: Data, *, tolerance_s: float = TOLERANCE_S, unit_share: float = 0.01) -> Iterator[Finding]:
    """End before start, a start in the future, a duration that is not end − start; a suspicion when another unit
    explains it.
    """
    sql = """
        SELECT meeting_id AS id, twin, s, e, duration_s AS d, s - $now AS ahead FROM meetings
        WHERE e < s OR s > $now + $tolerance OR (e >= s AND abs(duration_s - (e - s)) > $tolerance) ORDER BY s, id, twin
    """
    rows = data.rows("SELECT s, e, duration_s AS d FROM meetings WHERE e >= s AND duration_s IS NOT NULL")
    timed = np.array([(row["s"], row["e"], row["d"]) for row in rows]).reshape(-1, 3)
    is_even = (timed % 60 == 0) & (timed != 0)
    # By chance one time in 60 is a whole minute: of each of the three most must be, or it excuses nothing.
    coarse = np.flatnonzero(is_even.sum(0) > len(timed) / 2)
    n_coarse = int(is_even[:, coarse].any(1).sum())
    n = 0
    for row in data.named(sql, now=data.now_s, tolerance=tolerance_s):
        start, end, duration = row["s"], row["e"], row["d"]
        if (
            None not in (end, duration)
            and any(told and told % 60 == 0 for told in np.take((start, end, duration), coarse))
            and abs(duration - (end - start)) <= leeway_s(start, end, duration)
        ):
            n += 1
            row["d"] = None
        for case, measured, text in _cases(row, tolerance_s, unit_share):
            told = Text(f"会议 {row['id']}：{text.zh}", f"meeting {row['id']}: {text.en}")
            yield _of(row, measured, tolerance_s, told, case)
    if n:
        yield Finding(
            record_ids=(),
            measured=n,
            threshold=tolerance_s,
            mark=("to the minute",),
            at=data.now,
            text=Text(
                f"{len(timed)} 场会议中有 {n_coarse} 场的开始、结束或时长只写到分钟：其中 {n} 场的时长与（结束 − 开始）相差不到一分钟，不算矛盾",
                f"{n_coarse} of {len(timed)} meetings tell start, end or duration to the minute: {n} durations are off end − start by no more than that, which is no contradiction",
            ),
        )


def _cases(row: dict[str, Any], tolerance_s: float, unit_share: float) -> Iterator[tuple[str, float, Text]]:
    start, end, duration = row["s"], row["e"], row["d"]
    # Held against the newest pull and not this machine's clock: an old archive gives the same findings tomorrow.
    if row["ahead"] > tolerance_s:
        yield "future", row["ahead"], Text(f"开始于将来（{when(start)}）", f"it starts in the future ({when(start)})")
    if end is None:
        return
    if end < start:
        text = Text(
            f"结束（{when(end)}）早于开始（{when(start)}）",
            f"its end ({when(end)}) lies before its start ({when(start)})",
        )
        yield "backwards", end - start, text
    # No duration fits an end before its start: that is told once, as what it is.
    elif duration is not None and abs(duration - (end - start)) > tolerance_s:
        length = end - start
        unit = next(
            (text for factor, text in UNITS.items() if length and abs(duration / length / factor - 1) <= unit_share),
            None,
        )
        hint = Text(f"；疑似单位是{unit.zh}", f"; its unit may be {unit.en}") if unit else NO_TEXT
        text = Text(
            f"时长 {duration} 秒，而结束 − 开始为 {length} 秒（{span(length)}）{hint.zh}",
            f"its duration is {duration} s, end − start is {length} s ({span(length)}){hint.en}",
        )
        yield "duration", duration - length, text


ZEROS = {
    "failed": Text("没有人接通：呼叫失败", "nobody joined: a failed call"),
    "short": Text("有人接通后立即结束", "somebody joined, and it was over at once"),
    "unknown": Text(
        "参会方未知，无法区分呼叫失败与极短通话", "its parties are unknown: a failed call or a very short one"
    ),
}


@check(
    "zero_duration",
    "零时长",
    "zero duration",
    origin=Text("Cisco CUCM：零时长记录是失败的呼叫", "Cisco CUCM: zero-duration records are failed calls"),
)
def zero_duration(data: Data) -> Iterator[Finding]:
    """0 s long; the parties tell a failed call from a short one."""
    sql = """
        SELECT a.meeting_id AS id, a.twin, a.s, CASE WHEN count(l.leg) = 0 THEN 'unknown'
            WHEN count(l.j) = 0 THEN 'failed' ELSE 'short' END AS kind
        FROM meetings a LEFT JOIN all_legs l USING (m) WHERE a.len_s = 0 GROUP BY ALL ORDER BY a.s, id, twin
    """
    for row in data.rows(sql):
        case = ZEROS[row["kind"]]
        text = Text(
            f"会议 {row['id']}（{when(row['s'])}）时长为 0 秒；{case.zh}",
            f"meeting {row['id']} ({when(row['s'])}) lasted 0 s; {case.en}",
        )
        yield _of(row, 0, 0, text)


@check(
    "over_long",
    "时间过长",
    "over-long",
    severity=Text("超过 crit_s 为 crit，否则 warn", "crit above `crit_s`, else warn"),
    origin=Text("Twilio 的通话默认最长 4 小时", "Twilio's default cap of a call is 4 h"),
    thresholds=("warn_s", "crit_s"),
)
def over_long(data: Data, *, warn_s: float = 4 * 3600, crit_s: float = 12 * 3600) -> Iterator[Finding]:
    """Longer than `warn_s`."""
    sql = "SELECT meeting_id AS id, twin, s, len_s FROM meetings WHERE len_s > ? ORDER BY s, id, twin"
    for row in data.rows(sql, min(warn_s, crit_s)):
        is_crit = row["len_s"] > crit_s
        limit = crit_s if is_crit else warn_s
        text = Text(
            f"会议 {row['id']}（{when(row['s'])}）持续 {span(row['len_s'])}，超过 {span(limit)}",
            f"meeting {row['id']} ({when(row['s'])}) lasted {span(row['len_s'])}, more than {span(limit)}",
        )
        yield _of(row, row["len_s"], limit, text, severity="crit" if is_crit else "warn")


@check(
    "cut_at_cap",
    "被系统截断",
    "cut at a cap",
    origin=Text(
        "4 小时和 24 小时的上限：没有人挂断，是系统切断的",
        "caps of 4 h and 24 h: nobody hung up, the system cut the call",
    ),
    thresholds=("within_s",),
)
def cut_at_cap(data: Data, *, within_s: float = 3, caps_s: Sequence[int] = (4 * 3600, 24 * 3600)) -> Iterator[Finding]:
    """As long as a usual cap, within `within_s`."""
    # On both sides of the cap: hanging up takes a second or two, and lengths are rounded.
    for cap in caps_s:
        sql = "SELECT meeting_id AS id, twin, s, len_s FROM meetings WHERE abs(len_s - ?) <= ? ORDER BY s, id, twin"
        for row in data.rows(sql, cap, within_s):
            text = Text(
                f"会议 {row['id']}（{when(row['s'])}）持续 {span(row['len_s'])}，恰在 {span(cap)} 的上限：疑似被系统截断，无人挂断",
                f"meeting {row['id']} ({when(row['s'])}) lasted {span(row['len_s'])}, right at the cap of {span(cap)}: the system seems to have cut it, nobody hung up",
            )
            yield _of(row, abs(row["len_s"] - cap), within_s, text, str(cap))


@check(
    "lonely_tail",
    "独自滞留",
    "lonely tail",
    origin=Text(
        "Google 单独统计独自一人的会议；CometChat 在只剩一人 180 秒后结束通话",
        "Google counts lonely meetings apart; CometChat ends a call 180 s after the last but one has left",
    ),
    needs=("joins",),
    thresholds=("at_least_s",),
)
def lonely_tail(data: Data, *, at_least_s: float = 600) -> Iterator[Finding]:
    """One person left at the end, after the others had gone, for `at_least_s` or more."""
    # Whoever has a leg without an end has no last instant, and may have been there all along: then nobody is said to
    # have been alone. Who came back when the others had gone was alone since then, not since they went.
    sql = """
        WITH persons AS (SELECT m, person, max(x) AS x FROM legs WHERE j IS NOT NULL GROUP BY m, person
            HAVING count(*) = count(x)),
        ends AS (SELECT m, max(x, 2) AS x, arg_max(person, x) AS person FROM persons GROUP BY m),
        tails AS (SELECT m, person, x[1] AS last, x[2] AS others FROM ends WHERE len(x) = 2 AND x[1] - x[2] >= $least),
        gaps AS (
            SELECT t.*, l.j, coalesce(l.j > max(l.x) OVER w, TRUE) AS is_new
            FROM tails t JOIN legs l USING (m, person) WINDOW w
                AS (PARTITION BY m ORDER BY l.j, l.x ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        )
        SELECT meeting_id AS id, twin, s, last - greatest(others, came) AS alone, last
        FROM (SELECT m, any_value(last) AS last, any_value(others) AS others, max(j) FILTER (is_new) AS came FROM gaps
            GROUP BY m)
        JOIN all_meetings USING (m)
        WHERE last - greatest(others, came) >= $least AND e IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM legs o WHERE o.m = all_meetings.m AND o.j IS NOT NULL AND o.x IS NULL)
        ORDER BY s, id, twin
    """
    for row in data.named(sql, least=at_least_s):
        text = Text(
            f"会议 {row['id']}（{when(row['s'])}）最后 {span(row['alone'])} 只剩一人在线，到 {when(row['last'])}",
            f"in meeting {row['id']} ({when(row['s'])}) one person stayed alone for the last {span(row['alone'])}, until {when(row['last'])}",
        )
        yield _of(row, row["alone"], at_least_s, text)


_SHORT = """
    WITH joins AS (SELECT m, count(j) AS n FROM legs GROUP BY m),
    judged AS (
        SELECT a.*, coalesce(n, 0) AS n, len_s < $any OR (len_s < $two AND coalesce(n, 0) >= 2) AS is_short
        FROM meetings a LEFT JOIN joins USING (m) WHERE len_s IS NOT NULL
    )
"""
_EACH = f"""{_SHORT}
    SELECT meeting_id AS id, twin, s, len_s, n FROM judged WHERE is_short ORDER BY s, id, twin
"""  # noqa: S608
_SHARES = f"""{_SHORT}
    SELECT who, count(*) AS n, 100.0 * count_if(is_short) / count(*) AS share,
        list(meeting_id ORDER BY s, meeting_id) AS ids,
        list(meeting_id ORDER BY s, meeting_id) FILTER (is_short) AS short
    FROM judged WHERE who IS NOT NULL GROUP BY who HAVING n >= $least AND share > $share ORDER BY short
"""  # noqa: S608


@check(
    "short_call",
    "过短通话",
    "short call",
    origin=Text(
        "Avaya 与 Microsoft CQD：1 分钟以下的通话；Twilio：短通话的占比",
        "Avaya and Microsoft CQD: calls under 1 min; Twilio: share of short calls",
    ),
    thresholds=("any_s", "two_s", "share_pct"),
)
def short_call(
    data: Data, *, any_s: float = 10, two_s: float = 60, share_pct: float = 15, at_least: int = 20
) -> Iterator[Finding]:
    """Below `any_s`, or below `two_s` with 2 legs or more; and creators of `at_least` meetings with a larger share of
    such than `share_pct`.
    """
    for row in data.named(_EACH, any=any_s, two=two_s):
        text = Text(
            f"会议 {row['id']}（{when(row['s'])}）只有 {row['len_s']} 秒，{row['n']} 人次接通",
            f"meeting {row['id']} ({when(row['s'])}) lasted {row['len_s']} s, {row['n']} legs joined",
        )
        yield _of(row, row["len_s"], any_s if row["len_s"] < any_s else two_s, text)
    # Of a handful of meetings one short one is a large share: that says nothing about the caller.
    for row in data.named(_SHARES, any=any_s, two=two_s, least=at_least, share=share_pct):
        short = list(dict.fromkeys(row["short"]))
        yield Finding(
            record_ids=tuple(dict.fromkeys(row["ids"])),
            measured=round(row["share"], 6),
            threshold=share_pct,
            mark=("share", short[0], size_class(row["share"])),
            text=Text(
                f"发起人 {row['who']} 的 {row['n']} 场会议中 {row['share']:.1f} % 过短（{those(short).zh}）",
                f"{row['share']:.1f} % of the {row['n']} meetings of creator {row['who']} were too short ({those(short).en})",
            ),
        )


@check(
    "off_hours",
    "非常规时段",
    "outside usual hours",
    origin=Text(
        "bandicoot：19 点至次日 7 点为夜间；防盗打指南：夜间与休息日",
        "bandicoot: night is 19–07; toll-fraud guides: nights and days off",
    ),
    thresholds=("at_least_s",),
)
def off_hours(
    data: Data,
    *,
    at_least_s: float = 60,
    hours: Sequence[str] = USUAL_HOURS,
    holidays: Collection[date] = (),
    extra_workdays: Collection[date] = (),
) -> Iterator[Finding]:
    """At least `at_least_s` outside the usual hours of a working day; the Chinese calendar with its make-up days says
    which these are.
    """
    touched = data.rows(
        "SELECT s // 86400 AS day FROM meetings WHERE e > s UNION SELECT e // 86400 FROM meetings WHERE e > s"
    )
    calendar = worked([row["day"] for row in touched], hours, holidays, extra_workdays)
    data.notes.extend(calendar.notes)
    data.put("work", calendar.table)
    # Working seconds up to an instant are those before its day and those of its day so far: two look-ups a meeting,
    # however many days it lasted.
    so_far = "{0}.before + {0}.works * greatest(0, least(a.{1} % 86400 - $opens, $closes - $opens))"
    sql = f"""
        SELECT meeting_id AS id, twin, s, len_s, len_s - (({so_far.format("w", "e")}) - ({so_far.format("v", "s")}))
            AS outside, v.works
        FROM meetings a JOIN work v ON v.day = a.s // 86400 JOIN work w ON w.day = a.e // 86400
        WHERE e > s AND outside >= $least ORDER BY s, id, twin
    """  # noqa: S608
    for row in data.named(sql, opens=calendar.opens, closes=calendar.closes, least=at_least_s):
        day = NO_TEXT if row["works"] else Text("（非工作日）", " (a day off)")
        text = Text(
            f"会议 {row['id']} 始于 {when(row['s'])}{day.zh}，{span(row['len_s'])} 中有 {span(row['outside'])} 在常规时段 {'–'.join(hours)} 之外",
            f"meeting {row['id']} began {when(row['s'])}{day.en}; {span(row['outside'])} of its {span(row['len_s'])} lay outside the usual hours {'–'.join(hours)}",
        )
        yield _of(row, row["outside"], at_least_s, text)
