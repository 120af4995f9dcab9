"""What a limit by category may hide: a platform that keeps the newest N of each creator, room, or kind of meeting.

Such a limit defeats every window. Its list is newest first, reaches back for years, and lacks what the busiest have
held before. No window shows it: what is hidden has no place in any answer. Three things give it away. The busiest
creators, or rooms that keep their id, have exactly the same number of records. A kind has as many as before though new
ones came. And what vanishes amid others is the oldest of its category, while a new one came. What such a limit may hide
began before the oldest record that is shown of a category that is full: that is not PROVEN. A single creator that is
full, and held nothing new while it was watched, looks like one who came late: that cannot be told.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from operator import attrgetter, itemgetter
from typing import NamedTuple

from ytxdata.history.proof.evidence import Evidence, Seen
from ytxdata.history.proof.overlap import Placed
from ytxdata.history.proof.window import Sighting
from ytxdata.phones import normalize

CREATOR, KIND, ROOM = "creator", "kind", "meeting_id"

Limit = tuple[str, int]
"""Whose newest are listed, and how many."""

OVERWRITTEN: Limit = (ROOM, 1)
"""A platform that keeps one record of each id, and writes the next meeting of a room over the last."""

WAYS: Mapping[str, tuple[Callable[[str], str], ...]] = {
    CREATOR: (str, lambda text: normalize(text) or text),
    KIND: (str,),
}
"""How a platform may tell categories apart: a creator may be what it writes, or whose number that is."""

ALIKE, FULLEST = 3, 5
"""So many creators that share the greatest number, of so many records or more, are told: two do in one account in ten."""

MOST_LIMITS = 16
"""How many limits are remembered: with records doubled at random numbers repeat by chance, and would push out the limit."""


def is_round(n: int) -> bool:
    """Say whether a number of records looks like somebody's limit.

    Limits are written by people: in tens, hundreds, or powers of two. Below 50 every small account would be
    suspected.

    Examples
    --------
    >>> [n for n in (49, 50, 99, 100, 150, 512, 513, 1000) if is_round(n)]
    [50, 100, 150, 512, 1000]
    """
    return n >= 50 and (n % 50 == 0 or n & (n - 1) == 0)


class _Tally(NamedTuple):
    """How many records of each category an answer holds, from when on it shows the category, and those with a place."""

    name: str
    category: Callable[[str], str]
    counts: Counter[str]
    shown_from: Mapping[str, datetime]
    placed: Mapping[str, Sequence[Placed]]

    def whose(self, category: str) -> str:
        """Return whose limit one of a category would be: that of every creator or room alike, or of this kind."""
        return category if self.name == KIND else self.name

    @property
    def most(self) -> Mapping[str, int]:
        """How many records there are at most of whose limit it would be."""
        return self.counts if self.name == KIND else {self.name: max(self.counts.values(), default=0)}

    @classmethod
    def of(
        cls,
        name: str,
        category: Callable[[str], str],
        counts: Mapping[str, int],
        by_text: Mapping[str, Sequence[Placed]],
        upper: datetime,
    ) -> _Tally:
        """Return the tally of records that are counted, and placed, by what the platform writes."""
        merged, parts = Counter[str](), dict[str, list[Sequence[Placed]]]()
        for text, n in counts.items():
            key = category(text)
            merged[key] += n
            parts.setdefault(key, []).append(by_text.get(text, ()))
        placed = {
            key: some[0] if len(some) == 1 else sorted(chain(*some), key=itemgetter(0)) for key, some in parts.items()
        }
        return cls(name, category, merged, {key: some[0][0] if some else upper for key, some in placed.items()}, placed)


def hidden_before(answer: Sighting, limits: Iterable[Limit]) -> datetime | None:
    """Return before when a limit by category may hide meetings of an answer; None when nothing looks like one."""
    return max(hidden_by(answer, limits).values(), default=None)


def hidden_by(answer: Sighting, limits: Iterable[Limit], *, only_new: bool = False) -> dict[Limit, datetime]:
    """Return before when each limit by category may hide meetings of an answer: of these, and of those it suggests.

    Parameters
    ----------
    only_new
        Only such as were not listed when the known land was read.
    """
    found: dict[Limit, datetime] = {}
    known = set(limits)
    for tally in _tallies(answer):
        for limit in known | _suspects(tally) if answer.stopped else known:
            if limit == OVERWRITTEN:  # then any record may have taken the place of another
                found[limit] = answer.upper
                continue
            full = {one for one, n in tally.counts.items() if limit in ((tally.name, n), (tally.whose(one), n))}
            for bound in _speaks_from(answer, tally, full, only_new=only_new):
                found[limit] = max(bound, found.get(limit, bound))
    return found


def possible(evidence: Evidence) -> tuple[Limit, ...]:
    """Return the limits by category that were seen at work or are suspected."""
    return evidence.limits + evidence.suspected


def most_shown(answers: Iterable[Sighting]) -> Counter[str]:
    """Return how many records of one creator, one room and each kind any of these answers shows: no limit is lower."""
    most = Counter[str]()
    for answer in answers:
        shown = _shown(_tallies(answer))
        if answer.n_of_room == 1:  # one id that was seen with two creators by mistake lifts no suspicion
            shown[ROOM] = min(shown[ROOM], 1)
        most |= shown
    return most


def met(answer: Sighting) -> set[Limit]:
    """Return which limits an answer may have met, should they ever be seen: the greatest numbers that it shows."""
    return {limit for tally in _tallies(answer) for limit in tally.most.items()}


def suspected(evidence: Evidence, answers: Sequence[Sighting]) -> tuple[tuple[str, int], ...]:
    """Return whose number of records may be a limit after the answers of a sync, each until an answer shows more.

    An answer that our own number cut shows by itself of nobody that they are full. What a whole one showed holds for it
    too: else what a busy day pushed out of the list is proven that night.
    """
    found, most = set[tuple[str, int]](), most_shown(answers)
    for answer in answers:
        for tally in _tallies(answer):
            found |= _as_before(tally, answer, evidence) | (_suspects(tally) if answer.stopped else set())
        found |= {(ROOM, n) for n in answer.full_rooms}
    known = dict.fromkeys([*sorted(found), *evidence.suspected])
    return tuple((whose, n) for whose, n in known if n >= most[whose])[:MOST_LIMITS]


def watched(evidence: Evidence, answer: Sighting) -> Evidence:
    """Return the evidence with what a full answer shows of limits by category."""
    tallies = _tallies(answer)
    kinds = {pair for one in tallies if one.name == KIND for pair in one.counts.items()}
    still = {limit for one in tallies for limit in _standing_still(answer, evidence, one)}
    new = sorted(still - {OVERWRITTEN})  # one deletion looks the same: it is suspected, until two are listed beside
    limits = tuple(dict.fromkeys([*new, *evidence.limits]))[:MOST_LIMITS]
    return replace(evidence, kinds=tuple(sorted(kinds)), limits=limits)


def _speaks_from(answer: Sighting, tally: _Tally, full: Collection[str], *, only_new: bool) -> Iterator[datetime]:
    """Yield from when on an answer shows all meetings of each full category, by whatever date the limit counts.

    What is hidden ranks below all that is shown, so it began before the date by which any of these may rank. A few
    rank by another date than the others, a meeting of a day or an old one that was renamed: they are left out, as few
    as in every overlap, and of a short category fewer than half.
    """
    for category in full:
        placed = tally.placed[category]
        n, lowest = min(answer.policy.overlap, (len(placed) + 1) // 2), list[datetime]()
        for start, one in placed:
            if len(lowest) == n and lowest[-1] <= start:
                break  # none ranks below its start: all others of twenty thousand need not be looked at
            insort(lowest, _ranks_by(start, one, answer, only_new=only_new))
            del lowest[n:]
        yield lowest[-1] if lowest else answer.upper


def _ranks_by(start: datetime, one: Seen, answer: Sighting, *, only_new: bool) -> datetime:
    """Return the latest date that may give a record its place: its end, when it was listed, its last change.

    What was listed since ranks above one that was known as it is, by any date but start and end.
    """
    asked_at, known = answer.pull.asked_at, answer.found.get(one.key)
    if one.ended_at is None or one.ended_at > asked_at:
        return max(start, asked_at)
    if known is not None and known.record_hash != one.record_hash:
        return asked_at
    ended_at = max(start, one.ended_at)
    if known is not None and only_new:
        return ended_at
    listed_at = min(start + answer.policy.settle, asked_at if known is None else known.last_changed_at)
    return max(ended_at, listed_at)


def _tallies(answer: Sighting) -> list[_Tally]:
    # six rules ask for them: counted by each, they took a twelfth of a quiet sync that reads 20,000 again
    if "tallies" not in answer.held:
        answer.held["tallies"] = _counted(answer)
    kept: list[_Tally] = answer.held["tallies"]
    return kept


def _counted(answer: Sighting) -> list[_Tally]:
    """Return the records of each category as a platform may count them: all of them, or each meeting once.

    Those without a start count: the platform counts them, and else one blank field, or one room booked ahead, hides
    that a category is full. One of which no start is known may lack any meeting that was over.
    """
    everything = answer.pull.records
    once = list({one.key: one for one in everything}.values())
    found = []
    for name, ways in WAYS.items():
        text_of = attrgetter(name)
        by_text: dict[str, list[Placed]] = {}
        for pair in answer.extent.placed:
            by_text.setdefault(text_of(pair[1]), []).append(pair)
        for records in [everything, once] if len(once) < len(everything) else [once]:
            counts = Counter(map(text_of, records))
            del counts[None]
            found += [_Tally.of(name, category, counts, by_text, answer.upper) for category in ways]
    return [*found, _of_rooms(answer)]


def _of_rooms(answer: Sighting) -> _Tally:
    """Return the tally of ids that stand for several meetings; where none does, of each there is one."""
    by_id: dict[str, list[Placed]] = {one: [] for one in answer.rooms}
    for pair in answer.extent.placed if by_id else ():
        if pair[1].meeting_id in by_id:
            by_id[pair[1].meeting_id].append(pair)
    counts = answer.rooms or {one.meeting_id: 1 for one in answer.pull.records[:1]}
    return _Tally.of(ROOM, str, counts, by_id, answer.upper)


def _shown(tallies: Iterable[_Tally]) -> Counter[str]:
    """Return how many records of one creator, one room and each kind an answer shows at most: no limit is below that.

    By the way of counting that finds least: a limit that counts another way may allow more of this.
    """
    least = dict[str, int]()
    for tally in tallies:
        for whose, n in tally.most.items():
            least[whose] = min(n, least.get(whose, n))
    return Counter(least)


def _suspects(tally: _Tally) -> set[tuple[str, int]]:
    """Return what looks like somebody's limit in an answer that the platform ended: whose it is, and how many records.

    A kind with a round number of records where there are other kinds; the greatest number of records of one creator,
    where several have exactly as many.
    """
    counts = tally.counts
    if tally.name == KIND:
        return {(kind, n) for kind, n in counts.items() if is_round(n) and len(counts) > 1}
    most = max(counts.values(), default=0)
    n_full = sum(n == most for n in counts.values())
    # Of small numbers most are alike anyhow. But fewer and fewer have more of them: only at a limit do they heap up.
    n_below = sum(n == most - 1 for n in counts.values())
    enough = ALIKE if most >= FULLEST else max(ALIKE + 2, n_below + 1)
    return {(tally.name, most)} if most > 1 and n_full >= enough else set()


def _as_before(tally: _Tally, answer: Sighting, evidence: Evidence) -> set[tuple[str, int]]:
    """Return the kinds of which an answer shows as many as the last whole one did, though new ones came.

    Where the oldest of them began before the last sync joined on, all that may be hidden was there to be seen by then.
    By chance two answers show the same number often, but seldom so many since yesterday.
    """
    if tally.name != KIND or len(tally.counts) < 2 or evidence.joins_at is None:
        return set()
    came = {one.kind for one in answer.fresh}
    still = tally.counts.items() & set(evidence.kinds)
    return {(kind, n) for kind, n in still if kind in came and tally.shown_from[kind] >= evidence.joins_at}


def _standing_still(answer: Sighting, evidence: Evidence, tally: _Tally) -> Iterable[tuple[str, int]]:
    """Return the limits by which categories have as many records as before, though new ones came of them.

    What is missing was the oldest of its category. Of a kind it is known how many there were before; of creators, those
    from whom something is missing have equally many now.
    """
    if not answer.n_missing or answer.anew:
        return ()
    name, category, counts, shown_from, _ = tally
    came = Counter(category(text) for one in answer.fresh if (text := getattr(one, name)) is not None)
    if name == KIND:
        newest = dict.fromkeys(counts, max((start for start, _ in answer.absent), default=answer.upper))
        still = [kind for kind, n in counts.items() if kind in came and (kind, n) in evidence.kinds and len(counts) > 1]
    else:
        gone = ((start, getattr(one, name)) for start, one in answer.absent)
        newest = {category(text): start for start, text in gone if text is not None}
        still = [one for one, start in newest.items() if one in came and start <= shown_from.get(one, start)]
        still = still if len({counts[one] for one in still}) == 1 else []
    if answer.n_missing >= answer.overlap.n_left_out:  # older ones came: the end of the list is where it was
        return {(name, counts[one]) for one in still}
    # Where several are full the end of the list moves with them, and no category has more. Then as many are missing
    # amid others as came of one of them, and were its oldest: a limit on all meetings seldom looks like that.
    most = max(counts.values(), default=0)
    full = [one for one, n in counts.items() if n == most]
    return {
        (name, counts[one])
        for one in still
        if one in full and len(full) > 1 and came[one] == answer.n_missing and newest[one] < shown_from[one]
    }
