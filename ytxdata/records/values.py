"""Turn the values of one column, as decoded from JSON, into a typed array: in bulk where they are alike, else one by
one.

Instants come in every form the platform may write them; without a zone they are Beijing time.
"""

from __future__ import annotations

import re
import unicodedata
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import phones, times
from ytxdata.records.json_values import Number
from ytxdata.records.schema import ARROW_TYPES, Kind

AHEAD = timedelta(days=3653)

_UTC = ARROW_TYPES["instant"]
_WALL = pa.timestamp("us")
# A constant is exact: Beijing is UTC+8 since 1992, and nothing before 2000 is believed.
_BEIJING_OFFSET = pa.scalar(times.BEIJING_OFFSET, pa.duration("us"))

# What databases write for no time at all: telling each as a problem would bury the others.
_NOTHING = re.compile(
    r"0*|0000-00-00([ T]00:00:00(\.0+)?)?|0001(-01-01|/0?1/0?1|年0?1月0?1日|0101)([ T]?0?0.*)?|null|none|-+",
    re.IGNORECASE,
)
_PLAIN_WALL = (
    r"^[12][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r" (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"
)
"""Wall times that surely exist; 29 February is left to the calendar."""
_PLAIN_EPOCH = r"^1[0-9]{8,12}$"
_NO_TEXT = pa.scalar(None, pa.string())


def read_instants(texts: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """Read an array of texts as instants.

    Read is what `times.parse_instant` knows. Empty texts, zeros, and the first day of all, which libraries write of a
    time that was never set, mean unknown.

    Returns
    -------
    tuple
        Instants in UTC [us], null where unknown or not believed, and index → reason for each value that
        was given and could not be read (`unreadable_time`) or lies before 2000 or ten years ahead (`absurd_time`).
    """
    try:
        wall = texts.cast(_WALL)
    except pa.ArrowInvalid:
        instants, is_given = _by_word(texts)
    else:
        instants = pc.subtract(wall, _BEIJING_OFFSET).cast(_UTC)
        is_given = texts.is_valid()
    edges = pa.scalar(times.EARLIEST, _UTC), pa.scalar(times.now() + AHEAD, _UTC)
    is_absurd = pc.or_(pc.less(instants, edges[0]), pc.greater(instants, edges[1]))
    believed = pc.if_else(is_absurd, pa.scalar(None, _UTC), instants) if pc.any(is_absurd).as_py() else instants
    refused = rows_where(pc.and_(is_given, believed.is_null()))
    refused = [i for i in refused if not _NOTHING.fullmatch(texts[i].as_py().strip())]
    return believed, {i: "absurd_time" if instants[i].is_valid else "unreadable_time" for i in refused}


def _by_word(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Read each distinct text once, those in the usual forms in bulk; also tell which say anything at all."""
    encoded = texts.dictionary_encode()
    words = pc.utf8_trim_whitespace(encoded.dictionary)
    usual = pc.coalesce(_wall_times(words), _epochs(words))
    is_unusual = usual.is_null()
    others = words.filter(is_unusual).to_pylist()
    read = pa.array([times.parse_instant(word) for word in others], _UTC)
    says_something = pa.array([not _NOTHING.fullmatch(word) for word in others], pa.bool_())
    instants = pc.replace_with_mask(usual, is_unusual, read)
    is_given = pc.replace_with_mask(usual.is_valid(), is_unusual, says_something)
    return instants.take(encoded.indices), pc.fill_null(is_given.take(encoded.indices), False)


def _wall_times(words: pa.Array) -> pa.Array:
    """Return the instants of `yyyy-MM-dd HH:mm:ss` and `yyyyMMddHHmmss`, null for other texts."""
    spaced = pc.replace_substring_regex(words, times.COMPACT.pattern, r"\1-\2-\3 \4:\5:\6")
    walls = pc.if_else(pc.match_substring_regex(spaced, _PLAIN_WALL), spaced, _NO_TEXT).cast(_WALL)
    return pc.subtract(walls, _BEIJING_OFFSET).cast(_UTC)


def _epochs(words: pa.Array) -> pa.Array:
    """Return the instants of whole seconds and milliseconds since 1970, null for other texts."""
    ticks = pc.if_else(pc.match_substring_regex(words, _PLAIN_EPOCH), words, _NO_TEXT).cast(pa.int64())
    us_per_tick = pc.if_else(pc.greater_equal(ticks, times.SMALLEST_MS), 1_000, 1_000_000)
    return pc.multiply(ticks, us_per_tick).cast(_UTC)


Values: TypeAlias = Sequence[Any] | pa.Array
"""The values of one column: as decoded, or already an Arrow array of texts, whole numbers, truth values or amounts."""


class Converted(NamedTuple):
    """A typed array, and index → reason for each value that could not be taken as it is."""

    array: pa.Array
    reasons: dict[int, str]


# Exact types: `True` is an int to `isinstance`, and a flag under `duration` would be one second.
_TEXT_ONLY = {str, type(None)}
_WHOLE_ONLY = {int, type(None)}
_READ_BY_ARROW = ("bool", "money")
_CLOCK = re.compile(r"(\d+):([0-5]?\d):([0-5]?\d)")
_SPAN = re.compile(
    r"(?:PT|P(?=\d+D))?(?:(?:\d+(?:\.\d+)?)\s*(?:[dhms]|days?|hours?|hrs?|min(?:ute)?s?|sec(?:ond)?s?|天|小时|时|分钟?|秒)T?\s*)+",
    re.IGNORECASE,
)
_SPAN_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(\D)")
_SECONDS = {"d": 86_400, "天": 86_400, "h": 3600, "小": 3600, "时": 3600, "m": 60, "分": 60, "s": 1, "秒": 1}
_FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "y", "是"), True),
    **dict.fromkeys(("0", "false", "no", "n", "否"), False),
}
# Thousands behind a first digit other than 0: in `1,23` and `0,123` the comma may be a decimal point.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
# One sign, and of yuan only: `$12.5` read as yuan would be a wrong amount, `￥-￥5` is no amount at all.
_YUAN = re.compile(r"^([+-]?)\s*(?:¥|CNY|RMB)|\s*(?:元|CNY|RMB)$", re.IGNORECASE)
_MERE_NUMBER = re.compile(r"[\d.,]+\s*[个人位名方条场%]?")
# Below it a number may be an extension (802) or a count (`size` 100).
_SHORTEST_PHONE, _MOST_DIGITS = 7, 15
_NO_RECORDING = "notapes"
# Eighteen digits fit into 64 bits whatever they are.
_FEW_DIGITS = "^[0-9]{1,18}$"
# A mobile number has eleven digits: where a platform shifts its fields it would leave unmasked, as a figure. Sums of
# whole accounts, which bills tell, stay far below.
_LONGEST_DURATION = 10**10 - 1
_CENT = Decimal(1).scaleb(-18)
# Python's own context of 28 digits would raise for 18 of them behind the point.
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
MOST_YUAN = Decimal(10) ** 10
_UNSEEN = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))
_UNSEEN_EDGES = r"^[\p{Cc}\p{Cf}\p{Z}]+|[\p{Cc}\p{Cf}\p{Z}]+$"


def is_blank(value: Any) -> bool:
    """Return whether a value says nothing: null, an empty text, an empty list or object."""
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def bare_ids(ids: pa.Array) -> pa.Array:
    """Return ids without what nobody sees at their edges: blanks, control and format characters; null where nothing is
    left.

    A platform that begins to pad its ids, or to print a byte order mark in front, would double the whole history.

    Examples
    --------
    >>> bare_ids(pa.array(["\\ufeff12 \\n", "1 2", "\\u200b"])).to_pylist()
    ['12', '1 2', None]
    """
    if pc.all(pc.ascii_is_alnum(ids)).as_py():  # nearly always, and told in a tenth of the time
        return ids
    return _without_blanks(pc.replace_substring_regex(ids, _UNSEEN_EDGES, ""))


def bare_id(text: str) -> str:
    """Return one id as `bare_ids` does, an empty text where nothing is left."""
    start, end = 0, len(text)
    while start < end and unicodedata.category(text[start]) in _UNSEEN:
        start += 1
    while end > start and unicodedata.category(text[end - 1]) in _UNSEEN:
        end -= 1
    return text[start:end]


def convert(kind: Kind, values: Values) -> Converted:
    """Return the values as an array of the column's type; what cannot be read is null and has a reason."""
    if kind in _READ_BY_ARROW and isinstance(values, pa.Array) and values.type == ARROW_TYPES[kind]:
        return Converted(values, {})
    return _CONVERTERS[kind](values)


def as_list(values: Values) -> Sequence[Any]:
    """Return the values as Python objects."""
    return values.to_pylist() if isinstance(values, pa.Array) else values


def rows_where(mask: pa.Array) -> list[int]:
    """Return the places at which a mask is true."""
    indices: list[int] = pc.indices_nonzero(mask).to_pylist()
    return indices


def as_texts(values: Values) -> pa.Array | None:
    """Return the values as texts, null where blank; None when there are values that are no texts."""
    array = _as_array(values)
    return _without_blanks(array) if array is not None and array.type == pa.string() else None


def _as_array(values: Values) -> pa.Array | None:
    """Return the values as an array where all are texts or all are whole numbers; None where each is looked at for
    itself."""
    if isinstance(values, pa.Array):
        return None if pa.types.is_boolean(values.type) else values
    kinds = set(map(type, values))
    if kinds <= _TEXT_ONLY:
        return pa.array(values, pa.string())
    try:
        return pa.array(values, pa.int64()) if kinds <= _WHOLE_ONLY else None
    except OverflowError:
        return None


def as_phone(value: Any) -> str | None:
    """Return the E.164 form of a value that is surely a phone, as against an extension, a count or a name; else
    None."""
    text, reason = _text(value)
    return None if reason or text is None or len(text) < _SHORTEST_PHONE else phones.normalize(text)


def phone_text(value: Any) -> str | None:
    """Return the text of a value that is a phone whatever it is called: a mobile, or a number with 0 or + in front that
    the plans know; else None. Dates and counters of seconds look like local numbers.

    Examples
    --------
    >>> phone_text("154-0000-0001"), phone_text(15400000001), phone_text("20260105"), phone_text(1767600000)
    ('154-0000-0001', '15400000001', None, None)
    """
    if isinstance(value, (int, Decimal)):
        # a number may have as many digits as the sender likes, and be none at all
        if value != value or abs(value) >= 10**_MOST_DIGITS or value != int(value):
            return None
        value = int(value)
    kind, text = phones.number_class(as_phone(value)), str(value).lstrip()
    is_told = kind == "mobile" or (kind in ("fixed", "international") and text[:1] in ("+", "0"))
    return text if is_told else None


def is_mere_number(value: Any) -> bool:
    """Return whether a value is a number and no instant: nobody is called so."""
    return _MERE_NUMBER.fullmatch(str(value)) is not None and not times.looks_like_instant(value)


def says_more_than_counts(value: Any) -> bool:
    """Return whether a value, or one in it, is more than a count or a blank.

    Examples
    --------
    >>> says_more_than_counts({"total": 5, "more": False}), says_more_than_counts({"host": "15400000000"})
    (False, True)
    """
    if isinstance(value, (list, dict)):
        return any(map(says_more_than_counts, value.values() if isinstance(value, dict) else value))
    text = str(value).strip()
    is_count = value is None or isinstance(value, bool) or not text or _MERE_NUMBER.fullmatch(text) is not None
    return not is_count or as_phone(value) is not None


def _texts(values: Values) -> Converted:
    array = _as_array(values)
    if array is not None:
        return Converted(_without_blanks(array.cast(pa.string())), {})
    pairs = [_text(value) for value in as_list(values)]
    array = pa.array([text for text, _ in pairs], pa.string())
    reasons = {i: reason for i, (_, reason) in enumerate(pairs) if reason}
    return Converted(_without_blanks(array), reasons)


def _without_blanks(array: pa.Array) -> pa.Array:
    says_nothing = pc.or_(pc.equal(pc.binary_length(array), 0), pc.utf8_is_space(array))
    return pc.if_else(says_nothing, _NO_TEXT, array) if pc.any(says_nothing).as_py() else array


def _text(value: Any) -> tuple[str | None, str | None]:
    match value:
        case str():
            # A lone surrogate cannot be stored in a column: it costs one character.
            return value.encode("utf-8", "replace").decode(), None
        # Before int, of which it is one: `true` would become the id `True`.
        case bool():
            return None, "wrong_type"
        case Number():
            # An id or phone with a point or exponent went through a float and may be rounded: `1.54e10` is no phone.
            return value.text, "inexact_number"
        case int():
            return str(value), None
    return None, None if value is None else "wrong_type"


def _urls(values: Values) -> Converted:
    array, reasons = _texts(values)
    is_none = pc.equal(pc.utf8_lower(pc.utf8_trim_whitespace(array)), _NO_RECORDING)
    return Converted(pc.if_else(is_none, pa.scalar(None, pa.string()), array), reasons)


def _instants(values: Values) -> Converted:
    if _as_array(values) is None:  # libraries that are not told how write a time as an object or a list
        values = [
            one if type(one) not in (dict, list) or (text := times.written_out(one)) is None else text
            for one in as_list(values)
        ]
    texts, given = _texts(values)
    instants, reasons = read_instants(texts)
    # An epoch may be written with a fraction: a number that would spoil an id is as good as any here.
    wrong = {i: reason for i, reason in given.items() if reason == "wrong_type"}
    return Converted(instants, {**wrong, **reasons})


def _seconds(values: Values) -> Converted:
    array = _as_array(values)
    if array is None:
        return _each(_second, values, pa.int64())
    seconds = array
    if array.type == pa.string():
        texts = _without_blanks(array)
        if not pc.all(pc.match_substring_regex(texts, _FEW_DIGITS)).as_py():  # Arrow's cast reads 0x10 too
            return _each(_second, array, pa.int64())
        seconds = texts.cast(pa.int64())
    least, most = pc.min_max(seconds).values()
    if least.is_valid and (least.as_py() < 0 or most.as_py() > _LONGEST_DURATION):
        return _each(_second, array, pa.int64())
    return Converted(seconds, {})


def _second(value: Any) -> tuple[int | None, str | None]:
    text, reason = _text(value)
    if text is None or not text.strip():
        return None, reason
    if clock := _CLOCK.fullmatch(text.strip()):
        hours, minutes, seconds = map(int, clock.groups())
        return 3600 * hours + 60 * minutes + seconds, None
    parts = _SPAN_PART.findall(text) if _SPAN.fullmatch(text.strip()) else ()
    seconds_of = (Decimal(n) * _SECONDS[unit.casefold()] for n, unit in parts)
    told = sum(seconds_of, Decimal(0)) if parts else _decimal(text)
    if told is None or abs(told) > _LONGEST_DURATION:
        return None, "unreadable_duration"
    if told < 0:
        return None, "negative_duration"
    whole = int(told.to_integral_value(ROUND_HALF_UP))
    return whole, None if whole == told else "fractional_duration"


def _flag(value: Any) -> tuple[bool | None, str | None]:
    if isinstance(value, bool) or value is None:
        return value, None
    text, _ = _text(value)
    flag = _FLAGS.get((text or "").strip().casefold())
    return flag, "unreadable_flag" if flag is None and (text is None or text.strip()) else None


def _yuan(value: Any) -> tuple[Decimal | None, str | None]:
    text, reason = _text(value)
    if text is None or not text.strip():
        return None, reason
    told = _decimal(amount_text(text))
    if told is None or abs(told) >= MOST_YUAN:
        return None, "unreadable_amount"
    rounded = told.quantize(_CENT, context=_WIDE)
    return rounded, None if rounded == told else "rounded_amount"


def ungrouped(text: str) -> str:
    """Return a number without the commas between its thousands; `12,5` is twelve and a half where people write so."""
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def amount_text(text: str) -> str:
    """Return the number of an amount of yuan, without what says that it is money and what parts its thousands.

    Examples
    --------
    >>> amount_text("￥1,234.56"), amount_text("-¥12.34"), amount_text(" 1,234 元"), amount_text("12,5")
    ('1234.56', '-12.34', '1234', '12,5')
    """
    return ungrouped(_YUAN.sub(r"\1", _half_width(text)).strip())


def _decimal(text: str) -> Decimal | None:
    """Return the finite number a text stands for, thousands separated or not; bounded so that no exponent costs
    memory."""
    text = _half_width(text)
    try:
        told = Decimal(ungrouped(text))
    except InvalidOperation:
        return None
    return told if told.is_finite() and told.adjusted() < 40 else None


def _half_width(text: str) -> str:
    """Return a text without the wide forms of digits and signs that Chinese keyboards write."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def _each(read: Callable[[Any], tuple[Any, str | None]], values: Values, kind: pa.DataType) -> Converted:
    array = _as_array(values)
    if array is None:
        pairs = [read(value) for value in as_list(values)]
        reasons = {i: reason for i, (_, reason) in enumerate(pairs) if reason}
        return Converted(pa.array([value for value, _ in pairs], kind), reasons)
    encoded = array.dictionary_encode()  # few distinct values: each is read once
    pairs = [read(value) for value in encoded.dictionary.to_pylist()]
    wrong = {code: reason for code, (_, reason) in enumerate(pairs) if reason}
    reasons = {i: wrong[code] for i, code in enumerate(encoded.indices.to_pylist()) if code in wrong} if wrong else {}
    return Converted(pa.array([value for value, _ in pairs], kind).take(encoded.indices), reasons)


_CONVERTERS: dict[Kind, Callable[[Values], Converted]] = {
    "text": _texts,
    "phone": _texts,
    "url": _urls,
    "instant": _instants,
    "seconds": _seconds,
    "bool": lambda values: _each(_flag, values, ARROW_TYPES["bool"]),
    "money": lambda values: _each(_yuan, values, ARROW_TYPES["money"]),
}


def named_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[Any]:
    """Yield the rows of some batches as named tuples; instants have their zone, unknown is None."""
    row: Any = None
    for batch in batches:
        row = row or namedtuple("Row", batch.schema.names, rename=True)
        yield from map(row._make, zip(*map(_cells_of, batch.columns), strict=True))


def _cells_of(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    zone = getattr(column.type, "tz", None)
    if zone is None:
        return list(column.to_pylist())
    # `to_pylist` looks the zone up anew for every cell, which takes ten times as long
    instants = pd.DatetimeIndex(column.to_numpy(zero_copy_only=False), tz="UTC").to_pydatetime()
    cells = [None if instant is pd.NaT else instant for instant in instants]
    if zone == "UTC":
        return cells
    there = ZoneInfo(zone)
    return [value if value is None else value.astimezone(there) for value in cells]


def rows_of(table: pa.Table, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield some columns of a table row by row; instants are datetimes in UTC."""
    return zip(*(_cells_of(table[name]) for name in columns), strict=True)
