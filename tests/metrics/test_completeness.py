"""What a report claims about the completeness of its data, and which of its periods are cut short."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.metrics.offices import EDGES, ENGINES, polars_frames, rows
from tests.metrics.oracle import Leg, Meeting, Office
from ytxdata import metrics, times
from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.metrics import Frames
from ytxdata.metrics.report import UNJUDGED
from ytxdata.times import instant_of

FIRST, LAST = instant_of(EDGES[0] - 20 * 86_400), instant_of(EDGES[0] + 10 * 86_400)
"""2026-03-12 and 2026-04-11."""
CERTIFICATE = Certificate.of(
    [Period(FIRST, instant_of(EDGES[0]), "anchored"), Period(instant_of(EDGES[0]), LAST, "settling")]
)


def frames(certificate: Certificate | None = CERTIFICATE) -> Frames:
    starts = [EDGES[0] - 86_400, EDGES[0] + 86_400]
    legs = [Leg(f"m{start}", 1, "+8613900000000", start, start + 600) for start in starts]
    office = Office([Meeting(f"m{start}", "+8613900000000", start, start + 600, 1) for start in starts], legs)
    plain = polars_frames(office)
    return Frames(plain.meetings, plain.legs, certificate)


def claim(start: datetime | None, end: datetime | None) -> tuple[Any, Any, str, list[str]]:
    found: Any = metrics.usage(frames(), start, end).certificate
    return found.start, found.end, found.worst, [one.reason_key for one in found.periods]


@pytest.mark.slow
def test_a_certificate_fits_the_request_whichever_edge_is_open() -> None:
    middle = instant_of(EDGES[0])
    assert claim(None, None) == (FIRST, LAST, "PROBABLE", ["anchored", "settling"])
    assert claim(middle, None) == (middle, LAST, "PROBABLE", ["settling"])
    assert claim(None, middle) == (FIRST, middle, "PROVEN", ["anchored"])
    assert claim(middle - timedelta(days=2), middle - timedelta(days=1))[2:] == ("PROVEN", ["anchored"])


@pytest.mark.slow
def test_a_period_without_data_is_not_asked_and_gets_no_verdict_of_other_days() -> None:
    later = LAST + timedelta(days=30)
    assert claim(later, None) == (later, times.now(), "GAP", ["not_asked"])
    assert claim(later, later + timedelta(days=1))[2:] == ("GAP", ["not_asked"])
    future = times.now() + timedelta(days=1)
    assert claim(future, None)[2:] == ("PROBABLE", ["not_begun"])
    assert claim(None, FIRST - timedelta(days=1))[3] == ["before_first"]
    nothing: Any = metrics.usage(frames(Certificate()), later, None).certificate
    assert (nothing.start, nothing.worst, nothing.periods[0].reason_key) == (later, "GAP", "not_asked")


@pytest.mark.slow
def test_figures_from_before_the_first_claim_are_told() -> None:
    late = Certificate.of([Period(instant_of(EDGES[0]), LAST, "anchored")])
    # without an instant: it would be that of the first meeting, which may be hidden
    assert UNJUDGED in metrics.usage(frames(late)).notes
    for report in (
        metrics.usage(frames()),
        metrics.usage(frames(late), start=FIRST),  # the verdict is about all of it then
        metrics.usage(frames(None)),
    ):
        assert UNJUDGED not in report.notes


def partial(report: metrics.Report) -> dict[str, Any]:
    return {row["period"]: (row["is_partial"], row["covered_pct"]) for row in rows(report)}


@pytest.mark.slow
def test_periods_cut_by_the_archive_or_the_last_pull_are_partial() -> None:
    assert partial(metrics.usage(frames())) == {
        "2026-03": (True, pytest.approx(20 * 100 / 31)),
        "2026-04": (True, pytest.approx(10 * 100 / 30)),
    }
    assert partial(metrics.usage(frames(), by="day")) == {"2026-03-31": (False, 100), "2026-04-02": (False, 100)}
    assert partial(metrics.usage(frames(None))) == {"2026-03": (False, 100), "2026-04": (False, 100)}


@pytest.mark.slow
def test_periods_cut_by_the_request_are_partial() -> None:
    cut = metrics.usage(frames(None), "2026-03-31T12:00", "2026-04-11", by="month")
    assert partial(cut) == {"2026-04": (True, pytest.approx(1000 / 30))}
    whole = metrics.usage(frames(None), "2026-03-01", "2026-05-01", by="total")
    assert partial(whole) == {"total": (False, 100)}
    assert partial(metrics.usage(frames(), "2026-03-01", "2026-05-01", by="total")) == {
        "total": (True, pytest.approx(30 * 100 / 61))
    }
    assert partial(metrics.usage(frames(), by="total")) == {"total": (False, 100)}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_periods_cut_by_today_are_partial(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: datetime(2026, 4, 15, 16, tzinfo=UTC))
    plain = frames(None)
    office = ENGINES[engine](Office([Meeting("m", None, EDGES[0] + 5, EDGES[0] + 65, None)], []))
    for report in (metrics.usage(office), metrics.working_hours(office), metrics.concurrency(plain)):
        assert partial(report)["2026-04"] == (True, 50.0), report.name
