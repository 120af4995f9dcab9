"""What a pack claims beside its cells: it follows from the raw answers, or it is told that nothing vouches for it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ytxdata as ytx
from tests.audit.forger import both_refuse, flip_verdict, main, mend, refused
from tests.audit.office import Story
from ytxdata import audit
from ytxdata.audit.verifier import canonical, sha256
from ytxdata.emulator import Emulator, write_bill, write_console_list

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("drawn_once", "recomputed_once")]


def test_options_of_packs_are_refused_elsewhere(planted_once: Story) -> None:
    assert main(["verify", str(planted_once.archive.path), "--require-signature"]) == 2


def claim_all_is_proven(folder: Path) -> None:
    path = folder / "tables/meetings.about.json"
    told = json.loads(path.read_bytes())
    told["completeness"] = {"verdict": "PROVEN", "zh": "已证实", "en": "proven"}
    path.write_bytes(json.dumps({**told, "notes": [], "excluded": []}, ensure_ascii=False, indent=2).encode())


def silence_checks(folder: Path, *, named: bool = False) -> None:
    """Every check that found something, with all it found: out of both lists, the parameters and the summary."""
    body = json.loads((folder / "findings.json").read_bytes())
    gone = {one["check"] for one in body["findings"]}
    body["findings"] = []
    if not named:
        for part in ("parameters", "not_run"):
            body[part] = {key: value for key, value in body[part].items() if key not in gone}
    (folder / "findings.json").write_bytes(canonical(body))
    lines = (folder / "findings.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "findings.csv").write_bytes(lines[0].encode())
    for name, kept in (("findings", 0), ("tables/audit_summary", None)):
        about = json.loads((folder / f"{name}.about.json").read_bytes())
        if kept is None:
            header, *rows = (folder / f"{name}.csv").read_text("utf-8").splitlines(keepends=True)
            rows = [row for row in rows if row.split('"')[1] not in gone]
            (folder / f"{name}.csv").write_bytes("".join([header, *rows]).encode())
            kept = len(rows)
        (folder / f"{name}.about.json").write_bytes(json.dumps({**about, "rows": kept}).encode())


def change_finding(folder: Path, check: str, name: str, value: Any) -> None:
    """One cell of the first finding of a check, in both lists."""
    body = json.loads((folder / "findings.json").read_bytes())
    place = next(place for place, one in enumerate(body["findings"]) if one["check"] == check)
    assert body["findings"][place][name] != value
    body["findings"][place][name] = value
    (folder / "findings.json").write_bytes(canonical(body))
    rows = list(csv.reader(io.StringIO((folder / "findings.csv").read_text("utf-8"), newline="")))
    if name in rows[0]:
        rows[place + 1][rows[0].index(name)] = str(value)
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    (folder / "findings.csv").write_bytes(text.getvalue().encode())


def change_json(path: Path, **values: Any) -> None:
    """Some of what a JSON file says; descriptions are indented, all else is canonical."""
    body = {**json.loads(path.read_bytes()), **values}
    is_about = path.name.endswith(".about.json")
    path.write_bytes(json.dumps(body, ensure_ascii=False, indent=2).encode() if is_about else canonical(body))


def leave_out(folder: Path, name: str) -> None:
    for end in (".csv", ".about.json"):
        (folder / f"{name}{end}").unlink()


NICE = {"zh": "一切完整。", "en": "All of it is complete."}


def change_manifest(folder: Path, **values: Any) -> None:
    body = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(canonical({**body, **values}))


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("forge", "match"),
    [
        (claim_all_is_proven, "about.json"),
        (silence_checks, "does not follow from the answers"),
        (lambda f: change_manifest(f, as_of="2020-01-01T00:00:00+00:00"), "as_of|written_at"),
        (lambda f: (f / "README.txt").write_text("everything is proven", "utf-8"), "README"),
        (lambda f: change_finding(f, "coverage_gap", "en", "nothing is missing"), "coverage_gap|en is"),
        (lambda f: change_finding(f, "coverage_gap", "finding_id", "0123456789abcdef"), "finding_id"),
        (lambda f: change_finding(f, "coverage_gap", "measured", 1.0), "measured"),
        (lambda f: change_finding(f, "over_long", "pulls", []), "pulls"),
        (lambda f: change_finding(f, "over_long", "records_in_archive", []), "records_in_archive"),
        (lambda f: change_json(f / "certificate.json", sentence=NICE), "sentence"),
        (lambda f: change_json(f / "tables/audit_summary.about.json", notes=[NICE]), "notes"),
        (lambda f: change_json(f / "findings.about.json", notes=[NICE]), "the instant of its audit"),
        (lambda f: change_json(f / "tables/usage.about.json", period=None), "period"),
        (lambda f: leave_out(f, "tables/moved"), "moved"),
    ],
    ids=[
        "a description", "checks kept silent", "its instant", "its README", "what is missing", "the id of a gap", "how long a gap is",
        "what proves a finding", "whose finding it is", "the certificate's sentence", "a note of the summary", "when an audit was", "a period",
        "a table left out",
    ],
)  # fmt: skip
def test_a_claim_that_does_not_follow_is_refused(folder: Path, forge: Callable[[Path], object], match: str) -> None:
    forge(folder)
    mend(folder)
    refused(folder, match, recompute=True)


def change_table(folder: Path, name: str, change: Callable[[list[dict[str, str]]], object]) -> None:
    """Some cells of a table, its hashes mended."""
    path = folder / f"tables/{name}.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))
    change(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0], quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())
    mend(folder)


def plus(key: str, n: float) -> Callable[[dict[str, str]], None]:
    return lambda row: row.update({key: str(type(n)(row[key]) + n)})


def move_one(rows: list[dict[str, str]]) -> None:
    plus("meetings", -1)(rows[0])
    plus("meetings", 1)(rows[1])


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("table", "change", "match"),
    [
        ("usage", move_one, "usage, .*, meetings"),
        ("usage", lambda rows: plus("legs", 50)(rows[0]), "usage, .*, legs"),
        ("usage", lambda rows: rows[0].update(covered_pct="100.0", is_partial="false"), "usage, .*, covered_pct"),
        ("usage", lambda rows: rows[0].update(is_partial="false"), "usage, .*, is_partial"),
        ("usage", lambda rows: rows[1].update(period=rows[0]["period"]), "usage, months"),
        ("meetings", lambda rows: rows[0].update(n_people="99"), "n_people"),
        ("meetings", lambda rows: rows[0].update(observed_at="2020-01-01 00:00:00"), "observed_at"),
        ("meetings", lambda rows: rows[0].update(started_at="2001-01-01 00:00:00"), "usage, .*, meetings"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(
    folder: Path, table: str, change: Callable[[list[dict[str, str]]], object], match: str
) -> None:
    """Their sums alone agreed: a meeting went over to the next month, and a month that was cut off was whole."""
    change_table(folder, table, lambda _: None)
    audit.verify_pack(folder)
    change_table(folder, table, change)
    refused(folder, match)


@pytest.mark.slow
def test_a_verdict_of_a_pull_that_does_not_follow_is_open(folder: Path) -> None:
    """It stands in the chain for good: a sync judged by names of fields that went with lost heads."""
    pulls = json.loads((folder / "pulls.json").read_bytes())
    pulls[0]["verdict"] = "GAP"
    (folder / "pulls.json").write_bytes(canonical(pulls))
    mend(folder)
    lines = audit.verify_pack(folder, recompute=True)
    assert any(line.startswith("OPEN") and pulls[0]["pull_id"] in line for line in lines)
    pulls[0]["verdict"] = "CERTAIN"
    (folder / "pulls.json").write_bytes(canonical(pulls))
    mend(folder)
    refused(folder, "verdict is 'CERTAIN'", recompute=True)


def test_a_one_in_the_manifest_switches_no_comparison_off(folder: Path) -> None:
    flip_verdict(folder)
    change_manifest(folder, witnesses=1)
    mend(folder)
    refused(folder, "lists others than the manifest", recompute=True)


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory: pytest.TempPathFactory) -> tuple[ytx.Archive, Path]:
    """An archive with two lists that agree, one of which bears a number, and its pack with all that is raw."""
    place = tmp_path_factory.mktemp("witnessed")
    archive = ytx.Archive(place / "m.archive")
    with Emulator(meetings=40, seed=3) as server:
        archive.sync(ytx.Client(base_url=server.url, **server.credentials))
        truth = server.truth()
    for name, write, listed, kind in (
        ("bill-1.csv", write_bill, "invoice", "invoice"),
        ("bill-13812345678-03.csv", write_console_list, "meetings", "console"),
    ):
        write(place / name, truth[listed])
        archive.witness(place / name, kind=kind, start="2020-01", end="2030-01")
    audit.pack(archive, place / "pack.zip", include_raw=True)
    return archive, place / "pack.zip"


@pytest.fixture(scope="module")
def masked(witnessed: tuple[ytx.Archive, Path]) -> Path:
    """Its pack without what is raw, which holds."""
    archive, whole = witnessed
    place = whole.with_name("masked.zip")
    audit.pack(archive, place)
    assert main(["verify", str(place)]) == 0
    return place


def test_what_rests_on_a_list_from_elsewhere_follows_from_that_list(
    witnessed: tuple[ytx.Archive, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    archive, place = witnessed
    assert any(one.reason_key == "witnessed" for one in archive.certificate().periods)
    assert main(["verify", str(place), "--recompute"]) == 1
    left = [line for line in capsys.readouterr().out.splitlines() if line.startswith("OPEN")]
    assert len(left) == len(archive.witnesses()) > 0
    assert all("the list bill-" in line and "vouches" in line for line in left), "anybody can write a bill"


def test_a_masked_pack_names_its_lists_by_key_alone(witnessed: tuple[ytx.Archive, Path], masked: Path) -> None:
    with zipfile.ZipFile(witnessed[1]) as whole, zipfile.ZipFile(masked) as hidden:
        lists = json.loads(hidden.read("witnesses.json"))
        raws = [sha256(whole.read(one["path"])) for one in lists]
        assert lists
        assert not [name for name in hidden.namelist() if name.startswith("raw/")]
        assert not [name for name in hidden.namelist() for raw in raws if raw.encode() in hidden.read(name)]


def test_the_name_of_a_bill_leaves_as_names_of_meetings_do(
    witnessed: tuple[ytx.Archive, Path], masked: Path, tmp_path: Path
) -> None:
    """People name a bill after whom it was sent to."""
    archive, _ = witnessed
    with zipfile.ZipFile(masked) as whole:
        assert b"138****5678" in whole.read("witnesses.json")
        assert not [name for name in whole.namelist() if b"13812345678" in whole.read(name)]
    for command in (
        ["report", "--format", "csv,parquet", "--out", str(tmp_path / "r")],
        ["export", str(tmp_path / "e")],
    ):
        assert main([*command, "--archive", str(archive.path)]) == 0
    asked = [
        "sql",
        "from coverage",
        "--archive",
        str(archive.path),
        "--format",
        "csv",
        "--out",
        str(tmp_path / "c.csv"),
    ]
    assert main(asked) == 0
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"13812345678" in path.read_bytes()]


def complete(folder: Path) -> None:
    """A list as its maker wishes it had been: every line of it in the archive, and the hash beside it made to fit."""
    lists = json.loads((folder / "witnesses.json").read_bytes())
    for one in lists:
        raw = (folder / one["path"]).read_bytes()
        shorter = b"\n".join(raw.splitlines()[:3]) + b"\n"
        (folder / one["path"]).write_bytes(shorter)
        one |= {"bytes": len(shorter), "sha256": sha256(shorter)}
    (folder / "witnesses.json").write_bytes(canonical(lists))


def forget_a_list(folder: Path) -> None:
    lists = json.loads((folder / "witnesses.json").read_bytes())
    (folder / lists[-1]["path"]).unlink()
    (folder / "witnesses.json").write_bytes(canonical(lists[:-1]))
    change_manifest(folder, witnesses=len(lists) - 1)


@pytest.mark.parametrize(("forge", "match"), [(complete, "certificate.json"), (forget_a_list, "rests on a pull")])
def test_another_list_does_not_carry_what_was_claimed(
    witnessed: tuple[ytx.Archive, Path], tmp_path: Path, forge: Callable[[Path], object], match: str
) -> None:
    with zipfile.ZipFile(witnessed[1]) as whole:
        whole.extractall(tmp_path / "open")
    forge(tmp_path / "open")
    mend(tmp_path / "open")
    refused(tmp_path / "open", match, recompute=True)


def name_the_file_of_a_pull(folder: Path) -> None:
    """An answer is changed, and a list claims its file with the hash that fits now; chain and heads stay untouched."""
    pull = json.loads((folder / "pulls.json").read_bytes())[-1]
    name = f"raw/{pull['pull_id']}.json"
    new = (folder / name).read_bytes() + b" "
    (folder / name).write_bytes(new)
    reading = {
        "name": "bill.csv",
        "kind": "invoice",
        "start": "2026-01-01T00:00:00+00:00",
        "end": "2026-02-01T00:00:00+00:00",
    }
    listed = [{"path": name, "bytes": len(new), "sha256": sha256(new), "reading": reading}]
    (folder / "witnesses.json").write_bytes(canonical(listed))
    change_manifest(folder, witnesses=1)


def wave_away(folder: Path) -> None:
    """Every finding gets a status of the maker's own."""
    body = json.loads((folder / "findings.json").read_bytes())
    for one in body["findings"]:
        one |= {"status": "dismissed", "reason": "no fault", "by": "KPMG"}
    (folder / "findings.json").write_bytes(canonical(body))


def say_it_twice(folder: Path) -> None:
    about = folder / "tables" / "usage.about.json"
    about.write_bytes(about.read_bytes().replace(b"{", b'{"notes":[{"en":"PROVEN","zh":"x"}],', 1))


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("forge", "match"),
    [
        (name_the_file_of_a_pull, "names raw/"),
        (wave_away, "no finding is"),
        (say_it_twice, "stands twice"),
        (lambda f: (f / "timestamp.tsr").write_bytes(b"<html>anything</html>"), "none of this manifest"),
        (lambda f: (f / "timestamp.tsr").write_bytes(b"0\x03" + b"abc"), "none of this manifest"),
    ],
    ids=["an answer under a list's name", "findings dismissed", "a key twice", "a page as timestamp", "another timestamp"],
)  # fmt: skip
def test_what_stands_beside_the_chain_is_held_too(folder: Path, forge: Callable[[Path], object], match: str) -> None:
    forge(folder)
    mend(folder)
    refused(folder, match)


def test_opinions_of_people_are_named(folder: Path) -> None:
    body = json.loads((folder / "findings.json").read_bytes())
    first = body["findings"][0]["finding_id"]
    body["findings"][0] |= {"reason": "checked: no fault", "by": "KPMG"}
    (folder / "findings.json").write_bytes(canonical(body))
    header, *rows = csv.reader((folder / "findings.csv").read_text("utf-8").splitlines())
    for row in rows:
        if row[header.index("finding_id")] == first:
            row[header.index("reason")], row[header.index("by")] = "checked: no fault", "KPMG"
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([header, *rows])
    (folder / "findings.csv").write_bytes(text.getvalue().encode())
    mend(folder)
    lines = audit.verify_pack(folder, recompute=True)
    assert any(line.startswith("OPEN") and "1 findings carry somebody's word" in line for line in lines)


def test_a_note_of_an_audit_that_was_given_lists_is_named(folder: Path) -> None:
    about = folder / "findings.about.json"
    change_json(about, notes=[*json.loads(about.read_bytes())["notes"], NICE])
    mend(folder)
    lines = audit.verify_pack(folder, recompute=True)
    assert any(line.startswith("OPEN") and NICE["en"] in line for line in lines)


def notes_of(folder: Path) -> list[dict[str, str]]:
    notes: list[dict[str, str]] = json.loads((folder / "findings.about.json").read_bytes())["notes"]
    return notes


def test_notes_of_an_audit_are_said_once_each(folder: Path) -> None:
    """A cadence that is left out, or an instant that stands three times, is no note of this audit."""
    notes = notes_of(folder)
    assert ["now" in notes[0]["en"], "sync every" in notes[1]["en"]] == [True, True]
    for forged in (notes[1:], [notes[0], *notes[2:]], [notes[0], *notes], [*notes[:2], *notes[1:]]):
        change_json(folder / "findings.about.json", notes=forged)
        mend(folder)
        refused(folder, r"findings\.about\.json", recompute=True)
    change_json(folder / "findings.about.json", notes=[notes[0], *notes])
    mend(folder)
    both_refuse(folder, "notes")


def test_what_an_audit_took_for_now_is_held_against_its_pulls(
    planted_once: Story, folder: Path, tmp_path: Path
) -> None:
    notes = notes_of(folder)
    late = {
        lang: re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2031-01-01 00:00:00", text) for lang, text in notes[0].items()
    }
    change_json(folder / "findings.about.json", notes=[late, *notes[1:]])
    mend(folder)
    refused(folder, "recompute", recompute=True)
    newest = planted_once.archive.pulls()["asked_at"].max()
    findings = audit.run(planted_once.archive, as_of=newest + pd.Timedelta(hours=5), remember=False)
    audit.pack(planted_once.archive, tmp_path / "later.zip", findings=findings, include_raw=True)
    lines = audit.verify_pack(tmp_path / "later.zip", recompute=True)
    assert ["for now: its maker's choice" in line for line in lines if line.startswith("OPEN")] == [True]


@pytest.mark.slow
def test_a_pack_of_some_checks_alone_is_open_and_not_accused(planted_once: Story, tmp_path: Path) -> None:
    """All checks were run on its answers, and what those found that its maker had not asked for was missed in it."""
    findings = audit.run(planted_once.archive, checks=["over_long", "missing_end"], remember=False)
    audit.pack(planted_once.archive, tmp_path / "some.zip", findings=findings, include_raw=True)
    lines = audit.verify_pack(tmp_path / "some.zip", recompute=True)
    assert any(line.startswith("OPEN") and "did not run: duplicate_exact" in line for line in lines)


def test_fields_that_the_maker_chose_are_named(folder: Path) -> None:
    parser = json.loads((folder / "manifest.json").read_bytes())["parser"]
    parser["meetings"] = [[key, [*names, "x_other"] if key == "name" else names] for key, names in parser["meetings"]]
    change_manifest(folder, parser=parser)
    mend(folder)
    lines = audit.verify_pack(folder, recompute=True)
    assert any(line.startswith("OPEN") and "meetings.name" in line and "x_other" in line for line in lines)


def test_a_manifest_says_nothing_unknown(folder: Path) -> None:
    change_manifest(folder, note="certified")
    mend(folder)
    refused(folder, "no pack says")


def test_findings_without_their_columns_are_refused(folder: Path) -> None:
    header, *rows = csv.reader((folder / "findings.csv").read_text("utf-8").splitlines())
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([row[:2] for row in (header, *rows)])
    (folder / "findings.csv").write_bytes(text.getvalue().encode())
    about = json.loads((folder / "findings.about.json").read_bytes())
    about["columns"] = about["columns"][:2]
    (folder / "findings.about.json").write_bytes(json.dumps({**about, "rows": len(rows)}).encode())
    mend(folder)
    refused(folder, "other columns")


def test_a_pack_with_numbers_is_its_owners(made: dict[str, Path]) -> None:
    assert made["raw.zip"].stat().st_mode & 0o777 == 0o600


def test_the_id_of_a_finding_is_no_oracle(made: dict[str, Path]) -> None:
    """Who knows all of an answer but one number must not be able to try numbers until an id fits: both packs, keyed
    and plain, give ids from times alone.
    """
    with zipfile.ZipFile(made["raw.zip"]) as whole:
        found = [
            one for one in json.loads(whole.read("findings.json"))["findings"] if one["check"] == "mutated_after_close"
        ]
        pulls = [one["pull_id"] for one in json.loads(whole.read("pulls.json"))]
    assert found
    for one in found:
        of = [
            sha256(json.dumps([one["check"], *one["record_ids"], str(version), at], ensure_ascii=False).encode())[:16]
            for version in range(9)
            for at in (pull.partition("-")[0] for pull in pulls)
        ]
        assert one["finding_id"] in of


def no_rules(folder: Path) -> None:
    lists = json.loads((folder / "witnesses.json").read_bytes())
    for one in lists:
        del one["reading"]["rules"]
    (folder / "witnesses.json").write_bytes(canonical(lists))


def test_a_list_that_was_heard_by_other_rules_leaves_its_verdict_open(
    witnessed: tuple[ytx.Archive, Path], tmp_path: Path
) -> None:
    """An honest pack of an earlier version, of which a list came to something else, was called damaged."""
    folder = tmp_path / "open"
    zipfile.ZipFile(witnessed[1]).extractall(folder)
    no_rules(folder)
    mend(folder)
    assert not [one for one in audit.verify_pack(folder, recompute=True) if "heard by rules" in one]
    complete(folder)
    mend(folder)
    left = [one[:4] for one in audit.verify_pack(folder, recompute=True) if "heard by rules ?" in one]
    assert left == ["OPEN", "OPEN"]
    # nothing is proven beyond the period that a list is of
    lists = json.loads((folder / "witnesses.json").read_bytes())
    for one in lists:
        one["reading"]["end"] = "2020-02-01T00:00:00+00:00"
    (folder / "witnesses.json").write_bytes(canonical(lists))
    mend(folder)
    refused(folder, "certificate.json", recompute=True)


def test_an_archive_whose_list_waits_for_the_rules_of_today_makes_a_pack_that_holds(
    witnessed: tuple[ytx.Archive, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = ytx.Archive(tmp_path / "m.archive")
    shutil.copytree(witnessed[0].path, archive.path)
    with monkeypatch.context() as patched, Emulator(meetings=40, seed=3) as server:
        patched.setattr("ytxdata.history.proof.witness_check.RULES", 1)
        write_bill(tmp_path / "bill-1.csv", server.truth()["invoice"])
        archive.witness(tmp_path / "bill-1.csv", kind="invoice", start="2020-01", end="2030-01")
    assert "other_rules" in {one.finding for one in archive.witnesses()}
    audit.pack(archive, tmp_path / "pack.zip", include_raw=True)
    assert audit.verify_pack(tmp_path / "pack.zip", recompute=True)
