"""Telephone numbers, whole columns at a time: what `phones.read_phone` says of each text, said of all at once where
it can be.

A call to the numbering library takes some 40 µs, so an account whose people call from landlines would wait longer for
its numbers than for everything else. Nearly all texts are digits with something between them: these are read by
arithmetic on their bytes, with the plan that `phonenumbers` holds as data. Whatever that does not settle for certain is
asked one by one; the tests compare both ways, number by number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import phones

Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Flags: TypeAlias = "np.ndarray[Any, np.dtype[np.bool_]]"
Bytes: TypeAlias = "np.ndarray[Any, np.dtype[np.uint8]]"

_MOST_DIGITS = 17
"""What is longer is no number and no number with an extension, and might not fit into 64 bits."""

_NONE = 0
"""In place of a number where there is none."""

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
    value, extension, is_bare = _read_in_bulk(plain)
    for texts, read, may_read in ((plain, _read_with_word, ~is_bare), (words, _one_by_one, np.True_)):
        is_open = (value == _NONE) & extension.is_null().to_numpy(zero_copy_only=False) & may_read
        if is_open.any():
            value[is_open], more = read(texts.filter(pa.array(is_open)))
            extension = pc.replace_with_mask(extension, pa.array(is_open), more)
    # What is no number is somebody of its own: texts that differ are never one.
    who = pa.array(np.where(value == _NONE, ~np.arange(len(words)), value)).dictionary_encode().indices
    number = pc.binary_join_element_wise("+", pa.array(value, mask=value == _NONE).cast(pa.string()), "")
    of_words = Numbers(number, extension, who)
    starts = np.cumsum([0, *map(len, columns)])
    indices = (encoded.indices.slice(start, len(column)) for start, column in zip(starts, columns, strict=False))
    return [Numbers(*(array.take(which) for array in of_words)) for which in indices]


def access_numbers(meetings: pa.Table) -> frozenset[str]:
    """Return the account's own numbers, by which one gets into a conference: those its meetings show to whom they
    call."""
    [shown] = read_numbers(meetings["display_number"].combine_chunks())
    return frozenset(shown.number.unique().drop_null().to_pylist())


def _one_by_one(words: pa.Array) -> tuple[Ints, pa.Array]:
    read = [phones.read_phone(text) for text in words.to_pylist()]
    value = np.array([int(phone.number or _NONE) for phone in read], np.int64)
    return value, pa.array([phone.extension for phone in read], pa.string())


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


def _read_with_word(words: pa.Array) -> tuple[Ints, pa.Array]:
    """Read texts that announce their extension by a word or a key; none where the number in front is not certain."""
    found = pc.extract_regex(words, phones.WITH_WORD)
    value, behind, _ = _read_in_bulk(pc.struct_field(found, "head"))
    # A number that has an extension in front of the word would have two: asked one by one.
    value[behind.is_valid().to_numpy(zero_copy_only=False)] = _NONE
    return value, pc.if_else(pa.array(value != _NONE), pc.struct_field(found, "extension"), _NO_TEXT)


class _Pattern(NamedTuple):
    """What the marks of a text say of it, without its digits: how many these are, whether a plus stands in front, and
    how they are grouped.

    `is_bare` is false where there is anything else than digits and what may stand between them.
    """

    has_plus: bool
    is_bare: bool
    length: int
    n_groups: int
    first: int
    last: int


class _Spelled(NamedTuple):
    """Texts seen as digits: their value, which of the patterns each has, and `beginning`, equal where both the pattern
    and the digits are that decide what is prefix, area and country.
    """

    value: Ints
    which: Ints
    beginning: Ints
    patterns: list[_Pattern]


def _spelled(words: pa.Array) -> _Spelled:
    """Return how texts are spelled: once for each pattern, of which thousands of numbers have a handful, and the digits
    of all that share one by arithmetic on columns of bytes.
    """
    words = words.fill_null("")
    sizes = pc.binary_length(words).to_numpy()
    value, which = np.zeros((2, len(words)), np.int64)
    beginning = np.full(len(words), -1)
    patterns: list[_Pattern] = []
    for size in np.flatnonzero(np.bincount(sizes)).tolist():
        at = np.flatnonzero(sizes == size)
        block = _bytes(words if len(at) == len(words) else words.take(at), size)
        marks = block.tobytes().translate(_marks())
        spelled = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(size), len(at), [None, pa.py_buffer(marks)]
        ).dictionary_encode()
        found = spelled.indices.to_numpy()
        which[at] = found + len(patterns)
        for i, one in enumerate(spelled.dictionary.to_pylist()):
            pattern = _pattern(one)
            if pattern.is_bare:
                rows = slice(None) if len(spelled.dictionary) == 1 else found == i
                value[at[rows]] = digits = _value(block[rows], one)
                beginning[at[rows]] = _beginning(digits, pattern.length) * 2**32 + len(patterns)
            patterns.append(pattern)
    return _Spelled(value, which, beginning, patterns)


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


def _beginning(value: Ints, length: int) -> Ints:
    """Return the digits in front that decide how a number is read: four, as of `0755` or a country code and the digit
    behind it; where 00 or 86 stands in front eight, as of `0086 0755`."""
    two, four, eight = (value // 10 ** max(length - n, 0) for n in (2, 4, 8))
    beginning: Ints = np.where((two == 0) | (two == 86), eight, ~four)
    return beginning


def _pattern(marks: bytes) -> _Pattern:
    groups = [len(group) for group in _GROUP.findall(marks)]
    length, has_plus = sum(groups), marks[:1] == bytes([_PLUS])
    n_others = marks.count(_OTHER) + marks.count(_PLUS) - has_plus
    # `13812345678.0` was a floating number on its way here, and may have been rounded.
    was_float = marks.count(_DOT) == 1 and not marks.count(_SEPARATOR) and not has_plus
    is_bare = not n_others and not was_float and 0 < length <= _MOST_DIGITS
    return _Pattern(has_plus, is_bare, length, len(groups), *(groups[0], groups[-1]) if groups else (0, 0))


_DIGIT, _SEPARATOR, _DOT, _PLUS, _OTHER = range(5)
_GROUP = re.compile(bytes([_DIGIT]) + b"+")


@lru_cache(maxsize=1)
def _marks() -> bytes:
    """Return for each byte what it is in a number; behind ~ may stand an extension or the last of some lines."""
    separator = re.compile(f"[{phones.SEPARATORS}]")
    marks = {byte: _SEPARATOR for byte in range(128) if separator.match(chr(byte))}
    marks |= {ord("~"): _OTHER, ord("."): _DOT, ord("+"): _PLUS} | dict.fromkeys(b"0123456789", _DIGIT)
    return bytes(marks.get(byte, _OTHER) for byte in range(256))


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
    # as `phones.NEIGHBOUR`
    may_be = ((length == 11) & np.isin(leading(3), (852, 853, 886))) | ((length == 12) & (leading(3) == 886))
    is_neighbour = ~has_plus & may_be & (leading(4) % 10 >= 2)
    is_foreign = (n_prefix == 0) & (has_plus | (leading(2) == 0) | is_neighbour)
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

    fits, does_not_fit = _foreign(value, np.where(has_plus | is_neighbour, length, length - 2))
    is_dialled = (length >= 5) & (length <= 15)
    # it may be the 9 for a line out of the house, or a local number in front of an extension
    is_sure = has_plus | (first != 1) | (leading(1) != 9)
    is_sure &= ~is_neighbour | (first == 3) | (first == length)
    return _Read(
        np.where(is_foreign, value, in_e164),
        is_sure & (length <= 15) & np.where(is_foreign, fits & is_dialled, is_possible),
        is_sure & np.where(is_foreign, fits & is_dialled, is_whole),
        is_sure & np.where(is_foreign, does_not_fit | ~is_dialled, ~is_whole & ~is_unproven),
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


def _read_in_bulk(words: pa.Array) -> tuple[Ints, pa.Array, Flags]:
    """Return numbers and extensions of texts without words, none where something is not certain, and which of them
    are digits and what may stand between them."""
    value, which, beginning, patterns = _spelled(words)
    said = np.array(patterns, np.int64).reshape(-1, len(_Pattern._fields)).T
    (has_plus, is_bare), (length, n_groups, first, last) = said[:2] > 0, said[2:]
    extension = pa.nulls(len(words), pa.string())
    # Many accounts have home mobiles alone: for these no plan is loaded. `+1 415 555 1234` has their digits.
    if np.all(is_bare & ~has_plus & (length == 11)) and _mobiles()[value // 10**8].all():
        return value + 86 * _POWERS[11], extension, is_bare[which]
    # Read once for all that begin alike: thousands of numbers of a city differ in what decides nothing.
    codes = pa.array(beginning).dictionary_encode().indices.to_numpy()
    some = np.empty(codes.max(initial=-1) + 1, np.int64)
    some[codes] = np.arange(len(words))
    kind = which[some]
    whole = _read_digits(value[some], length[kind], has_plus[kind], first[kind])
    # The last group of `138-00000000` is too long for an extension: it is the rest of the number.
    has_tail = ((n_groups > 1) & (last <= phones.LONGEST_EXTENSION))[kind]
    is_one = is_bare[kind] & (whole.is_whole | (~has_tail & whole.is_possible))
    number = np.where(is_one[codes], value + (whole.value - value[some])[codes], _NONE)

    # Read again without their last group: those that may have an extension, of whole accounts none.
    at = np.flatnonzero((is_bare[kind] & has_tail & ~is_one & whole.is_part)[codes])
    kind = which[at]
    tail, n_head = last[kind], length[kind] - last[kind]
    head = _read_digits(
        value[at] // _POWERS[tail], n_head, has_plus[kind], np.where(n_groups[kind] == 2, n_head, first[kind])
    )
    # Complete without the last group and not with it: `0755-8888000-8` stays one number of eleven digits.
    at, tail = at[head.is_whole], tail[head.is_whole]
    number[at] = head.value[head.is_whole]
    for n in np.unique(tail).tolist():
        rows = at[tail == n]
        where = np.zeros(len(words), np.bool_)
        where[rows] = True
        dialled = pa.array(value[rows] % _POWERS[n]).cast(pa.string())
        extension = pc.replace_with_mask(extension, pa.array(where), pc.utf8_lpad(dialled, n, "0"))
    return number, extension, is_bare[which]


def n_distinct(owner: np.ndarray[Any, Any], numbers: Numbers, n_meetings: int) -> np.ndarray[Any, Any]:
    """Count the distinct numbers of each meeting; a leg without a number counts for nobody."""
    is_known = numbers.number.is_valid().to_numpy(zero_copy_only=False)
    codes = numbers.who.fill_null(0).to_numpy()[is_known]
    n_codes = int(codes.max(initial=0)) + 1
    pairs = np.sort(owner[is_known] * n_codes + codes)
    is_first = np.diff(pairs, prepend=-1) != 0
    return np.bincount(pairs[is_first] // n_codes, minlength=n_meetings)
