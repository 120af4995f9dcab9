"""How much to ask: everything at first, the tail that may still change later, more while an answer does not join on."""

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
    """The first question of a sync, whether it is to bring all there is, whether the order was shown before."""

    ask: int
    is_full: bool
    order_shown: bool


def plan(known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> Plan:
    """Return what to ask first: everything, unless a tail can prove as much."""
    n_known = known.count()
    if not n_known or not evidence.n_syncs:
        return Plan(max(policy.first_ask, _more_than(n_known, policy)), True, evidence.order_shown)
    everything = Plan(_more_than(n_known, policy), True, evidence.order_shown)
    if _wants_everything(known, evidence, now, policy):
        return everything
    tail = _tail(known, evidence, now, policy)
    return (
        Plan(tail, False, evidence.order_shown) if _tail_may_prove(tail, known, evidence, now, policy) else everything
    )


def next_ask(plan: Plan, sightings: Sequence[Sighting], policy: Policy) -> int | None:
    """Return the next question after these answers, or None when the sync is done."""
    if not sightings:
        return plan.ask
    if sightings[-1].pull.asked_n is None or len(sightings) >= policy.max_calls:
        return None
    if any(one.is_anchored for one in sightings):
        return _to_show_the_order(plan, sightings)
    if sightings[-1].stopped and not brought_fewer(sightings):
        return _to_be_cut_by_us(plan, sightings)
    return _towards_the_end(sightings, policy)


def brought_fewer(sightings: Sequence[Sighting]) -> bool:
    """Say whether the last answer is shorter than one to a smaller question: the platform refused the larger one."""
    last = sightings[-1]
    return any(_asked(one) < _asked(last) and one.pull.n_returned > last.pull.n_returned for one in sightings[:-1])


def _wants_everything(known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> bool:
    # Two full answers before any tail: the second is longer than the first, and so confirms it.
    if evidence.n_syncs == 1:
        return True
    # Once in a while all is read again, to find what was listed late; and as soon as enough is new to confirm the
    # first.
    if _is_due(evidence.full_at, now, policy) or _may_confirm(known, evidence, policy):
        return True
    # Only an answer cut by our own number can show the order, so one tail is tried. If it breaks the order,
    # everything is asked for each time, and the tail is tried again after a month.
    return not (evidence.order_shown or _is_due(evidence.order_broken_at, now, policy))


def _tail_may_prove(tail: int, known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> bool:
    """Say whether so short an answer leaves enough old records out that luck could not have left them out."""
    listed_from = Before(None, evidence.listed_from, evidence.listed_at).still_listed_from(now)
    n_known = known.count()
    n_listed = n_known - (known.n_before(listed_from) if listed_from else n_known)
    return n_listed - tail > policy.overlap and (tail / n_listed) ** tail <= policy.chance


def _to_show_the_order(plan: Plan, sightings: Sequence[Sighting]) -> int | None:
    """Follow the first anchored answer by a longer one, unless two answers of one sync have shown the order before.

    Once is enough: it costs one more call in the life of an archive. Without it a list kept oldest first that forgets
    its old end slides along, and looks anchored for ever.
    """
    n_anchored = sum(one.is_anchored for one in sightings)
    is_shown = plan.order_shown or any(one.shows_order for one in sightings)
    return 2 * _asked(sightings[-1]) if n_anchored == 1 and sightings[-1].is_anchored and not is_shown else None


def _to_be_cut_by_us(plan: Plan, sightings: Sequence[Sighting]) -> int | None:
    """Ask for a little less than came when a tail was cut by the platform: what our own number cuts may be anchored.

    Once only: under a limit that moves, less and less would come.
    """
    last = sightings[-1]
    less = max(1, last.pull.n_returned * 9 // 10)
    if last.anchored_by is None or plan.is_full or any(one.pull.asked_n == less for one in sightings):
        return None
    return less


def _towards_the_end(sightings: Sequence[Sighting], policy: Policy) -> int | None:
    """Ask for more until the platform stops by itself; when it refuses, search between what it granted and refused.

    A lost period cannot be bought back later, so a refused question is halved, to within an eighth.
    """
    asked = _asked(sightings[-1])
    granted = max((_asked(one) for one in sightings if not one.stopped), default=0)
    refused = min((_asked(one) for one in sightings if one.stopped), default=None)
    if refused is None:
        return asked * policy.growth if asked < policy.largest_ask else None
    return (granted + refused) // 2 if granted and refused - granted > max(16, granted // 8) else None


def _asked(sighting: Sighting) -> int:
    return sighting.pull.asked_n or 0


def _more_than(n_known: int, policy: Policy) -> int:
    return int(n_known * policy.headroom) + policy.spare


def _is_due(at: datetime | None, now: datetime, policy: Policy) -> bool:
    return at is None or now - at >= policy.full_every


def _may_confirm(known: KnownLand, evidence: Evidence, policy: Policy) -> bool:
    """Say whether the history has grown enough since all was asked for that a first full answer may now be confirmed.

    Half as much again as `verdict` wants: records differ in size, and a full question that confirms nothing is
    wasted.
    """
    full = [one for one in evidence.windows if one.reason in CONFIRMABLE and one.n_records]
    if not full or evidence.full_at is None or any(one.proven_from for one in full):
        return False
    n_new = known.count() - known.n_before(evidence.full_at)
    grown = n_new * full[-1].n_bytes / full[-1].n_records
    return grown > 1.5 * max(policy.giant, 2 * full[-1].largest, 0.05 * full[-1].n_bytes)


def _tail(known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> int:
    """Return how many records hold what may still change, what is to be expected since, and the overlap.

    The overlap lies below what the newest proof had archived, unless that is long ago. As much is expected as came in
    the same time before.
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
