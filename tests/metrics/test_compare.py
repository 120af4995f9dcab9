"""One period against another: by the calendar, exactly, and explained by groups that add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.metrics.offices import EDGES, ENGINES, rows
from tests.metrics.oracle import Leg, Meeting, Office
from ytxdata import metrics, sample, times
from ytxdata.errors import UsageError
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.metrics.definitions import accrues
from ytxdata.metrics.groups import resolve
from ytxdata.times import as_instant

DAY = 86_400
APRIL = EDGES[0]
PEOPLE = ("+8613900000000", "+8613900000001", None)


def months() -> Office:
    """Three meetings of an hour in March, two longer ones in April; one creator left, another came."""
    plan = [
        (APRIL - 20 * DAY, 3600, PEOPLE[0]), (APRIL - 10 * DAY, 3600, PEOPLE[0]), (APRIL - 5 * DAY, 3601, PEOPLE[2]),
        (APRIL + 2 * DAY, 5000, PEOPLE[0]), (APRIL + 20 * DAY, 7000, PEOPLE[1]), (APRIL + 29 * DAY, 1, PEOPLE[1]),
    ]  # fmt: skip
    meetings = [Meeting(f"m{n}", creator, start, start + s, 2) for n, (start, s, creator) in enumerate(plan)]
    legs = [Leg(m.meeting_id, n, f"+861390000000{n}", m.start, m.end) for m in meetings for n in (1, 2)]
    return Office(meetings, legs)


def by_figure(report: metrics.Report) -> dict[str, dict[str, Any]]:
    return {row["figure"]: row for row in rows(report)}


@pytest.mark.parametrize(
    ("key", "does"),
    [("busy_minutes", True), ("minutes_above", True), ("cost", True), ("people", False), ("size_mean", False), ("peak_legs", False)],
)  # fmt: skip
def test_minutes_and_money_grow_with_the_days_they_are_of(key: str, does: bool) -> None:
    assert accrues(key) is does


@pytest.fixture(scope="module", params=ENGINES)
def of_april(request: pytest.FixtureRequest) -> tuple[str, metrics.ComparedReport]:
    """The engine, and what it says."""
    return request.param, metrics.compare(metrics.usage, ENGINES[request.param](months()), "2026-04")


@pytest.mark.slow
def test_april_against_march(of_april: tuple[str, metrics.ComparedReport]) -> None:
    _, found = of_april
    figures = by_figure(found)
    assert (figures["meetings"]["now"], figures["meetings"]["before"], figures["meetings"]["change_pct"]) == (3, 3, 0.0)
    assert figures["meeting_minutes"]["change"] == Decimal(round((12001 - 10801) / 60 * 10**9)).scaleb(-9)
    # 22 working days in March; 21 in April 2026: Ching Ming is off, and no Saturday is made up for it
    assert any("21 working days" in note.en and "22 working days" in note.en for note in found.notes)
    assert figures["meetings"]["per_workday_pct"] == pytest.approx((22 / 21 - 1) * 100)
    # a mean, a peak or a number of people is none of so many days
    assert {figures[one]["per_workday_pct"] for one in ("size_mean", "size_p50", "peak_legs")} == {None}
    assert found.drivers is not None
    led = [row for row in rows(found.drivers) if row["figure"] == "meetings"]
    assert [(row["group"], row["now"], row["before"], row["change"]) for row in led] == [
        ("+8613900000001", 2, 0, 2), ("+8613900000000", 1, 2, -1), ("unknown", 0, 1, -1),
    ]  # fmt: skip
    for figure in {row["figure"] for row in rows(found.drivers)}:
        parts = [row for row in rows(found.drivers) if row["figure"] == figure]
        for column in ("now", "before", "change"):
            assert sum((row[column] for row in parts), Decimal(0)) == figures[figure][column], (figure, column)
        assert all(row["change"] == row["now"] - row["before"] for row in (*parts, figures[figure])), figure
    assert "people" not in {row["figure"] for row in rows(found.drivers)}


def assert_drivers_add_up(found: metrics.ComparedReport) -> None:
    assert found.drivers is not None
    for figure, total in by_figure(found).items():
        parts = [row for row in rows(found.drivers) if row["figure"] == figure]
        for column in ("now", "before", "change"):
            values = [row[column] for row in parts]
            if total[column] is None:
                assert set(values) <= {None}, (figure, column)
            elif parts:
                assert sum(values, Decimal(0)) == total[column], (figure, column)


TARIFF = metrics.Tariff(prices={"default": "0.07"})
SUMS = {
    "meetings", "meeting_minutes", "talk_minutes", "lonely_minutes", "leg_minutes", "legs", "people", "withheld",
    "peak_legs", "peak_meetings", "active_creators", "lines_billed", "billed_minutes", "cost",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "report", "asked"),
    [("polars", metrics.usage, {}), ("pandas", metrics.cost, {"tariff": TARIFF})],
)
def test_a_period_without_meetings_is_known_and_one_before_the_data_is_not(
    engine: str, report: Callable[..., metrics.Report], asked: dict[str, Any]
) -> None:
    given = ENGINES[engine](months())
    frames = resolve(given)
    fell = metrics.compare(report, frames, "2026-05", **asked)
    for figure, row in by_figure(fell).items():
        if figure in SUMS:
            gone = 0 if row["before"] == 0 else -100
            assert (row["now"], row["change"]) == (0, -row["before"]), figure
            assert row["change_pct"] == (gone or None), figure
        else:
            assert (figure in ("size_mean", "size_p50"), row["now"], row["change"]) == (True, None, None)
    assert_drivers_add_up(fell)
    rose = metrics.compare(report, frames, "2026-04", ("2026-05", "2026-06"), **asked)
    assert {row["before"] for figure, row in by_figure(rose).items() if figure in SUMS} == {0}
    assert_drivers_add_up(rose)
    still = metrics.compare(report, frames, "2026-06", **asked)
    assert {row["change"] for figure, row in by_figure(still).items() if figure in SUMS} == {0}
    assert rows(still.drivers) == []  # type: ignore[arg-type]

    unasked = metrics.compare(report, frames, "2026-03", **asked)
    assert {(row["before"], row["change"], row["change_pct"]) for row in rows(unasked)} == {(None, None, None)}
    assert unasked.drivers is not None
    led = rows(unasked.drivers)
    assert led
    assert {(row["before"], row["change"], row["of_change_pct"]) for row in led} == {(None, None, None)}
    assert_drivers_add_up(unasked)
    for part in (unasked, unasked.drivers):
        assert any("the data begins at 2026-03-12" in note.en and "null" in note.en for note in part.notes)
    claimed = Certificate.of([Period(as_instant("2026-02-01"), as_instant("2026-07-01"), "anchored")])
    frames = resolve(replace(given, certificate=claimed))
    known = metrics.compare(report, frames, "2026-03", **asked)
    assert {row["before"] for figure, row in by_figure(known).items() if figure in SUMS} == {0}
    assert not any("the data begins" in note.en for note in known.notes)
    first = metrics.compare(report, frames, "2026-02", **asked)
    assert {row["before"] for row in by_figure(first).values()} == {None}
    assert_drivers_add_up(known)


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        pytest.param([("2026-03-01", "2026-06-01", "anchored")], "", id="whole"),
        pytest.param([("2026-03-20", "2026-06-01", "anchored")], "there is data from 2026-03-20", id="begins"),
        pytest.param([], "there is data from 2026-03-12", id="nothing is claimed"),
        pytest.param(
            [("2026-03-01", "2026-03-25", "unreached"), ("2026-03-25", "2026-06-01", "anchored")],
            "the data of 2026-03-01 – 2026-04-01 has a gap",
            id="gap",
        ),
    ],
)
def test_a_period_of_which_a_part_is_there_is_told_where_it_is_compared(
    claims: list[tuple[str, str, str]], told: str
) -> None:
    given = ENGINES["polars"](months())
    if claims:
        periods = [Period(as_instant(start), as_instant(end), reason) for start, end, reason in claims]
        given = replace(given, certificate=Certificate.of(periods))
    notes = [note.en for note in metrics.compare(metrics.usage, resolve(given), "2026-04").notes]
    assert [note for note in notes if note.startswith("warning")] == [
        one for one in notes if told and told in one and "what changed may be that alone" in one
    ]
    assert any(told in note for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["history", "archive"])
def test_nothing_of_a_selection_is_0_within_the_data_and_null_before_it(kind: str) -> None:
    few = sample("archive" if kind == "archive" else "history").only(min_minutes=100_000)
    source = few if kind == "archive" else few.only(name="nobody calls it so")
    found = metrics.compare(metrics.usage, source, "2025-03")
    assert (by_figure(found)["meetings"]["now"], by_figure(found)["meetings"]["before"]) == (0, 0)
    first = by_figure(metrics.compare(metrics.usage, few, "2024-01", group=None))["meetings"]
    assert (first["now"], first["before"], first["change"]) == (0, None, None)


@pytest.mark.slow
def test_who_began_before_a_period_without_a_start_is_still_connected_in_it() -> None:
    over = Meeting("m", PEOPLE[0], APRIL + 29 * DAY, APRIL + 31 * DAY, 2)
    office = Office([over], [Leg("m", n, f"+861390000000{n}", over.start, over.end) for n in (1, 2)])
    frames = resolve(ENGINES["polars"](office))
    figures = by_figure(metrics.compare(metrics.usage, frames, "2026-05", group=None))
    assert (figures["meetings"]["now"], figures["peak_legs"]["now"], figures["peak_meetings"]["now"]) == (0, 2, 1)
    lines = by_figure(metrics.compare(metrics.concurrency, frames, "2026-06"))
    assert (lines["busy_minutes"]["now"], lines["lines_sufficient"]["now"], lines["minutes_above"]["now"]) == (
        0,
        None,
        None,
    )
    apart = by_figure(metrics.compare(metrics.concentration, frames, "2026-06"))
    assert (apart["creators"]["now"], apart["gini"]["now"]) == (0, None)


HOUR = 3600
MAY, JUNE = APRIL + 30 * DAY, APRIL + 61 * DAY


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
@pytest.mark.parametrize("report", [metrics.usage, metrics.concurrency])
def test_who_was_connected_to_a_meeting_that_still_ran_may_be_unknown(
    engine: str, report: Callable[..., metrics.Report]
) -> None:
    later = Meeting("m", PEOPLE[0], JUNE + DAY, JUNE + DAY + HOUR, 2)
    legs = [Leg("m", n, f"+861390000000{n}", later.start, later.end) for n in (1, 2)]
    over = Meeting("over", PEOPLE[0], MAY - HOUR, MAY + 2 * HOUR, None)
    frames = resolve(ENGINES[engine](Office([over, later], legs)))
    before = {
        figure: row["before"]
        for figure, row in by_figure(metrics.compare(report, frames, "2026-06", group=None)).items()
    }
    stretches = rows(metrics.peak_stretches(frames, as_instant("2026-05"), as_instant("2026-06")))
    assert [(row["kind"], row["level"]) for row in stretches] == [("meetings", 1)]
    expected: dict[str, int | None] = {"peak_meetings": 1, "peak_legs": None}
    if report is metrics.concurrency:
        expected |= {"peak_meetings_times": 1, "peak_legs_times": None, "busy_minutes": None}
    else:
        expected |= {"meetings": 0, "meeting_minutes": 0, "size_mean": None}
    assert {figure: before[figure] for figure in expected} == expected


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_nobody_is_connected_between_two_joins_of_a_meeting_that_still_runs(engine: str) -> None:
    over = Meeting("over", PEOPLE[0], MAY - HOUR, MAY + 3 * HOUR, 2)
    legs = [
        Leg("over", 1, PEOPLE[0], MAY - HOUR, MAY - 60),
        Leg("over", 2, PEOPLE[1], MAY + 2 * HOUR, MAY + 3 * HOUR),
    ]
    between = (as_instant("2026-05-01 00:00"), as_instant("2026-05-01 01:00"))
    frames = resolve(ENGINES[engine](Office([over], legs)))
    found = by_figure(metrics.compare(metrics.usage, frames, between, group=None))
    assert (found["peak_meetings"]["now"], found["peak_legs"]["now"]) == (1, 0)
    lines = by_figure(metrics.compare(metrics.concurrency, frames, between, group=None))
    assert [lines[key]["now"] for key in ("peak_meetings", "peak_meetings_times", "peak_legs", "busy_minutes")] == [
        1, 1, 0, 0,
    ]  # fmt: skip


@pytest.mark.slow
def test_ones_own_holidays_are_those_of_the_report_that_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    march = [date(2025, 3, day) for day in range(1, 32)]
    history = sample()
    hours = by_figure(metrics.compare(metrics.working_hours, history, "2025-03", holidays=march, group=None))
    alone = rows(metrics.working_hours(history, "2025-03", "2025-04", by="total", holidays=march))[0]
    assert hours["inside_minutes"]["now"] == alone["inside_minutes"] == 0
    assert hours["outside_minutes"]["now"] == hours["meeting_minutes"]["now"] > 0
    saturday: dict[str, Any] = {"extra_workdays": ["2025-03-01"]}
    worked = by_figure(metrics.compare(metrics.working_hours, history, "2025-03", group=None, **saturday))
    plain = by_figure(metrics.compare(metrics.working_hours, history, "2025-03", group=None))
    alone = rows(metrics.working_hours(history, "2025-03", "2025-04", by="total", **saturday))[0]
    assert float(worked["inside_minutes"]["now"]) == pytest.approx(alone["inside_minutes"])
    assert worked["meeting_minutes"]["now"] == plain["meeting_minutes"]["now"]
    # and a report that has no working hours is still only divided by days
    assert by_figure(metrics.compare(metrics.usage, history, "2025-03", holidays=march[3:]))["meetings"]["now"] > 0


@pytest.mark.slow
def test_a_period_after_the_last_pull_is_unknown() -> None:
    claimed = Certificate.of([Period(as_instant("2026-02-01"), as_instant("2026-05-01"), "anchored")])
    frames = replace(ENGINES["polars"](months()), certificate=claimed)
    found = metrics.compare(metrics.usage, frames, "2026-04", ("2026-05", "2026-06"))
    assert {(row["before"], row["change"]) for row in rows(found)} == {(None, None)}
    assert any("the data ends at 2026-05-01" in note.en for note in found.notes)
    assert_drivers_add_up(found)


@pytest.mark.slow
def test_minutes_that_are_unknown_are_unknown_for_every_group() -> None:
    office = months()
    meetings = [m if (m.start or 0) >= APRIL else m._replace(end=None) for m in office.meetings]
    legs = [leg if leg.join and leg.join >= APRIL else leg._replace(leave=None) for leg in office.legs]
    found = metrics.compare(metrics.usage, ENGINES["polars"](Office(meetings, legs)), "2026-04")
    figures = by_figure(found)
    assert (figures["meetings"]["before"], figures["leg_minutes"]["before"], figures["leg_minutes"]["change"]) == (
        3,
        None,
        None,
    )
    assert_drivers_add_up(found)


@pytest.mark.slow
def test_a_change_leads_to_the_records_of_both_periods(of_april: tuple[str, metrics.ComparedReport]) -> None:
    engine, found = of_april
    assert found.drivers is not None
    place = [(row["figure"], row["group"]) for row in rows(found.drivers)].index(("meetings", "+8613900000000"))

    def ids(*asked: Any) -> set[str]:
        frame = found.drivers.explain(place, *asked)  # type: ignore[union-attr]
        table = frame.df() if engine == "duckdb" else frame
        return set(table["meeting_id"].to_list())

    assert (ids(), ids("now"), ids("before")) == ({"m0", "m1", "m3"}, {"m3"}, {"m0", "m1"})
    led = found.explain({"figure": "legs"})
    assert len(led.df() if engine == "duckdb" else led) == 12


@pytest.mark.slow
def test_money_and_working_hours_are_compared_too() -> None:
    frames = ENGINES["polars"](months())
    money = metrics.compare(metrics.cost, frames, "2026-04", tariff=TARIFF)
    assert money.drivers is not None
    change = by_figure(money)["cost"]["change"]
    assert sum((row["change"] for row in rows(money.drivers) if row["figure"] == "cost"), Decimal(0)) == change
    hours = metrics.compare(metrics.working_hours, frames, "2026-Q2", against="year_before")
    assert by_figure(hours)["meeting_minutes"]["before"] is None
    assert metrics.compare(metrics.usage, frames, "2026-04", group=None).drivers is None
    assert metrics.compare(metrics.concentration, frames, "2026-04").drivers is None
    for wrong in (metrics.sizes, metrics.people):
        with pytest.raises(UsageError, match="does not go by time"):
            metrics.compare(wrong, frames, "2026-04")


@pytest.mark.slow
def test_a_month_that_is_not_over_is_compared_with_the_same_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: datetime(2026, 4, 14, 16, tzinfo=UTC))
    found = metrics.compare(metrics.usage, ENGINES["polars"](months()), "2026-04")
    assert found.spans is not None
    assert [edge.date().isoformat() for span in found.spans for edge in span] == [
        "2026-04-01", "2026-04-15", "2026-03-01", "2026-03-15",
    ]  # fmt: skip
    assert by_figure(found)["meetings"] | {"per_workday_pct": 0} == {
        "figure": "meetings", "now": 1, "before": 1, "change": 0, "change_pct": 0.0, "per_workday_pct": 0,
    }  # fmt: skip
    with pytest.raises(UsageError, match="has not begun"):
        metrics.compare(metrics.usage, ENGINES["polars"](months()), "2026-05")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "period", "against", "edges"),
    [
        ("polars", "2026-Q2", "previous", "2026-01-01 00 2026-02-20 12"),
        ("polars", "2026", "previous", "2025-01-01 00 2025-05-20 12"),
        ("polars", "2026-05", "previous", "2026-04-01 00 2026-04-20 12"),
        ("polars", "2026-W21", "previous", "2026-05-11 00 2026-05-13 12"),
        ("polars", "2026-05-20", "previous", "2026-05-19 00 2026-05-19 12"),
        ("duckdb", ("2026-05-01", "2026-05-25"), "previous", "2026-04-07 00 2026-04-26 12"),
        ("polars", "2026-Q2", "year_before", "2025-04-01 00 2025-05-20 12"),
        ("polars", "2026-W21", "year_before", "2025-05-19 00 2025-05-21 12"),
        ("polars", "2026-05", ("2026-04", "2026-05"), "2026-04-01 00 2026-04-20 12"),
    ],
)
def test_what_is_not_over_is_compared_with_as_much_of_the_other(
    engine: str, period: Any, against: Any, edges: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times, "now", lambda: datetime(2026, 5, 20, 4, tzinfo=UTC))
    days = range(20_089, 20_594)  # 2025-01-01 to 2026-05-20, a meeting each day at ten
    daily = Office([Meeting(f"d{day}", PEOPLE[0], day * DAY + 36_000, day * DAY + 36_060, 0) for day in days], [])
    found = metrics.compare(metrics.usage, ENGINES[engine](daily), period, against, group=None, min_parties=0)
    assert found.spans is not None
    now, before = found.spans
    assert f"{now[1]:%Y-%m-%d %H}" == "2026-05-20 12"
    assert " ".join(f"{edge:%Y-%m-%d %H}" for edge in before) == edges
    assert by_figure(found)["meetings"]["before"] == (before[1] - before[0]).days + 1


COMPARED = {"usage", "working_hours", "concentration", "concurrency", "lonely", "cost"}


@pytest.mark.parametrize("group_of", [None, "leg"])
@pytest.mark.parametrize("name", list(metrics.REPORTS))
def test_every_report_is_compared_or_refused_in_words(name: str, group_of: str | None) -> None:
    """A figure that groups of legs do not have ended in a KeyError, a report of groups alone in a TypeError, and of
    two stretches at the peak the first one was compared.
    """
    entry = metrics.REPORTS[name]
    known: dict[str, Any] = {"tariff": metrics.Tariff(prices={"default": "0.10"}), "group_of": group_of}
    asked: dict[str, Any] = {key: value for key, value in known.items() if key in entry.takes and value is not None}
    source = ENGINES["polars"](months())
    if name not in COMPARED:
        with pytest.raises(UsageError, match=f"{name} .* and cannot be compared"):
            metrics.compare(entry.function, source, "2026-04", group="number_class", **asked)
        return
    found = metrics.compare(entry.function, source, "2026-04", group="number_class", **asked)
    led = by_figure(found)
    assert found.now is not None
    assert found.now.arrow.num_rows == 1
    assert found.drivers is None or {row["figure"] for row in rows(found.drivers)} <= set(led)
    if name == "usage":
        assert found.drivers is not None
        figures = {row["figure"] for row in rows(found.drivers)}
        assert ("meetings" in figures) == (group_of is None)
        assert {"legs", "leg_minutes", "withheld"} <= figures
        assert sum(row["change"] for row in rows(found.drivers) if row["figure"] == "legs") == led["legs"]["change"]
