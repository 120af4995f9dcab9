"""How long meetings last."""

from __future__ import annotations

from matplotlib.axes import Axes

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import Described
from ytxdata.plots.distribution import distribution


def durations(report: Described, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
    """Draw how many meetings there are of each length.

    Parameters
    ----------
    report
        Needs the columns `duration_class` [min] and `meetings`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`.
    """
    return distribution(report, "duration_class", Text("时长（分钟）", "minutes"), ax, lang)
