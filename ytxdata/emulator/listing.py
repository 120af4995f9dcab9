"""What the platform holds at an instant, and what of it is listed: the rules of a newest-N interface.

Every record has a timeline: from an instant on it is so, or is gone. The truth is all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

from ytxdata.emulator.meeting import Meeting
from ytxdata.emulator.options import Options

DAY_S = 86400


@dataclass(slots=True)
class HeldRecord:
    """One record of the platform and its fate; `text` caches how it was last written."""

    timeline: list[tuple[int, Meeting | None]]
    text: tuple[object, bytes] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, meeting: Meeting) -> HeldRecord:
        """Return the entry of a meeting that nobody has touched yet."""
        return cls([(meeting.listed_from, meeting)])

    def at(self, now: int) -> Meeting | None:
        """Return the record at an instant, None before it is held and after it is gone."""
        found: Meeting | None = None
        for since, meeting in self.timeline:
            if since > now:
                break
            found = meeting
        return found

    @property
    def first(self) -> Meeting:
        """The record as it was first held."""
        meeting = self.timeline[0][1]
        assert meeting is not None
        return meeting

    def changed_at(self, now: int) -> int:
        """Return when the record last changed: touched, ended or begun."""
        touched = max((since for since, _ in self.timeline[1:] if since <= now), default=0)
        meeting = self.first
        ended = meeting.ended_at if meeting.ended_at is not None and meeting.ended_at <= now else meeting.started_at
        return max(touched, ended)


@dataclass(slots=True)
class Listed:
    """One entry as it stands in an answer."""

    entry: HeldRecord
    meeting: Meeting
    now: int

    @property
    def ended_at(self) -> int:
        """The end, or the present while there is none."""
        ended = self.meeting.ended_at
        return self.now if ended is None or self.meeting.is_running(self.now) else ended


Rank = Callable[[Listed, int], tuple[object, ...]]

_RANKS: dict[str, Rank] = {
    "newest": lambda row, _seed: (-row.meeting.started_at, row.meeting.meeting_id),
    "oldest": lambda row, _seed: (row.meeting.started_at, row.meeting.meeting_id),
    "random": lambda row, seed: (_lot(row.meeting.meeting_id, seed),),
    "by_end": lambda row, _seed: (-row.ended_at, row.meeting.meeting_id),
    "by_change": lambda row, _seed: (-row.entry.changed_at(row.now), row.meeting.meeting_id),
}
"""How the records are ranked, given the seed; the first N are given. `pinned` and `ascending` rank as `newest`."""


def _lot(meeting_id: str, seed: int) -> bytes:
    """Return a lot drawn once for good, so that the order is arbitrary and still the same in every answer."""
    return blake2b(f"{seed}|{meeting_id}".encode(), digest_size=8).digest()


def listed(entries: Iterable[HeldRecord], now: int, options: Options) -> list[Listed]:
    """Return everything that could be listed at an instant, best first."""
    oldest = None if options.retention_days is None else now - options.retention_days * DAY_S
    rows = []
    for entry in entries:
        meeting = entry.at(now)
        if meeting is None or (oldest is not None and meeting.started_at < oldest):
            continue
        if options.listed == "end" and meeting.is_running(now):
            continue
        rows.append(Listed(entry, meeting, now))
    rank = _RANKS.get(options.order, _RANKS["newest"])
    rows.sort(key=lambda row: rank(row, options.seed))
    if options.order == "pinned" and options.pinned_rooms:
        rows = rows[-options.pinned_rooms :] + rows[: -options.pinned_rooms]
    return rows


def chosen(rows: list[Listed], asked: int, options: Options) -> list[Listed]:
    """Return what an ask for `asked` records is given: the platform's silent limits are applied here."""
    if options.large_ask is not None and asked > options.large_ask[0]:
        asked = options.large_ask[1]
    if options.cap is not None:
        asked = min(asked, options.cap)
    given = rows[:asked]
    return given[::-1] if options.order == "ascending" else given
