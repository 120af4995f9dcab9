"""Values that contradict each other: they are kept, and told."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata import times
from ytxdata.records.columns import Trouble

TOLERANCE_S = 2
"""How far a duration may be from end − start before it is told [s]."""


def contradictions(arrays: Mapping[str, pa.Array], start: str, end: str) -> list[Trouble]:
    """Return where the end is before the start, or the duration is not end − start (within 2 s)."""
    starts, ends, durations = arrays[start], arrays[end], arrays["duration_s"]
    span_us = pc.subtract(ends.cast(pa.int64()), starts.cast(pa.int64()))
    is_early = pc.less(span_us, 0)
    off_us = pc.abs(pc.subtract(pc.multiply(durations, 1_000_000), span_us))
    is_off = pc.and_(pc.greater(off_us, TOLERANCE_S * 1_000_000), pc.invert(is_early))
    return [
        *(Trouble(i, end, "end_before_start", times.beijing_text(ends[i].as_py())) for i in _where(is_early)),
        *(Trouble(i, "duration_s", "duration_mismatch", str(durations[i].as_py())) for i in _where(is_off)),
    ]


def _where(mask: pa.Array) -> list[int]:
    indices: list[int] = pc.indices_nonzero(mask).to_pylist()
    return indices
