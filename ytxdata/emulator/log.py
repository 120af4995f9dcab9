"""The emulator's log: what was asked and what was answered, without a secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Asked:
    """One line of the log; holds no signature, no header and no token."""

    number: int
    at: datetime
    path: str
    content_type: str
    is_signed: bool
    confid: str | None
    count: int | None
    code: str | None
    http_status: int
    n_records: int
    n_bytes: int
    faults: tuple[str, ...]
