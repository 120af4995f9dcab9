"""SQL over an archive: one SELECT, in a database of its own that holds what may leave and nothing else, behind a
locked door.

What a question names is copied, masked, into a fresh database, which a process of its own opens for reading, without
files, network, extensions or settings: see `sql_sandbox`. So no WHERE can feel behind a mask, and what the gate below
might overlook finds nothing to take.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive import Archive
from ytxdata.archive.connections import met_in, no_room, spill, telling_room
from ytxdata.archive.ownership import no_archive
from ytxdata.errors import UsageError
from ytxdata.exits import sql_sandbox
from ytxdata.exits.masked_tables import BOOK, Outgoing
from ytxdata.files import PRIVATE_FOLDER
from ytxdata.labels import NO_TEXT, Text
from ytxdata.redact import apart
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.masking import Privacy
from ytxdata.tables.table import Table
from ytxdata.times import Instant, as_instant

TIMEOUT_S = 60.0
MEMORY_MB = 1000
LONGEST = 100_000
"""Longest question [characters]."""

TABLE_FUNCTIONS = ("range", "generate_series", "unnest", "json_each", "json_tree", "histogram", "histogram_values")
"""The functions that may stand behind FROM: all others read files, settings or the engine's own state, or run text as
SQL.
"""

REFUSED = (
    "current_setting", "getvariable", "getenv", "write_log", "sleep_ms", "pg_sleep", "nextval", "currval", "setval",
    "setseed", "json_serialize_sql", "json_serialize_plan", "json_deserialize_sql", "current_query", "stats",
)  # fmt: skip
"""Functions that tell of the machine, keep state, or only pass time."""

_DATABASE = "room.duckdb"
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH", "LC_ALL", "LANG")
"""What a process needs of the environment to start."""


class Needs(NamedTuple):
    """What a SELECT needs: the tables it names, and the words in it that may be columns (None: all there are)."""

    tables: frozenset[str]
    words: frozenset[str] | None


@telling_room()
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
    until = time.monotonic() + timeout_s
    with _room() as folder:
        try:
            with closing(duckdb.connect(str(folder / _DATABASE))) as connection:
                connection.execute(f"SET memory_limit = '{memory_mb}MB'")
                asked = read_question(connection, sql, out.names)
                for name in sorted(asked.tables):
                    _bring(connection, out, name, asked.words, until)
            rows = _answer(folder, sql, until, memory_mb, out, asked)
        except subprocess.TimeoutExpired:
            raise _too_long(timeout_s) from None
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


@contextmanager
def _room() -> Iterator[Path]:
    """Give a folder that only this user can read; it is gone, with what was copied and spilled, when the block ends."""
    folder = spill() / uuid4().hex
    folder.mkdir(mode=PRIVATE_FOLDER)
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def read_question(connection: duckdb.DuckDBPyConnection, sql: str, known: tuple[str, ...]) -> Needs:
    """Return what a text asks for, as the engine's own parser reads it.

    Raises
    ------
    UsageError
        It is not one SELECT over the views, or it calls what is refused.
    """
    # behind a null byte the gate and the engine might not read the same text
    if len(sql) > LONGEST or "\0" in sql:
        raise _refused(Text("查询过长，或含有空字节", "the query is too long, or holds a null byte"))
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
        given = Text("给出通讯簿（book=、--book）；", "give an address book (book=, --book); ")
        how = given if strange[0] == BOOK else NO_TEXT
        raise _refused(
            Text(f"没有视图 {strange[0]!r}", f"there is no view {strange[0]!r}"),
            Text(f"{how.zh}可用：{listed}", f"{how.en}there are {listed}"),
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
    connection: duckdb.DuckDBPyConnection, out: Outgoing, name: str, words: frozenset[str] | None, until: float
) -> None:
    """Copy a table, as it leaves, into the database."""
    is_there = False
    columns = None if words is None else [column for column in out.columns(name) if column in words]
    for piece in out.pieces(name, columns):
        if time.monotonic() > until:
            raise subprocess.TimeoutExpired(name, until)
        connection.register("piece", piece)
        connection.execute(f"INSERT INTO {name} FROM piece" if is_there else f"CREATE TABLE {name} AS FROM piece")
        connection.unregister("piece")
        is_there = True


def _answer(folder: Path, sql: str, until: float, memory_mb: int, out: Outgoing, asked: Needs) -> pa.Table:
    """Return the rows of the answer, which a process of its own gives."""
    told = {"file": str(folder / _DATABASE), "sql": sql, "memory_mb": memory_mb, "spill": str(folder / "spill")}
    # what is in the environment (the account's token perhaps) is nobody's business there
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    process = subprocess.Popen(  # noqa: S603 (a script of ours; the SQL goes through its input)
        [sys.executable, "-P", sql_sandbox.__file__],
        env={**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        given, said = process.communicate(json.dumps(told).encode(), timeout=max(until - time.monotonic(), 0.01))
    finally:
        process.kill()
        process.communicate()
    if process.returncode:
        raise _wrong(said, memory_mb, out, asked)
    rows = pa.ipc.open_stream(given).read_all()
    # two of one name would be one to most tools
    return pa.table([_whole(column) for column in rows.columns], names=apart(rows.column_names, "{name}_{n}"))


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return sums of integers as integers: the engine gives them 128 bits, which no other tool knows as a number."""
    if column.type == pa.decimal128(38, 0):
        with suppress(pa.ArrowInvalid):
            return pc.cast(column, pa.int64())
    return column


def _wrong(said: bytes, memory_mb: int, out: Outgoing, asked: Needs) -> UsageError:
    """Return what the process says went wrong; one that the system ended for its memory says nothing that can be
    read.
    """
    try:
        told = json.loads(said)
    except ValueError:
        told = {"kind": "OutOfMemory"}
    if told["kind"] != "SQL":
        return _too_large(memory_mb)
    if met := met_in(told["said"]):
        return no_room(met)
    columns = "; ".join(f"{name}: {', '.join(out.columns(name))}" for name in sorted(asked.tables))
    return _refused(
        Text(f"SQL 有误：{told['said']}", f"the SQL is wrong: {told['said']}"),
        Text(f"列：{columns}", f"columns: {columns}") if columns else _HOW,
    )


def _too_long(timeout_s: float) -> UsageError:
    return _refused(
        Text(f"超过 {timeout_s:g} 秒，已中止", f"it took more than {timeout_s:g} s and was stopped"),
        Text("缩小查询，或给更大的 timeout_s（--timeout）", "ask for less, or give a larger timeout_s (--timeout)"),
    )


def _too_large(memory_mb: int) -> UsageError:
    return _refused(
        Text(
            f"内存或结果超过 {memory_mb} MB，已中止",
            f"it, or its answer, took more than {memory_mb} MB and was stopped",
        ),
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
