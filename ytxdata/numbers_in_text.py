"""Telephone numbers that stand in other text, found however people write them, and hidden.

A text is read as a person or a program reads it: `%31`, `&#49;` and `\\u0031` are the digit they stand for, digits of
every script are digits, every dash is a hyphen, what has no width is not there. What is left are groups of digits with
little between them; some neighbouring groups that are long enough, and grouped as numbers are, are a telephone number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ytxdata import phones, written_in_code
from ytxdata.phones import FOREIGN, NO_ENDS, mask, normalize, number_class, read_phone
from ytxdata.written_in_code import CHINESE, GROUP, TIME, DigitGroup, Sign, are_times, holds_date, is_date

Hide = Callable[[str], str]

_CALLED = r"(?i:电话|電話|手机|座机|固话|热线|联系|[致来回]电|tel|phone|fax)"
_BEFORE = re.compile(rf"(?P<said>{_CALLED}[号码是为]{{0,3}}[:： .]{{0,2}})?(?P<open>\( ?)?(?P<sign>(?:\+ ?\(?)?)\Z")
_SPLIT = re.compile(r"[ .·•()/-]+")
_HIDDEN = re.compile(r"\+?[0-9]{0,6}\*{4}[0-9]{0,4}", re.ASCII)
_FEWEST = 7
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_HOME = re.compile(r"(?:00)?86")
_SIGNS = r"(?:[^\w\n]{0,3}|[xX〇])"
_TOWN = r"(?:10|2[0-9]|[3-9][0-9]{2})"
_LINE = re.compile(rf"(0{_TOWN})([1-9][0-9]{{6,7}})")
_APART = r"[^\w\n一-龥]{1,3}"
_USUAL = re.compile(
    rf"(?<![0-9])(?:(?:\+?86{_SIGNS})?(?:1[3-9][0-9]|0{_TOWN}){_SIGNS}[0-9]{{4}}{_SIGNS}[0-9]{{4}}"
    rf"|86{_APART}(?P<town>{_TOWN})(?:{_APART}[0-9]{{4}}){{2}})(?![0-9])",
    re.ASCII,
)
"""The usual groups with any signs between: `138，1234，5678`, `138【1234】5678`. Others would be amounts and dates."""
_AS_AMOUNT = re.compile(r"(?<![0-9])(?<![0-9][,，])1[3-9](?:[,，][0-9]{3}){3}(?![0-9]|[,，.][0-9])")
"""A spreadsheet told to group thousands does so with numbers as well."""
_ONE_OF_GLUED = re.compile(r"1[3-9][0-9]{9}|0(?:10|2[0-9])[1-9][0-9]{7}|0[3-9][0-9]{2}[1-9][0-9]{6,7}")
_GLUED = re.compile(rf"(?<![0-9])(?:{_ONE_OF_GLUED.pattern}){{2,3}}(?![0-9])")
_WORDS = "".join(map(chr, CHINESE))
_SAID = r"分机号?码?|分機號?碼?|内线|內線|ext(?:ension|n)?"
_DAY = r"20[0-9]{2}(?:[-/.][0-9]{1,2}(?![0-9])|年)"
_NO_EXTENSION = r"(?![0-9]|[.:][0-9]| ?(?:[元米台部个](?:的|(?![一-龥]))|分钟))"
"""What is behind a figure that counts something: 国内线100分钟, `，转500元`; 转802部署会 and 转802元旦会 count nothing."""
_MORE = rf"{_NO_EXTENSION}(?:[-/、,，](?!{_DAY})[0-9]{{3,6}}{_NO_EXTENSION})*"
_ALONE = re.compile(rf"((?<![a-z])(?:{_SAID})[- .:：=(【[]{{0,2}})(?!{_DAY})([0-9]{{3,6}}{_MORE})", re.IGNORECASE)
"""An extension without its number: a party called `分机8802` is somebody behind the masked switchboard in its row."""
_EXTENSION = re.compile(
    # said to be one: `（转802）`, `分机号是802`, `Ext No.802`, `转802/803`, `转八零二`, whatever comes behind but a time
    rf"(?P<word> {{0,2}}(?:[(【[]|[;,；，] ?(?![x#]))?(?:总机|請|请|再)?(?:(?:转 ?接?|轉 ?接?|{_SAID}|x|#)"
    r"(?:[ .]{0,2}(?:no|number|是|为|為))?[- .:：=(【[]{0,2}){1,3})"
    rf"(?P<digits>[0-9]{{1,6}}{_MORE}|[{_WORDS}]{{3,6}}(?![{_WORDS}]))"
    r"|(?P<sign>[-*]|[,;，；pw]{1,3}| ?\((?!20[0-9]{2}\)|(?:[01][0-9]|2[0-4])[0-5][0-9]\))(?=[0-9]{3,6}\))|[/×](?=[0-9]{3,5}(?![0-9%：室楼层元月日年点人折会]))(?!(?:[01][0-9]|2[0-4])[0-5][0-9](?![0-9]))|"
    r" {1,2}(?!(?:[01][0-9]|2[0-4])[0-5][0-9]$|20[0-9]{2}$)(?=[0-9]{3,5}$))(?P<behind>[0-9]{1,6})(?![0-9]|[-.,:/][0-9])",
    re.IGNORECASE,
)
"""An extension that is said to be one, or stands behind a sign (of lines alone: `13812345678-0930` is a time)."""
_BEHIND_LINE = re.compile(r"(?P<sign>-)(?P<behind>[0-9]{1,6})(?![0-9]|[.:/][0-9]|-[0-9]{1,2}(?![0-9]))")
_LONG = re.compile(r"(?<![0-9])(?<!\*{4})[0-9]{12,}(?!\*{4}|[0-9])")
"""More digits than a number has. Beside a mask they are what was left of a run: masked twice it stays as it is."""
_STARS, _MARKS = "*xX•＊ｘＸ×✱∗⁎﹡", "●○#＃■□▇"  # these close to the digits: `评分 ●●●●● 1234567`, `1234567 ### 备注`
_FILLERS = _STARS + _MARKS
_HIDES = re.compile(rf"[{_STARS}]{{3}}|[0-9]-?[{_FILLERS}]{{3}}|[{_FILLERS}]{{3}}-?[0-9]")
_PART = re.compile(
    rf"(?<![0-9*•＊×●○#])(?![#＃])\+?(?:[0-9{_FILLERS}][ .-]?){{9,12}}[0-9{_FILLERS}](?![0-9{_FILLERS}])"
)
_OWN_MASK = re.compile(
    r"(?:(?<![\d*])|(?<=%[0-9A-F]{2}))\+?[0-9]{2,3}\*{4}[0-9]{3,4}(?![\d*])(?:[-_]\*{1,6}(?![0-9*]))?"
    rf"|(?:{_SAID}|[转轉]接?)[- .:：=(【[]{{0,2}}\*{{1,6}}(?![0-9*])", re.IGNORECASE)  # fmt: skip
_LEFT = re.compile(rf"[{_FILLERS}%&\\]|:\\?/|[0-9][{_WORDS}]")
"""`1541659****` in a title beside our `154****4396` is the whole number: somebody else's mask is hidden, ours stays. It
is no part of what stands beside it: 张三138****5678, `138****0755 8888 6666`."""
_ADDRESS = re.compile(r":\\?/\\?/[^\s\"'<>]+")
_HASHES = re.compile(r"(?<![0-9a-z])(?![0-9]+(?![0-9a-f]))(?:[0-9a-f]{32,}|(?<=[~-])[0-9a-f]{16}(?![0-9a-f]))")


_FEN = re.compile(r"[0-9]+\.[0-9]{1,2}(?![0-9]|[ .()/-]{1,3}[0-9])")
_COUNTED = r"[百千]?[万亿]?(?:[美港欧日]?元|人民币|[人台股次户件个]{1,2}|usd|rmb|cny)|[百千]?[万亿]|[%‰]"
_UNIT = re.compile(rf" ?(?:{_COUNTED})(?!(?!的)\w)", re.IGNORECASE)
"""None are 万科, 亿联 and 元朗, as in `(+852 91234567万科张总)`."""


class FoundNumber(NamedTuple):
    """A telephone number in a text: its place, how it would be dialled, and the extension behind it, hidden."""

    start: int
    end: int
    dialled: str
    tail: str = ""


def hidden(phone: str) -> str:
    """Return a number with its middle hidden, a number of the home country as it is dialled there; what is no number
    is hidden whole.

    Examples
    --------
    >>> numbers = ("+86 138-1234-5678", "13812345678", "+861065520000", "+12025550100")
    >>> *map(hidden, numbers), hidden("王小明 经理")
    ('138****5678', '138****5678', '010****0000', '+12****0100', '****')
    """
    return phone if _HIDDEN.fullmatch(phone) else mask(phone if normalize(phone) else written_in_code.legible(phone))


def hide_in_text(text: str, hide: Hide = hidden, ends: frozenset[str] = NO_ENDS) -> str:
    """Return a text with what a person would read as a telephone number hidden.

    Hidden are mobiles, fixed lines with an area code, and numbers with `+` or `00` before them, in digits of any
    script, in the groups people write them in, with blanks, dashes, dots or brackets between; and a text that is
    nothing but 7 to 15 digits, unless these are a date; and an extension behind one of these. A local number without
    area code *inside* other text stays, for it looks like any other figure, unless it is among `ends`
    (`ends_of`): those of the numbers that are masked beside the text. Service numbers stay.

    Examples
    --------
    >>> hide_in_text("13812345678的会议"), hide_in_text("回电 010-6552 0000 谢谢"), hide_in_text("20260131 周会")
    ('138****5678的会议', '回电 010****0000 谢谢', '20260131 周会')
    >>> hide_in_text("0044 20 7946 0018的会议"), hide_in_text("电话 1–381–234–5678"), hide_in_text("14:30-16:00 301会议室")
    ('+44****0018的会议', '电话 138****5678', '14:30-16:00 301会议室')
    """
    size = sum(one.isdigit() or ord(one) in CHINESE or one in _FILLERS for one in text)
    pieces, done = [], 0
    for number in find_numbers(text, ends) if size >= _FEWEST else ():
        # two masks of one number, as a foreign and as one of ours, would leave a thousand
        told = "****" if f"{FOREIGN}{number.dialled}" in ends else hide(number.dialled)
        pieces += [text[done : number.start], told, number.tail]
        done = number.end
    shown = _ALONE.sub(lambda one: one[1] + re.sub("[0-9]", "*", one[2]), "".join((*pieces, text[done:])))
    # beside other digits our mask may look like somebody else's (`138****56785`), which is hidden whole: at once
    again = shown != text and _LEFT.search(_OWN_MASK.sub("0", shown))
    return hide_in_text(shown, hide, ends) if again else shown


_ID = re.compile(rf"(?![A-Za-z]*(?:(?:00)?86)?(?:{_ONE_OF_GLUED.pattern})[A-Za-z]*$)[0-9A-Za-z]*")
"""Letters and digits that are no whole number, with or without words at it."""


def hide_in_id(text: str, hide: Hide) -> str:
    """Return what stands in place of an id, hidden as in a sentence that says it; letters and digits stay.

    Examples
    --------
    >>> hide_in_id("13912340010 rent", hide_in_text), hide_in_id("2026-11-25-0017", hide_in_text)
    ('139****0010 rent', '2026-11-25-0017')
    """
    return text if _ID.fullmatch(text) else hide(f"「{text}」")[1:-1]


def find_numbers(text: str, ends: frozenset[str] = NO_ENDS) -> list[FoundNumber]:
    """Return the telephone numbers of a text, and what is an end of a known one, from left to right.

    Examples
    --------
    >>> find_numbers("张伟 138 1234 5678")
    [FoundNumber(start=3, end=16, dialled='13812345678', tail='')]
    >>> find_numbers("0755%2D88880000转802")
    [FoundNumber(start=0, end=19, dialled='075588880000', tail='转***')]
    """
    written = [Sign(character, place, place + 1) for place, character in enumerate(text)]
    signs = written_in_code.decoded(written)
    found = _found(signs, ends)
    if signs is not written:  # `100%13812345678` is a percentage and a number
        found = _joined(found, _found(written, ends))
    return found


def _found(signs: Sequence[Sign], ends: frozenset[str]) -> list[FoundNumber]:
    """Return the numbers of a text that is read in one way."""
    read = [(sign, one) for sign in signs if (one := written_in_code.plain(sign.read))]
    written = [sign.read for sign, _ in read]
    seen = [Sign(one, sign.start, sign.end) for sign, one in read]
    whole = "".join(sign.read for sign in seen)
    # `①13812345678②13912345678` is a list; what is no number without circled numerals may be one with: `1③812345678`
    text = _maskless("".join(map(written_in_code.apart, written, whole)))
    spans = _spans(text, ends)
    if text != _maskless(whole):
        known = {place for start, end, _ in spans for place in range(start, end)}
        mixed = ("\0" if one == "\0" or place in known else whole[place] for place, one in enumerate(text))
        spans += _spans(_maskless("".join(mixed)), ends)

    def there(start: int, end: int, dialled: str) -> FoundNumber:
        tail, form = "", _BEHIND_LINE if written[end : end + 1] == ["_"] else _EXTENSION
        behind = form.match(text, end) or form.match(whole, end)
        # programs put `_` between a number and its extension
        if behind and (behind.lastgroup == "digits" or written[end] == "_" or not _MOBILE.fullmatch(dialled)):
            first, end = behind.end() - len(behind[behind.lastgroup or 0]), behind.end()
            tail = "".join(written[behind.start() : first]) + re.sub(r"[^-/、,，]", "*", whole[first:end])
        return FoundNumber(seen[start].start, seen[end - 1].end, dialled, tail)

    bare = _SPLIT.sub("", whole)
    is_other = is_date(bare) or are_times(GROUP.findall(whole))
    if not spans and not is_other and re.fullmatch(r"\+?[0-9]{7,15}", bare):
        return [FoundNumber(signs[0].start, signs[-1].end, bare)]
    return sorted(there(*span) for span in spans)


def _maskless(text: str) -> str:
    return _OWN_MASK.sub(lambda one: "\0" * len(one[0]), text) if "*" in text else text


def _spans(text: str, ends: frozenset[str]) -> list[tuple[int, int, str]]:
    """Return start, end and digits of the numbers of a text, found in each way; none overlap."""
    readings = dict.fromkeys((text, text.translate(CHINESE)))
    spans = list(_in_groups(text))
    in_any = (more for one in readings for more in (_in_usual_groups(one, text), _ends(one, ends)))
    for more in (_glued(text), _in_runs(text), *in_any):
        spans += [one for one in more if all(one[1] <= start or end <= one[0] for start, end, _ in spans)]
    return spans


def _joined(coded: Sequence[FoundNumber], uncoded: Sequence[FoundNumber]) -> list[FoundNumber]:
    """Return what was found in either reading, what overlaps as one that is dialled as decoded: nothing that either
    reads as a number stays.
    """
    apart: list[FoundNumber] = []
    for one in sorted((*coded, *uncoded)):
        if apart and one.start < apart[-1].end:
            last = apart.pop()
            said = next((each for each in (last, one) if each in coded), last)
            one = said._replace(start=last.start, end=max(last.end, one.end))
            coded = (*coded, one)
        apart.append(one)
    return apart


def _in_groups(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and digits of the numbers among the groups of digits of a text: from each place the longest."""
    for chain in written_in_code.chains(text):
        first = 0
        while first < len(chain):
            begin = chain[first].start
            before = _BEFORE.search(text, max(0, begin - 14), begin)
            if before and before["sign"] and _is_zone(text, before.start("sign"), chain[first : first + 4]):
                before = None
            for last in range(min(len(chain), first + 16), first, -1):
                window = chain[first:last]
                dialled = _dialled(window, before)
                if dialled is not None:
                    yield *_with_brackets(text, begin, before, window[-1].end), dialled
                    first = last
                    break
            else:
                first += 1


def _glued(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the numbers of a run of digits that is nothing but two or three whole numbers."""
    for run in _GLUED.finditer(text):
        for one in _ONE_OF_GLUED.finditer(text, run.start(), run.end()):
            yield one.start(), one.end(), one[0]


def _in_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the mobiles of longer runs of digits: in an address of the internet wherever they stand, elsewhere at the
    begin or the end of the run, and beside a day, a time or each other. Those that share digits are one.

    Devices name recordings `2026112515412345678103000`, day, number and time. An id of a meeting (time and twelve
    digits) would hold a number every afternoon.
    """
    runs = list(_LONG.finditer(text))
    addresses = [one.span() for one in _ADDRESS.finditer(text)] if runs else []
    hashes = [one.span() for one in _HASHES.finditer(text)] if runs else []
    for run in runs:
        start, digits = run.start(), run[0]
        if any(one <= start < end for one, end in hashes) or (len(digits) == 29 and is_date(digits[:14])):
            continue
        day = 8 if digits.startswith("20") and is_date(digits[:8]) else 0
        found = phones.mobiles_in(digits, day, anywhere=any(one <= start < end for one, end in addresses))
        yield from ((start + one, start + end, digits[one:end]) for one, end in found)


def _in_usual_groups(text: str, written: str) -> Iterator[tuple[int, int, str]]:
    """Yield what is grouped as numbers are, whatever the signs between; a day or a room and two times are no number,
    unless they are written in numerals with nothing else between: so nobody writes times.
    """
    for run in _USUAL.finditer(text):
        digits = "".join(GROUP.findall(run[0]))
        is_plain = _SPLIT.sub("", run[0]).lstrip("+").isdigit() and written[run.start() : run.end()] != run[0]
        if run["town"] and (is_date(digits[-8:]) or number_class(normalize(digits)) != "fixed"):
            continue
        if is_plain or not (TIME.fullmatch(digits[-8:-4]) and TIME.fullmatch(digits[-4:])):
            yield run.start(), run.end(), digits
    yield from ((run.start(), run.end(), "".join(GROUP.findall(run[0]))) for run in _AS_AMOUNT.finditer(text))
    for run in _PART.finditer(text):
        digits = "".join(GROUP.findall(run[0]))
        if len(digits) >= 4 and not is_date(digits) and _HIDES.search(run[0]):  # `### 20260131`
            yield run.start(), run.end(), "****"


def _ends(text: str, ends: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    """Yield what is an end of a known number, whatever it looks like: neighbouring groups that are all of it."""
    for chain in written_in_code.chains(text) if ends else ():
        first = 0
        while first < len(chain):
            for last in range(min(len(chain), first + 8), first, -1):
                digits = "".join(one.digits for one in chain[first:last])
                if digits in ends and not is_date(digits):
                    yield chain[first].start, chain[last - 1].end, digits
                    first = last
                    break
            else:
                first += 1


def _with_brackets(text: str, begin: int, before: re.Match[str] | None, end: int) -> tuple[int, int]:
    """Return where a number begins and ends with its `+` and a bracket around a part of it; one around all stays."""
    begin = before.start("sign") if before else begin
    unclosed = text.count("(", begin, end) - text.count(")", begin, end)
    begin = before.start("open" if before["open"] else "sign") if unclosed < 0 and before else begin
    return begin, end + (unclosed > 0 and text[end : end + 1] == ")")


def _behind_plus(window: Sequence[DigitGroup], before: re.Match[str]) -> str | None:
    """Return how groups behind a `+` would be dialled. In brackets it may be a gain (`(+46) 13.15-16.15`,
    `(+8648712.5%)`, `(+1234567)`): what is possible in its country is a number there, and with few digits what its plan
    has.
    """
    digits = "".join(group.digits for group in window)
    if not _FEWEST <= len(digits) <= 15 or not _grouped(window, most=7) or is_date(digits):
        return None
    if before["open"]:
        number = normalize(f"+{digits}")
        is_sure = len(digits) >= 10 or (number is not None and phones.likelihood(number)[0])
        if number is None or not is_sure or _is_gain(window, before.string, number):
            return None
    return f"+{digits}"


def _is_gain(window: Sequence[DigitGroup], text: str, number: str) -> bool:
    """Tell whether a figure behind `(+` has fen or a unit, or is alone in its brackets beside days, times and rooms."""
    first, *rest = window
    end, digits = window[-1].end, [group.digits for group in rest]
    if holds_date(window) or _FEN.match(text, first.start) or _UNIT.match(text, end):
        return True
    if not any(")" in group.gap for group in rest):
        return False
    is_code = first.digits.startswith("86") or phones.is_country_code(first.digits)
    if not is_code or (are_times(digits) and digits[0] < digits[1]):
        return True
    gaps = [group.gap for group in rest]
    # `(+1) 415.555.2671`, `(+49) 30/12345678`; no address of the internet, no days or rooms
    is_line = {*gaps[1:]} == {"."} or (gaps[1:] == ["/"] and len(digits[-1]) > 5)
    is_whole = is_line and not re.match("[./-][0-9]", text[end : end + 2]) and phones.likelihood(number)[0]
    return not is_whole and bool({*"./"} & {*"".join(gaps)})


def _is_zone(text: str, plus: int, groups: Sequence[DigitGroup]) -> bool:
    """Tell whether a `+` behind a letter adds hours or days, with a day or two times behind, as in `UTC+8 2026-01-31`,
    `T+1 20260131` and `Q1+2 2026-02`; no country has a code of one digit but 1 and 7.
    """
    zone, *rest = groups
    is_added = len(zone.digits) < 3 and re.search(r"[A-Za-z][0-9]?\Z", text[max(0, plus - 2) : plus])
    if not rest or not (is_added or re.fullmatch("[2-689]|0[0-9]*", zone.digits)):
        return False
    two = [group.digits for group in rest[:2]]
    is_day = re.compile(_DAY).match(text, rest[0].start) is not None or holds_date(rest) or is_date("".join(two))
    return is_day or are_times(two)


def _dialled(window: Sequence[DigitGroup], before: re.Match[str] | None = None) -> str | None:
    """Return how neighbouring groups would be dialled, or None when they are no telephone number."""
    digits = "".join(group.digits for group in window)
    if not _FEWEST <= len(digits) <= 19:
        return None
    if before and before["sign"] and (abroad := _behind_plus(window, before)):
        return abroad
    carrier = phones.CARRIER.match(digits)
    if carrier and carrier.end() <= len(window[0].digits):  # as in a column of numbers
        number = window[0].digits[carrier.end() :]
        first = [window[0]._replace(digits=number)] if number else []
        return _dialled([*first, *window[1:]])
    if _is_mobile(window, digits):
        return digits[-11:]  # as it is dialled at home, whichever way it was written
    if _is_abroad(window, digits) or _is_fixed(window, digits):
        return digits
    # undivided and not called one (`电话`) it is rather an id: a third of those of 12 digits would be a line
    may_be_line = digits.startswith("86") and (len(window) > 1 or (before is not None and before["said"]))
    return _behind_86(window) if may_be_line else None


def _behind_86(window: Sequence[DigitGroup]) -> str | None:
    """Return how a fixed line behind its country would be dialled at home, however the local number is grouped: one by
    the plan that holds neither a date nor two times, as `86 10 1430-1600`, `86-2026013101`.
    """
    first, *rest = window[window[0].digits == "86" :]
    bare = first.digits if len(rest) + 1 < len(window) else first.digits[2:]
    line = [first._replace(digits=bare if bare[:1] == "0" else f"0{bare}"), *rest]
    digits = "".join(group.digits for group in line)
    is_other = holds_date(window) or is_date(bare[:8]) or are_times([group.digits for group in rest])
    return None if is_other or not _is_fixed(line, digits) or number_class(normalize(digits)) != "fixed" else digits


def _is_abroad(window: Sequence[DigitGroup], digits: str) -> bool:
    """00, then the country: at least three digits at once, so that `00 30 01 30` stays a time."""
    if not digits.startswith("00") or not 10 <= len(digits) <= 17 or holds_date(window):
        return False
    is_begun = len(window[0].digits) > 2 or _is_one_by_one(window) or len(window[1].digits) < 4
    return is_begun and _grouped(window, most=7) and normalize(f"+{digits[2:]}") is not None


def _is_mobile(window: Sequence[DigitGroup], digits: str) -> bool:
    country = _HOME.match(digits)
    if country and _MOBILE.fullmatch(digits[country.end() :]):
        return _grouped(window, most=7)
    if not _MOBILE.fullmatch(digits) or holds_date(window):
        return False
    if [group.gap for group in window[1:]] == ["."] * 3 and all(int(group.digits) < 256 for group in window):
        return False  # an address of the internet, as `192.168.23.221`
    sizes = [len(group.digits) for group in window]
    if sizes in ([11], [3, 4, 4]) or _is_one_by_one(window):
        return True
    # `14.30-16.00 301` is two times and a room: other groups are a number only when one sign divides them all
    return _is_uniform(window) and (_grouped(window, most=4) or len(set(sizes[:-1])) == 1)


def _is_fixed(window: Sequence[DigitGroup], digits: str) -> bool:
    line = _LINE.fullmatch(digits)
    if line is None:
        return False
    area, local = line.groups()
    if len(window) > 1 and ")" in window[1].gap and len(window[0].digits) == len(area):
        return len(window) <= 5  # nobody puts the first part of a date into brackets
    # 2019/0202 is a local number, for a date is written in one or in three: `029/2019/0202`
    if holds_date(window) or (is_date(local) and [len(group.digits) for group in window[1:]] != [4, 4]):
        return False
    if _is_one_by_one(window) or len(window) == 1:
        return True
    if len(window[0].digits) != len(area) or len(window) > 4:
        return False
    if read_phone("-".join(group.digits for group in window)).extension:
        return False  # `0315-7654321-8`: the number is found without it, and what is left of it is hidden behind
    # `0315 1430-1600` is a day and two times, `0709 2522/2523` a day and two rooms: where the signs differ the area
    # code has to be one
    all_times = all(TIME.fullmatch(group.digits) for group in window[1:])
    return _is_uniform(window) or (not all_times and number_class(normalize(digits)) == "fixed")


def _is_uniform(window: Sequence[DigitGroup]) -> bool:
    """Tell whether one sign stands between all groups."""
    return len({group.gap.strip() or " " for group in window[1:]}) <= 1


def _is_one_by_one(window: Sequence[DigitGroup]) -> bool:
    return len(window) > 1 and all(len(group.digits) == 1 for group in window)


def _grouped(window: Sequence[DigitGroup], *, most: int) -> bool:
    """Tell whether there are few groups, or the digits come one by one behind the first."""
    return len(window) <= most or all(len(group.digits) == 1 for group in window[1:])
