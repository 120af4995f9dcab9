"""Values in every listed form are read exactly; what cannot be read or believed is null and told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ytxdata import times
from ytxdata.errors import UsageError
from ytxdata.records.json_values import Number
from ytxdata.records.normalize import Normalized, normalize
from ytxdata.records.values import AHEAD, convert
from ytxdata.times import parse_instant

NOON = datetime(2026, 1, 5, 4, 0, 0, tzinfo=UTC)
Rows = Callable[..., Normalized]


def read(kind: Any, *values: Any) -> tuple[list[Any], dict[int, str]]:
    converted = convert(kind, values)
    return converted.array.to_pylist(), converted.reasons


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-05 12:00:00",
        "2026-01-05T12:00:00",
        " 2026-01-05 12:00:00 ",
        "2026-01-05 12:00",
        "2026-01-05 12:00:00.000",
        "2026-01-05 12:00:00.0000000",
        "2026-01-05 12:00:00+08:00",
        "2026-01-05T04:00:00Z",
        "2026-01-05T04:00:00.000+0000",
        "2026/01/05 12:00:00",
        "2026-1-5 12:0:0",
        "2026年01月05日 12:00:00",
        "2026年1月5日12:00",
        "2026年1月5日 12时0分0秒",
        "2026年1月5日12时",
        "2026-01-05 12:00:00 PM",
        "2026/1/5 12:00 pm",
        "2026-01-05 12:00:00 GMT+08:00",
        "2026-01-05T04:00:00 UTC+0",
        "2026-01-05 03:30:00 UTC-00:30",
        "20260105120000",
        20260105120000,
        "1767585600",
        1767585600,
        "1767585600000",
        1767585600000,
        "1767585600.0",
        Number("1767585600.000"),
        Number("1.7675856e9"),
    ],
)
def test_times_in_every_form(value: object) -> None:
    assert read("instant", value) == ([NOON], {})
    assert read("instant", value, "2026-01-05 12:00:00", None, "junk")[0] == [NOON, NOON, None, None]


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-04 24:00:00",
        "2026-01-04T24:00",
        "2026-01-04 24:00:00.000",
        "2026-01-04T24:00:00+08:00",
        "2026/1/4 24:00:00",
        "2026年01月04日 24:00",
        "20260104240000",
        "2026年1月5日",
    ],
)
def test_hour_24_is_the_next_midnight(value: str) -> None:
    assert read("instant", value) == ([NOON - timedelta(hours=12)], {})


FORMS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    " %Y-%m-%d %H:%M:%S\u3000",
)
DIGITS = st.from_regex(r"[0-9]{8,14}", fullmatch=True)
DATES = st.from_regex(
    r"(0000|1999|20[0-9]{2}|2100)-(0[0-9]|1[0-3])-(0[0-9]|[12][0-9]|3[0-2]) ([01][0-9]|2[0-5]):[0-6][0-9]:[0-6][0-9]",
    fullmatch=True,
)


@pytest.mark.slow
@given(
    st.lists(
        st.builds(
            lambda moment, form: moment.strftime(form),
            st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2040-01-01")),
            st.sampled_from(FORMS),
        )
        | DIGITS
        | DATES
        | DATES.map(lambda text: re.sub("[^0-9]", "", text))
        | st.sampled_from(
            ["", "0", "2024-02-29 10:00:00", "20230229100000", "junk", "１７６７５８５６００", "1767585600\n"]
        ),
        max_size=8,
    )
)
def test_texts_read_in_bulk_are_read_as_each_alone(texts: list[str]) -> None:
    """`junk` keeps a column from being cast as a whole."""
    instants, reasons = read("instant", *texts, "junk")
    for i, text in enumerate(texts):
        moment = parse_instant(text.strip())
        is_believed = moment is not None and times.EARLIEST <= moment <= times.now() + AHEAD
        assert instants[i] == (moment if is_believed else None)
        says_nothing = re.fullmatch(r"\s*|0*|0000-00-00( 00:00:00)?", text) is not None
        expected = None if is_believed or says_nothing else "absurd_time" if moment else "unreadable_time"
        assert reasons.get(i) == expected


def test_fractions_of_a_second_are_kept() -> None:
    moment = NOON + timedelta(microseconds=123456)
    assert read("instant", "2026-01-05 12:00:00.123456", 1767585600123)[0] == [
        moment,
        moment.replace(microsecond=123000),
    ]


@pytest.mark.parametrize(
    "value", ["", "   ", None, 0, "0", "0000-00-00 00:00:00", "0000-00-00", "00000000000000", "null", "-"]
)
def test_a_time_that_says_nothing_is_null_without_a_word(value: object) -> None:
    assert read("instant", value) == ([None], {})


@pytest.mark.parametrize(
    "nothing",
    [
        "0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0001/1/1 0:00:00", "0001-01-01T00:00:00+08:00", "0001-01-01",
        "0001-01-01T00:00:00.000+0800", "0001-01-01T00:00:00.0000000", "00010101000000", "0001年1月1日 00:00:00",
        {"Valid": False, "Time": "0001-01-01T00:00:00Z"},
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "beside", [None, "2026-01-05 12:00:00", "2026-01-05T12:00:00+08:00", "20260105120000", 1767585600]
)
def test_the_first_day_of_all_is_no_time(nothing: object, beside: object) -> None:
    """What a library writes of a time that was never set; an instant before the first cannot even be told in UTC."""
    instants, reasons = read("instant", nothing, beside)
    assert (instants, reasons) == ([None, None if beside is None else NOON], {})


@pytest.mark.parametrize("edge", ["0001-01-02 00:00:00", "9999-12-31T23:59:59-05:00", "9999-12-31 23:59:59"])
def test_no_time_ends_the_reading(edge: str) -> None:
    assert read("instant", edge, "2026-01-05T12:00:00+08:00")[0] == [None, NOON]
    assert set(read("instant", edge, "2026-01-05T12:00:00+08:00")[1]) == {0}
    assert times.parse_instant(edge) is None or times.parse_instant(edge) != NOON


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("tomorrow", "unreadable_time"),
        ("2026-02-30 12:00:00", "unreadable_time"),
        ("2026-01-05 25:00:00", "unreadable_time"),
        ("20261305120000", "unreadable_time"),
        (-1, "unreadable_time"),
        (10**40, "unreadable_time"),
        ("1970-01-01 08:00:00", "absurd_time"),
        ("1999-12-31 23:59:59", "absurd_time"),
        ("9999-12-31 23:59:59", "absurd_time"),
        ("2026-01-05 24:00:01", "unreadable_time"),
        ("2026年13月05日 10:00", "unreadable_time"),
        ("2026年01月05日 下午", "unreadable_time"),
        (True, "wrong_type"),
        ([], "wrong_type"),
        ({}, "wrong_type"),
        ([1], "wrong_type"),
        ({"a": 1}, "wrong_type"),
    ],
)
def test_a_time_that_cannot_be_read_or_believed_is_told(value: object, reason: str) -> None:
    assert read("instant", value) == ([None], {0: reason})


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-06 09:00-10:00", "2026-03-06 09:01-10:04", "2026-03-06 14:00-17:00", "2026-03-06 09-10",
        "2026-03-06 09:00:00-10:04:33", "2026-03-06 09:00:00-10:00:00", "2026-03-06 14:00:00-17:00",
        "2026-03-06T14:00-17:00", "20260306 0900-1000", "2026年03月06日09:00-10:00", "2026-03-06 09:00:00-10:15",
        "2026-03-06 09:00:00+15:00", "2026-03-06 09:00:00+08:07", "2026-03-05T20:01:33[America/New_York]", "2026030609",
    ],
)  # fmt: skip
def test_what_is_from_one_hour_to_another_is_no_offset(text: str) -> None:
    """It stood on the next day; `yyyyMMddHH` were seconds of 2034."""
    assert read("instant", text) == ([None], {0: "unreadable_time"})
    assert read("instant", text, "2026-01-05 12:00:00") == ([None, NOON], {0: "unreadable_time"})


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05 12:00:00+08:00", "2026-01-05 12:00:00.000+0800", "2026-01-05 12:00:00+08", "2026-01-05 12:00+08:00",
        "2026-01-04 20:00:00-08:00", "2026-01-04 20:00:00.5-08", "2026-01-04T20:00-08:00", "2026-01-05T00:30:00-03:30",
        "2026-01-05T09:45:00+05:45", "20260104T2000-0800", "2026-01-05T04:00Z", "2026-01-05T12:00:00[Asia/Shanghai]",
        "2026-01-04T20:00:00-08:00[America/Los_Angeles]", "2026-01-05T04:00:00Z[UTC]",
    ],
)  # fmt: skip
def test_an_offset_that_there_is_stays_one(text: str) -> None:
    assert [one and one.replace(microsecond=0) for one in read("instant", text)[0]] == [NOON]


def test_the_edges_of_what_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: NOON)
    first, last = "2000-01-01 00:00:00", "2036-01-05 12:00:00"
    instants, reasons = read("instant", first, last, "2036-02-05 12:00:00")
    assert None not in instants[:2]
    assert reasons == {2: "absurd_time"}


@given(st.integers(1_000_000_000, 2_000_000_000))
def test_all_forms_of_one_instant_agree(epoch: int) -> None:
    moment = datetime.fromtimestamp(epoch, UTC)
    wall = moment.astimezone(times.BEIJING).replace(tzinfo=None)
    forms = [str(wall), wall.isoformat(), f"{wall:%Y%m%d%H%M%S}", str(epoch), epoch * 1000, moment.isoformat()]
    assert read("instant", *forms)[0] == [moment] * 6
    assert {parse_instant(str(form)) for form in forms} == {moment}


LIBRARIES = [
    "Mon Jan 05 12:00:00 CST 2026",
    "Mon Jan  5 12:00:00 2026",
    "Mon Jan 05 12:00:00 GMT+08:00 2026",
    "Mon Jan 05 2026 12:00:00 GMT+0800 (中国标准时间)",
    "Mon, 05 Jan 2026 04:00:00 GMT",
    "05 Jan 2026 12:00:00 +0800",
    "Jan 5, 2026 12:00:00 PM",
    "January 5, 2026, 12:00:00\u202fPM",
    "2026年1月5日 下午12:00:00",
    "2026-1-5 下午12:00",
    "/Date(1767585600000+0800)/",
    {"time": 1767585600000, "year": 126, "month": 0, "date": 5, "hours": 12, "timezoneOffset": -480},
    {"epochSecond": 1767585600, "nano": 0},
    {"$date": "2026-01-05T04:00:00Z"},
    {"$date": {"$numberLong": "1767585600000"}},
    {"$date": 1767585600000},
    {"date": {"year": 2026, "month": 1, "day": 5}, "time": {"hour": 12, "minute": 0, "second": 0, "nano": 0}},
    {"year": 2026, "month": "JANUARY", "monthValue": 1, "dayOfMonth": 5, "hour": 12, "minute": 0, "second": 0},
    [2026, 1, 5, 12, 0],
    [2026, 1, 5, 12, 0, 0, 123000000],
    {"date": "2026-01-05 12:00:00.000000", "timezone_type": 3, "timezone": "PRC"},
    {"date": "2026-01-05 04:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
    {"date": "2026-01-05 12:00:00.000000", "time": 1767585600, "timezone_type": 3, "timezone": "PRC"},
    {"date": "2026-01-05 04:00:00.000000", "time": None, "timezone_type": 3, "timezone": "UTC"},
    {"date": "2026-01-05", "time": "12:00:00", "timezone": "Asia/Shanghai"},
    {"date": "2026-01-05", "time": "04:00:00", "timeZone": "UTC"},
    *(
        {"date": "2026-01-05", "time": "04:00:00", key: "UTC"}
        for key in ("tz", "zone", "zoneId", "time_zone", "@timezone")
    ),
    {"date": "2026-01-05", "time": "04:00", "utcOffset": "+00:00"},
    {"date": "2026-01-05", "time": "12:00:00", "timezoneOffset": -480},
    {"dateTime": "2026-01-05 12:00:00", "timezoneOffset": "-480"},
    {"year": 2026, "monthValue": 1, "dayOfMonth": 5, "hour": 12, "minute": 0, "second": 0, "timezoneOffset": -480},
    {"dateTime": "2026-01-05T04:00:00", "tz": "UTC"},
    {
        "year": 2026,
        "monthValue": 1,
        "dayOfMonth": 5,
        "hour": 4,
        "minute": 0,
        "second": 0,
        "offset": {"id": "Z"},
        "zone": None,
    },
    {"date": "2026-01-05", "time": "12:00"},
    {"dateTime": "2026-01-05T12:00:00.0000000", "timeZone": "China Standard Time"},
    {"Time": "2026-01-05T12:00:00+08:00", "Valid": True},
    {"seconds": "1767585600", "nanos": 0},
    "2026-01-05T12:00:00+08:00[Asia/Shanghai]",
    "2026-01-05 12:00:00 +0800 CST",
    "2026-01-05 04:00:00 UTC",
    "20260105120000123",
    "1767585600000000",
    "1767585600000000000",
    "1/5/2026 12:00:00 PM",
    "2026-01-05 12：00：00",
]


@pytest.mark.parametrize("form", LIBRARIES)
def test_a_time_is_read_as_libraries_write_it_unless_they_are_told_how(form: object) -> None:
    assert read("instant", form) == ([NOON], {})
    assert read("instant", form, "2026-01-05 12:00:00", 1767585600, None) == ([NOON, NOON, NOON, None], {})


@pytest.mark.parametrize(
    "form",
    [
        {"date": "2026-01-05", "time": 43200, "timezone": "PRC"},
        {"date": "2026-01-05 00:00:00", "time": "12:00:00", "timezone": "PRC"},
        "Mon Jan 05 12:00:00 PST 2026",
        "Mon Foo 05 12:00:00 CST 2026",
        "Jan 32, 2026 12:00:00 PM",
        "Jan 5, 2026 13:00:00 PM",
        "Jan 5, 2026 0:00:00 AM",
        "2026年1月5日 下午13:00",
        "/Date(x)/",
        [2026, 13, 5, 12],
    ],
)
def test_a_time_that_may_mean_another_is_not_read(form: object) -> None:
    assert read("instant", form) == ([None], {0: "unreadable_time"})


@pytest.mark.parametrize(
    "form",
    [
        [2026, 1, 5],
        [2026, 1, 5, True],
        [26, 1, 5, 12],
        [2026, 1, 5, 12, 0, 0, 0, 0],
        {"time": "x", "year": 126},
        {"date": "2026-01-05", "time": "12:00:00", "timezone": "Mars"},
        {"date": "2026-01-05", "time": "12:00:00", "utcOffset": 0},
    ],
)
def test_a_list_or_an_object_that_is_no_time_is_told(form: object) -> None:
    assert read("instant", form) == ([None], {0: "wrong_type"})


def test_ids_and_phones_come_out_as_exact_text() -> None:
    long = 12345678901234567890123456789
    assert read("text", long, 2**63, 2**53 + 1, "007", "0" * 29) == (
        [str(long), str(2**63), str(2**53 + 1), "007", "0" * 29],
        {},
    )
    assert read("text", Number("1.3e10")) == (["1.3e10"], {0: "inexact_number"})
    assert read("phone", Number("15400000001.0")) == (["15400000001.0"], {0: "inexact_number"})
    table = normalize([b'{"meid":"1","creator":"15400000001.0","parties":[{"phone":15400000002.0}]}'])
    told = {(row["column"], row["reason"], row["raw_value"]) for row in table.problems.to_pylist()}
    assert told == {("creator", "not_a_phone", "15400000001.0"), ("phone", "inexact_number", "15400000002.0")}
    assert table.legs["number"].to_pylist() == [None]
    assert read("text", True, {"a": 1}, [2], [], "  ") == (
        [None] * 5,
        dict.fromkeys(range(4), "wrong_type"),
    )


def test_numbers_written_in_a_record_stay_exact() -> None:
    parties = b'[{"phone":1.54e10},{"phone":15400000001}]'
    raw = b'{"meid":20260105100000123456789012345,"creator":15400000001,"parties":%b}' % parties
    tables = normalize([raw])
    assert tables.meetings["meeting_id"].to_pylist() == ["20260105100000123456789012345"]
    assert tables.legs["phone"].to_pylist() == ["1.54e10", "15400000001"]
    assert tables.legs["number"].to_pylist() == [None, "+8615400000001"]
    assert tables.legs["is_creator"].to_pylist() == [False, True]
    assert [(row["leg"], row["reason"]) for row in tables.problems.to_pylist()] == [(1, "inexact_number")]


@pytest.mark.parametrize(
    ("value", "seconds", "reason"),
    [
        (2710, 2710, None),
        ("2710", 2710, None),
        ("2,710", 2710, None),
        ("00:45:10", 2710, None),
        ("45:10:00", 162600, None),
        (Number("2710.0"), 2710, None),
        ("", None, None),
        (None, None, None),
        ("2710.5", 2711, "fractional_duration"),
        (-5, None, "negative_duration"),
        ("-5", None, "negative_duration"),
        ("45 min", 2700, None),
        ("3630s", 3630, None),
        ("PT1H0M30S", 3630, None),
        ("pt1h", 3600, None),
        ("P1DT1S", 86401, None),
        ("3600秒", 3600, None),
        ("60分钟", 3600, None),
        (" 1小时2分3秒 ", 3723, None),
        ("1h 2m 3s", 3723, None),
        ("1 hour 30 minutes", 5400, None),
        ("1.5小时", 5400, None),
        ("0.5s", 1, "fractional_duration"),
        ("P1M", None, "unreadable_duration"),
        ("1M字", None, "unreadable_duration"),
        ("30ms", None, "unreadable_duration"),
        ("-30s", None, "unreadable_duration"),
        ("9" * 40 + "h", None, "unreadable_duration"),
        ("0x10", None, "unreadable_duration"),
        ("27,10", None, "unreadable_duration"),
        ([], None, "wrong_type"),
        (Number("NaN"), None, "unreadable_duration"),
        (10**30, None, "unreadable_duration"),
        (9_999_999_999, 9_999_999_999, None),
        ("13687654321", None, "unreadable_duration"),
        (13687654321, None, "unreadable_duration"),
        (Number("1e999999"), None, "unreadable_duration"),
        (False, None, "wrong_type"),
    ],
)
def test_durations(value: object, seconds: int | None, reason: str | None) -> None:
    assert read("seconds", value) == ([seconds], {0: reason} if reason else {})
    assert read("seconds", value, "1")[0] == [seconds, 1]


def test_flags() -> None:
    given, expected = zip(
        ("0", False), ("1", True), (1, True), (0, False), (True, True), ("true", True), ("否", False), ("", None), (None, None),
        strict=True,
    )  # fmt: skip
    assert read("bool", *given) == (list(expected), {})
    assert read("bool", "2", [1], "maybe", {}) == ([None] * 4, dict.fromkeys(range(4), "unreadable_flag"))


def test_money_is_the_numbers_own_text() -> None:
    exact = Decimal("0.30000000000000004")
    assert read("money", Number("0.30000000000000004"), "0.30000000000000004", 3, "") == (
        [exact, exact, Decimal(3), None],
        {},
    )
    assert read("money", "1e-19", "free", Number("1e30"), "Infinity")[1] == {
        0: "rounded_amount",
        1: "unreadable_amount",
        2: "unreadable_amount",
        3: "unreadable_amount",
    }


@pytest.mark.parametrize(
    ("value", "yuan"),
    [
        ("1,234.50", "1234.50"),
        ("-12,345,678", "-12345678"),
        ("￥12.5", "12.5"),
        ("¥ 1,234.50", "1234.50"),
        ("-￥12.5", "-12.5"),
        ("12.5元", "12.5"),
        ("12.5 CNY", "12.5"),
        ("RMB12.5", "12.5"),
        ("1，234", "1234"),
    ],
)
def test_money_as_people_write_it(value: str, yuan: str) -> None:
    assert read("money", value) == ([Decimal(yuan)], {})


@pytest.mark.parametrize(
    "value",
    ["1,23", "0,123", "1.234,50", "1234,567", "$12.5", "￥", "--5", "￥-￥5", "十元", "13812345678", 13812345678],
)
def test_money_that_could_mean_two_things_is_told(value: str | int) -> None:
    assert read("money", value) == ([None], {0: "unreadable_amount"})


def test_no_tapes_is_no_recording() -> None:
    assert read("url", "NoTapes", "notapes ", "https://r.example/1")[0] == [None, None, "https://r.example/1"]


def test_a_column_without_values_has_its_type() -> None:
    assert convert("instant", [None, ""]).array.type == pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize(
    "form",
    [
        "2026-03",
        "2026/3",
        "2026年3月",
        "2026-3-1",
        "2026/03/01",
        "20260301",
        "2026年03月01日",
        " 2026-03-01T00:00+08:00",
    ],
)
def test_the_edge_of_a_period_may_be_written_as_people_write_it(form: str) -> None:
    assert times.as_instant(form) == datetime(2026, 3, 1, tzinfo=times.BEIJING)


@pytest.mark.parametrize("form", ["2026", "2026-13", "3", "March", "", 2026, None])
def test_what_may_mean_anything_is_no_edge_of_a_period(form: Any) -> None:
    with pytest.raises(UsageError, match="is no date or time"):
        times.as_instant(form)


def test_twelve_digits_of_a_day_and_a_clock_are_no_milliseconds() -> None:
    """They were June 1976."""
    assert parse_instant("202603020905") == parse_instant("2026-03-02 09:05")
    assert parse_instant("999999999999") == datetime(2001, 9, 9, 1, 46, 39, 999000, tzinfo=UTC)
