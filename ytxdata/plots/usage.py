"""Usage over time: meetings above, hours below."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import (
    BLUE,
    ORANGE,
    QUIET,
    Drawable,
    drawing,
    families,
    footer,
    nothing,
    numbers,
    opened,
    picture,
    rules,
    thousands,
    title,
)
from ytxdata.plots.time_axis import place

_MEETINGS, _HOURS = Text("会议数", "meetings"), Text("会议时长（小时）", "meeting hours")


@picture(height=4.6)
def usage(report: Drawable, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
    """Draw meetings and meeting hours of each period as bars, one above the other: two scales in one picture would suggest what is not there.

    Parameters
    ----------
    report
        Needs the columns `period` (`2026-03-05`, `2026-03` or `total`), `meetings`, `meeting_minutes`; rows of one
        period (its groups) are added up.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`.
    """
    report, data = opened(report)
    with drawing(ax) as ax:
        title(ax, report, lang)
        if not data["period"]:
            return nothing(ax, report, lang)
        periods = list(dict.fromkeys(map(str, data["period"])))
        partial = {
            str(one)
            for one, cut in zip(data["period"], data.get("is_partial", data["period"]), strict=True)
            if cut is True
        }
        meetings = _summed(periods, data, "meetings")
        hours = [value / 60 for value in _summed(periods, data, "meeting_minutes")]
        ax.set_axis_off()
        panels = ((0.52, meetings, _MEETINGS, BLUE), (0.0, hours, _HOURS, ORANGE))
        for bottom, values, label, colour in panels:
            panel = ax.inset_axes((0, bottom, 1, 0.40))  # its name, and above both the period, stand in what is left
            panel.spines[["top", "right"]].set_visible(False)
            panel.set_axisbelow(True)
            middles, widths = place(panel, periods, lang)
            bars = panel.bar(middles, values, [0.78 * width for width in widths], color=colour)
            for period, bar in zip(periods, bars, strict=True):
                bar.set_gid(f"bar-{period}" if label is _MEETINGS else None)
                if period in partial:
                    bar.set(hatch="///", edgecolor="white")
            rules(panel)
            thousands(panel)
            panel.set_ylim(bottom=0)
            panel.set_title(label.in_(lang), loc="left", fontsize=10, color=QUIET, pad=4)
            panel.tick_params(labelbottom=bottom == 0.0, length=0, labelfontfamily=[*families(), "sans-serif"])
        told = [Text("斜纹：时段不完整", "hatched: not a whole period")] if partial else []
        footer(ax, report, lang, *told)
        return ax


def _summed(periods: list[str], data: dict[str, list[Any]], column: str) -> list[float]:
    """Return a figure for each period, summed over its rows; unknown where one is."""
    sums = dict.fromkeys(periods, 0.0)
    for period, value in zip(map(str, data["period"]), numbers(data[column]), strict=True):
        sums[period] += value
    return list(sums.values())
