"""Meetings too short to have been meant, and creators who have many of them."""

from __future__ import annotations

from collections.abc import Iterator

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import those, when
from ytxdata.labels import Text

_SHORT = """
    WITH joins AS (SELECT m, count(j) AS n FROM legs GROUP BY m),
    judged AS (
        SELECT a.*, coalesce(n, 0) AS n, len_s < $any OR (len_s < $two AND coalesce(n, 0) >= 2) AS is_short
        FROM meetings a LEFT JOIN joins USING (m) WHERE len_s IS NOT NULL
    )
"""
_EACH = f"{_SHORT} SELECT meeting_id AS id, twin, s, len_s, n FROM judged WHERE is_short ORDER BY s, id, twin"  # noqa: S608
_SHARES = f"""{_SHORT}
    SELECT who, count(*) AS n, 100.0 * count_if(is_short) / count(*) AS share,
        list(meeting_id ORDER BY s, meeting_id) AS ids, list(meeting_id ORDER BY s, meeting_id) FILTER (is_short) AS short
    FROM judged WHERE who IS NOT NULL GROUP BY who HAVING n >= $least AND share > $share ORDER BY short
"""  # noqa: S608


@check(
    "short_call",
    "过短通话",
    "short call",
    origin="Avaya and Microsoft CQD: calls under 1 min; Twilio: share of short calls",
    thresholds=("any_s", "two_s", "share_pct"),
)
def short_call(
    data: Data, *, any_s: float = 10, two_s: float = 60, share_pct: float = 15, at_least: int = 20
) -> Iterator[Finding]:
    """Below `any_s`, or below `two_s` with 2 legs or more; and creators of `at_least` meetings with a larger share of such than `share_pct`."""
    for row in data.named(_EACH, any=any_s, two=two_s):
        limit = any_s if row["len_s"] < any_s else two_s
        yield Finding(
            record_ids=(row["id"],),
            measured=row["len_s"],
            threshold=limit,
            mark=(row["id"], str(row["twin"])),
            text=Text(
                f"会议 {row['id']}（{when(row['s'])}）只有 {row['len_s']} 秒，{row['n']} 人次接通",
                f"meeting {row['id']} ({when(row['s'])}) lasted {row['len_s']} s, {row['n']} legs joined",
            ),
        )
    for row in data.named(_SHARES, any=any_s, two=two_s, least=at_least, share=share_pct):
        short = list(dict.fromkeys(row["short"]))
        yield Finding(
            record_ids=tuple(dict.fromkeys(row["ids"])),
            measured=round(row["share"], 6),
            threshold=share_pct,
            mark=("share", short[0]),
            text=Text(
                f"发起人 {row['who']} 的 {row['n']} 场会议中 {row['share']:.1f} % 过短（{those(short).zh}）",
                f"{row['share']:.1f} % of the {row['n']} meetings of creator {row['who']} were too short ({those(short).en})",
            ),
        )
