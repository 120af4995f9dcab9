"""When each observation was last seen, from the envelopes of the pulls."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.raw_answers import Envelope
from ytxdata.archive.storage.snapshot import Snapshot, batches

INSTANT = pa.timestamp("us", tz="UTC")


def last_seen(snapshot: Snapshot, as_of: datetime | None = None) -> pa.Table:
    """Return `obs` and `last_seen_at` of every observation; null when it was not seen up to `as_of`."""
    seen = np.full(snapshot.head.counts["observations"], np.iinfo(np.int64).min)
    for pulls in batches(snapshot, "pulls", ("asked_at", "form", "numbers")):
        if as_of is not None:
            pulls = pulls.filter(pc.less_equal(pulls["asked_at"], pa.scalar(as_of, INSTANT)))
        instants = pulls["asked_at"].cast(pa.int64()).to_pylist()
        for instant, form, numbers in zip(
            instants, pulls["form"].to_pylist(), pulls["numbers"].to_pylist(), strict=True
        ):
            places = Envelope.from_cells(form, b"", numbers).numbers
            seen[places] = np.maximum(seen[places], instant)
    known = pa.array(seen, pa.int64(), mask=seen == np.iinfo(np.int64).min)
    return pa.table({"obs": pa.array(np.arange(len(seen))), "last_seen_at": known.cast(INSTANT)})
