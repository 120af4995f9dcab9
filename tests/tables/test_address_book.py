"""A book as offices keep it: days as spreadsheets write them, hire dates, headers under notes; and who is told what of it is not used."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cli.verbs import run
from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.history.client import Client
from ytxdata.labels import Text
from ytxdata.phones import normalize
from ytxdata.tables.address_book import AddressBook, Entry
from ytxdata.tables.described import Definition
from ytxdata.tables.table import Table


def book(tmp_path: Path, *lines: str) -> AddressBook:
    path = tmp_path / "book.csv"
    path.write_text("\n".join(lines), encoding="gb18030")
    return AddressBook.read(path)


def held(told: AddressBook) -> list[tuple[date | None, date | None]]:
    return [(one.first, one.last) for entries in told.lines.values() for one in entries]


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-31",
        "2025/03/31",
        "2025/3/31",
        "2025-3-31",
        "2025.3.31",
        "2025年3月31日",
        "2025/3/31 0:00:00",
        "20250331",
    ],
)
def test_a_day_may_be_written_as_spreadsheets_write_it(tmp_path: Path, text: str) -> None:
    told = book(tmp_path, "手机号,姓名,部门,from,to", f"13900000000,安娜,市场部,{text},{text}")
    assert held(told) == [(date(2025, 3, 31), date(2025, 3, 31))]
    assert not told.notes


@pytest.mark.parametrize("text", ["至今", "在职", "-", "Present"])
def test_an_end_that_is_yet_to_come_may_be_a_word(tmp_path: Path, text: str) -> None:
    told = book(tmp_path, "手机号,姓名,部门,from,to", f"13900000000,安娜,市场部,2025-1-1,{text}")
    assert held(told) == [(date(2025, 1, 1), None)]


@pytest.mark.parametrize(
    ("lines", "numbers"),
    [
        ("Name,Organization 1 - Department,Phone 1 - Value|A,S,13900000000", "13900000000"),
        ("Name,Department,Phone 1 - Value|A,S,010-65520000 ::: 13900000000", "01065520000 13900000000"),
        ("Name,Department,Phone 1 - Value,Phone 2 - Value|A,S,010-65520000,13900000000", "01065520000 13900000000"),
        ("Name,Department,Phone 1 - Value,Phone 2 - Value|A,S,13900000000,010-65520000", "13900000000"),
        ("Name,Department,Business Phone,Mobile Phone|A,S,010-65520000,", "01065520000"),
        ("Name,Department,Business Phone,Mobile Phone|A,S,010-65520000,13900000000", "13900000000"),
        ("姓名,部门,手机,办公电话|A,S,13900000000,13900000000", "13900000000"),
        ("姓名,部门,手机,联系人手机|A,S,13900000000,13900000001", "13900000000"),
    ],
)
def test_further_numbers_of_a_person_are_theirs_and_a_switchboard_beside_a_mobile_is_nobodys(
    tmp_path: Path, lines: str, numbers: str
) -> None:
    told = book(tmp_path, *lines.split("|"))
    assert {*told.lines} == {*map(normalize, numbers.split())}
    assert {entry.department for entry in told.entries.values()} == {"S"}
    assert not told.notes


USUAL = (
    "First Name,Company,Department,Job Title,Business Phone,Mobile Phone|安娜,X,市场部,,,13900000000",
    "First Name,Organization Department,Phone 1 - Label,Phone 1 - Value|安娜,市场部,Mobile,13900000000",
    "Employee ID,Full Name,Department,Mobile Number|100234,安娜,市场部,13900000000",
    "Name,Dept.,Cell|安娜,市场部,13900000000",
    "Display Name,Department Name,Phone Number|安娜,市场部,13900000000",
    "姓名,所在部门,移动电话|安娜,市场部,13900000000",
    "姓名,部门名称,联系方式|安娜,市场部,13900000000",
)


@pytest.mark.parametrize("text", USUAL)
def test_books_of_usual_programs_are_read(tmp_path: Path, text: str) -> None:
    told = book(tmp_path, *text.split("|"))
    entry = told.find("13900000000")
    assert entry
    assert (entry.department, told.notes) == ("市场部", ())


def test_a_column_of_mobile_numbers_without_a_usual_name_is_taken_and_said(tmp_path: Path) -> None:
    told = book(tmp_path, "姓名,部门,工号,通讯号", "安娜,市场部,100234,139 0000 0000", "乙,市场部,100235,")
    assert told.find("13900000000")
    assert "no column of numbers by a usual name; 通讯号 is used" in told.notes[0].en
    # two of them, or a list without a header: nobody knows
    for lines in (
        ("姓名,部门,甲,乙", "安娜,市场部,13900000000,13900000001"),
        ("安娜,市场部,13900000000", "乙,市场部,13900000001"),
    ):
        with pytest.raises(UsageError, match="has no column phone"):
            book(tmp_path, *lines)


@pytest.mark.parametrize(
    "cell", ["13900000000/010-65520000", "13900000000、01065520000", "+86-13900000000;010-65520000"]
)
def test_several_numbers_of_one_cell_are_one_persons(tmp_path: Path, cell: str) -> None:
    told = book(tmp_path, "手机,姓名,部门", f"{cell},安娜,市场部")
    assert [entry and entry.name for entry in map(told.find, ("13900000000", "010-65520000"))] == ["安娜", "安娜"]
    assert not told.notes


@pytest.mark.parametrize("cell", ["13900000000/张三", "=A1/13900000000"])
def test_what_stands_beside_a_number_and_is_none_is_named(tmp_path: Path, cell: str) -> None:
    told = book(tmp_path, "手机,姓名,部门", f"{cell},安娜,市场部", "13900000001,乙,市场部")
    assert [one.line for one in told.skipped] == [2]


def test_what_is_no_date_is_named_as_it_stands_there(tmp_path: Path) -> None:
    told = book(
        tmp_path, "手机号,姓名,部门,from", "13900000000,安娜,市场部,31.12.2019 或更早", "13900000001,乙,市场部,"
    )
    assert [(one.line, one.why.zh) for one in told.skipped] == [(2, "日期不可用：31.12.2019 或更早")]


def test_a_line_holds_by_a_hire_date_and_says_so(tmp_path: Path) -> None:
    told = book(
        tmp_path,
        "手机号,姓名,部门,入职日期,离职日期",
        "13900000000,安娜,市场部,2019/7/1,",
        "13900000001,乙,市场部,待定,2024/2/9",
    )
    assert held(told) == [(date(2019, 7, 1), None), (None, date(2024, 2, 9))]
    [note] = told.notes
    assert "按“入职日期”限定：此日之前的会议不算此人" in note.zh
    assert "按“离职日期”限定：此日之后的会议不算此人" in note.zh
    assert "has 1 lines whose 入职日期 is no date (line 3, for one: 待定)" in note.en


def test_days_of_its_own_count_before_a_hire_date(tmp_path: Path) -> None:
    lines = ("13900000000,安娜,市场部,2019/7/1,,2020/12/31", "13900000000,安娜,研发部,2019/7/1,2021/1/1,")
    told = book(tmp_path, "手机号,姓名,部门,入职日期,from,to", *lines)
    assert held(told) == [(date(2019, 7, 1), date(2020, 12, 31)), (date(2021, 1, 1), None)]
    assert [one.line for one in told.skipped] == [0]


def test_a_note_may_stand_above_the_header(tmp_path: Path) -> None:
    told = book(tmp_path, "员工花名册,,", "制表：人事部,,2026-10-01", "手机号,姓名,部门", "13900000000,安娜,市场部")
    assert told.find("13900000000") == Entry("安娜", "市场部", 4)
    assert "第 1, 2 行" in told.notes[0].zh


def test_a_header_below_other_lines_is_pointed_at(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names its columns in line 3") as caught:
        book(tmp_path, "甲,乙,丙", "1,2,3", "手机号,姓名,部门", "13900000000,安娜,市场部")
    assert "delete the lines above" in str(caught.value)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    kept = Archive(tmp_path_factory.mktemp("book") / "m.archive")
    with Emulator(meetings=20, seed=3) as server:
        kept.sync(Client(base_url=server.url, **server.credentials))
    return kept


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [
        ("sql", "select count(*) from book", "--archive", "{archive}"),
        ("explain", "--archive", "{archive}", "--group", "department", "--by", "total"),
        ("report", "--archive", "{archive}", "--group", "department", "--out", "{out}", "--format", "csv"),
        ("fleet", "report", "{fleet}", "--group", "department", "--report", "usage", "--out", "{out}"),
    ],
    ids=["sql", "explain", "report", "fleet"],
)
def test_every_verb_tells_what_of_a_book_it_does_not_use(
    verb: tuple[str, ...], archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = archive.meetings()["creator"].dropna()[0]
    fleet, path = tmp_path / "fleet.toml", tmp_path / "book.csv"
    fleet.write_text(f'[accounts.north]\narchive = "{archive.path}"\n')
    path.write_text(
        f"number,name,department,from\n{known},甲,市场部,\n15400000001,乙,市场部,some day\n", encoding="utf-8"
    )
    said = [one.format(archive=archive.path, out=tmp_path / "out", fleet=fleet) for one in verb]
    assert run("--lang", "en", *said, "--book", str(path)) == 0
    assert capsys.readouterr().err.count("1 lines not used: line 3: no date: some day") == 1


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["Marketing,2026-01-01,2026-03-31", "Research,2026-03-31,"],
         [("Marketing", "2026-01-01", "2026-03-31"), ("Research", "2026-04-01", None)]),
        (["Research,2026-04-01,", "Marketing,,"], [("Marketing", None, "2026-03-31"), ("Research", "2026-04-01", None)]),
        (["Research,2026-04-01,2026-04-30", "Marketing,,"],
         [("Marketing", None, "2026-03-31"), ("Research", "2026-04-01", "2026-04-30"), ("Marketing", "2026-05-01", None)]),
        (["Marketing,,", "Research,2026-04-01,"], [("Marketing", None, None)]),
    ],
)  # fmt: skip
def test_a_number_that_stands_twice_is_of_the_first_line_on_the_days_of_both_alone(
    tmp_path: Path, lines: list[str], days: list[tuple[str, str | None, str | None]]
) -> None:
    path = tmp_path / "book.csv"
    path.write_text("number,department,from,to\n" + "".join(f"13900000001,{one}\n" for one in lines), encoding="utf-8")
    book = AddressBook.read(path)
    [entries] = book.lines.values()
    told = [(one.department, *(day and day.isoformat() for day in (one.first, one.last))) for one in entries]
    assert told == days
    [note] = book.notes
    said = "line 3 for one, which holds" if len(days) > 1 else "line 3: it has the same number as line 2, which is used"
    assert said in note.en


CHANGED = (
    "number,name,department,from,to",
    "13900000001,Anna,Marketing,2026-01-01,2026-03-31",
    "13900000001,Bob,Research,2026-04-01,",
    "13900000002,Bob,Sales,,",
)
OF_APRIL = datetime(2026, 3, 31, 16, tzinfo=UTC), datetime(2026, 4, 30, 16, tzinfo=UTC)


def table(period: tuple[datetime, datetime] | None = None, **columns: Any) -> Table:
    number = Definition(key="number", zh="号码", en="number", unit="phone")
    frame = pd.DataFrame({"number": "13900000001", **columns})
    return Table(frame=frame, name="t", title=Text("表", "table"), definitions=(number,), period=period)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (
            table(started_at=pd.to_datetime(["2026-03-31 15:59:59", "2026-03-31 16:00:00", "NaT"], utc=True)),
            "Anna Bob Bob",
        ),
        (table(OF_APRIL, joined_at=pd.to_datetime(["NaT", "2026-03-05 01:00:00"], utc=True)), "Bob Anna"),
        (table(observed_at=pd.to_datetime(["2026-03-31"], utc=True)), "Bob"),
    ],
)
def test_a_row_names_whoever_had_the_number_then(tmp_path: Path, rows: Table, names: str) -> None:
    told = rows.masked(book=book(tmp_path, *CHANGED)).arrow
    assert " ".join(one.split()[0] for one in told["number"].to_pylist()) == names
    groups = {"Anna": "Marketing", "Bob": "Research"}
    assert told["number_department"].to_pylist() == [groups[one] for one in names.split()]


@pytest.mark.parametrize(
    ("periods", "names"),
    [
        (["2026-02", "2026-03", "2026-04"], "Anna Anna Bob"),
        (["2026-03-31", "2026-04-01"], "Anna Bob"),
        (["2026-03-23", "2026-03-30"], "Anna Bob"),
        (["total"], "Bob"),
    ],
)
def test_a_row_about_a_period_names_the_last_who_had_the_number_in_it(
    tmp_path: Path, periods: list[str], names: str
) -> None:
    rows = replace(table(at=[0]), frame=pd.DataFrame({"period": periods, "number": "13900000001"}))
    told = rows.masked(book=book(tmp_path, *CHANGED)).arrow["number"].to_pylist()
    assert " ".join(one.split()[0] for one in told) == names


def test_who_had_a_number_before_it_was_theirs_is_not_named(tmp_path: Path) -> None:
    rows = table(started_at=pd.to_datetime(["2025-12-31", "2026-01-01"], utc=True))
    told = rows.masked(book=book(tmp_path, *CHANGED)).arrow
    assert told["number"].to_pylist() == ["139****0001", "Anna"]
    assert told["number_department"].to_pylist() == [None, "Marketing"]
