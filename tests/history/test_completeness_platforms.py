"""Platforms of every kind, day by day: what is honest gets proven, what is lost is named, nothing else is claimed."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.history.simulator import SMALL
from tests.history.simulator_account import DAY, HOUR, Account, Knobs, instant
from tests.history.simulator_archive import MemoryArchive


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_what_is_listed_later_than_it_should_be_revokes_the_proof() -> None:
    archive = daily(20, listing="late", late=47 * HOUR)
    assert proven_share(archive) == 0
    assert any(one.reason_key == "unreliable" for one in archive.certificate.periods)


@pytest.mark.slow
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


@pytest.mark.slow
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
