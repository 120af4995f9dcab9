"""What a list that people keep says of itself: the lines of it that are totals, subtotals and notes, and what a total
says, under the list's columns or in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import time
from decimal import Decimal
from itertools import accumulate
from typing import Literal

from ytxdata.labels import Text
from ytxdata.times import BEIJING, parse_instant

OWN_TOTAL, SUBTOTAL = Text("清单自己的合计", "the list's own total"), Text("小计", "a subtotal")
_PAGE = r"(?P<page>[本每]页|第\s*\d+\s*页|page)"
_SPAN = r"本[月期]|当月|全[月部]|(?:\d{4}年)?\d{1,2}月份?|grand"
_SUBTOTAL = r"(?P<part>小\s*计|sub[-\s]?totals?\b)"
_SUM = (
    r"[合总共]\s*计|总(?:额|金额|费用)|总?共(?=\s*\d)|(?:totals?|sum)\b"
    r"|(?:不含|未|含|价)税(?:金额|总[价额])|税前金额|(?:net|gross) amount\b"
)
_UNITS = (
    r"场次?|人?次|行数?|条数?|笔数?|秒数?|元|金额|费用|时长|数量|amount|cost|fees?|duration|seconds|lines|of|for|due|payable"
    r"|(?:(?:new|current|monthly)\s+)?charges"
)
_MONEY = r"[¥￥]|人民币|(?:rmb|cny)(?![a-z])"
_WHAT = r"(?:meetings?|conferences?|calls?|connections?|lines|records)\s*[:：=]?\s*(?=\d)"
_BEHIND = rf"[\d:：(（\[【=,，、。;；/共]|{_MONEY}|{_WHAT}|(?:{_UNITS}|total|sum)\b"
# of what: 市场部小计, Invoice total; more words behind it make a name (组合计费用), figures and brackets do not
_OF_SOME = (
    r"[^:：]{1,20}?(?:(?P<some>小\s*计|(?<![a-z])sub[-\s]?totals?)|[合总]\s*计|总(?:额|金额|费用)|(?<![a-z])totals?)"
    r"\s*(?:[\d:：(（\[【=].*)?"
)
_TOTAL = re.compile(
    rf"(?:{_PAGE}|{_SPAN})?\s*(?:{_SUBTOTAL}|{_SUM})\s*(?:(?:{_BEHIND}).*)?|{_OF_SOME}", re.IGNORECASE | re.DOTALL
)
"""A total as people write it; 合计划 and Total Energies are names."""

Unit = Literal["meetings", "lines", "seconds", "yuan"]

_COUNTED: Mapping[Unit, str] = {
    "meetings": r"场|[次个]会议|meetings?\b|conferences?\b",
    "lines": r"[行条笔]|(?:line|row|record|entr(?:y|ie)|call|connection)s?\b",
    "seconds": r"秒|(?:s|secs?|seconds?)\b",
    "yuan": r"元|(?:yuan|rmb|cny)\b",
}
# the seconds of "2分3秒" are no total of seconds
_FIGURE = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_STATED = re.compile(
    rf"(?<![\d.,分钟时])(?P<n>{_FIGURE})\s*(?:"
    + "|".join(rf"(?P<{unit}>{words})" for unit, words in _COUNTED.items())
    + rf")|(?:{_MONEY})\s*(?P<sum>{_FIGURE})(?![\d.,])|meetings\s*[:：=]?\s*(?P<held>{_FIGURE})(?![\d.,])",
    re.IGNORECASE,
)
"""A figure with what it counts, or behind it; 人次 and 分钟 are none that lines can be held against."""

IN_WORDS = re.compile(r"[零壹贰叁肆伍陆柒捌玖拾佰仟万亿]+[元圆角分]")
"""An amount as cheques have it, which nobody reads here."""


def stated(cells: Iterable[str]) -> dict[Unit, Decimal]:
    """Return what a total says in words, the first figure of each kind: in its first cell, and in others that are a
    count and nothing else.

    Examples
    --------
    >>> stated(["合计：81场，12,345.00元"]), stated(["", "Total:", "81 meetings", "5.00元"])
    ({'meetings': Decimal('81'), 'yuan': Decimal('12345.00')}, {'meetings': Decimal('81')})
    >>> stated(["合计人民币3.60元"]), stated(["Total CNY 3.60"])
    ({'yuan': Decimal('3.60')}, {'yuan': Decimal('3.60')})
    """
    first, *others = [cell for cell in cells if cell.strip()] or [""]
    # a sum in a cell of its own stands under the name of a column
    counts = [one for cell in others if (one := _STATED.fullmatch(cell.strip())) and (one["meetings"] or one["lines"])]
    found: dict[Unit, Decimal] = {}
    for one in (*_STATED.finditer(first), *counts):
        unit: Unit = next((unit for unit in _COUNTED if one[unit]), "yuan" if one["sum"] else "meetings")
        found.setdefault(unit, Decimal((one["n"] or one["sum"] or one["held"]).replace(",", "")))
    return found


_UNIT_WORDS: Mapping[Unit, str] = {"seconds": "秒", "yuan": "元", "lines": "行", "meetings": "场"}
_NOTE_WORDS = "制表|制单|填表|填报|打印|导出|审核|复核|核对|批准|经办|备注|说明|注|prepared by|printed|approved by|note"
NOTE = re.compile(rf"\s*(?:{_NOTE_WORDS})[^:：]*[:：].*", re.IGNORECASE | re.DOTALL)
_LABELLED = re.compile(r"(?=[^:：]*[\u4e00-\u9fff\s])[^:：]*[:：].*", re.DOTALL)
"""What no id looks like: a word or several, and what they announce."""

NoMeeting = Literal["total", "subtotal", "footer"]
Closing = Literal["balance", "due", "charge"]
"""What a line of no meeting is that is no total: a balance or payment; what is asked for in the end; a part of what is
owed. Only the last is money that is shared, and only it belongs to a total for certain.
"""

_WORDS: Mapping[Closing, str] = {
    "balance": r"(?:余额|结余|充值|预[存付]款?)(?:抵扣|冲抵|扣款|支付)?|已[付收缴]|欠[费款缴]|押金"
    r"|\b(?:balance|deposit|paid|prepaid|payments?|arrears|top[-\s]?up|recharge)\b",
    "due": r"[应实待未][付收缴](?:话费)?|\bdue\b|(?<!accounts[-\s])\bpayable\b",
    "charge": r"税[额金费款率]|增值税|附加税|^税$|月租|租费|滞纳|违约金|优惠|减免|折扣|抹零|抵扣"
    r"|退[费款]|冲[减抵销]|调账|手续费|最低消费|套餐"
    r"|\b(?:vat|gst|tax(?:es)?|rent(?:al)?|discount|surcharge|refund|rounding|subscription)\b"
    r"|\b(?:monthly|base|basic|fixed|service|late|payment|platform)\s+(?:fees?|charges?)$",
}
CLOSINGS = tuple(_WORDS)
_CLOSING = [(kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS.items()]
_HEAD = re.compile(
    r"\s*(?:金额|款项?|费用|[数总]?额|合计|[结转][转入出]*|\(.*|[:,、].*|\s[-–—].*"
    r"|(?:received|brought|carried|forward|[bc]/?f|by|from|of|on|to|for|with|via|in|this|last|as|at|and|&)\b.*)?",
    re.IGNORECASE | re.DOTALL,
)
"""What may stand behind a balance or payment, where another word makes it what a department is called: 充值中心."""
_FEE = re.compile(r"(?:[费款]|费用|\bfees?|\bcharges?)$", re.IGNORECASE)
"""How the name of a charge ends. In another column than that of ids it may be what each meeting is charged for: 会议通话费."""
_OF_A_RATE = re.compile(r"\d+(?:\.\d+)?\s*[%％]|[（(][^)）]*[)）]|(?:\d{4}\s*年)?\d{1,2}\s*月份?")
"""The figures of a charge that are none of an id: 增值税6%, 税额（6%）, 2月余额."""
_EMPTY = re.compile(r"[-—–−/\s]*|n/?a|无", re.IGNORECASE)
_NOTHING = re.compile(r"[\s0:.]*")


def filled(cell: str) -> str:
    """Return a cell without blanks around it; one of dashes, as people fill what is empty, says nothing.

    Examples
    --------
    >>> filled(" 税额 "), filled("--"), filled("N/A"), filled("-1")
    ('税额', '', '', '-1')
    """
    return "" if _EMPTY.fullmatch(cell) else cell.strip()


def closing(name: str, *, is_id: bool = False) -> Closing | None:
    """Return what a line is that is called so, where it is usually of no meeting. The last word decides.

    Examples
    --------
    >>> {closing(one) for one in ("税额（6%）", "VAT 6%", "Service fee", "抹零", "套餐", "Late payment fee")}
    {'charge'}
    >>> [closing(one) for one in ("上期余额", "本期充值", "Payment received", "应付金额", "Balance due")]
    ['balance', 'balance', 'balance', 'due', 'due']
    >>> {closing(one) for one in ("财税部周会", "tax-2026", "会议通话费", "Feedback", "充值中心")}
    {None}
    """
    text = _OF_A_RATE.sub(" ", name).strip().rstrip(":：")
    if re.search(r"\d", text):
        return None
    found = [(one.end(), kind) for kind, words in _CLOSING for one in words.finditer(text)]
    if not found:
        return "charge" if is_id and _FEE.search(text) else None
    end, kind = max(found, key=lambda one: one[0])
    return kind if kind == "charge" or is_id or _HEAD.fullmatch(text, end) else None


def closing_of(own: str, cells: Iterable[str], told: Mapping[str, str]) -> Closing | None:
    """Return what a line is that is of no meeting: an amount, and nothing of when, how long and who.

    Whoever takes it for a meeting calls a right bill with a line of tax a gap, and whoever takes a balance for a charge
    shares money that nobody owes. It has a usual word for it in its place of an id, or where there is none, in another
    cell: any other word may be what a room is called.

    Parameters
    ----------
    own, cells
        Its id, and whatever stands in it.
    told
        What it says under the list's columns `number`, `started_at`, `ended_at`, `duration_s`, `amount_yuan`, as far as
        there are such columns.

    Examples
    --------
    >>> closing_of("税额", [], {"amount_yuan": "0.18"}), closing_of("", ["充值"], {"amount_yuan": "5", "duration_s": ""})
    ('charge', 'balance')
    >>> closing_of("晨会", [], {"amount_yuan": "0.18"}), closing_of("税额", [], {"amount_yuan": "5", "duration_s": "60"})
    (None, None)
    """
    is_silent = all(_NOTHING.fullmatch(filled(told.get(name, ""))) for name in ("number", "duration_s"))
    if not is_silent or not _holds_a_number(told.get("amount_yuan", "")):
        return None
    moments = [filled(told.get(name, "")) for name in ("started_at", "ended_at")]
    # a rent may have a day
    timed = [one for one in moments if not (at := parse_instant(one)) or at.astimezone(BEIJING).time() != time()]
    if not all(_NOTHING.fullmatch(one) or closing(one) for one in timed):
        return None
    return closing(own, is_id=True) if own else next(filter(None, map(closing, cells)), None)


def sums_with(closings: Iterable[tuple[Decimal, bool]]) -> list[Decimal]:
    """Return by how much a total may be more than what its meetings come to: by no line that names none, or by those
    down to some line: all of them, or what is owed.

    Parameters
    ----------
    closings
        The amount of each, and whether it is a part of what is owed.

    Examples
    --------
    >>> [*map(str, sums_with([(Decimal("50"), False), (Decimal("100"), True), (Decimal("15.66"), True)]))]
    ['0', '50', '150', '165.66', '100', '115.66']
    """
    told = list(closings)
    runs = ([one for one, _ in told], [one for one, is_owed in told if is_owed])
    return list(dict.fromkeys(sum_ for run in runs for sum_ in accumulate(run, initial=Decimal(0))))


def is_off(told: Decimal, own: Decimal) -> bool:
    """Say whether a list's own total is another than that of its lines, beyond the rounding of its last digit.

    Examples
    --------
    >>> is_off(Decimal("3.60"), Decimal("3.604")), is_off(Decimal("3.60"), Decimal("3.61"))
    (False, True)
    """
    # digits lost to 1E+3 are no rounding: half a million might be off by as much
    return 2 * abs(told - own) > Decimal(1).scaleb(min(int(told.as_tuple().exponent), 0))


def of_total(told: Mapping[Unit, Decimal | None], own: Mapping[Unit, Decimal]) -> Text:
    """Return why a list's own total is no line of it, and where it is another than that of its lines.

    Examples
    --------
    >>> of_total({"yuan": Decimal("9.00")}, {"yuan": Decimal("3.60")}).en
    "the list's own total, which is another than that of its lines: 9.00 yuan, not 3.60"
    """
    off = [
        (unit, one, own[unit])
        for unit, one in told.items()
        if one is not None and unit in own and is_off(one, own[unit])
    ]
    if not off:
        return OWN_TOTAL
    zh, en = (
        "、".join(f"{one} {_UNIT_WORDS[unit]}，各行之和为 {mine}" for unit, one, mine in off),
        ", ".join(f"{one} {unit}, not {mine}" for unit, one, mine in off),
    )
    return Text(
        f"{OWN_TOTAL.zh}，与各行之和不同：{zh}", f"{OWN_TOTAL.en}, which is another than that of its lines: {en}"
    )


def part_or_all(
    told: Mapping[Unit, Decimal | None], part: Mapping[Unit, Decimal], all_: Mapping[Unit, Decimal]
) -> Text:
    """Return why a list's own total is no line of it; where it is neither that of its part nor that of all lines, in
    what it differs from all. Of a part without lines there is no total.

    Examples
    --------
    >>> part_or_all({"yuan": Decimal(2)}, {"yuan": Decimal(2)}, {"yuan": Decimal(5)}).en
    "the list's own total"
    """
    is_of_part = bool(part) and of_total(told, part) == OWN_TOTAL
    return OWN_TOTAL if is_of_part else of_total(told, all_)


def is_total(cell: str) -> bool:
    """Say whether a line that begins with this cell is a list's own total or subtotal.

    Examples
    --------
    >>> [is_total(cell) for cell in ("合计", "本页小计：", "共 85 场会议", "Total CNY 3.60", "应付总金额（元）", "Total current charges")]
    [True, True, True, True, True, True]
    >>> [is_total(cell) for cell in ("合计划组", "组合计费用", "共享会议室", "Total Energies")]
    [False, False, False, False]
    """
    return _TOTAL.fullmatch(cell.strip()) is not None


def is_credit(seconds: int | None, yuan: Decimal | None) -> bool:
    """Say whether a line gives back what another one asked for: no meeting, but a part of every sum. A count may leave
    it out.

    Examples
    --------
    >>> is_credit(60, Decimal("-0.12")), is_credit(60, None)
    (True, False)
    """
    return min(seconds or 0, yuan or 0) < 0


def begins(ends: Iterable[int]) -> dict[int, int]:
    """Return where the lines begin that a total may be of, if not of all; each total by how many lines stand above it.
    Those are the lines since the total before it, and of totals one below the other the same.

    Examples
    --------
    >>> begins([2, 5, 5, 9])
    {2: 0, 5: 2, 9: 5}
    """
    places = sorted({*ends})
    return dict(zip(places, [0, *places], strict=False))


_A_COUNT = re.compile(r"\d{1,6}\s*[场次行条笔]?")


def line_name(own: str, first: str) -> str:
    """Return what a line is called: its id, else what it begins with; of a total, how many stands under the ids.

    Examples
    --------
    >>> line_name("8001", "周会"), line_name("", "合计"), line_name("81 场", "合计")
    ('8001', '合计', '合计')
    """
    return first if not own or (is_total(first) and _A_COUNT.fullmatch(own)) else own


def no_meeting(cell: str, told: Mapping[str, str]) -> NoMeeting | None:
    """Return what a line is that is no meeting; None where it may be one.

    Parameters
    ----------
    cell
        Its id, or whatever it begins with.
    told
        What it says under the list's columns `started_at`, `ended_at`, `duration_s`, `amount_yuan`, as far as there
        are such columns. A line with a time and a duration or an amount is a meeting, whatever it is called.
    """
    total = _TOTAL.fullmatch(cell.strip())
    # Of a list of nothing but ids, every line lacks all else: only what notes usually begin with is one.
    is_note = (_LABELLED if told else NOTE).fullmatch(cell) is not None
    if total is None and not is_note:
        return None
    is_timed = any(parse_instant(told.get(name, "").strip()) for name in ("started_at", "ended_at"))
    is_counted = any(_holds_a_number(told.get(name, "")) for name in ("duration_s", "amount_yuan"))
    if is_timed and is_counted:
        return None
    if total:
        return "subtotal" if total["page"] or total["part"] or total["some"] else "total"
    return None if is_timed or is_counted else "footer"


def _holds_a_number(cell: str) -> bool:
    # the foot of a sheet says who printed it when in whatever column there is room
    is_day = re.search(r"[-/年]", cell) is not None and parse_instant(cell.strip()) is not None
    return re.search(r"\d", cell) is not None and not is_day and _LABELLED.fullmatch(cell) is None
