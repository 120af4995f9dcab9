"""A newest head as somebody leaves it who knows how heads are sealed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from ytxdata.archive import Archive
from ytxdata.archive.heads import write_head
from ytxdata.archive.known_meetings import evidence_of, plain_periods
from ytxdata.history.proof.certificate import certify
from ytxdata.history.proof.policy import DEFAULT_POLICY
from ytxdata.history.proof.reading import patient


def rewritten(archive: Archive, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change what the newest head claims and all that follows from it, and seal it again."""
    snapshot = archive.snapshot()
    assert snapshot is not None
    state = json.loads(json.dumps(snapshot.head.state))
    change(state)
    if "evidence" in state:
        evidence = evidence_of(state)
        state["periods"] = plain_periods(certify(evidence, patient(DEFAULT_POLICY, evidence)))
    write_head(archive.path, dataclasses.replace(snapshot.head, state=state), snapshot.listed)
