"""Instants in every form the platform may write them, read in bulk; without a zone they are Beijing time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import times
from ytxdata.records.schema import ARROW_TYPES

AHEAD = timedelta(days=3653)

_UTC = ARROW_TYPES["instant"]
_WALL = pa.timestamp("us")
# A constant is exact: Beijing is UTC+8 since 1992, and nothing before 2000 is believed.
_BEIJING_OFFSET = pa.scalar(times.BEIJING_OFFSET, pa.duration("us"))

# What databases write for no time at all: telling each as a problem would bury the others.
_NOTHING = re.compile(r"0*|0000-00-00([ T]00:00:00(\.0+)?)?|null|none|-+", re.IGNORECASE)
_LOOSE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?")
_COMPACT = re.compile(r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$")
# The midnight at the end of a day and nothing later: 24:00:01 is no time, and is told.
_HOUR_24 = re.compile(r"(?<=[ T])24(?=:00(:00(\.0+)?)?(?![\d:.]))")
_CHINESE = str.maketrans({"年": "-", "月": "-", "日": " ", "时": ":", "点": ":", "：": ":", "分": ":", "秒": " "})
# Fourteen digits are yyyyMMddHHmmss, eight are a day.
_EPOCH = re.compile(r"[0-9]{9,13}(\.[0-9]*)?|[0-9](\.[0-9]+)?[eE]\+?(9|1[0-2])")
# As seconds this is the year 5138, as milliseconds 1973: neither is believed, so the units cannot be confused.
_SMALLEST_MS = 10**11

_PLAIN_WALL = (
    r"^[12][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r" (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"
)
"""Wall times that surely exist; 29 February is left to the calendar."""
_PLAIN_EPOCH = r"^[1-9][0-9]{8,12}$"
_NO_TEXT = pa.scalar(None, pa.string())


def read_instants(texts: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """Read an array of texts as instants.

    Read are `yyyy-MM-dd HH:mm:ss` (also with `T`, `/`, a fraction, a zone), `yyyyMMddHHmmss`, `yyyy年M月d日 HH:mm`,
    seconds and milliseconds since 1970. 24:00:00 is the next midnight. Empty texts and zeros mean unknown.

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
    is_believed = pc.fill_null(
        pc.and_(
            pc.greater_equal(instants, pa.scalar(times.EARLIEST, _UTC)),
            pc.less_equal(instants, pa.scalar(times.now() + AHEAD, _UTC)),
        ),
        False,
    )
    if pc.all(pc.or_(is_believed, pc.invert(is_given))).as_py():
        return instants, {}
    refused = pc.indices_nonzero(pc.and_(is_given, pc.invert(is_believed))).to_pylist()
    reasons = {i: "absurd_time" if instants[i].is_valid else "unreadable_time" for i in refused}
    return pc.if_else(is_believed, instants, pa.scalar(None, _UTC)), reasons


def parse_instant(text: str) -> datetime | None:
    """Return one instant in UTC, or None when the text is none.

    Examples
    --------
    >>> for form in ("2026-01-05 10:00:00", "20260105100000", "1767578400", "1767578400000", "2026-01-05T02:00:00Z"):
    ...     print(parse_instant(form))
    2026-01-05 02:00:00+00:00
    2026-01-05 02:00:00+00:00
    2026-01-05 02:00:00+00:00
    2026-01-05 02:00:00+00:00
    2026-01-05 02:00:00+00:00
    """
    try:
        if _EPOCH.fullmatch(text):
            return _epoch(Decimal(text))
        spaced = _COMPACT.sub(r"\1-\2-\3 \4:\5:\6", text)
        plain = spaced.translate(_CHINESE).strip(" :") if "年" in spaced else spaced
        same_day, n_days = _HOUR_24.subn("00", plain)
        moment = _iso(same_day) + timedelta(days=n_days)
    except (ValueError, OverflowError, InvalidOperation, OSError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=times.BEIJING)
    return moment.astimezone(UTC)


def _epoch(value: Decimal) -> datetime:
    """Read seconds, or milliseconds where seconds would be thousands of years ahead."""
    seconds = value / 1000 if value >= _SMALLEST_MS else value
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(seconds * 1_000_000))


def _iso(text: str) -> datetime:
    loose = _LOOSE.fullmatch(text)
    if loose:
        year, month, day, hour, minute, second = (int(part or 0) for part in loose.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is set by the caller
    return datetime.fromisoformat(text)


def _by_word(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Read each distinct text once, those in the usual forms in bulk; also tell which say anything at all."""
    encoded = texts.dictionary_encode()
    words = pc.utf8_trim_whitespace(encoded.dictionary)
    usual = pc.coalesce(_wall_times(words), _epochs(words))
    is_unusual = usual.is_null()
    others = words.filter(is_unusual).to_pylist()
    read = pa.array([parse_instant(word) for word in others], _UTC)
    says_something = pa.array([not _NOTHING.fullmatch(word) for word in others], pa.bool_())
    instants = pc.replace_with_mask(usual, is_unusual, read)
    is_given = pc.replace_with_mask(usual.is_valid(), is_unusual, says_something)
    return instants.take(encoded.indices), pc.fill_null(is_given.take(encoded.indices), False)


def _wall_times(words: pa.Array) -> pa.Array:
    """Return the instants of `yyyy-MM-dd HH:mm:ss` and `yyyyMMddHHmmss`, null for other texts."""
    spaced = pc.replace_substring_regex(words, _COMPACT.pattern, r"\1-\2-\3 \4:\5:\6")
    walls = pc.if_else(pc.match_substring_regex(spaced, _PLAIN_WALL), spaced, _NO_TEXT).cast(_WALL)
    return pc.subtract(walls, _BEIJING_OFFSET).cast(_UTC)


def _epochs(words: pa.Array) -> pa.Array:
    """Return the instants of whole seconds and milliseconds since 1970, null for other texts."""
    ticks = pc.if_else(pc.match_substring_regex(words, _PLAIN_EPOCH), words, _NO_TEXT).cast(pa.int64())
    us_per_tick = pc.if_else(pc.greater_equal(ticks, _SMALLEST_MS), 1_000, 1_000_000)
    return pc.multiply(ticks, us_per_tick).cast(_UTC)
