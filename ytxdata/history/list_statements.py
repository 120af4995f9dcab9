"""How many meetings or lines a list of what took place says that it has: each count must hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from ytxdata.history.proof.witness import WitnessLine
from ytxdata.labels import plain_words
from ytxdata.list_totals import NoMeeting, Unit, is_total
from ytxdata.times import beijing_text

NO_YEAR = re.compile(r"(\d\d?)\s*月\s*(\d\d?)\s*[日号]")
"""A day without its year."""


# ── how many it says that it has ──
_UNITS: Mapping[Unit, str] = {
    "meetings": r"场(?:次|会议?)?|[次个]?会议|(?:meetings?|conferences?|sessions?)\b|次(?=\W*$)",
    "lines": r"[条行笔](?:记录|数据|会议|明细)?|记录|(?:rows?|lines|records?|entries)\b",
}
_LABELS: Mapping[Unit, str] = {
    "meetings": r"(?:会议|召?开|举[行办])(?:总|合计)?(?:数量?|场[次数]|次数|场次数|总数)|场[次数](?:合计|总[数计]|数)?"
    r"|\b(?:total|number of|no\. of|#)?\s*(?:meetings|conferences|sessions)(?: count| total| held)?|\bmeeting count",
    "lines": r"(?:记录|数据|条目|明细)(?:总|合计)?(?:[条行]?数|数量|总数)|[条行]数|\b(?:total|number of|no\. of|#)\s*(?:rows|records?|lines|entries)"
    r"|\b(?:row|record|line|total)?\s?count|\b(?:records|rows|results|entries) found",
}
_BEHIND = re.compile(
    r"(?<!\s)\s*+(?:" + "|".join(f"(?P<{unit}>{words})" for unit, words in _UNITS.items()) + ")", re.IGNORECASE
)
_LABEL = re.compile(
    "(?:" + "|".join(f"(?P<{unit}>{words})" for unit, words in _LABELS.items()) + r")\W*$", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\d./-])(?<!\d:)\d{1,7}(?![\d./%‰-]|:\d)")
_OF_COUNTS = re.compile(
    r"(?:以上|本[月期表页次]|当月|全[月部]|清单|列表|实际|开会|导出|查询|结果|[应总共计有为是了的数次量]|合计|召?开|举[行办]|会议|记录|数据|明细|条目|场"
    r"|[条行](?=数)|\b(?:the|there (?:are|were)|in (?:all|total)|total|number|no|count|of|held|found|results?|in|this|month|meetings?|conferences?|sessions?|rows?"
    r"|lines|records?|entries)\b|[\W_])*",
    re.IGNORECASE,
)
"""All that a clause says which tells how many a list has, beside the figure: with any other word it may be of a part."""
_OF_OTHERS = re.compile(
    r"上[个月期周次]|去年|[同环]比|较|[增减]|均|每|本页|当前|显示|限|累计|年|截[至止]|免|赠|送|满|折|优惠|取消|人|位|[到参与]会|最|前\s*$|套餐|短信|计划|约|超|其中|会场|第|[若如]|/\s*页"
    r"|\b(?:if|more than|over|average|avg|per|last|previous|prior|cancel\w*|max\w*|up to|first|free|of which|people|attend\w*|limit\w*|year|ytd|plan\w*|page|show\w*|display\w*)\b",
    re.IGNORECASE,
)
"""What a count is of that is no count of the lines: those of last month, how many are free, or of each."""
_SPAN = re.compile(
    r"(?:(?:19|20)\d\d\s*[-/.年]\s*(?P<of_year>\d\d?)(?!\d)|(?<![\d.:/-])(?P<month>\d\d?)(?=\s*月))\s*(?:月份?|[-/.](?=\d))?"
    r"(?P<day>\s*\d\d?\s*[日号]?(?!\d)(?!\s*(?:场|次|[个条行笔]))(?:\s*[-~至到]\s*\d\d?\s*[日号])?)?"
)
"""A month, and a day or days of it."""


_IN_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(rf"\b({'|'.join(_IN_ENGLISH)})[a-z]*\b(?:\s+20\d\d)?", re.IGNORECASE)


_OF_SOMETHING = re.compile(r"[^\W\d_未不没待漏见在已被]", re.IGNORECASE)
"""What a figure of lines counts behind them, if it is other than what is listed: 共 52 条接入."""


OF_NO_LIST = re.compile(
    r"短信|彩信|套餐|呼叫|外呼|拨[打号]|邮件|通知|邀请|提醒|\b(?:sms|messages?|packages?|plan|quota)\b", re.IGNORECASE
)
"""Of what some may have failed or be left that are no lines: 短信发送成功 20 条，失败 2 条."""


_DIGITS = {one: n for n, one in enumerate("一二三四五六七八九", 1)} | {"两": 2}
_DIGIT = r"[一二两三四五六七八九十百]"
_NUMERAL = re.compile(rf"(?<=[第共])\s*{_DIGIT}{{1,5}}(?=\s*[页条行笔场册卷])|{_DIGIT}{{2,5}}(?=\s*场)")


def in_digits(text: str) -> str:
    """Return a text with its numbers of pages, lines and meetings in digits.

    Examples
    --------
    >>> in_digits("共四十二场，第一页"), in_digits("一百二十场，三楼")
    ('共42场，第1页', '120场，三楼')
    """
    return _NUMERAL.sub(lambda one: str(_number(one[0].strip())), text)


def _number(numeral: str) -> int:
    total, digit = 0, 0
    for one in numeral:
        unit = {"十": 10, "百": 100}.get(one)
        total, digit = (total + (digit or 1) * unit, 0) if unit else (total, _DIGITS[one])
    return total + digit


class Count(NamedTuple):
    """How many meetings or lines a text says that there are: `all` of the list, by words of which none is of anything
    else; `some` of them, or more; or what is no count of lines (`other`): last month's, how many were free.
    """

    of: Unit
    n: int
    what: Literal["all", "some", "other"]


def counts(cells: Iterable[str], months: Collection[int] = ()) -> list[Count]:
    """Return how many meetings or lines a title, a foot, a line of totals or a cover says that there are, a figure
    behind the cell that names it. What is of other months than `months` is of something else.

    Examples
    --------
    >>> [(one.of, one.n, one.what) for one in counts(["10月会议清单（本月共召开62场）", "总记录数：61", "60 meetings", "会议总数", "62"])]
    [('meetings', 62, 'all'), ('lines', 61, 'all'), ('meetings', 60, 'all'), ('meetings', 62, 'all')]
    >>> [(one.n, one.what) for one in counts(["另有2场待补录", "上月共58场，人均3场", "周例会", "8001"])]
    [(2, 'some'), (58, 'other'), (3, 'other')]
    """
    text = in_digits(re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", plain_words(labelled(cells))))
    return [
        one._replace(what="other") if one.what == "some" and OF_NO_LIST.search(sentence) else one
        for sentence in re.split(r"[。;\n]", text)
        for clause in re.split(r"[,、()\[\]【】|]|/(?=\s*总?共)", sentence)
        for one in _counts_of(clause, months)
    ]


_A_COUNT = re.compile(r"\d{1,7}\s*[场条行笔次]?")


def labelled(cells: Iterable[str]) -> str:
    """Return cells as one text, each on its own line, but a figure behind what names it."""
    text, last = "", "0"
    for cell in filter(None, map(str.strip, cells)):
        is_named = _A_COUNT.fullmatch(cell) is not None and not re.search(r"\d", last)
        is_named |= not _SPAN.sub("", last).strip()
        text, last = text + (":" if is_named else "\n") + cell, cell
    return text


def _counts_of(clause: str, months: Collection[int]) -> Iterator[Count]:
    spans = [*_SPAN.finditer(clause)]
    named = {int(one["of_year"] or one["month"]) for one in spans}
    named |= {_IN_ENGLISH.index(one[1].casefold()) + 1 for one in _MONTH.finditer(clause)}
    clause = _MONTH.sub(" ", _SPAN.sub(" ", clause))
    is_other = _OF_OTHERS.search(clause) is not None or bool(months and not named <= {*months})
    end = 0
    for figure in _NUMBER.finditer(clause):
        front, behind = clause[end : figure.start()], _BEHIND.match(clause, figure.end())
        end = behind.end() if behind else figure.end()
        rest = re.split(r"\d", clause[end:], maxsplit=1)[0]
        told = behind or (None if clause[end:].strip(" .!") else _LABEL.search(front))
        if told is None or (behind and "次" in behind[0] and not re.search(r"会|召?开|举", front + behind[0])):
            continue
        of: Unit = "meetings" if told["meetings"] else "lines"
        if int(figure[0]) == 0 or (of == "lines" and _OF_SOMETHING.match(rest)):
            continue
        is_all = not any(one["day"] for one in spans) and all(map(_OF_COUNTS.fullmatch, (front, rest)))
        yield Count(of, int(figure[0]), "other" if is_other else "all" if is_all else "some")


def count_line(cells: Sequence[str]) -> Literal["total", "subtotal"] | None:
    """Return what a line is that says how many meetings or lines there are, and nothing else: a subtotal, where it
    says that of a day.

    Examples
    --------
    >>> [count_line(one) for one in (["Number of meetings", "60"], ["以上共60场"], ["10月1日", "2场"], ["市场部12场"], ["会议60"])]
    ['total', 'total', 'subtotal', None, None]
    """
    if not counts(cells):
        return None
    text = plain_words(labelled(cells))
    rest = _BEHIND.sub("", _NUMBER.sub("", _SPAN.sub(" ", text)))
    if _OF_COUNTS.fullmatch(rest) is None:
        return None
    return "subtotal" if any(one["day"] for one in _SPAN.finditer(text)) else "total"


def months_of(start: datetime, end: datetime) -> set[int]:
    """Return which months of the year, in Beijing, are in a period."""
    first, last = beijing_text(start), beijing_text(end - timedelta.resolution)
    n = 12 * (int(last[:4]) - int(first[:4])) + int(last[5:7]) - int(first[5:7])
    return {(int(first[5:7]) + more - 1) % 12 + 1 for more in range(n + 1)}


def counted(
    texts: Sequence[tuple[int, str, NoMeeting | None]],
    covers: Sequence[str],
    lines: Sequence[WitnessLine],
    months: set[int],
) -> tuple[list[dict[Unit, list[int]]], list[int]]:
    """Return how many the title, the foot and the covers of a list say that it has: each must hold. And the places of
    texts that count meetings which are neither all of them nor its parts: there are more than stand in its lines.
    """
    own = {len(lines), sum(not one.is_credit for one in lines), len({one.meeting_id for one in lines})}
    found: list[dict[Unit, list[int]]] = []
    unheld: list[int] = []
    for place, text, what in texts:
        said = counts([text], months)
        found += [{one.of: [one.n]} for one in said if one.what == "all" and what not in ("total", "subtotal", "part")]
        some, others = ([one.n for one in said if one.what == what] for what in ("some", "other"))
        if what in ("subtotal", "part"):  # of fewer it may be
            some = [one.n for one in said if one.what != "other" and one.n > max(own)]
        unheld += [place] if some and not own & {sum(some), sum(some) + sum(others)} and not own >= {*some} else []
    found += [{one.of: [one.n]} for text in covers for one in counts([text], months) if one.what == "all"]
    return found, unheld


def off_parts(
    foot: Sequence[tuple[int, int, str, NoMeeting | None]], lines: Sequence[WitnessLine], months: Collection[int]
) -> list[int]:
    """Return the places of subtotals that count other meetings than stand above them, or below, up to any other note.

    Parameters
    ----------
    foot
        What stands on the list beside its lines: its place, how many lines stand above it, what it says, what it is.
    """
    ends = sorted({0, len(lines), *(end for _, end, *_ in foot)})
    found: list[int] = []
    for place, end, text, what in foot:
        told = {one.n for one in counts([text], months) if one.what != "other"} if what == "subtotal" else set()
        runs = [lines[min(end, other) : max(end, other)] for other in ends if told]
        sizes = {n for run in runs for n in (len(run), len({one.meeting_id for one in run}))}
        found += [place] if told and not told & sizes else []
    return found


_EACH = re.compile(
    r"(?:会议|召?开|举[行办])?(?:场[次数]|场次数|会议数量?)|会议(?:次数|总数)|(?:number of |no\. of |#)?(?:meetings|conferences)(?: count| held)?",
    re.IGNORECASE,
)
_A_FIGURE = re.compile(r"(\d{1,6})\s*场?次?")
_NOT_OF_THESE = re.compile(
    r"上[个月期周]|去年|累计|取消|[日月人]均|同比|环比|占比|参会|与会|\b(?:last|previous|average|cancel\w*)\b",
    re.IGNORECASE,
)


def counting(rows: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Return where the names of columns and where the meetings stand of a table that counts them by day, department or
    kind; None where it is no such table.
    """
    at, head = next(((n, row) for n, row in enumerate(rows) if sum(map(bool, row)) > 1), (0, ()))
    places = (n for n, cell in enumerate(head) if n and _EACH.fullmatch(plain_words(cell).strip()))
    place = next(places, None)
    return None if place is None or _NOT_OF_THESE.search(head[0]) else (at, place)


_ANY = re.compile(r"数量|个数|条数|count|number|qty", re.IGNORECASE)


def odd_sums(rows: Sequence[Sequence[str]], n_lines: int) -> list[str]:
    """Return the totals of a table that counts nobody says what, that are not as many as there are lines.

    Examples
    --------
    >>> table = [["类型", "数量"], ["预约", "20"], ["即时", "22"], ["合计", "42"]]
    >>> odd_sums(table, 41), odd_sums(table, 42)
    (['合计:42'], [])
    """
    head = next((row for row in rows if sum(map(bool, row)) > 1), ())
    places = [n for n, cell in enumerate(head) if _ANY.fullmatch(plain_words(cell).strip())]
    sums = [row for row in rows if places and is_total(next(filter(None, row), ""))]
    return [labelled(row).strip() for row in sums if f"{n_lines}" not in ["".join(row[n : n + 1]) for n in places]]


def summed(rows: Sequence[Sequence[str]], months: Collection[int], n_lines: int) -> list[int]:
    """Return how many meetings such a table has: its total, or what all of it comes to where that is more than there
    are lines (it may be of the largest departments). Lines of other months, or of last one, count nothing.

    Examples
    --------
    >>> table = [["部门", "会议场数"], ["市场部", "20"], ["研发部", "22"]]
    >>> summed(table, [3], 41), summed(table, [3], 60), summed([*table, ["合计", "42"]], [3], 60)
    ([42], [], [42])
    >>> summed([["月份", "场次"], ["2月", "58"], ["3月", "6"], ["合计", "64"]], [3], 6)
    []
    """
    if (where := counting(rows)) is None:
        return []
    found: list[int] = []
    totals: list[int] = []
    n_others = 0
    for row in rows[where[0] + 1 :]:
        name = plain_words(next(filter(None, row), ""))
        if told := _A_FIGURE.fullmatch(plain_words("".join(row[where[1] : where[1] + 1]))):
            named = {int(one["of_year"] or one["month"]) for one in _SPAN.finditer(name)}
            is_other = not named <= {*months} or _NOT_OF_THESE.search(name) is not None
            n_others += is_other
            (totals if is_total(name) else found).append(0 if is_other else int(told[1]))
    return totals[-1:] if totals and not n_others else [n for n in [sum(found)] if n > n_lines]
