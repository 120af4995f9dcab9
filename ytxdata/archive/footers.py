"""What a stored Parquet file says of its rows, held against the rows themselves, as every engine reads them.

Engines open a file by its footer and by what a head says of it: where both say that a file or a row group holds none
that are wanted, nobody reads it. So rows whose bounds lie are there for one reader and not for another, though each
byte is what was written: a meeting stood in the table and in no report of its month, and a leg that no check had
looked up was counted by all. Nor do engines agree where a column begins or what it is called: of pages that stood
twice and of a column `NUMBER` before `number` one read what was true, the other what every figure is made of. That they
read the same is shown by reading with both. Whose parser a head tells of changes nothing here: whoever forges writes
it, too.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.archive.connections import connect
from ytxdata.archive.heads import Snapshot
from ytxdata.archive.stored_files import BULKY, RAW_TABLES, SCHEMAS, StoredFile
from ytxdata.archive.verification import Damage
from ytxdata.archive.views import PIECE, named, reading, telling
from ytxdata.errors import DamagedError
from ytxdata.labels import Text

Edges = tuple[Any, Any] | None
"""The lowest and the highest value of a column; None where all are null."""

LONGEST_BOUND = 4096
"""Parquet keeps no bounds of longer values [bytes]."""

_CUT_BOUND = 64
"""Of longer values the writer of layouts 1 and 2 keeps the beginning as a bound [bytes]."""

_LETTERS = 4
"""A file begins and ends with four letters; before the last of them stands how long its footer is, in as many [bytes]."""


def footers_that_lie(snapshot: Snapshot) -> Iterator[Damage]:
    """Yield each listed file whose rows are not what its footer or its head says of them, or not the same to all."""
    with closing(connect()) as connection:
        for table in SCHEMAS:
            for file in snapshot.files(table):
                try:
                    with telling(file.path, file.remedy):
                        wrong = list(dict.fromkeys(_lies(snapshot, table, file, connection)))
                except DamagedError as error:
                    yield Damage("data", file.path, error.cause)
                else:
                    if wrong:
                        yield Damage("data", file.path, _OTHER.format(what=", ".join(wrong)))


def _lies(snapshot: Snapshot, table: str, file: StoredFile, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield what is told of a file and does not hold."""
    path = snapshot.root / file.path
    with pq.ParquetFile(path) as parquet:
        footer = parquet.metadata
        columns = [footer.schema.column(place) for place in range(footer.num_columns)]
        if [one.path for one in columns] != list(file.columns) or not _are_told_apart(table, file.columns):
            yield "columns"
            return
        known = _as_written(table)
        if not all(one.name not in known or one.equals(known[one.name]) for one in columns):
            yield "types"
            return
        rest = _beside_columns(footer, path)
        # the writer of layouts 1 and 2 left an index of pages, by which no view goes, and its raw files stay
        if rest and (rest < 0 or not path.name.startswith("part-") or _has_filter(path, connection)):
            yield "pages"
        names = [name for name in file.columns if name in known and not (table in RAW_TABLES and name in BULKY)]
        by_views = _RowsOfViews(connection, str(path), pa.schema([SCHEMAS[table].field(name) for name in names]))
        n_rows = 0
        whole: dict[str, Edges] = {}
        for group in range(footer.num_row_groups):
            rows = parquet.read_row_group(group, columns=names)
            n_rows += rows.num_rows
            others = by_views.take(rows.num_rows)
            yield from (name for name in names if not others[name].equals(rows[name].cast(others[name].type)))
            for place, name in enumerate(file.columns):
                if name in names and name not in BULKY:
                    edges = _edges(rows[name])
                    if not _holds(footer.row_group(group).column(place).statistics, rows[name], edges):
                        yield name
                    whole[name] = _wider(whole.get(name), edges)
        if not n_rows == footer.num_rows == file.rows or by_views.take(1).num_rows:
            yield "rows"
        yield from (name for name, told in file.bounds.items() if not _within(told, whole.get(name)))


class _RowsOfViews:
    """The rows of a file in its order, as the engine of all views reads them; long values of raw tables no view reads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: str, schema: pa.Schema) -> None:
        names = ", ".join(f'"{name}"' for name in schema.names)
        asked = connection.sql(f"SELECT {names} FROM {reading([path], is_whole=True)}")  # noqa: S608 (the schema's own)
        self._pieces = iter(asked.to_arrow_reader(PIECE))
        self._held = schema.empty_table()

    def take(self, n: int) -> pa.Table:
        """Return the next `n` rows, or what is left of them."""
        while self._held.num_rows < n and (piece := next(self._pieces, None)) is not None:
            more = pa.Table.from_batches([piece]).cast(self._held.schema)
            self._held = pa.concat_tables([self._held, more])
        taken, self._held = self._held.slice(0, n), self._held.slice(n)
        return taken


def _are_told_apart(table: str, columns: Sequence[str]) -> bool:
    """Whether no column is called like another or like one of ours but for its case, which some engines overlook; one
    of a version to come is read by nobody.
    """
    names = [*columns, *(name for name in SCHEMAS[table].names if name not in columns)]
    return len({name.casefold() for name in names}) == len(names)


def _beside_columns(footer: pq.FileMetaData, path: Path) -> int:
    """Return how long what is none of a file's columns is, such as a filter or an index of pages, which some engines go
    by; less than nothing unless these fill the rest, one behind the other and each with its dictionary first: where one
    engine begins to read all others must [bytes].
    """
    groups = [footer.row_group(group) for group in range(footer.num_row_groups)]
    at = _LETTERS
    for chunk in (group.column(place) for group in groups for place in range(footer.num_columns)):
        begins = [chunk.dictionary_page_offset, chunk.data_page_offset][not chunk.has_dictionary_page :]
        if begins != sorted(begins) or begins[0] != at:
            return -1
        at += chunk.total_compressed_size
    length: int = path.stat().st_size - at - footer.serialized_size - 2 * _LETTERS
    return length


def _has_filter(path: Path, connection: duckdb.DuckDBPyConnection) -> bool:
    asked = f"SELECT count(bloom_filter_offset) > 0 FROM parquet_metadata({named([str(path)])})"  # noqa: S608 (a name)
    return connection.sql(asked).fetchall() != [(False,)]


def _edges(column: pa.ChunkedArray) -> Edges:
    found = pc.min_max(column).as_py()
    return None if found["min"] is None else (found["min"], found["max"])


def _wider(one: Edges, other: Edges) -> Edges:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def _within(told: Edges, found: Edges) -> bool:
    """Whether no value lies outside of what is told."""
    return found is None or (told is not None and bool(told[0] <= found[0] and found[1] <= told[1]))


def _holds(told: pq.Statistics | None, column: pa.ChunkedArray, edges: Edges) -> bool:
    longest = max(map(_length, edges or ()), default=0)
    # what one engine overlooks another may take at its word: bounds that were always written must be there to be read,
    # and to be what they bound, for `max(started_at)` is answered with them
    if told is None or not told.has_min_max:
        is_as_told = edges is None or longest > LONGEST_BOUND
    else:
        is_as_told = (told.min, told.max) == edges or (longest > _CUT_BOUND and _within((told.min, told.max), edges))
    has_nulls_told = told is None or not told.has_null_count or told.null_count == column.null_count
    return is_as_told and has_nulls_told


def _length(value: object) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value) if isinstance(value, bytes) else 0


@cache
def _as_written(table: str) -> dict[str, pq.ColumnSchema]:
    """Return how the columns of a table stand in a file: by another type engines may read other values."""
    sink = io.BytesIO()
    pq.write_table(SCHEMAS[table].empty_table(), sink)
    sink.seek(0)
    schema = pq.read_metadata(sink).schema
    return {name: schema.column(place) for place, name in enumerate(schema.names)}


_OTHER = Text(
    "它对自身各行的说明不属实，或不同的引擎从中读出的不同：{what}；查询会因此漏读其中的行，或读到别的值",
    "what is told of its rows is not so, or engines do not read the same: {what}; some overlook rows, or read others",
)
