"""A word that XML or MongoDB wrapped, and a key with their mark, say what they say elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ytxdata.records.answer import read_answer
from ytxdata.records.merge import MergedTables, merge_answers
from ytxdata.records.schema import MEETINGS, PROVENANCE

PARTIES = [
    {
        "phone": f"1540000000{i}",
        "name": f"人{i}",
        "jointime": f"2026-03-05 10:0{i}:00",
        "leavetime": "2026-03-05 11:00:00",
    }
    for i in range(2)
]
RECORDS: list[dict[str, Any]] = [
    {
        "meid": f"20260305000{i}",
        "meetingname": "周会",
        "creator": "15400000000",
        "starttime": f"2026-03-05 10:0{i}:00",
        "endtime": "2026-03-05 11:00:00",
        "duration": "3600",
        "status": "已结束",
        "parties": PARTIES,
    }
    for i in range(3)
]
ENDS = [{**one, "duration": None} for one in RECORDS]


def tables(data: Any, **beside: Any) -> MergedTables:
    return merge_answers([read_answer(json.dumps({"statusCode": "0", "data": data, **beside}).encode())])


def each(value: Any, word: Callable[[Any], Any], key: Callable[[str], str] = str) -> Any:
    if isinstance(value, dict):
        return {key(name): each(inner, word, key) for name, inner in value.items()}
    return [each(inner, word, key) for inner in value] if isinstance(value, list) else word(value)


def same(found: MergedTables, records: list[dict[str, Any]] = RECORDS) -> None:
    known = tables(records)
    content = [one.name for one in MEETINGS if one.name not in (*PROVENANCE, "record_hash")]
    assert found.meetings.select(content).equals(known.meetings.select(content))
    assert found.legs.equals(known.legs)
    assert (found.rejects.num_rows, found.problems.to_pylist()) == (0, known.problems.to_pylist())


@pytest.mark.parametrize("mark", ["@", "$", "#", "@_"])
def test_a_mark_in_front_of_a_key_is_none_of_its_words(mark: str) -> None:
    marked = each(RECORDS, lambda word: word, lambda key: key if key == "parties" else mark + key)
    same(tables(marked))
    same(tables({"meeting": [{**one, "parties": {"party": one["parties"]}} for one in marked]}))
    same(tables(None, result={"meeting": marked}))
    one = {key: value for key, value in marked[0].items() if key != "parties"}
    assert tables(None, meeting=one).meetings["meeting_id"].to_pylist() == [RECORDS[0]["meid"]]


@pytest.mark.parametrize(
    "word",
    [
        *(lambda word, key=key: {key: word} for key in ("#text", "$text", "_text", "$t", "_", "$", "#cdata-section")),
        lambda word: [word],
        lambda word: [{"_": word}],
        lambda word: {"$symbol": word},
        lambda word: {"@type": "string", "#text": word},
        lambda word: {"$": {"type": "string"}, "_": word},
        lambda word: {"_attributes": {"type": "string"}, "_text": word},
    ],
)
def test_a_word_that_is_wrapped_is_that_word(word: Callable[[Any], Any]) -> None:
    same(tables(each(RECORDS, word)))
    same(tables({"list": each(RECORDS, word), "total": 3}))
    same(tables({"meeting": [{**each(one, word), "parties": [{"party": each(PARTIES, word)}]} for one in RECORDS]}))
    # some are wrapped, some are not: a list of one is what stands once
    same(tables([RECORDS[0], each(RECORDS[1], word), RECORDS[2]]))


def test_ids_and_numbers_of_mongo_are_words() -> None:
    records = [
        {
            **one,
            "meid": {"$oid": one["meid"]},
            "duration": {"$numberLong": "3600"},
            "oriamount": {"$numberDecimal": "1.50"},
        }
        for one in RECORDS
    ]
    same(tables(records), [{**one, "oriamount": "1.50"} for one in RECORDS])
    keyed = {f"M{i}": {**one, "meid": {"$oid": one["meid"]}} for i, one in enumerate(RECORDS)}
    assert sorted(tables(keyed).meetings["meeting_id"].to_pylist()) == [one["meid"] for one in RECORDS]


@pytest.mark.parametrize(
    "value",
    [
        {"id": "1"},
        {"#text": "1", "type": "x"},
        {"@type": "x"},
        {"_": "1", "$": "2"},
        {"#text": {"a": 1}},
        ["1", "2"],
        [],
        {},
        [None],
        [["1"], "2"],
    ],
)
def test_what_holds_more_than_one_word_is_none(value: Any) -> None:
    found = tables([{**RECORDS[0], "meetingname": value}])
    assert found.meetings["name"].to_pylist() == [None]
    assert found.meetings["meeting_id"].to_pylist() == [RECORDS[0]["meid"]]


def test_a_list_of_one_party_stays_a_list() -> None:
    for parties in (["15400000001"], [{"phone": "15400000001"}], [{"phone": ["15400000001"]}], [[["15400000001"]]]):
        found = tables([{**RECORDS[0], "parties": parties}])
        assert found.legs["phone"].to_pylist() == ["15400000001"] or found.problems.num_rows
    assert tables([{**RECORDS[0], "guestPhone": ["15400000009"]}]).problems["reason"].to_pylist() == ["unread_parties"]


@pytest.mark.slow
@pytest.mark.parametrize("spelled", ["confid", "meetingId", "MEETING_ID", "ConferenceID", "confMeetingId"])
@pytest.mark.parametrize("party", [{}, {"userId": "u1", "state": "paid"}])
def test_an_inner_meeting_is_one_wherever_its_record_stands(spelled: str, party: dict[str, str]) -> None:
    """Its spelling was learned from a sample: at every third place of a list it was a meeting, elsewhere none."""
    times = {"starttime": "2026-03-05 10:00:00", "endtime": "2026-03-05 11:00:00", "creator": "15400000001"}
    plain = [{"meid": f"m{i}", **times, "parties": [{"phone": "15400000002", **party}]} for i in range(150)]
    inner = {spelled: "inner", "name": "分会场", **times}
    odd = {**plain[0], "meid": "odd", "parties": [*plain[0]["parties"], inner]}
    for at in (0, 3, 4, 5, 8, 9, 64, 100, 148, 150):
        body = {"statusCode": "0", "data": [*plain[:at], odd, *plain[at:]]}
        found = merge_answers([read_answer(json.dumps(body, ensure_ascii=False).encode())])
        assert "inner" in found.meetings["meeting_id"].to_pylist(), at
        assert (found.meetings.num_rows, found.legs.num_rows) == (152, 151), at
