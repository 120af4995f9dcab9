"""One function for each check of an audit: the cases it must find, at its default thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from ytxdata.emulator.book import Entry
from ytxdata.emulator.company import Company, day_of
from ytxdata.emulator.meeting import UNANSWERED, yuan
from ytxdata.emulator.people import foreign
from ytxdata.emulator.plants import HOUR_S, MINUTE_S, Planted, Planter
from ytxdata.emulator.workdays import is_workday

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
    p.planted.entries += [Entry.of(meeting) for meeting in usual]
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
