"""The same meeting under two ids."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import those, when
from ytxdata.labels import Text

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
