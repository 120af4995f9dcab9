"""The short way for home mobiles says what the library of numbering plans says."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ytxdata import phones

DIGITS = "0123456789"
PREFIXES = ["", "+86", "86", "0086", "+", "0", "00", "1", "17951", "+86 ", "(86)", "＋86", "12593", "17951 00"]


def told_by_the_library(text: str) -> str | None:
    """Say what `normalize` would without its short ways; noise is not the question here, nor the carrier that was chosen."""
    text = re.sub(r"^(17951|12593)(?=1[3-9][0-9]{9}$)", "", text)
    if not phones._DIALLED.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(f"+{text}" if text.startswith("86") and len(text) == 13 else text, "CN")
    except phonenumbers.NumberParseException:
        return None
    is_possible = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if is_possible else None


@given(st.sampled_from(PREFIXES), st.integers(100, 199), st.text(DIGITS, min_size=7, max_size=9))
@example("", 179, "46003100")
@example("0086", 138, "00000000")
def test_numbers_as_they_are_dialled(prefix: str, network: int, rest: str) -> None:
    text = f"{prefix}{network}{rest}"
    bare = text.translate({ord("＋"): "+", ord(" "): None, ord("("): None, ord(")"): None})
    assert phones.normalize(text) == told_by_the_library(bare)


@pytest.mark.slow
def test_every_network_of_mobiles() -> None:
    for network in range(1300, 2000):
        for rest in ("0000000", "1234567", "9999999", "0031000"):
            for prefix in ("", "+86", "86", "0086"):
                text = f"{prefix}{network}{rest}"
                assert phones.normalize(text) == told_by_the_library(text)


@given(st.integers(130, 199), st.text(DIGITS, min_size=8, max_size=8))
def test_a_mobile_is_of_no_other_class(network: int, rest: str) -> None:
    number = f"+86{network}{rest}"
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    assert kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.UNKNOWN)
    assert phones.number_class(number) in ("mobile", "satellite")
