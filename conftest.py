"""What all tests and doctests share: how they are dealt out to the cores, Hypothesis profiles, a served company, a Spark
of two workers, an environment without accounts.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Generator, Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

import ytxdata.audit  # before pytest imports `audit/pack.py`, and puts the module where the function `pack` was
import ytxdata.metrics  # noqa: F401  likewise `usage`, `network` and others
from tests.effort import IS_WHOLE, left_to_chance

if TYPE_CHECKING:
    from ytxdata.emulator import Emulator

if "PYTEST_XDIST_WORKER" in os.environ:
    # PySpark takes a main module without a file for a doctest of its own, and ends the process where gRPC is missing
    sys.modules["__main__"].__file__ = str(Path(pytest.__file__).with_name("__main__.py"))

settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


ONE_PROCESS = ("spark", "browser")
"""Marks whose tests share a process: one Spark session or one browser is heavy enough."""

DEAR_EXAMPLES = ("audit", "fleet", "pages")
"""Folders whose examples make an archive, and of it packs or whole reports, by themselves."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process for each core; none for a single file, which is through before they have imported what they need."""
    files = {Path(asked.partition("::")[0]) for asked in config.args}
    if len(files) == 1 and files.pop().is_file():
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 8)  # each takes about a gigabyte


def pytest_make_parametrize_id(val: object) -> str | None:
    """A test that is asked of a whole document is named by its beginning: logs were unreadable for one that failed."""
    return ascii(val[:40])[1:-1] if isinstance(val, str) and len(val) > 60 else None


@pytest.hookimpl(tryfirst=True)  # xdist writes the groups into the names of tests in the same hook, and must see them
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a file together, since they share what is dear to make, and begin with what takes longest."""
    left = left_to_chance(config, items)
    if left:
        config.hook.pytest_deselected(items=[*left])
        items[:] = [item for item in items if item not in left]
    for item in items:
        if isinstance(item, pytest.DoctestItem) and item.path.parent.name in DEAR_EXAMPLES:
            item.add_marker(pytest.mark.slow)
    group_of = {
        item: next((mark for mark in ONE_PROCESS if item.get_closest_marker(mark)), item.nodeid.partition("::")[0])
        for item in items
    }
    slow = Counter(group for item, group in group_of.items() if item.get_closest_marker("slow"))
    for item, group in group_of.items():
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: (group_of[item] not in ONE_PROCESS, -slow[group_of[item]], group_of[item]))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays, and looking through it for garbage, over and over, took a quarter of the
    collection and a seventh of what tests take. It is not frozen: what is does not count as a referrer, and Hypothesis
    then warns of its own generator.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.set_threshold(50_000, 20, 50)
        gc.enable()


@pytest.fixture(scope="session")
def _no_settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file without settings. One for all: a folder for each test took longer the more there were already, as pytest
    reads through all of them for the next number.
    """
    config = tmp_path_factory.mktemp("settings") / "none.toml"
    config.touch()
    return config


@pytest.fixture(autouse=True)
def _no_account_of_the_machine(monkeypatch: pytest.MonkeyPatch, _no_settings: Path) -> None:
    """Tests see no account, file or keyring of the person who runs them."""
    for name in [name for name in os.environ if name.startswith("YTX_") and not name.startswith("YTX_REQUIRE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("YTX_CONFIG", str(_no_settings))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_heard() -> Iterator[None]:
    """A job in the background inherits that interrupts are ignored, and tests send some."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="session")
def _no_disk_is_waited_for() -> Iterator[None]:
    """Forcing files onto the disk, of which a small sync has a dozen, took longer than all else of it. No test cuts the
    power; what is forced when is told by `strace` of a process that does force (`tests/archive/test_durability.py`).
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _texts_are_read_once() -> Iterator[None]:
    """Which numbers a text holds is half of what a pack takes, and packs of one archive hold the same texts."""
    from ytxdata import numbers_in_text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers_in_text, "find_numbers", lru_cache(50_000)(numbers_in_text.find_numbers))
        yield


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages have each picture once, wide, where names have most room: the narrow one shows less of the same, and all of
    them take half of the time that a report takes. What pages look like is asked in `tests/pages` and `tests/browser`.
    """
    from ytxdata.pages import html_report

    monkeypatch.setattr(html_report, "SIZES", html_report.SIZES[:1])


@pytest.fixture(scope="session")
def server() -> Iterator[Emulator]:
    """A quiet, well-behaved platform with a company of 300 meetings."""
    from ytxdata.emulator import Emulator

    with Emulator(meetings=300, seed=1) as running:
        yield running


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as a site, built once for all processes: those of `tests/docs` and of the browser look at it."""
    from filelock import FileLock

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            command = [sys.executable, "scripts/build_site.py", str(folder)]
            done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)  # noqa: S603
            if done.returncode:
                shutil.rmtree(folder, ignore_errors=True)
            assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session of two workers: processes of their own where all is tried, else threads, which start in half the time.
    Skipped without Java, unless Spark is required.
    """
    if shutil.which("java") is None or find_spec("pyspark") is None:
        if os.environ.get("YTX_REQUIRE_SPARK") == "1":
            pytest.fail("Spark is required, and there is no Java, or no pyspark")
        pytest.skip("Spark needs Java and pyspark")
    from pyspark.sql import SparkSession

    workers = "local-cluster[2,1,1024]" if IS_WHOLE else "local[2]"
    builder = SparkSession.builder.master(workers).appName("ytxdata-tests")
    options = {
        # where all is tried the driver plans for minutes, and what it runs often is worth compiling well; the workers see
        # a few rows each
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC" if IS_WHOLE else "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
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
