"""A meeting that never ended."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, when
from ytxdata.labels import Text


@check(
    "missing_end", "没有结束", "missing end", origin="Twilio ends every conference after 24 h", thresholds=("after_s",)
)
def missing_end(data: Data, *, after_s: float = 24 * 3600) -> Iterator[Finding]:
    """Started, never ended, older than `after_s`."""
    sql = "SELECT meeting_id AS id, s, twin, ? - s AS age FROM meetings WHERE e IS NULL AND ? - s > ? ORDER BY s, id"
    for row in data.rows(sql, data.now_s, data.now_s, after_s):
        yield Finding(
            record_ids=(row["id"],),
            measured=row["age"],
            threshold=after_s,
            mark=(row["id"], str(row["twin"])),
            text=Text(
                f"会议 {row['id']} 于 {when(row['s'])} 开始，{span(row['age'])} 后仍没有结束时间",
                f"meeting {row['id']} started {when(row['s'])} and has no end {span(row['age'])} later",
            ),
        )
