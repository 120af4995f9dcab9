"""Lives of accounts that chance writes, and those that once fooled the rules: what is proven must be true."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.effort import some
from tests.history import busy_days
from tests.history.simulator import SMALL, draw_knobs, tell
from tests.history.simulator_account import DAY, HOUR, Account, Knobs, Meeting, instant
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.evidence import Bulk
from ytxdata.history.proof.policy import Policy

N_STORIES = int(os.environ.get("YTXDATA_STORIES", "200"))


def stories(known: range) -> list[int]:
    """Return which of some stories to tell: all, if their number was asked for; else for the hurried a fifth."""
    return [*known] if "YTXDATA_STORIES" in os.environ else some(known, len(known) // 5)


def fewest(told: list[int]) -> int:
    """Return in how many of some stories anything must be proven: ten drawn by chance may be ten in which nothing is."""
    return len(told) // 10 if len(told) >= 40 else 0


@pytest.mark.slow
def test_no_story_ends_with_a_false_proof() -> None:
    wrong = [seed for seed in stories(range(N_STORIES)) if tell(seed).wrong]
    assert not wrong, f"python -m tests.history.simulator 1 --seed {wrong[0]}"


@pytest.mark.parametrize("seed", [71, 119, 783, 1645, 2311, 20203, 20636, 20719, 20910, 200752, 700780])
def test_stories_that_once_fooled_the_rules_do_so_no_more(seed: int) -> None:
    assert not tell(seed).wrong


def test_a_cut_answer_is_not_confirmed_by_two_longer_ones() -> None:
    rng = random.Random(11874)
    knobs = Knobs(order="change", cap_bytes=20_000, pins=3, same_second=0.8, touches="backwards")
    account, archive = Account(knobs, rng), MemoryArchive(SMALL)
    account.live(31 * DAY, 8)
    archive.sync(account)
    knobs.cap, knobs.cap_bytes = 90, None
    for _ in range(3):
        archive.sync(account)
        assert not archive.falsely_proven(account)


@pytest.mark.parametrize(
    ("old", "large", "new", "cap"),
    [
        (Bulk(900, 900, 3), Bulk(2900, 2900, 60), Bulk(900, 900, 2), "cap_legs"),
        (Bulk(900, 900, 3), Bulk(5500, 5400, 9), Bulk(900, 350, 9), "cap_characters"),
        (Bulk(900, 900, 3), Bulk(8000, 8000, 9), Bulk(900, 900, 9), "cap_bytes"),
    ],
)
def test_a_list_cut_before_a_large_record_is_not_confirmed_by_more_in_another_measure(
    old: Bulk, large: Bulk, new: Bulk, cap: str
) -> None:
    """By last change, the oldest of what is listed was touched once more, and a large one before it did not fit."""
    account, archive = Account(Knobs(order="change"), random.Random(1)), MemoryArchive(Policy())

    def held(day: float, size: Bulk, touched: float) -> None:
        start, end = day * DAY, day * DAY + HOUR
        account.meetings.append(Meeting(f"{day:.2f}", start, end, "13800000000", start, size, touched=touched))

    for n in range(300):
        day = n // 5 + n % 5 / 24
        held(day, large if n == 203 else old, touched=40.18 * DAY if n == 5 else day * DAY + HOUR)
    account.now = 60 * DAY
    listed = [one.size for one in account.meetings if one.touched > 40.17 * DAY]
    place = Bulk._fields.index(cap.replace("cap", "n"))
    setattr(account.knobs, cap, sum(size[place] for size in listed) + large[place] - 1)
    for day in range(60, 80):
        archive.sync(account, call_takes=0)
        assert archive.lost(account)
        assert not archive.falsely_proven(account)
        for n in range(5):
            held(day + n / 24, new, touched=(day + n / 24) * DAY + HOUR)
        account.now = (day + 1) * DAY


@pytest.mark.slow
def test_no_limit_by_parties_or_characters_makes_a_false_proof() -> None:
    n_proven, drawn = 0, stories(range(N_STORIES // 2))
    for seed in drawn:
        knobs = draw_knobs(rng := random.Random(seed))
        knobs.order = rng.choice(("change", "end", "start", "listed"))
        knobs.cap, knobs.cap_bytes = None, None
        knobs.cap_legs, knobs.cap_characters = rng.choice(((90, None), (250, None), (None, 20_000), (None, 60_000)))
        knobs.legs_told_from = rng.choice((0, 0, 40, 70)) * DAY
        story = tell(seed, knobs=knobs)
        assert not story.wrong, seed
        n_proven += story.verdicts["any proven"] > 0
    assert n_proven >= fewest(drawn)


@pytest.mark.slow
def test_a_platform_that_lists_three_days_late_fools_no_patient_archive() -> None:
    n_proven, drawn = 0, stories(range(N_STORIES // 2))
    for seed in drawn:
        rng = random.Random(seed)
        knobs = draw_knobs(rng)
        knobs.listing, knobs.late = "late", 70 * HOUR
        story = tell(seed, knobs=knobs, patient_from=rng.randrange(8), settle=timedelta(hours=72))
        assert not story.wrong, seed
        n_proven += story.verdicts["any proven"] > 0
    assert n_proven >= fewest(drawn)


def test_more_patience_takes_back_what_was_proven_with_less_and_reads_all_again() -> None:
    archive, account = MemoryArchive(SMALL), Account(Knobs(), random.Random(3))
    account.live(40 * DAY, 10)

    def reasons(n_days: int, hours: int) -> set[str]:
        archive.policy = replace(SMALL, settle=timedelta(hours=hours))
        for _ in range(n_days):
            account.live(account.now + DAY, 10)
            archive.sync(account)
        return {one.reason_key for one in archive.certificate.periods}

    assert "anchored" in reasons(8, 24)
    assert archive.evidence.full_at != archive.evidence.last_asked_at
    reasons(1, 72)
    assert archive.evidence.full_at == archive.evidence.last_asked_at
    assert max(one.end for one in archive.certificate.periods if one.verdict == "PROVEN") <= instant(
        account.now - 3 * DAY
    )
    assert "anchored" in reasons(8, 24)
    assert archive.evidence.settle_s == 72 * 3600, "once patient, always patient"
    last = archive.certificate.periods[-1]
    assert last.reason_key == "settling"
    assert last.end - last.start == timedelta(hours=72)


class AnyLife(RuleBasedStateMachine):
    """Hypothesis writes the story."""

    @initialize(seed=st.integers(0, 2**32), days=st.sampled_from((5, 30)), rate=st.sampled_from((1, 8)))
    def begin(self, seed: int, days: int, rate: float) -> None:
        rng = random.Random(seed)
        self.rate, self.archive, self.account = rate, MemoryArchive(SMALL), Account(draw_knobs(rng), rng)
        self.account.live(days * DAY, rate)

    @rule(hours=st.sampled_from((1, 12, 24, 24, 100)), pace=st.sampled_from((0, 1, 1, 10)))
    def live(self, hours: int, pace: int) -> None:
        self.account.live(self.account.now + hours * HOUR, self.rate * pace)

    @rule()
    def sync(self) -> None:
        self.archive.sync(self.account)

    @rule(n=st.integers(0, 2))
    def break_off(self, n: int) -> None:
        self.archive.sync(self.account, breaks_after=n)

    @rule(cap=st.sampled_from((None, 20, 50, 90)), cap_bytes=st.sampled_from((None, None, 30_000)))
    def change_the_cap(self, cap: int | None, cap_bytes: int | None) -> None:
        self.account.knobs.cap, self.account.knobs.cap_bytes = cap, cap_bytes

    @rule(days=st.sampled_from((3, 10)))
    def forget(self, days: int) -> None:
        self.account.knobs.retention = days * DAY

    @rule()
    def change(self) -> None:
        self.account.change()

    @rule()
    def vanish(self) -> None:
        self.account.vanish()

    @invariant()
    def nothing_proven_is_missing(self) -> None:
        if hasattr(self, "archive"):
            assert not self.archive.falsely_proven(self.account)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=N_STORIES // 5, stateful_step_count=15, deadline=None)


CATEGORIES: list[dict[str, Any]] = [
    {"per_creator": 3},
    {"per_creator": 8, "n_creators": 5},
    {"per_creator": 20},
    {"per_kind": 37, "bookings": 0.3},
    {"per_kind": 50, "bookings": 0.1},
    {"per_kind": 90, "bookings": 0.5},
    {"per_creator": 20, "without_start": 0.02},
    {"per_kind": 37, "bookings": 0.3, "plans_have_start": False},
    {"per_creator": 20, "spellings": 0.3},
    {"per_creator": 8, "n_creators": 5, "spellings": 0.3},
    {"per_creator": 60, "n_creators": 2},
]


@pytest.mark.slow
@pytest.mark.parametrize("knobs", CATEGORIES, ids=str)
def test_a_limit_by_category_hides_nothing_in_what_is_proven(knobs: dict[str, Any]) -> None:
    for seed in stories(range(N_STORIES // 20)):
        assert not tell(seed, knobs=Knobs(**knobs)).wrong, seed


def with_a_busy_day(
    archive: MemoryArchive, *, per_week: int, then: Callable[[Account, int], None] = lambda _account, _day: None
) -> Account:
    """Six creators meet daily, a seventh some times a week, and 24 times on one day; the platform lists 20 of each.

    Synced every night, from when the six are full until what the busy day hid is long settled.
    """
    account = Account(Knobs(per_creator=20), random.Random(3))
    for day in range(72):
        held = [(HOUR * (1 + n) + 60 * account.rng.randrange(50), f"1380000000{n}") for n in range(6)]
        if day == 64:
            held += [(2 * HOUR + 1500 * n, "13800000009") for n in range(24)]
        elif per_week and day < 64 and day % (7 // per_week) == 0:
            held.append((9 * HOUR, "13800000009"))
        for at, creator in sorted(held):
            account.meet(day * DAY + at, creator)
        account.now = day * DAY + 16 * HOUR
        then(account, day)
        if day >= 59:
            archive.sync(account)
            assert not archive.falsely_proven(account), archive.certificate.periods
    return account


def verdict_at(archive: MemoryArchive, at: float) -> str:
    return archive.certificate.over(instant(at), instant(at + 1)).worst


@pytest.mark.parametrize(
    ("per_week", "limits", "suspected"),
    [(1, (("creator", 20),), ()), (0, (), (("creator", 20),)), (2, (), (("creator", 20),))],
)
def test_what_a_limit_may_hide_stays_unproven_when_later_answers_are_too_short_to_show_it(
    per_week: int, limits: tuple[tuple[str, int], ...], suspected: tuple[tuple[str, int], ...]
) -> None:
    """The limit was seen at work, or shown by the first whole answers, in which six creators are alike."""
    archive = MemoryArchive(Policy())
    account = with_a_busy_day(archive, per_week=per_week)
    assert archive.evidence.limits == limits
    assert set(suspected) <= set(archive.evidence.suspected)
    assert len(archive.lost(account)) > 4
    assert verdict_at(archive, 64 * DAY + 3 * HOUR) == "PROBABLE"
    assert verdict_at(archive, 65 * DAY) == "PROVEN"


def one_is_deleted(account: Account, day: int) -> None:
    if day == 65:
        one = next(one for one in account.listing() if one.creator == "13800000009")
        one.gone, one.deleted = account.now, True


def more_is_listed(account: Account, day: int) -> None:
    if day == 65:
        account.knobs.per_creator = 50
        for n in range(3):
            account.meet(day * DAY + (3 + n) * HOUR, "13800000009")


@pytest.mark.parametrize("what", [one_is_deleted, more_is_listed])
def test_what_a_full_category_hid_stays_unproven_when_it_is_full_no_more(what: Callable[[Account, int], None]) -> None:
    """What is not listed any more is gone for good: the archive knew the limit on the day, and must not forget it."""

    def then(account: Account, day: int) -> None:
        listed = set(map(id, account.listing()))
        for one in account.meetings:
            if id(one) not in listed:
                one.gone = min(one.gone, account.now)
        what(account, day)

    archive = MemoryArchive(Policy())
    account = with_a_busy_day(archive, per_week=1, then=then)
    assert len(archive.lost(account)) >= 4
    assert verdict_at(archive, 64 * DAY + 3 * HOUR) == "PROBABLE"
    assert verdict_at(archive, 67 * DAY) == "PROVEN"


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "counted_by"), [(3, "end"), (9, "end"), (11, "end"), (10, "change")])
def test_busy_days_of_limits_that_count_by_another_date_fool_the_rules_no_more(seed: int, counted_by: str) -> None:
    assert busy_days.tell(seed, counted_by) == ([], True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [9, 11, 15, 27, 38])
def test_busy_days_that_once_fooled_the_rules_do_so_no_more(seed: int) -> None:
    wrong, proven = busy_days.tell(seed)
    assert (wrong, proven) == ([], True)


@pytest.mark.slow
@pytest.mark.parametrize("counted_by", ["end", "change", "listed"])
def test_by_whatever_date_a_limit_by_category_counts_nothing_it_hid_is_proven(counted_by: str) -> None:
    told = {seed: busy_days.tell(seed, counted_by) for seed in stories(range(N_STORIES // 8))}
    assert not [seed for seed, (wrong, _) in told.items() if wrong]
    assert sum(proven for _, proven in told.values()) >= len(told) // 4


@pytest.mark.slow
def test_what_a_busy_day_pushed_out_of_the_list_is_not_proven() -> None:
    told = {seed: busy_days.tell(seed) for seed in stories(range(N_STORIES // 2))}
    assert not [seed for seed, (wrong, _) in told.items() if wrong]
    assert sum(proven for _, proven in told.values()) >= len(told) // 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", [191, 290])
def test_limits_by_category_that_once_fooled_the_rules_do_so_no_more(seed: int) -> None:
    for knobs in CATEGORIES:
        assert not tell(seed, knobs=Knobs(**knobs)).wrong


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "more"), [(60, {}), (278, {}), (5232, {"doubled": 0.02}), (5120, {"pins": 2})])
def test_a_limit_by_kind_is_seen_where_both_kinds_are_full(seed: int, more: dict[str, Any]) -> None:
    assert not tell(seed, knobs=Knobs(per_kind=90, bookings=0.5, **more)).wrong


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "knobs"), [(20, {"without_start": 0.02}), (45, {"without_start": 0.02})], ids=str)
def test_a_limit_by_creator_is_seen_where_records_lack_their_start(seed: int, knobs: dict[str, Any]) -> None:
    assert not tell(seed, knobs=Knobs(per_creator=20, **knobs)).wrong


@pytest.mark.slow
def test_no_proof_is_false_after_this_machines_clock_was_set_wrong_for_a_while() -> None:
    for seed in stories(range(N_STORIES // 2)):
        rng = random.Random(seed)
        account, archive = Account(draw_knobs(rng), rng), MemoryArchive(SMALL)
        account.knobs.skew, account.knobs.tells_skew = 0, False
        account.live(20 * DAY, rate := rng.choice((3, 10)))
        wrong_from, wrong_for = rng.randrange(1, 9), rng.randrange(1, 4)
        error = rng.choice((-40 * DAY, -9 * DAY, -4 * DAY, 2 * DAY, 9 * DAY, 90 * DAY))
        for n in range(14):
            is_wrong = wrong_from <= n < wrong_from + wrong_for
            account.knobs.skew = error if is_wrong else 0
            archive.sync(account, call_takes=60)
            assert (is_wrong and error < 0) or not archive.falsely_proven(account), seed
            account.live(account.now + rng.choice((0.1, 1, 1, 1)) * DAY, rate * rng.choice((1, 1, 1, 20)))
