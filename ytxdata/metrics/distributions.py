"""How large meetings are, and how long: meetings by class, every class a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.labels import Text
from ytxdata.metrics.facts import Facts, facts
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import DayOf, Scope
from ytxdata.metrics.source import resolve
from ytxdata.metrics.sums import add_up, minutes, percent
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]

SIZES = (("1", 1), ("2", 2), ("3–5", 3), ("6–10", 6), ("11–15", 11), ("16–25", 16), ("26–50", 26), ("> 50", 51))
"""Size class and the smallest number of people in it."""

DURATIONS = (("< 1", 0), ("1–5", 60), ("5–15", 300), ("15–30", 900), ("30–60", 1800), ("60–120", 3600), ("120–240", 7200), ("≥ 240", 14400))  # fmt: skip
"""Duration class [min] and the fewest seconds in it; the next class's are no longer in it."""


def sizes(
    source: Any,
    start: Instant | None = None,
    end: Instant | None = None,
    *,
    min_parties: int = 1,
    day_of: DayOf = "starts",
) -> Report:
    """Count meetings by how many people they had (withheld legs included).

    One row is a class, also an empty one. Meetings whose legs are unknown are left out and counted.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.

    Returns
    -------
    Report
        `size_bucket meetings share_pct meeting_minutes`, always 8 rows, from small to large.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of))
    return _classes(known, "sizes", Text("会议规模", "Sizes"), "size_bucket", "size", SIZES)


def durations(
    source: Any,
    start: Instant | None = None,
    end: Instant | None = None,
    *,
    min_parties: int = 1,
    day_of: DayOf = "starts",
) -> Report:
    """Count meetings by how long they lasted.

    One row is a class `[a, b)` of minutes, also an empty one. Meetings whose end is unknown are left out and counted.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.

    Returns
    -------
    Report
        `duration_class meetings share_pct meeting_minutes`, always 8 rows, from short to long.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of))
    return _classes(known, "durations", Text("会议时长分布", "Durations"), "duration_class", "meeting_s", DURATIONS)


def _classes(known: Facts, name: str, title: Text, key: str, column: str, classes: Sequence[tuple[str, int]]) -> Report:
    place = (
        nw.when(nw.col(column) < classes[0][1])
        .then(-1)
        .otherwise(sum((nw.col(column) >= low).cast(nw.Int64) for _, low in classes) - 1)
    )
    sorted_in = known.counted.filter(~nw.col(column).is_null()).with_columns(place=place.cast(nw.Int64))
    sums = add_up(sorted_in, ("place",), ("meeting_s",))
    labels = known.source.engine.small(
        pa.table({"place": pa.array(range(len(classes)), pa.int64()), key: pa.array([text for text, _ in classes])})
    )
    rows = labels.join(sums, on="place", how="left").with_columns(
        all=nw.lit(0, nw.Int64), meetings=nw.coalesce(nw.col("n"), nw.lit(0)).cast(nw.Int64)
    )
    shares = rows.with_columns(total=nw.col("meetings").sum().over("all")).with_columns(
        share_pct=percent("meetings", "total"),
        meeting_minutes=nw.when(nw.col("n") > 0).then(minutes("meeting_s")).otherwise(nw.lit(0.0)),
    )
    bounds = {text: (low, high) for (text, low), (_, high) in pairwise([*classes, ("", None)])}

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        low, high = bounds[row[key]]
        inside = nw.col(column) >= low
        return evidence(known).filter(inside if high is None else inside & (nw.col(column) < high))

    return build(known, name, title, shares.sort("place"), (key, "meetings", "share_pct", "meeting_minutes"), trace)
