"""Numbers nobody knows."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import those, when
from ytxdata.labels import Text

_SQL = """
    WITH strange AS (
        SELECT number, m, min(j) AS j, min(leg) AS leg FROM all_legs ANTI JOIN known USING (number)
        WHERE number IS NOT NULL AND j IS NOT NULL GROUP BY number, m
    )
    SELECT number, min(j) AS since, list(meeting_id ORDER BY j, meeting_id) AS ids, first(leg ORDER BY j, meeting_id) AS leg
    FROM strange JOIN all_meetings USING (m) GROUP BY number HAVING since >= $after AND bool_or(in_scope) ORDER BY since, ids, leg
"""


@check(
    "unknown_number",
    "陌生号码",
    "unknown number",
    origin="guides against PBX fraud: new numbers first",
    needs=("joins", "roster"),
    thresholds=("days",),
)
def unknown_number(data: Data, *, days: float = 30) -> Iterator[Finding]:
    """Not in the roster, and joined for the first time in the last `days`."""
    for row in data.named(_SQL, after=data.now_s - round(days * 86400)):
        ids = list(dict.fromkeys(row["ids"]))
        yield Finding(
            record_ids=tuple(ids),
            measured=round((data.now_s - row["since"]) / 86400, 6),
            threshold=days,
            mark=(ids[0], str(row["leg"])),
            text=Text(
                f"号码 {row['number']} 不在花名册中，{when(row['since'])} 首次出现：{those(ids).zh}",
                f"number {row['number']} is not in the roster, first seen {when(row['since'])}: {those(ids).en}",
            ),
        )
