"""Frames as people make them: zones, doubles, rows without a number, one wrong clock; the same on every engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.effort import some
from tests.metrics import oracle
from tests.metrics.offices import EDGES, ENGINES, LEGS, MEETINGS, difficult, polars_frames, rows, tables
from tests.metrics.oracle import Leg, Meeting, Office
from tests.metrics.test_engines import REPORTS, Change, spark_frames
from ytxdata import metrics
from ytxdata.errors import UsageError
from ytxdata.metrics import Frames
from ytxdata.metrics.engines import Engine
from ytxdata.metrics.groups import resolve
from ytxdata.records.schema import to_pandas
from ytxdata.times import BEIJING

START = datetime(2026, 3, 31, 23, 50)  # noqa: DTZ001 (a wall clock)


def one(started: Any, ended: Any) -> Frames:
    meetings = pd.DataFrame({"meeting_id": ["m"], "started_at": [started], "ended_at": [ended], "n_legs": [1]})
    legs = pd.DataFrame({"meeting_id": ["m"], "leg": [1], "joined_at": [started], "left_at": [ended]})
    as_object = {"started_at": object, "ended_at": object}
    return Frames(meetings.astype(as_object), legs.astype({"joined_at": object, "left_at": object}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("started", "ended"),
    [
        (START, START + timedelta(minutes=5)),
        (START.replace(tzinfo=BEIJING), START.replace(tzinfo=BEIJING) + timedelta(minutes=5)),
        (START.replace(tzinfo=BEIJING).astimezone(UTC), START + timedelta(minutes=5)),
        (pd.Timestamp(START), pd.Timestamp(START + timedelta(minutes=5), tz="Asia/Shanghai")),
    ],
)
def test_without_a_zone_an_instant_is_beijing_time_also_among_objects(started: Any, ended: Any) -> None:
    report = metrics.usage(one(started, ended), by="day")
    assert [(row["period"], row["meeting_minutes"]) for row in rows(report)] == [("2026-03-31", 5.0)]


@pytest.mark.slow
def test_dates_and_unknowns_among_objects() -> None:
    report = metrics.usage(one(date(2026, 3, 31), None), by="day")
    assert [(row["period"], row["meeting_minutes"]) for row in rows(report)] == [("2026-03-31", None)]
    with pytest.raises(UsageError, match="no instants: int"):
        metrics.usage(one(20260331, None))


@pytest.mark.slow
def test_a_naive_column_is_beijing_time_on_every_engine() -> None:
    meetings, legs = tables(difficult())

    def naive(table: pa.Table) -> pa.Table:
        walls = [
            pc.local_timestamp(column.cast(pa.timestamp("us", "Asia/Shanghai")))
            if pa.types.is_timestamp(column.type)
            else column
            for column in table.columns
        ]
        return pa.table(walls, names=table.column_names)

    m, n = naive(meetings), naive(legs)
    connection = duckdb.connect()
    frames = (
        Frames(pl.from_arrow(m), pl.from_arrow(n)),
        Frames(connection.from_arrow(m), connection.from_arrow(n)),
        Frames(m.to_pandas(), to_pandas(legs)),
    )
    expected = rows(metrics.usage(polars_frames(difficult()), by="day"))
    for each in frames:
        assert rows(metrics.usage(each, by="day")) == expected


def changed(engine: str, office: Office, change: Change) -> Frames:
    """The frames of an engine made of tables that were changed."""
    meetings, legs = change(*tables(office))
    if engine == "duckdb":
        connection = duckdb.connect()
        return Frames(connection.from_arrow(meetings), connection.from_arrow(legs))
    if engine == "polars":
        return Frames(pl.from_arrow(meetings), pl.from_arrow(legs))
    return Frames(to_pandas(meetings), to_pandas(legs))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_rows_that_say_all_the_same_count_once(engine: str) -> None:
    doubled = changed(engine, difficult(), lambda m, n: (pa.concat_tables([m, m]), pa.concat_tables([n, n, n])))
    source, plain = resolve(doubled), resolve(polars_frames(difficult()))
    for make in (metrics.usage, metrics.people, metrics.sizes, metrics.lonely):
        assert rows(make(source)) == rows(make(plain))


OTHER = pa.array(["+8613700000000"])
CONTRADICTIONS: list[tuple[Change, str]] = [
    (lambda m, n: (m, pa.concat_tables([n, LEGS.empty_table(), n.slice(0, 1).set_column(2, "number", OTHER)])), "legs are told in two ways"),
    (lambda m, n: (pa.concat_tables([m, m.slice(0, 1).set_column(1, "creator", OTHER)]).cast(MEETINGS), n), "meetings are told in two ways"),
    (lambda m, n: (m, n.set_column(1, "leg", pa.array([None] * len(n), pa.int64()))), "no leg"),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("change", "said"), CONTRADICTIONS)
def test_rows_that_contradict_are_refused(engine: str, change: Change, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        metrics.usage(changed(engine, difficult(), change))


BY_CALENDAR = ("usage", "heatmap", "working_hours", "concurrency", "peak_stretches", "cost", "chargeback")


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ENGINES)
def test_one_wrong_clock_makes_no_report_crawl(engine: str) -> None:
    """Calendars are made of the days that occur: as many for the year 2399 as for this one, whatever lies between."""
    far = EDGES[0] + 373 * 365 * 86_400
    legs = [Leg(name, 1, "+8613900000000", start, start + 600) for name, start in (("now", EDGES[0]), ("far", far))]
    office = Office([Meeting(leg.meeting_id, "+8613900000000", leg.join, leg.leave, 1) for leg in legs], legs)
    source = resolve(ENGINES[engine](office))
    sizes: list[int] = []
    small = Engine.small

    def measured(engine: Engine, table: pa.Table) -> Any:
        sizes.append(len(table))
        return small(engine, table)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "small", measured)
        for name in REPORTS if engine == "polars" else BY_CALENDAR:
            assert len(rows(REPORTS[name](source))) < 200, name
    assert max(sizes) <= 168
    notes = metrics.working_hours(source, by="total").notes
    assert any("2398" in note.en or "2399" in note.en for note in notes)
    assert all(len(note.en) < 300 for note in notes)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_sizes_add_up_with_usage_also_with_nobody(engine: str) -> None:
    frames = resolve(ENGINES[engine](difficult()))
    for least in (0, 1, 2) if engine == "polars" else (0, 2):
        usage, sizes = metrics.usage(frames, by="total", min_parties=least), metrics.sizes(frames, min_parties=least)
        unknown = sizes.excluded["legs_unknown"][1]
        assert sum(row["meetings"] for row in rows(sizes)) + unknown == rows(usage)[0]["meetings"]
    assert [row["size_bucket"] for row in rows(metrics.sizes(frames, min_parties=0))][:2] == ["0", "1"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_types_and_zones_are_the_same_on_every_engine(engine: str) -> None:
    """Of a bill by meeting, which knows no party; those of all other reports are held together in `test_engines`."""
    of_meetings = metrics.Tariff(per="meeting", prices={"default": 1})
    found, expected = (
        metrics.cost(ENGINES[one](difficult()), of_meetings, by="line").arrow.schema for one in (engine, "pandas")
    )
    assert found.remove_metadata() == expected.remove_metadata()
    assert not any(pa.types.is_null(field.type) for field in found)


DAY, PHONES = 86_400, ("+8613900000000", "+8613900000001", "+861065520000")


def room(*legs: tuple[int | None, int | None], ends: tuple[int | None, ...] = (600, DAY + 600)) -> Office:
    """A room used on two days by one id; each day numbers its legs anew, who was listed when is not told."""
    starts = (EDGES[0], EDGES[0] + DAY)
    meetings = [
        Meeting("room", PHONES[n], start, None if end is None else EDGES[0] + end, None)
        for n, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    at = [tuple(None if second is None else EDGES[0] + second for second in leg) for leg in legs]
    return Office(meetings, [Leg("room", n % 2 + 1, PHONES[n % 3], *times) for n, times in enumerate(at)])


NAMESAKES = {
    "both in time": room((0, 600), (5, 600), (DAY, DAY + 600), (DAY + 5, DAY + 300)),
    "joined before its start": room((0, 600), (5, 600), (DAY - 5, DAY + 600), (DAY - 3, DAY + 300)),
    "hung on after the end": room((0, 600), (5, 4000), (DAY, DAY + 600)),
    "hung on into the next": room((0, 600), (5, DAY + 30), (DAY, DAY + 600)),
    "between both": room((0, 600), (700, 800), (DAY - 700, DAY - 500), (DAY, DAY + 600)),
    "between both, still open": room((0, None), (700, None), (DAY - 700, None), (DAY, DAY + 600)),
    "back to back": room((0, DAY), (DAY, DAY + 600), (DAY, None), ends=(DAY, DAY + 600)),
    "one runs": room((0, 600), (3, 600), (DAY, None), (DAY - 1, None), ends=(600, None)),
    "never joined": room((0, 600), (None, None), (DAY, DAY + 600), (None, None), (None, None)),
}


def company() -> Office:
    """All cases, each in a room of its own on days of its own with people of its own: figures say of which one."""
    meetings, legs = [], []
    for place, (case, office) in enumerate(NAMESAKES.items()):
        later = 3 * DAY * place

        def at(second: int | None, later: int = later) -> int | None:
            return None if second is None else second + later

        meetings += [one._replace(meeting_id=case, start=at(one.start), end=at(one.end)) for one in office.meetings]
        legs += [
            one._replace(meeting_id=case, number=f"{one.number}{place}", join=at(one.join), leave=at(one.leave))
            for one in office.legs
        ]
    return Office(meetings, legs)


@pytest.fixture(scope="module")
def of_company() -> tuple[list[dict[str, Any]], dict[str, int]]:
    """What the oracle counts of it, second by second of whole days: usage by day, and the legs of each number."""
    office = company()
    return oracle.usage(office, "day"), {number: legs for number, (_, legs, *_) in oracle.people(office).items()}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_meetings_of_one_id_are_told_apart_by_time(
    engine: str, of_company: tuple[list[dict[str, Any]], dict[str, int]]
) -> None:
    source = resolve(ENGINES[engine](company()))
    usage, legs = of_company
    assert rows(metrics.usage(source, by="day")) == usage
    for frames in (source, changed(engine, company(), lambda m, n: (m, pa.concat_tables([n, n])))):
        assert {row["number"]: row["legs"] for row in rows(metrics.people(frames))} == legs


MAY_BE_ONE = {
    "overlap": room((0, 600), ends=(DAY + 1, DAY + 600)),
    "runs on": room((0, 600), ends=(None, DAY + 600)),
    "both run": room((0, 600), ends=(None, None)),
    "no start": Office([room().meetings[0], Meeting("room", None, None, None, None)], room((0, 600)).legs),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", MAY_BE_ONE)
def test_meetings_of_one_id_that_may_be_one_are_refused(engine: str, case: str) -> None:
    with pytest.raises(UsageError, match="of the id room cannot be told apart"):
        metrics.usage(ENGINES[engine](MAY_BE_ONE[case]))


@pytest.mark.slow
@pytest.mark.spark
def test_spark_refuses_what_other_engines_refuse(spark: Any) -> None:
    for change, said in some(CONTRADICTIONS, 1):
        with pytest.raises(UsageError, match=said):
            metrics.usage(spark_frames(spark, room((0, 600), (5, 600)), change))
    for office in some(MAY_BE_ONE.values(), 1):
        with pytest.raises(UsageError, match="of the id room cannot be told apart"):
            metrics.usage(spark_frames(spark, office))


@pytest.mark.slow
@pytest.mark.spark
def test_spark_tells_meetings_of_one_id_apart_and_counts_what_is_said_twice_once(
    spark: Any, of_company: tuple[list[dict[str, Any]], dict[str, int]]
) -> None:
    frames = spark_frames(spark, company(), lambda m, n: (pa.concat_tables([m, m]), pa.concat_tables([n, n])))
    assert rows(metrics.usage(frames, by="day")) == of_company[0]
