"""How much to ask: everything at first, the tail that may still change later, more while an answer does not join on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from ytxdata.history.proof.categories import hidden_before, possible
from ytxdata.history.proof.evidence import HORIZON, Evidence, KnownLand, Window
from ytxdata.history.proof.overlap import luck
from ytxdata.history.proof.policy import GAPS, Policy
from ytxdata.history.proof.verdict import brought_fewer, has_outgrown, longest, room, waiting
from ytxdata.history.proof.window import Sighting, anchored, still_listed_from


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync sets out to ask.

    Parameters
    ----------
    ask
        The first question.
    is_full
        It is to bring all there is.
    order_shown
        Two answers of one sync have shown newest-first before.
    tail
        How much to ask so that the answer may be anchored; None when no answer can be, so little is known.
    is_orderly
        The platform is not known to keep another order than newest-first, or that was long ago.
    has_proof
        Something is proven that an anchored answer would extend.
    waiting
        Full answers that a longer one may confirm.
    limits
        Limits by category that were seen at work or are suspected.
    """

    ask: int
    is_full: bool
    order_shown: bool = False
    tail: int | None = None
    is_orderly: bool = True
    has_proof: bool = False
    waiting: tuple[Window, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()


def plan(known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> Plan:
    """Return what to ask first: everything, unless a tail can prove as much."""
    n_known = known.count()
    everything = _more_than(n_known, policy)
    if not n_known or not evidence.n_syncs:
        return Plan(max(policy.first_ask, everything), True, evidence.order_shown)
    tail = _tail(known, evidence, now, policy)
    is_orderly = evidence.order_shown or _is_due(evidence.order_broken_at, now, policy)
    is_full = tail is None or not is_orderly or _wants_everything(known, evidence, now, policy)
    return Plan(
        ask=everything if is_full or tail is None else tail,
        is_full=is_full,
        order_shown=evidence.order_shown,
        tail=tail,
        # Only an answer cut by our own number can show the order, so one tail is tried. If it breaks the order,
        # everything is asked for each time, and the tail is tried again after a month.
        is_orderly=is_orderly,
        has_proof=any(one.proven_from for one in evidence.windows),
        waiting=tuple(waiting(evidence.windows)),
        limits=possible(evidence),
    )


def next_ask(plan: Plan, sightings: Sequence[Sighting], policy: Policy) -> int | None:
    """Return the next question after these answers, or None when the sync is done."""
    if not sightings:
        return plan.ask
    last = sightings[-1]
    if last.pull.asked_n is None or len(sightings) >= policy.max_calls:
        return None
    full = longest(sightings)
    if plan.is_full and full is not None and all(full.pull.n_returned >= one.pull.n_returned for one in sightings):
        return _after_the_end(plan, full, sightings, policy)
    if anchored(sightings):
        return _to_show_the_order(plan, sightings)
    cut = _to_exclude_luck(sightings, policy)
    if cut is not None:
        return cut
    if last.stopped and not brought_fewer(sightings):
        return _to_be_cut_by_us(sightings)
    return _towards_the_end(sightings, policy)


def _wants_everything(known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> bool:
    # Two full answers before any tail: the second is longer than the first, and so confirms it.
    if evidence.n_syncs == 1:
        return True
    # Once in a while all is read again, to find what was listed late; and as soon as enough is new to confirm the
    # first.
    return _is_due(evidence.full_at, now, policy) or _may_confirm(known, evidence, policy)


def _after_the_end(plan: Plan, full: Sighting, sightings: Sequence[Sighting], policy: Policy) -> int | None:
    """Return what to ask when all there is has come: a tail that joins the answer on, or cuts that show a strict order.

    Nothing, when neither would prove more: a quiet account costs one call.
    """
    cuts = sightings[next(n for n, one in enumerate(sightings) if one is full) + 1 :]
    if full.is_broken and plan.order_shown and not cuts:
        return max(1, full.n_ids // 2)  # what is missing may have been deleted: a part shows whether the order is kept
    if not full.is_clean or not plan.is_orderly:
        return None
    has_matured = any(has_outgrown(one, full, policy) for one in plan.waiting)
    # What a limit by category may hide, no order shows: cuts would prove no more than is proven.
    waits = [one for one in plan.waiting if one.proven_from is None or hidden_before(full, plan.limits) is None]
    may_mature = any(has_outgrown(one, full, policy, is_strict=True) for one in waits)
    if not has_matured and may_mature and all(one.comparison.is_strict for one in cuts):
        places = cut_places(n_settled(full), 1.0, policy, at_least=policy.cuts)
        if len(cuts) < len(places):
            return full.n_ids - n_settled(full) + places[len(cuts)]
    if cuts:
        return None if anchored(sightings) else _to_exclude_luck(sightings, policy)
    return plan.tail if plan.has_proof or has_matured else None


def cut_places(n: int, luck_so_far: float, policy: Policy, at_least: int = 1) -> tuple[int, ...]:
    """Return where to cut so many settled records, so that no luck would give them in order at all those places.

    As few cuts as will do, into equal parts: each is a call. None when not even `most_cuts` would.

    Examples
    --------
    >>> from ytxdata.history.proof.policy import DEFAULT_POLICY
    >>> cut_places(40, 1.0, DEFAULT_POLICY, at_least=3), cut_places(14, 1.0, DEFAULT_POLICY, at_least=3)
    ((30, 20, 10), (12, 10, 8, 7, 5, 3, 1))
    """
    for n_cuts in range(at_least, min(policy.most_cuts, n - 1) + 1):
        places = tuple(n * k // (n_cuts + 1) for k in range(n_cuts, 0, -1))
        chance = luck_so_far
        for longer, shorter in pairwise((n, *places)):
            chance *= luck(shorter, shorter, longer)
        if chance <= policy.chance:
            return places
    return ()


def n_settled(answer: Sighting) -> int:
    """Return how many records of an answer no longer settle: the younger ones say nothing of its order."""
    return sum(at < answer.upper for at, _ in answer.extent.placed)


def _to_show_the_order(plan: Plan, sightings: Sequence[Sighting]) -> int | None:
    """Follow the first anchored answer by a longer one, unless two answers of one sync have shown the order before.

    Once is enough: it costs one more call in the life of an archive. Without it a list kept oldest first that forgets
    its old end slides along, and looks anchored for ever.
    """
    last = sightings[-1]
    is_shown = plan.order_shown or any(one.comparison.shows_order for one in sightings)
    has_tried = any(one.joins and last.asked > one.asked for one in sightings[:-1])
    return None if is_shown or has_tried else 2 * max(one.asked for one in sightings)


def _to_exclude_luck(sightings: Sequence[Sighting], policy: Policy) -> int | None:
    """Cut shorter what joined on, where so few records might be in order by accident: at several places they are not.

    None when even that would not do, so that all there is must be read.
    """
    last = sightings[-1]
    joined = [place for place, one in enumerate(sightings) if one.joins]
    # each cut must be the newest part of the one before it, back to the answer that joins
    if not joined or not all(one.comparison.is_strict for one in sightings[joined[-1] + 1 :]):
        return None
    places = cut_places(n_settled(last), last.luck, policy)
    return len(last.extent.keys) - n_settled(last) + places[0] if places else None


def _to_be_cut_by_us(sightings: Sequence[Sighting]) -> int | None:
    """Ask for a little less than came when a tail was cut by the platform: what our own number cuts may be anchored.

    Once only: under a limit that moves, less and less would come.
    """
    last = sightings[-1]
    less = max(1, last.pull.n_returned * 9 // 10)
    return None if last.anchored_by is None or any(one.asked == less for one in sightings) else less


def _towards_the_end(sightings: Sequence[Sighting], policy: Policy) -> int | None:
    """Ask for more until the platform stops by itself; when it refuses, search between what it granted and refused.

    A lost period cannot be bought back later, so a refused question is halved, to within an eighth.
    """
    most = max(one.asked for one in sightings)
    granted = max((one.asked for one in sightings if not one.stopped), default=0)
    refused = min((one.asked for one in sightings if one.stopped), default=None)
    if refused is None:
        return most * policy.growth if most < policy.largest_ask else None
    return (granted + refused) // 2 if granted and refused - granted > max(16, granted // 8) else None


def _more_than(n_known: int, policy: Policy) -> int:
    return int(n_known * policy.headroom) + policy.spare


def _is_due(at: datetime | None, now: datetime, policy: Policy) -> bool:
    return at is None or now - at >= policy.full_every


def _may_confirm(known: KnownLand, evidence: Evidence, policy: Policy) -> bool:
    """Say whether the history has grown enough that a full answer would now confirm the first one.

    Records differ in size, and a full question that confirms nothing is wasted: a little more than enough must be
    new. Where a full question is no longer than a first one, it costs no more than a tail, and is tried a little
    before.
    """
    full = [(one, one.size, one.largest) for one in waiting(evidence.windows) if one.n_records]
    # What has fallen off since, no later answer holds: a longer one is never longer than that.
    if not full or evidence.has_forgotten:
        return False
    first, (last, size, largest) = full[0][0], full[-1]
    if size is None or largest is None:
        return True
    n_known = known.n_before(first.asked_at + HORIZON)
    n_new = n_known - known.n_before(first.asked_at)
    share = 0.4 if _more_than(n_known, policy) <= policy.first_ask else 1.1
    needed = room(largest, policy, is_strict=True)
    return all(n_new * one / last.n_records > share * more for one, more in zip(size, needed, strict=True) if one)


def _tail(known: KnownLand, evidence: Evidence, now: datetime, policy: Policy) -> int | None:
    """Return how many records hold what may still change, what is to be expected since, and the overlap.

    The overlap lies below what the newest proof had archived, unless that is long ago. As much is expected as came in
    the same time before. A small account has no room to spare: half of it must do. None when not even that may prove.
    """
    assert evidence.last_asked_at is not None
    proofs = [one.asked_at for one in evidence.windows if one.proven_from and one.reason not in GAPS]
    joins_at = evidence.last_asked_at - policy.settle
    if proofs and evidence.last_asked_at - max(proofs) < policy.full_every:
        joins_at = min(joins_at, max(proofs))
    n_all = known.n_before(now + HORIZON)  # without those that vanished
    n_deep = n_all - known.n_before(joins_at - policy.reach)
    n_expected = n_all - known.n_before(evidence.last_asked_at - (now - evidence.last_asked_at))
    n_young = n_deep + int(n_expected * policy.headroom)
    listed_from = still_listed_from(evidence, now)
    n_listed = n_all - (known.n_before(listed_from) if listed_from else n_all)
    tails = (
        n_young + max(4 * policy.overlap, policy.spare),
        max(n_young + 2 * policy.overlap, n_listed // 2),
        n_young + policy.overlap + 1,
    )
    return next((tail for tail in tails if _may_prove(tail, n_listed, policy)), None)


def _may_prove(tail: int, n_listed: int, policy: Policy) -> bool:
    """Say whether so short an answer leaves enough old records out that luck could not have left them out."""
    if n_listed - tail <= policy.overlap:
        return False
    by_luck = luck(tail, tail, n_listed)
    return by_luck <= policy.chance or bool(cut_places(tail, by_luck, policy))
