"""Meetings that the system cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, when
from ytxdata.labels import Text


@check(
    "cut_at_cap",
    "被系统截断",
    "cut at a cap",
    origin="caps of 4 h and 24 h: nobody hung up, the system cut the call",
    thresholds=("within_s",),
)
def cut_at_cap(data: Data, *, within_s: float = 3, caps_s: Sequence[int] = (4 * 3600, 24 * 3600)) -> Iterator[Finding]:
    """As long as a usual cap, within `within_s`."""
    for cap in caps_s:
        sql = "SELECT meeting_id AS id, twin, s, len_s FROM meetings WHERE abs(len_s - ?) <= ? ORDER BY s, id, twin"
        for row in data.rows(sql, cap, within_s):
            yield Finding(
                record_ids=(row["id"],),
                measured=abs(row["len_s"] - cap),
                threshold=within_s,
                mark=(row["id"], str(row["twin"]), str(cap)),
                text=Text(
                    f"会议 {row['id']}（{when(row['s'])}）持续 {span(row['len_s'])}，恰在 {span(cap)} 的上限：疑似被系统截断，无人挂断",
                    f"meeting {row['id']} ({when(row['s'])}) lasted {span(row['len_s'])}, right at the cap of {span(cap)}: the system seems to have cut it, nobody hung up",
                ),
            )
