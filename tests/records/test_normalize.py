"""From raw records to rows: names in any spelling, contradictions told, every record accounted for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from ytxdata.errors import UsageError
from ytxdata.records import schema
from ytxdata.records.aliases import DEFAULT, Aliases
from ytxdata.records.normalize import LEGS, MEETINGS, PROBLEMS, REJECTS, Normalized, normalize
from ytxdata.records.spans import RawRecord

Rows = Callable[..., Normalized]


def told(tables: Normalized) -> list[tuple[Any, ...]]:
    return [(row["leg"], row["column"], row["reason"], row["raw_value"]) for row in tables.problems.to_pylist()]


@pytest.mark.parametrize(
    "key", ["meid", "MEID", "me_id", "confId", "CONF-ID", "meetingId", "meeting_id", "ConferenceID"]
)
def test_names_in_any_spelling(key: str) -> None:
    assert normalize([json.dumps({key: "7"}).encode()]).meetings["meeting_id"].to_pylist() == ["7"]


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("phone", "phone"), ("Mobile", "phone"), ("NUMBER", "phone"), ("partyPhone", "phone"), ("member_mobile", "phone"),
        ("jointime", "joined_at"), ("memberJoinTime", "joined_at"), ("enter_time", "joined_at"), ("starttime", "joined_at"),
        ("memberLeaveTime", "left_at"), ("exitTime", "left_at"), ("memberEndTime", "left_at"), ("userName", "name"),
        ("stateDesc", "state"), ("callState", "state"), ("memberDuration", "duration_s"),
    ],
)  # fmt: skip
def test_names_of_a_party_with_words_of_its_own_in_front(key: str, column: str) -> None:
    match = DEFAULT.leg(key)
    assert match is not None
    assert match.column == column


@pytest.mark.parametrize(
    "key",
    [
        "meetingname", "shownumber", "appid", "remark", "type",
        "updateTime", "muteTime", "closetime", "onlineTime", "statusTime",
    ],
)  # fmt: skip
def test_names_that_are_no_partys(key: str) -> None:
    assert DEFAULT.leg(key) is None


def test_a_meetings_own_prefix() -> None:
    found = {
        key: match.column
        for key in ("confStartTime", "meetingEndTime", "meeting_state")
        if (match := DEFAULT.meeting(key))
    }
    assert list(found.values()) == ["started_at", "ended_at", "state"]
    assert DEFAULT.meeting("recordStartTime") is None


def test_every_candidate_name_is_known() -> None:
    for column in schema.MEETINGS:
        for key in column.keys:
            match = DEFAULT.meeting(key)
            assert match is not None
            assert match.column == column.name


def test_user_names_go_first(rows: Rows) -> None:
    aliases = DEFAULT.with_extra({"name": "title", "legs.phone": ["tel"]})
    raw = json.dumps({"meid": "1", "title": "a", "meetingname": "b", "users": [{"tel": "15400000001"}]}).encode()
    tables = normalize([raw], aliases)
    assert tables.meetings["name"].to_pylist() == ["a"]
    assert tables.legs["number"].to_pylist() == ["+8615400000001"]


def test_a_wrong_column_in_user_names_is_refused_with_the_right_ones() -> None:
    with pytest.raises(UsageError, match="started_at"):
        DEFAULT.with_extra({"start": "x"})
    assert DEFAULT.with_extra(None) == Aliases()


def test_the_first_key_that_speaks_counts_and_another_value_is_told(rows: Rows) -> None:
    tables = rows(
        {"meetingname": "a", "name": "b"},
        {"meetingname": "", "name": "b"},
        {"meetingname": "a", "name": "a"},
        {"creator": "15400000001", "caller": "15400000002"},
        {"confid": "002"},
    )
    assert tables.meetings["name"].to_pylist() == ["a", "b", "a", None, None]
    assert told(tables) == [
        (None, "name", "other_value", "name=b"),
        (None, "creator", "other_value", "caller=15400000002"),
        (None, "meeting_id", "other_value", "confid=002"),
    ]


def test_a_description_beside_its_code_is_no_contradiction(rows: Rows) -> None:
    tables = rows({"state": "2", "stateDesc": "应答|正常"}, {"stateDesc": "应答|正常"})
    assert tables.meetings["state"].to_pylist() == ["2", "应答|正常"]
    assert told(tables) == []


def test_a_prefixed_key_counts_only_where_no_exact_one_speaks(rows: Rows) -> None:
    parties = [{"name": "张三", "nickname": "三", "phone": "15400000001"}, {"nickname": "四", "phone": "15400000002"}]
    tables = rows({"parties": parties})
    assert tables.legs["name"].to_pylist() == ["张三", "四"]
    assert told(tables) == []


def test_a_longer_key_that_tells_another_time_is_told(rows: Rows) -> None:
    one = {"phone": "15400000001", "endtime": "2026-01-05 10:30:00", "actualLeaveTime": "2026-01-05 10:10:00"}
    for parties in ([one], [one, one], [one, {"phone": "15400000002"}]):
        tables = rows({"parties": parties})
        assert tables.legs["left_at"][0].as_py().minute == 30
        assert [trouble[1:3] for trouble in told(tables)] == [("left_at", "other_value")] * parties.count(one)


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("actualStartTime", "started_at"), ("real_end_time", "ended_at"), ("factEndTime", "ended_at"), ("actualBegin", "started_at"),
        ("confActualStartTime", "started_at"), ("actualConfEndTime", "ended_at"), ("trueDuration", "duration_s"), ("talkDuration", "duration_s"),
        ("updateTime", None), ("createTime", "created_at"), ("expireTime", None), ("remindTime", None), ("actualTime", None),
        ("realName", None), ("actualName", None), ("realCreator", None), ("billDuration", None), ("actualCreateTime", None),
    ],
)  # fmt: skip
def test_the_time_that_was_is_a_meetings_own(key: str, column: str | None) -> None:
    match = DEFAULT.meeting(key)
    assert (match and match.column) == column
    assert match is None or match.rank[0] == (column != "created_at")


@pytest.mark.parametrize("n", [1, 4])
def test_the_time_that_was_beside_the_booked_one_is_told(rows: Rows, n: int) -> None:
    booked = {"starttime": "2026-01-05 10:00:00", "endtime": "2026-01-05 11:00:00", "duration": 3600}
    real = {"actualStartTime": "2026-01-05 10:12:00", "realEndTime": "2026-01-05 10:40:00", "talkDuration": 1680}
    both, same, alone = (
        rows(*({"meid": f"m{i}", **one} for i in range(n)))
        for one in ({**booked, **real}, {**booked, "actualStartTime": booked["starttime"], "realDuration": 3600}, real)
    )
    assert [problem[1:] for problem in told(both)] == [
        ("started_at", "other_value", "actualStartTime=2026-01-05 10:12:00"),
        ("ended_at", "other_value", "realEndTime=2026-01-05 10:40:00"),
        ("duration_s", "other_value", "talkDuration=1680"),
    ] * n
    assert both.meetings["duration_s"].to_pylist() == [3600] * n
    assert told(same) == told(alone) == []
    assert alone.meetings["duration_s"].to_pylist() == [1680] * n
    assert alone.meetings["started_at"].null_count == alone.meetings["ended_at"].null_count == 0


@pytest.mark.parametrize(
    ("leg", "is_told"),
    [
        ({"duration": 1800}, False),
        ({"duration": 600}, True),
        ({"duration": 600, "leavetime": "2026-01-05 10:10:00"}, False),
        ({"duration": None}, False),
    ],
)
def test_a_leg_without_an_end_lasts_until_its_meetings(rows: Rows, leg: dict[str, Any], is_told: bool) -> None:
    party = {"phone": "15400000001", "jointime": "2026-01-05 10:00:00", **leg}
    ended = {"starttime": "2026-01-05 10:00:00", "endtime": "2026-01-05 10:30:00"}
    assert told(rows({**ended, "parties": [party]})) == (
        [(1, "duration_s", "duration_mismatch", "600")] if is_told else []
    )
    assert told(rows({"starttime": "2026-01-05 10:00:00", "parties": [party]})) == []


def test_end_before_start_keeps_both(rows: Rows) -> None:
    tables = rows({"starttime": "2026-01-05 10:00:00", "endtime": "2026-01-05 09:00:00", "duration": 60})
    assert None not in tables.meetings["started_at"].to_pylist() + tables.meetings["ended_at"].to_pylist()
    assert told(tables) == [(None, "ended_at", "end_before_start", "2026-01-05 09:00:00")]


def test_a_meeting_that_ended_when_it_began_contradicts_nothing(rows: Rows) -> None:
    moment = "2026-01-05 10:00:00"
    leg = {"phone": "15400000001", "jointime": moment, "leavetime": moment, "duration": 0}
    assert told(rows({"starttime": moment, "endtime": moment, "duration": 0, "parties": [leg]})) == []


@pytest.mark.parametrize(
    ("start", "end", "duration", "is_told"),
    [
        *(("10:00:01", "10:30:01", one, one not in (1798, 1800, 1802)) for one in (1798, 1797, 1800, 1802, 1803, 30)),
        *(("10:00:00", "10:30:00", one, one in (1739, 1861)) for one in (1740, 1739, 1860, 1861)),
        ("10:00:01", "10:29:11", 1800, False), ("10:00:01", "10:28:59", 1800, True), ("10:00:01", "10:00:41", 0, True),
    ],
)  # fmt: skip
def test_duration_against_the_times(rows: Rows, start: str, end: str, duration: int, is_told: bool) -> None:
    tables = rows({"starttime": f"2026-01-05 {start}", "endtime": f"2026-01-05 {end}", "duration": duration})
    assert tables.meetings["duration_s"].to_pylist() == [duration]
    assert told(tables) == ([(None, "duration_s", "duration_mismatch", str(duration))] if is_told else [])


def test_contradictions_of_a_leg_name_the_leg(rows: Rows) -> None:
    leg = {"phone": "15400000001", "jointime": "2026-01-05 10:00:00", "leavetime": "2026-01-05 09:59:00"}
    tables = rows({}, {"parties": [{"phone": "nobody"}, leg]})
    assert told(tables) == [
        (1, "phone", "not_a_phone", "nobody"),
        (2, "left_at", "end_before_start", "2026-01-05 09:59:00"),
    ]
    assert tables.problems["meeting_id"].to_pylist() == ["m1", "m1"]
    assert tables.problems["row"].to_pylist() == [1, 1]


def test_legs_rejoins_and_the_creator(rows: Rows) -> None:
    parties = [
        {"phone": "+86 154 0000 0001"},
        {"phone": "15400000002"},
        {"phone": "15400000002"},
        {"phone": ""},
        {"name": "匿名"},
    ]
    tables = rows({"creator": "15400000001", "parties": parties}, {"creator": "1001", "parties": ["1001"]})
    assert tables.legs["leg"].to_pylist() == [1, 2, 3, 4, 5, 1]
    assert tables.legs["is_creator"].to_pylist() == [True, False, False, None, None, True]
    assert tables.meetings["n_legs"].to_pylist() == [5, 1]
    assert tables.meetings["n_people"].to_pylist()[0] == 2


def test_rejects_name_their_reason_and_keep_the_text() -> None:
    raws = [b"[1]", b'{"name":"x","y":1}', b'{"meid":true}', b'{"meid":"9","name":"x}', b'{"meid":""}', b"\xff"]
    tables = normalize([RawRecord(10 + i, raw, "$") for i, raw in enumerate(raws)])
    assert tables.rejects["reason"].to_pylist() == [
        "not_object",
        "no_id",
        "bad_id",
        "broken_text",
        "no_id",
        "broken_text",
    ]
    assert tables.rejects["position"].to_pylist() == [10, 11, 12, 13, 14, 15]
    assert tables.rejects["meeting_id"].to_pylist()[3] == "9"
    assert tables.rejects["detail"].to_pylist()[1] == "name, y"
    assert tables.rejects["raw"].to_pylist() == [raw.decode("utf-8", "backslashreplace") for raw in raws]


@pytest.mark.parametrize(
    "value", ["null", '""', '" "', "NaN", "Infinity", "-Infinity", '"NaN"', '"null"', '"None"', '"undefined"', '" - "']
)
def test_what_is_no_id_never_makes_two_meetings_one(value: str) -> None:
    raws = [f'{{"meid":{value},"starttime":"2026-03-0{day} 10:00:00"}}'.encode() for day in (1, 2)]
    tables = normalize([*raws, b'{"meid":"7"}'])
    assert tables.meetings["meeting_id"].to_pylist() == ["7"]
    assert tables.rejects["reason"].to_pylist() == ["no_id", "no_id"]
    assert tables.rejects["raw"].to_pylist() == [raw.decode() for raw in raws]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"meid":"a\\ud800"}', b'{"meid":"a\\udc00"}'),
        (b'{"meid":"a\xff"}', b'{"meid":"a\xfe"}'),
        (b'{"x":{"meid":"in\xffner"},"confId":"a b\xff,1"}', b'{"x":{"meid":"in\xffner"},"confId":"a b\xff,2"}'),
        (b'"m\xff1": {"name":"x"}', b'"m\xfe1": {"name":"x"}'),
        (b'{"meid":"a\\ud800"}', '{"meid":"a\ufffd"}'.encode()),
    ],
)
def test_ids_that_differ_only_where_they_are_damaged_stay_two(one: bytes, other: bytes) -> None:
    tables = normalize([one, other])
    assert len(set(tables.meetings["meeting_id"].to_pylist())) == 2
    assert set(tables.problems["reason"].to_pylist()) == {"broken_text"}


def test_the_hash_is_of_the_raw_bytes() -> None:
    raw = b'{ "meid":"1" }'
    assert normalize([raw]).meetings["record_hash"].to_pylist() == [hashlib.sha256(raw).hexdigest()]


def test_batches_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    raws = [
        json.dumps(
            {"meid": str(i), "parties": [{"phone": f"154{i:08d}"}] * (i % 3), "duration": "x" if i % 5 == 0 else i}
        ).encode()
        if i % 7
        else b"7"
        for i in range(50)
    ]
    whole = normalize(raws)
    monkeypatch.setattr("ytxdata.records.normalize._BATCH", 4)
    parts = normalize(raws)
    for name in ("meetings", "legs", "rejects"):
        assert getattr(parts, name).equals(getattr(whole, name))
    key = [("row", "ascending"), ("leg", "ascending"), ("column", "ascending")]
    assert parts.problems.sort_by(key).equals(whole.problems.sort_by(key))


@pytest.mark.parametrize(
    "raws", [[], [b"7"], [b'{"meid":"1"}'], [b'{"meid":"1","parties":[{"phone":"x"}],"starttime":"?"}']]
)
def test_tables_have_the_same_columns_whatever_is_in_them(raws: list[bytes]) -> None:
    tables = normalize(raws)
    assert [table.schema for table in tables] == [MEETINGS, LEGS, REJECTS, PROBLEMS]


def test_every_reason_has_a_text() -> None:
    for text in (*schema.REJECT_REASONS.values(), *schema.PROBLEM_REASONS.values()):
        assert text.zh
        assert text.en


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize("wraps", [1, 2])
def test_a_meeting_in_a_text_is_told_and_not_read(wraps: int, n: int) -> None:
    text: object = {"meid": "M2", "starttime": "2026-01-05 10:00:00", "creator": "15400000001"}
    for _ in range(wraps):
        text = json.dumps(text)
    for key in ("note", "meetingname"):
        tables = normalize([json.dumps({"meid": "M1", "starttime": "2026-01-05 10:00:00", key: text}).encode()] * n)
        assert tables.meetings["meeting_id"].to_pylist() == ["M1"] * n
        assert tables.problems.select(["reason", "raw_value"]).to_pylist() == [
            {"reason": "meeting_in_text", "raw_value": text}
        ] * n  # fmt: skip


_CUT = '{"meid":"M2","starttime":"2026-01-05 10:00:00","creator":"154000'


@pytest.mark.parametrize(
    "text", [_CUT, f"resp={_CUT}", json.dumps(_CUT)[:-1], "[" + _CUT.replace("M2", "M1") + "," + _CUT]
)
@pytest.mark.parametrize("n", [1, 40])
def test_a_meeting_in_a_text_that_was_cut_or_begins_with_a_word_is_told(text: str, n: int) -> None:
    """Its JSON could not be read, so nobody looked, and the time of the other meeting was proven without a word."""
    raw = json.dumps({"meid": "M1", "starttime": "2026-01-05 10:00:00", "remark": text}).encode()
    told = normalize([raw] * n).problems.select(["reason", "raw_value"]).to_pylist()
    assert told == [{"reason": "meeting_in_text", "raw_value": text}] * n


@pytest.mark.parametrize(
    "text",
    [
        'about "meid":"M2"',
        '{"meid":"M2"}',
        '{"meid":"M1","starttime":"2026-01-05 10:00:00"}',
        'log {"meid":"M1","starttime":"2026-01',
        'asked {"meid":"M2"} at ten',
        'asked {"meid":',
    ],
)
def test_a_text_that_only_speaks_of_an_id_is_no_problem(text: str) -> None:
    raw = json.dumps({"meid": "M1", "starttime": "2026-01-05 10:00:00", "name": text}).encode()
    assert normalize([raw]).problems.num_rows == 0


def test_parties_nested_without_end_are_told() -> None:
    parties = '[{"a":' * 300 + "1" + "}]" * 300
    tables = normalize([b'{"meid":"M1","parties":' + parties.encode() + b"}"])
    assert tables.meetings.num_rows == 1
    assert tables.problems.num_rows == 1


@pytest.mark.parametrize(
    "given", [0, -1, "unknown", "无", "NaN", "(null)", "0" * 20, "00000000-0000-0000-0000-000000000000"]
)
@pytest.mark.parametrize("n", [1, 70])
def test_what_stands_in_place_of_an_id_makes_no_meeting_of_several(given: Any, n: int) -> None:
    """Taken for an id, it made one meeting of all that had none."""
    records = [{"meid": given, "creator": f"1540000000{i % 9}", "starttime": "2026-01-05 10:00:00"} for i in range(n)]
    tables = normalize([json.dumps(one).encode() for one in records])
    assert tables.rejects["reason"].to_pylist() == ["no_id"] * n


@pytest.mark.parametrize("given", ["001", "100", "0" * 29, "0-1", "8001", "unknown1", "-7f3a"])
def test_what_only_looks_like_none_is_an_id(given: str) -> None:
    assert normalize([json.dumps({"meid": given}).encode()]).meetings["meeting_id"].to_pylist() == [given]


@pytest.mark.parametrize(
    ("said", "n"),
    [
        ({"secondStarttime": "2026-01-06 10:00:00"}, 1),
        ({"starttime2": "2026-01-06 10:00:00", "endtime2": "2026-01-06 11:00:00"}, 1),
        ({"startTimes": ["2026-01-05 10:00:00", "2026-01-06 10:00:00"]}, 1),
        ({"startTimes": json.dumps(["2026-01-05 10:00:00", "2026-01-06 10:00:00"])}, 1),
        ({"第二场开始时间": "2026-01-06 10:00:00"}, 1),
        ({"startTimes": "2026-01-05 10:00:00,2026-01-06 10:00:00"}, 1),
        ({"secondStart": "2026-01-06 10:00:00"}, 1),
        ({"resumeTime": "2026-01-05 14:00:00"}, 1),
        ({"重新开始时间": "2026-01-05 14:00:00"}, 1),
        ({"sessionCount": 2}, 1),
        ({"sessionCount": "3"}, 1),
        ({"召开次数": 2}, 1),
        ({"subMeetingIds": ["a1", "a2"]}, 1),
        ({"mergedFrom": ["20261120093000000000001"]}, 1),
        ({"sessionCount": 1, "subMeetingIds": [], "sessionId": 7}, 0),
        ({"resumeTime": "2026-01-05 10:00:00", "restarted": False}, 0),
        ({"startTimes": ["2026-01-05 10:00:00"]}, 0),
        ({"starttime2": "2026-01-05 10:00:00"}, 0),
        ({"starttime2": ""}, 0),
        ({"startSeconds": 37, "starts": 2, "starttimes": None}, 0),
        ({"updatetime2": "2026-01-06 10:00:00"}, 0),
    ],
)
def test_a_record_that_says_another_start_is_told_as_several_meetings(rows: Rows, said: dict[str, Any], n: int) -> None:
    one = {"starttime": "2026-01-05 10:00:00", **said}
    assert rows(one, one).problems["reason"].to_pylist().count("several_meetings") == 2 * n
