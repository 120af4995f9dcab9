"""Records that stand inside of stored records and that an earlier parser left there are regained from raw answers."""

from __future__ import annotations

from typing import Any

import pytest

from ytxdata.archive import Archive
from ytxdata.records.nested import Inside
from ytxdata.records.normalize import PARSER_VERSION


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
