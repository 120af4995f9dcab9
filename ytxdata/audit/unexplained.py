"""What a rule leaves unexplained: lines scattered by chance, or lines that share a property, which the rule then lacks.

A rule without the minimum of an honest tariff explains all lines but those with a short leg, easily 95 in 100. It would
accuse every one of these. False lines lie anywhere; the lines that a missing minimum, cap or surcharge touches do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ytxdata.audit.invoice_rule import UNKNOWN, BilledLines, Ints
from ytxdata.labels import Text

CHANCE = 0.001
"""So rarely may lines that are false by chance look as if they shared a property: then an invoice is not compared
though it could be.
"""

DAY_S = 86_400
MIDDAY_S = 13 * 3_600


class Shared(NamedTuple):
    """What unexplained lines have in common: so many of the unexplained ones, among so many lines, lie at or beyond a
    bound.
    """

    of: Text
    is_low: bool
    bound: int
    unexplained: int
    all_unexplained: int
    lines: int
    chance: float

    @property
    def text(self) -> Text:
        """It in words."""
        zh, en = ("不超过", "at most") if self.is_low else ("至少为", "at least")
        return Text(
            f"最接近的规则不可信：{self.all_unexplained} 行它不能解释，其中 {self.unexplained} 行的{self.of.zh}{zh} {self.bound}，而这样的行共有 {self.lines} 行；"
            "规则可能缺少最低计费、封顶、附加费或折扣",
            f"the closest rule is not trusted: of the {self.all_unexplained} lines it does not explain, {self.unexplained} have {self.of.en} {en} {self.bound}, as {self.lines} lines have in all; "
            "it may lack a minimum, a cap, a surcharge or a discount",
        )


def shared_property(lines: BilledLines, told: Ints, billed: Ints, right: Any) -> Shared | None:
    """Return the property that tells unexplained lines from explained ones better than chance, None when there is none.

    Parameters
    ----------
    lines, told
        The invoice, and which of its lines say what is to be explained.
    billed, right
        What the rule gives for every line, and where that is what the invoice says.
    """
    known = told[billed[told] != UNKNOWN]
    wrong = ~right[known]
    if not wrong.any() or wrong.all():
        return None
    found = [
        one
        for name, values in _properties(lines, billed)
        for is_low in (True, False)
        if (one := _closest(name, values[known], wrong, is_low=is_low)) is not None
    ]
    if not found:
        return None
    best = min(found, key=lambda one: one.chance)
    return best if best.chance * len(found) < CHANCE else None


def _properties(lines: BilledLines, billed: Ints) -> Iterator[tuple[Text, Ints]]:
    """Yield what can be said of a line without looking at what it asks for; `UNKNOWN` where it cannot be said.

    The amount asked for is none of them: a false line is often a dear one. What the *rule* asks for is.
    """
    n, line, seconds = len(lines.seconds), lines.leg_line, lines.leg_s
    shortest = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(shortest, line, seconds)
    count = np.bincount(line, minlength=n)
    longest = np.full(n, UNKNOWN)
    np.maximum.at(longest, line, seconds)
    yield Text("最短接入（秒）", "a shortest leg [s] of"), np.where(count == 0, UNKNOWN, shortest)
    yield Text("最长接入（秒）", "a longest leg [s] of"), longest
    yield Text("接入数", "a number of legs of"), np.where(count == 0, UNKNOWN, count)
    yield Text("各接入合计（秒）", "legs of together [s]"), lines.sums(line, seconds)
    yield Text("会议时长（秒）", "a length [s] of"), lines.seconds
    yield Text("按该规则的计费", "by this rule a charge, in units of the last digit, of"), billed
    yield Text("按时间的次序", "in order of time a place of"), lines.order
    for place, kind in enumerate(lines.kinds):
        name = Text(f"{kind} 类号码的接入数", f"a number of legs of class {kind} of")
        yield name, np.bincount(line[lines.leg_kind == place], minlength=n)
    dated = lines.begun_s != UNKNOWN
    from_midday = np.abs(lines.begun_s % DAY_S - MIDDAY_S)
    # 1970-01-01 was a Thursday
    yield Text("星期", "a weekday of"), np.where(dated, (lines.begun_s // DAY_S + 3) % 7 + 1, UNKNOWN)
    yield (
        Text("开始时刻与 13:00 的距离（秒）", "a begin as far from 13:00 [s] as"),
        np.where(dated, np.minimum(from_midday, DAY_S - from_midday), UNKNOWN),
    )


def _closest(name: Text, values: Ints, wrong: Any, *, is_low: bool) -> Shared | None:
    """Return the bound beyond which unexplained lines are the least likely to be so many; None when the property says
    nothing.

    The bounds that are tried are those of unexplained lines themselves. If these were drawn by chance, each such bound
    would be as likely to look rare as any number between 0 and 1 is to be small, so that to try `k` of them makes
    chance `k` times as likely, whatever the property.
    """
    said = values != UNKNOWN
    values, wrong = values[said], wrong[said]
    if not wrong.any() or values.min() == values.max():
        return None
    sign = 1 if is_low else -1
    ordered = np.sort(sign * values)
    bounds, below = np.unique(sign * values[wrong], return_counts=True)
    inside = np.searchsorted(ordered, bounds, side="right")
    hits = np.cumsum(below)
    k, n = int(wrong.sum()), len(values)
    chances = _at_least(hits, inside, k, n)
    i = int(np.argmin(chances))
    return Shared(name, is_low, int(sign * bounds[i]), int(hits[i]), k, int(inside[i]), float(chances[i]) * len(bounds))


def _at_least(hits: Ints, inside: Ints, k: int, n: int) -> Any:
    """Return how likely at least so many of `k` lines drawn from `n` are among so many (hypergeometric).

    Examples
    --------
    >>> _at_least(np.array([1, 2]), np.array([1, 2]), 2, 4).round(6).tolist()
    [0.5, 0.166667]
    """
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))

    def ways(of: Any, chosen: Any) -> Any:
        return logs[of] - logs[chosen] - logs[of - chosen]

    found = []
    for least, m in zip(hits.tolist(), inside.tolist(), strict=True):
        drawn = np.arange(max(least, k - (n - m)), min(k, m) + 1)
        found.append(float(np.exp(ways(m, drawn) + ways(n - m, k - drawn) - ways(n, k)).sum()))
    return np.array(found)
