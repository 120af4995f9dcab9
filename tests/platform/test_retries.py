"""The retry policy: what is tried again, how often, how long after."""

from __future__ import annotations

import dataclasses

import pytest

from ytxdata import errors
from ytxdata.errors import ClockError, ServerFaultError, ThrottledError, YtxError
from ytxdata.labels import Text
from ytxdata.platform.failures import POLICY, Rule, run


def _leaves(kind: type[YtxError] = YtxError) -> list[type[YtxError]]:
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in _leaves(child)] if below else [kind]


def _outcomes(*outcomes: object) -> tuple[list[object], list[float]]:
    """Run the policy over a list of outcomes; return those that were used, and the waits."""
    left, used = list(outcomes), list[object]()
    waits: list[float] = []

    def attempt() -> object:
        used.append(left.pop(0) if len(left) > 1 else left[0])
        return used[-1]

    run(attempt, total=1000, sleep=waits.append)
    return used, waits


def _error(kind: type[YtxError], retry_after: float | None = None) -> YtxError:
    return kind(Text("", ""), retry_after=retry_after)


ATTEMPTS = {
    errors.ServerFaultError: 4,
    errors.ThrottledError: 5,
    errors.ClockError: 2,
    errors.ConnectError: 4,
    errors.TimeLimitError: 4,
    errors.TruncatedError: 4,
    errors.BusyHttpError: 5,
}


@pytest.mark.parametrize("kind", _leaves(), ids=lambda kind: kind.__name__)
def test_what_is_not_in_the_policy_is_asked_once(kind: type[YtxError]) -> None:
    used, waits = _outcomes(_error(kind))
    assert len(used) == ATTEMPTS.get(kind, 1)
    assert len(waits) == len(used) - 1


@pytest.mark.parametrize("_time", range(20))
def test_waits_are_jittered_within_their_bounds(_time: int) -> None:
    _, faults = _outcomes(_error(ServerFaultError))
    assert all(0 <= wait <= limit for wait, limit in zip(faults, (0.5, 1, 2), strict=True))
    _, throttled = _outcomes(_error(ThrottledError))
    assert all(2 <= wait <= limit for wait, limit in zip(throttled, (4, 6, 10, 18), strict=True))
    _, clock = _outcomes(_error(ClockError))
    assert clock == [0]


def test_jitter_differs_from_client_to_client() -> None:
    assert len({POLICY[ServerFaultError].wait(3) for _ in range(20)}) > 10


@pytest.mark.parametrize("kind", [ThrottledError, ServerFaultError, errors.BusyHttpError])
@pytest.mark.parametrize("pause", [7.0, 31.0, 999.0])
def test_retry_after_is_honoured_within_the_total_limit(kind: type[YtxError], pause: float) -> None:
    used, waits = _outcomes(_error(kind, pause), "answer")
    assert used[-1] == "answer"
    assert pause <= waits[0] <= max(pause, 30)


def test_a_retry_after_beyond_the_total_limit_ends_the_attempts() -> None:
    used, waits = _outcomes(_error(ThrottledError, 1001.0), "answer")
    assert (len(used), waits) == (1, [])


def test_each_kind_is_counted_by_itself() -> None:
    fault, clock = _error(ServerFaultError), _error(ClockError)
    used, _ = _outcomes(fault, clock, fault, fault, clock)
    assert used == [fault, clock, fault, fault, clock]


def test_no_wait_begins_that_would_end_after_the_total() -> None:
    waits: list[float] = []
    slow: dict[type[YtxError], Rule] = {ServerFaultError: Rule(9, 5, 0, 5, Text("", ""))}
    run(lambda: _error(ServerFaultError), total=4, policy=slow, sleep=waits.append)
    assert waits == []


def test_the_policy_is_frozen_and_says_why() -> None:
    rule = POLICY[ServerFaultError]
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.again = 99  # type: ignore[misc]
    with pytest.raises(TypeError):
        POLICY[YtxError] = rule  # type: ignore[index]
    assert all(rule.why.zh and rule.why.en for rule in POLICY.values())
