"""What the tests of this floor share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.platform.hostile import Hostile, Script


@pytest.fixture
def hostile() -> Iterator[Callable[..., Hostile]]:
    """Return a maker of hostile servers; all are stopped after the test."""
    started: list[Hostile] = []

    def make(*scripts: Script) -> Hostile:
        server = Hostile(list(scripts))
        server.start()
        started.append(server)
        return server

    yield make
    for server in started:
        server.stop()
