"""Personal data: hidden by default, stable pseudonyms, names from a book, small groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.phones import mask, normalize
from ytxdata.records.schema import LEGS, MEETINGS, REJECTS, arrow_schema
from ytxdata.tables.address_book import AddressBook
from ytxdata.tables.masking import Pseudonyms
from ytxdata.tables.table import Definition, Table, record_table

KEY = b"0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+86 138-1234-5678", "138****5678"),
        ("１３８１２３４５６７８", "138****5678"),
        ("张伟13812345678的会议", "张伟138****5678的会议"),
        ("tel13812345678", "tel138****5678"),
        ("138 1234 5678 / 139.0000.0000", "138****5678 / 139****0000"),
        ("(010)65520000 找前台", "010****0000 找前台"),
        ("010-6552-0000", "010****0000"),
        ("打 +1 (202) 555-0100 谢谢", "打 +12****0100 谢谢"),
        ("008613812345678", "138****5678"),
        ("65520000", "****0000"),
        ("010-65520000,8802", "010****0000,****"),
        ("总机 010-65520000 8802", "总机 010****0000 ****"),
        ("010-65520000 0930, 13812345678,301", "010****0000 0930, 138****5678,301"),
        ('{"phone":"13812345678"}', '{"phone":"138****5678"}'),
        *((part, "****") for part in ("1541659****", "1541659xxxx", "154-1659-****", "***1659****", "1541659＊＊＊＊")),
        ("张伟1541659••••的会议", "张伟****的会议"),
        ("tel1541659XXXX 154****4396", "tel**** 154****4396"),
    ],
)
def test_numbers_in_any_text_are_hidden(text: str, shown: str) -> None:
    assert hide_in_text(text) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("65520000", "****0000"),
        ("165520000", "****"),
        ("03157654321", "031****321"),
        ("+867551234567", "****"),
        ("+86 138-1234-5678", "138****5678"),
        ("+6561234567", "+65****567"),
        ("13812345678转802", "138****5678"),
        ("zhangwei", "****"),
        ("王小明 经理", "****"),
        ("a3812345678", "****"),
        ("138****5678", "138****5678"),
    ],
)
def test_a_cell_of_numbers_never_shows_who_it_is(written: str, shown: str) -> None:
    definition = Definition(key="phone", zh="号码", en="phone", unit="phone")
    table = Table(frame=pa.table({"phone": [written]}), name="x", title=Text("", ""), definitions=(definition,))
    assert table.masked().arrow["phone"].to_pylist() == [shown]


@given(st.from_regex(r"(\+|00|0)?[1-9][0-9]{0,13}", fullmatch=True))
def test_four_digits_are_hidden_at_least(number: str) -> None:
    dialled = (normalize(number) or "").removeprefix("+86")
    assert sum(map(str.isdigit, mask(number).removeprefix("0"))) <= max(0, sum(map(str.isdigit, dialled)) - 4)


def test_extensions_are_hidden_with_their_numbers() -> None:
    empty = arrow_schema(LEGS).empty_table()
    rows = {name: pa.nulls(2, kind) for name, kind in zip(empty.schema.names, empty.schema.types, strict=True)}
    rows |= {"number": pa.array(["+861065520000"] * 2), "extension": pa.array(["802", None])}
    legs = record_table(pa.table(rows), "legs")
    assert legs.masked().arrow["extension"].to_pylist() == ["***", None]
    assert legs.masked().masked().arrow["extension"].to_pylist() == ["***", None]
    assert legs.masked(pseudonyms=Pseudonyms(KEY)).arrow["extension"].to_pylist() == ["***", None]
    assert legs.masked(show_phones=True).arrow["extension"].to_pylist() == ["802", None]


@pytest.mark.parametrize(
    "text",
    [
        "20260131",
        "20260131 周会",
        "202601310930",
        "20260131093000",
        "第 12345 期",
        "Q3 2026",
        "1.2.3",
        "12:30-13:30",
        "2026-01-31 09:30",
        "项目 2026010112",
    ],
)
def test_dates_and_other_figures_stay(text: str) -> None:
    assert hide_in_text(text) == text


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.text(alphabet="周会 abc：（"),
    st.text(alphabet="的会议 xyz，）"),
)
def test_no_mobile_survives_in_any_text(mobile: str, before: str, after: str) -> None:
    assert mobile not in hide_in_text(before + mobile + after)


def test_nothing_that_leaves_shows_a_number(table: Table, tmp_path: Path) -> None:
    out = table.to_csv(tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    out += (tmp_path / "a.about.json").read_text(encoding="utf-8") + table.to_html(lang="both") + repr(table)
    assert '12345678"' not in out
    assert "1381234" not in out
    assert "138-1234" not in out
    assert "138****5678" in out
    assert "13812345678" in table.to_csv(tmp_path / "b.csv", show_phones=True).read_text(encoding="utf-8-sig")
    assert table.frame["creator"][0].as_py() == "13812345678"


def test_masking_twice_changes_nothing_more(table: Table) -> None:
    once = table.masked()
    assert once.masked().arrow.equals(once.arrow)
    named = table.masked(pseudonyms=Pseudonyms(KEY))
    assert named.masked().arrow.equals(named.arrow)


def test_pseudonyms_are_stable_and_keyed(tmp_path: Path) -> None:
    made = Pseudonyms.create(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert Pseudonyms.load(tmp_path / "key").of_phone("13812345678") == made.of_phone("+8613812345678")
    assert made.of_phone("13812345678") != Pseudonyms(KEY).of_phone("13812345678")
    assert made.of_phone("13812345678") != made.of_phone("13812345679")
    assert made.of_phone("x").removeprefix("P-").isalpha()
    assert str(made.key) not in repr(made)
    with pytest.raises(FileExistsError):
        Pseudonyms.create(tmp_path / "key")
    with pytest.raises(UsageError, match="too short"):
        Pseudonyms(b"short")
    with pytest.raises(UsageError, match="cannot be read"):
        Pseudonyms.load(tmp_path / "none")


def test_pseudonyms_replace_numbers_names_and_raw_text() -> None:
    rows = {
        name: pa.nulls(1, kind) for name, kind in zip(arrow_schema(LEGS).names, arrow_schema(LEGS).types, strict=True)
    }
    rows |= {
        "meeting_id": pa.array(["13812345678"]),
        "name": pa.array(["张伟"]),
        "phone": pa.array(["13812345678"]),
        "number": pa.array(["+8613812345678"]),
    }
    legs = record_table(pa.table(rows), "legs").masked(pseudonyms=Pseudonyms(KEY)).arrow.to_pylist()[0]
    assert legs["phone"] == legs["number"]
    assert legs["name"].startswith("N-")
    assert legs["meeting_id"] == "13812345678"  # an id is no telephone number, whatever it looks like
    rejects = arrow_schema(REJECTS).empty_table().to_pydict() | {
        name: ["张伟 13812345678"] for name in ("raw", "detail")
    }
    columns = {
        name: pa.array(values or [None], kind)
        for (name, values), kind in zip(rejects.items(), arrow_schema(REJECTS).types, strict=True)
    }
    table = record_table(pa.table(columns), "rejects")
    assert table.masked(pseudonyms=Pseudonyms(KEY)).arrow.to_pylist()[0]["raw"] is None
    assert table.masked().arrow.to_pylist()[0]["raw"] == "张伟 138****5678"


def test_alias_book_puts_names_and_departments(table: Table, tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_bytes("number,name,department\r\n138 1234 5678,张伟,销售部\r\n".encode("utf-8-sig"))
    rows = table.masked(book=AddressBook.read(path)).arrow
    assert rows["creator"].to_pylist() == ["张伟", "张伟", None]
    assert rows["creator_department"].to_pylist() == ["销售部", "销售部", None]
    assert table.masked(book=AddressBook.read(path), show_phones=True).arrow["creator"][0].as_py() == "张伟 13812345678"
    with pytest.raises(UsageError, match="cannot go together"):
        table.masked(book=AddressBook.read(path), pseudonyms=Pseudonyms(KEY))


def test_namesakes_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text("number,name\n13812345678,张伟\n13912340001,张伟\n", encoding="utf-8")
    book = AddressBook.read(path)
    assert [book.name(phone) for phone in ("13812345678", "+8613912340001", "13700000000")] == [
        "张伟 ****5678",
        "张伟 ****0001",
        None,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name\n张伟\n",
        "number,name\nabc,张伟\n",
    ],
)
def test_a_book_that_cannot_be_used_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "book.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"address book has no (column phone|line that can be used)"):
        AddressBook.read(path)


def test_small_groups_are_suppressed() -> None:
    frame = pa.table({"department": ["a", "b", "c"], "people": [4, 5, None], "minutes": [1.5, 2.5, 3.5]})
    table = Table(frame=frame, name="x", title=Text("", ""))
    done = table.suppressed()
    assert done.arrow.to_pydict() == {
        "department": ["a", "b", "c"],
        "people": [None, 5, None],
        "minutes": [None, 2.5, None],
    }
    assert "2 rows" in done.notes[0].en
    assert table.suppressed(1).arrow["people"].to_pylist() == [4, 5, None]
    with pytest.raises(UsageError, match="no column"):
        table.suppressed(column="heads")


def test_suppressing_nothing_gives_the_table_itself() -> None:
    table = Table(frame=pa.table({"people": [5]}), name="x", title=Text("", ""))
    assert table.suppressed() is table


def test_names_that_are_numbers_and_undeclared_text_are_masked(table: Table) -> None:
    bare = replace(table, definitions=(), frame=pa.table({"anything": ["13812345678"]}))
    assert bare.masked().arrow["anything"][0].as_py() == "138****5678"


@pytest.mark.parametrize(("name", "columns"), [("meetings", MEETINGS), ("legs", LEGS), ("rejects", REJECTS)])
def test_record_tables_declare_every_column(name: str, columns: tuple[object, ...]) -> None:
    table = record_table(arrow_schema(columns).empty_table(), name)  # type: ignore[arg-type]
    assert [definition.key for definition in table.definitions] == table.arrow.column_names
    assert all(isinstance(definition, Definition) for definition in table.definitions)


def test_rows_in_several_pieces_are_all_masked() -> None:
    pieces = pa.chunked_array([["13812345678"], [None, "13912340001"], []], pa.string())
    table = Table(
        frame=pa.table({"phone": pieces}),
        name="x",
        title=Text("", ""),
        definitions=(Definition(key="phone", zh="号码", en="phone", unit="phone"),),
    )
    assert table.masked().arrow["phone"].to_pylist() == ["138****5678", None, "139****0001"]


def test_what_stands_around_a_hidden_number_stays_as_it_was() -> None:
    assert hide_in_text("（回电 １３８１２３４５６７８）　谢谢＋１") == "（回电 138****5678）　谢谢＋１"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://r.example/a.mp3?token=abc&id=7", "https://r.example/a.mp3?token=***&id=7"),
        ("https://r.example/a.mp3?id=7&ACCESS_TOKEN=a.b-c#t=3", "https://r.example/a.mp3?id=7&ACCESS_TOKEN=***#t=3"),
        ("http://r.example/?OSSAccessKeyId=x&Expires=1764123456&Signature=a%2Fb%3D", "http://r.example/?OSSAccessKeyId=***&Expires=***&Signature=***"),
        ("http://r.example/?X-Amz-Signature=ab&X-Amz-Credential=c&sign=1", "http://r.example/?X-Amz-Signature=***&X-Amz-Credential=***&sign=***"),
        ("http://r.example/?a=1&amp;secret=s&password=p&auth=q", "http://r.example/?a=1&amp;secret=***&password=***&auth=***"),
        ("https://user:p@ss@r.example/a.mp3", "https://***@r.example/a.mp3"),
        ("https://r.example/go?to=https%3A%2F%2Fs.example%3Ftoken%3Dabc", "https://r.example/go?to=https%3A%2F%2Fs.example%3Ftoken%3D***"),
        ('{"tapesurl":"https:\\/\\/u:p@r.example\\/a.mp3?token=abc\\u0026key=d"}', '{"tapesurl":"https:\\/\\/***@r.example\\/a.mp3?token=***\\u0026key=***"}'),
        ("https://r.example/a@b.mp3?page=2&room=7", "https://r.example/a@b.mp3?page=2&room=7"),
    ],
)  # fmt: skip
def test_what_opens_the_address_of_a_recording_does_not_leave(written: str, shown: str) -> None:
    rows = {
        name: pa.nulls(1, kind)
        for name, kind in zip(arrow_schema(MEETINGS).names, arrow_schema(MEETINGS).types, strict=True)
    }
    table = record_table(
        pa.table(rows | {"recording_url": pa.array([written]), "name": pa.array([written])}), "meetings"
    )
    for masked in (table.masked(), table.masked().masked()):
        (row,) = masked.arrow.to_pylist()
        assert (row["recording_url"], row["name"]) == (shown, shown)
    assert table.masked(show_phones=True).arrow.to_pylist()[0]["recording_url"] == written


def test_what_a_list_is_called_tells_nobody_behind_a_pseudonym() -> None:
    """A bill is named after whom it was sent to; with the number's pseudonym beside it the name says whose that is."""
    pull = "20260305T100000.000000Z-5f2b9c1e7a3d4e60"
    frame = pa.table({"pulls": [f"{pull} 尹慧伟15433332223.csv", pull, ""]})
    coverage = Table(frame=frame, name="coverage", title=Text("覆盖", "coverage"), secret=KEY)
    (named, alone, none) = coverage.masked(pseudonyms=Pseudonyms(KEY)).arrow["pulls"].to_pylist()
    assert "尹慧伟" not in named
    assert "P-" not in named
    assert named.startswith(alone)
    assert (alone != "", none) == (True, "")
    assert "尹慧伟154****2223.csv" in coverage.masked().arrow["pulls"].to_pylist()[0]


@pytest.mark.parametrize(
    ("column", "reason", "value", "shown"),
    [
        ("creator", "not_a_phone", "zhangwei", "****"),
        ("creator", "other_value", "caller=zhangwei", "caller=****"),
        ("phone", "inexact_number", "1.54e10", "****"),
        ("display_number", "other_value", "srcclid=8001", "srcclid=****"),
        ("phone", "unread_phone", "wechat: 13812345678", "wechat: 138****5678"),
        ("left_at", "unreadable_time", "tomorrow", "tomorrow"),
        ("parties", "not_a_party", '{"memberPhone": "zhangwei", "n": 3}', '{"memberPhone": "****", "n": 3}'),
    ],
)
def test_a_value_is_hidden_as_the_column_it_belongs_to(column: str, reason: str, value: str, shown: str) -> None:
    rows = {"meeting_id": ["1"], "leg": [1], "column": [column], "reason": [reason], "raw_value": [value]}
    problems = record_table(pa.table(rows), "problems")
    assert problems.masked().arrow["raw_value"].to_pylist() == [shown]
    assert problems.masked().masked().arrow["raw_value"].to_pylist() == [shown]
    assert problems.masked(show_phones=True).arrow["raw_value"].to_pylist() == [value]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('{"creator":"zhangwei","name":"周会"}', '{"creator":"****","name":"周会"}'),
        ('{"tel" : 8001, "n":8001}', '{"tel" : ****, "n":8001}'),
        ("{'phone': 'zhangwei'}", "{'phone': '****'}"),
        (r'{"x":"{\"phone\":\"zhangwei\",\"n\":1}"}', r'{"x":"{\"phone\":\"****\",\"n\":1}"}'),
        ('{"phone":["zhangwei","8001"],"ext":"8802"}', '{"phone":[****],"ext":"****"}'),
        ('{"phone":"zhang', '{"phone":"****'),
        ('{"phone":null,"mobile":"","shownumber":"8001"}', '{"phone":null,"mobile":"","shownumber":"****"}'),
        ('{"creatorExt":"6604","callerExtension":6605,"主叫分机":"6606","发起人分机号":"6607","inviter_ext":8,"shortNumber":"7101","inner_no":"7102"}', '{"creatorExt":"****","callerExtension":****,"主叫分机":"****","发起人分机号":"****","inviter_ext":*,"shortNumber":"****","inner_no":"****"}'),
        ('{"fileExt":"mp3","context":"8001","next":"2","shortName":"8"}', '{"fileExt":"mp3","context":"8001","next":"2","shortName":"8"}'),
        ('{"confNumber":"8001","roomno":"12"}', '{"confNumber":"8001","roomno":"12"}'),
        ("周会: 8001 → 8002", "周会: 8001 → 8002"),
        ("改动了参会方（9:00 → 9:05）：legs[3].phone: zhang; wei → 8001; n_legs: 3 → 4", "改动了参会方（9:00 → 9:05）：legs[3].phone: **** → ****; n_legs: 3 → 4"),
    ],
)  # fmt: skip
def test_raw_text_hides_what_stands_under_the_keys_of_numbers(raw: str, shown: str) -> None:
    rows = {column.name: pa.nulls(1, arrow_schema((column,)).types[0]) for column in REJECTS} | {"raw": [raw]}
    rejects = record_table(pa.table(rows), "rejects")
    assert rejects.masked().arrow["raw"].to_pylist() == [shown]
    assert rejects.masked().masked().arrow["raw"].to_pylist() == [shown]
