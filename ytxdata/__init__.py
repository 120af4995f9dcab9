"""Conference history of a telephone-meeting platform: fetched whole, kept for good, counted once, reported honestly.

Names load when first used, so that `import ytxdata` costs next to nothing.

Examples
--------
>>> import ytxdata as ytx
>>> history = ytx.sample()
>>> len(history.meetings)
1349
>>> ytx.metrics.usage(history, by="total")["legs"].tolist()
[6540]
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ytxdata.version import __version__

if TYPE_CHECKING:
    from ytxdata import audit, errors, metrics, plots
    from ytxdata.archive import Archive, SyncReport
    from ytxdata.demo import sample
    from ytxdata.errors import YtxError
    from ytxdata.fleet import Fleet
    from ytxdata.history.client import Client
    from ytxdata.history.history import History
    from ytxdata.history.proof.certificate import Certificate
    from ytxdata.history.saved_answers import read_answers
    from ytxdata.metrics.source import Frames
    from ytxdata.records.answer import Answer
    from ytxdata.records.profile import Profile, profile
    from ytxdata.tables.csv import read_csv
    from ytxdata.tables.table import Table

_PROCESS = os.getpid()
"""Who imported this first: a process that was forked of it has none of its threads (`metrics.in_memory`)."""

_HOME = {
    "Answer": "ytxdata.records.answer",
    "Archive": "ytxdata.archive",
    "Certificate": "ytxdata.history.proof.certificate",
    "Client": "ytxdata.history.client",
    "Fleet": "ytxdata.fleet",
    "Frames": "ytxdata.metrics.source",
    "History": "ytxdata.history.history",
    "Profile": "ytxdata.records.profile",
    "SyncReport": "ytxdata.archive",
    "Table": "ytxdata.tables.table",
    "YtxError": "ytxdata.errors",
    "profile": "ytxdata.records.profile",
    "read_answers": "ytxdata.history.saved_answers",
    "read_csv": "ytxdata.tables.csv",
    "sample": "ytxdata.demo",
}
_ROOMS = ("audit", "errors", "metrics", "plots")

__all__ = [
    "Answer",
    "Archive",
    "Certificate",
    "Client",
    "Fleet",
    "Frames",
    "History",
    "Profile",
    "SyncReport",
    "Table",
    "YtxError",
    "__version__",
    "audit",
    "errors",
    "metrics",
    "plots",
    "profile",
    "read_answers",
    "read_csv",
    "sample",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    elif name in _ROOMS:
        value = import_module(f"ytxdata.{name}")
    else:
        raise AttributeError(f"module 'ytxdata' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
