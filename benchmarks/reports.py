"""What do all reports cost on DuckDB, beside pandas and beside SQL written by hand?

    python -m benchmarks.reports --meetings 1000000 --legs 8

Meetings and legs lie in Parquet files, and legs know the number of their meeting, as an archive ties them. Every side
runs in a process of its own: `narwhals` is this package on DuckDB, `pandas` this package on pandas, `sql` one
statement a report written by hand for DuckDB, `tuned` the same over facts whose ids are integers. Prints CPU seconds,
wall seconds and peak memory of each, and the ratios; the CPU ratio is the one to read on a busy machine. The totals
of all sides are compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from benchmarks.results import keep
from ytxdata import metrics
from ytxdata.archive.connections import connect, make_room
from ytxdata.metrics.groups import resolve

MAKE = """
    COPY (
        SELECT i AS meeting_key, printf('%029d', i) AS meeting_id,
            '139' || lpad((hash(i) % ({people} // 20))::VARCHAR, 8, '0') AS creator,
            (TIMESTAMP '2024-01-01' + INTERVAL (i % 730) DAY + INTERVAL (hash(i * 7) % 39600) SECOND)::TIMESTAMPTZ
                AS started_at,
            started_at + INTERVAL (60 + hash(i * 3) % 5400) SECOND AS ended_at, {legs}::BIGINT AS n_legs, 'pull'
                AS pull_id
        FROM range({meetings}) t(i) ORDER BY started_at
    ) TO '{folder}/meetings.parquet';
    COPY (
        SELECT meeting_key, meeting_id, k + 1 AS leg, CASE WHEN k % 7 = 6 THEN NULL
            ELSE '+86139' || lpad((hash(meeting_id || k) % {people})::VARCHAR, 8, '0') END AS number,
            started_at + INTERVAL (hash(k || meeting_id) % 30) SECOND AS joined_at,
            CASE WHEN k = 3 THEN NULL ELSE ended_at - INTERVAL (hash(meeting_id || (k + 99)) % 25) SECOND END AS left_at
        FROM '{folder}/meetings.parquet', range({legs}) t(k) ORDER BY started_at
    ) TO '{folder}/legs.parquet';
"""

REPORTS: dict[str, Callable[[Any], metrics.Report]] = {
    "usage": metrics.usage,
    "creators": metrics.creators,
    "people": metrics.people,
    "sizes": metrics.sizes,
    "durations": metrics.durations,
    "heatmap": metrics.heatmap,
    "working_hours": metrics.working_hours,
    "concurrency": lambda source: metrics.concurrency(source, lines=100),
    "lonely": lambda source: metrics.lonely(source, by="creator"),
    "concentration": metrics.concentration,
}

# ── the same numbers by hand ──
FACTS = """
    CREATE TEMP TABLE leg AS SELECT l.meeting_id, l.leg, l.number, coalesce(l.number, '#' || l.leg) AS person,
        epoch_us(l.joined_at) // 1000000 + 28800 AS j,
        epoch_us(coalesce(l.left_at, m.ended_at)) // 1000000 + 28800 AS e,
        date_trunc('month', timezone('Asia/Shanghai', m.started_at)) AS month, m.creator
        FROM read_parquet('{folder}/legs.parquet') l JOIN read_parquet('{folder}/meetings.parquet') m
            USING (meeting_id) WHERE l.joined_at IS NOT NULL;
    CREATE TEMP TABLE talk AS
        WITH cut AS (SELECT meeting_id, person, e, greatest(j, coalesce(max(e) OVER w, j)) AS j FROM leg WINDOW w
            AS (PARTITION BY meeting_id, person ORDER BY j, leg ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
        step AS (SELECT meeting_id, j AS t, 1 AS s FROM cut WHERE e > j UNION ALL SELECT meeting_id, e, -1 FROM cut
            WHERE e > j),
        level AS (SELECT meeting_id, t, s, sum(s) OVER (PARTITION BY meeting_id ORDER BY t, s ROWS UNBOUNDED PRECEDING)
            AS n FROM step)
        SELECT meeting_id, sum(t * ((n - s >= 2)::BIGINT - (n >= 2)::BIGINT)) AS talk_s,
            sum(t * ((n - s = 1)::BIGINT - (n = 1)::BIGINT)) AS lonely_s FROM level GROUP BY 1;
    CREATE TEMP TABLE fact AS SELECT meeting_id, any_value(month) AS month, any_value(creator) AS creator, count(*)
        AS legs, sum(e - j) AS leg_s, min(j) AS f, max(e) AS l, max(e) - min(j) AS meeting_s,
        count(DISTINCT person) AS size, count(*) FILTER (number IS NULL) AS withheld FROM leg GROUP BY 1;
"""
TUNED = """
    CREATE TEMP TABLE meeting AS SELECT meeting_key AS id, dense_rank() OVER (ORDER BY creator)
        AS creator, date_trunc('month', timezone('Asia/Shanghai', started_at)) AS month,
        epoch_us(ended_at) // 1000000 + 28800 AS e FROM read_parquet('{folder}/meetings.parquet');
    CREATE TEMP TABLE caller AS SELECT number, row_number() OVER () AS n FROM
        (SELECT DISTINCT number FROM read_parquet('{folder}/legs.parquet') WHERE number IS NOT NULL);
    CREATE TEMP TABLE leg AS SELECT m.id AS meeting_id, l.leg, c.n AS number, coalesce(c.n, -l.leg) AS person,
        epoch_us(l.joined_at) // 1000000 + 28800 AS j, coalesce(epoch_us(l.left_at) // 1000000 + 28800, m.e) AS e,
        m.month, m.creator
        FROM read_parquet('{folder}/legs.parquet') l JOIN meeting m ON m.id = l.meeting_key
        LEFT JOIN caller c ON c.number = l.number WHERE l.joined_at IS NOT NULL;
    CREATE TEMP TABLE fact AS SELECT meeting_id, any_value(month) AS month, any_value(creator) AS creator, count(*)
        AS legs, sum(e - j) AS leg_s, min(j) AS f, max(e) AS l, max(e) - min(j) AS meeting_s,
        count(DISTINCT person) AS size, count(*) FILTER (number IS NULL) AS withheld FROM leg GROUP BY 1;
    CREATE TEMP TABLE talk AS
        WITH again AS (SELECT meeting_id FROM fact WHERE legs > size),
        cut AS (SELECT meeting_id, e, greatest(j, coalesce(max(e) OVER w, j)) AS j FROM leg SEMI JOIN again
            USING (meeting_id) WINDOW w AS (PARTITION BY meeting_id, person ORDER BY j, leg ROWS BETWEEN UNBOUNDED
            PRECEDING AND 1 PRECEDING) UNION ALL SELECT meeting_id, e, j FROM leg ANTI JOIN again USING (meeting_id)),
        step AS (SELECT meeting_id, j AS t, 1 AS s FROM cut WHERE e > j UNION ALL SELECT meeting_id, e, -1 FROM cut
            WHERE e > j),
        level AS (SELECT meeting_id, t, s, sum(s) OVER (PARTITION BY meeting_id ORDER BY t, s ROWS UNBOUNDED PRECEDING)
            AS n FROM step)
        SELECT meeting_id, sum(t * ((n - s >= 2)::BIGINT - (n >= 2)::BIGINT)) AS talk_s,
            sum(t * ((n - s = 1)::BIGINT - (n = 1)::BIGINT)) AS lonely_s FROM level GROUP BY 1;
"""
"""The same facts tuned by hand: ids are integers, and only meetings in which anybody joined twice unite intervals."""

LEVELS = """
    WITH step AS (SELECT t, sum(s) AS s FROM (SELECT j AS t, 1 AS s FROM leg WHERE e > j UNION ALL SELECT e, -1
        FROM leg WHERE e > j) GROUP BY 1),
    level AS (SELECT t, lead(t) OVER (ORDER BY t) - t AS s, sum(s) OVER (ORDER BY t ROWS UNBOUNDED PRECEDING) AS n
        FROM step)
    SELECT date_trunc('month', to_timestamp(t)) AS month, max(n) AS peak, sum(s) FILTER (n > 100) / 60 AS above
        FROM level GROUP BY 1 ORDER BY 1
"""
SQL = {
    "usage": f"""
        WITH people AS (SELECT month, count(DISTINCT number) AS people FROM leg GROUP BY 1), peak AS ({LEVELS})
        SELECT month, count(*) AS meetings, sum(meeting_s) / 60, sum(talk_s) / 60, sum(lonely_s) / 60, sum(leg_s) / 60, sum(legs), any_value(people), sum(withheld), avg(size), median(size),
            any_value(peak), count(DISTINCT creator) FROM fact JOIN talk USING (meeting_id) JOIN people USING (month) LEFT JOIN peak USING (month) GROUP BY 1 ORDER BY 1
    """,
    "creators": """
        WITH people AS (SELECT creator, count(DISTINCT number) AS people FROM leg GROUP BY 1)
        SELECT creator, count(*) AS meetings, sum(meeting_s), sum(talk_s), sum(lonely_s), sum(leg_s), sum(legs), any_value(people), sum(withheld), avg(size)
            FROM fact JOIN talk USING (meeting_id) JOIN people USING (creator) GROUP BY 1 ORDER BY 3 DESC
    """,
    "people": """
        WITH cut AS (SELECT meeting_id, number, person, e, j AS j0, greatest(j, coalesce(max(e) OVER w, j)) AS j FROM leg WHERE number IS NOT NULL
            WINDOW w AS (PARTITION BY meeting_id, person ORDER BY j, leg ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
        SELECT number, count(DISTINCT meeting_id) AS meetings, count(*), sum(e - j0), sum(greatest(e - j, 0)) FROM cut GROUP BY 1 ORDER BY 5 DESC
    """,
    "sizes": "SELECT least(size, 51) AS size, count(*) AS meetings, sum(meeting_s) FROM fact GROUP BY 1 ORDER BY 1",
    "durations": "SELECT CASE WHEN meeting_s < 60 THEN 0 WHEN meeting_s < 300 THEN 1 WHEN meeting_s < 900 THEN 2 WHEN meeting_s < 1800 THEN 3 WHEN meeting_s < 3600 THEN 4 ELSE 5 END AS class, count(*) AS meetings, sum(meeting_s) FROM fact GROUP BY 1 ORDER BY 1",
    "heatmap": "SELECT h % 168 AS cell, sum(least(l, h * 3600 + 3600) - greatest(f, h * 3600)) / 60 AS minutes FROM (SELECT f, l, unnest(range(f // 3600, (l - 1) // 3600 + 1)) AS h FROM fact WHERE l > f) GROUP BY 1",
    "working_hours": "SELECT month, sum(meeting_s) / 60, sum(CASE WHEN (f // 86400 + 3) % 7 < 5 THEN greatest(least(l % 86400, 64800) - greatest(f % 86400, 32400), 0) ELSE 0 END) / 60 FROM fact GROUP BY 1 ORDER BY 1",
    "concurrency": LEVELS,
    "lonely": "SELECT creator, count(*) AS meetings, sum(lonely_s), sum(meeting_s) FROM fact JOIN talk USING (meeting_id) GROUP BY 1 ORDER BY 3 DESC",
    "concentration": "WITH each AS (SELECT creator, sum(meeting_s) AS s FROM fact GROUP BY 1), rank AS (SELECT s, row_number() OVER (ORDER BY s) AS r, count(*) OVER () AS n FROM each) SELECT sum(s) FILTER (r > n - ceil(n / 10)) * 100 / sum(s), sum((2 * r - n - 1) * s) / (any_value(n) * sum(s)) FROM rank",
}  # fmt: skip


def n_rows(folder: str) -> int:
    """Return how many meetings and legs there are, as an archive knows from its heads."""
    return sum(pq.read_metadata(f"{folder}/{name}.parquet").num_rows for name in ("meetings", "legs"))


class OnParquet:
    """What an archive gives: lazy frames of one connection, every leg once, tied to its meeting as an archive ties it."""

    certificate = None

    def __init__(self, folder: str) -> None:
        self.folder, self.connection = folder, connect()
        make_room(self.connection, n_rows(folder))

    def scans(self, *names: str, is_keyed: bool, **_where: object) -> tuple[Any, ...]:
        columns = "*" if is_keyed else "* EXCLUDE (meeting_key)"
        return tuple(self.connection.read_parquet(f"{self.folder}/{name}.parquet").project(columns) for name in names)


_BY_HAND = {"sql": FACTS, "tuned": TUNED}
SIDES = (*_BY_HAND, "narwhals", "pandas")


def make(folder: str, meetings: int, legs: int) -> None:
    """Write the meetings and legs of an invented company into a folder, as two Parquet files."""
    people = max(meetings // 10, 100)
    connect().execute(MAKE.format(folder=Path(folder).as_posix(), meetings=meetings, legs=legs, people=people))


def run(side: str, folder: str) -> dict[str, Any]:
    """Make all reports and say what it took, and two numbers that all sides must agree on."""
    took: dict[str, float] = {}
    totals: dict[str, float] = {}

    def timed(name: str, work: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        before = time.process_time()
        frame = work()
        took[name] = time.process_time() - before
        return frame

    begin = time.perf_counter()
    if side in _BY_HAND:
        connection = connect()
        make_room(connection, n_rows(folder))
        timed("facts", lambda: connection.execute(_BY_HAND[side].format(folder=folder)).df())
        for name, query in SQL.items():
            frame = timed(name, lambda query=query: connection.execute(query).df())  # type: ignore[misc]
            totals |= {name: float(frame["meetings"].sum())} if "meetings" in frame else {}
    else:
        source: Any = OnParquet(folder)
        if side == "pandas":
            read = (
                pd.read_parquet(f"{folder}/{name}.parquet", dtype_backend="numpy_nullable").drop(columns="meeting_key")
                for name in ("meetings", "legs")
            )
            meetings, legs = (timed("read", lambda each=each: each) for each in read)  # type: ignore[misc]
            source = metrics.Frames(meetings, legs)
        shared = resolve(source)
        for name, report in REPORTS.items():
            frame = timed(name, lambda report=report: report(shared).frame)  # type: ignore[misc]
            totals |= {name: float(frame["meetings"].sum())} if "meetings" in frame else {}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "wall_s": time.perf_counter() - begin,
        "cpu_s": time.process_time(),
        "memory_mb": memory,
        "each": took,
        "totals": totals,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meetings", type=int, default=1_000_000)
    parser.add_argument("--legs", type=int, default=8, help="of each meeting")
    parser.add_argument(
        "--sides", default=",".join(SIDES), help="which of them; those for which the data is too large left out"
    )
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        print(json.dumps(run(asked.side, asked.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        make(folder, asked.meetings, asked.legs)
        sides = {}
        for side in asked.sides.split(","):
            command = [sys.executable, "-m", "benchmarks.reports", "--side", side, "--folder", folder]
            sides[side] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            took = sides[side]
            print(
                f"{side:9} cpu {took['cpu_s']:7.1f} s  wall {took['wall_s']:7.1f} s  memory {took['memory_mb']:7.0f} MB",
                flush=True,
            )
    for name in ("facts", "read", *REPORTS):
        each = [sides[side]["each"].get(name, 0) for side in sides]
        print(
            f"  {name:14}" + "".join(f"{side:>10} {seconds:6.2f} s" for side, seconds in zip(sides, each, strict=True))
        )
    for name, total in sides["narwhals"]["totals"].items():
        assert all(took["totals"].get(name, total) == total for took in sides.values()), name
    ours = sides["narwhals"]
    ratios = {
        other: {what: ours[what] / sides[other][what] for what in ("cpu_s", "wall_s", "memory_mb")}
        for other in ("pandas", *_BY_HAND)
        if other in sides
    }
    for other, ratio in ratios.items():
        for what, share in ratio.items():
            print(f"narwhals on DuckDB / {other}, {what}: {share:.2f}")
    measured = {side: {what: took[what] for what in ("cpu_s", "wall_s", "memory_mb")} for side, took in sides.items()}
    name = f"reports-{asked.meetings}"
    keep(name, {"meetings": asked.meetings, "legs": asked.legs}, {"sides": measured, "ours_to": ratios})


if __name__ == "__main__":
    main()
