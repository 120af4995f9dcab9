"""Rows of several groups in one picture: layers of a bar where they add up, bars beside each other where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.patches import Patch

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import BLUE, GREEN, GREY, ORANGE, SKY, legible, numbers

COLOURS = (BLUE, ORANGE, GREEN, SKY, "#CC79A7")
"""Of the groups with the most, largest first; more than these nobody tells apart. All others together are grey."""

PARTIAL = "xx"
"""Hatching of a period that is not whole: that of a gap, for that is what it may be."""

HATCHED = Text("网纹：时段不完整", "hatched: not a whole period")
_OTHERS = Text("其他 {n} 组", "{n} other groups")
_SHOWN = Text("显示最大的 {n} / {all} 组", "the largest {n} of {all} groups shown")
_LONGEST = 16


class Layer(NamedTuple):
    """One group: what it is called, its colour, and its figure for each of some names."""

    label: str
    colour: str
    values: list[float]


def has_groups(data: Mapping[str, Any]) -> bool:
    """Return whether rows are of groups."""
    return "group" in data


def largest(data: Mapping[str, Sequence[Any]], figure: str) -> list[str]:
    """Return the groups, the one with the most of a figure first."""
    sums: dict[str, float] = {}
    for group, value in zip(map(str, data["group"]), numbers(data[figure]), strict=True):
        sums[group] = sums.get(group, 0.0) + (value if value == value else 0.0)
    return sorted(sums, key=lambda group: (-sums[group], group))


def layers(
    data: Mapping[str, Sequence[Any]], names: Sequence[str], key: str, figure: str, lang: Lang, *, by: str = ""
) -> list[Layer]:
    """Return a layer for each of the largest groups and one for all others; rows without groups are one layer.

    Parameters
    ----------
    data
        Column → values.
    names
        What the bars are: values of the column `key`, in their order.
    figure
        What is drawn, a sum. What is unknown or hidden adds nothing.
    by
        By which figure groups are large; by default the same.
    """
    place = {name: at for at, name in enumerate(names)}
    groups = largest(data, by or figure) if has_groups(data) else [""]
    named = groups if len(groups) <= len(COLOURS) + 1 else groups[: len(COLOURS)]
    found = {group: Layer(legible(group, _LONGEST), colour, [0.0] * len(names)) for group, colour in zip(named, (*COLOURS, GREY), strict=False)}  # fmt: skip
    if len(named) < len(groups):
        others = Layer(_OTHERS.format(n=len(groups) - len(named)).in_(lang), GREY, [0.0] * len(names))
        found |= dict.fromkeys(groups[len(named) :], others)
    rows = map(str, data["group"]) if has_groups(data) else [""] * len(data[key])
    for group, name, value in zip(rows, map(str, data[key]), numbers(data[figure]), strict=True):
        found[group].values[place[name]] += value if value == value else 0.0
    return list({id(layer): layer for layer in found.values()}.values())


def stack(ax: Axes, places: Sequence[float], width: Sequence[float] | float, layers: Sequence[Layer]) -> BarContainer:
    """Draw layers upon each other; return the bars that stand for the whole: those of the one layer, or unfilled ones over all of them."""
    heights = [0.0] * len(places)
    for layer in layers:
        bars = ax.bar(places, layer.values, width, heights, color=layer.colour)
        heights = [height + value for height, value in zip(heights, layer.values, strict=True)]
    return bars if len(layers) == 1 else ax.bar(places, heights, width, facecolor="none", edgecolor="none", linewidth=0)


def beside(data: Mapping[str, Sequence[Any]], names: Sequence[str], key: str, figure: str) -> tuple[list[Layer], int]:
    """Return the largest groups, for figures that do not add up, and how many there are in all; nan where a group has no row."""
    groups = sorted(set(map(str, data["group"])))
    most = dict.fromkeys(groups, 0.0)
    for group, value in zip(map(str, data["group"]), numbers(data[figure]), strict=True):
        most[group] = max(most[group], value if value == value else 0.0)
    named = sorted(groups, key=lambda group: (-most[group], group))[: len(COLOURS)]
    place = {name: at for at, name in enumerate(names)}
    found = {group: Layer(legible(group, _LONGEST), colour, [float("nan")] * len(names)) for group, colour in zip(named, COLOURS, strict=False)}  # fmt: skip
    for group, name, value in zip(map(str, data["group"]), map(str, data[key]), numbers(data[figure]), strict=True):
        if group in found:
            found[group].values[place[name]] = value
    return list(found.values()), len(groups)


def shown(n: int, total: int) -> list[Text]:
    """Return the sentence that says how many groups are in the picture, when not all are."""
    return [_SHOWN.format(n=n, all=total)] if n < total else []


def name_layers(ax: Axes, layers: Sequence[Layer], more: Sequence[tuple[Artist, Text]] = (), lang: Lang = "zh") -> None:
    """Say at the right of a picture which colour is which group, and what other marks mean."""
    marks = [*(Patch(color=layer.colour) for layer in layers), *(mark for mark, _ in more)]
    labels = [*(layer.label for layer in layers), *(text.in_(lang) for _, text in more)]
    ax.legend(marks, labels, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, frameon=False)


def partial_periods(data: Mapping[str, Sequence[Any]]) -> set[str]:
    """Return the periods that are cut short."""
    cut = data.get("is_partial", [None] * len(data["period"]))
    return {str(period) for period, is_cut in zip(data["period"], cut, strict=True) if is_cut is True}
