"""Who was in a meeting, in every form in which a list of parties comes; what is nobody for certain is told."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ytxdata.records.aliases import DEFAULT
from ytxdata.records.normalize import Normalized, normalize
from ytxdata.records.parties import read_parties

Rows = Callable[..., Normalized]


@pytest.mark.parametrize(
    ("value", "phones"),
    [
        ([{"phone": "15400000001"}, {"phone": "15400000002"}], ["15400000001", "15400000002"]),
        (["15400000001", 15400000002], ["15400000001", 15400000002]),
        ('[{"phone":"15400000001"}]', ["15400000001"]),
        ('["15400000001"]', ["15400000001"]),
        (['{"phone":"15400000001"}'], ["15400000001"]),
        ("15400000001，010-00000003", ["15400000001", "010-00000003"]),
        ({"15400000001": {"name": "甲"}, "01000000003": "乙"}, ["15400000001", "01000000003"]),
        ({"phone": "15400000001", "name": "甲"}, ["15400000001"]),
        ({"party": [{"phone": "15400000001"}]}, ["15400000001"]),
        ({"count": 1, "list": [{"phone": "15400000001"}]}, ["15400000001"]),
        ([], []),
        ({}, []),
        ("[]", []),
        ("", None),
        (None, None),
    ],
)
def test_parties_in_every_form(value: object, phones: list[object] | None) -> None:
    found = read_parties(value, DEFAULT)
    assert found.problems == ()
    assert (found.parties and [party["phone"] for party in found.parties]) == (phones or found.parties)
    assert (found.parties is None) == (phones is None)


@pytest.mark.parametrize(
    ("value", "people"),
    [
        (
            {"p1": {"phone": "15400000001", "name": "甲"}, "p2": {"mobile": "15400000002"}},
            [("15400000001", "甲"), ("15400000002", None)],
        ),
        ({"p1": {"phone": "15400000001"}}, [("15400000001", None)]),
        ({"张三": "15400000001", "李四": 15400000002}, [("15400000001", "张三"), (15400000002, "李四")]),
        ({"张三": "15400000001"}, [("15400000001", "张三")]),
        ({"phones": "15400000001"}, [("15400000001", None)]),
        ({"Ann": "15400000001", "Bob": "+861065520000"}, [("15400000001", "Ann"), ("+861065520000", "Bob")]),
        ({"1": "15400000001", "p_2": "15400000002"}, [("15400000001", None), ("15400000002", None)]),
        ([["张三", "15400000001"], [15400000002, "李四"]], [("15400000001", "张三"), (15400000002, "李四")]),
        ([["15400000001", None]], [("15400000001", None)]),
    ],
)
def test_parties_by_name_or_in_pairs(value: object, people: list[tuple[object, object]]) -> None:
    tables = normalize([json.dumps({"meid": "1", "parties": value}).encode()])
    assert tables.problems.num_rows == 0
    assert tables.legs.select(["phone", "name"]).to_pylist() == [
        {"phone": str(phone), "name": name} for phone, name in people
    ]


@pytest.mark.parametrize(
    "value", ["801,8022", "801;15400000001", {"801": {"name": "甲"}, "802": {"name": "乙"}}, ["801"]]
)
def test_parties_listed_by_their_extensions_are_legs(value: object) -> None:
    tables = normalize([json.dumps({"meid": "1", "parties": value}, ensure_ascii=False).encode()])
    assert tables.problems.num_rows == 0
    assert tables.legs["extension"].to_pylist()[0] == "801"
    assert tables.legs["number"].to_pylist()[0] is None


@pytest.mark.parametrize(
    "entry", [["甲", "乙"], ["15400000001", "15400000002"], ["甲", "15400000001", "x"], ["15400000001"]]
)
def test_a_pair_that_could_mean_two_things_is_told(entry: list[str]) -> None:
    assert read_parties([entry], DEFAULT) == ([], (("not_a_party", json.dumps(entry, ensure_ascii=False)),))


@pytest.mark.parametrize("value", ["three people", "[{", 7, True, {"a": "b", "c": "d"}, {"total": 20, "size": 100}])
def test_parties_that_cannot_be_read_are_unknown_and_told(value: object) -> None:
    found = read_parties(value, DEFAULT)
    assert found.parties is None
    assert found.problems[0][0] == "unreadable_parties"


def test_unknown_parties_are_not_nobody(rows: Rows) -> None:
    tables = rows({}, {"parties": []}, {"parties": ""}, {"parties": [{"phone": "15400000001"}, None, {}]})
    assert tables.meetings["n_legs"].to_pylist() == [None, 0, None, 1]
    assert tables.meetings["n_people"].to_pylist() == [None, 0, None, 1]
    assert tables.problems["reason"].to_pylist() == ["not_a_party", "not_a_party"]


def test_two_extensions_of_one_office_are_two_people_and_one_number(rows: Rows) -> None:
    office = [{"phone": "0755-88880000-801"}, {"phone": "0755-88880000转802"}, {"phone": "0755-88880000"}]
    tables = rows({"creator": "(0755)88880000 ext. 802", "parties": office})
    assert tables.problems.num_rows == 0
    assert tables.legs["number"].to_pylist() == ["+8675588880000"] * 3
    assert tables.legs["extension"].to_pylist() == ["801", "802", None]
    assert tables.legs["is_creator"].to_pylist() == [False, True, True]
    assert tables.meetings["n_people"].to_pylist() == [1]


ONE, TWO, THREE = (
    {"phone": f"1540000000{i}", "name": f"n{i}", "jointime": f"2026-01-05 10:0{i}:00"} for i in (1, 2, 3)
)
CALLS = [{"jointime": "2026-01-05 10:09:00", "leavetime": "2026-01-05 10:10:00"}, {"jointime": "2026-01-05 10:12:00"}]
SILENT = {"phone": "15400000001", "name": "n1"}


def legs_and_problems(parties: object, n: int) -> tuple[list[str | None], list[str]]:
    """Read a meeting alone, or among others like it, which are read in bulk."""
    tables = normalize([json.dumps({"meid": "M1", "creator": "15400000001", "parties": parties}).encode()] * n)
    assert tables.legs.num_rows % n == tables.problems.num_rows % n == 0
    legs, problems = tables.legs["phone"].to_pylist(), tables.problems.select(["reason", "raw_value"]).to_pylist()
    return legs[: len(legs) // n], [f"{one['reason']} {one['raw_value']}" for one in problems[: len(problems) // n]]


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(
    ("parties", "people"),
    [
        ([{"list": [ONE, TWO]}], "12"),
        ([{"list": json.dumps([ONE, TWO])}], "12"),
        ([{"list": ["15400000001", "15400000002"]}], "12"),
        ([{"name": "hosts", "list": [ONE, TWO]}, THREE], "123"),
        ([{**ONE, "members": [TWO, THREE]}], "123"),
        ([{**SILENT, "calls": CALLS}], "11"),
        ({"hosts": ONE, "guests": [TWO]}, "12"),
        ({"hosts": [ONE], "guests": TWO}, "12"),
        ({"hosts": [ONE], "guests": json.dumps([TWO])}, "12"),
        ({"status": "0", "list": [ONE, TWO]}, "12"),
        ({"total": 1, "page": {"no": 1}, "list": [ONE]}, "1"),
        ([{"15400000001": ONE}], "1"),
        ([{"party": ONE}], "1"),
        ([{**ONE, "device": {"number": "A1"}, "tags": ["vip"]}], "1"),
        ([{**ONE, "meid": "M1"}], "1"),
    ],
)
def test_parties_inside_of_parties_are_legs(parties: object, people: str, n: int) -> None:
    assert legs_and_problems(parties, n) == ([f"1540000000{one}" for one in people], [])


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(
    ("parties", "people", "told"),
    [
        ([{**ONE, "calls": CALLS}], "1", json.dumps(CALLS)),
        ([{**ONE, "guest": TWO}], "1", json.dumps(TWO)),
        ([ONE, {"x": {"y": 1}}], "1", '{"x": {"y": 1}}'),
        ([ONE, {"meid": "M2", "creator": "15400000002"}], "1", '{"meid": "M2", "creator": "15400000002"}'),
    ],
)
def test_what_is_no_leg_for_certain_is_told_with_its_text(parties: object, people: str, told: str, n: int) -> None:
    assert legs_and_problems(parties, n) == ([f"1540000000{one}" for one in people], [f"not_a_party {told}"])
