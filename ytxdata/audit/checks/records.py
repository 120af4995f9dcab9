"""What the platform lists: one meeting under two ids, one id for two, records that changed or vanished, time it does
not cover.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import pandas as pd
import pyarrow as pa

from ytxdata.archive.heads import Snapshot
from ytxdata.archive.known_meetings import ArchivedMeetings, VersionIndex, exempt_of
from ytxdata.audit.checking import Finding, check, size_class, those, when
from ytxdata.audit.data import Data
from ytxdata.history.proof.evidence import named
from ytxdata.labels import Text
from ytxdata.records.identity import apart_sql
from ytxdata.times import beijing_text

PEOPLE = "(SELECT list_sort(list(DISTINCT number)) FROM all_legs l WHERE l.m = a.m AND number IS NOT NULL)"
"""Who was there, of a meeting called `a`; null when the parties are unknown."""


@check(
    "duplicate_exact",
    "完全重复",
    "exact duplicate",
    severity=Text("crit：同一场会议可能被计费两次", "crit: one meeting may be billed twice"),
    origin=Text("bandicoot 报告重复而不删除", "bandicoot reports duplicates and does not drop them"),
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


@check(
    "duplicate_near",
    "近似重复",
    "near duplicate",
    origin=Text("两处话单的比对惯例", "matching practice for call records of two sources"),
    needs=("creators",),
    thresholds=("within_s",),
)
def duplicate_near(data: Data, *, within_s: float = 2) -> Iterator[Finding]:
    """Same creator and people, start and end at most `within_s` apart, not exactly the same."""
    sql = f"""
        WITH near AS (
            SELECT * FROM all_meetings WHERE who IS NOT NULL AND s IS NOT NULL AND e IS NOT NULL
            WINDOW w AS (PARTITION BY who ORDER BY s) QUALIFY s - lag(s) OVER w <= $within OR lead(s)
                OVER w - s <= $within
        ), known AS (SELECT a.*, {PEOPLE} AS people FROM near a)
        SELECT a.meeting_id AS one, b.meeting_id AS other, a.s AS s, b.s - a.s AS starts, b.e - a.e AS ends, a.who
            AS who
        FROM known a JOIN known b ON a.who = b.who AND a.people IS NOT DISTINCT FROM b.people
            AND a.meeting_id <> b.meeting_id
            AND (a.s, a.meeting_id) < (b.s, b.meeting_id) AND b.s - a.s <= $within AND abs(b.e - a.e) <= $within
        WHERE (b.s > a.s OR b.e <> a.e) AND b.in_scope ORDER BY s, one, other
    """  # noqa: S608
    for row in data.named(sql, within=within_s):
        gap = max(row["starts"], abs(row["ends"]))
        yield Finding(
            record_ids=(row["one"], row["other"]),
            measured=gap,
            threshold=within_s,
            text=Text(
                f"会议 {row['one']} 与 {row['other']} 几乎相同：发起人 {row['who']}，开始 {when(row['s'])}，起止相差不超过 {gap} 秒，参会人相同",
                f"meetings {row['one']} and {row['other']} are nearly the same: creator {row['who']}, start {when(row['s'])}, edges at most {gap} s apart, same people",
            ),
        )


@check(
    "id_collision",
    "编号冲突",
    "id collision",
    severity=Text(
        "发起人不同为 crit：按编号的统计会混淆两场会议；同一发起人一直用同一编号为 warn",
        "crit between creators: whatever counts by id mixes two meetings; warn where one creator keeps an id",
    ),
    origin=Text(
        "Graph：callId 不保证唯一；Zoom：会议号与 uuid 之分",
        "Graph: callId is not guaranteed unique; Zoom: meeting number against uuid",
    ),
)
def id_collision(data: Data) -> Iterator[Finding]:
    """One meeting id, records that cannot be the same meeting, whoever created them: one was over before the other
    began.
    """
    sql = f"""
        SELECT a.meeting_id AS id, min(a.s) AS first, max(b.s) AS last, count(DISTINCT b.twin) + 1 AS n,
            bool_or(a.who IS DISTINCT FROM b.who) AS is_grave
        FROM all_meetings a JOIN all_meetings b ON a.meeting_id = b.meeting_id AND a.twin < b.twin
        WHERE a.is_shared AND {apart_sql("a.s", "a.e", "b.s", "b.e")}
        GROUP BY a.meeting_id HAVING bool_or(a.in_scope OR b.in_scope) ORDER BY first, id
    """  # noqa: S608
    for row in data.rows(sql):
        yield Finding(
            record_ids=(row["id"],),
            severity="crit" if row["is_grave"] else "warn",
            measured=row["n"],
            threshold=1,
            text=Text(
                f"会议编号 {row['id']} 用于 {row['n']} 场不同的会议：一场在另一场开始前已结束（{when(row['first'])} 与 {when(row['last'])}）",
                f"meeting id {row['id']} stands for {row['n']} meetings: one was over before the other began ({when(row['first'])} and {when(row['last'])})",
            ),
        )


FIELDS: dict[str, tuple[Text, re.Pattern[str]]] = {
    "start": (Text("开始", "start"), re.compile(r"started_at")),
    "end": (Text("结束", "end"), re.compile(r"ended_at")),
    "duration": (Text("时长", "duration"), re.compile(r"duration_s")),
    "people": (
        Text("参会方", "people"),
        re.compile(r"n_legs|n_people|legs\[\d+\]\.(phone|number|joined_at|left_at|duration_s)"),
    ),
    "money": (Text("金额", "money"), re.compile(r"amount_yuan")),
}
"""What counts as a change → what it is called, and the columns of the ledger that belong to it."""

GRAVE = ("start", "end", "duration", "money")


def kind_of(field: str) -> str | None:
    """Return which of `FIELDS` a column of the ledger belongs to, None when to none.

    Examples
    --------
    >>> kind_of("amount_yuan"), kind_of("legs[2].number"), kind_of("name")
    ('money', 'people', None)
    """
    return next((kind for kind, (_, columns) in FIELDS.items() if columns.fullmatch(field)), None)


@check(
    "mutated_after_close",
    "结束后被改",
    "changed after its end",
    severity=Text("crit：改动涉及时间或金额；否则 warn", "crit when it touches time or money, else warn"),
    origin=Text(
        "Graph 保留通话记录的各个版本；Teams 曾在重新入会时覆盖出席记录",
        "Graph keeps versions of call records; Teams overwrote attendance on re-join",
    ),
    needs=("archive",),
)
def mutated_after_close(data: Data, *, fields: Sequence[str] = tuple(FIELDS)) -> Iterator[Finding]:
    """A field of an ended meeting changed between two pulls."""
    assert data.archive is not None
    ledger = data.archive.changes(as_of=data.now)
    ledger = ledger[ledger["phase"] == "after_close"]
    wanted = [row for row in ledger.to_dict("records") if kind_of(row["field"]) in fields]
    wanted.sort(key=lambda row: (row["meeting_id"], row["new_seen_at"], row["version"], row["field"]))
    for (meeting_id, version, new_pull), group in groupby(
        wanted, key=lambda row: (row["meeting_id"], row["version"], row["new_pull_id"])
    ):
        rows = list(group)
        kinds = [kind for kind in FIELDS if any(kind_of(row["field"]) == kind for row in rows)]
        told = [row for row in rows if not row["field"].startswith("legs[")] or rows
        changes = "; ".join(f"{row['field']}: {_value(row['old'])} → {_value(row['new'])}" for row in told[:6])
        yield Finding(
            record_ids=(meeting_id,),
            severity="crit" if set(kinds) & set(GRAVE) else "warn",
            measured=len(rows),
            threshold=0,
            # the instant alone: the rest of a pull's id is a hash of its answer, and with it the finding's id in a
            # masked
            # pack told whoever knew all of an answer but one number which number it was
            mark=(meeting_id, str(version), new_pull.partition("-")[0]),
            pull_ids=(rows[0]["old_pull_id"], new_pull),
            text=Text(
                f"会议 {meeting_id} 结束后，平台改动了{'、'.join(FIELDS[kind][0].zh for kind in kinds)}（{_seen(rows[0])}）：{changes}",
                f"after meeting {meeting_id} had ended, the platform changed its {', '.join(FIELDS[kind][0].en for kind in kinds)} ({_seen(rows[0])}): {changes}",
            ),
        )


def _value(text: object) -> str:
    """A value of the ledger without the zeros that a decimal trails behind it."""
    if not isinstance(text, str):
        return "—"
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d{18}", text) else text


def _seen(row: Mapping[Any, Any]) -> str:
    return " → ".join(beijing_text(row[key]) for key in ("old_seen_at", "new_seen_at"))


@check(
    "vanished",
    "记录消失",
    "vanished",
    severity=Text("crit：平台不再承认这场会议", "crit: the platform no longer admits the meeting"),
    origin=Text(
        "“最新 N 条”的列表必须包含从其最旧一条到提问时刻之间开始的全部会议",
        "a list of the newest N must hold whatever starts between its oldest record and the moment of asking",
    ),
    needs=("archive",),
)
def vanished(data: Data) -> Iterator[Finding]:
    """A record is missing from a later pull in whose window it must be; the archive's syncs judge that, and keep the
    record.
    """
    assert data.archive is not None
    snapshot = data.archive.snapshot()
    gone = _vanished(snapshot) if snapshot else {}
    pulls = data.archive.pulls(as_of=data.now)
    listings = pulls[pulls["confid"].isna()]
    newest = listings["asked_at"].max()
    data.put("gone", pa.table({"meeting_id": pa.array(list(gone), pa.string())}))
    columns = "meeting_id AS id, s, last_seen, pull_id"
    sql = f"SELECT {columns} FROM meetings SEMI JOIN gone USING (meeting_id) ORDER BY s, id, twin"  # noqa: S608
    for row in data.rows(sql):
        last, starts = data.instant(row["last_seen"]), gone[row["id"]]
        if last is None or last >= newest.floor("s") or (starts and data.instant(row["s"]) not in starts):
            continue  # as of then it was still there, or it is another meeting of the room
        yield Finding(
            record_ids=(row["id"],),
            severity="crit",
            pull_ids=pulls_around(listings, last),
            text=Text(
                f"会议 {row['id']}（开始 {when(row['s'])}）从平台的列表里消失：最后见于 {when(row['last_seen'])}，此后的回答本应包含它而没有；存档仍保留它",
                f"meeting {row['id']} (start {when(row['s'])}) vanished from the platform's list: last seen {when(row['last_seen'])}, later answers should hold it and do not; the archive keeps it",
            ),
        )


def _vanished(snapshot: Snapshot) -> dict[str, set[datetime | None]]:
    """Return the ids of meetings that vanished; of a room, which has others, with the starts of those."""
    names = exempt_of(snapshot.head.state)
    land = ArchivedMeetings(VersionIndex(snapshot), names).meetings(sorted({named(one)[0] for one in names}))
    return {
        key: {one.known.started_at for one in some if one.known and one.known.is_exempt} if len(some) > 1 else set()
        for key, some in land.items()
    }


def pulls_around(listings: pd.DataFrame, last: datetime) -> tuple[str, ...]:
    """Return the pull that showed a record last, and the first and the last of those that should hold it and do not.

    A sync asks for all and then for less, all in a second, and what is known of a record is the second: the longest
    answer of it is the one that held the record, and only one as long can lack it. A pack whose finding named a short
    one was called damaged.
    """
    seconds = listings["asked_at"].dt.floor("s")
    seen = listings[seconds == seconds[seconds <= last].max()].sort_values("returned_n", kind="stable").tail(1)
    later = listings[seconds > last]
    as_long = later[later["returned_n"] >= seen["returned_n"].min()]
    missing = (as_long if len(as_long) else later)["pull_id"]
    return tuple(dict.fromkeys([*seen["pull_id"], *missing.head(1), *missing.tail(1)]))


@check(
    "coverage_gap",
    "覆盖缺口",
    "coverage gap",
    severity=Text(
        "GAP 为 crit，每段一条；PROBABLE 合为一条 warn",
        "GAP is crit, one for each period; all PROBABLE periods together are one warn",
    ),
    origin=Text(
        "接口只给最新 N 条，对其余一字不提", "an interface that gives the newest N and says nothing about the rest"
    ),
    needs=("certificate",),
)
def coverage_gap(data: Data) -> Iterator[Finding]:
    """Periods with the verdict GAP, and, together, those that are only PROBABLE."""
    assert data.certificate is not None
    for period in data.certificate.periods:
        if period.verdict == "GAP":
            edges = f"{beijing_text(period.start)} – {beijing_text(period.end)}"
            yield Finding(
                record_ids=(),
                severity="crit",
                measured=(period.end - period.start).total_seconds(),
                threshold=0,
                mark=("GAP", period.start.isoformat(), period.reason_key),
                at=period.start,
                pull_ids=period.pull_ids,
                text=Text(
                    f"{edges} 的会议可能缺失：{period.reason.zh}",
                    f"meetings from {edges} may be missing: {period.reason.en}",
                ),
            )
    probable = [period for period in data.certificate.periods if period.verdict == "PROBABLE"]
    if probable:
        widest = max(probable, key=lambda period: (period.end - period.start, period.start))
        seconds = sum((period.end - period.start).total_seconds() for period in probable)
        yield Finding(
            record_ids=(),
            measured=seconds,
            threshold=0,
            mark=("PROBABLE", probable[0].start.isoformat(), size_class(seconds)),
            at=probable[0].start,
            pull_ids=tuple(sorted({pull for period in probable for pull in period.pull_ids})),
            text=Text(
                f"{len(probable)} 段、共 {seconds / 86400:.1f} 天未证实；最长一段 {beijing_text(widest.start)} – {beijing_text(widest.end)}：{widest.reason.zh}",
                f"{len(probable)} periods, {seconds / 86400:.1f} days in all, are not proven; the longest, {beijing_text(widest.start)} – {beijing_text(widest.end)}: {widest.reason.en}",
            ),
        )
