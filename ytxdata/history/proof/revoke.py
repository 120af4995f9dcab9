"""How proof is taken back, never silently: a clock went back, more patience than before, meetings too late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ytxdata.history.proof.evidence import Doubt, Evidence, Seen, Window
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.reasons import CONFIRMABLE, is_gap
from ytxdata.history.proof.window import Sighting
from ytxdata.times import floor_second

MOST_DOUBTS = 20
"""How many late arrivals are kept: the latest of them decide, and evidence must stay small."""

MOST_UPPERS = 64
"""How many upper edges of finished syncs are kept: all of the newest, ever fewer of older ones, always the first.

A clock goes back by days, seldom by months; the thinner the edges, the more is taken back.
"""


def patient(policy: Policy, evidence: Evidence) -> Policy:
    """Return the policy with the longest time to settle that this archive was ever synced with.

    Somebody knew that meetings are listed that late. Forgetting it in one run of a cron job would prove too much.
    """
    return replace(policy, settle=max(policy.settle, timedelta(seconds=evidence.settle_s)))


def resettled(evidence: Evidence, policy: Policy) -> Evidence:
    """Return the evidence as it may stand under a policy that gives meetings longer to settle than before.

    Earlier answers did not reach far enough back to find what is listed so late: nothing of theirs is proven until a
    new full answer is.
    """
    settle_s = int(policy.settle.total_seconds())
    if evidence.settle_s >= settle_s:
        return evidence
    return replace(
        evidence,
        windows=tuple(replace(one, proven_from=None) for one in evidence.windows),
        full_at=None,
        settle_s=settle_s,
    )


def limited(windows: Iterable[Window], hidden: datetime | None) -> list[Window]:
    """Return the windows as they may stand when a limit by category was seen at work that may hide what began before.

    Whatever was proven of that time was proven on lists that lacked it.
    """
    if hidden is None:
        return list(windows)
    return [
        one
        if one.proven_from is None or one.proven_from >= hidden
        else replace(one, proven_from=hidden if hidden < one.upper else None)
        for one in windows
    ]


def rewound(evidence: Evidence, now: datetime, policy: Policy) -> Evidence:
    """Return the evidence as it may stand at this instant: as it is, unless the last sync was asked after it.

    Then one of the two clocks was wrong, and nobody can tell how much earlier that sync was really asked. It was
    asked after the one before it, so what reaches up to the newest upper edge that may be true stays, and all above
    it is taken back.
    """
    if evidence.last_asked_at is None or now >= evidence.last_asked_at - policy.jitter:
        return evidence
    return _taken_back(evidence, evidence.last_asked_at, now, policy)


def _taken_back(evidence: Evidence, last_asked_at: datetime, now: datetime, policy: Policy) -> Evidence:
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
        unsure_to=max(min(last_asked_at, now + policy.full_every), evidence.unsure_to or now),
    )


def _not_after(limit: datetime, at: datetime | None) -> datetime | None:
    return None if at is None else min(at, limit)


def _cut(window: Window, until: datetime, now: datetime, policy: Policy) -> Window:
    if is_gap(window.reason):
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


def doubts_from(sightings: Sequence[Sighting], earlier: Evidence) -> list[Doubt]:
    """Return the meetings that turned up inside what had been proven, and those that were gone for a while.

    One is enough to call the platform's lists unreliable: whoever lists one meeting late lists others late too, and
    leaves out single ones for a while. Which, nobody can tell.
    """
    proven = [one for one in earlier.windows if one.proven_from is not None]
    found: dict[str, Doubt] = {}
    for sighting in sightings:
        for record, gone_at in _unexpected(sighting, earlier.last_asked_at):
            start = sighting.pull.start_of(record)
            missed_at = gone_at or _missed_at(start, proven)
            if start and missed_at:
                found.setdefault(record.meeting_id, Doubt(record.meeting_id, start, missed_at, sighting.pull.pull_id))
    return list(found.values())


def worst_doubts(doubts: Iterable[Doubt]) -> tuple[Doubt, ...]:
    """Return the latest arrivals: they decide how long nothing may be taken for settled."""
    return tuple(sorted(doubts, key=lambda one: one.lateness, reverse=True)[:MOST_DOUBTS])


def _unexpected(sighting: Sighting, last_asked_at: datetime | None) -> Iterator[tuple[Seen, datetime | None]]:
    """Yield the records that were not known, and with the last asking those that were known to be gone."""
    back = set(sighting.reappeared)
    yield from ((record, None) for record in sighting.fresh)
    yield from ((record, last_asked_at) for record in sighting.pull.records if record.meeting_id in back)


def _missed_at(start: datetime | None, proven: Iterable[Window]) -> datetime | None:
    """Return when the newest pull was asked that should have shown a record and did not, None if there is none."""
    if start is None:
        return None
    return max(
        (one.asked_at for one in proven if one.proven_from and one.proven_from <= start < one.upper), default=None
    )
