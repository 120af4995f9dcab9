"""How large meetings are, and how long: meetings by class, every class a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.facts import DayOf
from ytxdata.metrics.groups import SIZES, Book, Group
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import Lazy, ReportSource
from ytxdata.metrics.sums import add_up, minutes, percent
from ytxdata.times import Instant

DURATIONS = (("< 1", 0), ("1–5", 60), ("5–15", 300), ("15–30", 900), ("30–60", 1800), ("60–120", 3600), ("120–240", 7200), ("≥ 240", 14400))  # fmt: skip
"""Duration class [min] and the fewest seconds in it; the next class's are no longer in it."""


@register(place=70, rows=8)
def sizes(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Count meetings by how many people they had (withheld legs included).

    One row is a class, also an empty one. Meetings whose legs are unknown are left out and counted.

    Parameters
    ----------
    source, start, end, group, book, min_parties, day_of
        As in `usage`; with groups each has a row of its own for every class, and shares are of the group.

    Returns
    -------
    Report
        `size_bucket meetings share_pct meeting_minutes`, always 8 rows (of each group), from small to large; with
        `min_parties=0` a ninth, `0`, comes first: meetings that nobody joined.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    rows = Breakdown.of(source, start, end, group=group, book=book, min_parties=min_parties, day_of=day_of)
    classes = SIZES if min_parties else (("0", 0), *SIZES)
    return _classes(rows, "sizes", Text("会议规模", "Sizes"), "size_bucket", "size", classes)


@register(place=80, rows=8)
def durations(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Count meetings by how long they lasted.

    One row is a class `[a, b)` of minutes, also an empty one. Meetings whose end is unknown are left out and counted.

    Parameters
    ----------
    source, start, end, group, book, min_parties, day_of
        As in `usage`; with groups each has a row of its own for every class, and shares are of the group.

    Returns
    -------
    Report
        `duration_class meetings share_pct meeting_minutes`, always 8 rows (of each group), from short to long.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    rows = Breakdown.of(source, start, end, group=group, book=book, min_parties=min_parties, day_of=day_of)
    return _classes(rows, "durations", Text("会议时长分布", "Durations"), "duration_class", "meeting_s", DURATIONS)


def _classes(
    rows: Breakdown, name: str, title: Text, key: str, column: str, classes: Sequence[tuple[str, int]]
) -> Report:
    place = sum(((nw.col(column) >= low).cast(nw.Int64) for _, low in classes[1:]), nw.lit(0, nw.Int64))
    known = rows.meetings.filter(~nw.col(column).is_null()).with_columns(place=place)
    sums = add_up(known, ("row", "place"), ("meeting_s",))
    labels = rows.source.engine.small(
        pa.table({"place": pa.array(range(len(classes)), pa.int64()), key: pa.array([text for text, _ in classes])})
    )
    every = rows.occurring(known).join(labels, how="cross").join(sums, on=["row", "place"], how="left")
    counted = every.with_columns(meetings=nw.coalesce(nw.col("n"), nw.lit(0)).cast(nw.Int64))
    shown = counted.with_columns(total=nw.col("meetings").sum().over("row")).with_columns(
        share_pct=percent("meetings", "total"),
        meeting_minutes=nw.when(nw.col("n") > 0).then(minutes("meeting_s")).otherwise(nw.lit(0.0)),
    )
    bounds = {text: (low, high) for (text, low), (_, high) in pairwise([*classes, ("", None)])}

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        low, high = bounds[row[key]]
        inside = nw.col(column) >= low
        return rows.records(row).filter(inside if high is None else inside & (nw.col(column) < high))

    columns = (key, "meetings", "share_pct", "meeting_minutes")
    return rows.report(name, title, shown, columns, trace, then=("place",))
