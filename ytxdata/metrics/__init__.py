"""What analysts count: one definition each, on every engine, explained down to the record."""

from ytxdata.metrics.concentration import concentration
from ytxdata.metrics.concurrency import concurrency, peak_stretches
from ytxdata.metrics.cost import cost
from ytxdata.metrics.definitions import DEFINITIONS
from ytxdata.metrics.distributions import durations, sizes
from ytxdata.metrics.heatmap import heatmap
from ytxdata.metrics.lonely import lonely
from ytxdata.metrics.people import creators, people, presence
from ytxdata.metrics.products import compare_definitions
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import Frames
from ytxdata.metrics.tariff import Tariff
from ytxdata.metrics.usage import usage
from ytxdata.metrics.working_hours import working_hours

__all__ = [
    "DEFINITIONS",
    "Frames",
    "Report",
    "Tariff",
    "compare_definitions",
    "concentration",
    "concurrency",
    "cost",
    "creators",
    "durations",
    "heatmap",
    "lonely",
    "peak_stretches",
    "people",
    "presence",
    "sizes",
    "usage",
    "working_hours",
]
