"""The clock stands still for reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ytxdata import times


@pytest.fixture(scope="module", autouse=True)
def the_clock_stands() -> Iterator[None]:
    """What a period is cut short by today must not hang on the day of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(times, "now", lambda: datetime(2027, 1, 1, tzinfo=UTC))
        yield
