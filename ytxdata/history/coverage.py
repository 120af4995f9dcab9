"""From windows to periods: for every stretch of time the best that is still true of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from ytxdata.history.claims import lateness
from ytxdata.history.evidence import Evidence, Window
from ytxdata.history.policy import Policy
from ytxdata.history.reasons import REASONS
from ytxdata.history.verdicts import Certificate, Period

UNSUSPICIOUS = ("full", "order_full", "anchored")
"""What may stand above a gap without proof: nothing speaks against these answers."""


class Stretch(NamedTuple):
    """A claim that competes with others for the same time; the higher rank wins, then the later pull."""

    rank: int
    reason: str
    start: datetime
    end: datetime
    window: Window


def certify(evidence: Evidence, policy: Policy) -> Certificate:
    """Return all that may be claimed on this evidence."""
    is_reliable = all(lateness(one) <= policy.settle for one in evidence.doubts)
    stretches = [one for window in evidence.windows for one in _claims(window, policy, is_reliable=is_reliable)]
    return Certificate.of(_painted(stretches), evidence.outside)


def _claims(window: Window, policy: Policy, *, is_reliable: bool) -> Iterator[Stretch]:
    """Yield what one window says: the part that is proven, the part that is not, and the young part."""
    if REASONS[window.reason].verdict == "GAP":
        yield Stretch(1, window.reason, window.lower, window.upper, window)
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
