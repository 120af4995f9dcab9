"""People and one meeting of theirs, as the truth knows it: how it comes about, and what of it is seen at an instant.

Times are whole epoch seconds. None of the telephone numbers can be dialled: mobiles use 154, a prefix the Chinese
numbering plan has never allocated; fixed lines use a subscriber number that begins with 0, which no exchange can route,
since 0 is the trunk prefix; foreign numbers come from the ranges that Ofcom (UK) and the North American plan (555-0100
to 555-0199) reserve for fiction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Literal, Protocol

LineClass = Literal["mobile", "fixed", "international", "premium", "satellite", "withheld"]

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙史陶贺毛郝顾龚邵万钱严覃武戴莫孔向常"
COMPOUND_SURNAMES = ("欧阳", "司马", "上官", "诸葛")
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红鑫玲琳建国志海燕雪梅婷宇浩然子涵欣怡俊文博思远雨晨晓东立新庆春秋云飞龙凤翔宁佳慧颖莹倩雯彤琪瑶瑾瑜"
RARE_GIVEN = ("喆", "燚", "赟", "㛃", "𬭎")

DEPARTMENTS: tuple[tuple[str, int], ...] = (
    ("销售部", 24),
    ("研发部", 26),
    ("客服部", 14),
    ("市场部", 10),
    ("运维部", 8),
    ("采购部", 6),
    ("财务部", 5),
    ("人力资源部", 4),
    ("法务部", 2),
    ("总经办", 1),
)
"""Departments and their share of the staff in percent."""

PARTNERS = ("恒远科技", "蓝海物流", "华信咨询", "东方制造", "星辰传媒", "北岸能源", "锦程贸易", "安泰保险")
PARTNER_DEPARTMENT = "外部联系人"

FOREIGN = (
    ("Alice Carter", "+1202555", 100, 199, 4),
    ("Oliver Hughes", "+442079460", 0, 999, 3),
    ("Emma Clarke", "+447700900", 0, 999, 3),
    ("Noah Bennett", "+1415555", 100, 199, 4),
)
"""Name, prefix, first and last subscriber number, and its width: ranges reserved for fiction."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person the company telephones with: `phone` is what is dialled, `number` its E.164 form."""

    name: str
    phone: str | None
    number: str | None
    line: LineClass
    department: str


def mobile(name: str, serial: int, department: str) -> Person:
    """Return a person on an undiallable mobile number with an 8-digit serial."""
    digits = f"154{serial:08d}"
    return Person(name, digits, f"+86{digits}", "mobile", department)


def fixed(name: str, serial: int, department: str) -> Person:
    """Return a person on an undiallable Beijing line with a 7-digit serial."""
    digits = f"100{serial:07d}"
    return Person(name, f"0{digits}", f"+86{digits}", "fixed", department)


def foreign(name: str, number: str, line: LineClass, department: str) -> Person:
    """Return a person on a foreign number, written in E.164 form."""
    return Person(name, number, number, line, department)


def withheld(name: str, shown: str | None) -> Person:
    """Return a caller whose number is not shown: no phone at all, or a word in its place."""
    return Person(name, shown, None, "withheld", PARTNER_DEPARTMENT)


def person_name(rng: Random) -> str:
    """Return a Chinese name; one in a hundred has a rare character or a compound surname."""
    surname = rng.choice(COMPOUND_SURNAMES) if rng.random() < 0.01 else rng.choice(SURNAMES)
    if rng.random() < 0.01:
        return surname + rng.choice(RARE_GIVEN)
    return surname + "".join(rng.choices(GIVEN, k=rng.choices((1, 2), (3, 7))[0]))


def hire(rng: Random, size: int) -> list[Person]:
    """Return the staff, department by department; the numbers are scattered, so that none stand in a row."""
    serials = iter(rng.sample(range(0, 90_000_000, 7), size))
    lines = iter(rng.sample(range(1_000_000, 9_000_000, 7), size))
    names = [name for name, _ in DEPARTMENTS]
    staff = []
    for position in range(size):
        department = names[position] if position < len(names) else rng.choices(names, [w for _, w in DEPARTMENTS])[0]
        serial, line = next(serials), next(lines)
        on_desk = rng.random() < 0.12
        name = person_name(rng)
        staff.append(fixed(name, line, department) if on_desk else mobile(name, serial, department))
    return staff


def partners(rng: Random, size: int) -> list[Person]:
    """Return contacts outside the company: customers and suppliers, some of them abroad."""
    serials = rng.sample(range(90_000_000, 98_000_000, 7), size)
    found = [mobile(f"{person_name(rng)}（{rng.choice(PARTNERS)}）", serial, PARTNER_DEPARTMENT) for serial in serials]
    for name, prefix, first, last, width in FOREIGN:
        number = f"{prefix}{rng.randint(first, last):0{width}d}"
        found.append(foreign(name, number, "international", PARTNER_DEPARTMENT))
    return found


ANSWERED = "应答|正常"
UNANSWERED = "未应答"
BUSY = "未应答|用户忙"
TALKING = "通话中"
ENDED = "已结束"
RUNNING = "进行中"

TARIFF_MILLS: dict[LineClass, int] = {
    "mobile": 60,
    "fixed": 45,
    "international": 680,
    "premium": 3000,
    "satellite": 12000,
    "withheld": 60,
}
"""Price of a begun minute of one answered leg, in thousandths of a yuan."""

TARIFF_STEP_S = 60


@dataclass(frozen=True, slots=True)
class Leg:
    """One party's connection; without `joined_at` it was called and never answered."""

    name: str
    phone: str | None
    number: str | None
    line: LineClass
    called_at: int
    joined_at: int | None
    left_at: int | None
    state: str

    @property
    def duration_s(self) -> int | None:
        """Seconds connected; 0 for an unanswered leg, None while connected."""
        if self.joined_at is None:
            return 0
        return None if self.left_at is None else self.left_at - self.joined_at

    def at(self, now: int) -> Leg:
        """Return the leg as it can be seen at an instant."""
        if self.left_at is None or self.left_at <= now:
            return self
        if self.joined_at is not None and self.joined_at <= now:
            return replace(self, left_at=None, state=TALKING)
        return replace(self, joined_at=None, left_at=None, state="呼叫中")


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting; `listed_from` is when the platform first lists it, `kind` why the company held it."""

    meeting_id: str
    name: str
    creator: str
    creator_number: str | None
    app_id: str
    kind: str
    is_booked: bool
    created_at: int
    booked_at: int | None
    started_at: int
    ended_at: int | None
    duration_s: int | None
    amount_mills: int | None
    display_number: str
    recording_url: str | None
    state: str
    legs: tuple[Leg, ...]
    listed_from: int

    def is_running(self, now: int) -> bool:
        """Return whether the meeting has begun and not ended by an instant."""
        return self.ended_at is None or self.started_at <= now < self.ended_at

    def at(self, now: int) -> Meeting:
        """Return the meeting as it can be seen at an instant: one still running has no end, length or price."""
        if self.ended_at is None or not self.is_running(now):
            return self
        return replace(
            self,
            ended_at=None,
            duration_s=None,
            amount_mills=None,
            recording_url=None,
            state=RUNNING,
            legs=tuple(leg.at(now) for leg in self.legs if leg.called_at <= now),
        )


def price(legs: tuple[Leg, ...]) -> int:
    """Return the price of a meeting in thousandths of a yuan: each answered leg, by begun minutes."""
    return sum(
        -(-(leg.duration_s or 0) // TARIFF_STEP_S) * TARIFF_MILLS[leg.line] for leg in legs if leg.joined_at is not None
    )


def yuan(mills: int | None) -> str | None:
    """Return an amount as exact decimal text in yuan."""
    return None if mills is None else f"{mills // 1000}.{mills % 1000:03d}"


LONGEST_S = 4 * 3600 - 600


class House(Protocol):
    """What a conversation needs to know of the company."""

    staff: list[Person]
    app_id: str
    display_number: str

    def new_id(self, created_at: int, rng: Random) -> str: ...  # noqa: D102
    def guest_key(self, guest: Person) -> int | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Invitation:
    """A meeting as it was meant: who, when, how long."""

    kind: str
    name: str
    begins: int
    lasts_s: int
    chair: int
    members: tuple[int, ...]
    guests: tuple[Person, ...]
    busy: frozenset[int]
    is_booked: bool


def converse(rng: Random, house: House, meant: Invitation) -> tuple[Meeting, dict[int, int]]:
    """Return the meeting that came of an invitation, and until when each person was on the telephone."""
    kind, lasts = meant.kind, meant.lasts_s
    fate = rng.random()
    if fate < 0.012 and kind == "ad_hoc":
        kind, lasts = "brief", rng.randint(15, 55)
    end = meant.begins + lasts
    legs = _attend(rng, house.staff[meant.chair], meant.begins, end, chair=True)
    occupied: dict[int, int] = {}
    nobody = fate > 0.985
    invited: list[tuple[int | None, Person]] = [(index, house.staff[index]) for index in meant.members]
    invited += [(house.guest_key(guest), guest) for guest in meant.guests]
    for key, person in invited:
        if key in meant.busy or nobody or rng.random() < 0.05:
            legs.append(_unanswered(rng, person, meant.begins, BUSY if key in meant.busy else UNANSWERED))
        else:
            legs += _attend(rng, person, meant.begins, end)
    if nobody:
        kind = "nobody_answered"
    elif rng.random() < 0.02 and kind != "brief":
        kind = "forgotten"
        legs = _forget(rng, legs, meant.begins)
    finished = max(leg.left_at for leg in legs if leg.joined_at is not None and leg.left_at is not None)
    # A ring that outlasts the talk is given up when the meeting ends.
    legs = [_given_up(leg, finished) for leg in legs]
    by_number = {leg.number: leg.left_at for leg in legs if leg.joined_at is not None}
    for key, person in [(meant.chair, house.staff[meant.chair]), *invited]:
        left = by_number.get(person.number)
        if key is not None and left is not None:
            occupied[key] = max(occupied.get(key, 0), left + 5)
    return _record(rng, house, meant, kind, finished, tuple(legs)), occupied


def _record(rng: Random, house: House, meant: Invitation, kind: str, finished: int, legs: tuple[Leg, ...]) -> Meeting:
    """Return the record the platform keeps of a conversation."""
    chair = house.staff[meant.chair]
    created = meant.begins - (rng.randint(3600, 5 * 86400) if meant.is_booked else rng.randint(1, 9))
    meeting_id = house.new_id(created, rng)
    return Meeting(
        meeting_id=meeting_id,
        name=meant.name,
        creator=chair.phone or "",
        creator_number=chair.number,
        app_id=house.app_id,
        kind=kind,
        is_booked=meant.is_booked,
        created_at=created,
        booked_at=meant.begins - meant.begins % 300 if meant.is_booked else None,
        started_at=meant.begins,
        ended_at=finished,
        duration_s=finished - meant.begins,
        amount_mills=price(legs),
        display_number=house.display_number,
        recording_url=f"https://recordings.example.invalid/{meeting_id}.mp3" if rng.random() < 0.1 else None,
        state=ENDED,
        legs=legs,
        listed_from=meant.begins,
    )


def _attend(rng: Random, person: Person, begins: int, end: int, *, chair: bool = False) -> list[Leg]:
    """Return the legs of somebody who took part: one, or two when the line dropped in between."""
    lasts = end - begins
    joined = begins if chair else begins + min(lasts // 2, 1 + round(rng.expovariate(1 / 35)))
    left = max(joined + 2, end - min(lasts // 3, rng.randint(0, 12)))
    if not chair and rng.random() < 0.08:
        left = rng.randint(joined + 2, max(joined + 2, left))
    called = max(begins, joined - rng.randint(3, 18)) if not chair else begins
    if left - joined > 400 and rng.random() < 0.06:
        dropped = rng.randint(joined + 60, left - 240)
        back = dropped + rng.randint(15, 150)
        return [_leg(person, called, joined, dropped), _leg(person, back - 5, back, left)]
    return [_leg(person, called, joined, left)]


def _leg(person: Person, called: int, joined: int, left: int) -> Leg:
    return Leg(person.name, person.phone, person.number, person.line, called, joined, left, ANSWERED)


def _unanswered(rng: Random, person: Person, begins: int, state: str) -> Leg:
    """Return a leg that rang and was never answered: it has an end and no start, as the platform writes it."""
    called = begins + rng.randint(0, 20)
    return Leg(person.name, person.phone, person.number, person.line, called, None, called + rng.randint(20, 60), state)


def _given_up(leg: Leg, finished: int) -> Leg:
    if leg.joined_at is not None or leg.left_at is None or leg.left_at <= finished:
        return leg
    return Leg(leg.name, leg.phone, leg.number, leg.line, min(leg.called_at, finished), None, finished, leg.state)


def _forget(rng: Random, legs: list[Leg], begins: int) -> list[Leg]:
    """Let the last answered party stay on the line alone for a while."""
    position = max(index for index, leg in enumerate(legs) if leg.joined_at is not None)
    leg = legs[position]
    others = max(other.left_at or 0 for other in legs if other.joined_at is not None)
    left = min(begins + LONGEST_S, others + rng.randint(11 * 60, 80 * 60))
    kept = Leg(leg.name, leg.phone, leg.number, leg.line, leg.called_at, leg.joined_at, left, leg.state)
    return [*legs[:position], kept, *legs[position + 1 :]]
