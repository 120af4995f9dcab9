"""A CSV or a workbook that came by mail, checked against its description: what passes, what is found, what is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ytxdata.errors import DamagedError, UsageError
from ytxdata.exits.export_files import verify_file, verify_folder
from ytxdata.tables.csv import DIALECTS, Dialect
from ytxdata.tables.described import about_path
from ytxdata.tables.table import Table


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_file_as_it_was_written_passes_and_says_what_it_is(table: Table, dialect: Dialect, tmp_path: Path) -> None:
    path = table.to_csv(tmp_path / "usage.csv", dialect=dialect)
    told = json.loads(about_path(path).read_text("utf-8"))
    for one in (path, about_path(path)):
        lines = "\n".join(line.en for line in verify_file(one))
        assert told["sha256"] in lines
        assert "3 rows of 9 columns" in lines
        assert "PROBABLE" in lines
        assert "(Beijing time) by ytxdata" in lines


def test_a_table_in_every_form_is_checked_by_its_own_description(table: Table, tmp_path: Path) -> None:
    files = [
        table.to_csv(tmp_path / "usage.csv"),
        table.to_excel(tmp_path / "usage.xlsx"),
        table.to_parquet(tmp_path / "usage.parquet"),
    ]
    told = [line.en for line in verify_folder(tmp_path)]
    assert sorted(line.split(": as described")[0] for line in told) == sorted(map(str, files))
    files[2].write_bytes(files[2].read_bytes() + b"x")
    with pytest.raises(DamagedError, match=r"usage\.parquet is not as described"):
        verify_file(about_path(files[2]))


def test_a_description_copied_over_another_vouches_for_neither(table: Table, tmp_path: Path) -> None:
    path = table.to_csv(tmp_path / "usage.csv")
    other = replace(table, frame=table.arrow.slice(0, 1), name="legs").to_csv(tmp_path / "legs.csv")
    assert len(verify_folder(tmp_path)) == 2
    about_path(other).write_bytes(about_path(path).read_bytes())
    with pytest.raises(DamagedError, match=r"legs\.csv"):
        verify_folder(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_place_of_a_description_is_not_waited_for(table: Table, tmp_path: Path) -> None:
    beside = about_path(table.to_csv(tmp_path / "usage.csv"))
    beside.unlink()
    os.mkfifo(beside)
    code = "import sys; from ytxdata.exits.export_files import verify_folder; print(verify_folder(sys.argv[1])[0].en)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, timeout=60, check=True)
    assert b"not described, not checked" in done.stdout


def test_files_that_were_renamed_together_pass(table: Table, tmp_path: Path) -> None:
    path = table.to_csv(tmp_path / "usage.csv")
    path.rename(tmp_path / "usage (1).csv")
    about_path(path).rename(tmp_path / "usage (1).about.json")
    assert len(verify_folder(tmp_path)) == 1


def test_a_workbook_passes_until_a_byte_is_changed(table: Table, tmp_path: Path) -> None:
    path = table.to_excel(tmp_path / "usage.xlsx")
    table.to_csv(tmp_path / "usage.csv")  # its description has another name
    assert "usage 3" in "\n".join(line.en for line in verify_file(path))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedError, match="SHA-256 is"):
        verify_file(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw.replace(b"1234.5", b"1234.6"), "SHA-256 is"),
        (lambda raw: raw.replace(b"1234.5", b"many"), r"line 2: minutes: 'many' ≠ number"),
        (lambda raw: raw[: raw.rindex(b'"12345678901234567890123456789"')], "rows: 2, should be 3"),
        (lambda raw: raw.replace(b'"minutes"', b'"hours"'), "header"),
        (lambda raw: raw + b'"one more"\r\n', "line 5: 1 ≠ 9"),
        (lambda raw: raw[:-1] + b"\xff\xfe", "cannot be read"),
        (lambda raw: b"", "header"),
    ],
)
def test_what_was_changed_is_found_and_named(
    change: Callable[[bytes], bytes], said: str, table: Table, tmp_path: Path
) -> None:
    path = table.to_csv(tmp_path / "usage.csv")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DamagedError, match=said) as caught:
        verify_file(path)
    assert "SHA-256" in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_folder_names_all_that_is_wrong_and_what_nobody_speaks_for(table: Table, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        table.to_csv(tmp_path / f"{name}.csv")
    for name in ("stray.csv", "report.html"):
        (tmp_path / name).touch()
    told = [line.en for line in verify_folder(tmp_path)]
    assert len(told) == 5
    assert told[3].endswith("report.html: not described, not checked")
    assert told[4].endswith("stray.csv: not described, not checked")
    for name in ("a", "c"):
        (tmp_path / f"{name}.csv").write_bytes(b"x")
    with pytest.raises(DamagedError, match=r"(?s)a\.csv is not as described.*c\.csv is not as described"):
        verify_folder(tmp_path)


def test_a_description_without_a_checksum_says_so(table: Table, tmp_path: Path) -> None:
    path = table.to_csv(tmp_path / "usage.csv")
    told = json.loads(about_path(path).read_text("utf-8"))
    del told["sha256"], told["completeness"]
    about_path(path).write_text(json.dumps(told), "utf-8")
    assert "has no checksum" in verify_file(path)[0].en


def test_without_a_description_or_a_file_it_is_said_what_is_missing(table: Table, tmp_path: Path) -> None:
    path = table.to_csv(tmp_path / "usage.csv")
    description = about_path(path)
    path.rename(tmp_path / "other.csv")
    with pytest.raises(UsageError, match=r"no description other\.about\.json"):
        verify_file(tmp_path / "other.csv")
    with pytest.raises(UsageError, match="there is no file"):
        verify_file(description)
    path = (tmp_path / "other.csv").rename(path)
    book = '{"file": "usage.csv", "sheets": []}'
    half = '{"file": "usage.csv", "columns": []}'
    odd = '{"file": "usage.csv", "columns": [1], "rows": 3}'
    for text in ("{}", "[]", "nonsense", '{"file": "../a.csv", "columns": []}', book, half, odd):
        description.write_text(text, "utf-8")
        with pytest.raises(DamagedError, match="no sound description"):
            verify_file(description)
