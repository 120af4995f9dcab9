"""Objects beside the list that are about its meetings, may be others, or are whole meetings under any key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.records.side_lists import MEETINGS, OWN, PERIOD, ROOM, WithData, ids, meeting, rows_of
from ytxdata.records.answer import read_answer
from ytxdata.records.merge import merge_answers

THIN = ("meid", "meetingname", "starttime")


@pytest.mark.parametrize("key", ["users", "members", "participants", "parties"])
@pytest.mark.parametrize("is_thin", [True, False])
def test_meetings_under_a_key_of_parties_beside_the_list_are_read(
    answer_with: WithData, key: str, is_thin: bool
) -> None:
    """Whole meetings passed for parties that belong to nobody."""
    own = [{name: one[name] for name in THIN} if is_thin else one for one in MEETINGS]
    person = {"name": "张三", "phone": "15400000001"}
    forms: list[Any] = [
        [{**person, "meetings": own[2:3]}, {**person, "meetings": own[3:]}],
        [{**person, "current": one} for one in own[2:]],
        [{**person, "history": json.dumps(own[2:])}, person],
        own[2:],
        [{**person, "meid": "m1", "starttime": MEETINGS[0]["starttime"]}, *own[2:]],
        {"items": [{**person, "last": own[2:]}]},
        {"u1": {**person, "meetings": own[2:]}},
    ]
    for listed in forms:
        for data in ({"list": MEETINGS[:2], key: listed}, {key: listed, "rows": MEETINGS[:2]}):
            assert sorted(ids(answer_with(json.dumps(data, ensure_ascii=False)))) == OWN, listed


def test_a_room_that_met_again_under_a_key_of_parties_is_read(answer_with: WithData) -> None:
    again = [{"name": "张三", "phone": "15400000001", "last": {"meid": "8001", "starttime": "2026-03-20 10:00:00"}}]
    assert ids(answer_with(json.dumps({"list": ROOM, "users": again}))) == ["8001"] * 4


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        ("attendance", rows_of(*MEETINGS, name="王芳")),
        ("fees", [{"meid": one["meid"], "duration": 3600} for one in MEETINGS]),
        (
            "recordings",
            [{"meid": one["meid"], "starttime": f"{one['starttime'][:-2]}09", "url": "x"} for one in MEETINGS],
        ),
        ("users", [{"name": "王芳", "last": {name: one[name] for name in THIN}} for one in MEETINGS]),
        ("agenda", [{"meid": one["meid"], "endtime": one["endtime"]} for one in MEETINGS]),
        ("attendance", {one["meid"]: [{"name": "王芳", **one["parties"][0]}] for one in MEETINGS}),
        ("attendance", {one["meid"]: one["parties"] for one in MEETINGS}),
    ],
)
def test_rows_about_the_meetings_of_the_list_are_none_and_are_told(answer_with: WithData, key: str, rows: Any) -> None:
    """As records without a start they made a gap of all the past, as rejects they kept it from being proven."""
    listed = [{**one, "duration": 3600} for one in MEETINGS]
    for data in ({"list": listed, key: rows}, {key: rows, "meetings": listed}):
        answer = answer_with(json.dumps(data, ensure_ascii=False))
        assert ids(answer) == OWN
        assert not merge_answers([answer]).problems.num_rows
        assert any(f".{key}" in one.en or f"({key}" in one.en for one in answer.warnings)


@pytest.mark.parametrize(
    ("rows", "n"),
    [
        ([{"meid": "m1", "starttime": "2026-03-01 14:00:00"}], 5),
        ([{"meid": "m1", "starttime": "2026-03-01 14:00:00", "phone": "13900000000"}], 5),
        ([{"meid": "m1", "meetingname": "另一场", "creator": "13900000009"}], 5),
        ([{"meid": "m1", "date": "2026-03-02", "duration": 1200}], 5),
        ([{"meid": "m1", "duration": 720000}], 5),
        ([{**MEETINGS[0]["parties"][0], "meid": "m1", "jointime": "2026-02-28 20:00:00"}], 5),
        ([MEETINGS[0]], 5),
        (rows_of(MEETINGS[0], phone="13900000007"), 5),
        (rows_of(MEETINGS[0], phone="访客甲"), 5),
        (rows_of(MEETINGS[0], phone="1***"), 5),
        ({"m1": [{"begin": "2026-03-01 14:00:00"}]}, 5),
        ({"m1": [{"phone": "13900000007", "jointime": "x", "creator": "13900000000"}]}, 5),
        ({"m9": MEETINGS[1]["parties"]}, 5),
    ],
)
def test_what_says_more_than_the_list_is_no_row_about_it(answer_with: WithData, rows: Any, n: int) -> None:
    for data in ({"list": MEETINGS, "extra": rows}, {"extra": rows, "meetings": MEETINGS}):
        assert len(answer_with(json.dumps(data, ensure_ascii=False)).records) == n


@pytest.mark.parametrize(
    "side",
    [
        {"rooms": [{"roomId": "r1", "roomName": "大会议室", "capacity": 20}]},
        {"departments": [{"deptId": "d1", "deptName": "市场部", "count": 2}]},
        {"dailyStats": [{"day": "2026-11-29", "meetings": 3, "minutes": 60}]},
        {"banners": [{"img": "x", "url": "y", "title": "更多优惠"}]},
        {"orgDepartments": [{"id": 1, "children": [{"id": 2}]}]},
    ],
)
def test_what_has_no_sign_of_a_meeting_beside_meetings_is_told_and_no_reject(side: dict[str, Any]) -> None:
    (key,) = side
    for body in (
        {"data": {"list": MEETINGS, **side}},
        {"data": MEETINGS, **side},
        {"data": {"rows": MEETINGS, "x": side}},
    ):
        answer = read_answer(json.dumps({"statusCode": "0", **body}, ensure_ascii=False).encode())
        assert ids(answer) == OWN
        assert [one for one in answer.warnings if "no sign of a meeting" in one.en and key in one.en], body
    listed = json.dumps({"statusCode": "0", "data": {"list": [{"会": 1, "begin": "2026-03-01 10:00"}], **side}})
    assert "no sign" not in str(read_answer(listed.encode()).warnings)


@pytest.mark.parametrize(
    "odd",
    [
        {"subject": "周会", "when": "2026-03-01"},
        {"confName": "周会", "startDate": "20260301", "duration": 1200},
        {"meid": None, "meetingname": "周会", "duration": "1200", "status": "已结束", "oriamount": "0.3"},
        {"会议名称": "周会", "日期": "2026年3月1日", "时长": "20分钟", "人数": 3},
        {"title": "周会", "organizer": {"name": "王芳"}, "people": 4, "at": "9am"},
    ],
)
def test_a_meeting_that_says_no_more_than_its_day_is_a_reject(answer_with: WithData, odd: dict[str, Any]) -> None:
    """In lists that nothing says are of another thing; in rooms and departments it would have been told alone."""
    for key in ("old", "extra", "items"):
        answer = answer_with(json.dumps({"list": MEETINGS, key: [odd]}, ensure_ascii=False))
        assert merge_answers([answer]).counts[:4] == (5, 4, 1, 0)


@pytest.mark.parametrize(
    "odd",
    [{"hyh": "20260301000000001"}, {"n": 8001, "begin": "10:00"}, {"t": 1772294400}, {"convenor": 1, "creator": "1"}],
)
def test_one_with_a_sign_of_a_meeting_makes_rejects_of_its_list(answer_with: WithData, odd: dict[str, Any]) -> None:
    answer = answer_with(json.dumps({"list": MEETINGS, "extra": [{"a": 1}, odd]}))
    assert merge_answers([answer]).counts[:4] == (6, 4, 2, 0)


def counts_of(data: Any) -> tuple[int, ...]:
    answer = read_answer(json.dumps({"statusCode": "0", "data": data}, ensure_ascii=False).encode())
    return merge_answers([answer]).counts[:4]


WITHOUT_ID = {key: one for key, one in meeting(9).items() if key != "meid"}
SAYS_WHEN = {"meetingname": "会", "starttime": "2026-03-09 10:00:17", "endtime": "2026-03-09 11:00:41"}
THOUGHTLESS = {"subject": "周会", "begin": "2026-03-09 10:00:17", "len": "20 min", "who": "王芳"}
ANY_KEY = (
    "page",
    "query",
    "request",
    "filters",
    "params",
    "current",
    "lastMeeting",
    "running",
    "upcoming",
    "rooms",
    "anything",
)


@pytest.mark.parametrize("key", ANY_KEY)
@pytest.mark.parametrize("form", ["beside", "deeper", "text", "beside data"])
def test_a_whole_meeting_without_its_id_is_a_reject_under_any_key(key: str, form: str) -> None:
    """Under `page` and `current` it was envelope, without a word, and its time PROVEN."""
    for one in (WITHOUT_ID, SAYS_WHEN, {**WITHOUT_ID, "meid": None}, *([THOUGHTLESS] if key in ANY_KEY[5:9] else [])):
        side = {key: json.dumps(one) if form == "text" else one}
        data: dict[str, Any] = {"list": MEETINGS, **({"extra": side} if form == "deeper" else side)}
        if form == "beside data":
            answer = read_answer(json.dumps({"statusCode": "0", "data": MEETINGS, **side}).encode())
            assert merge_answers([answer]).counts[:4] == (5, 4, 1, 0), one
        elif not (form == "text" and key in ("page", "query", "request", "filters", "params")):
            assert counts_of(data) == (5, 4, 1, 0), one


@pytest.mark.parametrize(
    "said",
    [
        {"query": {"starttime": "2026-03-01 10:15", "endtime": "2026-03-31 23:59:59", "meetingcount": 20}},
        {"query": {"meetingname": "周会", "starttime": "2026-03-01 10:00:00", "endtime": "2026-03-01 12:00:00"}},
        {"params": {"creator": "13900000000", "members": ["13900000001"], **PERIOD}},
        {"account": {"name": "某公司", "starttime": "2026-01-01 00:00:00", "endtime": "2026-12-31 23:59:59"}},
        {"package": {"name": "套餐", "startTime": "2026-01-01 10:23:11", "endTime": "2027-01-01 10:23:11"}},
        {"server": {"name": "api-3", "startTime": "2026-03-01 03:12:44", "version": "2.1"}},
        {"page": {"pageNum": 1, "pageSize": 20, "startTime": "2026-03-01 00:00:00"}},
    ],
    ids=str,
)
def test_a_question_an_account_and_a_server_are_no_meetings(said: dict[str, Any]) -> None:
    answer = read_answer(json.dumps({"statusCode": "0", "data": {"list": MEETINGS, **said}}).encode())
    assert (ids(answer), answer.warnings, answer.unsure) == (OWN, (), ())


@pytest.mark.parametrize("key", ["users", "members", "participants", "parties"])
@pytest.mark.parametrize("one", [WITHOUT_ID, {**WITHOUT_ID, "id": "m9"}, SAYS_WHEN], ids=["whole", "id", "when"])
def test_a_whole_meeting_without_its_id_under_a_key_of_parties_is_a_reject(key: str, one: dict[str, Any]) -> None:
    """Only told as parties that belong to nobody, it went, and its time was PROVEN."""
    person = {"name": "张三", "phone": "15400000001"}
    forms: list[Any] = [[one], [person, one], [{**person, "meetings": [one]}], [{**person, "last": one}]]
    forms += [[{**person, "meetings": [one]}, {**person, "meetings": [meeting(8)]}]]
    for listed in forms:
        received, _, rejected, _ = counts_of({"list": MEETINGS, key: listed})
        assert (received, rejected) == (5 + (listed is forms[-1]), 1), listed
    people = [{**person, "starttime": "2026-03-01 10:00:00"}, {"name": "李四", **PERIOD}, {"name": "王五", "joined": 1}]
    assert counts_of({"list": MEETINGS, key: people}) == (4, 4, 0, 0)


def test_a_whole_meeting_among_the_parties_of_another_is_none_of_them(answer_with: WithData) -> None:
    outer = meeting(1)
    called = {**outer["parties"][0], "meetingname": outer["meetingname"]}
    assert not merge_answers([answer_with(json.dumps([{**outer, "parties": [called]}] * 2))]).problems.num_rows
    held = {"name": "甲", "phone": "13900000001", "meetings": [{**SAYS_WHEN, "meetingname": "例会"}]}
    told = merge_answers([answer_with(json.dumps([{**outer, "parties": [held]}]))]).problems
    assert "several_meetings" in told["reason"].to_pylist()
    for one, n_rejected in ((WITHOUT_ID, 1), ({**SAYS_WHEN, "meetingname": "例会"}, 0)):
        answer = answer_with(json.dumps([{**outer, "parties": [*outer["parties"], one]}, meeting(2)]))
        found = merge_answers([answer])
        assert found.counts[2] == n_rejected
        assert found.legs.num_rows == (3 - n_rejected)
        assert n_rejected or "several_meetings" in found.problems["reason"].to_pylist()


@pytest.mark.parametrize(
    ("row", "is_another"),
    [
        ({"meid": "m9", "creator": "13900000000", "duration": 3600}, True),
        ({"meid": "m9", "meetingname": "会", "duration": 3600, "status": "9"}, True),
        ({"meid": "m9", "createtime": "2026-03-09 10:00:00"}, True),
        ({"meid": "m9", "when": "2026-03-09 10:00:00"}, True),
        ({"meid": "m9", "oriamount": "0.3"}, True),
        ({"meid": "m1", "when": "2026-03-01 01:00:00"}, True),
        ({"meid": "m1", "day": "2026-02-20", "begin": "09:30"}, True),
        ({"meid": "m1", "日期": "2月20日", "时间": "9点30分"}, True),
        ({"meid": "m1", "sessionId": "s2"}, True),
        ({"meid": "m9"}, False),
        ({"meid": "m9", "meetingname": "会", "url": "x"}, False),
        ({"meid": "m1", "when": "2026-03-01 10:20:00"}, False),
        ({"meid": "m1", "日期": "3月1日", "n": 3}, False),
        ({"meid": "m1", "uploadTime": "2026-03-03 10:00:00", "url": "x"}, False),
    ],
    ids=str,
)
def test_what_names_a_meeting_and_says_what_none_of_the_list_does_may_be_another(
    row: dict[str, Any], *, is_another: bool
) -> None:
    """Told as what only names a meeting, it was none, and its time PROVEN."""
    for body in ({"data": {"list": MEETINGS, "old": [row]}}, {"data": MEETINGS, "old": [row]}):
        answer = read_answer(json.dumps({"statusCode": "0", **body}, ensure_ascii=False).encode())
        assert ids(answer) == OWN
        assert (len(answer.unsure), len(answer.warnings)) == (is_another, 1)
        assert is_another == ("may be some" in answer.warnings[0].en)


@pytest.mark.parametrize("key", ["deleted", "cancelledMeetings"])
def test_what_is_deleted_is_not_taken_for_another_meeting(key: str) -> None:
    gone = [{"meid": "m9", "creator": "13900000000", "status": "9"}]
    assert read_answer(json.dumps({"data": {"list": MEETINGS, key: gone}}).encode()).unsure == ()


@pytest.mark.parametrize(
    "rows",
    [
        rows_of(*MEETINGS, phone="+8613900000000"),
        rows_of(*MEETINGS, phone="139 0000-0000"),
        [{"meid": one["meid"], "name": "王芳", "phone": "139****0000"} for one in MEETINGS],
        rows_of(*MEETINGS, phone="139****0000"),
        [{"meid": "m1", "phone": "13900000009", "sentTime": "2026-02-27 10:00:00"}],
        [{"meid": "m1", "title": "纪要", "author": "张三", "updateTime": "2026-03-04 10:00:00"}],
    ],
    ids=str,
)
def test_rows_in_another_spelling_of_who_did_not_come_and_documents_are_told_alone(rows: Any) -> None:
    """As records without a start they made a gap of all the past."""
    answer = read_answer(json.dumps({"data": {"list": MEETINGS, "attendance": rows}}, ensure_ascii=False).encode())
    assert (ids(answer), answer.unsure, len(answer.warnings)) == (OWN, (), 1)
    assert not merge_answers([answer]).problems.num_rows


@pytest.mark.parametrize("place", [0, 2])
def test_one_meeting_among_rows_about_others_leaves_these_what_they_are(place: int) -> None:
    rows: list[Any] = rows_of(*MEETINGS)
    rows.insert(place, meeting(9))
    assert counts_of({"list": MEETINGS, "attendance": rows}) == (5, 5, 0, 0)


OF_OTHERS: list[dict[str, Any]] = [
    {"rooms": [{"roomId": "r1", "roomName": "大会议室", "accessNumber": "4008101010"}]},
    {"rooms": [{"roomId": "r1", "roomName": "大会议室", "owner": "13900000001"}]},
    {"departments": [{"deptId": "d1", "deptName": "市场部", "manager": "张三", "phone": "02188888888"}]},
    {"banners": [{"title": "优惠", "startTime": "2026-03-01 00:00:00", "endTime": "2026-03-31 23:59:59", "img": "x"}]},
    {"announcements": [{"id": 1, "title": "系统维护", "publishTime": "2026-03-20 10:00:00"}]},
    {"maintenance": [{"startTime": "2026-04-01 02:00:00", "endTime": "2026-04-01 04:00:00", "desc": "系统维护"}]},
    {"rates": [{"type": "local", "price": 0.05, "effectiveTime": "2026-01-01 00:00:00"}]},
    {"hourly": [{"hour": "2026-03-20 10:00:00", "count": 3, "minutes": 60}]},
    {"devices": [{"sn": "A1", "lastSeen": "2026-03-20 10:00:00"}]},
    {"bills": [{"billNo": "B20260301", "amount": "12.5", "createTime": "2026-03-20 10:00:00"}]},
    {"series": [{"seriesId": "s1", "title": "周会", "rule": "WEEKLY", "startTime": "09:00", "endTime": "10:00"}]},
]


@pytest.mark.parametrize("side", OF_OTHERS, ids=str)
def test_lists_of_other_things_are_told_and_no_rejects(side: dict[str, Any]) -> None:
    """One reject, and nothing of the account was ever PROVEN."""
    answer = read_answer(json.dumps({"data": {"list": MEETINGS, **side}}, ensure_ascii=False).encode())
    assert (ids(answer), answer.unsure) == (OWN, ())
    assert any("no sign of a meeting" in one.en for one in answer.warnings)


@pytest.mark.parametrize("key", ["rooms", "departments", "banners", "bills", "devices"])
@pytest.mark.parametrize(
    "one",
    [
        WITHOUT_ID,
        SAYS_WHEN,
        {"name": "x", "z": {"y": [WITHOUT_ID]}},
        {"name": "x", "current": SAYS_WHEN},
        {"hyh": "2026030908550012345", "creator": "13900000000"},
        {"roomNo": "9", "begin": "2026-03-09 10:00:00"},
        {"topic": "周会", "creator": "13900000000"},
    ],
    ids=str,
)
def test_a_meeting_in_a_list_of_other_things_is_a_reject(key: str, one: dict[str, Any]) -> None:
    listed = [{**one, "meid": f"2026030{i}08550012345"} for i, one in enumerate(MEETINGS, 1)]
    assert counts_of({"list": listed, key: [one]}) == (5, 4, 1, 0)


def test_what_holds_a_meeting_without_its_id_is_one_reject(answer_with: WithData) -> None:
    answer = answer_with(json.dumps({"list": MEETINGS, "extra": [{"z": {"y": [WITHOUT_ID]}}]}))
    assert merge_answers([answer]).counts[:4] == (5, 4, 1, 0)
