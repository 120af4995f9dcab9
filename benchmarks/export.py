"""How quickly, and in how much memory, 100,000 legs become a file, beside pandas.

Run `uv run python -m benchmarks.export [rows]`. Each way runs in a process of its own; prints rows/s, peak memory
above the data, and the ratio to pandas' `to_excel` or `to_csv`.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from benchmarks.results import keep
from ytxdata.records.schema import LEGS, arrow_schema, to_pandas
from ytxdata.tables.table import record_table


def legs(rows: int) -> pa.Table:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    joined = [begin + timedelta(seconds=37 * n) for n in range(rows)]
    columns = {
        "meeting_id": [f"2026{n // 4:012d}" for n in range(rows)],
        "leg": [n % 4 + 1 for n in range(rows)],
        "name": [f"参会者{n % 997}" for n in range(rows)],
        "phone": [f"138{n % 10_000:04d}{n % 7919:04d}" for n in range(rows)],
        "number": [f"+86138{n % 10_000:04d}{n % 7919:04d}" for n in range(rows)],
        "extension": [None] * rows,
        "joined_at": joined,
        "left_at": [instant + timedelta(minutes=31) for instant in joined],
        "duration_s": [1860] * rows,
        "is_creator": [n % 4 == 0 for n in range(rows)],
        "state": ["离开"] * rows,
    }
    return pa.table(columns, schema=arrow_schema(LEGS))


def ours_excel(table: pa.Table, path: Path, *, check: bool = True) -> None:
    record_table(table, "legs").to_excel(path, check=check)


def ours_excel_unchecked(table: pa.Table, path: Path) -> None:
    ours_excel(table, path, check=False)


def pandas_excel(table: pa.Table, path: Path) -> None:
    frame = to_pandas(table)
    for column in ("joined_at", "left_at"):
        frame[column] = frame[column].dt.tz_localize(None)
    frame.to_excel(path, index=False, engine="xlsxwriter")


def ours_csv(table: pa.Table, path: Path, *, check: bool = True) -> None:
    record_table(table, "legs").to_csv(path.with_suffix(".csv"), check=check)


def ours_csv_unchecked(table: pa.Table, path: Path) -> None:
    ours_csv(table, path, check=False)


def pandas_csv(table: pa.Table, path: Path) -> None:
    to_pandas(table).to_csv(path.with_suffix(".csv"), index=False)


Way = Callable[[pa.Table, Path], None]
GROUPS: dict[str, tuple[Way, ...]] = {
    "excel": (pandas_excel, ours_excel, ours_excel_unchecked),
    "csv": (pandas_csv, ours_csv, ours_csv_unchecked),
}


def measure(way: Way, data: Path) -> tuple[float, float]:
    """Return CPU seconds and peak memory [MB] above that of a process that has the data and has written ten rows."""
    table = pa.ipc.open_file(pa.memory_map(str(data))).read_all()
    with tempfile.TemporaryDirectory() as folder:
        way(table.slice(0, 10), Path(folder) / "warm.xlsx")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        way(table, Path(folder) / "legs.xlsx")
        seconds = time.process_time() - start
    return seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{rows:,} legs, 10 columns; CPU time")
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "legs.arrow"
        table = legs(rows)
        with pa.ipc.new_file(str(data), table.schema) as file:
            file.write_table(table)
        figures: dict[str, dict[str, float]] = {}
        for group, ways in GROUPS.items():
            base = 0.0
            for way in ways:
                with context.Pool(1) as pool:
                    seconds, memory = pool.apply(measure, (way, data))
                base = base or seconds
                figures[way.__name__] = {"cpu_s": seconds, "memory_mb": memory, "times_pandas": seconds / base}
                print(
                    f"{group:6} {way.__name__:22} {rows / seconds:9,.0f} rows/s {memory:6.0f} MB {seconds / base:5.2f} x pandas"
                )
        keep("export", {"rows": rows}, figures)


if __name__ == "__main__":
    main()
