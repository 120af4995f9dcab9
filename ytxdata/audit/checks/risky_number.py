"""Numbers that cost a lot, or that fraud likes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import those, when
from ytxdata.labels import Text
from ytxdata.phones import number_class

CLASSES = {
    "international": Text("境外号码", "international"),
    "premium": Text("声讯付费号码", "premium rate"),
    "satellite": Text("卫星电话", "satellite"),
    "listed": Text("名单中的号段", "of a listed prefix"),
}

_SQL = """
    WITH met AS (SELECT number, m, min(leg) AS leg FROM legs SEMI JOIN risky USING (number) GROUP BY number, m)
    SELECT number, kind, min(s) AS since, list(meeting_id ORDER BY s, meeting_id) AS ids, first(leg ORDER BY s, meeting_id) AS leg
    FROM met JOIN risky USING (number) JOIN all_meetings USING (m) GROUP BY number, kind ORDER BY since, ids, leg
"""


@check(
    "risky_number",
    "高风险号码",
    "risky number",
    severity=Text(
        "境外号码为 warn；声讯、卫星与名单号段为 crit",
        "warn for international ones; crit for premium, satellite and listed ones",
    ),
    origin="CDR-Stats, Variphy: calls by class of number",
    needs=("legs",),
)
def risky_number(
    data: Data, *, classes: Sequence[str] = ("international", "premium", "satellite"), prefixes: Sequence[str] = ()
) -> Iterator[Finding]:
    """A number of one of `classes`, or that begins with one of `prefixes` (E.164, such as `+8690`); one finding per number."""
    risky = []
    for row in data.rows("SELECT DISTINCT number FROM legs WHERE number IS NOT NULL"):
        number = row["number"]
        kind = "listed" if number.startswith(tuple(prefixes)) else number_class(number)
        if kind == "listed" or kind in classes:
            risky.append((number, kind))
    data.put(
        "risky",
        pa.table(
            {
                "number": pa.array([n for n, _ in risky], pa.string()),
                "kind": pa.array([k for _, k in risky], pa.string()),
            }
        ),
    )
    for row in data.rows(_SQL):
        ids = list(dict.fromkeys(row["ids"]))
        title = CLASSES.get(row["kind"], Text(row["kind"], row["kind"]))
        yield Finding(
            record_ids=tuple(ids),
            severity="warn" if row["kind"] == "international" else "crit",
            measured=len(ids),
            threshold=0,
            mark=(ids[0], str(row["leg"])),
            text=Text(
                f"{title.zh} {row['number']} 出现在 {len(ids)} 场会议中，首次 {when(row['since'])}：{those(ids).zh}",
                f"number {row['number']} ({title.en}) in {len(ids)} meetings, first {when(row['since'])}: {those(ids).en}",
            ),
        )
