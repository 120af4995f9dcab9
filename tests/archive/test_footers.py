"""What a file or a head says of rows decides who reads them: where that lies, nothing else shows it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ytxdata.archive import Archive
from ytxdata.archive.heads import write_head
from ytxdata.archive.stored_files import SCHEMAS, StoredFile, described
from ytxdata.archive.verify import verify


@pytest.fixture
def synced(archive: Archive, platform: Any) -> Archive:
    """An archive of two syncs."""
    archive.sync(platform)
    platform.records.insert(0, platform.record(60))
    archive.sync(platform)
    return archive


def relisted(archive: Archive, table: str, change: Callable[[StoredFile], StoredFile]) -> None:
    """Let the newest head, sealed anew, tell of a table's first file what `change` makes of it."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    first, *others = snapshot.files(table)
    write_head(archive.path, snapshot.head, {**snapshot.listed, table: (change(first), *others)})


def rewritten(archive: Archive, write: Callable[[pa.Table, Path], None]) -> Callable[[StoredFile], StoredFile]:
    """Put another file in the place of one."""

    def change(file: StoredFile) -> StoredFile:
        path = file.path.replace(".parquet", "-7.parquet")
        write(pq.read_table(archive.path / file.path), archive.path / path)
        return described(archive.path, path)._replace(rows=file.rows)

    return change


def patched(path: Path, column: str, group: int, bounds: tuple[int, int]) -> None:
    """Let the footer of a file say other bounds of a column of integers or instants."""
    raw = path.read_bytes()
    begin = len(raw) - 8 - int(struct.unpack("<I", raw[-8:-4])[0])
    with pq.ParquetFile(path) as parquet:
        told = parquet.metadata.row_group(group).column(parquet.schema_arrow.names.index(column)).statistics
        lowest, highest = told.min_raw, told.max_raw
    footer = raw[begin:-8]
    if lowest == highest:  # as the fields of Thrift stand: the last of these are those of the last group
        places = [at for at in range(len(footer)) if footer[at : at + 9] == b"\x08" + struct.pack("<q", lowest)]
        for at, value in zip(places[-4:], (bounds[1], bounds[0]) * 2, strict=True):
            footer = footer[: at + 1] + struct.pack("<q", value) + footer[at + 9 :]
    else:
        for one, other in zip((lowest, highest), bounds, strict=True):
            footer = footer.replace(struct.pack("<q", one), struct.pack("<q", other))
    path.write_bytes(raw[:begin] + footer + raw[-8:])


def hiding_a_month(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path)
    start = pq.read_metadata(path).row_group(0).column(rows.schema.get_field_index("started_at")).statistics.min_raw
    patched(path, "started_at", 0, (start, start + 1))


def with_a_leg_more(rows: pa.Table, path: Path) -> None:
    with pq.ParquetWriter(path, rows.schema) as writer:
        writer.write_table(rows)
        writer.write_table(rows.slice(0, 1))
    patched(path, "obs", 1, (900_000, 5))


def with_an_index_of_pages(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path, write_page_index=True)


def without_bounds(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path, write_statistics=False)


def of_other_types(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path, coerce_timestamps="ms", allow_truncated_timestamps=True)


LIES: dict[str, tuple[str, Callable[[pa.Table, Path], None]]] = {
    "bounds that leave out a month": ("meetings", hiding_a_month),
    "bounds that nobody looks into": ("legs", with_a_leg_more),
    "an index that some engines go by": ("meetings", with_an_index_of_pages),
    "bounds that one engine reads and another does not": ("meetings", without_bounds),
    "a type that is read in two ways": ("meetings", of_other_types),
}


@pytest.mark.parametrize("what", LIES)
def test_a_footer_that_lies_about_its_rows_is_found_and_mended(synced: Archive, what: str) -> None:
    table, write = LIES[what]
    n_meetings, n_legs = len(synced.meetings()), len(synced.legs())
    relisted(synced, table, rewritten(synced, write))
    assert verify(synced.path, quick=True).is_sound, "hashes and chains alone do not show it"
    found = verify(synced.path, recompute=True)
    assert [(damage.kind, damage.name.endswith("-7.parquet")) for damage in found.damages] == [("data", True)]
    assert found.can_be_mended
    synced.rebuild()
    assert verify(synced.path, recompute=True).is_sound
    assert (len(synced.meetings()), len(synced.legs())) == (n_meetings, n_legs)


@pytest.mark.parametrize("table", ["meetings", "legs", "observations", "pulls"])
def test_bounds_rows_and_columns_that_a_head_tells_are_held_against_the_rows(synced: Archive, table: str) -> None:
    def narrow(file: StoredFile) -> StoredFile:
        name = "ordinal" if table == "pulls" else "obs"
        return file._replace(bounds={**file.bounds, name: (5_000, 5_001)})

    for change in (
        narrow,
        lambda file: file._replace(columns=tuple(SCHEMAS[table].names[1:])),
        lambda file: file._replace(bounds=dict.fromkeys(file.bounds, ("a", "b"))),
    ):
        snapshot = synced.snapshot()
        assert snapshot is not None
        relisted(synced, table, change)
        assert not verify(synced.path).is_sound
        write_head(synced.path, snapshot.head, snapshot.listed)
        assert verify(synced.path).is_sound


def test_a_long_value_has_no_bounds_and_is_no_lie(archive: Archive, platform: Any) -> None:
    platform.records[3] = platform.record(3, meetingname="会" * 3_000)
    platform.records[4] = platform.record(4, meetingname="")
    archive.sync(platform)
    archive.verify(recompute=True)
