"""What is known of each meeting, in integers: the one place where joins, people, seconds and unknowns are defined.

Every report is a sum over these rows, so that no two reports can disagree about a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw

from ytxdata.metrics import sweep
from ytxdata.metrics.scope import Scope
from ytxdata.metrics.source import Source
from ytxdata.metrics.sums import null_like

Lazy = nw.LazyFrame[Any]


def timed(legs: Lazy, meetings: Lazy) -> Lazy:
    """Return the legs of some meetings with `end` (open legs closed at the meeting's end), `len_s` and `person`.

    An end that stays unknown, or lies before the join, is null. A leg without a number is a person of its own.
    """
    end = nw.coalesce("l", "e")
    known = legs.join(meetings.select("id", "key", "e"), on="id", how="inner").with_columns(
        end=nw.when(end >= nw.col("j")).then(end),
        person=nw.coalesce(nw.col("number"), nw.concat_str([nw.lit("#"), nw.col("leg").cast(nw.String)])),
    )
    return known.with_columns(len_s=nw.col("end") - nw.col("j")).drop("id", "l", "e")


@dataclass(frozen=True)
class Facts:
    """The meetings of a scope, one row each, computed once, and their legs.

    Columns of `meetings`: `key` (a number for the length of the session) `meeting_id pull_id creator s e at`, then, null where unknown: `is_known` (whether its legs are),
    `rows` (parties listed), `legs`, `closed` (legs with a known end), `leg_s`, `first`, `last`, `people`, `withheld`, `size`,
    `meeting_s`, `talk_s`, `lonely_s`, `till` (the latest known moment); and `counts` (whether it has enough people).
    """

    source: Source
    scope: Scope
    meetings: Lazy
    legs: Lazy
    held: dict[str, Any] = field(default_factory=dict)

    @property
    def counted(self) -> Lazy:
        """The meetings that count."""
        return self.meetings.filter(nw.col("counts"))

    @property
    def joined(self) -> Lazy:
        """The joins of the meetings that count, with the meeting's `at` and `creator`."""
        return self.legs.filter(~nw.col("j").is_null()).join(
            self.counted.select("key", "at", "creator"), on="key", how="inner"
        )


def facts(source: Source, scope: Scope, *, talk: bool = False) -> Facts:
    """Return the facts of the meetings of a scope; asking again for the same scope costs nothing.

    Only with `talk` are `talk_s` and `lonely_s` computed, which takes a sort of all joins and leaves.
    """
    if (scope, True) in source.held:
        talk = True
    elif (scope, talk) not in source.held:
        source.held[scope, talk] = _facts(source, scope, talk=talk)
    kept: Facts = source.held[scope, talk]
    return kept


def touching(known: Facts) -> Facts:
    """Return the facts of all meetings of which any moment may lie in the period, also those begun before it."""
    start, end = known.scope.edges
    if start is None and end is None and known.scope.day_of == "starts":
        return known
    source = known.source
    keys = nw.concat(
        [_overlapping(source.legs, "j", "l", start, end), _overlapping(source.meetings, "s", "e", start, end)]
    )
    part = replace(source, meetings=source.meetings.join(keys.unique(), on="id", how="semi"), held=known.held)
    return facts(part, Scope(min_parties=known.scope.min_parties))


def _overlapping(frame: Lazy, first: str, last: str, start: int | None, end: int | None) -> Lazy:
    begun, over = nw.col(first), nw.col(last)
    inside = ~begun.is_null() if end is None else begun < end
    return frame.filter(inside if start is None else inside & (over.is_null() | (over > start))).select("id")


def _facts(source: Source, scope: Scope, *, talk: bool) -> Facts:
    meetings = source.engine.numbered(scope.placed(source.meetings))
    legs = timed(source.legs, meetings)
    each = persons(legs)
    per_meeting = (
        each.with_columns(withheld=nw.when(nw.col("named") == 0).then(nw.col("legs")).otherwise(0))
        .group_by("key")
        .agg(
            *(nw.col(name).sum() for name in ("rows", "legs", "closed", "leg_s", "withheld")),
            nw.col("named").sum().alias("people"),
            nw.col("first").min(),
            nw.col("last").max(),
        )
    )
    known = meetings.join(per_meeting, on="key", how="left").with_columns(
        is_known=~nw.col("rows").is_null() | (nw.coalesce(nw.col("n_legs"), nw.lit(1)) == 0)
    )
    if talk:
        known = known.join(sweep.talk(legs, each, source.engine.signs), on="key", how="left")
    else:
        known = known.with_columns(talk_s=null_like("s"), lonely_s=null_like("s"))
    return Facts(source, scope, source.engine.hold(_judged(known, scope, talk=talk)), legs)


def persons(legs: Lazy) -> Lazy:
    """Return one row per person and meeting: `key person rows legs closed leg_s first last named`.

    `rows` are listings, `legs` joins, `closed` joins with a known end; `named` is 1 for a number that joined.
    """
    named = ~nw.col("j").is_null() & ~nw.col("number").is_null()
    return (
        legs.with_columns(named=named.cast(nw.Int64))
        .group_by("key", "person")
        .agg(
            nw.len().alias("rows"),
            nw.col("j").count().alias("legs"),
            nw.col("len_s").count().alias("closed"),
            nw.col("len_s").sum().alias("leg_s"),
            nw.col("j").min().alias("first"),
            nw.col("end").max().alias("last"),
            nw.col("named").max(),
        )
    )


def _judged(known: Lazy, scope: Scope, *, talk: bool) -> Lazy:
    """Turn sums into facts: null where unknown, 0 only where 0 is known."""
    is_known = nw.col("is_known")
    counted = known.with_columns(
        nw.when(is_known).then(nw.coalesce(nw.col(name), nw.lit(0)).cast(nw.Int64)).alias(name)
        for name in ("rows", "legs", "closed", "leg_s", "people", "withheld", *(("talk_s", "lonely_s") if talk else ()))
    )
    all_closed = is_known & (nw.col("legs") > 0) & (nw.col("legs") == nw.col("closed"))
    spans = counted.with_columns(
        leg_s=nw.when((nw.col("legs") == 0) | (nw.col("closed") > 0)).then(nw.col("leg_s")),
        first=nw.when(is_known).then(nw.col("first")).otherwise(nw.col("s")),
        last=nw.when(all_closed).then(nw.col("last")).otherwise(nw.when(~is_known & (nw.col("e") >= nw.col("s"))).then(nw.col("e"))),
        size=nw.col("people") + nw.col("withheld"),
        till=nw.coalesce("last", "e"),
    ).with_columns(meeting_s=nw.col("last") - nw.col("first"))  # fmt: skip
    has_end = ~nw.col("meeting_s").is_null()
    enough = nw.col("size") >= scope.min_parties
    return spans.select(
        "key", "meeting_id", "pull_id", "creator", "s", "e", "at", "is_known",
        "rows", "legs", "closed", "leg_s", "first", "last", "people", "withheld", "size", "meeting_s", "till",
        talk_s=nw.when(has_end).then(nw.col("talk_s")),
        lonely_s=nw.when(has_end).then(nw.col("lonely_s")),
        counts=nw.when(is_known).then(enough).otherwise(nw.lit(True)),
    )  # fmt: skip
