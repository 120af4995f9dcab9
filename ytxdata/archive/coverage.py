"""What is claimed about each period, kept in the head and read back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from ytxdata.history.proof.certificate import Certificate, Period
from ytxdata.history.proof.evidence import Evidence
from ytxdata.history.proof.reading import Judgement
from ytxdata.history.proof.reasons import VERDICTS


def to_state(judgement: Judgement, exempt: frozenset[str]) -> dict[str, Any]:
    """Return what the next sync and every reader need of a judgement, as plain JSON values."""
    periods = judgement.certificate.periods
    return {
        "evidence": judgement.evidence.to_dict(),
        "periods": [[p.start.isoformat(), p.end.isoformat(), p.reason_key, list(p.pull_ids)] for p in periods],
        "outside": judgement.certificate.outside,
        "exempt": sorted((exempt | set(judgement.vanished)) - set(judgement.reappeared)),
    }


def evidence_of(state: Mapping[str, Any]) -> Evidence:
    """Return the evidence that completed syncs left behind."""
    return Evidence.from_dict(state["evidence"]) if state else Evidence()


def exempt_of(state: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of meetings whose absence was reported already."""
    return frozenset(state.get("exempt", ()))


def certificate_of(state: Mapping[str, Any], now: datetime) -> Certificate:
    """Return the certificate of the archive: nothing is claimed before the first completed sync, nor about the future.

    A sync whose machine had its clock ahead may have left claims about days that are still to come.
    """
    if not state:
        return Certificate()
    periods = (
        Period(datetime.fromisoformat(start), min(datetime.fromisoformat(end), now), key, tuple(pulls))
        for start, end, key, pulls in state["periods"]
    )
    return Certificate.of(periods, state["outside"])


def pull_verdicts(judgement: Judgement, pull_ids: Collection[str]) -> dict[str, str]:
    """Return what each pull proves: the best verdict that rests on it; none for a pull no period rests on."""
    best: dict[str, str] = {}
    for verdict in reversed(VERDICTS):
        for period in judgement.certificate.periods:
            if period.verdict == verdict:
                best.update((pull_id, verdict) for pull_id in period.pull_ids if pull_id in pull_ids)
    return best
