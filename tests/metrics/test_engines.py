"""Every report is the same, to the last digit, on pandas, Polars, DuckDB and Spark; the kind that comes in goes out."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.effort import some
from tests.fleet.test_fleet_plans import check_plan
from tests.metrics.offices import ENGINES, MEETINGS, difficult, rows, tables
from tests.metrics.oracle import Office
from ytxdata import metrics, sample
from ytxdata.archive.connections import _mb_of, connect, make_room
from ytxdata.errors import UsageError
from ytxdata.metrics import DEFINITIONS, Frames, Report, in_memory
from ytxdata.metrics.engines import Engine
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.usage import plain_usage
from ytxdata.selection import selected
from ytxdata.tables.address_book import AddressBook, Entry

TARIFF = metrics.Tariff(step_s=7, minimum_s=10, connection_fee="0.03", prices={"mobile": "0.123", "default": "0.4"})
PERIOD = ("2026-03-31T23:50", "2026-04-01T10:00")

BOOK = AddressBook.of({
    "+8613900000000": Entry("A", "market"), "+8613900000001": Entry("B", "research"), "+861065520000": Entry("C", "market"),
})  # fmt: skip

REPORTS: dict[str, Callable[[Any], Report]] = {
    "usage": lambda source: metrics.usage(source, by="day"),
    "creators": metrics.creators,
    "people": metrics.people,
    "presence": metrics.presence,
    "sizes": metrics.sizes,
    "durations": metrics.durations,
    "heatmap": metrics.heatmap,
    "working_hours": lambda source: metrics.working_hours(source, by="day"),
    "concurrency": lambda source: metrics.concurrency(source, by="day", lines=3),
    "peak_stretches": lambda source: metrics.peak_stretches(source, *PERIOD, by="total"),
    "lonely": lambda source: metrics.lonely(source, tariff=TARIFF),
    "concentration": metrics.concentration,
    "cost": lambda source: metrics.cost(source, TARIFF, by="day"),
    "cost by line": lambda source: metrics.cost(source, TARIFF, by="line"),
    "compare_definitions": metrics.compare_definitions,
    "usage by department": lambda source: metrics.usage(source, by="month", group="department", book=BOOK),
    "usage of legs": lambda source: metrics.usage(source, by="total", group="number_class", group_of="leg"),
    "sizes by department": lambda source: metrics.sizes(source, group="department", book=BOOK),
    "chargeback": lambda source: metrics.chargeback(source, by="total", book=BOOK, invoice="98765.43", group_of="leg"),
    "network": lambda source: metrics.network(source, book=BOOK),
    "only": lambda source: metrics.people(selected(resolve(source), {"creator": "13900000000", "min_minutes": 1})),
    "compare": lambda source: metrics.compare(metrics.working_hours, source, "2026-04"),
}
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "duckdb": duckdb.DuckDBPyRelation}


Change = Callable[[pa.Table, pa.Table], tuple[pa.Table, pa.Table]]


def spark_frames(session: Any, office: Office, change: Change = lambda meetings, legs: (meetings, legs)) -> Frames:
    """By rows, since PySpark's Arrow door asks for a pandas older than ours; on two workers."""
    types = {pa.string(): "string", pa.int64(): "bigint", pa.timestamp("us", "UTC"): "timestamp"}
    frames = [
        session.createDataFrame(
            [tuple(row.values()) for row in table.to_pylist()],
            ", ".join(f"{field.name} {types[field.type]}" for field in table.schema),
        ).repartition(2)
        for table in change(*tables(office))
    ]
    return Frames(*frames)


def comparable(report: Report) -> tuple[list[dict[str, Any]], dict[str, int], object]:
    return rows(report), {reason: n for reason, (_, n) in report.excluded.items()}, report.period


@pytest.fixture(scope="module")
def counted() -> dict[str, Report]:
    frames = ENGINES["polars"](difficult())
    return {name: make(frames) for name, make in REPORTS.items()}


@pytest.fixture(scope="module")
def expected(counted: dict[str, Report]) -> dict[str, Any]:
    return {name: comparable(report) for name, report in counted.items()}


@pytest.fixture(scope="module")
def of_nothing() -> dict[str, Any]:
    source = resolve(ENGINES["polars"](Office([], [])))
    return {name: comparable(make(source)) for name, make in REPORTS.items()}


def columns(report: Report) -> pa.Schema:
    return report.arrow.schema.remove_metadata()


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_reports_are_equal_on_engines_of_one_machine(
    engine: str, counted: dict[str, Report], expected: dict[str, Any]
) -> None:
    source = resolve(ENGINES[engine](difficult()))  # facts are shared here; what is expected was counted without
    for name in some(REPORTS, 12):
        report = REPORTS[name](source)
        assert comparable(report) == expected[name], name
        assert columns(report) == columns(counted[name]), name
        assert isinstance(report.frame, KINDS[engine]), name


@pytest.mark.slow
@pytest.mark.spark
def test_reports_are_equal_on_spark_and_no_raw_row_meets_all_others(spark: Any, expected: dict[str, Any]) -> None:
    frames = resolve(spark_frames(spark, difficult()))  # facts are shared, as `ytxdata report` shares them
    for name in ("usage", *some([name for name in REPORTS if name != "usage"], 2)):
        report = REPORTS[name](frames)
        assert type(report.frame).__module__.startswith("pyspark."), name
        assert comparable(report) == expected[name], name
        check_plan(report.frame, name)
        if name == "usage":
            explained = report.explain(0)
    assert [row["meeting_id"] for row in explained.collect()] == ["unknown-legs"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_plain_usage_is_usage_with_fewer_columns(engine: str) -> None:
    source = resolve(ENGINES[engine](difficult()))
    plain, whole = plain_usage(source, "month").arrow, metrics.usage(source, by="month").arrow
    assert {"period", "meeting_minutes", "leg_minutes", "people"} <= set(plain.column_names) < set(whole.column_names)
    assert plain.to_pylist() == whole.select(plain.column_names).to_pylist()


@pytest.mark.slow
def test_lazy_polars_stays_lazy() -> None:
    meetings, legs = ENGINES["polars"](difficult()).meetings, ENGINES["polars"](difficult()).legs
    report = metrics.usage(Frames(meetings.lazy(), legs.lazy()), by="day")
    frame: object = report.frame
    assert isinstance(frame, pl.LazyFrame)
    assert rows(report) == rows(metrics.usage(Frames(meetings, legs), by="day"))


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("engine", ENGINES)
def test_empty_reports_are_equal_and_have_the_columns_and_types_of_full_ones(
    engine: str, counted: dict[str, Report], of_nothing: dict[str, Any]
) -> None:
    empty = resolve(ENGINES[engine](Office([], [])))
    for name, make in REPORTS.items():
        report = make(empty)
        assert columns(report) == columns(counted[name]), name
        assert comparable(report) == of_nothing[name], name


@pytest.mark.slow
def test_an_archive_is_counted_alike_whichever_engine_it_is_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one on Polars, without it on pandas; a large one on DuckDB, some meetings after the others."""
    archive = sample("archive")
    names = ("usage", "people", "cost", "lonely")
    made = [REPORTS[name] for name in some(names, 3)]
    small = resolve(archive)
    monkeypatch.setattr("ytxdata.metrics.in_memory._has_polars", lambda: False)
    bare = resolve(archive)
    monkeypatch.setattr("ytxdata.metrics.in_memory.FEW", 0)
    monkeypatch.setattr("ytxdata.metrics.facts._AT_ONCE", 200)
    large = resolve(archive)
    engines = [one.engine.implementation for one in (small, bare, large)]
    assert engines == [nw.Implementation.POLARS, nw.Implementation.PANDAS, nw.Implementation.DUCKDB]
    for make in made:
        expected = make(small)
        for found in (make(bare), make(large)):
            assert comparable(found) == comparable(expected), found.name
            assert found.arrow.schema.remove_metadata() == expected.arrow.schema.remove_metadata()
            assert found.explain(0).equals(expected.explain(0))


@pytest.mark.parametrize(
    ("version", "counts"), [("1.0.0", False), ("1.38.1", True), ("2.1.0rc1", True), ("3.0", False)]
)
def test_a_polars_that_serves_something_else_counts_nothing(
    monkeypatch: pytest.MonkeyPatch, version: str, counts: bool
) -> None:
    monkeypatch.setattr("polars.__version__", version)
    assert in_memory._has_polars.__wrapped__() is counts
    monkeypatch.setitem(sys.modules, "polars", None)
    assert in_memory._has_polars.__wrapped__() is False


@pytest.mark.slow
def test_an_archive_is_counted_in_bounded_memory(tmp_path: Path) -> None:
    """What does not fit is spilled to a directory that nobody else can read, and is gone afterwards."""
    connection = connect(tmp_path / "own.duckdb")
    ((directory,),) = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    assert stat.S_IMODE(Path(directory).parent.stat().st_mode) == 0o700
    connection.execute("SET memory_limit = '40MB'")
    many = connection.sql("SELECT range % 7 AS key, range AS t, range % 3 AS step FROM range(3_000_000)")
    held = nw.to_native(Engine.of(many).ours.hold(nw.from_native(many)))
    assert held.aggregate("count(*), sum(t)").fetchall() == [(3_000_000, 4_499_998_500_000)]
    assert list(Path(directory).iterdir())
    connection.close()
    assert not Path(directory).exists()


@pytest.mark.parametrize(
    ("machine_mb", "n_rows", "limit"),
    [(16_000, 9_000_000, "953.6 MiB"), (16_000, 27_000_000, "2.5 GiB"), (16_000, 90_000_000, "3.7 GiB"), (300, 90_000_000, "953.6 MiB")],
)  # fmt: skip
def test_duckdb_may_take_memory_for_many_rows_up_to_a_quarter_of_the_machine(
    machine_mb: int, n_rows: int, limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytxdata.archive.connections._memory_mb", lambda: machine_mb)
    with connect(tmp_path / "own.duckdb") as connection:
        connection.execute("SET memory_limit = '1000MB'")  # as of few cores
        make_room(connection, n_rows)
        make_room(connection, 10)
        assert connection.execute("SELECT current_setting('memory_limit')").fetchall() == [(limit,)]


@pytest.mark.parametrize(("limit", "mb"), [("300MiB", 314.6), ("2GiB", 2147.5), ("2TiB", 2199023.3)])
def test_what_duckdb_may_take_is_read_in_any_unit(limit: str, mb: float) -> None:
    with duckdb.connect(config={"memory_limit": limit}) as connection:
        assert _mb_of(connection) == pytest.approx(mb, abs=0.1)


@pytest.mark.slow
def test_every_column_of_every_report_has_a_definition(counted: dict[str, Report]) -> None:
    for name, report in counted.items():
        assert [one.key for one in report.definitions if one.formula.zh and one.formula.en], name
        assert set(report.frame.columns) <= {one.key for one in report.definitions}, name
        assert set(report.frame.columns) <= set(DEFINITIONS), name
        assert not any(pa.types.is_null(field.type) for field in report.arrow.schema), name
    assert set(counted["usage"].explain(0).columns) <= set(DEFINITIONS)


def test_other_sources_are_refused_with_a_remedy() -> None:
    meetings, legs = tables(difficult())
    with pytest.raises(UsageError, match="pandas"):
        metrics.usage(Frames(meetings, legs))
    with pytest.raises(UsageError, match="Frames"):
        metrics.usage([1, 2])  # type: ignore[arg-type]
    frames = ENGINES["pandas"](difficult())
    with pytest.raises(UsageError, match="one engine"):
        metrics.usage(Frames(frames.meetings, pl.from_arrow(legs)))
    with pytest.raises(UsageError, match="ended_at"):
        metrics.usage(Frames(frames.meetings.drop(columns="ended_at"), frames.legs))
    with pytest.raises(UsageError, match="no instants"):
        metrics.usage(Frames(frames.meetings.assign(ended_at="soon"), frames.legs))
    for meeting in (5, [5], ["a", None]):
        with pytest.raises(UsageError, match="texts"):
            metrics.presence(frames, meeting=meeting)  # type: ignore[arg-type]
    assert MEETINGS.names[0] == "meeting_id"


@pytest.mark.slow
def test_running_counts_stream_over_sorted_steps_on_a_connection_of_ours_and_are_those_of_partitions() -> None:
    connection = connect()
    spans = connection.sql(
        "SELECT i % 9_973 AS key, hash(i) % 500 AS j, j + 1 + hash(i * 7) % 300 AS \"end\" FROM range(300_000) t(i)"
    ).project('key, j::BIGINT AS j, "end"::BIGINT AS "end"').to_arrow_table()  # fmt: skip
    legs = nw.from_native(connection.from_arrow(spans)).lazy()
    theirs = Engine.of(connection.from_arrow(spans))
    swept = [one.running(one.steps(legs, "key", begins="j", ends="end"), "key") for one in (theirs.ours, theirs)]
    levels = [
        nw.to_native(one.select("key", "place", "step", "level", "t")).order("ALL").to_arrow_table() for one in swept
    ]

    streamed = str(nw.to_native(swept[0]).explain()).upper().replace(" ", "_")

    assert levels[0].equals(levels[1].cast(levels[0].schema))
    # without an order below it the sum would be one of rows as they come
    assert streamed.index("STREAMING_WINDOW") < streamed.index("ORDER_BY")
