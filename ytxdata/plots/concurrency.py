"""How many at once, against the lines that were bought."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import (
    BLUE,
    INK,
    RED,
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
from ytxdata.plots.time_axis import place

_FEW = 92
"""With more bars than this no gap between them would be seen evenly."""


@picture()
def concurrency(report: Drawable, ax: Axes | None = None, *, lang: Lang = "zh", lines: int | None = None) -> Axes:
    """Draw the largest number of legs at once in each period, and the purchased lines; what lies above them stands out.

    Parameters
    ----------
    report
        Needs the columns `period` and `peak_legs`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`.
    lines
        Purchased lines; by default those the report was made with.
    """
    report, data = opened(report)
    lines = _lines(report) if lines is None else lines
    with drawing(ax) as ax:
        title(ax, report, lang)
        if not data["period"]:
            return nothing(ax, report, lang)
        middles, widths = place(ax, [str(period) for period in data["period"]], lang)
        wide = [width * (0.8 if len(widths) <= _FEW else 1) for width in widths]
        peaks = numbers(data["peak_legs"])
        bought = float("inf") if lines is None else lines
        ax.bar(middles, [min(peak, bought) for peak in peaks], wide, color=BLUE)
        said: list[tuple[Artist, Text]] = [(Patch(color=BLUE), Text("并发峰值", "peak at once"))]
        if lines is not None:
            over = [max(peak - lines, 0) for peak in peaks]
            ax.bar(
                middles,
                over,
                wide,
                lines,
                color=RED,
                hatch="///",
                edgecolor="white",
                linewidth=0,
            )
            mark = ax.axhline(lines, color=INK, linewidth=1.4, linestyle="--")
            said.append((Patch(facecolor=RED, hatch="///", edgecolor="white"), Text("超出线路数", "above the lines")))
            said.append((mark, Text(f"已购线路 {lines:,}", f"purchased lines {lines:,}")))
        highest = max([peak for peak in peaks if peak == peak] + [lines or 0, 1])
        ax.set_ylim(0, 1.08 * highest)
        ax.set_ylabel(Text("同时在线接入数", "legs at once").in_(lang))
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        rules(ax)
        thousands(ax)
        legend(ax, [mark for mark, _ in said], [text for _, text in said], lang)
        footer(ax, report, lang)
        return ax


def _lines(report: Any) -> int | None:
    """Return the purchased lines among the parameters of the report's definitions."""
    given = (definition.parameters.get("lines") for definition in report.definitions)
    return next((int(lines) for lines in given if lines is not None), None)
