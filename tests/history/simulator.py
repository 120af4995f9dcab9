"""Stories of accounts with every trick a platform can play; in none may a period be called PROVEN that lacks a meeting.

`python -m tests.history.simulator 10000` runs ten thousand of them; `… 1 --seed 77` tells one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from typing import Any

from tests.history.simulator_account import DAY, HOUR, Account, Knobs, Meeting
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.policy import Policy

SMALL = Policy(first_ask=40, spare=16)
"""The rules as they are, with first questions that fit small accounts."""

ORDERS = ("start",) * 8 + ("end", "end", "change", "change", "listed", "oldest", "id", "creator", "random")


@dataclass
class Outcome:
    seed: int
    knobs: Knobs
    wrong: list[Meeting] = field(default_factory=list)
    n_syncs: int = 0
    n_calls: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)


THEMES: tuple[dict[str, tuple[object, ...]], ...] = (
    {"order": ("start", "end", "listed"), "listing": ("late",), "late": (23 * HOUR,)},
    {"order": ("end",), "listing": ("at start", "at end"), "cap": (30, 60, 77, 143)},
    {"order": ("end", "change", "listed"), "cap_bytes": (20_000, 60_000, 150_000)},
    {"order": ("change",), "touches": ("nightly", "weekly", "backwards"), "cap": (None, 60, 130)},
    {"order": ("start",), "cap": (30, 60, 77, 143), "pins": (1, 2, 3, 4)},
    {"order": ("start", "end"), "retention": (4 * DAY, 10 * DAY), "listing": ("at start", "at end")},
    {"order": ("start",), "malformed": (0.01, 0.1), "cap": (None, 77)},
    {"order": ("oldest", "id", "creator", "random"), "cap": (None, 77, 211), "cap_bytes": (None, 60_000)},
    {"order": ("start",), "same_second": (0.8,), "cap": (None, 30, 143)},
    {"order": ("start", "listed"), "bookings": (0.3,), "pins": (0, 3)},
    {"order": ("start", "end"), "refuses_above": (50, 100, 300)},
    {"order": ("start",), "reuses_ids": (0.1,), "doubled": (0.0, 0.3)},
)
"""Platforms that attack one rule each; half of the stories play on one of them."""


def draw_knobs(rng: random.Random) -> Knobs:
    """Return a platform: half of them after a theme, the others with a few tricks at once, or many."""
    knobs = _any_knobs(rng)
    if rng.random() < 0.5:
        for name, choices in rng.choice(THEMES).items():
            setattr(knobs, name, rng.choice(choices))
    return knobs


def _any_knobs(rng: random.Random) -> Knobs:
    busy = rng.choice((0.0, 0.12, 0.12, 0.3))

    def maybe(value: Any, default: Any) -> Any:
        return value if rng.random() < busy else default

    listing = maybe(rng.choice(("at end", "late")), "at start")
    return Knobs(
        order=rng.choice(ORDERS),
        display=rng.choice(("as selected", "as selected", "reversed", "shuffled")),
        cap=maybe(rng.choice((30, 77, 100, 150, 211, 500)), None),
        cap_bytes=maybe(rng.choice((20_000, 60_000, 150_000)), None),
        refuses_above=maybe(rng.choice((50, 100, 300)), None),
        default_answer=rng.choice((10, 20, 50)),
        retention=maybe(rng.choice((4, 10, 30, 90)) * DAY, None),
        retention_by=rng.choice(("start", "end")),
        pins=maybe(rng.randint(1, 4), 0),
        pins_are_recent=rng.random() < 0.5,
        listing=listing,
        late=rng.choice((6, 23)) * HOUR,
        doubled=maybe(rng.choice((0.02, 0.5)), 0.0),
        skew=(skew := maybe(rng.uniform(-6, 6) * HOUR, 0.0)),
        tells_skew=abs(skew) > 0.9 * HOUR or rng.random() < 0.5,
        omits=maybe(rng.choice((0.1, 0.3)), 0.0),
        without_start=maybe(rng.choice((0.02, 0.3)), 0.0),
        malformed=maybe(rng.choice((0.005, 0.05)), 0.0),
        reuses_ids=maybe(rng.choice((0.01, 0.1)), 0.0),
        reuse_overwrites=rng.random() < 0.5,
        same_second=maybe(rng.choice((0.1, 0.8)), 0.0),
        bookings=maybe(0.2, 0.0),
        touches=maybe(rng.choice(("nightly", "weekly", "backwards")), "none"),
        ignores_count=rng.random() < busy / 10,
    )


def tell(
    seed: int,
    *,
    n_steps: int = 24,
    policy: Policy = SMALL,
    knobs: Knobs | None = None,
    patient_from: int = 0,
    settle: timedelta = SMALL.settle,
) -> Outcome:
    """Run one story and check the claims after every sync; from step `patient_from` on meetings are given `settle` to be listed."""
    rng = random.Random(seed)
    knobs = knobs or draw_knobs(rng)
    account, archive = Account(knobs, rng), MemoryArchive(policy)
    outcome = Outcome(seed, knobs)
    rate = rng.choice((0.5, 3, 10, 25))
    every = (
        rng.choice((HOUR, 6 * HOUR, DAY, DAY, DAY, 7 * DAY))
        if rate > 3
        else rng.choice((6 * HOUR, DAY, 7 * DAY, 30 * DAY))
    )
    account.live(rng.choice((5, 20, 60)) * DAY, rate * rng.choice((0.3, 1, 2)))
    for step in range(n_steps):
        if step == patient_from:
            archive.policy = replace(policy, settle=max(policy.settle, settle))
        pause = every * rng.choice((0.1, 1, 1, 1, 1, 3))
        event = rng.random()
        pace = rate * (0 if event < 0.15 else rng.choice((8, 30)) if event > 0.9 and every <= DAY else 1)
        account.live(account.now + pause, pace)
        for _ in range(rng.choice((0, 0, 0, 1, 3))):
            account.change()
        if rng.random() < 0.04:
            account.vanish()
        if rng.random() < 0.03:
            knobs.cap = rng.choice((20, 50, 90, 130, None))
            knobs.cap_bytes = rng.choice((None, None, 30_000))
        if rng.random() < 0.01:
            knobs.retention = rng.choice((3, 10)) * DAY
        breaks_after = rng.choice((0, 1, 2)) if rng.random() < 0.06 else None
        if len(account.meetings) > 1500:
            break
        n_calls = archive.sync(account, call_takes=rng.choice((1, 60, 1800)), breaks_after=breaks_after)
        if breaks_after is not None and n_calls == breaks_after:
            continue
        outcome.n_syncs += 1
        outcome.n_calls += n_calls
        outcome.verdicts[archive.certificate.periods[-1].verdict if archive.certificate.periods else "-"] += 1
        outcome.verdicts["any proven"] += any(one.verdict == "PROVEN" for one in archive.certificate.periods)
        outcome.log.append(
            f"day {account.now / DAY:.2f} calls {n_calls} known {archive.land.count()} "
            + "; ".join(
                f"{one.verdict} {one.reason_key} {one.start:%d.%m. %H:%M}–{one.end:%d.%m. %H:%M}"
                for one in archive.certificate.periods
            )
        )
        is_patient = knobs.listing != "late" or knobs.late < archive.policy.settle.total_seconds()
        outcome.wrong = archive.falsely_proven(account) if is_patient else []
        if outcome.wrong:
            break
    return outcome


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stories", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began, total, bad = time.monotonic(), Counter[str](), []
    for seed in range(options.seed, options.seed + options.stories):
        outcome = tell(seed)
        total.update(outcome.verdicts)
        total.update(
            syncs=outcome.n_syncs, calls=outcome.n_calls, stories=1, proven_stories=bool(outcome.verdicts["any proven"])
        )
        if outcome.wrong:
            bad.append(outcome)
            _say(f"FALSE PROVEN, seed {seed}: {outcome.knobs}")
        if options.stories == 1:
            _say("\n".join(outcome.log))
            for one in outcome.wrong:
                _say(f"  missing: start day {one.start / DAY:.3f} {one}")
    _say(f"{options.stories} stories, {len(bad)} with a false PROVEN, {time.monotonic() - began:.0f} s; {dict(total)}")
    return bool(bad)


if __name__ == "__main__":
    raise SystemExit(main())
