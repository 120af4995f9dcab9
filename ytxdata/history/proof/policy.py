"""The numbers of the rules of completeness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of the rules, in one place; every one may be made more cautious.

    Parameters
    ----------
    settle
        How late a meeting may be listed: the youngest part of a window, that long, is never PROVEN.
    reach
        How far below the last completed window an answer must reach before it may extend it.
    overlap
        How many closed, unchanged records known for long must come again, and how many older ones must stay out.
    jitter
        So much may this machine's clock go back without anybody minding.
    giant
        A record may be this large [bytes]: only an answer longer by more shows that a limit on bytes had not been met.
    strays
        Share of the known records that may stand outside their place: rooms pinned on top, records that vanished.
    chance
        An overlap counts only if a platform without order would show it less often than this.
    growth, first_ask, largest_ask, headroom, spare, max_calls
        How much to ask [records], and how often at most in one sync.
    full_every
        How often all there is is asked for, to find what arrived late.
    """

    settle: timedelta = timedelta(hours=24)
    reach: timedelta = timedelta(hours=24)
    overlap: int = 5
    jitter: timedelta = timedelta(minutes=5)
    giant: int = 32768
    strays: float = 0.1
    chance: float = 1e-9
    growth: int = 4
    first_ask: int = 1000
    largest_ask: int = 10_000_000
    headroom: float = 1.25
    spare: int = 64
    max_calls: int = 12
    full_every: timedelta = timedelta(days=30)


DEFAULT_POLICY = Policy()
