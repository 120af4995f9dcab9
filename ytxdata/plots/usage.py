"""Usage over time: meetings as bars, hours as a line."""

from __future__ import annotations

from matplotlib.axes import Axes

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import (
    BLUE,
    ORANGE,
    Drawable,
    drawing,
    footer,
    legend,
    nothing,
    numbers,
    opened,
    picture,
    rules,
    thousands,
    title,
)
from ytxdata.plots.time_axis import broken, place

_MEETINGS, _HOURS = Text("会议数", "meetings"), Text("会议时长（小时）", "meeting hours")
_DARK_ORANGE = "#8F6300"


@picture()
def usage(report: Drawable, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
    """Draw meetings (bars) and meeting hours (line, right axis) of each period.

    Parameters
    ----------
    report
        Needs the columns `period` (`2026-03-05`, `2026-03` or `total`), `meetings`, `meeting_minutes`.
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
        hours = ax.twinx()
        middles, widths = place(ax, [str(period) for period in data["period"]], lang)
        bars = ax.bar(middles, numbers(data["meetings"]), [0.78 * width for width in widths], color=BLUE)
        minutes = [value / 60 for value in numbers(data["meeting_minutes"])]
        (line,) = hours.plot(
            *broken(middles, widths, minutes),
            color=ORANGE,
            linewidth=2,
            marker="o",
            markersize=4 if len(middles) <= 40 else 2,  # as wide as the line: one period alone is seen too
        )
        rules(ax)
        for axes, label, colour in ((ax, _MEETINGS, BLUE), (hours, _HOURS, _DARK_ORANGE)):
            thousands(axes)
            axes.set_ylim(bottom=0)
            axes.set_ylabel(label.in_(lang), color=colour)
            axes.tick_params(axis="y", colors=colour)
        legend(ax, [bars[0], line], [_MEETINGS, _HOURS], lang)
        footer(ax, report, lang)
        return ax
