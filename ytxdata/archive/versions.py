"""Versions of meetings, and rejected records, that the archive knows: looked up without a scan, told apart where one id serves two meetings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

from ytxdata import phones
from ytxdata.archive.storage.index import find
from ytxdata.archive.storage.snapshot import Snapshot, among, read
from ytxdata.records.schema import rows_of as cells_of

VERSION_COLUMNS = (
    "obs",
    "meeting_id",
    "twin",
    "version",
    "record_hash",
    "observed_at",
    "pull_id",
    "started_at",
    "ended_at",
    "creator",
)


class Version(NamedTuple):
    """One version of one meeting. `obs` is negative while its observation has no number yet."""

    obs: int
    meeting_id: str
    twin: int
    version: int
    record_hash: bytes
    observed_at: datetime
    pull_id: str
    started_at: datetime | None
    ended_at: datetime | None
    creator: str | None


Twins = list[list[Version]]
"""All versions under one meeting id: one list for each meeting that uses the id, oldest version first."""


def from_rows(rows: pa.Table) -> list[Version]:
    """Return rows of the stored meetings as versions."""
    return [Version(*cells) for cells in cells_of(rows, VERSION_COLUMNS)]


def grouped(versions: Iterable[Version]) -> dict[str, Twins]:
    """Return versions by meeting id and twin, each oldest first (by asking time)."""
    groups: dict[str, Twins] = {}
    for version in sorted(versions, key=lambda v: (v.twin, v.observed_at, v.version)):
        twins = groups.setdefault(version.meeting_id, [])
        if version.twin == len(twins):
            twins.append([])
        twins[version.twin].append(version)
    return groups


class VersionIndex:
    """The versions of a snapshot; what was looked up once is remembered.

    Parameters
    ----------
    snapshot
        What completed syncs left; None for a new archive.
    """

    def __init__(self, snapshot: Snapshot | None) -> None:
        self.snapshot = snapshot
        self._found: dict[str, Twins] = {}

    def of(self, ids: Iterable[str]) -> Mapping[str, Twins]:
        """Return the versions of each id, none for one that is not known."""
        missing = [meeting_id for meeting_id in dict.fromkeys(ids) if meeting_id not in self._found]
        if missing:
            self._found.update(self._look_up(missing))
        return self._found

    def _look_up(self, ids: Sequence[str]) -> dict[str, Twins]:
        found: dict[str, Twins] = {meeting_id: [] for meeting_id in ids}
        if self.snapshot is not None:
            numbers = find(self.snapshot.runs, ids)
            rows = read(self.snapshot, "meetings", VERSION_COLUMNS, among("obs", numbers))
            found.update(grouped(version for version in from_rows(rows) if version.meeting_id in found))
        return found


class MeetingRecord(NamedTuple):
    """A record of an answer that is a meeting."""

    position: int
    meeting_id: str
    record_hash: bytes
    started_at: datetime | None
    ended_at: datetime | None
    creator: str | None


def is_same_meeting(one: MeetingRecord | Version, other: MeetingRecord | Version) -> bool:
    """Return False only where two records of one id cannot be one meeting: another creator, and times that do not meet."""
    if not one.creator or not other.creator or _number(one.creator) == _number(other.creator):
        return True
    return not (_is_over_before(one, other) or _is_over_before(other, one))


def _number(creator: str) -> str:
    return phones.normalize(creator) or creator


def _is_over_before(one: MeetingRecord | Version, other: MeetingRecord | Version) -> bool:
    return bool(one.ended_at and other.started_at and one.ended_at <= other.started_at)


def fullest(rows: Sequence[MeetingRecord]) -> MeetingRecord:
    """Return the record to believe of several that one answer gives for a meeting: by content, not by place."""
    return max(
        rows, key=lambda row: (row.ended_at is not None, row.ended_at and row.ended_at.timestamp(), row.record_hash)
    )


def by_twin(twins: Twins, rows: Sequence[MeetingRecord]) -> Iterator[tuple[int, list[MeetingRecord]]]:
    """Yield the records of one meeting id by the meeting they are of: nearly always one record of one meeting."""
    if len(rows) == 1 and not twins:
        yield 0, [*rows]
        return
    groups: dict[int, list[MeetingRecord]] = {}
    for row in rows:
        groups.setdefault(twin_of(twins, row, groups), []).append(row)
    yield from sorted(groups.items())


def twin_of(twins: Twins, row: MeetingRecord | Version, beside: Mapping[int, Sequence[MeetingRecord]] = {}) -> int:
    """Return which meeting a record is of: one that had it before, else one it could be, else a new one.

    Parameters
    ----------
    twins
        The versions known under the record's meeting id.
    beside
        Records of the same answer that are told already.
    """
    for twin, history in enumerate(twins):
        if any(version.record_hash == row.record_hash for version in history):
            return twin
    count = max([len(twins), *(twin + 1 for twin in beside)])
    for twin in range(count):
        others: list[MeetingRecord | Version] = [
            *(twins[twin][-1:] if twin < len(twins) else []),
            *beside.get(twin, []),
        ]
        if all(is_same_meeting(row, other) for other in others):
            return twin
    return count


def reject_key(digest: bytes) -> str:
    """Return the key under which the index knows a rejected record; no meeting id begins like it."""
    return f"\0reject:{digest.hex()}"


class RejectIndex:
    """The rejected records of a snapshot, by their hash; what was looked up once is remembered."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self.snapshot = snapshot
        self._found: dict[bytes, int] = {}

    def of(self, digests: Collection[bytes]) -> dict[bytes, int]:
        """Return the number of the observation of each known digest; the caller adds those it stores."""
        missing = [digest for digest in digests if digest not in self._found]
        if missing and self.snapshot is not None:
            numbers = find(self.snapshot.runs, [reject_key(digest) for digest in missing])
            rows = read(self.snapshot, "observations", ("obs", "record_hash"), among("obs", numbers))
            self._found.update(zip(rows["record_hash"].to_pylist(), rows["obs"].to_pylist(), strict=True))
        return self._found
