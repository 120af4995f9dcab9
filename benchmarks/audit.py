"""How long does the whole audit take beside the usage reports, and in how much memory?

    python -m benchmarks.audit --meetings 1000000 --legs 8

Meetings and legs lie in Parquet files and are read lazily by DuckDB. Each side runs in a process of its own; prints
seconds, peak memory and the ratio. The reports are usage, creators, people, sizes, durations, heatmap, working hours,
concurrency and concentration, by month.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd

from benchmarks.results import keep
from ytxdata import Frames, audit, metrics
from ytxdata.metrics.groups import resolve

SQL = """
    SELECT setseed(0.4);
    COPY (
        SELECT format('{{:029d}}', i) AS meeting_id, '139' || lpad((hash(i) % ({people}))::VARCHAR, 8, '0') AS creator,
            (TIMESTAMP '2024-01-01' + INTERVAL (i % 730) DAY + INTERVAL (hash(i * 7) % 39600) SECOND)::TIMESTAMPTZ
                AS started_at,
            started_at + INTERVAL (30 + hash(i * 3) % 5400) SECOND AS ended_at, epoch(ended_at - started_at)::BIGINT
                AS duration_s,
            ((hash(i) % 1000) / 100)::DECIMAL(38, 18) AS amount_yuan, {legs}::BIGINT AS n_legs, 'pull' AS pull_id
        FROM range({meetings}) t(i)
    ) TO '{folder}/meetings.parquet';
    COPY (
        SELECT meeting_id, k + 1 AS leg, CASE WHEN k = 0 THEN '+86' || creator
            ELSE '+86139' || lpad((hash(meeting_id || k) % ({people}))::VARCHAR, 8, '0') END AS number,
            started_at + INTERVAL (hash(k || meeting_id) % 30) SECOND AS joined_at,
                ended_at - INTERVAL (hash(k) % 30) SECOND AS left_at
        FROM '{folder}/meetings.parquet', range({legs}) t(k)
    ) TO '{folder}/legs.parquet';
"""

REPORTS: tuple[Callable[..., Any], ...] = (
    metrics.usage,
    metrics.creators,
    metrics.people,
    metrics.sizes,
    metrics.durations,
    metrics.heatmap,
    metrics.working_hours,
    metrics.concurrency,
    metrics.concentration,
)


def frames(folder: str) -> Frames:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Asia/Shanghai'; SET enable_progress_bar = false")
    return Frames(
        connection.read_parquet(f"{folder}/meetings.parquet"), connection.read_parquet(f"{folder}/legs.parquet")
    )


def reports(folder: str) -> int:
    source = resolve(frames(folder))  # the reports of one sitting share what they can
    return sum(len(nw.from_native(report(source).frame).collect()) for report in REPORTS)


def usage(folder: str) -> int:
    frame: Any = metrics.usage(frames(folder)).frame  # lazy, as the frames are
    return len(nw.from_native(frame).collect())


def audited(folder: str) -> int:
    known = [{"phone": f"139{i:08d}"} for i in range(0, 60_000, 2)]

    return len(audit.run(frames(folder), roster=pd.DataFrame(known)))


def measured(work: Callable[[str], int], folder: str, answers: Any) -> None:
    before = time.perf_counter()
    rows = work(folder)
    answers.put((time.perf_counter() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--meetings", type=int, default=100_000)
    arguments.add_argument("--legs", type=int, default=8)
    arguments.add_argument("--people", type=int, default=60_000)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect()
        connection.execute("SET enable_progress_bar = false")
        connection.execute(SQL.format(folder=folder, **vars(options)))
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        print(f"{options.meetings:,} meetings, {options.meetings * options.legs:,} legs, {size:.0f} MB")
        seconds = {}
        for work in (usage, reports, audited):
            answers: Any = multiprocessing.get_context("spawn").Queue()
            process = multiprocessing.get_context("spawn").Process(target=measured, args=(work, folder, answers))
            process.start()
            seconds[work], memory, rows = answers.get()
            process.join()
            print(f"{work.__name__:8} {seconds[work]:8.1f} s {memory:8.0f} MB peak {rows:9,} rows")
        keep("audit", vars(options), {"seconds": {work.__name__: taken for work, taken in seconds.items()}})
        print(
            f"audit ÷ usage = {seconds[audited] / seconds[usage]:.2f}, audit ÷ all reports = {seconds[audited] / seconds[reports]:.2f}"
        )


if __name__ == "__main__":
    main()
