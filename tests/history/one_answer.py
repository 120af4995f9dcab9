"""Meetings, an answer that lists some of them, and what an archive knew of the older ones a day before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.history.simulator_archive import MemoryLand
from ytxdata.history.proof.evidence import Bulk, Evidence, Known, PullFacts, Seen, Window
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.rules import Judgement, Reading
from ytxdata.history.proof.window import Sighting, look

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 3, 20, 10, 0, 0, 500_000, tzinfo=UTC)


def meeting(n: int, *, version: str = "", length: timedelta = HOUR / 2, creator: str = "c") -> Seen:
    """The meeting that began n hours before now (n may be negative: it is to come)."""
    start = NOW.replace(microsecond=0) - n * HOUR
    over = start + length < NOW
    return Seen(f"m{n}", start, start + length if over else None, f"hash{n}{version}", creator, Bulk(500))


def pull(records: Iterable[Seen], *, asked_n: int | None = None, at: datetime = NOW, **more: object) -> PullFacts:
    listed = list(records)
    facts = PullFacts("p1", at, at, len(listed) if asked_n is None else asked_n, listed, 0, Bulk(500 * len(listed)))
    return replace(facts, **more)  # type: ignore[arg-type]


def land_of(records: Iterable[Seen], *, archived: datetime = NOW - 2 * DAY) -> MemoryLand:
    land = MemoryLand()
    for one in records:
        land.put(Known(one.meeting_id, one.started_at, one.ended_at, one.record_hash, archived, one.creator))
    return land


EVERYTHING = [meeting(n) for n in range(30, 400)]
"""What an archive knew a day ago."""
JOINS = Evidence(joins_at=NOW - DAY - DAY, listed_from=EVERYTHING[-1].started_at, listed_at=NOW - DAY)


def seen(
    records: Sequence[Seen],
    land: MemoryLand | None = None,
    earlier: Evidence = JOINS,
    before: Sighting | None = None,
    **more: object,
) -> Sighting:
    return look(pull(records, **more), land or land_of(EVERYTHING), earlier, DEFAULT_POLICY, before)  # type: ignore[arg-type]


TAIL = [meeting(n) for n in range(1, 150)]


def judged(records: Sequence[Seen], **more: Any) -> Judgement:
    """The judgement on a single answer, by somebody who proved the day before yesterday's land."""
    proof = Window("anchored", ("p0",), NOW - DAY, meeting(400).started_at, NOW - 2 * DAY, meeting(400).started_at)  # type: ignore[arg-type]
    evidence = Evidence(
        windows=(proof,), n_syncs=5, last_asked_at=NOW - DAY, joins_at=NOW - 2 * DAY,
        listed_from=meeting(399).started_at, listed_at=NOW - DAY, full_at=NOW - DAY, order_shown=True,
    )  # fmt: skip
    reading = Reading(land_of(EVERYTHING), evidence, NOW)
    reading.take(pull(records, **more))
    return reading.result()


def reason_at(judgement: Judgement, hours_ago: int) -> str:
    at = NOW - hours_ago * HOUR
    return next(one.reason_key for one in judgement.periods if one.start <= at < one.end)
