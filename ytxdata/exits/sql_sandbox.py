"""The other side of `exits.sql`: a process that opens one database for reading, locks every door, and answers one
SELECT.

It is run as a script and knows nothing of this package, so that it starts quickly. It takes a line of JSON (`file`,
`sql`, `memory_mb`, `spill`) from standard input and gives an Arrow stream, or a line of JSON on standard error that
says what went wrong.

Why a process: the engine's own limits hold for what it buffers, and interrupts are heard between two batches of rows.
Tried: `repeat('x', 3000000000)` took 6 GB under a limit of 300 MB, `sum(len(range(100000000)))` went on for seven
minutes after its three seconds. A process is ended by the system, whatever it is doing.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from threading import Thread

import duckdb
import pyarrow as pa

LOCKS = (
    "SET python_enable_replacements = false",  # else FROM x reads a frame of this process by its variable's name
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
"""What closes the database, in this order: after the last nothing can be set any more."""

OF_ITS_OWN_MB = 700
"""What a process needs before it answers anything: libraries, stacks of threads, arenas of the allocators."""

TOO_LARGE = "TooLarge"


def open_locked(file: str, memory_mb: int, spill: str) -> duckdb.DuckDBPyConnection:
    """Return a connection that reads a database, and reaches nothing else."""
    connection = duckdb.connect(file, read_only=True)
    quoted = spill.replace("'", "''")
    for step in (
        "SET TimeZone = 'Asia/Shanghai'",
        f"SET memory_limit = '{memory_mb}MB'",
        f"SET temp_directory = '{quoted}'",
        f"SET max_temp_directory_size = '{10 * memory_mb}MB'",
        *LOCKS,
    ):
        connection.execute(step)
    return connection


def _pages(place: int) -> int:
    """Return a figure of `/proc/self/statm` in bytes (1 resident, 5 data), 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as told:  # noqa: PTH123 (a script that starts quickly)
            return int(told.read().split()[place]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


def limit_memory(memory_mb: int) -> None:
    """Have the system refuse this process more memory, and end it where that is not enough (Linux; not on Windows).

    DuckDB 1.5 reserves 40 GB of address space when it is loaded, and fills it without asking again: what is resident is
    watched, too.
    """
    more = (OF_ITS_OWN_MB + 2 * memory_mb) * 2**20
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = _pages(5) + more
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    Thread(target=_watch, args=(more,), daemon=True).start()


def _watch(most: int) -> None:
    while _pages(1) < most:
        time.sleep(0.02)
    os._exit(1)


def answer(connection: duckdb.DuckDBPyConnection, sql: str, most: int) -> None:
    """Write the rows of the answer to standard output; MemoryError when they are more than `most` bytes."""
    reader = connection.sql(sql).to_arrow_reader(100_000)
    size = 0
    with pa.ipc.new_stream(sys.stdout.buffer, reader.schema) as out:
        for batch in reader:
            size += batch.nbytes
            if size > most:
                raise MemoryError(TOO_LARGE)
            out.write_batch(batch)


def main() -> int:
    """Answer what standard input asks."""
    asked = json.loads(sys.stdin.buffer.read())
    try:
        limit_memory(asked["memory_mb"])
        answer(open_locked(asked["file"], asked["memory_mb"], asked["spill"]), asked["sql"], asked["memory_mb"] * 2**20)
    except (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError) as error:
        kind = TOO_LARGE if str(error) == TOO_LARGE else "OutOfMemory"
        sys.stderr.write(json.dumps({"kind": kind}))
        return 1
    except (duckdb.Error, pa.ArrowException, UnicodeError) as error:
        sys.stderr.write(json.dumps({"kind": "SQL", "said": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
