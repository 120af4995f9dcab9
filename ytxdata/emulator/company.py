"""A believable company: what meetings it holds on a day, what it calls them, which days it works.

A day depends on seed, rate and date, on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from hashlib import md5
from itertools import accumulate
from math import exp, sqrt
from random import Random

import chinese_calendar

from ytxdata.emulator.meeting import (
    DEPARTMENTS,
    PARTNERS,
    Invitation,
    Meeting,
    Person,
    converse,
    hire,
    partners,
    withheld,
)
from ytxdata.times import BEIJING

SERIES = (
    "{dept}周例会",
    "{dept}晨会",
    "{dept}项目进度会",
    "{dept}双周复盘",
    "{dept}需求评审",
    "{dept}与客户对账会",
    "{dept}培训",
    "{dept}周报沟通",
)

AD_HOC = (
    "临时会议",
    "{name}发起的会议",
    "紧急故障处理",
    "合同条款沟通",
    "客户投诉处理",
    "报价讨论",
    "面试沟通",
    "{partner}技术交流",
    "{partner}商务洽谈",
    "发货计划确认",
    "预算调整",
    "版本上线评审",
    "",
)

NIGHT = ("夜间割接", "海外客户沟通", "应急值守", "上线支持")

ALL_HANDS = ("全员大会", "季度经营分析会", "安全生产动员会")

NASTY = (
    "=1+1",
    '=HYPERLINK("http://example.invalid","点我")',
    "@SUM(A1:A9)",
    "+86 沟通会",
    "-2+3 号楼协调",
    "＝1＋1 全角",
    "\t制表符开头",
    "销售,市场,研发 联合会",
    '他说"好"的会',
    "第一行\n第二行",
    "回车\r\n换行",
    "🎉 年会 👨‍👩‍👧",
    "龘靐齉㐀𠮷𪚥 评审",
    "〇八年项目",
    "反斜杠 \\n 与 \\u4e00",
    "<script>alert(1)</script>",
    "'; DROP TABLE meetings; --",
    '{"meid":"不是记录"}',
    "],[",
    "null",
    "  前后空格  ",
    "行分隔\u2028符\u00a0与\u3000空格",
    "很长的名字" * 40,
)
"""Each has to come out at the other end as it went in."""


@cache
def is_workday(day: date) -> bool:
    """Return whether a day is worked; a year the calendar does not know falls back to weekends."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


WORKDAY_WEIGHT = (1.15, 1.05, 1.0, 1.0, 0.8, 0.6, 0.6)
"""Of the days that are worked, Monday first: a Saturday or Sunday in exchange for a holiday."""
OFF_WEIGHT = 0.05
RECURRING_SHARE = 0.4
SIZES = ((2, 30), (3, 26), (4, 16), (5, 10), (6, 7), (8, 5), (11, 3), (15, 2), (24, 1))
FOUNDED = date(1992, 1, 1)
OPENING_S = 7 * 3600 + 1800


@dataclass(frozen=True, slots=True)
class Series:
    """A recurring meeting of one department."""

    name: str
    weekday: int
    begins_s: int
    lasts_s: int
    every_weeks: int
    chair: int
    members: tuple[int, ...]


def midnight(day: date) -> int:
    """Return the epoch second at which a day begins in Beijing."""
    return int(datetime.combine(day, time(), BEIJING).timestamp())


def day_of(instant: int) -> date:
    """Return the Beijing day an epoch second lies in."""
    return datetime.fromtimestamp(instant, BEIJING).date()


class Company:
    """The company of one seed, holding about `rate` meetings on a working day.

    Parameters
    ----------
    seed, rate
        Decide everything: staff, habits, and every day by itself.
    app_id
        The application its meetings are made with.
    id_style
        `digits` (29 digits) or `hex` (32 hexadecimal digits).
    """

    def __init__(self, seed: int, rate: float, app_id: str, id_style: str = "digits") -> None:
        self.seed, self.rate, self.app_id, self.id_style = seed, float(rate), app_id, id_style
        rng = self.random("staff")
        self.staff: list[Person] = hire(rng, max(40, min(6000, round(40 + 10 * rate))))
        self.partners: list[Person] = partners(rng, max(12, len(self.staff) // 4))
        self._keys = {guest: -1 - position for position, guest in enumerate(self.partners)}
        self.display_number = f"0100{rng.randrange(10**7):07d}"
        activity = [1 / (rank + 3) for rank in range(len(self.staff))]
        rng.shuffle(activity)
        self._activity = list(accumulate(activity))
        self._teams: dict[str, list[int]] = {department: [] for department, _ in DEPARTMENTS}
        for index, person in enumerate(self.staff):
            self._teams[person.department].append(index)
        self.series = [
            self._series(self.random("series", number)) for number in range(round(rate * 5 * RECURRING_SHARE))
        ]

    def random(self, *purpose: object) -> Random:
        """Return a source of chance that depends on seed, rate and purpose alone."""
        return Random(f"{self.seed}|{self.rate!r}|" + "|".join(map(str, purpose)))  # noqa: S311  # a play, no secret

    def new_id(self, created_at: int, rng: Random) -> str:
        """Return a meeting id in the company's style."""
        text = f"{datetime.fromtimestamp(created_at, BEIJING):%Y%m%d%H%M%S}{rng.randrange(10**15):015d}"
        return text if self.id_style == "digits" else md5(text.encode(), usedforsecurity=False).hexdigest()

    def day(self, day: date) -> tuple[Meeting, ...]:
        """Return the meetings that start on a Beijing day, in order of start."""
        rng = self.random(day.isoformat())
        working = is_workday(day)
        weight = WORKDAY_WEIGHT[day.weekday()] if working else OFF_WEIGHT
        recurring = [s for s in self.series if working and self._falls_on(s, day) and rng.random() < 0.95]
        ad_hoc_mean = self.rate * weight * ((1 - RECURRING_SHARE) if working and day.weekday() < 5 else 1)
        plan: list[tuple[int, Series | None]] = [(s.begins_s + rng.randint(-60, 240), s) for s in recurring]
        plan += [(self._begins_s(rng), None) for _ in range(poisson(rng, ad_hoc_mean))]
        plan.sort(key=lambda entry: entry[0])
        free_from: dict[int, int] = {}
        start = midnight(day)
        return tuple(self._meetings(rng, start, plan, free_from))

    def before(self, instant: int) -> Iterator[Meeting]:
        """Return meetings that start before an instant, newest first, back to the founding of the company."""
        day = day_of(instant)
        while day >= FOUNDED:
            yield from (meeting for meeting in reversed(self.day(day)) if meeting.started_at < instant)
            day -= timedelta(days=1)

    def between(self, start: int, end: int) -> Iterator[Meeting]:
        """Return meetings that start in `[start, end)`, oldest first."""
        day, last = day_of(start), day_of(end)
        while day <= last:
            yield from (meeting for meeting in self.day(day) if start <= meeting.started_at < end)
            day += timedelta(days=1)

    def _meetings(
        self, rng: Random, start: int, plan: list[tuple[int, Series | None]], free_from: dict[int, int]
    ) -> Iterator[Meeting]:
        """Hold a day's plan in order of time, so that nobody is on two telephones at once."""
        for second, series in plan:
            begins = start + second
            chair = self._chair(rng, series, begins, free_from)
            if chair is None:
                continue
            invitation = self._invite(rng, series, chair, begins, free_from)
            meeting, occupied = converse(rng, self, invitation)
            free_from.update(occupied)
            yield meeting

    def _invite(
        self, rng: Random, series: Series | None, chair: int, begins: int, free_from: dict[int, int]
    ) -> Invitation:
        """Decide who is asked to a meeting, how long it is meant to last, and what it is called."""
        night = not OPENING_S <= (begins - midnight(day_of(begins))) < 20 * 3600
        if series is not None:
            members = [index for index in series.members if index != chair]
            lasts = max(300, round(series.lasts_s * rng.uniform(0.7, 1.25)))
            name, kind = series.name, "recurring"
        elif rng.random() < 0.008:
            members = rng.sample(range(len(self.staff)), min(len(self.staff), rng.randint(26, 60)))
            lasts, name, kind = rng.randint(2400, 6600), rng.choice(ALL_HANDS), "all_hands"
        else:
            size = rng.choices([n for n, _ in SIZES], [w for _, w in SIZES])[0]
            own = self._teams[self.staff[chair].department]
            members = rng.sample(own, min(len(own), max(1, size * 2 // 3)))
            members += rng.sample(range(len(self.staff)), max(0, size - len(members)))
            lasts = min(3 * 3600, max(75, round(rng.lognormvariate(6.95, 0.75))))
            kind = "night" if night else "ad_hoc"
            name = rng.choice(NASTY if rng.random() < 0.03 else NIGHT if night else AD_HOC)
            name = name.replace("{name}", self.staff[chair].name).replace("{partner}", rng.choice(PARTNERS))
        members = [index for index in dict.fromkeys(members) if index != chair]
        guests = rng.sample(self.partners, rng.choice((1, 1, 2))) if series is None and rng.random() < 0.25 else []
        guests = [guest for guest in guests if free_from.get(self._keys[guest], 0) <= begins]
        if guests and rng.random() < 0.15:
            guests.append(withheld("未知来电", rng.choice((None, "anonymous", "未知号码"))))
        busy = frozenset(index for index in members if free_from.get(index, 0) > begins)
        return Invitation(kind, name, begins, lasts, chair, tuple(members), tuple(guests), busy, series is not None)

    def guest_key(self, guest: Person) -> int | None:
        """Return the key under which a guest's time is kept, None for one whose number is withheld."""
        return self._keys.get(guest)

    def _chair(self, rng: Random, series: Series | None, begins: int, free_from: dict[int, int]) -> int | None:
        """Return who opens the meeting, or None when nobody who could is free."""
        if series is not None:
            wanted = [series.chair, *series.members]
        else:
            wanted = rng.choices(range(len(self.staff)), cum_weights=self._activity, k=6)
        return next((index for index in wanted if free_from.get(index, 0) <= begins), None)

    def _series(self, rng: Random) -> Series:
        """Return one habit of the company."""
        department = rng.choices([d for d, _ in DEPARTMENTS], [w for _, w in DEPARTMENTS])[0]
        team = self._teams[department]
        members = rng.sample(team, min(len(team), rng.randint(3, 9)))
        return Series(
            name=rng.choice(SERIES).format(dept=department),
            weekday=rng.randrange(5),
            begins_s=rng.choice((8 * 2 + 1, 18, 19, 20, 28, 29, 30, 31, 32, 33)) * 1800,
            lasts_s=rng.choice((900, 1800, 1800, 2700, 3600, 3600, 5400)),
            every_weeks=rng.choice((1, 1, 1, 1, 2)),
            chair=members[0],
            members=tuple(members),
        )

    @staticmethod
    def _falls_on(series: Series, day: date) -> bool:
        return day.weekday() == series.weekday and (day.toordinal() // 7 + series.begins_s) % series.every_weeks == 0

    @staticmethod
    def _begins_s(rng: Random) -> int:
        """Return a second of the day: mornings and afternoons are busy, a few meetings are held at night."""
        draw = rng.random()
        if draw < 0.03:
            return rng.randint(20 * 3600 + 1800, 23 * 3600 + 3300)
        if draw < 0.48:
            return round(rng.triangular(8.3, 12.2, 10) * 3600)
        return round(rng.triangular(13.0, 19.3, 15) * 3600)


def poisson(rng: Random, mean: float) -> int:
    """Return a Poisson draw, by the normal approximation when the mean is large."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, sqrt(mean))))
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
