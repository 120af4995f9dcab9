"""The truth as JSON can hold it, independent of shape, dialect and limits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ytxdata.emulator.listing import HeldRecord
from ytxdata.emulator.meeting import Meeting, yuan
from ytxdata.emulator.staff import Person


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
    """Return one line for each meeting that has a price: `meeting_id, duration_s, amount_yuan`."""
    rows = (meeting_facts(last_seen(entry, now)) for entry in entries if entry.timeline[0][0] <= now)
    wanted = ("meeting_id", "duration_s", "amount_yuan")
    return [{key: row[key] for key in wanted} for row in rows if row["amount_yuan"] is not None]


def roster(people: Iterable[Person]) -> list[dict[str, str]]:
    """Return everybody the company knows: `phone, name, department`."""
    return [{"phone": person.phone or "", "name": person.name, "department": person.department} for person in people]
