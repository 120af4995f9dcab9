"""A bill with a line for each party of a meeting: added up before it is held against the records, and never for a bill twice."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from tests.audit.office import Finder, Office, at
from ytxdata import audit


class Leg(NamedTuple):
    """A line of a bill by connection."""

    meeting_id: str
    number: str
    started_at: str
    seconds: int

    @property
    def minutes(self) -> int:
        return -(-self.seconds // 60)

    @property
    def cells(self) -> dict[str, Any]:
        return {
            "会议编号": self.meeting_id,
            "被叫": self.number,
            "接通时间": self.started_at,
            "计费时长": self.minutes * 60,
            "金额": f"{Decimal(self.minutes) * Decimal('0.12'):.2f}",
        }


def held(n: int = 60, *, rooms: int = 0, amounts: bool = False) -> tuple[Office, list[Leg]]:
    """Meetings of one to five parties, and the lines of a bill that agrees; `rooms`: as many ids for all of them."""
    draw = random.Random(3)
    office, lines = Office(), []
    for i in range(n):
        length = draw.randint(120, 5400)
        numbers = [f"1380000{draw.randrange(30):02d}{j}0" for j in range(draw.randint(1, 5))]
        joined = [0, *(draw.randint(0, length - 60) for _ in numbers[1:])]
        spans = [(start, draw.randint(start + 1, length)) for start in joined]
        begin = at("2026-02-01 08:00") + timedelta(hours=3 * i)
        meeting_id = f"8800{i % rooms}" if rooms else f"m{i}"
        legs = [
            Leg(meeting_id, number, f"{begin + timedelta(seconds=start):%Y-%m-%d %H:%M:%S}", end - start)
            for number, (start, end) in zip(numbers, spans, strict=True)
        ]
        amount = sum((Decimal(str(leg.cells["金额"])) for leg in legs), Decimal(0))
        office.meet(
            meeting_id,
            f"{begin:%Y-%m-%d %H:%M}",
            length,
            legs=[(number, *span) for number, span in zip(numbers, spans, strict=True)],
            amount=str(amount) if amounts else None,
        )
        lines += legs
    return office, lines


def bill(lines: list[Leg], *left_out: str) -> pd.DataFrame:
    return pd.DataFrame([one.cells for one in lines]).drop(columns=list(left_out))


def counts(office: Office, told: pd.DataFrame) -> dict[str, int]:
    return {state: n for state, n in audit.reconcile(office.frames, told).counts.items() if n}


@pytest.mark.slow
@pytest.mark.by_chance(6)
@pytest.mark.parametrize(
    ("left_out", "rooms", "amounts"),
    [
        (left_out, rooms, (place + rooms) % 2 > 0)  # every pair of two of them
        for place, left_out in enumerate([(), ("被叫",), ("接通时间",), ("计费时长",), ("金额",), ("被叫", "计费时长")])
        for rooms in (0, 1, 6)
    ],
    ids=str,
)
def test_a_bill_by_connection_is_added_up_and_accuses_nobody(
    find: Finder, left_out: tuple[str, ...], rooms: int, amounts: bool
) -> None:
    office, lines = held(30, rooms=rooms, amounts=amounts)
    told = bill(lines, *left_out)
    found = audit.reconcile(office.frames, told)
    agree = {"matched", "not_compared"} if left_out == ("金额",) else {"matched"}
    assert {state for state, n in found.counts.items() if n} <= agree
    assert found.counts["matched"] + found.counts["not_compared"] == 30
    assert any(f"{len(lines)} lines" in note.en and "30 meetings" in note.en for note in found.notes)
    if not left_out:
        assert find("billing_mismatch", office, invoice=told) == []


@pytest.mark.slow
@pytest.mark.parametrize("left_out", [(), ("被叫",), ("接通时间",)], ids=str)
def test_the_same_line_twice_is_billed_twice(find: Finder, left_out: tuple[str, ...]) -> None:
    office, lines = held()
    told = bill([*lines, lines[40]], *left_out)
    assert counts(office, told) == {"matched": 60, "billed_twice": 1}
    (row,) = find("billing_mismatch", office, invoice=told)
    assert f"line {len(lines) + 1} of the invoice bills meeting {lines[40].meeting_id} once more" in row["en"]


@pytest.mark.slow
def test_every_line_twice_is_no_bill_by_connection() -> None:
    office = Office()
    for i in range(12):
        office.meet(f"{i}", f"2026-03-03 {10 + i}:00", 1800, amount="1.80")
    lines = [{"meeting_id": f"{i}", "duration_s": 1800, "amount_yuan": "1.80"} for i in range(12)]
    assert counts(office, pd.DataFrame([*lines, *lines])) == {"matched": 12, "billed_twice": 12}


@pytest.mark.slow
def test_a_party_that_never_came_or_was_charged_too_much_is_found_with_all_lines_of_the_meeting(find: Finder) -> None:
    office, lines = held()
    phantom = lines[0]._replace(number="13911112222")
    false = lines[30]._replace(seconds=lines[30].seconds + 600)
    told = bill([*lines[:30], false, *lines[31:], phantom])
    assert counts(office, told) == {"matched": 58, "mismatched": 2}
    texts = [row["en"] for row in find("billing_mismatch", office, invoice=told)]
    own = [n for n, one in enumerate(lines, 1) if one.meeting_id == "m0"]
    assert any(
        f"lines {', '.join(map(str, [*own, len(lines) + 1]))} of the invoice (meeting m0)" in one for one in texts
    )


@pytest.mark.slow
def test_a_party_that_is_not_billed_and_a_meeting_that_is_nowhere_are_found() -> None:
    office, lines = held()
    last = [one for one in lines if one.meeting_id == "m59"]
    strange = [one._replace(meeting_id="phantom") for one in last]
    assert counts(office, bill([*lines, *strange])) == {"matched": 60, "missing_record": 1}
    some = [one for one in lines if one.meeting_id != "m31"]
    assert counts(office, bill(some)) == {"matched": 59, "missing_line": 1}
    of_two = next(one for one in lines if sum(other.meeting_id == one.meeting_id for other in lines) > 1)
    assert counts(office, bill([one for one in lines if one is not of_two])) == {"matched": 59, "mismatched": 1}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%Y-%m-%d", None])
def test_a_bill_by_meeting_of_rooms_of_which_the_archive_lacks_meetings_stays_one(form: str | None) -> None:
    office, rows = Office(), []
    for i in range(120):
        begin, room = at("2026-02-01 08:00") + timedelta(hours=5 * i), f"8800{i % 8}"
        if form is None or i % 3 == 0:
            office.meet(room, f"{begin:%Y-%m-%d %H:%M}", 600 + i, amount=f"{600 + i}")
        when = {} if form is None else {"开始时间": f"{begin:{form}}"}
        rows.append({"会议编号": room, "时长": 600 + i, "金额": f"{600 + i}", **when})
    expected = {"matched": 120} if form is None else {"matched": 40, "missing_record": 80}
    found = audit.reconcile(office.frames, pd.DataFrame(rows))
    if form != "%Y-%m-%d":  # a day may be one of UTC, and is that of the next morning, too
        assert {state: n for state, n in found.counts.items() if n} == expected
    assert not found.added_up


@pytest.mark.slow
def test_who_comes_again_within_the_minute_is_not_billed_twice() -> None:
    office, lines = held()
    office.meet(
        "again",
        "2026-02-10 03:00",
        600,
        legs=[("13800001111", 0, 30), ("13800001111", 31, 60), ("13800002222", 0, 600)],
    )
    more = [
        *[Leg("again", "13800001111", "2026-02-10 03:00", 30)] * 2,
        Leg("again", "13800002222", "2026-02-10 03:00", 600),
    ]
    assert counts(office, bill([*lines, *more])) == {"matched": 61}


@pytest.mark.slow
def test_a_bill_that_says_when_each_party_came_and_went_needs_no_duration(tmp_path: Path) -> None:
    office, lines = held()
    text = "会议编号,主叫,被叫,开始时间,结束时间,费用\n" + "".join(
        f"{one.meeting_id},4001,{one.number},{one.started_at},"
        f"{pd.Timestamp(one.started_at) + timedelta(seconds=one.seconds)},{one.cells['金额']}\n"
        for one in lines
    )
    path = tmp_path / "bill.csv"
    path.write_text(text, encoding="gb18030")
    found = audit.reconcile(office.frames, path)
    assert found.counts["matched"] == 60
    assert found.duration is not None
