"""From where to where each account of a fleet is known: one that came later, or is not read any more, voids nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

import ytxdata as ytx
from tests.metrics.offices import polars_frames
from tests.metrics.oracle import Meeting, Office
from ytxdata import metrics, times
from ytxdata.emulator import Emulator
from ytxdata.fleet import FleetCertificate
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.metrics import Frames
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import collect
from ytxdata.times import as_instant, local_second

compare: Any = metrics.compare
JUNE, NOVEMBER = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)


def claimed(start: datetime, end: datetime) -> Certificate:
    return Certificate.of([Period(start, end, "anchored")])


def two(other: Certificate, *begun: str) -> Frames:
    """Return account north, whole from June to November, beside one that claims something else."""
    days = [("north", f"2026-{month:02d}-10") for month in (8, 9, 9, 10, 10, 10)] + [("other", day) for day in begun]
    starts = [local_second(as_instant(day)) + 600 * place for place, (_, day) in enumerate(days)]
    rows = [Meeting(f"m{start}", "+8613900000000", start, start + 600, None) for start in starts]
    plain = polars_frames(Office(rows, []))
    accounts = pl.Series([name for name, _ in days])
    certificate = FleetCertificate({"north": claimed(JUNE, NOVEMBER), "other": other})
    legs = plain.legs.with_columns(account=pl.lit(None, pl.String))
    return Frames(plain.meetings.with_columns(account=accounts), legs, certificate)


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "synced" not in request.fixturenames and "begin" not in request.fixturenames:
        monkeypatch.setattr(times, "now", lambda: NOVEMBER)


def meetings(source: Any, month: str) -> tuple[Any, ...]:
    made = compare(metrics.usage, source, month, group=None)
    (row,) = [one for one in made.arrow.to_pylist() if one["figure"] == "meetings"]
    return (row["now"], row["before"]), [one.en for one in made.notes if "not every account" in one.en]


OCTOBER_5 = datetime(2026, 10, 5, tzinfo=UTC)
LATE, EARLY = "the data of other begins later", "the data of other ended earlier"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "begun", "month", "values", "told"),
    [
        pytest.param(claimed(OCTOBER_5, NOVEMBER), ["2026-10-06"], "2026-09", (2, 1), LATE, id="bought in October"),
        pytest.param(claimed(NOVEMBER, NOVEMBER + timedelta(1)), [], "2026-09", (2, 1), LATE, id="no meeting yet"),
        pytest.param(claimed(JUNE, OCTOBER_5), ["2026-09-01"], "2026-10", (3, 3), EARLY, id="refused since"),
        pytest.param(claimed(JUNE, NOVEMBER), ["2026-09-01"], "2026-10", (3, 3), "", id="both are whole"),
        pytest.param(
            claimed(JUNE, NOVEMBER - timedelta(hours=3)), ["2026-09-01"], "2026-10", (3, 3), "", id="asked in turn"
        ),
        pytest.param(Certificate(), [], "2026-10", (3, 2), "", id="never read, which other notes say"),
    ],
)
def test_one_account_that_came_later_or_is_behind_voids_no_comparison(
    other: Certificate, begun: list[str], month: str, values: tuple[int, int], told: str
) -> None:
    found, notes = meetings(two(other, *begun), month)
    assert found == values
    assert len(notes) == bool(told)
    assert all(told in one for one in notes)


@pytest.mark.slow
def test_before_any_account_begins_nothing_is_known() -> None:
    made = compare(metrics.usage, two(claimed(OCTOBER_5, NOVEMBER)), "2026-06")
    assert [row["before"] for row in made.arrow.to_pylist()] == [None] * made.arrow.num_rows
    assert any("begins at 2026-06-01" in one.en for one in made.notes)


@pytest.mark.slow
def test_a_period_that_is_not_over_is_cut_where_the_accounts_that_are_read_end() -> None:
    behind = compare(metrics.usage, two(claimed(JUNE, OCTOBER_5)), "2026-11")
    assert behind.spans[0][1] == NOVEMBER
    earlier = NOVEMBER - timedelta(hours=3)
    assert compare(metrics.usage, two(claimed(JUNE, earlier)), "2026-11").spans[0][1] == earlier


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "shares"),
    [
        pytest.param(claimed(JUNE, NOVEMBER), {"2026-08": 100, "2026-10": 100}, id="whole"),
        pytest.param(
            claimed(datetime(2026, 10, 15, 16, tzinfo=UTC), NOVEMBER),
            {"2026-08": 50, "2026-10": 100 * (31 + 16) / 62},
            id="from the middle of October, by Beijing's days",
        ),
        pytest.param(Certificate(), {"2026-08": 50, "2026-10": 50}, id="never read"),
    ],
)
def test_what_is_covered_is_the_time_of_all_accounts(other: Certificate, shares: dict[str, float]) -> None:
    rows: Any = metrics.usage(two(other)).arrow.to_pylist()
    assert {row["period"]: row["covered_pct"] for row in rows if row["period"] in shares} == pytest.approx(shares)
    assert all(row["is_partial"] == (row["covered_pct"] < 100) for row in rows)
    # all there is of each account is asked for
    (total,) = metrics.usage(two(other), by="total").arrow.to_pylist()
    assert total["covered_pct"] == 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "share"),
    [
        pytest.param(claimed(JUNE, NOVEMBER), 100, id="whole"),
        pytest.param(claimed(JUNE, NOVEMBER - timedelta(hours=3)), 100, id="asked in turn"),
        pytest.param(Certificate(), 50, id="never read"),
    ],
)
@pytest.mark.parametrize(("start", "end"), [("2026-09", None), (None, "2026-11"), ("2026-09", "2026-11")])
def test_a_total_with_an_open_edge_is_covered_as_its_months_are(
    other: Certificate, share: float, start: str | None, end: str | None
) -> None:
    (total,) = metrics.usage(two(other), start, end, by="total").arrow.to_pylist()
    assert total["covered_pct"] == pytest.approx(share)
    assert total["is_partial"] == (share < 100)


@pytest.mark.slow
def test_the_rows_of_an_account_are_covered_by_what_is_known_of_it() -> None:
    late = two(claimed(OCTOBER_5, NOVEMBER), "2026-10-20", "2026-11-10")
    rows = metrics.usage(late, group="account").arrow.to_pylist()
    shares = {(row["period"], row["group"]): row["covered_pct"] for row in rows}
    assert shares["2026-10", "north"] == 100
    assert shares["2026-10", "other"] == pytest.approx(100 * (31 - 4 - 8 / 24) / 31)
    assert shares["2026-11", "other"] == pytest.approx(100 * (19 + 8 / 24) / 30)
    assert [row["covered_pct"] for row in metrics.usage(late, by="total", group="account").arrow.to_pylist()] == [
        100
    ] * 2


@pytest.mark.slow
def test_the_page_of_a_fleet_and_compare_say_the_same(begin: Callable[..., tuple[Emulator, ytx.Fleet]]) -> None:
    server, fleet = begin()
    server.backends["account-3"].entries.clear()
    assert fleet.sync().exit_code == 0
    month, others = "2026-02", fleet.where("account-1", "account-2")
    found, (note,) = meetings(fleet, month)
    assert found == meetings(others, month)[0]
    assert "account-3 begins later" in note
    collected = collect(fleet, Ask(start=as_instant("2026-02"), end=as_instant("2026-03")))
    (figure,) = [one for one in collected.figures if one.definition.key == "meetings"]
    assert (figure.value, figure.before) == found
    assert note in [one.en for one in collected.notes]
