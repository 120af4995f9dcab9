"""How much is asked of what differs by chance alone: all by `.ci/run`, whose examples are always the same; less by
whoever runs the tests, each time with others, so that what is left out today is tried tomorrow.

Cases of a parametrized test are left out by the mark `by_chance`; a test that is asked for by its name has all of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from typing import TypeVar

import pytest

IS_WHOLE = os.environ.get("HYPOTHESIS_PROFILE") == "ci"

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
    """Return the cases of tests marked `by_chance` that this run leaves out: none of a test that was asked for by name."""
    named = config.option.keyword or getattr(config.option, "lf", False) or any("::" in asked for asked in config.args)
    cases: dict[str, list[pytest.Item]] = {}
    for item in [] if IS_WHOLE or named else items:
        if item.get_closest_marker("by_chance"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    drawn = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))  # the same in all processes, which must agree
    left: set[pytest.Item] = set()
    for tried in cases.values():
        n = tried[0].get_closest_marker("by_chance").args[0]  # type: ignore[union-attr]  # it was there just now
        left.update(drawn.sample(tried, max(0, len(tried) - n)))
    return left
