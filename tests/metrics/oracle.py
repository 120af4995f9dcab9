"""Every number once more, second by second, in plain Python, from the definitions alone: slow, obvious, independent
of the package.

An office is a list of meetings and a list of legs, as plain dictionaries; seconds are counted on the wall clock of
Beijing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from statistics import median
from typing import Any, NamedTuple

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock)


class Meeting(NamedTuple):
    meeting_id: str
    creator: str | None
    start: int | None
    end: int | None
    n_legs: int | None
    name: str | None = None


class Leg(NamedTuple):
    meeting_id: str
    leg: int
    number: str | None
    join: int | None
    leave: int | None


class Office(NamedTuple):
    meetings: list[Meeting]
    legs: list[Leg]


def wall(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)


class Fact:
    """What is known of one meeting."""

    def __init__(self, meeting: Meeting, listed: list[Leg]) -> None:
        self.meeting = meeting
        self.listed = listed
        self.is_known = bool(listed) or meeting.n_legs == 0
        self.joined = [leg for leg in listed if leg.join is not None]
        self.size = len({self.person(leg) for leg in self.joined}) if self.is_known else None

    @staticmethod
    def person(leg: Leg) -> tuple[str, str | int]:
        return ("number", leg.number) if leg.number is not None else ("leg", leg.leg)

    def end_of(self, leg: Leg) -> int | None:
        end = leg.leave if leg.leave is not None else self.meeting.end
        return end if end is not None and leg.join is not None and end >= leg.join else None

    @cached_property
    def closed(self) -> list[tuple[Leg, int, int]]:
        return [
            (leg, leg.join, end)
            for leg in self.joined
            if leg.join is not None and (end := self.end_of(leg)) is not None
        ]

    @cached_property
    def span(self) -> tuple[int, int] | None:
        """First join and last leave, or start and end when the legs are unknown; None when the end is unknown."""
        if not self.is_known:
            start, end = self.meeting.start, self.meeting.end
            return (start, end) if start is not None and end is not None and end >= start else None
        if not self.joined or len(self.closed) < len(self.joined):
            return None
        return min(join for _, join, _ in self.closed), max(end for _, _, end in self.closed)

    @property
    def seconds(self) -> int | None:
        return None if self.span is None else self.span[1] - self.span[0]

    @property
    def leg_seconds(self) -> int | None:
        if not self.is_known or (self.joined and not self.closed):
            return None
        return sum(end - join for _, join, end in self.closed)

    @cached_property
    def there(self) -> dict[int, set[tuple[str, str | int]]]:
        there: dict[int, set[tuple[str, str | int]]] = defaultdict(set)
        for leg, join, end in self.closed:
            for second in range(join, end):
                there[second].add(self.person(leg))
        return dict(there)

    def present(self, second: int) -> set[tuple[str, str | int]]:
        return self.there.get(second, set())

    def seconds_where(self, holds: Callable[[set[tuple[str, str | int]]], bool]) -> int | None:
        if not self.is_known or self.span is None:
            return None
        return sum(holds(self.present(second)) for second in range(*self.span))

    @property
    def talk(self) -> int | None:
        return self.seconds_where(lambda present: len(present) >= 2)

    @property
    def lonely(self) -> int | None:
        return self.seconds_where(lambda present: len(present) == 1)


def facts(office: Office, min_parties: int = 1) -> list[Fact]:
    """The meetings that count."""
    listed = defaultdict(list)
    for leg in office.legs:
        listed[belongs_to(leg, office)].append(leg)
    every = [Fact(meeting, listed[meeting]) for meeting in office.meetings if meeting.start is not None]
    return [fact for fact in every if fact.size is None or fact.size >= min_parties]


def belongs_to(leg: Leg, office: Office) -> Meeting | None:
    """The meeting of that id; of several, the one during which the leg was connected first; of two around the join, the
    second if the leg saw it begin, else the nearer; the first when it never joined.
    """
    mine = [meeting for meeting in office.meetings if meeting.meeting_id == leg.meeting_id]
    begun = sorted((meeting for meeting in mine if meeting.start is not None), key=lambda meeting: meeting.start or 0)
    if leg.join is None or len(begun) < 2:
        return next(iter([*begun, *mine]), None)
    before = [meeting for meeting in begun if (meeting.start or 0) <= leg.join]
    after = [meeting for meeting in begun if (meeting.start or 0) > leg.join]
    if not before or not after:
        return (before or after)[-1 if before else 0]
    start, over = after[0].start or 0, max(before[-1].start or 0, before[-1].end or 0)
    if leg.join < over:
        return before[-1]
    sees_it_begin = leg.leave is not None and leg.leave > start
    return after[0] if sees_it_begin or start - leg.join < leg.join - over else before[-1]


def placed(fact: Fact, day_of: str) -> int | None:
    """The second that decides to which day a meeting belongs."""
    start, end = fact.meeting.start, fact.meeting.end
    assert start is not None
    if day_of == "starts":
        return start
    return None if end is None else max(start, end - 1)


def within(
    office: Office, start: int | None = None, end: int | None = None, min_parties: int = 1, day_of: str = "starts"
) -> list[Fact]:
    """The meetings that count and belong to a period."""
    chosen = []
    for fact in facts(office, min_parties):
        at = placed(fact, day_of)
        if at is not None and (start is None or at >= start) and (end is None or at < end):
            chosen.append(fact)
    return chosen


@lru_cache(maxsize=1 << 18)
def period_of(second: int, by: str) -> str:
    day = wall(second).date()
    if by == "week":
        return (day - timedelta(days=day.weekday())).isoformat()
    return {"day": day.isoformat(), "month": day.isoformat()[:7], "total": "total"}[by]


def covered(period: str, by: str, start: int | None, end: int | None) -> dict[str, Any]:
    """Whether a period is cut by the edges of the request, and which share of it [%] lies inside them."""
    if by == "total":
        known = None if start is None or end is None else 100.0
        return {"is_partial": None if known is None else False, "covered_pct": known}
    day = date.fromisoformat(f"{period}-01" if by == "month" else period)
    after = {"day": day + timedelta(days=1), "week": day + timedelta(days=7)}
    after["month"] = (day + timedelta(days=31)).replace(day=1)
    first, last = (86_400 * (edge - EPOCH.date()).days for edge in (day, after[by]))
    inside = min(last, last if end is None else end) - max(first, first if start is None else start)
    share = max(0, inside) * 100 / (last - first)
    return {"is_partial": share < 100, "covered_pct": share}


def add(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def minutes(seconds: int | None) -> float | None:
    return None if seconds is None else seconds / 60


def connected(found: list[Fact]) -> tuple[Counter[int], Counter[int]]:
    """How many legs, and meetings, there are at each second."""
    legs: Counter[int] = Counter()
    meetings: Counter[int] = Counter()
    for fact in found:
        for _, join, end in fact.closed:
            legs.update(range(join, end))
        if fact.span is not None:
            meetings.update(range(*fact.span))
    return legs, meetings


def peak(levels: Counter[int], by: str, start: int | None, end: int | None) -> dict[str, tuple[int, int, int]]:
    """Period → largest level, its first second, and in how many separate stretches it was reached."""
    inside: dict[str, dict[int, int]] = defaultdict(dict)
    for t, n in levels.items():
        if (start is None or t >= start) and (end is None or t < end):
            inside[period_of(t, by)][t] = n
    found: dict[str, tuple[int, int, int]] = {}
    for period, here in inside.items():
        top = max(here.values())
        at = sorted(t for t, n in here.items() if n == top)
        found[period] = (top, at[0], sum(1 for t in at if here.get(t - 1) != top))
    return found


def usage(
    office: Office,
    by: str,
    start: int | None = None,
    end: int | None = None,
    min_parties: int = 1,
    day_of: str = "starts",
) -> list[dict[str, Any]]:
    chosen = within(office, start, end, min_parties, day_of)
    legs_at, meetings_at = connected(facts(office, min_parties))
    peak_legs, peak_meetings = (peak(levels, by, start, end) for levels in (legs_at, meetings_at))
    rows = []
    for period in sorted({period_of(placed(fact, day_of) or 0, by) for fact in chosen}):
        here = [fact for fact in chosen if period_of(placed(fact, day_of) or 0, by) == period]
        row = {"period": period, **sums(here)}
        known = [fact.size for fact in here if fact.size is not None]
        row["size_p50"] = float(median(known)) if known else None
        nothing = {"peak_legs": row["leg_minutes"], "peak_meetings": row["meeting_minutes"]}
        for name, peaks in (("peak_legs", peak_legs), ("peak_meetings", peak_meetings)):
            row[name] = peaks[period][0] if period in peaks else None if nothing[name] is None else 0
        row["active_creators"] = len({fact.meeting.creator for fact in here} - {None})
        row |= covered(period, by, start, end)
        rows.append(row)
    return rows


def sums(here: list[Fact]) -> dict[str, Any]:
    known = [fact for fact in here if fact.size is not None]
    joined = [leg for fact in known for leg in fact.joined]
    return {
        "meetings": len(here),
        "meeting_minutes": minutes(add(fact.seconds for fact in here)),
        "talk_minutes": minutes(add(fact.talk for fact in here)),
        "lonely_minutes": minutes(add(fact.lonely for fact in here)),
        "leg_minutes": minutes(add(fact.leg_seconds for fact in here)),
        "legs": len(joined) if known else None,
        "people": len({leg.number for leg in joined if leg.number is not None}) if known else None,
        "withheld": sum(leg.number is None for leg in joined) if known else None,
        "size_mean": sum(fact.size or 0 for fact in known) / len(known) if known else None,
    }


def creators(office: Office) -> dict[str, dict[str, Any]]:
    found = within(office)
    names = {fact.meeting.creator for fact in found} - {None}
    return {str(name): sums([fact for fact in found if fact.meeting.creator == name]) for name in names}


def presence(office: Office) -> dict[tuple[str, str | None, int], tuple[int, float | None, float | None]]:
    """(meeting, number, first leg) → legs, minutes, share."""
    rows = {}
    for fact in within(office):
        for person in {fact.person(leg) for leg in fact.joined}:
            mine = [leg for leg in fact.joined if fact.person(leg) == person]
            seconds = fact.seconds_where(lambda present, person=person: person in present)  # type: ignore[misc]
            share = None if not fact.seconds or seconds is None else seconds * 100 / fact.seconds
            key = (fact.meeting.meeting_id, mine[0].number, min(leg.leg for leg in mine))
            rows[key] = (len(mine), minutes(seconds), share)
    return rows


def people(office: Office) -> dict[str, tuple[int, int, float | None, float | None]]:
    """Number → meetings, legs, leg minutes, presence."""
    there = presence(office)
    spent: dict[str | None, list[int]] = defaultdict(list)
    for fact in within(office):
        for leg, join, end in fact.closed:
            spent[leg.number].append(end - join)
    rows = {}
    for number in {number for _, number, _ in there if number is not None}:
        mine = {key: row for key, row in there.items() if key[1] == number}
        present = [row[1] for row in mine.values() if row[1] is not None]
        rows[number] = (
            len(mine),
            sum(row[0] for row in mine.values()),
            sum(spent[number]) / 60 if spent[number] else None,
            round(sum(value * 60 for value in present)) / 60 if present else None,
        )
    return rows


def heatmap(office: Office) -> dict[tuple[int, int], float]:
    cells: Counter[tuple[int, int]] = Counter()
    for fact in within(office):
        for second in range(*(fact.span or (0, 0))):
            cells[wall(second).isoweekday(), wall(second).hour] += 1
    return {(weekday, hour): cells[weekday, hour] / 60 for weekday in range(1, 8) for hour in range(24)}


def working_hours(
    office: Office, by: str, is_working: Callable[[date], bool], opens: int, closes: int
) -> dict[str, tuple[int, int]]:
    """Period → seconds of meetings, and those inside working hours; periods without known minutes are not in it."""
    rows: dict[str, tuple[int, int]] = {}
    for fact in within(office):
        if fact.span is None:
            continue
        inside = sum(
            is_working(wall(second).date()) and opens <= second % 86_400 < closes for second in range(*fact.span)
        )
        period = period_of(fact.meeting.start or 0, by)
        before = rows.get(period, (0, 0))
        rows[period] = (before[0] + (fact.seconds or 0), before[1] + inside)
    return rows


def concurrency(
    office: Office, by: str, start: int | None, end: int | None, lines: int, p: int
) -> list[dict[str, Any]]:
    legs, meetings = connected(facts(office))
    tops = [peak(levels, by, start, end) for levels in (legs, meetings)]
    rows = []
    for period, top in sorted(tops[0].items()):
        here = [
            n for t, n in legs.items()
            if period_of(t, by) == period and (start is None or t >= start) and (end is None or t < end)
        ]  # fmt: skip
        enough = min(n for n in set(here) if sum(level <= n for level in here) * 100 >= p * len(here))
        rows.append({
            "period": period,
            "peak_legs": top[0], "peak_legs_at": top[1], "peak_legs_times": top[2],
            "peak_meetings": tops[1].get(period, (None,) * 3)[0],
            "peak_meetings_at": tops[1].get(period, (None,) * 3)[1],
            "peak_meetings_times": tops[1].get(period, (None,) * 3)[2],
            "busy_minutes": len(here) / 60,
            "minutes_above": sum(n > lines for n in here) / 60,
            "lines_sufficient": enough,
            **covered(period, by, start, end),
        })  # fmt: skip
    return rows


def concentration(office: Office) -> tuple[int, float | None, float | None]:
    """Creators, share of the top tenth, Gini by mean differences."""
    totals: Counter[str] = Counter()
    for fact in within(office):
        if fact.seconds is not None and fact.meeting.creator is not None:
            totals[fact.meeting.creator] += fact.seconds
            totals[fact.meeting.creator] += 0
    spent = sorted((totals[name] for name in totals), reverse=True)
    known = {fact.meeting.creator for fact in within(office) if fact.seconds is not None} - {None}
    spent += [0] * (len(known) - len(spent))
    n, whole = len(spent), sum(spent)
    if not whole:
        return n, None, None
    share = sum(spent[: -(-n // 10)]) * 100 / whole
    return n, share, float(Fraction(sum(abs(a - b) for a in spent for b in spent), 2 * n * whole))


def cost(
    office: Office,
    prices: dict[str, Fraction],
    number_class: Callable[[str | None], str],
    step: int,
    least: int,
    fee: Fraction,
) -> Fraction:
    """Yuan of all legs with a known end."""
    total = Fraction(0)
    for fact in within(office):
        for leg, join, end in fact.closed:
            billed = max(-(-(end - join) // step) * step, least)
            price = prices.get(number_class(leg.number), prices["default"])
            total += fee + price * billed / 60
    return total


def lonely_cost(
    office: Office, prices: dict[str, Fraction], number_class: Callable[[str | None], str]
) -> dict[str, Fraction]:
    """Meeting → yuan of the seconds somebody was alone."""
    found = [fact for fact in within(office) if fact.lonely is not None]
    return dict(
        zip((fact.meeting.meeting_id for fact in found), lonely_cost_each(office, prices, number_class), strict=True)
    )


def lonely_cost_each(
    office: Office, prices: dict[str, Fraction], number_class: Callable[[str | None], str]
) -> Iterator[Fraction]:
    """The same, meeting by meeting, also where two have one id."""
    for fact in within(office):
        if fact.lonely is None or fact.span is None:
            continue
        alone = [next(iter(fact.present(second))) for second in range(*fact.span) if len(fact.present(second)) == 1]
        classes = [number_class(str(who[1]) if who[0] == "number" else None) for who in alone]
        yield sum((prices.get(one, prices["default"]) for one in classes), Fraction(0)) / 60


def google(office: Office) -> tuple[int, int | None, int | None]:
    """Meetings, overlap seconds, calls, as Google counts them."""
    chosen = []
    for fact in within(office, day_of="ends"):
        at_once: Counter[int] = Counter()
        for _, join, end in fact.closed:
            at_once.update(range(join, end))
        overlap = sum(n >= 2 for n in at_once.values())
        if fact.is_known and overlap:
            chosen.append((overlap, len(fact.joined)))
    return len(chosen), add(overlap for overlap, _ in chosen), add(calls for _, calls in chosen)
