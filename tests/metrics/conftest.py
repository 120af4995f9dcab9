"""A Spark cluster of two workers, for the tests that need one."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ytxdata import times


@pytest.fixture(scope="module", autouse=True)
def the_clock_stands() -> Iterator[None]:
    """What a period is cut short by today must not hang on the day of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "now", lambda: datetime(2027, 1, 1, tzinfo=UTC))
        yield


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session on a cluster of two workers; skipped without Java, unless Spark is required."""
    if shutil.which("java") is None:
        if os.environ.get("YTX_REQUIRE_SPARK") == "1":
            pytest.fail("Spark is required, and there is no Java")
        pytest.skip("Spark needs Java")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("ytxdata-tests")
    quick_to_start = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    options = {
        "spark.driver.extraJavaOptions": quick_to_start,
        "spark.executor.extraJavaOptions": quick_to_start,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.executor.memory": "768m",
        "spark.sql.adaptive.enabled": "false",  # the plan that is read is the plan that runs
        "spark.sql.codegen.wholeStage": "false",  # a few rows are not worth compiling for
        "spark.locality.wait": "0s",
    }
    for name, value in options.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
