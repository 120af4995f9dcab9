"""How large meetings are."""

from __future__ import annotations

from matplotlib.axes import Axes

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import Described
from ytxdata.plots.distribution import distribution


def sizes(report: Described, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
    """Draw how many meetings there are of each size.

    Parameters
    ----------
    report
        Needs the columns `size_bucket` and `meetings`.
    ax
        Where to draw; by default on a figure of its own.
    lang
        `zh` or `en`.
    """
    return distribution(
        report, "size_bucket", Text("人数（含未显示号码者）", "people, withheld numbers included"), ax, lang
    )
