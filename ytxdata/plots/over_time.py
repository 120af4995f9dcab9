"""Pictures over time: usage, and how many at once against the lines that were bought; how periods lie on an axis, and
groups in a bar.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import add
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    QUIET,
    RED,
    SKY,
    Drawable,
    day_number,
    drawing,
    families,
    footer,
    inches,
    legend,
    legible,
    nothing,
    numbers,
    opened,
    picture,
    rules,
    thousands,
)

_TOTAL = Text("合计", "total")
_LETTER, _SPACE = 0.075, 0.15  # inches

Span = tuple[datetime, datetime]


def place(ax: Axes, periods: Sequence[str], lang: Lang, by: str | None = None) -> tuple[list[float], list[float]]:
    """Set up the x axis for some periods (`2026-03-05`, `2026-03`, `total`); return the middle and the width of each.

    Periods that are dates stand where they are in time, so that one without meetings shows as a hole.
    """
    placed = spans(periods, by)
    if placed is None:
        ax.set_xticks(range(len(periods)), [_TOTAL.in_(lang) if period == "total" else period for period in periods])
        ax.set_xlim(-2, len(periods) + 1)
        return [float(position) for position in range(len(periods))], [1.0] * len(periods)
    lefts = [day_number(start) for start, _ in placed]
    widths = [(end - start) / timedelta(days=1) for start, end in placed]
    middles = [left + width / 2 for left, width in zip(lefts, widths, strict=True)]
    room = max(0.6 * widths[0], 3 * widths[0] - sum(widths)) / 2
    ax.set_xlim(lefts[0] - room, lefts[-1] + widths[-1] + room)
    left, right = ax.get_xlim()
    told = _apart(_evenly(periods, middles), (_LETTER * len(periods[0]) + _SPACE) * (right - left) / inches(ax))
    ax.set_xticks([middles[position] for position in told], [periods[position] for position in told])
    return middles, widths


def spans(periods: Sequence[str], by: str | None = None) -> list[Span] | None:
    """Return the first and the last instant of each period; None when one is no date.

    Parameters
    ----------
    by
        What they are. Of a table that does not know, several days that are all Mondays are weeks: an office that meets
        on Mondays had each of its days drawn as a week.
    """
    try:
        starts = [datetime.fromisoformat(f"{period}-01" if len(period) == 7 else period) for period in periods]
    except ValueError:
        return None
    if all(len(period) == 7 for period in periods):
        return [(start, start + timedelta(days=calendar.monthrange(start.year, start.month)[1])) for start in starts]
    weekly = by == "week" if by else len(starts) > 1 and all(start.weekday() == 0 for start in starts)
    return [(start, start + timedelta(days=7 if weekly else 1)) for start in starts]


def _evenly(periods: Sequence[str], middles: Sequence[float]) -> list[float]:
    """Return where periods would stand if all months were of one length, so that every second or third one is
    labelled.
    """
    if len(periods[0]) == 7:
        return [365.25 / 12 * (12 * int(period[:4]) + int(period[5:])) for period in periods]
    return list(middles)


def _apart(places: Sequence[float], distance: float) -> list[int]:
    """Return which places to label, so that no two are nearer than a distance."""
    told: list[int] = []
    for position, place in enumerate(places):
        if not told or place - places[told[-1]] >= distance * 0.9:
            told.append(position)
    return told


USAGE = (
    (("meetings", 1, Text("会议数", "meetings"), BLUE), ("meeting_minutes", 60, Text("会议时长（小时）", "meeting hours"), ORANGE)),
    (("legs", 1, Text("人次", "legs"), BLUE), ("leg_minutes", 60, Text("人次时长（小时）", "leg hours"), ORANGE)),
)  # fmt: skip
"""Figures that usage is drawn by, the first pair that a report has: column, how much of it is one, name, colour. A
meeting belongs to several groups of legs at once, so of those legs are drawn.
"""


def usage_figures(columns: Collection[str]) -> tuple[tuple[str, int, Text, str], ...]:
    """Return the figures that usage with these columns is drawn by.

    Examples
    --------
    >>> [name for name, *_ in usage_figures({"period", "group", "legs", "leg_minutes"})]
    ['legs', 'leg_minutes']
    """
    return next((pair for pair in USAGE if all(name in columns for name, *_ in pair)), USAGE[0])


@picture(height=4.6)
def usage(report: Drawable, ax: Axes | None = None, *, lang: Lang | None = None) -> Axes:
    """Draw meetings and meeting hours of each period (of groups of legs: legs and their hours) as bars, one above the
    other: two scales in one picture would suggest what is not there.

    Parameters
    ----------
    report
        Needs the columns `period` (`2026-03-05`, `2026-03` or `total`), `meetings`, `meeting_minutes`; or, of groups
        of legs, `legs`, `leg_minutes`. Groups lie upon each other.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> axes = ytx.plots.usage(ytx.metrics.usage(history, by="month"), lang="en")
    >>> axes.figure is not None
    True
    """
    lang, report, data = opened(report, lang)
    with drawing(ax, report, lang) as ax:
        if not data["period"]:
            return nothing(ax, report, lang)
        periods = list(dict.fromkeys(map(str, data["period"])))
        partial = partial_periods(data)
        ax.set_axis_off()
        figures = usage_figures(data)
        of = colours(report, data, figures[0][0], lang)
        for bottom, (figure, unit, label, colour) in zip((0.52, 0.0), figures, strict=True):
            panel = ax.inset_axes((0, bottom, 1, 0.40))  # its name, and above both the period, stand in what is left
            panel.spines[["top", "right"]].set_visible(False)
            panel.set_axisbelow(True)
            middles, widths = place(panel, periods, lang, getattr(report, "by", None))
            wide = [0.78 * width for width in widths]
            parts = [
                Layer(one.label, one.colour if has_groups(data) else colour, [value / unit for value in one.values])
                for one in layers(data, periods, "period", figure, lang, of=of, by=figures[0][0])
            ]
            # One bar a period, over all its layers, carries the hatching and is what a page's reader points at.
            whole = stack(panel, middles, wide, parts)
            for period, bar in zip(periods, whole, strict=True):
                bar.set_gid(f"bar-{period}" if bottom else None)
                if period in partial:
                    bar.set(hatch=PARTIAL, edgecolor="white")
            rules(panel)
            thousands(panel)
            panel.set_ylim(bottom=0)
            panel.locator_params(axis="y", integer=unit == 1)
            panel.set_title(label.in_(lang), loc="left", fontsize=10, color=QUIET, pad=4)
            panel.tick_params(labelbottom=bottom == 0.0, length=0, labelfontfamily=[*families(), "sans-serif"])
        if has_groups(data):
            name_layers(ax, parts, lang)
        footer(ax, report, lang, *([HATCHED] if partial else []))
        return ax


_FEW = 92
"""With more bars than this no gap between them would be seen evenly."""


@picture()
def concurrency(
    report: Drawable, ax: Axes | None = None, *, lang: Lang | None = None, lines: int | None = None
) -> Axes:
    """Draw the largest number of legs at once in each period, and the purchased lines; what lies above them stands
    out. Groups stand beside each other.

    Parameters
    ----------
    report
        Needs the columns `period` and `peak_legs`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`; by default the session's.
    lines
        Purchased lines; by default those the report was made with.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> axes = ytx.plots.concurrency(ytx.metrics.concurrency(history, lines=10), lang="en")
    >>> axes.figure is not None
    True
    """
    lang, report, data = opened(report, lang)
    lines = _lines(report) if lines is None else lines
    with drawing(ax, report, lang) as ax:
        if not data["period"]:
            return nothing(ax, report, lang)
        periods = list(dict.fromkeys(map(str, data["period"])))
        middles, widths = place(ax, periods, lang, getattr(report, "by", None))
        parts = [Layer("", BLUE, numbers(data["peak_legs"]))]
        if has_groups(data):
            of = colours(report, data, "peak_legs", lang)
            parts = beside(data, periods, "period", "peak_legs", lang, of=of)
        partial = partial_periods(data)
        for at, part in enumerate(parts):
            wide = [width * (0.8 if len(widths) * len(parts) <= _FEW else 1) / len(parts) for width in widths]
            shift = at - (len(parts) - 1) / 2
            spots = [middle + shift * one for middle, one in zip(middles, wide, strict=True)]
            _bars(ax, part, spots, wide, lines, [period in partial for period in periods])
        said: list[tuple[Artist, Text]] = []
        if not has_groups(data):
            said.append((Patch(color=BLUE), Text("并发峰值", "peak at once")))
        if lines is not None:
            mark = ax.axhline(lines, color=INK, linewidth=1.4, linestyle="--")
            said.append((Patch(facecolor=RED, hatch="///", edgecolor="white"), Text("超出线路数", "above the lines")))
            said.append((mark, Text(f"已购线路 {lines:,}", f"purchased lines {lines:,}")))
        highest = max([peak for part in parts for peak in part.values if peak == peak] + [lines or 0, 1])
        ax.set_ylim(0, 1.08 * highest)
        ax.set_ylabel(Text("同时在线接入数", "legs at once").in_(lang))
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        rules(ax)
        thousands(ax)
        if has_groups(data):
            name_layers(ax, parts, lang, said)
        else:
            legend(ax, [mark for mark, _ in said], [text for _, text in said], lang)
        footer(ax, report, lang, *([HATCHED] if partial else []))
        return ax


def _bars(
    ax: Axes, part: Layer, spots: list[float], wide: list[float], lines: int | None, is_partial: list[bool]
) -> None:
    """Draw the bars of one group; what is above the lines, and periods that are not whole, are hatched."""
    bought = float("inf") if lines is None else lines
    below = ax.bar(spots, [min(peak, bought) for peak in part.values], wide, color=part.colour)
    for bar, cut in zip(below, is_partial, strict=True):
        if cut:
            bar.set(hatch=PARTIAL, edgecolor="white", linewidth=0)
    if lines is not None:
        over = [max(peak - lines, 0) for peak in part.values]
        ax.bar(spots, over, wide, lines, color=RED, hatch="///", edgecolor="white", linewidth=0)


def _lines(report: Any) -> int | None:
    """Return the purchased lines among the parameters of the report's definitions."""
    given = (definition.parameters.get("lines") for definition in report.definitions)
    return next((int(lines) for lines in given if lines is not None), None)


COLOURS = (BLUE, ORANGE, GREEN, SKY, "#CC79A7")
"""Of the groups with the most; more than these nobody tells apart. All others together are grey."""

PARTIAL = "xx"
"""Hatching of a period that is not whole: that of a gap, for that is what it may be."""

HATCHED = Text("网纹：时段不完整", "hatched: not a whole period")
_OTHERS = Text("其他 {n} 组", "{n} other groups")
_OF_OTHERS = Text("其他 {n} 组中最大", "the largest of {n} other groups")
_SHOWN = Text("显示最大的 {n} / {all} 组", "the largest {n} of {all} groups shown")
_LONGEST = 32


class Layer(NamedTuple):
    """One group: what it is called, its colour, and its figure for each of some names."""

    label: str
    colour: str
    values: list[float]


def has_groups(data: Mapping[str, Any]) -> bool:
    """Return whether rows are of groups."""
    return "group" in data


def largest(
    data: Mapping[str, Sequence[Any]], figure: str, together: Callable[[float, float], float] = add
) -> list[str]:
    """Return the groups, the one with the most of a figure first: of a sum, or of what else its rows are `together`."""
    most: dict[str, float] = {}
    for group, value in zip(map(str, data["group"]), numbers(data[figure]), strict=True):
        most[group] = together(most.get(group, 0.0), value if value == value else 0.0)
    return sorted(most, key=lambda group: (-most[group], group))


def with_colours(data: Mapping[str, Sequence[Any]], figure: str) -> tuple[str, ...]:
    """Return the groups that have colours, in the order of these: those with the most of a figure, by name.

    By name, since whoever looks at two months looks for a department by its colour, and the largest changes.

    Examples
    --------
    >>> with_colours({"group": ["c", "a", "b"], "meetings": [3, 1, 2]}, "meetings")
    ('a', 'b', 'c')
    """
    return tuple(sorted(largest(data, figure)[: len(COLOURS)])) if has_groups(data) else ()


def colours(report: Any, data: Mapping[str, Sequence[Any]], figure: str, lang: Lang) -> dict[str, str]:
    """Return group → colour: as all pictures that leave together have them (`palette`), else by what is drawn."""
    given = getattr(report, "palette", ())
    words = report.definition("group").words if given else {}
    named = [words[one].in_(lang) if one in words else one for one in given] or with_colours(data, figure)
    return dict(zip(named, COLOURS, strict=False))


def layers(
    data: Mapping[str, Sequence[Any]], names: Sequence[str], key: str, figure: str, lang: Lang, *,
    of: Mapping[str, str], by: str = "",
) -> list[Layer]:  # fmt: skip
    """Return a layer for each group that has a colour and one for all others; rows without groups are one layer.

    Parameters
    ----------
    data
        Column → values.
    names
        What the bars are: values of the column `key`, in their order.
    figure
        What is drawn, a sum. What is unknown or hidden adds nothing.
    of
        Group → its colour (`colours`).
    by
        By which figure layers are sorted, the largest first; by default the same.
    """
    groups = largest(data, by or figure) if has_groups(data) else [""]
    found = _coloured(groups, of or {"": BLUE}, _OTHERS, [0.0] * len(names), lang)
    return _filled(found, data, names, key, figure, lambda sum_, value: sum_ + (value if value == value else 0.0))


def _filled(
    found: Mapping[str, Layer], data: Mapping[str, Sequence[Any]], names: Sequence[str], key: str, figure: str,
    together: Callable[[float, float], float],
) -> list[Layer]:  # fmt: skip
    """Return layers with the figures of all rows in them; what several rows, or groups, of one name are `together`."""
    place = {name: at for at, name in enumerate(names)}
    rows = map(str, data["group"]) if has_groups(data) else [""] * len(data[key])
    for group, name, value in zip(rows, map(str, data[key]), numbers(data[figure]), strict=True):
        values, at = found[group].values, place[name]
        values[at] = together(values[at], value)
    return list({id(layer): layer for layer in found.values()}.values())


def _coloured(
    groups: Sequence[str], of: Mapping[str, str], others: Text, empty: Sequence[float], lang: Lang
) -> dict[str, Layer]:
    """Return group → its layer: one each for those that have a colour, and a grey one for all others, behind them."""
    rest = [group for group in groups if group not in of]
    named = legible(rest[0], _LONGEST) if len(rest) == 1 else others.format(n=len(rest)).in_(lang)
    found = {group: Layer(legible(group, _LONGEST), of[group], [*empty]) for group in groups if group in of}
    return found | dict.fromkeys(rest, Layer(named, GREY, [*empty]))


def stack(ax: Axes, places: Sequence[float], width: Sequence[float] | float, layers: Sequence[Layer]) -> BarContainer:
    """Draw layers upon each other; return the bars that stand for the whole: those of the one layer, or unfilled ones
    over all of them.
    """
    heights = [0.0] * len(places)
    for layer in layers:
        bars = ax.bar(places, layer.values, width, heights, color=layer.colour)
        heights = [height + value for height, value in zip(heights, layer.values, strict=True)]
    return bars if len(layers) == 1 else ax.bar(places, heights, width, facecolor="none", edgecolor="none", linewidth=0)


def beside(
    data: Mapping[str, Sequence[Any]], names: Sequence[str], key: str, figure: str, lang: Lang, *, of: Mapping[str, str]
) -> list[Layer]:
    """Return a layer for each group that has a colour (`of`) and one for the largest of all others, for figures that
    do not add up; nan where a group has no row.
    """
    found = _coloured(largest(data, figure, max), of, _OF_OTHERS, [float("nan")] * len(names), lang)
    return _filled(found, data, names, key, figure, lambda most, value: float(np.fmax(most, value)))


def shown(n: int, total: int) -> list[Text]:
    """Return the sentence that says how many groups are in the picture, when not all are."""
    return [_SHOWN.format(n=n, all=total)] if n < total else []


def name_layers(ax: Axes, layers: Sequence[Layer], lang: Lang, more: Sequence[tuple[Artist, Text]] = ()) -> None:
    """Say at the right of a picture which colour is which group, and what other marks mean."""
    marks = [*(Patch(color=layer.colour) for layer in layers), *(mark for mark, _ in more)]
    labels = [*(layer.label for layer in layers), *(text.in_(lang) for _, text in more)]
    ax.legend(marks, labels, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False)


def partial_periods(data: Mapping[str, Sequence[Any]]) -> set[str]:
    """Return the periods that are cut short."""
    cut = data.get("is_partial", [None] * len(data["period"]))
    return {str(period) for period, is_cut in zip(data["period"], cut, strict=True) if is_cut is True}
