"""The same meeting under two ids, seconds apart."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.checks.duplicate_exact import PEOPLE
from ytxdata.audit.data import Data
from ytxdata.audit.words import when
from ytxdata.labels import Text


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
