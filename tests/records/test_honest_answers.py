"""Usual ways to write an answer bring no doubts: what says nothing new is not told, and what is an id is read or named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.records.test_unread_parties import P, meeting, tables
from ytxdata.records.answer import read_answer
from ytxdata.records.merge import merge_answers
from ytxdata.records.profile import missing, profile

NAMED = {"phone": "15400000001", "name": "王芳"}


@pytest.mark.parametrize(
    "more",
    [
        {"hosts": [NAMED]},
        {"inviteList": [{"mobile": "154-0000-0001"}, {"mobile": "15400000002", "name": "乙"}]},
        {"smsNotify": [{"phone": "15400000002", "sendTime": "2026-01-05 09:50:00", "status": "ok"}]},
        {"accessNumbers": ["4008100000", "010-65527788"]},
        {"dialInNumbers": ["400-810-0000"]},
        {"moderator": {"mobile": "15400000002"}},
    ],
    ids=str,
)
def test_who_is_listed_and_numbers_to_dial_are_not_told_again(more: dict[str, Any]) -> None:
    parties = [{**P, "phone": "15400000001"}, P]
    found = tables(*(meeting(i, parties=parties, **more) for i in range(3)))
    assert found.problems.num_rows == 0
    assert found.legs.num_rows == 6


@pytest.mark.parametrize(
    "more",
    [
        {"hosts": [{"phone": "15400000003", "name": "丙"}]},
        {"inviteList": [{"phone": "15400000002"}, {"name": "丁"}]},
        {"smsNotify": [{"phone": "15400000002", "joinTime": "2026-01-05 09:50:00"}]},
        {"others": [{"phone": "15400000002", "sessions": [{"joinTime": "2026-01-05 09:50:00", "phone": "1"}]}]},
        {"inviteList": [{"phone": "15400000002", "with": [{"phone": "15400000004"}]}]},
        {"accessNumbers": ["15400000005"]},
        {"otherNumbers": ["010-65527788"]},
    ],
    ids=str,
)
def test_who_is_not_listed_or_came_at_another_time_is_told(more: dict[str, Any]) -> None:
    found = tables(*(meeting(i, parties=[{**P, "phone": "15400000001"}, P], **more) for i in range(3)))
    assert found.problems["reason"].to_pylist() == ["unread_parties"] * 3


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({"network": [{"time": "2026-01-05 10:05:00", "loss": 0.1}]}, []),
        ({"muteRecords": [{"starttime": "2026-01-05 10:05:00", "endtime": "2026-01-05 10:06:00"}]}, []),
        ({"records": [{"starttime": "2026-01-05 10:05:00", "endtime": "2026-01-05 10:06:00"}]}, ["not_a_party"]),
    ],
    ids=str,
)
def test_when_a_party_was_muted_or_heard_badly_is_no_sitting(more: dict[str, Any], reasons: list[str]) -> None:
    found = tables(meeting(0, parties=[P | more]), meeting(1))
    assert [one for one in found.problems["reason"].to_pylist() if one in ("not_a_party", "unread_parties")] == reasons


CAME, WENT = "2026-01-05 10:01:00", "2026-01-05 10:51:00"
HOST = {"phone": "15400000001", "jointime": CAME, "leavetime": WENT}
OF_HOST: list[dict[str, Any]] = [
    {"host": {"phone": "15400000001", "sessions": [{"jointime": CAME, "leavetime": WENT}]}},
    {"creator": {"phone": "15400000001", "startTime": CAME, "endTime": WENT}},
    {"host": {"phone": "15400000001", "online": CAME, "offline": WENT}},
    {"host": {"phone": "15400000001", "入会": CAME}},
    {"hostJoinTime": CAME, "hostLeaveTime": WENT},
    {"creatorJoinTime": CAME},
    {"主持人入会时间": CAME},
    {"hostJoinTime": 1767578460000, "hostLeaveTime": "2026-01-05T10:51:00+08:00"},
    {"creatorJoinTime": f"{CAME}.000"},
    {"creator": {"phone": "+86 154-0000-0001", "joinTime": CAME}},
    {"creator": {"phone": "15400000001", "e164": "+8615400000001", "joinTime": CAME}},
    {"creator": {"phone": "15400000001", "userId": "65520001", "joinTime": 1767578460}},
]


@pytest.mark.parametrize("more", OF_HOST, ids=str)
@pytest.mark.parametrize("n", [1, 30])
def test_when_the_host_came_is_told_unless_it_is_listed(more: dict[str, Any], n: int) -> None:
    alone, listed = (
        tables(*({**meeting(0, parties=parties, **more), "meid": f"m{i:03}"} for i in range(n)))
        for parties in ([P], [P, HOST])
    )
    assert alone.problems["reason"].to_pylist() == ["unread_parties"] * n
    assert listed.problems.num_rows == 0


@pytest.mark.parametrize(
    ("phone", "is_told"), [("15400000009", True), ("+8615400000002", False), ("15400000002", False)]
)
def test_a_creator_that_came_as_another_is_told_unless_it_has_its_number(phone: str, *, is_told: bool) -> None:
    found = tables(meeting(0, parties=[P], creator={"phone": phone, "joinTime": P["jointime"]}))
    assert found.problems["reason"].to_pylist() == ["unread_parties"] * is_told
    flat = tables(meeting(0, parties=[P], creator=phone, hostJoinTime=P["jointime"]))
    assert flat.problems["reason"].to_pylist() == ["unread_parties"] * is_told
    both = {"hostJoinTime": CAME, "hostLeaveTime": WENT}
    line = {**HOST, "phone": "15400000008"}
    for parties, n in ([P, line], 0), ([P, line, {**line, "phone": "15400000007"}], 1):
        found = tables(meeting(0, parties=parties, creator="075588880000", **both))
        assert found.problems["reason"].to_pylist() == ["unread_parties"] * n, "who alone has both times is the host"
    two = {**P, "mobile": P["phone"]}
    unknown = tables(meeting(0, parties=[two, {**P, "phone": ""}], creator=phone, hostJoinTime=P["jointime"]))
    assert "unread_parties" not in unknown.problems["reason"].to_pylist(), "who has no number there may be the host"


@pytest.mark.parametrize(
    ("host", "party"),
    [
        ({"creator": "075588880000"}, {"phone": "88880000", "areaCode": "0755"}),
        ({"creator": "+85261234567"}, {"phone": "61234567", "countryCode": "852"}),
        ({"creator": "88880000", "creatorAreaCode": "0755"}, {"phone": "075588880000", "ext": "8012"}),
    ],
    ids=str,
)
def test_a_host_that_came_is_known_by_its_number_with_the_codes_beside_it(
    host: dict[str, Any], party: dict[str, Any]
) -> None:
    for parties, reasons in (([{**P, **party}], []), ([P], ["unread_parties"])):
        found = tables(meeting(0, parties=parties, hostJoinTime=P["jointime"], **host))
        assert found.problems["reason"].to_pylist() == reasons


@pytest.mark.parametrize(
    "more",
    [
        {"host": {"phone": "15400000001", "createTime": CAME, "lastLoginTime": CAME, "birthday": "1990-01-01"}},
        {"host": {"phone": "15400000001", "startTime": "2026-01-05 10:00:00"}, "starttime": "2026-01-05 10:00:00"},
        {"joinBeforeHost": True, "hostJoinCount": 2, "hostInviteTime": CAME, "hostKey": "123456"},
    ],
    ids=str,
)
def test_what_else_is_said_of_the_host_is_not_told(more: dict[str, Any]) -> None:
    assert tables(meeting(0, **more), meeting(1, **more)).problems.num_rows == 0


def test_who_has_a_number_in_such_a_list_is_a_party_all_the_same() -> None:
    assert tables(meeting(0, parties=[P | {"muteRecords": [{"phone": "15400000009"}]}])).legs.num_rows == 2


def test_when_a_message_was_sent_to_a_party_is_not_when_it_left() -> None:
    party = {"phone": "15400000002", "jointime": "2026-01-05 10:00:00", "sendTime": "2026-01-05 09:50:00"}
    assert tables(meeting(0, parties=[party])).legs["left_at"].to_pylist() == [None]


@pytest.mark.parametrize("n", [3, 300])
@pytest.mark.parametrize("key", ["creator", "host"])
def test_a_creator_that_an_object_describes_is_the_one_number_in_it(key: str, n: int) -> None:
    described = [{**meeting(i, **{key: NAMED}), "meid": f"m{i:05}"} for i in range(n)]
    for one in described if key != "creator" else ():
        del one["creator"]
    found = tables(*described)
    assert set(found.meetings["creator"].to_pylist()) == {"15400000001"}
    assert found.problems.num_rows == 0
    two = tables(meeting(0, creator={"phone": "15400000001", "mobile": "15400000002"}))
    assert two.meetings["creator"].to_pylist() == [None]
    assert "wrong_type" in two.problems["reason"].to_pylist()


@pytest.mark.parametrize(
    ("creator", "text"),
    [
        ({"phone": "(010)65520000", "name": "老王"}, "(010)65520000"),
        ({"phone": "15400000001", "e164": "+8615400000001"}, "15400000001"),
        ({"mobile": "15400000001", "phone": "+86 154-0000-0001"}, "+86 154-0000-0001"),
        ({"id": "17600000001", "phone": "15400000001"}, "15400000001"),
        ({"id": "17600000001", "phone": "154****0001"}, "154****0001"),
        ({"phone": "4008001234", "inviterPhone": "15400000002"}, "4008001234"),
        ({"number": "010-65520000-802", "tel": ""}, "010-65520000-802"),
        ({"number": "7", "mobile": 15400000001}, "15400000001"),
        ({"user": {"phone": "15400000001", "name": "老王"}}, "15400000001"),
        ({"id": "7", "member": {"user": {"e164": "+8615400000001"}}}, "+8615400000001"),
    ],
    ids=str,
)
def test_a_creator_in_an_object_gives_what_its_text_gives(creator: dict[str, Any], text: str) -> None:
    described, told = (tables(meeting(0, creator=one)) for one in (creator, text))
    assert described.meetings["creator"].to_pylist() == [text]
    assert described.problems.equals(told.problems)


@pytest.mark.parametrize(
    ("more", "number"),
    [
        ({"creator": {"areaCode": "0755", "phone": "88880000"}}, "+8675588880000"),
        ({"creator": {"user": {"countryCode": "1", "phone": "2125551234"}}}, "+12125551234"),
        ({"creator": "88880000", "creatorAreaCode": "0755"}, "+8675588880000"),
        ({"creator": "15400000001", "creatorCountryCode": 0}, "+8615400000001"),
        ({"creator": "15400000001", "creatorAreaCode": "0755", "areaCode": "020"}, "+8615400000001"),
    ],
    ids=str,
)
@pytest.mark.parametrize("n", [1, 30])
def test_a_code_beside_the_number_of_a_creator_is_part_of_it(more: dict[str, Any], number: str, n: int) -> None:
    parties = [{**P, "phone": number}, P]
    found = tables(*({**meeting(0, parties=parties), "meid": f"m{i:03}", **more} for i in range(n)))
    assert found.legs["is_creator"].to_pylist() == [True, False] * n
    assert found.problems.num_rows == 0
    told = tables(meeting(0, creator="88880000", creatorAreaCode="852"))
    assert told.problems["reason"].to_pylist() == ["unread_phone"]


@pytest.mark.parametrize("key", ["会议编号", "会议ID", "会议id"])
@pytest.mark.parametrize("is_escaped", [False, True])
def test_the_id_may_be_called_so_in_chinese(key: str, is_escaped: bool) -> None:
    records = [{key: f"A{i}", **meeting(i)} for i in range(3)]
    for one in records:
        del one["meid"]
    inner = {key: "B", "creator": "15400000001", "starttime": "2026-01-06 10:00:00", "parties": [P]}
    records[1]["parties"] = [P, inner]
    text = json.dumps({"statusCode": "0", "data": records}, ensure_ascii=is_escaped)
    found = merge_answers([read_answer(text.encode())])
    assert sorted(found.meetings["meeting_id"].to_pylist()) == ["A0", "A1", "A2", "B"]


@pytest.mark.parametrize("key", ["id", "meetingNo", "会议号", "uuid", "sid"])
def test_where_no_id_is_read_the_first_sync_says_what_may_be_it(key: str) -> None:
    records = [{key: f"A{i}", "seatNo": "5", **meeting(i)} for i in range(3)]
    for one in records:
        del one["meid"]
    (told, *_) = missing(profile([json.dumps(one).encode() for one in records]))
    assert f'[aliases] meeting_id = "{key}"' in told.zh
    assert f'[aliases] meeting_id = "{key}"' in told.en
    assert "seatNo" not in told.en


def test_no_key_is_named_for_an_id_where_ids_are_read_or_nothing_is_another_in_each() -> None:
    assert not missing(profile([json.dumps(meeting(i)).encode() for i in range(3)]))
    records = [{"id": "same", **meeting(i)} for i in range(3)]
    for one in records:
        del one["meid"]
    (told, *_) = missing(profile([json.dumps(one).encode() for one in records]))
    assert "[aliases]" not in told.en
