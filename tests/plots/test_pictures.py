"""Every picture: drawn in both languages with the bundled font alone, empty and with one row, leaving no trace."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.image import imread
from matplotlib.patches import Rectangle
from matplotlib.text import Text as Drawn

from ytxdata import metrics, plots
from ytxdata.errors import UsageError
from ytxdata.labels import Lang, Text
from ytxdata.plots import canvas
from ytxdata.tables.table import Table

DRAW = {
    name: getattr(plots, name)
    for name in ("usage", "heatmap", "concurrency", "sizes", "durations", "creators", "presence", "coverage")
}


@pytest.fixture(autouse=True)
def _only_the_bundled_font(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No family of Chinese is installed."""
    monkeypatch.setattr(canvas, "FAMILIES", ())
    for cached in (canvas.families, canvas._characters):
        cached.cache_clear()
    yield
    for cached in (canvas.families, canvas._characters):
        cached.cache_clear()


def texts(ax: mpl.axes.Axes) -> str:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return "\n".join(text.get_text() for text in cast("list[Drawn]", figure.findobj(Drawn)) if text.get_visible())


@pytest.mark.parametrize("width", [4.3, 8.6])
@pytest.mark.parametrize("days", [0.01, 0.08, 0.8, 1, 1.9, 4, 30, 45, 59, 85, 183, 201, 400, 700, 1090, 1200, 4000])
def test_dates_never_touch_each_other_on_a_phone_or_a_page(width: float, days: float) -> None:
    start = pd.Timestamp("2026-06-01", tz="UTC")
    frame = pd.DataFrame({"start": [start], "end": [start + pd.Timedelta(days=days)], "verdict": ["PROVEN"]})
    table = Table(frame=frame, name="coverage", title=Text("完整性", "Completeness"))
    figure = Figure(figsize=(width, 1.6), layout="constrained")
    ax = plots.coverage(table, figure.add_subplot(axes_class=canvas.Inset), lang="zh")
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    assert boxes
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_glyphs_are_there_and_something_is_drawn(picture_table: Table, lang: Lang, tmp_path: Path) -> None:
    ax = DRAW[picture_table.name](picture_table, lang=lang)
    plots.save(ax, tmp_path / "picture.png", dpi=50)  # a missing glyph is a warning, and a warning is an error
    assert np.unique(imread(tmp_path / "picture.png").reshape(-1, 4), axis=0).shape[0] > 20
    said = texts(ax)
    assert picture_table.title.in_(lang) in said
    assert "Asia/Shanghai" in said
    assert "PROBABLE" in said
    assert ("probably complete" in said) is (lang == "en")


def test_a_picture_has_no_number_of_a_person_unless_asked(picture_table: Table) -> None:
    named = replace(picture_table, title=Text("+8613812345678 的会议", "meeting of +8613812345678"))
    assert "8613" not in texts(DRAW[picture_table.name](named))
    if picture_table.name in ("creators", "presence"):
        assert "8613" in texts(DRAW[picture_table.name](picture_table, show_phones=True))


@pytest.mark.parametrize("rows", [0, 1])
def test_empty_and_one_row(picture_table: Table, rows: int, tmp_path: Path) -> None:
    short = replace(picture_table, frame=picture_table.frame.slice(0, rows))
    ax = DRAW[picture_table.name](short, lang="en")
    plots.save(ax, tmp_path / "picture.png", dpi=50)
    assert ("no data in this period" in texts(ax)) is (rows == 0)


@pytest.mark.slow
def test_unknown_numbers_are_drawn_as_nothing(picture_table: Table, tmp_path: Path) -> None:
    table = picture_table.frame
    figures = [
        name
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
        if pa.types.is_integer(kind) or pa.types.is_floating(kind)
    ]
    figures = [name for name in figures if name not in ("weekday", "hour")]
    for name in figures:
        position = table.column_names.index(name)
        table = table.set_column(position, name, pa.nulls(table.num_rows, table.schema.types[position]))
    ax = DRAW[picture_table.name](replace(picture_table, frame=table), lang="en")
    plots.save(ax, tmp_path / "picture.png", dpi=50)


@pytest.mark.parametrize("name", ["usage", "sizes", "durations"])
def test_a_scale_of_few_meetings_has_whole_steps(name: str, build_table: Callable[[str], Table]) -> None:
    given = build_table(name)
    rows = given.arrow.to_pylist()
    frame = pa.Table.from_pylist([{**rows[0], "meetings": 1, "meeting_minutes": 12.0, "share_pct": 100.0}])
    ax = DRAW[name](replace(given, frame=frame.select(given.arrow.column_names)), lang="en")
    panel = ax.child_axes[0] if name == "usage" else ax
    ax.get_figure().draw_without_rendering()
    assert all(step == int(step) for step in panel.get_yticks())


def test_a_week_without_a_minute_has_no_scale_of_colours(build_table: Callable[[str], Table]) -> None:
    given = build_table("heatmap")
    zeros = given.arrow.set_column(2, "heatmap", pa.array([0.0] * given.arrow.num_rows))
    said = texts(plots.heatmap(replace(given, frame=zeros), lang="en"))
    assert "no data in this period" in said
    assert "occupied" not in said


def test_no_shares_where_figures_of_some_creators_are_hidden(build_table: Callable[[str], Table]) -> None:
    columns = {"creator": ["a", "b"], "meetings": [5, None], "meeting_minutes": [1234.5, None]}
    said = texts(plots.creators(replace(build_table("creators"), frame=pa.table(columns))))
    assert "%" not in said
    assert "20.6" in said  # hours: 1,234.5 minutes


def test_a_period_without_meetings_is_a_hole_and_a_part_of_one_is_hatched(build_table: Callable[[str], Table]) -> None:
    columns = {
        "period": ["2026-03-02", "2026-03-03", "2026-03-06"],
        "meetings": [5, 4, 3],
        "meeting_minutes": [60.0, 120.0, 180.0],
        "is_partial": [False, False, True],
    }
    panels: Any = plots.usage(replace(build_table("usage"), frame=pa.table(columns))).child_axes
    meetings, hours = panels
    lefts = [bar.get_x() for bar in meetings.patches]
    assert [round(one - lefts[0]) for one in lefts] == [0, 1, 4]
    assert [bar.get_height() for bar in hours.patches] == [1, 2, 3]
    assert [bool(bar.get_hatch()) for bar in hours.patches] == [False, False, True]


def test_months_are_labelled_at_equal_steps(build_table: Callable[[str], Table]) -> None:
    months = [f"{2024 + (10 + n) // 12}-{(10 + n) % 12 + 1:02d}" for n in range(25)]
    columns = {"period": months, "meetings": [5] * 25, "meeting_minutes": [60.0] * 25}
    axes = plots.usage(replace(build_table("usage"), frame=pa.table(columns)))
    told = [months.index(label.get_text()) for label in axes.child_axes[-1].get_xticklabels()]
    assert len({later - earlier for earlier, later in pairwise(told)}) == 1


def test_on_given_axes_nothing_else_is_touched(picture_table: Table, tmp_path: Path) -> None:
    figure = Figure(figsize=(12, 4))
    left, right = figure.subplots(1, 2)
    assert DRAW[picture_table.name](picture_table, left) is left
    plots.save(left, tmp_path / "picture.png", dpi=50)
    assert right.get_title(loc="left") == ""
    assert not figure.texts


@pytest.mark.slow
def test_settings_of_matplotlib_stay_as_they_were(picture_table: Table, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    plots.save(DRAW[picture_table.name](picture_table), tmp_path / "picture.svg")
    assert dict(mpl.rcParams) == before


@pytest.mark.slow
def test_svg_keeps_its_text_and_its_bytes(picture_table: Table, tmp_path: Path) -> None:
    first, second = (
        plots.save(DRAW[picture_table.name](picture_table), tmp_path / f"{n}.svg").read_bytes() for n in (1, 2)
    )
    assert first == second
    words = "".join(ET.fromstring(first).itertext())
    assert picture_table.title.zh in words


@pytest.mark.slow
def test_a_notebook_shows_the_picture_without_pyplot(picture_table: Table) -> None:
    assert DRAW[picture_table.name](picture_table)._repr_png_().startswith(b"\x89PNG")


@pytest.mark.slow
def test_pyplot_is_never_loaded() -> None:
    code = "import sys, ytxdata.plots as p; p.canvas.families(); sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False).returncode == 0


def test_both_languages_at_once(picture_table: Table) -> None:
    said = texts(DRAW[picture_table.name](picture_table, lang="both"))
    assert picture_table.title.zh in said
    assert picture_table.title.en in said


def test_presence_wants_one_meeting(build_table: Callable[[str], Table]) -> None:
    table = build_table("presence")
    two = table.frame.set_column(0, "meeting_id", pa.array(["1"] * 5 + ["2"] * 4))
    with pytest.raises(UsageError, match="meeting_id"):
        plots.presence(replace(table, frame=two))
    assert "1" in plots.presence(replace(table, frame=two), meeting_id="1").get_title(loc="left")


def test_what_no_font_has_is_marked() -> None:
    assert canvas.legible("𠮷野 🧧 周会") == "〓野 〓 周会"


def test_bundled_font_is_small_whole_and_licensed() -> None:
    assert canvas.families()[0] == canvas.BUNDLED_FAMILY
    assert canvas.BUNDLED.stat().st_size < 2_000_000
    assert "SIL OPEN FONT LICENSE" in canvas.BUNDLED.with_name("OFL.txt").read_text(encoding="utf-8")
    path = findfont(FontProperties(family=[canvas.BUNDLED_FAMILY]), fallback_to_default=False)
    characters = font_manager.get_font(path).get_charmap()
    gb2312 = {
        bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)
    } - {""}
    assert len(gb2312) == 6763
    assert all(ord(character) in characters for character in gb2312)
    assert all(code in characters for code in range(0x20, 0x7F))


def test_an_installed_family_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "FAMILIES", ("No Such Family", "DejaVu Serif"))
    canvas.families.cache_clear()
    assert canvas.families() == ("DejaVu Serif", canvas.BUNDLED_FAMILY, canvas.LAST_RESORT)


def test_coverage_of_a_bare_certificate() -> None:
    class Certificate:
        worst, sentence = "PROVEN", Text("完整。", "Complete.")
        frame = pd.DataFrame(
            {
                "start": [pd.Timestamp("2026-01-01", tz="UTC")],
                "end": [pd.Timestamp("2026-02-01", tz="UTC")],
                "verdict": ["PROVEN"],
            }
        )

    assert "Complete." in texts(plots.coverage(Certificate(), lang="en"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("width", [4.3, 9.6])
@pytest.mark.parametrize(("name", "column"), [("creators", "creator"), ("presence", "name")])
def test_long_names_leave_room_for_what_they_are_of(
    build_table: Callable[[str], Table], name: str, column: str, width: float
) -> None:
    # labels of forty Chinese characters took more than the width of a telephone: nothing was drawn, with a warning
    table = build_table(name)
    long = "华东区域大客户事业部第三销售中心" * 4
    names = pa.array([f"{at}{long}" for at in range(table.frame.num_rows)])
    frame = table.frame.set_column(table.frame.column_names.index(column), column, names)
    figure = Figure(figsize=(width, 4), layout="constrained")
    ax = figure.add_subplot()
    plots.PICTURES[name].draw(replace(table, frame=frame), ax, lang="zh", show_phones=True)
    figure.draw_without_rendering()
    assert ax.get_position().width > 0.25


@pytest.mark.parametrize("draw", ["usage", "concurrency"])
@pytest.mark.parametrize(
    ("by", "n", "days"), [("day", 3, 1), ("week", 3, 7), ("week", 1, 7)], ids=["days", "weeks", "a week alone"]
)
def test_a_bar_is_as_wide_as_what_was_asked_for(draw: str, by: Any, n: int, days: int) -> None:
    """Whoever meets on Mondays had each of these days drawn as a week, and one week alone as its Monday."""
    start = pd.to_datetime(["2026-06-01T02:00Z", "2026-06-08T02:00Z", "2026-06-15T02:00Z"][:n])
    plain = {"meeting_id": [f"m{k}" for k in range(n)], "creator": "+8613900000000", "started_at": start}
    meetings = pd.DataFrame({**plain, "ended_at": start + pd.Timedelta(hours=1)})
    legs = pd.DataFrame({"meeting_id": plain["meeting_id"], "leg": 1, "number": "+8613900000000", "joined_at": start})
    report = getattr(metrics, draw)(metrics.Frames(meetings, legs.assign(left_at=start + pd.Timedelta(hours=1))), by=by)
    axes = report.plot(lang="en")
    bars = [bar for ax in (axes, *axes.child_axes) for bar in ax.patches if isinstance(bar, Rectangle)]
    assert bars
    assert all(0.7 < bar.get_width() / days <= 1 for bar in bars)
