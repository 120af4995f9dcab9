"""Saved answers: the same tables without a network."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import ytxdata as ytx
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError


def test_saved_answers_give_the_same_history_as_live_ones(server: Emulator, tmp_path: Path) -> None:
    live = ytx.Client(base_url=server.url, **server.credentials).fetch_history()
    paths = live.save_raw(tmp_path / "saved")
    saved = ytx.read_answers(tmp_path / "saved" / "*.json")
    assert [path.read_bytes() for path in paths] == [answer.raw for answer in live.answers]
    assert saved.counts == live.counts
    same = ["meeting_id", "name", "started_at", "ended_at", "record_hash"]
    pd.testing.assert_frame_equal(saved.meetings[same], live.meetings[same])
    pd.testing.assert_frame_equal(saved.legs, live.legs)


def test_a_file_that_is_no_answer_is_a_reject_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"statusCode":"0","data":[{"meid":"1"}]}')
    (tmp_path / "b.json").write_bytes(b"<html>502 Bad Gateway</html>")
    (tmp_path / "c.json").write_bytes(b'{"statusCode":"0","data":[{"meid":"2"},{"mei')
    history = ytx.read_answers(str(tmp_path / "*.json"))
    assert history.meetings["meeting_id"].tolist()[:1] == ["1"]
    counts = history.counts
    assert counts.rejected == 2
    assert counts.received == counts.meetings + counts.rejected + counts.duplicates
    assert set(history.rejects["detail"].str.split(":").str[0]) == {"b.json", "c.json"}


def test_a_saved_error_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"statusCode":"-203","statusMsg":"AuthToken验证失败"}', encoding="utf-8")
    history = ytx.read_answers(tmp_path / "a.json")
    assert len(history.meetings) == 0
    assert any("-203" in warning.en for warning in history.warnings)


def test_no_file_at_all_is_an_error_that_names_the_pattern(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing-here"):
        ytx.read_answers(tmp_path / "nothing-here-*.json")


def test_the_samples_that_come_along_can_be_read() -> None:
    history = ytx.read_answers(Path(__file__).parents[2] / "data" / "answers" / "*.json")
    counts = history.counts
    assert counts.meetings > 0
    assert counts.received == counts.meetings + counts.rejected + counts.duplicates
