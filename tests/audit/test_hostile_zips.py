"""Packs as ZIP files that were made to hurt whoever opens them, or to be unpacked in two ways: sizes, entries, streams."""

from __future__ import annotations

import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.forger import refused, run_verifier
from tests.audit.office import Story
from ytxdata import audit
from ytxdata.audit import verifier
from ytxdata.audit.verifier import verify


def test_two_files_of_one_name_are_refused(made: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    shutil.copy(made["raw.zip"], path)
    with zipfile.ZipFile(path, "a") as whole, pytest.warns(UserWarning, match="Duplicate"):
        whole.writestr("findings.csv", b"another")
    refused(path, "two files are called")


@pytest.mark.slow
def test_a_zip_that_grows_a_thousandfold_is_refused_before_it_is_read(made: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole,
        whole.open("raw/zeros.json", "w", force_zip64=True) as file,
    ):
        for _ in range(256):
            file.write(bytes(1024**2))
    assert path.stat().st_size * 900 < 256 * 1024**2
    refused(path, "would grow")
    done = run_verifier(str(path))
    assert (done.returncode, done.stderr) == (5, "")
    assert "would grow" in done.stdout


def test_a_size_that_is_a_lie_is_noticed(made: dict[str, Path], tmp_path: Path) -> None:
    """The directory of the ZIP says one byte; the content is a mebibyte."""
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("manifest.json", bytes(1024**2))
    data = path.read_bytes()
    size = (1024**2).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (1).to_bytes(4, "little")))
    assert run_verifier(str(path)).returncode == 5


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MOST_FILES", 10)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as whole:
        for place in range(11):
            whole.writestr(str(place), b"")
    refused(tmp_path / "many.zip", "more than a pack may hold")


def a_link(mark: zipfile.ZipInfo) -> None:
    mark.external_attr, mark.create_system = 0o120777 << 16, 3


def another_name(mark: zipfile.ZipInfo) -> None:
    mark.extra = b"\x75\x70\x06\x00\x01\0\0\0\0x"


@pytest.mark.parametrize(
    "change",
    [
        a_link,
        another_name,
        lambda mark: setattr(mark, "compress_type", zipfile.ZIP_LZMA),
        lambda mark: setattr(mark, "comment", b"PROVEN"),
    ],
    ids=["link", "Unicode Path", "LZMA", "comment"],
)  # fmt: skip
def test_an_entry_that_others_read_otherwise_is_refused(
    made: dict[str, Path], tmp_path: Path, change: Callable[[zipfile.ZipInfo], object]
) -> None:
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(made["raw.zip"]) as whole, zipfile.ZipFile(path, "w") as odd:
        for one in whole.infolist():
            data = whole.read(one)
            if one.filename == "README.txt":
                change(one)
            odd.writestr(one, data)
    done = run_verifier(str(path))
    assert (done.returncode, done.stderr) == (5, "")
    assert "README.txt" in done.stdout


@pytest.mark.parametrize("where", ["before", "behind", "comment", "folder"])
def test_a_zip_with_something_between_its_files_is_refused(made: dict[str, Path], tmp_path: Path, where: str) -> None:
    path = tmp_path / "odd.zip"
    data = made["raw.zip"].read_bytes()
    path.write_bytes({"before": b"PK\3\4" + data, "behind": data + b"more"}.get(where, data))
    if where in ("comment", "folder"):
        with zipfile.ZipFile(path, "a") as whole:
            if where == "comment":
                whole.comment = b"all is proven"
            else:
                whole.writestr("CERTIFIED/", b"")
    done = run_verifier(str(path))
    assert (done.returncode, done.stderr) == (5, ""), done.stdout


def with_more_behind(source: Path, more: Callable[[int], bytes]) -> bytes:
    """Return a pack with something behind the end of the deflate stream of its last file, inside of what is said to be packed; signature and manifest as they were."""
    data = source.read_bytes()
    with zipfile.ZipFile(source) as whole:
        last, start = whole.infolist()[-1], whole.start_dir
    assert last.compress_type == zipfile.ZIP_DEFLATED
    blob = more(start)
    size = struct.pack("<L", last.compress_size + len(blob))
    place, listed = last.header_offset + 18, data.rindex(last.filename.encode()) - 26
    return b"".join(
        (
            *(data[:place], size, data[place + 4 : start], blob),
            *(data[start:listed], size, data[listed + 4 : -6], struct.pack("<LH", start + len(blob), 0)),
        )
    )


def an_opinion(at: int) -> bytes:
    """Return a file as it stands in a ZIP, and a list and an end of a ZIP of that file alone."""
    name, data = b"tables/meetings.csv", b"meeting_id\n"
    told = (20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0)
    head = struct.pack("<4s5H3L2H", b"PK\3\4", *told) + name + data
    line = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, *told, 0, 0, 0, 0o644 << 16, at) + name
    return head + line


def test_a_pack_that_others_unpack_as_other_files_is_refused(made: dict[str, Path], tmp_path: Path) -> None:
    """Python goes by the end of a ZIP64, others by the plain one: each can name a list of its own."""
    forged = tmp_path / "two.zip"
    other = with_more_behind(made["raw.zip"], an_opinion)
    forged.write_bytes(other)
    refused(forged, "not as long as is said")
    whole = zipfile.ZipFile(forged)
    n, start = len(whole.infolist()), whole.start_dir
    size = len(other) - 22 - start
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, n, n, size, start)
    end += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
    forged.write_bytes(other[:-22] + end + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, start - size, 0))
    with zipfile.ZipFile(forged) as seen:  # as if nothing were the matter
        assert seen.testzip() is None
        assert len(seen.infolist()) == n
    refused(forged, "not as long as is said")
    assert run_verifier(str(forged)).returncode == 5
    plain = made["raw.zip"].read_bytes()
    start -= len(an_opinion(0))
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, n, n, size, start)
    end += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
    forged.write_bytes(plain[:-22] + end + plain[-22:])  # a ZIP64 that is not needed, and says the same
    refused(forged, "between or behind its files")


@pytest.mark.parametrize("blob", [b"\0", b"more", bytes(2**20 + 1)], ids=["a byte", "a word", "a mebibyte"])
def test_a_stream_that_ends_before_its_place_is_refused(made: dict[str, Path], tmp_path: Path, blob: bytes) -> None:
    (tmp_path / "more.zip").write_bytes(with_more_behind(made["bare.zip"], lambda _: blob))
    refused(tmp_path / "more.zip", "not as long as is said")


@pytest.mark.parametrize("at", [4, 6, 10, 12, 14, 28])
def test_a_head_that_the_list_contradicts_is_refused(made: dict[str, Path], tmp_path: Path, at: int) -> None:
    """Version, flags, time, day, CRC, length of what stands behind the name: nothing in it is free."""
    data = bytearray(made["bare.zip"].read_bytes())
    data[at] ^= 1
    (tmp_path / "other.zip").write_bytes(data)
    refused(tmp_path / "other.zip", "in the head of")


@pytest.mark.parametrize("at", [6, 12, 36, 42], ids=["version", "time", "attributes", "offset"])
def test_nothing_in_the_list_of_a_pack_is_free(made: dict[str, Path], tmp_path: Path, at: int) -> None:
    with zipfile.ZipFile(made["bare.zip"]) as whole:
        start = whole.start_dir
    data = bytearray(made["bare.zip"].read_bytes())
    data[start + at] ^= 1
    (tmp_path / "other.zip").write_bytes(data)
    refused(tmp_path / "other.zip", "cannot be read|in the head of|what no pack does")


@pytest.mark.slow
@pytest.mark.usefixtures("derived_once")
@pytest.mark.usefixtures("derived_once")
def test_a_pack_that_needs_zip64_holds(planted_once: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were a thousand times as large: files, places and their number beyond what the plain form can say."""
    for limit, most_files in ((300, 5), (2000, 2**16 - 1), (40_000, 2**16 - 1), (2**31 - 1, 5)):
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", most_files)
        monkeypatch.setattr(verifier, "MOST_PLAIN", limit)
        monkeypatch.setattr(verifier, "MOST_PLAIN_FILES", most_files)
        path = tmp_path / f"{limit}.zip"
        audit.pack(planted_once.archive, path, include_raw=True)
        assert b"PK\6\6" in path.read_bytes()
        lines, holds = verify(path)
        assert holds, lines
