"""The benchmark of reports still runs, and its four ways of counting agree: a figure of one that fails is no figure."""

from pathlib import Path

import pytest

from benchmarks.reports import REPORTS, SIDES, make, run


@pytest.mark.slow
def test_every_side_makes_all_reports_and_counts_the_same_meetings(tmp_path: Path) -> None:
    make(str(tmp_path), meetings=300, legs=3)
    sides = {side: run(side, str(tmp_path)) for side in SIDES}

    assert all(set(REPORTS) <= set(measured["each"]) for measured in sides.values())
    assert sides["narwhals"]["totals"]["usage"] == 300
    assert all(measured["totals"] == sides["sql"]["totals"] for measured in sides.values())
