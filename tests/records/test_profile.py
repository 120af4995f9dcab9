"""The schema detective finds out what an account's records look like."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ytxdata.records.answer import Answer
from ytxdata.records.profile import Profile, drift, profile
from ytxdata.times import BEIJING

T0 = datetime(2026, 1, 5, 9, 0, 0, tzinfo=BEIJING)


def meetings(n: int = 120, unit: float = 1.0, shift_h: int = 0, **more: Any) -> list[bytes]:
    """Make meetings between 9 and 18 o'clock, their durations in a unit, their times shifted by hours."""
    records = []
    for i in range(n):
        start = T0 + timedelta(days=i // 10, minutes=54 * (i % 10), hours=shift_h)
        seconds = 300 + 60 * (i % 50)
        end = start + timedelta(seconds=seconds)
        records.append(
            {
                "meid": f"m{i}",
                "creator": "15400000001",
                "starttime": f"{start:%Y-%m-%d %H:%M:%S}",
                "endtime": f"{end:%Y-%m-%d %H:%M:%S}",
                "duration": round(seconds * unit),
                "parties": [{"name": "张三丰", "phone": "15400000001"}],
                **more,
            }
        )
    return [json.dumps(record, ensure_ascii=False).encode() for record in records]


def state(found: Profile, key: str) -> tuple[str, str]:
    (finding,) = [finding for finding in found.findings if finding.key == key]
    return finding.state, finding.evidence.en


@pytest.mark.parametrize(
    ("unit", "verdict", "name"),
    [
        (1, "confirmed", "seconds"),
        (1.005, "confirmed", "seconds"),
        (1000, "contradicted", "milliseconds"),
        (1 / 60, "contradicted", "minutes"),
        (7, "contradicted", "no unit"),
    ],
)
def test_the_unit_of_durations_is_inferred(unit: float, verdict: str, name: str) -> None:
    found, evidence = state(profile(meetings(unit=unit)), "duration_unit")
    assert found == verdict
    assert name in evidence


@pytest.mark.parametrize(("shift_h", "verdict"), [(0, "confirmed"), (-8, "contradicted"), (8, "contradicted")])
def test_the_zone_is_inferred_from_day_and_night(shift_h: int, verdict: str) -> None:
    assert state(profile(meetings(shift_h=shift_h)), "zone")[0] == verdict


def test_with_few_records_nothing_is_concluded() -> None:
    found = profile(meetings(3))
    assert {state(found, key)[0] for key in ("duration_unit", "zone")} == {"open"}


def test_without_records_everything_is_open() -> None:
    found = profile([])
    assert {finding.state for finding in found.findings} == {"open"}
    assert found.frame.empty
    assert list(found.frame.dtypes) == list(profile(meetings(1)).frame.dtypes)


def test_every_path_with_fill_and_column() -> None:
    raws = [b'{"meid":"1","x":{"y":[1,2]},"z":""}', b'{"meid":"2","parties":[{"mobile":"15400000001"}]}']
    frame = profile(raws).frame.set_index("path")
    assert list(frame.index) == ["meid", "x", "x.y", "x.y[]", "z", "parties", "parties[].mobile"]
    assert frame["n_present"].tolist() == [2, 1, 1, 2, 1, 1, 1]
    assert frame["fill_rate"].tolist() == [1, 0.5, 1, 1, 0, 0.5, 1]
    assert (frame.loc["parties[].mobile", "feeds"], frame.loc["parties[].mobile", "forms"]) == ("legs.phone", "mobile")
    assert frame.loc["x.y[]", "types"] == "int"


def test_json_text_and_maps_are_looked_into() -> None:
    raws = [
        json.dumps({"meid": "1", "parties": json.dumps([{"phone": "15400000001"}])}).encode(),
        b'{"meid":"2","members":{"15400000001":{"name":"x"},"15400000002":{"name":"y"}}}',
    ]
    frame = profile(raws).frame.set_index("path")
    assert frame.loc["parties~[].phone", "feeds"] == "legs.phone"
    assert frame.loc["members.*.name", "feeds"] == "legs.name"
    assert not any("154" in path for path in frame.index)


def test_nobody_is_named(saved: Callable[[str], Answer]) -> None:
    found = profile(
        [*(record.raw for record in saved("array").records), *meetings(secret="my password", tel="15400000009")]
    )
    for text in (
        found.to_markdown(),
        found._repr_html_(),
        json.dumps(found.to_dict(), ensure_ascii=False),
        found.frame.to_csv(),
    ):
        for private in ("15400000001", "15400000009", "01000000003", "张三丰", "李四", "password"):
            assert private not in text


@pytest.mark.parametrize(
    "one",
    [
        {"parties": {"count": 2, "15412340001": {"name": "甲"}, "15412340002": {"name": "乙"}}},
        {"acks": {"total": 2, "15412340001": "yes", "15412340002": "no"}},
        {"15412340001": {"in": 1}, "15412340002": {"in": 2}},
        {"tel:15412340001": "yes", "x": {"154-1234-0002 甲": 1}},
    ],
)
def test_numbers_among_other_keys_are_no_paths(one: dict[str, Any]) -> None:
    found = profile([json.dumps({"meid": str(n), "creator": "15412340001", **one}).encode() for n in range(3)])
    for text in (found.to_markdown(), found._repr_html_(), json.dumps(found.to_dict()), found.frame.to_csv()):
        assert "15412340001" not in text
        assert "1234-0002" not in text
        assert "12340002" not in text
    assert any("*" in path for path in found.frame["path"])


def test_parties_beside_their_count_are_looked_into_and_other_keys_stay() -> None:
    parties = {"count": 2, "15412340001": {"name": "甲"}, "15412340002": {"name": "乙"}}
    honest = {"20261102": "a", "line1": "b", "v2": {"2026-11-02": 1, "n": 2}, "20": "c"}
    record = {"meid": "1", "parties": parties, **honest}
    frame = profile([json.dumps(record).encode()]).frame.set_index("path")
    assert (frame.loc["parties.*", "n_parents"], frame.loc["parties.*.name", "feeds"]) == (2, "legs.name")
    assert {"parties.count", "20261102", "line1", "v2.2026-11-02", "20"} <= {*frame.index}


def test_unknown_keys_and_rival_keys_are_named() -> None:
    found = profile(meetings(costCentre="7", caller="15400000001"))
    assert "costCentre" in state(found, "known_keys")[1]
    assert state(found, "one_key") == ("contradicted", "meetings.creator ← creator, caller")


def test_unknown_keys_are_no_rivals_and_each_column_counts_its_own_key() -> None:
    found = profile(meetings(costCentre="7", other="8", oriamount="1.20"))
    assert state(found, "one_key")[0] == "confirmed"
    assert state(found, "money") == ("confirmed", "120/120 amounts can be read")


def test_a_field_has_three_examples_at_most() -> None:
    frame = profile(meetings()).frame.set_index("path")
    assert len(str(frame.loc["starttime", "examples"]).split(" · ")) == 3


def test_the_page_is_in_both_languages() -> None:
    page = profile(meetings()).to_markdown()
    for words in ("证实 / confirmed", "时间为北京时间 / times are Beijing time", "| `meid` | meetings.meeting_id |"):
        assert words in page


def test_drift_names_new_vanished_and_retyped_fields() -> None:
    old = profile(meetings(old="x", same="1"))
    new = profile(meetings(new="x", same=1, starttime=1767578400))
    assert sorted((change.kind, change.path) for change in drift(old, new)) == [
        ("new", "new"),
        ("retyped", "same"),
        ("retyped", "starttime"),
        ("vanished", "old"),
    ]
    assert drift(old, profile(meetings(30, old="x", same="1"))) == ()


def test_drift_works_on_shapes_kept_as_json() -> None:
    old = json.loads(json.dumps(profile(meetings()).shape))
    assert [change.path for change in drift(old, profile(meetings(more=1)))] == ["more"]


def test_a_rare_field_has_not_vanished_from_a_few_records() -> None:
    old = profile([*meetings(100), *meetings(2, rare="x")])
    assert drift(old, profile(meetings(20))) == ()
    assert [change.kind for change in drift(old, profile(meetings(400)))] == ["vanished"]


def test_a_history_is_looked_at_as_a_whole(saved: Callable[[str], Answer]) -> None:
    class History:
        answers = (saved("array"), saved("array"))

    assert profile(History()).n_records == 4


def test_what_is_told_of_a_change_names_nobody() -> None:
    old = profile(meetings(30, parties={"lisi": {"phone": "15400000001"}}, people=[{"a": 1}]))
    new = profile(
        meetings(30, parties={"王五": {"phone": "15400000001"}}, people=[{"b": {"c": 1}, "赵六": "1"}], u_15400000005=1)
    )
    told = " ".join(f"{change.text.en} {change.text.zh}" for change in drift(old, new))
    assert "lisi" not in told
    assert "王五" not in told
    assert "赵六" not in told
    assert "1540000" not in told
    assert {"people[].b", "parties.*", "*"} <= set(told.split())
