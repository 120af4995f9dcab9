"""How complete the data is, period by period."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import (
    GREEN,
    ORANGE,
    RED,
    dates,
    day_number,
    drawing,
    footer,
    legend,
    nothing,
    opened,
    picture,
    title,
)
from ytxdata.templates import VERDICTS

LOOKS = {"PROVEN": (GREEN, ""), "PROBABLE": (ORANGE, "//"), "GAP": (RED, "xx")}
"""Verdict → colour and hatching, so that it can be told without colour."""


@picture(height=1.5)
def coverage(source: Any, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
    """Draw the verdicts on a time line.

    Parameters
    ----------
    source
        A certificate, or a table, with the columns `start`, `end` and `verdict`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`.
    """
    source, data = opened(source)
    said = source if hasattr(source, "title") else _Certified(source)
    with drawing(ax, (9.6, 2.7)) as ax:
        title(ax, said, lang)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        if not data["start"]:
            return nothing(ax, said, lang)
        for start, end, verdict in zip(data["start"], data["end"], data["verdict"], strict=True):
            left, right = day_number(start), day_number(end)
            colour, hatch = LOOKS[verdict]
            ax.barh(0, right - left, 1, left, color=colour, hatch=hatch, edgecolor="white", linewidth=1)
        ax.set_ylim(-0.6, 0.6)
        ax.set_xlim(day_number(min(data["start"])), day_number(max(data["end"])))
        dates(ax, min(data["start"]), max(data["end"]))
        present = [verdict for verdict in LOOKS if verdict in data["verdict"]]
        patches = [
            Patch(facecolor=LOOKS[verdict][0], hatch=LOOKS[verdict][1], edgecolor="white") for verdict in present
        ]
        legend(ax, patches, [Text(*(f"{verdict} {word}" for word in VERDICTS[verdict])) for verdict in present], lang)
        footer(ax, said, lang)
        return ax


class _Certified:
    """A certificate, seen as a table about itself."""

    title = Text("数据完整性", "Completeness of the data")

    def __init__(self, certificate: Any) -> None:
        self.certificate = certificate
