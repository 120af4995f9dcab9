"""What analysts count: one definition each, on every engine, explained down to the record."""

from ytxdata.metrics.concurrency import concurrency
from ytxdata.metrics.definitions import DEFINITIONS
from ytxdata.metrics.frames import Frames
from ytxdata.metrics.heatmap import heatmap
from ytxdata.metrics.report import Report
from ytxdata.metrics.usage import usage

__all__ = ["DEFINITIONS", "Frames", "Report", "concurrency", "heatmap", "usage"]
