"""The rules of completeness: how much to ask, what an answer shows, what may then be claimed, and how proof is taken
back.

No I/O, no clock. A claim is a period with a verdict. PROVEN is said only where it cannot be false; a modest verdict
costs little. It is never taken back silently: a clock went back, more patience than before, meetings too late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ytxdata.errors import UsageError
from ytxdata.history.proof.ask_size import next_ask, plan
from ytxdata.history.proof.categories import suspected, watched
from ytxdata.history.proof.certificate import Certificate, Period, certify
from ytxdata.history.proof.evidence import (
    Doubt,
    Evidence,
    KnownLand,
    Note,
    NothingKnown,
    PullFacts,
    Window,
)
from ytxdata.history.proof.overlap import luck
from ytxdata.history.proof.policy import CONFIRMABLE, DEFAULT_POLICY, FORGETTING, GAPS, NOTES, REASONS, Policy
from ytxdata.history.proof.unprovable import barred, doubts_from, ending, joined_at, worst_doubts
from ytxdata.history.proof.verdict import (
    begins_the_claims,
    best_of,
    compact,
    confirmed,
    gap_below,
    longest,
    reached_by,
    reason_for,
    rebased,
    window_of,
    without_refuted,
)
from ytxdata.history.proof.window import Sighting, look, still_listed_from
from ytxdata.labels import Text
from ytxdata.times import beijing_text, floor_second

SUSPICIONS = ("cap_round", "cap_equal", "cap_fewer")
"""Reasons that are worth a note of their own: a limit of the platform costs meetings if nobody acts."""

MOST_IDS = 20
"""How many meetings a note names: the archive holds them all, and a note is read by people."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a finished sync says and leaves behind.

    Parameters
    ----------
    certificate
        All periods ever claimed, as they stand after this sync.
    evidence
        To be kept for the next sync, in place of the evidence given to this one.
    notes
        What was noticed.
    vanished, reappeared
        Ids of meetings that are exempt from now on, and of those that no longer are.
    """

    certificate: Certificate
    evidence: Evidence
    notes: tuple[Note, ...] = ()
    vanished: tuple[str, ...] = ()
    reappeared: tuple[str, ...] = ()

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods of the certificate."""
        return self.certificate.periods


class Reading:
    """One sync in progress: ask as `ask` says, give each answer to `take`, until `ask` is None; then `result`.

    A sync that does not get that far claims nothing: its result is never taken, see `unprovable.unfinished`.

    Parameters
    ----------
    known
        What the archive held before this sync, from completed syncs only.
    evidence
        What the last completed sync left behind; `Evidence()` the first time.
    policy
        The numbers of the rules.
    now
        When the sync begins.
    """

    def __init__(self, known: KnownLand, evidence: Evidence, now: datetime, policy: Policy = DEFAULT_POLICY) -> None:
        self._known, self._policy = known, patient(policy, evidence)
        self._evidence = self._before = resettled(evidence, self._policy)
        self._notes: list[Note] = []
        self._mind_the_clock(now)
        self._plan = plan(known, self._evidence, now, self._policy)
        self._sightings: list[Sighting] = []

    @property
    def ask(self) -> int | None:
        """The next `meetingcount`, or None when the sync is done."""
        return next_ask(self._plan, self._sightings, self._policy)

    def take(self, pull: PullFacts) -> None:
        """Take the answer to the last question."""
        self._mind_the_clock(pull.asked_at, pull.pull_id)
        before = self._sightings[-1] if self._sightings else None
        self._sightings.append(look(pull, self._known, self._evidence, self._policy, before))

    def _mind_the_clock(self, now: datetime, pull_id: str = "") -> None:
        cut = rewound(self._evidence, now, self._policy)
        if cut is not self._evidence:
            instants = {"last": self._evidence.last_asked_at, "now": now, "until": cut.joins_at}
            self._notes.append(_note("clock", pull_id, **{key: beijing_text(at) for key, at in instants.items() if at}))
        self._evidence = cut

    def result(self) -> Judgement:
        """Return what may be claimed after this sync."""
        earlier, policy = self._evidence, self._policy
        sightings = purged(self._sightings, policy, order_shown=earlier.order_shown)
        if not sightings:
            return Judgement(certify(earlier, policy), earlier, tuple(self._notes))
        known_limits = earlier.limits
        earlier = replace(earlier, suspected=suspected(earlier, sightings))
        full = longest(sightings)
        if full is not None and full.pull.n_returned:
            earlier = watched(earlier, full)
        went_back = earlier.joins_at != self._before.joins_at
        earlier = ending(earlier, self._known, sightings, policy, went_back=went_back)
        learned = [one for one in earlier.limits if one not in known_limits]
        earlier = barred(earlier, sightings, learned, joined_at(self._before, sightings, policy))
        found = _Finding.of(sightings, earlier, policy)
        windows, gap = found.windows(earlier, policy)
        doubts = doubts_from(sightings, earlier)
        evidence = replace(
            _ordered(_asked(earlier, found, is_full=self._plan.is_full), sightings, is_broken=found.is_broken),
            windows=windows,
            doubts=worst_doubts([*earlier.doubts, *doubts]),
            n_of_room=sightings[-1].n_of_room,
            has_forgotten=earlier.has_forgotten or any(one in FORGETTING for one in found.reasons),
            outside=_outside(found.reasons, earlier),
        )
        return Judgement(
            certificate=certify(evidence, policy),
            evidence=evidence,
            notes=(
                *self._notes,
                *limit_notes(earlier.limits, known_limits, found.best),
                *notes_on(found.best, found.reasons, gap, doubts, earlier, is_broken=found.is_broken),
            ),
            vanished=tuple(one.name for one in found.best.vanished),
            reappeared=tuple(dict.fromkeys(one.name for answer in sightings for one in answer.reappeared)),
        )


def purged(sightings: Sequence[Sighting], policy: Policy, *, order_shown: bool) -> Sequence[Sighting]:
    """Return the answers of a sync, with what many known ones are missing from them said to be deleted, if it was.

    An admin purges a department's old meetings. A list in another order lacks as many; but newest-first was shown
    before, and is shown again, to a record, by two of these answers. What hides some creators, or a part of all
    meetings, of whatever age, would lack some of the newest that are known of the same creators, too.
    """
    is_kept = order_shown and any(
        one.comparison.is_strict and one.comparison.luck <= policy.chance for one in sightings
    )
    if not is_kept:
        return sightings
    most = max(sightings, key=lambda one: one.overlap.n_known)
    whose = {one.creator for _, one in most.absent}
    came = [start for start, one in most.extent.placed if one.key in most.found and one.creator in whose]
    n_newest = sum(most.first is not None and start >= most.first for start in came)
    by_luck = luck(n_newest, len(came), len(came) + most.n_missing)
    is_purge = _lie_amid(most) and most.is_scattered and not most.lacks_few and by_luck <= policy.strays / 2
    return [replace(one, is_purged=True) for one in sightings] if is_purge else sightings


def _lie_amid(answer: Sighting) -> bool:
    """Say whether most of what is missing is not the oldest of its creator, and none of a room that is listed: a limit
    by category that begins takes the oldest of each.
    """
    oldest = {one.creator: start for start, one in reversed(answer.extent.placed)}
    ids = {one.meeting_id for one in answer.pull.records}
    n_amid = sum(oldest.get(one.creator, start) < start for start, one in answer.absent)
    return 2 * n_amid > answer.n_missing and not any(one.meeting_id in ids for _, one in answer.absent)


class _Finding(NamedTuple):
    """What a sync comes to: its answers, the best of them, the longest full one, and why each may claim what it may."""

    sightings: Sequence[Sighting]
    best: Sighting
    reason: str
    full: Sighting | None
    full_reason: str | None

    @classmethod
    def of(cls, sightings: Sequence[Sighting], earlier: Evidence, policy: Policy) -> _Finding:
        best, full = best_of(sightings), longest(sightings)
        reason = reason_for(best, sightings, earlier, policy)
        full_reason = None if full is None else reason_for(full, sightings, earlier, policy)
        return cls(sightings, best, reason, full, full_reason)

    @property
    def reasons(self) -> tuple[str, ...]:
        return (self.reason,) if self.full_reason in (None, self.reason) else (self.reason, str(self.full_reason))

    @property
    def is_broken(self) -> bool:
        return self.reason == "order_broken" or any(
            one.is_broken or one.comparison.shows_disorder for one in self.sightings
        )

    def windows(self, earlier: Evidence, policy: Policy) -> tuple[tuple[Window, ...], Window | None]:
        """Return all windows after this sync, and the gap that it leaves below its own."""
        best, reason = self.best, self.reason
        windows = [confirmed(one, best, reason, self.sightings, self.full_reason, earlier) for one in earlier.windows]
        windows = without_refuted(earlier.windows, windows)
        windows = [rebased(one, windows) for one in windows]
        window = window_of(best, reason, earlier, windows, policy)
        if window is not None and begins_the_claims(window, best, windows):
            return (window,), None
        gap = gap_below(window, best, reason, reached_by(earlier, windows, best))
        return compact([*windows, *(one for one in (gap, window) if one is not None)]), gap


def _asked(earlier: Evidence, found: _Finding, *, is_full: bool) -> Evidence:
    """Return the evidence with what this sync says of when it asked, and of what the platform lists."""
    best = found.best
    asked_at = best.pull.asked_at
    listed_from, listed_at = _listed(found.full or best, earlier)
    return replace(
        earlier,
        n_syncs=earlier.n_syncs + 1,
        last_asked_at=asked_at,
        joins_at=best.upper,
        listed_from=listed_from,
        listed_at=listed_at,
        full_at=asked_at if is_full or best.stopped else earlier.full_at,
        uppers=with_upper(earlier.uppers, best.upper),
    )


def _ordered(evidence: Evidence, sightings: Sequence[Sighting], *, is_broken: bool) -> Evidence:
    """Return the evidence with what this sync shows of the order; one that breaks it takes back what was shown."""
    if is_broken:
        return replace(evidence, order_shown=False, order_broken_at=evidence.last_asked_at)
    return replace(evidence, order_shown=evidence.order_shown or any(one.comparison.shows_order for one in sightings))


def _listed(best: Sighting, earlier: Evidence) -> tuple[datetime | None, datetime | None]:
    """Return from where on the platform lists everything, as far as this sync or an earlier one has seen, and when."""
    asked_at = best.pull.asked_at
    before = still_listed_from(earlier, asked_at)
    if best.first is None or best.is_broken or (before is not None and before <= best.first):
        return earlier.listed_from, earlier.listed_at
    return best.first, asked_at


def _outside(reasons: Sequence[str], earlier: Evidence) -> str:
    """Return why nothing is claimed before the first claim: there may be nothing, or it was not read."""
    if any(one in CONFIRMABLE or one == "empty_so_far" for one in reasons):
        return "before_first"
    return earlier.outside if earlier.n_syncs else "not_read"


def certify_history(pulls: Sequence[PullFacts], now: datetime) -> Certificate:
    """Return what may be claimed about answers read without an archive: PROBABLE at best."""
    reading = Reading(NothingKnown(), Evidence(), now)
    for pull in pulls:
        reading.take(pull)
    return reading.result().certificate


MOST_UPPERS = 64
"""How many upper edges of finished syncs are kept: all of the newest, ever fewer of older ones, always the first.

A clock goes back by days, seldom by months; the thinner the edges, the more is taken back.
"""


def patient(policy: Policy, evidence: Evidence) -> Policy:
    """Return the policy with the longest time to settle that this archive was ever synced with.

    Somebody knew that meetings are listed that late. Forgetting it in one run of a cron job would prove too much.
    """
    return replace(policy, settle=max(policy.settle, timedelta(seconds=evidence.settle_s)))


def that_waits(settle: timedelta) -> Policy:
    """Return the rules under which nothing younger than `settle` is PROVEN; UsageError for less than a day."""
    # where the platform lists a meeting only when it has ended, less would prove days that are not all told yet
    if settle < DEFAULT_POLICY.settle:
        raise UsageError(
            Text(f"settle 太短：{settle}", f"settle is too short: {settle}"),
            remedy=Text(
                "至少 24 小时：平台可能在会议结束后才列出",
                "at least 24 hours: meetings may be listed only after they end",
            ),
        )
    return replace(DEFAULT_POLICY, settle=settle)


def resettled(evidence: Evidence, policy: Policy) -> Evidence:
    """Return the evidence as it may stand under a policy that gives meetings longer to settle than before.

    Earlier answers did not reach far enough back to find what is listed so late: nothing of theirs is proven until a
    new full answer is.
    """
    settle_s = int(policy.settle.total_seconds())
    if evidence.settle_s >= settle_s:
        return evidence
    windows = tuple(replace(one, proven_from=None) for one in evidence.windows)
    return replace(evidence, windows=windows, full_at=None, settle_s=settle_s)


def rewound(evidence: Evidence, now: datetime, policy: Policy) -> Evidence:
    """Return the evidence as it may stand at this instant: as it is, unless the last sync was asked after it.

    Then one of the two clocks was wrong, and nobody can tell how much earlier that sync was really asked. It was
    asked after the one before it, so what reaches up to the newest upper edge that may be true stays, and all above
    it is taken back.
    """
    if evidence.last_asked_at is None or now >= evidence.last_asked_at - policy.jitter:
        return evidence
    limit = floor_second(now - policy.settle)
    uppers = tuple(one for one in evidence.uppers if one <= limit)
    until = max(uppers, default=min([limit, *(one.lower for one in evidence.windows)]))
    asked_at = until + policy.settle
    windows = (one if one.asked_at <= now else _cut(one, until, now, policy) for one in evidence.windows)
    return replace(
        evidence,
        windows=tuple(one for one in windows if one.lower < one.upper),
        uppers=uppers or (until,),
        last_asked_at=asked_at,
        joins_at=until,
        listed_at=_not_after(asked_at, evidence.listed_at),
        full_at=_not_after(asked_at, evidence.full_at),
        order_broken_at=_not_after(asked_at, evidence.order_broken_at),
        # What is said to have been archived meanwhile is no overlap. Not for ever: a clock of the year 9999 would end
        # all proof.
        unsure_from=min(now, evidence.unsure_from or now),
        unsure_to=max(min(evidence.last_asked_at, now + policy.full_every), evidence.unsure_to or now),
    )


def _not_after(limit: datetime, at: datetime | None) -> datetime | None:
    return None if at is None else min(at, limit)


def _cut(window: Window, until: datetime, now: datetime, policy: Policy) -> Window:
    if window.reason in GAPS:
        return replace(window, upper=min(window.upper, now), asked_at=now)
    upper = min(window.upper, until)
    proven_from = window.proven_from if window.proven_from and window.proven_from < upper else None
    # A full answer of an unknown time cannot be confirmed: whether an unknown meeting began before it cannot be told.
    may_be_confirmed = window.reason in CONFIRMABLE and proven_from is None
    return replace(
        window,
        reason="clock" if may_be_confirmed else window.reason,
        asked_at=until + policy.settle,
        upper=upper,
        proven_from=proven_from,
    )


def with_upper(uppers: Sequence[datetime], upper: datetime) -> tuple[datetime, ...]:
    """Return the upper edges with one more, those of long ago thinned out."""
    kept = (*uppers, upper)
    half = len(kept) // 2
    return kept if len(kept) <= MOST_UPPERS else (*kept[:half:2], *kept[half:])


def notes_on(
    best: Sighting,
    reasons: Sequence[str],
    gap: Window | None,
    doubts: Sequence[Doubt],
    earlier: Evidence,
    *,
    is_broken: bool,
) -> Iterator[Note]:
    """Yield what a sync noticed, from what its best answer shows."""
    pull_id = best.pull.pull_id
    back = [one.meeting_id for one in best.reappeared]
    late = [one.meeting_id for one in doubts if one.meeting_id not in back]
    if (anew := best.anew) is not None:
        key = "shifted" if anew.shift else "renamed"
        yield _note(key, pull_id, [one for one, _ in anew.pairs], n=len(anew.pairs), shift=_hours(anew.shift))
    if gap is not None:
        yield _note("gap", pull_id, start=beijing_text(gap.lower), end=beijing_text(gap.upper))
    for key, ids in (
        ("late", late),
        ("vanished", [one.meeting_id for one in best.vanished]),
        ("reappeared", back),
        ("collision", [one.old.meeting_id for one in best.replaced]),
        ("contradiction", [meeting_id for meeting_id, _ in best.contradictions]),
        ("moved", [meeting_id for (meeting_id, _), _ in best.moved]),
        ("several", [*dict.fromkeys(one.meeting_id for one, _ in best.pull.several)]),
    ):
        if ids:
            yield _note(key, pull_id, ids, n=len(ids))
    for key, n in (("rejected", best.pull.n_rejected), ("no_start", best.n_without_start)):
        if n:
            yield _note(key, pull_id, n=n)
    if is_broken:
        yield _note("order", pull_id)
    for reason in reasons:
        if reason in SUSPICIONS:
            yield _note("cap", pull_id, **REASONS[reason].text._asdict())
    if any(one in FORGETTING for one in reasons) and not earlier.has_forgotten:
        yield _note("forgotten", pull_id, n=best.overlap.n_left_out)


def limit_notes(limits: Sequence[tuple[str, int]], known: Sequence[tuple[str, int]], best: Sighting) -> Iterator[Note]:
    """Yield what is said of limits by category that were not known before."""
    words = {
        "creator": ("每个发起人", "creator"),
        "kind": ("每类会议", "kind of meeting"),
        "meeting_id": ("每个会议号", "meeting id"),
    }
    for name, n in limits:
        if (name, n) not in known:
            zh, en = words[name]
            yield _note("category", best.pull.pull_id, n=n, of_zh=zh, of_en=en)


def _hours(shift: timedelta | None) -> str:
    minutes = int((shift or timedelta(0)).total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60}:{abs(minutes) % 60:02} h"


def _note(key: str, pull_id: str, ids: Sequence[str] = (), **values: object) -> Note:
    return Note(key, NOTES[key].format(**values), tuple(ids[:MOST_IDS]), pull_id)
