"""Lists of plain numbers, entries that say little, pages of parties: whoever is in them is a leg, or told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.records.party_lists import FIRST, legs, tables


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("010 6552 0000,010 6552 0001", ["010 6552 0000", "010 6552 0001"]),
        ("010 6552 0000；154 0000 0001", ["010 6552 0000", "154 0000 0001"]),
        ("154 0000 0001", ["154 0000 0001"]),
        ("+86 154 0000 0001", ["+86 154 0000 0001"]),
        ("0755 8888 0000 802", ["0755 8888 0000 802"]),
        ("400 800 1234", ["400 800 1234"]),
        ("15400000001 15400000002", ["15400000001", "15400000002"]),
        ("15400000001\t010-65520000\n", ["15400000001", "010-65520000"]),
        ("15400000001, 15400000002 ,15400000003", ["15400000001", "15400000002", "15400000003"]),
        ("801, 8022", ["801", "8022"]),
    ],
)
@pytest.mark.parametrize("n", [1, 4])
def test_a_blank_in_a_number_makes_no_second_party(text: str, phones: list[str], n: int) -> None:
    found = tables(*[text] * n)
    assert [leg[0] for leg in legs(found)] == phones
    assert found.problems.num_rows == 0


@pytest.mark.parametrize(
    "text", ["138 0000 0000 139 0000 0000", "6552 0000", "801 802 803", "110 120", "15400000001 甲"]
)
def test_what_blanks_leave_open_is_told(text: str) -> None:
    found = tables(text)
    assert legs(found) == []
    assert [(one["reason"], one["raw_value"]) for one in found.problems.to_pylist()] == [("unreadable_parties", text)]


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


PARTY = {"phone": "15400000001", "name": "甲"}


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize(
    "entry",
    [
        {"$ref": "$.data[0].parties[0]"}, {"$ref": "5"}, {"userId": "u9"}, {"userId": "1001"},
        {"account": "zhang", "in": FIRST[0], "out": FIRST[1]},
    ],
)  # fmt: skip
def test_an_entry_that_says_nothing_of_a_party_is_told_and_no_leg(entry: dict[str, str], n: int) -> None:
    for parties, n_legs in (([PARTY, entry], 1), ([entry], None)):
        found = tables(*[parties] * n)
        told = [(one["reason"], json.loads(one["raw_value"])) for one in found.problems.to_pylist()]
        assert told == [("not_a_party", entry)] * n
        assert found.meetings["n_legs"][0].as_py() == n_legs
        assert len(legs(found)) == (n_legs or 0)


@pytest.mark.parametrize(
    ("beside", "text"),
    [
        ({"host": {"name": "乙", "acct": "15400000002"}}, "host: "),
        ({"host": {"name": "乙", "userId": "u1"}}, "host: "),
        ({"host": "15400000003"}, "host: 15400000003"),
        ({"note": "乙 15400000002"}, "note: 乙 15400000002"),
        ({"absent": "乙,丙"}, "absent: 乙,丙"),
        ({"absent": "乙"}, "absent: 乙"),
        ({"absent": ["乙"]}, "absent: "),
    ],
)
@pytest.mark.parametrize("key", ["list", "joined"])
def test_somebody_beside_the_lists_of_parties_is_told(key: str, beside: dict[str, Any], text: str) -> None:
    found = tables({key: [PARTY], **beside})
    assert [leg[:2] for leg in legs(found)] == [("15400000001", "甲")]
    ((reason, told),) = [(one["reason"], one["raw_value"]) for one in found.problems.to_pylist()]
    assert (reason, told[: len(text)]) == ("unread_parties", text)


def test_counts_and_blanks_beside_the_lists_of_parties_are_nobody() -> None:
    numbers = {"total": 1, "n": "12", "mean": 12.5, "share": "37.5%", "all": "1,204", "said": "3人"}
    found = tables({"list": [PARTY], **numbers, "more": False, "next": None, "q": " ", "sort": {"up": True}})
    assert (len(legs(found)), found.problems.num_rows) == (1, 0)


def test_a_key_that_is_a_name_or_a_masked_number_names_its_party() -> None:
    came = {"jointime": FIRST[0], "leavetime": FIRST[1]}
    for keys in (["甲", "乙"], ["154****0001"], ["154****0001", "154****0002"]):
        found = tables(dict.fromkeys(keys, came))
        assert [leg[1] for leg in legs(found)] == keys
        assert found.problems.num_rows == 0
    assert [leg[1] for leg in legs(tables({"p1": came, "p2": {**came, "name": "乙"}}))] == [None, "乙"]


@pytest.mark.parametrize("parties", [{"15400000001": 3600}, {"15400000001": "3600"}, [["15400000001", 3600]]])
def test_a_number_beside_a_phone_is_told_and_no_name(parties: object) -> None:
    found = tables(parties)
    assert [leg[:2] for leg in legs(found)] == [("15400000001", None)]
    ((reason, text),) = [(one["reason"], one["raw_value"]) for one in found.problems.to_pylist()]
    assert reason == "unread_parties"
    assert "3600" in text


TWO = [{"name": "甲", "phone": "15400000001", "jointime": FIRST[0]}, {"name": "乙", "phone": "15400000002"}]


@pytest.mark.parametrize(
    ("around", "told"),
    [
        (
            {"pageable": {"pageNumber": 0}, "totalElements": 2, "last": True, "size": 20, "number": 0, "empty": False},
            [],
        ),
        ({"number": 1, "size": 20}, []),
        ({"total": 2, "invited": 5, "joined": 2}, []),
        ({"joined": 2, "left": 2}, []),
        ({"starttime": FIRST[0]}, [f"starttime: {FIRST[0]}"]),
    ],
)
@pytest.mark.parametrize("key", ["content", "list", "items"])
def test_the_page_of_a_list_of_parties_is_no_party(key: str, around: dict[str, Any], told: list[str]) -> None:
    for page in ({**around, key: TWO}, json.dumps({**around, key: TWO}), {**around, key: json.dumps(TWO)}):
        found = tables(page)
        assert [leg[:2] for leg in legs(found)] == [("15400000001", "甲"), ("15400000002", "乙")]
        assert found.problems["raw_value"].to_pylist() == told


def test_a_page_of_phones_or_of_nobody_is_no_party() -> None:
    found = tables({"number": 2, "list": ["15400000001", "15400000002"]})
    assert [leg[0] for leg in legs(found)] == ["15400000001", "15400000002"]
    found = tables({"number": 0, "size": 20, "totalElements": 0, "content": []})
    assert (legs(found), found.meetings["n_legs"].to_pylist()[0], found.problems.num_rows) == ([], 0, 0)


@pytest.mark.parametrize(
    "party",
    [
        {"name": "甲", "phone": "15400000001", "tags": []},
        {"phone": "15400000001", "invited": TWO[1:]},
        {"jointime": 1767578400000, "tags": []},
        {"name": "甲", "joined": 1, "sessions": []},
    ],
)
def test_one_party_with_lists_of_its_own_is_one(party: dict[str, Any]) -> None:
    (row, *others) = [leg for leg in tables(party).legs.to_pylist() if leg["meeting_id"] == "M0"]
    assert (row["phone"], row["name"]) == (party.get("phone"), party.get("name"))
    assert len(others) == ("invited" in party)


@pytest.mark.parametrize("when", [{}, {"jointime": FIRST[0], "leavetime": FIRST[1]}])
@pytest.mark.parametrize(
    "who",
    [
        {"name": "甲", "phone": {"countryCode": "86", "number": "15400000001"}},
        {"name": "甲", "user": {"phone": "15400000001"}},
    ],
)
def test_who_has_a_phone_in_an_object_keeps_the_name(who: dict[str, Any], when: dict[str, Any]) -> None:
    found = tables([{**who, **when}])
    assert [leg[:2] for leg in legs(found)] == [("15400000001", "甲")]
    assert (legs(found)[0][2] is not None, found.problems.num_rows) == (bool(when), 0)


def test_who_has_phones_in_objects_keeps_the_name() -> None:
    found = tables([{"name": "甲", "phones": [{"number": "15400000001"}, {"number": "15400000002"}]}])
    assert [leg[:2] for leg in legs(found)] == [("15400000001", "甲"), ("15400000002", "甲")]
