"""Invoices as tables: a line each."""

from __future__ import annotations

from datetime import datetime

import pandas as pd


def invoice(*lines: tuple[str, int | None, str | None]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["meeting_id", "duration_s", "amount_yuan"]).astype({"duration_s": "Int64"})


def dated(*lines: tuple[str, datetime | str], yuan: str = "1.20") -> pd.DataFrame:
    rows = [(key, 600, yuan, f"{begun}") for key, begun in lines]
    return pd.DataFrame(rows, columns=["meeting_id", "duration_s", "amount_yuan", "started_at"])
