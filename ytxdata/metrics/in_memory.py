"""What is counted in memory, and on what: on Polars where it is there, else on pandas, whatever is stored on DuckDB."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import pyarrow as pa

from ytxdata import _PROCESS
from ytxdata.errors import packages_of
from ytxdata.metrics.ids import ACCOUNT
from ytxdata.records.schema import to_pandas, to_polars
from ytxdata.tables.described import to_arrow

KEY = "meeting_key"
"""The column by which legs are tied to the very meeting they came with, as archives, histories and exports have it;
where a frame lacks it, the meeting's id and time must do.
"""

FEW = 200_000
"""Up to so many stored rows an archive is counted in memory: DuckDB takes longer to bind the steps of a report than to
run them (0.3 s against 0.1 s at 8,000 rows), and is the quicker one from about half a million; and it is the lighter
one by far.
"""

_READ = (
    ACCOUNT, KEY, "meeting_id", "pull_id", "creator", "name", "started_at", "ended_at", "n_legs", "display_number",
    "leg", "number", "joined_at", "left_at",
)  # fmt: skip
"""The columns that reports are made of."""


def lighter(scans: Sequence[Any]) -> tuple[Any, ...]:
    """Return meetings and legs that nobody has read yet as what they are counted on with less work: in memory where few
    rows are stored, else by the engine that reads them.
    """
    stored = [getattr(one, "n_stored", None) for one in scans]
    is_few = all(n is not None and n <= FEW for n in stored)
    return in_memory(read(scans)) if is_few else tuple(scans)


def read(scans: Sequence[Any]) -> Iterator[pa.Table]:
    """Yield the columns of some views that reports are made of."""
    return (to_arrow(one.select(*(name for name in _READ if name in one.columns))) for one in scans)


def in_memory(tables: Iterable[pa.Table]) -> tuple[Any, ...]:
    """Return tables as frames of Polars where it is there, of pandas else, on which a report on little data takes two
    and a half times as long: its seventy steps cost more than the rows.
    """
    # in a process that was forked it may be asleep for ever (see `records.schema.forked`)
    return tuple(map(to_polars if os.getpid() == _PROCESS and _has_polars() else to_pandas, tables))


@cache
def _has_polars() -> bool:
    """Return whether there is a Polars of those that the extra names, and not one that serves something else."""
    wanted = packages_of("polars").get("polars", "")
    least, below = (re.findall(rf"{sign}([\d.]+)", wanted) for sign in (">=", "<"))
    try:
        import polars as pl
    except ImportError:
        return False
    found = _numbers(pl.__version__)
    return all(_numbers(one) <= found for one in least) and all(found < _numbers(one) for one in below)


def _numbers(version: str) -> list[int]:
    return [int(one) for one in re.findall(r"\d+", version)]
