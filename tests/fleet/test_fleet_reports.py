"""Reports of a fleet: each account by itself, nothing of two accounts joined or counted as one."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import ytxdata as ytx
from tests.cli.verbs import run
from tests.effort import some
from ytxdata import metrics, times
from ytxdata.archive import heads
from ytxdata.cli import main
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.fleet import FleetCertificate
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import REPORTS, Ask, make
from ytxdata.metrics.source import on_engine
from ytxdata.pages.collection import collect, key_figures
from ytxdata.pages.html_report import page
from ytxdata.pages.report_files import write_files
from ytxdata.pages.small_groups import without_small_groups
from ytxdata.records.aliases import DEFAULT
from ytxdata.tables.address_book import AddressBook, Entry

pytestmark = pytest.mark.usefixtures("drawn_once")

Begin = Callable[..., tuple[Emulator, ytx.Fleet]]

TARIFF = metrics.Tariff(prices={"default": "0.10"})

usage: Any = ytx.metrics.usage
creators: Any = ytx.metrics.creators


@pytest.mark.slow
def test_every_report_of_a_fleet_is_that_of_each_account(synced: ytx.Fleet) -> None:
    synced = synced.where("account-2", "account-3")
    asked, each = Ask(by="month"), {account: resolve(synced[account]) for account in synced.names}
    for name in some((name for name, entry in REPORTS.items() if entry.is_possible(asked)), 6):
        whole = make(name, synced, Ask(by="month", group="account")).arrow
        assert whole.column_names.count("group") == 1
        for account, source in each.items():  # whose facts are shared, as `ytxdata report` shares them
            alone = make(name, source, asked).arrow
            rows = [row for row in whole.to_pylist() if row.pop("group") == account]
            assert rows == alone.to_pylist(), (name, account)


@pytest.mark.slow
def test_page_file_and_account_say_the_same_of_what_is_covered(begin: Begin) -> None:
    server, fleet = begin()
    server.backends["account-2"].entries[:] = server.backends["account-2"].entries[-20:]  # an account that came later
    assert fleet.sync().exit_code == 0
    said = ("period", "group", "is_partial", "covered_pct")
    for by in ("day", "month"):
        ask = Ask(by=by, group="account", tariff=TARIFF)
        page = collect(fleet, ask)
        for name in ("usage", "cost"):
            file = make(name, fleet, ask).arrow.select(said).to_pylist()
            told = page.reports[name].arrow.select(said).to_pylist()
            assert sorted(told, key=str) == sorted(file, key=str)
    hidden = (
        without_small_groups(collect(fleet.same_people(), Ask(group="account")), 2).reports["usage"].arrow.to_pylist()
    )
    assert {row["is_partial"] for row in hidden} == {True, False}
    assert all(row["is_partial"] == (row["covered_pct"] < 100) for row in hidden)
    company = metrics.usage(fleet, group="company").arrow.to_pylist()
    alone = metrics.usage(fleet.where(company="A")).arrow.to_pylist()
    assert [row["covered_pct"] for row in company if row["group"] == "A"] == [row["covered_pct"] for row in alone]


@pytest.mark.slow
def test_accounts_side_by_side_are_about_all_of_their_time(synced: ytx.Fleet) -> None:
    each = [metrics.usage(synced[name]).period for name in synced.names]
    assert len({edges[0] for edges in each if edges}) > 1
    whole = metrics.usage(synced, group="account").period
    assert whole == (min(edges[0] for edges in each if edges), max(edges[1] for edges in each if edges))


@pytest.mark.slow
def test_reports_call_accounts_that_look_alike_as_the_certificate_does(synced: ytx.Fleet, tmp_path: Path) -> None:
    numbers = ("13811115678", "13822225678", "13833335678")
    entries = {
        name: {"archive": f"account-{3 - place}.archive", "labels": {"owner": f"热线 {name}"}}
        for place, name in enumerate(numbers)
    }
    fleet = ytx.Fleet(entries, folder=tmp_path)
    called = ["138****5678", "138****5678 (2)", "138****5678 (3)"]
    for report, column in (
        (usage(fleet, by="total", group="account"), "group"),
        (creators(fleet), "account"),
    ):
        shown = report.masked()
        assert list(shown.certificate.accounts) == called
        names = dict(zip(numbers, called, strict=True))
        own, left = (Counter(one.arrow[column].to_pylist()) for one in (report, shown.masked()))
        assert {names[name]: n for name, n in own.items()} == left
    owners = usage(fleet, by="total", group="owner").masked().arrow["group"].to_pylist()
    assert owners == [f"热线 {name}" for name in called]
    page = collect(fleet, Ask(by="month", group="account"))
    told = page.coverage.masked().arrow["account"].to_pylist()
    assert set(told) == set(called)
    one = usage(fleet.where(numbers[1]), by="total", group="account").masked()
    assert one.arrow["group"].to_pylist() == [called[1]] == list(one.certificate.accounts)  # as in the whole fleet
    others = usage(fleet.where(*numbers[1:]), by="total", group="owner").masked().arrow["group"].to_pylist()
    assert others == owners[1:]


@pytest.mark.slow
def test_every_file_calls_an_account_as_its_tables_do(synced: ytx.Fleet, tmp_path: Path) -> None:
    names = ("88886543", "15410005678", "15420005678", "77776666")
    entries = {name: {"archive": f"account-{place}.archive"} for place, name in enumerate(names, 1)}
    fleet = ytx.Fleet(entries, folder=tmp_path)
    usage(fleet, by="total").to_csv(tmp_path / "out" / "total.csv")
    only = without_small_groups(collect(fleet.where(*names[2:]).same_people(), Ask(by="total")), 2)
    write_files(only, tmp_path / "out", ("csv",))
    written = {path.name: path.read_text("utf-8-sig") for path in (tmp_path / "out").iterdir()}
    assert "datapackage.json" in written
    assert not [(name, one) for name, text in written.items() for one in names if one in text]
    notes = ["154****5678, 154****5678 (2), ****6543", "154****5678 (2)"]  # a report of one is not one of the other
    for name, note in zip(("total", "usage"), notes, strict=True):
        told = [one["en"] for one in json.loads(written[f"{name}.about.json"])["notes"]]
        assert f"accounts in it: {note}" in told
        assert any("meetings of the account ****6666 are not" in one for one in told)


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ["pandas", "duckdb", "polars"])
def test_a_label_may_be_called_as_a_column_in_another_case(synced: ytx.Fleet, tmp_path: Path, engine: str) -> None:
    """DuckDB and Spark hear no case: with a label `Name` no report of a fleet could be made."""
    words = ("Name", "Creator", "NUMBER", "Meeting_id", "Account", "Company", "company", "部门", "姓名")
    entries = {name: {"labels": {word: f"{word} {name}" for word in words}} for name in synced.names}
    fleet = ytx.Fleet(entries, folder=tmp_path)
    # behind what each of them would hide: a text, a number, what rows are tied by, whose they are, and one of two cases
    for word in some(words[:6], 4) if engine == "duckdb" else words[:1]:
        told = metrics.sizes(fleet, group=word, engine=engine).arrow  # type: ignore[arg-type]  # one of three
        found: Counter[str] = Counter()
        for row in told.to_pylist():
            found[row["group"]] += row["meetings"]
        assert found == {f"{word} {name}": n for name, n in zip(fleet.names, (60, 60, 61), strict=True)}
    told = fleet.scan("meetings", engine=engine).collect("pyarrow").to_native()
    assert told.column_names[-9:] == fleet.meetings().columns[-9:].tolist()
    assert told.column_names[-9:] == [
        "label_Name", "label_Creator", "NUMBER", "label_Meeting_id", "label_Account", "Company", "label_company", "部门", "姓名",
    ]  # fmt: skip


@pytest.mark.slow
def test_rows_go_by_period_and_then_by_account(synced: ytx.Fleet) -> None:
    report = usage(synced, by="week", group="account")
    assert report.arrow.column_names[:2] == ["period", "group"]
    rows = report.arrow.select(["period", "group"]).to_pylist()
    assert [(one["period"], one["group"]) for one in rows] == sorted((one["period"], one["group"]) for one in rows)
    assert report.certificate.worst == "PROBABLE"
    assert set(report.certificate.accounts) == set(synced.names)


@pytest.mark.slow
def test_a_month_that_is_not_over_is_no_gap_in_any_account(synced: ytx.Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = synced.certificate()
    assert whole.start is not None
    assert whole.end is not None
    month = (whole.start, whole.end + timedelta(days=20))
    running = synced.certificate(*month)
    assert running.worst == whole.worst == "PROBABLE"
    assert "is not yet over" in running.sentence.en
    assert usage(synced, *month).certificate.worst == "PROBABLE"
    assert synced[synced.names[0]].certificate(*month) == running.accounts[synced.names[0]]
    later = whole.end + timedelta(days=3)
    monkeypatch.setattr(times, "now", lambda: later)
    assert synced.certificate(*month).worst == "GAP"  # three days went by unread


@pytest.mark.slow
def test_the_same_id_and_the_same_people_in_two_accounts_stay_two(synced: ytx.Fleet) -> None:
    meetings = usage(synced, by="total", group="account").frame.set_index("group")["meetings"].to_dict()
    assert meetings == {"account-1": 60, "account-2": 60, "account-3": 61}
    frame = creators(synced, group="account").frame
    doubled = frame[frame.duplicated("creator", keep=False)]
    assert set(doubled["group"]) == {"account-1", "account-3"}


@pytest.mark.slow
def test_a_row_leads_to_the_records_of_its_account_alone(synced: ytx.Fleet) -> None:
    report = usage(synced, by="total", group="account")
    for place, row in enumerate(report.arrow.to_pylist()):
        ids = set(report.explain(place)["meeting_id"])
        assert ids == set(synced[row["group"]].meetings()["meeting_id"])
    again = pickle.loads(pickle.dumps(report))  # our own
    with pytest.raises(UsageError, match="came without its records"):
        again.explain(0)
    assert len(again.with_source(synced).explain(0)) == len(report.explain(0))


@pytest.mark.slow
def test_some_meetings_of_some_accounts(synced: ytx.Fleet) -> None:
    long = usage(synced.where(company="A").only(min_minutes=30), by="total", group="account")
    assert long.frame["group"].tolist() == ["account-1", "account-3"]
    for name, n in zip(long.frame["group"], long.frame["meetings"], strict=True):
        assert n == usage(synced[name].only(min_minutes=30), by="total").frame["meetings"][0]
    assert any("at least so many minutes" in note.en for note in long.notes)


@pytest.mark.slow
def test_the_command_line_writes_a_file_a_report(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    told = ["--lang", "en", "fleet", "report", str(tmp_path), "--out", str(out), "--by", "month", "--json"]
    told += ["--group", "account"]
    assert run(*told) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "PROBABLE"
    assert sorted(set(ytx.read_csv(out / "usage.csv")["group"])) == synced.names
    assert "+86" not in (out / "people.csv").read_text("utf-8-sig")
    about = json.loads((out / "usage.about.json").read_text("utf-8"))
    assert about["completeness"]["en"].startswith("3 accounts: 3 PROBABLE")
    assert run(*told, "--report", "nothing") == 2


@pytest.mark.slow
def test_what_each_department_of_each_account_pays(synced: ytx.Fleet) -> None:
    numbers = sorted(set(metrics.people(synced).arrow["number"].to_pylist()) - {None})
    asked: dict[str, Any] = {
        "by": "total",
        "book": AddressBook.of({one: Entry("x", ("sales", "research")[n % 2]) for n, one in enumerate(numbers)}),
        "tariff": metrics.Tariff(prices={"default": "0.1"}),
    }
    report = metrics.chargeback(synced, group="account", **asked)
    assert report.arrow.column_names[:3] == ["period", "account", "group"]
    alone = {name: metrics.chargeback(synced[name], **asked).arrow.to_pylist() for name in synced.names}
    assert report.arrow.to_pylist() == [{**row, "account": name} for name, each in alone.items() for row in each]
    assert set(report.explain(0)["meeting_id"]) <= set(synced["account-1"].meetings()["meeting_id"])


@pytest.mark.slow
def test_one_report_that_cannot_be_made_ends_none_of_the_others(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("13900000000")

    entry = replace(REPORTS["usage"], function=broken)
    monkeypatch.setitem(REPORTS, "usage", entry)
    out = tmp_path / "out"
    told = ["--lang", "en", "fleet", "report", str(tmp_path), "--out", str(out), "--group", "account"]
    assert run(*told, "--report", "usage", "--report", "sizes") == 2
    said = capsys.readouterr()
    assert "usage" in said.err
    assert "ValueError" in said.err
    assert "13900000000" not in said.err
    assert (out / "sizes.csv").exists()


@pytest.mark.slow
def test_the_command_line_adds_up_and_groups(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet.toml").write_text(
        "".join(
            f'[accounts.{name}]\nlabels = {{ company = "{company}" }}\n'
            for name, company in (("account-1", "A"), ("account-2", "B"), ("account-3", "A"), ("late", "B"))
        )
    )
    told = ["--lang", "en", "fleet", "report", str(tmp_path / "fleet.toml"), "--by", "total", "--json"]
    told += ["--report", "usage", "--report", "creators"]
    meetings = []
    for place, more in enumerate(([], ["--group", "company"], ["--same-people"], ["--group", "number_class"])):
        out = tmp_path / f"out{place}"
        assert run(*told, *more, "--out", str(out)) == 0
        said = capsys.readouterr()
        assert json.loads(said.out)["verdict"] == "GAP"
        assert "the account late are not among these: not synced yet" in said.err
        meetings.append(ytx.read_csv(out / "usage.csv")["meetings"].tolist())
        about = json.loads((out / "usage.about.json").read_text("utf-8"))
        assert any("late" in note["en"] for note in about["notes"])
        assert "+86" not in (out / "creators.csv").read_text("utf-8-sig")
    assert meetings[:3] == [[181], [121, 60], [181]]
    assert sum(meetings[3]) == 181
    assert run(*told, "--group", "region", "--out", str(tmp_path / "no")) == 2
    assert "company" in capsys.readouterr().err


@pytest.mark.slow
def test_what_is_no_group_is_told_before_anything_is_written(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet.toml").write_text('[accounts.account-1]\nlabels = { company = "A" }\n')
    out = tmp_path / "out"
    told = ["--lang", "en", "fleet", "report", str(tmp_path / "fleet.toml"), "--out", str(out), "--group"]
    for group, said, unsaid in (
        ("compny", "did you mean company?", "book"),
        ("number_clas", "did you mean number_class?", "book"),
        ("department", "needs an address book", "did you mean"),
        ("floor", "needs an address book (book=, --book); without one choose one of creator", "did you mean"),
        ("floor", "size_class, name, company, account", "labels in"),
    ):
        with pytest.raises(SystemExit) as ended:
            main([*told, group])
        wrong = capsys.readouterr().err
        assert (ended.value.code, said in wrong, unsaid in wrong, out.exists()) == (2, True, False, False), wrong
    with pytest.raises(UsageError, match="did you mean creator"):
        usage(synced["account-1"], group="creater")
    with pytest.raises(UsageError, match=r"choose one of number, number_class$"):  # those of meetings are none of legs
        usage(synced["account-1"], group="department", group_of="leg")
    # a fleet without labels may have some, and a newcomer to one has no address book to give
    (tmp_path / "fleet.toml").write_text("[accounts.account-1]\n")
    with pytest.raises(SystemExit):
        main([*told, "companyy"])
    assert "account, or a label of the accounts (labels in fleet.toml)" in capsys.readouterr().err


@pytest.mark.slow
def test_what_a_report_lacks_is_told_before_anything_is_written(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`cost` was no report that could be made, and nobody said that it lacked a tariff."""
    (tmp_path / "fleet.toml").write_text("[accounts.account-1]\n")
    out = tmp_path / "out"
    for name, said in (("cost", "the report cost needs tariff"), ("costt", "did you mean cost?")):
        with pytest.raises(SystemExit) as ended:
            main(["--lang", "en", "fleet", "report", str(tmp_path / "fleet.toml"), "--out", str(out), "--report", "usage", "--report", name])  # fmt: skip
        assert (ended.value.code, said in capsys.readouterr().err, out.exists()) == (2, True, False)


@pytest.mark.slow
@pytest.mark.parametrize("group", [None, "account"])
def test_a_report_reads_the_head_of_each_account_once(
    synced: ytx.Fleet, group: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    before = heads.at_head

    def at_head(root: Path, sequence: int) -> Any:
        read.append(root)
        return before(root, sequence)

    monkeypatch.setattr(heads, "at_head", at_head)
    usage(synced, group=group).to_dicts()
    assert sorted(read) == sorted(synced[name].path.absolute() for name in synced.names)


@pytest.mark.slow
def test_a_certificate_is_that_of_the_rows_whatever_a_sync_brings_meanwhile(begin: Begin) -> None:
    server, fleet = begin()
    fleet.sync()
    for source in (fleet, fleet["account-1"]):
        known, certificate = resolve(source), source.certificate()
        assert server.advance(days=9) > 0
        fleet.sync()
        assert source.certificate().end != certificate.end
        report = usage(known, by="total")
        assert report.certificate is not None
        assert (report.certificate.start, report.certificate.end) == (certificate.start, certificate.end)
        assert report.arrow["meetings"].to_pylist() < usage(source, by="total").arrow["meetings"].to_pylist()
    still = fleet.still()
    assert still.where("account-1").same_people().readable == ["account-1"]
    assert still["account-2"].snapshot() is still["account-2"].snapshot()


@pytest.mark.slow
def test_the_page_of_a_fleet_says_how_each_account_stands_the_worst_on_top(synced: ytx.Fleet, tmp_path: Path) -> None:
    entries: dict[str, Any] = {
        name: {"archive": str(synced[name].path), "labels": synced.labels[name]} for name in synced.names
    }
    fleet = ytx.Fleet({**entries, "late": {"labels": {"company": "B"}}}, folder=tmp_path)
    collected = collect(fleet, Ask(by="month", group="company"))
    assert [part.span.en for part in collected.verdicts] == ["late", *synced.names]
    assert collected.certificate.worst == "GAP"
    assert set(collected.coverage.arrow["account"].to_pylist()) <= set(fleet.names)
    text = page(collected, lang="en")
    assert text.index("late: ") < text.index("account-1: ")
    assert "not synced yet" in text
    assert "+86" not in text
    assert set(collected.reports["usage"].arrow["group"].to_pylist()) == {"A", "B"}
    assert collected.figures[0].value == 181
    with pytest.raises(UsageError, match="no account"):
        collect(fleet.where("late"), Ask())


@pytest.mark.slow
def test_a_group_of_two_people_is_not_larger_for_having_many_accounts(begin: Begin, tmp_path: Path) -> None:
    server, fleet = begin()
    for name in ("account-2", "account-3"):
        for entry in list(server.backends["account-1"].entries):
            server.backends[name].add(entry.first)
    fleet.sync()
    asked = Ask(by="total")
    people = usage(fleet.same_people(), by="total").arrow["people"][0].as_py()
    assert usage(fleet, by="total").arrow["people"][0].as_py() > people
    with pytest.raises(UsageError, match="same_people"):
        without_small_groups(collect(fleet, asked), people + 1)
    together = collect(fleet.same_people(), asked)
    with pytest.raises(UsageError, match=f"fewer than {people + 1} people"):
        without_small_groups(together, people + 1)
    assert without_small_groups(together, people).reports["usage"].arrow.num_rows == 1


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_of_a_period_in_which_no_account_begins_a_meeting_key_figures_are_known(synced: ytx.Fleet, engine: str) -> None:
    meetings = synced.meetings()
    begun = max(one.start for one in synced.certificate().accounts.values() if one.start)
    starts = sorted(meetings["started_at"])
    spans = [
        (first, min([last, *(start for start in starts if start > first)]))
        for first, last in zip(meetings["started_at"], meetings["ended_at"], strict=True)
        if first > begun
    ]
    start, end = max(spans, key=lambda span: span[1] - span[0])
    start = start + timedelta(seconds=1)
    chosen = on_engine(synced, {"engine": engine})  # type: ignore[typeddict-item]
    asked = Ask(start=end, end=end + (end - start)), Ask(start=start, end=end)
    figures = {one.definition.key: one.before for one in key_figures(resolve(chosen), *asked)}
    compared = metrics.compare(usage, chosen, (end, end + (end - start)), (start, end), group=None).arrow
    before = {row["figure"]: row["before"] for row in compared.to_pylist()}
    assert (figures["meetings"], figures["leg_minutes"], figures["size_mean"], figures["outside_pct"]) == (
        0, 0, None, None,
    )  # fmt: skip
    assert figures["peak_legs"] == before["peak_legs"] > 0


@pytest.mark.slow
def test_each_period_keeps_its_own_verdict_where_small_groups_are_hidden(synced: ytx.Fleet) -> None:
    # the period before begins before the first answer, of which nothing is known
    start = min(one.start for one in synced.certificate().accounts.values() if one.start)
    whole = collect(synced.same_people(), Ask(start=start, end=start + timedelta(days=2)))
    hidden = without_small_groups(whole, 2)
    assert whole.before is not None
    assert hidden.before is not None
    told = [(one.certificate.worst, one.before[1].worst) for one in (whole, hidden) if one.before]
    assert told[0] == told[1]
    about = hidden.before[1]
    assert isinstance(about, FleetCertificate)
    assert isinstance(hidden.certificate, FleetCertificate)
    reasons = [
        {part.reason_key for one in told.accounts.values() for part in one.periods}
        for told in (hidden.certificate, about)
    ]
    assert reasons[1] == {"before_first"}
    assert "full" in reasons[0]
    assert {(part.start, part.end) for one in about.accounts.values() for part in one.periods} == {hidden.before[0]}


@pytest.mark.slow
def test_the_command_line_writes_one_page_or_hides_small_groups(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--lang", "en", "fleet", "report", str(tmp_path), "--by", "total", "--json"]
    said = []
    for place, more in enumerate(
        (["--format", "html"], ["--min-group", "3"], ["--min-group", "3", "--report", "usage"])
    ):
        with pytest.raises(SystemExit) as ended:
            main([*told, "--out", str(tmp_path / f"out{place}"), *more])
        said.append((ended.value.code or 0, capsys.readouterr()))
    assert [code for code, _ in said] == [0, 0, 2]
    assert "How complete the data is" in (tmp_path / "out0" / "report.html").read_text("utf-8")
    written = {path.name for path in (tmp_path / "out1").glob("*.csv")}
    assert {"usage.csv", "coverage.csv"} <= written
    assert not {"people.csv", "creators.csv", "meetings.csv", "legs.csv"} & written
    about = json.loads((tmp_path / "out1" / "usage.about.json").read_text("utf-8"))
    # when an account's meetings were, and its pace, say how many they are
    coverage = ytx.read_csv(tmp_path / "out1" / "coverage.csv")
    assert coverage["account"].is_unique
    assert coverage["start"].nunique() == 1
    assert coverage["expected_at"].isna().all()
    assert any("one number is one person" in note["en"] for note in about["notes"])


def test_one_invoice_is_not_shared_by_each_account_anew(synced: ytx.Fleet, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one invoice"):
        ytx.metrics.chargeback(synced, group="account", book=tmp_path / "book.csv", invoice={"2026-03": "100.00"})


@pytest.mark.slow
def test_a_book_that_knows_nobody_is_told_once_in_the_language_of_the_reader(
    synced: ytx.Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet.toml").write_text(
        "".join(f"[accounts.{name}]\narchive = '{synced[name].path}'\n" for name in synced.names)
    )
    (tmp_path / "book.csv").write_text("phone,name,department\n15400000001,Somebody,Elsewhere\n")
    asked = ["fleet", "report", str(tmp_path / "fleet.toml"), "--lang", "en", "--group", "department"]
    with pytest.raises(SystemExit, match="0"):
        main([*asked, "--book", str(tmp_path / "book.csv"), "--out", str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert said.count("knows none of the numbers") == 1
    assert "通讯簿" not in said


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("group", [None, "account"])
def test_every_report_of_a_fleet_tells_which_fields_somebody_chose(synced: ytx.Fleet, group: str | None) -> None:
    chosen = "was read from the fields ['meetingname'"
    assert not any("was read from" in note.en for note in usage(synced, group=group).notes)
    for name in ("account-1", "account-3"):
        synced[name].rebuild(DEFAULT.with_extra({"creator": ["meetingname"]}))
    (told,) = [note.en for note in usage(synced, group=group).notes if chosen in note.en]
    assert told.startswith("account account-1, account-3: meetings.creator")
    assert told in {note.en for note in collect(synced, Ask(by="total")).notes}
