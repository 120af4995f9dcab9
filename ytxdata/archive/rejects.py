"""Rejected records that the archive has already: broken as they are, they are stored once."""

from __future__ import annotations

from collections.abc import Collection

from ytxdata.archive.store import Snapshot
from ytxdata.archive.store_index import find
from ytxdata.archive.store_read import among, read


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
