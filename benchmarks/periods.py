"""What does the report of one month cost where the archive holds a year, and where it holds ten?

    python -m benchmarks.periods [--meetings 6000] [--legs 8]

Two archives get as many meetings a year. Every report is made once to warm up, then three times, of which the shortest
counts; CPU seconds. Prints what the month costs in both, what all of the ten years cost, and what they cost where
months are kept: the first time, and again.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.results import keep
from ytxdata import Archive, metrics
from ytxdata.metrics.months import OF_MONTHS
from ytxdata.records.answer import Answer, read_answer
from ytxdata.times import BEIJING, now

LAST = datetime(2026, 3, 20, tzinfo=BEIJING)
MONTH = ("2026-02", "2026-03")
TARIFF = metrics.Tariff(prices={"default": "0.12"})
REPORTS: dict[str, Callable[..., metrics.Report]] = {
    "usage": metrics.usage,
    "working_hours": metrics.working_hours,
    "concurrency": metrics.concurrency,
    "peak_stretches": metrics.peak_stretches,
    "cost": partial(metrics.cost, tariff=TARIFF),
    "creators": metrics.creators,
    "people": metrics.people,
}


@dataclass
class Platform:
    """An account whose newest records are answered."""

    records: list[dict[str, Any]]
    identity: tuple[str, str] = ("benchmark", "periods")

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        """Answer with the newest records."""
        del confid
        data = json.dumps({"statusCode": "0", "data": self.records[:meetingcount]}, ensure_ascii=False).encode()
        return read_answer(data, asked_at=now(), asked_n=meetingcount)


def records(n: int, years: int, legs: int) -> list[dict[str, Any]]:
    """Return so many meetings of so many years, newest first."""
    rng = random.Random(1)

    def text(instant: datetime) -> str:
        return f"{instant:%Y-%m-%d %H:%M:%S}"

    def meeting(i: int) -> dict[str, Any]:
        start = LAST - timedelta(days=365 * years) / n * i - timedelta(seconds=rng.randrange(3600))
        end = start + timedelta(seconds=rng.randrange(300, 5400))
        parties = [
            {
                "name": "甲",
                "phone": f"154{rng.randrange(2000):08d}",
                "jointime": text(start + timedelta(seconds=rng.randrange(60))),
                "leavetime": text(end - timedelta(seconds=rng.randrange(60))),
            }
            for _ in range(legs)
        ]
        return {
            "meid": f"{n - i:029d}", "meetingname": f"周会 {i % 50}", "creator": f"154{rng.randrange(300):08d}",
            "starttime": text(start), "endtime": text(end), "parties": parties,
        }  # fmt: skip

    return [meeting(i) for i in range(n)]


def seconds(job: Callable[[], object]) -> float:
    """Return the CPU seconds of the shortest of three runs after a first one."""
    job()
    took = []
    for _ in range(3):
        before = time.process_time()
        job()
        took.append(time.process_time() - before)
    return min(took)


def first_of_all(archive: Archive, report: Callable[..., metrics.Report]) -> metrics.Report:
    """Make a report of which nothing is kept."""
    shutil.rmtree(archive.path / "months", ignore_errors=True)
    return report(archive)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meetings", type=int, default=6000, help="of each year")
    parser.add_argument("--legs", type=int, default=8)
    asked = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        archives = {}
        for years in (1, 10):
            archives[years] = Archive(Path(folder) / f"{years}.archive")
            archives[years].sync(Platform(records(asked.meetings * years, years, asked.legs)))
        one, ten = archives[1], archives[10]
        for name, report in REPORTS.items():
            jobs: dict[str, Callable[[], object]] = {
                "one_month": partial(report, one, start=MONTH[0], end=MONTH[1]),
                "ten_month": partial(report, ten, start=MONTH[0], end=MONTH[1]),
                "ten_all": partial(report, ten, cache=False),
            }
            if name in OF_MONTHS:
                jobs |= {"ten_first": partial(first_of_all, ten, report), "ten_again": partial(report, ten)}
            figures[name] = took = {key: seconds(job) for key, job in jobs.items()}
            told = " ".join(f"{key} {value:.2f} s" for key, value in took.items())
            print(f"{name:16} {told}  ten ÷ one {took['ten_month'] / took['one_month']:.2f}", flush=True)
    keep("periods", vars(asked), figures)


if __name__ == "__main__":
    main()
