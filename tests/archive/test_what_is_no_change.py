"""What the platform only lists in another order, or writes in another way, is no change of a meeting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ytxdata import audit
from ytxdata.archive import Archive

Record = dict[str, Any]
Rewrite = Callable[[Record], Record]

LATER = datetime(2026, 2, 1, 12, tzinfo=UTC)
PARTIES = [
    {"name": "甲", "phone": "13900000001", "jointime": "2026-01-01 09:00:00", "device": "a"},
    {"name": "乙", "phone": "13900000002", "jointime": "2026-01-01 09:01:00", "device": "b"},
    {"name": "丙", "phone": "010-88880000-801", "jointime": "2026-01-01 09:02:00"},
    {"phone": "13900000004", "duration": "60"},
]


def told(archive: Archive, platform: Any, rewrite: Rewrite, **more: Any) -> list[tuple[str, Any, Any]]:
    """Return what the ledger and the audit say after one meeting was listed in two ways; here of the ledger, None for
    nothing."""
    record = platform.record(3, **{"parties": PARTIES, "oriamount": 3.06, "note": {"room": "1"}} | more)
    for one in (record, rewrite(record)):
        platform.clock = LATER
        platform.records = [*platform.newest_first(6)[:2], one]
        archive.sync(platform)
    assert archive.verify().is_sound
    ledger = archive.changes()
    if not len(ledger):
        assert len(audit.run(archive, checks=["mutated_after_close"], remember=False)) == 0
    shown = ledger[["field", "old", "new"]].astype(object)
    return list(shown.where(shown.notna(), None).itertuples(index=False, name=None))


def e164(record: Record) -> Record:
    parties = [{**one, "phone": "+86" + one["phone"].removeprefix("0")} for one in record["parties"]]
    return record | {"creator": "+86" + record["creator"], "parties": parties}


WRITINGS: dict[str, Rewrite] = {
    "order": lambda one: one | {"parties": one["parties"][::-1]},
    "wrapped": lambda one: one | {"parties": {"party": one["parties"]}},
    "keyed": lambda one: one | {"parties": {party["phone"]: party for party in one["parties"]}},
    "other key": lambda one: {"members" if key == "parties" else key: value for key, value in one.items()},
    "time": lambda one: one | {"starttime": "".join(filter(str.isdigit, one["starttime"]))},
    "numbers": e164,
    "keys": lambda one: dict(reversed(one.items())),
    "float": lambda one: one | {"oriamount": 3.0600000000000014},
    "children": lambda one: one | {"children": [one | {"meid": "1" * 29, "creator": "13800000007"}]},
    "said twice": lambda one: one | {"stime": one["starttime"]},
}


def test_the_same_in_other_writing_is_no_change(archive: Archive, platform: Any) -> None:
    """Of ten meetings each is listed in another way of writing."""
    more = {"parties": PARTIES, "oriamount": 3.06, "note": {"room": "1"}}
    listed = {name: platform.record(3 + i, **more) for i, name in enumerate(WRITINGS)}
    for records in (listed, {name: WRITINGS[name](one) for name, one in listed.items()}):
        platform.clock, platform.records = LATER, [*records.values()][::-1]
        archive.sync(platform)
    assert archive.verify().is_sound
    ledger = archive.changes()
    changed = {name: ledger[ledger["meeting_id"] == one["meid"]]["field"].tolist() for name, one in listed.items()}
    assert changed == {name: [] for name in WRITINGS}
    assert len(ledger) == 0
    assert len(audit.run(archive, checks=["mutated_after_close"], remember=False)) == 0


@pytest.mark.slow
def test_a_party_that_went_moves_no_other_and_one_that_came_is_told(archive: Archive, platform: Any) -> None:
    came = {"name": "丁", "phone": "13900000005"}
    rows = told(archive, platform, lambda one: one | {"parties": [*one["parties"][:0:-1], came]})
    assert [row for row in rows if row[0].endswith(".name")] == [
        ("legs[1].name", "甲", None),
        ("legs[4].name", None, "丁"),
    ]
    assert {field for field, *_ in rows if field.startswith("legs[1]")} == {
        f"legs[1].{name}" for name in ("name", "phone", "number", "joined_at", "is_creator")
    }
    assert not any(field.startswith(("legs[2]", "legs[3]", "raw.parties.[2]")) for field, *_ in rows)


@pytest.mark.slow
def test_one_leg_of_a_list_in_another_order_changes_alone(archive: Archive, platform: Any) -> None:
    def rewrite(one: Record) -> Record:
        first, *others = one["parties"]
        return one | {"parties": [*others[::-1], first | {"leavetime": "2026-01-01 09:30:00", "device": "c"}]}

    assert told(archive, platform, rewrite) == [
        ("legs[4].left_at", None, "2026-01-01 09:30:00"),
        ("raw.parties.[4].device", "a", "c"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ({"endtime": "soon"}, {"endtime": "later"}, [("raw.endtime", "soon", "later")]),
        ({"stime": "2026-01-01 08:00:00"}, {"stime": ""}, [("raw.stime", "2026-01-01 08:00:00", None)]),
        ({"note": {"room": "1"}}, {"note": {"room": "2"}}, [("raw.note.room", "1", "2")]),
        ({"oriamount": 3.06}, {"oriamount": 3.061}, [("amount_yuan", "3.06", "3.061")]),
        ({"parties": [*PARTIES, {}]}, {"parties": [*PARTIES, []]}, [("raw.parties", "{}", "[]")]),
    ],
)
def test_what_no_column_shows_is_told_all_the_same(
    archive: Archive, platform: Any, before: Record, after: Record, rows: list[Any]
) -> None:
    assert told(archive, platform, lambda one: one | after, **before) == rows
