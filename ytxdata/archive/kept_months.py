"""What reports have counted of an archive's months, kept beside it: by what they were counted from, and sealed. It is
no part of the archive, and evidence of nothing (`metrics/months` says what holds of it).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ytxdata.archive.connections import connect
from ytxdata.archive.heads import Snapshot
from ytxdata.archive.ownership import MARK, MONTHS, identity_of
from ytxdata.archive.stored_files import DERIVED
from ytxdata.archive.views import ViewAsk, relation, telling
from ytxdata.errors import UsageError
from ytxdata.files import remove, replacing, that_may_be_lost
from ytxdata.times import BEIJING_OFFSET

_STORED = ("meetings", "legs")

MOST_KEPT = 64
"""Questions whose months are kept; of more the one that was answered longest ago goes."""

LARGEST = 4_000_000
"""Bytes that may be kept under one question: ten years of days take a tenth of it."""


class Marks(NamedTuple):
    """What an archive holds, by value: whatever of it changes, its mark changes, and a rebuild that changes nothing
    changes none.

    Parameters
    ----------
    months
        Month (`2026-03`), in order → the mark of all meetings that begin, end, or have anybody come or go in or
        around it, each with all its parties.
    shown
        The mark of the numbers that meetings show to whom they call: which are the account's own is said by all.
    """

    months: Mapping[str, str]
    shown: str


class KeptMonths:
    """The months that are kept of an archive as it stands.

    Parameters
    ----------
    root
        The folder of the archive.
    snapshot
        Its state.
    """

    def __init__(self, root: Path, snapshot: Snapshot) -> None:
        self.root, self.snapshot = root, snapshot

    @property
    def n_stored(self) -> int:
        """How many rows of meetings and legs are stored in all."""
        return sum(file.rows for table in _STORED for file in self.snapshot.files(table))

    @telling(DERIVED)
    def marks(self) -> Marks:
        """Return what tells whether anything of a month, as reports see it, has changed: one pass over all records."""
        connection = connect()
        for name in _STORED:
            rows = relation(self.snapshot, name, ViewAsk(is_keyed=True, is_seen=False), connection)
            connection.execute(f"CREATE TEMP VIEW {name} AS {rows.sql_query()}")
        months: Any = connection.execute(_MARKS, [BEIJING_OFFSET // timedelta(microseconds=1)]).fetchall()
        shown: Any = connection.execute(_SHOWN).fetchall()
        return Marks({month: f"{one:x}.{other:x}.{n}" for month, one, other, n in months}, "{:x}.{}".format(*shown[0]))

    def kept(self, question: str) -> bytes | None:
        """Return what was kept under a question, if it is to the byte what was kept; what is not, is deleted."""
        place = self.root / MONTHS / question
        if not place.is_file():  # a pipe would be waited for
            return None
        try:
            with place.open("rb") as file:
                data = file.read(LARGEST + 1)
        except OSError:
            return None
        seal, content = data[:_SEAL], data[_SEAL:]
        if len(data) <= LARGEST and hmac.compare_digest(seal, self._seal(question, content)):
            return content
        self.forget(question)
        return None

    def keep(self, question: str, content: bytes) -> None:
        """Keep something under a question, where that can be written; a mirror holds nothing but what is mirrored."""
        if (self.root / MARK).exists() or len(content) + _SEAL > LARGEST:
            return
        # a disk that is full, or may not be written, costs the next report a second
        with suppress(OSError, UsageError), that_may_be_lost():
            with replacing(self.root / MONTHS / question, is_private=True, of_archive=True) as draft:
                draft.write_bytes(self._seal(question, content) + content)
            others = sorted((self.root / MONTHS).iterdir(), key=lambda path: path.stat().st_mtime)
            for path in others[:-MOST_KEPT]:
                remove(path)

    def forget(self, question: str) -> None:
        """Delete what was kept under a question."""
        with suppress(OSError):
            remove(self.root / MONTHS / question)

    def _seal(self, question: str, content: bytes) -> bytes:
        key = identity_of(self.root).key_for(b"counted months")
        return hmac.digest(key, question.encode() + b"\n" + content, "sha256")


_SEAL = 32
"""Bytes of a seal."""

# sums know no order, and each row counts by what it says: two of 64 bits, of which each hashes the columns in another
# order, and how many there were
_MARKS = """
WITH parties AS (
    SELECT meeting_key, count(*) AS n, sum(hash(leg, number, joined_at, left_at)) AS one,
        sum(hash(left_at, joined_at, 0, number, leg)) AS other,
        min(least(joined_at, left_at)) AS first, max(greatest(joined_at, left_at)) AS last
    FROM legs GROUP BY meeting_key
), told AS (
    SELECT hash(meeting_id, creator, name, started_at, ended_at, n_legs, n, one) AS one,
        hash(n, other, n_legs, ended_at, started_at, name, creator, meeting_id) AS other,
        make_timestamp(epoch_us(least(first, started_at, ended_at)) + $1) AS first,
        make_timestamp(epoch_us(greatest(last, started_at, ended_at)) + $1) AS last
    FROM meetings LEFT JOIN parties USING (meeting_key)
), spread AS (
    SELECT unnest(generate_series(date_trunc('month', first), last, INTERVAL 1 MONTH)) AS month, one, other FROM told
)
SELECT strftime(month, '%Y-%m') AS name, sum(one), sum(other), count(*) FROM spread GROUP BY name ORDER BY name
"""
_SHOWN = "SELECT coalesce(sum(hash(one)), 0), count(*) FROM (SELECT DISTINCT display_number AS one FROM meetings)"
