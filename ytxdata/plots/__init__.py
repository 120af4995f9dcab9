"""Pictures as plain matplotlib functions: each takes a report and, if you like, the axes to draw on, and returns the
axes.

A new picture is a function under `@picture()` in the file of its family, called like its report, and a line here.
"""

from __future__ import annotations

from ytxdata.plots.canvas import PICTURES, families, picture, save
from ytxdata.plots.distributions import creators, durations, heatmap, network, sizes
from ytxdata.plots.over_time import concurrency, usage
from ytxdata.plots.timelines import coverage, presence

__all__ = [
    "PICTURES",
    "concurrency",
    "coverage",
    "creators",
    "durations",
    "families",
    "heatmap",
    "network",
    "picture",
    "presence",
    "save",
    "sizes",
    "usage",
]
