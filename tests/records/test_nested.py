"""Records inside of records and under keys: each is a meeting, or a reject with its path, and never silent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.effort import some
from tests.records.mutants import check
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.merge import merge_answers

WithData = Callable[[str], Answer]
TIMES = {"starttime": "2026-01-05 10:00:00", "endtime": "2026-01-05 10:30:00"}
LATER = {"starttime": "2026-01-06 10:00:00", "endtime": "2026-01-06 10:30:00"}
PARTY, OTHER = {"phone": "15400000001", "name": "甲"}, {"phone": "15400000002", "name": "乙"}
OUTER: dict[str, Any] = {"meid": "M0", **TIMES, "parties": [PARTY]}
FULL = {**LATER, "creator": "15400000001", "parties": [OTHER]}


def rows(answer: Answer) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the ids that are shown, and why and where the others were rejected."""
    tables = merge_answers([answer])
    paths = {record.position: record.path for record in answer.records}
    rejects = [(row["reason"], paths[row["position"]]) for row in tables.rejects.to_pylist()]
    return tables.meetings["meeting_id"].to_pylist(), rejects


@pytest.mark.parametrize("wrap", [json.dumps, lambda data: json.dumps(json.dumps(data))])
@pytest.mark.parametrize("key", ["children", "sub", "sub_meetings"])
def test_a_map_by_id_inside_a_meeting_holds_meetings(
    answer_with: WithData, key: str, wrap: Callable[[object], str]
) -> None:
    for inner in (
        {"M1": FULL, "M2": {**LATER, "creator": "1"}},
        {"M1": {"meid": "M1", **FULL}, "M2": FULL},
        {"M1": TIMES, "M2": LATER},
        {"a": {"M1": FULL}, "b": [{"M2": FULL}]},
    ):
        answer = answer_with(wrap([{**OUTER, key: inner}]))
        assert rows(answer) == (["M0", "M1", "M2"], [])
        assert any("inside them" in warning.en for warning in answer.warnings)
        assert merge_answers([answer]).legs["meeting_id"].to_pylist().count("M0") == 1


def test_a_record_without_id_inside_a_meeting_is_a_reject_with_its_path(answer_with: WithData) -> None:
    for inner, paths in (
        ({"sub": FULL}, ["$.data[0].sub"]),
        ({"children": [FULL, FULL]}, ["$.data[0].children[0]", "$.data[0].children[1]"]),
        ({"children": {"0": FULL, "1": FULL}}, ["$.data[0].children.0", "$.data[0].children.1"]),
        ({"sub2": {**LATER, "creator": "15400000001", "members": []}}, ["$.data[0].sub2"]),
    ):
        answer = answer_with(json.dumps([{**OUTER, **inner}]))
        assert rows(answer) == (["M0"], [("no_id", path) for path in paths])


MADE = {"creator": "15400000001", "startTime": "2026-01-05 10:00:00", "endTime": "2026-01-05 10:30:00"}


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"attendance": {"total": 2, "members": ["王芳", "李四"]}}, "attendance.members"),
        ({"departments": [{"name": "销售部", "members": ["王芳", "李四"]}]}, "departments[0].members"),
        ({"polls": [{"title": "投票", "participants": [OTHER]}]}, "polls[0].participants"),
        ({"template": {"name": "周会模板", "members": [OTHER["phone"]]}}, "template.members"),
        ({"waitingRooms": [{"name": "等候室", "members": []}]}, None),
        ({"recordings": [{"name": "录音", **MADE, "url": "http://x/1.mp3"}]}, "$.data[0].recordings[0]"),
        ({"files": [{"creator": "15400000001", "endtime": "2026-01-05 10:30:00"}]}, "$.data[0].files[0]"),
        ({"breakouts": [{"name": "一组", **TIMES, "members": [OTHER]}]}, "breakouts[0].members"),
        ({"detail": {"members": [OTHER]}}, "detail.members"),
        ({"attendance": {"members": [PARTY]}}, None),
    ],
)
def test_what_lists_people_or_was_made_by_somebody_is_no_other_meeting_and_is_told(
    answer_with: WithData, more: dict[str, Any], told: str | None, n: int
) -> None:
    """Each was a reject in every record, and no period of the account was ever PROVEN."""
    answer = answer_with(json.dumps([{**WHOLE, "meid": f"M{i}", **more} for i in range(n)]))
    tables = merge_answers([answer])
    assert (tables.meetings.num_rows, tables.legs.num_rows, tables.rejects.num_rows) == (n, n, 0)
    assert set(tables.problems["reason"].to_pylist()) <= {"unread_parties"}
    said = [*tables.problems["raw_value"].to_pylist(), *(one.en for one in answer.warnings)]
    assert any(told in one for one in said) if told else not said
    assert tables.problems.num_rows in (0, n)


@pytest.mark.parametrize("more", [{"duration": 3600}, {"oriamount": "12.50"}, {"state": "ended"}])
@pytest.mark.parametrize("key", ["sub", "前次会议", "children", "related"])
def test_a_meeting_in_a_meeting_without_its_times_is_told_also_where_the_same_people_came(
    answer_with: WithData, key: str, more: dict[str, Any]
) -> None:
    """It vanished without a word: everybody in it was known."""
    inner = {"meetingname": "预算会", "creator": "15400000009", **more, "members": WHOLE["parties"]}
    for listed in (inner, [inner, inner]):
        answer = answer_with(json.dumps([{**WHOLE, key: listed}]))
        assert any(f"$.data[0].{key}" in one.en for one in answer.warnings)
    for group in ({"creator": "15400000009", "name": "销售部", "members": WHOLE["parties"]}, {**more, "title": "x"}):
        assert not answer_with(json.dumps([{**WHOLE, key: group}])).warnings


def test_what_only_describes_a_meeting_is_none(answer_with: WithData) -> None:
    about: dict[str, Any] = {
        "org": {"creator": "15400000001", "name": "x"},
        "tags": ["a", {"name": "b"}],
        "billing": {"duration": 60, "amount": "1.2"},
        "settings": {"createtime": "2026-01-05 09:00:00"},
        "moderators": [{"phone": "15400000001", "starttime": "2026-01-05 10:00:00"}],
    }
    answer = answer_with(json.dumps([{**OUTER, **about}, {"conf": {"meid": "M1", **TIMES}, "members": [PARTY]}]))
    assert rows(answer) == (["M0", "M1"], [])
    assert answer.warnings == ()


def test_an_object_with_a_start_that_may_be_a_recording_is_told(answer_with: WithData) -> None:
    answer = answer_with(json.dumps([{**OUTER, "takes": [{**TIMES, "url": "x"}]}]))
    assert rows(answer) == (["M0"], [])
    (warning,) = answer.warnings
    assert "$.data[0].takes[0]" in warning.en


BOOKED = {"creator": "15400000009", "starttime": "2026-01-05 10:00:00", "endtime": "2026-01-05 22:00:00"}


@pytest.mark.parametrize("n", [1, 20])
@pytest.mark.parametrize(
    ("inner", "told"),
    [
        ({"booking": {"meid": "M0", **BOOKED}}, ["booking.creator=15400000009", "booking.endtime=2026-01-05 22:00:00"]),
        (
            {"a": {"plan": {"meid": "M0", **BOOKED}}},
            ["a.plan.creator=15400000009", "a.plan.endtime=2026-01-05 22:00:00"],
        ),
        ({"changes": [{"meid": "M0", "creator": "1", "endtime": "2026-01-05 22:00:00"}]}, ["changes[0].creator=1"]),
        (
            {"sub": {"meid": "M0", **TIMES, "parties": [OTHER]}},
            [f"sub.parties={json.dumps([OTHER], ensure_ascii=False)}"],
        ),
        ({"detail": {"meid": "M0", **TIMES, "creator": "15400000002", "meetingname": "周会", "parties": [PARTY]}}, []),
        (
            {
                "takes": [{"meid": "M0", "endtime": "2026-01-05 10:30"}],
                "rows": [{"meid": "M0", **PARTY, "creator": "1"}],
            },
            [],
        ),
    ],
)
def test_what_a_record_holds_under_its_own_id_takes_nothing_from_it(
    answer_with: WithData, inner: dict[str, Any], told: list[str], n: int
) -> None:
    tables = merge_answers([answer_with(json.dumps([{**OUTER, "meid": "M0", **inner}] * n))])
    (row,) = tables.meetings.to_pylist()
    assert (row["started_at"].hour, row["ended_at"].minute, row["n_legs"]) == (2, 30, 1)
    assert tables.legs["phone"].to_pylist() == [PARTY["phone"]]
    assert set(told) <= set(tables.problems["raw_value"].to_pylist())
    assert set(tables.problems["reason"].to_pylist()) <= {"other_value", "unread_parties"}
    assert bool(told) == bool(tables.problems.num_rows) or "rows" in inner
    assert row["name"] == ("周会" if "detail" in inner else None)


@pytest.mark.parametrize("own_id", [{"meid": "M0"}, {}])
def test_details_beside_the_id_and_the_parties_are_the_meetings(answer_with: WithData, own_id: dict[str, str]) -> None:
    detail = {**own_id, **TIMES, "creator": "15400000001", "meetingname": "周会"}
    records = [
        json.loads(json.dumps({"meid": f"M{i}", "detail": detail, "parties": [PARTY]}).replace("M0", f"M{i}"))
        for i in range(9)
    ]
    for data in (records, records[:1]):
        tables = merge_answers([answer_with(json.dumps(data))])
        assert tables.problems.num_rows == tables.rejects.num_rows == 0
        assert set(tables.meetings["name"].to_pylist()) == {"周会"}
        assert tables.meetings["ended_at"].null_count == 0
        assert tables.legs["is_creator"].to_pylist() == [True] * len(data)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        *(
            (key, {"meid": "M0", **TIMES, "duration": 3600})
            for key in ("recurrence", "schedule", "reservation", "poll")
        ),
        *((key, {"meid": "M0", "name": "x", "duration": 42}) for key in ("recording", "file", "bill", "confRecording")),
        *((key, {"confid": "M0", "name": "x", "duration": 9}) for key in ("settings", "minutes", "feedback", "order")),
        ("agenda", {"creator": "15400000009", "name": "x", **TIMES}),
        ("info.poll", {"meid": "M0", "name": "x", **TIMES}),
    ],
)
def test_what_a_record_says_of_something_else_fills_no_meeting(
    answer_with: WithData, key: str, said: dict[str, Any]
) -> None:
    outer, _, inner = key.rpartition(".")
    held = {outer: {inner: said}} if outer else {inner: said}
    tables = merge_answers([answer_with(json.dumps([{"meid": "M0", "parties": [PARTY], **held}]))])
    (row,) = tables.meetings.to_pylist()
    assert {row[column] for column in ("name", "creator", "started_at", "ended_at", "duration_s")} == {None}
    told = {one.split("=")[0] for one in tables.problems["raw_value"].to_pylist()}
    assert told >= {f"{key}.{one}" for one in said if one not in ("meid", "confid")}
    assert "other_value" in tables.problems["reason"].to_pylist()


@pytest.mark.parametrize(
    "key",
    [
        "detail",
        "details",
        "info",
        "base",
        "basic",
        "basicInfo",
        "base_info",
        "baseInformation",
        "meeting",
        "meetingInfo",
        "meeting_detail",
        "conf",
        "confInfo",
        "conference",
        "conferenceDetails",
        "data",
        "record",
        "meetingRecord",
        "summary",
        "会议",
        "会议详情",
        "基本信息",
        "详细信息",
        "data.meetingInfo",
    ],
)
def test_what_a_record_says_of_its_meeting_under_a_name_of_that_fills_it(answer_with: WithData, key: str) -> None:
    said: dict[str, Any] = {"meid": "M0", "meetingname": "周会", **TIMES}
    for one in reversed(key.split(".")):
        said = {one: said}
    tables = merge_answers([answer_with(json.dumps([{"meid": "M0", "parties": [PARTY], **said}]))])
    (row,) = tables.meetings.to_pylist()
    assert (row["name"], row["started_at"].hour, tables.problems.num_rows) == ("周会", 2, 0)


def test_a_booking_ends_no_meeting_that_runs(answer_with: WithData) -> None:
    running = {"meid": "M0", "starttime": "2026-01-05 10:00:00", "parties": [PARTY]}
    tables = merge_answers([answer_with(json.dumps([{**running, "info": {"meid": "M0", **BOOKED}}]))])
    assert tables.meetings["ended_at"].to_pylist() == [None]
    assert tables.problems["raw_value"].to_pylist() == ["info.endtime=2026-01-05 22:00:00"]


def test_a_record_among_its_own_parties_is_told_again_and_a_party_that_repeats_it_is_none(
    answer_with: WithData,
) -> None:
    again = {"meid": "M0", **TIMES, "creator": "15400000001"}
    answer = answer_with(json.dumps([{**again, "parties": [PARTY, {**again, "parties": [OTHER]}]}]))
    assert [record.path for record in answer.records] == ["$.data[0]", "$.data[0].parties[1]"]
    tables = merge_answers([answer])
    assert tables.counts[:4] == (2, 1, 0, 1)
    assert tables.problems["reason"].to_pylist() == ["same_id_again", "not_a_party"]
    assert sorted(tables.legs["phone"].to_pylist()) == ["15400000001", "15400000002"]
    for party in (
        {**again, **OTHER, "parties": []},
        {**again, "name": "乙"},
        {"meid": "M0", **TIMES, "members": [OTHER]},
        {"meid": "M0", "creator": "15400000001", "members": [OTHER]},
    ):
        one = {**OUTER, "parties": [PARTY, party]}
        assert merge_answers([answer_with(json.dumps([one]))]).counts[:4] == (1, 1, 0, 0)


def test_a_map_in_a_map_loses_nothing(answer_with: WithData) -> None:
    for data in (
        {"r1": {"M1": FULL, "M2": FULL}, "r2": {"M3": TIMES}},
        {"r1": {"M1": {"meid": "M1", **FULL}, "M2": TIMES}, "r2": {"M3": TIMES}},
        {"r1": {"M1": {"meid": "M1", **FULL}}, "r2": {"M2": TIMES, "M3": LATER}},
        {"A1": {"M1": FULL, "M2": FULL}, "M3": LATER},
        {"M1": {**FULL, "M2": FULL}, "M3": FULL},
    ):
        assert rows(answer_with(json.dumps(data))) == (["M1", "M2", "M3"], [])


@pytest.mark.parametrize("keys", [("0", "1", "2"), ("1", "2", "3"), ("0", "3", "4"), ("2", "5", "7")])
def test_keys_that_only_count_are_no_ids(answer_with: WithData, keys: tuple[str, ...]) -> None:
    answer = answer_with(json.dumps(dict.fromkeys(keys, FULL)))
    assert rows(answer) == ([], [("no_id", f"$.data.{key}") for key in keys])
    named = answer_with(json.dumps({key: {"meid": f"M{key}", **FULL} for key in keys}))
    assert rows(named) == ([f"M{key}" for key in keys], [])


def test_numbers_that_do_not_count_are_ids(answer_with: WithData) -> None:
    for keys in (["8001", "8002"], ["001", "002"], ["20260305085500123456789012345"]):
        assert rows(answer_with(json.dumps(dict.fromkeys(keys, FULL))))[0] == keys


def test_keys_taken_for_ids_are_told_once_with_their_number(answer_with: WithData) -> None:
    for data in ({f"M{i}": TIMES for i in range(40)}, {"a 1": TIMES, "b": TIMES}, {"M1": {"meid": "M1"}, "M2": TIMES}):
        (warning,) = answer_with(json.dumps(data)).warnings
        n = sum("meid" not in one for one in data.values())
        assert warning.en.startswith(f"{n} records without an id")


@pytest.mark.slow
def test_a_lost_character_in_a_map_costs_no_other_record() -> None:
    for records in (
        {f"M{i}": {**FULL, "name": 'x "y"'} for i in range(4)},
        {f"M{i}": {"meid": f"M{i}", **FULL} for i in range(4)},
    ):
        text = json.dumps(records, ensure_ascii=False, separators=(",", ":"))
        pieces = [text[text.index(f'"M{i}":') :].split(',"M' + str(i + 1) + '":{')[0] for i in range(4)]
        pieces[-1] = pieces[-1][:-1]
        # Without its last brackets an answer seems cut, and is asked for again.
        within = text.index(pieces[1])
        cuts = [*range(1, 30), *range(within - 2, within + len(pieces[1]) + 2), *range(len(text) - 30, len(text) - 2)]
        for at in some(cuts, 60):
            body = f'{{"statusCode":"0","data":{text[:at]}{text[at + 1 :]}}}'.encode()
            answer = read_answer(body, is_whole=True)
            hit = next(i for i in range(4) if at <= text.index(pieces[i]) + len(pieces[i]))
            shown = set(merge_answers([answer]).meetings["meeting_id"].to_pylist())
            assert {f"M{i}" for i in range(4) if i != hit} <= shown, (at, body.decode())
            check(body, [], deeply=False)


def test_a_lost_character_in_a_map_that_only_counts_makes_no_ids() -> None:
    text = json.dumps({"0": FULL, "1": FULL, "2": FULL}, ensure_ascii=False)
    answer = read_answer(f'{{"statusCode":"0","data":{text.replace(":", "", 2)}}}'.encode(), is_whole=True)
    assert merge_answers([answer]).meetings.num_rows == 0
    assert [row for row in rows(answer)[1] if row[0] == "no_id"]


@pytest.mark.parametrize(
    "inner",
    [
        {"parties": [OTHER]},
        {"a": {"conf_members": [OTHER]}},
        {"creator": "15400000001", **TIMES},
        {"creator": "15400000001", **TIMES, "parties": [OTHER]},
    ],
)
@pytest.mark.parametrize("wrap", [json.dumps, lambda value: json.dumps(json.dumps(value))])
def test_a_text_inside_a_meeting_is_told_as_the_object_would_be(
    answer_with: WithData, inner: dict[str, Any], wrap: Callable[[object], str]
) -> None:
    bare = {"meid": "8001"}
    for outer in (OUTER, bare):
        answer = answer_with(json.dumps([{**outer, "ext": inner}]))
        assert rows(answer)[1] or answer.warnings or merge_answers([answer]).problems.num_rows
        tables = merge_answers([answer_with(json.dumps([{**outer, "ext": wrap(inner)}]))])
        told = set(tables.problems.column("reason").to_pylist())
        assert "meeting_in_text" in told <= {"meeting_in_text", "unread_parties", "other_value"}


@pytest.mark.parametrize(
    "more",
    [
        {"parties": json.dumps({"members": [OTHER]})},
        {"parties": [{**OTHER, "ext": json.dumps({"creator": "1", "level": 2})}]},
        {"ext": json.dumps({"creator": "15400000001", "parties": []})},
        {"ext": json.dumps({"creator": "15400000001", "members": 3, "theme": "x"})},
        {"ext": json.dumps(TIMES)},
        {"meetingname": '{"creator"'},
    ],
)
def test_a_text_that_only_describes_a_meeting_is_not_told(answer_with: WithData, more: dict[str, Any]) -> None:
    tables = merge_answers([answer_with(json.dumps([{**WHOLE, **more}]))])
    assert tables.problems.num_rows == 0


WHOLE: dict[str, Any] = {**OUTER, "creator": "15400000001"}


@pytest.mark.parametrize(
    ("more", "n_left"),
    [
        ({"_links": {"self": {"href": "/m"}, "participants": {"href": "/m/participants"}}}, 0),
        ({"settings": {"participants": {"mute": True, "max": 50}}}, 0),
        ({"relationships": {"participants": {"links": {"related": "/participants"}}}}, 0),
        ({"room": {"confid": "8001", "name": "大会议室", "creator": "15400000001"}}, 0),
        ({"venue": {"confid": "8001", "name": "大会议室", "creator": "15400000001"}}, 0),
        ({"template": {"meetingId": "T1", "duration": 3600}}, 0),
        ({"next": {"meetingid": "P2", **LATER, "creator": "15400000001"}}, 1),
        ({"rooms": [{"room": {"confid": "8001", "name": "大会议室", "creator": "15400000001"}}]}, 0),
        ({"a": {"room": {"confid": "8001", **LATER}}}, 1),
        ({"again": {"meetingid": "P2", "starttime": LATER["starttime"]}}, 1),
    ],
)
def test_what_a_record_refers_to_is_no_meeting(answer_with: WithData, more: dict[str, Any], n_left: int) -> None:
    answer = answer_with(json.dumps([{**WHOLE, **more}]))
    assert rows(answer) == (["M0"], [])
    assert merge_answers([answer]).problems.num_rows == 0
    assert len(answer.warnings) == n_left


@pytest.mark.parametrize(
    "more",
    [
        {"history": [{"room": {"meid": "M1", **LATER}, "total": "x"}]},
        {"rooms": [{"next": {"meid": "M1", **LATER}}]},
        {"a": {"list": [{"room": {"meid": "M1", **LATER}}]}},
        {"sub": {"meid": "M1", **LATER, "creator": "1"}},
        {"next": {"meid": "M1", **LATER, "parties": [OTHER]}},
        {"M1": {"meid": "M1", "creator": "1"}},
        {"children": [{"meid": "M1", "creator": "1"}]},
    ],
)
def test_what_took_place_inside_a_record_is_a_meeting(answer_with: WithData, more: dict[str, Any]) -> None:
    assert rows(answer_with(json.dumps([{**WHOLE, **more}]))) == (["M0", "M1"], [])


@pytest.mark.parametrize("key", ["next", "children"])
def test_a_meeting_among_the_parties_of_one_in_a_record_is_a_meeting(answer_with: WithData, key: str) -> None:
    deepest = {"meid": "M2", **FULL}
    inner = {"meid": "M1", **LATER, "parties": [OTHER, {**OTHER, "own": deepest}]}
    more = {key: inner if key == "next" else [inner]}
    assert rows(answer_with(json.dumps([{**WHOLE, **more}]))) == (["M0", "M1", "M2"], [])


def test_links_to_parties_beside_a_meeting_are_no_reject() -> None:
    one = {"type": "meetings", "id": "1", "attributes": WHOLE}
    body = {"data": [{**one, "relationships": {"participants": {"links": {"related": "/participants"}}}}]}
    assert rows(read_answer(json.dumps(body).encode())) == (["M0"], [])


@pytest.mark.parametrize("key", ["last", "running", "current", "lastMeeting", "last_one", "进行中"])
def test_a_word_is_no_id(answer_with: WithData, key: str) -> None:
    """The next meeting under it would be taken for a version of this one."""
    assert rows(answer_with(json.dumps({key: FULL}))) == ([], [("no_id", f"$.data.{key}")])
    body = {"data": [OUTER], "deleted": {key: FULL}}
    shown, rejected = rows(read_answer(json.dumps(body).encode()))
    assert (shown, len(rejected)) == (["M0"], 1)


REST = [
    "detail",
    "info",
    "data",
    "record",
    "会议详情",
    "attributes",
    "_source",
    "doc",
    "fields",
    "properties",
    "value",
    "current",
]


@pytest.mark.parametrize("key", REST)
def test_all_of_a_meeting_but_its_id_in_one_object_is_that_meeting(answer_with: WithData, key: str) -> None:
    whole = {"meetingname": "会", **FULL}
    known = merge_answers([answer_with(json.dumps([{"meid": "M1", **whole}]))])
    without = {name: one for name, one in whole.items() if name != "creator"}
    for data, lost in (
        ([{"meid": "M1", key: whole}], set[str]()),
        ([{"meid": "M1", "type": "meetings", key: whole, "links": {"self": "/m/1"}}], set[str]()),
        ([{"meid": "M1", key: {**whole, "parties": None}, "parties": whole["parties"]}], set[str]()),
        ([{"meid": "M1", key: without}], {"creator"}),
    ):
        answer = answer_with(json.dumps(data))
        tables = merge_answers([answer])
        assert (answer.warnings, tables.rejects.num_rows, tables.problems.num_rows) == ((), 0, 0)
        names = ("name", "started_at", "ended_at", "creator", "n_legs")
        told = {name: tables.meetings[name].to_pylist() for name in names if name not in lost}
        assert told == {name: known.meetings[name].to_pylist() for name in told}
        assert tables.legs["phone"].to_pylist() == known.legs["phone"].to_pylist()


@pytest.mark.parametrize("key", ["booking", "next", "template", "invitation", "poll"])
def test_an_object_of_another_name_beside_an_id_fills_no_meeting(answer_with: WithData, key: str) -> None:
    answer = answer_with(json.dumps([{"meid": "M1", key: FULL}]))
    assert rows(answer) == (["M1"], [("no_id", f"$.data[0].{key}")])
    assert merge_answers([answer]).legs.num_rows == 0


@pytest.mark.parametrize(
    "listed", [[PARTY, OTHER], {"hits": {"hits": [{"_id": "1", "_source": PARTY}, {"_source": OTHER}]}}]
)
@pytest.mark.parametrize("key", ["_embedded", "inner_hits", "detail"])
@pytest.mark.parametrize("name", ["parties", "participants"])
def test_parties_that_a_framework_embeds_are_the_meetings(
    answer_with: WithData, key: str, name: str, listed: Any
) -> None:
    records = [{"meid": f"M{i}", **TIMES, key: {name: listed}} for i in range(3)]
    answer = answer_with(json.dumps(records))
    tables = merge_answers([answer])
    assert (answer.warnings, tables.rejects.num_rows, tables.problems.num_rows) == ((), 0, 0)
    assert tables.legs["phone"].to_pylist() == [PARTY["phone"], OTHER["phone"]] * 3
    linked = answer_with(json.dumps([{"meid": "M1", **TIMES, key: {name: {"href": "/m/1/members"}}}]))
    assert "unreadable_parties" not in merge_answers([linked]).problems["reason"].to_pylist()
    invited = answer_with(json.dumps([{"meid": "M1", **TIMES, "invited": {name: listed}}]))
    assert merge_answers([invited]).legs.num_rows == 0
