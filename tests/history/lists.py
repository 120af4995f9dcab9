"""A list of twenty meetings of a month, and how it is held against the archive."""

from __future__ import annotations

from collections.abc import Sequence

from tests.history.bills import at, read
from ytxdata.history.proof.match_lines import Archived
from ytxdata.history.proof.witness_check import hear
from ytxdata.history.proof.witness_result import Hearing

TIMES = "会议编号,开始时间,时长\n"
CALLS = "".join(f"m{i},2026-03-{i + 1:02} 08:00:00,600\n" for i in range(20))
OWN = "合计,,12000\n"
LOST = "LOST,2026-03-25 10:00:00,600\n"


def daily(n: int = 20) -> list[Archived]:
    return [Archived(f"d{i}", f"m{i}", at(24 * i)) for i in range(n)]


def heard(raw: bytes | str, archived: Sequence[Archived] | None = None, **more: object) -> Hearing:
    return hear(read(raw.encode() if isinstance(raw, str) else raw, **more), daily() if archived is None else archived)
