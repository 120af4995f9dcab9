"""Versions of meetings that the archive knows, looked up by id without a scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

from ytxdata.archive.store import Snapshot
from ytxdata.archive.store_index import find
from ytxdata.archive.store_read import among, read
from ytxdata.records.schema import rows_of as cells_of

COLUMNS = (
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
    return [Version(*cells) for cells in cells_of(rows, COLUMNS)]


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
            rows = read(self.snapshot, "meetings", COLUMNS, among("obs", numbers))
            found.update(grouped(version for version in from_rows(rows) if version.meeting_id in found))
        return found
