"""Words of a meeting that stand somewhere in its record are in its row, or told: none of them vanishes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.merge import MergedTables, merge_answers

WithData = Callable[[str], Answer]
TIMES = {"starttime": "2026-03-05 10:00:12", "endtime": "2026-03-05 11:00:12"}
HEAD = {"meid": "m1", "meetingname": "周会", "creator": "15400000001"}
PEOPLE = {"parties": [{"phone": "15400000001", "jointime": "2026-03-05 10:00:20"}]}
PLAIN = [{**HEAD, "meid": f"p{i}", **TIMES, **PEOPLE} for i in range(12)]


def read(answer_with: WithData, record: dict[str, Any]) -> MergedTables:
    return merge_answers([answer_with(json.dumps([*PLAIN[:6], record, *PLAIN[6:]]))])


def row_of(tables: MergedTables) -> tuple[Any, ...]:
    (row,) = (one for one in tables.meetings.to_pylist() if one["meeting_id"] == "m1")
    start, end = row["started_at"], row["ended_at"]
    return row["name"], row["creator"], start and f"{start:%H:%M:%S}", end and f"{end:%H:%M:%S}"


def told(tables: MergedTables) -> list[tuple[str, str, str]]:
    assert {one["meeting_id"] for one in tables.problems.to_pylist()} <= {"m1"}
    return sorted((one["column"], one["reason"], one["raw_value"]) for one in tables.problems.to_pylist())


WHOLE = ("周会", "15400000001", "02:00:12", "03:00:12")


@pytest.mark.parametrize("head", ["base", "meeting", "info", "basic", "conference", "baseInfo", "room", "data"])
@pytest.mark.parametrize(
    "times", ["time", "times", "timing", "schedule", "period", "detail", "stat", "会议时间"]
)  # fmt: skip
def test_an_object_of_times_beside_the_one_with_the_id_is_read_or_told(
    answer_with: WithData, head: str, times: str
) -> None:
    tables = read(answer_with, {head: HEAD, times: TIMES, **PEOPLE})
    if times in ("schedule", "period", "stat"):
        assert row_of(tables)[2:] == (None, None)
        assert told(tables) == [
            ("ended_at", "other_value", f"{times}.endtime={TIMES['endtime']}"),
            ("started_at", "other_value", f"{times}.starttime={TIMES['starttime']}"),
        ]
    else:
        assert (row_of(tables), told(tables)) == (WHOLE, [])


@pytest.mark.parametrize("key", ["base", "info", "detail", "meeting", "summary", "meetingInfo", "基本信息"])
@pytest.mark.parametrize(
    "inner",
    [("meetingname",), ("meetingname", "creator"), ("creator",), ("endtime", "duration"), ("meetingname", "duration")],
)
def test_what_describes_the_meeting_fills_what_fits(answer_with: WithData, key: str, inner: tuple[str, ...]) -> None:
    words: dict[str, Any] = {**HEAD, **TIMES, "duration": 3600}
    outer = {one: said for one, said in words.items() if one not in inner}
    tables = read(answer_with, {**outer, key: {one: words[one] for one in inner}, **PEOPLE})
    assert (row_of(tables), told(tables)) == (WHOLE, [])


@pytest.mark.parametrize("inner", [{"endtime": TIMES["endtime"]}, {"endtime": TIMES["endtime"], "duration": 60}])
def test_an_end_that_nothing_confirms_is_told(answer_with: WithData, inner: dict[str, Any]) -> None:
    tables = read(answer_with, {**HEAD, "starttime": TIMES["starttime"], "info": inner, **PEOPLE})
    assert row_of(tables)[3] is None
    assert ("ended_at", "other_value", f"info.endtime={TIMES['endtime']}") in told(tables)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"meeting": {**HEAD, "starttime": TIMES["starttime"]}, "endtime": TIMES["endtime"]}, ("ended_at", "endtime")),
        ({"meid": "m1", "meetingname": "周会", "owner": {"creator": "1"}, **TIMES}, ("creator", "owner.creator")),
        ({"meid": "m1", "creator": "15400000001", "x": {"y": {"meetingName": "z"}}}, ("name", "x.y.meetingName")),
        ({**HEAD, "from": TIMES["starttime"], "endtime": TIMES["endtime"]}, ("started_at", "from")),
        ({**HEAD, "schedule": {"start": {"time": "10:00"}}}, ("started_at", "schedule.start")),
        ({**HEAD, "takes": [TIMES]}, ("started_at", "takes[0].starttime")),
        ({"meeting": {**HEAD, **TIMES}, "topic": "月会"}, ("name", "topic")),
    ],
)
def test_what_may_be_the_meetings_is_told(
    answer_with: WithData, record: dict[str, Any], problem: tuple[str, str]
) -> None:
    found = told(read(answer_with, {**record, **PEOPLE}))
    assert any((column, text.partition("=")[0]) == problem for column, _, text in found), found


@pytest.mark.parametrize("key", ["meetingname", "creator"])
def test_words_beside_the_one_meeting_and_its_parties_are_its_own(answer_with: WithData, key: str) -> None:
    inside = {one: said for one, said in {**HEAD, **TIMES}.items() if one != key}
    tables = read(answer_with, {"meeting": inside, key: HEAD[key], **PEOPLE})
    assert (row_of(tables), told(tables)) == (WHOLE, [])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("开始时间", "结束时间"), ("会议开始时间", "会议结束时间"), ("start", "end"), ("startedAt", "ended_at"),
        ("start_at", "end_at"), ("startDateTime", "endDateTime"), ("beginAt", "finishAt"), ("begin", "finish"),
        ("dateTimeConnect", "dateTimeDisconnect"), ("startTimestamp", "endTimestamp"), ("startime", "stopTime"),
        ("\ufeffstarttime", "end\u200btime"), ("ｓｔａｒｔｔｉｍｅ", "endtime："), ("ns2:starttime", "endtime[]"),
    ],
)  # fmt: skip
def test_start_and_end_are_read_under_other_usual_words(answer_with: WithData, start: str, end: str) -> None:
    record = {**HEAD, start: TIMES["starttime"], end: TIMES["endtime"], **PEOPLE}
    assert (row_of(tables := read(answer_with, record)), told(tables)) == (WHOLE, [])
    alike = merge_answers([answer_with(json.dumps([{**record, "meid": f"m{i}"} for i in range(40)]))])
    assert (alike.meetings["started_at"].null_count, alike.meetings["ended_at"].null_count) == (0, 0)


@pytest.mark.parametrize(
    "start",
    [
        {"dateTime": "2026-03-05T10:00:12", "timeZone": "Asia/Shanghai"},
        {"dateTime": "2026-03-05T02:00:12", "timeZone": "UTC"},
        {"time": "2026-03-05 10:00:12"},
    ],
)
def test_a_time_in_an_object_with_its_zone_is_read(answer_with: WithData, start: dict[str, str]) -> None:
    tables = read(answer_with, {**HEAD, "start": start, "endtime": TIMES["endtime"], **PEOPLE})
    assert (row_of(tables), told(tables)) == (WHOLE, [])
    odd = read(answer_with, {**HEAD, "start": {**start, "timeZone": "Mars"}, "endtime": TIMES["endtime"], **PEOPLE})
    assert [one[0] for one in told(odd)] == ["started_at"]


@pytest.mark.parametrize(
    "more",
    [
        {"room": {"name": "A", "floor": 3}},
        {"department": {"name": "研发"}, "tags": ["季度"]},
        {"updateTime": "2026-03-05 12:00:00", "requestNo": "20260305120000"},
        {"nextMeeting": {"starttime": "2026-03-06 10:00:00"}, "booking": {"endtime": "2026-03-05 11:00:00"}},
        {"start": 0, "end": 20},
        {"recording": {"name": "a.mp3", "starttime": TIMES["starttime"], "endtime": "2026-03-05 10:30:00"}},
    ],
)
def test_what_is_anothers_is_neither_read_nor_told(answer_with: WithData, more: dict[str, Any]) -> None:
    tables = read(answer_with, {**HEAD, **TIMES, **PEOPLE, **more})
    assert (row_of(tables), told(tables)) == (WHOLE, [])


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("creator", "creatorphone"), ("host", "hostphone"), ("caller", "主叫号码"), ("发起人", "发起人手机"), ("creator", "hostphone"),
        ("creator", "host"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("who", ["王芳", "u8871", {"name": "王芳"}])
@pytest.mark.parametrize("n", [1, 5])
def test_a_name_does_not_hide_the_number_of_who_made_the_meeting(
    answer_with: WithData, key: str, other: str, who: Any, n: int
) -> None:
    """It was in no table, and no department had the meeting."""
    record = {"meetingname": "周会", key: who, other: "15400000001", **TIMES, **PEOPLE}
    tables = merge_answers([answer_with(json.dumps([{"meid": f"m{i}", **record} for i in range(n)]))])
    assert tables.meetings["creator"].to_pylist() == ["15400000001"] * n
    said = who if isinstance(who, str) else json.dumps(who, ensure_ascii=False)
    assert {one["raw_value"] for one in tables.problems.to_pylist()} <= {f"{key}={said}"}
    assert tables.problems.num_rows == (0 if key == "发起人" else n)


def test_a_number_beside_an_extension_of_who_made_the_meeting_is_told(answer_with: WithData) -> None:
    tables = read(answer_with, {**HEAD, "creator": "8012", "creatorphone": "15400000001", **TIMES, **PEOPLE})
    assert (row_of(tables)[1], told(tables)) == ("8012", [("creator", "other_value", "creatorphone=15400000001")])
    tables = read(answer_with, {**HEAD, "creatorphone": "15400000002", **TIMES, **PEOPLE})
    assert told(tables) == []


@pytest.mark.parametrize("key", ["time", "period", "timeRange", "meetingTime", "会议时间", "时间"])
@pytest.mark.parametrize(
    "value", [[*TIMES.values()], [TIMES["starttime"]], [1772676012000, None], ["", TIMES["endtime"]], [2026, 3, 5, 10, 0]]
)  # fmt: skip
@pytest.mark.parametrize("n", [1, 5])
def test_when_a_meeting_was_as_a_list_of_instants_is_told(
    answer_with: WithData, key: str, value: list[Any], n: int
) -> None:
    tables = merge_answers(
        [answer_with(json.dumps([{**HEAD, "meid": f"m{i}", key: value, **PEOPLE} for i in range(n)]))]
    )
    assert {one["reason"] for one in tables.problems.to_pylist()} == {"other_value"}
    said = f"{key}={json.dumps(value)}"
    assert [one["raw_value"] for one in tables.problems.to_pylist() if one["column"] == "started_at"] == [said] * n


@pytest.mark.parametrize("key", ["time", "timeRange", "时间段", "会议时间"])
@pytest.mark.parametrize("n", [1, 5])
def test_hours_beside_a_day_are_told_of_a_meeting_without_a_start(answer_with: WithData, key: str, n: int) -> None:
    quiet = {
        "workHours": "08:00-18:00",
        "officeHours": "09:00-18:00",
        "营业时间": "09:00-18:00",
        "备注": "请于 9:00-18:00 联系",
    }
    own = {"date": "2026-03-05", key: "09:00-10:00", **quiet}
    tables = merge_answers([answer_with(json.dumps([{**HEAD, "meid": f"m{i}", **own, **PEOPLE} for i in range(n)]))])
    assert f"{key}=09:00-10:00" in [one["raw_value"] for one in tables.problems.to_pylist()]
    assert len(tables.problems.to_pylist()) == n
    timed = merge_answers([answer_with(json.dumps([{**HEAD, **TIMES, **own, **PEOPLE}]))])
    assert timed.problems.num_rows == 0


@pytest.mark.parametrize(
    ("key", "value", "other"),
    [
        ("startclock", "09:00:00", "endclock"), ("start_hour", 9, "end_hour"), ("开始小时", 9, "结束小时"),
        ("startTimeOfDay", "09:00", "endTimeOfDay"), ("开始时刻", "上午9:00", "结束时刻"), ("start", "09:00", "end"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("n", [1, 5])
def test_a_clock_beside_a_start_that_is_a_day_alone_is_told(
    answer_with: WithData, key: str, value: Any, other: str, n: int
) -> None:
    """The meeting was held from midnight to midnight."""
    days: list[tuple[dict[str, Any], bool]] = [(dict.fromkeys(TIMES, one), True) for one in ("2026-03-05", 20260305)]
    for when, is_told in (*days, (TIMES, False)):
        records = [{**HEAD, "meid": f"m{i}", **when, key: value, other: value, **PEOPLE} for i in range(n)]
        problems = merge_answers([answer_with(json.dumps(records))]).problems.to_pylist()
        told = {(one["column"], one["raw_value"]) for one in problems}
        said = {("started_at", f"{key}={value}"), ("ended_at", f"{other}={value}")}
        assert (told, len(problems)) == ((said, 2 * n) if is_told else (set(), 0))


@pytest.mark.parametrize(
    "more", [{"timeSpan": "01:30:00"}, {"meetingHours": "01:30:00"}, {"hours": "1:30"}, {"alarmClock": "weekly"}]
)
def test_how_long_a_meeting_took_is_no_clock(answer_with: WithData, more: dict[str, str]) -> None:
    record = {**HEAD, **dict.fromkeys(TIMES, "2026-03-05"), **more, **PEOPLE}
    assert merge_answers([answer_with(json.dumps([record]))]).problems.num_rows == 0


@pytest.mark.parametrize("midnight", [0, "00:00", "0点"])
@pytest.mark.parametrize("n", [1, 5])
def test_a_clock_that_says_the_midnight_which_is_shown_is_not(answer_with: WithData, midnight: Any, n: int) -> None:
    own = {"starttime": "2026-03-05", "endtime": "2026-03-06", "startHour": midnight, "endHour": midnight}
    tables = merge_answers([answer_with(json.dumps([{**HEAD, "meid": f"m{i}", **own, **PEOPLE} for i in range(n)]))])
    assert tables.problems.num_rows == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("inviteTimes", [*TIMES.values()]),
        ("remindAt", [TIMES["starttime"]]),
        ("time", []),
        ("time", [5, 6]),
        ("starttime", 0),
    ],
)
def test_lists_of_other_times_and_zeros_are_not(answer_with: WithData, key: str, value: Any) -> None:
    tables = read(answer_with, {**HEAD, key: value, **PEOPLE})
    assert (row_of(tables)[2:], told(tables)) == ((None, None), [])


@pytest.mark.parametrize(
    "times",
    [
        {"startTimeUTC": "2026-03-05 02:00:12", "endTimeUTC": "2026-03-05 03:00:12"},
        {"start_time_utc": "2026/3/5 02:00:12", "end_time_utc": "20260305030012"},
        {"startTimeUTC": "2026-03-05T02:00:12Z", "endTimeUTC": "2026-03-05T11:00:12+08:00"},
        {"startTimeUTC": 1772676012, "endTimeUTC": "1772679612000"},
        {"starttime": {"@zone": "UTC", "#text": "2026-03-05 02:00:12"}, "endtime": {"#text": TIMES["endtime"], "@tz": "PRC"}},
        {**TIMES, "timezone": "Asia/Shanghai"}, {**TIMES, "timeZone": "GMT+8"}, {**TIMES, "tz": 8},
        {**TIMES, "timezone": "Asia/Hong_Kong"}, {**TIMES, "timeZone": "(UTC+08:00) Beijing"}, {**TIMES, "utcOffset": 28800.0},
        {**TIMES, "zone": "cn-hangzhou-b"}, {**TIMES, "zoneId": 3}, {**TIMES, "time": '{"timezone": "PRC"}'},
        {**TIMES, "utcOffset": 480}, {**TIMES, "timezoneOffset": -480}, {**TIMES, "time": {"timezone": "PRC"}}, {**TIMES, "endTimeZone": "+08:00"},
        {"starttime": "2026-03-05T02:00:12Z", "endtime": "2026-03-05T03:00:12Z", "timezone": "America/New_York"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("n", [1, 5])
def test_the_zone_that_is_told_is_the_zone_of_a_time(answer_with: WithData, times: dict[str, Any], n: int) -> None:
    """`startTimeUTC` was eight hours early."""
    tables = merge_answers([answer_with(json.dumps([{**HEAD, "meid": f"m{i}", **times, **PEOPLE} for i in range(n)]))])
    found = {(f"{one['started_at']:%H:%M:%S}", f"{one['ended_at']:%H:%M:%S}") for one in tables.meetings.to_pylist()}
    assert (found, tables.problems.num_rows) == ({WHOLE[2:]}, 0)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"timezone": "UTC"}, "timezone=UTC"), ({"tz": -5}, "tz=-5"), ({"timeZoneId": "America/New_York"}, "timeZoneId=America/New_York"),
        ({"zone": "EST"}, "zone=EST"), ({"time": '{"timezone": "UTC"}'}, "time.timezone=UTC"),
        *(({key: 0}, f"{key}=0") for key in ("utcOffset", "gmtOffset", "tz_offset", "timeZoneOffset", "zoneOffset", "utcOffsetMinutes")),
        ({"startTimeZone": "UTC", "endTimeZone": "PRC"}, "startTimeZone=UTC"),
        ({"starttime": None, "endtime": None, "time": {"start": "2026-03-05 02:00:12", "timezone": "UTC"}}, "time.timezone=UTC"),
        ({"starttime": {"@zone": "Mars", "#text": "2026-03-05 02:00:12"}}, '{"@zone": "Mars", "#text": "2026-03-05 02:00:12"}'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("n", [1, 5])
def test_a_zone_that_may_be_that_of_the_times_is_told(
    answer_with: WithData, more: dict[str, Any], said: str, n: int
) -> None:
    records = [{**HEAD, "meid": f"m{i}", **TIMES, **PEOPLE, **more} for i in range(n)]
    problems = merge_answers([answer_with(json.dumps(records))]).problems.to_pylist()
    assert [(one["column"], one["raw_value"]) for one in problems] == [("started_at", said)] * n


SAME: list[Any] = ["Asia/Shanghai", "CST", "GMT+8:00", 28800, 8.0, None, "", {}]


@pytest.mark.parametrize(
    ("start", "zone", "is_told"),
    [
        ("2026-03-05 02:00:12", "UTC", True),
        ("2026-03-05 02:00:12", "America/New_York", True),
        *(("2026-03-05 02:00:12", zone, False) for zone in SAME),
        ("2026-03-05T02:00:12Z", "UTC", False),
        (1772676012, "UTC", False),
    ],
)
@pytest.mark.parametrize("form", ["beside", "inside", "meta", "page", "extra"])
def test_a_zone_that_stands_once_for_all_records_is_told(start: Any, zone: Any, form: str, *, is_told: bool) -> None:
    records = [{**HEAD, "meid": f"m{i}", "starttime": start, **PEOPLE} for i in range(3)]
    within = {"timezone": zone, "list": records} if form == "inside" else records
    zoned = {"timeZone": zone} if form in ("beside", "inside") else {form: {"timeZone": zone, "n": 3}}
    answer = read_answer(json.dumps({"statusCode": "0", **zoned, "data": within}).encode())
    assert [f": {zone}" in one.en for one in answer.warnings] == [True] * is_told, "long as it is, a zone is no token"


@pytest.mark.parametrize("whose", ["user", "userInfo", "server", "operator", "client", "viewer"])
def test_the_zone_of_a_person_or_a_machine_beside_the_records_is_not(whose: str) -> None:
    beside = {"statusCode": "0", whose: {"timezone": "America/New_York"}}
    answer = read_answer(json.dumps({**beside, "data": [{**HEAD, "meid": "m1", **TIMES, **PEOPLE}]}).encode())
    assert not answer.warnings


@pytest.mark.parametrize("n_odd", [0, 1])
def test_a_zone_in_json_text_is_told_whatever_other_records_hold_there(answer_with: WithData, n_odd: int) -> None:
    inner = json.dumps({"x": 1, "timezone": "UTC"})
    records = [{**HEAD, "meid": f"m{i}", **TIMES, **PEOPLE, "time": 5 if i < n_odd else inner} for i in range(5)]
    told = merge_answers([answer_with(json.dumps(records))]).problems["raw_value"].to_pylist()
    assert told.count("time.timezone=UTC") == 5 - n_odd


DAYS = {"starttime": "2026-03-05", "endtime": "2026-03-05"}


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({**DAYS, "时间段": "09:00-10:00"}, ["时间段=09:00-10:00"]),
        ({**DAYS, "time": "09:00"}, ["time=09:00"]),
        ({"start_date": "2026-03-05", "start_clock": "09:00"}, ["start_clock=09:00"]),
        *(({**DAYS, key: "09:00"}, [f"{key}=09:00"]) for key in ("startHours", "startMinutes", "accountStart")),
        ({**DAYS, "startupSeconds": "00:30", "restartCount": "0:30", "attendMinutes": "00:30", "startDuration": "1:30"}, []),
        ({**DAYS, "remindTime": "08:50", "workHours": "09:00-18:00", "endpoint": "a", "totalTime": "01:00"}, []),
    ],
    ids=str,
)  # fmt: skip
def test_a_time_of_day_under_any_key_of_when_is_told_of_a_day_alone(
    answer_with: WithData, own: dict[str, Any], told: list[str]
) -> None:
    for n in (1, 5):
        records = [{**HEAD, "meid": f"m{i}", **own, **PEOPLE} for i in range(n)]
        problems = merge_answers([answer_with(json.dumps(records))]).problems
        assert problems["raw_value"].to_pylist() == told * n
