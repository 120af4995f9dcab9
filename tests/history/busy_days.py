"""Stories of accounts under a limit by category that is shown in time, and of days on which one category has more
meetings than are listed: what the busy day pushed out was listed for hours, and no sync has seen it.

`python -m tests.history.busy_days 1000` runs a thousand.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from tests.history.simulator import SMALL
from tests.history.simulator_account import DAY, HOUR, Account, Knobs, Meeting
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.policy import Policy

N_DAYS = 32
RARE = "13800000099"


DATES = ("start", "end", "change", "listed")
"""By which a limit may find the newest."""


def tell(seed: int, counted_by: str = "start") -> tuple[list[Meeting], bool]:
    """Return what was falsely proven in one story, and whether anything was proven.

    Where the limit counts by last change, some old meeting is renamed now and then. Some meet daily, each at their
    hour, so that what is pushed out is the oldest of all and nothing seems to vanish.
    """
    rng = random.Random(seed)
    by_kind = rng.random() < 0.4
    limit = rng.choice((25, 30, 37, 50, 60, 90) if by_kind else (8, 12, 20, 30))
    daily, skips, rarely = rng.choice((3, 4, 6, 8, 12)), rng.choice((0, 0, 0.05, 0.2)), rng.choice((0.3, 0, 0.14, 0.3))
    rarely = 0.3 if by_kind else rarely
    knobs = Knobs(
        order=rng.choice(("start", "start", "end")),
        listing=rng.choice(("at start", "at start", "at end")),
        without_start=rng.choice((0, 0, 0, 0.02)),
        doubled=rng.choice((0, 0, 0, 0.05)),
        per_kind=limit if by_kind else None,
        per_creator=None if by_kind else limit,
        counted_by=counted_by,
    )
    account, archive = Account(knobs, rng), MemoryArchive(rng.choice((SMALL, Policy(), Policy())))
    first = int(limit / rarely * 1.2) if by_kind else int(limit * 1.3 / (1 - skips)) + 2
    pause, shown, proven = rng.choice((1, 1, 1, 2)), set[str](), False
    for day in range(first + N_DAYS):
        usual = [(HOUR * (1 + n), f"138000000{n:02d}", False) for n in range(daily) if rng.random() >= skips]
        usual += [(9 * HOUR, RARE, by_kind)] if rng.random() < rarely else []
        held = [(at + 60 * rng.randrange(50), who, is_booked) for at, who, is_booked in usual]
        if day > first and shown and rng.random() < 0.12:
            who = rng.choice((RARE, "13800000098", "13800000000"))
            is_booked = by_kind and "booked" in shown and (len(shown) < 2 or rng.random() < 0.5)
            n, begins = limit + rng.randint(1, 10), rng.uniform(0, 8 * HOUR)
            held += [(begins + 7.5 * HOUR / n * place, who, is_booked) for place in range(n)]
        for at, who, is_booked in sorted(held):
            account.meet(day * DAY + at, who, is_booked=is_booked)
        account.now = day * DAY + 17 * HOUR
        if counted_by == "change" and rng.random() < 0.3:
            renamed = rng.choice([one for one in account.meetings if one.end < account.now][-150:] or account.meetings)
            renamed.touched, renamed.revision = account.now, renamed.revision + 1
        if day < first or day % pause:
            continue
        archive.sync(account)
        shown = _shown_full(archive, knobs) or shown
        proven |= any(one.verdict == "PROVEN" for one in archive.certificate.periods)
        if wrong := archive.falsely_proven(account):
            return wrong, proven
    return [], proven


def _shown_full(archive: MemoryArchive, knobs: Knobs) -> set[str]:
    """Return who is seen to be full in the whole answers of a sync: three creators, or a kind; of one alone none can tell."""
    for pull in archive.last_pulls:
        once = {one.meeting_id: one for one in pull.records}.values()
        n_of = Counter(str(one.creator if knobs.per_creator else one.kind) for one in once)
        full = {one for one, n in n_of.items() if n == (knobs.per_creator or knobs.per_kind)}
        if pull.n_returned != pull.asked_n and (len(full) >= 3 or (knobs.per_kind and full)):
            return full
    return set()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stories", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--counted-by", choices=DATES, default="start")
    options = parser.parse_args()
    began, n_proven, bad = time.monotonic(), 0, []
    for seed in range(options.seed, options.seed + options.stories):
        wrong, proven = tell(seed, options.counted_by)
        n_proven += proven
        bad += [seed] if wrong else []
    took = time.monotonic() - began
    sys.stdout.write(f"{options.stories} stories, {n_proven} with a proof, false in {len(bad)}: {bad}; {took:.0f} s\n")
    return bool(bad)


if __name__ == "__main__":
    raise SystemExit(main())
