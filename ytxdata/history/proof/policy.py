"""The numbers of the rules of completeness, each with the attack it stands against."""

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
        A record may be this large [bytes]: only an answer longer by more shows that a limit on bytes had not been
        met.
    large, cuts
        Where a list was cut by us at so many places, and was strictly ordered at each, this [bytes] will do.
    most_cuts
        At how many places a short list is cut to exclude luck.
    strays
        Share of the known records that may stand outside their place: rooms pinned on top, records that vanished.
    chance
        An overlap counts only if a platform without order would show it less often than this.
    growth, first_ask, largest_ask, headroom, spare, max_calls
        How much to ask [records], and how often at most in one sync.
    full_every
        How often all there is is asked for, to find what arrived late.
    """

    # Some platforms list a meeting only when it ends, and a day is the longest that ordinary ones run. A platform
    # that is later than that is caught by the next overlap (or the monthly full reading), which revokes: see
    # `Evidence.doubts`.
    settle: timedelta = timedelta(hours=24)
    # A list kept by start but written at the end shows a meeting of twenty hours far down: an answer that reaches
    # only just to the last one would miss it.
    reach: timedelta = timedelta(hours=24)
    # Four records may stand out of their place for reasons of their own (rooms pinned on top, records listed anew),
    # the most the adversary tries, and must not be able to fake an overlap. More is safe too, and asks for more at
    # every sync.
    overlap: int = 5
    # NTP steps a clock by seconds. Of what rests on five minutes nothing is proven anyway: it still settles.
    jitter: timedelta = timedelta(minutes=5)
    # A limit on bytes, and a next record too large for the room that was left: later small ones make the answer
    # longer though it was cut. A record holds some two hundred bytes a party: this is one of well over a hundred
    # parties.
    giant: int = 32768
    # What a strict order leaves possible is rare already (see `maturity`), and must then be a record of forty parties
    # and more, the largest of all.
    large: int = 8192
    # At three quarters, a half and a quarter: what is out of order must then end at all three places by accident.
    cuts: int = 3
    # Fourteen records cut at seven places are as unlikely to be in order by accident as twenty cut at three. Fewer
    # would take a call for every record.
    most_cuts: int = 7
    # A tenth is far above what is deleted by hand between two syncs, and far below what any other order than
    # newest-first leaves out of its place.
    strays: float = 0.1
    # A small archive and a platform without order: luck looks like overlap. A thousand accounts synced daily for ten
    # years make four million syncs, so that one in a billion is met by none of them.
    chance: float = 1e-9
    # Fourfold: a history of a million is read in six calls, and at most four times more is asked than there is.
    growth: int = 4
    # Enough for a small account in one call. Not too much: platforms refuse large questions.
    first_ask: int = 1000
    # A platform that never stops must not be asked for ever.
    largest_ask: int = 10_000_000
    # A quarter more than what is known, and 64: a day may be busier than any before it and the sync still costs one
    # call.
    headroom: float = 1.25
    spare: int = 64
    max_calls: int = 12
    # What is listed weeks late is found by nothing else. Monthly costs three per cent of the calls of daily syncs.
    full_every: timedelta = timedelta(days=30)


DEFAULT_POLICY = Policy()


def is_round(n: int) -> bool:
    """Say whether a number of records looks like somebody's limit.

    Limits are written by people: in tens, hundreds, or powers of two. Below 50 every small account would be
    suspected.

    Examples
    --------
    >>> [n for n in (49, 50, 99, 100, 150, 512, 513, 1000) if is_round(n)]
    [50, 100, 150, 512, 1000]
    """
    return n >= 50 and (n % 50 == 0 or n & (n - 1) == 0)
