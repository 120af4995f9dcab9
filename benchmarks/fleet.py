"""What a quiet sync of many accounts costs: in all, beside the calls alone, and beside the same syncs without a fleet.

Usage: python -m benchmarks.fleet [--accounts 1000] [--meetings 60] [--workers 4]

The emulator runs in a process of its own. Each line ends with its aim, and whether it is met.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ytxdata as ytx
from benchmarks.results import keep
from ytxdata.fleet import FleetSync
from ytxdata.fleet.accounts import FleetAccount
from ytxdata.platform.settings import Settings


def timed(job: Callable[[], object]) -> float:
    """Seconds that a job takes."""
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def client_of(account: FleetAccount) -> ytx.Client:
    """A client made as a fleet makes it."""
    made = account.settings()
    assert isinstance(made, Settings)
    return ytx.Client.of(made)


def measured(fleet: ytx.Fleet, workers: int, rounds: int) -> dict[str, float]:
    """The best of some quiet rounds, one kind after the other in each, so that a noisy moment meets all of them."""
    best = {"fleet": float("inf"), "calls": float("inf"), "syncs": float("inf")}
    n_calls = 0

    def whole() -> None:
        nonlocal n_calls
        done = fleet.sync(workers=workers, per_second=None)
        assert isinstance(done, FleetSync)
        assert done.exit_code == 0, done.line
        n_calls = sum(line.report.calls for line in done.lines if line.report)

    def spread(job: Callable[[FleetAccount], object]) -> None:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(job, fleet.accounts))

    for _ in range(rounds):
        best["fleet"] = min(best["fleet"], timed(whole))
        best["calls"] = min(best["calls"], timed(lambda: spread(lambda one: client_of(one).query_meeting("", 29))))
        best["syncs"] = min(
            best["syncs"], timed(lambda: spread(lambda one: ytx.Archive(one.archive).sync(client_of(one))))
        )
    return {**best, "n_calls": n_calls}


def main() -> None:
    """Measure, print, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--meetings", type=int, default=60)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fleet.toml"
        told = [
            "--accounts",
            asked.accounts,
            "--meetings",
            asked.meetings,
            "--until",
            "2026-03-04",
            "--fleet-file",
            file,
        ]
        command = [sys.executable, "-m", "ytxdata", "emulator", *map(str, told)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
            assert served.stdout is not None
            try:
                served.stdout.readline()
                fleet = ytx.Fleet(file)
                first = timed(lambda: fleet.sync(workers=asked.workers, per_second=None))
                for _ in range(2):  # the second and third answer of an account are asked to prove more than a quiet one
                    fleet.sync(workers=asked.workers, per_second=None)
                found = measured(fleet, asked.workers, asked.rounds)
            finally:
                served.terminate()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    n, ratio = asked.accounts, found["fleet"] / found["syncs"]
    scaled = found["fleet"] * 1000 / n
    print(f"{n} accounts, first sync: {first:.1f} s")
    print(f"quiet: {found['fleet']:.2f} s, {found['n_calls'] / n:.2f} calls each")
    print(f"1,000 of them: {scaled:.0f} s; aim 180 {'met' if scaled < 180 else 'MISSED'}")
    print(f"beside the calls and commits without a fleet: {ratio:.2f}; aim 1.3 {'met' if ratio <= 1.3 else 'MISSED'}")
    print(f"beside the calls alone: {found['fleet'] / found['calls']:.2f}")
    print(f"memory: {peak_mb:.0f} MB; aim 1000 {'met' if peak_mb < 1000 else 'MISSED'}")
    keep(
        "fleet",
        {"accounts": n, "meetings": asked.meetings, "workers": asked.workers},
        {
            "seconds": {"first": first, **{key: found[key] for key in ("fleet", "calls", "syncs")}},
            "calls_each": found["n_calls"] / n,
            "peak_mb": peak_mb,
            "ratios": {"beside_calls_and_commits": ratio, "beside_calls": found["fleet"] / found["calls"]},
        },
    )


if __name__ == "__main__":
    main()
