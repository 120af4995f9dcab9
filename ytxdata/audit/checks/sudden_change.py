"""A day unlike the same weekday of the weeks before."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import those
from ytxdata.labels import Text
from ytxdata.metrics.calendar import date_of

_SQL = """
    WITH known AS (SELECT who, s // 86400 AS day, len_s, in_scope FROM all_meetings WHERE s IS NOT NULL AND len_s IS NOT NULL),
    daily AS (
        SELECT who, day, sum(len_s)::BIGINT AS secs, bool_or(in_scope) AS in_scope FROM known WHERE who IS NOT NULL GROUP BY who, day
        UNION ALL SELECT NULL, day, sum(len_s)::BIGINT, bool_or(in_scope) FROM known GROUP BY day
    ),
    enough AS (SELECT * FROM daily QUALIFY count(*) OVER (PARTITION BY who, day % 7) > $least),
    earlier AS (SELECT who, secs, day + 7 * unnest(range(1, $weeks + 1)) AS day FROM enough),
    usual AS (SELECT who, day, count(*) AS n, median(secs) AS mid, mad(secs) AS spread FROM earlier GROUP BY who, day HAVING n >= $least),
    judged AS (
        SELECT d.who, d.day, d.secs, u.n, mid, spread, CASE WHEN spread > 0 THEN (d.secs - mid) / spread WHEN mid > 0 THEN d.secs / mid END AS score
        FROM enough d JOIN usual u ON d.who IS NOT DISTINCT FROM u.who AND d.day = u.day
        WHERE d.in_scope AND CASE WHEN spread > 0 THEN (d.secs - mid) / spread > $z ELSE d.secs > 2 * mid END
    )
    SELECT j.*, list(meeting_id ORDER BY a.s, meeting_id) AS ids
    FROM judged j JOIN all_meetings a ON a.s // 86400 = j.day AND (j.who IS NULL OR a.who = j.who) AND len_s IS NOT NULL
    GROUP BY ALL ORDER BY day, j.who NULLS FIRST, ids
"""


@check(
    "sudden_change",
    "用量突变",
    "sudden change",
    origin="CDR-Stats compares with the week before; median and MAD in place of mean and deviation",
    thresholds=("z",),
)
def sudden_change(data: Data, *, z: float = 5, weeks: int = 8, at_least: int = 6) -> Iterator[Finding]:
    """Minutes of a creator's day, or of all, against the same weekday of the `weeks` before: (minutes − median) ÷ MAD above `z`.

    Only weekdays on which there were meetings count; there must be `at_least` of them. With a MAD of 0: more than twice the median.
    """
    for row in data.named(_SQL, z=z, weeks=weeks, least=at_least):
        ids, day = list(dict.fromkeys(row["ids"])), date_of(row["day"]).isoformat()
        whose = (
            Text(f"发起人 {row['who']}", f"creator {row['who']}")
            if row["who"]
            else Text("整个账户", "the whole account")
        )
        minutes, usual = row["secs"] / 60, row["mid"] / 60
        rule = (
            Text(*(f"z = {row['score']:.1f}",) * 2)
            if row["spread"]
            else Text("离散度为 0，超过中位数的两倍", "no spread, more than twice the median")
        )
        yield Finding(
            record_ids=tuple(ids),
            measured=None if row["score"] is None else round(row["score"], 6),
            threshold=z if row["spread"] else 2,
            mark=(("account", day) if row["who"] is None else (day, ids[0])),
            text=Text(
                f"{whose.zh}在 {day} 的会议时长为 {minutes:.0f} 分钟，此前 {row['n']} 个同一星期几的中位数为 {usual:.0f} 分钟（{rule.zh}）：{those(ids).zh}",
                f"{whose.en} had {minutes:.0f} meeting minutes on {day}; the median of the {row['n']} same weekdays before is {usual:.0f} ({rule.en}): {those(ids).en}",
            ),
        )
