"""What a year of half-hourly syncs costs and leaves, with a stopped clock: the last hundred against the first, and
all beside the data.

Usage: python -m benchmarks.half_hours [--syncs 17520] [--at DIRECTORY]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from benchmarks import results
from benchmarks import sync as bench
from ytxdata import times
from ytxdata.archive import Archive
from ytxdata.archive.heads import sequences
from ytxdata.archive.stored_files import DERIVED, RAW_TABLES

DAILY = 100
"""Meetings a day."""

HALF_HOUR = timedelta(minutes=30)


def beside(path: Path) -> dict[str, int]:
    """Return the bytes of everything that is not a table, by folder."""
    sizes: dict[str, int] = {}
    for file in bench.files(path):
        top = file.relative_to(path).parts[0]
        if top not in (*RAW_TABLES, DERIVED):
            sizes[top] = sizes.get(top, 0) + file.stat().st_size
    return sizes


def kept_states(path: Path, now: datetime) -> str:
    """Say how many of the states of the last 90 days are there, and how many days before have one."""
    from ytxdata.archive.heads import read_head

    recent, days = 0, set()
    newest = max(sequences(path))
    written: dict[int, datetime] = {
        n: datetime.fromisoformat(read_head(path, n).body["written_at"]) for n in sequences(path)
    }
    edge = now - timedelta(days=90)
    first_recent = min(n for n, at in written.items() if at > edge)
    recent = sum(1 for n in written if n >= first_recent)
    days = {at.date() for n, at in written.items() if n < first_recent}
    whole = "all" if recent == newest - first_recent + 1 else "NOT ALL"
    return f"{whole} {recent} states of the last 90 days, {len(days)} earlier days with one"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--syncs", type=int, default=17_520)
    parser.add_argument("--at", type=Path)
    arguments = parser.parse_args()
    bench.EVERY = timedelta(days=1) / DAILY
    bench.text_of = cache(bench.text_of)
    with tempfile.TemporaryDirectory() as directory:
        path = (arguments.at or Path(directory)) / "meetings.archive"
        archive, spent, n_calls = Archive(path), [], 0
        for turn in range(arguments.syncs):
            took, done = bench.Platform(1_000 + int(turn * HALF_HOUR / bench.EVERY)).sync(archive)
            spent.append(took)
            n_calls += done.calls
            if turn % 500 == 499:
                last = statistics.mean(spent[-100:]) * 1000
                size = sum(beside(path).values()) / 1e6
                print(
                    f"{turn + 1:>6} syncs: last 100 took {last:.0f} ms each, {size:.1f} MB beside the data", flush=True
                )
        first, last = statistics.mean(spent[1:101]), statistics.mean(spent[-100:])
        bench.say(
            f"{arguments.syncs:,} half-hourly syncs: last 100 to first 100",
            last / first,
            1.2,
            f"{first * 1000:.0f} → {last * 1000:.0f} ms, {n_calls:,} calls",
        )
        sizes = beside(path)
        each = ", ".join(f"{name} {size / 1e6:.2f}" for name, size in sorted(sizes.items()))
        met = "met" if sum(sizes.values()) < 20e6 else "MISSED"
        print(
            f"beside the data: {sum(sizes.values()) / 1e6:.1f} MB (aim < 20, {met}): {each}; data {bench.size_of(path) / 1e6 - sum(sizes.values()) / 1e6:.1f} MB"
        )
        print(kept_states(path, times.now()))
        print(archive.verify(), flush=True)
        results.keep(
            "half_hours", {"syncs": arguments.syncs}, bench.SAID | {"mb_beside_the_data": sum(sizes.values()) / 1e6}
        )


if __name__ == "__main__":
    main()
