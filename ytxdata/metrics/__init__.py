"""What analysts count: one definition each, on every engine, explained down to the record."""

from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import By
from ytxdata.metrics.compare import ComparedReport, compare
from ytxdata.metrics.concurrency import concurrency, peak_stretches
from ytxdata.metrics.cost import chargeback, cost
from ytxdata.metrics.definitions import DEFINITIONS
from ytxdata.metrics.distributions import durations, heatmap, sizes, working_hours
from ytxdata.metrics.network import Network, lonely, network
from ytxdata.metrics.people import concentration, creators, people, presence
from ytxdata.metrics.registry import REPORTS, register
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import Frames, ReportSource
from ytxdata.metrics.sums import minutes, percent
from ytxdata.metrics.tariff import Tariff
from ytxdata.metrics.usage import compare_definitions, usage
from ytxdata.tables.described import Definition

__all__ = [
    "DEFINITIONS",
    "REPORTS",
    "Breakdown",
    "By",
    "ComparedReport",
    "Definition",
    "Frames",
    "Network",
    "Report",
    "ReportSource",
    "Tariff",
    "Text",
    "chargeback",
    "compare",
    "compare_definitions",
    "concentration",
    "concurrency",
    "cost",
    "creators",
    "durations",
    "heatmap",
    "lonely",
    "minutes",
    "network",
    "peak_stretches",
    "people",
    "percent",
    "presence",
    "register",
    "sizes",
    "usage",
    "working_hours",
]
