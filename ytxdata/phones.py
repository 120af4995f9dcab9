"""Telephone numbers: one normal form, one extension, one class, one mask. Always text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

NumberClass = Literal[
    "mobile", "fixed", "service", "short", "access", "premium", "international", "satellite", "unknown"
]

HOME_REGION = "CN"
_HOME = "+86"

SEPARATORS = r" \t\n\r\f\v\-()\[\]{}<>./_~'"
"""What may stand between the groups of a number, as the inside of a character class."""

DASHES = "‐‑‒–—―−ー·•【】「」《》‘’"
"""What Chinese keyboards and office programs write in place of these; compatibility forms (NFKC) leave them as they
are."""

INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
"""Marks of direction and width that come along when a number is copied out of a telephone's own list of contacts."""

LONGEST_EXTENSION = 6
"""Digits of an extension: an office has up to five, the number in front of a courier's or driver's own has up to six.
A longer last group is the rest of a number (`138-00000000`), or another one."""

WITH_WORD = (
    rf"^(?P<head>[+0-9{SEPARATORS}]*)"
    r"(?:(?i:转接?|轉接?|总机转?|總機轉?|分机号?码?|分機號?碼?|内线|內線|extension|extn?|[xpw#*,;:])"
    rf"[:=#,;{SEPARATORS}]*){{1,8}}"  # 总机转 is one word or two: twenty in a row took seconds
    rf"(?P<extension>[0-9]{{1,{LONGEST_EXTENSION}}})[#号號{SEPARATORS}]*$"
)
"""A number and the extension that a word, a pause or a key of the telephone announces; Arrow reads the same
expression."""

SHORT = r"1(?:00|1[0249]|2[0-3]|6[08])|1[0-2][0-9]{3}|11[68][0-9]{3}|1010[0-9]{4}|9[56][0-9]{3,6}"
"""Short service numbers: emergency and enquiries, operators and public services, directories, national companies,
banks. The numbering library lacks 111xx (post), 125xx (an operator's services), 116114 and what has more than six
digits."""

_WITH_WORD = re.compile(WITH_WORD)
_BARE = re.compile(rf"[{SEPARATORS}]*\+?[0-9{SEPARATORS}]*")
_FLOAT = re.compile(r"[0-9]+\.[0-9]*|\.[0-9]+")
_SHORT = re.compile(SHORT)
_GROUP = re.compile(r"[0-9]+")
_DIALLED = re.compile(r"\+?[0-9]{5,15}")
_LABEL = re.compile(r"^\s*(?:tel|phone|mobile|电话|手机|座机|固话|总机)(?:号码?)?\s*[:.]?\s*", re.IGNORECASE)
_TRANSLATED = str.maketrans({**dict.fromkeys(DASHES, "-"), **dict.fromkeys(INVISIBLE, "")})
CARRIER = re.compile(r"^1(?:79[0-9]{2}|2593|0193)(?=0[1-9][0-9]{8,10}$|1[3-9][0-9]{9}$)")
"""A carrier chosen in front of a home number: not a part of it."""
_OUTSIDE = re.compile(
    rf"^[{SEPARATORS}]*9[{SEPARATORS}]+(?=0[1-9]|(?:1[{SEPARATORS}]?[3-9](?:[{SEPARATORS}]*[0-9]){{2}}|[48]00)"
    rf"(?:[{SEPARATORS}]*[0-9]){{7}}$|(?:1[0-2]|9[56])[0-9]{{3}}$)"
)
"""The 9 for a line out of the house, in front of a number: with a mobile's digits it made one of Weinan (0913)."""
NEIGHBOUR = re.compile(r"85[23][2-9][0-9]{7}|886[2-9][0-9]{7,8}")
"""A number of Hong Kong, Macau or Taiwan with its code alone: the areas 0852, 0853 and 0886 never had eight digits."""
_RANGE = re.compile(rf"~[{SEPARATORS}]*[0-9]+[{SEPARATORS}]*$")  # the last of some lines (`88880000~03`): no extension
HOME_MOBILE = re.compile(r"1(?:[3-689][0-9]|7[0-8])[0-9]{8}")
"""A mobile number of the home region. What begins with 179 is left to the library: that may be a carrier in front of
a foreign number."""
_E164_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")
_E164_SHORT = re.compile(rf"\+86(?:{SHORT})")
_SATELLITE = re.compile(r"\+86(1349|174[0-5])\d+|\+(870|88[12])\d+")
_LOCAL = {(7,), (8,), (4, 4), (3, 4)}
"""How the digits of a number without its area code are grouped."""
_CODE = re.compile(r"\+.{0,3}|010|02.|0.{3}|[48]00(?=.{7}$)")
"""The code of country, area or service, at its longest: its digits tell no two
neighbours apart, so they are none of the four hidden ones."""
_AS_DIALLED = re.compile(r"1[3-9][0-9]{9}|[48]00[0-9]{7}|[0-9]{1,8}")
"""Home numbers without a 0 in front: mobiles, services, and local numbers."""

_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_STAMP = rf"(?:20)?[0-9]{{2}}{_DAY}|(?:[01][0-9]|2[0-3])(?:[0-5][0-9]){{2}}|1[0-9]{{9}}(?:[0-9]{{3}})?"
_BESIDE = re.compile(
    rf"(?:1[3-9][0-9]{{9}}|{_STAMP}){{0,4}}(?:1(?:79[0-9]{{2}}|2593|0193))?(?:(?:00)?86)?"
)  # more than four: hostile, and slow


class Phone(NamedTuple):
    """What a text says: the number in E.164 form and the extension behind it; None where it says none."""

    number: str | None = None
    extension: str | None = None


@lru_cache(maxsize=65536)
def read_phone(text: str) -> Phone:
    """Return the number and the extension that a text stands for, in any form that is usual in China.

    The home region is China. A number need not be allocated, it need only be possible: a call that took place is not
    denied because a numbering table is out of date. A short service number gets the country code like any other,
    as it is dialled from abroad. Three or four digits alone are an extension, unless they are such a number.

    Notes
    -----
    A short last group is an extension where the number is complete without it, and not where it is complete with it:
    `0755-8888-0000` is one number, `0755-88880000-802` is a number and an extension. Which area codes have seven
    digits and which have eight behind them is taken from the library's numbering plan.

    Examples
    --------
    >>> read_phone("0755-88880000-802"), read_phone("010 8888 0000 转 802")
    (Phone(number='+8675588880000', extension='802'), Phone(number='+861088880000', extension='802'))
    >>> read_phone("13900000000"), read_phone("8001"), read_phone("anonymous")
    (Phone(number='+8613900000000', extension=None), Phone(number=None, extension='8001'), Phone(number=None,
    extension=None))
    """
    plain = _OUTSIDE.sub("", _LABEL.sub("", unicodedata.normalize("NFKC", text).translate(_TRANSLATED)))
    if not _BARE.fullmatch(plain):
        worded = _WITH_WORD.fullmatch(plain)
        if not worded:
            return Phone()
        head, extension = worded["head"], worded["extension"]
        number = _e164(_dialled(head))
        return Phone(number, extension) if number or not _GROUP.search(head) else Phone()
    if _FLOAT.fullmatch(plain):
        return Phone()  # it was a floating number on its way here, and may have been rounded
    dialled, groups = _dialled(plain), _GROUP.findall(plain)
    if len(groups) > 1 and len(groups[-1]) <= LONGEST_EXTENSION and not _is_whole(dialled, groups):
        head = dialled[: -len(groups[-1])]
        is_local = head[:1] in tuple("2345678") and tuple(map(len, groups[:-1])) in _LOCAL
        if _is_whole(head, groups[:-1]) or is_local or _SHORT.fullmatch(head):
            return Phone(_e164(head), None if _RANGE.search(plain) else groups[-1])
    number = _e164(dialled)
    return Phone(None, dialled) if number is None and re.fullmatch("[0-9]{3,4}", dialled) else Phone(number)


def normalize(phone: str) -> str | None:
    """Return the number in E.164 form, or None when the text cannot be a telephone number; see `read_phone`.

    Examples
    --------
    >>> normalize("010-6552 0000"), normalize("13900000000"), normalize("0086 139 0000 0000")
    ('+861065520000', '+8613900000000', '+8613900000000')
    >>> normalize("anonymous") is None
    True
    """
    return read_phone(phone).number


def _dialled(bare: str) -> str:
    plus = "+" if "+" in bare else ""
    return plus + "".join(_GROUP.findall(bare))


def _at_home(dialled: str) -> tuple[str, bool] | None:
    """Return the national part of a home number, and whether a prefix says that it is complete; None for a foreign
    one."""
    for prefix in ("+86", "0086"):
        if dialled.startswith(prefix):
            return dialled.removeprefix(prefix).removeprefix("0"), True
    if dialled.startswith(("+", "00")) or NEIGHBOUR.fullmatch(dialled):
        return None
    behind_86 = dialled.removeprefix("86").removeprefix("0")
    if dialled.startswith("86") and (len(dialled) == 13 or (len(dialled) > 11 and _is_complete(behind_86))):
        return behind_86, True
    dialled = CARRIER.sub("", dialled)
    return dialled.removeprefix("0"), dialled.startswith("0")


def _is_whole(dialled: str, groups: Sequence[str]) -> bool:
    """Return whether digits are surely one number, so that a group behind them is something else.

    Without any prefix only the grouping tells an area code (`755-8888-0000`) from a local number (`8888-0000-802`).
    """
    home = _at_home(dialled)
    if home is None:
        is_apart = len(groups[0]) in (3, len(dialled)) or not NEIGHBOUR.fullmatch(dialled)  # not `8522-3456-789`
        return is_apart and _e164(dialled) is not None
    national, has_prefix = home
    if HOME_MOBILE.fullmatch(national):
        return True
    return _is_complete(national) and (has_prefix or len(groups[0]) <= 3 or national.startswith(("400", "800")))


def _is_complete(national: str) -> bool:
    return bool(HOME_MOBILE.fullmatch(national)) or (national[:3], len(national)) in complete_numbers()


@lru_cache(maxsize=1)
def complete_numbers() -> frozenset[tuple[str, int]]:
    """Return first three digits and length of all national numbers of ten or eleven digits but mobiles, as the plan
    has them."""
    from phonenumbers import PhoneMetadata

    plan = PhoneMetadata.metadata_for_region(HOME_REGION)
    kinds = (getattr(plan, kind) for kind in ("fixed_line", "toll_free", "shared_cost"))
    patterns = [re.compile(kind.national_number_pattern) for kind in kinds]
    return frozenset(
        (f"{first}", length)
        for first in range(100, 1000)
        for length in (10, 11)
        if any(pattern.fullmatch(f"{first}{digit * (length - 3)}") for pattern in patterns for digit in "0123456789")
    )


def _e164(dialled: str) -> str | None:
    """Return digits as they are dialled at home in E.164 form, None where no number can have them."""
    home = _at_home(dialled)
    # `0086 0311 88880000` has more digits than any number, and is one
    if home and (HOME_MOBILE.fullmatch(home[0]) or _SHORT.fullmatch(home[0]) or (home[1] and _is_complete(home[0]))):
        return f"{_HOME}{home[0]}"
    dialled = CARRIER.sub("", dialled)
    if not _DIALLED.fullmatch(dialled):
        return None
    import phonenumbers

    if (home and home[1] and dialled.startswith("86")) or NEIGHBOUR.fullmatch(dialled):
        dialled = f"+{dialled}"
    try:
        number = phonenumbers.parse(dialled, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=65536)
def number_class(number: str | None, access: Collection[str] = ()) -> NumberClass:
    """Return what kind of number an E.164 text is; `unknown` for none.

    Parameters
    ----------
    access
        The account's own numbers by which one gets into a conference (a tuple or frozenset): whoever is listed under
        one of these is not known by it.

    Examples
    --------
    >>> number_class("+8613900000000"), number_class("+861065520000"), number_class("+12025550100")
    ('mobile', 'fixed', 'international')
    >>> number_class("+8695588"), number_class("+861065520000", ("+861065520000",))
    ('short', 'access')
    """
    if not number:
        return "unknown"
    if number in access:
        return "access"
    if _SATELLITE.fullmatch(number):
        return "satellite"
    if _E164_MOBILE.fullmatch(number):
        return "mobile"
    if _E164_SHORT.fullmatch(number):
        return "short"
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return "unknown"
    kind, types = phonenumbers.number_type(parsed), phonenumbers.PhoneNumberType
    if kind == types.PREMIUM_RATE:
        return "premium"
    if parsed.country_code != 86:
        return "international"
    at_home: dict[int, NumberClass] = dict.fromkeys((types.TOLL_FREE, types.SHARED_COST, types.UAN), "service")
    at_home |= {types.MOBILE: "mobile", types.FIXED_LINE_OR_MOBILE: "mobile", types.FIXED_LINE: "fixed"}
    return at_home.get(kind, "unknown")


def mobiles_in(digits: str, start: int = 0, *, anywhere: bool = False) -> list[tuple[int, int]]:
    """Return where mobiles stand in more digits than a number has, from some place on; those that share digits as one.

    They are found at the begin and the end, beside a day, a time or each other, or anywhere: of eleven digits in a row
    one in fourteen looks like a mobile.

    Examples
    --------
    >>> mobiles_in("2026112515412345678103000"), mobiles_in("4711154123456789999")
    ([(8, 19)], [])
    """
    spans: list[tuple[int, int]] = []
    for found in re.finditer(r"(?=1[3-9][0-9]{9})", digits[start:]):
        first, end = start + found.start(), start + found.start() + 11
        if anywhere or _BESIDE.fullmatch(digits, 0, first) or _BESIDE.fullmatch(digits, end):
            shares = spans and first < spans[-1][1]
            spans.append((spans.pop()[0] if shares else first, end))
    return spans


def mask(phone: str) -> str:
    """Return a number with its middle hidden, as it is dialled at home; a text that is none is hidden whole.

    However a number is written, its mask is made from its normal form: two forms of one number that hide other digits
    would show together what each of them hides. At least four digits of the subscriber are hidden: with one hidden
    digit anybody has the number in ten tries. What has more digits than a local number and is none that the plan of
    the home region has, is hidden whole: `0612345678` is a French one beside its country code, shown there otherwise.

    Examples
    --------
    >>> mask("13812345678"), mask("+86 138-1234-5678"), mask("010-65520000-802"), mask("1065520000"), mask("65520000")
    ('138****5678', '138****5678', '010****0000', '010****0000', '****0000')
    >>> mask("zhangwei"), mask("07551234567"), mask("+6561234567"), mask("1234")
    ('****', '****', '+65****567', '****')
    """
    number = normalize(phone) or ""
    digits = number.removeprefix(_HOME)
    if number.startswith(_HOME) and not _AS_DIALLED.fullmatch(digits):
        digits = f"0{digits}" if _is_complete(digits) else ""
    if len(digits) < 8:
        return "****"
    code = _CODE.match(digits)
    first = 3 if code else min(3, len(digits) - 8)
    last = max(0, min(4, len(digits) - max(code.end() if code else 0, first) - 4))
    return f"{digits[:first]}****{digits[len(digits) - last :]}"


NO_ENDS: frozenset[str] = frozenset()
FOREIGN = "+"
"""What stands before the ends of foreign numbers, to tell them from those of the home region."""


def ends_of(phones: Iterable[str]) -> frozenset[str]:
    """Return what tells known numbers where nothing else in a text says that it is one: their last seven and eight
    digits, and the national number without 0; of a foreign one also with the country, and as it is dialled there. What
    is foreign stands there with `FOREIGN` before it, too: its mask as a number of the home region would be another.

    Others could be cut out of a number too. Those that stand at the begin are of ten thousand people at once; and of
    each length more that is looked for, more amounts and contracts would be taken for somebody's number.

    Examples
    --------
    >>> sorted(ends_of(["0755-88880000"]))
    ['75588880000', '8880000', '88880000']
    """
    ends: set[str] = set()
    for number in {normalize(phone) or "" for phone in phones}:
        digits = number.removeprefix(_HOME).removeprefix("+")
        ends.update(digits[-n:] for n in (7, 8, len(digits)) if len(digits) >= max(n, 7))
        if number and not number.startswith(_HOME):
            foreign = {one for one in (digits, *_dialled_there(digits)) if len(one) > 8}
            ends |= foreign | {f"{FOREIGN}{one}" for one in foreign}
    return frozenset(ends)


def _dialled_there(digits: str) -> tuple[str, str]:
    """Return the national part of a foreign number, and that with what is dialled before it there."""
    import phonenumbers

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    code = next((digits[:n] for n in (1, 2, 3) if int(digits[:n]) in regions), "")
    plan = phonenumbers.PhoneMetadata.metadata_for_region(regions[int(code)][0]) if code else None
    return digits[len(code) :], f"{(plan and plan.national_prefix) or ''}{digits[len(code) :]}"


_WITHOUT_AREA = re.compile("[2-9][0-9]{6,7}")
_FEWEST_OF_MOBILE = 11
"""How many digits a mobile has with the code of its country, as a rule: shorter ones are Finnish, and may be lines."""


def likelihood(number: str) -> tuple[bool, bool, bool]:
    """Return whether a number with its country code is one by its country's plan, by its length, and a mobile: plans
    have `+494915112345678` as a line, and who writes the code twice has the mobile `+4915112345678`.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return False, False, False
    is_mobile = phonenumbers.number_type(parsed) in (
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    )
    has_length = len(number) > _FEWEST_OF_MOBILE
    return phonenumbers.is_valid_number(parsed), phonenumbers.is_possible_number(parsed), is_mobile and has_length


_LETTERS = re.compile(r"[^\W\d_]")
_HOME_NAMES = frozenset(("cn", "chn", "china", "中国"))
_EXTENSION = re.compile(rf"[#*x转{SEPARATORS}]*([0-9]{{1,{LONGEST_EXTENSION}}})[#{SEPARATORS}]*", re.IGNORECASE)


def is_country_code(code: str) -> bool:
    """Return whether digits are the code of a country, of another than the home region."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    is_short = re.fullmatch("[1-9][0-9]{0,2}", code) is not None
    return is_short and code != "86" and int(code) in COUNTRY_CODE_TO_REGION_CODE


def _is_country(area: str, text: str, digits: str) -> bool:
    """Return whether an area code without its 0 is the code of a country in which as many digits as a whole number has
    are one, none of them an extension's; of a mobile that was sold at home it is where."""
    is_open = text.lstrip()[:1] not in ("+", "0") and len(digits) > 8 and not digits.startswith(area)
    is_sold_there = HOME_MOBILE.fullmatch(digits) and any((f"{area}8"[:3], n) in complete_numbers() for n in (10, 11))
    has_line = re.fullmatch(r"[2-9][0-9]{2,3}[ -]?[0-9]{4}[^0-9 ]\D*[0-9]{1,6}", text.strip())  # 82345678-1
    return is_country_code(area) and is_open and not (is_sold_there or has_line) and likelihood(f"+{area}{digits}")[0]


def _is_mobile(number: str) -> bool:
    import phonenumbers

    return phonenumbers.number_type(phonenumbers.parse(number)) == phonenumbers.PhoneNumberType.MOBILE


@lru_cache(maxsize=4096)
def joined(text: str, country: str = "", area: str = "", extension: str = "") -> str | None:
    """Return a number with the codes and the extension that stand in fields beside it; None where they make none.

    An area code without its 0 may be a country's code (852 was Zunyi's, and is Hong Kong's): it is one where the
    number is as long as one with its area, does not begin with it, and is one by that country's plan. What is a whole
    number already keeps its own: of a mobile the area code says where it was sold, the extension where its owner sits.

    Examples
    --------
    >>> joined("88880000", area="0755"), joined("2125551234", country="1"), joined("075588880000", extension="8012")
    ('075588880000', '+12125551234', '075588880000 ext. 8012')
    >>> joined("13800000000", area="0755", extension="8012"), joined("88880000", area="852")
    ('13800000000', None)
    >>> joined("2071234567", area="44"), joined("0612345678", country="39"), joined("+85228880000", extension="#801")
    ('+442071234567', '+390612345678', '+85228880000 ext. 801')
    """
    digits = re.sub(r"\D", "", text)
    if not country and _is_country(area, text, digits):
        if HOME_MOBILE.fullmatch(digits):
            return None  # `49` beside 15112345678 may be its country, or where it was sold
        area = f"+{area}"
    if area[:1] == "+":
        country, area = country or area, ""
    code = "86" if country.casefold() in _HOME_NAMES else re.sub(r"\D", "", country).lstrip("0")
    is_whole = text.lstrip()[:1] == "+" or text.lstrip()[:2] == "00"
    if not is_whole and country and code != "86":
        area = "" if area == code else area  # said twice
        # the plan says whether a 0 is dialled before a number or is its own (Italy's)
        text = f"+{code}{area}{digits}"
        if not likelihood(text)[0]:
            text = f"+{code}{area.lstrip('0')}{digits.lstrip('0')}"
        if code and digits.startswith(code) and f"+{digits}" != normalize(text):
            # `852` beside `85261234567` stands there already, `91` beside `9123456789` does not
            whole, longer = likelihood(f"+{digits}"), likelihood(text)
            text = "" if whole == longer else f"+{digits}" if whole > longer else text
        if not code or _LETTERS.search(country) or normalize(text) is None:
            return None
    elif not is_whole and area and _WITHOUT_AREA.fullmatch((read_phone(text).number or digits).removeprefix("+86")):
        # with its extension, which stays behind it (`88880000-802`)
        if area[0] != "0" or number_class(normalize(area + text.strip())) != "fixed":
            return None
        text = area + text.strip()
    number, own = read_phone(text)
    behind = _EXTENSION.fullmatch(extension)
    is_line = number is not None and number_class(number) not in ("mobile", "satellite") and not _is_mobile(number)
    return f"{text} ext. {behind[1]}" if behind and is_line and own is None else text
