"""Parties that were connected more than once, and lists of plain numbers: every one is a leg, or told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ytxdata.records.answer import read_answer
from ytxdata.records.merge import MergedTables, merge_answers

FIRST = ("2026-01-05 10:00:00", "2026-01-05 10:05:00")
SECOND = ("2026-01-05 10:10:00", "2026-01-05 10:20:00")


def tables(parties: object) -> MergedTables:
    record = {"meid": "M0", "starttime": "2026-01-05 10:00:00", "parties": parties}
    # A regular neighbour: what is read in bulk must not be read otherwise.
    other = {"meid": "M1", "starttime": "2026-01-05 10:00:00", "parties": [{"phone": "15400000009", "name": "z"}]}
    return merge_answers([read_answer(json.dumps({"statusCode": "0", "data": [record, other, record]}).encode())])


def legs(found: MergedTables) -> list[tuple[Any, ...]]:
    rows = found.legs.to_pylist()
    return [(row["phone"], row["name"], row["joined_at"]) for row in rows if row["meeting_id"] == "M0"]


@pytest.mark.parametrize("names", [("joined", "left"), ("jointime", "leavetime"), ("starttime", "endtime")])
@pytest.mark.parametrize("key", ["sessions", "visits"])
def test_each_sitting_of_a_party_is_a_leg(key: str, names: tuple[str, str]) -> None:
    sittings = [dict(zip(names, times, strict=True)) for times in (FIRST, SECOND)]
    found = tables([{"phone": "15400000001", "name": "甲", key: sittings}])
    assert [leg[:2] for leg in legs(found)] == [("15400000001", "甲")] * 2
    assert [leg[2].strftime("%H:%M") for leg in legs(found)] == ["02:00", "02:10"]
    assert found.problems.num_rows == 0


def test_sittings_under_names_nobody_knows_are_told() -> None:
    found = tables([{"phone": "15400000001", "sessions": [{"in": FIRST[0], "out": FIRST[1]}]}])
    assert len(legs(found)) == 1
    assert found.problems["reason"].to_pylist() == ["not_a_party"]


def test_whether_somebody_left_is_not_when() -> None:
    found = tables([{"phone": "15400000001", "isJoined": True, "hasLeft": 1, "timeLeft": 5}])
    assert legs(found) == [("15400000001", None, None)]
    assert found.problems.num_rows == 0


@pytest.mark.parametrize(
    ("parties", "names"),
    [
        ([{"name": "hosts", "list": ["15400000001", "15400000002"]}], [None, None]),
        ([{"name": "hosts", "list": [15400000001, 15400000002]}], [None, None]),
        ({"hosts": ["15400000001"], "guests": ["15400000002"]}, [None, None]),
        ([{"name": "甲", "phones": ["15400000001", "15400000002"]}], ["甲", "甲"]),
        ([{"phone": "15400000001", "name": "甲", "members": ["15400000002"]}], ["甲", None]),
    ],
)
def test_numbers_in_a_plain_list_are_parties(parties: object, names: list[str | None]) -> None:
    found = tables(parties)
    assert [leg[:2] for leg in legs(found)] == list(zip(["15400000001", "15400000002"], names, strict=True))
    assert found.problems.num_rows == 0


def test_words_in_a_plain_list_are_none() -> None:
    found = tables([{"phone": "15400000001", "tags": ["a", "7"]}, {"phone": "15400000002", "tags": []}])
    assert [leg[0] for leg in legs(found)] == ["15400000001", "15400000002"]
    assert found.problems.num_rows == 0


def test_numbers_in_a_list_beside_a_partys_own_are_told() -> None:
    found = tables([{"phone": "15400000001", "list": ["15400000002"]}])
    assert len(legs(found)) == 1
    assert found.problems["reason"].to_pylist() == ["not_a_party"]
