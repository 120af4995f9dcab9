"""Who grants PROVEN: what a finished sync may claim, and which earlier claims it confirms or contradicts.

There are two ways to PROVEN, and no third. An *anchored* answer ends inside known land, and proves what came after
its overlap was archived (`_proven_from`). A *full* answer matures when a later one is longer in every way a limit may
count (`matures`). Everything else here keeps a window from them. A modest verdict costs little; a false PROVEN costs
the product.

A full answer is all there is, or was cut by a limit nobody told us of. A limit may count records, distinct meetings,
bytes, characters or the parties of all meetings. A later answer that is longer, and still holds all of the earlier,
shows that the limit had not been met: in records and meetings one more will do. By each other measure (`Bulk`) a next
record may have been too large for the room that was left, so that the answer must have grown by more than such a
record. How large may that be? Where nothing is known of the order, as large as any (`Policy.giant`). Where the same
sync has cut the list at several places, and each part was the newest of the longer one to a record, what a limit cut
off began before all that came, and lies outside the window. Only a list kept by last change, the oldest part of which
was touched once more and in order, could look so and hide something inside; and then the one next to be listed must be
larger than any known record and than `Policy.large`. The two have nothing to do with each other, and either alone is
rare.

A limit may also count by category, and hides what no window shows: see `categories`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter

from ytxdata.history.proof.categories import hidden_before, is_round, possible
from ytxdata.history.proof.evidence import Bulk, Evidence, PullFacts, Window
from ytxdata.history.proof.policy import BLOCKING, CONFIRMABLE, GAPS, UNSUSPICIOUS, Policy
from ytxdata.history.proof.window import Sighting, anchored
from ytxdata.times import next_second

_n_returned = attrgetter("pull.n_returned")


def best_of(sightings: Sequence[Sighting]) -> Sighting:
    """Return the answer of a sync that says most: an anchored one, else the longest, else the later."""
    return max(reversed(anchored(sightings) or sightings), key=_n_returned)


def longest(sightings: Sequence[Sighting]) -> Sighting | None:
    """Return the longest answer of a sync that the platform itself ended, the later of two; None if there is none."""
    return max((one for one in reversed(sightings) if one.stopped), key=_n_returned, default=None)


def brought_fewer(sightings: Sequence[Sighting]) -> bool:
    """Say whether the last answer is shorter than one to a smaller question: the platform refused the larger one."""
    last = sightings[-1]
    return any(one.asked < last.asked and one.pull.n_returned > last.pull.n_returned for one in sightings[:-1])


def reason_for(best: Sighting, sightings: Sequence[Sighting], evidence: Evidence, policy: Policy) -> str:
    """Return the key of the reason for what the best answer of a sync may claim: the first that holds, worst first.

    The one reason here that proves is *anchored*; what stands above it would make that proof false.
    """
    n_left_out = best.overlap.n_left_out
    is_ordered = evidence.order_shown or any(one.comparison.shows_order for one in sightings)
    holds = {
        # Nothing came, and nothing was known: an account may be new. It claims nothing, and takes nothing away.
        "empty_so_far": best.is_first and not best.pull.n_returned,
        "empty": not best.pull.n_returned,
        # Once newest-first was shown, records that vanish were deleted; before that they may be any part of the list.
        "order_broken": best.is_broken or (best.is_selection and not is_ordered),
        # Nothing is PROVEN over what was not understood: a rejected record may be the meeting that is missing, and
        # what took the place of one of its id may have taken that of another between.
        "doubtful": best.pull.is_doubtful,
        "rejected": best.pull.n_rejected > 0,
        "collision": bool(best.replaced),
        # Of several records under one id one may be of a meeting that has no row. Where all tell when they began, it
        # would have begun at one of these: the time between them is barred, and no other.
        "contradiction": best.is_contradictory,
        # What has no start has no place. A few are told; many would be a way to hide where the list was cut.
        "no_start": best.n_without_start > policy.strays * best.n_ids,
        "retold": best.anew is not None,
        # A list from which records vanish and return leaves out others too, that nobody has seen yet.
        "reappeared": bool(best.reappeared),
        "anchored": is_ordered and any(one is best for one in anchored(sightings)),
        "vanished": bool(best.vanished),
        "saved": best.pull.asked_n is None,
        "cap_fewer": any(brought_fewer(sightings[: n + 1]) for n in range(len(sightings))),
        "unanchored": not best.stopped,
        # New ones came in, old ones fell off, and the number stayed: nothing but a limit does that.
        "cap_equal": n_left_out > 0 and bool(best.fresh) and _as_long_as_before(best, evidence),
        "cap_round": is_round(best.pull.n_returned),
        "fell_off": n_left_out > 0,
        "order_full": _keeps_another_order(sightings, evidence),
        "full": True,
    }
    return next(key for key, does in holds.items() if does)


def confirmed(
    window: Window,
    best: Sighting,
    reason: str,
    sightings: Sequence[Sighting],
    full_reason: str | None,
    evidence: Evidence = Evidence(),  # noqa: B008  # frozen
) -> Window:
    """Return an earlier window as a later sync leaves it: confirmed, contradicted, or as it was.

    Parameters
    ----------
    best, reason
        The best answer of the sync, and the reason for what it may claim.
    full_reason
        The reason for what the longest full answer of the sync may claim; None when there is none.
    evidence
        What was seen before of limits by category.

    An anchored answer confirms none: it shows how the newest records are listed, not where an earlier answer had been
    cut (a short hidden limit, with rooms pinned on top, seems to reach years back with a hole in the middle).
    """
    # Once so many have vanished that the answers may be any part of the list, the earlier ones may have been such
    # parts too.
    if reason == "order_broken" and best.is_selection and window.proven_from is None and window.reason not in GAPS:
        return replace(window, reason=reason)
    full = longest(sightings)
    if window.reason == "cap_round" and full is not None and full_reason in CONFIRMABLE and is_longer(window, full):
        window = replace(window, reason="full")  # more came, and all of it: that number was no limit
    if window.reason not in CONFIRMABLE:
        return window
    # For ever: a limit that was lifted brings what it had cut, and the answer after that is longer and brings nothing
    # unknown.
    starts = (answer.pull.start_of(one) for answer in sightings for one in answer.fresh)
    if any(start and start < window.upper for start in starts):
        return replace(window, reason="incomplete", proven_from=None)
    if full is not None and full_reason in CONFIRMABLE and matures(window, full, sightings, full.policy):
        # What a limit may have hidden from the earlier answer is barred as long as some answer may have met it. Of
        # rooms that meet weekly each has one more in the later one: what that may have met hides nothing of then.
        hidden = hidden_before(full, possible(evidence)) if evidence.barred_since else None
        proven_from = window.lower if hidden is None else max(window.lower, next_second(hidden))
        if window.proven_from is not None:  # a tie between two creators, later, takes nothing back
            proven_from = min(window.proven_from, proven_from)
        return replace(window, proven_from=proven_from) if proven_from < window.upper else window
    return window


def rebased(window: Window, bases: Iterable[Window]) -> Window:
    """Return an anchored window as what was confirmed since extends it downwards."""
    if window.anchored_by is None or window.anchored_from is None or window.proven_from is None:
        return window
    proven = _proven_below(window.anchored_by, bases)
    if proven is None:
        return window
    return replace(window, proven_from=min(window.proven_from, max(window.anchored_from, proven)))


def window_of(
    best: Sighting, reason: str, evidence: Evidence, earlier: Iterable[Window], policy: Policy
) -> Window | None:
    """Return the window of a sync, None when its best answer has none."""
    if reason == "empty_so_far":
        first = evidence.uppers[0] if evidence.uppers else best.upper
        return Window(reason, (best.pull.pull_id,), best.pull.asked_at, first, best.pull.asked_at)
    if best.lower is None or reason in GAPS:
        return None
    window = Window(
        reason=reason,
        pull_ids=(best.pull.pull_id,),
        asked_at=best.pull.asked_at,
        # What is not proven anyway may reach below the few that vanished: else each deletion would be called a gap.
        lower=next_second(best.oldest) if reason in BLOCKING and best.lacks_few and best.oldest else best.lower,
        upper=best.upper,
        oldest=best.oldest,
        n_records=best.pull.n_returned,
        n_ids=best.n_ids,
        size=best.pull.size,
        largest=best.pull.largest,
    )
    if reason != "anchored":
        return window
    hidden = hidden_before(best, possible(evidence))
    # What this answer cannot speak for because of a limit by category stays out whatever is confirmed below it: a later
    # sync, whose shorter tail shows no full category any more, would else lift the bound and prove what was hidden.
    speaks_from = best.lower if hidden is None else max(best.lower, next_second(hidden))
    proven_from = max(speaks_from, _proven_from(best, earlier, policy))
    return replace(window, proven_from=proven_from, anchored_by=best.anchored_by, anchored_from=speaks_from)


def begins_the_claims(window: Window, best: Sighting, earlier: Iterable[Window]) -> bool:
    """Say whether a full answer joins as any first answer does: nothing was claimed before it, and it lacks nothing.

    An account may begin empty, or with two meetings that still settle. What a limit hides since then would be missing
    among what is known; and what came before the oldest meeting is outside the claims, as with every first answer.
    """
    has_claims = any(one.lower < one.upper and one.reason != "empty_so_far" for one in earlier)
    return window.reason in CONFIRMABLE and not has_claims and not best.n_missing and not best.overlap.n_left_out


def without_refuted(before: Sequence[Window], now: Sequence[Window]) -> list[Window]:
    """Return the windows without the gaps that rested on a suspicion which a later answer has refuted.

    A first answer of a round number, after empty ones, leaves a gap below it; when more comes it was no limit.
    """
    pairs = zip(before, now, strict=True)
    refuted = {new.pull_ids[-1] for old, new in pairs if old.reason == "cap_round" != new.reason}
    first = min((one.lower for one in now if one.reason not in GAPS), default=None)

    def rests_on_it(one: Window) -> bool:
        if one.reason == "empty_so_far":
            return bool(refuted)
        return one.reason in GAPS and one.pull_ids[-1] in refuted and first is not None and one.lower <= first

    return [one for one in now if not rests_on_it(one)]


def without_read(windows: Sequence[Window], policy: Policy) -> Iterator[Window]:
    """Yield the windows, each gap only up to where a later answer without suspicion speaks: its youngest part settles.

    One empty answer, an hour before a whole one, made a gap of the newest day for a day; and where that came a day and
    half a second later, a gap of no length.
    """
    plain = [one for one in windows if one.reason in UNSUSPICIOUS]
    for one in windows:
        later = (max(it.lower, settled(it, policy)) for it in plain if it.asked_at > one.asked_at)
        yield replace(one, upper=min([one.upper, *later])) if one.reason in GAPS else one


def settled(window: Window, policy: Policy) -> datetime:
    """Return where what a window says may still settle."""
    return min(window.upper, window.asked_at - policy.settle)


def gap_below(window: Window | None, best: Sighting, reason: str, reached: datetime | None) -> Window | None:
    """Return the gap between what was claimed before and the window of this sync, None when they join.

    Tested for every answer, full ones too: one cut by a limit looks full, and what lies between is lost all the same.
    """
    if reached is None:
        return None
    end = best.pull.asked_at if window is None else window.lower
    if end <= reached:
        return None
    return Window(reason if reason in GAPS else "unreached", (best.pull.pull_id,), best.pull.asked_at, reached, end)


def reached_by(evidence: Evidence, windows: Iterable[Window], best: Sighting) -> datetime | None:
    """Return up to where something is claimed, gaps not counted: where the window of a sync must join on.

    When nothing is, though it was asked before, all since the first asking may be lost: an empty answer claims
    nothing.
    """
    first_asked = evidence.uppers[0] if evidence.uppers and best.pull.n_returned else None
    claimed = (one for one in windows if one.lower < one.upper and one.reason not in GAPS)
    return max((one.upper for one in claimed if one.reason != "empty_so_far"), default=first_asked)


def _proven_from(best: Sighting, earlier: Iterable[Window], policy: Policy) -> datetime:
    """Return from where an anchored answer proves its window.

    Whatever was listed after its overlap had been archived is in it, in any order by date: so everything that started
    since then. Before that it relies on a proven sync that already held all that was listed when the overlap was
    archived. An unproven past never leaks into the proof.
    """
    assert best.lower is not None
    assert best.anchored_by is not None
    proven = _proven_below(best.anchored_by, earlier)
    # A meeting that started just before the overlap was archived may have been listed a settling time later.
    margin = policy.settle + abs(best.pull.clock_skew or timedelta(0))
    return max(best.lower, best.anchored_by + margin if proven is None else proven)


def _proven_below(anchored_by: datetime, earlier: Iterable[Window]) -> datetime | None:
    """Return from where earlier syncs prove that all was held that was listed when an overlap was archived."""
    return min((one.proven_from for one in earlier if one.proven_from and anchored_by <= one.asked_at), default=None)


def _keeps_another_order(sightings: Sequence[Sighting], evidence: Evidence) -> bool:
    if any(one.is_broken or one.comparison.shows_disorder for one in sightings):
        return True
    return evidence.order_broken_at is not None and not evidence.order_shown


def _as_long_as_before(best: Sighting, evidence: Evidence) -> bool:
    # Of the last three: a limit on bytes gives a number that wavers by one or two.
    lengths = [one.n_records for one in evidence.windows if one.reason not in GAPS]
    return best.pull.n_returned in lengths[-3:]


def matures(window: Window, full: Sighting, sightings: Sequence[Sighting], policy: Policy) -> bool:
    """Say whether a full answer of a sync shows that an earlier one was not cut."""
    if has_outgrown(window, full, policy):
        return True
    return has_outgrown(window, full, policy, is_strict=True) and is_strict(full, sightings, policy)


def has_outgrown(window: Window, full: Sighting, policy: Policy, *, is_strict: bool = False) -> bool:
    """Say whether a full answer is longer than an earlier one by more than any record, by every measure."""
    if window.size is None or window.largest is None or not is_longer(window, full):
        return False
    needed = room(Bulk(*map(max, window.largest, full.pull.largest)), policy, is_strict=is_strict)
    measures = zip(full.pull.size, window.size, needed, strict=True)
    # Where no record tells its parties, nothing can be said by parties; where they are told since, nothing of then.
    return all(then and now - then > more for now, then, more in measures if now or then)


def room(largest: Bulk, policy: Policy, *, is_strict: bool) -> Bulk:
    """Return how much may have been left, by each measure, where a limit cut an answer: as much as one record takes.

    In any order two of the largest known: one that did not fit, and one as large that nobody has seen.
    """

    def of(known: int, measure: int) -> int:
        giant, large = policy.giant // measure, policy.large // measure
        return max(large, min(known, giant // 2)) if is_strict else max(giant, 2 * known)

    return Bulk(*map(of, largest, (1, 1, policy.per_leg)))


def measured(evidence: Evidence, facts: Mapping[str, PullFacts]) -> Evidence:
    """Return the evidence with answers as long as the parser of today finds them, by every measure.

    What bytes alone confirmed is to be confirmed anew; till then, anchored answers prove what they do by themselves.
    """
    by_bytes = [one for one in evidence.windows if one.proven_from and one.reason in CONFIRMABLE and not one.size]

    def now(window: Window) -> Window:
        if window in by_bytes:
            window = replace(window, proven_from=None)
        elif by_bytes and window.proven_from and window.anchored_by:
            margin = max(timedelta(seconds=evidence.settle_s), window.asked_at - window.upper)
            window = replace(window, proven_from=max(window.proven_from, window.anchored_by + margin))
        found = facts.get(window.pull_ids[-1]) if window.n_records else None  # a gap rests on the pull above it
        return window if found is None else replace(window, size=found.size, largest=found.largest)

    return replace(
        evidence,
        windows=tuple(map(now, evidence.windows)),
        full_at=None if by_bytes else evidence.full_at,
        reopened_at=evidence.last_asked_at if evidence.is_of_bytes else evidence.reopened_at,
    )


def waiting(windows: Iterable[Window]) -> list[Window]:
    """Return the windows that a longer answer can confirm, and that would prove more than is proven, oldest first."""
    known = list(windows)
    proven = sorted((one.proven_from, one.upper) for one in known if one.proven_from)
    return [one for one in known if one.reason in CONFIRMABLE and not _covers(proven, one)]


def _covers(proven: Iterable[tuple[datetime, datetime]], window: Window) -> bool:
    reached = window.lower
    for start, end in proven:
        if start <= reached:
            reached = max(reached, end)
    return reached >= window.upper


def is_longer(window: Window, full: Sighting) -> bool:
    """Say whether a full answer holds all of an earlier one and more, and nothing that the earlier one lacked."""
    has_more = full.pull.n_returned > window.n_records and full.n_ids > window.n_ids
    reaches_as_far = full.oldest is not None and window.oldest is not None and full.oldest <= window.oldest
    holds_all_of_it = not full.n_missing and not full.overlap.n_left_out and reaches_as_far
    return has_more and holds_all_of_it and not _began_before(full, window.asked_at)


def is_strict(full: Sighting, sightings: Sequence[Sighting], policy: Policy) -> bool:
    """Say whether the answers after a full one cut it at enough places, each the newest part of the one before.

    At three quarters, a half and a quarter: a part that is out of order would have to end at all three by accident.
    """
    cuts = sightings[next(n for n, one in enumerate(sightings) if one is full) + 1 :]
    return len(cuts) >= policy.cuts and all(one.comparison.is_strict for one in cuts) and cuts[-1].luck <= policy.chance


def _began_before(full: Sighting, instant: datetime) -> bool:
    """Say whether an answer brings an unknown meeting that began before an instant: the earlier one lacked it."""
    began = (full.pull.start_of(one) or one.ended_at for one in full.fresh)
    return any(at is not None and at < instant for at in began)


MOST_OPEN = 12
"""How many windows that wait to be confirmed are kept.

The oldest of them are the ones that a longer answer confirms first, the newest decide how far back the next proof
reaches.
"""


def compact(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the windows oldest first, with each chain that says one thing joined into one window, gaps too.

    Evidence grows with what happened, not with every sync. A full window that may still be confirmed stays as it is,
    unless a later one is equally long, or too many wait.
    """
    kept: list[Window] = []
    for window in sorted(windows, key=lambda one: one.asked_at):
        before = next((n for n in reversed(range(len(kept))[-MOST_OPEN:]) if _is_one_chain(kept[n], window)), None)
        kept.append(window if before is None else _chained(kept.pop(before), window))
    return _without_spent(kept)


def _without_spent(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Return the windows without those that wait in the middle of too many, and that the newest covers."""
    waiting = [one for one in windows if _waits(one)]
    middle = waiting[MOST_OPEN // 2 : -MOST_OPEN // 2]
    spent = [one for one in middle if waiting[-1].lower <= one.lower and one.proven_from is None]
    return tuple(one for one in windows if one not in spent)


def _waits(window: Window) -> bool:
    return window.reason in CONFIRMABLE and window.proven_from != window.lower


def _is_one_chain(one: Window, later: Window) -> bool:
    # A hole between two windows must stay a hole: joined, they would claim it.
    if one.reason != later.reason or later.lower > one.upper:
        return False
    if one.reason in GAPS:
        return one.lower <= later.lower and one.upper <= later.upper
    if _waits(one) or _waits(later):
        return _are_equally_long(one, later)
    if one.proven_from is None or later.proven_from is None:
        return one.proven_from is later.proven_from
    return later.proven_from <= one.upper


def _are_equally_long(one: Window, later: Window) -> bool:
    """Say whether two full answers are the same to whatever may confirm them, and the later covers the earlier."""
    lengths = [(each.n_records, each.n_ids, each.size) for each in (one, later)]
    unproven = one.proven_from is None and later.proven_from is None
    return lengths[0] == lengths[1] and unproven and later.lower <= one.lower


def _chained(one: Window, later: Window) -> Window:
    proven = [at for at in (one.proven_from, later.proven_from) if at is not None]
    return replace(
        later,
        pull_ids=(one.pull_ids[0], later.pull_ids[-1]),
        lower=min(one.lower, later.lower),
        proven_from=min(proven, default=None),
        anchored_by=one.anchored_by,
        anchored_from=one.anchored_from,
    )
