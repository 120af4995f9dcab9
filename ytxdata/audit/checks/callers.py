"""Who was there and how often: one person twice, many meetings at once, unknown and costly numbers, unusual days, too
few to be told of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from ytxdata.audit.checking import CHECKS, Finding, check, span, those, when
from ytxdata.audit.data import Data
from ytxdata.audit.findings import Findings, as_findings
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.calendar import date_of
from ytxdata.phones import number_class
from ytxdata.tables.table import Table

_TWICE = """
    WITH spans AS (SELECT m, number, leg, j, x FROM all_legs WHERE number IS NOT NULL AND x > j),
    late AS (SELECT * FROM spans QUALIFY max(x) OVER (PARTITION BY number ORDER BY j, x, m
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > j),
    pairs AS (
        SELECT DISTINCT a.number, least(a.m, b.m) AS a, greatest(a.m, b.m) AS b
        FROM late a JOIN spans b ON a.number = b.number AND a.m <> b.m AND b.j < a.x AND a.j < b.x
    ),
    each AS (SELECT number, a AS m FROM pairs UNION SELECT number, b FROM pairs),
    parts AS (
        SELECT *, coalesce(j > max(x) OVER (PARTITION BY number, m ORDER BY j, x ROWS BETWEEN UNBOUNDED PRECEDING
            AND 1 PRECEDING), TRUE) AS is_new
        FROM spans SEMI JOIN each USING (number, m)
    ),
    islands AS (
        SELECT number, m, min(j) AS j, max(x) AS x, min(leg) AS leg
        FROM (SELECT *, sum(is_new::INT) OVER (PARTITION BY number, m ORDER BY j, x ROWS UNBOUNDED PRECEDING) AS i
            FROM parts) GROUP BY number, m, i
    ),
    shared AS (
        SELECT p.number, p.a, p.b, min(i.leg) AS leg, min(greatest(i.j, k.j)) AS since,
            sum(least(i.x, k.x) - greatest(i.j, k.j)) AS shared_s
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
    origin=Text("bandicoot：时间重叠的通话", "bandicoot: calls that overlap"),
    needs=("joins",),
    thresholds=("more_than_s",),
)
def same_person_twice(data: Data, *, more_than_s: float = 300) -> Iterator[Finding]:
    """One number connected to two meetings at once for more than `more_than_s` in all."""
    for row in data.named(_TWICE, limit=more_than_s):
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


_OVERLAPS = """
    WITH spans AS (SELECT * FROM all_meetings WHERE who IS NOT NULL AND e > s),
    late AS (SELECT * FROM spans QUALIFY max(e) OVER (PARTITION BY who ORDER BY s, e, m
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > s + $limit)
    SELECT b.who, b.s AS since, least(a.e, b.e) - b.s AS shared_s, a.meeting_id AS one, b.meeting_id AS other
    FROM late b JOIN spans a ON a.who = b.who AND (a.s, a.e, a.m) < (b.s, b.e, b.m) AND least(a.e, b.e) - b.s > $limit
    WHERE b.in_scope ORDER BY since, one, other
"""


@check(
    "creator_overlap",
    "发起人会议重叠",
    "creator overlap",
    origin=Text("Microsoft Viva：重复预约", "Microsoft Viva: double booking"),
    needs=("creators",),
    thresholds=("more_than_s",),
)
def creator_overlap(data: Data, *, more_than_s: float = 300) -> Iterator[Finding]:
    """Two meetings of one creator overlap by more than `more_than_s`."""
    for row in data.named(_OVERLAPS, limit=more_than_s):
        yield Finding(
            record_ids=(row["one"], row["other"]),
            measured=row["shared_s"],
            threshold=more_than_s,
            text=Text(
                f"发起人 {row['who']} 的会议 {row['one']} 与 {row['other']} 自 {when(row['since'])} 起重叠 {span(row['shared_s'])}",
                f"meetings {row['one']} and {row['other']} of creator {row['who']} overlap by {span(row['shared_s'])} from {when(row['since'])}",
            ),
        )


@check(
    "burst",
    "短时密集",
    "burst",
    origin=Text("OpenSIPS 欺诈检测：滑动计数", "OpenSIPS fraud detection: sliding counters"),
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
            SELECT * FROM ends QUALIFY bool_or(is_end) OVER (PARTITION BY who ORDER BY s, m ROWS BETWEEN CURRENT ROW
                AND {n - 1} FOLLOWING)
        ), parts AS (
            SELECT *, sum((gap > $within OR gap IS NULL)::INT)
                OVER (PARTITION BY who ORDER BY s, m ROWS UNBOUNDED PRECEDING) AS part FROM inside
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


_RUNS = """
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
        FROM (SELECT kind, scope, n, n - row_number() OVER (PARTITION BY kind, scope ORDER BY n) AS g
            FROM (SELECT DISTINCT kind, scope, n FROM scopes))
        GROUP BY kind, scope, g HAVING run >= $least
    )
    SELECT kind, low, high, run, any_value(who) AS who, min(s) AS s, list(DISTINCT meeting_id ORDER BY meeting_id)
        AS ids,
        first(meeting_id ORDER BY n, s, meeting_id) AS anchor, first(leg ORDER BY n, s, meeting_id) AS leg
    FROM runs JOIN scopes USING (kind, scope) WHERE n BETWEEN low AND high
    GROUP BY kind, scope, low, high, run HAVING bool_or(in_scope) ORDER BY kind DESC, s, anchor, low
"""


_WHERE = {"meeting": Text("同一场会议中", "in one meeting"), "day": Text("同一发起人的一天内", "in one creator's day")}


@check(
    "enumeration",
    "连号拨打",
    "enumeration",
    severity=Text("crit：机器拨号的典型痕迹", "crit: the typical trace of a dialling machine"),
    origin=Text("自动拨号的识别方法", "detection of robocalls"),
    needs=("legs", "roster"),
    thresholds=("at_least",),
)
def enumeration(data: Data, *, at_least: float = 5) -> Iterator[Finding]:
    """`at_least` or more consecutive numbers, none of them in the roster, in one meeting or one creator's day."""
    told: list[tuple[set[str], int, int]] = []
    for row in data.named(_RUNS, least=round(at_least)):
        ids = set(row["ids"])
        if any(single <= ids and low <= row["low"] and row["high"] <= high for single, low, high in told):
            continue  # a day's run that one of its meetings shows already
        told.append((ids, row["low"], row["high"]))
        where, listed = _WHERE[row["kind"]], those(sorted(ids))
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


_UNKNOWN = """
    WITH strange AS (
        SELECT number, m, min(j) AS j, min(leg) AS leg FROM all_legs ANTI JOIN known USING (number)
        WHERE number IS NOT NULL AND j IS NOT NULL GROUP BY number, m
    )
    SELECT number, min(j) AS since, list(meeting_id ORDER BY j, meeting_id) AS ids, first(leg ORDER BY j, meeting_id)
        AS leg
    FROM strange JOIN all_meetings USING (m) GROUP BY number HAVING since >= $after AND bool_or(in_scope)
        ORDER BY since, ids, leg
"""


@check(
    "unknown_number",
    "陌生号码",
    "unknown number",
    origin=Text("交换机防盗打指南：先看新出现的号码", "guides against PBX fraud: new numbers first"),
    needs=("joins", "roster"),
    thresholds=("days",),
)
def unknown_number(data: Data, *, days: float = 30) -> Iterator[Finding]:
    """Not in the roster, and joined for the first time in the last `days`."""
    for row in data.named(_UNKNOWN, after=data.now_s - round(days * 86400)):
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


RISKS = {
    "international": Text("境外号码", "international"),
    "premium": Text("声讯付费号码", "premium rate"),
    "satellite": Text("卫星电话", "satellite"),
    "listed": Text("名单中的号段", "of a listed prefix"),
}

_RISKY = """
    WITH met AS (SELECT number, m, min(leg) AS leg FROM legs SEMI JOIN risky USING (number) GROUP BY number, m)
    SELECT number, kind, min(s) AS since, list(meeting_id ORDER BY s, meeting_id) AS ids,
        first(leg ORDER BY s, meeting_id) AS leg
    FROM met JOIN risky USING (number) JOIN all_meetings USING (m) GROUP BY number, kind ORDER BY since, ids, leg
"""


@check(
    "risky_number",
    "高风险号码",
    "risky number",
    severity=Text(
        "境外号码为 warn；声讯、卫星与名单号段为 crit",
        "warn for international ones; crit for premium, satellite and listed ones",
    ),
    origin=Text("CDR-Stats、Variphy：按号码类别统计通话", "CDR-Stats, Variphy: calls by class of number"),
    needs=("legs",),
)
def risky_number(
    data: Data, *, classes: Sequence[str] = ("international", "premium", "satellite"), prefixes: Sequence[str] = ()
) -> Iterator[Finding]:
    """A number of one of `classes`, or that begins with one of `prefixes` (E.164, such as `+8690`); one finding per
    number.
    """
    access = frozenset(row["number"] for row in data.rows("SELECT number FROM access"))
    risky = []
    for row in data.rows("SELECT DISTINCT number FROM legs WHERE number IS NOT NULL"):
        number = row["number"]
        kind = "listed" if number.startswith(tuple(prefixes)) else number_class(number, access)
        if kind == "listed" or kind in classes:
            risky.append({"number": number, "kind": kind})
    data.put("risky", pa.Table.from_pylist(risky, pa.schema([("number", pa.string()), ("kind", pa.string())])))
    for row in data.rows(_RISKY):
        ids = list(dict.fromkeys(row["ids"]))
        title = RISKS.get(row["kind"], Text(row["kind"], row["kind"]))
        yield Finding(
            record_ids=tuple(ids),
            severity="warn" if row["kind"] == "international" else "crit",
            measured=len(ids),
            threshold=0,
            mark=(ids[0], str(row["leg"])),
            text=Text(
                f"{title.zh} {row['number']} 出现在 {len(ids)} 场会议中，首次 {when(row['since'])}：{those(ids).zh}",
                f"number {row['number']} ({title.en}) in {len(ids)} meetings, first {when(row['since'])}: {those(ids).en}",
            ),
        )


_UNUSUAL = """
    WITH known AS (SELECT who, s // 86400 AS day, len_s, in_scope FROM all_meetings WHERE s IS NOT NULL
        AND len_s IS NOT NULL),
    daily AS (
        SELECT who, day, sum(len_s)::BIGINT AS secs, bool_or(in_scope) AS in_scope FROM known WHERE who IS NOT NULL
            GROUP BY who, day
        UNION ALL SELECT NULL, day, sum(len_s)::BIGINT, bool_or(in_scope) FROM known GROUP BY day
    ),
    enough AS (SELECT * FROM daily QUALIFY count(*) OVER (PARTITION BY who, day % 7) > $least),
    earlier AS (SELECT who, secs, day + 7 * unnest(range(1, $weeks + 1)) AS day FROM enough),
    usual AS (SELECT who, day, count(*) AS n, median(secs) AS mid, mad(secs) AS spread FROM earlier GROUP BY who, day
        HAVING n >= $least),
    judged AS (
        SELECT d.who, d.day, d.secs, u.n, mid, greatest(spread, $floor_s,
            mid * if(d.who IS NULL, $account_share, $share)) AS least_spread
        FROM enough d JOIN usual u ON d.who IS NOT DISTINCT FROM u.who AND d.day = u.day
        WHERE d.in_scope AND d.secs - mid >= $change AND d.secs - mid > $z * least_spread
    )
    SELECT j.*, list(meeting_id ORDER BY a.s, meeting_id) AS ids
    FROM judged j JOIN all_meetings a ON a.s // 86400 = j.day AND (j.who IS NULL OR a.who = j.who) AND len_s IS NOT NULL
    GROUP BY ALL ORDER BY day, j.who NULLS FIRST, ids
"""


@check(
    "sudden_change",
    "用量突变",
    "sudden change",
    origin=Text(
        "CDR-Stats 与上周比较；以中位数和绝对中位差代替均值和标准差",
        "CDR-Stats compares with the week before; median and MAD in place of mean and deviation",
    ),
    thresholds=("z", "least_change_s"),
)
def sudden_change(
    data: Data, *, z: float = 5, least_change_s: float = 2700, weeks: int = 8, at_least: int = 6,
    least_spread_s: float = 600, least_spread_pct: float = 20, account_spread_pct: float = 50,
) -> Iterator[Finding]:  # fmt: skip
    """Minutes of a creator's day, or of all, against the same weekday of the `weeks` before: (minutes − median) ÷
    spread above `z`.

    Only weekdays on which there were meetings count; there must be `at_least` of them. The spread is the MAD, and at
    least `least_spread_s` and `least_spread_pct` of the median: eight days that happen to be alike do not make a
    ninth of 17 minutes in place of 16 remarkable. A day of the whole account is the sum of what many people do by
    chance, long meetings among them: its least spread is `account_spread_pct`. And less than `least_change_s` more is
    nobody's concern, however regular the weeks before were.
    """
    floors = {"floor_s": least_spread_s, "share": least_spread_pct / 100, "account_share": account_spread_pct / 100}
    for row in data.named(_UNUSUAL, z=z, weeks=weeks, least=at_least, change=least_change_s, **floors):
        ids, day = list(dict.fromkeys(row["ids"])), date_of(row["day"]).isoformat()
        whose = (
            Text(f"发起人 {row['who']}", f"creator {row['who']}")
            if row["who"]
            else Text("整个账户", "the whole account")
        )
        minutes, usual, score = row["secs"] / 60, row["mid"] / 60, (row["secs"] - row["mid"]) / row["least_spread"]
        yield Finding(
            record_ids=tuple(ids),
            measured=round(score, 6),
            threshold=z,
            mark=(("account", day) if row["who"] is None else (day, ids[0])),
            text=Text(
                f"{whose.zh}在 {day} 的会议时长为 {minutes:.0f} 分钟，此前 {row['n']} 个同一星期几的中位数为 {usual:.0f} 分钟（z = {score:.1f}）：{those(ids).zh}",
                f"{whose.en} had {minutes:.0f} meeting minutes on {day}; the median of the {row['n']} same weekdays before is {usual:.0f} (z = {score:.1f}): {those(ids).en}",
            ),
        )


@check(
    "small_group",
    "小群体",
    "small group",
    origin=Text("Microsoft Viva：至少 5 人", "Microsoft Viva: at least 5 people"),
    needs=("exports",),
    thresholds=("minimum",),
)
def small_groups(data: Data, *, minimum: float = 5, column: str = "people") -> Iterator[Finding]:
    """A row of a table that is to be handed on describes fewer than `minimum` people, as its `column` counts them."""
    for table in data.exports or ():
        if column in table.arrow.column_names:
            yield from _few(table, minimum, column)
        else:
            data.notes.append(
                Text(
                    f"表 {table.name} 没有人数列 {column}，未检查小群体",
                    f"table {table.name} has no column {column}: not checked for small groups",
                )
            )


def small_group(table: Table, minimum: int = 5, column: str = "people") -> Findings:
    """Find the rows of a table that describe fewer than `minimum` people; `Table.suppressed` makes their figures
    unknown.

    `ytx.audit.run(…, exports=[table])` asks the same within an audit.

    Parameters
    ----------
    table
        A report or an export that counts people.
    minimum
        From how many people a row may be published.
    column
        Which column counts them.

    Returns
    -------
    Findings
        One per row; none for a table that may be published.

    Raises
    ------
    UsageError
        The table has no such column.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> report = ytx.metrics.usage(history, by="day")
    >>> len(ytx.audit.small_group(report, minimum=5)) > 0
    True
    """
    if column not in table.arrow.column_names:
        raise UsageError(
            Text(f"表 {table.name} 没有人数列 {column}", f"table {table.name} has no column {column}"),
            remedy=Text("选一个含人数的报表", "choose a report that counts people"),
        )
    return as_findings((CHECKS["small_group"], one) for one in _few(table, minimum, column))


def _few(table: Table, minimum: float, column: str) -> Iterator[Finding]:
    first, period = table.arrow.column_names[0], [edge.isoformat() for edge in table.period or ()]
    for place, row in enumerate(table.arrow.select(list(dict.fromkeys([first, column]))).to_pylist()):
        n = row[column]
        if n is not None and n < minimum:
            yield Finding(
                record_ids=(),
                measured=n,
                threshold=minimum,
                mark=(table.name, *period, *table.arrow.column_names, str(place), str(n)),
                text=Text(
                    f"表 {table.name} 第 {place + 1} 行（{row[first]}）只涉及 {n} 人，少于 {minimum:g}",
                    f"row {place + 1} of table {table.name} ({row[first]}) is about {n} people, fewer than {minimum:g}",
                ),
            )
