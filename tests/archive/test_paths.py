"""What a head names lies inside of the archive, whoever wrote that head; and folders may be called as one likes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ytxdata.archive import Archive
from ytxdata.archive.heads import write_head
from ytxdata.archive.ownership import inside
from ytxdata.archive.stored_files import StoredFile
from ytxdata.archive.verify import verify
from ytxdata.audit.pack import pack
from ytxdata.errors import DamagedError

OUTSIDE = (
    "../precious.txt", "../../a/precious.txt", "observations/../../precious.txt", "/etc/precious.txt", "precious.txt",
    "..\\precious.txt", "observations\\..\\..\\precious.txt", "C:/precious.txt", "observations/./x", "observations//x",
    "./observations/x", "observations/.hidden", "~/x", "file:///x/y", "",
)  # fmt: skip


def named(archive: Archive, *paths: str, **changed: Any) -> None:
    """Let the newest head name other files as well, sealed with a hash of its own: hashes and chains agree."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    content = hashlib.sha256(b"precious").hexdigest()
    more = tuple(StoredFile(path, 8, content, 0, {}, ()) for path in paths)
    head = dataclasses.replace(snapshot.head, **changed)
    write_head(archive.path, head, {**snapshot.listed, "witnesses": (*snapshot.files("witnesses"), *more)})


@pytest.fixture
def synced(platform: Any, tmp_path: Path) -> Archive:
    archive = Archive(tmp_path / "deep" / "m.archive")
    archive.sync(platform)
    (tmp_path / "deep" / "precious.txt").write_bytes(b"precious")
    return archive


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_that_leads_out_is_none(path: str) -> None:
    with pytest.raises(ValueError, match="inside"):
        inside(path)


@pytest.mark.parametrize("path", OUTSIDE[:4])
def test_a_head_that_names_a_file_elsewhere_is_damaged(synced: Archive, path: str, tmp_path: Path) -> None:
    """A mirror of it would be written into the home of whoever reads it, and a later sync would delete the file."""
    named(synced, path)
    handed_on = Archive(synced.path)
    for act in (
        handed_on.meetings,
        lambda: handed_on.mirror(str(tmp_path / "mirror")),
        lambda: Archive.at(f"file://{synced.path}", tmp_path / "copy"),
    ):
        with pytest.raises(DamagedError):
            act()
    assert not verify(handed_on.path).is_sound
    assert [one.name for one in tmp_path.rglob("*precious*")] == ["precious.txt"]


def test_what_is_derived_next_stays_inside(synced: Archive) -> None:
    named(synced, generation="../elsewhere/000001")
    with pytest.raises(DamagedError):
        Archive(synced.path).meetings()
    assert not verify(synced.path).is_sound


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are another thing there")
@pytest.mark.parametrize("what", ["observations", "observations/000000000001.parquet"])
def test_a_link_out_of_the_archive_is_told(synced: Archive, what: str, tmp_path: Path) -> None:
    assert synced.verify().is_sound
    place = synced.path / what
    shutil.move(place, tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    told = verify(synced.path)
    assert any("no plain file" in damage.detail.en for damage in told.damages)
    assert len(Archive(synced.path).meetings()) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are another thing there")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(synced: Archive) -> None:
    place = synced.path / "observations" / "000000000001.parquet"
    place.unlink()
    os.mkfifo(place)
    assert not verify(synced.path, recompute=True).is_sound


@pytest.mark.slow
def test_a_folder_may_be_called_like_a_pattern(platform: Any, tmp_path: Path) -> None:
    """DuckDB took brackets for a pattern: below `2026[1]` it read the archive in `20261`."""
    other = Archive(tmp_path / "20261.archive")
    other.sync(platform)
    platform.records = platform.records[:7]
    names = ["2026[1].archive"] if sys.platform == "win32" else ["2026[1].archive", "q*.archive", "q?.archive", "[!x]"]
    for name in names:
        archive = Archive(tmp_path / name)
        archive.sync(platform)
        assert len(archive.meetings()) == archive.snapshot().head.counts["meetings"] == 7  # type: ignore[union-attr]
        assert archive.sql("select count(*) as n from meetings").arrow["n"].to_pylist() == [7]
        assert archive.verify(recompute=name == names[0]).is_sound


DEEP = "[" * 200_000
HEADS_AND_OWNER = ("archive.json", "heads/000000000001.json", "heads/000000000002.json", "heads/gone-000000000001-000000000002.json")  # fmt: skip


EACH_ENDS = """
import json, sys
from ytxdata.cli import main
for line in json.loads(sys.argv[1]):
    try:
        main(["--lang", "en", *line])
        code = 0
    except SystemExit as ended:
        code = ended.code
    print(f"ended: {code}", flush=True, file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pipe", "endless", "deep"])
def test_a_control_file_that_is_no_plain_file_or_too_deep_is_damage(synced: Archive, platform: Any, kind: str) -> None:
    """A pipe was waited for, /dev/zero read for ever, and 200 KB of brackets ended with a traceback and code 1. A
    process of their own for the verbs: what waits for ever ends with it.
    """
    if kind != "deep" and not hasattr(os, "mkfifo"):
        pytest.skip("pipes and links are another thing here")
    synced.sync(platform)
    lines, names = [], []
    for i, name in enumerate(HEADS_AND_OWNER):
        root = synced.path.with_name(f"{i}.archive")
        place = root / name
        shutil.copytree(synced.path, root)
        place.unlink(missing_ok=True)
        if kind == "deep":
            place.write_text(DEEP)
        elif kind == "pipe":
            os.mkfifo(place)
        else:
            place.symlink_to("/dev/zero")
        read = ["sql", "select count(*) from meetings", "--archive", str(root)] if name in HEADS_AND_OWNER[::2] else []
        lines += [["verify", str(root)], *([read] if read else [])]
        names += [name, *([""] if read else [])]
    command = [sys.executable, "-c", EACH_ENDS, json.dumps(lines)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr
    told = done.stderr.split("ended: ")
    assert [one.split("\n")[0] for one in told[1:]] == ["5"] * len(lines)
    assert [name for name, one in zip(names, told, strict=False) if name not in one] == []


def test_a_card_says_neither_the_number_by_which_an_archive_is_called_nor_the_folders_above(
    platform: Any, tmp_path: Path
) -> None:
    """A fleet's archives are called as its accounts, and a card is handed on with its notebook."""
    platform.records = [platform.record(1, creator="0755-66665555")]
    folder = tmp_path / "家目录"
    for name, shown in {
        "13912345601.archive": "139****5601.archive",
        "66665555号": "****5555号",
        "2026年": "2026年",
    }.items():
        archive = Archive(folder / name)
        cards = [archive._repr_html_()]
        archive.sync(platform)
        told = archive._repr_html_()
        (archive.path / "13912345602.txt").write_text("x")
        cards += [told, pack(archive, folder / "13912345601.zip")._repr_html_(), archive.verify()._repr_html_()]
        assert shown in told
        assert "66665555" not in told
        for hidden in ("13912345601", "13912345602", "家目录"):
            assert not any(hidden in card for card in cards)
