"""From windows to periods: for every stretch of time the best that is still true of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.evidence import Evidence, Window
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.reasons import CONFIRMABLE, UNSUSPICIOUS, is_gap

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
    if is_gap(one.reason):
        return one.lower <= later.lower and one.upper <= later.upper
    if _waits(one) or _waits(later):
        return _are_equally_long(one, later)
    if one.proven_from is None or later.proven_from is None:
        return one.proven_from is later.proven_from
    return later.proven_from <= one.upper


def _are_equally_long(one: Window, later: Window) -> bool:
    """Say whether two full answers are the same to whatever may confirm them, and the later covers the earlier."""
    lengths = [(each.n_records, each.n_ids, each.n_bytes) for each in (one, later)]
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


class Stretch(NamedTuple):
    """A claim that competes with others for the same time; the higher rank wins, then the later pull."""

    rank: int
    reason: str
    start: datetime
    end: datetime
    window: Window


def certify(evidence: Evidence, policy: Policy) -> Certificate:
    """Return all that may be claimed on this evidence."""
    is_reliable = all(one.lateness <= policy.settle for one in evidence.doubts)
    stretches = [one for window in evidence.windows for one in _claims(window, policy, is_reliable=is_reliable)]
    return Certificate.of(_painted(stretches), evidence.outside)


def _claims(window: Window, policy: Policy, *, is_reliable: bool) -> Iterator[Stretch]:
    """Yield what one window says: the part that is proven, the part that is not, and the young part."""
    if is_gap(window.reason):
        yield Stretch(1, window.reason, window.lower, window.upper, window)
        return
    if window.reason == "empty_so_far":
        yield Stretch(0, window.reason, window.lower, window.upper, window)
        return
    upper = min(window.upper, window.asked_at - policy.settle)
    unproven = "unanchored" if window.reason == "anchored" else window.reason
    yield Stretch(0, "settling", max(window.lower, upper), window.asked_at, window)
    yield Stretch(2 if window.reason in UNSUSPICIOUS else 0, unproven, window.lower, upper, window)
    if window.proven_from is not None:
        proof = "anchored" if window.reason == "anchored" else "matured"
        yield Stretch(3, proof if is_reliable else "unreliable", window.proven_from, upper, window)


def _painted(stretches: Iterable[Stretch]) -> Iterator[Period]:
    """Yield periods without overlap: between any two edges the strongest claim."""
    coming = sorted((one for one in stretches if one.start < one.end), key=lambda one: one.start, reverse=True)
    edges = sorted({edge for one in coming for edge in (one.start, one.end)})
    open_now: list[tuple[int, float, int, Stretch]] = []
    for start, end in pairwise(edges):
        while coming and coming[-1].start <= start:
            one = coming.pop()
            heappush(open_now, (-one.rank, -one.window.asked_at.timestamp(), len(coming), one))
        while open_now and open_now[0][-1].end <= start:
            heappop(open_now)
        if open_now:
            best = open_now[0][-1]
            yield Period(start, end, best.reason, best.window.pull_ids)
