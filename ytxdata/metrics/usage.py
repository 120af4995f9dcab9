"""Usage over time: meetings, minutes, people and peaks, by day, week, month or in total, and by group.

The definition switch is here too: the same records, counted as other products count them. Each product is data: which
facts its words stand for, by which day, and where it says so. Rules that a product does not publish are assumptions,
and are marked so in `docs/definition-switch.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Unpack

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import By, check_by
from ytxdata.metrics.concurrency import at_peak, peaks
from ytxdata.metrics.definitions import define
from ytxdata.metrics.facts import DayOf, Facts, Scope, facts
from ytxdata.metrics.groups import Book, Group, GroupOf, resolve
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.source import ReportSource, Source, Where, with_creators
from ytxdata.metrics.sums import SECONDS, Lazy, add_up, count, distinct, divide, minutes, overlap_seconds
from ytxdata.times import Instant

Product = Literal["google", "zoom", "webex", "wecom"]


@dataclass(frozen=True)
class Rules:
    """How one product counts.

    Parameters
    ----------
    title
        Its name.
    minutes
        The fact (seconds of a meeting) that it calls meeting minutes.
    participants
        The fact that it calls participants, summed over meetings.
    day_of
        The day it books a meeting to.
    least
        A fact that must be more than 0 for a meeting to count, or None.
    why
        Its rules in words.
    source
        Where it says so.
    """

    title: Text
    minutes: str
    participants: str
    day_of: DayOf
    least: str | None
    why: Text
    source: str


PRODUCTS: dict[str, Rules] = {
    "google": Rules(
        Text("Google Meet", "Google Meet"), "overlap_s", "legs", "ends", "overlap_s",
        Text("至少两个呼叫同时在线才算会议；时长为两个及以上呼叫重叠的时间；每次接入各算一个呼叫，同一人用两台设备算两个；归入结束所在的日", "a meeting takes two or more concurrent calls; its duration is the time during which two or more overlap; every connection is a call, one person on two devices two of them; booked to the day it ends"),
        "https://developers.google.com/workspace/admin/reports/v1/updated-meet-metrics",
    ),
    "zoom": Rules(
        Text("Zoom", "Zoom"), "leg_s", "legs", "starts", None,
        Text("会议分钟为所有参会者在会时间之和；掉线后重新加入，再计一位参会者", "meeting minutes are the time of all participants added up; somebody who drops out and comes back is another participant"),
        "https://devforum.zoom.us/t/daily-usage-report/27152",
    ),
    "webex": Rules(
        Text("Webex", "Webex"), "span_s", "legs", "starts", None,
        Text("时长为会议从开始到结束的时间，不论有几人；参会者为所有加入者，电脑与电话分别计", "duration is how long the meeting ran from start to end, however many were there; attendees are all who joined, by computer and by telephone"),
        "https://help.webex.com/article/ng1kl5s",
    ),
    "wecom": Rules(
        Text("企业微信", "WeCom"), "leg_s", "size", "starts", None,
        Text("时长为每位成员累计在会时间之和（11 + 11 + 11 + 3 = 36）；成员在一场会议中只列一次，入会次数另记", "duration is the accumulated time of every member added up (11 + 11 + 11 + 3 = 36); a member is listed once a meeting, joins are counted apart"),
        "https://developer.work.weixin.qq.com/document/path/98149",
    ),
}  # fmt: skip
"""Product → how it counts."""

OURS = Rules(
    Text("本软件", "ours"), "meeting_s", "size", "starts", None,
    Text("会议时长为首次接入到最后离开；人数按不同号码计，未显示的号码各算一人；归入开始所在的日", "minutes run from the first join to the last leave; people are distinct numbers, each withheld leg one; booked to the day it starts"),
    "docs/definitions.md",
)  # fmt: skip
"""How this package counts, in the same words."""

THEIR_COLUMNS = ("meetings", "meeting_minutes", "participants")


def usage_as(
    source: ReportSource, product: Product, start: Instant | None, end: Instant | None, by: By, group: object
) -> Report:
    """Return usage counted as a product does: `period meetings meeting_minutes participants`."""
    if product not in PRODUCTS:
        raise UsageError(
            Text(f"没有这种口径：{product!r}", f"no product of that name: {product!r}"),
            remedy=Text(f"可选：{'、'.join(PRODUCTS)}", f"choose one of {', '.join(PRODUCTS)}"),
        )
    rules = PRODUCTS[product]
    check_by(by)
    if group is not None:
        raise UsageError(
            Text("其他产品的口径不分组", "groups are not counted as other products count"),
            remedy=Text("去掉 group 或 definitions", "leave out group or definitions"),
        )
    rows = Breakdown(_facts(resolve(source, rules.day_of), rules, start, end), by)
    title = Text(f"用量（{rules.title.zh} 口径）", f"Usage as {rules.title.en} counts it")
    report = rows.report("usage", title, _counted(rows.meetings, rules, "row"), THEIR_COLUMNS, notes=(rules.why,))
    told = tuple(
        replace(one, formula=rules.why, origin=Text(rules.source, rules.source)) if one.key in THEIR_COLUMNS else one
        for one in report.definitions
    )
    return replace(report, definitions=told)


@register(place=140, rows=5)
def compare_definitions(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, **_where: Unpack[Where]
) -> Report:
    """Show side by side what this package and other products would report of the same records, and why they differ.

    One row is a product, ours first.

    Parameters
    ----------
    source, start, end
        As in `usage`.

    Returns
    -------
    Report
        `product meetings meeting_minutes participants why`; five rows.

    Raises
    ------
    UsageError
        As in `usage`.

    Notes
    -----
    Sources and exact rules: `docs/definition-switch.md`.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> ytx.metrics.compare_definitions(history).frame["product"].tolist()
    ['ours', 'google', 'zoom', 'webex', 'wecom']
    """
    resolved = resolve(source)
    everyone = {"ours": OURS, **PRODUCTS}
    known = {product: _facts(resolved, rules, start, end) for product, rules in everyone.items()}
    words = resolved.engine.small(
        pa.table({
            "place": pa.array(range(len(everyone)), pa.int64()),
            "product": pa.array(list(everyone)),
            "why": pa.array([rules.why.in_("both") for rules in everyone.values()]),
        })
    )  # fmt: skip
    rows = [
        _counted(known[product].counted.with_columns(place=nw.lit(place, nw.Int64)), rules, "place")
        for place, (product, rules) in enumerate(everyone.items())
    ]
    shown = words.join(nw.concat(rows), on="place", how="left").sort("place")
    shown = shown.with_columns(meetings=nw.coalesce(nw.col("meetings"), nw.lit(0)))

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        return evidence(known[row["product"]])

    columns, title = ("product", *THEIR_COLUMNS, "why"), Text("与其他产品对照", "Beside other products")
    report = build(known["ours"], "compare_definitions", title, shown, columns, trace)
    product, why, *others = define("product", "why", "meetings", "participants")
    said = (
        replace(product, words={key: rules.title for key, rules in everyone.items()}),
        replace(why, words={rules.why.in_("both"): rules.why for rules in everyone.values()}),
    )
    return replace(report, definitions=(*said, *others, _THEIR_MINUTES))


_THEIR_MINUTES = replace(
    define("meeting_minutes")[0],
    formula=Text(
        "该产品称为会议时长的秒数 ÷ 60，见 why", "what the product calls meeting minutes: seconds ÷ 60, see why"
    ),
)


def _facts(source: Source, rules: Rules, start: Instant | None, end: Instant | None) -> Facts:
    """Return facts with what the rules need; meetings that the product does not count are out, with the others."""
    known = facts(source, Scope.of(start, end, day_of=rules.day_of))
    meetings = known.meetings
    if "overlap_s" in (rules.minutes, rules.least):
        closed = known.legs.filter(~nw.col("len_s").is_null()).select("key", "j", "end")
        meetings = meetings.join(overlap_seconds(closed, source.engine), on="key", how="left").with_columns(
            overlap_s=nw.when(nw.col("is_known")).then(nw.coalesce(nw.col("overlap_s"), nw.lit(0)))
        )
    meetings = meetings.with_columns(span_s=nw.when(nw.col("e") >= nw.col("s")).then(nw.col("e") - nw.col("s")))
    if rules.least is not None:
        enough = nw.when(~nw.col(rules.least).is_null()).then(nw.col(rules.least) > 0).otherwise(nw.lit(False))
        meetings = meetings.with_columns(counts=nw.col("counts") & enough)
    return Facts(source, known.scope, meetings, known.legs)


def _counted(meetings: Lazy, rules: Rules, by: str) -> Lazy:
    sums = add_up(meetings, (by,), tuple({rules.minutes, rules.participants}))
    return sums.select(
        by, meetings=nw.col("n"), meeting_minutes=minutes(rules.minutes), participants=nw.col(rules.participants)
    )


COLUMNS = (
    "meetings", "meeting_minutes", "talk_minutes", "lonely_minutes", "leg_minutes", "legs", "people", "withheld",
    "size_mean", "size_p50", "peak_legs", "peak_meetings", "active_creators",
)  # fmt: skip

OF_LEGS = ("meetings_joined", "leg_minutes", "legs", "people", "withheld", "peak_legs")
"""What can be said of a group of legs: minutes of a meeting belong to all of its groups at once."""


@register(place=10, rows=62)
def usage(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    group: Group | None = None, book: Book | None = None, group_of: GroupOf = "creator",
    min_parties: int = 1, day_of: DayOf = "starts",
    definitions: Literal["ours", "google", "zoom", "webex", "wecom"] = "ours", **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Count meetings, minutes and people by day, week, month or in total.

    One row is a period in which at least one counted meeting lies. Minutes are whole seconds divided once; unknown is
    null.

    Parameters
    ----------
    source
        A History, an Archive, or `ytx.Frames(meetings, legs)` of pandas, Polars, DuckDB or PySpark; or a Fleet, whose
        accounts are added up; with `group="account"` each account by itself, one below the other.
    start, end
        The half-open period `[start, end)`; without a zone Beijing time. A meeting belongs to it whole, by `day_of`.
    by
        `day`, `week` (from Monday), `month` or `total`.
    group
        Also one row for each group of meetings or legs: `department`, `person` or another column of the book,
        `creator`, `number_class`, `size_class`, `name`, or a rule for names (regular expression → series). The column
        `group` then follows the period.
    book
        The address book: a path or frame with `phone` (or `number`), `name`, `department`, …, and from which day to
        which a line holds.
    group_of
        Whose group counts: `creator`, a meeting falls into the group of its creator; `leg`, each leg into that of its
        own number.
    min_parties
        From how many people a meeting counts.
    day_of
        Whether a meeting belongs to the day it `starts` or, as Google has it, `ends`.
    definitions
        `ours`, or the product whose way of counting is wanted instead: `google`, `zoom`, `webex`, `wecom`; the
        columns are then `period meetings meeting_minutes participants is_partial covered_pct`, `min_parties` and
        `day_of` are that product's, and there are no groups.

    Returns
    -------
    Report
        Columns `period meetings meeting_minutes talk_minutes lonely_minutes leg_minutes legs people withheld
        size_mean size_p50 peak_legs peak_meetings active_creators is_partial covered_pct`, sorted by period; without
        meetings the same columns and no row. With `group_of="leg"` `period group meetings_joined leg_minutes legs
        people withheld peak_legs is_partial covered_pct`; meetings joined do not add up, since a meeting is joined by
        several groups. Otherwise groups add up to the total, but for people and peaks.

    Raises
    ------
    UsageError
        The source is none of these, the period is empty, `by`, `day_of` or `group` is unknown, or the book cannot be
        used.

    Notes
    -----
    Three passes over the legs: facts of meetings, distinct people, peaks.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> usage = ytx.metrics.usage(history, by="month")
    >>> usage.frame[["period", "meetings"]].head(2).values.tolist()
    [['2024-01', 54], ['2024-02', 50]]
    """
    if definitions != "ours":
        return usage_as(source, definitions, start, end, by, group)
    rows = Breakdown.of(
        source, start, end, by, group=group, book=book, group_of=group_of, min_parties=min_parties, day_of=day_of,
        talk=True,
    )  # fmt: skip

    def trace(row: Mapping[str, Any], column: str | None) -> Lazy:
        return at_peak(rows, row, column) if column in ("peak_legs", "peak_meetings") else rows.records(row)

    title = Text("用量", "Usage")
    if rows.of_legs:
        return rows.report("usage", title, _of_legs(rows), OF_LEGS, trace)
    medians = rows.meetings.group_by("row").agg(nw.col("size").median().alias("size_p50"))
    shown = (
        per_row(rows, rows.meetings)
        .join(_active(rows), on="row", how="left")
        .join(medians, on="row", how="left")
        .join(peaks(rows), on="row", how="left")
        .with_columns(
            peak_legs=_peak("peak_legs", "leg_s"),
            peak_meetings=_peak("peak_meetings", "meeting_s"),
            active_creators=nw.coalesce(nw.col("active_creators"), nw.lit(0)),
            size_p50=nw.col("size_p50").cast(nw.Float64),
        )
    )
    return rows.report("usage", title, with_minutes(shown), COLUMNS, trace)


def plain_usage(source: ReportSource, by: By) -> Report:
    """Return those columns of `usage` that take no sort of all joins and leaves, for whoever counts many states of an
    archive: peaks, minutes of talk and medians take half of its time.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> plain_usage(ytx.sample(), "month").frame["meetings"].head(2).tolist()
    [54, 50]
    """
    rows, seconds = Breakdown.of(source, by=by), ("meeting_s", "leg_s")
    sums = with_minutes(per_row(rows, rows.meetings, seconds), seconds)
    return rows.report(
        "usage", Text("用量", "Usage"), sums, ("meetings", "meeting_minutes", "leg_minutes", "legs", "people")
    )


def _of_legs(rows: Breakdown) -> Lazy:
    joined = rows.legs.with_columns(withheld=nw.col("number").is_null().cast(nw.Int64))
    people = count(distinct(joined.filter(~nw.col("number").is_null()), "row", "number"), ("row",), "people")
    meetings = count(distinct(joined, "row", "key"), ("row",), "meetings_joined")
    sums = (
        rows.add_up(joined, "len_s", "withheld").join(people, on="row", how="left").join(meetings, on="row", how="left")
    )
    return sums.join(peaks(rows), on="row", how="left").with_columns(
        legs=nw.col("n"),
        leg_minutes=minutes("len_s"),
        people=nw.coalesce(nw.col("people"), nw.lit(0)),
        peak_legs=nw.coalesce(nw.col("peak_legs"), nw.lit(0)),
    )


def _peak(peak: str, seconds: str) -> nw.Expr:
    """A peak of nothing is 0 where nothing is known to have happened, and null where nothing is known."""
    return nw.when(~nw.col(peak).is_null()).then(nw.col(peak)).otherwise(nw.when(~nw.col(seconds).is_null()).then(0))


def per_row(rows: Breakdown, meetings: Lazy, seconds: Iterable[str] = SECONDS) -> Lazy:
    """Return the sums of usage for each `row` of some meetings."""
    listed = meetings.with_columns(named=nw.col("people"), sized=(~nw.col("size").is_null()).cast(nw.Int64))
    sums = rows.add_up(listed, *seconds, "legs", "withheld", "size", "named", "sized")
    joined = rows.known.legs.filter(~nw.col("j").is_null() & ~nw.col("number").is_null())
    numbers = distinct(joined.join(meetings.select("key", "row"), on="key", how="inner"), "row", "number")
    return sums.join(count(numbers, ("row",), "people"), on="row", how="left").with_columns(
        meetings=nw.col("n"),
        people=nw.when(~nw.col("named").is_null()).then(nw.coalesce(nw.col("people"), nw.lit(0))),
        size_mean=nw.when(nw.col("sized") > 0).then(divide(nw.col("size"), nw.col("sized"))),
    )


def _active(rows: Breakdown) -> Lazy:
    creators = with_creators(rows.source, distinct(rows.meetings, "row", "creator"))
    return count(distinct(creators.filter(~nw.col("one").is_null()), "row", "one"), ("row",), "active_creators")


def with_minutes(frame: Lazy, seconds: Iterable[str] = SECONDS) -> Lazy:
    """Turn the seconds of a row into minutes."""
    return frame.with_columns(minutes(one).alias(SECONDS[one]) for one in seconds)
