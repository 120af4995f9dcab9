"""How much to ask: everything at first, the tail that may still change later, and more while an answer does not join on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ytxdata.history.proof.evidence import Evidence, KnownLand
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.reasons import CONFIRMABLE, is_gap
from ytxdata.history.proof.window import Before, Sighting


@dataclass(frozen=True, slots=True)
class Plan:
    """The first question of a sync, whether it is meant to bring all there is, and whether newest-first was shown before."""

    ask: int
    is_full: bool
    order_shown: bool


def plan(known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> Plan:
    """Return what to ask first.

    The first two syncs ask for more than is known, so that a full answer comes and a longer one can confirm it; so does
    one sync in a while, to find what was listed late, and every sync while the platform is known to keep another order.
    """
    n_known = known.count()
    everything = Plan(max(policy.first_ask, _more_than(n_known, policy)), True, evidence.order_shown)
    if not n_known or not evidence.n_syncs:
        return everything
    everything = Plan(_more_than(n_known, policy), True, evidence.order_shown)
    if evidence.n_syncs == 1 or _is_due(evidence.full_at, now, policy) or _may_confirm(known, evidence, policy):
        return everything
    if not (evidence.order_shown or _is_due(evidence.order_broken_at, now, policy)):
        return everything
    tail = _tail(known, evidence, now, policy)
    listed_from = Before(None, evidence.listed_from, evidence.listed_at).still_listed_from(now)
    n_listed = n_known - (known.n_before(listed_from) if listed_from else n_known)
    if n_listed - tail <= policy.overlap or (tail / n_listed) ** tail > policy.chance:
        return everything
    return Plan(tail, False, evidence.order_shown)


def next_ask(plan: Plan, sightings: Sequence[Sighting], policy: Policy) -> int | None:
    """Return the next question after these answers, or None when the sync is done.

    The first anchored answer is followed by a longer one, unless two answers of one sync have shown the order before.
    """
    if not sightings:
        return plan.ask
    last = sightings[-1]
    asked = last.pull.asked_n
    if asked is None or len(sightings) >= policy.max_calls:
        return None
    n_anchored = sum(one.is_anchored for one in sightings)
    if n_anchored:
        is_shown = plan.order_shown or any(one.shows_order for one in sightings)
        return 2 * asked if n_anchored == 1 and last.is_anchored and not is_shown else None
    n_returned = last.pull.n_returned
    if last.stopped and not brought_fewer(sightings):
        was_cut = last.anchored_by is not None and not plan.is_full
        tried_fewer = any(one.pull.asked_n == _a_little_less(n_returned) for one in sightings)
        return _a_little_less(n_returned) if was_cut and not tried_fewer else None
    granted = max((_asked(one) for one in sightings if not one.stopped), default=0)
    refused = min((_asked(one) for one in sightings if one.stopped), default=None)
    if refused is None:
        return asked * policy.growth if asked < policy.largest_ask else None
    middle = (granted + refused) // 2
    return middle if granted and refused - granted > max(16, granted // 8) else None


def brought_fewer(sightings: Sequence[Sighting]) -> bool:
    """Say whether the last answer is shorter than one to a smaller question: the platform refused the larger one."""
    last = sightings[-1]
    return any(_asked(one) < _asked(last) and one.pull.n_returned > last.pull.n_returned for one in sightings[:-1])


def _asked(sighting: Sighting) -> int:
    return sighting.pull.asked_n or 0


def _a_little_less(n: int) -> int:
    return max(1, n * 9 // 10)


def _more_than(n_known: int, policy: Policy) -> int:
    return int(n_known * policy.headroom) + policy.spare


def _is_due(at: datetime | None, now: datetime, policy: Policy) -> bool:
    return at is None or now - at >= policy.full_every


def _may_confirm(known: KnownLand, evidence: Evidence, policy: Policy) -> bool:
    """Say whether the history has grown enough since all was asked for that a first full answer may now be confirmed."""
    full = [one for one in evidence.windows if one.reason in CONFIRMABLE and one.n_records]
    if not full or evidence.full_at is None or any(one.proven_from for one in full):
        return False
    n_new = known.count() - known.n_before(evidence.full_at)
    grown = n_new * full[-1].n_bytes / full[-1].n_records
    return grown > 1.5 * max(policy.giant, 2 * full[-1].largest, 0.05 * full[-1].n_bytes)


def _tail(known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> int:
    """Return how many records hold what may still change, what is to be expected since, and the overlap.

    The overlap lies below what the newest proof had archived, unless that is long ago.
    """
    assert evidence.last_asked_at is not None
    proofs = [one.asked_at for one in evidence.windows if one.proven_from and not is_gap(one.reason)]
    joins_at = evidence.last_asked_at - policy.settle
    if proofs and evidence.last_asked_at - max(proofs) < policy.full_every:
        joins_at = min(joins_at, max(proofs))
    n_all = known.count()
    n_deep = n_all - known.n_before(joins_at - policy.reach)
    n_expected = n_all - known.n_before(evidence.last_asked_at - (now - evidence.last_asked_at))
    return n_deep + int(n_expected * policy.headroom) + max(4 * policy.overlap, policy.spare)
