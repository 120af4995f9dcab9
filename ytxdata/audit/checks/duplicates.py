"""One meeting under two ids, and one id for two meetings."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check, those, when
from ytxdata.audit.data import Data
from ytxdata.labels import Text
from ytxdata.records.identity import apart_sql

PEOPLE = "(SELECT list_sort(list(DISTINCT number)) FROM all_legs l WHERE l.m = a.m AND number IS NOT NULL)"
"""Who was there, of a meeting called `a`; null when the parties are unknown."""


@check(
    "duplicate_exact",
    "完全重复",
    "exact duplicate",
    severity=Text("crit：同一场会议可能被计费两次", "crit: one meeting may be billed twice"),
    origin="bandicoot reports duplicates and does not drop them",
    needs=("creators",),
)
def duplicate_exact(data: Data) -> Iterator[Finding]:
    """Same creator, start, end and people under two ids."""
    sql = f"""
        WITH alike AS (
            SELECT * FROM all_meetings WHERE who IS NOT NULL AND s IS NOT NULL
            QUALIFY count(*) OVER (PARTITION BY who, s, e) > 1
        ), known AS (SELECT a.*, {PEOPLE} AS people FROM alike a)
        SELECT list_sort(list(DISTINCT meeting_id)) AS ids, s, any_value(who) AS who FROM known
        GROUP BY who, s, e, people HAVING count(DISTINCT meeting_id) > 1 AND bool_or(in_scope) ORDER BY s, ids
    """  # noqa: S608
    for row in data.rows(sql):
        ids = row["ids"]
        yield Finding(
            record_ids=tuple(ids),
            severity="crit",
            measured=len(ids),
            threshold=1,
            text=Text(
                f"{len(ids)} 个会议编号记着同一场会议：{those(ids).zh}，发起人 {row['who']}，开始 {when(row['s'])}，结束与参会人也相同",
                f"{len(ids)} meeting ids stand for one meeting: {those(ids).en}, creator {row['who']}, start {when(row['s'])}, same end, same people",
            ),
        )


@check(
    "duplicate_near",
    "近似重复",
    "near duplicate",
    origin="matching practice for call records of two sources",
    needs=("creators",),
    thresholds=("within_s",),
)
def duplicate_near(data: Data, *, within_s: float = 2) -> Iterator[Finding]:
    """Same creator and people, start and end at most `within_s` apart, not exactly the same."""
    sql = f"""
        WITH near AS (
            SELECT * FROM all_meetings WHERE who IS NOT NULL AND s IS NOT NULL AND e IS NOT NULL
            WINDOW w AS (PARTITION BY who ORDER BY s) QUALIFY s - lag(s) OVER w <= $within OR lead(s) OVER w - s <= $within
        ), known AS (SELECT a.*, {PEOPLE} AS people FROM near a)
        SELECT a.meeting_id AS one, b.meeting_id AS other, a.s AS s, b.s - a.s AS starts, b.e - a.e AS ends, a.who AS who
        FROM known a JOIN known b ON a.who = b.who AND a.people IS NOT DISTINCT FROM b.people AND a.meeting_id <> b.meeting_id
            AND (a.s, a.meeting_id) < (b.s, b.meeting_id) AND b.s - a.s <= $within AND abs(b.e - a.e) <= $within
        WHERE (b.s > a.s OR b.e <> a.e) AND b.in_scope ORDER BY s, one, other
    """  # noqa: S608
    for row in data.named(sql, within=within_s):
        gap = max(row["starts"], abs(row["ends"]))
        yield Finding(
            record_ids=(row["one"], row["other"]),
            measured=gap,
            threshold=within_s,
            text=Text(
                f"会议 {row['one']} 与 {row['other']} 几乎相同：发起人 {row['who']}，开始 {when(row['s'])}，起止相差不超过 {gap} 秒，参会人相同",
                f"meetings {row['one']} and {row['other']} are nearly the same: creator {row['who']}, start {when(row['s'])}, edges at most {gap} s apart, same people",
            ),
        )


@check(
    "id_collision",
    "编号冲突",
    "id collision",
    severity=Text("crit：按编号的任何统计都会混淆两场会议", "crit: whatever counts by id mixes two meetings"),
    origin="Graph: callId is not guaranteed unique; Zoom: meeting number against uuid",
)
def id_collision(data: Data) -> Iterator[Finding]:
    """One meeting id, records that cannot be the same meeting, whoever created them: one was over before the other began."""
    sql = f"""
        SELECT a.meeting_id AS id, min(a.s) AS first, max(b.s) AS last, count(DISTINCT b.twin) + 1 AS n
        FROM all_meetings a JOIN all_meetings b ON a.meeting_id = b.meeting_id AND a.twin < b.twin
        WHERE a.is_shared AND {apart_sql("a.s", "a.e", "b.s", "b.e")}
        GROUP BY a.meeting_id HAVING bool_or(a.in_scope OR b.in_scope) ORDER BY first, id
    """  # noqa: S608
    for row in data.rows(sql):
        yield Finding(
            record_ids=(row["id"],),
            severity="crit",
            measured=row["n"],
            threshold=1,
            text=Text(
                f"会议编号 {row['id']} 用于 {row['n']} 场不同的会议：一场在另一场开始前已结束（{when(row['first'])} 与 {when(row['last'])}）",
                f"meeting id {row['id']} stands for {row['n']} meetings: one was over before the other began ({when(row['first'])} and {when(row['last'])})",
            ),
        )
