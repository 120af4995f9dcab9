"""Meetings that lasted too long."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import span, when
from ytxdata.labels import Text


@check(
    "over_long",
    "时间过长",
    "over-long",
    severity=Text("超过 crit_s 为 crit，否则 warn", "crit above `crit_s`, else warn"),
    origin="Twilio's default cap of a call is 4 h",
    thresholds=("warn_s", "crit_s"),
)
def over_long(data: Data, *, warn_s: float = 4 * 3600, crit_s: float = 12 * 3600) -> Iterator[Finding]:
    """Longer than `warn_s`."""
    sql = "SELECT meeting_id AS id, twin, s, len_s FROM meetings WHERE len_s > ? ORDER BY s, id, twin"
    for row in data.rows(sql, min(warn_s, crit_s)):
        is_crit = row["len_s"] > crit_s
        limit = crit_s if is_crit else warn_s
        yield Finding(
            record_ids=(row["id"],),
            severity="crit" if is_crit else "warn",
            measured=row["len_s"],
            threshold=limit,
            mark=(row["id"], str(row["twin"])),
            text=Text(
                f"会议 {row['id']}（{when(row['s'])}）持续 {span(row['len_s'])}，超过 {span(limit)}",
                f"meeting {row['id']} ({when(row['s'])}) lasted {span(row['len_s'])}, more than {span(limit)}",
            ),
        )
