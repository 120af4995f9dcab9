"""Writing a record down as a dialect has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from ytxdata.emulator.dialects import Absent, Dialect
from ytxdata.emulator.meeting import Leg, Meeting, yuan
from ytxdata.times import BEIJING

NO_TAPES = "NoTapes"


def write(meeting: Meeting, dialect: Dialect) -> str:
    """Return the JSON text of one record."""
    facts: dict[str, object] = {
        "meeting_id": _digits(meeting.meeting_id) if dialect.bare_ids else meeting.meeting_id,
        "name": meeting.name or None,
        "creator": _phone(meeting.creator, meeting.creator_number, dialect),
        "app_id": meeting.app_id,
        "created_at": _time(meeting.created_at, dialect),
        "booked_at": _time(meeting.booked_at, dialect),
        "started_at": _time(meeting.started_at, dialect),
        "ended_at": _time(meeting.ended_at, dialect),
        "duration_s": _number(meeting.duration_s, dialect),
        "state": meeting.state,
        "is_booked": _number(int(meeting.is_booked), dialect),
        "display_number": meeting.display_number,
        "amount": _money(meeting.amount_mills, dialect),
        "recording_url": meeting.recording_url or NO_TAPES,
        "legs": [_write_leg(leg, dialect) for leg in meeting.legs],
    }
    record = _named(facts, dialect.meeting, dialect.absent) | dict(dialect.extra)
    return json.dumps(record, ensure_ascii=dialect.ascii, separators=(",", ":"))


def _write_leg(leg: Leg, dialect: Dialect) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": leg.name,
        "phone": _phone(leg.phone, leg.number, dialect),
        "joined_at": _time(leg.joined_at, dialect),
        "left_at": _time(leg.left_at, dialect),
        "duration_s": _number(leg.duration_s, dialect),
        "state": leg.state,
    }
    return _named(facts, dialect.leg, dialect.absent)


def _named(facts: dict[str, object], keys: Mapping[str, str], absent: Absent) -> dict[str, object]:
    if absent == "omit":
        return {key: facts[fact] for fact, key in keys.items() if facts[fact] is not None}
    nothing = "" if absent == "empty" else None
    return {key: nothing if facts[fact] is None else facts[fact] for fact, key in keys.items()}


def _digits(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() and not text.startswith("0") else text


def _phone(phone: str | None, number: str | None, dialect: Dialect) -> object:
    shown = number if dialect.phones == "e164" and number is not None else phone
    return _digits(shown) if dialect.bare_ids and shown is not None else shown


def _number(value: int | None, dialect: Dialect) -> object:
    return value if value is None or dialect.bare else str(value)


def _time(instant: int | None, dialect: Dialect) -> object:
    if instant is None:
        return None
    if dialect.times in ("text", "compact"):
        pattern, colon = ("%Y-%m-%d %H", ":") if dialect.times == "text" else ("%Y%m%d%H", "")
        text = f"{_hour(instant // 3600, pattern)}{colon}{instant // 60 % 60:02d}{colon}{instant % 60:02d}"
    else:
        text = str(instant if dialect.times == "epoch_s" else instant * 1000)
    return int(text) if dialect.bare and dialect.times != "text" else text


@lru_cache(maxsize=65536)
def _hour(hour: int, pattern: str) -> str:
    """Return the day and hour in Beijing; hours are few, and formatting them is what takes the time."""
    return datetime.fromtimestamp(hour * 3600, BEIJING).strftime(pattern)


def _money(mills: int | None, dialect: Dialect) -> object:
    if mills is None:
        return None
    if dialect.float_money:
        # Adding up small amounts in binary is what leaves 0.30000000000000004 behind.
        return sum([0.1] * (mills // 100)) + (mills % 100) / 1000
    text = yuan(mills)
    return float(text) if dialect.bare and text else text
