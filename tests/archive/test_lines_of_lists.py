"""Which meeting a line of a list is, where it tells no day, no id, or no more than a connection."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.archive.bills import billed, month
from ytxdata.archive import Archive


@pytest.fixture(scope="module")
def billed_once(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return billed(tmp_path_factory.mktemp("billed") / "a")


@pytest.fixture
def archive(billed_once: Archive, tmp_path: Path) -> Archive:
    return Archive(shutil.copytree(billed_once.path, tmp_path / "a"))


def ids_of(meetings: pd.DataFrame, *more: str) -> bytes:
    """A bill without dates and without a total."""
    return "\n".join(["meeting_id", *meetings["meeting_id"], *more]).encode()


@pytest.mark.slow
def test_a_line_without_a_date_whose_meeting_is_outside_the_period_is_no_gap(archive: Archive) -> None:
    _, start, end = month(archive)
    middle = start + (end - start) * 0.75
    within, beyond = archive.meetings(start, middle), archive.meetings(middle, None)
    few = beyond.tail(len(within) // 3)
    totals = {"lines": len(within) + len(few)}
    bill = ids_of(pd.concat([within, few]))
    said = archive.witness(bill, kind="invoice", start=start, end=middle, name="bill", totals=totals)
    assert (said.finding, said.n_found, said.n_outside) == ("undated", len(within), len(few))
    assert "outside the period" in said.text.en
    assert archive.certificate(start, middle).worst == "PROBABLE"
    assert said.only_in_witness == ()
    twice = ids_of(pd.concat([within, few]), few["meeting_id"].iloc[0], "lost")
    said = archive.witness(twice, kind="invoice", start=start, end=middle, name="bill")
    assert (said.n_only_in_witness, said.n_outside) == (2, len(few)), "one meeting answers for one line"
    assert [one.n_outside for one in archive.witnesses()] == [len(few)]


@pytest.mark.slow
def test_a_bill_of_other_months_is_told_so_and_not_taken_for_another_accounts(archive: Archive) -> None:
    whole, start, end = month(archive)
    edge = start + (end - start) * 0.25
    bill = ids_of(whole)
    said = archive.witness(bill, kind="invoice", start=start, end=edge, name="bill")
    assert (said.finding, said.only_in_witness) == ("outside_period", ())
    assert said.n_found + said.n_outside == len(whole)
    assert "--from" in said.text.en
    assert "--from" in said.text.zh
    assert archive.certificate(start, edge).worst == "PROBABLE"


@pytest.mark.slow
def test_a_bill_without_a_total_is_told_how_to_give_one(archive: Archive) -> None:
    whole, start, end = month(archive)
    said = archive.witness(ids_of(whole), kind="invoice", start=start, end=end, name="bill")
    assert said.finding == "no_total"
    assert "--total-lines" in said.text.en
    assert "--total-lines" in said.text.zh


@pytest.mark.slow
def test_who_came_in_by_the_accounts_own_number_is_not_of_the_class_of_its_digits(
    tmp_path: Path, platform: Any
) -> None:
    """Its line is a landline by its digits; a list of landlines lacks it, and lacks nothing."""
    joined = {"jointime": "2026-01-01 09:00:10", "leavetime": "2026-01-01 09:04:00"}
    parties = [{"phone": phone, **joined} for phone in ("01065520000", "01088880000", "13900000001")]
    platform.records = [platform.record(n, srcclid="010 6552 0000", parties=parties) for n in (0,)]
    made = Archive(tmp_path / "landlines")
    made.sync(platform)
    listed = "号码,开始时间\n01088880000,2026-01-01 09:00:10\n合计,1\n".encode()
    asked: dict[str, Any] = {"kind": "cdr", "start": "2026-01-01", "end": "2026-01-02", "name": "cdr.csv"}
    said = made.witness(listed, number_class="fixed", totals={"lines": 1}, **asked)
    assert (said.n_found, said.n_only_in_witness, said.n_only_in_archive) == (1, 0, 0)
    by_it = made.witness(listed.replace(b"88880000", b"65520000"), number_class="access", totals={"lines": 1}, **asked)
    assert (by_it.n_found, by_it.n_only_in_archive) == (1, 0)


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("invoice", "被叫,开始时间,结束时间,费用"),
        ("console", "主叫,号码,开始时间,结束时间,费用"),
        ("cdr", "话单号,called,begin_time,end_time,fee"),
        ("invoice", "话单号,called,begin_time,end_time,fee"),
    ],
)
def test_connections_without_meeting_ids_are_found_as_such_whatever_kind_is_said(
    archive: Archive, kind: str, header: str
) -> None:
    _, start, end = month(archive)
    legs = archive.legs(start, end).dropna(subset=["joined_at", "left_at", "number"])
    names = header.split(",")
    rows = [
        ",".join(["C1", phone, f"{joined:%Y-%m-%d %H:%M:%S}", f"{left:%Y-%m-%d %H:%M:%S}", "1"][-len(names) :])
        for phone, joined, left in zip(legs["phone"], legs["joined_at"], legs["left_at"], strict=True)
    ]
    asked: dict[str, Any] = {"start": start, "end": end, "totals": {"lines": len(rows)}}
    said = archive.witness("\n".join([header, *rows]).encode(), kind=kind, name="legs.csv", **asked)
    # who withholds a number can be found in no such list
    assert (said.finding, said.n_found) == ("incomplete", len(rows))
    assert ("one party's connection" in said.text.en) == (kind != "cdr")
    assert archive.verify(recompute=True).is_sound
    lost = [header, *rows[:7], rows[7].replace(legs["phone"].iloc[7], "13911113333"), *rows[8:]]
    said = archive.witness("\n".join(lost).encode(), kind=kind, name="legs.csv", **asked)
    assert (said.finding, [one.line for one in said.only_in_witness]) == ("lines_missing", [9])


@pytest.mark.slow
def test_meetings_without_ids_are_found_by_who_called_them(archive: Archive) -> None:
    _, start, end = month(archive)
    meetings = archive.meetings(start, end).dropna(subset=["creator"])
    rows = [
        f"{creator},{begun:%Y-%m-%d %H:%M:%S}"
        for creator, begun in zip(meetings["creator"], meetings["started_at"], strict=True)
    ]
    asked: dict[str, Any] = {"start": start, "end": end, "totals": {"lines": len(rows)}}
    said = archive.witness("\n".join(["号码,开始时间", *rows]).encode(), kind="invoice", name="by creator", **asked)
    assert (said.n_found, said.by_connection) == (len(rows), False)


@pytest.mark.slow
def test_of_a_room_that_meets_every_week_no_other_week_stands_for_the_one_that_is_lost(
    tmp_path: Path, platform: Any
) -> None:
    """Also where nobody says when parties joined: a connection without a time is of its meeting's day."""
    weeks = ("2026-02-03", "2026-03-03")
    platform.records = [
        platform.record(n, meid="room", starttime=f"{day} 10:00:00", endtime=f"{day} 10:10:00",
                        parties=[{"phone": "13900000001"}, {"phone": "13900000002"}])
        for n, day in enumerate(weeks)
    ][::-1]  # fmt: skip
    made = Archive(tmp_path / "room")
    made.sync(platform)
    asked: dict[str, Any] = {"kind": "invoice", "start": "2026-03", "end": "2026-04", "name": "bill"}

    def finding(head: str, *lines: str) -> str:
        bill = "\n".join((head, *lines)).encode()
        return made.witness(bill, totals={"lines": len(lines)}, **asked).finding

    assert finding("会议编号,开始时间", "room,2026-03-03") == "witnessed"
    assert finding("会议编号,开始时间", "room,2026-03-03", "room,2026-03-17") == "lines_missing"
    assert finding("会议编号", "room") == "witnessed"
    assert finding("会议编号", "room", "room") == "undated"
    calls = "room,13900000001,2026-03-03", "room,13900000002,2026-03-03"
    lost = "room,13900000001,2026-03-17", "room,13900000002,2026-03-17"
    assert finding("会议编号,号码,开始时间", *calls) == "witnessed"
    assert finding("会议编号,号码,开始时间", *calls, *lost) == "lines_missing"
    assert finding("会议编号,号码", *(one[:16] for one in (*calls, *calls))) == "undated"


@pytest.mark.slow
def test_a_bill_charges_for_no_party_that_never_joined_and_for_no_call_that_ended_as_it_began(
    tmp_path: Path, platform: Any
) -> None:
    """A room holds somebody who waits in the morning; its afternoon, like a second try, is never listed."""

    def leg(phone: str, *hours: str) -> dict[str, str]:
        keys = ("jointime", "leavetime")
        return {"phone": phone, **dict(zip(keys, (f"2026-01-05 {hour}:00" for hour in hours), strict=False))}

    def meeting(n: int, start: str, end: str, *parties: dict[str, str], **more: str) -> dict[str, Any]:
        times = {"starttime": f"2026-01-05 {start}:00", "endtime": f"2026-01-05 {end}:00"}
        made: dict[str, Any] = platform.record(n, **times, parties=[*parties], **more)
        return made

    first, second = "13900000001", "13900000002"
    platform.records = [
        meeting(3, "11:00", "11:30", leg(first, "11:00", "11:30"), leg(second, "11:00", "11:30")),
        meeting(2, "10:00", "10:00", leg(first, "10:00"), leg(second, "10:00", "10:00"), meid="failed"),
        meeting(1, "09:00", "09:30", leg("13900000003", "09:00", "09:30"), leg(first), leg(second), meid="room"),
    ]
    made = Archive(tmp_path / "a")
    made.sync(platform)
    last = made.meetings()["meeting_id"].iloc[-1]
    head = "会议编号,号码,开始时间,时长(秒)"
    whole = [f"{last},{first},2026-01-05 11:00,1800", f"{last},{second},2026-01-05 11:00,1800",
             "room,13900000003,2026-01-05 09:00,1800"]  # fmt: skip

    def finding(*more: str) -> str:
        bill = "\n".join((head, *whole, *more)).encode()
        asked: dict[str, Any] = {"kind": "invoice", "start": "2026-01", "end": "2026-02", "name": "bill"}
        return made.witness(bill, totals={"lines": len(whole) + len(more)}, **asked).finding

    assert finding() == "witnessed"
    assert finding(f"room,{first},2026-01-05 15:00,3600") == "lines_missing"
    assert finding(f"room,{first},2026-01-05,3600") == "undated"
    assert finding(f"again,{first},2026-01-05 10:01,3600") == "lines_missing"


@pytest.mark.slow
@pytest.mark.parametrize("n_parties", [1, 2])
def test_where_only_start_and_end_are_told_a_bill_may_tell_how_long_that_was(
    tmp_path: Path, platform: Any, n_parties: int
) -> None:
    def record(i: int) -> dict[str, Any]:
        begun = f"2026-03-{i:02d} 09:0"
        parties = [
            {"phone": f"1380000000{n}", "jointime": f"{begun}0:{20 * n:02d}", "leavetime": f"{begun}8:00"}
            for n in range(n_parties)
        ]
        return {"meid": f"m{i}", "starttime": f"{begun}0:00", "endtime": f"{begun}9:{i:02d}", "parties": parties}

    platform.records = [record(i) for i in range(1, 21)]
    made = Archive(tmp_path / "told")
    made.sync(platform)
    lines = "".join(f"m{i},2026-03-{i:02d} 09:00:00,{540 + i}\n" for i in range(1, 21))
    bill = f"会议编号,开始时间,时长\n{lines}合计,,{sum(540 + i for i in range(1, 21))}\n"
    (tmp_path / "bill.csv").write_text(bill, encoding="utf-8")
    said = made.witness(tmp_path / "bill.csv", kind="invoice", start="2026-03", end="2026-04")
    assert said.finding == "witnessed", said.text.en
