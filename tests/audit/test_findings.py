"""Findings: stable ids, any order, any engine; their life beside the archive; accepted, explained, written."""

from __future__ import annotations

import errno
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.audit.office import ANNA, BORIS, CARLA, NOW, Office, Story
from ytxdata import Archive, Frames, History, audit
from ytxdata.audit import CHECKS, Finding, findings
from ytxdata.audit.data import open_data
from ytxdata.audit.findings import COLUMNS, Life
from ytxdata.errors import DamagedError, NotAnArchiveError, SpokenWarning, UsageError
from ytxdata.labels import Text
from ytxdata.tables.masking import Pseudonyms


def eventful() -> Office:
    """One of many things."""
    office = Office()
    for i in range(6):
        office.meet(f"b{i}", f"2026-03-03 10:0{i}", 30, [ANNA, BORIS])
    office.meet("long", "2026-03-02 08:00", 13 * 3600, [BORIS, CARLA])
    office.meet("twin", "2026-03-02 09:00", 400, [CARLA]).meet("twin2", "2026-03-02 09:00", 400, [CARLA])
    office.meet("id", "2026-02-24 09:00", 600, [ANNA]).meet("id", "2026-02-25 09:00", 600, [BORIS])
    office.meet("row", "2026-03-03 14:00", 900, [ANNA, *(str(13700000010 + i) for i in range(6))])
    return office.meet("far", "2026-03-03 15:00", 900, [ANNA, "+12125550147"]).meet("open", "2026-02-27 11:00", None)


def content(found: audit.Findings) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(found.frame.to_json(orient="records"))
    return rows


ROSTER = pd.DataFrame({"phone": [ANNA, BORIS, CARLA]})
OPTIONS: dict[str, Any] = {"roster": ROSTER, "as_of": NOW}


@pytest.fixture(scope="module")
def full() -> audit.Findings:
    """What is found of the eventful office, for all that only look at it."""
    return audit.run(eventful().frames, **OPTIONS)


@pytest.mark.slow
def test_the_frame_is_the_same_whether_full_or_empty(office: Office, full: audit.Findings) -> None:
    empty = audit.run(office.frames, **OPTIONS)
    assert tuple(full.frame.columns) == tuple(empty.frame.columns) == COLUMNS
    assert list(full.frame.dtypes) == list(empty.frame.dtypes)
    assert len(empty) == 0
    assert len(full) > 10
    assert isinstance(full.frame["record_ids"].iloc[0], list)


def _scans(frames: Frames) -> Frames:
    connection = duckdb.connect()
    meetings, legs = (
        connection.from_arrow(pa.Table.from_pandas(frame, preserve_index=False))
        for frame in (frames.meetings, frames.legs)
    )
    return Frames(meetings, legs)


ENGINES: dict[str, Callable[[Frames], Frames]] = {
    "polars": lambda frames: Frames(pl.from_pandas(frames.meetings), pl.from_pandas(frames.legs)),
    "polars lazy": lambda frames: Frames(pl.from_pandas(frames.meetings).lazy(), pl.from_pandas(frames.legs).lazy()),
    "duckdb": _scans,
}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_findings_are_the_same_on_every_engine(engine: str, full: audit.Findings) -> None:
    assert content(audit.run(ENGINES[engine](eventful().frames), **OPTIONS)) == content(full)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_findings_are_the_same_for_any_order_of_records(seed: int, full: audit.Findings) -> None:
    office = eventful()
    random.Random(seed).shuffle(office.meetings)
    random.Random(seed).shuffle(office.legs)
    assert content(audit.run(office.frames, **OPTIONS)) == content(full)


@pytest.mark.slow
def test_no_id_is_a_hash_of_a_number(full: audit.Findings) -> None:
    """The same office with other people has the same ids: nobody can find a number by trying all."""
    renamed = eventful()
    others = {number: str(int(number) + 1_000_000) for number in (ANNA, BORIS, CARLA)}
    for row, key in [*((one, "creator") for one in renamed.meetings), *((one, "phone") for one in renamed.legs)]:
        row[key] = others.get(row[key], row[key])
    roster = pd.DataFrame({"phone": list(others.values())})
    other = audit.run(renamed.frames, roster=roster, as_of=NOW)
    assert list(full.frame["finding_id"]) == list(other.frame["finding_id"])


@pytest.mark.slow
def test_numbers_are_masked_on_the_way_out(full: audit.Findings, tmp_path: Path) -> None:
    assert any(ANNA in text for text in full.frame["zh"])
    html, path = full._repr_html_(), full.to_csv(tmp_path / "findings.csv")
    for text in (html, path.read_text("utf-8-sig"), *(note.en for note in full.masked().notes)):
        assert ANNA not in text
        assert "2125550147" not in text
    full.to_excel(tmp_path / "findings.xlsx")


ROOM = "孙某丙会议室"


def everything_of(found: audit.Findings, folder: Path, **options: Any) -> str:
    """All that leaves of findings and their evidence, with the bare look at them where nothing is asked for."""
    tables = [found, *(found.explain(one) for one in found.frame["finding_id"])]
    texts = [table.to_csv(folder / f"{n}.csv", **options).read_text("utf-8-sig") for n, table in enumerate(tables)]
    shown = [table.masked(**options) for table in tables]
    texts += [str((one.title, one.notes, one.definitions, one.arrow.to_pylist())) for one in shown]
    return "\n".join([*texts, *(() if options else (f"{one!r}{one._repr_html_()}" for one in tables))])


def test_pseudonyms_hide_an_id_that_is_a_name_in_its_sentence_and_in_its_evidence(tmp_path: Path) -> None:
    keys = Pseudonyms(b"0123456789abcdef")
    office = Office().meet(ROOM, "2026-03-02 08:00", 7 * 3600).meet("long", "2026-03-02 20:00", 7 * 3600)
    found = audit.run(office.frames, as_of=NOW, checks=["over_long"])
    told = everything_of(found, tmp_path, pseudonyms=keys)
    assert "孙某丙" not in told
    assert f"meeting {keys.of_title(ROOM)} (" in told
    assert "meeting long (" in told
    assert ROOM in everything_of(found, tmp_path)


def test_the_id_of_a_finding_opens_no_pseudonym_and_that_of_an_id_in_letters_stays() -> None:
    """Whoever has a list of names tried them all: the id was a plain hash of the check and the name."""
    office = Office().meet(ROOM, "2026-03-02 08:00", 7 * 3600).meet("long", "2026-03-02 20:00", 7 * 3600)
    office.meet("room 3", "2026-03-03 08:00", 7 * 3600).meet("13812345678", "2026-03-03 18:00", 5 * 3600)
    found = audit.run(office.frames, as_of=NOW, checks=["over_long"]).frame
    plain = {
        one: hashlib.sha256(json.dumps(["over_long", one, "0"], ensure_ascii=False).encode()).hexdigest()[:16]
        for one in (ROOM, "long", "room 3", "13812345678")
    }
    told = {ids[0]: one for ids, one in zip(found["record_ids"], found["finding_id"], strict=True)}
    assert {one for one in told if told[one] != plain[one]} == {ROOM}


def test_two_rooms_called_by_names_are_two_findings_and_the_same_in_every_audit_of_an_archive(story: Story) -> None:
    office = Office().meet(ROOM, "2026-03-02 08:00", 7 * 3600).meet("李某丁", "2026-03-02 08:00", 7 * 3600)
    assert len(audit.run(office.frames, as_of=NOW, checks=["over_long"])) == 2
    data = open_data(story.archive)
    one = Finding(record_ids=(ROOM,), text=Text("", ""))
    assert data.fact(ROOM, one, {ROOM}) == open_data(story.archive).fact(ROOM, one, {ROOM}) != ROOM


@pytest.mark.parametrize("who", ["wangxiaohu", "王小虎 经理", "8012", "meeting"])
def test_a_creator_that_is_no_number_leaves_in_a_sentence_as_in_a_table(tmp_path: Path, who: str) -> None:
    office = Office()
    for n in range(6):
        office.meet(f"b{n}", f"2026-03-03 10:0{n}", 600 + n, [ANNA, BORIS], creator=who)
    found = audit.run(office.frames, as_of=NOW, checks=["burst", "creator_overlap", "duplicate_near"])
    told = everything_of(found, tmp_path)
    for before in ("creator ", "发起人 "):
        assert f"{before}{who}" not in told
        assert f"{before}****" in told
    assert "meetings within" in told  # a word of ours stays, whoever is called like it
    assert f"creator {who}" in json.dumps(found.to_dicts(show_phones=True), ensure_ascii=False)
    keys = Pseudonyms(b"0123456789abcdef")
    assert f"creator {keys.of_phone(who)} " in everything_of(found, tmp_path, pseudonyms=keys)


@pytest.mark.slow
def test_a_finding_belongs_to_the_period_of_its_latest_record() -> None:
    office = (
        Office()
        .meet("1", "2026-02-28 23:00", 7200, [BORIS], creator=ANNA)
        .meet("2", "2026-03-01 00:30", 3600, [CARLA], creator=ANNA)
    )
    for start, end, n in (("2026-03-01", None, 1), (None, "2026-03-01", 0), ("2026-02", "2026-04", 1)):
        assert len(audit.run(office.frames, start=start, end=end, as_of=NOW, checks=["creator_overlap"])) == n


@pytest.mark.slow
def test_months_together_are_the_whole() -> None:
    office = eventful()
    keys = ["duplicate_exact", "id_collision", "missing_end", "over_long", "burst", "risky_number", "off_hours"]
    whole = set(audit.run(office.frames, checks=keys, **OPTIONS).frame["finding_id"])
    parts = [
        set(audit.run(office.frames, start=a, end=b, checks=keys, **OPTIONS).frame["finding_id"])
        for a, b in ((None, "2026-03"), ("2026-03", None))
    ]
    assert whole == parts[0] | parts[1]


@pytest.mark.slow
def test_a_check_without_its_input_says_so_and_never_passes_in_silence(office: Office) -> None:
    office.meet("1", creator=None, people=[])
    found = audit.run(office.frames)
    assert {
        "unknown_number",
        "enumeration",
        "billing_mismatch",
        "vanished",
        "mutated_after_close",
        "burst",
        "lonely_tail",
    } <= set(found.not_run)
    assert "no roster" in audit.run(eventful().frames).not_run["unknown_number"].en
    assert "the records name no parties" in found.not_run["enumeration"].en
    none = audit.run(Office().frames).not_run
    assert "there are no records of meetings" in none["enumeration"].en
    assert not [one.en for one in none.values() if "the records name" in one.en or "the parties" in one.en]
    told = {row["check"]: row["state_en"] for row in found.summary().frame.to_dict("records")}
    assert told["unknown_number"].startswith("not run, because")
    assert told["over_long"] == "ran"
    assert any("unknown_number" in note.en for note in found.notes)


@pytest.mark.slow
def test_the_summary_counts_what_is_open(full: audit.Findings) -> None:
    rows = {row["check"]: row for row in full.summary().frame.to_dict("records")}
    assert set(rows) == set(CHECKS)
    assert (rows["over_long"]["crit"], rows["over_long"]["new"], rows["burst"]["warn"]) == (1, 1, 1)


@pytest.mark.slow
def test_a_check_of_ones_own() -> None:
    @audit.check("afternoon", "下午开会", "afternoon", thresholds=("hour",))
    def afternoon(data: Any, *, hour: int = 14) -> Iterator[Finding]:
        for row in data.rows("SELECT meeting_id FROM meetings WHERE s % 86400 // 3600 >= ?", hour):
            yield Finding(record_ids=(row["meeting_id"],), text=Text("下午", "afternoon"))

    try:
        found = audit.run(eventful().frames, **OPTIONS)
        assert sorted(found.frame[found.frame["check"] == "afternoon"]["record_ids"].explode()) == ["far", "row"]
        assert len(audit.run(eventful().frames, checks=["afternoon"], config={"afternoon": {"hour": 15}})) == 1
    finally:
        del CHECKS["afternoon"]


@pytest.mark.parametrize(
    "options",
    [
        {"config": {"over_lang": {}}},
        {"config": {"over_long": {"warn": 1}}},
        {"config": {"over_long": {"warn_s": -1}}},
        {"config": {"over_long": {"warn_s": "4 h"}}},
        {"config": {"over_long": 3}},
        {"checks": ["over_lang"]},
        {"start": "2026-03", "end": "2026-02"},
        {"as_of": "soon"},
    ],
)
def test_what_cannot_be_meant_is_refused(office: Office, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        audit.run(office.frames, **options)


def test_a_typing_error_is_answered_with_what_was_meant(office: Office) -> None:
    with pytest.raises(UsageError, match="did you mean over_long"):
        audit.run(office.frames, checks=["over_lang"])


def test_an_archive_without_a_sync_is_no_clean_one(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchiveError):
        audit.run(Archive(tmp_path / "nowhere.archive"))


@pytest.mark.slow
def test_sensitivity_halves_and_doubles_every_threshold() -> None:
    office = Office().meet("a", lasts=3 * 3600).meet("b", lasts=5 * 3600).meet("c", lasts=9 * 3600)
    rows = audit.run(office.frames, as_of=NOW).sensitivity().frame.to_dict("records")
    (row,) = [one for one in rows if (one["check"], one["parameter"]) == ("over_long", "warn_s")]
    assert (row["half"], row["same"], row["twice"], len(row["curve"])) == (3, 2, 1, 3)
    assert "off_hours" in {one["check"] for one in rows}


@pytest.mark.slow
def test_each_threshold_of_a_bill_finds_what_it_finds_by_itself() -> None:
    """What lies beside what is looked up once for all of them, and a threshold is none of that."""
    office, lengths = Office(), [1207, 1801, 2411, 3001, 3607, 4211, 4813, 5417]
    for n, seconds in enumerate(lengths):
        office.meet(f"m{n}", lasts=seconds)
    told = [seconds + more for seconds, more in zip(lengths, (0, 0, 0, 0, 0, 0, 2, 3), strict=True)]
    bill = pd.DataFrame({"meeting_id": [f"m{n}" for n in range(8)], "duration_s": told, "amount_yuan": None})
    given: dict[str, Any] = {"invoice": bill, "as_of": NOW, "checks": ["billing_mismatch"]}
    rows = audit.run(office.frames, **given).sensitivity().frame.set_index("parameter")
    alone = [
        len(audit.run(office.frames, config={"billing_mismatch": {"within_s": one}}, **given)) for one in (1, 2, 4)
    ]
    assert rows.loc["within_s", ["half", "same", "twice"]].tolist() == alone
    assert len(set(alone)) == 3


# ── the life of findings ──


def statuses(found: audit.Findings) -> dict[str, str]:
    return dict(zip(found.frame["finding_id"], found.frame["status"], strict=True))


@pytest.mark.slow
def test_new_then_persisting(story: Story) -> None:
    first = story.few()
    assert set(first.frame["status"]) == {"new"}
    again = story.few()
    assert set(again.frame["status"]) == {"persisting"}
    assert list(first.frame["finding_id"]) == list(again.frame["finding_id"])
    assert len(again.changed()) == 0


@pytest.mark.slow
def test_resolved_stays_in_the_frame_and_new_again_when_it_comes_back(story: Story) -> None:
    options: dict[str, Any] = {"checks": ["over_long"]}
    first = story.audit(**options)
    strict = story.audit(**options, config={"over_long": {"warn_s": 6 * 3600}})
    gone = set(statuses(first)) - {key for key, status in statuses(strict).items() if status != "resolved"}
    assert gone
    assert {statuses(strict)[key] for key in gone} == {"resolved"}
    assert set(strict.changed().frame["finding_id"]) == gone
    assert len(story.audit(**options, config={"over_long": {"warn_s": 6 * 3600}}).changed()) == 0
    assert {statuses(story.audit(**options))[key] for key in gone} == {"new"}


@pytest.mark.slow
def test_a_check_that_did_not_run_and_a_period_that_was_not_looked_at_resolve_nothing(story: Story) -> None:
    before = statuses(story.few())
    assert "resolved" not in statuses(story.few(roster=None)).values()
    for _ in range(2):
        assert "resolved" not in statuses(story.few(start="2026-03-03")).values()
    assert statuses(story.audit(start="2026-03-03", config={"over_long": {"warn_s": 1}}, checks=["over_long"]))
    assert set(statuses(story.few())) == set(before)
    assert set(statuses(story.few()).values()) == {"persisting"}


@pytest.mark.slow
def test_accepted_survives_and_is_not_open(story: Story) -> None:
    first = story.few()
    row = first.at_least("crit").frame.iloc[0]
    returned = first.accept(row["finding_id"], reason="已核实", by="审计员")
    for found in (returned, first, story.few()):
        (now,) = found.frame[found.frame["finding_id"] == row["finding_id"]].to_dict("records")
        assert (now["status"], now["reason"], now["by"]) == ("accepted", "已核实", "审计员")
        assert row["finding_id"] not in set(found.at_least("warn").frame["finding_id"])
    assert first.arrow.filter(pa.compute.equal(first.arrow["finding_id"], row["finding_id"]))["by"].to_pylist() == [
        "审计员"
    ]


@pytest.mark.slow
def test_accepting_takes_a_reason_and_a_reviewer(story: Story) -> None:
    found = story.audit(checks=["over_long"])
    for reason, by in (("", "me"), ("  ", "me"), ("why", ""), ("why", " \t")):
        with pytest.raises(UsageError):
            found.accept(found.frame["finding_id"].iloc[0], reason=reason, by=by)
    assert set(story.audit(checks=["over_long"]).frame["status"]) == {"persisting"}


@pytest.mark.slow
def test_only_what_was_found_can_be_accepted_and_only_beside_an_archive(story: Story) -> None:
    with pytest.raises(UsageError, match="no finding"):
        story.few().accept("0123456789abcdef", reason="why", by="me")
    found = audit.run(eventful().frames, **OPTIONS)
    with pytest.raises(UsageError, match="archive"):
        found.accept(found.frame["finding_id"].iloc[0], reason="why", by="me")


@pytest.mark.slow
def test_the_file_only_grows_and_lies_beside_the_archive(story: Story) -> None:
    story.few()
    path = Life.beside(story.archive.path).path
    assert path.parent == story.archive.path.parent
    before = path.read_bytes()
    story.few()
    assert path.read_bytes() == before
    story.few().accept(story.few().frame["finding_id"].iloc[0], reason="why", by="me")
    assert path.read_bytes().startswith(before)


@pytest.mark.slow
def test_looking_at_the_past_and_looking_only_remember_nothing(story: Story) -> None:
    story.few(remember=False)
    story.few(as_of="2026-03-04 00:30")
    assert not Life.beside(story.archive.path).path.exists()


@pytest.mark.slow
def test_beside_an_archive_on_a_read_only_disk_findings_are_told_and_not_remembered(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an archive on a read-only disk an auditor was told nothing."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    whole = story.few(remember=False)
    monkeypatch.setattr(findings, "append_lines", refused)
    with pytest.warns(SpokenWarning, match=r"audit\.jsonl: Read-only file system"):
        told = story.few()
    assert told.frame.equals(whole.frame)
    assert [*told.notes] == [*whole.notes], "a pack of them is as one made elsewhere"
    with pytest.raises(UsageError) as stop:
        told.accept(told.frame["finding_id"].iloc[0], reason="why", by="me")
    assert "remember" not in str(stop.value)


@pytest.mark.slow
def test_a_torn_last_line_is_passed_over_and_a_damaged_one_is_told(story: Story) -> None:
    story.few()
    path = Life.beside(story.archive.path).path
    with path.open("ab") as file:
        file.write(b'{"event": "acce')
    assert set(story.few().frame["status"]) == {"persisting"}
    found = story.few()
    found.accept(found.frame["finding_id"].iloc[0], reason="why", by="me")
    assert "accepted" in set(story.few().frame["status"]), "what was cut short spoils nothing that comes after it"
    with path.open("ab") as file:
        file.write(b'{"event": "acce\n')
    with pytest.raises(DamagedError, match="line"):
        story.few()


@pytest.mark.slow
def test_an_audit_changes_no_byte_of_an_archive(story: Story, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        root = story.archive.path
        return {
            str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in root.rglob("*")
            if path.is_file()
        }

    before = state()
    found = story.audit()
    found.accept(found.frame["finding_id"].iloc[0], reason="why", by="me")
    found.explain(found.frame["finding_id"].iloc[0])
    story.few(remember=False).sensitivity()
    audit.changes(story.archive)
    audit.moved(story.archive)
    audit.reconcile(story.archive, story.invoice)
    audit.pack(story.archive, tmp_path / "pack.zip", findings=found, include_raw=True)
    assert state() == before
    assert story.archive.verify().is_sound


# ── evidence ──


@pytest.mark.slow
def test_every_finding_about_records_names_the_pulls_that_brought_them(story: Story) -> None:
    found = story.audit()
    pulls = set(story.archive.pulls()["pull_id"])
    for row in found.frame.to_dict("records"):
        assert set(found.pulls[row["finding_id"]]) <= pulls
        if set(row["record_ids"]) & found.known_records:
            assert found.pulls[row["finding_id"]]


@pytest.mark.slow
def test_explain_shows_the_raw_records_side_by_side(story: Story) -> None:
    found = story.audit()
    row = found.frame[found.frame["check"] == "duplicate_exact"].iloc[0]
    shown = found.explain(row["finding_id"])
    assert list(shown.frame.columns) == ["key", "record_1", "record_2"]
    ids = shown.frame.set_index("key").loc["meid", ["record_1", "record_2"]]
    assert sorted(ids) == sorted(row["record_ids"])
    assert any("pulls" in note.en for note in shown.notes)


@pytest.mark.slow
def test_explain_of_a_change_shows_both_versions(story: Story) -> None:
    found = story.audit(checks=["mutated_after_close"])
    money = next(row for row in found.frame.to_dict("records") if "amount_yuan" in row["en"])
    frame = found.explain(money["finding_id"]).frame.set_index("key")
    assert frame.loc["oriamount", "record_1"] != frame.loc["oriamount", "record_2"]
    assert frame.drop("oriamount")["record_1"].equals(frame.drop("oriamount")["record_2"])


@pytest.mark.slow
def test_a_history_and_frames_are_explained_too(story: Story) -> None:
    from ytxdata.records.answer import read_answer

    raw = story.archive.answer(story.archive.pulls()["pull_id"].iloc[0])
    asked = story.archive.pulls()["asked_at"].iloc[0].to_pydatetime()
    history = History.from_answers([read_answer(raw, asked_at=asked, asked_n=1000)])
    found = audit.run(history, roster=story.roster, invoice=story.invoice)
    assert set(found.frame["status"]) == {"new"}
    long = found.frame[found.frame["check"] == "over_long"].iloc[0]
    assert long["record_ids"][0] in set(found.explain(long["finding_id"]).frame["record_1"])
    of_frames = audit.run(eventful().frames, **OPTIONS)
    row = of_frames.frame[of_frames.frame["check"] == "over_long"].iloc[0]
    assert "long" in set(of_frames.explain(row["finding_id"]).frame["record_1"])


@pytest.mark.slow
def test_who_accepts_a_small_group_has_not_accepted_a_smaller_one_or_the_next_months() -> None:
    from ytxdata import metrics

    def ids(people: list[str], month: str, end: str) -> set[str]:
        office = Office().meet("1", f"{month}-03 10:00", people=people)
        report = metrics.usage(office.frames, by="month", start=month, end=end)
        return set(audit.small_group(report).frame["finding_id"])

    three, two = [ANNA, BORIS, CARLA], [ANNA, BORIS]
    march = ids(three, "2026-03", "2026-04")
    assert march == ids(three, "2026-03", "2026-04")
    assert march.isdisjoint(ids(two, "2026-03", "2026-04"))
    assert march.isdisjoint(ids(three, "2026-02", "2026-03"))


@pytest.mark.slow
def test_small_groups_are_found_in_what_is_to_be_exported() -> None:
    from ytxdata import metrics

    office = (
        Office()
        .meet("1", "2026-02-03 10:00", people=[str(13900000001 + 2 * i) for i in range(5)])
        .meet("2", people=[ANNA, BORIS, CARLA])
    )
    report = metrics.usage(office.frames, by="month")
    found = audit.small_group(report)
    assert [(row["check"], row["measured"]) for row in found.frame.to_dict("records")] == [("small_group", 3)]
    assert len(audit.small_group(report, minimum=6)) == 2
    assert len(audit.small_group(report.suppressed())) == 0
    with pytest.raises(UsageError, match="people"):
        audit.small_group(metrics.heatmap(office.frames))
    told = audit.run(office.frames, as_of=NOW, checks=["small_group"], exports=[report, metrics.heatmap(office.frames)])
    assert list(told.frame["finding_id"]) == list(found.frame["finding_id"])
    assert any("table heatmap has no column people" in note.en for note in told.notes)
    assert audit.run(office.frames, as_of=NOW, checks=["small_group"]).not_run.keys() == {"small_group"}
    few = audit.run(
        office.frames, as_of=NOW, checks=["small_group"], exports=[report], config={"small_group": {"minimum": 2}}
    )
    assert len(few) == 0


@pytest.mark.slow
def test_a_month_that_moved_is_told(story: Story) -> None:
    moved = audit.moved(story.archive).frame
    assert set(moved["period"]) == {"2026-02"}
    money = moved[moved["figure"] == "amount_yuan"].iloc[0]
    assert str(money["difference"]) == "3.600000"
    everything = audit.moved(story.archive, all_figures=True).frame
    assert len(everything) > len(moved)
    later = story.archive.pulls()["asked_at"].max() + timedelta(days=1)
    assert len(audit.moved(story.archive, as_of=later).frame) == 0
    with pytest.raises(UsageError, match="nothing had been pulled"):
        audit.moved(story.archive, as_of="2020-01-01")


def test_changes_say_what_they_touch(story: Story) -> None:
    table = audit.changes(story.archive)
    assert set(table.frame["touches"].dropna()) == {"money", "end", "duration", "people"}
    assert len(table.frame[table.frame["is_grave"]]) == 3
    assert len(audit.changes(story.archive, end="2026-03-01").frame) == 0
    assert list(audit.changes(story.archive, end="2026-03-01").frame.dtypes) == list(table.frame.dtypes)
