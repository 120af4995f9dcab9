"""Times that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, when
from ytxdata.labels import Text

UNITS = {
    1000.0: Text("毫秒", "milliseconds"),
    60.0: Text("六十分之一秒（多乘了 60）", "sixtieths of a second (multiplied by 60)"),
    1 / 60: Text("分钟", "minutes"),
    1 / 1000: Text("千秒（多除了 1000）", "thousands of seconds (divided by 1000)"),
}
"""duration ÷ (end − start) → the unit that would explain it."""


@check(
    "impossible_time",
    "时间不可能",
    "impossible time",
    origin="duration against end − start within 2 s",
    thresholds=("tolerance_s",),
)
def impossible_time(data: Data, *, tolerance_s: float = 2, unit_share: float = 0.01) -> Iterator[Finding]:
    """End before start, a start in the future, a duration that is not end − start; a suspicion when another unit explains it."""
    sql = """
        SELECT meeting_id AS id, twin, s, e, duration_s AS d, s - $now AS ahead FROM meetings
        WHERE e < s OR s > $now + $tolerance OR (e >= s AND abs(duration_s - (e - s)) > $tolerance) ORDER BY s, id, twin
    """
    for row in data.named(sql, now=data.now_s, tolerance=tolerance_s):
        for case, measured, text in _cases(row, tolerance_s, unit_share):
            yield Finding(
                record_ids=(row["id"],),
                measured=measured,
                threshold=tolerance_s,
                mark=(row["id"], str(row["twin"]), case),
                text=Text(f"会议 {row['id']}：{text.zh}", f"meeting {row['id']}: {text.en}"),
            )


def _cases(row: dict[str, Any], tolerance_s: float, unit_share: float) -> Iterator[tuple[str, float, Text]]:
    start, end, duration = row["s"], row["e"], row["d"]
    if row["ahead"] > tolerance_s:
        yield "future", row["ahead"], Text(f"开始于将来（{when(start)}）", f"it starts in the future ({when(start)})")
    if end is None:
        return
    if end < start:
        yield (
            "backwards",
            end - start,
            Text(
                f"结束（{when(end)}）早于开始（{when(start)}）",
                f"its end ({when(end)}) lies before its start ({when(start)})",
            ),
        )
    elif duration is not None and abs(duration - (end - start)) > tolerance_s:
        length = end - start
        unit = next(
            (text for factor, text in UNITS.items() if length and abs(duration / length / factor - 1) <= unit_share),
            None,
        )
        hint = Text(f"；疑似单位是{unit.zh}", f"; its unit may be {unit.en}") if unit else Text("", "")
        yield (
            "duration",
            duration - length,
            Text(
                f"时长 {duration} 秒，而结束 − 开始为 {length} 秒（{span(length)}）{hint.zh}",
                f"its duration is {duration} s, end − start is {length} s ({span(length)}){hint.en}",
            ),
        )
