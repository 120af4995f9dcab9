"""Where the periods of a report lie on the x axis: at their dates, or side by side."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import datetime, timedelta

from matplotlib.axes import Axes

from ytxdata.labels import Lang, Text
from ytxdata.plots.canvas import day_number, inches

_TOTAL = Text("合计", "total")
_LETTER, _SPACE = 0.075, 0.15  # inches

Span = tuple[datetime, datetime]


def place(ax: Axes, periods: Sequence[str], lang: Lang) -> tuple[list[float], list[float]]:
    """Set up the x axis for some periods (`2026-03-05`, `2026-03`, `total`); return the middle and the width of each.

    Periods that are dates stand where they are in time, so that one without meetings shows as a hole.
    """
    spans = _spans(periods)
    if spans is None:
        ax.set_xticks(range(len(periods)), [_TOTAL.in_(lang) if period == "total" else period for period in periods])
        ax.set_xlim(-2, len(periods) + 1)
        return [float(position) for position in range(len(periods))], [1.0] * len(periods)
    lefts = [day_number(start) for start, _ in spans]
    widths = [(end - start) / timedelta(days=1) for start, end in spans]
    middles = [left + width / 2 for left, width in zip(lefts, widths, strict=True)]
    labels = max(1, int(inches(ax) / (_LETTER * len(periods[0]) + _SPACE)))
    told = _apart(middles, (middles[-1] - middles[0]) / labels)
    ax.set_xticks([middles[position] for position in told], [periods[position] for position in told])
    room = max(0.6 * widths[0], 3 * widths[0] - sum(widths)) / 2
    ax.set_xlim(lefts[0] - room, lefts[-1] + widths[-1] + room)
    return middles, widths


def _spans(periods: Sequence[str]) -> list[Span] | None:
    """Return the first and the last instant of each period; None when one is no date."""
    try:
        starts = [datetime.strptime(period, "%Y-%m" if len(period) == 7 else "%Y-%m-%d") for period in periods]  # noqa: DTZ007  wall time
    except ValueError:
        return None
    if all(len(period) == 7 for period in periods):
        return [(start, start + timedelta(days=calendar.monthrange(start.year, start.month)[1])) for start in starts]
    weekly = len(starts) > 1 and all(start.weekday() == 0 for start in starts)
    return [(start, start + timedelta(days=7 if weekly else 1)) for start in starts]


def _apart(places: Sequence[float], distance: float) -> list[int]:
    """Return which places to label, so that no two are nearer than a distance."""
    told: list[int] = []
    for position, place in enumerate(places):
        if not told or place - places[told[-1]] >= distance * 0.9:  # months are not all of one length
            told.append(position)
    return told
