"""What is still possible of a period that is not proven: named, with what excludes it, and when."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from statistics import median

import pytest

from tests.history.liveness import day_of_proof, live
from tests.history.simulator_account import DAY, Account, Knobs, instant
from tests.history.simulator_archive import MemoryArchive
from ytxdata.history.proof.certificate import outlook_on
from ytxdata.history.proof.evidence import Evidence, Window
from ytxdata.history.proof.policy import POSSIBLE, REASONS, Policy
from ytxdata.history.proof.verdict import room


def lived(rate: float, days_before: int, n_syncs: int, seed: int = 1, **knobs: object) -> tuple[Account, MemoryArchive]:
    account, archive = Account(Knobs(**knobs), random.Random(seed)), MemoryArchive(Policy())  # type: ignore[arg-type]
    live(account, days_before, rate)
    for n in range(n_syncs):
        if n:
            live(account, 1, rate)
        archive.sync(account, call_takes=0)
    return account, archive


@pytest.mark.parametrize("reason", list(REASONS))
def test_every_reason_that_is_probable_says_what_is_still_possible_and_no_other_does(reason: str) -> None:
    outlook = outlook_on(reason, instant(0), Evidence())
    assert (outlook is not None) == (REASONS[reason].verdict == "PROBABLE")


def test_both_languages_say_it() -> None:
    for possible in POSSIBLE.values():
        for text in possible:
            assert text.zh
            assert text.en
            assert text.zh != text.en


def test_a_full_answer_leaves_a_limit_possible_between_its_length_and_one_record_more() -> None:
    _, archive = lived(1, 60, 1)
    window = archive.evidence.windows[0]
    outlook = archive.certificate.periods[0].outlook
    assert outlook is not None
    assert window.size
    assert window.largest
    needed = room(window.largest, Policy(), is_strict=True)
    for unit, measure, n in (("KiB", 1024, "n_bytes"), ("parties", 1, "n_legs")):
        found = re.search(rf"([\d,]+)(?: {unit})? and ([\d,]+) {unit}", outlook.hypothesis.en)
        assert found, unit
        low, high = getattr(window.size, n), getattr(window.size, n) + getattr(needed, n)
        assert found.groups() == (f"{low / measure:,.0f}", f"{high / measure:,.0f}")
    assert re.search(r"about \d+ more meetings", outlook.excluded_by.en)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1, 3])
def test_when_it_is_expected_is_about_when_it_comes(rate: float) -> None:
    errors = []
    for seed in range(9):
        account, archive = lived(rate, 60, 1, seed)
        if archive.certificate.periods[0].reason_key != "full":
            continue  # a round number: the next answer decides
        outlook = archive.certificate.periods[0].outlook
        assert outlook is not None
        assert outlook.expected_at is not None
        foreseen = (outlook.expected_at - instant(account.now)) / timedelta(days=1)
        came = day_of_proof(rate, seed)
        assert came is not None
        errors.append(abs(foreseen - came) / came)
    assert median(errors) < 0.6


def test_what_a_limit_has_cut_no_answer_of_the_platform_brings_back() -> None:
    _, archive = lived(10, 60, 8, cap=143)
    outlook = archive.certificate.periods[0].outlook
    assert outlook is not None
    assert (outlook.excluded_by, outlook.expected_at) == (POSSIBLE["forgotten"].excluded_by, None)


def test_the_young_part_is_expected_when_it_has_settled() -> None:
    account, archive = lived(10, 20, 3)
    young = archive.certificate.periods[-1]
    assert young.reason_key == "settling"
    assert young.outlook is not None
    assert young.outlook.expected_at == instant(account.now + DAY)


def test_a_card_says_what_is_possible_and_a_proven_period_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTX_LANG", "en")
    _, archive = lived(10, 20, 3)
    frame = archive.certificate.frame
    assert frame["possible_en"].isna().tolist() == (frame["verdict"] == "PROVEN").tolist()
    html = archive.certificate._repr_html_()
    assert "still possible: a meeting that is listed later; excluded by a sync after that time (about 2026-" in html


@pytest.mark.parametrize(
    ("lengths", "pace"),
    [
        ((100, 110), DAY),  # ten more in ten days
        ((100, 120), DAY / 2),
        ((120, 100), 25 * DAY / 100),  # it became no longer: all it holds, over all the time it holds
        ((100, 100), 25 * DAY / 100),
        ((100,), 15 * DAY / 100),
    ],
)
def test_the_pace_is_that_of_full_answers_growing_or_else_of_what_lies_in_one(
    lengths: tuple[int, ...], pace: float
) -> None:
    """A round number asks for one more meeting: it comes at the pace of the account, and has settled a day later."""
    windows = tuple(
        Window("cap_round", (f"p{i}",), instant((i + 1) * 10 * DAY), instant(0), instant(0), oldest=instant(-5 * DAY), n_records=n)
        for i, n in enumerate(lengths)
    )  # fmt: skip
    asked_at = windows[-1].asked_at
    outlook = outlook_on("cap_round", asked_at, Evidence(windows=windows, last_asked_at=asked_at, settle_s=3600))
    assert outlook is not None
    assert outlook.expected_at == asked_at + timedelta(seconds=pace) + timedelta(hours=1)
