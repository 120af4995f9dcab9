"""What a line costs: a tariff as data, in whole billionths of a yuan, so that every engine adds it up exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import narwhals as nw
import numpy as np

from ytxdata.errors import UsageError
from ytxdata.files import NotTomlError, read_toml, require_file
from ytxdata.labels import NO_TEXT, Text, closest
from ytxdata.phones import NumberClass

DECIMALS = 9
NANO = 10**DECIMALS
"""Billionths of a yuan in a yuan."""

Price = Decimal | str | int
Rounding = Literal["up", "nearest", "down"]
Seconds = TypeVar("Seconds", int, "np.ndarray[Any, np.dtype[np.int64]]", nw.Expr)


def stepped(seconds: Seconds, step_s: int, rounding: Rounding = "up") -> Seconds:
    """Return seconds rounded to a multiple of a step: the one billing step of the package, for numbers, arrays and
    expressions.

    Half a step is rounded up by `nearest`. Only sums and whole divisions are used, which every engine does alike.

    Examples
    --------
    >>> stepped(61, 60), stepped(89, 60, "nearest"), stepped(90, 60, "nearest"), stepped(119, 60, "down")
    (120, 60, 120, 60)
    """
    added = {"up": step_s - 1, "nearest": step_s // 2, "down": 0}[rounding]
    return (seconds + added) // step_s * step_s


@dataclass(frozen=True)
class Tariff:
    """How connections are billed.

    Parameters
    ----------
    per
        What one billed line is: a `leg`, or a whole `meeting`.
    step_s
        Each line is rounded to a multiple of so many seconds.
    minimum_s
        The fewest seconds a line is billed for: with 30 and a step of 6, the first 30 seconds count whole, then every
        6 begun.
    rounding
        Whether a step begun counts whole (`up`), the nearest multiple counts, or only whole steps (`down`).
    connection_fee
        What each line costs at once [yuan].
    prices
        Number class → price [yuan per minute]; `default` is for all others, and for meetings. Classes are those of
        `ytxdata.phones.number_class`: mobile, fixed, service, premium, international, satellite,
        short (an extension or a short code), access (a number of the account's own), unknown.

    Raises
    ------
    UsageError
        A value cannot be used; the message names it.

    Examples
    --------
    >>> Tariff(step_s=60, prices={"mobile": "0.12", "default": "0.10"}).nano("fixed")
    100000000
    """

    per: Literal["leg", "meeting"] = "leg"
    step_s: int = 60
    minimum_s: int = 0
    connection_fee: Price = Decimal(0)
    prices: Mapping[str, Price] = field(default_factory=dict)
    rounding: Rounding = "up"

    def __post_init__(self) -> None:
        if self.per not in get_args(Literal["leg", "meeting"]):
            raise _unusable("per", self.per, Text("可选：leg、meeting", "choose leg or meeting"))
        if self.rounding not in get_args(Rounding):
            raise _unusable("rounding", self.rounding, Text("可选：up、nearest、down", "choose up, nearest or down"))
        for name, value, least in (("step_s", self.step_s, 1), ("minimum_s", self.minimum_s, 0)):
            if type(value) is not int or value < least:
                raise _unusable(
                    name, value, Text(f"请给不小于 {least} 的整数秒", f"give whole seconds, at least {least}")
                )
        if not isinstance(self.prices, Mapping):
            raise _unusable(
                "prices", self.prices, Text('写成 [prices] default = "0.10"', 'write [prices] default = "0.10"')
            )
        known = (*get_args(NumberClass), "default")
        if unknown := set(self.prices) - {*known}:
            listed = ", ".join(known)
            raise _unusable("prices", ", ".join(sorted(unknown)), Text(f"可选：{listed}", f"choose from {listed}"))
        for name, price in {"connection_fee": self.connection_fee, **self.prices}.items():
            _nano(name, price)

    @classmethod
    def load(cls, path: object) -> Tariff:
        """Read a tariff from a TOML file with the fields of this class; prices stand in a table `[prices]`.

        Raises
        ------
        UsageError
            It is no path, or the file cannot be read, or holds something else.
        """
        if not isinstance(path, str | Path):
            kind = type(path).__name__
            raise UsageError(
                Text(f"资费不能是 {kind}：{path!r}", f"a tariff cannot be a {kind}: {path!r}"),
                remedy=Text('写成 metrics.Tariff(prices={"default": "0.10"})，或给出资费文件的路径', 'write metrics.Tariff(prices={"default": "0.10"}), or give the path of a tariff file'),
            )  # fmt: skip
        require_file(path)
        try:
            content = read_toml(Path(path), parse_float=Decimal)
        except NotTomlError as error:
            zh, en = error.why
            raise UsageError(
                Text(f"资费文件 {path} 无法读取：{zh}", f"the tariff {path} cannot be read: {en}"), remedy=error.remedy
            ) from None
        known = [one.name for one in fields(cls)]
        if strange := next((name for name in content if name not in known), None):
            meant = closest(strange, known)
            guess = Text(f"；您是想写 {meant} 吗？", f"; did you mean {meant}?") if meant else NO_TEXT
            listed = ", ".join(known)
            raise UsageError(
                Text(f"资费文件 {path} 没有 {strange} 这一项{guess.zh}", f"a tariff has no {strange}: {path}{guess.en}"),
                remedy=Text(f"可选：{listed}；价格写在 [prices] 之下", f"choose from {listed}; prices stand under [prices]"),
            )  # fmt: skip
        return cls(**content)

    @property
    def is_flat(self) -> bool:
        """Whether all lines are billed alike, whatever the class of their number, and none is without a price."""
        told = {self.nano(name) for name in (("default",) if self.per == "meeting" else get_args(NumberClass))}
        return len(told) == 1 and None not in told

    def nano(self, number_class: str) -> int | None:
        """Return the price of a class in billionths of a yuan per minute, or None when there is none."""
        price = self.prices.get(number_class, self.prices.get("default"))
        return None if price is None else _nano(number_class, price)

    def billed(self, seconds: nw.Expr) -> nw.Expr:
        """Return the seconds a line is billed for."""
        whole = stepped(seconds, self.step_s, self.rounding)
        return nw.max_horizontal(whole, nw.lit(self.minimum_s, nw.Int64))

    def billed_seconds(self, seconds: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the seconds that lines of an array are billed for."""
        whole: np.ndarray[Any, np.dtype[np.int64]] = np.maximum(
            stepped(seconds, self.step_s, self.rounding), self.minimum_s
        )
        return whole

    def cost(self, billed: nw.Expr, price: nw.Expr) -> nw.Expr:
        """Return what a line costs in billionths of a yuan; less than half of one is lost where 60 does not divide
        it.
        """
        return (billed * price + 30) // 60 + _nano("connection_fee", self.connection_fee)


def allocated(total: Decimal, weights: Sequence[Fraction]) -> list[Decimal]:
    """Return the parts of an amount of two decimals by weight, each of as many, adding up to it exactly.

    What is left after rounding down goes to those who lost most by it (largest remainder), the first of equals;
    weights that add up to nothing count alike.

    Examples
    --------
    >>> [str(part) for part in allocated(Decimal("100.00"), [Fraction(1)] * 3)]
    ['33.34', '33.33', '33.33']
    """
    whole = sum(weights, Fraction(0))
    return rounded([Fraction(total) * (weight / whole if whole else Fraction(1, len(weights))) for weight in weights])


def rounded(parts: Sequence[Fraction], decimals: int = 2, whole: Decimal | None = None) -> list[Decimal]:
    """Return exact parts in whole units of a last decimal, so that they still add up to their sum as it is rounded: to
    the even one, or to a whole that is given.

    Examples
    --------
    >>> [str(part) for part in rounded([Fraction(1, 3), Fraction(1, 3), Fraction(-2, 3)])]
    ['0.34', '0.33', '-0.67']
    """
    exact = [part * 10**decimals for part in parts]
    found = [floor(one) for one in exact]
    left = round(sum(exact, Fraction(0)) if whole is None else Fraction(whole) * 10**decimals) - sum(found)
    order = sorted(range(len(found)), key=lambda place: (found[place] - exact[place], place))
    for place in order[:left]:
        found[place] += 1
    return [Decimal(part).scaleb(-decimals) for part in found]


def yuan(nano: str) -> nw.Expr:
    """Return a column of whole billionths as an exact decimal; through text, since engines divide decimals
    differently.
    """
    whole, rest = (nw.col(nano) // NANO).cast(nw.String), (nw.col(nano) % NANO).cast(nw.String).str.zfill(DECIMALS)
    text = nw.concat_str([whole, rest], separator=".")
    return nw.when(~nw.col(nano).is_null()).then(text).cast(nw.Decimal(38, DECIMALS))


def _nano(name: str, price: Price) -> int:
    try:
        exact = Decimal(price if isinstance(price, (Decimal, int)) else str(price)) * NANO
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or exact < 0 or exact != exact.to_integral_value():
        raise _unusable(
            name,
            price,
            Text(
                f"请给不为负、最多 {DECIMALS} 位小数的金额（元）",
                f"give yuan, not negative, with at most {DECIMALS} decimals",
            ),
        )
    return int(exact)


def _unusable(name: str, value: Any, remedy: Text) -> UsageError:
    return UsageError(
        Text(f"资费的 {name} 不可用：{value!r}", f"{name} of the tariff cannot be used: {value!r}"), remedy=remedy
    )
