"""Reports fit to be handed on: nothing about fewer people than the minimum, in whatever file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pytest

import ytxdata as ytx
from tests.cli.verbs import run
from tests.pages.conftest import FLAT, counted, hidden_rows
from ytxdata.archive import Archive
from ytxdata.errors import UsageError
from ytxdata.metrics.registry import REPORTS, Ask
from ytxdata.pages.collection import Collection, collect
from ytxdata.pages.earlier_report import keys_of
from ytxdata.pages.html_report import page
from ytxdata.pages.report_files import write_files
from ytxdata.pages.small_groups import without_small_groups
from ytxdata.tables.address_book import AddressBook, Entry
from ytxdata.tables.masking import Privacy
from ytxdata.tables.suppression import ROW_NAMES, blanked, fewest

pytestmark = pytest.mark.usefixtures("drawn_once", "made_once")

PERSONAL = tuple(name for name, report in REPORTS.items() if report.is_personal)


@pytest.fixture(scope="module")
def by_day(archive: Archive, middle: datetime) -> Collection:
    """With all that is left out of it."""
    return collect(archive, Ask(start=middle, by="day"))


@pytest.fixture(scope="module")
def by_department(archive: Archive, office: AddressBook) -> Collection:
    return counted(archive, Ask(by="month", group="department", book=office))


@pytest.mark.slow
def test_rows_of_few_people_keep_their_name_and_lose_their_figures(by_day: Collection) -> None:
    counts = by_day.reports["usage"].frame.set_index("period")["people"]
    minimum = int(counts.median())
    small = set(counts[counts < minimum].index)
    assert small
    done = without_small_groups(by_day, minimum)
    hidden = {
        name: hidden_rows(report) for name, report in done.reports.items() if "period" in report.arrow.column_names
    }
    assert len({frozenset(rows) for rows in hidden.values()}) == 1, "what is hidden in one table is shown in no other"
    for name, rows in hidden.items():
        assert small <= {key[0] for key in rows} < set(counts.index), name
        assert any(f"fewer than {minimum} people" in note.en for note in done.reports[name].notes), name
    assert any("no head count" in note.en for note in done.reports["sizes"].notes)


@pytest.mark.slow
def test_tables_of_single_persons_and_meetings_are_left_out(by_day: Collection) -> None:
    done = without_small_groups(by_day, 2)
    assert done.records == {}
    # the stretches of a peak have a row for each: how many rows of a small group are blank is how often it met
    assert not {*PERSONAL, "creators", "compare_definitions", "peak_stretches"} & set(done.tables)
    assert "coverage" in done.tables
    units = {one.definition(key).unit for one in done.reports.values() for key in one.arrow.column_names}
    assert not units & {"phone", "person"}


@pytest.mark.slow
def test_what_is_left_out_need_not_be_made(by_day: Collection, archive: Archive, middle: datetime) -> None:
    made, unmade = (without_small_groups(one, 5) for one in (by_day, counted(archive, Ask(start=middle, by="day"))))
    assert unmade.figures == made.figures
    assert unmade.notes == made.notes
    assert list(unmade.tables) == list(made.tables)
    for name, table in made.tables.items():
        assert unmade.tables[name].arrow.equals(table.arrow), name
        assert unmade.tables[name].notes == table.notes, name
        # what is masked in a text is known by the numbers and names of all tables that leave together
        assert (unmade.tables[name].ends, unmade.tables[name].persons) == (table.ends, table.persons), name


@pytest.mark.slow
def test_groups_of_single_persons_are_refused_and_departments_name_nobody(
    archive: Archive, middle: datetime, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="single persons"):
        without_small_groups(counted(archive, Ask(start=middle, by="total", group="creator", group_of="creator")), 2)
    with pytest.raises(UsageError, match="single persons"):
        without_small_groups(counted(archive, Ask(start=middle, by="total", group="name")), 2)
    numbers = archive.meetings()["creator"].dropna().unique()
    book = tmp_path / "book.csv"
    book.write_text(
        "number,name,department\n" + "".join(f"{one},员工{at},部门{at % 3}\n" for at, one in enumerate(numbers)),
        "utf-8",
    )
    privacy = Privacy(book=AddressBook.read(book))
    asked = Ask(start=middle, by="total", group="department", book=privacy.book)
    done = without_small_groups(collect(archive, asked), 5, privacy=privacy)
    files = write_files(done, tmp_path / "out", ("csv", "html"), privacy=privacy)
    assert "usage" in files
    assert not {"creators", "compare_definitions"} & set(files)
    assert not [path.name for path in (tmp_path / "out").rglob("*.*") if "员工" in path.read_text("utf-8-sig")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "group_of"),  # another name of a column is the column, whosever it is; nobody's groups are of nobody
    [
        (None, "creator"), ("department", "creator"), ("department", "leg"), ("部门", "leg"),
        ("number_class", "creator"), ("number_class", "leg"),
    ],
)  # fmt: skip
def test_a_department_of_few_is_small_however_many_it_meets(
    group: str | None, group_of: Literal["creator", "leg"], archive: Archive, office: AddressBook
) -> None:
    asked = Ask(by="month", group=group, group_of=group_of, book=office, tariff=FLAT)
    whole = counted(archive, asked)
    board = whole.reports["chargeback"].arrow.to_pylist()
    of_departments = group != "number_class"
    assert any(row["group"] == "board" and row["legs"] for row in board) == of_departments, "they met"
    done = without_small_groups(whole, 5)
    keys = {
        tuple(name for name in ("period", "group") if name in one.arrow.column_names) for one in done.reports.values()
    }
    assert len(keys - {(), ("group",)}) == 1, "tables with other rows are more totals"
    assert ("chargeback" in done.reports) == (group is not None), "departments beside a usage of all are left out"
    for name, report in done.reports.items():
        for row in report.arrow.to_pylist() if "group" in report.arrow.column_names else ():
            if row["group"] in ("board", "few"):
                named = {key: one for key, one in row.items() if key not in ROW_NAMES}
                figures = [one for one in named.values() if one is not None and not isinstance(one, str | bool)]
                assert not figures, (name, row)


@pytest.mark.slow
def test_a_small_department_is_not_to_be_chosen_either(archive: Archive, office: AddressBook) -> None:
    with pytest.raises(UsageError, match="fewer than 5 numbers of board"):
        without_small_groups(counted(archive, Ask(only={"department": ("board",)}, book=office)), 5)
    chosen = counted(archive, Ask(only={"department": ("dep0", "dep1")}, book=office))
    assert without_small_groups(chosen, 2).reports["usage"].arrow.num_rows


def test_predecessors_are_no_colleagues() -> None:
    lines = [
        Entry("a", "board", last=date(2025, 12, 31)),
        Entry("b", "board", first=date(2026, 1, 1)),
        Entry("c", "board"),
    ]
    assert fewest(lines, date(2025, 1, 1), date(2026, 6, 1)) == 2
    assert fewest(lines, None, None) == 2
    # before it came there was no department, which says nothing about its size
    assert fewest(lines[1:2], date(2025, 1, 1), date(2026, 6, 1)) == 1
    assert fewest(lines[:1], date(2026, 1, 1), date(2026, 6, 1)) == 0
    assert fewest([*lines, Entry("d", "board", last=date.max)], date(2026, 1, 1), None) == 3


WHOLE = ("heatmap", "sizes", "durations")
"""Reports by group that know no periods."""


@pytest.mark.slow
def test_a_group_is_shown_in_total_where_all_its_periods_are(by_department: Collection) -> None:
    done = without_small_groups(by_department, 5)
    hidden = {key[1] for key in hidden_rows(done.reports["usage"])}
    shown = set(by_department.reports["usage"].arrow["group"].to_pylist()) - hidden
    assert {"board", "few"} <= hidden
    assert shown, "departments of some size are published"
    for name in WHOLE:
        before, after = (one.reports[name].arrow.to_pandas() for one in (by_department, done))
        schema = by_department.reports[name].arrow.schema
        keys = [one.name for one in schema if one.name in ROW_NAMES or pa.types.is_string(one.type)]
        assert not after[keys].isna().any(axis=None), name
        assert sorted(map(tuple, after[keys].values)) == sorted(map(tuple, before[keys].values)), name
        figures = [column for column in before if column not in keys]
        assert after[after["group"].isin(hidden)][figures].isna().all(axis=None), name
        pd.testing.assert_frame_equal(
            after[after["group"].isin(shown)].reset_index(drop=True),
            before[before["group"].isin(shown)].reset_index(drop=True),
            check_dtype=False,
        )


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize(
    ("minimum", "group", "by"),  # not all with all: each writes every report
    [
        (2, "department", "month"), (5, "department", "total"), (12, "department", "month"),
        (2, "number_class", "total"), (5, "number_class", "month"), (12, "size_class", "total"),
    ],
)  # fmt: skip
def test_groups_and_a_minimum_go_together_in_every_file(
    by: str, group: str, minimum: int, archive: Archive, office: AddressBook, tmp_path: Path
) -> None:
    book = tmp_path / "book.csv"
    lines = [(number, entry.cell("department")) for number, entries in office.lines.items() for entry in entries]
    book.write_text("number,department\n" + "".join(f"{number},{named}\n" for number, named in lines), "utf-8")
    arguments = ["report", "--archive", str(archive.path), "--group", group, "--book", str(book), "--by", by]
    drawn = minimum == 5 or group == "size_class"  # each group once
    formats = "all" if drawn else "csv,excel"
    assert run(*arguments, "--min-group", minimum, "--format", formats, "--out", tmp_path) == 0
    for name in WHOLE:
        frame = ytx.read_csv(tmp_path / f"{name}.csv")
        assert not frame[[one for one in frame if one in ("group", *ROW_NAMES)]].isna().any(axis=None)
    if drawn:
        assert (tmp_path / "report.html").read_text("utf-8").count("<svg") >= 5


@pytest.mark.slow
@pytest.mark.parametrize("condition", ["creator", "number", "meeting_id", "name"])
def test_the_meetings_of_one_person_are_not_published_by_head_count(condition: str, by_day: Collection) -> None:
    """However many they met: it is refused for what was asked, whatever was found."""
    selected = replace(by_day, ask=replace(by_day.ask, only={condition: ("whatever it is",)}))
    with pytest.raises(UsageError, match=f"selected by {condition} is one person or meeting"):
        without_small_groups(selected, 2)


@pytest.mark.slow
def test_one_meeting_that_was_selected_is_not_published_by_head_count(archive: Archive) -> None:
    meetings = archive.meetings()
    many = meetings[meetings["n_people"] > 3]  # of one to which a single person came, nothing is told anyhow
    with pytest.raises(UsageError, match="one person or meeting"):
        without_small_groups(counted(archive, Ask(only={"meeting_id": (str(many["meeting_id"].iloc[0]),)})), 2)


@pytest.mark.slow
def test_the_weekdays_of_a_heat_map_are_no_way_to_the_days(
    archive: Archive, middle: datetime, by_day: Collection
) -> None:
    week: dict[str, Any] = {"start": middle, "end": middle + pd.Timedelta(7, "D")}
    pages: dict[bool, Collection] = {}
    for collected, is_told in (
        (by_day, False),
        (counted(archive, Ask(**week, by="week")), False),
        (counted(archive, Ask(by="week")), True),
        (counted(archive, Ask(**week, by="total")), True),
    ):
        done = without_small_groups(collected, 2)
        assert ("heatmap" in done.reports) == is_told, collected.ask
        pages[is_told] = done
    assert all("<html" in page(done) for done in pages.values()), "with a heat map and without"


@pytest.mark.slow
def test_a_period_of_too_few_people_cannot_be_published(by_day: Collection, nothing: Collection) -> None:
    with pytest.raises(UsageError, match="fewer than 100000 people"):
        without_small_groups(by_day, 100_000)
    assert without_small_groups(nothing, 5).reports["usage"].arrow.num_rows == 0


@pytest.mark.slow
def test_the_page_says_so_and_draws_what_is_left(by_day: Collection) -> None:
    minimum = int(by_day.reports["usage"].frame["people"].median())
    text = page(without_small_groups(by_day, minimum), lang="both")
    assert f"about fewer than {minimum} people are hidden" in text
    assert f"少于 {minimum} 人的行已隐去数字" in text
    assert text.count("<svg") >= 8


@pytest.mark.slow
def test_the_option_reaches_every_file(archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("report", "--archive", str(archive.path), "--out", str(tmp_path), "--by", "week", "--min-group", "50")
    assert run(*arguments, "--format", "all", "--json") == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert not {"legs", "meetings", "compare_definitions", *PERSONAL} & set(files)
    people = ytx.read_csv(files["usage"])["people"]
    assert people.isna().any()
    assert (people.dropna() >= 50).all()
    about = json.loads(Path(files["usage"]).with_suffix(".about.json").read_text("utf-8"))
    assert any("少于 50 人" in note["zh"] for note in about["notes"])
    assert run(*arguments, "--notebook") == 2


@pytest.mark.slow
def test_tables_of_an_earlier_run_do_not_go_along(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["chargeback.csv", "legs.csv", "people.xlsx", "report.html"]
    for name in names:
        (tmp_path / name).touch()
    assert (
        run("--lang", "en", "report", "--archive", str(archive.path), "--out", str(tmp_path), "--min-group", "5") == 2
    )
    told = capsys.readouterr().err
    assert "holds files of an earlier report" in told
    assert [name for name in names if name not in told] == []
    assert sorted(path.name for path in tmp_path.glob("*.[chx]*")) == names


@pytest.mark.slow
def test_what_a_report_in_total_hid_is_not_shown_month_by_month(
    archive: Archive, by_department: Collection, tmp_path: Path
) -> None:
    in_total = counted(archive, replace(by_department.ask, by="total"))
    first = without_small_groups(in_total, 5)
    hidden = {key[1] for key in hidden_rows(first.reports["usage"])}
    assert {"board", "few"} <= hidden
    assert hidden < {key[1] for key in keys_of(first.reports["usage"])}
    write_files(first, tmp_path, ("csv",))
    with pytest.raises(UsageError, match="in other rows"):
        without_small_groups(by_department, 2, previous=tmp_path)
    again = without_small_groups(in_total, 2, previous=tmp_path)
    assert hidden_rows(again.reports["usage"]) == hidden_rows(first.reports["usage"])
    with pytest.raises(UsageError, match="with the same groups"):  # others hold the same people
        without_small_groups(counted(archive, Ask(by="total", group="number_class")), 2, previous=tmp_path)


@pytest.mark.slow
def test_one_week_alone_is_a_week(archive: Archive, middle: datetime, tmp_path: Path) -> None:
    monday = middle - pd.Timedelta(middle.weekday(), "D")
    week: dict[str, Any] = {"start": monday, "end": monday + pd.Timedelta(7, "D")}
    one = counted(archive, Ask(**week, by="week"))
    usage = one.reports["usage"]
    gone = replace(usage, frame=blanked(usage, pa.chunked_array([[True] * usage.arrow.num_rows]), 5).frame)
    write_files(replace(one, records={}, reports={"usage": gone}), tmp_path, ("csv",))
    with pytest.raises(UsageError, match="in other rows"):
        without_small_groups(counted(archive, Ask(**week, by="day")), 2, previous=tmp_path)


@pytest.mark.slow
def test_what_an_earlier_report_hid_stays_hidden(
    archive: Archive, middle: datetime, by_day: Collection, tmp_path: Path
) -> None:
    first = counted(archive, Ask(start=middle, by="week"))
    counts = first.reports["usage"].frame["people"]
    minimum = int(counts.median())
    sent = without_small_groups(first, minimum)
    write_files(sent, tmp_path, ("csv",))
    again = without_small_groups(first, 2, previous=tmp_path)
    for name in again.reports.keys() & sent.reports.keys():  # a report may have been left out whole
        assert hidden_rows(sent.reports[name]) <= hidden_rows(again.reports[name]), name
    assert hidden_rows(again.reports["usage"]) == hidden_rows(sent.reports["usage"])
    with pytest.raises(UsageError, match="in other rows"):
        without_small_groups(by_day, 2, previous=tmp_path)
    with pytest.raises(UsageError, match="no earlier report"):
        without_small_groups(first, 2, previous=tmp_path / "none")


@pytest.mark.parametrize(
    "prices", [{"mobile": "0.12", "default": "0.10"}, {"mobile": "0.12", "fixed": "0.12"}, {"international": "1", "default": "0"}, {}]
)  # fmt: skip
def test_a_tariff_by_class_of_number_is_refused_where_few_may_not_be_told(
    prices: dict[str, str], archive: Archive
) -> None:
    """With two prices, minutes and cost of a total are two equations; what has no price is missing in one of them."""
    with pytest.raises(UsageError, match="must not differ by class of number"):
        without_small_groups(counted(archive, Ask(by="month", tariff=replace(FLAT, prices=prices))), 5)
