"""A metric of one's own is a report like all others: by any period, on any engine, explained, and on the page."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import narwhals as nw
import pytest

from tests.metrics import oracle
from tests.metrics.offices import ENGINES, difficult, polars_frames, rows
from ytxdata import metrics, sample
from ytxdata.errors import UsageError
from ytxdata.metrics.definitions import DEFINITIONS
from ytxdata.metrics.registry import REPORTS, Ask, make

SHORT = metrics.Definition(
    key="short_pct", zh="短会占比", en="short meetings", unit="%",
    formula=metrics.Text("不足 5 分钟的会议 × 100 ÷ 会议数", "meetings under 5 minutes × 100 ÷ meetings"),
)  # fmt: skip


def short_meetings(
    source: Any, start: Any = None, end: Any = None, by: metrics.By = "month", *, group: Any = None, book: Any = None
) -> metrics.Report:
    rows = metrics.Breakdown.of(source, start, end, by, group=group, book=book)
    timed = rows.meetings.filter(~nw.col("meeting_s").is_null())
    sums = rows.add_up(timed.with_columns(short=(nw.col("meeting_s") < 300).cast(nw.Int64)), "short")
    shown = sums.with_columns(meetings=nw.col("n"), short_pct=metrics.percent("short", "n"))
    return rows.report("short_meetings", metrics.Text("短会", "Short meetings"), shown, ("meetings", "short_pct"))


@pytest.fixture
def registered() -> Iterator[Any]:
    yield metrics.register(rows=12, definitions=[SHORT])(short_meetings)
    del REPORTS["short_meetings"], DEFINITIONS["short_pct"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_the_share_of_meetings_under_five_minutes(engine: str, registered: Any) -> None:
    office = difficult()
    found = rows(registered(ENGINES[engine](office), by="total"))
    spent = [fact.seconds for fact in oracle.within(office) if fact.seconds is not None]
    assert (found[0]["meetings"], found[0]["short_pct"]) == (len(spent), sum(s < 300 for s in spent) * 100 / len(spent))
    months = make("short_meetings", ENGINES[engine](office), Ask(by="month"))
    assert sum(row["meetings"] for row in rows(months)) == len(spent)
    groups = rows(registered(ENGINES[engine](office), by="total", group="creator"))
    assert sum(row["meetings"] for row in groups) == len(spent)


def test_it_is_explained_and_described_like_all_others(registered: Any) -> None:
    report = registered(polars_frames(difficult()), by="total")
    assert "under 5 minutes" in report.formula(0)["short_pct"].en
    assert len(report.explain(0)) > 0
    assert list(REPORTS)[-1] == "short_meetings"
    assert REPORTS["short_meetings"].takes == {"start", "end", "by", "group", "book"}
    assert registered.__name__ == "short_meetings"


def test_a_cell_that_is_run_again_replaces_ones_own(registered: Any) -> None:
    again = metrics.register(rows=3, definitions=[SHORT])(short_meetings)
    assert REPORTS["short_meetings"].rows == 3
    assert inspect.unwrap(again) is inspect.unwrap(registered) is short_meetings


def test_what_the_package_has_is_not_replaced() -> None:
    def usage(source: Any) -> metrics.Report:
        return metrics.sizes(source)

    with pytest.raises(UsageError, match="there is a report usage"):
        metrics.register()(usage)
    with pytest.raises(UsageError, match="already has a meaning"):
        metrics.register(definitions=[DEFINITIONS["meetings"]])(short_meetings)
    with pytest.raises(UsageError, match="no parameter tariff"):
        metrics.register(needs=("tariff",))(short_meetings)
    assert "short_meetings" not in REPORTS
    assert REPORTS["usage"].function is metrics.usage
    with pytest.raises(UsageError, match="choose one of usage"):
        make("short_meetings", polars_frames(difficult()), Ask())
    with pytest.raises(UsageError, match="needs"):
        make("chargeback", polars_frames(difficult()), Ask())


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_misspelt_parameter_is_refused(name: str) -> None:
    """Swallowed, the period of `strat=` would be everything there is."""
    with pytest.raises(TypeError, match="strat"):
        REPORTS[name].function(sample(), strat="2026-01-01")
