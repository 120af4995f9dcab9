"""A described table as plain JSON values, for programs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ytxdata.tables.described import Described
from ytxdata.tables.masking import masked
from ytxdata.tables.plain import decimal_text


def rows(table: Described, *, show_phones: bool = False) -> list[dict[str, Any]]:
    """Return the rows as JSON values: instants in ISO 8601 with their offset, decimals as text, unknown as null.

    Examples
    --------
    >>> import pandas as pd
    >>> from ytxdata.labels import Text
    >>> from ytxdata.tables.table import Table
    >>> frame = pd.DataFrame({"meetings": [2], "started_at": pd.to_datetime(["2026-01-05T01:00Z"])})
    >>> rows(Table(frame=frame, name="usage", title=Text("用量", "usage")))
    [{'meetings': 2, 'started_at': '2026-01-05T09:00:00+08:00'}]
    """
    return [
        {name: _plain(value) for name, value in row.items()}
        for row in masked(table, show_phones=show_phones).arrow.to_pylist()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return decimal_text(value) if isinstance(value, Decimal) else value
