"""One small table that holds what usually goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from ytxdata import times
from ytxdata.labels import Text
from ytxdata.tables import described as about
from ytxdata.tables import excel
from ytxdata.tables import excel as guide_sheets
from ytxdata.tables.described import Definition
from ytxdata.tables.table import Table

_SENTENCE = Text("很可能完整：最近一天可能还会变化。", "Probably complete: the last day may still settle.")


@dataclass(frozen=True)
class Certified:
    worst: str = "PROBABLE"
    sentence: Text = _SENTENCE


DEFINITIONS = (
    Definition(key="meeting_id", zh="会议编号", en="meeting id", unit="id"),
    Definition(
        key="creator", zh="发起人", en="creator", unit="phone", formula=Text("发起人号码", "the creator's number")
    ),
    Definition(key="name", zh="名称", en="name", unit="text"),
    Definition(
        key="minutes",
        zh="会议时长",
        en="meeting minutes",
        unit="min",
        formula=Text("秒数 ÷ 60", "seconds ÷ 60"),
        parameters={"min_parties": 1},
        origin=Text("GAM", "GAM"),
    ),
    Definition(key="cost", zh="费用", en="cost", unit="yuan"),
    Definition(key="started_at", zh="开始", en="started", unit="time"),
)

ROWS = pa.table(
    {
        "meeting_id": ["00123", "+12345", "12345678901234567890123456789"],
        "creator": ["13812345678", "+86 138-1234-5678", None],
        "name": ["=1+1", "13812345678的<b>会议</b>", "\ta\r\nb\"c'"],
        "minutes": [1234.5, 1 / 3, None],
        "cost": pa.array([Decimal("1.10"), Decimal("12345678901234567.123"), None], pa.decimal128(38, 18)),
        "started_at": pa.array(
            [datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 1, 1, 1, 2, 3, 456789, tzinfo=UTC), None],
            pa.timestamp("us", tz="UTC"),
        ),
        "day": [date(2026, 1, 1), date(1899, 1, 1), None],
        "booked": [True, False, None],
        "n": [7, 2**60, None],
    }
)


@pytest.fixture
def table() -> Table:
    return Table(
        frame=ROWS,
        name="usage",
        title=Text("用量", "Usage"),
        definitions=DEFINITIONS,
        notes=(Text("回电 13812345678", "call 13812345678"),),
        period=(datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 1, 31, 16, tzinfo=UTC)),
        excluded={
            "end_unknown": (Text("结束未知的会议", "meetings whose end is unknown"), 3),
            "no_start": (Text("无", "none"), 0),
        },
        certificate=Certified(),
    )


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files say when and with which version they were made."""
    for module in (about, excel, guide_sheets):
        monkeypatch.setattr(module, "now", lambda: datetime(2026, 2, 1, tzinfo=UTC))
    for module in (about, guide_sheets):
        monkeypatch.setattr(module, "version", lambda _: "0.0.0")
    assert times.now().tzinfo is UTC
