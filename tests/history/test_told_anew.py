"""Platforms that delete much at once, change their ids, or tell one answer in another zone: honest, and no gap.

What hides meetings in the same way is not believed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.history.one_answer import meeting
from tests.history.simulator import SMALL
from tests.history.simulator_account import DAY, Account, Knobs, Meeting, instant
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.evidence import Known, PullFacts, Seen
from ytxdata.history.proof.overlap import told_anew
from ytxdata.history.proof.policy import DEFAULT_POLICY

HOUR = timedelta(hours=1)


class Platform(Account):
    """An account whose records may be told otherwise, and of which some may be hidden."""

    tells: Callable[[Seen], Seen] | None = None
    hides: Callable[[Meeting], bool] | None = None

    def listing(self) -> list[Meeting]:
        return [one for one in super().listing() if not (self.hides and self.hides(one))]

    def ask(self, n: int) -> PullFacts:
        pull = super().ask(n)
        if self.tells is None:
            return pull
        told = [self.tells(one)._replace(record_hash=f"{one.record_hash}'") for one in pull.records]
        of = {one.id: one for one in self.meetings}
        for old, new in zip(pull.records, told, strict=True):
            of[old.meeting_id].hashes.add(new.record_hash)
        return replace(pull, records=told)


def proven(seed: int = 3, **knobs: object) -> tuple[Platform, MemoryArchive]:
    """Return an account that was synced daily for ten days, and its archive: newest-first was shown."""
    account, archive = Platform(Knobs(**knobs), random.Random(seed)), MemoryArchive(SMALL)  # type: ignore[arg-type]
    account.live(40 * DAY, 12)
    days(account, archive, 10)
    assert archive.evidence.order_shown
    assert archive.certificate.periods[-2].verdict == "PROVEN"
    return account, archive


def days(account: Platform, archive: MemoryArchive, n: int) -> list[tuple[set[str], str]]:
    """Sync on so many days; return of each which notes it left, and the worst verdict."""
    seen = list[tuple[set[str], str]]()
    for _ in range(n):
        archive.sync(account)
        assert not archive.falsely_proven(account)
        assert archive.last is not None
        seen.append(({one.key for one in archive.last.notes}, archive.certificate.worst))
        account.live(account.now + DAY, 12)
    return seen


@pytest.mark.parametrize(
    ("share", "age", "asks"),
    [(0.14, 5, "everything"), (0.25, 3, "everything"), (0.25, 3, "the newest"), (0.5, 3, "the newest")],
)
def test_what_is_deleted_at_once_where_newest_first_was_shown_is_told_once(share: float, age: int, asks: str) -> None:
    account, archive = proven()
    if asks == "everything":
        archive.evidence = replace(archive.evidence, full_at=None)
    rng = random.Random(1)
    for one in account.meetings:
        if one.start < account.now - age * DAY and rng.random() < share:
            one.gone, one.deleted = account.now, True
    began = account.now
    [(notes, worst), *later] = days(account, archive, 6)
    assert (notes, worst) == ({"vanished"}, "PROBABLE")
    assert all(one == (set(), "PROBABLE") for one in later)
    assert archive.evidence.order_shown
    assert archive.certificate.over(instant(began - DAY), instant(began + 3.9 * DAY)).worst == "PROVEN"


@pytest.mark.parametrize("kind", ["creators", "any"])
def test_what_hides_meetings_of_every_age_is_no_deletion(kind: str) -> None:
    account, archive = proven()
    creators = sorted({one.creator for one in account.meetings})[::4]
    account.hides = (lambda one: one.creator in creators) if kind == "creators" else (lambda one: one.id[0] in "0123")
    assert {"order"} < days(account, archive, 1)[0][0]
    assert archive.certificate.worst == "GAP"
    days(account, archive, 8)


def test_new_ids_are_a_seam_that_is_told_once() -> None:
    account, archive = proven()
    account.tells = lambda one: one._replace(meeting_id=f"M-{one.meeting_id}")
    began = account.now
    [(notes, worst), *later] = days(account, archive, 8)
    assert {"renamed", "vanished"} <= notes
    assert not notes & {"late", "order", "gap", "category"}
    assert worst == "PROBABLE"
    assert all(one == (set(), "PROBABLE") for one in later)
    assert archive.certificate.over(instant(began + 1.1 * DAY), instant(began + 5.9 * DAY)).worst == "PROVEN"
    assert archive.certificate.over(instant(began - 8 * DAY), instant(began - 2.1 * DAY)).worst == "PROVEN"


@pytest.mark.parametrize(("n_days", "hours"), [(1, -8), (2, -8), (1, 8), (1, 13)])
def test_an_answer_in_another_zone_is_told_and_the_right_ones_after_it_prove(n_days: int, hours: int) -> None:
    account, archive = proven()
    off = hours * HOUR
    account.tells = lambda one: moved_by(one, off)
    began = account.now
    wrong = days(account, archive, n_days)
    account.tells = None
    [(notes, _), *later] = days(account, archive, 8)
    assert "shifted" in wrong[0][0]
    assert {"shifted", "vanished"} <= notes
    told = set[str]().union(*(keys for keys, _ in (*wrong, *later)), notes)
    assert not told & {"late", "order", "gap", "category"}
    assert archive.certificate.worst == "PROBABLE"
    assert archive.certificate.periods[-2].verdict == "PROVEN"
    assert archive.certificate.over(instant(began + 3.1 * DAY), instant(began + 5.9 * DAY)).worst == "PROVEN"


def moved_by(one: Seen, by: timedelta) -> Seen:
    return one._replace(started_at=one.started_at and one.started_at + by, ended_at=one.ended_at and one.ended_at + by)


def known(records: list[Seen]) -> list[tuple[object, Known]]:
    return [(one.started_at, Known(*one[:4], one.ended_at, one.creator)) for one in records]  # type: ignore[arg-type]


def test_only_nearly_all_with_many_lengths_and_one_shift_of_a_zone_are_told_anew() -> None:
    missing = [meeting(10 + 3 * n, length=timedelta(minutes=20 + n)) for n in range(40)]

    def anew(records: list[Seen], gone: list[Seen] = missing) -> str:
        told = told_anew(known(gone), {one.key: [one] for one in records}, (), DEFAULT_POLICY)  # type: ignore[arg-type]
        return "" if told is None else str(told.shift)

    def off(by: timedelta, records: list[Seen] = missing) -> list[Seen]:
        return [moved_by(one, by) for one in records]

    renamed = [one._replace(meeting_id=f"M{one.meeting_id}") for one in missing]
    assert (anew(renamed), anew(renamed[4:]), anew(renamed[5:])) == ("None", "None", "")
    assert anew([one._replace(creator="d") for one in renamed]) == ""
    assert (anew(off(8 * HOUR)), anew(off(-HOUR / 4))) == ("8:00:00", "-1 day, 23:45:00")
    assert [anew(off(by)) for by in (24 * HOUR, 7 * 24 * HOUR, timedelta(minutes=20), timedelta(0))] == [""] * 4
    mixed = [*off(8 * HOUR, missing[:20]), *off(9 * HOUR, missing[20:])]
    assert anew(mixed) == ""
    rooms = [meeting(10 + 3 * n) for n in range(40)]
    assert anew(off(8 * HOUR, rooms), rooms) == ""
    assert anew(renamed[:4], missing[:4]) == ""
