"""What a list that people keep says of itself: the lines of it that are totals, subtotals and notes, and what a total
says, under the list's columns or in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import time
from decimal import Decimal
from typing import Literal, NamedTuple

from ytxdata.labels import Text, filled, plain_words
from ytxdata.times import BEIJING, parse_instant

OWN_TOTAL, SUBTOTAL = Text("清单自己的合计", "the list's own total"), Text("小计", "a subtotal")
_PAGE = r"(?P<page>[本每]页|第\s*\d+\s*页|page)"
_SPAN = r"本[月期]|当月|全[月部]|(?:\d{4}年)?\d{1,2}月份?|grand"
_SUBTOTAL = r"(?P<part>小\s*计|sub[-\s]?totals?\b)"
_ALL = r"总(?:额|金额|价|费用|数|时长|场[次数]|笔数?|条数?|行数?|次数?|人次|分钟数?)"
# with words of its own behind it, it is what a meeting is about: 汇总：一季度复盘
_SUMMARY = r"汇\s*总(?=(?:\W|[\d场次行条笔秒元年月日]|金额|费用|时长|数量|[不未]?含?税|人民币|(?:rmb|cny)(?![a-z]))*+$)"
_SUM = (
    rf"[合总共]\s*计|{_SUMMARY}|{_ALL}|总?共(?=\s*\d)|(?:totals?|sum)\b"
    r"|(?:不含|未|含|价)税(?:金额|总[价额])|税前金额|(?:net|gross) amount\b|amount(?=\s*\(?(?:in|ex)cl)"
)
_UNITS = (
    r"场次?|人?次|行数?|条数?|笔数?|秒数?|元|金额|费用|时长|数量|amount|cost|fees?|duration|seconds|lines|of|for|due|payable"
    r"|(?:(?:new|current|monthly)\s+)?charges"
)
_MONEY = r"¥|人民币|(?:rmb|cny)(?![a-z])"
_WHAT = r"(?:meetings?|conferences?|calls?|connections?|lines|records)\s*[:=]?\s*(?=\d)"
_TAXED = (
    r"[不未]?含(?:增值)?税|税[前后]"
    r"|(?:incl|excl|inc|ex|including|excluding|inclusive|exclusive|before|after|with|without|net\s+of)\b"
)
_BEHIND = rf"[\d:(\[【=,、。;/共]|{_MONEY}|{_WHAT}|{_TAXED}|(?:{_UNITS}|total|sum)(?![^\W\d])"
# of what: 市场部小计, Invoice total; more words behind it make a name (组合计费用), figures and brackets do not (各中心: all)
_OF_SOME = (
    r"(?P<all>(?=[^:]*?(?:各|所有|(?<!安)全[体部中组科])))?"
    rf"[^:]{{1,20}}?(?:(?P<some>小\s*计|(?<![a-z])sub[-\s]?totals?|(?(all)(?!)|(?<=.[部组科]|中心)[合总]计))"
    rf"|[合总]\s*计|{_ALL}|(?<![a-z])totals?)\s*(?:(?:[\d:(\[【=]|{_TAXED}).*)?"
)
_TOTAL = re.compile(
    rf"(?:{_PAGE}|{_SPAN})?\s*(?:{_SUBTOTAL}|{_SUM})\s*(?:(?:{_BEHIND}).*)?|{_OF_SOME}", re.IGNORECASE | re.DOTALL
)
"""A total as people write it, in plain words; 合计划 and Total Energies are names."""
_ORNAMENTS = " \t\r\n()[]【】《》<>*—–-=~#"
"""How a word stands out in a list: （合计）, **合计**."""
_PART_OF = re.compile(r"[(\[【\s]*(?:其\s*中|[内內]含|of\s+which|thereof)", re.IGNORECASE)
"""How a line begins that says of what a charge or a total above it is made: taken for a charge, it was asked for twice."""

Unit = Literal["meetings", "lines", "seconds", "yuan"]

_COUNTED: Mapping[Unit, str] = {
    "meetings": r"场|[次个]会议|meetings?\b|conferences?\b",
    "lines": r"[行条笔]|(?:line|row|record|entr(?:y|ie)|call|connection)s?\b",
    "seconds": r"秒|(?:s|secs?|seconds?)\b",
    "yuan": r"元|(?:yuan|rmb|cny)\b",
}
_FIGURE = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_CLOCK = r"\d{1,5}:\d\d"
_YEAR = r"(?:19|20)\d\d"
_DAY_OR_SPAN = (
    rf"{_YEAR}\s*(?:[-/年]\s*\d{{1,2}}(?!\d)\s*(?:[-/月]\s*\d{{1,2}}(?!\d)\s*日?|月份?)?|\.\d{{1,2}}\.\d{{1,2}}|年度?)"
    rf"(?:[t\s]*{_CLOCK}(?::\d\d)?)?|\d{{1,2}}[-/]\d{{1,2}}[-/]{_YEAR}"
    rf"|(?:\d{{1,2}}(?:st|nd|rd|th)?\s*(?:[-~]\s*\d{{1,2}}\s*)?)?\b{_MONTHS}\b\.?"
    rf"(?:\s*\d{{1,2}}(?![\d.:])(?:\s*[-~]\s*\d{{1,2}})?,?)?(?:\s*{_YEAR})?"
    r"|\d{1,2}\s*月(?:份|\s*\d{1,2}(?!\d)\s*日?)?|\d{1,2}\s*[-~至到]\s*\d{1,2}\s*日|\d{1,2}\s*日|\bq[1-4]\b"
    rf"|(?<![:=¥\-\w])(?<![:=¥] ){_YEAR}(?![\d.,])(?=\s*(?:$|[)\]a-z合总]))"
)
"""A day or a period, which a total is of."""
_NO_SUM = (
    rf"{_DAY_OR_SPAN}|第\s*\d+\s*(?:/\s*\d+\s*)?[页季期张]|每页\s*\d+\s*[条行笔]|\d+\s*[条行笔]\s*/\s*页|\bpages?\s*\d+(?:\s*(?:of|/)\s*\d+)?|\d+(?:\.\d+)?\s*[%％‰]"
    rf"|(?<![价含])税[额金](?:[合总]计)?\s*(?:\(元\))?\s*[:=]?\s*¥?\s*(?:{_FIGURE})\s*元?|\d{{9,}}(?![\d.])|{_CLOCK}(?![\d:])"
    rf"|(?:{_FIGURE})\s*\(?(?:人次?|方|位|个人|天|页|小时|分钟?|(?:minutes?|mins?|hours?|persons?|people|participants?"
    r"|attendees|parties|users?|days?|pages?)\b)"
)
"""Figures that lines cannot be held against."""
_TOLD = re.compile(
    rf"(?P<length>(?:(?P<h>\d+)\s*小?时\s*)?(?:(?P<m>\d+)\s*分钟?\s*)(?P<s>\d+)\s*秒|(?P<clock>{_CLOCK}:\d\d))|(?P<none>{_NO_SUM})"
    rf"|(?P<n>{_FIGURE})\s*(?:\(?(?:" + "|".join(rf"(?P<{unit}>{words})" for unit, words in _COUNTED.items()) + r"))?",
    re.IGNORECASE,
)
"""A figure with what it counts behind it, if that stands there."""
_IN_FRONT: Mapping[Unit | None, str] = {
    "meetings": r"场|会议[数总]|\b(?:meetings|conferences)\b",
    "lines": r"[行条笔]|(?<![人场])次|记录|\b(?:calls|connections|lines|records|entries)\b",
    "seconds": r"秒|\bseconds\b",
    "yuan": r"[元¥额费款价]|人民币"
    r"|\b(?:amounts?|costs?|fees?|charges?|due|payable|rmb|cny|yuan|price|vat|tax)\b",
    None: r"人[次数]|分钟|小时|\b(?:minutes|mins|hours|people|persons|participants|attendees|parties)\b",
}
"""What says in front of a figure what it counts: 会议场次合计：31; those of None count for nothing."""

IN_WORDS = re.compile(r"[零壹贰叁参肆伍陆柒捌玖拾佰仟万亿]+[元圆角分]")
"""An amount as cheques have it, which nobody reads here."""


class Stated(NamedTuple):
    """What a total says in words, the first figure of each kind; and figures of which no word says what they count."""

    told: Mapping[Unit, Decimal]
    bare: Sequence[Decimal] = ()

    def is_unread(self, sums: Iterable[Decimal]) -> bool:
        """Say whether a figure counts nothing that lines come to. Who drops one takes for true a total that is wrong."""
        known = [*sums]
        return any(all(is_off(one, each) for each in known) for one in self.bare)


_COUNTS: Sequence[Unit] = ("meetings", "lines")
_OF_NO_FIGURES = ("meeting_id", "number", "started_at", "ended_at")


def stated(cells: Iterable[str], under: Mapping[str, str] | None = None) -> Stated:
    """Return what a total says in words: in its first cell and others that are totals, and in others that are a
    count and nothing else. What counts, a word behind the figure says, or those in front of it, if they say one thing.

    Parameters
    ----------
    cells
        All that stands in its line.
    under
        What stands in it under the list's own columns: a figure has no place among ids, numbers and times.

    Examples
    --------
    >>> stated(["合计：81场，12,345.00元"]).told, stated(["", "Total:", "81 meetings", "5.00元"]).told
    ({'meetings': Decimal('81'), 'yuan': Decimal('12345.00')}, {'meetings': Decimal('81')})
    >>> stated(["合计人民币3.60元"]).told, stated(["Total CNY 3.60"]).told, stated(["会议场次合计：31"]).told
    ({'yuan': Decimal('3.60')}, {'yuan': Decimal('3.60')}, {'meetings': Decimal('31')})
    >>> stated(["2026年3月合计：3.60"]).bare, stated(["合计", "31"], {"started_at": "31"}).bare
    ([Decimal('3.60')], [Decimal('31')])
    """
    first, *others = [plain_words(cell) for cell in cells if cell.strip()] or [""]
    found: dict[Unit, Decimal] = {}
    bare: list[Decimal] = []
    for text in (first, *filter(is_total, others)):
        for unit, one in _told(text):
            bare += [one] if unit is None else []
            found |= {unit: one} if unit and unit not in found else {}
    # a sum in a cell of its own stands under the name of a column
    for text in (one.strip() for one in others if not is_total(one)):
        count = _TOLD.fullmatch(text)
        unit = next((unit for unit in _COUNTS if count and count[unit]), None)
        found |= {unit: _number(count["n"])} if count and unit and unit not in found else {}
    odd = [plain_words(one).strip() for ours, one in (under or {}).items() if ours in _OF_NO_FIGURES]
    for text in odd:
        if text not in ("", first.strip()) and not is_total(text) and not parse_instant(text):
            bare += [one for unit, one in _told(text) if unit is None]
    return Stated(found, bare)


def _told(text: str) -> Iterator[tuple[Unit | None, Decimal]]:
    """Yield the figures of a text that may be sums, each with what it counts, or None where nobody says that."""
    end = 0
    for one in _TOLD.finditer(text):
        front, end = text[end : one.start()], one.end()
        if one["none"]:
            continue
        value = _seconds_of(one) if one["length"] else _number(one["n"])
        named: list[Unit | None] = [unit for unit in _COUNTED if one[unit]]
        named = named or [unit for unit, words in _IN_FRONT.items() if re.search(words, front, re.IGNORECASE)]
        if named == [None]:
            continue
        unit = named[0] if len(named) == 1 else None
        yield (None if unit != "yuan" and value % 1 else unit), value


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _seconds_of(length: re.Match[str]) -> Decimal:
    h, m, s = length["clock"].split(":") if length["clock"] else (length["h"] or 0, length["m"], length["s"])
    return Decimal(int(h) * 3600 + int(m) * 60 + int(s))


_UNIT_WORDS: Mapping[Unit, str] = {"seconds": "秒", "yuan": "元", "lines": "行", "meetings": "场"}
_NOTE_WORDS = "制表|制单|填表|填报|打印|导出|审核|复核|核对|批准|经办|备注|说明|注|prepared by|printed|approved by|note"
NOTE = re.compile(rf"\s*(?:{_NOTE_WORDS})[^:：]*[:：].*", re.IGNORECASE | re.DOTALL)
_LABELLED = re.compile(r"(?=[^:：]*[\u4e00-\u9fff\s])[^:：]*[:：].*", re.DOTALL)
"""What no id looks like: a word or several, and what they announce."""

NoMeeting = Literal["total", "subtotal", "part", "footer"]
Closing = Literal["balance", "due", "charge"]
"""What a line of no meeting is that is no total: a balance or payment; what is asked for in the end; a part of what is
owed. Only the last is money that is shared, and only it belongs to a total for certain.
"""

_WORDS: Mapping[Closing, str] = {
    "balance": (
        # of last month, but for what of it is owed only now (补收上期费用, 上月滞纳费); 线上月租费 is no 上月
        r"(?<![补收缴线网当目以])(?:[上前]|以前|往)[期月年](?:未[付缴交结收]清?|应[付缴收]|账单"
        r"|[总金]额|(?:少(?=[付缴交])|[^\W\d退补违罚漏少滞逾追]){0,4}费用?)(?:款项?)?"
        r"|结转|(?:余额|结余|剩余|充值|预[存付收][款费]?)(?:话费)?(?:抵扣|冲抵)?"
        r"|转账|到账|[汇进入]账|汇入|代扣|划扣|托收|(?<!违约|考核|质量)扣款"
        # paid, and not what is to be: 应付款, 待支付款; 支付 behind a branch of business is a department's name
        r"|(?<![应实待未需])(?<![应实待未需]支)(?:[付收缴回汇存打还]款|[缴交]费|支付(?:金额|款项?)"
        r"|(?<=.)(?<!移动|跨境|国际|聚合|数字|三方|统一|智慧)支付)"
        r"|已支?[付收缴交](?:款项?|金额|费用?|[\u4e00-\u9fff]{0,6}费(?!用))?"
        r"|欠[费款]|欠[缴交](?:[\u4e00-\u9fff]{0,6}费用?)?|押金"
        r"|\b(?:balance|deposit|prepaid|(?:pre|re)?payments?|arrears|top[-\s]?ups?|recharge|receipts?|remittances?"
        r"|(?:amount|cash|money) received|direct debits?|(?:bank|wire) transfers?|(?:carried|brought) forward"
        r"|paid(?:\s+[a-z\s]*(?:fees?|charges?))?"
        r"|(?:previous|prior|last)(?: (?:month|period)(?:'?s)?)? (?:bill|invoice|statement|charges))\b"
    ),
    "due": r"[应实待未需]支?[付收缴交](?:款项?)?(?:话费)?|\bdue\b|(?<!accounts[-\s])\bpayable\b|\b(?:to pay|unpaid|outstanding)\b",
    "charge": r"税[额金费款率]|增值税|附加税|印花税|^税$|月租|租费|滞纳|违约金|罚[款金]|优惠|减免|折[扣让]|抹零|尾差|抵扣|补贴|返[现还利]"
    r"|退[费款]|冲[减抵销正]|调账|手续费|最低消费|套餐"
    r"|\b(?:vat|gst|tax(?:es)?|levy|rent(?:al)?|discounts?|surcharges?|refunds?|rebates?|penalty|rounding|subscription"
    r"|adjustments?|credit notes?)\b"
    r"|\b(?:monthly|base|basic|fixed|service|late|payment|platform)\s+(?:fees?|charges?)$",
}
CLOSINGS = tuple(_WORDS)
_CLOSING = [(kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS.items()]
_HEAD = re.compile(
    r"\s*(?:金额|款项?|费用?|[数总]?额|合计|[结转][转入出]*|\(.*|[:,、].*|\s[-–—].*"
    r"|(?:received|brought|carried|forward|[bc]/?f|by|from|of|on|to|for|with|via|in|this|last|as|at|and|&)\b.*)?",
    re.IGNORECASE | re.DOTALL,
)
"""What may stand behind a balance or payment, where another word makes it what a department is called: 充值中心."""
_FEE = re.compile(r"(?:[费款]|费用|\bfees?|\bcharges?)$", re.IGNORECASE)
"""How the name of a charge ends. In another column than that of ids it may be what each meeting is charged for: 会议通话费."""
_ONE_DAY = r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*(?:[-/.月]\s*\d{1,2}\s*日?|月份?)?"
_PERIOD = re.compile(rf"{_ONE_DAY}(?:\s*[-~–—至到]+\s*{_ONE_DAY})?|(?:19|20)\d\d(?:0[1-9]|1[0-2])")
"""A month, or days from one to another, in the column of times: no meeting says only that of when it was."""
_OF_A_RATE = re.compile(rf"\d+(?:\.\d+)?\s*[%％]|\([^)]*\)|{_DAY_OR_SPAN}", re.IGNORECASE)
"""The figures of a charge that are none of an id: 增值税6%, 税额（6%）, 2月余额, Balance as of 2026-03-31."""
_NOTHING = re.compile(r"[\s0:.]*")


def closing(name: str, *, is_id: bool = False) -> Closing | None:
    """Return what a line is that is called so, where it is usually of no meeting. The last word decides, an ending of a
    fee before what it is for.

    Examples
    --------
    >>> {closing(one) for one in ("税额（6%）", "VAT 6%", "Service fee", "抹零", "套餐", "Late payment fee")}
    {'charge'}
    >>> [closing(one) for one in ("上期余额", "本期充值", "Payment received", "应付金额", "Balance due")]
    ['balance', 'balance', 'balance', 'due', 'due']
    >>> [closing(one) for one in ("充值服务费", "Payment processing fee", "本期缴费", "銀行扣款", "已付服务费")]
    ['charge', 'charge', 'balance', 'balance', 'balance']
    >>> {closing(one) for one in ("财税部周会", "tax-2026", "会议通话费", "Feedback", "充值中心")}
    {None}
    """
    text = _OF_A_RATE.sub(" ", plain_words(name)).strip().rstrip(":")
    if re.search(r"\d", text):
        return None
    found = [(one.end(), kind) for kind, words in _CLOSING for one in words.finditer(text)]
    if not found:
        return "charge" if is_id and _FEE.search(text) else None
    end, kind = max(found, key=lambda one: one[0])
    is_head, is_fee = _HEAD.fullmatch(text, end) is not None, _FEE.search(text) is not None
    # 充值服务费 is a fee, whatever it is for; 缴费 and 充值费 are none
    if kind == "balance" and is_fee and not is_head:
        return "charge"
    return kind if kind == "charge" or is_head or (is_id and is_fee) else None


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
    if not is_silent or not holds_a_number(told.get("amount_yuan", "")):
        return None
    moments = [filled(told.get(name, "")) for name in ("started_at", "ended_at")]
    # a rent may have a day, or the month that it is for
    timed = [one for one in moments if not (at := parse_instant(one)) or at.astimezone(BEIJING).time() != time()]
    if not all(_NOTHING.fullmatch(one) or _PERIOD.fullmatch(one) or closing(one) for one in timed):
        return None
    return closing(own, is_id=True) if own else next(filter(None, map(closing, cells)), None)


def is_off(told: Decimal, own: Decimal) -> bool:
    """Say whether a list's own total is another than that of its lines, beyond the rounding of its last digit.

    Examples
    --------
    >>> is_off(Decimal("3.60"), Decimal("3.604")), is_off(Decimal("3.60"), Decimal("3.61"))
    (False, True)
    """
    # half a fen at most: a workbook keeps 204.00 as 204, which was taken for anything from 203.50 on
    return 2 * abs(told - own) > Decimal(1).scaleb(min(int(told.as_tuple().exponent), -2))


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
    zh = "、".join(f"{one} {_UNIT_WORDS[unit]}，各行之和为 {mine}" for unit, one, mine in off)
    en = ", ".join(f"{one} {unit}, not {mine}" for unit, one, mine in off)
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
    >>> [is_total(cell) for cell in ("合计", "本页小计：", "共 85 场会议", "Total incl. VAT", "應付總金額（元）", "合计费用3元")]
    [True, True, True, True, True, True]
    >>> [is_total(cell) for cell in ("合计划组", "组合计费用", "共享会议室", "Total Energies")]
    [False, False, False, False]
    """
    return _total(cell) is not None


def _total(cell: str) -> re.Match[str] | None:
    text = plain_words(cell).strip()
    word = text.strip(_ORNAMENTS)  # a pattern for it took seconds of a line of dashes
    is_adorned = {text[:1], text[-1:]} <= {*_ORNAMENTS} and not {*"()"} & {*word}
    return _TOTAL.fullmatch(word if is_adorned else text)


def is_part(cell: str) -> bool:
    """Say whether a line that begins with this cell tells of what another one is made, and is no money beside it.

    Examples
    --------
    >>> [is_part(cell) for cell in ("其中：国内", "（其中税额）", "of which VAT", "内部会议")]
    [True, True, True, False]
    """
    return _PART_OF.match(plain_words(cell)) is not None


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


def line_name(own: str, words: Sequence[str]) -> str:
    """Return what a line is called: its id, unless it says how many; else a word of a total, else what it begins with.

    Examples
    --------
    >>> line_name("8001", ["周会"]), line_name("", ["9.00", "合计"]), line_name("81 场", ["合计", "81 场"])
    ('8001', '合计', '合计')
    """
    first = next(iter(words), "")
    if own:
        return first if is_total(first) and _A_COUNT.fullmatch(own) else own
    return next((one for one in words if is_total(one) or is_part(one)), first)


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
    total = _total(cell)
    # Of a list of nothing but ids, every line lacks all else: only what notes usually begin with is one.
    is_note = (_LABELLED if told else NOTE).fullmatch(cell) is not None
    if total is None and not is_note and not is_part(cell):
        return None
    is_timed = any(parse_instant(told.get(name, "").strip()) for name in ("started_at", "ended_at"))
    is_counted = any(holds_a_number(told.get(name, "")) for name in ("duration_s", "amount_yuan"))
    if is_timed and is_counted:
        return None
    if is_part(cell):
        return "part"
    if total:
        return "subtotal" if total["page"] or total["part"] or total["some"] else "total"
    return None if is_timed or is_counted else "footer"


def holds_a_number(cell: str) -> bool:
    """Say whether a cell holds a figure that may be a length or an amount."""
    # the foot of a sheet says who printed it when in whatever column there is room
    is_day = re.search(r"[-/年]", cell) is not None and parse_instant(cell.strip()) is not None
    return re.search(r"\d", cell) is not None and not is_day and _LABELLED.fullmatch(cell) is None
