"""A group has one colour in all pictures and charts of a report: side by side, nobody reads two legends."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from ytxdata import plots
from ytxdata.archive import Archive
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import Collection, Leaving, collect
from ytxdata.pages.workbook import write_report
from ytxdata.plots.canvas import GREY
from ytxdata.plots.over_time import COLOURS
from ytxdata.tables.masking import Privacy
from ytxdata.times import as_instant

DRAWN = ("usage", "sizes", "durations", "concurrency")


@pytest.fixture(scope="module")
def numbers(archive: Archive) -> list[str]:
    return sorted(set(archive.meetings()["creator"].dropna()))


def of_departments(archive: Archive, numbers: list[str], n: int, whose: str = "department") -> Collection:
    known = {"number": numbers, "department": [("not so", "D", "C", "B", "A", "F", "E", "H")[i % n] for i in range(len(numbers))]}  # fmt: skip
    first = archive.meetings()["started_at"].iloc[20].normalize()
    ends = (first, first + pd.Timedelta(days=30))
    start, end = (as_instant(one.to_pydatetime()) for one in ends)
    unseen = {"people", "presence", "lonely", "network", "compare_definitions", "concentration"}
    return collect(archive, Ask(start=start, end=end, group=whose, book=pd.DataFrame(known)), without=unseen)


def in_pictures(collected: Collection, privacy: Privacy) -> list[dict[str, str]]:
    found, drawn = [], Leaving.of(collected, privacy).drawn
    for name in DRAWN:
        legend = getattr(plots, name)(drawn[name], lang="en").get_legend()
        names = [text.get_text() for text in legend.get_texts()]
        found.append(dict(zip(names, (to_hex(one.get_facecolor()) for one in legend.get_patches()), strict=False)))
    return found


def in_charts(collected: Collection, path: Path, privacy: Privacy) -> list[dict[str, str]]:
    found = []
    with zipfile.ZipFile(write_report(collected, path / "report.xlsx", lang="en", privacy=privacy)) as book:
        for name in (one for one in book.namelist() if re.match(r"xl/charts/chart\d+\.xml", one)):
            series = re.findall(r"<c:ser>(.*?)</c:ser>", book.read(name).decode(), re.DOTALL)
            pairs = [(re.findall(r"<c:v>(.*?)</c:v>", one)[0], re.findall(r'srgbClr val="(\w+)"', one)[0]) for one in series]  # fmt: skip
            found.append({name: f"#{colour.lower()}" for name, colour in pairs})
    return [one for one in found if len(one) > 1]


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("n", [4, 8])
def test_a_department_has_one_colour(n: int, archive: Archive, numbers: list[str], tmp_path: Path) -> None:
    collected = of_departments(archive, numbers, n)
    seen = [*in_pictures(collected, Privacy()), *in_charts(collected, tmp_path, Privacy())]
    assert len(seen) >= len(DRAWN) + 3
    groups = set(collected.reports["usage"].arrow["group"].to_pylist())
    assert len(groups) == n
    for group in groups:
        colours = {one[group] for one in seen if group in one}
        assert len(colours) <= 1, (group, seen)
        assert not colours & {GREY.lower()}
    others = [colour for one in seen for name, colour in one.items() if "other groups" in name]
    assert set(others) == ({GREY.lower()} if n > len(COLOURS) else set())


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("n", [4, 8])
def test_charts_of_one_sheet_name_departments_in_one_order(
    n: int, archive: Archive, numbers: list[str], tmp_path: Path
) -> None:
    """Those of how many at once named them by their peaks, those above by their meetings."""
    first, *others = map(list, in_charts(of_departments(archive, numbers, n), tmp_path, Privacy()))
    for one in others:
        assert [group for group in one if group in first] == [group for group in first if group in one]
        assert len(one) > 2


@pytest.mark.slow
def test_colours_do_not_tell_the_order_of_masked_numbers(archive: Archive, numbers: list[str], tmp_path: Path) -> None:
    collected = of_departments(archive, numbers, 4, "creator")
    for privacy in (Privacy(), Privacy(show_phones=True)):
        seen = [*in_pictures(collected, privacy), *in_charts(collected, tmp_path, privacy)]
        coloured = [name for name, colour in seen[0].items() if colour != GREY.lower()]
        assert len(coloured) == len(COLOURS)
        assert all(seen[0][name] == one[name] for one in seen for name in coloured if name in one)
        by_colour = sorted(coloured, key=lambda name: [one.lower() for one in COLOURS].index(seen[0][name]))
        assert privacy.show_phones or by_colour == sorted(coloured), "by what is read, not by the numbers behind it"


def test_months_have_the_same_colours_while_the_groups_are_the_same() -> None:
    march: dict[str, Any] = {"group": ["a", "b", "c"], "meetings": [9, 5, 1]}
    assert plots.over_time.with_colours(march, "meetings") == plots.over_time.with_colours(
        march | {"meetings": [1, 5, 9]}, "meetings"
    )
