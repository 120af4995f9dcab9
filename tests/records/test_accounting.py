"""Every byte of an answer is accounted for: nothing is lost before it is counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records.accounted import ALL, STATUS, check, ids, meeting, read, text
from ytxdata.errors import TruncatedError
from ytxdata.records.answer import read_answer
from ytxdata.records.find_records import split_list
from ytxdata.records.merge import merge_answers
from ytxdata.records.spans import unescape


def test_a_record_that_lost_the_head_of_its_parties_costs_only_itself() -> None:
    body = f'{{{STATUS},"data":{{"total":24,"list":{text(ALL)}}}}}'
    at = body.index('[{"phone":', body.index('"meid":"m2"'))
    answer, tables = read(body[:at] + body[at + len('[{"phone":') :])
    assert set(ids(tables)) >= {f"m{i}" for i in range(1, 25) if i != 2}
    assert tables.counts.rejected >= 1
    assert answer.warnings


@pytest.mark.parametrize("member", ["data:[%s]", '"data" [%s]', '"data:[%s]', "'data':[%s]", '"data"=[%s]'])
def test_a_key_that_cannot_be_read_hides_no_record(member: str) -> None:
    records = ",".join(map(text, ALL))
    answer, tables = read(f"{{{STATUS},{member % records}}}")
    assert ids(tables) == [one["meid"] for one in ALL]
    assert answer.status_code == "0"
    assert tables.counts.rejected == 1
    assert answer.warnings


@pytest.mark.parametrize("body", ['{"cdr":[{"callNo":"1"}]}', '{"statusCode":"0","rows":[{"callNo":"1"}]}'])
def test_a_list_of_objects_nobody_knows_is_rejected_with_its_path(body: str) -> None:
    answer, tables = read(body)
    assert tables.counts[:4] == (1, 0, 1, 0)
    assert tables.rejects["reason"].to_pylist() == ["no_id"]
    assert answer.records[0].path in ("$.cdr[0]", "$.rows[0]")


@pytest.mark.parametrize(
    "shape", ['"cdr":%s', '"result":{"page":{"rows":%s}}', '"a":{"b":{"c":{"d":%s}}}', '"x":[[%s]]']
)
def test_records_under_any_key_are_records_and_the_change_is_told(shape: str) -> None:
    answer, tables = read(f"{{{STATUS},{shape % text(ALL)}}}")
    assert ids(tables) == [one["meid"] for one in ALL]
    assert any("not stand under `data`" in warning.en for warning in answer.warnings)


def test_objects_in_lists_beside_the_records_are_rejected() -> None:
    body = f'{{{STATUS},"data":{{"list":{text(ALL[:2])},"extra":[{{"a":1}},{{"a":2}}]}},"more":{{"y":[{{"b":1}}]}}}}'
    answer, tables = read(body)
    assert tables.counts[:4] == (5, 2, 3, 0)
    assert [record.path for record in answer.records][2:] == ["$.data.extra[0]", "$.data.extra[1]", "$.more.y[0]"]


@pytest.mark.parametrize("beside", [[], [meeting(1)]])
def test_an_element_in_words_nobody_knows_is_one_reject_with_all_it_says(beside: list[dict[str, Any]]) -> None:
    odd = {"conf_no": "8001", "opened": "2026-01-05 10:00:00", "attending": [{"who": "张三"}, {"who": "李四"}]}
    _, tables = read(f"{{{STATUS},{text('data')}:{text([odd, *beside])}}}")
    rejects = tables.rejects.to_pylist()
    assert [(one["reason"], json.loads(one["raw"])) for one in rejects] == [("no_id", odd)]
    assert len(tables.meetings) == len(beside)


def test_a_key_that_is_another_id_than_the_records_own_is_told() -> None:
    answer, tables = read(f"{{{STATUS},{text('data')}:{text({'m1': meeting(7), 'm2': meeting(2)})}}}")
    assert tables.meetings.column("meeting_id").to_pylist() == ["m7", "m2"]
    assert ["$.data.m1" in one.en for one in answer.warnings if "another meeting" in one.en] == [True]


def test_meetings_under_each_others_ids_are_told() -> None:
    answer, tables = read(f"{{{STATUS},{text('data')}:{text({'m7': meeting(2), 'm2': meeting(7)})}}}")
    assert tables.meetings.column("meeting_id").to_pylist() == ["m2", "m7"]
    assert ["$.data.m7, $.data.m2" in one.en for one in answer.warnings if "another meeting" in one.en] == [True]


def test_an_object_with_parties_beside_a_list_is_no_envelope() -> None:
    """Pinned beside the list, without an id that anybody knows, a meeting was lost without a word."""
    odd = {"hyh": "8001", **{key: value for key, value in meeting(1).items() if key != "meid"}}
    for beside in ({"top": odd}, {"top": odd, "total": 2}, {"live": odd, "next": {**odd, "hyh": "8002"}}):
        _, tables = read(f"{{{STATUS},{text('data')}:{text({'list': [meeting(0)], **beside})}}}")
        told = [one for one in beside.values() if isinstance(one, dict)]
        assert [json.loads(one["raw"]) for one in tables.rejects.to_pylist()] == told
        assert tables.meetings.num_rows == 1
    # what was asked has times and a creator, and nobody who came
    asked = {key: odd[key] for key in ("creator", "starttime")}
    _, tables = read(f"{{{STATUS},{text('data')}:{text({'list': [meeting(0)], 'asked': asked})}}}")
    assert tables.rejects.num_rows == 0


def test_the_rest_of_a_record_among_the_members_of_its_answer_is_rejected() -> None:
    """A cut took the list and the times: id, name and creator are left, and look like members of the answer."""
    cut = f'{{{STATUS},"data":"2026-01-05 10:06:00","creator":"15400000001","name":"周例会","meid":"m6"}}'
    _, tables = read(f"{cut}\n{{{STATUS},{text('data')}:{text([meeting(1)])}}}")
    assert any('"m6"' in one["raw"] for one in tables.rejects.to_pylist())
    # what was asked may be repeated
    asked = f'{{{STATUS},"confid":"8001","creator":"15400000001","data":{text([meeting(1)])}}}'
    assert read(asked)[1].rejects.num_rows == 0


@pytest.mark.parametrize("key", ["older", "history"])
def test_a_map_beside_a_list_is_read_as_one_alone(key: str) -> None:
    bare = {name: value for name, value in meeting(1).items() if name != "meid"}
    data = {"recent": [meeting(0)], key: {"mA": bare, "mB": bare}}
    _, tables = read(f"{{{STATUS},{text('data')}:{text(data)}}}")
    assert tables.meetings.column("meeting_id").to_pylist() == ["m0", "mA", "mB"]


def test_a_map_of_json_texts_keeps_the_keys_with_what_it_rejects() -> None:
    bare = text({name: value for name, value in meeting(1).items() if name != "meid"})
    _, tables = read(f"{{{STATUS},{text('data')}:{text({'80010': bare, '80011': bare})}}}")
    assert [one["raw"][:8] for one in tables.rejects.to_pylist()] == ['"80010":', '"80011":']


def test_keys_that_are_no_ids_are_not_held_against_the_ids() -> None:
    by_room, _ = read(f"{{{STATUS},{text('data')}:{text({'8001': meeting(1), '8002': meeting(2)})}}}")
    by_id, _ = read(f"{{{STATUS},{text('data')}:{text({'m1': meeting(1), 'm2': meeting(2)})}}}")
    assert not [one for answer in (by_room, by_id) for one in answer.warnings if "another meeting" in one.en]


def test_a_last_record_without_its_end_costs_one_reject() -> None:
    broken = '{"meid":"G","parties":[{"phone":"1"}'
    body = f'{{{STATUS},"data":[{",".join([*map(text, ALL), broken])}]}}'
    _, tables = read(body, is_whole=True)
    assert ids(tables) == [one["meid"] for one in ALL]
    assert tables.rejects["raw"].to_pylist() == [broken]


def test_an_answer_that_is_cut_is_refused_unless_it_may_be() -> None:
    body = f'{{{STATUS},"data":{text(ALL[:3])}}}'
    inside = body.index("张三", body.index('"meid":"m3"'))
    for is_whole in (None, True):
        with pytest.raises(TruncatedError):
            read_answer(body[:inside].encode(), is_whole=is_whole)
    answer, tables = read(body[:inside], is_whole=False)
    assert ids(tables) == ["m1", "m2"]
    assert tables.counts[:4] == (3, 2, 1, 0)
    assert answer.is_doubtful


@pytest.mark.parametrize("dressed", [False, True])
def test_quotes_in_twenty_names_are_twenty_rejects(dressed: bool) -> None:
    whole = [text(meeting(i)) for i in range(20)]
    broken = [text(meeting(100 + i)).replace("周例会", 'the "big" one') for i in range(20)]
    both = whole + broken if dressed else broken
    _, tables = read(f'{{{STATUS},"data":[{",".join(both)}]}}')
    assert ids(tables) == [f"m{i}" for i in range(20)] * dressed
    assert tables.rejects["raw"].to_pylist() == broken
    assert tables.rejects["meeting_id"].to_pylist() == [f"m{100 + i}" for i in range(20)]


@pytest.mark.parametrize("wraps", [1, 2])
def test_damage_inside_a_json_string_costs_no_neighbour(wraps: int) -> None:
    records = [text(one) for one in ALL]
    for old, new in (('"meid":"m7"', '"meid:"m7"'), ("周例会", 'a "b'), ("}]}", "}]")):
        damaged = [*records[:6], records[6].replace(old, new), *records[7:]]
        data = f"[{','.join(damaged)}]"
        for _ in range(wraps):
            data = json.dumps(data, ensure_ascii=False)
        _, tables = read(f'{{{STATUS},"data":{data}}}')
        assert set(ids(tables)) == {one["meid"] for one in ALL} - {"m7"}
        assert tables.counts.rejected == 1
    data = json.dumps(f"[{','.join(records)}]", ensure_ascii=False)
    outer = data.replace('\\"m7\\"', '\\"m7"', 1)
    _, tables = read(f'{{{STATUS},"data":{outer}}}')
    assert ids(tables) == [one["meid"] for one in ALL]  # a backslash too few leaves the inner text as it was


def test_a_reject_keeps_its_whole_text() -> None:
    broken = f'{{"meid":"x","meetingname":"a "b"{"长" * 5000}"}}'
    _, tables = read(f'{{{STATUS},"data":[{text(ALL[0])},{broken}]}}')
    assert tables.rejects["raw"].to_pylist() == [broken]


@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-16", "utf-32", "utf-8-sig"]
)
def test_wide_encodings_are_told_without_a_mark(encoding: str) -> None:
    answer = read_answer(f'{{{STATUS},"data":{text(ALL)}}}'.encode(encoding))
    assert answer.status_msg == "提交成功"
    assert len(answer.records) == 24
    assert answer.warnings == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("before", ["callback(", "2026-11-30 10:00:00 INFO ", "收到的应答：", "\n\n", "data: "])
def test_wide_encodings_are_told_behind_other_text(encoding: str, before: str) -> None:
    answer = read_answer(f'{before}{{{STATUS},"data":{text(ALL)}}}'.encode(encoding), is_whole=False)
    assert ids(merge_answers([answer])) == [one["meid"] for one in ALL]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_text_appended_to_a_sound_file_is_not_its_encoding(encoding: str) -> None:
    first, second = (f'{{{STATUS},"data":{text(some)}}}' for some in (ALL[:12], ALL[12:]))
    for end in (b"\n", b"\n\n"):
        answer = read_answer(first.encode() + end + second.encode(encoding), is_whole=False)
        assert ids(merge_answers([answer])) == [one["meid"] for one in ALL[:12]]
        assert answer.warnings


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_lost_in_wide_text_costs_the_record_it_is_of(encoding: str) -> None:
    body = f'{{{STATUS},"data":{text(ALL)}}}'
    for nth in (3, 20):
        at = len(body[: body.index(text(ALL[nth])) + 12].encode(encoding))
        raw = body.encode(encoding)
        answer = read_answer(raw[:at] + raw[at + 1 :], is_whole=False)
        assert ids(merge_answers([answer])) == [one["meid"] for one in ALL if one != ALL[nth]]
        assert answer.warnings


PRINTED = str({"statusCode": "0", "statusMsg": "提交成功", "data": ALL, "x": None, "y": True})


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_printed_dictionary_is_read_in_every_encoding(encoding: str) -> None:
    answer = read_answer(PRINTED.encode(encoding))
    assert (answer.encoding, answer.status_msg) == ("python", "提交成功")
    assert answer.text == read_answer(PRINTED.encode()).text


def test_printed_objects_of_classes_are_read_as_what_they_were_made_of() -> None:
    as_map = (
        "OrderedDict({'meid': 'm1', 'oriamount': Decimal('0.300'), 'day': datetime.date(2026, 1, 5),"
        " 'starttime': datetime.datetime(2026, 1, 5, 10, 0), 'x': OrderedDict()})"
    )
    as_pairs = "OrderedDict([('meid', 'm2'), ('starttime', Timestamp('2026-01-05 11:00:00')), ('x', OrderedDict([]))])"
    answer = read_answer(f"{{'statusCode': '0', 'data': [{as_map}, {as_pairs}]}}".encode())
    assert [json.loads(one.raw) for one in answer.records] == [
        {"meid": "m1", "oriamount": "0.300", "starttime": "2026-01-05 10:00:00", "day": "2026-01-05", "x": {}},
        {"meid": "m2", "starttime": "2026-01-05 11:00:00", "x": {}},
    ]
    for odd in (
        "OrderedDict([1])",
        "datetime.datetime(2026)",
        "datetime.date(9999999999999999999999, 1, 1)",
        "X(1, 2)",
    ):
        body = f"{{'statusCode': '0', 'data': [{{'meid': 'm1', 'x': {odd}}}]}}"
        assert odd in b"".join(one.raw for one in read_answer(body.encode(), is_whole=False).records).decode()


def test_a_printed_dictionary_is_read_and_never_run() -> None:
    answer = read_answer(PRINTED.encode())
    assert ids(merge_answers([answer])) == [one["meid"] for one in ALL]
    assert answer.encoding == "python"
    evil = b"{'data': [{'meid': __import__('os').getpid()}]}"
    assert all(b"__import__" in record.raw for record in read_answer(evil, is_whole=True).records)


@given(st.text(alphabet='"\\/ab张😀\n\t{[', max_size=20), st.booleans())
def test_offsets_lead_out_of_a_string(inner: str, ascii_only: bool) -> None:
    raw = json.dumps(inner, ensure_ascii=ascii_only)[1:-1].encode()
    undone = unescape(raw)
    assert undone.text.decode() == inner
    for n in range(len(inner) + 1):
        (outer,) = undone.outer([len(inner[:n].encode())])
        assert unescape(raw[:outer]).text.decode() == inner[:n]


def test_spans_name_every_record_of_every_shape() -> None:
    for data in (text(ALL), json.dumps(text(ALL)), text({"list": ALL}), text({one["meid"]: one for one in ALL})):
        answer, _ = read(f'{{{STATUS}, "data" : {data} }}\n')
        assert [span.position for span in answer.spans if span.kind == "record"] == list(range(24))


def test_a_plain_list_is_split_as_the_search_would() -> None:
    # in one pass over the bytes, see `split_list`; a member that holds something makes the search do it
    odd = [{**meeting(i), "children": []} if i % 3 else {"confId": f"x{i}", "creator": 1} for i in range(40)]
    for records in (ALL, odd):
        plain, searched = (
            f'{{{STATUS},"data":{text(records)},"total":{len(records)}{more}}}' for more in ("", ',"x":[]')
        )
        assert split_list(plain.encode()) is not None
        quick, slow = (read(body)[0] for body in (plain, searched))
        assert quick.records == slow.records
        assert (quick.announced, quick.status_code, quick.warnings) == (slow.announced, "0", slow.warnings)


BESIDES: dict[str, Callable[[int], dict[str, Any]]] = {
    "an object and a list": lambda _: {"room": {"name": "A", "floor": 3}, "tags": ["季度"]},
    "parties in a page": lambda _: {"parties": {"total": 3, "list": ALL[0]["parties"]}},
    "parties in a text": lambda _: {"parties": text(ALL[0]["parties"])},
    "others who were invited": lambda _: {"invited": [{"name": "李四", "phone": "15400000009"}]},
    "more of itself": lambda i: {"detail": {"meid": f"m{i}", "creator": "15400000001", "duration": 60}},
    "a recording": lambda _: {"record": {"starttime": "2026-01-05 10:30:00"}},
    "sittings": lambda _: {"room": [{"begin": "2026-01-05 10:00:00", "finish": "2026-01-05 11:00:00"}]},
    "a page of it": lambda _: {"page": {"total": 7, "list": []}},
    "another meeting": lambda i: {"next": {**meeting(i), "meid": f"n{i}"}},
    "another among its parties": lambda i: {"parties": [*ALL[0]["parties"], {**meeting(i), "meid": f"n{i}"}]},
    "others under their ids": lambda i: {"others": {f"n{i}": {"starttime": "2026-01-06 10:00:00", "parties": []}}},
}
"""What stands in a record beside its words and one list of its parties; of the last three it holds other meetings."""


def with_odd(more: str, first: int) -> list[dict[str, Any]]:
    return [{**meeting(i), **(BESIDES[more](i) if i % 10 == first else {})} for i in range(40)]


@pytest.mark.parametrize("first", [0, 9])
@pytest.mark.parametrize("more", BESIDES)
def test_a_list_with_odd_records_is_split_as_the_search_would(more: str, first: int) -> None:
    records = text(with_odd(more, first))
    plain, searched = (
        read_answer(f'{{{STATUS},"data":{records},"total":40{beside}}}'.encode()) for beside in ("", ',"x":[]')
    )
    assert plain.records == searched.records
    assert (plain.announced, plain.warnings) == (searched.announced, searched.warnings)


@pytest.mark.parametrize("more", list(BESIDES)[:-3])
def test_odd_records_cost_no_other_the_quick_way(more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ytxdata.records.find_records._Search.text", None)
    assert len(read_answer(f'{{{STATUS},"data":{text(with_odd(more, 9))}}}'.encode()).records) == 40


@pytest.mark.parametrize(
    "body",
    [
        f'{{{STATUS},"data":{json.dumps(ALL)}}}',  # blanks between the records
        f'{{{STATUS},"old":{text(ALL)},"data":{text(ALL)}}}',
        f'{{{STATUS},"data":{text(ALL)},"data":{text(ALL)}}}',
        f'{{{STATUS},"data":{text(ALL)},"Data":{text(ALL[:1])}}}',
        f'{{{STATUS},"data":{text([])}}}',
        f"[{text(ALL)}]",
    ],
)
def test_what_is_not_one_plain_list_is_searched(body: str) -> None:
    assert split_list(body.encode()) is None
    answer, _ = read(body)
    assert all(answer.text[one.start : one.end] == one.raw for one in answer.records)


@pytest.mark.parametrize(
    "member",
    [
        '"x":"[{\\"meid\\":\\"z\\",\\"parties\\":[]}]"',
        '"x":"got [{\\"meid\\":\\"z\\",\\"parties\\":[]}]"',
        '"meid":"z","starttime":"2026-01-05 10:00:00"',
        '"x":{"meid":"z","parties":[]}',
    ],
)
def test_a_plain_list_hides_nothing_beside_it(member: str) -> None:
    answer, _ = read(f'{{{STATUS},"data":{text(ALL)},{member}}}')
    assert len(answer.records) > len(ALL)
    assert any(b'"z"' in one.raw for one in answer.records)


def in_details(i: int) -> dict[str, Any]:
    """A record in three objects, as JSON:API writes it."""
    one = meeting(i)
    return {
        "meid": one["meid"],
        "attributes": {key: one[key] for key in ("meetingname", "creator", "starttime")},
        "relationships": {"parties": one["parties"]},
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        {"list": [text(in_details(i)) for i in range(3)]},
        {f"m{i}": text(in_details(i)) for i in range(3)},
        [{"meeting": text(in_details(i))} for i in range(3)],
        text([text(in_details(i)) for i in range(3)]),
        [in_details(i) for i in range(3)],
    ],
)
@pytest.mark.parametrize("more", [b"", b",", b'"'])
def test_no_damage_to_the_envelope_ends_the_reading(data: object, more: bytes) -> None:
    """A reject inside of a record in a text was taken for a record beside it: its bytes stood in the gap behind once
    more, and an assertion ended every sync.
    """
    sound = text({"statusCode": "0", "statusMsg": "ok", "requestId": "r1", "data": data}).encode()
    head = sound[: sound.index(b'"data"')]
    for at in (i for i, one in enumerate(head) if i and one in b'{}[]",:'):
        answer = read_answer(sound[:at] + more + sound[at + (not more) :], is_whole=True)
        tables = merge_answers([answer])
        check(answer, tables)
        assert ids(tables) == ["m0", "m1", "m2"]
        assert not any("byte for byte" in one.en for one in answer.warnings)


@pytest.mark.parametrize(
    ("body", "reason"), [({"statusCode": "0", "data": {"list": ALL}}, "no_id"), (ALL, "not_object")]
)
def test_a_fault_of_the_reading_is_one_reject_and_no_crash(
    body: object, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raised, it ended every sync that met the answer, which was kept nowhere."""
    monkeypatch.setattr(
        "ytxdata.records.shapes.Shapes.nested",
        lambda _, found: [found[0]._replace(start=found[0].start + 1, end=found[0].end + 1)],
    )
    answer, tables = read(f" {text(body)}\n")
    assert [(one["raw"], one["reason"]) for one in tables.rejects.to_pylist()] == [(text(body), reason)]
    assert any("byte for byte" in one.en for one in answer.warnings)
    assert answer.is_doubtful
