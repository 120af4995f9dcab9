"""Which rule explains an invoice: every usual rounding of time, allowance and fee is tried, the prices of each are
fitted, all at once.

A rule that explains the most lines is not yet the rule: with enough to choose from, something always fits. So every
parameter must earn its place by lines, and a rule is trusted only when nothing else does nearly as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ytxdata.audit.invoice_rule import (
    MONEY,
    OF,
    UNKNOWN,
    Allowance,
    BilledLines,
    Ints,
    InvoiceRule,
    Money,
    by_most,
    charged,
    least,
    rounded,
    roundness,
)
from ytxdata.audit.unexplained import Shared, shared_property
from ytxdata.labels import Text, in_one
from ytxdata.metrics.tariff import Tariff

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.floating[Any]]]"
Tried: TypeAlias = "tuple[InvoiceRule, Ints, Any]"
"""A rule, what it gives for every line, and where that is what the invoice says."""

STEPS = (1, 6, 10, 12, 15, 20, 30, 60, 180, 300)
MINIMA = (0, 6, 10, 12, 15, 18, 20, 24, 30, 40, 45, 50, 60, 90, 120, 180, 300)
"""Steps and minima of telephone tariffs [s]; a minimum that is no multiple of the step is in none of them."""

LEAST_STEP = 5
"""The rule that explains most is tried with each minimum that is a multiple of its step and of this many seconds: few
lines are that short, so that a minimum missing above changes neither the prices nor the step that were found."""

FREE = (60, 120, 180, 300, 600, 900, 1800)
"""Free seconds of a connection or a line."""

TRUSTED_SHARE = 0.95
"""A rule that leaves more than one line in twenty unexplained is not what this invoice was made by."""

TRUSTED_LINES = 30
"""Fewer lines are explained by many rules: five prices and a step fit any ten amounts."""

TRUSTED_DURATIONS = 5
"""So many durations, all of them explained, are enough."""

PENALTY = 1
"""Lines that a parameter must explain beyond its like: one line alone is a coincidence."""

FITTED = 150
"""Lines on which prices are fitted: enough for a median to pass over a tenth of wrong ones."""

SIFTED = 400
"""Lines by which rules are told apart before the best are tried on all."""

FINALISTS = 24
"""Rules that are tried on all lines."""

KNOWN = 8
"""Invoices of which it is known what was found."""

PRICE_DECIMALS = (2, 3, 4)
SCALE = 10**6
"""Prices while searching are whole millionths of a yuan."""


class Free(NamedTuple):
    """An allowance, and whether a fee is looked for beside it."""

    seconds: int
    of: Allowance
    with_fee: bool


@dataclass(frozen=True)
class Search:
    """What a search came to: the rule that may be trusted, if any, the three best, and what the best seems to lack."""

    rule: InvoiceRule | None
    best: tuple[InvoiceRule, ...]
    lacks: Shared | None = None

    @property
    def notes(self) -> tuple[Text, ...]:
        """The rule, or that none was found, in words."""
        if self.rule is not None:
            return (self.rule.text,)
        if not self.best:
            return ()
        what, (zh, en) = OF[self.best[0].of], in_one(one.text for one in self.best)
        none = Text(
            f"没有找到账单{what.zh}的规则（no rule found），最接近的：{zh}",
            f"no rule found for the {what.en}; the closest: {en}",
        )
        return (none,) if self.lacks is None else (self.lacks.text, none)


@cache  # some two hundred are tried with every invoice, always the same: to check each was a tenth of the search
def time_rules() -> list[Tariff]:
    """Return the roundings of time that are tried, as tariffs without prices, the plainest first: it wins where several
    explain as much.
    """
    usual = [(step, least, "up") for step in STEPS for least in sorted({*MINIMA, step}) if least % step == 0]
    others = [(step, least, how) for how in ("nearest", "down") for step in (6, 10, 30, 60) for least in (0, step)]
    return [
        Tariff(per=per, step_s=step, minimum_s=least, rounding=how)  # type: ignore[arg-type]  # each is one of them
        for per in ("meeting", "leg")
        for step, least, how in (*usual, *others)
    ]


# ── durations ──
@lru_cache(maxsize=KNOWN)
def search_durations(lines: BilledLines, tolerance_s: float) -> Search:
    """Return the rounding that turns the seconds of records into the invoice's."""
    told = lines.billed_s != UNKNOWN
    if not told.any():
        return Search(None, ())
    found = []
    for rule in time_rules():
        seconds = InvoiceRule("duration", rule).seconds(lines)
        right = told & (seconds != UNKNOWN) & (np.abs(seconds - lines.billed_s) <= tolerance_s)
        found.append((InvoiceRule("duration", rule, explained=int(right.sum()), lines=int(told.sum())), seconds, right))
    search = _judged(found)
    if search.rule is None:
        return search
    seconds = search.rule.seconds(lines)
    right = np.abs(seconds - lines.billed_s) <= tolerance_s
    return _believed(search, search.rule, shared_property(lines, np.flatnonzero(told), seconds, right))


# ── amounts ──
@lru_cache(maxsize=KNOWN)
def search_amounts(lines: BilledLines) -> Search:
    """Return the rule and the prices that give the invoice's amounts exactly."""
    told = np.flatnonzero(lines.amount != UNKNOWN)
    if not len(told):
        return Search(None, ())
    sample = told[:: -(-len(told) // SIFTED)]
    sifted: list[tuple[float, int, InvoiceRule]] = []
    seen: set[bytes] = set()
    shared = _prefix(lines, told)
    for rule in time_rules():
        line, kind, seconds = lines.connections(rule.per)
        units = rule.billed_seconds(seconds)
        mark = rule.per.encode() + units.tobytes()
        if len(line) and mark not in seen:
            seen.add(mark)
            for score, one in _fitted(
                lines, sample, rule, (line, kind, units), _allowances(lines, rule, units, line, shared)
            ):
                sifted.append((-score, len(sifted), one))
    finalists = [one for _, _, one in sorted(sifted, key=lambda three: three[:2])[:FINALISTS]]
    found = []
    for one in finalists:
        for last in _refined(lines, one, shared):
            # the rounder before the finer: it wins where both explain as much
            found += [_tried(lines, told, rule) for rule in (*_settled(lines, sample, last), last)]
    if found:
        best = max(found, key=lambda one: one[0].explained)[0]
        found += [_tried(lines, told, one) for one in _other_minima(best)]
    search = _judged(found)
    if search.rule is None:
        return search
    kept, amounts, right = _tried(lines, told, _supported(lines, told, search.rule))
    return _believed(search, kept, shared_property(lines, told, amounts, right))


def _tried(lines: BilledLines, told: Ints, rule: InvoiceRule) -> Tried:
    """Return a rule with the number of lines that it explains, what it gives for each, and where that is right."""
    amounts = rule.amounts(lines)
    right = np.zeros(len(amounts), bool)
    right[told] = amounts[told] == lines.amount[told]
    return replace(rule, explained=int(right.sum()), lines=len(told)), amounts, right


def _other_minima(rule: InvoiceRule) -> Iterator[InvoiceRule]:
    """Yield a rule with every other minimum that fits its step."""
    step = rule.tariff.step_s
    if rule.tariff.rounding == "up" and rule.explained < rule.lines:
        for minimum in range(step, MINIMA[-1] + 1, step):
            if minimum % LEAST_STEP == 0 and minimum not in MINIMA:
                yield replace(rule, tariff=replace(rule.tariff, minimum_s=minimum))


def _prefix(lines: BilledLines, told: Ints) -> int | None:
    """Return the first line that is paid for after a run of free ones, None when the invoice does not begin with such
    a run.

    The cut is where most lines before are free and most after are not, so that a false amount here or there does not
    move it.
    """
    by_time = told[np.argsort(lines.order[told], kind="stable")]
    score = np.cumsum(np.where(lines.amount[by_time] == 0, 1, -1))
    last = int(np.argmax(score)) if len(score) else 0
    return int(by_time[last + 1]) if len(score) and score[last] >= 1 and last + 1 < len(by_time) else None


def _allowances(lines: BilledLines, rule: Tariff, units: Ints, line: Ints, shared: int | None) -> list[Free]:
    """Return the allowances that are tried with a rounding of time."""
    options = [Free(0, "line", False), Free(0, "line", True)]
    scopes: tuple[Allowance, ...] = ("connection", "line") if rule.per == "leg" else ("line",)
    options += [Free(seconds, scope, False) for scope in scopes for seconds in FREE]
    if shared is not None:
        low, high = _spent(lines, units, line, shared)
        options.append(Free(_roundest(low, high), "invoice", False))
    return options


def _spent(lines: BilledLines, units: Ints, line: Ints, cut: int) -> tuple[int, int]:
    """Return the billed seconds before a line and up to its end."""
    before = lines.order[line] < lines.order[cut]
    return int(units[before].sum()), int(units[before | (line == cut)].sum())


_ROUND_MINUTES = (1000, 500, 100, 50, 10, 5)


def _roundest(low: int, high: int) -> int:
    """Return the roundest number of minutes in a span of seconds, in seconds.

    Examples
    --------
    >>> _roundest(58_000, 61_000), _roundest(17_500, 18_900)
    (60000, 18000)
    """
    for minutes in (*_ROUND_MINUTES, 1):
        step = 60 * minutes
        nearest = -(-low // step) * step
        if 0 < nearest <= high:
            return nearest
    return low


def _fitted(
    lines: BilledLines, sample: Ints, rule: Tariff, parts: tuple[Ints, Ints, Ints], options: Sequence[Free]
) -> Iterator[tuple[float, InvoiceRule]]:
    """Yield every option with its fitted prices, and how well it explains the sample."""
    line, kind, units = parts
    kinds = lines.kinds_of(rule.per)
    place = np.full(len(lines.seconds), -1)
    place[sample] = np.arange(len(sample))
    inside = place[line] >= 0
    table = np.zeros((len(options), len(sample), len(kinds) + 1), np.int64)
    for i, free in enumerate(options):
        paid = charged(units, line, lines.order, free.seconds, free.of) if free.seconds else units
        np.add.at(table[i], (place[line[inside]], kind[inside]), paid[inside])
        np.add.at(table[i, :, -1], place[line[inside]], 60 * free.with_fee)
    amounts = lines.amount[sample]
    few = slice(None, None, -(-len(sample) // FITTED))
    unit = 10.0**-lines.places
    fitted = _least_absolute(table[:, few].astype(np.float64) / 60, amounts[few] * unit, unit / 2)
    best: dict[int, tuple[float, Any, Money]] = {}
    for decimals in PRICE_DECIMALS:
        prices = np.rint(np.maximum(fitted, 0) * 10**decimals).astype(np.int64) * (SCALE // 10**decimals)
        costs = np.einsum("onk,ok->on", table, prices)
        for money in MONEY:
            right = rounded(costs, 60 * SCALE // 10**lines.places, money) == amounts
            for i, explained in enumerate(right.sum(axis=1)):
                chosen = (prices[i] > 0).sum() + (options[i].seconds > 0) + (money != "half_up")
                score = float(explained) - PENALTY * float(chosen)
                if i not in best or score > best[i][0]:
                    best[i] = (score, prices[i], money)
    for i, (score, prices, money) in best.items():
        tariff = _priced(rule, kinds, prices)
        if tariff.prices:
            yield score, InvoiceRule("amount", tariff, options[i].seconds, options[i].of, money)


def _settled(lines: BilledLines, sample: Ints, rule: InvoiceRule) -> Iterator[InvoiceRule]:
    """Yield a rule with fee and prices, one by one, at the roundest by which most lines come out, if that is another.

    With all to as many decimals, prices of 0.06 and 0.045 left a fee of 0.02 at 0.0207: large meetings were false.
    """
    line, kind, paid = rule.charged(lines)
    inside = np.isin(line, sample)
    where, kind, paid = np.searchsorted(sample, line[inside]), kind[inside], paid[inside]
    kinds, amounts, unit = lines.kinds_of(rule.tariff.per), lines.amount[sample], 60 * SCALE // 10**lines.places
    table = np.zeros((len(sample), len(kinds) + 1), np.int64)
    np.add.at(table, (where, kind), paid)
    np.add.at(table[:, -1], where, 60)

    def explained(prices: Ints, money: Money) -> int:
        if not rule.each_rounded:
            return int((rounded(table @ prices, unit, money) == amounts).sum())
        each = rounded(paid * prices[kind] + 60 * prices[-1], unit, money)
        return int((np.bincount(where, each, len(sample)) == amounts).sum())

    found: list[tuple[int, Ints, Money]] = []
    for money in (rule.money,) if rule.each_rounded else MONEY:
        prices = np.array([*(rule.tariff.prices.get(one, 0) for one in kinds), rule.tariff.connection_fee])
        prices = (prices * SCALE).astype(np.int64)
        n = explained(prices, money)
        # what least is paid by is the least certain, and comes first
        for place in 2 * [one for one in np.argsort(table.sum(axis=0)).tolist() if prices[one] and table[:, one].any()]:
            tried = prices.copy()
            rest = table @ prices - table[:, place] * prices[place]
            tried[place] = by_most(table[:, place], least(amounts, unit, money) - rest, unit) or prices[place]
            more = explained(tried, money)
            if more > n or (more == n and roundness(tried[place]) > roundness(prices[place])):
                n, prices = more, tried
        found.append((n - PENALTY * (money != "half_up"), prices, money))
    _, prices, money = max(found, key=lambda one: one[0])
    if (settled := replace(rule, money=money, tariff=_priced(rule.tariff, kinds, prices))) != rule:
        yield settled


def _priced(tariff: Tariff, kinds: Sequence[str], prices: Any) -> Tariff:
    """Return a tariff with a price for each kind, and the fee behind them [millionths of a yuan]."""
    named = {name: _yuan(price) for name, price in zip(kinds, prices, strict=False) if price > 0}
    return replace(tariff, connection_fee=_yuan(prices[-1]), prices=named)


def _least_absolute(features: Floats, target: Floats, half: float) -> Floats:
    """Return, for each table of features, the coefficients with the least sum of absolute errors (weights drawn anew
    twelve times).

    Absolute and not squared: a few false amounts, however large, then do not move a price. Errors below half of the
    last digit weigh alike.
    """
    weights = np.ones(features.shape[:2])
    n = features.shape[2]
    found = np.zeros((features.shape[0], features.shape[2]))
    for _ in range(12):
        weighted = features * weights[:, :, None]
        left = np.matmul(weighted.transpose(0, 2, 1), features)
        # columns that cannot be told apart (two classes that always meet for as long) share the price between them
        ridge = np.trace(left, axis1=1, axis2=2)[:, None, None] * 1e-10 + 1e-12
        left = left + ridge * np.eye(n)
        right = np.matmul(
            weighted.transpose(0, 2, 1), np.broadcast_to(target[:, None], (len(features), len(target), 1))
        )
        found = np.linalg.solve(left, right)[:, :, 0]
        weights = 1 / np.maximum(np.abs(np.matmul(features, found[:, :, None])[:, :, 0] - target), half)
    return found


def _yuan(millionths: int) -> Decimal:
    return (Decimal(int(millionths)) / SCALE).normalize() + Decimal(0)


def _refined(lines: BilledLines, rule: InvoiceRule, shared: int | None) -> Iterator[InvoiceRule]:
    """Yield a finalist as it is, with each connection rounded by itself, and with a shared allowance that fits its
    last free line.
    """
    yield rule
    if rule.tariff.per == "leg":
        yield replace(rule, each_rounded=True)
    if rule.allowance_of == "invoice" and shared is not None:
        line, _, seconds = lines.connections(rule.tariff.per)
        low, high = _spent(lines, rule.tariff.billed_seconds(seconds), line, shared)
        minutes = sorted(range(-(-low // 60), high // 60 + 1), key=_roundness)
        for one in minutes[: FINALISTS * 10]:
            tried = replace(rule, allowance_s=60 * one)
            if tried.amounts(lines)[shared] == lines.amount[shared]:
                yield tried
                return


def _roundness(minutes: int) -> tuple[int, int]:
    return next((place for place, step in enumerate(_ROUND_MINUTES) if minutes % step == 0), 6), minutes


def _supported(lines: BilledLines, told: Ints, rule: InvoiceRule) -> InvoiceRule:
    """Drop the price of a class on which fewer than three lines agree: one line would bear itself out."""
    line, kind, _ = lines.connections(rule.tariff.per)
    _, _, right = _tried(lines, told, rule)
    kinds = lines.kinds_of(rule.tariff.per)
    prices = {
        name: price
        for name, price in rule.tariff.prices.items()
        if len(np.unique(line[(kind == kinds.index(name)) & right[line]])) >= 3
    }
    return replace(rule, tariff=replace(rule.tariff, prices=prices))


# ── trust ──
def _is_enough(rule: InvoiceRule) -> bool:
    """Return whether a rule explains enough of enough lines.

    Durations have no prices that could be bent to fit, so a few of them that all come out are enough: an invoice of
    ten lines in whole minutes need not be doubted.
    """
    few = rule.of == "duration" and rule.explained == rule.lines >= TRUSTED_DURATIONS
    return few or (rule.lines >= TRUSTED_LINES and rule.share >= TRUSTED_SHARE)


def _believed(search: Search, rule: InvoiceRule, lacks: Shared | None) -> Search:
    """Return a search with its rule, or without it if the lines that it leaves unexplained share a property: then it
    lacks something.

    What accuses must be right also about the few: an honest tariff with a minimum of 45 s, which the search did not
    have, was explained to 290 of 300 lines without any, and the other ten, each with a short leg, were called false.
    """
    return replace(search, rule=rule) if lacks is None else Search(None, search.best, lacks)


def _judged(found: Sequence[Tried]) -> Search:
    """Return the best rule if it can be trusted.

    Rules that say the same of every line are one rule, the plainest of them. Two rules are weighed on the lines on
    which they differ: the better one must be right there at least twice as often, since on all other lines it makes
    no difference which of them was meant.
    """
    ranked = sorted(found, key=lambda one: -(one[0].explained - PENALTY * one[0].parameters))
    distinct: list[Tried] = []
    for one in ranked:
        if not any(np.array_equal(one[1], other[1]) for other in distinct):
            distinct.append(one)
        if len(distinct) == 8:
            break
    best = tuple(one[0] for one in distinct[:3])
    if not distinct:
        return Search(None, ())
    rule, _, right = distinct[0]
    ahead = all(int((right & ~other).sum()) >= 2 * int((other & ~right).sum()) for _, _, other in distinct[1:])
    return Search(rule if _is_enough(rule) and ahead else None, best)
