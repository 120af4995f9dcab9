"""Who meets whom, and who was alone: how long departments or persons were connected at once, and the lonely minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Literal, Unpack, cast

import narwhals as nw
import numpy as np
import pyarrow as pa

from ytxdata.errors import UsageError, cannot_be
from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown, with_prices, withheld_of
from ytxdata.metrics.calendar import PERIODS, By, check_by
from ytxdata.metrics.engines import Engine
from ytxdata.metrics.facts import DayOf, whole
from ytxdata.metrics.groups import Book, Group, resolve
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report, build, evidence, more_than, same_meeting
from ytxdata.metrics.source import ReportSource, Where, with_creators
from ytxdata.metrics.sums import (
    COMES_OR_GOES,
    Lazy,
    add_up,
    cost_alone,
    count,
    distinct,
    minutes,
    percent,
    talk_seconds,
    whole_sums,
)
from ytxdata.metrics.tariff import Tariff, yuan
from ytxdata.tables.described import to_arrow
from ytxdata.times import Instant

EDGES = ("a", "b", "meetings", "shared_minutes")
NODES = ("unit", "people", "meetings_joined", "degree", "inside_shared", "outside_shared", "inside_shared_pct")


_NO_BOOK = Text("按部门需要通讯簿", "departments need an address book")
_HOW = Text(
    '给出通讯簿（book=、--book），或按人：unit="person"',
    'give an address book (book=, --book), or ask by person: unit="person"',
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network(Report):
    """Pairs that met (`a b meetings shared_minutes`), and each unit by itself.

    Parameters
    ----------
    nodes
        `unit people meetings_joined degree inside_shared outside_shared inside_shared_pct`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> found = ytx.metrics.network(history, "2024-03", "2024-04", unit="person")
    >>> found.nodes.arrow.column_names[:3]
    ['unit', 'people', 'meetings_joined']
    """

    nodes: Report | None = None


@register(place=115, rows=30, personal=True, needs=("book",))
def network(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    unit: Literal["department", "person"] = "department", book: Book | None = None,
    min_meetings: int = 1, min_group: int = 0,
    min_parties: int = 1, day_of: DayOf = "starts", **_where: Unpack[Where],
) -> Network:  # fmt: skip
    """Find who meets whom, and for how long.

    One row is a pair that was connected at once in at least one meeting. A unit is there while anybody of it is; what
    two units share is the time during which both are, summed over meetings.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.
    unit
        `department` of each leg's own number by the book, those it does not know together; or `person`, a number.
    book
        The address book, as in `usage`; needed for departments.
    min_meetings
        Pairs with fewer meetings are left out.
    min_group
        Departments of fewer people are left out, with their pairs.

    Returns
    -------
    Network
        `a b meetings shared_minutes` (`a` before `b`), most shared minutes first. `.nodes`: `unit people
        meetings_joined degree` (units it met) `inside_shared` [min] (two or more of its people at once)
        `outside_shared` [min] (summed over its pairs) `inside_shared_pct`.

    Raises
    ------
    UsageError
        As in `usage`; or the unit is none, or departments are asked for without a book.

    Notes
    -----
    The legs of a unit in a meeting are united by a sweep first: pairs are made of units, not of legs, of those alone
    that were in `min_meetings` meetings, and of some meetings at a time, so that memory grows with legs and rows.
    Persons of one meeting of n people are n × (n − 1) ÷ 2 pairs all the same.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> ytx.metrics.network(history, "2024-03", "2024-04", unit="person").arrow.column_names
    ['a', 'b', 'meetings', 'shared_minutes']
    """
    if unit not in ("department", "person"):
        raise cannot_be("unit", unit, Text("可选：department、person", "choose department or person"))
    least, small = whole("min_meetings", min_meetings), whole("min_group", min_group)
    by_number = unit == "person"
    if not by_number and book is None:
        labels = chain.from_iterable((resolve(source, day_of).accounts or {}).values())
        if unit not in labels:
            raise UsageError(_NO_BOOK, remedy=_HOW)
    asked: dict[str, Any] = {"book": book, "group_of": "leg", "min_parties": min_parties, "day_of": day_of}
    rows = Breakdown.of(source, start, end, group="number" if by_number else "department", **asked)
    held = rows.source.engine.hold(_presence(rows))
    people = _people(rows)
    large = people.filter(nw.col("members") >= small).select("g")
    # who was in fewer meetings than a pair needs is in no pair: most people of a company, before pairs are made
    often = people.filter((nw.col("members") >= small) & (nw.col("meetings_joined") >= least)).select("g")
    sums = _sums(held.join(often, on="g", how="semi"), rows.source.engine)
    edges = rows.source.engine.hold(sums.filter(nw.col("meetings") >= least))
    left_out = rows.source.total(people, nw.col("members") < small)

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        labels = rows.groups.labels if rows.groups else ()
        g = [labels.index(row[name]) for name in ("a", "b", "unit") if name in row]
        records = rows.grouped(evidence(rows.known).filter(~nw.col("leg").is_null())).filter(nw.col("g").is_in(g))
        if "unit" in row:
            return records
        met = _pairs(held.filter(nw.col("g").is_in(g))).filter((nw.col("a") == min(g)) & (nw.col("b") == max(g)))
        return records.join(met.select("key"), on="key", how="semi")

    more: dict[str, Any] = {
        "own": ("a", "b", "unit") if by_number else (),
        "notes": (*_notes(left_out), *rows.notes),
        "excluded": withheld_of(rows) if by_number else {},
    }
    named = _named(_named(edges, rows, "a"), rows, "b").sort("shared_s", "a", "b", descending=[True, False, False])
    shown = named.with_columns(shared_minutes=minutes("shared_s"), a=nw.col("a_label"), b=nw.col("b_label"))
    made = build(rows.known, "network", Text("谁与谁开会", "Who meets whom"), shown, EDGES, trace, **more)
    nodes = _nodes(rows, edges, people.join(large, on="g", how="semi"))
    told = build(rows.known, "network_nodes", Text("各单位", "Units"), nodes, NODES, trace, **more)
    made = replace(_masked(made, rows), order=("shared_minutes", "a", "b"), pairs=("a", "b"))
    return more_than(made, Network, nodes=replace(_masked(told, rows), order=("outside_shared", "unit")))


def _legs(rows: Breakdown) -> Lazy:
    """Return the joins of the meetings that count with the unit of each, `g`. Nobody is a person without a number."""
    joined = rows.known.joined
    by_number = rows.groups is not None and rows.groups.name == "number"
    return rows.grouped(joined.filter(~nw.col("number").is_null()) if by_number else joined)


def _masked(report: Report, rows: Breakdown) -> Report:
    names = ("a", "b", "unit")
    told = (replace(one, **rows.called) if one.key in names else one for one in report.definitions)
    return replace(report, definitions=tuple(told))


def _presence(rows: Breakdown) -> Lazy:
    """Return the intervals during which anybody of a unit was in a meeting: `key g j end`, none of one unit and
    meeting overlapping.
    """
    legs = _legs(rows).filter(nw.col("len_s") > 0)
    engine = rows.source.engine
    both = engine.steps(legs, "key", "g", begins="j", ends="end")
    turns = engine.running(both, "key", "g").filter(COMES_OR_GOES)
    # coming and going take turns, so that the end of an interval is the next row; as floats, since pandas puts no
    # null among its integers
    until = nw.col("t").cast(nw.Float64).shift(-1).over("key", "g", order_by="place")
    spans = turns.with_columns(until=until).filter(nw.col("step") == 1)
    return spans.select("key", "g", j=nw.col("t"), end=nw.col("until").cast(nw.Int64))


_AT_ONCE = 1_000_000
"""Pairs of legs that are made at a time: all at once they took 0.4 KB each, whoever they were between."""


def _sums(presence: Lazy, engine: Engine) -> Lazy:
    """Return who met in how many meetings and for how long: `a b meetings shared_s`.

    Some meetings after the others where an engine would hold all that is joined: no more than legs and pairs of units.
    """

    def met(some: Lazy) -> Lazy:
        return whole_sums(_pairs(some).with_columns(meetings=nw.lit(1, nw.Int64)), ("a", "b"), "meetings", "shared_s")

    if engine.streams:
        return met(presence)
    sizes = to_arrow(count(presence, ("key",), "n").sort("key").to_native())
    keys, n = (sizes[name].to_numpy(zero_copy_only=False) for name in ("key", "n"))
    turns = np.cumsum(n.astype(np.int64) ** 2) // _AT_ONCE
    first = keys[np.flatnonzero(np.diff(turns, prepend=-1))].tolist()
    if len(first) < 2:
        return met(presence)
    edges = [*first, int(keys[-1]) + 1]
    parts = [
        engine.hold(met(presence.filter((nw.col("key") >= since) & (nw.col("key") < until))))
        for since, until in pairwise(edges)
    ]
    return whole_sums(nw.concat(parts), ("a", "b"), "meetings", "shared_s")


def _pairs(presence: Lazy) -> Lazy:
    """Return the meetings in which two units were there at once: `key a b shared_s`."""
    one = presence.select("key", a=nw.col("g"), j=nw.col("j"), end=nw.col("end"))
    other = presence.select("key", b=nw.col("g"), since=nw.col("j"), until=nw.col("end"))
    both = one.join(other, on="key", how="inner").filter(nw.col("a") < nw.col("b"))
    shared = nw.min_horizontal("end", "until") - nw.max_horizontal("j", "since")
    parts = both.with_columns(shared_s=shared).filter(nw.col("shared_s") > 0)
    return whole_sums(parts, ("key", "a", "b"), "shared_s")


def _people(rows: Breakdown) -> Lazy:
    """Return how many numbers each unit has, and in how many meetings anybody of it was: `g people meetings_joined
    members`. Whoever is there under several accounts is several people, and yet one member: a unit of few must not
    grow with its accounts.
    """
    legs = _legs(rows)
    named = legs.filter(~nw.col("number").is_null())
    numbers = count(distinct(named, "g", "number"), ("g",), "people")
    if "g" in rows.source.own("g"):
        bare = distinct(named.with_columns(number=rows.source.plain("number")), "g", "number")
        numbers = numbers.join(count(bare, ("g",), "members"), on="g", how="left")
    else:
        numbers = numbers.with_columns(members=nw.col("people"))
    meetings = count(distinct(legs, "g", "key"), ("g",), "meetings_joined")
    known = (nw.coalesce(nw.col(name), nw.lit(0)).alias(name) for name in ("people", "members"))
    return meetings.join(numbers, on="g", how="left").with_columns(known)


def _nodes(rows: Breakdown, edges: Lazy, people: Lazy) -> Lazy:
    each = [
        edges.group_by(name).agg(nw.len().alias("degree"), nw.col("shared_s").sum()).rename({name: "g"})
        for name in ("a", "b")
    ]
    degrees = nw.concat(each).group_by("g").agg(nw.col("degree").sum(), outside_s=nw.col("shared_s").sum())
    # nobody is at once with themselves: a person's other legs are no company
    by_number = rows.groups is not None and rows.groups.name == "number"
    inside = people.select("g", inside_s=nw.lit(0, nw.Int64)) if by_number else _inside(rows)
    joined = people.join(degrees, on="g", how="left").join(inside, on="g", how="left").with_columns(
        nw.coalesce(nw.col(one), nw.lit(0)).cast(nw.Int64).alias(one) for one in ("degree", "outside_s", "inside_s")
    )  # fmt: skip
    named = _named(joined, rows, "g").with_columns(
        unit=nw.col("g_label"), all_s=nw.col("inside_s") + nw.col("outside_s")
    )
    shown = named.with_columns(
        inside_shared=minutes("inside_s"),
        outside_shared=minutes("outside_s"),
        inside_shared_pct=percent("inside_s", "all_s"),
    )
    # a person's are all outside: see the order in `network`
    return shown.sort("all_s", "unit", descending=[True, False])


def _inside(rows: Breakdown) -> Lazy:
    """Return the seconds during which two or more people of a unit were in one meeting: `g inside_s`."""
    # every unit of a meeting is swept as if it were a meeting of its own: talk is then what stays inside
    legs = _legs(rows)
    units = distinct(legs, "key", "g").with_columns(
        id=nw.concat_str([nw.col("key").cast(nw.String), nw.col("g").cast(nw.String)], separator="|")
    )
    keyed = rows.source.engine.numbered(units.select("id", "g", of=nw.col("key")))
    own = legs.join(
        keyed.select("of", "g", each=nw.col("key")), left_on=["key", "g"], right_on=["of", "g"], how="inner"
    )
    own = own.drop("key").with_columns(key=nw.col("each"))
    swept = talk_seconds(own, keyed.select("key"), rows.source.engine)
    inside = swept.join(keyed.select("key", "g"), on="key", how="inner").with_columns(inside_s=nw.col("talk_s"))
    return whole_sums(inside, ("g",), "inside_s")


def _named(frame: Lazy, rows: Breakdown, column: str) -> Lazy:
    labels = rows.groups.labels if rows.groups else ()
    table = pa.table(
        {column: pa.array(range(len(labels)), pa.int64()), f"{column}_label": pa.array(labels, pa.string())}
    )
    return frame.join(rows.source.engine.small(table), on=column, how="inner")


def _notes(n_small: int) -> tuple[Text, ...]:
    said = Text("两个单位同时有人在同一会议中的时间才算共同；单位按各接入自身的号码", "units share the time during which both have somebody in one meeting; the unit of a leg is that of its own number")  # fmt: skip
    if not n_small:
        return (said,)
    return (said, Text(f"{n_small} 个人数过少的单位已略去", f"{n_small} units of too few people are left out"))


@register(place=110, rows=15, personal=True, own=("by",))
def lonely(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None,
    by: Literal["meeting", "creator", "day", "week", "month", "total"] = "meeting", *,
    tariff: Tariff | str | Path | None = None,
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
    **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Find the minutes somebody was alone in a meeting: waiting, left behind, or forgotten to hang up.

    One row is a meeting, a creator, or a period. Meetings whose legs or end are unknown are left out and counted.

    Parameters
    ----------
    source, start, end, group, book, min_parties, day_of
        As in `usage`.
    by
        `meeting`, `creator`, or a period: `day`, `week`, `month`, `total`.
    tariff
        With a `Tariff` (or the path of one), also what those minutes cost by the class of the number that was alone.

    Returns
    -------
    Report
        `meeting_id started_at creator lonely_minutes meeting_minutes`, or
        `creator meetings lonely_minutes meeting_minutes`, or `period meetings lonely_minutes meeting_minutes is_partial
        covered_pct`; with a tariff also `lonely_cost` [yuan, decimal], null where the number has no price. Most
        lonely minutes first, periods in their order.

    Raises
    ------
    UsageError
        As in `usage`, or the tariff cannot be used.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> ytx.metrics.lonely(history).arrow.column_names[:3]
    ['meeting_id', 'started_at', 'creator']
    """
    check_by(by, ("meeting", "creator", *PERIODS))
    told = tariff if isinstance(tariff, Tariff) or tariff is None else Tariff.load(tariff)
    period = cast("By", by) if by in PERIODS else None
    rows = Breakdown.of(
        source, start, end, period, group=group, book=book, min_parties=min_parties, day_of=day_of, talk=True
    )
    alone = rows.meetings.filter(~nw.col("lonely_s").is_null())
    named = with_creators(rows.source, alone if told is None else _priced(rows, alone, told))
    named = named.with_columns(creator=nw.col("one"))
    money = () if told is None else ("nano",)
    if by == "creator":
        named = named.filter(~nw.col("creator").is_null())
    if by != "meeting":
        key = ("row", "creator") if by == "creator" else ("row",)
        named = add_up(named, key, ("lonely_s", "meeting_s", *money)).with_columns(meetings=nw.col("n"))
    first = {"meeting": ("meeting_id", "started_at", "creator"), "creator": ("creator", "meetings")}.get(
        by, ("meetings",)
    )
    if by == "meeting":
        named = named.with_columns(started_at=nw.col("s"))
    shown = named.with_columns(lonely_minutes=minutes("lonely_s"), meeting_minutes=minutes("meeting_s"))
    ties = {"meeting": ("meeting_id", "at"), "creator": ("creator",)}

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        found = with_creators(rows.source, rows.records(row)).with_columns(creator=nw.col("one"))
        if period:
            return found
        return found.filter(same_meeting(row) if by == "meeting" else nw.col("creator") == row["creator"])

    return rows.report(
        "lonely",
        Text("独自在线", "Alone in a meeting"),
        shown if told is None else shown.with_columns(lonely_cost=yuan("nano")),
        (*first, "lonely_minutes", "meeting_minutes", *(("lonely_cost",) if money else ())),
        trace,
        most="" if period else "lonely_minutes",
        then=ties.get(by, ()),
        instants=("started_at",) if by == "meeting" else (),
    )


def _priced(rows: Breakdown, alone: Lazy, tariff: Tariff) -> Lazy:
    """Add what being alone cost, `nano`: billionths of a yuan, null where the number that was alone has no price."""
    # seconds since the meeting began: small enough to be multiplied by a price
    closed = rows.known.legs.filter(~nw.col("len_s").is_null()).join(
        alone.select("key", "first", "meeting_id"), on="key", how="inner"
    )
    closed = closed.with_columns(j=nw.col("j") - nw.col("first"), end=nw.col("end") - nw.col("first"))
    cost = cost_alone(with_prices(rows.known, closed, tariff), rows.source.engine)
    return alone.join(cost, on="key", how="left").with_columns(
        nano=nw.when(nw.coalesce(nw.col("unpriced"), nw.lit(0)) == 0).then(
            (nw.coalesce(nw.col("price_s"), nw.lit(0)) + 30) // 60
        )
    )
