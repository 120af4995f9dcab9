"""Meetings for which some conditions hold, lazily on every engine: what a `Selection` stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.facts import Scope, facts
from ytxdata.metrics.groups import groups_of
from ytxdata.metrics.source import Lazy, Source, with_looked_up
from ytxdata.phones import normalize, number_class
from ytxdata.selection import Selection


def select(source: Source, selection: Selection) -> Source:
    """Return the source with only the meetings of a selection, each with all its legs.

    Raises
    ------
    UsageError
        A regular expression is none, or the book cannot be used.
    """
    kept = source.meetings
    for condition, wanted in selection.conditions.items():
        kept = _HOLDS[condition](source, kept, wanted, selection)
    legs = source.legs.join(kept.select("id"), on="id", how="semi")
    return replace(source, meetings=kept, legs=legs, notes=(*source.notes, selection.said), held={})


def _creators(source: Source, meetings: Lazy, wanted: tuple[str, ...], _: Selection) -> Lazy:
    numbers = {normalize(one) or one for one in wanted}
    return _where(source, meetings, "creator", lambda text: (normalize(text) or text) in numbers)


def _departments(source: Source, meetings: Lazy, wanted: tuple[str, ...], selection: Selection) -> Lazy:
    groups = groups_of(source, "department", selection.book)
    places = [place for place, label in enumerate(groups.labels) if label in wanted]
    marked = groups.mark(source, meetings.with_columns(at=nw.col("s")))
    return marked.filter(nw.col("g").is_in(places)).drop("at", "g")


def _names(source: Source, meetings: Lazy, wanted: tuple[str, ...], _: Selection) -> Lazy:
    try:
        rules = [re.compile(one) for one in wanted]
    except re.error as error:
        raise UsageError(
            Text(f"正则表达式不可用：{error}", f"no regular expression: {error}"),
            remedy=Text("例如 周会", "write, for example, weekly"),
        ) from None
    return _where(source, meetings, "name", lambda text: any(rule.search(text) for rule in rules))


def _ids(_source: Source, meetings: Lazy, wanted: tuple[str, ...], _: Selection) -> Lazy:
    return meetings.filter(nw.col("meeting_id").is_in(list(wanted)))


def _numbers(source: Source, meetings: Lazy, wanted: tuple[str, ...], _: Selection) -> Lazy:
    numbers = [normalize(one) or one for one in wanted]
    joined = source.legs.filter(nw.col("number").is_in(numbers) & ~nw.col("j").is_null())
    return meetings.join(joined.select("id"), on="id", how="semi")


def _classes(source: Source, meetings: Lazy, wanted: tuple[str, ...], _: Selection) -> Lazy:
    kept = _where(
        source, meetings.filter(~nw.col("creator").is_null()), "creator", lambda text: number_class(text) in wanted
    )
    if "unknown" not in wanted:
        return kept
    return nw.concat([kept, meetings.filter(nw.col("creator").is_null())])


def _long_enough(source: Source, meetings: Lazy, wanted: tuple[float, ...], _: Selection) -> Lazy:
    least = wanted[0] * 60
    long = facts(source, Scope(min_parties=0)).meetings.filter(nw.col("meeting_s") >= least)
    return meetings.join(long.select("meeting_id", "s"), on=["meeting_id", "s"], how="semi")


def _where(source: Source, meetings: Lazy, column: str, holds: Callable[[str], bool]) -> Lazy:
    marked = with_looked_up(source, meetings, column, {"holds": (pa.bool_(), holds)})
    return marked.filter(nw.coalesce(nw.col("holds"), nw.lit(False))).drop("holds")


_HOLDS: dict[str, Callable[[Source, Lazy, tuple[Any, ...], Selection], Lazy]] = {
    "creator": _creators,
    "department": _departments,
    "name": _names,
    "meeting_id": _ids,
    "number": _numbers,
    "number_class": _classes,
    "min_minutes": _long_enough,
}
"""Condition → which of some meetings it holds of."""
