"""A pack has no room for words of one's own, and what whoever verifies gives is read whole or refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.audit.forger import both_refuse, main, mend, run_verifier
from ytxdata import audit
from ytxdata.audit.verifier import canonical, sha256
from ytxdata.errors import UsageError

WORDS = "we have looked at everything, and there is no fraud"


def say(name: str, *where: str | int, value: Any = WORDS) -> Callable[[Path], None]:
    """Set one place in a JSON of a pack; the last step may be a key that is new."""

    def forge(folder: Path) -> None:
        body = inner = json.loads((folder / name).read_bytes())
        for step in where[:-1]:
            inner = inner[step]
        inner[where[-1]] = value
        is_laid_out = name.endswith(".about.json")
        (folder / name).write_bytes(json.dumps(body, ensure_ascii=False).encode() if is_laid_out else canonical(body))

    return forge


def add_a_reading(folder: Path) -> None:
    """A list from elsewhere in a pack that has none, with a word beside it."""
    (folder / "raw/witness-1").write_bytes(b"list")
    one = {
        "path": "raw/witness-1",
        "bytes": 4,
        "sha256": sha256(b"list"),
        "reading": {"name": "a", "conclusion": WORDS},
    }
    (folder / "witnesses.json").write_bytes(canonical([one]))
    say("manifest.json", "witnesses", value=1)(folder)


@pytest.mark.parametrize(
    ("forge", "match"),
    [
        (say("findings.json", "conclusion"), "findings.json says what no pack says"),
        (say("findings.json", "findings", 0, "conclusion"), "findings.json says what no pack says"),
        (say("certificate.json", "conclusion"), "certificate.json says what no pack says"),
        (say("certificate.json", "periods", 0, "conclusion"), "certificate.json says what no pack says"),
        (say("certificate.json", "sentence", "conclusion"), "certificate.json says what no pack says"),
        (say("pulls.json", 0, "conclusion"), "pulls.json says what no pack says"),
        (say("manifest.json", "conclusion"), "manifest.json says what no pack says"),
        (say("manifest.json", "parser", "conclusion"), "manifest.json says what no pack says"),
        (say("manifest.json", "clocks", value=WORDS), "manifest.json says what no pack says"),
        (say("manifest.json", "settles", value=[[WORDS, 86400]]), "manifest.json says what no pack says"),
        (say("manifest.json", "names", value=[[WORDS, {}]]), "manifest.json says what no pack says"),
        (add_a_reading, "witnesses.json says what no pack says"),
        (say("tables/usage.about.json", "conclusion"), "usage.about.json says what no pack says"),
        (say("tables/usage.about.json", "version"), "usage.about.json: version is"),
        (say("tables/usage.about.json", "written_at"), "usage.about.json: written_at is"),
        (say("tables/usage.about.json", "bytes", value=1), "usage.about.json: bytes is"),
        (say("tables/usage.about.json", "bytes", value=WORDS), "usage.about.json: bytes is"),
        (say("manifest.json", "package_version"), "is no version"),
        (say("manifest.json", "package_version", value="1.0 no fraud"), "is no version"),
        (say("pulls.json", 0, "package_version"), "is no version"),
        (say("pulls.json", 0, "package_version", value=None), "is no version"),
    ],
)  # fmt: skip
def test_a_pack_has_no_room_for_words(folder: Path, forge: Callable[[Path], None], match: str) -> None:
    forge(folder)
    mend(folder)
    both_refuse(folder, match)


def test_an_entry_of_the_manifest_has_no_room_for_words(folder: Path) -> None:
    mend(folder)
    body = json.loads((folder / "manifest.json").read_bytes())
    del body["sha256"]
    body["files"][0]["conclusion"] = WORDS
    (folder / "manifest.json").write_bytes(canonical({**body, "sha256": sha256(canonical(body))}))
    both_refuse(folder, "manifest.json says what no pack says")


@pytest.mark.parametrize("instant", ["2999-01-01T00:00:00+00:00", "no fraud"])
def test_a_pack_is_of_the_instant_of_its_newest_pull(folder: Path, instant: str) -> None:
    say("manifest.json", "as_of", value=instant)(folder)
    for path in folder.rglob("*.about.json"):
        say(str(path.relative_to(folder)), "written_at", value=instant)(folder)
    mend(folder)
    both_refuse(folder, "as_of is not" if instant[0] == "2" else "isoformat")


@pytest.mark.slow
def test_a_key_may_be_written_in_groups(made: dict[str, Path], tmp_path: Path) -> None:
    text = made["key.pub"].read_text().strip().upper()
    grouped = tmp_path / "grouped.pub"
    grouped.write_text(" ".join(text[at : at + 8] for at in range(0, 64, 8)) + "\n")
    assert run_verifier(str(made["bare.zip"]), "--public-key", str(grouped)).returncode == 0
    assert any("as asked for" in line for line in audit.verify_pack(made["bare.zip"], public_key=grouped))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"pulls": 0}, "positive whole number"),
        ({"pulls": -1}, "positive whole number"),
        ({"pulls": True}, "positive whole number"),
        ({"pulls": "2"}, "positive whole number"),
        ({"pulls": None}, "positive whole number"),
        ({"pulls": 1.0}, "positive whole number"),
        ({"pulls": ...}, "it has no 'pulls'"),
        ({"chain": ...}, "it has no 'chain'"),
        ({"masked_chain": ...}, "it has no 'masked_chain'"),
        ({"asked_at": ...}, "it has no 'asked_at'"),
        ({"asked_at": "yesterday"}, "yesterday"),
        ({"chain": "00ff"}, "no SHA-256"),
        ({"masked_chain": 7}, "is no head"),
        ({"format": "ytxdata-head/9"}, "its format is not"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["raw.zip", "bare.zip"])
def test_a_line_that_is_no_head_is_refused(
    made: dict[str, Path], tmp_path: Path, name: str, change: dict[str, Any], match: str
) -> None:
    first, last = made["heads.jsonl"].read_text("utf-8").splitlines()
    wrong = {key: value for key, value in {**json.loads(last), **change}.items() if value is not ...}
    given = tmp_path / "heads.jsonl"
    given.write_text(f"{first}\n{json.dumps(wrong)}\n", "utf-8")
    done = run_verifier(str(made[name]), "--heads", str(given))
    assert done.returncode == 2
    assert "line 2 is no head" in done.stderr
    assert match in done.stderr
    with pytest.raises(UsageError, match=match):
        audit.verify_pack(made[name], heads=given)


@pytest.mark.slow
def test_a_wrong_file_of_heads_is_a_wrong_call(made: dict[str, Path], story: Any, tmp_path: Path) -> None:
    head = json.loads(made["heads.jsonl"].read_text("utf-8").splitlines()[-1])
    (tmp_path / "heads.jsonl").write_text(json.dumps({**head, "pulls": -1}), "utf-8")
    for place in (made["raw.zip"], story.archive.path):
        assert main(["verify", str(place), "--heads", str(tmp_path / "heads.jsonl")]) == 2


@pytest.mark.parametrize("at", [6, 8, 14, 18, 22], ids=["flags", "method", "CRC", "packed size", "size"])
def test_the_head_of_a_file_says_what_the_list_does(made: dict[str, Path], tmp_path: Path, at: int) -> None:
    """A program that reads a ZIP from the front believes the head alone, and would see another content."""
    with zipfile.ZipFile(made["bare.zip"]) as whole:
        start = whole.getinfo("findings.json").header_offset
    data = bytearray(made["bare.zip"].read_bytes())
    data[start + at] ^= 2
    (tmp_path / "other.zip").write_bytes(data)
    both_refuse(tmp_path / "other.zip", "in the head of")
