"""What analysts count: one definition each, on every engine, explained down to the record."""

from ytxdata.metrics.classes import durations, sizes
from ytxdata.metrics.concentration import concentration
from ytxdata.metrics.concurrency import concurrency
from ytxdata.metrics.definitions import DEFINITIONS
from ytxdata.metrics.frames import Frames
from ytxdata.metrics.heatmap import heatmap
from ytxdata.metrics.people import creators, people, presence
from ytxdata.metrics.report import Report
from ytxdata.metrics.usage import usage

__all__ = [
    "DEFINITIONS",
    "Frames",
    "Report",
    "concentration",
    "concurrency",
    "creators",
    "durations",
    "heatmap",
    "people",
    "presence",
    "sizes",
    "usage",
]
