"""One way from a frame of any engine to rows that can be written."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pyarrow as pa


def to_arrow(frame: Any) -> pa.Table:
    """Return the rows of a frame as a PyArrow table; a lazy frame is computed.

    Examples
    --------
    >>> import pandas as pd
    >>> to_arrow(pd.DataFrame({"meetings": [1, 2]})).column_names
    ['meetings']
    """
    if isinstance(frame, pa.Table):
        return frame
    wrapped = nw.from_native(frame)
    eager = wrapped.collect("pyarrow") if isinstance(wrapped, nw.LazyFrame) else wrapped
    return eager.to_arrow()
