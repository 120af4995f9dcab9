"""What one answer shows when it is laid over the known land: its window, what came again, what is missing.

A pure function of the two, with reads that follow the answer and not the archive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ytxdata.history.proof.evidence import Known, KnownLand, PullFacts, Seen
from ytxdata.history.proof.policy import Policy
from ytxdata.times import floor_second, next_second

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=3660)
"""A start before the one, or further ahead than the other, is no start."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer over the known land.

    Parameters
    ----------
    lower, upper
        The window; `lower` is None when nothing in the answer has a place.
    oldest
        The oldest start in the answer.
    first
        The oldest start inside the window.
    trimmed
        `lower` if the lowest of the answer, where rooms pinned on top stand, are not trusted.
    n_ids
        Distinct ids in the answer.
    n_known, n_inside
        Known records that came again: all, and those inside the window. The others are strays, like rooms pinned on top.
    n_left_out, n_held_back
        Known records below the window that did not come: all, and those that the platform surely still lists.
    n_missing, missing
        Known records that should be in the answer and are not: how many, and which (as far as they were looked at).
    n_gone
        Known records that should be in the answer, had they not vanished before.
    anchored_by
        When the overlap had been archived; None when there is not enough of it.
    fresh
        Records that were not known.
    n_without_start
        Distinct records that have no start, so no place.
    reappeared, collisions
        Ids of records that had vanished before; ids that stand for two different meetings.
    n_lacking, shows_disorder, shows_order
        Records of the answer before it, in the same sync, that should be in this one and are not; whether the two show
        that the shorter is not the newest part of the longer, or that it is.
    policy
        The numbers it was judged by.
    """

    pull: PullFacts
    policy: Policy
    upper: datetime
    lower: datetime | None
    oldest: datetime | None
    first: datetime | None
    trimmed: datetime | None
    n_ids: int
    n_known: int
    n_inside: int
    n_left_out: int
    n_held_back: int
    n_missing: int
    n_gone: int
    missing: tuple[str, ...]
    anchored_by: datetime | None
    fresh: tuple[Seen, ...]
    n_without_start: int
    reappeared: tuple[str, ...]
    collisions: tuple[str, ...]
    n_lacking: int
    shows_disorder: bool
    shows_order: bool

    @property
    def stopped(self) -> bool:
        """The platform itself ended the answer: it is not as long as was asked for."""
        return self.pull.n_returned != self.pull.asked_n

    @property
    def is_anchored(self) -> bool:
        """The answer was cut by our own number, and it ends inside known land."""
        return not self.stopped and self.anchored_by is not None and not self.n_lacking

    @property
    def is_scattered(self) -> bool:
        """Too many known records came from outside the window to be rooms pinned on top."""
        return self.n_known - self.n_inside > self.policy.strays * self.n_known

    @property
    def lacks_few(self) -> bool:
        """So few are missing that they must have vanished one by one."""
        return self.n_missing <= max(1, self.policy.strays * (self.n_missing + self.n_known))

    @property
    def is_broken(self) -> bool:
        """The answer cannot come from a list that is kept newest first."""
        lacks_much = self.n_lacking > max(1, self.policy.strays * self.n_ids)
        return lacks_much or (self.is_scattered and not self.lacks_few)

    @property
    def is_selection(self) -> bool:
        """Few vanish at a time, but so many in all that the answers may be any part of the list."""
        n_lost = self.n_missing + self.n_gone
        return self.n_gone >= self.policy.overlap and n_lost > self.policy.strays * (n_lost + self.n_known)

    @property
    def vanished(self) -> tuple[str, ...]:
        """Ids of the few that are missing amid records that are there."""
        return self.missing if self.is_scattered and self.lacks_few else ()


@dataclass(frozen=True, slots=True)
class Before:
    """What an answer is compared with besides the known land.

    Parameters
    ----------
    joins_at
        Upper edge of the last completed sync; None when there is none.
    listed_from, listed_at
        From where on the platform was seen to list everything, and when.
    answer
        The answer before it in the same sync.
    unsure_from, unsure_to
        What is said to have been archived between the two may have been archived later; None when nothing is.
    """

    joins_at: datetime | None = None
    listed_from: datetime | None = None
    listed_at: datetime | None = None
    answer: Sighting | None = None
    unsure_from: datetime | None = None
    unsure_to: datetime | None = None

    def is_unsure(self, archived_at: datetime) -> bool:
        """Say whether nobody can tell when that was archived: this machine's clock went back."""
        return bool(self.unsure_from and self.unsure_to and self.unsure_from <= archived_at <= self.unsure_to)

    def still_listed_from(self, instant: datetime) -> datetime | None:
        """Return from where on the platform still lists everything, however short a time it keeps meetings."""
        if self.listed_from is None or self.listed_at is None:
            return None
        return self.listed_from + (instant - self.listed_at)


def start_of(record: Seen, pull: PullFacts) -> datetime | None:
    """Return the start that gives a record its place, None when it has none that can be believed."""
    start = record.started_at
    return start if start is not None and EARLIEST <= start < pull.asked_at + HORIZON else None


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


def look(pull: PullFacts, known: KnownLand, before: Before, policy: Policy) -> Sighting:
    """Lay an answer over the known land: a pure function of the two, and of what came before."""
    by_id: dict[str, list[Seen]] = {}
    for record in pull.records:
        by_id.setdefault(record.meeting_id, []).append(record)
    found = known.lookup(list(by_id))
    steady = {key for key, one in found.items() if not one.is_exempt}
    placed = _placed((records[-1] for records in by_id.values()), pull)

    # where the window may begin: above the newest known record that is missing, and above rooms pinned on top
    n_placed_known = known.n_before(pull.asked_at + HORIZON)
    floor = _floor([start for start, _ in placed], known, n_placed_known, policy)
    absent = [] if floor is None else _absent(known, floor, by_id, pull)
    missing = [(start, one.meeting_id) for start, one in absent if not one.is_exempt]
    after = max((start for start, _ in missing), default=EARLIEST)
    inside = [] if floor is None else [pair for pair in placed if pair[0] >= floor and pair[0] > after]
    n_pinned = max(policy.overlap - 1, int(policy.strays * len(placed)))
    trusted = [pair for pair in inside if len(placed) > n_pinned and pair[0] > placed[n_pinned][0]]

    # what came again, what did not, and whether that joins the answer to the archive
    n_known = sum(one.meeting_id in steady for _, one in placed)
    n_inside = sum(one.meeting_id in steady for _, one in inside)
    n_missing = len(missing) if floor is not None or not placed else n_placed_known - n_known
    n_left_out = max(0, known.n_before(inside[0][0]) - (n_known - n_inside)) if inside else 0
    joins_at, listed_from = before.joins_at, before.still_listed_from(pull.asked_at)
    n_forgotten = known.n_before(listed_from) if listed_from else n_placed_known
    n_held_back = max(0, known.n_before(inside[0][0]) - n_forgotten - (n_known - n_inside)) if inside else 0
    lower, upper = _lower(inside, after), upper_edge(pull, policy)
    comparison = compared(lower, upper, by_id, before.answer, placed, policy)
    n_far = sum(one.meeting_id in steady for start, one in placed if inside and start < inside[0][0] - policy.reach)
    same = [found[one.meeting_id] for start, one in inside if lower and start >= lower and is_unchanged(one, found)]
    anchors = [one for one in same if not before.is_unsure(one.last_changed_at)]
    return Sighting(
        pull=pull,
        policy=policy,
        upper=upper,
        lower=lower,
        oldest=placed[0][0] if placed else None,
        first=inside[0][0] if inside else None,
        trimmed=_lower(trusted, after),
        n_ids=len(by_id),
        n_known=n_known,
        n_inside=n_inside,
        n_left_out=n_left_out,
        n_held_back=n_held_back,
        n_missing=n_missing,
        n_gone=len(absent) - len(missing),
        missing=tuple(key for _, key in sorted(missing)),
        anchored_by=None
        if n_far >= policy.overlap
        else overlap(anchors, n_known, n_inside, n_held_back, joins_at, policy),
        fresh=tuple(records[-1] for key, records in by_id.items() if key not in found),
        n_without_start=len(by_id) - len(placed),
        reappeared=tuple(key for key, one in found.items() if one.is_exempt),
        collisions=tuple(key for key, records in by_id.items() if stand_for_two(records, found.get(key))),
        **comparison._asdict(),
    )


def upper_edge(pull: PullFacts, policy: Policy) -> datetime:
    """Return where the window of a pull ends: the instant of asking, less what may still settle and the clocks' difference."""
    return floor_second(pull.asked_at - policy.settle - abs(pull.clock_skew or timedelta(0)))


def _placed(records: Iterable[Seen], pull: PullFacts) -> list[Placed]:
    pairs = ((start_of(one, pull), one) for one in records)
    return sorted(((start, one) for start, one in pairs if start is not None), key=lambda pair: pair[0])


def _floor(starts: Sequence[datetime], known: KnownLand, n_placed_known: int, policy: Policy) -> datetime | None:
    """Return from where to look for missing records without reading much more than the answer holds, None if nowhere.

    Rooms pinned on top may be years old, so the lowest few records of the answer are passed over if need be. When even
    then there is far more known than came, most of it is missing, and there is no need to read it.
    """
    bearable = 2 * len(starts) + 100
    candidates = dict.fromkeys([*starts[: policy.overlap], *starts[len(starts) // 10 :][:1]])
    return next((at for at in candidates if n_placed_known - known.n_before(at) <= bearable), None)


def _absent(
    known: KnownLand, floor: datetime, returned: Mapping[str, object], pull: PullFacts
) -> list[tuple[datetime, Known]]:
    return [
        (one.started_at, one)
        for one in known.since(floor)
        if one.started_at is not None and one.started_at < pull.asked_at + HORIZON and one.meeting_id not in returned
    ]


def _lower(inside: Sequence[Placed], after: datetime) -> datetime | None:
    """Return the first whole second for which the answer can speak.

    It lies after the newest missing record and after the oldest returned start: a limit may cut inside one second. It
    also lies after the earliest returned end: a list that is kept by end is cut by end.
    """
    if not inside:
        return None
    first_end = min((one.ended_at for start, one in inside if one.ended_at and one.ended_at >= start), default=after)
    return next_second(max(after, inside[0][0], first_end))
