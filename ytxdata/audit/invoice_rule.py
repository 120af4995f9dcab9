"""Which rounding rule explains an invoice: step, minimum, per leg or per meeting. Pure arithmetic on a sample of lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from ytxdata.labels import Text
from ytxdata.metrics.tariff import Tariff

Per = Literal["leg", "meeting"]
STEPS = (1, 6, 10, 15, 30, 60, 180, 300)
"""Steps in which telephony is billed [s]."""

SIFTED = 60
"""Lines by which the rules are told apart."""

PRICE_DECIMALS = (2, 3, 4, 6)


class BilledLine(NamedTuple):
    """One invoice line with its record: seconds of the meeting, class and seconds of each leg, what the invoice says."""

    seconds: int | None
    legs: tuple[tuple[str, int], ...]
    billed_s: int | None
    amount: Decimal | None


@dataclass(frozen=True)
class Rounding:
    """The rule that explains an invoice best.

    Parameters
    ----------
    of
        What it explains: `duration` or `amount`.
    tariff
        Per leg or per meeting, step, minimum and, for amounts, prices per minute by number class.
    explained, lines
        How many of how many lines come out exactly.
    """

    of: Literal["duration", "amount"]
    tariff: Tariff
    explained: int
    lines: int

    @property
    def share(self) -> float:
        """Which part of the lines it explains."""
        return self.explained / self.lines if self.lines else 0.0

    @property
    def text(self) -> Text:
        """The rule in words."""
        per = Text("按接入", "per leg") if self.tariff.per == "leg" else Text("按会议", "per meeting")
        what = Text("时长", "durations") if self.of == "duration" else Text("金额", "amounts")
        prices = ", ".join(f"{name} {price} 元/min" for name, price in sorted(self.tariff.prices.items()))
        priced = Text(f"，单价 {prices}", f", prices {prices.replace('元', 'yuan')}") if prices else Text("", "")
        return Text(
            f"账单{what.zh}的取整规则：{per.zh}，进位 {self.tariff.step_s} 秒，最少 {self.tariff.minimum_s} 秒{priced.zh}；解释 {self.explained} / {self.lines} 行",
            f"rounding of the {what.en}: {per.en}, step {self.tariff.step_s} s, minimum {self.tariff.minimum_s} s{priced.en}; explains {self.explained} of {self.lines} lines",
        )


def rules() -> Iterator[tuple[Per, int, int]]:
    """Yield the rules that are tried, the simplest first: it wins where several explain as much."""
    for per in ("meeting", "leg"):
        for step in STEPS:
            for minimum in sorted({0, step, 60, 180}):
                if minimum == 0 or minimum >= step:
                    yield per, step, minimum


def billed(seconds: int, step_s: int, minimum_s: int) -> int:
    """Return the seconds a connection is billed for.

    Examples
    --------
    >>> billed(61, 60, 0), billed(5, 6, 60), billed(0, 60, 0)
    (120, 60, 0)
    """
    return max(-(-seconds // step_s) * step_s, minimum_s)


def units(line: BilledLine, per: Per, step_s: int, minimum_s: int) -> dict[str, int] | None:
    """Return billed seconds by class of number, None when they are unknown."""
    if per == "meeting":
        return None if line.seconds is None else {"default": billed(line.seconds, step_s, minimum_s)}
    sums: Counter[str] = Counter()
    for kind, seconds in line.legs:
        sums[kind] += billed(seconds, step_s, minimum_s)
    return dict(sums) if line.legs else None


def infer_duration(lines: Sequence[BilledLine], tolerance_s: float) -> Rounding | None:
    """Return the rule that turns the seconds of records into the invoice's, None when the invoice has none."""
    known = [line for line in lines if line.billed_s is not None]
    best: Rounding | None = None
    for per, step, minimum in rules():
        explained = 0
        for line in known:
            sums = units(line, per, step, minimum)
            explained += (
                sums is not None
                and line.billed_s is not None
                and abs(sum(sums.values()) - line.billed_s) <= tolerance_s
            )
        if best is None or explained > best.explained:
            best = Rounding("duration", Tariff(per=per, step_s=step, minimum_s=minimum), explained, len(known))
    return best if known else None


def infer_amount(lines: Sequence[BilledLine]) -> Rounding | None:
    """Return the rule and the prices that give the invoice's amounts exactly, None when the invoice has none."""
    known = [line for line in lines if line.amount is not None]
    if not known:
        return None
    places = max(-int(line.amount.as_tuple().exponent) for line in known if line.amount is not None)
    half = Decimal(1).scaleb(-places) / 2
    few = known[:: -(-len(known) // SIFTED)]  # enough to tell the rules apart; the prices are then taken from all
    best = max((_amounts(few, rule, half) for rule in rules()), key=lambda one: one.explained)
    return _amounts(known, (best.tariff.per, best.tariff.step_s, best.tariff.minimum_s), half)


def _amounts(known: Sequence[BilledLine], rule: tuple[Per, int, int], half: Decimal) -> Rounding:
    per, step, minimum = rule
    lines = [
        (sums, line.amount) for line in known if line.amount is not None and (sums := units(line, per, step, minimum))
    ]
    prices = _prices(lines, half)
    explained = sum(is_explained(sums, amount, prices, half) for sums, amount in lines)
    return Rounding("amount", Tariff(per=per, step_s=step, minimum_s=minimum, prices=prices), explained, len(known))


def is_explained(sums: Mapping[str, int], amount: Decimal, prices: Mapping[str, Decimal], half: Decimal) -> bool:
    """Return whether the prices give the amount, to half of its last digit."""
    expected = _expected(sums, prices)
    return expected is not None and abs(expected - Fraction(amount)) <= Fraction(half)


def _expected(sums: Mapping[str, int], prices: Mapping[str, Decimal]) -> Fraction | None:
    if any(kind not in prices for kind, seconds in sums.items() if seconds):
        return None
    return sum((Fraction(prices[kind]) * seconds / 60 for kind, seconds in sums.items() if seconds), Fraction(0))


def _prices(lines: Sequence[tuple[dict[str, int], Decimal]], half: Decimal) -> dict[str, Decimal]:
    """Return the price per minute of each class: from lines of one class first, then from those with one class still unknown."""
    prices: dict[str, Decimal] = {}
    while True:
        ratios: dict[str, list[tuple[Fraction, int]]] = {}
        for sums, amount in lines:
            unknown = [kind for kind, seconds in sums.items() if seconds and kind not in prices]
            if len(unknown) == 1:
                rest = Fraction(amount) - (_expected({k: s for k, s in sums.items() if k != unknown[0]}, prices) or 0)
                ratios.setdefault(unknown[0], []).append((rest * 60 / sums[unknown[0]], sums[unknown[0]]))
        if not ratios:
            return prices
        kind = max(ratios, key=lambda name: (len(ratios[name]), name))
        prices[kind] = _price(ratios[kind], half)


def _price(ratios: Sequence[tuple[Fraction, int]], half: Decimal) -> Decimal:
    """Return the roundest price on which most lines agree."""
    best, most = Decimal(0), -1
    for decimals in PRICE_DECIMALS:
        rounded = Counter(_round(ratio, decimals) for ratio, _ in ratios)
        price = min(rounded, key=lambda value: (-rounded[value], value))
        agreed = sum(1 for ratio, seconds in ratios if abs(Fraction(price) - ratio) * seconds / 60 <= Fraction(half))
        if agreed > most and price >= 0:
            best, most = price, agreed
    return best


def _round(value: Fraction, decimals: int) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP).normalize() + Decimal(0)
