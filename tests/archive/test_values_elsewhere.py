"""What a column hides is hidden wherever its values stand: in the ledger, among problems, in raw text, in findings."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ytxdata.archive import Archive
from ytxdata.cli import main

NAMES = ("zhangwei", "zhaoliu", "liu.qiang", "sunqi77", "tang88")
EXTENSIONS = ("8802", "8813", "8804", "8814", "8001", "8004", "8812")


@pytest.fixture
def changed(archive: Archive, platform: Any) -> Archive:
    """An archive with names and short numbers where telephone numbers belong, which change."""

    def party(phone: Any, **more: Any) -> dict[str, Any]:
        return {"name": "甲", "phone": phone, **more}

    before = platform.record(1) | {
        "creator": "zhangwei",
        "parties": [*map(party, ("15412345678", "010-65527788-8802", "01065527788,8804", "zhaoliu88", "8001", "liu.qiang@corp.cn"))],
    }  # fmt: skip
    reject = platform.record(2) | {
        "caller": "tang88",
        "parties": [party("sunqi77", ext="8812"), party("x", extNo=8812)],
    }
    del reject["meid"]
    platform.records = [reject, before]
    archive.sync(platform)
    after = [
        *map(party, ("15412345678", "010-65527788-8813", "01065527788,8814", "zhaoliu89", "8004", "liu.qiang2@corp.cn"))
    ]
    platform.records = [reject, before | {"creator": "zhangwei2", "caller": "zhangwei3", "parties": after}]
    archive.sync(platform)
    return archive


def _written(folder: Path) -> dict[str, str]:
    """Return the text of every file that was written, by its name."""
    texts: dict[str, str] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        if path.suffix == ".parquet":
            texts[path.name] = json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as whole:
                texts |= {
                    f"{path.name}!{name}": whole.read(name).decode("utf-8", "replace") for name in whole.namelist()
                }
        else:
            texts[path.name] = path.read_text("utf-8-sig")
    return texts


def test_no_exit_tells_elsewhere_what_its_column_hides(changed: Archive, tmp_path: Path) -> None:
    out, at = tmp_path / "out", ["--archive", str(changed.path)]
    for call in (
        ["report", *at, "--out", str(out / "report"), "--format", "csv,excel,parquet"],
        ["audit", *at, "--out", str(out / "audit")],
        ["pack", str(out / "pack.zip"), *at],
        ["export", str(out / "export"), *at, "--format", "csv"],
        ["sql", "select * from changes", *at, "--out", str(out / "changes.csv")],
        ["sql", "select raw_value from problems", *at, "--out", str(out / "problems.csv")],
        ["sql", "select new from changes", *at, "--out", str(out / "new.csv")],
    ):
        with pytest.raises(SystemExit) as ended:
            main(call)
        assert not ended.value.code, call
    for name, text in _written(out).items():
        if not name.endswith("verify.py"):
            assert not [one for one in NAMES if one in text], name
            cells = text.replace("\\", "").replace('""', '"').replace(",", '"').replace(" ", '"').replace("-", '"')
            assert not [one for one in EXTENSIONS if f'"{one}"' in cells], name
    shown = changed.sql("select raw_value from problems", masked=False).arrow["raw_value"].to_pylist()
    assert {"zhaoliu89", "caller=zhangwei3"} <= set(shown), "whoever asks for it still sees it"


def test_a_known_key_in_front_of_a_hidden_value_stays(changed: Archive) -> None:
    told = changed.sql("select raw_value from problems where reason = 'other_value'").arrow["raw_value"].to_pylist()
    assert told == ["caller=****"]
