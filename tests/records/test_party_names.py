"""Whose name a party has: that of the person, wherever it stands; a device's and a group's are none, and told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ytxdata.records.normalize import Normalized
from ytxdata.records.profile import missing, profile

FIRST = {"jointime": "2026-03-05 10:01:00", "leavetime": "2026-03-05 10:15:00"}
SECOND = {"jointime": "2026-03-05 10:20:00", "leavetime": "2026-03-05 11:00:00"}
FANG, OTHER = {"phone": "13900000100", **FIRST}, {"phone": "13800000000", **SECOND}
Rows = Callable[..., Normalized]


def told(tables: Normalized) -> list[tuple[str | None, str]]:
    """Return name and phone of each leg."""
    legs = tables.legs
    return list(zip(legs["name"].to_pylist(), legs["phone"].to_pylist(), strict=True))


@pytest.mark.parametrize(
    ("party", "phones"),
    [
        ({"name": "王芳", "devices": [FANG, OTHER]}, 2),
        ({"name": "王芳", "sessions": [FANG]}, 1),
        ({"name": "王芳", "list": [FANG]}, 1),
        ({"userName": "王芳", "userId": "u1", "calls": [{"number": "13900000100", **FIRST}]}, 1),
        ({"name": "王芳", "state": "已离开", "duration": 840, "devices": [FANG]}, 1),
        ({"user": {"name": "王芳", "avatar": "x"}, **FANG}, 1),
        ({"person": {"name": "王芳"}, **FANG}, 1),
        ({"participant": {"name": "王芳"}, "devices": [FANG, OTHER]}, 2),
    ],
)
@pytest.mark.parametrize("n", [1, 50])
def test_the_legs_of_a_person_have_that_name(rows: Rows, party: dict[str, Any], phones: int, n: int) -> None:
    tables = rows(*({"parties": [party]} for _ in range(n)))
    assert told(tables) == [("王芳", "13900000100"), ("王芳", "13800000000")][:phones] * n
    assert tables.problems.num_rows == 0


@pytest.mark.parametrize(
    "key",
    ["姓名", "员工姓名", "名字", "名称", "昵称", "微信昵称", "用户名", "参会人", "联系人", "userName", "Nick_Name"],
)
@pytest.mark.parametrize("n", [1, 50])
def test_usual_words_of_a_name_are_read(rows: Rows, key: str, n: int) -> None:
    for said in ({key: "王芳"}, {"name": "王芳", key: "王芳 (财务部)"} if key != "姓名" else {key: "王芳"}):
        tables = rows(*({"parties": [{**FANG, **said}]} for _ in range(n)))
        assert told(tables) == [("王芳", "13900000100")] * n, said
        assert tables.problems.num_rows == 0
    department = rows(*({"parties": [{**FANG, "部门名称": "财务部"}]} for _ in range(n)))
    assert told(department) == [(None, "13900000100")] * n


@pytest.mark.parametrize("key", ["参会人", "联系人", "attendee"])
def test_who_is_described_under_such_a_word_is_the_party(rows: Rows, key: str) -> None:
    for party in ({key: {"name": "王芳", "phone": "13900000100"}, **FIRST}, {key: {"name": "王芳"}, **FANG}):
        tables = rows({"parties": [party]})
        assert told(tables) == [("王芳", "13900000100")]
        assert tables.problems.num_rows == 0


@pytest.mark.parametrize("n", [1, 50])
@pytest.mark.parametrize(
    "party", [{"user": {"name": "王芳"}}, {"member": {"nickName": "王芳"}, "role": "host"}, {"成员": {"姓名": "王芳"}}]
)
def test_who_a_party_is_may_be_all_that_it_says(rows: Rows, party: dict[str, Any], n: int) -> None:
    """Each was a leg in which nothing stood, and the name was nowhere."""
    tables = rows(*({"parties": [party, {"user": {"name": "李四", "phone": "13900000100"}}]} for _ in range(n)))
    assert told(tables) == [("王芳", None), ("李四", "13900000100")] * n
    assert tables.problems.num_rows == 0
    for other in ({"inviter": {"name": "王芳"}}, {"user": {"id": "5"}}, {"user": {"name": ""}}):
        assert rows({"parties": [other]}).problems["reason"].to_pylist()[:1] == ["not_a_party"]


@pytest.mark.parametrize("n", [1, 50])
def test_a_mobile_in_place_of_a_name_is_told_of_whoever_has_no_number(rows: Rows, n: int) -> None:
    for key in ("用户名", "userName", "name"):
        tables = rows(*({"parties": [{key: "13900000100", **FIRST}, {key: "13800000000", **FANG}]} for _ in range(n)))
        found = tables.problems.select(["leg", "column", "reason", "raw_value"]).to_pylist()
        text = f"{key}: 13900000100"
        assert found == [{"leg": 1, "column": "phone", "reason": "unread_phone", "raw_value": text}] * n


@pytest.mark.parametrize("key", ["会议名称", "会议主题", "主题", "topic", "title", "meetingTitle"])
@pytest.mark.parametrize("n", [1, 50])
def test_usual_words_of_a_meetings_name_are_read(rows: Rows, key: str, n: int) -> None:
    alone = rows(*({key: "周会"} for _ in range(n)))
    beside = rows(*({"meetingname": "周会", key: "预算"} for _ in range(n)))
    for tables in (alone, beside):
        assert tables.meetings["name"].to_pylist() == ["周会"] * n
        assert tables.problems.num_rows == 0


@pytest.mark.parametrize("more", [{"xm": "王芳"}, {"who": "王芳"}, {}])
def test_that_nobody_has_a_name_is_told_where_there_may_be_one(more: dict[str, str]) -> None:
    raws = [json.dumps({"meid": f"m{i}", "parties": [{**FANG, **more}]}).encode() for i in range(30)]
    told = [one.en for one in missing(profile(raws))]
    assert told == (["a party has a name? 0/30 legs have a name"] if more else [])


@pytest.mark.parametrize("more", [{"phone": "13900000100"}, {}])
def test_the_name_of_a_device_is_nobodys_and_told(rows: Rows, more: dict[str, str]) -> None:
    sittings = [{"name": "手机", "phone": "13900000100", **FIRST}, {"name": "电脑", "phone": "13900000100", **SECOND}]
    without = [{key: one for key, one in it.items() if key != "phone"} for it in sittings] if more else sittings
    tables = rows({"parties": [{"name": "王芳", **more, "sessions": without}]})
    assert told(tables) == [("王芳", "13900000100")] * 2
    assert tables.problems.select(["reason", "raw_value"]).to_pylist() == [
        {"reason": "unread_parties", "raw_value": 'sessions: {"name": "手机, 电脑"}'}
    ]


@pytest.mark.parametrize("parties", [{"王芳": [FANG], "李雷": [OTHER]}, [{"王芳": [FANG]}, {"李雷": [OTHER]}]])
def test_a_name_is_the_key_of_a_persons_sittings(rows: Rows, parties: Any) -> None:
    tables = rows({"parties": parties})
    assert told(tables) == [("王芳", "13900000100"), ("李雷", "13800000000")]
    assert tables.problems.num_rows == 0


@pytest.mark.parametrize(
    ("parties", "problems"),
    [
        ({"主持人": [FANG], "参会人": [OTHER]}, 0),
        ({"joined": [FANG], "invited": [OTHER]}, 0),
        ([{"name": "销售部", "members": [FANG, OTHER]}], 0),
        ([{"name": "销售部", "people": [FANG, OTHER]}], 1),
        ({"王芳": [FANG, OTHER], "李雷": [{**FANG, "phone": "13700000000"}, OTHER]}, 2),
    ],
)
def test_a_group_gives_nobody_its_name(rows: Rows, parties: Any, problems: int) -> None:
    tables = rows({"parties": parties})
    assert {name for name, _ in told(tables)} == {None}
    assert tables.problems["reason"].to_pylist() == ["unread_parties"] * problems


def test_the_people_of_a_group_keep_their_names(rows: Rows) -> None:
    people = [{"name": "王芳", **FANG}, {"name": "李雷", **OTHER}]
    for key in ("members", "people", "list"):
        assert [name for name, _ in told(rows({"parties": [{"name": "销售部", key: people}]}))] == ["王芳", "李雷"]
