"""One id for two meetings."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import when
from ytxdata.labels import Text


@check(
    "id_collision",
    "编号冲突",
    "id collision",
    severity=Text("crit：按编号的任何统计都会混淆两场会议", "crit: whatever counts by id mixes two meetings"),
    origin="Graph: callId is not guaranteed unique; Zoom: meeting number against uuid",
    needs=("creators",),
)
def id_collision(data: Data) -> Iterator[Finding]:
    """One meeting id, records that cannot be the same meeting: different creator and disjoint times."""
    sql = """
        SELECT a.meeting_id AS id, min(a.s) AS first, max(b.s) AS last, count(DISTINCT b.twin) + 1 AS n
        FROM all_meetings a JOIN all_meetings b ON a.meeting_id = b.meeting_id AND a.who <> b.who AND a.e <= b.s
        WHERE a.is_shared GROUP BY a.meeting_id HAVING bool_or(a.in_scope OR b.in_scope) ORDER BY first, id
    """
    for row in data.rows(sql):
        yield Finding(
            record_ids=(row["id"],),
            severity="crit",
            measured=row["n"],
            threshold=1,
            text=Text(
                f"会议编号 {row['id']} 用于 {row['n']} 场不同的会议：发起人不同，时间不相交（{when(row['first'])} 与 {when(row['last'])}）",
                f"meeting id {row['id']} stands for {row['n']} meetings: different creators, times that do not meet ({when(row['first'])} and {when(row['last'])})",
            ),
        )
