"""The records are found wherever `data` hides them, each with its own text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.find_records import extract
from ytxdata.records.merge import merge_answers
from ytxdata.records.schema import MEETINGS, PROVENANCE

ANSWERS = Path(__file__).parents[2] / "data" / "answers"

WHOLE = [
    "array",
    "pretty",
    "ascii",
    "gb18030",
    "string",
    "string_twice",
    "wrapped",
    "wrapped_string",
    "string_of_wrapped",
    "wrapped_with_parties",
    "wrapped_deeper",
    "keyed",
    "keyed_without_ids",
    "array_of_strings",
    "without_status",
]
SINGLE = ("object", "object_string", "object_wrapped")
NOTHING = ("null", "empty", "empty_array", "empty_wrapped", "absent", "error")

Saved = Callable[[str], Answer]
WithData = Callable[[str], Answer]
M1 = {"meid": "m1", "starttime": "2026-01-05 10:00:00", "parties": [{"name": "张三", "phone": "15400000001"}]}
M2 = {**M1, "meid": "m2"}


def texts(answer: Answer) -> list[Any]:
    return [json.loads(record.raw) for record in answer.records]


def test_committed_answers_are_what_the_script_makes(made: dict[str, Any]) -> None:
    files = {f"{name}.json": body.encode() for name, body in made["FILES"].items()}
    files["gb18030.json"] = made["FILES"]["array"].encode("gb18030")
    assert {path.name: path.read_bytes() for path in ANSWERS.glob("*.json")} == files


@pytest.mark.parametrize("name", WHOLE)
def test_every_shape_gives_the_same_tables(saved: Saved, name: str) -> None:
    known, found = merge_answers([saved("array")]), merge_answers([saved(name)])
    content = [column.name for column in MEETINGS if column.name not in (*PROVENANCE, "record_hash")]
    assert found.meetings.select(content).equals(known.meetings.select(content))
    assert found.legs.equals(known.legs)
    assert found.counts[:4] == (4, 4, 0, 0)


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_record_is_found(saved: Saved, made: dict[str, Any], name: str) -> None:
    assert texts(saved(name)) == made["MEETINGS"][:1]


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_no_record(saved: Saved, name: str) -> None:
    assert saved(name).records == ()


def test_records_in_two_lists_are_all_taken(saved: Saved) -> None:
    assert texts(saved("two_lists"))[0]["meid"] == "m-4"
    assert len(saved("two_lists").records) == 4


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ([M1, M2], ["$.data[0]", "$.data[1]"]),
        (M1, ["$.data"]),
        ({"rows": [M1, M2], "total": 2}, ["$.data.rows[0]", "$.data.rows[1]"]),
        ({"confid": "", "list": [M1]}, ["$.data.list[0]"]),
        ({"confid": "002", "list": [M1, M2]}, ["$.data.list[0]", "$.data.list[1]"]),
        ({"creator": "15400000001", "list": [M1]}, ["$.data.list[0]"]),
        ({"members": [M1, M2]}, ["$.data.members[0]", "$.data.members[1]"]),
        ({"meid": "1", "people": [{"meid": "1", "phone": "15400000001"}]}, ["$.data"]),
        ({"meid": "1", "people": [{"phone": "15400000001"}]}, ["$.data"]),
        ({"roomNo": "1", "people": [{"phone": "15400000001"}]}, ["$.data"]),
        ({"list": [{"roomNo": "1"}, {"roomNo": "2"}]}, ["$.data.list[0]", "$.data.list[1]"]),
        ([{"meeting": M1}, {"meeting": M2}], ["$.data[0].meeting", "$.data[1].meeting"]),
        ([json.dumps(M1), M2], ["$.data[0]~", "$.data[1]"]),
        ([[M1, M2]], ["$.data[0][0]", "$.data[0][1]"]),
        ({"starttime": "2026-01-05 10:00:00"}, ["$.data"]),
        ("no meetings today", ["$.data"]),
        (7, ["$.data"]),
    ],
)
def test_what_is_a_record_and_what_wraps_it(answer_with: WithData, data: object, paths: list[str]) -> None:
    assert [record.path for record in answer_with(json.dumps(data)).records] == paths


def test_what_is_no_record_in_a_list_is_kept_to_be_rejected(answer_with: WithData) -> None:
    answer = answer_with(json.dumps([M1, 5, "x", None, [], {}, True, M2]))
    assert [record.raw for record in answer.records][1:-1] == [b"5", b'"x"', b"null", b"[]", b"{}", b"true"]
    assert merge_answers([answer]).counts[:4] == (8, 2, 6, 0)


@pytest.mark.parametrize("data", ['"null"', '" null "', '"\\"null\\""', '{"rows":"null"}', '{"rows":"null","total":0}'])
def test_null_as_text_is_no_record(answer_with: WithData, data: str) -> None:
    assert answer_with(data).records == ()


@pytest.mark.parametrize("opening", ['{"a":', "[", '[{"a":'])
@pytest.mark.parametrize("depth", [8, 9, 10, 11, 40])
def test_what_lies_too_deep_is_a_reject_if_no_meeting(opening: str, depth: int) -> None:
    value = (
        opening * depth
        + json.dumps(M1)
        + "".join("]" if c == "[" else "}" for c in reversed(opening * depth) if c in "[{")
    )
    for body in (f'{{"data":{value}}}', f'{{"statusCode":"0","result":{value}}}', value):
        assert merge_answers([read_answer(body.encode())]).counts.received == 1


def test_what_lies_deep_inside_a_record_stays_in_it(answer_with: WithData) -> None:
    deep: Any = {"meid": "m9"}
    for _ in range(12):
        deep = {"a": deep}
    for one in ({**M1, "extra": deep}, {"meid": "m1", "extra": deep}):
        assert texts(answer_with(json.dumps([one, M2]))) == [one, M2]
    assert (
        extract(json.dumps({"data": [M1], "debug": json.loads(json.dumps(deep).replace("meid", "x"))}).encode())
        .records[0]
        .path
        == "$.data[0]"
    )


def test_raw_text_is_exact() -> None:
    first, second = b'{ "meid" : "1",  "x":1.50 }', b'{"meid":"2","n":"\\u5f20","b":1e3}'
    body = b'{"statusCode":"0","data": [' + first + b" ,\n " + second + b"]}"
    assert [record.raw for record in extract(body).records] == [first, second]


def test_raw_text_of_a_json_string_is_the_inner_text(answer_with: WithData) -> None:
    inner = '[{"meid" : "1", "name":"引\\"号"}]'
    (record,) = answer_with(json.dumps(inner)).records
    assert record.raw.decode() == inner[1:-1]


@pytest.mark.parametrize("wraps", [1, 2, 3])
def test_the_places_of_records_in_a_string_are_those_of_the_text(wraps: int) -> None:
    raws = [f'{{"meid":"{i}","name":"{name}"}}' for i, name in enumerate(["周会", "😀😀", "é", "a\\tb", "x"])]
    data = f"[{','.join(raws)}]"
    for _ in range(wraps):
        data = json.dumps(data)
    answer = read_answer(f'{{"statusCode":"0","data":{data}}}'.encode())
    for raw, record in zip(raws, answer.records, strict=True):
        there = answer.text[record.start : record.end].decode()
        for _ in range(wraps):
            there = json.loads(f'"{there}"')
        assert there == record.raw.decode() == raw


def test_the_key_of_a_map_belongs_to_a_record_without_id() -> None:
    body = b'{"data":{"a 1" : {"starttime":"2026-01-05 10:00:00"}, "b":{"starttime":"2026-01-05 11:00:00"}}}'
    assert extract(body).records[0].raw == b'"a 1" : {"starttime":"2026-01-05 10:00:00"}'
    assert merge_answers([read_answer(body)]).meetings["meeting_id"].to_pylist() == ["a 1", "b"]


def test_records_beside_data_and_under_a_key_given_twice_are_taken() -> None:
    beside = json.dumps({"statusCode": "0", "data": [M1], "more": [M2]})
    twice = f'{{"data":[{json.dumps(M1)}],"data":[{json.dumps(M2)}]}}'
    absent = json.dumps({"statusCode": "0", "meetings": [M1, M2]})
    bare = json.dumps([M1, M2])
    for body in (beside, twice, absent, bare):
        assert len(extract(body.encode()).records) == 2


def test_other_names_come_from_the_user() -> None:
    body = json.dumps({"data": {"roomNo": "1", "teilnehmer": [{"phone": "15400000001"}]}}).encode()
    aliases = DEFAULT.with_extra({"meeting_id": ["room_no"], "parties": "teilnehmer"})
    table = merge_answers([read_answer(body, aliases=aliases)], aliases)
    assert table.meetings.select(["meeting_id", "n_legs"]).to_pylist() == [{"meeting_id": "1", "n_legs": 1}]
    assert merge_answers([read_answer(body)], aliases).counts == table.counts


TIMES = {"starttime": "2026-01-05 10:00:00", "endtime": "2026-01-05 10:30:00"}
KEYED = {"meid": "M1", **TIMES}


@pytest.mark.parametrize("wrap", [json.dumps, lambda data: json.dumps(json.dumps(data))])
@pytest.mark.parametrize("odd", [TIMES, {"meid": "", **TIMES}, {"meid": None, "meetingname": "x"}])
def test_a_record_in_a_map_by_id_takes_its_key_for_the_id_it_lacks(
    answer_with: WithData, odd: object, wrap: Callable[[object], str]
) -> None:
    answer = answer_with(wrap({"M1": KEYED, "M2": odd, "total": 2, "page": {"no": 1}, "message": "ok"}))
    tables = merge_answers([answer])
    assert tables.meetings["meeting_id"].to_pylist() == ["M1", "M2"]
    assert tables.counts[:4] == (2, 2, 0, 0)
    (warning,) = answer.warnings
    assert answer.records[1].path in warning.en


def test_what_is_no_object_in_a_map_by_id_is_a_reject(answer_with: WithData) -> None:
    others: dict[str, Any] = {"M2": 7, "M3": None, "M4": [], "M5": {}, "M6": "x", "M7": [{"a": 2}]}
    for first in (KEYED, TIMES):
        answer = answer_with(json.dumps({"M1": first, **others}))
        tables = merge_answers([answer])
        assert tables.counts[:4] == (7, 1, 6, 0)
        assert tables.rejects["reason"].to_pylist() == ["not_object"] * 3 + ["no_id"] + ["not_object"] * 2
        assert answer.records[4].path == "$.data.M5"


@pytest.mark.parametrize("odd", [TIMES, {"meid": "", "meetingname": "x"}, {"rows": [TIMES]}, json.dumps(TIMES)])
def test_an_object_beside_a_meeting_that_lacks_its_id_is_a_reject(answer_with: WithData, odd: object) -> None:
    (tables, beside) = (
        merge_answers([answer])
        for answer in (
            answer_with(json.dumps({"meeting": KEYED, "other": odd})),
            read_answer(json.dumps({"statusCode": "0", "meeting": KEYED, "other": odd}).encode()),
        )
    )
    for found in (tables, beside):
        assert found.counts[:4] == (2, 1, 1, 0)
        assert found.rejects["reason"].to_pylist() == ["no_id"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('{"statusCode":"0","stme":"周例会","meid":"m3"}', ["m3"]),
        ('{"statusCode":"0","sta":"","meid":"m3"}', ["m3"]),
        ('{"statusCode":"0","data":[]}\n{"statusCode":"0","stme":"周例会","meid":"m3"}', ["m3"]),
        ('{"statusCode":"0","statusMsg":"提交成功","requestId":"r","meid":"m3"}', []),
        ('{"statusCode":"0","data":null,"confid":"m3","version":"2"}', []),
    ],
)
def test_an_id_beside_a_word_nobody_knows_is_no_envelope(text: str, ids: list[str]) -> None:
    assert merge_answers([read_answer(text.encode())]).meetings["meeting_id"].to_pylist() == ids


@pytest.mark.parametrize("wrap", [json.dumps, lambda data: json.dumps(json.dumps(data))])
def test_a_wrapper_that_says_more_of_another_meeting_is_rejected_word_by_word(
    answer_with: WithData, wrap: Callable[[object], str]
) -> None:
    inner, n = KEYED, 1
    words: list[dict[str, Any]] = [{"name": "x"}, {"name": ""}, {"oriamount": "1.20"}]
    for more in words:
        told = {"meid": "M9", **more}
        answer = answer_with(wrap({**told, "appid": "a", "c": inner}))
        tables = merge_answers([answer])
        rejects = [json.loads(f"{{{raw}}}") for raw in tables.rejects["raw"].to_pylist()]
        assert rejects == [{key: one} for key, one in told.items() if one]
        assert (tables.meetings.num_rows, tables.counts.received) == (n, n + len(rejects))
        quiet: list[dict[str, Any]] = [{"meid": "M9"}, {"meid": "M9", "state": "ok", "appid": "a", "total": n}, more]
        for around in quiet:
            answer = answer_with(wrap({**around, "c": inner}))
            assert merge_answers([answer]).counts[:4] == (n, n, 0, 0)
        # a room, and what took place in it
        answer = answer_with(wrap({**told, "list": [KEYED, {**KEYED, "meid": "M2"}]}))
        assert merge_answers([answer]).counts[:4] == (2, 2, 0, 0)


def test_what_describes_an_answer_is_no_reject(answer_with: WithData) -> None:
    about = {"query": TIMES, "page": {"no": 1, "size": 20}, "status": {"code": 0}, "creator": {"phone": "15400000001"}}
    for data in ({"meeting": KEYED}, {"list": [KEYED]}, {"M1": KEYED}):
        answer = answer_with(json.dumps(about | data))
        assert merge_answers([answer]).counts[:4] == (1, 1, 0, 0)
        assert answer.warnings == ()


@pytest.mark.parametrize("wrap", [lambda one: one, json.dumps])
@pytest.mark.parametrize("outer", [{}, {"creator": "15400000009"}])
@pytest.mark.parametrize("key", ["meeting", "meetings"])
def test_all_elements_of_a_list_are_read_alike(
    answer_with: WithData, key: str, outer: dict[str, str], wrap: Callable[[object], object]
) -> None:
    """Behind the first eight, an element that begins with an id was believed, and became a second meeting."""
    inner = [{**M1, "meid": f"m{i}"} for i in range(12)]
    rows = [
        {"confid": f"80{i:02}", **outer, key: wrap([one] if key == "meetings" else one)} for i, one in enumerate(inner)
    ]
    few, many = (
        merge_answers([answer_with(json.dumps(one))]).meetings["meeting_id"].to_pylist() for one in (rows[:8], rows)
    )
    assert many[:8] == few[:8]
    assert len(many) * 8 == len(few) * 12


@pytest.mark.parametrize(
    "body",
    [
        {"roomNo": "1", "name": "x", "creator": "15400000001", "starttime": "2026-01-05 10:00:00", "oriamount": "1.2"},
        {"result": {"meid": ["1", "2"], "starttime": ["2026-01-05 10:00:00", "2026-01-05 11:00:00"]}},
        {"result": {"cols": ["meid"], "rows": [["1"], ["2"]]}},
        {"result": {"M1": ["x", "2026-01-05 10:00:00"]}},
        {"result": [["20260105090000000000", 1]]},
        {"result": json.dumps([["x", "2026-01-05 10:00:00"]])},
        {"result": ["8001,15400000001,2026-01-05 10:00:00"], "data": None},
        {"body": "eyJzdGF0dXNDb2RlIjoiMCJ9" * 8},
    ],
)
def test_an_answer_that_tells_of_something_nobody_can_read_is_no_envelope(body: dict[str, Any]) -> None:
    counts = merge_answers([read_answer(json.dumps({"statusCode": "0", **body}).encode())]).counts
    assert counts.rejected == counts.received > 0


def test_a_list_in_a_text_beside_records_is_looked_into() -> None:
    odd = [{"roomNo": "9", "begin": "2026-01-05 10:00:00"}, {"roomNo": "8"}]
    forms = (
        odd,
        json.dumps(odd),
        [json.dumps(one) for one in odd],
        json.dumps([json.dumps(one) for one in odd]),
        {"a": json.dumps({"b": odd})},
    )
    for listed in forms:
        for body in ({"data": {"list": [M1], "archived": listed}}, {"data": [M1], "archived": listed}):
            answer = read_answer(json.dumps(body).encode())
            assert [json.loads(one.raw) for one in answer.records[1:]] == odd
            assert merge_answers([answer]).counts[:4] == (3, 1, 2, 0)
    for plain in ('["a","b"]', '{"a":{"b":1}}', "[]", '[{"x"'):
        assert len(read_answer(json.dumps({"data": [M1], "archived": plain}).encode()).records) == 1


@pytest.mark.parametrize(
    ("key", "hidden"),
    [
        ("138.7321.4567", "7321"),
        ("138—7321—4567", "7321"),
        ("138·7321·4567", "7321"),
        ("138/7321/4567", "7321"),
        ("一三八七三二一四五六七", "七三二一"),
        ("010-65527788转8021", "8021"),
        ("%31%33%38%37%33%32%31%34567", "34567"),
        ("65527788", "65527788"),
    ],
)
def test_a_warning_repeats_no_number_however_it_is_written(answer_with: WithData, key: str, hidden: str) -> None:
    elsewhere = read_answer(json.dumps({"statusCode": "0", key: {"list": [{"meid": "m1", "creator": "a"}]}}).encode())
    held = {"meid": "m1", "starttime": "2026-01-05 10:00:00", key: {"starttime": "2026-01-05 09:00:00", "x": 1}}
    for answer in (elsewhere, answer_with(json.dumps([held]))):
        told = " ".join(one.en for one in answer.warnings)
        assert "****" in told or "***" in told
        assert hidden not in told


def test_a_warning_repeats_no_number_and_no_signature(answer_with: WithData) -> None:
    """A platform may key parties by their numbers, or echo the question's signature; warnings reach logs and mail."""
    record = {"meid": "1", "starttime": "2026-01-05 10:00:00"}
    signature = "0123456789ABCDEF0123456789ABCDEF"
    body = {"statusCode": "0", "15462891146": "15433332222", "data": [record], signature: [{**record, "meid": "2"}]}
    told = " ".join(f"{warning.zh} {warning.en}" for warning in read_answer(json.dumps(body).encode()).warnings)
    assert "154****1146" in told
    assert "0123***" in told
    assert "15462891146" not in told
    assert signature not in told
    keyed = answer_with(json.dumps({"13900001234": {"starttime": "2026-01-05 10:00:00", "creator": "15400000001"}}))
    assert any("139****1234" in warning.en for warning in keyed.warnings)
    assert not any("13900001234" in warning.en for warning in keyed.warnings)


@pytest.mark.parametrize(
    ("key", "entry", "odd"),
    [
        ("links", {"url": None, "label": "1", "active": True}, {"url": "x", "roomNo": "9"}),
        ("links", {"rel": "self", "href": "http://x"}, {"href": "x", "phone": "15400000001"}),
        ("orders", {"column": "starttime", "asc": False}, {"orderNo": "9", "begin": "2026-01-05 10:00:00"}),
        ("sort", {"property": "starttime", "direction": "DESC"}, {"property": {"roomNo": "9"}}),
    ],
)
def test_what_frameworks_list_beside_records_is_no_reject(key: str, entry: dict[str, Any], odd: dict[str, Any]) -> None:
    for one, n in ((entry, 0), (odd, 1)):
        for body in ({"data": [M1], key: [one]}, {"data": {"list": [M1], "total": 1, key: [one]}}):
            answer = read_answer(json.dumps(body).encode())
            assert (merge_answers([answer]).counts[:4], answer.is_doubtful) == ((1 + n, 1, n, 0), False)


@pytest.mark.parametrize("place", [0, 7, 8, 11])
@pytest.mark.parametrize("more", [{}, {"hasMore": True}, {"total": 9}])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_room_among_meetings_is_none_wherever_it_stands(place: int, more: dict[str, Any], is_listed: bool) -> None:
    """From the ninth place on, whatever began with an id was believed to be a meeting."""
    meetings = [{**M1, "meid": f"M{i}"} for i in range(13)]
    room = {"confid": "R1", **more, "list": meetings[11:]}
    elements = [*meetings[:place], room, *meetings[place:11]]
    answer = read_answer(json.dumps({"data": elements if is_listed else {"list": elements}}).encode())
    assert set(merge_answers([answer]).meetings["meeting_id"].to_pylist()) == {one["meid"] for one in meetings}
    assert answer.is_doubtful == bool(more)
