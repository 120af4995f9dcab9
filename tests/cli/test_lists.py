"""What the verbs print of lists that people hand in: no number of anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

import ytxdata as ytx
from tests.cli.verbs import run

NUMBER = "13812345678"
PERIOD = ("--from", "2026-03", "--to", "2026-04")


@pytest.mark.by_chance(7)
@pytest.mark.parametrize(
    "first", [f"{NUMBER},2026-01-05 09:00:00,张三,60", "010-65527788转8021,张三,销售部", "8001,张三,甲"]
)
@pytest.mark.parametrize(
    "verb",
    [
        ("witness", "{list}", *PERIOD),
        ("witness", "{list}", *PERIOD, "--json"),
        ("audit", "--invoice", "{list}"),
        ("audit", "--roster", "{list}"),
        ("report", "--book", "{list}", "--group", "department", "--out", "{out}"),
        ("sql", "select 1", "--book", "{list}"),
        ("pack", "{out}", "--roster", "{list}"),
    ],
)
def test_a_list_without_a_header_is_refused_without_its_first_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...], first: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{first}\n{first.replace('三', '四')}\n", "utf-8")
    words = [one.format(list=path, out=tmp_path / "out.zip") for one in verb]
    assert run("--lang", "en", *words, "--archive", str(ytx.sample("archive").path)) == 2
    told = capsys.readouterr()
    said = told.out + told.err
    assert not any(one in said for one in (NUMBER, "65527788", "8021", "8001", "张三"))
    assert f"its first line holds {first.count(',') + 1} values and no names of columns" in said


@pytest.mark.slow
def test_numbers_in_the_words_of_a_book_and_a_bill_are_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, bill = tmp_path / "book.csv", tmp_path / "bill.csv"
    book.write_text(f"number,department\n13900000000,{NUMBER}部\n13900000000,李 {NUMBER} 组\n", "utf-8")
    bill.write_text(f"会议ID,开始时间,时长,费用\nm1,2026-03-05 10:00,60,{NUMBER} 未付\n", "utf-8")
    sample = ("--archive", str(ytx.sample("archive").path))
    shared = ("--book", str(book), *sample)
    assert run("--lang", "en", "sql", "select 1", *shared) == 0
    asked = ("report", *PERIOD, "--group", "department", "--invoice", str(bill), "--out", str(tmp_path / "o"))
    assert run("--lang", "en", *asked, *shared) == 2
    said = capsys.readouterr().err
    assert said.count("138****5678部") == 2
    assert "no amount: 138****5678 未付" in said
    assert NUMBER not in said
