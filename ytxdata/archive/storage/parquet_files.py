"""Parquet files: how rows are written to them, and what a head says of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ytxdata.archive.storage.heads import StoredFile
from ytxdata.archive.storage.stored_columns import BOUNDED, BULKY, SCHEMAS
from ytxdata.files import make_private_folder, sha256_of

ROW_GROUP = 32_768
"""Rows of a row group: small enough that one month or one tail is a small part of a file."""

TARGET_BYTES = 64 * 2**20
"""A file of this size is not added to, nor merged again: so a big archive is not written again and again."""


class TableWriter:
    """The rows that one change adds to one table: in one file, or several when they are many.

    Parameters
    ----------
    stem
        Path below `root` of the files to be, without their ending.
    """

    def __init__(self, root: Path, stem: str, table: str) -> None:
        self.root, self.stem, self.schema = root, stem, SCHEMAS[table]
        self.paths: list[str] = []
        self._open: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def write(self, rows: pa.Table) -> None:
        """Add rows; they wait until they fill a row group, so that many small pieces do not become many small groups."""
        self._waiting.append(rows.select(self.schema.names).cast(self.schema))
        if sum(piece.num_rows for piece in self._waiting) >= ROW_GROUP:
            self._flush()

    def close(self) -> list[StoredFile]:
        """Finish the last file and return what a head says of each."""
        self._flush()
        if self._open is not None:
            self._open.close()
            self._open = None
        return [described(self.root, path) for path in self.paths]

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        if self._open is None or (self.root / self.paths[-1]).stat().st_size > TARGET_BYTES:
            self._next_file()
        assert self._open is not None
        self._open.write_table(pa.concat_tables(waiting), row_group_size=ROW_GROUP)

    def _next_file(self) -> None:
        if self._open is not None:
            self._open.close()
        path = f"{self.stem}-{len(self.paths)}.parquet" if self.paths else f"{self.stem}.parquet"
        if not self.paths:
            make_private_folder((self.root / path).parent)
        self.paths.append(path)
        plain = [name for name in self.schema.names if name not in BULKY]
        self._open = pq.ParquetWriter(
            self.root / path,
            self.schema,
            compression="zstd",
            compression_level=3,
            use_dictionary=plain,
            write_statistics=plain,
        )


def described(root: Path, path: str, size: int | None = None, sha256: str | None = None) -> StoredFile:
    """Return what a head says of a Parquet file, rows, bounds and columns from its footer.

    Parameters
    ----------
    size, sha256
        What is known of its content already: what was written is what counts, not what lies there now.
    """
    place = root / path
    with pq.ParquetFile(place) as parquet:
        columns = tuple(parquet.schema_arrow.names)
        bounds = {name: found for name in BOUNDED if name in columns for found in _bounds(parquet, name)}
        rows = parquet.metadata.num_rows
    return StoredFile(
        path,
        place.stat().st_size if size is None else size,
        sha256_of(place) if sha256 is None else sha256,
        rows,
        bounds,
        columns,
    )


def _bounds(parquet: pq.ParquetFile, name: str) -> Iterator[tuple[object, object] | None]:
    """Yield the bounds of a column, None when it is all null, nothing when the footer does not tell."""
    index = parquet.schema_arrow.get_field_index(name)
    chunks = [parquet.metadata.row_group(group).column(index) for group in range(parquet.num_row_groups)]
    filled = [c.statistics for c in chunks if c.statistics is None or c.statistics.null_count != c.num_values]
    if not filled:
        yield None
    elif all(one is not None and one.has_min_max for one in filled):
        yield min(one.min for one in filled), max(one.max for one in filled)


def read_pieces(root: Path, files: tuple[StoredFile, ...]) -> Iterator[pa.Table]:
    """Yield all rows of some files in their order, a row group at a time."""
    for file in files:
        with pq.ParquetFile(root / file.path) as parquet:
            for group in range(parquet.num_row_groups):
                yield parquet.read_row_group(group)
