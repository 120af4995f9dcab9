"""What became of the records of a scope: how many were left out and why, and the days and period they cover."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import narwhals as nw

from ytxdata.metrics.engines import OFFSET
from ytxdata.metrics.facts import Facts
from ytxdata.metrics.periods import DAY


class Outcome(NamedTuple):
    """Reason → how many were left out, the days on which meetings lie, and the period when it is known."""

    excluded: dict[str, int]
    days: range
    period: tuple[datetime, datetime] | None


def outcome(facts: Facts) -> Outcome:
    """Return the outcome of some facts, counted once."""
    if "outcome" not in facts.held:
        facts.held["outcome"] = _count(facts)
    kept: Outcome = facts.held["outcome"]
    return kept


def _count(facts: Facts) -> Outcome:
    counts, is_known = nw.col("counts"), nw.col("is_known")
    flags = {
        "too_few_people": ~counts,
        "legs_unknown": counts & ~is_known,
        "end_unknown": counts & nw.col("meeting_s").is_null(),
    }
    numbers = {
        "never_joined": nw.when(is_known).then(nw.col("rows") - nw.col("legs")).otherwise(0),
        "leg_end_unknown": nw.when(counts & is_known).then(nw.col("legs") - nw.col("closed")).otherwise(0),
    }
    marked = facts.meetings.select(
        "at",
        *(flag.cast(nw.Int64).alias(name) for name, flag in flags.items()),
        *(number.alias(name) for name, number in numbers.items()),
    )
    sums = [nw.col(name).sum().cast(nw.Int64) for name in (*flags, *numbers)]
    row = facts.source.rows(marked.select(*sums, first_at=nw.col("at").min(), last_at=nw.col("at").max()))[0]
    first, last = row.pop("first_at"), row.pop("last_at")
    start = facts.scope.start or (None if first is None else _instant(first))
    end = facts.scope.end or (None if last is None else _instant(last + 1))
    return Outcome(
        excluded=_without_day(facts) | row,
        days=range(0) if first is None else range(int(first) // DAY, int(last) // DAY + 1),
        period=None if start is None or end is None else (start, end),
    )


def _without_day(facts: Facts) -> dict[str, int]:
    """Count the meetings that belong to no day, of whatever period."""
    no_start = nw.col("s").is_null()
    missing = {"no_start": no_start}
    if facts.scope.day_of == "ends":
        missing["not_ended"] = ~no_start & nw.col("e").is_null()
    flags = facts.source.meetings.select(flag.cast(nw.Int64).alias(name) for name, flag in missing.items())
    counted: dict[str, int] = facts.source.rows(flags.select(nw.col(*missing).sum().cast(nw.Int64)))[0]
    return counted


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second - OFFSET, UTC)
