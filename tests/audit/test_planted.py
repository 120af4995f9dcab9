"""A company in which things went wrong: every planted case is found under its own name, and clean ones ring no alarm."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.audit.office import Story, tell
from ytxdata import audit


def missed(story: Story, found: audit.Findings) -> list[tuple[str, str]]:
    """The planted cases that no finding of their own check covers."""
    covered: dict[str, list[set[str]]] = {}
    for row in found.frame.to_dict("records"):
        covered.setdefault(row["check"], []).append(set(row["record_ids"]))
    cases = [(check, case) for check, several in story.truth["planted"].items() for case in several]
    return [
        (check, case["case"])
        for check, case in cases
        if not any(set(case["record_ids"]) <= ids for ids in covered.get(check, []))
    ]


def strangers(story: Story, found: audit.Findings) -> list[dict[str, Any]]:
    """Grave findings that no planted case accounts for."""
    expected: dict[str, set[str]] = {}
    for check, cases in story.truth["planted"].items():
        for case in cases:
            for key in (check, *case["also"]):
                expected.setdefault(key, set()).update(case["record_ids"])
    rows = found.frame[found.frame["severity"] == "crit"].to_dict("records")
    return [
        row for row in rows if not set(row["record_ids"]) <= expected.get(row["check"], set()) or not row["record_ids"]
    ]


@pytest.mark.slow
def test_every_planted_case_is_found_under_its_own_name(story: Story) -> None:
    found = story.audit()
    assert missed(story, found) == []
    assert strangers(story, found) == []
    assert set(found.not_run) == {"small_group"}
    severities = {(row["check"], row["severity"]) for row in found.frame.to_dict("records")}
    assert {
        ("over_long", "warn"),
        ("over_long", "crit"),
        ("mutated_after_close", "warn"),
        ("mutated_after_close", "crit"),
    } <= severities


@pytest.mark.slow
def test_a_clean_company_rings_no_alarm(tmp_path: Path) -> None:
    story = tell(5, tmp_path, meetings=1000, planted=False)
    found = story.audit()
    assert found.frame[found.frame["severity"] == "crit"].to_dict("records") == []
    quiet = (
        "duplicate_near",
        "missing_end",
        "impossible_time",
        "zero_duration",
        "same_person_twice",
        "creator_overlap",
        "burst",
        "cut_at_cap",
        "unknown_number",
    )
    assert Counter(found.frame["check"]).keys() & set(quiet) == set()


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("seed", range(2, 6))
def test_other_companies(seed: int, tmp_path: Path) -> None:
    story = tell(seed, tmp_path, meetings=400)
    found = story.audit()
    assert missed(story, found) == []
    assert strangers(story, found) == []
