"""What benchmarks make for themselves is what reports read: of damaged archives all engines say the same, nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ytxdata import metrics


@pytest.mark.slow
def test_the_accounts_of_the_cluster_are_whole(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    from benchmarks.cluster import LEGS, REPORTS, fleet_of

    fleet = fleet_of(tmp_path, accounts=2, legs=2 * 50 * LEGS)
    assert metrics.usage(fleet, by="total").frame["meetings"].tolist() == [100]
    assert all(len(make(fleet).frame) for make in REPORTS.values())
    assert all(fleet[name].meetings()["n_legs"].tolist() == [LEGS] * 50 for name in fleet.names)
