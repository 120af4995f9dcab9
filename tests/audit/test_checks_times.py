"""Checks of starts, ends and lengths: each fires, each keeps quiet, each at its threshold."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.audit.office import ANNA, BORIS, CARLA, Finder, Office

MARCH_3 = datetime.fromisoformat("2026-03-03 00:00:00")


def test_exact_duplicates_share_creator_start_end_and_people(office: Office, find: Finder) -> None:
    office.meet("1").meet("2").meet("3", people=[ANNA, CARLA]).meet("4", creator=BORIS)
    (row,) = find("duplicate_exact", office)
    assert sorted(row["record_ids"]) == ["1", "2"]
    assert row["severity"] == "crit"


def test_the_order_of_people_and_the_way_a_number_is_written_make_no_other_meeting(
    office: Office, find: Finder
) -> None:
    office.meet("1", people=[ANNA, BORIS]).meet("2", people=[f"+86 {BORIS}", f"0086{ANNA}"], creator=f"+86{ANNA}")
    assert len(find("duplicate_exact", office)) == 1


@pytest.mark.parametrize(
    ("later", "longer", "is_found"), [(2, 0, True), (0, 2, True), (3, 0, False), (0, 3, False), (0, 0, False)]
)
def test_near_duplicates_lie_at_most_two_seconds_apart(
    office: Office, find: Finder, later: int, longer: int, is_found: bool
) -> None:
    office.meet("1", "2026-03-03 10:00:00").meet("2", f"2026-03-03 10:00:0{later}", 1800 - later + longer)
    assert bool(find("duplicate_near", office)) is is_found


def test_near_duplicates_have_the_same_people(office: Office, find: Finder) -> None:
    office.meet("1", "2026-03-03 10:00:00").meet("2", "2026-03-03 10:00:01", people=[ANNA, CARLA])
    assert find("duplicate_near", office) == []


@pytest.mark.parametrize(
    ("second", "creator", "is_found"),
    [("2026-03-03 10:30", BORIS, True), ("2026-03-03 10:29:59", BORIS, False), ("2026-03-03 10:30", ANNA, True)],
)
def test_one_id_for_two_meetings_takes_times_that_do_not_meet_whoever_created_them(
    office: Office, find: Finder, second: str, creator: str, is_found: bool
) -> None:
    office.meet("1").meet("1", second, people=[CARLA], creator=creator)
    assert bool(find("id_collision", office)) is is_found


def test_a_leg_of_a_room_belongs_to_the_meeting_last_begun_by_its_join(office: Office, find: Finder) -> None:
    """Also when it joined after the end, as clocks of two machines will have it: no leg is lost, none counts twice."""
    office.meet("room", lasts=30, legs=[(ANNA, 0, 30), (BORIS, 31, 40), (CARLA, None, None)])
    office.meet("room", "2026-03-03 15:00", 30, legs=[(ANNA, 0, 30)])
    said = sorted(row["en"] for row in find("short_call", office))
    assert said == ["meeting room (2026-03-03 10:00:00) lasted 30 s, 2 legs joined"]


def test_a_room_that_its_creator_keeps_is_less_grave_than_an_id_for_two(office: Office, find: Finder) -> None:
    office.meet("room").meet("room", "2026-03-03 15:00").meet("two").meet("two", "2026-03-03 15:00", creator=CARLA)
    found = {row["record_ids"][0]: row["severity"] for row in find("id_collision", office)}
    assert found == {"room": "warn", "two": "crit"}


@pytest.mark.parametrize("edge", ["start", "end", "neither"])
def test_each_of_the_two_times_may_be_told_to_the_minute(office: Office, find: Finder, edge: str) -> None:
    """Of 120 meetings that were told so 114 were impossible, though the page says that a minute is none."""
    for i in range(40):
        begun, over = 60 * 31 * i + 7 * i % 60 + 1, 60 * 31 * i + 1800 + 13 * i % 60 + 1
        told = begun - begun % 60 * (edge == "start"), over - over % 60 * (edge == "end")
        duration = over - begun + (20 if edge == "neither" else 0)
        office.meet(str(i), f"{MARCH_3 + timedelta(seconds=told[0])}", told[1] - told[0], duration=duration)
    assert len(find("impossible_time", office)) == (40 if edge == "neither" else 1)


@pytest.mark.parametrize(("started", "is_found"), [("2026-03-02 23:59:59", True), ("2026-03-03 00:00:00", False)])
def test_a_meeting_without_an_end_is_missing_it_after_a_day(
    office: Office, find: Finder, started: str, is_found: bool
) -> None:
    office.meet("1", started, None).meet("2")
    assert [list(row["record_ids"]) for row in find("missing_end", office)] == ([["1"]] if is_found else [])


@pytest.mark.parametrize(
    ("lasts", "duration", "said"),
    [
        (-600, 0, "before its start"),
        (1800, 1803, "end − start is 1800 s"),
        (1800, 1797, "end − start is 1800 s"),
        (1800, 1802, None),
        (1800, 1800, None),
        (1800, 1800 * 1000, "milliseconds"),
        (1800, 1800 * 1005, "milliseconds"),
        (1800, 30, "minutes"),
        (1800, 1800 * 60, "multiplied by 60"),
        (18000, 18, "divided by 1000"),
    ],
)
def test_times_that_cannot_be(office: Office, find: Finder, lasts: int, duration: int, said: str | None) -> None:
    office.meet("1", "2026-03-03 10:00:07", lasts=lasts, duration=duration, legs=[])
    for n in range(2, 5):  # of an account that tells seconds
        office.meet(str(n), "2026-03-03 10:00:07", lasts=1801, duration=1801, legs=[])
    rows = find("impossible_time", office)
    assert len(rows) == (said is not None)
    assert all(said in row["en"] for row in rows if said)


@pytest.mark.parametrize(
    ("start", "lasts", "duration"), [("2026-03-03 10:00", 1800, 1771), ("2026-03-03 10:00:07", 1771, 1800)]
)
def test_times_to_the_minute_are_told_once(office: Office, find: Finder, start: str, lasts: int, duration: int) -> None:
    """Each of 542 meetings had a finding, and the one that was wrong drowned."""
    for n in range(8):
        office.meet(str(n), start, lasts=lasts, duration=duration, legs=[])
    office.meet("wrong", start, lasts=lasts, duration=duration + 600, legs=[])
    first, second = find("impossible_time", office)
    assert list(first["record_ids"]) == ["wrong"]
    assert "9 of 9 meetings" in second["en"]
    assert "8 durations" in second["en"]


def test_a_length_just_off_a_unit_is_no_unit(office: Office, find: Finder) -> None:
    (row,) = find("impossible_time", office.meet("1", duration=1800 * 1020))
    assert "unit" not in row["en"]


@pytest.mark.parametrize(("start", "is_found"), [("2026-03-04 00:00:03", True), ("2026-03-04 00:00:02", False)])
def test_a_start_in_the_future(office: Office, find: Finder, start: str, is_found: bool) -> None:
    assert bool(find("impossible_time", office.meet("1", start, 60))) is is_found


@pytest.mark.parametrize(
    ("legs", "said"),
    [([(ANNA, None, 0.0)], "failed call"), ([(ANNA, 0.0, 0.0)], "over at once"), ([], "unknown")],
)
def test_zero_duration_tells_a_failed_call_from_a_short_one(
    office: Office, find: Finder, legs: list[tuple[str, float | None, float]], said: str
) -> None:
    office.meet("1", lasts=0, legs=legs).meet("2", lasts=1)
    (row,) = find("zero_duration", office)
    assert said in row["en"]


@pytest.mark.parametrize(
    ("lasts", "severity"), [(4 * 3600, None), (4 * 3600 + 1, "warn"), (12 * 3600, "warn"), (12 * 3600 + 1, "crit")]
)
def test_over_long(office: Office, find: Finder, lasts: int, severity: str | None) -> None:
    rows = find("over_long", office.meet("1", lasts=lasts))
    assert [row["severity"] for row in rows] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("lasts", "is_found"),
    [
        (4 * 3600, True),
        (4 * 3600 + 3, True),
        (4 * 3600 - 3, True),
        (4 * 3600 + 4, False),
        (24 * 3600 - 3, True),
        (24 * 3600 - 4, False),
    ],
)
def test_cut_at_a_cap(office: Office, find: Finder, lasts: int, is_found: bool) -> None:
    assert bool(find("cut_at_cap", office.meet("1", lasts=lasts))) is is_found


@pytest.mark.parametrize(("alone", "is_found"), [(600, True), (599, False)])
def test_a_lonely_tail(office: Office, find: Finder, alone: int, is_found: bool) -> None:
    office.meet("1", lasts=3600, legs=[(ANNA, 0, 3600), (BORIS, 10, 3600 - alone), (CARLA, 0, 100)])
    rows = find("lonely_tail", office)
    assert [row["measured"] for row in rows] == ([600] if is_found else [])


def test_no_tail_is_lonely_while_nobody_is_there_or_nobody_else_ever_came(office: Office, find: Finder) -> None:
    office.meet("back for 5 minutes", lasts=3600, legs=[(ANNA, 0, 600), (ANNA, 3300, 3600), (BORIS, 0, 1200)])
    office.meet("alone all along", lasts=3600, legs=[(ANNA, 0, 3600), (BORIS, None, 30)])
    office.meet("still running", lasts=None, legs=[(ANNA, 0, None), (BORIS, 0, 60)])
    assert find("lonely_tail", office) == []


def test_a_withheld_number_is_a_person_of_its_own(office: Office, find: Finder) -> None:
    office.meet("1", lasts=3600, legs=[(None, 0, 3600), (None, 0, 60)])
    assert len(find("lonely_tail", office)) == 1


def test_one_person_on_two_legs_is_alone_still(office: Office, find: Finder) -> None:
    office.meet("1", lasts=3600, legs=[(ANNA, 0, 3600), (ANNA, 30, 3500), (BORIS, 0, 60)])
    (row,) = find("lonely_tail", office)
    assert row["measured"] == 3540


@pytest.mark.parametrize(
    ("lasts", "n_legs", "is_found"), [(9, 1, True), (10, 1, False), (59, 2, True), (60, 2, False), (59, 1, False)]
)
def test_short_calls(office: Office, find: Finder, lasts: int, n_legs: int, is_found: bool) -> None:
    office.meet("1", lasts=lasts, people=[ANNA, BORIS][:n_legs])
    assert bool(find("short_call", office)) is is_found


@pytest.mark.parametrize(("n", "short", "is_found"), [(20, 4, True), (20, 3, False), (19, 19, False)])
def test_a_creator_of_short_calls(office: Office, find: Finder, n: int, short: int, is_found: bool) -> None:
    for turn in range(n):
        office.meet(f"{turn:02}", f"2026-03-03 {turn:02}:00", 30 if turn < short else 600)
    rows = [row for row in find("short_call", office) if len(row["record_ids"]) > 1]
    assert len(rows) == is_found
    assert all(row["measured"] == 100 * short / n for row in rows)


@pytest.mark.slow
def test_who_accepts_a_fifth_of_short_calls_has_not_accepted_one_of_all(find: Finder) -> None:
    def id_of(short: int) -> str:
        office = Office()
        for turn in range(20):
            office.meet(f"{turn:02}", f"2026-03-03 {turn:02}:00", 30 if turn < short else 600)
        (row,) = [row for row in find("short_call", office) if len(row["record_ids"]) > 1]
        return str(row["finding_id"])

    assert id_of(4) == id_of(5)
    assert id_of(4) != id_of(20)


@pytest.mark.parametrize(
    ("start", "lasts", "is_found"),
    [
        ("2026-03-03 19:30", 1860, True),
        ("2026-03-03 19:30", 1859, False),
        ("2026-03-03 07:59", 600, True),
        ("2026-03-03 07:59:01", 600, False),
        ("2026-03-07 12:00", 60, True),
        ("2026-03-07 12:00", 59, False),
        ("2026-02-14 12:00", 3600, False),
        ("2026-02-17 12:00", 3600, True),
        ("2026-03-02 10:00", 48 * 3600, True),
    ],
    ids=[
        "into the evening",
        "59 s of evening",
        "early",
        "59 s early",
        "saturday",
        "59 s of saturday",
        "make-up saturday",
        "spring festival",
        "two days",
    ],
)
def test_off_hours(office: Office, find: Finder, start: str, lasts: int, is_found: bool) -> None:
    assert bool(find("off_hours", office.meet("1", start, lasts))) is is_found


def test_off_hours_measures_what_lies_outside(office: Office, find: Finder) -> None:
    (row,) = find("off_hours", office.meet("1", "2026-03-02 19:00", 14 * 3600))
    assert row["measured"] == 12 * 3600


def test_a_year_the_calendar_does_not_know_is_said(office: Office) -> None:
    from ytxdata import audit

    found = audit.run(office.meet("1", "2099-03-03 12:00").frames, checks=["off_hours"], as_of="2099-03-04")
    assert any("2099" in note.en for note in found.notes)
