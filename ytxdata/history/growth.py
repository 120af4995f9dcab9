"""How much to ask next when all there is shall come: the platform gives the newest N and never says how many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

FIRST_ASK = 200
FACTOR = 4


class Sized(Protocol):
    """An answer, as far as growth cares: its records can be counted."""

    @property
    def records(self) -> tuple[object, ...]:
        """The records of the answer."""


def next_ask(asked: int, returned: int) -> int | None:
    """Return the next `meetingcount`, or None once the platform gave fewer than it was asked for.

    An answer that is longer than what was asked (a platform that does not count) makes the next ask
    longer than the answer, so that the question always ends.

    Examples
    --------
    >>> next_ask(200, 200), next_ask(800, 731), next_ask(200, 5000)
    (800, None, 20000)
    """
    return None if returned < asked else FACTOR * max(asked, returned)


A = TypeVar("A", bound=Sized)


def ask_until_no_more(ask: Callable[[int], A], first: int = FIRST_ASK) -> Iterator[A]:
    """Yield the answers to ever larger questions, the last one shorter than what it was asked for."""
    wanted: int | None = first
    while wanted is not None:
        answer = ask(wanted)
        yield answer
        wanted = next_ask(wanted, len(answer.records))
