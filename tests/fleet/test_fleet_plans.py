"""On Spark no report brings raw rows here, or through one partition: read off every plan that runs for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest

import ytxdata as ytx
from tests.effort import some
from ytxdata import metrics
from ytxdata.emulator import Emulator
from ytxdata.labels import Text
from ytxdata.metrics import Report
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.registry import REPORTS, Registered
from ytxdata.metrics.source import on_engine
from ytxdata.tables.address_book import AddressBook, Entry

ACTIONS = ("collect", "count", "first", "foreach", "head", "isEmpty", "tail", "take", "toArrow", "toLocalIterator", "toPandas")  # fmt: skip
"""By what rows of a Spark frame leave it."""


def check_plan(frame: Any, name: str) -> None:
    """Whatever meets in a single partition was summed up before, or is a small table of ours; nothing is crossed."""
    lines = lines_of(frame)
    assert not any("CartesianProduct" in line for line in lines), name
    for place, line in enumerate(lines):
        if "BroadcastNestedLoopJoin" in line:
            sides = [below for below in leaves(lines[place:]) if not any("Join" in node for node in below[1:])]
            assert any("LocalTableScan" in below[-1] or "ReusedExchange [step#" in below[-1] for below in sides), name
        if "SinglePartition" in line:
            for below in leaves(lines[place:]):
                assert is_summed_up(below), (name, line, below[-1])


def check_collected(frame: Any, name: str) -> None:
    """What is brought here before there is a report was summed up by the workers, or is a small table of ours."""
    for below in leaves(lines_of(frame)):
        assert is_summed_up(below), (name, below[-1])


def is_summed_up(below: list[str]) -> bool:
    return any("Aggregate" in node for node in below) or "LocalTableScan" in below[-1]


def lines_of(frame: Any) -> list[str]:
    return str(frame._jdf.queryExecution().executedPlan().toString()).splitlines()


def leaves(lines: list[str]) -> Iterator[list[str]]:
    """The nodes from the root of a printed plan down to each of its leaves."""

    def depth(line: str) -> int:
        return len(line) - len(line.lstrip(" :+-"))

    path: list[str] = []
    for place, line in enumerate(lines):
        if place and depth(line) <= depth(lines[0]):
            return
        path = [*(node for node in path if depth(node) < depth(line)), line]
        following = lines[place + 1] if place + 1 < len(lines) else ""
        if depth(following) <= depth(line):
            yield path


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> ytx.Fleet:
    """Two accounts of a few meetings."""
    with Emulator(meetings=12, accounts=2, until="2026-03-04T15:30") as server:
        entries = {name: {**entry, "labels": {"company": name}} for name, entry in server.fleet.items()}
        made = ytx.Fleet(entries, folder=tmp_path_factory.mktemp("plans"))
        assert made.sync().exit_code == 0
    return made


@pytest.fixture
def planned(spark: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Every frame whose rows have left Spark; planned as for many rows, though there are few."""
    from pyspark.sql.classic.dataframe import DataFrame

    ran: list[Any] = []

    def seen(action: str) -> Callable[..., Any]:
        before = getattr(DataFrame, action)

        def act(self: Any, *args: Any, **kwargs: Any) -> Any:
            ran.append(self)
            return before(self, *args, **kwargs)

        return act

    for action in ACTIONS:
        monkeypatch.setattr(DataFrame, action, seen(action))
    threshold = spark.conf.get("spark.sql.autoBroadcastJoinThreshold")
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "4096")
    yield ran
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", threshold)
    spark.catalog.clearCache()


def asked(fleet: ytx.Fleet) -> dict[str, Any]:
    """What all reports together need to be made."""
    numbers = sorted(set(metrics.people(fleet).arrow["number"].to_pylist()))
    book = AddressBook.of({number: Entry("x", "sales") for number in numbers[::2]})
    tariff = metrics.Tariff(step_s=60, prices={"mobile": "0.123", "default": "0.4"})
    return {"by": "month", "tariff": tariff, "lines": 3, "book": book}


def check(name: str, source: Any, given: dict[str, Any], planned: list[Any]) -> None:
    """Read the plan of all that runs while a report is made, and that of its own rows, which need not run."""
    entry = REPORTS[name]
    planned.clear()
    report = entry.function(source, **{key: value for key, value in given.items() if key in entry.takes})
    for frame in planned:
        check_collected(frame, name)
    for frame in (*planned, report.frame):
        check_plan(frame, name)


def funnelled(source: Any) -> Report:
    """A report that numbers all legs in one order."""
    rows = Breakdown.of(source)
    numbered = rows.legs.with_columns(legs=nw.col("j").cum_sum().over(order_by="j"))
    return rows.report("usage", Text("", ""), numbered, ("legs",))


def collected(source: Any) -> Report:
    """A report that looks at every leg here."""
    rows = Breakdown.of(source)
    joins = rows.source.rows(rows.legs.select("row", "j"))
    one = pa.table({"row": pa.array([0], pa.int64()), "legs": pa.array([len(joins)], pa.int64())})
    return rows.report("usage", Text("", ""), rows.source.engine.small(one), ("legs",))


@pytest.mark.slow
@pytest.mark.spark
def test_no_report_brings_raw_rows_together(
    spark: Any, fleet: ytx.Fleet, planned: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = asked(fleet)
    # one source for all, so that what is known of the meetings is counted once, as `ytxdata fleet report` does
    source = resolve(on_engine(fleet, {"engine": "spark", "spark": spark}))
    # those two say of single instants what `usage` says of periods, and take Spark a minute to plan
    for name in some([name for name in REPORTS if name not in ("concurrency", "peak_stretches")], 2):
        check(name, source, given, planned)
    for guilty in (funnelled, collected):
        entry = Registered(guilty, place=0)
        monkeypatch.setitem(REPORTS, guilty.__name__, entry)
        with pytest.raises(AssertionError, match=guilty.__name__):
            check(guilty.__name__, source, given, planned)
