"""What of a list is money: what columns of amounts are called, how people write amounts, in which unit they count, and
which columns of money nobody reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cache
from itertools import accumulate, chain

from ytxdata.labels import decimal_text, plain_words
from ytxdata.list_totals import is_total
from ytxdata.records.values import MOST_YUAN, amount_text
from ytxdata.spreadsheets import bare, named_columns

AMOUNTS = frozenset({"amount", "amount_yuan"})
"""Our names for the column of amounts."""
ASKED = ("价税合计", "含税金额", "实收金额", "实付金额", "应收金额", "应付金额", "本期应收", "本期应付", "应收费用", "应付费用")  # fmt: skip
"""What a column of what is asked for may be called, where a list says that beside what the connections cost. What was
received comes first, for beside a discount it is what is owed; that another column says otherwise is told."""
SUMS = (
    "合计", "总额", "总计", "总费用", "总金额", "费用总额", "total", "totalamount", "totalcost", "totalfee", "totalcharges",
)  # fmt: skip
"""What one of sums may be called; beside a list in JSON they are counts."""
PARTS = ("金额分", "费用分", "费用厘", "amountfen")
"""What one may be called that counts in parts of a yuan."""
OF_CALLS = ("会议费用", "话费", "通话费", "通话费用")
"""What connections cost: records are held against it, where what is shared is a sum of it and other charges (合计)."""

_BELOW = re.compile(r"-\s*(?=\D*\d)(.*)|\((?=\D*\d)([^()]*)\)|([^-]*\d)\s*(?:-|cr)", re.IGNORECASE)
"""A figure below zero: with a sign, or in brackets or with a word as accountants write it."""
_FORMS = str.maketrans("−－–（）", "---()")
_AMOUNT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,2})?", re.IGNORECASE)


def unsigned(cell: str) -> tuple[str, bool]:
    """Return a figure of a list without its sign, and whether it is below zero.

    Examples
    --------
    >>> unsigned("1.20"), unsigned("（¥0.80）"), unsigned("−00:30:00"), unsigned("0.80-")
    (('1.20', False), ('¥0.80', True), ('00:30:00', True), ('0.80', True))
    """
    text = cell.strip().translate(_FORMS)
    below = _BELOW.fullmatch(text)
    return (next(filter(None, below.groups())).strip(), True) if below else (text, False)


def amount_of(cell: str, digits: int = 0) -> Decimal | None:
    """Return the yuan that a cell of a list says, None where it is no number; its column counts in parts of a yuan of
    so many `digits`.

    Examples
    --------
    >>> [str(amount_of(one)) for one in ("¥1,234.50", "(0.80)", "−0.80", "--0.80", "12,5", "")]
    ['1234.50', '-0.80', '-0.80', 'None', 'None', 'None']
    >>> str(amount_of("12345.0", 2)), amount_of("15412345678"), amount_of("15412345678", 2)
    ('123.450', None, None)
    """
    text, is_below = unsigned("".join(plain_words(cell).split()).removeprefix("人民币"))
    text = amount_text(text)
    # of two signs nobody knows what they mean: --3.80 was a charge
    if not _AMOUNT.fullmatch(text) or (is_below and text[0] in "+-"):
        return None
    value = Decimal(text)
    if abs(value) >= MOST_YUAN:  # a line that is shifted by a comma has a phone where its charge was
        return None
    return (-value if is_below else value).scaleb(-digits)


def rest_of(cell: str, seconds: int | None) -> Decimal:
    """Return what a length that is written with decimals is more than the whole seconds that are read of it.

    Examples
    --------
    >>> str(rest_of("300.4", 300)), str(rest_of("300.6", 301)), str(rest_of("00:05:00", 300))
    ('0.4', '-0.4', '0')
    """
    exact = amount_of(cell) if seconds is not None and "." in cell else None
    rest = Decimal(0) if exact is None else exact - Decimal(seconds or 0)
    return rest if abs(rest) < 1 else Decimal(0)


def in_seconds(cell: str, unit_s: int) -> str:
    """Return a length in seconds that stands in a column which counts in units of so many; one that says its own unit
    stays as it is.

    Examples
    --------
    >>> [in_seconds(one, 60) for one in ("31", "30.52", "00:31:00", "-")]
    ['1860', '1831.2', '00:31:00', '-']
    >>> in_seconds("1900-01-01 09:32:13", 1)
    '120733'
    """
    days = _CLOCK_OF_DAYS.fullmatch(cell.strip())
    with suppress(ValueError):  # 1900-02-31 is no day
        if days:
            at = datetime.fromisoformat(f"{days[1]}+00:00")
            # workbooks count the first days of 1900 from the last day of 1899, and know a 29th of February
            began = datetime(1899, 12, 31 if at < datetime(1900, 3, 1, tzinfo=UTC) else 30, tzinfo=UTC)
            return str(int((at - began).total_seconds()) + ((days[2] or "") >= "5"))
    plain = amount_of(cell) if unit_s > 1 and not _WORD.search(cell) else None
    return cell if plain is None else decimal_text(plain * unit_s)


_WORD = re.compile(r"[^\W\d_]")
_CLOCK_OF_DAYS = re.compile(r"(1900-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d+))?")
"""A length of a day and more in the format of a clock (h:mm:ss), which workbooks give as an instant of 1900."""


def sums_of_seconds(lengths: Iterable[tuple[int | None, Decimal]]) -> list[Decimal]:
    """Return what lengths may come to, each with its rest: an exact total was held to be off where each was rounded.

    Examples
    --------
    >>> [int(one) for one in sums_of_seconds([(300, Decimal("0.4")), (301, Decimal("0.4"))])]
    [602, 601]
    """
    told = [(Decimal(seconds or 0), rest) for seconds, rest in lengths]
    plain = sum((seconds for seconds, _ in told), Decimal(0))
    exact = plain + sum((rest for _, rest in told), Decimal(0))
    rounded = (exact.to_integral_value(how) for how in (ROUND_HALF_UP, ROUND_FLOOR))
    return list(dict.fromkeys((*rounded, plain)))


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


_MONEY = re.compile(
    r"金额|[费款额税]|价税|[合总]计|应[收付缴]|实[收付缴]|折扣|优惠|减免"
    r"|\b(?:amount|cost|fee|charge|tax|vat|gst|total|sum|due|payable|discount)s?\b",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(
    r"[单均]价|[率号数次]|编码|代码|部门|中心|归属|单[元位]|额度|计费(?!金额|费用)|类[型别]|方式|状态|日期|时间|时长|秒|分钟|小时|说明|名称|项目|科目|备注|税目|款项?内容"
    r"|[户者方](?![\u4e00-\u9fff])|人(?!民币|[次数])(?![\u4e00-\u9fff])"
    r"|\b(?:payer|payee|bearer|owner)\b"
    r"|\b(?:cent(?:er|re)|department|account|unit|rate|price|per|number|no|id|code|type|method|name|date|time|status|duration|minutes?|mins?|seconds?|secs?|hours?"
    r"|participants|people|persons|count|calls|meetings|lines|items?)\b|%",
    re.IGNORECASE,
)


def is_of_money(column: str) -> bool:
    """Say whether a column holds money, by its name.

    Examples
    --------
    >>> [is_of_money(one) for one in ("税额（元）", "月租费", "Total (CNY)", "单价", "计费时长", "Total minutes", "付费方")]
    [True, True, True, False, False, False, False]
    """
    words = plain_words(column).replace("_", " ")
    return _MONEY.search(words) is not None and not _NO_MONEY.search(words)


_HELD = re.compile(r"税|折[扣让]|优惠|减免|\b(?:tax|vat|gst|net|discount)s?\b", re.IGNORECASE)


_OTHER_THAN_PARTS = re.compile(
    r"折[扣让后]|优惠|减免|抵扣|[上前]期|上月|往期|欠|结转|余额|应[收付缴]|实[收付缴]"
    r"|\b(?:discount|due|payable|previous|balance|arrears)s?\b",
    re.IGNORECASE,
)
"""A discount and what is left always come to the gross, and arrears and charges to what is due: no parts of what is owed."""


@cache
def _is_asked(column: str) -> bool:
    return bool(named_columns([column], {"amount_yuan": ASKED}, {}))


def is_beside(column: str, value: Decimal, amount: str) -> bool:
    """Say whether a figure is money beside an amount, by the names of both columns: what is asked for holds tax and
    discounts, and a discount without a unit may be a factor.

    Examples
    --------
    >>> is_beside("税额", Decimal(6), "金额"), is_beside("税额", Decimal(6), "价税合计"), is_beside("折扣", Decimal("0.95"), "金额")
    (True, False, False)
    """
    is_factor = bare(column) in ("折扣", "discount") and 0 < value <= 10  # 9.5 of ten
    return not is_factor and not (_is_asked(amount) and _HELD.search(plain_words(column)))


_UNIT_ABOVE = re.compile(
    r"(金额|费用|货币|计价)单位\W*(?:人民币\(?)?(元|yuan|rmb|cny|分|fen|厘)(?![^\W\d])", re.IGNORECASE
)
_NO_YUAN = re.compile(
    r"[万千百亿]元|角|[美港日欧台加澳][元币]|欧元|英镑|卢布|韩元|外币|\b(?:usd|hkd|eur|gbp|jpy|twd|mop|sgd|aud|cad|krw|cents?)\b|[$€£]",
    re.IGNORECASE,
)
_TITLE_UNIT = re.compile(r"(?:单位|币种)\W*([^\s,;，；]+)|currency\W*(\w+)", re.IGNORECASE)
_NOTHING_ELSE = re.compile(
    rf"[^\w$€£]*+(?:人民币)?(?:{_NO_YUAN.pattern})(?:人民币|{_NO_YUAN.pattern}|[a-z]|[^\w(/])*+(?:[(/].*)?",
    re.IGNORECASE,
)
"""What a title names as a unit, which may be a firm (付款单位：三角科技), or 元 with a remark behind it."""
_SURE = ("金额", "费用", "货币", "计价")  # what a price counts in need not be what an amount does
_PARTS_OF_YUAN = {"分": 2, "fen": 2, "厘": 3, "元": 0, "yuan": 0}


def digits_above(title: str) -> int:
    """Return how many digits of a yuan the amounts below a title count in.

    Examples
    --------
    >>> digits_above("金额单位：分"), digits_above("单位：元"), digits_above("计费单位：分钟"), digits_above("计价单位：分，金额单位：元")
    (2, 0, 0, 0)
    """
    told = dict(reversed(_UNIT_ABOVE.findall(plain_words(title))))
    return next((digits_in(told[of]) for of in _SURE if of in told), 0)


def digits_in(unit: str) -> int:
    """Return how many digits of a yuan an amount of this unit counts in; 元/分 is a rate, and 市场部分 who pays.

    Examples
    --------
    >>> [digits_in(one) for one in ("分（人民币）", " Fen", "人民币厘", "元", "元/分", "市场部分")]
    [2, 2, 3, 0, 0, 0]
    """
    return _PARTS_OF_YUAN.get(re.sub(r"人民币|rmb|cny|[（()）\s]", "", plain_words(unit).casefold()), 0)


def digits_of(column: str, title: str = "") -> int:
    """Return how many digits of a yuan a column of amounts counts in, by its name, else by a title above it.

    Examples
    --------
    >>> digits_of("金额（分）"), digits_of("费用(厘)"), digits_of("金额", "金额单位：分"), digits_of("金额（元）", "金额单位：分")
    (2, 3, 2, 0)
    """
    return next((digits for unit, digits in _PARTS_OF_YUAN.items() if bare(column).endswith(unit)), digits_above(title))


_YUAN_AND_FEN = re.compile(r"[-+(¥￥\s]*\d[\d,]*\.\d{2}\s*元?\)?")


class Money:
    """What of a bill is money: in which unit the amount of a line counts, and which columns of it nobody reads.

    Money in a column that was not read (the tax beside the net) was left out of what was shared, and nothing said so.
    """

    def __init__(
        self, header: Sequence[str], titles: Sequence[Sequence[str]], named: Mapping[str, int], known: set[int]
    ) -> None:
        self._read = next((named[name] for name in sorted(AMOUNTS) if name in named), None)
        name = "" if self._read is None else header[self._read]
        title = " ".join(chain(*titles))
        self._digits = digits_of(name, title)
        units = [n for n, one in enumerate(header) if bare(one) in ("金额单位", "货币单位", "费用单位")]
        money = [n for n, one in enumerate(header) if bare(one) in ("币种", "货币", "currency")]
        beside = [n for n, one in enumerate(header) if bare(one) in ("单位", "unit") and n - 1 == self._read]
        self._unit = next(iter((*units, *beside)), None)
        self._last, self._has_point = self._digits, True
        self._told = [one for one in (self._unit, *money) if one is not None]
        above = chain.from_iterable(_TITLE_UNIT.findall(plain_words(title)))
        self.strange: dict[str, list[int]] = (
            {one: [] for one in above if _NOTHING_ELSE.fullmatch(one)} if self._read is not None else {}
        )
        if bare(name).endswith(("元", "yuan")):  # its own name says it best
            self._unit, self._told, self.strange = None, [], {}
        others = [(n, one.strip()) for n, one in enumerate(header) if n not in known]
        self._others = {n: one for n, one in others if is_of_money(one) or not one}
        self._name = name
        self._lines: dict[int, list[int]] = {}

    def digits(self, number: int, row: Sequence[str]) -> int:
        """Return how many digits of a yuan the amount of a line counts in, and keep what other money it holds."""
        own = "" if self._read is None else row[self._read].strip()
        cells = [(n, name, row[n].strip()) for n, name in self._others.items()]
        # under no name a figure may be anything but yuan and fen
        figures = [one for one in cells if one[2] != own and (one[1] or _YUAN_AND_FEN.fullmatch(one[2]))]
        more = {n: one for n, name, cell in figures if (one := amount_of(cell)) and is_beside(name, one, self._name)}
        is_whole = sum(more.values()) == amount_of(own)  # what the amount is made of is no more
        for place in () if is_whole and not any(_OTHER_THAN_PARTS.search(self._others[n]) for n in more) else more:
            self._lines.setdefault(place, []).append(number)
        for unit in {row[n].strip() for n in self._told if _NO_YUAN.search(plain_words(row[n]))}:
            self.strange.setdefault(unit, []).append(number)
        if self._unit is None:
            return self._digits
        if row[self._unit].strip():
            self._last, self._has_point = digits_in(row[self._unit]) or self._digits, "." in own
        # below a unit, as in its total, a blank is the same one; but no fen has parts, nor is 100.00 below 2000
        elif (amount_of(own) or 0) % 1 or ("." in own and not self._has_point):
            return self._digits
        return self._last

    @property
    def unread(self) -> list[tuple[str, list[int]]]:
        """The columns of money that were not read, each with its lines."""
        return [(self._others[n] or f"{n + 1}", lines) for n, lines in sorted(self._lines.items())]


def in_words(row: Sequence[str]) -> Sequence[str]:
    """Return a total above the names of columns in one cell, where it stands behind something else (账期：, 2026-11, 总场次：,
    40), or its figures behind names of their own (总场次：, 40, 总金额：, 3.60): an amount was held to be seconds.
    """
    first = next((n for n, cell in enumerate(row) if is_total(cell)), 0)
    if not any(row[:first]) and not any(_LABEL.fullmatch(cell) for cell in row):
        return row
    return [re.sub(r"(?<=[:：])，", "", "，".join(filter(None, row[first:]))), *[""] * (len(row) - 1)]


_LABEL = re.compile(r"[^:：\d]{1,20}[:：]")
