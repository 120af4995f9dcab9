"""What stands beside meetings: the parties and words of the one meeting are its own, anybody else's are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.records.accounted import doubts
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.merge import merge_answers

WithData = Callable[[str], Answer]
M1 = {"meid": "m1", "starttime": "2026-01-05 10:00:00", "parties": [{"name": "张三", "phone": "15400000001"}]}
M2 = {**M1, "meid": "m2"}
BARE = {key: value for key, value in M1.items() if key != "parties"}
PEOPLE = [{"name": "甲", "phone": "15400000001"}, {"name": "乙", "phone": "15400000002"}]


@pytest.mark.parametrize(
    "one",
    [
        {"meeting": BARE, "parties": PEOPLE},
        {"members": PEOPLE, "conf": BARE, "total": 1, "status": "0"},
        {"conf": {"meid": "m1"}, "memberList": PEOPLE},
        {"conf": json.dumps(BARE), "members": json.dumps(PEOPLE)},
    ],
)
def test_parties_beside_the_one_meeting_are_its_legs(answer_with: WithData, one: dict[str, Any]) -> None:
    for data, path in (
        (one, "$.data"),
        ([one], "$.data[0]"),
        ({"list": [one]}, "$.data.list[0]"),
        (json.dumps(one), "$.data~"),
    ):
        answer = answer_with(json.dumps(data))
        assert [(json.loads(record.raw), record.path) for record in answer.records] == [(one, path)]
        assert answer.warnings == ()
        table = merge_answers([answer])
        assert table.meetings.select(["meeting_id", "n_legs", "state"]).to_pylist() == [
            {"meeting_id": "m1", "n_legs": 2, "state": None}
        ]
        assert table.legs["name"].to_pylist() == ["甲", "乙"]
        assert table.problems.num_rows == 0


WORDS: dict[str, Any] = {
    "creator": "15400000001", "starttime": "2026-03-05 09:00:12", "endtime": "2026-03-05 10:00:12", "oriamount": "3.72"
}  # fmt: skip


@pytest.mark.parametrize("n", [1, 3, 40])
@pytest.mark.parametrize("parties", [{}, {"parties": PEOPLE}])
@pytest.mark.parametrize(
    "key", ["meeting", "key", "conference", "_id", "@attributes", "$", "attributes", "detail", "meetingInfo", "会议"]
)
def test_the_words_beside_the_one_meeting_are_its_own(
    answer_with: WithData, key: str, parties: dict[str, Any], n: int
) -> None:
    records = [{key: {"meid": f"m{i}", "starttime": None}, "meetingname": "周会", **WORDS, **parties} for i in range(n)]
    for data in (records, records[0], {"list": records}):
        answer = answer_with(json.dumps(data))
        assert json.loads(answer.records[0].raw) == records[0]
        table = merge_answers([answer])
        row = table.meetings.to_pylist()[0]
        assert (row["meeting_id"], row["name"], row["creator"]) == ("m0", "周会", "15400000001")
        assert (row["started_at"].hour, row["ended_at"].hour, str(row["amount_yuan"])[:4]) == (1, 2, "3.72")
        assert table.meetings["started_at"].null_count == table.problems.num_rows == table.rejects.num_rows == 0
        assert (table.legs.num_rows > 0) == bool(parties)


@pytest.mark.parametrize(
    "one",
    [
        {"next": {"meid": "m1"}, **WORDS},
        {"room": {"meid": "m1"}, **WORDS, "parties": PEOPLE},
        {"meeting": {"meid": "m1", "duration": 5}, **WORDS},
        {"meeting": {"meid": "m1", "parties": PEOPLE}, **WORDS},
        {"a": {"meid": "m1"}, "b": {"meid": "m2"}, **WORDS},
    ],
)
def test_the_times_beside_a_meeting_that_has_its_own_or_is_another_are_not_its(
    answer_with: WithData, one: dict[str, Any]
) -> None:
    table = merge_answers([answer_with(json.dumps([one]))])
    assert table.meetings["started_at"].null_count == table.meetings.num_rows == table.meetings["ended_at"].null_count


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"data": {"list": [BARE], "parties": PEOPLE}}),
        json.dumps({"data": {"meeting": M1, "parties": PEOPLE}}),
        json.dumps({"data": {"a": BARE, "b": M2, "parties": PEOPLE}}),
        json.dumps({"data": BARE, "parties": PEOPLE}),
        json.dumps({"data": [M1], "members": ["15400000001"]}),
    ],
)
def test_parties_that_belong_to_no_one_meeting_are_told(text: str) -> None:
    (warning,) = read_answer(text.encode()).warnings
    assert "parties" in warning.en


@pytest.mark.parametrize("nothing", [[], {}, "", None])
def test_no_parties_beside_meetings_are_no_warning(nothing: object) -> None:
    for value in ({"data": {"list": [M1], "parties": nothing}}, {"data": [M1], "members": nothing}):
        assert read_answer(json.dumps(value).encode()).warnings == ()


P = {"name": "甲", "phone": "15400000001", "jointime": "2026-01-05 10:00:00"}
ONE = {**BARE, "creator": "15400000001"}


@pytest.mark.parametrize(
    "guests",
    [
        ["15400000005"],
        "15400000005",
        15400000005,
        "15400000005,15400000006",
        P,
        {"phone": "802", "jointime": "2026-01-05 10:00:00"},
        {"15400000005": {"jointime": "2026-01-05 10:00:00"}},
        {"a": {"b": ["15400000005"]}},
        {"m1": ["15400000005"]},
        json.dumps(["15400000005"]),
        json.dumps(P),
    ],
)
def test_parties_beside_meetings_under_a_name_nobody_knows_are_told(guests: object) -> None:
    for body in (
        {"data": [{"conf": ONE, "guests": guests}]},
        {"data": {"conf": M1, "guests": guests}},
        {"data": {"list": [ONE], "guests": guests, "total": 1}},
        {"data": [ONE], "guests": guests},
        {"guests": guests, "statusCode": "0", "data": ONE},
    ):
        (warning,) = read_answer(json.dumps(body, separators=(",", ":")).encode()).warnings
        assert "guests: " in warning.en


OWN = {"meid": "m1", "meetingname": "周会", "duration": 60}
WHEN = {"starttime": "2026-01-05 10:00:00", "endtime": "2026-01-05 11:00:00"}
TOLD = [
    ([{**WHEN, "meeting": OWN}], "$.data.starttime: 1, $.data.endtime: 1"),
    ([{"oriamount": 3.72, "meeting": {**OWN, **WHEN, "meid": f"m{i}"}} for i in range(12)], "$.data.oriamount: 12"),
    ([{"meetingname": "周会", "meeting": {"meid": "m1", **WHEN}}], "$.data.meetingname: 1"),
    ({**WHEN, "meeting": OWN}, "$.data.starttime: 1, $.data.endtime: 1"),
    ([{"creator": f"1540000000{i}", "meetings": [{**WHEN, "meid": f"m{i}"}]} for i in range(3)], "$.data.creator: 3"),
    ([{"host": {"phone": "15400000001"}, "meeting": {**OWN, **WHEN}}], "$.data.host: 1"),
    ({f"1540000000{i}": [{**OWN, **WHEN, "meid": f"m{i}"}] for i in range(3)}, "$.data.*: 3"),
    ({"total": 2, "15400000001": [{**WHEN, "meid": "m1"}], "unknown": [{**WHEN, "meid": "m2"}]}, "$.data.*: 1"),
    ({f"1540000000{i}": {"name": "甲", "list": [{**WHEN, "meid": f"m{i}"}]} for i in range(2)}, "$.data.*: 2"),
    ({f"1540000000{i}(王芳)": {**WHEN, "meid": f"m{i}"} for i in range(2)}, "$.data.*: 2"),
    *(
        ({key: [{**WHEN, "meid": "m1"}, {**WHEN, "meid": "m2"}], "unknown": [{**WHEN, "meid": "m3"}]}, "$.data.*: 1")
        for key in (
            *("8615400000001", "86-15400000001", "0086 154 0000 0001", "15400000001/王芳", "王芳/15400000001"),
            *("1-15400000001", "15400000001-1", "tel:15400000001", "0755-88880000-802", "0755-88880000/802"),
        )
    ),
    ([{"state": "已取消", "meetings": [{**WHEN, "meid": f"m{i}"} for i in range(2)]}], "$.data.state: 1"),
    ([{"bill": {"oriamount": 3.72}, "meeting": {**OWN, **WHEN}}], "$.data.bill: 1"),
    ([{"time": {"start": "2026-01-05 10:00:00"}, "meeting": OWN}], "$.data.time: 1"),
]
"""What stands beside meetings that lack it, and what is told of it."""


@pytest.mark.parametrize(("data", "told"), TOLD)
def test_words_of_a_meeting_in_what_holds_it_are_told(data: object, told: str) -> None:
    """When it was, or who convened it, stood in no table, and nothing said so."""
    answer = read_answer(json.dumps({"statusCode": "0", "data": data}).encode())
    assert [one.en for one in answer.warnings if f"({told})" in one.en], answer.warnings


@pytest.mark.parametrize(
    "data",
    [
        {"creator": "15400000001", **WHEN, "list": [OWN]},
        {"creator": "15400000001", "meeting": {"meid": "m1", **WHEN}},
        [{"creator": "15400000009", **WHEN, "meeting": {**M1, **WHEN, "creator": "15400000001"}}],
        [{"confid": "8001", "creator": "15400000009", "meetings": [{**OWN, **WHEN}]}],
        [{"name": "研发部", "meetings": [{**WHEN, "meid": f"m{i}"} for i in range(2)]}],
        *({day: [{**WHEN, "meid": "m1"}]} for day in ("2026-03-05", "20260305", "2026-03", "2026/03/05", "88880001")),
        *(
            {key: [{**WHEN, "meid": "m1"}]}
            for key in ("20260305085500123456789012345", "1772640000000", "2026-03-05 08:00")
        ),
        *(
            {key: [{**WHEN, "meid": "m1"}]}
            for key in ("400-820-8888", "2026-W10", "15400000001234", "1-5400", "9" * 2000)
        ),
        {"15400000001": [{**WHEN, "meid": "m1", "creator": "15400000001"}]},
        [{"status": "success", "meeting": {**OWN, **WHEN}}],
    ],
)
def test_words_of_a_question_a_room_or_a_group_are_told_of_no_meeting(data: object) -> None:
    answer = read_answer(json.dumps({"statusCode": "0", "data": data}).encode())
    assert answer.warnings == ()


def test_parties_in_an_object_beside_meetings_are_told_or_rejected() -> None:
    guests = {"parties": [P]}
    for body in ({"data": [ONE], "guests": guests}, {"data": {"list": [ONE], "guests": guests}}):
        (warning,) = read_answer(json.dumps(body).encode()).warnings
        assert "guests: " in warning.en
    counts = merge_answers([read_answer(json.dumps({"data": {"conf": ONE, "guests": guests}}).encode())]).counts
    assert counts[:4] == (2, 1, 1, 0)


@pytest.mark.parametrize("listed", [[P], json.dumps([P])])
def test_a_list_of_parties_beside_meetings_is_rejected_and_not_told_twice(listed: object) -> None:
    for body in ({"data": [{"conf": ONE, "guests": listed}]}, {"data": [ONE], "guests": listed}):
        answer = read_answer(json.dumps(body).encode())
        assert answer.warnings == ()
        assert merge_answers([answer]).counts[:4] == (2, 1, 1, 0)


@pytest.mark.parametrize(
    "beside",
    [
        {"account": "15400000001", "user": {"phone": "15400000001", "name": "甲"}},
        {"creator": "15400000009", "caller": "15400000008"},
        {"params": {"phones": ["15400000009"]}, "query": "15400000009", "requestId": "15400000009"},
        {"timestamp": 1767578400000, "time": "2026-01-05 10:00:00", "version": "2.0.1", "traceId": "4bf92f3577b34da6"},
        {
            "hotline": "010 6552 0000",
            "service": "400-600-1000",
            "node": {"host": "10.0.0.1", "since": "2026-01-05 10:00:00"},
        },
        {"stats": {"n": 5, "since": "2026-01-05 10:00:00", "minutes": 1234}, "page": {"total": 1, "no": 1}},
        {"notice": "详情请拨打 13800000000"},
    ],
)
def test_what_stands_beside_meetings_and_is_nobody_is_not_told(beside: dict[str, object]) -> None:
    for body in ({"data": [ONE], **beside}, {"data": {"list": [ONE], **beside}}, {"data": [{"conf": ONE, **beside}]}):
        answer = read_answer(json.dumps(body, separators=(",", ":")).encode())
        assert (doubts(answer), len(answer.records), answer.is_doubtful) == ([], 1, False)


@pytest.mark.parametrize("key", ["parties", "members", "rows"])
def test_parties_that_are_all_an_answer_holds_are_rejects(key: str) -> None:
    for listed in ([P, P], json.dumps([P, P]), ["15400000001", "15400000002"]):
        if key == "rows" and not isinstance(listed[0], dict):
            continue
        counts = merge_answers([read_answer(json.dumps({"statusCode": "0", key: listed}).encode())]).counts
        assert counts[:4] == (2, 0, 2, 0)
    nothings: list[Any] = [[], {}, "", None, "无", 0]
    for nothing in nothings:
        assert read_answer(json.dumps({"statusCode": "0", key: nothing}).encode()).records == ()
