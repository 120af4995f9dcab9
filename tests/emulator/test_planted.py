"""Each planted case is what its check is about, at the default thresholds, and survives being trimmed to size."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest

from ytxdata.emulator.backend import Backend
from ytxdata.emulator.options import Options
from ytxdata.errors import UsageError

CHECKS = [
    "duplicate_exact",
    "duplicate_near",
    "id_collision",
    "mutated_after_close",
    "vanished",
    "missing_end",
    "impossible_time",
    "zero_duration",
    "over_long",
    "cut_at_cap",
    "lonely_tail",
    "short_call",
    "off_hours",
    "same_person_twice",
    "creator_overlap",
    "burst",
    "enumeration",
    "unknown_number",
    "risky_number",
    "sudden_change",
    "billing_mismatch",
]
Row = dict[str, Any]


class Story:
    """One company with plants, and the facts of a case."""

    def __init__(self, seed: int, until: str = "2026-03-04") -> None:
        self.backend = Backend(Options(meetings=700, seed=seed, until=until, planted=True))
        self.read()

    def read(self) -> None:
        self.truth = self.backend.truth()
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.legs: dict[str, list[Row]] = defaultdict(list)
        for row in self.truth["meetings"]:
            self.rows[row["meeting_id"]].append(row)
        for leg in self.truth["legs"]:
            self.legs[leg["meeting_id"]].append(leg)

    def cases(self, check: str, case: str | None = None) -> list[Row]:
        return [found for found in self.truth["planted"][check] if case in (None, found["case"])]

    def meetings(self, check: str, case: str | None = None) -> list[Row]:
        (found,) = self.cases(check, case)
        return [row for meeting_id in found["record_ids"] for row in self.rows[meeting_id]]

    def one(self, check: str, case: str | None = None) -> Row:
        (row,) = self.meetings(check, case)
        return row

    def people(self, row: Row) -> set[str]:
        return {leg["number"] for leg in self.legs[row["meeting_id"]] if leg["number"]}

    @property
    def roster(self) -> set[str]:
        return {row["phone"] for row in self.truth["roster"]}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def span(row: Row) -> float:
    return (at(row["ended_at"]) - at(row["started_at"])).total_seconds()


def shared(one: Row, two: Row) -> timedelta:
    return min(at(one["ended_at"]), at(two["ended_at"])) - max(at(one["started_at"]), at(two["started_at"]))


@pytest.fixture(scope="module", params=[1, 2, 3])
def story(request: pytest.FixtureRequest) -> Story:
    return Story(request.param)


def test_every_check_has_its_case_and_every_case_its_records(story: Story) -> None:
    assert sorted(story.truth["planted"]) == sorted(CHECKS)
    assert len(story.truth["meetings"]) == 700
    for check in CHECKS:
        for case in story.cases(check):
            assert case["record_ids"]
            held = [meeting_id in story.rows for meeting_id in case["record_ids"]]
            assert all(held) or case["case"] == "missing in the records"
            assert set(case["also"]) <= set(CHECKS)


def test_duplicates(story: Story) -> None:
    one, two = story.meetings("duplicate_exact")
    facts = ("creator", "started_at", "ended_at")
    assert [one[f] for f in facts] == [two[f] for f in facts]
    assert one["meeting_id"] != two["meeting_id"]
    assert story.people(one) == story.people(two)
    one, two = story.meetings("duplicate_near")
    assert abs(at(one["started_at"]) - at(two["started_at"])) == timedelta(seconds=1)
    assert abs(at(one["ended_at"]) - at(two["ended_at"])) == timedelta(seconds=1)
    assert shared(one, two) < timedelta(minutes=5)


def test_one_id_for_two_meetings(story: Story) -> None:
    one, two = story.meetings("id_collision")
    assert one["meeting_id"] == two["meeting_id"]
    assert one["creator"] != two["creator"]
    assert shared(one, two) < timedelta(0)


@pytest.mark.slow
def test_changes_and_losses_come_an_hour_later() -> None:
    story = Story(4)
    before = {
        case["case"]: story.one("mutated_after_close", case["case"]) for case in story.cases("mutated_after_close")
    }
    people = {case: len(story.legs[row["meeting_id"]]) for case, row in before.items()}
    assert not any(row["is_vanished"] for row in story.truth["meetings"])
    story.backend.advance(timedelta(hours=2))
    story.read()
    after = {case: story.one("mutated_after_close", case) for case in before}
    assert after["money"]["amount_yuan"] != before["money"]["amount_yuan"]
    assert after["end"]["ended_at"] > before["end"]["ended_at"]
    assert after["end"]["duration_s"] == span(after["end"])
    assert len(story.legs[after["people"]["meeting_id"]]) == people["people"] - 1
    assert [row["meeting_id"] for row in story.truth["meetings"] if row["is_vanished"]] == [
        story.one("vanished")["meeting_id"]
    ]


def test_times_that_cannot_be(story: Story) -> None:
    row = story.one("missing_end")
    assert row["ended_at"] is None
    assert at(story.truth["now"]) - at(row["started_at"]) > timedelta(hours=24)
    row = story.one("impossible_time", "end before start")
    assert row["ended_at"] < row["started_at"]
    row = story.one("impossible_time", "duration off")
    assert abs(row["duration_s"] - span(row)) > 2
    assert story.one("impossible_time", "duration in milliseconds")["duration_s"] == 1800 * 1000
    assert story.one("impossible_time", "duration in minutes")["duration_s"] == 1800 / 60
    assert at(story.one("impossible_time", "starts in the future")["started_at"]) > at(story.truth["now"])


def test_line_lengths(story: Story) -> None:
    failed, short = story.one("zero_duration", "failed call"), story.one("zero_duration", "answered and over")
    assert failed["duration_s"] == short["duration_s"] == span(failed) == span(short) == 0
    assert not any(leg["joined_at"] for leg in story.legs[failed["meeting_id"]])
    assert all(leg["joined_at"] for leg in story.legs[short["meeting_id"]])
    assert (
        4 * 3600
        < story.one("over_long", "warn")["duration_s"]
        < 12 * 3600
        < story.one("over_long", "crit")["duration_s"]
    )
    assert story.one("cut_at_cap", "4 h")["duration_s"] == 4 * 3600
    assert abs(story.one("cut_at_cap", "24 h")["duration_s"] - 24 * 3600) <= 3
    ends = sorted(leg["left_at"] for leg in story.legs[story.one("lonely_tail")["meeting_id"]])
    assert at(ends[-1]) - at(ends[-2]) >= timedelta(minutes=10)


def test_short_calls(story: Story) -> None:
    assert story.one("short_call", "6 s")["duration_s"] < 10
    row = story.one("short_call", "45 s with two legs")
    assert row["duration_s"] < 60
    assert len(story.legs[row["meeting_id"]]) >= 2
    rows = story.meetings("short_call", "one creator's share")
    short = [row for row in rows if row["duration_s"] < 60]
    assert len(rows) >= 20
    assert len(short) / len(rows) > 0.15
    assert len(story.cases("short_call", "40 s with two legs")) == len(short)


def test_hours(story: Story) -> None:
    from chinese_calendar import is_workday

    night = at(story.one("off_hours", "night")["started_at"]) + timedelta(hours=8)
    assert night.hour == 3
    assert not is_workday((at(story.one("off_hours", "day off")["started_at"]) + timedelta(hours=8)).date())


def test_people_in_two_places(story: Story) -> None:
    one, two = story.meetings("same_person_twice")
    (case,) = story.cases("same_person_twice")
    assert case["number"] in story.people(one) & story.people(two)
    assert one["creator"] != two["creator"]
    assert shared(one, two) > timedelta(minutes=5)
    one, two = story.meetings("creator_overlap")
    assert one["creator"] == two["creator"]
    assert shared(one, two) > timedelta(minutes=5)
    assert not story.people(one) & story.people(two)


def test_bursts_and_rows_of_numbers(story: Story) -> None:
    rows = story.meetings("burst")
    assert len(rows) >= 5
    assert len({row["creator"] for row in rows}) == 1
    assert at(rows[-1]["started_at"]) - at(rows[0]["started_at"]) <= timedelta(minutes=10)
    for case in story.cases("enumeration"):
        numbers = [int(number[1:]) for number in case["numbers"]]
        assert len(numbers) >= 5
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        met = set().union(*(story.people(row) for row in story.meetings("enumeration", case["case"])))
        assert set(case["numbers"]) <= met
        assert not {number.removeprefix("+86") for number in case["numbers"]} & story.roster


def test_numbers_nobody_knows_and_numbers_at_risk(story: Story) -> None:
    (case,) = story.cases("unknown_number")
    assert case["number"].removeprefix("+86") not in story.roster
    age = at(story.truth["now"]) - at(story.one("unknown_number")["started_at"])
    assert age < timedelta(days=30)
    for case in story.cases("risky_number"):
        assert case["number"] in story.people(story.one("risky_number", case["case"]))
        assert case["number"] in story.roster


def test_a_sudden_day(story: Story) -> None:
    (case,) = story.cases("sudden_change")
    minutes: dict[str, float] = defaultdict(float)
    for row in story.truth["meetings"]:
        if row["creator"] == case["creator"]:
            minutes[str((at(row["started_at"]) + timedelta(hours=8)).date())] += span(row) / 60
    spike = minutes.pop(case["day"])
    usual = list(minutes.values())
    assert len(usual) >= 6
    assert {datetime.fromisoformat(day).weekday() for day in minutes} == {datetime.fromisoformat(case["day"]).weekday()}
    spread = median(abs(value - median(usual)) for value in usual)
    assert (spike - median(usual)) / spread > 5


def test_an_invoice_with_errors(story: Story) -> None:
    lines = {line["meeting_id"]: line for line in story.truth["invoice"]}
    row = story.one("billing_mismatch", "duration")
    assert abs(lines[row["meeting_id"]]["duration_s"] - row["duration_s"]) > 2
    row = story.one("billing_mismatch", "amount")
    assert lines[row["meeting_id"]]["amount_yuan"] != row["amount_yuan"]
    assert story.one("billing_mismatch", "missing on the invoice")["meeting_id"] not in lines
    (phantom,) = story.cases("billing_mismatch", "missing in the records")
    assert phantom["record_ids"][0] in lines
    assert phantom["record_ids"][0] not in story.rows


@pytest.mark.parametrize("until", ["2026-10-10T12:00", "2026-02-27", "2025-05-07T18:00", "2027-06-01"])
def test_plants_work_around_holidays_too(until: str) -> None:
    story = Story(5, until)
    test_a_sudden_day(story)
    test_every_check_has_its_case_and_every_case_its_records(story)


def test_a_company_too_small_for_its_plants_is_refused() -> None:
    with pytest.raises(UsageError, match="meetings"):
        Backend(Options(meetings=100, until="2026-03-04", planted=True))
