"""What a session of Spark has seen before, how it reads SQL, and whether it is one and runs, changes no number."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.effort import some
from ytxdata import Fleet, metrics
from ytxdata.archive import Archive
from ytxdata.errors import UsageError


def connected(platform: Any, i: int, n: int, **changes: Any) -> dict[str, Any]:
    """The i-th meeting, of n who were there all the time."""
    record = platform.record(i, **changes)
    times = {"jointime": record["starttime"], "leavetime": record["endtime"]}
    return {**record, "parties": [{"phone": f"1390000000{k}", **times} for k in range(n)]}


@pytest.mark.slow
@pytest.mark.spark
def test_an_archive_that_took_the_place_of_another_is_counted_anew(
    spark: Any, archive: Archive, platform: Any, tmp_path: Path
) -> None:
    """A backup put back and synced on, or another account's: the names of its files are those of the one before."""
    fleet = Fleet({"one": {"archive": str(archive.path)}}, folder=tmp_path)
    names, shown = [], []
    sources: tuple[Any, ...] = (archive, fleet)
    for source in some(sources, 1):
        for n in (2, 3):
            shutil.rmtree(archive.path, ignore_errors=True)
            platform.records = [connected(platform, i, n) for i in (1, 0)]
            archive.sync(platform)
            names.append([path.name for path in sorted((archive.path / "derived").rglob("*.parquet"))])
            report = metrics.sizes(source, engine="spark", spark=spark)
            assert report.arrow.to_pylist() == metrics.sizes(source, engine="duckdb").arrow.to_pylist()
            assert len(source.scan("legs", engine="spark", spark=spark)) == 2 * n
            shown.append(report.arrow)
    assert names[0] == names[1]
    assert not shown[0].equals(shown[1])


@pytest.mark.slow
@pytest.mark.spark
def test_texts_are_looked_up_as_they_stand_however_a_session_reads_literals(
    spark: Any, archive: Archive, platform: Any
) -> None:
    session = spark.newSession()
    session.conf.set("spark.sql.parser.escapedStringLiterals", "true")
    names = ("a\\b", "O'Hara", "two\nlines", "\\u0041", "周会")
    platform.records = [connected(platform, i, 2, meetingname=names[i % 5]) for i in range(8)][::-1]
    archive.sync(platform)
    counted = metrics.sizes(archive, group="name", engine="spark", spark=session).arrow.to_pylist()
    assert counted == metrics.sizes(archive, group="name", engine="duckdb").arrow.to_pylist()
    assert {row["group"] for row in counted} == set(names)


@pytest.mark.slow
@pytest.mark.spark
def test_a_session_that_was_stopped_says_so(
    spark: Any, archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    archive.sync(platform)
    session = spark.newSession()
    report = metrics.sizes(archive, engine="spark", spark=session)
    lazy = archive.scan("legs", engine="spark", spark=session)
    stopped = object.__new__(SparkContext)
    stopped._jsc = None  # as `stop` leaves it; all tests share the one that runs
    monkeypatch.setattr(session, "_sc", stopped)
    asks: tuple[Callable[[], Any], ...] = (
        lambda: archive.scan("legs", engine="spark", spark=session),
        lambda: metrics.sizes(archive, spark=session),
        lambda: report.arrow,
        lambda: report.explain(0),
        lazy.collect,
    )
    for ask in asks:
        with pytest.raises(UsageError, match="was stopped"):
            ask()
    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)  # as after `stop`, whatever was begun since
    assert len(archive.scan("legs", engine="spark")) == 120


def test_what_is_no_session_is_refused(archive: Archive, platform: Any) -> None:
    session = pytest.importorskip("pyspark.sql").SparkSession
    archive.sync(platform)
    asks: tuple[Callable[..., Any], ...] = (metrics.sizes, lambda source, **more: source.scan("legs", **more))
    for ask, given in product(asks, ("x", session, session.builder)):
        with pytest.raises(UsageError, match="is no Spark session"):
            ask(archive, engine="spark", spark=given)
        for engine in ("pandas", "polars", "duckdb"):
            with pytest.raises(UsageError, match='is for engine="spark"'):
                ask(archive, engine=engine, spark=given)
