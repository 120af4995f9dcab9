"""How meetings spread over classes of size and length: one bar a class, with its count and share."""

from __future__ import annotations

from matplotlib.axes import Axes

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import (
    BACKING,
    BLUE,
    Drawable,
    drawing,
    footer,
    nothing,
    numbers,
    opened,
    picture,
    rules,
    thousands,
    title,
)


def distribution(report: Drawable, key: str, label: Text, ax: Axes | None, lang: Lang) -> Axes:
    """Draw the meetings of each class of the column `key`, in the order of the rows."""
    report, data = opened(report)
    with drawing(ax) as ax:
        title(ax, report, lang)
        meetings = numbers(data["meetings"])
        total = sum(value for value in meetings if value == value)
        if not total:
            return nothing(ax, report, lang)
        bars = ax.bar(range(len(meetings)), meetings, 0.72, color=BLUE)
        ax.bar_label(
            bars,
            [f"{value:,.0f}\n{100 * value / total:.1f} %" for value in meetings],
            padding=3,
            fontsize=9,
            color="#444444",
            bbox=BACKING,
        )
        ax.set_xticks(range(len(meetings)), [str(name) for name in data[key]])
        ax.set_xlim(-0.7, len(meetings) - 0.3)
        ax.set_ylim(0, 1.16 * max(meetings))
        ax.set_xlabel(label.in_(lang))
        ax.set_ylabel(Text("会议数", "meetings").in_(lang))
        rules(ax)
        thousands(ax)
        footer(ax, report, lang)
        return ax


@picture()
def durations(report: Drawable, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
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


@picture()
def sizes(report: Drawable, ax: Axes | None = None, *, lang: Lang = "zh") -> Axes:
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
