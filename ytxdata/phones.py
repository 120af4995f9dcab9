"""Telephone numbers: one normal form, one class, one mask. Always text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

NumberClass = Literal["mobile", "fixed", "service", "premium", "international", "satellite", "unknown"]

HOME_REGION = "CN"

_NOISE = re.compile(r"[\s\-.()·/]+")
_DIALLED = re.compile(r"\+?\d{5,15}")
HOME_MOBILE = r"^(?:\+?86|0086)?(?P<mobile>1(?:[3-689][0-9]|7[0-8])[0-9]{8})$"
"""A mobile number of the home region, whichever way it is dialled: the library says the same, in fifteen times the
time. What begins with 179 is left to it: that may be a carrier in front of a foreign number."""

_HOME_MOBILE = re.compile(HOME_MOBILE)
_E164_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")
_SATELLITE = re.compile(r"\+86(1349|174[0-5])\d+|\+(870|88[12])\d+")


@lru_cache(maxsize=65536)
def normalize(phone: str) -> str | None:
    """Return the number in E.164 form, or None when the text cannot be a telephone number.

    The home region is China. A number need not be allocated, it need only be possible: a call that
    took place is not denied because a numbering table is out of date.

    Examples
    --------
    >>> normalize("010-6552 0000"), normalize("13900000000"), normalize("0086 139 0000 0000")
    ('+861065520000', '+8613900000000', '+8613900000000')
    >>> normalize("anonymous") is None
    True
    """
    text = _NOISE.sub("", unicodedata.normalize("NFKC", phone))
    home = _HOME_MOBILE.fullmatch(text)
    if home:
        return f"+86{home['mobile']}"
    if not _DIALLED.fullmatch(text):
        return None
    import phonenumbers

    if text.startswith("86") and len(text) == 13:
        text = f"+{text}"
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=65536)
def number_class(number: str | None) -> NumberClass:
    """Return what kind of number an E.164 text is; `unknown` for none.

    Examples
    --------
    >>> number_class("+8613900000000"), number_class("+861065520000"), number_class("+12025550100")
    ('mobile', 'fixed', 'international')
    """
    if not number:
        return "unknown"
    if _SATELLITE.fullmatch(number):
        return "satellite"
    if _E164_MOBILE.fullmatch(number):
        return "mobile"
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return "unknown"
    kind = phonenumbers.number_type(parsed)
    types = phonenumbers.PhoneNumberType
    if kind == types.PREMIUM_RATE:
        return "premium"
    if parsed.country_code != 86:
        return "international"
    if kind in (types.MOBILE, types.FIXED_LINE_OR_MOBILE):
        return "mobile"
    if kind in (types.TOLL_FREE, types.SHARED_COST, types.UAN):
        return "service"
    if kind == types.FIXED_LINE:
        return "fixed"
    return "unknown"


def mask(phone: str) -> str:
    """Return a phone with its middle hidden, as reports show it; what is no phone is hidden the same way.

    Examples
    --------
    >>> mask("13812345678"), mask("+8613812345678"), mask("01065520000"), mask("1234")
    ('138****5678', '+86138****5678', '010****0000', '****')
    """
    prefix = "+86" if phone.startswith("+86") else ""
    digits = phone[len(prefix) :]
    if len(digits) < 8:
        return "****"
    return f"{prefix}{digits[:3]}****{digits[-4:]}"
