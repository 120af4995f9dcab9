"""What is left to chance: in a hurried run some cases of a test, each time others; none of what is asked for by name."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from tests import effort


class Case:
    """A case of a test, as pytest collects it."""

    def __init__(self, test: str, place: int, *marks: pytest.MarkDecorator) -> None:
        self.nodeid = f"tests/x.py::{test}[{place}]"
        self.marks = {one.name: one.mark for one in marks}

    def get_closest_marker(self, name: str) -> Any:
        return self.marks.get(name)


MARK = pytest.mark
COLLECTED: Any = [
    Case(test, place, *marks)
    for test, n_cases, *marks in (
        ("many", 20, MARK.by_chance(3)), ("few", 2, MARK.by_chance(3)), ("quick", 9), ("slow", 9, MARK.slow),
        ("told", 9, MARK.slow, MARK.by_chance(8)), ("forgers", 9, MARK.slow, MARK.every_case), ("alone", 1, MARK.slow),
    )
    for place in range(n_cases)
]  # fmt: skip


def left(*args: str, keyword: str = "") -> set[str]:
    config: Any = SimpleNamespace(args=args, option=SimpleNamespace(keyword=keyword, lf=False))
    return {one.nodeid for one in effort.left_to_chance(config, COLLECTED)}


def test_some_cases_of_what_is_left_to_chance_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "IS_WHOLE", False)
    monkeypatch.delenv("PYTEST_XDIST_TESTRUNUID", raising=False)
    runs = [left("tests") for _ in range(9)]
    for run in runs:
        assert Counter(name.partition("::")[2].partition("[")[0] for name in run) == {"many": 17, "slow": 6, "told": 1}
    assert len(set(map(frozenset, runs))) > 1, "others each time"
    assert left("tests/x.py") == left("tests/x.py::many[3]") == left("tests", keyword="many") == set()


def test_all_processes_of_a_run_draw_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "IS_WHOLE", False)
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "one")
    assert left() == left()


def test_all_of_them_run_where_everything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "IS_WHOLE", True)
    assert left("tests") == set()
    assert effort.some("abcdef", 2) == [*"abcdef"]
    monkeypatch.setattr(effort, "IS_WHOLE", False)
    drawn = effort.some("abcdef", 2)
    assert len(drawn) == 2
    assert drawn == sorted(drawn)


def test_a_variable_of_the_environment_asks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "IS_WHOLE", False)
    assert effort.examples(8, 3, "YTX_TEST_KILLS") == 3
    monkeypatch.setenv("YTX_TEST_KILLS", "60")
    assert effort.examples(8, 3, "YTX_TEST_KILLS") == 60
    assert effort.examples(8, 3) == 3
