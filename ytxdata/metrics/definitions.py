"""What every column means: the one table that code, footers, dictionaries and the docs page read.

`python scripts/build_definitions.py` writes the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ytxdata.errors import UsageError
from ytxdata.labels import NO_TEXT, Text
from ytxdata.tables.described import Definition


def _define(
    key: str, zh: str, en: str, unit: str, rule_zh: str, rule_en: str, origin: Text = NO_TEXT, *,
    example: str, is_nullable: bool = True, words: Mapping[str, Text] | None = None,
) -> Definition:  # fmt: skip
    return Definition(
        key=key, zh=zh, en=en, unit=unit, formula=Text(rule_zh, rule_en), origin=origin,
        example=example, is_nullable=is_nullable, words=words or {},
    )  # fmt: skip


_TABLE = (
    # ── what a row is about ──
    _define("period", "时段", "period", "text", "北京时间的日（2026-03-05）、周（周一的日期）、月（2026-03）或 total；会议整场归入其开始时刻所在的日", "a day (2026-03-05), a week (the date of its Monday), a month (2026-03) or total, in Beijing time; a whole meeting goes to the day it started", Text("ISO 8601", "ISO 8601"), example="2026-03", is_nullable=False),
    _define("account", "账户", "account", "text", "该会议编号或号码所属的账户；同一编号或号码在两个账户里是两个", "the account that the id or number is of; one id or number in two accounts is two", example="north"),
    _define("group", "组", "group", "text", "会议的组是其发起人的组（或其名称、规模的组）；接入的组是其自身号码的组；无法归组的为 “not in the book”（不在通讯簿）、“unknown”（未知）或 “other names”（其他名称）", "the group of a meeting is that of its creator (or of its name or size), the group of a leg that of its own number; what is in none is “not in the book”, “unknown” or “other names”", example="销售部", is_nullable=False),
    _define("is_partial", "不完整时段", "partial period", "", "该时段被所选的起止、存档的起点或今天（最近一次拉取）截断", "the period is cut short by the request, by the begin of the archive, or by today (the last pull)", example="false", is_nullable=False),
    _define("covered_pct", "覆盖比例", "covered", "%", "该时段中被选取、已存档且已过去的时间 × 100 ÷ 整个时段；多个账户（按账户或其标签分组时为该组的账户）则为各账户时间之和的比例，没有存档的账户算 0；无从得知为空", "time of the period that was asked for, is archived and is over × 100 ÷ the whole period; of several accounts (in groups by account or label, those of the group) the time of all of them together, of which none is archived of an account that was never read; null when that cannot be known", example="100.0"),
    _define("creator", "发起人", "creator", "phone", "发起人号码的 E.164 规范形式；不是电话号码的保持原文", "the creator's number in E.164 form; what is no telephone number stays as given", example="+8615400000001"),
    _define("number", "号码", "number", "phone", "参会方号码的 E.164 规范形式；未显示号码为空", "a party's number in E.164 form; null when withheld", example="+8615400000002"),
    _define("meeting_id", "会议编号", "meeting id", "id", "平台给出的会议编号", "the id the platform gave", example="20260305085500123456789012345", is_nullable=False),
    _define("started_at", "开始时刻", "started", "time", "该会议开始的时刻；同一编号可能有多场会议", "the instant the meeting began; one id may stand for several meetings", example="2026-03-05 09:00:12", is_nullable=False),
    _define("leg", "接入序号", "leg", "", "参会方在会议记录中的位置", "the position of a party in the meeting's record", example="1"),
    # ── meetings ──
    _define("meetings", "会议数", "meetings", "meetings", "有开始时刻且至少有 min_parties 人的会议；参会方未知的会议总是计入", "records with a start and at least min_parties people; a record whose legs are unknown always counts", Text("Google 从 2 个同时在线的呼叫起计，独自一人的单独报告；Twilio 的会议从 2 方开始", "Google counts from 2 concurrent calls and reports lonely ones apart; Twilio starts a conference at 2"), example="86", is_nullable=False),
    _define("meeting_minutes", "会议时长（分钟）", "meeting minutes", "min", "首次接入到最后离开（参会方未知时为开始到结束）的秒数之和 ÷ 60；结束未知、有接入的离开早于加入、或无人加入（min_parties=0）时为空，不计入求和", "seconds from the first join to the last leave (start to end when legs are unknown), summed, ÷ 60; null when the end is unknown, a leg leaves before it joins, or nobody joined (min_parties=0); skipped by the sum", Text("GAM：10 人 × 10 分钟 = 10", "GAM: 10 people × 10 min = 10"), example="2495.4667"),
    _define("talk_minutes", "通话时长（分钟）", "talk minutes", "min", "至少 2 人在线的秒数 ÷ 60（同一号码的两次接入算一人）", "seconds with at least 2 people connected ÷ 60 (one number on two legs is one person)", Text("Google 的重叠区间之和", "Google's sum of overlapping intervals"), example="2199.6"),
    _define("lonely_minutes", "独自在线时长（分钟）", "lonely minutes", "min", "恰好 1 人在线的秒数 ÷ 60，包括第二人加入前、中途、倒数第二人离开后", "seconds with exactly 1 person connected ÷ 60, at any moment: before the second joins, in between, after the second-last leaves", example="295.8667"),
    _define("leg_minutes", "人次分钟", "leg minutes", "min", "各接入的（离开 − 加入）秒数之和 ÷ 60；未离开的接入以会议结束为止，绝不以“现在”为止；结束仍未知的不计入，离开早于加入的也是未知", "seconds of leave − join summed over legs ÷ 60; an open leg is closed at the meeting's end, never at now; a leg whose end stays unknown is left out, and so is one that leaves before it joins: its end is unknown", Text("GAM：5 × 10 = 50；企业微信：11 + 11 + 11 + 3 = 36", "GAM: 5 × 10 = 50; WeCom: 11 + 11 + 11 + 3 = 36"), example="10711.85"),
    _define("legs", "人次", "legs", "legs", "接入次数；重新接入再计一次", "joins; a re-join counts again", Text("Zoom、Google、阿里", "Zoom, Google, Alibaba"), example="412"),
    _define("meetings_joined", "参加的会议数", "meetings joined", "meetings", "该组至少有一次接入的会议数；一场会议可有多组参加，不能相加", "meetings with at least one leg of the group; a meeting may be joined by several groups, so these do not add up", example="86"),
    _define("people", "人数", "people", "people", "整行范围内不同规范号码的个数，绝不按会议相加", "distinct normalised numbers over the whole row, never summed over meetings", Text("Twilio 按来电号码", "Twilio by caller id"), example="137"),
    _define("withheld", "未显示号码的人次", "withheld legs", "legs", "没有号码的接入次数", "joins without a number", example="3"),
    _define("size_mean", "平均规模（人）", "mean size", "people", "（人数 + 未显示号码的接入）对会议求和 ÷ 会议数；参会方未知的会议不计入", "people + withheld legs of a meeting, summed ÷ meetings; meetings with unknown legs left out", example="4.79"),
    _define("size_p50", "规模中位数（人）", "median size", "people", "每场会议（人数 + 未显示号码的接入）的中位数，线性插值", "median of people + withheld legs of a meeting, linear interpolation", example="4.0"),
    _define("peak_legs", "并发接入峰值", "peak legs", "legs", "该时段内某一时刻同时在线的最大接入数，包括此前开始的会议；接入区间为 [加入, 离开)", "the largest number of legs at one moment of the period, also of meetings begun before it; intervals are [join, leave)", Text("Adobe Connect；Webex 的并发数 ÷ 许可数", "Adobe Connect; Webex concurrent ÷ entitled"), example="21"),
    _define("peak_meetings", "并发会议峰值", "peak meetings", "meetings", "该时段内某一时刻同时进行的最大会议数，包括此前开始的会议", "the largest number of meetings at one moment of the period, also of meetings begun before it", example="3"),
    _define("active_creators", "活跃发起人数", "active creators", "people", "该时段内至少发起 1 场会议的不同发起人", "distinct creators with at least 1 meeting in the period", Text("Zoom", "Zoom"), example="37"),
    # ── one person, one meeting ──
    _define("presence", "在场时长（分钟）", "presence", "min", "同一号码在一场会议中各接入区间的并集秒数 ÷ 60（重叠不重复计）；会议结束未知为空", "seconds of the union of one number's intervals in one meeting ÷ 60 (overlaps count once); null when the meeting's end is unknown", Text("BigBlueButton 用户的 85% 规则", "BigBlueButton users' 85 % rule"), example="45.1667"),
    _define("presence_pct", "在场比例", "presence share", "%", "在场秒数 × 100 ÷ 会议秒数；0 秒的会议为空", "seconds of presence × 100 ÷ seconds of the meeting; null for a meeting of 0 s", Text("BigBlueButton 用户的 85% 规则", "BigBlueButton users' 85 % rule"), example="94.76"),
    _define("first_joined_at", "首次加入", "first join", "time", "该人在会议中首次加入的时刻", "the instant of the first join", example="2026-03-05 09:00:20"),
    _define("last_left_at", "最后离开", "last leave", "time", "该人在会议中最后离开的时刻；会议仍在进行为空", "the instant of the last leave; null while it is unknown", example="2026-03-05 09:41:30"),
    # ── classes ──
    _define("size_bucket", "规模档", "size", "text", "人数 + 未显示号码的接入：1、2、3–5、6–10、11–15、16–25、26–50、> 50", "people + withheld legs: 1, 2, 3–5, 6–10, 11–15, 16–25, 26–50, > 50", Text("Google", "Google"), example="3–5", is_nullable=False),
    _define("duration_class", "时长档（分钟）", "duration class", "text", "会议时长 [a, b) 分钟：< 1、1–5、5–15、15–30、30–60、60–120、120–240、≥ 240", "meeting minutes in [a, b): < 1, 1–5, 5–15, 15–30, 30–60, 60–120, 120–240, ≥ 240", Text("CQD：< 1 分钟；ACS：> 1 小时", "CQD < 1 min; ACS > 1 h"), example="15–30", is_nullable=False),
    _define("share_pct", "占比", "share", "%", "本行会议数 × 100 ÷ 各行会议数之和；没有会议为空", "meetings of the row × 100 ÷ meetings of all rows; null when there are none", example="33.3333"),
    # ── when ──
    _define("weekday", "星期", "weekday", "", "1 = 星期一 … 7 = 星期日（北京时间）", "1 = Monday … 7 = Sunday, in Beijing time", Text("ISO 8601", "ISO 8601"), example="4", is_nullable=False),
    _define("hour", "小时", "hour", "", "0 … 23，指 [h:00, h+1:00)（北京时间）", "0 … 23, meaning [h:00, h+1:00) in Beijing time", example="9", is_nullable=False),
    _define("heatmap", "占用分钟", "occupied minutes", "min", "各会议落在该星期该小时内的秒数之和 ÷ 60；跨小时的会议按小时拆分，两场同时进行则每分钟计两分钟", "seconds of all meetings that fall into this hour of this weekday ÷ 60; a meeting is split across the hours it spans, two at once give two minutes a minute", example="470.1667", is_nullable=False),
    _define("inside_minutes", "工作时间内（分钟）", "inside working hours", "min", "会议时长中落在工作日工作时间（hours）之内的部分", "the part of meeting minutes inside the working hours of working days", Text("Viva 的工作时间外；bandicoot 的夜间 19–07", "Viva after-hours; bandicoot night 19–07"), example="2043.9"),
    _define("outside_minutes", "工作时间外（分钟）", "outside working hours", "min", "会议时长 − 工作时间内", "meeting minutes − inside working hours", Text("Viva 的工作时间外；bandicoot 的夜间 19–07", "Viva after-hours; bandicoot night 19–07"), example="399.4"),
    _define("outside_pct", "工作时间外占比", "share outside working hours", "%", "工作时间外 × 100 ÷ 会议时长；0 分钟为空", "outside × 100 ÷ meeting minutes; null for 0 minutes", example="16.3464"),
    # ── concurrency ──
    _define("peak_legs_at", "接入峰值时刻", "peak legs at", "time", "首次达到并发接入峰值的那一秒", "the first second at which the peak of legs was reached", example="2026-03-12 10:33:04"),
    _define("peak_legs_times", "接入峰值次数", "peak legs times", "count", "达到峰值的独立区间个数；同一秒内一人离开一人加入不算中断", "separate stretches at the peak; a leave and a join in the same second do not end a stretch", example="1"),
    _define("peak_meetings_at", "会议峰值时刻", "peak meetings at", "time", "首次达到并发会议峰值的那一秒", "the first second at which the peak of meetings was reached", example="2026-03-12 10:31:26"),
    _define("peak_meetings_times", "会议峰值次数", "peak meetings times", "count", "达到峰值的独立区间个数", "separate stretches at the peak", example="4"),
    _define("busy_minutes", "有人在线（分钟）", "busy minutes", "min", "至少有 1 个接入在线的秒数 ÷ 60", "seconds with at least one leg connected ÷ 60", example="2203.6667"),
    _define("minutes_above", "超线分钟", "minutes above lines", "min", "并发接入数大于 lines 的秒数 ÷ 60", "seconds with more legs at once than lines ÷ 60", Text("Webex 的并发数 ÷ 许可数", "Webex concurrent ÷ entitled"), example="213.8333"),
    _define("lines_sufficient", "足够的线路数", "sufficient lines", "count", "使“接入数不超过它”的时间占有人在线时间至少 p % 的最小线路数", "the smallest number of lines not exceeded for at least p % of the busy time", example="20"),
    _define("kind", "对象", "of what", "text", "legs = 接入，meetings = 会议", "legs or meetings", example="legs", is_nullable=False, words={"legs": Text("接入", "legs"), "meetings": Text("会议", "meetings")}),
    _define("level", "并发数", "level", "count", "该区间内的并发数", "how many at once during the stretch", example="21", is_nullable=False),
    _define("starts_at", "开始", "from", "time", "区间的第一秒", "the first second of the stretch", example="2026-03-12 10:33:04", is_nullable=False),
    _define("ends_at", "结束", "until", "time", "区间之后的第一秒", "the first second after the stretch", example="2026-03-12 10:34:10", is_nullable=False),
    # ── creators together ──
    _define("creators", "发起人数", "creators", "people", "有会议时长的不同发起人", "distinct creators with known meeting minutes", example="37"),
    _define("top_creators", "前一成发起人数", "top creators", "people", "⌈发起人数 ÷ 10⌉", "⌈creators ÷ 10⌉", example="4"),
    _define("concentration", "前一成发起人占比", "share of the busiest tenth of creators", "%", "会议时长最多的 ⌈n/10⌉ 位发起人的秒数 × 100 ÷ 全部秒数", "seconds of the top ⌈n/10⌉ creators by meeting minutes × 100 ÷ seconds of all", Text("bandicoot 的帕累托指标", "bandicoot pareto"), example="45.2919"),
    _define("gini", "基尼系数", "Gini", "ratio", "各发起人会议时长的基尼系数，不作小样本修正", "Gini coefficient of the creators' meeting minutes, no small-sample correction", Text("bandicoot 的帕累托指标", "bandicoot pareto"), example="0.5824"),
    # ── money ──
    _define("cost", "费用（元）", "cost", "yuan", "接通费 + 计费分钟 × 号码类别单价，逐条精确计算，不四舍五入到分；合计等于各条之和", "connection fee + billed minutes × price of the number class, exact line by line, never rounded to fen; the total is the sum of its lines", Text("Teams 的通话费 + 接通费", "Teams charge + connection fee"), example="312.48"),
    _define("number_class", "号码类别", "number class", "text", "mobile、fixed、service、premium、international、satellite、short（短号）、access（本账户的接入号）、unknown；按会议计费时为 default", "mobile, fixed, service, premium, international, satellite, short, access (a number of the account's own), unknown; default when meetings are billed", example="mobile"),
    _define("lines_billed", "计费条数", "lines billed", "count", "计费的接入（或会议）条数", "legs (or meetings) that were billed", example="412"),
    _define("billed_minutes", "计费分钟", "billed minutes", "min", "每条秒数取整（默认向上）到 step_s 的倍数、至少 minimum_s，求和 ÷ 60", "seconds of each line rounded (up by default) to a multiple of step_s, at least minimum_s, summed ÷ 60", example="10903.0"),
    _define("weight_pct", "权重", "weight", "%", "该组的权重 × 100 ÷ 该时段各组权重之和；权重为人次分钟、人次或按资费的费用", "weight of the group × 100 ÷ weights of all groups of the period: leg minutes, legs, or cost by the tariff", example="27.5"),
    _define("allocated", "分摊金额（元）", "allocated", "yuan", "该时段的金额（账单或按资费的费用）按权重分摊到分；余数按最大余数法，各组之和等于该时段的金额", "the amount of the period shared by weight, in whole fen; what is left goes by largest remainder, so that the groups add up to it", Text("最大余数法", "largest remainder"), example="859.12"),
    _define("lonely_cost", "独自在线费用（元）", "lonely cost", "yuan", "独自在线的秒数 × 在线者号码类别的每分钟单价 ÷ 60", "seconds alone × price per minute of the number class of the party alone ÷ 60", example="4.38"),
    # ── products side by side ──
    _define("product", "口径", "product", "text", "ours 或产品名", "ours or the name of a product", example="ours", is_nullable=False),
    _define("participants", "“参会者”", "“participants”", "count", "该产品称为参会者的数", "what that product calls participants", example="2729", is_nullable=False),
    _define("why", "差异原因", "why", "text", "该产品的计数规则", "the rule that product counts by", example="会议时长为首次接入到最后离开", is_nullable=False),
    # ── one period against another ──
    _define("figure", "指标", "figure", "text", "所比较报表的列", "a column of the report that is compared", example="meeting_minutes", is_nullable=False),
    _define("now", "本期", "now", "", "本期的值；分钟按整秒计", "the value in the period; minutes are whole seconds ÷ 60", example="2151.6167"),
    _define("before", "上期", "before", "", "所比较时段的值", "the value in the period it is compared with", example="2495.4667"),
    _define("change", "变化", "change", "", "本期 − 上期；各组的变化之和恰为总变化", "now − before; the changes of the groups add up to that of the whole exactly", example="-343.85"),
    _define("change_pct", "变化率", "change in %", "%", "变化 × 100 ÷ 上期；上期为 0 或未知则为空", "change × 100 ÷ before; null when before is 0 or unknown", example="-13.7790"),
    _define("per_workday_pct", "每工作日变化率", "change per working day in %", "%", "（本期 ÷ 本期工作日数）相对于（上期 ÷ 上期工作日数）的变化率，工作日按中国日历含调休；只用于场次、时长、金额这类可相加的数，人数、均值、占比、峰值为空", "change of the value per working day, by the Chinese calendar with make-up days; of sums (meetings, minutes, money) only, null for people, means, shares and peaks", example="-5.5675"),
    _define("of_change_pct", "占变化比例", "share of the change", "%", "该组的变化 × 100 ÷ 总变化；可大于 100 或为负；总变化为 0 则为空", "change of the group × 100 ÷ change of the whole; may exceed 100 or be negative; null when the whole did not change", example="62.1"),
    # ── who meets whom ──
    _define("a", "甲", "a", "text", "部门，或号码；甲在乙之前", "a department, or a number; a stands before b", example="研发部", is_nullable=False),
    _define("b", "乙", "b", "text", "部门，或号码", "a department, or a number", example="销售部", is_nullable=False),
    _define("shared_minutes", "共同在线（分钟）", "shared minutes", "min", "双方同时有人在同一会议中的秒数之和 ÷ 60", "seconds during which both have somebody in one meeting, summed over meetings ÷ 60", example="318.2"),
    _define("unit", "单位", "unit", "text", "部门，或号码", "a department, or a number", example="销售部", is_nullable=False),
    _define("degree", "往来单位数", "degree", "count", "与之同时在线过的单位个数", "how many others it was connected at once with", example="5", is_nullable=False),
    _define("outside_shared", "与外部共同（分钟）", "shared with others", "min", "与各单位共同在线时间之和", "shared minutes summed over its pairs", example="904.75"),
    _define("inside_shared", "内部共同（分钟）", "shared inside", "min", "本单位至少两人同时在同一会议中的秒数之和 ÷ 60", "seconds during which two or more of its people are in one meeting, summed over meetings ÷ 60", example="1210.5"),
    _define("inside_shared_pct", "内部占比", "share inside", "%", "内部共同 × 100 ÷（内部共同 + 与外部共同）；都为 0 则为空", "shared inside × 100 ÷ (shared inside + shared with others); null when both are 0", example="57.2"),
    # ── explain ──
    _define("pull_id", "拉取编号", "pull id", "id", "带来该记录的拉取", "the pull that brought the record", example="20260305T100000.000000Z-5f2b9c1e7a3d4e60"),
    _define("used", "已计入", "used", "", "该记录是否计入本行", "whether the record is part of the row", example="true", is_nullable=False),
    _define("reason", "未计入原因", "reason", "text", "未计入的原因键；见 .excluded", "key of the reason when it is not used; see .excluded", example="leg_end_unknown"),
)  # fmt: skip

DEFINITIONS = {definition.key: definition for definition in _TABLE}
"""Column key → definition, in the order of the docs page."""

_WHOLE = frozenset({"leg", "people", "active_creators", "creators", "top_creators", "weekday", "hour"})


def is_whole(key: str) -> bool:
    """Return whether a column holds whole numbers."""
    return key in _WHOLE or DEFINITIONS[key].unit in ("count", "legs", "meetings")


_SUMS = frozenset({
    "meetings", "meeting_minutes", "talk_minutes", "lonely_minutes", "leg_minutes", "legs", "withheld", "inside_minutes", "outside_minutes",
    "lines_billed", "billed_minutes", "cost", "lonely_cost", "allocated",
})  # fmt: skip


def adds_up(key: str) -> bool:
    """Return whether the groups of a column add up to its total: distinct people, means, peaks and shares do not."""
    return key in _SUMS


_OF_NO_SPAN = re.compile(r"(?:^|_)(?:mean|avg|average|median|p\d+|max|min|peak|per)(?:_|$)")


def accrues(key: str) -> bool:
    """Return whether a column grows with the days it is of, as sums do, and minutes and money but means of them."""
    return adds_up(key) or (DEFINITIONS[key].unit in ("min", "yuan") and not _OF_NO_SPAN.search(key))


_NOT_OF_NOTHING = frozenset({"lines_sufficient"})


def is_zero_of_nothing(key: str) -> bool:
    """Return whether a column is 0 where nothing took place, as counts, minutes and money are; means and shares are
    null.
    """
    return key not in _NOT_OF_NOTHING and (is_whole(key) or DEFINITIONS[key].unit in ("min", "yuan"))


def add_definitions(definitions: Iterable[Definition]) -> None:
    """Add columns of one's own reports to the table.

    Raises
    ------
    UsageError
        A column of this package already means something else.
    """
    for one in definitions:
        if one.key in _OURS:
            raise UsageError(
                Text(f"列 {one.key} 已有定义", f"the column {one.key} already has a meaning"),
                remedy=Text("请换一个列名，或直接使用它的定义", "call it otherwise, or use it as it is defined"),
            )
        DEFINITIONS[one.key] = one


_OURS = frozenset(DEFINITIONS)

REASONS = {
    "no_start": Text("会议没有开始时刻，无法归入任何时段", "meetings without a start: they belong to no period"),
    "too_few_people": Text("会议人数少于 min_parties", "meetings with fewer people than min_parties"),
    "legs_unknown": Text("参会方未知的会议：计入会议数，不计入人次与人数", "meetings whose legs are unknown: counted as meetings, not in legs and people"),
    "end_unknown": Text("结束未知的会议：时长为空", "meetings whose end is unknown: their minutes are null"),
    "not_ended": Text("没有结束时刻，无法按结束日归入时段", "meetings without an end: they belong to no period when counted by their end"),
    "never_joined": Text("从未接入的参会方", "parties who never joined"),
    "leg_end_unknown": Text("结束未知的接入：不计入人次分钟", "legs whose end stays unknown: left out of leg minutes"),
    "withheld": Text("未显示号码的接入：无法归于某人", "legs without a number: they belong to nobody by name"),
    "no_price": Text("资费中没有其号码类别的单价", "lines whose number class has no price in the tariff"),
    "creator_unknown": Text("发起人未知的会议", "meetings whose creator is unknown"),
}  # fmt: skip
"""Reason key → why a record is not part of a number."""


def define(*keys: str, accounts: Iterable[str] = (), **parameters: object) -> tuple[Definition, ...]:
    """Return the definitions of some columns, each with the parameters its rule names, and the one of accounts with all
    there are.

    Examples
    --------
    >>> define("meetings", min_parties=2)[0].parameters["min_parties"]
    2
    """
    names = tuple(accounts)
    return tuple(
        replace(
            DEFINITIONS[key],
            parameters={name: value for name, value in parameters.items() if _names(DEFINITIONS[key].formula.en, name)},
            names=names if key == "account" else (),
        )
        for key in keys
    )


def _names(formula: str, parameter: str) -> bool:
    """Tell whether a rule names a parameter, as a word of its own."""
    return re.search(rf"\b{re.escape(parameter)}\b", formula) is not None
