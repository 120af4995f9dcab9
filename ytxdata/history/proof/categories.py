"""What a limit by category may hide: a platform that keeps the newest N of each creator, or of each kind of meeting.

Such a limit defeats every window. Its list is newest first, reaches back for years, and lacks what the busiest have
held before. No window shows it: what is hidden has no place in any answer. Three things give it away. The busiest
creators have exactly the same number of records. A kind has as many as before though new ones came. And what vanishes
amid others is the oldest of its category, while a new one came. What such a limit may hide began before the oldest
record that is shown of a category that is full: that is not PROVEN. A single creator that is full, and held nothing new
while it was watched, looks like one who came late: that cannot be told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from ytxdata.history.proof.evidence import Evidence, Seen
from ytxdata.history.proof.policy import is_round
from ytxdata.history.proof.window import Sighting

CREATOR, KIND = "creator", "kind"

Word = Callable[[Seen], str | None]
WORDS: Mapping[str, tuple[Word, ...]] = {CREATOR: (attrgetter("creator"),), KIND: (attrgetter("kind"),)}
"""By what a platform may tell the categories of a limit apart."""

ALIKE, FULLEST = 3, 5
"""So many creators that share the greatest number, of so many records or more, are told: two do in one account in ten."""

MOST_LIMITS = 4
"""How many limits are remembered."""


class _Tally(NamedTuple):
    """How many records of each category an answer holds, and from when on it shows the category."""

    counts: Counter[str]
    shown_from: Mapping[str, datetime]

    @classmethod
    def of(cls, records: Iterable[Seen], answer: Sighting, word: Word) -> _Tally:
        """Return the tally of some records of an answer.

        Those without a start count: the platform counts them, and else one blank field, or one room booked ahead, hides
        that a category is full. One of which no start is known may lack any meeting that was over.
        """
        counts = Counter(value for one in records if (value := word(one)) is not None)
        shown_from = dict.fromkeys(counts, answer.upper)
        shown_from |= {
            value: start for start, one in reversed(answer.extent.placed) if (value := word(one)) is not None
        }
        return cls(counts, shown_from)


def hidden_before(answer: Sighting, limits: Iterable[tuple[str, int]]) -> datetime | None:
    """Return before when a limit by category may hide meetings of an answer; None when nothing looks like one."""
    tallies = {name: _tallies(answer, name) for name in (CREATOR, KIND)}
    suspected = {CREATOR: _shared, KIND: _round} if answer.stopped else {}
    found = [_shown_from(one, n) for name, n in limits for one in tallies[name]]
    found += [_shown_from(one, n) for name, looks in suspected.items() for one in tallies[name] for n in looks(one)]
    return max((at for at in found if at is not None), default=None)


def watched(evidence: Evidence, answer: Sighting) -> Evidence:
    """Return the evidence with what a full answer shows of limits by category."""
    kinds = _tallies(answer, KIND)
    new = [*_kinds_standing_still(answer, evidence, kinds), *_creators_standing_still(answer)]
    limits = tuple(dict.fromkeys([*new, *evidence.limits]))[:MOST_LIMITS]
    return replace(evidence, kinds=tuple(sorted({pair for one in kinds for pair in one.counts.items()})), limits=limits)


def _tallies(answer: Sighting, name: str) -> list[_Tally]:
    """Return the records of each category as a platform may count them: all of them, or each meeting once."""
    everything = answer.pull.records
    once = list({one.meeting_id: one for one in everything}.values())
    listings = [everything, once] if len(once) < len(everything) else [once]
    return [_Tally.of(records, answer, word) for word in WORDS[name] for records in listings]


def _shown_from(tally: _Tally, limit: int) -> datetime | None:
    """Return from when on all categories are shown that have exactly so many records, None where none has."""
    return max((tally.shown_from[value] for value, n in tally.counts.items() if n == limit), default=None)


def _round(tally: _Tally) -> list[int]:
    """Return the numbers of records of kinds that look like somebody's limit, where there are other kinds."""
    return [n for n in tally.counts.values() if is_round(n) and len(tally.counts) > 1]


def _shared(tally: _Tally) -> list[int]:
    """Return the greatest number of records of one creator, where several have exactly as many."""
    most = max(tally.counts.values(), default=0)
    n_full = sum(n == most for n in tally.counts.values())
    # Of small numbers most are alike anyhow: there half of all must be full.
    enough = ALIKE if most >= FULLEST else max(ALIKE + 2, len(tally.counts) // 2)
    return [most] if most > 1 and n_full >= enough else []


def _lacks_amid_others(answer: Sighting) -> bool:
    """Say whether records are missing while older ones came: the end of the list is where it was."""
    return 0 < answer.n_missing >= answer.overlap.n_left_out


def _kinds_standing_still(answer: Sighting, evidence: Evidence, tallies: Iterable[_Tally]) -> Iterator[tuple[str, int]]:
    """Yield the limits where a kind has as many records as before though new ones came, and others reach further back."""
    came = {one.kind for one in answer.fresh}
    for counts, _ in tallies:
        if _lacks_amid_others(answer) and len(counts) > 1:
            yield from ((KIND, n) for kind, n in counts.items() if kind in came and (kind, n) in evidence.kinds)


def _creators_standing_still(answer: Sighting) -> Iterator[tuple[str, int]]:
    """Yield the limit where what is missing was the oldest of creators who held new ones, and who have equally many now."""
    if not _lacks_amid_others(answer):
        return
    came = {one.creator for one in answer.fresh}
    missing: dict[str, list[datetime]] = defaultdict(list)
    for start, creator in answer.missing_creators:
        missing[creator].append(start)
    for counts, shown_from in _tallies(answer, CREATOR):
        pushed_out = [
            creator
            for creator, starts in missing.items()
            if creator in came and max(starts) <= shown_from.get(creator, max(starts))
        ]
        sizes = {counts[creator] for creator in pushed_out}
        if len(sizes) == 1:
            yield CREATOR, sizes.pop()
