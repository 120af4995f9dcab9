"""What is claimed of a request with an open edge is the same of a History and of an Archive."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.effort import some
from ytxdata import metrics, times
from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client


@pytest.mark.slow
def test_history_and_archive_claim_the_same_at_open_edges(tmp_path: Path) -> None:
    """Of one answer, whichever edge of a request is open, beside and across what was asked for."""
    with Emulator(meetings=60, seed=4) as server:
        client = Client(base_url=server.url, **server.credentials)
        archive = Archive(tmp_path / "m.archive")
        archive.sync(client)
        history = client.fetch_history()
    starts = history.meetings["started_at"]
    middle = starts.iloc[30].to_pydatetime()
    long_ago, to_come = starts.min().to_pydatetime() - timedelta(days=400), times.now() + timedelta(days=40)
    requests = [
        (None, None), (middle, None), (None, middle), (long_ago, None), (None, long_ago), (to_come, None), (None, to_come),
        (long_ago, to_come), (middle, middle + timedelta(hours=1)),
    ]  # fmt: skip
    for start, end in some(requests, 4):
        found: list[Any] = [metrics.durations(source, start, end).certificate for source in (history, archive)]
        told = [(one.worst, [part.reason_key for part in one.periods]) for one in found]
        assert told[0] == told[1], (start, end)
        if start is not None:
            assert {one.start for one in found} == {start}
        if end is not None:
            assert {one.goes_on_to or one.end for one in found} == {end}
