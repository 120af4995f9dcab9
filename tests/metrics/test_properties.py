"""What must hold of any office, whatever is in it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.effort import examples
from tests.metrics.offices import EDGES, ENGINES, offices, polars_frames, rows, several, wanderers
from tests.metrics.oracle import Leg, Meeting, Office, wall
from ytxdata import metrics
from ytxdata.metrics.calendar import By
from ytxdata.tables.described import to_arrow

quick = settings(
    max_examples=examples(8, 4),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
few = settings(quick, max_examples=examples(5, 3))  # of several offices each


def total(office: Office, start: int | None = None, end: int | None = None) -> dict[str, float]:
    first, last = (None if edge is None else f"{wall(edge)}+08:00" for edge in (start, end))
    found = rows(metrics.usage(polars_frames(office), first, last, by="total"))
    return {key: value or 0 for key, value in found[0].items() if key != "period"} if found else {}


@pytest.mark.slow
@quick
@given(office=offices())
def test_disjoint_periods_add_up(office: Office) -> None:
    whole, before, after = total(office), total(office, None, EDGES[0]), total(office, EDGES[0], None)
    for key in ("meetings", "meeting_minutes", "talk_minutes", "lonely_minutes", "leg_minutes", "legs", "withheld"):
        assert whole.get(key, 0) == pytest.approx(before.get(key, 0) + after.get(key, 0)), key
    assert whole.get("people", 0) <= before.get("people", 0) + after.get("people", 0)
    for key in ("peak_legs", "peak_meetings"):
        assert before.get(key, 0) <= whole.get(key, 0)


@pytest.mark.slow
@few
@given(office=several(offices(), 5))
def test_row_order_and_duplicates_of_a_leg_change_nothing(office: Office) -> None:
    shuffled = random.Random(7)
    doubled = [*office.legs, *office.legs]
    meetings = list(office.meetings)
    shuffled.shuffle(doubled)
    shuffled.shuffle(meetings)
    other = Office(meetings, doubled)
    for make in (metrics.people, metrics.lonely, metrics.sizes):
        assert rows(make(polars_frames(office))) == rows(make(polars_frames(other)))
    assert total(office) == total(other)


@pytest.mark.slow
@few
@given(office=several(offices(), 5))
def test_numbers_keep_their_order(office: Office) -> None:
    for row in rows(metrics.usage(polars_frames(office), by="day")):
        if row["talk_minutes"] is not None and row["meeting_minutes"] is not None:
            assert row["talk_minutes"] + row["lonely_minutes"] <= row["meeting_minutes"] + 1e-9
        if row["legs"] is not None:
            assert row["people"] + row["withheld"] <= row["legs"]
    whole = total(office)
    assert whole.get("peak_legs", 0) <= sum(leg.join is not None for leg in office.legs)


@pytest.mark.slow
@few
@given(office=several(offices(), 5))
def test_the_heat_map_and_working_hours_split_the_meeting_minutes(office: Office) -> None:
    frames = polars_frames(office)
    whole = total(office).get("meeting_minutes", 0)
    assert sum(row["heatmap"] for row in rows(metrics.heatmap(frames))) == pytest.approx(whole)
    split = rows(metrics.working_hours(frames, by="total"))
    assert sum(row["inside_minutes"] + row["outside_minutes"] for row in split) == pytest.approx(whole)


def test_a_leave_and_a_join_in_one_second_make_no_peak() -> None:
    """Half-open: one line serves two legs, one after the other."""
    start = EDGES[2]
    legs = [Leg("m", n, f"+8613900000{n:03d}", start + 10 * n, start + 10 * n + 10) for n in range(6)]
    office = Office([Meeting("m", None, start, start + 60, 6)], legs)
    row = rows(metrics.concurrency(polars_frames(office), lines=1))[0]
    assert (row["peak_legs"], row["peak_legs_times"], row["minutes_above"]) == (1, 1, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_legs_of_two_meetings_with_one_id_go_to_the_one_they_joined(engine: str) -> None:
    first, second = EDGES[0] - 3600, EDGES[0] + 3600
    meetings = [Meeting("m", "13900000001", first, first + 60, 2), Meeting("m", "13900000002", second, second + 60, 2)]
    legs = [Leg("m", n, f"+861390000000{n}", start, start + 60) for start in (first, second) for n in (1, 2)]
    report = metrics.usage(ENGINES[engine](Office(meetings, legs)), by="day")
    assert [(row["legs"], row["meeting_minutes"], row["talk_minutes"]) for row in rows(report)] == [(2, 1.0, 1.0)] * 2


DAY = 86_400


def figures(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("is_partial", "covered_pct")}


@pytest.mark.slow
@quick
@given(office=wanderers(), first=st.integers(0, 4), n=st.integers(1, 3))
def test_a_period_is_the_same_whatever_is_asked_around_it(office: Office, first: int, n: int) -> None:
    """A meeting goes on between two of its legs: on a day of which nobody was connected its peak was missed."""
    frames = polars_frames(office)
    start, end = EDGES[1] + first * DAY, EDGES[1] + (first + n) * DAY
    begin, until = (f"{wall(edge)}+08:00" for edge in (start, end))
    inside = {f"{wall(start + day * DAY):%Y-%m-%d}" for day in range(n)}
    for metric in (metrics.usage, metrics.concurrency):
        whole = [figures(row) for row in rows(metric(frames, by="day")) if row["period"] in inside]
        assert [figures(row) for row in rows(metric(frames, begin, until, by="day"))] == whole


@pytest.mark.slow
@quick
@given(office=wanderers() | offices(), by=st.sampled_from(["day", "total"]), group=st.sampled_from([None, "creator"]))
def test_a_peak_leads_to_as_many_meetings_and_legs_as_it_says(office: Office, by: By, group: str | None) -> None:
    frames = polars_frames(office)
    cells: list[tuple[metrics.Report, int, str, int]] = []
    for metric in (metrics.usage, metrics.concurrency):
        report = metric(frames, by=by, group=group)
        cells += [
            (report, at, column, row[column])
            for at, row in enumerate(rows(report)) for column in ("peak_legs", "peak_meetings") if row[column]
        ]  # fmt: skip
    stretches = metrics.peak_stretches(frames, by=by, group=group)
    cells += [(stretches, at, f"peak_{row['kind']}", row["level"]) for at, row in enumerate(rows(stretches))]
    for report, at, column, told in cells:
        found = to_arrow(report.explain(at, None if report is stretches else column)).to_pylist()
        used = [row for row in found if row["used"]]
        meetings = {(row["meeting_id"], row["started_at"]) for row in used}
        assert len(meetings if column == "peak_meetings" else used) == told, (report.name, rows(report)[at], column)
