"""Parties that were connected more than once: every sitting is a leg, or told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.records.party_lists import FIRST, SECOND, legs, tables
from ytxdata.records.normalize import Normalized


@pytest.mark.parametrize("names", [("joined", "left"), ("jointime", "leavetime"), ("starttime", "endtime")])
@pytest.mark.parametrize("key", ["sessions", "visits"])
def test_each_sitting_of_a_party_is_a_leg(key: str, names: tuple[str, str]) -> None:
    sittings = [dict(zip(names, times, strict=True)) for times in (FIRST, SECOND)]
    found = tables([{"phone": "15400000001", "name": "甲", key: sittings}])
    assert [leg[:2] for leg in legs(found)] == [("15400000001", "甲")] * 2
    assert [leg[2].strftime("%H:%M") for leg in legs(found)] == ["02:00", "02:10"]
    assert found.problems.num_rows == 0


@pytest.mark.parametrize("phone", ["15400000001", "802"])
@pytest.mark.parametrize("as_text", [False, True])
def test_each_sitting_in_a_map_by_phone_is_a_leg(phone: str, as_text: bool) -> None:
    sittings = [dict(zip(("jointime", "leavetime"), times, strict=True)) for times in (FIRST, SECOND)]
    for entry in ({"sessions": sittings}, sittings):
        found = tables({phone: json.dumps(entry) if as_text else entry})
        assert [leg[0] for leg in legs(found)] == [phone] * 2
        assert [leg[2].strftime("%H:%M") for leg in legs(found)] == ["02:00", "02:10"]
        assert found.problems.num_rows == 0


@pytest.mark.parametrize(
    "more",
    [
        {"again": [{"jointime": SECOND[0], "leavetime": SECOND[1]}]},
        {"jointime2": SECOND[0]},
        {"guest": {"phone": "15400000002", "jointime": SECOND[0]}},
    ],
)
def test_an_entry_of_a_map_is_told_as_one_of_a_list(more: dict[str, Any]) -> None:
    own = {"jointime": FIRST[0], "leavetime": FIRST[1], **more}
    by_phone, listed = tables({"15400000001": own}), tables([{"phone": "15400000001", **own}])
    assert legs(by_phone) == legs(listed)
    assert by_phone.problems.to_pylist() == listed.problems.to_pylist() != []


@pytest.mark.parametrize("when", [FIRST[0], "2026-01-05T10:00:00", "20260105100000", 1767578400, 1767578400000])
def test_a_time_beside_a_phone_is_no_name(when: object) -> None:
    for parties in ({"15400000001": when}, [["15400000001", when]]):
        ((phone, name, joined),) = legs(tables(parties))
        assert (phone, name, joined.strftime("%H:%M")) == ("15400000001", None, "02:00")


@pytest.mark.parametrize(
    "more",
    [
        {"sessions": [{"in": FIRST[0], "out": FIRST[1]}]},
        {"sessions": [{"in": 1767578400000, "out": 1767579000000}]},
        {"sessions": [{"in": 1767578400, "out": 1767579000}]},
        {"sessions": json.dumps([{"in": "20260105100000"}])},
        {"joinTimes": [FIRST[0], SECOND[0]]},
        {"joinTimeList": [FIRST[0], SECOND[0]]},
        {"times": [list(FIRST), list(SECOND)]},
        {"times": json.dumps([list(FIRST), list(SECOND)])},
        {"rejoinTimes": [SECOND[0]], "jointime": FIRST[0], "leavetime": FIRST[1]},
        {"rejoins": [list(SECOND)], "jointime": FIRST[0], "leavetime": FIRST[1]},
        {"online": "~".join(FIRST) + ";" + "~".join(SECOND)},
        {"online": "2026/1/5 10:00至2026/1/5 10:05"},
        {"online": "1767578400-1767579000"},
    ],
)
@pytest.mark.parametrize("n", [1, 4])
def test_times_under_a_key_nobody_knows_are_told(more: dict[str, Any], n: int) -> None:
    """Read in bulk where all are alike, and by itself: else the party seems never to have come, or not again."""
    found = tables(*[[{"phone": "15400000001", **more}]] * n)
    assert found.meetings.num_rows == found.legs.num_rows == n + 1
    key = next(iter(more))
    told = found.problems.to_pylist()
    assert [(one["column"], one["reason"], one["leg"]) for one in told] == [("parties", "unread_parties", 1)] * n
    assert all(one["raw_value"].startswith(f"{key}: ") for one in told)


ONCE = {"phone": "15400000001", "jointime": FIRST[0], "leavetime": FIRST[1]}


@pytest.mark.parametrize(
    "more",
    [
        {"info": {"rejoinTime": SECOND[0]}},
        {"info": json.dumps({"rejoinTime": SECOND[0]})},
        {"lastSession": {"join": SECOND[0], "leave": SECOND[1]}},
        {"detail": {"onlineTimes": [FIRST[0], SECOND[0]]}},
        {"x": {"a": json.dumps([SECOND[0]])}},
        {"x": {"a": json.dumps({"rejoinTime": SECOND[0]})}},
        {"session": {"times": "~".join(SECOND)}},
    ],
)
@pytest.mark.parametrize("n", [1, 4])
def test_a_sitting_that_an_object_of_the_party_tells_is_told_unless_it_is_a_leg(more: dict[str, Any], n: int) -> None:
    told = tables(*[[{**ONCE, **more}]] * n).problems.to_pylist()
    assert [(one["reason"], one["raw_value"].partition(":")[0]) for one in told] == [("unread_parties", *more)] * n
    both = [dict(zip(("jointime", "leavetime"), times, strict=True)) for times in (FIRST, SECOND)]
    later = {"phone": "15400000003", "jointime": SECOND[1], "leavetime": SECOND[1].replace("10:", "11:")}
    others = tables(*[[{**ONCE, **more}, {**ONCE, **both[1], "phone": "15400000002"}, later]] * n).problems.to_pylist()
    assert [one["leg"] for one in others] == [1] * n, "somebody else came at that minute"
    listed = [[{"phone": "15400000001", "sessions": both, **more}], [{**ONCE, **more}, {**ONCE, **both[1]}]]
    assert [tables(*[one] * n).problems.num_rows for one in listed] == [0, 0]


@pytest.mark.parametrize(
    "who",
    [
        ({"name": "王芳"}, {"name": "王芳", "phone": "15400000002"}),
        ({"name": "王芳"}, {"name": "王芳(手机)", "phone": None}),
    ],
)
def test_the_sittings_of_one_person_on_two_devices_are_its_legs(who: tuple[dict[str, Any], ...]) -> None:
    both = [dict(zip(("jointime", "leavetime"), times, strict=True)) for times in (FIRST, SECOND)]
    session = {"session": {"sittings": [FIRST, SECOND]}}
    legs_of_one = [{**ONCE, **one, **session, **times} for one, times in zip(who, both, strict=True)]
    others = [{**ONCE, "phone": "15400000009", "leavetime": SECOND[1].replace("10:", "11:")}]
    assert tables([*legs_of_one, *others]).problems.num_rows == 0


@pytest.mark.parametrize("other", [{"name": "李四"}, {"name": "李四", "phone": "15400000002"}])
@pytest.mark.parametrize("n", [1, 4])
def test_who_has_another_name_and_came_that_second_is_somebody_else(other: dict[str, Any], n: int) -> None:
    own = {**ONCE, "name": "张伟", "info": {"rejoinTime": SECOND[0]}}
    found = tables(*[[own, {**other, "jointime": SECOND[0], "leavetime": SECOND[1]}]] * n)
    assert found.problems["reason"].to_pylist() == ["unread_parties"] * n


@pytest.mark.parametrize("n", [1, 4])
def test_numbers_in_an_object_are_told_as_they_were_written(n: int) -> None:
    told = tables(*[[{**ONCE, "session": {"on": 1767580800, "of": 1.5}}]] * n).problems["raw_value"].to_pylist()
    assert told == ['session: {"on": 1767580800, "of": "1.5"}'] * n


@pytest.mark.parametrize("n", [1, 4])
def test_what_else_an_object_of_a_party_says_of_when_is_not_told(n: int) -> None:
    quiet = {
        "session": {"start": FIRST[0].replace(":00:00", ":00:09"), "createTime": "2026-01-04 10:00:00", "id": 7},
        "invite": {"times": [SECOND[0], SECOND[1]]},
        "network": {"reconnectTime": SECOND[0], "samples": [SECOND[0]]},
        "device": {"updateTime": SECOND[0], "lastSeen": 1767580000, "name": "x"},
        "ext": json.dumps({"inviteTimes": [SECOND[0]], "at": SECOND[0]}),
        "contract": {"period": ["2025-01-01 00:00:00", "2027-01-01 00:00:00"]},
        "profile": {"birthdays": ["1990-01-01 00:00:00"]},
        "visit": {"heartbeat": SECOND[1], "span": "~".join(FIRST)},
    }
    assert tables(*[[{**ONCE, **quiet}]] * n).problems.num_rows == 0


@pytest.mark.parametrize("n", [1, 4])
def test_one_time_or_none_is_no_list_of_sittings(n: int) -> None:
    quiet = {
        "updateTime": FIRST[0],
        "seen": 1767578400,
        "tags": ["a", "7"],
        "codes": [1, 20260105],
        "day": "2026-01-05",
    }
    found = tables(*[[{"phone": "15400000001", "ids": "1000000001,1000000002", **quiet}]] * n)
    assert found.problems.num_rows == 0


@pytest.mark.parametrize(
    "more",
    [
        {"event": "join", "time": FIRST[0]},
        {"action": "ENTER", "timestamp": 1767578400},
        {"type": "participant_joined", "eventTime": "2026-01-05T10:05:00+08:00"},
        {"in": FIRST[0]},
        {"login": 1767578400000},
        {"time": "10:05:00~10:10:00"},
        {"time": "10:05 至 10:10"},
        {"intervals": ["10:05-10:10", "10:20-10:30"]},
        {"stay": {"begin": FIRST[0]}},
        {"memberJoinedConfAt": FIRST[0]},
        *(
            {key: FIRST[0]}
            for key in ("callInTime", "dialInTime", "callAnswerTime", "callAnsweredAt", "呼叫接通时间", "最近加入时间")
        ),
        {"本人进入会议": FIRST[0]},
        *({key: "10:00:10"} for key in ("join", "入会", "joinClock")),
        {"leave": "下午 3:05"},
    ],
)
@pytest.mark.parametrize("n", [1, 4])
def test_of_whoever_never_joined_any_time_is_told(more: dict[str, Any], n: int) -> None:
    """Nothing else says that they came: 38 of 78 legs never joined, in a history without a problem."""
    found = tables(*[[{"phone": "15400000001", **more}]] * n)
    told = found.problems.to_pylist()
    assert [(one["column"], one["reason"], one["leg"]) for one in told] == [("parties", "unread_parties", 1)] * n
    assert all(one["raw_value"].startswith(f"{list(more)[-1]}: ") for one in told)
    if not isinstance(next(reversed(more.values())), list):
        joined = tables(*[[{"phone": "15400000001", "jointime": FIRST[0], **more}]] * n)
        assert joined.problems.num_rows == 0


@pytest.mark.parametrize("n", [1, 4])
def test_when_somebody_was_called_or_declined_is_no_join(n: int) -> None:
    keys = (
        "inviteTime",
        "inviteJoinTime",
        "meetingCreateTime",
        "callOutTime",
        "callTime",
        "callInitiatedAt",
        "callInitTime",
        "noAnswerTime",
        "callUnansweredAt",
        "未接通时间",
        "dialTime",
        "lastSeen",
        "joinConfirmTime",
        "ringTime",
        "rejectTime",
        "gmtCreate",
        "updatedAt",
        "呼叫时间",
        "拒接时间",
        "创建时间",
    )
    quiet = dict.fromkeys(keys, FIRST[0]) | {
        "userId": "1600000123",
        "工号": 1600000123,
        "jointime": "",
        "joinDuration": "00:10:05",
        "入会时长": "00:10:05",
        "callInit": "10:00",
        "dialIn": "1700123456",
    }
    found = tables(*[[{"phone": "15400000001", "state": "未接通", **quiet}]] * n)
    assert (found.problems.num_rows, found.legs["joined_at"].null_count) == (0, n + 1)


@pytest.mark.parametrize(
    ("join", "leave"),
    [
        ("answer_time", "hangup_time"),
        ("answeredAt", "hangupAt"),
        ("connected_at", "disconnected_at"),
        ("connectTime", "disconnectTime"),
        ("dateTimeConnect", "dateTimeDisconnect"),
        ("joined_at", "left_at"),
        ("joinAt", "quitTime"),
        ("入会时间", "离会时间"),
        ("加入时间", "退出时间"),
        ("接通时间", "挂断时间"),
        ("joinMeetingTime", "leaveMeetingTime"),
        ("加入会议时间", "离开会议时间"),
        ("calledstime", "calledetime"),
        ("呼叫开始时间", "呼叫结束时间"),
    ],
)
@pytest.mark.parametrize("n", [1, 4])
def test_usual_words_of_joining_and_leaving_are_read(join: str, leave: str, n: int) -> None:
    found = tables(*[[{"phone": "15400000001", join: FIRST[0], leave: FIRST[1]}]] * n)
    rows = [row for row in found.legs.to_pylist() if row["phone"] == "15400000001"]
    assert [(row["joined_at"].minute, row["left_at"].minute) for row in rows] == [(0, 5)] * n
    assert found.problems.num_rows == 0


@pytest.mark.parametrize("n", [1, 4])
def test_when_a_call_was_answered_is_its_own_word_beside_when_they_joined(n: int) -> None:
    """In every leg of a platform that says both: neither another time, nor told of each."""
    both = {"answertime": SECOND[0], "jointime": FIRST[0], "leavetime": SECOND[0], "hanguptime": SECOND[1]}
    found = tables(*[[{"phone": "15400000001", **both}]] * n)
    assert [leg[2].strftime("%H:%M") for leg in legs(found)] == ["02:00"]
    assert found.problems.num_rows == 0
    for key in ("noAnswerTime", "lastConnectTime"):
        never = tables(*[[{"phone": "15400000001", key: FIRST[0]}]] * n)
        assert never.legs["joined_at"].null_count == n + 1, key


DOUBLED = f'{{"phone":"15400000001","jointime":"{FIRST[0]}","jointime":"{SECOND[0]}"}}'


@pytest.mark.parametrize(
    "parties", [f"[{DOUBLED}]", DOUBLED, [DOUBLED], f'{{"list":[{DOUBLED}]}}', json.dumps(f"[{DOUBLED}]")]
)
@pytest.mark.parametrize("n", [1, 4])
def test_a_key_that_stands_twice_in_a_text_of_parties_is_told(parties: object, n: int) -> None:
    found = tables(*[parties] * n)
    assert [leg[2].strftime("%H:%M") for leg in legs(found)] == ["02:10"]
    told = found.problems.select(["column", "reason", "raw_value"]).to_pylist()
    assert told == [{"column": "parties", "reason": "doubled_key", "raw_value": f"jointime: {FIRST[0]}"}] * n


TWICE = f'{{"jointime":"{FIRST[0]}","jointime":"{SECOND[0]}"}}'


@pytest.mark.parametrize("parties", [{"15400000001": TWICE}, [{"phone": "15400000001", "sessions": f"[{TWICE}]"}]])
def test_a_key_that_stands_twice_in_the_text_of_an_entry_is_told(parties: object) -> None:
    told = tables(parties).problems.select(["reason", "raw_value"]).to_pylist()
    assert told == [{"reason": "doubled_key", "raw_value": f"jointime: {FIRST[0]}"}]


def test_a_phone_with_nothing_under_it_is_a_party() -> None:
    found = tables({"15400000001": {}, "15400000002": None, "15400000003": "", "15400000004": "{}"})
    assert [leg[:2] for leg in legs(found)] == [(f"1540000000{i}", "{}" if i == 4 else None) for i in (1, 2, 3, 4)]
    assert found.problems.num_rows == 0


def test_a_phone_that_stands_twice_in_a_text_of_parties_is_told() -> None:
    by_phone = f'{{"15400000001":{{"jointime":"{FIRST[0]}"}},"15400000001":{{"jointime":"{SECOND[0]}"}}}}'
    found = tables(by_phone)
    assert found.problems["reason"].to_pylist() == ["doubled_key"]
    assert FIRST[0] in found.problems["raw_value"][0].as_py()
    assert tables(json.dumps([{"phone": "15400000001", "name": 'a":"b'}])).problems.num_rows == 0


JOIN = {"phone": "15400000001", "name": "甲", "event": "join", "jointime": FIRST[0]}
LEAVE = {"phone": "154-0000-0001", "name": "甲", "event": "leave", "leavetime": FIRST[1]}


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("parties", [[JOIN, LEAVE], [LEAVE, JOIN], [JOIN, {"phone": "15400000002"}, LEAVE]])
def test_one_sitting_told_in_two_halves_is_told(parties: list[dict[str, str]], n: int) -> None:
    found = tables(*[parties] * n)
    assert len(legs(found)) == len(parties)
    told = [tuple(one[key] for key in ("leg", "column", "reason", "raw_value")) for one in found.problems.to_pylist()]
    other = f"legs[{parties.index(JOIN) + 1}].joined_at: {FIRST[0]}"
    assert told == [(parties.index(LEAVE) + 1, "joined_at", "joined_apart", other)] * n


@pytest.mark.parametrize(
    "parties",
    [
        [LEAVE],
        [JOIN, {**LEAVE, "phone": "15400000002"}],
        [{**JOIN, "leavetime": FIRST[1]}, LEAVE],
        [JOIN, {**LEAVE, "jointime": FIRST[0]}],
        [{key: one for key, one in half.items() if key != "phone"} for half in (JOIN, LEAVE)],
    ],
)
def test_halves_that_do_not_fit_are_no_sitting(parties: list[dict[str, str]]) -> None:
    assert tables(parties).problems.num_rows == 0


AGAIN = [
    {"rejointime": SECOND[0]},
    {"secondJoinTime": SECOND[0], "secondLeaveTime": SECOND[1]},
    {"leaveTimeAgain": 1767579000},
    {"userSecondJoinTime": SECOND[0]},
    {"第二次入会时间": SECOND[0]},
    {"rejoinTime": "10:12:00"},
    {"second": {"start": SECOND[0]}},
    {"intervals": "10:00-10:05;10:10-10:15"},
    {"seen": json.dumps([SECOND[0]])},
]


@pytest.mark.parametrize("more", AGAIN, ids=str)
@pytest.mark.parametrize("n", [1, 4])
def test_when_a_party_came_again_is_told_beside_its_first_sitting(more: dict[str, Any], n: int) -> None:
    found = tables(*[[{"phone": "15400000001", "jointime": FIRST[0], "leavetime": FIRST[1], **more}]] * n)
    told = [one["raw_value"].partition(":")[0] for one in found.problems.to_pylist()]
    assert sorted(told) == sorted([*more] * n)


@pytest.mark.parametrize(
    "more",
    [
        {"reconnectCount": 2, "rejoined": True, "secondsTalked": 300, "secondName": "丙"},
        {"workHours": "09:00-12:00,13:00-18:00", "recallTime": SECOND[0], "prejoinTime": SECOND[0]},
        {"timestampSecond": 1767579000, "epochSecond": 1767579000},
        {"rejoinDuration": "00:10:05", "再次入会时长": "00:10:05"},
        {"lastLoginTime": SECOND[0], "重新呼叫时间": SECOND[0], "refreshedAt": SECOND[0]},
        {"rejoinLen": "00:10:05", "rejoinSpan": "00:10:05", "rejoinTime": "00:00:00"},
    ],
    ids=str,
)
@pytest.mark.parametrize("n", [1, 4])
def test_what_else_a_party_did_again_is_not_told(more: dict[str, Any], n: int) -> None:
    found = tables(*[[{"phone": "15400000001", "jointime": FIRST[0], "leavetime": FIRST[1], **more}]] * n)
    assert found.problems.num_rows == 0


def at(hour: int, minute: int = 0, day: int = 5) -> str:
    return f"2026-01-{day:02d} {hour:02d}:{minute:02d}:00"


IN_TIME = (at(10), at(11))


def of_sittings(sittings: list[tuple[str | None, str | None]], more: dict[str, Any]) -> dict[str, Any]:
    """Return a meeting from ten to eleven whose parties came and left so."""
    parties = [
        {"phone": f"1540000000{i}", "jointime": came, "leavetime": left} for i, (came, left) in enumerate(sittings)
    ]
    said = {"starttime": at(10), "endtime": at(11), "parties": parties, **more}
    return {key: word for key, word in said.items() if word is not None}


@pytest.mark.parametrize(
    ("sittings", "more", "n"),
    [
        ([IN_TIME, (at(13), at(14)), (at(13, 1), at(14))], {}, 2),
        ([IN_TIME, (at(7, day=6), at(8, day=6))], {}, 1),
        ([(at(6, day=6), at(7, day=6))], {}, 1),
        ([(at(13, 17), at(14))], {}, 1),
        ([IN_TIME, (at(13), None)], {}, 1),
        ([IN_TIME, (at(13), at(14))], {"endtime": None, "duration": 3600}, 0),
        ([IN_TIME, (at(13), at(14))], {"starttime": None}, 1),
        ([IN_TIME, (at(11, 5), at(11, 6))], {}, 0),
        ([(at(10), at(12)), (at(11, 40), at(12))], {}, 0),
        ([(at(10), at(11, 30)), (at(11, 20), at(12, 30)), (at(12, 35), at(13))], {}, 0),
        ([(at(2), at(3)), (at(2, 1), at(3))], {}, 0),
        ([(at(18, 1), at(19)), (at(18, 2), at(19))], {}, 0),
        ([IN_TIME, (at(13), at(14))], {"endtime": None}, 0),
        ([IN_TIME, (at(13), at(14))], {"endtime": "2026-01-05"}, 0),
        ([IN_TIME, (at(13), at(14))], {"endtime": at(9)}, 0),
        ([IN_TIME, (None, at(14))], {}, 0),
    ],
)
def test_who_joins_when_all_have_left_long_after_the_end_is_told(
    rows: Callable[..., Normalized], sittings: list[tuple[str | None, str | None]], more: dict[str, Any], n: int
) -> None:
    one = of_sittings(sittings, more)
    assert rows(one, one).problems["reason"].to_pylist().count("joined_after_end") == 2 * n


@pytest.mark.parametrize(
    ("sittings", "more", "n"),
    [
        ([IN_TIME, (at(5, 2), at(6))], {}, 1),
        ([(at(5, 17), at(6)), (at(5, 20), at(6))], {}, 2),
        ([(at(10, day=2), at(11, day=2))], {}, 1),
        ([IN_TIME, (at(10, day=3), at(11, day=3))], {}, 1),
        ([IN_TIME, (at(5, 2), at(6))], {"endtime": None}, 1),
        ([IN_TIME, (at(9, 5), at(9, 40))], {}, 0),
        ([(at(7), at(11)), IN_TIME], {}, 0),
        ([(at(2), at(3)), (at(2, 1), at(3))], {}, 0),
        ([IN_TIME, (at(5, 2), at(6))], {"starttime": "2026-01-05"}, 0),
        ([IN_TIME, (at(5, 2), at(6))], {"starttime": None}, 0),
        ([IN_TIME, (at(5, 2), None)], {}, 0),
        ([IN_TIME, (None, at(6))], {}, 0),
        ([IN_TIME, (at(8), at(5))], {}, 0),
    ],
)
def test_who_had_left_long_before_the_start_is_told(
    rows: Callable[..., Normalized], sittings: list[tuple[str | None, str | None]], more: dict[str, Any], n: int
) -> None:
    """People wait, or try their line: an hour before the start says nothing."""
    one = of_sittings(sittings, more)
    assert rows(one, one).problems["reason"].to_pylist().count("left_before_start") == 2 * n
