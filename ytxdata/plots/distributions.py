"""Pictures of how things spread: over creators, over classes of size and length, over weekday and hour, over pairs of
units.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from ytxdata.labels import Lang, Text, half_up
from ytxdata.plots.canvas import (
    BACKING,
    BLUE,
    MANY_MINUTES,
    QUIET,
    Drawable,
    drawing,
    families,
    footer,
    legible,
    nothing,
    numbers,
    opened,
    picture,
    room_for_names,
    rules,
    thousands,
)
from ytxdata.plots.over_time import colours, has_groups, largest, layers, name_layers, shown, stack

_SHARE = Text("{share} %，累计 {all} %", "{share} %, together {all} %")
_LABEL, _HOURS = Text("会议时长（分钟）", "meeting minutes"), Text("会议时长（小时）", "meeting hours")
_MINUTES = Text("{minutes}", "{minutes}")


@picture(height=4.2, is_personal=True)
def creators(
    report: Drawable, ax: Axes | None = None, *, lang: Lang | None = None, top: int = 15, show_phones: bool = False
) -> Axes:
    """Draw the creators with the most meeting minutes, each with its share and the share of all down to it (Pareto).

    Parameters
    ----------
    report
        Needs the columns `creator` and `meeting_minutes`; one row a creator. Where `meetings` of some are hidden,
        minutes stand in place of shares.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.
    top
        How many to name.
    show_phones
        Leave telephone numbers as they are.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> axes = ytx.plots.creators(ytx.metrics.creators(history), lang="en", top=5)
    >>> axes.figure is not None
    True
    """
    lang, report, data = opened(report, lang, show_phones=show_phones)
    known = [
        (minutes, name)
        for minutes, name in zip(numbers(data["meeting_minutes"]), data["creator"], strict=True)
        if minutes > 0
    ]
    known.sort(key=lambda row: -row[0])
    total = sum(minutes for minutes, _ in known)
    named = known[:top]
    with drawing(ax, report, lang, (9.6, 1.9 + 0.29 * max(len(named), 6))) as ax:
        if not named:
            return nothing(ax, report, lang)
        in_hours = max(value for value, _ in named) >= MANY_MINUTES
        minutes = [value / 60 if in_hours else value for value, _ in named]
        total = total / 60 if in_hours else total
        bars = ax.barh(range(len(named)), minutes, 0.72, color=BLUE)
        is_partly_hidden = None in data.get("meetings", ())  # then nobody can tell what they all make up
        said = (_MINUTES if is_partly_hidden else _SHARE).in_(lang)
        shares = [
            said.format(
                minutes=half_up(value, 1), share=half_up(100 * value / total, 1), all=half_up(100 * sofar / total, 1)
            )
            for value, sofar in zip(minutes, accumulate(minutes), strict=True)
        ]
        ax.bar_label(bars, shares, padding=5, fontsize=9, color=QUIET, bbox=BACKING)
        unknown, room = Text("未知", "unknown").in_(lang), room_for_names(ax)
        ax.set_yticks(range(len(named)), [legible(str(name), room) if name else unknown for _, name in named])
        ax.set_ylim(len(named) - 0.4, -0.6)
        ax.set_xlim(0, 1.3 * max(minutes))
        ax.set_xlabel((_HOURS if in_hours else _LABEL).in_(lang))
        rules(ax, "x")
        thousands(ax, "x")
        shown = Text("显示 {n} / {all} 位发起人", "{n} of {all} creators shown").format(n=len(named), all=len(known))
        footer(ax, report, lang, shown)
        return ax


def distribution(report: Drawable, key: str, label: Text, ax: Axes | None, lang: Lang | None) -> Axes:
    """Draw the meetings of each class of the column `key`, in the order of the rows; groups lie upon each other."""
    lang, report, data = opened(report, lang)
    with drawing(ax, report, lang) as ax:
        names = list(dict.fromkeys(map(str, data[key])))
        is_known = any(value is not None for value in data["meetings"])
        parts = layers(data, names, key, "meetings", lang, of=colours(report, data, "meetings", lang))
        meetings = [sum(values) for values in zip(*(part.values for part in parts), strict=True)]
        total = sum(meetings)
        if not total or not is_known:
            return nothing(ax, report, lang)
        ax.bar_label(
            stack(ax, range(len(meetings)), 0.72, parts),
            [f"{value:,.0f}\n{half_up(100 * value / total, 1)} %" for value in meetings],
            padding=3,
            fontsize=9,
            color="#444444",
            bbox=BACKING,
        )
        ax.set_xticks(range(len(meetings)), names)
        ax.set_xlim(-0.7, len(meetings) - 0.3)
        ax.set_ylim(0, 1.16 * max(meetings))
        ax.locator_params(axis="y", integer=True)
        ax.set_xlabel(label.in_(lang))
        ax.set_ylabel(Text("会议数", "meetings").in_(lang))
        rules(ax)
        thousands(ax)
        if has_groups(data):
            name_layers(ax, parts, lang)
        footer(ax, report, lang)
        return ax


@picture()
def durations(report: Drawable, ax: Axes | None = None, *, lang: Lang | None = None) -> Axes:
    """Draw how many meetings there are of each length.

    Parameters
    ----------
    report
        Needs the columns `duration_class` [min] and `meetings`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> axes = ytx.plots.durations(ytx.metrics.durations(history), lang="en")
    >>> axes.figure is not None
    True
    """
    return distribution(report, "duration_class", Text("时长（分钟）", "minutes"), ax, lang)


@picture()
def sizes(report: Drawable, ax: Axes | None = None, *, lang: Lang | None = None) -> Axes:
    """Draw how many meetings there are of each size.

    Parameters
    ----------
    report
        Needs the columns `size_bucket` and `meetings`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> axes = ytx.plots.sizes(ytx.metrics.sizes(history), lang="en")
    >>> axes.figure is not None
    True
    """
    return distribution(
        report, "size_bucket", Text("人数（含未显示号码者）", "people, withheld numbers included"), ax, lang
    )


WEEKDAYS = tuple(
    Text(zh, en)
    for zh, en in zip(
        ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
        ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        strict=True,
    )
)


@picture(height=3.3, grouped=5.4)
def heatmap(report: Drawable, ax: Axes | None = None, *, lang: Lang | None = None) -> Axes:
    """Draw the occupied minutes of each hour of the week; of several groups the largest, each by itself and all in
    one scale of colours.

    Parameters
    ----------
    report
        Needs the columns `weekday` (1 = Monday), `hour` (0 to 23) and `heatmap` [min].
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> axes = ytx.plots.heatmap(ytx.metrics.heatmap(history), lang="en")
    >>> axes.figure is not None
    True
    """
    lang, report, data = opened(report, lang)
    with drawing(ax, report, lang, (9.6, 6.6 if has_groups(data) else 4.4)) as ax:
        if not data["hour"]:
            return nothing(ax, report, lang)
        groups = _known_groups(data) if has_groups(data) else [""]
        grids = {group: _grid(data, group) for group in groups[:MOST_GROUPS]}
        most = max((max(row) for grid in grids.values() for row in grid), default=0)
        if not most:
            return nothing(ax, report, lang)
        in_hours = most >= MANY_MINUTES
        share = 60 if in_hours else 1
        for at, (group, grid) in enumerate(grids.items()):
            panel = ax if not has_groups(data) else _panel(ax, at, len(grids), group)
            shown_grid = [[minutes / share for minutes in row] for row in grid]
            mesh = panel.pcolormesh(
                range(25), range(8), shown_grid, cmap="YlGnBu", vmin=0, vmax=most / share, edgecolors="white",
                linewidth=1.5 if panel is ax else 0.6,
            )  # fmt: skip
            panel.invert_yaxis()
            step = 2 if panel is ax else 6
            panel.set_yticks([day + 0.5 for day in range(7)], [name.in_(lang) for name in WEEKDAYS])
            panel.set_xticks(range(0, 25, step), [f"{hour:02d}:00" for hour in range(0, 25, step)])
            panel.spines[:].set_visible(False)
        bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02, format=FuncFormatter(lambda value, _: f"{value:,.10g}"))
        bar.outline.set_visible(False)
        bar.set_label(
            (Text("占用小时", "occupied hours") if in_hours else Text("占用分钟", "occupied minutes")).in_(lang)
        )
        footer(ax, report, lang, *shown(len(grids), len(groups)))
        return ax


def _known_groups(data: dict[str, list[Any]]) -> list[str]:
    """Return the groups, the largest first, but for those whose figures are hidden: an empty grid would say 0."""
    told = {str(group) for group, minutes in zip(data["group"], data["heatmap"], strict=True) if minutes is not None}
    return [group for group in largest(data, "heatmap") if group in told]


MOST_GROUPS = 6
"""Grids of more groups than these are too small to be read."""


def _grid(data: dict[str, list[Any]], group: str) -> list[list[float]]:
    """Return the minutes of one group (of all rows without groups), weekday by hour."""
    grid = [[0.0] * 24 for _ in WEEKDAYS]
    rows = map(str, data["group"]) if has_groups(data) else [""] * len(data["hour"])
    for own, weekday, hour, minutes in zip(rows, data["weekday"], data["hour"], data["heatmap"], strict=True):
        if own == group:
            grid[int(weekday) - 1][int(hour)] += float(minutes or 0)
    return grid


def _panel(ax: Axes, at: int, n: int, group: str) -> Axes:
    """Return the axes of the picture's panel for a group: two in a row, its name above."""
    ax.set_axis_off()
    height = 1 / -(-n // 2)
    left, bottom = 0.53 * (at % 2), 1 - (at // 2 + 1) * height
    panel: Axes = ax.inset_axes((left, bottom + 0.2 * height, 0.47, 0.62 * height))
    panel.set_title(legible(group, 48), loc="left", fontsize=9, color=QUIET, pad=3)
    panel.tick_params(labelsize=7, length=0, labelfontfamily=[*families(), "sans-serif"])
    return panel


MOST_UNITS = 20
"""More names than these are not read on one picture."""


@picture(height=4.6)
def network(report: Drawable, ax: Axes | None = None, *, lang: Lang | None = None) -> Axes:
    """Draw who meets whom as a matrix: the minutes that each two units share, those with the most first.

    Parameters
    ----------
    report
        Needs the columns `a`, `b` and `shared_minutes` [min].
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> report = ytx.metrics.network(history, "2024-03", "2024-03-15", unit="person")
    >>> axes = ytx.plots.network(report, lang="en")
    >>> axes.figure is not None
    True
    """
    lang, report, data = opened(report, lang)
    with drawing(ax, report, lang, (8.0, 6.4)) as ax:
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
        room = min(32, room_for_names(ax))
        labels = [legible(name, room) for name in names]
        ax.set_yticks([at + 0.5 for at in range(len(names))], labels)
        ax.set_xticks([at + 0.5 for at in range(len(names))], labels, rotation=60, ha="right")
        ax.spines[:].set_visible(False)
        bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02, format=FuncFormatter(lambda value, _: f"{value:,.10g}"))
        bar.outline.set_visible(False)
        bar.set_label(Text("共同在线分钟", "shared minutes").in_(lang))
        footer(ax, report, lang)
        return ax
