"""The files of the archive: their columns, how rows and look-ups are written to them, and what it means when one cannot be read or written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ytxdata import times
from ytxdata.errors import ArchiveWriteError, DamagedError, NoRoomError, YtxError
from ytxdata.files import NOT_DAMAGE, PRIVATE_FILE, make_private_folder, move, sha256_of
from ytxdata.labels import Text
from ytxdata.records.schema import LEGS, MEETINGS, PROBLEMS, PULLS, REJECTS, Column, arrow_schema

_IF_MIRROR = Text(
    "；若是镜像，则在存档处运行 ytxdata archive mirror 地址 --recheck",
    "; of a mirror run ytxdata archive mirror ADDRESS --recheck where the archive is",
)
RESTORE = Text(
    f"运行 ytxdata verify 查看详情，并从备份恢复{_IF_MIRROR.zh}",
    f"run ytxdata verify for details and restore from a backup{_IF_MIRROR.en}",
)
DERIVE_AGAIN = Text(
    f"先备份，再运行 ytxdata rebuild --archive 目录：可由原始数据恢复的都会恢复；然后运行 ytxdata verify{_IF_MIRROR.zh}",
    "keep a copy, then run ytxdata rebuild --archive DIRECTORY: it mends what follows from the raw data; then run "
    f"ytxdata verify{_IF_MIRROR.en}",
)
"""Nobody writes to a mirror, so that nothing of it can be mended but by sending it again; a run compares what is there
by size alone.
"""
HAND_IN_AGAIN = Text(
    "从备份恢复该文件，或用 ytxdata witness 名称 --remove（archive.remove_witness(名称)）撤回这份清单后重新提交",
    "restore the file from a backup, or take the list back with ytxdata witness NAME --remove "
    "(archive.remove_witness(name)) and hand it in again",
)


@contextlib.contextmanager
def telling_write_errors(root: Path) -> Iterator[None]:
    """Turn what the system says about a disk into an error that names the remedy."""
    try:
        yield
    except YtxError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise ArchiveWriteError(
            Text(f"无法写入存档 {root}：{error}", f"the archive cannot be written: {root}: {error}"),
            remedy=Text(
                "检查磁盘空间和目录权限后再运行；已有数据未受影响",
                "check free space and permissions, then run again; what was stored is untouched",
            ),
        ) from None


@contextlib.contextmanager
def telling_damage(what: str, remedy: Text = RESTORE) -> Iterator[None]:
    """Turn a file that is gone or cannot be read into DamagedError, and what is no damage into an error that says so.

    Only a corrupt file may send anybody to a backup: too little memory, a full disk or a folder that may not be read
    say nothing about what is stored.
    """
    try:
        yield
    except YtxError:
        raise
    except (MemoryError, pa.ArrowMemoryError) as error:
        raise _unreadable(what, error) from None
    except OSError as error:
        if error.errno in NOT_DAMAGE:
            raise _unreadable(what, error) from None
        raise _damaged(what, error, remedy) from None
    # a flipped bit may leave JSON that can be read, with a field gone or a value of another type
    except (pa.ArrowException, ArithmeticError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise _damaged(what, error, remedy) from None


def _damaged(what: str, error: Exception, remedy: Text) -> DamagedError:
    cause = Text(f"存档已损坏，无法读取 {what}：{error}", f"the archive is damaged, {what} cannot be read: {error}")
    return DamagedError(cause, remedy=remedy)


def _unreadable(what: str, error: Exception) -> NoRoomError:
    zh, en = f"现在无法读取 {what}（存档并未损坏）：{error}", f"{what} cannot be read now (it is not damaged): {error}"
    remedy = Text(
        "释放内存或磁盘空间、检查权限，或缩小时间范围后再试",
        "free memory or disk space, check permissions, or ask for a shorter period, then try again",
    )
    return NoRoomError(Text(zh, en), remedy=remedy)


INSTANT = pa.timestamp("us", tz="UTC")
OBS = pa.field("obs", pa.int64())

OBSERVATIONS_STORED = pa.schema(
    [
        OBS,
        pa.field("pull_id", pa.string()),
        pa.field("position", pa.int64()),
        pa.field("observed_at", INSTANT),
        pa.field("record_hash", pa.binary()),
        pa.field("raw", pa.binary()),
    ]
)
"""Each distinct version of a raw record once, with its bytes; `obs` numbers them for good. Never derived again."""


def _stored(columns: tuple[Column, ...], *, without: str = "") -> list[pa.Field]:
    fields = [field for field in arrow_schema(columns) if field.name != without]
    return [pa.field("record_hash", pa.binary()) if field.name == "record_hash" else field for field in fields]


MEETINGS_STORED = pa.schema(
    [OBS, pa.field("replaces", pa.int64()), pa.field("twin", pa.int64()), *_stored(MEETINGS, without="last_seen_at")]
)
"""One row per version of a meeting. `replaces` is the version before it; `twin` tells two meetings with one id apart."""

LEGS_STORED = pa.schema([OBS, *_stored(LEGS)])
PROBLEMS_STORED = pa.schema([OBS, *_stored(PROBLEMS)])
REJECTS_STORED = pa.schema([OBS, pa.field("observed_at", INSTANT), *_stored(REJECTS)])

PULLS_STORED = pa.schema(
    [
        pa.field("ordinal", pa.int64()),
        *_stored(PULLS),
        pa.field("form", pa.string()),
        pa.field("gaps", pa.binary()),
        pa.field("numbers", pa.binary()),
        pa.field("told_more", pa.bool_()),
        pa.field("settle_s", pa.int64()),
        pa.field("ahead_s", pa.int64()),
    ]
)
"""One row per call, with the envelope from which its raw answer is put together; `told_more` that the head of the HTTP
answer spoke of more records, `ahead_s` how far this machine's clock was ahead of its `Date`, `settle_s` how late a
meeting might be listed as its sync assumed: no byte of the answer tells any of it, and judged again without, once heads
were lost, answers proved what they do not."""

RAW_TABLES = {"observations": OBSERVATIONS_STORED, "pulls": PULLS_STORED}
DERIVED_TABLES = {
    "meetings": MEETINGS_STORED,
    "legs": LEGS_STORED,
    "rejects": REJECTS_STORED,
    "problems": PROBLEMS_STORED,
}
SCHEMAS = {**RAW_TABLES, **DERIVED_TABLES}
INDEX = "index"
WITNESSES = "witnesses"

_FILLED = {
    "observations": OBSERVATIONS_STORED.names,
    "pulls": ("ordinal", "pull_id"),
    "meetings": ("obs", "meeting_id"),
}
"""Columns that no writer leaves null."""

BOUNDED = ("obs", "ordinal", "started_at", "replaces")
"""Columns whose lowest and highest value a head keeps of each file: they tell which files to read."""

BULKY = ("raw", "gaps", "numbers")
"""Columns of long values: bounds of them would repeat whole values in the file's footer, a dictionary would be all of them."""

Bounds = Mapping[str, tuple[Any, Any] | None]


def filled_in(rows: pa.Table, table: str) -> pa.Table:
    """Return rows in which nothing is null that all writers fill in: one bit of a page may say so, and each reader of
    records would fail in a way of its own, naming no file.
    """
    lacking = [name for name in rows.column_names if name in _FILLED.get(table, ()) and rows[name].null_count]
    if lacking:
        raise ValueError(f"null: {', '.join(lacking)}")
    return rows


class StoredFile(NamedTuple):
    """A file that a head names.

    `bounds` holds the lowest and highest value of a column, None where all are null, no entry where they are not known;
    `columns` are those the file was written with, which a later version of this package may have more of.
    """

    path: str
    size: int
    sha256: str
    rows: int
    bounds: Bounds
    columns: tuple[str, ...]

    @property
    def remedy(self) -> Text:
        """What helps when it is damaged: of raw data a backup alone."""
        return _REMEDIES.get(self.path.split("/", 1)[0], RESTORE)


Files = Mapping[str, tuple[StoredFile, ...]]
"""The files of each table, oldest rows first, and those of the index."""
DERIVED = "derived"
INTERRUPTED = "interrupted"
FOLDERS = (*RAW_TABLES, DERIVED, INDEX, WITNESSES)
"""Where the files lie that heads name."""
_REMEDIES = {DERIVED: DERIVE_AGAIN, INDEX: DERIVE_AGAIN, WITNESSES: HAND_IN_AGAIN}


_OWN = re.compile(
    r"\d{12}([-.]\d+)*\.(parquet|run|raw)(\.draft)?|part-\d{5}-[0-9a-f-]{36}-c000(\.[a-z]+)?\.parquet",
    re.ASCII,
)
"""What some version calls a file of data. What Finder and programs that copy leave beside it nobody reads: no damage."""


def data_files(root: Path, *, is_own: bool = True) -> Iterator[str]:
    """Yield every path below the folders that heads name files in: those that may be ours by their name, or others."""
    # each sync looks for what a killed one left: walked without asking the disk about every file
    for top in FOLDERS:
        for folder, folders, names in os.walk(root / top):
            folders.sort()
            below = Path(folder).relative_to(root).as_posix()
            is_log = below.endswith("/_delta_log")
            yield from (f"{below}/{name}" for name in sorted(names) if (is_log or bool(_OWN.fullmatch(name))) == is_own)


def paths_of(files: Files) -> set[str]:
    """Return the paths that a list of files names."""
    return {file.path for table in files.values() for file in table}


def set_aside(root: Path, names: list[str], *, for_good: bool = False) -> None:
    """Move files to a folder of their own below `interrupted/`, where they stay for a while, or for good."""
    # the name tells the age: in a copied archive the times of files are those of the copy; one with more stays
    aside = root / INTERRUPTED / f"{times.now():%Y%m%dT%H%M%S%f}{'-kept' * for_good}"
    for name in names:
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        move(root / name, aside / name)
        with suppress(OSError):  # a folder that holds nothing any more
            (root / name).parent.rmdir()


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
        self._footers: list[pq.FileMetaData] = []

    def write(self, rows: pa.Table) -> None:
        """Add rows; they wait until they fill a row group, so that many small pieces do not become many small groups."""
        self._waiting.append(rows.select(self.schema.names).cast(self.schema))
        if sum(piece.num_rows for piece in self._waiting) >= ROW_GROUP:
            self._flush()

    def close(self) -> list[StoredFile]:
        """Finish the last file and return what a head says of each."""
        self._flush()
        if self._open is not None:
            with _failing_once(self._open):
                self._open.close()
            self._open = None
        # told by the writer: to open each file again for its footer takes a third as long as to write it
        return [described(self.root, *pair) for pair in zip(self.paths, self._footers, strict=True)]

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        if self._open is None or (self.root / self.paths[-1]).stat().st_size > TARGET_BYTES:
            self._next_file()
        assert self._open is not None
        with _failing_once(self._open):
            self._open.write_table(pa.concat_tables(waiting), row_group_size=ROW_GROUP)

    def _next_file(self) -> None:
        if self._open is not None:
            with _failing_once(self._open):
                self._open.close()
        path = f"{self.stem}-{len(self.paths)}.parquet" if self.paths else f"{self.stem}.parquet"
        if not self.paths:
            make_private_folder((self.root / path).parent)
        self.paths.append(path)
        plain = [name for name in self.schema.names if name not in BULKY]
        (self.root / path).touch(mode=PRIVATE_FILE)  # whoever writes it then leaves its mode alone
        self._open = pq.ParquetWriter(
            self.root / path,
            self.schema,
            compression="zstd",
            compression_level=3,
            use_dictionary=plain,
            write_statistics=plain,
            metadata_collector=self._footers,
        )


@contextlib.contextmanager
def _failing_once(writer: pq.ParquetWriter) -> Iterator[None]:
    """Let a full disk be told once: when it is let go, the writer would try to close its file again, and complain of
    that on the terminal.
    """
    try:
        yield
    except OSError:
        writer.is_open = False
        raise


def described(
    root: Path, path: str, footer: pq.FileMetaData | None = None, size: int | None = None, sha256: str | None = None
) -> StoredFile:
    """Return what a head says of a Parquet file, rows, bounds and columns from its footer.

    Parameters
    ----------
    footer
        What the file ends with; read from it unless it is known.
    size, sha256
        What is known of its content already: what was written is what counts, not what lies there now.
    """
    place = root / path
    footer = footer or pq.read_metadata(place)
    columns = tuple(footer.schema.names)
    bounds = {name: found for name in BOUNDED if name in columns for found in _bounds(footer, columns.index(name))}
    return StoredFile(
        path,
        place.stat().st_size if size is None else size,
        sha256_of(place) if sha256 is None else sha256,
        footer.num_rows,
        bounds,
        columns,
    )


def _bounds(footer: pq.FileMetaData, column: int) -> Iterator[tuple[object, object] | None]:
    """Yield the bounds of a column, None when it is all null, nothing when the footer does not tell."""
    chunks = [footer.row_group(group).column(column) for group in range(footer.num_row_groups)]
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


Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


def hashes_of(keys: Iterable[str]) -> Hashes:
    """Return the 64-bit hash of each key."""
    # JSON may hold half a surrogate pair: an id with one must be found again, and stop no sync
    joined = b"".join(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest() for key in keys)
    return np.frombuffer(joined, dtype="<u8")


def run_of(runs: Sequence[tuple[Hashes, Numbers]]) -> bytes:
    """Return the rows of several runs as the bytes of one file."""
    hashes, numbers = map(np.concatenate, zip(*runs, strict=True))
    order = np.argsort(hashes, kind="stable")
    # little-endian on every machine: an archive is carried from one to another
    return hashes[order].astype("<u8").tobytes() + numbers[order].astype("<i8").tobytes()


def read_run(path: Path) -> tuple[Hashes, Numbers]:
    """Map a run into memory; only the pages a look-up touches are read."""
    with telling_damage(f"index/{path.name}", DERIVE_AGAIN):
        # an empty file cannot be mapped, and is damage: a run is never written without rows
        cells = np.asarray(np.memmap(path, dtype="<u8", mode="r"))
    half = len(cells) // 2
    return cells[:half], cells[half:].view("<i8")


def find(runs: Iterable[Path], keys: Sequence[str]) -> Numbers:
    """Return the observation numbers that may belong to any of the keys, sorted."""
    wanted = np.unique(hashes_of(keys))
    found = [np.empty(0, dtype=np.int64)]
    for path in runs:
        hashes, numbers = read_run(path)
        first = np.searchsorted(hashes, wanted, side="left")
        last = np.searchsorted(hashes, wanted, side="right")
        lengths = last - first
        shift = np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
        found.append(numbers[shift + np.arange(len(shift))])
    return np.unique(np.concatenate(found))


def runs_to_merge(lengths: Sequence[int]) -> int:
    """Return how many of the last runs to merge into one, so that each is more than twice as long as the next.

    Examples
    --------
    >>> runs_to_merge([1000, 10]), runs_to_merge([1000, 10, 8]), runs_to_merge([30, 16, 8, 8])
    (1, 2, 4)
    """
    # a look-up opens every run: halving from one to the next, they stay few however large the archive
    count, total = 1, lengths[-1]
    for length in reversed(lengths[:-1]):
        if length > 2 * total:
            break
        count, total = count + 1, total + length
    return count
