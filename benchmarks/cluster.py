"""What reports of a fleet cost on a cluster of Spark, and how that grows with the legs.

A master and two workers are processes of this machine; numbers are compared with those of DuckDB.

Usage: python -m benchmarks.cluster [--accounts 200] [--legs 2000000 20000000] [--compared 2000000]

Wall seconds, CPU seconds of the workers, and the bytes they hand to each other, as Spark itself counts them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyspark
from pyspark.sql import SparkSession

from benchmarks.results import keep
from ytxdata import Fleet, metrics
from ytxdata.archive.ownership import birth
from ytxdata.archive.stored_files import SCHEMAS
from ytxdata.archive.write_sync import Writer
from ytxdata.files import that_may_be_lost
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.normalize import parser_mark

HOST = "127.0.0.1"
LEGS = 8
"""Of each meeting."""

PEOPLE = 500
"""Of each account."""

REPORTS: dict[str, Callable[..., metrics.Report]] = {
    "usage": metrics.usage,
    "creators": metrics.creators,
    "concurrency": metrics.concurrency,
    "people": metrics.people,
}
SETTINGS = {
    "spark.driver.memory": "2g",
    "spark.executor.memory": "2g",
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.sql.shuffle.partitions": "16",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.retainedStages": "100000",
    "spark.ui.showConsoleProgress": "false",
}


def archive(root: Path, account: int, meetings: int) -> None:
    """An archive of two years as a sync leaves it, but for the raw answers, which reports do not read."""
    rng = np.random.default_rng(account)
    second = 1_704_067_200 + np.sort(rng.integers(0, 730 * 86_400, meetings))
    length = rng.integers(60, 5_400, meetings)
    ids = pc.utf8_lpad(pa.array(np.arange(meetings)).cast(pa.string()), 29, "0")
    numbers = pa.array([f"+86139{one:08d}" for one in rng.integers(0, 10**8, PEOPLE)])
    rows = {
        "obs": np.arange(meetings),
        "twin": np.zeros(meetings, np.int64),
        "meeting_id": ids,
        "creator": numbers.take(pa.array(rng.integers(0, PEOPLE // 20, meetings))),
        "started_at": instants(second),
        "ended_at": instants(second + length),
        "n_legs": np.full(meetings, LEGS),
        "pull_id": pa.array(["pull"] * meetings),
    }
    of = np.repeat(np.arange(meetings), LEGS)
    place = np.tile(np.arange(LEGS), meetings)
    joined = second[of] + rng.integers(0, 30, len(of))
    left = np.maximum(joined, (second + length)[of] - rng.integers(0, 25, len(of)))
    parties = {
        "obs": of,
        "meeting_id": ids.take(pa.array(of)),
        "leg": place + 1,
        "number": pc.if_else(pa.array(place % 7 == 6), None, numbers.take(pa.array(rng.integers(0, PEOPLE, len(of))))),
        "joined_at": instants(joined),
        "left_at": pc.if_else(pa.array(place == 3), None, instants(left)),
    }
    birth(root, f"account-{account}", "app")
    writer = Writer(root, None)
    for table, columns in {"meetings": rows, "legs": parties}.items():
        n = len(columns["obs"])
        schema = SCHEMAS[table]
        cells = [
            pa.array(columns[one.name]).cast(one.type) if one.name in columns else pa.nulls(n, one.type)
            for one in schema
        ]
        writer.append(table, pa.Table.from_arrays(cells, schema=schema))
    counts = {"observations": meetings, "pulls": 0, "meetings": meetings, "started": meetings}
    writer.promote("sync", parser=parser_mark(DEFAULT), counts=counts)


def instants(seconds: np.ndarray[Any, Any]) -> pa.Array:
    """Seconds since 1970 as instants."""
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us", "UTC"))


def fleet_of(folder: Path, accounts: int, legs: int) -> Fleet:
    """A fleet whose accounts hold so many legs together."""
    with that_may_be_lost():
        for account in range(accounts):
            archive(folder / f"account-{account:03d}.archive", account, legs // accounts // LEGS)
    return Fleet(folder)


@contextmanager
def cluster() -> Iterator[SparkSession]:
    """A master and two workers of one core each, from the package's own jars."""
    home = Path(pyspark.__file__).parent
    environment = {**os.environ, "SPARK_HOME": str(home)}
    with ExitStack() as running:
        folder = running.enter_context(tempfile.TemporaryDirectory())

        def begin(*command: str) -> None:
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *command],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            running.callback(process.wait)
            running.callback(process.terminate)

        port = free_port()
        begin("org.apache.spark.deploy.master.Master", "--host", HOST, "--port", str(port), "--webui-port", str(free_port()))  # fmt: skip
        await_port(port)
        address = f"spark://{HOST}:{port}"
        for number in range(2):
            work = f"{folder}/work-{number}"
            begin("org.apache.spark.deploy.worker.Worker", address, "--host", HOST, "--cores", "1", "--memory", "3g", "--webui-port", str(free_port()), "--work-dir", work)  # fmt: skip
        builder = SparkSession.builder.master(address).appName("ytxdata-cluster")
        for name, value in {**SETTINGS, "spark.local.dir": f"{folder}/local"}.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        running.callback(session.stop)
        yield session


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind((HOST, 0))
        return int(asked.getsockname()[1])


def await_port(port: int) -> None:
    """Wait until somebody listens there."""
    for _ in range(600):
        with socket.socket() as asked:
            if asked.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.2)
    raise TimeoutError("the master did not start")


def counted(session: SparkSession) -> dict[str, float]:
    """What Spark has counted of all stages so far: CPU of the workers, bytes read and handed over, bytes spilled."""
    context = session.sparkContext
    url = f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/stages?status=complete"
    with urlopen(url) as answer:
        stages = json.load(answer)
    return {
        "cpu_s": sum(one["executorCpuTime"] for one in stages) / 1e9,
        "shuffle_mb": sum(one["shuffleWriteBytes"] for one in stages) / 1e6,
        "read_mb": sum(one["inputBytes"] for one in stages) / 1e6,
        "spilled_mb": sum(one["diskBytesSpilled"] for one in stages) / 1e6,
    }


def measured(session: SparkSession, fleet: Fleet, name: str, *, is_compared: bool) -> dict[str, float]:
    """What a report takes, read from the archives."""
    before, began = counted(session), time.perf_counter()
    rows = REPORTS[name](fleet, engine="spark", spark=session).arrow
    took = {"wall_s": time.perf_counter() - began, "rows": rows.num_rows}
    assert rows.num_rows, f"{name}: nothing was read, as of archives that are damaged"
    session.catalog.clearCache()
    time.sleep(1)  # stages are told a moment after they have ended
    took |= {what: total - before[what] for what, total in counted(session).items()}
    if is_compared:
        ours = REPORTS[name](fleet, engine="duckdb").arrow
        assert rows.to_pylist() == ours.to_pylist(), f"{name}: Spark and DuckDB disagree"
    return took


def main() -> None:
    """Measure, print, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--legs", type=int, nargs="+", default=[2_000_000, 20_000_000])
    parser.add_argument("--compared", type=int, default=2_000_000, help="up to so many legs, numbers are compared")
    asked = parser.parse_args()
    sizes: dict[str, dict[str, dict[str, float]]] = {}
    with cluster() as session:
        for legs in sorted(asked.legs):
            folder = Path(tempfile.mkdtemp())
            try:
                fleet = fleet_of(folder, asked.accounts, legs)
                sizes[str(legs)] = {}
                for name in REPORTS:
                    took = measured(session, fleet, name, is_compared=legs <= asked.compared)
                    sizes[str(legs)][name] = took
                    told = "  ".join(f"{what} {value:,.1f}" for what, value in took.items())
                    print(f"{legs:>12,} legs  {name:12} {told}", flush=True)
            finally:
                shutil.rmtree(folder)
            least, most = min(sizes, key=int), max(sizes, key=int)
            growth = {
                what: sum(one[what] for one in sizes[most].values()) / sum(one[what] for one in sizes[least].values())
                for what in ("wall_s", "cpu_s", "shuffle_mb")
            }
            print(f"from {int(least):,} to {int(most):,}: {growth}", flush=True)
            keep(
                "cluster",
                {"accounts": asked.accounts, "workers": 2, "compared": asked.compared},
                {"sizes": sizes, "growth": growth},
            )


if __name__ == "__main__":
    main()
