"""Of which period a list of what took place says that it is, and when it was made: in its title and foot, on covers, in
names of worksheets and in keys of JSON alike. Both bound what it proves; a period that cannot be read forbids a proof.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeAlias

from ytxdata.history.proof.witness import WitnessLine
from ytxdata.labels import plain_words
from ytxdata.times import BEIJING, parse_instant

Span: TypeAlias = tuple[datetime, datetime]

# ── dates in one notation: 2026年10月1日, however they are written ──
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"\b(?P<name>{'|'.join(_MONTHS)})(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\b\.?"
_Y, _Z = r"(?P<y>(?:19|20)\d\d)", r"(?P<z>(?:19|20)\d\d)"
_M, _N = r"(?P<m>1[0-2]|0?[1-9])", r"(?P<n>1[0-2]|0?[1-9])"
_D, _E = r"(?P<d>3[01]|[12]\d|0?[1-9])", r"(?P<e>3[01]|[12]\d|0?[1-9])(?!\d)"
_TH = r"(?:(?<=\d)(?:st|nd|rd|th))?"
_UNTIL = r"(?P<to>\s*(?:[-~–—―─→至到]|\.{2,}|\b(?:to|through|thru|until|till)\b)+\s*)"
_FORMS: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE), order)
    for pattern, order in (
        (rf"\b(?P<word>first|second)\s+half\s+of\s+{_NAME}(?:[\s,-]*{_Y})?", "y name word"),
        (rf"(?<!\d){_D}{_TH}{_UNTIL}{_E}{_TH}\s+(?:of\s+)?{_NAME}(?:,?\s*{_Y})?", "y name d to e"),
        (rf"{_NAME}\s*{_D}{_TH}{_UNTIL}{_E}{_TH}(?:,?\s*{_Y})?", "y name d to e"),
        (rf"{_NAME}\s*{_D}(?![\d:]){_TH}(?:,?\s*{_Y})?", "y name d"),
        (rf"(?<!\d){_D}{_TH}(?:\s+(?:of\s+)?|-){_NAME}(?:[\s,-]*{_Y})?", "y name d"),
        (rf"(?<![\d/.-])(?P<m>1[0-2]|0?[1-9])/{_D}/{_Y}(?!\d)|(?<![\d/.-])(?P<e>1[3-9]|2\d|3[01])/{_N}/{_Z}(?!\d)", "y z m n d e"),
        (rf"{_NAME}(?:[\s,-]*{_Y})?", "y name"),
        (rf"(?<!\d){_Y}(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)(?P<clock>(?:[0-5]\d){{3}})?(?!\d)", "y m d clock"),
        (rf"(?<![\d.]){_Y}(?P<m>0[1-9]|1[0-2])(?![\d.])", "y m"),
        (rf"{_Y}\s*[-/年]?\s*q(?P<quarter>[1-4])(?!\d)|\bq(?P<q>[1-4])(?!\d)(?:\W{{0,3}}{_Z})?", "y z quarter q"),
        (rf"{_Y}\s*[-/年]?\s*h(?P<half>[12])(?!\d)|\bh(?P<h>[12])\W{{0,3}}{_Z}", "y z half h"),
        (rf"{_Y}\s*[-/年]?\s*w(?P<week>\d\d?)(?!\d)", "y week"),
        (rf"\bweek\W{{0,3}}(?P<week>\d\d?)(?!\d)(?:\W{{0,3}}(?:of\s)?{_Y})?", "y week"),
        (rf"(?<![\d.]){_Y}\s*[-/.年]\s*{_M}\s*[-/.]\s*{_D}(?!\d)", "y m d"),
        (rf"(?<![\d.]){_Y}\s*[-/.]\s*{_M}(?!:?\d|[-/.]\d|\s*[元月])", "y m"),
        (rf"(?<![\d/.-]){_M}[-/.]{_Y}(?![\d/.])", "y m"),
        (rf"(?P<label>月份[:\s]*){_M}(?![\d月./-])", "label m"),
        # days of a range that lack their signs
        (rf"(?<![\d./-])(?<!\d:){_M}(?P<sign>[./-]){_D}{_UNTIL}{_N}(?P=sign){_E}(?![./:]\d)", "m d to n e"),
        (rf"(?<=月)\s*{_D}{_UNTIL}(?=(?:\d\d?\s*月\s*)?\d\d?\s*[日号])", "d to"),
        (rf"(?<![\d:]){_D}{_UNTIL}{_E}\s*[日号]", "d to e"),
        (rf"(?<=日){_UNTIL}(?:{_M}\s*[-/.月]\s*)?{_D}(?![\d:]|\s*(?:[-/.]\d|[年月日号场条次行笔]))", "to m d"),
    )
]  # fmt: skip
"""How a part of a date may be written, and in which order its parts are then."""

_WRITTEN: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys("yz", "{}年".format),
    **dict.fromkeys("mn", "{}月".format),
    **dict.fromkeys("de", "{}日".format),
    **dict.fromkeys(("quarter", "q"), "{}季度".format),
    **dict.fromkeys(("half", "h"), lambda n: f"{'上下'[int(n) - 1]}半年"),
    "week": "第{}周".format,
    "word": lambda word: "上半月" if word.casefold() == "first" else "下半月",
    "name": lambda name: f"{_MONTHS.index(name.casefold()) + 1}月",
    "clock": lambda digits: f" {digits[:2]}:{digits[2:4]}:{digits[4:]}",
}
_NUMERAL = re.compile(
    r"[〇○零一二三四五六七八九]{4}(?=\s*年)|[一二三四五六七八九十]{1,3}(?=\s*(?:月|[日号]|季度|周(?!\w年)))"
)
_DIGITS = {one: n for n, one in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0}
_WEEKDAY = re.compile(r"(?<=日)\s*\(?(?:周|星期|礼拜)[一二三四五六日天]\)?")


def _in_figures(numeral: str) -> str:
    if "十" not in numeral:
        return "".join(f"{_DIGITS[one]}" for one in numeral)
    tens, ones = numeral.split("十", 1)
    return f"{_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)}"


def _in_order(parts: Sequence[str], found: re.Match[str]) -> str:
    return "".join(_WRITTEN.get(part, str)(found[part]) for part in parts if found[part])


def _noted(text: str) -> str:
    """Return a text whose dates are written alike.

    Examples
    --------
    >>> _noted("1-15 October 2026"), _noted("20261001-20261015"), _noted("10.1-10.15"), _noted("二〇二六年十月")
    ('2026年10月1日-15日', '2026年10月01日-2026年10月15日', '10月1日-10月15日', '2026年10月')
    """
    text = _NUMERAL.sub(lambda one: _in_figures(one[0]), plain_words(text))
    for form, order in _FORMS:
        text = form.sub(partial(_in_order, order.split()), text)
    return _WEEKDAY.sub("", text)


# ── what a date or a part of a year is, and from when until when ──
_POINT = re.compile(
    r"(?=\d|第|[上中下][旬半])(?:(?<!\d)(?P<y>(?:19|20)\d\d)\s*年(?P<whole>度|全年)?\s*)?"
    r"(?:第?(?P<q>[1-4])\s*季度?|(?P<half>[上下])半年度?|第(?P<w>\d\d?)\s*周"
    r"|(?:(?<![\d.])(?P<m>1[0-2]|0?[1-9])\s*月份?)?\s*"
    r"(?:(?P<part>[上中下]旬|[上下]半月)"
    r"|(?<![\d.])(?P<d>3[01]|[12]\d|0?[1-9])\s*[日号](?:[T\s]*(?P<t>\d\d?:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|\+\d\d:?\d\d)?)?)?)",
)
_PARTS = {"上旬": (1, 11), "中旬": (11, 21), "下旬": (21, 0), "上半月": (1, 16), "下半月": (16, 0)}
"""From which day until before which a part of a month is; 0 is its end."""


class _Point(NamedTuple):
    """A date, or a part of a year, where it stands: `unit` is what it is, `n` which one, `clock` its time of day."""

    begin: int
    end: int
    unit: str
    year: int | None
    month: int | None
    n: str
    clock: str | None


def _points(text: str) -> Iterator[_Point]:
    for one in _POINT.finditer(text):
        unit = next((name for name in ("q", "half", "w", "part", "d", "m", "whole", "y") if one[name]), "")
        # a year or a month of something that is not understood is not all of it
        if unit and not (unit in ("m", "whole", "y") and _GOES_ON.match(text, one.end())):
            year, month = (int(one[name]) if one[name] else None for name in "ym")
            yield _Point(*one.span(), unit, year, month, one[unit], one["t"])


_GOES_ON = re.compile(r"\s*(?:第|\d{1,2}\s*[月日号])")


def _span_of(one: _Point, year: int, month: int) -> Span | None:
    """Return from when until when a date or a part of a year is; None where there is none such."""
    first, n_months = month, 1
    if one.unit == "q":
        first, n_months = 3 * int(one.n) - 2, 3
    elif one.unit == "half":
        first, n_months = (1, 6) if one.n == "上" else (7, 6)
    elif one.unit in ("whole", "y"):
        first, n_months = 1, 12
    try:
        if one.unit == "w":  # as China counts them, too: by ISO 8601
            monday = datetime.fromisocalendar(year, int(one.n), 1).replace(tzinfo=BEIJING)
            return monday, monday + timedelta(days=7)
        begin = datetime(year, first, 1, tzinfo=BEIJING)
        end = datetime(year + (first + n_months - 1) // 12, (first + n_months - 1) % 12 + 1, 1, tzinfo=BEIJING)
        if one.unit == "d":
            day = begin.replace(day=int(one.n))
            return _at(day, one.clock, is_end=False), _at(day, one.clock, is_end=True)
    except ValueError:
        return None
    first_day, until = _PARTS.get(one.n, (1, 0))
    return begin.replace(day=first_day), begin.replace(day=until) if until else end


def _at(day: datetime, clock: str | None, *, is_end: bool) -> datetime:
    """Return an instant of a day; as an end, the end of its day, its minute or its second, but for a full hour."""
    if clock is None:
        return day + timedelta(days=1) * is_end
    at = parse_instant(f"{day:%Y-%m-%d} {clock.zfill(5)}")
    if at is None:
        raise ValueError(clock)
    return at + timedelta(seconds=1 if clock.count(":") > 1 else 60) * (is_end and clock.endswith("59"))


# ── what joins them, and what stands around them ──
_TO = re.compile(
    r"[\s:]*(?:起|开始)?\s*(?:[-~–—―─→至到/]|\.{2,}|\b(?:to|through|thru|until|till)\b)+\s*", re.IGNORECASE
)
_AND = re.compile(r"\s*(?:[、,&+]|和|与|及|\band\b)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"(?:\bbetween|介于|在)\W*$", re.IGNORECASE)
_OF = r"\W*(?:从|自|为|是|of\b|is\b|the\b|from\b|[:\W])*$"
_NARROW = (
    r"周期|期间|区间|账期|账单期|月份|所属期|起止|本期"
    r"|\b(?:period|cycle|(?:billing|statement|report(?:ing)?|invoice) (?:month|week|quarter))\b"
)
_OF_LIST = re.compile(
    rf"(?:{_NARROW}|范围|时段|时间段?|日期|\b(?:range|dates?|from|month|quarter|week|(?:invoice|statement|bill|report|list) for)\b){_OF}",
    re.IGNORECASE,
)
"""What a period is called."""
_ABOVE_PAIR = re.compile(rf"^\s*$|(?:{_NARROW}){_OF}", re.IGNORECASE)
"""What two days that nothing joins stand behind where they are the edges of a period: 账期 | 2026-03-01 | 2026-03-15."""
_OF_NO_MEETINGS = re.compile(
    r"(?:付款|缴费|还款|有效|优惠|合同|活动|维护|放假|假期|公示|异议|开票|每月|上[期月]|下[期月]|去年|\b(?:due|valid|previous|last|next|payment|contract)\b)\W*\S*$",
    re.IGNORECASE,
)
"""What stands in front of days that are those of no meetings."""
_FOR_NO_MEETINGS = re.compile(
    r"\W{0,3}(?:[内前]|之前|期间)?(?:缴|付款|支付|还款|办理|反馈|异议|执行|生效|施行|启用|到期|放假|维护|优惠|\b(?:due|payment)\b)",
    re.IGNORECASE,
)
"""What stands behind them."""
_BEGINS = re.compile(
    r"(?:开始|起始|起|自|从|\b(?:from|since|begin(?:s|ning)?|start(?:s|ing)?))\s*(?:日期?|时间|月份?|\b(?:date|time|day|month|on|at))?\W*$",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"(?:结束|终止|截[止至]|止|至|到|\b(?:to|through|until|till|end(?:s|ing)?))\s*(?:日期?|时间|月份?|\b(?:date|time|day|month|on|at))?\W*$",
    re.IGNORECASE,
)
_A_DATE = re.compile(r"(?:日期?|止|date)\W*$", re.IGNORECASE)
_BEGINS_BEHIND, _ENDS_BEHIND = re.compile(r"\s*(?:起|开始)"), re.compile(r"\s*(?:为?止|结束|截止)")
_MADE = re.compile(
    r"(?:导出|打印|制[表单]|生成|下载|出具|(?:查询|报表)(?=时间|日期)|\b(?:export(?:ed)?|print(?:ed)?|generated|report(?= date)|download(?:ed)?))"
    r"\s*(?:时间|日期|时刻|于|(?:time|date)\b)?\s*(?:at|on)?\W*"
    r"|(?P<through>(?:数据|统计|记录|会议)\s*(?:时间|日期)?截[至止到][至到]?(?:时间|日期)?\W*|(?:^|[\n(,;。])[^\S\n]*截[至止][至到]?(?:时间|日期)?\W*"
    r"|仅(?:列[出示]|包?含|统计)\W*(?=[^,。;]{6,20}前)|\b(?:as of|data (?:through|until|up to))\W*)",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\s*:\s*\d{1,7}\b")
"""That behind a month stands how many there were in it: a line of a table by month."""
_LONGEST_FRONT = 60


class _Told(NamedTuple):
    """Dates that are one period, or one date, and what stands around them; at `ands` others are named, up to which
    nothing runs.
    """

    points: Sequence[_Point]
    front: str
    behind: str
    ands: Sequence[int] = ()

    @property
    def is_labelled(self) -> bool:
        return _OF_LIST.search(self.front) is not None

    @property
    def is_of_no_meetings(self) -> bool:
        return _OF_NO_MEETINGS.search(self.front) is not None or _FOR_NO_MEETINGS.match(self.behind) is not None

    @property
    def is_begin(self) -> bool:
        return _BEGINS.search(self.front) is not None or _BEGINS_BEHIND.match(self.behind) is not None

    @property
    def is_end(self) -> bool:
        return _ENDS.search(self.front) is not None or _ENDS_BEHIND.match(self.behind) is not None


def _told(text: str) -> Iterator[_Told]:
    chain: list[_Point] = []
    ands: list[int] = []

    def ended() -> Iterator[_Told]:
        if chain:
            yield _Told(chain, _front(text, chain[0]), text[chain[-1].end :][:_LONGEST_FRONT], ands)

    for one in _points(text):
        between = text[chain[-1].end : one.begin][:_LONGEST_FRONT] if chain else ""
        is_of_days = bool(chain) and "d" in (one.unit, chain[-1].unit)
        is_and = bool(chain) and not is_of_days and _AND.fullmatch(between) is not None
        is_edge = is_of_days and len(chain) == 1 and _is_edge(between, _front(text, chain[0]))
        if not (is_and or is_edge or _TO.fullmatch(between)):
            yield from ended()
            chain, ands = [], []
        ands += [len(chain)] * is_and
        chain.append(one)
    yield from ended()


def _is_edge(between: str, front: str) -> bool:
    """Say whether a day is the other edge of a period though no sign for that stands between them."""
    if _AND.fullmatch(between):
        return _BETWEEN.search(front) is not None
    return not between.strip(" \n:,|") and _ABOVE_PAIR.search(front) is not None


def _front(text: str, one: _Point) -> str:
    return text[max(0, one.begin - _LONGEST_FRONT) : one.begin]


# ── what a list says ──
class Edges(NamedTuple):
    """From when until when a list says that its meetings are, and when it says that it was made; None where it does
    not. The spans that it states; and the places of texts that state one which cannot be read.
    """

    start: datetime | None = None
    end: datetime | None = None
    made_at: datetime | None = None
    spans: tuple[Span, ...] = ()
    unread: tuple[int, ...] = ()


class _Lines:
    """When the lines of a list are, in the period that it was given for."""

    def __init__(self, lines: Sequence[WitnessLine], start: datetime, end: datetime) -> None:
        self.moments = sorted(one.edges[0] for one in lines if one.edges)
        self.start, self.end = start.astimezone(BEIJING), end.astimezone(BEIJING)
        first, last = (self.moments[0], self.moments[-1]) if self.moments else (start, end - timedelta.resolution)
        months = {one.astimezone(BEIJING).strftime("%m") for one in (first, last)}
        self.month = int(months.pop()) if len(months) == 1 and last - first < timedelta(days=32) else None

    def share_in(self, span: Span) -> float:
        """Return how many of the lines are in a span; of a list whose lines tell no time, whether it meets the period."""
        if not self.moments:
            return float(span[0] < self.end and self.start < span[1])
        return (bisect_left(self.moments, span[1]) - bisect_left(self.moments, span[0])) / len(self.moments)

    def are_from(self, begin: datetime) -> bool:
        """Say whether no line is before an instant, or of lines that tell no time, whether it is in the period."""
        return begin <= self.moments[0] if self.moments else begin < self.end

    def are_until(self, end: datetime) -> bool:
        """Say whether each line is before an instant, or of lines that tell no time, whether it is in the period."""
        return self.moments[-1] < end if self.moments else self.start < end

    def spans_of(self, points: Sequence[_Point]) -> Sequence[Span]:
        """Return from when until when each date is; a year that they lack is one by which lines are in them. None where
        one is not, or the last ends before the first.
        """
        years = [one.year for one in points if one.year][:1] or range(self.start.year, self.end.year + 1)
        month = next((one.month for one in points if one.month), self.month)
        found = [spans for year in years if (spans := _spans_from(points, year, month))]
        return max(found, key=lambda spans: self.share_in(_whole(spans)), default=())


def _whole(spans: Sequence[Span]) -> Span:
    return spans[0][0], spans[-1][1]


def _spans_from(points: Sequence[_Point], year: int, month: int | None) -> Sequence[Span]:
    spans: list[Span] = []
    for one in points:
        year, month = one.year or year, one.month or month
        if month is None and one.unit in ("m", "part", "d"):
            return ()
        span = _span_of(one, year, month or 1)
        if span and spans and span[1] <= spans[0][0] and not one.year:  # from December to January
            span = _span_of(one, year + 1, month or 1)
        if span is None:
            return ()
        spans.append(span)
    begin, end = _whole(spans)
    return spans if begin < end or len(points) == 1 else ()


def edges_told(texts: Sequence[str], lines: Sequence[WitnessLine], start: datetime, end: datetime) -> Edges:
    """Return what a title, a foot and a cover say of the period of a list: one of the first days of a month had proved
    all of it. What no word calls a period is one if all lines are in it.

    Examples
    --------
    >>> begin, end = (datetime(2026, month, 1, tzinfo=BEIJING) for month in (3, 4))
    >>> told = edges_told(["账期：2026年3月上旬至中旬", "导出时间：2026-03-21 08:00"], [], begin, end)
    >>> [f"{one.astimezone(BEIJING):%m-%d %H}" for one in told[:3]]
    ['03-01 00', '03-21 00', '03-21 08']
    >>> edges_told(["统计周期：2026年第13期"], [], begin, end).unread
    (0,)
    """
    of_lines = _Lines(lines, start, end)
    stated: dict[Span, Sequence[Span]] = {}
    begins: list[datetime] = []
    ends: list[datetime] = []
    made: list[datetime] = []
    unread: list[int] = []
    for place, text in enumerate(texts):
        noted = _noted(text) if _MAY_TELL.search(text) else ""
        through = {one.end(): one["through"] for one in _MADE.finditer(noted)}
        told = [*_told(noted)]
        is_lost = _is_unread(noted, [point for one in told for point in one.points])
        for one in told:
            if one.is_of_no_meetings:
                continue
            if not (spans := of_lines.spans_of(one.points)):
                is_lost |= one.is_labelled or len(one.points) > 1
                continue
            point, (begin, end) = one.points[0], _whole(spans)
            is_single = len(one.points) == 1
            if is_single and point.begin in through:
                made += [end if through[point.begin] else begin] if point.unit == "d" else []
            elif is_single and one.is_begin:
                begins += [begin] if of_lines.are_from(begin) else []
            elif is_single and one.is_end:
                # the midnight of a date is its day
                end += timedelta(days=1) * bool(
                    point.clock and point.clock.startswith("00:00") and _A_DATE.search(one.front)
                )
                ends += [end] if of_lines.are_until(end) else []
            elif _is_period(one, of_lines.share_in((begin, end))):
                stated[begin, end] = _parts(spans, one.ands)
        unread += [place] if is_lost else []
    if begins and ends:
        stated[max(begins), min(ends)] = [(max(begins), min(ends))]
    sure = [one for one in stated if of_lines.share_in(one) == 1]
    narrow = [
        one for one in stated if not any(other != one and one[0] <= other[0] and other[1] <= one[1] for other in sure)
    ]
    begins += [min(begin for begin, _ in narrow)] if narrow else []
    ends += [max(end for _, end in narrow)] if narrow else []
    parts = tuple(part for one in narrow for part in stated[one])
    return Edges(max(begins, default=None), min(ends, default=None), min(made, default=None), parts, tuple(unread))


def _parts(spans: Sequence[Span], ands: Sequence[int]) -> Sequence[Span]:
    """Return the spans that are meant: what lies between two that are only named is in none."""
    return [_whole(spans[begin:end]) for begin, end in zip([0, *ands], [*ands, len(spans)], strict=True)]


def _is_period(one: _Told, share: float) -> bool:
    """Say whether dates are the period of a list, of which so many lines are in them. A month may be that in which a
    bill was made; and a day, or a year that nothing calls a period, is none.
    """
    unit = one.points[0].unit
    if len(one.points) > 1:
        return one.is_labelled or share == 1
    if unit == "d" or (unit == "y" and not one.is_labelled) or _COUNTED.match(one.behind):
        return False
    return share == 1 or (one.is_labelled and share > 0.5)


# ── what has the form of a period and cannot be read ──
_MAY_TELL = re.compile(r"\d|[一二三四五六七八九十上中下][月旬半]|季度|年")
_VALUE = re.compile(rf"(?:{_NARROW})[^\w\n]*\n?[^\w\n]*(?:从|自|为|是|of|is)?(?P<value>[^\n,;。]*)", re.IGNORECASE)
_LIKE_A_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d|(?<![\d/-])\d{1,2}\s*[-/月]\s*\d{1,2}(?![\d/-])|\d\s*[月周旬期季](?!\w*[秒天])",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    rf"(?:{_NARROW}|范围|时间|日期|\b(?:range|dates?)\b)\W*(?:最?近|过去|\b(?:last|past)\b)\s*\d+\s*(?:个?[天日周月]|days?|weeks?|months?)",
    re.IGNORECASE,
)
_UP_TO = r"\s*(?:[~→至到]|\b(?:to|through|until)\b)\s*"
_DATE = r"(?:(?:19|20)\d\d\s*[-/.年]\s*\d\d?|\d\d?\s*月\s*\d|\d\d?\s*[-/.]\s*\d\d?(?=\D|$)|\d\d?\s*[日号])"
_HALF_READ = re.compile(
    rf"(?<=[年月日旬度周]){_UP_TO}{_DATE}|{_DATE}\S{{0,4}}{_UP_TO}(?=(?:19|20)\d\d\s*[-/.年])", re.IGNORECASE
)


def _is_unread(text: str, points: Sequence[_Point]) -> bool:
    """Say whether a text says of which period it is, or has a range of dates, of which a part is not read."""
    places = [one.begin for one in points]

    def is_read(begin: int, end: int) -> bool:
        return bisect_left(places, end) > bisect_left(places, begin)

    return (
        _RELATIVE.search(text) is not None
        or any(_LIKE_A_DATE.search(one["value"]) and not is_read(*one.span("value")) for one in _VALUE.finditer(text))
        or any(not is_read(*one.span()) for one in _HALF_READ.finditer(text))
    )
