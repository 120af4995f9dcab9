"""A witness of an archive: kept, chained, held against it after each sync, and taken back."""

from __future__ import annotations

import errno
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd
import pytest

from tests.archive.bills import bill_of, billed, month
from tests.archive.forged import rewritten
from ytxdata import audit, times
from ytxdata.archive.archive import Archive
from ytxdata.archive.heads import canonical
from ytxdata.archive.verify import verify
from ytxdata.archive.witnesses import heard_again
from ytxdata.archive.write_sync import Writer
from ytxdata.audit import pack
from ytxdata.audit.pack_check import verify_pack
from ytxdata.cli import main
from ytxdata.emulator import Emulator, write_bill
from ytxdata.errors import ArchiveWriteError, DamagedError, NotAnArchiveError, UsageError
from ytxdata.files import sha256_of
from ytxdata.history.client import Client
from ytxdata.history.proof.witness_check import RULES
from ytxdata.history.proof.witness_result import Hearing
from ytxdata.phones import normalize, number_class
from ytxdata.times import beijing_text


@pytest.fixture(scope="module")
def billed_once(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return billed(tmp_path_factory.mktemp("billed") / "a")


@pytest.fixture
def archive(billed_once: Archive, tmp_path: Path) -> Archive:
    return Archive(shutil.copytree(billed_once.path, tmp_path / "a"))


@pytest.mark.slow
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


def test_a_frame_is_no_list_and_it_is_said_what_is(archive: Archive) -> None:
    with pytest.raises(UsageError, match="the path of a file or its bytes, no DataFrame"):
        archive.witness(archive.meetings(), kind="invoice", start="2026-03", end="2026-04")  # type: ignore[arg-type]


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_list_that_was_handed_in_too_early_proves_nothing_of_what_came_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a March listed as all of it: 72 meetings that nobody asked for before the platform forgot them were PROVEN."""
    with Emulator(meetings=80, seed=5, rate=6, until="2026-03-17", clock="company", retention_days=40) as server:
        monkeypatch.setattr(times, "now", lambda: datetime.fromtimestamp(server.now, UTC))
        client, archive = Client(base_url=server.url, **server.credentials), Archive(tmp_path / "a")
        archive.sync(client)
        so_far = bill_of(archive.meetings("2026-03", "2026-04").dropna(subset=["ended_at"]))
        march: dict[str, Any] = {"kind": "invoice", "start": "2026-03", "end": "2026-04", "name": "bill"}
        said = archive.witness(so_far, **march)
        assert said.finding == "witnessed"
        assert "from 2026-03-16 00:00:00 on it proves nothing" in said.text.en
        server.options.retention_days = 5
        server.advance(days=24)
        archive.sync(client)
        known = {*archive.meetings()["meeting_id"]}
        starts = [
            datetime.fromisoformat(one["started_at"])
            for one in server.truth()["meetings"]
            if one["started_at"] and one["meeting_id"] not in known
        ]
        proven = [one for one in archive.certificate().periods if one.verdict == "PROVEN"]
        assert len(starts) > 50
        assert not [at for at in starts if any(one.start <= at < one.end for one in proven)]
        assert [one.until for one in archive.witnesses()] == [said.until]
        assert archive.verify(recompute=True).is_sound
        # whoever gives it again when the month is over says that it is whole
        assert archive.witness(so_far, **march).until is None


@pytest.mark.slow
def test_a_list_called_after_a_number_is_called_so_nowhere_beside_its_mask(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meetings, start, end = month(archive)
    phone = next(one for one in meetings["creator"] if number_class(normalize(one)) == "mobile")
    more = pd.concat(
        [meetings, *(meetings.iloc[[3]].assign(meeting_id=one) for one in (f"{phone[-8:]}的会议室", "lost"))]
    )
    for rows, name in ((meetings, f"张三{phone}账单.csv"), (more, f"{phone[-8:]}月结单.csv")):
        (tmp_path / name).write_bytes(bill_of(rows))
        asked = ("--kind", "invoice", "--from", start.isoformat(), "--to", end.isoformat())
        with pytest.raises(SystemExit):
            main(["witness", str(tmp_path / name), *asked, "--archive", str(archive.path), "--json"])
    assert [one.blocked_by for one in archive.witnesses()] == [(f"{phone[-8:]}月结单.csv",), ()]
    told = {"witness": capsys.readouterr().out, "card": archive._repr_html_()}
    assert sha256((tmp_path / f"张三{phone}账单.csv").read_bytes()).hexdigest() not in told["witness"]
    assert told["card"].count(f"****{phone[-4:]}月结单.csv") > 2
    with pytest.raises(SystemExit):
        main(["archive", "coverage", "--archive", str(archive.path), "--json"])
    told["json"] = capsys.readouterr().out
    archive.export(tmp_path / "out", format="csv")
    told |= {path.name: path.read_text("utf-8") for path in (tmp_path / "out").rglob("*.csv")}
    with ZipFile(pack(archive, tmp_path / "e.zip").path) as whole:
        told |= {name: whole.read(name).decode() for name in whole.namelist() if not name.endswith((".py", ".txt"))}
    with pytest.raises(SystemExit):
        main(["witness", "other.csv", "--remove", "--archive", str(archive.path), "--json"])
    error = capsys.readouterr().out
    assert "****" in error
    assert phone not in error
    with pytest.raises(SystemExit):
        main(["witness", f"{phone[-8:]}月结单.csv", "--remove", "--archive", str(archive.path), "--json"])
    told["removed"] = capsys.readouterr().out
    assert not [name for name, text in told.items() if phone[-8:] in text]
    assert '"lost"' in told["witness"]
    assert f"****{phone[-4:]}月结单.csv" in told["json"]
    assert not re.search(r"[0-9]{6}Z-[0-9a-f]{16}", told["json"])
    assert verify_pack(tmp_path / "e.zip")


@pytest.mark.slow
def test_a_line_that_the_archive_lacks_is_a_gap_and_a_bill_that_lacks_one_proves_nothing(archive: Archive) -> None:
    meetings, start, end = month(archive)
    extra = meetings.iloc[[3]].assign(meeting_id="lost")
    said = archive.witness(bill_of(pd.concat([meetings, extra])), kind="invoice", start=start, end=end, name="bill")
    assert [one.meeting_id for one in said.only_in_witness] == ["lost"]
    assert archive.certificate(start, end).worst == "GAP"
    short = archive.witness(bill_of(meetings, without=1), kind="invoice", start=start, end=end, name="bill")
    assert short.finding == "incomplete"
    assert archive.certificate(start, end).worst == "PROBABLE", "the second of one name takes the place of the first"


@pytest.mark.slow
def test_a_list_that_takes_the_place_of_another_months_says_whose_gaps_are_taken_back(archive: Archive) -> None:
    meetings, start, end = month(archive)
    middle = meetings.started_at.min().normalize() + (end - start) // 2
    first, second = meetings[meetings.started_at < middle], meetings[meetings.started_at >= middle]
    extra = first.iloc[[0]].assign(meeting_id="lost")
    told = archive.witness(bill_of(pd.concat([first, extra])), kind="invoice", start=start, end=middle, name="bill")
    assert (told.instead_of, archive.certificate(start, middle).worst) == (None, "GAP")
    again = archive.witness(bill_of(second), kind="invoice", start=middle, end=end, name="bill")
    assert again.instead_of == (told.start, told.end, 1)
    assert "takes the place of the earlier list bill" in again.text.en
    assert "取代了此前同名的清单 bill" in again.text.zh
    same = archive.witness(bill_of(second), kind="invoice", start=middle, end=end, name="bill")
    assert same.instead_of is None, "the same list, given again, takes nothing back"
    assert archive.witnesses()[0].instead_of is None


@pytest.mark.slow
@pytest.mark.parametrize("how", ["another period", "another total"])
def test_the_same_list_that_is_given_again_for_something_else_says_what_is_taken_back(
    archive: Archive, how: str
) -> None:
    meetings, start, end = month(archive)
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    archive.witness(bill_of(meetings), **asked)
    assert archive.certificate(start, end).worst == "PROVEN"
    other = {"end": start + (end - start) / 2} if how == "another period" else {"totals": {"lines": 1}}
    said = archive.witness(bill_of(meetings), **asked | other)
    assert (said.instead_of, archive.certificate(start, end).worst) == ((start, end, 0), "PROBABLE")
    assert "takes the place of the earlier list bill" in said.text.en


@pytest.mark.slow
def test_a_list_none_of_whose_lines_is_in_the_period_given_takes_back_no_proof(archive: Archive) -> None:
    """The commonest slip, `--to` the month that it is of, took a proven month back."""
    meetings, start, end = month(archive)
    asked: dict[str, Any] = {"kind": "invoice", "name": "bill"}
    archive.witness(bill_of(meetings), start=start, end=end, **asked)
    before = {path: path.read_bytes() for path in archive.path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="the period is empty"):
        archive.witness(bill_of(meetings), start=start, end=start, **asked)
    with pytest.raises(UsageError) as refused:
        archive.witness(bill_of(meetings), start=start - timedelta(days=31), end=start, **asked)
    assert f"all {len(meetings)} lines are outside the period given" in refused.value.cause.en
    last = (end.replace(day=1) + timedelta(days=32)).replace(day=1)
    assert refused.value.remedy is not None
    assert f"--from {start:%Y-%m} --to {last:%Y-%m}" in refused.value.remedy.en
    assert {path: path.read_bytes() for path in archive.path.rglob("*") if path.is_file()} == before
    assert archive.certificate(start, end).worst == "PROVEN"
    with pytest.raises(UsageError, match="the period is empty"):
        archive.witness(bill_of(meetings), start=end, end=start, kind="invoice", name="another")
    other = archive.witness(bill_of(meetings), kind="invoice", start="2020-01", end="2020-02", name="another")
    assert other.finding == "outside_period", "nothing is taken back by a list of another name"


@pytest.mark.slow
def test_a_list_says_what_is_proven_by_it_when_it_is_handed_in(archive: Archive) -> None:
    meetings, start, end = month(archive)
    asked: dict[str, Any] = {"kind": "invoice", "name": "bill"}
    said = archive.witness(bill_of(meetings), start=start, end=end, **asked)
    assert said.proven == ((start, end),)
    edges = f"{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S}"
    assert f"PROVEN by it now: {edges}" in said.text.en
    assert "现已由它证实为 PROVEN" in said.text.zh
    assert "PROVEN by it now" not in archive.witnesses()[0].text.en, "it is told once"
    longer = archive.witness(bill_of(archive.meetings()), start=start, end="2099-01", **asked)
    (proven,) = longer.proven or ()
    assert proven[0] == start
    assert archive.certificate(*proven).worst == "PROVEN"
    assert f"not PROVEN: {beijing_text(proven[1])} to" in longer.text.en
    assert archive.certificate(proven[1], proven[1] + timedelta(hours=1)).periods[0].told.en in longer.text.en
    short = archive.witness(bill_of(meetings, without=1), start=start, end=end, **asked)
    assert (short.finding, short.proven) == ("incomplete", ())
    assert "PROVEN by it" not in short.text.en


@pytest.mark.slow
@pytest.mark.parametrize(("is_removed", "rules"), [(True, RULES), (False, RULES - 1)])
def test_a_list_that_is_given_again_proves_at_once_what_it_proved_in_one_change(
    archive: Archive, is_removed: bool, rules: int
) -> None:
    meetings, start, end = month(archive)
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    archive.witness(bill_of(meetings), **asked)
    before = archive.certificate(start, end).frame
    rewritten(archive, lambda state: state["witnesses"][0].update(rules=rules))
    if is_removed:
        archive.remove_witness("bill")
        assert archive.certificate(start, end).worst == "PROBABLE"
    heads = len(list((archive.path / "heads").glob("[0-9]*.json")))
    archive.witness(bill_of(meetings), **asked)
    assert archive.certificate(start, end).frame.equals(before)
    assert archive.coverage().query("reason == 'witnessed'").shape[0] == 1
    assert len(list((archive.path / "heads").glob("[0-9]*.json"))) == heads + 1
    assert archive.verify(recompute=True).is_sound


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_changed_witness_is_damage(archive: Archive) -> None:
    meetings, start, end = month(archive)
    archive.witness(bill_of(meetings), kind="invoice", start=start, end=end, name="bill")
    file = next((archive.path / "witnesses").iterdir())
    file.write_bytes(file.read_bytes().replace(b"1", b"2"))
    from ytxdata.archive.verify import verify

    assert not verify(archive.path).is_sound


@pytest.mark.slow
def test_other_bytes_at_the_place_of_a_list_below_one_more_head_are_damage_and_none_that_was_published(
    archive: Archive, tmp_path: Path
) -> None:
    """The bill that named a meeting which is not here was exchanged for one that did not: a GAP became PROVEN."""
    meetings, start, end = month(archive)
    extra = meetings.head(1).assign(meeting_id="lost")
    archive.witness(bill_of(pd.concat([meetings, extra])), kind="invoice", start=start, end=end, name="bill")
    audit.publish_head(archive, str(tmp_path / "heads.jsonl"))
    snapshot = archive.snapshot()
    assert snapshot is not None
    (file,) = snapshot.listed["witnesses"]
    path = archive.path / file.path
    other = b"".join(line for line in path.read_bytes().splitlines(keepends=True) if b"lost" not in line)
    path.write_bytes(other)
    writer = Writer(archive.path, snapshot)
    writer.files["witnesses"] = (file._replace(size=len(other), sha256=sha256_of(path)),)
    state = {**snapshot.head.state, "witnesses": heard_again(writer.preview(), snapshot.head.state)}
    writer.promote("compact", state=state)
    found = verify(archive.path)
    assert [(one.kind, one.name) for one in found.damages] == [("data", file.path)]
    assert "bill" in audit.verify_heads(archive, tmp_path / "heads.jsonl").left_open[0].en


@pytest.mark.slow
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


@pytest.mark.slow
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
    behind = (starts.max().replace(day=1) + timedelta(days=32)).replace(day=1)
    assert f"--from {starts.min():%Y-%m} --to {behind:%Y-%m}" in said.text.en
    assert f"from {starts.min():%Y-%m-%d} to {starts.max():%Y-%m-%d}" in said.text.en
    assert Hearing.from_dict(json.loads(json.dumps(said.to_dict()))) == replace(
        said, instead_of=None, covers=None, proven=None, unproven=None
    )


@pytest.mark.slow
def test_the_period_to_give_is_that_which_the_list_states(archive: Archive) -> None:
    """The first and the last line of a month's bill left its first day unproven."""
    meetings, start, end = month(archive)
    first, last = start - timedelta(days=2), end + timedelta(days=3)
    title = f"账期：{first:%Y-%m-%d} 至 {last:%Y-%m-%d},,\r\n".encode("gb18030")
    asked: dict[str, Any] = {"kind": "invoice", "start": start + timedelta(days=9), "end": end}
    said = archive.witness(title + bill_of(meetings), name="bill", **asked)
    assert said.finding == "outside_period"
    asked_for = [f"{one:%Y-%m-%d}".removesuffix("-01") for one in (first, last + timedelta(days=1))]
    assert "--from {} --to {},".format(*asked_for) in said.text.en
    # of a title that is not of its lines the months of these are given
    title = f"账期：{first:%Y-%m-%d} 至 {start:%Y-%m-%d},,\r\n".encode("gb18030")
    said = archive.witness(title + bill_of(meetings), name="other", **asked)
    assert f"--from {start:%Y-%m} --to" in said.text.en
    # of a list of days, too
    days = pd.DataFrame(meetings).assign(started_at=meetings["started_at"].dt.normalize())
    archive.witness(bill_of(days), kind="invoice", start=start, end=end, name="days", totals={"lines": len(days)})
    assert archive.certificate(start, end).worst == "PROVEN"
    with pytest.raises(UsageError) as refused:
        archive.witness(bill_of(days), kind="invoice", start="2020-01", end="2020-02", name="days")
    assert refused.value.remedy is not None
    assert f"--from {start:%Y-%m} --to" in refused.value.remedy.en


def test_where_no_archive_is_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchiveError):
        Archive(tmp_path / "typo").witness(b"meid\nx\n", kind="invoice", start="2026-03", end="2026-04")
    assert not (tmp_path / "typo").exists()
    with pytest.raises(UsageError):
        Archive(tmp_path / "typo").witness(tmp_path / "nothing.csv", kind="invoice", start="2026-03", end="2026-04")


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_a_witness_before_the_first_completed_sync_claims_nothing_and_stops_no_sync(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meetings, start, end = month(archive)
    young = Archive(tmp_path / "young")
    with monkeypatch.context() as patch:
        patch.setattr("ytxdata.history.proof.rules.Reading.take", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            young.sync(platform)
    young.witness(bill_of(meetings), kind="invoice", start=start, end=end, name="bill")
    assert young.certificate().worst == "GAP"
    assert not young.certificate().periods
    assert young.sync(platform).unchanged == 60
    assert [one.name for one in young.witnesses()] == ["bill"]
    assert young.verify().is_sound


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_what_was_read_by_earlier_rules_is_no_damage_and_is_read_anew_by_the_next_sync(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    meetings, start, end = month(archive)
    with monkeypatch.context() as before:
        before.setattr("ytxdata.history.proof.witness_check.RULES", 1)
        before.setattr("ytxdata.history.witness_lists.no_meeting", lambda *_: None)
        before.setattr("ytxdata.history.witness_lists.count_line", lambda *_: None)
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


@pytest.mark.slow
@pytest.mark.parametrize("rules", [3, 99, None])
def test_what_was_heard_by_other_rules_proves_nothing_until_it_is_heard_again(
    archive: Archive, rules: int | None
) -> None:
    """Whoever edits a head could name rules that no check follows, and say by them what they like."""
    meetings, start, end = month(archive)
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    assert archive.witness(bill_of(meetings), **asked).finding == "witnessed"
    assert archive.certificate(start, end).worst == "PROVEN"
    rewritten(archive, lambda state: state["witnesses"][0].update(rules=rules))
    assert archive.certificate(start, end).worst == "PROBABLE"
    (said,) = archive.witnesses()
    assert (said.finding, said.agrees) == ("other_rules", False)
    assert "until the next sync" in said.text.en
    assert archive.verify(recompute=True).is_sound
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
    assert [one.finding for one in archive.witnesses()] == ["witnessed"]
    assert archive.certificate(start, end).worst == "PROVEN"


@pytest.mark.slow
@pytest.mark.parametrize("rules", [1, 99, None])
def test_a_gap_that_a_list_shows_is_not_erased_by_other_rules(archive: Archive, rules: int | None) -> None:
    """Its bytes are there, and can be heard whatever the head says of rules."""
    meetings, start, end = month(archive)
    bill = bill_of(pd.concat([meetings, meetings.iloc[[3]].assign(meeting_id="lost")]))
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    assert archive.witness(bill, **asked).finding == "lines_missing"

    def erased(state: dict[str, Any]) -> None:
        state["witnesses"][0]["rules"] = rules
        state["witnesses"][0]["hearing"] |= {"only_in_witness": [], "n_only_in_witness": 0, "finding": "witnessed"}

    rewritten(archive, erased)
    assert archive.certificate(start, end).worst == "PROBABLE", "what is of other rules proves nothing"
    for recompute in (False, True):
        found = archive.verify(recompute=recompute)
        assert not found.is_sound
        assert any("bill" in one.en and "not proven" in one.en for one in found.left_open)
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
    assert archive.certificate(start, end).worst == "GAP"
    assert archive.verify(recompute=True).is_sound


@pytest.mark.slow
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

    rewritten(archive, forgotten)
    assert [one.finding for one in archive.witnesses()] == ["witnessed"]
    assert verify(archive.path).is_sound, "what is told follows from how it is said to be read"
    damages = verify(archive.path, recompute=True).damages
    assert {"the list bill is read in another way" in damage.detail.en for damage in damages} == {True}


@pytest.mark.slow
def test_a_list_that_is_heard_again_keeps_both_totals(archive: Archive) -> None:
    meetings, start, end = month(archive)
    wrong = bill_of(meetings).rsplit(b",", 1)[0] + b",1\r\n"
    asked: dict[str, Any] = {"kind": "invoice", "start": start, "end": end, "name": "bill"}
    assert archive.witness(wrong, totals={"lines": len(meetings)}, **asked).finding == "total_differs"
    with Emulator(meetings=120) as server:
        archive.sync(Client(base_url=server.url, **server.credentials))
    assert [one.finding for one in archive.witnesses()] == ["total_differs"]
    assert archive.verify(recompute=True).is_sound
