"""How much a sync asks, and when it stops."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.history.simulator import SMALL
from tests.history.simulator_account import DAY, HOUR, Account, Knobs, instant
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.evidence import Evidence, NothingKnown, PullFacts
from ytxdata.history.proof.policy import Policy
from ytxdata.history.proof.rules import Reading, certify_history
from ytxdata.history.proof.unprovable import bars


def account_of(n_days: float = 60, rate: float = 10, **knobs: object) -> Account:
    account = Account(Knobs(**knobs), random.Random(5))  # type: ignore[arg-type]
    account.live(n_days * DAY, rate)
    return account


def asks(archive: MemoryArchive, account: Account) -> list[int]:
    """Sync once and return what was asked."""
    asked: list[int] = []
    ask = account.ask
    account.ask = lambda n: (asked.append(n), ask(n))[1]  # type: ignore[method-assign, func-returns-value]
    archive.sync(account)
    account.ask = ask  # type: ignore[method-assign]
    return asked


def test_a_first_sync_grows_fourfold_until_the_platform_stops() -> None:
    assert asks(MemoryArchive(SMALL), account_of()) == [40, 160, 640]


def test_a_first_sync_asks_a_thousand_first_by_default() -> None:
    assert Reading(NothingKnown(), Evidence(), instant(0)).ask == 1000


def test_the_second_sync_asks_for_more_than_the_length_of_the_first() -> None:
    archive, account = MemoryArchive(SMALL), account_of()
    asks(archive, account)
    account.live(account.now + DAY, 10)
    assert asks(archive, account) == [int(600 * 1.25) + 16]


def test_later_syncs_ask_one_tail_which_is_a_fraction_of_the_history() -> None:
    archive, account = MemoryArchive(SMALL), account_of()
    for _ in range(8):
        archive.sync(account)
        account.live(account.now + DAY, 10)
    assert archive.certificate.periods[0].reason_key == "matured", "what follows is the life of a proven archive"
    for _ in range(6):
        asked = asks(archive, account)
        assert len(asked) == 1
        assert asked[0] < 100
        account.live(account.now + DAY, 10)


@pytest.mark.slow
def test_a_busy_account_costs_one_call_a_day_too_though_no_day_is_like_the_one_before() -> None:
    archive, account = MemoryArchive(Policy()), account_of(20, 200)
    for _ in range(2):
        archive.sync(account)
        account.live(account.now + DAY, 200)
    n_calls = 0
    for _ in range(20):
        n_calls += len(asks(archive, account))
        account.live(account.now + DAY, 200)
    assert n_calls <= 22


def test_a_quiet_account_costs_one_call_from_the_second_sync_on_and_one_more_a_month() -> None:
    archive, account = MemoryArchive(SMALL), account_of()
    archive.sync(account)
    n_calls = []
    for _ in range(40):
        account.now += DAY
        n_calls.append(len(asks(archive, account)))
    assert sorted(n_calls) == [1] * 39 + [2]


@pytest.mark.parametrize("n", [0, 3, 12, 45])
def test_a_small_account_costs_one_call_too_and_one_more_that_shows_the_order(n: int) -> None:
    archive, account = MemoryArchive(Policy()), account_of(30, n / 30)
    n_calls = []
    for _ in range(8):
        n_calls.append(len(asks(archive, account)))
        account.live(account.now + DAY, 0)
    assert sorted(n_calls) == [1] * 7 + [2 if n == 45 else 1]
    assert archive.evidence.order_shown == (n == 45)


def test_as_soon_as_a_longer_answer_may_confirm_the_first_the_list_is_cut_at_three_places() -> None:
    archive, account = MemoryArchive(Policy()), account_of(10, 2.3)
    for _ in range(40):
        asked = asks(archive, account)
        if len(asked) == 4:
            break
        account.live(account.now + DAY, 2.3)
    full = archive.last_pulls[0]
    n = sum(instant(one.start) < full.asked_at - timedelta(days=1) for one in account.meetings)
    young = full.n_returned - n  # the youngest say nothing of the order: what has settled is cut
    assert asked[1:] == [young + n * 3 // 4, young + n // 2, young + n // 4]
    assert [one.verdict for one in archive.certificate.periods] == ["PROVEN", "PROVEN", "PROBABLE"]


def test_a_short_list_is_cut_at_more_places_until_no_luck_would_have_it_in_order() -> None:
    archive, account = MemoryArchive(Policy()), account_of(6, 1)
    most: list[int] = []
    for _ in range(40):
        most = max(most, asks(archive, account), key=len)
        if "PROVEN" in [one.verdict for one in archive.certificate.periods]:
            break
        account.live(account.now + DAY, 0.8)
    assert "PROVEN" in [one.verdict for one in archive.certificate.periods]
    assert 14 <= len(account.meetings) < 30
    assert 4 < len(most) <= 8
    full, *cuts = most
    assert cuts == sorted(cuts, reverse=True)
    assert full > cuts[0]


@pytest.mark.slow
def test_three_thousand_new_meetings_cost_a_handful_of_calls() -> None:
    archive, account = MemoryArchive(Policy()), account_of(100, 30)
    for _ in range(4):
        archive.sync(account)
        account.live(account.now + DAY, 30)
    account.live(account.now + DAY, 3000)
    assert len(asks(archive, account)) <= 5
    assert not archive.lost(account)
    assert all(one.verdict != "GAP" for one in archive.certificate.periods)


@pytest.mark.slow
def test_all_there_is_is_asked_for_again_after_thirty_days() -> None:
    archive, account = MemoryArchive(SMALL), account_of()
    n_full = 0
    for _ in range(65):
        asked = asks(archive, account)
        n_full += asked[0] > archive.land.count() - 50
        account.live(account.now + DAY, 10)
    # Of the first sync's three questions only the last; the second sync; two that confirm the first answer; a month
    # later.
    assert n_full == 1 + 2 + 1


@pytest.mark.parametrize("cap", [1, 7, 50, 333])
def test_a_platform_with_a_cap_is_not_asked_for_ever(cap: int) -> None:
    archive, account = MemoryArchive(SMALL), account_of(cap=cap)
    for _ in range(6):
        assert len(asks(archive, account)) <= 4
        account.live(account.now + DAY, 10)


def test_a_platform_that_always_gives_what_is_asked_ends_after_a_bounded_number_of_calls() -> None:
    reading = Reading(NothingKnown(), Evidence(), instant(0), Policy(largest_ask=10**6))
    n_calls = 0
    while (asked := reading.ask) is not None:
        n_calls += 1
        records = [account_seen] * min(asked, 2000)
        reading.take(PullFacts(f"p{n_calls}", instant(0), instant(0), asked, records, asked - len(records)))
    assert n_calls <= 7
    assert reading.result().certificate.worst != "PROVEN"


account_seen = account_of(1, 1).meetings[0].as_seen(10 * DAY)


def test_a_refused_large_question_is_followed_by_smaller_ones() -> None:
    archive, account = MemoryArchive(SMALL), account_of(refuses_above=100, default_answer=20)
    asked = asks(archive, account)
    assert asked[:3] == [40, 160, 100]
    assert archive.land.count() == 100
    assert archive.certificate.periods[0].reason_key == "cap_fewer"


def test_a_platform_known_to_keep_another_order_is_asked_for_everything_at_once() -> None:
    archive, account = MemoryArchive(SMALL), account_of(order="oldest")
    for _ in range(2):
        archive.sync(account)
        account.live(account.now + DAY, 10)
    for _ in range(5):
        asked = asks(archive, account)
        assert len(asked) == 1
        assert asked[0] > archive.land.count()
        account.live(account.now + DAY, 10)


def test_a_vanished_record_costs_one_long_sync_and_then_no_more() -> None:
    archive, account = MemoryArchive(SMALL), account_of()
    for _ in range(4):
        archive.sync(account)
        account.live(account.now + DAY, 10)
    account.meetings[-40].gone = account.now
    assert max(asks(archive, account)) > 600
    assert archive.last is not None
    assert archive.last.vanished == (account.meetings[-40 - 0].id,)
    n_calls = []
    for _ in range(5):
        account.live(account.now + DAY, 10)
        n_calls.append(len(asks(archive, account)))
        assert not archive.last.vanished
    assert max(n_calls) <= 2, "two where a full answer confirms the first"
    assert archive.certificate.periods[-2].verdict == "PROVEN"


def test_meetings_that_begin_between_two_calls_are_no_alarm() -> None:
    account, archive = account_of(), MemoryArchive(SMALL)
    archive.sync(account, call_takes=6 * HOUR)
    assert archive.last is not None
    assert not [note for note in archive.last.notes if note.key not in ("cap",)]
    assert [one.reason_key for one in archive.certificate.periods][-1] == "settling"


def test_an_interrupted_sync_claims_nothing() -> None:
    archive, account = MemoryArchive(SMALL), account_of()
    archive.sync(account, breaks_after=2)
    assert archive.land.count() == 0
    assert replace(archive.evidence, suspects_hide=()) == Evidence()
    assert not bars(archive.evidence)


def test_answers_read_without_an_archive_are_probable_at_best() -> None:
    account = account_of(rate=9.7)
    pulls = [account.ask(n) for n in (200, 800, 800)]
    certificate = certify_history(pulls, instant(account.now))
    assert {one.verdict for one in certificate.periods} == {"PROBABLE"}
    assert certificate.periods[0].reason_key == "full"
    newest = certify_history(pulls[:1], instant(account.now))
    assert newest.periods[0].reason_key == "unanchored"
    assert newest.over(instant(0), instant(DAY)).worst == "GAP"


def test_a_saved_answer_that_does_not_say_what_was_asked_is_probable() -> None:
    account = account_of()
    saved = replace(account.ask(77), asked_n=None)
    certificate = certify_history([saved], instant(account.now))
    assert {one.reason_key for one in certificate.periods} == {"saved", "settling"}
