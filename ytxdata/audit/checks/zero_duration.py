"""Meetings of no length."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import when
from ytxdata.labels import Text

CASES = {
    "failed": Text("没有人接通：呼叫失败", "nobody joined: a failed call"),
    "short": Text("有人接通后立即结束", "somebody joined, and it was over at once"),
    "unknown": Text(
        "参会方未知，无法区分呼叫失败与极短通话", "its parties are unknown: a failed call or a very short one"
    ),
}


@check("zero_duration", "零时长", "zero duration", origin="Cisco CUCM: zero-duration records are failed calls")
def zero_duration(data: Data) -> Iterator[Finding]:
    """0 s long; the parties tell a failed call from a short one."""
    sql = """
        SELECT a.meeting_id AS id, a.twin, a.s, CASE WHEN count(l.leg) = 0 THEN 'unknown' WHEN count(l.j) = 0 THEN 'failed' ELSE 'short' END AS kind
        FROM meetings a LEFT JOIN all_legs l USING (m) WHERE a.len_s = 0 GROUP BY ALL ORDER BY a.s, id, twin
    """
    for row in data.rows(sql):
        case = CASES[row["kind"]]
        yield Finding(
            record_ids=(row["id"],),
            measured=0,
            threshold=0,
            mark=(row["id"], str(row["twin"])),
            text=Text(
                f"会议 {row['id']}（{when(row['s'])}）时长为 0 秒；{case.zh}",
                f"meeting {row['id']} ({when(row['s'])}) lasted 0 s; {case.en}",
            ),
        )
