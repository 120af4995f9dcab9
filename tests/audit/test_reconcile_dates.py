"""When a line of an invoice says it was: which meeting of a room it is about, and whether of the period asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

import ytxdata as ytx
from tests.audit.bills import dated, invoice
from tests.audit.office import Finder, Office
from ytxdata import audit
from ytxdata.audit.data import open_data
from ytxdata.audit.pairing import InvoiceLine, Record, by_one_clock, paired
from ytxdata.records.answer import read_answer

WEEKS = [("2026-02-02 14:00", 600), ("2026-02-09 14:00", 1200), ("2026-03-02 14:00", 1800), ("2026-03-09 14:00", 2400)]
"""A room that keeps its id from week to week: when its meetings began, and how long they were [s]."""


def room_states(lines: Sequence[tuple[Any, ...]], **asked: Any) -> dict[str, int]:
    office = Office()
    for start, seconds in WEEKS:
        office.meet("88001", start, seconds)
    columns = ["meeting_id", "duration_s", "started_at"][: len(lines[0])]
    found = audit.reconcile(office.frames, pd.DataFrame(lines, columns=columns), **asked)
    return {state: n for state, n in found.counts.items() if n}


MARCH: dict[str, Any] = {"start": "2026-03", "end": "2026-04"}


@pytest.mark.slow
@pytest.mark.parametrize("is_dated", [True, False])
def test_a_bill_of_one_month_is_held_against_the_meetings_of_that_month(is_dated: bool) -> None:
    lines = [("88001", seconds, start)[: 2 + is_dated] for start, seconds in WEEKS[2:]]
    assert room_states(lines, **MARCH) == {"matched": 2}
    assert room_states(lines[1:], **MARCH) == {"matched": 1, "missing_line": 1}


@pytest.mark.slow
def test_a_date_tells_meetings_of_one_length_apart_and_a_line_without_its_meeting_from_one_billed_twice() -> None:
    moved = [("88001", 600, WEEKS[3][0]), ("88001", 2400, WEEKS[0][0])]
    assert room_states(moved) == {"mismatched": 2, "missing_line": 2}
    days = [("88001", 2400, WEEKS[3][0][:10]), ("88001", 600, "2026/02/02")]
    assert room_states(days) == {"matched": 2, "missing_line": 2}
    late = ("88001", 2400, "2026-03-09 06:00:00")  # in UTC
    assert room_states([late, late]) == {"matched": 1, "billed_twice": 1}
    assert room_states([late, ("88001", 600, "2026-03-23 14:00")]) == {"matched": 1, "missing_record": 1}


@pytest.mark.parametrize("column", ["会议日期", "通话日期", "日期", "date"])
@pytest.mark.parametrize("clock", ["", "14:00"])
def test_days_under_a_name_of_their_own_tell_the_month_of_a_line_also_beside_clocks(column: str, clock: str) -> None:
    office = Office()
    for start, seconds in WEEKS:
        office.meet("88001", start, seconds)

    def states(weeks: Sequence[tuple[str, int]]) -> dict[str, int]:
        told = {"会议编号": "88001", column: [start[:10] for start, _ in weeks], "时长": [one for _, one in weeks]}
        lines = pd.DataFrame(told | ({"开始时间": clock} if clock else {}))
        return {state: n for state, n in audit.reconcile(office.frames, lines, **MARCH).counts.items() if n}

    assert states(WEEKS[2:]) == {"matched": 2}
    of_february = [(start, seconds) for (start, _), (_, seconds) in zip(WEEKS[:2], WEEKS[2:], strict=True)]
    assert "matched" not in states(of_february)


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", ["%Y-%m-%d", "%Y年%m月%d日", "%Y%m%d", "%Y/%m/%d 0:00", "%Y年%m月%d日 %H:%M", "%Y%m%d%H%M%S"]
)
def test_a_bill_may_write_its_dates_as_records_do(form: str) -> None:
    dates = [datetime.fromisoformat(start).strftime(form) for start, _ in WEEKS]
    assert room_states([("88001", 2400, dates[3]), ("88001", 600, dates[0])]) == {"matched": 2, "missing_line": 2}
    assert room_states([("88001", 600, dates[3]), ("88001", 2400, dates[0])]) == {"mismatched": 2, "missing_line": 2}


def test_a_start_that_is_no_date_costs_no_line_and_is_told() -> None:
    assert room_states([("88001", 600, "周一"), ("88001", 2400, "")]) == {"matched": 2, "missing_line": 2}
    read = audit.Invoice.read(pd.DataFrame({"meid": ["1", "2"], "started_at": ["周一", "2026-03-09"]}))
    assert len(read.bills) == 2
    note, *_ = read.notes
    assert "1 lines is no date or time" in note.en
    assert "第 1 行" in note.zh


@pytest.mark.slow
def test_lines_about_meetings_outside_the_period_are_told() -> None:
    lines = [("88001", seconds, start) for start, seconds in WEEKS]
    assert room_states(lines, **MARCH) == {"matched": 2, "outside_period": 2}
    office = Office()
    for start, seconds in WEEKS:
        office.meet(start, start, seconds, amount="1.00")
    bill = invoice(*((start, seconds, "1.00") for start, seconds in WEEKS))
    found = audit.reconcile(office.frames, bill, **MARCH)
    assert found.totals == (Decimal(2), Decimal(2))
    assert [note.en for note in found.notes if "outside" in note.en] == [
        "2 lines of the invoice, 2 yuan, are about meetings outside the period and were not compared"
    ]


MONTHS = {"f": "2026-02-01", "m": "2026-03-01"}
"""The first meeting of each month is at ten, the next half a day later: fifty of ten minutes, 1.20 yuan each."""


def clock(key: str, *, hours: float = 0) -> datetime:
    """When a meeting begins, by its key: `m3` is the fourth of March."""
    first = datetime.fromisoformat(f"{MONTHS[key[0]]} 10:00")
    return first + timedelta(hours=12 * int(key[1:]) + hours)


def months() -> Office:
    office = Office()
    for key in (f"{month}{n}" for month in MONTHS for n in range(50)):
        office.meet(key, f"{clock(key):%Y-%m-%d %H:%M:%S}", 600, amount="1.20")
    return office


def honest(*, hours: float = 0) -> list[tuple[str, datetime | str]]:
    return [(f"m{n}", clock(f"m{n}", hours=hours)) for n in range(50)]


def counted(bill: pd.DataFrame, **asked: Any) -> dict[str, int]:
    return {state: n for state, n in audit.reconcile(months().frames, bill, **asked).counts.items() if n}


@pytest.mark.slow
@pytest.mark.parametrize("asked", [MARCH, {}])
def test_meetings_of_last_month_under_dates_of_this_month_are_not_in_the_records(
    find: Finder, asked: dict[str, Any]
) -> None:
    again = [(f"f{n}", clock(f"m{n}", hours=5)) for n in range(40)]
    bill = dated(*honest(), *again)
    assert counted(bill, **asked) == {"matched": 50, "missing_record": 40}
    rows = find("billing_mismatch", months(), invoice=bill, as_of="2026-06-01", **asked)
    assert [row["severity"] for row in rows] == ["crit"] * len(rows)
    assert len(rows) == 41  # and the total
    (told,) = [row for row in rows if row["record_ids"] == ["f7"]]
    assert "f7" in told["en"]
    assert "2026-03-05 03:00:00" in told["en"]
    assert "began 2026-02-04 22:00:00" in told["en"]
    assert "2026-02-04 22:00:00" in told["zh"]


@pytest.mark.slow
def test_a_line_says_when_it_is_about_and_when_the_meeting_of_its_id_was() -> None:
    lines = honest()
    lines[0] = ("m0", clock("m0", hours=24 * 22))
    found = audit.reconcile(months().frames, dated(*lines, ("phantom", clock("m0"))), **MARCH)
    assert {state: n for state, n in found.counts.items() if n} == {
        "matched": 49, "missing_record": 2, "missing_line": 1,
    }  # fmt: skip
    moved, phantom, missing = [row for row in found.arrow.to_pylist() if row["state"] != "matched"]
    instants = [
        [row[name] and f"{row[name]:%d %H:%M}" for name in ("invoice_at", "record_at")]
        for row in (moved, phantom, missing)
    ]
    assert instants == [["23 10:00", "01 10:00"], ["01 10:00", None], [None, "01 10:00"]]


@pytest.mark.slow
def test_a_line_dated_before_the_period_is_about_another() -> None:
    lines = honest()
    lines[0] = ("m0", clock("f0"))
    assert counted(dated(*lines), **MARCH) == {"matched": 49, "outside_period": 1, "missing_line": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    "hours", [-8, 1 / 6, -8 + 1 / 6], ids=["by start in UTC", "by end in Beijing", "by end in UTC"]
)
@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"])
def test_a_bill_in_utc_or_by_ends_or_days_accuses_nobody(hours: float, form: str) -> None:
    lines = [(key, begun.strftime(form)) for key, begun in honest(hours=hours) if isinstance(begun, datetime)]
    assert counted(dated(*lines), **MARCH) == {"matched": 50}


@pytest.mark.slow
def test_days_of_the_end_and_of_utc_are_those_of_the_meeting() -> None:
    office = Office().meet("long", "2026-03-03 10:00", 36 * 3600)
    for end in ("2026-03-04 22:00:00", "2026-03-04"):
        bill = pd.DataFrame({"meeting_id": ["long"], "duration_s": [36 * 3600], "started_at": [end]})
        assert audit.reconcile(office.frames, bill).counts["matched"] == 1
    night = Office().meet("night", "2026-03-03 05:00", 600)
    bill = pd.DataFrame({"meeting_id": ["night"], "duration_s": [600], "started_at": ["2026-03-02"]})  # in UTC
    assert audit.reconcile(night.frames, bill).counts["matched"] == 1
    late = pd.DataFrame({"meeting_id": ["long"], "duration_s": [36 * 3600], "started_at": ["2026-03-06"]})
    assert audit.reconcile(office.frames, late).counts["missing_record"] == 1


@pytest.mark.slow
def test_dates_of_the_bill_are_not_those_of_its_meetings(find: Finder) -> None:
    bill = dated(*((key, "2026-04-01") for key, _ in honest()))
    assert counted(bill, **MARCH) == {"matched": 50}
    assert counted(bill) == {"matched": 50}
    (note,) = [note for note in audit.reconcile(months().frames, bill, **MARCH).notes if "dates" in note.en]
    assert "of 50 ids with one meeting each 0 fit" in note.en
    assert find("billing_mismatch", months(), invoice=bill, as_of="2026-06-01", **MARCH) == []
    few = dated(*((key, "2026-04-01") for key, _ in honest()[:4]))
    assert counted(few)["missing_record"] == 4  # too few to tell


@pytest.mark.slow
def test_a_bill_about_rooms_of_which_the_archive_lacks_the_month_is_held_against_no_other_month() -> None:
    days = [f"2026-04-{day:02} 14:00" for day in (1, 2, 8, 9, 15, 16)]
    assert room_states([("88001", 600, day) for day in days]) == {"missing_record": 6}


@pytest.mark.slow
def test_a_line_of_nothing_is_none_the_less_one_where_dates_are_those_of_the_bill() -> None:
    bill = dated(*((key, "2026-04-01") for key, _ in honest()), ("phantom", "2026-04-01"))
    assert counted(bill, **MARCH) == {"matched": 50, "missing_record": 1}


@pytest.mark.slow
def test_dates_that_are_not_used_hide_no_meetings_of_last_month(find: Finder) -> None:
    """More false lines than good ones: whether the dates are false or the bill's own nobody can tell, and it is said."""
    bill = dated(*honest()[:20], *((f"f{n}", clock(f"m{n}", hours=24 * 2)) for n in range(30)))
    assert counted(bill, **MARCH) == {"matched": 20, "outside_period": 30, "missing_line": 30}
    rows = find("billing_mismatch", months(), invoice=bill, as_of="2026-06-01", **MARCH)
    (told,) = [row for row in rows if "dated within the period" in row["en"]]
    assert (told["severity"], told["measured"], len(told["record_ids"])) == ("crit", 30, 30)
    assert "30 lines of the invoice, 36 yuan" in told["en"]


@pytest.mark.slow
def test_legs_of_a_room_are_those_of_the_meeting_they_came_with() -> None:
    records = [
        {
            "meid": "88001", "starttime": f"2026-03-{day:02} 14:00:00", "endtime": f"2026-03-{day:02} 15:00:00",
            "parties": [{"phone": "13900000001", "jointime": f"2026-03-{day:02} 13:59:30", "leavetime": f"2026-03-{day:02} 15:00:00"}],
        }
        for day in (2, 9, 16)
    ]  # fmt: skip
    body = json.dumps({"statusCode": "0", "data": records}).encode()
    history = ytx.History.from_answers([read_answer(body, asked_n=10)])
    data = open_data(history)
    assert [row["n"] for row in data.rows("SELECT count(*) AS n FROM all_legs GROUP BY m ORDER BY m")] == [1, 1, 1]


@pytest.mark.parametrize("off_s", [0, 8 * 3600])
@pytest.mark.parametrize("is_end", [False, True])
def test_a_room_used_twice_a_day_is_billed_by_one_clock(off_s: int, is_end: bool) -> None:
    """Each line was taken for the meeting nearest to its time, which is another's."""
    records = [Record(m, m * 6 * 3600, 3600 + 60 * m, None) for m in range(8)]
    lines = [
        InvoiceLine(one.m, one.seconds, None, (one.start or 0) + (one.seconds or 0) * is_end - off_s) for one in records
    ]
    told, known = by_one_clock({"8001": (lines, records)})["8001"]
    assert [(one.line, one.m) for one in paired(told, known)] == [(m, m) for m in range(8)]


@pytest.mark.parametrize("is_end", [False, True])
@pytest.mark.parametrize("minutes", [60, 10])
def test_a_room_used_back_to_back_is_billed_as_booked_or_by_ends(minutes: int, is_end: bool) -> None:
    """What was booked when another meeting ended was taken for that one's end: no line was beside its own."""
    lines, records = [], []
    for m in range(40):
        booked, late = m // 8 * 86_400 + m % 8 * minutes * 60, 180 + 60 * (m * 5 % 7) * (minutes > 10)
        records.append(Record(m, booked + late, minutes * 60 - late + 30, None))
        lines.append(InvoiceLine(m, minutes * 60 - late + 30, None, booked + is_end * minutes * 60))
    told, known = by_one_clock({"8001": (lines, records)})["8001"]
    assert [(one.line, one.m) for one in paired(told, known)] == [(m, m) for m in range(40)]
