"""What a stored Parquet file says of its rows, held against the rows themselves.

Engines open a file by its footer and by what a head says of it: where both say that a file or a row group holds none
that are wanted, nobody reads it. So rows whose bounds lie are there for one reader and not for another, though each
byte is what was written: a meeting stood in the table and in no report of its month, and a leg that no check had
looked up was counted by all.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.archive.heads import Snapshot
from ytxdata.archive.stored_files import BULKY, DERIVED_TABLES, SCHEMAS, StoredFile, telling_damage
from ytxdata.archive.verification import Damage
from ytxdata.labels import Text
from ytxdata.records.normalize import PARSER_VERSION

Edges = tuple[Any, Any] | None
"""The lowest and the highest value of a column; None where all are null."""

LONGEST_BOUND = 4096
"""Parquet keeps no bounds of longer values [bytes]."""

_FRAME = 12
"""What stands around pages and footer: four letters at both ends, and the length of the footer [bytes]."""


def footers_that_lie(snapshot: Snapshot) -> Iterator[Damage]:
    """Yield each listed file whose rows are not what its footer or its head says of them."""
    for table in SCHEMAS:
        for file in snapshot.files(table):
            with telling_damage(file.path, file.remedy):
                wrong = list(dict.fromkeys(_lies(snapshot, table, file)))
            if wrong:
                yield Damage("data", file.path, _OTHER.format(what=", ".join(wrong)))


def _lies(snapshot: Snapshot, table: str, file: StoredFile) -> Iterator[str]:
    """Yield what is told of a file and does not hold."""
    with pq.ParquetFile(snapshot.root / file.path) as parquet:
        footer = parquet.metadata
        if footer.schema.names != list(file.columns):
            yield "columns"
            return
        # files of layouts 1 and 2 are of another writer, and of those the raw ones are never written again
        is_own = table in DERIVED_TABLES and snapshot.head.parser.get("version") == PARSER_VERSION
        if is_own and not footer.schema.equals(_as_written(table)):
            yield "types"
        if is_own and _bytes_named(footer) != file.size:
            yield "size"
        n_rows = 0
        whole: dict[str, Edges] = {}
        for group in range(footer.num_row_groups):
            rows = parquet.read_row_group(group, columns=[name for name in file.columns if name not in BULKY])
            n_rows += rows.num_rows
            for place, name in enumerate(file.columns):
                if name in rows.column_names:
                    edges = _edges(rows[name])
                    if not _holds(footer.row_group(group).column(place).statistics, rows[name], edges, is_own=is_own):
                        yield name
                    whole[name] = _wider(whole.get(name), edges)
        if not n_rows == footer.num_rows == file.rows:
            yield "rows"
        yield from (name for name, told in file.bounds.items() if not _within(told, whole.get(name)))


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


def _holds(told: pq.Statistics | None, column: pa.ChunkedArray, edges: Edges, *, is_own: bool) -> bool:
    # what one engine overlooks another may take at its word: bounds that were always written must be there to be read
    if told is None or not told.has_min_max:
        is_as_told = edges is None or not is_own or max(map(_length, edges)) > LONGEST_BOUND
    else:
        is_as_told = _within((told.min, told.max), edges)
    has_nulls_told = told is None or not told.has_null_count or told.null_count == column.null_count
    return is_as_told and has_nulls_told


def _length(value: object) -> int:
    return len(value.encode()) if isinstance(value, str) else len(value) if isinstance(value, bytes) else 0


def _bytes_named(footer: pq.FileMetaData) -> int:
    """Return how long a file is that holds nothing but its columns: no filter, and no index of pages that some read."""
    groups = [footer.row_group(group) for group in range(footer.num_row_groups)]
    chunks = (group.column(at) for group in groups for at in range(footer.num_columns))
    length: int = _FRAME + footer.serialized_size + sum(chunk.total_compressed_size for chunk in chunks)
    return length


@cache
def _as_written(table: str) -> pq.ParquetSchema:
    """Return the schema of a table as it stands in a file: by another type engines may read other values."""
    sink = io.BytesIO()
    pq.write_table(SCHEMAS[table].empty_table(), sink)
    sink.seek(0)
    return pq.read_metadata(sink).schema


_OTHER = Text(
    "它对自身各行的说明不属实：{what}；查询会因此漏读其中的行",
    "what is told of its rows is not so: {what}; engines that go by it overlook rows",
)
