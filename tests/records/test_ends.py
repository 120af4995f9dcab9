"""Ends that the platform does not give: unknown, or a duration after the start where that was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ytxdata as ytx
from ytxdata.records.aliases import DEFAULT, names_chosen
from ytxdata.records.normalize import PARSER_VERSION, aliases_of, normalize, parser_mark
from ytxdata.records.profile import missing, profile

ASKED = DEFAULT.with_extra({"ended_at": "start + duration", "legs.left_at": ["start + duration"]})
WEEKS = ("2026-03-02 14:00:00", "2026-03-09 14:00:00", "2026-03-16 14:00:00")


def called(start: str, **more: Any) -> bytes:
    party = {"phone": "15400000001", "jointime": start, "duration": 600}
    record = {"meid": "88001", "starttime": start, "duration": 3_600, "parties": [party], **more}
    return json.dumps(record).encode()


@pytest.mark.parametrize("n", [1, 40])
def test_a_duration_is_no_end_but_by_request(n: int) -> None:
    raws = [called(WEEKS[0])] * n
    unknown, known = normalize(raws), normalize(raws, ASKED)
    assert unknown.meetings["ended_at"].null_count == unknown.legs["left_at"].null_count == n
    lasted = [
        (known.meetings, "started_at", "ended_at", 3_600),
        (known.legs, "joined_at", "left_at", 600),
    ]
    for table, start, end, seconds in lasted:
        for row in table.to_pylist():
            assert (row[end] - row[start]).total_seconds() == seconds == row["duration_s"]
    assert known.problems.num_rows == 0
    assert aliases_of(json.loads(json.dumps(parser_mark(ASKED)))) == ASKED


def test_what_an_earlier_version_read_by_default_is_nobodys_choice() -> None:
    """Else every archive of it was told to be somebody's choice of fields, and derived anew without the new ones."""
    earlier = {**parser_mark(DEFAULT), "version": 19, "legs": [["name", ["name"]], *parser_mark(DEFAULT)["legs"][1:]]}
    assert aliases_of(earlier) == DEFAULT
    assert names_chosen(aliases_of({**earlier, "version": PARSER_VERSION})) != []
    assert names_chosen(aliases_of({**earlier, "legs": [["name", ["xm", "name"]]]})) != []


def test_what_is_told_of_an_end_stands() -> None:
    told = normalize([called(WEEKS[0], endtime="2026-03-02 16:00:00")], ASKED)
    (row,) = told.meetings.to_pylist()
    assert (row["ended_at"] - row["started_at"]).total_seconds() == 7_200
    assert told.problems["reason"].to_pylist() == ["duration_mismatch"]
    for duration in (0, None, 3_600_000):
        running = normalize([called(WEEKS[0], duration=duration)], ASKED)
        assert running.meetings["ended_at"].null_count == 1, duration
    assert normalize([called("", duration=60)], ASKED).meetings["ended_at"].null_count == 1


@pytest.mark.slow
def test_a_room_whose_records_have_no_end_is_told_apart_by_starts_and_lasts_for_its_durations(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b'{"statusCode":"0","data":[' + b",".join(map(called, WEEKS)) + b"]}")
    assert ytx.read_answers(file).counts[:4] == (3, 3, 0, 0), "one answer lists them beside each other, weeks apart"
    asked = ytx.read_answers(file, aliases={"ended_at": ["start + duration"]})
    assert asked.counts[:4] == (3, 3, 0, 0)
    usage = ytx.metrics.usage(asked, by="total").arrow.to_pylist()[0]
    assert (usage["meetings"], usage["leg_minutes"]) == (3, 180.0), "without a time of leaving a leg lasts till the end"


def test_it_is_told_where_it_may_help() -> None:
    raws = [called(WEEKS[0]).replace(b"88001", b"m%d" % i) for i in range(30)]
    (told,) = missing(profile(raws))
    assert 'ended_at = ["start + duration"]' in told.en
    assert "0/30" in told.zh
    assert missing(profile(raws, ASKED)) == ()
