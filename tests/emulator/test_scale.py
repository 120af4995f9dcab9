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
def test_many_thousand_meetings_are_served(start: Start) -> None:
    begun = time.process_time()
    server, client = start(meetings=20_000)
    assert time.process_time() - begun < 20
    begun = time.process_time()
    body = client.ask("20000").body
    assert len(body) > 20 * 2**20
    assert time.process_time() - begun < 20
    assert body.count(b'"meid"') == 20_000
    del body
    tracemalloc.start()
    try:
        client.ask("1")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * 2**20
    assert server.requests[0].n_records == 20_000
