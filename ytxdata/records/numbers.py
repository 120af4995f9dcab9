"""Telephone numbers, whole columns at a time: what `phones.read_phone` says of each text, said of all at once where
it can be.

A call to the numbering library takes some 40 µs, so an account whose people call from landlines would wait longer for
its numbers than for everything else. Nearly all texts are digits with something between them: these are read by
arithmetic on their bytes, with the plan that `phonenumbers` holds as data. Whatever that does not settle for certain is
asked one by one; the tests compare both ways, number by number.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import phones
from ytxdata.records.json_values import decoded
from ytxdata.records.values import Values, as_phone, phone_text, rows_where

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Flags: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"
Bytes: TypeAlias = "np.ndarray[Any, np.dtype[np.uint8]]"

_MOST_DIGITS = 17
"""What is longer is no number and no number with an extension, and might not fit into 64 bits."""

# Chinese keyboards have a comma, a semicolon and an enumeration mark of their own.
_LIST_MARKS = re.compile(r"[,;|，；、\t\r\n]+")
# From three digits on: an office may list its people by extension (`801,8022`).
PHONE_LIKE = re.compile(r"\+?[\d\-()]{3,20}")

_MOST_NESTED = 8
"""How deep numbers are looked for in a value."""

_SHORTEST = 7
"""What is shorter is an extension or a group of digits, whatever plan it would fit."""

_NO_TEXT = pa.scalar(None, pa.string())
_POWERS = 10 ** np.arange(19, dtype=np.int64)


class Numbers(NamedTuple):
    """For each text the number in E.164 form and the extension, null where it says none; and which of the numbers read
    with it that is, or which text where it is no number.
    """

    number: pa.Array
    extension: pa.Array
    who: pa.Array

    @property
    def says_nothing(self) -> pa.Array:
        """Where there is neither."""
        return pc.and_(self.number.is_null(), self.extension.is_null())


def read_numbers(*columns: pa.Array) -> list[Numbers]:
    """Return the numbers and extensions that the texts of some columns stand for; each distinct text is read once.

    Examples
    --------
    >>> some, others = read_numbers(pa.array(["0755-88880000-802", None]), pa.array(["x", "075588880000"]))
    >>> some.number.to_pylist(), others.number.to_pylist()
    (['+8675588880000', None], [None, '+8675588880000'])
    >>> some.who.to_pylist(), others.who.to_pylist()
    ([0, None], [1, 0])
    """
    encoded = pa.concat_arrays(columns).dictionary_encode()
    words = encoded.dictionary
    plain = _plain(words)
    found = _read_in_bulk(plain)
    for texts, read in ((plain, _read_with_word), (words, _one_by_one)):
        is_open = pc.and_(*(one.is_null() for one in found))
        if pc.any(is_open).as_py():
            more = read(texts.filter(is_open))
            found = tuple(pc.replace_with_mask(one, is_open, its) for one, its in zip(found, more, strict=True))
    number, extension = found
    of_words = Numbers(number, extension, pc.coalesce(number, words).dictionary_encode().indices)
    starts = np.cumsum([0, *map(len, columns)])
    indices = (encoded.indices.slice(start, len(column)) for start, column in zip(starts, columns, strict=False))
    return [Numbers(*(array.take(which) for array in of_words)) for which in indices]


def access_numbers(meetings: pa.Table) -> frozenset[str]:
    """Return the account's own numbers, by which one gets into a conference: those its meetings show to whom they
    call."""
    [shown] = read_numbers(meetings["display_number"].combine_chunks())
    return frozenset(shown.number.unique().drop_null().to_pylist())


def _one_by_one(words: pa.Array) -> tuple[pa.Array, ...]:
    read = [phones.read_phone(text) for text in words.to_pylist()]
    return tuple(pa.array([phone[i] for phone in read], pa.string()) for i in (0, 1))


def _plain(words: pa.Array) -> pa.Array:
    """Return texts without wide forms, typographers' dashes and invisible marks; nearly all are ASCII and stay as
    they are."""
    is_wide = pc.invert(pc.string_is_ascii(words))
    if not pc.any(is_wide).as_py():
        return words
    wide = pc.utf8_normalize(words.filter(is_wide), "NFKC")
    wide = pc.replace_substring_regex(wide, f"[{phones.INVISIBLE}]", "")
    wide = pc.replace_substring_regex(wide, f"[{re.escape(phones.DASHES)}]", "-")
    return pc.replace_with_mask(words, is_wide, wide)


def _read_with_word(words: pa.Array) -> tuple[pa.Array, ...]:
    """Read texts that announce their extension by a word or a key; null where the number in front is not certain."""
    found = pc.extract_regex(words, phones.WITH_WORD)
    head, extension = pc.struct_field(found, "head"), pc.struct_field(found, "extension")
    number, behind = _read_in_bulk(head)
    # A number that has an extension in front of the word would have two: asked one by one.
    is_certain = pc.and_(number.is_valid(), behind.is_null())
    return pc.if_else(is_certain, number, _NO_TEXT), pc.if_else(is_certain, extension, _NO_TEXT)


class _Spelled(NamedTuple):
    """Texts seen as digits: their value and count, whether a plus stands in front, and how they are grouped.

    `is_bare` is false where there is anything else than digits and what may stand between them.
    """

    value: Ints
    length: Ints
    has_plus: Flags
    is_bare: Flags
    n_groups: Ints
    first: Ints
    last: Ints


def _spelled(words: pa.Array) -> _Spelled:
    """Return how texts are spelled: once for each pattern, of which thousands of numbers have a handful, and the digits
    of all that share one by arithmetic on columns of bytes.
    """
    words = words.fill_null("")
    sizes = pc.binary_length(words).to_numpy()
    told = np.zeros((len(_Pattern._fields), len(words)), np.int64)
    value = np.zeros(len(words), np.int64)
    for size in np.flatnonzero(np.bincount(sizes)).tolist():
        at = np.flatnonzero(sizes == size)
        block = _bytes(words if len(at) == len(words) else words.take(at), size)
        patterns = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(size), len(at), [None, pa.py_buffer(_marks()[block])]
        ).dictionary_encode()
        which = patterns.indices.to_numpy()
        known = {marks: _pattern(marks) for marks in patterns.dictionary.to_pylist()}
        told[:, at] = np.array([*known.values()], np.int64).T[:, which]
        for i, (marks, pattern) in enumerate(known.items()):
            if pattern.is_bare:
                rows = slice(None) if len(known) == 1 else which == i
                value[at[rows]] = _value(block[rows], marks)
    length, has_plus, is_bare, n_groups, first, last = told
    return _Spelled(value, length, has_plus.astype(np.bool_), is_bare.astype(np.bool_), n_groups, first, last)


def _bytes(words: pa.Array, size: int) -> Bytes:
    """Return texts of one size, a row of bytes each."""
    data = np.frombuffer(words.buffers()[2] or b"", np.uint8)
    begin = np.frombuffer(words.buffers()[1], np.int32)[words.offset]
    return data[begin : begin + len(words) * size].reshape(len(words), size)


def _value(block: Bytes, marks: bytes) -> Ints:
    """Return the digits of texts of one pattern, as numbers."""
    value = np.zeros(len(block), np.int64)
    for column in np.flatnonzero(np.frombuffer(marks, np.uint8) == _DIGIT):
        value = value * 10 + block[:, column] - ord("0")
    return value


class _Pattern(NamedTuple):
    """What the marks of a text say of it, without its digits."""

    length: int
    has_plus: bool
    is_bare: bool
    n_groups: int
    first: int
    last: int


def _pattern(marks: bytes) -> _Pattern:
    groups = [len(group) for group in _GROUP.findall(marks)]
    length, has_plus = sum(groups), marks[:1] == bytes([_PLUS])
    n_others = marks.count(_OTHER) + marks.count(_PLUS) - has_plus
    # `13812345678.0` was a floating number on its way here, and may have been rounded.
    was_float = marks.count(_DOT) == 1 and not marks.count(_SEPARATOR) and not has_plus
    is_bare = not n_others and not was_float and 0 < length <= _MOST_DIGITS
    return _Pattern(length, has_plus, is_bare, len(groups), *(groups[0], groups[-1]) if groups else (0, 0))


_DIGIT, _SEPARATOR, _DOT, _PLUS, _OTHER = range(5)
_GROUP = re.compile(bytes([_DIGIT]) + b"+")


@lru_cache(maxsize=1)
def _marks() -> Bytes:
    """Return for each byte what it is in a number."""
    separator = re.compile(f"[{phones.SEPARATORS}]")
    marks = np.full(256, _OTHER, np.uint8)
    marks[[byte for byte in range(128) if separator.match(chr(byte))]] = _SEPARATOR
    marks[[ord("."), ord("+")]] = _DOT, _PLUS
    marks[list(b"0123456789")] = _DIGIT
    return marks


class _Read(NamedTuple):
    """What digits are as one number: its value in E.164 form, and what is certain of it.

    `is_possible` says that it is a number if it is all there is, `is_whole` that a group behind it would be something
    else, `is_part` that its last group is not a part of it.
    """

    value: Ints
    is_possible: Flags
    is_whole: Flags
    is_part: Flags


def _read_digits(value: Ints, length: Ints, has_plus: Flags, first: Ints) -> _Read:
    """Return what digits are, `first` of them in the first group: `phones._is_whole` and `phones._e164`, by
    arithmetic."""

    def leading(n: int) -> Ints:
        return value // _POWERS[np.clip(length - n, 0, 18)]

    starts_86, starts_0086 = leading(2) == 86, ~has_plus & (length > 4) & (leading(4) == 86)
    needs_proof = starts_86 & ~has_plus & (length > 11) & (length != 13)
    n_prefix = np.where(starts_86 & (has_plus | (length > 11)), 2, np.where(starts_0086, 4, 0))
    is_foreign = (n_prefix == 0) & (has_plus | (leading(2) == 0))
    national = value % _POWERS[np.clip(length - n_prefix, 0, 18)]
    n_national = length - n_prefix
    has_trunk = national < _POWERS[np.clip(n_national - 1, 0, 18)]
    n_national = n_national - has_trunk
    has_prefix = has_trunk | (n_prefix > 0)
    is_national = ~is_foreign & (n_national >= 3) & (national >= _POWERS[np.clip(n_national - 1, 0, 18)])

    head = np.where(is_national, national // _POWERS[np.clip(n_national - 3, 0, 18)], 0)
    complete, possible = _home_plan()
    is_mobile = is_national & (n_national == 11) & _mobiles()[head]
    is_complete = is_national & (n_national <= 12) & complete[head, np.clip(n_national, 0, 12)]
    is_unproven = needs_proof & ~is_mobile & ~is_complete
    # Without any prefix the grouping decides: `755-8888-0000` is one number, in `8888-0000-802` 802 is an extension.
    is_whole = is_mobile | (is_complete & (has_prefix | (first <= 3) | (head == 400) | (head == 800)))
    # the library takes a country code without a plus where what follows it fits better, and carriers begin with 1
    is_plain = (has_prefix | ~starts_86) & (head >= 200) & possible[np.clip(n_national, 0, 17)]
    is_possible = is_whole | is_complete | (is_national & is_plain & ~is_unproven)
    in_e164 = 86 * _POWERS[np.clip(n_national, 0, 16)] + national

    fits, does_not_fit = _foreign(value, np.where(has_plus, length, length - 2))
    is_dialled = (length >= 5) & (length <= 15)
    return _Read(
        np.where(is_foreign, value, in_e164),
        (length <= 15) & np.where(is_foreign, fits & is_dialled, is_possible),
        np.where(is_foreign, fits & is_dialled, is_whole),
        np.where(is_foreign, does_not_fit | ~is_dialled, ~is_whole & ~is_unproven),
    )


def _foreign(value: Ints, length: Ints) -> tuple[Flags, Flags]:
    """Return whether digits with a country code in front are surely a possible number, and whether they surely are
    none."""
    codes, n_codes, possible, is_plain = _foreign_plan()
    head = np.clip(value // _POWERS[np.clip(length - 3, 0, 18)], 0, 999)
    code, n_national = codes[head], length - n_codes[head]
    national = value % _POWERS[np.clip(n_national, 0, 18)]
    digit = national // _POWERS[np.clip(n_national - 1, 0, 18)]
    is_told = (length >= 4) & (length <= 15) & (code > 0) & is_plain[code, np.clip(digit, 0, 9)]
    fits = possible[code, np.clip(n_national, 0, 17)]
    return is_told & fits, is_told & ~fits


@lru_cache(maxsize=1)
def _mobiles() -> Flags:
    """Return which first three digits are a mobile's; so many accounts have nothing else that the plans wait until
    they are needed."""
    return np.array([bool(phones.HOME_MOBILE.fullmatch(f"{first:03}00000000")) for first in range(1000)])


@lru_cache(maxsize=1)
def _home_plan() -> tuple[Flags, Flags]:
    """Return which first three digits and lengths are complete but for mobiles, and which lengths are possible at all.

    Lengths that only a local number has are left out: whether a 0 in front of these is stripped, the library decides.
    """
    from phonenumbers import PhoneMetadata

    complete, possible = np.zeros((1000, 13), np.bool_), np.zeros(18, np.bool_)
    for first, length in phones.complete_numbers():
        complete[int(first), length] = True
    plan: Any = PhoneMetadata.metadata_for_region(phones.HOME_REGION)
    possible[[*plan.general_desc.possible_length]] = True
    return complete, possible


@lru_cache(maxsize=1)
def _foreign_plan() -> tuple[Ints, Ints, Flags, Flags]:
    """Return the country code and its length by first three digits; by code which lengths are possible, and first
    digits plain.

    A first digit is plain where no national prefix can begin with it: then nothing is stripped, and the length decides.
    """
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    codes, n_codes = np.zeros(1000, np.int64), np.zeros(1000, np.int64)
    possible, is_plain = np.zeros((1000, 18), np.bool_), np.zeros((1000, 10), np.bool_)
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        plan: Any = PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
        step = 10 ** (3 - len(str(code)))
        codes[code * step : (code + 1) * step] = code
        n_codes[code * step : (code + 1) * step] = len(str(code))
        possible[code, [*plan.general_desc.possible_length, *plan.general_desc.possible_length_local_only]] = True
        prefix = plan.national_prefix_for_parsing or ""
        is_plain[code] = prefix.isdigit() or not prefix
        if prefix.isdigit():
            is_plain[code, int(prefix[0])] = False
    return codes, n_codes, possible, is_plain


def _read_in_bulk(words: pa.Array) -> tuple[pa.Array, ...]:
    """Return numbers and extensions of texts without words, null where something is not certain."""
    seen = _spelled(words)
    # Many accounts have home mobiles alone: for these no plan is loaded. `+1 415 555 1234` has their digits.
    if np.all(seen.is_bare & ~seen.has_plus & (seen.length == 11) & _mobiles()[seen.value // 10**8 % 1000]):
        return _texts("+86", seen.value), pa.nulls(len(words), pa.string())
    # The last group of `138-00000000` is too long for an extension: it is the rest of the number.
    has_tail = (seen.n_groups > 1) & (seen.last <= phones.LONGEST_EXTENSION)
    whole = _read_digits(seen.value, seen.length, seen.has_plus, seen.first)
    is_one = seen.is_bare & (whole.is_whole | (~has_tail & whole.is_possible))

    # Read again without their last group: those that may have an extension, of whole accounts none.
    at = np.flatnonzero(seen.is_bare & has_tail & ~is_one & whole.is_part)
    tail, n_head = seen.last[at], seen.length[at] - seen.last[at]
    first = np.where(seen.n_groups[at] == 2, n_head, seen.first[at])
    head = _read_digits(seen.value[at] // _POWERS[tail], n_head, seen.has_plus[at], first)
    # Complete without the last group and not with it: `0755-8888000-8` stays one number of eleven digits.
    at, tail, heads = at[head.is_whole], tail[head.is_whole], head.value[head.is_whole]

    whole.value[at] = heads
    is_one[at] = True
    number = pc.if_else(pa.array(is_one), _texts("+", whole.value), _NO_TEXT)
    extension = pa.nulls(len(words), pa.string())
    for n in np.unique(tail).tolist():
        rows = at[tail == n]
        where = np.zeros(len(words), np.bool_)
        where[rows] = True
        dialled = _texts("", seen.value[rows] % _POWERS[n])
        extension = pc.replace_with_mask(extension, pa.array(where), pc.utf8_lpad(dialled, n, "0"))
    return number, extension


def _texts(prefix: str, values: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(values).cast(pa.string()), "")


def listed_phones(text: str) -> list[str] | None:
    """Return the phones that a text lists, None where anything else stands in it.

    All or none: of a sentence with a number in it no word is a party for certain. A blank stands between two numbers
    only where either is whole by itself: one that is written in groups would be three parties.

    Examples
    --------
    >>> listed_phones("010 6552 0000,802"), listed_phones("15400000001 15400000002"), listed_phones("ask 15400000001")
    (['010 6552 0000', '802'], ['15400000001', '15400000002'], None)
    """
    listed: list[str] = []
    for part in filter(None, map(str.strip, _LIST_MARKS.split(text))):
        words = part.split()
        if len(words) > 1 and not all(map(_is_whole, words)):
            # `801 802 803` could be one number by its digits alone, `110 120` one with an extension.
            if phones.number_class(phones.normalize(part)) in ("unknown", "short"):
                return None
            words = [part]
        if not all(PHONE_LIKE.fullmatch("".join(word.split())) for word in words):
            return None
        listed += words
    return listed


def _is_whole(word: str) -> bool:
    """Return whether a word is a number by itself, as against an extension or a group of digits."""
    return len(word) >= _SHORTEST and phones.normalize(word) is not None


_BETWEEN = f"[{phones.SEPARATORS}]{{0,2}}"
_MOBILE = re.compile(f"1{_BETWEEN}[3-9](?:{_BETWEEN}[0-9]){{9}}")
_MAY_BE_SOMEBODY = rf"{_MOBILE.pattern}|0[1-9][0-9 -]{{8,10}}.{{1,40}}0[1-9][0-9 -]{{8}}"
_MOBILE_DIGITS = 11


def may_hold_mobiles(values: Values) -> list[int]:
    """Return which values may be or hold a mobile, or several fixed lines."""
    if not isinstance(values, pa.Array):
        return [i for i, one in enumerate(values) if _may_hold_mobile(one)]
    if pa.types.is_nested(values.type):
        return rows_where(values.is_valid())
    if pa.types.is_string(values.type):
        return rows_where(pc.match_substring_regex(values, _MAY_BE_SOMEBODY))
    if pa.types.is_integer(values.type) or pa.types.is_decimal(values.type):
        wide = values.cast(pa.float64())
        return rows_where(pc.and_(pc.greater_equal(wide, 1.3e10), pc.less(wide, 2e10)))
    return []


def _may_hold_mobile(one: Any) -> bool:
    if type(one) is str:
        return re.search(_MAY_BE_SOMEBODY, one) is not None
    return type(one) in (list, dict) or (type(one) is int and 13 * 10**9 <= one < 20 * 10**9)


def mobiles_in(value: Any, depth: int = 0) -> set[str]:
    """Return the mobiles in a value and the values in it, each a phone or phones between marks and nothing else: of a
    sentence no word is a party for certain, and numbers of other kinds may be those one dials to get in.

    Examples
    --------
    >>> sorted(mobiles_in({"absent": "13900000000,010 6552 0000", "note": "ask 13800000000", "n": 15400000001}))
    ['+8613900000000', '+8615400000001']
    """
    if isinstance(value, str) and len(value) < _MOBILE_DIGITS:
        return set()  # most texts of a record, which need not be taken apart
    value = decoded(value)
    if isinstance(value, (list, dict)):
        inner = value.values() if isinstance(value, dict) else value
        return set().union(*(mobiles_in(one, depth + 1) for one in inner)) if depth <= _MOST_NESTED else set()
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return set()
    text = value if isinstance(value, str) else phone_text(value) or ""
    listed = listed_phones(text) if len(text) >= _MOBILE_DIGITS else ()
    numbers = filter(None, map(as_phone, listed or ()))
    return {number for number in numbers if phones.number_class(number) == "mobile"}


def n_distinct(owner: np.ndarray[Any, Any], numbers: Numbers, n_meetings: int) -> np.ndarray[Any, Any]:
    """Count the distinct numbers of each meeting; a leg without a number counts for nobody."""
    is_known = numbers.number.is_valid().to_numpy(zero_copy_only=False)
    codes = numbers.who.fill_null(0).to_numpy()[is_known]
    n_codes = int(codes.max(initial=0)) + 1
    pairs = np.sort(owner[is_known] * n_codes + codes)
    is_first = np.diff(pairs, prepend=-1) != 0
    return np.bincount(pairs[is_first] // n_codes, minlength=n_meetings)
