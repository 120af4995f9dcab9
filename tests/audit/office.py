"""A small office whose meetings a test writes down in one line each, and a planted company in an archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ytxdata import Archive, Client, Frames, audit, times
from ytxdata.emulator import Emulator
from ytxdata.times import BEIJING

NOW = "2026-03-04"
ANNA, BORIS, CARLA, DMITRI = (f"1390000000{digit}" for digit in (1, 3, 5, 7))
"""Numbers that do not stand in a row."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@dataclass
class Office:
    """Meetings and legs as a test writes them down."""

    meetings: list[dict[str, Any]] = field(default_factory=list)
    legs: list[dict[str, Any]] = field(default_factory=list)

    def meet(
        self,
        meeting_id: str,
        start: str = "2026-03-03 10:00",
        lasts: float | None = 1800,
        people: Sequence[str] = (ANNA, BORIS),
        *,
        creator: str | None = None,
        legs: Sequence[tuple[str | None, float | None, float | None]] | None = None,
        duration: float | None = None,
        amount: str | None = None,
    ) -> Office:
        """One meeting; `legs` are (phone, seconds after the start at which it joined, and left)."""
        begins = at(start)
        joins = [(phone, 0.0, lasts) for phone in people] if legs is None else list(legs)
        self.meetings.append(
            {
                "meeting_id": meeting_id,
                "creator": creator or (people[0] if people else None),
                "started_at": begins,
                "ended_at": None if lasts is None else begins + timedelta(seconds=lasts),
                "duration_s": lasts if duration is None else duration,
                "amount_yuan": None if amount is None else Decimal(amount),
                "n_legs": len(joins),
            }
        )
        for place, (phone, joined, left) in enumerate(joins, start=1):
            self.legs.append(
                {
                    "meeting_id": meeting_id,
                    "leg": place,
                    "phone": phone,
                    "joined_at": None if joined is None else begins + timedelta(seconds=joined),
                    "left_at": None if left is None else begins + timedelta(seconds=left),
                }
            )
        return self

    @property
    def frames(self) -> Frames:
        instants = "datetime64[us, Asia/Shanghai]"
        meetings = pd.DataFrame(
            self.meetings,
            columns=["meeting_id", "creator", "started_at", "ended_at", "duration_s", "amount_yuan", "n_legs"],
        )
        legs = pd.DataFrame(self.legs, columns=["meeting_id", "leg", "phone", "joined_at", "left_at"])
        text = dict.fromkeys(("meeting_id", "creator"), "string")
        return Frames(
            meetings.astype(
                {**text, "started_at": instants, "ended_at": instants, "duration_s": "Int64", "n_legs": "Int64"}
            ),
            legs.astype(
                {"meeting_id": "string", "phone": "string", "leg": "Int64", "joined_at": instants, "left_at": instants}
            ),
        )


Rows = list[dict[str, Any]]
Finder = Callable[..., Rows]


@dataclass
class Story:
    """A planted company and the archive it was synced into: once, and again two hours later."""

    archive: Archive
    truth: dict[str, Any]

    @property
    def roster(self) -> pd.DataFrame:
        return pd.DataFrame(self.truth["roster"])

    @property
    def invoice(self) -> pd.DataFrame:
        return pd.DataFrame(self.truth["invoice"])

    def few(self, **options: Any) -> audit.Findings:
        """Run some quick checks."""
        return self.audit(
            **({"checks": ["duplicate_exact", "over_long", "burst", "unknown_number"], "invoice": None} | options)
        )

    def audit(self, **options: Any) -> audit.Findings:
        return audit.run(self.archive, **({"roster": self.roster, "invoice": self.invoice} | options))


def tell(seed: int, folder: Path, *, meetings: int = 500, until: str = NOW, planted: bool = True) -> Story:
    """Sync a company with its clock in place of the machine's."""
    with (
        Emulator(meetings=meetings, seed=seed, until=until, planted=planted, clock="company") as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(times, "now", lambda: datetime.fromtimestamp(server.now, UTC))
        archive = Archive(folder / f"company-{seed}.archive")
        client = Client(base_url=server.url, **server.credentials)
        archive.sync(client)
        server.advance(hours=2)
        archive.sync(client)
        return Story(archive, server.truth())
