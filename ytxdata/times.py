"""Instants: kept as UTC, shown and signed in Beijing time whatever zone the machine is in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from ytxdata.errors import UsageError
from ytxdata.labels import Text

ZONE_NAME = "Asia/Shanghai"
BEIJING = ZoneInfo(ZONE_NAME)

BEIJING_OFFSET = timedelta(hours=8)
"""What Beijing is ahead of UTC: the same for every instant since 1991, so that columns of instants need no zone tables."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET_S = int(BEIJING_OFFSET.total_seconds())

EARLIEST = datetime(2000, 1, 1, tzinfo=BEIJING).astimezone(UTC)
"""No meeting is older: the platform is younger, and a start before it is a broken clock or a zero, never a meeting."""

Instant = str | date | datetime
"""What a user may give as an edge of a period: text, a date (its midnight in Beijing), or an instant."""


def now() -> datetime:
    """Return the present instant in UTC: the one clock of the package, so that a test can stop it."""
    return datetime.now(UTC)


def stamp(instant: datetime) -> str:
    """Return the platform's time stamp `yyyyMMddHHmmss` in Beijing time.

    Examples
    --------
    >>> stamp(datetime(2014, 4, 16, 6, 20, 30, tzinfo=UTC))
    '20140416142030'
    """
    return instant.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def as_instant(value: Instant, *, name: str = "instant") -> datetime:
    """Return an instant in UTC from what a user wrote; without a zone it means Beijing time.

    Raises
    ------
    UsageError
        It is neither an instant nor a text of a month, a date or a time.

    Examples
    --------
    >>> as_instant("2026-01-01").isoformat()
    '2025-12-31T16:00:00+00:00'
    >>> as_instant("2026-01") == as_instant("2026/1") == as_instant("2026年1月1日")
    True
    """
    moment: datetime | None = None
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=BEIJING)
    elif isinstance(value, date):
        moment = datetime.combine(value, time(), BEIJING)
    elif isinstance(value, str):  # a number such as 2026 may mean anything
        month = month_text(value)
        moment = parse_instant(f"{month}-01" if month else value.strip().replace("/", "-"))
    if moment is None:
        raise UsageError(
            Text(f"{name} 不是日期或时间：{value!r}", f"{name} is no date or time: {value!r}"),
            remedy=Text(
                "请写成 2026-01、2026-01-31 或 2026-01-31T09:30（北京时间）",
                "write 2026-01, 2026-01-31 or 2026-01-31T09:30 (Beijing time)",
            ),
        )
    return moment.astimezone(UTC)


COMPACT = re.compile(r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$")
"""`yyyyMMddHHmmss`: fourteen digits, while eight are a day."""

SMALLEST_MS = 10**11
"""As seconds this is the year 5138, as milliseconds 1973: neither is believed, so the units cannot be confused."""

_DATED = r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[ T]*\d{1,2}[:：时点]"
# Numbers that are times whatever they are called: yyyyMMddHHmmss, and seconds or milliseconds of 2017 to 2033.
_STAMP = r"(?:20\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d){2}|1[5-9]\d{8}(?:\d{3})?)(?:\.\d+)?"
_LIKE_INSTANT = re.compile(rf"(?!000[01]-0[01]-0[01]){_DATED}|{_STAMP}$")  # not MySQL's and .NET's of nothing
SEVERAL_TIMES = re.compile(rf"(?s){_DATED}.*{_DATED}|^\W*{_STAMP}(?:\W+{_STAMP})+\W*$")
"""A text with more than one point in time."""

_OF_DAY = re.compile(r"\d{1,2}[:：时点]\d{0,2}")
# `yyyyMMddHH` are no seconds, nor `yyyyMMddHHmm` milliseconds: as such they were 2034, and 1976.
_TICKS = re.compile(
    r"(?!20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d)?(?:\.|$))"
    r"[0-9]{9,13}(\.[0-9]*)?|[0-9](\.[0-9]+)?[eE]\+?(9|1[0-2])"
)
_FINE_TICKS = re.compile(r"1[0-9]{15}(?:[0-9]{3})?")
"""Microseconds and nanoseconds; what begins with 20 is rather a date with a fraction."""

_WITH_MS = re.compile(r"^(20[0-9]{12})([0-9]{3})$")
_NAMED_ZONE = re.compile(
    r"(?:(?<=[+-]\d\d:\d\d)|(?<=[+-]\d{4})|(?<=Z)|(?=\[(?:Asia/Shanghai|PRC)))\[[A-Za-z_/]+\]$"
    r"|(?<=[+-]\d{4}) [A-Z]{3,4}(?: m=\S+)?$"
)
"""The name of a zone behind its offset, as Java and Go write it, or of Beijing's; another alone leaves no instant."""

_TELLS_OFFSET = re.compile(
    r"Z$|\+(?:0\d|1[0-4])(?::?(?:00|15|30|45))?$|(?:T[\d:]+|:\d\d:\d\d)(?:[.,]\d+)?-(?:0\d|1[0-2])(?::?[03]0)?$"
)
"""An offset that there is. With a minus only behind seconds or `T`, where libraries write it: `09:00-10:00` is from
nine to ten, and was the next day. Whoever gives the end to the minute gives the start so, too."""

_LOOSE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?")
# The midnight at the end of a day and nothing later: 24:00:01 is no time, and is told.
_HOUR_24 = re.compile(r"(?<=[ T])24(?=:00(:00(\.0+)?)?(?![\d:.]))")
_CHINESE = str.maketrans({"年": "-", "月": "-", "日": " ", "时": ":", "点": ":", "：": ":", "分": ":", "秒": " "})
_MS_OF_NET = re.compile(r"\\?/Date\((-?\d{1,14})(?:[+-]\d{4})?\)\\?/")
_CLOCK = r"(?P<clock>\d{1,2}:\d\d(?::\d\d)?)"
_WORDY = tuple(
    re.compile(form.replace("CLOCK", _CLOCK))
    for form in (
        r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) CLOCK(?: (?P<zone>[A-Z]{3}\S*))? (?P<year>\d{4})",
        r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2}) (?P<year>\d{4}) CLOCK (?P<zone>GMT\S+)(?: \(.*\))?",
        r"(?:[A-Z][a-z]{2}, )?(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) CLOCK (?P<zone>[A-Z]{3}|[+-]\d{4})",
        r"(?P<month>[A-Z][a-z]{2})[a-z]* (?P<day>\d{1,2}), (?P<year>\d{4}),? CLOCK(?:\s(?P<half>[AP]M))?",
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}),? CLOCK\s(?P<half>[AP]M)",
        r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})[ T]CLOCK ?(?P<zone>(?:UTC|GMT)(?:[+-]\d\d?(?::?\d\d)?)?)",
        r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2}) +CLOCK ?(?P<half>[APap][Mm])",
        r"(?P<year>\d{4})[-/年](?P<month>\d{1,2})[-/月](?P<day>\d{1,2})日? *(?P<half>上午|下午) *CLOCK",
    )
)
"""How libraries write a time unless they are told how: Java and C, JavaScript, mail and HTTP, Gson, a Chinese locale."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZONES = {"CST": BEIJING, "GMT": UTC, "UTC": UTC}
"""Zones by name. CST is China's here: who means Chicago's serves no account of this platform."""

_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d\d?)(?::?(\d\d))?")


def parse_instant(text: str, zone: tzinfo = BEIJING) -> datetime | None:
    """Return the instant that a text of the platform's, or of somebody's list, means, in UTC; None where it is none.

    Read are `yyyy-MM-dd HH:mm:ss` (also with `T`, `/`, a fraction, a zone), `yyyyMMddHHmmss`, `yyyy年M月d日 HH:mm`,
    ticks since 1970, and what libraries write. Without a zone it is of `zone`; 24:00:00 is the next midnight.

    Examples
    --------
    >>> for form in ("2026-01-05 10:00:00", "20260105100000", "1767578400", "1767578400000", "2026-01-05T02:00:00Z"):
    ...     print(parse_instant(form))
    2026-01-05 02:00:00+00:00
    2026-01-05 02:00:00+00:00
    2026-01-05 02:00:00+00:00
    2026-01-05 02:00:00+00:00
    2026-01-05 02:00:00+00:00
    >>> parse_instant("Mon Jan 05 10:00:00 CST 2026") == parse_instant("2026年1月5日 上午10:00")
    True
    """
    text = _NAMED_ZONE.sub("", text.replace("：", ":"))
    try:
        if _TICKS.fullmatch(text):
            return _of_ticks(Decimal(text))
        if _FINE_TICKS.fullmatch(text):
            return EPOCH + timedelta(microseconds=int(text[:16]))
        if ms := _MS_OF_NET.fullmatch(text):
            return EPOCH + timedelta(milliseconds=int(ms[1]))
        if wordy := next(filter(None, (form.fullmatch(text) for form in _WORDY)), None):
            return _of_words(wordy.groupdict(), zone)
        text += "00" if re.fullmatch(r"20[0-9]{10}", text) else ""
        spaced = COMPACT.sub(r"\1-\2-\3 \4:\5:\6", _WITH_MS.sub(r"\1", text))
        plain = spaced.translate(_CHINESE).strip(" :") if "年" in spaced else spaced
        same_day, n_days = _HOUR_24.subn("00", plain)
        moment = _of_iso(same_day) + timedelta(days=n_days)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, InvalidOperation, OSError):
        return None


def looks_like_instant(value: object) -> bool:
    """Return whether a value is a point in time whatever it is called."""
    return not isinstance(value, (list, dict)) and _LIKE_INSTANT.match(str(value)) is not None


def is_time(value: object) -> bool:
    """Return whether a value under the key of a time is one, or a time of day; a count is none.

    Examples
    --------
    >>> is_time("2026-01-05 10:00:00"), is_time("10:00"), is_time(5), is_time(None)
    (True, True, False, False)
    """
    text = str(value).strip()
    return looks_like_instant(value) or _OF_DAY.match(text) is not None or parse_instant(text) is not None


def _of_ticks(value: Decimal) -> datetime:
    """Read seconds, or milliseconds where seconds would be thousands of years ahead."""
    seconds = value / 1000 if value >= SMALLEST_MS else value
    return EPOCH + timedelta(microseconds=int(seconds * 1_000_000))


def _of_iso(text: str) -> datetime:
    loose = _LOOSE.fullmatch(text)
    if loose:
        year, month, day, hour, minute, second = (int(part or 0) for part in loose.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is set by the caller
    moment = datetime.fromisoformat(text)
    if moment.tzinfo and not _TELLS_OFFSET.search(text):
        raise ValueError("no offset")
    return moment


def _of_words(said: dict[str, str | None], around: tzinfo) -> datetime | None:
    """Read a time with the name of a month or half of a day; None where its zone is not known."""
    year, month, day, clock = (said[key] or "" for key in ("year", "month", "day", "clock"))
    hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
    if half := said.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half.upper() in ("PM", "下午"))
    zone = _zone(name) if (name := said.get("zone")) else around
    number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
    if zone is None:
        return None
    return datetime(int(year), number, int(day), hour, minute, second, tzinfo=zone).astimezone(UTC)


def _zone(name: str) -> tzinfo | None:
    if offset := _OFFSET.fullmatch(name):
        return timezone(int(f"{offset[1]}1") * timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0)))
    return _ZONES.get(name)


_MONTH = re.compile(r"(\d{4})(?:\s*[-/年]\s*(\d{1,2})|(\d\d))\s*(?:月份?)?")
_NAMED_MONTH = re.compile(r"([A-Za-z]{3,9})[-\s,/]*((?:20)?\d\d)")
_LONG_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


def month_text(text: str) -> str | None:
    """Return a month as `2026-03`, however people and their spreadsheets write it; None where it is none.

    Examples
    --------
    >>> [month_text(one) for one in ("2026年3月", "2026/3", "202603", "Mar-26", "March 2026", "2026-13", "2026")]
    ['2026-03', '2026-03', '2026-03', '2026-03', '2026-03', None, None]
    """
    if plain := _MONTH.fullmatch(text.strip()):
        year, month = plain[1], int(plain[2] or plain[3])
    elif named := _NAMED_MONTH.fullmatch(text.strip()):
        year, name = f"20{named[2][-2:]}", named[1].casefold()
        month = next((n for n, one in enumerate(_LONG_MONTHS, 1) if one.startswith(name)), 0)
    else:
        return None
    return f"{year}-{month:02}" if 1 <= month <= 12 else None


_BEIJING_S = re.compile(
    r"(?i)(?:(?:PRC|CST|HKT|Hongkong|Singapore|(?:China|Singapore|Taipei) Standard Time|北京时间|中国标准时间|东八区|Etc/GMT-8"
    r"|Asia/(?:Shanghai|Chongqing|Chungking|Harbin|Hong_Kong|Macau|Macao|Taipei|Singapore|Kuala_Lumpur|Manila))?"
    r"|\(?(?:GMT|UTC)? ?\+?0?8(?::?00){0,2}(?:\)(?: .*)?)?|480|28800(?:000)?)(?:\.0*)?"
)
"""The zone of Beijing's time as it stands beside one: by any name, as hours, minutes or seconds."""

ZONE_KEY = re.compile("(?:start|end|begin)?(?:时区|(?:(?:time)?zone|tz)(?:id|name|info)?|(utc|gmt|tz|.*zone)offset.*)")
"""A key, plain, of a zone, also of a start's or an end's."""


def in_zone(text: str, zone: object) -> str | None:
    """Return a time with the zone that stands beside it; None where that is not known and the time has none itself.

    Examples
    --------
    >>> in_zone("2026-01-05 10:00", "UTC"), in_zone("2026-01-05T10:00:00Z", "PST"), in_zone("2026-01-05 10:00", "PST")
    ('2026-01-05 10:00:00+00:00', '2026-01-05T10:00:00Z', None)
    """
    said, in_utc = str(zone).strip(), parse_instant(text, UTC)
    if _BEIJING_S.fullmatch(said) or in_utc == parse_instant(text):
        return text
    return str(in_utc) if re.fullmatch(r"(?i)UTC|GMT|Z|Etc/UTC|(?:UTC|GMT)?[+-]00?(?::?00)?", said) else None


def written_out(value: Any) -> str | None:
    """Return the text of a time that a library wrote as an object or a list; None where it is none.

    Examples
    --------
    >>> written_out([2026, 1, 5, 10, 0]), written_out({"time": 1767578400000, "year": 126, "month": 0})
    ('2026-1-5 10:0:0', '1767578400000')
    """
    match value:
        case {"$date": {"$numberLong": str(ticks)}} | {"$date": str(ticks)}:  # MongoDB
            return ticks
        case {"seconds": str(ticks)} if ticks.isdigit():  # protobuf
            return ticks
        case {"Valid": False}:  # Go's null
            return ""
        case {"Time": str(text), "Valid": True}:
            return text
        case {"date": str(day), "time": clock} if not looks_like_instant(day) or _OF_DAY.match(str(clock)):
            return in_zone(f"{day} {clock}", _zone_in(value) or "")
        # PHP (a `time` in seconds beside its moment took the start away), calendars and XML: the zone stands beside
        case {"date": str(text)} | {"dateTime": str(text)} | {"#text": str(text)} if zone := _zone_in(value):
            return in_zone(text, zone)
        # java.util.Date as a bean, an Instant, and what stores of documents write
        case {"time": int(ticks), "year": int()} | {"$date": int(ticks)} | {"epochSecond": int(ticks)}:
            return str(ticks)
        case {"seconds": int(ticks)} | {"_seconds": int(ticks)}:
            return str(ticks)
        # java.time.LocalDateTime by its fields, as a bean, and as Jackson writes it unless it is told how
        case {"date": {"year": y, "month": m, "day": d}, "time": {"hour": h, "minute": n, "second": s}} | {
            "year": y,
            "monthValue": m,
            "dayOfMonth": d,
            "hour": h,
            "minute": n,
            "second": s,
        }:
            return _joined(_zone_in(value), y, m, d, h, n, s)
        case [y, m, d, h, *more] if len(more) <= 3:
            return _joined(None, y, m, d, h, *[*more, 0, 0][:2])
    return None


def zone_text(key: str, value: object) -> str:
    """Return a zone as text; minutes from there to UTC, as Java and JavaScript count them, are Beijing's turned round."""
    # read in bulk, a number is an amount of many decimals
    said = re.sub(r"\.0*$", "", f"{value:f}" if isinstance(value, Decimal) else str(value).strip())
    return "480" if said == "-480" and key.endswith("timezoneoffset") else said


def _zone_in(value: dict[str, Any]) -> str | None:
    """Return the zone that an object of a time says, also one with an id (Java's); None where it says none."""
    said = {re.sub(r"[@_\s-]", "", key).casefold(): one for key, one in value.items() if one not in (None, "")}
    key = next(filter(ZONE_KEY.fullmatch, said), "offset")
    one = said.get(key)
    return None if one is None else zone_text(key, one["id"] if isinstance(one, dict) and "id" in one else one)


def _joined(zone: str | None, *parts: Any) -> str | None:
    """Return year, month, day, hour, minute and second as a text; None where one is no number of them."""
    if not all(type(part) is int for part in parts) or not 1000 <= parts[0] <= 9999:
        return None
    return in_zone("{}-{}-{} {}:{}:{}".format(*parts), zone or "")


def floor_second(instant: datetime) -> datetime:
    """Return the instant without its fraction of a second."""
    return instant.replace(microsecond=0)


def next_second(instant: datetime) -> datetime:
    """Return the first whole second strictly after the second the instant lies in."""
    return floor_second(instant) + timedelta(seconds=1)


def local_second(instant: datetime) -> int:
    """Return an instant in local epoch seconds: seconds since 1970-01-01 00:00 on the wall clock of Beijing.

    A fraction of a second is rounded up, so that a half-open period keeps its meaning.

    Examples
    --------
    >>> local_second(datetime(1970, 1, 1, tzinfo=UTC)), instant_of(28_800).isoformat()
    (28800, '1970-01-01T00:00:00+00:00')
    """
    return -int(-instant.timestamp() // 1) + _OFFSET_S


def instant_of(second: int) -> datetime:
    """Return the instant of a local epoch second, in UTC."""
    return EPOCH + timedelta(seconds=second - _OFFSET_S)  # `fromtimestamp` knows nothing before 1970 on Windows


def beijing_text(instant: datetime | None) -> str:
    """Return an instant as people read it here: `2026-01-31 09:30:00`, or an empty text for none."""
    return "" if instant is None else instant.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def clock_skew(server_date: datetime | None, asked_at: datetime, heard_at: datetime) -> float | None:
    """Return how far this clock is ahead of the server's [s]; the header drops its fraction, half a second on average."""
    if server_date is None:
        return None
    return (asked_at + (heard_at - asked_at) / 2 - server_date - timedelta(seconds=0.5)).total_seconds()


def clock_step(server_date: datetime | None, asked_at: datetime, heard_at: datetime) -> float | None:
    """Return how far this clock is ahead of the server's as the rules see it and as an archive keeps it: in whole
    minutes [s], for each call of a year is a few seconds off in its own way.
    """
    ahead_s = clock_skew(server_date, asked_at, heard_at)
    return None if ahead_s is None else 60.0 * round(ahead_s / 60)


def server_date(ahead_s: float | None, asked_at: datetime, heard_at: datetime) -> datetime | None:
    """Return the server's date that `clock_skew` gives such a number for."""
    return None if ahead_s is None else asked_at + (heard_at - asked_at) / 2 - timedelta(seconds=ahead_s + 0.5)


def steps_after(before: Iterable[Sequence[Any]], pulls: Iterable[tuple[str, Any]]) -> list[list[Any]]:
    """Return what heads of answers told, from which pull on: how far this machine's clock was ahead of the platform's
    `Date` [s], or whether there is more. None: they said nothing.

    Examples
    --------
    >>> steps_after([["a", 0.0]], [("b", 0.0), ("c", -180.0), ("d", -180.0)])
    [['a', 0.0], ['c', -180.0]]
    """
    steps = [list(one) for one in before]
    for pull_id, told in pulls:
        if told != (steps[-1][1] if steps else None):
            steps.append([pull_id, told])
    return steps
