"""What the platform holds at an instant, what of it is listed by a newest-N interface, and what there really is.

Every record has a timeline: from an instant on it is so, or is gone. The truth is all of them, whatever is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from ytxdata.emulator.meeting import Meeting, Person, yuan
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


def utc_text(instant: int | None) -> str | None:
    """Return an epoch second as ISO 8601 text in UTC."""
    return None if instant is None else datetime.fromtimestamp(instant, UTC).isoformat()


def meeting_facts(meeting: Meeting) -> dict[str, Any]:
    """Return the meeting itself, without its legs, as JSON can hold it."""
    return {
        "meeting_id": meeting.meeting_id,
        "name": meeting.name or None,
        "creator": meeting.creator,
        "creator_number": meeting.creator_number,
        "app_id": meeting.app_id,
        "kind": meeting.kind,
        "state": meeting.state,
        "is_booked": meeting.is_booked,
        "created_at": utc_text(meeting.created_at),
        "booked_at": utc_text(meeting.booked_at),
        "started_at": utc_text(meeting.started_at),
        "ended_at": utc_text(meeting.ended_at),
        "duration_s": meeting.duration_s,
        "amount_yuan": yuan(meeting.amount_mills),
        "display_number": meeting.display_number,
        "recording_url": meeting.recording_url,
        "n_legs": len(meeting.legs),
    }


def leg_facts(meeting: Meeting) -> list[dict[str, Any]]:
    """Return the legs of a meeting in the order in which they are listed, as JSON can hold them."""
    return [
        {
            "meeting_id": meeting.meeting_id,
            "position": position,
            "name": leg.name,
            "phone": leg.phone,
            "number": leg.number,
            "line": leg.line,
            "joined_at": utc_text(leg.joined_at),
            "left_at": utc_text(leg.left_at),
            "duration_s": leg.duration_s,
            "is_creator": leg.number is not None and leg.number == meeting.creator_number,
            "state": leg.state,
        }
        for position, leg in enumerate(meeting.legs)
    ]


def last_seen(entry: HeldRecord, now: int) -> Meeting:
    """Return a record as it is, or as it last was when it is gone, as far as it can be seen at an instant."""
    known = next(meeting for since, meeting in reversed(entry.timeline) if meeting is not None and since <= now)
    return known.at(now)


def tell(entries: Iterable[HeldRecord], now: int) -> dict[str, list[Any]]:
    """Return `meetings`, `legs` and the ids of the `running` ones, of everything held by an instant."""
    meetings: list[dict[str, Any]] = []
    legs: list[dict[str, Any]] = []
    for entry in entries:
        if entry.timeline[0][0] > now:
            continue
        seen = last_seen(entry, now)
        fate = {
            "is_running": seen.ended_at is None,
            "is_vanished": entry.at(now) is None,
            "n_versions": sum(since <= now for since, _ in entry.timeline),
        }
        meetings.append(meeting_facts(seen) | fate)
        legs += leg_facts(seen)
    return {"meetings": meetings, "legs": legs, "running": [m["meeting_id"] for m in meetings if m["is_running"]]}


def invoice(entries: Iterable[HeldRecord], now: int) -> list[dict[str, Any]]:
    """Return one line for each meeting that has a price: `meeting_id, started_at, duration_s, amount_yuan`."""
    rows = (meeting_facts(last_seen(entry, now)) for entry in entries if entry.timeline[0][0] <= now)
    wanted = ("meeting_id", "started_at", "duration_s", "amount_yuan")
    return [{key: row[key] for key in wanted} for row in rows if row["amount_yuan"] is not None]


def roster(people: Iterable[Person]) -> list[dict[str, str]]:
    """Return everybody the company knows: `phone, name, department`."""
    return [{"phone": person.phone or "", "name": person.name, "department": person.department} for person in people]
