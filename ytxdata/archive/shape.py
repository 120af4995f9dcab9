"""How the shape of an account's records differs from what came before: a field that is new, vanished or retyped."""

from __future__ import annotations

import numpy as np

from ytxdata.archive.answers import raw_records
from ytxdata.archive.intake import Intake
from ytxdata.archive.store import Snapshot
from ytxdata.labels import Text
from ytxdata.records.profile import drift, profile

SAMPLE = 64
"""Records compared on either side: enough to miss no common field, few enough to cost next to nothing."""


def drift_since(before: Snapshot | None, intake: Intake) -> tuple[Text, ...]:
    """Return how the new records of a sync differ in shape from the newest ones of the syncs before."""
    fresh = [record.raw for record in intake.fresh[:SAMPLE]]
    if before is None or not fresh:
        return ()
    last = before.head.counts["observations"]
    known = raw_records(before, np.arange(max(0, last - SAMPLE), last))
    changes = drift(profile(list(known.values()), intake.aliases), profile(fresh, intake.aliases))
    return tuple(change.text for change in changes)
