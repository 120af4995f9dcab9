"""Which failures are tried again, how often, how long after, and why: a table of frozen rules. tenacity runs it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import tenacity

from ytxdata.errors import (
    BusyHttpError,
    ClockError,
    NetworkError,
    ServerFaultError,
    ThrottledError,
    TruncatedError,
    YtxError,
)
from ytxdata.labels import Text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of failure is tried again.

    Parameters
    ----------
    again
        Further attempts at most.
    at_least
        Seconds waited before each of them in any case.
    spread
        Seconds added at random, from nothing up to this much, doubled every time ("full jitter": many clients that
        failed together do not come back together).
    longest
        Most seconds waited at once of our own accord; a `Retry-After` may ask for more, up to the total limit.
    why
        Why this kind is worth another attempt.
    """

    again: int
    at_least: float
    spread: float
    longest: float
    why: Text

    def wait(self, n: int, retry_after: float | None = None) -> float:
        """Return the seconds to wait before further attempt `n` (1, 2, …)."""
        jitter = random.uniform(0, self.spread * 2 ** (n - 1))  # noqa: S311  # spreads load, guards nothing
        return max(min(self.at_least + jitter, self.longest), retry_after or 0)


_FAULT_RULE = Rule(3, 0, 0.5, 8, Text("平台偶发异常通常很快恢复", "a fault of the platform mostly passes within seconds"))
_NETWORK_RULE = Rule(
    3,
    0,
    0.5,
    8,
    Text(
        "查询不改动任何数据，网络中断后可以安全重发",
        "a query changes nothing, so it may be sent again after a network fault",
    ),
)
_THROTTLE_RULE = Rule(4, 2, 2, 30, Text("频率限制需要更长的间隔", "a rate limit needs a longer pause"))
_CLOCK_RULE = Rule(
    1,
    0,
    0,
    0,
    Text(
        "时间戳可能在途中过期：重新签名一次即可分辨",
        "the stamp may have gone stale on its way: signing once more tells",
    ),
)

POLICY: Mapping[type[YtxError], Rule] = MappingProxyType(
    {
        ServerFaultError: _FAULT_RULE,
        NetworkError: _NETWORK_RULE,
        TruncatedError: _NETWORK_RULE,
        ThrottledError: _THROTTLE_RULE,
        BusyHttpError: _THROTTLE_RULE,
        ClockError: _CLOCK_RULE,
    }
)
"""Every failure that is tried again, by the class of its error; no other one is."""


@dataclass
class _Run:
    """What one query has met so far: failures are counted for each rule by itself."""

    policy: Mapping[type[YtxError], Rule]
    met: Counter[Rule] = field(default_factory=Counter)

    def rule(self, outcome: object) -> Rule | None:
        if not isinstance(outcome, YtxError) or not (outcome.retryable or isinstance(outcome, ClockError)):
            return None
        return next((rule for kind, rule in self.policy.items() if isinstance(outcome, kind)), None)

    def wants_more(self, outcome: object) -> bool:
        rule = self.rule(outcome)
        if rule is None or not isinstance(outcome, YtxError):
            return False
        self.met[rule] += 1
        return self.met[rule] <= rule.again

    def wait(self, state: tenacity.RetryCallState) -> float:
        outcome = state.outcome.result() if state.outcome else None
        rule = self.rule(outcome)
        return rule.wait(self.met[rule], outcome.retry_after) if rule and isinstance(outcome, YtxError) else 0


def run(
    attempt: Callable[[], T],
    *,
    total: float,
    policy: Mapping[type[YtxError], Rule] = POLICY,
    sleep: Callable[[float], None],
) -> T:
    """Call `attempt` until its outcome is no failure the policy tries again; return the last outcome.

    An attempt returns its error instead of raising it. No attempt begins `total` seconds after the first one, and no
    wait is begun that would end after that.
    """
    under_way = _Run(policy)
    return tenacity.Retrying(
        retry=tenacity.retry_if_result(under_way.wants_more),
        wait=under_way.wait,
        stop=tenacity.stop_before_delay(total),
        sleep=sleep,
        retry_error_callback=lambda state: state.outcome.result(),  # type: ignore[union-attr]  # set after an attempt
    )(attempt)
