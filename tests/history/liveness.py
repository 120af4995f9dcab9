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


def live(account: Account, days: float, rate: float) -> None:
    """Let days pass, each with about as many meetings as the rate says."""
    until = account.now + days * DAY
    while account.now < until:
        n, at = 0, account.rng.expovariate(rate)
        while at < 1:
            n, at = n + 1, at + account.rng.expovariate(rate)
        account.live(account.now + DAY, n)


def day_of_proof(rate: float, seed: int, *, days_before: int = 60, limit: int = 120, **knobs: object) -> int | None:
    """Return after how many days of daily syncs all that is older than a settling time is PROVEN, None if it is not."""
    account, archive = Account(Knobs(**knobs), random.Random(seed)), MemoryArchive(Policy())  # type: ignore[arg-type]
    live(account, days_before, rate)
    for day in range(limit + 1):
        archive.sync(account, call_takes=0)
        periods = archive.certificate.periods
        if len(periods) > 1 and {one.verdict for one in periods[:-1]} == {"PROVEN"}:
            assert periods[-1].reason_key == "settling"
            return day
        live(account, 1, rate)
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=7)
    options = parser.parse_args()
    for days_before in (0, 10, 60, 300):
        sys.stdout.write(f"{days_before} days before the first sync:\n")
        for rate in RATES:
            days = [day_of_proof(rate, seed, days_before=days_before) for seed in range(options.seeds)]
            known = sorted(day if day is not None else 999 for day in days)
            sys.stdout.write(f"{rate:>6} a day: median {median(known)}, worst {known[-1]}, {known}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
