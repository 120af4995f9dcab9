"""What a file or a head says of rows decides who reads them: where that lies, nothing else shows it."""

from __future__ import annotations

import dataclasses
import shutil
import struct
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.archive.conftest import Platform, newest_first
from ytxdata.archive import Archive
from ytxdata.archive.heads import write_head
from ytxdata.archive.stored_files import SCHEMAS, StoredFile, described
from ytxdata.archive.verify import verify


@pytest.fixture(scope="module")
def synced_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, list[Any]]:
    archive, platform = Archive(tmp_path_factory.mktemp("synced") / "meetings.archive"), Platform(newest_first(60))
    archive.sync(platform)
    platform.records.insert(0, platform.record(60))
    archive.sync(platform)
    return archive, platform.records


@pytest.fixture
def synced(synced_once: tuple[Archive, list[Any]], archive: Archive, platform: Any) -> Archive:
    """An archive of two syncs, each test's own."""
    shutil.copytree(synced_once[0].path, archive.path)
    platform.records = [*synced_once[1]]
    return archive


def relisted(archive: Archive, table: str, change: Callable[[StoredFile], StoredFile]) -> None:
    """Let the newest head, sealed anew, tell of a table's first file what `change` makes of it."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    first, *others = snapshot.files(table)
    write_head(archive.path, snapshot.head, {**snapshot.listed, table: (change(first), *others)})


def of_another_parser(archive: Archive, by: int) -> None:
    """Let the newest head, sealed anew, call the tables those of another version's parser."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    parser = {**snapshot.head.parser, "version": snapshot.head.parser["version"] + by}
    write_head(archive.path, dataclasses.replace(snapshot.head, parser=parser), snapshot.listed)


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


def with_later_bounds(rows: pa.Table, path: Path) -> None:
    """Bounds that leave nothing out: some engines answer `max(started_at)` from them, without a look at any row."""
    pq.write_table(rows, path)
    told = pq.read_metadata(path).row_group(0).column(rows.schema.get_field_index("started_at")).statistics
    patched(path, "started_at", 0, (told.min_raw, told.max_raw + 90 * 86_400_000_000))


def with_two_contents(rows: pa.Table, path: Path) -> None:
    """True pages of a column first, where its data is said to begin, and false ones where its dictionary is."""
    two_contents(rows, path, "number", pa.array(["+8613911112222"] * rows.num_rows))


def two_contents(rows: pa.Table, path: Path, column: str, others: pa.Array) -> None:
    """Write what pyarrow reads as `rows`, and DuckDB with other values of one column, which has a dictionary."""
    at = rows.column_names.index(column)
    false = path.with_suffix(".false")
    pq.write_table(rows.set_column(at, rows.schema.field(at), others), false)
    twin = pq.read_metadata(false).row_group(0).column(at)
    more = false.read_bytes()[twin.dictionary_page_offset :][: twin.total_compressed_size]
    false.unlink()
    pq.write_table(rows, path)
    raw, group = path.read_bytes(), pq.read_metadata(path).row_group(0)
    footer = raw[len(raw) - 8 - struct.unpack("<I", raw[-8:-4])[0] : -8]
    told, pages, shift = b"", b"PAR1", 0
    for place in range(group.num_columns):
        chunk = group.column(place)
        data, words = chunk.data_page_offset, chunk.dictionary_page_offset
        first, size = data if words is None else words, chunk.total_compressed_size
        pages += raw[first : first + size]
        is_twin = place == at
        moved = first + shift if is_twin else data + shift, words and (len(pages) if is_twin else words + shift)
        shift += len(more) * is_twin
        told_now = chunk_bytes(size + len(more) * is_twin, *moved)
        before, behind = footer.split(chunk_bytes(size, data, words), 1)
        told, footer = told + before + told_now, behind
        pages += more * is_twin
    told += footer
    path.write_bytes(pages + told + struct.pack("<I", len(told)) + b"PAR1")


def chunk_bytes(size: int, data: int, words: int | None) -> bytes:
    """The fields 7, 9 and 11 of a chunk as they stand in a footer: how long it is, where its pages and words begin."""
    return b"\x16" + varint(size) + b"\x26" + varint(data) + (b"" if words is None else b"\x26" + varint(words))


def varint(number: int) -> bytes:
    number, told = number * 2, b""
    while number > 127:
        told, number = told + bytes([number & 127 | 128]), number >> 7
    return told + bytes([number])


def shadowing(column: str, value: Callable[[pa.ChunkedArray], Any]) -> Callable[[pa.Table, Path], None]:
    """Put a column before all, called like one of ours but for its case."""

    def write(rows: pa.Table, path: Path) -> None:
        pq.write_table(rows.add_column(0, column.upper(), value(rows[column])), path)

    return write


def without_bounds(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path, write_statistics=False)


def of_other_types(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path, coerce_timestamps="ms", allow_truncated_timestamps=True)


LIES: dict[str, tuple[str, Callable[[pa.Table, Path], None]]] = {
    "bounds that leave out a month": ("meetings", hiding_a_month),
    "bounds that nobody looks into": ("legs", with_a_leg_more),
    "bounds that some engines answer with": ("meetings", with_later_bounds),
    "two contents of one column": ("legs", with_two_contents),
    "a column before ours that engines take for it": (
        "legs",
        shadowing("number", lambda one: pa.array(["0"] * len(one))),
    ),
    "an index that some engines go by": ("meetings", with_an_index_of_pages),
    "bounds that one engine reads and another does not": ("meetings", without_bounds),
    "a type that is read in two ways": ("meetings", of_other_types),
}


@pytest.mark.slow
@pytest.mark.by_chance(5)
@pytest.mark.parametrize(("what", "parser"), [*zip(LIES, cycle((0, 1)), strict=False)])
def test_a_footer_that_lies_about_its_rows_is_found_and_mended(synced: Archive, what: str, parser: int) -> None:
    """Also where the head calls the tables those of another parser: whoever writes it can write that."""
    table, write = LIES[what]
    n_meetings, n_legs = len(synced.meetings()), len(synced.legs())
    relisted(synced, table, rewritten(synced, write))
    of_another_parser(synced, by=parser)
    assert verify(synced.path, quick=True).is_sound, "hashes and chains alone do not show it"
    found = verify(synced.path)
    assert [(damage.kind, damage.name.endswith("-7.parquet")) for damage in found.damages] == [("data", True)]
    assert found.can_be_mended
    synced.rebuild()
    assert verify(synced.path).is_sound
    assert (len(synced.meetings()), len(synced.legs())) == (n_meetings, n_legs)


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_long_value_has_no_bounds_and_is_no_lie(archive: Archive, platform: Any) -> None:
    platform.records[3] = platform.record(3, meetingname="会" * 3_000)
    platform.records[4] = platform.record(4, meetingname="")
    archive.sync(platform)
    archive.verify(recompute=True)


def shortened(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(one.name, pa.int32()) if one.name == "returned_n" else one for one in schema])


RAW_LIES: dict[str, Callable[[pa.Table, Path], None]] = {
    "verdict": shadowing("verdict", lambda one: pa.array(["PROVEN"] * len(one))),
    "asked_at": shadowing("asked_at", lambda one: pc.subtract(one, timedelta(days=100))),
    "returned_n": lambda rows, path: two_contents(rows, path, "returned_n", pa.array([7] * len(rows), pa.int64())),
    "types": lambda rows, path: pq.write_table(rows.cast(shortened(rows.schema)), path),
    "index": lambda rows, path: pq.write_table(rows, path, write_page_index=True),
}


@pytest.mark.parametrize("what", RAW_LIES)
def test_raw_tables_are_held_to_the_same(synced: Archive, what: str) -> None:
    relisted(synced, "pulls", rewritten(synced, RAW_LIES[what]))
    found = verify(synced.path, recompute=True)
    assert [(damage.kind, damage.name.endswith("-7.parquet")) for damage in found.damages] == [("data", True)]
    assert not found.can_be_mended, "of raw data nothing says what it was"


AS_OF_LAYOUT_2 = "part-00000-16e8e8c0-718e-4eb7-924c-dc553042d67d-c000.zstd.parquet"


def test_no_view_goes_by_an_index_of_pages(synced: Archive) -> None:
    """Files of layouts 1 and 2 have one; whoever calls his own as those are called can let it leave out what he likes."""

    def write(rows: pa.Table, path: Path) -> None:
        small = {"use_dictionary": False, "data_page_size": 32, "write_batch_size": 4}
        pq.write_table(rows, path, write_page_index=True, **small)
        group = pq.read_metadata(path).row_group(0)
        behind = 4 + sum(group.column(place).total_compressed_size for place in range(group.num_columns))
        raw = path.read_bytes()
        index, footer = raw[behind:], raw[len(raw) - 8 - int(struct.unpack("<I", raw[-8:-4])[0]) :]
        index = index[: -len(footer)]
        lowest, *others = (
            b"\x08" + struct.pack("<q", one) for one in sorted(rows["started_at"].cast("int64").to_pylist())
        )
        for one in others:
            index = index.replace(one, lowest)
        path.write_bytes(raw[:behind] + index + footer)

    def called_otherwise(file: StoredFile) -> StoredFile:
        path = str(Path(file.path).with_name(AS_OF_LAYOUT_2))
        write(pq.read_table(synced.path / file.path), synced.path / path)
        return described(synced.path, path)

    last_but_one = synced.meetings()["started_at"].nlargest(2).min()
    relisted(synced, "meetings", called_otherwise)
    assert len(synced.meetings(start=last_but_one)) == 2


def test_a_filter_is_told_whatever_a_file_is_called(synced: Archive) -> None:
    def called_otherwise(file: StoredFile) -> StoredFile:
        path = str(Path(file.path).with_name(AS_OF_LAYOUT_2))
        rows = pq.read_table(synced.path / file.path)
        pq.write_table(rows, synced.path / path, bloom_filter_options={"meeting_id": {"ndv": 100, "fpp": 0.05}})
        return described(synced.path, path)

    relisted(synced, "meetings", called_otherwise)
    assert "pages" in verify(synced.path).damages[0].detail.en


def test_a_column_that_engines_read_in_two_ways_is_named(synced: Archive) -> None:
    relisted(synced, "legs", rewritten(synced, with_two_contents))
    assert "number" in verify(synced.path).damages[0].detail.en


def test_what_one_engine_cannot_read_is_damage_by_name(synced: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise duckdb.InvalidInputException("no such page")

    monkeypatch.setattr("ytxdata.archive.footers.reading", broken)
    snapshot = synced.snapshot()
    assert snapshot is not None
    assert {one.path for one in snapshot.files("legs")} <= {one.name for one in verify(synced.path).damages}


@pytest.mark.slow
def test_a_column_of_a_version_to_come_is_no_damage(synced: Archive) -> None:
    def write(rows: pa.Table, path: Path) -> None:
        written = rows.append_column("of_a_later_version", pa.array([1.5] * rows.num_rows))
        pq.write_table(written, path)

    relisted(synced, "legs", rewritten(synced, write))
    assert verify(synced.path, recompute=True).is_sound
    assert len(synced.legs())
