"""Who works at the emulated company, and their telephone numbers, none of which can be dialled.

Mobiles use 154, a prefix the Chinese numbering plan has never allocated. Fixed lines use a subscriber number
that begins with 0, which no exchange can route, since 0 is the trunk prefix. Foreign numbers come from the
ranges that Ofcom (UK) and the North American plan (555-0100 to 555-0199) reserve for fiction.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

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
