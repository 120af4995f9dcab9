"""A masked pack has no room for a sentence of its maker's that passes for one of the package's."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.audit.forger import main, mend
from tests.audit.office import Story
from ytxdata import audit
from ytxdata.audit.verifier import canonical

WORDS = {"zh": "本月账单与记录逐笔核对无误。", "en": "Every line of the bill agrees; signed by the auditors."}


def beside(table: str, put: Callable[[Any], object]) -> Callable[[Path], None]:
    def forge(folder: Path) -> None:
        about = folder / f"{table}.about.json"
        body = json.loads(about.read_bytes())
        put(body)
        about.write_text(json.dumps(body, ensure_ascii=False, indent=2), "utf-8")

    return forge


def parameter(folder: Path) -> None:
    body = json.loads((folder / "findings.json").read_bytes())
    next(iter(body["parameters"].values()))["opinion"] = WORDS["en"]
    (folder / "findings.json").write_bytes(canonical(body))


FORGED: dict[str, Callable[[Path], None]] = {
    "notes of meetings": beside("tables/meetings", lambda one: one["notes"].append(WORDS)),
    "notes of usage": beside("tables/usage", lambda one: one["notes"].append(WORDS)),
    "notes of findings": beside("findings", lambda one: one["notes"].append(WORDS)),
    "words behind an instant": beside("findings", lambda one: one["notes"][0].update(en=one["notes"][0]["en"] + ". Signed")),
    "title": beside("tables/usage", lambda one: one.update(title=WORDS)),
    "excluded": beside("tables/meetings", lambda one: one["excluded"].append({"reason": "x", "count": 0, **WORDS})),
    "name of a column": beside("tables/usage", lambda one: one["columns"][0].update(WORDS)),
    **{
        key: beside("tables/legs", lambda one, key=key: one["columns"][0].update({key: WORDS["en"]}))  # type: ignore[misc]  # its own key
        for key in ("unit", "type", "origin", "formula")
    },
    "encoding": beside("tables/legs", lambda one: one.update(encoding=WORDS["en"])),
    "parameters": parameter,
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_words_of_the_maker_are_open_and_told_as_such(
    made: dict[str, Path], tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(made["bare.zip"]) as whole:
        whole.extractall(folder := tmp_path / "pack")
    (folder / "signature.json").unlink()
    FORGED[name](folder)
    mend(folder)
    assert main(["--lang", "en", "verify", str(folder)]) == 1
    told = capsys.readouterr().out
    assert "the words of whoever made the pack" in told
    assert "signed" in told.lower() or name == "excluded"


@pytest.mark.slow
def test_an_honest_pack_has_no_words_but_ours(story: Story, tmp_path: Path) -> None:
    pack = audit.pack(story.archive, tmp_path / "honest.zip")
    assert not any("OPEN" in line for line in audit.verify_pack(pack.path))


def test_what_a_given_bill_told_is_its_givers(made: dict[str, Path]) -> None:
    told = [line for line in audit.verify_pack(made["bare.zip"]) if line.startswith("OPEN")]
    assert told
    own = ("notes: the bill and the records agree on ", "notes: rule of the ")
    assert all(any(one in line for one in own) for line in told)
    assert any(own[0] in line for line in told)


def test_numbers_in_the_settings_of_a_rule_are_masked_where_those_of_tables_are(story: Story, tmp_path: Path) -> None:
    """The begin of a number shows no more than its mask: nine digits beside `139****5601` are the number."""
    told = ["+8613912345601", "+8675588886666", "+86139123456", "13912345601", "+8690", "+852"]
    findings = story.audit(remember=False, config={"risky_number": {"prefixes": told}})
    made = {}
    for raw in (False, True):
        pack = audit.pack(story.archive, tmp_path / f"{raw}.zip", findings=findings, include_raw=raw)
        with zipfile.ZipFile(pack.path) as file:
            made[raw] = json.loads(file.read("findings.json"))["parameters"]["risky_number"]["prefixes"]
        assert audit.verify_pack(pack.path)
    assert made[False] == ["+86139****", "+86755****", "+86139****", "139****5601", "+8690", "+852"]
    assert made[True] == told
