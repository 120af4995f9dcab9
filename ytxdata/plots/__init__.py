"""Pictures as plain matplotlib functions: each takes a report and, if you like, the axes to draw on, and returns the axes.

A new picture is a function in a file of its own under `@picture()`, called like its report, and a line here.
"""

from __future__ import annotations

from ytxdata.plots.canvas import PICTURES, picture, save
from ytxdata.plots.concurrency import concurrency
from ytxdata.plots.coverage import coverage
from ytxdata.plots.creators import creators
from ytxdata.plots.distributions import durations, sizes
from ytxdata.plots.heatmap import heatmap, network
from ytxdata.plots.presence import presence
from ytxdata.plots.usage import usage

__all__ = [
    "PICTURES",
    "concurrency",
    "coverage",
    "creators",
    "durations",
    "heatmap",
    "network",
    "picture",
    "presence",
    "save",
    "sizes",
    "usage",
]
