"""What a report without small groups says of time tells no instant of anybody's meeting."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest

from ytxdata.archive import Archive
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import collect
from ytxdata.pages.small_groups import without_small_groups


@pytest.mark.slow
@pytest.mark.parametrize("by", ["month", "week"])
def test_what_is_covered_of_a_period_is_told_in_whole_days(archive: Archive, by: Literal["month", "week"]) -> None:
    whole = collect(archive, Ask(by=by))
    done = without_small_groups(whole, 2)
    told = done.reports["usage"].arrow.to_pylist()
    assert any(row["is_partial"] for row in told), "the archive begins within a period"
    for name, report in done.reports.items():
        if "covered_pct" not in report.arrow.column_names:
            continue
        for row in report.arrow.to_pylist():
            begin = date.fromisoformat(row["period"] if by == "week" else f"{row['period']}-01")
            n = 7 if by == "week" else (date(begin.year + begin.month // 12, begin.month % 12 + 1, 1) - begin).days
            days = (row["covered_pct"] or 0.0) * n / 100
            assert days == pytest.approx(round(days), abs=1e-9), (name, row["period"], "its rest is a time of day")
            assert row["covered_pct"] is None or row["is_partial"] == (row["covered_pct"] < 100), (name, row)
    was = whole.reports["usage"].arrow
    assert [row["is_partial"] for row in told] == was["is_partial"].to_pylist(), "what is cut short stays so"
    shares = zip(was["covered_pct"].to_pylist(), told, strict=True)
    lost = [one - row["covered_pct"] for one, row in shares if row["covered_pct"] is not None]
    assert all(0 <= one < 200 / (7 if by == "week" else 28) for one in lost), "never more than is known"
    known = done.reports["usage"].definition("covered_pct")
    assert "whole" in known.formula.en
    assert "整天" in known.formula.zh
