"""A report about a period reads little else of an archive, and counts what a report of everything counts."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.effort import IS_WHOLE, some
from ytxdata import metrics
from ytxdata.archive import Archive
from ytxdata.files import that_may_be_lost
from ytxdata.fleet import Fleet
from ytxdata.history.history import History
from ytxdata.metrics import in_memory
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import REPORTS, Registered, around
from ytxdata.metrics.source import Source
from ytxdata.metrics.tariff import Tariff
from ytxdata.records.answer import Answer, read_answer
from ytxdata.selection import Selection
from ytxdata.times import BEIJING

ROOT = Path(__file__).parents[2]
PERIODS = [
    ("2026-02-01", "2026-03-01"),
    ("2026-02-28 23:59:59.5", "2026-03-01 00:00:00.5"),
    ("2026-03-15 12:00", None),
    (None, "2026-02-03"),
    ("2031-01-01", "2032-01-01"),
    ("2025-01-01", "2025-02-01"),
]


@dataclass
class Told:
    """A platform that answers with all it has."""

    records: list[dict[str, Any]]
    identity: tuple[str, str] = ("sid-of-this-test", "app")

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        data = json.dumps({"statusCode": "0", "data": self.records[:meetingcount]}, ensure_ascii=False).encode()
        return read_answer(data, asked_at=datetime(2026, 7, 1, tzinfo=UTC), asked_n=meetingcount)


def told(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}"


def record(i: int, rng: random.Random, days: int = 90) -> dict[str, Any]:
    """A meeting of some months, some of which are what nobody expects: over the end of a month, without times, of a
    wrong clock, of an account number, of parties without times or a number.
    """
    begin = datetime(2026, 1, 1, tzinfo=BEIJING) + timedelta(seconds=rng.randrange(days * 86_400))
    if rng.random() < 0.3:  # about the end of a month
        begin = datetime(2026, rng.choice([2, 3]), 1, tzinfo=BEIJING)
        begin -= timedelta(seconds=rng.choice([0, 1, 600, 7200]))
    end = begin + timedelta(seconds=rng.choice([0, 1, 60, 1800, 7200, 40 * 86_400 if rng.random() < 0.1 else 300]))
    parties = []
    for _ in range(rng.randrange(5)):
        joined = begin + timedelta(seconds=rng.choice([-3600, -30, 0, 5, 60]))
        left = end + timedelta(seconds=rng.choice([-20, 0, 30, 100 * 86_400 if rng.random() < 0.05 else 0]))
        party = {"name": "甲", "phone": rng.choice([f"139{rng.randrange(12):08d}", "01000000000", "075512345678", ""])}
        if rng.random() < 0.9:
            party["jointime"] = told(joined)
        if rng.random() < 0.8:
            party["leavetime"] = told(left)
        parties.append(party)
    meeting = {
        "meid": f"{i:029d}", "meetingname": rng.choice(["周会", "例会", f"第 {i} 次"]),
        "creator": f"138{rng.randrange(6):08d}", "starttime": told(begin), "endtime": told(end), "parties": parties,
    }  # fmt: skip
    if rng.random() < 0.05:
        del meeting["starttime"]
    if rng.random() < 0.1:
        del meeting["endtime"]
        if (
            len(parties) > 1 and "leavetime" in parties[-1] and rng.random() < 0.5
        ):  # somebody comes weeks after the others
            later = {key: told(begin + timedelta(days=n)) for key, n in (("jointime", 44), ("leavetime", 45))}
            parties[-1] |= later
    # in January alone it is seen whose number that is
    if begin.month == 1:
        meeting["shownumber"] = "01000000000"
    return meeting


def archive_of(seed: int, path: Path) -> Archive:
    """An archive that heard the same meetings several times, some of them otherwise, some ids twice."""
    rng = random.Random(seed)
    records = [record(i, rng) for i in range(120)]
    archive = Archive(path)
    with that_may_be_lost():
        for turn in range(3):
            for _ in range(6 * turn):
                at = rng.randrange(len(records))
                records[at] = record(at, rng)  # another version; where the times are far apart, another meeting
            rng.shuffle(records)
            archive.sync(Told([*records, *records[:3]]))
    return archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return archive_of(0, tmp_path_factory.mktemp("around") / "meetings.archive")


@pytest.fixture(scope="module")
def everything(archive: Archive) -> Source:
    """All of it, whose facts all reports share, as those of one `ytxdata report` do."""
    return resolve(archive)


@pytest.fixture(scope="module")
def parts(archive: Archive) -> list[Source]:
    """What each of the periods takes of it, whatever is asked of that."""
    return [resolve(around(archive, start, end)) for start, end in PERIODS]


def asked(name: str, entry: Registered) -> list[dict[str, Any]]:
    """In how many ways a report is asked: alone, and by groups."""
    known: dict[str, Any] = {
        "tariff": Tariff.load(ROOT / "data" / "tariff.toml"),
        "lines": 2,
        "invoice": None,
        "book": str(ROOT / "data" / "roster.csv"),
        "by": "month",
    }
    given = {key: value for key, value in known.items() if key in entry.takes and value is not None}
    ways = [given]
    if "group" in entry.takes and name != "chargeback":
        groups = ("number_class",) if name == "people" else ("number_class", "creator", "size_class")
        ways += [given | {"group": group} for group in groups]
    if name in ("usage", "concurrency"):
        ways.append(given | {"group": "number_class", "group_of": "leg"})
    if name == "usage":
        ways += [{"day_of": "ends"}, {"definitions": "google"}, {"by": "week", "min_parties": 2}]
    return ways


@pytest.mark.slow
@pytest.mark.by_chance(6)
@pytest.mark.filterwarnings("ignore:.*knows none of the numbers")
@pytest.mark.parametrize("name", list(REPORTS))
def test_a_period_is_counted_as_in_everything(
    archive: Archive, everything: Source, parts: list[Source], name: str
) -> None:
    entry = REPORTS[name]
    if not {"start", "end"} <= entry.takes:
        pytest.skip("it is about no period")
    ways = asked(name, entry)
    # each way of asking once, and half of the periods, the others by the next report; a report by itself takes of an
    # archive what it takes for all
    first = list(REPORTS).index(name) % 2 * 3
    for turn in range(max(len(ways), len(PERIODS) // 2)):
        place = (first + turn) % len(PERIODS)
        source, (start, end) = parts[place] if turn else archive, PERIODS[place]
        same(entry, source, everything, {"start": start, "end": end, **ways[turn % len(ways)]})


@pytest.mark.slow
def test_so_it_is_on_duckdb(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_memory, "FEW", -1)
    start, end = PERIODS[0]
    same(REPORTS["usage"], archive, resolve(archive), {"start": start, "end": end})


def same(entry: Registered, around: Any, everything: Any, given: dict[str, Any]) -> None:
    part, whole = entry.function(around, **given), entry.function(everything, **given)
    assert part.arrow.to_pylist() == whole.arrow.to_pylist(), given
    assert part.arrow.schema == whole.arrow.schema
    assert part.excluded == whole.excluded
    assert (part.notes, part.period, part.certificate) == (whole.notes, whole.period, whole.certificate)
    assert part.definitions == whole.definitions
    if part.arrow.num_rows:
        of_part, of_whole = (report.explain(0).to_dict("records") for report in (part, whole))
        assert str(of_part) == str(of_whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    "condition", [{"number_class": "mobile"}, {"number": "13900000001"}, {"min_minutes": 5}, {"name": "周会"}]
)
def test_what_is_selected_of_a_period_is_selected_of_everything(archive: Archive, condition: dict[str, Any]) -> None:
    chosen = archive.only(**condition)
    everything = resolve(chosen)
    assert isinstance(chosen, Selection)
    same(REPORTS["usage"], chosen, everything, {"start": "2026-02-01", "end": "2026-03-01"})


@pytest.mark.slow
def test_a_period_reads_a_part_of_the_archive(archive: Archive) -> None:
    rows = {}
    for name, (start, end) in {"day": ("2026-01-20", "2026-01-21"), "all": (None, None)}.items():
        rows[name] = len(archive.around(start, end).scans("meetings", is_keyed=True)[0])
    assert rows["day"] < rows["all"] == len(archive.meetings())


@pytest.mark.slow
def test_an_archive_of_nothing_has_periods(tmp_path: Path) -> None:
    empty = Archive(tmp_path / "empty.archive")
    empty.sync(Told([]))
    assert metrics.usage(empty, "2026-01", "2026-02").frame.empty


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """Two accounts of such meetings, each with files of its own for two parts of its time, and for what lacks some:
    that is read for every period.
    """

    def place_of(one: dict[str, Any]) -> tuple[bool, str]:
        lacks = any(not {"jointime", "leavetime"} <= party.keys() for party in one["parties"])
        return lacks or not {"starttime", "endtime"} <= one.keys(), one.get("starttime", "")

    folder = tmp_path_factory.mktemp("fleet")
    for place, name in enumerate(("north", "south")):
        rng = random.Random(7 + place)
        records = sorted((record(i, rng) for i in range(60)), key=place_of)
        archive = Archive(folder / f"{name}.archive")
        with that_may_be_lost():
            for n in (12, 24, 60):
                archive.sync(Told(records[:n]))
    return Fleet(folder)


@pytest.fixture(scope="module")
def all_of_the_fleet(fleet: Fleet) -> Source:
    return resolve(fleet)


@pytest.fixture(scope="module")
def parts_of_the_fleet(fleet: Fleet) -> list[Source]:
    return [resolve(around(fleet, start, end)) for start, end in PERIODS[:4]]


@pytest.mark.slow
@pytest.mark.by_chance(6)
@pytest.mark.filterwarnings("ignore:.*knows none of the numbers")
@pytest.mark.parametrize("name", [name for name, entry in REPORTS.items() if {"start", "end"} <= entry.takes])
def test_a_period_of_a_fleet_is_counted_as_in_everything(
    fleet: Fleet, all_of_the_fleet: Source, parts_of_the_fleet: list[Source], name: str
) -> None:
    entry = REPORTS[name]
    # alone, and one of the other ways: what there is to ask of it is asked of an archive above
    alone, *others = asked(name, entry)
    for turn, given in enumerate([alone, *others[-1:]]):
        place = (list(REPORTS).index(name) + turn) % 4
        start, end = PERIODS[place]
        source = parts_of_the_fleet[place] if turn else fleet
        same(entry, source, all_of_the_fleet, {"start": start, "end": end, **given})


def months(folder: Path) -> Fleet:
    """Two accounts that were asked every month, and hold a file of meetings and one of legs for each."""
    for name in ("north", "south"):
        archive, records = Archive(folder / f"{name}.archive"), []
        for month in (1, 2, 3):
            for i in range(30):
                begin = datetime(2026, month, 2 + i % 25, 10, i, tzinfo=BEIJING)
                end = begin + timedelta(days=2 if i == 24 else 0, minutes=30)
                party = {"name": "甲", "phone": f"139{i % 7:08d}", "jointime": told(begin), "leavetime": told(end)}
                times = {"starttime": told(begin), "endtime": told(end)}
                head = {"meid": f"{month}{i:028d}", "meetingname": "周会", "creator": "13800000001"}
                records.append({**head, **times, "parties": [party, {**party, "phone": "01000000000"}]})
            with that_may_be_lost():
                archive.sync(Told([*records]))
    return Fleet(folder)


def files_of(report: metrics.Report) -> set[str]:
    """What the plan of a report on Spark reads: account and table of each file."""
    assert report.source is not None
    frames: list[Any] = [report.source.meetings.to_native(), report.source.legs.to_native()]
    return {"/".join(Path(one).parts[-5:]) for frame in frames for one in frame.inputFiles()}


@pytest.mark.slow
@pytest.mark.spark
def test_on_spark_a_period_reads_the_files_it_needs(spark: Any, tmp_path: Path) -> None:
    """As said by the ends of files alone: not one more of an account, and not one less."""
    both = months(tmp_path)
    asked: list[tuple[Any, int, str, int, tuple[str, str]]] = [
        (both, 2, "usage", 1, ("2026-02-10", "2026-02-20")),
        # some are still there that began in February; of levels Spark makes plans for a minute
        (both["north"].only(name="周会"), 1, "concurrency" if IS_WHOLE else "usage", 2, ("2026-02-28", "2026-03-05")),
    ]
    for source, n_accounts, name, n_months, period in some(asked, 1):
        entry, (start, end) = REPORTS[name], period
        report = entry.function(source, start, end, engine="spark", spark=spark)
        assert len(files_of(report)) == n_months * 2 * n_accounts
        everything = entry.function(resolve(source), start, end)
        assert report.arrow.to_pylist() == everything.arrow.to_pylist()
        assert report.excluded == everything.excluded


@pytest.mark.slow
@pytest.mark.parametrize("leaves", [None, "2026-02-01 00:30:00"])
@pytest.mark.parametrize("kind", ["archive", "fleet", "history"])
def test_who_dialled_in_to_a_meeting_behind_the_period_is_there_also_where_no_leaving_is_told(
    kind: str, leaves: str | None, tmp_path: Path
) -> None:
    def party(phone: str, begin: str) -> dict[str, str]:
        return {"phone": phone, "jointime": begin} | ({"leavetime": leaves} if leaves else {})

    late = [party("13900000001", "2026-01-31 23:30:00"), party("13900000002", "2026-01-31 23:40:00")]
    early = [{"phone": "13900000001", "jointime": "2026-01-10 10:00:00", "leavetime": "2026-01-10 11:00:00"}]
    records = [
        {"meid": f"{n:029d}", "meetingname": "", "creator": "13800000000", "starttime": f"{begin}:00", "endtime": f"{end}:00", "parties": parties}
        for n, (begin, end, parties) in enumerate([
            ("2026-02-01 00:05", "2026-02-01 01:00", late), ("2026-01-10 10:00", "2026-01-10 11:00", early),
        ])
    ]  # fmt: skip
    archive = Archive(tmp_path / "m.archive")
    with that_may_be_lost():
        archive.sync(Told(records))
    fleet = Fleet({"one": {"archive": str(archive.path)}}, folder=tmp_path)
    history = History.from_answers([Told(records).query_meeting(meetingcount=9)])
    sources: dict[str, Archive | Fleet | History] = {"archive": archive, "fleet": fleet, "history": history}
    source = sources[kind]
    wanted = ["2026-01", 2, 1, 90.0]
    columns = ["period", "peak_legs", "peak_meetings", "busy_minutes"]
    assert metrics.concurrency(source).frame[columns].to_numpy().tolist()[0] == wanted
    assert metrics.concurrency(source, "2026-01-01", "2026-02-01").frame[columns].to_numpy().tolist() == [wanted]
    day = metrics.concurrency(source, "2026-01-31", "2026-02-01").frame[columns].to_numpy().tolist()
    assert day == [["2026-01", 2, 1, 30.0]]
    # all of them are connected through the whole of it, and nobody comes or goes
    within = metrics.concurrency(source, "2026-01-31T23:45", "2026-01-31T23:55").frame[columns[1:]].to_numpy().tolist()
    assert within == [[2, 1, 10.0]]
    assert metrics.usage(source, "2026-01", "2026-02").frame["peak_legs"].tolist() == [2]
