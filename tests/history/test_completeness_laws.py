"""The laws of completeness: an additional honest answer never makes a verdict worse, whatever the account and the schedule."""

from __future__ import annotations

import copy
import os
import random
from itertools import pairwise
from typing import Any

import pytest

from tests.history.simulator import SMALL
from tests.history.simulator_account import DAY, HOUR, Account, Knobs
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.certificate import Certificate
from ytxdata.history.proof.policy import VERDICTS

N_SCHEDULES = max(4, int(os.environ.get("YTXDATA_STORIES", "200")) // 25)

HONEST: list[dict[str, Any]] = [
    {},
    {"display": "shuffled"},
    {"order": "end", "listing": "at end"},
    {"order": "listed"},
    {"pins": 3},
    {"same_second": 0.8},
    {"doubled": 0.5},
    {"without_start": 0.03},
    {"listing": "late", "late": 20 * HOUR},
]
"""Platforms that hide nothing, each in its own way."""


def made_worse(before: Certificate, after: Certificate) -> list[str]:
    """Return where a certificate says less than the one before it."""
    if not before.periods:
        return []
    first, last = before.periods[0].start, before.periods[-1].end
    edges = {
        edge for one in (*before.periods, *after.periods) for edge in (one.start, one.end) if first <= edge <= last
    }
    found = []
    for start, end in pairwise(sorted(edges)):
        was, now = before.over(start, end), after.over(start, end)
        if VERDICTS.index(now.worst) > VERDICTS.index(was.worst):
            found.append(f"{start:%d.%m. %H:%M} – {end:%d.%m. %H:%M}: {was.periods} → {now.periods}")
    return found


def honest_life(seed: int, knobs: dict[str, Any]) -> tuple[random.Random, Account, float, float]:
    rng = random.Random(seed)
    account, rate = Account(Knobs(**knobs), rng), rng.choice((0.5, 3, 12))
    account.live(rng.choice((0, 0, 5, 40)) * DAY, rate)
    return rng, account, rate, rng.choice((HOUR, DAY, DAY, 5 * DAY))


@pytest.mark.slow
@pytest.mark.parametrize("knobs", HONEST, ids=str)
def test_a_later_sync_says_no_less_of_any_period_than_the_one_before(knobs: dict[str, Any]) -> None:
    for seed in range(N_SCHEDULES):
        rng, account, rate, every = honest_life(seed, knobs)
        archive = MemoryArchive(SMALL)
        for _ in range(30):
            before = archive.certificate
            archive.sync(account, call_takes=rng.choice((1, 600)))
            assert archive.last is not None
            # A round number of records is the one thing by which an honest platform can look like one with a limit.
            is_suspected = any(note.key == "cap" for note in archive.last.notes)
            assert is_suspected or not made_worse(before, archive.certificate), seed
            account.live(account.now + every * rng.choice((0.1, 1, 1, 4)), rate * rng.choice((0, 1, 1, 5)))


@pytest.mark.slow
@pytest.mark.parametrize("knobs", HONEST, ids=str)
def test_the_same_answers_with_one_sync_more_say_no_less(knobs: dict[str, Any]) -> None:
    for seed in range(N_SCHEDULES):
        rng, account, rate, every = honest_life(seed, knobs)
        archive = MemoryArchive(SMALL)
        for _ in range(rng.randrange(25)):
            archive.sync(account)
            account.live(account.now + every, rate)
        more = copy.deepcopy(archive)
        more.sync(account, call_takes=0)
        account.live(account.now + every, rate)
        archive.sync(account, call_takes=0)
        more.judge(archive.last_pulls)
        assert not made_worse(archive.certificate, more.certificate), seed
