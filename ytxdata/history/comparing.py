"""Comparing records: the overlap with the archive, two answers of one sync, two meetings with one id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ytxdata.history.evidence import Known, Seen
from ytxdata.history.policy import Policy
from ytxdata.history.sighting import EARLIEST, Sighting, start_of

Placed = tuple[datetime, Seen]
"""A record with the start that gives it its place."""


def overlap(
    anchors: Iterable[Known], n_known: int, n_inside: int, n_held_back: int, joins_at: datetime | None, policy: Policy
) -> datetime | None:
    """Return when enough of the overlap had been archived, None when it shows nothing.

    Anchors ended well before the last completed sync, so an answer that holds them reaches that deep in a list kept by
    start, by end or by last change alike, and holds all that was listed since they were archived. What was left out must
    still be listed: a list kept oldest first, whose old end is forgotten, would look the same.
    """
    if joins_at is None or n_held_back < policy.overlap or n_known - n_inside > policy.strays * n_known:
        return None
    by_chance = (n_known / (n_known + n_held_back)) ** n_inside
    archived = sorted(
        one.last_changed_at for one in anchors if one.ended_at is not None and one.ended_at <= joins_at - policy.reach
    )
    if len(archived) < policy.overlap or by_chance > policy.chance:
        return None
    return archived[policy.overlap - 1]


class Comparison(NamedTuple):
    """What two answers of one sync show of each other: the shorter should be the newest part of the longer."""

    n_lacking: int = 0
    shows_disorder: bool = False
    shows_order: bool = False


def compared(
    lower: datetime | None,
    upper: datetime,
    returned: Mapping[str, object],
    earlier: Sighting | None,
    placed: Sequence[Placed],
    policy: Policy,
) -> Comparison:
    """Compare an answer with the one before it in the same sync."""
    if earlier is None or earlier.trimmed is None or lower is None:
        return Comparison()
    had = {one.meeting_id for one in earlier.pull.records}
    before = [(start_of(one, earlier.pull), one.meeting_id) for one in earlier.pull.records]
    only_before = [at for at, key in before if at is not None and key not in returned]
    only_now = [at for at, one in placed if one.meeting_id not in had]
    n_lacking = sum(lower <= at < upper for at in only_before)
    n_hidden = sum(earlier.trimmed <= at < earlier.upper for at in only_now)
    both_reach = max(earlier.trimmed, placed[min(policy.overlap, len(placed) - 1)][0])
    agree = not any(both_reach <= at < min(upper, earlier.upper) for at in (*only_before, *only_now))
    n_older = max(sum(at < both_reach for at in only_before), sum(at < both_reach for at in only_now))
    return Comparison(
        n_lacking=n_lacking,
        shows_disorder=n_hidden > max(1, policy.strays * earlier.n_ids),
        shows_order=agree and not n_lacking and not n_hidden and n_older >= policy.overlap,
    )


def is_unchanged(record: Seen, found: Mapping[str, Known]) -> bool:
    """Say whether a record is, byte for byte, the one that was archived."""
    known = found.get(record.meeting_id)
    return known is not None and not known.is_exempt and known.record_hash == record.record_hash


def stand_for_two(records: Sequence[Seen], known: Known | None) -> bool:
    """Say whether one id stands for two meetings: within the answer, or now and when it was archived."""
    first = records[0]
    if any(_are_apart(first, one) or _differ(first, one) for one in records[1:]):
        return True
    if known is None or all(one.record_hash == known.record_hash for one in records):
        return False
    was_over = known.ended_at is not None and known.ended_at <= known.last_changed_at
    return any(_are_apart(known, one) and (was_over or _differ(known, one)) for one in records)


def _differ(one: Known | Seen, other: Seen) -> bool:
    return one.creator is not None and other.creator is not None and one.creator != other.creator


def _are_apart(one: Known | Seen, other: Seen) -> bool:
    """Say whether two spans of time share no instant; what has not ended may go on for ever."""
    if one.started_at is None or other.started_at is None:
        return False
    early, late = sorted((one, other), key=lambda each: each.started_at or EARLIEST)
    return early.ended_at is not None and late.started_at is not None and early.ended_at < late.started_at
