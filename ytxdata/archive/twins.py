"""One id used for two meetings: which of them a record is of, so that both are kept and neither is taken for a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ytxdata import phones
from ytxdata.archive.versions import Twins, Version


class Row(NamedTuple):
    """A record of an answer that is a meeting."""

    position: int
    meeting_id: str
    record_hash: bytes
    started_at: datetime | None
    ended_at: datetime | None
    creator: str | None


def is_same_meeting(one: Row | Version, other: Row | Version) -> bool:
    """Return False only where two records of one id cannot be one meeting: another creator, and times that do not meet."""
    if not one.creator or not other.creator or _number(one.creator) == _number(other.creator):
        return True
    return not (_is_over_before(one, other) or _is_over_before(other, one))


def _number(creator: str) -> str:
    return phones.normalize(creator) or creator


def _is_over_before(one: Row | Version, other: Row | Version) -> bool:
    return bool(one.ended_at and other.started_at and one.ended_at <= other.started_at)


def fullest(rows: Sequence[Row]) -> Row:
    """Return the record to believe of several that one answer gives for a meeting: by content, not by place."""
    return max(
        rows, key=lambda row: (row.ended_at is not None, row.ended_at and row.ended_at.timestamp(), row.record_hash)
    )


def by_twin(twins: Twins, rows: Sequence[Row]) -> Iterator[tuple[int, list[Row]]]:
    """Yield the records of one meeting id by the meeting they are of: nearly always one record of one meeting."""
    if len(rows) == 1 and not twins:
        yield 0, [*rows]
        return
    groups: dict[int, list[Row]] = {}
    for row in rows:
        groups.setdefault(twin_of(twins, row, groups), []).append(row)
    yield from sorted(groups.items())


def twin_of(twins: Twins, row: Row | Version, beside: Mapping[int, Sequence[Row]] = {}) -> int:
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
        others: list[Row | Version] = [*(twins[twin][-1:] if twin < len(twins) else []), *beside.get(twin, [])]
        if all(is_same_meeting(row, other) for other in others):
            return twin
    return count
