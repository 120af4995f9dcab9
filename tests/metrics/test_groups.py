"""Groups: each is what the oracle counts when it sees the meetings (or legs) of that group alone, on every engine; together they are the total."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.metrics import oracle
from tests.metrics.offices import ENGINES, difficult, rows
from tests.metrics.offices import tables as offices_tables
from tests.metrics.oracle import Leg, Office
from tests.metrics.test_oracle import TARIFF
from ytxdata import metrics, sample
from ytxdata.errors import UsageError
from ytxdata.metrics import Frames
from ytxdata.metrics.groups import NOT_IN_BOOK, resolve
from ytxdata.tables.address_book import AddressBook

BOOK_LINES = """手机号,姓名,部门,from,to,floor
13900000000,安娜,市场部,,2026-03-31,3
13900000000,安娜,研发部,2026/4/1,,5
139 0000 0001,波波,研发部,,,5
01065520000,前台,行政部,2026-03-31,2026-03-31,1
13799999999,没人,财务部,,,
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> AddressBook:
    path = tmp_path_factory.mktemp("book") / "book.csv"
    path.write_text(BOOK_LINES.replace("2026/4/1", "2026/04/01"), encoding="utf-8-sig")
    return AddressBook.read(path)


def department(number: str | None, at: int) -> str:
    """The same book, read by hand."""
    day = oracle.wall(at).date()
    if number == "+8613900000000":
        return "市场部" if day <= date(2026, 3, 31) else "研发部"
    if number == "+8613900000001":
        return "研发部"
    if number == "+861065520000" and day == date(2026, 3, 31):
        return "行政部"
    return NOT_IN_BOOK


def split(report: metrics.Report) -> dict[str, list[dict[str, Any]]]:
    """Group → its rows without the name of it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows(report):
        found.setdefault(row.pop("group"), []).append(row)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_all_kinds_of_groups_add_up(engine: str, book: AddressBook) -> None:
    frames = resolve(ENGINES[engine](difficult()))
    whole = rows(metrics.usage(frames, by="total"))[0]["meetings"]
    for group, few in (
        ("creator", {"+8613900000000", "unknown"}),
        ("number_class", {"mobile", "unknown"}),
        ("size_class", {"1", "2", "> 50"}),
        ("name", {"unknown"}),
        ("floor", {"3", "5", NOT_IN_BOOK}),
        ("person", {"安娜", "波波"}),
    ):
        found = {
            row["group"]: row["meetings"] for row in rows(metrics.usage(frames, by="total", group=group, book=book))
        }
        assert set(found) >= few, group
        assert sum(found.values()) == whole, group


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_departments_add_up_in_minutes_and_money(engine: str, book: AddressBook) -> None:
    """As the book is read from a file; what each of them has is counted in `test_groups_oracle`."""
    frames = resolve(ENGINES[engine](difficult()))
    asked: dict[str, Any] = {"by": "total", "group": "department", "book": book}
    (whole,) = rows(metrics.usage(frames, by="total"))
    each = rows(metrics.usage(frames, **asked))
    assert {row["group"] for row in each} == {"市场部", "研发部", NOT_IN_BOOK}
    for column in ("meetings", "legs", "withheld"):
        assert sum(row[column] or 0 for row in each) == whole[column], column
    for column in ("meeting_minutes", "talk_minutes", "lonely_minutes", "leg_minutes"):
        assert sum(round((row[column] or 0) * 60) for row in each) == round(whole[column] * 60), column
    (due,) = rows(metrics.cost(frames, TARIFF, by="total"))
    for of in ("creator", "leg"):
        found = rows(metrics.cost(frames, TARIFF, group_of=of, **asked))
        assert sum((row["cost"] for row in found), Decimal(0)) == due["cost"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_names_are_sorted_into_series_by_a_rule(engine: str) -> None:
    frames = ENGINES[engine](difficult())
    names = ["周会 3 月", "周会 4 月", None, "Sales weekly"]
    given: Any = frames.meetings.df() if engine == "duckdb" else frames.meetings
    table = given.to_pandas() if engine == "polars" else given
    named = table.assign(name=pd.array([names[n % 4] for n in range(len(table))], dtype="string"))
    legs = frames.legs.df() if engine == "duckdb" else frames.legs.to_pandas() if engine == "polars" else frames.legs
    found = rows(
        metrics.usage(
            Frames(named, legs), by="total", group={"^周会": "weekly", "(?i)WEEKLY": "weekly", "x{9}": "never"}
        )
    )
    assert {row["group"] for row in found} == {"weekly", "unknown"}
    assert {row["group"] for row in rows(metrics.sizes(Frames(named, legs), group={"4 月": "April"}))} == {
        "April",
        "other names",
        "unknown",
    }


@pytest.mark.slow
def test_what_is_matched_is_said_and_nothing_matched_is_a_warning(book: AddressBook) -> None:
    frames = ENGINES["polars"](difficult())
    report = metrics.usage(frames, group="department", book=book)
    assert any("matched 2 of 3 numbers" in note.en for note in report.notes)
    assert any("that of its creator" in note.en for note in report.notes)
    stranger = AddressBook.read(pd.DataFrame({"phone": ["13700000000"], "department": ["x"]}))
    with pytest.warns(UserWarning, match="knows none of the numbers"):
        report = metrics.usage(frames, group="department", book=stranger)
    assert any(note.en.startswith("warning: matched 0 of 3") for note in report.notes)


@pytest.mark.parametrize(
    ("columns", "group", "lacks", "meant"),
    [
        (("departement",), "department", "department", "departement"),
        (("部門",), "部门", "department", None),
        (("departement", "nam"), "person", "name", "nam"),
        ((), "department", "department", None),
    ],
)
def test_a_book_without_the_column_of_the_groups_is_refused(
    columns: tuple[str, ...], group: str, lacks: str, meant: str | None
) -> None:
    """Everybody stood under `not in the book`, and a note said that all numbers matched."""
    book = AddressBook.read(pd.DataFrame({"phone": ["13900000000"], **{one: ["x"] for one in columns}}))
    with pytest.raises(UsageError) as told:
        metrics.usage(ENGINES["polars"](difficult()), group=group, book=book)
    assert f"the address book has no column {lacks}; its header is" in told.value.cause.en
    assert all(one in told.value.cause.en for one in columns)
    assert told.value.remedy is not None
    assert ("did you mean" in told.value.remedy.en) == (meant is not None)
    assert meant is None or f"did you mean {meant}?" in told.value.remedy.en
    with pytest.raises(UsageError, match="no column"):
        metrics.chargeback(ENGINES["polars"](difficult()), book=book, invoice=1, by="total", group=group)


def test_a_number_without_a_value_in_the_column_is_not_matched() -> None:
    frames = ENGINES["polars"](difficult())
    known = {"phone": ["13900000000", "13900000001"], "department": ["x", ""], "floor": ["", ""]}
    book = AddressBook.read(pd.DataFrame(known))
    said = " ".join(note.en for note in metrics.usage(frames, group="department", book=book).notes)
    assert "matched 1 of 3 numbers with the book (1 more stand in it without a department)" in said
    with pytest.warns(UserWarning, match="the book has a floor of none of the numbers"):
        metrics.usage(frames, group="floor", book=book)


@pytest.mark.slow
def test_a_group_leads_to_its_records_and_its_phones_are_masked(book: AddressBook) -> None:
    report = metrics.usage(ENGINES["pandas"](difficult()), by="total", group="department", book=book)
    for position, row in enumerate(rows(report)):
        used = report.explain(position)
        assert used.loc[used["used"], "meeting_id"].nunique() <= row["meetings"] + 1  # twins share an id
        assert len(report.explain(position, "peak_legs")) >= (row["peak_legs"] or 0)
    by_creator = metrics.usage(ENGINES["pandas"](difficult()), by="total", group="creator")
    assert "139****0000" in str(by_creator.masked().arrow["group"].to_pylist())
    assert "13900000000" not in str(by_creator.masked().arrow["group"].to_pylist())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"group": "department"}, "address book"),
        ({"group": "shoe_size", "book": True}, "floor"),
        ({"group": "size_class", "group_of": "leg"}, "meetings alone"),
        ({"group": "creator", "group_of": "leg"}, "meetings alone"),
        ({"group": "creator", "group_of": "party"}, "creator or leg"),
        ({"group": {"(": "x"}}, "regular expression"),
        ({"group": "creator", "definitions": "zoom"}, "definitions"),
    ],
)
def test_groups_that_cannot_be_are_refused(asked: dict[str, Any], said: str, book: AddressBook) -> None:
    given = {**asked, **({"book": book} if "book" in asked else {})}
    with pytest.raises(UsageError, match=said):
        metrics.usage(ENGINES["polars"](difficult()), **given)
    meeting = metrics.Tariff(per="meeting", prices={"default": 1})
    with pytest.raises(UsageError, match="cost of a leg"):
        metrics.cost(ENGINES["polars"](difficult()), meeting, group="number_class", group_of="leg")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("13900000000,安娜,市场部,2026-02-30,,3", "no date"),
        ("13900000000,安娜,市场部,2026-04-02,2026-04-01,3", "ends before it begins"),
        ("13900000000,安娜,市场部,2026-03-30,2026-03-31,3", "the same number as line 2"),
    ],
)
def test_lines_with_days_that_cannot_be_are_skipped(line: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(
        f"{BOOK_LINES.splitlines()[0]}\n{BOOK_LINES.splitlines()[1]}\n{line}\n", encoding="utf-8"
    )
    book = AddressBook.read(tmp_path / "b.csv")
    assert [(one.line, said in one.why.en) for one in book.skipped] == [(3, True)]
    assert book.columns == ("name", "department", "floor")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_the_class_of_a_creator_is_that_of_the_number_however_it_is_written(engine: str) -> None:
    written = {
        "mobile": ("13900000000", "8613900000000", "0086 139 0000 0000", "+8613900000000"),
        "fixed": ("01065520000", "010-65520000"), "international": ("+12025550100",),
        "service": ("400-810-8888",), "short": ("95588",), "unknown": ("anna", None),
    }  # fmt: skip
    every = [one for each in written.values() for one in each]
    meetings = [oracle.Meeting(f"m{n}", one, n * 86_400, n * 86_400 + 60, 1) for n, one in enumerate(every)]
    frames = ENGINES[engine](Office(meetings, [Leg(m.meeting_id, 1, None, m.start, m.end) for m in meetings]))
    found = rows(metrics.usage(frames, by="total", group="number_class"))
    assert {row["group"]: row["meetings"] for row in found} == {kind: len(each) for kind, each in written.items()}
    for kind, each in written.items():
        alone = rows(metrics.durations(frames.only(number_class=kind)))
        assert sum(row["meetings"] for row in alone) == len(each), kind


@pytest.mark.slow
def test_the_sample_knows_the_class_of_its_creators() -> None:
    for source in (sample(), sample("archive")):
        found = metrics.durations(source, group="number_class").frame
        assert "unknown" not in set(found["group"])
        alone = metrics.durations(source.only(number_class="mobile")).frame
        assert alone["meetings"].sum() == found.set_index("group")["meetings"]["mobile"].sum() > 0


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_the_accounts_own_numbers_are_a_class_of_their_own(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line is a landline by its digits; who is listed under it came in by it, and none of its landlines is dear."""
    own = "+861065520000"
    given = ENGINES[engine](difficult())
    meetings, legs = offices_tables(difficult())
    shown = pa.array(["010 6552 0000", *[None] * (meetings.num_rows - 1)], pa.string())
    monkeypatch.setattr(
        "tests.metrics.offices.tables", lambda _: (meetings.append_column("display_number", shown), legs)
    )
    source = ENGINES[engine](difficult())
    tariff = metrics.Tariff(prices={"access": "1", "default": "0"})
    lines = rows(metrics.cost(source, by="line", tariff=tariff))
    assert {row["number_class"] for row in lines if row["number"] == own} == {"access"}
    assert {row["cost"] > 0 for row in lines if row["billed_minutes"]} == {True, False}
    assert not any(row["cost"] for row in lines if row["number"] != own)
    asked: dict[str, Any] = {"by": "total", "group": "number_class", "group_of": "leg"}
    before, after = ({row["group"] for row in rows(metrics.usage(one, **asked))} for one in (given, source))
    assert after - before == {"access"}


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "meant"), [("部门", "department"), ("所属部门", "department"), ("姓名", "person")])
def test_a_group_may_be_called_as_the_book_calls_its_column(asked: str, meant: str, book: AddressBook) -> None:
    source = resolve(ENGINES["polars"](difficult()))
    found = rows(metrics.usage(source, by="month", group=asked, book=book))
    assert found == rows(metrics.usage(source, by="month", group=meant, book=book))


@pytest.mark.slow
def test_people_by_creator_are_those_of_the_meetings_that_each_convened() -> None:
    by_creator = metrics.people(sample(), group="creator").frame
    assert by_creator["meetings"].sum() == metrics.people(sample()).frame["meetings"].sum()
    assert by_creator["group"].nunique() > 1
    with pytest.raises(UsageError):
        metrics.people(sample(), group="creator", group_of="leg")
