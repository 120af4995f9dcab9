"""Who took part, and who convened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics import sweep
from ytxdata.metrics.facts import Facts, facts
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import DayOf, Scope
from ytxdata.metrics.source import resolve, with_creators
from ytxdata.metrics.sums import SECONDS, add_up, minutes, percent
from ytxdata.metrics.usage import per_group, with_minutes
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]


def creators(
    source: Any,
    start: Instant | None = None,
    end: Instant | None = None,
    *,
    min_parties: int = 1,
    day_of: DayOf = "starts",
) -> Report:
    """Count the meetings of each creator.

    One row is a creator, compared by normalised number. Meetings without a creator are left out and counted.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.

    Returns
    -------
    Report
        `creator meetings meeting_minutes talk_minutes lonely_minutes leg_minutes legs people withheld size_mean`, most meeting
        minutes first.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of), talk=True)
    named = with_creators(known.source, known.counted).with_columns(row=nw.col("one"))
    unknown = known.source.rows(
        known.counted.select(n=nw.col("creator").is_null().cast(nw.Int64)).select(nw.col("n").sum())
    )
    rows = per_group(known, named.filter(~nw.col("row").is_null())).with_columns(creator=nw.col("row"))

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        return with_creators(known.source, evidence(known)).filter(nw.col("one") == row["creator"])

    return build(
        known,
        "creators",
        Text("发起人", "Creators"),
        _most_first(with_minutes(rows), "meeting_s", "creator"),
        ("creator", "meetings", *SECONDS.values(), "legs", "people", "withheld", "size_mean"),
        trace,
        excluded={"creator_unknown": int(unknown[0]["n"] or 0)},
    )


def people(
    source: Any,
    start: Instant | None = None,
    end: Instant | None = None,
    *,
    min_parties: int = 1,
    day_of: DayOf = "starts",
) -> Report:
    """Count the meetings and minutes of each number.

    One row is a normalised number that joined at least once. Legs without a number are left out and counted.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.

    Returns
    -------
    Report
        `number meetings legs leg_minutes presence`, most presence first; overlapping re-joins count once in `presence`.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of))
    named = persons(known).filter(~nw.col("number").is_null())
    rows = add_up(named, ("number",), ("legs", "leg_s", "presence_s")).with_columns(
        meetings=nw.col("n"), leg_minutes=minutes("leg_s"), presence=minutes("presence_s")
    )
    withheld = known.source.rows(known.counted.select(nw.col("withheld").sum()))

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        return evidence(known).filter(nw.col("number") == row["number"])

    return build(
        known,
        "people",
        Text("参与者", "People"),
        _most_first(rows, "presence_s", "number"),
        ("number", "meetings", "legs", "leg_minutes", "presence"),
        trace,
        excluded={"withheld": int(withheld[0]["withheld"] or 0)},
    )


def presence(
    source: Any, start: Instant | None = None, end: Instant | None = None, *, meeting: str | Sequence[str] | None = None,
    min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Say how long each person was in each meeting.

    One row is one person in one meeting; a leg without a number is a person of its own.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.
    meeting
        One meeting id or several; all when None.

    Returns
    -------
    Report
        `meeting_id number leg legs first_joined_at last_left_at presence presence_pct`, sorted by meeting and first leg;
        `leg` is the first of the person's legs. No row when there is no such meeting.

    Raises
    ------
    UsageError
        As in `usage`, or a meeting id is no text.
    """
    wanted = _ids(meeting)
    resolved = resolve(source)
    known = facts(resolved, Scope.of(start, end, min_parties, day_of), talk=False)
    rows = persons(known, wanted).with_columns(
        first_joined_at=nw.col("first"),
        last_left_at=nw.when(nw.col("closed") == nw.col("legs")).then(nw.col("last")),
        presence=minutes("presence_s"),
        presence_pct=percent("presence_s", "meeting_s"),
    )

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        same = nw.col("number") == row["number"] if row["number"] is not None else nw.col("leg") == row["leg"]
        return evidence(known).filter((nw.col("meeting_id") == row["meeting_id"]) & same)

    return build(
        known,
        "presence",
        Text("在场", "Presence"),
        rows.sort("meeting_id", "at", "leg"),
        ("meeting_id", "number", "leg", "legs", "first_joined_at", "last_left_at", "presence", "presence_pct"),
        trace,
        instants=("first_joined_at", "last_left_at"),
    )


def _ids(meeting: Any) -> list[str] | None:
    if meeting is None or isinstance(meeting, str):
        return None if meeting is None else [meeting]
    wanted = list(meeting) if isinstance(meeting, Iterable) else [meeting]
    if not all(isinstance(one, str) for one in wanted):
        raise UsageError(
            Text(f"会议号是文字，不能是 {meeting!r}", f"meeting ids are texts, not {meeting!r}"),
            remedy=Text("给出 meeting_id 列里的值", "give values of the column meeting_id"),
        )
    return wanted


def persons(known: Facts, meetings: Sequence[str] | None = None) -> Lazy:
    """Return one row per person and meeting: `key meeting_id at number leg legs closed leg_s first last presence_s meeting_s`."""
    chosen = known.counted
    if meetings is not None:
        chosen = chosen.filter(nw.col("meeting_id").is_in(list(meetings)))
    joined = known.legs.filter(~nw.col("j").is_null())
    once, again = (
        joined.join(chosen.filter(rejoined).select("key"), on="key", how="semi")
        for rejoined in (~nw.col("rejoined"), nw.col("rejoined"))
    )
    columns = ("key", "number", "leg", "legs", "closed", "leg_s", "first", "last", "seconds")
    each = once.with_columns(
        legs=nw.lit(1, nw.Int64), closed=(~nw.col("len_s").is_null()).cast(nw.Int64),
        leg_s=nw.col("len_s"), first=nw.col("j"), last=nw.col("end"), seconds=nw.col("len_s"),
    ).select(*columns)  # fmt: skip
    united = (
        again.group_by("key", "person")
        .agg(
            nw.col("number").max(),
            nw.col("leg").min(),
            nw.col("j").count().alias("legs"),
            nw.col("len_s").count().alias("closed"),
            nw.col("len_s").sum().alias("leg_s"),
            nw.col("j").min().alias("first"),
            nw.col("end").max().alias("last"),
        )
        .join(sweep.presence(again, known.source.engine.signs), on=["key", "person"], how="left")
        .with_columns(
            nw.col("legs", "closed").cast(nw.Int64),
            leg_s=nw.when(nw.col("closed") > 0).then(nw.col("leg_s").cast(nw.Int64)),
            seconds=nw.col("presence_s"),
        )
        .select(*columns)
    )
    whole = chosen.select("key", "meeting_id", "at", "meeting_s")
    return (
        nw.concat([each, united])
        .join(whole, on="key", how="inner")
        .with_columns(presence_s=nw.when(~nw.col("meeting_s").is_null()).then(nw.col("seconds")))
    )


def _most_first(frame: Lazy, column: str, name: str) -> Lazy:
    return frame.sort(column, name, descending=[True, False], nulls_last=True)
