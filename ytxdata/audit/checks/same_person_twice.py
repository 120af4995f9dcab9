"""One number in two meetings at once."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, when
from ytxdata.labels import Text

_SQL = """
    WITH spans AS (SELECT m, number, leg, j, x FROM all_legs WHERE number IS NOT NULL AND x > j),
    late AS (SELECT * FROM spans QUALIFY max(x) OVER (PARTITION BY number ORDER BY j, x, m ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > j),
    pairs AS (
        SELECT DISTINCT a.number, least(a.m, b.m) AS a, greatest(a.m, b.m) AS b
        FROM late a JOIN spans b ON a.number = b.number AND a.m <> b.m AND b.j < a.x AND a.j < b.x
    ),
    each AS (SELECT number, a AS m FROM pairs UNION SELECT number, b FROM pairs),
    parts AS (
        SELECT *, coalesce(j > max(x) OVER (PARTITION BY number, m ORDER BY j, x ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), TRUE) AS is_new
        FROM spans SEMI JOIN each USING (number, m)
    ),
    islands AS (
        SELECT number, m, min(j) AS j, max(x) AS x, min(leg) AS leg
        FROM (SELECT *, sum(is_new::INT) OVER (PARTITION BY number, m ORDER BY j, x ROWS UNBOUNDED PRECEDING) AS i FROM parts) GROUP BY number, m, i
    ),
    shared AS (
        SELECT p.number, p.a, p.b, min(i.leg) AS leg, min(greatest(i.j, k.j)) AS since, sum(least(i.x, k.x) - greatest(i.j, k.j)) AS shared_s
        FROM pairs p JOIN islands i ON p.number = i.number AND p.a = i.m
        JOIN islands k ON p.number = k.number AND p.b = k.m AND k.j < i.x AND i.j < k.x GROUP BY p.number, p.a, p.b
    )
    SELECT number, leg, since, shared_s::BIGINT AS shared_s, a.meeting_id AS one, b.meeting_id AS other
    FROM shared h JOIN all_meetings a ON h.a = a.m JOIN all_meetings b ON h.b = b.m
    WHERE shared_s > $limit AND CASE WHEN a.s > b.s THEN a.in_scope ELSE b.in_scope END ORDER BY since, one, other, leg
"""


@check(
    "same_person_twice",
    "一人同时在两场",
    "one person twice",
    origin="bandicoot: calls that overlap",
    needs=("joins",),
    thresholds=("more_than_s",),
)
def same_person_twice(data: Data, *, more_than_s: float = 300) -> Iterator[Finding]:
    """One number connected to two meetings at once for more than `more_than_s` in all."""
    for row in data.named(_SQL, limit=more_than_s):
        yield Finding(
            record_ids=(row["one"], row["other"]),
            measured=row["shared_s"],
            threshold=more_than_s,
            mark=(row["one"], row["other"], str(row["leg"])),
            text=Text(
                f"号码 {row['number']} 自 {when(row['since'])} 起同时在会议 {row['one']} 与 {row['other']} 中，共 {span(row['shared_s'])}",
                f"number {row['number']} was in meetings {row['one']} and {row['other']} at once from {when(row['since'])}, {span(row['shared_s'])} in all",
            ),
        )
