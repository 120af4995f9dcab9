"""SQL over an archive: one SELECT, in a database of its own that holds what may leave and nothing else, behind a locked door.

What a question names is copied, masked, into a fresh DuckDB in memory, which then loses every way to files, the network,
extensions and settings. So no WHERE can feel behind a mask, and what the gate below might overlook finds nothing to take.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive import Archive
from ytxdata.archive.ownership import no_archive
from ytxdata.archive.views import spill
from ytxdata.errors import UsageError
from ytxdata.exits.outgoing import Outgoing
from ytxdata.labels import Text
from ytxdata.tables.lists import AddressBook
from ytxdata.tables.masking import Privacy
from ytxdata.tables.table import Table
from ytxdata.times import ZONE_NAME, Instant, as_instant

TIMEOUT_S = 60.0
MEMORY_MB = 1000
LONGEST = 100_000
"""Longest question [characters]."""

TABLE_FUNCTIONS = ("range", "generate_series", "unnest", "json_each", "json_tree", "histogram", "histogram_values")
"""The functions that may stand behind FROM: all others read files, settings or the engine's own state, or run text as SQL."""

REFUSED = (
    "current_setting", "getvariable", "getenv", "write_log", "sleep_ms", "pg_sleep", "nextval", "currval", "setval",
    "setseed", "json_serialize_sql", "json_serialize_plan", "json_deserialize_sql", "current_query", "stats",
)  # fmt: skip
"""Functions that tell of the machine, keep state, or only pass time."""

_TICK_S = 0.02
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Needs(NamedTuple):
    """What a SELECT needs: the tables it names, and the words in it that may be columns (None: all there are)."""

    tables: frozenset[str]
    words: frozenset[str] | None


def query(
    archive: Archive,
    sql: str,
    *,
    as_of: Instant | None = None,
    masked: bool = True,
    book: Any = None,
    timeout_s: float = TIMEOUT_S,
    memory_mb: int = MEMORY_MB,
) -> Table:
    """Answer one SELECT over an archive; see `Archive.sql`."""
    limits = (timeout_s, memory_mb)
    if not all(limit > 0 for limit in limits):
        raise UsageError(
            Text("timeout_s 和 memory_mb 必须大于 0", "timeout_s and memory_mb must be above 0"),
            remedy=Text("例如 timeout_s=60, memory_mb=1000", "such as timeout_s=60, memory_mb=1000"),
        )
    snapshot = archive.snapshot()
    if snapshot is None:
        raise no_archive(archive.path)
    people = None if book is None else AddressBook.read(book)
    instant: datetime | None = None if as_of is None else as_instant(as_of, name="as_of")
    out = Outgoing(snapshot, archive.secret, Privacy(show_phones=not masked), instant, people)
    with _room(memory_mb) as connection, _Watch(connection, timeout_s, memory_mb) as watch:
        asked = read_question(connection, sql, out.names)
        try:
            for name in sorted(asked.tables):
                _bring(connection, out, name, asked.words, watch)
            for step in _LOCKS:
                connection.execute(step)
            rows = _answer(connection, sql, watch, memory_mb * 2**20)
        except (duckdb.Error, MemoryError) as error:
            raise watch.told() or _wrong(error, out, asked) from None
    definitions = {one.key: one for name in asked.tables for one in out.described(name).definitions}
    return Table(
        frame=rows,
        name="sql",
        title=Text("查询结果", "Answer"),
        definitions=tuple(definitions[key] for key in rows.column_names if key in definitions),
        notes=(out.privacy.sentence,),
        certificate=out.certificate,
        secret=archive.secret,
    )


class _room:  # noqa: N801 (used as a function)
    """A database in memory with its limits set; it is gone, with what it spilled, when the block ends."""

    def __init__(self, memory_mb: int) -> None:
        self.folder: Path = spill() / uuid4().hex
        quoted = self.folder.as_posix().replace("'", "''")
        self.connection = duckdb.connect(":memory:")
        for step in (
            f"SET TimeZone = '{ZONE_NAME}'",
            f"SET memory_limit = '{memory_mb}MB'",
            f"SET temp_directory = '{quoted}'",
            f"SET max_temp_directory_size = '{10 * memory_mb}MB'",
        ):
            self.connection.execute(step)
        with suppress(duckdb.InvalidInputException):  # a notebook without ipywidgets has no bar to switch off
            self.connection.execute("SET enable_progress_bar = false")

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


_LOCKS = (
    "SET python_enable_replacements = false",  # else FROM x reads a frame of the caller's by its variable's name
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
"""What closes the database, in this order: after the last nothing can be set any more."""


class _Watch:
    """Interrupts a question that takes too long, or with which the process grows too much.

    The engine counts what its buffers hold, not every text that it makes: `repeat('x', 4000000000)` is outside of its
    limit. Where the system tells what the process holds (Linux), that is watched too.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, timeout_s: float, memory_mb: int) -> None:
        self.connection, self.timeout_s, self.memory_mb = connection, timeout_s, memory_mb
        self.reason: UsageError | None = None
        self._done = Event()
        self._thread = Thread(target=self._look, name="ytxdata-sql-watch", daemon=True)

    def __enter__(self) -> Self:
        self._until, self._most = time.monotonic() + self.timeout_s, _resident() + 2 * self.memory_mb * 2**20
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(_TICK_S):
            if time.monotonic() > self._until:
                self.reason = _too_long(self.timeout_s)
            elif _resident() > self._most:
                self.reason = _too_large(self.memory_mb)
            if self.reason is not None:
                self.connection.interrupt()

    def check(self) -> None:
        """Raise what has been noticed: between two pieces nothing else would stop the work."""
        if self.reason is not None:
            raise self.reason

    def told(self) -> UsageError | None:
        """Return why the question was interrupted, None when it was not."""
        return self.reason


def _resident() -> int:
    """Return how many bytes of this process are in memory; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def read_question(connection: duckdb.DuckDBPyConnection, sql: str, known: tuple[str, ...]) -> Needs:
    """Return what a text asks for, as the engine's own parser reads it.

    Raises
    ------
    UsageError
        It is not one SELECT over the views, or it calls what is refused.
    """
    if len(sql) > LONGEST:
        raise _refused(Text("查询过长", "the query is too long"))
    try:
        ((told,),) = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
        tree = json.loads(told)
    except (duckdb.Error, ValueError, RecursionError) as error:
        raise _refused(Text(f"读不懂：{error}", f"it cannot be read: {error}")) from None
    if tree.get("error"):
        if tree.get("error_type") == "not implemented":
            raise _refused(Text("只接受一条 SELECT", "only a SELECT is answered"))
        raise _refused(Text(f"SQL 有误：{tree.get('error_message')}", f"the SQL is wrong: {tree.get('error_message')}"))
    if len(tree.get("statements", ())) != 1:
        raise _refused(Text("只接受一条语句", "one statement at a time"))
    nodes = list(_nodes(tree))
    for node in nodes:
        _check_node(node)
    named = {str(one["key"]).lower() for node in nodes if "cte_map" in node for one in node["cte_map"].get("map", ())}
    bases = [node for node in nodes if node.get("type") == "BASE_TABLE"]
    asked = {str(node["table_name"]).lower() for node in bases} - named
    if strange := sorted(asked - set(known)):
        listed = ", ".join(known)
        raise _refused(
            Text(f"没有视图 {strange[0]!r}", f"there is no view {strange[0]!r}"),
            Text(f"可用：{listed}", f"there are {listed}"),
        )
    return Needs(frozenset(asked), _words(nodes, bases))


def _check_node(node: Mapping[str, Any]) -> None:
    kind = node.get("type")
    if kind == "BASE_TABLE" and (node.get("schema_name") or node.get("catalog_name")):
        raise _refused(Text("视图名之前不能有模式名", "no schema stands before the name of a view"))
    if kind == "SHOW_REF" and node.get("show_type") not in ("DESCRIBE", "SUMMARY"):
        raise _refused(Text("只接受 SELECT 和 DESCRIBE", "only SELECT and DESCRIBE are answered"))
    function = node.get("function_name")
    if function is None:
        return
    name = str(function).lower()
    if name in REFUSED or name.startswith(("pg_", "__internal", "duckdb_", "read_")):
        raise _refused(Text(f"不能使用函数 {function}", f"the function {function} is not to be had here"))


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a tree; what stands behind FROM as a function is checked on the way."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("type") == "TABLE_FUNCTION":
                name = str(one.get("function", {}).get("function_name", "")).lower()
                if name not in TABLE_FUNCTIONS:
                    raise _refused(Text(f"不能从函数 {name} 取数", f"nothing is read from the function {name} here"))
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


_ALL_COLUMNS = ("STAR", "POSITIONAL_REFERENCE", "PIVOT", "SHOW_REF")


def _words(nodes: list[dict[str, Any]], bases: list[dict[str, Any]]) -> frozenset[str] | None:
    """Return the words that may be columns; None where all columns are meant without being named.

    Too many words only cost time, a column too few is an error that names it: nothing can be answered wrongly.
    """
    tables = {str(node[key]).lower() for node in bases for key in ("table_name", "alias") if node.get(key)}
    for node in nodes:
        names = node.get("column_names")
        whole_row = isinstance(names, list) and len(names) == 1 and str(names[0]).lower() in tables
        if node.get("type") in _ALL_COLUMNS or node.get("ref_type") == "NATURAL" or whole_row:
            return None
    words = (value for node in nodes for value in node.values())
    flat = (text for value in words for text in (value if isinstance(value, list) else (value,)))
    return frozenset(text.lower() for text in flat if isinstance(text, str))


def _bring(
    connection: duckdb.DuckDBPyConnection, out: Outgoing, name: str, words: frozenset[str] | None, watch: _Watch
) -> None:
    """Copy a table, as it leaves, into the database."""
    is_there = False
    columns = None if words is None else [column for column in out.columns(name) if column in words]
    for piece in out.pieces(name, columns):
        watch.check()
        connection.register("piece", piece)
        connection.execute(f"INSERT INTO {name} FROM piece" if is_there else f"CREATE TABLE {name} AS FROM piece")
        connection.unregister("piece")
        is_there = True


def _answer(connection: duckdb.DuckDBPyConnection, sql: str, watch: _Watch, most: int) -> pa.Table:
    """Return the rows of the answer; they lie outside of the engine, so they are counted here."""
    reader = connection.sql(sql).to_arrow_reader(100_000)
    batches, size = [], 0
    for batch in reader:
        watch.check()
        batches.append(batch)
        size += batch.nbytes
        if size > most:
            raise _too_large(most // 2**20)
    rows = pa.Table.from_batches(batches, reader.schema)
    seen: dict[str, int] = {}
    names = []
    for name in rows.column_names:  # two of one name would be one to most tools
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return pa.table([_whole(column) for column in rows.columns], names=names)


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return sums of integers as integers: the engine gives them 128 bits, which no other tool knows as a number."""
    if column.type == pa.decimal128(38, 0):
        with suppress(pa.ArrowInvalid):
            return pc.cast(column, pa.int64())
    return column


def _wrong(error: Exception, out: Outgoing, asked: Needs) -> UsageError:
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return _refused(
            Text("内存不够", "it needs more memory than it may have"),
            Text("缩小查询，或给更大的 memory_mb（--memory）", "ask for less, or give a larger memory_mb (--memory)"),
        )
    columns = "; ".join(f"{name}: {', '.join(out.columns(name))}" for name in sorted(asked.tables))
    return _refused(
        Text(f"SQL 有误：{error}", f"the SQL is wrong: {error}"), Text(f"列：{columns}", f"columns: {columns}")
    )


def _too_long(timeout_s: float) -> UsageError:
    return _refused(
        Text(f"超过 {timeout_s:g} 秒，已中止", f"it took more than {timeout_s:g} s and was stopped"),
        Text("缩小查询，或给更大的 timeout_s（--timeout）", "ask for less, or give a larger timeout_s (--timeout)"),
    )


def _too_large(memory_mb: int) -> UsageError:
    return _refused(
        Text(f"所占内存超过 {memory_mb} MB，已中止", f"it took more than {memory_mb} MB and was stopped"),
        Text(
            "加 LIMIT 或先汇总；要全部数据请用 export；或给更大的 memory_mb（--memory）",
            "add LIMIT, or aggregate first; for all data use export; or give a larger memory_mb (--memory)",
        ),
    )


_HOW = Text(
    "写成一条 SELECT，如 select name, started_at from meetings limit 10",
    "write one SELECT, such as: select name, started_at from meetings limit 10",
)


def _refused(why: Text, remedy: Text = _HOW) -> UsageError:
    return UsageError(why, remedy=remedy)
