"""What joins an answer to the archive, and to the answer before it: overlap that could not be there by chance.

One idea carries every proof. An answer that holds old, closed, unchanged records, archived at an instant T, was cut
below them. By whatever date the platform sorts (start, end, listing, last change), what is *not* in the answer ranks
lower still, so nothing happened to it after T: it began before T, and was listed at T. So the answer holds all that
began after T, and all older meetings are in whatever was proven to hold the list of T. That the sort key is the start
is nowhere assumed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import prod
from typing import NamedTuple

from ytxdata.history.proof.evidence import Key, Known, KnownLand, PullFacts, Seen, Span
from ytxdata.history.proof.policy import Policy
from ytxdata.phones import normalize
from ytxdata.records.identity import A_LATE_START
from ytxdata.times import EARLIEST, next_second

A_MINUTE = timedelta(minutes=1)
"""So long before its start one may have joined a meeting: times are told to the minute."""

_HALF_A_DAY = timedelta(hours=12)
"""So long after its booking a meeting may begin and be the same one: a series comes back in a day."""

Placed = tuple[datetime, Seen]
"""A record with the start that gives it its place."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The records of one answer that have a place in time, and the window in which it must hold every meeting.

    Parameters
    ----------
    placed
        By start, each meeting once.
    keys
        All distinct meetings, also those without a place.
    lower, upper
        The window; `lower` is None when nothing has a place.
    trimmed
        `lower` if the lowest of the answer, where rooms pinned on top stand, are not trusted.
    """

    placed: Sequence[Placed]
    keys: Collection[Key]
    lower: datetime | None
    upper: datetime
    trimmed: datetime | None


class Overlap(NamedTuple):
    """How many known records came again, and how many did not.

    Parameters
    ----------
    n_known, n_inside
        That came again: all, and those inside the window. The others are strays, like rooms pinned on top.
    n_far
        Strays far below the window.
    n_left_out, n_held_back
        Below the window that did not come: all, and those that the platform surely still lists.
    """

    n_known: int
    n_inside: int
    n_far: int
    n_left_out: int
    n_held_back: int

    @property
    def luck(self) -> float:
        """How likely a platform without any order would show as much."""
        return luck(self.n_inside, self.n_known, self.n_known + self.n_held_back)


def overlap_of(
    placed: Sequence[Placed],
    inside: Sequence[Placed],
    found: Mapping[Key, Known],
    n_land: int,
    known: KnownLand,
    still_listed_from: datetime | None,
    policy: Policy,
) -> Overlap:
    """Count the known records that came again, and those that did not."""
    steady = {key for key, one in found.items() if not one.is_exempt}
    came = [start for start, one in placed if one.key in steady]
    n_inside = sum(one.key in steady for _, one in inside)
    if not inside:
        return Overlap(len(came), n_inside, 0, 0, 0)
    first = inside[0][0]
    n_below = known.n_before(first) - (len(came) - n_inside)
    # What the platform has forgotten did not stay out because the answer was cut: it is no sign of newest-first.
    # Where nobody has seen what is listed, all may be forgotten.
    n_forgotten = n_land if still_listed_from is None else known.n_before(still_listed_from)
    return Overlap(
        n_known=len(came),
        n_inside=n_inside,
        n_far=sum(start < first - policy.reach for start in came),
        n_left_out=max(0, n_below),
        n_held_back=max(0, n_below - n_forgotten),
    )


class Anew(NamedTuple):
    """The known meetings that an answer lacks are listed in it otherwise: under other ids, or all off by one time.

    `pairs` has the key of each beside the one it is listed by; `shift` is that time, None where the ids changed; and
    `is_known` says that the archive held those listed before.
    """

    pairs: Mapping[Key, Key]
    shift: timedelta | None
    is_known: bool

    @property
    def is_told(self) -> bool:
        """The missing are to be told as vanished: not while an answer that is off may be put right by the next."""
        return self.shift is None or self.is_known


def told_anew(
    missing: Sequence[tuple[datetime, Known]],
    listed: Mapping[Key, Sequence[Seen]],
    found: Collection[Key],
    policy: Policy,
) -> Anew | None:
    """Return how an answer tells anew what it lacks; None where it does not, or not nearly all of it.

    A new platform may write `M-123` for `123`, and a clock in another zone tells every start eight hours off. Taken
    for other meetings, they were late, and those before them missing, for good. The lengths must differ among
    themselves: rooms that are used for an hour each, and again eight hours later, are other meetings.
    """
    gone = [one for _, one in missing if one.started_at and one.ended_at]
    if len(gone) < max(policy.overlap, (1 - policy.strays) * len(missing)):
        return None
    over = [one for *_, one in listed.values() if one.started_at and one.ended_at]
    by_times = {(*_span(one), one.creator): one for one in over}
    told = ((one, by_times.get((*_span(one), one.creator))) for one in gone)
    renamed = {one.key: new for one, new in told if new and new.meeting_id != one.meeting_id}
    by_id: dict[str, list[Seen]] = {}
    for one in over:
        by_id.setdefault(one.meeting_id, []).append(one)
    off = [
        (start - _span(old)[0], old, new)
        for old in gone
        for new in by_id.get(old.meeting_id, ())
        for start, end in (_span(new),)
        if end - start == _span(old)[1] - _span(old)[0]
    ]
    [(shift, _)] = Counter(one for one, _, _ in off).most_common(1) or [(timedelta(0), 0)]
    is_of_a_zone = timedelta(0) < abs(shift) <= _FARTHEST_ZONE and not shift % _QUARTER
    shifted = {old.key: new for one, old, new in off if one == shift and is_of_a_zone}
    for pairs, by in ((renamed, None), (shifted, shift)):
        lengths = {end - start for start, end in map(_span, pairs.values())}
        if len(pairs) >= (1 - policy.strays) * len(missing) and len(lengths) >= policy.overlap:
            keys = {old: new.key for old, new in pairs.items()}
            return Anew(keys, by, 2 * sum(key in found for key in keys.values()) > len(keys))
    return None


def _span(one: Known | Seen) -> Span:
    assert one.started_at is not None
    assert one.ended_at is not None
    return one.started_at, one.ended_at


_FARTHEST_ZONE, _QUARTER = timedelta(hours=14), timedelta(minutes=15)


def anchored_by(
    anchors: Iterable[Known], overlap: Overlap, joins_at: datetime | None, policy: Policy
) -> datetime | None:
    """Return when enough of the overlap had been archived, None when the overlap shows nothing.

    Parameters
    ----------
    anchors
        Known records that came again inside the window, byte for byte as they were archived.
    joins_at
        Upper edge of the last completed sync; None when there is none.
    """
    if joins_at is None or not _ends_inside_known_land(overlap, policy):
        return None
    # A platform that sorts by end or by last change lifts what has lately ended to the top. Only what was over well
    # before the last sync lies as deep by start as by end, so that an answer that holds it reaches that deep whatever
    # the order.
    archived = sorted(
        one.last_changed_at for one in anchors if one.ended_at is not None and one.ended_at <= joins_at - policy.reach
    )
    # A single unchanged record may be one that was pinned, or listed anew. The fifth oldest of them, not the oldest,
    # says when the overlap was archived: four may lie about their place.
    return archived[policy.overlap - 1] if len(archived) >= policy.overlap else None


def _ends_inside_known_land(overlap: Overlap, policy: Policy) -> bool:
    # "Everything known came again" is no overlap: a platform that gives the oldest N always shows that. Some must
    # have stayed out, and must still be listed, else a list kept oldest first whose old end is forgotten slides along
    # and looks the same.
    if overlap.n_held_back < policy.overlap:
        return False
    # One known record in ten may stand outside its place (rooms pinned on top). More is another order, or a short
    # limit with a hole in the middle, which seems to reach years back.
    if overlap.n_known - overlap.n_inside > policy.strays * overlap.n_known:
        return False
    # Pinned rooms are few. Five strays a day and more below the window are single records left out all over the
    # place.
    return overlap.n_far < policy.overlap


def luck(n_newest: int, n_came: int, n_all: int) -> float:
    """Return how likely records drawn at random hold all the newest of a list, and look ordered.

    Examples
    --------
    >>> round(1 / luck(15, 15, 30)), luck(0, 15, 30), luck(15, 30, 30)
    (155117520, 1.0, 1.0)
    """
    return prod(((n_came - n) / (n_all - n) for n in range(n_newest)), start=1.0)


class Comparison(NamedTuple):
    """What two answers of one sync show of each other: the shorter should be the newest part of the longer.

    Parameters
    ----------
    n_lacking
        Records of the earlier answer that should be in this one and are not.
    shows_disorder, shows_order
        Whether the two show that the shorter is not the newest part of the longer, or that it is. Neither, when one
        of them says too little.
    is_strict
        The shorter is the newest part of the longer to a record, by start or by end, rooms pinned on top not
        excepted.
    luck
        How likely a platform without any order would show the shorter as so strict a part of the longer.
    """

    n_lacking: int = 0
    shows_disorder: bool = False
    shows_order: bool = False
    is_strict: bool = False
    luck: float = 1.0


def compared(answer: Extent, earlier: Extent | None, policy: Policy) -> Comparison:
    """Compare an answer with the one before it in the same sync.

    The archive alone cannot show the order: a list kept oldest first whose old end is forgotten, and a memory that
    gets shorter, both looked anchored. Two answers of different length, minutes apart, can.
    """
    if earlier is None:
        return Comparison()
    shorter, longer = sorted((answer, earlier), key=lambda one: len(one.keys))
    is_strict, by_luck = _strictness(shorter, longer) if shorter.placed else (False, 1.0)
    if earlier.trimmed is None or answer.lower is None:
        return Comparison(is_strict=is_strict, luck=by_luck)
    only_before = [at for at, one in earlier.placed if one.key not in answer.keys]
    only_now = [at for at, one in answer.placed if one.key not in earlier.keys]
    n_lacking = sum(answer.lower <= at < answer.upper for at in only_before)
    # Held against the window without its lowest few: a pinned room would stretch the shorter answer's window over
    # years.
    n_hidden = sum(earlier.trimmed <= at < earlier.upper for at in only_now)
    return Comparison(
        is_strict=is_strict,
        luck=by_luck,
        n_lacking=n_lacking,
        # One may have been listed between the two questions; more than a tenth is no newest part.
        shows_disorder=n_hidden > max(1, policy.strays * len(earlier.keys)),
        shows_order=not n_lacking and not n_hidden and _agree(answer, earlier, only_before, only_now, policy),
    )


def _agree(
    answer: Extent, earlier: Extent, only_before: Sequence[datetime], only_now: Sequence[datetime], policy: Policy
) -> bool:
    """Say whether two answers hold the same where both reach, and one goes on below that.

    The young part, listed while the two were asked, says nothing. Without a few records below, both are the whole
    list, and equal lists show no order.
    """
    assert earlier.trimmed is not None
    both_reach = max(earlier.trimmed, answer.placed[min(policy.overlap, len(answer.placed) - 1)][0])
    if any(both_reach <= at < min(answer.upper, earlier.upper) for at in (*only_before, *only_now)):
        return False
    return max(sum(at < both_reach for at in seen) for seen in (only_before, only_now)) >= policy.overlap


def _strictness(shorter: Extent, longer: Extent) -> tuple[bool, float]:
    """Say whether the shorter answer is the newest part of the longer to a record, and how likely that is by luck."""
    upper = min(shorter.upper, longer.upper)
    settled = [pair for pair in longer.placed if pair[0] < upper]
    below = [(at, one) for at, one in settled if one.key not in shorter.keys]
    n_common = len(settled) - len(below)
    # one below will do: how little that says is in the luck of it, and one out of its place makes it not strict
    if not below or n_common < sum(at < upper for at, _ in shorter.placed):
        return False, 1.0
    # By end too: a list that is kept by end puts a meeting of a day above a later short one, and is as good.
    by_start = shorter.placed[0][0] >= below[-1][0]
    ends = [one.ended_at for _, one in shorter.placed if one.ended_at is not None]
    by_end = all(one.ended_at is not None and one.ended_at <= min(ends, default=upper) for _, one in below)
    is_strict = by_start or by_end
    return is_strict, luck(n_common, n_common, len(settled)) if is_strict else 1.0


def moved(
    listed: Iterable[tuple[Known, Sequence[Seen]]],
    known: KnownLand,
    pull: PullFacts,
    earlier: PullFacts | None,
) -> tuple[tuple[Key, Span], ...]:
    """Return the known meetings that an answer lists at another time only, with from when to when there may have been
    two, of which the first is no meeting of the archive.

    By their times they are one (`records.identity`). They may be two all the same:

    - where the new start lies more than an hour off one that had passed by then, whether that meeting had begun when it
      was archived, was over, or was only planned: the one record of a room says on Friday that it meets next Thursday,
      and of this Thursday nobody saw more than the plan. A booking that began late is one meeting, a series of one
      booking, of which one had begun at another time, is not;
    - where somebody had joined before the new start, be it over or not: a room that is used again after five minutes,
      which a sync on the full hour meets every day. Else a start may be put right within the hour;
    - where what had begun is told as another creator's, at another minute.

    A plan that is moved while it lies ahead was never held. What was lost began before this answer was asked.

    Parameters
    ----------
    listed
        Known meetings, each with the records that the answer has of it, or in its place.
    pull, earlier
        The answer, and the one before it in the same sync; None where it is the first.
    """
    others = [found for old, told in listed if (found := _elsewhere(old, told))]
    reused = [found for old, told in _running(earlier, pull) if (found := _elsewhere(old, told))] if earlier else []
    if not others and not reused:
        return ()
    # also of what was over: of a room that is left early and used again before its booked end, the first was
    told = known.joined([one.old for one in others]) if others else {}
    # what ran some minutes ago, in the same sync, had been joined
    joined = {**told, **{one.old.key: one.began for one in reused}}
    until = by_clocks(pull)
    return tuple(
        (one.old.key, (min(one.may_begin, one.to), next_second(max(one.began, min(one.to, until)))))
        for one in (*others, *reused)
        if one.may_be_two(joined.get(one.old.key), until)
    )


class _Elsewhere(NamedTuple):
    """A known meeting, when it began or was to begin, and when it is told to have, by the nearest record."""

    old: Known
    began: datetime
    to: datetime
    as_told: Seen

    @property
    def may_begin(self) -> datetime:
        """From when on it may have been held: what was a plan when it was archived may have begun an hour early."""
        return self.began - A_LATE_START if self.began > self.old.last_changed_at else self.began

    def may_be_two(self, joined_at: datetime | None, until: datetime) -> bool:
        is_far = abs(self.to - self.began) > A_LATE_START
        if joined_at is not None and (is_far or joined_at <= self.to - A_MINUTE):
            return True
        if self.began >= until:
            return False
        # all meetings of a series may keep its booking: what had begun at another time than that was no plan, and
        # tomorrow's is not today's that began late
        booked, had_begun = self.old.booked_at, self.began <= self.old.last_changed_at
        is_one = booked is not None and booked == self.as_told.booked_at and self.to - booked < _HALF_A_DAY
        if is_one and (self.began == booked or not had_begun):
            return False
        return is_far or (self._is_of_another() and abs(self.to - self.began) > A_MINUTE)

    def _is_of_another(self) -> bool:
        creators = [normalize(text) or text for one in (self.old, self.as_told) if (text := one.creator)]
        return len(set(creators)) > 1


def _elsewhere(old: Known, told: Sequence[Seen]) -> _Elsewhere | None:
    """Return what a known meeting is told as, None where that is at its own time, or says nothing of one."""
    if any(one.record_hash == old.record_hash for one in told):
        return None
    began = old.key[1]
    # a booking that is told in place of a start says less: the row stays (`identity.says_less`)
    times = [(at, one) for one in told if (at := one.started_at or (None if old.started_at else one.booked_at))]
    if began is None or began < EARLIEST or not times:
        return None
    to, as_told = min(times, key=lambda pair: abs(pair[0] - began))
    return _Elsewhere(old, began, to, as_told) if to != began else None


def _running(earlier: PullFacts, pull: PullFacts) -> Iterator[tuple[Known, Sequence[Seen]]]:
    """Yield what ran in the answer before, with what this one has of it, or else of its id that was not listed there."""
    asked_at = earlier.asked_at
    running = {
        one.key: one
        for one in earlier.records
        if one.started_at and one.started_at <= asked_at and (one.ended_at is None or one.ended_at > asked_at)
    }
    ids = {meeting_id for meeting_id, _ in running}
    before = {one.key for one in earlier.records if one.meeting_id in ids}
    told: dict[str, list[Seen]] = {}
    for one in pull.records if ids else ():
        if one.meeting_id in ids:
            told.setdefault(one.meeting_id, []).append(one)
    for key, one in running.items():
        now = told.get(one.meeting_id, [])
        old = Known(*one[:4], asked_at, one.creator, booked_at=one.booked_at)
        yield old, [other for other in now if other.key == key] or [other for other in now if other.key not in before]


_HALF_A_MINUTE = timedelta(seconds=30)


def by_clocks(pull: PullFacts) -> datetime:
    """Return up to when the meetings of an answer may have begun, by the later of this machine's clock and `Date`."""
    if pull.clock_skew is None:
        return pull.answered_at
    return pull.answered_at + max(_HALF_A_MINUTE - pull.clock_skew, timedelta(0))  # it is kept in whole minutes


def latest(pull: PullFacts, policy: Policy) -> datetime:
    """Return up to when the meetings of an answer may have begun, whichever clock was right.

    Without the platform's `Date` a clock that is behind shows by what is told to be over, or to run, after it: what is
    not told may have begun a settling time later. What was booked is to come, and shows nothing.
    """
    if pull.clock_skew is not None:
        return by_clocks(pull)
    told = ((pull.start_of(one), one) for one in pull.records if one.kind != "booked" and one.booked_at is None)
    newest = max((max(start, one.ended_at or start) for start, one in told if start), default=pull.answered_at)
    return pull.answered_at if newest <= pull.answered_at else newest + policy.settle
