"""A witness of an archive: kept, chained, held against it after each sync, and taken back."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ytxdata.archive.archive import Archive
from ytxdata.archive.heads import canonical
from ytxdata.archive.verify import verify
from ytxdata.archive.witnesses import heard_again
from ytxdata.emulator import Emulator, write_bill
from ytxdata.errors import ArchiveWriteError, DamagedError, NotAnArchiveError, UsageError
from ytxdata.history.client import Client
from ytxdata.history.proof.heard import Hearing
from ytxdata.history.proof.hearing import RULES


def bill_of(meetings: pd.DataFrame, without: int = 0) -> bytes:
    """An invoice of these meetings, with a total of its own."""
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(["会议编号", "开始时间", "时长(秒)"])
    listed = meetings.iloc[without:]
    for meeting_id, started_at, duration_s in zip(
        listed["meeting_id"], listed["started_at"], listed["duration_s"], strict=True
    ):
        rows.writerow([meeting_id, f"{started_at:%Y-%m-%d %H:%M:%S}", "" if pd.isna(duration_s) else duration_s])
    rows.writerow(["合计", "", int(listed["duration_s"].sum())])
    return text.getvalue().encode("gb18030")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(tmp_path / "a")
    with Emulator(meetings=120) as server:
        made.sync(Client(base_url=server.url, **server.credentials))
    return made


def month(archive: Archive) -> tuple[pd.DataFrame, pd.Timestamp, pd.Timestamp]:
    """The days of the archive that are past, and their meetings."""
    starts = archive.meetings()["started_at"].dropna()
    start, end = starts.min().normalize(), (starts.max() - timedelta(days=2)).normalize()
    return archive.meetings(start, end), start, end


def test_a_whole_bill_proves_its_period_and_says_so_everywhere(archive: Archive) -> None:
    meetings, start, end = month(archive)
    assert archive.certificate(start, end).worst == "PROBABLE"
    said = archive.witness(bill_of(meetings), kind="invoice", start=start, end=end, name="bill.csv")
    assert (said.finding, said.n_found) == ("witnessed", len(meetings))
    assert archive.certificate(start, end).worst == "PROVEN"
    row = archive.coverage().query("reason == 'witnessed'").iloc[0]
    assert (row["pulls"], row["start"], row["end"]) == ("bill.csv", start, end)
    assert [one.name for one in archive.witnesses()] == ["bill.csv"]
    assert archive.verify().is_sound


def test_a_list_of_days_to_come_proves_nothing_beyond_the_newest_pull_less_what_settles(archive: Archive) -> None:
    start = archive.meetings()["started_at"].min().normalize()
    meetings, end = archive.meetings(start, None), start + timedelta(days=3650)
    said = archive.witness(bill_of(meetings), kind="invoice", start=start, end=end, name="bill.csv")
    assert said.finding == "witnessed"
    row = archive.coverage().query("verdict == 'PROVEN'").iloc[-1]
    settled = archive.pulls()["asked_at"].max() - timedelta(days=1)
    assert row["reason"] == "witnessed"
    assert abs(row["end"] - settled) < timedelta(minutes=1)
    asked = archive.certificate(start, end)
    assert ([one.verdict for one in asked.periods], asked.goes_on_to) == (["PROVEN", "PROBABLE"], end)
    assert asked.end == archive.certificate().end


def test_a_line_that_the_archive_lacks_is_a_gap_and_a_bill_that_lacks_one_proves_nothing(archive: Archive) -> None:
    meetings, start, end = month(archive)
    extra = meetings.iloc[[3]].assign(meeting_id="lost")
    said = archive.witness(bill_of(pd.concat([meetings, extra])), kind="invoice", start=start, end=end, name="bill")
    assert [one.meeting_id for one in said.only_in_witness] == ["lost"]
    assert archive.certificate(start, end).worst == "GAP"
    short = archive.witness(bill_of(meetings, without=1), kind="invoice", start=start, end=end, name="bill")
    assert short.finding == "incomplete"
    assert archive.certificate(start, end).worst == "PROBABLE", "the second of one name takes the place of the first"


@pytest.mark.parametrize("is_removed", [True, False])
@pytest.mark.parametrize("rules", [RULES - 1, RULES])
def test_a_list_that_is_given_again_proves_at_once_what_it_proved_in_one_change(
    archive: Archive, is_removed: bool, rules: int
) -> None:
    meetings, start, end = month(archive)
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    archive.witness(bill_of(meetings), **asked)
    before = archive.certificate(start, end).frame
    rewritten(archive.path, lambda state: state["witnesses"][0].update(rules=rules))
    if is_removed:
        archive.remove_witness("bill")
        assert archive.certificate(start, end).worst == "PROBABLE"
    heads = len(list((archive.path / "heads").glob("[0-9]*.json")))
    archive.witness(bill_of(meetings), **asked)
    assert archive.certificate(start, end).frame.equals(before)
    assert archive.coverage().query("reason == 'witnessed'").shape[0] == 1
    assert len(list((archive.path / "heads").glob("[0-9]*.json"))) == heads + 1
    assert archive.verify(recompute=True).is_sound


def test_what_rested_on_a_witness_goes_with_it_and_its_bytes_stay(archive: Archive) -> None:
    meetings, start, end = month(archive)
    before = archive.certificate()
    archive.witness(bill_of(meetings), kind="invoice", start=start, end=end, name="bill")
    archive.remove_witness("bill")
    assert archive.certificate().frame.drop(columns="end").equals(before.frame.drop(columns="end"))
    assert not archive.witnesses()
    kept = list((archive.path / "witnesses").iterdir())
    assert [one.read_bytes() for one in kept] == [bill_of(meetings)]
    assert archive.verify().is_sound
    with pytest.raises(UsageError):
        archive.remove_witness("bill")


def test_a_later_sync_hears_the_witness_again(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "a")
    with Emulator(meetings=120) as server:
        client = Client(base_url=server.url, **server.credentials)
        whole = client.fetch_history().meetings
        start = whole["started_at"].min().normalize()
        end = (whole["started_at"].max() - timedelta(days=2)).normalize()
        listed = whole[(whole["started_at"] >= start) & (whole["started_at"] < end)]
        short = _Short(client, 60)
        archive.sync(short)
        said = archive.witness(bill_of(listed), kind="invoice", start=start, end=end, name="bill")
        assert said.finding == "lines_missing" or said.finding == "foreign"
        report = archive.sync(client)
        assert [one.finding for one in archive.witnesses()] == ["witnessed"]
        assert report.certificate.over(start.to_pydatetime(), end.to_pydatetime()).worst == "PROVEN"


class _Short:
    """A client that is never given more than some of the newest meetings."""

    def __init__(self, client: Client, most: int) -> None:
        self.client, self.most, self.identity = client, most, client.identity

    def query_meeting(self, confid: str = "", meetingcount: int = 1):  # type: ignore[no-untyped-def]
        return self.client.query_meeting(confid, min(self.most, meetingcount))


def test_a_changed_witness_is_damage(archive: Archive) -> None:
    meetings, start, end = month(archive)
    archive.witness(bill_of(meetings), kind="invoice", start=start, end=end, name="bill")
    file = next((archive.path / "witnesses").iterdir())
    file.write_bytes(file.read_bytes().replace(b"1", b"2"))
    from ytxdata.archive.verify import verify

    assert not verify(archive.path).is_sound


def test_a_total_may_be_given_and_a_class_of_numbers_proves_no_period(archive: Archive) -> None:
    meetings, start, end = month(archive)
    bare = bill_of(meetings).rsplit(b"\r\n", 2)[0] + b"\r\n"
    assert archive.witness(bare, kind="invoice", start=start, end=end, name="bill").finding == "no_total"
    totals = {"lines": len(meetings)}
    said = archive.witness(bare, kind="invoice", start=start, end=end, name="bill", totals=totals)
    assert said.finding == "witnessed"
    part = archive.witness(
        bare, kind="invoice", start=start, end=end, name="bill", totals=totals, number_class="mobile"
    )
    assert part.finding == "part"
    assert archive.certificate(start, end).worst == "PROBABLE"


def ids_of(meetings: pd.DataFrame, *more: str) -> bytes:
    """A bill without dates and without a total."""
    return "\n".join(["meeting_id", *meetings["meeting_id"], *more]).encode()


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


def test_a_bill_without_a_total_is_told_how_to_give_one(archive: Archive) -> None:
    whole, start, end = month(archive)
    said = archive.witness(ids_of(whole), kind="invoice", start=start, end=end, name="bill")
    assert said.finding == "no_total"
    assert "--total-lines" in said.text.en
    assert "--total-lines" in said.text.zh


def test_the_bill_of_the_emulator_proves_its_whole_period(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "a")
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
        write_bill(tmp_path / "bill.csv", server.truth()["invoice"])
        write_bill(tmp_path / "short.csv", server.truth()["invoice"], 2)
    starts = archive.meetings()["started_at"].dropna()
    start, end = starts.min().normalize(), starts.max().normalize() + timedelta(days=1)
    said = archive.witness(tmp_path / "bill.csv", kind="invoice", start=start, end=end)
    assert (said.finding, said.n_only_in_archive) == ("witnessed", 0), said
    assert archive.witness(tmp_path / "short.csv", kind="invoice", start=start, end=end).finding == "incomplete"
    said = archive.witness(tmp_path / "bill.csv", kind="invoice", start=start, end=start + timedelta(days=9))
    assert (said.finding, said.only_in_witness) == ("outside_period", ())
    assert f"--from {starts.min():%Y-%m-%d} --to {end:%Y-%m-%d}" in said.text.en
    assert Hearing.from_dict(json.loads(json.dumps(said.to_dict()))) == said


def test_where_no_archive_is_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchiveError):
        Archive(tmp_path / "typo").witness(b"meid\nx\n", kind="invoice", start="2026-03", end="2026-04")
    assert not (tmp_path / "typo").exists()
    with pytest.raises(UsageError):
        Archive(tmp_path / "typo").witness(tmp_path / "nothing.csv", kind="invoice", start="2026-03", end="2026-04")


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_witness_before_the_first_completed_sync_claims_nothing_and_stops_no_sync(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meetings, start, end = month(archive)
    young = Archive(tmp_path / "young")
    with monkeypatch.context() as patch:
        patch.setattr("ytxdata.history.proof.reading.Reading.take", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            young.sync(platform)
    young.witness(bill_of(meetings), kind="invoice", start=start, end=end, name="bill")
    assert young.certificate().worst == "GAP"
    assert not young.certificate().periods
    assert young.sync(platform).unchanged == 60
    assert [one.name for one in young.witnesses()] == ["bill"]
    assert young.verify().is_sound


def test_a_changed_witness_is_not_heard_again(tmp_path: Path, platform: Any) -> None:
    archive = Archive(tmp_path / "b")
    archive.sync(platform)
    meetings, start = archive.meetings(), archive.meetings()["started_at"].min().normalize()
    end = start + timedelta(days=1)
    archive.witness(bill_of(meetings, without=1), kind="invoice", start=start, end=end, name="bill")
    said = archive.witnesses()
    next((archive.path / "witnesses").iterdir()).write_bytes(bill_of(meetings))
    with pytest.raises(DamagedError) as caught:
        archive.sync(platform)
    assert "remove_witness" in str(caught.value)
    assert archive.witnesses() == said
    archive.remove_witness("bill")
    assert archive.sync(platform).new == 0


def test_a_disk_that_is_full_while_an_interrupted_change_is_healed_is_told_as_such(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    (archive.path / "pending").touch()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ytxdata.archive.cleanup.set_aside", full)
    with pytest.raises(ArchiveWriteError) as caught:
        archive.remove_witness("bill")
    assert "No space left" in str(caught.value)


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


def test_a_list_that_was_corrected_under_another_name_names_the_one_that_blocks(archive: Archive) -> None:
    meetings, start, end = month(archive)
    extra = meetings.iloc[[3]].assign(meeting_id="lost")
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end}
    assert archive.witness(bill_of(pd.concat([meetings, extra])), name="first.csv", **asked).blocked_by == ()
    said = archive.witness(bill_of(meetings), name="second try.csv", **asked)
    assert (said.finding, said.blocked_by) == ("witnessed", ("first.csv",))
    assert all("ytxdata witness first.csv --remove" in text for text in said.text)
    assert archive.certificate(start, end).worst == "GAP"
    assert archive.verify().is_sound
    gone = archive.remove_witness("first.csv")
    assert (gone.name, gone.n_only_in_witness) == ("first.csv", 1)
    assert [one.blocked_by for one in archive.witnesses()] == [()]
    assert archive.certificate(start, end).worst == "PROVEN"
    with pytest.raises(UsageError, match=r"second try\.csv") as caught:
        archive.remove_witness("first.csv")
    assert "--remove" in str(caught.value)


def test_what_was_read_by_earlier_rules_is_no_damage_and_is_read_anew_by_the_next_sync(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    meetings, start, end = month(archive)
    with monkeypatch.context() as before:
        before.setattr("ytxdata.history.proof.hearing.RULES", 1)
        before.setattr("ytxdata.history.witness_lists.no_meeting", lambda *_: None)
        bill = bill_of(meetings).replace("合计".encode("gb18030"), "合计 9 场".encode("gb18030"))
        said = archive.witness(bill, kind="invoice", start=start, end=end, name="bill")
        assert said.finding == "lines_missing"
    found = archive.verify()
    assert not found.damages
    assert ["heard by rules of another version" in one.en for one in found.left_open] == [True]
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
    assert [one.n_only_in_witness for one in archive.witnesses()] == [0]
    assert archive.verify().is_sound


@pytest.mark.parametrize("kind", ["invoice", "console", "cdr"])
@pytest.mark.parametrize(
    "header",
    ["被叫,开始时间,结束时间,费用", "主叫,号码,开始时间,结束时间,费用", "话单号,called,begin_time,end_time,fee"],
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


@pytest.mark.parametrize("rules", [1, 3, 99, None])
def test_what_was_heard_by_other_rules_proves_nothing_until_it_is_heard_again(
    archive: Archive, rules: int | None
) -> None:
    """Whoever edits a head could name rules that no check follows, and say by them what they like."""
    meetings, start, end = month(archive)
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    assert archive.witness(bill_of(meetings), **asked).finding == "witnessed"
    assert archive.certificate(start, end).worst == "PROVEN"
    rewritten(archive.path, lambda state: state["witnesses"][0].update(rules=rules))
    assert archive.certificate(start, end).worst == "PROBABLE"
    (said,) = archive.witnesses()
    assert (said.finding, said.agrees) == ("other_rules", False)
    assert "until the next sync" in said.text.en
    assert archive.verify(recompute=True).is_sound
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
    assert [one.finding for one in archive.witnesses()] == ["witnessed"]
    assert archive.certificate(start, end).worst == "PROVEN"


@pytest.mark.parametrize("rules", [1, 3, 99, None])
def test_a_gap_that_a_list_shows_is_not_erased_by_other_rules(archive: Archive, rules: int | None) -> None:
    """Its bytes are there, and can be heard whatever the head says of rules."""
    meetings, start, end = month(archive)
    bill = bill_of(pd.concat([meetings, meetings.iloc[[3]].assign(meeting_id="lost")]))
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    assert archive.witness(bill, **asked).finding == "lines_missing"

    def erased(state: dict[str, Any]) -> None:
        state["witnesses"][0]["rules"] = rules
        state["witnesses"][0]["hearing"] |= {"only_in_witness": [], "n_only_in_witness": 0, "finding": "witnessed"}

    rewritten(archive.path, erased)
    assert archive.certificate(start, end).worst == "PROBABLE", "what is of other rules proves nothing"
    for recompute in (False, True):
        found = archive.verify(recompute=recompute)
        assert not found.is_sound
        assert any("bill" in one.en and "not proven" in one.en for one in found.left_open)
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
    assert archive.certificate(start, end).worst == "GAP"
    assert archive.verify(recompute=True).is_sound


def test_how_a_list_is_read_is_held_against_earlier_heads(archive: Archive) -> None:
    """What another page says that a bill comes to is in no byte of the bill."""
    meetings, start, end = month(archive)
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    told = archive.witness(bill_of(meetings), totals={"lines": len(meetings) + 1}, **asked)
    assert told.finding == "total_differs"
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))

    def forgotten(state: dict[str, Any]) -> None:
        state["witnesses"][0]["reading"]["totals"]["lines"] = None
        snapshot = archive.snapshot()
        assert snapshot is not None
        state["witnesses"] = json.loads(canonical(heard_again(snapshot, state)))

    rewritten(archive.path, forgotten)
    assert [one.finding for one in archive.witnesses()] == ["witnessed"]
    assert verify(archive.path).is_sound, "what is told follows from how it is said to be read"
    damages = verify(archive.path, recompute=True).damages
    assert {"the list bill is read in another way" in damage.detail.en for damage in damages} == {True}


def rewritten(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what the newest head says, and seal it again."""
    path = sorted((root / "heads").glob("[0-9]*.json"))[-1]
    head, files = map(json.loads, path.read_bytes().split(b"\n", 1))
    change(files["state"] if "state" in files else head["state"])
    body = canonical(files)
    head |= {"files_sha256": hashlib.sha256(body).hexdigest()}
    head.pop("sha256")
    path.chmod(0o600)
    path.write_bytes(canonical({**head, "sha256": hashlib.sha256(canonical(head)).hexdigest()}) + b"\n" + body)


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


def test_a_list_that_is_heard_again_keeps_both_totals(archive: Archive) -> None:
    meetings, start, end = month(archive)
    wrong = bill_of(meetings).rsplit(b",", 1)[0] + b",1\r\n"
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    assert archive.witness(wrong, totals={"lines": len(meetings)}, **asked).finding == "total_differs"
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
    assert [one.finding for one in archive.witnesses()] == ["total_differs"]
    assert archive.verify(recompute=True).is_sound


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
