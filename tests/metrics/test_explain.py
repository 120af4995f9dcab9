"""From any cell to the records that make it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.effort import some
from tests.metrics.offices import ENGINES, difficult, rows
from tests.metrics.oracle import Leg, Meeting, Office
from tests.metrics.test_engines import REPORTS
from ytxdata import metrics
from ytxdata.errors import UsageError
from ytxdata.metrics.definitions import REASONS
from ytxdata.metrics.engines import OFFSET
from ytxdata.metrics.groups import resolve
from ytxdata.tables.described import to_arrow


def explained(report: metrics.Report, row: Any, column: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = to_arrow(report.explain(row, column)).to_pylist()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_a_day_leads_to_its_legs_and_pulls(engine: str) -> None:
    report = metrics.usage(ENGINES[engine](difficult()), by="day")
    position = [row["period"] for row in rows(report)].index("2026-04-01")
    found = explained(report, position)
    used = [row for row in found if row["used"]]
    assert sum(row["leg"] is not None for row in used) == rows(report)[position]["legs"]
    assert len({row["meeting_id"] for row in used}) == rows(report)[position]["meetings"]
    reasons = {(row["meeting_id"], row["reason"]) for row in found if row["reason"]}
    assert reasons == {
        ("nobody-came", "never_joined"), ("empty-list", "too_few_people"), ("bad-end", "leg_end_unknown"), ("twins", "leg_end_unknown"),
    }  # fmt: skip
    assert all(row["pull_id"] == f"pull-{row['meeting_id']}" for row in found)
    assert {row["reason"] for row in found if row["reason"]} <= set(REASONS) & set(report.excluded)


@pytest.mark.slow
def test_every_row_of_every_report_leads_somewhere() -> None:
    frames = resolve(ENGINES["polars"](difficult()))
    for name in some(REPORTS, 8):
        report = REPORTS[name](frames)
        for position, row in list(enumerate(rows(report)))[:9]:
            counted = row.get("heatmap", row.get("meetings", row.get("legs", 1)))
            found = report.explain(position)
            assert list(found.columns) == ["meeting_id", "started_at", "leg", "pull_id", "used", "reason"]
            assert (len(found) > 0) == bool(counted), (name, row)


@pytest.mark.slow
def test_a_row_may_be_given_itself() -> None:
    report = metrics.creators(ENGINES["pandas"](difficult()))
    first = report.frame.iloc[0]
    assert report.explain(first).equals(report.explain(0))
    assert report.explain(dict(first)).equals(report.explain(0))
    assert report.explain(-1 % len(report.frame)).equals(report.explain(len(report.frame) - 1))


@pytest.mark.slow
def test_a_peak_leads_to_the_legs_connected_at_that_moment() -> None:
    report = metrics.concurrency(ENGINES["pandas"](difficult()), by="total")
    found = report.explain(0, "peak_legs")
    assert len(found) == report.frame["peak_legs"][0]
    assert set(found["meeting_id"]) == {"crowd"}
    usage = metrics.usage(ENGINES["pandas"](difficult()), by="day")
    assert len(usage.explain(2, "peak_legs")) == usage.frame["peak_legs"][2]


@pytest.mark.slow
def test_the_formula_has_the_numbers_put_in() -> None:
    report = metrics.usage(ENGINES["pandas"](difficult()), by="total", min_parties=2)
    formula = report.formula(0)
    seconds = round(report.frame["meeting_minutes"][0] * 60)
    assert f"{seconds:,} s ÷ 60" in formula["meeting_minutes"].en
    assert "min_parties = 2" in formula["meetings"].zh
    assert report.explain(0).attrs["formula"] == formula


@pytest.mark.slow
def test_rows_and_columns_that_are_not_there_are_refused() -> None:
    report = metrics.usage(ENGINES["pandas"](difficult()), by="total")
    with pytest.raises(UsageError, match="no row 1"):
        report.explain(1)
    with pytest.raises(UsageError, match="no column"):
        report.explain(0, "participants")


def test_a_yes_or_no_is_no_number_with_a_formula() -> None:
    report = metrics.usage(ENGINES["polars"](difficult()), by="day")
    assert "is_partial" in rows(report)[0]
    assert "is_partial" not in report.formula(0)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_about_a_meeting_of_a_room_leads_to_that_meeting_alone(engine: str) -> None:
    """A room keeps its id from week to week."""
    first, week = 1_772_460_000, 7 * 86_400
    starts = (first, first + week)
    meetings = [Meeting("88001", "+8613900000001", start, start + 3_600, 2) for start in starts]
    legs = [
        Leg("88001", 2 * i + j, f"+861390000000{j}", start, start + 600 * (2 + i + j))
        for i, start in enumerate(starts)
        for j in (1, 2)
    ]
    frames = resolve(ENGINES[engine](Office(meetings, legs)))
    prices = {"default": "0.1"}
    reports = {
        metrics.cost(frames, metrics.Tariff(prices=prices), by="line"): 1,
        metrics.cost(frames, metrics.Tariff(prices=prices, per="meeting"), by="line"): 2,
        metrics.presence(frames): 1,
        metrics.lonely(frames): 2,
    }
    for report, n_legs in reports.items():
        for position, row in enumerate(rows(report)):
            found = explained(report, position)
            begun = row.get("started_at", row.get("first_joined_at"))
            assert [int(one["started_at"].timestamp()) + OFFSET for one in found] == [begun] * n_legs, report.name
    usage = metrics.usage(frames, by="total")
    assert len({one["started_at"] for one in explained(usage, 0)}) == rows(usage)[0]["meetings"] == 2
