"""Parties that were connected more than once, and lists of plain numbers: every one is a leg, or told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ytxdata.records.answer import read_answer
from ytxdata.records.merge import MergedTables, merge_answers

FIRST = ("2026-01-05 10:00:00", "2026-01-05 10:05:00")
SECOND = ("2026-01-05 10:10:00", "2026-01-05 10:20:00")


def tables(*lists: object) -> MergedTables:
    start = "2026-01-05 10:00:00"
    records = [{"meid": f"M{i}", "starttime": start, "parties": one} for i, one in enumerate(lists)]
    # A regular neighbour: what is read in bulk must not be read otherwise.
    other = {"meid": "N", "starttime": start, "parties": [{"phone": "15400000009", "name": "z"}]}
    data = [*records, other, records[0]]
    return merge_answers([read_answer(json.dumps({"statusCode": "0", "data": data}).encode())])


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


@pytest.mark.parametrize("phone", ["15400000001", "802"])
@pytest.mark.parametrize("as_text", [False, True])
def test_each_sitting_in_a_map_by_phone_is_a_leg(phone: str, as_text: bool) -> None:
    sittings = [dict(zip(("jointime", "leavetime"), times, strict=True)) for times in (FIRST, SECOND)]
    for entry in ({"sessions": sittings}, sittings):
        found = tables({phone: json.dumps(entry) if as_text else entry})
        assert [leg[0] for leg in legs(found)] == [phone] * 2
        assert [leg[2].strftime("%H:%M") for leg in legs(found)] == ["02:00", "02:10"]
        assert found.problems.num_rows == 0


@pytest.mark.parametrize(
    "more",
    [
        {"again": [{"jointime": SECOND[0], "leavetime": SECOND[1]}]},
        {"jointime2": SECOND[0]},
        {"guest": {"phone": "15400000002", "jointime": SECOND[0]}},
    ],
)
def test_an_entry_of_a_map_is_told_as_one_of_a_list(more: dict[str, Any]) -> None:
    own = {"jointime": FIRST[0], "leavetime": FIRST[1], **more}
    by_phone, listed = tables({"15400000001": own}), tables([{"phone": "15400000001", **own}])
    assert legs(by_phone) == legs(listed)
    assert by_phone.problems.to_pylist() == listed.problems.to_pylist() != []


@pytest.mark.parametrize("when", [FIRST[0], "2026-01-05T10:00:00", "20260105100000", 1767578400, 1767578400000])
def test_a_time_beside_a_phone_is_no_name(when: object) -> None:
    for parties in ({"15400000001": when}, [["15400000001", when]]):
        ((phone, name, joined),) = legs(tables(parties))
        assert (phone, name, joined.strftime("%H:%M")) == ("15400000001", None, "02:00")


@pytest.mark.parametrize(
    "more",
    [
        {"sessions": [{"in": FIRST[0], "out": FIRST[1]}]},
        {"sessions": [{"in": 1767578400000, "out": 1767579000000}]},
        {"sessions": [{"in": 1767578400, "out": 1767579000}]},
        {"sessions": json.dumps([{"in": "20260105100000"}])},
        {"joinTimes": [FIRST[0], SECOND[0]]},
        {"joinTimeList": [FIRST[0], SECOND[0]]},
        {"times": [list(FIRST), list(SECOND)]},
        {"times": json.dumps([list(FIRST), list(SECOND)])},
        {"rejoinTimes": [SECOND[0]], "jointime": FIRST[0], "leavetime": FIRST[1]},
        {"rejoins": [list(SECOND)], "jointime": FIRST[0], "leavetime": FIRST[1]},
        {"online": "~".join(FIRST) + ";" + "~".join(SECOND)},
        {"online": "2026/1/5 10:00至2026/1/5 10:05"},
        {"online": "1767578400-1767579000"},
    ],
)
@pytest.mark.parametrize("n", [1, 4])
def test_times_under_a_key_nobody_knows_are_told(more: dict[str, Any], n: int) -> None:
    """Read in bulk where all are alike, and by itself: else the party seems never to have come, or not again."""
    found = tables(*[[{"phone": "15400000001", **more}]] * n)
    assert found.meetings.num_rows == found.legs.num_rows == n + 1
    key = next(iter(more))
    told = found.problems.to_pylist()
    assert [(one["column"], one["reason"], one["leg"]) for one in told] == [("parties", "unread_parties", 1)] * n
    assert all(one["raw_value"].startswith(f"{key}: ") for one in told)


@pytest.mark.parametrize("n", [1, 4])
def test_one_time_or_none_is_no_list_of_sittings(n: int) -> None:
    quiet = {
        "updateTime": FIRST[0],
        "seen": 1767578400,
        "tags": ["a", "7"],
        "codes": [1, 20260105],
        "day": "2026-01-05",
    }
    found = tables(*[[{"phone": "15400000001", "ids": "1000000001,1000000002", **quiet}]] * n)
    assert found.problems.num_rows == 0


@pytest.mark.parametrize(
    "more",
    [
        {"event": "join", "time": FIRST[0]},
        {"action": "ENTER", "timestamp": 1767578400},
        {"type": "participant_joined", "eventTime": "2026-01-05T10:05:00+08:00"},
        {"in": FIRST[0]},
        {"login": 1767578400000},
        {"time": "10:05:00~10:10:00"},
        {"time": "10:05 至 10:10"},
        {"intervals": ["10:05-10:10", "10:20-10:30"]},
        {"stay": {"begin": FIRST[0]}},
    ],
)
@pytest.mark.parametrize("n", [1, 4])
def test_of_whoever_never_joined_any_time_is_told(more: dict[str, Any], n: int) -> None:
    """Nothing else says that they came: 38 of 78 legs never joined, in a history without a problem."""
    found = tables(*[[{"phone": "15400000001", **more}]] * n)
    told = found.problems.to_pylist()
    assert [(one["column"], one["reason"], one["leg"]) for one in told] == [("parties", "unread_parties", 1)] * n
    assert all(one["raw_value"].startswith(f"{list(more)[-1]}: ") for one in told)
    if not isinstance(next(reversed(more.values())), list):
        joined = tables(*[[{"phone": "15400000001", "jointime": FIRST[0], **more}]] * n)
        assert joined.problems.num_rows == 0


@pytest.mark.parametrize("n", [1, 4])
def test_when_somebody_was_called_or_declined_is_no_join(n: int) -> None:
    keys = (
        "inviteTime",
        "callTime",
        "ringTime",
        "rejectTime",
        "gmtCreate",
        "updatedAt",
        "呼叫时间",
        "拒接时间",
        "创建时间",
    )
    quiet = dict.fromkeys(keys, FIRST[0]) | {"userId": "1600000123", "工号": 1600000123, "jointime": ""}
    found = tables(*[[{"phone": "15400000001", "state": "未接通", **quiet}]] * n)
    assert (found.problems.num_rows, found.legs["joined_at"].null_count) == (0, n + 1)


@pytest.mark.parametrize(
    ("join", "leave"),
    [
        ("answer_time", "hangup_time"),
        ("answeredAt", "hangupAt"),
        ("connected_at", "disconnected_at"),
        ("connectTime", "disconnectTime"),
        ("dateTimeConnect", "dateTimeDisconnect"),
        ("joined_at", "left_at"),
        ("joinAt", "quitTime"),
        ("入会时间", "离会时间"),
        ("加入时间", "退出时间"),
        ("接通时间", "挂断时间"),
    ],
)
@pytest.mark.parametrize("n", [1, 4])
def test_usual_words_of_joining_and_leaving_are_read(join: str, leave: str, n: int) -> None:
    found = tables(*[[{"phone": "15400000001", join: FIRST[0], leave: FIRST[1]}]] * n)
    rows = [row for row in found.legs.to_pylist() if row["phone"] == "15400000001"]
    assert [(row["joined_at"].minute, row["left_at"].minute) for row in rows] == [(0, 5)] * n
    assert found.problems.num_rows == 0


@pytest.mark.parametrize("n", [1, 4])
def test_when_a_call_was_answered_is_its_own_word_beside_when_they_joined(n: int) -> None:
    """In every leg of a platform that says both: neither another time, nor told of each."""
    both = {"answertime": SECOND[0], "jointime": FIRST[0], "leavetime": SECOND[0], "hanguptime": SECOND[1]}
    found = tables(*[[{"phone": "15400000001", **both}]] * n)
    assert [leg[2].strftime("%H:%M") for leg in legs(found)] == ["02:00"]
    assert found.problems.num_rows == 0
    for key in ("noAnswerTime", "lastConnectTime"):
        never = tables(*[[{"phone": "15400000001", key: FIRST[0]}]] * n)
        assert never.legs["joined_at"].null_count == n + 1, key


DOUBLED = f'{{"phone":"15400000001","jointime":"{FIRST[0]}","jointime":"{SECOND[0]}"}}'


@pytest.mark.parametrize(
    "parties", [f"[{DOUBLED}]", DOUBLED, [DOUBLED], f'{{"list":[{DOUBLED}]}}', json.dumps(f"[{DOUBLED}]")]
)
@pytest.mark.parametrize("n", [1, 4])
def test_a_key_that_stands_twice_in_a_text_of_parties_is_told(parties: object, n: int) -> None:
    found = tables(*[parties] * n)
    assert [leg[2].strftime("%H:%M") for leg in legs(found)] == ["02:10"]
    told = found.problems.select(["column", "reason", "raw_value"]).to_pylist()
    assert told == [{"column": "parties", "reason": "doubled_key", "raw_value": f"jointime: {FIRST[0]}"}] * n


TWICE = f'{{"jointime":"{FIRST[0]}","jointime":"{SECOND[0]}"}}'


@pytest.mark.parametrize("parties", [{"15400000001": TWICE}, [{"phone": "15400000001", "sessions": f"[{TWICE}]"}]])
def test_a_key_that_stands_twice_in_the_text_of_an_entry_is_told(parties: object) -> None:
    told = tables(parties).problems.select(["reason", "raw_value"]).to_pylist()
    assert told == [{"reason": "doubled_key", "raw_value": f"jointime: {FIRST[0]}"}]


def test_a_phone_with_nothing_under_it_is_a_party() -> None:
    found = tables({"15400000001": {}, "15400000002": None, "15400000003": "", "15400000004": "{}"})
    assert [leg[:2] for leg in legs(found)] == [(f"1540000000{i}", "{}" if i == 4 else None) for i in (1, 2, 3, 4)]
    assert found.problems.num_rows == 0


def test_a_phone_that_stands_twice_in_a_text_of_parties_is_told() -> None:
    by_phone = f'{{"15400000001":{{"jointime":"{FIRST[0]}"}},"15400000001":{{"jointime":"{SECOND[0]}"}}}}'
    found = tables(by_phone)
    assert found.problems["reason"].to_pylist() == ["doubled_key"]
    assert FIRST[0] in found.problems["raw_value"][0].as_py()
    assert tables(json.dumps([{"phone": "15400000001", "name": 'a":"b'}])).problems.num_rows == 0


JOIN = {"phone": "15400000001", "name": "甲", "event": "join", "jointime": FIRST[0]}
LEAVE = {"phone": "154-0000-0001", "name": "甲", "event": "leave", "leavetime": FIRST[1]}


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("parties", [[JOIN, LEAVE], [LEAVE, JOIN], [JOIN, {"phone": "15400000002"}, LEAVE]])
def test_one_sitting_told_in_two_halves_is_told(parties: list[dict[str, str]], n: int) -> None:
    found = tables(*[parties] * n)
    assert len(legs(found)) == len(parties)
    told = [tuple(one[key] for key in ("leg", "column", "reason", "raw_value")) for one in found.problems.to_pylist()]
    other = f"legs[{parties.index(JOIN) + 1}].joined_at: {FIRST[0]}"
    assert told == [(parties.index(LEAVE) + 1, "joined_at", "joined_apart", other)] * n


@pytest.mark.parametrize(
    "parties",
    [
        [LEAVE],
        [JOIN, {**LEAVE, "phone": "15400000002"}],
        [{**JOIN, "leavetime": FIRST[1]}, LEAVE],
        [JOIN, {**LEAVE, "jointime": FIRST[0]}],
        [{key: one for key, one in half.items() if key != "phone"} for half in (JOIN, LEAVE)],
    ],
)
def test_halves_that_do_not_fit_are_no_sitting(parties: list[dict[str, str]]) -> None:
    assert tables(parties).problems.num_rows == 0


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
