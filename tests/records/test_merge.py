"""Several answers as one set of tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from ytxdata import times
from ytxdata.records import schema
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.merge import merge_answers
from ytxdata.records.schema import LEGS, MEETINGS, PROBLEMS, REJECTS, arrow_schema, empty, to_pandas

T0 = datetime(2026, 1, 5, tzinfo=UTC)


def answer(hour: int, *records: Any) -> Answer:
    body = json.dumps({"statusCode": "0", "data": list(records)}).encode()
    return read_answer(body, asked_at=T0 + timedelta(hours=hour))


def meeting(key: str, **more: Any) -> dict[str, Any]:
    return {"meid": key, "starttime": "2026-01-05 10:00:00", "parties": [{"phone": "15400000001"}], **more}


def test_the_answer_asked_later_wins_whatever_the_order() -> None:
    old, new = answer(1, meeting("a", name="old")), answer(2, meeting("a", name="new"))
    for answers in ([old, new], [new, old]):
        table = merge_answers(answers)
        (row,) = table.meetings.to_pylist()
        assert (row["name"], row["version"], row["pull_id"]) == ("new", 2, new.pull_id)
        assert (row["observed_at"], row["last_seen_at"]) == (new.asked_at, new.asked_at)
        assert table.counts[:4] == (2, 1, 0, 1)
        assert table.legs.num_rows == 1


def test_a_meeting_seen_again_unchanged_keeps_its_first_pull() -> None:
    first, again = answer(1, meeting("a")), answer(2, meeting("b"), meeting("a"))
    row = merge_answers([first, again]).meetings.to_pylist()[0]
    assert (row["version"], row["pull_id"], row["observed_at"]) == (1, first.pull_id, first.asked_at)
    assert row["last_seen_at"] == again.asked_at


def test_going_back_is_a_change_too() -> None:
    a, b = meeting("a", name="1"), meeting("a", name="2")
    table = merge_answers([answer(1, a), answer(2, b), answer(3, a)])
    assert table.meetings.select(["name", "version"]).to_pylist() == [{"name": "1", "version": 3}]


def test_the_same_id_again_in_one_answer_is_told() -> None:
    table = merge_answers([answer(1, meeting("a", name="1"), meeting("a", name="2"), meeting("a", name="2"))])
    assert table.counts[:4] == (3, 1, 0, 2)
    (row,) = table.meetings.to_pylist()
    assert row["version"] == 1
    other = {"1": "2", "2": "1"}[row["name"]]
    assert table.problems["reason"].to_pylist() == ["same_id_again", "other_value"]
    assert table.problems["raw_value"].to_pylist()[1] == f"name={other}"


def test_of_two_texts_in_one_answer_the_fuller_is_shown_whichever_comes_first() -> None:
    running, over = meeting("a"), meeting("a", endtime="2026-01-05 11:00:00")
    for order in ([running, over], [over, running]):
        table = merge_answers([answer(1, *order), answer(2, *order)])
        (row,) = table.meetings.to_pylist()
        assert (row["ended_at"] is not None, row["version"]) == (True, 1)
        assert table.counts[:4] == (4, 1, 0, 3)


@pytest.mark.parametrize("creator", ["15400000002", "15400000001", "+86 154 0000 0001", None])
def test_one_id_for_two_meetings_gives_both_whoever_created_them(creator: str | None) -> None:
    one = meeting("a", creator="15400000001", endtime="2026-01-05 11:00:00")
    other = meeting("a", creator=creator, starttime="2026-01-12 10:00:00", endtime="2026-01-12 11:00:00")
    for second in ([one, other], [other], [other, one]):
        table = merge_answers([answer(1, one), answer(2, *second)])
        assert table.counts[:4] == (1 + len(second), 2, 0, len(second) - 1)
        assert table.meetings["creator"].to_pylist() == ["15400000001", creator]
        assert table.meetings["version"].to_pylist() == [1, 1]
        assert table.legs.num_rows == 2
        # a room that its creator keeps is told once
        assert table.problems["reason"].to_pylist() == ["id_collision"] * (1 if creator == "15400000001" else 2)


OVERLAPPING = {
    "both over": (
        {"endtime": "2026-01-05 13:00:00"},
        {"starttime": "2026-01-05 12:00:00", "endtime": "2026-01-05 15:00:00"},
    ),
    "one never ended": ({}, {"starttime": "2026-01-09 12:00:00", "endtime": "2026-01-09 15:00:00"}),
}


@pytest.mark.parametrize("case", OVERLAPPING)
@pytest.mark.parametrize("is_one_answer", [True, False])
def test_what_may_be_two_meetings_is_one_row_and_told(case: str, is_one_answer: bool) -> None:
    one, other = (meeting("a", creator=f"1540000000{i}", **more) for i, more in enumerate(OVERLAPPING[case]))
    answers = [answer(1, one, other)] if is_one_answer else [answer(1, one), answer(2, other)]
    table = merge_answers(answers)
    assert table.counts[:4] == (2, 1, 0, 1)
    assert "id_overlap" in table.problems["reason"].to_pylist()


def test_a_meeting_told_anew_at_its_end_is_not_in_doubt() -> None:
    booked, over = meeting("a"), meeting("a", starttime="2026-01-05 10:04:00", endtime="2026-01-05 11:00:00")
    for later in (over, meeting("a", endtime="2026-01-05 11:00:00")):
        assert merge_answers([answer(1, booked), answer(2, later)]).problems.num_rows == 0


def test_what_may_be_one_meeting_is_one() -> None:
    ended = meeting("a", creator="15400000001", endtime="2026-01-05 11:00:00")
    for other in (
        meeting("a", creator="15400000002", starttime="2026-01-05 10:30:00", endtime="2026-01-05 12:00:00"),
        meeting("a", creator="15400000002", starttime=""),
        meeting("a", creator="15400000001", endtime=""),
    ):
        assert merge_answers([answer(1, ended), answer(2, other)]).counts[:4] == (2, 1, 0, 1)


def test_rejects_are_counted_each_time_and_name_pull_and_position() -> None:
    pulls = [answer(1, meeting("a"), 7), answer(2, 7, meeting("a"))]
    table = merge_answers(pulls)
    assert table.counts[:4] == (4, 1, 2, 1)
    assert [(row["pull_id"], row["position"]) for row in table.rejects.to_pylist()] == [
        (pulls[0].pull_id, 1),
        (pulls[1].pull_id, 0),
    ]


def test_legs_and_problems_are_of_the_version_shown() -> None:
    table = merge_answers(
        [answer(1, meeting("a", duration="x")), answer(2, meeting("b"), meeting("a", parties=["15400000002"]))]
    )
    # who was listed before is told, what could not be read before is not: it is mended
    assert [(row["meeting_id"], row["reason"]) for row in table.problems.to_pylist()] == [("a", "earlier_value")]
    assert [(row["meeting_id"], row["phone"]) for row in table.legs.to_pylist()] == [
        ("a", "15400000002"),
        ("b", "15400000001"),
    ]


def test_empty_equals_full() -> None:
    none, full = merge_answers([]), merge_answers([answer(1, meeting("a", duration="x"), 7)])
    assert none.counts[:4] == (0, 0, 0, 0)
    for nothing, something, columns in zip(none[:4], full[:4], (MEETINGS, LEGS, REJECTS, PROBLEMS), strict=True):
        assert nothing.schema == something.schema == arrow_schema(columns) == empty(columns).schema
        assert to_pandas(nothing).dtypes.equals(to_pandas(something).dtypes)
        assert something.num_rows


def test_pandas_types() -> None:
    frame = to_pandas(
        merge_answers([answer(1, meeting("a", oriamount="1.20", bookmeeting="1", duration="60"))]).meetings
    )
    kinds = frame.dtypes.astype(str)
    assert kinds[["meeting_id", "started_at", "duration_s", "is_booked", "amount_yuan"]].tolist() == [
        "string",
        "datetime64[us, Asia/Shanghai]",
        "Int64",
        "boolean",
        "decimal128(16, 5)[pyarrow]",
    ]
    assert str(frame["started_at"][0]) == "2026-01-05 10:00:00+08:00"
    assert frame["name"].isna().all()


def test_amounts_can_be_computed_with_and_lose_nothing() -> None:
    """A product or a quotient of amounts with 38 digits has no place in Arrow."""
    records = (meeting(name, oriamount=yuan) for name, yuan in (("a", "1.20"), ("b", "2.40")))
    yuan = to_pandas(merge_answers([answer(1, *records)]).meetings)["amount_yuan"]
    assert (yuan * 2).tolist() == [Decimal("2.40"), Decimal("4.80")]
    assert (yuan / 60).tolist() == [Decimal("0.02"), Decimal("0.04")]
    assert (yuan / yuan.sum()).astype(float).round(4).tolist() == [0.3333, 0.6667]
    assert (yuan - yuan.shift()).tolist()[1] == Decimal("1.2")
    odd = to_pandas(merge_answers([answer(1, meeting("a", oriamount="0.30000000000000004"))]).meetings)
    assert odd["amount_yuan"].tolist() == [Decimal("0.30000000000000004")]


def test_columns_are_told_in_both_languages() -> None:
    for column in (*MEETINGS, *LEGS, *REJECTS, *PROBLEMS, *schema.PULLS):
        assert all((column.zh, column.en, column.meaning.zh, column.meaning.en))
        assert column.type in schema.ARROW_TYPES


def by_party(key: str, i: int, **more: Any) -> dict[str, Any]:
    party = {"phone": f"1540000000{i}", "jointime": "2026-01-05 10:00:00"}
    return meeting(key, endtime="2026-01-05 10:30:00", parties=[party], **more)


def test_a_row_for_each_party_loses_no_party() -> None:
    rows = [by_party("a", i) for i in (1, 2, 3)]
    for order in (rows, rows[::-1]):
        table = merge_answers([answer(1, *order), answer(2, *order)])
        (row,) = table.meetings.to_pylist()
        assert (row["n_legs"], row["n_people"], row["version"]) == (3, 3, 1)
        assert table.legs["leg"].to_pylist() == [1, 2, 3]
        assert sorted(table.legs["phone"].to_pylist()) == ["15400000001", "15400000002", "15400000003"]
        assert table.problems["reason"].to_pylist() == ["same_id_again"] * 2
        assert table.counts[:4] == (6, 1, 0, 5)


def test_a_connection_told_running_and_over_is_one_and_one_that_stands_twice_is_two() -> None:
    joined = {"phone": "15400000001", "jointime": "2026-01-05 10:00:00"}
    over = {**joined, "leavetime": "2026-01-05 10:20:00"}
    table = merge_answers([answer(1, meeting("a", parties=[joined]), meeting("a", parties=[over, joined]))])
    assert table.legs.num_rows == 2


@pytest.mark.parametrize(
    "who", [{"phone": "anonymous"}, {"phone": "15400000001", "name": "王"}, {"phone": "010-65520000"}]
)
@pytest.mark.parametrize("is_running", [False, True])
@pytest.mark.parametrize("in_records", [False, True])
def test_rows_of_two_callers_are_two_legs_as_they_are_in_a_list(
    who: dict[str, str], is_running: bool, in_records: bool
) -> None:
    """Two who show no number, or two devices of one, joined in one second: which of them was left out went by hash."""
    joined = {**who, "jointime": "2026-01-05 10:00:00"}
    ends = [f"2026-01-05 10:{minute}:00" for minute in (20, 40)]
    rows = [*({**joined, "leavetime": end} for end in ends), *([joined] if is_running else [])]
    some = [meeting("a", parties=[one]) if in_records else {"meid": "a", **one} for one in rows]
    for order in permutations(some if in_records else [meeting("a", parties=[]), *some]):
        table = merge_answers([answer(1, *order)])
        assert table.meetings["n_legs"].to_pylist() == [2]
        told = [one["raw_value"] for one in table.problems.to_pylist() if one["reason"] == "unread_parties"]
        for end in ends:  # in its column, or told where the row that runs was shown first
            shown = [times.beijing_text(one) for one in table.legs["left_at"].to_pylist()]
            assert (end in shown) + sum(end in one for one in told) == 1


@pytest.mark.parametrize("n", [1, 2])
def test_a_connection_that_two_lists_end_otherwise_is_one(n: int) -> None:
    """One of the lists may round it: twice it would be billed."""
    parties = [
        {"phone": f"1540000000{i}", "jointime": "2026-01-05 10:00:00", "leavetime": "2026-01-05 10:20:01"}
        for i in range(n + 1)
    ]
    rounded = [{**one, "leavetime": "2026-01-05 10:21:00"} for one in parties]
    for part in ([{"meid": "a", "parties": rounded}], [{"meid": "a", **one} for one in rounded]):
        assert merge_answers([answer(1, meeting("a", parties=parties), *part)]).legs.num_rows == n + 1


PARTY = {"name": "王", "phone": "15400000001", "jointime": "2026-01-05 10:00:00"}


@pytest.mark.parametrize(
    ("others", "n"),
    [
        ([{**PARTY, "phone": "+8615400000001"}], 1),
        ([{**PARTY, "phone": "154-0000-0001"}], 1),
        ([{"phone": PARTY["phone"], "jointime": PARTY["jointime"]}], 1),
        ([{"name": "王", "phone": "15400000001"}], 1),
        ([{"phone": "15400000001"}, PARTY], 2),
        ([{**PARTY, "name": "李"}], 2),
        ([{**PARTY, "jointime": "2026-01-05 10:10:00"}], 2),
        ([{**PARTY, "phone": "15400000002"}], 2),
        ([{"name": "王"}], 2),
    ],
)
def test_one_connection_in_two_lists_is_one_however_it_is_written(others: list[dict[str, Any]], n: int) -> None:
    whole, part = meeting("a", parties=[PARTY]), {"meid": "a", "parties": others}
    for order in ([whole, part], [part, whole]):
        table = merge_answers([answer(1, *order)])
        assert table.legs.num_rows == n
        assert set(table.problems["reason"].to_pylist()) == {"same_id_again"}


def test_a_connection_that_another_list_knows_better_is_one_and_the_rest_is_told() -> None:
    whole, part = meeting("a", parties=[{"phone": "15400000001"}]), {"meid": "a", "parties": [PARTY]}
    table = merge_answers([answer(1, whole, part)])
    assert table.legs.num_rows == 1
    told = [(one["reason"], one["raw_value"]) for one in table.problems.to_pylist()]
    leg = {"name": "王", "phone": "15400000001", "joined_at": "2026-01-05 10:00:00"}
    assert told[1:] == [("unread_parties", json.dumps(leg, ensure_ascii=False))]


def test_what_contradicts_in_more_than_parties_is_told_with_its_legs_and_joins_none() -> None:
    rows = [by_party("a", 1, name="1"), by_party("a", 2, name="2")]
    table = merge_answers([answer(1, *rows)])
    assert table.legs.num_rows == 1
    (row,) = table.meetings.to_pylist()
    (again, *told) = [(one["column"], one["reason"], one["raw_value"]) for one in table.problems.to_pylist()]
    (other,) = [one for one in rows if one["name"] != row["name"]]
    leg = {"phone": other["parties"][0]["phone"], "joined_at": "2026-01-05 10:00:00"}
    assert again[1] == "same_id_again"
    assert again[2] != row["record_hash"]
    assert told == [("name", "other_value", f"name={other['name']}"), ("parties", "unread_parties", json.dumps(leg))]


WHOLE: dict[str, Any] = {
    "meid": "a", "meetingname": "周会", "creator": "15400000001", "starttime": "2026-01-05 10:00:00",
    "endtime": "2026-01-05 10:30:00", "oriamount": "1.20",
    "parties": [{"phone": f"1540000000{i}", "name": f"{i}", "jointime": "2026-01-05 10:00:00", "leavetime": "2026-01-05 10:20:00"} for i in (1, 2)],
}  # fmt: skip


def only(*keys: str) -> dict[str, Any]:
    return {key: WHOLE[key] for key in ("meid", *keys)}


@pytest.mark.parametrize(
    "parts",
    [
        [only("meetingname", "creator", "starttime", "endtime", "oriamount"), only("parties")],
        [only("meetingname", "creator", "starttime"), only("endtime", "oriamount", "parties")],
        [only("starttime"), only("endtime"), only("meetingname"), only("creator", "oriamount"), only("parties")],
        [only("meetingname", "creator", "starttime", "endtime", "oriamount"), *({"meid": "a", **one} for one in WHOLE["parties"])],
    ],
)  # fmt: skip
@pytest.mark.parametrize("n", [1, 20])
def test_one_meeting_in_several_lists_is_whole(parts: list[dict[str, Any]], n: int) -> None:
    (expected,) = merge_answers([answer(1, WHOLE)]).meetings.to_pylist()
    for order in (parts, parts[::-1]):
        lists = [[{**part, "meid": f"a{i}"} for i in range(n)] for part in order]
        body = {"statusCode": "0", "data": {f"list{i}": one for i, one in enumerate(lists)}}
        table = merge_answers([read_answer(json.dumps(body).encode(), asked_at=T0 + timedelta(hours=1))])
        assert table.meetings.num_rows == n
        own = {"meeting_id", "record_hash", "pull_id"}
        for row in table.meetings.to_pylist():
            assert {key: row[key] for key in row.keys() - own} == {key: expected[key] for key in row.keys() - own}
        assert sorted(table.legs["phone"].to_pylist()) == sorted([one["phone"] for one in WHOLE["parties"]] * n)
        assert set(table.problems["reason"].to_pylist()) == {"same_id_again"}


def test_parties_without_a_time_are_of_no_meeting_where_two_have_the_id() -> None:
    later = {**WHOLE, "starttime": "2026-01-12 10:00:00", "endtime": "2026-01-12 10:30:00", "parties": []}
    guest = {"meid": "a", "parties": [{"phone": "15400000009"}]}
    table = merge_answers([answer(1, {**WHOLE, "parties": []}, later, guest)])
    assert table.meetings.num_rows == 2
    assert table.legs.num_rows == 0
    told = [(one["reason"], one["raw_value"]) for one in table.problems.to_pylist()]
    assert ("unread_parties", '{"phone": "15400000009"}') in told


def test_what_is_known_stays_beside_what_contradicts_it_and_its_end_is_a_version() -> None:
    a, b = meeting("a", name="1", endtime="2026-01-05 11:00:00"), meeting("a", name="2", endtime="2026-01-05 12:00:00")
    for one, other in ((a, b), (b, a)):
        table = merge_answers([answer(1, one), answer(2, one, other), answer(3, other, one)])
        assert table.meetings.select(["name", "version"]).to_pylist() == [{"name": one["name"], "version": 1}]
    table = merge_answers([answer(1, meeting("a")), answer(2, meeting("a"), a)])
    assert table.meetings.select(["name", "version"]).to_pylist() == [{"name": "1", "version": 2}]


@pytest.mark.parametrize(
    "parts",
    [
        [only("meetingname", "creator", "starttime", "endtime", "oriamount"), only("parties")],
        [only("meetingname", "creator", "starttime"), only("endtime", "oriamount", "parties")],
        [only("starttime"), only("endtime"), only("meetingname"), only("creator", "oriamount"), only("parties")],
        [WHOLE, only("meetingname")],
        [WHOLE, {**only("starttime", "endtime", "meetingname", "oriamount"), "parties": []}],
        [WHOLE, {**only("meetingname", "endtime"), "starttime": ""}],
        [WHOLE, only("starttime", "parties")],
        [only("meetingname", "creator", "starttime", "endtime", "oriamount"), [{"meid": "a", **one} for one in WHOLE["parties"]]],
    ],
)  # fmt: skip
def test_what_a_later_answer_does_not_say_is_not_unsaid(parts: list[Any]) -> None:
    (expected,) = merge_answers([answer(1, WHOLE)]).meetings.to_pylist()
    for order in (parts, parts[::-1], [*parts, *parts]):
        told_by = [part if isinstance(part, list) else [part] for part in order]
        table = merge_answers([answer(hour, *records) for hour, records in enumerate(told_by)])
        (row,) = table.meetings.to_pylist()
        own = {"meeting_id", "record_hash", "pull_id", "observed_at", "last_seen_at", "version"}
        assert {key: row[key] for key in row.keys() - own} == {key: expected[key] for key in row.keys() - own}
        assert sorted(table.legs["phone"].to_pylist()) == [one["phone"] for one in WHOLE["parties"]]
        assert [one for one in table.problems["reason"].to_pylist() if one != "same_id_again"] == []
        assert table.counts[1] == 1


def told(table: Any) -> list[tuple[str, str, str]]:
    return [(one["column"], one["reason"], one["raw_value"]) for one in table.problems.to_pylist()]


def test_a_brief_later_answer_takes_no_place_and_what_it_says_otherwise_is_told() -> None:
    brief = {"meid": "a", "meetingname": "别名", "status": "2"}
    table = merge_answers([answer(1, {**WHOLE, "status": "1"}), answer(2, brief)])
    (row,) = table.meetings.to_pylist()
    assert (row["name"], row["state"], row["n_legs"], row["version"]) == ("周会", "1", 2, 1)
    assert row["last_seen_at"] == T0 + timedelta(hours=1)
    assert sorted(told(table)) == [("name", "other_value", "name=别名"), ("state", "other_value", "state=2")]


def test_what_a_later_answer_says_otherwise_is_shown_and_told() -> None:
    other = {**WHOLE, "meetingname": "别名", "creator": "15400000009", "parties": [{"phone": "15400000008"}]}
    other.pop("oriamount")
    table = merge_answers([answer(1, WHOLE), answer(2, WHOLE), answer(3, other)])
    (row,) = table.meetings.to_pylist()
    assert (row["name"], row["creator"], row["n_legs"], row["version"]) == ("别名", "15400000009", 1, 2)
    assert row["amount_yuan"] is None  # another creator: it may be another meeting's
    by_column = sorted((column, reason) for column, reason, _ in told(table))
    columns = ["amount_yuan", "creator", "name", "parties", "parties"]
    assert by_column == [(column, "earlier_value") for column in columns]
    assert "name=周会" in {value for *_, value in told(table)}


RUNNING = {
    **only("meetingname", "creator", "starttime"), "duration": "60", "oriamount": "0.1", "status": "1",
    "tapesurl": "https://a.example/1?sign=1", "parties": [{"phone": "15400000001", "name": "1"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "later",
    [
        {**RUNNING, **WHOLE, "duration": "1800", "status": "2", "tapesurl": "https://a.example/1?sign=2"},
        {**WHOLE, "duration": "1800", "status": "2"},
        {**RUNNING, "duration": "120", "parties": WHOLE["parties"]},
        {**WHOLE, "starttime": "2026-01-05 10:04:00"},
    ],
)
def test_a_meeting_that_goes_on_is_no_contradiction(later: dict[str, Any]) -> None:
    table = merge_answers([answer(1, RUNNING), answer(2, later)])
    assert told(table) == []
    assert table.legs.num_rows == 2


def test_an_end_that_is_told_later_is_shown_and_the_earlier_one_told_once() -> None:
    moved = {**WHOLE, "endtime": "2026-01-05 11:00:00"}
    table = merge_answers([answer(1, WHOLE), answer(2, {**WHOLE, "status": "2"}), answer(3, moved)])
    assert table.meetings["ended_at"].to_pylist() == [datetime(2026, 1, 5, 3, tzinfo=UTC)]
    assert told(table) == [("ended_at", "earlier_value", "ended_at=2026-01-05 10:30:00")]
    assert table.legs.num_rows == 2


def test_what_only_an_odd_record_of_an_answer_knows_is_told() -> None:
    table = merge_answers([answer(1, only("starttime", "endtime", "meetingname"), {**WHOLE, "meetingname": "别名"})])
    (row,) = table.meetings.to_pylist()
    said = {column for column, *_ in told(table)}
    assert row["creator"] is not None or {"creator", "amount_yuan"} <= said
