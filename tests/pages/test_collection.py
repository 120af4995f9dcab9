"""All tables of one moment: what is in them, what they are compared with, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from inspect import isfunction, signature
from pathlib import Path
from typing import Any

import pytest

from tests.archive.conftest import Platform
from tests.pages.conftest import TARIFF
from ytxdata import Fleet, metrics, sample, times
from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.emulator.meeting import Leg, Meeting
from ytxdata.errors import NotAnArchiveError, UsageError
from ytxdata.history.client import Client
from ytxdata.labels import Text
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import REPORTS, Ask, make
from ytxdata.metrics.source import on_engine
from ytxdata.pages import collection, html_report
from ytxdata.pages.collection import FIGURES, Collection, KeyFigure, collect, key_figures
from ytxdata.pages.html_report import write_page
from ytxdata.pages.small_groups import without_small_groups
from ytxdata.tables.described import Definition, to_arrow
from ytxdata.times import as_instant, instant_of

pytestmark = pytest.mark.slow


def test_every_report_of_the_metrics_is_in_the_set() -> None:
    functions = {name: getattr(metrics, name) for name in metrics.__all__ if isfunction(getattr(metrics, name))}
    made = {
        name for name, function in functions.items() if signature(function).return_annotation in ("Report", "Network")
    }
    assert set(REPORTS) == made


def test_meetings_are_one_row_each_and_as_many_as_usage_counts(collected: Collection, middle: datetime) -> None:
    meetings = collected.records["meetings"].frame
    assert meetings["meeting_id"].is_unique
    assert (meetings["started_at"] >= middle).all()
    assert collected.reports["usage"].frame["meetings"].sum() == len(meetings)


def met(room: int, start: str, lasts: int, people: tuple[str, ...]) -> Meeting:
    """A meeting in a room that keeps its id."""
    begun = int(as_instant(start).timestamp())
    legs = tuple(
        Leg("P", number[3:], number, "mobile", begun, begun, begun + lasts, "应答|正常" if n else "无应答|？")
        for n, number in enumerate(people, 1)
    )
    return Meeting(
        meeting_id=f"9{room:028d}", name="例会", creator=people[0][3:], creator_number=people[0], app_id="x", kind="ad_hoc",
        is_booked=False, created_at=begun - 5, booked_at=None, started_at=begun, ended_at=begun + lasts, duration_s=lasts,
        amount_mills=None, display_number="01000000001", recording_url=None, state="已结束", legs=legs, listed_from=0,
    )  # fmt: skip


ROOMS = (
    met(1, "2026-03-02 10:00", 3600, ("+8613900000001", "+8613900000002")),
    met(1, "2026-03-09 10:00", 300, ("+8613900000003", "+8613900000004")),
    met(1, "2026-04-16 10:00", 240, ("+8613900000001", "+8613900000005")),
    met(2, "2026-04-17 10:00", 2400, ("+8613900000006", "+8613900000002")),
)
"""Of two rooms; the first had a short one of others beside a long one."""


@pytest.fixture(scope="session")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    kept = Archive(tmp_path_factory.mktemp("rooms") / "m.archive")
    with Emulator(meetings=0, accounts=1, until="2026-06-10") as server:
        for one in ROOMS:
            server.backends["account-1"].add(one)
        kept.sync(Client(base_url=server.url, **server.credentials))
    return kept


@pytest.mark.parametrize(
    ("only", "start", "starts"),
    [
        ({"min_minutes": (30,)}, None, [0, 3]),
        ({"number": ("13900000002",)}, None, [0, 3]),
        ({"number": ("13900000001",)}, None, [0, 2]),
        ({"number": ("13900000002",)}, "2026-04", [3]),
        ({"creator": ("13900000003",)}, "2026-03", [1]),
        ({"meeting_id": (ROOMS[0].meeting_id,)}, None, [0, 1, 2]),
        ({"creator": ("13900000009",)}, None, []),
        (None, None, [0, 1, 2, 3]),
    ],
)
def test_records_of_what_was_selected_are_of_these_meetings_and_of_no_other_of_their_room(
    rooms: Archive, only: dict[str, tuple[Any, ...]] | None, start: str | None, starts: list[int]
) -> None:
    found = collect(rooms, Ask(start=None if start is None else as_instant(start), only=only))
    meetings, legs = (to_arrow(found.records[name].frame) for name in ("meetings", "legs"))
    chosen = [ROOMS[n] for n in starts]
    assert [int(one.timestamp()) for one in meetings["started_at"].to_pylist()] == [one.started_at for one in chosen]
    assert sorted(legs["number"].to_pylist()) == sorted(str(leg.number) for one in chosen for leg in one.legs)
    assert sum(found.reports["usage"].arrow["meetings"].to_pylist()) == len(starts)
    assert meetings["last_seen_at"].null_count == 0


def test_no_rejected_record_stands_beside_what_was_selected(tmp_path: Path) -> None:
    kept, party = Archive(tmp_path / "m.archive"), {"phone": "13900000001", "jointime": "2026-03-02 10:00:00"}
    told = {"meid": "9001", "creator": "13900000001", "starttime": "2026-03-02 10:00:00", "parties": [party]}
    kept.sync(Platform([told, {"meetingname": "无编号", "parties": [{"phone": "13900000007"}]}]))
    assert len(collect(kept, Ask()).records["rejects"].arrow) == 1
    rejects = collect(kept, Ask(only={"creator": ("13900000001",)})).records["rejects"]
    assert rejects.arrow.num_rows == 0
    assert "1 rejected records are not listed" in rejects.notes[0].en


def test_figures_are_those_of_the_whole_period_and_of_the_one_before(collected: Collection, archive: Archive) -> None:
    figures = {figure.definition.key: figure for figure in collected.figures}
    assert list(figures) == [key for _, key in FIGURES]
    assert collected.before is not None
    (start, end), _ = collected.before
    assert collected.period is not None
    assert end == collected.period[0]
    then = metrics.usage(archive, start, end, by="total").frame
    assert figures["people"].before == (then["people"].iloc[0] if len(then) else None)
    assert figures["meetings"].value == len(collected.records["meetings"].frame)


def test_without_a_tariff_there_are_no_costs(nothing: Collection) -> None:
    assert "cost" not in nothing.reports
    assert "cost" not in {figure.definition.key for figure in nothing.figures}


def test_without_a_beginning_there_is_nothing_to_compare_with(archive: Archive) -> None:
    whole = collect(archive, Ask(by="total"))
    assert whole.before is None
    assert {figure.before for figure in whole.figures} == {None}


def quiet(archive: Archive | Fleet) -> tuple[datetime, datetime]:
    """A period within a meeting, during which no other begins; not of the oldest, beside which others may have run that
    are told no more."""
    meetings = archive.meetings().iloc[1:]
    starts = sorted(meetings["started_at"])
    for first, last in zip(meetings["started_at"], meetings["ended_at"], strict=True):
        until = min([last, *(start for start in starts if start > first)])
        if until - first > timedelta(minutes=10):
            return (first + timedelta(minutes=1)).to_pydatetime(), until.to_pydatetime()
    raise AssertionError("meetings of the sample are too short")


def check_quiet(source: Archive | Fleet, engine: str, **asked: Any) -> dict[str, KeyFigure]:
    """Compare the key figures of a period in which none begins with those of `compare`, and return them."""
    start, end = quiet(source)
    ask = Ask(start=end, end=end + (end - start), tariff=TARIFF, **asked)
    earlier = Ask(start=start, end=end, tariff=TARIFF, **asked)
    chosen = on_engine(ask.of(source), {"engine": engine})  # type: ignore[typeddict-item]
    figures = {one.definition.key: one for one in key_figures(resolve(chosen), ask, earlier, chosen)}
    found = metrics.compare(metrics.usage, chosen, (end, end + (end - start)), (start, end), group=None).frame
    compared = {row["figure"]: row["before"] for row in to_arrow(found).to_pylist()}
    for key in compared.keys() & figures.keys():
        before = figures[key].before
        assert (before is None) == (compared[key] is None), key
        assert before is None or float(before) == pytest.approx(float(compared[key])), key
    return figures


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_of_a_period_in_which_no_meeting_begins_key_figures_are_known(archive: Archive, engine: str) -> None:
    figures = check_quiet(archive, engine)
    before = {key: one.before for key, one in figures.items()}
    peak = before.pop("peak_legs")
    assert isinstance(peak, int)
    assert peak > 0
    assert before == {
        "meetings": 0, "meeting_minutes": 0, "people": 0, "leg_minutes": 0, "size_mean": None, "active_creators": 0,
        "lonely_minutes": 0, "outside_pct": None, "concentration": None, "cost": 0,
    }  # fmt: skip
    assert [type(before[key]) for key in ("meetings", "leg_minutes", "cost")] == [int, float, Decimal]
    assert KeyFigure(figures["cost"].definition, Decimal(0), None).text == "0.00"


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_nothing_that_is_selected_is_0_within_the_data(archive: Archive, engine: str) -> None:
    figures = check_quiet(archive, engine, only={"name": ("nobody calls it so",)})
    assert (figures["meetings"].value, figures["peak_legs"].value, figures["size_mean"].value) == (0, 0, None)
    assert (figures["meetings"].before, figures["peak_legs"].before) == (0, 0)
    assert figures["meetings"].change == Text("持平", "no change")


def test_key_figures_of_what_was_not_pulled_are_unknown(archive: Archive, nothing: Collection) -> None:
    assert {one.value for one in nothing.figures} == {None}
    last = instant_of(resolve(archive).known_spans.last)
    for ask in (
        Ask(start=last + timedelta(days=1), end=last + timedelta(days=2)),
        Ask(end=as_instant("2001-01")),
        Ask(start=last + timedelta(days=1)),
    ):
        assert {one.value for one in key_figures(resolve(archive), ask, None)} == {None}
    nobody = Ask(only={"name": ("nobody calls it so",)})
    assert collect(archive, nobody).figures[0].value == 0


def test_of_small_groups_it_is_not_told_who_was_still_connected(archive: Archive) -> None:
    start, end = quiet(archive)
    collected = collect(archive, Ask(start=start, end=end))
    assert {one.definition.key for one in collected.figures if one.value} == {"peak_legs"}
    shown = without_small_groups(collected, 5)
    assert {one.definition.key: one.value for one in shown.figures if one.value} == {}
    assert {one.value for one in shown.figures if one.definition.key == "peak_legs"} == {None}
    assert {one.before for one in shown.figures if (shown.figures[0].before or 0) == 0} <= {None}


@pytest.mark.parametrize(
    ("unit", "value", "before", "change"),
    [
        ("meetings", 30, 40, "▼ 25.0 %"),
        ("meetings", 40, 30, "▲ 33.3 %"),
        ("meetings", 40, 40, "no change"),
        ("%", 55.5, 50.0, "▲ 5.5 points"),
        ("meetings", 40, 0, None),
        ("meetings", 0, 0, "no change"),
        ("meetings", None, 40, None),
        ("min", 40.0, None, None),
    ],
)
def test_a_change_is_said_only_where_it_can_be(
    unit: str, value: float | None, before: float | None, change: str | None
) -> None:
    found = KeyFigure(Definition(key="x", zh="x", en="x", unit=unit), value, before).change
    assert (found.en if found else None) == change


def test_a_sync_in_between_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(meetings=20, seed=3) as server:
        archive = Archive(tmp_path / "m.archive")
        client = Client(base_url=server.url, **server.credentials)
        archive.sync(client)
        server.advance(days=30)

        def step(name: str) -> None:
            if name == "records":
                archive.sync(client)

        done = collect(archive, Ask(by="total"), step=step)
    assert len(archive.meetings()) > 20
    assert len(done.records["meetings"].frame) == done.reports["usage"].frame["meetings"].sum() == 20


def test_no_archive_is_an_error_and_not_an_empty_report(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchiveError):
        collect(Archive(tmp_path / "typo"), Ask())


def test_an_unknown_report_names_the_known_ones(archive: Archive) -> None:
    with pytest.raises(UsageError, match="usage, heatmap"):
        make("usages", archive, Ask())
    with pytest.raises(UsageError, match="--tariff"):
        make("cost", archive, Ask())


def test_an_empty_period_has_no_period_before(middle: datetime) -> None:
    assert Ask(start=middle, end=middle).before(None) is None
    for given, before in (
        (("2026-03-05", "2026-03-08"), ("2026-03-02", "2026-03-05")),
        (("2026-03-01", "2026-04-01"), ("2026-02-01", "2026-03-01")),
        (("2026-03-01", "2026-03-18"), ("2026-02-12", "2026-03-01")),
        (("2025-09-01", "2025-09-08"), ("2025-08-25", "2025-09-01")),
    ):
        start, end = (as_instant(edge) for edge in given)
        earlier = Ask(start=start, end=end).before(None)
        assert earlier is not None
        assert (earlier.start, earlier.end) == tuple(as_instant(edge) for edge in before)


def test_the_records_beside_the_reports_are_named_once() -> None:
    assert set(collection.RECORDS).isdisjoint(REPORTS)


@pytest.mark.parametrize("until", [None, "2025-04"])
def test_a_month_that_is_not_over_is_compared_as_compare_does(
    until: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = sample("archive")
    monkeypatch.setattr(times, "now", lambda: as_instant("2025-03-20 12:00"))
    ask = Ask(start=as_instant("2025-03"), end=None if until is None else as_instant(until), by="total")
    done = collect(given, ask)
    found = metrics.compare(metrics.usage, given, "2025-03", group=None)
    assert found.spans is not None
    assert done.before is not None
    assert done.before[0] == found.spans[1] == (as_instant("2025-02"), as_instant("2025-02-20 12:00"))
    assert done.cut_at == found.spans[0][1]
    before = found.frame.set_index("figure")["before"]
    figures = {figure.definition.key: figure.before for figure in done.figures}
    for key in ("meetings", "people", "active_creators"):
        assert figures[key] == before[key], key
    monkeypatch.setattr(html_report, "SIZES", ())
    shown = write_page(done, tmp_path / "page.html", lang="en").read_text("utf-8")
    assert "until 2025-03-20 12:00:00" in shown
    assert "2025-02-01 00:00:00 to 2025-02-20 12:00:00" in shown


def test_a_period_that_has_not_begun_is_compared_with_nothing() -> None:
    ask = Ask(start=as_instant("2026-03"), end=as_instant("2026-04"))
    assert ask.before(as_instant("2026-02-20")) is None


def test_of_time_before_the_archive_nothing_is_known_and_nothing_is_probably_complete(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_report, "SIZES", ())
    asked = collect(archive, Ask(start=as_instant("2020-01"), end=as_instant("2020-02")))
    said = write_page(asked, tmp_path / "page.html", lang="en").read_text("utf-8")
    assert said.count('ytx-UNKNOWN">nothing is known<') == 2, "of the period, and of the one before"
    assert "probably complete" not in said
    assert asked.certificate.worst == "PROBABLE"


def test_an_archive_without_meetings_says_that_its_tables_are_empty_and_names_no_oldest_one(tmp_path: Path) -> None:
    kept = Archive(tmp_path / "m.archive")
    kept.sync(Platform([]))
    asked = collect(kept, Ask(start=as_instant("2020-01"), end=as_instant("2020-02")))
    assert [one.en for one in asked.notes if "the tables are empty" in one.en]
    assert "oldest" not in asked.certificate.sentence.en
    assert ["no meeting in this archive" in one.en for one in collect(kept, Ask()).notes] == [True]


def test_a_page_says_why_nothing_is_compared(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_report, "SIZES", ())
    end = archive.certificate().end
    assert end is not None
    said = {}
    for name, asked in (
        ("open", Ask()),
        ("to come", Ask(start=end + timedelta(days=40), end=end + timedelta(days=70))),
    ):
        said[name] = write_page(collect(archive, asked), tmp_path / "page.html", lang="en").read_text("utf-8")
    assert "No beginning was given" in said["open"]
    assert "does not reach this period yet" in said["to come"]
    assert "No beginning was given" not in said["to come"]
