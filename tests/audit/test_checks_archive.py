"""Checks of what only an archive knows: changes after the end, records that vanish, periods that are not proven."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.audit.office import Story
from ytxdata import Archive, audit
from ytxdata.audit.checks.records import pulls_around
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer, read_answer
from ytxdata.times import BEIJING

BEGIN = datetime(2026, 1, 5, 9, tzinfo=BEIJING)


def record(i: int, **changes: Any) -> dict[str, Any]:
    start = BEGIN + timedelta(hours=i)
    return {
        "meid": f"{i:029d}",
        "creator": "13900000001",
        "starttime": f"{start:%Y-%m-%d %H:%M:%S}",
        "endtime": f"{start + timedelta(minutes=5):%Y-%m-%d %H:%M:%S}",
        "duration": "300",
        "parties": [{"name": "甲", "phone": "13900000001"}, {"name": "乙", "phone": "13900000003"}],
    } | changes


@dataclass
class Platform:
    """Answers with the newest N of its records."""

    records: list[dict[str, Any]]
    clock: datetime
    identity: tuple[str, str] = ("sid-of-this-test", "app")

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        data = {"statusCode": "0", "data": self.records[:meetingcount]}
        return read_answer(json.dumps(data).encode(), asked_at=self.clock, asked_n=meetingcount)


def synced(folder: Path, *lists: Sequence[dict[str, Any]]) -> Archive:
    """An archive that was synced once with each list, a day apart."""
    archive = Archive(folder / "meetings.archive")
    for day, records in enumerate(lists):
        archive.sync(Platform(list(records)[::-1], BEGIN + timedelta(days=30 + day)))
    return archive


def found(archive: Archive, check: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = audit.run(archive, checks=[check], remember=False).frame.to_dict("records")
    return rows


MEETINGS = [record(i) for i in range(60)]


def changed(**changes: Any) -> list[dict[str, Any]]:
    return [*MEETINGS[:50], record(50, **changes), *MEETINGS[51:]]


AFTER_THE_END: list[tuple[dict[str, Any], str | None]] = [
    ({"endtime": "2026-01-07 12:00:00"}, "crit"),
    ({"starttime": "2026-01-07 09:59:00"}, "crit"),
    ({"duration": "301"}, "crit"),
    ({"oriamount": "0.12"}, "crit"),
    ({"parties": MEETINGS[0]["parties"][:1]}, "warn"),
    ({"parties": [{"name": "丙", "phone": "13900000004"}, MEETINGS[0]["parties"][0]]}, "warn"),
    ({"parties": [{"name": "丙", "phone": "13900000003"}, MEETINGS[0]["parties"][0]]}, None),
    ({"parties": MEETINGS[0]["parties"][::-1]}, None),
    ({"creator": "+8613900000001"}, None),
    ({"meetingname": "改名"}, None),
    ({"tapesurl": "https://recordings.example.invalid/1.mp3"}, None),
    ({}, None),
]


@pytest.mark.slow
def test_a_change_after_the_end(tmp_path: Path) -> None:
    altered = {50 - place: changes for place, (changes, _) in enumerate(AFTER_THE_END)}
    later = [record(i, **altered.get(i, {})) for i in range(60)]
    severities = {
        row["record_ids"][0]: row["severity"] for row in found(synced(tmp_path, MEETINGS, later), "mutated_after_close")
    }
    assert severities == {f"{50 - place:029d}": one for place, (_, one) in enumerate(AFTER_THE_END) if one}


@pytest.mark.slow
def test_an_end_that_comes_is_no_change_after_the_end(tmp_path: Path) -> None:
    archive = synced(tmp_path, changed(endtime="", duration=""), MEETINGS)
    assert found(archive, "mutated_after_close") == []


@pytest.mark.slow
def test_a_change_names_the_two_pulls_between_which_it_came(tmp_path: Path) -> None:
    archive = synced(tmp_path, MEETINGS, changed(duration="400"))
    findings = audit.run(archive, checks=["mutated_after_close"], remember=False)
    (row,) = findings.frame.to_dict("records")
    ledger = archive.changes().iloc[0]
    assert findings.pulls[row["finding_id"]] == (ledger["old_pull_id"], ledger["new_pull_id"])
    assert "300 → 400" in row["en"]


@pytest.mark.slow
def test_back_and_forth_are_two_findings(tmp_path: Path) -> None:
    archive = synced(tmp_path, MEETINGS, changed(duration="400"), MEETINGS)
    assert len(found(archive, "mutated_after_close")) == 2


@pytest.mark.slow
def test_a_record_that_vanishes_is_found_with_the_pulls_that_show_it(tmp_path: Path) -> None:
    archive = synced(tmp_path, MEETINGS, [one for one in MEETINGS if one is not MEETINGS[50]])
    findings = audit.run(archive, checks=["vanished"], remember=False)
    (row,) = findings.frame.to_dict("records")
    assert row["record_ids"] == [f"{50:029d}"]
    pulls = list(archive.pulls()["pull_id"])
    assert set(findings.pulls[row["finding_id"]]) <= set(pulls)
    assert pulls[-1] in findings.pulls[row["finding_id"]]


def test_of_the_answers_of_one_second_the_longest_showed_the_record() -> None:
    """The short answers behind a full one cannot hold an old record: a pack with raw answers was called damaged for it."""
    asked = [(33.00, 446), (33.06, 237), (33.12, 88), (34.01, 94), (34.11, 1504), (35.02, 361), (36.0, 450)]
    rows = [(f"{at}", BEGIN + timedelta(seconds=at), n) for at, n in asked]
    listings = pd.DataFrame(rows, columns=["pull_id", "asked_at", "returned_n"])
    last = pd.Timestamp(BEGIN + timedelta(seconds=33))
    assert pulls_around(listings, last) == ("33.0", "34.11", "36.0")
    assert pulls_around(listings[:4], last) == ("33.0", "34.01")  # no later one is as long: what there is


@pytest.mark.slow
def test_what_the_platform_forgets_at_its_old_end_has_not_vanished(tmp_path: Path) -> None:
    assert found(synced(tmp_path, MEETINGS, MEETINGS[5:]), "vanished") == []


@pytest.mark.slow
def test_a_record_that_comes_back_is_no_longer_vanished(tmp_path: Path) -> None:
    without = [one for one in MEETINGS if one is not MEETINGS[50]]
    archive = synced(tmp_path, MEETINGS, without)
    assert len(audit.run(archive, checks=["vanished"])) == 1
    archive.sync(Platform(MEETINGS[::-1], BEGIN + timedelta(days=33)))
    (row,) = audit.run(archive, checks=["vanished"]).frame.to_dict("records")
    assert row["status"] == "resolved"


@pytest.mark.slow
def test_probable_periods_are_one_finding_and_a_gap_is_one_each(tmp_path: Path) -> None:
    (row,) = found(synced(tmp_path, MEETINGS), "coverage_gap")
    assert (row["severity"], list(row["record_ids"])) == ("warn", [])
    far = [record(i) for i in range(2000, 2060)]
    archive = Archive(tmp_path / "meetings.archive")
    archive.sync(Platform(far[::-1], BEGIN + timedelta(days=120)))
    severities = [row["severity"] for row in found(archive, "coverage_gap")]
    gaps = int((archive.coverage()["verdict"] == "GAP").sum())
    assert sorted(severities) == ["crit"] * gaps + ["warn"]
    assert gaps >= 1


@pytest.mark.slow
def test_who_accepts_ten_uncertain_days_has_not_accepted_ninety(tmp_path: Path) -> None:
    archive = synced(tmp_path, MEETINGS)
    (one,) = found(archive, "coverage_gap")
    assert [row["finding_id"] for row in found(archive, "coverage_gap")] == [one["finding_id"]]
    far = [record(i) for i in range(2000, 2060)]
    archive.sync(Platform(far[::-1], BEGIN + timedelta(days=120)))
    (warned,) = [row for row in found(archive, "coverage_gap") if row["severity"] == "warn"]
    assert warned["measured"] > 2 * one["measured"]
    assert warned["finding_id"] != one["finding_id"]


@pytest.mark.slow
def test_what_is_proven_is_no_gap(story: Story) -> None:
    whole = audit.run(story.archive, checks=["coverage_gap"], remember=False)
    assert whole.certificate is not None
    assert len(whole) == 1
    proven = story.archive.coverage()
    proven = proven[proven["verdict"] == "PROVEN"]
    if len(proven):
        start, end = proven["start"].iloc[0], proven["end"].iloc[0]
        assert len(audit.run(story.archive, checks=["coverage_gap"], start=start, end=end, remember=False)) == 0


@pytest.mark.slow
def test_an_audit_as_of_the_past_does_not_know_what_came_later(tmp_path: Path) -> None:
    without = [one for one in changed(duration="400") if one["meid"] != MEETINGS[40]["meid"]]
    archive = synced(tmp_path, MEETINGS, without)
    before = BEGIN + timedelta(days=30, hours=1)
    for check in ("vanished", "mutated_after_close"):
        assert len(audit.run(archive, checks=[check], as_of=before)) == 0
        assert len(audit.run(archive, checks=[check], as_of=datetime.now(UTC))) == 1


def parties(leaves: str, n: int = 4, **more: str) -> list[dict[str, str]]:
    joined = {"jointime": "2026-01-05 09:00:00"}
    return [{"phone": f"1390000000{k}", **joined, leaves: "2026-01-05 09:02:00", **more} for k in range(n)]


@pytest.mark.slow
def test_legs_that_end_with_their_meeting_for_want_of_a_time_are_told(tmp_path: Path) -> None:
    archive = synced(tmp_path, [record(i, parties=parties("bye", updateTime="2026-01-05 09:04:00")) for i in range(6)])
    (row,) = found(archive, "missing_leave")
    assert row["en"].startswith("24 of 24 legs have no time of leaving")
    assert row["severity"] == "warn"
    archive.rebuild(DEFAULT.with_extra({"legs.left_at": "bye"}))
    assert found(archive, "missing_leave") == []
    assert archive.legs()["left_at"].notna().all()


@pytest.mark.slow
@pytest.mark.parametrize(("one", "other", "is_same"), [(3, 3, True), (3, 24, False)])
def test_who_accepts_an_eighth_of_legs_without_an_end_has_not_accepted_all(
    tmp_path: Path, one: int, other: int, is_same: bool
) -> None:
    ids = []
    for n, folder in ((one, "one"), (other, "other")):
        records = [record(i, parties=parties("leavetime")) for i in range(6)]
        for k in range(n):
            records[k // 4]["parties"][k % 4].pop("leavetime")
        (tmp_path / folder).mkdir()
        (row,) = found(synced(tmp_path / folder, records), "missing_leave")
        ids.append(row["finding_id"])
    assert (ids[0] == ids[1]) is is_same


@pytest.mark.slow
def test_a_few_legs_without_a_time_of_leaving_are_nobody_s_mistake(tmp_path: Path) -> None:
    records = [record(i, parties=parties("leavetime")) for i in range(6)]
    records[0]["parties"][0].pop("leavetime")
    assert found(synced(tmp_path, records), "missing_leave") == []


@pytest.mark.parametrize("of", [{}, {"记录": "", "王小明": "13900000009", "extra": {"lisi": "2026-01-05 09:02:00"}}])
def test_a_first_sync_says_which_times_the_parties_have_not(tmp_path: Path, of: dict[str, Any]) -> None:
    records = [record(i, parties=parties("散去"), **of) for i in range(6)]
    (told,) = Archive(tmp_path / "m.archive").sync(Platform(records, BEGIN + timedelta(days=30))).drift
    assert told.en.startswith("a party has a time of leaving? 0/24 legs")
    read = [record(i, parties=parties("leavetime"), **of) for i in range(6)]
    assert Archive(tmp_path / "n.archive").sync(Platform(read, BEGIN + timedelta(days=30))).drift == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("corrected", "told"),
    [
        (
            {"starttime": "2026-01-01 00:05:00", "endtime": "2026-01-01 01:05:00"},
            {"2025-12": (1, 0), "2026-01": (1, 2)},
        ),
        ({"parties": []}, {"2025-12": (1, 0)}),
        ({"starttime": "2025-12-31 22:00:00"}, {}),
    ],
)
def test_a_month_that_emptied_is_told_as_one_that_moved(
    tmp_path: Path, corrected: dict[str, Any], told: dict[str, tuple[int, int]]
) -> None:
    meeting: dict[str, Any] = {
        "starttime": "2025-12-31 23:50:00",
        "endtime": "2026-01-01 00:50:00",
        "duration": "",
        "oriamount": "1.20",
    }
    meeting["parties"] = [{"phone": "13900000001", "jointime": "2026-01-01 00:10:00"}]
    other = record(99, parties=[{"phone": "13900000001", "jointime": record(99)["starttime"]}])
    archive = synced(tmp_path, [record(0, **meeting), other], [record(0, **(meeting | corrected)), other])
    for then in (None, BEGIN + timedelta(days=30)):
        rows = audit.moved(archive, as_of=then).arrow.to_pylist()
        assert {row["period"]: (row["then"], row["now"]) for row in rows if row["figure"] == "meetings"} == told
        assert all(row["difference"] == row["now"] - row["then"] for row in rows if row["then"] is not None)
        amounts = {row["period"]: row["now"] for row in rows if row["figure"] == "amount_yuan"}
        assert amounts == ({"2025-12": 0, "2026-01": Decimal("1.2")} if "2026-01" in told else {})
        listed = {row["period"] for row in audit.moved(archive, as_of=then, all_figures=True).arrow.to_pylist()}
        assert listed == {"2025-12", "2026-01"}


class Ticking(Platform):
    """Answers each question a second after the one before."""

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        self.clock += timedelta(seconds=1)
        return super().query_meeting(confid, meetingcount)


@pytest.mark.slow
def test_what_a_sync_knew_between_two_of_its_questions_was_reported_by_nobody(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "meetings.archive")
    held = [record(i, parties=[{"phone": "13900000001", "jointime": record(i)["starttime"]}]) for i in range(1100)]
    archive.sync(Ticking(held[::-1], BEGIN + timedelta(days=100)))
    assert len(archive.pulls()) > 1
    assert audit.moved(archive).frame.empty


@pytest.mark.slow
def test_a_booking_that_was_moved_before_its_month_was_over_moves_no_figure(tmp_path: Path) -> None:
    archive, held = Archive(tmp_path / "meetings.archive"), [record(99), record(600)]
    plans = [
        record(700, starttime=f"2026-{day} 10:00:00", endtime=f"2026-{day} 11:00:00") for day in ("01-29", "02-03")
    ]
    for clock, plan in (("2026-01-20", 0), ("2026-01-21", 1), ("2026-02-10", 1), ("2026-03-02", 1)):
        now = datetime.fromisoformat(clock).replace(tzinfo=BEIJING)
        known = [one for one in held if one["starttime"] < clock]
        archive.sync(Platform([plans[plan], *known[::-1]], now))
    assert len(audit.moved(archive).frame) == 0
