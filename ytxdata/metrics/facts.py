"""What is known of each meeting, in integers: the one place where joins, people, seconds and unknowns are defined.

A scope says which meetings a report is about. Every report is a sum over the rows of its facts, so that no two
reports can disagree about a word. What could not be counted is counted here too, by reason.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial, wraps
from typing import Any, Literal, NamedTuple, TypeVar

import narwhals as nw

from ytxdata.errors import cannot_be
from ytxdata.labels import Text
from ytxdata.metrics.calendar import DAY
from ytxdata.metrics.source import Source
from ytxdata.metrics.sums import Lazy, distinct, talk_seconds
from ytxdata.periods import period_of
from ytxdata.times import Instant, instant_of, local_second

DayOf = Literal["starts", "ends"]
H = TypeVar("H")
T = TypeVar("T")


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
        first, last = period_of(start, end)
        if day_of not in ("starts", "ends"):
            raise cannot_be("day_of", day_of, Text("可选：starts、ends", "choose starts or ends"))
        return cls(first, last, whole("min_parties", min_parties), day_of)

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """Both edges, when both were given."""
        return (self.start, self.end) if self.start is not None and self.end is not None else None

    @property
    def edges(self) -> tuple[int | None, int | None]:
        """The edges in local epoch seconds; a fraction of a second is rounded up, so that `[start, end)` keeps its
        meaning.
        """
        start, end = (None if edge is None else local_second(edge) for edge in (self.start, self.end))
        return start, end

    def within(self, second: nw.Expr) -> nw.Expr:
        """Return whether a local epoch second lies in the period."""
        start, end = self.edges
        inside = ~second.is_null()
        if start is not None:
            inside = inside & (second >= start)
        return inside & (second < end) if end is not None else inside

    @property
    def at(self) -> nw.Expr:
        """The second that decides the day of a meeting; null where it is unknown."""
        if self.day_of == "starts":
            return nw.col("s")
        is_known = ~nw.col("s").is_null() & ~nw.col("e").is_null()
        return nw.when(is_known).then(nw.max_horizontal(nw.col("s"), nw.col("e") - 1))

    @property
    def whose_day(self) -> nw.Expr:
        """The second at which a meeting is of somebody, for books that change: that of its day, else its start."""
        return nw.coalesce(self.at, nw.col("s"))

    def placed(self, meetings: Lazy) -> Lazy:
        """Return the meetings of the period with the second `at` that decides their day."""
        return meetings.filter(~nw.col("s").is_null()).with_columns(at=self.at).filter(self.within(nw.col("at")))


def whole(name: str, value: int) -> int:
    """Return a whole number, not negative, that a user gave.

    Raises
    ------
    UsageError
        It is none.
    """
    if hasattr(value, "__index__") and value >= 0:
        return operator.index(value)
    raise cannot_be(name, value, Text("请给不为负的整数", "give a whole number that is not negative"))


def timed(source: Source, meetings: Lazy) -> Lazy:
    """Return the legs of some meetings, computed once, with `end` (open legs closed at the meeting's end), `len_s`
    and `person`.

    An end that stays unknown, or lies before the join, is null. A leg without a number is a person of its own.
    """
    end = nw.coalesce("l", "e")
    known = source.legs.join(meetings.select("id", "key", "e"), on="id", how="inner")
    held = source.engine.hold(known.select("key", "leg", "number", "j", end=nw.when(end >= nw.col("j")).then(end)))
    return held.with_columns(
        len_s=nw.col("end") - nw.col("j"),
        person=nw.coalesce(nw.col("number"), nw.concat_str([nw.lit("#"), nw.col("leg").cast(nw.String)])),
    )


@dataclass(frozen=True)
class Facts:
    """The meetings of a scope, one row each, computed once, and their legs.

    Columns of `meetings`: `key` (a number for the length of the session) `meeting_id pull_id creator name s e at`,
    then, null where unknown: `is_known` (whether its legs are), `rows` (parties listed), `legs`, `closed` (legs with
    a known end), `leg_s`, `first`, `last`, `people`, `withheld`, `size`, `meeting_s`, `till` (the latest known
    moment); with `talk` also `talk_s`, `lonely_s`; and `counts` (whether it has enough people), `rejoined` (whether
    anybody joined more than once, which few do: all others need no union of intervals).
    """

    source: Source
    scope: Scope
    meetings: Lazy
    legs: Lazy
    held: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def counted(self) -> Lazy:
        """The meetings that count."""
        return self.meetings.filter(nw.col("counts"))

    @cached_property
    def joined(self) -> Lazy:
        """The joins of the meetings that count, with the meeting's `s`, `at` and `creator`."""
        return self.legs.filter(~nw.col("j").is_null()).join(
            self.counted.select("key", "s", "at", "creator", "meeting_id"), on="key", how="inner"
        )


def facts(source: Source, scope: Scope, *, talk: bool = False) -> Facts:
    """Return the facts of the meetings of a scope; asking again for the same scope costs nothing.

    Only with `talk` are there `talk_s` and `lonely_s`, which take a sort of all joins and leaves.
    """
    if (scope, False) not in source.held:
        source.held[scope, False] = _facts(source, scope)
    if talk and (scope, True) not in source.held:
        source.held[scope, True] = _with_talk(source.held[scope, False])
    kept: Facts = source.held[scope, talk]
    return kept


def once(*by: str) -> Callable[[Callable[[H], T]], Callable[[H], T]]:
    """Have a function of what holds results (facts, rows of a report) computed once for each that it goes `by`."""

    def keep(make: Callable[[H], T]) -> Callable[[H], T]:
        @wraps(make)
        def kept(of: Any) -> T:
            key = (make.__name__, *(getattr(of, one) for one in by))
            if key not in of.held:
                of.held[key] = make(of)
            found: T = of.held[key]
            return found

        return kept

    return keep


@once()
def touching(known: Facts) -> Facts:
    """Return the facts of all meetings of which any moment may lie in the period, also those begun before it."""
    start, end = known.scope.edges
    if start is None and end is None and known.scope.day_of == "starts":
        return known
    source = known.source
    # one span a meeting, from whatever of it comes first to whatever comes last: it goes on while nobody is connected
    # between two legs, people dial in before its start, and who has not left stays until its end
    legs = source.legs.group_by("id").agg(nw.col("j").min().alias("first"), nw.col("j", "l").max())
    spans = source.meetings.select("id", "s", "e").join(legs, on="id", how="left")
    begun, over = nw.min_horizontal("s", "first"), nw.max_horizontal("s", "e", "j", "l")
    inside = ~begun.is_null() if end is None else begun < end
    keys = spans.filter(inside if start is None else inside & (over > start))
    part = replace(source, meetings=source.meetings.join(distinct(keys, "id"), on="id", how="semi"), held=known.held)
    wide = facts(part, Scope(min_parties=known.scope.min_parties))
    # peaks stand beside figures of the same groups: counted for who convened at the start, and all else for who did at
    # the end, a row had a peak of 0 beside its legs
    return replace(wide, meetings=wide.meetings.with_columns(at=known.scope.whose_day))


def _facts(source: Source, scope: Scope) -> Facts:
    meetings = source.engine.numbered(scope.placed(source.meetings))
    legs = timed(source, meetings)
    return Facts(source, scope, _each(source, meetings, legs, partial(_summed, scope=scope)), legs)


_AT_ONCE = 500_000
"""Meetings that DuckDB counts at a time. Of all at once, texts of a meeting's legs were told apart and their seconds
sorted in tables so large that ten times the legs took sixteen times as long, whatever it might take of the memory.
"""


def _each(source: Source, meetings: Lazy, legs: Lazy, make: Callable[[Lazy, Lazy], Lazy]) -> Lazy:
    """Return what is made of each meeting and its legs by themselves, computed once."""
    engine = source.engine
    last = source.rows(meetings.select(nw.col("key").max()))[0]["key"] if engine.is_ours else None
    turns = range(1, (last or 0) + 1, _AT_ONCE)
    if len(turns) < 2:
        return engine.hold(make(meetings, legs))
    parts = (
        (frame.filter(nw.col("key") >= since, nw.col("key") < since + _AT_ONCE) for frame in (meetings, legs))
        for since in turns
    )
    return engine.hold(*(make(*part) for part in parts))


def _summed(meetings: Lazy, legs: Lazy, scope: Scope) -> Lazy:
    joined = ~nw.col("j").is_null()
    marked = legs.with_columns(
        named=nw.when(joined).then(nw.col("number")), withheld=nw.when(nw.col("number").is_null()).then(nw.col("j"))
    )
    per_meeting = (
        marked.group_by("key")
        .agg(
            nw.len().alias("rows"),
            nw.col("j").count().alias("legs"),
            nw.col("len_s").count().alias("closed"),
            nw.col("len_s").sum().alias("leg_s"),
            nw.col("withheld").count(),
            nw.col("j").min().alias("first"),
            nw.col("end").max().alias("last"),
            nw.col("named").n_unique().alias("people"),
            nw.col("named").count(),
        )
        # of distinct values, null is one
        .with_columns(people=nw.col("people") - (nw.col("named") < nw.col("rows")).cast(nw.Int64))
    )
    known = meetings.join(per_meeting, on="key", how="left").with_columns(
        is_known=~nw.col("rows").is_null() | (nw.coalesce(nw.col("n_legs"), nw.lit(1)) == 0)
    )
    return _judged(known, scope)


def _with_talk(known: Facts) -> Facts:
    """Add `talk_s` and `lonely_s`, null where the legs or the end are unknown."""

    def talk_of(meetings: Lazy, legs: Lazy) -> Lazy:
        return talk_seconds(legs, meetings.filter(nw.col("rejoined")).select("key"), known.source.engine)

    talk = _each(known.source, known.meetings, known.legs, talk_of)
    has_both = nw.col("is_known") & ~nw.col("meeting_s").is_null()
    meetings = known.meetings.join(talk, on="key", how="left").with_columns(
        nw.when(has_both).then(nw.coalesce(nw.col(name), nw.lit(0))).alias(name) for name in ("talk_s", "lonely_s")
    )
    return replace(known, meetings=meetings)


def _judged(known: Lazy, scope: Scope) -> Lazy:
    """Turn sums into facts: null where unknown, 0 only where 0 is known."""
    is_known = nw.col("is_known")
    counted = known.with_columns(
        nw.when(is_known).then(nw.coalesce(nw.col(name), nw.lit(0)).cast(nw.Int64)).alias(name)
        for name in ("rows", "legs", "closed", "leg_s", "people", "withheld")
    )
    all_closed = is_known & (nw.col("legs") > 0) & (nw.col("legs") == nw.col("closed"))
    spans = counted.with_columns(
        leg_s=nw.when((nw.col("legs") == 0) | (nw.col("closed") > 0)).then(nw.col("leg_s")),
        first=nw.when(is_known).then(nw.col("first")).otherwise(nw.col("s")),
        last=nw.when(all_closed).then(nw.col("last")).otherwise(nw.when(~is_known & (nw.col("e") >= nw.col("s"))).then(nw.col("e"))),
        size=nw.col("people") + nw.col("withheld"),
        till=nw.coalesce("last", "e"),
    ).with_columns(meeting_s=nw.col("last") - nw.col("first"))  # fmt: skip
    enough = nw.col("size") >= scope.min_parties
    return spans.select(
        "key", "meeting_id", "pull_id", "creator", "name", "s", "e", "at", "is_known",
        "rows", "legs", "closed", "leg_s", "first", "last", "people", "withheld", "size", "meeting_s", "till",
        counts=nw.when(is_known).then(enough).otherwise(nw.lit(True)),
        rejoined=nw.when(is_known).then(nw.col("legs") > nw.col("size")).otherwise(nw.lit(False)),
    )  # fmt: skip


class Outcome(NamedTuple):
    """Reason → how many were left out, the days on which meetings lie (their numbers, sorted), the period when it is
    known, and of each day `day first last` (the first and the last second `at`) and how many of it were left out.
    """

    excluded: dict[str, int]
    days: tuple[int, ...]
    period: tuple[datetime, datetime] | None
    by_day: tuple[dict[str, int], ...]


@once()
def outcome(facts: Facts) -> Outcome:
    """Return the outcome of some facts, counted once."""
    counts, is_known = nw.col("counts"), nw.col("is_known")
    flags = {
        "too_few_people": ~counts,
        "legs_unknown": counts & ~is_known,
        "end_unknown": counts & nw.col("meeting_s").is_null(),
    }
    numbers = {
        "never_joined": nw.when(is_known).then(nw.col("rows") - nw.col("legs")).otherwise(0),
        "leg_end_unknown": nw.when(counts & is_known).then(nw.col("legs") - nw.col("closed")).otherwise(0),
    }
    marked = facts.meetings.select(
        "at",
        *(flag.cast(nw.Int64).alias(name) for name, flag in flags.items()),
        *(number.alias(name) for name, number in numbers.items()),
        day=nw.col("at") // DAY,
    )
    names = (*flags, *numbers)
    sums = [nw.col(name).sum() for name in names]
    # by the days that occur: a range of days would be as long as one wrong clock makes it
    found = facts.source.rows(
        marked.group_by("day").agg(*sums, nw.col("at").min().alias("first"), nw.col("at").max().alias("last"))
    )
    by_day = tuple({name: int(value or 0) for name, value in row.items()} for row in found)
    start = facts.scope.start or (instant_of(min(row["first"] for row in by_day)) if by_day else None)
    end = facts.scope.end or (instant_of(max(row["last"] for row in by_day) + 1) if by_day else None)
    return Outcome(
        excluded=_without_day(facts) | {name: sum(row[name] for row in by_day) for name in names},
        days=tuple(sorted(row["day"] for row in by_day)),
        period=None if start is None or end is None else (start, end),
        by_day=by_day,
    )


def _without_day(facts: Facts) -> dict[str, int]:
    """Count the meetings that belong to no day, of whatever period."""
    no_start = nw.col("s").is_null()
    missing = {"no_start": no_start}
    if facts.scope.day_of == "ends":
        missing["not_ended"] = ~no_start & nw.col("e").is_null()
    flags = facts.source.meetings.select(flag.cast(nw.Int64).alias(name) for name, flag in missing.items())
    counted: dict[str, int] = facts.source.rows(flags.select(nw.col(*missing).sum().cast(nw.Int64)))[0]
    return counted
