"""The rule by which the lines of an invoice were made, in exact integers."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from ytxdata.labels import NO_TEXT, Text, in_one
from ytxdata.metrics.groups import CLASS_WORDS
from ytxdata.metrics.tariff import DECIMALS, Tariff

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

Money = Literal["half_up", "half_even", "up", "down"]
MONEY: tuple[Money, ...] = get_args(Money)
"""How an amount is brought to the invoice's last digit; the usual one first."""

Allowance = Literal["connection", "line", "invoice"]
"""Over what free seconds are spent: each connection has its own, each line of the invoice, or all lines share them in
order of time.
"""

UNKNOWN = -1
"""Stands in an array for what an invoice or a record does not say; seconds and amounts are never negative."""

MOST_DECIMALS = 6
NOISE = Decimal("0.000001")
"""What binary floating point leaves behind the last digit of an amount."""

ODD = -2
"""An amount that no rule can give."""


def places_of(amounts: Sequence[Decimal | None]) -> int:
    """Return how many decimals the invoice has: enough for all amounts but one in fifty, so that one odd line does
    not rule the others.
    """
    told = sorted(min(-int(one.normalize().as_tuple().exponent), MOST_DECIMALS) for one in amounts if one)
    return max(told[-(len(told) // 50) - 1], 0) if told else 2


def units_of(amount: Decimal | None, places: int) -> int:
    """Return an amount in units of the last digit; what has more digits than that equals nothing."""
    if amount is None:
        return UNKNOWN
    scaled = amount.scaleb(places)
    whole = scaled.to_integral_value()
    return int(whole) if abs(scaled - whole) < NOISE and whole < 2**53 else ODD


@dataclass(frozen=True, eq=False)
class BilledLines:
    """The lines of an invoice beside their records, one place in every array for each line. Those that say the same are
    equal, so that a search knows what it found for them: an audit, what is reconciled beside it and the next audit ask
    of the same ones, and to search takes half of each.

    Parameters
    ----------
    seconds
        How long the meeting was [s], or `UNKNOWN`.
    leg_line, leg_kind, leg_s
        For each leg, in order of line: the place of its line, the place of its number class in `kinds`, its length [s].
    kinds
        Number classes.
    order
        The place of each line in time: a shared allowance is spent in this order.
    begun_s
        When each meeting began [local epoch seconds], or `UNKNOWN`.
    billed_s, amount
        What the invoice says [s; units of its last digit], or `UNKNOWN`.
    places
        Decimals of the invoice's amounts.
    """

    seconds: Ints
    leg_line: Ints
    leg_kind: Ints
    leg_s: Ints
    kinds: tuple[str, ...]
    order: Ints
    begun_s: Ints
    billed_s: Ints
    amount: Ints
    places: int

    @cached_property
    def _mark(self) -> bytes:
        return hashlib.sha256(pickle.dumps([getattr(self, one.name) for one in fields(self)])).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BilledLines) and self._mark == other._mark

    def __hash__(self) -> int:
        return hash(self._mark)

    def connections(self, per: str) -> tuple[Ints, Ints, Ints]:
        """Return line, class and seconds of whatever is billed: every leg, or every meeting of which the length is
        known.
        """
        if per == "leg":
            return self.leg_line, self.leg_kind, self.leg_s
        line = np.flatnonzero(self.seconds != UNKNOWN)
        seconds: Ints = self.seconds[line]
        return line, np.zeros(len(line), np.int64), seconds

    def kinds_of(self, per: str) -> tuple[str, ...]:
        """Return the classes that have a price of their own."""
        return self.kinds if per == "leg" else ("default",)

    def sums(self, line: Ints, values: Ints) -> Ints:
        """Return the sum of some values of connections for every line; `UNKNOWN` for a line without any."""
        sums = np.zeros(len(self.seconds), np.int64)
        np.add.at(sums, line, values)
        sums[np.bincount(line, minlength=len(sums)) == 0] = UNKNOWN
        return sums


def charged(units: Ints, line: Ints, order: Ints, allowance_s: int, allowance_of: Allowance) -> Ints:
    """Return the seconds of connections that must be paid for once free seconds are spent, the earlier connection
    first.

    Examples
    --------
    >>> units, line = np.array([60, 120, 180]), np.array([0, 0, 1])
    >>> [charged(units, line, np.array([0, 1]), 120, of).tolist() for of in ("connection", "line", "invoice")]
    [[0, 0, 60], [0, 60, 60], [0, 60, 180]]
    """
    if allowance_of == "connection" or not len(units):
        return np.maximum(units - allowance_s, 0)
    by_time = np.argsort(order[line], kind="stable")
    spent = np.cumsum(units[by_time]) - units[by_time]
    if allowance_of == "line":
        lines = line[by_time]
        firsts = np.flatnonzero(np.r_[True, lines[1:] != lines[:-1]])
        spent -= np.repeat(spent[firsts], np.diff(np.r_[firsts, len(lines)]))
    paid = np.empty_like(units)
    paid[by_time] = units[by_time] - np.clip(allowance_s - spent, 0, units[by_time])
    return paid


def rounded(numerator: Ints, denominator: int, money: Money) -> Ints:
    """Return exact fractions as whole units of an invoice's last digit.

    Examples
    --------
    >>> [rounded(np.array([5, 15, 14]), 10, money).tolist() for money in MONEY]
    [[1, 2, 1], [0, 2, 1], [1, 2, 2], [0, 1, 1]]
    """
    whole, rest = numerator // denominator, numerator % denominator
    more = {
        "half_up": 2 * rest >= denominator,
        "half_even": (2 * rest > denominator) | ((2 * rest == denominator) & (whole % 2 == 1)),
        "up": rest > 0,
        "down": np.zeros_like(rest, bool),
    }[money]
    found: Ints = whole + more
    return found


def least(amounts: Ints, denominator: int, money: Money) -> Ints:
    """Return the least numerators that `rounded` brings to some amounts.

    Examples
    --------
    >>> [int(rounded(least(np.array([7]), 10, money), 10, money)[0]) for money in ("half_up", "up", "down")]
    [7, 7, 7]
    """
    below = {"half_up": denominator // 2, "half_even": denominator // 2, "up": denominator - 1, "down": 0}
    return amounts * denominator - below[money]


ROUND_PRICES = (10_000, 5_000, 1_000, 500, 100)
"""Of what prices are multiples, the roundest first [millionths]: whole fen, halves of them, down to four decimals."""


def by_most(paid: Ints, low: Ints, width: int) -> int:
    """Return the roundest price by which most lines come to something less than a width above the least that each may
    cost; 0 where there is none.

    Examples
    --------
    >>> by_most(np.array([1, 2, 3]), np.array([19_600, 39_700, 90_000]), 1_000)
    20000
    """
    first, behind = -(-low[paid > 0] // paid[paid > 0]), (low[paid > 0] + width - 1) // paid[paid > 0] + 1
    edges = np.concatenate((first[first < behind], behind[first < behind]))
    order = np.argsort(edges, kind="stable")
    if not len(order):
        return 0
    # the stretch that lies in the most spans
    place = int(np.argmax(np.cumsum(np.repeat((1, -1), len(edges) // 2)[order])))
    start, end = edges[order[place : place + 2]].tolist()
    for step in ROUND_PRICES:
        nearest = ((start + end - 1) // 2 + step // 2) // step * step
        if start <= nearest < end:
            return max(int(nearest), 0)
    return 0


def roundness(price: int) -> int:
    """Return of what roundest number a price is a multiple; 0 for none."""
    return next((step for step in ROUND_PRICES if price % step == 0), 0)


@dataclass(frozen=True)
class InvoiceRule:
    """A rule that may explain an invoice.

    Parameters
    ----------
    of
        What it explains: `duration` or `amount`.
    tariff
        Per leg or per meeting, step, minimum and rounding of time; for amounts the fee and the prices per minute by
        number class.
    allowance_s, allowance_of
        Free seconds, and over what they are spent.
    money, each_rounded
        How amounts are rounded, and whether each connection's is, or the sum of the line.
    explained, lines
        How many of how many lines come out exactly.
    """

    of: Literal["duration", "amount"]
    tariff: Tariff
    allowance_s: int = 0
    allowance_of: Allowance = "line"
    money: Money = "half_up"
    each_rounded: bool = False
    explained: int = 0
    lines: int = 0

    @property
    def share(self) -> float:
        """Which part of the lines it explains."""
        return self.explained / self.lines if self.lines else 0.0

    @property
    def parameters(self) -> int:
        """How many things were chosen to fit: one for each price, and for all that is not the plainest."""
        plain = (
            self.tariff.minimum_s > self.tariff.step_s,
            self.tariff.rounding != "up",
            Decimal(self.tariff.connection_fee) != 0,
            self.allowance_s > 0,
            self.money != "half_up",
            self.each_rounded,
        )
        return len(self.tariff.prices) + sum(plain)

    def seconds(self, lines: BilledLines) -> Ints:
        """Return what each line is billed for [s], `UNKNOWN` where the record does not say."""
        line, _, seconds = lines.connections(self.tariff.per)
        return lines.sums(line, self.tariff.billed_seconds(seconds))

    def charged(self, lines: BilledLines) -> tuple[Ints, Ints, Ints]:
        """Return line, class and the seconds that must be paid for of whatever is billed."""
        line, kind, seconds = lines.connections(self.tariff.per)
        billed = self.tariff.billed_seconds(seconds)
        return line, kind, charged(billed, line, lines.order, self.allowance_s, self.allowance_of)

    def amounts(self, lines: BilledLines) -> Ints:
        """Return what each line costs in units of the invoice's last digit; `UNKNOWN` without connections or a price
        for one.
        """
        line, kind, units = self.charged(lines)
        nano = [self.tariff.nano(name) for name in lines.kinds_of(self.tariff.per)]
        prices = np.array([UNKNOWN if one is None else one for one in nano], np.int64)[kind]
        # sixtieths of a billionth of a yuan: whole numbers, whatever the price per minute and the seconds
        exact = units * np.maximum(prices, 0) + 60 * int(Decimal(self.tariff.connection_fee).scaleb(DECIMALS))
        unit = 60 * 10 ** (DECIMALS - lines.places)
        costs = lines.sums(line, rounded(exact, unit, self.money) if self.each_rounded else exact)
        no_price = np.unique(line[(prices == UNKNOWN) & (units > 0)])
        found = costs if self.each_rounded else np.where(costs == UNKNOWN, UNKNOWN, rounded(costs, unit, self.money))
        found[no_price] = UNKNOWN
        return found

    @property
    def text(self) -> Text:
        """The rule in words."""
        tariff = self.tariff
        parts = [_PER[tariff.per], _ROUNDING[tariff.rounding].format(step=tariff.step_s, least=tariff.minimum_s)]
        if self.allowance_s:
            parts.append(_ALLOWANCE[self.allowance_of].format(minutes=self.allowance_s / 60))
        if Decimal(tariff.connection_fee):
            parts.append(_FEE.format(fee=tariff.connection_fee))
        if prices := sorted(tariff.prices.items()):
            zh = "、".join(f"{CLASS_WORDS.get(name, name)} {price} 元/分钟" for name, price in prices)
            en = ", ".join(f"{name} {price} yuan/min" for name, price in prices)
            parts.append(Text(f"单价 {zh}", f"prices {en}"))
        if self.of == "amount":
            parts.append(in_one([_MONEY[self.money], _EACH if self.each_rounded else NO_TEXT], "", ""))
        zh, en = in_one(parts, "，", ", ")
        return Text(
            f"账单{OF[self.of].zh}的规则：{zh}；解释 {self.explained} / {self.lines} 行",
            f"rule of the {OF[self.of].en}: {en}; explains {self.explained} of {self.lines} lines",
        )


OF = {"duration": Text("时长", "durations"), "amount": Text("金额", "amounts")}
_PER = {"leg": Text("按接入", "per leg"), "meeting": Text("按会议", "per meeting")}
_ROUNDING = {
    "up": Text("向上进位到 {step} 秒，最少 {least} 秒", "step {step} s, minimum {least} s"),
    "nearest": Text("四舍五入到 {step} 秒，最少 {least} 秒", "nearest {step} s, minimum {least} s"),
    "down": Text("向下取整到 {step} 秒，最少 {least} 秒", "whole steps of {step} s, minimum {least} s"),
}
_ALLOWANCE = {
    "connection": Text("每次接入免费 {minutes:g} 分钟", "{minutes:g} min free for each connection"),
    "line": Text("每行免费 {minutes:g} 分钟", "{minutes:g} min free on each line"),
    "invoice": Text("全账单共免费 {minutes:g} 分钟", "{minutes:g} min free shared by all lines"),
}
_FEE = Text("接通费 {fee} 元", "connection fee {fee} yuan")
_EACH = Text("（逐条接入）", ", each connection")
_MONEY = {
    "half_up": Text("金额四舍五入", "amounts rounded half up"),
    "half_even": Text("金额四舍六入五成双", "amounts rounded half to even"),
    "up": Text("金额向上取整", "amounts rounded up"),
    "down": Text("金额向下取整", "amounts rounded down"),
}
