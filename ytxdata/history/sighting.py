"""What one answer shows when it is laid over the known land: its window, what came again, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ytxdata.history.evidence import PullFacts, Seen
from ytxdata.history.policy import Policy

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=3660)
"""A start before the one, or further ahead than the other, is no start."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer over the known land.

    Parameters
    ----------
    lower, upper
        The window; `lower` is None when nothing in the answer has a place.
    oldest
        The oldest start in the answer.
    first
        The oldest start inside the window.
    trimmed
        `lower` if the lowest of the answer, where rooms pinned on top stand, are not trusted.
    n_ids
        Distinct ids in the answer.
    n_known, n_inside
        Known records that came again: all, and those inside the window. The others are strays, like rooms pinned on top.
    n_left_out, n_held_back
        Known records below the window that did not come: all, and those that the platform surely still lists.
    n_missing, missing
        Known records that should be in the answer and are not: how many, and which (as far as they were looked at).
    n_gone
        Known records that should be in the answer, had they not vanished before.
    anchored_by
        When the overlap had been archived; None when there is not enough of it.
    fresh
        Records that were not known.
    n_without_start
        Distinct records that have no start, so no place.
    reappeared, collisions
        Ids of records that had vanished before; ids that stand for two different meetings.
    n_lacking, shows_disorder, shows_order
        Records of the answer before it, in the same sync, that should be in this one and are not; whether the two show
        that the shorter is not the newest part of the longer, or that it is.
    policy
        The numbers it was judged by.
    """

    pull: PullFacts
    policy: Policy
    upper: datetime
    lower: datetime | None
    oldest: datetime | None
    first: datetime | None
    trimmed: datetime | None
    n_ids: int
    n_known: int
    n_inside: int
    n_left_out: int
    n_held_back: int
    n_missing: int
    n_gone: int
    missing: tuple[str, ...]
    anchored_by: datetime | None
    fresh: tuple[Seen, ...]
    n_without_start: int
    reappeared: tuple[str, ...]
    collisions: tuple[str, ...]
    n_lacking: int
    shows_disorder: bool
    shows_order: bool

    @property
    def stopped(self) -> bool:
        """The platform itself ended the answer: it is not as long as was asked for."""
        return self.pull.n_returned != self.pull.asked_n

    @property
    def is_anchored(self) -> bool:
        """The answer was cut by our own number, and it ends inside known land."""
        return not self.stopped and self.anchored_by is not None and not self.n_lacking

    @property
    def is_scattered(self) -> bool:
        """Too many known records came from outside the window to be rooms pinned on top."""
        return self.n_known - self.n_inside > self.policy.strays * self.n_known

    @property
    def lacks_few(self) -> bool:
        """So few are missing that they must have vanished one by one."""
        return self.n_missing <= max(1, self.policy.strays * (self.n_missing + self.n_known))

    @property
    def is_broken(self) -> bool:
        """The answer cannot come from a list that is kept newest first."""
        lacks_much = self.n_lacking > max(1, self.policy.strays * self.n_ids)
        return lacks_much or (self.is_scattered and not self.lacks_few)

    @property
    def is_selection(self) -> bool:
        """Few vanish at a time, but so many in all that the answers may be any part of the list."""
        n_lost = self.n_missing + self.n_gone
        return self.n_gone >= self.policy.overlap and n_lost > self.policy.strays * (n_lost + self.n_known)

    @property
    def vanished(self) -> tuple[str, ...]:
        """Ids of the few that are missing amid records that are there."""
        return self.missing if self.is_scattered and self.lacks_few else ()


@dataclass(frozen=True, slots=True)
class Before:
    """What an answer is compared with besides the known land.

    Parameters
    ----------
    joins_at
        Upper edge of the last completed sync; None when there is none.
    listed_from, listed_at
        From where on the platform was seen to list everything, and when.
    answer
        The answer before it in the same sync.
    unsure_from, unsure_to
        What is said to have been archived between the two may have been archived later; None when nothing is.
    """

    joins_at: datetime | None = None
    listed_from: datetime | None = None
    listed_at: datetime | None = None
    answer: Sighting | None = None
    unsure_from: datetime | None = None
    unsure_to: datetime | None = None

    def is_unsure(self, archived_at: datetime) -> bool:
        """Say whether nobody can tell when that was archived: this machine's clock went back."""
        return bool(self.unsure_from and self.unsure_to and self.unsure_from <= archived_at <= self.unsure_to)

    def still_listed_from(self, instant: datetime) -> datetime | None:
        """Return from where on the platform still lists everything, however short a time it keeps meetings."""
        if self.listed_from is None or self.listed_at is None:
            return None
        return self.listed_from + (instant - self.listed_at)


def start_of(record: Seen, pull: PullFacts) -> datetime | None:
    """Return the start that gives a record its place, None when it has none that can be believed."""
    start = record.started_at
    return start if start is not None and EARLIEST <= start < pull.asked_at + HORIZON else None
