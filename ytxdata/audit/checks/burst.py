"""Many meetings in a row."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, those, when
from ytxdata.labels import Text


@check(
    "burst",
    "短时密集",
    "burst",
    origin="OpenSIPS fraud detection: sliding counters",
    needs=("creators",),
    thresholds=("count", "within_s"),
)
def burst(data: Data, *, count: float = 5, within_s: float = 600) -> Iterator[Finding]:
    """`count` or more meetings of one creator begin within `within_s`; windows that touch are one finding."""
    n = max(2, round(count))
    sql = f"""
        WITH ends AS (
            SELECT *, coalesce(s - lag(s, {n - 1}) OVER w <= $within, FALSE) AS is_end, s - lag(s) OVER w AS gap
            FROM all_meetings WHERE who IS NOT NULL AND s IS NOT NULL WINDOW w AS (PARTITION BY who ORDER BY s, m)
        ), inside AS (
            SELECT * FROM ends QUALIFY bool_or(is_end) OVER (PARTITION BY who ORDER BY s, m ROWS BETWEEN CURRENT ROW AND {n - 1} FOLLOWING)
        ), parts AS (
            SELECT *, sum((gap > $within OR gap IS NULL)::INT) OVER (PARTITION BY who ORDER BY s, m ROWS UNBOUNDED PRECEDING) AS part FROM inside
        )
        SELECT who, list(meeting_id ORDER BY s, meeting_id) AS ids, count(*) AS n, min(s) AS first, max(s) AS last
        FROM parts GROUP BY who, part HAVING bool_or(in_scope) ORDER BY first, ids
    """  # noqa: S608 (whole numbers of our own)
    for row in data.named(sql, within=within_s):
        ids = list(dict.fromkeys(row["ids"]))
        yield Finding(
            record_ids=tuple(ids),
            measured=row["n"],
            threshold=n,
            mark=(ids[0],),
            text=Text(
                f"发起人 {row['who']} 自 {when(row['first'])} 起 {span(row['last'] - row['first'])} 内发起 {row['n']} 场会议：{those(ids).zh}",
                f"creator {row['who']} began {row['n']} meetings within {span(row['last'] - row['first'])} from {when(row['first'])}: {those(ids).en}",
            ),
        )
