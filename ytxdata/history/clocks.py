"""When this machine's clock goes back between two syncs: one of the two was wrong, and what rests on it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ytxdata.history.chains import CONFIRMABLE, is_gap
from ytxdata.history.evidence import Evidence, Note, Window
from ytxdata.history.policy import Policy
from ytxdata.history.reasons import NOTES
from ytxdata.times import beijing_text, floor_second

MOST_UPPERS = 64
"""How many upper edges of finished syncs are kept: all of the newest, ever fewer of older ones, always the first."""


def rewound(evidence: Evidence, now: datetime, policy: Policy) -> Evidence:
    """Return the evidence as it may stand at this instant: as it is, unless the last sync was asked after it.

    Then nobody can tell how much earlier that sync was really asked. It was asked after the one before it, so what
    reaches up to the newest upper edge that may be true stays, and all above it is taken back.
    """
    if evidence.last_asked_at is None or now >= evidence.last_asked_at - policy.jitter:
        return evidence
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
        listed_at=evidence.listed_at and min(evidence.listed_at, asked_at),
        full_at=evidence.full_at and min(evidence.full_at, asked_at),
        order_broken_at=evidence.order_broken_at and min(evidence.order_broken_at, asked_at),
        unsure_from=min(now, evidence.unsure_from or now),
        unsure_to=max(min(evidence.last_asked_at, now + policy.full_every), evidence.unsure_to or now),
    )


def note_on(evidence: Evidence, cut: Evidence, now: datetime, pull_id: str) -> Note:
    """Return what is said when evidence was cut."""
    assert evidence.last_asked_at is not None
    assert cut.joins_at is not None
    values = {"last": evidence.last_asked_at, "now": now, "until": cut.joins_at}
    return Note("clock", NOTES["clock"].format(**{key: beijing_text(at) for key, at in values.items()}), (), pull_id)


def with_upper(uppers: Sequence[datetime], upper: datetime) -> tuple[datetime, ...]:
    """Return the upper edges with one more, those of long ago thinned out."""
    kept = (*uppers, upper)
    half = len(kept) // 2
    return kept if len(kept) <= MOST_UPPERS else (*kept[:half:2], *kept[half:])


def _cut(window: Window, until: datetime, now: datetime, policy: Policy) -> Window:
    if is_gap(window):
        return replace(window, upper=min(window.upper, now), asked_at=now)
    upper = min(window.upper, until)
    proven_from = window.proven_from if window.proven_from and window.proven_from < upper else None
    may_be_confirmed = window.reason in CONFIRMABLE and proven_from is None
    return replace(
        window,
        reason="clock" if may_be_confirmed else window.reason,
        asked_at=until + policy.settle,
        upper=upper,
        proven_from=proven_from,
    )
