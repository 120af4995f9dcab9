"""Only some meetings: every report counts what the oracle counts of them alone, keeps the certificate and says what was selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pytest

from tests.metrics import oracle
from tests.metrics.offices import ENGINES, difficult, polars_frames, rows
from tests.metrics.oracle import Meeting, Office
from tests.metrics.test_completeness import CERTIFICATE, frames
from ytxdata import metrics
from ytxdata.errors import SpokenWarning, UsageError
from ytxdata.metrics import Frames
from ytxdata.metrics.groups import resolve
from ytxdata.selection import selected
from ytxdata.tables.address_book import AddressBook

BOOK = AddressBook.read(pd.DataFrame({"phone": ["13900000000", "13900000002"], "department": ["市场部", "研发部"]}))


def part(office: Office, keep: Callable[[Meeting], bool]) -> Office:
    kept = [meeting for meeting in office.meetings if keep(meeting)]
    homes = {id(meeting) for meeting in kept}
    return Office(kept, [leg for leg in office.legs if id(oracle.belongs_to(leg, office)) in homes])


def joined(number: str) -> Callable[[Meeting], bool]:
    office = difficult()
    ids = {leg.meeting_id for leg in office.legs if leg.number == number and leg.join is not None}
    return lambda meeting: meeting.meeting_id in ids


def long_enough(least: int) -> Callable[[Meeting], bool]:
    known = {(f.meeting.meeting_id, f.meeting.start): f.seconds for f in oracle.within(difficult(), min_parties=0)}
    return lambda meeting: (known.get((meeting.meeting_id, meeting.start)) or -1) >= least


CONDITIONS: dict[str, tuple[dict[str, Any], Callable[[Meeting], bool]]] = {
    "creator": ({"creator": "139 0000 0001"}, lambda m: m.creator == "+8613900000001"),
    "creators": ({"creator": ["13900000001", "+8613900000002"]}, lambda m: m.creator in ("+8613900000001", "+8613900000002")),
    "department": ({"department": "市场部", "book": BOOK}, lambda m: m.creator == "+8613900000000"),
    "no department": ({"department": ["not in the book", "研发部"], "book": BOOK}, lambda m: m.creator != "+8613900000000"),
    "id": ({"meeting_id": ["midnight", "running"]}, lambda m: m.meeting_id in ("midnight", "running")),
    "number": ({"number": "010-6552-0000"}, joined("+861065520000")),
    "class": ({"number_class": "mobile"}, lambda m: m.creator is not None),
    "no class": ({"number_class": ["unknown"]}, lambda m: m.creator is None),
    "long": ({"min_minutes": 10}, long_enough(600)),
    "both": ({"creator": "13900000000", "min_minutes": 1}, lambda m: m.creator == "+8613900000000" and long_enough(60)(m)),
    "nothing": ({"creator": "13700000000"}, lambda m: False),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "name"),
    [
        *(("polars", name) for name in CONDITIONS),
        # by whom it was convened, by legs, and by what is counted of it
        *((engine, name) for engine in ("pandas", "duckdb") for name in ("no department", "number", "both")),
    ],
)
def test_a_selection_is_counted_as_if_it_were_all(engine: str, name: str) -> None:
    asked, keep = CONDITIONS[name]
    selection = ENGINES[engine](difficult()).only(**asked)
    office = part(difficult(), keep)
    if name == "number":  # twins share an id: legs tell which of the two it was
        office = part(difficult(), lambda m: keep(m) and m.meeting_id != "twins")
        selection = selection.only(meeting_id=[m.meeting_id for m in office.meetings] or ["none"])
    source = resolve(selection)  # facts are shared, as `ytxdata report` shares them
    assert rows(metrics.usage(source, by="day")) == oracle.usage(office, "day")
    assert rows(metrics.concurrency(source, by="day", lines=1, p=75)) == oracle.concurrency(
        office, "day", None, None, 1, 75
    )


@pytest.mark.slow
def test_names_are_selected_by_a_rule() -> None:
    given = ENGINES["pandas"](difficult())
    named = given.meetings.assign(name=[f"周会 {n}" if n % 2 else None for n in range(len(given.meetings))])
    report = metrics.usage(Frames(named, given.legs).only(name="^周会 [13]$"), by="total", min_parties=0)
    assert rows(report)[0]["meetings"] == 2
    with pytest.raises(UsageError, match="regular expression"):
        metrics.usage(given.only(name="("))


@pytest.mark.slow
def test_a_selection_keeps_the_certificate_and_says_what_it_is() -> None:
    report = metrics.usage(frames().only(creator="13900000000", min_minutes=5))
    assert report.certificate == CERTIFICATE
    assert report.notes[0].en == "only these meetings: creator: 139****0000; at least so many minutes: 5"
    assert "13900000000" not in str(report.notes)
    assert report.explain(0)["used"].all()
    narrower = resolve(frames().only(creator="13900000000").only(min_minutes=5))
    assert len(narrower.notes) == 2
    assert rows(metrics.compare(metrics.usage, narrower, "2026-04"))[0]["now"] == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"creator": []}, "creator"),
        ({"department": "市场部"}, "address book"),
        ({"min_minutes": "5"}, "min_minutes"),
    ],
)
def test_conditions_that_are_none_are_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        polars_frames(difficult()).only(**asked)


def test_what_nothing_can_be_selected_by_is_named_with_what_can() -> None:
    source = ENGINES["pandas"](difficult())
    for asked in ({"x": 1}, {"x": None}, {"creator": 13.5j}):
        with pytest.raises(UsageError, match=next(iter(asked))) as raised:
            source.only(**asked)
        assert "creator, department, name" in str(raised.value)


def test_a_condition_that_is_misspelt_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError, match="nothing can be selected by creater = 139, 138; did you mean creator"):
        selected(None, {"creater": ["139", "138"]})


STAFF = AddressBook.read(
    pd.DataFrame(
        [("13900000000", "覃彤强", ""), ("13900000001", "王芳", ""), ("13900000002", "王芳", ""),
         ("13900000003/13900000004", "李娜", ""), ("13900000005", "赵敏", "2026-04-01"), ("13900000005", "钱进", "")],
        columns=["number", "name", "from"],
    )
)  # fmt: skip


@pytest.mark.parametrize("condition", ["creator", "number"])
def test_a_name_that_one_person_of_the_book_has_stands_for_the_number(condition: str) -> None:
    source = polars_frames(difficult())
    asked: list[dict[str, Any]] = [{condition: one, "book": STAFF} for one in ("覃彤强", "13900000000")]
    named, told = (resolve(source.only(**one)) for one in asked)
    assert rows(metrics.usage(named, by="day")) == rows(metrics.usage(told, by="day")) != []
    assert named.notes == told.notes
    assert "覃" not in str(named.notes)


@pytest.mark.parametrize("name", ["王芳", "赵敏"])
def test_a_name_of_several_and_one_whose_number_was_anothers_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        resolve(polars_frames(difficult()).only(creator=name, book=STAFF))


def test_two_numbers_on_one_line_are_one_person() -> None:
    assert STAFF.numbers_of("李娜") == ["+8613900000003", "+8613900000004"]
    assert STAFF.numbers_of("无名") == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"creator": "无名", "book": STAFF}, "give a number"),
        ({"number": "覃彤强"}, "give a number"),
        ({"department": "Sales", "book": BOOK}, "there are 市场部, 研发部, not in the book"),
        ({"department": "研发", "book": BOOK}, "there are 研发部, 市场部"),
    ],
)
def test_what_can_select_nothing_is_told_with_what_can(asked: dict[str, Any], said: str) -> None:
    with pytest.warns(SpokenWarning, match="selects no meeting") as told:
        source = resolve(polars_frames(difficult()).only(**asked))
    assert said in str(told[0].message)
    assert "139" not in str(told[0].message)
    assert rows(metrics.usage(source, by="total")) == []


MOVED = AddressBook.read(
    pd.DataFrame({"phone": ["13900000000"] * 2, "department": ["市场部", "研发部"], "from": ["", "2026-04-01"], "to": ["2026-03-31", ""]})
)  # fmt: skip


def across_midnight() -> Frames:
    """One who moves to another department at midnight, within a meeting; the first has no end."""
    days = [("0", "2026-03-31 09:00", None), ("1", "2026-03-31 23:30", "2026-04-01 00:30"), ("2", "2026-04-02 09:00", "2026-04-02 10:00")]  # fmt: skip
    meetings = pd.DataFrame(days, columns=["meeting_id", "started_at", "ended_at"]).assign(creator="+8613900000000")
    for edge in ("started_at", "ended_at"):
        meetings[edge] = pd.to_datetime(meetings[edge])
    legs = meetings.rename(columns={"started_at": "joined_at", "ended_at": "left_at"}).drop(columns="creator")
    both = [legs.assign(number=number, leg=n) for n, number in enumerate(("+8613900000000", "+8613900000001"))]
    listed = pd.concat(both, ignore_index=True)
    return Frames(pl.from_pandas(meetings), pl.from_pandas(listed), certificate=CERTIFICATE)


@pytest.mark.slow
@pytest.mark.parametrize("day_of", ["starts", "ends"])
@pytest.mark.parametrize("group_of", ["creator", "leg"])
def test_a_department_is_that_of_the_day_that_a_report_goes_by(day_of: Any, group_of: Any) -> None:
    source, by = across_midnight(), {"day_of": day_of, "by": "total", "group": "department", "book": MOVED}
    whole = rows(metrics.usage(source, group_of=group_of, **by))
    moved = [row for row in whole if row["group"] != "not in the book"]
    assert {row["group"]: row["legs"] for row in moved if row["legs"]} == (
        {"市场部": 4, "研发部": 2} if (day_of, group_of) == ("starts", "creator") else
        {"市场部": 2, "研发部": 1} if day_of == "starts" else
        {"研发部": 4} if group_of == "creator" else {"研发部": 2}
    )  # fmt: skip
    for row in moved:
        assert (row["peak_legs"] or 0) > 0 or not row["leg_minutes"], row
    if group_of == "creator":
        for row in whole:
            alone = rows(metrics.usage(source.only(department=row["group"], book=MOVED), **by))
            assert [(one["group"], one["meetings"]) for one in alone] == [(row["group"], row["meetings"])]
            april: dict[str, Any] = {"start": "2026-04-01", "end": "2026-05-01"}
            of_april = {one["group"]: one["meetings"] for one in rows(metrics.usage(source, **april, **by))}
            only = source.only(department=row["group"], book=MOVED)
            found = rows(metrics.compare(metrics.usage, only, "2026-04", group=None, day_of=day_of))
            assert {one["figure"]: one["now"] for one in found}["meetings"] == of_april.get(row["group"], 0)
