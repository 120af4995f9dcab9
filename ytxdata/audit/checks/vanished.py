"""A record that the platform no longer lists."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from ytxdata.archive.coverage import exempt_of
from ytxdata.audit.checking import Finding, check
from ytxdata.audit.data import Data
from ytxdata.audit.words import when
from ytxdata.labels import Text


@check(
    "vanished",
    "记录消失",
    "vanished",
    severity=Text("crit：平台不再承认这场会议", "crit: the platform no longer admits the meeting"),
    origin="a list of the newest N must hold whatever starts between its oldest record and the moment of asking",
    needs=("archive",),
)
def vanished(data: Data) -> Iterator[Finding]:
    """A record is missing from a later pull in whose window it must be; the archive's syncs judge that, and keep the record."""
    assert data.archive is not None
    snapshot = data.archive.snapshot()
    ids = sorted(exempt_of(snapshot.head.state)) if snapshot else []
    pulls = data.archive.pulls(as_of=data.now)
    listings = pulls[pulls["confid"].isna()]
    newest = listings["asked_at"].max()
    data.put("gone", pa.table({"meeting_id": pa.array(ids, pa.string())}))
    sql = "SELECT meeting_id AS id, s, last_seen, pull_id FROM meetings SEMI JOIN gone USING (meeting_id) ORDER BY s, id, twin"
    for row in data.rows(sql):
        last = data.instant(row["last_seen"])
        if last is None or last >= newest.floor("s"):
            continue  # as of then it was still there
        seen = listings[listings["asked_at"].dt.floor("s") <= last]["pull_id"]
        missing = listings[listings["asked_at"].dt.floor("s") > last]["pull_id"]
        yield Finding(
            record_ids=(row["id"],),
            severity="crit",
            pull_ids=tuple(dict.fromkeys([*seen.tail(1), *missing.head(1), *missing.tail(1)])),
            text=Text(
                f"会议 {row['id']}（开始 {when(row['s'])}）从平台的列表里消失：最后见于 {when(row['last_seen'])}，此后的回答本应包含它而没有；存档仍保留它",
                f"meeting {row['id']} (start {when(row['s'])}) vanished from the platform's list: last seen {when(row['last_seen'])}, later answers should hold it and do not; the archive keeps it",
            ),
        )
