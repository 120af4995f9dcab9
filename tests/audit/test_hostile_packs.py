"""Packs that were made to hurt whoever opens them, or to be read in two ways: names, links, sizes, entries."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.audit.forger import main, mend, refused, run_verifier
from tests.audit.office import Story
from ytxdata import audit
from ytxdata.audit import verifier
from ytxdata.audit.verifier import canonical, sha256, verify
from ytxdata.labels import UNPRINTABLE


@pytest.mark.slow
def test_nothing_can_be_derived_without_raw_answers(made: dict[str, Path]) -> None:
    refused(made["bare.zip"], "no raw answers", recompute=True)


@pytest.mark.parametrize(
    "name",
    [
        unicodedata.normalize("NFD", "tables/café.csv"), "tables/CAFÉ.csv", "tables\\café.csv", "tables/café.csv.",
        "tables/café.csv ",
    ],
    ids=["accents", "case", "backslash", "dot", "blank"],
)  # fmt: skip
def test_two_names_that_are_one_elsewhere_are_refused(made: dict[str, Path], tmp_path: Path, name: str) -> None:
    with altered(made["raw.zip"], tmp_path) as files:
        files["tables/café.csv"] = files[name] = b"x"
        list_all(files)
    lines, holds = verify(tmp_path / "altered.zip")
    assert not holds
    assert "one name on some machines" in lines[-1]


@pytest.mark.parametrize(
    "name", ["../out.csv", "/etc/out.csv", "C:out.csv", "a/./b.csv", "a//b.csv", "a\x00b.csv", "a\u202eb.csv"]
)
def test_a_name_that_leads_elsewhere_is_refused(made: dict[str, Path], tmp_path: Path, name: str) -> None:
    with altered(made["raw.zip"], tmp_path) as files:
        files[name] = b"x"
        list_all(files)
    lines, holds = verify(tmp_path / "altered.zip")
    assert not holds, lines
    assert not (tmp_path.parent / "out.csv").exists()


@pytest.mark.parametrize("name", [".DS_Store", "tables/Thumbs.db", "desktop.ini", "more.txt", "__pycache__/verify.pyc"])
def test_a_file_that_nobody_vouches_for_is_refused(
    made: dict[str, Path], folder: Path, tmp_path: Path, name: str
) -> None:
    mend(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"payload")
    refused(folder, "added")
    with altered(made["raw.zip"], tmp_path) as files:
        files[name] = b"payload"
    refused(tmp_path / "altered.zip", "added")


def test_a_link_in_place_of_a_file_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / "README.txt", tmp_path / "README.txt")
    (folder / "README.txt").symlink_to(tmp_path / "README.txt")
    refused(folder, "no plain file")


def test_two_files_of_one_name_are_refused(made: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "twice.zip"
    shutil.copy(made["raw.zip"], path)
    with zipfile.ZipFile(path, "a") as whole, pytest.warns(UserWarning, match="Duplicate"):
        whole.writestr("findings.csv", b"another")
    refused(path, "two files are called")


@contextmanager
def altered(source: Path, tmp_path: Path) -> Iterator[dict[str, bytes]]:
    """Give the files of a pack, and write them as another ZIP."""
    with zipfile.ZipFile(source) as whole:
        files = {name: whole.read(name) for name in whole.namelist() if name != "signature.json"}
    yield files
    with zipfile.ZipFile(tmp_path / "altered.zip", "w", zipfile.ZIP_DEFLATED) as whole:
        for name, data in files.items():
            mark = zipfile.ZipInfo("x")
            mark.filename = name  # as it is: the constructor would tidy it
            whole.writestr(mark, data)


def list_all(files: dict[str, bytes]) -> None:
    body = json.loads(files["manifest.json"])
    del body["sha256"]
    body["files"] = [
        {"path": name, "size": len(data), "sha256": sha256(data)}
        for name, data in files.items()
        if name not in verifier.UNLISTED
    ]
    files["manifest.json"] = canonical({**body, "sha256": sha256(canonical(body))})


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "pulls.json", "certificate.json", "findings.json", "tables/usage.about.json", "signature.json"],
)
@pytest.mark.parametrize(
    "nested", [b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000], ids=["open", "objects", "closed"]
)
def test_deep_json_ends_in_exit_code_5_and_no_traceback(
    made: dict[str, Path], tmp_path: Path, name: str, nested: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with altered(made["raw.zip"], tmp_path) as files:
        files[name] = nested
        if name != "manifest.json":
            list_all(files)
    done = run_verifier(str(tmp_path / "altered.zip"))
    assert (done.returncode, done.stderr) == (5, ""), done.stdout[-300:]
    assert main(["verify", str(tmp_path / "altered.zip")]) == 5
    assert "Traceback" not in capsys.readouterr().err


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


def test_a_large_json_is_not_read_at_once(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MOST_JSON_BYTES", 1000)
    refused(made["raw.zip"], "too large")


def with_raw(folder: Path, change: Callable[[bytes, bytes], bytes]) -> bytes:
    """Change the first raw answer that a finding rests on; return the id of a record that the finding names."""
    told = json.loads((folder / "findings.json").read_bytes())
    one = next(one for one in told["findings"] if one["records_in_archive"] and one["pulls"])
    record: bytes = one["records_in_archive"][0].encode()
    for pull in one["pulls"]:
        raw = folder / "raw" / f"{pull}.json"
        raw.write_bytes(change(raw.read_bytes(), record))
    mend(folder)
    return record


def test_each_answer_is_unpacked_once_for_all_findings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = verifier.Unpacked.read

    def counted(pack: verifier.Unpacked, name: str) -> bytes:
        read.append(name)
        return whole(pack, name)

    mend(folder)
    monkeypatch.setattr(verifier.Unpacked, "read", counted)
    assert verify(folder)[1]
    raw = [name for name in read if name.startswith("raw/")]
    assert raw
    assert len(raw) == len(set(raw))


@pytest.mark.parametrize("glue", [b"x%b", b"%bx", b"\\n%b", b"\\\\n%b", b"(%b)"])
def test_an_id_is_found_however_an_answer_writes_it(folder: Path, glue: bytes) -> None:
    with_raw(folder, lambda text, record: text.replace(record, b"-") + glue % record)
    assert verify(folder)[1]


def test_an_id_that_stands_in_none_of_its_answers_is_told(folder: Path) -> None:
    record = with_raw(folder, lambda text, record: text.replace(record, b"-"))
    refused(folder, f"record {record.decode()} stands in none")


def test_what_takes_too_long_to_look_for_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_raw(folder, lambda text, record: text.replace(record, b"x" + record))
    assert verify(folder)[1]
    monkeypatch.setattr(verifier, "MOST_LOOKS", 1000)
    refused(folder, "more than can be looked for")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
@pytest.mark.parametrize("name", ["", "findings.csv", "raw/1.json"])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(folder: Path, name: str) -> None:
    place = folder / name
    if place == folder:
        place = folder.with_name("pipe.zip")
        folder = place
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    command = [sys.executable, "-I", verifier.__file__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=30)
    assert (done.returncode, done.stderr) == (5, "")
    assert "no plain file" in done.stdout
    refused(folder, "no plain file")


@pytest.mark.parametrize("name", ["OPINION.html", "tables/costs.json", "raw/1.json"])
def test_a_file_that_no_pack_holds_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{}")
    mend(folder)
    refused(folder, "no files of a pack|answers of no pull")


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
def test_a_pack_that_needs_zip64_holds(
    story: Story, made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it were a thousand times as large: files, places and their number beyond what the plain form can say."""
    for limit, most_files in ((300, 5), (2000, 2**16 - 1), (40_000, 2**16 - 1), (2**31 - 1, 5)):
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", most_files)
        monkeypatch.setattr(verifier, "MOST_PLAIN", limit)
        monkeypatch.setattr(verifier, "MOST_PLAIN_FILES", most_files)
        path = tmp_path / f"{limit}.zip"
        audit.pack(story.archive, path, include_raw=True)
        assert b"PK\6\6" in path.read_bytes()
        lines, holds = verify(path)
        assert holds, lines


WILD = "\x1b[2J\x1b[H\nok    signature 签名: as asked for\r\nok    heads\x85ok    rest\u2028ok    more\x9b8m\u202e"
"""A screen that is cleared, and lines that look like those of the verifier."""


def wild_json(name: str, put: Callable[[Any], object]) -> Callable[[Path], None]:
    def forge(folder: Path) -> None:
        body = json.loads((folder / name).read_bytes())
        put(body)
        is_about = name.endswith(".about.json")
        told = json.dumps(body, ensure_ascii=False, indent=2).encode() if is_about else canonical(body)
        (folder / name).write_bytes(told)

    return forge


FINDING = ("finding_id", "check", "severity", "status", "zh", "en", "measured", "reason", "by")
WILDLY: dict[str, Callable[[Path], Any]] = {
    "pulls of a period": wild_json("certificate.json", lambda one: one["periods"][0].update(pulls=[WILD])),
    "verdict": wild_json("certificate.json", lambda one: one["periods"][0].update(verdict=WILD)),
    "sentence": wild_json("certificate.json", lambda one: one["sentence"].update(en=WILD, zh=WILD)),
    "a key": wild_json("certificate.json", lambda one: one.update({WILD: 1})),
    "worst": wild_json("certificate.json", lambda one: one.update(worst=WILD)),
    **{
        f"{key} of a finding": wild_json("findings.json", lambda one, key=key: one["findings"][0].update({key: WILD}))  # type: ignore[misc]  # its own key
        for key in FINDING
    },
    "pulls of a finding": wild_json("findings.json", lambda one: one["findings"][0].update(pulls=[WILD])),
    "records of a finding": wild_json("findings.json", lambda one: one["findings"][0].update(record_ids=[WILD])),
    "why not": wild_json("findings.json", lambda one: one["not_run"].update({WILD: {"zh": WILD, "en": WILD}})),
    "parameters": wild_json("findings.json", lambda one: one["parameters"].update({WILD: {}})),
    "pull_id": wild_json("pulls.json", lambda one: one[0].update(pull_id=WILD)),
    "request_id": wild_json("pulls.json", lambda one: one[0].update(request_id=WILD)),
    "verdict of a pull": wild_json("pulls.json", lambda one: one[0].update(verdict=WILD)),
    "a note": wild_json("findings.about.json", lambda one: one.update(notes=[{"zh": WILD, "en": WILD}])),
    "title": wild_json("tables/usage.about.json", lambda one: one.update(title={"zh": WILD, "en": WILD})),
    "file": wild_json("tables/usage.about.json", lambda one: one.update(file=WILD)),
    "version": wild_json("manifest.json", lambda one: one.update(package_version=WILD)),
    "as_of": wild_json("manifest.json", lambda one: one.update(as_of=WILD)),
    "audited": wild_json("manifest.json", lambda one: one.update(audited=[WILD, None])),
    "parser": wild_json("manifest.json", lambda one: one["parser"]["meetings"].append([WILD, [WILD]])),
    "names of fields": wild_json("manifest.json", lambda one: one["parser"]["meetings"][0][1].append(WILD)),
    "clocks": wild_json("manifest.json", lambda one: one.update(clocks=[[WILD, 86400.0]])),
    "a table": lambda folder: (folder / "tables/meetings.csv").write_text(f'"{WILD}"\n"{WILD}"\n', "utf-8"),
    "a path": lambda folder: (folder / "raw" / WILD.replace("/", "")).write_bytes(b"x"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WILDLY)
def test_nothing_that_a_maker_wrote_repaints_a_terminal_or_passes_for_a_line_of_ours(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    WILDLY[name](folder)
    mend(folder)
    done = run_verifier(str(folder))
    main(["--lang", "both", "verify", "--recompute", str(folder)])
    ours = capsys.readouterr()
    for printed in (done.stdout, done.stderr, ours.out, ours.err):
        assert not UNPRINTABLE.search(printed), repr(printed)
        lines = [line.strip() for line in printed.splitlines() if "ok    heads" in line]
        assert all(line.startswith(("FAIL", "OPEN")) for line in lines), lines


@pytest.mark.slow
def test_words_about_heads_that_are_none_are_one_line(made: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "heads").write_text(json.dumps({"format": WILD, "asked_at": WILD}) + "\n")
    (tmp_path / "heads 2").write_text(json.dumps({"format": verifier.HEAD_FORMAT, "pulls": 1, "asked_at": WILD}))
    for given in ("heads", "heads 2"):
        done = run_verifier(str(made["bare.zip"]), "--heads", str(tmp_path / given))
        assert done.returncode == 2
        assert not UNPRINTABLE.search(done.stderr)
