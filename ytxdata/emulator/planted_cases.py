"""The cases an audit must find, one function for each check, planted into a company that is clean without them.

Each meets its check at the check's default thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from ytxdata.emulator.company import Company, day_of, is_workday, midnight
from ytxdata.emulator.listing import HeldRecord
from ytxdata.emulator.meeting import (
    ANSWERED,
    ENDED,
    RUNNING,
    UNANSWERED,
    Leg,
    Meeting,
    Person,
    foreign,
    mobile,
    person_name,
    price,
    yuan,
)

HOUR_S, MINUTE_S = 3600, 60
FIRST_SERIAL, STRANGER_SERIAL = 98_000_000, 99_000_000


@dataclass
class Planted:
    """What was planted: entries of the book, people, bills, and the truth under each check's own key.

    A case holds `record_ids`, what it is (`case`), `also` (the keys of other checks that rightly find the same
    records), and what else identifies it (`number`, `creator`).
    """

    entries: list[HeldRecord] = field(default_factory=list)
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
        self.planted.entries += [HeldRecord.of(meeting) for meeting in meetings]
        self.note(check, case, *meetings, also=also, **more)

    def note(self, check: str, case: str, *meetings: Meeting, also: tuple[str, ...] = (), **more: object) -> None:
        """Put a case into the truth whose meetings are in the book already."""
        ids = list(dict.fromkeys(meeting.meeting_id for meeting in meetings))
        self.planted.cases.setdefault(check, []).append({"case": case, "record_ids": ids, "also": list(also), **more})

    def later(self, check: str, case: str, meeting: Meeting, after_s: int, **changes: Any) -> None:
        """Plant a meeting that changes, or with no changes vanishes, some time after the server has started."""
        after = replace(meeting, **changes) if changes else None
        self.planted.entries.append(HeldRecord([(meeting.listed_from, meeting), (self.now + after_s, after)]))
        self.note(check, case, meeting, after_s=after_s, fields=sorted(changes))


CHANGE_AFTER_S = HOUR_S
FUTURE_S = 400 * 86400


def plant(company: Company, now: int) -> Planted:
    """Return every case, planted into the last weeks before an instant."""
    planter = Planter(company, now)
    for check, cases in CASES.items():
        cases(planter, check)
    return planter.planted


def _duplicate_exact(p: Planter, check: str) -> None:
    first = p.meeting(check, p.at(0, 9), 4 * MINUTE_S, p.people(3))
    p.plant(check, "same facts, two ids", first, replace(first, meeting_id=p.company.new_id(first.created_at, p.rng)))


def _duplicate_near(p: Planter, check: str) -> None:
    people, start = p.people(3), p.at(0, 11)
    first = p.meeting(check, start, 4 * MINUTE_S, people)
    p.plant(check, "one second apart", first, p.meeting(check, start + 1, 4 * MINUTE_S, people))


def _id_collision(p: Planter, check: str) -> None:
    first = p.meeting(check, p.at(1, 9), 20 * MINUTE_S, p.people(3))
    second = replace(p.meeting(check, p.at(4, 15), 30 * MINUTE_S, p.people(2)), meeting_id=first.meeting_id)
    p.plant(check, "one id, two meetings", first, second, also=("billing_mismatch",))


def _mutated_after_close(p: Planter, check: str) -> None:
    money, time, people = (p.meeting(check, p.at(1, hour), 25 * MINUTE_S, p.people(3)) for hour in (11, 13.5, 15))
    p.later(check, "money", money, CHANGE_AFTER_S, amount_mills=(money.amount_mills or 0) + 3600)
    longer = 40 * MINUTE_S
    p.later(check, "end", time, CHANGE_AFTER_S, ended_at=time.started_at + longer, duration_s=longer)
    p.later(check, "people", people, CHANGE_AFTER_S, legs=people.legs[:-1])


def _vanished(p: Planter, check: str) -> None:
    p.later(check, "gone", p.meeting(check, p.at(2, 9), 15 * MINUTE_S, p.people(3)), CHANGE_AFTER_S)


def _missing_end(p: Planter, check: str) -> None:
    p.plant(check, "never ended", p.meeting(check, p.at(2, 11), None, p.people(2)))


def _impossible_time(p: Planter, check: str) -> None:
    backwards, wrong, millis, minutes = (
        p.meeting(check, p.at(3, hour), 30 * MINUTE_S, p.people(2)) for hour in (9, 10, 13, 14)
    )
    p.plant(check, "end before start", replace(backwards, ended_at=backwards.started_at - 600, duration_s=1800))
    p.plant(check, "duration off", replace(wrong, duration_s=2100))
    p.plant(check, "duration in milliseconds", replace(millis, duration_s=1_800_000))
    p.plant(check, "duration in minutes", replace(minutes, duration_s=30))
    future = p.meeting(check, p.on(day_of(p.now + FUTURE_S), 10), 30 * MINUTE_S, p.people(2))
    p.plant(check, "starts in the future", replace(future, listed_from=p.now - HOUR_S), also=("off_hours",))


def _zero_duration(p: Planter, check: str) -> None:
    failed, short = (p.meeting(check, p.at(3, hour), 0, p.people(2)) for hour in (16, 17))
    legs = tuple(replace(leg, joined_at=None, state=UNANSWERED) for leg in failed.legs)
    p.plant(check, "failed call", replace(failed, legs=legs, amount_mills=0), also=("short_call",))
    p.plant(check, "answered and over", short, also=("short_call",))


def _over_long(p: Planter, check: str) -> None:
    p.plant(check, "warn", p.meeting(check, p.at(4, 9), 5 * HOUR_S, p.people(3)), severity="warn")
    p.plant(
        check, "crit", p.meeting(check, p.at(5, 8.5), 13 * HOUR_S, p.people(2)), severity="crit", also=("off_hours",)
    )


def _cut_at_cap(p: Planter, check: str) -> None:
    p.plant(check, "4 h", p.meeting(check, p.at(5, 9), 4 * HOUR_S, p.people(3)))
    day = p.meeting(check, p.at(6, 9), 24 * HOUR_S + 1, p.people(2))
    p.plant(check, "24 h", day, also=("over_long", "off_hours"))


def _lonely_tail(p: Planter, check: str) -> None:
    people, start = p.people(3), p.at(5, 15)
    meeting = p.meeting(check, start, 55 * MINUTE_S, people)
    stay, *others = meeting.legs
    legs = (stay, *(replace(leg, left_at=start + 30 * MINUTE_S) for leg in others))
    p.plant(check, "one person stays 25 minutes", replace(meeting, legs=legs))


def _short_call(p: Planter, check: str) -> None:
    p.plant(check, "6 s", p.meeting(check, p.at(6, 10), 6, p.people(1)))
    p.plant(check, "45 s with two legs", p.meeting(check, p.at(6, 11), 45, p.people(2)))
    creator, partner = p.people(2)
    meetings = [
        p.meeting(check, p.at(turn // 2, 9.5 + 7.5 * (turn % 2)), 40 if turn % 5 == 0 else 600, [creator, partner])
        for turn in range(24)
    ]
    short = [meeting for meeting in meetings if meeting.duration_s == 40]
    for meeting in short:
        p.note(check, "40 s with two legs", meeting)
    p.plant(check, "one creator's share", *meetings, creator=creator.phone, number=creator.number)


def _off_hours(p: Planter, check: str) -> None:
    p.plant(check, "night", p.meeting(check, p.at(6, 3), 30 * MINUTE_S, p.people(3)))
    p.plant(check, "day off", p.meeting(check, p.on(p.days_off[0], 12), 30 * MINUTE_S, p.people(3)))


def _same_person_twice(p: Planter, check: str) -> None:
    anna, boris, twice = p.people(3)
    first = p.meeting(check, p.at(7, 10), 60 * MINUTE_S, [anna, twice])
    second = p.meeting(check, p.at(7, 10.5), 60 * MINUTE_S, [boris, twice])
    p.plant(check, "30 minutes in both", first, second, number=twice.number)


def _creator_overlap(p: Planter, check: str) -> None:
    creator, one, two, three = p.people(4)
    first = p.meeting(check, p.at(7, 14), 40 * MINUTE_S, [creator, one])
    second = p.meeting(check, p.at(7, 14.25), 40 * MINUTE_S, [two, three], creator=creator)
    p.plant(check, "25 minutes", first, second, creator=creator.phone, number=creator.number)


def _burst(p: Planter, check: str) -> None:
    creator, partner = p.people(2)
    start = p.at(7, 16)
    meetings = [p.meeting(check, start + turn * 90, 80, [creator, partner]) for turn in range(6)]
    p.plant(check, "6 in 10 minutes", *meetings, creator=creator.phone, number=creator.number)


def _enumeration(p: Planter, check: str) -> None:
    (creator,), row = p.people(1), p.strangers(6)
    numbers = [person.number for person in row]
    one = p.meeting(check, p.at(8, 10), 12 * MINUTE_S, [creator, *row])
    p.plant(check, "in one meeting", one, numbers=numbers, also=("unknown_number",))
    (caller,), row = p.people(1), p.strangers(5)
    numbers = [person.number for person in row]
    day = [p.meeting(check, p.at(8, 9 + 1.5 * turn), 300, [caller, person]) for turn, person in enumerate(row)]
    p.plant(check, "in one creator's day", *day, numbers=numbers, creator=caller.phone, also=("unknown_number",))


def _unknown_number(p: Planter, check: str) -> None:
    (host,), (stranger,) = p.people(1), p.strangers(1)
    p.plant(check, "stranger", p.meeting(check, p.at(4, 11), 900, [host, stranger]), number=stranger.number)


def _risky_number(p: Planter, check: str) -> None:
    risky = (("international", "+12125550147"), ("premium", "+449098790321"), ("satellite", "+870000123456"))
    for turn, (line, number) in enumerate(risky):
        (host,) = p.people(1)
        person = foreign("外线", number, line, "外部联系人")  # type: ignore[arg-type]  # each is a LineClass
        p.planted.people.append(person)
        p.plant(check, line, p.meeting(check, p.at(9, 10 + 2 * turn), 900, [host, person]), number=number)


def _sudden_change(p: Planter, check: str) -> None:
    creator, partner = p.people(2)
    spike_day = max(p.workdays[:6], key=lambda day: sum(is_workday(day - timedelta(weeks=w)) for w in range(1, 9)))
    weeks = [spike_day - timedelta(weeks=week) for week in range(1, 9)]
    usual = [
        p.meeting(check, p.on(day, 10), (30 + turn % 4) * MINUTE_S, [creator, partner])
        for turn, day in enumerate(weeks)
        if is_workday(day)
    ]
    spike = [p.meeting(check, p.on(spike_day, 8.5 + 2 * turn), 110 * MINUTE_S, [creator, partner]) for turn in range(3)]
    p.planted.entries += [HeldRecord.of(meeting) for meeting in usual]
    p.plant(check, "ten times the usual", *spike, creator=creator.phone, number=creator.number, day=str(spike_day))


def _billing_mismatch(p: Planter, check: str) -> None:
    longer, dearer, missing, phantom = (
        p.meeting(check, p.at(10, hour), 20 * MINUTE_S, p.people(3)) for hour in (9, 10, 14, 15)
    )
    cases = (
        ("duration", longer, {"duration_s": 20 * MINUTE_S + 61}),
        ("amount", dearer, {"amount_yuan": yuan((dearer.amount_mills or 0) + 5000)}),
        ("missing on the invoice", missing, None),
    )
    for case, meeting, line in cases:
        p.planted.bills[meeting.meeting_id] = line
        p.plant(check, case, meeting)
    p.planted.bills[phantom.meeting_id] = {"duration_s": 900, "amount_yuan": "2.700"}
    p.note(check, "missing in the records", phantom)


CASES: dict[str, Callable[[Planter, str], None]] = {
    "duplicate_exact": _duplicate_exact,
    "duplicate_near": _duplicate_near,
    "id_collision": _id_collision,
    "mutated_after_close": _mutated_after_close,
    "vanished": _vanished,
    "missing_end": _missing_end,
    "impossible_time": _impossible_time,
    "zero_duration": _zero_duration,
    "over_long": _over_long,
    "cut_at_cap": _cut_at_cap,
    "lonely_tail": _lonely_tail,
    "short_call": _short_call,
    "off_hours": _off_hours,
    "same_person_twice": _same_person_twice,
    "creator_overlap": _creator_overlap,
    "burst": _burst,
    "enumeration": _enumeration,
    "unknown_number": _unknown_number,
    "risky_number": _risky_number,
    "sudden_change": _sudden_change,
    "billing_mismatch": _billing_mismatch,
}
"""Every planted check by its key."""
