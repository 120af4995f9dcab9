"""Windows in a row that say one thing are one window: evidence grows with what happened, not with every sync."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ytxdata.history.evidence import Window
from ytxdata.history.reasons import REASONS

CONFIRMABLE = ("full", "order_full")
"""Reasons of a window that a longer answer can confirm."""

MOST_OPEN = 12
"""How many windows that wait to be confirmed are kept."""


def is_gap(window: Window) -> bool:
    """Say whether a window is a gap."""
    return REASONS[window.reason].verdict == "GAP"


def compact(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the windows oldest first, with each chain that says one thing joined into one window, gaps too.

    A full window that may still be confirmed stays as it is, unless a later one is equally long, or too many wait.
    """
    kept: list[Window] = []
    for window in sorted(windows, key=lambda one: one.asked_at):
        before = next((n for n in reversed(range(len(kept))[-MOST_OPEN:]) if _is_one_chain(kept[n], window)), None)
        if before is not None:
            window = _chained(kept.pop(before), window)
        kept.append(window)
    waiting = [one for one in kept if _waits(one)]
    newest = waiting[-1:]
    middle = waiting[MOST_OPEN // 2 : -MOST_OPEN // 2]
    spent = [one for one in middle if newest[0].lower <= one.lower and one.proven_from is None]
    return tuple(one for one in kept if one not in spent)


def _waits(window: Window) -> bool:
    return window.reason in CONFIRMABLE and window.proven_from != window.lower


def _is_one_chain(one: Window, later: Window) -> bool:
    if one.reason != later.reason or later.lower > one.upper:
        return False
    if is_gap(one):
        return one.lower <= later.lower and one.upper <= later.upper
    if _waits(one) or _waits(later):
        equally_long = (one.n_records, one.n_ids, one.n_bytes) == (later.n_records, later.n_ids, later.n_bytes)
        return equally_long and one.proven_from is None and later.proven_from is None and later.lower <= one.lower
    if one.proven_from is None or later.proven_from is None:
        return one.proven_from is later.proven_from
    return later.proven_from <= one.upper


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
