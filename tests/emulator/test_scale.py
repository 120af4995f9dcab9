"""A large account is ready in reasonable time, and large answers do not cost many times their size."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from ytxdata.emulator import Emulator

Start = Callable[..., tuple[Emulator, Any]]


@pytest.mark.slow
def test_a_hundred_thousand_meetings_are_served(start: Start) -> None:
    begun = time.process_time()
    server, client = start(meetings=100_000)
    assert time.process_time() - begun < 60
    begun = time.process_time()
    body = client.ask("100000").body
    assert len(body) > 100 * 2**20
    assert time.process_time() - begun < 60
    assert body.count(b'"meid"') == 100_000
    del body
    tracemalloc.start()
    try:
        client.ask("1")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * 2**20
    assert server.requests[0].n_records == 100_000
