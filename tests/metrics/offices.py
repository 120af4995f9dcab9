"""Offices to count: random ones, the difficult ones by hand, and their frames in each engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

from tests.metrics.oracle import Leg, Meeting, Office
from ytxdata.metrics import Frames, Report
from ytxdata.metrics.engines import OFFSET
from ytxdata.metrics.groups import resolve
from ytxdata.metrics.source import Source
from ytxdata.records.schema import to_pandas

NUMBERS = ("+8613900000000", "+861065520000", "+12025550100", "+8613900000001", None)
CREATORS = ("+8613900000000", "+8613900000001", "+8613900000002", None)
_DAY = 86_400
EDGES = (20_544 * _DAY, 20_543 * _DAY, 20_544 * _DAY + 9 * 3600, 20_511 * _DAY + 18 * 3600)
"""Local epoch seconds: 2026-04-01 00:00 (a Wednesday), the midnight before, 09:00 of that day, 18:00 of 2026-02-27 (a Friday)."""

MEETINGS = pa.schema([
    ("meeting_id", pa.string()), ("creator", pa.string()), ("started_at", pa.timestamp("us", "UTC")),
    ("ended_at", pa.timestamp("us", "UTC")), ("n_legs", pa.int64()), ("name", pa.string()), ("pull_id", pa.string()),
])  # fmt: skip
LEGS = pa.schema([
    ("meeting_id", pa.string()), ("leg", pa.int64()), ("number", pa.string()),
    ("joined_at", pa.timestamp("us", "UTC")), ("left_at", pa.timestamp("us", "UTC")),
])  # fmt: skip


def _instant(second: int | None) -> int | None:
    return None if second is None else (second - OFFSET) * 1_000_000


def tables(office: Office) -> tuple[pa.Table, pa.Table]:
    meetings = [
        {"meeting_id": m.meeting_id, "creator": m.creator, "started_at": _instant(m.start), "ended_at": _instant(m.end), "n_legs": m.n_legs, "name": m.name, "pull_id": f"pull-{m.meeting_id}"}
        for m in office.meetings
    ]  # fmt: skip
    legs = [
        {"meeting_id": leg.meeting_id, "leg": leg.leg, "number": leg.number, "joined_at": _instant(leg.join), "left_at": _instant(leg.leave)}
        for leg in office.legs
    ]  # fmt: skip
    return pa.Table.from_pylist(meetings, MEETINGS), pa.Table.from_pylist(legs, LEGS)


def pandas_frames(office: Office) -> Frames:
    meetings, legs = tables(office)
    return Frames(to_pandas(meetings), to_pandas(legs))


def polars_frames(office: Office) -> Frames:
    meetings, legs = tables(office)
    return Frames(pl.from_arrow(meetings), pl.from_arrow(legs))


def duckdb_frames(office: Office) -> Frames:
    connection = duckdb.connect()
    meetings, legs = tables(office)
    return Frames(connection.from_arrow(meetings), connection.from_arrow(legs))


ENGINES: dict[str, Callable[[Office], Frames]] = {
    "pandas": pandas_frames,
    "polars": polars_frames,
    "duckdb": duckdb_frames,
}


def streamed(office: Office) -> Source:
    """On DuckDB as an archive is counted: on a connection of ours, where running counts stream over sorted steps."""
    source = resolve(duckdb_frames(office))
    return replace(source, engine=source.engine.ours)


def rows(report: Report) -> list[dict[str, Any]]:
    """The rows of a report, its instants as local epoch seconds."""
    found: list[dict[str, Any]] = report.arrow.to_pylist()
    return [
        {key: int(value.timestamp()) + OFFSET if hasattr(value, "timestamp") else value for key, value in row.items()}
        for row in found
    ]


NAMES = (None, "周会 3 月", "Sales weekly", "one to one")


@st.composite
def offices(draw: st.DrawFn, step: int = 1) -> Office:
    """A few meetings around the edges of days, months and working hours, with everything that can be unknown.

    With a larger step there are few seconds at which anything can happen, and so much at one.
    """

    def _near(edge: int) -> st.SearchStrategy[int]:
        return st.integers(-90 // step, 90 // step).map(lambda n: edge + n * step)

    meetings, legs = [], []
    for number in range(draw(st.integers(0, 4))):
        edge = draw(st.sampled_from(EDGES))
        start = draw(st.none() | _near(edge)) if draw(st.booleans()) else draw(_near(edge))
        ends = [None if start is None else start + step * draw(st.integers(0, 120 // step)), None, draw(_near(edge))]
        end = ends[draw(st.sampled_from((0, 0, 0, 1, 2)))]
        meeting_id = f"m{number}"
        listed = []
        for position in range(draw(st.integers(0, 4))):
            join = draw(st.sampled_from([None, 0, 0, 0])) if draw(st.booleans()) else 0
            join = None if join is None else (start if start is not None and draw(st.booleans()) else draw(_near(edge)))
            spent = draw(st.none() | st.integers(0, 90 // step).map(lambda n: n * step) | st.just(-1))
            leave = None if join is None or spent is None else join + spent
            listed.append(Leg(meeting_id, position + 1, draw(st.sampled_from(NUMBERS)), join, leave))
        n_legs = len(listed) if listed else draw(st.sampled_from((None, 0)))
        name = draw(st.sampled_from(NAMES))
        meetings.append(Meeting(meeting_id, draw(st.sampled_from(CREATORS)), start, end, n_legs, name))
        legs += listed
    return Office(meetings, legs)


_FIRST = date(2026, 4, 1)
_APART = [(_FIRST - date(year, month, 1)).days * _DAY for year in range(2026, 2020, -1) for month in (4, 1)]


def apart(each: Sequence[Office]) -> Office:
    """Offices as one, each about the first of another month: what a day, a month or a meeting has is that of one alone,
    and a report, which takes as long on four meetings as on forty, is asked once.
    """
    meetings: list[Meeting] = []
    legs: list[Leg] = []
    for place, (office, ago) in enumerate(zip(each, _APART, strict=False)):

        def at(second: int | None, ago: int = ago) -> int | None:
            return None if second is None else second - ago

        meetings += [
            one._replace(meeting_id=f"{one.meeting_id}-{place}", start=at(one.start), end=at(one.end))
            for one in office.meetings
        ]
        legs += [
            one._replace(meeting_id=f"{one.meeting_id}-{place}", join=at(one.join), leave=at(one.leave))
            for one in office.legs
        ]
    return Office(meetings, legs)


def several(of: st.SearchStrategy[Office], n: int) -> st.SearchStrategy[Office]:
    """So many offices apart, at most twelve."""
    assert n <= len(_APART)
    return st.lists(of, min_size=n, max_size=n).map(apart)


def difficult() -> Office:
    """What goes wrong elsewhere, by hand: midnight, month edge, back to back, re-joins, open legs, running, zero, withheld, none, 500, one id for two."""
    midnight = EDGES[0]
    a, b, c, d, withheld = NUMBERS
    meetings = [
        Meeting("midnight", CREATORS[0], midnight - 600, midnight + 300, 2),
        Meeting("ends-at-24", CREATORS[1], midnight - 900, midnight, 2),
        Meeting("back-to-back", CREATORS[1], midnight, midnight + 60, 2),
        Meeting("rejoins", CREATORS[0], midnight + 3600, midnight + 4200, 4),
        Meeting("open-legs", CREATORS[2], midnight + 9 * 3600 - 30, midnight + 9 * 3600 + 30, 2),
        Meeting("running", CREATORS[2], midnight + 86_400, None, 2),
        Meeting("zero", CREATORS[0], midnight + 7200, midnight + 7200, 1),
        Meeting("withheld", None, midnight + 18 * 3600 - 60, midnight + 18 * 3600 + 60, 3),
        Meeting("nobody-came", CREATORS[0], midnight + 8000, midnight + 8060, 1),
        Meeting("unknown-legs", CREATORS[1], midnight - 31 * 86_400, midnight - 31 * 86_400 + 1234, None),
        Meeting("empty-list", CREATORS[1], midnight + 8100, midnight + 8160, 0),
        Meeting("no-start", CREATORS[1], None, midnight, 1),
        Meeting("crowd", CREATORS[3], midnight + 10 * 3600, midnight + 10 * 3600 + 90, 500),
        Meeting("bad-end", CREATORS[0], midnight + 50_000, midnight + 50_100, 2),
        Meeting("twins", CREATORS[1], midnight + 60_000, None, 2),
        Meeting("twins", CREATORS[2], midnight - 60_000, midnight - 59_000, 3),
    ]
    legs = [
        Leg("midnight", 1, a, midnight - 600, midnight + 300), Leg("midnight", 2, b, midnight - 1, midnight + 1),
        Leg("ends-at-24", 1, a, midnight - 900, midnight), Leg("ends-at-24", 2, c, midnight - 800, midnight - 100),
        Leg("back-to-back", 1, a, midnight, midnight + 60), Leg("back-to-back", 2, b, midnight + 1, midnight + 60),
        Leg("rejoins", 1, a, midnight + 3600, midnight + 3700), Leg("rejoins", 2, a, midnight + 3650, midnight + 3900),
        Leg("rejoins", 3, a, midnight + 3900, midnight + 4000), Leg("rejoins", 4, b, midnight + 3600, midnight + 3660),
        Leg("open-legs", 1, c, midnight + 9 * 3600 - 30, None), Leg("open-legs", 2, d, midnight + 9 * 3600, midnight + 9 * 3600 + 10),
        Leg("running", 1, a, midnight + 86_400, None), Leg("running", 2, b, midnight + 86_410, midnight + 86_420),
        Leg("zero", 1, a, midnight + 7200, midnight + 7200),
        Leg("withheld", 1, withheld, midnight + 18 * 3600 - 60, midnight + 18 * 3600 + 60),
        Leg("withheld", 2, withheld, midnight + 18 * 3600 - 60, midnight + 18 * 3600 + 60),
        Leg("withheld", 3, b, midnight + 18 * 3600, midnight + 18 * 3600 + 10),
        Leg("nobody-came", 1, b, None, None),
        Leg("no-start", 1, b, midnight - 10, midnight),
        Leg("bad-end", 1, a, midnight + 50_000, midnight + 49_000), Leg("bad-end", 2, b, midnight + 50_000, midnight + 50_020),
        Leg("twins", 1, a, midnight + 60_000, None), Leg("twins", 2, c, midnight + 60_005, midnight + 60_100),
        Leg("twins", 1, b, midnight - 60_000, midnight - 59_100), Leg("twins", 2, d, midnight - 59_900, midnight - 59_000), Leg("twins", 3, c, None, None),
    ]  # fmt: skip
    legs += [
        Leg("crowd", n, f"+86139{n:08d}", midnight + 36_000 + n % 7, midnight + 36_000 + 30 + n % 61)
        for n in range(1, 501)
    ]
    return Office(meetings, legs)


@st.composite
def wanderers(draw: st.DrawFn) -> Office:
    """Meetings of which anything may lie on any of five days: legs before the start, behind the end, days apart."""

    def moment() -> st.SearchStrategy[int]:
        return st.integers(0, 5 * 8 - 1).map(lambda n: EDGES[1] + n * _DAY // 8)

    meetings, legs = [], []
    for number in range(draw(st.integers(1, 5))):
        listed = [
            Leg(f"m{number}", n, draw(st.sampled_from(NUMBERS)), draw(moment()), draw(st.none() | moment()))
            for n in range(1, draw(st.integers(0, 3)) + 1)
        ]
        start, end = draw(moment()), draw(st.none() | moment())
        n_legs = len(listed) if listed else draw(st.sampled_from((None, 0)))
        meetings.append(Meeting(f"m{number}", draw(st.sampled_from(CREATORS)), start, end, n_legs, None))
        legs += listed
    return Office(meetings, legs)
