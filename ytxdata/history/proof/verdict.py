"""What a finished sync claims: its own window, the gap below it, and earlier windows that it confirms or contradicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ytxdata.history.proof.ask_size import brought_fewer
from ytxdata.history.proof.evidence import Evidence, Seen, Window
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.reasons import BLOCKING, CONFIRMABLE, REASONS, is_gap
from ytxdata.history.proof.window import Sighting, start_of
from ytxdata.times import next_second


def best_of(sightings: Sequence[Sighting]) -> Sighting:
    """Return the answer of a sync that says most: the anchored one, else the longest, else the later."""
    return max(enumerate(sightings), key=lambda pair: (pair[1].is_anchored, pair[1].pull.n_returned, pair[0]))[1]


def reason_for(best: Sighting, sightings: Sequence[Sighting], evidence: Evidence, policy: Policy) -> str:
    """Return the key of the reason for what the best answer of a sync may claim."""
    is_ordered = evidence.order_shown or any(one.shows_order for one in sightings)
    blocks = {
        "empty": not best.pull.n_returned,
        "order_broken": best.is_broken or (best.is_selection and not is_ordered),
        "rejected": bool(best.pull.n_rejected),
        "collision": bool(best.collisions),
        "no_start": best.n_without_start > policy.strays * best.n_ids,
        "reappeared": bool(best.reappeared),
        "anchored": best.is_anchored and is_ordered,
        "vanished": bool(best.vanished),
        "saved": best.pull.asked_n is None,
        "cap_fewer": any(brought_fewer(sightings[: n + 1]) for n in range(len(sightings))),
        "unanchored": not best.stopped,
        "cap_equal": best.n_left_out > 0 and bool(best.fresh) and _as_long_as_before(best, evidence),
        "cap_round": is_round(best.pull.n_returned),
        "fell_off": best.n_left_out > 0,
        "order_full": any(one.is_broken or one.shows_disorder for one in sightings) or _keeps_another_order(evidence),
    }
    return next((key for key, holds in blocks.items() if holds), "full")


def is_round(n: int) -> bool:
    """Say whether a number of records looks like somebody's limit.

    Examples
    --------
    >>> [n for n in (49, 50, 99, 100, 150, 512, 513, 1000) if is_round(n)]
    [50, 100, 150, 512, 1000]
    """
    return n >= 50 and (n % 50 == 0 or n & (n - 1) == 0)


def confirmed(window: Window, best: Sighting, reason: str) -> Window:
    """Return an earlier window as the best answer of a later sync leaves it: confirmed, contradicted, or as it was.

    An anchored answer confirms none: it shows how the newest records are listed, not where an earlier answer had been cut.
    Once so many have vanished that the answers may be any part of the list, the earlier ones may have been such parts too.
    """
    if reason == "order_broken" and best.is_selection and window.proven_from is None and not is_gap(window.reason):
        return replace(window, reason=reason)
    if window.reason not in CONFIRMABLE:
        return window
    starts = [start for one in best.fresh if (start := start_of(one, best.pull))]
    if any(start < window.upper for start in starts):
        return replace(window, reason="incomplete", proven_from=None)
    if reason in CONFIRMABLE and _is_longer(best, window, best.policy) and not _began_before(best, window.asked_at):
        return replace(window, proven_from=window.lower)
    return window


def rebased(window: Window, bases: Iterable[Window]) -> Window:
    """Return an anchored window as what was confirmed since extends it downwards."""
    if window.anchored_by is None or window.anchored_from is None or window.proven_from is None:
        return window
    proven = _proven_below(window.anchored_by, bases)
    return (
        window
        if proven is None
        else replace(window, proven_from=min(window.proven_from, max(window.anchored_from, proven)))
    )


def window_of(best: Sighting, reason: str, earlier: Iterable[Window], policy: Policy) -> Window | None:
    """Return the window of a sync, None when its best answer has none."""
    if best.lower is None or REASONS[reason].verdict == "GAP":
        return None
    lower = best.lower
    if reason in BLOCKING and best.lacks_few and best.oldest is not None:
        lower = next_second(best.oldest)
    return Window(
        reason=reason,
        pull_ids=(best.pull.pull_id,),
        asked_at=best.pull.asked_at,
        lower=lower,
        upper=best.upper,
        proven_from=_proven_from(best, earlier, policy) if reason == "anchored" else None,
        anchored_by=best.anchored_by if reason == "anchored" else None,
        anchored_from=lower if reason == "anchored" else None,
        oldest=best.oldest,
        n_records=best.pull.n_returned,
        n_ids=best.n_ids,
        n_bytes=best.pull.n_bytes,
        largest=max((one.n_bytes for one in best.pull.records), default=0),
    )


def gap_below(window: Window | None, best: Sighting, reason: str, reached: datetime | None) -> Window | None:
    """Return the gap between what was claimed before and the window of this sync, None when they join."""
    if reached is None:
        return None
    end = best.pull.asked_at if window is None else window.lower
    if end <= reached:
        return None
    why = reason if REASONS[reason].verdict == "GAP" else "unreached"
    return Window(why, (best.pull.pull_id,), best.pull.asked_at, reached, end)


def reached_by(evidence: Evidence, windows: Iterable[Window], best: Sighting) -> datetime | None:
    """Return up to where something is claimed, gaps not counted: where the window of a sync must join on.

    When nothing is, though it was asked before, all since the first asking may be lost: an empty answer claims nothing.
    """
    first_asked = evidence.uppers[0] if evidence.uppers and best.pull.n_returned else None
    return max((one.upper for one in windows if one.lower < one.upper and not is_gap(one.reason)), default=first_asked)


def _proven_from(best: Sighting, earlier: Iterable[Window], policy: Policy) -> datetime | None:
    """Return from where an anchored answer proves its window.

    Whatever was listed after its overlap had been archived is in it, in any order by date: so everything that started
    since then. Before that it relies on a proven sync that already held all that was listed when the overlap was archived.
    """
    assert best.lower is not None
    assert best.anchored_by is not None
    proven = _proven_below(best.anchored_by, earlier)
    margin = policy.settle + abs(best.pull.clock_skew or timedelta(0))
    return max(best.lower, best.anchored_by + margin if proven is None else proven)


def _proven_below(anchored_by: datetime, earlier: Iterable[Window]) -> datetime | None:
    """Return from where earlier syncs prove that all was held that was listed when an overlap was archived."""
    return min((one.proven_from for one in earlier if one.proven_from and anchored_by <= one.asked_at), default=None)


def _is_longer(best: Sighting, window: Window, policy: Policy) -> bool:
    """Say whether a full answer is longer than an earlier one in every way a limit may count, and holds all of it.

    In bytes it must be longer by a large record: such a one may not have fitted in before.
    """
    largest = max(window.largest, max((one.n_bytes for one in best.pull.records), default=0))
    return (
        best.pull.n_returned > window.n_records
        and best.n_ids > window.n_ids
        and best.pull.n_bytes > window.n_bytes + max(policy.giant, 2 * largest)
        and not best.n_missing
        and not best.n_left_out
        and best.oldest is not None
        and window.oldest is not None
        and best.oldest <= window.oldest
    )


def _began_before(best: Sighting, instant: datetime) -> bool:
    return any(_certainly_before(one, best, instant) for one in best.fresh)


def _certainly_before(record: Seen, best: Sighting, instant: datetime) -> bool:
    began = start_of(record, best.pull) or record.ended_at
    return began is not None and began < instant


def _keeps_another_order(evidence: Evidence) -> bool:
    return evidence.order_broken_at is not None and not evidence.order_shown


def _as_long_as_before(best: Sighting, evidence: Evidence) -> bool:
    lengths = [one.n_records for one in evidence.windows if not is_gap(one.reason)]
    return bool(lengths) and best.pull.n_returned in lengths[-3:]
