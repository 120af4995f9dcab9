"""How soon everything is PROVEN on an honest platform: `python -m tests.history.liveness` prints the table."""

from __future__ import annotations

import argparse
import random
import sys
from statistics import median

from tests.history.simulator_account import DAY, Account, Knobs
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.policy import Policy

RATES = (100, 20, 5, 1, 0.5)
"""Meetings a day."""


def day_of_proof(rate: float, seed: int, *, days_before: int = 60, limit: int = 120, **knobs: object) -> int | None:
    """Return after how many days of daily syncs all that is older than a settling time is PROVEN, None if it is not."""
    account, archive = Account(Knobs(**knobs), random.Random(seed)), MemoryArchive(Policy())  # type: ignore[arg-type]
    account.live(days_before * DAY, rate)
    for day in range(limit + 1):
        archive.sync(account)
        periods = archive.certificate.periods
        if periods and all(one.verdict == "PROVEN" for one in periods[:-1]) and len(periods) > 1:
            assert periods[-1].reason_key == "settling"
            return day
        account.live(account.now + DAY, rate)
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=7)
    options = parser.parse_args()
    for rate in RATES:
        days = [day_of_proof(rate, seed) for seed in range(options.seeds)]
        known = [day if day is not None else float("inf") for day in days]
        sys.stdout.write(f"{rate:>6} a day: median {median(known)}, worst {max(known)}, {days}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
