"""The definition switch: the same records, counted as other products count them.

Each product is data: which facts its words stand for, by which day, and where it says so. Rules that a product does not
publish are assumptions, and are marked so in `docs/definition-switch.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import By, check_by
from ytxdata.metrics.definitions import define
from ytxdata.metrics.facts import DayOf, Facts, Scope, facts
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.source import Lazy, ReportSource, Source, resolve
from ytxdata.metrics.sums import add_up, minutes, overlap_seconds
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
        Text("至少两个呼叫同时在线才算会议；时长为两个及以上呼叫重叠的时间；每次接入各算一个呼叫，同一人两台设备算两个；归入结束所在的日", "a meeting takes two or more concurrent calls; its duration is the time during which two or more overlap; every connection is a call, one person on two devices two of them; booked to the day it ends"),
        "https://developers.google.com/workspace/admin/reports/v1/updated-meet-metrics",
    ),
    "zoom": Rules(
        Text("Zoom", "Zoom"), "leg_s", "legs", "starts", None,
        Text("会议分钟为所有参会者在会时间之和；掉线后重新加入再计一位参会者", "meeting minutes are the time of all participants added up; who drops out and comes back is another participant"),
        "https://devforum.zoom.us/t/daily-usage-report/27152",
    ),
    "webex": Rules(
        Text("Webex", "Webex"), "span_s", "legs", "starts", None,
        Text("会议时长为会议从开始到结束的时间，不论有几人；参会者为所有加入者，电脑与电话分别计", "duration is how long the meeting ran from start to end, however many were there; attendees are all who joined, by computer and by telephone"),
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

COLUMNS = ("meetings", "meeting_minutes", "participants")


def usage_as(
    source: ReportSource, product: Product, start: Instant | None, end: Instant | None, by: By, group: object
) -> Report:
    """Return usage counted as a product does: `period meetings meeting_minutes participants`."""
    rules = _rules(product)
    check_by(by)
    if group is not None:
        raise UsageError(
            Text("其他产品的口径不分组", "groups are not counted as other products count"),
            remedy=Text("去掉 group 或 definitions", "leave out group or definitions"),
        )
    rows = Breakdown(_facts(resolve(source), rules, start, end), by)
    title = Text(f"用量（{rules.title.zh} 口径）", f"Usage as {rules.title.en} counts it")
    report = rows.report("usage", title, _counted(rows.meetings, rules, "row"), COLUMNS, notes=(rules.why,))
    theirs = {"meetings", "meeting_minutes", "participants"}
    told = tuple(
        replace(one, formula=rules.why, origin=rules.source) if one.key in theirs else one for one in report.definitions
    )
    return replace(report, definitions=told)


@register(place=140, rows=5)
def compare_definitions(source: ReportSource, start: Instant | None = None, end: Instant | None = None) -> Report:
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

    columns = ("product", "meetings", "meeting_minutes", "participants", "why")
    report = build(
        known["ours"], "compare_definitions", Text("口径对照", "Definitions side by side"), shown, columns, trace
    )
    return replace(report, definitions=(*define("product", "meetings", "participants", "why"), _THEIR_MINUTES))


_THEIR_MINUTES = replace(
    define("meeting_minutes")[0],
    formula=Text(
        "该产品称为会议时长的秒数 ÷ 60，见 why", "what the product calls meeting minutes: seconds ÷ 60, see why"
    ),
)


def _rules(product: str) -> Rules:
    if product not in PRODUCTS:
        raise UsageError(
            Text(f"没有这种口径：{product!r}", f"no product of that name: {product!r}"),
            remedy=Text(f"可选：{'、'.join(PRODUCTS)}", f"choose one of {', '.join(PRODUCTS)}"),
        )
    return PRODUCTS[product]


def _facts(source: Source, rules: Rules, start: Instant | None, end: Instant | None) -> Facts:
    """Return facts with what the rules need; meetings that the product does not count are out, with the others."""
    known = facts(source, Scope.of(start, end, day_of=rules.day_of))
    meetings = known.meetings
    if "overlap_s" in (rules.minutes, rules.least):
        closed = known.legs.filter(~nw.col("len_s").is_null()).select("key", "j", "end")
        meetings = meetings.join(overlap_seconds(closed, source.engine.signs), on="key", how="left").with_columns(
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
