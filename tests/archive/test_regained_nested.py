"""Records that stand inside of stored records and that an earlier parser left there are regained from raw answers."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from ytxdata.archive import Archive
from ytxdata.archive.sync import sync
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.nested import Inside
from ytxdata.records.normalize import PARSER_VERSION


@pytest.mark.slow
def test_a_record_left_inside_another_is_regained(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = platform.record(99)
    named = inner.pop("meid")
    platform.records = [*platform.newest_first(6)]
    platform.records[2]["children"] = {named: inner}
    with monkeypatch.context() as earlier:
        earlier.setattr("ytxdata.records.normalize.PARSER_VERSION", PARSER_VERSION - 1)
        earlier.setattr("ytxdata.records.shapes.meetings_inside", lambda _signs, _found: Inside([], [], []))
        archive.sync(platform)
    assert len(archive.meetings()) == 6
    done = archive.sync(platform)
    assert "1 records regained, 1 more meetings" in " ".join(note.text.en for note in done.notes)
    assert named in set(archive.meetings()["meeting_id"])
    assert archive.verify().is_sound


@pytest.mark.slow
def test_a_list_that_becomes_a_map_by_id_is_no_change_of_a_meeting(archive: Archive, platform: Any) -> None:
    platform.records = platform.newest_first(24)
    archive.sync(platform)
    legs = archive.legs()
    platform.records[3]["remark"] = "新"
    keyed = [dict(one) for one in platform.records]
    data = {one.pop("meid"): one for one in keyed}

    class Keyed:
        identity = platform.identity

        def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
            first = dict(list(data.items())[:meetingcount])
            body = json.dumps({"statusCode": "0", "data": first}, ensure_ascii=False).encode()
            return read_answer(body, asked_n=meetingcount)

    archive.sync(Keyed())
    told = archive.changes()
    assert list(zip(told["field"], told["old"].isna(), told["new"], strict=True)) == [("raw.remark", True, "新")]
    pd.testing.assert_frame_equal(archive.legs(), legs)
    archive.sync(platform)
    told = archive.changes()
    assert list(told["field"]) == ["raw.remark"]
    assert archive.verify().is_sound


@pytest.mark.slow
def test_a_meeting_whose_names_were_learnt_after_two_answers_held_it_is_no_doubt_of_the_second(
    archive: Archive, platform: Any
) -> None:
    """Only the answer that a regained record names was excused: an honest archive was not sound for good."""
    names = {"meeting_id": ["kennung"], "started_at": ["von"], "ended_at": ["bis"], "parties": ["wer"]}
    platform.records = platform.newest_first(6)
    inner = dict(
        zip(["kennung", "von", "bis", "wer"], ["9" * 29, "2026-01-01 12:00:00", "2026-01-01 13:00:00", []], strict=True)
    )
    platform.records[2]["sub"] = inner
    for aliases in (DEFAULT, DEFAULT, DEFAULT.with_extra(names)):
        sync(archive.path, platform, aliases, 0, DEFAULT_POLICY)
    found = archive.verify()
    assert (len(archive.meetings()), found.is_sound, found.unlike) == (7, True, ())
    assert any("kennung" in one.en for one in found.chosen)
