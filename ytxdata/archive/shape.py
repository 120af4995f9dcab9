"""How the shape of an account's records changes from one sync to the next."""

from __future__ import annotations

from ytxdata.archive.intake import Intake
from ytxdata.archive.store import Snapshot
from ytxdata.labels import Text


def drift_since(before: Snapshot | None, intake: Intake) -> tuple[Text, ...]:
    """Return how the records of this sync differ in shape from those of the syncs before."""
    return ()
