"""What reports are made from: a History, an Archive, or two frames of any engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ytxdata.tables.table import Completeness


@dataclass(frozen=True)
class Frames:
    """Meetings and legs as two frames of one engine: pandas, Polars, DuckDB or PySpark.

    Parameters
    ----------
    meetings
        One row per meeting: `meeting_id`, `started_at`, `ended_at`, and, when known, `creator`, `n_legs`, `pull_id`.
    legs
        One row per party of a meeting: `meeting_id`, `leg`, `joined_at`, `left_at`, and `number` (E.164) or `phone` (as given).
    certificate
        How complete the data is; every report repeats it.
    pulls
        One row per call to the platform.

    Notes
    -----
    Instants may stand in any zone; without one they are taken for Beijing wall time. Unknown is null. A leg that occurs twice
    (same `meeting_id`, same `leg`) is counted once. Of two meetings with one id, each leg belongs to the last begun by its join.

    Examples
    --------
    >>> import pandas as pd
    >>> start = pd.Timestamp("2026-03-05 09:00", tz="Asia/Shanghai")
    >>> meetings = pd.DataFrame({"meeting_id": ["1"], "started_at": [start], "ended_at": [start + pd.Timedelta("30min")]})
    >>> legs = pd.DataFrame({"meeting_id": ["1", "1"], "leg": [0, 1], "number": ["+8613900000000", None],
    ...                      "joined_at": [start, start], "left_at": [start + pd.Timedelta("20min"), None]})
    >>> from ytxdata import metrics
    >>> metrics.usage(Frames(meetings, legs)).frame[["period", "meetings", "talk_minutes", "leg_minutes"]].values.tolist()
    [['2026-03', 1, 20.0, 50.0]]
    """

    meetings: Any
    legs: Any
    certificate: Completeness | None = None
    pulls: Any = None
