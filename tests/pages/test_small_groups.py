"""Reports fit to be handed on: nothing about fewer people than the minimum, in whatever file."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

import ytxdata as ytx
from ytxdata.archive import Archive
from ytxdata.cli import main
from ytxdata.errors import UsageError
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import Collection, collect
from ytxdata.pages.html_report import page
from ytxdata.pages.small_groups import PERSONAL, without_small_groups


@pytest.fixture(scope="module")
def by_day(archive: Archive, middle: datetime) -> Collection:
    return collect(archive, Ask(start=middle, by="day"))


def test_rows_of_few_people_keep_their_name_and_lose_their_figures(by_day: Collection) -> None:
    counts = by_day.reports["usage"].frame.set_index("period")["people"]
    minimum = int(counts.median())
    small, large = set(counts[counts < minimum].index), set(counts[counts >= minimum].index)
    assert small
    assert large
    done = without_small_groups(by_day, minimum)
    for name, report in done.reports.items():
        frame = report.arrow.to_pandas()
        if name == "creators":
            assert (frame["people"].dropna() >= minimum).all()
        elif "period" in frame:
            figures = frame.set_index("period").select_dtypes(exclude=["object", "str", "bool"])
            assert figures[figures.index.isin(small)].isna().all(axis=None), name
            if name in ("usage", "working_hours"):
                assert figures.loc[figures.index.isin(large), "meeting_minutes"].notna().all()
            assert any(f"fewer than {minimum} people" in note.en for note in report.notes), name
        else:
            assert any("no head count" in note.en for note in report.notes), name


def test_the_order_of_creators_does_not_give_hidden_figures_away(by_day: Collection) -> None:
    minimum = int(by_day.reports["creators"].frame["people"].median())
    before, after = (
        one.reports["creators"].arrow.to_pandas() for one in (by_day, without_small_groups(by_day, minimum))
    )
    hidden = after[after["people"].isna()]
    assert 0 < len(hidden) < len(after) == len(before)
    assert hidden.index.min() == len(after) - len(hidden)
    assert hidden["creator"].dropna().is_monotonic_increasing
    large = before[before["people"] >= minimum]
    assert after["creator"].head(len(large)).tolist() == large["creator"].tolist()


def test_tables_of_single_persons_and_meetings_are_left_out(by_day: Collection) -> None:
    done = without_small_groups(by_day, 2)
    assert done.records == {}
    assert not set(PERSONAL) & set(done.tables)
    assert "coverage" in done.tables


def test_a_period_of_too_few_people_cannot_be_published(by_day: Collection, nothing: Collection) -> None:
    with pytest.raises(UsageError, match="fewer than 100000 people"):
        without_small_groups(by_day, 100_000)
    assert without_small_groups(nothing, 5).reports["usage"].arrow.num_rows == 0


def test_the_page_says_so_and_draws_what_is_left(by_day: Collection) -> None:
    minimum = int(by_day.reports["usage"].frame["people"].median())
    text = page(without_small_groups(by_day, minimum), lang="both")
    assert f"about fewer than {minimum} people are hidden" in text
    assert f"少于 {minimum} 人的行已隐去数字" in text
    assert text.count("<svg") >= 12


@pytest.mark.slow
def test_the_option_reaches_every_file(archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("report", "--archive", str(archive.path), "--out", str(tmp_path), "--by", "week", "--min-group", "12")
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--format", "all", "--json"])
    assert not ended.value.code
    files = json.loads(capsys.readouterr().out)["files"]
    assert not {"legs", "meetings", *PERSONAL} & set(files)
    people = ytx.read_csv(files["creators"])["people"]
    assert people.isna().any()
    assert (people.dropna() >= 12).all()
    about = json.loads(Path(files["creators"]).with_suffix(".about.json").read_text("utf-8"))
    assert any("少于 12 人" in note["zh"] for note in about["notes"])
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--notebook"])
    assert ended.value.code == 2


def test_tables_of_an_earlier_run_do_not_go_along(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "legs.csv").touch()
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", "report", "--archive", str(archive.path), "--out", str(tmp_path), "--min-group", "5"])
    assert ended.value.code == 2
    assert "legs.csv" in capsys.readouterr().err
    assert [path.name for path in tmp_path.glob("*.csv")] == ["legs.csv"]
