"""Pictures that are grids: when meetings take place, weekday by hour; and who meets whom, unit by unit."""

from __future__ import annotations

from collections import Counter

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import MANY_MINUTES, Drawable, drawing, footer, legible, nothing, opened, picture, title

WEEKDAYS = tuple(
    Text(zh, en)
    for zh, en in zip(
        ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
        ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        strict=True,
    )
)


@picture(height=3.3)
def heatmap(report: Drawable, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
    """Draw the occupied minutes of each hour of the week.

    Parameters
    ----------
    report
        Needs the columns `weekday` (1 = Monday), `hour` (0 to 23) and `heatmap` [min].
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`.
    """
    report, data = opened(report)
    with drawing(ax, (9.6, 4.4)) as ax:
        title(ax, report, lang)
        if not data["hour"]:
            return nothing(ax, report, lang)
        grid = [[0.0] * 24 for _ in WEEKDAYS]
        for weekday, hour, minutes in zip(data["weekday"], data["hour"], data["heatmap"], strict=True):
            grid[int(weekday) - 1][int(hour)] += float(minutes or 0)
        in_hours = max(max(row) for row in grid) >= MANY_MINUTES
        if in_hours:
            grid = [[minutes / 60 for minutes in row] for row in grid]
        mesh = ax.pcolormesh(range(25), range(8), grid, cmap="YlGnBu", vmin=0, edgecolors="white", linewidth=1.5)
        ax.invert_yaxis()
        ax.set_yticks([day + 0.5 for day in range(7)], [name.in_(lang) for name in WEEKDAYS])
        ax.set_xticks(range(0, 25, 2), [f"{hour:02d}:00" for hour in range(0, 25, 2)])
        ax.spines[:].set_visible(False)
        bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02, format=FuncFormatter(lambda value, _: f"{value:,.10g}"))
        bar.outline.set_visible(False)
        bar.set_label(
            (Text("占用小时", "occupied hours") if in_hours else Text("占用分钟", "occupied minutes")).in_(lang)
        )
        footer(ax, report, lang)
        return ax


MOST_UNITS = 20
"""More names than these are not read on one picture."""


@picture(height=4.6)
def network(report: Drawable, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
    """Draw who meets whom as a matrix: the minutes that each two units share, those with the most first.

    Parameters
    ----------
    report
        Needs the columns `a`, `b` and `shared_minutes` [min].
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`.
    """
    report, data = opened(report)
    with drawing(ax, (8.0, 6.4)) as ax:
        title(ax, report, lang)
        shared: Counter[str] = Counter()
        pairs = list(zip(map(str, data["a"]), map(str, data["b"]), data["shared_minutes"], strict=True))
        for one, other, minutes in pairs:
            shared.update({one: float(minutes or 0), other: float(minutes or 0)})
        if not shared:
            return nothing(ax, report, lang)
        names = [name for name, _ in shared.most_common(MOST_UNITS)]
        place = {name: at for at, name in enumerate(names)}
        grid = [[0.0] * len(names) for _ in names]
        for one, other, minutes in pairs:
            if one in place and other in place:
                grid[place[one]][place[other]] = grid[place[other]][place[one]] = float(minutes or 0)
        edges = range(len(names) + 1)
        mesh = ax.pcolormesh(edges, edges, grid, cmap="YlGnBu", vmin=0, edgecolors="white", linewidth=1.5)
        ax.invert_yaxis()
        shown = [legible(name, 16) for name in names]
        ax.set_yticks([at + 0.5 for at in range(len(names))], shown)
        ax.set_xticks([at + 0.5 for at in range(len(names))], shown, rotation=60, ha="right")
        ax.spines[:].set_visible(False)
        bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02, format=FuncFormatter(lambda value, _: f"{value:,.10g}"))
        bar.outline.set_visible(False)
        bar.set_label(Text("共同在线分钟", "shared minutes").in_(lang))
        footer(ax, report, lang)
        return ax
