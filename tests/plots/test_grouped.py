"""Pictures of reports with groups show the groups, and never add up what does not add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.axes._base import _AxesBase
from matplotlib.patches import Rectangle

from ytxdata import plots
from ytxdata.labels import Text
from ytxdata.plots.over_time import COLOURS, PARTIAL
from ytxdata.tables.described import Definition
from ytxdata.tables.table import Table

GROUP = Definition(
    key="group", zh="组", en="group", unit="text", words={"not in the book": Text("不在通讯簿", "not in the book")}
)


def of(table: Table, columns: dict[str, Any]) -> Table:
    return replace(table, frame=pa.table(columns), definitions=(*table.definitions, GROUP))


def named(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def bars_of(axes: _AxesBase) -> list[Rectangle]:
    return [bar for bar in axes.patches if isinstance(bar, Rectangle)]


def panels(axes: Axes) -> list[Axes]:
    return [panel for panel in axes.child_axes if isinstance(panel, Axes)]


def heights(axes: Axes) -> list[float]:
    return [round(float(bar.get_height()), 6) for bar in bars_of(axes)]


def test_usage_lays_groups_upon_each_other(build_table: Callable[[str], Table]) -> None:
    columns = {
        "period": ["2026-03", "2026-03", "2026-04"],
        "group": ["a", "not in the book", "a"],
        "meetings": [4, 5, 2],
        "meeting_minutes": [60.0, None, 120.0],
        "is_partial": [False, False, True],
    }
    axes = plots.usage(of(build_table("usage"), columns))
    meetings, hours = panels(axes)
    assert named(axes) == ["a", "不在通讯簿"]
    assert heights(meetings) == [4, 2, 5, 0, 9, 2], "two layers, and one bar over both for the page"
    assert heights(hours) == [1, 2, 0, 0, 1, 2], "what is unknown adds nothing"
    assert [bar.get_gid() for bar in meetings.patches] == [None] * 4 + ["bar-2026-03", "bar-2026-04"]
    assert [bool(bar.get_hatch()) for bar in meetings.patches] == [False] * 5 + [True]


@pytest.mark.parametrize(("name", "key"), [("sizes", "size_bucket"), ("durations", "duration_class")])
def test_classes_lay_groups_upon_each_other(name: str, key: str, build_table: Callable[[str], Table]) -> None:
    columns = {key: ["1", "2", "1", "2"], "group": ["a", "a", "b", "b"], "meetings": [3, 0, 1, 6]}
    axes = getattr(plots, name)(of(build_table(name), columns), lang="en")
    assert named(axes) == ["b", "a"]
    assert heights(axes) == [1, 6, 3, 0, 4, 6]
    assert [text.get_text() for text in axes.texts if "%" in text.get_text()] == ["4\n40.0 %", "6\n60.0 %"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"], "a class is one place, not one a group"


def test_more_groups_than_colours_are_one_layer(build_table: Callable[[str], Table]) -> None:
    groups = [f"g{n}" for n in range(len(COLOURS) + 3)]
    meetings = list(range(10, 10 - len(groups), -1))
    columns = {"size_bucket": ["1"] * len(groups), "group": groups, "meetings": meetings}
    axes = plots.sizes(of(build_table("sizes"), columns), lang="en")
    assert named(axes) == [*groups[: len(COLOURS)], "3 other groups"]
    assert sum(heights(axes)[:-1]) == heights(axes)[-1] == sum(meetings)


def test_peaks_of_groups_stand_beside_each_other(build_table: Callable[[str], Table]) -> None:
    columns = {
        "period": ["2026-03", "2026-03", "2026-04"],
        "group": ["a", "b", "a"],
        "peak_legs": [4, 25, 3],
        "is_partial": [False, False, True],
    }
    axes = plots.concurrency(of(build_table("concurrency"), columns), lang="en", lines=20)
    assert named(axes)[:2] == ["b", "a"]
    drawn = bars_of(axes)
    bars = [(round(bar.get_height(), 6), bar.get_hatch()) for bar in drawn if bar.get_height() == bar.get_height()]
    assert bars == [(20, None), (5, "///"), (4, None), (3, PARTIAL), (0, "///"), (0, "///")]
    lefts = {round(bar.get_x(), 3) for bar in drawn}
    assert len(lefts) == 4, "no two groups in one place"


def test_partial_periods_of_concurrency_are_hatched(build_table: Callable[[str], Table]) -> None:
    columns = {"period": ["2026-03", "2026-04"], "peak_legs": [4, 3], "is_partial": [False, True]}
    axes = plots.concurrency(replace(build_table("concurrency"), frame=pa.table(columns)), lines=20)
    assert [bar.get_hatch() for bar in axes.patches[:2]] == [None, PARTIAL]
    said = " ".join(text.get_text() for text in axes.figure.figure.texts)
    assert "时段不完整" in said


def test_each_group_has_a_heat_map(build_table: Callable[[str], Table]) -> None:
    columns = {
        "group": ["a", "b", "b"],
        "weekday": [1, 1, 7],
        "hour": [9, 9, 23],
        "heatmap": [30.0, 60.0, 90.0],
    }
    axes = plots.heatmap(of(build_table("heatmap"), columns), lang="en")
    b, a = panels(axes)
    assert [panel.get_title(loc="left") for panel in (b, a)] == ["b", "a"]
    grids = [np.asarray(panel.collections[0].get_array()).reshape(7, 24) for panel in (b, a)]
    assert (grids[0][0, 9], grids[0][6, 23], grids[0].sum()) == (60, 90, 150)
    assert (grids[1][0, 9], grids[1].sum()) == (30, 30)
    assert a.collections[0].get_clim() == b.collections[0].get_clim(), "one scale of colours"


@pytest.mark.slow
def test_two_persons_of_one_mask_are_drawn_apart(build_table: Callable[[str], Table]) -> None:
    phone = replace(GROUP, unit="phone")
    numbers = ["+8613900010000", "+8613900020000", "not in the book"]
    columns = {"period": ["2026-03"] * 3, "group": numbers, "meetings": [4, 5, 1], "meeting_minutes": [60.0, 30.0, 6.0]}
    table = build_table("usage")
    of_persons = replace(table, frame=pa.table(columns), definitions=(*table.definitions, phone))
    meetings = panels(plots.usage(of_persons, lang="en"))[0]
    assert sorted(named(plots.usage(of_persons, lang="en"))) == ["139****0000", "139****0000 (2)", "not in the book"]
    assert sorted(heights(meetings)[:3]) == [1, 4, 5]
    pairs = {"a": numbers[:1], "b": numbers[1:2], "meetings": [1], "shared_minutes": [2.0]}
    who = (replace(phone, key="a"), replace(phone, key="b"))
    axes = plots.network(replace(table, frame=pa.table(pairs), definitions=who), lang="en")
    assert [text.get_text() for text in axes.get_xticklabels()] == ["139****0000", "139****0000 (2)"]


def test_a_group_whose_hours_are_hidden_has_no_grid(build_table: Callable[[str], Table]) -> None:
    columns = {"group": ["a", "b"], "weekday": [1, 1], "hour": [9, 9], "heatmap": [30.0, None]}
    axes = plots.heatmap(of(build_table("heatmap"), columns))
    assert [panel.get_title("left") for panel in panels(axes)] == ["a"]
    assert not plots.heatmap(of(build_table("heatmap"), columns | {"heatmap": pa.nulls(2, pa.float64())})).child_axes
