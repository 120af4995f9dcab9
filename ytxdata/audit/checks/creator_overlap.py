"""One creator, two meetings at once."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, when
from ytxdata.labels import Text

_SQL = """
    WITH spans AS (SELECT * FROM all_meetings WHERE who IS NOT NULL AND e > s),
    late AS (SELECT * FROM spans QUALIFY max(e) OVER (PARTITION BY who ORDER BY s, e, m ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > s + $limit)
    SELECT b.who, b.s AS since, least(a.e, b.e) - b.s AS shared_s, a.meeting_id AS one, b.meeting_id AS other
    FROM late b JOIN spans a ON a.who = b.who AND (a.s, a.e, a.m) < (b.s, b.e, b.m) AND least(a.e, b.e) - b.s > $limit
    WHERE b.in_scope ORDER BY since, one, other
"""


@check(
    "creator_overlap",
    "发起人会议重叠",
    "creator overlap",
    origin="Microsoft Viva: double booking",
    needs=("creators",),
    thresholds=("more_than_s",),
)
def creator_overlap(data: Data, *, more_than_s: float = 300) -> Iterator[Finding]:
    """Two meetings of one creator overlap by more than `more_than_s`."""
    for row in data.named(_SQL, limit=more_than_s):
        yield Finding(
            record_ids=(row["one"], row["other"]),
            measured=row["shared_s"],
            threshold=more_than_s,
            text=Text(
                f"发起人 {row['who']} 的会议 {row['one']} 与 {row['other']} 自 {when(row['since'])} 起重叠 {span(row['shared_s'])}",
                f"meetings {row['one']} and {row['other']} of creator {row['who']} overlap by {span(row['shared_s'])} from {when(row['since'])}",
            ),
        )
