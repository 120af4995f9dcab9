"""One person, written in every way the platform has seen, through every output: one mask, and under pseudonyms no name."""

from __future__ import annotations

import html
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest

from tests.archive.conftest import Platform
from ytxdata.archive import Archive
from ytxdata.cli import main

pytestmark = pytest.mark.usefixtures("drawn_once")

MASK = re.compile(r"(?<![0-9A-Za-z*])\+?[0-9]*\*{4}[0-9]+")
PEOPLE = ("尹慧伟", "欧阳丽娟", "司马相民")
FIXED = (
    "1065527788",
    "010-65527788",
    "65527788",
    "+861065527788",
    "010-65527788-802",
    "01065527788转802",
    "86 10 65527788",
)
MOBILE = ("15912345678", "+86 159-1234-5678", "8615912345678", "015912345678", "17951 15912345678", "159 1234 5678转8")
SEVEN = ("03157654321", "0315-7654321", "315 7654321", "7654321", "+86 315 7654321", "0315-7654321-8")
NUMBERS = {"fixed": (FIXED, "010****7788"), "mobile": (MOBILE, "159****5678"), "seven": (SEVEN, "031****321")}
LOCAL = "****7788"
"""A local number has no area code to show; what it shows is the end of the whole one."""


@pytest.fixture(scope="module")
def people_once(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """An archive in which everybody is one of three people, whose numbers end otherwise, each in meetings of their own."""
    archive, platform = Archive(tmp_path_factory.mktemp("people") / "meetings.archive"), Platform([])
    for person, (written, _) in zip(PEOPLE, NUMBERS.values(), strict=True):
        percent = "".join(f"%{byte:02X}" for byte in written[0].encode())
        platform.records += [
            platform.record(len(platform.records) + i) | {
                "creator": one,
                "meetingname": f"{person}发起的会议" if i % 3 == 0 else f"{one} {person}的会议" if i % 3 == 1 else f"回电{percent} {person}",
                "tapesurl": f"https://tapes.example/{person}/{percent}.mp3",
                "shownumber": one,
                "parties": [{"name": person, "phone": other} for other in written],
            }
            for i, one in enumerate(written * 2)
        ]  # fmt: skip
    platform.records.reverse()
    archive.sync(platform)
    for person, (written, _) in zip(PEOPLE, NUMBERS.values(), strict=True):
        at = next(n for n, one in enumerate(platform.records) if one["parties"][0]["name"] == person)
        platform.records[at] |= {"creator": written[1], "meetingname": f"{person} {written[0]}"}
        platform.records.append({"creator": written[0]})
    archive.sync(platform)
    return archive


@pytest.fixture
def people(people_once: Archive, archive: Archive) -> Archive:
    """The three people, for each test their own."""
    shutil.copytree(people_once.path, archive.path)
    return archive


def _texts(folder: Path) -> Iterator[str]:
    """Every text in the files of a folder."""
    for path in folder.rglob("*"):
        if path.is_dir():
            continue
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as whole:
                for name in whole.namelist():
                    read = whole.read(name)
                    yield (
                        "\n".join(ET.fromstring(read).itertext())
                        if name.endswith(".xml")
                        else read.decode("utf-8", "replace")
                    )
        elif path.suffix == ".parquet":
            yield json.dumps(pq.read_table(path, partitioning=None).to_pylist(), default=str, ensure_ascii=False)
        else:
            yield html.unescape(path.read_text("utf-8-sig", "replace"))


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    out, err = capsys.readouterr()
    assert int(ended.value.code or 0) in (0, 1, 2), err[-2000:]
    return out + err


@pytest.mark.slow
def test_all_that_leaves_masked_holds_one_mask_of_a_person(
    people: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--archive", str(people.path)]
    out = tmp_path / "out"
    said = [
        _run(capsys, "report", *at, "--format", "all", "--out", str(out / "report"), "--group", "creator"),
        _run(capsys, "export", str(out / "parquet"), *at),
        _run(capsys, "export", str(out / "csv"), *at, "--format", "csv"),
        _run(capsys, "pack", *at, str(out / "pack.zip")),
        _run(capsys, "sql", "select * from meetings join legs using (meeting_key)", *at, "--format", "json"),
        _run(capsys, "sql", "select * from changes", *at, "--format", "csv"),
        _run(capsys, "audit", *at, "--json", "--all"),
        _run(capsys, "explain", *at),
    ]
    whole = "\n".join([*_texts(out), *said])
    masks = {mask for _, mask in NUMBERS.values()}
    assert masks <= set(MASK.findall(whole)) <= masks | {LOCAL}
    exported = "\n".join(_texts(out / "csv"))
    for mask in masks:
        digits = "".join(re.findall("[0-9]", mask.rpartition("*")[2]))
        assert not re.search(rf"(?<![0-9*])[0-9]{{7,}}{digits}(?![0-9])", exported)


@pytest.mark.slow
def test_under_pseudonyms_nobody_is_named(people: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "shared"
    keyed = ["report", "--archive", str(people.path), "--out", str(out), "--pseudonyms", str(tmp_path / "key")]
    said = _run(capsys, *keyed, "--format", "all", "--group", "name")
    whole = "\n".join([*_texts(out), said])
    for person in PEOPLE:
        assert person not in whole
        assert "".join(f"%{byte:02X}" for byte in person.encode()) not in whole
    assert re.search(r"\bT-[B-T]{12}\b", whole)
    assert "tapes.example" not in whole
    for more in (["--only", f"name={PEOPLE[0]}"], ["--notebook"]):
        assert "--pseudonyms" in _run(capsys, *keyed, *more)
