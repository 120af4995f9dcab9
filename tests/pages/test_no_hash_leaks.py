"""Law of what leaves masked: no value of it equals a hash of any raw text, under any canonical form; the owner is
still led back.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pyarrow.parquet as pq
import pytest

import ytxdata as ytx
from tests.cli.verbs import run
from ytxdata.archive import Archive
from ytxdata.audit.pack import pack
from ytxdata.audit.pack_check import verify_pack
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.history.client import Client
from ytxdata.pages import html_report
from ytxdata.pages.notebook import execute, find, to_html
from ytxdata.tables.table import record_table

DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")
ENOUGH = 12
"""Hex digits of a hash that already tell one masked number from another."""


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator(meetings=1, seed=11) as one:
        yield one


@pytest.fixture(scope="module")
def small(server: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """An archive whose first answers hold one record alone: then the hash of the answer is an oracle as well."""
    kept = Archive(tmp_path_factory.mktemp("hashes") / "m.archive")
    for _ in range(3):
        kept.sync(Client(base_url=server.url, **server.credentials))
        server.advance(days=3)
    return kept


def _forms(raw: bytes) -> Iterator[bytes]:
    yield from (raw, raw.strip(), b"".join(raw.split()))
    try:
        value = json.loads(raw)
    except ValueError:
        return
    for is_sorted in (False, True):
        for separators in ((",", ":"), (", ", ": ")):
            for is_ascii in (False, True):
                text = json.dumps(value, sort_keys=is_sorted, separators=separators, ensure_ascii=is_ascii)
                yield from (text.encode(), text.encode("gb18030"), f"{text}\n".encode())


def _raw_texts(archive: Archive) -> Iterator[bytes]:
    for raw in (*archive.raw_records(), *(archive.answer(one) for one in archive.pulls()["pull_id"])):
        yield from _forms(raw)
    for column in ("phone", "number", "name"):
        for value in archive.legs()[column].dropna():
            yield from (str(value).encode(), str(value).removeprefix("+86").encode(), json.dumps(str(value)).encode())


def _hashes(archive: Archive) -> set[str]:
    found = set()
    for text in set(_raw_texts(archive)):
        for name in DIGESTS:
            digest = hashlib.new(name, text).digest()
            found |= {digest.hex()[:ENOUGH], base64.b64encode(digest).decode()[:ENOUGH]}
    return found


def _leaves(path: Path) -> Iterator[str]:
    """Every text in a file, whatever it is packed in."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as whole:
            for name in whole.namelist():
                yield name
                yield whole.read(name).decode("utf-8", "replace")
    elif path.suffix == ".parquet":
        yield str(pq.read_table(path, partitioning=None).to_pylist())
        yield str(pq.read_schema(path).metadata)
    else:
        yield path.name
        yield path.read_text("utf-8-sig", "replace")


def _told(text: str, hashes: set[str]) -> list[str]:
    # what runs on for thousands of signs is a picture or a font
    words = [word for word in re.findall(r"[0-9A-Za-z+/]{12,}", text) if len(word) < 4_000]
    windows = {word[at : at + ENOUGH] for word in words for at in range(len(word) - ENOUGH + 1)}
    return sorted(hashes & (windows | {window.lower() for window in windows}))


@pytest.mark.slow
@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize("way", ["masked", "pseudonyms", "book"])
def test_nothing_that_leaves_holds_a_hash_of_raw_text(
    way: str,
    small: Archive,
    server: Emulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    hashes = _hashes(small)
    plain = " ".join(small.meetings()["record_hash"])
    assert _told(plain, hashes), "the test finds what it looks for"
    book = tmp_path / "in" / "book.csv"
    book.parent.mkdir()
    book.write_text("number,name\n13800138000,王小明\n", encoding="utf-8")
    out = tmp_path / "out"
    more = {"masked": [], "pseudonyms": ["--pseudonyms", str(tmp_path / "key")], "book": ["--book", str(book)]}[way]
    kept = ["--archive", str(small.path)]
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    if way != "masked":  # pictures show what tables do
        monkeypatch.setattr(html_report, "SIZES", ())
    said = []
    lang = "en" if way == "masked" else "both"
    assert run("report", *kept, "--format", "all", "--lang", lang, "--out", str(out), *more, "--json") == 0
    said.append(capsys.readouterr().out)
    if way == "masked":
        for verb in (
            ["fetch", "--csv", str(out / "f.csv"), "--legs-csv", str(out / "l.csv"), "--json"],
            ["explain", *kept, "--csv", str(out / "e.csv"), "--json"],
            ["audit", *kept, "--out", str(out / "audit"), "--json"],
            ["pack", *kept, str(out / "pack.zip")],
            *(["sql", f"from {view}", *kept, "--format", "json"] for view in ("meetings", "legs", "changes", "pulls")),
            *(["export", str(out / form), *kept, "--format", form] for form in ("parquet", "csv")),
        ):
            run(*verb)
            said.append(capsys.readouterr().out)
        # that of audits is about a company of its own
        first, second = (nbformat.read(find(f"{name}.ipynb"), 4) for name in ("01_quickstart", "02_usage_report"))
        for cell in second.cells:
            cell["id"] += "-2"
        nbformat.write(nbformat.v4.new_notebook(cells=[*first.cells, *second.cells]), tmp_path / "both.ipynb")
        done = execute(tmp_path / "both.ipynb", env={"YTX_ARCHIVE": str(small.path)}, workdir=tmp_path)
        (out / "both.html").write_text(to_html(done, title="both"), encoding="utf-8")
        (out / "both.ipynb").write_text(nbformat.writes(done), encoding="utf-8")
        record_table(small.pulls(), "pulls", secret=small.secret).to_csv(out / "pulls.csv")
        assert (out / "pack.zip").exists()
        assert (out / "e.csv").exists()
        assert (out / "f.csv").exists()
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".csv", ".xlsx", ".html", ".json"}
    for path in files:
        for text in _leaves(path):
            assert not _told(text, hashes), path
    for text in said:
        assert not _told(text, hashes), text[:2000]


def test_the_owner_is_led_back_from_a_masked_file(small: Archive, tmp_path: Path) -> None:
    path = record_table(small.pulls(), "pulls", secret=small.secret).to_csv(tmp_path / "pulls.csv")
    pulls = small.pulls()
    for keyed, plain in zip(ytx.read_csv(path)["pull_id"], pulls["pull_id"], strict=True):
        assert keyed != plain
        assert small.answer(keyed) == small.answer(plain)
    with pytest.raises(UsageError, match="no pull"):
        small.answer(str(keyed)[:-1] + "x")


def test_what_is_masked_twice_does_not_change_again(small: Archive) -> None:
    table = record_table(small.pulls(), "pulls", secret=small.secret)
    assert table.masked().masked().arrow.equals(table.masked().arrow)
    assert table.masked(show_phones=True).arrow["sha256"].to_pylist() == small.pulls()["sha256"].tolist()


@pytest.mark.slow
def test_a_table_of_no_archive_is_keyed_too_and_alike_within_one_run(small: Archive) -> None:
    first, again = (record_table(small.meetings(), "meetings").masked().arrow["record_hash"] for _ in range(2))
    assert first.equals(again)
    assert not set(first.to_pylist()) & set(small.meetings()["record_hash"])


@pytest.mark.slow
def test_a_pack_without_raw_answers_verifies_on_its_keyed_chain(small: Archive, tmp_path: Path) -> None:
    pack(small, tmp_path / "pack.zip")
    assert any("chain" in line for line in verify_pack(tmp_path / "pack.zip"))
    pack(small, tmp_path / "raw.zip", include_raw=True)
    assert any("raw answers" in line for line in verify_pack(tmp_path / "raw.zip"))
