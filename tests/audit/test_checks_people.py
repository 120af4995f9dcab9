"""Checks of creators and numbers: each fires, each keeps quiet, each at its threshold."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from tests.audit.office import ANNA, BORIS, CARLA, DMITRI, Finder, Office

ROSTER = pd.DataFrame({"phone": [ANNA, BORIS, CARLA, DMITRI], "name": ["安", "博", "卡", "德"], "department": "销售部"})


@pytest.mark.parametrize(("shared", "is_found"), [(301, True), (300, False)])
def test_one_person_in_two_meetings_at_once(office: Office, find: Finder, shared: int, is_found: bool) -> None:
    office.meet("1", "2026-03-03 10:00", 3600, [ANNA, CARLA])
    office.meet("2", "2026-03-03 10:30", 3600, legs=[(BORIS, 0, 3600), (CARLA, 1800 - shared, 3600)], creator=BORIS)
    rows = find("same_person_twice", office)
    assert [row["measured"] for row in rows] == ([shared] if is_found else [])


def test_rejoins_are_one_presence_and_add_up(office: Office, find: Finder) -> None:
    office.meet(
        "1", "2026-03-03 10:00", 3600, legs=[(ANNA, 0, 3600), (CARLA, 0, 400), (CARLA, 100, 300), (CARLA, 1000, 1200)]
    )
    office.meet("2", "2026-03-03 10:00", 3600, legs=[(BORIS, 0, 3600), (CARLA, 200, 3600)], creator=BORIS)
    (row,) = find("same_person_twice", office)
    assert row["measured"] == 200 + 200


def test_rejoins_of_one_meeting_and_withheld_numbers_are_no_two_meetings(office: Office, find: Finder) -> None:
    office.meet("1", lasts=3600, legs=[(ANNA, 0, 3600), (ANNA, 60, 3600), (None, 0, 3600)])
    office.meet("2", lasts=3600, legs=[(BORIS, 0, 3600), (None, 0, 3600)], creator=BORIS)
    assert find("same_person_twice", office) == []


@pytest.mark.parametrize(
    ("shared", "creator", "is_found"), [(301, ANNA, True), (300, ANNA, False), (301, DMITRI, False)]
)
def test_a_creator_with_two_meetings_at_once(
    office: Office, find: Finder, shared: int, creator: str, is_found: bool
) -> None:
    office.meet("1", "2026-03-03 10:00", 1800 + shared, [BORIS], creator=ANNA)
    office.meet("2", "2026-03-03 10:30", 3600, [CARLA], creator=creator)
    assert bool(find("creator_overlap", office)) is is_found


def test_three_meetings_at_once_are_three_pairs(office: Office, find: Finder) -> None:
    for meeting_id in "123":
        office.meet(meeting_id, lasts=3600, people=[BORIS], creator=ANNA)
    assert sorted("".join(row["record_ids"]) for row in find("creator_overlap", office)) == ["12", "13", "23"]


@pytest.mark.parametrize(("n", "last", "is_found"), [(5, 600, True), (5, 601, False), (4, 10, False)])
def test_a_burst(office: Office, find: Finder, n: int, last: int, is_found: bool) -> None:
    for turn in range(n):
        second = timedelta(seconds=last * turn // (n - 1))
        office.meet(f"{turn}", str(pd.Timestamp("2026-03-03 10:00") + second), 60)
    rows = find("burst", office)
    assert [row["measured"] for row in rows] == ([n] if is_found else [])


def test_two_bursts_of_a_creator_are_two_findings_and_a_long_one_is_one(office: Office, find: Finder) -> None:
    for hour, n in ((9, 5), (12, 9)):
        for turn in range(n):
            office.meet(f"{hour:02}-{turn}", f"2026-03-03 {hour:02}:{2 * turn:02}", 60)
    assert [row["measured"] for row in find("burst", office)] == [5, 9]


@pytest.mark.parametrize(("n", "is_found"), [(5, True), (4, False)])
def test_consecutive_numbers_in_one_meeting(office: Office, find: Finder, n: int, is_found: bool) -> None:
    office.meet("1", people=[ANNA, *(str(13700000010 + i) for i in range(n))])
    rows = find("enumeration", office, roster=ROSTER)
    assert [row["measured"] for row in rows] == ([n] if is_found else [])


def test_consecutive_numbers_over_a_creators_day_and_not_over_two_days(office: Office, find: Finder) -> None:
    for i in range(5):
        office.meet(f"a{i}", f"2026-03-03 {10 + i}:00", people=[ANNA, str(13700000010 + i)])
        office.meet(f"b{i}", f"2026-03-0{1 + i % 2} {10 + i}:00", people=[BORIS, str(13700000050 + i)])
    (row,) = find("enumeration", office, roster=ROSTER)
    assert sorted(row["record_ids"]) == [f"a{i}" for i in range(5)]


def test_a_number_of_the_roster_breaks_the_row(office: Office, find: Finder) -> None:
    office.meet("1", people=[ANNA, *(str(13700000010 + i) for i in range(6))])
    known = pd.concat([ROSTER, pd.DataFrame({"phone": ["13700000012"]})])
    assert find("enumeration", office, roster=known) == []


@pytest.mark.parametrize(("first", "is_found"), [("2026-02-02 00:00", True), ("2026-02-01 23:59:59", False)])
def test_an_unknown_number_is_new_for_thirty_days(office: Office, find: Finder, first: str, is_found: bool) -> None:
    office.meet("1", first, people=[ANNA, "13700000010"]).meet("2", people=[ANNA, "13700000010"])
    rows = find("unknown_number", office, roster=ROSTER)
    assert [list(row["record_ids"]) for row in rows] == ([["1", "2"]] if is_found else [])


def test_a_number_is_first_seen_when_it_joins_and_known_however_it_is_written(office: Office, find: Finder) -> None:
    office.meet("1", legs=[(f"+86 {ANNA}", 0, 60), ("13700000010", None, None)])
    assert find("unknown_number", office, roster=ROSTER) == []


def test_what_was_first_seen_before_the_period_is_not_new_in_it(office: Office, find: Finder) -> None:
    office.meet("1", "2026-01-05 10:00", people=[ANNA, "13700000010"]).meet("2", people=[ANNA, "13700000010"])
    assert find("unknown_number", office, roster=ROSTER, start="2026-03-01") == []


@pytest.mark.parametrize(
    ("number", "severity"),
    [
        ("+12125550147", "warn"),
        ("+449098790321", "crit"),
        ("+870000123456", "crit"),
        (BORIS, None),
        ("01065520000", None),
        (None, None),
    ],
)
def test_risky_numbers_by_class(office: Office, find: Finder, number: str | None, severity: str | None) -> None:
    office.meet("1", legs=[(ANNA, 0, 60), (number, 0, 60)]).meet("2", legs=[(ANNA, 0, 60), (number, None, 60)])
    rows = find("risky_number", office)
    assert [(row["severity"], list(row["record_ids"])) for row in rows] == (
        [(severity, ["1", "2"])] if severity else []
    )


@pytest.mark.slow
def test_prefixes_of_ones_own(office: Office, find: Finder) -> None:
    office.meet("1", people=[ANNA, "13700000010"])
    assert len(find("risky_number", office, prefixes=["+86137"])) == 1
    assert find("risky_number", office, prefixes=["+86136"]) == []


def weeks(office: Office, minutes: list[float], spike: float, creator: str = ANNA) -> Office:
    """One meeting on each of some Tuesdays, the last one of another length."""
    day = date(2026, 3, 3)
    for back, lasts in enumerate([spike, *minutes]):
        office.meet(f"{creator}{back}", f"{day - timedelta(weeks=back)} 10:00", lasts * 60, [creator, DMITRI])
    return office


@pytest.mark.parametrize(
    ("minutes", "spike", "is_found"),
    [
        ([10, 20, 30, 10, 20, 30], 71, True),
        ([10, 20, 30, 10, 20, 30], 70, False),
        ([10, 20, 30, 10, 20], 500, False),
        ([20] * 6, 71, True),
        ([20] * 6, 70, False),
        ([16] * 6, 17, False),
        ([1] * 6, 46, False),
        ([1] * 6, 52, True),
        ([2, 3, 2, 3, 2, 3], 47, False),
        ([100] * 6, 200, False),
        ([10, 20, 30, 10, 20, 30], 0.1, False),
    ],
    ids=[
        "z above 5",
        "z of 5",
        "five weekdays only",
        "no spread: z above 5",
        "no spread: z of 5",
        "a minute more",
        "45 minutes more",
        "more than that",
        "less",
        "twice a long day",
        "a quiet day",
    ],
)
def test_a_sudden_change(office: Office, find: Finder, minutes: list[float], spike: float, is_found: bool) -> None:
    rows = find("sudden_change", weeks(office, minutes, spike))
    assert len(rows) == 2 * is_found  # the creator's day, and the account's
    assert all("2026-03-03" in row["en"] for row in rows)


def test_a_creator_whose_long_days_are_alike_is_held_to_a_fifth_of_them(office: Office, find: Finder) -> None:
    found = find("sudden_change", weeks(office, [100] * 6, 201))
    assert len(found) == 1  # the account as a whole may double and more
    assert found[0]["measured"] == pytest.approx(101 / 20)


@pytest.mark.slow
def test_weeks_before_the_period_are_what_it_is_compared_with(office: Office, find: Finder) -> None:
    weeks(office, [10, 20, 30, 10, 20, 30], 71)
    assert len(find("sudden_change", office, start="2026-03-01")) == 2
    assert find("sudden_change", office, end="2026-03-01") == []


def test_weeks_more_than_eight_before_do_not_count(office: Office, find: Finder) -> None:
    office.meet("old", "2025-12-30 10:00", 600)
    assert find("sudden_change", weeks(office, [10, 20, 30, 10, 20], 500)) == []
