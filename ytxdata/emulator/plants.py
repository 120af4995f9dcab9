"""Planting: how a case an audit must find is put into a company that is clean without it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from ytxdata.emulator.book import Entry
from ytxdata.emulator.company import Company, day_of, midnight
from ytxdata.emulator.meeting import ANSWERED, ENDED, RUNNING, Leg, Meeting, price
from ytxdata.emulator.people import Person, mobile, person_name
from ytxdata.emulator.workdays import is_workday

HOUR_S, MINUTE_S = 3600, 60
FIRST_SERIAL, STRANGER_SERIAL = 98_000_000, 99_000_000


@dataclass
class Planted:
    """What was planted: entries of the book, people, bills, and the truth under each check's own key.

    A case holds `record_ids`, what it is (`case`), `also` (the keys of other checks that rightly find the same
    records), and what else identifies it (`number`, `creator`).
    """

    entries: list[Entry] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    cases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    bills: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def bill(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return an invoice with its planted errors: changed lines, a missing one, one that nobody held."""
        known = {line["meeting_id"] for line in lines}
        wrong = [line | (self.bills.get(line["meeting_id"], {}) or {}) for line in lines]
        kept = [line for line in wrong if self.bills.get(line["meeting_id"], {}) is not None]
        return kept + [{"meeting_id": key, **line} for key, line in self.bills.items() if line and key not in known]


class Planter:
    """Makes people, days and meetings for the cases; everything follows from the company's seed and its clock."""

    def __init__(self, company: Company, now: int) -> None:
        self.company, self.now = company, now
        self.rng = company.random("planted", now)
        self.planted = Planted()
        today = day_of(now)
        days = [today - timedelta(days=back) for back in range(2, 90)]
        self.workdays = [day for day in days if is_workday(day)]
        self.days_off = [day for day in days if not is_workday(day)]
        self._serial = FIRST_SERIAL
        self._stranger = STRANGER_SERIAL

    def at(self, back: int, hour: float) -> int:
        """Return an hour of the `back`-th last working day."""
        return self.on(self.workdays[back], hour)

    def on(self, day: date, hour: float) -> int:
        """Return an hour of a day."""
        return midnight(day) + round(hour * HOUR_S)

    def people(self, count: int) -> list[Person]:
        """Return people of the roster whom no other case knows; their numbers do not stand in a row."""
        found = []
        for _ in range(count):
            self._serial += 13
            found.append(mobile(person_name(self.rng), self._serial, "销售部"))
        self.planted.people += found
        return found

    def strangers(self, count: int) -> list[Person]:
        """Return people outside the roster with consecutive numbers."""
        first, self._stranger = self._stranger, self._stranger + 1000
        return [mobile("未知", first + position, "") for position in range(count)]

    def meeting(
        self, check: str, start: int, lasts: int | None, people: list[Person], *, creator: Person | None = None
    ) -> Meeting:
        """Return an ordinary meeting: the first party opens it and is the last to leave; no length, no end."""
        creator = creator or people[0]
        end = None if lasts is None else start + lasts
        legs = tuple(self.leg(person, start, end, position) for position, person in enumerate(people))
        created = start - 5
        return Meeting(
            meeting_id=self.company.new_id(created, self.rng),
            name="项目沟通会",
            creator=creator.phone or "",
            creator_number=creator.number,
            app_id=self.company.app_id,
            kind=f"planted:{check}",
            is_booked=False,
            created_at=created,
            booked_at=None,
            started_at=start,
            ended_at=end,
            duration_s=lasts,
            amount_mills=None if end is None else price(legs),
            display_number=self.company.display_number,
            recording_url=None,
            state=RUNNING if end is None else ENDED,
            legs=legs,
            listed_from=start,
        )

    @staticmethod
    def leg(person: Person, start: int, end: int | None, position: int = 0) -> Leg:
        """Return a leg; all but the first join a little later and leave a little earlier, if there is time."""
        margin = 0 if end is None else min(2 * position, (end - start) // 4)
        left = None if end is None else end - margin
        return Leg(person.name, person.phone, person.number, person.line, start, start + margin, left, ANSWERED)

    def plant(self, check: str, case: str, *meetings: Meeting, also: tuple[str, ...] = (), **more: object) -> None:
        """Put meetings into the book and the case into the truth."""
        self.planted.entries += [Entry.of(meeting) for meeting in meetings]
        self.note(check, case, *meetings, also=also, **more)

    def note(self, check: str, case: str, *meetings: Meeting, also: tuple[str, ...] = (), **more: object) -> None:
        """Put a case into the truth whose meetings are in the book already."""
        ids = list(dict.fromkeys(meeting.meeting_id for meeting in meetings))
        self.planted.cases.setdefault(check, []).append({"case": case, "record_ids": ids, "also": list(also), **more})

    def later(self, check: str, case: str, meeting: Meeting, after_s: int, **changes: Any) -> None:
        """Plant a meeting that changes, or with no changes vanishes, some time after the server has started."""
        after = replace(meeting, **changes) if changes else None
        self.planted.entries.append(Entry([(meeting.listed_from, meeting), (self.now + after_s, after)]))
        self.note(check, case, meeting, after_s=after_s, fields=sorted(changes))
