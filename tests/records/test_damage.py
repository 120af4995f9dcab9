"""One broken record never loses its neighbours; what means something is read, the rest is rejected by name."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ytxdata.errors import NotJsonError, TruncatedError
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.json_values import end_of
from ytxdata.records.merge import MergedTables, merge_answers

GOOD = '{"meid":"m%d","starttime":"2026-01-05 10:00:00","parties":[{"name":"张三","phone":"15400000001"}]}'
DEEP = "[" * 10_000 + "]" * 10_000
ONLY_LENIENT = {
    "nan": ("NaN", "not_a_number"),
    "infinity": ("-Infinity", "not_a_number"),
    "control": ('"a\x01b"', "broken_text"),
    "newline": ('"a\nb"', "broken_text"),
    "surrogate": ('"\\ud800"', "broken_text"),
    "escape": ('"C:\\x"', "broken_text"),
    "undefined": ("undefined", "broken_text"),
    "leading zero": ("007", "broken_text"),
    "deep": (DEEP, "too_deep"),
    "endless digits": ("1" * 9000, "broken_text"),
}
HOPELESS = {"quotes inside": '"He said "hi" to us"', "odd quote": '"odd', "open object": '{"a":', "open list": "[1,"}


def three_with(value: str, position: int) -> bytes:
    records = [GOOD % i for i in range(3)]
    records[position] = (
        f'{{"meid":"bad","extra":{value},"starttime":"2026-01-05 11:00:00","parties":[{{"phone":"1"}},{{"phone":"2"}}]}}'
    )
    return f'{{"statusCode":"0","data":[{",".join(records)}],"after":"x"}}'.encode()


def ids(table: MergedTables) -> list[str]:
    return sorted(table.meetings["meeting_id"].to_pylist())


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("kind", ONLY_LENIENT)
def test_a_slightly_broken_record_is_read_and_told(kind: str, position: int) -> None:
    value, reason = ONLY_LENIENT[kind]
    table = merge_answers([read_answer(three_with(value, position))])
    assert ids(table) == sorted({"m0", "m1", "m2", "bad"} - {f"m{position}"})
    told = [row["reason"] for row in table.problems.to_pylist() if row["meeting_id"] == "bad"]
    assert reason in told


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("kind", HOPELESS)
def test_a_hopelessly_broken_record_is_rejected_alone(kind: str, position: int) -> None:
    table = merge_answers([read_answer(three_with(HOPELESS[kind], position))])
    assert ids(table) == sorted({"m0", "m1", "m2"} - {f"m{position}"})
    (reject,) = table.rejects.to_pylist()
    assert (reject["reason"], reject["meeting_id"], reject["position"]) == ("broken_text", "bad", position)
    assert HOPELESS[kind] in reject["raw"]


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("excess", ["}", "]", "]}"])
def test_a_closing_bracket_too_many_loses_no_neighbour(excess: str, position: int) -> None:
    body = three_with("1", position).replace(b'{"phone":"2"}]}', b'{"phone":"2"}]}' + excess.encode())
    found = {"m0", "m1", "m2"} - {f"m{position}"}
    assert found <= set(ids(merge_answers([read_answer(body)])))


@pytest.mark.parametrize(
    "shape", ['{"data":[%s]}', '{"data":[%s],"after":{"x":[1]}}', "[%s]", '{"data":{"rows":[%s]}}']
)
@pytest.mark.parametrize(
    "broken",
    [
        '{"meid":"x","a":[1,2',
        '{"meid":"x","a":[1,2,{"phone":"1"}',
        '{"meid":"x","a":"zzz',
        '{"meid":"x","a":"zzz}',
        '{"meid":"x","a":{"b":1',
        '{"meid":"x","a"',
        '{"meid":"x"',
    ],
)
def test_a_record_without_its_end_swallows_no_neighbour(broken: str, shape: str) -> None:
    body = shape % ",".join([GOOD % 1, broken, GOOD % 2, f"{broken} \n", GOOD % 3])
    table = merge_answers([read_answer(body.encode())])
    assert ids(table) == ["m1", "m2", "m3"]
    assert table.rejects["raw"].to_pylist() == [broken] * 2


@pytest.mark.parametrize("rest", ["", ',"z":1', ',"z":{"y":[2]},"x":"w"'])
@pytest.mark.parametrize("shape", ['{"data":[%s]%s}', '{"data":{"rows":[%s]}%s}', '{"data":[%s]}%s}'])
def test_a_record_that_takes_the_lists_own_bracket_swallows_no_neighbour(shape: str, rest: str) -> None:
    broken = '{"meid":"x","a":[1,2'
    body = shape % (",".join([GOOD % 1, broken, GOOD % 2, GOOD % 3]), rest)
    assert ids(merge_answers([read_answer(body.encode())])) == ["m1", "m2", "m3"]


def test_an_invalid_byte_spoils_one_value_only() -> None:
    body = three_with('"XX"', 1).replace(b"XX", b"\xff\xfe")
    answer = read_answer(body)
    assert answer.encoding == "utf-8"
    assert answer.warnings
    assert b"\xff\xfe" in answer.records[1].raw
    assert ids(merge_answers([answer])) == ["bad", "m0", "m2"]


def test_the_committed_damaged_answer(saved: Callable[[str], Answer]) -> None:
    table = merge_answers([saved("damaged")])
    assert table.counts[:4] == (7, 4, 3, 0)
    assert table.rejects["reason"].to_pylist() == ["broken_text", "not_object", "no_id"]
    assert table.rejects["meeting_id"].to_pylist()[0] == "odd"


def test_many_broken_records_in_a_row() -> None:
    records = [GOOD % i if i % 3 else f'{{"meid":"bad{i}","name":"odd,"starttime":"x"}}' for i in range(300)]
    table = merge_answers([read_answer(f'{{"data":[{",".join(records)}]}}'.encode())])
    assert table.counts[:4] == (300, 200, 100, 0)


def test_a_key_given_twice_is_told_and_the_last_counts() -> None:
    body = b'{"data":[{"meid":"1","name":"a","name":"b","parties":[{"phone":"1","phone":"15400000001"}]}]}'
    table = merge_answers([read_answer(body)])
    assert table.meetings["name"].to_pylist() == ["b"]
    doubled = [row for row in table.problems.to_pylist() if row["reason"] == "doubled_key"]
    assert [(row["column"], row["raw_value"]) for row in doubled] == [("phone", "1"), ("name", "a")]


@pytest.mark.parametrize("parties", ['["15400000001","15400000002"]', '[["甲","15400000001"]]'])
def test_a_doubled_key_is_told_whatever_form_the_parties_have(parties: str) -> None:
    body = f'{{"data":[{{"meid":"1","name":"a","name":"b","name":"c","parties":{parties}}}]}}'
    assert merge_answers([read_answer(body.encode())]).problems["reason"].to_pylist() == ["doubled_key"] * 2


def test_text_that_looks_like_a_key_is_no_doubled_key() -> None:
    record = {
        "meid": "1",
        "name": 'a":"b',
        "extra": {"x": {"y": 1}},
        "parties": [{"phone": "15400000001", "z": {"k": 2}}],
    }
    table = merge_answers([read_answer(json.dumps({"data": [record]}).encode())])
    assert table.problems.num_rows == 0


@pytest.mark.parametrize("shape", ["[%s]", '{"rows":[%s],"total":2}', "%s"])
def test_every_cut_is_noticed(shape: str) -> None:
    data = shape % (GOOD % 1) if shape == "%s" else shape % f"{GOOD % 1},{GOOD % 2}"
    body = f'{{"statusCode":"0","data":{data}}}'.encode()
    for end in range(len(body)):
        with pytest.raises(TruncatedError):
            read_answer(body[:end])


def test_a_cut_json_string_is_noticed() -> None:
    body = json.dumps({"statusCode": "0", "data": f"[{GOOD % 1}]"}).encode()
    for end in range(len(body)):
        with pytest.raises(TruncatedError):
            read_answer(body[:end])


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"statusCode=0", b"-2", b'"0"', b"null"])
def test_what_is_no_answer_is_refused_with_a_remedy(body: bytes) -> None:
    with pytest.raises(NotJsonError) as caught:
        read_answer(body)
    assert caught.value.remedy


def test_text_behind_the_end_is_a_reject_and_told() -> None:
    answer = read_answer(f'{{"data":[{GOOD % 1}]}}\n<!-- 3 ms -->'.encode())
    table = merge_answers([answer])
    assert table.counts[:4] == (2, 1, 1, 0)
    assert table.rejects["raw"].to_pylist() == ["<!-- 3 ms -->"]
    (warning,) = answer.warnings
    assert "13 bytes" in warning.en


@pytest.mark.parametrize("first", ['{"data":[%s]}', "[%s]", '{"data":[%s],"x":NaN}'])
def test_of_two_answers_in_one_text_both_are_read(first: str) -> None:
    second = f'{{"data":[{GOOD % 2}]}}'
    answer = read_answer((first % (GOOD % 1) + second).encode())
    assert ids(merge_answers([answer])) == ["m1", "m2"]
    assert answer.warnings


@pytest.mark.parametrize("broken", ['{"meid":"x","a":"zzz', '{"meid":"x","a":{"b":1', '{"meid":"x"'])
def test_a_damaged_list_in_a_wrapper_is_read_to_its_end(broken: str) -> None:
    for depth in (1, 3):
        before, behind = '{"w":' * depth, "}" * depth
        body = f'{{"data":{before}[{GOOD % 1},{broken},{GOOD % 2}]{behind},"after":1}}'
        assert ids(merge_answers([read_answer(body.encode())])) == ["m1", "m2"]


WHOLE = f"[{GOOD % 1},{GOOD % 2}]"


@pytest.mark.parametrize(
    "text",
    [
        *(WHOLE[:-1], WHOLE[:-1] + ", ", WHOLE[:-30], "[", "[{"),
        *(f'{{"total":2,"list":{WHOLE}', f'{{"list":{WHOLE},"total":2', json.dumps(WHOLE[:-1])),
    ],
)
@pytest.mark.parametrize("key", ["data", "list"])
def test_a_list_in_json_text_without_its_end_proves_nothing(
    answer_with: Callable[[str], Answer], text: str, key: str
) -> None:
    """Every answer of an account broke off so, was said to be damaged, and proved its periods."""
    data = json.dumps(text) if key == "data" else json.dumps({key: text})
    answer = answer_with(data)
    assert answer.is_doubtful
    assert any("ends before it is whole" in one.en for one in answer.warnings)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(WHOLE),
        json.dumps(json.dumps(WHOLE)),
        json.dumps(WHOLE.replace('"2026-01-05 10:00:00"', '2026-01-05 10:00:00"', 1)),
        json.dumps(WHOLE + "]"),
        f'{WHOLE}, "separator": "["',
        f'{{"list": {WHOLE}, "format": "{{", "hint": "[1, 2,"}}',
        WHOLE + ', "note": ' + json.dumps('{"meid": '),
    ],
)
def test_a_text_that_is_damaged_elsewhere_has_its_end(answer_with: Callable[[str], Answer], data: str) -> None:
    assert not answer_with(data).is_doubtful


HOSTILE = {
    "open objects": ("{" * 40_000, ""),
    "objects that end in a string": ('{"a\n' * 20_000, ""),
    "lists": ('{"statusCode":"0","data":' + "[" * 40_000, "]" * 40_000 + "}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_text_made_to_be_slow_costs_no_record_behind_it(kind: str) -> None:
    before, behind = HOSTILE[kind]
    # Read by its square, each of these takes minutes.
    table = merge_answers([read_answer((before + GOOD % 1 + behind).encode(), is_whole=False)])
    assert ids(table) == ["m1"]
    assert table.counts.rejected == (kind != "lists")


def test_the_ends_of_open_objects_are_looked_for_within_bounds() -> None:
    assert end_of('{"a":' * 10 + "1" + "}" * 10, 0, deepest=10) == 61
    assert end_of('{"a":' * 11 + "1" + "}" * 11, 0, deepest=10) == -1


@pytest.mark.parametrize("colon", [":", " :", "\n\t:"])
def test_a_key_given_twice_is_told_however_it_is_spaced(colon: str) -> None:
    body = f'[{{"meid":"1","starttime":"2026-01-05 10:00:00","name"{colon}"a","name":"b"}}]'.encode()
    problems = merge_answers([read_answer(body)]).problems.to_pylist()
    assert [(one["column"], one["raw_value"]) for one in problems if one["reason"] == "doubled_key"] == [("name", "a")]


@pytest.mark.parametrize("noise", [b"\0", b"\0\0\0", b"\n\0", b"\0\n", b"\x0b", b"\n\x0c", b"\x0c\0"])
def test_what_disks_and_printers_leave_outside_of_strings_is_blank(noise: bytes) -> None:
    records = [(GOOD % i).encode() for i in range(3)]
    body = b'{"statusCode":"0","data":[' + b",".join(records) + b"]}"
    for text in (noise + body, body + noise, b"\n".join(noise + one for one in records)):
        table = merge_answers([read_answer(text, is_whole=False)])
        assert ids(table) == ["m0", "m1", "m2"]
        assert table.counts.rejected == 0


PRINTED_DAMAGE: dict[str, Callable[[str, str], str]] = {
    "none": lambda text, _: text,
    "no end of the list": lambda text, _: f"{text[:-2]}}}",
    "no end of a list of parties": lambda text, _: text.replace("}]}", "}}", 1),
    "tail": lambda text, _: text[:-30],
    "closing brackets": lambda text, _: text[:-2],
    "head": lambda text, _: text[10:],
    "head and half a record": lambda text, _: text[60:],
    "quote behind a key": lambda text, quote: text.replace(f"meid{quote}", "meid", 1),
    "quote before a key": lambda text, quote: text.replace(f"{quote}meid", "meid", 1),
}


@pytest.mark.parametrize("kind", PRINTED_DAMAGE)
def test_a_damaged_printed_dictionary_gives_the_records_that_the_same_damage_leaves_of_json(kind: str) -> None:
    names = ["周例会", '{"meid":"1"}', "O'Neil", "a'b\"c\\"]
    records = [
        {
            "meid": f"m{i}",
            "name": name,
            "starttime": "2026-01-05 10:00:00",
            "open": None,
            "parties": [{"phone": "15400000001"}],
        }
        for i, name in enumerate(names)
    ]
    value = {"statusCode": "0", "data": records}
    damage = PRINTED_DAMAGE[kind]
    of_json, of_printed = (
        merge_answers([read_answer(damage(text, quote).encode(), is_whole=False)])
        for text, quote in ((json.dumps(value, ensure_ascii=False), '"'), (str(value), "'"))
    )
    assert len(ids(of_json)) >= 3
    columns = ["meeting_id", "name", "started_at", "n_legs"]
    assert of_printed.meetings.select(columns).equals(of_json.meetings.select(columns))
    assert of_printed.counts.rejected == of_json.counts.rejected
    assert "1" not in ids(of_printed)


INSIDE = {
    "list": [json.loads(GOOD % 20), json.loads(GOOD % 21)],
    "object": json.loads(GOOD % 20),
    "map": {"rows": {"m20": json.loads(GOOD % 20)}},
}


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("is_string", [False, True])
@pytest.mark.parametrize("position", [0, 11])
def test_meetings_inside_a_meeting_are_meetings_and_told_with_their_path(
    position: int, is_string: bool, inside: str
) -> None:
    records = [json.loads(GOOD % i) for i in range(12)]
    records[position]["children"] = INSIDE[inside]
    answer = read_answer(json.dumps({"data": json.dumps(records) if is_string else records}).encode())
    (told,) = [warning.en for warning in answer.warnings if "children" in warning.en]
    assert f"[{position}].children" in told
    tables = merge_answers([answer])
    own = [f"m{i}" for i in range(12)]
    assert sorted(ids(tables)) == sorted([*own, "m20", *(["m21"] if inside == "list" else [])])
    assert tables.meetings["n_legs"].to_pylist() == [1] * len(ids(tables))
    # each byte counts once, though the outer meeting's text holds the inner ones'
    outermost = [one for one in answer.records if "children" not in one.path]
    assert tables.counts.bytes.meetings == sum(one.end - one.start for one in outermost)
    pieces = [span.position for span in answer.spans if span.kind == "record"]
    assert pieces.count(position) == len(ids(tables)) - 11
    sound = read_answer(json.dumps({"data": [json.loads(GOOD % i) for i in range(12)]}).encode())
    assert sound.warnings == ()


def test_parties_that_repeat_the_id_of_their_meeting_are_no_meetings() -> None:
    parties = [{"meid": "1", "phone": "15400000000", "starttime": "2026-01-05 10:00:00"}] * 3
    records = [{"meid": "1", "parties": parties}, {"parties": parties, "meid": "1", "confid": "room 7"}] * 8
    answer = read_answer(json.dumps({"data": records}).encode())
    assert (len(answer.records), answer.warnings) == (16, ())


IN_NAMES = {
    "escaped, as a whole": '"{\\"meid\\":\\"1\\"}"',
    "escaped, in a sentence": '"see {\\"meid\\":\\"1\\",\\"creator\\":\\"2\\"}, then call"',
    "not escaped": '"{"meid":"1"}"',
}
BROKEN_PARTIES = ('{"phone":"1"]', '"phone":"1"}]', '["phone":"1"]', '[{"phone":"1",]')


@pytest.mark.parametrize("parties", BROKEN_PARTIES)
@pytest.mark.parametrize("name", IN_NAMES)
def test_a_name_is_no_meeting_whatever_is_broken_beside_it(name: str, parties: str) -> None:
    broken = f'{{"meid":"A","name":{IN_NAMES[name]},"parties":{parties}}}'
    table = merge_answers([read_answer(f'{{"statusCode":"0","data":[{broken},{GOOD % 2}]}}'.encode())])
    assert set(ids(table)) - {"A"} == {"m2"}
    assert table.counts.rejected or "A" in ids(table)


@pytest.mark.parametrize("lost", ["[", '[{"name":"张三",', '"parties":[', '{"meid":"m1",', ":", '"starttime"'])
def test_a_single_meeting_that_is_damaged_is_a_meeting_or_a_reject(lost: str) -> None:
    body = f'{{"statusCode":"0","data":{(GOOD % 1).replace(lost, "", 1)}}}'.encode()
    answer = read_answer(body, is_whole=False)
    assert answer.records
    assert not any(b"2026-01-05" in answer.text[one.start : one.end] for one in answer.spans if one.kind == "envelope")


def test_the_head_of_a_broken_meeting_repeats_no_question() -> None:
    # a record stands inside the broken one, so that its head could pass for a wrapper that says what was asked for
    broken = f'{{"meid":"lost","creator":"15400000001",{GOOD % 1},"name":"x"}}'
    answer = read_answer(f'{{"statusCode":"0","data":{broken}}}'.encode())
    assert ids(merge_answers([answer])) == ["m1"]
    assert any(b'"lost"' in one.raw for one in answer.records)


def test_a_map_by_id_in_damaged_text_shares_no_bytes() -> None:
    times = '"starttime": "2026-01-05 10:00:00"'
    records = f'{{"m1": {{"meid": "m1", {times}}}, "m2": {{{times}}}, "m3": {{"meid": "m3", {times}}}}}'
    for data in (records, json.dumps(records).replace('m2\\"', 'm2{"')):
        for body in (f'{{"statusCode": "0", "data": {data}', f'{{"statusCode": "0", "data": {data}}}'):
            counts = merge_answers([read_answer(body.encode(), is_whole=False)]).counts
            assert counts.received == counts.meetings + counts.rejected + counts.duplicates == 3


@pytest.mark.parametrize("key", ["me\\\\id", "\\\\meid", '\\"meid'])
@pytest.mark.parametrize(
    "around", ['{"statusCode":"0","data":%s}', '{"statusCode":"0","total":1,"data":{"m":%s}}', "%s"]
)
def test_a_record_whose_id_is_broken_in_two_ways_is_a_reject_from_its_head_on(key: str, around: str) -> None:
    broken = (GOOD % 1).replace('"meid":', f'"{key}":').replace('"name":', '"name:', 1)
    for text in (around % broken, f"{around % (GOOD % 2)}\n{around % broken}\n{around % (GOOD % 3)}"):
        answer = read_answer(text.encode(), is_whole=False)
        assert set(ids(merge_answers([answer]))) <= {"m2", "m3"}
        (rejected,) = (one.raw for one in answer.records if b"m1" in one.raw)
        assert rejected.startswith(broken.encode()[:-1])
        assert not any(whole in rejected for whole in (b"m2", b"m3"))


@pytest.mark.parametrize(
    "broken",
    ['{"m\\\\eid":"m\\\\1","name":[1]","creator":"15400000001"}', '{"me\\\\id":"m1",', '{"meid\\\\":"m1","name":"'],
)
def test_the_head_of_a_record_is_no_envelope_though_nothing_in_it_is_a_known_key(broken: str) -> None:
    """A text that became a list, and an answer that was cut in a record whose id is damaged."""
    body = f'{{"statusCode":"0","data":{broken}' + ("}" if broken.endswith("}") else "")
    (record,) = read_answer(body.encode(), is_whole=False).records
    assert record.raw.decode() == broken.rstrip(",")


@pytest.mark.parametrize("bracket", ["{", "}", "[", "]"])
def test_a_single_damaged_byte_takes_no_bracket_along(bracket: str) -> None:
    """Byte and bracket would be one character of GB18030."""
    body = (
        f"[{GOOD % 1},{GOOD % 2}]".replace("张三", "Li")
        .encode()
        .replace(bracket.encode(), b"\x87" + bracket.encode(), 1)
    )
    answer = read_answer(body, is_whole=False)
    assert answer.encoding == "utf-8"
    assert "m2" in ids(merge_answers([answer]))


def test_two_damaged_bytes_take_no_bracket_along() -> None:
    """One is no text in any encoding, the other would make a character of GB18030 with the bracket of the record."""
    record = b'{"meid":"m1","creator":"15400000001","starttime":"2026-01-05 10:00:00"}'
    answer = read_answer(b"[\n\xff[a\xe5" + record + b"]", is_whole=False)
    assert record in [one.raw for one in answer.records]


@pytest.mark.parametrize("noise", ["\0", "\x0b", "\x0c", "\x1c", "\xa0"])
def test_no_character_behind_damage_ends_the_reading(noise: str) -> None:
    """With a quote lost, everything behind it seems to stand in a string, the end of the text as well."""
    inner = f"[{GOOD % 1},{GOOD % 2}]".replace('"name":', '"name:', 1)
    for data in (inner, json.dumps(inner, ensure_ascii=False)):
        for text in (f'{{"statusCode":"0","data":{data}}}{noise}', f'{noise}{{"statusCode":"0","data":{data}}}'):
            assert "m2" in ids(merge_answers([read_answer(text.encode(), is_whole=False)]))


@pytest.mark.parametrize("broken", [{0}, {1}, {3}, {1, 2}, {0, 3}])
@pytest.mark.parametrize("lost", ["15400000001", "2026-03-05 10"])
def test_the_id_of_a_broken_record_is_told_where_it_is_its_key(broken: set[int], lost: str) -> None:
    """Left in the envelope, nobody could say which meeting was lost."""
    ids = [f"2026030500000{i}" for i in range(4)]
    texts = [
        f'"{one}": {{"name": "会", "creator": "15400000001", "starttime": "2026-03-05 10:0{i}:00"}}'
        for i, one in enumerate(ids)
    ]
    told = [text.replace(f'"{lost}', lost, 1) if i in broken else text for i, text in enumerate(texts)]
    body = f'{{"statusCode":"0","data":{{{", ".join(told)}}}}}'
    tables = merge_answers([read_answer(body.encode(), is_whole=True)])
    assert sorted(tables.meetings["meeting_id"].to_pylist()) == [one for i, one in enumerate(ids) if i not in broken]
    rejects = tables.rejects.to_pylist()
    assert all(any(ids[i] in one["raw"] for one in rejects) for i in broken)
    assert rejects[0]["meeting_id"] == ids[min(broken)]


def test_records_in_the_text_of_a_lost_key_are_read() -> None:
    # mutant 172/2723: a piece that took the key of the list, its text's first bracket and the first id along
    sound = [{"meid": f"m{i}", "creator": "15400000001", "parties": []} for i in range(3)]
    listed = json.dumps(json.dumps(sound, separators=(",", ":")))
    text = json.dumps(listed)
    body = '{"sta[\ntusCode":"0' + text[text.index("creator") - 4 :] + "}"
    records = [record.raw for record in read_answer(body.encode(), is_whole=False).records]
    assert [json.dumps(one, separators=(",", ":")).encode() for one in sound[1:]] == records[1:3]
    assert b"15400000001" in records[0]


@pytest.mark.parametrize("said", [{"topic": "x"}, {"n": 1}, {"creator": "15400000001"}])
def test_a_text_that_quotes_a_meeting_makes_none(said: dict[str, object]) -> None:
    body = json.dumps({**said, "note": 'see "meid":"m1","creator":"15400000001"'})
    assert [record.raw for record in read_answer(body.encode()).records] == [body.encode()]


@pytest.mark.parametrize("is_whole", [None, True, False])
@pytest.mark.parametrize("behind", ["", '"}","z":null}'])
def test_a_list_in_json_text_takes_no_brackets_of_its_last_record(behind: str, *, is_whole: bool | None) -> None:
    """Cut behind them, the text had its end, and the answer proved its period without the record and those that
    followed.
    """
    data = json.dumps(f'{{"list":[{GOOD % 1},{GOOD % 2}', ensure_ascii=False)
    answer = read_answer(f'{{"statusCode":"0","data":{data}}}{behind}'.encode(), is_whole=is_whole)
    assert ids(merge_answers([answer])) == ["m1", "m2"]
    assert answer.is_doubtful


@pytest.mark.parametrize("before", ["", f'{{"statusCode":"0","data":[{GOOD % 1}]}}\n'])
@pytest.mark.parametrize("behind", ["", f'\n{{"statusCode":"0","data":[{GOOD % 3}]}}'])
def test_brackets_that_end_a_record_early_leave_nothing_of_it_in_the_envelope(before: str, behind: str) -> None:
    """Name and id stood for members of the answer, where that was not the first of its text."""
    head, rest = '{"creator":"15400000001","starttime":"2026-01-05 10:00:00"', '"name":"周例会","meid":"m2"'
    answer = read_answer(f'{before}{{"statusCode":"0","data":[{head}}}],{rest}}}]}}{behind}'.encode())
    assert ids(merge_answers([answer])) == ["m1"] * bool(before) + ["m3"] * bool(behind)
    assert any(rest.encode() in one.raw for one in answer.records)


@pytest.mark.parametrize("is_whole", [None, True, False])
@pytest.mark.parametrize("body", ['{"data":[%s}', '{"data":{"list":[%s}}', '{"data":[%s]]', '{"data":{"list":[%s]]}'])
def test_an_answer_that_ends_with_other_brackets_than_it_began_with_is_at_its_end(
    body: str, *, is_whole: bool | None
) -> None:
    """Taken for cut, it would be asked for again and again."""
    answer = read_answer((body % f"{GOOD % 1},{GOOD % 2}").encode(), is_whole=is_whole)
    assert ids(merge_answers([answer])) == ["m1", "m2"]
    assert not answer.is_doubtful


@pytest.mark.parametrize("between", [":", ": ", ""])
@pytest.mark.parametrize("has_own_id", [False, True])
def test_of_a_map_that_is_cut_behind_a_key_that_id_is_told(between: str, *, has_own_id: bool) -> None:
    """Left in the envelope, nobody could say which meeting was lost."""
    own = '"meid":"20260305000001",' if has_own_id else ""
    one = f'{{{own}"creator":"15400000001","starttime":"2026-03-05 10:00:00"}}'
    body = f'{{"statusCode":"0","data":{{"20260305000001":{one},"20260305000002"{between}'
    tables = merge_answers([read_answer(body.encode(), is_whole=False)])
    assert ids(tables) == ["20260305000001"]
    (reject,) = tables.rejects["raw"].to_pylist()
    assert reject.startswith('"20260305000002"')


@pytest.mark.parametrize("damage", ['{\\"meid"', '{\\"meid\\"', '[{\\"meid"'])
def test_a_record_that_is_sound_as_it_stands_is_read_so_beside_escaped_quotes(damage: str) -> None:
    named = [
        json.dumps({"meid": f"m{i}", "starttime": "2026-01-05 10:00:00", "meetingname": "C:\\new\\table"})
        for i in range(3)
    ]
    named[1] = named[1].replace('{"meid"', damage)
    body = f'{{"statusCode":"0","data":[{",".join(named)}]}}'
    table = merge_answers([read_answer(body.encode(), is_whole=False)])
    names = dict(zip(ids(table), table.meetings["name"].to_pylist(), strict=True))
    assert {names["m0"], names["m2"]} == {"C:\\new\\table"}
