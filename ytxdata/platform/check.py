"""One finding of the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ytxdata.labels import Text

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One finding: what was looked at, how it stands, what that means, what to do, and the exit code it asks for."""

    key: Literal["settings", "address", "connection", "call", "clock", "application"]
    state: State
    text: Text
    remedy: Text | None = None
    exit_code: int = 0
