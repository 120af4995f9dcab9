"""Connections to DuckDB: what it may take of the memory, where it spills, in which zone it shows instants, and what it
meets on this machine that is no word on any data."""

from __future__ import annotations

import atexit
import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from uuid import uuid4

import duckdb

from ytxdata.errors import NoRoomError, YtxError
from ytxdata.files import NOT_DAMAGE
from ytxdata.labels import Text
from ytxdata.times import ZONE_NAME

OWN = ":memory:"
"""A database in memory for one connection: of a view that users get they may make tables, under any name."""

_MEMORY_MB = (1000, 256)
"""What DuckDB may take before it spills: at least the first, and the second for each core it uses."""

_OF_MANY_ROWS = (1e-4, 1 / 4)
"""What it may take for many rows: MB for each, up to a share of the machine's memory. What is spilled is dear to read:
ten million meetings took 1.4 times as long in 1 GB of 24. Whatever it may take it takes: with as much for a million
they took twice the memory, and were no quicker.
"""


@cache
def spill() -> Path:
    """A directory that only this user can read, and that goes with the process: what is spilled holds telephone
    numbers.
    """
    directory = mkdtemp(prefix="ytxdata-")
    atexit.register(rmtree, directory, ignore_errors=True)
    return Path(directory)


def connect(file: Path | str = "") -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection that shows instants in Asia/Shanghai, and spills instead of filling the memory.

    Parameters
    ----------
    file
        Where its tables are to be; `OWN` for a database in memory of its own. When not given it is one for the process:
        what is registered or made as TEMP is the connection's own, any other table or view is in the way of others'.
    """
    connection = _database(file) if file else _in_memory().cursor()
    with suppress(duckdb.InvalidInputException):  # a notebook without ipywidgets has no bar to switch off
        connection.execute("SET enable_progress_bar = false")
    return connection


@cache
def _in_memory() -> duckdb.DuckDBPyConnection:
    """Return the database that a process asks: to make one takes 16 ms, a tenth of a report on little data, and another
    connection to it 0.2.
    """
    return _database(OWN)


if hasattr(os, "register_at_fork"):
    # a child makes its own: one that has its parent's waits at its end, for ever, for threads that stayed behind
    os.register_at_fork(before=_in_memory.cache_clear)


def _database(file: Path | str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(file))
    connection.execute(f"SET GLOBAL TimeZone = '{ZONE_NAME}'")
    directory = (spill() / uuid4().hex).as_posix()
    ((threads,),) = connection.execute("SELECT current_setting('threads')").fetchall()
    limit = max(_MEMORY_MB[0], _MEMORY_MB[1] * int(threads))
    quoted = directory.replace("'", "''")
    connection.execute(f"SET memory_limit = '{limit}MB'; SET temp_directory = '{quoted}'")
    # no file of ours has an index of pages; those of layouts 1 and 2 have one that nothing holds against their rows
    # files are read as they are now, also where their times are as before: whoever exchanged one may have set them
    for setting in ("parquet_use_page_index", "enable_external_file_cache"):
        with suppress(duckdb.CatalogException):  # earlier versions have none
            connection.execute(f"SET GLOBAL {setting} = false")  # else of this connection, and not of its cursors
    return connection


def make_room(connection: duckdb.DuckDBPyConnection, n_rows: int) -> None:
    """Let the database of a connection take as much memory as so many rows of meetings and legs ask for; never less
    than it may already.
    """
    limit = min(n_rows * _OF_MANY_ROWS[0], _memory_mb() * _OF_MANY_ROWS[1])
    if limit > _mb_of(connection):
        connection.execute(f"SET GLOBAL memory_limit = '{int(limit)}MB'")


@cache
def _memory_mb() -> float:
    """Return the memory of the machine, or of the container where that has a limit: left to itself DuckDB takes four
    fifths of it.
    """
    with duckdb.connect(OWN) as connection:
        return _mb_of(connection) * 5 / 4


def _mb_of(connection: duckdb.DuckDBPyConnection) -> float:
    ((limit,),) = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    number, unit = str(limit).split()  # it says `18.8 GiB`
    return float(number) * (1 << 10 * ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit)) / 1e6


def as_python(error: Exception) -> Exception:
    """Return what DuckDB met as the error that Python has for it, any other as it is: only a damaged file is damage."""
    if not isinstance(error, duckdb.Error):
        return error
    if isinstance(error, duckdb.OutOfMemoryException):
        return MemoryError(str(error))
    return met_in(str(error)) or ValueError(str(error))


def met_in(said: str) -> OSError | None:
    """Return what the system says in a text of DuckDB's: it tells that in words alone, without its number."""
    for code in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EMFILE):
        if os.strerror(code) in said:
            return OSError(code, said)
    # a limit on how long files may get is to whoever meets it a full disk
    return OSError(errno.ENOSPC, said) if os.strerror(errno.EFBIG) in said else None


@contextmanager
def telling_room() -> Iterator[None]:
    """Turn a full disk or too little memory, met where something is worked out and no file of an archive is read, into
    an error that says what to do.
    """
    try:
        yield
    except YtxError:
        raise
    except (duckdb.Error, MemoryError, OSError) as error:
        met = as_python(error)
        is_of_files = isinstance(met, OSError) and met.errno not in (*NOT_DAMAGE, errno.EFBIG)
        if is_of_files or not isinstance(met, OSError | MemoryError):
            raise
        raise no_room(met) from None


def no_room(met: Exception) -> NoRoomError:
    """Return the error for what this machine lacks."""
    folder = tempfile.gettempdir()
    return NoRoomError(
        Text(f"本机的磁盘空间或内存不足，没有做完：{met}", f"this machine has no room for it, it was not done: {met}"),
        remedy=Text(
            f"释放临时目录 {folder} 的空间（或用环境变量 TMPDIR 另指目录）和内存，或缩小时间范围后再试",
            f"free space in the folder for temporary files, {folder} (TMPDIR names another), and memory, or ask for a "
            "shorter period, then try again",
        ),
    )
