"""Limits that count by category: a platform that keeps the newest N of each creator, or of each kind, defeats every window.

Such a list is newest first, reaches back for years, and lacks what the busiest have held before. No window shows it:
what is hidden has no place in any answer. Three things give it away. The busiest creators have exactly the same
number of records. A kind has as many as before though new ones came. And what vanishes amid others is the oldest of
its creator, while a new one came.

What such a limit may hide began before the oldest record that is shown of a category that is full: that is not
PROVEN. A single creator that is full, and held nothing new while it was watched, looks like one who came late: that
cannot be told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from ytxdata.history.proof.evidence import Evidence, Seen
from ytxdata.history.proof.policy import is_round
from ytxdata.history.proof.window import Sighting

CREATOR, KIND = "creator", "kind"

ALIKE, FULLEST = 3, 5
"""So many creators that share the greatest number, of so many records or more, are told: two do in one account in ten."""

MOST_LIMITS = 4
"""How many limits are remembered."""


def hidden_before(answer: Sighting, limits: Iterable[tuple[str, int]]) -> datetime | None:
    """Return before when a limit by category may hide meetings of an answer; None when nothing looks like one."""
    found = [at for name, limit in limits if (at := _latest_oldest(answer, name, limit)) is not None]
    suspected = [*_shared(answer), *_round_kinds(answer)] if answer.stopped else []
    found += [at for name, limit in suspected if (at := _latest_oldest(answer, name, limit)) is not None]
    return max(found, default=None)


def watched(evidence: Evidence, answer: Sighting) -> Evidence:
    """Return the evidence with what a full answer shows of limits by category."""
    kinds = Counter(one.kind for _, one in answer.extent.placed if one.kind is not None)
    new = [limit for limit in (_kind_stands_still(answer, evidence, kinds), _creator_stands_still(answer)) if limit]
    limits = dict.fromkeys([*new, *evidence.limits])
    return replace(evidence, kinds=tuple(sorted(kinds.items())), limits=tuple(limits)[:MOST_LIMITS])


def _category(record: Seen, name: str) -> str | None:
    return record.creator if name == CREATOR else record.kind


def _counts(answer: Sighting, name: str) -> Counter[str]:
    return Counter(value for _, one in answer.extent.placed if (value := _category(one, name)) is not None)


def _latest_oldest(answer: Sighting, name: str, limit: int) -> datetime | None:
    """Return the latest of the oldest starts of all categories that have exactly so many records in an answer."""
    full = {value for value, n in _counts(answer, name).items() if n == limit}
    oldest: dict[str, datetime] = {}
    for start, one in answer.extent.placed:
        value = _category(one, name)
        if value in full and value is not None:
            oldest.setdefault(value, start)
    return max(oldest.values(), default=None)


def _round_kinds(answer: Sighting) -> list[tuple[str, int]]:
    """Return the kinds that have a number of records that looks like somebody's limit, beside other kinds."""
    counts = _counts(answer, KIND)
    return [(KIND, n) for n in counts.values() if is_round(n) and len(counts) > 1]


def _shared(answer: Sighting) -> list[tuple[str, int]]:
    """Return the greatest number of records of one creator, where several have exactly as many."""
    counts = _counts(answer, CREATOR)
    most = max(counts.values(), default=0)
    n_full = sum(n == most for n in counts.values())
    # Of small numbers most are alike anyhow: there half of all must be full.
    enough = ALIKE if most >= FULLEST else max(ALIKE + 2, len(counts) // 2)
    return [(CREATOR, most)] if most > 1 and n_full >= enough else []


def _lacks_amid_others(answer: Sighting) -> bool:
    """Say whether records are missing while older ones came: the end of the list is where it was."""
    return 0 < answer.n_missing >= answer.overlap.n_left_out


def _kind_stands_still(answer: Sighting, evidence: Evidence, kinds: Mapping[str, int]) -> tuple[str, int] | None:
    """Return the limit where a kind has as many records as before though new ones came, and others reach further back."""
    before = dict(evidence.kinds)
    came = {one.kind for one in answer.fresh}
    if not _lacks_amid_others(answer):
        return None
    still = [n for kind, n in kinds.items() if kind in came and before.get(kind) == n]
    return (KIND, still[0]) if still and len(kinds) > 1 else None


def _creator_stands_still(answer: Sighting) -> tuple[str, int] | None:
    """Return the limit where what is missing was the oldest of creators who held new ones, and who have equally many now."""
    if not _lacks_amid_others(answer):
        return None
    counts = _counts(answer, CREATOR)
    oldest: dict[str, datetime] = {}
    for start, one in answer.extent.placed:
        if one.creator is not None:
            oldest.setdefault(one.creator, start)
    came = {one.creator for one in answer.fresh}
    pushed_out = [
        creator
        for creator, starts in _by_creator(answer.missing_creators).items()
        if creator in came and max(starts) <= oldest.get(creator, max(starts))
    ]
    sizes = {counts[creator] for creator in pushed_out}
    return (CREATOR, sizes.pop()) if len(sizes) == 1 and pushed_out else None


def _by_creator(missing: Iterable[tuple[datetime, str]]) -> dict[str, list[datetime]]:
    by_creator: dict[str, list[datetime]] = defaultdict(list)
    for start, creator in missing:
        by_creator[creator].append(start)
    return by_creator
