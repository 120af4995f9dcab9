"""Numbers of whole columns: the same as one by one, and as the library of numbering plans says."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata

from ytxdata import phones
from ytxdata.records import numbers
from ytxdata.records.numbers import read_numbers

USUAL = {
    "13812345678": ("+8613812345678", None),
    "138 1234 5678": ("+8613812345678", None),
    "138-1234-5678": ("+8613812345678", None),
    "\u202a+86 138 1234 5678\u202c": ("+8613812345678", None),
    "（＋86）１３８１２３４５６７８": ("+8613812345678", None),
    "0086 138 1234 5678": ("+8613812345678", None),
    "013812345678": ("+8613812345678", None),
    "17951 13812345678": ("+8613812345678", None),
    "13812345678-1234": ("+8613812345678", "1234"),
    "13812345678转1234": ("+8613812345678", "1234"),
    "0755-88880000": ("+8675588880000", None),
    "0755-8888-0000": ("+8675588880000", None),
    "(0755)88880000": ("+8675588880000", None),
    "0755—88880000": ("+8675588880000", None),
    "755-88880000": ("+8675588880000", None),
    "86-755-88880000": ("+8675588880000", None),
    "+86 (0)755 88880000": ("+8675588880000", None),
    "0755-88880000-802": ("+8675588880000", "802"),
    "0755－88880000－802": ("+8675588880000", "802"),
    "0755-88880000/802": ("+8675588880000", "802"),
    "0755-88880000(802)": ("+8675588880000", "802"),
    "0755 8888 0000 802": ("+8675588880000", "802"),
    "0755-8888-0000-802": ("+8675588880000", "802"),
    "+86-755-88880000-8001": ("+8675588880000", "8001"),
    "010 8888 0000 转 802": ("+861088880000", "802"),
    "010-88880000转分机802": ("+861088880000", "802"),
    "010-88880000（分机号：802）": ("+861088880000", "802"),
    "010-88880000总机转802": ("+861088880000", "802"),
    "010-88880000 轉 802": ("+861088880000", "802"),
    "010-88880000内线802": ("+861088880000", "802"),
    "010-88880000 ext. 802": ("+861088880000", "802"),
    "010-88880000EXT802": ("+861088880000", "802"),
    "010-88880000 extension 802": ("+861088880000", "802"),
    "010-88880000x802": ("+861088880000", "802"),
    "010-88880000#802": ("+861088880000", "802"),
    "010-88880000*802#": ("+861088880000", "802"),
    "010-88880000,,802#": ("+861088880000", "802"),
    "tel:+86-10-88880000;ext=802": ("+861088880000", "802"),
    "电话：010-88880000": ("+861088880000", None),
    "021-68880000-8": ("+862168880000", "8"),
    "0312-8888000-8": ("+863128888000", "8"),
    "0755-8888000-8": ("+8675588880008", None),
    "8888-0000-802": ("+8688880000", "802"),
    "88880000-802": ("+8688880000", "802"),
    "400-820-8820": ("+864008208820", None),
    "4008-208-820": ("+864008208820", None),
    "400-820-8820-2": ("+864008208820", "2"),
    "400-820-8820转2": ("+864008208820", "2"),
    "分机802": (None, "802"),
    "ext. 802": (None, "802"),
    "8001": (None, "8001"),
    "110": ("+86110", None),
    "10086": ("+8610086", None),
    "12306": ("+8612306", None),
    "95588": ("+8695588", None),
    "95588-1": ("+8695588", "1"),
    "95105105": ("+8695105105", None),
    "116114": ("+86116114", None),
    "+1-202-555-0100": ("+12025550100", None),
    "+1-202-555-0100-22": ("+12025550100", "22"),
    "+1 (202) 555-0100 x22": ("+12025550100", "22"),
    "00852-2123-4567": ("+85221234567", None),
    "852-2345-6789": ("+85223456789", None),
    "85368880000": ("+85368880000", None),
    "852 2345 6789-802": ("+85223456789", "802"),
    "0852-8888000": ("+868528888000", None),
    "9-13900000000": ("+8613900000000", None),
    "9 139 0000 0000": ("+8613900000000", None),
    "9-0755-88880000-802": ("+8675588880000", "802"),
    "8522-3456-789": ("+8685223456", "789"),
    "85223456-789": ("+8685223456", "789"),
    "886-2-23456789": ("+886223456789", None),
    "886 912 345 678": ("+886912345678", None),
    "(9)13900000000": ("+8613900000000", None),
    "9-400-810-0000": ("+864008100000", None),
    "9-95588": ("+8695588", None),
    "913-90000000": ("+8691390000000", None),
    "0755-88880000~03": ("+8675588880000", None),
    "138~1234~5678": ("+8613812345678", None),
    "0086-0311-88880000": ("+8631188880000", None),
    "+39 06 1234 5678": ("+390612345678", None),
    "+44 (0)20 7946 0958": ("+442079460958", None),
}
NOTHING = [
    "",
    "anonymous",
    "张三",
    "12",
    "13812345678,13912345678",
    "010-88880000/88880001",
    "13812345678.0",
    "1.38e10",
    "+",
    "转",
]


@pytest.mark.parametrize("text", USUAL)
def test_every_usual_form_is_a_number_or_an_extension(text: str) -> None:
    assert phones.read_phone(text) == USUAL[text]


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_number_is_none(text: str) -> None:
    assert phones.read_phone(text) == (None, None)


def same(texts: Sequence[str | None]) -> None:
    [read] = read_numbers(pa.array(texts, pa.string()))
    expected = [phones.read_phone(text) if text is not None else (None, None) for text in texts]
    found = zip(read.number.to_pylist(), read.extension.to_pylist(), strict=True)
    assert [(text, *one) for text, one in zip(texts, found, strict=True)] == [
        (text, *one) for text, one in zip(texts, expected, strict=True)
    ]


def test_a_column_says_what_its_texts_say() -> None:
    texts = [*USUAL, *NOTHING, None]
    random.Random(1).shuffle(texts)
    same(texts)
    same(texts[3:40])
    same([])
    [read], [expected] = read_numbers(pa.array(texts, pa.string())[5:9]), read_numbers(pa.array(texts[5:9]))
    assert read.number.equals(expected.number)


@pytest.mark.parametrize("foreign", ["+14155551234", "+1 (650) 555-1234", "+13125550123-802", "+14155551234转802"])
def test_a_foreign_number_among_mobiles_stays_foreign(foreign: str) -> None:
    same(["13900000001", foreign])
    same([foreign])


DIGITS = "0123456789"
PARTS = st.sampled_from(
    [*DIGITS, "0", "0", "8", "-", "-", " ", "(", ")", "+", ".", "/", "转", "x", ",", "＋", "—", "86", "00", "400"]
)
SHAPES = st.lists(PARTS, max_size=18).map("".join) | st.from_regex(
    r"(\+|00|0086|\+86|86|0|)[ -]?[0-9]{1,4}[ -]?[0-9]{3,8}([ -][0-9]{1,6}){0,2}((转|x|#|,)[0-9]{1,7})?", fullmatch=True
)


@pytest.mark.slow
@given(st.lists(SHAPES, max_size=40))
def test_digits_in_any_grouping(texts: list[str]) -> None:
    same([*texts])


def home() -> Iterator[str]:
    """Yield a number of each area code and length, of each network and each kind of service."""
    rng = random.Random(2)
    for first in range(100, 1000):
        for length in range(7, 13):
            yield f"{first}{rng.randrange(10 ** (length - 3)):0{length - 3}}"


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["", "0", "86", "+86", "+860", "0086", "86-0", "(0", "17951"])
def test_every_area_of_the_home_plan(prefix: str) -> None:
    for between, behind in (("", ""), ("-", ""), ("", "-802"), ("-", "-8")):
        same([f"{prefix}{number[:3]}{between}{number[3:]}{behind}" for number in home()])


@pytest.mark.slow
def test_what_is_settled_for_whole_columns_is_what_the_library_says() -> None:
    texts = [f"{prefix}{number}" for number in home() for prefix in ("0", "+86", "0086")]
    found = dict(zip(texts, numbers._read_in_bulk(pa.array(texts))[0].tolist(), strict=True))
    settled = {text: number for text, number in found.items() if number}
    assert len(settled) > len(texts) / 2
    for text, number in settled.items():
        parsed = phonenumbers.parse(text, "CN")
        assert phonenumbers.is_possible_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == f"+{number}"


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["+", "00", "+ "])
def test_every_country(prefix: str) -> None:
    rng = random.Random(3)
    texts = [
        f"{prefix}{code}{behind}{rng.randrange(10**length):0{length}}"
        for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        for length in range(1, 14)
        for behind in ("", "-", "0", " 8")
    ]
    same(texts)
    same([f"{text[:-4]}-{text[-4:]}-12" for text in texts])


def test_examples_of_every_plan_are_settled_without_asking() -> None:
    """Nearly all: of countries whose national prefix is not one digit the library is asked."""
    texts = [
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        for region in phonenumbers.SUPPORTED_REGIONS
        if (example := phonenumbers.example_number(region))
    ]
    read = numbers._read_in_bulk(pa.array(texts))[0]
    assert np.count_nonzero(read) > len(texts) * 7 / 8
    assert PhoneMetadata.metadata_for_region("CN")


def test_numbers_by_which_one_gets_in_are_a_class_of_their_own() -> None:
    meetings = pa.table({"display_number": ["010-88880000", "400 820 8820", None, "公司"]})
    access = numbers.access_numbers(meetings)
    assert access == {"+861088880000", "+864008208820"}
    assert phones.number_class("+861088880000", access) == "access"
    assert phones.number_class("+861088880000") == "fixed"


@pytest.mark.parametrize(
    "text", ["110", "120", "10086", "12306", "12345", "95588", "96110", "116114", "95105105", "10106666"]
)
def test_short_service_numbers_are_a_class_of_their_own(text: str) -> None:
    assert phones.number_class(phones.normalize(text)) == "short"
    same([text])
    assert pc.all(read_numbers(pa.array([text]))[0].number.is_valid()).as_py()
