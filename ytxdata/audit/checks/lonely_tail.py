"""The one who forgot to hang up."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, when
from ytxdata.labels import Text


@check(
    "lonely_tail",
    "独自滞留",
    "lonely tail",
    origin="Google counts lonely meetings apart; CometChat ends a call 180 s after the last but one has left",
    needs=("joins",),
    thresholds=("at_least_s",),
)
def lonely_tail(data: Data, *, at_least_s: float = 600) -> Iterator[Finding]:
    """One person left at the end, after the others had gone, for `at_least_s` or more."""
    sql = """
        WITH persons AS (SELECT m, person, max(x) AS x FROM legs WHERE j IS NOT NULL GROUP BY m, person HAVING count(*) = count(x)),
        ends AS (SELECT m, max(x, 2) AS x, arg_max(person, x) AS person FROM persons GROUP BY m),
        tails AS (SELECT m, person, x[1] AS last, x[2] AS others FROM ends WHERE len(x) = 2 AND x[1] - x[2] >= $least),
        gaps AS (
            SELECT t.*, l.j, coalesce(l.j > max(l.x) OVER w, TRUE) AS is_new
            FROM tails t JOIN legs l USING (m, person) WINDOW w AS (PARTITION BY m ORDER BY l.j, l.x ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        )
        SELECT meeting_id AS id, twin, s, last - greatest(others, came) AS alone, last
        FROM (SELECT m, any_value(last) AS last, any_value(others) AS others, max(j) FILTER (is_new) AS came FROM gaps GROUP BY m)
        JOIN all_meetings USING (m)
        WHERE last - greatest(others, came) >= $least AND e IS NOT NULL AND NOT EXISTS (SELECT 1 FROM legs o WHERE o.m = all_meetings.m AND o.j IS NOT NULL AND o.x IS NULL)
        ORDER BY s, id, twin
    """
    for row in data.named(sql, least=at_least_s):
        yield Finding(
            record_ids=(row["id"],),
            measured=row["alone"],
            threshold=at_least_s,
            mark=(row["id"], str(row["twin"])),
            text=Text(
                f"会议 {row['id']}（{when(row['s'])}）最后 {span(row['alone'])} 只剩一人在线，到 {when(row['last'])}",
                f"in meeting {row['id']} ({when(row['s'])}) one person stayed alone for the last {span(row['alone'])}, until {when(row['last'])}",
            ),
        )
