"""An account on the served platform, set as a person sets it."""

from __future__ import annotations

import pytest

from ytxdata.emulator import Emulator


@pytest.fixture
def account(server: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    return server
