"""Lives of accounts: what is proven must be true, what is honest must get proven, what is lost must be named."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.history.simulator import SMALL, draw_knobs, tell
from tests.history.simulator_account import DAY, HOUR, Account, Knobs, Meeting, instant
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.evidence import Bulk
from ytxdata.history.proof.policy import Policy

N_STORIES = int(os.environ.get("YTXDATA_STORIES", "200"))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_no_story_ends_with_a_false_proof(part: int) -> None:
    wrong = [seed for seed in range(part, N_STORIES, 4) if tell(seed).wrong]
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
@pytest.mark.parametrize("part", range(2))
def test_no_limit_by_parties_or_characters_makes_a_false_proof(part: int) -> None:
    n_proven = 0
    for seed in range(part, N_STORIES // 2, 2):
        knobs = draw_knobs(rng := random.Random(seed))
        knobs.order = rng.choice(("change", "end", "start", "listed"))
        knobs.cap, knobs.cap_bytes = None, None
        knobs.cap_legs, knobs.cap_characters = rng.choice(((90, None), (250, None), (None, 20_000), (None, 60_000)))
        story = tell(seed, knobs=knobs)
        assert not story.wrong, seed
        n_proven += story.verdicts["any proven"] > 0
    assert n_proven >= N_STORIES // 40


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_a_platform_that_lists_three_days_late_fools_no_patient_archive(part: int) -> None:
    n_proven = 0
    for seed in range(part, N_STORIES // 2, 2):
        rng = random.Random(seed)
        knobs = draw_knobs(rng)
        knobs.listing, knobs.late = "late", 70 * HOUR
        story = tell(seed, knobs=knobs, patient_from=rng.randrange(8), settle=timedelta(hours=72))
        assert not story.wrong, seed
        n_proven += story.verdicts["any proven"] > 0
    assert n_proven >= N_STORIES // 40


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


def daily(n: int, *, every: float = DAY, days: float = 60, rate: float = 10, **knobs: Any) -> MemoryArchive:
    """Sync a platform n times and return the archive."""
    account, archive = Account(Knobs(**knobs), random.Random(3)), MemoryArchive(SMALL)
    account.live(days * DAY, rate)
    for _ in range(n):
        archive.sync(account)
        assert not archive.falsely_proven(account)
        account.live(account.now + every, rate)
    archive.account = account  # type: ignore[attr-defined]
    return archive


def proven_share(archive: MemoryArchive) -> float:
    if not archive.certificate.periods:
        return 0.0
    spans = [(one.verdict, (one.end - one.start).total_seconds()) for one in archive.certificate.periods]
    return sum(length for verdict, length in spans if verdict == "PROVEN") / sum(length for _, length in spans)


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"display": "reversed"},
        {"display": "shuffled"},
        {"order": "end", "listing": "at end"},
        {"order": "listed"},
        {"pins": 3},
        {"retention": 40 * DAY},
        {"same_second": 0.8},
        {"listing": "late", "late": 20 * HOUR},
        {"doubled": 0.5},
        {"without_start": 0.03},
        {"skew": 3 * HOUR},
    ],
)
def test_what_is_new_on_an_honest_platform_is_proven_within_a_few_syncs(knobs: dict[str, Any]) -> None:
    archive = daily(8, rate=11, **knobs)
    assert archive.certificate.periods[-1].reason_key == "settling"
    assert archive.certificate.periods[-2].verdict == "PROVEN"


@pytest.mark.parametrize(
    "knobs", [{}, {"display": "shuffled"}, {"order": "end"}, {"pins": 3}, {"doubled": 0.5}, {"order": "random"}]
)
def test_after_a_month_all_the_history_is_proven(knobs: dict[str, Any]) -> None:
    archive = daily(36, rate=11, **knobs)
    verdicts = [one.verdict for one in archive.certificate.periods]
    assert verdicts == ["PROVEN"] * (len(verdicts) - 1) + ["PROBABLE"] or knobs.get("order") == "random"
    assert proven_share(archive) > 0.75


@pytest.mark.parametrize("cap", [100, 77, 143])
def test_under_a_cap_what_comes_from_now_on_is_proven_though_the_past_is_not(cap: int) -> None:
    archive = daily(10, cap=cap)
    assert archive.certificate.periods[-2].reason_key == "anchored"
    assert archive.certificate.periods[0].verdict == "PROBABLE"


@pytest.mark.parametrize("cap", [20, 30, 48])
def test_what_a_cap_swallowed_is_named_as_a_gap_and_never_forgotten(cap: int) -> None:
    archive = daily(6, every=7 * DAY, cap=cap)
    account: Account = archive.account  # type: ignore[attr-defined]
    account.knobs.cap = 3 * cap
    for _ in range(5):
        archive.sync(account)
        account.live(account.now + DAY, 10)
    begin = archive.certificate.periods[0].start
    lost = [one for one in archive.lost(account) if one.as_seen(account.now).started_at > begin]  # type: ignore[operator]
    assert lost
    for one in lost:
        at = one.as_seen(account.now).started_at
        period = next(each for each in archive.certificate.periods if each.start <= at < each.end)  # type: ignore[operator]
        assert period.verdict == "GAP"


@pytest.mark.parametrize("order", ["oldest", "id", "creator", "random"])
def test_another_order_is_named_and_nothing_is_proven_by_overlap(order: str) -> None:
    archive = daily(5, order=order)
    assert archive.evidence.order_broken_at is not None
    assert not [one for one in archive.certificate.periods if one.reason_key == "anchored"]


def test_an_arbitrary_order_with_a_cap_leaves_gaps() -> None:
    archive = daily(6, order="random", cap=77)
    assert archive.certificate.worst == "GAP"
    assert proven_share(archive) == 0


def test_a_fixed_arbitrary_part_of_the_list_is_a_gap_once_a_tenth_has_vanished_though_few_at_a_time() -> None:
    archive, account = MemoryArchive(SMALL), Account(Knobs(order="id", cap_bytes=60_000), random.Random(3))
    account.live(45 * DAY, 20)
    archive.sync(account)
    first_read = account.now
    for _ in range(14):
        account.live(account.now + DAY, 20)
        archive.sync(account)
    lost = [one.start for one in archive.lost(account) if first_read < one.start < account.now - 2 * DAY]
    assert len(lost) > 100
    for start in lost:
        over = archive.certificate.over(instant(start), instant(start + 1))
        assert [one.reason_key for one in over.periods] == ["order_broken"]
    assert len(archive.evidence.windows) < 12


def test_many_that_vanish_from_a_list_kept_newest_first_leave_no_gap() -> None:
    archive = daily(8)
    account: Account = archive.account  # type: ignore[attr-defined]
    for _ in range(20):
        recent = [one for one in account.meetings if account.now - 4 * DAY < one.end < account.now - 2 * DAY]
        for one in recent[:2]:
            one.gone, one.deleted = account.now, True
        archive.sync(account)
        assert archive.certificate.worst == "PROBABLE"
        account.live(account.now + DAY, 10)


@pytest.mark.parametrize("n_empty", [1, 3])
def test_after_empty_first_syncs_what_a_cap_hides_is_never_proven(n_empty: int) -> None:
    account, archive = Account(Knobs(cap=47), random.Random(3)), MemoryArchive(SMALL)
    account.live(5 * DAY, 0)
    for _ in range(n_empty):
        archive.sync(account)
        assert {one.reason_key for one in archive.certificate.periods} == {"empty_so_far"}
    account.live(account.now + 8 * DAY, 15)
    for _ in range(30):
        archive.sync(account)
        lost = archive.lost(account)
        assert len(lost) > 60
        assert all(
            archive.certificate.over(instant(one.start), instant(one.start + 1)).worst != "PROVEN" for one in lost
        )
        account.live(account.now + DAY, 4)
    assert "PROVEN" in {one.verdict for one in archive.certificate.periods}, "what comes from now on is"


def test_after_empty_first_syncs_a_suspicious_answer_leaves_a_gap_since_the_first_asking() -> None:
    account, archive = Account(Knobs(cap=50), random.Random(3)), MemoryArchive(SMALL)
    archive.sync(account)
    account.live(8 * DAY, 15)
    archive.sync(account)
    first = archive.certificate.periods[0]
    assert (first.verdict, first.start) == ("GAP", instant(-DAY))
    assert all(instant(one.start) < first.end for one in archive.lost(account))


def test_a_round_number_after_empty_answers_is_a_gap_until_more_come() -> None:
    account, archive = Account(Knobs(), random.Random(4)), MemoryArchive(SMALL)
    archive.sync(account)
    account.live(5 * DAY, 10)
    archive.sync(account)
    assert archive.certificate.periods[0].reason_key == "unreached"
    for _ in range(8):
        account.live(account.now + DAY, 11)
        archive.sync(account)
    assert archive.certificate.worst != "GAP"
    assert archive.certificate.periods[0].verdict == "PROVEN"


CATEGORIES: list[dict[str, Any]] = [
    {"per_creator": 3},
    {"per_creator": 8, "n_creators": 5},
    {"per_creator": 20},
    {"per_kind": 37, "bookings": 0.3},
    {"per_kind": 50, "bookings": 0.1},
    {"per_kind": 90, "bookings": 0.5},
]


@pytest.mark.slow
@pytest.mark.parametrize("knobs", CATEGORIES, ids=str)
def test_a_limit_by_category_hides_nothing_in_what_is_proven(knobs: dict[str, Any]) -> None:
    for seed in range(N_STORIES // 20):
        assert not tell(seed, knobs=Knobs(**knobs)).wrong, seed


@pytest.mark.slow
@pytest.mark.parametrize("seed", [191, 290])
def test_limits_by_category_that_once_fooled_the_rules_do_so_no_more(seed: int) -> None:
    for knobs in CATEGORIES:
        assert not tell(seed, knobs=Knobs(**knobs)).wrong


def test_a_limit_by_category_is_told_once() -> None:
    account, archive, said = Account(Knobs(per_creator=12, n_creators=4), random.Random(3)), MemoryArchive(SMALL), []
    account.live(30 * DAY, 6)
    for _ in range(20):
        archive.sync(account)
        assert archive.last is not None
        said += [note.text.en for note in archive.last.notes if note.key == "category"]
        account.live(account.now + DAY, 1)
    assert len(said) == len(set(said))
    assert any("newest 12 of each creator" in one for one in said)


@pytest.mark.parametrize("rate", [3, 30])
def test_an_account_that_begins_empty_gets_proven_like_any_other(rate: float) -> None:
    account, archive = Account(Knobs(), random.Random(4)), MemoryArchive(SMALL)
    for _ in range(40):
        archive.sync(account)
        assert archive.certificate.worst != "GAP"
        account.live(account.now + DAY, rate)
    verdicts = [one.verdict for one in archive.certificate.periods]
    assert verdicts == ["PROVEN"] * (len(verdicts) - 1) + ["PROBABLE"]


def test_a_meeting_or_two_of_the_settling_time_are_no_reading_of_what_comes_after() -> None:
    account, archive = Account(Knobs(cap=47), random.Random(3)), MemoryArchive(SMALL)
    account.live(5 * DAY, 0)
    account.live(account.now + HOUR, 48)
    archive.sync(account)
    account.live(account.now + 8 * DAY, 15)
    archive.sync(account)
    for one in archive.lost(account):
        assert archive.certificate.over(instant(one.start), instant(one.start + 1)).worst == "GAP"


def test_a_clock_that_was_ahead_for_one_sync_costs_what_rests_on_that_sync_and_no_more() -> None:
    archive = daily(8)
    account: Account = archive.account  # type: ignore[attr-defined]
    proven = [one for one in archive.certificate.periods if one.verdict == "PROVEN"]
    account.knobs.skew, account.knobs.tells_skew = -9 * DAY, False
    archive.sync(account)
    assert archive.certificate.periods[-2].end > instant(account.now)
    account.knobs.skew = 0
    account.live(account.now + DAY, 10)
    archive.sync(account)
    assert archive.last is not None
    assert [note.key for note in archive.last.notes] == ["clock"]
    assert not archive.evidence.doubts
    for one in archive.certificate.periods:
        assert one.verdict != "PROVEN" or one.end <= instant(account.now - DAY)
    for one in proven:
        assert archive.certificate.over(one.start, one.end).worst == "PROVEN"
    assert archive.certificate.periods[-2].verdict == "PROVEN"
    assert archive.certificate.periods[-2].end == instant(archive.read_at[-1] - DAY)
    account.live(account.now + DAY, 10)
    archive.sync(account)
    assert "clock" not in [note.key for note in archive.last.notes]
    assert not archive.evidence.doubts


def test_a_clock_that_was_ahead_hides_no_gap() -> None:
    archive = daily(10, cap=77)
    account: Account = archive.account  # type: ignore[attr-defined]
    account.knobs.skew, account.knobs.tells_skew = -60 * DAY, False
    archive.sync(account)
    account.knobs.skew = 0
    account.live(account.now + 20 * DAY, 10)
    first_read = archive.read_at[0]
    archive.sync(account)
    lost = [one.start for one in archive.lost(account) if one.start > first_read]
    assert len(lost) > 100
    assert all(archive.certificate.over(instant(at), instant(at + 1)).worst == "GAP" for at in lost)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_no_proof_is_false_after_this_machines_clock_was_set_wrong_for_a_while(part: int) -> None:
    for seed in range(part, N_STORIES // 2, 4):
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


def test_what_is_listed_later_than_it_should_be_revokes_the_proof() -> None:
    archive = daily(20, listing="late", late=47 * HOUR)
    assert proven_share(archive) == 0
    assert any(one.reason_key == "unreliable" for one in archive.certificate.periods)


def test_the_full_pull_of_every_month_finds_what_was_listed_very_late() -> None:
    archive = daily(36, days=20)
    account: Account = archive.account  # type: ignore[attr-defined]
    account.meet(account.now - 20 * DAY)
    late = account.meetings[-1]
    late.listed = account.now
    assert proven_share(archive) > 0.8
    for _ in range(35):
        archive.sync(account)
        account.live(account.now + DAY, 10)
    assert [one.meeting_id for one in archive.evidence.doubts] == [late.id]
    assert proven_share(archive) == 0


@pytest.mark.parametrize("omits", [0.03, 0.1, 0.3])
def test_lists_that_leave_records_out_at_random_are_not_proven(omits: float) -> None:
    archive = daily(12, omits=omits)
    assert archive.evidence.doubts or archive.evidence.order_broken_at
    assert proven_share(archive) == 0


def test_the_platforms_forgetting_is_no_gap_and_is_said_once() -> None:
    account, archive, said = Account(Knobs(retention=30 * DAY), random.Random(3)), MemoryArchive(SMALL), 0
    account.live(60 * DAY, 10)
    for _ in range(40):
        archive.sync(account)
        assert archive.last is not None
        said += sum(note.key == "forgotten" for note in archive.last.notes)
        account.live(account.now + DAY, 10)
    assert said == 1
    assert all(one.verdict != "GAP" for one in archive.certificate.periods)
    assert proven_share(archive) > 0.4


@pytest.mark.slow
def test_evidence_of_a_year_of_daily_syncs_stays_small() -> None:
    archive = daily(365, days=20, rate=2.3)
    assert len(archive.evidence.windows) < 40
    assert len(archive.certificate.periods) < 8
