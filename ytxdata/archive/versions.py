"""Versions of meetings, and rejected records, that the archive knows: looked up without a scan, told apart where one id serves two meetings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

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
