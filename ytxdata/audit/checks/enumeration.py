"""Numbers dialled one after another."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import those, when
from ytxdata.labels import Text

_SQL = """
    WITH strange AS (
        SELECT DISTINCT m, number, CAST(substr(number, 2) AS BIGINT) AS n, min(leg) AS leg
        FROM all_legs ANTI JOIN known USING (number) WHERE number LIKE '+%' GROUP BY m, number
    ), placed AS (
        SELECT t.*, meeting_id, who, s, s // 86400 AS day, in_scope FROM strange t JOIN all_meetings USING (m)
    ), scopes AS (
        SELECT 'meeting' AS kind, 'm' || m AS scope, * FROM placed
        UNION ALL SELECT 'day', who || '|' || day, * FROM placed WHERE who IS NOT NULL AND day IS NOT NULL
    ), runs AS (
        SELECT kind, scope, min(n) AS low, max(n) AS high, count(*) AS run
        FROM (SELECT kind, scope, n, n - row_number() OVER (PARTITION BY kind, scope ORDER BY n) AS g FROM (SELECT DISTINCT kind, scope, n FROM scopes))
        GROUP BY kind, scope, g HAVING run >= $least
    )
    SELECT kind, low, high, run, any_value(who) AS who, min(s) AS s, list(DISTINCT meeting_id ORDER BY meeting_id) AS ids,
        first(meeting_id ORDER BY n, s, meeting_id) AS anchor, first(leg ORDER BY n, s, meeting_id) AS leg
    FROM runs JOIN scopes USING (kind, scope) WHERE n BETWEEN low AND high
    GROUP BY kind, scope, low, high, run HAVING bool_or(in_scope) ORDER BY kind DESC, s, anchor, low
"""


@check(
    "enumeration",
    "连号拨打",
    "enumeration",
    severity=Text("crit：机器拨号的典型痕迹", "crit: the typical trace of a dialling machine"),
    origin="detection of robocalls",
    needs=("legs", "roster"),
    thresholds=("at_least",),
)
def enumeration(data: Data, *, at_least: float = 5) -> Iterator[Finding]:
    """`at_least` or more consecutive numbers, none of them in the roster, in one meeting or one creator's day."""
    told: list[tuple[set[str], int, int]] = []
    for row in data.named(_SQL, least=round(at_least)):
        ids = set(row["ids"])
        if any(single <= ids and low <= row["low"] and row["high"] <= high for single, low, high in told):
            continue  # a day's run that one of its meetings shows already
        told.append((ids, row["low"], row["high"]))
        where = (
            Text("同一场会议中", "in one meeting")
            if row["kind"] == "meeting"
            else Text("同一发起人的一天内", "in one creator's day")
        )
        listed = those(sorted(ids))
        yield Finding(
            record_ids=tuple(sorted(ids)),
            severity="crit",
            measured=row["run"],
            threshold=round(at_least),
            mark=(row["kind"], row["anchor"], str(row["leg"])),
            text=Text(
                f"{where.zh}出现 {row['run']} 个连续的陌生号码 +{row['low']} – +{row['high']}（发起人 {row['who']}，{when(row['s'])}）：{listed.zh}",
                f"{row['run']} consecutive unknown numbers +{row['low']} – +{row['high']} {where.en} (creator {row['who']}, {when(row['s'])}): {listed.en}",
            ),
        )
