"""Sums over all accounts of a fleet: equal to one office whose ids bear their account, whoever shares ids and numbers."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ytxdata as ytx
from tests.effort import examples, some
from tests.metrics.offices import EDGES, ENGINES, offices, several, tables
from tests.metrics.oracle import Leg, Meeting, Office
from ytxdata import metrics
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.metrics import Frames, Report
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import REPORTS, Ask, make
from ytxdata.phones import normalize
from ytxdata.records.schema import to_pandas
from ytxdata.selection import Selection
from ytxdata.tables.address_book import AddressBook, Entry

Begin = Callable[..., tuple[Emulator, ytx.Fleet]]
TARIFF = metrics.Tariff(step_s=60, prices={"mobile": "0.123", "default": "0.4"})


def everything(fleet: ytx.Fleet) -> Ask:
    """What all reports need, with a book of two departments that knows two of three numbers."""
    numbers = sorted(set(metrics.people(fleet).arrow["number"].to_pylist()))
    listed = {
        number: Entry("x", ("market", "research")[place % 3]) for place, number in enumerate(numbers) if place % 3 < 2
    }
    return Ask(by="month", tariff=TARIFF, book=AddressBook.of(listed), lines=3)


Told = Callable[[Office], tuple[pa.Table, pa.Table]]
OWN = ("meeting_id", "number", "creator", "group", "a", "b", "unit")


def merged(accounts: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], *, joins_people: bool) -> Frames:
    """One office of all accounts: ids, and numbers that are not joined, with their account behind a dash."""
    parts: list[list[pd.DataFrame]] = [[], []]
    for name, frames in accounts.items():
        for place, frame in enumerate(frames):
            bearing = ("meeting_id",) if joins_people else OWN
            texts = {one: frame[one].astype("string") for one in OWN if one in frame.columns}
            if "creator" in texts:
                called = texts["creator"].map(lambda one: normalize(one) or one, na_action="ignore")
                texts["creator"] = called.astype("string")
            keys = {"meeting_key": frame["meeting_key"] + f"|{name}"} if "meeting_key" in frame.columns else {}
            told = {one: text + f"|{name}" if one in bearing else text for one, text in texts.items()} | keys
            parts[place].append(frame.assign(**told))
    meetings, legs = (pl.from_pandas(pd.concat(part, ignore_index=True)) for part in parts)
    return Frames(meetings, legs)


def office_of(
    accounts: Mapping[str, Office], engine: str, *, joins_people: bool = False, told: Told = tables
) -> Frames:
    """The same as frames that say whose each row is."""
    made = []
    for place in (0, 1):
        parts = [to_pandas(told(office)[place]).assign(account=name) for name, office in accounts.items()]
        made.append(pd.concat(parts, ignore_index=True).astype({"account": "string"}))
    frames: list[Any] = made
    if engine == "polars":
        frames = [pl.from_pandas(one) for one in made]
    if engine == "duckdb":
        connection = duckdb.connect()
        frames = [connection.from_df(one) for one in made]
    return Frames(frames[0], frames[1], joins_people=joins_people)


def with_shown(meetings: pa.Table, number: str | None) -> pa.Table:
    """The meetings, each of which shows a number to whom it calls."""
    return meetings.append_column("display_number", pa.array([number] * meetings.num_rows, pa.string()))


def shown(report: Report, bearing: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """The rows, their account told as the merged office tells it; rows of one rank in any order."""
    rows = report.arrow.to_pylist()
    for row in rows:
        account = row.pop("account", None)
        for key in bearing:
            if row.get(key) is not None and account is not None:
                row[key] = f"{row[key]}|{account}"
    return sorted((tuple(row.items()) for row in rows), key=repr)


def ask_all(source: Any, asked: Ask, *, with_classes: bool) -> dict[str, Report]:
    """Every report there is. What is looked up by number knows none of a merged office whose numbers bear an account."""
    looked_up = ("cost", "chargeback", "network")
    return {
        name: make(name, source, asked)
        for name in REPORTS
        if name.isidentifier() and REPORTS[name].function.__module__.startswith("ytxdata.")
        if with_classes or name not in looked_up
    }


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("joins_people", [False, True])
def test_every_report_is_that_of_one_office_of_all(synced: ytx.Fleet, joins_people: bool) -> None:
    fleet = synced.same_people() if joins_people else synced
    accounts: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for name in synced.names:
        meetings, legs = (
            one.collect("pandas").to_native() for one in synced[name].scans("meetings", "legs", is_keyed=True)
        )
        accounts[name] = meetings, legs
    asked = everything(synced)
    # facts are shared, as `ytxdata fleet report` shares them
    expected = ask_all(resolve(merged(accounts, joins_people=joins_people)), asked, with_classes=joins_people)
    bearing = ("meeting_id",) if joins_people else OWN
    for name, report in ask_all(resolve(fleet), asked, with_classes=joins_people).items():
        partial = {"is_partial", "covered_pct"}  # of what is claimed about archives, frames know nothing
        found, wanted = (
            [[cell for cell in row if cell[0] not in partial] for row in rows]
            for rows in (shown(report, bearing), shown(expected[name]))
        )
        assert len(found) > 0 or name == "network", name
        if name == "lonely" and not joins_people:
            found, wanted = (
                [[cell for cell in row if cell[0] != "lonely_cost"] for row in rows] for rows in (found, wanted)
            )
        assert found == wanted, name
        assert {reason: n for reason, (_, n) in report.excluded.items()} == {
            reason: n for reason, (_, n) in expected[name].excluded.items()
        }, name


@pytest.mark.slow
@settings(max_examples=examples(3, 2), deadline=None)
@given(st.lists(several(offices(), 3), min_size=2, max_size=3), st.booleans(), st.sampled_from(list(ENGINES)))
def test_offices_that_share_ids_and_numbers_stay_apart(few: list[Office], joins_people: bool, engine: str) -> None:
    accounts = {f"a{place}": office for place, office in enumerate(few)}
    plain = {name: (to_pandas(tables(one)[0]), to_pandas(tables(one)[1])) for name, one in accounts.items()}
    ours = resolve(office_of(accounts, engine, joins_people=joins_people))
    one_office = resolve(merged(plain, joins_people=joins_people))
    bearing = ("meeting_id",) if joins_people else OWN
    for made in (metrics.usage, metrics.people, metrics.creators, metrics.concentration, metrics.concurrency):
        assert shown(made(ours), bearing) == shown(made(one_office)), made.__name__
    grouped: dict[str, Any] = {"by": "total", "group": "creator"}
    assert shown(metrics.usage(ours, **grouped), bearing) == shown(metrics.usage(one_office, **grouped))


CALLED = ("+8613900000000", "+861065520000", None)
"""Numbers that offices list, shown by one account's meetings and called from those of others."""


def money(source: Any) -> Counter[tuple[Any, ...]]:
    """What every class of numbers costs and how often it joined: of a whole as of the sum of its parts."""
    found: Counter[tuple[Any, ...]] = Counter()
    source = resolve(source)
    for row in metrics.cost(source, CLASSES, by="line").arrow.to_pylist():
        found["line", row["number"], row["number_class"], row["cost"]] += 1
    for of in ("leg", "creator"):
        asked: dict[str, Any] = {"by": "total", "group": "number_class", "group_of": of}
        for row in metrics.usage(source, **asked).arrow.to_pylist():
            found["usage", of, row["group"]] += row["legs"] or 0
    for row in metrics.usage(Selection(source, {"number_class": ("access",)}), by="total").arrow.to_pylist():
        found["only", "access"] += row["meetings"]
    return +found


CLASSES = metrics.Tariff(step_s=60, prices={"mobile": "0.12", "fixed": "0.1", "access": "0.01", "default": "1"})


ONE = Office(
    [Meeting("1", "+8613900000000", EDGES[2], EDGES[2] + 3600, 2)],
    [Leg("1", n + 1, number, EDGES[2], EDGES[2] + 3600) for n, number in enumerate(CALLED[:2])],
)


@pytest.mark.slow
@settings(max_examples=examples(2, 1), deadline=None)
@given(
    pair=st.lists(st.tuples(offices(), st.sampled_from(CALLED)), min_size=2, max_size=2),
    asked=st.lists(st.tuples(st.sampled_from(list(ENGINES)), st.booleans()), min_size=1, max_size=1),
)
@example(
    pair=[(ONE, CALLED[0]), (Office(ONE.meetings, ONE.legs), CALLED[1])],
    asked=[("polars", True), *some([("pandas", False), ("duckdb", True)], 1)],
)
def test_numbers_of_one_account_are_called_from_another(
    pair: list[tuple[Office, str | None]], asked: list[tuple[str, bool]]
) -> None:
    shown_by = {id(office): number for office, number in pair}

    def told(office: Office) -> tuple[pa.Table, pa.Table]:
        meetings, legs = tables(office)
        return with_shown(meetings, shown_by[id(office)]), legs

    accounts = {f"a{place}": office for place, (office, _) in enumerate(pair)}
    # the parts by Polars: that engines agree about an account by itself is told in `tests/metrics`
    each = sum((money(office_of({name: one}, "polars", told=told)) for name, one in accounts.items()), Counter())
    for engine, joins_people in asked:
        assert money(office_of(accounts, engine, joins_people=joins_people, told=told)) == each, engine


@pytest.mark.slow
@pytest.mark.parametrize("joins_people", [False, True])
def test_access_is_a_number_of_the_account_itself(joins_people: bool) -> None:
    accounts = {"north": ONE, "south": Office(ONE.meetings, ONE.legs)}

    def told(office: Office) -> tuple[pa.Table, pa.Table]:
        return with_shown(tables(office)[0], CALLED[office is not ONE]), tables(office)[1]

    lines = metrics.cost(office_of(accounts, "pandas", joins_people=joins_people, told=told), CLASSES, by="line")
    classes = sorted((row["number"], row["number_class"]) for row in lines.arrow.to_pylist())
    landline, mobile = ("+861065520000", "+8613900000000")
    assert classes == [(landline, "access"), (landline, "fixed"), (mobile, "access"), (mobile, "mobile")]


@pytest.mark.slow
def test_what_adds_up_is_the_sum_of_the_accounts(synced: ytx.Fleet) -> None:
    whole = metrics.usage(synced, by="total").arrow.to_pylist()[0]
    each = metrics.usage(synced, by="total", group="account").arrow.to_pylist()
    for key in ("meetings", "legs", "withheld", "people", "active_creators"):
        assert whole[key] == sum(row[key] for row in each), key
    for key in ("meeting_minutes", "talk_minutes", "lonely_minutes", "leg_minutes"):
        assert whole[key] == pytest.approx(sum(row[key] for row in each)), key
    assert whole["peak_legs"] >= max(row["peak_legs"] for row in each)


@pytest.mark.slow
def test_one_number_is_one_person_only_if_asked(synced: ytx.Fleet) -> None:
    apart, joined = (metrics.people(one) for one in (synced, synced.same_people()))
    assert "account" in apart.arrow.column_names
    assert "account" not in joined.arrow.column_names
    assert apart.arrow.num_rows > joined.arrow.num_rows == joined.arrow["number"].unique().to_pylist().__len__()
    for report, word, said in ((apart, "two people", "算两个人"), (joined, "one person in all accounts", "算同一个人")):
        assert any(word in note.en and said in note.zh for note in report.notes)
    assert synced.same_people().where(company="A").joins_people
    whole = metrics.usage(synced.same_people(), by="total").arrow.to_pylist()[0]
    assert whole["people"] == joined.arrow.num_rows


@pytest.mark.slow
def test_groups_are_labels_accounts_or_those_of_an_archive(synced: ytx.Fleet) -> None:
    by_company = {row["group"]: row for row in metrics.usage(synced, by="total", group="company").arrow.to_pylist()}
    assert list(by_company) == ["A", "B"]
    for company, row in by_company.items():
        alone = metrics.usage(synced.where(company=company), by="total").arrow.to_pylist()[0]
        assert {key: value for key, value in row.items() if key != "group"} == alone
    names = ("people", "lonely", "sizes", "heatmap", "concurrency", "peak_stretches", "working_hours")
    source = resolve(synced)
    for name in some(names, 2):
        report = make(name, source, Ask(by="month", group="company"))
        assert set(report.arrow["group"].to_pylist()) == {"A", "B"}, name
        assert set(report.explain(report.arrow.num_rows // 4)["account"]) <= set(synced.names), name
    classes = metrics.usage(synced, by="total", group="number_class")
    assert sum(classes.arrow["meetings"].to_pylist()) == 181
    with pytest.raises(UsageError, match="company、account"):
        metrics.usage(synced, group="department")
    with pytest.raises(UsageError, match="company、account"):
        metrics.usage(synced, group="region")


@pytest.mark.slow
def test_a_department_is_found_in_all_accounts(synced: ytx.Fleet) -> None:
    numbers = [one for one in metrics.people(synced).arrow["number"].to_pylist() if one]
    book = AddressBook.of({number: Entry("x", "sales") for number in numbers[::2]})
    report = metrics.usage(synced, by="total", group="department", book=book, group_of="leg")
    assert report.arrow["group"].to_pylist() == ["sales", "not in the book"]
    assert any("matched" in note.en and not note.en.startswith("warning") for note in report.notes)
    shared = metrics.chargeback(synced, by="total", book=book, invoice="100.00")
    assert sum(shared.arrow["allocated"].to_pylist()) == 100


@pytest.mark.slow
def test_a_row_leads_to_records_that_say_whose_they_are(synced: ytx.Fleet) -> None:
    creators, shared = metrics.creators(synced), _shared_creator(synced)
    twice = [row for row in creators.arrow.to_pylist() if row["creator"] == shared]
    assert sorted(row["account"] for row in twice) == ["account-1", "account-3"]
    for row in twice:
        records = creators.explain(row)
        assert list(records.columns[:2]) == ["account", "meeting_id"]
        assert set(records["account"]) == {row["account"]}
        assert set(records["meeting_id"]) <= set(synced[row["account"]].meetings()["meeting_id"])
    again = pickle.loads(pickle.dumps(creators))  # our own
    assert again.with_source(synced).explain(twice[0]).equals(creators.explain(twice[0]))
    presence = metrics.presence(synced, meeting=_shared_id(synced))
    assert set(presence.arrow["account"].to_pylist()) == {"account-1", "account-3"}
    assert set(presence.explain(0)["account"]) == {presence.arrow["account"][0].as_py()}


def _shared_id(fleet: ytx.Fleet) -> str:
    both = set(fleet["account-1"].meetings()["meeting_id"]) & set(fleet["account-3"].meetings()["meeting_id"])
    (found,) = both
    return str(found)


def _shared_creator(fleet: ytx.Fleet) -> str:
    meetings = fleet.meetings()
    return "+86" + str(meetings[meetings["meeting_id"] == _shared_id(fleet)]["creator"].iloc[0]).lstrip("0")


@pytest.mark.slow
def test_only_some_meetings_of_all_accounts(synced: ytx.Fleet) -> None:
    shared = synced.only(meeting_id=_shared_id(synced))
    assert metrics.usage(shared, by="total").arrow["meetings"].to_pylist() == [2]
    by_creator = metrics.creators(synced.only(creator=_shared_creator(synced)))
    assert set(by_creator.arrow["creator"].to_pylist()) == {_shared_creator(synced)}
    number = metrics.people(synced).arrow["number"][0].as_py()
    assert number in metrics.people(synced.only(number=number)).arrow["number"].to_pylist()
    long = metrics.usage(synced.only(min_minutes=30), by="total").arrow["meetings"][0].as_py()
    each = metrics.usage(synced.only(min_minutes=30), by="total", group="account").arrow["meetings"].to_pylist()
    assert long == sum(each)


@pytest.mark.slow
def test_changes_of_a_fleet_are_driven_by_creators_of_accounts(synced: ytx.Fleet) -> None:
    compared = metrics.compare(metrics.usage, synced, "2026-03")
    assert compared.drivers is not None
    figures = {row["figure"]: row["change"] for row in compared.arrow.to_pylist()}
    led = compared.drivers.arrow.to_pylist()
    assert sum(row["change"] for row in led if row["figure"] == "meetings") == figures["meetings"]
    assert {row["account"] for row in led} <= {*synced.names, None}
    assert set(compared.drivers.explain(0)["account"]) == {led[0]["account"]}
    by_label = metrics.compare(metrics.usage, synced, "2026-03", group="company", engine="duckdb")
    assert by_label.drivers is not None
    assert set(by_label.drivers.arrow["group"].to_pylist()) == {"A", "B"}


@pytest.mark.slow
def test_a_bill_by_meeting_says_nothing_of_an_id_of_two_accounts(synced: ytx.Fleet) -> None:
    other = next(one for one in synced["account-2"].meetings()["meeting_id"])
    bill = pd.DataFrame({"meeting_id": [_shared_id(synced), other], "amount": ["7.00", "5.00"]})
    shared = metrics.chargeback(synced, by="total", book=everything(synced).book or "", invoice=bill)
    assert sum(shared.arrow["allocated"].to_pylist()) == 5
    assert any("7.00 yuan" in note.en and "warning" in note.en for note in shared.notes)


@pytest.mark.slow
def test_a_department_of_few_does_not_grow_with_its_accounts(begin: Begin) -> None:
    server, fleet = begin()
    entries = server.backends["account-1"].entries
    for name in ("account-2", "account-3"):
        for entry in list(entries):
            server.backends[name].add(entry.first)
    assert fleet.sync().exit_code == 0
    numbers = metrics.people(fleet).arrow["number"].to_pylist()
    few = [number for number in dict.fromkeys(numbers) if numbers.count(number) == 3][:2]
    assert len(few) == 2
    book = AddressBook.of({number: Entry("x", "few") for number in few})
    nodes = metrics.network(fleet, book=book).nodes
    assert nodes is not None
    assert {row["unit"]: row["people"] for row in nodes.arrow.to_pylist()}["few"] == 6
    for asked in (fleet, fleet.same_people()):
        hidden = metrics.network(asked, book=book, min_group=3).nodes
        assert hidden is not None
        assert "few" not in hidden.arrow["unit"].to_pylist()


@pytest.mark.slow
def test_an_account_that_was_never_synced_is_a_gap_and_a_note(synced: ytx.Fleet, tmp_path: Path) -> None:
    entries: dict[str, Any] = {name: {"archive": str(synced[name].path)} for name in synced.names}
    (tmp_path / "broken.archive").mkdir()
    more = ytx.Fleet({**entries, "late": {}}, folder=tmp_path)
    for group in (None, "account"):
        report = metrics.usage(more, by="total", group=group)
        assert report.certificate is not None
        assert report.certificate.worst == "GAP"
        assert any("late" in note.en and "not synced yet" in note.en for note in report.notes)
        assert sum(report.arrow["meetings"].to_pylist()) == 181
    nobody = ytx.Fleet({"late": {}}, folder=tmp_path)
    assert metrics.usage(nobody).arrow.num_rows == 0
    assert len(nobody.meetings()) == len(nobody.scan("legs")) == 0
    with pytest.raises(UsageError, match="no account"):
        metrics.usage(nobody, group="account")


def asked_of(fleet: ytx.Fleet) -> tuple[Any, ...]:
    return fleet, fleet["account-1"], fleet.only(min_minutes=5)


@pytest.fixture(scope="module")
def of_pandas(synced_once: tuple[dict[str, dict[str, Any]], Path]) -> dict[tuple[int, str], list[Any]]:
    """What a fleet, an account and a selection say when no engine is asked for."""
    accounts, folder = synced_once
    fleet = ytx.Fleet(accounts, folder=folder)
    whole, everyone = ("people", "concurrency", "cost"), everything(fleet)
    return {
        (place, name): shown(make(name, source, everyone))
        for place, (source, names) in enumerate(
            zip(map(resolve, asked_of(fleet)), (whole, ("usage",), ("cost",)), strict=True)
        )
        for name in names
    }


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_engines_are_asked_of_a_fleet_as_of_an_archive(
    synced: ytx.Fleet, of_pandas: dict[tuple[int, str], list[Any]], engine: Any
) -> None:
    everyone = everything(synced)
    for (place, name), found in of_pandas.items():
        asked = {key: getattr(everyone, key) for key in REPORTS[name].takes if getattr(everyone, key) is not None}
        report = REPORTS[name].function(asked_of(synced)[place], **asked, engine=engine)
        assert shown(report) == found, name
        assert type(report.frame).__module__.startswith("polars" if engine == "polars" else "pandas"), name
    with pytest.raises(UsageError, match="no such engine"):
        metrics.usage(synced, engine="dask")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="archives and fleets"):
        metrics.usage(Frames(pd.DataFrame(), pd.DataFrame()), engine="duckdb")


@pytest.mark.slow
def test_masked_files_of_a_fleet_hide_numbers_and_keep_accounts(synced: ytx.Fleet, tmp_path: Path) -> None:
    reports = [metrics.creators(synced), metrics.usage(synced, group="creator"), metrics.network(synced, unit="person")]
    for report in reports:
        text = report.to_csv(tmp_path / f"{report.name}.csv").read_text("utf-8-sig")
        assert "****" in text
        assert "account-1" in text
        assert "+86" not in text
        assert "\x1f" not in text
    assert "\x1f" not in reports[0].to_csv(tmp_path / "open.csv", show_phones=True).read_text("utf-8-sig")
