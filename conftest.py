"""What all tests and doctests share: Hypothesis profiles, a served company, an environment without accounts."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

import ytxdata.audit  # before pytest imports `audit/pack.py`, and puts the module where the function `pack` was
import ytxdata.metrics  # noqa: F401  likewise `usage`, `network` and others

if TYPE_CHECKING:
    from ytxdata.emulator import Emulator

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def _no_account_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests see no account, file or keyring of the person who runs them."""
    for name in [name for name in os.environ if name.startswith("YTX_") and not name.startswith("YTX_REQUIRE")]:
        monkeypatch.delenv(name)
    config = tmp_path / "none.toml"
    config.touch()
    monkeypatch.setenv("YTX_CONFIG", str(config))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_heard() -> Iterator[None]:
    """A job in the background inherits that interrupts are ignored, and tests send some."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def server() -> Iterator[Emulator]:
    """A quiet, well-behaved platform with a company of 300 meetings."""
    from ytxdata.emulator import Emulator

    with Emulator(meetings=300, seed=1) as running:
        yield running
