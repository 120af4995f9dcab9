"""What an answer lists beside its meetings: it makes no meetings of ids alone, takes none from a room, and tells."""

from __future__ import annotations

import json
from itertools import cycle
from typing import Any

import pytest

from tests.records.side_lists import MEETINGS, OLD, OWN, PERIOD, ROOM, WithData, ids, meeting, rows_of
from ytxdata.records.answer import read_answer
from ytxdata.records.merge import merge_answers

SIDE: list[tuple[str, Any]] = [
    ("recordings", [{**OLD, "url": "http://x"}, {**OLD, "duration": 3600, "createtime": "2026-03-01 10:00:00"}]),
    ("pinned", [{**OLD, "meetingname": "周会"}]),
    ("invoices", [{**OLD, "oriamount": "12.5", "creator": "13900000001"}]),
    ("failed", [{**OLD, "message": "detail not available"}]),
    ("current", OLD),
    ("favourites", {"items": [OLD], "n": 1}),
    ("recordings", json.dumps([{**OLD, "url": "http://x"}])),
]


@pytest.mark.parametrize(("key", "side"), SIDE)
def test_what_only_names_a_meeting_beside_the_list_is_none_and_is_told(key: str, side: Any) -> None:
    head = {"statusCode": "0", "statusMsg": "ok"}
    bodies: list[dict[str, Any]] = [
        {**head, "data": {"list": MEETINGS, key: side}},
        {**head, "data": {key: side, "rows": MEETINGS}},
        {**head, "data": json.dumps({"list": MEETINGS, key: side})},
        {**head, "data": MEETINGS, key: side},
        {**head, "data": {"result": {"list": MEETINGS}, key: side}},
    ]
    for body in bodies:
        answer = read_answer(json.dumps(body, ensure_ascii=False).encode())
        assert ids(answer) == OWN, body
        assert [one for one in answer.warnings if "only name a meeting" in one.en and f".{key}" in one.en], body


@pytest.mark.parametrize(
    ("side", "n"),
    [
        ({"running": ["2026030408550012345", "2026030508550012345"]}, 2),
        ({"meetingIds": ["2026030108550012345", "2026030508550012345"]}, 1),
        ({"failed": [2026030408550012345]}, 1),
        ({"meetingIds": ["2026030108550012345"]}, 0),
        ({"members": ["13900000001"], "pages": [1, 2, 3], "hosts": ["01065520000"]}, 0),
        ({"requestIds": ["2026030508550012345", "abc"]}, 0),
        ({"missingMeetings": ["2026030508550012345"], "failedIds": ["2026030408550012345"]}, 2),
        ({"deptIds": ["2026030508550012345"], "buildings": ["2026030508550012345"]}, 0),
    ],
    ids=str,
)
@pytest.mark.parametrize("form", ["inside", "beside"])
def test_ids_alone_of_meetings_that_are_not_listed_are_told(side: dict[str, Any], n: int, form: str) -> None:
    listed = [{**meeting(i), "meid": f"2026030{i}08550012345"} for i in (1, 2, 3)]
    body = {"data": {"list": listed, **side}} if form == "inside" else {"data": listed, **side}
    answer = read_answer(json.dumps({"statusCode": "0", **body}).encode())
    assert len(ids(answer)) == 3
    named = [one.en for one in answer.warnings if "only name a meeting" in one.en]
    assert [int(one.split(" ")[0]) for one in named] == [n] * bool(n)


@pytest.mark.parametrize(
    ("own", "key", "listed"),
    [
        ("9001", "meetingMinutes", [1200, 3400]),
        ("9001", "configValues", [1200]),
        ("9001", "schemeIds", ["1200"]),
        ("9001", "confYears", [2025, 2026]),
        ("1767225600001", "updated", [1772640000000, 1772726400000]),
        ("20260305100000", "range", ["20260301000000", "20260401000000"]),
    ],
)
def test_numbers_in_the_form_of_an_id_are_no_meetings(own: str, key: str, listed: list[Any]) -> None:
    told, quiet = (
        read_answer(json.dumps({"statusCode": "0", "data": {"list": [meeting(1, meid=own)], name: listed}}).encode())
        for name in ("meetingIds", key)
    )
    assert (len(told.warnings), len(quiet.warnings)) == (1, 0)


@pytest.mark.parametrize("key", ["deleted", "cancelledMeetings", "已取消"])
@pytest.mark.parametrize(
    "listed", [[OLD, {"meid": "older", "status": "9", "creator": "13900000001"}], ["old", "older"]]
)
@pytest.mark.parametrize("meetings", [MEETINGS, []])
def test_a_deletion_takes_nothing_from_what_was_read_and_is_told_with_its_number(
    answer_with: WithData, key: str, listed: list[Any], meetings: list[Any]
) -> None:
    answer = answer_with(json.dumps({"list": meetings, key: listed}, ensure_ascii=False))
    assert ids(answer) == [one["meid"] for one in meetings]
    assert any("lists 2 meetings as deleted or cancelled" in one.en for one in answer.warnings)
    before = answer_with(json.dumps([meeting(1, meid="old")], ensure_ascii=False))
    (kept,) = (one for one in merge_answers([before, answer]).meetings.to_pylist() if one["meeting_id"] == "old")
    assert (kept["n_legs"], kept["version"], kept["started_at"] is None) == (1, 1, False)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([OLD, {"meid": "m1"}], ["old", "m1"]),
        ({"list": [OLD], "more": [{"meid": "m1"}]}, ["old", "m1"]),
        ({"list": [OLD], "more": MEETINGS}, ["old", *OWN]),
        ({"ended": MEETINGS, "running": [{**OLD, "starttime": "2026-03-20 10:00:00"}]}, [*OWN, "old"]),
        ({"ended": MEETINGS, "booked": [{**OLD, "booktime": "2026-03-20 10:00:00"}]}, [*OWN, "old"]),
        ({"ended": MEETINGS, "running": [{**OLD, "parties": [{"phone": "13900000000"}]}]}, [*OWN, "old"]),
        ({"ended": MEETINGS, "details": [{**OLD, "detail": {"starttime": "2026-03-20 10:00:00"}}]}, [*OWN, "old"]),
        ({"a": [*MEETINGS, OLD]}, [*OWN, "old"]),
        ({"list": MEETINGS, "amounts": [{"meid": "m1", "oriamount": "3"}]}, OWN),
        ({**{one["meid"]: one for one in MEETINGS}, "old": OLD}, [*OWN, "old"]),
    ],
)
def test_lists_of_meetings_are_all_read(answer_with: WithData, data: Any, expected: list[str]) -> None:
    answer = answer_with(json.dumps(data, ensure_ascii=False))
    assert sorted(ids(answer)) == sorted(expected)
    assert not any("only name" in one.en for one in answer.warnings)


def test_a_part_of_a_meeting_beside_it_still_fills_what_it_lacks(answer_with: WithData) -> None:
    answer = answer_with(json.dumps({"list": MEETINGS, "amounts": [{"meid": "m1", "oriamount": "3"}]}))
    assert str(merge_answers([answer]).meetings["amount_yuan"][0]) == "3.000000000000000000"


@pytest.mark.parametrize("key", ["meetings", "list", "会议列表"])
@pytest.mark.parametrize("place", [0, 1, 9])
def test_a_room_without_meetings_is_no_meeting(answer_with: WithData, key: str, place: int) -> None:
    rooms = [{"confid": f"80{i:02d}", key: [meeting(i)]} for i in range(1, 12)]
    rooms.insert(place, {"confid": "9000", "confname": "二号", key: []})
    answer = answer_with(json.dumps(rooms, ensure_ascii=False))
    assert ids(answer) == [f"m{i}" for i in range(1, 12)]


@pytest.mark.parametrize(
    "data",
    [
        {"confid": "8001", "meetings": ROOM},
        {"confid": "8001", "confname": "一号", "list": ROOM},
        [{"confid": "8001", "meetings": ROOM}],
        {"confid": "8001", "creator": "13900000000", "list": ROOM},
        {"total": 3, "confid": "8001", "records": ROOM},
        {"confid": "8001", "result": {"list": ROOM}},
        {"confid": "8001", "list": [{**one, "parties": []} for one in ROOM]},
    ],
)
def test_the_meetings_of_a_room_are_read_where_it_repeats_its_id(answer_with: WithData, data: Any) -> None:
    answer = answer_with(json.dumps(data, ensure_ascii=False))
    assert ids(answer) == ["8001"] * 3
    assert (answer.is_doubtful, answer.warnings) == (False, ())


def test_parties_that_repeat_the_id_of_their_meeting_stay_its_parties(answer_with: WithData) -> None:
    party = {"meid": "m1", "phone": "13900000001", "starttime": "2026-03-01 10:00:00", "creator": "13900000000"}
    one = {**meeting(1), "parties": [party, party]}
    for data in (one, {key: one[key] for key in ("meid", "meetingname", "parties")}):
        answer = answer_with(json.dumps(data, ensure_ascii=False))
        assert (ids(answer), merge_answers([answer]).legs.num_rows) == (["m1"], 2)


@pytest.mark.parametrize("as_text", [0, 1, 2])
@pytest.mark.parametrize("key", ["parties", "members", "participants", "legs", "callRecords"])
def test_rows_of_parties_beside_the_meetings_are_their_legs(answer_with: WithData, key: str, as_text: int) -> None:
    """As JSON text, sound as it was, the answer was called damaged, and a leg was lost."""
    bare = [{name: one for name, one in meeting.items() if name != "parties"} for meeting in MEETINGS]
    data = json.dumps({"meetings": bare, key: [*rows_of(*MEETINGS, name="王芳"), *rows_of(*MEETINGS, phone="8001")]})
    for _ in range(as_text):
        data = json.dumps(data)
    answer = answer_with(data)
    assert ids(answer) == OWN
    found = merge_answers([answer])
    assert found.meetings["n_legs"].to_pylist() == [2] * 4
    assert sorted(map(str, found.legs["name"].to_pylist())) == ["None"] * 4 + ["王芳"] * 4
    assert not [one for one in answer.warnings if "damaged" in one.en or "belong to none" in one.en]
    assert set(found.problems["reason"].to_pylist()) == {"same_id_again"}


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    "beside",
    [
        {"parties": [{"meid": "m1", "phone": "13900000000"}, {"meid": "m2", "phone": "13900000001"}]},
        {"members": [{"meid": "m1", "phone": "13900000000", "starttime": "2026-03-01 10:00:00"}]},
        {"query": {"meid": "m1", "creator": "13900000000"}},
        {"note": json.dumps({"meid": "m1"})},
    ],
)
def test_what_stands_beside_the_meetings_is_told_as_text_as_it_is_as_object(
    answer_with: WithData, beside: dict[str, Any], as_text: bool
) -> None:
    data: Any = {"list": MEETINGS, **beside}
    answer = answer_with(json.dumps(json.dumps(data) if as_text else data))
    assert ids(answer) == OWN
    assert merge_answers([answer]).legs.num_rows == 4
    (key,) = beside
    told = [one.en for one in answer.warnings]
    assert not [one for one in told if "damaged" in one]
    assert any(key in one for one in told) == (key != "query")


@pytest.mark.parametrize("n", [1, 2])
def test_in_a_text_a_string_of_records_is_still_found(answer_with: WithData, n: int) -> None:
    """What a lost quote left of them, in the envelope of a text that is sound as a whole."""
    data = json.dumps({"list": MEETINGS, "statusMsg": 'ok", "rows": [' + json.dumps(meeting(9)) + "]"})
    for _ in range(n):
        data = json.dumps(data)
    found = merge_answers([answer_with(data)])
    assert "m9" in [*found.meetings["meeting_id"].to_pylist(), *found.rejects["meeting_id"].to_pylist()]


OF_ROOM: list[dict[str, Any]] = [
    {"creator": "13900000000"},
    {"confname": "一号", "creator": "13900000000"},
    PERIOD,
    {"starttime": "2026-03-01 00:00:00", "endtime": "2026-03-31 23:59:59"},
    {"starttime": "2026-03-01", "endtime": "2026-03-31"},
    {"starttime": 1772294400000, "endtime": 1774972800000},
    {"starttime": "2026-02-20 10:15:00", "endtime": "2026-03-20 10:15:00"},
    {"starttime": "2026-03-01 00:00:00"},
    {"creator": "13900000000", **PERIOD},
    {"confname": "一号", "creator": "13900000000", **PERIOD},
    {"createtime": "2025-01-01 08:00:00"},
    {"confname": "一号", "creator": "13900000000", "createtime": "2025-01-01 08:00:00"},
]
NO_ROOM = ("8001", "0", "-", "*", "all", "全部", "", None)


@pytest.mark.slow
@pytest.mark.parametrize("said", [*OF_ROOM, {"duration": 10800}])
@pytest.mark.parametrize("listed", [MEETINGS, ROOM, [{k: v for k, v in one.items() if k != "creator"} for one in ROOM]])
def test_what_is_said_of_a_room_makes_no_meeting_of_it(
    answer_with: WithData, said: dict[str, Any], listed: list[dict[str, Any]]
) -> None:
    """One of 31 days, or three meetings in one empty row, and what it said of other pages was unheard."""
    own = [one["meid"] for one in listed]
    room = {"confid": "8001", **said}
    ways: list[Any] = [{**room, key: listed} for key in ("list", "meetings", "records")]
    ways += [[{**room, "meetings": listed}], {**room, "result": {"list": listed}}]
    for data in (*ways, room | {"records": json.dumps(listed)}):
        answer = answer_with(json.dumps(data))
        assert (sorted(ids(answer)), answer.is_doubtful, answer.warnings) == (own, False, ())
        assert merge_answers([answer]).legs.num_rows == len(own)
    if listed == MEETINGS:
        by_id = {one["meid"]: {key: word for key, word in one.items() if key != "meid"} for one in listed}
        without = [{key: {**one, "meid": nothing} for key, one in by_id.items()} for nothing in (None, "")]
        for entries in (by_id, *without, {one["meid"]: one for one in listed}):
            assert ids(answer_with(json.dumps({**room, "meetings": entries}))) == own
    assert sorted(ids(answer_with(json.dumps({**room, "users": 12, "list": listed})))) == own
    for more in ({"total": 30}, {"hasMore": True}, {"nextPageToken": "abc"}):
        for data in ({**room, **more, "list": listed}, [{**room, **more, "list": listed}]):
            assert answer_with(json.dumps(data)).is_doubtful


@pytest.mark.parametrize("said", OF_ROOM)
@pytest.mark.parametrize("confid", NO_ROOM)
def test_a_question_that_is_repeated_is_no_meeting_whatever_room_it_names(said: dict[str, Any], confid: Any) -> None:
    question = {"confid": confid, **said}
    head = {"statusCode": "0", "statusMsg": "ok"}
    lists: tuple[Any, ...] = (MEETINGS, [], {"rows": []}, None)
    for listed in lists:
        n = len(listed or []) if isinstance(listed, list) else 0
        bodies: list[dict[str, Any]] = [{**head, "data": {**question, "total": n, "list": listed}}]
        if "confname" not in said and "createtime" not in said:
            bodies += [{**head, **question, "total": n, key: listed} for key in ("data", "list")]
        for body in bodies:
            answer = read_answer(json.dumps(body).encode())
            assert (ids(answer), answer.is_doubtful) == ([one["meid"] for one in MEETINGS[:n]], False), body


@pytest.mark.parametrize("said", OF_ROOM)
def test_rooms_without_meetings_are_none_whatever_is_said_of_them(answer_with: WithData, said: dict[str, Any]) -> None:
    empty = [{"confid": f"90{i:02d}", **said, "meetings": []} for i in range(12)]
    nothings = cycle(("[]", "[ ]", "[\n]", "{}", "{ }"))  # Jackson puts a blank into an empty list
    for n in (0, 1, 12):
        rooms = [{"confid": f"80{i:02d}", **said, "meetings": [meeting(i)]} for i in range(1, n + 1)]
        for data in ([*empty, *rooms], [*rooms, *empty], {"rooms": [*rooms, *empty]}):
            text = json.dumps(data).replace("[]", next(nothings))
            assert ids(answer_with(text)) == [f"m{i}" for i in range(1, n + 1)]


TOOK_PLACE: list[dict[str, Any]] = [
    meeting(2, parties=[]) | {"meid": "M0"},
    {"meid": "M0", "starttime": "2026-03-02 10:00:00"},
    {"meid": "M0", "starttime": "2026-03-02 00:00:00", "endtime": "2026-03-02 00:40:00"},
    {"meid": "M0", "booktime": "2026-03-02 10:00:00", "creator": "13900000000"},
    {"meid": "M0", "creator": "13900000000", "parties": [{"phone": "13900000001"}]},
    {"meid": "M0", **PERIOD, "parties": [{"phone": "13900000001"}]},
]


@pytest.mark.parametrize("said", TOOK_PLACE)
@pytest.mark.parametrize("key", ["meetings", "list", "children", "breakouts"])
def test_a_meeting_that_took_place_stays_one_beside_those_in_it(
    answer_with: WithData, said: dict[str, Any], key: str
) -> None:
    for data in ({**said, key: MEETINGS}, [{**said, key: MEETINGS}]):
        assert ids(answer_with(json.dumps(data))) == ["M0", *OWN]
    assert ids(answer_with(json.dumps([{**said, key: []}]))) == ["M0"]


WATCHES: list[dict[str, Any]] = [
    {"starttime": "2026-03-05 08:10:23", "endtime": "2026-03-06 09:02:11", "duration": 89508},
    {"starttime": "2026-03-05 08:10:23", "endtime": "2026-03-06 09:02:11", "duration": "1491"},
    {"starttime": "2026-03-05 08:10:23", "endtime": "2026-03-06 09:02:11", "duration": "24:51:48"},
    {"starttime": "2026-03-05 00:00:00", "endtime": "2026-03-05 23:59:30", "duration": 86370},
    {"starttime": 1772640000000, "endtime": 1772812800000, "duration": 172800000},
    # from an odd second to an odd second, whatever length it says
    *(
        {"starttime": "2026-03-05 09:17:33", "endtime": "2026-03-06 10:19:41", **said}
        for said in ({"duration": 90008}, {"duration": 25}, {"duration": 0}, {})
    ),
]


@pytest.mark.parametrize("said", WATCHES)
@pytest.mark.parametrize("key", ["meetings", "list", "conferences"])
def test_what_lasted_from_its_own_start_to_its_end_took_place_however_long(
    answer_with: WithData, said: dict[str, Any], key: str
) -> None:
    """It vanished without a word: a period that was asked for is as long, and has no duration."""
    for listed in (MEETINGS, []):
        own = {"meid": "M0", "meetingname": "防汛值守", "creator": "13900000000", **said, key: listed}
        assert ids(answer_with(json.dumps([meeting(9), own]))) == ["m9", "M0", *(OWN if listed else [])]


@pytest.mark.parametrize(
    "period",
    [
        {"starttime": "2026-02-26 09:17:33", "endtime": "2026-03-05 09:17:34"},
        {"starttime": "2026-03-01 00:00:00", "endtime": "2026-03-05 09:17:33"},
        {"starttime": "2026-02-26 09:17:33", "endtime": "2026-03-31 23:59:59"},
        {"starttime": "2026-02-26 09:17", "endtime": "2026-03-31 10:30"},
    ],
)
def test_a_period_up_to_now_is_a_questions(answer_with: WithData, period: dict[str, str]) -> None:
    room = {"confid": "8001", "creator": "13900000000", **period, "list": MEETINGS}
    assert ids(answer_with(json.dumps(room))) == OWN


@pytest.mark.parametrize("seconds", [0, 10800, 2678400 - 3600, "n/a", None])
def test_a_sum_of_durations_makes_no_meeting_of_a_room(answer_with: WithData, seconds: Any) -> None:
    room = {"confid": "8001", "creator": "13900000000", **PERIOD, "duration": seconds, "list": MEETINGS}
    assert ids(answer_with(json.dumps(room))) == OWN


@pytest.mark.parametrize("said", OF_ROOM)
@pytest.mark.parametrize(
    "inner",
    [
        {"recordings": [{"meid": "m9", "url": "http://x", "duration": 60}]},
        {"records": [{"meid": "8001", "url": "http://x", "starttime": "2026-03-01 10:00:00"}]},
        {"list": [{"meid": "8001", "phone": "13900000001", "starttime": "2026-03-01 10:00:00"}]},
        {"sessions": [{"starttime": "2026-03-01 10:00:00", "endtime": "2026-03-01 11:00:00"}]},
        {"changes": [{"meid": "8001", "creator": "1", "endtime": "2026-03-01 11:00:00"}]},
        {"related": [{"meid": "m9"}], "list": [{"meid": "m8", "meetingname": "x"}]},
        {"tags": [], "recordings": []},
    ],
)
def test_what_belongs_to_a_meeting_makes_no_room_of_it(
    answer_with: WithData, said: dict[str, Any], inner: dict[str, Any]
) -> None:
    for data in ({"meid": "8001", **said, **inner}, [{"meid": "8001", **said, **inner}]):
        assert "8001" in merge_answers([answer_with(json.dumps(data))]).meetings["meeting_id"].to_pylist()


ENDS = {one["meid"]: one["endtime"] for one in MEETINGS}


@pytest.mark.parametrize(
    "ends",
    [
        ENDS,
        [*map(list, ENDS.items())],
        {one: {"end": end} for one, end in ENDS.items()},
        dict.fromkeys(ENDS, 3600),
        {"of": {"all": ENDS}},
        json.dumps(ENDS),
    ],
)
@pytest.mark.parametrize("is_beside_data", [False, True])
def test_a_column_beside_the_meetings_under_their_ids_is_told(ends: Any, is_beside_data: bool) -> None:
    """It was envelope without a word, and every meeting without its end."""
    bare = [{key: one for key, one in meeting.items() if key != "endtime"} for meeting in MEETINGS]
    data = {"data": bare, "endtimes": ends} if is_beside_data else {"data": {"meetings": bare, "endtimes": ends}}
    answer = read_answer(json.dumps({"statusCode": "0", **data}).encode())
    assert ids(answer) == OWN
    (told,) = [one.en for one in answer.warnings if "under their ids" in one.en]
    assert told.startswith("more of 4 meetings stands beside them")
    assert "endtimes" in told


@pytest.mark.parametrize(
    "beside",
    [
        {"page": {"no": 1, "size": 20}, "ids": OWN},
        {"days": {f"2026-03-{day:02d}": {"8": 1, "9": 2} for day in range(1, 5)}},
        {"selected": dict.fromkeys(OWN, False), "notes": dict.fromkeys(OWN, "")},
        {"rates": [["m9", 1], ["8001", 2]]},
        {"rooms": {"8001": "一号会议室"}},
    ],
)
def test_what_says_nothing_of_these_meetings_is_not_told_by_id(beside: dict[str, Any]) -> None:
    answer = read_answer(json.dumps({"statusCode": "0", "data": {"meetings": MEETINGS, **beside}}).encode())
    assert not [one.en for one in answer.warnings if "under their ids" in one.en]


TOLD = {
    "_id": "20260301085500123456",
    "when": "2026-03-01 10:00:12",
    "until": "2026-03-01 10:40:31",
    "mobile": "13900000007",
    "title": "周会",
    "parties": [{"phone": "13900000007", "jointime": "2026-03-01 10:00:12"}],
}
ROW = [TOLD["_id"], TOLD["when"], TOLD["until"], TOLD["mobile"], "周会"]


@pytest.mark.parametrize(
    "key", ["page", "query", "params", "condition", "filters", "search", "status", "total", "count"]
)
@pytest.mark.parametrize(
    "value",
    [
        TOLD,
        {"no": 1, "today": TOLD},
        {"no": 1, "today": {name: one for name, one in TOLD.items() if name != "_id"}},
        {"today": {"0": TOLD, "1": {**TOLD, "_id": "20260301085500123457"}}},
        {"today": json.dumps({"a": [TOLD]})},
        {"today": [ROW]},
    ],
)
def test_parties_that_are_described_under_the_key_of_a_question_or_a_page_are_told(key: str, value: Any) -> None:
    """No question has them; there a whole meeting in words that nobody knows was envelope."""
    head = {"statusCode": "0", "statusMsg": "ok"}
    for body in ({"data": {"list": MEETINGS, key: value}}, {"data": MEETINGS, key: value}):
        found = merge_answers([answer := read_answer(json.dumps({**head, **body}).encode())])
        assert answer.warnings or found.rejects.num_rows, body


@pytest.mark.parametrize(
    "value",
    [
        {"creator": "13900000000", "phone": "13900000008", **PERIOD},
        {"parties": ["13900000000", "13900000008"], "participants": {"min": 2, "max": 9}, "members": 5, **PERIOD},
        {"user": {"name": "甲", "mobile": "13900000000"}, "range": {"from": PERIOD["starttime"]}},
        [["creator", "=", "13900000008"], ["starttime", ">=", PERIOD["starttime"]]],
        ["13900000008", *PERIOD.values()],
    ],
)
def test_a_question_that_is_repeated_describes_no_parties(value: Any) -> None:
    for key in ("page", "query", "params", "condition", "filters", "search"):
        if isinstance(value, dict) or key != "page":
            answer = read_answer(json.dumps({"statusCode": "0", "data": {"list": MEETINGS, key: value}}).encode())
            assert (ids(answer), answer.warnings) == (OWN, ())


NUMBERED = {"no": "20260301100012000001", "start_time": "2026-03-01 10:00:12", "end": "2026-03-01 10:40:31"}


@pytest.mark.parametrize("key", ["0", "周会", "13900000007", NUMBERED["no"]])
@pytest.mark.parametrize("place", ["history", "text", ""])
def test_a_map_of_numbers_with_a_start_and_an_end_beside_the_list_is_told(key: str, place: str) -> None:
    """As a list it was rejects, and by any other key than an id it was envelope."""
    entries: Any = {key: NUMBERED}
    beside = {"history": entries} if place == "history" else {"old": json.dumps(entries)} if place else entries
    for body in ({"data": {"list": MEETINGS, **beside}}, {"data": MEETINGS, **beside}):
        counts = merge_answers([read_answer(json.dumps({"statusCode": "0", **body}).encode())]).counts
        assert counts.meetings + counts.rejected == 5


@pytest.mark.parametrize(
    "beside",
    [
        {"job": {"jobId": NUMBERED["no"], "startTime": "2026-03-01 10:00:12", "endTime": "2026-03-01 10:00:14"}},
        {"trace": {"traceId": NUMBERED["no"], "start": "2026-03-01 10:00:12", "end": "2026-03-01 10:00:14"}},
        {"package": {"no": NUMBERED["no"], "starttime": "2026-01-05 10:00:00", "endtime": "2027-01-05 10:00:00"}},
        {"recordings": {"0": {**NUMBERED}}, "maintenance": {"1": {"no": "7", **PERIOD}}},
        {"query": {"no": NUMBERED["no"], "starttime": "2026-03-01 10:00:00", "endtime": "2026-03-01 11:00:00"}},
    ],
)
def test_what_else_has_a_number_a_start_and_an_end_is_not(beside: dict[str, Any]) -> None:
    answer = read_answer(json.dumps({"statusCode": "0", "data": {"list": MEETINGS, **beside}}).encode())
    assert (ids(answer), answer.warnings) == (OWN, ())
