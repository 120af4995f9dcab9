"""Who took part, who convened, and how unevenly meeting minutes are spread over creators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, Unpack

import narwhals as nw

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown, withheld_of
from ytxdata.metrics.calendar import By
from ytxdata.metrics.facts import DayOf, Facts
from ytxdata.metrics.groups import Book, Group, GroupOf, is_of_meetings
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import ReportSource, Where, with_creators
from ytxdata.metrics.sums import SECONDS, Lazy, add_up, divide, minutes, percent, presence_seconds, whole_sums
from ytxdata.metrics.usage import per_row, with_minutes
from ytxdata.times import Instant, local_second

N = TypeVar("N", int, nw.Expr)


@register(place=40, rows=15, personal=True)
def creators(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    min_parties: int = 1, day_of: DayOf = "starts", **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Count the meetings of each creator.

    One row is a creator, compared by normalised number. Meetings without a creator are left out and counted.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`.

    Returns
    -------
    Report
        `creator meetings meeting_minutes talk_minutes lonely_minutes leg_minutes legs people withheld size_mean`,
        most meeting minutes first.

    Raises
    ------
    UsageError
        As in `usage`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> report = ytx.metrics.creators(history)
    >>> len(report), report.arrow.column_names[:3]
    (100, ['creator', 'meetings', 'meeting_minutes'])
    """
    rows = Breakdown.of(source, start, end, min_parties=min_parties, day_of=day_of, talk=True)
    named = with_creators(rows.source, rows.known.counted).with_columns(row=nw.col("one"))
    unknown = rows.source.total(rows.known.counted, nw.col("creator").is_null())
    sums = per_row(rows, named.filter(~nw.col("row").is_null())).with_columns(creator=nw.col("row"))

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        return with_creators(rows.source, rows.records(row)).filter(nw.col("one") == row["creator"])

    return rows.report(
        "creators", Text("发起人", "Creators"), with_minutes(sums),
        ("creator", "meetings", *SECONDS.values(), "legs", "people", "withheld", "size_mean"), trace,
        most="meeting_minutes", then=("creator",), excluded={"creator_unknown": unknown},
    )  # fmt: skip


@register(place=50, rows=15, personal=True)
def people(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    group: Group | None = None, book: Book | None = None, group_of: GroupOf | None = None,
    min_parties: int = 1, day_of: DayOf = "starts", **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Count the meetings and minutes of each number.

    One row is a normalised number that joined at least once; with groups, one for each group it was in. Legs without
    a number are left out and counted.

    Parameters
    ----------
    source, start, end, group, book, min_parties, day_of
        As in `usage`.
    group_of
        `leg`: the group of the number itself; `creator`: of the meetings it joined, by who convened them. By default
        `leg`, but for groups that only meetings have (`size_class`, rules over names).

    Returns
    -------
    Report
        `number meetings legs leg_minutes presence`, most presence first; overlapping re-joins count once in `presence`.

    Raises
    ------
    UsageError
        As in `usage`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> report = ytx.metrics.people(history)
    >>> len(report), report.arrow.column_names[:3]
    (176, ['number', 'meetings', 'legs'])
    """
    of = group_of or ("creator" if is_of_meetings(group) else "leg")
    rows = Breakdown.of(source, start, end, group=group, book=book, group_of=of, min_parties=min_parties, day_of=day_of)
    each = (
        rows.place(_persons(rows.known, rows.known.counted, "meeting_id", "at"))
        if rows.of_legs
        else _persons(rows.known, rows.meetings, "row")
    )
    sums = add_up(
        each.filter(~nw.col("number").is_null()), ("row", "number"), ("legs", "leg_s", "presence_s")
    ).with_columns(meetings=nw.col("n"), leg_minutes=minutes("leg_s"), presence=minutes("presence_s"))

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        return rows.records(row).filter(nw.col("number") == row["number"])

    return rows.report(
        "people", Text("人员", "People"), sums, ("number", "meetings", "legs", "leg_minutes", "presence"), trace,
        most="presence", then=("number",), excluded=withheld_of(rows),
    )  # fmt: skip


@register(place=130, personal=True)
def presence(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, *,
    meeting: str | Sequence[str] | None = None, min_parties: int = 1, day_of: DayOf = "starts", **_where: Unpack[Where],
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
        `meeting_id number leg legs first_joined_at last_left_at presence presence_pct`, sorted by meeting and first
        leg; `leg` is the first of the person's legs. No row when there is no such meeting.

    Raises
    ------
    UsageError
        As in `usage`, or a meeting id is no text.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> report = ytx.metrics.presence(history, "2024-03", "2024-04")
    >>> len(report) > 100
    True
    """
    wanted = _ids(meeting)
    rows = Breakdown.of(source, start, end, min_parties=min_parties, day_of=day_of)
    chosen = rows.known.counted
    if wanted is not None:
        chosen = chosen.filter(rows.source.plain("meeting_id").is_in(wanted))
    shown = _persons(rows.known, chosen, "meeting_id", "at").with_columns(
        first_joined_at=nw.col("first"),
        last_left_at=nw.when(nw.col("closed") == nw.col("legs")).then(nw.col("last")),
        presence=minutes("presence_s"),
        presence_pct=percent("presence_s", "meeting_s"),
    )

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        same = nw.col("number") == row["number"] if row["number"] is not None else nw.col("leg") == row["leg"]
        of_person = rows.records(row).filter((nw.col("meeting_id") == row["meeting_id"]) & same)
        # One id may stand for several meetings: the person's is the one in which nothing came before this join.
        came = of_person.group_by("key").agg(nw.col("j").min().alias("first_j"))
        here = came.filter(nw.col("first_j") == local_second(row["first_joined_at"])).select("key")
        return of_person.join(here, on="key", how="semi")

    return rows.report(
        "presence",
        Text("在场", "Presence"),
        shown.with_columns(row=nw.lit(0, nw.Int64)),
        ("meeting_id", "number", "leg", "legs", "first_joined_at", "last_left_at", "presence", "presence_pct"),
        trace,
        then=("meeting_id", "at", "leg"),
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


def _persons(known: Facts, meetings: Lazy, *columns: str) -> Lazy:
    """Return one row per person and meeting of some: `key number leg legs closed leg_s first last presence_s
    meeting_s`, and some columns of the meeting.
    """
    joined = known.legs.filter(~nw.col("j").is_null())
    columns = ("meeting_s", *columns)
    once, several = (meetings.filter(rejoined) for rejoined in (~nw.col("rejoined"), nw.col("rejoined")))
    again = joined.join(several.select("key"), on="key", how="semi")
    told = ("key", "number", "leg", "legs", "closed", "leg_s", "first", "last", "presence_s", *columns)
    each = joined.join(once.select("key", *columns), on="key", how="inner").with_columns(
        legs=nw.lit(1, nw.Int64), closed=(~nw.col("len_s").is_null()).cast(nw.Int64),
        leg_s=nw.col("len_s"), first=nw.col("j"), last=nw.col("end"), presence_s=nw.col("len_s"),
    ).select(*told)  # fmt: skip
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
        .join(presence_seconds(again, known.source.engine), on=["key", "person"], how="left")
        .join(several.select("key", *columns), on="key", how="inner")
        .with_columns(
            nw.col("legs", "closed").cast(nw.Int64),
            leg_s=nw.when(nw.col("closed") > 0).then(nw.col("leg_s").cast(nw.Int64)),
        )
        .select(*told)
    )
    whole = nw.when(~nw.col("meeting_s").is_null()).then(nw.col("presence_s"))
    return nw.concat([each, united]).with_columns(presence_s=whole)


def top_tenth(creators: N) -> N:
    """Return how many creators are the busiest tenth: one of ten, two of eleven."""
    return (creators + 9) // 10


@register(place=60, rows=62)
def concentration(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "total", *,
    min_parties: int = 1, day_of: DayOf = "starts", **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Say which share of the meeting minutes the top tenth of creators has, and how uneven the rest is.

    One row is a period with at least one creator whose minutes are known.

    Parameters
    ----------
    source, start, end, by, min_parties, day_of
        As in `usage`.

    Returns
    -------
    Report
        `period creators top_creators concentration gini is_partial covered_pct`, sorted by period; both shares are
        null when there are 0 minutes.

    Raises
    ------
    UsageError
        As in `usage`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> ytx.metrics.concentration(history, by="total").frame["concentration"].round(1).tolist()
    [63.3]
    """
    rows = Breakdown.of(source, start, end, by, min_parties=min_parties, day_of=day_of)
    named = with_creators(rows.source, rows.meetings.filter(~nw.col("meeting_s").is_null()))
    known = named.filter(~nw.col("one").is_null()).with_columns(s=nw.col("meeting_s"))
    each = whole_sums(known, ("row", "one"), "s").with_columns(one_each=nw.col("s") * 0 + 1)
    ranked = each.with_columns(
        rank=nw.col("one_each").cum_sum().over("row", order_by=["s", "one"]).cast(nw.Int64),
        creators=nw.col("one_each").sum().over("row").cast(nw.Int64),
    )
    weighed = ranked.with_columns(
        top_s=nw.when(nw.col("rank") > nw.col("creators") - top_tenth(nw.col("creators")))
        .then(nw.col("s"))
        .otherwise(0),
        spread=(2 * nw.col("rank") - nw.col("creators") - 1) * nw.col("s"),
    )
    sums = weighed.group_by("row").agg(
        nw.col("creators").max(), nw.col("s").sum(), nw.col("top_s").sum(), nw.col("spread").sum()
    )
    whole = sums.with_columns(nw.col("creators", "s", "top_s", "spread").cast(nw.Int64))
    shown = whole.with_columns(
        top_creators=top_tenth(nw.col("creators")),
        concentration=percent("top_s", "s"),
        gini=nw.when(nw.col("s") > 0).then(divide(nw.col("spread"), nw.col("creators") * nw.col("s"))),
    )
    return rows.report(
        "concentration", Text("集中度", "Concentration"), shown, ("creators", "top_creators", "concentration", "gini"),
        lambda row, _column: rows.records(row).filter(~nw.col("creator").is_null()),
    )  # fmt: skip
