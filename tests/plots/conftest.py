"""Small believable tables, one for each picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import cos, pi
from typing import Any

import pyarrow as pa
import pytest

from ytxdata.labels import Text
from ytxdata.tables.described import Definition
from ytxdata.tables.table import Table

START, END = datetime(2024, 6, 30, 16, tzinfo=UTC), datetime(2026, 6, 30, 16, tzinfo=UTC)


_SENTENCE = Text(
    "2024-07-01 00:00:00 至 2026-07-01 00:00:00（北京时间）的会议很可能完整，但未全部证实。2026-06-30 00:00:00 至 2026-07-01 00:00:00：最近一天的记录可能还会变化。",
    "The meetings from 2024-07-01 00:00:00 to 2026-07-01 00:00:00 (Beijing time) are probably complete, but not all of that is proven. From 2026-06-30 00:00:00 to 2026-07-01 00:00:00: what is younger than a day may still settle.",
)


@dataclass(frozen=True)
class Certified:
    worst: str = "PROBABLE"
    sentence: Text = _SENTENCE


def table(name: str, zh: str, en: str, columns: dict[str, Any], *definitions: Definition) -> Table:
    return Table(
        frame=pa.table(columns),
        name=name,
        title=Text(zh, en),
        definitions=definitions,
        period=(START, END),
        certificate=Certified(),
    )


def phone(key: str) -> Definition:
    return Definition(key=key, zh="号码", en="number", unit="phone")


def _usage() -> Table:
    months = [f"{2024 + (6 + n) // 12}-{(6 + n) % 12 + 1:02d}" for n in range(24)]
    meetings = [int(70 + 2 * n + 18 * cos(n * pi / 6)) for n in range(24)]
    minutes = [None if n == 23 else count * (38.0 + n % 5) for n, count in enumerate(meetings)]
    return table("usage", "会议用量", "Usage", {"period": months, "meetings": meetings, "meeting_minutes": minutes})


def _heatmap() -> Table:
    cells = [(day, hour) for day in range(1, 8) for hour in range(24)]
    peak = {9: 1.0, 10: 1.3, 11: 0.8, 13: 0.4, 14: 1.1, 15: 1.2, 16: 0.9, 17: 0.5, 20: 0.15}
    minutes = [peak.get(hour, 0.02) * (900 if day <= 5 else 70) * (1.2 if day == 1 else 1) for day, hour in cells]
    columns = {"weekday": [day for day, _ in cells], "hour": [hour for _, hour in cells], "heatmap": minutes}
    return table("heatmap", "会议时段分布", "When meetings take place", columns)


def _concurrency() -> Table:
    days = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=n) for n in range(90)]
    peaks = [0 if day.weekday() > 4 else 8 + (n * 7) % 19 for n, day in enumerate(days)]
    lines = Definition(
        key="minutes_above", zh="超线分钟", en="minutes above lines", unit="min", parameters={"lines": 20}
    )
    return table(
        "concurrency", "并发", "Concurrency", {"period": [f"{day:%Y-%m-%d}" for day in days], "peak_legs": peaks}, lines
    )


def _sizes() -> Table:
    buckets = ["1", "2", "3–5", "6–10", "11–15", "16–25", "26–50", "> 50"]
    return table(
        "sizes",
        "会议规模",
        "Size of meetings",
        {"size_bucket": buckets, "meetings": [61, 312, 741, 498, 203, 122, 54, 9]},
    )


def _durations() -> Table:
    classes = ["< 1", "1–5", "5–15", "15–30", "30–60", "60–120", "120–240", "≥ 240"]
    return table(
        "durations",
        "会议时长",
        "Duration of meetings",
        {"duration_class": classes, "meetings": [44, 97, 251, 489, 712, 316, 78, 13]},
    )


def _creators() -> Table:
    numbers = [f"+86138{n:04d}{5678 + n}" for n in range(60)]
    return table(
        "creators",
        "发起人",
        "Creators",
        {"creator": [*numbers, None], "meeting_minutes": [9000 / (n + 1.5) for n in range(61)]},
        phone("creator"),
    )


def _presence() -> Table:
    begin = datetime(2026, 3, 4, 1, 2, tzinfo=UTC)
    rows = [
        ("王秀英", 1, 0, 61),
        ("李娜", 2, 1, 60),
        ("张伟", 3, 2, 31),
        ("张伟", 3, 33, 58),
        ("刘洋", 4, 5, 61),
        (None, 0, 9, 44),
        ("陈喆", 5, 12, None),
        (None, 0, 14, 15),
        ("会议室 3-01 Huawei TE", 6, 0, 61),
    ]
    columns = {
        "meeting_id": ["202603040902001"] * len(rows),
        "name": [row[0] for row in rows],
        "number": [f"+861380000{row[1]:04d}" if row[1] else None for row in rows],
        "joined_at": pa.array([begin + timedelta(minutes=row[2]) for row in rows], pa.timestamp("us", tz="UTC")),
        "left_at": pa.array(
            [None if row[3] is None else begin + timedelta(minutes=row[3]) for row in rows],
            pa.timestamp("us", tz="UTC"),
        ),
    }
    ident = Definition(key="meeting_id", zh="会议编号", en="meeting id", unit="id")
    return table("presence", "在场", "Presence", columns, phone("number"), ident)


def _coverage() -> Table:
    edges = [
        START,
        datetime(2025, 9, 1, tzinfo=UTC),
        datetime(2025, 10, 4, tzinfo=UTC),
        datetime(2026, 6, 20, tzinfo=UTC),
        END,
    ]
    columns = {
        "start": pa.array(edges[:-1], pa.timestamp("us", tz="UTC")),
        "end": pa.array(edges[1:], pa.timestamp("us", tz="UTC")),
        "verdict": ["PROVEN", "GAP", "PROVEN", "PROBABLE"],
    }
    return table("coverage", "数据完整性", "Completeness of the data", columns)


TABLES: dict[str, Callable[[], Table]] = {
    "usage": _usage,
    "heatmap": _heatmap,
    "concurrency": _concurrency,
    "sizes": _sizes,
    "durations": _durations,
    "creators": _creators,
    "presence": _presence,
    "coverage": _coverage,
}


@pytest.fixture(params=sorted(TABLES))
def picture_table(request: pytest.FixtureRequest) -> Table:
    """Each table in turn."""
    return TABLES[str(request.param)]()


@pytest.fixture
def build_table() -> Callable[[str], Table]:
    """One of them by name."""
    return lambda name: TABLES[name]()


@pytest.fixture(autouse=True)
def _a_chinese_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn without a language is drawn in that of the session."""
    monkeypatch.setenv("YTX_LANG", "zh")
