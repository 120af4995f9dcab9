"""When a full answer may be believed to be all there was: a later one is longer in every way a limit may count.

A full answer is all there is, or was cut by a limit nobody told us of. A limit may count records, distinct meetings or bytes. A later answer
that is longer, and still holds all of the earlier, shows that the limit had not been met: in records and meetings one more
will do. In bytes a next record may have been too large for the room that was left, so that the answer must have grown by more
than such a record.

How large may it be? Where nothing is known of the order, as large as any (`Policy.giant`). Where the same sync has cut the list at
several places, and each part was the newest of the longer one to a record, what a limit cut off began before all that came,
and lies outside the window. Only a list kept by last change, the oldest part of which was touched once more and in order, could look so
and hide something inside; and then the one next to be listed must be larger than any known record and than `Policy.large`. Two things that have nothing to do with each other: either alone is rare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ytxdata.history.proof.evidence import Window
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.reasons import CONFIRMABLE
from ytxdata.history.proof.window import Sighting


def matures(window: Window, full: Sighting, sightings: Sequence[Sighting], policy: Policy) -> bool:
    """Say whether a full answer of a sync shows that an earlier one was not cut."""
    if has_outgrown(window, full, policy):
        return True
    return _is_larger(window, full, policy) and is_strict(full, sightings, policy)


def has_outgrown(window: Window, full: Sighting, policy: Policy) -> bool:
    """Say whether an answer is longer than an earlier one by more than any record, whatever the order.

    By two of the largest known, too: one that did not fit, and one as large that nobody has seen.
    """
    return growth(window, full) > max(policy.giant, 2 * largest(window, full))


def may_mature(windows: Iterable[Window], full: Sighting, policy: Policy) -> bool:
    """Say whether a full answer is long enough to show that an earlier one was not cut, if the order is strict."""
    return any(_is_larger(one, full, policy) for one in windows)


def _is_larger(window: Window, full: Sighting, policy: Policy) -> bool:
    return growth(window, full) > max(policy.large, largest(window, full))


def waiting(windows: Iterable[Window]) -> list[Window]:
    """Return the windows that a longer answer can confirm, and none has."""
    return [one for one in windows if one.reason in CONFIRMABLE and one.proven_from is None]


def growth(window: Window, full: Sighting) -> int:
    """Return by how many bytes a full answer is longer than an earlier one, 0 when it is not longer in every way."""
    is_longer = full.pull.n_returned > window.n_records and full.n_ids > window.n_ids
    holds_all_of_it = not full.n_missing and not full.overlap.n_left_out and _reaches_as_far(full, window)
    if not is_longer or not holds_all_of_it or _began_before(full, window.asked_at):
        return 0
    return full.pull.n_bytes - window.n_bytes


def largest(window: Window, full: Sighting) -> int:
    """Return the size of the largest record that either answer holds [bytes]."""
    return max(window.largest, max((one.n_bytes for one in full.pull.records), default=0))


def is_strict(full: Sighting, sightings: Sequence[Sighting], policy: Policy) -> bool:
    """Say whether the answers after a full one cut it at enough places, each the newest part of the one before.

    At three quarters, a half and a quarter: a part that is out of order would have to end at all three by accident.
    """
    cuts = sightings[next(n for n, one in enumerate(sightings) if one is full) + 1 :]
    return len(cuts) >= policy.cuts and all(one.comparison.is_strict for one in cuts) and cuts[-1].luck <= policy.chance


def _reaches_as_far(full: Sighting, window: Window) -> bool:
    return full.oldest is not None and window.oldest is not None and full.oldest <= window.oldest


def _began_before(full: Sighting, instant: datetime) -> bool:
    """Say whether an answer brings an unknown meeting that began before an instant: the earlier one lacked it."""
    began = (full.pull.start_of(one) or one.ended_at for one in full.fresh)
    return any(at is not None and at < instant for at in began)
