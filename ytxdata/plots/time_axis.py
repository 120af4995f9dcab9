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
    placed = spans(periods)
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


def spans(periods: Sequence[str]) -> list[Span] | None:
    """Return the first and the last instant of each period; None when one is no date."""
    try:
        starts = [datetime.strptime(period, "%Y-%m" if len(period) == 7 else "%Y-%m-%d") for period in periods]  # noqa: DTZ007  wall time
    except ValueError:
        return None
    if all(len(period) == 7 for period in periods):
        return [(start, start + timedelta(days=calendar.monthrange(start.year, start.month)[1])) for start in starts]
    weekly = len(starts) > 1 and all(start.weekday() == 0 for start in starts)
    return [(start, start + timedelta(days=7 if weekly else 1)) for start in starts]


def _evenly(periods: Sequence[str], middles: Sequence[float]) -> list[float]:
    """Return where periods would stand if all months were of one length, so that every second or third one is labelled."""
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
