"""What one answer shows when it is laid over the known land: its window, what came again, what is missing.

A pure function of the two, with reads that follow the answer and not the archive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ytxdata.history.proof.answer_facts import Replaced, told_apart
from ytxdata.history.proof.evidence import HORIZON, Evidence, Key, Known, KnownLand, PullFacts, Seen, Span
from ytxdata.history.proof.overlap import (
    Anew,
    Comparison,
    Extent,
    Overlap,
    Placed,
    anchored_by,
    compared,
    moved,
    overlap_of,
    told_anew,
)
from ytxdata.history.proof.policy import Policy
from ytxdata.times import EARLIEST, floor_second, next_second


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer over the known land.

    Parameters
    ----------
    pull, policy
        The answer, and the numbers it was judged by.
    extent
        Its records by place, and its window.
    first
        The oldest start inside the window; None when nothing is.
    found, kept
        The known ones of its meetings; what unfinished syncs brought of them since.
    overlap
        How many known records came again, and how many did not.
    is_first
        Nothing was known before.
    n_missing, absent
        Known records that should be in the answer and are not: how many, and which (as far as they were looked at) with
        their starts, oldest first.
    n_gone
        Known records that should be in the answer, had they not vanished before.
    anchored_by
        When the overlap had been archived; None when there is not enough of it.
    fresh
        Records that were not known.
    reappeared, replaced, contradictions
        Meetings that had vanished before; known ones in place of which the answer lists the next of their id; meetings
        that the answer tells in several records, with these.
    full_rooms
        How many are listed of rooms of which an earlier meeting should be, where no answer has shown more of one.
    rooms
        Ids in the answer that stand for several meetings, each with how many of them are listed beside each other.
    n_of_room
        How many meetings of one id any answer has listed beside each other: if more than one, of a room none takes the
        place of another.
    moved
        Meetings that ran and are listed with another start, with the time that may lack one.
    comparison
        What it shows of the answer before it in the same sync.
    luck
        How likely a platform without any order would have given this answer and those before it in the same sync.
    anew
        How it tells anew what it lacks; None where it does not.
    is_purged
        What it lacks was deleted at once, see `rules.purged`.
    held
        What rules have counted of it already.
    """

    pull: PullFacts
    policy: Policy
    extent: Extent
    first: datetime | None
    found: Mapping[Key, Known]
    kept: Mapping[Key, Known]
    overlap: Overlap
    is_first: bool
    n_missing: int
    n_gone: int
    absent: Sequence[tuple[datetime, Known]]
    anchored_by: datetime | None
    fresh: tuple[Seen, ...]
    reappeared: tuple[Known, ...]
    replaced: tuple[Replaced, ...]
    contradictions: Mapping[Key, Sequence[Seen]]
    full_rooms: frozenset[int]
    rooms: Mapping[str, int]
    n_of_room: int
    moved: tuple[tuple[Key, Span], ...]
    comparison: Comparison
    luck: float
    anew: Anew | None = None
    is_purged: bool = False
    held: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def lower(self) -> datetime | None:
        """Where the window begins."""
        return self.extent.lower

    @property
    def upper(self) -> datetime:
        """Where the window ends."""
        return self.extent.upper

    @property
    def oldest(self) -> datetime | None:
        """The oldest start in the answer."""
        return _first_start(self.extent.placed)

    @property
    def n_ids(self) -> int:
        """Distinct meetings in the answer."""
        return len(self.extent.keys)

    @property
    def n_without_start(self) -> int:
        """Distinct meetings that have no start, so no place."""
        return self.n_ids - len(self.extent.placed)

    @property
    def asked(self) -> int:
        """The number that was asked for, 0 when nobody knows."""
        return self.pull.asked_n or 0

    @property
    def stopped(self) -> bool:
        """The platform itself ended the answer: it is not as long as was asked for."""
        return self.pull.n_returned != self.pull.asked_n

    @property
    def is_clean(self) -> bool:
        """Nothing in the answer was not understood, and nothing is missing from it."""
        is_at_odds = self.replaced or self.is_contradictory or self.reappeared or self.n_missing
        return not (self.pull.n_rejected or self.pull.is_doubtful or is_at_odds)

    @property
    def is_contradictory(self) -> bool:
        """Of a meeting told in several records one may be another, of any time: one of them tells no start."""
        return any(self.pull.start_of(one) is None for same in self.contradictions.values() for one in same)

    @property
    def joins(self) -> bool:
        """The answer was cut by our own number, and it ends inside known land: it is anchored, if that is no luck.

        One that the platform cut may have been cut by anything, a limit on bytes in the middle of the list included.
        """
        is_whole = not (self.stopped or self.is_purged or self.comparison.n_lacking)
        return is_whole and self.anchored_by is not None

    @property
    def is_scattered(self) -> bool:
        """Too many known records came from outside the window to be rooms pinned on top."""
        return self.overlap.n_known - self.overlap.n_inside > self.policy.strays * self.overlap.n_known

    @property
    def lacks_few(self) -> bool:
        """So few are missing that they must have vanished one by one.

        One may always be deleted, however small the account; a tenth is no accident any more.
        """
        is_few = self.n_missing <= max(1, self.policy.strays * (self.n_missing + self.overlap.n_known))
        return is_few or self.is_purged or self.anew is not None

    @property
    def is_broken(self) -> bool:
        """The answer cannot come from a list that is kept newest first."""
        lacks_much = self.comparison.n_lacking > max(1, self.policy.strays * self.n_ids)
        return lacks_much or (self.is_scattered and not self.lacks_few)

    @property
    def is_selection(self) -> bool:
        """Few vanish at a time, but so many in all that the answers may be any part of the list.

        A fixed arbitrary part (a random key and a limit on bytes) loses a few a day: each day looks like a deletion.
        """
        n_lost = self.n_missing + self.n_gone
        return self.n_gone >= self.policy.overlap and n_lost > self.policy.strays * (n_lost + self.overlap.n_known)

    @property
    def vanished(self) -> tuple[Known, ...]:
        """The few that are missing amid records that are there."""
        is_told = self.anew.is_told if self.anew else self.is_scattered and self.lacks_few
        return tuple(one for _, one in self.absent) if is_told else ()


def anchored(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Return the answers of a sync that are anchored: those that join, if all of them together are no luck."""
    is_no_luck = any(one.luck <= one.policy.chance for one in sightings)
    return [one for one in sightings if one.joins and is_no_luck]


def keys_anew(sightings: Iterable[Sighting]) -> set[Key]:
    """Return by which keys the answers of a sync tell known meetings anew."""
    return {key for one in sightings if one.anew for key in one.anew.pairs.values()}


def still_listed_from(evidence: Evidence, instant: datetime) -> datetime | None:
    """Return from where on the platform still lists everything, however short a time it keeps meetings.

    The edge is moved on by the time that has passed since: a platform that keeps meetings for the time it was seen to
    keep them has forgotten no more than that.
    """
    if evidence.listed_from is None or evidence.listed_at is None:
        return None
    return evidence.listed_from + (instant - evidence.listed_at)


def look(
    pull: PullFacts, known: KnownLand, earlier: Evidence, policy: Policy, before: Sighting | None = None
) -> Sighting:
    """Lay an answer over the known land: a pure function of the two, of what earlier syncs left behind, and of the
    answer before it in the same sync.
    """
    told = told_apart(pull, known)
    pull = replace(pull, records=told.records)
    by_key, found = told.by_key, told.found
    placed = _placed((records[-1] for records in by_key.values()), pull)
    absence = _absence(placed, by_key, known, pull, policy)
    inside = absence.window_of(placed)
    overlap = overlap_of(
        placed, inside, found, absence.n_land, known, still_listed_from(earlier, pull.asked_at), policy
    )
    extent = Extent(
        placed=placed,
        keys=by_key.keys(),
        lower=_lower(inside, absence.newest),
        upper=upper_edge(pull, policy),
        trimmed=_lower(_above_pinned(placed, inside, policy), absence.newest),
    )
    anchors = _anchors(inside, extent.lower, found, earlier)
    comparison = compared(extent, before.extent if before else None, policy)
    n_of_room = max(earlier.n_of_room, before.n_of_room if before else 1, told.n_of_room)
    missing = {one.key for _, one in absence.missing}
    anew = told_anew(absence.missing, by_key, found, policy)
    pairs = anew.pairs if anew else {}
    as_known = {*pairs.values()}
    replaced = [one for one in told.replaced if one.old.key not in pairs and (one.is_new or one.old.key in missing)]
    listed = [(old, by_key[key]) for key, old in (*found.items(), *told.kept.items())]
    listed += [(one.old, one.told) for one in told.replaced if one.is_new and not one.old.was_over]
    return Sighting(
        pull=pull,
        policy=policy,
        extent=extent,
        first=_first_start(inside),
        found=found,
        kept=told.kept,
        overlap=overlap,
        is_first=not known.count(),
        n_missing=len(absence.missing) if absence.floor is not None or not placed else absence.n_land - overlap.n_known,
        n_gone=absence.n_gone,
        absent=absence.missing,
        anchored_by=anchored_by(anchors, overlap, earlier.joins_at, policy),
        fresh=tuple(records[-1] for key, records in by_key.items() if key not in found and key not in as_known),
        reappeared=tuple(one for one in found.values() if one.is_exempt),
        replaced=tuple(one for one in replaced if one.old.was_over and n_of_room == 1),
        full_rooms=frozenset(one.n_later for one in replaced if one.old.key in missing and one.n_later >= n_of_room),
        contradictions={key: same for key, same in by_key.items() if len({one.record_hash for one in same}) > 1},
        rooms=told.rooms,
        n_of_room=n_of_room,
        moved=moved(listed, known, pull, before.pull if before else None),
        comparison=comparison,
        # Either the archive says how unlikely this answer is, or the answer before it does: each says the same of one
        # order, so that the two are no independent witnesses, but two cuts of one list are.
        luck=min(overlap.luck, comparison.luck * before.luck if before else 1.0),
        anew=anew,
    )


def upper_edge(pull: PullFacts, policy: Policy) -> datetime:
    """Return where the window of a pull ends: when it was *asked*, less what may settle and the clocks' difference.

    An answer that took an hour says nothing of that hour. Which way a clock is wrong cannot be told from one header,
    so the difference counts against the claim either way.
    """
    return floor_second(pull.asked_at - policy.settle - abs(pull.clock_skew or timedelta(0)))


def _placed(records: Iterable[Seen], pull: PullFacts) -> list[Placed]:
    pairs = ((pull.start_of(one), one) for one in records)
    return sorted(((start, one) for start, one in pairs if start is not None), key=lambda pair: pair[0])


def _first_start(pairs: Sequence[Placed]) -> datetime | None:
    return pairs[0][0] if pairs else None


class _Absence(NamedTuple):
    """Known records that should be in an answer and are not.

    Parameters
    ----------
    n_land
        How many known meetings have a place.
    floor
        From where on they were looked for; None when nowhere.
    missing
        Start of each and itself, oldest first, those not counted that were told of as vanished before.
    n_gone
        How many those are.
    """

    n_land: int
    floor: datetime | None
    missing: Sequence[tuple[datetime, Known]]
    n_gone: int

    @property
    def newest(self) -> datetime:
        """Start of the newest missing one: the window begins after it, what hid that one may hide others."""
        return max((start for start, _ in self.missing), default=EARLIEST)

    def window_of(self, placed: Sequence[Placed]) -> list[Placed]:
        if self.floor is None:
            return []
        floor, newest = self.floor, self.newest
        return [pair for pair in placed if pair[0] >= floor and pair[0] > newest]


def _absence(
    placed: Sequence[Placed], returned: Collection[Key], known: KnownLand, pull: PullFacts, policy: Policy
) -> _Absence:
    n_land = known.n_before(pull.asked_at + HORIZON)
    floor = _floor([start for start, _ in placed], known, n_land, policy)
    if floor is None:
        return _Absence(n_land, None, (), 0)
    absent = [
        (one.started_at, one)
        for one in known.since(floor)
        if one.started_at is not None and one.started_at < pull.asked_at + HORIZON and one.key not in returned
    ]
    # A record that was told of as vanished says nothing new by staying away: else one deletion ends cheap syncs for
    # ever.
    missing = sorted(
        ((start, one) for start, one in absent if not one.is_exempt), key=lambda pair: (pair[0], pair[1].meeting_id)
    )
    return _Absence(n_land, floor, missing, len(absent) - len(missing))


def _floor(starts: Sequence[datetime], known: KnownLand, n_land: int, policy: Policy) -> datetime | None:
    """Return from where to look for missing records without reading much more than the answer holds, None if nowhere.

    Rooms pinned on top may be years old, so the lowest few records of the answer are passed over if need be. When
    even then there is far more known than came, most of it is missing, and there is no need to read it.
    """
    bearable = 2 * len(starts) + 100
    candidates = dict.fromkeys([*starts[: policy.overlap], *starts[len(starts) // 10 :][:1]])
    return next((at for at in candidates if n_land - known.n_before(at) <= bearable), None)


def _anchors(
    inside: Sequence[Placed], lower: datetime | None, found: Mapping[Key, Known], earlier: Evidence
) -> list[Known]:
    """Return the known records that came again, byte for byte, and of which it is sure when they were archived.

    A changed record may stand high in the list because it changed: a batch job at night would fake an overlap.
    """
    if lower is None:
        return []
    again = [(one, found[one.key]) for start, one in inside if start >= lower and one.key in found]
    same = [old for one, old in again if old.record_hash == one.record_hash and not old.is_exempt]
    first, last = earlier.unsure_from, earlier.unsure_to
    return [old for old in same if not (first and last and first <= old.last_changed_at <= last)]


def _above_pinned(placed: Sequence[Placed], inside: Sequence[Placed], policy: Policy) -> list[Placed]:
    """Return the records of the window above the lowest few of the answer: rooms pinned on top stand there."""
    n_pinned = max(policy.overlap - 1, int(policy.strays * len(placed)))
    return [pair for pair in inside if len(placed) > n_pinned and pair[0] > placed[n_pinned][0]]


def _lower(inside: Sequence[Placed], after: datetime) -> datetime | None:
    """Return the first whole second for which the answer can speak.

    It lies after the newest missing record and after the oldest returned start: a limit may cut inside one second. It
    also lies after the earliest returned end: a list that is kept by end is cut by end, and there the oldest start
    lies.
    """
    if not inside:
        return None
    first_end = min((one.ended_at for start, one in inside if one.ended_at and one.ended_at >= start), default=after)
    return next_second(max(after, inside[0][0], first_end))
