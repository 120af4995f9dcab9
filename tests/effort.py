"""How much is asked of what differs by chance alone: all by `.ci/run`, whose examples are always the same; less by
whoever runs the tests, each time with others, so that what is left out today is tried tomorrow.

Of the cases of a slow test one in four is tried, or as many as its mark `by_chance` says, or with the mark `every_case`
all; and all where a file or a test is asked for by its name.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from typing import TypeVar

import pytest

IS_WHOLE = os.environ.get("HYPOTHESIS_PROFILE") == "ci"

ONE_IN = 4
"""Of how many slow cases of a test a hurried run tries one."""

T = TypeVar("T")


def examples(whole: int, hurried: int, asked_by: str = "") -> int:
    """Return how many examples to try where each takes about a second, the first is always next to nothing; as many as
    a variable of the environment asks for, if one is named and set.
    """
    return int(os.environ.get(asked_by) or (whole if IS_WHOLE else hurried))


def some(known: Iterable[T], hurried: int) -> list[T]:
    """Return those of a list to try within a test, in their order, where each takes about a second."""
    listed = [*known]
    drawn = listed if IS_WHOLE else random.sample(listed, min(hurried, len(listed)))
    return sorted(drawn, key=listed.index)


def seed(whole: int) -> int:
    """Return what a test begins its own random numbers with; an assertion that fails tells it."""
    return whole if IS_WHOLE else random.randrange(10_000)


def left_to_chance(config: pytest.Config, items: list[pytest.Item]) -> set[pytest.Item]:
    """Return the cases that this run leaves out: none where files or tests were asked for by name."""
    named = config.option.keyword or getattr(config.option, "lf", False) or any(".py" in asked for asked in config.args)
    cases: dict[str, list[pytest.Item]] = {}
    for item in [] if IS_WHOLE or named else items:
        if not item.get_closest_marker("every_case") and (item.get_closest_marker("by_chance") or _is_slow(item)):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    drawn = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))  # the same in all processes, which must agree
    left: set[pytest.Item] = set()
    for known in cases.values():
        mark = known[0].get_closest_marker("by_chance")
        n = mark.args[0] if mark else -(-len(known) // ONE_IN)
        left.update(drawn.sample(known, max(0, len(known) - n)))
    return left


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None
