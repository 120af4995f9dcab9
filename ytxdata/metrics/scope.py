"""Which meetings a report is about: its period, and the rules by which a meeting counts and finds its day."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import narwhals as nw

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.times import Instant, as_instant, beijing_text, local_second

DayOf = Literal["starts", "ends"]


@dataclass(frozen=True)
class Scope:
    """A half-open period `[start, end)` and two rules.

    Parameters
    ----------
    start, end
        Edges of the period, or None for no edge.
    min_parties
        From how many people a meeting counts.
    day_of
        Whether a meeting belongs to the day it `starts` or `ends`; an end at 24:00 belongs to the day it closes.
    """

    start: datetime | None = None
    end: datetime | None = None
    min_parties: int = 1
    day_of: DayOf = "starts"

    @classmethod
    def of(cls, start: Instant | None, end: Instant | None, min_parties: int = 1, day_of: DayOf = "starts") -> Scope:
        """Return the scope a user asked for.

        Raises
        ------
        UsageError
            An edge is no instant, the end is not after the start, or `day_of` is unknown.
        """
        first = None if start is None else as_instant(start, name="start")
        last = None if end is None else as_instant(end, name="end")
        if first is not None and last is not None and last <= first:
            raise UsageError(
                Text(
                    f"时段为空：{beijing_text(first)} 至 {beijing_text(last)}（不含，北京时间）",
                    f"the period is empty: from {beijing_text(first)} to {beijing_text(last)} (not included; Beijing time)",
                ),
                remedy=Text(
                    "终点（end、--to）必须晚于起点（start、--from）",
                    "its end (end, --to) must be later than its start (start, --from)",
                ),
            )
        if day_of not in ("starts", "ends"):
            raise UsageError(
                Text(f"day_of 不能是 {day_of!r}", f"day_of cannot be {day_of!r}"),
                remedy=Text("可选：starts、ends", "choose starts or ends"),
            )
        return cls(first, last, whole("min_parties", min_parties), day_of)

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """Both edges, when both were given."""
        return (self.start, self.end) if self.start is not None and self.end is not None else None

    @property
    def edges(self) -> tuple[int | None, int | None]:
        """The edges in local epoch seconds; a fraction of a second is rounded up, so that `[start, end)` keeps its meaning."""
        return _seconds(self.start), _seconds(self.end)

    def within(self, second: nw.Expr) -> nw.Expr:
        """Return whether a local epoch second lies in the period."""
        start, end = self.edges
        inside = ~second.is_null()
        if start is not None:
            inside = inside & (second >= start)
        return inside & (second < end) if end is not None else inside

    def placed(self, meetings: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Return the meetings of the period with the second `at` that decides their day."""
        at = nw.col("s")
        if self.day_of == "ends":
            at = nw.when(~nw.col("e").is_null()).then(nw.max_horizontal(nw.col("s"), nw.col("e") - 1))
        return meetings.filter(~nw.col("s").is_null()).with_columns(at=at).filter(self.within(nw.col("at")))


def whole(name: str, value: int) -> int:
    """Return a whole number, not negative, that a user gave.

    Raises
    ------
    UsageError
        It is none.
    """
    if hasattr(value, "__index__") and value >= 0:
        return operator.index(value)
    raise UsageError(
        Text(f"{name} 不能是 {value!r}", f"{name} cannot be {value!r}"),
        remedy=Text("请给不为负的整数", "give a whole number that is not negative"),
    )


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else local_second(instant)
