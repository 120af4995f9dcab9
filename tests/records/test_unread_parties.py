"""Nothing of a meeting goes without a word: parties under names that nobody knows, numbered fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ytxdata.records.answer import read_answer
from ytxdata.records.merge import MergedTables, merge_answers

P = {
    "name": "乙",
    "phone": "15400000002",
    "jointime": "2026-01-05 10:00:00",
    "leavetime": "2026-01-05 10:30:00",
    "duration": 1800,
}


def words(text: str) -> list[str]:
    return text.split()


def meeting(i: int, **more: Any) -> dict[str, Any]:
    return {
        "meid": f"202601050900000000{i:02}",
        "creator": "15400000001",
        "starttime": "2026-01-05 10:00:00",
        "endtime": "2026-01-05 10:30:00",
        "parties": [{**P, "name": "甲", "phone": "15400000001"}],
        **more,
    }


def tables(*records: dict[str, Any]) -> MergedTables:
    return merge_answers([read_answer(json.dumps({"statusCode": "0", "data": records}).encode())])


def check(more: dict[str, Any], texts: list[str]) -> None:
    """All records alike (read in bulk), and one among others (read by itself)."""
    for n_odd in (6, 1):
        found = tables(*(meeting(i, **(more if i < n_odd else {})) for i in range(6)))
        assert found.meetings.num_rows == found.legs.num_rows == 6
        told = found.problems.to_pylist()
        assert [one["reason"] for one in told] == ["unread_parties"] * n_odd
        assert all(text in one["raw_value"] for one in told for text in texts)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"guests": [P]}, "guests: "),
        ({"parties2": [P]}, "parties2: "),
        ({"party": P}, "party: "),
        ({"detail": {"guestList": [P]}}, "detail.guestList: "),
        ({"guests": json.dumps([P])}, "guests: "),
        ({"guests": ["15400000002"]}, "guests: "),
        ({"guests": [{**P, "phone": "802", "name": "15400000002"}]}, "guests: "),
        ({"byPhone": {"15400000002": {"name": "乙"}}}, "byPhone: "),
        ({"extra": {"guestPhone": "15400000002", "jointime": P["jointime"]}}, "extra: "),
        ({"custom1": "15400000002"}, "custom1: "),
        ({"callee": 15400000002}, "callee: "),
        ({"absent": "15400000002,15400000003"}, "absent: "),
        ({"absent": {"a": "15400000002"}}, "absent: "),
        ({"invited": [{"nm": "b", "no": "15400000002"}]}, "invited: "),
        ({"details": {"sub": [{"called": "15400000002"}]}}, "details: "),
    ],
)
def test_parties_under_a_name_nobody_knows_are_told(more: dict[str, Any], path: str) -> None:
    check(more, [path, "15400000002"])


@pytest.mark.parametrize("written", ["154-0000-0002", "154 0000 0002", "(154) 0000-0002"])
def test_a_mobile_written_in_groups_is_told(written: str) -> None:
    check({"absent": written}, [f"absent: {written}"])
    check({"absent": written, "room": {"name": "A"}}, [f"absent: {written}"])


TIMES = {"jointime": P["jointime"], "leavetime": P["leavetime"]}


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("attendees", [{"name": "乙", **TIMES}], "乙"),
        ("attendees", [{"name": "乙"}], "乙"),
        ("attendees", [{"name": "乙", "starttime": P["jointime"]}], "乙"),
        ("anybody", [{"phone": "154****0002", **TIMES}], "154****0002"),
        ("anybody", [{"phone": "sip:yi@example.com", "jointime": P["jointime"]}], "sip:yi"),
        ("anybody", {"乙": {"enterTime": "10:00"}}, "anybody.乙: "),
        ("anybody", {"more": [{"userid": "u2", "exit_time": 1767578400}]}, "anybody.more: "),
        ("participant_list", [{"userid": "u2", "join_time": 1767578400, "quit_time": 1767579000}], "u2"),
        ("attendees", ["乙", "丙"], "丙"),
        ("invitees", ["8001", "8002"], "8002"),
        ("attendees", {"list": [{"name": "乙"}]}, "attendees.list: "),
        ("attendees", {"乙": {"role": "guest"}}, "attendees.乙: "),
    ],
)
def test_who_has_no_phone_is_told_by_when_or_by_the_key(key: str, value: Any, text: str, as_text: bool) -> None:
    check({key: json.dumps(value) if as_text else value}, [key, text])


@pytest.mark.parametrize(
    ("key", "text"),
    [("attendees", "乙,丙"), ("参会人员", "乙、丙"), ("出席", "乙"), ("memberNames", "yi; bing"), ("joiner", "乙")],
)
def test_a_text_of_names_is_told_under_a_key_like_one_of_parties(key: str, text: str) -> None:
    check({key: text}, [f"{key}: {text}"])


def test_each_numbered_party_is_told() -> None:
    found = tables(meeting(0, party1=P, party2={**P, "phone": "15400000003"}))
    assert [one["raw_value"].split(":")[0] for one in found.problems.to_pylist()] == ["party1", "party2"]


def test_a_second_list_beside_a_wrapped_meeting_is_told() -> None:
    one = meeting(0)
    found = tables({"conf": {key: one[key] for key in ("meid", "starttime")}, "members": [P], "guests": [P]})
    assert (found.meetings.num_rows, found.legs.num_rows) == (1, 1)
    assert [told["raw_value"][:8] for told in found.problems.to_pylist()] == ["guests: "]


def test_numbered_fields_of_a_record_are_told() -> None:
    check({"phone1": "15400000002", "phone2": "15400000003"}, ["phone1", "15400000002", "phone2", "15400000003"])


def test_numbered_fields_of_a_party_are_told() -> None:
    again = {"jointime2": "2026-01-05 10:40:00", "leavetime2": "2026-01-05 10:50:00"}
    party = {**P, "phone": "15400000001", **again}
    check({"parties": [party]}, ["jointime2", "2026-01-05 10:40:00", "leavetime2"])


@pytest.mark.parametrize(
    "more",
    [
        {"organizer": {"name": "甲", "phone": "15400000001"}},
        {"device": {"serialNumber": "7-15400000002"}},
        {"chair": "15400000001"},
        {"guests": []},
        {"tags": ["a", "7"]},
        {"phone1": ""},
        {"service": "4008001234", "dial": "010 6552 0000", "note": "ask 15400000002"},
        {"recording": {"starttime": "2026-01-05 10:00:00", "size": 5}},
        {"segments": [{"starttime": "2026-01-05 10:00:00", "endtime": "2026-01-05 10:10:00"}]},
        {"stats": {"joined": 5, "left": 2, "total": 7}, "history": [{"joined": 5}]},
        {"attendeeCount": 5, "attendees": "5", "memberCounts": [1, 2], "参会人数": "1人", "invitees": []},
        {"attendType": "video", "isMember": "Y", "参会方式": "电话", "memberUrl": "https://m.example/a,b"},
        {"attendeeSettings": {"mute": "on"}, "attendTime": "2026-01-05 10:00:00", "participantLimit": "100"},
    ],
)
def test_what_looks_like_nobody_is_not_told(more: dict[str, Any]) -> None:
    found = tables(*(meeting(i, **more) for i in range(3)))
    assert found.problems.num_rows == 0


MORE = [{**P, "phone": f"1540000000{i}"} for i in (2, 3)]


@pytest.mark.parametrize("n_odd", [6, 1])
@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    "key", ["confMembers", "meetingMembers", "conference_users", "confParticipants", "meetingParties"]
)
def test_a_second_list_under_a_longer_key_is_told(key: str, as_text: bool, n_odd: int) -> None:
    more = {key: json.dumps(MORE) if as_text else MORE}
    found = tables(*(meeting(i, **(more if i < n_odd else {})) for i in range(6)))
    assert found.legs.num_rows == 6
    told = found.problems.to_pylist()
    assert [(one["column"], one["reason"]) for one in told] == [("parties", "other_value")] * n_odd
    assert all(one["raw_value"].startswith(f"{key}=") and "15400000003" in one["raw_value"] for one in told)


@pytest.mark.parametrize(
    "more",
    [
        {"confMembers": meeting(0)["parties"]},
        {"confMembers": json.dumps(meeting(0)["parties"])},
        {"confMembers": []},
        {"confMembers": 1},
        {"confUsers": "1"},
    ],
)
def test_a_second_list_that_says_the_same_or_only_how_many_is_not_told(more: dict[str, Any]) -> None:
    found = tables(*(meeting(i, **more) for i in range(3)))
    assert (found.legs.num_rows, found.problems.num_rows) == (3, 0)


@pytest.mark.parametrize("n_odd", [6, 1])
@pytest.mark.parametrize("as_text", [False, True])
def test_a_full_number_under_a_longer_key_is_told_beside_an_extension(as_text: bool, n_odd: int) -> None:
    mobile = "15400000002" if as_text else 15400000002
    short = [{"phone": "802", "userPhone": mobile, "jointime": P["jointime"], "leavetime": P["leavetime"]}]
    found = tables(*(meeting(i, **({"parties": short} if i < n_odd else {})) for i in range(6)))
    told = [(one["column"], one["reason"], one["raw_value"], one["leg"]) for one in found.problems.to_pylist()]
    assert told == [("phone", "other_value", "userPhone=15400000002", 1)] * n_odd


@pytest.mark.parametrize(
    "phones",
    [
        {"phone": "15400000001", "emergencyPhone": "15400000002"},
        {"phone": "010-65520000-802", "userPhone": "15400000002"},
        {"phone": "802", "deskPhone": "803"},
        {"phone": "802", "deskPhone": ""},
    ],
)
@pytest.mark.parametrize("n", [1, 3])
def test_a_longer_key_beside_a_full_number_or_without_one_is_another_phone(phones: dict[str, str], n: int) -> None:
    assert tables(*(meeting(i, parties=[phones]) for i in range(n))).problems.num_rows == 0


@pytest.mark.parametrize("n_odd", [6, 1])
def test_a_phone_under_a_key_that_nobody_knows_is_told_of_whoever_has_no_number(n_odd: int) -> None:
    """Read in bulk, and by itself: else a key that the platform renames takes all numbers along without a word."""
    renamed = {
        "name": "丙",
        "dialled": "15400000003",
        "jointime": "2026-01-05 10:00:00",
        "leavetime": "2026-01-05 10:30:00",
    }
    found = tables(*(meeting(i, **({"parties": [renamed]} if i < n_odd else {})) for i in range(6)))
    told = [(one["column"], one["reason"], one["raw_value"], one["leg"]) for one in found.problems.to_pylist()]
    assert told == [("phone", "unread_phone", "dialled: 15400000003", 1)] * n_odd


@pytest.mark.parametrize("n_odd", [6, 1])
@pytest.mark.parametrize("more", [{"backup": "15400000002"}, {"backup": 15400000002}, {"alt": {"no": "15400000002"}}])
def test_a_second_mobile_of_a_party_is_told(n_odd: int, more: dict[str, Any]) -> None:
    party = {**P, "phone": "15400000003", "again": "154-0000-0003", "seconds": 1767600000}
    found = tables(*(meeting(i, parties=[{**party, **(more if i < n_odd else {})}]) for i in range(6)))
    told = found.problems.to_pylist()
    assert [one["reason"] for one in told] == ["unread_phone"] * n_odd
    assert all("15400000002" in one["raw_value"] and ".0" not in one["raw_value"] for one in told)


def test_usual_names_of_a_phone_are_phones() -> None:
    found = tables(meeting(0, parties=[{"tel": "15400000002"}, {"msisdn": "15400000003"}, {"hotel": "15400000004"}]))
    assert found.legs["number"].to_pylist() == ["+8615400000002", "+8615400000003", None]
    assert [one["reason"] for one in found.problems.to_pylist()] == ["unread_phone"]


@pytest.mark.parametrize("depth", [5, 7, 12])
def test_parties_are_told_however_deep_they_stand(depth: int) -> None:
    inner: Any = [P]
    for _ in range(depth):
        inner = {"more": inner}
    check({"extension": inner}, ["15400000002"])
    found = tables(meeting(0, parties=[P, inner]))
    assert len(found.problems) == 1 or found.legs.num_rows == 2


def test_what_is_no_record_is_rejected_with_its_path() -> None:
    body = {"statusCode": "0", "data": [meeting(0), {"x": 1}], "audit": {"rows": [{"x": 2}]}}
    rejects = merge_answers([read_answer(json.dumps(body).encode())]).rejects
    assert rejects.select(["reason", "detail"]).to_pylist() == [
        {"reason": "no_id", "detail": "x"},
        {"reason": "no_id", "detail": "x ($.audit.rows[0])"},
    ]


@pytest.mark.parametrize(
    ("body", "is_meeting"),
    [
        ({"result": {}}, False),
        ({"result": {"detail": {}}}, False),
        ({"result": {"first": {}, "second": {}}}, False),
        ({"result": {"m1": {}, "second": {}}}, True),
        ({"result": "text"}, False),
        ({}, False),
    ],
)
def test_what_tells_of_a_meeting_is_lost_under_no_key_and_without_an_id(body: Any, is_meeting: bool) -> None:
    """Records and their id renamed at once: the key for an id, or a reject; in no case nothing."""
    unnamed = {"roomNo" if key == "meid" else key: value for key, value in meeting(0).items()}

    def filled(value: Any) -> Any:
        if value == "text":
            return json.dumps(unnamed)
        return {key: filled(inner) for key, inner in value.items()} or unnamed

    counts = merge_answers([read_answer(json.dumps({"statusCode": "0", **filled(body)}).encode())]).counts
    assert counts.received == (counts.meetings if is_meeting else counts.rejected) > 0


@pytest.mark.parametrize(
    "beside",
    [{"query": {"creator": "15400000001", "starttime": "2026-01-01 00:00:00"}}, {"page": {"starttime": "2026-01-01 00:00:00", "endtime": "2026-02-01 00:00:00"}},
     {"creator": "15400000001", "starttime": "2026-01-01 00:00:00"}],
)  # fmt: skip
def test_a_question_repeated_is_no_meeting(beside: dict[str, Any]) -> None:
    body = {"statusCode": "0", "data": [], **beside}
    assert merge_answers([read_answer(json.dumps(body).encode())]).counts.received == 0


@pytest.mark.parametrize("phone", ["01065520000", "802", "15400000002"])
def test_a_row_of_a_party_under_the_id_of_its_meeting_is_its_leg(phone: str) -> None:
    row = {"meid": "1", "name": "乙", "phone": phone, "jointime": P["jointime"], "leavetime": P["leavetime"]}
    for n in (1, 6):
        found = tables(*({**row, "meid": f"m{i}"} for i in range(n)))
        assert found.problems.num_rows == 0
        assert found.meetings.select(["name", "n_legs"]).to_pylist() == [{"name": None, "n_legs": 1}] * n
        assert found.legs.select(["name", "phone"]).to_pylist() == [{"name": "乙", "phone": phone}] * n
        assert found.legs["left_at"].null_count == 0
    told = tables({**row, "creator": "15400000001"}).problems.to_pylist()
    assert {one["reason"] for one in told} == {"unread_parties"}
    assert f"phone: {phone}" in told[0]["raw_value"]
    quiet = tables({"meid": "1", "phone": phone[:3], "starttime": P["jointime"]})
    assert quiet.problems.num_rows == 0


@pytest.mark.parametrize(
    "more",
    [
        {"userList": [{"uid": "w1", "nick": "甲"}, {"uid": "w2", "nick": "乙"}]},
        {"人员": [{"姓名": "甲", "分机": "8001"}, {"姓名": "乙", "分机": "8002"}]},
        {"人员名单": "甲,乙"},
    ],
)
def test_names_under_more_words_for_people_are_told(more: dict[str, Any]) -> None:
    check(more, [next(iter(more))])


@pytest.mark.parametrize("beside", [{}, {"parties": [P]}])
@pytest.mark.parametrize("key", words("partyList partyInfos partyDetails webParties otherParties parties2 partyNames"))
@pytest.mark.parametrize("said", [[{"name": "丙丙"}, {"name": "丁丁"}], ["丙丙", "丁丁"]])
def test_parties_by_name_alone_under_any_word_for_parties_are_told(key: str, said: Any, beside: dict[str, Any]) -> None:
    """They vanished without a word, while those of a `memberList` were told."""
    found = tables(*({"meid": f"m{i}", "starttime": P["jointime"], **beside, key: said} for i in range(6)))
    assert found.problems["reason"].to_pylist() == ["unread_parties"] * 6
    assert all(one.startswith(f"{key}: ") and "丙丙" in one for one in found.problems["raw_value"].to_pylist())


NAMED = [{**P, "name": "王芳"}, {**P, "name": "李四", "phone": "15400000002"}]


@pytest.mark.parametrize("key", ["partyList", "webParties", "attendeeList", "guestMembers"])
@pytest.mark.parametrize("said", [[{"name": "王芳"}], ["李四", "王芳"], [{"name": "王芳", "phone": P["phone"]}]])
def test_who_is_listed_once_more_by_name_is_not_told(key: str, said: Any) -> None:
    assert tables(*(meeting(i, parties=NAMED, **{key: said}) for i in range(3))).problems.num_rows == 0
    others = [*said, {"name": "丙丙"}]
    assert tables(meeting(0, parties=NAMED, **{key: others})).problems["reason"].to_pylist() == ["unread_parties"]


@pytest.mark.parametrize(
    "more",
    [
        {"thirdParties": [{"name": "腾讯"}], "counterparty": "腾讯", "thirdPartyList": ["腾讯"], "partyMode": ["a"]},
        {"party": "A座", "partyType": "web", "partyInfo": {"type": "web"}, "partyInfos": [], "partyList": None},
        {"parties2": 5, "partyIds": [5, 6], "department": [{"name": "销售部"}], "partyList": "", "webParties": {}},
        {"userListVersion": 3, "userId": "w1", "userName": "王", "人员数": 5, "操作人员": "王五", "人员上限": 300},
        {"logs": [{"time": "2026-01-05 10:00:00", "event": "x"}], "tags": [["a", "b"], ["c"]]},
        {"room": {"createdAt": "2025-01-05 10:00:00", "updatedAt": "2025-01-05 11:00:00"}},
    ],
)
def test_what_is_nobody_and_no_sitting_is_quiet(more: dict[str, Any]) -> None:
    answer = read_answer(json.dumps({"statusCode": "0", "data": [meeting(0, **more), meeting(1)]}).encode())
    assert answer.warnings == ()
    assert merge_answers([answer]).problems.num_rows == 0


@pytest.mark.parametrize(
    "more",
    [
        {"runs": [{"begin": f"2026-01-{day:02} 10:00:00", "finish": f"2026-01-{day:02} 11:00:00"} for day in (5, 12)]},
        {"runs": [[f"2026-01-{day:02} 10:00:00", f"2026-01-{day:02} 11:00:00"] for day in (5, 12)]},
        {"x": {"runs": [[1767578400, 1767582000], [1768183200, 1768186800]]}},
        {
            "cdrs": [{"called": "+12125550100", "answer_at": "2026-01-05 10:01:00", "hangup_at": "2026-01-05 10:21:00"}]
            * 2
        },
    ],
)
def test_sittings_in_words_nobody_knows_are_told(more: dict[str, Any]) -> None:
    """A room with three weeks in it was one meeting, and nothing said so."""
    given: tuple[dict[str, Any], ...] = ({}, {"parties": []})
    for parties in given:
        answer = read_answer(json.dumps({"statusCode": "0", "data": [meeting(0, **more, **parties)]}).encode())
        assert any("2 objects inside records" in warning.en for warning in answer.warnings)
        assert len(answer.records) == 1


GUESTS = [{"phone": f"1540000000{i}", "name": "客人", **TIMES} for i in (1, 2)]
NODES = [{"node": one} for one in GUESTS]


@pytest.mark.parametrize("n", [1, 20])
@pytest.mark.parametrize(
    ("parties", "beside", "is_part"),
    [
        ({"hasMore": True, "list": GUESTS}, {}, True),
        ({"total": 50, "list": GUESTS}, {}, True),
        ({"items": GUESTS, "nextPageToken": "abc"}, {}, True),
        ({"edges": NODES, "totalCount": 50, "pageInfo": {"hasNextPage": False}}, {}, True),
        ({"edges": NODES, "pageInfo": {"hasNextPage": True, "endCursor": "y"}}, {}, True),
        (GUESTS, {"participantCount": 50}, True),
        (GUESTS, {"hasMoreParticipants": True}, True),
        ({"hasMore": False, "total": 2, "list": GUESTS}, {}, False),
        ({"edges": NODES, "pageInfo": {"hasNextPage": False, "endCursor": "y"}, "totalCount": 2}, {}, False),
        ({"list": GUESTS, "_links": {"self": {"href": "/m/1/participants"}}}, {}, False),
        ({"list": GUESTS, "total": 1, "limit": 100}, {}, False),
        (GUESTS, {"participantCount": 2, "hasMoreParticipants": False, "maxParticipants": 100}, False),
        *(
            (GUESTS, {key: 50}, True)
            for key in words(
                "成员数 成员总数 成员数量 参会人数 参会总人数 实际参会人数 参会人员总数 参会方数 与会人数 实到人数 memberCnt"
                " numberOfMembers numOfParticipants totalMemberCount membersTotal"
            )
        ),
        *(
            (GUESTS, {key: said}, True)
            for key in words(
                "membersTruncated membersHasMore participants_has_more usersIncomplete memberListTruncated 成员已截断"
                " 参会人列表已截断 成员有更多 membersMoreFlag moreMembersFlag"
            )
            for said in (True, "Y")
        ),
        # a number of JSON, of a unit, and of a list by its Chinese name
        *(
            (GUESTS, {key: 1}, True)
            for key in words(
                "hasMoreParticipants hasMoreParties moreMembers 还有更多成员 是否有更多成员 membersHasMore membersTruncated"
                " partyMoreFlag 成员已截断"
            )
        ),
        *(
            (GUESTS, {key: said}, True)
            for key in ("memberCount", "参会人数")
            for said in ("50人", "50 人", "50名", 50.0)
        ),
        *((GUESTS, {key: True}, True) for key in words("partyHasMore partyTruncated memberHasMore userIsTruncated")),
        *((GUESTS, {key: "是"}, True) for key in words("名单已截断 名单有更多 参会名单被截断 还有成员 还有其他成员")),
        *(
            (GUESTS, {key: 50}, True)
            for key in words("numParties nParticipants nbMembers partyListTotal memberListCount")
        ),
        *((GUESTS, {key: 50}, True) for key in words("名单总数 名单人数 参会名单总数 成员列表总数")),
        *(
            (GUESTS, {key: said}, False)
            for key in ("memberCount", "参会人数")
            for said in ("2人", "2.0", 2.0, "2 位", "50人次")
        ),
        *(
            (GUESTS, {key: 0}, False)
            for key in words("hasMoreParticipants moreMembers 还有更多成员 partyHasMore 名单已截断")
        ),
        (
            GUESTS,
            {"numParties": 2, "名单总数": 2, "名单有更多": "否", "名单完整": "是", "partyTruncated": False},
            False,
        ),
        (
            GUESTS,
            {
                "名单": "有",
                "名单编号": 50,
                "邀请名单总数": 50,
                "白名单": True,
                "userMore": "更多",
                "partyMode": 1,
                "partyNum": 2,
            },
            False,
        ),
        (GUESTS, {"userIncomplete": True, "memberNext": 1, "userEnd": 0, "nUserId": 50, "numberParty": "A1"}, False),
        *((GUESTS, {key: False}, True) for key in ("成员是否完整", "membersComplete", "成员名单是否完整")),
        *((GUESTS, {key: 0}, True) for key in ("成员是否完整", "membersComplete", "membersIsLastPage")),
        *((GUESTS, {"membersComplete": said}, True) for said in ("0", 0.0)),
        *(
            (GUESTS, {key: 0}, False)
            for key in ("membersNextPage", "membersRemaining", "membersNextOffset", "成员剩余")
        ),
        *((GUESTS, {"membersNextPage": said}, True) for said in (2, "/m/1/members?page=2")),
        *((GUESTS, {key: 2}, False) for key in ("成员数", "成员总数", "参会人数", "membersTotal", "membersPage")),
        *((GUESTS, {key: False}, False) for key in ("membersTruncated", "membersHasMore", "成员已截断", "usersOnline")),
        (
            GUESTS,
            {"membersNextPage": None, "membersComplete": True, "成员是否完整": "是", "membersTotalPages": 1},
            False,
        ),
        (
            GUESTS,
            {"邀请人数": 50, "应到人数": 50, "预计参会人数": 50, "最大成员数": 50, "参会人次": 50, "会议室人数": 50},
            False,
        ),
        (GUESTS, {"attendeeCount": 50, "memberLimit": 50, "memberNumber": 8001, "maxMembers": 50, "userId": 50}, False),
        (
            GUESTS,
            {"usersRemaining": 1, "membersLeft": 1, "participantsRest": 1, "memberEnd": False, "成员类型": 3},
            False,
        ),
        (GUESTS, {"membersOnly": True, "usersNextMeeting": "周会", "参会状态": 1, "成员备注": "更多"}, False),
    ],
)
def test_parties_of_which_there_are_more_are_told(parties: Any, beside: dict[str, Any], is_part: bool, n: int) -> None:
    found = tables(*[{**meeting(i, parties=parties), **beside} for i in range(n)])
    assert found.legs.num_rows == 2 * n
    assert found.problems["reason"].to_pylist() == ["more_parties"] * (n * is_part)


def test_a_number_beside_parties_is_told_as_it_was_written() -> None:
    """In bulk `0E-38` was told of every meeting, one by one nothing."""
    alike = tables(*[meeting(i, parties=GUESTS, membersComplete=0, memberCount=50) for i in range(40)])
    odd = tables(*[meeting(i, parties=GUESTS, membersComplete=0, memberCount=50, **{f"k{i}": i}) for i in range(40)])
    assert alike.problems["raw_value"].to_pylist() == odd.problems["raw_value"].to_pylist()
    assert set(alike.problems["raw_value"].to_pylist()) == {"membersComplete: 0", "memberCount: 50"}


def test_who_stands_beside_a_list_of_parties_is_told_whatever_its_key() -> None:
    for more in ({"nextSpeaker": "李四"}, {"next": "15400000009"}, {"page": {"host": "李四"}}):
        assert tables(meeting(0, parties={"list": GUESTS, **more})).problems["reason"].to_pylist() == ["unread_parties"]


def test_who_a_party_is_may_stand_in_an_object_beside_its_times() -> None:
    who = {"phone": "15400000001", "name": "甲"}
    found = tables(*[meeting(i, parties=[{"user": who, **TIMES}]) for i in range(9)])
    assert found.problems.num_rows == 0
    assert found.legs.select(["phone", "name"]).to_pylist() == [who] * 9
    assert found.legs["left_at"].null_count == 0
    inviter = tables(meeting(0, parties=[{"inviter": who, **TIMES}]))
    assert inviter.legs["phone"].to_pylist() == [None]
    assert inviter.problems["reason"].to_pylist()[0] == "not_a_party"


LINES = ["075588880000", "02066667777"]


@pytest.mark.parametrize(
    "key", ["called", "callees", "calledList", "被叫", "被叫号码", "号码列表", "phones", "attendees", "参会人"]
)
@pytest.mark.parametrize(
    "value",
    [
        ",".join(LINES), "、".join(LINES), "0755-88880000; 020-66667777", f"王芳 {LINES[0]},李雷 {LINES[1]}",
        {"王芳": LINES[0], "李雷": LINES[1]}, [{"called": one, "t": "2026-03-06 09:02:00"} for one in LINES],
    ],
)  # fmt: skip
def test_fixed_lines_under_a_name_nobody_knows_are_told(key: str, value: Any) -> None:
    check({key: value}, [key, "0755"])


@pytest.mark.parametrize(("key", "value"), [(LINES[1], LINES[0]), (f"李雷 {LINES[1]}", f"王芳{LINES[0]}")])
def test_a_fixed_line_under_another_is_told_beside_others(key: str, value: str) -> None:
    """Two numbers are two people, be one of them the key and the value short."""
    for n in (6, 1):
        more = {"guests": "张三 15400000008; 李四 15400000009", key: value}
        told = tables(*(meeting(i, **(more if i < n else {})) for i in range(6))).problems["raw_value"].to_pylist()
        assert told.count(f"{key}: {value}") == n


@pytest.mark.parametrize("key", ["guests", "嘉宾", "others"])
@pytest.mark.parametrize(
    "text",
    [
        "张三 15400000008; 李四 15400000009",
        "张三(15400000008)、李四(+86 154-0000-0009)",
        "王芳15400000008/李雷 02066667777",
    ],
)
def test_mobiles_behind_names_are_told(key: str, text: str) -> None:
    check({key: text}, [key, "154"])


@pytest.mark.parametrize(
    "more",
    [
        {"files": [f"https://x/r/{one}.wav?to={one}" for one in ("15400000008", "15400000009")]},
        {"names": "rec-15400000008-1.mp3; rec-15400000009-1.mp3"},
        {"accessNumbers": ",".join(LINES)}, {"dialIn": {"beijing": LINES[0], "gz": LINES[1]}}, {"info": {"accessNumbers": LINES}},
        {"hotline": "; ".join(LINES)}, {"office": LINES[0]}, {"codes": "2026010512,2026010513"},
        {"tip": f"请在会议开始前拨打 {LINES[0]}，或者如果无法接通请改拨 {LINES[1]}，随后输入会议密码并按井号键进入会议"},
        {"备注": " ".join(LINES)}, {"orderNo": "0000755888", "seq": {"a": "075588", "b": "020666"}},
    ],
)  # fmt: skip
def test_fixed_lines_that_one_calls_are_not(more: dict[str, Any]) -> None:
    for n in (6, 1):
        assert tables(*(meeting(i, **(more if i < n else {})) for i in range(6))).problems.num_rows == 0


def test_fixed_lines_of_those_who_are_listed_are_not_told_again() -> None:
    parties = [{**P, "phone": one} for one in LINES]
    assert tables(meeting(0, parties=parties, called=", ".join(LINES))).problems.num_rows == 0


@pytest.mark.parametrize("key", ["creator", "host", "caller", "发起人", "chairman"])
def test_when_the_creator_came_and_went_is_told(key: str) -> None:
    """`host: {phone, jointime}` gave the creator's number, and the sitting was nowhere."""
    host = {"phone": "15400000009", **TIMES}
    first = {one: said for one, said in meeting(0).items() if one != "creator"}
    for n in (1, 6):
        found = tables(*({**first, "meid": f"m{i}", key: host} for i in range(n)))
        assert [one["reason"] for one in found.problems.to_pylist()] == ["unread_parties"] * n
        assert all(one["raw_value"] == f"{key}: {json.dumps(host)}" for one in found.problems.to_pylist())


def test_a_creator_who_is_listed_with_the_same_times_is_not_told_again() -> None:
    host = {"phone": "15400000002", **TIMES, "createTime": "2026-01-01 10:00:00"}
    assert tables(meeting(0, creator=host, parties=[{**P, "createTime": "2026-01-01 10:00:00"}])).problems.num_rows == 0
    assert tables(meeting(0, creator={"phone": "15400000002", "time": "2026-01-01 10:00:00"})).problems.num_rows == 0


OTHER = {"meid": "20260101090000000077", "starttime": "2026-01-01 10:00:00", "endtime": "2026-01-01 11:00:00"}


@pytest.mark.parametrize("phone", ["15400000001", "15400000020"])
@pytest.mark.parametrize(
    "around",
    [
        lambda one: {"previous": one},
        lambda one: {"previous": {**one, "creator": "15400000001"}},
        lambda one: {"session": {"confid" if key == "meid" else key: said for key, said in one.items()}},
        lambda one: {"sessions": {one["meid"]: one}},
        lambda one: {one["meid"]: one},
        lambda one: {"body": {**one, "attendees": [P]}},
        lambda one: {"body": {"meid": one["meid"], "t1": one["starttime"], "attendees": [P]}},
        lambda one: {"text": json.dumps(one)},
    ],
)
def test_another_meeting_that_has_a_phone_is_told(around: Any, phone: str) -> None:
    """It was no record, as it has a phone, and no party, as it has an id: the month was PROVEN without it."""
    check(around({**OTHER, "meetingname": "周会", "phone": phone}), ["15400000"])


@pytest.mark.parametrize("phone", ["", None, "-", 0, [], "154****0020", "anonymous", "未知"])
def test_another_meeting_whose_phone_says_none_is_told(phone: Any) -> None:
    """The key of a phone alone kept it from being a record, and its value from being a party."""
    one = {**OTHER, "meetingname": "周会", "phone": phone}
    for around in ({"previous": one}, {"sessions": {one["meid"]: one}}, {"previous": [one]}):
        check(around, [OTHER["meid"]])
    assert tables(meeting(0, previous={"meid": OTHER["meid"], "phone": phone})).problems.num_rows == 0


@pytest.mark.parametrize(
    "more",
    [
        {"dialIn": {"confId": "123456", "phone": "01065527788", "pin": "1234"}},
        {
            "room": {
                "confid": "8001",
                "name": "第一会议室",
                "phone": "075588880000",
                "contact": {"mobile": "15400000030"},
            }
        },
        {"template": {"meetingId": "T1", "title": "模板", "owner": "15400000030"}},
        {"series": {"meetingId": "S1", "name": "周会", "creator": "15400000030", "members": 5}},
        {"parent": {"meetingId": OTHER["meid"], "phone": "15400000001"}},
        {"previous": {"meid": OTHER["meid"], "creator": "15400000030", "contact": {"phone": "15400000031"}}},
    ],
)
def test_a_room_that_has_a_phone_and_a_meeting_that_is_only_named_are_not(more: dict[str, Any]) -> None:
    for n in (6, 1):
        assert tables(*(meeting(i, **(more if i < n else {})) for i in range(6))).problems.num_rows == 0
