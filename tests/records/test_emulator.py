"""Over real HTTP, in every shape and dialect, the tables are the company's truth."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

pytest.importorskip("starlette")

from ytxdata.emulator import CHOICES, Emulator
from ytxdata.platform.settings import Settings
from ytxdata.platform.transport import Transport
from ytxdata.records.merge import MergedTables, merge_answers

FACTS = (
    "meeting_id",
    "name",
    "state",
    "is_booked",
    "created_at",
    "booked_at",
    "started_at",
    "ended_at",
    "duration_s",
    "n_legs",
)
LEG_FACTS = ("meeting_id", "name", "number", "joined_at", "left_at", "duration_s", "is_creator", "state")
SHAPES = [shape for shape in CHOICES["shape"] if shape not in ("null", "empty", "absent")]


def pull(**options: Any) -> tuple[MergedTables, dict[str, Any]]:
    with Emulator(meetings=40, seed=3, **options) as server:
        env = server.env
        settings = Settings.load(
            account_sid=env["YTX_ACCOUNT_SID"],
            auth_token=env["YTX_AUTH_TOKEN"],
            app_id=env["YTX_APP_ID"],
            base_url=env["YTX_BASE_URL"],
        )
        return merge_answers([Transport(settings).query("", 1000)]), server.truth()


def plain(rows: list[dict[str, Any]], facts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Compare as text, without order; an unknown value is empty on both sides."""
    return sorted(tuple(as_text(row.get(fact)) for fact in facts) for row in rows)


def as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


@pytest.mark.parametrize(
    "options",
    [
        *({"shape": shape} for shape in SHAPES),
        *({"dialect": dialect, "shape": "wrapped_string"} for dialect in CHOICES["dialect"]),
        *({"encoding": "gb18030", "shape": shape} for shape in ("array", "string", "keyed")),
    ],
    ids=lambda options: "-".join(options.values()),
)
def test_tables_are_the_truth(options: dict[str, str]) -> None:
    table, truth = pull(**options)
    assert table.counts.rejected == 0
    assert plain(table.meetings.to_pylist(), FACTS) == plain(truth["meetings"], FACTS)
    assert plain(table.legs.to_pylist(), LEG_FACTS) == plain(truth["legs"], LEG_FACTS)
