"""The chain of pulls: each names the hash of the one before it, so none can be changed or taken out unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ytxdata.records.schema import PULLS

COLUMNS = tuple(column.name for column in PULLS)


def pull_sha256(row: Mapping[str, Any]) -> str:
    """Return the hash of a pull's row, `previous_sha256` included.

    The hashed text is JSON of the columns of `pulls`: keys sorted, no blanks, UTF-8, instants in UTC as ISO 8601
    with microseconds. The raw answer is covered through its own `sha256`.

    Examples
    --------
    >>> pull_sha256({name: None for name in COLUMNS})[:16]
    'b22a3e1100225e13'
    """
    cells = {name: _plain(row[name]) for name in COLUMNS}
    return hashlib.sha256(
        json.dumps(cells, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
